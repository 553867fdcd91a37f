"""Who may connect, how many and how fast; and that the gateway sees nobody else."""

import json
import pathlib
import re
import socket
import subprocess
import time

import pytest
from relayed import HELLO, IBGW, Gateway, Relay, ending, free_port, receive


@pytest.fixture
def gateway():
    with Gateway() as gateway:
        yield gateway


def test_who_is_not_in_the_allow_list_is_refused_with_the_reason(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--allow", "10.0.0.0/8,::1") as relay:
        assert relay.attempt(hello=None) == "reset"
        line = relay.await_line("refused")
        assert re.fullmatch(r"<4>live: refused 127\.0\.0\.1:\d+: its address is not in the allow-list", line)
        assert gateway.accepted == 0


def test_one_machine_of_a_range_may_connect_and_its_neighbour_may_not(tmp_path, gateway):
    port = free_port()
    with Relay(tmp_path, gateway.port, "--allow", "127.0.0.2", port=port):
        for source, expected in [("127.0.0.2", HELLO), ("127.0.0.3", b"")]:
            try:
                with socket.create_connection(("127.0.0.1", port), source_address=(source, 0), timeout=10) as client:
                    client.sendall(HELLO)
                    answer = receive(client, len(HELLO))
            except ConnectionError:
                answer = b""
            assert answer == expected


def test_an_address_may_make_its_rate_of_connections_and_another_one_its_own(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--rate", "5", "--max-clients", "100") as relay:
        began = time.monotonic()
        for _ in range(30):
            relay.attempt(hello=None, leaves=True)
        passed = time.monotonic() - began
        counters = relay.await_counters(lambda counters: counters["accepted"] == 30, "all are seen")
        # Five at once, and five for each second that it took.
        assert 5 <= counters["refused"]["left"] <= 5 + 5 * passed + 1
        assert counters["refused"]["left"] + counters["refused"]["rate"] == 30
        with socket.create_connection(("127.0.0.1", relay.port), source_address=("127.0.0.9", 0), timeout=10) as other:
            other.sendall(HELLO)
            assert receive(other, len(HELLO)) == HELLO
        relay.await_line("opens more new connections")
        assert sum("opens more new connections" in line for line in relay.lines) == 1


def test_clients_over_the_limit_are_refused_until_one_leaves(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--max-clients", "3") as relay:
        clients = [relay.client() for _ in range(3)]
        assert relay.attempt() == "reset"
        relay.await_line("as many clients are connected as the limit allows")
        clients.pop().close()
        relay.await_counters(lambda counters: counters["open"] == 2, "one is gone")
        with relay.client():
            assert relay.counters()["open"] == 3
        assert gateway.accepted == 4


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", b"SSH-2.0-x\r\n", b"\0" * 4])
def test_a_browser_and_a_scanner_are_turned_away_without_the_gateway_seeing_them(tmp_path, gateway, first):
    with Relay(tmp_path, gateway.port) as relay:
        assert relay.attempt(hello=first) == "reset"
        relay.await_line("its first bytes are not those of an IB API client")
        assert gateway.accepted == 0


def test_a_silent_client_is_turned_away_after_the_hello_time_out(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--hello-timeout", "0.5") as relay:
        began = time.monotonic()
        assert relay.attempt(hello=None) == "reset"
        assert time.monotonic() - began >= 0.5
        relay.await_line("it sent no API hello in time")
        assert gateway.accepted == 0


def test_a_check_that_the_port_is_open_is_no_warning(tmp_path, gateway):
    with Relay(tmp_path, gateway.port) as relay:
        for _ in range(5):
            relay.connect(hello=None).close()
        relay.await_counters(lambda counters: counters["refused"].get("left") == 5, "all five are counted")
        assert [line for line in relay.lines if "without a word" in line] == [
            line for line in relay.lines if line.startswith("<7>")
        ]
        assert gateway.accepted == 0


def test_without_the_check_anything_is_relayed_and_silence_is_allowed(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--no-check-hello", "--hello-timeout", "0.2") as relay:
        silent = relay.connect(hello=None)
        with relay.connect(hello=b"anything") as client:
            assert receive(client, 8) == b"anything"
        time.sleep(0.6)  # longer than a silent client would have had
        silent.sendall(b"late")
        assert receive(silent, 4) == b"late"


def test_an_idle_client_is_closed_in_the_regular_way(tmp_path, gateway):
    with Relay(tmp_path, gateway.port, "--idle-timeout", "0.6") as relay:
        with relay.client() as client:
            assert ending(client) == "end"
        end = relay.await_log(2)[1]
        assert (end["closed_by"], end["reason"]) == ("relay", "idle")
        assert end["duration"] >= 0.6


def test_the_allow_list_changes_while_it_runs_and_cuts_who_is_off_it(tmp_path, gateway):
    with Relay(tmp_path, gateway.port) as relay:
        client = relay.client()
        assert relay.ask("PUT", "/v1/allow", json.dumps({"allow": ["10.0.0.0/8"]}).encode())[0] == 200
        assert ending(client) == "end"
        client.close()
        assert relay.await_log(2)[1]["reason"] == "not-allowed"
        assert relay.attempt(hello=None) == "reset"
        assert relay.ask("PUT", "/v1/allow", json.dumps({"allow": ["127.0.0.0/8"]}).encode())[0] == 200
        with relay.client():
            pass


def test_a_gateway_with_a_full_queue_costs_a_client_the_dial_time_out(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.create_connection(listener.getsockname())]
    with Relay(tmp_path, listener.getsockname()[1], "--dial-timeout", "0.5") as relay:
        assert relay.attempt() == "reset"
        relay.await_line("the gateway did not accept the connection in time")
        assert relay.counters()["refused"] == {"gateway-timeout": 1}
    fillers[0].close()
    listener.close()


def test_the_client_s_leg_has_the_options_that_notice_a_dead_peer(tmp_path, gateway):
    with Relay(tmp_path, gateway.port) as relay, relay.client():
        inodes = {inode_of(link) for link in pathlib.Path(f"/proc/{relay.pid}/fd").iterdir()}
        rows = [
            line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        ]
        established = [row for row in rows if row[3] == "01" and row[9] in inodes]
        assert len(established) == 2
        [client] = [row for row in established if row[1].endswith(f":{relay.port:04X}")]
        # The second word of the timer's column: 2 is keepalive, armed with at most half of the sixty seconds.
        kind, left = client[5].split(":")
        assert kind == "02"
        assert int(left, 16) <= 30 * 100


def inode_of(link):
    try:
        target = str(link.readlink())
    except OSError:
        return None
    return target[8:-1] if target.startswith("socket:[") else None


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--route", "live=127.0.0.1:4003"], "live=127.0.0.1:4003"),
        (["--route", "live=localhost:4003,127.0.0.1:4001"], "localhost"),
        (["--route", "../x=127.0.0.1:4003,127.0.0.1:4001"], "../x"),
        (["--route", "a=127.0.0.1:1,127.0.0.1:2", "--route", "a=127.0.0.1:3,127.0.0.1:4"], "name of its own"),
        (["--route", "a=127.0.0.1:1,127.0.0.1:2", "--allow", "10.0.0.0/33"], "10.0.0.0/33"),
        (["--route", "a=127.0.0.1:1,127.0.0.1:2", "--max-clients", "0"], "--max-clients"),
        (["--route", "a=127.0.0.1:1,127.0.0.1:2", "--rate", "-1"], "--rate"),
        ([], "--route"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_starts(tmp_path, arguments, part):
    result = subprocess.run([IBGW, "relay", *arguments], capture_output=True, text=True, timeout=10)
    assert result.returncode == 64
    assert part in result.stderr
