# SPDX-License-Identifier: GPL-3.0-or-later
"""fallgatectl backup and restore, on a gateway at work."""
import signal

from gateway import Gateway

NUMBER = "+12025550199"


def test_a_backup_brings_accounts_back_and_sends_nothing_again(tmp_path):
    with Gateway(tmp_path / "gw") as gateway:
        alice = gateway.register("alice", "+12025550101")
        bob = gateway.register("bob", "+12025550102")
        held = alice.send(NUMBER, "held when the copy was made")
        assert held.code == 3, held
        sent = alice.send(NUMBER, "sent before", "--allow", "sms")
        assert sent.code == 0, sent
        copy = gateway.data / "core" / "copy.db"
        made = gateway.ctl("backup", copy)
        assert made.code == 0 and copy.exists(), made
        assert alice.send(NUMBER, "sent after", "--allow", "sms").code == 0
        before = len(gateway.sms())

        locked = gateway.ctl("restore", copy, gateway.data / "core")
        assert locked.code != 0, "a store that is open must not be replaced"
        gateway.parent.kill(signal.SIGTERM)
        assert gateway.parent.process.wait(20) == 0
        put = gateway.ctl("restore", copy, gateway.data / "core")
        assert put.code == 0, put
        assert list((gateway.data / "core").glob("store.db.before-restore-*"))
        gateway.start_gateway()

        # Both accounts are there; bob has no one-time prekey left from the copy, which the sender's own device sees.
        bob.follow()
        again = alice.send(bob.handle, "after the restore")
        assert again.json["protection"] == "e2e", again
        # What was sent is not sent again, although the copy does not know of the last one.
        assert len(gateway.sms()) == before
        assert alice.verify(sent.json["id"]).code == 0


def test_a_backup_to_where_nothing_can_be_written_says_so(tmp_path):
    with Gateway(tmp_path / "gw") as gateway:
        refused = gateway.ctl("backup", "/nonexistent/copy.db")
        assert refused.code != 0 and refused.errors, refused
