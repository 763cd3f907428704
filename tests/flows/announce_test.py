# SPDX-License-Identifier: GPL-3.0-or-later
"""Who registers while the log dies is known to the vault afterwards: its pin is the second line against a downgrade."""
import hashlib
import os
import signal
import sqlite3

import pytest

from gateway import Gateway, tail, wait_for

BOB = "+12025550102"
KV_ANNOUNCE = 9  # gateway/store/store.h


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw"), settings={"gateway": {"restart_max_ms": 100}}) as running:
        yield running


def announcements(gateway):
    with sqlite3.connect(f"file:{gateway.data / 'core' / 'store.db'}?mode=ro", uri=True) as store:
        return store.execute("SELECT count(*) FROM kv WHERE kind = ?", (KV_ANNOUNCE,)).fetchone()[0]


def vault_knows(gateway, handle):
    """Its journal has a pin, `P` and the tag (gateway/vault/vault_file.c)."""
    tag = hashlib.sha256(b"fallgate handle\0" + handle.encode()).digest()
    return b"P" + tag in (gateway.data / "vault" / "journal").read_bytes()


def test_a_registration_that_a_dying_log_did_not_hand_on_is_told_again(gateway):
    log = gateway.children()["log"]
    os.kill(log, signal.SIGSTOP)
    gateway.register("bob", BOB)
    assert announcements(gateway) == 1
    assert not vault_knows(gateway, BOB)
    os.kill(log, signal.SIGKILL)
    assert wait_for(lambda: vault_knows(gateway, BOB), 20), tail(gateway.parent.log)
    assert wait_for(lambda: announcements(gateway) == 0, 20), tail(gateway.parent.log)


def test_what_nothing_went_wrong_with_leaves_no_announcement(gateway):
    gateway.register("carol", "+12025550103")
    assert wait_for(lambda: vault_knows(gateway, "+12025550103") and announcements(gateway) == 0, 20)
