"""Runs a program as a container engine would. It is a script of its own: `python3 namespaces.py CONFIG REPORT_FD`.

CONFIG is JSON. The program becomes process 1 of new pid, mount, network, uts and ipc namespaces, on an overlay of the machine's
root directory that is thrown away afterwards, with exactly the environment and the user it is given. As soon as it has been
executed REPORT_FD gets two process ids, of process 1 as the machine sees it and of the program as the container sees it, and the
wall clock's time just before; or a line that begins with `error:`.

With `init`, process 1 is a small init instead, as in an image whose base brings its own: it starts the commands in `before`,
then the program, and when that has ended it notes in /share/left.json what it left behind.
"""

import ctypes
import json
import os
import signal
import sys
import time
import warnings  # noqa: F401  os.execvpe wants it, and behind the chroot it cannot be found any more

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
ROOT = "/mnt/root"

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A libc call that raises OSError when it returns -1."""
    encoded = [a.encode() if isinstance(a, str) else a for a in arguments]
    if getattr(libc, name)(*encoded) == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}{arguments}: {os.strerror(code)}")


def mount(source, target, kind, flags=0, data=None):
    call("mount", source, target, kind, ctypes.c_ulong(flags), data)


def bind(source, target, access="rw"):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "a").close()
    mount(source, target, None, MS_BIND | MS_REC)
    if access == "ro":
        mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def build_root(config):
    """The container's file system below ROOT."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", "/mnt", "tmpfs")
    for name in ("upper", "work", "root"):
        os.mkdir(f"/mnt/{name}", 0o755)
    mount("overlay", ROOT, "overlay", 0, "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work")
    mount("proc", ROOT + "/proc", "proc")
    bind("/dev", ROOT + "/dev")
    mount("tmpfs", ROOT + "/dev/shm", "tmpfs", 0, "mode=1777")
    mount("tmpfs", ROOT + "/tmp", "tmpfs", 0, "mode=1777")
    if config["read_only"]:
        mount("tmpfs", ROOT + "/run", "tmpfs", 0, "mode=1777")
    for path, mode in config["directories"]:
        os.makedirs(ROOT + path, exist_ok=True)
        os.chmod(ROOT + path, mode)
    for source, target, *access in config["binds"]:
        bind(source, ROOT + target, *access)
    for path, options in config["tmpfs"]:
        os.makedirs(ROOT + path, exist_ok=True)
        mount("tmpfs", ROOT + path, "tmpfs", 0, options)
    for path in config["removed"]:
        os.unlink(ROOT + path)
    for path, contents in config["files"]:
        with open(ROOT + path, "w") as file:
            file.write(contents)
    if config["read_only"]:
        mount(None, ROOT, None, MS_REMOUNT | MS_RDONLY)


def loopback_up():
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # SIOCSIFFLAGS with IFF_UP | IFF_RUNNING
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))


def become_user(config):
    os.setgroups(config["groups"])
    os.setresgid(config["gid"], config["gid"], config["gid"])
    os.setresuid(config["uid"], config["uid"], config["uid"])


def run_program(config, report):
    """Replaces this process by the program, which closes the report's descriptor."""
    become_user(config)
    # After the change of user, which clears it: nothing outlives the test.
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    environment = {os.fsencode(name): os.fsencode(value) for name, value in config["environment"]}
    os.write(report, f"{os.getpid()} {time.time()}".encode())
    os.execve(config["command"][0], config["command"], environment)


def processes_but(*known):
    """What else is there, as [pid, state, command]: neither one of the known processes nor anything below one but process 1."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            stat = open(f"/proc/{name}/stat").read() if name.isdigit() else None
            command = open(f"/proc/{name}/cmdline", "rb").read() if stat else b""
        except OSError:
            continue
        if stat:
            state, parent = stat.rsplit(")", 1)[1].split()[:2]
            found[int(name)] = (int(parent), state, command.replace(b"\0", b" ").decode(errors="replace").strip())
    others = []
    for pid, (parent, state, command) in found.items():
        ancestor = pid
        while ancestor not in known and ancestor in found:
            ancestor = found[ancestor][0]
        if ancestor == 1 and pid != 1:
            others.append([pid, state, command])
    return others


def be_init(config, report):
    """Process 1 of an image whose base brings its own: starts, reaps, and tells what was left behind."""
    children = []
    for command in config["before"]:
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            become_user(config)
            os.dup2(told, 3)
            os.execvpe(command[0], command, {"PATH": dict(config["environment"])["PATH"]})
        os.close(told)
        os.read(ready, 64)
        children.append(pid)
    program = os.fork()
    if program == 0:
        run_program(config, report)
    os.close(report)
    while True:
        pid, status = os.wait()
        if pid == program:
            break
    left = [entry for entry in processes_but(os.getpid(), *children) if entry[1] != "Z"]
    with open("/share/left.json", "w") as file:
        json.dump(left, file)
    os._exit(os.waitstatus_to_exitcode(status) % 256 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def inside(config, report):
    """The new process 1."""
    build_root(config)
    os.chroot(ROOT)
    os.chdir("/")
    loopback_up()
    call("sethostname", "container", len("container"))
    if config["init"]:
        be_init(config, report)
    run_program(config, report)


def main():
    with open(sys.argv[1]) as file:
        config = json.load(file)
    report = int(sys.argv[2])
    os.set_inheritable(report, False)
    # A test that is killed takes its container along.
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        call("unshare", CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET)
    except OSError as error:
        os.write(report, f"error: {error}; these tests need root, for namespaces of their own\n".encode())
        sys.exit(125)
    executed, told = os.pipe()
    os.set_inheritable(told, False)
    child = os.fork()
    if child == 0:
        try:
            os.close(executed)
            os.close(report)
            call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
            inside(config, told)
        except BaseException as error:
            os.write(told, f"error: {error!r}\n".encode())
        os._exit(125)
    os.close(told)
    with open(executed) as pipe:
        answer = pipe.read()
    os.write(report, (answer if "error:" in answer else f"{child} {answer}").encode())
    os.close(report)
    _, status = os.waitpid(child, 0)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


if __name__ == "__main__":
    main()
