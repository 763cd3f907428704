# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgate --help: every command explains each of its options in one line, and the manual page knows the same ones."""
import re

import pytest

from gateway import ROOT, find_program, run

COMMANDS = ["register", "send", "inbox", "receipt", "verify", "cancel", "devices", "deregister", "lookup", "accept-identity"]
OPTION = re.compile(r"--([a-z][a-z-]+)")
MANUAL = ROOT / "docs" / "man" / "fallgate.1"


def help_of(*words):
    said = run([find_program("fallgate"), *words, "--help"])
    assert said.code == 0 and not said.errors, said
    return said.text


def manual_of(command):
    """The entries of the manual page for a command."""
    entries = MANUAL.read_text().split("\n.It Cm ")
    return "\n".join(entry for entry in entries if entry.split()[0] == command)


def explained(text):
    return set(re.findall(r"^  --([a-z-]+)", text, re.M))


def test_the_overview_names_every_command():
    assert re.findall(r"^  fallgate ([a-z-]+)", help_of(), re.M) == [COMMANDS[0]] + COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(command):
    text = help_of(command)
    usage, rest = text.split("\n\n", 1)
    assert set(OPTION.findall(usage)) == explained(rest)
    assert rest.count("Exit codes:\n  0  success\n") == 1
    assert not [line for line in text.splitlines() if line.endswith(" ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_page_has_the_same_options(command):
    known = set(re.findall(r"Fl -([a-z-]+)", manual_of(command)))
    assert explained(help_of(command)) <= known


@pytest.mark.parametrize("words", [["send", "--allow", "pigeon", "+12025550101", "x"], ["send", "--none", "+12025550101", "x"], ["inbox", "x"],
                                   ["cancel"], ["lookup"]])
def test_wrong_use_is_code_2_with_the_usage(words):
    said = run([find_program("fallgate"), *words])
    assert said.code == 2 and f"Usage: fallgate {words[0]}" in said.errors, said
