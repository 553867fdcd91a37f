"""`ibgw demo`, as somebody runs it who has just cloned the repository. Each runs in a network namespace of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

DEADLINE = 60


def namespaced(*arguments, environment=None):
    """Runs this file as a program in a network namespace of its own, and returns what it prints as JSON."""
    command = 'ip link set lo up && exec "$0" "$@"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", command, sys.executable, __file__, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def test_the_demo_serves_a_client_through_the_relay_and_ends_cleanly_on_ctrl_c(binary):
    seen = namespaced(binary, "all")
    assert seen["accounts"] == ["DU1234567"]
    assert seen["bars"] > 0
    assert seen["ready"] == [200, "OK\n"]
    assert seen["health"] == [0, "OK\n"]
    states = {service["name"]: service["state"] for service in seen["status"]["services"]}
    wanted = ["caddy", "ibc-paper", "probe", "relay", "web", "x11vnc", "xvfb"]
    assert states == {name: "running" for name in wanted}
    assert [gateway["state"] for gateway in seen["status"]["gateways"]] == ["serving"]
    assert seen["code"] == 0
    assert seen["home_is_gone"]
    assert "127.0.0.1:4004" in seen["banner"]


def test_the_demo_says_what_is_not_installed_and_runs_without_it(binary, tmp_path):
    for program in ["bash", "sh", "env"]:
        (tmp_path / program).symlink_to(shutil.which(program))
    seen = namespaced(binary, "bare", environment={"DEMO_PATH": str(tmp_path)})
    for program in ["Xvfb", "x11vnc", "caddy"]:
        assert re.search(rf"^  {program} is not installed, so .*apt-get install", seen["banner"], re.MULTILINE)
    assert seen["accounts"] == ["DU1234567"]
    states = {service["name"]: service["state"] for service in seen["status"]["services"]}
    assert states == {name: "running" for name in ["ibc-paper", "probe", "relay"]}
    assert seen["code"] == 0


# What runs in the namespace.


class Demo:
    def __init__(self, binary, path):
        environment = {**os.environ, "PATH": path or os.environ["PATH"]}
        self.process = subprocess.Popen(
            [binary, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        threading.Timer(2 * DEADLINE, self.process.kill).start()
        self.lines = []

    def await_line(self, part):
        for line in self.process.stdout:
            self.lines.append(line)
            if part in line:
                return
        raise SystemExit(f"the demo ended without '{part}':\n{''.join(self.lines)}")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.lines += self.process.stdout.readlines()
        return self.process.wait(DEADLINE)


def main(binary, what):
    from ib_async import IB, Stock

    demo = Demo(binary, os.environ.get("DEMO_PATH"))
    demo.await_line("ibc-paper: serving")
    banner = "".join(demo.lines)
    home = re.search(r"in (/tmp/ibgw-demo-\w+)", banner)[1]
    seen = {"banner": banner}

    ib = IB()
    ib.connect("127.0.0.1", 4004, clientId=7, timeout=DEADLINE)
    seen["accounts"] = ib.managedAccounts()
    seen["bars"] = len(ib.reqHistoricalData(Stock("AAPL", "SMART", "USD"), "", "1 D", "1 hour", "TRADES", True))
    ib.disconnect()

    def ask(*arguments):
        done = subprocess.run([binary, *arguments, "--run-dir", f"{home}/run"], capture_output=True, text=True)
        return done.returncode, done.stdout

    seen["status"] = json.loads(ask("status", "--json")[1])
    seen["health"] = ask("health")
    if what == "all":
        with urllib.request.urlopen("http://localhost:2019/ready", timeout=DEADLINE) as answer:
            seen["ready"] = [answer.status, answer.read().decode()]
    seen["code"] = demo.end()
    seen["home_is_gone"] = not Path(home).exists()
    print(json.dumps(seen))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
