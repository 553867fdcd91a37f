"""The user's own scripts: at their moments, with what they were promised, and in nobody's way."""

import json
import time

import pytest

from harness import BOTH, LOGIN

SHOW = """import json, os, time
path = "/share/script-" + os.environ["NAME"]
with open(path, "w") as file:
    json.dump({"at": time.time(), "environment": dict(os.environ), "user": os.getuid(), "directory": os.getcwd(),
               "display": os.path.exists("/tmp/.X11-unix/X1")}, file)
"""
MOMENTS = {"START_SCRIPTS": "start_scripts", "X_SCRIPTS": "x_scripts", "IBC_SCRIPTS": "ibc_scripts"}


def recorder(name, *more):
    return "\n".join([f"NAME={name} python3 - <<'END'", SHOW, "END", *more, ""])


def record(image, name):
    return json.loads((image.share / f"script-{name}").read_text())


@pytest.mark.parametrize(("variables", "mode", "port"), [
    (LOGIN | {"TRADING_MODE": "live"}, "live", "4001"), (LOGIN, "paper", "4002"), (BOTH, "paper", "4002"),
], ids=["live", "paper", "both"])
def test_scripts_run_at_their_moments_with_what_they_were_promised(image, variables, mode, port):
    for folder in MOMENTS.values():
        image.script(folder, "one.sh", recorder(folder))
    container = image.run(variables | MOMENTS | {"MY_OWN": "value"})
    container.wait_for_line(f"ibc-{mode}: logged in after")
    container.wait_for_line("ibc-script:one.sh: ended after .*: exit code 0")
    start, x, ibc = (record(image, folder) for folder in MOMENTS.values())
    assert (start["display"], x["display"], ibc["display"]) == (False, True, True)
    first = image.notes("started", who="ibcstart")[0].at
    last = image.notes("started", who="ibcstart")[-1].at
    assert start["at"] < x["at"] < first and last - 1 < ibc["at"]
    for script in (start, x, ibc):
        given = script["environment"]
        assert (given["DISPLAY"], given["API_PORT"], given["TRADING_MODE"]) == (":1", port, mode)
        assert given["MY_OWN"] == "value" and given["TWS_PATH"] == image.tws_path
        assert not {"TWS_PASSWORD", "TWS_USERID", "TWS_PASSWORD_PAPER", "TWS_USERID_PAPER"} & set(given)
        assert script["user"] == 1000 and script["directory"] == image.home_path
    assert container.stop() == 0


def test_scripts_run_in_the_order_of_their_names_and_each_exit_code_is_said(image):
    for name, code in [("10-a.sh", 0), ("20-b.sh", 7), ("30-c.sh", 0)]:
        image.script("start_scripts", name, f"echo ran {name}\nexit {code}\n")
    image.script("start_scripts", "40-no-script.txt", "echo wrong\n")
    container = image.run(LOGIN | {"START_SCRIPTS": "start_scripts"})
    container.wait_for_line("ibc-paper: logged in after")
    ends = [(m[1], m[2], m[3]) for m in container.matching(r"(info|warning) +start-script:(\S+): ended after .*: exit code (\d+)")]
    assert ends == [("info", "10-a.sh", "0"), ("warning", "20-b.sh", "7"), ("info", "30-c.sh", "0")]
    said = [m[1] for m in container.matching(r"start-script:\S+: ran (\S+)")]
    assert said == ["10-a.sh", "20-b.sh", "30-c.sh"]
    assert not container.matching("no-script")


@pytest.mark.parametrize("variable", MOMENTS)
def test_a_script_that_hangs_does_not_block_the_stop(image, variable):
    image.script(MOMENTS[variable], "hang.sh", "trap '' TERM\necho hangs\nwhile :; do sleep 600; done\n")
    container = image.run(LOGIN | {variable: MOMENTS[variable]}, init=True)
    container.wait_for_line("-script:hang.sh: hangs")
    if variable == "IBC_SCRIPTS":
        container.wait_for_line("ibc-paper: logged in after")
    else:
        assert container.service("ibc-paper")["state"] == "waiting"
    told = time.monotonic()
    assert container.stop(15) == 0
    assert time.monotonic() - told < 10
    assert container.left == []


def test_what_a_script_leaves_running_lives_as_long_as_the_container(image):
    image.script("start_scripts", "daemon.sh", "sleep 601 >/dev/null 2>&1 &\n(sleep 0.5; echo still here; exec sleep 602) &\n")
    container = image.run(LOGIN | {"START_SCRIPTS": "start_scripts"}, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("start-script:daemon.sh: still here")
    container.process("sleep 602")
    assert {p.command for p in container.processes() if p.name == "sleep"} == {("sleep", "601"), ("sleep", "602")}
    assert container.stop() == 0
    assert container.left == []


def test_a_folder_of_scripts_that_is_missing_or_empty_is_said(image):
    (image.home / "empty").mkdir()
    container = image.run(LOGIN | {"START_SCRIPTS": "absent", "X_SCRIPTS": "empty"})
    container.wait_for_line("ibc-paper: logged in after")
    assert container.matching("warning ibgw: START_SCRIPTS leads to /home/ibgateway/absent, which is no directory")
    assert container.matching(r"warning ibgw: X_SCRIPTS leads to /home/ibgateway/empty, which holds no \*.sh")
