# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's rules, seen at two carriers: by recipient, by class, by sender, shares by weights, and what is refused or held.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import pytest

from application import Application
from carriers import TwoCarriers
from gateway import wait_for

MARK = "(Not encrypted) "
RULES = """rules = (
    { recipient = "+1900"; action = "refuse"; },
    { recipient = "+1340"; action = "hold"; },
    { class = "otp"; links = [ "smsc-b" ]; },
    { recipient = "+1202"; links = [ "smsc-a", "smsc-b" ]; },
    { default = true; links = [ "smsc-a", "smsc-b" ]; weights = [ 1, 3 ]; }
);
"""
RSUBMITFAIL = 0x45


class Ruled(TwoCarriers):
    contracts = {"app": {}, "codes": {"message_class": "otp"}}

    def prepare(self):
        super().prepare()
        path = self.folder / "policy.conf"
        path.write_text(RULES)
        self.settings = {"gateway": {"policy": str(path)}}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Ruled(tmp_path_factory.mktemp("gw")) as running:
        assert wait_for(lambda: running.is_up("smsc-b"))
        yield running


def send(gateway, destination, text, account="app"):
    """The status; with 0 it was delivered."""
    with Application(gateway.apps_port, system_id=account) as application:
        answer = application.submit(text, destination_addr=destination)
        if answer["status"] == 0:
            assert "stat:DELIVRD" in application.wait("deliver", receipted_message_id=answer["message_id"])["text"]
    return answer["status"]


def test_a_rule_by_recipient_chooses_the_carrier(gateway):
    assert send(gateway, "12025550111", "to the east") == 0
    assert MARK + "to the east" in gateway.at_a()


def test_a_rule_by_class_comes_before_it_in_the_file(gateway):
    assert send(gateway, "12025550111", "123456", account="codes") == 0
    assert MARK + "123456" in gateway.at_b() and MARK + "123456" not in gateway.at_a()


def test_what_a_rule_refuses_is_refused_at_once(gateway):
    assert send(gateway, "19005550111", "to a premium number") == RSUBMITFAIL
    assert MARK + "to a premium number" not in gateway.at_a() + gateway.at_b()


def test_what_a_rule_holds_waits(gateway):
    with Application(gateway.apps_port) as application:
        answer = application.submit("to the islands", destination_addr="13405550111")
        assert answer["status"] == 0
        assert application.ask("query_sm", message_id=answer["message_id"], source_addr="Shop")["message_state"] == 1  # ENROUTE
        assert ": ready" in gateway.ctl("explain", answer["message_id"]).text
        assert application.ask("cancel_sm", message_id=answer["message_id"], source_addr="Shop")["status"] == 0
    assert MARK + "to the islands" not in gateway.at_a() + gateway.at_b()


def test_weights_share_out_what_nothing_else_decides(gateway):
    before = len(gateway.at_a()), len(gateway.at_b())
    with Application(gateway.apps_port) as application:
        answers = [application.submit(f"share {number}", destination_addr=f"13055550{number % 80:03}") for number in range(120)]
        assert all(answer["status"] == 0 for answer in answers)
        for answer in answers:
            application.wait("deliver", receipted_message_id=answer["message_id"])
    shares = len(gateway.at_a()) - before[0], len(gateway.at_b()) - before[1]
    assert sum(shares) == 120
    assert 12 <= shares[0] <= 54, shares  # 30 are expected, with a standard deviation of 4.7
