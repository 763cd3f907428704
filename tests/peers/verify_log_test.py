# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the gateway leaves behind, checked by a verifier that shares no code with it; and that verifier itself."""
import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import verify_log
from gateway import Gateway, wait_for

STRANGER = "+12025550199"
# Inputs and roots of the reference implementation of RFC 6962.
RFC_6962_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
RFC_6962_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def covered(checkpoint):
    """Leaves under the checkpoint in that file; 0 while there is none."""
    return int(checkpoint.read_text().splitlines()[1]) if checkpoint.exists() else 0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A gateway that sent three texts in clear and one protected, then stopped."""
    with Gateway(tmp_path_factory.mktemp("gw")) as gateway:
        alice = gateway.register("alice", "+12025550101")
        bob = gateway.register("bob", "+12025550102")
        bob.follow()
        assert alice.send(bob.handle, "protected").code == 0
        for text in ("one", "two", "three"):
            assert alice.send(STRANGER, text, "--allow", "sms").code == 0
        folder = gateway.data / "log"
        # Two accounts and three downgrades; the files for auditors follow the log within a minute.
        # The checkpoint is written after the leaves that it covers.
        assert wait_for(lambda: covered(folder / "checkpoint") >= 5, 70)
        yield gateway, alice


@pytest.fixture
def parts(run):
    gateway, alice = run
    trust = verify_log.Trust(gateway.trust.read_text())
    return trust, verify_log.Log(gateway.data / "log", trust), verify_log.read_state(alice.state)


def downgraded(state):
    """(sent, receipt, proof) of the first receipt with a leaf."""
    for sent in map(verify_log.Message, state.all(13)):
        for signed in map(verify_log.Message, sent.all(7)):
            proof = verify_log.Message(signed.bytes(1)).message(15)
            if proof:
                return sent, signed, proof
    raise AssertionError("no receipt has a leaf")


def test_the_log_and_all_receipts_hold(run, capsys):
    gateway, alice = run
    code = verify_log.main(["--trust", str(gateway.trust), "--log", str(gateway.data / "log"), "--state", str(alice.state)])
    said = capsys.readouterr().out
    assert code == 0, said
    assert said.count("consent ok") >= 3


def test_receipts_hold_without_a_copy_of_the_log(run, capsys):
    gateway, alice = run
    assert verify_log.main(["--trust", str(gateway.trust), "--state", str(alice.state)]) == 0, capsys.readouterr().out


def test_a_changed_leaf_is_found(run, tmp_path):
    gateway, _ = run
    trust = verify_log.Trust(gateway.trust.read_text())
    leaves = bytearray((gateway.data / "log" / "leaves").read_bytes())
    (tmp_path / "checkpoint").write_bytes((gateway.data / "log" / "checkpoint").read_bytes())
    for position in range(verify_log.LEAF_LEN):
        changed = bytearray(leaves)
        changed[position] ^= 1
        (tmp_path / "leaves").write_bytes(changed)
        with pytest.raises(verify_log.Refused):
            verify_log.Log(tmp_path, trust)


def test_a_receipt_of_another_key_is_refused(parts):
    trust, _, state = parts
    _, signed, _ = downgraded(state)
    verify_log.open_receipt(signed, trust)
    trust.receipt_key = trust.log_key
    with pytest.raises(verify_log.Refused):
        verify_log.open_receipt(signed, trust)


@pytest.mark.parametrize("field", [1, 2, 3, 4])
def test_a_changed_proof_is_refused(parts, field):
    trust, log, state = parts
    _, _, proof = downgraded(state)
    verify_log.verify_leaf(proof, trust, log)
    if field == 1:
        proof.fields[1] = [proof.int(1) + 1]
    elif field == 4:
        proof.fields[4] = [*proof.all(4), bytes(32)]
    else:
        proof.fields[field] = [proof.bytes(field)[:-1] + bytes([proof.bytes(field)[-1] ^ 1])]
    for copy in (log, None):
        with pytest.raises(verify_log.Refused):
            verify_log.verify_leaf(proof, trust, copy)


def test_roots_are_those_of_rfc_6962():
    hashes = [verify_log.leaf_hash(leaf) for leaf in RFC_6962_LEAVES]
    assert verify_log.tree_root([]) == hashlib.sha256().digest()
    for size, root in RFC_6962_ROOTS.items():
        assert verify_log.tree_root(hashes[:size]).hex() == root


def path_of(hashes, index):
    """RFC 6962, 2.1.1: by recursion, as the definition goes."""
    if len(hashes) == 1:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < split:
        return [*path_of(hashes[:split], index), verify_log.tree_root(hashes[split:])]
    return [*path_of(hashes[split:], index - split), verify_log.tree_root(hashes[:split])]


@pytest.mark.parametrize("size", range(1, 20))
def test_paths_lead_to_the_root_and_changed_ones_do_not(size):
    hashes = [verify_log.leaf_hash(bytes([number])) for number in range(size)]
    root = verify_log.tree_root(hashes)
    for index in range(size):
        path = path_of(hashes, index)
        assert verify_log.root_from_path(index, size, hashes[index], path) == root
        assert verify_log.root_from_path(index, size, bytes(32), path) != root
        with pytest.raises(verify_log.Refused):
            verify_log.root_from_path(index, size, hashes[index], [*path, bytes(32)])


def test_checkpoints_of_others_are_refused():
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    trust = verify_log.Trust(f"fallgate-trust 1\ngateway {'00' * 16}\nlog-origin gw.test\nlog-key {public.hex()}\nreceipt-key {public.hex()}\n")
    text = f"gw.test\n3\n{base64.b64encode(bytes(32)).decode()}\n"
    blob = base64.b64encode(trust.log_id[:4] + key.sign(text.encode())).decode()
    note = f"{text}\n\u2014 gw.test {blob}\n"
    assert verify_log.open_checkpoint(note, trust) == (3, bytes(32))
    for wrong in (note.replace("\n3\n", "\n4\n"), note.replace("gw.test", "gw.tess"), text):
        with pytest.raises(verify_log.Refused):
            verify_log.open_checkpoint(wrong, trust)
