"""`ibgw probe` as a program: simulated gateways that fail and recover, real clients beside it, and who it reports to."""

import os
import signal
import socket
import subprocess
import threading
import time

import ib_async
import pytest
from probed import NotingGateway, Probe, Supervisor, sockets
from simulated import DEADLINE, IBGW, Control, Plain, Simulated

# How long a state may take to be right, from the first failed observation on or from the moment of recovery.
RIGHT = 10


@pytest.fixture
def folder(tmp_path_factory):
    # A unix socket's path is short.
    return tmp_path_factory.mktemp("p")


@pytest.fixture
def supervisor(folder):
    supervisor = Supervisor(folder / "supervisor.sock")
    yield supervisor
    supervisor.close()


@pytest.fixture
def simulated(folder):
    with Simulated("--control", str(folder / "control.sock")) as simulated:
        yield simulated


@pytest.fixture
def control(folder, simulated):
    with Control(folder / "control.sock") as control:
        yield control


def client_connects(port, client=7, timeout=4):
    """Whether a real client can connect, as ib_async's own default has it."""
    ib = ib_async.IB()
    try:
        ib.connect("127.0.0.1", port, clientId=client, timeout=timeout)
        return ib.isConnected()
    except (OSError, TimeoutError):
        return False
    finally:
        ib.disconnect()


def established(observation, failures=3):
    return lambda report: report["observation"] == observation and report["failures"] >= failures


def is_well(report):
    return report["observation"] == "serving" and report["failures"] == 0


def await_tidy(port):
    """Waits until the gateway has one connection, the probe's kept one, and none that it has not closed."""
    deadline = time.monotonic() + DEADLINE
    while (left := (sockets(port, "01"), sockets(port, "08"))) != (1, 0):
        assert time.monotonic() < deadline, f"connections and unclosed ones: {left}"


# Coming up


def test_a_gateway_that_logs_in_late_is_refused_then_listens_then_serves(folder, supervisor):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Probe(folder, port):
        supervisor.wait_for("refused")
        with Simulated("--fault", "login-delay=2", port=port):
            opened, _ = supervisor.wait_for("listening")
            served, _ = supervisor.wait(is_well)
            assert 2 <= served - opened < RIGHT
            assert supervisor.observations() == ["refused", "listening", "serving"]
            assert client_connects(port)


def test_the_report_says_what_the_gateway_is(folder, supervisor, simulated):
    with Probe(folder, simulated.port) as probe:
        _, report = supervisor.wait(is_well)
        assert report == {
            "mode": "paper",
            "observation": "serving",
            "listens": True,
            "failures": 0,
            "why": f"127.0.0.1:{simulated.port} answers: API version 187, 1 account",
        }
        status = probe.status
        assert status["isConnected"] and status["accounts"] == 1 and status["serverVersion"] == 187
        assert abs(status["since"] / 1000 - time.time()) < 60
        assert status["statistics"]["checks"] == 2
        assert status["statistics"]["handshakes"]["count"] == 2
        assert "DU1234567" not in probe.text + str(status) + report["why"]


# Faults


@pytest.mark.parametrize(
    ("fault", "seen", "connects"),
    [
        ("mute", "silent", False),
        ("stuck", "not-logged-in", False),
        ("no-accounts", "no-accounts", None),
        ("close-new", "closes-new-clients", False),
        ("hang-new", "new-clients-hang", False),
        ("stop-reading", "silent", False),
        ("stop-accepting", "new-clients-hang", False),
    ],
)
def test_a_fault_is_named_within_10_s_and_its_end_seen_within_10_s(
    folder, supervisor, simulated, control, fault, seen, connects
):
    with Probe(folder, simulated.port) as probe:
        supervisor.wait(is_well)
        before = supervisor.count
        control(f"fault {fault}")
        probe.check_soon()
        first, _ = supervisor.wait(lambda report: report["failures"] > 0, since=before)
        named, report = supervisor.wait(established(seen), since=before)
        assert named - first <= RIGHT
        assert report["listens"]
        if connects is not None:
            assert client_connects(simulated.port) == connects
        assert not any(is_well(report) for _, report in supervisor.reports[before:])
        before = supervisor.count
        healed = time.monotonic()
        control(f"heal {fault}")
        well, _ = supervisor.wait(is_well, since=before)
        assert well - healed <= RIGHT
        assert client_connects(simulated.port)
        await_tidy(simulated.port)
        assert probe.status["unclosed"] == 0


def test_a_lost_link_and_its_return_are_told_at_once(folder, supervisor, simulated, control):
    with Probe(folder, simulated.port):
        supervisor.wait(is_well)
        began = time.monotonic()
        control("fault link-lost")
        lost, report = supervisor.wait_for("link-lost")
        assert report["failures"] == 0 and lost - began < 1
        before = supervisor.count
        began = time.monotonic()
        control("heal link-lost")
        back, _ = supervisor.wait(is_well, since=before)
        assert back - began < 1


def test_a_link_that_is_lost_from_the_start_is_heard_too(folder, supervisor, simulated, control):
    control("fault link-lost")
    with Probe(folder, simulated.port):
        supervisor.wait_for("link-lost")
        control("heal link-lost")
        supervisor.wait(is_well)


def test_a_frozen_gateway_is_seen_bothered_little_and_seen_again_when_it_thaws(folder, supervisor, simulated):
    with Probe(folder, simulated.port) as probe:
        supervisor.wait(is_well)
        checks = probe.status["statistics"]["checks"]
        before = supervisor.count
        simulated.process.send_signal(signal.SIGSTOP)
        probe.check_soon()
        first, _ = supervisor.wait(lambda report: report["failures"] > 0, since=before)
        named, report = supervisor.wait(established("accept-queue-full"), since=before)
        assert named - first <= RIGHT
        assert not client_connects(simulated.port)
        # A quarter of a minute on, not one more connection has been made.
        supervisor.wait(lambda report: report["failures"] >= 4, since=before)
        assert probe.status["statistics"]["checks"] - checks <= 4
        assert probe.status["waiting"] <= 5
        before = supervisor.count
        thawed = time.monotonic()
        simulated.process.send_signal(signal.SIGCONT)
        well, _ = supervisor.wait(is_well, since=before)
        assert well - thawed <= RIGHT
        assert client_connects(simulated.port)
        await_tidy(simulated.port)


def test_connections_that_wait_tell_of_a_frozen_gateway_without_any_check(folder, supervisor, simulated):
    with Probe(folder, simulated.port):
        supervisor.wait(is_well)
        simulated.process.send_signal(signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", simulated.port)):
            began = time.monotonic()
            first, _ = supervisor.wait_for("accept-queue-full")
            assert 5 <= first - began <= RIGHT
            established_at, _ = supervisor.wait(established("accept-queue-full"))
            assert established_at - first <= RIGHT
        simulated.process.send_signal(signal.SIGCONT)
        supervisor.wait(is_well, since=supervisor.count)


def test_a_crash_is_seen_within_a_second_and_the_next_start_too(folder, supervisor, simulated, control):
    with Probe(folder, simulated.port) as probe:
        supervisor.wait(is_well)
        control("fault crash-after=1")
        simulated.wait()
        ended = time.monotonic()
        refused, report = supervisor.wait_for("refused", since=2)
        assert refused - ended < 1
        assert not report["listens"]
        before = supervisor.count
        with Simulated(port=simulated.port):
            started = time.monotonic()
            well, _ = supervisor.wait(is_well, since=before)
            assert well - started <= RIGHT
        assert probe.status["statistics"]["failures"].keys() <= {"refused", "closes-new-clients"}


def test_a_restart_is_seen_step_by_step(folder, supervisor, simulated, control):
    with Probe(folder, simulated.port):
        supervisor.wait(is_well)
        before = supervisor.count
        control("restart 2")
        supervisor.wait_for("refused", since=before)
        supervisor.wait(is_well, since=before)
        assert supervisor.observations(before)[-3:] == ["refused", "listening", "serving"]


# Manners


def test_every_connection_is_ended_with_a_fin_whatever_was_still_on_its_way(folder, supervisor):
    with NotingGateway(chatter=200_000) as gateway:
        with Probe(folder, gateway.port) as probe:
            supervisor.wait(is_well)
            for _ in range(5):
                assert probe.tell("check")["ok"]
            code, seconds = probe.end()
            assert code == 0 and seconds < 2
        gateway.wait(lambda connections: len(connections) == 7 and all(c.ending for c in connections))
        assert [connection.ending for connection in gateway.connections] == ["closed"] * 7
        assert {connection.client_id for connection in gateway.connections} == {999, 1000}


def test_an_answer_that_comes_too_late_meets_no_reset(folder, supervisor):
    late = threading.Event()
    with NotingGateway(delay=late) as gateway, Probe(folder, gateway.port):
        supervisor.wait(established("silent"))
        late.set()
        supervisor.wait(is_well)
        gateway.wait(lambda connections: sum(c.ending is not None for c in connections) >= 3)
        assert {c.ending for c in gateway.connections if c.ending} == {"closed"}


def test_no_more_connections_are_made_than_stated(folder, supervisor):
    interval = 3
    with NotingGateway() as gateway, Probe(folder, gateway.port, "--check-interval", str(interval)):
        supervisor.wait(is_well)
        gateway.wait(lambda connections: len(connections) == 6)
        times = [connection.began for connection in gateway.connections]
        # Two for the gate, two seconds apart; then one each interval. They are noted a moment after they began.
        assert times[1] - times[0] >= 1.5
        assert all(later - earlier >= interval - 0.5 for earlier, later in zip(times[1:], times[2:]))
        # One is kept, and each of the others has ended before the next begins.
        gateway.wait(lambda connections: sum(c.ending is None for c in connections) == 1)


def test_relayed_traffic_spares_the_question_and_not_the_check(folder, supervisor):
    with (
        NotingGateway() as gateway,
        Probe(folder, gateway.port, "--question-interval", "1", "--check-interval", "2") as probe,
    ):
        supervisor.wait(is_well)
        kept = gateway.connections[1]
        gateway.wait(lambda _: len(kept.questions) >= 2)
        probe.tell("traffic")
        asked, checked = len(kept.questions), len(gateway.connections)
        while len(gateway.connections) < checked + 3:
            probe.tell("traffic")
        assert len(kept.questions) == asked
        gateway.wait(lambda _: len(kept.questions) > asked)


def test_two_questions_are_never_put_within_a_second(folder, supervisor):
    with NotingGateway() as gateway, Probe(folder, gateway.port, "--question-interval", "0.1"):
        supervisor.wait(is_well)
        kept = gateway.connections[1]
        gateway.wait(lambda _: len(kept.questions) == 5)
        # They are noted a moment after they were put.
        assert all(later - earlier > 0.9 for earlier, later in zip(kept.questions, kept.questions[1:]))


def test_ids_that_others_use_are_passed_over(folder, supervisor, simulated):
    with Plain(simulated.port) as first, Plain(simulated.port) as second:
        first.start(999)
        second.start(1000)
        with Probe(folder, simulated.port) as probe:
            supervisor.wait(is_well)
            assert all(report["failures"] == 0 for _, report in supervisor.reports)
            assert probe.tell("check")["ok"]
            assert probe.status["isConnected"]


def test_a_gateway_whose_reserved_ids_are_all_in_use_is_alive(folder, supervisor, simulated):
    clients = [Plain(simulated.port) for _ in range(4)]
    for number, client in enumerate(clients):
        client.start(999 + number)
    with Probe(folder, simulated.port) as probe:
        _, report = supervisor.wait(is_well)
        assert "client ids 999 to 1002 are all in use" in report["why"]
        assert not probe.status["isConnected"]
        for client in clients:
            client.socket.close()
        probe.tell("check")
        supervisor.wait(lambda report: "1 account" in report["why"])


def test_another_first_id_is_used_where_it_is_given(folder, supervisor):
    with NotingGateway() as gateway, Probe(folder, gateway.port, "--client-id", "77"):
        supervisor.wait(is_well)
        assert [connection.client_id for connection in gateway.connections] == [77, 77]


# Known restarts


def test_in_a_known_restart_nothing_is_asked(folder, supervisor):
    with NotingGateway() as gateway, Probe(folder, gateway.port, "--check-interval", "1") as probe:
        supervisor.wait(is_well)
        probe.tell("suspend")
        gateway.wait(lambda connections: all(connection.ending for connection in connections))
        count = len(gateway.connections)
        status, answer = probe.ask("POST", "/v1/gateways/paper/check")
        assert status == 200 and not answer["ok"] and "known restart" in answer["why"]
        assert probe.status["isSuspended"]
        assert len(gateway.connections) == count
        before = supervisor.count
        probe.tell("resume")
        supervisor.wait(is_well, since=before)


# The supervisor


def test_a_supervisor_that_comes_late_is_told_what_is_so_now(folder, simulated):
    with Probe(folder, simulated.port) as probe:
        deadline = time.monotonic() + DEADLINE
        while probe.status.get("observation") != "serving":
            assert time.monotonic() < deadline
        supervisor = Supervisor(folder / "supervisor.sock")
        supervisor.wait(is_well)
        assert supervisor.observations() == ["serving"]
        assert "cannot tell the supervisor what is observed: nothing serves" in probe.text
        supervisor.close()


def test_a_supervisor_that_comes_back_hears_only_what_is_new(folder, supervisor, simulated, control):
    with Probe(folder, simulated.port):
        supervisor.wait(is_well)
        supervisor.close()
        os.unlink(folder / "supervisor.sock")
        control("fault link-lost")
        control("heal link-lost")
        control("fault link-lost")
        again = Supervisor(folder / "supervisor.sock")
        again.wait_for("link-lost")
        assert again.observations() == ["link-lost"]
        again.close()


# IBC's command server


class CommandServer:
    """IBC's command server: notes each line, and answers."""

    def __init__(self, answer):
        self.answer = answer
        self.lines = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            channel, _ = self.listener.accept()
            with channel, channel.makefile("r") as lines:
                self.lines.append(lines.readline())
                channel.sendall(self.answer)
                lines.read()


def test_commands_reach_ibc_and_its_answer_comes_back(folder, supervisor, simulated):
    ibc = CommandServer(b"OK Shutting down\n")
    with Probe(folder, simulated.port, commands=ibc.port) as probe:
        for name in ("STOP", "RESTART", "PAUSE", "RECONNECTDATA", "RECONNECTACCOUNT"):
            status, answer = probe.ask("POST", f"/v1/gateways/paper/command?name={name}")
            assert (status, answer) == (200, {"ok": True, "message": "OK Shutting down"})
            assert ibc.lines[-1] == name + "\n"
        assert probe.ask("POST", "/v1/gateways/paper/command?name=EXIT")[0] == 400


# A person at the keyboard


def once(port):
    return subprocess.run(
        [IBGW, "probe", "--once", "--gateway", f"paper=127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def test_one_check_says_in_a_sentence_what_a_client_would_meet(simulated, control):
    well = once(simulated.port)
    assert well.returncode == 0
    assert well.stdout.startswith("paper: serving in ") and well.stdout.count("\n") == 1
    control("fault stuck")
    stuck = once(simulated.port)
    assert stuck.returncode == 1
    assert stuck.stdout == (
        f"paper: not-logged-in: 127.0.0.1:{simulated.port} says its version and nothing about accounts: "
        "nobody is logged in, or a dialog is open\n"
    )
    simulated.end()
    gone = once(simulated.port)
    assert gone.returncode == 1
    assert gone.stdout == f"paper: refused: nothing listens on 127.0.0.1:{simulated.port}\n"


def test_one_check_can_be_broken_off(simulated, control):
    control("fault mute")
    process = subprocess.Popen([IBGW, "probe", "--once", "--gateway", f"paper=127.0.0.1:{simulated.port}"])
    deadline = time.monotonic() + DEADLINE
    while not sockets(simulated.port, "01") and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(2) == 128 + signal.SIGINT


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--gateway", "paper"),
        ("--gateway", "demo=127.0.0.1:4002"),
        ("--gateway", "paper=127.0.0.1:4002", "--gateway", "paper=127.0.0.1:4003"),
        ("--gateway", "paper=gateway:4002"),
        ("--gateway", "paper=127.0.0.1:4002,127.0.0.1:0"),
        ("--gateway", "paper=127.0.0.1:4002", "--client-id", "0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments):
    refused = subprocess.run([IBGW, "probe", *arguments], capture_output=True, text=True, timeout=DEADLINE)
    assert refused.returncode == 64
    assert "Error" in refused.stderr


# The end


def test_the_end_takes_no_longer_where_the_gateway_is_frozen(folder, supervisor, simulated):
    with Probe(folder, simulated.port) as probe:
        supervisor.wait(is_well)
        simulated.process.send_signal(signal.SIGSTOP)
        probe.check_soon()
        supervisor.wait(established("accept-queue-full"))
        code, seconds = probe.end()
        assert code == 0 and seconds < 3
    simulated.process.send_signal(signal.SIGCONT)


def test_a_probe_that_was_killed_is_followed_by_another_without_ado(folder, supervisor, simulated):
    with Probe(folder, simulated.port) as probe:
        supervisor.wait(is_well)
        probe.end(signal.SIGKILL)
    before = supervisor.count
    with Probe(folder, simulated.port):
        began = time.monotonic()
        well, _ = supervisor.wait(is_well, since=before)
        assert well - began <= RIGHT
