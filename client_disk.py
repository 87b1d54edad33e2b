"""The disk of a client's computer: files that are sent from where they lie, and those that come.

Band: adapters. Downloads are pulled into a hidden folder beside where they belong, so that they get
their names on the same disk; each running client has one of its own, locked as long as it runs.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_IFMT, S_ISREG
from weakref import WeakSet

from conversation import FileNote
from protocol import BLOCK
from records import FileChangedError, FileGoneError, StoreBrokenError, StoreError
from settings_client import try_lock
from storage_disk import OpenFile, disk_errors
from storage_files import PART_LIFE, FileShelf, Hashing

HIDDEN = ".ruang"
MAX_SHELVES = 64  # clients of one user at once


class OwnFile:
    """Somebody's file that is to be sent. It is never changed; who else changes it is found out."""

    def __init__(self, path: Path) -> None:
        """Links are followed: whoever chose it may. Raises FileGoneError."""
        try:
            self._path = path.resolve()
            found = self._path.lstat()
        except OSError as error:
            raise FileGoneError(str(error)) from error
        if not S_ISREG(found.st_mode):  # nobody waits for a pipe
            raise FileGoneError(str(path))
        self._stamp = _stamp(found)
        self._hashing = Hashing(self._path)
        self._file: OpenFile | None = None  # while it is read: many may wait to be sent

    @property
    def size(self) -> int:
        return self._stamp[0]

    @property
    def stamp(self) -> int:
        """When it was changed."""
        return self._stamp[1]

    def hash_some(self) -> int | bytes:
        """For the worker, again and again: the bytes hashed by now, in the end the SHA-256."""
        try:
            digest = self._hashing.go_on()
            self._check(self._path.lstat())
        except OSError as error:
            raise FileGoneError(str(error)) from error
        if digest is None:
            return self._hashing.size
        if self._hashing.size != self.size:
            raise FileChangedError(str(self._path))
        return digest

    def read(self, first: int, blocks: int) -> bytes:
        """Raises FileGoneError or FileChangedError."""
        try:
            if self._file is None:
                self._check(self._path.lstat())  # still no pipe
                self._file = OpenFile(self._path, os.O_RDONLY)
            data = self._file.read(blocks * BLOCK, first * BLOCK)
            self._check(self._file.stat())
        except OSError as error:  # a stick that was pulled out
            raise FileGoneError(str(error)) from error
        return data

    def close(self) -> None:
        """Until it is read again. May be repeated, and called while the worker hashes it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _check(self, found: os.stat_result) -> None:
        if _stamp(found) != self._stamp:
            error = FileChangedError if self._path.exists() else FileGoneError
            raise error(str(self._path))


def _stamp(found: os.stat_result) -> tuple[int, int, int, bool]:
    """What changes with a file: size, time, what it is, and whether it still has a name."""
    return found.st_size, found.st_mtime_ns, S_IFMT(found.st_mode), found.st_nlink > 0


class ClientDisk:
    """``client_file_moves.Disk``. Opens nothing before it is asked. Owned by the network thread."""

    def __init__(self, downloads: Path, wall_clock: Callable[[], int], boot: str = "") -> None:
        """``boot``: see FileShelf."""
        self._downloads = downloads
        self._wall_clock = wall_clock
        self._boot = boot
        self._sources = WeakSet[OwnFile]()  # those that are not over
        self._shelf: FileShelf | None = None
        self._lock: int | None = None

    def source(self, path: Path) -> OwnFile:
        """Raises FileGoneError."""
        source = OwnFile(path)
        self._sources.add(source)
        return source

    def shelf(self, file: bytes = b"") -> FileShelf:
        """Of this client alone; the first time, if it can be, the one where some of a file is.

        Raises StoreFullError or StoreBrokenError.
        """
        if self._shelf is None:
            self._shelf = self._open_shelf(file)
        return self._shelf

    def saving(self, note: FileNote, folder: Path | None) -> Callable[[], Path]:
        """For the worker."""
        shelf, target = self.shelf(), folder or self._downloads
        return lambda: shelf.save_as(note.file, target, note.name)

    def close(self) -> None:
        """After the worker has ended."""
        for source in self._sources:
            source.close()
        if self._shelf is not None:
            self._shelf.close()
        if self._lock is not None:
            os.close(self._lock)
        self._shelf, self._lock = None, None

    def _open_shelf(self, file: bytes) -> FileShelf:
        hidden = self._downloads / HIDDEN
        with disk_errors():
            hidden.mkdir(mode=0o700, parents=True, exist_ok=True)
        for slot in sorted(range(MAX_SHELVES), key=lambda slot: not _is_begun(hidden, slot, file)):
            lock = try_lock(hidden / f"{slot}.lock")
            if lock is not None:
                try:
                    shelf = self._sorted_out(hidden / str(slot))
                except StoreError:
                    os.close(lock)
                    raise
                self._lock = lock
                self._sort_out_left(hidden)
                return shelf
        raise StoreBrokenError("no folder for what is fetched")

    def _sorted_out(self, folder: Path) -> FileShelf:
        """Without what is old."""
        now = self._wall_clock()
        shelf = FileShelf(folder, now_utc_ms=now, boot=self._boot)
        _forget_old(shelf, folder, now - PART_LIFE)
        return shelf

    def _sort_out_left(self, hidden: Path) -> None:
        """What clients left that no longer run: nobody else might ever come to it."""
        for slot in range(MAX_SHELVES):
            folder = hidden / str(slot)
            lock = try_lock(hidden / f"{slot}.lock") if folder.is_dir() else None
            if lock is not None:
                with suppress(StoreError):  # it is none of ours
                    self._sorted_out(folder).close()
                os.close(lock)


def _is_begun(hidden: Path, slot: int, file: bytes) -> bool:
    """Whether some of a file lies on a shelf that nobody has opened."""
    return bool(file) and any((hidden / str(slot)).rglob(f"{file.hex()}*"))


def _forget_old(shelf: FileShelf, folder: Path, oldest: int) -> None:
    """Whole ones that could not be saved, and that nobody asked for again."""
    with disk_errors():
        for file in shelf.whole():
            if (folder / file.hex()).stat().st_mtime_ns // 1_000_000 < oldest:
                shelf.drop(file)
