# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulators as programs, before anybody speaks SMPP or AT with them: what they say of a start that fails, and how scripts find them."""
import os
import signal
import socket
import stat
import struct
import subprocess

import pytest

from gateway import find_program, run, wait_for

MODEM = "emulators/modem/fallgate-modem"
SMSC = "emulators/smsc/fallgate-smsc"
MISSING = "/nonexistent/file"
GONE = "No such file or directory"


@pytest.mark.parametrize("name,words,code,says", [
    (MODEM, ["--fault", "sleepy"], 2, "--fault sleepy: no such fault"),
    (MODEM, ["--slow", "2h"], 2, "--slow at most 10s: 2h"),
    (MODEM, ["--control", MISSING], 1, f"--control {MISSING}: {GONE}"),
    (MODEM, ["--record", MISSING], 1, f"--record {MISSING}: {GONE}"),
    (MODEM, ["--replay", __file__], 2, "--replay its file: no transcript"),
    (MODEM, ["--link", __file__], 1, f"--link {__file__}: File exists"),
    (MODEM, ["--link", "/nonexistent/deep/modem0"], 1, f"--link /nonexistent/deep/modem0: {GONE}"),
    (MODEM, ["--tcp", "127.0.0.1:99999"], 1, "--tcp 127.0.0.1:99999: no ADDRESS:PORT"),
    (MODEM, ["--tcp", "127.0.0.1:22x"], 1, "--tcp 127.0.0.1:22x: no ADDRESS:PORT"),
    (MODEM, ["--unix", "/" + "x" * 120], 1, "too long for a socket"),
    (SMSC, ["--listen", "nonsense"], 1, "--listen nonsense: no ADDRESS:PORT"),
    (SMSC, ["--listen", "127.0.0.1:2x"], 1, "--listen 127.0.0.1:2x: no ADDRESS:PORT"),
    (SMSC, ["--listen", "127.0.0.1:0", "--control", MISSING], 1, f"--control {MISSING}: {GONE}"),
    (SMSC, ["--listen", "127.0.0.1:0", "--pcap", MISSING], 1, f"--pcap {MISSING}: {GONE}"),
])
def test_what_cannot_begin_says_which_option_and_why(name, words, code, says):
    done = run([find_program(name), *words], 20)
    assert (done.code, says in done.errors, "Sanitizer" in done.errors) == (code, True, False), done


@pytest.mark.parametrize("name,option", [(MODEM, "--tcp"), (SMSC, "--listen")])
def test_a_port_in_use_is_said(name, option):
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{other.getsockname()[1]}"
        done = run([find_program(name), option, place], 20)
    assert done.code == 1 and f"{option} {place}: Address already in use" in done.errors, done


def test_the_folder_of_a_link_is_made(tmp_path):
    link = tmp_path / "modems" / "modem0"
    with subprocess.Popen([find_program(MODEM), "--count", "2", "--link", link, "--quiet"], stderr=subprocess.DEVNULL) as process:
        assert wait_for(lambda: os.path.exists(link.with_name("modem1"))) and stat.S_ISCHR(link.stat().st_mode)
        process.terminate()
        assert process.wait(20) == 0 and not os.path.lexists(link)


@pytest.mark.parametrize("name,options", [(MODEM, []), (SMSC, ["--listen", "127.0.0.1:0"])])
def test_the_line_after_its_start_may_give_an_order(name, options, tmp_path):
    program, control = find_program(name), tmp_path / "control"
    with subprocess.Popen([program, "ctl", control, "counters"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        with subprocess.Popen([program, *options, "--control", control, "--quiet"], stderr=subprocess.DEVNULL) as emulator:
            said, _ = first.communicate(timeout=60)
            assert first.returncode == 0 and said.startswith(("connections", "commands", "submits")), said
            emulator.send_signal(signal.SIGINT)  # as Ctrl-C does
            assert emulator.wait(20) == 0 and not control.exists()


def test_an_address_of_version_6_is_shown_whole():
    with subprocess.Popen([find_program(SMSC), "--listen", "[::1]:0"], stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        process.terminate()
    if "Cannot assign" in said or "not supported" in said:
        pytest.skip("no IPv6 here")
    assert said.startswith("fallgate-smsc: listening on [::1]:"), said


def test_the_last_receipt_goes_out_though_it_is_late():
    """To 90: the receipt is late, by far more than twice its delay."""
    options = ["--listen", "127.0.0.1:0", "--count", "1", "--receipt-delay", "1", "--late", "900"]
    with subprocess.Popen([find_program(SMSC), *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        port = int(process.stderr.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            bind = b"app\x00\x00\x00\x34\x00\x00\x00"
            submit = b"\x00\x01\x01100\x00\x01\x0112025550190\x00" + bytes(3) + b"\x00\x00\x01\x00\x00\x00" + b"\x02hi"
            line.sendall(struct.pack(">IIII", 16 + len(bind), 9, 0, 1) + bind + struct.pack(">IIII", 16 + len(submit), 4, 0, 2) + submit)
            said = b"".join(iter(lambda: line.recv(4096), b""))
        assert b"stat:DELIVRD" in said and process.wait(20) == 0, said


def test_the_last_report_goes_out_though_it_is_late(tmp_path):
    options = ["--unix", tmp_path / "modem", "--messages", "1", "--late", "900", "--report-delay", "1", "--quiet"]
    with subprocess.Popen([find_program(MODEM), *options], stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(tmp_path / "modem"))
            line.sendall(b"ATE0;+CNMI=2,1,0,1;+CMGF=1;+CSMP=49,167,0,0\rAT+CMGS=\"+12025550190\"\rhi\x1a")
            said = b"".join(iter(lambda: line.recv(4096), b""))
        assert b"+CDS:" in said and process.wait(20) == 0, said
