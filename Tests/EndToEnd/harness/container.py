"""A running container, and what a test may do with it and see of it."""

import json
import os
import re
import signal as signals
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("namespaces.py")
# A debug build on a busy machine is slow; a test that waits this long has failed.
PATIENCE = 30.0


@dataclass(frozen=True)
class Process:
    """A process of the container: its ids inside and outside, and what anybody could read of it."""

    pid: int
    outside: int
    parent: int
    state: str
    command: tuple[str, ...]
    environment: dict[str, str]

    @property
    def name(self):
        return os.path.basename(self.command[0]) if self.command else ""


@dataclass(frozen=True)
class Act:
    """Something that the test did to the container, with the wall clock's time."""

    at: float
    ends_gateways: bool = False
    starts_gateways: bool = False


def eventually(condition, within=PATIENCE, what="the condition"):
    """Waits until `condition()` is true and returns its value. For what has no event of its own, such as a process's end."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {within} s"
        threading.Event().wait(0.01)


class Container:
    """One run of the program. Everything that waits has a deadline, and says on failure what the log was."""

    def __init__(self, config, directory, capture=True):
        self.config = config
        self.share = Path(directory)
        self.lines = []
        self.acts = []
        self._news = threading.Condition()
        self._at_end = False
        path = self.share / "container.json"
        path.write_text(json.dumps(config))
        report, told = os.pipe()
        output, write_end = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SCRIPT), str(path), str(told)],
            stdin=subprocess.DEVNULL, stdout=write_end, stderr=subprocess.STDOUT, pass_fds=[told],
        )
        os.close(told)
        os.close(write_end)
        self.output = output
        with open(report) as pipe:
            answer = pipe.read().strip()
        if not answer or "error:" in answer:
            self._process.kill()
            raise AssertionError(f"the container did not start: {answer}")
        process_1, program, executed_at, processor = answer.split()
        process_1, self.program_pid = int(process_1), int(program)
        # The wall clock's time and the processor time in nanoseconds at which the program was executed.
        self.executed_at, self.processor_before = float(executed_at), int(processor)
        self.process_1 = process_1
        try:
            self._namespace = os.readlink(f"/proc/{process_1}/ns/pid")
            self.pid = process_1 if self.program_pid == 1 else self._outside(self.program_pid)
        except OSError:
            # A short command may have ended already.
            self._namespace, self.pid = None, process_1
        self._captures = capture
        if capture:
            threading.Thread(target=self._read, daemon=True).start()

    # Output

    def _read(self):
        rest = b""
        while True:
            piece = os.read(self.output, 1 << 16)
            with self._news:
                *lines, rest = (rest + piece).split(b"\n")
                self.lines += [line.decode("utf-8", "surrogateescape") for line in lines]
                if not piece:
                    if rest:
                        self.lines.append(rest.decode("utf-8", "surrogateescape"))
                    self._at_end = True
                self._news.notify_all()
            if not piece:
                return

    def log(self):
        """All that was printed so far."""
        with self._news:
            return list(self.lines)

    def wait_for_line(self, pattern, within=PATIENCE, after=0):
        """The match of the first line from index `after` on that fits; fails when the deadline or the end of the log comes first."""
        expression = re.compile(pattern)
        end = time.monotonic() + within
        index = after
        with self._news:
            while True:
                while index < len(self.lines):
                    found = expression.search(self.lines[index])
                    index += 1
                    if found:
                        return found
                left = end - time.monotonic()
                assert left > 0 and not self._at_end, f"no line like {pattern!r} came; the log:\n{self.tail()}"
                self._news.wait(left)

    def tail(self, count=60):
        return "\n".join(self.lines[-count:])

    def matching(self, pattern):
        """Every match so far, in order."""
        return [found for line in self.log() if (found := re.search(pattern, line))]

    # Processes

    def _outside(self, pid):
        return next(p.outside for p in self.processes(zombies=True) if p.pid == pid)

    def processes(self, zombies=False):
        """Every process of the container."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") != self._namespace:
                    continue
                process = _read_process(entry)
            except OSError:
                continue
            if zombies or process.state != "Z":
                found.append(process)
        inside = {p.outside: p.pid for p in found}
        return [
            Process(p.pid, p.outside, inside.get(p.parent, 0), p.state, p.command, p.environment)
            for p in sorted(found, key=lambda p: p.pid)
        ]

    def process(self, text, within=PATIENCE):
        """The first process whose command line contains the text, waited for."""
        return eventually(
            lambda: next((p for p in self.processes() if text in " ".join(p.command)), None), within, f"a process {text!r}")

    def file(self, path):
        """A path of the container as the machine sees it, while it runs."""
        return Path(f"/proc/{self.process_1}/root{path}")

    def files_with(self, marks, roots):
        """The files below some of the container's folders that hold one of the words; each must be its owner's alone."""
        found = set()
        for root in roots:
            for folder, _, names in os.walk(self.file(root)):
                for path in (os.path.join(folder, name) for name in names):
                    status = os.lstat(path)
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    with open(path, "rb") as file:
                        content = file.read()
                    if any(mark.encode() in content for mark in marks):
                        assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o600, self.config["uid"]), path
                        found.add(os.path.basename(path))
        return found

    # Control

    def signal(self, number):
        self.acts.append(Act(time.time(), ends_gateways=True))
        os.kill(self.pid, number)

    def kill(self, text, number=signals.SIGKILL):
        """Sends a signal to the one process whose command line contains the text, and returns it."""
        process = self.process(text)
        self.acts.append(Act(time.time(), ends_gateways=True))
        os.kill(process.outside, number)
        return process

    def command(self, arguments, uid=None):
        """The command line that runs something in the container, as `docker exec` does."""
        uid = self.config["uid"] if uid is None else uid
        return [
            "nsenter", f"--target={self.process_1}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/",
            f"--setuid={uid}", f"--setgid={self.config['gid']}", "--", *arguments,
        ]

    def execute(self, *arguments, uid=None, within=PATIENCE, environment=None):
        """Runs a program in the container with its environment."""
        given = dict(self.config["environment"]) | (environment or {})
        words = set(arguments)
        if words & {"resume", "start", "stop", "restart"}:
            self.acts.append(Act(time.time(), bool(words & {"stop", "restart"}), bool(words & {"resume", "start", "restart"})))
        return subprocess.run(
            self.command(arguments, uid), env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=within)

    def ibgw(self, *arguments, **options):
        """A subcommand in the container."""
        return self.execute("/usr/local/bin/ibgw", *arguments, **options)

    def status(self):
        """The whole status by `ibgw status --json`."""
        result = self.ibgw("status", "--json")
        assert result.returncode == 0, result.stderr + self.tail()
        return json.loads(result.stdout)

    def gateway(self, mode=None):
        """A gateway of the status; the first one where no mode is named."""
        return next(g for g in self.status()["gateways"] if mode in (None, g["mode"]))

    def service(self, name):
        """One service of the status."""
        return next(s for s in self.status()["services"] if s["name"] == name)

    def wait_for_state(self, name, state, within=PATIENCE):
        """Waits until a service is in a state."""
        return eventually(
            lambda: (s := self.service(name))["state"] == state and s, within, f"{name} {state}; the log:\n{self.tail()}\nthat")

    # End

    def wait_exit(self, within=PATIENCE):
        """The exit code, as `docker wait` would print it."""
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within} s; the log:\n{self.tail()}") from None
        self._read_to_end()
        return code

    def _read_to_end(self):
        with self._news:
            self._news.wait_for(lambda: self._at_end or not self._captures, 5)

    def stop(self, within=PATIENCE):
        """`docker stop`: TERM, and the exit code."""
        self.signal(signals.SIGTERM)
        return self.wait_exit(within)

    @property
    def is_running(self):
        return self._process.poll() is None

    def destroy(self):
        """Ends everything at once."""
        if self.is_running:
            os.kill(self.process_1, signals.SIGKILL)
            self._process.wait(10)
        self._read_to_end()
        if self.left is not None:
            assert self.left == [], f"these were left behind: {self.left}\n{self.tail()}"

    @property
    def left(self):
        """What the program left behind where an init could see it; None without an init or before the end."""
        path = self.share / "left.json"
        return json.loads(path.read_text()) if path.exists() else None


def _read_process(entry):
    stat = Path(f"/proc/{entry}/stat").read_bytes()
    state, parent = stat[stat.rindex(b")") + 2:].split()[:2]
    inside = next(
        line for line in Path(f"/proc/{entry}/status").read_text(errors="replace").splitlines() if line.startswith("NSpid:"))
    command = Path(f"/proc/{entry}/cmdline").read_bytes()
    try:
        variables = Path(f"/proc/{entry}/environ").read_bytes()
    except OSError:
        variables = b""
    text = lambda raw: raw.decode("utf-8", "surrogateescape")
    environment = dict(text(v).split("=", 1) for v in variables.split(b"\0") if b"=" in v)
    words = tuple(text(w) for w in command.removesuffix(b"\0").split(b"\0")) if command else ()
    return Process(int(inside.split()[-1]), int(entry), int(parent), state.decode(), words, environment)
