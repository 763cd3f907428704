# SPDX-License-Identifier: GPL-3.0-or-later
"""What banks of emulated modems cost, for `tools/bench modems`: each is sent one message a second, with a status report, over a Unix
socket, and fallgate-modem shows everything as JSON lines. The CPU is that of fallgate-modem alone.
"""
import asyncio
import pathlib
import subprocess
import tempfile

import gateway as support
from bench_row import process_seconds, resident_kib, row

COUNTS = (1, 8, 64)
SECONDS = 10  # messages for each modem as well
GOAL_PERCENT = 10  # of a core, with 64
READY_S = 10
ANSWER_S = 5
# 23.040, 9.2.2.2: SMS-SUBMIT to +12025551234, status report asked for, valid for four days, "hello"
SUBMIT = b"0031000B912120551532F40000AA05E8329BFD06"
SUBMIT_OCTETS = 19


class Modem:
    """The program's side of one modem."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.sent = self.reports = 0

    async def say(self, text, until):
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.readuntil(until), ANSWER_S)

    async def set_up(self):
        for command in (b"ATE0\r", b"AT+CMGF=0\r", b"AT+CNMI=2,1,0,1,0\r"):
            await self.say(command, b"OK\r\n")

    async def message(self):
        before = await self.say(b"AT+CMGS=%d\r" % SUBMIT_OCTETS, b"> ")
        answer = await self.say(SUBMIT + b"\x1a", b"OK\r\n")
        self.sent += b"+CMGS: " in answer
        self.reports += before.count(b"+CDS: ") + answer.count(b"+CDS: ")

    async def last_reports(self):
        while self.reports < self.sent:
            await asyncio.wait_for(self.reader.readuntil(b"+CDS: "), ANSWER_S)
            self.reports += 1


async def drive(paths, seconds):
    """Spread over the second, as modems that know nothing of each other."""
    loop = asyncio.get_running_loop()
    modems = [Modem(*await asyncio.open_unix_connection(path)) for path in paths]
    await asyncio.gather(*(modem.set_up() for modem in modems))
    begin = loop.time()

    async def each(number, modem):
        for second in range(seconds):
            await asyncio.sleep(max(0, begin + second + number / len(modems) - loop.time()))
            await modem.message()
        await modem.last_reports()
        await asyncio.sleep(max(0, begin + seconds - loop.time()))

    await asyncio.gather(*(each(*pair) for pair in enumerate(modems)))
    for modem in modems:
        modem.writer.close()
    return sum(modem.sent for modem in modems), loop.time() - begin


def bank(build, count, seconds):
    with tempfile.TemporaryDirectory(prefix="fallgate-bench-") as folder:
        words = [support.find_program("fallgate-modem", build), "--unix", f"{folder}/modem0", "--count", str(count), "--json"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        paths = [f"{folder}/modem{number}" for number in range(count)]
        try:
            support.wait_for(lambda: all(pathlib.Path(path).exists() for path in paths), READY_S)
            before = process_seconds(process.pid)
            sent, took = asyncio.run(drive(paths, seconds))
            return sent, 100 * (process_seconds(process.pid) - before) / took, resident_kib(process.pid) / 1024
        finally:
            process.terminate()
            process.wait(10)


def rows(build, short):
    found = []
    for count in COUNTS:
        sent, percent, memory = bank(build, count, 1 if short else SECONDS)
        expected = count * (1 if short else SECONDS)
        if sent != expected:
            raise support.Trouble(f"{count} modems: {sent} of {expected} messages were taken")
        found += [row(f"{count} emulated, 1 message/s each: CPU", percent, "%", GOAL_PERCENT if count == 64 else None),
                  row(f"{count} emulated: memory", memory, "MiB")]
    return found
