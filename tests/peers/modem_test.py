# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgate-modem, the whole program, as docs/emulator-modem.md says that it is used; the device is opened as any file."""
import json
import os
import select
import subprocess

import pytest

from gateway import find_program, wait_for
from modem import SENDER, Modem

# SMS-SUBMIT to +12025550144 with a report, "hello"
HELLO = "0021000B912120550541F4000005E8329BFD06"


class Device:
    """An opened modem, echo switched off."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.ask("ATE0")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def hear(self, end="OK\r\n", seconds=20):
        """What it says up to that end."""
        said = b""
        while not said.endswith(end.encode()):
            assert select.select([self.fd], [], [], seconds)[0], f"{said} and no {end!r}"
            said += os.read(self.fd, 4096)
        return said.decode()

    def ask(self, line, end="OK\r\n"):
        os.write(self.fd, line.encode() + b"\r")
        return self.hear(end)

    def send(self, pdu=HELLO, end="OK\r\n"):
        self.ask(f"AT+CMGS={len(pdu) // 2 - 1}", "> ")
        os.write(self.fd, pdu.encode() + b"\x1a")
        return self.hear(end)


def test_a_report_of_an_hour_comes_when_the_clock_is_moved():
    with Modem("--clock", "virtual", "--seed", "7", "--report-delay", "1h") as modem, Device(modem.link) as device:
        device.ask("AT+CNMI=2,1,0,1")
        assert device.send() == "\r\n+CMGS: 7\r\n\r\nOK\r\n"
        modem.ctl("wait", "taken", "1")
        sent = modem.wait("sent")[0]
        assert (sent["reference"], sent["destination"], sent["text"], sent["parts"]) == (7, "+12025550144", "hello", 1)
        modem.ctl("advance", "59m")
        assert modem.counters()["reports"] == 0
        modem.ctl("advance", "1m")
        assert device.hear("\r\n").startswith("\r\n")
        assert modem.wait("report")[0]["detail"]
        assert modem.counters()["routed"] == 1


def test_orders_say_what_happens_next(tmp_path):
    script = tmp_path / "script"
    script.write_text("# out of order once\n44 38 times=1\nafter 1h receive +12025550123 Hello there\n")
    with Modem("--clock", "virtual") as modem, Device(modem.link) as device:
        device.ask("AT+CNMI=2,1")
        modem.ctl("script", script)
        assert device.send(end="\r\n").startswith("\r\n")
        assert modem.wait("refused")[0]["reference"] == 38
        device.send()
        modem.ctl("advance", "1h")
        assert '+CMTI: "SM",1' in device.ask("AT")
        assert "Hello there" in device.ask("AT+CMGF=1;+CMGR=1")
        modem.ctl("receive", "--8bit", SENDER, "00FF")
        assert "00FF" in device.ask("AT+CMGR=2")
        modem.ctl("fault", "cms=500", "2")
        modem.ctl("sim-full")
        modem.ctl("receive", SENDER, "waits")
        assert modem.counters()["waiting"] == 1
        modem.ctl("sim-full", "off")
        assert modem.counters()["waiting"] == 0
        modem.ctl("report", "EXPIRED")
        modem.ctl("signal", "5")
        assert "+CSQ: 5,99" in device.ask("AT+CSQ")
        modem.ctl("register", "denied")
        assert "+CREG: 0,3" in device.ask("AT+CREG?")


@pytest.mark.parametrize("words", [["fly"], ["receive", "+1"], ["receive", "+12025550123", "x", "--class", "9"], ["signal", "40"],
                                   ["register", "there"], ["fault", "sleepy"], ["report", "SOON"], ["wait", "nothing", "1"],
                                   ["unplug", "--modem", "1"], ["advance", "1s"], ["rule", "44"], ["sim", "up"], ["report"]])
def test_a_wrong_order_is_refused(words):
    with Modem() as modem:
        done = modem.run(*words)
        assert done.returncode == 1 and done.stderr.startswith("fallgate-modem: ") and not done.stdout


@pytest.mark.parametrize("words,says", [(["--8bit", "Bank", "06x"], "with --8bit TEXT is hex"), (["--8bit", "Bank", "060"], "with --8bit TEXT is hex"),
                                        (["--port", "2948", "Bank", "06"], "--port needs --8bit")])
def test_octets_that_are_none_are_refused_in_words_and_not_shown(words, says):
    with Modem() as modem:
        done = modem.run("receive", *words)
        assert (done.returncode, done.stderr) == (1, f"fallgate-modem: {says}\n")
        assert not modem.events("received")


def test_a_bank_has_a_modem_for_each_number():
    with Modem("--count", "8") as modem:
        for number in (0, 7):
            with Device(modem.folder / f"modem{number}") as device:
                assert f'"+1202555010{number}"' in device.ask("AT+CNUM")
                device.send()
        assert [event["modem"] for event in modem.wait("sent", 2)] == [0, 7]
        modem.ctl("unplug", "--modem", "7")
        assert not os.path.lexists(modem.folder / "modem7") and os.path.lexists(modem.folder / "modem6")


def test_it_leaves_after_so_many_messages_and_takes_its_link_along(tmp_path):
    link = tmp_path / "modem0"
    command = [find_program("emulators/modem/fallgate-modem"), "--link", link, "--messages", "1", "--no-text"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert wait_for(link.is_symlink)
            with Device(link) as device:
                device.send()
                assert process.wait(20) == 0
        finally:
            process.kill()
        assert "SMS to +12025550144 (1 part, report wanted): hello\n" in process.stdout.read()
    assert not os.path.lexists(link)


def test_the_mark_is_shown_in_reverse_on_a_terminal_alone(tmp_path):
    master, slave = os.openpty()
    link = tmp_path / "modem0"
    with subprocess.Popen([find_program("emulators/modem/fallgate-modem"), "--link", link], stdout=slave, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_for(link.is_symlink)
            with Device(link) as device:
                device.ask("AT+CMGF=1")
                device.ask('AT+CMGS="+12025550189"', "> ")
                os.write(device.fd, b"(Not encrypted) Hello\x1a")
                device.hear()
            os.close(slave)
            said = b""
            while b"Hello" not in said:
                assert select.select([master], [], [], 20)[0], said
                said += os.read(master, 4096)
            assert b"\033[7m(Not encrypted)\033[0m Hello" in said
        finally:
            process.kill()
            os.close(master)


def test_what_a_recorded_modem_said_is_said_again(tmp_path):
    transcript = tmp_path / "transcript"
    with Modem("--profile", "siemens") as modem, Device(modem.link) as device:
        device.ask("AT+CGMM")
        first = device.send()
        modem.ctl("stop")
        modem.process.process.wait(20)
        transcript.write_text(modem.transcript())
    with Modem("--replay", transcript) as modem, Device(modem.link) as device:
        assert "MC35i" in device.ask("AT+CGMM")
        assert device.send() == first
        device.ask("AT+NOSUCH", "ERROR\r\n")
        assert json.loads(modem.ctl("counters", "--json"))["replay_missed"] == 1
