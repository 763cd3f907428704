# SPDX-License-Identifier: GPL-3.0-or-later
"""Every program says how it is used, and refuses what it does not know with the exit code that its manual names."""
import pathlib
import re
import shutil
import subprocess

import pytest

from gateway import ROOT, build_folder, find_program, run

# Program, section of its manual page, exit code of wrong usage.
PROGRAMS = [("fallgated", 8, 64), ("fallgate", 1, 2), ("fallgatectl", 8, 2), ("fallgate-smsc", 1, 2), ("fallgate-modem", 1, 2)]
EMULATORS = {"fallgate-smsc", "fallgate-modem"}  # without options they run
COMMANDS = ["register", "send", "inbox", "receipt", "verify", "devices", "lookup"]
PAGES = sorted((ROOT / "docs" / "man").glob("*.[1578]"))


@pytest.mark.parametrize("name,section,usage", PROGRAMS, ids=[row[0] for row in PROGRAMS])
def test_help_is_given_and_wrong_usage_refused(name, section, usage):
    program = find_program(name)
    said = run([program, "--help"])
    assert said.code == 0 and not said.errors, said
    assert re.search(rf"(?i)^usage:.*{name}", said.text, re.M), said
    for words in (["--no-such-option"], ["--no-such-option", "value"], []) if name not in EMULATORS else (["--no-such-option"], ["extra"]):
        refused = run([program, *words])
        assert refused.code == usage, (words, refused)
        assert refused.errors and not refused.text, (words, refused)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_fallgate_says_how_it_is_used(command):
    said = run([find_program("fallgate"), command, "--help"])
    assert said.code == 0 and f"fallgate {command}" in said.text, said
    refused = run([find_program("fallgate"), "--state", "/nonexistent/state", "--no-passphrase", command, "--no-such-option"])
    assert refused.code == 2, refused


@pytest.mark.parametrize("name,section,usage", PROGRAMS, ids=[row[0] for row in PROGRAMS])
def test_each_long_option_that_help_names_is_in_the_manual(name, section, usage):
    page = (ROOT / "docs" / "man" / f"{name}.{section}").read_text().replace("\\-", "-").replace("Fl -", "--")
    for option in set(re.findall(r"--[a-z][a-z-]+", run([find_program(name), "--help"]).text)):
        assert option in page, f"{option} is not in {name}({section})"


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_manual_page_is_formatted_without_a_warning(page):
    done = subprocess.run(["groff", "-mandoc", "-t", "-Tutf8", "-P-cbou", "-ww", "-K", "utf8", page], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "NAME\n" in done.stdout and "SEE ALSO\n" in done.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit(tmp_path):
    unit = build_folder() / "conf" / "systemd" / "fallgated.service"
    text = re.sub(r"(?m)^(Exec\w+=)\S+/(fallgated|fallgatectl)\b", lambda match: f"{match[1]}{find_program(match[2])}", unit.read_text())
    text = re.sub(r"(?m)^Documentation=.*\n", "", text)  # the page is not installed here
    copy = pathlib.Path(tmp_path) / unit.name
    copy.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    said = "".join(line for line in done.stderr.splitlines(True) if copy.name in line)
    assert done.returncode == 0 and not said, done.stderr
