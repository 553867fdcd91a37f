"""A Docker Engine of the tests' own: its network, mounts, images and containers are gone with it."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60.0

# containerd is started apart, since dockerd would ask for an oom_score that not every machine grants. The engine's /run is its own.
START = r"""
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
cat >"$1/containerd.toml" <<TOML
version = 2
root = "$1/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "/run/containerd.sock"
TOML
containerd --config "$1/containerd.toml" >"$1/containerd.log" 2>&1 &
until [ -S /run/containerd.sock ]; do kill -0 $!; sleep 0.05; done
limit=$(ulimit -Hn)
dockerd --data-root "$1/docker" --exec-root /run/docker --pidfile "$1/dockerd.pid" --host "unix://$1/docker.sock" \
  --containerd /run/containerd.sock --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs \
  --default-ulimit "nofile=$limit:$limit" >"$1/dockerd.log" 2>&1 &
dockerd=$!
trap 'kill $dockerd' TERM
until wait $dockerd; [ ! -d /proc/$dockerd ]; do :; done
kill %1
wait
"""


class DockerError(Exception):
    """A docker command that failed, with what it printed."""


def eventually(condition, within=PATIENCE, what="the condition"):
    """Waits until `condition()` is true and returns its value."""
    end = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < end, f"{what() if callable(what) else what} did not come within {within} s"
        time.sleep(0.05)
    return value


class Engine:
    """dockerd and containerd in a network and a mount namespace of their own."""

    def __init__(self):
        # Short, since a socket's path may have 107 bytes; on a disk, since overlayfs does not stack on itself.
        self.folder = Path(tempfile.mkdtemp(prefix="ibgw-docker-", dir="/var/tmp"))
        self.containers = []
        self._process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "bash", "-c", START, "bash", str(self.folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_end_with_the_tests)
        program = "/usr/bin/docker" if os.access("/usr/bin/docker", os.X_OK) else "docker"
        self.docker_program = program
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_BUILDKIT": "1", "LANG": "C.UTF-8",
        }
        eventually(self._answers, what=lambda: f"dockerd's answer; its log:\n{self.log()}\nwhich")

    def _answers(self):
        assert self._process.poll() is None, f"dockerd ended: {self._process.stdout.read().decode()}\n{self.log()}"
        return self.run("version", check=False).returncode == 0

    def log(self):
        path = self.folder / "dockerd.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def stop(self):
        for container in self.containers:
            self.run("rm", "--force", "--volumes", container.id, check=False)
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        eventually(lambda: not _remove(self.folder), what="the end of the engine's folder")

    # Commands

    def run(self, *arguments, check=True, within=600, program=None, environment=None, **options):
        """A docker command."""
        command = [program or self.docker_program, *map(str, arguments)]
        result = subprocess.run(
            command, env=self.environment | (environment or {}), stdin=options.pop("stdin", subprocess.DEVNULL),
            capture_output=True, text=True, errors="replace", timeout=within, **options)
        if check and result.returncode:
            raise DockerError(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout + result.stderr}")
        return result

    def inspect(self, thing):
        return json.loads(self.run("inspect", thing).stdout)[0]

    def in_network(self, *command, **options):
        """A command of the machine in the engine's network, where 127.0.0.1 has the published ports."""
        return subprocess.run(
            ["nsenter", f"--net=/proc/{self._process.pid}/ns/net", *map(str, command)],
            capture_output=True, text=True, timeout=options.pop("within", PATIENCE), **options)

    def spawn_in_network(self, *command, **options):
        return subprocess.Popen(["nsenter", f"--net=/proc/{self._process.pid}/ns/net", *map(str, command)], **options)

    def build(self, tag, dockerfile, context, target=None, **arguments):
        """Builds a Dockerfile with the engine's own network, in which the mirror listens."""
        command = ["build", "--progress", "plain", "--network", "host", "--file", dockerfile, "--tag", tag]
        if target:
            command += ["--target", target]
        for name, value in arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        return self.run(*command, context)

    def start(self, image, *command, environment=None, options=(), volumes=()):
        """`docker run --detach`."""
        arguments = ["run", "--detach", *options]
        for name, value in (environment or {}).items():
            arguments += ["--env", f"{name}={value}"]
        for volume in volumes:
            arguments += ["--volume", volume]
        container = Container(self, self.run(*arguments, image, *command).stdout.strip())
        self.containers.append(container)
        return container


class Container:
    """A container of the engine."""

    def __init__(self, engine, name):
        self.engine = engine
        self.id = name

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments, **options: self.engine.run(name, *arguments, self.id, **options)

    @property
    def state(self):
        return self.engine.inspect(self.id)["State"]

    def log(self):
        result = self.engine.run("logs", self.id, check=False)
        return result.stdout + result.stderr

    def execute(self, *command, user=None, check=False):
        options = ["--user", user] if user else []
        return self.engine.run("exec", *options, self.id, *command, check=check)

    def ibgw(self, *arguments, **options):
        return self.execute("ibgw", *arguments, **options)

    def status(self):
        result = self.ibgw("status", "--json")
        assert result.returncode == 0, f"{result.stdout}{result.stderr}\n{self.log()[-3000:]}"
        return json.loads(result.stdout)

    def wait_for_log(self, text, within=PATIENCE):
        eventually(lambda: text in self.log(), within, lambda: f"{text!r} in the log:\n{self.log()[-4000:]}\nwhich")

    def wait_healthy(self, within=PATIENCE):
        """Until `ibgw health` says that every gateway serves."""
        eventually(
            lambda: self.ibgw("health").returncode == 0, within,
            lambda: f"health; it says {self.ibgw('health').stdout} and the log:\n{self.log()[-4000:]}\nhealth")

    def wait_exit(self, within=PATIENCE):
        return int(self.engine.run("wait", self.id, within=within).stdout)

    def stop_gracefully(self, seconds=60):
        """`docker stop`: the exit code, and how long it took in seconds."""
        began = time.monotonic()
        self.engine.run("stop", "--time", seconds, self.id, within=seconds + 30)
        return self.state["ExitCode"], time.monotonic() - began

    def processes(self):
        """Rows of (pid inside, uid, command) of every process."""
        script = (
            'for p in /proc/[0-9]*; do u=$(sed -n "s/^Uid:\\t\\([0-9]*\\).*/\\1/p" $p/status 2>/dev/null) || continue;'
            ' c=$(tr "\\0" " " <$p/cmdline 2>/dev/null) && [ -n "$c" ] && echo "${p#/proc/}|$u|$c"; done')
        rows = self.execute("bash", "-c", script).stdout.splitlines()
        return [(int(pid), int(uid), command.strip()) for pid, uid, command in (r.split("|", 2) for r in rows)]


def _end_with_the_tests():
    """The engine is told to end when the tests' process has, however that ended."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _remove(path):
    """Removes a folder; true where something keeps it."""
    shutil.rmtree(path, ignore_errors=True)
    return path.exists()
