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
