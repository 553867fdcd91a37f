"""A Docker Engine, and the images that are built with it once for all tests. Needs root, and the Debian packages that Tests/run
installs. IBGW names the program to put into them, a static build; else the release build is taken."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imaging import Engine, Mirror, base

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGING = Path(__file__).with_name("imaging")
SAMPLES = REPOSITORY / "Tests/Tailnet/Samples"
STANDINS = REPOSITORY / "Tests/EndToEnd/harness/standins"
IN_BASE = (
    "ca-certificates curl execline gnupg procps python3-minimal libpython3-stdlib s6 tzdata unzip x11vnc xvfb").split()


# What is measured on the way, printed at the end; nothing passes or fails by it.
figures = []


@pytest.fixture(scope="session")
def measured():
    """Takes a figure: what it is, and its value with its unit."""
    return lambda what, value: figures.append((what, value))


def pytest_terminal_summary(terminalreporter):
    if figures:
        terminalreporter.section("figures")
        for what, value in figures:
            terminalreporter.write_line(f"{what}: {value}")


@pytest.fixture(scope="session")
def binary():
    path = Path(os.environ.get("IBGW", REPOSITORY / ".build/release/ibgw")).resolve()
    assert os.access(path, os.X_OK), f"{path} is no program: swift build -c release --product ibgw -Xswiftc -static-executable"
    return path


@pytest.fixture(scope="session")
def engine():
    engine = Engine()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def mirror(engine, tmp_path_factory):
    return Mirror(tmp_path_factory.mktemp("mirror"), engine)


@pytest.fixture(scope="session")
def context(binary, tmp_path_factory):
    """What a clone of the repository holds."""
    folder = tmp_path_factory.mktemp("context")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, check=True)
    for name in files.stdout.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def bases(engine, mirror, binary, tmp_path_factory):
    """The images that the Dockerfiles start from: a base, a compiler that has finished, a desktop."""
    folder = tmp_path_factory.mktemp("bases")
    root = folder / "root.tar"
    base.write(root, IN_BASE)
    engine.run("import", "--change", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", root, "base")
    root.unlink()
    swift = folder / "swift"
    swift.mkdir()
    shutil.copy(binary, swift / "ibgw")
    shutil.copy(IMAGING / "standins/swift", swift / "swift")
    (swift / "Dockerfile").write_text("FROM base\nCOPY ibgw /built/ibgw\nCOPY swift /usr/bin/swift\n")
    engine.build("swift", swift / "Dockerfile", swift)
    engine.build("rdesktop-without-packages", IMAGING / "rdesktop/Dockerfile", IMAGING / "rdesktop")
    (folder / "Dockerfile").write_text(
        "FROM rdesktop-without-packages\n"
        "RUN echo 'deb [trusted=yes] http://127.0.0.1:8099/desktop here main' >/etc/apt/sources.list.d/desktop.list\n")
    engine.build("rdesktop", folder / "Dockerfile", folder)


@pytest.fixture(scope="session")
def gateway_image(engine, mirror, bases, context, binary, measured):
    engine.build("ib-gateway:stable", context / "Dockerfile.template", context, **mirror.gateway_arguments)
    sizes = [engine.inspect(image)["Size"] for image in ("ib-gateway:stable", "base")]
    measured("what the gateway's image adds to its base, in which Xvfb and x11vnc are, without IB Gateway and Tailscale", f"{(sizes[0] - sizes[1]) / 1e6:.0f} MB")
    measured("of that ibgw", f"{binary.stat().st_size / 1e6:.0f} MB")
    return "ib-gateway:stable"


@pytest.fixture(scope="session")
def tws_image(engine, mirror, gateway_image, context):
    engine.build(
        "tws-rdesktop:stable", context / "Dockerfile.tws.template", context, **mirror.arguments, BASE_IMAGE="rdesktop",
        GATEWAY_IMAGE=gateway_image)
    return "tws-rdesktop:stable"


@pytest.fixture
def share(tmp_path):
    """The folder that the stand-ins of the gateway and of tailscaled write their notes to and read their scenario from."""
    folder = tmp_path / "share"
    folder.mkdir()
    folder.chmod(0o1777)
    tmp_path.chmod(0o755)
    for mode in ("live", "paper"):
        (folder / f"gateway-{mode}.json").write_text(json.dumps({"starts": [[["login"], ["serve"]]]}))
    shutil.copytree(SAMPLES, folder / "tailnet-samples")
    shutil.copy(STANDINS / "localapi.py", folder / "tailnet-samples")
    return folder
