"""The database: migrations from every earlier version, one transaction at a time, full disks."""

import errno
import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from records import StoreBrokenError, StoreFullError
from storage_schema import DATABASE_NAME, Database, Reader, as_store_error
from storage_tables import MIGRATIONS, Migration

pytestmark = pytest.mark.uncounted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE_NAME


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path)) as database:
        yield database


def schema(path: Path) -> list[tuple[object, ...]]:
    with closing(Reader(path)) as reader:
        return reader.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY name")


def version(path: Path) -> int:
    with closing(Reader(path)) as reader:
        ((version,),) = reader.rows("PRAGMA user_version")
        return int(version)


def put(database: Database, key: str) -> None:
    database.write("INSERT INTO meta (key, value) VALUES (?, ?)", (key, b"x"))


def keys(reader: Reader) -> list[str]:
    return [key for (key,) in reader.rows("SELECT key FROM meta ORDER BY key")]


# --- commits ---


def test_the_disk_can_be_waited_for_later(path: Path, database: Database) -> None:
    for key in ("satu", "dua"):
        put(database, key)
        database.begin_commit()
        assert database.is_writing
        database.commit()
        assert not database.is_writing
    database.begin_commit()  # nothing to commit
    database.commit()

    with closing(Reader(path)) as reader:
        assert keys(reader) == ["dua", "satu"]


def test_a_commit_that_fails_meanwhile_fails_where_it_is_waited_for(
    path: Path, database: Database
) -> None:
    database.write("CREATE TABLE less (key TEXT REFERENCES meta DEFERRABLE INITIALLY DEFERRED)")
    database.commit()
    database.write("INSERT INTO less VALUES ('nothing has it')")
    database.begin_commit()

    with pytest.raises(StoreBrokenError):
        database.commit()
    with pytest.raises(StoreBrokenError):
        put(database, "satu")
    database.rollback()
    put(database, "dua")
    database.commit()
    with closing(Reader(path)) as reader:
        assert keys(reader) == ["dua"]


def test_a_database_is_closed_while_it_commits(path: Path) -> None:
    with closing(Database(path)) as database:
        put(database, "satu")
        database.begin_commit()
        database.rollback()  # too late to say which

    with closing(Reader(path)) as reader:
        assert keys(reader) in ([], ["satu"])


def test_one_that_nobody_closed_leaves_no_thread(path: Path) -> None:
    database = Database(path)
    put(database, "satu")
    database.begin_commit()
    database.commit()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "disk")

    del database
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


# --- migrations ---


@pytest.mark.parametrize("taken", range(len(MIGRATIONS) + 1))
def test_a_database_of_any_earlier_version_is_brought_up_to_date(
    tmp_path: Path, taken: int
) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    Database(old, migrations=MIGRATIONS[:taken]).close()
    Database(new).close()

    Database(old).close()

    assert schema(old) == schema(new)
    assert version(old) == version(new) == len(MIGRATIONS)


def test_migrations_keep_what_is_there(path: Path) -> None:
    with closing(Database(path, migrations=MIGRATIONS[:1])) as old:
        put(old, "kept")
        old.commit()

    with closing(Database(path)) as database:
        assert keys(database) == ["kept"]


def test_a_step_that_fails_leaves_the_step_before_it(path: Path) -> None:
    broken = Migration("broken", ("CREATE TABLE half (x)", "CREATE TABLE half (x)"))

    with pytest.raises(StoreBrokenError):
        Database(path, migrations=(*MIGRATIONS, broken))

    assert version(path) == len(MIGRATIONS)
    assert "half" not in {name for _, name, _ in schema(path)}


def test_a_database_of_a_newer_version_is_not_touched(path: Path) -> None:
    later = Migration("later", ("CREATE TABLE later (x)",))
    Database(path, migrations=(*MIGRATIONS, later)).close()

    with pytest.raises(StoreBrokenError, match="newer version"):
        Database(path)


def test_names_of_migrations_differ() -> None:
    names = [migration.name for migration in MIGRATIONS]

    assert len(set(names)) == len(names)


# --- how it is opened ---


def test_commits_are_on_the_disk_and_readers_do_not_wait(database: Database) -> None:
    settings = {
        name: database.row(f"PRAGMA {name}")
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }

    assert settings == {"journal_mode": ("wal",), "synchronous": (2,), "foreign_keys": (1,)}


def test_a_file_that_is_no_database_is_said_to_be_broken(path: Path) -> None:
    path.write_bytes(b"Room,User,Message\n" * 100)

    with pytest.raises(StoreBrokenError):
        Database(path)


def test_a_reader_cannot_write_and_needs_a_database(database: Database, tmp_path: Path) -> None:
    with closing(Reader(database.path)) as reader, pytest.raises(StoreBrokenError):
        reader.rows("DELETE FROM meta")
    with pytest.raises(StoreBrokenError):
        Reader(tmp_path / "none.db").rows("SELECT 1 FROM meta")


# --- turns ---


def test_a_reader_sees_a_turn_when_it_is_committed(database: Database) -> None:
    with closing(Reader(database.path)) as reader:
        put(database, "a")
        assert keys(reader) == []
        assert keys(database) == ["a"]

        database.commit()

        assert keys(reader) == ["a"]


def test_a_turn_rolled_back_or_closed_on_leaves_nothing(path: Path) -> None:
    with closing(Database(path)) as database:
        put(database, "a")
        database.rollback()
        assert not database.is_writing
        put(database, "b")

    with closing(Database(path)) as database:
        assert keys(database) == []


def test_a_log_grown_at_once_is_overwritten_from_then_on(path: Path) -> None:
    with closing(Database(path)) as database:
        put(database, "before")
        database.grow_log()
        log = path.with_name(path.name + "-wal")
        grown = log.stat().st_size
        for turn in range(50):
            put(database, f"turn {turn}")
            database.commit()

        assert grown == log.stat().st_size > 4_000_000
        assert database.row("SELECT name FROM sqlite_master WHERE name = 'filler'") is None
        assert "before" in keys(database)


def test_where_there_is_little_space_the_log_grows_as_it_must(path: Path) -> None:
    with closing(Database(path, max_pages=200)) as database:
        database.grow_log()  # there is space on the disk, but not for this database
        put(database, "after")
        database.commit()

        assert keys(database) == ["after"]


def test_an_empty_turn_commits_and_rolls_back(database: Database) -> None:
    database.commit()
    database.rollback()

    assert not database.is_writing


def test_after_a_failed_write_only_rollback_works(path: Path) -> None:
    with closing(Database(path, max_pages=80)) as database:
        put(database, "small")
        with pytest.raises(StoreFullError):
            database.write("INSERT INTO meta VALUES ('large', zeroblob(500000))")

        with pytest.raises(StoreFullError):
            put(database, "later")
        with pytest.raises(StoreFullError):
            database.commit()
        assert database.is_writing
        database.rollback()

        assert keys(database) == []
        put(database, "again")
        database.commit()
        assert keys(database) == ["again"]


def test_a_reference_into_the_void_is_refused(database: Database) -> None:
    with pytest.raises(StoreBrokenError, match="FOREIGN KEY"):
        database.write("INSERT INTO entries VALUES (1, 99, 1, 1, 1, x'01', x'01')")


# --- errors ---


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "full"), StoreFullError),
        (OSError(errno.EACCES, "no"), StoreBrokenError),
        (sqlite3.ProgrammingError("closed"), StoreBrokenError),
    ],
)
def test_a_full_disk_is_told_from_a_broken_one(
    error: OSError | sqlite3.Error, kind: type[Exception]
) -> None:
    assert type(as_store_error(error)) is kind
