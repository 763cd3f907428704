# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of tools/quickstart: builds, starts a gateway beside an emulated SMSC and an emulated modem, registers two people, sends, says what happened."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import gateway as support  # noqa: E402: the folder must be known first

BUILD = ROOT / "build" / "release"
FOLDER = ROOT / "run" / "quickstart"
ALICE, BOB, STRANGER, OTHER = "+12025550101", "+12025550102", "+12025550199", "+12025550177"
SIM = "+12025550100"  # of the emulated modem
TEXT = "see you at six"
COLOURS = {"PROTECTED": "32", "UNPROTECTED": "33", "NOT SENT": "31"}

POLICY = f"""\
# One number goes over the modem, so that both ways are seen.
rules = (
	{{ recipient = "{OTHER}"; links = [ "modem0" ]; }},
	{{ default = true; links = [ "smsc-a", "modem0" ]; }}
);
"""

ENVIRONMENT = """\
# For `. run/quickstart/env`: fallgate is alice, as_bob is bob, fallgatectl is the operator. The gateway runs after tools/quickstart --keep.
# Bob's device listens, and what it got is in {inbox}; the first as_bob ends that, since one device has one connection.
PATH="{path}:$PATH"
FALLGATE_DATA="{data}"
fallgate() {{ command fallgate --state "{alice}" --no-passphrase "$@"; }}
as_bob() {{ grep -qs "{bob}" /proc/{follower}/cmdline && kill {follower}; command fallgate --state "{bob}" --no-passphrase "$@"; }}
fallgatectl() {{ command fallgatectl --socket "{socket}" "$@"; }}
quickstart_stop() {{ kill {pids} 2>/dev/null; }}
"""


def word(text):
    padded = f"{text:<12}"
    return f"\033[{COLOURS[text]}m{padded}\033[0m" if sys.stdout.isatty() and text in COLOURS else padded


def build_step(title, command):
    """Run a step of the build; on a terminal, a second counter shows that it goes on."""
    log = BUILD / "quickstart.log"
    done = threading.Event()
    start = time.monotonic()

    def count():
        while not done.wait(1):
            print(f"\r  {title} ({time.monotonic() - start:.0f} s)\033[K", end="", flush=True)

    counter = threading.Thread(target=count, daemon=True)
    if sys.stdout.isatty():
        counter.start()
    with open(log, "ab") as out:
        code = subprocess.run(command, cwd=BUILD, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
    done.set()
    if counter.is_alive():
        counter.join()
        print("\r\033[K", end="")
    if code:
        raise support.Trouble(f"{title} failed; the end of {log.relative_to(ROOT)}:\n{support.tail(log, 30)}")


def build():
    """Seconds that it took."""
    start = time.monotonic()
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "quickstart.log").unlink(missing_ok=True)
    if not (ROOT / "configure").exists():
        build_step("autogen.sh", [str(ROOT / "autogen.sh")])
    if not (BUILD / "Makefile").exists():
        build_step("configure", [str(ROOT / "configure"), "--quiet"])
    build_step("build", ["make", "-s", f"-j{os.cpu_count() or 2}", "all"])
    return time.monotonic() - start


def line(recipient, what, result, words):
    print(f"  alice -> {recipient:<13} {what:<18} {word(result)} {words}", flush=True)


def send_protected(alice):
    sent = alice.send(BOB, TEXT)
    row = sent.json
    if sent.code or row.get("protection") != "e2e":
        raise support.Trouble(f"alice to bob: {sent}")
    line("bob", f'"{TEXT}"', "PROTECTED", f"end-to-end, {row['kind']} in {row['ms']} ms")


def send_without_consent(alice, gateway):
    sent = alice.send(STRANGER, TEXT)
    if sent.code != 3 or gateway.sms():
        raise support.Trouble(f"alice to {STRANGER} without consent should not be sent: {sent}")
    words = sent.errors.strip().splitlines()[-1].removeprefix("NOT SENT: ")
    line(STRANGER, f'"{TEXT}"', "NOT SENT", words)


def send_with_consent(alice, handle, link, shown):
    """The message's row. shown: what the phone shows."""
    sent = alice.send(handle, TEXT, "--allow", "sms")
    row = sent.json
    if sent.code or row.get("result") != "unprotected" or row["link"] != link:
        raise support.Trouble(f"alice to {handle} with consent: {sent}")
    claim = " (the carrier's claim)" if row.get("claimed") else ""
    line(handle, "with her consent", "UNPROTECTED", f"{row['bearer']} over {row['link']}: \"{shown()}\", {row['kind']}{claim}")
    return row


class Modem:
    """fallgate-modem, and the link that uses it."""

    def __init__(self, gateway):
        self.shown = FOLDER / "phone"
        self.link = {"name": "modem0", "adapter": "modem", "device": str(FOLDER / "modem0"), "source_address": SIM, "per_minute": 600,
                     "per_day": 1000, "reconnect_min_ms": 100}
        program = support.find_program("fallgate-modem", BUILD)
        process = gateway.start("fallgate-modem", [program, "--link", self.link["device"], "--control", FOLDER / "modem.control", "--json"],
                                FOLDER / "modem.log", output=self.shown)
        process.wait_line(r"modem 0 is at ")

    def last(self):
        return [event for event in map(json.loads, self.shown.read_text().splitlines()) if event["event"] == "sent"][-1]["text"]


def verify(alice, gateway, row):
    checked = alice.verify(row["id"])
    if checked.code:
        raise support.Trouble(f"verify {row['id']}: {checked}")
    print(f"  receipt over the SMSC: signed by the gateway, leaf {row['leaf_index']} of log {gateway.log_id()[:4]}…, "
          "inclusion proof ok, consent ok")


def write_environment(gateway, alice, bob, follower):
    programs = {str(support.find_program(name, BUILD).parent) for name in ("fallgate", "fallgatectl", "fallgated", "fallgate-smsc", "fallgate-modem")}
    pids = " ".join(str(process.pid) for process in reversed(gateway.processes))
    (FOLDER / "env").write_text(ENVIRONMENT.format(
        path=":".join(sorted(programs)), data=gateway.data, alice=alice.state, bob=bob.state, socket=gateway.run_dir / "control", pids=pids,
        inbox=bob.inbox_log, follower=follower.process.pid))


def show(gateway, modem, keep):
    alice = gateway.register("alice", ALICE)
    bob = gateway.register("bob", BOB)
    follower = bob.follow()
    time.sleep(0.3)  # so that bob is connected and the time shown is that of the message
    send_protected(alice)
    send_without_consent(alice, gateway)
    row = send_with_consent(alice, STRANGER, "smsc-a", lambda: gateway.sms()[-1]["text"])
    if not support.wait_for(lambda: gateway.links()["modem0"].get("up")):
        raise support.Trouble(f"the modem is not up: {gateway.links()['modem0']}")
    send_with_consent(alice, OTHER, "modem0", modem.last)
    verify(alice, gateway, row)
    write_environment(gateway, alice, bob, follower)
    print(f'  try:  . run/quickstart/env; fallgate send {BOB} "hi"; fallgatectl explain {STRANGER}; fallgatectl links')
    print("  (it runs on; `quickstart_stop` ends it)" if keep else
          "  (--keep leaves it running; without it everything is stopped)")


def main():
    parser = argparse.ArgumentParser(prog="tools/quickstart", description="Build, start and show Fallgate.")
    parser.add_argument("--keep", action="store_true", help="leave the gateway running")
    keep = parser.parse_args().keep
    gateway = None
    try:
        took = build()
        shutil.rmtree(FOLDER, ignore_errors=True)
        gateway = support.Gateway(FOLDER, BUILD, name="gw.quickstart")
        gateway.prepare()
        gateway.start_smsc()
        modem = Modem(gateway)
        gateway.more_links = [modem.link]
        (FOLDER / "policy.conf").write_text(POLICY)
        gateway.settings.setdefault("gateway", {})["policy"] = str(FOLDER / "policy.conf")
        start = time.monotonic()
        gateway.start_gateway()
        print(f"  packages  ok        build  ok ({took:.0f} s)        "
              f"gateway  ready ({time.monotonic() - start:.1f} s), data in ./run/quickstart", flush=True)
        show(gateway, modem, keep)
    except support.Trouble as trouble:
        print(f"quickstart: {trouble}", file=sys.stderr)
        if gateway and gateway.parent:
            print(f"quickstart: the end of run/quickstart/fallgated.log:\n{support.tail(gateway.parent.log)}", file=sys.stderr)
        keep = False
        return 1
    except BaseException:
        keep = False
        raise
    finally:
        if gateway and not keep:
            gateway.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
