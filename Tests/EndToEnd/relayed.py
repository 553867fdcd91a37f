"""Runs `ibgw relay` for a test, with stand-ins for the gateway and for clients on bare sockets."""

import contextlib
import json
import os
import pathlib
import queue
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

from harness import json_lines

IBGW = os.environ.get("IBGW", str(pathlib.Path(__file__).parents[2] / ".build/debug/ibgw"))
DEADLINE = 20
HELLO = b"API\0" + struct.pack(">I", 9) + b"v100..187"
GREETING = struct.pack(">I", 26) + b"187\0" + b"20261121 02:07:51 UTC\0"


def until(condition, what, deadline=DEADLINE):
    """Asks again and again until the answer is true, and returns it: for what has no event to wait for."""
    end = time.monotonic() + deadline
    while True:
        if answer := condition():
            return answer
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        threading.Event().wait(0.01)


def free_port():
    """A port that nobody uses now. The system does not hand it out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """A listener that runs `serve(connection)` on a thread for each connection; it can vanish and come back on its port."""

    def __init__(self, serve=None, port=None, backlog=4096):
        self.serve = serve or echo
        self.port = port or free_port()
        self.backlog = backlog
        self.accepted = 0
        self.connections = []
        self.listener = None

    def open(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(self.backlog)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            self.serve(connection)

    def close(self):
        """Stops to listen; its connections stay."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def crash(self):
        """Stops to listen and resets every connection, as a process that is killed with unread data does."""
        self.close()
        for connection in self.connections:
            reset(connection)
        self.connections.clear()

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.close()
        for connection in self.connections:
            connection.close()


def echo(connection):
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)
    connection.close()


def reset(connection):
    """Closes with RST."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def receive(connection, count):
    """So many bytes, or what came before the end."""
    data = bytearray()
    while len(data) < count and (piece := connection.recv(min(1 << 20, count - len(data)))):
        data += piece
    return bytes(data)


def receive_all(connection):
    data = bytearray()
    while piece := connection.recv(1 << 20):
        data += piece
    return bytes(data)


def ending(connection):
    """How the stream ends: `end`, or `reset`. What comes before is read and dropped."""
    try:
        receive_all(connection)
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    return "end"


class Relay:
    """One relay with one route, `live`; as a context it ends with the block."""

    def __init__(self, folder, upstream, *options, port=None, descriptors=None, wait=True, log=True, prefix=()):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.socket = self.folder / "relay.sock"
        self.log = self.folder / "access-live.log"
        self.lines = []
        self.news = queue.Queue()
        limits = None
        if descriptors:
            # Its own limit is the hard one too, since it raises the soft one.
            limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))  # noqa: E731
        route = f"live=127.0.0.1:{self.port},127.0.0.1:{upstream}"
        logs = ["--log-dir", str(self.folder)] if log else []
        self.process = subprocess.Popen(
            [*prefix, IBGW, "relay", "--route", route, "--socket", str(self.socket), *logs, *options],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limits,
        )
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            self.await_listening()
            until(self.socket.exists, "the control socket")

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            self.news.put(self.lines[-1])
        self.news.put(None)

    def await_line(self, part, deadline=DEADLINE):
        """The next line of its log that contains `part`."""
        end = time.monotonic() + deadline
        while True:
            try:
                line = self.news.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not said within {deadline} s: '{part}'; but: {self.lines}") from None
            assert line is not None, f"it ended without '{part}': {self.lines}"
            if part in line:
                return line

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def await_listening(self, expected=True, deadline=DEADLINE):
        """Waits for the LISTEN row of its port, so that nothing has to connect."""
        row = f"0100007F:{self.port:04X} 00000000:0000 0A"

        def answer():
            assert self.process.poll() is None, f"it ended: {self.lines}"
            return (row in pathlib.Path("/proc/net/tcp").read_text()) == expected

        until(answer, f"listening is {expected}: {self.lines}", deadline)

    def connect(self, hello=HELLO, host="127.0.0.1"):
        connection = socket.create_connection((host, self.port), timeout=DEADLINE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hello:
            connection.sendall(hello)
        return connection

    def attempt(self, hello=HELLO, leaves=False):
        """How a connection that should be refused ends. The reset may come at any moment from the connect on."""
        try:
            with self.connect(hello) as connection:
                if leaves:
                    connection.shutdown(socket.SHUT_WR)
                return ending(connection)
        except OSError:
            return "reset"

    def client(self):
        """A client whose hello an echoing gateway has answered."""
        connection = self.connect()
        assert receive(connection, len(HELLO)) == HELLO
        return connection

    def ask(self, method, path, body=b""):
        """The status and the decoded answer of the control API."""
        with socket.socket(socket.AF_UNIX) as api:
            api.settimeout(DEADLINE)
            api.connect(str(self.socket))
            api.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            head, _, answer = receive_all(api).partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(answer)

    def counters(self):
        return self.ask("GET", "/v1/status")[1]["routes"][0]["counters"]

    def await_counters(self, condition, what):
        return until(lambda: (counters := self.counters()) and condition(counters) and counters, what)

    def command(self, *arguments):
        return subprocess.run(
            [IBGW, *arguments, "--socket", str(self.socket)], capture_output=True, text=True, timeout=DEADLINE
        )

    def access_log(self):
        return json_lines(self.log)

    def await_log(self, count):
        """The access log, once it has so many lines."""
        until(lambda: len(self.access_log()) >= count, f"{count} lines in the access log")
        return self.access_log()

    def resident(self):
        """Its resident memory in bytes."""
        return int(re.search(r"VmRSS:\s+(\d+)", self._proc("status"))[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu(self):
        """The seconds of processor time that it has used."""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.pid}/{name}").read_text()

    def end(self, number=signal.SIGTERM):
        """Ends it, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self):
        code = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end(signal.SIGKILL)
