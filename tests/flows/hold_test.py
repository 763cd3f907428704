# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows 4 to 7 and 12 of docs/decision-table.md: what a memory of secure devices holds back, and what a person at a terminal answers."""
import os
import pty
import sqlite3
import subprocess

import pytest

from gateway import Answer, Gateway, wait_for

STRANGER = "+12025550199"
BOB = "+12025550102"
CAROL = "+12025550103"
ASK_S = 5
KV_DEVICE = 3  # gateway/store/store.h


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw"), settings={"limits": {"ask_s": ASK_S}}) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


@pytest.fixture(scope="module")
def dave(gateway):
    """Never wrote to anybody: his device remembers nobody."""
    return gateway.register("dave", "+12025550104")


def sms_with(gateway, text):
    return [sms["text"] for sms in gateway.sms() if text in sms["text"]]


def receipts(device, message_id):
    device.run("inbox", "--timeout", "1")
    return device.run("receipt", message_id).rows


def devices_of(gateway):
    database = next(path for path in gateway.data.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
    return sqlite3.connect(database)


def lose_devices(gateway, name, handle):
    """A handle whose devices are gone without a word of their own, as after a long absence: their certificates are not there any more."""
    with devices_of(gateway) as store:
        before = {row[0] for row in store.execute("SELECT key FROM kv WHERE kind = ?", (KV_DEVICE,))}
    device = gateway.register(name, handle)
    yield device
    gateway.parent.stop()
    with devices_of(gateway) as store:
        new = {row[0] for row in store.execute("SELECT key FROM kv WHERE kind = ?", (KV_DEVICE,))} - before
        assert len(new) == 1
        store.execute("DELETE FROM kv WHERE kind = ? AND key = ?", (KV_DEVICE, new.pop()))
    store.close()
    gateway.start_gateway()
    yield device


class Terminal:
    """fallgate with a person at its standard input."""

    def __init__(self, device, *words):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([str(word) for word in device.command(*words)], stdin=theirs, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        os.close(theirs)
        self.asked = ""

    def wait_question(self):
        while not self.asked.endswith("[y/N] "):
            letter = self.process.stderr.read(1)
            assert letter, self.asked
            self.asked += letter
        return self.asked

    def answer(self, text):
        os.write(self.ours, text.encode() + b"\n")
        out, errors = self.process.communicate(timeout=30)
        os.close(self.ours)
        return Answer(subprocess.CompletedProcess([], self.process.returncode, out, errors))


def test_who_signed_off_may_be_written_to_in_clear_and_the_sender_is_told_why(gateway, alice, dave):
    bob = gateway.register("bob", BOB)
    bob.follow()
    assert alice.send(BOB, "while secure").json["protection"] == "e2e"
    gateway.processes.pop().stop()
    assert bob.run("deregister").code == 0
    unsent = alice.send(BOB, "not without consent")
    assert unsent.code == 3 and not sms_with(gateway, "not without consent"), unsent
    for sender in (alice, dave):
        sent = sender.send(BOB, f"after, from {sender.name}", "--allow", "sms")
        assert sent.code == 0, sent
        assert (sent.json["protection"], sent.json["reason"]) == ("none", "deregistered")
        assert len(sms_with(gateway, f"after, from {sender.name}")) == 1


def test_who_was_secure_and_did_not_sign_off_needs_an_acknowledgement(gateway, alice, dave):
    steps = lose_devices(gateway, "carol", CAROL)
    next(steps).follow()
    assert alice.send(CAROL, "while secure").json["protection"] == "e2e"
    gateway.processes.pop().stop()
    next(steps)

    # The sender's own device remembers.
    refused = alice.send(CAROL, "held by the device", "--allow", "sms")
    assert refused.code == 3 and "--pin-ack" in refused.errors, refused
    # The gateway remembers for a device that does not.
    held = dave.send(CAROL, "held by the gateway", "--allow", "sms", "--timeout", "2")
    assert (held.json["kind"], held.json["reason"]) == ("held", "pin-conflict"), held
    assert not sms_with(gateway, "held by")
    assert dave.run("cancel", held.json["id"]).code == 0

    told = alice.send(CAROL, "acknowledged", "--allow", "sms", "--pin-ack")
    assert told.code == 0, told
    assert (told.json["protection"], told.json["reason"]) == ("none", "pin-override")
    assert len(sms_with(gateway, "acknowledged")) == 1
    asked = Terminal(dave, "send", CAROL, "asked")
    assert "HAD ONE BEFORE" in asked.wait_question()
    answered = asked.answer("y")
    assert answered.code == 0 and answered.json["reason"] == "pin-override", answered


@pytest.mark.parametrize("answer, exit_code", [("y", 0), ("n", 3), ("", 3)])
def test_a_person_decides(gateway, alice, answer, exit_code):
    text = f"answered {answer or 'nothing'}"
    terminal = Terminal(alice, "send", STRANGER, text)
    assert "carriers could read" in terminal.wait_question()
    assert not sms_with(gateway, text)
    done = terminal.answer(answer)
    assert done.code == exit_code, done
    assert len(sms_with(gateway, text)) == (exit_code == 0)
    if exit_code:
        assert done.json["result"] == "not-sent" and "Nothing was sent" in done.errors


def test_a_question_that_nobody_answers_ends_as_expired(gateway, alice):
    unsent = alice.send(STRANGER, "nobody answers")
    assert unsent.code == 3, unsent
    told = wait_for(lambda: receipts(alice, unsent.json["id"]), ASK_S + 10)
    assert [(row["kind"], row["reason"], row["final"]) for row in told] == [("expired", "no-consent", True)]
    assert not sms_with(gateway, "nobody answers")


def test_an_answer_after_the_time_sends_nothing(gateway, alice):
    def expired():
        return gateway.parent.log.read_text(errors="replace").count("final message: kind=10 reason=no-consent")

    terminal = Terminal(alice, "send", STRANGER, "too late")
    terminal.wait_question()
    before = expired()
    assert wait_for(lambda: expired() > before, ASK_S + 10)
    done = terminal.answer("y")
    assert done.code == 1, done
    assert not sms_with(gateway, "too late")
