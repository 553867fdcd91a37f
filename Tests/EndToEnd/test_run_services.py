"""The other services: their order, their deaths, and what they leave behind."""

import signal

import pytest

from harness import BOTH, DESKTOP, LOGIN, eventually

WITH_VNC = LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word"}


def all_are_running(container):
    container.wait_for_line("ibc-paper: logged in after")
    for name in ("xvfb", "x11vnc", "caddy", "relay", "ibc-paper"):
        container.wait_for_state(name, "running")


@pytest.mark.parametrize("name", ["x11vnc", "caddy", "relay"])
def test_a_service_that_is_killed_comes_back_and_the_gateway_is_not_touched(image, name):
    container = image.run(WITH_VNC)
    all_are_running(container)
    before = {s["name"]: s["pid"] for s in container.status()["services"]}
    container.kill({"relay": " relay --report-readiness"}.get(name, name))
    container.wait_for_line(rf"warning {name}: ended after .*: signal 9 \(KILL\); started again")
    status = eventually(lambda: (s := container.service(name))["state"] == "running" and s["restarts"] == 1 and s)
    assert status["pid"] != before[name]
    assert status["lastEnd"] == "signal 9 (KILL)"
    for service in container.status()["services"]:
        if service["name"] != name:
            assert (service["pid"], service["restarts"]) == (before[service["name"]], 0)
    assert image.story("paper").count("java started") == 1
    assert container.stop() == 0


def test_a_display_that_is_killed_comes_back_and_then_what_drew_on_it(image):
    container = image.run(WITH_VNC)
    all_are_running(container)
    container.kill("Xvfb")
    container.wait_for_line(r"warning xvfb: ended after .*: signal 9 \(KILL\)")
    container.wait_for_line("warning ibc-paper: ended by exit code 1; started again in")
    container.wait_for_state("xvfb", "running")
    assert container.ibgw("start", "ibc-paper").returncode == 0
    image.wait_for_note("logged in", count=2)
    all_are_running(container)
    assert container.service("xvfb")["restarts"] == 1
    assert container.stop() == 0
    assert len(image.notes("display lost")) == 1


def test_what_needs_the_display_waits_for_it_and_nothing_else_does(image):
    hanging = image.directory / "Xvfb"
    hanging.write_text("#!/bin/sh\necho hangs\nexec sleep 600\n")
    hanging.chmod(0o755)
    container = image.run(WITH_VNC, binds=[(hanging, "/usr/bin/Xvfb")])
    for name in ("caddy", "relay"):
        container.wait_for_line(f"{name}: ready")
    for name in ("x11vnc", "ibc-paper"):
        status = container.service(name)
        assert (status["state"], status["why"]) == ("waiting", "waits for xvfb")
    container.wait_for_line("warning xvfb: did not become ready in time; it is stopped and tried again")
    assert not image.notes("started")
    assert container.stop() == 0


def test_a_lock_and_a_socket_of_an_earlier_display_are_removed(image):
    image.script(
        "start", "stale.sh",
        "printf '%10d\\n' 999999 >/tmp/.X1-lock\n"
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/tmp/.X11-unix/X1\")'\n"
        "ls -l /tmp/.X11-unix/X1 /tmp/.X1-lock >/share/before\n")
    container = image.run(LOGIN | {"START_SCRIPTS": "start"})
    container.wait_for_line("ibc-paper: logged in after")
    assert "/tmp/.X11-unix/X1" in (image.share / "before").read_text()
    assert container.service("xvfb")["restarts"] == 0


def test_a_display_that_somebody_else_serves_is_not_taken_from_him(image):
    container = image.run(
        LOGIN, init=True, before=[DESKTOP])
    container.wait_for_line("warning xvfb: ended after .*; started again in")
    assert any("already" in line for line in container.log() if "xvfb: " in line)
    assert len([p for p in container.processes() if p.name == "Xvfb" and p.state != "Z"]) >= 1
    assert container.stop() == 0


def test_a_program_that_is_not_installed_degrades_its_service_alone(image):
    container = image.run(WITH_VNC, removed=["/usr/bin/x11vnc", "/usr/bin/caddy"])
    container.wait_for_line("warning ibgw: VNC_SERVER_PASSWORD asks for x11vnc, which is not installed")
    container.wait_for_line("warning ibgw: ENABLE_HEALTH_CHECK asks for Caddy, which is not installed")
    container.wait_for_line("ibc-paper: logged in after")
    for name in ("x11vnc", "caddy"):
        status = container.service(name)
        assert status["state"] == "degraded" and "no such program" in status["why"]
        assert status["nextTry"] > 500_000
    assert container.stop() == 0


def test_without_a_health_check_or_a_password_there_is_neither_caddy_nor_vnc(image):
    container = image.run(LOGIN | {"ENABLE_HEALTH_CHECK": "no"})
    container.wait_for_line("ibc-paper: logged in after")
    assert not {"caddy", "x11vnc"} & {s["name"] for s in container.status()["services"]}
    assert not [p for p in container.processes() if p.name in ("caddy", "x11vnc")]


def test_a_service_that_fails_again_and_again_is_tried_at_growing_intervals(image):
    broken = image.directory / "caddy"
    broken.write_text("#!/bin/sh\necho cannot work today\nexit 3\n")
    broken.chmod(0o755)
    container = image.run(LOGIN, binds=[(broken, "/usr/bin/caddy")])
    container.wait_for_line("caddy: cannot work today")
    delays = [0.0]
    line = 0
    for _ in range(3):
        found = container.wait_for_line(r"warning caddy: ended after .*: exit code 3; started again in ([\d.]+) (ms|s)", after=line)
        line = next(i for i, text in enumerate(container.log()) if text == found.string) + 1
        delays.append(float(found[1]) * (0.001 if found[2] == "ms" else 1))
    assert delays == sorted(delays) and delays[3] >= 2
    assert container.service("ibc-paper")["restarts"] == 0


def test_both_gateways_share_one_display(image):
    container = image.run(BOTH)
    container.wait_for_line("ibc-paper: logged in after")
    assert len([p for p in container.processes() if p.name == "Xvfb"]) == 1
    assert {n.more["environment"]["DISPLAY"] for n in image.notes("started", who="java")} == {":1"}


def test_the_control_socket_has_gone_when_it_has_ended(image):
    run = image.directory / "run"
    run.mkdir()
    run.chmod(0o777)
    container = image.run(LOGIN, binds=[(run, "/run/ibgw")])
    container.wait_for_line("ibc-paper: logged in after")
    assert (run / "supervisor.sock").is_socket()
    container.signal(signal.SIGTERM)
    assert container.wait_exit() == 0
    assert not (run / "supervisor.sock").exists()
