"""tailscaled's LocalAPI on a unix socket, as far as the relay asks it: who calls, and where the node's peers come in.

The answers are those that were recorded of the real daemon, with other names in them.
"""

import contextlib
import copy
import http.server
import json
import pathlib
import socket
import socketserver
import threading
import urllib.parse

SAMPLES = pathlib.Path(__file__).parents[1] / "Tailnet/Samples"


def sample(name):
    """The JSON body of a recorded answer, with or without the head of the answer before it."""
    text = (SAMPLES / name).read_text()
    return json.loads(text[text.index("{"):])


def person(login="alice@example.com", node="laptop", address="100.64.0.2", tags=None, domain="tail1234.ts.net"):
    """What whois answers for a node."""
    answer = copy.deepcopy(sample("whois_proto_tcp_loopback.json"))
    answer["Node"]["Name"] = f"{node}.{domain}."
    answer["Node"]["Addresses"] = [f"{address}/32", "fd7a:115c:a1e0:ab12:4843:cd96:6240:2/128"]
    answer["Node"]["ComputedName"] = node
    answer["UserProfile"]["LoginName"] = "tagged-devices" if tags else login
    if tags:
        answer["Node"]["Tags"] = tags
    return answer


class LocalAPI:
    """Serves until it is closed; `who` is asked for each address, and its answer is a person, None for 404, or a status."""

    def __init__(self, folder, who=lambda address: None, tun=False, addresses=("100.64.0.1",)):
        self.path = str(pathlib.Path(folder) / "tailscaled.sock")
        self.who = who
        self.status = sample("status.json")
        self.status.pop("Peer")
        self.status["TUN"] = tun
        self.status["TailscaleIPs"] = list(addresses)
        self.requests = []
        self.release = threading.Event()
        self.release.set()
        self._watchers = []
        self._server = None

    def open(self):
        pathlib.Path(self.path).unlink(missing_ok=True)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def do_GET(self):
                with contextlib.suppress(BrokenPipeError):
                    owner._answer(self)

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 4096

        self._server = Server(self.path, Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def _answer(self, handler):
        head = handler.headers
        if head["Host"] != "local-tailscaled.sock" or "Origin" in head or "Referer" in head:
            return self._send(handler, 403, "forbidden")
        self.requests.append(handler.path)
        self.release.wait()
        url = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(url.query)
        match url.path:
            case "/localapi/v0/whois":
                assert query["proto"] == ["tcp"]
                answer = self.who(query["addr"][0])
                if answer is None:
                    self._send(handler, 404, "no match for IP:port\n")
                else:
                    self._send(handler, 200, json.dumps(answer))
            case "/localapi/v0/status":
                self._send(handler, 200, json.dumps(self.status))
            case "/localapi/v0/watch-ipn-bus":
                self._watch(handler)
            case _:
                self._send(handler, 404, "not found")

    @staticmethod
    def _send(handler, status, text):
        body = text.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _watch(self, handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        news, server = threading.Event(), self._server
        self._watchers.append(news)
        news.set()
        while self._server is server:
            if news.wait(0.1):
                news.clear()
                line = json.dumps({"Version": "1.102.3", "State": 6}).encode() + b"\n"
                try:
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                except OSError:
                    return
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def announce(self, addresses):
        """The node's addresses have changed."""
        self.status["TailscaleIPs"] = list(addresses)
        for watcher in self._watchers:
            watcher.set()

    def asked(self):
        """The addresses that whois was asked for."""
        return [path.split("addr=")[1] for path in self.requests if "/whois?" in path]

    def close(self):
        """As a daemon that is killed: the socket's file stays."""
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.release.set()
        self.close()
