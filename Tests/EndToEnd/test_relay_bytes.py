"""The relay carries every byte, each way, however it comes and however the connection ends."""

import asyncio
import hashlib
import random
import socket
import threading
import time

import pytest
from relayed import DEADLINE, HELLO, Gateway, Relay, ending, receive, receive_all, reset

TRANSFERS = ["automatic", "copy", "splice"]


async def carry(reader, writer, seed, first_to_end):
    """Sends a random stream in random pieces with random pauses, reads the other one, and returns both digests.

    Whoever is not the first to end its stream waits for the other's end before its own."""
    dice = random.Random(seed)
    sent, received = hashlib.sha256(), hashlib.sha256()

    async def read():
        while piece := await reader.read(dice.choice([100, 4096, 65536])):
            received.update(piece)

    async def write():
        for _ in range(dice.randint(5, 40)):
            piece = dice.randbytes(dice.choice([1, 64, 1460, 4096, 65536, 200_000, 700_000]))
            sent.update(piece)
            writer.write(piece)
            await writer.drain()
            if dice.random() < 0.3:
                await asyncio.sleep(dice.random() * 0.05)

    reading = asyncio.create_task(read())
    await write()
    if not first_to_end:
        await reading
    await asyncio.sleep(dice.random() * 0.1)
    writer.write_eof()
    await reading
    return sent.hexdigest(), received.hexdigest()


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_streams_of_64_connections_arrive_byte_for_byte(tmp_path, transfer):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    digests = {}

    async def serve(reader, writer):
        hello = await reader.readexactly(len(HELLO) + 8)
        number = int.from_bytes(hello[-8:], "big")
        digests["gateway", number] = await carry(reader, writer, seed + 2 * number, number % 2 == 0)
        writer.close()

    async def client(port, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HELLO + number.to_bytes(8, "big"))
        digests["client", number] = await carry(reader, writer, seed + 2 * number + 1, number % 2 == 1)
        writer.close()

    async def soak():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        options = ["--max-clients", "64", "--rate", "0", "--transfer", transfer]
        with Relay(tmp_path, server.sockets[0].getsockname()[1], *options, wait=False) as relay:
            await asyncio.to_thread(relay.await_listening)
            await asyncio.wait_for(asyncio.gather(*(client(relay.port, number) for number in range(64))), 120)
            log = await asyncio.to_thread(relay.await_log, 128)
            assert await asyncio.to_thread(relay.end) == 0
        server.close()
        return log

    log = asyncio.run(soak())
    for number in range(64):
        assert digests["client", number] == digests["gateway", number][::-1], f"connection {number}, seed {seed}"
    ends = [line for line in log if line["msg"] == "closed"]
    assert len(ends) == 64
    assert {line["reason"] for line in ends} == {"closed"}
    assert {line["closed_by"] for line in ends} == {"client", "gateway"}


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("delay", [0, 0.7, 1.5])
def test_an_answer_arrives_though_the_client_has_ended_its_stream(tmp_path, transfer, delay):
    answer = random.randbytes(2_000_000)

    def serve(connection):
        receive_all(connection)
        # The answer's delay is the thing that is tested.
        time.sleep(delay)
        connection.sendall(answer)
        connection.close()

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port, "--transfer", transfer) as relay:
        clients = [relay.connect() for _ in range(10)]
        for client in clients:
            client.shutdown(socket.SHUT_WR)
        assert all(receive_all(client) == answer for client in clients)


@pytest.mark.parametrize("delay", [0, 0.7])
def test_a_request_arrives_though_the_gateway_has_ended_its_stream(tmp_path, delay):
    request = random.randbytes(2_000_000)
    arrived = []

    def serve(connection):
        connection.shutdown(socket.SHUT_WR)
        arrived.append(receive_all(connection))
        connection.close()

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port) as relay:
        with relay.connect() as client:
            assert receive_all(client) == b""
            time.sleep(delay)
            client.sendall(request)
        relay.await_log(2)
        assert arrived == [HELLO + request]


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_a_reset_in_mid_stream_is_carried_and_hurts_nobody_else(tmp_path, transfer):
    got_reset = threading.Semaphore(0)

    def serve(connection):
        connection.sendall(receive(connection, len(HELLO)))
        try:
            while piece := connection.recv(1 << 16):
                connection.sendall(piece)
            connection.close()
        except ConnectionResetError:
            got_reset.release()

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port, "--transfer", transfer) as relay:
        steady = relay.client()
        victims = [relay.client() for _ in range(10)]
        for victim in victims:
            victim.sendall(random.randbytes(300_000))
            receive(victim, 1000)
            reset(victim)
        for _ in victims:
            assert got_reset.acquire(timeout=DEADLINE)
        data = random.randbytes(100_000)
        steady.sendall(data)
        assert receive(steady, len(data)) == data
        steady.close()
        ends = [line for line in relay.await_log(22) if line["msg"] == "closed"]
        assert [(line["closed_by"], line["reason"]) for line in ends].count(("client", "reset")) == 10
        assert (ends[-1]["closed_by"], ends[-1]["reason"]) == ("client", "closed")


def test_a_gateway_that_restarts_under_load_ends_its_clients_and_takes_new_ones(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay:
        clients = [relay.client() for _ in range(8)]
        ends = []

        def load(client):
            try:
                while True:
                    client.sendall(b"x" * 10_000)
                    if len(receive(client, 10_000)) < 10_000:
                        ends.append("end")
                        return
            except OSError:
                ends.append("reset")

        workers = [threading.Thread(target=load, args=(client,)) for client in clients]
        for worker in workers:
            worker.start()
        gateway.crash()
        for worker in workers:
            worker.join(DEADLINE)
        assert ends == ["reset"] * 8
        relay.await_listening(False)
        gateway.open()
        relay.await_listening()
        data = random.randbytes(50_000)
        with relay.client() as client:
            client.sendall(data)
            assert receive(client, len(data)) == data
        log = relay.await_log(18)
        ends = [line for line in log if line["msg"] == "closed"][:8]
        assert {(line["closed_by"], line["reason"]) for line in ends} == {("gateway", "reset")}


def test_last_words_of_the_gateway_arrive_before_its_reset(tmp_path):
    """Error 326, "client id in use", is followed by a close with the client's bytes unread, which is a reset."""

    def serve(connection):
        receive(connection, len(HELLO))
        connection.sendall(b"326" * 10_000)
        reset(connection)

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port) as relay:
        for _ in range(20):
            client = relay.connect()
            assert receive(client, 30_000) == b"326" * 10_000
            assert ending(client) == "reset"
