# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgate-smsc, the whole program, against npm smpp as an application, and its capture against tshark.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR and FG_SRCDIR name the trees.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRCDIR = pathlib.Path(os.environ.get("FG_SRCDIR", ROOT))
BUILDDIR = pathlib.Path(os.environ.get("FG_BUILDDIR", ROOT / "build"))
PROGRAM = BUILDDIR / "emulators/smsc/fallgate-smsc"
PHONE = "4915112345600"


class Smsc:
    """A running emulator with a virtual clock and a control socket."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = os.path.join(self.folder.name, "smsc.sock")
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--clock", "virtual", "--control", self.socket, "--seed", "171", "--json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        self.port = int(re.search(r"listening on [^ ]*:(\d+)", said)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()

    def ctl(self, *words):
        done = subprocess.run([PROGRAM, "ctl", self.socket, *words], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def counters(self):
        return json.loads(self.ctl("counters", "--json"))

    def mo(self, *words):
        subprocess.run([PROGRAM, "mo", *words], check=True, timeout=30, env={**os.environ, "FALLGATE_SMSC_CONTROL": self.socket})


class App:
    """npm smpp, bound."""

    def __init__(self, smsc, bind="bind_transceiver", scheme="smpp", ca=None):
        self.process = subprocess.Popen(
            [os.environ.get("NODE", "node"), "smpp_client.mjs", f"{scheme}://127.0.0.1:{smsc.port}", bind, *([ca] if ca else [])],
            cwd=SRCDIR / "tests" / "peers", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.first = self.event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def event(self):
        return json.loads(self.process.stdout.readline())

    def send(self, command, **fields):
        self.process.stdin.write(json.dumps([command, fields]) + "\n")
        self.process.stdin.flush()

    def ask(self, command, **fields):
        self.send(command, **fields)
        return self.event()

    def submit(self, text, to=PHONE):
        return self.ask("submit_sm", source_addr="100", destination_addr=to, registered_delivery=1, short_message=text)


def test_a_receipt_of_an_hour_comes_when_the_clock_is_moved():
    with Smsc("--receipt-delay", "1h", "--id-format", "hex", "--receipt-id", "dec", "--id-digits", "6") as smsc, App(smsc) as app:
        assert app.first["event"] == "bound" and app.first["status"] == 0
        assert app.submit("hello")["message_id"] == "0000AB"
        assert json.loads(smsc.process.stdout.readline())["text"] == "hello"
        smsc.ctl("advance", "59m")
        assert smsc.counters()["receipts"] == 0
        smsc.ctl("advance", "1m")
        receipt = app.event()
        assert receipt["receipted_message_id"] == "000171" and receipt["message_state"] == 2 and receipt["esm_class"] == 4
        smsc.ctl("wait", "deliver_answers", "1")
        counters = smsc.counters()
        assert (counters["submits"], counters["receipts"], counters["bound"], counters["status"]) == (1, 1, 1, {"0x00": 1})


def test_texts_and_rules_choose_outcomes():
    with Smsc() as smsc, App(smsc) as app:
        assert app.submit("!smsc 0x45;x")["status"] == 0x45
        smsc.ctl("rule", "00 0x58 times=1")
        assert app.submit("x")["status"] == 0x58
        assert app.submit("x")["status"] == 0
        app.send("submit_sm", source_addr="100", destination_addr=PHONE, short_message="!smsc ok cut;x")
        seen = [app.event()]
        while seen[-1]["event"] != "close":
            seen.append(app.event())
        assert "answer" not in [event["event"] for event in seen]
        assert smsc.counters()["cuts"] == 1


def test_phones_send_on_demand():
    with Smsc() as smsc, App(smsc, "bind_receiver") as app:
        smsc.mo("+4915100", "1234", "Hello")
        assert app.event()["text"] == "Hello"
        smsc.mo("--data-sm", "+4915100", "1234", "Привет")
        event = app.event()
        assert event["command"] == "data_sm" and event["data_coding"] == 8
        smsc.mo("+4915100", "1234", "0123456789" * 20)
        parts = [app.event(), app.event()]
        assert "".join(part["text"] for part in parts) == "0123456789" * 20
        assert [part["udh"][-4:] for part in parts] == ["0201", "0202"]


def test_messages_are_queried_and_cancelled():
    with Smsc() as smsc, App(smsc) as app:
        identity = app.submit("x")["message_id"]
        assert app.ask("query_sm", message_id=identity, source_addr="100")["message_state"] == 1
        assert app.ask("replace_sm", message_id=identity, source_addr="100", short_message="y")["status"] == 0
        assert app.ask("cancel_sm", message_id=identity, source_addr="100", destination_addr=PHONE)["status"] == 0
        smsc.ctl("advance", "1s")
        assert app.event()["message_state"] == 4


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                    "/CN=smsc.test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder


def test_tls_carries_the_same(certificate):
    tls = ("--tls-cert", certificate / "cert.pem", "--tls-key", certificate / "key.pem")
    with Smsc(*tls) as smsc, App(smsc, scheme="ssmpp", ca=certificate / "cert.pem") as app:
        assert app.first["event"] == "bound"
        assert app.submit("hello")["status"] == 0
    with Smsc(*tls, "--tls-client-ca", certificate / "cert.pem") as smsc, App(smsc, scheme="ssmpp", ca=certificate / "cert.pem") as app:
        assert app.first["event"] != "bound"
        assert smsc.counters()["binds"] == 0


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_reads_the_capture_and_finds_no_password(tmp_path):
    pcap = tmp_path / "smsc.pcap"
    with Smsc("--pcap", pcap) as smsc, App(smsc) as app:
        app.submit("hello")
        smsc.ctl("advance", "1s")
        app.event()
        smsc.ctl("wait", "deliver_answers", "1")
        smsc.ctl("stop")
        assert smsc.process.wait(10) == 0
        port = smsc.port
    shown = subprocess.run(["tshark", "-r", pcap, "-d", f"tcp.port=={port},smpp", "-o", "tcp.check_checksum:TRUE", "-o",
                            "ip.check_checksum:TRUE", "-T", "fields", "-e", "smpp.command_id", "-e", "_ws.malformed", "-e",
                            "tcp.checksum.status", "-e", "ip.checksum.status"], check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in shown.splitlines()]
    assert [row[0] for row in rows] == ["0x00000009", "0x80000009", "0x00000004", "0x80000004", "0x00000005", "0x80000005"]
    assert all(row[1:] == ["", "1", "1"] for row in rows)
    assert b"secret8" not in pcap.read_bytes() and b"hello" in pcap.read_bytes()


def raw_pdu(command, sequence, body):
    return struct.pack(">IIII", 16 + len(body), command, 0, sequence) + body


def test_octets_that_are_no_text_make_no_broken_line():
    strange = b'\x05\x00\xff\xfe"\\\x1b\xc3\x00'
    submit = b"\x00" + strange + b"\x01\x0112025550144\x00" + bytes(3) + b"\x00\x00\x00\x00\x00\x00" + b"\x02hi"
    with Smsc() as smsc, socket.create_connection(("127.0.0.1", smsc.port), 20) as line:
        line.sendall(raw_pdu(9, 1, b"app\x00\x00\x00\x34\x00\x00\x00") + raw_pdu(4, 2, submit))
        shown = json.loads(smsc.process.stdout.readline())
    assert (shown["text"], shown["destination"]) == ("hi", "+12025550144"), shown
    assert shown["source"] == '\ufffd\ufffd"\\\x1b\ufffd', shown
