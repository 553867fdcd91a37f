"""A directory that looks like the image, and the binary run in it as a user of its own."""

import os
import pathlib
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
IBGW = os.path.abspath(os.environ.get("IBGW", REPOSITORY / ".build/debug/ibgw"))
# Root may write everywhere, so that what an ordinary user may not do is tried as one.
NOBODY = 65534


class Image:
    """The layout of the gateway image below one directory, with everything installed."""

    VERSION = "10.45.1j"

    def __init__(self, root: pathlib.Path):
        self.root = root
        # Test directories are closed to other users, who have to come in here.
        for folder in (root, *root.parents):
            if not folder.stat().st_mode & 0o005:
                folder.chmod(0o755)
        self.environment = {
            "HOME": f"{root}/home",
            "TWS_PATH": f"{root}/home/Jts",
            "IBC_PATH": f"{root}/home/ibc",
            "IB_GATEWAY_VERSION": self.VERSION,
            "IBGW_RUN_DIR": f"{root}/run",
            "CADDY_LOG_DIR": f"{root}/log",
            "CADDYFILE_TMPL": f"{root}/Caddyfile.tmpl",
            "PATH": f"{root}/bin",
            "TWS_USERID": "someone",
            "TWS_PASSWORD": "correct horse",
            "TAILSCALE_STATE_DIR": f"{root}/state",
            "TAILSCALE_SOCKET": f"{root}/tailscaled.sock",
        }
        self.write(f"home/Jts/ibgateway/{self.VERSION}/jars/launcher.jar")
        self.write(f"home/Jts/ibgateway/{self.VERSION}/ibgateway.vmoptions", "-Xmx768m\n")
        self.write("home/ibc/scripts/ibcstart.sh", "#!/bin/bash\n", mode=0o755)
        self.write("home/ibc/IBC.jar")
        for program in ("Xvfb", "bash", "caddy", "x11vnc", "tailscaled"):
            # A Caddy that takes every file, as `check` asks it.
            self.write(f"bin/{program}", "#!/bin/sh\n", mode=0o755)
        for source, target in (
            ("ibc/config.ini.tmpl", "home/ibc/config.ini.tmpl"),
            ("ibgateway/jts.ini.tmpl", "home/Jts/jts.ini.tmpl"),
            ("caddy/Caddyfile.tmpl", "Caddyfile.tmpl"),
        ):
            self.write(target, (REPOSITORY / "image-files/config" / source).read_text())

    def path(self, name: str) -> pathlib.Path:
        return self.root / name

    def write(self, name: str, text: str | bytes = "", mode: int = 0o644) -> pathlib.Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def run(self, *arguments: str, more: dict | None = None, user: int | None = None, **options):
        """Runs the binary with this image's environment, and `more` on top; None takes a variable away."""
        merged = {os.fsencode(k): os.fsencode(v) for k, v in self.environment.items()}
        for key, value in (more or {}).items():
            merged.pop(os.fsencode(key), None)
            if value is not None:
                merged[os.fsencode(key)] = value if isinstance(value, bytes) else value.encode()
        if user is not None and os.geteuid() == 0:
            options |= {"user": user, "group": user, "extra_groups": []}
        return subprocess.run(
            [IBGW, *arguments], env=merged, capture_output=True, timeout=60, cwd=str(self.root), **options
        )


def tool(name: str) -> str:
    """A program that the tests need; its absence is a failure, never a skip."""
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path
