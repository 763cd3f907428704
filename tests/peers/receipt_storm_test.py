# SPDX-License-Identifier: GPL-3.0-or-later
"""A carrier that says receipts of other people's messages as fast as it can, amid those of ours. Every one is answered, ours arrive, and no role grows with their
number. 20,000 of them; with FG_LONG a million.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import os
import pathlib
import socket
import struct
import threading
import time

import pytest

from application import PEERS, Application
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

STORM = 1_000_000 if os.environ.get("FG_LONG") else 20_000
MESSAGES = 50
GROWTH_MIB = 128  # bounded queues of one link, with the sanitizer's own
BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, ENQUIRE_LINK, UNBIND, RESPONSE = 9, 4, 5, 0x15, 6, 0x80000000
STORED, LATER = 0, 0x14


def pdu(command, sequence, body=b"", status=0):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def receipt(sequence, message):
    text = f"id:{message} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:DELIVRD err:000 text:".encode()
    return pdu(DELIVER_SM, sequence, b"\0\1\1" + b"12025550199\0" + b"\1\1" + b"12025550100\0" + bytes([4, 0, 0, 0, 0, 0, 0, 0, 0, len(text)]) + text)


class Carrier:
    """Answers binds and submits; storm() says receipts of nobody on every bind and remembers how each was answered."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answers = {}
        self.submitted = []
        self.ours = {}  # sequence of the receipt: message, until it is stored
        self.lock = threading.Lock()
        self.peer = None
        self.sequence = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.listener.accept()
            self.peer = peer
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()

    def read(self, peer):
        data = b""
        while True:
            more = peer.recv(1 << 20)
            if not more:
                return
            data += more
            at = 0
            while len(data) - at >= 16 and len(data) - at >= int.from_bytes(data[at:at + 4], "big"):
                length, command, status, sequence = struct.unpack_from(">IIII", data, at)
                self.take(peer, command, status, sequence)
                at += length
            data = data[at:]

    def take(self, peer, command, status, sequence):
        if command in (BIND_TRANSCEIVER, ENQUIRE_LINK, UNBIND):
            self.say(peer, pdu(command | RESPONSE, sequence, b"storm\0" if command == BIND_TRANSCEIVER else b""))
        elif command == SUBMIT_SM:
            message = f"ours{len(self.submitted)}"
            self.submitted.append(message)
            self.say(peer, pdu(SUBMIT_SM | RESPONSE, sequence, message.encode() + b"\0"))
            self.report(message)
        elif command == DELIVER_SM | RESPONSE:
            self.answers[status] = self.answers.get(status, 0) + 1
            message = self.ours.pop(sequence, None)
            if message and status != STORED:  # as a carrier does: again
                threading.Timer(0.2, self.report, (message,)).start()

    def say(self, peer, data):
        with self.lock:
            peer.sendall(data)

    def report(self, message):
        with self.lock:
            self.sequence += 1
            self.ours[self.sequence] = message
            self.peer.sendall(receipt(self.sequence, message))

    def storm(self, count):
        for first in range(0, count, 500):
            with self.lock:
                chunk = b"".join(receipt(self.sequence + i + 1, f"theirs{first + i}") for i in range(min(500, count - first)))
                self.sequence += min(500, count - first)
                self.peer.sendall(chunk)


@pytest.fixture(scope="module")
def stormy(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    carrier = Carrier()
    port = free_port()
    gateway = Gateway(tmp_path_factory.mktemp("gw"), link={"port": carrier.port}, more_links=[{"name": "apps", "adapter": "smpp-server", "port": port}])
    secret = run([find_program("fallgatectl", gateway.build), "hash-secret", "--password", "secret8"]).text.strip()
    gateway.accounts = [{"name": "app", "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop"}]
    gateway.apps_port = port
    gateway.carrier = carrier
    # what the sanitizer keeps of freed memory, 256 MiB, would hide what the roles keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASAN_OPTIONS", ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8"])))
        with gateway:
            yield gateway


def resident_mib(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def test_a_storm_of_strangers_receipts_costs_ours_nothing(stormy):
    carrier, roles = stormy.carrier, ("core", "vault", "link")
    children = stormy.children()
    before = {role: resident_mib(children[role]) for role in roles}
    storm = threading.Thread(target=carrier.storm, args=(STORM,), daemon=True)
    with Application(stormy.apps_port) as shop:
        storm.start()
        ids = [shop.submit(f"amid the storm {number}")["message_id"] for number in range(MESSAGES)]
        for message in ids:
            assert "stat:DELIVRD" in shop.wait("deliver", receipted_message_id=message)["text"]
        storm.join(600)
        assert not storm.is_alive()
        end = time.monotonic() + 120
        assert wait_for(lambda: sum(carrier.answers.values()) >= STORM + MESSAGES, end - time.monotonic()), carrier.answers
        late = shop.submit("after the storm")
        assert "stat:DELIVRD" in shop.wait("deliver", receipted_message_id=late["message_id"])["text"]
    assert set(carrier.answers) <= {STORED, LATER}, "stored and acknowledged, or to be said again"
    assert stormy.children() == children, "nobody died of it"
    grown = {role: resident_mib(children[role]) - before[role] for role in roles}
    assert all(mib < GROWTH_MIB for mib in grown.values()), grown
