"""A container with a tailnet around it, for the tests of the node."""

import os

from harness import GOOD_KEY, LOGIN, Tailnet, eventually

KEY = LOGIN | {"TAILSCALE_AUTHKEY": GOOD_KEY, "TAILSCALE_HOSTNAME": "ib"}
EMBEDDED = LOGIN | {"TAILSCALE_MODE": "embedded", "TAILSCALE_HOSTNAME": "ib"}


class Site:
    """An image with a tailnet, and the container that runs in it."""

    def __init__(self, image, **world):
        self.image = image
        self.tailnet = Tailnet(image.share, **world)
        self.state = image.directory / "state"
        self.state.mkdir(mode=0o777)
        self.state.chmod(0o777)
        self.container = None

    def run(self, environment=KEY, *, binds=(), **options):
        self.container = self.image.run(
            environment, binds=[*Tailnet.binds, (self.state, "/var/lib/tailscale"), *binds],
            directories=Tailnet.directories, **options)
        eventually(lambda: self.container.ibgw("status").returncode == 0, what="the supervisor's answer")
        return self.container

    def wait_for(self, state, why="", **options):
        """Waits until the tailnet is in a state, for a reason, and returns its part of the status."""
        def reached():
            now = self.container.status()["tailnet"]
            return now["state"] == state and why in now["why"] and now

        return eventually(reached, what=f"the tailnet {state}; the log:\n{self.container.tail()}\nthat", **options)

    def notes(self, event):
        return self.image.notes(event, who="tailscaled")

    def requests(self):
        return [n.more["request"] for n in self.notes("asked")]


def key_file(site, key):
    """Puts a key into a file that the container sees, as a new file in the old one's place."""
    path = site.image.share / "key"
    fresh = site.image.share / "key.new"
    fresh.write_text(key + "\n")
    fresh.chmod(0o644)
    os.replace(fresh, path)
    return LOGIN | {"TAILSCALE_AUTHKEY_FILE": "/share/key", "TAILSCALE_HOSTNAME": "ib"}


def assert_secret_nowhere(site, secret):
    """No process but the first, whose environment the engine sets, has it; and nothing that is said tells it."""
    container = site.container
    for process in container.processes():
        assert not any(secret in word for word in process.command), process.command
        assert process.pid == 1 or secret not in str(process.environment), process.command
    assert not any(secret in line for line in container.log())
    for arguments in (["status", "--json"], ["tailnet", "--json"], ["logs"], ["settings"]):
        result = container.ibgw(*arguments)
        assert secret not in result.stdout + result.stderr
    for note in site.image.notes("started", who="tailscaled") + site.image.notes(who="tailscale"):
        assert note.more["secrets"] == [] and secret not in str(note.more["arguments"])
