"""However the tests end, nothing of their engine stays: no process, no mount, no network, no control group, no folder."""

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from imaging import eventually

HERE = Path(__file__).parent
# Another engine than the other tests', with a container that goes on until it is ended.
TESTS = """
import sys
from imaging import Engine
engine = Engine()
engine.run("import", sys.argv[1], "alone")
container = engine.start("alone", "/ibgw", "simulate", "--port", "4002")
print(engine.folder, container.id, flush=True)
container.wait_exit(within=600)
"""


@pytest.fixture(scope="module")
def root(binary, tmp_path_factory):
    path = tmp_path_factory.mktemp("alone") / "root.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(binary, "ibgw")
    return path


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["by Ctrl-C", "killed"])
def test_nothing_stays_of_an_engine_whose_tests_have_ended(root, end):
    tests = subprocess.Popen(
        [sys.executable, "-c", TESTS, str(root)], cwd=HERE, env=os.environ | {"PYTHONPATH": str(HERE)}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    folder, container = tests.stdout.readline().split()
    assert set(found(folder, container)) == {"folder", "processes", "control groups"}
    tests.send_signal(end)
    tests.wait(30)
    eventually(lambda: not found(folder, container), within=30, what=lambda: f"the end of {found(folder, container)}")


def found(folder, container):
    """What is there of an engine, by what kind of thing it is."""
    name, here = Path(folder).name, str(os.getpid())
    processes = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != here and names(pid, (name, container))]
    seen = {
        "folder": Path(folder).exists(),
        "processes": processes,
        "mounts": name in Path("/proc/self/mounts").read_text(),
        "control groups": subprocess.run(
            ["find", "/sys/fs/cgroup", "-type", "d", "-name", name], capture_output=True, text=True).stdout.split(),
    }
    return {kind: what for kind, what in seen.items() if what}


def names(pid, words):
    """Whether a process has one of these in its command or among its mounts: then it is in the engine's namespaces."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace") + Path(f"/proc/{pid}/mounts").read_text()
    except OSError:
        return False
    return any(word in text for word in words)
