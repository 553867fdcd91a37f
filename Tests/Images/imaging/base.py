"""A base image of the files of packages that are installed on this machine, with a package database that knows of them, so that
`apt-get install` in a Dockerfile works against it without any other network."""

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

ESSENTIAL = (
    "apt base-files base-passwd bash coreutils dash debconf debianutils diffutils dpkg findutils gpgv grep gzip hostname init-system-helpers "
    "libc-bin login mawk passwd perl-base procps sed tar util-linux").split()
LEFT_OUT = tuple(f"/usr/share/{name}/" for name in ("doc", "man", "locale", "info", "lintian"))
FOLDERS = {
    "dev": 0o755, "etc/apt/apt.conf.d": 0o755, "etc/apt/preferences.d": 0o755, "etc/apt/sources.list.d": 0o755,
    "etc/apt/trusted.gpg.d": 0o755, "home": 0o755, "opt": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755, "sys": 0o555, "tmp": 0o1777,
    "var/cache/apt/archives/partial": 0o755, "var/lib/apt/lists/partial": 0o755, "var/lib/dpkg/info": 0o755,
    "var/lib/dpkg/triggers": 0o755, "var/lib/dpkg/updates": 0o755, "var/log/apt": 0o755, "var/tmp": 0o1777,
}


class Packages:
    """What dpkg knows of the machine."""

    def __init__(self):
        self.stanzas, self.provided = {}, {}
        for stanza in Path("/var/lib/dpkg/status").read_text().split("\n\n"):
            fields = dict(
                line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith(" "))
            if fields.get("Status") == "install ok installed":
                self.stanzas[fields["Package"]] = (stanza, fields)
                for name in _names(fields.get("Provides", "")):
                    self.provided.setdefault(name, fields["Package"])

    def closure(self, names):
        """The packages and all that they depend on."""
        found, todo = set(), list(names)
        while todo:
            name = todo.pop()
            name = name if name in self.stanzas else self.provided.get(name)
            if name is None or name in found:
                continue
            found.add(name)
            fields = self.stanzas[name][1]
            for clause in f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}".split(","):
                here = [n for n in _names(clause.replace("|", ",")) if n in self.stanzas or n in self.provided]
                todo += here[:1]
        return found

    def files(self, *names):
        """The paths of packages."""
        return subprocess.run(["dpkg-query", "-L", *names], capture_output=True, text=True, check=True).stdout.splitlines()


def _names(clause):
    return [part.split("(")[0].split(":")[0].strip() for part in clause.split(",") if part.strip()]


def write(target, names):
    """Writes the root file system of the named packages and their closure as a tar file for `docker import`."""
    packages = Packages()
    closure = sorted(packages.closure([*ESSENTIAL, *names]))
    paths = {path for path in packages.files(*closure) if path.startswith("/") and not path.startswith(LEFT_OUT)}
    for top in ("/etc/alternatives", "/etc/pam.d", "/etc/ssl/certs"):
        paths.update(str(path) for path in Path(top).rglob("*"))
    # Links that the packages' scripts have made, among them awk and which.
    for folder in ("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu"):
        paths.update(entry.path for entry in os.scandir(folder) if entry.is_symlink() and _is_generated(entry.path, paths))
    paths.update(("/etc/ld.so.cache", "/etc/nsswitch.conf"))
    paths = {path for path in paths if not path.startswith(("/etc/apt/", "/var/lib/apt/", "/var/lib/dpkg/", "/var/cache/"))}
    with tarfile.open(target, "w") as tar:
        _Root(tar).fill(paths, packages, closure)


def _is_generated(path, paths):
    return os.readlink(path).startswith("/etc/alternatives/") and os.path.realpath(path) in paths


class _Root:
    def __init__(self, tar):
        self.tar = tar
        self.done = {"/"}

    def fill(self, paths, packages, closure):
        for link in ("/bin", "/sbin", "/lib", "/lib64"):
            if os.path.islink(link):
                self.add(link)
        for path in sorted(paths):
            self.add(path)
        for folder, mode in FOLDERS.items():
            self.folder("/" + folder, mode)
        known = set(closure)
        status = "\n\n".join(packages.stanzas[name][0].strip("\n") for name in closure) + "\n\n"
        self.text("/var/lib/dpkg/status", status)
        self.text("/var/lib/dpkg/available", "")
        for entry in os.scandir("/var/lib/dpkg/info"):
            if entry.name.endswith(".list") and entry.name.removesuffix(".list").split(":")[0] in known:
                self.add(entry.path)
        master = Path("/usr/share/base-passwd")
        users = (master / "passwd.master").read_text().replace(":*:", ":x:")
        self.text("/etc/passwd", users + "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n")
        self.text("/etc/group", (master / "group.master").read_text().replace(":*:", ":x:"))
        self.text("/etc/shadow", "".join(f"{line.split(':')[0]}:*:19000:0:99999:7:::\n" for line in users.splitlines()), 0o640)

    def add(self, path):
        """Adds a path of the machine after the folders above it, where those really are."""
        folder = os.path.dirname(path)
        real = os.path.realpath(folder)
        if real != folder:
            path = os.path.join(real, os.path.basename(path))
            folder = real
        if path in self.done or not os.path.lexists(path):
            return
        if folder != "/":
            self.add(folder)
        self.done.add(path)
        self.tar.add(path, arcname="." + path, recursive=False)

    def folder(self, path, mode):
        above = os.path.dirname(path)
        if above not in self.done:
            self.folder(above, 0o755)
        if path not in self.done:
            self.done.add(path)
            entry = tarfile.TarInfo("." + path)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            self.tar.addfile(entry)

    def text(self, path, text, mode=0o644):
        with tempfile.TemporaryFile() as file:
            entry = tarfile.TarInfo("." + path)
            entry.size, entry.mode = file.write(text.encode()), mode
            file.seek(0)
            self.tar.addfile(entry, file)

