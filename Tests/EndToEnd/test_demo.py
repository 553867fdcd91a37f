"""`ibgw demo`, as somebody runs it who has just cloned the repository, and the health of its gateway under faults."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

RUNNER = Path(__file__).with_name("demo_runner.py")


def namespaced(*arguments, environment=None, timeout=180):
    """Runs the runner in a network namespace of its own, and returns what it has seen."""
    command = 'ip link set lo up && exec "$0" "$@"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", command, sys.executable, RUNNER, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def test_the_demo_serves_a_client_through_the_relay_and_ends_cleanly_on_ctrl_c(binary):
    seen = namespaced(binary, "look")
    assert seen["accounts"] == ["DU1234567"]
    assert seen["bars"] > 0
    assert seen["ready"] == 200
    assert seen["health"] == [0, "OK\n"]
    states = {service["name"]: service["state"] for service in seen["status"]["services"]}
    wanted = ["caddy", "ibc-paper", "probe", "relay", "web", "x11vnc", "xvfb"]
    assert states == {name: "running" for name in wanted}
    assert [gateway["state"] for gateway in seen["status"]["gateways"]] == ["serving"]
    assert seen["code"] == 0
    assert seen["home_is_gone"]
    assert "127.0.0.1:4004" in seen["banner"]


def test_the_demo_says_what_is_not_installed_and_runs_without_it(binary, tmp_path):
    for program in ["bash", "sh", "env"]:
        (tmp_path / program).symlink_to(shutil.which(program))
    seen = namespaced(binary, "look", environment={"DEMO_PATH": str(tmp_path)})
    for program in ["Xvfb", "x11vnc", "caddy"]:
        assert re.search(rf"^  {program} is not installed, so .*apt-get install", seen["banner"], re.MULTILINE)
    assert seen["accounts"] == ["DU1234567"]
    states = {service["name"]: service["state"] for service in seen["status"]["services"]}
    assert states == {name: "running" for name in ["ibc-paper", "probe", "relay"]}
    assert seen["code"] == 0


def test_health_is_red_while_a_client_cannot_connect_and_green_while_it_can(binary):
    """Faults in a random order; HEALTH_SEED=<seed> replays one."""
    seed = os.environ.get("HEALTH_SEED") or str(random.randrange(10**6))
    seen = namespaced(binary, "faults", seed, timeout=900)
    print(f"HEALTH_SEED={seed}", json.dumps(seen["rounds"], indent=1))
    for fault in seen["rounds"]:
        assert fault["red_after"] is not None, f"green under {fault['fault']}"
        assert fault["ready_when_red"] == 503
        assert fault["live_when_red"] == 0, "a gateway that does not serve is no reason to end the container"
        assert fault["why"]
        # While only IBKR is out of reach a client does connect; its orders would go nowhere, so it is not ready.
        assert fault["served_when_red"] == (fault["fault"] == "link-lost"), fault
        expected = {"link-lost": ["disconnected-from-ibkr"]}.get(fault["fault"], ["wedged", "degraded"])
        assert fault["state"] in expected, fault
        assert fault["green_after"] is not None, f"red after {fault['fault']} had healed"
        assert fault["served_when_green"], fault
    assert seen["code"] == 0
