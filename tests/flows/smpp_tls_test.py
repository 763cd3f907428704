# SPDX-License-Identifier: GPL-3.0-or-later
"""A link over TLS in a whole gateway: files by descriptor, the cage around OpenSSL, and what an operator sees when it is refused."""
import socket
import ssl
import subprocess
import threading

from gateway import Gateway, wait_for

STRANGER = "+12025550199"


def pump(source, sink):
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


def serve(listener, context, port, seen):
    """TLS in front of fallgate-smsc. seen: the connections that came to a handshake, and their certificates."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            outer = context.wrap_socket(client, server_side=True)
        except (OSError, ssl.SSLError):
            client.close()
            continue
        seen.append((outer, outer.getpeercert(True)))
        inner = socket.create_connection(("127.0.0.1", port))
        for pair in ((outer, inner), (inner, outer)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


class TlsGateway(Gateway):
    def start_gateway(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "tls" / "tls.crt", self.folder / "tls" / "tls.key")
        if "tls_certificate" in self.link:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.folder / "tls" / "ca.crt")
        listener = socket.create_server(("127.0.0.1", 0))
        self.seen = []
        threading.Thread(target=serve, args=(listener, context, self.smsc_port, self.seen), daemon=True).start()
        self.link = {"port": listener.getsockname()[1], "tls": "on", "tls_ca": str(self.folder / "tls" / "ca.crt"),
                     "tls_name": "localhost", **self.link}
        try:
            super().start_gateway()
        finally:
            self.listener = listener

    def wait_link(self):
        if self.link["tls_name"] == "localhost":
            super().wait_link()

    def close(self):
        super().close()
        if getattr(self, "listener", None):
            self.listener.close()


def test_a_message_leaves_over_tls_and_its_receipt_comes_back(tmp_path):
    with TlsGateway(tmp_path) as gateway:
        alice = gateway.register("alice", "+12025550101")
        sent = alice.send(STRANGER, "over TLS", "--allow", "sms")
        assert sent.code == 0, sent.text
        assert wait_for(lambda: [sms for sms in gateway.sms() if "over TLS" in sms["text"]])


def test_a_certificate_of_another_name_is_refused_and_fallgatectl_says_so(tmp_path):
    with TlsGateway(tmp_path, link={"tls_name": "other.example.org"}) as gateway:
        assert wait_for(lambda: "TLS: certificate refused: hostname mismatch" in gateway.ctl("links").text)
        assert "down" in gateway.ctl("links").text


def sign(folder, name):
    """A certificate NAME.crt with its key, signed by the CA of the tests."""
    steps = [["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
              "-out", f"{name}.csr"],
             ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-out", f"{name}.crt"]]
    for step in steps:
        subprocess.run(["openssl", *step], cwd=folder, capture_output=True, check=True)


class ClientCertificate(TlsGateway):
    """The SMSC asks for a certificate; the carrier has a table of its own codes."""

    def prepare(self):
        super().prepare()
        tls = self.folder / "tls"
        sign(tls, "esme")
        self.codes = self.folder / "codes"
        self.codes.write_text("0x401 recipient unknown subscriber\n")
        self.link |= {"tls_certificate": str(tls / "esme.crt"), "tls_key": str(tls / "esme.key"), "vendor_codes": str(self.codes)}


def test_a_renewed_client_certificate_costs_no_bind_and_is_shown_at_the_next(tmp_path):
    with ClientCertificate(tmp_path) as gateway:
        tls, children = gateway.folder / "tls", gateway.children()
        (connection, before), = gateway.seen
        sign(tls, "esme")
        said = gateway.ctl("reload")
        assert said.code == 0 and "links.smsc-a.tls_certificate: " in said.text and "links.smsc-a.tls_key: " in said.text, said
        assert "vendor_codes" not in said.text and len(gateway.seen) == 1 and gateway.children() == children
        connection.shutdown(socket.SHUT_RDWR)
        assert wait_for(lambda: len(gateway.seen) == 2, 20)
        assert gateway.seen[1][1] != before and gateway.children() == children

        good = (tls / "esme.key").read_text()
        (tls / "esme.key").write_text((tls / "tls.key").read_text())
        said = gateway.ctl("reload")
        assert said.code == 1 and "are the two of one pair?" in said.errors, said
        (tls / "esme.key").write_text(good)
        assert gateway.children() == children and len(gateway.seen) == 2


def test_a_table_of_codes_is_read_again_or_refused(tmp_path):
    with ClientCertificate(tmp_path) as gateway:
        children = gateway.children()
        gateway.codes.write_text("0x401 nonsense\n")
        said = gateway.ctl("reload")
        assert said.code == 1 and "vendor_codes: " in said.errors, said
        gateway.codes.write_text("0x401 recipient unknown subscriber\n0x402 throttle\n")
        said = gateway.ctl("reload")
        assert said.code == 0 and "links.smsc-a.vendor_codes: " in said.text, said
        assert gateway.children() == children and len(gateway.seen) == 1
