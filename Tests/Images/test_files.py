"""What is shipped beside the Dockerfiles, without an engine: schemas, linters, and that each variable is where it belongs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = ["docker-compose.yml", "tws-docker-compose.yml", *sorted(
    str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "image-files/compose").glob("*.yml"))]
# The image sets these; passed through, they would carry in what the host's own shell has.
OF_THE_IMAGE = {
    "CADDYFILE_TMPL", "DISPLAY", "GATEWAY_OR_TWS", "HOME", "IBC_INI_TMPL", "IBC_PATH", "IB_GATEWAY_VERSION", "TWS_INI", "TWS_INI_TMPL",
    "TWS_MAJOR_VRSN", "TWS_PATH", "TZ",
}


def run(*command, **options):
    result = subprocess.run(list(map(str, command)), cwd=REPOSITORY, capture_output=True, text=True, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def settings(binary):
    return json.loads(run(binary, "settings", "--json"))


def test_the_dockerfiles_are_clean():
    run("hadolint", "Dockerfile.template", "Dockerfile.tws.template", "Tests/Images/imaging/rdesktop/Dockerfile")


@pytest.mark.parametrize("file", COMPOSE)
def test_a_compose_file_fits_the_specification(file):
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


@pytest.mark.parametrize("file", sorted((REPOSITORY / "image-files/kubernetes").glob("*.yaml")), ids=lambda p: p.name)
def test_a_manifest_fits_the_kubernetes_schema(file):
    if file.name == "kustomization.yaml":
        manifest = yaml.safe_load(file.read_text())
        assert all((file.parent / name).exists() for name in manifest["resources"])
    else:
        run("kubernetes-validate", "--strict", file)


@pytest.mark.parametrize("file", sorted((REPOSITORY / ".github/workflows").glob("*.yml")), ids=lambda p: p.name)
def test_a_workflow_fits_githubs_schema(file):
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)


@pytest.mark.parametrize(("file", "service", "image"), [
    ("docker-compose.yml", "ib-gateway", "tws"), ("tws-docker-compose.yml", "tws", "gateway")])
def test_every_variable_is_passed_on(settings, file, service, image):
    passed = yaml.safe_load((REPOSITORY / file).read_text())["services"][service]["environment"]
    expected = {
        name for row in settings if row["image"] != image and row["name"] not in OF_THE_IMAGE
        for name in (row["name"], row.get("file_variable")) if name}
    assert set(passed) == expected
    for name, value in passed.items():
        assert re.fullmatch(rf"\$\{{{name}:-[^}}]*\}}", value), f"{name} is {value}"
    # The base image has other defaults for an empty one.
    assert {passed.get(name) for name in ("PUID", "PGID")} in ({None}, {"${PUID:-1000}", "${PGID:-1000}"})


def test_the_example_env_file_is_the_one_that_is_printed(binary):
    assert (REPOSITORY / ".env.example").read_text() == run(binary, "settings", "--env")


def test_the_example_env_file_is_accepted_as_it_is_read(binary, tmp_path):
    """With every # taken away, each default is one that the program takes."""
    given = {}
    for line in (REPOSITORY / ".env.example").read_text().splitlines():
        if found := re.fullmatch(r"#([A-Z][A-Z_0-9]*)=(.*)", line):
            given[found[1]] = found[2]
    assert len(given) > 60
    checked = subprocess.run(
        [str(binary), "check"], env={"PATH": "/usr/bin", "HOME": str(tmp_path)} | {k: v for k, v in given.items() if v}, capture_output=True,
        text=True)
    about = re.findall(r"^(?:ibgw: )?error: (\w+)", checked.stdout + checked.stderr, re.M)
    # There is no installation here; nothing else may be wrong.
    assert set(about) <= {"TWS_PATH", "IBC_PATH", "IBGW_RUN_DIR", "TWS_SETTINGS_PATH"}, checked.stdout + checked.stderr


@pytest.mark.parametrize("file", ["image-files/compose/swarm.yml", "image-files/kubernetes/statefulset.yaml"])
def test_only_variables_that_there_are_get_set(settings, file):
    known = {name for row in settings for name in (row["name"], row.get("file_variable")) if name}
    tree = yaml.safe_load((REPOSITORY / file).read_text())
    if "services" in tree:
        names = set(tree["services"]["ib-gateway"]["environment"])
    else:
        names = {entry["name"] for entry in tree["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert names and names <= known


@pytest.mark.parametrize("file", ["image-files/compose/swarm.yml", "image-files/kubernetes/statefulset.yaml"])
def test_nothing_that_restarts_asks_whether_a_login_is_complete(file):
    tree = yaml.safe_load((REPOSITORY / file).read_text())
    if "services" in tree:
        checks = [tree["services"]["ib-gateway"]["healthcheck"]["test"]]
    else:
        container = tree["spec"]["template"]["spec"]["containers"][0]
        checks = [container[probe]["exec"]["command"] for probe in ("startupProbe", "livenessProbe")]
    assert all(check[-1] == "--live" for check in checks)


def test_every_stop_is_given_more_than_the_supervisor_takes(settings):
    timeout, paused = map(int, re.findall(r"\d+", next(row["default"] for row in settings if row["name"] == "STOP_TIMEOUT")))
    graces = [
        int(re.search(r"stop_grace_period: (?:\$\{STOP_GRACE_PERIOD:-)?(\d+)s", (REPOSITORY / name).read_text())[1])
        for name in ("docker-compose.yml", "tws-docker-compose.yml", "image-files/compose/swarm.yml")]
    manifest = yaml.safe_load((REPOSITORY / "image-files/kubernetes/statefulset.yaml").read_text())
    graces.append(manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])
    service = re.search(r"S6_SERVICES_GRACETIME=(\d+)", (REPOSITORY / "Dockerfile.tws.template").read_text())
    assert all(grace > timeout for grace in graces)
    # It is an upper bound, below Docker's own, and has no reason to be short.
    assert int(service[1]) / 1000 > paused


def test_links_between_the_documents_lead_somewhere():
    for document in [*(REPOSITORY / "docs").glob("*.md"), *REPOSITORY.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def of_compose():
    """What the compose files themselves take from .env."""
    return {name for file in COMPOSE for name in re.findall(r"\$\{([A-Z_0-9]+)", (REPOSITORY / file).read_text())}


def test_the_documents_name_only_variables_that_there_are(settings):
    known = {name for row in settings for name in (row["name"], row.get("file_variable")) if name} | of_compose()
    for document in (REPOSITORY / "docs").glob("*.md"):
        for name in re.findall(r"`((?:TWS|TAILSCALE|RELAY|IBC|ON|CADDY|HEALTH|API|ALERT|LOG|STOP)_[A-Z_]+)(?:=[^`]*)?`", document.read_text()):
            assert name in known or name.startswith("SSH_"), f"{document.name} names {name}"


def test_the_readme_explains_what_the_compose_files_alone_take(settings):
    known = {name for row in settings for name in (row["name"], row.get("file_variable")) if name} - {"IB_GATEWAY_VERSION"}
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"`([A-Z_0-9]+)`", row)}
    assert of_compose() - known <= explained


def test_envsubst_leaves_every_other_variable_alone():
    assert shutil.which("envsubst")
    for name in ("Dockerfile.template", "Dockerfile.tws.template"):
        text = (REPOSITORY / name).read_text()
        rendered = run("envsubst", "$VERSION,$CHANNEL", input=text, env={"PATH": "/usr/bin", "VERSION": "1.2.3", "CHANNEL": "latest"})
        assert rendered == re.sub(r"\$(?:VERSION\b|\{VERSION\})", "1.2.3", re.sub(r"\$(?:CHANNEL\b|\{CHANNEL\})", "latest", text))
