"""What process 1 costs while nothing happens."""

import os
import re
import signal
import time

import pytest

from harness import LOGIN, eventually


@pytest.fixture
def container(image):
    running = image.run(LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word"})
    running.wait_for_line("ibc-paper: logged in after")
    for name in ("x11vnc", "caddy", "relay"):
        running.wait_for_line(f"{name}: ready")
    return running


def field(container, name):
    return int(re.search(rf"^{name}:\s+(\d+)", open(f"/proc/{container.pid}/status").read(), re.M)[1])


def test_process_1_has_one_thread(container):
    assert len(os.listdir(f"/proc/{container.pid}/task")) == 1
    for _ in range(5):
        assert container.status()["phase"] == "running"
    container.ibgw("logs")
    container.signal(signal.SIGHUP)
    container.wait_for_line("rendered again")
    assert field(container, "Threads") == 1


def test_process_1_sleeps_while_nothing_happens(container):
    # Nothing of ours wakes it, and a child's line does now and then: one window of two seconds without either is proof.
    def is_quiet():
        before = field(container, "voluntary_ctxt_switches"), len(container.log())
        time.sleep(2)
        return (field(container, "voluntary_ctxt_switches"), len(container.log())) == before

    eventually(is_quiet, within=40, what="two seconds without a wake-up")


def test_process_1_opens_no_network_socket_and_passes_no_descriptor_on(container):
    unix = {line.split()[6] for line in open(f"/proc/{container.pid}/net/unix").read().splitlines()[1:]}
    sockets = []
    for descriptor in os.listdir(f"/proc/{container.pid}/fd"):
        target = os.readlink(f"/proc/{container.pid}/fd/{descriptor}")
        if found := re.match(r"socket:\[(\d+)\]", target):
            sockets.append(found[1])
    assert sockets and set(sockets) <= unix
    for process in container.processes():
        if process.parent != 1 or process.pid == 1:
            continue
        inherited = {os.readlink(f"/proc/{process.outside}/fd/{d}") for d in os.listdir(f"/proc/{process.outside}/fd")}
        assert not [target for target in inherited for s in sockets if target == f"socket:[{s}]"], process.command
        if process.name in ("Xvfb", "x11vnc", "caddy", "bash"):
            blocked = int(re.search(r"^SigBlk:\s+(\w+)", open(f"/proc/{process.outside}/status").read(), re.M)[1], 16)
            assert not [n for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if blocked >> (n - 1) & 1], process.command


def test_each_service_leads_a_session_of_its_own(container):
    services = {s["pid"]: s["name"] for s in container.status()["services"]}
    for process in container.processes():
        if process.pid in services:
            group, session = open(f"/proc/{process.outside}/stat").read().rsplit(")", 1)[1].split()[2:4]
            assert group == session
