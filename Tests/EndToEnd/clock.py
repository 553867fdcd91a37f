"""A wall clock that jumps, for one process alone: the machine has only one, which every other test reads too."""

import os
import struct
import time

# clock_gettime(clock, answer): asks the kernel, and adds to the seconds where the clock is the wall's, whose number is 0.
CODE = {
    "x86_64": (
        # mov %edi, %r8d; mov $228, %eax; syscall; test %r8d, %r8d; jne end; movabs seconds, %rdx; add %rdx, (%rsi); end: ret
        bytes.fromhex("4189f8 b8e4000000 0f05 4585c0 750d 48ba"), bytes.fromhex("480116 c3")),
    "aarch64": (
        # mov w9, w0; mov x8, #113; svc #0; cbnz w9, end; ldr x10, [x1]; ldr x11, seconds; add x10, x10, x11; str x10, [x1]; end: ret; nop
        bytes.fromhex("e903002a 280e80d2 010000d4 a9000035 2a0040f9 ab000058 4a010b8b 2a0000f9 c0035fd6 1f2003d5"), b""),
}
NAMES = {"x86_64": b"__vdso_clock_gettime", "aarch64": b"__kernel_clock_gettime"}
SYMBOLS, NAMES_OF_SYMBOLS, SYMBOL = 6, 5, struct.Struct("<IBBHQQ")


def set_off(pid, seconds):
    """Puts the wall clock of process `pid` this many seconds off the machine's: what the kernel lends it as a clock is overwritten.

    The page is copied for that process alone. It has to wait in the kernel meanwhile, as one does that has nothing to do.
    """
    before, after = CODE[os.uname().machine]
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        code = _clock(pid, memory)
        while len(open(f"/proc/{pid}/syscall").read().split()) < 9:
            time.sleep(0.001)
        memory.seek(code)
        memory.write(before + struct.pack("<q", seconds) + after)


def _clock(pid, memory):
    """Where `clock_gettime` stands in the object that the kernel has put into a process."""
    base = next(
        int(line.split("-")[0], 16) for line in open(f"/proc/{pid}/maps") if line.rstrip().endswith("[vdso]"))

    def read(offset, count):
        memory.seek(base + offset)
        return memory.read(count)

    header_offset, = struct.unpack("<Q", read(32, 8))
    header_size, headers = struct.unpack("<HH", read(54, 4))
    tables = {}
    for index in range(headers):
        kind, _, _, address, _, size = struct.unpack("<IIQQQQ", read(header_offset + index * header_size, 40))
        if kind == 2:
            tables = dict(struct.iter_unpack("<qQ", read(address, size // 16 * 16)))
    for index in range(1, 64):
        name, _, _, _, value, _ = SYMBOL.unpack(read(tables[SYMBOLS] + index * SYMBOL.size, SYMBOL.size))
        if read(tables[NAMES_OF_SYMBOLS] + name, 40).split(b"\0")[0] == NAMES[os.uname().machine]:
            return base + value
    raise AssertionError("the kernel lends no clock")
