"""The relay beside a tailnet that the kernel routes for, in a network namespace of each test's own, with a tun device."""

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
import uuid

import pytest
from local_api import LocalAPI, person
from relayed import DEADLINE, HELLO, Relay, ending, receive, until

OWN, NEW, PEER, NEIGHBOUR = "100.64.0.1", "100.64.0.7", "100.64.0.2", "172.30.0.9"
PORT, UPSTREAM = 4003, 4001


class Network:
    """A namespace with the node's address, a peer's and that of a container's neighbour; what is made by `run` belongs to it."""

    def __init__(self):
        self.name = f"ibgw-{uuid.uuid4().hex[:8]}"
        self.ip("netns", "add", self.name)
        self.inside("link", "set", "lo", "up")
        for device in ("tailscale0", "eth0"):
            self.inside("tuntap", "add", "dev", device, "mode", "tun")
            self.inside("link", "set", device, "up")
        for address, device in [(OWN, "tailscale0"), (PEER, "tailscale0"), (NEIGHBOUR, "eth0")]:
            self.add(address, device)

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def inside(self, *arguments):
        self.ip("-n", self.name, *arguments)

    def add(self, address, device="tailscale0"):
        self.inside("address", "add", f"{address}/32", "dev", device)

    def remove(self, address, device="tailscale0"):
        self.inside("address", "del", f"{address}/32", "dev", device)

    def run(self, function):
        """What the function returns, called by a thread that has entered the namespace."""
        result = []

        def enter():
            with open(f"/run/netns/{self.name}") as namespace:
                assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) == 0
            try:
                result.append((function(), None))
            except OSError as error:
                result.append((None, error))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def connect(self, address, source):
        return self.run(lambda: socket.create_connection((address, PORT), DEADLINE, (source, 0)))

    def listening(self):
        """The addresses on which the API is offered."""
        table = subprocess.run(
            ["ip", "netns", "exec", self.name, "ss", "-Hltn", f"sport = :{PORT}"], check=True, capture_output=True, text=True)
        return sorted(line.split()[3].rsplit(":", 1)[0] for line in table.stdout.splitlines())

    def destroy(self):
        self.ip("netns", "delete", self.name)


@pytest.fixture
def network():
    assert os.geteuid() == 0, "these tests need root, for a network of their own"
    network = Network()
    yield network
    network.destroy()


@pytest.fixture
def gateway(network):
    """An echoing gateway on its port of 127.0.0.1."""
    listener = network.run(lambda: socket.create_server(("127.0.0.1", UPSTREAM)))

    def serve(connection):
        while piece := connection.recv(1 << 16):
            connection.sendall(piece)
        connection.close()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def relay_of(folder, network, api, *options, listen=f"tailnet:{PORT}"):
    return Relay(
        folder, UPSTREAM, "--tailnet", api.path, "--route", f"paper={listen},127.0.0.1:{UPSTREAM}", *options,
        prefix=["ip", "netns", "exec", network.name], wait=False)


def exchange(client):
    client.sendall(HELLO)
    assert receive(client, len(HELLO)) == HELLO
    return client


def test_the_relay_listens_on_the_nodes_addresses_alone_and_follows_them(tmp_path, network, gateway):
    with LocalAPI(tmp_path, lambda _: person(), tun=True, addresses=[OWN]) as api:
        with relay_of(tmp_path, network, api, "--no-local-access") as relay:
            until(lambda: network.listening() == [OWN], "it listens on the node's address")
            old = exchange(network.connect(OWN, PEER))
            until(lambda: api.asked() == [f"{PEER}:{old.getsockname()[1]}"], "it is asked who that is")
            for address in ("127.0.0.1", NEIGHBOUR):
                with pytest.raises(ConnectionRefusedError):
                    network.connect(address, address)
            # Another key, another address.
            network.add(NEW)
            api.announce([NEW])
            until(lambda: network.listening() == [NEW], "it has moved")
            exchange(network.connect(NEW, PEER)).close()
            with pytest.raises(ConnectionRefusedError):
                network.connect(OWN, PEER)
            old.sendall(b"still here")
            assert receive(old, 10) == b"still here", "who was connected stays"
            old.close()
            relay.await_line("clients come in at 100.64.0.7:4003")


def test_it_keeps_its_address_while_tailscaled_is_away_or_has_none(tmp_path, network, gateway):
    api = LocalAPI(tmp_path, lambda _: person(), tun=True, addresses=[OWN])
    with relay_of(tmp_path, network, api, "--no-local-access"):
        with api:
            until(lambda: network.listening() == [OWN], "it listens, though tailscaled came later")
        # The daemon is gone, and its interface with it.
        network.remove(OWN)
        assert network.listening() == [OWN]
        network.add(OWN)
        api.status["TailscaleIPs"] = None
        with api:
            until(lambda: sum("status" in path for path in api.requests) >= 2, "the new one was asked")
            assert network.listening() == [OWN]
            exchange(network.connect(OWN, PEER)).close()
            network.add(NEW)
            api.announce([NEW])
            until(lambda: network.listening() == [NEW], "it has moved")


def test_an_address_that_is_not_there_yet_is_tried_until_it_is(tmp_path, network, gateway):
    with LocalAPI(tmp_path, lambda _: person(), tun=True, addresses=[NEW]) as api:
        with relay_of(tmp_path, network, api) as relay:
            relay.await_line("cannot listen on 100.64.0.7:4003")
            network.add(NEW)
            until(lambda: network.listening() == [NEW], "it listens")


def test_who_comes_from_beside_the_tailnet_is_local_without_being_asked_for(tmp_path, network, gateway):
    with LocalAPI(tmp_path, lambda _: person(), tun=True, addresses=[OWN]) as api:
        with relay_of(tmp_path, network, api, "--no-local-access") as relay:
            until(lambda: network.listening() == [OWN], "it listens")
            # A neighbour on the container's own network can reach the node's address too.
            with contextlib.suppress(ConnectionResetError), network.connect(OWN, NEIGHBOUR) as stranger:
                assert ending(stranger) in ("end", "reset")
            relay.await_line("it is no node of the tailnet")
            assert api.asked() == []


def test_with_local_access_it_listens_everywhere_and_tells_both_apart(tmp_path, network, gateway):
    with LocalAPI(tmp_path, lambda _: person(), tun=True, addresses=[OWN, "fd7a:115c:a1e0::1"]) as api:
        network.inside("address", "add", "fd7a:115c:a1e0::1/128", "dev", "tailscale0", "nodad")
        listen = f"0.0.0.0:{PORT},tailnet:{PORT}"
        with relay_of(tmp_path, network, api, "--local-access", listen=listen) as relay:
            until(lambda: network.listening() == ["0.0.0.0", "[fd7a:115c:a1e0::1]"], "it listens on all of them")
            clients = [exchange(network.connect(address, address)) for address in (NEIGHBOUR, "127.0.0.1")]
            clients.append(exchange(network.connect(OWN, PEER)))
            log = relay.folder / "access-paper.log"
            for client in clients:
                client.close()
            until(lambda: log.exists() and len(log.read_text().splitlines()) == 6, "all are in the access log")
            text = log.read_text()
            assert text.count('"user_id":"local"') == 4 and text.count('"user_id":"alice@example.com"') == 2


def test_a_userspace_sidecar_that_reaches_everything_is_not_joined_by_a_list(tmp_path, network, gateway):
    (tmp_path / "callers").write_text("alice@example.com")
    with LocalAPI(tmp_path, lambda _: person(), tun=False) as api:
        with relay_of(tmp_path, network, api, "--callers", str(tmp_path / "callers")) as relay:
            relay.await_line("API_ALLOW cannot hold")
            assert network.listening() == []
        with relay_of(tmp_path, network, api):
            until(lambda: network.listening() == ["127.0.0.1"], "without a list it is offered")
