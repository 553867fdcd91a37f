"""Faults for a running container, and the eyes to see what becomes of them."""

import ctypes
import os
import re
import signal
import socket
import threading
import time

from harness import LOGIN, eventually

# Swift's own backtracer, where it is installed, would have its handlers in place before the program has its own.
WITH_VNC = LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word", "SWIFT_BACKTRACE": "enable=no"}
SERVICES = ("web", "caddy", "xvfb", "x11vnc", "relay", "probe", "ibc-paper")
# What stands in the command line of each service's first process.
COMMANDS = {
    "relay": " relay --report", "probe": " probe --report", "web": " web --report", "caddy": "caddy run", "xvfb": "Xvfb",
    "x11vnc": "x11vnc", "ibc-paper": "ibcstart.sh",
}
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def all_are_up(container, names=SERVICES):
    """Waits until every service runs and the gateway serves."""
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("ibc-paper: serving")
    for name in names:
        container.wait_for_state(name, "running")


def services(container):
    """What must not change for a service that a fault does not concern: its process, its state and how often it was started."""
    return {s["name"]: (s["pid"], s["state"], s["restarts"]) for s in container.status()["services"]}


def untouched(container, before, *but):
    """Every other service has the process that it had."""
    after = services(container)
    assert {n: s for n, s in after.items() if n not in but} == {n: s for n, s in before.items() if n not in but}


def orphan_storm(image, count):
    """A container in which a script of the user leaves `count` orphans behind."""
    lines = [
        "import os", f"for _ in range({count}):", "    pid = os.fork()", "    if pid == 0:", "        if os.fork() == 0:",
        "            os.setsid()", "        os._exit(0)", "    os.waitpid(pid, 0)", "print('the storm is over')",
    ]
    image.script("ibc_scripts", "storm.sh", "\n".join(["exec python3 - <<'END'", *lines, "END", ""]))
    return image.run(LOGIN | {"IBC_SCRIPTS": "ibc_scripts"})


def zombies(container):
    return [p for p in container.processes(zombies=True) if p.state == "Z"]


def starts_of_java(image, mode="paper"):
    return image.story(mode).count("java started")


def inside(container, work):
    """Runs `work()` on a thread of its own in the container's network; its sockets stay there."""
    result = []

    def enter():
        namespace = os.open(f"/proc/{container.process_1}/ns/net", os.O_RDONLY)
        try:
            assert libc.setns(namespace, CLONE_NEWNET) == 0, "setns"
        finally:
            os.close(namespace)
        try:
            result.append((work(), None))
        except BaseException as error:
            result.append((None, error))

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    thread.join(60)
    assert result, "the work in the container did not end within 60 s"
    value, error = result[0]
    if error:
        raise error
    return value


class Client:
    """An API client behind the relay that asks for the time."""

    def __init__(self, container, port=4004):
        def connect():
            try:
                return socket.create_connection(("127.0.0.1", port), 20)
            except OSError:
                return None

        self.socket = inside(container, lambda: eventually(lambda: connect(), what="a connection through the relay"))
        self.reader = self.socket.makefile("rb")
        self.socket.sendall(b"API\0" + (9).to_bytes(4) + b"v100..187")
        self.read()
        self.ask(b"71\0002\0" + b"7\0\0")
        self.read(), self.read()

    def ask(self, body):
        self.socket.sendall(len(body).to_bytes(4) + body)

    def read(self):
        length = self.reader.read(4)
        assert len(length) == 4, "the connection was closed"
        return self.reader.read(int.from_bytes(length))

    def is_answered(self):
        self.ask(b"49\0001\0")
        return self.read().startswith(b"49\0")


def crash(container, number=signal.SIGSEGV):
    """Lets the supervisor's program crash, and waits until the next one can crash too and has said so."""
    seen, before = len(container.log()), program_of(container)
    container.signal(number)
    eventually(lambda: program_of(container) != before and catches(container, number), what="the next program")
    container.wait_for_line(r"process \d+ has crashed", after=seen)


def spin(process):
    """Lets a process run in circles for ever: where its first thread waits in the kernel, an endless loop is put into its memory.

    The page is copied for that process alone. It spins from the next time on that its wait ends.
    """
    for _ in range(500):
        fields = open(f"/proc/{process.outside}/syscall").read().split()
        if len(fields) >= 9:
            break
        time.sleep(0.01)
    else:
        raise AssertionError("the process never waits")
    loop = {"x86_64": b"\xeb\xfe", "aarch64": b"\x00\x00\x00\x14"}[os.uname().machine]
    with open(f"/proc/{process.outside}/mem", "r+b", buffering=0) as memory:
        memory.seek(int(fields[-1], 16))
        memory.write(loop)


def state_of(process):
    """The state letter of a process, or None when it is gone."""
    try:
        return re.search(r"\) (\S)", open(f"/proc/{process.outside}/stat").read())[1]
    except OSError:
        return None


def program_of(container):
    """What tells one program in process 1 from the next: where its stack begins."""
    return open(f"/proc/{container.pid}/stat").read().rsplit(")", 1)[1].split()[25]


def catches(container, number):
    """Whether process 1 has a handler for a signal."""
    for line in open(f"/proc/{container.pid}/status"):
        if line.startswith("SigCgt:"):
            return int(line.split()[1], 16) >> (number - 1) & 1
    return False


def milliseconds(since):
    return f"{(time.monotonic() - since) * 1000:.0f} ms"


def fill(folder):
    """Fills the file system of a folder to the last byte, and returns the file that does it."""
    path = os.path.join(folder, "filler")
    block = b"x" * 65536
    with open(path, "wb", buffering=0) as file:
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
    return path
