# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile connections to a whole gateway, while npm smpp goes on as a good application.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import resource
import socket
import ssl
import struct

import pytest

from application import PHONE, PEERS, Application
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)
HALF_OPEN = min(10000, DESCRIPTORS[1] - 200 if DESCRIPTORS[1] != resource.RLIM_INFINITY else 10000)
CONNECTIONS = HALF_OPEN // 10
BIND_TRANSMITTER, BIND_TRANSCEIVER, SUBMIT_SM, ENQUIRE_LINK = 2, 9, 4, 0x15
STALL_MS = 1000  # after which a connection that does not read is cut


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    port = free_port()
    running = Gateway(tmp_path_factory.mktemp("gw"),
                      more_links=[{"name": "apps", "adapter": "smpp-server", "port": port, "connections": CONNECTIONS,
                                   "response_timeout_ms": STALL_MS}])
    secret = run([find_program("fallgatectl", running.build), "hash-secret", "--password", "secret8"]).text.strip()
    running.accounts = [{"name": name, "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop"} for name in ("app", "slow", "fresh")]
    running.apps_port = port
    with running:
        yield running


@pytest.fixture
def shop(gateway):
    with Application(gateway.apps_port) as application:
        yield application


@pytest.fixture
def many_sockets():
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(DESCRIPTORS[0], HALF_OPEN + 200), DESCRIPTORS[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, DESCRIPTORS)


def pdu(command, sequence, body=b""):
    return struct.pack(">IIII", 16 + len(body), command, 0, sequence) + body


def bind(system_id, password, command=BIND_TRANSCEIVER):
    return pdu(command, 1, system_id.encode() + b"\0" + password.encode() + b"\0\0\x34\0\0\0")


def submit(sequence, text):
    return pdu(SUBMIT_SM, sequence, b"\0\5\0Shop\0\1\1" + PHONE.encode() + b"\0\0\0\0\0\0\1\0\0\0" + bytes([len(text)]) + text)


def connect(port, host=2):
    """From an address of its own."""
    return socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{host}", 0))


def gone(plain):
    """The far side has hung up."""
    try:
        return plain.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def still_good(shop, gateway, text):
    """Who is bound goes on, and who comes may bind."""
    assert shop.submit(text)["status"] == 0 and not shop.find("close")
    with Application(gateway.apps_port) as another:
        assert another.submit(f"{text}, again")["status"] == 0


def test_half_open_binds_keep_nobody_out(gateway, shop, many_sockets):
    strangers = []
    try:
        for number in range(HALF_OPEN):
            try:
                strangers.append(connect(gateway.apps_port, 2 + number % 8))
                strangers[-1].sendall(bind("app", "secret8")[:20])
            except OSError:
                pass  # room was made while it spoke
            if number % (HALF_OPEN // 4) == 0:
                still_good(shop, gateway, f"beside {number} strangers")
        still_good(shop, gateway, "beside all strangers")
        for stranger in strangers:
            stranger.setblocking(False)
        assert sum(gone(stranger) for stranger in strangers) >= len(strangers) - CONNECTIONS
    finally:
        for stranger in strangers:
            stranger.close()


def test_a_flood_of_guesses_does_not_stop_who_is_bound_nor_who_knows_the_password(gateway, shop):
    guesses = []
    try:
        for number in range(40):
            guesses.append(connect(gateway.apps_port, 2))
            guesses[-1].sendall(bind("fresh" if number % 2 else "app", f"guess{number}"))
        for number in range(10):
            assert shop.submit(f"beside guesses {number}")["status"] == 0
        with Application(gateway.apps_port, system_id="fresh"):  # its password was not looked at before
            pass
        for guess in guesses:
            guess.settimeout(20)
            assert struct.unpack(">IIII", guess.recv(65536)[:16])[1:3] in ((0x80000009, 0x0E), (0x80000009, 0x08))
    finally:
        for guess in guesses:
            guess.close()


def test_other_protocols_on_the_port_cost_only_their_connection(gateway, shop):
    with connect(gateway.apps_port) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.settimeout(20)
        assert gone(plain)
    with connect(gateway.apps_port) as plain:
        plain.settimeout(20)
        with pytest.raises((ssl.SSLError, OSError)):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    still_good(shop, gateway, "after other protocols")


def test_a_bad_pdu_costs_that_pdu(gateway):
    with connect(gateway.apps_port) as plain:
        plain.settimeout(20)
        stream = plain.makefile("rb")
        plain.sendall(bind("app", "secret8") + submit(2, b"cut")[:-3])
        head = struct.unpack(">IIII", stream.read(16))
        assert head[1:3] == (0x80000009, 0)
        stream.read(head[0] - 16)
        plain.sendall(b"cut" + pdu(SUBMIT_SM, 3, b"\xff" * 40) + pdu(0x7FF, 4) + pdu(ENQUIRE_LINK, 5))
        seen = {}
        while 5 not in seen:
            head = struct.unpack(">IIII", stream.read(16))
            seen[head[3]] = head[1:3]
            stream.read(head[0] - 16)
        assert seen[3] == (0x80000000, 0x02) and seen[4] == (0x80000000, 0x03) and seen[5] == (0x80000015, 0)


def test_who_reads_late_gets_every_answer(gateway):
    """More answers than are kept for one connection: it is read from again when it has read."""
    count = 400000
    with connect(gateway.apps_port) as plain:
        plain.sendall(bind("app", "secret8", BIND_TRANSMITTER))
        plain.settimeout(20)
        stream = plain.makefile("rb")
        head = struct.unpack(">IIII", stream.read(16))
        stream.read(head[0] - 16)
        left = memoryview(pdu(ENQUIRE_LINK, 100) * count)
        heard = 0
        while heard < 16 * count:
            plain.setblocking(False)
            try:
                while left:
                    left = left[plain.send(left):]
            except BlockingIOError:
                pass
            plain.setblocking(True)
            plain.settimeout(20)
            heard += len(plain.recv(1 << 20))
        assert heard == 16 * count


def test_who_does_not_read_is_cut_and_its_receipts_are_kept(gateway, shop):
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", gateway.apps_port))
    with plain:
        plain.sendall(bind("slow", "secret8") + b"".join(submit(2 + number, b"slow %d" % number) for number in range(3)))
        assert wait_for(lambda: len([row for row in gateway.sms() if "slow" in row["text"]]) == 3)
        plain.settimeout(20)
        with pytest.raises(OSError):
            while True:  # until it is not read from, and then cut
                plain.sendall(pdu(ENQUIRE_LINK, 100) * 4096)
    assert shop.submit("beside the slow one")["status"] == 0
    with Application(gateway.apps_port, system_id="slow") as back:
        back.wait("deliver", count=3)
        assert len({row["receipted_message_id"] for row in back.find("deliver")}) == 3
    assert "it does not read" in gateway.logs()
