"""The database: how it is opened, brought up to date, read and written.

Band: adapters. Knows SQLite and nothing of what the tables are for.
"""

import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from records import StoreBrokenError, StoreError, StoreFullError, as_disk_error
from storage_tables import MIGRATIONS, Migration

DATABASE_NAME = "ruang.db"
Row = tuple[Any, ...]
Values = tuple[int | str | bytes, ...]
MAX_INTEGER = (1 << 63) - 1  # of SQLite; whatever number a peer makes up, no row has a higher one
_BUSY_TIMEOUT = 5.0  # seconds: somebody may look into the database with another program
_WAL_SIZE = 16 * 1024 * 1024  # bytes that a checkpoint leaves of a write-ahead log grown large
_USUAL_WAL = 4_500_000  # bytes, somewhat more than SQLite lets it grow between checkpoints
_AMPLE = 500 * 1024 * 1024  # bytes free on a disk where it does not matter


def as_store_error(error: sqlite3.Error | OSError) -> StoreError:
    """What a failure of the disk means to the core."""
    if isinstance(error, OSError):
        return as_disk_error(error)
    code = getattr(error, "sqlite_errorcode", 0)  # absent if the module itself complains
    is_full = code & 0xFF == sqlite3.SQLITE_FULL
    return (StoreFullError if is_full else StoreBrokenError)(str(error))


class Reader:
    """Reads what is committed, changes and checkpoints nothing. For one thread."""

    def __init__(self, path: Path) -> None:
        """Cheap enough for one query: what the worker thread opens it also closes."""
        self.path = path
        self._connection = self._connect()

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of a query."""
        return list(self.scan(sql, values))

    def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of a query, which has one at most."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def scan(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """The rows of a query, read as they are taken."""
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise as_store_error(error) from error

    def meta(self, key: str) -> bytes | None:
        """What is kept under a name of its own."""
        row = self.row("SELECT value FROM meta WHERE key = ?", (key,))
        return row[0] if row else None

    def close(self) -> None:
        """Anything not committed is forgotten."""
        self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            return sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None)
        except sqlite3.Error as error:
            raise as_store_error(error) from error


class _Waiter:
    """A thread that waits for the disk in another's place, one call at a time."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._begun: SimpleQueue[None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        arguments = (self._calls, self._begun, self._ends)
        self._thread = threading.Thread(
            target=_wait_for_disk, args=arguments, name="disk", daemon=True
        )
        self._thread.start()
        weakref.finalize(self, self._calls.put, None)  # of one that nobody closed

    def begin(self, call: Callable[[], object]) -> None:
        """Returns when the call is under way: its thread has had the interpreter by then."""
        self._calls.put(call)
        self._begun.get()

    def end(self) -> None:
        """Raises what the call raised."""
        error = self._ends.get()
        if error is not None:
            raise error

    def close(self) -> None:
        """After the call that is under way."""
        self._calls.put(None)
        self._thread.join()


def _wait_for_disk(
    calls: SimpleQueue[Callable[[], object] | None],
    begun: SimpleQueue[None],
    ends: SimpleQueue[BaseException | None],
) -> None:
    while (call := calls.get()) is not None:
        begun.put(None)
        error: BaseException | None = None
        try:
            call()
        except BaseException as raised:  # noqa: BLE001 - end() raises it where it belongs
            error = raised
        del call  # nobody else should keep the connection open
        ends.put(error)


class Database(Reader):
    """The one connection that writes. The first write opens a transaction, ``commit`` ends it.

    After a write that failed nothing but ``rollback`` works: SQLite may have kept a part of the
    turn, or have ended the transaction so that the rest would go into another.
    """

    def __init__(
        self,
        path: Path,
        max_pages: int | None = None,
        migrations: tuple[Migration, ...] = MIGRATIONS,
    ) -> None:
        """Opens or makes it, and takes the migrations it lacks.

        ``max_pages``: it grows no further, as on a full disk.
        Raises StoreFullError or StoreBrokenError, also if a newer version has made it.
        """
        super().__init__(path)
        self._waiter: _Waiter | None = None
        self._is_committing = False
        self._failure: StoreError | None = None
        self._later: dict[str, list[Values]] = {}
        try:
            self._set_up(max_pages)
            self._migrate(migrations)
        except sqlite3.Error as error:
            self._connection.close()
            raise as_store_error(error) from error
        except StoreError:
            self._connection.close()
            raise

    @property
    def is_writing(self) -> bool:
        """Whether there is something to commit."""
        is_open = self._is_committing or self._connection.in_transaction
        return is_open or bool(self._later) or self._failure is not None

    def write_later(self, sql: str, values: Values) -> None:
        """A row of this turn, written together with others before anything else happens.

        One ``executemany`` costs a third of as many statements on their own.
        """
        if self._failure is not None:
            raise self._failure
        self._later.setdefault(sql, []).append(values)

    def scan(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """The rows of a query, what waits to be written included."""
        self._write_waiting()
        return super().scan(sql, values)

    def write(self, sql: str, values: Values = ()) -> int:
        """One statement of this turn; the row id of what was inserted last, if anything was."""
        self._write_waiting()
        try:
            self._begin()
            return self._connection.execute(sql, values).lastrowid or 0
        except sqlite3.Error as error:
            self._failure = as_store_error(error)
            raise self._failure from error

    def set_meta(self, key: str, value: bytes) -> None:
        """Keeps something under a name of its own."""
        self.write("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def _write_waiting(self) -> None:
        if self._failure is not None:
            raise self._failure
        later, self._later = self._later, {}
        try:
            for sql, rows in later.items():
                self._begin()
                self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            self._failure = as_store_error(error)
            raise self._failure from error

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def begin_commit(self) -> None:
        """Begins to wait for the disk. Until ``commit`` has ended that, ask for nothing else."""
        self._write_waiting()
        if self._connection.in_transaction:
            if self._waiter is None:
                self._waiter = _Waiter()
            self._is_committing = True
            self._waiter.begin(partial(self._connection.execute, "COMMIT"))

    def commit(self) -> None:
        """All of the turn is on the disk, or nothing of it. Without a turn: nothing to do."""
        self._write_waiting()
        try:
            if self._is_committing:
                self._end_commit()
            elif self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failure = as_store_error(error)
            raise self._failure from error

    def _end_commit(self) -> None:
        assert self._waiter is not None
        self._is_committing = False
        self._waiter.end()

    def grow_log(self) -> None:
        """Gives the write-ahead log its usual size at once, unless space on the disk is short.

        From then on commits overwrite it, which takes two thirds of the time of making it longer.
        """
        if shutil.disk_usage(self.path.parent).free < _AMPLE:
            return
        try:
            self.write("DROP TABLE IF EXISTS filler")
            self.write("CREATE TABLE filler (bytes BLOB)")
            self.write("INSERT INTO filler VALUES (zeroblob(?))", (_USUAL_WAL,))
            self.commit()
            self.write("DROP TABLE filler")
            self.commit()
        except (StoreFullError, sqlite3.Error):
            self.rollback()

    def rollback(self) -> None:
        """Nothing of the turn stays, unless it is being committed: then nobody knows."""
        if self._is_committing:
            with suppress(sqlite3.Error):
                self._end_commit()
        self._failure = None
        self._later = {}
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise as_store_error(error) from error

    def close(self) -> None:
        """Anything not committed is forgotten."""
        if self._waiter is not None:
            self._waiter.close()
        super().close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,  # never two at once: see begin_commit
        )

    def _set_up(self, max_pages: int | None) -> None:
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")  # WAL alone loses the last commits in a power cut
        execute("PRAGMA foreign_keys = ON")
        execute(f"PRAGMA journal_size_limit = {_WAL_SIZE}")
        if max_pages is not None:
            execute(f"PRAGMA max_page_count = {max_pages}")

    def _migrate(self, migrations: tuple[Migration, ...]) -> None:
        """Each step and its record in one transaction."""
        row = self.row("PRAGMA user_version")
        taken = row[0] if row else 0
        if taken > len(migrations):
            raise StoreBrokenError(f"{self.path.name} was made by a newer version of Ruang")
        for count, migration in enumerate(migrations[taken:], start=taken + 1):
            for statement in migration.statements:
                self.write(statement)
            self.write(f"PRAGMA user_version = {count}")
            self.commit()


class Tables:
    """A part of the store: the tables of one subject. Owned by the network thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
