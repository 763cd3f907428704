# SPDX-License-Identifier: GPL-3.0-or-later
"""What grows with what, for `tools/bench growth`: memory with queued messages, speed with receipts that are missing and with rules, memory
and speed with applications that are bound. Each number is that of a gateway which was started for it; messages are those of applications
(flow C), everything is durable, and the load and the SMSC are those of `tools/bench smpp`.
"""
import json
import statistics
import subprocess

import bench_smpp
import gateway as support
from bench_row import process_seconds, resident_kib, row

MEASURED = 30000  # messages of a speed; each is the median of three: the disk has bad seconds
SPEEDS = 3
WARM = 10000  # before it: a gateway just started is slower
BINDS_OF_AN_ACCOUNT = 1000  # the most that the configuration allows
MEMORY_GOAL_MIB = 400  # with 1,000,000 queued messages
RATE_GOAL_PERCENT = 90  # with 1,000,000 receipts missing, of the rate with none
FILL_RATE = 2000  # messages a second at least, for a time-out


def fill_seconds(count):
    return 60 + count // FILL_RATE


class Running:
    """A gateway between the load and the sink."""

    def __init__(self, build, limits, sink_options=None, **options):
        self.sink = bench_smpp.Sink(build, timeout=3600, **(sink_options or {}))
        self.peer = bench_smpp.Fallgate(build, self.sink, limits, **options)

    def __enter__(self):
        try:
            self.peer.start()
        except BaseException:
            self.__exit__()
            raise
        return self.peer

    def __exit__(self, *_):
        self.peer.stop()
        self.sink.end()


def send(peer, count, **options):
    """All of them answered, and reported if that is waited for, or Trouble; then what the load says."""
    said = peer.send(count, seconds=fill_seconds(count), **options)
    waited = options.get("receipts", 1) and options.get("wait", 1)
    if said["answered"] < count or (waited and said["receipts"] < count):
        raise support.Trouble(f"{count} messages: {said}")
    return said


def speed(peer, count):
    return statistics.median(count / send(peer, count)["seconds"] for _ in range(SPEEDS))


def resident_mib(peer):
    return {role: resident_kib(pid) / 1024 for role, pid in peer.pids().items()}


def queued_rows(build, limits, counts):
    """The link is suspended, so that what is accepted waits."""
    rows = []
    for count in counts:
        with Running(build, limits) as peer:
            send(peer, WARM)
            said = peer.gateway.ctl("suspend", "smsc-a")
            if said.code:
                raise support.Trouble(f"suspend: {said}")
            filled = send(peer, count, receipts=0, destinations=min(count, 10000000))
            memory = resident_mib(peer)
        goal = MEMORY_GOAL_MIB if count == 1000000 else None
        rows += [row(f"{count} messages queued: memory, all roles", sum(memory.values()), "MiB", goal),
                 *(row(f"{count} messages queued: memory of {role}", mib, "MiB") for role, mib in sorted(memory.items())),
                 row(f"{count} messages queued: accepted", count / filled["seconds"], "msg/s", better="higher")]
    return rows


def missing_rows(build, limits, counts, measured):
    """The SMSC gives no receipt for the first so many."""
    rows, rate_with_none = [], None
    for count in counts:
        with Running(build, limits, {"skip": count + WARM}) as peer:
            send(peer, WARM, wait=0)
            if count:
                send(peer, count, wait=0, destinations=min(count, 10000000))
            rate = speed(peer, measured)
            memory = resident_mib(peer)
        rate_with_none = rate_with_none or rate
        rows += [row(f"{count} receipts missing: accepted, sent, reported", rate, "msg/s", better="higher"),
                 row(f"{count} receipts missing: of the rate with none", 100 * rate / rate_with_none, "%",
                     RATE_GOAL_PERCENT if count == 1000000 else None, "higher"),
                 row(f"{count} receipts missing: memory, all roles", sum(memory.values()), "MiB")]
    return rows


def policy_of(count):
    """So many rules; only the last one fits."""
    rules = [f'  {{ recipient = "+999{number:06}"; action = "refuse"; }}' for number in range(count - 1)]
    return "rules = (\n" + ",\n".join([*rules, '  { default = true; links = [ "smsc-a" ]; }']) + "\n);\n"


def rules_rows(build, limits, counts, measured):
    rows = []
    for count in counts:
        with Running(build, limits, policy=policy_of(count)) as peer:
            send(peer, WARM)
            core = peer.pids()["core"]
            before = process_seconds(core)
            rate = speed(peer, measured)
            used = process_seconds(core) - before
        rows += [row(f"{count} rules: accepted, sent, reported", rate, "msg/s", better="higher"),
                 row(f"{count} rules: CPU of core", 1e6 * used / (SPEEDS * measured), "µs/msg")]
    return rows


def hold(peer, build, count, accounts):
    """smpp_load with so many applications that are only there, and what it said of them."""
    words = [support.find_program("smpp_load", build), "--port", peer.port, "--hold", count, "--accounts", accounts]
    crowd = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = crowd.stdout.readline()
    if not said:
        crowd.kill()
        raise support.Trouble(f"{count} applications: smpp_load ended with {crowd.wait()}")
    return crowd, json.loads(said)


def bound_rows(build, limits, counts, measured):
    rows = []
    for count in counts:
        accounts = (count - 1) // BINDS_OF_AN_ACCOUNT + 1
        with Running(build, limits, accounts=1 + accounts) as peer:  # one of its own for those that send, since receipts go to any
            send(peer, WARM)
            apps = peer.pids()["link1"]
            before = resident_kib(apps)
            crowd, said = hold(peer, build, count, accounts)
            memory = resident_kib(apps) - before
            rate = speed(peer, measured)
            crowd.communicate()
        rows += [row(f"{count} applications bound: memory of their link for each", memory / count, "KiB"),
                 row(f"{count} applications bound: bound", count / said["seconds"], "bind/s", better="higher"),
                 row(f"{count} applications bound: accepted, sent, reported, by 4 more", rate, "msg/s", better="higher")]
    return rows


def sizes(arguments, *usual, largest=None):
    """--long: the largest as well; --short: a hundredth of all of them."""
    chosen = [*usual, *([largest] if arguments.long and largest else [])]
    return [max(size // 100, min(size, 1)) for size in chosen] if arguments.short else chosen


def parts(build, limits):
    """The benches by name: functions of the arguments, as those of tools/bench."""
    def measured(arguments):
        return sizes(arguments, MEASURED)[0]

    return {
        "growth-queued": lambda words: queued_rows(build, limits, sizes(words, 1000, 100000, largest=1000000)),
        "growth-receipts": lambda words: missing_rows(build, limits, sizes(words, 0, 100000, largest=1000000), measured(words)),
        "growth-rules": lambda words: rules_rows(build, limits, sizes(words, 1, 100, 1000), measured(words)),
        "growth-binds": lambda words: bound_rows(build, limits, sizes(words, 10, 1000, largest=10000), measured(words)),
    }
