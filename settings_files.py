"""What a client keeps about files: where they were saved, and which were not finished.

Band: words. Reads and writes its own files in the user's configuration folder, in the manner of
settings_client.py: what is damaged is as if never kept. Times come in as UTC milliseconds.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG

from conversation import FileNote
from file_words import note_in
from protocol import JsonValue
from settings_client import make_private, read_object, replace_object, try_lock

MAX_SAVED = 2_000  # places in one room that are remembered, the newest ones
MAX_UNFINISHED = 200  # of one client
MAX_SLOTS = 64  # clients of one user in one room
LIFE = 7 * 24 * 3_600_000  # ms that something unfinished waits for its user
SURPRISE = 24 * 3_600_000  # ms after which nothing is shared any more without being asked for
_MAX_NUMBER = 1 << 63


@dataclass(frozen=True, slots=True)
class UnfinishedSend:
    """A file that is to be shared, as it was when somebody wanted that."""

    conversation: int
    path: Path
    size: int
    stamp: int  # of its last change
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class UnfinishedFetch:
    """A file that is to be brought here. ``folder`` None: where downloads belong."""

    note: FileNote
    folder: Path | None
    is_paused: bool = False


Unfinished = UnfinishedSend | UnfinishedFetch


class SavedPlaces:
    """Where files of one room lie on this computer, by their hashes. Nobody else changes them there
    for us. Of other rooms it knows nothing: what is not fetched would tell a server what is here.
    """

    def __init__(self, folder: Path, server_key: bytes) -> None:
        self._place = folder / "saved" / f"{_key_name(server_key)}.json"
        self._known: dict[str, JsonValue] | None = None
        self._news: dict[str, JsonValue] = {}

    def find(self, note: FileNote) -> Path | None:
        """None: it is not known, not there any more, or another file by now."""
        if self._known is None:
            self._known = self._read()
        kept = self._known.get(note.file.hex())
        if not isinstance(kept, str):
            return None
        try:
            found = os.stat(kept)
        except (OSError, ValueError):
            return None
        return Path(kept) if S_ISREG(found.st_mode) and found.st_size == note.size else None

    def add(self, file: bytes, path: Path) -> None:
        """Found from now on; on disk with the next ``save``."""
        self._news.pop(file.hex(), None)
        self._news[file.hex()] = str(path)
        if self._known is not None:
            self._known[file.hex()] = str(path)

    def save(self) -> None:
        """What is new, beside what others of this user kept meanwhile. Raises OSError."""
        if not self._news:
            return
        kept = {file: path for file, path in self._read().items() if file not in self._news}
        newest = list((kept | self._news).items())[-MAX_SAVED:]
        make_private(self._place.parent)
        replace_object(self._place, {"files": dict(newest)}, is_flushed=False)
        self._known, self._news = dict(newest), {}

    def _read(self) -> dict[str, JsonValue]:
        files = read_object(self._place).get("files")
        return files if isinstance(files, dict) else {}


@dataclass(frozen=True, slots=True)
class _Slot:
    """``lock`` stays open as long as it is ours."""

    server_key: bytes
    place: Path
    lock: int  # file descriptor


class UnfinishedFiles:
    """What one client of this user left in a room. Holds one slot, locked against the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "unfinished"
        self._held: _Slot | None = None

    def claim(self, server_key: bytes, name: str, now: int) -> tuple[Unfinished, ...]:
        """What goes on there under this name; nobody else gets it then."""
        self.release()
        for slot in self._free(server_key):
            content = read_object(slot.place)
            age = _age(slot.place, now)
            if age > LIFE:
                slot.place.unlink(missing_ok=True)
            elif content.get("name") == name:
                self._held = slot
                return tuple(_read(content.get("files"), is_paused=age > SURPRISE))
            os.close(slot.lock)
        return ()

    def save(self, server_key: bytes, name: str, files: tuple[Unfinished, ...]) -> None:
        """Instead of what was kept. Raises OSError."""
        if self._held is not None and self._held.server_key != server_key:
            self.release()
        if not files:
            if self._held is not None:
                self._held.place.unlink(missing_ok=True)
                self.release()
            return
        if self._held is None:
            self._held = self._new_slot(server_key)
        written: list[JsonValue] = [_fields(one) for one in files[:MAX_UNFINISHED]]
        replace_object(self._held.place, {"name": name, "files": written}, is_flushed=False)

    def release(self) -> None:
        """Whoever comes next may have it."""
        if self._held is not None:
            os.close(self._held.lock)
            self._held = None

    def _new_slot(self, server_key: bytes) -> _Slot:
        make_private(self._folder)
        for slot in self._free(server_key, is_new=True):
            if not slot.place.exists():
                return slot
            os.close(slot.lock)
        raise OSError("too many clients of one user in one room")

    def _free(self, server_key: bytes, *, is_new: bool = False) -> Iterator[_Slot]:
        """Locked one by one; whoever does not keep one closes its lock."""
        for number in range(MAX_SLOTS):
            place = self._folder / f"{_key_name(server_key)}-{number}.json"
            if place.exists() is is_new:
                continue
            lock = try_lock(place.with_suffix(".lock"))
            if lock is not None:
                yield _Slot(server_key, place, lock)


def _key_name(server_key: bytes) -> str:
    return server_key.hex()[:32]


def _age(place: Path, now: int) -> int:
    try:
        return now - place.stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0


# --- reading what may have been damaged ---


def _fields(one: Unfinished) -> dict[str, JsonValue]:
    match one:
        case UnfinishedSend(conversation, path, size, stamp, is_paused):
            return {
                "send": str(path),
                "conversation": conversation,
                "size": size,
                "stamp": stamp,
                "paused": is_paused,
            }
        case UnfinishedFetch(note, folder, is_paused):
            return {
                "fetch": note.encode(),
                "folder": "" if folder is None else str(folder),
                "paused": is_paused,
            }


def _read(files: JsonValue, *, is_paused: bool) -> Iterator[Unfinished]:
    for item in files[:MAX_UNFINISHED] if isinstance(files, list) else ():
        one = _one(item) if isinstance(item, dict) else None
        if isinstance(one, UnfinishedSend) and is_paused:
            one = replace(one, is_paused=True)
        if one is not None:
            yield one


def _one(item: Mapping[str, JsonValue]) -> Unfinished | None:
    match item:
        case {
            "send": str(path),
            "conversation": int(conversation),
            "size": int(size),
            "stamp": int(stamp),
            "paused": bool(is_paused),
        } if 0 <= conversation < _MAX_NUMBER and _is_place(path):
            return UnfinishedSend(conversation, Path(path), size, stamp, is_paused)
        case {
            "fetch": str(text),
            "folder": str(folder),
            "paused": bool(is_paused),
        } if (note := note_in(text)) is not None and (not folder or _is_place(folder)):
            return UnfinishedFetch(note, Path(folder) if folder else None, is_paused)
        case _:
            return None


def _is_place(path: str) -> bool:
    return "\0" not in path and Path(path).is_absolute()
