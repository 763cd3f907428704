# SPDX-License-Identifier: GPL-3.0-or-later
"""What dumpcap hears on the loopback device, read by tshark. Only root may capture."""
import signal
import subprocess


class Capture:
    """A file of dumpcap and what tshark says of it: SMPP on one port, TLS on another, where there is one."""

    def __init__(self, path, smpp_port, device_port=None):
        self.path = path
        self.smpp_port = smpp_port
        self.device_port = device_port
        self.dumpcap = None

    def start(self, gateway):
        """Only root may; the gateway ends it if stop() does not."""
        ports = [port for port in (self.smpp_port, self.device_port) if port]
        self.dumpcap = gateway.start("dumpcap", ["dumpcap", "-i", "lo", "-f", " or ".join(f"tcp port {port}" for port in ports), "-w", self.path],
                                     gateway.folder / "dumpcap.log")
        self.dumpcap.wait_line(r"File: ")

    def stop(self):
        self.dumpcap.kill(signal.SIGINT)
        assert self.dumpcap.process.wait(10) == 0

    def tshark(self, *options):
        tls = ["-d", f"tcp.port=={self.device_port},tls"] if self.device_port else []
        done = subprocess.run(["tshark", "-n", "-r", self.path, "-d", f"tcp.port=={self.smpp_port},smpp", *tls, *options],
                              capture_output=True, text=True, check=False)
        # A file that is still being written may end within a packet.
        assert done.returncode == 0 or "cut short" in done.stderr, done.stderr
        return done.stdout

    def fields(self, which, *names):
        """One row of values for each packet that the display filter holds for."""
        wanted = [word for name in names for word in ("-e", name)]
        return [line.split("\t") for line in self.tshark("-Y", which, "-T", "fields", *wanted).splitlines()]

    def streams(self, port):
        """The octets of each direction of each connection of a port, in the order of their sequence numbers."""
        found = {}
        for stream, source, sequence, payload in self.fields(f"tcp.port=={port} && tcp.len>0", "tcp.stream", "tcp.srcport", "tcp.seq_raw",
                                                             "tcp.payload"):
            octets = found.setdefault((stream, source), {})
            octets[int(sequence)] = bytes.fromhex(payload.replace(":", ""))
        return {key: b"".join(octets[at] for at in sorted(octets)) for key, octets in found.items()}
