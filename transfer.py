"""Files on their way: who lacks them asks for blocks, who has them sends those, paced.

Band: exchanges. Knows no disk, no session and no clock; whether a file is what its name says is for
those who hash it.
Source: docs/protocol.md.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from protocol import BLOCK, MAX_RANGES, PeerError
from protocol_frames import CHUNK_OVERHEAD, Chunk, Ping, Want
from protocol_guards import RESEND_GROWTH, RoundTrip
from transfer_blocks import Asked, Bitmap, Range, block_count
from transfer_rate import MAX_WINDOW, UNKNOWN_ROUND_TRIP, RateControl

# --- the pulling end ---

PLACES = 1 << 24  # of the row of blocks for each second of our clock: more than is ever asked for
REORDERING = 0.25  # of the round trip: so late a block may come before it counts as lost (RFC 8985)
SHORTEST_REORDERING = 0.002  # s
SHORTEST_TIMEOUT = 0.03  # s without anything
LONGEST_TIMEOUT = 1.0  # s, unless the round trip is longer
SILENT = 3  # timeouts in a row: that is more than losses
ASK_AGAIN = 1.0  # s after which a supplier hears that it still is wanted
TELL_RATE = 0.05  # by so much the rate must have changed
PING_INTERVAL = 0.02  # s at the least, while blocks are on their way
STOP_INTERVAL = 0.1  # s between words that no more is wanted
NEAR = 0.005  # s of round trip: what is on its way from so near waits in our socket
NEAR_WINDOW = 2 << 20  # bytes that a socket holds without losing some
LEAST_NEAR_WINDOW = 384 * 1024  # bytes; where Linux was left as it comes, it holds little more
NEAR_PATIENCE = 0.05  # s in which losses are of one and the same burst

# --- the supplying end ---

MAX_SUPPLIED = 16  # files at a time, in one session: beyond, the one asked for longest ago goes
MAX_QUEUED_RANGES = 1024  # of one file
MAX_QUEUED = MAX_WINDOW // BLOCK  # blocks of one file: what a peer that went away gets at most
FORGET_AFTER = 10.0  # s without a WANT: who pulls asks once a second
BURST = 0.001  # s: what is sent at a time
SAVED = 0.02  # s: what may be sent later, when the turn was somebody else's
MAX_TURN = 512 * 1024  # bytes, of all files: one turn must not hold up a chat
VANISHED = 3  # times the same block is asked for anew although it went out: RFC 8899 §4.3
RUN_BYTES = 58 * BLOCK  # or one chunk: sealed, one system call sends them (UDP_SEGMENT)


class Puller:
    """The end that lacks a file: says which blocks it wants, how fast, and again what was lost.

    Losses are known as in RFC 8985: what was asked for earlier than something that has come is lost
    after some time for reordering; where nothing comes at all, after a timeout.
    """

    def __init__(self, file: bytes, size: int, bitmap: Bitmap) -> None:
        self.file = file
        self.size = size
        self.bitmap = bitmap
        self.control = RateControl()
        self.is_refused = False  # the supplier has nothing of it for us
        self.is_paused = False
        self.speed = 0.0  # bytes/s of the last second or so
        self._asked = Asked()
        self._lost: deque[Range] = deque()  # to be asked for again before anything new
        self._fresh = 0  # blocks from here on were never asked for
        self._place: int | None = None  # the end of the row of all that was asked for
        self._row: deque[tuple[int, Range]] = deque(maxlen=MAX_RANGES)  # its newest stretch
        self._arrived_to = 0  # the highest place behind which something has come
        self._mark = (0, 0.0)  # what that was, and when
        self._reordering = REORDERING
        self._round_trip = RoundTrip()
        self._told_rate = 0.0
        self._told_at = 0.0
        self._near_window = NEAR_WINDOW
        self._near_until = 0.0  # what is lost until then was asked for before it shrank
        self._silent_since = 0.0
        self._timeouts = 0
        self._ping_due = 0.0
        self._owes_stop = bitmap.is_full
        self._stopped_at: float | None = None
        self._speed_began: float | None = None
        self._speed_bytes = 0

    @property
    def is_complete(self) -> bool:
        """Every block is here; whether they are the right ones is still to be seen."""
        return self.bitmap.is_full

    def pause(self) -> None:
        """Asks for no more until ``resume``; what still comes is taken."""
        if not self.is_paused:
            self.is_paused = True
            self.speed = 0.0
            self._take_back()
            self.control.pause()
            self._owes_stop = self._place is not None

    def resume(self) -> None:
        """Goes on where it was, also after a refusal or in another session."""
        self.is_paused = self.is_refused = False
        self._timeouts = 0
        self._take_back()
        if not self.is_complete:
            self._owes_stop = False

    # --- what comes ---

    def receive(self, chunk: Chunk, now: float) -> list[tuple[int, bytes]]:
        """What is new in a chunk, by its first block. PeerError: it cannot be of this file."""
        first, data = chunk.first, chunk.data
        count = -(-len(data) // BLOCK)
        end = first + count
        whole = self.size - first * BLOCK if end == self.bitmap.blocks else count * BLOCK
        if end > self.bitmap.blocks or len(data) != whole:
            raise PeerError("a CHUNK that is not of this file")
        self.control.deliver(len(data), now)
        self._measure(len(data), now)
        newest = self._asked.take(first, count)
        if newest is not None:
            self._silent_since = now
            self._timeouts = 0
            self._note_arrival(*newest, now)
        elif self.is_paused or self.is_complete:
            self._owes_stop = True
        new = self.bitmap.add(first, count)
        if self.is_complete and new:
            self._owes_stop, self._stopped_at = True, None
        if len(new) == 1 and new[0].blocks == count:
            return [(first, data)]
        self._reordering = min(1.0, 1.5 * self._reordering)  # something was given up too early
        return [
            (start, data[(start - first) * BLOCK : (start - first + count) * BLOCK])
            for start, count in new
        ]

    def receive_want(self, want: Want) -> None:
        """A word of the supplier's: with no ranges and no rate, it has nothing of this file."""
        if not want.ranges and not want.rate and not self.is_complete:
            self.is_refused = True
            self.speed = 0.0
            self._take_back()
            self.control.pause()

    def _note_arrival(self, place: int, asked_at: float, now: float) -> None:
        least = self.control.least or 0.0
        if place > self._arrived_to and now - asked_at >= 0.9 * least:
            # sooner, it was the first copy that came late: it says nothing of what else is lost
            self._arrived_to = place
            if self._mark[0] == 0:
                self._mark = (place, now)

    def _measure(self, size: int, now: float) -> None:
        if self._speed_began is None:
            self._speed_began, self._speed_bytes = now, 0
        self._speed_bytes += size
        elapsed = now - self._speed_began
        if elapsed >= 0.5:
            measured = self._speed_bytes / elapsed
            self.speed = measured if not self.speed or elapsed > 2 else (self.speed + measured) / 2
            self._speed_began, self._speed_bytes = now, 0

    # --- what goes out ---

    def frames_due(self, now: float, round_trip: RoundTrip) -> list[bytes]:
        """WANTs for now, and a PING now and then: the rate is made of fresh round trips."""
        if self.is_paused or self.is_complete:
            return self._stop(now)
        if self.is_refused:
            return []
        self._round_trip = round_trip
        self.control.update(now, round_trip)
        if self._asked.blocks:
            self._find_lost(now)
        ranges = self._choose()
        frames = self._ask(ranges, now)
        if now >= self._ping_due:
            trip = round_trip.latest or UNKNOWN_ROUND_TRIP
            self._ping_due = now + max(PING_INTERVAL, trip / 4)
            frames.append(Ping(int(now * 1e6)).encode())  # as sessions stamp theirs
        return frames

    def next_timer(self) -> float | None:
        """When ``frames_due`` has something to say although nothing comes."""
        if self.is_paused or self.is_complete:
            if not self._owes_stop:
                return None
            return 0.0 if self._stopped_at is None else self._stopped_at + STOP_INTERVAL
        if self.is_refused:
            return None
        if not self._asked.blocks:
            return 0.0
        due = min(self._timeout_at(), self._told_at + ASK_AGAIN, self._ping_due)
        round_ends = self.control.next_timer()
        if round_ends is not None:
            due = min(due, round_ends)
        return min(due, self._mark[1] + self._patience()) if self._mark[0] else due

    def _stop(self, now: float) -> list[bytes]:
        is_soon = self._stopped_at is not None and now < self._stopped_at + STOP_INTERVAL
        if not self._owes_stop or is_soon:
            return []
        self._owes_stop, self._stopped_at = False, now
        return [Want(self.file, 1, (), self._place or 0).encode()]

    def _patience(self) -> float:
        smoothed = self._round_trip.smoothed or UNKNOWN_ROUND_TRIP
        return max(SHORTEST_REORDERING, self._reordering * smoothed)

    def _timeout_at(self) -> float:
        trip = self._round_trip
        smoothed = trip.smoothed if trip.smoothed is not None else UNKNOWN_ROUND_TRIP
        variation = trip.variation if trip.variation is not None else UNKNOWN_ROUND_TRIP / 2
        # the supplier paces: at a low rate a chunk takes its time
        pace = 2 * min(self._asked.blocks, 32) * BLOCK / self.control.rate
        first = max(SHORTEST_TIMEOUT, smoothed + 4 * variation) + pace
        grown = first * RESEND_GROWTH**self._timeouts
        return self._silent_since + min(grown, max(first, LONGEST_TIMEOUT))

    def _find_lost(self, now: float) -> None:
        mark, at = self._mark
        if mark and now >= at + self._patience():
            self._lose(self._asked.take_before(mark), now)
            is_news = self._arrived_to > mark
            self._mark = (self._arrived_to, now) if is_news else (0, 0.0)
        if self._asked.blocks and now >= self._timeout_at():
            self._timeouts = min(self._timeouts + 1, 16)
            self._take_back()
            if self._timeouts == SILENT:
                self.control.fall_silent()

    def _lose(self, lost: list[Range], now: float) -> None:
        self._lost.extend(lost)
        self.control.lose(BLOCK * sum(count for _, count in lost))
        if lost and self._is_near and now >= self._near_until:
            self._near_window = max(LEAST_NEAR_WINDOW, self._near_window // 2)
            self._near_until = now + NEAR_PATIENCE

    @property
    def _is_near(self) -> bool:
        return self.control.least is not None and self.control.least < NEAR

    def _take_back(self) -> None:
        """Forgets all that was asked for; a supplier that still has it queued forgets it too."""
        self._asked = Asked()
        self._lost.clear()
        self._fresh = 0
        self._row.clear()
        if self._place is not None:
            self._place += 1  # what does not adjoin begins anew
            self._arrived_to = self._place
        self._mark = (0, 0.0)

    def _choose(self) -> list[Range]:
        """What to ask for now: a good part of the window, or nothing yet."""
        window = self.control.window
        if self._is_near:
            window = min(window, self._near_window)
        window = max(1, window // BLOCK)
        room = window - self._asked.blocks
        if room < window // 8 and self._asked.blocks and not self._lost:
            return []
        ranges: list[Range] = []
        while self._lost and room > 0:
            for first, count in self._missing_of(self._lost.popleft(), room):
                ranges.append(Range(first, count))
                room -= count
        if room > 0:
            fresh = self.bitmap.missing(self._fresh, room)
            if fresh:
                self._fresh = fresh[-1].first + fresh[-1].blocks
            ranges += fresh
        return ranges

    def _missing_of(self, lost: Range, room: int) -> list[Range]:
        """What of a lost range still lacks; beyond ``room``, it goes back to the lost ones."""
        first, end = lost.first, lost.first + lost.blocks
        ranges: list[Range] = []
        for start, count in self.bitmap.missing(first, min(room, lost.blocks)):
            if start >= end:
                break
            first = min(start + count, end)
            ranges.append(Range(start, first - start))
            room -= first - start
        if room == 0 and first < end:
            self._lost.appendleft(Range(first, end - first))
        return ranges

    def _ask(self, ranges: list[Range], now: float) -> list[bytes]:
        rate = self.control.rate
        is_rate_due = abs(rate - self._told_rate) > TELL_RATE * self._told_rate
        if not ranges and not is_rate_due and now < self._told_at + ASK_AGAIN:
            return []
        if self._place is None:
            self._place = int(now * PLACES)
            self._arrived_to = self._place
        if not self._asked.blocks:
            self._silent_since = now
        while self._row and self._row[0][0] + self._row[0][1].blocks <= self._arrived_to:
            self._row.popleft()
        frames: list[bytes] = []
        told = max(1, min(0xFFFFFFFF, int(rate / 1000)))
        new = 0
        for one in ranges:
            self._asked.add(one.first, one.blocks, self._place, now)
            if new == MAX_RANGES:
                frames.append(self._want(told))
                new = 0
            self._row.append((self._place, one))
            self._place += one.blocks
            new += 1
        if self._row:
            frames.append(self._want(told))
        self._told_rate, self._told_at = rate, now
        return frames

    def _want(self, rate: int) -> bytes:
        ranges = tuple(one for _, one in self._row)
        return Want(self.file, rate, ranges, self._row[0][0]).encode()


class Run(NamedTuple):
    """Blocks of a file to send now and at once, in chunks of as many whole ones as fit."""

    file: bytes
    first: int
    blocks: int


@dataclass(slots=True)
class _Supply:
    """A file that is being pulled."""

    size: int
    rate: float  # bytes/s
    wanted_at: float
    allowance: float  # bytes that may go now
    at: float  # when it was that
    place: int  # in the row of all that was asked for: what was sent goes up to here
    end: int  # and what is queued up to here
    first: int  # block that it began with: the lowest one that the peer lacked
    vanished: int = 0  # times that it began anew with that block since something large went out
    is_large: bool = False  # since it began, something went that does not fit into any datagram
    blocks: int = 0  # queued
    queue: deque[Range] = field(default_factory=deque)


class Supplier:
    """The end that has files, in one session: sends what is wanted, paced, each file its share."""

    def __init__(self) -> None:
        self._supplies: dict[bytes, _Supply] = {}  # whose turn it is first
        self._chunk = BLOCK  # bytes that fit into one datagram, as last seen
        self._is_vanishing = False

    def __len__(self) -> int:
        return len(self._supplies)

    def receive(self, want: Want, size: int, now: float) -> None:
        """What the peer wants of a file that it may read. PeerError: more than there is."""
        if not want.ranges:
            self.drop(want.file)
            return
        blocks = block_count(size)
        if any(first + count > blocks for first, count in want.ranges):
            raise PeerError("a WANT beyond the end of its file")
        supply = self._supplies.get(want.file)
        if supply is None or want.place > supply.end:
            supply = self._begin(want, size, now)
        end = want.place + sum(count for _, count in want.ranges)
        if end < supply.end:
            return  # an older one, late
        self._refill(supply, now)
        supply.rate = 1000.0 * max(1, want.rate)
        supply.wanted_at = now
        place = want.place
        for first, count in want.ranges:
            known = min(count, max(0, supply.end - place))
            count -= known
            room = MAX_QUEUED - supply.blocks
            if count and room > 0 and len(supply.queue) < MAX_QUEUED_RANGES:
                taken = min(count, room)
                self._enqueue(supply.queue, first + known, taken)
                supply.blocks += taken
            place += known + count
        supply.end = end

    def _enqueue(self, queue: deque[Range], first: int, blocks: int) -> None:
        """What follows what is queued goes in the same chunks."""
        if queue and queue[-1].first + queue[-1].blocks == first:
            before = queue.pop()
            first, blocks = before.first, before.blocks + blocks
        queue.append(Range(first, blocks))

    def drop(self, file: bytes) -> None:
        """Sends no more of it."""
        self._supplies.pop(file, None)

    def take_vanishing(self) -> bool:
        """Whether large datagrams never arrive although small ones do. It is told once."""
        told, self._is_vanishing = self._is_vanishing, False
        return told

    def frames_due(self, now: float, room: int) -> list[Run]:
        """Which blocks to send now, in datagrams with so many bytes for frames."""
        self._chunk = max(1, (room - CHUNK_OVERHEAD) // BLOCK) * BLOCK
        for file in [
            file for file, supply in self._supplies.items() if now - supply.wanted_at > FORGET_AFTER
        ]:
            del self._supplies[file]
        ready = [
            (file, supply)
            for file, supply in self._supplies.items()
            if supply.blocks and self._ready_at(supply) <= now
        ]
        runs: list[Run] = []
        for file, supply in ready:
            self._refill(supply, now)
            share = min(supply.allowance, MAX_TURN // len(ready))
            count = max(self._chunk, int(share) // self._chunk * self._chunk) // BLOCK
            runs += self._take(file, supply, count)
            self._supplies[file] = self._supplies.pop(file)  # the others come first next time
        return runs

    def next_timer(self) -> float | None:
        """When there is something to send."""
        return min(
            (self._ready_at(supply) for supply in self._supplies.values() if supply.blocks),
            default=None,
        )

    def _begin(self, want: Want, size: int, now: float) -> _Supply:
        before = self._supplies.pop(want.file, None)
        if len(self._supplies) >= MAX_SUPPLIED:
            oldest = min(self._supplies, key=lambda file: self._supplies[file].wanted_at)
            del self._supplies[oldest]
        first = want.ranges[0][0]
        supply = _Supply(size, 1000.0, now, 0.0, now, want.place, want.place, first)
        if before is not None and before.is_large and before.first == first:
            supply.vanished = before.vanished + 1
            if supply.vanished == VANISHED:
                supply.vanished, self._is_vanishing = 0, True
        self._supplies[want.file] = supply
        return supply

    def _take(self, file: bytes, supply: _Supply, count: int) -> list[Run]:
        runs: list[Run] = []
        most = max(self._chunk, RUN_BYTES // self._chunk * self._chunk) // BLOCK
        while count > 0 and supply.queue:
            first, blocks = supply.queue.popleft()
            taken = min(blocks, count, most)
            if taken < blocks:
                supply.queue.appendleft(Range(first + taken, blocks - taken))
            runs.append(Run(file, first, taken))
            supply.blocks -= taken
            supply.allowance -= taken * BLOCK
            supply.is_large |= min(self._chunk, taken * BLOCK) > BLOCK
            count -= taken
        return runs

    def _refill(self, supply: _Supply, now: float) -> None:
        most = max(self._burst(supply), SAVED * supply.rate)
        supply.allowance = min(most, supply.allowance + (now - supply.at) * supply.rate)
        supply.at = now

    def _burst(self, supply: _Supply) -> float:
        """Bytes at a time: at a low rate one datagram, for a chat must not wait behind more."""
        burst = max(self._chunk, min(BURST * supply.rate, MAX_TURN))
        return min(burst, supply.blocks * BLOCK) if supply.blocks else burst

    def _ready_at(self, supply: _Supply) -> float:
        return supply.at + max(0.0, self._burst(supply) - supply.allowance) / supply.rate
