"""The shipped compose files, brought up by docker-compose as they are."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from imaging import Container, eventually

HANDSHAKE = """
import socket, struct, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as client:
    client.sendall(b"API\\0" + struct.pack(">I", 9) + b"v100..187")
    size = struct.unpack(">I", client.recv(4))[0]
    print(client.recv(size).split(b"\\0")[0].decode())
"""
LOGIN = {"TWS_USERID": "trader", "TWS_PASSWORD": "horse-battery"}
# The one that the stand-in control server takes.
KEY = "tskey-auth-good"
BOTH = LOGIN | {"TRADING_MODE": "both", "TWS_USERID_PAPER": "trader-of-paper", "TWS_PASSWORD_PAPER": "staple-correct"}


class Project:
    """A compose project in a folder that holds what a clone holds."""

    def __init__(self, engine, context, share, service, file, overlays=(), environment=None, more=None):
        self.engine, self.context, self.service = engine, context, service
        # Most tests are about something else than the tailnet.
        self.environment = {"TAILSCALE_MODE": "off"} | (environment or {})
        # What only the stand-ins need, and a short pause between health checks.
        override = share.parent / "stand-ins.json"
        override.write_text(json.dumps({"services": {service: {"volumes": [f"{share}:/share"]} | (more or {})}}))
        self.files = [argument for name in (file, *overlays, override) for argument in ("--file", str(name))]

    def run(self, *arguments, check=True):
        return self.engine.run(
            "--project-name", "tests", "--project-directory", str(self.context), *self.files, *arguments, check=check,
            program="/usr/bin/docker-compose", environment=self.environment, cwd=self.context)

    def up(self, *arguments):
        self.run("up", "--detach", "--no-build", *arguments)
        return Container(self.engine, self.run("ps", "--quiet", self.service).stdout.strip())

    def down(self):
        self.run("down", "--volumes", "--timeout", "60", check=False)


@pytest.fixture
def project(engine, gateway_image, context, share):
    projects = []

    def make(*arguments, **options):
        projects.append(Project(engine, context, share, *arguments, **options))
        return projects[-1]

    yield make
    for made in projects:
        made.down()


def handshake(engine, port):
    result = engine.inside(sys.executable, "-c", HANDSHAKE, port)
    return result.stdout.strip() or result.stderr


def test_the_compose_file_comes_up_confined_and_serves(project, engine):
    # With the mode that the file itself says.
    made = project("ib-gateway", "docker-compose.yml", environment=LOGIN | {"TAILSCALE_MODE": "", "TAILSCALE_AUTHKEY": KEY})
    container = made.up()
    container.wait_healthy()
    assert [command for _, _, command in container.processes() if "tailscaled" in command]
    host = engine.inspect(container.id)["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["PortBindings"]
    assert engine.inspect(container.id)["Config"]["StopTimeout"] == 60
    warnings = [line for line in container.log().splitlines() if " warning ibgw:" in line]
    # What confines tailscaled is the kernel's to have.
    assert [line for line in warnings if "TAILNET_GUARD" not in line] == []
    assert container.execute("ls", "/home/ibgateway/settings").stdout.split() == ["tws"]
    assert container.execute("touch", "/home/ibgateway/here").returncode != 0
    code, seconds = container.stop_gracefully()
    assert code == 0 and seconds < 30


def test_the_desktops_compose_file_comes_up_with_rdp_on_this_machine_alone(project, engine, tws_image):
    made = project("tws", "tws-docker-compose.yml", environment=LOGIN | {"PASSWD": "front-door"})
    container = made.up()
    container.wait_healthy()
    assert engine.inspect(container.id)["HostConfig"]["PortBindings"] == {"3389/tcp": [{"HostIp": "127.0.0.1", "HostPort": "3370"}]}
    assert engine.inspect(container.id)["HostConfig"]["ShmSize"] == 1 << 30
    assert (made.context / "config/tws_settings").is_dir()
    assert next(uid for _, uid, command in container.processes() if "ibgw run" in command) == 1000
    code, seconds = container.stop_gracefully(seconds=75)
    assert code == 0 and seconds < 40


def test_published_ports_reach_both_gateways(project, engine):
    ports = {"ports": ["127.0.0.1:4001:4003", "127.0.0.1:4002:4004"]}
    made = project("ib-gateway", "docker-compose.yml", environment=BOTH, more=ports)
    container = made.up()
    container.wait_healthy()
    assert handshake(engine, 4001) == "187"
    assert handshake(engine, 4002) == "187"
    # The third holds what is remembered of the logins of both.
    assert container.execute("ls", "/home/ibgateway/settings").stdout.split() == ["tws", "tws_live", "tws_paper"]


def test_a_compose_file_of_the_bash_images_serves_after_the_changes_that_the_readme_calls_needed(project, engine, share):
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    diff = re.search(r"## From the socat and SSH images.*?```diff\n(.*?)```", readme, re.DOTALL)[1]
    lines = [line[1:] for line in diff.splitlines() if line[0] in " +" and "# advice" not in line and not line.strip().startswith("...")]
    made = project("ib-gateway", share.parent / "migrated.yml", environment=LOGIN | {"TAILSCALE_MODE": "", "PWD": str(share.parent)})
    (share.parent / "migrated.yml").write_text("\n".join(lines))
    settings = share.parent / "tws_settings"
    settings.mkdir()
    os.chown(settings, 1000, 1000)
    container = made.up()
    container.wait_healthy()
    assert handshake(engine, 4002) == "187"
    assert not [command for _, _, command in container.processes() if "tailscaled" in command]
    assert container.stop_gracefully()[0] == 0


def test_the_volumes_outlive_the_container(project):
    made = project("ib-gateway", "docker-compose.yml", environment=LOGIN)
    container = made.up()
    container.wait_healthy()
    container.execute("bash", "-c", "echo kept >/home/ibgateway/settings/tws/mark; echo kept >/var/lib/tailscale/mark", check=True)
    container.kill("--signal", "KILL")
    container = made.up("--force-recreate")
    container.wait_healthy()
    for path in ("/home/ibgateway/settings/tws/mark", "/var/lib/tailscale/mark"):
        assert container.execute("cat", path).stdout == "kept\n"


def test_docker_restarts_a_supervisor_that_was_killed(project, engine):
    made = project("ib-gateway", "docker-compose.yml", environment=LOGIN)
    container = made.up()
    container.wait_healthy()
    pid = container.state["Pid"]
    # From outside: inside its namespace nothing kills process 1.
    assert engine.inside("kill", "-KILL", pid).returncode == 0
    eventually(lambda: (s := container.state)["Running"] and s["Pid"] != pid, what="the restart")
    container.wait_healthy()
    assert engine.inspect(container.id)["RestartCount"] == 1


def test_a_new_heap_needs_a_root_that_can_be_written(project):
    made = project(
        "ib-gateway", "docker-compose.yml", environment=LOGIN | {"JAVA_HEAP_SIZE": "1500", "READ_ONLY_ROOT": "false"})
    container = made.up()
    container.wait_healthy()
    assert container.execute("bash", "-c", "grep -h Xmx ~/Jts/ibgateway/*/*.vmoptions").stdout == "-Xmx1500m\n"


def test_secrets_come_from_files_alone(project, engine, share, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    values = {"tws_userid": "trader-by-file", "tws_password": "battery-by-file", "tailscale_authkey": KEY, "vnc_password": "door"}
    for name, value in values.items():
        (secrets / name).write_text(value + "\n")
        (secrets / name).chmod(0o444)
    made = project(
        "ib-gateway", "docker-compose.yml", overlays=["image-files/compose/secrets.yml"], environment={"SECRETS_DIR": str(secrets)})
    container = made.up()
    container.wait_healthy()
    ini = json.loads(next(line for line in (share / "notes.jsonl").read_text().splitlines() if '"started"' in line and '"ini"' in line))["ini"]
    assert (ini["IbLoginId"], ini["IbPassword"]) == ("trader-by-file", "battery-by-file")
    environment = json.dumps(engine.inspect(container.id)["Config"]["Env"])
    assert "by-file" not in environment and KEY not in environment


def test_the_cloud_overlay_bounds_memory_and_comes_back_after_a_restart(project, engine):
    # A machine that tests need not have a journal, nor let an engine lower an oom_score.
    made = project(
        "ib-gateway", "docker-compose.yml", overlays=["image-files/compose/cloud.yml"], environment=LOGIN,
        more={"logging": {"driver": "json-file"}, "oom_score_adj": 0})
    container = made.up()
    container.wait_healthy()
    host = engine.inspect(container.id)["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "always" and host["Memory"] == 1700 * 1024 * 1024


def test_the_monitoring_overlay_opens_the_health_site_to_its_neighbours(project, engine):
    made = project(
        "ib-gateway", "docker-compose.yml", overlays=["image-files/compose/monitoring.yml"],
        environment=LOGIN | {"GRAFANA_PASSWORD": "x"})
    container = made.up("ib-gateway")
    container.wait_healthy()
    address = next(iter(engine.inspect(container.id)["NetworkSettings"]["Networks"].values()))["IPAddress"]
    answer = engine.inside("curl", "-fsS", f"http://{address}:2019/metrics")
    assert "ibgw_" in answer.stdout, answer.stderr
    assert engine.inside("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"http://{address}:2019/ready").stdout == "200"


def test_a_sidecar_lends_the_gateway_its_network_and_its_socket(project, engine, gateway_image):
    # The sidecar's image is not to be had here: the gateway's stands in for it, with what is shared between the two.
    made = project(
        "ib-gateway", "docker-compose.yml", overlays=["image-files/compose/tailscale-sidecar.yml"],
        environment=LOGIN | {"TAILSCALE_IMAGE": gateway_image, "TAILSCALE_AUTHKEY": "tskey-of-the-sidecar"})
    path = made.context / "sidecar.json"
    path.write_text(json.dumps({"services": {"tailscale": {"entrypoint": ["sleep", "infinity"], "init": True, "user": "0:0"}}}))
    made.files += ["--file", str(path)]
    container = made.up()
    container.wait_for_log("Login has completed")
    sidecar = Container(engine, made.run("ps", "--quiet", "tailscale").stdout.strip())
    networks = {engine.inside("readlink", f"/proc/{each.state['Pid']}/ns/net").stdout for each in (container, sidecar)}
    assert len(networks) == 1
    sidecar.execute("touch", "/run/sidecar/tailscaled.sock", check=True)
    container.execute("test", "-e", "/run/sidecar/tailscaled.sock", check=True)
    assert "tskey" not in json.dumps(engine.inspect(container.id)["Config"]["Env"])
    assert not [command for _, _, command in container.processes() if command.startswith("tailscaled")]
    assert container.stop_gracefully()[0] == 0


def test_a_tun_device_and_its_capability_reach_the_supervisor(project):
    made = project("ib-gateway", "docker-compose.yml", overlays=["image-files/compose/tailscale-tun.yml"], environment=LOGIN)
    container = made.up()
    container.wait_for_log("Login has completed")
    assert "TAILSCALE_TUN" not in container.ibgw("check").stdout
    status = container.execute("cat", "/proc/1/status").stdout
    # NET_ADMIN is bit 12 and DAC_OVERRIDE bit 1; nothing else is there.
    assert int(status.split("CapEff:\t")[1].split()[0], 16) == 1 << 12 | 1 << 1
    assert container.stop_gracefully()[0] == 0
