"""Orphans: a process 1 collects what nobody else does, however many there are."""

import re

from faults import orphan_storm, zombies
from harness import LOGIN, eventually


def test_thousands_of_orphans_are_collected_and_none_is_left(image):
    container = orphan_storm(image, 3000)
    container.wait_for_line("ibc-paper: logged in after")
    # While it blows the supervisor goes on answering.
    eventually(lambda: container.status()["orphansReaped"] > 100)
    assert container.service("ibc-script:storm.sh")["state"] == "running"
    container.wait_for_line("ibc-script:storm.sh: the storm is over")
    container.wait_for_line("ibc-script:storm.sh: ended after")
    assert eventually(lambda: container.status()["orphansReaped"] >= 3000)
    eventually(lambda: not zombies(container), what="the end of the last zombie")
    assert container.service("ibc-paper")["state"] == "running"
    assert container.stop() == 0
    counted = int(re.search(r"(\d+) orphans were collected", container.log()[-1])[1])
    assert counted >= 3000


def test_a_process_that_docker_exec_leaves_behind_is_collected(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    before = container.status()["orphansReaped"]
    assert container.execute("bash", "-c", "(setsid sleep 0.1 >/dev/null 2>&1 &)").returncode == 0
    eventually(lambda: container.status()["orphansReaped"] > before)
    assert not zombies(container)


def test_orphans_below_another_init_come_to_us(image):
    image.script("ibc_scripts", "stray.sh", "(setsid bash -c 'sleep 0.1; exec sleep 603' >/dev/null 2>&1 &)\n")
    container = image.run(LOGIN | {"IBC_SCRIPTS": "ibc_scripts"}, init=True)
    stray = container.process("sleep 603")
    supervisor = container.status()["pid"]
    assert supervisor != 1
    eventually(lambda: next(p.parent for p in container.processes() if p.pid == stray.pid) == supervisor)
    assert container.stop() == 0
    assert container.left == []


def test_a_stopped_process_does_not_hold_up_the_end(image):
    image.script("ibc_scripts", "stopped.sh", "setsid bash -c 'kill -STOP $$' >/dev/null 2>&1 &\n")
    container = image.run(LOGIN | {"IBC_SCRIPTS": "ibc_scripts"}, init=True)
    container.wait_for_line("ibc-paper: logged in after")
    eventually(lambda: [p for p in container.processes() if p.state == "T"])
    assert container.stop(15) == 0
    assert container.left == []
