"""The subcommands that look and order, as a person uses them by `docker exec`."""

import json
import re
import signal
import subprocess

import pytest

from harness import LOGIN, eventually


@pytest.fixture
def container(image):
    running = image.run(LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word"})
    running.wait_for_line("ibc-paper: logged in after")
    running.wait_for_line("x11vnc: ready")
    return running


def test_the_status_is_a_table_that_a_person_reads_at_a_glance(container):
    lines = container.ibgw("status").stdout.splitlines()
    assert re.match(r"ibgw \d+\.\d+\.\d+, running for \d", lines[0])
    heading = next(i for i, line in enumerate(lines) if re.match(r"SERVICE +STATE +FOR +RESTARTS +WHY$", line))
    rows = {line.split()[0]: line for line in lines[heading + 1:] if line}
    assert set(rows) >= {"xvfb", "x11vnc", "caddy", "relay", "ibc-paper"}
    assert re.search(r"^ibc-paper +running +\S+ m?s +0 +logged in$", rows["ibc-paper"])
    assert next(line for line in lines if line.startswith("paper "))


def test_the_status_in_json_has_everything_of_each_service(container):
    report = container.status()
    assert (report["phase"], report["pid"]) == ("running", 1)
    assert report["uptime"] >= 0 and report["started"] > 1_500_000_000_000
    processes = {p.pid: p for p in container.processes()}
    for service in report["services"]:
        assert set(service) >= {"name", "state", "since", "duration", "why", "restarts", "pid"}
        assert processes[service["pid"]].parent == 1


def test_the_status_can_be_watched(container):
    watcher = subprocess.Popen(
        container.command(["/usr/local/bin/ibgw", "status", "--watch"]), env=dict(container.config["environment"]),
        stdout=subprocess.PIPE, text=True)
    with watcher.stdout:
        headings = (line for line in watcher.stdout if "running for" in line)
        assert next(headings) and next(headings)
        watcher.send_signal(signal.SIGINT)
        watcher.wait(10)


def test_a_service_is_stopped_started_and_restarted(container):
    def order(*arguments):
        answer = container.ibgw(*arguments)
        return answer.returncode, (answer.stdout + answer.stderr).strip()

    first = container.service("caddy")["pid"]
    assert order("stop", "caddy")[0] == 0
    assert container.wait_for_state("caddy", "stopped")["why"] == "stopped by order"
    assert not [p for p in container.processes() if p.name == "caddy"]
    assert order("stop", "caddy")[0] == 0
    assert order("start", "caddy")[0] == 0
    second = container.wait_for_state("caddy", "running")["pid"]
    assert order("start", "caddy")[0] == 0
    assert container.service("caddy")["pid"] == second != first
    assert order("restart", "caddy")[0] == 0
    third = eventually(lambda: (s := container.service("caddy"))["state"] == "running" and s["pid"] not in (None, second) and s)
    assert third["restarts"] == 0, "what a person asks for is no failure"


def test_a_stopped_gateway_stays_stopped_and_the_container_up(image, container):
    assert container.ibgw("stop", "ibc-paper").returncode == 0
    container.wait_for_state("ibc-paper", "stopped")
    assert image.story()[-2:] == ["java signal", "java ended"]
    assert container.status()["phase"] == "running"
    assert container.ibgw("start", "ibc-paper").returncode == 0
    image.wait_for_note("logged in", count=2)
    container.wait_for_state("ibc-paper", "running")


def test_a_restarted_gateway_ends_in_order_before_it_starts_again(image, container):
    assert container.ibgw("restart", "ibc-paper").returncode == 0
    image.wait_for_note("logged in", count=2)
    story = image.story()
    assert story.index("java ended") < len(story) - 1 - story[::-1].index("java started")


@pytest.mark.parametrize("order", ["stop", "restart"])
def test_the_display_is_not_taken_from_under_a_running_gateway(container, order):
    answer = container.ibgw(order, "xvfb")
    assert answer.returncode == 1
    assert answer.stderr == (
        f"ibgw: cannot {order} xvfb: ibc-paper runs on it and would lose its login; stop ibc-paper first\n")
    assert container.service("xvfb")["state"] == "running"


def test_an_unknown_service_is_answered_with_those_there_are(container):
    answer = container.ibgw("restart", "tws")
    assert answer.returncode == 1
    assert re.match("ibgw: cannot restart tws: there is no such service; there are: .*ibc-paper", answer.stderr)


@pytest.mark.parametrize("name", ["../../status", "a b", "x%2fy", "ümläut", "-x", ""])
def test_a_strange_name_is_refused_in_words(container, name):
    answer = container.ibgw("stop", "--", name)
    assert answer.returncode in (1, 64)
    assert answer.stderr.strip() and "Fatal" not in answer.stderr
    assert container.status()["phase"] == "running"


def test_root_and_the_own_user_are_let_in_and_nobody_else(container):
    assert container.ibgw("status", uid=0).returncode == 0
    assert container.ibgw("status", uid=1000).returncode == 0
    other = container.ibgw("status", uid=2000)
    assert other.returncode == 69
    assert "admits only its own user and root" in other.stderr
    assert container.ibgw("stop", "caddy", uid=2000).returncode == 69
    assert container.service("caddy")["state"] == "running"


@pytest.mark.parametrize("arguments", [("status",), ("status", "--json"), ("start", "caddy"), ("logs",), ("logs", "-f")])
def test_without_a_supervisor_each_says_so_in_one_sentence(image, arguments):
    container = image.run(arguments=arguments)
    assert container.wait_exit() == 69
    assert container.log() == [
        "ibgw: cannot reach the supervisor: nothing serves /run/ibgw/supervisor.sock; is `ibgw run` running here, "
        "and with the same IBGW_RUN_DIR?"
    ]


def test_a_socket_that_a_killed_supervisor_left_is_no_supervisor_and_no_obstacle(image):
    run = image.directory / "run"
    run.mkdir()
    run.chmod(0o777)
    container = image.run(LOGIN, binds=[(run, "/run/ibgw")])
    container.wait_for_line("ibc-paper: logged in after")
    container.signal(signal.SIGKILL)
    container.wait_exit()
    assert (run / "supervisor.sock").is_socket()
    after = image.run(arguments=("status",), binds=[(run, "/run/ibgw")])
    assert after.wait_exit() == 69
    again = image.run(LOGIN, binds=[(run, "/run/ibgw")])
    again.wait_for_line("ibc-paper: logged in after")
    assert again.status()["phase"] == "running"
    assert again.stop() == 0


def test_the_run_directory_can_be_elsewhere(image):
    container = image.run(LOGIN | {"IBGW_RUN_DIR": "/tmp/run-of-mine"})
    container.wait_for_line("ibc-paper: logged in after")
    assert container.status()["phase"] == "running"
    bare = container.ibgw("status", environment={"IBGW_RUN_DIR": ""})
    assert bare.returncode == 69
    named = container.ibgw("status", "--json", "--run-dir", "/tmp/run-of-mine", environment={"IBGW_RUN_DIR": ""})
    assert json.loads(named.stdout)["phase"] == "running"
