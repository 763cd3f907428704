# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of each role at each step of flow A and flow B.

A step is what lib/base/fault.h names: a frame of lib/ipc/ipc.def about to be written, written, or received and not yet handled; a journal
or the store about to become durable, or durable. Which steps the flows have is not written down here but seen: a round that nobody dies in
is traced. Then for each step, as often as a round passes it, the process that is there is killed while Alice sends to Bob's device and, with
consent, to a number. A frame of the table that no round passes must stand in RESTART (it is driven by a process that comes back, or by a
device that comes and goes), in relay_steps_test.DRIVEN, which that module drives, or in EXCEPTIONS, with the reason. The gateway is one and
the same for all steps, so damage would add up. It has to be built with --enable-fault-points. What is not here: kills at random moments under load, which kill_test.py has.
"""
import collections
import os
import random
import signal

import pytest

import relay_steps_test
from faults import Control, carried, leg_was_open, role_at, row_of
from gateway import Gateway, tail, wait_for
from kill_test import (BOB, MARK, ROLES, SETTINGS, SETTLE_S, UNKNOWN, Device, Run, some, test_devices_keep_their_state,  # noqa: F401
                       test_every_message_has_an_end_or_is_in_doubt, test_no_device_is_left_without_an_answer,
                       test_no_text_leaves_twice_by_sms, test_nothing_died_but_by_our_hand, test_receipts_of_sms_are_true,
                       test_the_store_is_whole, test_what_was_sealed_arrives_once_and_only_there, test_the_log_verifies)

REACH_S = 10
CALM_ROUNDS = 2

# Frames that a round does not pass, and what makes them pass: the role that is killed to come back, or a device that comes and goes.
VISIT = "visit"
RESTART = {
    "vault>log FOLLOWED": "vault",
    "log>core SEAL_KEY": "log",
    "vault>core SEAL_KEY": "vault",
    "vault>core LINK": "link",
    "link>vault LINK": "link",
    "secure>core LINK": "secure",
    "secure>core CONN_OPEN": VISIT,
    "secure>core CONN_CLOSED": VISIT,
    "core>secure CONN_LOGIN": VISIT,
}

RESTART_STEPS = {f"{row} {moment}": stimulus for row, stimulus in RESTART.items() for moment in ("send", "sent", "receive")}

EXCEPTIONS = {
    "core>log ACCOUNT": "a registration, before any flow",
    "log>vault ACCOUNT": "a registration, before any flow",
    "vault>core ACCOUNT_NOTED": "a registration, before any flow",
    "core>log HEAD_QUERY": "an audit, after the flow",
    "log>core HEAD": "an audit, after the flow",
    "log>core REFUSED": "an order that goes no further: nothing was opened, and it is given again or ends",
    "vault>core REFUSED": "the same",
    "vault>log ALARM": "the log has lied, which in these flows it does not",
    "vault>link DRAIN": "a gateway that is stopped by its operator",
    "core>secure DRAIN": "a gateway that is stopped by its operator",
    "core>vault DRAIN": "a link that its operator drains",
    "link>vault DRAIN": "a link that is stopped by its operator",
    "core>secure CONN_DROP": "a device that does not keep to the protocol",
}


class Steps(Run):
    def __init__(self, gateway, control, alice, bob, visitor):
        super().__init__(gateway, alice, bob, random.Random(0))
        self.control, self.visitor = control, visitor
        self.reached, self.missed = [], []  # (step, number)
        self.at = {}  # message: (step, number) that was armed while it was under way, None in a calm round
        self.open = set()  # (step, number) at which a vault or link died while a leg was open

    def settle(self):
        assert wait_for(self.ready), f"not ready: {self.gateway.children()}\n{tail(self.gateway.parent.log)}"

    def pair(self, step=None):
        """A message of each flow, one after the other, so that each round passes the same steps."""
        number = len(self.secure)
        sms = f"+1202556{number // 80 % 100:02}{number % 80:02}"
        for messages, handle, bearer in ((self.secure, BOB, "secure"), (self.sms, sms, "sms")):
            message = self.new_id()
            messages[message] = f"{bearer} {number} {message}"
            self.at[message] = step
            self.alice.send(message, handle, bearer, messages[message])
            assert wait_for(lambda: self.is_told(message)), some(self, [message])

    def calm(self):
        """How often each step is passed by a round that nobody dies in."""
        self.settle()
        self.control.forget()
        self.pair()
        wait_for(lambda: any(row["final"] for row in self.alice.receipts([*self.sms][-1])))
        return collections.Counter(step for step in self.control.trace() if role_at(step) in ROLES)

    def drive(self, step, number, stimulus=None):
        """Let the process that comes to step for the number-th time die there."""
        self.settle()
        role = role_at(step)
        before = self.gateway.children()
        self.control.forget()
        self.control.arm(step, number)
        if stimulus == VISIT:
            self.visitor.run("lookup", BOB)
        elif stimulus:
            os.kill(before[stimulus], signal.SIGKILL)
        self.pair((step, number))
        reached = wait_for(self.control.died, REACH_S if number == 1 else 0.1)
        self.control.disarm()
        (self.reached if reached else self.missed).append((step, number))
        if not reached:
            return
        self.kills[role] += 1
        if role in ("vault", "link") and leg_was_open(self.control.trace(), step, number):
            self.open.add((step, number))
        dead = self.control.died()
        assert stimulus or dead == before[role], f"another process than {role} died at {step}"
        assert wait_for(lambda: self.gateway.children().get(role, dead) != dead), f"{role} did not come back after {step}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gw")
    control = Control(folder / "faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FG_FAULT_FILE", str(folder / "faults"))
        with Gateway(folder, settings=SETTINGS, link={"window": 50}, smsc_options=["--receipt-delay", "0"]) as gateway:
            alice, bob = gateway.register("alice", "+12025550101"), gateway.register("bob", BOB)
            steps = Steps(gateway, control, Device(gateway, alice), Device(gateway, bob), gateway.register("carol", "+12025550103"))
            drive_all(steps)
            steps.exit_codes = [steps.alice.close(), steps.bob.close()]
            steps.alice_state = alice.state
            yield steps
            print(f"kills: {dict(steps.kills)}; not reached again: {steps.missed}")


def drive_all(run):
    run.settle()
    rounds = [run.calm() for _ in range(CALM_ROUNDS)]
    run.passes = rounds[0]
    for other in rounds[1:]:
        run.passes |= other
    for step, count in run.passes.items():
        for number in range(1, count + 1):
            run.drive(step, number)
    for step, stimulus in RESTART_STEPS.items():
        run.drive(step, 1, stimulus)
    wait_for(lambda: not run.untold(), SETTLE_S)


def test_every_frame_of_the_table_is_a_step_or_an_exception(run):
    rows = set(carried())
    driven = {row_of(step) for step, _ in run.reached}
    assert rows
    assert not rows - driven - relay_steps_test.DRIVEN - set(EXCEPTIONS), "neither driven, here or there, nor an exception with its reason"
    assert not (set(EXCEPTIONS) | set(RESTART)) - rows, "no longer in the table"
    assert not set(EXCEPTIONS) & ({row_of(step) for step in run.passes} | relay_steps_test.DRIVEN), "a round passes what is called an exception"


def test_each_role_died_at_each_step(run):
    missing = [step for step in [*run.passes, *RESTART_STEPS] if (step, 1) not in run.reached]
    assert not missing, "not reached"
    assert set(run.kills) == set(ROLES)
    assert {"core disk COMMIT", "log disk JOURNAL", "vault disk JOURNAL"} <= {row_of(step) for step in run.passes}


def test_there_is_doubt_only_where_a_leg_was_open(run):
    """Elsewhere the SMS has arrived, and Alice knows: before the leg is durable nothing can have been sent, after its outcome is, all is
    known. A core, a log or a secure link that dies leaves no doubt anywhere."""
    got = {sms["text"] for sms in run.gateway.sms()}
    wrong = [message for message, text in run.sms.items() if run.at[message] not in run.open and
             (MARK + text not in got or any(row["kind"] == UNKNOWN for row in run.alice.receipts(message)))]
    assert not wrong, f"{[run.at[message] for message in wrong]}\n{some(run, wrong)}"
