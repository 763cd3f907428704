# SPDX-License-Identifier: GPL-3.0-or-later
"""tshark as a second opinion on everything that a gateway sends to an application.

Run as root with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import os
import shutil

import pytest

from application import PEERS, PHONE, Application
from capture import Capture
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may capture on the loopback device"),
    pytest.mark.skipif(not (shutil.which("tshark") and shutil.which("dumpcap")), reason="tshark is not installed"),
]
NUMBER = "+12025550166"
PHONE_TEXTS = ("from a phone", "с телефона", "a long one, " * 40)
FROM = {"source_addr": "Shop", "source_addr_ton": 5}
TO = {"destination_addr": PHONE, "dest_addr_ton": 1, "dest_addr_npi": 1}


def talk(gateway, port):
    """One of everything."""
    refused = Application(port, password="wrong")
    assert refused.wait("bound")["status"] == 0x0E
    refused.__exit__()
    with Application(port) as shop:
        answer = shop.submit("for tshark", user_message_reference=77)
        shop.wait("deliver", receipted_message_id=answer["message_id"])
        late = shop.submit("later", schedule_delivery_time="000000010000000R")
        assert shop.ask("query_sm", message_id=answer["message_id"], **FROM)["message_state"] == 2
        assert shop.ask("replace_sm", message_id=late["message_id"], short_message="other words", **FROM)["status"] == 0
        assert shop.ask("cancel_sm", message_id=late["message_id"], **FROM, **TO)["status"] == 0
        assert shop.ask("data_sm", message_payload="as data", data_coding=0, **FROM, **TO)["status"] == 0
        dests = [{"dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": number} for number in (PHONE, "911")]
        assert shop.ask("submit_multi", dest_address=dests, short_message="to all", **FROM)["status"] == 0
        for text in PHONE_TEXTS:
            run([find_program("fallgate-smsc", gateway.build), "mo", "--control", gateway.folder / "smsc.control", "+" + PHONE, NUMBER, text])
            shop.wait("deliver", text=text)
        assert shop.submit("not mine", source_addr="Bank")["status"] == 0x0A
        assert shop.ask("outbind", system_id="x", password="y")["command"] == "generic_nack"
        assert shop.ask("enquire_link")["status"] == 0
        assert shop.ask("unbind")["status"] == 0
        shop.wait("close")


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    port = free_port()
    folder = tmp_path_factory.mktemp("gw")
    gateway = Gateway(folder, smsc_options=["--control", str(folder / "smsc.control")], more_links=[{"name": "apps", "adapter": "smpp-server", "port": port}])
    secret = run([find_program("fallgatectl", gateway.build), "hash-secret", "--password", "secret8"]).text.strip()
    gateway.accounts = [{"name": "app", "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop", "numbers": NUMBER}]
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    with gateway:
        seen = Capture(gateway.folder / "loopback.pcapng", port)
        seen.start(gateway)
        talk(gateway, port)
        # What the kernel still holds is lost when the capture ends.
        assert wait_for(lambda: seen.path.exists() and seen.fields("smpp.command_id==0x80000006", "frame.number"))
        seen.stop()
        yield seen


def sent(capture, which, *names):
    """Of what the gateway sent."""
    return capture.fields(f"({which}) && tcp.srcport=={capture.smpp_port}", *names)


def test_nothing_that_it_sends_is_malformed(capture):
    assert not sent(capture, "_ws.malformed", "frame.number", "_ws.col.Info")


def test_it_sends_what_it_should(capture):
    commands = [command for row in sent(capture, "smpp", "smpp.command_id") for command in row[0].split(",")]
    for command in ("80000009", "80000004", "80000103", "80000021", "80000003", "80000007", "80000008", "80000000", "80000015", "80000006",
                    "00000005"):
        assert f"0x{command}" in commands, command
    multi = sent(capture, "smpp.command_id==0x80000021", "smpp.destination_addr", "smpp.error_status_code")
    assert [(row[0], int(row[1], 0)) for row in multi] == [("911", 0x0B)]


def test_a_receipt_is_one_to_others_too(capture):
    state, reference, vendor = sent(capture, "smpp.command_id==0x00000005", "smpp.message_state", "smpp.user_message_reference",
                                    "smpp.vendor_op")[0]
    assert int(state, 0) == 2 and int(reference, 0) == 77
    assert b"protection=none;bearer=sms;reason=absent" in bytes.fromhex(vendor.replace(":", ""))


def test_what_a_phone_sent_is_its_text_and_says_that_it_came_unprotected(capture):
    rows = sent(capture, f"smpp.command_id==0x00000005 && smpp.destination_addr=={NUMBER[1:]}", "smpp.data_coding", "smpp.vendor_op")
    assert [int(coding, 0) for coding, _ in rows] == [0, 8, 0]
    assert all(b"protection=none;bearer=sms;reason=relayed" in bytes.fromhex(vendor.replace(":", "")) for _, vendor in rows)


def test_a_refusal_says_why_behind_an_empty_id(capture):
    """tshark stops at the header of a response that refuses."""
    octets = b"".join(octets for (_, source), octets in capture.streams(capture.smpp_port).items() if int(source) == capture.smpp_port)
    assert b"\x80\0\0\4\0\0\0\x0a" in octets and b"\0" + b"\0\x1d\0\x07sender\0" in octets
