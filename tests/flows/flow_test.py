# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows A and B of docs/architecture.md, from the sender's device to the recipient's phone, with every process in its place."""
import pytest

from gateway import Gateway, wait_for

STRANGER = "+12025550199"
MARK = "(Not encrypted) "
CANARY = "the canary sings at six"
LONG_TEXT = CANARY + " and goes on {}[]€ " + "0123456789 " * 30


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


@pytest.fixture(scope="module")
def bob(gateway):
    device = gateway.register("bob", "+12025550102")
    device.follow()
    return device


def sms_with(gateway, text):
    return [sms for sms in gateway.sms() if text in sms["text"]]


def test_device_to_device_stays_encrypted(gateway, alice, bob):
    text = CANARY + " to bob"
    sent = alice.send(bob.handle, text)
    assert sent.code == 0, sent
    assert sent.json["protection"] == "e2e"
    assert sent.json["kind"] == "delivered"
    assert sent.json["final"] and sent.json["proven"] and not sent.json["claimed"]
    assert "leaf_index" not in sent.json
    shown = wait_for(lambda: [row for row in bob.inbox() if row["id"] == sent.json["id"]])
    assert shown and shown[0]["text"] == text
    assert shown[0]["sender"] == alice.handle and shown[0]["protection"] == "e2e"
    assert not sms_with(gateway, text)


def test_without_consent_nothing_is_sent(gateway, alice):
    before = len(gateway.sms())
    sent = alice.send(STRANGER, CANARY + " unsent")
    assert sent.code == 3, sent
    assert "Nothing was sent" in sent.errors
    assert len(gateway.sms()) == before


def test_with_consent_the_mark_comes_first(gateway, alice):
    text = CANARY + " in clear"
    sent = alice.send(STRANGER, text, "--allow", "sms")
    assert sent.code == 0, sent
    row = sent.json
    assert (row["result"], row["protection"], row["bearer"], row["link"]) == ("unprotected", "none", "SMS", "smsc-a")
    assert row["kind"] == "delivered" and row["final"] and row["claimed"]
    assert row["mark"] == MARK
    assert [sms["text"] for sms in sms_with(gateway, text)] == [MARK + text]
    assert sms_with(gateway, text)[0]["destination"] == STRANGER


def test_its_receipt_verifies(alice):
    sent = alice.send(STRANGER, CANARY + " verified", "--allow", "sms")
    assert sent.code == 0, sent
    checked = alice.verify(sent.json["id"])
    assert checked.code == 0, checked
    assert checked.json["verified"] and checked.json["log_size"] > sent.json["leaf_index"]


def test_a_long_text_arrives_whole(gateway, alice):
    sent = alice.send(STRANGER, LONG_TEXT, "--allow", "sms")
    assert sent.code == 0, sent
    got = sms_with(gateway, LONG_TEXT)
    assert [sms["text"] for sms in got] == [MARK + LONG_TEXT]
    assert sent.json["segments"] == got[0]["parts"] > 1


def test_secure_only_is_refused(gateway, alice):
    before = len(gateway.sms())
    sent = alice.send(STRANGER, CANARY + " secure only", "--policy", "secure-only")
    assert sent.code != 0 and "NOT SENT" in sent.errors, sent
    assert len(gateway.sms()) == before


def test_what_the_carrier_refuses_is_failed(gateway, alice):
    sent = alice.send("+12025550183", CANARY + " refused", "--allow", "sms")
    assert sent.code == 1, sent
    assert sent.json["kind"] == "failed" and sent.json["final"]
    assert not sms_with(gateway, "refused")


def test_a_report_of_failure_is_failed_and_a_claim(alice):
    sent = alice.send("+12025550187", CANARY + " undelivered", "--allow", "sms")
    assert sent.json["kind"] == "failed" and sent.json["claimed"], sent


def test_bob_offline_gets_it_later(gateway, alice):
    carol = gateway.register("carol", "carol@example.org")
    sent = alice.send(carol.handle, CANARY + " later", "--timeout", "1")
    assert not sms_with(gateway, "later")
    taken = carol.run("inbox", "--count", "1", "--timeout", "10")
    assert taken.code == 0, (sent, taken)
    assert taken.json["text"] == CANARY + " later" and taken.json["protection"] == "e2e"


def test_logs_hold_no_text_and_no_whole_number(gateway, alice, bob):
    alice.send(STRANGER, CANARY + " logged", "--allow", "sms")
    logs = (gateway.folder / "fallgated.log").read_text(errors="replace")
    assert "canary" not in logs
    for number in (STRANGER, alice.handle, bob.handle):
        assert number not in logs and number[1:] not in logs


def test_the_store_holds_no_text(gateway, alice, bob):
    alice.send(bob.handle, CANARY + " stored")
    alice.send(STRANGER, CANARY + " stored", "--allow", "sms")
    for path in gateway.data.rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path
