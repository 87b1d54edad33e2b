"""A saved file in the hands of the system: opened by its program, shown in its folder, copied.

Band: adapters. Only what somebody pressed comes here, and no program is ever started.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from client_file_model import is_program_name, is_program_text

_COPY = 1 << 20  # bytes at a time: the window breathes between two
_BEGINNING = 16


def is_program(path: Path) -> bool:
    """Whether the system might run it instead of showing it. Raises OSError."""
    with path.open("rb") as file:
        return is_program_name(path.name) or is_program_text(file.read(_BEGINNING))


def copying(source: Path, target: Path) -> Iterator[None]:
    """Step by step; the target has its name only when all is there. Raises OSError."""
    unfinished = target.with_name(f"{target.name}.part")
    with source.open("rb") as read, unfinished.open("xb") as written:
        try:
            while piece := read.read(_COPY):
                written.write(piece)
                yield
            written.flush()
            os.fsync(written.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
    unfinished.replace(target)


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
