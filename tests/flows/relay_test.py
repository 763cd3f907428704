# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that were readable before they came: of an application to devices (flow C), of phones to devices and to applications (flow D). The application is npm smpp, the
carrier fallgate-smsc.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import os
import signal

import pytest

from application import PEERS, Application
from gateway import Gateway, find_program, run, wait_for
from kannel import free_port

ALICE = "+12025550101"
NUMBER = "12345"  # of the application
LONG = "a story with a long end, " * 20


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    port = free_port()
    folder = tmp_path_factory.mktemp("gw")
    running = Gateway(folder, smsc_options=["--control", folder / "smsc.control"], settings={"gateway": {"restart_max_ms": 100}},
                      more_links=[{"name": "apps", "adapter": "smpp-server", "port": port}])
    secret = run([find_program("fallgatectl", running.build), "hash-secret", "--password", "secret8"]).text.strip()
    running.accounts = [{"name": "app", "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop", "numbers": NUMBER, "secure": "on"}]
    running.apps_port = port
    with running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    device = gateway.register("alice", ALICE)
    device.follow()
    return device


@pytest.fixture
def shop(gateway):
    with Application(gateway.apps_port) as application:
        yield application


def got(device, text):
    """The rows in which the device showed that text, once there is one."""
    wait_for(lambda: any(row.get("text") == text for row in device.inbox()))
    return [row for row in device.inbox() if row.get("text") == text]


def from_phone(gateway, to, text, *options):
    return run([find_program("fallgate-smsc", gateway.build), "mo", "--control", gateway.folder / "smsc.control", *options, "+12025550177", to, text])


def test_an_applications_message_reaches_the_device_and_no_carrier(gateway, alice, shop):
    answer = shop.submit("your parcel is here", destination_addr=ALICE[1:])
    receipt = shop.wait("deliver", receipted_message_id=answer["message_id"])
    assert "stat:DELIVRD" in receipt["text"]
    rows = got(alice, "your parcel is here")
    assert [(row["sender"], row["protection"]) for row in rows] == [("app", "hop")]
    assert not gateway.sms()


def test_parts_that_the_application_cut_are_one_message(alice, shop):
    texts = ["first part, ", "second part"]
    ids = [shop.submit(None, destination_addr=ALICE[1:], esm_class=0x40,
                       short_message={"udh": {"type": "Buffer", "data": [5, 0, 3, 7, 2, number + 1]}, "message": text})["message_id"]
           for number, text in reversed(list(enumerate(texts)))]
    for message in ids:
        assert "stat:DELIVRD" in shop.wait("deliver", receipted_message_id=message)["text"]
    assert len(got(alice, "".join(texts))) == 1


def test_a_phones_message_is_shown_as_unprotected(gateway, alice):
    assert from_phone(gateway, ALICE, "see you at eight").code == 0
    assert [(row["sender"], row["protection"]) for row in got(alice, "see you at eight")] == [("+12025550177", "none")]
    assert from_phone(gateway, ALICE, LONG).code == 0  # in parts
    assert len(got(alice, LONG)) == 1
    assert from_phone(gateway, ALICE, "over data_sm", "--data-sm").code == 0
    assert len(got(alice, "over data_sm")) == 1


def test_a_number_that_nobody_has_stays_the_carriers(gateway):
    from_phone(gateway, "+12025550198", "hello?")
    assert wait_for(lambda: "refuse deliver_sm: nobody here has that number" in gateway.logs())


def test_a_phones_message_reaches_the_application_of_that_number(gateway):
    assert from_phone(gateway, NUMBER, "STOP").code == 0  # nobody is there yet
    with Application(gateway.apps_port) as application:
        row = application.wait("deliver", text="STOP")
        assert (row["source_addr"], row["destination_addr"], row["esm_class"]) == ("12025550177", NUMBER, 0)
        assert from_phone(gateway, NUMBER, LONG).code == 0
        application.wait("deliver", text=LONG)


@pytest.mark.parametrize("role", ["core", "log", "vault"])
def test_kill_9_loses_and_doubles_nothing(gateway, alice, role):
    accepted = {}
    with Application(gateway.apps_port) as application:
        for number in range(20):
            answer = application.submit(f"{role} {number}", destination_addr=ALICE[1:])
            if answer["status"] == 0:
                accepted[answer["message_id"]] = f"{role} {number}"
            if number == 12:
                pid = gateway.children()[role]
                os.kill(pid, signal.SIGKILL)
                assert wait_for(lambda: gateway.children().get(role, pid) != pid)
                break
    assert len(accepted) >= 12
    for text in accepted.values():
        assert len(got(alice, text)) == 1, text
    assert wait_for(lambda: "applications may bind" in gateway.ctl("links").text)
    with Application(gateway.apps_port) as again:
        def told():
            return {row.get("receipted_message_id"): row["text"] for row in application.find("deliver") + again.find("deliver")}
        assert wait_for(lambda: set(accepted) <= set(told())), set(accepted) - set(told())
        assert all("stat:DELIVRD" in told()[message] for message in accepted)
