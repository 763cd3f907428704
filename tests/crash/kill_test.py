# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of every process of a gateway at work: nothing that was accepted is lost, sent twice, or passed over in silence.

Alice sends to Bob's device and, with consent, to numbers; while messages are under way one process after another is killed, at moments
spread over the way of a message (FG_CRASH_SEED repeats a run, FG_CRASH_KILLS makes it longer). Alice gives what was not accepted again
under the same id, as the protocol allows. What is not here: power cuts, which tests/store and tests/log have.
"""
import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))

import verify_log  # noqa: E402
from gateway import Gateway, find_program, tail, wait_for  # noqa: E402

KILLS = int(os.environ.get("FG_CRASH_KILLS", "200"))
SEED = int(os.environ.get("FG_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
ROLES = ["core", "log", "vault", "link", "secure"]
PARENT_EVERY = 20  # kills: then it is the parent
MESSAGES = 4  # of each flow for a kill
MOMENT_S = 0.040
SETTLE_S = 60
MARK = "(Not encrypted) "
UNKNOWN, DELIVERED, SENT, POSSIBLE_DUPLICATE = 8, 5, 4, 11  # ReceiptKind
PROTECTION_E2E, PROTECTION_NONE = 3, 1
BOB = "+12025550102"
SETTINGS = {
    "gateway": {"restart_max_ms": 100},
    "limits": {"lookups_burst": 10000, "lookups_per_minute": 10000, "lookups_per_day": 1000000, "submits_burst": 10000,
               "submits_per_second": 1000},
}


class Device:
    """crash_device on the state of a registered device, and what it said."""

    def __init__(self, gateway, device):
        self.log = gateway.folder / f"{device.name}.crash.log"
        self.events = []
        self.ready = False
        self.by_id = collections.defaultdict(list)
        self.process = subprocess.Popen([find_program("tests/crash/crash_device", gateway.build), device.state],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("wb"), text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        kept = self.log.with_suffix(".events").open("w", buffering=1)
        for line in self.process.stdout:
            row = json.loads(line)
            kept.write(line)
            self.by_id[row["id"]].append(row)
            self.events.append(row)
            if row["event"] in ("ready", "closed"):
                self.ready = row["event"] == "ready"

    def send(self, message, handle, bearer, text):
        self.process.stdin.write(f"send {message} {handle} {bearer} {text}\n")
        self.process.stdin.flush()

    def close(self):
        """Its exit code: not 0 when it could not save its state, or leaked."""
        self.process.stdin.close()
        return self.process.wait(30)

    def receipts(self, message):
        return [row for row in self.by_id[message] if row["event"] == "receipt"]


class Run:
    """All messages of one run, and how they fared."""

    def __init__(self, gateway, alice, bob, dice):
        self.gateway, self.alice, self.bob, self.dice = gateway, alice, bob, dice
        self.secure = {}  # id: text
        self.sms = {}
        self.kills = collections.Counter()

    def new_id(self):
        data = bytearray(int(time.time() * 1000).to_bytes(6, "big") + self.dice.randbytes(10))
        data[6] = data[6] & 0x0F | 0x70
        data[8] = data[8] & 0x3F | 0x80
        return data.hex()

    def feed(self):
        for _ in range(MESSAGES):
            number = len(self.secure)
            for messages, handle, bearer in ((self.secure, BOB, "secure"),
                                             (self.sms, f"+1202556{number // 80 % 100:02}{number % 80:02}", "sms")):
                message = self.new_id()
                messages[message] = f"{bearer} {number} {message}"
                self.alice.send(message, handle, bearer, messages[message])

    def ready(self):
        return len(self.gateway.children()) == len(ROLES) and self.alice.ready and self.bob.ready

    def kill(self, role):
        self.kills[role] += 1
        if role != "parent":
            pid = self.gateway.children().get(role)
            assert pid, f"there is no {role}:\n{tail(self.gateway.parent.log)}"
            os.kill(pid, signal.SIGKILL)
            assert wait_for(lambda: self.gateway.children().get(role, pid) != pid), f"{role} did not come back"
            return
        children = self.gateway.children().values()
        self.gateway.parent.kill()
        assert wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}/cmdline").exists() for pid in children)), "children stayed"
        self.gateway.start_gateway()

    def round(self, role):
        assert wait_for(self.ready), f"not ready: {self.gateway.children()}\n{tail(self.gateway.parent.log)}"
        self.feed()
        time.sleep(self.dice.uniform(0, MOMENT_S))
        self.kill(role)

    def is_told(self, message):
        receipts = self.alice.receipts(message)
        # Sent: the far side has it; whether a report ever comes is up to the far side, and a link that dies loses some.
        return any(row["final"] or row["kind"] in (UNKNOWN, SENT) for row in receipts)

    def untold(self):
        return [message for message in [*self.secure, *self.sms] if not self.is_told(message)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    print(f"FG_CRASH_SEED={SEED}")
    dice = random.Random(SEED)
    with Gateway(tmp_path_factory.mktemp("gw"), settings=SETTINGS, link={"window": 50}) as gateway:
        alice, bob = gateway.register("alice", "+12025550101"), gateway.register("bob", BOB)
        run = Run(gateway, Device(gateway, alice), Device(gateway, bob), dice)
        for number in range(KILLS):
            run.round("parent" if number % PARENT_EVERY == PARENT_EVERY - 1 else ROLES[number % len(ROLES)])
        wait_for(lambda: not run.untold(), SETTLE_S)
        run.exit_codes = [run.alice.close(), run.bob.close()]
        run.alice_state = alice.state
        yield run
        print(f"kills: {dict(run.kills)}, messages: {len(run.secure)} secure, {len(run.sms)} by SMS")


def history(run, message):
    rows = "\n".join(json.dumps(row) for row in run.alice.by_id[message])
    log = "\n".join(line for line in run.gateway.logs().splitlines() if message in line)
    return f"{message}:\n{rows}\n{log}\n{run.gateway.ctl('explain', message).text}"


def some(run, messages):
    return f"{len(messages)} messages, such as\n" + "\n".join(history(run, message) for message in messages[:3])


def test_every_message_has_an_end_or_is_in_doubt(run):
    lost = run.untold()
    assert not lost, some(run, lost)


def test_what_was_sealed_arrives_once_and_only_there(run):
    got = collections.Counter(row["text"] for row in run.bob.events if row["event"] == "message")
    wrong = [message for message, text in run.secure.items() if got[text] != 1]
    assert not wrong, some(run, wrong)
    assert len(got) == len(run.secure)
    wrong = [message for message in run.secure if any(row["protection"] != PROTECTION_E2E or row["kind"] != DELIVERED
                                                      for row in run.alice.receipts(message) if row["final"])]
    assert not wrong, some(run, wrong)


def test_no_text_leaves_twice_by_sms(run):
    got = collections.Counter(sms["text"] for sms in run.gateway.sms())
    known = {MARK + text: message for message, text in run.sms.items()}
    assert not set(got) - set(known)
    twice = [known[text] for text, count in got.items() if count > 1]
    assert not twice, some(run, twice)


def test_receipts_of_sms_are_true(run):
    """Delivered or sent: the phone has it. Failed: it has not. Not known: the sender is told that."""
    got = {sms["text"] for sms in run.gateway.sms()}
    wrong = []
    for message, text in run.sms.items():
        kinds = {row["kind"] for row in run.alice.receipts(message)}
        has = MARK + text in got
        if not kinds <= {2, SENT, DELIVERED, UNKNOWN, POSSIBLE_DUPLICATE} or (not has and kinds & {SENT, DELIVERED}):
            wrong.append(message)
    assert not wrong, some(run, wrong)


def test_most_sms_arrive(run):
    """In doubt is what a kill hit, not all that was under way."""
    doubt = [message for message in run.sms if any(row["kind"] == UNKNOWN for row in run.alice.receipts(message))]
    assert len(doubt) < len(run.sms) / 4, some(run, doubt)


def test_no_device_is_left_without_an_answer(run):
    stalled = [row["id"] for row in run.alice.events if row["event"] == "stall"]
    assert not stalled, some(run, stalled)


def test_devices_keep_their_state(run):
    assert run.exit_codes == [0, 0], run.alice.log.read_text() + run.bob.log.read_text()


def test_nothing_died_but_by_our_hand(run):
    log = (run.gateway.folder / "fallgated.log").read_text(errors="replace")
    assert "Sanitizer" not in log and "runtime error" not in log, tail(run.gateway.folder / "fallgated.log", 100)
    # A link goes with its vault: its parent kills it, or it leaves by itself before.
    deaths = [line for line in log.splitlines()
              if "died " in line and "Killed" not in line and not (re.search("died (smsc-a|apps)", line) and "exit code 1" in line)]
    assert not deaths, "\n".join(deaths[:20])


def test_the_store_is_whole(run, tmp_path):
    run.gateway.parent.stop()
    for path in (run.gateway.data / "core").glob("*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    stores = [path for path in tmp_path.glob("*") if path.read_bytes()[:15] == b"SQLite format 3"]
    assert stores
    for path in stores:
        with sqlite3.connect(path) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_log_verifies(run):
    """As an auditor sees it, and against the receipts in Alice's state."""
    arguments = ["--trust", run.gateway.trust, "--log", run.gateway.data / "log", "--state", run.alice_state]
    done = subprocess.run([sys.executable, verify_log.__file__, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
