"""Containers of the gateway's image: who is process 1, how it ends, and as whom and how confined it runs."""

import datetime
import json
import re

import pytest

from imaging import eventually

LOGIN = {"TWS_USERID": "trader", "TWS_PASSWORD": "horse-battery"}
BOTH = LOGIN | {"TRADING_MODE": "both", "TWS_USERID_PAPER": "trader-of-paper", "TWS_PASSWORD_PAPER": "staple-correct"}
# What the shipped compose file says, as options of `docker run`.
CONFINED = (
    "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/run/ibgw", "--tmpfs", "/run/tailscale",
    "--tmpfs", "/tmp:exec", "--tmpfs", "/tmp/.X11-unix")
SETTINGS = {"TWS_SETTINGS_PATH": "/home/ibgateway/settings/tws", "IBC_INI": "/run/ibgw/config.ini"}


@pytest.fixture
def start(engine, gateway_image, share):
    started = []

    def start(environment=LOGIN, *command, options=(), volumes=()):
        container = engine.start(
            gateway_image, *command, environment=environment, options=options, volumes=[f"{share}:/share", *volumes])
        started.append(container)
        return container

    yield start
    for container in started:
        container.rm("--force", "--volumes", check=False)


def notes(share, event):
    return [n for line in (share / "notes.jsonl").read_text().splitlines() if (n := json.loads(line))["event"] == event]


def moment(text):
    return datetime.datetime.fromisoformat(text[:23])


def test_the_supervisor_is_process_1_and_stops_with_0(start, share, measured):
    container = start()
    container.wait_healthy()
    began = moment(container.state["StartedAt"])
    for what in ("supervises as process 1", "xvfb: ready", "Starting Gateway", "caddy: ready"):
        line = next(line for line in container.log().splitlines() if what in line)
        measured(f"from the container's start to {what!r}", f"{(moment(line) - began).total_seconds() * 1000:.0f} ms")
    serving = container.status()["gateways"][0]["since"] / 1000 - began.replace(tzinfo=datetime.UTC).timestamp()
    measured("from the container's start to serving, with a gateway that logs in at once", f"{serving:.1f} s")
    processes = container.processes()
    assert processes[0] == (1, 1000, "/usr/local/bin/ibgw run")
    assert {uid for _, uid, _ in processes} == {1000}
    code, seconds = container.stop_gracefully()
    assert code == 0 and seconds < 30
    measured("docker stop, with a gateway that ends at once", f"{seconds:.1f} s")
    assert notes(share, "ended")[-1]["why"] == "TERM"


@pytest.mark.parametrize("reached", ["supervises as process 1", "Starting Gateway"])
def test_a_stop_in_the_middle_of_the_start_is_orderly_too(start, reached):
    container = start()
    container.wait_for_log(reached)
    code, seconds = container.stop_gracefully()
    assert code == 0 and seconds < 30, container.log()


def test_who_administers_the_container_sees_what_process_1_sees(start):
    container = start()
    container.wait_healthy()
    for user in ("root", "1000"):
        assert container.ibgw("health", user=user).stdout == "OK\n"
        assert "paper    serving" in container.ibgw("status", user=user).stdout
    stranger = container.ibgw("status", user="4444")
    assert stranger.returncode != 0 and "paper" not in stranger.stdout


def test_two_gateways_serve_side_by_side(start, measured):
    container = start(BOTH)
    container.wait_healthy()
    began = moment(container.state["StartedAt"]).replace(tzinfo=datetime.UTC).timestamp()
    for gateway in container.status()["gateways"]:
        measured(f"from the container's start to {gateway['mode']} serving, with both modes", f"{gateway['since'] / 1000 - began:.1f} s")
    assert {s["name"] for s in container.status()["services"]} >= {"ibc-live", "ibc-paper"}
    assert container.ibgw("health", "--mode", "live").returncode == 0
    assert container.ibgw("health", "--mode", "paper").returncode == 0
    assert container.stop_gracefully()[0] == 0


def test_the_engine_itself_finds_it_healthy(start):
    options = ("--health-interval", "1s", "--health-start-period", "60s")
    container = start(options=options)
    container.wait_healthy()
    eventually(lambda: container.state["Health"]["Status"] == "healthy", what="the engine's own health check")
    assert container.state["Health"]["Log"][-1]["Output"].strip() == "OK"


def test_a_gateway_that_waits_for_its_second_factor_is_live_and_not_ready(start, share):
    (share / "gateway-paper.json").write_text(json.dumps({"starts": [[["attempt"], ["second_factor"], ["serve"]]]}))
    container = start()
    container.wait_for_log("Second Factor Authentication initiated")
    assert container.ibgw("health", "--live").returncode == 0
    ready = container.ibgw("health", "--ready")
    assert ready.returncode == 1 and ready.stdout.strip()


@pytest.mark.parametrize("user", ["1000:1000", "12345:12345", "12345:0", "0:0"])
def test_it_runs_as_any_user_confined_and_read_only(start, user):
    container = start(LOGIN | SETTINGS, options=(*CONFINED, "--user", user), volumes=["/home/ibgateway/settings", "/var/log/caddy"])
    container.wait_healthy()
    assert {uid for _, uid, _ in container.processes()} == {int(user.split(":")[0])}
    assert "cannot" not in container.log(), container.log()
    assert container.execute("bash", "-c", "cat /proc/1/status").stdout.split("CapEff:\t")[1].startswith("0" * 16)
    assert container.stop_gracefully()[0] == 0


def test_a_heap_that_cannot_be_set_is_an_error_that_says_so(start):
    container = start(LOGIN | SETTINGS | {"JAVA_HEAP_SIZE": "1500"}, options=CONFINED)
    assert container.wait_exit() == 78
    assert re.search(r"error: JAVA_HEAP_SIZE needs a change of .*vmoptions.* cannot be written", container.log())
    assert start(LOGIN | {"JAVA_HEAP_SIZE": "1500"}).wait_healthy() is None


def test_a_wrong_configuration_ends_with_78_and_every_problem(start):
    container = start({"TRADING_MODE": "demo", "TWOFA_TIMEOUT_ACTION": "perhaps"})
    assert container.wait_exit() == 78
    assert "TRADING_MODE" in container.log() and "TWOFA_TIMEOUT_ACTION" in container.log()


def test_below_an_init_it_is_a_subreaper(start):
    container = start(options=("--init",))
    container.wait_healthy()
    rows = container.processes()
    assert "init" in rows[0][2] and rows[0][0] == 1
    parents = container.execute("bash", "-c", "grep -h PPid /proc/$(pgrep -f ibcstart.sh | head -1)/status").stdout.split()
    assert parents[1] == str(next(pid for pid, _, command in rows if command == "/usr/local/bin/ibgw run"))
    assert container.stop_gracefully()[0] == 0


def test_in_a_pod_with_a_shared_pid_namespace_it_stops_its_own_alone(start, engine, gateway_image):
    pause = engine.start(gateway_image, "infinity", options=("--init", "--entrypoint", "sleep"))
    container = start(options=("--pid", f"container:{pause.id}"))
    container.wait_healthy()
    assert container.processes()[0][2].endswith("sleep infinity")
    assert container.stop_gracefully()[0] == 0
    assert pause.state["Running"]
    left = pause.execute("bash", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout
    assert "ibcstart" not in left and "Xvfb" not in left
    pause.rm("--force")


def test_a_killed_container_starts_again_on_what_it_left(start):
    container = start(LOGIN | SETTINGS, volumes=["/home/ibgateway/settings", "/var/log/caddy"])
    container.wait_healthy()
    container.kill("--signal", "KILL")
    container.wait_exit()
    assert container.state["ExitCode"] == 137
    before = len(container.log())
    container.start()
    container.wait_healthy()
    assert "error" not in container.log()[before:].lower(), container.log()[before:]
    assert container.stop_gracefully()[0] == 0


def test_the_container_ends_with_ibcs_code_where_that_is_wanted(start, share):
    (share / "gateway-paper.json").write_text(json.dumps({"starts": [[["attempt"], ["exit", 1111]]]}))
    container = start(LOGIN | {"ON_GATEWAY_EXIT": "exit"})
    assert container.wait_exit() == 87


def test_no_password_is_in_any_command_line(start):
    container = start(BOTH | {"VNC_SERVER_PASSWORD": "screen-door"})
    container.wait_healthy()
    text = "".join(command for _, _, command in container.processes()) + container.log()
    for secret in ("horse-battery", "staple-correct", "screen-door"):
        assert secret not in text


def test_a_tailnet_key_starts_tailscaled_with_its_state_in_the_volume(start):
    container = start(
        LOGIN | SETTINGS | {"TAILSCALE_AUTHKEY": "tskey-auth-good"}, options=CONFINED,
        volumes=["/home/ibgateway/settings", "/var/log/caddy", "/var/lib/tailscale"])
    container.wait_healthy()
    commands = [command for _, _, command in container.processes()]
    assert any("tailscaled" in command and "--statedir=/var/lib/tailscale" in command for command in commands), commands
    assert "tskey-auth-good" not in "".join(commands) + container.log()
    assert container.stop_gracefully()[0] == 0
