"""Fixtures of the end-to-end tests. The program is built first, unless IBGW names one that is built."""

import os
import subprocess
from pathlib import Path

import pytest

from harness import Image, violations
from tailnet_site import Site

REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_configure(config):
    # Once, before any worker of a parallel run starts.
    if "IBGW" not in os.environ and not hasattr(config, "workerinput"):
        subprocess.run(["swift", "build", "--product", "ibgw"], cwd=REPOSITORY, check=True)


@pytest.fixture(scope="session")
def binary():
    path = Path(os.environ.get("IBGW", REPOSITORY / ".build/debug/ibgw")).absolute()
    assert os.access(path, os.X_OK), f"{path} is no program; build it, or let IBGW name one"
    return path.resolve()


@pytest.fixture
def make_image(binary, tmp_path):
    """Lays out an image; every container that was started from it is ended with the test, and must have cost no login."""
    images = []

    def make(program="gateway"):
        folder = tmp_path / f"image-{len(images)}"
        folder.mkdir()
        images.append(Image(folder, binary, program))
        return images[-1]

    yield make
    found = [violation for made in images for violation in violations(made)]
    for made in images:
        for container in made.containers:
            container.destroy()
    assert not found, found


@pytest.fixture
def image(make_image):
    """The gateway's image."""
    return make_image()


@pytest.fixture
def site(image):
    made = Site(image)
    yield made
    # tailscaled takes no request with another Host, an Origin or a Referer, and no preferences that miss some.
    assert [n for n in image.notes() if n.event in ("request refused", "prefs lost")] == []


class Row:
    """A row of the fault table: what was done, what must follow, and what did."""

    def __init__(self, cells):
        self._cells = cells

    def happened(self, text):
        """Says what was seen, once it is known to be what must be."""
        self._cells[2] = text


@pytest.fixture
def fault(request):
    """Begins a row of the fault table, which is printed at the end of the run."""
    def begin(what, must):
        cells = [what, must, None]
        request.node.user_properties.append(("fault", cells))
        return Row(cells)

    return begin


def pytest_terminal_summary(terminalreporter):
    rows = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            rows += [(*cells, outcome) for name, cells in getattr(report, "user_properties", []) if name == "fault"]
    if not rows:
        return
    terminalreporter.section("fault table")
    terminalreporter.write_line("| fault | what must happen | what happened |")
    terminalreporter.write_line("| --- | --- | --- |")
    for what, must, happened, outcome in sorted(rows):
        seen = happened if outcome == "passed" and happened else "**FAILED**"
        terminalreporter.write_line(f"| {what} | {must} | {seen} |", green=seen == happened, red=seen != happened)
