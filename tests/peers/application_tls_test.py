# SPDX-License-Identifier: GPL-3.0-or-later
"""npm smpp as an application over TLS: certificates of both sides, a new one without a restart, networks, and accounts that change.

Run with /usr/bin/python3 -m pytest; FG_BUILDDIR names the build tree.
"""
import contextlib
import socket
import ssl
import subprocess
import urllib.parse
import urllib.request

import pytest

from application import PEERS, PHONE, Application
from gateway import Gateway, find_program, run, wait_for
from kannel import Kannel, free_port, program

MARK = "(Not encrypted) "
RINVPASWD = 0x0E


def openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def sign(folder, name, ca="ca"):
    """A certificate NAME.crt with its key, signed by a CA that make_certificates() or this made."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    if not (folder / f"{ca}.crt").exists():
        openssl(folder, "req", "-x509", *curve, "-days", "30", "-subj", f"/CN={ca}", "-keyout", f"{ca}.key", "-out", f"{ca}.crt")
    openssl(folder, "req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "30",
            "-out", f"{name}.crt")


def account(build, name, password, **more):
    secret = run([find_program("fallgatectl", build), "hash-secret", "--password", password]).text.strip()
    return {"name": name, "secret": secret, "rate": 1000, "burst": 1000, "sources": "Shop,1000", **more}


class Served(Gateway):
    """Applications bind over TLS at `port`, with a certificate of the CA "apps" at `strict_port`."""

    def prepare(self):
        super().prepare()
        tls = self.folder / "tls"
        self.port, self.strict_port = free_port(), free_port()
        for name in ("apps", "shop-cert"):
            sign(tls, name)
        sign(tls, "stranger", "others")
        files = {"tls": "on", "tls_certificate": str(tls / "apps.crt"), "tls_key": str(tls / "apps.key")}
        self.more_links = [{"name": "apps", "adapter": "smpp-server", "port": self.port, **files},
                           {"name": "strict", "adapter": "smpp-server", "port": self.strict_port, **files, "tls_client_ca": str(tls / "ca.crt")}]
        self.accounts = [account(self.build, "app", "secret8"), account(self.build, "far", "secret8", networks="192.0.2.0/24")]

    @property
    def ca(self):
        return self.folder / "tls" / "ca.crt"

    def reload(self):
        (self.folder / "fallgate.conf").write_text(self.conf_text())
        return self.ctl("reload")

    def certificate(self):
        """What an application sees now."""
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False
        with socket.create_connection(("127.0.0.1", self.port)) as plain, context.wrap_socket(plain) as secured:
            return secured.getpeercert(binary_form=True)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    if not (PEERS / "node_modules" / "smpp").is_dir():
        pytest.fail(f"no {PEERS}/node_modules: run `npm ci` in {PEERS}")
    with Served(tmp_path_factory.mktemp("gw"), settings={"gateway": {"restart_max_ms": 100}, "secure": {"port": free_port()}}) as running:
        yield running


def test_a_message_comes_over_tls_and_its_receipt_goes_back(gateway):
    with Application(gateway.port, tls=gateway.ca) as shop:
        answer = shop.submit("over TLS")
        assert answer["status"] == 0
        receipt = shop.wait("deliver", receipted_message_id=answer["message_id"])
        assert "stat:DELIVRD" in receipt["text"]
    assert MARK + "over TLS" in [row["text"] for row in gateway.sms()]


def test_kannel_binds_over_tls(gateway):
    assert program("bearerbox"), "the package kannel is missing"
    with Kannel(gateway.port, "app", "secret8", smsc={"use-ssl": "true"}) as kannel:
        path = kannel.path(urllib.parse.quote("+" + PHONE), "kannel+over+TLS", receipts=False)
        with urllib.request.urlopen(f"http://127.0.0.1:{kannel.ports['http']}{path}", timeout=10) as answer:
            assert answer.status == 202
        assert wait_for(lambda: MARK + "kannel over TLS" in [row["text"] for row in gateway.sms()]), kannel.log()


def test_many_that_connect_at_once_are_served_one_after_the_other(gateway):
    """And who is bound is served meanwhile."""
    context = ssl.create_default_context(cafile=gateway.ca)
    context.check_hostname = False
    with Application(gateway.port, tls=gateway.ca) as shop, contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=20)) for _ in range(60)]
        assert shop.ask("enquire_link")["status"] == 0
        versions = {stack.enter_context(context.wrap_socket(plain)).version() for plain in waiting}
        assert versions <= {"TLSv1.3", "TLSv1.2"}
        assert shop.submit("meanwhile")["status"] == 0


def test_who_speaks_clear_text_or_an_old_version_is_not_heard(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port)) as plain:
        plain.sendall(b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\1")
        plain.settimeout(10)
        try:
            heard = plain.recv(100)
        except ConnectionResetError:
            heard = b""
        assert not heard.startswith(b"\0\0\0\x10"), "enquire_link was answered in clear text"
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                         input="", capture_output=True, text=True, check=False)
    assert "Cipher is (NONE)" in old.stdout
    with Application(gateway.port, tls=gateway.ca):
        pass


def test_a_certificate_is_asked_for_where_the_link_says_so(gateway):
    tls = gateway.folder / "tls"
    with Application(gateway.strict_port, tls=gateway.ca, cert=tls / "shop-cert.crt", key=tls / "shop-cert.key") as shop:
        assert shop.submit("with a certificate")["status"] == 0
    for more in ({}, {"cert": tls / "stranger.crt", "key": tls / "stranger.key"}):
        refused = Application(gateway.strict_port, tls=gateway.ca, **more)
        refused.wait("close")
        assert not refused.find("bound")
        refused.__exit__()


def test_a_new_certificate_costs_nobody_the_connection(gateway):
    tls = gateway.folder / "tls"
    with Application(gateway.port, tls=gateway.ca) as shop:
        children, before = gateway.children(), gateway.certificate()
        sign(tls, "apps")
        assert gateway.certificate() == before
        said = gateway.reload()
        assert said.code == 0 and "links.apps.tls_certificate: " in said.text and "was read again" in said.text, said
        assert gateway.certificate() != before
        assert gateway.children() == children and not shop.find("close")
        assert shop.submit("still here")["status"] == 0
        now = gateway.certificate()
        good = (tls / "apps.key").read_text()
        (tls / "apps.key").write_text((tls / "shop-cert.key").read_text())
        said = gateway.reload()
        assert said.code == 1 and "are they of one pair?" in said.errors, said
        assert gateway.certificate() == now and gateway.children() == children
        (tls / "apps.key").write_text(good)
        assert gateway.reload().code == 0
        assert shop.submit("and here")["status"] == 0


def test_an_account_is_heard_from_its_networks_only(gateway):
    refused = Application(gateway.port, tls=gateway.ca, system_id="far")
    assert refused.wait("bound")["status"] == RINVPASWD
    refused.__exit__()
    assert "refuse bind of far from=127.0.0.1: not from its networks" in gateway.logs()
    gateway.accounts[1]["networks"] = "192.0.2.0/24,127.0.0.0/8"
    assert gateway.reload().code == 0
    with Application(gateway.port, tls=gateway.ca, system_id="far"):
        pass


def test_accounts_and_secrets_change_and_others_stay_bound(gateway):
    with Application(gateway.port, tls=gateway.ca) as shop, Application(gateway.port, tls=gateway.ca, system_id="far") as far:
        gateway.accounts[0]["secret"] = account(gateway.build, "app", "another")["secret"]
        gateway.accounts.append(account(gateway.build, "new", "brandnew"))
        del gateway.accounts[1]
        said = gateway.reload()
        assert said.code == 0, said
        far.wait("close")
        assert not shop.find("close") and shop.submit("with the old bind")["status"] == 0
        with Application(gateway.port, tls=gateway.ca, system_id="new", password="brandnew"):
            pass
        with Application(gateway.port, tls=gateway.ca, password="another"):
            pass
        for name in ("app", "far"):
            refused = Application(gateway.port, tls=gateway.ca, system_id=name)
            assert refused.wait("bound")["status"] == RINVPASWD, name
            refused.__exit__()
