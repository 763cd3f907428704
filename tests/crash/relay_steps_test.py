# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of each role at each step of flow C (applications over SMPP) and flow D (what phones send).

As steps_test.py: which steps a flow has is seen in rounds that nobody dies in, then each is driven on its own, as often as a round passes
it. The application is npm smpp, which binds again and submits again, under another text, what it got no answer to; the carrier is
fallgate-smsc, which brings receipts and messages of phones again until they are answered; the device connects again. The flows:

    sms      application -> phone -> delivery report -> receipt
    copies   application -> device -> acknowledgement -> receipt
    device   phone -> device
    parts    phone -> device, a long text in two parts
    number   phone -> application
    ask      a message for later: query_sm, cancel_sm, receipt
    change   a message for later gets another text and time: replace_sm, phone, receipt

What is not here: flows A and B, and the rows that those pass as well (steps_test.py).
"""
import collections
import json
import os
import signal
import socket

import pytest

from application import PEERS, LastingApplication
from faults import Control, carried, leg_was_open, role_at
from gateway import Gateway, find_program, run as command, tail, wait_for
from kannel import free_port
from kill_test import MARK, ROLES, SETTINGS, Device, test_nothing_died_but_by_our_hand  # noqa: F401

BOB = "+12025550102"
NUMBER = "12345"  # of the application
PHONE = "+12025550177"
CHILDREN = {"core", "log", "vault", "secure", "link", "link1"}  # link: to the carrier, link1: for applications
REACH_S = 5
CALM_ROUNDS = 3
ROUND_S = 20
ENROUTE = 1  # message_state
LATER, NOW = "000000010000000R", "000000000000000R"  # in an hour
TRIES = 10
LONG = " and more" * 20  # with what is before it 2 parts

# Frames of these flows alone: each row of lib/ipc/ipc.def with one of them is driven here at each moment.
FRAMES = {"SUBMIT", "SEALED", "TAKEN", "RELAY", "RELAYED", "UNSEAL", "COPIES", "APP_RECEIPT", "APP_TOLD", "APP_BOUND", "APP_ASK",
          "APP_ASKED", "APP_ANSWER", "APP_REPLACE", "REACH"}
DRIVEN = {row for row in carried() if row.split()[1] in FRAMES}

# Rows that no round passes, and what makes them pass: an application that comes and goes, or the role that is killed to come back.
BIND = "bind"
RESTART = {"link>vault APP_BOUND": BIND, "vault>core APP_BOUND": BIND, "vault>link REACH": "core"}
RESTART_STEPS = {f"{row} {moment}": stimulus for row, stimulus in RESTART.items() for moment in ("send", "sent", "receive")}


class Message:
    """A text under way: of an application (id, once it was accepted) or of a phone."""

    def __init__(self, flow, text, step):
        self.flow, self.text, self.step = flow, text, step
        self.id = None
        self.was_open = False  # a leg, when a vault or the link to the carrier died
        self.sent = 0  # by the carrier, so often
        self.new = None  # the text that replaces it

    def __repr__(self):
        return f"{self.flow} {self.text!r} id={self.id} step={self.step}"


class Steps:
    def __init__(self, gateway, control, bob, app):
        self.gateway, self.control, self.bob, self.app = gateway, control, bob, app
        self.messages = []
        self.number = 0
        self.step = None
        self.kills = collections.Counter()
        self.passes = {}  # flow: {step: how often}
        self.reached, self.missed, self.stuck, self.doubts = [], [], [], []
        self.killed = ""  # who died since it was all there

    # ---- the world ----

    def core_knows(self):
        text = self.gateway.ctl("links").text
        return "smsc-a           up" in text and "apps             up" in text and "receivers 1 " in text

    def settle(self):
        ready = wait_for(lambda: set(self.gateway.children()) == CHILDREN and self.bob.ready and self.app.bound)
        if self.killed not in ("log", "secure"):  # of links and binds the core knows all the time then
            ready = ready and wait_for(self.core_knows)
        assert ready, (f"not ready: {self.gateway.children()} {self.bob.ready} {self.app.bound}\n{self.gateway.ctl('links').text}\n"
                       f"{tail(self.gateway.parent.log)}")

    def smsc(self, *words):
        """What the emulator answers to an order."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.gateway.folder / "smsc.control"))
            asked.sendall("".join(word + "\0" for word in words).encode())
            asked.shutdown(socket.SHUT_WR)
            return "".join(iter(lambda: asked.recv(65536).decode(), ""))

    def counters(self):
        return json.loads(self.smsc("counters", "--json"))

    def left_with_the_carrier(self):
        """Receipts and messages of phones that are not answered for good."""
        counters = self.counters()
        return counters["receipts_pending"] + counters["mo_pending"] + counters["deliver_open"]

    # ---- one round of each flow: it ends when its message has ----

    def new(self, flow):
        self.number += 1
        message = Message(flow, f"{flow} {self.number}", self.step)
        self.messages.append(message)
        return message

    def until(self, message, done):
        if not wait_for(done, ROUND_S):
            self.stuck.append(message)

    def asked(self, name, enough=lambda answer: answer["status"] == 0, **fields):
        """The answer to a question that is asked until it gets one: refused is later, and so is a connection that ends. None: it ended."""
        def answered():
            nonlocal answer
            answer = self.app.ask(name, **fields)
            return answer is None or enough(answer)
        answer = None
        assert wait_for(lambda: self.app.bound) and wait_for(answered, ROUND_S), f"{name} {fields}: {answer}\n{tail(self.gateway.parent.log)}"
        return answer

    def submit(self, flow, destination, **more):
        """The message that was accepted; those that nobody can tell whether they were are kept as well."""
        for _ in range(TRIES):
            message = self.new(flow)
            answer = self.asked("submit_sm", source_addr="Shop", source_addr_ton=5, destination_addr=destination, dest_addr_ton=1,
                                dest_addr_npi=1, registered_delivery=1, short_message=message.text, **more)
            if answer:
                message.id = answer["message_id"]
                return message
        raise AssertionError(f"never accepted: {message}")

    def told(self, message):
        return self.app.receipts[message.id]

    def shown(self, message):
        return sum(row["event"] == "message" and row["text"] == message.text for row in self.bob.events)

    def at_phone(self, message, text=None):
        return sum(row["text"] == MARK + (text or message.text) for row in self.gateway.sms())

    def in_doubt(self, message):
        return ": in_doubt\n" in self.gateway.ctl("explain", message.id).text

    def some_phone(self):
        """One that the emulator delivers to: the last digits from 80 on are outcomes."""
        return f"1202557{self.number // 80 % 100:02}{self.number % 80:02}"

    def sms(self):
        message = self.submit("sms", self.some_phone())
        wait_for(lambda: self.told(message), 0.3)
        self.until(message, lambda: self.told(message) or (not self.at_phone(message) and self.in_doubt(message)))

    def copies(self):
        message = self.submit("copies", BOB[1:])
        self.until(message, lambda: self.told(message) and self.shown(message))

    def phone(self, flow, destination, arrived, source=PHONE, more=""):
        message = self.new(flow)
        message.text += more
        before = self.counters()["mo"]
        assert self.smsc("mo", source, destination, "deliver_sm", "", message.text) == "ok\n"
        self.until(message, lambda: arrived(message) and not self.left_with_the_carrier())
        message.sent = self.counters()["mo"] - before

    def device(self):
        self.phone("device", BOB, self.shown)

    def parts(self):
        """Each from a phone of its own: what is left over of a message that was brought twice waits for the rest of it."""
        self.phone("parts", BOB, self.shown, f"+1202556{self.number:04}", LONG)

    def number_(self):
        self.phone("number", NUMBER, lambda message: self.app.messages[message.text])

    def ask(self):
        message = self.submit("ask", "12025580001", schedule_delivery_time=LATER)
        query = {"message_id": message.id, "source_addr": "Shop"}
        cancel = {**query, "source_addr_ton": 5, "destination_addr": ""}
        answer = wait_for(lambda: self.asked("query_sm", **query), ROUND_S)
        assert answer and answer["message_state"] == ENROUTE, answer
        assert wait_for(lambda: self.asked("cancel_sm", lambda said: said["status"] == 0 or self.told(message), **cancel), ROUND_S)
        self.until(message, lambda: self.told(message))

    def change(self):
        """The application asks until it is told that the new text is there, or that it is too late, since its first question did it."""
        message = self.submit("change", self.some_phone(), schedule_delivery_time=LATER)
        message.new = message.text + " changed"
        fields = {"message_id": message.id, "source_addr": "Shop", "source_addr_ton": 5, "registered_delivery": 1, "short_message": message.new,
                  "schedule_delivery_time": NOW}
        assert wait_for(lambda: self.asked("replace_sm", lambda said: said["status"] == 0 or self.told(message), **fields), ROUND_S)
        self.until(message, lambda: self.told(message) or (not self.at_phone(message, message.new) and self.in_doubt(message)))

    FLOWS = {"change": change, "sms": sms, "copies": copies, "device": device, "parts": parts, "number": number_, "ask": ask}

    # ---- kills ----

    def calm(self, flow):
        self.settle()
        self.control.forget()
        self.FLOWS[flow](self)
        return [step for step in self.control.trace() if role_at(step) in ROLES]

    def drive(self, flow, step, number, stimulus=None):
        """Let the process that comes to step for the number-th time die there."""
        self.settle()
        before = self.gateway.children()
        self.step = (step, number)
        first = len(self.messages)
        self.control.forget()
        self.control.arm(step, number)
        if stimulus == BIND:
            self.app.leave()
        elif stimulus:
            os.kill(before[stimulus], signal.SIGKILL)
        self.FLOWS[flow](self)
        reached = wait_for(self.control.died, REACH_S if number == 1 else 0.1)
        self.control.disarm()
        self.step = None
        (self.reached if reached else self.missed).append((flow, step, number))
        if not reached:
            return
        who = [name for name, pid in before.items() if pid == self.control.died()]
        assert who and who[0].rstrip("1") == role_at(step), f"another process than {role_at(step)} died at {step}: {who}"
        for message in self.messages[first:]:
            message.was_open = who[0] in ("vault", "link") and leg_was_open(self.control.trace(), step, number)
        self.killed = who[0]
        self.kills[who[0]] += 1
        assert wait_for(lambda: self.gateway.children().get(who[0], before[who[0]]) != before[who[0]]), f"{who[0]} did not come back after {step}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    folder, port = tmp_path_factory.mktemp("gw"), free_port()
    control = Control(folder / "faults")
    gateway = Gateway(folder, settings=SETTINGS, link={"window": 50}, more_links=[{"name": "apps", "adapter": "smpp-server", "port": port}],
                      smsc_options=["--receipt-delay", "0", "--repeat", "--control", folder / "smsc.control"])
    secret = command([find_program("fallgatectl", gateway.build), "hash-secret", "--password", "secret8"]).text.strip()
    gateway.accounts = [{"name": "app", "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop", "numbers": NUMBER, "secure": "on"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FG_FAULT_FILE", str(folder / "faults"))
        with gateway, LastingApplication(port) as app:
            bob = gateway.register("bob", BOB)
            steps = Steps(gateway, control, Device(gateway, bob), app)
            drive_all(steps)
            steps.exit_codes = [steps.bob.close()]
            steps.alice_state = bob.state  # whose receipts the log is checked against
            yield steps
            print(f"kills: {dict(steps.kills)}; not reached again: {steps.missed}; in doubt: {steps.doubts}")


def drive_all(run):
    only = os.environ.get("FG_CRASH_FLOWS", "").split() or list(run.FLOWS)
    for flow in only:
        wait_for(lambda: not run.left_with_the_carrier())  # what is brought again passes steps as well
        rounds = [run.calm(flow) for _ in range(CALM_ROUNDS)]
        counts = [collections.Counter(steps) for steps in rounds]
        # What a round passes by chance, such as news of a link, is no step of the flow.
        run.passes[flow] = {step: min(count[step] for count in counts) for step in counts[0] if all(step in count for count in counts)}
        for step, count in run.passes[flow].items():
            for number in range(1, count + 1):
                run.drive(flow, step, number)
    for step, stimulus in RESTART_STEPS.items():
        run.drive("copies", step, 1, stimulus)
    run.settle()
    wait_for(lambda: not run.left_with_the_carrier())
    run.left = run.left_with_the_carrier()
    run.doubts = [message for message in of(run, "sms", "change") if message.id and not run.told(message) and run.in_doubt(message)]


def some(run, messages):
    def history(message):
        if not message.id:
            return f"{message}"
        log = "\n".join(line for line in run.gateway.logs().splitlines() if message.id in line)
        return (f"{message} told {run.told(message)} at the phone {run.at_phone(message)} shown {run.shown(message)}\n{log}\n"
                f"{run.gateway.ctl('explain', message.id).text}")
    return f"{len(messages)} messages: {[message.step for message in messages]}, such as\n" + "\n".join(map(history, messages[:3]))


def of(run, *flows):
    return [message for message in run.messages if message.flow in flows]


def test_each_row_of_these_flows_died_at_each_moment(run):
    assert DRIVEN and FRAMES == {row.split()[1] for row in DRIVEN}
    missing = {f"{row} {moment}" for row in DRIVEN for moment in ("send", "sent", "receive")} - {step for _, step, _ in run.reached}
    assert not missing, "not reached"
    missing = [(flow, step) for flow, steps in run.passes.items() for step in steps if (flow, step, 1) not in run.reached]
    assert not missing, "not reached"
    assert set(run.kills) == CHILDREN


def test_every_round_ended(run):
    assert not run.stuck, some(run, run.stuck)


def test_what_was_accepted_ends_in_one_final_receipt(run):
    """Told at least once, and always the same. In doubt is what a dying vault or link left so, until a report comes or the time is over."""
    wrong = []
    for message in of(run, "sms", "copies", "ask", "change"):
        ends = {text.partition(" stat:")[2].split()[0] for text in run.told(message)}
        expected = {"DELETED"} if message.flow == "ask" else {"DELIVRD"}
        if message.id and ends != expected and not (not ends and message in run.doubts and message.was_open and not run.at_phone(message, message.new)):
            wrong.append(message)
    assert not wrong, some(run, wrong)


def test_the_carrier_has_an_answer_to_all_it_brought(run):
    assert not run.left, "receipts or messages of phones"


def test_no_text_leaves_twice_by_sms(run):
    texts = collections.Counter(row["text"] for row in run.gateway.sms())
    twice = [message for message in run.messages if max(texts[MARK + message.text], texts[MARK + (message.new or "")]) > 1]
    assert not twice, some(run, twice)
    assert set(texts) <= {MARK + (message.new or message.text) for message in of(run, "sms", "change")}, "only what goes to phones"


def test_a_text_that_was_replaced_never_leaves(run):
    """Once the application knows that there is a new one; here nothing leaves before."""
    old = [message for message in of(run, "change") if run.at_phone(message)]
    assert of(run, "change") and not old, some(run, old)


def test_what_goes_to_a_device_is_shown_once(run):
    wrong = [message for message in of(run, "copies") if run.shown(message) != 1 and (message.id or run.shown(message))]
    assert not wrong, some(run, wrong)


def test_what_a_phone_sent_is_shown_once_for_each_time_it_was_brought(run):
    """At least once; and once when the carrier brought it once."""
    wrong = [message for message in of(run, "device") if not 1 <= run.shown(message) <= message.sent]
    assert not wrong, some(run, wrong)


def test_a_long_text_is_shown_whole(run):
    """Once, unless the carrier brought both parts again."""
    wrong = [message for message in of(run, "parts") if not 1 <= run.shown(message) <= message.sent // 2]
    assert of(run, "parts") and not wrong, some(run, wrong)


def test_what_a_phone_sent_to_a_number_reaches_the_application(run):
    wrong = [message for message in of(run, "number") if not run.app.messages[message.text]]
    assert not wrong, some(run, wrong)


def test_the_device_keeps_its_state(run):
    assert run.exit_codes == [0], run.bob.log.read_text()


# They end the gateway, so they come last.
from kill_test import test_the_store_is_whole, test_the_log_verifies  # noqa: E402,F401  pylint: disable=wrong-import-position
