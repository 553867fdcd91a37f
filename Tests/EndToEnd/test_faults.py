"""The fault table: what is done to a container that serves, and what becomes of it. Its rows are printed at the end of the run."""

import os
import random
import signal
import socket
import time
from pathlib import Path

import pytest

import clock
from faults import (
    COMMANDS, SERVICES, WITH_VNC, Client, all_are_up, catches, crash, fill, milliseconds, orphan_storm, program_of, services, spin,
    starts_of_java, state_of, untouched, zombies,
)
from harness import LOGIN, eventually

SEED = random.randrange(1 << 32)
OURS = ("relay", "probe", "web")
HELPERS = (*OURS, "caddy", "x11vnc")


@pytest.fixture
def container(image):
    running = image.run(WITH_VNC)
    all_are_up(running)
    return running


# Each child: killed, suspended, spinning


@pytest.mark.parametrize("name", HELPERS)
def test_killed(container, image, fault, name):
    row = fault(f"{name} is killed", "it is started again at once or after a back-off; nothing else is touched")
    before = services(container)
    began = time.monotonic()
    container.kill(COMMANDS[name])
    eventually(lambda: (s := container.service(name))["state"] == "running" and s["pid"] != before[name][0])
    row.happened(f"up again within {milliseconds(began)}; java was not touched")
    untouched(container, before, name)
    assert starts_of_java(image) == 1


def test_the_display_is_killed(container, image, fault):
    row = fault("Xvfb is killed", "java, which draws on it, ends; both come back, with one login")
    before = services(container)
    began = time.monotonic()
    container.kill("Xvfb")
    container.wait_for_line("ibc-paper: ended by exit code 1; started again in")
    image.wait_for_note("logged in", count=2, within=60)
    all_are_up(container)
    row.happened(f"serving again after {time.monotonic() - began:.0f} s, with {starts_of_java(image) - 1} login")
    assert starts_of_java(image) == 2
    untouched(container, before, "xvfb", "x11vnc", "ibc-paper")


def test_the_shell_around_java_is_killed(container, image, fault):
    row = fault("ibcstart.sh is killed", "java goes on and is left alone; the relay's connections too")
    client = Client(container)
    container.kill(COMMANDS["ibc-paper"])
    container.wait_for_line("ibcstart.sh is gone .*; java goes on and is left alone")
    assert client.is_answered() and starts_of_java(image) == 1
    row.happened("java and its client went on")
    assert container.stop() == 0


@pytest.mark.parametrize("name", SERVICES)
def test_suspended(container, image, fault, name):
    row = fault(f"{name} is suspended (STOP)", "it is told to go on; nothing is ended")
    before = services(container)
    began = time.monotonic()
    process = container.kill(COMMANDS[name], signal.SIGSTOP)
    container.wait_for_line(rf"warning {name}: was suspended by a signal \(STOP\); it is told to go on")
    eventually(lambda: state_of(process) in ("S", "R"), what="its going on")
    row.happened(f"it went on after {milliseconds(began)}")
    untouched(container, before)


def test_java_is_suspended(container, image, fault):
    row = fault("java is suspended (STOP)", "the gateway is said to be wedged and no client is let in; java is never killed")
    java = container.process("jts4launch")
    began = time.monotonic()
    os.kill(java.outside, signal.SIGSTOP)
    container.wait_for_line("ibc-paper: wedged", within=60)
    took = time.monotonic() - began
    assert container.ibgw("health").returncode == 1
    os.kill(java.outside, signal.SIGCONT)
    container.wait_for_line("ibc-paper: serving", within=60, after=len(container.log()))
    row.happened(f"said after {took:.0f} s; serving again once it went on")
    assert starts_of_java(image) == 1


@pytest.mark.parametrize("name", OURS)
def test_spinning(container, image, fault, name):
    row = fault(f"{name} spins and answers nobody", "the next health check finds it; after 15 s it is killed and started again")
    before = services(container)
    began = time.monotonic()
    spin(container.process(COMMANDS[name]))
    eventually(
        lambda: container.ibgw("health", "--live").returncode == 0 and container.matching(f"{name}: does not answer any more"),
        within=90, what="that it is found")
    eventually(lambda: (s := container.service(name))["state"] == "running" and s["pid"] != before[name][0])
    row.happened(f"killed and up again after {time.monotonic() - began:.0f} s")
    untouched(container, before, name)
    assert starts_of_java(image) == 1


@pytest.mark.parametrize("name", ["caddy", "x11vnc", "xvfb"])
def test_spinning_beside_the_gateway(container, image, fault, name):
    row = fault(f"{name} spins", "the gateway, its clients and the health check go on; the stop is in order")
    before = services(container)
    client = Client(container)
    spin(container.process(COMMANDS[name]))
    assert client.is_answered() and container.ibgw("health").returncode == 0
    untouched(container, before)
    assert starts_of_java(image) == 1
    began = time.monotonic()
    assert container.stop() == 0
    row.happened(f"all of it went on; the stop took {milliseconds(began)}")


# Process 1


def test_process_1_crashes_while_it_serves(container, image, fault):
    row = fault("process 1 crashes, three times", "it goes on in place: same children, same connections, no login")
    client = Client(container)
    before = services(container)
    chance = random.Random(SEED)
    gaps = []
    for _ in range(3):
        time.sleep(chance.uniform(0, 0.5))
        began = time.monotonic()
        crash(container, chance.choice([signal.SIGSEGV, signal.SIGILL, signal.SIGABRT]))
        gaps.append((time.monotonic() - began) * 1000)
        assert client.is_answered()
    assert services(container) == before and starts_of_java(image) == 1
    row.happened(f"went on after {', '.join(f'{gap:.0f}' for gap in gaps)} ms; a client asked through all of it")


def test_process_1_crashes_too_often(container, image, fault):
    row = fault("process 1 crashes four times in a minute", "everything is stopped in order, exit code 70")
    for _ in range(4):
        crash(container)
    code = container.wait_exit()
    assert code == 70 and image.story("paper")[-1] == "java ended" and not image.notes("display lost")
    row.happened(f"java ended before its display; exit code {code}")


def test_process_1_crashes_faster_than_it_can_begin(container, image, fault):
    row = fault("process 1 crashes faster than it can begin", "java is told TERM all the same, exit code 70")
    crashes = 0
    while crashes < 9:
        # The next one as soon as a program is there again that can crash: long before it has taken the children over.
        before = program_of(container)
        container.signal(signal.SIGSEGV)
        crashes += 1
        while crashes < 9 and (program_of(container) == before or not catches(container, signal.SIGSEGV)):
            pass
    assert container.wait_exit() == 70
    # The last of them may have begun a stop before it crashed: a second TERM is nothing to a JVM that ends.
    assert {n.more["signal"] for n in image.notes("signal")} == {"TERM"} and not image.notes("display lost")
    assert "java ended" in image.story("paper")
    row.happened("after the ninth java ended in order; exit code 70")


# The machine


VOLUMES = {"the run directory": "/run/ibgw", "the log directory": "/var/log/caddy", "the home directory": "/home/ibgateway/Jts"}


@pytest.mark.parametrize("what", VOLUMES)
def test_full(image, fault, what):
    row = fault(f"{what} is full", "the session and clients go on, a killed service comes back, a crash is survived, the stop is in order")
    folder = VOLUMES[what]
    if folder.startswith("/home"):
        # The settings alone are on the small volume: the program itself lies beside them.
        folder = "/settings"
    container = image.run(
        WITH_VNC | ({"TWS_SETTINGS_PATH": folder} if folder == "/settings" else {}),
        tmpfs=[(folder, "size=2m,mode=0777,uid=1000,gid=1000")])
    all_are_up(container)
    client = Client(container)
    fill(str(container.file(folder)))
    container.kill(COMMANDS["relay"])
    container.wait_for_line("relay: ended after .*signal 9")
    container.wait_for_state("relay", "running")
    crash(container)
    client = Client(container)
    assert client.is_answered() and starts_of_java(image) == 1
    assert container.stop() == 0 and image.story("paper")[-1] == "java ended"
    row.happened("all of that")


def test_the_run_directory_is_removed(container, image, fault):
    row = fault("everything in the run directory is removed", "the session and clients go on; the sockets are there again")
    client = Client(container)
    before = services(container)
    began = time.monotonic()
    folder = container.file("/run/ibgw")
    for name in os.listdir(folder):
        path = folder / name
        os.system(f"rm -rf '{path}'")
    eventually(lambda: (folder / "supervisor.sock").exists(), what="the supervisor's socket")
    took = milliseconds(began)
    for name in OURS:
        eventually(lambda: answers(container, f"{name}.sock"), what=f"{name}'s socket")
    assert client.is_answered() and starts_of_java(image) == 1
    untouched(container, before)
    row.happened(f"the supervisor's socket was back after {took}, and everything went on")
    assert container.stop() == 0


def test_everything_is_frozen(container, image, fault):
    row = fault("the container is frozen for 8 s", "nothing is taken for dead; everything goes on")
    before = services(container)
    client = Client(container)
    everyone = container.processes()
    for process in everyone:
        os.kill(process.outside, signal.SIGSTOP)
    time.sleep(8)
    for process in reversed(everyone):
        os.kill(process.outside, signal.SIGCONT)
    assert client.is_answered()
    eventually(lambda: container.ibgw("health").returncode == 0)
    assert starts_of_java(image) == 1
    untouched(container, before)
    row.happened("it went on with every process that it had")


def test_the_clock_jumps(container, image, fault):
    row = fault("the wall clock jumps: a day ahead, then ten years back", "nothing is ended or tried again; no deadline was taken from it")
    before = services(container)
    client = Client(container)
    ours = [container.pid] + [container.process(COMMANDS[name]).outside for name in OURS]
    now = time.time()
    for days in (1, -3650):
        for pid in ours:
            clock.set_off(pid, days * 86_400)
        seen = len(container.log())
        container.kill(COMMANDS["caddy"])
        container.wait_for_line("caddy: ready after", after=seen)
        # What is said meanwhile shows that the jump has arrived.
        day = time.strftime("%Y-%m-%dT", time.gmtime(now + days * 86_400))
        assert container.matching(rf"^{day}.* caddy: ready after"), container.log()[seen:]
        assert client.is_answered() and container.ibgw("health").returncode == 0
    assert starts_of_java(image) == 1
    untouched(container, before, "caddy")
    began = time.monotonic()
    assert container.stop() == 0
    row.happened(f"all of it went on, and the stop took {milliseconds(began)}")


def test_descriptors_are_short(image, fault):
    row = fault("process 1 may open 40 files", "everything runs; a flood of requests to its socket costs nothing else")
    container = image.run(WITH_VNC, command=["/bin/bash", "-c", "ulimit -n 40 && exec /usr/local/bin/ibgw run"])
    all_are_up(container)
    before = services(container)
    sockets = flood(container, "supervisor.sock", 200)
    container.kill(COMMANDS["caddy"])
    for one in sockets:
        one.close()
    container.wait_for_state("caddy", "running", within=60)
    untouched(container, before, "caddy", "web", "relay", "probe")
    assert starts_of_java(image) == 1
    row.happened("caddy, killed meanwhile, came back once there was room")
    assert container.stop() == 0


def test_no_names(image, fault):
    row = fault("no name can be resolved", "alerts by webhook fail and are said; nothing waits for them")
    image.scenario("paper", [["login"], ["exit", 1]], [["login"], ["serve"]])
    container = image.run(
        LOGIN | {"ALERT_WEBHOOK_URL": "http://alerts.example.invalid/hook"}, files=[("/etc/resolv.conf", "nameserver 192.0.2.1\n")])
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("alert: .*(resolve|failed)", within=60)
    assert container.ibgw("health", "--live").returncode == 0
    row.happened("said, and everything else went on")


def test_a_flood_of_lines(image, fault):
    row = fault("java prints without end", "its log is cut and counted; process 1 answers, and stops it in order")
    image.scenario("paper", [["login"], ["flood"]])
    container = image.run(LOGIN)
    container.wait_for_line("lines were dropped here", within=60)
    began = time.monotonic()
    assert container.ibgw("status").returncode == 0
    took = milliseconds(began)
    assert container.stop() == 0
    row.happened(f"`ibgw status` took {took} in the midst of it")


def test_orphans(image, fault):
    row = fault("10,000 orphans", "each is collected, and process 1 answers meanwhile")
    container = orphan_storm(image, 10_000)
    container.wait_for_line("ibc-script:storm.sh: ended after", within=90)
    eventually(lambda: container.status()["orphansReaped"] >= 10_000)
    eventually(lambda: not zombies(container))
    row.happened("none was left")


def test_a_crash_amid_orphans(image, fault):
    row = fault("process 1 crashes while 10,000 orphans come", "each is collected still; no child is lost")
    container = orphan_storm(image, 10_000)
    container.wait_for_line("relay: ready")
    eventually(lambda: container.status()["orphansReaped"] > 500)
    crash(container)
    crash(container)
    container.wait_for_line("ibc-script:storm.sh: ended after", within=90)
    eventually(lambda: not zombies(container))
    container.wait_for_state("ibc-paper", "running")
    assert starts_of_java(image) == 1
    row.happened("none was left")


@pytest.fixture
def memory_group():
    """A control group of the kernel for memory, with 400 MB, that the container's user may enter."""
    group = Path(f"/sys/fs/cgroup/memory/ibgw-faults-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("400M")
        os.chown(group / "cgroup.procs", 1000, 1000)
    except OSError as error:
        pytest.skip(f"no group for memory can be made here, so that nothing can run out of it: {error}")
    yield group
    eventually(lambda: not (group / "cgroup.procs").read_text(), what="the end of what was in the group")
    group.rmdir()


def test_memory_is_short(memory_group, image, fault):
    row = fault("java uses more memory than the container has (OOM)", "the kernel's kill is said by its name; the gateway is started again")
    image.scenario("paper", [["login"], ["eat_memory"]], [["login"], ["serve"]])
    container = image.run(
        LOGIN, binds=[("/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory")],
        command=["/bin/bash", "-c", f"echo $$ >{memory_group}/cgroup.procs && exec /usr/local/bin/ibgw run"])
    container.wait_for_line(r"error +ibgw: the kernel has killed a process of this container for want of memory \(OOM\)")
    image.wait_for_note("logged in", count=2, within=60)
    assert container.status()["crashes"] == 0
    row.happened("said, and logged in again")
    assert container.stop() == 0
    container.destroy()


# The sockets


def connect(container, name):
    """A connection to a socket of the run directory, from outside, as root."""
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(10)
    one.connect(f"/proc/{container.process_1}/root/run/ibgw/{name}")
    return one


def flood(container, name, count):
    """Connections that say nothing."""
    sockets = []
    for _ in range(count):
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        try:
            one.connect(f"/proc/{container.process_1}/root/run/ibgw/{name}")
        except OSError:
            pass
        sockets.append(one)
    return sockets


def answers(container, name):
    """Whether a socket answers a request."""
    try:
        with connect(container, name) as one:
            one.sendall(b"GET /v1/status HTTP/1.1\r\nHost: here\r\n\r\n")
            return one.recv(9).startswith(b"HTTP/1.1")
    except OSError:
        return False


@pytest.mark.parametrize("name", ["supervisor", *OURS])
def test_a_socket_is_abused(container, image, fault, name):
    row = fault(f"{name}.sock: garbage, slow clients, 1000 connections, a wrong uid", "each is turned away; the socket answers others again, nothing restarts")
    before = services(container)
    path = f"{name}.sock"
    chance = random.Random(SEED)
    for _ in range(50):
        with connect(container, path) as one:
            try:
                one.sendall(chance.randbytes(chance.randrange(1, 20_000)))
                one.recv(1)
            except OSError:
                pass
    slow = [connect(container, path) for _ in range(20)]
    for one in slow:
        one.sendall(b"POST /v1/observations HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100)
    assert answers(container, path)
    many = flood(container, path, 1000)
    stranger = container.execute(
        "python3", "-c", f"import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/ibgw/{path}')", uid=65534)
    assert "PermissionError" in stranger.stderr
    began = time.monotonic()
    eventually(lambda: answers(container, path), what="an answer")
    took = milliseconds(began)
    for one in (*slow, *many):
        one.close()
    eventually(lambda: container.ibgw("health").returncode == 0)
    untouched(container, before)
    row.happened(f"with 1000 silent connections open an answer came after {took}")
