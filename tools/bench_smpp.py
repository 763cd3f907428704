# SPDX-License-Identifier: GPL-3.0-or-later
"""Fallgate and Kannel with the same load and the same sink, for `tools/bench smpp`.

tests/perf/smpp_load and http_load are the applications, tests/perf/smpp_sink is the SMSC; both gateways have one transceiver bind with
the same window to it. Kannel takes HTTP, since Debian's has no SMPP server. What each makes durable before it says "accepted":
Fallgate everything (fsync, SQLite); Kannel nothing, but with `sqlite3` the rows of its receipts.
"""
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

import gateway as support

WINDOW = 100
TEXT_PADDING = "x" * 100
PASSWORD = "bench"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


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


class Kannel:
    """bearerbox and smsbox of Debian's package; receipts: off, internal or sqlite3 (WAL)."""

    name = "Kannel"

    def __init__(self, build, receipts):
        self.build, self.receipts = build, receipts
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fallgate-kannel-"))
        self.ports = {name: free_port() for name in ("admin", "box", "http", "callback")}
        self.processes = []

    def configuration(self, sink):
        ports = self.ports
        groups = [
            {"group": "core", "admin-port": ports["admin"], "admin-interface": "127.0.0.1", "smsbox-port": ports["box"],
             "smsbox-interface": "127.0.0.1", "admin-password": "bench", "log-level": 3, "log-file": f'"{self.folder}/bearerbox.log"',
             "box-deny-ip": '"*.*.*.*"', "box-allow-ip": '"127.0.0.1"',
             **({"dlr-storage": self.receipts} if self.receipts != "off" else {})}]
        if self.receipts == "sqlite3":
            with sqlite3.connect(self.folder / "dlr.db") as base:
                base.execute("pragma journal_mode=wal")
                base.execute("create table dlr (smsc varchar(40), ts varchar(40), destination varchar(40), source varchar(40), service "
                             "varchar(40), url varchar(255), mask int, status int, boxc varchar(40))")
                base.execute("create index dlr_i on dlr(smsc, ts)")
            base.close()
            fields = ("smsc", "destination", "source", "service", "url", "mask", "status")
            groups += [{"group": "sqlite3-connection", "id": "mydlr", "database": f'"{self.folder}/dlr.db"', "max-connections": 1},
                       {"group": "dlr-db", "id": "mydlr", "table": "dlr", **{f"field-{name}": name for name in fields},
                        "field-timestamp": "ts", "field-boxc-id": "boxc"}]
        groups += [{"group": "smsc", "smsc": "smpp", "smsc-id": "s1", "host": "127.0.0.1", "port": sink.port, "transceiver-mode": "true",
                    "system-type": '""', "smsc-username": "bench", "smsc-password": "bench", "max-pending-submits": WINDOW},
                   {"group": "smsbox", "bearerbox-host": "127.0.0.1", "sendsms-port": ports["http"], "sendsms-interface": "127.0.0.1",
                    "global-sender": 1000, "log-level": 3, "log-file": f'"{self.folder}/smsbox.log"'},
                   {"group": "sendsms-user", "username": "u", "password": "p", "max-messages": 1},
                   {"group": "sms-service", "keyword": "default", "text": '"none"'}]
        return "\n\n".join("\n".join(f"{key} = {value}" for key, value in group.items()) for group in groups) + "\n"

    def start(self, sink):
        conf = self.folder / "kannel.conf"
        conf.write_text(self.configuration(sink))
        for program, port in (("bearerbox", "box"), ("smsbox", "http")):
            path = shutil.which(program) or f"/usr/sbin/{program}"
            self.processes.append(subprocess.Popen([path, "-v", "4", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            if not support.wait_for(lambda port=port: listening(self.ports[port])):
                raise support.Trouble(f"{program} does not listen:\n{support.tail(self.folder / (program + '.log'))}")
        time.sleep(1.5)  # the bind; nothing of Kannel's tells of it

    def send(self, count, rate=0, seconds=100):
        wanted = self.receipts != "off"
        path = f"/cgi-bin/sendsms?username=u&password=p&from=1000&to=49151%N&text=%T+{TEXT_PADDING}"
        if wanted:
            back = urllib.parse.quote(f"http://127.0.0.1:{self.ports['callback']}/dlr?t=%d", safe="")
            path += "&dlr-mask=1&dlr-url=" + back.replace("%25d", "%25d")
        words = ["--callback-port", self.ports["callback"]] if wanted else []
        return load(self.build, "http_load", "--port", self.ports["http"], "--count", count, "--rate", rate, *words, path, seconds=seconds)

    def pids(self):
        return {"bearerbox": self.processes[0].pid, "smsbox": self.processes[1].pid}

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Fallgate:
    """The whole gateway on its defaults: TLS off on loopback, one account, everything durable."""

    name = "Fallgate"

    def __init__(self, build, secret, limits):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="fallgate-bench-")
        self.port = free_port()
        account = {"name": "bench", "secret": secret, "rate": 1000000, "burst": 1000000, "binds": 64, "window": 4000, "sender": "1000",
                   "sources": "1000"}
        apps = {"name": "apps", "adapter": "smpp-server", "port": self.port}
        self.gateway = support.Gateway(self.folder, build, settings={"limits": limits}, more_links=[apps], accounts=[account],
                                       link={"window": WINDOW, "system_id": "bench", "password": PASSWORD, "source": "link",
                                             "source_address": "1000"})

    def start(self, sink):
        self.gateway.smsc_port = sink.port
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
