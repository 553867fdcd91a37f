"""The log: whole lines, masked, in either format, and nobody is held up by it."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from harness import LOGIN, eventually

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)"
LINE = re.compile(rf"^{STAMP} (debug|info|warning|error) +[a-z0-9:._-]+: ")


def resident_megabytes(container):
    status = open(f"/proc/{container.pid}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def test_every_line_has_its_time_its_level_and_its_service(image):
    container = image.run(LOGIN | {"TIME_ZONE": "America/New_York", "VNC_SERVER_PASSWORD": "vnc-word", "LOG_LEVEL": "debug"})
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("x11vnc: ready")
    assert container.stop() == 0
    wrong = [line for line in container.log() if not LINE.match(line)]
    assert not wrong
    assert re.match(r"\S+[-]0[45]:00 ", container.log()[0])
    services = {re.match(r"\S+ \w+ +(\S+): ", line)[1] for line in container.log()}
    assert services >= {"ibgw", "xvfb", "x11vnc", "caddy", "relay", "ibc-paper"}


def test_the_json_format_is_json_on_every_line(image):
    image.scenario("paper", [["say", 'quote " backslash \\ tab \t bell \a ümläut 🔑 \x7f end'], ["login"], ["serve"]])
    container = image.run(LOGIN | {"LOG_FORMAT": "json"})
    container.wait_for_line("logged in after")
    assert container.stop() == 0
    records = [json.loads(line) for line in container.log()]
    for record in records:
        assert set(record) == {"ts", "level", "service", "msg"}
        assert re.fullmatch(STAMP, record["ts"])
    said = [r["msg"] for r in records if "quote" in r["msg"]]
    assert said == ['quote " backslash \\ tab \t bell \a ümläut 🔑 \x7f end']
    assert {r["service"] for r in records} >= {"ibgw", "xvfb", "caddy", "relay", "ibc-paper"}


@pytest.mark.parametrize(("level", "kept"), [("error", {"error"}), ("warning", {"warning", "error"}), ("info", {"info", "warning", "error"})])
def test_the_level_decides_what_is_written(image, level, kept):
    image.scenario("paper", [["attempt"], ["second_factor"], ["exit", 1104]])
    container = image.run(LOGIN | {"LOG_LEVEL": level})
    container.wait_for_line("error +ibc-paper: held")
    assert container.stop() == 0
    assert {line.split()[1] for line in container.log()} == kept


def test_control_characters_of_a_child_do_not_reach_the_terminal(image):
    image.scenario("paper", [["say", "\x1b[31mred\x1b[0m \x07 \x08back"], ["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line(r"\?\[31mred\?\[0m \? \?back$")
    assert not [line for line in container.log() if "\x1b" in line]


def test_a_line_of_64_kib_stays_whole_and_a_longer_one_is_cut(image):
    whole, longer = 64 * 1024, 64 * 1024 * 2 + 1000
    image.scenario("paper", [["long_line", whole], ["long_line", longer], ["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    pieces = [len(m[1]) for m in container.matching("ibc-paper: (L+E?)$")]
    assert pieces[0] == whole
    assert sum(pieces[1:]) == longer and max(pieces[1:]) <= whole and len(pieces) == 4


def test_a_flood_neither_stalls_the_supervisor_nor_grows_it(image):
    image.scenario("paper", [["login"], ["flood"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line(r"warning ibc-paper: \d+ lines were dropped here")
    before = resident_megabytes(container)
    for _ in range(3):
        container.wait_for_line(r"lines were dropped here", after=len(container.log()))
        assert container.execute("/usr/local/bin/ibgw", "status", within=5).returncode == 0
    assert resident_megabytes(container) < before + 8
    assert container.stop() == 0
    assert image.story()[-2:] == ["java signal", "java ended"]


def test_a_reader_that_stops_reading_holds_up_nothing(image):
    image.script("ibc_scripts", "talk.sh", "for i in $(seq 60000); do echo line $i of many; done\n")
    container = image.run(LOGIN | {"IBC_SCRIPTS": "ibc_scripts"}, capture=False)
    image.wait_for_note("logged in")
    eventually(lambda: container.execute("test", "-S", "/run/ibgw/supervisor.sock").returncode == 0)
    eventually(lambda: container.service("ibc-script:talk.sh")["state"] == "finished", what="the script's end")
    assert resident_megabytes(container) < 60
    assert container.service("ibc-paper")["state"] == "running"
    assert container.stop(10) == 0
    assert image.story()[-2:] == ["java signal", "java ended"]


def test_a_reader_that_has_gone_holds_up_nothing_either(image):
    container = image.run(LOGIN, capture=False)
    os.close(container.output)
    container.output = os.open("/dev/null", os.O_RDONLY)
    image.wait_for_note("logged in")
    eventually(lambda: container.ibgw("status").returncode == 0)
    assert "logged in" in container.ibgw("logs", "ibc-paper").stdout
    assert container.stop(10) == 0


def test_logs_shows_what_was_said_by_all_or_by_one(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    everything = container.ibgw("logs").stdout.splitlines()
    assert everything == container.log()[:len(everything)] and len(everything) > 10
    one = container.ibgw("logs", "ibc-paper").stdout.splitlines()
    assert one == [line for line in everything if re.match(r"\S+ \w+ +ibc-paper: ", line)]
    own = container.ibgw("logs", "ibgw").stdout.splitlines()
    assert any("supervises as process 1" in line for line in own)
    assert container.ibgw("logs", "ibgw", "-n", "1").stdout.splitlines() == own[-1:]
    unknown = container.ibgw("logs", "nonsense")
    assert unknown.returncode == 1
    assert re.match("ibgw: cannot show the log of nonsense: there is no such service; there are: ibgw, .*xvfb", unknown.stderr)


def test_logs_follows_until_it_is_stopped_or_the_supervisor_ends(image):
    opened = image.gate("more")
    image.scenario("paper", [["login"], ["gate", "more"], ["say", "something new"], ["serve"]])
    container = image.run(LOGIN)
    image.wait_for_note("at the gate")
    environment = dict(container.config["environment"])
    followers = [
        subprocess.Popen(
            container.command(["/usr/local/bin/ibgw", "logs", *arguments]), env=environment, stdout=subprocess.PIPE, text=True)
        for arguments in (["-f"], ["ibc-paper", "--follow", "-n", "1"])
    ]
    all_of_it, of_one = followers
    assert "supervises as process 1" in all_of_it.stdout.readline()
    assert " ibc-paper: " in of_one.stdout.readline()
    opened()
    assert "something new" in next(line for line in all_of_it.stdout if "something" in line)
    assert container.stop() == 0
    assert "ibc-paper: stopped after" in of_one.stdout.read().splitlines()[-1]
    for follower in followers:
        follower.wait(10)


def test_usr1_prints_the_status_to_the_log(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    container.signal(signal.SIGUSR1)
    container.wait_for_line(r"info +ibgw: SERVICE +STATE +FOR +RESTARTS +WHY")
    container.wait_for_line(r"info +ibgw: ibc-paper +running +.* 0 +logged in")


def test_hup_renders_again_and_restarts_what_can_be_without_harm(image):
    (image.share / "password").write_text("first-word\n")
    container = image.run(LOGIN | {"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/password"})
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("caddy: ready")
    before = {s["name"]: s["pid"] for s in container.status()["services"]}
    (image.share / "password").write_text("second-word\n")
    container.signal(signal.SIGHUP)
    container.wait_for_line("info +ibgw: rendered again: .*config.ini")
    eventually(lambda: container.service("caddy")["pid"] not in (None, before["caddy"]) and container.service("caddy")["state"] == "running")
    assert container.service("ibc-paper")["pid"] == before["ibc-paper"]
    assert "IbPassword=second-word" in (image.ibc / "config.ini").read_text().splitlines()
    assert not image.notes("signal")
    assert not [line for line in container.log() if "second-word" in line]


def test_a_secret_that_came_by_a_reload_is_masked_too(image):
    opened = image.gate("print")
    (image.share / "password").write_text("first-word\n")
    image.scenario("paper", [["login"], ["gate", "print"], ["say", "it was second-word"], ["serve"]])
    container = image.run(LOGIN | {"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/password"})
    container.wait_for_line("ibc-paper: logged in after")
    (image.share / "password").write_text("second-word\n")
    container.signal(signal.SIGHUP)
    container.wait_for_line("rendered again")
    opened()
    container.wait_for_line(r"ibc-paper: it was \*\*\*$")


def test_a_reload_with_a_wrong_configuration_changes_nothing(image):
    (image.share / "password").write_text("first-word\n")
    container = image.run(LOGIN | {"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": "/share/password"})
    container.wait_for_line("ibc-paper: logged in after")
    (image.share / "password").unlink()
    container.signal(signal.SIGHUP)
    container.wait_for_line("error +ibgw: cannot reload: TWS_PASSWORD_FILE .*does not exist")
    container.wait_for_line("everything stays as it was")
    assert "IbPassword=first-word" in (image.ibc / "config.ini").read_text().splitlines()
    assert container.stop() == 0


def test_a_shutdown_is_prompt_in_the_midst_of_a_flood_that_nobody_reads(image):
    image.scenario("paper", [["login"], ["flood"]])
    container = image.run(LOGIN, capture=False)
    image.wait_for_note("logged in")
    eventually(lambda: container.execute("test", "-S", "/run/ibgw/supervisor.sock").returncode == 0)
    told = time.monotonic()
    assert container.stop(15) == 0
    assert time.monotonic() - told < 10
