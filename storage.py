"""The store of one server: ruang.db, archive.csv and server.key in one folder.

Band: adapters. Implements ``records.Store``: alone decides numbers and chains, and says what is
durable. Knows entries and records; no session, no socket, no clock: times come in as arguments.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Collection
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
    EntryKind,
    FileNote,
    next_chain,
    sent_at,
    text_offset,
)
from protocol import LocalError
from records import (
    FileRecord,
    Hit,
    LogHead,
    NoticeKind,
    PersonRecord,
    StoreBrokenError,
    Stored,
    StoreError,
    StoreNotice,
)
from storage_accounts import Accounts
from storage_archive import ARCHIVE_NAME, Archive, Left
from storage_archive_rows import ArchiveRow, label, read_archive
from storage_disk import keep_private, make_private, sync_folder
from storage_realms import Realms
from storage_records import Records
from storage_schema import DATABASE_NAME, MAX_INTEGER, Database, Reader, as_store_error
from storage_search import SearchIndex
from storage_shares import Shares

KEY_NAME = "server.key"
LOCK_NAME = "ruang.db.lock"
KEY_SIZE = 32
ROOM_ID_SIZE = 16
_KEY_HEADER = b"Ruang server key 1\n"
_ROOM_ID, _LEFT = "room_id", "archive_left"  # keys of meta
_EMPTY = LogHead(0, FIRST_CHAIN, 0)
_MAX_CACHED = 10_000  # conversations
_log = logging.getLogger(__name__)
_SELECT_ENTRIES = """
    SELECT number, body, chain FROM entries
    WHERE conversation = ? AND number BETWEEN ? AND ? ORDER BY number
"""
_SELECT_HEAD = """
    SELECT number, chain, body FROM entries
    WHERE conversation = ? AND place <= ? ORDER BY number DESC LIMIT 1
"""
_SELECT_LAST_SHOWN = """
    SELECT place, body FROM entries JOIN conversations AS kinds USING (conversation)
    WHERE kinds.kind IN (?, ?) ORDER BY place DESC LIMIT 1
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
    last: dict[int, Stored] = field(default_factory=dict)  # by conversation
    sent_at: int = 0  # the newest that the archive shows
    places: int = 0  # taken by what was appended


class Storage(Records, Accounts, Realms, Shares):
    """``records.Store`` on SQLite. Opened, used and closed by the network thread alone.

    Of what it hands out for the worker thread (``read_later``, ``search_later``, ``next_chore``),
    each piece opens a connection of its own that only reads, and closes it there.
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
        self._heads: dict[int, LogHead] = {}  # committed, of logs used lately
        self._notices: list[StoreNotice] = []
        self._labels: dict[int, str | None] = {}  # of conversations written to lately
        self._last_sent_at = 0  # of what the archive shows
        self._last_place = 0
        self._is_open = True
        self._load_room(folder / ARCHIVE_NAME)
        self._archive = self._open_archive(folder)
        self._search = SearchIndex(database)

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
                _keep_others_out(folder)
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
        found = self._database.meta(_ROOM_ID)
        assert found is not None
        return found

    # --- turns ---

    def begin_commit(self) -> tuple[Stored, ...]:
        """What will be durable if ``commit``, which must be the next call, succeeds."""
        self.write_answers()
        self._database.begin_commit()
        return tuple(self._turn.stored)

    def commit(self) -> tuple[Stored, ...]:
        """What became durable, in order of append."""
        self.write_answers()
        if not self._database.is_writing:
            return ()
        self._database.commit()
        turn, self._turn = self._turn, _Turn()
        for conversation, stored in turn.last.items():
            self._heads[conversation] = _head(stored)
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
        self.forget_size()
        self._turn = _Turn()
        self._labels.clear()  # also of conversations that were made in the turn
        self._database.rollback()

    def grow_log(self) -> None:
        """Once after opening, where commits are to be fast."""
        self._database.grow_log()

    # --- logs ---

    def head(self, conversation: int) -> LogHead:
        """How far a log goes, with what this turn appended."""
        last = self._turn.last.get(conversation)
        return _head(last) if last is not None else self._committed_head(conversation)

    def append(self, conversation: int, entry: Entry, *, is_given: bool = True) -> Stored:
        """Numbers an entry; its time may be later than it says, never before another's in its log.

        Nor before one in any other log that the archive shows, if it shows this one: it shows them
        all as one. One of kind FILE shares its file from now on, if it ``is_given``; raises
        LocalError if it says no FileNote.
        """
        self._hear(entry.sent_at)
        labels = self._labels
        shown_as = labels[conversation] if conversation in labels else self._label(conversation)
        stored, entry = self._insert(
            conversation, entry, is_shown=shown_as is not None, is_given=is_given
        )
        turn = self._turn
        turn.stored.append(stored)
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
        if head is not None:
            return head
        if not 0 < conversation <= MAX_INTEGER:  # peers may ask for any number
            return _EMPTY
        row = self._database.row(_SELECT_HEAD, (conversation, self._last_place))
        head = LogHead(row[0], row[1], sent_at(row[2])) if row else _EMPTY
        if len(self._heads) >= _MAX_CACHED:
            self._heads.clear()
        self._heads[conversation] = head
        return head

    def _label(self, conversation: int) -> str | None:
        """What the archive calls it, if it may know of it. Raises LocalError if there is none."""
        record = self.conversation(conversation)
        if record is None:
            raise LocalError(f"there is no conversation {conversation}")
        if len(self._labels) >= _MAX_CACHED:
            self._labels.clear()
        shown_as = self._labels[conversation] = label(record.kind, record.name)
        return shown_as

    def _insert(
        self, conversation: int, entry: Entry, *, is_shown: bool = True, is_given: bool = True
    ) -> tuple[Stored, Entry]:
        """The entry as it stands in the log, and with the time it got."""
        turn = self._turn
        last = self.head(conversation)
        latest = max(entry.sent_at, last.sent_at)
        if is_shown:
            turn.sent_at = latest = max(latest, self._last_sent_at, turn.sent_at)
        if latest != entry.sent_at:
            entry = entry._replace(sent_at=latest)
        body = entry.encode()
        number, chain = last.number + 1, next_chain(last.chain, body)
        if entry.kind is EntryKind.FILE:
            self.note_share(conversation, number, entry.text, is_given=is_given)
        turn.places += 1
        place = self._last_place + turn.places
        row = (place, conversation, number, int(entry.kind), text_offset(body), chain, body)
        self._database.write_later(_INSERT_ENTRY, row)
        stored = turn.last[conversation] = Stored(conversation, number, body, chain)
        return stored, entry

    # --- search ---

    def index_some(self, limit: int) -> bool:
        """Makes some of what was committed quick to find; whether there is more to be done.

        Between turns: it commits by itself, and does nothing while a turn is open.
        """
        if self._database.is_writing:
            return True
        return self._search.index_some(self._last_place, limit)

    def search_later(
        self, words: str, conversations: list[int], limit: int
    ) -> Callable[[], list[Hit]]:
        """For the worker thread: the newest texts there that hold all these words."""
        return self._search.search_later(words, conversations, limit)

    # --- housekeeping ---

    def forget_old(self, at: int, streams_in_use: Collection[bytes] = ()) -> None:
        """What is past its time. Also looks after archive.csv, so call it each minute or so."""
        super().forget_old(at, streams_in_use)
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
            self._database.set_meta(_LEFT, left.encode())
            self.commit()

    # --- a start ---

    def _load_room(self, archive: Path) -> None:
        """Its id; for a new one, what an archive tells of an older database."""
        newest = self._database.row("SELECT place FROM entries ORDER BY place DESC LIMIT 1")
        if newest is not None:
            self._last_place = newest[0]
        if self._database.meta(_ROOM_ID) is None:
            self._database.set_meta(_ROOM_ID, self._random_bytes(ROOM_ID_SIZE))
            self._database.write(
                "INSERT INTO conversations (conversation, kind, name) VALUES (?, ?, '')",
                (ROOM, ConversationKind.ROOM),
            )
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
            if told.kind is EntryKind.FILE:  # its bytes may have outlived the database as well
                file, size, _ = FileNote.decode(told.text)
                self.add_file(FileRecord(file, size, person, told.sent_at))
            count += 1
        if count:
            self._notices.append(StoreNotice(NoticeKind.ARCHIVE_READ_BACK, count))

    def _new_person(self) -> int:
        return int.from_bytes(self._random_bytes(8), "big") >> 1 or 1

    def _open_archive(self, folder: Path) -> Archive:
        shown = self._database.row(
            _SELECT_LAST_SHOWN, (ConversationKind.ROOM, ConversationKind.GROUP)
        )
        if shown is not None:
            self._last_sent_at = sent_at(shown[1])
        left = self._database.meta(_LEFT)
        archive = Archive(
            folder,
            self._database.path,
            last=shown[0] if shown else 0,
            left=Left.decode(left) if left is not None else None,
        )
        archive.check(self._latest)
        return archive


def _head(last: Stored) -> LogHead:
    return LogHead(last.number, last.chain, sent_at(last.body))


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


def _keep_others_out(folder: Path) -> None:
    """Besides all that was said, the database holds what links to other realms are entered with,
    as good as the passwords of their rooms. Its logs get the mode that it has itself."""
    database = folder / DATABASE_NAME
    make_private(database)
    for path in (database, folder / ARCHIVE_NAME):
        keep_private(path)
    for log in ("-wal", "-shm"):  # left by a server that was killed
        keep_private(database.with_name(DATABASE_NAME + log))


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
    sync_folder(path.parent)
