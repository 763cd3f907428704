# SPDX-License-Identifier: GPL-3.0-or-later
"""conf/examples: each says what is missing, and runs after a few edits."""
import re

import pytest

from gateway import ROOT, Gateway, find_program, run, wait_for

EDITS = {"host": "127.0.0.1", "system_id": "fallgate", "password": "secret", "source_address": "+12025550100"}
EXAMPLE = ROOT / "conf" / "examples" / "beside-smsc.conf"
STRANGER = "+12025550199"


class BesideSmsc(Gateway):
    """The example as installed: only its folders and ports are this test's own."""

    edits = EDITS
    example = EXAMPLE

    def conf_text(self):
        text = self.example.read_text()
        for folder, own in (("/etc/fallgate", self.folder / "tls"), ("/var/lib/fallgate", self.data), ("/run/fallgate", self.run_dir)):
            assert f'"{folder}' in text
            text = text.replace(f'"{folder}', f'"{own}')
        text = text.replace("port = 2775", f"port = {self.smsc_port or 2775}").replace("port = 7443", "port = 0")
        for key, value in self.edits.items():
            text, count = re.subn(rf'^(\t\t{key} = )"EDIT-ME"', rf'\g<1>"{value}"', text, flags=re.M)
            assert count == 1, key
        return text


def check(gateway):
    conf = gateway.folder / "fallgate.conf"
    conf.write_text(gateway.conf_text())
    return run([find_program("fallgated"), "-n", "-c", conf])


@pytest.fixture
def installed(tmp_path):
    gateway = BesideSmsc(tmp_path)
    gateway.prepare()
    yield gateway
    gateway.close()


def test_it_says_what_is_missing_with_line_and_key(installed):
    installed.edits = {}
    said = check(installed)
    assert said.code == 1, said
    lines = installed.conf_text().splitlines()
    errors = said.errors.splitlines()
    assert len(errors) == len(EDITS), said
    for error, key in zip(errors, EDITS):
        found = re.fullmatch(rf".*fallgate.conf:(\d+): links\[0\]\.{key}: is not filled in yet; here goes: .+", error)
        assert found, error
        assert f'{key} = "EDIT-ME"' in lines[int(found[1]) - 1]


@pytest.mark.parametrize("missing", EDITS)
def test_three_edits_are_not_enough(installed, missing):
    installed.edits = {key: value for key, value in EDITS.items() if key != missing}
    said = check(installed)
    assert said.code == 1 and len(said.errors.splitlines()) == 1 and f"links[0].{missing}: " in said.errors, said


def test_four_edits_are_enough(installed):
    said = check(installed)
    assert (said.code, said.errors) == (0, "") and said.text.endswith("good: 1 link\n"), said


def test_it_starts_and_carries_the_first_message(tmp_path):
    options = ["--system-id", EDITS["system_id"], "--password", EDITS["password"]]
    with BesideSmsc(tmp_path, smsc_options=options) as gateway:
        link = gateway.links()["smsc-a"]
        assert link["state"] == "up" and link["error"] == "", link
        alice = gateway.register("alice", "+12025550101")
        sent = alice.send(STRANGER, "first message", "--allow", "sms")
        assert sent.code == 0, sent
        assert [(sms["source"], sms["text"]) for sms in gateway.sms()] == [
            (EDITS["source_address"], "(Not encrypted) +12025550101: first message")]


class Refused(BesideSmsc):
    def wait_link(self):
        """It never comes up."""


def test_a_refused_bind_is_said_in_words(tmp_path):
    with Refused(tmp_path, smsc_options=["--password", "another"]) as gateway:
        link = wait_for(lambda: [link for link in gateway.links().values() if link["error"]])[0]
        assert (link["state"], link["error_code"]) == ("down", 0x0E), link
        assert "RINVPASWD" in link["error"]
        assert "0x0000000e RINVPASWD" in gateway.ctl("links").text


class WithModem(BesideSmsc):
    """The modem is an emulated one."""

    example = ROOT / "conf" / "examples" / "with-modem.conf"

    def start_smsc(self):
        self.edits = {"device": str(self.folder / "modem0"), "source_address": "+12025550100"}
        self.smsc = self.start("fallgate-modem", [find_program("fallgate-modem", self.build), "--link", self.folder / "modem0", "--json"],
                               self.folder / "modem.log", output=self.sms_log)
        self.smsc.wait_line(r"modem 0 is at ")


def test_a_modem_needs_two_edits(tmp_path):
    gateway = WithModem(tmp_path)
    gateway.prepare()
    gateway.edits = {}
    said = check(gateway)
    assert [re.search(r"links\[0\]\.(\w+): is not filled in yet", line)[1] for line in said.errors.splitlines()] == ["source_address", "device"], said
    gateway.close()


def test_a_modem_carries_the_first_message(tmp_path):
    with WithModem(tmp_path) as gateway:
        alice = gateway.register("alice", "+12025550101")
        assert alice.send(STRANGER, "first message", "--allow", "sms").code == 0
        assert [sms["text"] for sms in gateway.sms() if sms["event"] == "sent"] == ["(Not encrypted) +12025550101: first message"]
