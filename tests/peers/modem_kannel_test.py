# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Kannel (`smsc = at`) takes fallgate-modem for a phone: sends, gets its reports, receives, and goes on after an unplug."""
import http.server
import re
import threading
import urllib.parse
import urllib.request

import pytest

from gateway import wait_for
from kannel import Kannel, program
from modem import SENDER, Modem

pytestmark = pytest.mark.skipif(not program("bearerbox"), reason="kannel is not installed")

TEXT = "(Not encrypted) " + "Привет, мир! " * 10 + "😀"
ANSWER = "Снег идёт. " * 5 + "😀"
INIT = "AT+CNMI=1,2,0,1,0;+CMEE=1"
UNPLUGGED = r"Couldnot write to device|System error 5: Input/output|Couldn't connect|open failed|System error 2: No such file|re-?open"


class Callbacks:
    """What Kannel says of its messages, and those that it received."""

    def __init__(self, port):
        heard = self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            """Keeps each path and its words."""

            def do_GET(self):  # pylint: disable=invalid-name
                parts = urllib.parse.urlparse(self.path)
                words = urllib.parse.parse_qs(parts.query, encoding="latin-1")
                heard.append((parts.path, {name: values[0] for name, values in words.items()}))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, path, count=1, seconds=60):
        """The words of what was asked for under that path."""
        def found():
            return [words for name, words in self.heard if name == path]
        assert wait_for(lambda: len(found()) >= count, seconds), self.heard
        return found()


def send(kannel, text, to="+12025550144"):
    path = kannel.path(urllib.parse.quote(to), urllib.parse.quote(text), coding=2, charset="UTF-8")
    with urllib.request.urlopen(f"http://127.0.0.1:{kannel.ports['http']}{path}", timeout=10) as answer:
        assert answer.status == 202


def ucs2(words):
    """Kannel gives the octets of UCS-2."""
    return words["text"].encode("latin-1").decode("utf-16-be")


def complaints(kannel, besides=r"^$"):
    lines = kannel.log().splitlines()
    return [line for line in lines if re.search(r"WARNING|ERROR|PANIC", line) and not re.search(besides, line)]


def test_kannel_sends_receives_and_is_told():
    with Modem() as modem, Kannel(0, receipts="internal", modem=(modem.link, INIT)) as kannel, Callbacks(kannel.ports["callback"]) as callbacks:
        send(kannel, TEXT)
        sent = modem.wait("sent")[0]
        assert (sent["text"], sent["parts"], sent["destination"], sent["report"]) == (TEXT, 3, "+12025550144", True)
        assert callbacks.wait("/dlr")[0] == {"t": "1"}
        modem.ctl("receive", SENDER, ANSWER)
        received = callbacks.wait("/mo")[0]
        assert (received["from"], ucs2(received)) == (SENDER, ANSWER)
        assert complaints(kannel) == []
        counters = modem.counters()
        assert (counters["cms"], counters["unknown"], counters["waiting"]) == ({}, 0, 0)


def test_kannel_goes_on_after_an_unplug():
    with Modem() as modem, Kannel(0, receipts="internal", modem=(modem.link, INIT)) as kannel, Callbacks(kannel.ports["callback"]) as callbacks:
        modem.ctl("unplug")
        assert wait_for(lambda: complaints(kannel), 60), "it did not notice"
        modem.ctl("receive", SENDER, "meanwhile")
        modem.ctl("plug")
        assert callbacks.wait("/mo", seconds=90)[0]["text"] == "meanwhile"
        send(kannel, TEXT)
        modem.wait("sent")
        callbacks.wait("/dlr")
        assert complaints(kannel, UNPLUGGED) == []
