"""The shipped stack on a swarm of one node."""

import json
import subprocess

import pytest

from imaging import Container, eventually

SECRETS = {"tws_userid": "trader", "tws_password": "horse-battery", "tailscale_authkey": "tskey-auth-good"}


@pytest.fixture(scope="module")
def swarm(engine, gateway_image):
    engine.run("swarm", "init", "--advertise-addr", "127.0.0.1")
    node = engine.run("node", "ls", "--quiet").stdout.strip()
    engine.run("node", "update", "--label-add", "ib-gateway=yes", node)
    for name, value in SECRETS.items():
        subprocess.run(
            [engine.docker_program, "secret", "create", name, "-"], input=value, text=True, env=engine.environment, check=True,
            capture_output=True)
    yield engine
    engine.run("swarm", "leave", "--force")


def test_a_stack_keeps_a_gateway_that_waits_for_its_second_factor(swarm, context, share):
    (share / "gateway-paper.json").write_text(json.dumps({"starts": [[["attempt"], ["second_factor"], ["serve"]]]}))
    # What only the stand-ins need, and checks so frequent that an unhealthy task would be replaced at once.
    override = share.parent / "stand-ins.yml"
    override.write_text(json.dumps({"version": "3.8", "services": {"ib-gateway": {
        "volumes": [f"{share}:/share"], "healthcheck": {"interval": "500ms", "retries": 1, "start_period": "0s"}}}}))
    swarm.run(
        "stack", "deploy", "--resolve-image", "never", "--compose-file", context / "image-files/compose/swarm.yml", "--compose-file",
        override, "trading")
    task = eventually(lambda: running(swarm), what=lambda: f"the task: {swarm.run('stack', 'ps', '--no-trunc', 'trading').stdout}")
    container = Container(swarm, task)
    container.wait_for_log("Second Factor Authentication initiated")
    # As many as Docker remembers.
    eventually(lambda: len(checks(container)) >= 5, what="the checks")
    assert {check["ExitCode"] for check in checks(container)} == {0} and container.state["Health"]["Status"] == "healthy"
    assert container.ibgw("health", "--ready").returncode == 1
    assert running(swarm) == task
    assert not set(SECRETS.values()) & set(json.dumps(swarm.inspect(task)["Config"]["Env"]).split('"'))
    assert swarm.inspect(task)["HostConfig"]["CapDrop"] == ["ALL"]
    swarm.run("stack", "rm", "trading")
    eventually(lambda: not running(swarm), what="the end of the stack")


def running(engine):
    return engine.run("ps", "--quiet", "--no-trunc", "--filter", "label=com.docker.stack.namespace=trading").stdout.strip()


def checks(container):
    return container.state.get("Health", {}).get("Log", [])
