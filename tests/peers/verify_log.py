# SPDX-License-Identifier: GPL-3.0-or-later
"""A verifier of receipts, proofs and the log, written from docs/protocol.md; it shares no code with the gateway and its client.

    verify_log.py --trust FILE [--log FOLDER] [--state FILE]

--log: the files for auditors (data_dir/log): is the newest checkpoint the log's, and does it seal exactly these leaves?
--state: a device's state file without passphrase: is each receipt in it signed, and does each downgrade have a leaf in that log, for a
consent that this device signed? Prints a line for each finding; exit code 0 when all holds, 1 when not, 2 for wrong usage.

Signed notes: C2SP signed-note and tlog-checkpoint. Tree and proofs: RFC 6962, 2.1; RFC 9162, 2.1.3.2.
"""
import argparse
import base64
import hashlib
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LEAF_LEN = 44
LEAF_UNIT_MS = 300000
KIND_DECISION = 1
BEARER_SECURE = 0
PROTECTION_E2E = 3
LEFT_BY_A_CARRIER = {3, 4, 5}  # ReceiptKind: downgraded, sent, delivered
DAY_MS = 24 * 3600 * 1000


class Refused(Exception):
    """What was claimed does not hold."""


def need(holds, words):
    if not holds:
        raise Refused(words)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# ---- protobuf, as much as is needed: https://protobuf.dev/programming-guides/encoding ----


def varint(data, at):
    value = shift = 0
    while True:
        need(at < len(data) and shift < 70, "a varint is cut")
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value, at


class Message:
    """Fields by number."""

    def __init__(self, data):
        self.fields = {}
        at = 0
        while at < len(data):
            key, at = varint(data, at)
            number, kind = key >> 3, key & 7
            need(kind in (0, 2), f"field {number} has wire type {kind}")
            value, at = varint(data, at)
            if kind == 2:
                need(at + value <= len(data), f"field {number} is cut")
                value, at = data[at:at + value], at + value
            self.fields.setdefault(number, []).append(value)

    def all(self, number):
        return self.fields.get(number, [])

    def bytes(self, number):
        return self.fields.get(number, [b""])[-1]

    def text(self, number):
        return self.bytes(number).decode()

    def int(self, number):
        return self.fields.get(number, [0])[-1]

    def message(self, number):
        return Message(self.bytes(number)) if number in self.fields else None

    def ints(self, number):
        """A repeated integer, packed or not."""
        found = []
        for value in self.all(number):
            if isinstance(value, int):
                found.append(value)
                continue
            at = 0
            while at < len(value):
                one, at = varint(value, at)
                found.append(one)
        return found


# ---- signatures ----


def verify_raw(key, body, signature, what):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, body)
    except (InvalidSignature, ValueError) as error:
        raise Refused(f"{what} is not signed by the key that should have") from error


def open_signed(signed, key, label, what):
    """The body of a Signed object."""
    body = signed.bytes(1)
    verify_raw(key, f"fallgate/1 {label}".encode() + b"\0" + body, signed.bytes(2), what)
    return Message(body)


# ---- Merkle trees ----


def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def tree_root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(tree_root(hashes[:split]), tree_root(hashes[split:]))


def root_from_path(index, size, leaf, path):
    """RFC 9162, 2.1.3.2."""
    need(index < size, "the index is beyond the tree")
    fn, sn, root = index, size - 1, leaf
    for step in path:
        need(sn > 0 and len(step) == 32, "the path is too long")
        if fn & 1 or fn == sn:
            root = node_hash(step, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, step)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "the path is too short")
    return root


# ---- trust, checkpoints, leaves ----


class Trust:
    """gateway.trust."""

    def __init__(self, text):
        lines = [line.split(" ", 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
        need(lines and lines[0] == ["fallgate-trust", "1"], "this is no gateway.trust of version 1")
        values = dict(lines)
        need(len(values) == len(lines), "gateway.trust says something twice")
        self.gateway = bytes.fromhex(values["gateway"])
        self.origin = values["log-origin"]
        self.log_key = bytes.fromhex(values["log-key"])
        self.receipt_key = bytes.fromhex(values["receipt-key"])
        self.log_id = sha256(self.origin.encode(), b"\n\x01", self.log_key)


def open_checkpoint(note, trust):
    """(size, root) of a signed checkpoint of this log."""
    text, blank, signatures = note.partition("\n\n")
    need(blank, "the checkpoint has no signatures")
    text += "\n"
    lines = text.splitlines()
    need(len(lines) == 3 and lines[0] == trust.origin, f"the checkpoint is not of {trust.origin}")
    for line in signatures.splitlines():
        dash, name, value = line.split(" ")
        blob = base64.b64decode(value, validate=True)
        if dash == "\u2014" and name == trust.origin and blob[:4] == trust.log_id[:4]:
            verify_raw(trust.log_key, text.encode(), blob[4:], "the checkpoint")
            return int(lines[1]), base64.b64decode(lines[2], validate=True)
    raise Refused("the checkpoint has no signature of this log")


class Log:
    """The leaves and the newest checkpoint that a log left for auditors."""

    def __init__(self, folder, trust):
        data = (folder / "leaves").read_bytes()
        need(len(data) % LEAF_LEN == 0, "the leaves are cut")
        self.leaves = [data[at:at + LEAF_LEN] for at in range(0, len(data), LEAF_LEN)]
        self.size, root = open_checkpoint((folder / "checkpoint").read_text(), trust)
        need(self.size <= len(self.leaves), f"the checkpoint seals {self.size} leaves, {len(self.leaves)} are there")
        need(self.root(self.size) == root, "the checkpoint seals other leaves")
        for leaf in self.leaves:
            need(leaf[:4] == b"FGL1", "a leaf does not begin with FGL1")

    def root(self, size):
        need(size <= len(self.leaves), f"only {len(self.leaves)} leaves are there, a checkpoint names {size}")
        return tree_root([leaf_hash(leaf) for leaf in self.leaves[:size]])


# ---- receipts ----


def open_receipt(signed, trust):
    """The Receipt in a SignedReceipt: one signature covers a batch."""
    body = signed.bytes(1)
    root = root_from_path(signed.int(2), signed.int(3), leaf_hash(body), signed.all(4))
    verify_raw(trust.receipt_key, b"fallgate/1 receipt-batch\0" + root, signed.bytes(5), "the receipt")
    receipt = Message(body)
    need(receipt.bytes(1) == trust.gateway, "the receipt is of another gateway")
    return receipt


def candidates(record, commitment):
    """Public leaves that fit, for who has no copy of the log: the coarse codes are tried, the commitment binds the rest."""
    start = record.int(13) // LEAF_UNIT_MS
    for action in range(16):
        for reason in range(64):
            for unit in (start, start + 1):
                yield b"FGL1" + bytes([KIND_DECISION, action, reason, record.int(6)]) + unit.to_bytes(4, "big") + commitment


def verify_leaf(proof, trust, log):
    """The LeafRecord that a LeafProof shows to be in the log."""
    record = Message(proof.bytes(2))
    index = proof.int(1)
    size, root = open_checkpoint(proof.text(5), trust)
    commitment = sha256(b"fallgate leaf\0", proof.bytes(3), proof.bytes(2))
    if log:
        need(log.root(size) == root, "the receipt's checkpoint seals other leaves than the log has")
        need(index < size, "the leaf is not below its checkpoint")
        leaf = log.leaves[index]
        need(leaf in set(candidates(record, commitment)), "the leaf in the log does not commit to this record")
        need(root_from_path(index, size, leaf_hash(leaf), proof.all(4)) == root, "the inclusion proof does not hold")
        return record
    for leaf in candidates(record, commitment):
        if root_from_path(index, size, leaf_hash(leaf), proof.all(4)) == root:
            return record
    raise Refused("the inclusion proof does not hold")


def open_consent(sent, cert_signed, account_key):
    """The Consent that this device signed."""
    cert = open_signed(cert_signed, account_key, "device-cert", "the device's certificate")
    signed = sent.message(6)
    need(signed is not None, "the message left in clear without a consent")
    consent = open_signed(signed, cert.bytes(3), "consent", "the consent")
    return consent, sha256(signed.bytes(1))


def verify_consent(sent, consent, consent_hash, record, trust):
    need(consent.bytes(1) == trust.gateway, "the consent is for another gateway")
    need(consent.bytes(2) == trust.log_id, "the consent is for another log")
    need(consent.bytes(3) == sent.bytes(1) == record.bytes(1), "the consent is for another message")
    need(consent.text(5) == sent.text(2), "the consent is for another recipient")
    need(record.bytes(3) == sha256(b"fallgate handle\0", sent.bytes(2)), "the leaf is about another recipient")
    need(record.bytes(4) == consent_hash, "the leaf names another consent")
    need(record.int(6) in consent.ints(6), "the bearer was not consented to")
    need(consent.int(17) - consent.int(16) <= DAY_MS, "the consent lives too long")
    need(consent.int(16) <= record.int(13) <= consent.int(17), "the consent was not valid when it was decided")


def verify_sent(sent, cert, account_key, trust, log):
    """Check every receipt of a message; yields words about each."""
    for signed in map(Message, sent.all(7)):
        receipt = open_receipt(signed, trust)
        need(receipt.bytes(2) == sent.bytes(1), "the receipt is for another message")
        proof = receipt.message(15)
        clear = (receipt.int(6) != PROTECTION_E2E and receipt.int(7) != BEARER_SECURE and receipt.int(4) in LEFT_BY_A_CARRIER)
        need(proof or not clear, "a message left in clear without a leaf in the log")
        if proof:
            record = verify_leaf(proof, trust, log)
            consent, consent_hash = open_consent(sent, cert, account_key)
            verify_consent(sent, consent, consent_hash, record, trust)
            need(receipt.int(7) == record.int(6), "receipt and leaf name different bearers")
        where = f", leaf {proof.int(1)}, consent ok" if proof else ""
        yield f"receipt {receipt.int(18)} of {sent.bytes(1).hex()}: kind {receipt.int(4)}, protection {receipt.int(6)}{where}"


def read_state(path):
    """The ClientState in a state file that is not sealed."""
    data = path.read_bytes()
    need(data[:10] == b"FGSECRET\x01\x00", "this is no state file without passphrase")
    head, digest, body = data[:10], data[10:42], data[42:]
    need(sha256(head, body) == digest, "the state file was changed")
    return Message(body)


def verify_state(path, trust, log):
    state = read_state(path)
    cert = state.message(8)
    account_key = Message(cert.bytes(1)).bytes(1) if cert else b""
    for sent in map(Message, state.all(13)):
        yield from verify_sent(sent, cert, account_key, trust, log)


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trust", type=pathlib.Path, required=True)
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--state", type=pathlib.Path, action="append", default=[])
    options = parser.parse_args(words)
    try:
        trust = Trust(options.trust.read_text())
        log = Log(options.log, trust) if options.log else None
        if log:
            print(f"log {trust.log_id.hex()}: {len(log.leaves)} leaves, the checkpoint seals {log.size}")
        for path in options.state:
            for said in verify_state(path, trust, log):
                print(said)
    except (Refused, OSError, ValueError, KeyError) as error:
        print(f"NOT VERIFIED: {error}")
        return 1
    print("VERIFIED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
