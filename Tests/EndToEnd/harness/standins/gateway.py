"""Stands in for the JVM with IBC and the gateway: reads the ini as Java's Properties do, draws on the display, prints IBC's lines,
listens on the API's port, and plays a scenario.

/share/gateway-MODE.json holds `starts`: a list of steps for each start of java; the last one serves for all that follow. A step
is a list of its name and arguments, see `Gateway`. What happens is noted in /share/notes.jsonl, a line of JSON for each event.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PORTS = {("gateway", "live"): 4001, ("gateway", "paper"): 4002, ("tws", "live"): 7496, ("tws", "paper"): 7497}
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def properties(data):
    """What java.util.Properties.load(InputStream) makes of these bytes."""
    text = data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    result, lines = {}, iter(text.split("\n"))
    for line in lines:
        line = line.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        while (len(line) - len(line.rstrip("\\"))) % 2:
            line = line[:-1] + next(lines, "").lstrip(" \t\f")
        end, escaped = 0, False
        while end < len(line) and (escaped or line[end] not in " \t\f:="):
            escaped = line[end] == "\\" and not escaped
            end += 1
        value = line[end:].lstrip(" \t\f")
        if value[:1] in (":", "="):
            value = value[1:].lstrip(" \t\f")
        result[unescape(line[:end])] = unescape(value)
    return result


def unescape(text):
    """Escapes of a Properties file; pairs of surrogates become the one character that they stand for."""
    units, index = [], 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == "\\" and index < len(text):
            character = text[index]
            index += 1
            if character == "u":
                character = chr(int(text[index:index + 4], 16))
                index += 4
            else:
                character = ESCAPES.get(character, character)
        units.append(character)
    return "".join(units).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Ended(BaseException):
    """A signal has begun the JVM's shutdown."""


class Gateway:
    def __init__(self, arguments):
        entry = next(i for i, a in enumerate(arguments) if a.startswith("ibcalpha.ibc."))
        self.program = "gateway" if arguments[entry].endswith("Gateway") else "tws"
        self.options = dict(a[2:].split("=", 1) for a in arguments if a.startswith("-D") and "=" in a)
        self.hook = 0.02
        self.ignored = set()
        self.shutting_down = False
        self.awaits_factor = False
        with open(arguments[entry + 1], "rb") as file:
            self.ini = properties(file.read())
        # The mode of the command line, or the ini's where it has none.
        self.mode = arguments[-1] if arguments[-1] in ("live", "paper") else self.ini.get("TradingMode", "live")
        self.note(
            "started", parent=os.getppid(), arguments=arguments, environment=dict(os.environ), ini=self.ini, user=os.getuid(),
            ini_mode=os.stat(arguments[entry + 1]).st_mode & 0o777, directory=os.getcwd())

    def note(self, event, **more):
        line = json.dumps({"at": time.time(), "who": "java", "mode": self.mode, "pid": os.getpid(), "event": event} | more)
        descriptor = os.open("/share/notes.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(descriptor, line.encode() + b"\n")
        os.close(descriptor)

    # The life of the JVM

    def run(self):
        # A signal that comes just before a wait ends that wait too.
        self.wakeup, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.received)
        try:
            self.watch_display()
            for name, *arguments in self.steps():
                getattr(self, "do_" + name)(*arguments)
            self.end(0, "end of the scenario")
        except Ended as end:
            # Shutdown hooks, in which further signals are of no effect.
            time.sleep(self.hook)
            self.end(*end.args)

    def received(self, number, _):
        name = signal.Signals(number).name.removeprefix("SIG")
        self.note("signal", signal=name)
        if name not in self.ignored and not self.shutting_down:
            self.shutting_down = True
            raise Ended(128 + number, f"{name}")

    def end(self, code, why):
        self.note("ended", code=code, why=why)
        sys.stdout.flush()
        os._exit(code)

    def steps(self):
        with open(f"/share/gateway-{self.mode}.json") as file:
            starts = json.load(file)["starts"]
        with open("/share/notes.jsonl") as file:
            notes = [json.loads(line) for line in file if line.endswith("\n")]
        number = sum(n["who"] == "java" and n["mode"] == self.mode and n["event"] == "started" for n in notes)
        return starts[min(number, len(starts)) - 1]

    def watch_display(self):
        """Draws on the X display; when that breaks, the JVM ends at once with 1, as a real one does."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect("/tmp/.X11-unix/X" + os.environ.get("DISPLAY", "").lstrip(":"))
            connection.sendall(struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0))
            assert connection.recv(8)[:1] == b"\x01", "refused"
        except (OSError, AssertionError) as error:
            self.say("IBC: Can't connect to X11 window server")
            self.end(1100 % 256, f"no display: {error}")

        def watch():
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass
            self.note("display lost")
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()

    def say(self, text):
        try:
            print(time.strftime("%Y-%m-%d %H:%M:%S:000 IBC: ") + text, flush=True)
        except OSError:
            pass

    # Steps

    def do_say(self, text):
        """Prints a line without IBC's time before it."""
        print(text, flush=True)

    def do_attempt(self, number=1):
        self.note("attempt")
        self.say(f"Login attempt: {number}")

    def do_second_factor(self):
        self.say("Second Factor Authentication initiated")
        self.awaits_factor = True

    def do_completed(self):
        if self.awaits_factor:
            self.say("Duration since login: 3 seconds")
        self.say("Login has completed")
        self.note("logged in")

    def do_taken_over(self):
        """Another session of the same user ends this one's, by IBC's choice."""
        self.note("session lost")
        self.say("(scenario 2) the other session goes on, this one ends")

    def do_refused(self, why):
        """A login that fails: IBC says so, and ends the JVM so that its script begins the next one."""
        self.say(why)
        self.do_cold_restart_file()
        self.do_exit(0)

    def do_command_server(self, keeps=True):
        """IBC's command server. PAUSE ends the gateway with its session kept, or without where `keeps` is false."""
        address = self.ini["BindAddress"], int(self.ini["CommandServerPort"])
        server = socket.create_server(address)

        def accept():
            while True:
                client = server.accept()[0]
                with client, client.makefile("rw") as stream:
                    command = stream.readline().strip()
                    self.note("command", command=command)
                    stream.write(f"OK {command}\n")
                    stream.flush()
                if command == "PAUSE":
                    self.flag("PAUSE")
                if command == "PAUSE" and keeps:
                    self.do_autorestart_file()
                self.end(0, command)

        threading.Thread(target=accept, daemon=True).start()

    def do_listen(self):
        """Opens the API's port, and answers as the gateway does what a client asks first."""
        server = socket.create_server(("", PORTS[self.program, self.mode]), family=socket.AF_INET6, dualstack_ipv6=True)

        account = "U1234567" if self.mode == "live" else "DU1234567"

        def send(client, *fields):
            body = "".join(f"{field}\0" for field in fields).encode()
            client.sendall(struct.pack(">I", len(body)) + body)

        def serve(client):
            with client, client.makefile("rb") as reader:
                if reader.read(4) != b"API\0":
                    return
                reader.read(int.from_bytes(reader.read(4)))
                send(client, 187, time.strftime("%Y%m%d %H:%M:%S UTC"))
                while length := reader.read(4):
                    request = reader.read(int.from_bytes(length)).split(b"\0")[0]
                    if request == b"71":  # startApi: the accounts, and the next order's id
                        send(client, 15, 1, account)
                        send(client, 9, 1, 1)
                    elif request == b"49":  # the time
                        send(client, 49, 1, int(time.time()))

        def accept():
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        self.note("listens")

    def do_login(self):
        """A whole login, without a second factor."""
        self.do_attempt()
        self.do_completed()
        self.do_listen()

    def do_gate(self, name):
        """Waits until the test opens the gate of this name."""
        gate = os.open(f"/share/gate-{name}", os.O_RDONLY | os.O_NONBLOCK)
        self.note("at the gate", gate=name)
        while gate not in self.wait(gate):
            pass
        os.close(gate)

    def do_serve(self):
        while True:
            self.wait()

    def wait(self, *descriptors):
        """Those of the descriptors that can be read; a signal ends the wait as well."""
        ready = select.select([self.wakeup, *descriptors], [], [])[0]
        if self.wakeup in ready:
            os.read(self.wakeup, 64)
        return ready

    def do_exit(self, code):
        self.end(code % 256, "as told")

    def do_ignore(self, *signals):
        self.ignored |= set(signals)

    def do_shutdown_takes(self, seconds):
        self.hook = seconds

    def do_autorestart_file(self, folder="abcdefgh"):
        """What the daily restart leaves, so that the next start needs no login."""
        path = os.path.join(self.options["jtsConfigDir"], folder)
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "autorestart"), "w") as file:
            file.write("encrypted\n")

    def do_forget_autorestart_file(self, folder="abcdefgh"):
        """What the gateway does seconds after such a start."""
        os.unlink(os.path.join(self.options["jtsConfigDir"], folder, "autorestart"))

    def do_cold_restart_file(self):
        self.flag("COLDRESTART")

    def flag(self, name):
        """What IBC leaves for its script."""
        open(os.path.join(self.options["jtsConfigDir"], name + self.options["ibcsessionid"]), "w").close()

    def do_stray(self, seconds):
        """Starts a process that leaves the session and ignores TERM, with our output in its hands."""
        subprocess.Popen(["setsid", "bash", "-c", f"trap '' TERM; exec sleep {seconds}"])

    def do_long_line(self, length):
        print("L" * (length - 1) + "E", flush=True)

    def do_eat_memory(self):
        """Takes more and more memory, without end."""
        taken = []
        while True:
            taken.append(b"x" * (8 << 20))

    def do_flood(self):
        """Prints without end."""
        block = ("flood " * 20 + "\n") * 500
        while True:
            sys.stdout.write(block)

    def do_print_secrets(self):
        for name in ("IbLoginId", "IbPassword"):
            print(f"{name} is <{self.ini.get(name, '')}>", flush=True)


if __name__ == "__main__":
    gateway = Gateway(sys.argv[1:])
    gateway.run()
