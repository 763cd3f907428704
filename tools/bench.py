# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of tools/bench: builds without sanitizers, measures, prints a table.

A bench is a function that gives rows (what, value, unit, goal, better) for one run; every run begins anew, and the median counts.
docs/benchmarks.md says what is measured and how to read it. What is not here: the load itself, which is tests/perf/*.c.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import bench_growth  # noqa: E402: the folder must be known first
import bench_modem  # noqa: E402
import bench_smpp  # noqa: E402
import gateway as support  # noqa: E402
from bench_row import TICKS, process_seconds, resident_kib, row  # noqa: E402

BUILD = ROOT / "build" / "release"
PROGRAMS = ["device_load", "decide_bench", "crypto_bench", "chain_bench", "smpp_bench", "tpdu_bench", "modem_link_bench", "store_bench", "smpp_load", "smpp_sink", "http_load"]
STRANGER = "+12025550199"
SENDERS, WINDOW = 8, 32
LIMITS = {"lookups_burst": 10000, "lookups_per_minute": 10000, "lookups_per_day": 1000000, "submits_burst": 100000,
          "submits_per_second": 100000, "queue_messages": 100000}


# ---- building and running


def build():
    BUILD.mkdir(parents=True, exist_ok=True)
    programs = [f"tests/perf/{name}" for name in PROGRAMS if (ROOT / "tests" / "perf" / f"{name}.c").exists()]
    steps = [[str(ROOT / "autogen.sh")]] if not (ROOT / "configure").exists() else []
    if not (BUILD / "Makefile").exists():
        steps.append([str(ROOT / "configure"), "--quiet"])
    make = ["make", "-s", f"-j{os.cpu_count() or 2}"]
    steps += [[*make, "all"], [*make, *programs]]  # not at once: both would make the same archives
    for step in steps:
        done = subprocess.run(step, cwd=BUILD, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise support.Trouble(f"{' '.join(step)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def load(*words, seconds=120):
    """What device_load says; Trouble when no message came to its good end."""
    command = [support.find_program("device_load", BUILD), *words, "--timeout", seconds]
    done = support.run(command, seconds + 10)
    if not done.json.get("final"):
        raise support.Trouble(f"device_load: {done}")
    return done.json


def plain_lines(text, pattern=""):
    """Rows of lines `name VALUE unit` whose name fits."""
    rows = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and re.search(pattern, words[0]):
            rows.append(row(words[0], float(words[1]), words[2], better="higher" if words[2].endswith("/s") else "lower"))
    return rows


class Running:
    """A gateway in a folder of its own, with raised limits; removed afterwards."""

    def __init__(self, settings=None, senders=0):
        self.folder = tempfile.mkdtemp(prefix="fallgate-bench-")
        self.gateway = support.Gateway(self.folder, BUILD, settings={"limits": dict(LIMITS), **(settings or {})},
                                       link={"window": 100})
        self.senders = senders

    def __enter__(self):
        try:
            self.gateway.__enter__()
            self.devices = [self.gateway.register(f"sender{i}", f"+120255502{i:02}") for i in range(self.senders)]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.gateway.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def states(self):
        return [word for device in self.devices for word in ("--state", device.state)]

    def cpu(self):
        """{role: CPU seconds so far}, with the parent and the emulator."""
        pids = {**self.gateway.children(), "parent": self.gateway.parent.pid, "smsc emulator": self.gateway.smsc.pid}
        return {role: process_seconds(pid) for role, pid in pids.items()}


# ---- the machine


def ours_seconds():
    """CPU of this process and of all children that have ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def machine_seconds():
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


class Others:
    """Per cent of all CPUs that other processes took. A run's own processes have all ended when it is over; what the roles used is
    counted because the parent waits for them and we for the parent."""

    def __init__(self):
        self.start = time.monotonic(), machine_seconds(), ours_seconds()

    def percent(self):
        wall, busy, ours = (now - before for now, before in zip((time.monotonic(), machine_seconds(), ours_seconds()), self.start))
        return max(0.0, 100 * (busy - ours) / (wall * (os.cpu_count() or 1)))


# ---- the benches


def bench_start(_):
    with Running() as running:
        log = (running.gateway.folder / "fallgated.log").read_text()
        inside = float(re.search(r"fallgated: ready in ([\d.]+) s", log)[1])
        running.gateway.parent.stop()
        start = time.monotonic()
        running.gateway.start_gateway()
        again = time.monotonic() - start
    return [row("first start to ready, as fallgated says", inside * 1000, "ms", 1000),
            row("start on its data to ready and link up, as seen from outside", again * 1000, "ms", 1000)]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) * percent // 100]


def bench_latency(_):
    with Running(senders=1) as running:
        bob = running.gateway.register("bob", "+12025550102")
        trace = running.gateway.folder / "trace"
        count = 200
        load(*running.states(), "--to", STRANGER, "--count", count, "--allow-sms", "--trace", trace)
        accepted = {int(words[0]): int(words[2]) for words in map(str.split, trace.read_text().splitlines())}
        taken = {int(re.search(r"load (\d+) ", sms["text"])[1]): sms["time_us"] for sms in running.gateway.sms()}
        handed = [taken[number] - accepted[number] for number in accepted if number in taken and accepted[number]]
        secure = load(*running.states(), "--state", bob.state, "--to", bob.handle, "--count", count)
    return [row("downgrade: accepted to submit_sm, p50", percentile(handed, 50) / 1000, "ms", 4),
            row("downgrade: accepted to submit_sm, p99", percentile(handed, 99) / 1000, "ms"),
            row("device to device: sent to delivered, p50", secure["p50_us"] / 1000, "ms"),
            row("device to device: sent to delivered, p99", secure["p99_us"] / 1000, "ms"),
            row("device to device: sent to accepted, p50", secure["accept_p50_us"] / 1000, "ms")]


def throughput(name, running, count, *words):
    before, before_load = running.cpu(), ours_seconds()
    said = load(*running.states(), *words, "--count", count, "--window", WINDOW)
    used = {role: seconds - before.get(role, 0) for role, seconds in running.cpu().items()}
    used["load (devices)"] = ours_seconds() - before_load
    rows = [row(f"{name}: {SENDERS} devices, window {WINDOW}", said["final"] / said["seconds"], "msg/s", better="higher"),
            row(f"{name}: messages without a good end", count - said["final"], "msg", 0),
            row(f"{name}: sent to accepted, p50", said["accept_p50_us"] / 1000, "ms"),
            row(f"{name}: sent to final, p50", said["p50_us"] / 1000, "ms"),
            row(f"{name}: sent to final, p99", said["p99_us"] / 1000, "ms")]
    return rows + [row(f"{name}: CPU of {role}", 1e6 * seconds / said["final"], "µs/msg") for role, seconds in sorted(used.items())]


def bench_device(_):
    with Running(senders=SENDERS) as running:
        bob = running.gateway.register("bob", "+12025550102")
        return throughput("device", running, 5000, "--state", bob.state, "--to", bob.handle)


def bench_downgrade(_):
    with Running(senders=SENDERS) as running:
        return throughput("downgrade", running, 2000, "--to", STRANGER, "--allow-sms", "--spread")


def plain_bench(name, pattern, *words):
    done = support.run([support.find_program(name, BUILD), *words], 600)
    if done.code:
        raise support.Trouble(f"{name}: {done}")
    return plain_lines(done.text, pattern)


def bench_micro(_):
    rows = [found for name in ("decide_bench", "crypto_bench", "smpp_bench", "tpdu_bench", "modem_link_bench") for found in plain_bench(name, "")]
    return [{**found, "goal": MICRO_GOALS.get(found["what"])} for found in rows]


def bench_chain(_):
    rows = []
    for batch in (64, 256):
        folder = tempfile.mkdtemp(prefix="fallgate-bench-")
        try:
            rows += [{**found, "what": f"{found['what']}, {batch} a turn"} for found in plain_bench("chain_bench", "", folder, batch)]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return rows


def bench_rules(_):
    return plain_bench("decide_bench", "rule")


def bench_queue(arguments):
    folder = tempfile.mkdtemp(prefix="fallgate-bench-")
    try:
        return plain_bench("store_bench", "put", folder, *(["--long"] if arguments.long else []))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hold_connections(running, count):
    """Rows of one number of idle connections."""
    pid = running.gateway.children()["secure"]
    before = resident_kib(pid)
    command = [support.find_program("device_load", BUILD), "--state", running.devices[0].state, "--connections", count, "--timeout", 50]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as crowd:
        said = crowd.stdout.readline()
        after = resident_kib(pid)
        errors = crowd.communicate()[1]
    if crowd.returncode or not said:
        raise support.Trouble(f"device_load --connections {count}: {errors.strip()}")
    said = json.loads(said)
    return [row(f"{count} connections: memory of the secure link for each", (after - before) / count, "KiB"),
            row(f"{count} connections: opened", count / said["seconds"], "conn/s", better="higher"),
            row(f"{count} connections: TCP, TLS and WebSocket, p50 with 32 at once", said["p50_us"] / 1000, "ms")]


def bench_connections(arguments):
    counts = [10, 1000] + ([10000] if arguments.long else [])
    rows = []
    for count in counts:
        with Running({"secure": {"handshake_ms": 60000, "connections": 20000}}, senders=1) as running:
            rows += hold_connections(running, count)
    return rows


SMPP_COUNTS = {"Fallgate": 60000, "Kannel, receipts in memory": 15000, "Kannel, receipts in sqlite3 (WAL)": 4000}
SMPP_GOAL, SMPP_CPU_GOAL = 15000, 90
MICRO_GOALS = {"smpp/encode_submit_sm": 2000000, "smpp/decode_submit_sm": 2000000, "tpdu/encode_submit": 1000000, "tpdu/decode_deliver": 1000000,
               "tpdu/text_to_hex": 1000000, "tpdu/hex_to_text": 1000000, "modem/link_message": 1000}


def smpp_peer(name, sink):
    if name == "Fallgate":
        return bench_smpp.Fallgate(BUILD, sink, LIMITS)
    return bench_smpp.Kannel(BUILD, sink, "sqlite3" if "sqlite3" in name else "internal")


def smpp_cell(name, count, rate=0, sink_options=None, **options):
    """One gateway between the load and the sink: what the load and the sink say, and the CPU of each process."""
    warm = min(count, 500)
    sink = bench_smpp.Sink(BUILD, warm=warm, **(sink_options or {}))
    peer = smpp_peer(name, sink)
    try:
        peer.start()
        peer.send(warm)  # caches and connections are warm
        before = {role: process_seconds(pid) for role, pid in peer.pids().items()}
        said = peer.send(count, rate, **options)
        used = {role: process_seconds(pid) - before[role] for role, pid in peer.pids().items()}
        resident = sum(resident_kib(pid) for pid in peer.pids().values())
    finally:
        peer.stop()
        found = sink.end()
    if said["answered"] < count:
        raise support.Trouble(f"{name}: {said}, the sink {found}")
    return said, found, used, resident


def bench_smpp_speed(_):
    """Interleaved, since the speed of a shared machine drifts: Kannel, Fallgate, Kannel in one run."""
    rates, rows = {}, []
    for name in ("Kannel, receipts in memory", "Fallgate", "Kannel, receipts in sqlite3 (WAL)"):
        count = SMPP_COUNTS[name]
        said, found, used, resident = smpp_cell(name, count)
        rates[name] = count / said["seconds"]
        rows += [row(f"{name}: accepted, sent, reported", rates[name], "msg/s", SMPP_GOAL if name == "Fallgate" else None, "higher"),
                 row(f"{name}: receipts that came back", said["receipts"], "msg", count, "higher"),
                 row(f"{name}: CPU, all processes", 1e6 * sum(used.values()) / count, "µs/msg", SMPP_CPU_GOAL if name == "Fallgate" else None),
                 *(row(f"{name}: CPU of {role}", 1e6 * seconds / count, "µs/msg") for role, seconds in sorted(used.items())),
                 row(f"{name}: memory, all processes", resident / 1024, "MiB"),
                 row(f"{name}: text at the SMSC after the submit, p99", found["latency_p99_us"] / 1000, "ms")]
    for name, goal in (("Kannel, receipts in memory", 5), ("Kannel, receipts in sqlite3 (WAL)", 10)):
        rows.append(row(f"Fallgate against {name}", rates["Fallgate"] / rates[name], "times", goal, "higher"))
    rate = int(rates["Fallgate"] / 2)
    _, found, _, _ = smpp_cell("Fallgate", 3 * rate, rate)
    rows += [row("Fallgate at half that rate: submit to the SMSC, p50", found["latency_p50_us"] / 1000, "ms", 5),
             row("Fallgate at half that rate: submit to the SMSC, p99", found["latency_p99_us"] / 1000, "ms", 20)]
    said, found, _, _ = smpp_cell("Fallgate", 10000, sink_options={"delay_ms": 50})
    share = 100 * (found["submits"] - 500) / said["seconds"] / (bench_smpp.WINDOW / 0.050)
    return [*rows, row("SMSC that answers after 50 ms, window 100: of window over round trip", share, "%", 95, "higher")]


def bench_modems(arguments):
    return bench_modem.rows(BUILD, arguments.short)


BENCHES = {"smpp": bench_smpp_speed, **bench_growth.parts(BUILD, LIMITS), "modems": bench_modems, "start": bench_start, "latency": bench_latency, "device": bench_device, "downgrade": bench_downgrade, "micro": bench_micro,
           "chain": bench_chain, "rules": bench_rules, "queue": bench_queue, "connections": bench_connections}
GROUPS = {"growth": [name for name in BENCHES if name.startswith("growth-")]}


# ---- medians and the table


def measure(name, arguments):
    """Medians over the runs, in the order of the first."""
    runs, others = [], []
    for _ in range(arguments.runs):
        watch = Others()
        runs.append({found["what"]: found for found in BENCHES[name](arguments)})
        others.append(watch.percent())
    rows = []
    for what, first in runs[0].items():
        values = [run[what]["value"] for run in runs if what in run]
        rows.append({"bench": name, **first, "value": statistics.median(values), "runs": len(values),
                     "spread": [min(values), max(values)], "other_cpu_percent": round(statistics.median(others), 1)})
    return rows


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(found):
    if found["goal"] is None:
        return ""
    met = found["value"] >= found["goal"] if found["better"] == "higher" else found["value"] <= found["goal"]
    return f"{'met' if met else 'MISSED'}: goal {'>=' if found['better'] == 'higher' else '<='} {number(found['goal'])}"


def show(rows):
    print(f"\n{rows[0]['bench']}: medians of {rows[0]['runs']} runs (least to most); other processes took "
          f"{rows[0]['other_cpu_percent']} % of the CPUs")
    width = max(len(found["what"]) for found in rows)
    for found in rows:
        low, high = found["spread"]
        print(f"  {found['what']:<{width}}  {number(found['value']):>9} {found['unit']:<7} ({number(low)} to {number(high)})  "
              f"{verdict(found)}".rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measure Fallgate on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join([*BENCHES, *GROUPS])}; default: all")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    parser.add_argument("--runs", type=int, default=3, help="default 3; fewer are not a measurement")
    parser.add_argument("--long", action="store_true", help="also 1,000,000 queued rows, jobs and receipts, and 10,000 connections")
    parser.add_argument("--short", action="store_true", help="growth: a hundredth of each size, to see that it runs; no measurement")
    arguments = parser.parse_args()
    names = [bench for name in arguments.names for bench in (GROUPS.get(name) or [name])]
    unknown = [name for name in names if name not in BENCHES]
    if unknown or arguments.runs < 1:
        parser.error(f"no bench {', '.join(unknown)}" if unknown else "--runs must be at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows, code = [], 0
    try:
        build()
        for name in names or BENCHES:
            try:
                rows += (found := measure(name, arguments))
                show(found)
            except support.Trouble as trouble:
                print(f"\n{name}: {trouble}", file=sys.stderr)
                code = 1
    except support.Trouble as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
