# SPDX-License-Identifier: GPL-3.0-or-later
"""The test's side of lib/base/fault.h: let a process die at a step, see which steps were passed, and know what steps a table of frames has.

A gateway takes part when it is started with FG_FAULT_FILE naming the file of a Control, and was built with --enable-fault-points. What is
not here: which steps a flow has, which the tests see.
"""
import mmap
import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = ["core", "log", "vault", "link", "secure"]


class Control:
    """struct fg_fault_control of lib/base/fault.h, shared with all processes of the gateway."""

    HEAD = struct.Struct("=IIII64s")
    STEP, TRACE_MAX = 64, 8192
    ARMED, DONE = 1, 2

    def __init__(self, path):
        path.write_bytes(bytes(self.HEAD.size + self.STEP * self.TRACE_MAX))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def word(self, index):
        return struct.unpack_from("=I", self.map, 4 * index)[0]

    def put(self, index, value):
        struct.pack_into("=I", self.map, 4 * index, value)

    def arm(self, step, passes):
        self.put(0, 0)
        struct.pack_into("=I8x64s", self.map, 4, passes, step.encode())
        self.put(0, self.ARMED)

    def died(self):
        """The process that died at the step, once it has."""
        return self.word(2) if self.word(0) == self.DONE else 0

    def disarm(self):
        if self.word(0) == self.ARMED:
            self.put(0, 0)

    def forget(self):
        self.put(3, 0)

    def trace(self):
        count = min(self.word(3), self.TRACE_MAX)
        steps = (self.map[at:at + self.STEP] for at in range(self.HEAD.size, self.HEAD.size + count * self.STEP, self.STEP))
        return [step.split(b"\0")[0].decode() for step in steps]


def carried():
    """FROM>TO FRAME of each row of lib/ipc/ipc.def between the five roles of a flow."""
    rows = re.findall(r"^FG_IPC_CARRIES\((\w+), (\w+), (\w+)\)", (ROOT / "lib/ipc/ipc.def").read_text(), re.M)
    return [f"{who.lower()}>{whom.lower()} {frame}" for who, whom, frame in rows if {who.lower(), whom.lower()} <= set(ROLES)]


def row_of(step):
    """A step without its moment."""
    return step.rpartition(" ")[0]


def role_at(step):
    """Who is there and dies."""
    place, *_, moment = step.split()
    who, _, whom = place.partition(">")
    return whom if moment == "receive" else who


# Between these two an SMS may have left without anybody knowing: the leg is durable, its outcome is not. Steps, and numbers of passes.
OPENED, SETTLED = ("vault disk JOURNAL before", 1), ("vault disk JOURNAL after", 2)


def passed(trace, step, number):
    """Where in the trace it is passed for the number-th time; behind its end: never."""
    places = [place for place, other in enumerate(trace) if other == step]
    return places[number - 1] if len(places) >= number else len(trace)


def leg_was_open(trace, step, number):
    """Of the one SMS of a traced round, when the process at that step died."""
    return passed(trace, *OPENED) < passed(trace, step, number) < passed(trace, *SETTLED)
