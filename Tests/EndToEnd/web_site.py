"""`ibgw web` and Caddy in front of it, as an image has them, with a stand-in for the supervisor behind them."""

import http.client
import http.server
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading

from image_layout import IBGW, Image, tool

DEADLINE = 30
WELL = {"ok": True, "causes": []}
WEDGED = {"ok": False, "causes": [{"about": "paper", "state": "wedged", "why": "it accepts and says nothing"}]}


def status_report():
    """What a supervisor says that has two gateways, a relay, and a script with a name to be careful with."""

    def service(name, **more):
        return {
            "name": name, "state": "running", "since": 1_795_000_000_123, "duration": 5, "why": "", "restarts": 0,
        } | more

    def gateway(mode, state, **more):
        return {
            "mode": mode, "state": state, "since": 1_795_000_000_123, "duration": 5, "why": "",
            "logins": {"attempts": 2, "completed": 1, "failed": 1},
            "budget": {"inHour": 1, "perHour": 3, "inDay": 1, "perDay": 6, "last": "the login failed"},
        } | more

    return {
        "version": "0.1.0", "pid": os.getpid(), "phase": "running", "started": 1_795_000_000_000, "uptime": 100,
        "orphansReaped": 0,
        "crashes": 0,
        "reloads": 0,
        "gateways": [gateway("live", "serving", observation="serving"), gateway("paper", "waiting-for-2fa")],
        "services": [service("relay", pid=os.getpid()), service('start-script:10 "\\quoted".sh', state="finished")],
        "nextEvents": [{"name": "weekly-login", "meaning": "", "at": 1_795_500_000_000, "within": 5}],
    }


class Supervisor(socketserver.ThreadingUnixStreamServer):
    """A supervisor's socket that answers what a test wants. `health` maps a level to (status, body); `raw`, if it is set, is sent
    instead of any answer, and `mute` is to say nothing at all."""

    daemon_threads = True
    request_queue_size = 64

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server = self.server
            server.asked.append(self.path)
            if server.mute:
                server.released.wait(DEADLINE)
                self.close_connection = True
                return
            if server.raw is not None:
                for piece in server.raw:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if len(server.raw) > 1:
                        server.released.wait(0.1)
                self.close_connection = True
                return
            if self.path.startswith("/v1/health"):
                level = "live" if "level=live" in self.path else "ready"
                code, body = server.health[level]
            else:
                code, body = 200, server.status
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

        def address_string(self):
            return "unix"

        def handle(self):
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                pass

    def __init__(self, path):
        self.asked = []
        self.mute = False
        self.raw = None
        self.released = threading.Event()
        self.health = {"live": (200, WELL), "ready": (200, WELL)}
        self.status = status_report()
        super().__init__(str(path), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.shutdown()
        self.server_close()
        pathlib.Path(self.server_address).unlink(missing_ok=True)


class Site:
    """The run directory with everything in it. Its path is short, as a socket's has to be."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ibgw-site-"))
        self.image = Image(self.root)
        self.run = self.image.path("run")
        self.run.mkdir()
        self.supervisor = None
        self.web = None
        self.caddy = None
        self.port = None
        self._more = []

    # What runs

    def start_supervisor(self):
        self.supervisor = Supervisor(self.run / "supervisor.sock")
        return self.supervisor

    def start_web(self):
        """`ibgw web`, ready as it tells its supervisor."""
        reading, writing = os.pipe()
        # The readiness is told on descriptor 3.
        self.web = subprocess.Popen(
            ["bash", "-c", f'exec 3>&{writing}; exec "$@"', "bash", IBGW, "web", "--run-dir", str(self.run), "--report-readiness"],
            pass_fds=[writing],
        )
        os.close(writing)
        ready, _, _ = select.select([reading], [], [], DEADLINE)
        assert ready and os.read(reading, 16) == b"\n", "ibgw web did not say that it is ready"
        os.close(reading)
        return self.web

    def start_caddy(self, more=None):
        """Real Caddy with the rendered file, on a free port instead of 2019."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        out = self.image.path("out")
        assert self.image.run("render", "--output", str(out), more=more).returncode == 0
        rendered = (out / str(self.run / "Caddyfile").lstrip("/")).read_text()
        assert rendered.count("http://:2019 {") == 1
        path = self.image.write("Caddyfile", rendered.replace("http://:2019 {", f"http://:{self.port} {{"))
        home = os.environ | {"HOME": str(self.root), "XDG_DATA_HOME": str(self.root), "XDG_CONFIG_HOME": str(self.root)}
        self.caddy = subprocess.Popen(
            [tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(path)], env=home, stderr=subprocess.PIPE
        )
        assert any(b"serving initial configuration" in line for line in self.caddy.stderr), "Caddy did not start"
        threading.Thread(target=self.caddy.stderr.read, daemon=True).start()

    def also(self, process):
        """A process that ends with the site."""
        self._more.append(process)
        return process

    def close(self):
        for process in [self.caddy, self.web, *self._more]:
            if process and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(DEADLINE)
        if self.supervisor:
            self.supervisor.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # Asking

    def get(self, path, host="127.0.0.1", method="GET", headers=None):
        """The answer through Caddy, at the address that the name leads to: status, content type, text."""
        connection = http.client.HTTPConnection(host, self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type"), response.read().decode()
        finally:
            connection.close()

    def raw(self, request):
        """Everything that `ibgw web` sends in answer to these bytes."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE)
            client.connect(str(self.run / "web.sock"))
            client.sendall(request)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
            return answer

    def health(self, *arguments):
        """`ibgw health`: its exit code and what it printed."""
        result = subprocess.run(
            [IBGW, "health", "--run-dir", str(self.run), *arguments], capture_output=True, text=True, timeout=DEADLINE
        )
        assert result.stderr == ""
        return result.returncode, result.stdout
