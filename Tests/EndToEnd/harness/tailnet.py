"""A tailnet for the tests: the world that the stand-in tailscaled lives in, and what a test does to it."""

import json
import os
import shutil
import socket
from pathlib import Path

from .container import eventually

HERE = Path(__file__).parent
STANDINS = HERE / "standins"
SAMPLES = HERE.parents[1] / "Tailnet/Samples"
GOOD_KEY = "tskey-auth-good"


class Tailnet:
    """The world in a folder that the stand-in sees as /share, or by STANDIN_SHARE. Of one node."""

    def __init__(self, share, **world):
        self.share = Path(share)
        folder = self.share / "tailnet-samples"
        folder.mkdir(exist_ok=True)
        for name in ("status.json", "prefs.json", "whois.json"):
            shutil.copy(SAMPLES / name, folder / name)
        shutil.copy(STANDINS / "localapi.py", folder / "localapi.py")
        self._world = {"keys": [GOOD_KEY]} | world
        self._write()

    # For Image.run: the stand-ins where the real programs are.
    binds = [(STANDINS / "tailscaled", "/usr/local/sbin/tailscaled"), (STANDINS / "tailscale", "/usr/local/bin/tailscale")]
    directories = [("/var/lib/tailscale", 0o1777), ("/run/tailscale", 0o1777)]

    def _write(self):
        temporary = self.share / "tailnet.json.new"
        temporary.write_text(json.dumps(self._world))
        temporary.chmod(0o644)
        os.replace(temporary, self.share / "tailnet.json")

    def set(self, **changes):
        """Changes the world: see WORLD in the stand-in."""
        self._world |= changes
        self._write()

    def do(self, command, **arguments):
        """Does something to the running node: see Commands in the stand-in."""
        path = self.share / "tailnet.sock"

        def connect():
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(30)
            try:
                client.connect(str(path))
            except OSError:
                client.close()
                return None
            return client

        with eventually(connect, what="the stand-in tailscaled") as client:
            client.sendall(json.dumps({"do": command} | arguments).encode() + b"\n")
            with client.makefile("r") as answers:
                return json.loads(answers.readline())

    def connect(self, port, **peer):
        """A peer connects to a port of the node; returns the connection's source port, or raises what the node met."""
        answer = self.do("connect", port=port, **peer)
        if "errno" in answer:
            raise OSError(answer["errno"], answer["error"])
        return answer["source"]
