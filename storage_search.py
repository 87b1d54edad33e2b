"""Search: an index of the words in all logs, written behind the commits, read by the worker.

Band: adapters. Knows the tables of entries and words; whose conversations are searched is the
core's business. What somebody types is words, never a query: each is quoted, and the last one may
go on (as "bud" does in "budi"). Case and accents do not count.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from conversation import Entry, EntryKind, FileNote
from records import Hit, StoreFullError
from storage_schema import Database, Reader

BATCH = 16  # entries that are waited for: a commit of one would cost nearly as much
BATCH_BYTES = 64 * 1024  # of bodies taken at once, so that long texts hold nobody up either
TAIL = 5_000  # entries that are not indexed yet and still searched (about 50 ms)
TAIL_BYTES = 1024 * 1024  # of their bodies; less than a batch of the longest never is
MOST_ENDINGS = 64  # words that a beginning may stand for, and each is looked up
_SEARCHED = (EntryKind.TEXT, EntryKind.FILE)
_INDEXED = "indexed"  # key of meta: the place up to which all is indexed
_SELECT_ENTRIES = """
    SELECT place, conversation, kind, text_at, body FROM entries
    WHERE place > ? AND place <= ? ORDER BY place LIMIT ?
"""
_SELECT_TAIL = """
    SELECT place, conversation, number, kind, text_at, body FROM entries
    WHERE place > ? AND kind IN (?, ?) ORDER BY place DESC LIMIT ?
"""
_INSERT_WORDS = "INSERT INTO words (rowid, text, conversation) VALUES (?, ?, ?)"
_MERGE = "INSERT INTO words (words, rank) VALUES ('merge', ?)"
_SELECT_HITS = """
    SELECT entries.conversation, number, body
    FROM words CROSS JOIN entries ON place = words.rowid
    WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT ?
"""
_OPEN_VOCABULARY = """
    CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab ('main', 'words', 'instance')
"""
_SELECT_TERM = "SELECT term FROM vocabulary WHERE term >= ? LIMIT 1"
_PLAIN_WORD = re.compile("[0-9A-Za-z]{3,40}")  # stands in the index as it is, in lower case
_TAIL_WORDS = """
    CREATE VIRTUAL TABLE words USING fts5 (text, tokenize='unicode61 remove_diacritics 2')
"""
_SELECT_PLACES = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"


class SearchIndex:
    """Owned by the network thread; what ``search_later`` returns is for the worker."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexed = int(database.meta(_INDEXED) or b"0")

    def index_some(self, last: int, limit: int) -> bool:
        """Takes in some entries up to place ``last``, in a transaction of its own.

        Whether there are more. A few stay for later: a search reads them as they are. On a full
        disk it leaves all as it is.
        """
        if last - self._indexed < BATCH:
            return False
        try:
            indexed = self._write(last, limit)
            self._database.commit()
        except StoreFullError:
            self._database.rollback()
            return False
        self._indexed = indexed
        return last - indexed >= BATCH

    def _write(self, last: int, limit: int) -> int:
        size = count = 0
        place = self._indexed
        for place, conversation, kind, text_at, body in self._database.scan(
            _SELECT_ENTRIES, (self._indexed, last, limit)
        ):
            if kind in _SEARCHED:
                row = (place, _words(kind, body[text_at:]), _token(conversation))
                self._database.write_later(_INSERT_WORDS, row)
            count += 1
            size += len(body)
            if size >= BATCH_BYTES:
                break
        # As much as it takes to keep up with what is written, never more at once.
        self._database.write(_MERGE, (1 + count // 2 + size // 4096,))
        self._database.set_meta(_INDEXED, str(place).encode())
        return place

    def search_later(
        self, words: str, conversations: list[int], limit: int
    ) -> Callable[[], list[Hit]]:
        """The newest texts there that hold all these words."""
        path, where = self._database.path, frozenset(conversations)
        wanted = words.replace("\0", " ").split()

        def search() -> list[Hit]:
            if not wanted or not where:
                return []
            with closing(Reader(path)) as reader:
                reader.rows("BEGIN")  # nothing is indexed between one look and the next
                hits = _search_tail(reader, wanted, where, limit)
                return hits + _search_index(reader, wanted, where, limit - len(hits))

        return search


def _words(kind: int, text: bytes) -> str:
    """What an entry can be found by: of a file its name, not what it hashes to."""
    words = text.decode()
    return FileNote.decode(words).name if kind == EntryKind.FILE else words


def _token(conversation: int) -> str:
    return f"c{conversation}"


def _quote(word: str) -> str:
    """For FTS5: a string, whose only special character is doubled."""
    return '"' + word.replace('"', '""') + '"'


def _as_query(words: list[str]) -> str:
    """All of them; the last one may go on."""
    return " ".join(map(_quote, words)) + "*"


def _as_quick_query(reader: Reader, words: list[str]) -> str:
    """The same, by the words that the last one stands for, if they are few. "": there is none.

    FTS5 would gather all places of a beginning before it gives the newest of them: 30 ms for
    700,000, whereas whole words are read from their end.
    """
    *whole, last = words
    endings = _endings(reader, last.lower()) if _PLAIN_WORD.fullmatch(last) else None
    if endings is None:
        return _as_query(words)
    any_ending = " OR ".join(map(_quote, endings))
    return " AND ".join([*map(_quote, whole), f"({any_ending})"]) if endings else ""


def _endings(reader: Reader, beginning: str) -> list[str] | None:
    """The words in the index that begin so; None if they are many."""
    reader.rows(_OPEN_VOCABULARY)
    endings: list[str] = []
    at = beginning
    while (row := reader.row(_SELECT_TERM, (at,))) and row[0].startswith(beginning):
        if len(endings) == MOST_ENDINGS:
            return None
        endings.append(row[0])
        at = row[0] + "\0"  # sorts right behind it
    return endings


def _search_index(reader: Reader, words: list[str], where: frozenset[int], limit: int) -> list[Hit]:
    wanted = _as_quick_query(reader, words)
    if not wanted:
        return []
    belongs = " OR ".join(_token(conversation) for conversation in sorted(where))
    query = f"text : ({wanted}) AND conversation : ({belongs})"
    return [
        Hit(conversation, number, Entry.decode(body))
        for conversation, number, body in reader.scan(_SELECT_HITS, (query, limit))
        if conversation in where  # never by the word of the index alone
    ]


def _search_tail(reader: Reader, words: list[str], where: frozenset[int], limit: int) -> list[Hit]:
    """Among what is not indexed yet, by an index made for this search alone: one idea of words."""
    indexed = int(reader.meta(_INDEXED) or b"0")
    waiting: dict[int, tuple[int, int, bytes]] = {}
    texts: list[tuple[int, str]] = []
    size = 0
    for place, conversation, number, kind, text_at, body in reader.scan(
        _SELECT_TAIL, (indexed, *_SEARCHED, TAIL)
    ):
        size += len(body)
        if size > TAIL_BYTES and waiting:
            break
        if conversation in where:
            waiting[place] = (conversation, number, body)
            texts.append((place, _words(kind, body[text_at:])))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as tail:
        tail.execute(_TAIL_WORDS)
        tail.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
        places = tail.execute(_SELECT_PLACES, (_as_query(words), limit)).fetchall()
    hits = [waiting[place] for (place,) in places]
    return [Hit(conversation, number, Entry.decode(body)) for conversation, number, body in hits]
