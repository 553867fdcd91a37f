"""The health site as the outside sees it: `ibgw web` behind real Caddy, and `ibgw health`, never greener than the supervisor."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import LOGIN, eventually
from image_layout import IBGW, tool
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from web_site import WEDGED, WELL, Site

HOSTS = ["127.0.0.1", "localhost"]
PATHS = ["/health", "/ready", "/metrics", "/api/v1/status"]


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def served(site):
    """Everything is there."""
    site.start_supervisor()
    site.start_web()
    site.start_caddy()
    return site


def cause(text):
    report = json.loads(text)
    assert report["ok"] is False
    [only] = report["causes"]
    return only


# What the site answers


@pytest.mark.parametrize("host", HOSTS)
def test_a_well_supervisor_is_ok_and_an_unwell_one_is_503_with_its_causes(served, host):
    assert served.get("/health", host) == (200, "text/plain; charset=utf-8", "OK\n")
    assert served.get("/ready", host) == (200, "text/plain; charset=utf-8", "OK\n")
    served.supervisor.health["ready"] = (503, WEDGED)
    status, kind, text = served.get("/ready", host)
    assert (status, kind) == (503, "application/json")
    assert json.loads(text) == WEDGED
    assert served.get("/health", host)[0] == 200
    served.supervisor.health["ready"] = (200, WELL)
    assert served.get("/ready", host)[0] == 200


@pytest.mark.parametrize("host", HOSTS)
def test_any_other_path_is_404(served, host):
    for path in ("/", "/ready/", "/readyz", "/healthz", "/api/v1/", "/config/", "/api/v1/status/x", "/READY", "/%72eady"):
        assert served.get(path, host)[0] == 404, path


def test_each_gateway_can_be_asked_for_alone(served):
    served.get("/ready?mode=paper")
    assert "/v1/health?level=ready&mode=paper" in served.supervisor.asked
    assert served.get("/ready?mode=demo")[0] == 400


def test_the_status_is_the_supervisors(served):
    status, kind, text = served.get("/api/v1/status")
    assert (status, kind) == (200, "application/json")
    assert json.loads(text) == served.supervisor.status


def test_head_is_answered_without_a_body(served):
    served.supervisor.health["ready"] = (503, WEDGED)
    answer = served.raw(b"HEAD /ready HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ") and b"Content-Length: " in head and body == b""
    assert served.get("/ready", method="HEAD")[0] == 503


def test_nothing_can_be_written(served):
    for method in ("POST", "PUT", "DELETE"):
        assert served.get("/ready", method=method)[0] == 405
    assert not [path for path in served.supervisor.asked if "services" in path]


# Never a false green

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
UNUSABLE = {
    "nothing": [b""],
    "garbage": [bytes(range(256)) * 8],
    "half a head": [b"HTTP/1.1 200 OK\r\nContent-"],
    "half a body": [HEAD, b'{"ok": true, "cau'],
    "no json": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"],
    "another json": [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"],
    "a yes that is a no": [b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + b'{"ok":false,"causes":[      ]}'],
    "a no that is a yes": [b"HTTP/1.1 503 No\r\nContent-Length: 30\r\n\r\n" + b'{"ok":true, "causes":[      ]}'],
    "a yes with causes": [b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(WEDGED).replace("false", "true").encode()],
    "a redirect": [b"HTTP/1.1 302 Found\r\nLocation: /ready\r\nContent-Length: 0\r\n\r\n"],
    "a dribble": [HEAD, *[b" "] * 40],
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_no_other_answer_of_the_supervisor_is_green(served, answer):
    served.supervisor.raw = answer
    for path in ("/health", "/ready"):
        status, _, text = served.get(path)
        assert status == 503
        assert cause(text)["about"] == "ibgw"
    code, text = served.health()
    assert code == 1 and text.startswith("ibgw: ")


@pytest.mark.parametrize("host", HOSTS)
def test_a_supervisor_that_says_nothing_is_503_and_the_cause(served, host):
    served.supervisor.mute = True
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda path: served.get(path, host), PATHS))
    for status, _, text in answers:
        assert status == 503
        assert cause(text)["state"] == "silent"
    served.supervisor.mute = False
    served.supervisor.released.set()
    assert served.get("/ready", host)[0] == 200


def test_a_supervisor_that_is_gone_is_503_and_is_seen_when_it_is_back(served):
    served.supervisor.close()
    for path in PATHS:
        status, _, text = served.get(path)
        assert status == 503
        assert cause(text)["state"] == "unreachable"
    served.start_supervisor()
    assert [served.get(path)[0] for path in PATHS] == [200] * 4


@pytest.mark.parametrize("host", HOSTS)
def test_without_ibgw_web_caddy_says_so_itself(served, host):
    served.web.kill()
    served.web.wait()
    for path in PATHS:
        status, kind, text = served.get(path, host)
        assert (status, kind) == (503, "application/json")
        assert cause(text)["about"] == "web"
    served.start_web()
    assert served.get("/ready", host)[0] == 200


def test_an_ibgw_web_that_is_stopped_is_not_waited_for(served):
    served.web.send_signal(signal.SIGSTOP)
    status, _, text = served.get("/ready")
    assert status == 503 and cause(text)["about"] == "web"
    served.web.send_signal(signal.SIGCONT)
    assert eventually(lambda: served.get("/ready")[0] == 200)


def test_a_crowd_gets_its_answers_and_the_supervisor_is_not_crowded(served):
    with ThreadPoolExecutor(max_workers=60) as pool:
        answers = list(pool.map(lambda _: served.get("/ready")[0], range(300)))
    assert answers == [200] * 300
    # Each question that was under way was shared by whoever asked the same meanwhile.
    assert 1 <= len(served.supervisor.asked) <= 300
    code, text = served.health()
    assert (code, text) == (0, "OK\n")


# Caddy


def test_the_access_log_lies_beside_the_relays(served):
    served.get("/ready?mode=paper")
    log = served.image.path("log/http.log")
    entry = json.loads(eventually(lambda: log.exists() and log.read_text().splitlines())[0])
    assert entry["status"] == 200 and entry["request"]["uri"] == "/ready?mode=paper"


def test_a_log_that_cannot_be_written_costs_the_log_alone(site):
    site.start_supervisor()
    site.start_web()
    site.image.path("log/http.log").mkdir(parents=True)
    site.start_caddy()
    assert site.get("/ready")[0] == 200
    result = site.image.run("check", "--json")
    [problem] = [p for p in json.loads(result.stdout)["problems"] if p["variable"] == "CADDY_LOG_DIR"]
    assert "http.log" in problem["problem"] and problem["severity"] == "warning"


def test_the_admin_interface_is_a_socket_for_this_user_alone(site):
    site.start_caddy(more={"CADDY_ADMIN_DISABLED": "no"})
    path = site.run / "caddy-admin.sock"
    assert path.is_socket() and path.stat().st_mode & 0o022 == 0
    result = subprocess.run(
        [tool("curl"), "-s", "-H", "Host;", "--unix-socket", str(path), "http://localhost/config/admin"],
        capture_output=True,
        check=True,
    )
    assert json.loads(result.stdout) == {"listen": f"unix/{path}"}


def test_check_says_what_caddy_says_of_a_template(site):
    site.image.path("bin/caddy").unlink()
    site.image.path("bin/caddy").symlink_to(tool("caddy"))
    good = site.image.run("check", "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["problems"] == []
    before = sorted(str(path) for path in site.root.rglob("*"))
    site.image.write("Caddyfile.tmpl", "http://:2019 {\n\tbind 127.0.0.1\n\trespnd /ready 200\n}\n")
    result = site.image.run("check", "--json")
    assert result.returncode == 0
    [problem] = json.loads(result.stdout)["problems"]
    assert problem["variable"] == "CADDYFILE_TMPL" and problem["severity"] == "warning"
    assert "line 3" in problem["problem"] and "respnd" in problem["problem"] and "/tmp/" not in problem["problem"]
    assert sorted(str(path) for path in site.root.rglob("*")) == before


def test_check_shows_no_secret_that_a_template_puts_before_caddy(site):
    site.image.path("bin/caddy").unlink()
    site.image.path("bin/caddy").symlink_to(tool("caddy"))
    site.image.write("Caddyfile.tmpl", "${TWS_PASSWORD} {\n}\n${TWS_PASSWORD}\n")
    result = site.image.run("check")
    assert b"correct" not in result.stdout + result.stderr


# ibgw health


def test_health_ends_with_0_and_ok_or_with_1_and_a_line_for_each_cause(site):
    supervisor = site.start_supervisor()
    assert site.health() == (0, "OK\n")
    assert site.health("--live") == (0, "OK\n")
    both = {"ok": False, "causes": [*WEDGED["causes"], {"about": "live", "state": "login-hold", "why": ""}]}
    supervisor.health["ready"] = (503, both)
    assert site.health() == (1, "paper: wedged: it accepts and says nothing\nlive: login-hold\n")
    assert site.health("--ready") == site.health()
    assert site.health("--live") == (0, "OK\n")
    code, text = site.health("--json")
    assert code == 1 and json.loads(text) == both


def test_health_asks_for_what_it_was_told_to(site):
    supervisor = site.start_supervisor()
    for arguments in ([], ["--live"], ["--mode", "paper"], ["--live", "--mode", "live"]):
        site.health(*arguments)
    assert supervisor.asked == [
        "/v1/health?level=ready", "/v1/health?level=live", "/v1/health?level=ready&mode=paper",
        "/v1/health?level=live&mode=live",
    ]


@pytest.mark.parametrize("level", ["--live", "--ready"])
def test_health_is_1_without_a_supervisor_and_with_one_that_says_nothing(site, level):
    code, text = site.health(level)
    assert code == 1 and text.startswith("ibgw: unreachable: nothing serves ") and text.count("\n") == 1
    site.start_supervisor().mute = True
    code, text = site.health(level)
    assert code == 1 and text.startswith("ibgw: silent: ") and text.count("\n") == 1


def test_health_says_who_must_use_live(site):
    text = subprocess.run([IBGW, "health", "--help"], capture_output=True, text=True).stdout
    text = " ".join(text.split())
    assert "must use --live" in text and "Swarm" in text and "autoheal" in text


# The metrics' text


def test_promtool_finds_nothing_to_say_about_the_metrics(served):
    status, kind, text = served.get("/metrics")
    assert status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8"
    result = subprocess.run([tool("promtool"), "check", "metrics"], input=text, text=True, capture_output=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_openmetrics_text_is_read_by_prometheus_own_parser(served):
    status, kind, text = served.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert status == 200 and kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["ibgw_build"].type == "info"
    assert families["ibgw_process_cpu_seconds"].unit == "seconds"
    state = families["ibgw_gateway_state"]
    assert state.type == "stateset"
    held = {(s.labels["mode"], s.labels["ibgw_gateway_state"]) for s in state.samples if s.value == 1}
    assert held == {("live", "serving"), ("paper", "waiting-for-2fa")}
    services = {s.labels["service"] for s in families["ibgw_service_restarts"].samples}
    assert services == {"relay", 'start-script:10 "\\quoted".sh'}


# The whole program


def test_the_supervisor_serves_the_site_and_says_what_is_so(image):
    container = image.run(LOGIN)
    for name in ("web", "caddy", "relay", "probe"):
        container.wait_for_line(f"{name}: ready")

    def get(path, host="127.0.0.1"):
        result = container.execute(tool("curl"), "-s", "-w", "\n%{http_code}", f"http://{host}:2019{path}")
        text, _, status = result.stdout.rpartition("\n")
        return int(status), text

    for host in HOSTS:
        assert get("/health", host) == (200, "OK\n")
        assert get("/nothing", host)[0] == 404
    assert container.ibgw("health", "--live").returncode == 0
    status, text = get("/metrics")
    assert status == 200
    checked = subprocess.run([tool("promtool"), "check", "metrics"], input=text, text=True, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    for source in ("supervisor", "relay", "probe"):
        assert f'ibgw_scrape_ok{{source="{source}"}} 1\n' in text
    for process in ("supervisor", "relay", "web", "caddy", "xvfb"):
        assert f'ibgw_process_resident_memory_bytes{{process="{process}"}} ' in text
    assert json.loads(get("/api/v1/status")[1])["pid"] == 1

    # What the site says is what the command says, whichever that is.
    status, text = get("/ready")
    result = container.ibgw("health", "--json")
    assert (status, result.returncode) in ((200, 0), (503, 1))
    if status == 503:
        assert [c["about"] for c in json.loads(text)["causes"]] == [c["about"] for c in json.loads(result.stdout)["causes"]]

    # The supervisor stands still: nothing hangs and nothing is green.
    os.kill(container.pid, signal.SIGSTOP)
    try:
        for path in ("/health", "/ready", "/metrics", "/api/v1/status"):
            status, text = get(path)
            assert status == 503 and cause(text)["state"] == "silent"
        result = container.ibgw("health", "--live")
        assert result.returncode == 1 and result.stdout.startswith("ibgw: silent: ")
    finally:
        os.kill(container.pid, signal.SIGCONT)
    assert eventually(lambda: get("/health") == (200, "OK\n"))
    assert container.stop() == 0


def test_without_the_health_check_there_is_no_site(image):
    container = image.run(LOGIN | {"ENABLE_HEALTH_CHECK": "no"})
    container.wait_for_line("relay: ready")
    assert not {s["name"] for s in container.status()["services"]} & {"web", "caddy"}
    assert container.execute(tool("curl"), "-s", "http://127.0.0.1:2019/health").returncode == 7
    assert container.ibgw("health", "--live").returncode == 0
    assert container.stop() == 0
