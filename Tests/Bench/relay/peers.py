"""The relays that are compared: how each is started, and what its process tree uses."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

NGINX_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")

HAPROXY = """
global
  maxconn 4000
  {tuning}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  {options}
listen api
  bind 127.0.0.1:{port} backlog 1024
  server gateway 127.0.0.1:{upstream}
"""

NGINX = """
load_module {module};
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
stream {{
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    proxy_pass 127.0.0.1:{upstream};
    proxy_half_close on;
    proxy_timeout 1h;
  }}
}}
"""


class Peer:
    """A relay under test, or none at all: `direct` is the gateway's own port."""

    def __init__(self, name, port, process=None):
        self.name, self.port, self.process = name, port, process

    @property
    def pid(self):
        return self.process.pid if self.process else 0

    def tree(self):
        """The process and all its descendants."""
        if not self.process:
            return []
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                    todo += [int(word) for word in children.read_text().split()]
        return found

    def cpu(self):
        """Seconds on a processor, children that have ended included."""
        total = 0
        for pid in self.tree():
            # A child may end while it is looked at.
            with contextlib.suppress(OSError):
                for schedstat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                    total += int(schedstat.read_text().split()[0]) / 1e9
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        return total

    def memory(self):
        """Proportional set size in bytes."""
        total = 0
        for pid in self.tree():
            with contextlib.suppress(OSError):
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(rollup.split("\nPss:")[1].split()[0]) * 1024
        return total


class Bench:
    """The gateway's stand-in and every peer that is installed, on given processors."""

    def __init__(self, folder, ibgw, cpus, realtime):
        self.folder, self.ibgw = pathlib.Path(folder), ibgw
        # What everything is started by: it stays on these processors, and before all others where that is wanted.
        self.prefix = (["chrt", "-f", "10"] if realtime else []) + ["taskset", "-c", cpus]
        self.load = self.folder / "load"
        self.processes = []
        self.missing = []
        self.upstream = free_port()
        self.gateway = Peer("gateway", self.upstream, self.start([self.load, "serve", self.upstream], self.upstream))
        self.peers = [Peer("direct", self.upstream)]
        for name, starter in [
            ("ibgw", self._ibgw),
            ("ibgw again", self._ibgw),
            ("socat", self._socat),
            ("HAProxy", lambda: self._haproxy("", "")),
            ("HAProxy splice", lambda: self._haproxy("tune.pipesize 1048576", "option splice-request\n  option splice-response")),
            ("nginx", self._nginx),
        ]:
            try:
                port, process = starter()
                self.peers.append(Peer(name, port, process))
            except FileNotFoundError as error:
                self.missing.append(f"{name}: {error}")

    def start(self, arguments, port):
        log = (self.folder / "peers.log").open("ab")
        process = subprocess.Popen([*self.prefix, *map(str, arguments)], stdout=log, stderr=log)
        self.processes.append(process)
        end = time.monotonic() + 10
        while port and f":{port:04X} 00000000:0000 0A" not in pathlib.Path("/proc/net/tcp").read_text():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"cannot start {arguments[0]}: {(self.folder / 'peers.log').read_text()[-500:]}")
            time.sleep(0.01)
        return process

    def _ibgw(self):
        port = free_port()
        folder = self.folder / f"ibgw-{port}"
        folder.mkdir()
        route = f"live=127.0.0.1:{port},127.0.0.1:{self.upstream}"
        # The limits are lifted, not switched off: every connection is still checked against each of them.
        options = ["--rate", "100000", "--max-clients", "5000", "--idle-timeout", "86400"]
        files = ["--log-dir", folder, "--socket", folder / "relay.sock"]
        return port, self.start([self.ibgw, "relay", "--route", route, *options, *files], port)

    def _socat(self):
        port = free_port()
        return port, self.start([program("socat"), f"TCP-LISTEN:{port},fork", f"TCP:127.0.0.1:{self.upstream}"], port)

    def _haproxy(self, tuning, options):
        port = free_port()
        path = self.folder / f"haproxy-{port}.cfg"
        path.write_text(HAPROXY.format(tuning=tuning, options=options, port=port, upstream=self.upstream))
        return port, self.start([program("haproxy"), "-db", "-f", path], port)

    def _nginx(self):
        port = free_port()
        if not NGINX_MODULE.exists():
            raise FileNotFoundError(f"{NGINX_MODULE} is not installed")
        path = self.folder / "nginx.conf"
        path.write_text(NGINX.format(module=NGINX_MODULE, folder=self.folder, port=port, upstream=self.upstream))
        return port, self.start([program("nginx"), "-c", path], port)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def program(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        raise FileNotFoundError(f"{name} is not installed")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def versions():
    """What the peers call themselves."""
    asked = [("socat", "-V", 1), ("haproxy", "-v", 0), ("nginx", "-v", 0)]
    lines = []
    for name, flag, line in asked:
        with contextlib.suppress(FileNotFoundError, IndexError):
            answer = subprocess.run([program(name), flag], capture_output=True, text=True)
            lines.append((answer.stdout + answer.stderr).splitlines()[line].strip())
    return lines
