"""Prometheus's configuration, the alerts and the dashboard: their syntax, their names, and a real Prometheus that scrapes."""

import json
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
import yaml
from harness.container import eventually
from image_layout import REPOSITORY, tool
from web_site import WEDGED, Site

MONITORING = REPOSITORY / "image-files/monitoring"
RULES = MONITORING / "prometheus/rules/ibgw.yml"
ALERT_TESTS = REPOSITORY / "Tests/Monitoring/ibgw_test.yml"
DASHBOARDS = sorted((MONITORING / "grafana/dashboards").glob("*.json"))

# What Prometheus gives by itself, and the labels that a query names.
NAME = re.compile(r"\b(?:ibgw_[a-z0-9_]+|up)\b(?!=|\"|')")


def documented():
    """Every name in the reference's first column."""
    rows = re.findall(r"^\| (`.*?) \|", (REPOSITORY / "docs/metrics.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def alerts():
    return {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def queries(dashboard):
    """Every query of a dashboard, with Grafana's own variables replaced by what they stand for."""
    text = json.loads(dashboard.read_text())
    found = [target["expr"] for panel in text["panels"] for target in panel.get("targets", [])]
    found += [annotation["expr"] for annotation in text["annotations"]["list"]]
    variables = {"$__rate_interval": "1m", "$__range": "1h", "$instance": ".*", "$mode": ".*"}
    for name, value in variables.items():
        found = [query.replace(name, value) for query in found]
    return found


def names(query):
    """The metrics of a query: no labels and nothing in quotes."""
    bare = re.sub(r'"[^"]*"', '""', query)
    return set(NAME.findall(re.sub(r"(?:by|on)\s*\([^)]*\)", "", bare)))


def promtool(*arguments, **options):
    result = subprocess.run([tool("promtool"), *map(str, arguments)], capture_output=True, text=True, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_reference_is_read():
    assert {"ibgw_ready", "ibgw_service_restarts_total", "ibgw_relay_connect_duration_seconds_bucket"} <= documented()
    assert names('sum by (le) (rate(ibgw_a_bucket{ibgw_b="ibgw_c"}[5m])) and on (ibgw_d) up == 1') == {"ibgw_a_bucket", "up"}


def test_prometheus_takes_its_configuration():
    promtool("check", "config", MONITORING / "prometheus/prometheus.yml")


def test_the_alerts_come_when_they_should():
    promtool("test", "rules", ALERT_TESTS)


def test_every_alert_is_shown_to_come_and_shown_to_stay_away():
    tested = {name: set() for name in alerts()}
    for group in yaml.safe_load(ALERT_TESTS.read_text())["tests"]:
        for test in group["alert_rule_test"]:
            tested[test["alertname"]].add(bool(test["exp_alerts"]))
    immediate = {name for name, rule in alerts().items() if "for" not in rule and "increase" not in rule["expr"]}
    assert {name for name, seen in tested.items() if True not in seen} == set()
    assert {name for name, seen in tested.items() if False not in seen} <= immediate


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), name
        assert rule["annotations"]["summary"].endswith(".") and rule["annotations"]["description"].endswith((".", "?")), name


def test_alerts_and_dashboards_use_documented_names_alone():
    known = documented() | {"up"}
    for name, rule in alerts().items():
        assert names(rule["expr"]) and names(rule["expr"]) <= known, name
    assert DASHBOARDS
    for dashboard in DASHBOARDS:
        for query in queries(dashboard):
            assert names(query) and names(query) <= known, query
        variables = [v for v in json.loads(dashboard.read_text())["templating"]["list"] if v["type"] == "query"]
        for variable in variables:
            [metric] = re.findall(r"label_values\((\w+)", variable["query"]["query"])
            assert metric in known


def test_alerts_and_dashboards_use_documented_labels_alone():
    labels = {"job", "instance"}
    for row in re.findall(r"^\| `ibgw_.*? \| \w+ \| (.*?) \|", (REPOSITORY / "docs/metrics.md").read_text(), re.MULTILINE):
        labels |= set(re.findall(r"`(\w+)`", row))
    assert {"mode", "route", "le", "ibgw_gateway_state"} <= labels
    texts = [rule["expr"] + json.dumps(rule["annotations"]) for rule in alerts().values()]
    for dashboard in DASHBOARDS:
        panels = json.loads(dashboard.read_text())["panels"]
        texts += [t["expr"] + t["legendFormat"] for panel in panels for t in panel.get("targets", [])]
    for text in texts:
        used = set(re.findall(r"{{ ?(?:\$labels\.)?(\w+) ?}}", text)) | set(re.findall(r"[{,](\w+)=~?\"", text))
        for group in re.findall(r"(?:by|on) \((.*?)\)", text):
            used |= {name.strip() for name in group.split(",")}
        assert used and used <= labels, text


def test_the_monitoring_overlay_mounts_what_is_there():
    services = yaml.safe_load((REPOSITORY / "image-files/compose/monitoring.yml").read_text())["services"]
    volumes = [volume for name in ("prometheus", "grafana") for volume in services[name]["volumes"]]
    sources = {target: source for source, target in re.findall(r"(\$\{MONITORING_DIR\S*?):(/[^:]*):ro", "\n".join(volumes))}
    for target, source in sources.items():
        folder = REPOSITORY / source.replace("${MONITORING_DIR:-./image-files/monitoring}", "image-files/monitoring")
        assert folder.is_dir(), f"{source} for {target}"
    assert "/etc/prometheus" in sources
    [provider] = yaml.safe_load((MONITORING / "grafana/provisioning/dashboards/ibgw.yml").read_text())["providers"]
    assert provider["options"]["path"] in sources


def test_a_dashboard_has_no_two_panels_in_one_place_or_of_one_number():
    for dashboard in DASHBOARDS:
        panels = json.loads(dashboard.read_text())["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in panels)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23


class Prometheus:
    """A real Prometheus with our configuration, which looks at one site every second."""

    def __init__(self, site, directory):
        config = yaml.safe_load((MONITORING / "prometheus/prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        del config["scrape_configs"][0]["scrape_timeout"]
        config["rule_files"] = [str(RULES)]
        [scrape] = config["scrape_configs"]
        [target] = scrape["static_configs"]
        assert target["targets"] == ["ib-gateway:2019"]
        target["targets"] = [f"127.0.0.1:{site.port}"]
        path = directory / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [
                tool("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={directory}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def ask(self, path, **query):
        try:
            url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            # 503 while it starts; whatever else is a mistake in the question.
            assert error.code == 503, f"{query}: {error.read().decode()}"
        except OSError:
            pass
        return None

    def value(self, query):
        data = self.ask("query", query=query)
        return [float(item["value"][1]) for item in data["result"]] if data else []

    def firing(self):
        data = self.ask("alerts") or {"alerts": []}
        return {alert["labels"]["alertname"] for alert in data["alerts"] if alert["state"] == "firing"}


@pytest.fixture
def prometheus(tmp_path):
    site = Site()
    site.start_supervisor()
    site.start_web()
    site.start_caddy()
    prometheus = Prometheus(site, tmp_path)
    site.also(prometheus.process)
    prometheus.site = site
    yield prometheus
    site.close()


def test_a_real_prometheus_scrapes_the_site_and_alerts(prometheus):
    site = prometheus.site
    # The paper gateway of the stand-in waits for its second factor from the beginning.
    eventually(lambda: prometheus.value('up{job="ibgw"}') == [1], what="a scrape")
    eventually(lambda: "IBGatewaySecondFactorWanted" in prometheus.firing(), what="the alert")
    assert prometheus.value('ibgw_gateway_state{mode="live",ibgw_gateway_state="serving"}') == [1]
    assert prometheus.value("ibgw_ready") == [1]
    [metadata] = prometheus.ask("metadata", metric="ibgw_gateway_state")["ibgw_gateway_state"]
    assert metadata["type"] == "stateset", "it was not scraped as OpenMetrics"

    for query in queries(DASHBOARDS[0]):
        prometheus.ask("query", query=query)

    site.supervisor.status["gateways"][1]["state"] = "serving"
    site.supervisor.health["ready"] = (503, WEDGED)
    eventually(lambda: prometheus.value("ibgw_ready") == [0], what="another scrape")
    eventually(lambda: "IBGatewaySecondFactorWanted" not in prometheus.firing(), what="the alert's end")

    site.supervisor.close()
    eventually(lambda: prometheus.value('up{job="ibgw"}') == [0], what="a failed scrape")
