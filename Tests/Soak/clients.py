"""API clients that know each byte that has to come back to them. It runs in the container: `python3 clients.py JSON`, where JSON
has `port`, `connections`, `seconds`, `rate` (bytes a second of each connection, each way) and `reconnects`.

What a connection sends is a fixed stream of its own whose period is a prime, so that a byte that is lost, doubled or out of its order
shows at once. Each second a line of JSON tells the sums; the last one has `done`.
"""

import asyncio
import json
import random
import struct
import sys
import time

PERIOD = 1_000_003
HELLO = b"API\0" + struct.pack(">I", 9) + b"v100..187"


def start(client_id):
    body = f"71\0{2}\0{client_id}\0\0".encode()
    return struct.pack(">I", len(body)) + body


class Sums:
    def __init__(self):
        self.verified = self.wrong = self.lost = self.connects = self.connected = 0
        self.slowest = 0.0


class Client:
    def __init__(self, number, options, sums):
        self.number, self.options, self.sums = number, options, sums
        self.dice = random.Random(number)
        self.stream = self.dice.randbytes(PERIOD) * 2
        self.end = time.monotonic() + options["seconds"]
        self.is_served = False

    async def run(self):
        while time.monotonic() < self.end:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.options["port"], limit=1 << 20)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            self.is_served = False
            try:
                await self.converse(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                # One that is turned away before the gateway has greeted it tries again, and has lost nothing.
                self.sums.lost += self.is_served
                if self.is_served and not self.options["reconnects"]:
                    return
            finally:
                writer.close()

    async def converse(self, reader, writer):
        writer.write(HELLO + start(5000 + self.number))
        for _ in range(3):
            await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
        self.is_served = True
        self.sums.connects += 1
        self.sums.connected += 1
        sent_at = []
        sending = asyncio.create_task(self.send(writer, sent_at))
        try:
            await self.verify(reader, sending, sent_at)
            await sending
        finally:
            self.sums.connected -= 1
            sending.cancel()

    async def send(self, writer, sent_at):
        position, begun = 0, time.monotonic()
        while time.monotonic() < self.end:
            size = self.dice.choice([40, 700, 1460, 9000, 65_536, 200_000])
            start_of_piece = position % PERIOD
            writer.write(self.stream[start_of_piece:start_of_piece + size])
            sent_at.append((position, time.monotonic()))
            position += size
            await writer.drain()
            ahead = position / self.options["rate"] - (time.monotonic() - begun)
            if ahead > 0:
                await asyncio.sleep(ahead)
        writer.write_eof()

    async def verify(self, reader, sending, sent_at):
        """Until the gateway has sent back all and ended its stream. A prime longer than any piece makes each slice of it whole."""
        position = 0
        while piece := await reader.read(1 << 17):
            start_of_piece = position % PERIOD
            if piece != self.stream[start_of_piece:start_of_piece + len(piece)]:
                self.sums.wrong += 1
                raise SystemExit(f"connection {self.number}: other bytes than were sent, after {position}")
            position += len(piece)
            self.sums.verified += len(piece)
            while sent_at and sent_at[0][0] < position:
                self.sums.slowest = max(self.sums.slowest, time.monotonic() - sent_at.pop(0)[1])
        if not sending.done() or sent_at:
            raise ConnectionResetError


async def main(options):
    sums = Sums()
    clients = [asyncio.create_task(Client(number, options, sums).run()) for number in range(options["connections"])]

    def report(**more):
        print(json.dumps(vars(sums) | more), flush=True)

    while not all(client.done() for client in clients):
        await asyncio.sleep(1)
        report()
    await asyncio.gather(*clients)
    report(done=True)


asyncio.run(main(json.loads(sys.argv[1])))
