"""A file on its way as its user sees it, and what a client needs of its computer for that.

Band: cores. What uploads and downloads share. Knows no server and no disk: a ``Disk`` is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from client_file_events import FileEnded, FileEvent, FileMoved, FileState, FileTrouble, SendGoesOn
from conversation import FileNote
from protocol import Code, RunJob, Verb
from protocol_requests import Fields
from records import FileChangedError, FileGoneError, Shelf, StoreError, StoreFullError

SHOW_INTERVAL = 0.1  # s between two words about the same transfer
SPEED_INTERVAL = 0.5  # s in which a speed is measured
STALLED_AFTER = 1.5  # s without progress, after which there is none

TROUBLES = (FileGoneError, FileChangedError, StoreError)


class Source(Protocol):
    """A file of this computer that is to be sent. All raise FileGoneError and FileChangedError."""

    @property
    def size(self) -> int: ...
    @property
    def stamp(self) -> int: ...  # of its last change
    def hash_some(self) -> int | bytes: ...  # for the worker, again and again: how many bytes
    # it has hashed by now; in the end the SHA-256
    def read(self, first: int, blocks: int) -> bytes: ...  # less at its end; opens it
    def close(self) -> None: ...  # until it is read again


class Disk(Protocol):
    """What a client's core has of its computer's disk. Owned by the network thread."""

    def source(self, path: Path) -> Source: ...  # raises FileGoneError
    def shelf(
        self, file: bytes = b""
    ) -> Shelf: ...  # of downloads; made when it is needed, for a file. Raises StoreError
    def saving(
        self, note: FileNote, folder: Path | None
    ) -> Callable[[], Path]: ...  # for the worker: a whole one out of the shelf, under a safe name

    # in a folder (None: where downloads belong); where it is then. Raises StoreError


@dataclass(frozen=True, slots=True)
class Calls:
    """What a transfer asks of the core."""

    report: Callable[[FileEvent | SendGoesOn], None]
    run: RunJob  # on the worker
    ask: Callable[[Verb, Fields, float], int]
    post: Callable[[int, int, FileNote], None]  # ticket and conversation


@dataclass(frozen=True, slots=True)
class _Met:
    """Trouble on the worker: an error that came back as such would be a defect of ours."""

    error: Exception


class Move:
    """One file on its way, up or down. It moves while it has one of the places there are."""

    def __init__(self, ticket: int, note: FileNote, calls: Calls, *, is_upload: bool) -> None:
        self.ticket = ticket
        self.note = note
        self.is_paused = False
        self.not_before = 0.0  # it does not begin
        self.has_place = False
        self.is_over = False
        self.realm = ""  # another one, from which our server does not have it yet
        self._is_upload = is_upload
        self._calls = calls
        self._shown: FileMoved | None = None
        self._shown_at = 0.0
        self._reached, self._reached_at = -1, 0.0  # bytes, and since when it is no more
        self._jobs = 0

    def take_over(self, ticket: int) -> None:
        """Somebody asks for what goes on by itself: it is told anew, as theirs."""
        self.ticket, self.is_paused, self.not_before = ticket, False, 0.0
        self._shown = None

    def show(self, state: FileState, done: int, speed: float, now: float) -> None:
        """Tells the user how far it is, if that is news."""
        if done != self._reached:
            self._reached, self._reached_at = done, now
        elif now >= self._reached_at + STALLED_AFTER:
            speed = 0.0
        before = self._shown
        if before is not None and (before.state, before.realm) == (state, self.realm):
            is_soon = now < self._shown_at + SHOW_INTERVAL
            if is_soon or (before.done, before.speed) == (done, speed):
                return
        self._shown = FileMoved(
            self.ticket, self.note, self._is_upload, state, done, speed, self.realm
        )
        self._shown_at = now
        self._calls.report(self._shown)

    def end(
        self,
        trouble: FileTrouble | Code | None = None,
        path: Path | None = None,
        limit: int = 0,
        free: int = 0,
    ) -> None:
        """The last of it."""
        self.is_over = True
        self._close()
        is_upload = self._is_upload
        ended = FileEnded(self.ticket, self.note, is_upload, trouble, path, limit, free)
        self._calls.report(ended)

    def fail(self, error: Exception) -> None:
        """One of TROUBLES was met."""
        match error:
            case FileGoneError():
                self.end(FileTrouble.NOT_FOUND)
            case FileChangedError():
                self.end(FileTrouble.CHANGED)
            case StoreFullError():
                self.end(FileTrouble.DISK_FULL)
            case _:
                self.end(FileTrouble.CANNOT_SAVE)

    def guard(self, act: Callable[[], None]) -> None:
        """Something that meets the disk, unless this is over: trouble ends it."""
        if self.is_over:
            return
        try:
            act()
        except TROUBLES as error:
            self.fail(error)

    def run(self, work: Callable[[], object], take: Callable[[object], None]) -> None:
        """On the worker; ``take`` gets what it gave, unless that was trouble."""

        def attempt() -> object:
            try:
                return work()
            except TROUBLES as error:
                return _Met(error)

        def receive(result: object, _: float) -> None:
            self._jobs -= 1
            if self.is_over:
                return
            if isinstance(result, _Met):
                self.fail(result.error)
            else:
                self.guard(partial(take, result))

        self._jobs += 1
        self._calls.run(attempt, receive)

    def _close(self) -> None:
        """For those that have something open."""


class Speed:
    """Bytes a second, of the last moments."""

    def __init__(self) -> None:
        self.value = 0.0
        self._began: float | None = None
        self._bytes = 0

    def add(self, size: int, now: float) -> None:
        """So many more."""
        if self._began is None:
            self._began = now
        self._bytes += size
        elapsed = now - self._began
        if elapsed >= SPEED_INTERVAL:
            self.value = self._bytes / elapsed
            self._began, self._bytes = now, 0

    def rest(self) -> None:
        """Nothing moves."""
        self.value, self._began, self._bytes = 0.0, None, 0
