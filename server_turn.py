"""One turn of the server: what is written in it, what is said only once that is on disk, jobs.

Band: cores. Nothing that a turn decided leaves before the store has committed it.
"""

from collections import deque
from collections.abc import Callable

from protocol import Job
from records import Store, Stored, StoreFullError, StoreNotice

Act = Callable[[float], None]


class Turn:
    """The open transaction and what hangs on it. ``report_full`` hears of each change."""

    def __init__(self, store: Store, report_full: Callable[[bool], None]) -> None:
        self._store = store
        self._report_full = report_full
        self._is_full = False
        self._is_dirty = False
        self._is_plain = True
        self._kept: list[Act] = []
        self._undone: list[Act] = []

    def attempt(self, act: Callable[[], None], now: float) -> bool:
        """Does something that writes; whether the disk took it so far."""
        self._is_dirty = True
        try:
            act()
        except StoreFullError:
            self._abort(now)
            return False
        return True

    def when_kept(self, act: Act, *, is_plain: bool = False) -> None:
        """To be done once what was written in this turn is on disk.

        ``is_plain``: afterwards everybody follows what they followed before.
        """
        self._kept.append(act)
        self._is_plain = self._is_plain and is_plain

    def when_undone(self, act: Act) -> None:
        """To be done if it cannot be: answers, and putting memory right."""
        self._undone.append(act)

    def when_settled(self, act: Act) -> None:
        """To be done once this turn is on disk or undone: what is told then is so, either way."""
        self.when_kept(act)
        self.when_undone(act)

    def begin_commit(self) -> tuple[Stored, ...]:
        """Begins to wait for the disk, where the next call must be ``commit``.

        What will be on it then can be made ready to be sent meanwhile, but must not be sent. In a
        turn that changes who follows what, nothing: it is not yet known who may read it.
        """
        if not self._is_dirty or not self._is_plain:
            return ()
        try:
            return self._store.begin_commit()
        except StoreFullError:
            return ()  # commit will say so

    def commit(self, now: float) -> tuple[Stored, ...] | None:
        """What became durable; None if nothing was written, or nothing could be."""
        committed: tuple[Stored, ...] | None = None
        if self._is_dirty:
            try:
                committed = self._store.commit()
            except StoreFullError:
                self._abort(now)
                return None
            self._is_dirty = False
            if self._is_full:
                self._is_full = False
                self._report_full(False)
        kept, self._kept, self._undone = self._kept, [], []
        self._is_plain = True
        for act in kept:
            act(now)
        return committed

    def _abort(self, now: float) -> None:
        """The disk is full: nothing of this turn is kept, and nobody was told that it was."""
        self._store.rollback()
        self._is_dirty = False
        undone, self._undone, self._kept = self._undone, [], []
        self._is_plain = True
        for act in undone:
            act(now)
        if not self._is_full:
            self._is_full = True
            self._report_full(True)


class Jobs:
    """Long work for the driver's worker thread, and what to do with its results."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._ends: dict[int, Callable[[object, float], None]] = {}
        self._next_key = 1

    def run(self, work: Callable[[], object], end: Callable[[object, float], None]) -> None:
        """Queues work; ``end(result, now)`` is called on our own thread."""
        self._waiting.append(Job(self._next_key, work))
        self._ends[self._next_key] = end
        self._next_key += 1

    def next(self) -> Job | None:
        return self._waiting.popleft() if self._waiting else None

    def finish(self, key: int, result: object, now: float) -> None:
        """Raises what the work raised: it is our defect or the disk's end."""
        if isinstance(result, Exception):
            raise result
        self._ends.pop(key)(result, now)


class Chores:
    """The store's slow work, one piece at a time, and what it did by itself."""

    def __init__(self, store: Store, jobs: Jobs, report: Callable[[StoreNotice], None]) -> None:
        self._store = store
        self._jobs = jobs
        self._report = report
        self._is_out = False

    def look(self) -> None:
        """After each commit: whether there is something to do."""
        self.tell()
        chore = None if self._is_out else self._store.next_chore()
        if chore is not None:
            self._is_out = True
            self._jobs.run(chore, self._end)

    def tell(self) -> None:
        """What an operator should know."""
        for notice in self._store.notices():
            self._report(notice)

    def _end(self, _: object, now: float) -> None:
        self._is_out = False
        self.look()
