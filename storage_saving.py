"""A file of ours under a name of its own, in a folder of somebody's.

Band: adapters. For the worker thread: on another disk it is copied. It is there whole or not at
all, under a safe name, and in place of nothing.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from file_names import numbered, safe_file_name
from storage_disk import open_plain, opened_plain, remove, sync_folder, write_all

_PIECE = 1 << 20  # bytes copied at a time
_MOST_NUMBERED = 10_000  # files of one name


def save_as(source: Path, folder: Path, name: str) -> Path:
    """Where it is now: numbered, if something else has its name. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    name = safe_file_name(name)
    try:
        saved = _first_free(folder, name, lambda path: os.link(source, path))
    except FileExistsError:
        raise
    except OSError:  # another disk, or one without links
        saved = _copy(source, folder, name)
    _mark_as_foreign(saved)
    sync_folder(folder)
    return saved


def _copy(source: Path, folder: Path, name: str) -> Path:
    """Whole before it has its name."""
    # Another client may be saving the same: what it makes is not ours.
    making = _first_free(folder, f".ruang-{source.name[:16]}.part", _take)
    try:
        with (
            open(source, "rb", opener=open_plain) as old,
            opened_plain(making, os.O_WRONLY) as descriptor,
        ):
            while piece := old.read(_PIECE):
                write_all(descriptor, piece)
            os.fsync(descriptor)
        return _first_free(folder, name, lambda path: _rename_to_free(making, path))
    finally:
        remove(making)


def _rename_to_free(making: Path, path: Path) -> None:
    """Raises FileExistsError if there is something."""
    if os.name == "nt":
        making.rename(path)  # replaces nothing there
        return
    try:
        os.link(making, path)
    except FileExistsError:
        raise
    except OSError:  # no links on this disk: the name is taken first, then filled at once
        _take(path)
        making.replace(path)


def _take(path: Path) -> None:
    """As an empty file. Raises FileExistsError if there is something."""
    os.close(open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def _first_free(folder: Path, name: str, put: Callable[[Path], None]) -> Path:
    for count in range(1, _MOST_NUMBERED):
        path = folder / numbered(name, count)
        try:
            put(path)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"too many files called {name!r}")


def _mark_as_foreign(path: Path) -> None:
    """For Windows, which warns before it runs what came from elsewhere."""
    if os.name == "nt":
        with suppress(OSError):  # FAT has no room for it
            Path(f"{path}:Zone.Identifier").write_text("[ZoneTransfer]\r\nZoneId=3\r\n")
