"""When the relay listens, what it writes down, what it shows, and how it ends."""

import json
import os
import random
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest
from harness import json_lines
from relayed import DEADLINE, GREETING, HELLO, IBGW, Gateway, Relay, ending, free_port, receive, until

def start_api(client_id):
    body = b"71\0" + b"2\0" + str(client_id).encode() + b"\0" + b"\0"
    return len(body).to_bytes(4, "big") + body


def greet(connection):
    """A gateway that answers the hello, and then echoes."""
    receive(connection, len(HELLO))
    connection.sendall(GREETING)
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)
    connection.close()


def identified(relay, client_id):
    client = relay.connect()
    assert receive(client, len(GREETING)) == GREETING
    start = start_api(client_id)
    client.sendall(start)
    assert receive(client, len(start)) == start
    return client


# When it listens


def test_while_the_gateway_is_down_a_connect_is_refused_and_when_it_listens_it_is_not(tmp_path):
    gateway = Gateway()
    with Relay(tmp_path, gateway.port, wait=False) as relay:
        relay.await_line("the gateway does not listen on")
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                relay.connect()
        with gateway:
            relay.await_listening()
            relay.client().close()
        relay.await_listening(False)
        with pytest.raises(ConnectionRefusedError):
            relay.connect()
        with gateway:
            relay.await_listening()
        changes = [line for line in relay.lines if "gateway" in line]
        assert [line[:3] for line in changes] == ["<6>", "<6>", "<4>", "<6>"]
        assert "does not listen" in changes[0] and "does not listen" in changes[2]


def test_a_refused_dial_closes_the_port(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay:
        gateway.close()
        assert relay.attempt() == "reset"
        relay.await_listening(False)


def test_told_to_listen_always_it_closes_a_client_at_once_while_the_gateway_is_down(tmp_path):
    gateway = Gateway()
    with Relay(tmp_path, gateway.port, "--listen", "always") as relay:
        began = time.monotonic()
        assert relay.attempt() == "reset"
        assert time.monotonic() - began < 1
        with gateway:
            relay.client().close()


def test_the_control_plane_opens_and_closes_a_route(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay:
        client = relay.client()
        assert relay.ask("POST", "/v1/routes/live/closed")[0] == 200
        relay.await_listening(False)
        client.sendall(b"still relayed")
        assert receive(client, 13) == b"still relayed"
        assert relay.ask("POST", "/v1/routes/live/automatic")[0] == 200
        relay.await_listening()
        gateway.close()
        relay.await_listening(False)
        assert relay.ask("POST", "/v1/routes/live/open")[0] == 200
        relay.await_listening()
        client.close()


def test_several_addresses_of_both_families_lead_to_the_gateway(tmp_path):
    ports = [free_port(), free_port()]
    with Gateway() as gateway:
        route = f"paper=127.0.0.1:{ports[0]},[::1]:{ports[0]},127.0.0.2:{ports[1]},127.0.0.1:{gateway.port}"
        with Relay(tmp_path, gateway.port, "--route", route):
            for host, port in [("127.0.0.1", ports[0]), ("::1", ports[0]), ("127.0.0.2", ports[1])]:
                until(lambda address=(host, port): connects(address), f"{host} listens")
                with socket.create_connection((host, port), timeout=DEADLINE) as client:
                    client.sendall(HELLO)
                    assert receive(client, len(HELLO)) == HELLO


def connects(address):
    try:
        socket.create_connection(address, timeout=DEADLINE).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_port_that_is_taken_is_said_once_and_tried_again_until_it_is_free(tmp_path):
    with Gateway() as gateway:
        taken = socket.create_server(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with Relay(tmp_path, gateway.port, port=port, wait=False) as relay:
            line = relay.await_line("cannot listen")
            until(relay.socket.exists, "the control socket")
            assert line == (
                f"<3>live: cannot listen on 127.0.0.1:{port}: another program listens there; "
                "stop it, or use another port; it is tried again every second"
            )
            assert port_failure(relay) == line[9:].split("; it is tried")[0]
            threading.Event().wait(1.2)
            taken.close()
            relay.await_line("now listens on", 3)
            relay.client().close()
            assert sum("cannot listen" in line for line in relay.lines) == 1


def port_failure(relay):
    return relay.ask("GET", "/v1/status")[1]["routes"][0]["failures"][0]


# What it writes down


def test_the_access_log_has_a_line_at_open_and_at_close_with_who_and_why(tmp_path):
    with Gateway(greet) as gateway, Relay(tmp_path, gateway.port) as relay:
        before = time.time()
        client = identified(relay, 42)
        local = client.getsockname()
        client.sendall(b"x" * 1000)
        receive(client, 1000)
        assert [line["msg"] for line in relay.await_log(1)] == ["opened"]
        client.close()
        opened, closed = relay.await_log(2)
        assert opened | {"ts": 0, "id": 0} == {
            "level": "info",
            "ts": 0,
            "logger": "relay.access.live",
            "msg": "opened",
            "id": 0,
            "remote_ip": "127.0.0.1",
            "remote_port": str(local[1]),
            "upstream": f"127.0.0.1:{gateway.port}",
            "client_id": 42,
            "client_version": 187,
            "server_version": 187,
        }
        assert before - 0.01 <= opened["ts"] <= closed["ts"] <= time.time() + 0.01
        assert {key: closed[key] for key in ("msg", "id", "client_id", "closed_by", "reason")} == {
            "msg": "closed",
            "id": opened["id"],
            "client_id": 42,
            "closed_by": "client",
            "reason": "closed",
        }
        sent = len(HELLO) + len(start_api(42)) + 1000
        assert closed["bytes_read"] == sent
        assert closed["size"] == sent - len(HELLO) + len(GREETING)
        assert 0 < closed["duration"] < 10
        assert abs(closed["ts"] - opened["ts"] - closed["duration"]) < 0.001


def test_a_client_whose_handshake_never_ends_is_in_the_log_all_the_same(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay, relay.client():
        (opened,) = relay.await_log(1)
        assert "client_id" not in opened


def test_the_access_log_is_rotated_by_size_and_loses_no_line(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--log-size", "1", "--log-keep", "3", "--rate", "0") as relay:
        # Most of a megabyte is there already, as after days.
        relay.log.write_bytes(b'{"msg":"old"}\n' * 74_800)
        for _ in range(40):
            relay.client().close()
        rotated = tmp_path / "access-live.log.1"
        until(rotated.exists, "the log is rotated")
        until(lambda: len(new_lines(rotated, relay.log)) == 80, "all lines are there")
        assert rotated.stat().st_size <= 1 << 20
        assert relay.log.stat().st_size <= 1 << 20
        assert sorted(path.name for path in tmp_path.glob("access*")) == ["access-live.log", "access-live.log.1"]


def new_lines(*paths):
    lines = [line for path in paths for line in json_lines(path)]
    return [line for line in lines if line["msg"] != "old"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_stops_the_log_and_not_the_relay(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=True)
    try:
        filler = disk / "filler"
        with Gateway() as gateway, Relay(disk, gateway.port, "--rate", "0", log=True) as relay:
            relay.client().close()
            relay.await_log(2)
            with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(b"x" * 4096)
            clients = 60
            for _ in range(clients):
                with relay.client() as client:
                    data = random.randbytes(20_000)
                    client.sendall(data)
                    assert receive(client, len(data)) == data
            line = relay.await_line("cannot write")
            assert line.startswith("<4>") and "no space is left on the disk" in line
            lost = until(lambda: relay.ask("GET", "/v1/status")[1]["routes"][0]["lost_log_lines"], "lines are counted")
            assert lost > 0
            # Every line that is there is whole.
            assert all(entry["msg"] in ("opened", "closed") for entry in relay.access_log())
            relay.await_counters(lambda counters: counters["open"] == 0, "all are gone")
            filler.unlink()
            until(lambda: relay.client().close() or "is written again" in relay.lines[-1], "it is written again")
            assert "lines are missing in it" in relay.lines[-1]
            assert sum("cannot write" in line for line in relay.lines) == 1
            until(lambda: relay.access_log()[-1]["msg"] == "closed", "the log goes on")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_log_directory_that_is_missing_is_said_and_the_relay_works(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port, "--log-dir", str(tmp_path / "none"), log=False) as relay:
        relay.client().close()
        assert "its directory does not exist" in relay.await_line("cannot write")


# What it shows


def test_clients_shows_who_is_connected_as_a_table_and_as_json(tmp_path):
    with Gateway(greet) as gateway, Relay(tmp_path, gateway.port) as relay:
        assert relay.command("clients").stdout == "no client is connected\n"
        with identified(relay, 7) as client:
            stop = threading.Event()
            worker = threading.Thread(target=chatter, args=(client, stop))
            worker.start()
            (shown,) = json.loads(relay.command("clients", "--json").stdout)
            table = relay.command("clients").stdout.splitlines()
            stop.set()
            worker.join(DEADLINE)
            assert shown["remote_ip"] == "127.0.0.1"
            assert shown["remote_port"] == str(client.getsockname()[1])
            assert (shown["client_id"], shown["client_version"], shown["server_version"]) == (7, 187, 187)
            assert shown["bytes_read"] > 0 and shown["size"] > 0
            assert shown["read_rate"] > 0 and shown["send_rate"] > 0
            assert shown["client_tcp"]["rtt_us"] > 0 and shown["gateway_tcp"]["rtt_us"] > 0
            assert shown["client_tcp"]["retransmits"] == 0
            assert table[0].split()[:2] == ["ID", "ROUTE"]
            assert re.match(rf"{shown['id']}\s+live\s+127\.0\.0\.1:{shown['remote_port']}\s+7\s+187\s", table[1])
            assert len(table) == 2


def chatter(client, stop):
    while not stop.is_set():
        client.sendall(b"x" * 100)
        receive(client, 100)


def test_kick_closes_one_client_and_leaves_the_others(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay:
        kicked, other = relay.client(), relay.client()
        shown = relay.ask("GET", "/v1/clients")[1]
        number = next(c["id"] for c in shown if c["remote_port"] == str(kicked.getsockname()[1]))
        result = relay.command("kick", str(number))
        assert (result.returncode, result.stdout) == (0, f"client {number} is being disconnected\n")
        assert ending(kicked) == "end"
        kicked.close()
        other.sendall(b"still here")
        assert receive(other, 10) == b"still here"
        until(lambda: any(line.get("reason") == "kicked" for line in relay.access_log()), "the kick is in the log")
        again = relay.command("kick", str(number))
        assert again.returncode == 1
        assert again.stderr == f"ibgw: cannot kick client {number}: there is no client {number}\n"


def test_without_a_relay_that_is_said_in_one_sentence(tmp_path):
    result = subprocess.run(
        [IBGW, "clients", "--run-dir", str(tmp_path)], capture_output=True, text=True, timeout=DEADLINE, env={}
    )
    assert result.returncode == 69
    assert result.stderr == (
        f"ibgw: cannot reach the relay: nothing serves {tmp_path}/relay.sock; `ibgw status` shows whether the relay runs\n"
    )


def test_the_socket_is_its_users_alone(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay:
        until(relay.socket.exists, "the socket")
        until(lambda: stat.S_IMODE(relay.socket.stat().st_mode) == 0o600, "its mode")


# How it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_lets_an_answer_through_and_ends_with_fin_and_0(tmp_path, number):
    answer = random.randbytes(5_000_000)
    asked = threading.Event()

    def serve(connection):
        receive(connection, len(HELLO))
        asked.set()
        connection.sendall(answer)
        receive(connection, 1)
        connection.close()

    with Gateway(serve) as gateway, Relay(tmp_path, gateway.port) as relay:
        client = relay.connect()
        assert asked.wait(DEADLINE)
        relay.process.send_signal(number)
        relay.await_listening(False)
        assert receive(client, len(answer)) == answer
        assert ending(client) == "end"
        client.close()
        assert relay.wait() == 0
        assert relay.access_log()[-1]["reason"] == "stopped"


def test_a_stop_takes_no_longer_than_three_seconds_whatever_the_clients_do(tmp_path):
    def flood(connection):
        while True:
            connection.sendall(b"tick" * 1000)

    with Gateway(flood) as gateway, Relay(tmp_path, gateway.port) as relay:
        # A second is for the slowness of a busy machine.
        stopped, reading, silent = relay.connect(), relay.connect(), relay.connect(hello=None)
        receive(reading, 100_000)
        threading.Thread(target=ending, args=(reading,), daemon=True).start()
        began = time.monotonic()
        assert relay.end() == 0
        assert time.monotonic() - began < 4
        assert len([line for line in relay.access_log() if line["msg"] == "closed"]) == 2
        for client in (stopped, silent):
            client.close()


def test_idle_it_does_not_wake_up(tmp_path):
    with Gateway() as gateway, Relay(tmp_path, gateway.port) as relay, relay.client():
        relay.await_log(1)
        thread = relay_thread(relay)
        until(lambda: switches(thread) == (threading.Event().wait(1.2), switches(thread))[1], "a second without a wake-up")


def relay_thread(relay):
    """The thread that carries the bytes: the one beside the first."""
    (other,) = [task for task in os.listdir(f"/proc/{relay.pid}/task") if int(task) != relay.pid]
    return f"/proc/{relay.pid}/task/{other}/status"


def switches(path):
    with open(path) as status:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M)[1])
