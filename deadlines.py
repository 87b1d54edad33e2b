"""Many deadlines, cheap to move: what is due now, and when the next one is.

Band: mechanisms. Imports nothing of ours; knows no clock.
"""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """At most one deadline for each key. Moving one later costs a dictionary write alone.

    The heap may hold a stale, earlier time for a key; it is put right when that time comes.
    """

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._queued: dict[Key, float] = {}  # the earliest time a key stands at in the heap
        self._heap: list[tuple[float, int, Key]] = []
        self._order = 0  # keys need not be comparable

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Key, when: float) -> None:
        """Sets or moves the deadline of a key."""
        self._due[key] = when
        queued = self._queued.get(key)
        if queued is None or when < queued:
            self._push(key, when)

    def set_earliest(self, key: Key, when: float) -> None:
        """As ``set``, unless the key has an earlier deadline already."""
        if when < self._due.get(key, float("inf")):
            self.set(key, when)

    def get(self, key: Key) -> float | None:
        """The deadline of a key, if it has one."""
        return self._due.get(key)

    def cancel(self, key: Key) -> None:
        """Forgets a key; unknown ones are fine."""
        self._due.pop(key, None)

    def next(self) -> float | None:
        """The earliest deadline; stale ones are put right on the way."""
        while self._heap:
            when, _, key = self._heap[0]
            due = self._due.get(key)
            if due == when and self._queued.get(key) == when:
                return when
            heapq.heappop(self._heap)
            if self._queued.get(key) == when:
                del self._queued[key]
                if due is not None:
                    self._push(key, due)
        return None

    def take_due(self, now: float) -> list[Key]:
        """The keys whose deadline has come, earliest first; they have none afterwards."""
        keys: list[Key] = []
        while (when := self.next()) is not None and when <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._queued[key]
            del self._due[key]
            keys.append(key)
        return keys

    def _push(self, key: Key, when: float) -> None:
        self._order += 1
        self._queued[key] = when
        heapq.heappush(self._heap, (when, self._order, key))
