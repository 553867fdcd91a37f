"""Passwords arrive as they were typed, and nowhere else."""

import json
import signal
import socket
import subprocess

import pytest

from harness import BOTH, LOGIN

ODD = {
    "backslashes": "a\\b\\\\c\\n",
    "leading space": " leading",
    "trailing space": "trailing ",
    "comment signs": "#!half=of:it",
    "dollars": "${TWS_USERID}$HOME$$",
    "quotes": "'single' \"double\" `back`",
    "umlauts": "größeñ",
    "other scripts": "пароль密码",
    "beyond the first plane": "key🔑key",
    "tab": "tab\there",
    "looks escaped": "\\u0041\\=",
    "braces and percent": "{%s}%%d&;|<>",
}
SECRETS = ["trader-of-live", "horse-battery", "trader-of-paper", "staple-correct", "vnc-word"]
EVERYTHING = BOTH | {"VNC_SERVER_PASSWORD": "vnc-word", "START_SCRIPTS": "start", "LOG_LEVEL": "debug"}


@pytest.mark.parametrize("password", ODD.values(), ids=ODD)
def test_an_odd_password_arrives_at_java_as_it_was_typed(image, password):
    (image.home / "secret").write_text(password + "\n", encoding="utf-8")
    container = image.run(
        BOTH | {"TWS_PASSWORD": password, "TWS_PASSWORD_PAPER": None, "TWS_PASSWORD_PAPER_FILE": "/home/ibgateway/secret"})
    container.wait_for_line("ibc-paper: logged in after")
    assert image.ini("live")["IbPassword"] == password
    assert image.ini("paper")["IbPassword"] == password
    assert not [line for line in container.log() if password in line]


@pytest.mark.parametrize("paper_by_file", [False, True])
@pytest.mark.parametrize("live_by_file", [False, True])
def test_each_accounts_password_comes_by_variable_or_by_file_in_any_mixture(image, live_by_file, paper_by_file):
    given = dict(BOTH)
    for name, by_file in [("TWS_PASSWORD", live_by_file), ("TWS_PASSWORD_PAPER", paper_by_file)]:
        if by_file:
            (image.home / name).write_text(given[name] + "\n\n")
            given |= {name: None, name + "_FILE": f"/home/ibgateway/{name}"}
    container = image.run(given)
    container.wait_for_line("ibc-paper: logged in after")
    assert image.ini("live")["IbPassword"] == "horse-battery"
    assert image.ini("paper")["IbPassword"] == "staple-correct"


def test_no_secret_is_in_a_command_line_an_environment_the_log_or_the_status(image):
    image.script("start", "show.sh", "env; exec sleep 600 >/dev/null 2>&1 &\n")
    for mode in ("live", "paper"):
        image.scenario(mode, [["print_secrets"], ["say", json.dumps({"pw": "staple-correct"})], ["login"], ["serve"]])
    container = image.run(EVERYTHING)
    container.wait_for_line("ibc-paper: logged in after")
    container.wait_for_line("x11vnc: ready")
    processes = container.processes()
    assert len(processes) >= 9
    for process in processes:
        assert not [s for s in SECRETS for word in process.command if s in word], process.command
        if process.pid != 1:
            assert not [s for s in SECRETS for value in process.environment.values() if s in value], process
    shown = container.ibgw("status").stdout + container.ibgw("status", "--json").stdout + container.ibgw("logs").stdout
    assert "IbPassword is <***>" in shown
    container.signal(signal.SIGUSR1)
    container.wait_for_line("SERVICE +STATE")
    assert container.stop() == 0
    for text in [shown, *container.log()]:
        assert not [s for s in SECRETS if s in text], text


def test_secrets_are_on_disk_only_in_files_that_nobody_else_can_read(image):
    container = image.run(EVERYTHING)
    container.wait_for_line("ibc-paper: logged in after")
    found = container.files_with(SECRETS, (image.home_path, "/run/ibgw", "/tmp", "/var/log/caddy"))
    assert found == {"config.ini_live", "config.ini_paper", "vnc-password"}


def test_not_even_the_same_user_can_read_the_supervisors_environment(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    result = container.execute("cat", "/proc/1/environ")
    assert "horse-battery" not in result.stdout
    assert "Permission denied" in result.stderr


def test_ibc_gets_a_scrubbed_environment_in_which_no_variable_is_taken_for_its_own(image):
    leaks = {
        "ib_user_id": "leaked-user", "ib_password": "leaked-password", "tws_version": "leaked-version", "mode": "live",
        "java_path": "/leaked", "jxbrowser_key": "leaked", "fix_user_id": "leaked", "JAVA_TOOL_OPTIONS": "-Dleaked",
        "LD_PRELOAD": "/leaked.so", "BASH_ENV": "/leaked.sh",
    }
    container = image.run(LOGIN | leaks | {"LANG": "C.UTF-8"})
    container.wait_for_line("ibc-paper: logged in after")
    java = image.notes("started", "paper", "java")[0]
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert set(java.more["environment"]) - shells_own == {"PATH", "HOME", "TZ", "DISPLAY", "LANG"}
    assert not [a for a in java.more["arguments"] if "leaked" in a]


def test_vnc_asks_for_its_password_and_takes_only_that(image):
    container = image.run(LOGIN | {"VNC_SERVER_PASSWORD": "vnc-word"})
    container.wait_for_line("x11vnc: ready")
    assert "-passwdfile" in container.process("x11vnc").command
    assert vnc_login(container, "vnc-word") == 0
    assert vnc_login(container, "another") == 1


def test_without_a_password_there_is_no_vnc(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in after")
    assert "x11vnc" not in [s["name"] for s in container.status()["services"]]
    assert not [p for p in container.processes() if p.name == "x11vnc"]


def vnc_login(container, password):
    """The server's verdict on a password, by RFB 3.8 with VNC authentication: 0 is yes."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = container.command(["socat", "-", "TCP:127.0.0.1:5900"])
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, env=dict(container.config["environment"]))
    try:
        with ours, ours.makefile("rb") as reader:
            ours.settimeout(20)
            assert reader.read(12).startswith(b"RFB 003.")
            ours.sendall(b"RFB 003.008\n")
            assert 2 in reader.read(reader.read(1)[0])
            ours.sendall(b"\2")
            challenge = reader.read(16)
            ours.sendall(des(password, challenge))
            return int.from_bytes(reader.read(4))
    finally:
        process.kill()
        process.wait()


def des(password, challenge):
    """The answer to VNC's challenge: DES with the password's bytes as the key, the bits of each mirrored."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode()[:8].ljust(8, b"\0"))
    return subprocess.run(
        ["openssl", "enc", "-des-ecb", "-nopad", "-provider", "legacy", "-provider", "default", "-K", key.hex()],
        input=challenge, capture_output=True, check=True).stdout
