"""`ibgw check`, `ibgw settings` and `ibgw render`, from outside."""

import http.client
import http.server
import json
import os
import pathlib
import random
import socket
import socketserver
import subprocess
import threading

import pytest

import properties
from image_layout import IBGW, NOBODY, Image, tool

NO_TAILNET = (
    "there is no tailnet, since there is neither a TAILSCALE_AUTHKEY nor a node's state: "
    "the API is guarded by the port mapping and RELAY_ALLOW alone"
)
BOTH = {"TRADING_MODE": "both", "TWS_USERID_PAPER": "other one", "TWS_PASSWORD_PAPER": "battery staple"}


@pytest.fixture
def image(tmp_path_factory):
    return Image(tmp_path_factory.mktemp("image"))


def problems(result) -> dict[str, str]:
    return {problem["variable"]: problem["severity"] for problem in json.loads(result.stdout)["problems"]}


# check


def test_a_fine_configuration_is_said_to_be_fine(image):
    result = image.run("check")
    assert (result.returncode, result.stdout, result.stderr) == (
        0, f"note: {NO_TAILNET}\nThe configuration is fine.\n".encode(), b""
    )
    report = json.loads(image.run("check", "--json").stdout)
    assert report == {"errors": 0, "notes": [NO_TAILNET], "problems": [], "warnings": 0}


def test_everything_wrong_is_reported_at_once_with_78(image):
    image.path("home/Jts/jts.ini").mkdir()
    more = {
        "TRADING_MODE": "demo",
        "TWS_PASSWORD_FILE": "/run/secrets/none",
        "AUTO_RESTART_TIME": "23:59",
        "SSH_TUNNEL": "yes",
        "TWS_PASWORD": "x",
        "TIME_ZONE": "Europe/Zurih",
        "IB_GATEWAY_VERSION": "1.0",
        "RELAY_ALLOW": "10.0.0.0/99",
    }
    result = image.run("check", "--json", more=more)
    assert result.returncode == 78
    found = problems(result)
    errors = {name for name, severity in found.items() if severity == "error"}
    assert errors == {
        "TRADING_MODE",
        "TWS_PASSWORD",
        "AUTO_RESTART_TIME",
        "RELAY_ALLOW",
        "TIME_ZONE",
        "IB_GATEWAY_VERSION",
        "TWS_PATH",
    }
    assert {"SSH_TUNNEL", "TWS_PASWORD"} == {name for name, severity in found.items() if severity == "warning"}

    text = image.run("check", more=more)
    assert text.returncode == 78
    lines = text.stdout.decode().splitlines()
    assert len(lines) == len(found) + 2
    assert lines[-1] == "The configuration cannot run: 7 errors, 2 warnings."
    assert 'error: AUTO_RESTART_TIME is "23:59", a 24-hour time; write "11:59 PM"' in lines


def test_warnings_alone_are_no_failure(image):
    result = image.run("check", more={"TWS_PASSWORD": None})
    assert result.returncode == 0
    assert result.stdout.decode().endswith("The configuration can run, with 1 warning.\n")


def test_an_unknown_option_is_a_usage_error(image):
    assert image.run("check", "--nonsense").returncode == 64


@pytest.mark.parametrize("name", ["TWS_PASSWORD", "TWS_USERID", "VNC_SERVER_PASSWORD", "TAILSCALE_AUTHKEY"])
def test_a_secret_file_that_another_user_may_not_read_is_named(image, name):
    secret = image.write("secret", "Zq7-sentinel\n", mode=0o600)
    more = {name: None, f"{name}_FILE": str(secret)}
    result = image.run("check", "--json", more=more, user=NOBODY)
    assert result.returncode == 78
    report = json.loads(result.stdout)["problems"]
    problem = next(p for p in report if p["variable"] == f"{name}_FILE")
    assert problem["severity"] == "error"
    assert f"{secret}, which cannot be read: permission is denied to uid {NOBODY}" in problem["problem"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "it does not exist"),
        ("dir", "it is a directory"),
        (b"\xe4\xf6\n", "it is not UTF-8 text"),
        (b"\n", "is empty"),
    ],
)
def test_a_secret_file_that_is_no_password_is_said_to_be_none(image, content, why):
    path = image.path("secret")
    if content == "dir":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    result = image.run("check", "--json", more={"TWS_PASSWORD": None, "TWS_PASSWORD_FILE": str(path)})
    assert result.returncode == 78
    [problem] = json.loads(result.stdout)["problems"]
    assert problem["variable"] == "TWS_PASSWORD_FILE"
    assert str(path) in problem["problem"] and why in problem["problem"]


def test_a_password_that_is_not_utf8_is_refused_and_not_shown(image):
    result = image.run("check", "--json", more={"TWS_PASSWORD": b"gr\xfcezi99"})
    assert result.returncode == 78
    assert problems(result) == {"TWS_PASSWORD": "error"}
    assert b"ezi99" not in result.stdout + result.stderr


def test_another_user_learns_what_he_cannot_write(image):
    result = image.run("check", "--json", user=NOBODY)
    assert result.returncode == 78
    # A gateway cannot do without its settings directory. Its ini could go to the run directory, which is missing too.
    assert problems(result) == {
        "TWS_PATH": "error",
        "IBGW_RUN_DIR": "error",
        "IBC_INI": "warning",
        "CADDY_LOG_DIR": "warning",
    }

    for name in ("data", "run", "log"):
        image.path(name).mkdir(mode=0o755)
        os.chown(image.path(name), NOBODY, NOBODY)
    result = image.run("check", "--json", more={"TWS_SETTINGS_PATH": str(image.path("data"))}, user=NOBODY)
    assert result.returncode == 0
    assert problems(result) == {"IBC_INI": "warning"}


def test_a_heap_that_cannot_be_set_is_an_error(image):
    for name in ("run", "log", "data"):
        image.path(name).mkdir()
        os.chown(image.path(name), NOBODY, NOBODY)
    more = {"TWS_SETTINGS_PATH": str(image.path("data")), "JAVA_HEAP_SIZE": "512"}
    assert problems(image.run("check", "--json", more=more, user=NOBODY))["JAVA_HEAP_SIZE"] == "error"
    more["JAVA_HEAP_SIZE"] = "768"
    assert "JAVA_HEAP_SIZE" not in problems(image.run("check", "--json", more=more, user=NOBODY))


def test_check_writes_nothing(image):
    before = sorted(str(path) for path in image.root.rglob("*"))
    image.run("check", more=BOTH)
    assert sorted(str(path) for path in image.root.rglob("*")) == before


# settings


def test_the_reference_is_the_same_in_every_form(image):
    rows = json.loads(image.run("settings", "--json").stdout)
    markdown = image.run("settings", "--markdown").stdout.decode().splitlines()
    plain = image.run("settings").stdout.decode()
    assert markdown[0].startswith("| Variable |") and len(markdown) == len(rows) + 2
    for row, line in zip(rows, markdown[2:]):
        assert line.startswith(f"| `{row['name']}`") and row["help"] in line
        assert f"{row['name']}" in plain and row["help"] in plain
        # A list may be long enough for a file, too.
        assert (row["secret"] or row["name"] == "API_ALLOW") == ("file_variable" in row)
    assert image.run("settings", "--json", "--markdown").returncode == 64


# render


def test_render_shows_every_file_with_secrets_masked(image):
    result = image.run("render", more=BOTH)
    assert result.returncode == 0
    text = result.stdout.decode()
    heads = [line for line in text.splitlines() if line.startswith("==> ")]
    home = image.path("home")
    assert heads == [
        f"==> {path} <=="
        for path in (
            f"{home}/ibc/config.ini_live",
            f"{home}/Jts_live/jts.ini",
            f"{home}/ibc/config.ini_paper",
            f"{home}/Jts_paper/jts.ini",
            f"{image.path('run')}/Caddyfile",
        )
    ]
    assert text.count("IbPassword=***\n") == 2
    for secret in ("someone", "correct horse", "other one", "battery staple"):
        assert secret not in text


def test_render_writes_below_a_directory(image):
    out = image.path("out")
    result = image.run("render", "--output", str(out), more=BOTH)
    assert result.returncode == 0
    written = [pathlib.Path(line) for line in result.stdout.decode().splitlines()]
    assert written == [path for path in written if path.is_file() and path.is_relative_to(out)]
    ini = out / str(image.path("home/ibc/config.ini_paper")).lstrip("/")
    assert properties.load(ini.read_bytes())["TradingMode"] == "paper"
    assert ini.stat().st_mode & 0o777 == 0o600
    assert not image.path("home/ibc/config.ini_paper").exists()


def test_render_refuses_a_wrong_configuration(image):
    result = image.run("render", more={"TRADING_MODE": "demo"})
    assert result.returncode == 78
    assert result.stdout == b""
    assert result.stderr.startswith(b"ibgw: error: TRADING_MODE ")


def test_custom_config_renders_no_ini(image):
    text = image.run("render", more={"CUSTOM_CONFIG": "yes"}).stdout.decode()
    assert "config.ini" not in text and "Caddyfile <==" in text


def in_mounts(script: str, image: Image) -> subprocess.CompletedProcess:
    """Runs a script that may mount, in a mount namespace of its own."""
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    environment = image.environment | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(own + ["sh", "-c", script], env=environment, capture_output=True, timeout=60)


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(image):
    out = image.path("out")
    out.mkdir()
    # Room for directories, not for the file. What is left on it is listed before the namespace ends.
    script = f"mount -t tmpfs -o size=4k tmpfs {out}; {IBGW} render --output {out}; echo exit $?; find {out} -type f"
    result = in_mounts(script, image)
    assert result.stdout == b"exit 70\n"
    target = f"{out}{image.path('home/ibc/config.ini')}"
    assert result.stderr.decode() == f"ibgw: cannot write {target}: no space is left on the disk\n"


def test_a_mounted_file_cannot_be_replaced_and_says_so(image):
    out = image.path("out")
    target = out / str(image.path("home/ibc/config.ini")).lstrip("/")
    target.parent.mkdir(parents=True)
    target.write_text("mine")
    other = image.write("other", "mounted")
    result = in_mounts(f"mount --bind {other} {target} && {IBGW} render --output {out}", image)
    assert result.returncode == 70
    assert result.stderr.decode().strip() == f"ibgw: cannot write {target}: it is a mount point"
    assert [path.name for path in target.parent.iterdir()] == ["config.ini"]
    assert other.read_text() == "mounted"


def test_a_read_only_file_system_is_noticed_before_anything_starts(image):
    for name in ("run", "log", "data"):
        image.path(name).mkdir()
    script = f"mount --bind {image.root} {image.root} && mount -o remount,ro,bind {image.root} && {IBGW} check --json"
    result = in_mounts(script, image)
    found = problems(result)
    assert result.returncode == 78
    assert found["TWS_PATH"] == "error" and found["IBGW_RUN_DIR"] == "error" and found["IBC_INI"] == "warning"


# templates: GNU envsubst, byte for byte

NAMES = ["A", "B", "_x9", "EMPTY", "DOLLAR", "LONG_NAME_OF_MANY_LETTERS", "UNKNOWN", "a"]
VALUES = {
    "A": "1",
    "B": "two words",
    "_x9": "ünï ✓ 😀",
    "EMPTY": "",
    "DOLLAR": "$A ${B} $$",
    "LONG_NAME_OF_MANY_LETTERS": "x" * 500,
    "a": "back\\slash\\",
}
PIECES = ["$", "$$", "{", "}", "${", "${}", "${1}", "$1", ":-x", "$A$B", "${A}}", "${A", "${A:-x}"]
PIECES += ["\n", "\r\n", "\0", "\\", " "]
# A byte that ends a name and opens nothing: what stands before it is rendered as it would be at the end of a file.
SEPARATOR = b"\x01"


def random_template(generator: random.Random) -> bytes:
    parts = []
    for _ in range(generator.randint(0, 12)):
        kind = generator.random()
        if kind < 0.35:
            name = generator.choice(NAMES)
            parts.append(generator.choice(["$%s", "${%s}", "${%s", "$%s}", "$${%s}", "${%s:-x}", "%s"]) % name)
        elif kind < 0.7:
            parts.append(generator.choice(PIECES))
        elif kind < 0.85:
            parts.append("".join(generator.choices("abAB_09zZ-.", k=generator.randint(1, 5))))
        else:
            parts.append(bytes(b for b in generator.randbytes(generator.randint(1, 4)) if b != 1))
    return b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)


def rendered_by_ibgw(image: Image, template: bytes) -> bytes:
    """A template of the Caddyfile, which is rendered as it is."""
    image.write("Caddyfile.tmpl", template)
    out = image.path("out")
    result = image.run("render", "--output", str(out), more=VALUES | {"CUSTOM_CONFIG": "yes"})
    assert result.returncode == 0, result.stderr
    return (out / str(image.path("run/Caddyfile")).lstrip("/")).read_bytes()


def rendered_by_envsubst(template: bytes) -> bytes:
    return subprocess.run([tool("envsubst")], input=template, env=VALUES, capture_output=True, check=True).stdout


@pytest.mark.parametrize("seed", range(8))
def test_random_templates_are_rendered_as_envsubst_does(image, seed):
    generator = random.Random(seed)
    templates = [random_template(generator) for _ in range(1000)]
    whole = SEPARATOR.join(templates)
    ours = rendered_by_ibgw(image, whole).split(SEPARATOR)
    theirs = rendered_by_envsubst(whole).split(SEPARATOR)
    assert len(theirs) == len(templates)
    for template, expected, actual in zip(templates, theirs, ours, strict=True):
        assert actual == expected, template


@pytest.mark.parametrize(
    "template",
    PIECES
    + ["", "$A", "${A}", "${A$B}", "$A${", "${A}$", "${A\n}", "${ A}", "$ A", "$Ä", "${Ä}", "$AÄ", "\xff$A"]
    + ["no end", "end\n"]
    + ["${UNKNOWN}", "$UNKNOWN", "$EMPTY", "$DOLLAR", "${${A}}", "$A_", "${A_}", "$_x9", "$9A", "${A}\0${B}"],
)
def test_a_template_that_ends_anywhere_is_rendered_as_envsubst_does(image, template):
    data = template.encode("latin-1" if "\xff" in template else "utf-8")
    assert rendered_by_ibgw(image, data) == rendered_by_envsubst(data)


def test_an_unknown_name_is_a_warning_with_its_line(image):
    image.write("Caddyfile.tmpl", "# one\n# ${NOBODY}\n$A\n")
    result = image.run("check", "--json", more={"A": "x"})
    assert result.returncode == 0
    [problem] = json.loads(result.stdout)["problems"]
    assert problem["variable"] == "CADDYFILE_TMPL" and "line 2 has ${NOBODY}" in problem["problem"]


# config.ini: Java's Properties

ALPHABETS = [
    [chr(code) for code in range(0x20, 0x7F)],
    list("\\#!:= \t\"'$%&{}"),
    [chr(code) for code in range(0xA0, 0x180)],
    list("€漢字кириллицаעברית😀🐘𝔘\u200b\u2028\u0085\uffff"),
    [chr(code) for code in range(1, 0x20) if code not in (0x0A, 0x0D)] + ["\x7f"],
]


def random_value(generator: random.Random) -> str:
    alphabet = generator.choice(ALPHABETS + [sum(ALPHABETS, [])])
    return "".join(generator.choices(alphabet, k=generator.randint(0, 24)))


@pytest.mark.parametrize("seed", range(4))
def test_any_value_arrives_through_java_properties_as_it_was_typed(image, seed):
    generator = random.Random(seed)
    values = {f"V{index}": random_value(generator) for index in range(500)}
    lines = [f"Alone{name}=${{{name}}}\nWithin{name} : before ${{{name}}} after" for name in values]
    image.write("home/ibc/config.ini.tmpl", "# comment\n" + "\n".join(lines) + "\n")
    out = image.path("out")
    result = image.run("render", "--output", str(out), more=values)
    assert result.returncode == 0, result.stderr
    data = (out / str(image.path("home/ibc/config.ini")).lstrip("/")).read_bytes()
    assert data.isascii()
    read = properties.load(data)
    for name, value in values.items():
        assert read[f"Alone{name}"] == value
        assert read[f"Within{name}"] == f"before {value} after"
    assert len(read) == 2 * len(values)


# Caddyfile: the real Caddy


@pytest.mark.parametrize("health", ["yes", "no"])
@pytest.mark.parametrize("admin", ["true", "false"])
def test_caddy_accepts_what_is_rendered(image, health, admin):
    more = {"ENABLE_HEALTH_CHECK": health, "CADDY_ADMIN_DISABLED": admin, "IBGW_RUN_DIR": f"{image.root}/a run"}
    out = image.path("out")
    assert image.run("render", "--output", str(out), more=more).returncode == 0
    path = out / f"{image.root}/a run/Caddyfile".lstrip("/")
    if health == "no" and admin == "true":
        assert not path.exists()
        return
    arguments = ["--adapter", "caddyfile", "--config", str(path)]
    home = os.environ | {"HOME": str(image.root), "XDG_DATA_HOME": str(image.root), "XDG_CONFIG_HOME": str(image.root)}
    options = {"env": home, "check": True, "capture_output": True, "timeout": 60}
    subprocess.run([tool("caddy"), "validate", *arguments], **options)
    adapted = json.loads(subprocess.run([tool("caddy"), "adapt", *arguments], **options).stdout)
    if admin == "true":
        assert adapted["admin"] == {"disabled": True}
    else:
        assert adapted["admin"]["listen"] == f"unix/{image.root}/a run/caddy-admin.sock"
    servers = adapted["apps"].get("http", {}).get("servers", {})
    assert [server["listen"] for server in servers.values()] == ([["127.0.0.1:2019"]] if health == "yes" else [])
    assert all(server["automatic_https"] == {"disable": True} for server in servers.values())


class Web(socketserver.ThreadingUnixStreamServer):
    """What stands behind Caddy: it answers each path with 503 and the path itself."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.path.encode()
            self.send_response(503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

        def address_string(self):
            return "unix"

    def __init__(self, path):
        super().__init__(str(path), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def edge(image):
    """Real Caddy with the rendered file, on a free port instead of 2019; gives that port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    image.path("run").mkdir()
    web = Web(image.path("run/web.sock"))
    out = image.path("out")
    assert image.run("render", "--output", str(out)).returncode == 0
    rendered = (out / str(image.path("run/Caddyfile")).lstrip("/")).read_text()
    assert rendered.count("http://:2019 {") == 1
    path = image.write("Caddyfile", rendered.replace("http://:2019 {", f"http://:{port} {{"))
    home = os.environ | {"HOME": str(image.root), "XDG_DATA_HOME": str(image.root), "XDG_CONFIG_HOME": str(image.root)}
    caddy = subprocess.Popen(
        [tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(path)], env=home, stderr=subprocess.PIPE
    )
    for line in caddy.stderr:
        if b"serving initial configuration" in line:
            break
    drain = threading.Thread(target=caddy.stderr.read, daemon=True)
    drain.start()
    yield port
    caddy.terminate()
    assert caddy.wait(timeout=10) == 0
    web.shutdown()
    web.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "ib-gateway"])
def test_caddy_passes_on_the_four_paths_and_nothing_else_whatever_name_it_is_called_by(edge, host):
    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", edge, timeout=10)
        connection.request("GET", path, headers={"Host": f"{host}:{edge}"})
        response = connection.getresponse()
        return response.status, response.read().decode()

    for path in ("/health", "/ready", "/metrics", "/api/v1/status"):
        assert get(path) == (503, path)
    for path in ("/", "/ready/", "/readyx", "/api/v1/", "/config/", "/api/v1/status/x", "/READYZ"):
        assert get(path)[0] == 404, path
