"""archive.csv: the room (and groups) for people and spreadsheets, written along after each commit.

Band: adapters. The database is the truth, the archive a copy of it that whoever runs the server may
open, move, edit or delete: what is missing or cut is written again, and a file that says more than
the database is kept under another name. Knows the tables of entries and conversations; no session,
no core. Never holds the file open between writes: a spreadsheet on Windows could not save it.
"""

import io
import logging
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Self

from conversation import ConversationKind, Entry
from records import NoticeKind, StoreNotice
from storage_archive_rows import (
    HEADER,
    HEADER_LINE,
    ArchiveRow,
    label,
    line,
    parse,
    render,
    row_fields,
    stamp,
    undefuse,
)
from storage_disk import open_private
from storage_schema import Reader

ARCHIVE_NAME = "archive.csv"
INLINE_ENTRIES = 500  # so many are compared or written at once (about 5 ms), more by a chore
INLINE_BYTES = 1024 * 1024
_REBUILDING_NAME = "archive-rebuilding.csv"
_BATCH = 1000  # entries read in one query, so that no reader holds a checkpoint up
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """The file as we left it: entries up to ``place``; nobody has touched it while these agree."""

    place: int
    size: int
    modified: int  # nanoseconds

    def encode(self) -> bytes:
        """For the database, so that a start need not compare what nobody touched."""
        return f"{self.place} {self.size} {self.modified}".encode()

    @classmethod
    def decode(cls, text: bytes) -> Self:
        place, size, modified = map(int, text.split())
        return cls(place, size, modified)


_SELECT_ROWS = """
    SELECT place, kinds.kind, name, number, body
    FROM entries JOIN conversations AS kinds USING (conversation)
    WHERE place > ? AND place <= ? ORDER BY place LIMIT ?
"""
_SELECT_ROW = """
    SELECT place, kinds.kind, name, number, body
    FROM conversations AS kinds JOIN entries USING (conversation)
    WHERE kinds.kind = ? AND name = ? AND number = ?
"""


def _as_row(place: int, kind: int, name: str, number: int, body: bytes) -> ArchiveRow | None:
    conversation = label(ConversationKind(kind), name)
    if conversation is None:
        return None
    return ArchiveRow(place, conversation, number, Entry.decode(body))


def _batches(reader: Reader, after: int, target: int) -> Iterator[list[ArchiveRow]]:
    """What the archive holds of the entries after one place and up to another."""
    while True:
        found = reader.rows(_SELECT_ROWS, (after, target, _BATCH))
        if not found:
            return
        after = found[-1][0]
        rows = (_as_row(*columns) for columns in found)
        yield [row for row in rows if row is not None]


# --- what stands in the file ---


class _Rest(Enum):
    """What follows the part of a file that agrees with the database."""

    NOTHING = auto()
    TORN = auto()  # the beginning of what belongs there
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class _Agreement:
    """How far a file agrees: whole rows only."""

    place: int
    size: int
    rest: _Rest


def _compare(path: Path, reader: Reader, target: int) -> _Agreement:
    size = 0
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return _Agreement(0, 0, _Rest.NOTHING)
    with file:
        for place, line in _expected_lines(reader, target):
            found = file.read(len(line))
            if found != line:
                return _Agreement(max(0, place - 1), size, _rest(found, line, file))
            size += len(line)
        return _Agreement(target, size, _rest(file.read(1), b"\0", file))


def _expected_lines(reader: Reader, target: int) -> Iterator[tuple[int, bytes]]:
    yield 0, HEADER_LINE
    for rows in _batches(reader, 0, target):
        for row in rows:
            yield row.place, render([row_fields(row)])


def _rest(found: bytes, line: bytes, file: io.BufferedReader) -> _Rest:
    """Zeros at the end are what a power cut leaves of a row."""
    if not found:
        return _Rest.NOTHING
    agreeing = next((at for at, byte in enumerate(found) if byte != line[at]), len(found))
    if found[agreeing:].strip(b"\0"):
        return _Rest.OTHER
    while chunk := file.read(1 << 16):
        if chunk.strip(b"\0"):
            return _Rest.OTHER
    return _Rest.TORN


def _holds_more(path: Path, reader: Reader) -> bool:
    """Whether any row says what the database does not say."""
    return any(tuple(row) != HEADER and not _is_known(row, reader) for row in parse(path))


def _is_known(row: list[str], reader: Reader) -> bool:
    if len(row) != len(HEADER) or not (row[2].isascii() and row[2].isdigit()) or len(row[2]) > 18:
        return False
    conversation = undefuse(row[1])
    kind = ConversationKind.ROOM if conversation == "room" else ConversationKind.GROUP
    name = "" if conversation == "room" else conversation.removeprefix("group:")
    columns = reader.row(_SELECT_ROW, (kind, name, int(row[2])))
    known = _as_row(*columns) if columns else None
    return known is not None and _one_break(row_fields(known)) == _one_break(row)


def _one_break(row: list[str]) -> list[str]:
    """A spreadsheet that saves a file writes line breaks its own way; that is no news."""
    return [field.replace("\r\n", "\n").replace("\r", "\n") for field in row]


# --- work: all that touches more than the end of the file ---


@dataclass(frozen=True, slots=True)
class _Task:
    """Make the file hold all entries up to ``target``. Runs on either thread, shares nothing."""

    folder: Path
    database: Path
    target: int
    expected: int  # up to this place the file should hold all
    left: Left | None
    at: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``left`` None: the file cannot be written now."""

    left: Left | None
    notices: tuple[StoreNotice, ...] = ()


def _run(task: _Task) -> _Outcome:
    notices: list[StoreNotice] = []
    try:
        with closing(Reader(task.database)) as reader:
            _bring_up_to_date(task, reader, notices)
        left = _look(task.folder / ARCHIVE_NAME, task.target)
    except OSError as error:
        _log.debug("%s cannot be written: %r", ARCHIVE_NAME, error)
        left = None
    return _Outcome(left, tuple(notices))


def _bring_up_to_date(task: _Task, reader: Reader, notices: list[StoreNotice]) -> None:
    path = task.folder / ARCHIVE_NAME
    if task.left is not None and _is_as_left(path, task.left):
        agreed = _Agreement(task.left.place, task.left.size, _Rest.NOTHING)
    else:
        agreed = _compare(path, reader, task.target)
    if agreed.size and agreed.rest is not _Rest.OTHER:
        count = _extend(path, agreed, reader, task.target)
        is_repair = agreed.rest is _Rest.TORN or agreed.place < task.expected
    elif agreed.rest is _Rest.OTHER and _holds_more(path, reader):
        name = _set_aside(path, task.at)
        notices.append(StoreNotice(NoticeKind.ARCHIVE_SET_ASIDE, text=name))
        count = _rebuild(path, reader, task.target)
        is_repair = False
    else:
        count = _rebuild(path, reader, task.target)
        is_repair = task.expected > 0
    if is_repair:
        notices.append(StoreNotice(NoticeKind.ARCHIVE_REBUILT, count))


def _is_as_left(path: Path, left: Left) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_size == left.size and found.st_mtime_ns == left.modified


def _look(path: Path, place: int) -> Left:
    """After closing: Windows may set the time of a file only then."""
    found = path.stat()
    return Left(place, found.st_size, found.st_mtime_ns)


def _extend(path: Path, agreed: _Agreement, reader: Reader, target: int) -> int:
    """Keeps what agrees; entries written."""
    if agreed.rest is _Rest.NOTHING and agreed.place == target:
        return 0
    with path.open("r+b") as file:
        file.seek(agreed.size)
        file.truncate()
        return _write(file, agreed.place, reader, target)


def _rebuild(path: Path, reader: Reader, target: int) -> int:
    """A new file in the place of whatever is there; entries written."""
    rebuilding = path.with_name(_REBUILDING_NAME)
    try:
        rebuilding.unlink(missing_ok=True)
        with open(rebuilding, "xb", opener=open_private) as file:
            file.write(HEADER_LINE)
            count = _write(file, 0, reader, target)
            file.flush()
            os.fsync(file.fileno())
        rebuilding.replace(path)
    finally:
        rebuilding.unlink(missing_ok=True)
    return count


def _write(file: io.BufferedIOBase, after: int, reader: Reader, target: int) -> int:
    count = 0
    for rows in _batches(reader, after, target):
        file.write("".join([line(row) for row in rows]).encode())
        count += len(rows)
    return count


def _set_aside(path: Path, at: int) -> str:
    """Gives the file a name that nothing has yet; that name."""
    aside = path.with_name(f"archive-{stamp(at)}.csv")
    copies = 1
    while os.path.lexists(aside):
        copies += 1
        aside = path.with_name(f"archive-{stamp(at)}-{copies}.csv")
    path.rename(aside)
    return aside.name


# --- the archive ---


class Archive:
    """Keeps archive.csv equal to the database. Owned by the network thread, as the store is.

    Long work leaves as a chore for the worker thread. While one is out, nothing here touches the
    file; what is committed meanwhile follows when its outcome has come back through a queue.
    """

    def __init__(self, folder: Path, database: Path, last: int, left: Left | None) -> None:
        """``last``: place of the newest entry. ``left``: what an earlier run left, if known."""
        self._folder = folder
        self._path = folder / ARCHIVE_NAME
        self._database = database
        self._target = last
        self._expected = last
        self._left = left
        self._at = 0
        self._is_due = False
        self._is_out = False
        self._is_locked = False
        self._outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self._notices: list[StoreNotice] = []

    def write_along(self, rows: list[ArchiveRow], at: int) -> None:
        """After the commit of these entries. No trouble with the file is an error."""
        self._take_outcome()
        self._at = at
        left, before, self._target = self._left, self._target, rows[-1].place
        if self._is_out:
            return
        if left is not None and left.place == before and _is_as_left(self._path, left):
            self._append(rows)
        else:
            self._catch_up()

    def check(self, at: int) -> None:
        """Looks after the file: at a start, and now and then while nobody says anything."""
        self._take_outcome()
        self._at = at
        if not self._is_out and self._target and not self._is_in_order():
            self._catch_up()

    def next_chore(self) -> Callable[[], None] | None:
        """Work for the worker thread, if there is any and none is out."""
        self._take_outcome()
        if self._is_out or not self._is_due:
            return None
        self._is_due = False
        self._is_out = True
        task, outcomes = self._task(), self._outcomes

        def chore() -> None:
            outcome = _Outcome(None)
            try:
                outcome = _run(task)
            finally:
                outcomes.put(outcome)

        return chore

    def notices(self) -> list[StoreNotice]:
        """What happened since the last call."""
        self._take_outcome()
        notices, self._notices = self._notices, []
        return notices

    def close(self) -> Left | None:
        """What the next start may rely on; None: it has to compare."""
        self._take_outcome()
        if self._is_out or not self._target:
            return None
        if not self._is_in_order():
            self._catch_up()
        return self._left if self._is_in_order() else None

    def _is_in_order(self) -> bool:
        left = self._left
        return left is not None and left.place == self._target and _is_as_left(self._path, left)

    def _append(self, rows: list[ArchiveRow]) -> None:
        try:
            with open(self._path, "ab", opener=open_private) as file:
                file.write("".join([line(row) for row in rows]).encode())
            outcome = _Outcome(_look(self._path, self._target))
        except OSError as error:
            _log.debug("%s cannot be written: %r", ARCHIVE_NAME, error)
            outcome = _Outcome(None)
        self._apply(outcome)

    def _catch_up(self) -> None:
        task = self._task()
        if self._is_small(task):
            self._is_due = False
            self._apply(_run(task))
        else:
            self._is_due = True

    def _is_small(self, task: _Task) -> bool:
        if task.left is not None and _is_as_left(self._path, task.left):
            return task.target - task.left.place <= INLINE_ENTRIES
        try:
            size = self._path.stat().st_size
        except OSError:
            size = 0
        return task.target <= INLINE_ENTRIES and size <= INLINE_BYTES

    def _task(self) -> _Task:
        return _Task(
            self._folder, self._database, self._target, self._expected, self._left, self._at
        )

    def _take_outcome(self) -> None:
        try:
            outcome = self._outcomes.get_nowait()
        except queue.Empty:
            return
        self._is_out = False
        self._apply(outcome)
        if outcome.left is not None and outcome.left.place < self._target:
            self._catch_up()

    def _apply(self, outcome: _Outcome) -> None:
        self._notices += outcome.notices
        if outcome.left is None:
            if not self._is_locked:
                self._notices.append(StoreNotice(NoticeKind.ARCHIVE_LOCKED))
            self._is_locked = True
            return
        self._left = outcome.left
        self._expected = outcome.left.place
        if self._is_locked:
            self._notices.append(StoreNotice(NoticeKind.ARCHIVE_WRITABLE))
        self._is_locked = False
