"""That the harness itself notices what costs a login: it judges every test with the stand-in of IBC."""

import os
import signal

import pytest

from harness import LOGIN, Act, attempts, eventually, violations


@pytest.mark.parametrize(("number", "words"), [(signal.SIGTERM, "was told to end"), (signal.SIGKILL, "was killed")], ids=["TERM", "KILL"])
def test_a_serving_gateway_that_somebody_ends_is_noticed(image, number, words):
    container = image.run(LOGIN)
    image.wait_for_note("listens")
    assert violations(image) == []
    java = container.process("gateway.py")
    os.kill(java.outside, number)
    eventually(lambda: java.pid not in [p.pid for p in container.processes()], what="java's end")
    found = violations(image)
    assert len(found) == 1 and words in found[0]
    container.acts.append(Act(0, ends_gateways=True))
    assert violations(image) == []


def test_a_login_too_many_is_noticed(image):
    image.scenario("paper", [["attempt"], ["exit", 1111]])
    container = image.run(LOGIN | {"LOGIN_BUDGET": "1/hour,1/day"})
    container.wait_for_line("held: ")
    assert violations(image) == []
    assert container.ibgw("resume").returncode == 0
    eventually(lambda: len(attempts(image)) == 2, what="the second login")
    assert violations(image) == []
    resumed = container.acts.pop()
    found = violations(image)
    assert len(found) == 1 and "2 logins were tried by paper where 1 may be" in found[0]
    container.acts.append(resumed)
