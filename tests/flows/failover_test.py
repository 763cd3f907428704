# SPDX-License-Identifier: GPL-3.0-or-later
"""Two carriers: what one refuses, cannot take now, or is not there for, the other carries; once, and with a receipt.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import json

import pytest

from application import Application
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

MARK = "(Not encrypted) "
PHONE = "12025550199"
SLOW_PHONE = "12025550198"


class TwoCarriers(Gateway):
    """The first link takes one message at a time, so that a slow answer is felt at once."""

    def prepare(self):
        super().prepare()
        self.apps_port, self.second_port = free_port(), free_port()
        self.smsc_options = ["--control", self.folder / "a.sock"]
        self.start_second()
        self.more_links = [{"name": "smsc-b", "adapter": "smpp", "port": self.second_port, "system_id": "fallgate", "source": "sender",
                            "rate": 1000, "reconnect_min_ms": 50, "reconnect_max_ms": 500},
                           {"name": "apps", "adapter": "smpp-server", "port": self.apps_port}]
        secret = run([find_program("fallgatectl", self.build), "hash-secret", "--password", "secret8"]).text.strip()
        self.accounts = [{"name": "app", "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop"}]

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


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with TwoCarriers(tmp_path_factory.mktemp("gw"), link={"window": 1, "queue": 0, "response_timeout_ms": 10000}) as running:
        assert wait_for(lambda: running.is_up("smsc-b"))
        yield running


@pytest.fixture
def shop(gateway):
    with Application(gateway.apps_port) as application:
        yield application


def delivered(shop, answer):
    return "stat:DELIVRD" in shop.wait("deliver", receipted_message_id=answer["message_id"])["text"]


def test_the_first_carrier_comes_first(gateway, shop):
    assert delivered(shop, shop.submit("to the first"))
    assert MARK + "to the first" in gateway.at_a() and not gateway.at_b()


@pytest.mark.parametrize("status", ["0x45", "0x0D"])  # submit failed, bind failed
def test_what_one_refuses_the_other_carries(gateway, shop, status):
    gateway.order("rule", f"0199 {status} times=1")
    text = f"refused with {status}"
    assert delivered(shop, shop.submit(text))
    assert gateway.at_b().count(MARK + text) + gateway.at_a().count(MARK + text) == 1


def test_what_is_permanent_for_one_leaves_over_the_other(gateway, shop):
    gateway.order("rule", "0199 0x45 times=1")
    assert delivered(shop, shop.submit("once refused"))
    assert gateway.at_b().count(MARK + "once refused") == 1 and MARK + "once refused" not in gateway.at_a()


def test_nobody_waits_for_one_that_is_slow(gateway, shop):
    gateway.order("rule", "0198 ok delay=3s times=1")
    slow = shop.submit("slow", destination_addr=SLOW_PHONE)
    wait_for(lambda: gateway.links()["smsc-a"]["in_flight"] == 1)
    assert all(delivered(shop, shop.submit(f"meanwhile {i}")) for i in range(3))
    assert {MARK + f"meanwhile {i}" for i in range(3)} <= set(gateway.at_b())
    assert not shop.find("deliver", receipted_message_id=slow["message_id"])
    assert delivered(shop, slow)
    assert gateway.at_a().count(MARK + "slow") == 1 and MARK + "slow" not in gateway.at_b()


def test_one_that_is_not_there_is_not_waited_for_and_comes_back(gateway, shop):
    gateway.smsc.stop()
    assert wait_for(lambda: gateway.is_up("smsc-a", False))
    assert delivered(shop, shop.submit("while it is away"))
    assert MARK + "while it is away" in gateway.at_b()
    gateway.start_smsc()
    assert wait_for(lambda: gateway.is_up("smsc-a"))
    assert delivered(shop, shop.submit("it is back"))
    assert MARK + "it is back" in gateway.at_a()


def test_with_none_there_it_waits_and_leaves_once(gateway, shop):
    gateway.smsc.stop()
    gateway.second.stop()
    assert wait_for(lambda: gateway.is_up("smsc-a", False) and gateway.is_up("smsc-b", False))
    answer = shop.submit("nobody is there")
    assert answer["status"] == 0
    gateway.start_second()
    assert delivered(shop, answer)
    assert gateway.at_b().count(MARK + "nobody is there") == 1
