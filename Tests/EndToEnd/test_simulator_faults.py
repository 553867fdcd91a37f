"""The simulated gateway as a program: its faults, its control socket, signals and exit codes."""

import pathlib
import signal
import socket
import stat
import subprocess

import ib_async
import pytest
from api_clients import apple, bars_of, connected, wait_until
from simulated import DEADLINE, IBGW, Control, Plain, Simulated


def test_mute_accepts_and_never_answers():
    with Simulated("--fault", "mute") as simulated, Plain(simulated.port) as client:
        client.hello()
        assert client.is_silent()


def test_stuck_tells_the_version_and_no_more():
    with Simulated("--fault", "stuck") as simulated, Plain(simulated.port) as client:
        client.hello()
        assert client.receive()[0] == "178"
        client.send(71, 2, 1, "")
        assert client.is_silent()


def test_no_accounts_are_no_accounts():
    with Simulated("--fault", "no-accounts") as simulated, Plain(simulated.port) as client:
        assert client.start(1) == ""


def test_a_lost_link_is_told_and_heals(tmp_path):
    with Simulated("--fault", "link-lost", "--control", str(tmp_path / "control")) as simulated:
        with connected(simulated.port) as ib, Control(tmp_path / "control") as control:
            codes = []
            ib.errorEvent += lambda request, code, text, contract: codes.append(code)
            with pytest.raises(ib_async.wrapper.RequestError) as refusal:
                bars_of(ib, apple(), "1 D", "1 hour")
            assert refusal.value.code == 504
            assert control("heal link-lost").startswith("OK")
            wait_until(ib, lambda: 1102 in codes)
            assert len(bars_of(ib, apple(), "1 D", "1 hour")) == 24


def test_a_late_login_refuses_until_it_is_done():
    with Simulated("--fault", "login-delay=2", port=free_port(), wait=False) as simulated:
        port = int(simulated.process.args[3])
        with pytest.raises(ConnectionRefusedError):
            Plain(port)
        assert simulated.await_port() == port
        with Plain(port) as client:
            assert client.start(1) == "DU1234567"


@pytest.mark.parametrize("fault", ["close-new", "hang-new", "stop-accepting"])
def test_old_clients_work_while_new_ones_do_not(tmp_path, fault):
    with Simulated("--control", str(tmp_path / "control")) as simulated:
        with connected(simulated.port) as ib, Control(tmp_path / "control") as control:
            assert control(f"fault {fault}") == f"OK listening on 127.0.0.1:{simulated.port}, 1 client, faults: {fault}"
            with Plain(simulated.port) as client:
                if fault == "close-new":
                    assert client.receive() is None
                else:
                    client.hello()
                    assert client.is_silent()
            assert ib.reqCurrentTime()
            assert control("heal all").endswith("no faults")
            with Plain(simulated.port) as client:
                assert client.start(2) == "DU1234567"


def test_a_gateway_that_stops_reading_shows_it_in_the_kernels_queues(tmp_path):
    with Simulated("--control", str(tmp_path / "control")) as simulated:
        with Control(tmp_path / "control") as control, Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            control("fault stop-reading")
            client.await_message("4", "2", "-1", "2158")
            client.send(49, 1)
            assert client.is_silent()
            assert unread(simulated.port, client.socket.getsockname()[1]) == 4 + len("49\0" + "1\0")
            control("heal all")
            assert client.receive()[0] == "49"


def test_a_full_accept_queue_can_be_seen(tmp_path):
    with Simulated("--fault", "stop-accepting") as simulated:
        clients = [Plain(simulated.port) for _ in range(3)]
        assert unread(simulated.port, None) == 3
        for client in clients:
            client.socket.close()


def test_a_crash_ends_the_process_with_failure_and_without_a_word():
    with Simulated("--fault", "crash-after=1") as simulated:
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            while client.receive() is not None:
                pass
        assert simulated.wait() == 1


def test_a_restart_closes_the_port_and_comes_back(tmp_path):
    with Simulated("--control", str(tmp_path / "control")) as simulated, Control(tmp_path / "control") as control:
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            assert control("restart 1").startswith("OK not listening")
            while client.receive() is not None:
                pass
        assert simulated.await_port() == simulated.port
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"


# The control socket


def test_the_control_socket_is_private_answers_each_line_and_goes_with_the_process(tmp_path):
    path = tmp_path / "control"
    with Simulated("--control", str(path)) as simulated:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        with Control(path) as control:
            assert control("status").startswith("OK listening on 127.0.0.1:")
            assert control("fault loud").startswith("ERROR cannot switch on the fault 'loud'")
            assert control("make coffee").startswith("ERROR cannot understand the command")
            control.socket.sendall(b"status\nheal all\nstatus\n")
            assert [control.answers.readline()[:2] for _ in range(3)] == ["OK"] * 3
        assert simulated.end() == 0
    assert not path.exists()


def test_a_control_socket_in_use_is_left_alone_and_a_dead_one_replaced(tmp_path):
    path = tmp_path / "control"
    with Simulated("--control", str(path)) as first:
        result = run("--port", "0", "--control", str(path))
        assert result.returncode == 69
        assert "another process does" in result.stderr and "listening" not in result.stdout
        first.process.kill()
        first.wait()
    assert path.exists()
    with Simulated("--control", str(path)), Control(path) as control:
        assert control("status").startswith("OK")


def test_a_control_path_that_is_no_socket_is_not_touched(tmp_path):
    path = tmp_path / "notes"
    path.write_text("mine")
    result = run("--port", "0", "--control", str(path))
    assert result.returncode == 69 and str(path) in result.stderr
    assert path.read_text() == "mine"


# Start and end


def run(*arguments):
    return subprocess.run([IBGW, "simulate", *arguments], capture_output=True, text=True, timeout=DEADLINE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unread(port, client_port):
    """The receive queue of a socket on `port`, as the kernel tells it: of a client's connection, or of the listener."""
    for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        local, remote = (int(address.split(":")[1], 16) for address in fields[1:3])
        if local == port and remote == (client_port or 0):
            return int(fields[4].split(":")[1], 16)
    raise AssertionError("no such socket")


def test_a_port_in_use_is_said_in_one_sentence():
    with Simulated() as first:
        result = run("--port", str(first.port))
    assert result.returncode == 69
    assert result.stdout == ""
    assert result.stderr.startswith(f"ibgw: cannot listen on 127.0.0.1:{first.port}: the port is in use; ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--bind", "nowhere"], ["--bind", "192.0.2.1"]])
def test_an_address_that_cannot_be_used_is_said(arguments):
    result = run("--port", "0", *arguments)
    assert result.returncode == 69
    assert result.stderr.startswith(f"ibgw: cannot listen on {arguments[1]}:0: ") and "; use " in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--port", "70000"], ["--mode", "demo"], ["--fault", "loud"], ["--fault", "mute=1"], ["--seed", "-1"]]
)
def test_a_wrong_option_is_refused_before_anything_starts(arguments):
    result = run(*arguments)
    assert result.returncode == 64
    assert arguments[0] in result.stderr and result.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly_with_its_clients(number):
    with Simulated() as simulated, Plain(simulated.port) as client:
        assert client.start(3) == "DU1234567"
        assert simulated.end(number) == 0
        while client.receive() is not None:
            pass
        simulated.await_line("client 3 disconnected")


def test_a_signal_during_a_late_login_ends_it_too():
    with Simulated("--fault", "login-delay=600", wait=False) as simulated:
        simulated.await_line("the login takes 600 s")
        simulated.process.send_signal(signal.SIGUSR1)
        simulated.await_line("not listening, 0 clients, faults: login-delay=600")
        assert simulated.end() == 0


def test_usr1_tells_what_it_does():
    with Simulated() as simulated:
        simulated.process.send_signal(signal.SIGUSR1)
        assert simulated.await_line("listening on").endswith("0 clients, no faults")


@pytest.mark.parametrize(
    "mode, remark", [("paper", "DU1234567 IBKR Gateway (Simulated Trading)"), ("live", "U1234567 IBKR Gateway;")]
)
def test_as_ibc_it_prints_a_good_start_and_ends_as_ibcs_script_does(mode, remark):
    with Simulated("--as-ibc", "--mode", mode, wait=False) as simulated:
        for line in ("IBC: Starting Gateway", "IBC: Login attempt: 1", "IBC: Login has completed", remark):
            simulated.await_line(line)
        with Plain(simulated.await_port()) as client:
            assert client.start(1).endswith("U1234567")
        assert simulated.end(signal.SIGTERM) == 143


def test_as_ibc_it_restarts_as_ibcs_script_does(tmp_path):
    with Simulated("--as-ibc", "--control", str(tmp_path / "control")) as simulated:
        with Control(tmp_path / "control") as control:
            control("restart 0")
        for line in ("IBC returned exit status 0", "autorestart file found", "IBC will restart shortly", "Login has completed"):
            simulated.await_line(line)
        assert simulated.await_port() == simulated.port
        assert simulated.end(signal.SIGINT) == 143


def test_it_needs_one_thread():
    with Simulated() as simulated, connected(simulated.port):
        status = pathlib.Path(f"/proc/{simulated.process.pid}/status").read_text()
        assert "Threads:\t1\n" in status
