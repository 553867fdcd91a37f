"""The Dockerfiles, built as they are shipped."""

import re
import subprocess

import pytest

from imaging import DockerError
from imaging.mirror import VERSION


def environment(engine, image):
    return dict(pair.split("=", 1) for pair in engine.inspect(image)["Config"]["Env"])


def inside(engine, image, script):
    return engine.run("run", "--rm", "--entrypoint", "bash", image, "-c", script).stdout


def test_the_image_says_how_it_is_run(engine, gateway_image):
    config = engine.inspect(gateway_image)["Config"]
    assert config["Entrypoint"] == ["/usr/local/bin/ibgw"] and config["Cmd"] == ["run"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/ibgw", "health"]
    assert config["StopSignal"] == "SIGTERM" and config["User"] == "1000:1000"
    assert set(config["ExposedPorts"]) == {"4003/tcp", "4004/tcp", "5900/tcp"}
    assert config["Labels"]["org.opencontainers.image.version"] == f"{VERSION}-stable"


def test_the_variables_are_those_of_the_bash_image(engine, gateway_image):
    home = "/home/ibgateway"
    expected = {
        "HOME": home, "TWS_PATH": f"{home}/Jts", "TWS_INI": "jts.ini", "TWS_INI_TMPL": "jts.ini.tmpl", "IBC_PATH": f"{home}/ibc",
        "IBC_INI": f"{home}/ibc/config.ini", "IBC_INI_TMPL": f"{home}/ibc/config.ini.tmpl", "GATEWAY_OR_TWS": "gateway",
        "IB_GATEWAY_VERSION": VERSION, "TWS_MAJOR_VRSN": VERSION,
    }
    assert expected.items() <= environment(engine, gateway_image).items()


def test_no_program_of_the_bash_image_is_left(engine, gateway_image):
    found = inside(engine, gateway_image, "command -v socat ssh sshpass sudo envsubst telnet gpg unzip || true")
    assert found == "" or found.split() == ["/usr/bin/gpg", "/usr/bin/unzip"], "the tests' base has these two itself"


def test_caddy_and_tailscale_come_from_their_own_repositories(engine, gateway_image):
    policy = inside(engine, gateway_image, "dpkg-query -W -f '${Package} ${Maintainer}\\n' caddy tailscale; which caddy tailscaled")
    assert policy.splitlines() == [
        "caddy tests <tests@localhost>", "tailscale tests <tests@localhost>", "/usr/bin/caddy", "/usr/sbin/tailscaled"]


def test_every_user_can_read_and_run_what_is_installed(engine, gateway_image):
    hidden = inside(
        engine, gateway_image, "find /home/ibgateway ! -perm -004 -print; find /home/ibgateway -type d ! -perm -005 -print;"
        " find /home/ibgateway/ibc -name '*.sh' ! -perm -001 -print")
    assert hidden.replace("/home/ibgateway/.bash_logout\n", "") == ""


def test_the_launcher_is_renamed_already_so_that_ibc_need_not(engine, gateway_image):
    names = inside(engine, gateway_image, f"cd ~/Jts/ibgateway/{VERSION} && ls -d ibgateway*")
    assert names.split() == ["ibgateway.vmoptions", "ibgateway1"]


def test_the_same_file_serves_as_a_template_of_envsubst(engine, mirror, gateway_image, context, tmp_path):
    rendered = subprocess.run(
        ["envsubst", "$VERSION,$CHANNEL"], stdin=(context / "Dockerfile.template").open(), capture_output=True, text=True,
        env={"PATH": "/usr/bin", "VERSION": VERSION, "CHANNEL": "stable"}, check=True).stdout
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(rendered)
    arguments = mirror.gateway_arguments
    del arguments["VERSION"], arguments["CHANNEL"]
    engine.build("by-envsubst", dockerfile, context, **arguments)
    assert environment(engine, "by-envsubst") == environment(engine, gateway_image)
    assert engine.inspect("by-envsubst")["Config"]["Labels"] == engine.inspect(gateway_image)["Config"]["Labels"]


def test_the_desktops_file_serves_so_too(engine, mirror, tws_image, context, tmp_path):
    rendered = subprocess.run(
        ["envsubst", "$VERSION,$CHANNEL"], stdin=(context / "Dockerfile.tws.template").open(), capture_output=True, text=True,
        env={"PATH": "/usr/bin", "VERSION": VERSION, "CHANNEL": "stable"}, check=True).stdout
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(rendered)
    # Without GATEWAY_IMAGE: its default is the gateway's image of the same channel.
    arguments = {name: value for name, value in mirror.arguments.items() if name not in ("VERSION", "CHANNEL")}
    engine.build("tws-by-envsubst", dockerfile, context, **arguments, BASE_IMAGE="rdesktop")
    assert environment(engine, "tws-by-envsubst") == environment(engine, tws_image)
    assert engine.inspect("tws-by-envsubst")["Config"]["Labels"] == engine.inspect(tws_image)["Config"]["Labels"]


def test_the_user_and_the_heap_can_be_chosen_at_the_build(engine, mirror, gateway_image, context):
    engine.build(
        "chosen", context / "Dockerfile.template", context, **mirror.gateway_arguments, USER_ID=1234, USER_GID=2345, JAVA_HEAP_SIZE=1500)
    seen = inside(engine, "chosen", f"id -u; id -g; id -un; stat -c %u:%g ~/Jts; grep Xmx ~/Jts/ibgateway/{VERSION}/*.vmoptions")
    assert seen.split() == ["1234", "2345", "ibgateway", "1234:2345", "-Xmx1500m"]


@pytest.mark.parametrize(("changed", "said"), [
    ({"VERSION": ""}, "cannot build: VERSION and CHANNEL are not set"),
    ({"CADDY_KEY": "0" * 40}, "cannot trust caddy's repository"),
    ({"TAILSCALE_KEY": "F" * 40}, "cannot trust tailscale's repository"),
    ({"IBC_SHA256": "0" * 64}, "IBCLinux-3.24.1.zip: FAILED"),
    ({"IB_GATEWAY_SHA256": "0" * 64}, "standalone-linux-x64.sh: FAILED"),
    ({"CHANNEL": "nowhere"}, "404"),
])
def test_what_cannot_be_trusted_stops_the_build(engine, mirror, gateway_image, context, changed, said):
    # A line of what a step printed, not of the step itself.
    with pytest.raises(DockerError, match=rf"(?m)^#\d+ [\d.]+ .*{re.escape(said)}"):
        engine.build(
            "refused", context / "Dockerfile.template", context, target="download", **mirror.gateway_arguments | changed)
