# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow B through a whole gateway whose carrier is npm smpp's server: what a phone would put together, and what the sender can prove.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import os
import pathlib

import pytest

import verify_log
from gateway import Gateway, wait_for

PEERS = pathlib.Path(__file__).resolve().parent
STRANGER = "+12025550199"
MARK = "(Not encrypted) "
LONG_GSM = "the canary sings {}[]€ at six " + "0123456789 " * 30
LONG_UCS2 = "канарейка поёт в шесть 😀 " * 8


class PeerGateway(Gateway):
    """A gateway whose SMSC is smpp_server.mjs."""

    def start_smsc(self):
        script = PEERS / "smpp_server.mjs"
        self.smsc = self.start("npm smpp", [os.environ.get("NODE", "node"), script], self.folder / "smsc.log", output=self.sms_log)
        listening = wait_for(lambda: self.sms())
        assert listening and listening[0]["event"] == "listening", (self.folder / "smsc.log").read_text()
        self.smsc_port = listening[0]["port"]

    def events(self, name):
        return [row for row in self.sms() if row["event"] == name]

    def submits(self, start=0):
        return self.events("submit")[start:]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    with PeerGateway(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


def reassemble(parts):
    """The text that a phone shows: parts in the order of their user data headers (05 00 03 ref total number, or 06 08 04 ref ref ...)."""
    if len(parts) == 1:
        assert parts[0]["udh"] == ""
        return parts[0]["text"]
    headers = [bytes.fromhex(part["udh"]) for part in parts]
    assert len({header[:-1] for header in headers}) == 1, "one reference and one total for all parts"
    assert sorted(header[-1] for header in headers) == list(range(1, headers[0][-2] + 1))
    assert all(part["esm_class"] & 0x40 for part in parts)
    return "".join(part["text"] for _, part in sorted(zip((header[-1] for header in headers), parts), key=lambda pair: pair[0]))


def test_it_binds_as_a_transceiver(gateway):
    assert [(row["system_id"], row["version"]) for row in gateway.events("bind")] == [("fallgate", 0x34)]


TEXTS = [("one GSM part", "the canary sings at six", 0, 1), ("a long GSM text", LONG_GSM, 0, 3), ("one UCS-2 part", "канарейка 😀", 8, 1),
         ("a long UCS-2 text", LONG_UCS2, 8, 4)]


@pytest.mark.parametrize("name,text,coding,parts", TEXTS, ids=[row[0] for row in TEXTS])
def test_the_phone_gets_the_very_text_and_the_sender_proof(gateway, alice, name, text, coding, parts):
    before = len(gateway.submits())
    sent = alice.send(STRANGER, text, "--allow", "sms")
    assert sent.code == 0, sent
    seen = gateway.submits(before)
    assert len(seen) == sent.json["segments"] == parts
    assert reassemble(seen) == MARK + text
    assert {(row["destination"], row["source"], row["data_coding"]) for row in seen} == {(STRANGER[1:], alice.handle[1:], coding)}
    # The carrier's reports came with TLVs, were answered, and are shown as no more than its claim.
    assert (sent.json["kind"], sent.json["protection"], sent.json["mark"]) == ("delivered", "none", MARK)
    assert sent.json["final"] and sent.json["claimed"] and not sent.json["proven"]
    checked = alice.verify(sent.json["id"])
    assert checked.code == 0 and checked.json["verified"], checked


def test_every_report_was_taken_and_the_peer_saw_no_error(gateway, alice):
    assert alice.send(STRANGER, "counted", "--allow", "sms").code == 0
    assert wait_for(lambda: len(gateway.events("deliver_resp")) == len(gateway.submits()))
    assert {row["status"] for row in gateway.events("deliver_resp")} == {0}
    assert not gateway.events("error") and not gateway.events("close")


def test_without_consent_the_peer_sees_nothing(gateway, alice):
    before = len(gateway.submits())
    assert alice.send(STRANGER, "never").code == 3
    assert len(gateway.submits()) == before


def test_the_log_left_behind_is_verified_by_another_implementation(gateway, alice, capsys):
    assert alice.send(STRANGER, "left behind", "--allow", "sms").code == 0
    folder = gateway.data / "log"
    downgrades = sum(row["udh"][-2:] in ("", "01") for row in gateway.submits())

    def said():
        code = verify_log.main(["--trust", str(gateway.trust), "--log", str(folder), "--state", str(alice.state)])
        return capsys.readouterr().out if code == 0 else None

    # The files for auditors follow the log within a minute.
    found = wait_for(said, 70)
    assert found and "VERIFIED" in found
    assert found.count("consent ok") >= downgrades
