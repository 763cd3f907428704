# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator does to a gateway at work: reload, suspend, drain, resume, and reading how its links are."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from gateway import Gateway, Process, run, wait_for

STRANGER = "+12025550199"
LATE = "+12025550186"  # fallgate-smsc answers this one after --late
LATE_MS = 1500
MARK = "(Not encrypted) "


class Bridge:
    """A port in front of the SMSC that counts who connects: each connection is one bind."""

    def __init__(self, far_port):
        self.far_port = far_port
        self.count = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            far = socket.create_connection(("127.0.0.1", self.far_port))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class TwoLinks(Gateway):
    """smsc-a is preferred to smsc-b; both lead to the same SMSC."""

    def start_smsc(self):
        super().start_smsc()
        self.bridges = {name: Bridge(self.smsc_port) for name in ("smsc-a", "smsc-b", "smsc-c")}
        self.keys = {"smsc-a": {}, "smsc-b": {}}

    def conf_links(self):
        base = super().conf_links()[0]
        return [{**base, "name": name, "port": self.bridges[name].port, **keys} for name, keys in self.keys.items()]

    def binds(self):
        return {name: bridge.count for name, bridge in self.bridges.items()}

    def write(self, text=None):
        (self.folder / "fallgate.conf").write_text(text or self.conf_text())

    def reload(self):
        self.write()
        return self.ctl("reload")

    def states(self):
        return {name: link["state"] for name, link in self.links().items()}

    def wait_states(self, **states):
        wanted = {f"smsc-{letter}": state for letter, state in states.items()}
        assert wait_for(lambda: self.states() == wanted), (self.states(), wanted)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with TwoLinks(tmp_path_factory.mktemp("gw"), smsc_options=["--late", str(LATE_MS)], link={"response_timeout_ms": 10000},
                  settings={"secure": {"port": free_port()}}) as running:
        running.wait_states(a="up", b="up")
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.register("alice", "+12025550101")


def texts(gateway):
    return [sms["text"] for sms in gateway.sms()]


def send(alice, text, to=STRANGER):
    sent = alice.send(to, text, "--allow", "sms")
    assert sent.code == 0, sent
    return sent.json


def send_held(alice, text):
    held = alice.send(STRANGER, text, "--allow", "sms", "--timeout", "2")
    assert held.json["kind"] == "held", held


def arrives(gateway, text):
    return wait_for(lambda: MARK + text in texts(gateway))


def certificate_of(gateway):
    """The certificate that a device sees now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(gateway.folder / "tls" / "ca.crt")
    context.set_alpn_protocols(["fallgate/1"])
    with socket.create_connection(("127.0.0.1", gateway.settings["secure"]["port"])) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            return tls.getpeercert(True)


def renew_certificate(folder, key="new.key"):
    """Another key pair, signed by the same CA."""
    steps = [
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-keyout", "new.key",
         "-out", "new.csr"],
        ["x509", "-req", "-in", "new.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "server.ext",
         "-out", "new.crt"],
    ]
    for step in steps:
        subprocess.run(["openssl", *step], cwd=folder, capture_output=True, check=True)
    (folder / "new.crt").replace(folder / "tls.crt")
    if key:
        (folder / key).replace(folder / "tls.key")


def test_the_table_says_how_the_links_are(gateway, alice):
    send(alice, "counted")
    links = gateway.links()
    assert list(links) == ["smsc-a", "smsc-b"]
    assert links["smsc-a"]["sent"] == 1 and links["smsc-b"]["sent"] == 0
    assert links["smsc-a"]["window"] >= 10 and links["smsc-a"]["adapter"] == "smpp" and links["smsc-a"]["since_ms"] > 0
    failed = alice.send("+12025550183", "refused", "--allow", "sms")
    assert failed.code != 0
    assert gateway.links()["smsc-a"]["failed"] == 1
    assert wait_for(lambda: gateway.links()["smsc-a"]["round_trip_ms"] > 0)
    assert gateway.links()["smsc-a"]["rate"] == gateway.conf_links()[0]["rate"] and not gateway.links()["smsc-a"]["throttled"]
    table = gateway.ctl("links").text
    assert re.search(r"^smsc-a .* \d+/s +\d+ ms ", table, re.M), table
    assert "0x0000000b" in table and "RINVDSTADR" in table, table


def test_reload_starts_only_the_changed_link_again(gateway, alice):
    before, since = gateway.binds(), gateway.links()["smsc-a"]["since_ms"]
    said = gateway.reload()
    assert (said.code, said.text) == (0, "nothing has changed\n")
    gateway.keys["smsc-b"] = {"password": "secret2", "system_id": "other"}
    said = gateway.reload()
    assert said.code == 0, said
    assert said.text.splitlines() == ["links.smsc-b.system_id: changed; the link is started again",
                                      "links.smsc-b.password: changed; the link is started again"]
    assert wait_for(lambda: gateway.binds()["smsc-b"] == before["smsc-b"] + 1)
    gateway.wait_states(a="up", b="up")
    assert gateway.binds()["smsc-a"] == before["smsc-a"]
    assert gateway.links()["smsc-a"]["since_ms"] == since
    assert "secret2" not in gateway.logs()
    send(alice, "after a reload")


def test_a_hang_up_signal_does_the_same(gateway):
    before = gateway.binds()
    start = gateway.parent.log.stat().st_size
    gateway.keys["smsc-b"] = {}
    gateway.write()
    gateway.parent.kill(signal.SIGHUP)
    gateway.parent.wait_line("reload: links.smsc-b.password: changed", start)
    assert wait_for(lambda: gateway.binds()["smsc-b"] == before["smsc-b"] + 1)
    gateway.wait_states(a="up", b="up")


@pytest.mark.parametrize("old, new, says", [
    ('adapter = "smpp"', 'adapter = "smp"', r':5: links\[0\].adapter: "smp" is none of'),
    ('name = "gw.test"', 'name = "gw2.test"', "^gateway.name: needs a restart$"),
    ("};\nsecure", "}\n{secure", r":2: syntax error"),
])
def test_a_file_that_is_wrong_or_needs_a_restart_changes_nothing(gateway, alice, old, new, says):
    binds, children = gateway.binds(), gateway.children()
    good = gateway.conf_text()
    assert old in good
    gateway.write(good.replace(old, new, 1).replace("reconnect_min_ms = 50", "reconnect_min_ms = 51"))
    said = gateway.ctl("reload")
    assert said.code == 1 and re.search(says, said.errors, re.M), said
    assert said.errors.endswith("nothing was changed\n") and "started again" not in said.errors
    gateway.write()
    assert (gateway.ctl("reload").text, gateway.binds(), gateway.children()) == ("nothing has changed\n", binds, children)
    assert set(gateway.states().values()) == {"up"}


def test_an_inbox_without_a_gateway_is_no_empty_inbox(gateway, alice):
    empty = alice.run("inbox", "--timeout", "1")
    assert (empty.code, empty.text, empty.errors) == (0, "", ""), empty
    gateway.parent.stop()
    away = alice.run("inbox", "--timeout", "1")
    assert away.code == 5 and "cannot be reached" in away.errors, away
    gateway.start_gateway()
    assert alice.run("inbox", "--timeout", "1").code == 0


def test_a_new_certificate_serves_new_handshakes_and_old_connections_stay(gateway, alice):
    bob = gateway.register("bob", "+12025550102")
    follower = bob.follow()
    assert alice.send(bob.handle, "before").json["protection"] == "e2e"
    children, before = gateway.children(), certificate_of(gateway)
    renew_certificate(gateway.folder / "tls")
    assert certificate_of(gateway) == before
    said = gateway.reload()
    assert said.code == 0 and "secure.certificate: " in said.text and "was read again" in said.text, said
    assert certificate_of(gateway) != before
    assert alice.send(bob.handle, "after").json["protection"] == "e2e"
    assert wait_for(lambda: len(bob.inbox()) == 2) and follower.process.poll() is None
    assert "again in" not in follower.log.read_text(), "it connected a second time"
    # A key of another pair: the role that would have to use it refuses, and nobody changes anything.
    now = certificate_of(gateway)
    kept = (gateway.folder / "tls" / "tls.crt").read_bytes()
    renew_certificate(gateway.folder / "tls", key=None)
    gateway.keys["smsc-b"] = {"system_type": "x"}
    binds = gateway.binds()
    said = gateway.reload()
    assert said.code == 1 and "secure refuses it: secure.certificate and secure.key" in said.errors, said
    (gateway.folder / "tls" / "tls.crt").write_bytes(kept)
    gateway.keys["smsc-b"] = {}
    assert gateway.reload().code == 0
    assert certificate_of(gateway) == now and gateway.binds() == binds
    assert gateway.children() == children


def test_limits_and_mark_change_in_place(gateway, alice):
    children = gateway.children()
    gateway.settings["mark"] = {"text": "(open) "}
    said = gateway.reload()
    assert (said.code, said.text) == (0, "mark.text: changed\n"), said
    send(alice, "other words")
    assert "(open) other words" in texts(gateway)
    del gateway.settings["mark"]
    assert gateway.reload().code == 0
    assert gateway.children() == children


def test_links_are_added_and_removed(gateway, alice):
    before = gateway.binds()
    gateway.keys = {"smsc-c": {}, "smsc-a": {}}
    said = gateway.reload()
    assert said.code == 0 and said.text.splitlines() == ["links.smsc-b: removed", "links.smsc-c: added"], said
    gateway.wait_states(a="up", c="up")
    assert gateway.ctl("suspend", "smsc-a").code == 0
    send(alice, "by the new link")
    assert gateway.links()["smsc-c"]["sent"] == 1
    assert gateway.ctl("resume", "smsc-a").code == 0
    gateway.keys = {"smsc-a": {}, "smsc-b": {}}
    assert gateway.reload().code == 0
    gateway.wait_states(a="up", b="up")
    assert gateway.binds() == {"smsc-a": before["smsc-a"], "smsc-b": before["smsc-b"] + 1, "smsc-c": 1}


def test_suspend_holds_over_a_restart_and_resume_sends(gateway, alice):
    binds = gateway.binds()
    assert gateway.ctl("suspend", "smsc-a").text == "smsc-a: suspended: it stays bound and is given nothing\n"
    send(alice, "around it")
    assert gateway.links()["smsc-b"]["sent"] == 1
    said = gateway.ctl("explain", STRANGER).text
    assert "link smsc-a is suspended by the operator" in said and "fallgatectl resume smsc-a" in said, said
    assert "link smsc-b is" not in said.split("now: link")[1], said
    assert gateway.ctl("suspend", "smsc-b").code == 0
    send_held(alice, "held by the operator")
    assert gateway.binds() == binds
    assert gateway.parent.stop() == 0
    gateway.wait_link = lambda: gateway.wait_states(a="suspended", b="suspended")
    gateway.start_gateway()
    del gateway.wait_link
    assert MARK + "held by the operator" not in texts(gateway)
    assert gateway.ctl("resume", "smsc-b").text == "smsc-b: resumed\n"
    assert arrives(gateway, "held by the operator")
    assert gateway.ctl("resume", "smsc-a").code == 0
    gateway.wait_states(a="up", b="up")
    assert gateway.ctl("resume", "nobody").code == 3


def test_drain_waits_for_what_is_in_flight_and_loses_nothing(gateway, alice):
    binds = gateway.binds()
    carol = gateway.register("carol", "+12025550103")  # a device has one connection
    slow = Process("slow", carol.command("send", LATE, "in flight", "--allow", "sms", "--timeout", "3"), gateway.folder / "slow.log",
                   output=gateway.folder / "slow.out")
    assert wait_for(lambda: gateway.links()["smsc-a"]["in_flight"] == 1)
    late = gateway.ctl("drain", "--timeout", "1", "smsc-a")
    assert late.code == 4 and "goes on draining" in late.errors, late
    assert gateway.states()["smsc-a"] == "draining"
    send(alice, "another way")
    assert gateway.links()["smsc-b"]["sent"] > 0
    done = gateway.ctl("drain", "smsc-a")
    assert (done.code, done.text) == (0, "smsc-a: drained: nothing is in flight, and it has left\n"), done
    assert slow.process.wait(30) == 0, (gateway.folder / "slow.log").read_text()
    # Taken by the SMSC: its report comes when the link is back, if not before.
    assert json.loads((gateway.folder / "slow.out").read_text())["kind"] in ("sent", "delivered")
    assert texts(gateway).count(MARK + "in flight") == 1 and texts(gateway).count(MARK + "another way") == 1
    link = gateway.links()["smsc-a"]
    assert (link["state"], link["in_flight"], link["unknown"]) == ("drained", 0, 0)
    # It stays away, also for a core that comes back.
    core = gateway.children()["core"]
    os.kill(core, signal.SIGKILL)
    assert wait_for(lambda: gateway.children().get("core", core) != core)
    gateway.wait_states(a="drained", b="up")
    send(alice, "still another way")
    assert gateway.binds() == binds
    assert gateway.ctl("resume", "smsc-a").text == "smsc-a: resumed: it is started again\n"
    gateway.wait_states(a="up", b="up")
    assert gateway.binds()["smsc-a"] == binds["smsc-a"] + 1


def test_a_reload_under_load_loses_and_doubles_nothing(gateway, alice):
    sent = [f"number {i}" for i in range(20)]
    for i, text in enumerate(sent):
        if i % 4 == 2:
            gateway.keys["smsc-a"] = {"system_type": f"t{i}"}
            assert gateway.reload().code == 0
        send(alice, text)
    got = texts(gateway)
    assert [got.count(MARK + text) for text in sent] == [1] * len(sent)
    assert gateway.links()["smsc-a"]["unknown"] == 0


def test_wrong_use_is_code_2(gateway):
    for words in (["drain"], ["drain", "--timeout", "x", "smsc-a"], ["suspend"], ["reload", "now"]):
        assert gateway.ctl(*words).code == 2, words
    assert gateway.ctl("drain", "nobody").code == 3
    assert run(gateway.ctl_command("--json", "suspend", "nobody")).code == 3
