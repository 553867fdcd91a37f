"""The README says what the program says."""

import re
import subprocess
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def section(name):
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text(), re.DOTALL)
    assert found, f"README has no part between <!-- {name} --> and <!-- /{name} -->"
    return found[1].strip()


def output(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def test_the_settings_are_those_of_the_program(binary):
    assert section("settings") == output(binary, "settings", "--markdown")


def test_every_subcommand_that_it_names_exists(binary):
    text = README.read_text()
    named = set(re.findall(r"`ibgw ([a-z]+)", text)) | set(re.findall(r"^(?:swift run )?ibgw ([a-z]+)", text, re.MULTILINE))
    assert len(named) >= 10
    helped = output(binary, "--help")
    for name in named:
        assert re.search(rf"^  {name}\s", helped, re.MULTILINE), f"README names `ibgw {name}`, which does not exist"


def test_every_state_that_a_gateway_can_have_is_explained(binary):
    values = (README.parent / "Sources/Values/Lifecycle/GatewayState.swift").read_text()
    public = values.split("public enum GatewayState", 1)[1].split("\n}", 1)[0]
    states = [raw or name for name, raw in re.findall(r'^  case (\w+)(?: = "([a-z0-9-]+)")?$', public, re.MULTILINE)]
    assert len(states) >= 11
    for state in states:
        assert f"| `{state}` |" in README.read_text(), f"README does not explain {state}"


def test_the_fault_table_has_the_rows_that_the_tests_print():
    folder = README.parent / "Tests/EndToEnd"
    source = "".join((folder / name).read_text() for name in ("test_faults.py", "test_run_tailnet_faults.py"))
    begun = re.findall(r'fault\(f?"([^"]+)", "([^"]+)"\)', source)
    assert len(begun) >= 15
    patterns = [re.compile(re.sub(r"\\{\w+\\}", r"[\\w .-]+", re.escape(what)) + r" \| " + re.escape(must)) for what, must in begun]
    shown = [line.strip("| ").rsplit(" | ", 1)[0] for line in section("faults").splitlines()[2:]]
    for row in shown:
        assert any(pattern.fullmatch(row) for pattern in patterns), f"README shows a fault that no test tries: {row}"
    for pattern in patterns:
        assert any(pattern.fullmatch(row) for row in shown), f"README does not show the row {pattern.pattern}"
