# SPDX-License-Identifier: GPL-3.0-or-later
"""npm smpp as an application that is bound to a gateway: tests/peers/smpp_client.mjs."""
import collections
import json
import os
import pathlib
import subprocess
import threading

from gateway import wait_for

PEERS = pathlib.Path(__file__).resolve().parents[1] / "peers"
PHONE = "12025550199"


class Application:
    """npm smpp, bound; what it hears is read by a thread."""

    program = "smpp_client.mjs"

    def __init__(self, port, bind="bind_transceiver", tls=None, **more):
        """tls: the CA to trust, more: system_id, password, cert, key."""
        self.events = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen([os.environ.get("NODE", "node"), self.program, f"{'ssmpp' if tls else 'smpp'}://127.0.0.1:{port}", bind,
                                         *([str(tls)] if tls else [])], cwd=PEERS,
                                        env={**os.environ, **{f"SMPP_{name.upper()}": str(value) for name, value in more.items()}},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self):
        assert self.wait("bound")["status"] == 0, self.events
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def find(self, event, start=0, **fields):
        return [row for row in self.events[start:] if row["event"] == event and all(row.get(key) == value for key, value in fields.items())]

    def wait(self, event, start=0, count=1, **fields):
        assert wait_for(lambda: len(self.find(event, start, **fields)) >= count, 20), (event, fields, self.events[start:])
        return self.find(event, start, **fields)[-1]

    def tell(self, command, **fields):
        self.process.stdin.write(json.dumps([command, fields]) + "\n")
        self.process.stdin.flush()

    def ask(self, command, **fields):
        """Its answer."""
        start = len(self.events)
        self.tell(command, **fields)
        return self.wait("answer", start)

    def submit(self, text, **more):
        fields = {"source_addr": "Shop", "source_addr_ton": 5, "destination_addr": PHONE, "dest_addr_ton": 1, "dest_addr_npi": 1,
                  "registered_delivery": 1, **({"short_message": text} if text else {}), **more}
        return self.ask("submit_sm", **fields)


class LastingApplication(Application):
    """One that binds again whenever its connection ends. Each question has a tag; an answer of None: the connection ended first, and nobody
    can say what became of it."""

    program = "smpp_lasting.mjs"

    def __init__(self, port, bind="bind_transceiver"):
        self.tags = 0
        self.bound = False
        self.replies = {}
        self.receipts = collections.defaultdict(list)  # message id: texts
        self.messages = collections.Counter()  # of phones: text
        super().__init__(port, bind)

    def read(self):
        for line in self.process.stdout:
            row = json.loads(line)
            self.events.append(row)
            if row["event"] in ("answer", "lost"):
                self.replies[row["tag"]] = row if row["event"] == "answer" else None
            elif row["event"] in ("bound", "closed"):
                self.bound = row["event"] == "bound" and row["status"] == 0
            elif row["event"] == "deliver" and row["esm_class"]:
                self.receipts[row["receipted_message_id"]].append(row["text"])
            elif row["event"] == "deliver":
                self.messages[row["text"]] += 1

    def leave(self):
        """End the connection, and bind again."""
        self.process.stdin.write('["close"]\n')
        self.process.stdin.flush()

    def ask(self, command, **fields):
        self.tags += 1
        tag = self.tags
        self.process.stdin.write(json.dumps([command, fields, tag]) + "\n")
        self.process.stdin.flush()
        assert wait_for(lambda: tag in self.replies), f"no answer to {command} {fields}"
        return self.replies[tag]
