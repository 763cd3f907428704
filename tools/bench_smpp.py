# SPDX-License-Identifier: GPL-3.0-or-later
"""Fallgate and Kannel with the same load and the same sink, for `tools/bench smpp`.

tests/perf/smpp_load and http_load are the applications, tests/perf/smpp_sink is the SMSC; both gateways have one transceiver bind with
the same window to it. Kannel takes HTTP, since Debian's has no SMPP server. What each makes durable before it says "accepted":
Fallgate everything (fsync, SQLite); Kannel nothing, but with `sqlite3` the rows of its receipts.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile

import gateway as support
import kannel
from kannel import free_port

WINDOW = 100
TEXT_PADDING = "x" * 100
PASSWORD = "bench"


class Sink:
    """The SMSC: takes everything at once, or after a time."""

    def __init__(self, build, **options):
        self.port = free_port()
        words = [str(word) for name, value in options.items() for word in ("--" + name.replace("_", "-"), value)]
        self.process = subprocess.Popen([support.find_program("smpp_sink", build), "--port", str(self.port), *words],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        """What it counted."""
        self.process.terminate()
        said = self.process.communicate(timeout=20)[0]
        return json.loads(said) if said else {}


def load(build, program, *words, seconds):
    done = support.run([support.find_program(program, build), "--timeout", seconds, *words], seconds + 20)
    if not done.json:
        raise support.Trouble(f"{program}: {done}")
    return done.json


class Kannel(kannel.Kannel):
    """With the same window to the sink; receipts: off, internal or sqlite3."""

    name = "Kannel"

    def __init__(self, build, sink, receipts):
        super().__init__(sink.port, window=WINDOW, receipts=receipts)
        self.build = build

    def send(self, count, rate=0, seconds=100):
        wanted = self.receipts != "off"
        words = ["--callback-port", self.ports["callback"]] if wanted else []
        return load(self.build, "http_load", "--port", self.ports["http"], "--count", count, "--rate", rate, *words,
                    self.path("49151%N", f"%T+{TEXT_PADDING}", wanted), seconds=seconds)


class Fallgate:
    """The whole gateway on its defaults: TLS off on loopback, one account, everything durable. accounts: so many, named bench, bench1 and so
    on; policy: the text of its rules."""

    name = "Fallgate"

    def __init__(self, build, sink, limits, accounts=1, policy=None):
        self.build = build
        self.sink = sink
        self.folder = tempfile.mkdtemp(prefix="fallgate-bench-")
        self.port = free_port()
        settings = {"limits": limits}
        if policy:
            path = pathlib.Path(self.folder) / "policy.conf"
            path.write_text(policy)
            settings["gateway"] = {"policy": str(path)}
        secret = support.run([support.find_program("fallgatectl", build), "hash-secret", "--password", PASSWORD]).text.strip()
        account = {"secret": secret, "rate": 1000000, "burst": 1000000, "binds": 1000, "window": 4000, "sender": "1000", "sources": "1000",
                   "queue_max": 2000000}
        apps = {"name": "apps", "adapter": "smpp-server", "port": self.port, "connections": 20000}
        self.gateway = support.Gateway(self.folder, build, settings=settings, more_links=[apps],
                                       accounts=[{"name": f"bench{number or ''}", **account} for number in range(accounts)],
                                       link={"window": WINDOW, "rate": 100000, "burst": 100000, "queue": 2000, "system_id": "bench",
                                             "password": PASSWORD, "source": "link",
                                             "source_address": "1000"})

    def start(self):
        self.gateway.smsc_port = self.sink.port
        self.gateway.prepare()
        self.gateway.start_gateway()

    def send(self, count, rate=0, seconds=100, **options):
        words = [str(word) for name, value in options.items() for word in ("--" + name, value)]
        return load(self.build, "smpp_load", "--port", self.port, "--count", count, "--rate", rate, "--window", WINDOW, *words,
                    seconds=seconds)

    def pids(self):
        return {**self.gateway.children(), "parent": self.gateway.parent.pid}

    def stop(self):
        self.gateway.close()
        shutil.rmtree(self.folder, ignore_errors=True)
