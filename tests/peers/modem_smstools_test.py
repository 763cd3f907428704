# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's smstools takes fallgate-modem for a phone: sends, gets its reports, receives, and goes on after an unplug."""
import re
import shutil

import pytest

from gateway import Process, wait_for
from modem import SENDER, Modem

SMSD = shutil.which("smsd") or shutil.which("/usr/sbin/smsd")
pytestmark = pytest.mark.skipif(not SMSD, reason="smstools is not installed")

TEXT = "(Not encrypted) " + "Привет, мир! " * 10 + "конец"  # it knows no characters beyond UCS-2
ANSWER = "Снег идёт. " * 12 + "конец"
FOLDERS = ("outgoing", "checked", "incoming", "report", "sent", "failed")
# Levels 0 to 4 are complaints, but for what it says of its own start.
STARTED = r"Smsd v|Running (as|in)|File mode creation mask"
UNPLUGGED = r"Couldn't open serial port|write_to_modem: error 5|Unexpected answer|did not answer|Modem is not ready|handle is not valid|tcgetattr"


class Smsd:
    """smsd on a modem, with its spool folders."""

    def __init__(self, folder, device, init):
        self.folder = folder
        for name in FOLDERS:
            (folder / name).mkdir()
        self.log = folder / "smsd.log"
        conf = folder / "smsd.conf"
        conf.write_text("\n".join([
            "devices = GSM1", *(f"{name} = {folder}/{name}" for name in FOLDERS), f"logfile = {self.log}", f"infofile = {folder}/working",
            f"pidfile = {folder}/pid", "loglevel = 7", "delaytime = 1", "delaytime_mainprocess = 1", "incoming_utf8 = yes",
            "[GSM1]", f"device = {device}", "incoming = yes", "report = yes", "keep_open = no", "decode_unicode_text = yes", "device_open_errorsleeptime = 1", f"init = {init}", ""]))
        self.process = Process("smsd", [SMSD, "-t", "-c", conf], folder / "smsd.out")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def send(self, text, to="12025550144"):
        waiting = self.folder / "message"
        waiting.write_text(f"To: {to}\nReport: yes\nAlphabet: UTF\n\n{text}", encoding="utf-8")
        waiting.rename(self.folder / "outgoing" / "message")

    def texts(self, name):
        """Of whole messages: parts are kept in a file of another name."""
        return [path.read_text(encoding="utf-8") for path in sorted((self.folder / name).glob("GSM1.*"))]

    def wait(self, name, good, count=1, seconds=90):
        """The texts in that folder that are good, when there are so many."""
        def found():
            texts = [text for text in self.texts(name) if good(text)]
            return len(texts) >= count and texts
        assert wait_for(found, seconds), f"no {count} in {name}: {self.texts(name)}\n{self.log.read_text(errors='replace')[-4000:]}"
        return found()

    def complaints(self, besides=STARTED):
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if re.match(r"[^,]*,[0-4],", line) and not re.search(besides, line)]


def ends(text):
    return lambda whole: whole.endswith(text)


@pytest.mark.parametrize("profile", ["generic", "siemens", "huawei"])
def test_smstools_sends_receives_and_is_told(tmp_path, profile):
    with Modem("--profile", profile) as modem, Smsd(tmp_path, modem.link, "AT+CNMI=2,1,0,2") as smsd:
        smsd.send(TEXT)
        sent = modem.wait("sent")[0]
        assert (sent["text"], sent["parts"], sent["destination"], sent["report"]) == (TEXT, 3, "+12025550144", True)
        reports = smsd.wait("report", lambda text: "Status: 0,Ok" in text, 3)
        assert sent["reference"] in [int(re.search(r"Message_id: (\d+)", report)[1]) for report in reports]
        modem.ctl("receive", SENDER, ANSWER)
        received = smsd.wait("incoming", ends(ANSWER))[0]
        assert "From: 12025550123" in received
        assert smsd.complaints() == []
        counters = modem.counters()
        assert set(counters["cms"]) <= {"321"}, "it looks at empty places, and at nothing else that is refused"
        assert counters["unknown"] == 0


def test_smstools_goes_on_after_an_unplug(tmp_path):
    with Modem() as modem, Smsd(tmp_path, modem.link, "AT+CNMI=2,1,0,2") as smsd:
        modem.ctl("receive", SENDER, "before")
        smsd.wait("incoming", ends("before"))
        modem.ctl("wait", "deleted", "1")
        modem.ctl("unplug")
        modem.ctl("receive", SENDER, "meanwhile")
        assert wait_for(smsd.complaints, 60), "it did not notice"
        modem.ctl("plug")
        smsd.wait("incoming", ends("meanwhile"), seconds=120)
        smsd.send(TEXT)
        modem.wait("sent", seconds=120)
        smsd.wait("report", lambda text: "Status: 0,Ok" in text, 3)
        assert smsd.complaints(f"{STARTED}|{UNPLUGGED}") == []
