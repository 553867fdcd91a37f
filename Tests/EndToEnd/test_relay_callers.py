"""Who calls: the relay asks tailscaled's LocalAPI, names the callers, and lets in whom the list names."""

import re
import socket
import time

import pytest
from local_api import LocalAPI, person
from relayed import DEADLINE, HELLO, Gateway, Relay, echo, receive, until

ALICE = person()
BOT = person(node="worker", address="100.64.0.3", tags=["tag:bot", "tag:trading"])
MALLORY = person(login="mallory@elsewhere.org", node="laptop", address="100.64.0.9", domain="tail9999.ts.net")


@pytest.fixture
def gateway():
    with Gateway() as gateway:
        yield gateway


class Answers:
    """What whois answers: one after the other, the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, _):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def relay_of(folder, gateway, api, *options, allow=None):
    """A relay beside a tailscaled in userspace mode that is confined."""
    if allow is not None:
        (folder / "callers").write_text(allow)
        options = (*options, "--callers", str(folder / "callers"))
    return Relay(
        folder, gateway.port, "--tailnet", api.path, "--tailnet-tun", "userspace", "--tailnet-guard", *options
    )


# Names


def test_a_peer_is_named_in_the_access_log_the_list_of_clients_and_the_status(tmp_path, gateway):
    with LocalAPI(tmp_path, lambda _: BOT) as api, relay_of(tmp_path, gateway, api) as relay:
        client = relay.client()
        [shown] = until(lambda: [c for c in relay.ask("GET", "/v1/clients")[1] if "caller" in c], "the caller is known")
        who = {
            "user_id": "tagged-devices", "node": "worker.tail1234.ts.net", "tailnet_ip": "100.64.0.3",
            "tags": ["tag:bot", "tag:trading"],
        }
        assert shown["caller"] == who
        assert api.asked() == [f"127.0.0.1:{client.getsockname()[1]}"]
        table = relay.command("clients").stdout.splitlines()
        assert "WHO" in table[0] and "tag:bot tag:trading on worker" in table[1]
        # A client counts once its handshake is over, or has been waited for long enough.
        relay.await_log(1)
        tailnet = relay.ask("GET", "/v1/status")[1]["tailnet"]
        assert tailnet["clients"] == [{"route": "live", "caller": who, "open": 1}]
        assert tailnet["results"] == {"peer": 1, "local": 0, "unknown": 0}
        client.close()
        for line in relay.await_log(2):
            assert {name: line[name] for name in who} == who


def test_who_is_registered_only_after_a_moment_is_asked_for_again(tmp_path, gateway):
    with LocalAPI(tmp_path, Answers(None, None, None, ALICE)) as api, relay_of(tmp_path, gateway, api) as relay:
        relay.client().close()
        assert [line["user_id"] for line in relay.await_log(2)] == ["alice@example.com"] * 2
        assert len(api.asked()) == 4


def test_who_is_never_registered_is_local_after_a_quarter_of_a_second(tmp_path, gateway):
    with LocalAPI(tmp_path) as api, relay_of(tmp_path, gateway, api) as relay:
        began = time.monotonic()
        relay.client().close()
        assert time.monotonic() - began < 0.25, "nobody waits for a name that decides nothing"
        assert [line["user_id"] for line in relay.await_log(2)] == ["local"] * 2
        durations = relay.ask("GET", "/v1/status")[1]["tailnet"]["durations"]
        assert durations["count"] == 1 and durations["sum"] >= 0.25


def test_without_an_answer_a_client_is_relayed_without_a_name_and_that_is_said_once(tmp_path, gateway):
    api = LocalAPI(tmp_path)
    with relay_of(tmp_path, gateway, api) as relay:
        for _ in range(3):
            relay.client().close()
        assert all("user_id" not in line for line in relay.await_log(6))
        assert sum("tailscaled cannot be asked who calls" in line for line in relay.lines) == 1
        api.who = lambda _: ALICE
        with api:
            relay.client().close()
            relay.await_line("tailscaled can be asked again")
            assert relay.await_log(8)[-1]["user_id"] == "alice@example.com"


def test_a_daemon_that_hangs_holds_up_nobody_where_names_decide_nothing(tmp_path, gateway):
    with LocalAPI(tmp_path, lambda _: ALICE) as api, relay_of(tmp_path, gateway, api) as relay:
        api.release.clear()
        clients = [relay.client() for _ in range(10)]
        for client in clients:
            client.sendall(b"onward")
            assert receive(client, 6) == b"onward"
        api.release.set()
        # What had to wait for the name is written when the question is given up.
        for client in clients:
            client.close()
        assert len(relay.await_log(20)) == 20


def test_names_that_are_no_plain_text_stay_one_line_of_json(tmp_path, gateway):
    odd = person(login='al"ice\\\n@example.com', node="l\u00e4ptop")
    with LocalAPI(tmp_path, lambda _: odd) as api, relay_of(tmp_path, gateway, api) as relay:
        relay.client().close()
        assert relay.await_log(2)[0]["user_id"] == 'al"ice\\\n@example.com'


# Who may


@pytest.mark.parametrize(
    ("allow", "who", "admitted"),
    [
        ("alice@example.com", ALICE, True),
        ("*@example.com # the desk", ALICE, True),
        ("laptop", ALICE, True),
        ("tag:bot", BOT, True),
        ("bob@example.com, tag:trading", BOT, True),
        ("alice@example.com", BOT, False),
        ("tag:bot", ALICE, False),
        ("laptop", MALLORY, False),
        ("*@example.com", MALLORY, False),
        ("laptop.tail9999.ts.net", MALLORY, True),
    ],
)
def test_who_is_on_the_list_is_relayed_and_nobody_else_reaches_the_gateway(tmp_path, gateway, allow, who, admitted):
    with LocalAPI(tmp_path, lambda _: who) as api, relay_of(tmp_path, gateway, api, allow=allow) as relay:
        # A short name needs the tailnet's own suffix.
        until(lambda: relay.ask("GET", "/v1/status")[1]["tailnet"]["addresses"], "the node's status is known")
        if admitted:
            relay.client().close()
            assert relay.await_log(2)[0]["user_id"] == who["UserProfile"]["LoginName"]
        else:
            assert relay.attempt() == "reset"
            line = relay.await_line("refused")
            assert re.search(r"refused 127\.0\.0\.1:\d+, .+ on \w+: API_ALLOW does not name it", line)
            assert relay.counters()["refused"] == {"caller-not-named": 1}
            assert gateway.accepted == 0 and relay.access_log() == []


def test_a_client_that_waits_for_its_name_loses_nothing_that_it_sends_meanwhile(tmp_path, gateway):
    with LocalAPI(tmp_path, lambda _: ALICE) as api, relay_of(tmp_path, gateway, api, allow="alice@example.com") as relay:
        api.release.clear()
        client = relay.connect()
        client.sendall(b"x" * 100_000)
        until(lambda: relay.counters()["waiting"] == 1, "it waits")
        assert gateway.accepted == 0
        api.release.set()
        assert receive(client, len(HELLO) + 100_000) == HELLO + b"x" * 100_000
        client.close()


@pytest.mark.parametrize("fault", ["absent", "hanging", "forbidding", "babbling"])
def test_with_a_list_nobody_gets_in_while_tailscaled_does_not_answer(tmp_path, gateway, fault):
    api = LocalAPI(tmp_path, lambda _: ALICE)
    if fault != "absent":
        api.open()
    if fault == "babbling":
        api.who = lambda _: {"Node": 1}
    if fault == "forbidding":
        api._send = lambda handler, status, text: LocalAPI._send(handler, 403, "no")
    if fault == "hanging":
        api.release.clear()
    with api if fault != "absent" else Gateway(), relay_of(tmp_path, gateway, api, allow="alice@example.com") as relay:
        assert relay.attempt() == "reset"
        relay.await_line("tailscaled could not tell who it is")
        assert relay.counters()["refused"] == {"caller-unknown": 1}
        assert gateway.accepted == 0


def test_a_local_process_is_let_in_only_with_local_access(tmp_path, gateway):
    with LocalAPI(tmp_path) as api, relay_of(tmp_path, gateway, api, "--no-local-access", allow="alice@example.com") as relay:
        assert relay.attempt() == "reset"
        assert "it is no node of the tailnet" in relay.await_line("refused")
        assert relay.counters()["refused"] == {"caller-local": 1}
        assert gateway.accepted == 0
    with LocalAPI(tmp_path) as api, relay_of(tmp_path, gateway, api, "--local-access", allow="alice@example.com") as relay:
        relay.client().close()
        assert relay.await_log(2)[0]["user_id"] == "local"


def test_without_a_list_a_local_process_is_cut_as_soon_as_it_is_known(tmp_path, gateway):
    with LocalAPI(tmp_path) as api, relay_of(tmp_path, gateway, api, "--no-local-access") as relay:
        client = relay.client()
        assert client.recv(1) == b"", "the regular end of the stream"
        client.close()
        opened, closed = relay.await_log(2)
        assert (closed["closed_by"], closed["reason"], closed["user_id"]) == ("relay", "caller-local", "local")
        assert "cut client 1, local" in relay.await_line("cut client")


def test_a_change_of_the_list_cuts_those_who_are_not_on_it_any_more(tmp_path, gateway):
    people = {}
    with LocalAPI(tmp_path, people.get) as api, relay_of(tmp_path, gateway, api, allow="alice@example.com tag:bot") as relay:
        clients = {}
        for name, who in [("alice", ALICE), ("bot", BOT)]:
            clients[name] = socket.socket()
            clients[name].bind(("127.0.0.1", 0))
            people[f"127.0.0.1:{clients[name].getsockname()[1]}"] = who
            clients[name].settimeout(DEADLINE)
            clients[name].connect(("127.0.0.1", relay.port))
            clients[name].sendall(HELLO)
            assert receive(clients[name], len(HELLO)) == HELLO
        (tmp_path / "callers").write_text("tag:bot\n")
        assert relay.ask("POST", "/v1/callers/reread") == (200, {"message": "1 entries say who may"})
        assert clients["alice"].recv(1) == b""
        clients["alice"].close()
        assert "alice@example.com on laptop" in relay.await_line("cut client 1")
        assert [line["reason"] for line in relay.await_log(3) if line["msg"] == "closed"] == ["caller-not-named"]
        clients["bot"].sendall(b"still here")
        assert receive(clients["bot"], 10) == b"still here"
        # A list that cannot be understood changes nothing.
        (tmp_path / "callers").write_text("tag:")
        status, answer = relay.ask("POST", "/v1/callers/reread")
        assert status == 400 and "'tag:'" in answer["message"]
        clients["bot"].sendall(b"even now")
        assert receive(clients["bot"], 8) == b"even now"
        clients["bot"].close()


def test_a_list_where_there_was_none_is_asked_of_those_who_are_there_already(tmp_path, gateway):
    with LocalAPI(tmp_path, lambda _: MALLORY) as api, relay_of(tmp_path, gateway, api, allow="") as relay:
        client = relay.client()
        relay.await_log(1)
        (tmp_path / "callers").write_text("alice@example.com")
        assert relay.ask("POST", "/v1/callers/reread")[0] == 200
        assert client.recv(1) == b""
        client.close()
        relay.await_log(2)
        assert relay.attempt() == "reset"
        relay.await_counters(lambda counters: counters["refused"] == {"caller-not-named": 1}, "the list holds for new ones")


def test_hundreds_of_clients_at_once_are_all_named(tmp_path):
    with Gateway(echo) as gateway, LocalAPI(tmp_path, lambda _: ALICE) as api:
        options = ("--rate", "0", "--max-clients", "2000")
        with relay_of(tmp_path, gateway, api, *options, allow="alice@example.com") as relay:
            clients = [relay.connect() for _ in range(300)]
            for client in clients:
                assert receive(client, len(HELLO)) == HELLO
            for client in clients:
                client.close()
            assert {line["user_id"] for line in relay.await_log(600)} == {"alice@example.com"}


def test_a_list_that_cannot_be_read_lets_nobody_in(tmp_path, gateway):
    with LocalAPI(tmp_path) as api:
        relay = Relay(tmp_path, gateway.port, "--tailnet", api.path, "--callers", "/no/such/list", wait=False)
        relay.await_line("cannot tell who may use the API")
        assert relay.wait() == 70
