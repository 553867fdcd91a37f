"""A Docker Engine of the tests' own: its processes, network, mounts, images and containers are gone with it, and it with the tests."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60.0
PREFIX = "ibgw-docker-"
REPOSITORY = Path(__file__).resolve().parents[3]

# Outlives the tests by as long as it takes to clean up. Standard input ends when the tests have, however that happened; with the
# first process of its own pid namespace everything in there ends at once. The lock, descriptor 9, says that the folder is in use.
KEEP = r"""
# In a container with cgroups of version 2, a group that holds processes can have no groups with limits below it.
if [ -e /sys/fs/cgroup/cgroup.type ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  sed 's/ / +/g; s/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
unshare --net --mount --propagation private --pid --fork --kill-child=KILL --mount-proc bash -c "$2" bash "$@" <&0 9>&- &
echo $! >"$1/pid"
wait $!
for _ in {1..50}; do
  find /sys/fs/cgroup -depth -type d -path "*/$3*" -exec rmdir {} + 2>/dev/null
  rm -rf "$1" "$4"
  if [ ! -e "$1" ] && [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "$3")" ]; then exit 0; fi
  sleep 0.1
done
"""

# containerd is started apart, since dockerd would ask for an oom_score that not every machine grants. The engine's /run is its own.
START = r"""
set -e
exec 3<&0
ip link set lo up
mount -t tmpfs tmpfs /run
cat >"$1/containerd.toml" <<TOML
version = 2
root = "$4/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "/run/containerd.sock"
TOML
containerd --config "$1/containerd.toml" >"$1/containerd.log" 2>&1 &
until [ -S /run/containerd.sock ]; do kill -0 $!; sleep 0.05; done
limit=$(ulimit -Hn)
dockerd --data-root "$4/docker" --exec-root /run/docker --pidfile /run/dockerd.pid --host "unix://$1/docker.sock" \
  --containerd /run/containerd.sock --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$3" \
  --default-ulimit "nofile=$limit:$limit" >"$1/dockerd.log" 2>&1 &
cat <&3 >/dev/null &
wait -n
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
    """dockerd and containerd in network, mount and pid namespaces of their own."""

    def __init__(self):
        _sweep()
        # Short, since a socket's path may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/var/tmp"))
        self.cgroup = self.folder.name
        data = _on_a_disk(self.folder)
        with (self.folder / "lock").open("w") as lock, (self.folder / "engine.log").open("w") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(str(data))
            lock.flush()
            self._keeper = subprocess.Popen(
                ["bash", "-c", f"exec 9<&{lock.fileno()} {lock.fileno()}<&-; {KEEP}", "bash", self.folder, START, self.cgroup, data],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, pass_fds=[lock.fileno()], start_new_session=True)
        self.docker_program = "/usr/bin/docker" if os.access("/usr/bin/docker", os.X_OK) else "docker"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_BUILDKIT": "1", "LANG": "C.UTF-8",
        }
        eventually(self._answers, what=lambda: f"dockerd's answer; its log:\n{self.log()}\nwhich")

    def _answers(self):
        assert self._keeper.poll() is None, "the engine ended; its log is gone with it"
        return self.run("version", check=False).returncode == 0

    def log(self):
        return "".join((self.folder / name).read_text(errors="replace")[-3000:] for name in ("engine.log", "dockerd.log")
                       if (self.folder / name).exists())

    def stop(self):
        self._keeper.stdin.close()
        assert self._keeper.wait(60) == 0, f"something keeps {self.folder}, or a control group of that name"

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

    def inside(self, *command, **options):
        """A command of the machine among the engine's processes and in its network, where 127.0.0.1 has the published ports."""
        return subprocess.run(
            [*self._enter(), *map(str, command)], capture_output=True, text=True, timeout=options.pop("within", PATIENCE), **options)

    def spawn_inside(self, *command):
        """The same, in the background for as long as the engine runs."""
        subprocess.Popen([*self._enter(), *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _enter(self):
        entry = f"/proc/{(self.folder / 'pid').read_text().strip()}/ns"
        return ["nsenter", f"--net={entry}/net", f"--mount={entry}/mnt", f"--pid={entry}/pid_for_children"]

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
        return Container(self, self.run(*arguments, image, *command).stdout.strip())


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


def _on_a_disk(folder):
    """Where the engine keeps its images: overlayfs, which a test may itself run on, does not stack on itself."""
    for place in (folder.parent, REPOSITORY / ".build"):
        kind = subprocess.run(["stat", "--file-system", "--format", "%T", place], capture_output=True, text=True).stdout.strip()
        if kind and kind != "overlayfs":
            return place / f"{folder.name}-data" if place != folder.parent else folder
    raise AssertionError("no folder for the engine's images that is not on overlayfs itself")


def _sweep():
    """Removes what an engine has left whose keeper was killed."""
    for lock in Path("/var/tmp").glob(PREFIX + "*/lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for folder in (file.read(), lock.parent):
                shutil.rmtree(folder or lock.parent, ignore_errors=True)
