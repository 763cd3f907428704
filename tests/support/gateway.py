# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole gateway with an emulated SMSC in a folder of its own: for tests/flows, tests/crash, tests/peers and tools/quickstart.

    with Gateway(folder) as gateway:
        alice = gateway.register("alice", "+12025550101")
        sent = alice.send("+12025550199", "hi", "--allow", "sms")

Programs are taken from FG_BUILDDIR. Ports are free ones, nothing outside of loopback is used, and only processes that were started here are
ended, by their ids. What is not here: what is right, which the tests say.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOCKET_PATH_MAX = 100  # sun_path has 108 bytes
WAIT_S = 15


class Trouble(Exception):
    """Something did not start or answer; says what, with the end of its log."""


def build_folder():
    return pathlib.Path(os.environ.get("FG_BUILDDIR", ROOT / "build" / "release"))


def find_program(name, build=None):
    """Path of a program in the build tree."""
    build = build or build_folder()
    for path in [build / name, *sorted(build.glob(f"*/*/{name}"))]:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise Trouble(f"there is no {name} in {build}")


def wait_for(what, seconds=WAIT_S):
    """Ask again and again until what() gives something true; None after the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    return None


def tail(path, lines=20):
    if not path.exists():
        return f"(no {path.name})"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


class Process:
    """A program in the background whose output goes to a file."""

    def __init__(self, name, command, log, environment=None, output=None):
        self.name = name
        self.log = log
        out = open(output or log, "ab")
        err = open(log, "ab")
        with out, err:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env={**os.environ, **(environment or {})}, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def wait_line(self, pattern, start=0, seconds=WAIT_S):
        """The match of a line that it logs after byte `start`."""
        def look():
            if self.log.exists():
                found = re.search(pattern, self.log.read_bytes()[start:].decode(errors="replace"))
                if found:
                    return found
            if self.process.poll() is not None:
                raise Trouble(f"{self.name} ended with {self.process.returncode}:\n{tail(self.log)}")
            return None

        found = wait_for(look, seconds)
        if not found:
            raise Trouble(f"{self.name} is not ready after {seconds} s:\n{tail(self.log)}")
        return found

    def kill(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, seconds=15):
        """SIGTERM, then SIGKILL; the exit code."""
        self.kill(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait(seconds)


class Answer:
    """What a command said: exit code, text, errors and, with --json, one object a line."""

    def __init__(self, done):
        self.code = done.returncode
        self.text = done.stdout
        self.errors = done.stderr

    @property
    def rows(self):
        return [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]

    @property
    def json(self):
        return self.rows[-1] if self.rows else {}

    def __repr__(self):
        return f"exit code {self.code}, said {self.text!r}, errors {self.errors!r}"


def run(command, seconds=60):
    try:
        return Answer(subprocess.run([str(word) for word in command], text=True, errors="replace", stdin=subprocess.DEVNULL,
                                     capture_output=True, timeout=seconds, check=False))
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"no end after {seconds} s: {' '.join(map(str, command))}") from late


class Device:
    """A registered device: the program fallgate on a state file of its own, which has no passphrase."""

    def __init__(self, gateway, name, handle):
        self.gateway = gateway
        self.name = name
        self.handle = handle
        self.state = gateway.folder / f"{name}.state"
        self.inbox_log = gateway.folder / f"{name}.inbox"

    def command(self, *words):
        return [find_program("fallgate", self.gateway.build), "--state", self.state, "--no-passphrase", "--json", *words]

    def run(self, *words, seconds=60):
        return run(self.command(*words), seconds)

    def send(self, handle, text, *options):
        return self.run("send", *options, handle, text)

    def verify(self, message_id):
        return self.run("verify", message_id)

    def follow(self):
        """Take messages in the background from now on."""
        return self.gateway.start(f"inbox of {self.name}", self.command("inbox", "--follow"), self.gateway.folder / f"{self.name}.log",
                                  output=self.inbox_log)

    def inbox(self):
        """What a followed inbox showed."""
        text = self.inbox_log.read_text(errors="replace") if self.inbox_log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def make_certificates(folder):
    """A CA and a certificate for localhost, signed by it."""
    folder.mkdir(parents=True, exist_ok=True)
    server = folder / "server.ext"
    server.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    steps = [
        ["req", "-x509", *curve, "-days", "30", "-subj", "/CN=Fallgate test CA", "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", *curve, "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.csr"],
        ["x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
         "-extfile", server.name, "-out", "tls.crt"],
    ]
    for step in steps:
        done = subprocess.run(["openssl", *step], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(f"openssl {step[0]}: {done.stderr.strip()}")
    for key in ("ca.key", "tls.key"):
        (folder / key).chmod(0o600)


def conf_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def conf_group(values):
    return "{ " + " ".join(f"{key} = {conf_value(value)};" for key, value in values.items()) + " }"


class Gateway:
    """fallgated with its configuration, certificates and one SMPP link to fallgate-smsc."""

    def __init__(self, folder, build=None, name="gw.test", smsc_options=(), settings=None, link=None, more_links=(),
                 accounts=()):
        """settings: groups of the configuration over our defaults, such as {"limits": {"ask_s": 5}}; link: keys of the link; more_links
        and accounts: whole items of those lists."""
        self.folder = pathlib.Path(folder).resolve()
        self.build = build or build_folder()
        self.name = name
        self.smsc_options = smsc_options
        self.settings = settings or {}
        self.link = link or {}
        self.more_links = more_links
        self.accounts = accounts
        self.processes = []
        self.smsc = None
        self.parent = None
        self.smsc_port = 0
        self.data = self.folder / "data"
        self.trust = self.data / "gateway.trust"
        self.sms_log = self.folder / "sms"
        self.scratch = None
        self.run_dir = self.folder / "ctl"
        if len(str(self.run_dir / "control")) > SOCKET_PATH_MAX:
            self.scratch = tempfile.mkdtemp(prefix="fallgate-")
            self.run_dir = pathlib.Path(self.scratch)

    def __enter__(self):
        try:
            self.prepare()
            self.start_smsc()
            self.start_gateway()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, name, command, log, output=None):
        process = Process(name, command, log, output=output)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            process.stop()
        self.forget()

    def forget(self):
        """Remove what is not in the folder."""
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.data, self.run_dir):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not (self.folder / "tls" / "tls.crt").exists():
            make_certificates(self.folder / "tls")

    def conf_text(self):
        tls = self.folder / "tls"
        groups = {
            "gateway": {"name": self.name, "data_dir": str(self.data), "run_dir": str(self.run_dir), "allow_unlocked": True},
            "secure": {"port": 0, "host": "localhost", "certificate": str(tls / "tls.crt"), "key": str(tls / "tls.key"),
                       "ca": str(tls / "ca.crt")},
            "limits": {"lookups_per_minute": 1000, "submits_per_second": 1000},
        }
        for group, values in self.settings.items():
            groups.setdefault(group, {}).update(values)
        lists = {"links": self.conf_links(), "accounts": self.accounts}
        return "".join([*(f"{name} = {conf_group(values)};\n" for name, values in groups.items()),
                        *("{} = (\n  {}\n);\n".format(name, ",\n  ".join(map(conf_group, items))) for name, items in lists.items())])

    def conf_links(self):
        return [{"name": "smsc-a", "adapter": "smpp", "port": self.smsc_port, "system_id": "fallgate", "source": "sender", "rate": 1000,
                 "reconnect_min_ms": 50, "reconnect_max_ms": 500, "response_timeout_ms": 2000, **self.link}, *self.more_links]

    def start_smsc(self):
        self.smsc = self.start("fallgate-smsc", [find_program("fallgate-smsc", self.build), "--listen", f"127.0.0.1:{self.smsc_port}",
                                                 "--json", *self.smsc_options], self.folder / "smsc.log", output=self.sms_log)
        self.smsc_port = int(self.smsc.wait_line(r"listening on [^ ]*:(\d+)")[1])

    def start_gateway(self):
        """Start fallgated and wait until it is ready; again after it was killed."""
        conf = self.folder / "fallgate.conf"
        conf.write_text(self.conf_text())
        log = self.folder / "fallgated.log"
        before = log.stat().st_size if log.exists() else 0
        self.parent = self.start("fallgated", [find_program("fallgated", self.build), "-c", conf], log)
        port = int(self.parent.wait_line(r"fallgated: ready in .* devices on [^ ]*:(\d+)", before)[1])
        # Devices remember where the gateway was: it stays there when it is started again.
        self.settings.setdefault("secure", {})["port"] = port
        self.wait_link()

    def wait_link(self):
        if not wait_for(lambda: "up" in [link["state"] for link in self.links().values()]):
            raise Trouble(f"the link is not up:\n{tail(self.parent.log)}")

    def links(self):
        """What `fallgatectl links` knows, by name; nothing while it does not answer."""
        answer = self.ctl("--json", "links")
        return {} if answer.code else {link["name"]: link for link in json.loads(answer.text)}

    def ctl_command(self, *words):
        return [find_program("fallgatectl", self.build), "--socket", self.run_dir / "control", *words]

    def ctl(self, *words):
        return run(self.ctl_command(*words))

    def invite(self, handle):
        answer = self.ctl("--json", "invite", handle)
        if answer.code or not answer.json.get("code"):
            raise Trouble(f"fallgatectl invite {handle}: {answer}")
        return answer.json["code"]

    def register(self, name, handle):
        device = Device(self, name, handle)
        answer = device.run("register", "--trust", self.trust, "--invitation", self.invite(handle), handle)
        if answer.code:
            raise Trouble(f"fallgate register {handle}: {answer}\n{tail(self.parent.log)}")
        return device

    def sms(self):
        """What phones got, oldest first: rows with source, destination, text, parts."""
        text = self.sms_log.read_text(errors="replace") if self.sms_log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def children(self):
        """{role or link: pid} of the processes that fallgated has now; links after the first are link1, link2 and so on."""
        found = {}
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                words = (status.parent / "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.parent.pid and b"--role" in words:
                role = words[words.index(b"--role") + 1].decode()
                link = words[words.index(b"--link") + 1].decode() if b"--link" in words else "0"
                found[role if link == "0" else role + link] = int(status.parent.name)
        return found

    def logs(self):
        """All that was logged by the gateway and the emulator's own messages, not what phones got."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def trust_lines(self):
        return dict(line.split(" ", 1) for line in self.trust.read_text().splitlines() if " " in line and line[0] != "#")

    def log_id(self):
        trust = self.trust_lines()
        return hashlib.sha256(trust["log-origin"].encode() + b"\n\x01" + bytes.fromhex(trust["log-key"])).hexdigest()
