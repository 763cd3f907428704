# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Kannel as a peer: bearerbox and smsbox with one SMPP connection, in a folder of their own.

Applications talk HTTP to its smsbox; its bearerbox binds to an SMSC, or to what says it is one. Debian's package starts nothing itself.
"""
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import urllib.parse
import urllib.request

from gateway import Trouble, tail, wait_for


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def program(name):
    """Path of one of its programs, None where the package is missing."""
    return shutil.which(name) or shutil.which(f"/usr/sbin/{name}")


class Kannel:
    """receipts: off, or where Kannel keeps what it waits for: internal or sqlite3 (WAL). Told to callback_port, as `GET /dlr?t=TYPE`.

    modem: a device instead of an SMSC, and the commands that it is begun with."""

    def __init__(self, port, system_id="bench", password="bench", window=100, receipts="off", smsc=None, modem=None):
        self.port, self.receipts = port, receipts
        self.smsc = {"smsc-username": system_id, "smsc-password": password, "max-pending-submits": window, **(smsc or {})}
        self.modem = modem
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fallgate-kannel-"))
        self.ports = {name: free_port() for name in ("admin", "box", "http", "callback")}
        self.processes = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def receipts_base(self):
        """Groups of a receipt store in SQLite, whose database is made here."""
        with sqlite3.connect(self.folder / "dlr.db") as base:
            base.execute("pragma journal_mode=wal")
            base.execute("create table dlr (smsc varchar(40), ts varchar(40), destination varchar(40), source varchar(40), service "
                         "varchar(40), url varchar(255), mask int, status int, boxc varchar(40))")
            base.execute("create index dlr_i on dlr(smsc, ts)")
        base.close()
        fields = ("smsc", "destination", "source", "service", "url", "mask", "status")
        return [{"group": "sqlite3-connection", "id": "mydlr", "database": f'"{self.folder}/dlr.db"', "max-connections": 1},
                {"group": "dlr-db", "id": "mydlr", "table": "dlr", **{f"field-{name}": name for name in fields}, "field-timestamp": "ts",
                 "field-boxc-id": "boxc"}]

    def link(self):
        """The groups of its connection."""
        if not self.modem:
            return [{"group": "smsc", "smsc": "smpp", "smsc-id": "s1", "host": "127.0.0.1", "port": self.port, "transceiver-mode": "true",
                     "system-type": '""', **self.smsc}]
        device, commands = self.modem
        return [{"group": "smsc", "smsc": "at", "smsc-id": "s1", "modemtype": "generic", "device": f'"{device}"', "speed": 115200,
                 "my-number": "12025550100", "keepalive": 2, "sim-buffering": "true"},
                {"group": "modems", "id": "generic", "name": '"Generic"', "init-string": f'"{commands}"'}]

    def configuration(self):
        ports = self.ports
        groups = [
            {"group": "core", "admin-port": ports["admin"], "admin-interface": "127.0.0.1", "smsbox-port": ports["box"],
             "smsbox-interface": "127.0.0.1", "admin-password": "bench", "log-level": 2, "log-file": f'"{self.folder}/bearerbox.log"',
             "box-deny-ip": '"*.*.*.*"', "box-allow-ip": '"127.0.0.1"',
             **({"dlr-storage": self.receipts} if self.receipts != "off" else {})},
            *(self.receipts_base() if self.receipts == "sqlite3" else []),
            *self.link(),
            {"group": "smsbox", "bearerbox-host": "127.0.0.1", "sendsms-port": ports["http"], "sendsms-interface": "127.0.0.1",
             "global-sender": 1000, "log-level": 2, "log-file": f'"{self.folder}/smsbox.log"'},
            {"group": "sendsms-user", "username": "u", "password": "p", "max-messages": 10, "concatenation": "true"},
            {"group": "sms-service", "keyword": "default", "get-url": f'"http://127.0.0.1:{ports["callback"]}/mo?from=%p&to=%P&text=%b"',
             "max-messages": 0}]
        return "\n\n".join("\n".join(f"{key} = {value}" for key, value in group.items()) for group in groups) + "\n"

    def start(self):
        conf = self.folder / "kannel.conf"
        conf.write_text(self.configuration())
        for name, port in (("bearerbox", "box"), ("smsbox", "http")):
            path = program(name)
            if not path:
                raise Trouble(f"there is no {name}: it is in the package kannel")
            self.processes.append(subprocess.Popen([path, "-v", "4", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            if not wait_for(lambda port=port: listening(self.ports[port])):
                raise Trouble(f"{name} does not listen:\n{self.log(name)}")
        if not wait_for(self.is_bound, 30):
            raise Trouble(f"bearerbox does not bind:\n{self.log()}")

    def is_bound(self):
        """As its status page says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/status.txt?password=bench", timeout=5) as page:
                return re.search(r"^\s+s1.*\(online \d+s", page.read().decode(errors="replace"), re.M) is not None
        except OSError:
            return False

    def log(self, name="bearerbox"):
        return tail(self.folder / f"{name}.log")

    def path(self, destination, text, receipts=True, source="1000", **more):
        """Of a sendsms request; destination and text may have the placeholders of tests/perf/http_load."""
        words = {"username": "u", "password": "p", "from": source, **more}
        if receipts:
            words.update({"dlr-mask": 1 | 2 | 16, "dlr-url": f"http://127.0.0.1:{self.ports['callback']}/dlr?t=%d"})
        return f"/cgi-bin/sendsms?{urllib.parse.urlencode(words)}&to={destination}&text={text}"

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
