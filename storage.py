"""The store of one server: ruang.db, archive.csv and server.key in one folder.

Band: adapters. Implements ``records.Store``: alone decides numbers and chains, and says what is
durable. Knows entries and records; no session, no socket, no clock: times come in as arguments.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from conversation import (
    FIRST_CHAIN,
    NO_TAG,
    ROOM,
    ConversationKind,
    Entry,
    next_chain,
    text_offset,
)
from protocol import LocalError
from records import (
    LogHead,
    NoticeKind,
    PersonRecord,
    StoreBrokenError,
    Stored,
    StoreError,
    StoreNotice,
)
from storage_archive import ARCHIVE_NAME, Archive, Left
from storage_archive_rows import ArchiveRow, label, read_archive
from storage_records import Records
from storage_schema import DATABASE_NAME, Database, Reader, as_store_error

KEY_NAME = "server.key"
LOCK_NAME = "ruang.db.lock"
KEY_SIZE = 32
ROOM_ID_SIZE = 16
_KEY_HEADER = b"Ruang server key 1\n"
_ROOM_ID, _LEFT = "room_id", "archive_left"  # keys of meta
_EMPTY = LogHead(0, FIRST_CHAIN, 0)
_log = logging.getLogger(__name__)
_SELECT_ENTRIES = """
    SELECT number, body, chain FROM entries
    WHERE conversation = ? AND number BETWEEN ? AND ? ORDER BY number
"""
_INSERT_ENTRY = """
    INSERT INTO entries (place, conversation, number, kind, text_at, chain, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class FolderInUseError(StoreError):
    """Another server works in this folder."""


@dataclass(frozen=True, slots=True)
class Identity:
    """By what clients know this server again, across restarts."""

    static_private: bytes = field(repr=False)
    reset_key: bytes = field(repr=False)


@dataclass(slots=True)
class _Turn:
    """What the open transaction appended, and memory must not believe before the commit."""

    stored: list[Stored] = field(default_factory=list)
    rows: list[ArchiveRow] = field(default_factory=list)
    heads: dict[int, LogHead] = field(default_factory=dict)
    sent_at: int = 0
    places: int = 0  # taken by what was appended


class Storage(Records):
    """``records.Store`` on SQLite. Opened, used and closed by the network thread alone.

    Of what it hands out for the worker thread (``read_later``, ``next_chore``), each piece opens a
    connection of its own that only reads, and closes it there.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        *,
        identity: Identity,
        random_bytes: Callable[[int], bytes],
        now_utc_ms: int,
    ) -> None:
        """For ``open``, which has locked the folder."""
        super().__init__(database, now_utc_ms)
        self.identity = identity
        self._random_bytes = random_bytes
        self._on_close = ExitStack()
        self._turn = _Turn()
        self._rows: list[ArchiveRow] = []  # committed, and not yet in the archive
        self._heads: dict[int, LogHead] = {}  # committed
        self._notices: list[StoreNotice] = []
        self._labels: dict[int, str | None] = {}  # of all conversations
        self._last_sent_at = 0
        self._last_place = 0
        self._is_open = True
        self._load_room(folder / ARCHIVE_NAME)
        self._archive = self._open_archive(folder)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        random_bytes: Callable[[int], bytes],
        now_utc_ms: int,
        max_pages: int | None = None,
    ) -> Self:
        """The store in this folder, made if there is none.

        ``max_pages``: the database refuses to grow beyond (4 KiB each), as on a full disk.
        Raises FolderInUseError, StoreFullError or StoreBrokenError.
        """
        with ExitStack() as undo:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                undo.enter_context(closing(_lock(folder / LOCK_NAME)))
                identity = _load_identity(folder / KEY_NAME, random_bytes)
                database = undo.enter_context(closing(Database(folder / DATABASE_NAME, max_pages)))
                storage = cls(
                    folder,
                    database,
                    identity=identity,
                    random_bytes=random_bytes,
                    now_utc_ms=now_utc_ms,
                )
            except OSError as error:
                raise as_store_error(error) from error
            storage._on_close = undo.pop_all()
            return storage

    @property
    def room_id(self) -> bytes:
        """Names this room for good; salt of its password."""
        found = self._get(_ROOM_ID)
        assert found is not None
        return found

    # --- turns ---

    def commit(self) -> tuple[Stored, ...]:
        """What became durable, in order of append."""
        self.write_answers()
        if not self._database.is_writing:
            return ()
        self._database.commit()
        turn, self._turn = self._turn, _Turn()
        self._heads.update(turn.heads)
        self._last_sent_at = max(self._last_sent_at, turn.sent_at)
        self._last_place += turn.places
        self._rows += turn.rows
        return tuple(turn.stored)

    def write_along(self) -> None:
        """Brings archive.csv up to what is committed: after those who wait have been answered."""
        rows, self._rows = self._rows, []
        if rows:
            self._archive.write_along(rows, self._latest)

    def rollback(self) -> None:
        """Forgets all since the last commit."""
        self.forget_turn()
        self._turn = _Turn()
        self._database.rollback()

    def grow_log(self) -> None:
        """Once after opening, where commits are to be fast."""
        self._database.grow_log()

    # --- logs ---

    def head(self, conversation: int) -> LogHead:
        """How far a log goes, with what this turn appended."""
        head = self._turn.heads.get(conversation)
        return head if head is not None else self._committed_head(conversation)

    def append(self, conversation: int, entry: Entry) -> Stored:
        """Numbers an entry; its time may be later than it says, never before that of another.

        In all logs together, since the archive shows them so.
        """
        self._hear(entry.sent_at)
        stored, entry = self._insert(conversation, entry)
        turn = self._turn
        turn.stored.append(stored)
        shown_as = self._labels[conversation]
        if shown_as is not None:
            place = self._last_place + turn.places
            turn.rows.append(ArchiveRow(place, shown_as, stored.number, entry))
        return stored

    def chain_at(self, conversation: int, number: int) -> bytes | None:
        """What sums up the log up to this entry; None beyond its head."""
        head = self.head(conversation)
        if number == head.number:
            return head.chain
        if not 0 < number < head.number:
            return FIRST_CHAIN if number == 0 else None
        row = self._database.row(
            "SELECT chain FROM entries WHERE conversation = ? AND number = ?",
            (conversation, number),
        )
        return bytes(row[0]) if row else None

    def read(self, conversation: int, first: int, last: int, limit: int) -> list[Stored]:
        """Committed entries, lowest first: about ``limit`` bytes, but at least one if there is."""
        last = min(last, self._committed_head(conversation).number)
        return _read(self._database, conversation, first, last, limit)

    def read_later(
        self, conversation: int, first: int, last: int, limit: int
    ) -> Callable[[], list[Stored]]:
        """The same, for the worker thread to run."""
        last = min(last, self._committed_head(conversation).number)
        path = self._database.path

        def read() -> list[Stored]:
            with closing(Reader(path)) as reader:
                return _read(reader, conversation, first, last, limit)

        return read

    def _committed_head(self, conversation: int) -> LogHead:
        head = self._heads.get(conversation)
        if head is not None or conversation not in self._labels:  # peers may ask for any number
            return head or _EMPTY
        row = self._database.row(
            "SELECT number, chain, body FROM entries WHERE conversation = ?"
            " ORDER BY number DESC LIMIT 1",
            (conversation,),
        )
        head = LogHead(row[0], row[1], Entry.decode(row[2]).sent_at) if row else _EMPTY
        self._heads[conversation] = head
        return head

    def _insert(self, conversation: int, entry: Entry) -> tuple[Stored, Entry]:
        """The entry as it stands in the log, and with the time it got."""
        if conversation not in self._labels:
            raise LocalError(f"there is no conversation {conversation}")
        turn = self._turn
        head = turn.heads.get(conversation) or self._committed_head(conversation)
        sent_at = max(entry.sent_at, self._last_sent_at, turn.sent_at)
        if sent_at != entry.sent_at:
            entry = entry._replace(sent_at=sent_at)
        body = entry.encode()
        number, chain = head.number + 1, next_chain(head.chain, body)
        turn.places += 1
        place = self._last_place + turn.places
        row = (place, conversation, number, int(entry.kind), text_offset(body), chain, body)
        self._database.write_later(_INSERT_ENTRY, row)
        turn.heads[conversation] = LogHead(number, chain, sent_at)
        turn.sent_at = sent_at
        return Stored(conversation, number, body, chain), entry

    # --- housekeeping ---

    def forget_old(self, at: int) -> None:
        """What is past its time. Also looks after archive.csv, so call it each minute or so."""
        super().forget_old(at)
        self._archive.check(at)

    def next_chore(self) -> Callable[[], None] | None:
        """Slow work on archive.csv; there is no other until this one has run."""
        return self._archive.next_chore()

    def notices(self) -> list[StoreNotice]:
        """What the store did by itself since the last call."""
        notices, self._notices = self._notices, []
        return notices + self._archive.notices()

    def close(self) -> None:
        """What was not committed is forgotten. A second call does nothing."""
        with self._on_close.pop_all():
            if self._is_open:
                self._is_open = False
                try:
                    self.rollback()
                    self._leave_archive()
                except StoreError as error:
                    _log.debug("closing: %r", error)  # the next start compares instead

    def _leave_archive(self) -> None:
        self.write_along()
        left = self._archive.close()
        if left is not None:
            self._set(_LEFT, left.encode())
            self.commit()

    # --- a start ---

    def _load_room(self, archive: Path) -> None:
        """Its id and conversations; for a new one, what an archive tells of an older database."""
        newest = self._database.row("SELECT body, place FROM entries ORDER BY place DESC LIMIT 1")
        if newest is not None:
            self._last_sent_at = Entry.decode(newest[0]).sent_at
            self._last_place = newest[1]
        if self._get(_ROOM_ID) is None:
            self._set(_ROOM_ID, self._random_bytes(ROOM_ID_SIZE))
            self._database.write(
                "INSERT INTO conversations (conversation, kind, name) VALUES (?, ?, '')",
                (ROOM, ConversationKind.ROOM),
            )
        for conversation, kind, name in self._database.rows(
            "SELECT conversation, kind, name FROM conversations"
        ):
            self._labels[conversation] = label(ConversationKind(kind), name)
        if newest is None:
            self._read_back(archive)
        self.commit()

    def _read_back(self, archive: Path) -> None:
        people: dict[str, int] = {}
        count = 0
        for told in read_archive(archive, self._latest):
            person = people.get(told.name)
            if person is None:
                person = people[told.name] = self._new_person()
                self.save_person(PersonRecord(person, told.name, is_present=False))
            self._insert(ROOM, Entry(NO_TAG, told.kind, told.sent_at, person, told.name, told.text))
            count += 1
        if count:
            self._notices.append(StoreNotice(NoticeKind.ARCHIVE_READ_BACK, count))

    def _new_person(self) -> int:
        return int.from_bytes(self._random_bytes(8), "big") >> 1 or 1

    def _open_archive(self, folder: Path) -> Archive:
        row = self._database.row("SELECT max(place) FROM entries")
        left = self._get(_LEFT)
        archive = Archive(
            folder,
            self._database.path,
            last=row[0] or 0 if row else 0,
            left=Left.decode(left) if left is not None else None,
        )
        archive.check(self._latest)
        return archive

    def _get(self, key: str) -> bytes | None:
        row = self._database.row("SELECT value FROM meta WHERE key = ?", (key,))
        return row[0] if row else None

    def _set(self, key: str, value: bytes) -> None:
        self._database.write("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _read(reader: Reader, conversation: int, first: int, last: int, limit: int) -> list[Stored]:
    found: list[Stored] = []
    size = 0
    if first > last:  # also whatever number a peer made up: SQLite's integers are signed
        return found
    for number, body, chain in reader.scan(_SELECT_ENTRIES, (conversation, first, last)):
        size += len(body)
        if found and size > limit:
            break
        found.append(Stored(conversation, number, body, chain))
    return found


def _lock(path: Path) -> sqlite3.Connection:
    """Holds the folder until it is closed or its process ends, however it ends.

    SQLite's own locks, on an empty database beside the real one: they work alike on all systems.
    """
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise FolderInUseError(f"another server works in {path.parent}") from error
        raise as_store_error(error) from error
    return lock


def _load_identity(path: Path, random_bytes: Callable[[int], bytes]) -> Identity:
    """From server.key, which is made if there is none. Nobody else may read it."""
    if not path.exists():
        _write_key(path, random_bytes(KEY_SIZE) + random_bytes(KEY_SIZE))
    keys = path.read_bytes()
    try:
        secret = bytes.fromhex(keys.removeprefix(_KEY_HEADER).decode("ascii"))
    except ValueError:
        secret = b""
    if not keys.startswith(_KEY_HEADER) or len(secret) != 2 * KEY_SIZE:
        raise StoreBrokenError(f"{path.name} is damaged; put a copy of it back")
    path.chmod(0o600)
    return Identity(secret[:KEY_SIZE], secret[KEY_SIZE:])


def _write_key(path: Path, secret: bytes) -> None:
    """There whole or not at all, also after a power cut."""
    making = path.with_name(path.name + ".new")
    making.unlink(missing_ok=True)
    with open(making, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(_KEY_HEADER + secret.hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
    if os.name == "posix":  # elsewhere folders cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
