# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wiretap on both cables of a gateway shows: well-formed SMPP to the carrier, nothing but TLS 1.3 to the devices.

Run as root with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import os
import shutil
import socket
import ssl

import pytest

from capture import Capture
from gateway import Gateway, wait_for
from kannel import free_port

STRANGER = "+12025550199"
CANARY = "the canary sings at six"
LONG_TEXT = CANARY + " {}[]€ " + "0123456789 " * 30
RECORD_TYPES = {20, 21, 22, 23}  # RFC 8446, 5.1: change_cipher_spec, alert, handshake, application_data
RECORD_MAX = 2**14 + 256
TLS_1_3 = "0x0304"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may capture on the loopback device"),
    pytest.mark.skipif(not (shutil.which("tshark") and shutil.which("dumpcap")), reason="tshark is not installed"),
]


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """Flows A and B on both cables, from the first connection to the unbind."""
    folder = tmp_path_factory.mktemp("gw")
    device_port = free_port()
    gateway = Gateway(folder, settings={"secure": {"port": device_port}})
    try:
        gateway.prepare()
        gateway.start_smsc()
        seen = Capture(folder / "loopback.pcapng", gateway.smsc_port, device_port)
        seen.start(gateway)
        gateway.start_gateway()
        alice = gateway.register("alice", "+12025550101")
        bob = gateway.register("bob", "+12025550102")
        follower = bob.follow()
        assert alice.send(bob.handle, CANARY).code == 0
        assert alice.send(STRANGER, CANARY, "--allow", "sms").code == 0
        assert alice.send(STRANGER, LONG_TEXT, "--allow", "sms").code == 0
        follower.stop()  # it would connect again while the gateway leaves
        assert gateway.parent.stop() == 0
        # What the kernel still holds is lost when the capture ends: the gateway's last word must be in the file.
        assert wait_for(lambda: seen.path.exists() and seen.fields("smpp.command_id==0x80000006", "frame.number"))
        seen.stop()
        yield seen
    finally:
        gateway.close()


def test_no_packet_is_malformed(capture):
    assert not capture.fields("_ws.malformed", "frame.number", "_ws.col.Info")


def test_smpp_is_what_was_sent(capture):
    assert capture.fields("smpp.command_id==0x00000009", "frame.number"), "no bind_transceiver"
    submits = "".join(row[0] + "," for row in capture.fields("smpp", "smpp.command_id"))
    assert submits.count("0x00000004") == 1 + 3
    assert submits.count("0x00000005") == submits.count("0x80000005") >= 2
    assert {status for row in capture.fields("smpp.command_status", "smpp.command_status") for status in row[0].split(",")} == {"0x00000000"}
    assert CANARY.encode() in b"".join(capture.streams(capture.smpp_port).values())


def test_devices_are_spoken_to_in_tls_records_only(capture):
    streams = capture.streams(capture.device_port)
    assert len(streams) >= 2 * 3
    for key, octets in streams.items():
        at = 0
        while at < len(octets):
            length = int.from_bytes(octets[at + 3:at + 5], "big")
            assert octets[at] in RECORD_TYPES and octets[at + 1] == 3 and 0 < length <= RECORD_MAX, (key, at, octets[at:at + 16])
            at += 5 + length
        assert at == len(octets), key


def test_each_connection_of_a_device_negotiates_tls_1_3(capture):
    hellos = capture.fields(f"tls.handshake.type==2 && tcp.srcport=={capture.device_port}", "tcp.stream",
                            "tls.handshake.extensions.supported_version")
    connections = capture.fields(f"tcp.flags.syn==1 && tcp.flags.ack==1 && tcp.srcport=={capture.device_port}", "tcp.stream")
    assert {stream for stream, _ in hellos} == {stream for stream, in connections}
    assert {version for _, version in hellos} == {TLS_1_3}


def test_no_text_and_no_handle_is_readable_on_the_devices_cable(capture):
    octets = b"".join(capture.streams(capture.device_port).values())
    assert octets
    for secret in (CANARY, STRANGER, "+12025550101", "+12025550102", STRANGER[1:]):
        assert secret.encode() not in octets


def test_an_older_tls_is_refused(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Gateway(tmp_path) as gateway:
        port = gateway.settings["secure"]["port"]
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError, match="(?i)version"):
            context.wrap_socket(plain)
