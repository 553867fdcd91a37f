"""What outlives a container: the budget beside the settings, whatever the clock or a disk does to it, and the session."""

import json
import os
import time

import pytest

from harness import LOGIN, attempts, eventually

ONE = LOGIN | {"LOGIN_BUDGET": "1/hour,2/day"}
YEAR = 365 * 86_400_000
HOUR = 3_600_000


def record(image, mode="paper"):
    return image.tws / f".ibgw/{mode}.json"


def spend(image):
    """A container that ends with its budget spent."""
    image.scenario("paper", [["attempt"], ["exit", 1111]], [["login"], ["serve"]])
    container = image.run(ONE)
    container.wait_for_line("error +ibc-paper: held: ")
    assert container.stop() == 0
    assert len(attempts(image)) == 1


def next_try(image, **options):
    """Starts the next container on the same volume: for how long it is held, in ms; None where it is not."""
    container = image.run(ONE, **options)
    container.wait_for_line("xvfb: ready")
    service = eventually(lambda: (s := container.service("ibc-paper"))["state"] != "waiting" and s, what="the gateway's turn")
    wait = service["nextTry"] if service["state"] == "held" else None
    if wait is not None:
        assert "ibgw resume paper" in service["why"]
        assert not [n for n in image.notes("started", who="ibcstart") if n.at > container.executed_at]
    return container, wait


def shift(image, by, boot=None):
    """What the record looks like to a clock that has jumped by so many ms since it was written; by default after a boot of the machine."""
    path = record(image)
    text = json.loads(path.read_text())
    text["boot"] = boot or "another"
    text["written"]["wall"] -= by
    for name in ("notBefore", "stoppedAt"):
        if name in text:
            text[name] -= by
    for charge in text["charges"]:
        charge["at"] -= by
    path.write_text(json.dumps(text))


def test_a_container_that_is_restarted_in_the_hold_does_not_try_again(image):
    spend(image)
    waits = []
    for _ in range(3):
        container, wait = next_try(image)
        waits.append(wait)
        assert container.stop() == 0
    assert HOUR - 60_000 < waits[-1] < waits[0] < HOUR
    assert len(attempts(image)) == 1


def test_a_container_that_is_killed_in_the_middle_of_a_login_does_not_try_again_at_once(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["serve"]])
    container = image.run(ONE)
    container.wait_for_line("waiting-for-2fa")
    container.destroy()
    _, wait = next_try(image)
    assert wait is not None
    assert len(attempts(image)) == 1


@pytest.mark.parametrize("jump", [-10 * YEAR, -2 * HOUR, 0], ids=["years behind", "hours behind", "right"])
def test_a_clock_that_is_behind_neither_forgets_nor_locks_for_ever(image, jump):
    spend(image)
    shift(image, jump)
    _, wait = next_try(image)
    assert HOUR - 60_000 < wait <= HOUR


@pytest.mark.parametrize("jump", [-10 * YEAR, 10 * YEAR], ids=["behind", "ahead"])
def test_within_a_boot_of_the_machine_the_clock_may_jump_by_years(image, jump):
    spend(image)
    shift(image, jump, boot=json.loads(record(image).read_text())["boot"])
    _, wait = next_try(image)
    assert HOUR - 60_000 < wait <= HOUR


@pytest.mark.parametrize("text", ["", "\0\0\0", '{"format": 1}', '{"format": 99, "charges": []}'], ids=["empty", "noughts", "cut", "foreign"])
def test_a_record_that_cannot_be_understood_counts_as_all_spent(image, text):
    spend(image)
    record(image).write_text(text)
    container, wait = next_try(image)
    assert 23 * HOUR < wait <= 24 * HOUR
    assert container.matching("error +ibgw: cannot know what earlier logins cost: .* it may all be spent, so no login is tried for a day")
    assert len(list(record(image).parent.glob("paper.json.corrupt-*"))) == 1
    assert container.stop() == 0
    # The next one knows as much.
    container, wait = next_try(image)
    assert 23 * HOUR < wait <= 24 * HOUR
    assert container.ibgw("resume", "paper").returncode == 0
    image.wait_for_note("logged in")
    assert container.stop() == 0


def test_a_record_that_may_not_be_read_counts_as_all_spent(image):
    spend(image)
    record(image).chmod(0)
    container, wait = next_try(image)
    assert 23 * HOUR < wait <= 24 * HOUR
    assert container.matching("cannot know what earlier logins cost: cannot read .*permission is denied to uid 1000; make it readable")


def test_a_volume_that_cannot_be_written_is_said_and_the_run_directory_keeps_the_budget(image):
    record(image).parent.mkdir(mode=0o555)
    run = image.directory / "run"
    run.mkdir()
    binds = [(run, "/run/ibgw")]
    image.scenario("paper", [["attempt"], ["exit", 1111]], [["login"], ["serve"]])
    os.chown(run, 1000, 1000)
    container = image.run(ONE, binds=binds)
    container.wait_for_line("error +ibc-paper: held: ")
    said = container.matching("warning ibc-paper: cannot keep what the logins cost beside the settings: .*make /home/ibgateway/Jts/.ibgw writable")
    assert len(said) == 1
    assert container.stop() == 0
    _, wait = next_try(image, binds=binds)
    assert wait is not None
    assert len(attempts(image)) == 1


# The session

PAUSE = LOGIN | {"ON_STOP": "pause"}
TAKES_UP = [["forget_autorestart_file"], ["completed"], ["listen"], ["serve"]]


def test_a_stop_that_pauses_leaves_a_session_that_the_next_start_takes_up_without_a_login(image):
    image.scenario("paper", [["login"], ["command_server"], ["serve"]], TAKES_UP)
    container = image.run(PAUSE)
    container.wait_for_line("ibc-paper: logged in after")
    assert container.stop() == 0
    assert [n.more["command"] for n in image.notes("command")] == ["PAUSE"], container.tail()
    assert container.matching("ibc-paper: the session is kept in .*/abcdefgh/autorestart: the next start needs no login")
    container = image.run(PAUSE)
    container.wait_for_line("ibc-paper: logged in after")
    assert "-Drestart=abcdefgh" in image.notes("started", who="java")[1].more["arguments"]
    assert len(attempts(image)) == 1
    assert container.stop() == 0


def test_a_stop_that_pauses_and_leaves_no_session_says_so(image):
    image.scenario("paper", [["login"], ["command_server", False], ["serve"]])
    container = image.run(PAUSE)
    container.wait_for_line("ibc-paper: logged in after")
    assert container.stop() == 0
    assert container.matching("warning ibc-paper: no session was kept in .*: the next start needs a full login")


def session_file(image, folder, age):
    path = image.tws / folder / "autorestart"
    path.parent.mkdir()
    path.write_text("encrypted\n")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_session_older_than_the_last_stop_is_moved_aside_and_a_full_login_follows(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    assert container.stop() == 0
    stale = session_file(image, "abcdefgh", 3600)
    container = image.run(LOGIN)
    container.wait_for_line("warning ibc-paper: the session in .* is not used: it is older than the last stop; it is kept as ")
    image.wait_for_note("logged in", count=2)
    assert not stale.exists() and len(list(stale.parent.glob("autorestart.stale-*"))) == 1
    assert not any(a.startswith("-Drestart") for a in image.notes("started", who="java")[-1].more["arguments"])
    assert container.stop() == 0


def test_of_two_sessions_neither_is_used_nor_deleted(image):
    files = [session_file(image, folder, 1) for folder in ("abcdefgh", "ijklmnop")]
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    assert len(container.matching("is not used: there are 2, and none tells which is the right one")) == 2
    assert all(list(file.parent.glob("autorestart.stale-*")) for file in files)
    assert container.stop() == 0


def test_daily_restarts_cost_nothing(image):
    opened = [image.gate(name) for name in ("one", "two")]
    image.scenario(
        "paper", [["login"], ["gate", "one"], ["autorestart_file"], ["exit", 0]],
        [["forget_autorestart_file"], ["completed"], ["listen"], ["gate", "two"], ["autorestart_file"], ["exit", 0]], TAKES_UP)
    container = image.run(LOGIN)
    for count, gate in enumerate(opened, 1):
        image.wait_for_note("listens", count=count)
        gate()
    image.wait_for_note("logged in", count=3)
    container.wait_for_state("ibc-paper", "running")
    assert len(attempts(image)) == 1
    assert container.gateway()["budget"]["inDay"] == 0
    assert not container.matching("alert")
    assert container.stop() == 0
    assert not json.loads(record(image).read_text())["charges"]
