"""Broken machines made to order: from a moment on, system calls fail or end the process (Linux).

A seccomp filter of the process on itself: needs no root and no compiler, and what fails is the real
call under SQLite and Python. It cannot be taken back, so it belongs into processes of a test's own:

    python tests/faults.py break sync EIO server.py --headless …      from the signal SIGUSR1 on
    python tests/faults.py small-disk 700 FOLDER server.py …          700 kB are mounted at FOLDER

The disk stands in a mount namespace of that process and ends with it, whatever becomes of the test.
"""

import ctypes
import errno
import os
import platform
import runpy
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# Numbers of system calls, and what audit calls the machine (asm/unistd.h, linux/audit.h).
_CALLS = {
    "x86_64": {
        "sync": (74, 75),  # fsync, fdatasync
        "write": (1, 18, 20),  # write, pwrite64, writev
        "close": (3,),
        "rename": (82, 264, 316),
        "truncate": (77,),
        "link": (86, 265),
        "seccomp": (317,),
        "audit": (0xC000003E,),
    },
    "aarch64": {
        "sync": (82, 83),
        "write": (64, 68, 66),
        "close": (57,),
        "rename": (38, 276),
        "truncate": (46,),
        "link": (37,),
        "seccomp": (277,),
        "audit": (0xC00000B7,),
    },
}.get(platform.machine(), {})

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of classic BPF
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data
_ALLOW, _KILL_PROCESS, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1


def is_supported() -> bool:
    """Whether this system has such filters for us."""
    return sys.platform == "linux" and bool(_CALLS) and _is_kernel_willing()


def _is_kernel_willing() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return "Seccomp:" in status


def fail(call: str, error: int, descriptor: int | None = None) -> None:
    """From now on the call fails with this errno in all threads; on one descriptor or on any."""
    _install(_CALLS[call], _FAIL | error, descriptor)


def die_at(call: str, descriptor: int | None = None) -> None:
    """The process is killed, unwarned, the moment it makes this call."""
    _install(_CALLS[call], _KILL_PROCESS, descriptor)


def descriptor_of(name: str) -> int:
    """The open descriptor of a file with this name."""
    for entry in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{entry}")
        except OSError:
            continue
        if Path(path).name == name:
            return int(entry)
    raise FileNotFoundError(name)


def next_descriptor() -> int:
    """The one that the next file opened will get."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def _install(numbers: Sequence[int], verdict: int, descriptor: int | None) -> None:
    program = _program(numbers, verdict, descriptor)
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program), ctypes.addressof(code)), struct.calcsize("@HP")
    )
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    (seccomp,) = _CALLS["seccomp"]
    if libc.syscall(seccomp, _SET_FILTER, _ALL_THREADS, header) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def filters_of(process: int) -> int:
    """How many filters stand between a process and the system."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("Seccomp_filters:")[2].split()[0])  # Linux 5.9


def _program(numbers: Sequence[int], verdict: int, descriptor: int | None) -> list[bytes]:
    """Allow if another machine's call; allow unless one of the numbers (and the descriptor)."""

    def step(code: int, operand: int, if_equal: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_equal, otherwise, operand)

    checks = [] if descriptor is None else [step(_LOAD, _FIRST_ARGUMENT_AT)]
    checks += [] if descriptor is None else [step(_JUMP_IF_EQUAL, descriptor, 0, 1)]
    ends = [*checks, step(_RETURN, verdict), step(_RETURN, _ALLOW)]
    to_allow = len(numbers) + len(ends) - 1
    (machine,) = _CALLS["audit"]
    program = [
        step(_LOAD, _MACHINE_AT),
        step(_JUMP_IF_EQUAL, machine, 0, to_allow + 1),
        step(_LOAD, _NUMBER_AT),
    ]
    for place, number in enumerate(numbers):
        left = len(numbers) - place - 1
        is_last = left == 0
        program.append(step(_JUMP_IF_EQUAL, number, left, len(ends) - 1 if is_last else 0))
    return program + ends


# --- a small disk ---

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000  # linux/sched.h
_PRIVATE_BELOW = 0x00044000  # MS_REC | MS_PRIVATE of linux/mount.h


def mount_small_disk(kilobytes: int, folder: str) -> None:
    """For this process alone. Raises OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _check(libc.unshare(_NEW_MOUNTS | (_NEW_USERS if user else 0)))
    if user:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    _check(libc.mount(None, b"/", None, _PRIVATE_BELOW, None))
    size = f"size={kilobytes}k".encode()
    _check(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def may_mount() -> bool:
    """Whether ``mount_small_disk`` works here; tried in a process of its own."""
    if sys.platform != "linux":
        return False
    tried = subprocess.run(
        [sys.executable, __file__, "small-disk", "64", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


# --- programs that break ---


def main() -> None:
    """Prepares what the first arguments say, then runs a program of ours with the others."""
    match sys.argv[1:]:
        case ["break", call, error, *program]:
            number = getattr(errno, error)
            signal.signal(signal.SIGUSR1, lambda *_: fail(call, number))
        case ["small-disk", kilobytes, folder, *program]:
            mount_small_disk(int(kilobytes), folder)
        case _:
            raise SystemExit(__doc__)
    if program:
        root = Path(__file__).resolve().parent.parent
        sys.argv = [str(root / program[0]), *program[1:]]
        sys.path[0] = str(root)
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
