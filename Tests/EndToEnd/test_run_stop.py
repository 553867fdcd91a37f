"""Signals and the end: whatever the moment, everything ends in its order and in its time."""

import random
import re
import signal
import time
from datetime import datetime

import pytest

from harness import BOTH, LOGIN, eventually

SEED = random.randrange(1 << 32)


def told_and_ended(container):
    """For each service when it was told to stop and when it had ended, by the log: name -> (told, ended) in seconds."""
    times = {}
    for line in container.log():
        found = re.match(r"(\S+) \w+ +(\S+): stopped after ([\d.]+) (ms|s): ", line)
        if found:
            ended = datetime.fromisoformat(found[1]).timestamp()
            times[found[2]] = (ended - float(found[3]) * (0.001 if found[4] == "ms" else 1), ended)
    return times


def mask_is_set(container):
    """Waits for the program's first line: until then the kernel would drop the signal, as for any process 1."""
    def blocked():
        for line in open(f"/proc/{container.pid}/status"):
            if line.startswith("SigBlk:"):
                return int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1

    eventually(blocked, what="the signal mask")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_stop_ends_the_relay_first_then_the_gateways_and_the_display_last(image, number):
    for mode in ("live", "paper"):
        image.scenario(mode, [["shutdown_takes", 0.5], ["login"], ["serve"]])
    container = image.run(BOTH | {"VNC_SERVER_PASSWORD": "vnc-word"})
    for name in ("ibc-paper: logged in", "x11vnc: ready", "caddy: ready"):
        container.wait_for_line(name)
    container.signal(number)
    assert container.wait_exit() == 0
    times = told_and_ended(container)
    ranks = [["relay"], ["ibc-live", "ibc-paper"], ["x11vnc"], ["caddy"], ["xvfb"]]
    assert set(times) >= {name for rank in ranks for name in rank}
    assert max(ended for _, ended in times.values()) == times["xvfb"][1]
    for earlier, later in zip(ranks, ranks[1:]):
        last_end = max(times[name][1] for name in earlier)
        first_told = min(times[name][0] for name in later)
        # The log's times are cut to a tenth of a second from one second on.
        assert last_end <= first_told + 0.1, (earlier, later, times)
    for mode in ("live", "paper"):
        assert [n.more["signal"] for n in image.notes("signal", mode)] == ["TERM"]
        assert image.story(mode)[-1] == "java ended"
        assert image.notes("ended", mode, "java")[0].at <= times["xvfb"][0] + 0.1
    assert not image.notes("display lost")
    assert "ended with exit code 0" in container.log()[-1]


@pytest.mark.parametrize("below_init", [False, True], ids=["as process 1", "below an init"])
@pytest.mark.parametrize("turn", range(10))
def test_a_signal_at_any_moment_of_the_start_leads_to_the_whole_stop(image, turn, below_init):
    generator = random.Random(SEED + turn)
    number = generator.choice([signal.SIGTERM, signal.SIGINT])
    delay = generator.uniform(0, 0.8)
    print(f"seed {SEED}: {number.name} after {delay:.3f} s")
    for mode in ("live", "paper"):
        image.scenario(mode, [["shutdown_takes", 0.2], ["login"], ["serve"]])
    container = image.run(BOTH | {"VNC_SERVER_PASSWORD": "vnc-word"}, init=below_init)
    mask_is_set(container)
    time.sleep(delay)
    container.signal(number)
    assert container.wait_exit(20) == 0
    assert not image.notes("display lost")
    # Each java that had begun was told by a signal and came to its own end.
    for started in image.notes("started", who="java"):
        story = [n.event for n in image.notes() if n.pid == started.pid and n.who == "java"]
        assert story[-1] == "ended" and "signal" in story, image.story()
    assert container.left in ([], None)


def test_java_gets_the_time_that_it_needs(image):
    image.scenario("paper", [["shutdown_takes", 4], ["login"], ["serve"]])
    container = image.run(LOGIN | {"STOP_TIMEOUT": "20"})
    container.wait_for_line("ibc-paper: logged in after")
    assert container.stop() == 0
    assert image.notes("ended", who="java")[0].more["code"] == 143
    assert container.matching("ibc-paper: stopped after 4.* exit code 143")


def test_a_java_that_ignores_term_is_killed_when_the_stops_time_is_up(image):
    image.scenario("paper", [["ignore", "TERM"], ["login"], ["serve"]])
    container = image.run(LOGIN | {"STOP_TIMEOUT": "8"}, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    assert container.stop(12) == 0
    told, ended = told_and_ended(container)["ibc-paper"]
    assert 2.5 < ended - told < 6, "a short stop is the gateway's above all"
    assert [n.more["signal"] for n in image.notes("signal")] == ["TERM"]
    assert container.matching("warning ibc-paper: did not end in time: killed")
    # The display outlives even a gateway that had to be killed.
    assert not image.notes("display lost")
    assert container.left == []


def test_a_second_term_hurries_and_a_third_kills(image):
    image.scenario("paper", [["ignore", "TERM"], ["login"], ["serve"]])
    container = image.run(LOGIN | {"STOP_TIMEOUT": "60"}, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    container.signal(signal.SIGTERM)
    container.wait_for_line(r"stops \(TERM\)")
    image.wait_for_note("signal")
    container.signal(signal.SIGTERM)
    container.wait_for_line("TERM again: the stop is hurried")
    container.signal(signal.SIGTERM)
    container.wait_for_line("TERM once more: everything is killed")
    assert container.wait_exit(5) == 0
    assert container.left == []


def test_a_second_term_alone_ends_a_gateway_that_hangs_within_seconds(image):
    image.scenario("paper", [["ignore", "TERM"], ["login"], ["serve"]])
    container = image.run(LOGIN | {"STOP_TIMEOUT": "60"})
    container.wait_for_line("ibc-paper: logged in after")
    container.signal(signal.SIGTERM)
    image.wait_for_note("signal")
    container.signal(signal.SIGTERM)
    assert container.wait_exit(10) == 0


def test_an_autorestart_file_does_not_bring_java_back_after_a_stop(image):
    image.scenario("paper", [["login"], ["autorestart_file"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    eventually(lambda: (image.tws / "abcdefgh/autorestart").exists())
    assert container.stop() == 0
    assert image.story().count("java started") == 1
    assert [n.more["signal"] for n in image.notes("signal")] == ["TERM"]


def test_java_that_is_started_again_by_ibcstart_in_the_midst_of_a_stop_is_told_too(image):
    opened = image.gate("exit")
    image.scenario("paper", [["login"], ["autorestart_file"], ["gate", "exit"], ["exit", 0]], [["shutdown_takes", 0.3], ["completed"], ["serve"]])
    container = image.run(LOGIN, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    image.wait_for_note("at the gate")
    opened()
    container.signal(signal.SIGTERM)
    assert container.wait_exit() == 0
    assert container.left == []
    assert not image.notes("display lost")
    for started in image.notes("started", who="java"):
        assert image.notes("ended", who="java")[-1].at >= started.at


def test_a_stop_of_a_waiting_second_factor_is_clean(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("warning ibc-paper: waiting-for-2fa")
    assert container.service("ibc-paper")["why"] == "waits for the second factor"
    assert container.stop() == 0
    assert image.story()[-2:] == ["java signal", "java ended"]


def test_what_left_its_session_and_ignores_term_is_ended_too(image):
    image.scenario("paper", [["stray", 600], ["login"], ["serve"]])
    container = image.run(LOGIN, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    container.process("sleep 600")
    started = time.monotonic()
    assert container.stop(15) == 0
    # The stray holds java's output, which must not keep the gateway's end from being seen.
    assert time.monotonic() - started < 10
    assert container.left == []


def test_a_container_engine_that_asks_twice_within_its_patience_still_gets_0(image):
    image.scenario("paper", [["shutdown_takes", 1], ["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    container.signal(signal.SIGINT)
    container.signal(signal.SIGTERM)
    assert container.wait_exit() == 0
    assert not image.notes("display lost")
