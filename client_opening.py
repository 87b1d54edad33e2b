"""A saved file in the hands of the system: opened by its program, shown in its folder, copied.

Band: adapters. Only what somebody pressed comes here, and no program is ever started.
"""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from client_file_model import is_program_name, is_program_text
from file_names import numbered

_COPY = 1 << 20  # bytes at a time: the window breathes between two
_BEGINNING = 16
_MOST_BEGUN = 100  # copies of one name that were never finished


def is_program(path: Path) -> bool:
    """Whether the system might run it instead of showing it. Raises OSError."""
    with path.open("rb") as file:
        return is_program_name(path.name) or is_program_text(file.read(_BEGINNING))


def copying(source: Path, target: Path) -> Generator[None, None, None]:
    """Step by step; the target has its name only when all is there. Raises OSError."""
    begun = _begun_beside(target)
    unfinished = Path(begun.name)
    try:
        with begun as written, source.open("rb") as read:
            while piece := read.read(_COPY):
                written.write(piece)
                yield
            written.flush()
            os.fsync(written.fileno())
        unfinished.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def _begun_beside(target: Path) -> BinaryIO:
    """A new file, whatever an attempt that was killed has left."""
    for count in range(1, _MOST_BEGUN):
        with contextlib.suppress(FileExistsError):
            return target.with_name(numbered(f"{target.name}.part", count)).open("xb")
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


class Opener:
    """The system's own ways. What it starts lives on without us."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []  # nobody else waits for their end

    def open_file(self, path: Path) -> None:
        """With the program the user has for it. Raises OSError."""
        if sys.platform == "win32":
            os.startfile(path)
        else:
            self._start("open" if sys.platform == "darwin" else "xdg-open", str(path))

    def show_in_folder(self, path: Path) -> None:
        """Raises OSError."""
        if sys.platform == "win32":
            self._start("explorer", f"/select,{path}")
        elif sys.platform == "darwin":
            self._start("open", "-R", str(path))
        else:
            self._start("xdg-open", str(path.parent))

    def _start(self, *words: str) -> None:
        self._started = [one for one in self._started if one.poll() is None]
        self._started.append(
            subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
