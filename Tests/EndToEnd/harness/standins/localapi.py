"""The LocalAPI of the stand-in tailscaled, and the world that its node lives in."""

import json
import os
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

SHARE = os.environ.get("STANDIN_SHARE", "/share")
WORLD = {
    # Keys that the control server takes, and what it says of every other one.
    "keys": ["tskey-auth-good"],
    "refusal": "invalid key: API key does not exist",
    # Whether it answers; whether it approves nodes; whether a node that runs hears from it.
    "control": True,
    "approves": True,
    "online": True,
    "expiry": None,
    "login_url": "https://login.tailscale.com/a/1234567890abcd",
    "addresses": ["100.64.0.1", "fd7a:115c:a1e0:ab12:4843:cd96:6240:1"],
    "health": [],
    # How often whois knows nothing of a new connection, and whether it answers at all.
    "whois_misses": 0,
    "whois_answers": True,
    # Whether any request is answered.
    "answers": True,
    # Whether a serve config is taken; and how long a logout takes.
    "serve": True,
    "logout_delay": 0,
}


def world():
    try:
        with open(f"{SHARE}/tailnet.json") as file:
            return WORLD | json.load(file)
    except FileNotFoundError:
        return WORLD


def sample(name):
    with open(f"{SHARE}/tailnet-samples/{name}") as file:
        return json.load(file)


def note(event, **more):
    record = {"at": time.time(), "who": "tailscaled", "mode": "", "pid": os.getpid(), "event": event} | more
    with open(f"{SHARE}/notes.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")


class Handler(BaseHTTPRequestHandler):
    """The LocalAPI."""

    protocol_version = "HTTP/1.1"
    node = None

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"

    def answer(self, code, value=None, kind="application/json", **headers):
        body = b"" if value is None else value.encode() if isinstance(value, str) else json.dumps(value, indent="\t").encode()
        self.send_response(code)
        for name, text in (("Content-Type", kind), ("Tailscale-Cap", "142"), ("Tailscale-Version", "1.102.3"), *headers.items()):
            self.send_header(name, text)
        if code != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if code != 204:
            self.wfile.write(body)

    def refuse(self, code, text):
        self.answer(code, text + "\n", kind="text/plain; charset=utf-8")

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_any(self):
        parts = urlsplit(self.path)
        body, query = self.body(), {key: values[-1] for key, values in parse_qs(parts.query).items()}
        while not world()["answers"]:
            time.sleep(0.05)
        if self.headers.get("Host") != "local-tailscaled.sock" or self.headers.get("Origin") or self.headers.get("Referer"):
            note("request refused", path=self.path, host=self.headers.get("Host"))
            return self.refuse(403, "invalid localapi request")
        peer = struct.unpack("3i", self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        target = parts.path.removeprefix("/localapi/v0/")
        if target not in ("status", "watch-ipn-bus", "whois"):
            note("asked", request=f"{self.command} {target}", has_key=b"tskey" in body)
        is_write = self.command != "GET"
        if is_write and peer[1] not in (0, os.getuid()):
            return self.refuse(403, f"{target} access denied")
        handle = getattr(self, f"{self.command.lower()}_{target.replace('-', '_')}", None)
        if handle is None:
            return self.refuse(404, "404 not found")
        return handle(query, body)

    do_GET = do_POST = do_PATCH = do_any

    def get_status(self, query, _):
        self.answer(200, self.node.status(query.get("peers") != "false"))

    def get_prefs(self, *_):
        self.answer(200, self.node.prefs)

    def patch_prefs(self, _, body):
        self.answer(200, self.node.edit(json.loads(body)))

    def post_start(self, _, body):
        if self.node.is_broken:
            return self.refuse(500, "state store is not available")
        options = json.loads(body)
        unknown = set(sample("prefs.json")) - set(options.get("UpdatePrefs") or sample("prefs.json"))
        if unknown:
            note("prefs lost", names=sorted(unknown))
        self.node.start(options)
        self.answer(204)

    def post_login_interactive(self, *_):
        self.node.log_in()
        self.answer(204)

    def post_logout(self, *_):
        self.node.log_out()
        self.answer(204)

    def post_check_prefs(self, *_):
        self.answer(200, {})

    def get_serve_config(self, *_):
        self.answer(200, self.node.serve, Etag=f"tag-{self.node.serve_tag}")

    def post_serve_config(self, _, body):
        if self.headers.get("If-Match") != f"tag-{self.node.serve_tag}":
            return self.refuse(412, "etag mismatch")
        if not world()["serve"]:
            return self.refuse(500, "error updating config: port 443 is in use")
        self.node.serve, self.node.serve_tag = json.loads(body), self.node.serve_tag + 1
        note("serve config", config=self.node.serve)
        self.answer(200, "")

    def get_whois(self, query, _):
        if not world()["whois_answers"]:
            return self.refuse(500, "no netmap")
        found = self.node.whois(query.get("addr", ""))
        self.answer(200, found) if found else self.refuse(404, "no match for IP:port")

    def get_watch_ipn_bus(self, *_):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        node = self.node
        with node.lock:
            seen, message = len(node.messages), node.first_message()
        try:
            while True:
                line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
                with node.news:
                    while len(node.messages) == seen:
                        node.news.wait()
                    message, seen = node.messages[seen], seen + 1
        except OSError:
            self.close_connection = True
