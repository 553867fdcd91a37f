"""The whole container beside a tailnet: what of it the tailnet reaches, who may use the API, and what is said when that cannot be kept."""

import errno
import signal

import pytest

from harness import LOGIN, eventually, json_lines
from harness.tailnet import GOOD_KEY, Tailnet
from relayed import HELLO
from test_confine import landlock

JOINING = LOGIN | {"TAILSCALE_AUTHKEY": GOOD_KEY, "TAILSCALE_TUN": "userspace"}
RELAY, GATEWAY, VNC, HEALTH = 4004, 4002, 5900, 2019
WITHOUT_LANDLOCK = """
import ctypes, os, sys
load, jump_from, jump_above, answer = 0x20, 0x35, 0x25, 0x06
rules = [(load, 0, 0, 0), (jump_from, 0, 2, 444), (jump_above, 1, 0, 446), (answer, 0, 0, 0x50026), (answer, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(
    c.to_bytes(2, sys.byteorder) + bytes([y, n]) + v.to_bytes(4, sys.byteorder) for c, y, n, v in rules))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(rules), ctypes.addressof(code))), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def tailnet(image):
    return Tailnet(image.share)


def run(image, environment=None, can_confine=True, **options):
    """A container that joins, once its gateway has logged in and the relay takes clients."""
    options["binds"] = [*Tailnet.binds, *options.get("binds", [])]
    options["directories"] = [*Tailnet.directories, *options.get("directories", [])]
    if not can_confine:
        script = image.directory / "without_landlock.py"
        script.write_text(WITHOUT_LANDLOCK)
        options["binds"].append((script, "/without_landlock.py", "ro"))
        options["command"] = ["/usr/bin/env", "python3", "/without_landlock.py", "/usr/local/bin/ibgw", "run"]
    container = image.run(JOINING | (environment or {}), **options)
    container.wait_for_line("ibc-paper: logged in after")
    return container


def has_joined(container):
    eventually(lambda: container.status().get("tailnet", {}).get("state") == "running", what="the node is up")


def offered(container):
    container.wait_for_line(r"relay: paper: (the gateway listens on .*; clients are taken|told to take clients) on")


def reach(tailnet, port):
    """What a peer meets at a port of the node: the name of an error, or nothing."""
    try:
        tailnet.connect(port)
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


def access_log(container):
    return json_lines(container.file("/var/log/caddy/access-paper.log"))


# What is reached


def test_from_the_tailnet_the_relay_answers_and_nothing_else_does(image, tailnet):
    assert landlock() >= 4, f"this kernel's Landlock is {landlock()}: what this tests cannot be had below 4 (Linux 6.7)"
    container = run(image, {"VNC_SERVER_PASSWORD": "vnc-word"})
    has_joined(container)
    offered(container)
    container.wait_for_state("x11vnc", "running")
    container.wait_for_state("caddy", "running")
    # Without the fence each of them is reached at that address.
    attempt = "import socket, sys; [socket.create_connection(('127.0.0.1', int(port)), 10).close() for port in sys.argv[1:]]"
    assert container.execute("python3", "-c", attempt, *map(str, (RELAY, GATEWAY, VNC, HEALTH))).returncode == 0
    assert [reach(tailnet, port) for port in (RELAY, GATEWAY, VNC, HEALTH, 4001, 22)] == [None] + ["EACCES"] * 5
    peer = tailnet.connect(RELAY, login="bob@example.com", node="desk.tail1234.ts.net.")
    assert tailnet.do("exchange", source=peer, send=HELLO.hex(), count=4)["got"]
    eventually(
        lambda: [line for line in access_log(container) if line.get("user_id") == "bob@example.com"], what="the caller is named")
    assert "bob@example.com on desk" in container.ibgw("clients").stdout
    status = container.status()["tailnet"]
    assert status["guard"].startswith("landlock: tailscaled connects to TCP ports 53, 80, 443, 4004 only")
    assert container.stop() == 0


def test_a_port_that_is_named_is_opened_too(image, tailnet):
    container = run(image, {"VNC_SERVER_PASSWORD": "vnc-word", "TAILNET_PORTS": "5900"})
    has_joined(container)
    container.wait_for_state("x11vnc", "running")
    assert [reach(tailnet, port) for port in (VNC, GATEWAY)] == [None, "EACCES"]
    assert container.stop() == 0


def test_the_fence_holds_for_a_tailscaled_that_was_started_again(image, tailnet):
    container = run(image)
    has_joined(container)
    offered(container)
    container.kill("tailscaled --tun")
    eventually(lambda: container.service("tailscaled")["restarts"] == 1, what="it is started again")
    has_joined(container)
    assert eventually(lambda: reach(tailnet, RELAY) is None) and reach(tailnet, GATEWAY) == "EACCES"
    peer = tailnet.connect(RELAY)
    assert tailnet.do("exchange", source=peer, send=HELLO.hex(), count=4)["got"]
    assert container.stop() == 0


def test_on_a_kernel_that_cannot_confine_it_the_exposure_is_said_loudly(image, tailnet):
    container = run(image, can_confine=False)
    has_joined(container)
    assert container.wait_for_line(
        r"warning ibgw: TAILNET_GUARD is warn, and tailscaled cannot be confined, since this kernel was built without Landlock")
    assert reach(tailnet, GATEWAY) is None, "the stand-in reaches what a real one would"
    assert container.status()["tailnet"]["guard"].startswith("open: ")
    assert "guard" in container.ibgw("tailnet").stdout
    assert container.stop() == 0


@pytest.mark.parametrize("wish", [{"TAILNET_GUARD": "require"}, {"API_ALLOW": "alice@example.com"}])
def test_where_the_guard_is_required_such_a_container_does_not_join_and_its_gateway_runs(image, tailnet, wish):
    container = run(image, wish, can_confine=False)
    assert container.wait_for_line(r"warning ibgw: TAILNET_GUARD is require, .* keeps this container out of the tailnet")
    status = container.status()
    assert status["tailnet"]["state"] == "barred" and status["tailnet"]["guard"].startswith("refused: ")
    assert "tailscaled" not in [service["name"] for service in status["services"]]
    assert not image.notes("running", who="tailscaled")
    assert container.stop() == 0


# Who may


def test_who_may_use_the_api_is_changed_by_a_file_and_a_signal(image, tailnet):
    allow = image.directory / "allow"
    allow.write_text("# the desk\nalice@example.com\ntag:bot\n")
    container = run(
        image, {"API_ALLOW_FILE": "/etc/ibgw/allow"}, binds=[(image.directory, "/etc/ibgw")])
    has_joined(container)
    offered(container)
    alice = tailnet.connect(RELAY)
    bot = tailnet.connect(RELAY, tags=["tag:bot"], node="worker.tail1234.ts.net.", address="100.64.0.3")
    mallory = tailnet.connect(RELAY, login="mallory@example.com", node="other.tail1234.ts.net.", address="100.64.0.9")
    for peer in (alice, bot):
        assert tailnet.do("exchange", source=peer, send=HELLO.hex(), count=4)["got"]
    container.wait_for_line(
        r"warning relay: paper: refused 127\.0\.0\.1:\d+, mallory@example\.com on other: API_ALLOW does not name it")
    allow.write_text("tag:bot\n")
    container.signal(signal.SIGHUP)
    container.wait_for_line(r"warning relay: paper: cut client \d+, alice@example\.com on laptop from .*: API_ALLOW does not name it")
    assert tailnet.do("exchange", source=alice, count=65_536) is not None
    assert tailnet.do("exchange", source=bot, send="00") == {"got": ""}
    assert {"user_id": "alice@example.com", "reason": "caller-not-named"}.items() <= eventually(
        lambda: [line for line in access_log(container) if line["msg"] == "closed"], what="the cut is in the access log")[0].items()
    # A list that cannot be understood, and one that is gone, change nothing.
    allow.write_text("tag:\n")
    container.signal(signal.SIGHUP)
    container.wait_for_line("error +ibgw: cannot reload: .*which is no user, tag or node")
    # A relay that comes back has the list of now.
    container.kill(" relay --report-readiness")
    eventually(lambda: container.service("relay")["restarts"] == 1 and container.service("relay")["state"] == "running")
    eventually(lambda: reach(tailnet, RELAY) is None, what="the relay takes clients again")
    tailnet.connect(RELAY)
    container.wait_for_line(r"refused 127\.0\.0\.1:\d+, alice@example\.com on laptop")
    assert container.stop() == 0
    assert mallory


def test_a_process_of_the_container_is_local_and_needs_local_access(image, tailnet):
    connect = (
        "import socket; c = socket.create_connection(('127.0.0.1', 4004), 10); c.sendall(b'API\\0\\0\\0\\0\\x09v100..187');"
        "c.settimeout(10); print(len(c.recv(4))); print(c.recv(65536) and c.recv(65536) and 'goes on')")
    container = run(image)
    has_joined(container)
    offered(container)
    container.execute("python3", "-c", connect)
    container.wait_for_line(r"relay: paper: cut client \d+, local from 127\.0\.0\.1:\d+: it is no node of the tailnet")
    assert container.stop() == 0


@pytest.mark.parametrize(("environment", "listens", "refuses"), [
    ({}, ["127.0.0.1"], ["0.0.0.0"]), ({"LOCAL_ACCESS": "yes"}, ["0.0.0.0"], ["127.0.0.1"]),
    ({"RELAY_BIND": "127.0.0.1,127.0.0.3"}, ["127.0.0.1", "127.0.0.3"], ["0.0.0.0"]),
])
def test_where_it_listens_beside_a_tailnet_in_userspace(image, tailnet, environment, listens, refuses):
    container = run(image, environment)
    offered(container)
    table = container.execute("cat", "/proc/net/tcp").stdout

    def row(address):
        return "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{RELAY:04X} 00000000:0000 0A"

    eventually(lambda: all(row(a) in container.execute("cat", "/proc/net/tcp").stdout for a in listens), what="it listens")
    assert not any(row(address) in table for address in refuses)
    assert container.stop() == 0


# What is refused before anything is started


@pytest.mark.parametrize(("environment", "sentence"), [
    ({"TAILSCALE_MODE": "off", "API_ALLOW": "alice@example.com"}, "API_ALLOW cannot be kept without a tailnet"),
    ({"TAILSCALE_MODE": "sidecar", "TAILSCALE_TUN": "userspace", "API_ALLOW": "tag:x"}, "API_ALLOW cannot be kept, since a tailscaled"),
    ({"API_ALLOW": "tag:x", "TAILNET_PORTS": "4002"}, "TAILNET_PORTS opens 4002, the gateway's own port"),
    ({"API_ALLOW": "alice@"}, 'API_ALLOW has "alice@", which is no user, tag or node'),
    ({"TAILNET_PORTS": "vnc"}, 'TAILNET_PORTS is "vnc", which is no list of ports'),
])
def test_a_list_that_could_not_be_kept_is_an_error(image, tailnet, environment, sentence):
    container = image.run(JOINING | environment, binds=Tailnet.binds, directories=Tailnet.directories, arguments=("check",))
    assert container.wait_exit() == 78
    assert any(f"error: {sentence}" in line for line in container.log())
