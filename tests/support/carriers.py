# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway between applications and two carriers, each of which is fallgate-smsc."""
import json

from gateway import Gateway, find_program, run
from kannel import free_port


class TwoCarriers(Gateway):
    """Links smsc-a and smsc-b to the carriers, apps for applications; contracts: {account: more of its keys}."""

    contracts = {"app": {}}

    def prepare(self):
        super().prepare()
        self.apps_port, self.second_port = free_port(), free_port()
        self.smsc_options = ["--control", self.folder / "a.sock"]
        self.start_second()
        self.more_links = [{"name": "smsc-b", "adapter": "smpp", "port": self.second_port, "system_id": "fallgate", "source": "sender",
                            "rate": 1000, "reconnect_min_ms": 50, "reconnect_max_ms": 500},
                           {"name": "apps", "adapter": "smpp-server", "port": self.apps_port}]
        secret = run([find_program("fallgatectl", self.build), "hash-secret", "--password", "secret8"]).text.strip()
        self.accounts = [{"name": name, "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop,Bank", **more}
                         for name, more in self.contracts.items()]

    def start_second(self):
        self.second = self.start("smsc-b", [find_program("fallgate-smsc", self.build), "--listen", f"127.0.0.1:{self.second_port}", "--json"],
                                 self.folder / "smsc-b.log", output=self.folder / "sms-b")
        self.second.wait_line(r"listening on")

    def order(self, *words):
        answer = run([find_program("fallgate-smsc", self.build), "ctl", self.folder / "a.sock", *words])
        assert answer.code == 0, answer

    def at_b(self):
        path = self.folder / "sms-b"
        return [json.loads(line)["text"] for line in path.read_text().splitlines() if line.startswith("{")] if path.exists() else []

    def at_a(self):
        return [row["text"] for row in self.sms()]

    def is_up(self, name, wanted=True):
        return (self.links().get(name, {}).get("state") == "up") == wanted
