"""Hostile clients, slow peers and exhausted limits: the relay's memory stays bounded and those who behave are served."""

import contextlib
import os
import random
import resource
import select
import signal
import socket
import subprocess
import threading

import pytest
from harness import json_lines
from relayed import DEADLINE, HELLO, IBGW, Gateway, Relay, ending, receive, receive_all, until

MEGABYTE = 1 << 20


def unlimited_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stuff(client, stop):
    """Sends until nothing is taken for a second; returns how much was."""
    client.setblocking(False)
    total = 0
    while total < stop and select.select([], [client], [], 1)[1]:
        total += client.send(b"z" * 65536)
    return total


def test_random_bytes_never_reach_the_gateway(tmp_path):
    dice = random.Random(4001)
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0", "--hello-timeout", "1") as relay:
        for _ in range(300):
            noise = dice.randbytes(dice.randint(1, 2000))
            with relay.connect(hello=noise) as client:
                assert ending(client) == "reset"
        assert gateway.accepted == 0
        counters = relay.counters()
        assert counters["refused"]["not-the-api"] + counters["refused"].get("silent", 0) == 300
        with relay.client():
            assert gateway.accepted == 1


def test_a_valid_hello_followed_by_noise_is_relayed_as_it_is(tmp_path):
    dice = random.Random(7)
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0") as relay:
        for _ in range(50):
            noise = b"API\0" + dice.randbytes(dice.randint(1, 20_000))
            with relay.connect(hello=noise) as client:
                assert receive(client, len(noise)) == noise


def test_slow_lorises_are_turned_away_and_keep_nobody_out(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0", "--hello-timeout", "1") as relay:
        lorises = [relay.connect(hello=b"API"[: 1 + number % 3]) for number in range(200)]
        with relay.client():
            assert gateway.accepted == 1
        assert {ending(loris) for loris in lorises} == {"reset"}
        assert relay.counters()["refused"]["silent"] == 200
        assert gateway.accepted == 1


def test_a_reader_that_stops_costs_little_memory(tmp_path):
    def flood(connection):
        connection.sendall(receive(connection, len(HELLO)))
        while True:
            connection.sendall(b"tick" * 16384)

    with Gateway(flood) as gateway, Relay(tmp_path, gateway.port, "--transfer", "automatic") as relay:
        before = relay.resident()
        stopped = [relay.client() for _ in range(20)]
        # All is at rest when the gateway cannot send any more: two looks at the counters agree.
        seen = [0]

        def at_rest():
            seen.append(relay.counters()["bytes_from_gateway"])
            return seen[-1] == seen[-2] > 20 * MEGABYTE / 8 and not select.select([], gateway.connections, [], 0.2)[1]

        until(at_rest, "the gateway stands still", 60)
        assert relay.resident() - before < 20 * MEGABYTE
        # And one that reads goes on meanwhile.
        with relay.client() as reader:
            assert len(receive(reader, 10 * MEGABYTE)) == 10 * MEGABYTE
        for client in stopped:
            client.close()


def test_a_gateway_that_stops_reading_holds_up_its_own_client_alone(tmp_path):
    stopped = threading.Event()

    def serve(connection):
        hello = receive(connection, len(HELLO) + 1)
        connection.sendall(hello)
        if hello.endswith(b"S"):
            stopped.wait(60)
            connection.sendall(len(receive_all(connection)).to_bytes(8, "big"))
            connection.close()
            return
        while piece := connection.recv(65536):
            connection.sendall(piece)

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port) as relay:
        before = relay.resident()
        stuck = relay.connect(HELLO + b"S")
        assert receive(stuck, len(HELLO) + 1) == HELLO + b"S"
        sent = stuff(stuck, 500 * MEGABYTE)
        assert sent < 100 * MEGABYTE
        assert relay.resident() - before < 4 * MEGABYTE
        with relay.connect(HELLO + b"E") as other:
            assert receive(other, len(HELLO) + 1) == HELLO + b"E"
            other.sendall(b"y" * MEGABYTE)
            assert receive(other, MEGABYTE) == b"y" * MEGABYTE
        stopped.set()
        stuck.setblocking(True)
        stuck.settimeout(DEADLINE)
        stuck.shutdown(socket.SHUT_WR)
        assert int.from_bytes(receive(stuck, 8), "big") == sent


def await_connection(client):
    """Blocks until it stands; by poll, since select takes no descriptor above 1023."""
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    assert poll.poll(DEADLINE * 1000)


def test_a_thousand_connects_at_once_are_all_served_where_the_limit_allows_it(tmp_path):
    unlimited_descriptors()
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0", "--max-clients", "1000") as relay:
        before = relay.resident()
        clients = []
        for _ in range(1000):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", relay.port))
            clients.append(client)
        for client in clients:
            client.settimeout(DEADLINE)
            await_connection(client)
            client.sendall(HELLO)
        assert all(receive(client, len(HELLO)) == HELLO for client in clients)
        assert relay.counters()["open"] == 1000
        assert relay.resident() - before < 4 * MEGABYTE
        for client in clients:
            client.close()
        relay.await_counters(lambda counters: counters["open"] == 0, "all are gone")
        assert relay.descriptors() < 30


def test_of_a_thousand_connects_the_gateway_sees_no_more_than_the_limit(tmp_path):
    unlimited_descriptors()
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0") as relay:
        steady = relay.client()
        clients = []
        for _ in range(1000):
            client = socket.socket()
            client.connect_ex(("127.0.0.1", relay.port))
            client.settimeout(DEADLINE)
            clients.append(client)
        outcomes = []
        for client in clients:
            try:
                client.sendall(HELLO)
                outcomes.append(receive(client, len(HELLO)) == HELLO)
            except OSError:
                outcomes.append(False)
        assert outcomes.count(True) == 30
        assert gateway.accepted == 31
        assert relay.counters()["refused"] == {"too-many-clients": 970}
        steady.sendall(b"still here")
        assert receive(steady, 10) == b"still here"
        # One line for all of them: the address is the same.
        assert sum("refused" in line for line in relay.lines) == 1


def test_running_out_of_descriptors_refuses_the_new_and_keeps_the_old(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--rate", "0", descriptors=48) as relay:
        steady = relay.client()
        crowd = []
        for _ in range(100):
            # One that is refused may be reset before its connect has returned.
            with contextlib.suppress(ConnectionResetError):
                crowd.append(relay.connect(hello=None))
        relay.await_line("no file descriptor left")
        relay.await_counters(lambda counters: counters["refused"].get("descriptors", 0) > 30, "refusals are counted")
        used = relay.cpu()
        steady.sendall(b"x" * 100_000)
        assert receive(steady, 100_000) == b"x" * 100_000
        # It waits instead of turning in circles: half a second without anything to do costs next to nothing.
        threading.Event().wait(0.5)
        assert relay.cpu() - used < 0.2
        for client in crowd:
            client.close()
        relay.await_counters(lambda counters: counters["waiting"] == 0, "the crowd is gone")
        with relay.client() as client:
            client.sendall(b"again")
            assert receive(client, 5) == b"again"


def test_a_killed_relay_is_back_at_once_while_clients_of_the_old_one_still_stand(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as old:
        clients = [old.client() for _ in range(5)]
        # Its peers' halves: one never reads, so that its side stays in CLOSE_WAIT with the relay's in FIN_WAIT or gone.
        old.end(signal.SIGKILL)
        with Relay(tmp_path, gateway.port, port=old.port) as new:
            with new.client() as client:
                client.sendall(b"new")
                assert receive(client, 3) == b"new"
            assert not any("cannot listen" in line for line in new.lines)
        for client in clients:
            assert ending(client) in ("end", "reset")


def test_a_relay_that_ended_in_order_can_be_started_again_at_once(tmp_path):
    with Gateway() as gateway:
        port = None
        for _ in range(3):
            with Relay(tmp_path, gateway.port, port=port) as relay:
                port = relay.port
                client = relay.client()
                threading.Thread(target=lambda connection=client: (ending(connection), connection.close())).start()
                assert relay.end() == 0
                assert not any("cannot listen" in line for line in relay.lines)


@pytest.mark.skipif("IBGW_LONG_RUNS" not in os.environ, reason="takes over a minute; set IBGW_LONG_RUNS=1")
def test_a_peer_that_vanishes_from_the_network_is_dropped_within_65_seconds(tmp_path):
    """Two network namespaces and a cable between them, which is pulled: one client is idle, one has data on its way."""
    name = f"ibgw{os.getpid()}"
    ip = lambda *words: subprocess.run(["ip", *words], check=True)  # noqa: E731
    ip("netns", "add", f"{name}a")
    ip("netns", "add", f"{name}b")
    try:
        ip("link", "add", f"{name}x"[:15], "netns", f"{name}a", "type", "veth", "peer", "name", f"{name}y"[:15], "netns", f"{name}b")
        for space, link, address in [(f"{name}a", f"{name}x"[:15], "10.99.0.1/24"), (f"{name}b", f"{name}y"[:15], "10.99.0.2/24")]:
            ip("-n", space, "address", "add", address, "dev", link)
            ip("-n", space, "link", "set", link, "up")
            ip("-n", space, "link", "set", "lo", "up")
        gateway = subprocess.Popen(["ip", "netns", "exec", f"{name}a", "python3", "-c", GATEWAY_THAT_TICKS])
        relay = subprocess.Popen(
            ["ip", "netns", "exec", f"{name}a", IBGW, "relay", "--route"]
            + ["live=10.99.0.1:4003,127.0.0.1:4001", "--socket", str(tmp_path / "relay.sock"), "--log-dir", str(tmp_path)]
        )
        clients = subprocess.Popen(
            ["ip", "netns", "exec", f"{name}b", "python3", "-c", TWO_CLIENTS], stdout=subprocess.PIPE, text=True
        )
        assert clients.stdout.readline() == "ready\n"
        ip("-n", f"{name}b", "link", "set", f"{name}y"[:15], "down")
        log = tmp_path / "access-live.log"
        until(lambda: log.exists() and log.read_text().count('"closed"') == 2, "both are dropped", 66)
        ends = [line for line in json_lines(log) if "closed_by" in line]
        assert [end["closed_by"] for end in ends] == ["client"] * 2
        assert {end["reason"] for end in ends} <= {"dead", "unreachable"}
    finally:
        for process in (clients, relay, gateway):
            process.kill()
            process.wait()
        ip("netns", "delete", f"{name}a")
        ip("netns", "delete", f"{name}b")


GATEWAY_THAT_TICKS = """
import socket, threading, time
def serve(connection):
    hello = connection.recv(100)
    connection.sendall(hello)
    while hello.endswith(b"T"):
        connection.sendall(b"tick" * 100)
        time.sleep(0.1)
    connection.recv(100)
listener = socket.create_server(("127.0.0.1", 4001))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

TWO_CLIENTS = """
import socket, sys, time
def connect(last):
    end = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("10.99.0.1", 4003))
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
    connection.sendall(b"API\\0\\0\\0\\0\\x09v100..187" + last)
    connection.recv(100)
    return connection
idle, ticking = connect(b"I"), connect(b"T")
print("ready", flush=True)
while True:
    ticking.recv(1000)
"""
