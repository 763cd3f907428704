# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgatectl explain-code: without a gateway, for the standard's codes, a carrier's own, and a modem's."""
import json
import os
import pathlib
import subprocess

BUILDDIR = pathlib.Path(os.environ.get("FG_BUILDDIR", pathlib.Path(__file__).resolve().parents[2] / "build"))


def explain(*words):
    return subprocess.run([BUILDDIR / "fallgatectl", *words], capture_output=True, text=True, timeout=30)


def test_a_code_of_the_standard_has_class_meaning_reaction_and_source():
    answer = explain("explain-code", "0x45")
    assert answer.returncode == 0
    assert "RSUBMITFAIL" in answer.stdout and "class:    uncertain" in answer.stdout
    assert "SMPP v3.4, 5.1.3" in answer.stdout and "reaction: " in answer.stdout
    assert explain("explain-code", "69").stdout == answer.stdout


def test_json_is_one_object():
    said = json.loads(explain("--json", "explain-code", "0x58").stdout)
    assert said["code"] == 0x58 and said["class"] == "throttle" and said["error"] == "E_LINK_THROTTLED"


def test_a_table_of_the_carrier_says_what_its_codes_mean(tmp_path):
    table = tmp_path / "codes"
    table.write_text("# carrier A\n0x401 recipient unknown subscriber\n")
    assert "class:    recipient" in explain("explain-code", "0x401", table).stdout
    assert "class:    vendor" in explain("explain-code", "0x402", table).stdout
    table.write_text("0x401 nobody\n")
    wrong = explain("explain-code", "0x401", table)
    assert wrong.returncode == 1 and "codes:1: not" in wrong.stderr


def test_what_is_undefined_or_no_number_is_said_by_the_exit_code():
    assert explain("explain-code", "0x3FF").returncode == 3
    for code in ("", "0x", "-1", "x45", "0x1FFFFFFFF"):
        assert explain("explain-code", code).returncode == 2
    assert explain("explain-code").returncode == 2


def test_what_a_modem_says_has_class_meaning_reaction_and_source():
    answer = explain("explain-code", "--cms", "38")
    assert answer.returncode == 0
    assert answer.stdout.startswith("+CMS ERROR 38\n") and "class:    long" in answer.stdout and "3GPP TS 24.011" in answer.stdout
    for word in ("CMS", "cms"):
        assert explain("explain-code", word, "38").stdout == answer.stdout
    said = json.loads(explain("--json", "explain-code", "--cme", "11").stdout)
    assert said["code"] == 11 and said["name"] == "+CME ERROR" and said["class"] == "sim" and said["error"] == "E_LINK_DOWN"
    assert "class:    vendor" in explain("explain-code", "--cms", "600").stdout


def test_a_modems_undefined_code_and_no_number_are_said_by_the_exit_code():
    assert explain("explain-code", "--cms", "499").returncode == 3
    assert explain("explain-code", "--cme", "999").returncode == 3
    assert explain("explain-code", "--cms", "x").returncode == 2
    assert explain("explain-code", "--cms").returncode == 2
