"""`ibgw confine`: what is started through it connects to the allowed ports alone, for real, by this kernel's Landlock."""

import ctypes
import os
import subprocess
import sys

import pytest
from relayed import IBGW

ALLOWED = 4003
OTHERS = [4001, 5900, 2019]
# What the program behind the fence tries: each port, then to listen, and the same again from a child of its own.
ATTEMPT = """
import os, socket, subprocess, sys
for address in ("127.0.0.1", "::1"):
    for port in map(int, sys.argv[2].split(",")):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            try:
                client.connect((address, port))
                print(address, port, "reached")
            except OSError as error:
                print(address, port, error.strerror)
with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
    datagram.connect(("127.0.0.1", 4001))
    print("listens")
if sys.argv[1] == "parent":
    sys.stdout.flush()
    subprocess.run([sys.executable, __file__, "child", sys.argv[2]])
"""
LANDLOCK_CREATE_RULESET = 444


def landlock():
    """The ABI of this kernel, asked past the program."""
    return ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)


@pytest.fixture
def network():
    """A network of the test's own, where all the ports are free; what is started in it is given as a prefix."""
    return ["unshare", "--net", "--"]


def confined(network, *options, program, ports=f"443,80,53,{ALLOWED}"):
    """Runs a program behind the fence, in a network where a listener is on every port, on both families."""
    script = (
        "import socket, subprocess, sys, fcntl, struct\n"
        "probe = socket.socket(); fcntl.ioctl(probe, 0x8914, struct.pack('16sh14x', b'lo', 0x41))\n"
        f"held = [socket.create_server((a, p), family=f) for p in {[ALLOWED, *OTHERS]} "
        "for a, f in (('127.0.0.1', socket.AF_INET), ('::1', socket.AF_INET6))]\n"
        "sys.exit(subprocess.run(sys.argv[1:]).returncode)\n"
    )
    return subprocess.run(
        [*network, sys.executable, "-c", script, IBGW, "confine", "--tcp-connect", ports, *options, "--", *program],
        capture_output=True, text=True, timeout=60,
    )


def attempt(tmp_path):
    script = tmp_path / "attempt.py"
    script.write_text(ATTEMPT)
    return [sys.executable, str(script), "parent", ",".join(map(str, [ALLOWED, *OTHERS]))]


def test_a_program_and_its_children_reach_the_allowed_port_alone_and_may_listen(network, tmp_path):
    assert landlock() >= 4, (
        f"this kernel's Landlock is {landlock()}, below 4: it cannot confine a program, so this cannot be tested here. "
        "Run the tests on Linux 6.7 or newer, with landlock in its lsm list"
    )
    result = confined(network, "--require", program=attempt(tmp_path))
    assert result.returncode == 0 and result.stderr == ""
    once = [
        f"{address} {port} {'reached' if port == ALLOWED else 'Permission denied'}"
        for address in ("127.0.0.1", "::1") for port in [ALLOWED, *OTHERS]
    ] + ["listens"]
    assert result.stdout.splitlines() == once * 2, "the child of the program is held to the same"


def test_without_the_fence_all_of_them_answer(network, tmp_path):
    """The listeners of the test above are really there."""
    result = confined(network, program=attempt(tmp_path), ports=",".join(map(str, [ALLOWED, *OTHERS])))
    assert result.stdout.count("reached") == 16


def test_it_becomes_the_program_with_its_environment_arguments_and_code(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "ODD": "a=b c"}
    result = subprocess.run(
        [IBGW, "confine", "--tcp-connect", "443", "--", "sh", "-c", 'echo "$0|$1|$ODD|$$"; exit 7', "--flag", "two words"],
        env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 7
    assert result.stdout.startswith("--flag|two words|a=b c|")


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/no/such/program", 127), ("/etc/passwd", 126)])
def test_a_program_that_cannot_be_started_is_said_with_the_code_that_shells_give(program, code):
    result = subprocess.run(
        [IBGW, "confine", "--tcp-connect", "443", "--", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == code
    assert result.stderr.startswith(f"ibgw: cannot start {program}: ") and result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    ["--tcp-connect", "443"], ["--", "true"], ["--tcp-connect", "0", "--", "true"], ["--tcp-connect", "65536", "--", "true"],
    ["--tcp-connect", "", "--", "true"], ["--tcp-connect", "80,,443", "--", "true"],
])
def test_a_wrong_call_is_refused(arguments):
    result = subprocess.run([IBGW, "confine", *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 64 and "Error:" in result.stderr


# A kernel that cannot


def without_landlock(error):
    """Makes the three system calls fail for this process and what it starts, as a kernel without them or a container's profile does."""

    def deny():
        libc = ctypes.CDLL(None, use_errno=True)
        load, jump_from, jump_above, answer = 0x20, 0x35, 0x25, 0x06
        code = b"".join(
            code.to_bytes(2, sys.byteorder) + bytes([yes, no]) + value.to_bytes(4, sys.byteorder)
            for code, yes, no, value in [
                # The number of the call; from 444 on, and not above 446.
                (load, 0, 0, 0), (jump_from, 0, 2, 444), (jump_above, 1, 0, 446), (answer, 0, 0, 0x50000 | error),
                (answer, 0, 0, 0x7FFF0000),
            ])
        filters = ctypes.create_string_buffer(code)

        class Program(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

        program = Program(len(code) // 8, ctypes.addressof(filters))
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, os.strerror(ctypes.get_errno())

    return deny


@pytest.mark.parametrize(("error", "why"), [
    (38, "this kernel was built without Landlock"), (95, "Landlock is switched off on this kernel's command line"),
    (1, "the container's seccomp profile forbids Landlock"),
])
def test_a_kernel_that_cannot_is_said_and_where_it_is_required_nothing_is_started(error, why):
    command = [IBGW, "confine", "--tcp-connect", "443", "--", "echo", "started"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=without_landlock(error))
    assert (result.returncode, result.stdout) == (0, "started\n")
    assert why in result.stderr and "without confinement" in result.stderr
    command.insert(2, "--require")
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=without_landlock(error))
    assert (result.returncode, result.stdout) == (69, "")
    assert why in result.stderr
