"""What a client keeps in its user's configuration folder: preferences, rooms, keys and runs.

Band: words. Reads and writes its own files; knows no session and no window. Times come in as UTC
milliseconds. A damaged or unreadable file never stops the client: what it held is as if never set.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

from conversation import EntryKind
from protocol import MAX_TEXT, Address, JsonValue

MAX_RECENT_ROOMS = 12
MAX_RUNS = 64  # clients of one user in one room at once, killed ones that wait included
FONT_SIZES = range(8, 25)  # points
FETCH_BELOW = (0, 1_000_000, 10_000_000, 100_000_000)  # bytes; 0: never
_STREAM_SIZE, _TOKEN_SIZE = 16, 32  # bytes
_MAX_NUMBER = 1 << 63


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """Something the user said that the server has not acknowledged yet."""

    draft: int
    conversation: int
    text: str
    kind: EntryKind = EntryKind.TEXT


@dataclass(frozen=True, slots=True)
class Run:
    """What a client that was killed needs to go on as the same person, losing nothing."""

    stream: bytes
    token: bytes = field(repr=False)
    person: int
    name: str
    next_draft: int
    waiting: tuple[WaitingDraft, ...]


class Notify(Enum):
    """For which messages of a conversation the user wants to be called."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ClientPreferences:
    """What the user chose for every room."""

    language: str = "system"  # "system", "en", "id"
    theme: str = "system"  # "system", "light", "dark"
    enter_sends: bool = True
    send_typing: bool = True
    show_typing: bool = True
    font_size: int = 10  # points, one of FONT_SIZES
    last_name: str = ""
    fetch_below: int = 0  # bytes; smaller files come by themselves. One of FETCH_BELOW
    downloads: str = ""  # the folder for files; empty: the system's


@dataclass(frozen=True, slots=True)
class RecentRoom:
    """A room the user was in."""

    host: str  # as typed
    port: int
    room_name: str
    name: str  # the user's there
    used_at: int  # UTC milliseconds
    is_account: bool = False  # that name is an account's


def config_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where a program of this user keeps its settings (research: the places of each system)."""
    if folder := environment.get("RUANG_CONFIG"):
        return Path(folder)
    if platform == "win32":
        roaming = environment.get("APPDATA")
        return (Path(roaming) if roaming else home / "AppData" / "Roaming") / "Ruang"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Ruang"
    xdg = environment.get("XDG_CONFIG_HOME")
    return (Path(xdg) if xdg and Path(xdg).is_absolute() else home / ".config") / "ruang"


def downloads_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where a user of this system looks for what was downloaded."""
    if folder := environment.get("RUANG_DOWNLOADS"):
        return Path(folder)
    usual = home / "Downloads"
    if platform in ("win32", "darwin"):
        return usual
    xdg = environment.get("XDG_CONFIG_HOME")
    config = Path(xdg) if xdg and Path(xdg).is_absolute() else home / ".config"
    try:
        named = (config / "user-dirs.dirs").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return usual
    found = re.search(r'^XDG_DOWNLOAD_DIR="(\$HOME)?/([^"\n]*)"', named, re.MULTILINE)
    if found is None or not found[2].strip("/"):  # one that is the home itself was removed
        return usual
    return (home if found[1] else Path("/")) / found[2]


class ClientFolder:
    """One client's view of the folder. Holds at most one run, locked against other clients.

    Not shared between threads, except that runs and everything else are independent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: _HeldRun | None = None

    # preferences, rooms, keys

    def preferences(self) -> ClientPreferences:
        """What was saved, each field by itself replaced by its default if it makes no sense."""
        saved = self._load("preferences.json")
        sound: dict[str, Any] = {
            known.name: saved[known.name]
            for known in fields(ClientPreferences)
            if type(saved.get(known.name)) is type(known.default)
        }
        preferences = ClientPreferences(**sound)
        if preferences.language not in ("system", "en", "id"):
            preferences = replace(preferences, language="system")
        if preferences.theme not in ("system", "light", "dark"):
            preferences = replace(preferences, theme="system")
        if preferences.font_size not in FONT_SIZES:
            preferences = replace(preferences, font_size=ClientPreferences().font_size)
        if preferences.fetch_below not in FETCH_BELOW:
            preferences = replace(preferences, fetch_below=0)
        if preferences.downloads and not Path(preferences.downloads).is_absolute():
            preferences = replace(preferences, downloads="")
        return preferences

    def save_preferences(self, preferences: ClientPreferences) -> None:
        """Raises OSError."""
        self._save("preferences.json", asdict(preferences))

    def recent_rooms(self) -> list[RecentRoom]:
        """The newest first."""
        rooms = self._load("rooms.json").get("rooms")
        read = [_room(item) for item in rooms] if isinstance(rooms, list) else []
        return [room for room in read if room is not None][:MAX_RECENT_ROOMS]

    def remember_room(self, room: RecentRoom) -> None:
        """Puts it first. Raises OSError."""
        others = [
            known for known in self.recent_rooms() if (known.host, known.port) != _place(room)
        ]
        rooms: list[JsonValue] = [asdict(kept) for kept in [room, *others][:MAX_RECENT_ROOMS]]
        self._save("rooms.json", {"rooms": rooms})

    def pinned_key(self, address: Address) -> bytes | None:
        """The key of the server that was at this address (host as typed) the first time."""
        return _hex(self._load("keys.json").get(_address_text(address)))

    def pin_key(self, address: Address, key: bytes) -> None:
        """From now on only this key counts there. Raises OSError."""
        self._save("keys.json", self._load("keys.json") | {_address_text(address): key.hex()})

    # conversations

    def levels(self, server_key: bytes) -> dict[int, Notify]:
        """What the user chose for conversations of this server, by their numbers."""
        chosen = self._load("notify.json").get(server_key.hex())
        known = {level.value: level for level in Notify}
        return {
            int(number): known[level]
            for number, level in (chosen.items() if isinstance(chosen, dict) else ())
            if number.isascii() and number.isdigit() and isinstance(level, str) and level in known
        }

    def save_level(self, server_key: bytes, conversation: int, level: Notify) -> None:
        """Raises OSError."""
        levels = self.levels(server_key) | {conversation: level}
        chosen: dict[str, JsonValue] = {str(number): one.value for number, one in levels.items()}
        self._save("notify.json", self._load("notify.json") | {server_key.hex(): chosen})

    # runs

    def claim_run(self, server_key: bytes, name: str) -> Run | None:
        """A run of this name in this room that a killed client left; nobody else gets it then."""
        self._release()
        for place in self._run_places(server_key):
            if not place.exists():
                continue
            lock = try_lock(place.with_suffix(".lock"))
            if lock is None:
                continue
            run = _run(read_object(place))
            if run is not None and run.name == name:
                self._held = _HeldRun(server_key, place, lock)
                return run
            os.close(lock)
        return None

    def save_run(self, server_key: bytes, run: Run | None) -> None:
        """Replaces the run on disk in one step; None: nothing is left to resume. Raises OSError.

        Not flushed to the platter: this is for a client that is killed, not for a power cut, and
        it happens at every message.
        """
        if self._held is not None and self._held.server_key != server_key:
            self._release()
        if run is None:
            if self._held is not None:
                self._held.place.unlink(missing_ok=True)
                self._release()
            return
        if self._held is None:
            self._held = self._new_run(server_key)
        replace_object(self._held.place, _run_fields(run), is_flushed=False)

    def _new_run(self, server_key: bytes) -> "_HeldRun":
        make_private(self.path / "runs")
        for place in self._run_places(server_key):
            if place.exists():
                continue
            lock = try_lock(place.with_suffix(".lock"))
            if lock is None:
                continue
            if not place.exists():
                return _HeldRun(server_key, place, lock)
            os.close(lock)
        raise OSError("too many clients of one user in one room")

    def _run_places(self, server_key: bytes) -> list[Path]:
        name = server_key.hex()[:32]
        return [self.path / "runs" / f"{name}-{slot}.json" for slot in range(MAX_RUNS)]

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held.lock)
            self._held = None

    def _load(self, name: str) -> dict[str, JsonValue]:
        return read_object(self.path / name)

    def _save(self, name: str, content: dict[str, JsonValue]) -> None:
        make_private(self.path)
        replace_object(self.path / name, content, is_flushed=True)


@dataclass(frozen=True, slots=True)
class _HeldRun:
    """``lock`` stays open as long as the run is ours; its file is never removed, so no race."""

    server_key: bytes
    place: Path
    lock: int  # file descriptor


def _place(room: RecentRoom) -> Address:
    return (room.host, room.port)


def _address_text(address: Address) -> str:
    return f"{address[0].casefold()}|{address[1]}"


def make_private(folder: Path) -> None:
    """Makes it, for its user alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_object(place: Path) -> dict[str, JsonValue]:
    """Empty: there is none, or it is damaged."""
    try:
        content = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def replace_object(place: Path, content: dict[str, JsonValue], *, is_flushed: bool) -> None:
    """In one step. Raises OSError."""
    # Two threads may write at once, windows and network: each has its own ``content`` alive.
    temporary = place.with_suffix(f".{os.getpid()}-{id(content)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.dumps(content).encode())
            if is_flushed:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(place: Path) -> int | None:
    """The lock goes with the open file: a killed process cannot keep it."""
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


# --- reading what may have been damaged ---


def _room(item: JsonValue) -> RecentRoom | None:
    match item:
        case {
            "host": str(host),
            "port": int(port),
            "room_name": str(room_name),
            "name": str(name),
            "used_at": int(used_at),
        }:
            is_account = isinstance(item, dict) and item.get("is_account") is True
            return RecentRoom(host, port, room_name, name, used_at, is_account)
        case _:
            return None


def _hex(value: JsonValue) -> bytes | None:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _run_fields(run: Run) -> dict[str, JsonValue]:
    return {
        "stream": run.stream.hex(),
        "token": run.token.hex(),
        "person": run.person,
        "name": run.name,
        "next_draft": run.next_draft,
        "waiting": [[kept.draft, kept.conversation, kept.text, kept.kind] for kept in run.waiting],
    }


def _run(content: dict[str, JsonValue]) -> Run | None:
    stream, token = _hex(content.get("stream")), _hex(content.get("token"))
    match content:
        case {
            "person": int(person),
            "name": str(name),
            "next_draft": int(next_draft),
            "waiting": list(waiting),
        } if stream and token and len(stream) == _STREAM_SIZE and len(token) == _TOKEN_SIZE:
            drafts = [_draft(item) for item in waiting]
            kept = tuple(draft for draft in drafts if draft is not None)
            numbers = [draft.draft for draft in kept]
            is_in_order = numbers == sorted(set(numbers)) and max([0, *numbers]) < next_draft
            if len(kept) == len(drafts) and is_in_order and 0 < next_draft < _MAX_NUMBER:
                return Run(stream, token, person, name, next_draft, kept)
    return None


def _draft(item: JsonValue) -> WaitingDraft | None:
    match item:
        case [int(draft), int(conversation), str(text), *rest] if (
            draft > 0
            and 0 <= conversation < _MAX_NUMBER
            and _is_sayable(text)
            and rest in ([], [EntryKind.TEXT], [EntryKind.FILE])  # [] before there were files
        ):
            kind = EntryKind.FILE if rest == [EntryKind.FILE] else EntryKind.TEXT
            return WaitingDraft(draft, conversation, text, kind)
        case _:
            return None


def _is_sayable(text: str) -> bool:
    """Whether it can travel at all: JSON holds halves of characters, UTF-8 does not."""
    try:
        return len(text.encode()) <= MAX_TEXT
    except UnicodeEncodeError:
        return False
