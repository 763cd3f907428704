# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench of tools/bench gives and looks up: rows, and what /proc says of a process."""
import os
import pathlib
import re

TICKS = os.sysconf("SC_CLK_TCK")


def row(what, value, unit, goal=None, better="lower"):
    return {"what": what, "value": value, "unit": unit, "goal": goal, "better": better}


def process_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
