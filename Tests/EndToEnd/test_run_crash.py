"""Process 1 outlives itself: whatever kills its program, the services and the session go on, and nothing is started twice."""

import os
import random
import shutil
import signal
import threading
import time

import pytest

from faults import WITH_VNC, Client, all_are_up, catches, crash, services, starts_of_java
from harness import BOTH, eventually

SEED = random.randrange(1 << 32)
FATAL = [signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGABRT, signal.SIGTRAP, signal.SIGFPE]


@pytest.mark.parametrize("number", FATAL, ids=lambda n: n.name)
def test_a_crash_of_process_1_costs_nothing_that_runs(image, number):
    container = image.run(WITH_VNC)
    all_are_up(container)
    client = Client(container)
    before = services(container)
    crash(container, number)
    assert client.is_answered()
    assert services(container) == before
    status = container.status()
    assert (status["pid"], status["crashes"], status["phase"]) == (1, 1, "running")
    assert starts_of_java(image) == 1
    said = container.wait_for_line(rf"process 1 has crashed \({number.name[3:]}, sent from outside\) and goes on")
    assert said
    place = container.wait_for_line(r"crashed at ((ibgw\+0x[0-9a-f]+|library) ?)+, build id [0-9a-f]{8,}")
    assert place[0].count("ibgw+0x") >= 3
    assert client.is_answered()
    assert container.stop() == 0
    assert "ended with exit code 0" in container.log()[-1]


def test_what_a_child_says_and_how_it_ends_is_known_after_a_crash(image):
    release = image.gate("release")
    image.scenario("paper", [["login"], ["gate", "release"], ["say", "after the crash"], ["exit", 3]], [["login"], ["serve"]])
    container = image.run(WITH_VNC)
    container.wait_for_line("ibc-paper: logged in after")
    crash(container)
    release()
    container.wait_for_line("ibc-paper: after the crash")
    container.wait_for_line("ibc-paper: java has ended with 3|ended by exit code 3|ibc-paper: .*exit code 3")
    container.kill("x11vnc")
    container.wait_for_line(r"warning x11vnc: ended after .*: signal 9 \(KILL\); started again")
    assert container.stop() == 0


def test_an_end_that_falls_into_the_crash_is_not_missed(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    victim = container.process("x11vnc")
    container.signal(signal.SIGSTOP)
    os.kill(victim.outside, signal.SIGKILL)
    os.kill(container.pid, signal.SIGSEGV)
    container.signal(signal.SIGCONT)
    container.wait_for_line("process 1 has crashed")
    container.wait_for_line(r"warning x11vnc: ended after .*: signal 9 \(KILL\); started again")
    container.wait_for_state("x11vnc", "running")
    assert container.service("x11vnc")["restarts"] == 1
    assert container.stop() == 0


def test_a_stop_that_was_asked_for_goes_on_after_a_crash(image):
    image.scenario("paper", [["shutdown_takes", 2], ["login"], ["serve"]])
    container = image.run(WITH_VNC)
    all_are_up(container)
    container.signal(signal.SIGTERM)
    image.wait_for_note("signal")
    crash(container)
    assert container.wait_exit() == 0
    # A TERM that was being sent when the crash came is sent again: nothing to a JVM that ends.
    assert {n.more["signal"] for n in image.notes("signal", "paper")} == {"TERM"}
    assert image.story("paper")[-1] == "java ended"
    assert not image.notes("display lost")


def test_a_term_that_comes_during_the_crash_is_heard(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    container.signal(signal.SIGSTOP)
    container.signal(signal.SIGTERM)
    container.signal(signal.SIGSEGV)
    container.signal(signal.SIGCONT)
    assert container.wait_exit() == 0
    assert container.matching("process 1 has crashed") and container.matching(r"stops \(TERM\)")


def test_crashes_again_and_again_end_everything_in_order_with_70(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    for number in range(4):
        crash(container)
        if number < 3:
            assert container.status()["crashes"] == number + 1
    container.wait_for_line(r"stops \(process 1 has crashed 4 times within a minute\)")
    assert container.wait_exit() == 70
    assert image.story("paper")[-1] == "java ended"
    assert not image.notes("display lost")


@pytest.mark.parametrize("round", range(6))
def test_a_crash_at_any_moment_of_the_start_starts_nothing_twice(image, round):
    moment = random.Random(SEED + round).uniform(0, 0.6)
    print(f"seed {SEED}, round {round}: {moment:.3f} s after the handlers are there")
    container = image.run(WITH_VNC | BOTH)
    eventually(lambda: catches(container, signal.SIGSEGV), what="the handlers")
    time.sleep(moment)
    container.signal(random.Random(SEED - round).choice(FATAL))
    for mode in ("live", "paper"):
        container.wait_for_line(f"ibc-{mode}: logged in after|ibc-{mode}: serving")
    for name in ("web", "caddy", "xvfb", "x11vnc", "relay", "probe", "ibc-live", "ibc-paper"):
        container.wait_for_state(name, "running")
    for mode in ("live", "paper"):
        assert starts_of_java(image, mode) == 1
    commands = [p.name for p in container.processes()]
    for program in ("Xvfb", "x11vnc", "caddy"):
        assert commands.count(program) == 1, commands
    assert container.status()["crashes"] == 1
    assert container.stop() == 0


@pytest.mark.parametrize("round", range(4))
def test_a_crash_at_any_moment_of_the_stop_keeps_its_order(image, round):
    moment = random.Random(SEED + round).uniform(0, 0.3)
    print(f"seed {SEED}, round {round}: {moment:.3f} s after TERM")
    image.scenario("paper", [["shutdown_takes", 0.1], ["login"], ["serve"]])
    container = image.run(WITH_VNC)
    all_are_up(container)
    container.signal(signal.SIGTERM)
    container.wait_for_line("stops")
    time.sleep(moment)
    if container.is_running:
        try:
            container.signal(signal.SIGBUS)
        except ProcessLookupError:
            pass
    assert container.wait_exit() == 0
    # A TERM that was being sent when the crash came is sent again: nothing to a JVM that ends.
    assert {n.more["signal"] for n in image.notes("signal", "paper")} == {"TERM"}
    assert not image.notes("display lost")


def test_clients_of_the_socket_wait_through_a_crash(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    stop = threading.Event()
    codes = []

    def ask():
        while not stop.is_set():
            codes.append(container.ibgw("health", "--live").returncode)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(2):
        crash(container)
    stop.set()
    asking.join(30)
    # A request that the crash broke off may fail; a new one never meets a closed door.
    assert codes.count(0) >= len(codes) - 2, codes
    assert container.ibgw("health", "--live").returncode == 0


def test_the_lock_is_kept_through_a_crash(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    crash(container)
    second = container.ibgw("run")
    assert second.returncode == 78
    assert "supervises in /run/ibgw already" in second.stderr


def test_below_another_init_a_crash_costs_nothing_either(image):
    container = image.run(WITH_VNC, init=True)
    all_are_up(container)
    before = services(container)
    crash(container)
    assert services(container) == before
    assert container.stop() == 0
    assert container.left == []


def test_reload_takes_a_new_program_without_a_login(image, binary, tmp_path):
    folder = tmp_path / "program"
    folder.mkdir(mode=0o755)
    shutil.copy(binary, folder / "ibgw")
    image.binary = folder / "ibgw"
    container = image.run(
        WITH_VNC, binds=[(folder, "/opt/program")], command=["/opt/program/ibgw", "run"])
    all_are_up(container)
    client = Client(container)
    before = services(container)
    result = container.ibgw("reload")
    assert (result.returncode, result.stdout) == (0, f"process 1 runs ibgw {container.status()['version']}\n"), result
    assert services(container) == before
    shutil.copy(binary, folder / "new")
    (folder / "new").rename(folder / "ibgw")
    result = container.ibgw("reload")
    assert result.returncode == 0 and "relay" in result.stdout and "ibgw restart" in result.stdout, result
    assert client.is_answered()
    for name in ("probe", "web"):
        eventually(lambda: container.service(name)["pid"] != before[name][0], what=f"the new {name}")
        container.wait_for_state(name, "running")
    now = services(container)
    for name in ("relay", "caddy", "xvfb", "x11vnc", "ibc-paper"):
        assert now[name] == before[name]
    assert "older program" in container.service("relay")["why"]
    assert container.ibgw("restart", "relay").returncode == 0
    eventually(lambda: "older program" not in container.service("relay")["why"])
    assert container.status()["reloads"] == 2
    assert starts_of_java(image) == 1
    assert container.stop() == 0


@pytest.mark.parametrize("content", [b"\x7fELF nothing more", b"#!/bin/sh\nexit 3\n", None], ids=["broken", "fails", "gone"])
def test_a_program_that_does_not_run_is_not_taken(image, binary, tmp_path, content):
    folder = tmp_path / "program"
    folder.mkdir(mode=0o755)
    shutil.copy(binary, folder / "ibgw")
    container = image.run(WITH_VNC, binds=[(folder, "/opt/program")], command=["/opt/program/ibgw", "run"])
    all_are_up(container)
    before = services(container)
    (folder / "ibgw").unlink()
    if content is not None:
        (folder / "ibgw").write_bytes(content)
        (folder / "ibgw").chmod(0o755)
    result = container.ibgw("reload")
    assert result.returncode == 1 and "cannot reload" in result.stderr, result
    assert services(container) == before
    # The program that runs is still there for a crash, whatever is at its path.
    if content is None:
        crash(container)
        assert services(container) == before
    assert container.status()["reloads"] == 0
    assert container.stop() == 0


def test_adopt_is_for_no_person(image):
    container = image.run(WITH_VNC)
    all_are_up(container)
    result = container.execute("/usr/local/bin/ibgw", "run", "--adopt", "0")
    assert result.returncode == 70
    assert "--adopt is for ibgw's own use" in result.stderr
