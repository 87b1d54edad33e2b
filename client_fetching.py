"""How much may come by itself: whoever else is in a room decides what is shared there.

Band: cores. Pure. What somebody asks for is not counted.
"""

from collections import deque

from conversation import FileNote

RESERVE = 500_000_000  # bytes of the disk that nothing takes by itself
HOURLY = 1_000_000_000  # bytes that come by themselves in an hour
HOUR = 3_600_000  # ms


class Allowance:
    """One visit's."""

    def __init__(self, reserve: int = RESERVE, hourly: int = HOURLY) -> None:
        self._reserve = reserve
        self._hourly = hourly
        self._granted: deque[tuple[int, int]] = deque()  # when, and how many bytes
        self._coming: dict[bytes, int] = {}  # bytes, by file

    def grant(self, note: FileNote, free: int, now: int) -> bool:
        """Whether a file may come. ``free``: bytes on the disk; ``now``: UTC milliseconds."""
        while self._granted and not 0 <= now - self._granted[0][0] < HOUR:
            self._granted.popleft()
        is_much = note.size + sum(size for _, size in self._granted) > self._hourly
        if is_much or free - sum(self._coming.values()) - note.size < self._reserve:
            return False
        self._granted.append((now, note.size))
        self._coming[note.file] = note.size
        return True

    def end(self, file: bytes) -> None:
        """It is here, or will not come."""
        self._coming.pop(file, None)
