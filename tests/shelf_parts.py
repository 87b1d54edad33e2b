"""A real shelf for tests that are about what lies on it."""

import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from client_disk import ClientDisk
from protocol import BLOCK
from records import Shelf
from storage_files import FileShelf

NO_DISK = ClientDisk(Path(os.devnull), lambda: 0)  # of clients that send and fetch nothing

DATA = Random(1).randbytes(9 * BLOCK + 100)  # ten blocks
FILE = sha256(DATA).digest()


def open_shelf(folder: Path, now: int | None = None, boot: str = "") -> FileShelf:
    """As after a start; parts are as old as the clock of the disk says."""
    touched = max((one.stat().st_mtime_ns for one in folder.rglob("*")), default=0) // 1_000_000
    return FileShelf(folder, now_utc_ms=touched if now is None else now, boot=boot)


def bitmap(*blocks: int, of: int = 10) -> bytes:
    return sum(1 << block for block in blocks).to_bytes(-(-of // 8), "little")


def write(shelf: Shelf, *blocks: int) -> None:
    for block in blocks:
        shelf.write(FILE, block, DATA[block * BLOCK : (block + 1) * BLOCK])


def outcome(verification: Callable[[], bool | None]) -> bool:
    while (verdict := verification()) is None:
        pass
    return verdict


def put(shelf: Shelf, data: bytes = DATA) -> bytes:
    """A whole file, as it comes."""
    file = sha256(data).digest()
    shelf.begin(file, len(data))
    shelf.write(file, 0, data)
    assert outcome(shelf.verify(file))
    return file


def names(folder: Path) -> list[str]:
    """Of all files in it and below."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def opened(folder: Path) -> list[str]:
    """Files in a folder that this process has open, where the system tells (Linux)."""
    descriptors = Path("/proc/self/fd")
    found = []
    for one in list(descriptors.iterdir()) if descriptors.is_dir() else []:
        try:
            target = os.readlink(one)
        except FileNotFoundError:  # the one that lists them
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


def run_apart(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which knows our modules and those of the tests."""
    root = Path(__file__).parent
    return subprocess.run(
        [sys.executable, "-B", "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root.parent), str(root)])},
        capture_output=True,
        text=True,
        check=False,
    )
