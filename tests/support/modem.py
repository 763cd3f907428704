# SPDX-License-Identifier: GPL-3.0-or-later
"""A running fallgate-modem in a folder of its own: its control socket, and what it shows as JSON lines.

    with Modem(folder) as modem:
        modem.ctl("receive", "+12025550123", "hi")
        sent = modem.wait("sent")
"""
import json
import pathlib
import subprocess
import tempfile

from gateway import Process, find_program, wait_for

SENDER = "+12025550123"


class Modem:
    """link: what programs open; with at="@name" or a path it is a Unix socket instead of a pseudo-terminal."""

    def __init__(self, *options, at=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fallgate-modem-"))
        self.program = find_program("emulators/modem/fallgate-modem")
        self.socket = self.folder / "control"
        self.link = self.folder / "modem0"
        place = ["--unix", at] if at else ["--link", self.link]
        self.output = self.folder / "events.jsonl"
        self.process = Process("fallgate-modem", [self.program, *place, "--control", self.socket, "--json", "--record", self.folder / "transcript",
                                                  *options], self.folder / "log", output=self.output)
        self.process.wait_line(r"modem 0 is at \S+")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def run(self, *words):
        return subprocess.run([self.program, "ctl", self.socket, *words], capture_output=True, text=True, timeout=60, check=False)

    def ctl(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def counters(self):
        return json.loads(self.ctl("counters", "--json"))

    def events(self, kind=None):
        """What it has shown so far."""
        shown = [json.loads(line) for line in self.output.read_text().splitlines()]
        return [event for event in shown if kind in (None, event["event"])]

    def wait(self, kind, count=1, seconds=60):
        """The events of that kind, when there are so many."""
        found = wait_for(lambda: len(self.events(kind)) >= count and self.events(kind), seconds)
        assert found, f"no {count} x {kind}: {self.events()}\n{self.transcript()}"
        return found

    def transcript(self):
        return (self.folder / "transcript").read_text()
