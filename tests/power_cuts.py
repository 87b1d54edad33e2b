"""Power cuts: what was certainly on disk at each moment, and folders as a cut may leave them (D3).

Certain is what SQLite had synced when a commit returned. Everything written after that may be there
or not, be zeros, or be junk; archive.csv is never synced at all.
"""

import os
import random
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from conversation import FIRST_CHAIN, ROOM, Entry, EntryKind, next_chain
from storage import Storage
from storage_archive_rows import read_archive
from storage_schema import DATABASE_NAME

NOW = 1_800_000_000_000
_ALL = 1 << 40
_WAL = DATABASE_NAME + "-wal"
_LOG_HEADER, _LOG_FRAME = 32, 24 + 4096  # bytes; sqlite.org/fileformat2.html#walformat


def open_store(folder: Path) -> Storage:
    return Storage.open(folder, random_bytes=os.urandom, now_utc_ms=NOW)


def post(store: Storage, *texts: str) -> None:
    """One turn."""
    for text in texts:
        store.append(ROOM, Entry(bytes(8), EntryKind.TEXT, NOW, 7, "Ana", text))
    store.commit()
    store.write_along()


def texts(store: Storage) -> list[str]:
    return [Entry.decode(one.body).text for one in store.read(ROOM, 1, _ALL, _ALL)]


def assert_whole(folder: Path, store: Storage) -> None:
    """The database is sound, numbers dense, chains unbroken, and archive.csv tells the same."""
    with sqlite3.connect(f"file:{folder / DATABASE_NAME}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    chain = FIRST_CHAIN
    for number, one in enumerate(store.read(ROOM, 1, _ALL, _ALL), start=1):
        chain = next_chain(chain, one.body)
        assert (one.number, one.chain) == (number, chain)
    assert [row.text for row in read_archive(folder / "archive.csv", NOW)] == texts(store)


@dataclass(frozen=True, slots=True)
class Committed:
    """The write-ahead log as it was on disk when a commit returned."""

    end: int  # of what this commit wrote
    texts: int
    archive: int  # bytes written before: never synced, so any part of them may be there


class Recording:
    """A store that was written for a while, and what of it was certainly on disk when.

    ``database`` is the file as the last checkpoint left it, ``log`` the write-ahead log at the end.
    """

    def __init__(self, folder: Path, chance: random.Random, turns: int, before: int) -> None:
        self.said: list[str] = []
        self.commits: list[Committed] = []
        self._chance = chance
        self._folder = folder
        store = open_store(folder)
        for _ in range(before):
            self._post(store)
        if before:  # all of it goes into the database; the log begins anew over its old content
            checkpoint(folder)
        self.database = (folder / DATABASE_NAME).read_bytes()
        log = b""
        for _ in range(turns):
            archive = len((folder / "archive.csv").read_bytes()) if self.said else 0
            self._post(store)
            now = (folder / _WAL).read_bytes()
            self.commits.append(Committed(last_change(log, now), len(self.said), archive))
            log = now
        self.log = log
        assert (folder / DATABASE_NAME).read_bytes() == self.database, "a checkpoint in between"
        self.in_database = before
        self.archive = (folder / "archive.csv").read_bytes()
        store.close()

    def _post(self, store: Storage) -> None:
        size = self._chance.choice((5, 100, 1000, 9000))
        text = f"{len(self.said)} " + "x" * self._chance.randrange(size)
        post(store, text)
        self.said.append(text)


def checkpoint(folder: Path) -> None:
    """What SQLite does by itself after a thousand pages."""
    connection = sqlite3.connect(folder / DATABASE_NAME)
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    connection.close()
    assert not busy


def last_change(before: bytes, after: bytes) -> int:
    """Where the last frame of the log ends in which a byte differs."""
    if len(after) > len(before):
        return len(after)
    ends = range(len(after), _LOG_HEADER, -_LOG_FRAME)
    return next(
        end for end in ends if before[end - _LOG_FRAME : end] != after[end - _LOG_FRAME : end]
    )


def power_cut(recording: Recording, chance: random.Random, folder: Path) -> int:
    """A folder as the power cut left it; how many texts must have survived."""
    cut = chance.randrange(len(recording.log) + 1)
    size = chance.randrange(1, 20_000)
    behind = chance.choice(
        (
            b"",
            bytes(size),
            chance.randbytes(size),
            recording.log[cut : cut + size][::-1],  # what looks like frames
            recording.log[cut + 1 :],
        )
    )
    folder.mkdir()
    (folder / DATABASE_NAME).write_bytes(recording.database)
    (folder / _WAL).write_bytes(recording.log[:cut] + behind)
    kept = [commit for commit in recording.commits if commit.end <= cut]
    longest = kept[-1].archive if kept else recording.commits[0].archive
    (folder / "archive.csv").write_bytes(recording.archive[: chance.randrange(longest + 1)])
    return kept[-1].texts if kept else recording.in_database


def survive_power_cuts(chance: random.Random, folder: Path, cases: int) -> None:
    """D3, so many times; raises AssertionError at the first text that is lost."""
    recordings = [
        Recording(folder / f"recorded {before}", chance, turns=60, before=before)
        for before in (0, 40)
    ]
    for case in range(cases):
        recording = recordings[case % 2]
        cut = folder / f"cut {case}"
        certain = power_cut(recording, chance, cut)

        store = open_store(cut)
        found = texts(store)
        assert found == recording.said[: len(found)]
        assert len(found) >= certain, f"case {case}: {certain - len(found)} acknowledged are lost"
        post(store, "life goes on")
        assert_whole(cut, store)
        store.close()
        shutil.rmtree(cut)
