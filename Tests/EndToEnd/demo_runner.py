"""Runs `ibgw demo` in a network namespace of its own, talks to it there, and prints what was seen as JSON.

    demo_runner.py PROGRAM look        connects a client, asks for status and health, and ends it by Ctrl-C
    demo_runner.py PROGRAM faults SEED plays faults in the seed's order, and notes whether health and a real client agree
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

DEADLINE = 60
# Faults under which no new client is served, and one under which it is, though IBKR is not reached.
FAULTS = ["mute", "stuck", "no-accounts", "close-new", "hang-new", "stop-accepting"]


class Demo:
    def __init__(self, program, life=2 * DEADLINE):
        self.program = program
        environment = {**os.environ, "PATH": os.environ.get("DEMO_PATH", os.environ["PATH"])}
        self.process = subprocess.Popen(
            [program, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        threading.Timer(life, self.process.kill).start()
        self.lines = []
        self.await_line("ibc-paper: serving")
        self.banner = "".join(self.lines)
        self.home = re.search(r"in (/tmp/ibgw-demo-\w+)", self.banner)[1]

    def await_line(self, part):
        for line in self.process.stdout:
            self.lines.append(line)
            if part in line:
                return
        raise SystemExit(f"the demo ended without '{part}':\n{''.join(self.lines)}")

    def read_on(self):
        """Goes on reading, so that its log never has to wait for us."""
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def ask(self, *arguments):
        command = [self.program, *arguments, "--run-dir", f"{self.home}/run"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
        return done.returncode, done.stdout

    def tell_gateway(self, line):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(DEADLINE)
            control.connect(f"{self.home}/run/simulator.sock")
            control.sendall(f"{line}\n".encode())
            answer = control.makefile().readline()
        assert answer.startswith("OK"), answer

    def ready(self):
        """The status code of /ready through Caddy."""
        try:
            with urllib.request.urlopen("http://localhost:2019/ready", timeout=DEADLINE) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def is_green(self):
        code, _ = self.ask("health")
        return code == 0

    def await_health(self, green, seconds):
        """How many seconds health took to become so; None when it did not in time. Each look is an exchange with the supervisor."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if self.is_green() == green:
                return round(time.monotonic() - begin, 1)
        return None

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.lines += self.process.stdout.readlines()
        return self.process.wait(DEADLINE)


def client_is_served(timeout):
    from ib_async import IB

    ib = IB()
    try:
        ib.connect("127.0.0.1", 4004, clientId=random.randint(20, 900), timeout=timeout)
        return bool(ib.managedAccounts())
    except Exception:
        return False
    finally:
        ib.disconnect()


def look(program):
    from ib_async import IB, Stock

    demo = Demo(program)
    seen = {"banner": demo.banner}
    ib = IB()
    ib.connect("127.0.0.1", 4004, clientId=7, timeout=DEADLINE)
    seen["accounts"] = ib.managedAccounts()
    seen["bars"] = len(ib.reqHistoricalData(Stock("AAPL", "SMART", "USD"), "", "1 D", "1 hour", "TRADES", True))
    ib.disconnect()
    seen["status"] = json.loads(demo.ask("status", "--json")[1])
    seen["health"] = demo.ask("health")
    if "DEMO_PATH" not in os.environ:
        seen["ready"] = demo.ready()
    seen["code"] = demo.end()
    seen["home_is_gone"] = not Path(demo.home).exists()
    return seen


def faults(program, seed):
    order = random.Random(int(seed)).sample(FAULTS, 3) + ["link-lost"]
    demo = Demo(program, life=600)
    demo.read_on()
    rounds = []
    for fault in order:
        seen = {"fault": fault}
        demo.tell_gateway(f"fault {fault}")
        seen["red_after"] = demo.await_health(False, 90)
        seen["ready_when_red"] = demo.ready()
        gateways = json.loads(demo.ask("status", "--json")[1])["gateways"]
        seen["state"], seen["why"] = gateways[0]["state"], gateways[0]["why"]
        seen["live_when_red"] = demo.ask("health", "--live")[0]
        seen["served_when_red"] = client_is_served(3)
        demo.tell_gateway(f"heal {fault}")
        seen["green_after"] = demo.await_health(True, 90)
        seen["served_when_green"] = client_is_served(10)
        rounds.append(seen)
    demo.process.send_signal(signal.SIGINT)
    return {"rounds": rounds, "code": demo.process.wait(DEADLINE), "log": demo.lines[-200:]}


if __name__ == "__main__":
    program, what, *rest = sys.argv[1:]
    print(json.dumps({"look": look, "faults": faults}[what](program, *rest)))
    sys.stdout.flush()
    os._exit(0)
