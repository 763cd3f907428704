# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of tools/check: builds, runs each kind of test, sums up.

Each step gives a list of results (name, passed, detail); nothing is counted twice and a step that cannot run is a failure. What is not
here: what is tested, which stands in tests/.
"""
import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECK = ROOT / "build" / "check"
RELEASE = ROOT / "build" / "release"
MUTANT = ROOT / "build" / "mutant"
CONFIGURE = {
    CHECK: ["--enable-werror", "--enable-sanitize", "--enable-fault-points"],
    RELEASE: ["--enable-werror"],
    MUTANT: ["--enable-sanitize", "--enable-fault-points"],
}
JOBS = f"-j{os.cpu_count() or 2}"
PYTEST_FOLDERS = ["tests/peers", "tests/flows", "tests/crash"]
TAIL_LINES = 60


class Results:
    """What passed and what failed; skipped tests are named and not counted."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skipped = 0

    def add(self, name, passed, detail=""):
        if passed:
            self.passed += 1
        else:
            self.failures.append((name, detail))

    def finish(self):
        shown = set()
        for name, detail in self.failures:
            print(f"\n{colour('31', 'FAILED')} {name}")
            if detail.strip() and detail not in shown:
                print("    " + "\n    ".join(detail.rstrip().splitlines()[-TAIL_LINES:]))
            shown.add(detail)
        if self.skipped:
            print(f"\n{self.skipped} skipped")
        print(f"{self.passed} passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0


def colour(code, text):
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def run(command, cwd=ROOT, environment=None, timeout=3600):
    """The exit code and all that a command said."""
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=environment, timeout=timeout, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        return 124, (said.decode(errors="replace") if isinstance(said, bytes) else said) + f"\nno end after {timeout} s"
    except OSError as error:
        return 127, str(error)


class step:
    """Says what is going on and how long it took."""

    def __init__(self, title):
        self.title = title

    def __enter__(self):
        print(f"  {self.title:<28}", end="", flush=True)
        self.start = time.monotonic()
        return self

    def __exit__(self, *_):
        print(f" {time.monotonic() - self.start:5.0f} s", flush=True)


def environment(build):
    return {
        **os.environ,
        "FG_SRCDIR": str(ROOT),
        "FG_BUILDDIR": str(build),
        "PYTHON3": "/usr/bin/python3",
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1"),
        "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1"),
    }


def configure(build):
    """Make the build folder, once for each set of options."""
    if not (ROOT / "configure").exists():
        code, said = run([ROOT / "autogen.sh"])
        if code:
            return code, said
    stamp = build / ".configured"
    options = " ".join(CONFIGURE[build])
    if (build / "Makefile").exists() and stamp.exists() and stamp.read_text() == options:
        return 0, ""
    build.mkdir(parents=True, exist_ok=True)
    code, said = run([ROOT / "configure", "--quiet", *CONFIGURE[build]], cwd=build)
    if code == 0:
        stamp.write_text(options)
    return code, said


def build_tree(results, build):
    with step(f"build ({build.name})"):
        code, said = configure(build)
        if code == 0:
            code, said = run(["make", "-s", JOBS, "all"], cwd=build)
    results.add(f"build/{build.name} builds", code == 0, said)
    return code == 0


def tap_results(results, name, code, said):
    """Count a TAP stream; a program that ends badly without a failed case is one failure."""
    failed = 0
    for case in re.finditer(r"^(not )?ok \d+ ?-? ?(.*)\n?((?:#.*\n?)*)", said, re.M):
        if "# SKIP" in case[2]:
            results.skipped += 1
            continue
        failed += 1 if case[1] else 0
        results.add(f"{name}: {case[2]}", not case[1], case[3])
    if code and not failed:
        results.add(name, False, said)


def trs_results(results, trs):
    """Count one automake .trs file; the names of the cases are in the log beside it."""
    log = trs.with_suffix(".log")
    detail = log.read_text(errors="replace") if log.exists() else ""
    name = str(trs.relative_to(CHECK).with_suffix(""))
    outcomes = re.findall(r"^:test-result: (\w+)", trs.read_text(errors="replace"), re.M)
    cases = re.findall(rf"^(?:PASS|FAIL|XFAIL|XPASS|SKIP|ERROR): {re.escape(name)}(?:\.sh)? (.*)$", detail, re.M)
    if not outcomes:
        results.add(name, False, "no result\n" + detail)
    for number, outcome in enumerate(outcomes):
        case = cases[number] if number < len(cases) else ""
        if outcome == "SKIP":
            results.skipped += 1
        elif outcome != "ERROR" or "FAIL" not in outcomes:  # a program with failed cases also ends with an error
            results.add(f"{name}: {case}", outcome in ("PASS", "XFAIL"), detail)


def make_check(results):
    """Unit tests and replayed corpora, through automake's driver."""
    with step("unit tests, corpora"):
        for old in CHECK.glob("tests/**/*.trs"):
            old.unlink()
        code, said = run(["make", "-s", "-k", JOBS, "check"], cwd=CHECK, environment=environment(CHECK))
        found = sorted(CHECK.glob("tests/**/*.trs"))
        before = len(results.failures)
        for trs in found:
            trs_results(results, trs)
        if not found or (code and len(results.failures) == before):
            results.add("make check", False, said)


def purity(results):
    """The archive of the decision, without the symbols that sanitizers add."""
    code, said = run(["/bin/sh", ROOT / "tests/decide/purity_test.sh"], environment=environment(RELEASE))
    tap_results(results, "tests/decide/purity_test.sh", code, said)


def pytest_folder(results, folder, build, long):
    if not list((ROOT / folder).glob("*_test.py")):
        return
    report = build / (folder.replace("/", "-") + ".xml")
    report.unlink(missing_ok=True)
    variables = environment(build)
    variables["FG_LONG"] = "1" if long else ""
    with step(f"{folder}"):
        code, said = run(
            ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
             f"--junitxml={report}", folder], environment=variables)
    junit_results(results, folder, report, code, said)


def junit_results(results, folder, report, code, said):
    cases = xml.parse(report).getroot().iter("testcase") if report.exists() else []
    count = 0
    failed = 0
    for case in cases:
        count += 1
        if case.find("skipped") is not None:
            results.skipped += 1
            continue
        bad = [child for child in case if child.tag in ("failure", "error")]
        failed += bool(bad)
        results.add(f"{folder}: {case.get('name')}", not bad, bad[0].text or bad[0].get("message") if bad else "")
    if not count or (code and not failed):
        results.add(f"{folder}: pytest", False, said)


def rules(results):
    """Each tools/check-* prints TAP lines, one for a rule."""
    for tool in sorted((ROOT / "tools").glob("check-*")):
        for options in ([], ["--self-test"]):
            with step(" ".join([f"tools/{tool.name}", *options])):
                code, said = run([tool, *options], environment=environment(RELEASE))
            tap_results(results, f"tools/{tool.name}", code, said)


def generated(results):
    """Each tools/gen-* can say whether the pages it makes are up to date."""
    for tool in sorted((ROOT / "tools").glob("gen-*")):
        code, said = run([tool, "--check"])
        results.add(f"what tools/{tool.name} makes is up to date", code == 0, said)


def distcheck(results):
    """The tarball builds, is tested, installed, used and removed again, from a folder that cannot be written."""
    with step("make distcheck"):
        code, said = run(["make", "-s", JOBS, "distcheck"], cwd=RELEASE, environment=environment(RELEASE))
    results.add("make distcheck", code == 0, said)


def formatting(results):
    """The layout that .clang-format decides, with the version of Debian 12: another one would decide a little otherwise."""
    said = subprocess.run(["clang-format", "--version"], text=True, capture_output=True, check=False).stdout if shutil.which("clang-format") else ""
    if "version 14." not in said:
        print("  note: layout is not checked: clang-format 14 is not here")
        return
    files = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, text=True, capture_output=True, check=False).stdout.split()
    code, said = run(["clang-format", "--dry-run", "-Werror", *files])
    results.add("layout is what .clang-format decides", code == 0, said[-3000:])


def read_mutants():
    """Rows (name, program, case) of tests/mutants.txt."""
    rows = []
    for line in (ROOT / "tests" / "mutants.txt").read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words:
            rows.append(tuple(words))
    return rows


def case_result(name, program, case):
    """What a test case of the mutant build says: ok, not ok, or crashed or missing."""
    if program.endswith(".py"):
        code, said = run(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{program}::{case}"],
                         environment=environment(MUTANT))
        return {0: "ok", 1: "not ok"}.get(code, "missing"), said
    code, said = run(["timeout", "240", MUTANT / program], cwd=MUTANT, timeout=300,
                     environment={**environment(MUTANT), "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    line = re.search(rf"^(not )?ok \d+ - {re.escape(case)}\s*$", said, re.M)
    if line:
        return ("not ok" if line[1] else "ok"), said
    return ("crashed" if code and code != 127 else "missing"), said


def guarded_files(name):
    found = []
    for folder in ("lib", "gateway", "adapters", "client", "emulators"):
        for path in (ROOT / folder).rglob("*.[ch]"):
            if re.search(rf"\bFG_MUTANT_{name}\b", path.read_text(errors="replace")):
                found.append(path)
    return found


def forget_objects(sources):
    """Only the files that name the guard are compiled again: their objects are removed."""
    for source in sources:
        folder = MUTANT / source.relative_to(ROOT).parent
        for thing in [*folder.glob(f"{source.stem}.o"), *folder.glob(f"*-{source.stem}.o")]:
            thing.unlink()


def make_program(program, flags):
    target = "all" if program.endswith(".py") else program
    return run(["make", "-s", JOBS, f"FG_CPPFLAGS={flags}", target], cwd=MUTANT)


def mutant_result(name, program, case, flags):
    """(caught, words) for one guard."""
    sources = guarded_files(name)
    if not sources:
        return False, f"no file names FG_MUTANT_{name}"
    code, said = make_program(program, flags)
    if code:
        return False, said
    result, said = case_result(name, program, case)
    if result != "ok":
        return False, f"with the guard in place the case is {result}\n{said}"
    forget_objects(sources)
    code, said = make_program(program, f"{flags} -DFG_MUTANT_{name}=1")
    if code == 0:
        result, said = case_result(name, program, case)
    forget_objects(sources)
    if code:
        return False, said
    return result in ("not ok", "crashed"), f"without the guard the case is {result}"


def mutants(results):
    """Leave each guard out in turn and demand that its test fails."""
    with step("build (mutant)"):
        code, said = configure(MUTANT)
    if code:
        results.add("build/mutant", False, said)
        return
    makefile = (MUTANT / "Makefile").read_text()
    flags = re.search(r"^FG_CPPFLAGS = (.*)$", makefile, re.M)[1]
    built = re.search(r"^BUILT_SOURCES = (.*)$", makefile, re.M)
    run(["make", "-s", *(built[1].split() if built and built[1].strip() and "$" not in built[1] else ["all"])], cwd=MUTANT)
    for name, program, case in read_mutants():
        caught, words = mutant_result(name, program, case, flags)
        print(f"    {name:<32} {colour('32', 'caught') if caught else colour('31', 'NOT CAUGHT'):<12} {program}", flush=True)
        results.add(f"the mutant {name} is caught by {case}", caught, words)


def bench(results):
    tool = ROOT / "tools" / "bench"
    if not tool.exists():
        results.add("tools/bench", False, "there is no tools/bench")
        return
    code, said = run([tool, "--json", ROOT / "build" / "bench.json"], environment=environment(RELEASE))
    print(said)
    results.add("tools/bench", code == 0, said)


def main():
    parser = argparse.ArgumentParser(prog="tools/check", description="Build with sanitizers and run every test.")
    parser.add_argument("--long", action="store_true", help="longer crash and load tests, and make distcheck")
    parser.add_argument("--mutants", action="store_true", help="leave each guard out and see its test fail")
    parser.add_argument("--bench", action="store_true", help="measure as well")
    options = parser.parse_args()
    results = Results()
    if build_tree(results, CHECK):
        make_check(results)
        for folder in PYTEST_FOLDERS:
            pytest_folder(results, folder, CHECK, options.long)
    if build_tree(results, RELEASE):
        purity(results)
        rules(results)
        if options.long:
            distcheck(results)
        if options.bench:
            bench(results)
    generated(results)
    formatting(results)
    if options.mutants:
        mutants(results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
