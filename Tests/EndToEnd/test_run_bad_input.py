"""Whatever is wrong: one clear sentence that names the thing and the fix, the right exit code, and nothing half-written."""

import os
import re

import pytest

from harness import BOTH, LOGIN, eventually


def refused(image, environment=None, code=78, **options):
    """The lines of a run that refuses to start, in which nothing was started."""
    container = image.run(LOGIN | (environment or {}), **options)
    assert container.wait_exit() == code, container.tail()
    assert not image.notes()
    return container.log()


def one(lines, pattern):
    found = [line for line in lines if re.search(pattern, line)]
    assert len(found) == 1, "\n".join(lines)
    return found[0]


def files_below(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def test_every_problem_is_told_at_once_and_nothing_is_written_or_started(image):
    before = files_below(image.home)
    lines = refused(image, {
        "TRADING_MODE": "demo", "STOP_TIMEOUT": "soon", "TIME_ZONE": "Mars/Olympus", "JAVA_HEAP_SIZE": "lots",
        "RELAY_ALLOW": "10.0.0.0/40", "AUTO_RESTART_TIME": "25:00", "TWS_PASSWORD_FILE": "/share/none", "LOG_FORMAT": "xml",
    })
    for variable in (
        "TRADING_MODE", "STOP_TIMEOUT", "TIME_ZONE", "JAVA_HEAP_SIZE", "RELAY_ALLOW", "AUTO_RESTART_TIME", "TWS_PASSWORD",
        "LOG_FORMAT",
    ):
        one(lines, rf"^ibgw: error: {variable}\b.*; ")
    assert lines[-1].startswith("ibgw: cannot run: the configuration is wrong; nothing was started.")
    assert len(lines) == 9
    assert files_below(image.home) == before


@pytest.mark.parametrize(("environment", "pattern"), [
    ({"TWS_PASSWORD_FILE": "/share/secret"}, "TWS_PASSWORD and TWS_PASSWORD_FILE are both set"),
    ({"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/none"}, "TWS_PASSWORD_FILE names /share/none, which .*does not exist"),
    ({"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share"}, "TWS_PASSWORD_FILE names /share, which .*is a directory"),
    ({"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/empty"}, "TWS_PASSWORD_FILE names /share/empty, which is empty"),
    ({"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/closed"}, "TWS_PASSWORD_FILE names /share/closed, which .*permission is denied to uid 1000"),
    ({"TWS_PASSWORD": "two\nIbLoginId=other"}, "TWS_PASSWORD contains a line break"),
    ({"TWS_PASSWORD": "latin-\udce9"}, "TWS_PASSWORD is not valid UTF-8"),
    ({"TWS_MAJOR_VRSN": "9.99"}, "TWS_MAJOR_VRSN is 9.99, but there is no .*/9.99/jars; .*10.45.1a"),
    ({"TWS_PATH": "/nowhere"}, "TWS_PATH is /nowhere, which is no directory"),
    ({"IBC_PATH": "/nowhere"}, "IBC_PATH is /nowhere, but there is no /nowhere/scripts/ibcstart.sh"),
    ({"CUSTOM_CONFIG": "yes"}, "CUSTOM_CONFIG is yes, but there is no /home/ibgateway/ibc/config.ini"),
    ({"IBGW_RUN_DIR": "/proc/nowhere"}, "IBGW_RUN_DIR needs /proc/nowhere for sockets and rendered files, but uid 1000 cannot"),
    ({"IBGW_RUN_DIR": "/tmp/" + "long" * 30}, "IBGW_RUN_DIR is longer than"),
    ({"TWS_SETTINGS_PATH": "/home/ibgateway/with space"}, "TWS_SETTINGS_PATH .*fails on a path with a space"),
])
def test_a_wrong_value_is_named_with_the_fix(image, environment, pattern):
    (image.share / "empty").touch()
    (image.share / "secret").write_text("word\n")
    (image.share / "closed").touch(mode=0o600)
    assert "; " in one(refused(image, environment), f"^ibgw: error: {pattern}")


def test_a_missing_display_server_is_told_before_anything_starts(image):
    one(refused(image, removed=["/usr/bin/Xvfb"]), "error: DISPLAY needs Xvfb, which is not installed; install it")


def test_a_missing_start_script_is_told(image):
    (image.ibc / "scripts/ibcstart.sh").unlink()
    one(refused(image), "error: IBC_PATH is /home/ibgateway/ibc, but there is no /home/ibgateway/ibc/scripts/ibcstart.sh; ")


def test_a_start_script_that_may_not_be_executed_is_told(image):
    (image.ibc / "scripts/ibcstart.sh").chmod(0o600)
    one(refused(image), "error: IBC_PATH has .*/ibcstart.sh, which uid 1000 cannot execute; make it executable")


def test_a_missing_file_of_java_options_is_told(image):
    image.options.unlink()
    one(refused(image), "error: TWS_PATH has no .*/ibgateway.vmoptions")


def test_a_directory_where_jts_ini_belongs_is_told(image):
    (image.tws / "jts.ini").mkdir()
    one(refused(image), "error: TWS_PATH has a directory at /home/ibgateway/Jts/jts.ini, where the file jts.ini belongs; remove it")


def test_a_home_that_cannot_be_written_is_told(image):
    before = files_below(image.home)
    lines = refused(image, uid=2000, gid=2000, runs_in_image=False)
    one(lines, "error: TWS_PATH needs /home/ibgateway/Jts for the program's settings, but uid 2000 cannot write there; ")
    assert files_below(image.home) == before


def test_a_home_that_cannot_be_written_is_told_for_both_modes(image):
    lines = refused(image, BOTH, binds=[(image.home, image.home_path, "ro")])
    for mode in ("live", "paper"):
        one(lines, f"error: TWS_PATH needs /home/ibgateway/Jts_{mode} for the program's settings, but uid 1000 cannot")


def test_a_run_directory_that_cannot_be_written_is_told(image):
    lines = refused(image, directories=[("/run/ibgw", 0o755)])
    one(lines, "error: IBGW_RUN_DIR needs /run/ibgw for sockets and rendered files, but uid 1000 cannot write there; ")


def test_a_full_disk_under_the_ini_is_told_and_leaves_no_half_of_it(image):
    container = image.run(LOGIN, tmpfs=[("/small", "size=4k,mode=777")], files=[("/small/filler", "x" * 4096)])
    container.wait_for_line("ibc-paper: logged in after")
    second = container.ibgw("run", environment={
        "TRADING_MODE": "live", "IBGW_RUN_DIR": "/tmp/second", "IBC_INI": "/small/config.ini", "CADDY_LOG_DIR": "/tmp"})
    assert second.returncode == 78
    assert second.stderr.splitlines()[-1] == (
        "ibgw: error: IBC_INI needs a rendered config.ini, but the supervisor cannot write /small/config.ini: "
        "no space is left on the disk; make room, or name another place")
    assert os.listdir(container.file("/small")) == ["filler"]
    assert not image.notes(mode="live")


def test_a_full_disk_under_the_run_directory_is_told(image):
    container = image.run(LOGIN, tmpfs=[("/run/ibgw", "size=4k,mode=777")], files=[("/run/ibgw/filler", "x" * 4096)])
    assert container.wait_exit() == 78
    assert not image.notes()
    assert re.search(
        "^ibgw: error: IBGW_RUN_DIR .*cannot write /run/ibgw/.*: no space is left on the disk; make room in /run/ibgw",
        container.log()[-1])


def test_disks_that_fill_up_in_the_midst_of_a_run_stop_nothing(image):
    container = image.run(LOGIN, tmpfs=[("/run/ibgw", "size=4m,mode=777"), ("/var/log/caddy", "size=64k,mode=777")])
    container.wait_for_line("ibc-paper: logged in after")
    for folder in ("/run/ibgw", "/var/log/caddy"):
        filled = container.execute("dd", "if=/dev/zero", f"of={folder}/filler", "bs=4k")
        assert "No space left" in filled.stderr
    container.kill("caddy")
    container.wait_for_line("warning caddy: ended after")
    assert container.status()["phase"] == "running"
    assert container.ibgw("stop", "ibc-paper").returncode == 0
    container.wait_for_state("ibc-paper", "stopped")
    assert container.stop() == 0


def test_a_second_supervisor_in_the_same_run_directory_is_refused_and_the_first_not_disturbed(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    before = {s["name"]: s["pid"] for s in container.status()["services"]}
    ini = (image.ibc / "config.ini").stat()
    second = container.ibgw("run")
    assert second.returncode == 78
    assert second.stderr.splitlines()[-1] == (
        "ibgw: cannot run: process 1 supervises in /run/ibgw already; stop it, or set IBGW_RUN_DIR to another folder")
    assert {s["name"]: s["pid"] for s in container.status()["services"]} == before
    assert (image.ibc / "config.ini").stat() == ini
    assert container.stop() == 0


def test_an_unknown_command_or_option_is_a_mistake_of_usage(image):
    for arguments in (("rum",), ("run", "--fast"), ("stop",), ("logs", "-n", "-5")):
        container = image.run(arguments=arguments)
        assert container.wait_exit() == 64
        assert any(line.startswith("Usage: ibgw") for line in container.log())


@pytest.mark.parametrize(("environment", "pattern"), [
    ({"SSH_TUNNEL": "yes"}, "SSH_TUNNEL .*TAILSCALE"),
    ({"TWS_PASSWROD": "x"}, "TWS_PASSWROD .*TWS_PASSWORD"),
    ({"CUSTOM_CONFIG": "YES"}, 'CUSTOM_CONFIG is "YES", so the ini files are rendered; write exactly yes'),
    ({"TWS_USERID": None, "TWS_PASSWORD": None}, "TWS_USERID is not set, so the paper login waits for a person"),
])
def test_what_can_be_lived_with_is_a_warning_in_the_log(image, environment, pattern):
    container = image.run(LOGIN | environment)
    container.wait_for_line(f"warning ibgw: {pattern}")
    container.wait_for_line("ibc-paper: logged in after")


def test_closed_standard_descriptors_are_survived(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    result = container.execute(
        "bash", "-c", "IBGW_RUN_DIR=/tmp/second exec /usr/local/bin/ibgw run <&- >&- 2>&-")
    assert result.returncode == 78
    eventually(lambda: container.status()["phase"] == "running")
