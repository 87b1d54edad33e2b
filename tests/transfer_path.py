"""A path in virtual time between a Puller and a Supplier, and a TCP that shares it."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeVar

from protocol import BLOCK
from protocol_frames import Chunk, Ping, Want, decode_frames
from protocol_guards import RoundTrip
from transfer import Puller, Supplier
from transfer_blocks import Bitmap, block_count

OVERHEAD = 36 + 28  # of a datagram: our header and seal, UDP and IP
FILE = b"\xf1" * 32

T = TypeVar("T")


class World:
    """What happens when: nothing waits in earnest."""

    def __init__(self) -> None:
        self.now = 100.0
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._order), event))

    def run(self, until: Callable[[], bool], seconds: float) -> None:
        """Raises if ``until`` has not come true by then."""
        ends = self.now + seconds
        while not until():
            assert self._events, "nothing happens any more"
            when, _, event = heapq.heappop(self._events)
            assert when <= ends, "it takes too long"
            self.now = when
            event()

    def run_for(self, seconds: float) -> None:
        ends = self.now + seconds
        while self._events and self._events[0][0] <= ends:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = ends


@dataclass
class Computer:
    """One end: while it dozes, what comes waits in a buffer of so many bytes, or is lost."""

    world: World
    buffer: float = 1e12
    wakes_at: float = 0.0
    _waiting: list[Callable[[], None]] = field(default_factory=list)
    _held: float = 0.0

    def doze(self, seconds: float) -> None:
        """From now on."""
        self.wakes_at = self.world.now + seconds
        self.world.at(self.wakes_at, self._wake)

    def do(self, turn: Callable[[], None], size: int = 0) -> None:
        """At once, or when it wakes; ``size``: of the datagram that is behind it."""
        if self.world.now >= self.wakes_at and not self._waiting:
            turn()
        elif self._held + size <= self.buffer:
            self._held += size
            self._waiting.append(turn)

    def _wake(self) -> None:
        if self.world.now < self.wakes_at:
            return
        waiting, self._waiting, self._held = self._waiting, [], 0.0
        for turn in waiting:
            turn()


@dataclass
class Link:
    """One direction: a queue before a wire of so many bytes a second, then a way of its length."""

    world: World
    bandwidth: float = 1e12
    delay: float = 0.001
    queue: float = 1e12  # bytes
    loss: float = 0.0
    duplication: float = 0.0
    jitter: float = 0.0
    random: Random = field(default_factory=lambda: Random(7))
    free_at: float = 0.0
    dropped: int = 0

    def stop(self, seconds: float) -> None:
        """Carries nothing meanwhile; what comes waits in its queue."""
        self.free_at = max(self.free_at, self.world.now) + seconds

    def send(self, size: int, arrive: Callable[[], None]) -> bool:
        """Whether it found room in the queue."""
        now = self.world.now
        waiting = max(0.0, self.free_at - now) * self.bandwidth
        if waiting + size > self.queue:
            self.dropped += 1
            return False
        self.free_at = max(self.free_at, now) + size / self.bandwidth
        for _ in range(1 + (self.random.random() < self.duplication)):
            if self.random.random() >= self.loss:
                late = self.jitter * self.random.random()
                self.world.at(self.free_at + self.delay + late, arrive)
        return True


class Transfer:
    """A file on its way over two links, as sessions at both ends would carry it."""

    def __init__(
        self,
        world: World,
        there: Link,
        back: Link,
        size: int,
        *,
        content: bytes | None = None,
        bitmap: Bitmap | None = None,
        supplier: Supplier | None = None,
        file: bytes = FILE,
        room: int = 1152,
    ) -> None:
        self.world, self.there, self.back = world, there, back
        self.content, self.room, self.file = content, room, file
        self.puller = Puller(file, size, bitmap or Bitmap(block_count(size)))
        self.supplier = supplier or Supplier()
        self.received: dict[int, bytes] = {}
        self.sent_blocks = 0
        self.arrived_bytes = 0
        self.wants = 0
        self.trips: list[float] = []  # as the pings found them
        self.is_supplied = True
        self.round_trip = RoundTrip()
        self.computers = Computer(world), Computer(world)  # of the puller, of the supplier
        self._wakes = [float("inf"), float("inf")]
        world.at(world.now, self.pull)

    @property
    def assembled(self) -> bytes:
        return b"".join(data for _, data in sorted(self.received.items()))

    def run(self, seconds: float = 60.0) -> None:
        self.world.run(lambda: self.puller.is_complete, seconds)

    def _to(self, end: int, size: int, take: Callable[[T], None], what: T) -> Callable[[], None]:
        """What happens where a datagram arrives."""
        return lambda: self.computers[end].do(lambda: take(what), size)

    def pull(self) -> None:
        for frame in self.puller.frames_due(self.world.now, self.round_trip):
            self.back.send(len(frame) + OVERHEAD, self._to(1, len(frame), self._supplied, frame))
        self._wake(0, self.puller.next_timer(), self.pull)

    def _supplied(self, frame: bytes) -> None:
        if not self.is_supplied:
            return
        now = self.world.now
        (decoded,) = decode_frames(frame)
        if isinstance(decoded, Ping):
            self.there.send(100, self._to(0, 100, self._pong, decoded.stamp))
        elif isinstance(decoded, Want):
            self.wants += 1
            self.supplier.receive(decoded, self.puller.size, now)
            self.supply()

    def _pong(self, stamp: int) -> None:
        self.trips.append(self.world.now - stamp / 1e6)
        self.round_trip.sample(self.trips[-1])
        self.pull()

    def supply(self) -> None:
        whole = (self.room - 39) // BLOCK
        for file, first, blocks in self.supplier.frames_due(self.world.now, self.room):
            assert file == self.file
            self.sent_blocks += blocks
            for start in range(first, first + blocks, whole):
                size = min(whole, first + blocks - start) * BLOCK
                size = min(size, self.puller.size - start * BLOCK)
                begin = start * BLOCK
                data = self.content[begin : begin + size] if self.content else bytes(size)
                chunk = Chunk(file, start, data)
                self.there.send(size + 39 + OVERHEAD, self._to(0, size, self._arrive, chunk))
        self._wake(1, self.supplier.next_timer(), self.supply)

    def _arrive(self, chunk: Chunk) -> None:
        self.arrived_bytes += len(chunk.data)
        for first, data in self.puller.receive(chunk, self.world.now):
            assert first not in self.received
            self.received[first] = data if self.content else b""
        self.pull()

    def _wake(self, end: int, when: float | None, turn: Callable[[], None]) -> None:
        if when is None:
            return
        when = max(when, self.world.now + 1e-5)
        if not self.world.now < self._wakes[end] <= when:
            self._wakes[end] = when

            def wake() -> None:
                if self._wakes[end] == when:
                    self._wakes[end] = float("inf")
                    self.computers[end].do(turn)

            self.world.at(when, wake)


class Tcp:
    """A sender that always has something to send, after CUBIC (RFC 9438), sans retransmission."""

    SEGMENT = 1500

    def __init__(self, world: World, there: Link, back: Link) -> None:
        self.world, self.there, self.back = world, there, back
        self.delivered = 0
        self._window = 10.0
        self._threshold = float("inf")
        self._flight = 0
        self._largest = 0.0
        self._reduced_at = float("-inf")
        self._trip = 0.1
        world.at(world.now, self._fill)

    def _fill(self) -> None:
        while self._flight < self._window:
            self._flight += 1
            sent_at = self.world.now
            trip = self._trip
            if not self.there.send(self.SEGMENT, lambda sent_at=sent_at: self._arrive(sent_at)):  # type: ignore[misc]
                self.world.at(sent_at + trip, lambda sent_at=sent_at: self._miss(sent_at))  # type: ignore[misc]

    def _arrive(self, sent_at: float) -> None:
        self.delivered += self.SEGMENT
        self.back.send(60, lambda: self._acknowledge(sent_at))

    def _acknowledge(self, sent_at: float) -> None:
        self._flight -= 1
        self._trip = self.world.now - sent_at
        if self._window < self._threshold:
            self._window += 1
        else:
            knee = (self._largest * 0.3 / 0.4) ** (1 / 3)
            elapsed = self.world.now - self._reduced_at
            target = 0.4 * (elapsed + self._trip - knee) ** 3 + self._largest
            reno = 0.7 * self._largest + 0.53 * elapsed / self._trip
            target = max(target, reno)
            self._window += max(0.0, min(target - self._window, self._window / 2)) / self._window
        self._fill()

    def _miss(self, sent_at: float) -> None:
        self._flight -= 1
        if sent_at > self._reduced_at:
            self._reduced_at = self.world.now
            self._largest = self._window
            self._window = self._threshold = max(2.0, 0.7 * self._window)
        self._fill()
