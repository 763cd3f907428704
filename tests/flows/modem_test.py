# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows B and D over a modem: fallgate-modem on a pseudo-terminal, opened by the parent for the link. Consent, marked SMS on the phone, status report, receipt; a
phone's message to the secure device; a modem that is unplugged; a PIN.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import json
import os
import signal

import pytest

from gateway import Gateway, find_program, run, wait_for

SIM = "+12025550100"
STRANGER = "+12025550111"
SAYS = "(Not encrypted) +12025550101: "  # the SIM has one number, so the sender is named
LONG = "a story {[with]} a long end € " * 12


class ModemGateway(Gateway):
    """A gateway whose one link is a modem at folder/modem0."""

    modem_options = ()

    def conf_links(self):
        return [{"name": "modem0", "adapter": "modem", "device": str(self.folder / "modem0"), "source_address": SIM, "per_minute": 6000,
                 "per_day": 1000, "reconnect_min_ms": 100, "reconnect_max_ms": 500, **self.link}, *self.more_links]

    def start_smsc(self):
        self.smsc = self.start("fallgate-modem", [find_program("fallgate-modem", self.build), "--link", self.folder / "modem0", "--control",
                                                  self.run_dir / "phone", "--json", "--late", "1s", *self.smsc_options],
                               self.folder / "modem.log", output=self.sms_log)
        self.smsc.wait_line(r"modem 0 is at ")

    def phone(self, *words):
        answer = run([find_program("fallgate-modem", self.build), "ctl", self.run_dir / "phone", *words])
        assert answer.code == 0, answer
        return answer.text

    def counter(self, name):
        return json.loads(self.phone("counters", "--json"))[name]

    def sms(self):
        return [row for row in super().sms() if row["event"] == "sent"]

    def link_state(self):
        return self.links().get("modem0", {})


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with ModemGateway(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


@pytest.fixture(scope="module")
def owner(gateway):
    """Who has the SIM's number."""
    device = gateway.register("owner", SIM)
    device.follow()
    return device


def texts(gateway, text):
    return [sms["text"] for sms in gateway.sms() if text in sms["text"]]


def got(device, text):
    wait_for(lambda: any(row.get("text") == text for row in device.inbox()))
    return [row for row in device.inbox() if row.get("text") == text]


def test_with_consent_a_marked_message_reaches_the_phone_and_its_report_the_sender(gateway, alice):
    sent = alice.send(STRANGER, "hello phone", "--allow", "sms")
    assert sent.code == 0, sent
    row = sent.json
    assert (row["result"], row["protection"], row["bearer"], row["link"]) == ("unprotected", "none", "SMS", "modem0")
    assert row["kind"] == "delivered" and row["final"] and row["claimed"]
    assert texts(gateway, "hello phone") == [SAYS + "hello phone"]
    assert gateway.counter("acknowledged") >= 1
    assert alice.verify(row["id"]).code == 0


def test_a_long_text_arrives_whole(gateway, alice):
    sent = alice.send(STRANGER, LONG, "--allow", "sms")
    assert sent.code == 0, sent
    assert texts(gateway, LONG) == [SAYS + LONG]
    assert sent.json["segments"] == gateway.sms()[-1]["parts"] > 1


def test_what_the_network_refuses_is_failed(gateway, alice):
    sent = alice.send("+12025550183", "refused", "--allow", "sms")
    assert sent.code == 1 and sent.json["kind"] == "failed", sent
    assert not texts(gateway, "refused")


def test_a_report_of_failure_is_failed_and_a_claim(alice):
    sent = alice.send("+12025550187", "undelivered", "--allow", "sms")
    assert sent.json["kind"] == "failed" and sent.json["claimed"], sent


def test_the_operator_sees_how_the_modem_is(gateway):
    gateway.phone("signal", "17")
    link = gateway.link_state()
    assert link["up"] and link["note"].startswith("registered "), link
    assert "signal" in link["note"] and "SM " in link["note"]
    gateway.phone("register", "searching")
    assert wait_for(lambda: "searching" in gateway.link_state().get("note", ""))
    assert not gateway.link_state()["up"]
    gateway.phone("register", "home")
    assert wait_for(lambda: gateway.link_state().get("up"))


def test_a_phones_message_reaches_the_device_unprotected_and_leaves_the_sim(gateway, owner):
    before = gateway.counter("deleted")
    gateway.phone("receive", "+12025550177", "see you at eight")
    assert [(row["sender"], row["protection"]) for row in got(owner, "see you at eight")] == [("+12025550177", "none")]
    gateway.phone("receive", "+12025550177", LONG)
    assert len(got(owner, LONG)) == 1
    assert wait_for(lambda: gateway.counter("deleted") >= before + 3)


def test_a_modem_that_is_unplugged_is_found_again(gateway, alice, owner):
    gateway.phone("unplug")
    assert wait_for(lambda: gateway.link_state().get("up") is False)
    pid = gateway.children()["link"]
    gateway.phone("plug")
    gateway.phone("receive", "+12025550177", "after the cable")
    assert wait_for(lambda: gateway.link_state().get("up"))
    assert gateway.children()["link"] == pid  # the process stays
    assert len(got(owner, "after the cable")) == 1
    sent = alice.send(STRANGER, "again", "--allow", "sms")
    assert sent.code == 0 and sent.json["kind"] == "delivered", sent


def test_no_answer_after_the_text_left_is_unknown_and_nothing_is_sent_twice(gateway, alice):
    sent = alice.send("+12025550194", "in doubt", "--allow", "sms", "--timeout", "5")
    assert sent.json["kind"] == "unknown", sent
    assert wait_for(lambda: gateway.link_state().get("up"))
    assert alice.send(STRANGER, "surely", "--allow", "sms").json["kind"] == "delivered"
    assert len(texts(gateway, "in doubt")) <= 1


def test_a_link_that_is_killed_leaves_a_doubt_that_the_report_ends(gateway, alice):
    before, logged = len(gateway.sms()), len(gateway.logs())
    sending = gateway.start("send", alice.command("send", "+12025550186", "killed", "--allow", "sms", "--timeout", "20"),
                            gateway.folder / "killed.log", output=gateway.folder / "killed.json")
    assert wait_for(lambda: len(gateway.sms()) > before)  # its answer comes a second later
    pid = gateway.children()["link"]
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: gateway.children().get("link", pid) != pid)
    assert wait_for(lambda: gateway.link_state().get("up"))
    assert "rc=E_LINK_UNKNOWN" in gateway.logs()[logged:]
    gateway.phone("report", "DELIVRD")
    sending.process.wait(30)
    rows = [json.loads(line) for line in (gateway.folder / "killed.json").read_text().splitlines() if line.startswith("{")]
    assert rows and rows[-1]["kind"] == "delivered", rows
    assert len(texts(gateway, "killed")) == 1


def test_logs_hold_no_text_and_no_whole_number(gateway, alice, owner):
    logs = (gateway.folder / "fallgated.log").read_text(errors="replace")
    assert "hello phone" not in logs and "see you" not in logs
    for number in (STRANGER, "+12025550177", alice.handle):
        assert number not in logs and number[1:] not in logs


def test_a_link_that_is_drained_leaves_the_device_and_takes_it_again(gateway, alice):
    drained = gateway.ctl("drain", "modem0")
    assert drained.code == 0, drained
    assert wait_for(lambda: gateway.link_state().get("state") == "drained")
    assert gateway.ctl("resume", "modem0").code == 0
    assert wait_for(lambda: gateway.link_state().get("up"))
    assert alice.send(STRANGER, "after the drain", "--allow", "sms").json["kind"] == "delivered"


def test_an_emulator_behind_a_port_is_connected_to(tmp_path):
    gateway = ModemGateway(tmp_path)

    def start_tcp():
        gateway.smsc = gateway.start("fallgate-modem", [find_program("fallgate-modem", gateway.build), "--tcp", "127.0.0.1:0", "--json"],
                                     tmp_path / "modem.log", output=gateway.sms_log)
        gateway.link["device"] = "tcp:" + gateway.smsc.wait_line(r"modem 0 is at ([0-9.:]+)")[1]
    gateway.start_smsc = start_tcp
    with gateway:
        sent = gateway.register("alice", "+12025550101").send(STRANGER, "over tcp", "--allow", "sms")
        assert sent.json["kind"] == "delivered", sent
        assert texts(gateway, "over tcp") == [SAYS + "over tcp"]


def test_another_program_on_the_device_is_not_fought_with(tmp_path, gateway):
    other = ModemGateway(tmp_path)
    other.start_smsc = lambda: (tmp_path / "modem0").symlink_to(gateway.folder / "modem0")
    other.wait_link = lambda: None
    with other:
        assert wait_for(lambda: "another program has it" in other.link_state().get("note", ""))
        assert gateway.link_state()["up"]


def test_a_wrong_pin_is_tried_once_also_across_restarts(tmp_path):
    gateway = ModemGateway(tmp_path, smsc_options=["--pin", "4321"], link={"pin": "1234"})
    gateway.wait_link = lambda: None
    with gateway:
        assert wait_for(lambda: "PIN was refused" in gateway.link_state().get("note", ""))
        assert gateway.counter("pins_wrong") == 1
        gateway.parent.stop()
        gateway.start_gateway()
        assert wait_for(lambda: "PIN was refused" in gateway.link_state().get("note", ""))
        assert gateway.counter("pins_wrong") == 1


def test_a_modem_is_found_by_its_imei(tmp_path):
    gateway = ModemGateway(tmp_path, smsc_options=["--count", "3"])
    gateway.link = {"device": str(tmp_path / "modem*"), "imei": "490154203237520"}
    with gateway:
        assert gateway.link_state()["up"]
        sent = gateway.register("alice", "+12025550101").send(STRANGER, "third", "--allow", "sms")
        assert sent.json["kind"] == "delivered", sent
        assert [row["modem"] for row in gateway.sms()] == [2]


def test_that_no_modem_has_the_imei_is_said(tmp_path):
    gateway = ModemGateway(tmp_path, smsc_options=["--count", "2"])
    gateway.link = {"device": str(tmp_path / "modem*"), "imei": "990000000000001"}
    gateway.wait_link = lambda: None
    with gateway:
        assert wait_for(lambda: gateway.link_state().get("note") == "no modem has this IMEI")


def test_a_pool_of_modems_shares_a_queue_by_weights_and_does_without_one(tmp_path):
    pool = ModemGateway(tmp_path, smsc_options=["--count", "2"])
    pool.more_links = [{**pool.conf_links()[0], "name": "modem1", "device": str(tmp_path / "modem1")}]
    (tmp_path / "policy").write_text('rules = ( { default = true; links = [ "modem0", "modem1" ]; weights = [ 3, 1 ]; } );')
    pool.settings["gateway"] = {"policy": str(tmp_path / "policy")}
    with pool:
        assert wait_for(lambda: all(link["up"] for link in pool.links().values()))
        alice = pool.register("alice", "+12025550101")
        for n in range(40):
            assert alice.send(STRANGER, f"number {n}", "--allow", "sms").json["kind"] == "delivered"
        used = [row["modem"] for row in pool.sms()]
        assert len(used) == 40 and 0 < used.count(1) < used.count(0), used
        pool.phone("unplug", "--modem", "0")
        assert wait_for(lambda: not pool.link_state()["up"])
        for n in range(8):
            assert alice.send(STRANGER, f"without {n}", "--allow", "sms").json["kind"] == "delivered"
        assert [row["modem"] for row in pool.sms()][40:] == [1] * 8
