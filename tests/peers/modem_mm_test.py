# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's ModemManager takes fallgate-modem for a phone: sends, gets its report, receives, and goes on after an unplug.

It runs on a bus of its own, without udev, and reaches the modem by a Unix socket: a pseudo-terminal is no device that it would look at.
"""
import json
import os
import re
import shutil
import subprocess

import pytest

from gateway import Process, wait_for
from modem import SENDER, Modem

DAEMON = shutil.which("ModemManager") or shutil.which("/usr/sbin/ModemManager")
NEEDED = [DAEMON, *(shutil.which(name) for name in ("mmcli", "dbus-daemon", "dbus-send"))]
pytestmark = pytest.mark.skipif(not all(NEEDED), reason="modemmanager, dbus-daemon or dbus-bin is not installed")

TEXT = "(Not encrypted) " + "Привет, мир! " * 10 + "😀"
ANSWER = "Снег идёт. " * 12 + "😀"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


class ModemManager:
    """On a private bus. The socket's name in the abstract namespace has the prefix that it wants."""

    def __init__(self, folder):
        self.name = f"abstract:fallgate-{os.getpid()}"
        self.log = folder / "mm.log"
        self.bus = f"unix:path={folder}/bus"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self.bus, "DBUS_SYSTEM_BUS_ADDRESS": self.bus}
        conf = folder / "bus.conf"
        conf.write_text(BUS.format(path=folder / "bus"))
        self.processes = [Process("dbus-daemon", [NEEDED[2], f"--config-file={conf}", "--nofork"], folder / "bus.log")]
        assert wait_for((folder / "bus").exists)
        self.processes.append(Process(
            "ModemManager", [DAEMON, "--test-session", "--test-enable", "--test-no-udev", "--test-no-qrtr", "--test-no-suspend-resume",
                             "--log-level=DEBUG"], self.log, environment=self.environment))
        self.processes[1].wait_line("was acquired", seconds=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()

    def cli(self, *words):
        done = subprocess.run(["mmcli", "-J", *words], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, **self.environment})
        return done.stdout if done.returncode == 0 else ""

    def show(self, *words):
        said = self.cli(*words)
        return json.loads(said) if said.startswith("{") else {}

    def modems(self):
        return self.show("-L").get("modem-list", [])

    def begin(self):
        """Tell it of the modem, as udev would; then switch the modem on."""
        before = self.modems()
        subprocess.run([NEEDED[3], f"--bus={self.bus}", "--dest=org.freedesktop.ModemManager1", "--type=method_call", "--print-reply",
                        "/org/freedesktop/ModemManager1", "org.freedesktop.ModemManager1.Test.SetProfile", "string:fallgate",
                        "string:generic", f"array:string:{self.name}"], check=True, capture_output=True, timeout=60)
        assert wait_for(lambda: [path for path in self.modems() if path not in before], 90), self.tail()
        self.modem = [path for path in self.modems() if path not in before][0]
        assert wait_for(lambda: self.enabled(), 90), self.tail()

    def enabled(self):
        self.cli("-m", self.modem, "-e")
        return self.show("-m", self.modem)["modem"]["generic"]["state"] in ("enabled", "registered")

    def messages(self):
        """Each as ModemManager shows it."""
        paths = self.show("-m", self.modem, "--messaging-list-sms").get("modem.messaging.sms", [])
        return [shown["sms"] for shown in (self.show("-s", path) for path in paths) if shown]

    def wait_message(self, good):
        found = wait_for(lambda: [message for message in self.messages() if good(message)], 60)
        assert found, f"{self.messages()}\n{self.tail()}"
        return found[0]

    def send(self, text, to="+12025550144"):
        said = self.cli("-m", self.modem, f"--messaging-create-sms=text='{text}',number='{to}',delivery-report-request=yes")
        path = re.search(r"/org/freedesktop/ModemManager1/SMS/\d+", said)[0]
        subprocess.run(["mmcli", "-s", path, "--send"], check=True, capture_output=True, timeout=90, env={**os.environ, **self.environment})

    def tail(self):
        return self.log.read_text(errors="replace")[-4000:]

    def complaints(self):
        return [line for line in self.log.read_text(errors="replace").splitlines() if re.search(r"<(warn|err)", line)]


def delivered(reference):
    def good(message):
        properties = message["properties"]
        return properties["message-reference"] == str(reference) and properties["delivery-state"] == "completed-received"
    return good


def received(text):
    return lambda message: message["content"]["text"] == text and message["properties"]["state"] == "received"


def test_modemmanager_sends_receives_is_told_and_goes_on_after_an_unplug(tmp_path):
    with ModemManager(tmp_path) as manager, Modem(at=f"@{manager.name}") as modem:
        manager.begin()
        manager.send(TEXT)
        sent = modem.wait("sent")[0]
        assert (sent["text"], sent["parts"], sent["destination"], sent["report"]) == (TEXT, 3, "+12025550144", True)
        manager.wait_message(delivered(sent["reference"]))
        modem.ctl("receive", SENDER, ANSWER)
        assert manager.wait_message(received(ANSWER))["content"]["number"] == SENDER
        assert manager.complaints() == []
        assert modem.counters()["cms"] == {}
        modem.ctl("unplug")
        manager.processes[1].wait_line("unexpected port hangup", seconds=60)
        modem.ctl("receive", SENDER, "meanwhile")
        modem.ctl("plug")
        manager.begin()
        manager.wait_message(received("meanwhile"))
        manager.send(TEXT)
        manager.wait_message(delivered(modem.wait("sent", 2)[1]["reference"]))
        assert manager.complaints() == []
