# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application may ask of a gateway, and what it is told when that is too much: npm smpp, through a whole gateway.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import pytest

from application import PHONE, PEERS, Application
from gateway import Gateway, find_program, run
from kannel import free_port

MARK = "(Not encrypted) "
THROTTLED, QUEUE_FULL, BELOW_FLOOR, DUPLICATE_KEY = 0x58, 0x14, 0x420, 0x421


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    port = free_port()
    running = Gateway(tmp_path_factory.mktemp("gw"), more_links=[{"name": "apps", "adapter": "smpp-server", "port": port, "key_tlv": 0x1500}])
    secret = run([find_program("fallgatectl", running.build), "hash-secret", "--password", "secret8"]).text.strip()
    base = {"secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop"}
    running.accounts = [{"name": "app", **base}, {"name": "few", **base, "quota_per_day": 2}, {"name": "slow", **base, "rate": 1, "burst": 1},
                        {"name": "careful", **base, "floor": "hop"}, {"name": "small", **base, "queue_max": 1}]
    running.apps_port = port
    with running:
        yield running


@pytest.fixture
def shop(gateway):
    with Application(gateway.apps_port) as application:
        yield application


def refused(answer):
    return answer["status"], answer.get("additional_status_info_text")


def texts(gateway):
    return [row["text"] for row in gateway.sms()]


def test_the_same_key_is_one_message(gateway, shop):
    first = shop.submit("pay once", idempotency_key="order-1")
    again = shop.submit("pay once", idempotency_key="order-1")
    assert (first["status"], again["status"]) == (0, 0) and first["message_id"] == again["message_id"]
    assert refused(shop.submit("pay twice", idempotency_key="order-1")) == (DUPLICATE_KEY, "duplicate-key")
    assert shop.submit("pay once", idempotency_key="order-2")["message_id"] != first["message_id"]
    shop.wait("deliver", receipted_message_id=first["message_id"])
    assert texts(gateway).count(MARK + "pay twice") == 0
    assert refused(shop.submit("too long a key", idempotency_key="k" * 65)) == (0xC2, "key")


def test_many_destinations_are_a_message_each(gateway, shop):
    before = len(gateway.sms())
    numbers = ["12025550191", "12025550192", "12025550193"]
    fields = {"source_addr": "Shop", "source_addr_ton": 5, "short_message": "to all of you", "registered_delivery": 1, "idempotency_key": "all",
              "user_message_reference": 77,
              "dest_address": [*({"dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": number} for number in [*numbers, "911"]),
                               {"dl_name": "everybody"}]}
    answer = shop.ask("submit_multi", **fields)
    assert answer["status"] == 0 and len(answer["message_id"]) == 32
    assert [(row["destination_addr"], row["error_status_code"]) for row in answer["unsuccess_sme"]] == [("911", 0x0B), ("everybody", 0x34)]
    again = shop.ask("submit_multi", **fields)
    assert again["message_id"] == answer["message_id"]
    shop.wait("deliver", count=3)
    assert sorted(row["source_addr"] for row in shop.find("deliver")) == numbers
    assert {row["user_message_reference"] for row in shop.find("deliver")} == {77}
    assert sorted(row["destination"] for row in gateway.sms()[before:]) == [f"+{number}" for number in numbers]


def test_data_sm_is_a_message_too(gateway, shop):
    answer = shop.ask("data_sm", source_addr="Shop", source_addr_ton=5, destination_addr=PHONE, dest_addr_ton=1, registered_delivery=1,
                      data_coding=0, message_payload="as data_sm")
    assert answer["status"] == 0
    receipt = shop.wait("deliver", receipted_message_id=answer["message_id"])
    assert receipt["protection"] == "protection=none;bearer=sms;reason=absent;reason_number=4;segments=1"
    assert MARK + "as data_sm" in texts(gateway)


@pytest.mark.parametrize("how", ["header of 8 bits", "header of 16 bits", "SAR TLVs"])
def test_parts_leave_as_one_text_with_one_mark(gateway, shop, how):
    """The second comes first."""
    words = [f"{how}: one, ", "two, ", "three"]
    for number in (2, 1, 3):
        header = [5, 0, 3, 9, 3, number] if "8" in how else [6, 8, 4, 18, 52, 3, number]
        fields = ({"sar_msg_ref_num": 77, "sar_total_segments": 3, "sar_segment_seqnum": number, "short_message": words[number - 1]} if "SAR" in how else
                  {"esm_class": 0x40, "short_message": {"udh": {"type": "Buffer", "data": header}, "message": words[number - 1]}})
        answer = shop.submit(None, data_coding=0, **fields)
        assert answer["status"] == 0
    shop.wait("deliver", count=3)  # each part is reported
    assert [text for text in texts(gateway) if how in text] == [MARK + "".join(words)]


def test_too_much_is_said_in_a_word_and_nothing_leaves(gateway):
    before = len(gateway.sms())
    with Application(gateway.apps_port, system_id="slow") as slow:
        for number in range(3):
            slow.tell("submit_sm", source_addr="Shop", source_addr_ton=5, destination_addr=PHONE, dest_addr_ton=1, short_message=f"{number}")
        slow.wait("answer", count=3)
        assert [refused(row) for row in slow.find("answer")].count((THROTTLED, "rate")) >= 1
    with Application(gateway.apps_port, system_id="few") as few:
        assert [few.submit(f"few {number}")["status"] for number in range(2)] == [0, 0]
        assert refused(few.submit("few and one more")) == (THROTTLED, "limit")
    with Application(gateway.apps_port, system_id="careful") as careful:
        assert refused(careful.submit("for your eyes only")) == (BELOW_FLOOR, "below-floor")
    sent = texts(gateway)[before:]
    assert not [text for text in sent if "one more" in text or "eyes" in text]


def test_a_queue_that_is_full_is_later(gateway):
    with Application(gateway.apps_port, system_id="small") as small:
        assert small.submit("first", schedule_delivery_time="000000010000000R")["status"] == 0  # waits an hour
        assert refused(small.submit("second")) == (QUEUE_FULL, "queue-full")


def test_what_is_no_request_of_an_application_is_refused(shop):
    assert shop.ask("outbind", system_id="x", password="y")["command"] == "generic_nack"
    assert refused(shop.submit("hello", source_addr="Bank")) == (0x0A, "sender")
    assert refused(shop.submit("hello", replace_if_present_flag=1)) == (0x54, "replace")
    assert shop.ask("enquire_link")["status"] == 0
