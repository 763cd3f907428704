# SPDX-License-Identifier: GPL-3.0-or-later
"""A link over TLS in a whole gateway: files by descriptor, the cage around OpenSSL, and what an operator sees when it is refused."""
import socket
import ssl
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


def serve(listener, context, port):
    """TLS in front of fallgate-smsc."""
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
        inner = socket.create_connection(("127.0.0.1", port))
        for pair in ((outer, inner), (inner, outer)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


class TlsGateway(Gateway):
    def start_gateway(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "tls" / "tls.crt", self.folder / "tls" / "tls.key")
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(listener, context, self.smsc_port), daemon=True).start()
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
