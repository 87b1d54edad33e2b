"""The blocks of a file: which are here, and which were asked for.

Band: exchanges. Nothing here takes a step for each block: a large file has two millions, and they
come by thirty thousand chunks a second.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

from protocol import BLOCK

MARK_SHARE = 32  # of what has come: so much of it may come twice after a kill
HASH_STEP = 8 << 20  # bytes, hashed at a time while more of the file comes
_NOT_FULL = re.compile(rb"[^\xff]")
_NOT_EMPTY = re.compile(rb"[^\0]")


def block_count(size: int) -> int:
    """Blocks of a file of so many bytes."""
    return -(-size // BLOCK)


class Range(NamedTuple):
    """Blocks that follow each other."""

    first: int
    blocks: int


class Bitmap:
    """Which blocks of a file are here. Bit n of byte m stands for block 8 m + n.

    ``bits`` as ``encode`` made them; of another length they say nothing.
    """

    def __init__(self, blocks: int, bits: bytes = b"") -> None:
        self.blocks = blocks
        size = -(-blocks // 8)
        self._bits = bytearray(bits if len(bits) == size else size)
        self._spare = 8 * size - blocks
        if size:  # blocks that are beyond the end are never missing
            self._bits[-1] |= 0xFF << (8 - self._spare) & 0xFF
        self.count = int.from_bytes(self._bits).bit_count() - self._spare
        self._marked = self.count
        self._prefix = 0  # blocks at the beginning that are known to be here

    @property
    def is_full(self) -> bool:
        return self.count == self.blocks

    @property
    def is_mark_due(self) -> bool:
        """Whether a kill would now cost more than it may."""
        return 0 < self.count <= MARK_SHARE * (self.count - self._marked)

    def to_hash(self, hashed: int) -> int:
        """How many blocks from the beginning are here, if it is time to hash more than these bytes.

        0: it is not.
        """
        enough = hashed + HASH_STEP
        if self.count * BLOCK < enough or self.is_full:  # then all the rest is hashed at once
            return 0
        self._prefix = self._next(self._prefix, self.blocks, wanted=0)
        return self._prefix if self._prefix * BLOCK >= enough else 0

    def mark(self) -> bytes:
        """For the disk, which knows from now on what is here."""
        self._marked = self.count
        return self.encode()

    def encode(self) -> bytes:
        """For the disk."""
        bits = bytes(self._bits)
        return bits[:-1] + bytes([bits[-1] & 0xFF >> self._spare]) if bits else b""

    def add(self, first: int, count: int) -> list[Range]:
        """These blocks are here; gives those that were not before."""
        begin, end = first >> 3, (first + count + 7) >> 3
        shift = first & 7
        mask = (1 << count) - 1 << shift
        held = int.from_bytes(self._bits[begin:end], "little")
        new = mask & ~held
        if not new:
            return []
        self._bits[begin:end] = (held | mask).to_bytes(end - begin, "little")
        if new == mask:
            self.count += count
            return [Range(first, count)]
        self.count += new.bit_count()
        return _runs(new, first - shift)

    def missing(self, begin: int, limit: int) -> list[Range]:
        """The blocks from ``begin`` on that are not here, at most so many, lowest first."""
        ranges: list[Range] = []
        while limit > 0 and begin < self.blocks:
            first = self._next(begin, self.blocks, wanted=0)
            if first >= self.blocks:
                break
            begin = self._next(first, min(self.blocks, first + limit), wanted=1)
            ranges.append(Range(first, begin - first))
            limit -= begin - first
        return ranges

    def _next(self, begin: int, end: int, wanted: int) -> int:
        """The first block from ``begin`` on whose bit is so; ``end`` if there is none before it."""
        place = begin >> 3
        byte = self._bits[place] if wanted else ~self._bits[place] & 0xFF
        byte &= 0xFF << (begin & 7)
        if not byte:
            pattern = _NOT_EMPTY if wanted else _NOT_FULL
            found = pattern.search(self._bits, place + 1, (end + 7) >> 3)
            if found is None:
                return end
            place = found.start()
            byte = self._bits[place] if wanted else ~self._bits[place] & 0xFF
        return min(end, 8 * place + (byte & -byte).bit_length() - 1)


def _runs(bits: int, base: int) -> list[Range]:
    """The ones in a number, as ranges that begin at ``base``."""
    runs: list[Range] = []
    while bits:
        skipped = (bits & -bits).bit_length() - 1
        bits >>= skipped
        count = (~bits & bits + 1).bit_length() - 1
        runs.append(Range(base + skipped, count))
        bits >>= count
        base += skipped + count
    return runs


class Asked:
    """Blocks that were asked for and have neither come nor proved lost.

    Parallel lists, ordered by block: a chunk is looked up by its first one.
    """

    def __init__(self) -> None:
        self.blocks = 0
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self._places: list[int] = []  # of the first block, in the row of all that was asked for
        self._times: list[float] = []

    def add(self, first: int, count: int, place: int, now: float) -> None:
        self._insert(bisect_right(self._firsts, first), first, first + count, place, now)
        self.blocks += count

    def take(self, first: int, count: int) -> tuple[int, float] | None:
        """Takes out what has come; gives the highest place behind it and when it was asked for."""
        end = first + count
        newest: tuple[int, float] | None = None
        index = max(0, bisect_right(self._firsts, first) - 1)
        if self._firsts and self._firsts[index] == first and end < self._ends[index]:
            self.blocks -= count  # as nearly always: the beginning of what was asked for
            self._firsts[index] = end
            place = self._places[index] = self._places[index] + count
            return place, self._times[index]
        while index < len(self._firsts) and self._firsts[index] < end:
            begin, stop, place = self._firsts[index], self._ends[index], self._places[index]
            low, high = max(begin, first), min(stop, end)
            if low >= high:
                index += 1
                continue
            self.blocks -= high - low
            time = self._times[index]
            newest = max(newest or (0, 0.0), (place + high - begin, time))
            if low > begin:
                self._ends[index] = low
                index += 1
                if high < stop:
                    self._insert(index, high, stop, place + high - begin, time)
            elif high < stop:
                self._firsts[index] = high
                self._places[index] = place + high - begin
            else:
                del self._firsts[index], self._ends[index]
                del self._places[index], self._times[index]
        return newest

    def take_before(self, place: int) -> list[Range]:
        """Takes out everything asked for before that place, lowest blocks first."""
        lost: list[Range] = []
        kept = [index for index, at in enumerate(self._places) if at >= place]
        if len(kept) == len(self._places):
            return lost
        keep = set(kept)
        for index, first in enumerate(self._firsts):
            if index not in keep:
                lost.append(Range(first, self._ends[index] - first))
        self._firsts = [self._firsts[index] for index in kept]
        self._ends = [self._ends[index] for index in kept]
        self._places = [self._places[index] for index in kept]
        self._times = [self._times[index] for index in kept]
        self.blocks -= sum(count for _, count in lost)
        return lost

    def _insert(self, index: int, first: int, end: int, place: int, time: float) -> None:
        self._firsts.insert(index, first)
        self._ends.insert(index, end)
        self._places.insert(index, place)
        self._times.insert(index, time)
