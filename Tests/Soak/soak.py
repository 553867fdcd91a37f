"""The parts of the soak: the container, the clients in it, what is measured, and who is killed."""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

from harness import LOGIN, Image, eventually

HERE = Path(__file__).resolve().parent
PORT = 4004
# By what the processes are known in the container, and how far apart two of their deaths are, in seconds: beyond that their failures
# are forgotten. The display is not among them, since the gateway draws on it.
VICTIMS = {
    "probe": (" probe --report-readiness", 12), "web": (" web --report-readiness", 12), "caddy": ("caddy run", 65),
    "x11vnc": ("x11vnc ", 65)}
OURS = {"supervisor": "/ibgw run", "relay": " relay --report-readiness", "probe": VICTIMS["probe"][0], "web": VICTIMS["web"][0]}


def make_image(folder, binary):
    image = Image(folder, binary)
    runtime = image.installation / "jre/bin"
    shutil.move(runtime / "gateway.py", runtime / "standin.py")
    shutil.copy(HERE / "echoing_gateway.py", runtime / "gateway.py")
    shutil.copy(HERE / "clients.py", image.share / "clients.py")
    return image


def start(image):
    container = image.run(LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word"})
    container.wait_for_line("ibc-paper: logged in after")
    for name in ("relay", *VICTIMS):
        container.wait_for_state(name, "running")
    eventually(lambda: container.gateway()["state"] == "serving", what="a gateway that serves")
    return container


class Clients:
    """The clients' process, and what they told last."""

    def __init__(self, container, **options):
        self.sums = {}
        command = container.command(["python3", "/share/clients.py", json.dumps({"port": PORT} | options)])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.sums = json.loads(line)

    @property
    def runs(self):
        return self.process.poll() is None

    def finish(self, within=60):
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.reader.join(10)
        error = self.process.stderr.read()
        assert self.process.returncode == 0 and self.sums.get("done"), f"the clients failed: {error[-2000:]}"
        return self.sums


class Samples:
    """Memory, descriptors, threads and pipes of each process of ours, by its name and process id. The relay's pipes are no part of its
    descriptors: it has them as it needs them, two for a connection that carries bulk, and keeps a few for the next ones."""

    def __init__(self, container):
        self.container = container
        self.taken = {}

    def take(self):
        processes = self.container.processes()
        for name, text in OURS.items():
            process = next((p for p in processes if text in " ".join(p.command)), None)
            if process is None:
                continue
            folder = Path(f"/proc/{process.outside}")
            try:
                status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
                targets = [os.readlink(descriptor) for descriptor in (folder / "fd").iterdir()]
                pipes = sum(target.startswith("pipe:") for target in targets) if name == "relay" else 0
                row = (
                    time.monotonic(), int(status["RssAnon"].split()[0]), len(targets) - pipes, int(status["Threads"]), pipes // 2)
            except (OSError, KeyError):
                continue
            self.taken.setdefault((name, process.pid), []).append(row)

    def longest(self, name):
        """The samples of that process of this name that lived longest."""
        return max((rows for (who, _), rows in self.taken.items() if who == name), key=len, default=[])


def growth(rows):
    """How memory (KB) and descriptors differ between the second and the last quarter of a life, and the slope in KB a minute."""
    quarter = max(1, len(rows) // 4)
    early, late = rows[quarter:2 * quarter] or rows[:1], rows[-quarter:]
    memory = statistics.median(r[1] for r in late) - statistics.median(r[1] for r in early)
    descriptors = statistics.median(r[2] for r in late) - statistics.median(r[2] for r in early)
    minutes = max(1e-9, (late[0][0] - early[0][0]) / 60)
    return memory, descriptors, memory / minutes


class Killer:
    """Kills one service after the other, each only when it has been up again for long enough."""

    def __init__(self, container, seed):
        self.container, self.dice = container, random.Random(seed)
        self.killed = Counter()
        self.due = {name: time.monotonic() + self.dice.uniform(1, spacing) for name, (_, spacing) in VICTIMS.items()}

    def look(self, spared=()):
        for name, (text, spacing) in VICTIMS.items():
            if name in spared or time.monotonic() < self.due[name]:
                continue
            victim = next((p for p in self.container.processes() if text in " ".join(p.command)), None)
            if victim is None:
                continue
            os.kill(victim.outside, signal.SIGKILL)
            self.killed[name] += 1
            self.due[name] = time.monotonic() + spacing + self.dice.uniform(0, 5)


def steady(container, seconds, connections, rate, seed):
    """Everything but the gateway, its display and the relay is killed; no connection may notice."""
    samples, killer = Samples(container), Killer(container, seed)
    clients = Clients(container, connections=connections, seconds=seconds, rate=rate, reconnects=False)
    begun = time.monotonic()
    while clients.runs:
        samples.take()
        # In the last two fifths the processes of ours live on, so that there is something to be measured.
        killer.look(spared=("probe", "web") if time.monotonic() - begun > seconds * 0.6 else ())
        threading.Event().wait(0.5)
        assert time.monotonic() - begun < seconds + 90, "the clients do not come to their end"
    return clients.finish(), samples, killer.killed


def relay_killed(container, seconds, connections, rate):
    """The relay itself is killed. What was connected is lost by that; what connects again has to be served at once."""
    clients = Clients(container, connections=connections, seconds=seconds, rate=rate, reconnects=True)
    kills, waits = 0, []
    end = time.monotonic() + seconds - 6
    eventually(lambda: clients.sums.get("connected") == connections, what="every client's connection")
    while time.monotonic() < end:
        before = clients.sums["connects"]
        container.kill(OURS["relay"])
        kills += 1
        killed_at = time.monotonic()
        eventually(
            lambda: clients.sums["connects"] >= before + connections and clients.sums["connected"] == connections,
            what="every client's next connection")
        waits.append(time.monotonic() - killed_at)
        # Four at short intervals, then a life that is long enough for its failures to be forgotten.
        threading.Event().wait(4 if kills % 4 else 12)
    return clients.finish(), kills, waits
