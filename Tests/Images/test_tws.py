"""The desktop's image: an init of its own is process 1, and ibgw a service of it."""

import json

import pytest

LOGIN = {"TWS_USERID": "trader", "TWS_PASSWORD": "horse-battery"}


@pytest.fixture
def start(engine, tws_image, share):
    started = []

    def start(environment=LOGIN, options=(), volumes=()):
        started.append(engine.start(tws_image, environment=environment, options=options, volumes=[f"{share}:/share", *volumes]))
        return started[-1]

    yield start
    for container in started:
        container.rm("--force", "--volumes", check=False)


def row(container, command):
    return next(r for r in container.processes() if command in r[2])


def test_tws_serves_on_the_desktop_of_abc(start, engine, share):
    container = start(LOGIN | {"PUID": "4321", "PGID": "4322"})
    container.wait_healthy()
    assert container.processes()[0][2].startswith("s6-svscan")
    assert row(container, "ibgw run")[1] == 4321
    assert row(container, "Xvfb :10")[1] == 4321
    started = json.loads(next(line for line in (share / "notes.jsonl").read_text().splitlines() if '"ini"' in line))
    assert started["environment"]["DISPLAY"] == ":10" and started["user"] == 4321
    assert any("ibcalpha.ibc.IbcTws" in a for a in started["arguments"])
    assert container.execute("stat", "-c", "%u:%g", "/opt/ibkr/jts.ini.tmpl").stdout == "4321:4322\n"
    assert "use_compositing" in container.execute("cat", "/tmp/xfconf-query.log").stdout


def test_the_relay_serves_tws_ports(start, engine):
    container = start(LOGIN | {"TRADING_MODE": "both", "TWS_USERID_PAPER": "p", "TWS_PASSWORD_PAPER": "pp"})
    container.wait_healthy()
    command = row(container, " relay ")[2]
    assert ":7498,127.0.0.1:7496" in command and ":7499,127.0.0.1:7497" in command


def test_a_stop_ends_tws_before_its_display_and_with_0(start, share):
    container = start()
    container.wait_healthy()
    code, seconds = container.stop_gracefully()
    assert code == 0 and seconds < 40, container.log()
    log = container.log()
    assert log.index("s6: svc-ibgw is down") < log.index("s6: svc-xrdp-sesman is down")
    assert "display lost" not in (share / "notes.jsonl").read_text()


def test_the_container_ends_with_the_supervisors_code(start, share):
    (share / "gateway-paper.json").write_text(json.dumps({"starts": [[["attempt"], ["exit", 1111]]]}))
    assert start(LOGIN | {"ON_GATEWAY_EXIT": "exit"}).wait_exit() == 87
    container = start({"TRADING_MODE": "demo"})
    assert container.wait_exit() == 78
    assert container.log().count("the configuration is wrong") == 1


def test_the_desktops_password_is_taken_from_a_file_and_kept_to_itself(start, tmp_path):
    secret = tmp_path / "passwd"
    secret.write_text("front-door\n")
    secret.chmod(0o400)
    container = start(LOGIN | {"PASSWD_FILE": "/run/secrets/passwd"}, volumes=[f"{secret}:/run/secrets/passwd:ro"])
    container.wait_healthy()
    assert "front-door" not in container.log() + "".join(command for _, _, command in container.processes())


@pytest.mark.parametrize(("environment", "said"), [
    ({"PASSWD": "a", "PASSWD_FILE": "/b"}, "both PASSWD and PASSWD_FILE are set"),
    ({"PASSWD_FILE": "/nowhere"}, "PASSWD_FILE names /nowhere, which cannot be read"),
])
def test_a_password_that_cannot_be_had_ends_it_with_78(start, environment, said):
    container = start(LOGIN | environment)
    assert container.wait_exit() == 78
    assert said in container.log()
