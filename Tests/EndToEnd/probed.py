"""Runs `ibgw probe` for a test, and stands in for those it talks to: the supervisor, IBC's command server, and a gateway that takes notes."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time

from simulated import DEADLINE, IBGW


class Supervisor:
    """The supervisor's socket: takes the observations and keeps them with their times."""

    def __init__(self, path):
        self.reports = []
        self.changed = threading.Condition()
        supervisor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/observations", self.path
                supervisor.take(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

            def get_request(self):
                request, _ = super().get_request()
                return request, ("probe", 0)

        self.server = Server(str(path), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, report):
        with self.changed:
            self.reports.append((time.monotonic(), report))
            self.changed.notify_all()

    def wait(self, condition, since=0, timeout=DEADLINE):
        """The time and report of the first one from the index `since` on that is as wanted."""
        seen = since

        def found():
            nonlocal seen
            while seen < len(self.reports):
                if condition(self.reports[seen][1]):
                    return True
                seen += 1
            return False

        with self.changed:
            assert self.changed.wait_for(found, timeout), f"not reported: {self.reports[since:]}"
            return self.reports[seen]

    def wait_for(self, observation, since=0, timeout=DEADLINE):
        return self.wait(lambda report: report["observation"] == observation, since, timeout)

    @property
    def count(self):
        with self.changed:
            return len(self.reports)

    def observations(self, since=0):
        with self.changed:
            return [report["observation"] for _, report in self.reports[since:]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Probe:
    """A probe of one paper gateway, ready when it has been made."""

    def __init__(self, folder, port, *arguments, commands=None):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "probe.sock"
        gateway = f"paper=127.0.0.1:{port}" + (f",127.0.0.1:{commands}" if commands else "")
        reading, writing = os.pipe()
        self.log = open(self.folder / "probe.log", "w+")

        def ready_on_three():
            os.dup2(writing, 3)

        self.process = subprocess.Popen(
            [IBGW, "probe", "--gateway", gateway, "--socket", self.socket, "--supervisor"]
            + [self.folder / "supervisor.sock", "--report-readiness", *arguments],
            stderr=self.log,
            pass_fds=(3, writing),
            preexec_fn=ready_on_three,
        )
        os.close(writing)
        with open(reading, "rb") as pipe:
            assert pipe.readline() == b"\n", self.text

    @property
    def text(self):
        return (self.folder / "probe.log").read_text()

    def ask(self, method, target, timeout=DEADLINE):
        with contextlib.closing(UnixConnection(self.socket, timeout)) as connection:
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def tell(self, word):
        status, answer = self.ask("POST", f"/v1/gateways/paper/{word}")
        assert status == 200, answer
        return answer

    def check_soon(self):
        """Has a check begun, and waits for nothing."""
        threading.Thread(target=self.tell, args=("check",), daemon=True).start()

    @property
    def status(self):
        return self.ask("GET", "/v1/status")[1][0]

    def end(self, signal_number=signal.SIGTERM):
        """Ends it, and returns its exit code and how long that took."""
        began = time.monotonic()
        self.process.send_signal(signal_number)
        code = self.process.wait(DEADLINE)
        self.log.close()
        return code, time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end()


class NotingGateway:
    """A gateway that answers as told, and notes of each connection what it was asked when and how it ended."""

    class Connection:
        def __init__(self, channel):
            self.socket = channel
            self.began = time.monotonic()
            self.questions = []
            self.client_id = None
            self.ending = None
            self.bytes = b""

        def read(self, count):
            while len(self.bytes) < count:
                piece = self.socket.recv(65536)
                if not piece:
                    return None
                self.bytes += piece
            taken, self.bytes = self.bytes[:count], self.bytes[count:]
            return taken

        def frame(self):
            head = self.read(4)
            return head and self.read(struct.unpack(">I", head)[0])

        def send(self, *fields):
            body = b"".join(str(field).encode() + b"\0" for field in fields)
            self.socket.sendall(struct.pack(">I", len(body)) + body)

    def __init__(self, delay=None, chatter=0):
        """`delay` is an event that the version waits for; `chatter` is how many bytes follow the accounts unasked."""
        self.delay = delay
        self.chatter = chatter
        self.connections = []
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.Connection(self.listener.accept()[0])
                with self.changed:
                    self.connections.append(connection)
                    self.changed.notify_all()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._talk(connection)
            ending = "closed"
        except OSError as error:
            ending = type(error).__name__
        connection.socket.close()
        with self.changed:
            connection.ending = ending
            self.changed.notify_all()

    def _talk(self, connection):
        assert connection.read(4) == b"API\0"
        connection.frame()
        if self.delay:
            self.delay.wait(DEADLINE)
        connection.send(187, "20261121 02:07:51 UTC")
        while (body := connection.frame()) is not None:
            fields = body.split(b"\0")
            if fields[0] == b"71":
                connection.client_id = int(fields[2])
                connection.send(15, 1, "DU1234567")
                connection.send(9, 1, 1)
                for _ in range(self.chatter // 1000):
                    connection.send(5, "x" * 990)
            elif fields[0] == b"49":
                with self.changed:
                    connection.questions.append(time.monotonic())
                    self.changed.notify_all()
                connection.send(49, 1, int(time.time()))

    def wait(self, condition, timeout=DEADLINE):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.connections), timeout)

    def close(self):
        # A blocked accept is woken by this alone.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def sockets(port, state):
    """How many sockets of a local port are in a state, as /proc/net/tcp names it: 08 is CLOSE_WAIT, 01 ESTABLISHED."""
    count = 0
    for table in ("tcp", "tcp6"):
        for row in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
            columns = row.split()
            count += columns[1].endswith(f":{port:04X}") and columns[3] == state
    return count
