"""The image's files on disk, its variables, and the containers that are started from it."""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from .container import Container, eventually
from .lines import json_lines

REPOSITORY = Path(__file__).resolve().parents[3]
STANDINS = Path(__file__).with_name("standins")
VERSION = "10.45.1a"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a gateway does unless a test says otherwise.
SERVES = [["login"], ["serve"]]
# The display that the desktop's base image brings.
DESKTOP = ["Xvfb", ":1", "-ac", "-nolisten", "tcp", "-displayfd", "3"]
LOGIN = {"TWS_USERID": "trader-of-live", "TWS_PASSWORD": "horse-battery"}
BOTH = LOGIN | {"TRADING_MODE": "both", "TWS_USERID_PAPER": "trader-of-paper", "TWS_PASSWORD_PAPER": "staple-correct"}


@dataclass(frozen=True)
class Note:
    """Something that a stand-in wrote down, with the wall clock's time."""

    at: float
    who: str
    mode: str
    pid: int
    event: str
    more: dict = field(default_factory=dict)


class Image:
    """An image for the gateway or for TWS, laid out in a folder of its own. What the container writes there stays for the test."""

    def __init__(self, directory, binary, program="gateway"):
        self.directory = Path(directory)
        self.binary = binary
        self.program = program
        self.containers = []
        self.share = self._folder("share", 0o1777)
        if program == "gateway":
            self.home_path, self.tws_path, self.ibc_path = "/home/ibgateway", "/home/ibgateway/Jts", "/home/ibgateway/ibc"
            self.home = self._folder("home")
            self.tws, self.ibc = self.home / "Jts", self.home / "ibc"
            self.binds = [(self.home, self.home_path)]
        else:
            self.home_path, self.tws_path, self.ibc_path = "/config", "/opt/ibkr", "/opt/ibc"
            self.home, self.tws, self.ibc = self._folder("config"), self._folder("opt-ibkr"), self._folder("opt-ibc")
            self.binds = [(self.home, "/config"), (self.tws, "/opt/ibkr"), (self.ibc, "/opt/ibc")]
        self.installation = self.tws / ("ibgateway/" + VERSION if program == "gateway" else VERSION)
        self._install()
        for mode in ("live", "paper"):
            self.scenario(mode, SERVES)

    def _folder(self, name, mode=0o755):
        path = self.directory / name
        path.mkdir()
        path.chmod(mode)
        return path

    def _install(self):
        (self.installation / "jars").mkdir(parents=True)
        for name in ("jts4launch-1.jar", "twslaunch-1.jar"):
            (self.installation / "jars" / name).touch()
        options = "ibgateway.vmoptions" if self.program == "gateway" else "tws.vmoptions"
        self.options = self.installation / options
        self.options.write_text("# Enter one VM parameter per line\n-Xmx768m\n-XX:+UseG1GC\n-DvmOptionsPath=.\n")
        runtime = self.installation / "jre/bin"
        runtime.mkdir(parents=True)
        for name in ("java", "gateway.py"):
            shutil.copy(STANDINS / name, runtime / name)
        (self.installation / ".install4j").mkdir()
        inside = "/ibgateway/" + VERSION if self.program == "gateway" else "/" + VERSION
        (self.installation / ".install4j/inst_jre.cfg").write_text(f"{self.tws_path}{inside}/jre\n")
        launcher = self.installation / ("ibgateway" if self.program == "gateway" else "tws")
        launcher.write_text("#!/bin/sh\nexit 1\n")
        (self.ibc / "scripts").mkdir(parents=True, exist_ok=True)
        start = self.ibc / "scripts/ibcstart.sh"
        start.write_text(start_script())
        start.chmod(0o755)
        (self.ibc / "IBC.jar").touch()
        templates = REPOSITORY / "image-files/config"
        if templates.exists():
            shutil.copy(templates / "ibc/config.ini.tmpl", self.ibc / "config.ini.tmpl")
            shutil.copy(templates / "ibgateway/jts.ini.tmpl", self.tws / "jts.ini.tmpl")
            self.binds.append((templates / "caddy", "/etc/caddy", "ro"))

    @property
    def environment(self):
        """What the image's ENV lines set."""
        return {
            "PATH": PATH, "HOME": self.home_path, "IB_GATEWAY_VERSION": VERSION, "TWS_MAJOR_VRSN": VERSION,
            "TWS_PATH": self.tws_path, "TWS_INI": "jts.ini", "TWS_INI_TMPL": "jts.ini.tmpl", "IBC_PATH": self.ibc_path,
            "IBC_INI": self.ibc_path + "/config.ini", "IBC_INI_TMPL": self.ibc_path + "/config.ini.tmpl",
            "GATEWAY_OR_TWS": self.program,
        }

    # What the gateway does

    def scenario(self, mode, *starts):
        """The steps of each start of java in this mode; the last list serves for all that follow."""
        (self.share / f"gateway-{mode}.json").write_text(json.dumps({"starts": starts}))

    def gate(self, name):
        """Makes a gate at which a scenario waits, and returns what opens it."""
        path = self.share / f"gate-{name}"
        os.mkfifo(path, 0o666)
        path.chmod(0o666)
        return lambda: path.open("w").close()

    def script(self, folder, name, text):
        """Puts a script of the user below the home directory."""
        path = self.home / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    # What happened

    def notes(self, event=None, mode=None, who=None):
        """What the stand-ins wrote down, in the order of its time."""
        notes = []
        for record in json_lines(self.share / "notes.jsonl"):
            notes.append(Note(*(record.pop(k) for k in ("at", "who", "mode", "pid", "event")), more=record))
        return sorted(
            (n for n in notes if event in (None, n.event) and mode in (None, n.mode) and who in (None, n.who)), key=lambda n: n.at)

    def wait_for_note(self, event, mode=None, count=1, **options):
        """The count-th note of an event, waited for."""
        return eventually(
            lambda: len(found := self.notes(event, mode)) >= count and found[count - 1], what=f"note {count} of {event!r}", **options)

    def story(self, mode=None):
        """The events alone, in their order."""
        return [f"{n.who} {n.event}" for n in self.notes(mode=mode)]

    # Running it

    def ini(self, mode=None):
        """What java of this mode read from its ini, last."""
        return self.notes("started", mode, "java")[-1].more["ini"]

    def run(
        self, environment=None, *, uid=1000, gid=1000, groups=(), arguments=("run",), command=None, init=False, before=(), read_only=False,
        tmpfs=(), directories=(), binds=(), removed=(), files=(), capture=True, image_environment=True, runs_in_image=True,
    ):
        """Starts a container. `environment` comes on top of the image's; a value of None takes a variable away.

        `binds` are (source, target) or (source, target, "ro"); a later one covers an earlier one. Without `runs_in_image` the
        image's files keep their owner, as they do where a container runs under a uid that the image does not know.
        """
        variables = (self.environment if image_environment else {"PATH": PATH}) | (environment or {})
        if runs_in_image:
            for source, *_ in self.binds:
                if source.is_relative_to(self.directory):
                    _give(source, uid, gid)
        config = {
            "uid": uid, "gid": gid, "groups": list(groups), "init": init, "before": [list(c) for c in before],
            "read_only": read_only, "tmpfs": list(tmpfs), "removed": list(removed), "files": list(files),
            "directories": [
                ("/tmp/.X11-unix", 0o1777), ("/run/ibgw", 0o1777), ("/var/log/caddy", 0o1777), *directories],
            "binds": [
                (str(self.share), "/share"), (str(self.binary), "/usr/local/bin/ibgw"),
                *((str(source), *rest) for source, *rest in [*self.binds, *binds]),
            ],
            "environment": [(name, value) for name, value in variables.items() if value is not None],
            "command": command or ["/usr/local/bin/ibgw", *arguments],
        }
        (self.share / "left.json").unlink(missing_ok=True)
        container = Container(config, self.share, capture)
        self.containers.append(container)
        return container


def start_script():
    """The stand-in for IBC's start script, or IBC's own where IBCSTART names it, made to write down what the stand-in does."""
    own = os.environ.get("IBCSTART")
    if not own:
        return (STANDINS / "ibcstart.sh").read_text()
    text = Path(own).read_text()
    note = next(line for line in (STANDINS / "ibcstart.sh").read_text().splitlines() if line.startswith("note()"))
    for place, added in (
        ("#======================== Check everything ready to proceed", f"{note}\nnote started\n"),
        ("\tif [[ $exit_code -eq $E_LOGIN_DIALOG_DISPLAY_TIMEOUT", '\tnote "java ended with $exit_code"\n'),
        ("exit $exit_code\n", "note ended\n"),
    ):
        assert text.count(place) == 1, f"cannot write down what {own} does: it has {text.count(place)} times {place!r}; use IBC 3.24's"
        text = text.replace(place, added + place)
    return text


def _give(root, uid, gid):
    """Makes everything below a folder the user's, links and all."""
    for folder, names, files in os.walk(root):
        for name in [".", *names, *files]:
            os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)
