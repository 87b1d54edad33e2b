"""The bytes of files on disk: whole ones under their SHA-256, and those that are on their way.

Band: adapters. Implements ``records.Shelf``. Knows no session and no database.

In the folder: a whole file has its hash, in hex, for a name. In ``partial`` below it there are

    PART.RUN.part     what has come so far: blocks at their places, holes between them
    PART.RUN.map      its size and which blocks are certainly on disk; replaced as a whole
    PART.RUN.live     which were written, as long as this computer runs; written in place
    PART.RUN.check    a part in which nothing is written any more, until its hash is known
    PART.RUN.new      a map that is being written

PART is the hash and, where several may send one file, eight bytes more that say whose part it is:
the methods below take both as one. RUN differs each time a file begins anew, so that a map which
the worker still had to write can never speak of another part. What was written stays in the
system's memory when a program is killed, so that costs what came after the last mark; a power cut
costs what came after the last map. Nothing else is lost: what is left is sorted out at the next
start.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from protocol import BLOCK, FILE_ID_SIZE, LocalError
from records import PartLostError, StoreBrokenError, StoreError, as_disk_error
from storage_disk import (
    OpenFiles,
    disk_errors,
    is_plain,
    open_plain,
    opened_plain,
    remove,
    sync_folder,
    write_all,
)
from storage_saving import save_as

FOLDER_NAME = "files"
PART_LIFE = 7 * 24 * 3600 * 1000  # milliseconds that a part waits for more of it
_PARTIAL = "partial"
_PIECE = 1 << 20  # bytes hashed at a time, without holding the interpreter
_SLICE = 64 << 20  # bytes hashed in one go of the worker, which others wait for: about 50 ms
_MAGIC = b"Ruang part 1\n"
_LIVE_MAGIC = b"Ruang live 1\n"
_SIZE_SIZE = 8  # bytes of a size in a map
_DIGEST_SIZE = 32
_WHOLE = re.compile("[0-9a-f]{64}")
_ON_THE_WAY = re.compile(r"([0-9a-f]{64}(?:[0-9a-f]{16})?)\.\d{1,18}\.(part|check)")
_ANY_RUN = re.compile(r"[0-9a-f]{64}(?:[0-9a-f]{16})?\.(\d{1,18})\.")


class _Part(NamedTuple):
    """A file on its way."""

    file: bytes  # and whose part it is
    size: int
    path: Path

    @property
    def map(self) -> Path:
        return self.path.with_suffix(".map")

    @property
    def live(self) -> Path:
        return self.path.with_suffix(".live")

    def remove(self) -> None:
        """The bytes last: without them, what speaks of them is nothing."""
        for path in (self.live, self.map, self.path):
            remove(path)


class FileShelf:
    """``records.Shelf`` in a folder. Owned by the network thread.

    What ``save`` and ``verify`` return, and ``save_as``, are for the one worker thread: they open
    files of their own.
    """

    def __init__(self, folder: Path, *, now_utc_ms: int, boot: str = "") -> None:
        """The folder is made if there is none, and what a cut left half done is removed.

        ``boot`` differs each time the computer starts; empty: nobody knows, so marks are worthless.
        Raises StoreFullError or StoreBrokenError.
        """
        self._folder = folder
        self._partial = folder / _PARTIAL
        self._parts: dict[bytes, _Part] = {}  # begun, or found at the start
        self._hashings: dict[bytes, Hashing] = {}  # of parts that are hashed as they come
        self._run = 0
        self._boot = boot
        self._readers = OpenFiles()
        self._writers = OpenFiles()
        self._markers = OpenFiles()
        with disk_errors():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                self._partial.mkdir(mode=0o700)
            if not stat.S_ISDIR(self._partial.lstat().st_mode):  # a link would lead elsewhere
                raise StoreBrokenError(f"{self._partial} is no folder")
            self._sort_out(now_utc_ms - PART_LIFE)

    # --- on their way ---

    def begin(self, file: bytes, size: int) -> bytes:
        """The bitmap of what is here of it. One of another size was a lie, and is forgotten."""
        with disk_errors():
            part = self._parts.get(file)
            if part is not None and (part.size != size or not is_plain(part.path)):
                self._remove_part(part)
                part = None
            if part is None:
                part = self._new_part(file, size)
            os.utime(part.path)
            return self._known(part)

    def write(self, file: bytes, first: int, data: bytes | memoryview) -> None:
        """Whole blocks of one that has begun, from block ``first`` on."""
        part = self._parts.get(file)
        offset = first * BLOCK
        if part is None or offset + len(data) > part.size:
            raise LocalError("no such place in a file that has begun")
        hashing = self._hashings.get(file)
        if hashing is not None and offset < hashing.end:  # it would be of what was there before
            del self._hashings[file]
        try:
            opened = self._writers.get(file)
            if opened is None:
                opened = self._writers.open(file, part.path, os.O_RDWR)
            opened.write(data, offset)
        except OSError as error:
            raise _as_part_error(error) from error

    def mark(self, file: bytes, bitmap: bytes) -> None:
        """If we are killed, the next start goes on from what is in the bitmap, all written by now.

        It costs no waiting for the disk, and is worth nothing after a power cut.
        """
        part = self._part(file, bitmap)
        if not self._boot:
            return
        try:
            opened = self._markers.get(file)
            if opened is None:
                opened = self._markers.open(file, part.live, os.O_RDWR | os.O_CREAT)
            # Bits are only ever added to it, so that it is true even if we die in between.
            opened.write(_live_head(part, self._boot) + bitmap, 0)
        except OSError as error:
            raise _as_part_error(error) from error

    def save(self, file: bytes, bitmap: bytes) -> Callable[[], None]:
        """For the worker: a restart goes on from what is in the bitmap, all written by now."""
        part = self._part(file, bitmap)

        def save() -> None:
            with disk_errors():
                _save_map(part, bitmap)

        return save

    def hash_ahead(self, file: bytes, blocks: int) -> Callable[[], int]:
        """For the worker: hashes some of the first so many blocks, all written by now.

        Gives the bytes that ``verify`` need not read any more.
        """
        part = self._parts.get(file)
        if part is None:
            raise LocalError("no such part")
        hashing = self._hashings.setdefault(file, Hashing(part.path))
        hashing.end = blocks * BLOCK

        def go_on() -> int:
            with suppress(OSError):  # gone, or ``verify`` will meet it again
                hashing.go_on()
            return hashing.size

        return go_on

    def verify(self, file: bytes) -> Callable[[], bool | None]:
        """For the worker, to be called until it says more than None: others get in between.

        True: it is what its name says, has that name for good and is on disk. False: it is gone.
        From now on the part is out of reach; the same file may begin anew meanwhile.
        """
        part = self._parts.pop(file, None)
        if part is None:
            raise LocalError("nothing to verify")
        hashing = self._hashings.get(file) or Hashing(part.path)
        self._let_go(file)
        return _Verification(part, self._whole(file[:FILE_ID_SIZE]), hashing).go_on

    def has_part(self, file: bytes) -> bool:
        """Whether there is one, and nobody took it away."""
        with disk_errors():
            return file in self._parts and is_plain(self._parts[file].path)

    def kept(self, file: bytes) -> bytes:
        """The bitmap of what is here of a part; of one that is none, nothing."""
        with disk_errors():
            return self._known(self._parts[file]) if file in self._parts else b""

    def unfinished(self) -> dict[bytes, int]:
        """Sizes of those on their way; after a start, of those that wait for the rest."""
        return {file: part.size for file, part in self._parts.items()}

    # --- whole ---

    def has(self, file: bytes) -> bool:
        """Whether all of it is here, and was verified."""
        with disk_errors():
            return is_plain(self._whole(file))

    def whole(self) -> dict[bytes, int]:
        """Sizes of all that are: to be compared at a start with what the store knows."""
        with disk_errors(), os.scandir(self._folder) as entries:
            return {
                bytes.fromhex(entry.name): entry.stat(follow_symlinks=False).st_size
                for entry in entries
                if _WHOLE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            }

    def read(self, file: bytes, first: int, blocks: int) -> bytes:
        """Of a whole one; less at its end, and nothing if it is not here."""
        offset, size = first * BLOCK, blocks * BLOCK
        try:
            opened = self._readers.get(file)
            if opened is None:
                path = self._whole(file)
                if not is_plain(path):
                    return b""
                opened = self._readers.open(file, path, os.O_RDONLY)
            return opened.read(size, offset)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise as_disk_error(error) from error

    def drop(self, file: bytes) -> None:
        """What there is of it: parts, then the whole, so that no verification is too late."""
        for part in [part for part in self._parts if part.startswith(file)]:
            del self._parts[part]
            self._let_go(part)
        self._readers.close(file)
        with disk_errors():
            for ending in (".part", ""):  # as a verification renames it
                for path in self._partial.glob(f"{file.hex()}*{ending}"):
                    remove(path)
            remove(self._whole(file))

    def drop_part(self, file: bytes) -> None:
        """What is being written of it; a whole one stays, and what is being verified."""
        part = self._parts.get(file)
        if part is not None:
            with disk_errors():
                self._remove_part(part)

    def free(self) -> int:
        """Bytes left on the disk."""
        with disk_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # somebody tidied up
            return shutil.disk_usage(self._folder).free

    def save_as(self, file: bytes, folder: Path, name: str) -> Path:
        """For the worker: a whole one under a safe name in another folder; where it is now.

        A file that is there keeps its name; ours is numbered. The two may be one file on disk with
        two names: drop ours before anybody changes theirs.
        """
        with disk_errors():
            source = self._whole(file)
            if not is_plain(source):
                raise LocalError("a file that is not here")
            return save_as(source, folder, name)

    def close(self) -> None:
        """Descriptors; all else is on disk."""
        self._readers.close_all()
        self._writers.close_all()
        self._markers.close_all()

    # --- parts ---

    def _part(self, file: bytes, bitmap: bytes) -> _Part:
        part = self._parts.get(file)
        if part is None or len(bitmap) != _bitmap_size(part.size):
            raise LocalError("no such part")
        return part

    def _known(self, part: _Part) -> bytes:
        """What is here of it, by its map and its marks: both are true."""
        size = _bitmap_size(part.size)
        marked = _load_marks(part, self._boot) or b""
        both = (_load_map(part) or b"", marked[:size].ljust(size, b"\0"))
        saved, live = (int.from_bytes(one, "little") for one in both)
        return (saved | live).to_bytes(size, "little")

    def _whole(self, file: bytes) -> Path:
        return self._folder / file.hex()

    def _new_part(self, file: bytes, size: int) -> _Part:
        self._run += 1
        part = _Part(file, size, self._partial / f"{file.hex()}.{self._run}.part")
        self._partial.mkdir(mode=0o700, parents=True, exist_ok=True)  # somebody tidied up
        self._writers.open(file, part.path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._parts[file] = part
        return part

    def _remove_part(self, part: _Part) -> None:
        self._let_go(part.file)
        self._parts.pop(part.file, None)
        part.remove()

    def _let_go(self, file: bytes) -> None:
        """Of the part that is being written."""
        self._writers.close(file)
        self._markers.close(file)
        self._hashings.pop(file, None)

    def _sort_out(self, oldest: int) -> None:
        """Finds the parts that go on, and removes what is left of others."""
        found: dict[bytes, list[Path]] = {}
        runs = {name: _ANY_RUN.match(name) for name in sorted(os.listdir(self._partial))}
        ours = {name: int(run[1]) for name, run in runs.items() if run is not None}
        self._run = max(ours.values(), default=0)
        for name in ours:
            if known := _ON_THE_WAY.fullmatch(name):
                found.setdefault(bytes.fromhex(known[1]), []).append(self._partial / name)
        kept = set[str]()
        for file, paths in found.items():
            restored = (_restored(file, path, oldest, self._boot) for path in paths)
            part = next(filter(None, restored), None)
            if part is not None:
                self._parts[file] = part
                kept |= {part.path.name, part.map.name}
                if _load_marks(part, self._boot) is not None:  # else they are of another boot
                    kept.add(part.live.name)
        for name in ours.keys() - kept:
            remove(self._partial / name)


def _as_part_error(error: OSError) -> StoreError:
    is_gone = isinstance(error, FileNotFoundError)
    return PartLostError(str(error)) if is_gone else as_disk_error(error)


# --- maps ---


def _bitmap_size(size: int) -> int:
    """Bytes, for a file of so many: block n is bit n % 8, from the lowest, of byte n // 8."""
    return -(-size // (8 * BLOCK))


def _save_map(part: _Part, bitmap: bytes) -> None:
    """First what it speaks of is on disk, then it stands there, whole."""
    try:
        with opened_plain(part.path, os.O_RDWR) as descriptor:
            getattr(os, "fdatasync", os.fsync)(descriptor)
    except FileNotFoundError:
        return  # dropped, or being verified
    content = _MAGIC + part.size.to_bytes(_SIZE_SIZE, "big") + bitmap
    new = part.path.with_suffix(".new")
    try:
        with opened_plain(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
            write_all(descriptor, content + _digest(part.file, content))
            os.fsync(descriptor)
        new.replace(part.map)
    except OSError:
        remove(new)
        raise


def _load_map(part: _Part) -> bytes | None:
    """None: there is none, or it is damaged."""
    content = _content_of_map(part.file, part.map)
    if content is None or content[:_SIZE_SIZE] != part.size.to_bytes(_SIZE_SIZE, "big"):
        return None
    return content[_SIZE_SIZE:]


def _content_of_map(file: bytes, path: Path) -> bytes | None:
    """Size and bitmap."""
    if not is_plain(path):
        return None
    kept = path.read_bytes()
    content, digest = kept[:-_DIGEST_SIZE], kept[-_DIGEST_SIZE:]
    is_whole = content.startswith(_MAGIC) and digest == _digest(file, content)
    return content.removeprefix(_MAGIC) if is_whole else None


def _digest(file: bytes, content: bytes) -> bytes:
    return hashlib.blake2s(file + content, digest_size=_DIGEST_SIZE).digest()


def _live_head(part: _Part, boot: str) -> bytes:
    content = _LIVE_MAGIC + part.size.to_bytes(_SIZE_SIZE, "big")
    return content + _digest(part.file, content + boot.encode())


def _load_marks(part: _Part, boot: str) -> bytes | None:
    """As far as they were written. None: there are none, or they are of another boot."""
    if not boot or not is_plain(part.live):
        return None
    head, content = _live_head(part, boot), part.live.read_bytes()
    return content.removeprefix(head) if content.startswith(head) else None


def _size_by_marks(path: Path) -> int | None:
    if not is_plain(path):
        return None
    content = path.read_bytes()[: len(_LIVE_MAGIC) + _SIZE_SIZE]
    return int.from_bytes(content.removeprefix(_LIVE_MAGIC), "big")


def _restored(file: bytes, path: Path, oldest: int, boot: str) -> _Part | None:
    """A part from before the start, if it is known what is in it and it was wanted lately."""
    if not is_plain(path) or path.stat().st_mtime_ns // 1_000_000 < oldest:
        return None
    content = _content_of_map(file, path.with_suffix(".map"))
    if content is not None:
        size = int.from_bytes(content[:_SIZE_SIZE], "big")
    else:
        marked = _size_by_marks(path.with_suffix(".live"))
        if marked is None or _load_marks(_Part(file, marked, path), boot) is None:
            return None
        size = marked
    part = _Part(file, size, path.with_suffix(".part"))
    path.replace(part.path)
    return part


# --- verification ---


class Hashing:
    """Of one file. For the worker thread; raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0  # so far
        self.end = sys.maxsize  # what comes after that is not there yet
        self._hash = hashlib.sha256()

    def go_on(self) -> bytes | None:
        """A piece of the work. None: there is more; else what the file is called on the way."""
        if not is_plain(self.path):  # nobody waits for a pipe
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        with open(self.path, "rb", buffering=0, opener=open_plain) as file:
            file.seek(self.size)
            end = min(self.size + _SLICE, self.end)
            while self.size < end:
                piece = file.read(min(_PIECE, end - self.size))
                if not piece:
                    return self._hash.digest()
                self._hash.update(piece)
                self.size += len(piece)
        return None


class _Verification:
    """Of one part. For the worker thread."""

    def __init__(self, part: _Part, whole: Path, hashing: Hashing) -> None:
        self._part = part
        self._whole = whole
        self._hashing = hashing
        self._is_apart = False

    def go_on(self) -> bool | None:
        """None: there is more to do."""
        with disk_errors():
            try:
                return self._go_on()
            except FileNotFoundError:
                return False  # dropped

    def _go_on(self) -> bool | None:
        if not self._is_apart:
            self._set_apart()
        digest = self._hashing.go_on()
        if digest is None:
            return None
        is_right = digest == self._part.file[:FILE_ID_SIZE]
        if is_right:
            with opened_plain(self._part.path, os.O_RDWR) as descriptor:
                os.fsync(descriptor)
            self._rename()
        self._part.remove()
        return is_right

    def _set_apart(self) -> None:
        """Not sooner: Windows renames nothing that this thread has open for another job."""
        checked = self._part._replace(path=self._part.path.with_suffix(".check"))
        self._part.path.replace(checked.path)
        self._part, self._is_apart = checked, True
        self._hashing.path, self._hashing.end = checked.path, sys.maxsize

    def _rename(self) -> None:
        try:
            self._part.path.replace(self._whole)
        except PermissionError:  # Windows, while it is read: then it was here already
            if not is_plain(self._whole):
                raise
        sync_folder(self._whole.parent)
