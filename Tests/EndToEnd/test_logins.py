"""Logins that fail, are not confirmed, do not last or are taken over: what each costs, and that nobody's account is locked for it.

Days and weeks pass in the simulated weeks of Tests/Lifecycle; here the budgets are small instead, so that they are spent in a minute.
"""

import re

import pytest

from harness import LOGIN, attempts

ONE = LOGIN | {"LOGIN_BUDGET": "1/hour,2/day"}
TWO = LOGIN | {"LOGIN_BUDGET": "2/hour,2/day"}
WRONG_PASSWORD = [["attempt"], ["refused", "Unrecognized Username or Password"]]


def held(container, pattern, within=60):
    """Waits until paper is held, and returns the reason."""
    container.wait_for_line(f"error +ibc-paper: held: .*{pattern}", within=within)
    service = container.service("ibc-paper")
    assert service["state"] == "held" and service.get("pid") is None
    return service["why"]


def test_a_wrong_password_is_tried_as_often_as_the_budget_lets_and_not_again(image):
    image.scenario("paper", WRONG_PASSWORD)
    container = image.run(TWO)
    why = held(container, "2 logins failed within a day, the last because IBKR does not know the user name or the password")
    assert "or at once by: ibgw resume paper" in why
    tried = attempts(image)
    assert len(tried) == 2 and 30 <= tried[1] - tried[0] < 40
    assert container.ibgw("health").returncode == 1 and why in container.ibgw("health").stdout
    assert container.ibgw("health", "--live").returncode == 0
    assert "paper    login-hold" in container.ibgw("status").stdout and "charged 2/2 in an hour, 2/2 in a day" in container.ibgw("status").stdout
    assert container.stop() == 0


def test_resume_tries_once_and_a_login_that_succeeds_ends_the_hold(image):
    image.scenario("paper", WRONG_PASSWORD, WRONG_PASSWORD, [["login"], ["serve"]])
    container = image.run(ONE)
    held(container, "1 login failed within an hour")
    line = len(container.log())
    assert container.ibgw("resume", "paper").returncode == 0
    container.wait_for_line("error +ibc-paper: held: ", after=line)
    assert container.ibgw("resume").returncode == 0
    image.wait_for_note("logged in")
    assert container.wait_for_state("ibc-paper", "running")
    refused = container.ibgw("resume", "paper")
    assert refused.returncode == 1 and "cannot resume paper: nothing is held" in refused.stderr
    assert container.stop() == 0


@pytest.mark.parametrize("on_exit", ["restart", "exit"])
def test_an_ignored_second_factor_is_asked_for_again_by_us_and_within_the_budget(image, on_exit):
    image.scenario("paper", [["attempt"], ["second_factor"], ["exit", 1111]])
    container = image.run(TWO | {"TWOFA_TIMEOUT_ACTION": "restart", "ON_GATEWAY_EXIT": on_exit})
    held(container, "the last because the second factor was not completed in time")
    assert len(attempts(image)) == 2
    assert container.matching("alert second-factor-wanted") and container.matching("alert hold")
    assert container.stop() == 0


def test_without_a_wish_to_try_again_the_container_ends_with_the_second_factors_code(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["exit", 1111]])
    container = image.run(LOGIN | {"ON_GATEWAY_EXIT": "exit"})
    assert container.wait_exit() == 87
    assert len(attempts(image)) == 1


def test_ibcs_script_is_never_left_to_try_the_second_factor_again_by_itself(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["serve"]])
    container = image.run(LOGIN | {"TWOFA_TIMEOUT_ACTION": "restart"})
    assert "--on2fatimeout=exit" in container.process("ibcstart.sh").command


def test_a_gateway_that_crashes_soon_after_each_login_is_held_after_growing_waits(image):
    image.scenario("paper", [["login"], ["exit", 1]])
    container = image.run(LOGIN)
    why = held(container, "the gateway crashed soon after login 3 times within an hour", within=150)
    assert re.search(r"the last because the gateway ended .* after the login by exit code 1; tried again at \d\d:\d\d UTC", why)
    tried = attempts(image)
    assert len(tried) == 3
    assert 30 <= tried[1] - tried[0] < 40 and 60 <= tried[2] - tried[1] < 76
    budget = container.gateway()["budget"]
    assert (budget["inHour"], budget["inDay"]) == (3, 3)
    line = len(container.log())
    assert container.ibgw("resume", "paper").returncode == 0
    container.wait_for_line("error +ibc-paper: held: the gateway crashed soon after login 4 times within an hour", after=line)
    assert len(attempts(image)) == 4
    assert container.stop() == 0


def test_a_crash_soon_after_login_is_not_repeated_at_once_where_a_session_file_lies_about(image):
    # The script takes any such file for a daily restart.
    image.scenario("paper", [["login"], ["autorestart_file"], ["exit", 1]])
    container = image.run(ONE)
    held(container, "the gateway crashed soon after login once")
    assert len(attempts(image)) == 1
    assert container.stop() == 0


def test_a_loop_of_cold_restarts_each_with_a_login_is_stopped(image):
    # A java takes many seconds before it logs in, in which it can still be ended; the stand-in's fourth takes as long as it is let.
    image.gate("fourth")
    again = [["login"], ["cold_restart_file"], ["exit", 0]]
    image.scenario("paper", again, again, again, [["gate", "fourth"], *again])
    container = image.run(LOGIN)
    container.wait_for_line("ibcstart.sh restarts java .*; it is ended")
    container.wait_for_state("ibc-paper", "backingOff")
    assert len(attempts(image)) <= 3
    assert container.stop() == 0


def test_a_loop_of_sessions_that_are_taken_up_and_lost_at_once_is_stopped(image):
    image.scenario("paper", [["login"], ["autorestart_file"], ["exit", 0]], [["completed"], ["listen"], ["exit", 0]])
    container = image.run(LOGIN)
    container.wait_for_line("ibcstart.sh restarted java 3 times within a minute")
    container.wait_for_state("ibc-paper", "backingOff")
    assert len(attempts(image)) == 1
    assert container.stop() == 0


def test_two_sessions_do_not_fight(image):
    image.scenario("paper", [["login"], ["taken_over"], ["attempt"], ["completed"], ["taken_over"], ["serve"]])
    container = image.run(LOGIN)
    assert "another session of the same user took over twice within 10 min" in held(container, "")
    assert len(attempts(image)) == 2
    assert container.stop() == 0


def test_what_ibkr_asks_to_wait_is_waited_for_even_where_a_person_is_impatient(image):
    image.scenario("paper", [["attempt"], ["say", "IBC: Too many failed login attempts. Please wait 1 minutes & 12 seconds"], ["exit", 0]])
    container = image.run(LOGIN)
    container.wait_for_line("warning ibc-paper: .*; started again in")
    answer = container.ibgw("resume", "paper")
    assert answer.returncode == 0 and re.search(r"waits until \d\d:\d\d UTC, as IBKR asks", answer.stdout)
    answer = container.ibgw("restart", "ibc-paper")
    assert answer.returncode == 0 and "as IBKR asks" in answer.stdout
    assert container.service("ibc-paper")["nextTry"] > 55_000
    assert len(attempts(image)) == 1
    assert container.stop() == 0


def test_a_restart_that_a_person_orders_in_the_middle_of_a_login_does_not_wait(image):
    image.scenario("paper", [["attempt"], ["second_factor"], ["serve"]], [["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("waiting-for-2fa")
    assert container.ibgw("restart", "ibc-paper").returncode == 0
    image.wait_for_note("logged in")
    ended, started = image.notes("ended", who="java")[0].at, image.notes("started", who="java")[1].at
    assert started - ended < 10
    assert container.gateway()["budget"]["inHour"] == 1
    assert container.stop() == 0


def test_a_restart_that_a_person_orders_ends_the_wait_for_the_next_try(image):
    image.scenario("paper", [["attempt"], ["exit", 1]], [["login"], ["serve"]])
    container = image.run(LOGIN)
    container.wait_for_line("warning ibc-paper: .*; started again in")
    assert container.ibgw("restart", "ibc-paper").returncode == 0
    assert image.wait_for_note("logged in").at - image.notes("ended", who="java")[0].at < 20
    assert container.stop() == 0


def test_a_login_that_gets_nowhere_is_ended_and_charged(image):
    # A session of yesterday that IBKR does not take any more: the login window stays, and IBC expects no login.
    image.scenario("paper", [["serve"]])
    container = image.run(ONE | {"LOGIN_TIMEOUT": "60"})
    assert "no login was completed within 60 s" in held(container, "", within=90)
    assert not image.notes("attempt")
    assert [n.more["signal"] for n in image.notes("signal")] == ["TERM"]
    assert container.stop() == 0


def test_one_user_for_both_modes_is_refused_before_anything_starts(image):
    (image.share / "user").write_text("Trader-Of-Live\n")
    environment = LOGIN | {"TRADING_MODE": "both", "TWS_USERID_PAPER_FILE": "/share/user", "TWS_PASSWORD_PAPER": "staple-correct"}
    container = image.run(environment)
    assert container.wait_exit() == 78
    assert container.matching("TWS_USERID_PAPER is the same as TWS_USERID")
    assert not image.notes()
