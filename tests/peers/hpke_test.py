# SPDX-License-Identifier: GPL-3.0-or-later
"""Our HPKE against @hpke/core: what one seals the other opens, and what was changed both refuse.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR and FG_SRCDIR name the trees.
"""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRCDIR = pathlib.Path(os.environ.get("FG_SRCDIR", ROOT))
BUILDDIR = pathlib.Path(os.environ.get("FG_BUILDDIR", ROOT / "build"))
PEERS = SRCDIR / "tests" / "peers"
NODE = os.environ.get("NODE", "node")

LENGTHS = [*range(0, 70), *range(70, 2000, 97), 2000]
INFO_AND_AAD = [(b"", b""), (b"fallgate/1 capsule", b""), (b"", b"aad"), (b"i" * 300, b"a" * 500)]


class Refused(Exception):
    """The other side says that the bytes are not good."""


def to_hex(data):
    return data.hex() or "-"


def from_hex(text):
    return b"" if text == "-" else bytes.fromhex(text)


class Side:
    """One implementation: a process that answers line by line."""

    def __init__(self, *command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PEERS)

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"{self.command} ended with {self.process.wait()} at {words[0]}"
        if answer == "refused":
            raise Refused
        return answer

    def keygen(self):
        return tuple(from_hex(word) for word in self.ask("keygen").split())

    def seal(self, public, info, aad, plain):
        return from_hex(self.ask("seal", *map(to_hex, (public, info, aad, plain))))

    def open(self, secret, info, aad, sealed):
        return from_hex(self.ask("open", *map(to_hex, (secret, info, aad, sealed))))

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def sides():
    tool = BUILDDIR / "tests" / "peers" / "hpke_tool"
    if not (PEERS / "node_modules" / "@hpke" / "core").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    if not tool.exists():
        pytest.fail(f"no {tool}: run `make tests/peers/hpke_tool` in {BUILDDIR}, or set FG_BUILDDIR")
    both = {"ours": Side(str(tool)), "peer": Side(NODE, "hpke_peer.mjs")}
    yield both
    for side in both.values():
        side.close()


@pytest.fixture(params=["ours to peer", "peer to ours"])
def pair(request, sides):
    sender, receiver = request.param.split(" to ")
    return sides[sender], sides[receiver]


@pytest.mark.parametrize("info, aad", INFO_AND_AAD)
def test_what_one_seals_the_other_opens(pair, info, aad):
    sender, receiver = pair
    for length in LENGTHS:
        secret, public = receiver.keygen()
        plain = os.urandom(length)
        sealed = sender.seal(public, info, aad, plain)
        assert len(sealed) == length + 48
        assert receiver.open(secret, info, aad, sealed) == plain


def test_keys_of_one_are_keys_of_the_other(pair):
    sender, receiver = pair
    secret, public = sender.keygen()
    assert receiver.open(secret, b"info", b"aad", receiver.seal(public, b"info", b"aad", b"x")) == b"x"


def test_changed_bytes_are_refused_by_both(pair, sides):
    sender, receiver = pair
    secret, public = receiver.keygen()
    sealed = sender.seal(public, b"info", b"aad", b"twenty octets of it.")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1 << position % 8
        for side in sides.values():
            with pytest.raises(Refused):
                side.open(secret, b"info", b"aad", bytes(changed))


def test_other_info_aad_or_key_and_cuts_are_refused_by_both(pair, sides):
    sender, receiver = pair
    secret, public = receiver.keygen()
    other_secret, _ = receiver.keygen()
    sealed = sender.seal(public, b"info", b"aad", b"text")
    wrong = [
        (other_secret, b"info", b"aad", sealed),
        (secret, b"Info", b"aad", sealed),
        (secret, b"", b"aad", sealed),
        (secret, b"info", b"aaD", sealed),
        (secret, b"info", b"", sealed),
        (secret, b"info", b"aad", sealed[:-1]),
        (secret, b"info", b"aad", sealed + b"\0"),
        (secret, b"info", b"aad", sealed[:48]),
    ]
    for side in sides.values():
        for operands in wrong:
            with pytest.raises(Refused):
                side.open(*operands)
        assert side.open(secret, b"info", b"aad", sealed) == b"text"


def test_a_public_key_of_low_order_is_refused_by_both(sides):
    for side in sides.values():
        with pytest.raises(Refused):
            side.seal(bytes(32), b"info", b"aad", b"text")
