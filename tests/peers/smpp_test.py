# SPDX-License-Identifier: GPL-3.0-or-later
"""The smpp adapter against npm smpp as SMSC, and its PDUs against tshark.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR and FG_SRCDIR name the trees.
"""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRCDIR = pathlib.Path(os.environ.get("FG_SRCDIR", ROOT))
BUILDDIR = pathlib.Path(os.environ.get("FG_BUILDDIR", ROOT / "build"))
PEERS = SRCDIR / "tests" / "peers"
MARK = "(Not encrypted) "
ACCEPTED, DELIVERED = 2, 2


def run(text, *more, options=None, binds=1):
    """Send text through the adapter; the tool's answer and what the SMSC saw."""
    server = subprocess.Popen([os.environ.get("NODE", "node"), "smpp_server.mjs", json.dumps(options or {})], cwd=PEERS,
                              stdout=subprocess.PIPE, text=True)
    try:
        port = json.loads(server.stdout.readline())["port"]
        tool = subprocess.run([BUILDDIR / "tests/peers/smpp_link_tool", str(port), "+12025550199", text, *more],
                              capture_output=True, text=True, timeout=30)
        assert tool.returncode == 0, tool.stderr
        events = []
        while sum(event["event"] == "close" for event in events) < binds:
            events.append(json.loads(server.stdout.readline()))
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    return json.loads(tool.stdout), events


def submits(events):
    return [event for event in events if event["event"] == "submit"]


TEXTS = [
    ("one part", "Hello", 1),
    ("all of it GSM", "@£$¥èéùìòÇ Δ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ ¿äöñüà ^{}\\[~]|€", 1),
    ("a long text", "abcdefghij" * 40, 3),
    ("an escape on the boundary", "x" * (151 - len(MARK)) + "€" + "y" * 100, 2),
    ("UCS-2", "Привет", 1),
    ("an emoji on the boundary", "ж" * (65 - len(MARK)) + "😀" + "ж" * 40, 2),
]


@pytest.mark.parametrize("name,text,parts", TEXTS, ids=[row[0] for row in TEXTS])
def test_the_peer_reads_the_very_text_and_its_reports_are_stored(name, text, parts):
    answer, events = run(MARK + text)
    seen = submits(events)
    assert len(seen) == parts
    assert "".join(event["text"] for event in seen) == MARK + text
    assert seen[0]["text"].startswith(MARK)
    assert answer["outcome"] == ACCEPTED and answer["rc"] == "OK"
    assert answer["refs"] == [event["id"] for event in seen]
    assert sorted(report["ref"] for report in answer["reports"]) == sorted(answer["refs"])
    assert all(report["state"] == DELIVERED and report["destination"] == "+12025550199" for report in answer["reports"])
    assert [event["status"] for event in events if event["event"] == "deliver_resp"] == [0] * parts
    assert not [event for event in events if event["event"] == "error"]


def test_fields_are_what_carriers_expect():
    _, events = run("Hello")
    bind = next(event for event in events if event["event"] == "bind")
    submit = submits(events)[0]
    assert bind == {"event": "bind", "system_id": "fallgate", "version": 0x34}
    assert submit["destination"] == "12025550199" and submit["dest_ton"] == 1
    assert submit["umr"] == 1
    assert [event["event"] for event in events][-2:] == ["unbind", "close"]


@pytest.mark.parametrize("text_form", [False, True], ids=["TLV", "text"])
def test_ids_that_are_hex_in_the_response_and_decimal_in_the_receipt_meet(text_form):
    answer, _ = run("abcdefghij" * 40, options={"decimal": True, "text": text_form})
    assert len(answer["refs"]) == 3 and "1A2B" in answer["refs"]
    assert sorted(report["ref"] for report in answer["reports"]) == sorted(answer["refs"])


def test_a_transmitter_and_a_receiver_do_the_work_of_a_transceiver():
    answer, events = run("Hello", "0", "bind=tx+rx", binds=2)
    assert sorted(event["kind"] for event in events if event["event"] == "bind") == ["bind_receiver", "bind_transmitter"]
    assert answer["outcome"] == ACCEPTED
    assert [report["state"] for report in answer["reports"]] == [DELIVERED]


def test_sar_parameters_are_read_as_such():
    _, events = run("abcdefghij" * 40, "0", "long_text=sar")
    seen = submits(events)
    assert [event["sar"][1:] for event in seen] == [[3, 1], [3, 2], [3, 3]]
    assert len({event["sar"][0] for event in seen}) == 1
    assert "".join(event["text"] for event in seen) == "abcdefghij" * 40
    assert not any(event["esm_class"] & 0x40 for event in seen)


def test_an_8_bit_reference_is_read_as_such():
    _, events = run("abcdefghij" * 40, "0", "long_text=udh8")
    assert [event["udh"][-4:] for event in submits(events)] == ["0301", "0302", "0303"]
    assert "".join(event["text"] for event in submits(events)) == "abcdefghij" * 40


def make_certificates(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=ca", "-keyout", folder / "ca.key", "-out", folder / "ca.crt"], check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=smsc",
                    "-addext", "subjectAltName=DNS:smsc.example.org", "-keyout", folder / "smsc.key", "-out", folder / "smsc.csr"],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", folder / "smsc.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
                    "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", folder / "smsc.crt"],
                   check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_over_tls_the_work_is_the_same(tmp_path):
    make_certificates(tmp_path)
    options = {"key": str(tmp_path / "smsc.key"), "cert": str(tmp_path / "smsc.crt")}
    answer, events = run(MARK + "abcdefghij" * 40, "0", "tls=on", "tls_name=smsc.example.org", f"ca={tmp_path / 'ca.crt'}",
                         options=options)
    assert answer["outcome"] == ACCEPTED and len(submits(events)) == 3
    assert len(answer["reports"]) == 3


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_finds_nothing_malformed(tmp_path):
    _, events = run(MARK + "abcdefghij" * 40, "0x1612")
    stream = b"".join(bytes.fromhex(event["hex"]) for event in events if event["event"] == "octets")
    dump = tmp_path / "dump.txt"
    with dump.open("w") as out:
        while stream:
            pdu, stream = stream[:int.from_bytes(stream[:4], "big")], stream[int.from_bytes(stream[:4], "big"):]
            for at in range(0, len(pdu), 16):
                out.write(f"{at:06x} {pdu[at:at + 16].hex(' ')}\n")
    pcap = tmp_path / "dump.pcap"
    subprocess.run(["text2pcap", "-q", "-T", "40000,2775", dump, pcap], check=True, capture_output=True)
    shown = subprocess.run(["tshark", "-r", pcap, "-d", "tcp.port==2775,smpp", "-V"], check=True, capture_output=True,
                           text=True).stdout
    assert "alformed" not in shown
    assert shown.count("Operation: Submit_sm") >= 3
    assert "Operation: Bind_transceiver" in shown


def test_a_probe_of_the_peer_finds_its_manners(tmp_path):
    server = subprocess.Popen([os.environ.get("NODE", "node"), "smpp_server.mjs", json.dumps({"decimal": True, "text": True})], cwd=PEERS,
                              stdout=subprocess.PIPE, text=True)
    try:
        port = json.loads(server.stdout.readline())["port"]
        conf = tmp_path / "fallgate.conf"
        conf.write_text('gateway = { name = "gw.test"; data_dir = "/tmp/d"; run_dir = "/tmp/r"; };\n'
                        'secure = { certificate = "/dev/null"; key = "/dev/null"; ca = "/dev/null"; };\n'
                        f'links = ( {{ name = "a"; adapter = "smpp"; port = {port}; system_id = "fallgate"; source_address = "12345"; '
                        'rate = 1000; response_timeout_ms = 1500; } );\n')
        done = subprocess.run([BUILDDIR / "fallgatectl", "--json", "probe", "--config", conf, "--yes", "a", "+12025550199"], input="",
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        events = []
        while not events or events[-1]["event"] != "close":
            events.append(json.loads(server.stdout.readline()))
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    seen = submits(events)
    assert (found["sent"], found["accepted"], found["receipts"]) == (13, 13, 13)
    assert (found["window"], found["window_is"], found["id_base"]) == (10, "at least", "hex-dec")
    assert (found["receipt_text"], found["receipt_tlvs"], found["receipt_reference"], found["unknown_tlv"]) == (True, False, False, "yes")
    assert all(event["text"].startswith(MARK) and event["dest_ton"] == 1 for event in seen) and len(seen) == 13
    assert seen[2]["text"].endswith("three signs: ¤ ¡ §")
    assert [event["status"] for event in events if event["event"] == "deliver_resp"] == [0] * 13
    assert not [event for event in events if event["event"] == "error"]
    assert [event["event"] for event in events][-2:] == ["unbind", "close"]
