"""Taking samples: interleaved, in rotated order, and marked when the machine was busy with something else."""

import collections
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time

from peers import free_port

# A sample is dirty when other processes used more than this share of one processor meanwhile.
OTHERS = 0.12


def busy():
    """The seconds that all processors together have worked."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")


class Sampler:
    """Takes samples of each peer until enough of them are clean, or the patience is over."""

    def __init__(self, bench, rounds, patience):
        self.bench, self.rounds, self.patience = bench, rounds, patience
        self.clean = self.total = 0

    def run(self, *arguments):
        """One run of the load generator: its answer, with the peer's processor time, and whether it was clean."""
        command = [*self.bench.prefix, str(self.bench.load), *map(str, arguments)]
        before_all, before_time = busy(), time.monotonic()
        before_ours = ours(self.bench)
        result = subprocess.run(command, capture_output=True, text=True)
        used = resource_children() + ours(self.bench) - before_ours
        others = busy() - before_all - used
        if result.returncode != 0:
            return None, False
        return json.loads(result.stdout), others <= OTHERS * (time.monotonic() - before_time)

    def each(self, what, peers=None, rounds=None):
        """Samples by the peer's name; `what(peer)` gives the load generator's arguments."""
        peers = peers or self.bench.peers
        rounds = rounds or self.rounds
        samples = collections.defaultdict(list)
        dirty = collections.defaultdict(list)
        for turn in range(rounds * self.patience):
            order = [peers[(turn + shift) % len(peers)] for shift in range(len(peers))]
            waiting = [peer for peer in order if len(samples[peer.name]) < rounds]
            if not waiting:
                break
            for peer in waiting:
                resource_children()
                cpu = peer.cpu()
                sample, is_clean = self.run(*what(peer))
                if sample is None:
                    continue
                sample["cpu"] = peer.cpu() - cpu
                self.total += 1
                self.clean += is_clean
                (samples if is_clean else dirty)[peer.name].append(sample)
        # On a machine that is never idle the dirty samples are better than none; the count says so.
        return {peer.name: samples[peer.name] or dirty[peer.name] for peer in peers}


_children = [0.0]


def resource_children():
    """The processor time of the load generators that have ended since the last call."""
    times = os.times()
    total = times.children_user + times.children_system
    spent, _children[0] = total - _children[0], total
    return spent


def ours(bench):
    """The processor time of the gateway's stand-in and of all peers."""
    return bench.gateway.cpu() + sum(peer.cpu() for peer in bench.peers)


def median(samples, value):
    values = [value(sample) for sample in samples]
    return statistics.median(values) if values else None


def round_trips(bench, kind, blocks, trips):
    """64-byte round trips: by name, the quantiles in microseconds and the relay's processor time for each."""
    targets = [f"{peer.name}:{peer.port}:{peer.pid}" for peer in bench.peers]
    command = [*bench.prefix, str(bench.load), kind, str(blocks), str(trips), *targets]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"cannot measure round trips: {result.stderr}")
    return {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}


def system_calls(bench, peer, trips=2000):
    """System calls for each round trip of one connection, as strace counts them; None without strace."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as counts:
        attach = [word for pid in peer.tree() for word in ("-p", str(pid))]
        try:
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", counts.name, *attach], stderr=subprocess.PIPE, text=True)
        except FileNotFoundError:
            return None
        if "attached" not in tracer.stderr.readline():
            return None
        subprocess.run([bench.load, "rtt", "1", str(trips // 2), f"x:{peer.port}:0"], capture_output=True)
        tracer.terminate()
        tracer.wait()
        total = re.search(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)(?:\s+\d+)?\s+total", counts.read(), re.M)
    return int(total[1]) / trips if total else None


def accepts(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def listening_delays(bench, times):
    """Seconds from the gateway's listener to the relay's, for a relay that has waited for it."""
    folder = bench.folder / "waiting"
    folder.mkdir()
    gateway, port = free_port(), free_port()
    command = [*bench.prefix, bench.ibgw, "relay", "--route", f"live=127.0.0.1:{port},127.0.0.1:{gateway}"]
    relay = subprocess.Popen([*command, "--log-dir", folder, "--rate", "100000"], stderr=subprocess.DEVNULL)
    delays = []
    for turn in range(times):
        # Each time at another moment of the relay's look every 200 ms.
        time.sleep(0.5 + 0.2 * turn / times)
        with socket.create_server(("127.0.0.1", gateway)):
            began = time.monotonic()
            while not accepts(port):
                if time.monotonic() - began > 10:
                    raise SystemExit("cannot measure: the relay does not listen")
                time.sleep(0.001)
            delays.append(time.monotonic() - began)
        while accepts(port):
            time.sleep(0.05)
    relay.terminate()
    relay.wait()
    return delays


def memory(bench, peer, connections):
    """The peer's memory in bytes, idle and with each number of open connections."""
    figures = [peer.memory()]
    for count in connections:
        holder = subprocess.Popen(
            [bench.load, "hold", str(peer.port), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        answered = holder.stdout.readline()
        # What the handshakes needed is given back within the announcement's two seconds.
        time.sleep(2.5)
        figures.append(peer.memory() if answered else None)
        holder.stdin.close()
        holder.wait()
    return figures
