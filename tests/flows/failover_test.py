# SPDX-License-Identifier: GPL-3.0-or-later
"""Two carriers: what one refuses, cannot take now, or is not there for, the other carries; once, and with a receipt.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import pytest

from application import Application
from carriers import TwoCarriers
from gateway import wait_for

MARK = "(Not encrypted) "
PHONE = "12025550199"
SLOW_PHONE = "12025550198"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The first carrier takes one message at a time, so that a slow answer is felt at once."""
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
