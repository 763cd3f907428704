# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows 10 and 11 of docs/decision-table.md: a recipient with secure devices that stay silent, and a sender who consented to that."""
import signal
import sqlite3
import time

import pytest

from gateway import Device, Gateway, wait_for

MARK = "(Not encrypted) "
SILENCE_S = 2
ROUNDS = 6


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


def sms_with(gateway, text):
    return [sms["text"] for sms in gateway.sms() if text in sms["text"]]


def send_or_sms(alice, bob, text, seconds=SILENCE_S):
    return alice.send(bob.handle, text, "--allow", "sms", "--if-undelivered", str(seconds))


def receipts(device, message_id):
    """What the sender was told of the message up to now, taken from the gateway first."""
    device.run("inbox", "--timeout", "1")
    return device.run("receipt", message_id).rows


def test_silence_ends_as_marked_sms_and_without_a_second_copy(gateway, alice):
    bob = gateway.register("bob", "+12025550102")
    start = time.monotonic()
    sent = send_or_sms(alice, bob, "six o'clock")
    assert sent.code == 0, sent
    assert time.monotonic() - start >= SILENCE_S
    assert (sent.json["kind"], sent.json["protection"], sent.json["reason"]) == ("delivered", "none", "undelivered")
    assert sent.json["final"] and sent.json["claimed"] and not sent.json["possible_duplicate"]
    assert sms_with(gateway, "six o'clock") == [MARK + "six o'clock"]
    assert [row["kind"] for row in receipts(alice, sent.json["id"])] == ["withdrawn", "sent", "delivered"]
    assert alice.verify(sent.json["id"]).code == 0
    assert bob.run("inbox", "--timeout", "1").rows == []


def test_a_device_that_is_there_gets_it_encrypted_and_no_sms_follows(gateway, alice):
    bob = gateway.register("bob-online", "+12025550103")
    bob.follow()
    sent = send_or_sms(alice, bob, "seven o'clock", 1)
    assert sent.code == 0, sent
    assert (sent.json["kind"], sent.json["protection"], sent.json["proven"]) == ("delivered", "e2e", True)
    time.sleep(1.5)
    assert not sms_with(gateway, "seven o'clock")
    assert [row["kind"] for row in receipts(alice, sent.json["id"])] == ["delivered"]
    assert [row["text"] for row in bob.inbox()] == ["seven o'clock"]


def test_an_acknowledgement_that_comes_too_late_is_said(gateway, alice):
    bob = gateway.register("bob-slow", "+12025550104")
    inbox = bob.follow()
    assert alice.send(bob.handle, "are you there").json["protection"] == "e2e"
    inbox.kill(signal.SIGSTOP)
    sent = send_or_sms(alice, bob, "nine o'clock", 1)
    inbox.kill(signal.SIGCONT)
    assert sent.json["protection"] == "none" and len(sms_with(gateway, "nine o'clock")) == 1, sent
    assert wait_for(lambda: [row for row in bob.inbox() if row["text"] == "nine o'clock"])
    told = wait_for(lambda: [row for row in receipts(alice, sent.json["id"]) if row["kind"] == "possible-duplicate"])
    assert told and told[0]["possible_duplicate"] and not told[0]["final"]


def test_the_senders_own_device_does_not_break_the_silence(gateway, alice):
    bob = gateway.register("bob-away", "+12025550105")
    other = Device(gateway, "alice-2", alice.handle)
    code = other.run("devices", "request", "--trust", gateway.trust, alice.handle).json["code"]
    approval = alice.run("devices", "approve", code).json["approval"]
    assert other.run("register", "--approval", approval).code == 0
    other.follow()
    sent = send_or_sms(alice, bob, "ten o'clock", 3)
    assert [row["text"] for row in other.inbox() if row["sync"]] == ["ten o'clock"]
    assert (sent.json["protection"], sent.json["reason"]) == ("none", "undelivered"), sent
    assert bob.run("inbox", "--timeout", "1").rows == []


def test_a_recipient_without_devices_needs_no_silence(gateway, alice):
    start = time.monotonic()
    sent = alice.send("+12025550199", "eight o'clock", "--allow", "sms", "--if-undelivered", "60")
    assert sent.json["reason"] == "absent" and sent.json["protection"] == "none", sent
    assert time.monotonic() - start < 30


def test_silence_needs_consent_in_advance_and_time_to_end(alice):
    assert alice.send("+12025550102", "no", "--if-undelivered", "2").code == 2
    late = alice.send("+12025550102", "no", "--allow", "sms", "--if-undelivered", "60", "--expires", "30")
    assert late.code == 1 and "E_CONSENT_REASON" in late.errors, late


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_who_comes_online_at_that_moment_never_gets_both_in_silence(gateway, alice, turn):
    bob = gateway.register(f"bob-{turn}", f"+120255502{turn:02}")
    text = f"race {turn}"
    sender = gateway.start("send", alice.command("send", "--allow", "sms", "--if-undelivered", "1", bob.handle, text),
                           gateway.folder / f"race-{turn}.log", output=gateway.folder / f"race-{turn}.out")
    time.sleep(0.7 + 0.12 * turn)
    bob.follow()
    assert sender.process.wait(20) == 0, sender.log.read_text()
    wait_for(lambda: bob.inbox() or sms_with(gateway, text))
    time.sleep(0.5)
    message_id = (gateway.folder / f"race-{turn}.out").read_text().split('"id":"')[1].split('"')[0]
    told = receipts(alice, message_id)
    secure, sms = [row["text"] for row in bob.inbox()], sms_with(gateway, text)
    assert secure in ([], [text]) and sms in ([], [MARK + text])
    assert secure or sms
    duplicate = any(row["possible_duplicate"] or row["kind"] == "possible-duplicate" for row in told)
    assert duplicate or not (secure and sms), told
    last = [row for row in told if row["final"]]
    assert len(last) == 1 and last[0]["protection"] == ("none" if sms else "e2e"), told


def lose_acknowledged(gateway, count):
    """As after a crash between the deletion of what a device acknowledged and the word of that to the message."""
    database = next(path for path in gateway.data.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
    store = sqlite3.connect(database)
    with store:
        assert store.execute("DELETE FROM queue WHERE tag = 0").rowcount == count
    store.close()


def test_what_a_device_has_taken_is_neither_sent_in_clear_nor_given_again(tmp_path):
    with Gateway(tmp_path / "gw") as gateway:
        alice, bob = gateway.register("alice", "+12025550101"), gateway.register("bob", "+12025550102")
        sent = alice.send(bob.handle, "eleven o'clock", "--allow", "sms", "--if-undelivered", "4", "--expires", "8", "--wait", "accepted")
        gateway.parent.stop()
        lose_acknowledged(gateway, 1)
        gateway.start_gateway()
        assert wait_for(lambda: "row=11 reason=acknowledged" in gateway.parent.log.read_text(errors="replace"))
        told = wait_for(lambda: receipts(alice, sent.json["id"]))
        assert [(row["kind"], row["reason"], row["final"]) for row in told] == [("expired", "deadline", True)]
        assert not gateway.sms()
        assert bob.run("inbox", "--timeout", "1").rows == []
