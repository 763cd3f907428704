# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgatectl probe: asks before it sends, finds out how an SMSC behaves, and prints keys that the configuration takes."""
import json
import re
import subprocess

import pytest

from gateway import Process, conf_group, find_program, make_certificates, run

NUMBER = "+12025550199"
WRONG_USE, NO_LINK = 2, 3


class Smsc:
    """fallgate-smsc and a configuration with a link to it."""

    def __init__(self, folder, *options, link=None, tls=False):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        make_certificates(folder)
        self.shown = folder / "sms"
        if tls:
            options = (*options, "--tls-cert", folder / "tls.crt", "--tls-key", folder / "tls.key")
            link = {"tls": "on", "tls_ca": str(folder / "ca.crt"), "tls_name": "localhost", **(link or {})}
        self.process = Process("fallgate-smsc", [find_program("fallgate-smsc"), "--listen", "127.0.0.1:0", "--json", *options],
                               folder / "smsc.log", output=self.shown)
        port = int(self.process.wait_line(r"listening on [^ ]*:(\d+)")[1])
        self.link = {"name": "smsc-a", "adapter": "smpp", "port": port, "system_id": "fallgate", "source_address": "12345", "rate": 1000,
                     "response_timeout_ms": 3000, **(link or {})}
        self.write()

    def write(self, more=""):
        tls = self.folder
        keys = conf_group(self.link).rstrip("} ")
        self.conf = self.folder / "fallgate.conf"
        self.conf.write_text(
            f'gateway = {{ name = "gw.test"; data_dir = "{self.folder}/data"; run_dir = "/tmp"; }};\n'
            f'secure = {{ certificate = "{tls}/tls.crt"; key = "{tls}/tls.key"; ca = "{tls}/ca.crt"; }};\n'
            f"links = ( {keys}\n{more} }} );\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def probe(self, *options, number=NUMBER, link="smsc-a", says="", json_too=False):
        words = [find_program("fallgatectl"), *(["--json"] if json_too else []), "probe", "--config", self.conf, *options, link, number]
        done = subprocess.run([str(word) for word in words], input=says, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def found(self, *options, **more):
        code, out, errors = self.probe("--yes", *options, json_too=True, **more)
        assert code == 0, errors
        return json.loads(out)

    def texts(self):
        return [json.loads(line)["text"] for line in self.shown.read_text().splitlines() if line.startswith("{")]


def test_nothing_is_sent_without_a_yes(tmp_path):
    with Smsc(tmp_path) as smsc:
        for says in ("", "\n", "n\n", "maybe\n"):
            code, out, errors = smsc.probe(says=says)
            assert code == 1 and not out and "nothing was sent" in errors, errors
            assert "real messages, up to 33 " in errors and NUMBER in errors
        code, out, _ = smsc.probe("--window", "0", says="y\n1\n")
        assert code == 0 and 'alphabet = "gsm";' in out
        assert [text for text in smsc.texts() if not text.startswith("(Not encrypted) ")] == []
        assert len(smsc.texts()) == 3


def test_the_profile_goes_into_the_configuration(tmp_path):
    with Smsc(tmp_path, "--id-format", "hex", "--receipt-id", "dec", "--window", "3", "--answer-delay", "50") as smsc:
        code, out, errors = smsc.probe("--yes", number="+12025550193", says="1\n")
        assert code == 0, errors
        keys = dict(re.findall(r'^(\w+) = "?([\w-]+)"?;$', out, re.M))
        assert keys == {"window": "3", "id_base": "hex-dec", "mark_tlv": "0", "alphabet": "gsm", "query_sm": "auto"}
        assert "# unknown TLVs:  refused with 0xC1 ROPTPARNOTALLWD" in out and "+12025550193" not in out
        # what the phone showed is what the question offered
        assert [text for text in smsc.texts() if text.endswith("three signs: ¤ ¡ §")]
        smsc.write(more=out)
        said = run([find_program("fallgated"), "-n", "-c", smsc.conf])
        assert said.code == 0, said


@pytest.mark.parametrize("options, link, number, wanted", [
    ([], {}, NUMBER, {"window": 10, "window_is": "at least", "id_base": "same", "unknown_tlv": "yes", "query_sm": "yes", "receipts": 13}),
    (["--window", "1", "--answer-delay", "20"], {}, NUMBER, {"window": 1, "window_is": "exact", "window_code": 0x58}),
    (["--receipt-delay", "10"], {"bind": "tx+rx"}, NUMBER, {"receipts": 13}),
    ([], {}, "+12025550189", {"receipts": 0, "id_base": "auto", "query_sm": "yes"}),
], ids=["plain", "a window of one", "two binds", "no receipts"])
def test_manners_of_carriers(tmp_path, options, link, number, wanted):
    with Smsc(tmp_path, *options, link=link) as smsc:
        found = smsc.found("--wait", "3", number=number)
        assert {key: found[key] for key in wanted} == wanted, found


def test_over_tls_and_only_to_whom_the_certificate_names(tmp_path):
    with Smsc(tmp_path, tls=True) as smsc:
        assert smsc.found("--window", "0")["accepted"] == 3
        smsc.link["tls_name"] = "other.example.org"
        smsc.write()
        code, out, errors = smsc.probe("--yes")
        assert code == 1 and not out and "certificate refused: hostname mismatch" in errors, errors


def test_what_is_wrong_is_said(tmp_path):
    with Smsc(tmp_path, "--password", "right") as smsc:
        code, out, errors = smsc.probe("--yes")
        assert code == 1 and not out and "the bind was refused: 0x0E RINVPASWD" in errors, errors
        smsc.process.stop()
        code, out, errors = smsc.probe("--yes")
        assert code == 1 and not out and "Connection refused" in errors, errors
        assert smsc.probe("--yes", link="smsc-b")[0] == NO_LINK
        for words in (["--window", "51"], ["--window", "x"], ["--no-such-option"], ["--wait"]):
            assert smsc.probe(*words)[0] == WRONG_USE, words
        assert smsc.probe("--yes", number="12025550199")[0] == WRONG_USE
