"""A gateway that ends, fails, loops or waits: what is decided, and that a healthy one is left alone."""

import pytest

from harness import BOTH, LOGIN


def test_a_java_that_dies_is_started_again_after_a_growing_pause(image):
    image.scenario("paper", [["login"], ["exit", 1]])
    container = image.run(LOGIN)
    first = container.wait_for_line(r"warning ibc-paper: ended by exit code 1; started again in ([\d.]+) s")
    assert 5 <= float(first[1]) <= 6
    waiting = container.service("ibc-paper")
    assert waiting["state"] == "backingOff" and waiting["nextTry"] <= 6000
    line = len(container.log())
    second = container.wait_for_line(r"ibc-paper: ended by exit code 1; started again in ([\d.]+) s", after=line)
    assert 10 <= float(second[1]) <= 12
    starts = [n.at for n in image.notes("started", who="java")]
    ends = [n.at for n in image.notes("ended", who="java")]
    assert len(starts) == 2 and starts[1] - ends[0] >= 5
    assert container.service("ibc-paper")["restarts"] == 1
    assert container.stop() == 0
    assert len(image.notes("started", who="java")) == 2


def test_a_java_that_is_killed_is_seen_and_said(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    container.kill("gateway.py")
    container.wait_for_line(r"warning ibc-paper: ended by exit code 137, a KILL.*; started again in")


def test_when_only_the_shell_is_killed_java_is_left_alone_and_later_stopped_cleanly(image):
    image.scenario("paper", [["shutdown_takes", 0.5], ["login"], ["serve"]])
    container = image.run(LOGIN, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    shell = container.kill("ibcstart.sh")
    container.wait_for_line("warning ibc-paper: ibcstart.sh is gone .*; java goes on and is left alone")
    assert shell.pid not in [p.pid for p in container.processes()]
    status = container.service("ibc-paper")
    assert status["state"] == "running" and "java goes on" in status["why"]
    assert not image.notes("signal")
    assert container.stop() == 0
    assert image.story()[-2:] == ["java signal", "java ended"]
    assert image.notes("ended", who="java")[0].more["code"] == 143
    assert not image.notes("display lost")
    assert container.left == []


def test_a_java_whose_shell_is_gone_is_started_again_when_it_dies(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    container.kill("ibcstart.sh")
    container.wait_for_line("java goes on and is left alone")
    container.kill("gateway.py")
    container.wait_for_line("warning ibc-paper: .*; started again in")
    image.wait_for_note("logged in", count=2)


def test_the_daily_restart_is_ibcs_own_affair(image):
    opened = image.gate("midnight")
    image.scenario(
        "paper", [["login"], ["gate", "midnight"], ["autorestart_file"], ["exit", 0]],
        [["forget_autorestart_file"], ["completed"], ["listen"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    shell = container.service("ibc-paper")["pid"]
    opened()
    image.wait_for_note("logged in", count=2)
    status = container.wait_for_state("ibc-paper", "running")
    assert (status["pid"], status["restarts"]) == (shell, 0)
    assert "-Drestart=abcdefgh" in image.notes("started", who="java")[1].more["arguments"]
    assert not container.matching("started again in")
    assert container.stop() == 0


def test_a_cold_restart_is_ibcs_own_affair_too(image):
    image.scenario("paper", [["login"], ["cold_restart_file"], ["exit", 0]], [["login"], ["serve"]])
    container = image.run(LOGIN)
    image.wait_for_note("logged in", count=2)
    assert container.wait_for_state("ibc-paper", "running")["restarts"] == 0
    assert container.stop() == 0


FATAL = [
    (1104, "exit code 80", "trading mode"), (1105, "exit code 81", "a setting"), (1108, "exit code 84", "jts.ini"),
    (1109, "exit code 85", "jts.ini"),
]


@pytest.mark.parametrize(("code", "shown", "word"), FATAL)
def test_a_fault_of_the_configuration_that_ibc_finds_is_held_with_the_container_up(image, code, shown, word):
    image.scenario("paper", [["exit", code]])
    container = image.run(LOGIN | {"ON_GATEWAY_EXIT": "exit"})
    container.wait_for_line("error +ibc-paper: held: ")
    status = container.service("ibc-paper")
    assert status["state"] == "held" and shown in status["why"] and word in status["why"]
    assert container.status()["phase"] == "running"
    assert status["why"] in container.ibgw("status").stdout
    assert container.stop() == 0
    assert len(image.notes("started", who="java")) == 1


def test_a_held_gateway_starts_when_it_is_mended_and_told_to(image):
    # What a volume does that is mounted too late, or an update of the program that goes wrong.
    image.script("start", "hide.sh", f"mv {image.tws_path}/ibgateway/*/jars /tmp/\n")
    container = image.run(LOGIN | {"START_SCRIPTS": "start"})
    container.wait_for_line(r"held: the gateway's jars are not there.*\(ibcstart.sh's exit code 4\); mend it, then: ibgw start ibc-paper")
    assert container.execute("bash", "-c", f"mv /tmp/jars {image.tws_path}/ibgateway/*/").returncode == 0
    answer = container.ibgw("start", "ibc-paper")
    assert (answer.returncode, answer.stdout) == (0, "ibc-paper: starting\n")
    container.wait_for_line("ibc-paper: logged in after")


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (1, 1), (1111, 87), (1112 + 1, 89)])
def test_with_ON_GATEWAY_EXIT_exit_the_container_ends_with_ibcs_own_code(image, code, exit_code):
    image.scenario("paper", [["login"], ["exit", code]])
    container = image.run(LOGIN | {"ON_GATEWAY_EXIT": "exit"})
    assert container.wait_exit() == exit_code
    assert len(image.notes("started", who="java")) == 1
    assert not image.notes("display lost")


def test_with_two_gateways_the_container_ends_when_the_last_one_has_ended(image):
    opened = {mode: image.gate(mode) for mode in ("live", "paper")}
    for mode, code in (("live", 1111), ("paper", 3)):
        image.scenario(mode, [["login"], ["gate", mode], ["exit", code]])
    container = image.run(BOTH | {"ON_GATEWAY_EXIT": "exit"})
    container.wait_for_line("ibc-paper: logged in after")
    opened["live"]()
    container.wait_for_line(r"warning ibc-live: .*it is not started again \(ON_GATEWAY_EXIT=exit\)")
    assert container.service("ibc-live")["state"] == "stopped"
    assert container.service("ibc-paper")["state"] == "running"
    opened["paper"]()
    assert container.wait_exit() == 3


def test_one_of_two_gateways_dies_and_the_other_is_not_touched(image):
    opened = image.gate("live")
    image.scenario("live", [["login"], ["gate", "live"], ["exit", 1]], [["login"], ["serve"]])
    container = image.run(BOTH)
    container.wait_for_line("ibc-paper: logged in after")
    paper = container.service("ibc-paper")["pid"]
    opened()
    container.wait_for_line("warning ibc-live: ended by exit code 1; started again in")
    image.wait_for_note("logged in", "live", count=2)
    assert container.service("ibc-paper")["pid"] == paper
    assert container.service("ibc-paper")["restarts"] == 0
    assert not image.notes("signal", "paper")


def test_paper_starts_as_soon_as_live_has_logged_in(image):
    opened = image.gate("phone")
    image.scenario("live", [["attempt"], ["second_factor"], ["gate", "phone"], ["completed"], ["listen"], ["serve"]])
    container = image.run(BOTH)
    container.wait_for_line("ibc-live: waiting-for-2fa")
    paper = container.service("ibc-paper")
    assert (paper["state"], paper["why"]) == ("waiting", "lets ibc-live log in first")
    opened()
    container.wait_for_line("ibc-paper: logged in after")
    live, paper = image.notes("logged in", "live")[0], image.notes("started", "paper", "ibcstart")[0]
    assert 0 <= paper.at - live.at < 5


def test_paper_starts_when_live_has_failed(image):
    image.scenario("live", [["attempt"], ["exit", 1111]])
    container = image.run(BOTH)
    container.wait_for_line("ibc-paper: logged in after")
    assert image.notes("ended", "live", "java")[0].at < image.notes("started", "paper", "ibcstart")[0].at


def test_paper_waits_15_seconds_for_a_live_gateway_that_says_nothing(image):
    image.scenario("live", [["attempt"], ["serve"]])
    container = image.run(BOTH)
    container.wait_for_line("ibc-paper: logged in after")
    live, paper = (image.notes("started", mode, "ibcstart")[0].at for mode in ("live", "paper"))
    assert 14.5 < paper - live < 18
    assert container.service("ibc-live")["state"] == "starting"


def test_a_gateway_that_waits_for_a_person_is_waited_for_without_limit(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("waiting-for-2fa: confirm the login on the phone")
    assert container.service("ibc-paper").get("nextTry") is None
    assert container.service("ibc-paper")["state"] == "starting"


def test_a_hot_loop_of_ibcstart_is_shown(image):
    image.scenario("paper", [["exit", 1112]], [["exit", 1112]], [["exit", 1112]], [["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    assert len(image.notes("started", who="java")) == 4
    assert len(container.matching("IBC returned exit status 88")) == 3
