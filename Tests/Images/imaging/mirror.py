"""What the Dockerfiles download, served from a folder: the two signed package repositories, an installer and IBC."""

import gzip
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

from .base import Packages
from .engine import eventually

HERE = Path(__file__).parent
STANDINS = HERE.parents[1] / "EndToEnd/harness/standins"
VERSION, IBC_VERSION = "10.45.1a", "3.24.1"
PORT = 8099
ADDRESS = f"http://127.0.0.1:{PORT}"
# Of the desktop's image. They bring a desktop's comforts, and nothing that runs here needs them.
DESKTOP_PACKAGES = (
    "gvfs gvfs-backends gvfs-fuse libcrypto++8 libnspr4 libnss3 xdg-utils xfce4-cpugraph-plugin xfce4-netload-plugin xfce4-notes "
    "xfce4-taskmanager xfce4-xkb-plugin").split()


class Mirror:
    """The folder, the server, and the build arguments that lead a Dockerfile to it."""

    def __init__(self, folder, engine):
        self.folder, self.engine = Path(folder), engine
        self.served = self.folder / "served"
        self.architecture = _output("dpkg", "--print-architecture").strip()
        caddy, tailscale = self._caddy(), self._tailscale()
        self.caddy_key = self._repository("caddy/deb/debian", "any-version", [caddy], "caddy/gpg.key")
        self.tailscale_key = self._repository("tailscale", "noble", [tailscale], "tailscale/noble.noarmor.gpg")
        self._repository("desktop", "here", [self._package(n, "1", {}) for n in DESKTOP_PACKAGES], "desktop/key.gpg")
        self.ibc_sha256 = self._ibc()
        self._installer()
        engine.spawn_inside(sys.executable, "-m", "http.server", PORT, "--bind", "127.0.0.1", "--directory", self.served)
        eventually(lambda: engine.inside("curl", "-fsS", ADDRESS).returncode == 0, what="the mirror")

    @property
    def arguments(self):
        """Build arguments for both Dockerfiles."""
        return {
            "CADDY_REPO": f"{ADDRESS}/caddy", "TAILSCALE_REPO": f"{ADDRESS}/tailscale", "CHANNEL": "stable", "VERSION": VERSION,
        }

    @property
    def gateway_arguments(self):
        return self.arguments | {
            "BASE_IMAGE": "base", "SWIFT_IMAGE": "swift", "CADDY_KEY": self.caddy_key, "TAILSCALE_KEY": self.tailscale_key,
            "IBC_REPO": f"{ADDRESS}/ibc", "IBC_SHA256": self.ibc_sha256, "IB_GATEWAY_REPO": f"{ADDRESS}/gateway",
        }

    # Packages

    def _package(self, name, version, files, depends=""):
        """Builds a Debian package of files, given as {path: (source or text, mode)}."""
        root = self.folder / "packages" / name
        (root / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {self.architecture}\nMaintainer: tests <tests@localhost>\n"
        if depends:
            control += f"Depends: {depends}\n"
        (root / "DEBIAN/control").write_text(control + f"Description: {name} of the tests\n")
        for path, (content, mode) in files.items():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_text(content)
            target.chmod(mode)
        built = self.folder / f"{name}_{version}_{self.architecture}.deb"
        _output("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, built)
        return built

    def _caddy(self):
        """The Caddy of this machine, packed again."""
        packages = Packages()
        files = {}
        for path in packages.files("caddy"):
            here = Path(path)
            if here.is_file() and not here.is_symlink() and path.startswith(("/usr/bin/", "/etc/caddy/")):
                files[path] = (here, stat.S_IMODE(here.stat().st_mode))
        return self._package("caddy", packages.stanzas["caddy"][1]["Version"], files, "ca-certificates")

    def _tailscale(self):
        return self._package("tailscale", "1.102.3", {
            "/usr/sbin/tailscaled": (STANDINS / "tailscaled", 0o755), "/usr/bin/tailscale": (STANDINS / "tailscale", 0o755)})

    def _repository(self, path, suite, packages, key_path):
        """A repository with its key: the key's fingerprint."""
        root = self.served / path
        index = root / f"dists/{suite}/main/binary-{self.architecture}"
        index.mkdir(parents=True)
        (root / "pool").mkdir()
        stanzas = ""
        for package in packages:
            shutil.copy(package, root / "pool")
            content = package.read_bytes()
            stanzas += _output("dpkg-deb", "--field", package).strip() + (
                f"\nFilename: pool/{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n\n")
        (index / "Packages").write_text(stanzas)
        (index / "Packages.gz").write_bytes(gzip.compress(stanzas.encode()))
        release = f"Suite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: {self.architecture}\n"
        release += f"Date: {_output('date', '-Ru').strip()}\nSHA256:\n"
        for name in ("Packages", "Packages.gz"):
            content = (index / name).read_bytes()
            release += f" {hashlib.sha256(content).hexdigest()} {len(content)} main/binary-{self.architecture}/{name}\n"
        (index.parents[1] / "Release").write_text(release)
        return self._sign(index.parents[1], self.served / key_path)

    def _sign(self, folder, key_path):
        # The agent that gpg starts ends with the engine. Its socket lies in this folder, whose path therefore has to be short.
        home = self.engine.folder / f"gpg-{len(list(self.engine.folder.glob('gpg-*')))}"
        home.mkdir(mode=0o700)

        def gpg(*arguments):
            return _checked(self.engine.inside(
                "gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *arguments))

        gpg("--quick-generate-key", f"repository of {folder.name}", "rsa2048", "sign", "never")
        gpg("--clearsign", "--output", folder / "InRelease", folder / "Release")
        gpg("--armor", "--output", key_path, "--export")
        keys = gpg("--list-keys", "--with-colons")
        return next(line.split(":")[9] for line in keys.splitlines() if line.startswith("fpr:"))

    # IBKR's program and IBC

    def _ibc(self):
        folder = self.served / "ibc" / IBC_VERSION
        folder.mkdir(parents=True)
        archive = folder / f"IBCLinux-{IBC_VERSION}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(STANDINS / "ibcstart.sh", "scripts/ibcstart.sh")
            file.writestr("gatewaystart.sh", "#!/bin/bash\nexit 1\n")
            file.writestr("IBC.jar", "")
            file.writestr("config.ini", "")
        return hashlib.sha256(archive.read_bytes()).hexdigest()

    def _installer(self):
        arch = {"amd64": "x64", "arm64": "arm"}[self.architecture]
        folder = self.served / f"gateway/ibgateway-stable@{VERSION}"
        folder.mkdir(parents=True)
        installer = folder / f"ibgateway-{VERSION}-standalone-linux-{arch}.sh"
        parts = [(HERE / "standins/installer.sh").read_text()]
        for source in (HERE / "standins/java", HERE / "standins/serving.py", STANDINS / "gateway.py"):
            parts.append(f"cat >\"$folder/jre/bin/{source.name}\" <<'END OF FILE'\n{source.read_text()}END OF FILE\n")
        parts.append('chmod +x "$folder/jre/bin/java"\n')
        installer.write_text("".join(parts))
        digest = hashlib.sha256(installer.read_bytes()).hexdigest()
        (folder / f"{installer.name}.sha256").write_text(f"{digest}  {installer.name}\n")


def _output(*command):
    return _checked(subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"}))


def _checked(result):
    assert result.returncode == 0, f"{result.args} ended with {result.returncode}: {result.stderr}"
    return result.stdout
