"""Files as the system has them: opened for reading and writing at a place, synced, removed.

Band: adapters. Knows nothing of what is in them. The last part of a path is never followed if it is
a link: whoever could put one into a folder of ours would be read, or overwritten, somewhere else.
"""

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from records import as_disk_error

_MOST_OPEN = 64  # at a time: systems allow 256 and more
_STRETCH = 4 << 20  # bytes that the disk is asked for before they are read
_MOST_ADVISED = 1024  # stretches of one file, remembered
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # else Windows adds to lines


class OpenFile:
    """One that is read and written at any place. Raises OSError."""

    def __init__(self, path: Path, flags: int) -> None:
        """What it makes, nobody else may read."""
        self._descriptor = open_plain(path, flags)
        self._advised = set[int]()  # stretches, by their place in the file

    def write(self, data: bytes | memoryview, offset: int) -> None:
        """All of it, or OSError."""
        written = _write_at(self._descriptor, data, offset)
        while written < len(data):  # a disk that is full says so the next time
            written += _write_at(self._descriptor, data[written:], offset + written)

    def read(self, size: int, offset: int) -> bytes:
        """What there is; the disk is told what will probably be read next."""
        stretch = offset // _STRETCH
        if stretch + 1 not in self._advised:
            self._advise(stretch)
        return _read_at(self._descriptor, size, offset)

    def stat(self) -> os.stat_result:
        """As it is now."""
        return os.fstat(self._descriptor)

    def close(self) -> None:
        """What was written may still be in memory alone. May be repeated."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _advise(self, stretch: int) -> None:
        if len(self._advised) >= _MOST_ADVISED:
            self._advised.clear()
        for one in {stretch, stretch + 1} - self._advised:
            self._advised.add(one)
            if hasattr(os, "posix_fadvise"):
                begin, willing = one * _STRETCH, os.POSIX_FADV_WILLNEED
                os.posix_fadvise(self._descriptor, begin, _STRETCH, willing)


class OpenFiles:
    """Those used last, each under its hash."""

    def __init__(self) -> None:
        self._files: OrderedDict[bytes, OpenFile] = OrderedDict()

    def get(self, file: bytes) -> OpenFile | None:
        """If it is still open."""
        opened = self._files.get(file)
        if opened is not None:
            self._files.move_to_end(file)
        return opened

    def open(self, file: bytes, path: Path, flags: int) -> OpenFile:
        """One that is not; the one used longest ago may be closed for it."""
        opened = self._files[file] = OpenFile(path, flags)
        if len(self._files) > _MOST_OPEN:
            self.close(next(iter(self._files)))
        return opened

    def close(self, file: bytes) -> None:
        """If it is open."""
        opened = self._files.pop(file, None)
        if opened is not None:
            opened.close()

    def close_all(self) -> None:
        """At the end."""
        for file in list(self._files):
            self.close(file)


def open_plain(path: str | Path, flags: int) -> int:
    """A descriptor. What it makes, nobody else may read."""
    return os.open(path, flags | _FLAGS, 0o600)


def open_private(path: str, flags: int) -> int:
    """The same for ``open``, of a file that may be a link to where its owner wants it."""
    return os.open(path, flags, 0o600)


def make_private(path: Path) -> None:
    """An empty file, if there is none: what others then write into it, nobody else may read.

    What cannot be made, they will say.
    """
    with suppress(OSError):
        os.close(open_private(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def keep_private(path: Path) -> None:
    """From now on nobody else may read it, if it is there and its disk knows of such a thing."""
    if os.name == "posix":
        with suppress(OSError):
            path.chmod(0o600)


@contextmanager
def opened_plain(path: Path, flags: int) -> Iterator[int]:
    """A descriptor for a while."""
    descriptor = open_plain(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors() -> Iterator[None]:
    """What the system says, in the words of ``records.Store``."""
    try:
        yield
    except OSError as error:
        raise as_disk_error(error) from error


def this_boot() -> str:
    """Another word each time the computer starts; empty where the system says none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def write_all(descriptor: int, data: bytes) -> None:
    """All of it, or OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def is_plain(path: Path) -> bool:
    """Whether there is a file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def remove(path: Path) -> None:
    """Whatever has that name, unless Windows has it open: then the next start does it."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    except PermissionError:
        if os.name != "nt":
            raise


def sync_folder(folder: Path) -> None:
    """The names in it are on disk."""
    if os.name == "posix":  # elsewhere folders cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_seeking(descriptor: int, data: bytes | memoryview, offset: int) -> int:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


def _read_seeking(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


_write_at = getattr(os, "pwrite", _write_seeking)  # Windows has neither
_read_at = getattr(os, "pread", _read_seeking)
