# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account's contract says, seen at the phone and at the device: when its messages go to devices, when they may leave unprotected
all the same, and where the mark is. The applications are npm smpp, one account each; the carrier is fallgate-smsc.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import pytest

from application import PEERS, Application
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

ALICE, BOB, CAROL = "+12025550101", "+12025550102", "+12025550103"
NOBODY = "+12025550199"
MARK = "(Not encrypted) "
CONTRACTS = {
    "plain": {},
    "pinned": {"text_mark": "pinned"},
    "secure": {"secure": "on"},
    "patient": {"secure": "on", "undelivered_s": 2, "pin_override": True},
    "strict": {"floor": "hop", "secure": "on"},
    "short": {"most_segments": 1},
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    port = free_port()
    running = Gateway(tmp_path_factory.mktemp("gw"), more_links=[{"name": "apps", "adapter": "smpp-server", "port": port}])
    secret = run([find_program("fallgatectl", running.build), "hash-secret", "--password", "secret8"]).text.strip()
    running.accounts = [{"name": name, "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop", **more} for name, more in CONTRACTS.items()]
    running.apps_port = port
    with running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    """Who is there."""
    device = gateway.register("alice", ALICE)
    device.follow()
    return device


@pytest.fixture(scope="module")
def bob(gateway):
    """Who has a device and does not look at it."""
    return gateway.register("bob", BOB)


@pytest.fixture(scope="module")
def carol(gateway):
    """As bob."""
    return gateway.register("carol", CAROL)


class Said:
    """A message of that account and what became of it."""

    def __init__(self, gateway, account, handle, text):
        before = len(gateway.sms())
        with Application(gateway.apps_port, system_id=account) as application:
            self.answer = application.submit(text, destination_addr=handle[1:])
            self.status = self.answer["status"]
            if self.status == 0:
                self.receipt = application.wait("deliver", receipted_message_id=self.answer["message_id"])
        self.sms = [row["text"] for row in gateway.sms()[before:]]


def shown(device, text):
    return sum(row.get("text") == text for row in device.inbox())


def test_a_new_handles_messages_leave_by_sms_and_are_marked(gateway, alice):
    said = Said(gateway, "plain", ALICE, "to a new handle")
    assert said.sms == [MARK + "to a new handle"] and said.receipt["protection"].startswith("protection=none;bearer=sms;")
    assert not shown(alice, "to a new handle")


def test_who_wants_devices_gets_devices(gateway, alice):
    said = Said(gateway, "secure", ALICE, "for her device")
    assert not said.sms and said.receipt["protection"].startswith("protection=hop;bearer=secure;")
    assert wait_for(lambda: shown(alice, "for her device") == 1)


def test_the_mark_may_be_left_out_of_the_text_but_never_of_the_receipt(gateway):
    said = Said(gateway, "pinned", NOBODY, "never secure")
    assert said.sms == ["never secure"] and said.receipt["protection"].startswith("protection=none;bearer=sms;")


def test_where_somebody_expects_protection_the_text_is_marked_in_any_case(gateway, bob):
    assert bob.handle == BOB
    said = Said(gateway, "pinned", BOB, "was secure")
    assert said.sms == [MARK + "was secure"]


def test_what_no_device_takes_in_time_leaves_by_sms_and_comes_to_no_device(gateway, bob):
    said = Said(gateway, "patient", BOB, "nobody looks")
    assert said.sms == [MARK + "nobody looks"] and "reason=undelivered" in said.receipt["protection"]
    bob.follow()
    assert Said(gateway, "secure", BOB, "for his device").receipt["protection"].startswith("protection=hop;")
    assert wait_for(lambda: shown(bob, "for his device") == 1)
    assert not shown(bob, "nobody looks")


def test_what_no_device_took_can_be_cancelled_and_what_one_took_cannot(gateway, alice, carol):
    with Application(gateway.apps_port, system_id="secure") as application:
        for device, status, ended in ((carol, {0}, "DELETED"), (alice, {0x0C, 0x11}, "DELIVRD")):
            text = f"for {device.name}, or not"
            answer = application.submit(text, destination_addr=device.handle[1:])
            assert wait_for(lambda: shown(alice, text) or ": secure" in gateway.ctl("explain", answer["message_id"]).text)
            if device is alice:
                assert wait_for(lambda: application.find("deliver", receipted_message_id=answer["message_id"]))
            said = application.ask("cancel_sm", message_id=answer["message_id"], source_addr="Shop")
            assert said["status"] in status, said
            assert f"stat:{ended}" in application.wait("deliver", receipted_message_id=answer["message_id"])["text"]
    carol.follow()
    assert Said(gateway, "secure", carol.handle, "for carol").receipt["protection"].startswith("protection=hop;")
    assert wait_for(lambda: shown(carol, "for carol")) and not shown(carol, "for carol, or not")


def test_below_the_floor_nothing_leaves(gateway):
    said = Said(gateway, "strict", NOBODY, "only encrypted")
    assert said.status == 0x420 and not said.sms


def test_nobody_pays_for_more_segments_than_agreed(gateway):
    said = Said(gateway, "short", NOBODY, "a text with its mark " * 9)
    assert said.status == 0x01 and not said.sms
    assert Said(gateway, "plain", NOBODY, "a text with its mark " * 9).status == 0
