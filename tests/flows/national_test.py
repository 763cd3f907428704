# SPDX-License-Identifier: GPL-3.0-or-later
"""Shift tables of national languages, from a device to what a phone shows, and configurations that cannot use them."""
import re

import pytest

from gateway import Gateway, find_program, run, wait_for

STRANGER = "+12025550199"
MARK = "(Not encrypted) "
# In UCS-2 two segments.
TURKISH = "Yağmur yağıyor, şemsiyeni unutma; akşam yemeğe gelirken ekmek ve süt de alır mısın? Teşekkürler!"
HINDI = "नमस्ते, आज शाम की बैठक सात बजे होगी। कृपया समय पर आएँ और दस्तावेज़ साथ लाएँ।"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw"), link={"national": "turkish, hindi"}) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


@pytest.mark.parametrize("text", [TURKISH, HINDI])
def test_a_phone_shows_the_text_of_one_segment(gateway, alice, text):
    assert len(MARK + text) > 70
    sent = alice.send(STRANGER, text, "--allow", "sms")
    assert sent.code == 0, sent
    assert wait_for(lambda: [sms for sms in gateway.sms() if sms["text"] == MARK + text]), gateway.sms()
    [sms] = [sms for sms in gateway.sms() if sms["text"] == MARK + text]
    assert (sms["parts"], sms["data_coding"], sms["esm_class"]) == (1, 0, 64), sms


def test_what_is_in_no_table_goes_as_ucs2(gateway, alice):
    text = "Привет! " * 10
    assert alice.send(STRANGER, text, "--allow", "sms").code == 0
    assert wait_for(lambda: [sms for sms in gateway.sms() if text in sms["text"]])
    [sms] = [sms for sms in gateway.sms() if text in sms["text"]]
    assert (sms["parts"], sms["data_coding"]) == (2, 8), sms


@pytest.mark.parametrize("keys, says", [
    ({"national": "turkish, klingon"}, "is no list of languages"),
    ({"national": "turkish", "alphabet": "latin1"}, "needs alphabet"),
    ({"national": "turkish", "long_text": "sar"}, "needs alphabet"),
    ({"national": "turkish", "long_text": "udh8"}, None),
])
def test_a_configuration_that_cannot_use_them_is_refused(gateway, tmp_path, keys, says):
    file = tmp_path / "fallgate.conf"
    before, gateway.link = gateway.link, keys
    file.write_text(gateway.conf_text())
    gateway.link = before
    said = run([find_program("fallgated", gateway.build), "-n", "-c", file])
    assert (said.code == 0) == (says is None), said
    assert says is None or re.search(r"^.*fallgate.conf:\d+: links\[0\]\.national: .*" + says, said.errors), said
