"""What archive.csv looks like: its rows, its cells, and reading it back.

Band: adapters. Pure text in and out, except for reading a file; knows no database.

Form: UTF-8, RFC 4180, ``time,conversation,number,kind,name,text``; times in UTC with milliseconds.
A spreadsheet takes a cell that begins with = + - @ for a formula, so each stretch of a text that
would look like one gets an apostrophe in front. A stretch begins at the start of a cell and after
each line break, tab, ``;`` and ``|`` (separators where lists are not written with commas).

    defuse:    a stretch of  '* blank* formula-character  gets one more apostrophe
    undefuse:  a stretch of  '+ blank* formula-character  loses one apostrophe

which are each other's inverse: both leave the stretches where they are, and a stretch changed by
one is changed back by the other. Also counted as formula: a stretch that ends at once in a tab or
a carriage return. Blank: white space, quotation marks, and characters that cannot be seen.
"""

import csv
import functools
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from conversation import MAX_NAME, ConversationKind, Entry, EntryKind, FileNote
from protocol import MAX_TEXT, PeerError

HEADER = ("time", "conversation", "number", "kind", "name", "text")
OLD_HEADERS = (("room", "user", "message"), ("room", "username", "message"))  # in any case
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# --- formulas ---

# Those of OWASP's list, and what normalization makes them of: some programs read both alike.
_FORMULA = (
    "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u208a\u207c\u208c\u2212\ufb29"
)
_SEPARATOR = "\n\r\t;|\v\f\x1c-\x1e\x85\u2028\u2029"
_UNSEEN = (
    '\\s"\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f'
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_BLANK = f"(?:(?![{_SEPARATOR}])[{_UNSEEN}])"
_LIVE = f"(?:{_BLANK}*[{_FORMULA}]|[\t\r])"
_STRETCH = f"(?:(?<![^{_SEPARATOR}]))"  # at the start, or after a separator
_DEFUSABLE = re.compile(f"{_STRETCH}(?='*{_LIVE})")
_DEFUSED = re.compile(f"{_STRETCH}'(?='*{_LIVE})")


def defuse(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    is_plain = text.isascii() and text[:1].isalnum() and text.isprintable()
    if is_plain and ";" not in text and "|" not in text:
        return text  # nearly every one: a tenth of the time
    return _DEFUSABLE.sub("'", text)


def undefuse(cell: str) -> str:
    """The text that ``defuse`` made this cell of."""
    return _DEFUSED.sub("", cell)


# --- rows ---


class ArchiveRow(NamedTuple):
    """An entry with what its row says beside it."""

    place: int  # in the order of commits, over all conversations
    conversation: str  # "room", "group:NAME"
    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a row of an archive says once there is no database that knows better."""

    sent_at: int
    kind: EntryKind
    name: str
    text: str


def label(kind: ConversationKind, name: str) -> str | None:
    """How the archive names a conversation; None: it is nobody else's business."""
    match kind:
        case ConversationKind.ROOM:
            return "room"
        case ConversationKind.GROUP:
            return f"group:{name}"
        case _:  # private, or on its way to another realm's group
            return None


@functools.lru_cache(maxsize=8)  # what comes in one turn mostly bears one time
def format_time(sent_at: int) -> str:
    """As 2026-11-21T06:15:43.123Z."""
    instant = _EPOCH + timedelta(milliseconds=sent_at)
    return instant.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def stamp(at: int) -> str:
    """An instant as part of a file's name, on every system."""
    return (_EPOCH + timedelta(milliseconds=at)).strftime("%Y%m%dT%H%M%SZ")


_KIND_NAMES = {kind: kind.name.lower() for kind in EntryKind}


def line(row: ArchiveRow) -> str:
    """A row as it stands in the file: what ``render`` makes of ``row_fields``."""
    _, conversation, number, entry = row
    return (
        f"{format_time(entry.sent_at)},{_name_cell(conversation)},{number},"
        f"{_KIND_NAMES[entry.kind]},{_name_cell(entry.name)},{_cell(entry.text)}\r\n"
    )


def _cell(text: str) -> str:
    cell = defuse(text)
    if "," in cell or '"' in cell or "\n" in cell or "\r" in cell:  # a sixth of a search's time
        return '"' + cell.replace('"', '""') + '"'
    return cell


@functools.lru_cache(maxsize=1024)
def _name_cell(name: str) -> str:
    return _cell(name)


def row_fields(row: ArchiveRow) -> list[str]:
    """As they stand in the file, defused."""
    entry = row.entry
    return [
        format_time(entry.sent_at),
        defuse(row.conversation),
        str(row.number),
        _KIND_NAMES[entry.kind],
        defuse(entry.name),
        defuse(entry.text),
    ]


def render(rows: list[list[str]]) -> bytes:
    """Lines of the file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


HEADER_LINE = render([list(HEADER)])


def parse(path: Path) -> Iterator[list[str]]:
    """The file's rows, however they end; damage makes odd rows, never an error."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                continue  # a field beyond the limit of the module; the reader goes on behind it
            if any(field.strip(" \0") for field in row):
                yield row


# --- reading back ---


def read_archive(path: Path, now: int) -> Iterator[ReadBack]:
    """The room's history as an archive tells it, in its form of today or one of three columns.

    The old forms know no times: they get those before the file was last written, a millisecond
    apart. A file in no form we know tells nothing.
    """
    if not path.is_file():
        return
    header = next(parse(path), [])
    if tuple(header) == HEADER:
        yield from _read_rows(path)
    elif tuple(field.strip().lower() for field in header) in OLD_HEADERS:
        written_at = min(path.stat().st_mtime_ns // 1_000_000, now)
        first = written_at - sum(1 for _ in _read_old_rows(path))
        for count, (name, text) in enumerate(_read_old_rows(path), start=1):
            yield ReadBack(max(0, first + count), EntryKind.TEXT, name[:MAX_NAME], _cut(text))


def _read_rows(path: Path) -> Iterator[ReadBack]:
    kinds = {kind.name.lower(): kind for kind in EntryKind}
    sent_at = 0
    for row in parse(path):
        if len(row) != len(HEADER) or row[1] != "room":
            continue
        sent_at = _read_time(row[0], sent_at)
        kind, text = kinds.get(row[3], EntryKind.TEXT), _cut(undefuse(row[5]))
        if kind is EntryKind.FILE and not _is_note(text):
            kind = EntryKind.TEXT  # somebody changed it by hand
        yield ReadBack(sent_at, kind, undefuse(row[4])[:MAX_NAME], text)


def _is_note(text: str) -> bool:
    try:
        FileNote.decode(text)
    except PeerError:
        return False
    return True


def _read_old_rows(path: Path) -> Iterator[tuple[str, str]]:
    rows = parse(path)
    next(rows)
    for row in rows:
        if len(row) >= 3:  # more: a comma that somebody forgot to quote
            yield row[1].replace("\0", "").strip(), ",".join(row[2:]).replace("\0", "")


def _read_time(text: str, otherwise: int) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0, (instant - _EPOCH) // timedelta(milliseconds=1))


def _cut(text: str) -> str:
    encoded = text.encode()
    return text if len(encoded) <= MAX_TEXT else encoded[:MAX_TEXT].decode(errors="ignore")
