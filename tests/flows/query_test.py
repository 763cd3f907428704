# SPDX-License-Identifier: GPL-3.0-or-later
"""A carrier that sends no receipt is asked with query_sm, and its answer ends the message like a receipt."""
from gateway import Gateway, wait_for

SILENT = "+12025550189"  # fallgate-smsc sends no receipt for this one


def kinds(device, message_id):
    device.run("inbox", "--timeout", "1")
    return [row["kind"] for row in device.run("receipt", message_id).rows]


def test_the_answer_to_a_question_ends_the_message(tmp_path):
    with Gateway(tmp_path / "gw", link={"query_after_s": 1}) as gateway:
        alice = gateway.register("alice", "+12025550101")
        sent = alice.send(SILENT, "nobody tells", "--allow", "sms", "--wait", "accepted")
        assert sent.code == 0, sent
        assert wait_for(lambda: kinds(alice, sent.json["id"]) == ["sent", "delivered"]), kinds(alice, sent.json["id"])
        assert alice.verify(sent.json["id"]).code == 0


def test_where_it_is_off_nothing_is_asked(tmp_path):
    with Gateway(tmp_path / "gw", link={"query_after_s": 1, "query_sm": "off"}) as gateway:
        bob = gateway.register("bob", "+12025550102")
        first = bob.send(SILENT, "still nobody", "--allow", "sms", "--wait", "accepted")
        # One that has its receipt by itself, and later: in between the first would have been asked for.
        last = bob.send("+12025550199", "!smsc ok after=2500;somebody", "--allow", "sms")
        assert last.json["kind"] == "delivered", last
        assert kinds(bob, first.json["id"]) == ["sent"]
