"""Runs `ibgw simulate` for a test, and asks it things as a plain client."""

import os
import pathlib
import queue
import socket
import struct
import subprocess
import threading

IBGW = os.environ.get("IBGW", str(pathlib.Path(__file__).parents[2] / ".build/debug/ibgw"))
DEADLINE = 30


class Simulated:
    """One simulated gateway on a free port; as a context it ends with the block."""

    def __init__(self, *arguments, port=0, wait=True):
        self.process = subprocess.Popen(
            [IBGW, "simulate", "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = self.await_port() if wait else None

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def await_line(self, part):
        """The next line that contains `part`."""
        while True:
            line = self.lines.get(timeout=DEADLINE)
            if line is None:
                raise AssertionError(f"it ended without '{part}': {self.process.stderr.read()}")
            if part in line:
                return line

    def await_port(self):
        return int(self.await_line("listening on ").split("listening on ")[1].split(" ")[0].rsplit(":", 1)[1])

    def end(self, signal_number=15):
        """Ends it, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.wait()

    def wait(self):
        code = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end()


class Control:
    """The control socket: a line in, a line out."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(path))
        self.answers = self.socket.makefile("r")

    def __call__(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return self.answers.readline().rstrip("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.socket.close()


class Plain:
    """A client on a bare socket."""

    def __init__(self, port, timeout=DEADLINE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.bytes = b""

    def send(self, *fields):
        body = b"".join(str(field).encode() + b"\0" for field in fields)
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def receive(self):
        """The fields of the next message; None at the end of the stream."""
        while len(self.bytes) < 4 or len(self.bytes) < 4 + struct.unpack(">I", self.bytes[:4])[0]:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self.bytes += piece
        length = struct.unpack(">I", self.bytes[:4])[0]
        body, self.bytes = self.bytes[4 : 4 + length], self.bytes[4 + length :]
        return body.decode().split("\0")[:-1]

    def hello(self, versions=b"v157..178"):
        self.socket.sendall(b"API\0" + struct.pack(">I", len(versions)) + versions)

    def start(self, client):
        """Everything up to serving; the accounts."""
        self.hello()
        assert self.receive()[0] == "178"
        self.send(71, 2, client, "")
        accounts = self.receive()
        assert accounts[0] == "15", accounts
        assert self.receive()[0] == "9"
        return accounts[2]

    def await_message(self, *beginning):
        """The next message that begins so."""
        while (message := self.receive()) is not None:
            if tuple(message[: len(beginning)]) == beginning:
                return message
        raise AssertionError(f"the stream ended without {beginning}")

    def is_silent(self, seconds=0.5):
        """Whether nothing comes for a while: silence has no event to wait for."""
        self.socket.settimeout(seconds)
        try:
            piece = self.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(DEADLINE)
        self.bytes += piece
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
