"""A network that exists in a heap: virtual clock, seeded weather, addresses, cuts and a recording.

It knows nodes, not cores: a node is whatever has a name, an address and takes datagrams. What the
nodes are is in simulator.py. The same seed and the same calls give the same run, byte for byte.
"""

import hashlib
import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from protocol import DatagramType

Address = tuple[str, int]

START = 1_000.0  # monotonic seconds when a simulation begins: nothing may rely on a clock from 0
_SHARED = DatagramType.DATA_TO_SERVER  # types from here on are sealed data, below is handshake


@dataclass(frozen=True, slots=True)
class Weather:
    """What the network does to a datagram; shares are of 1, times in seconds, each way."""

    loss: float = 0.0
    longest_burst: int | None = None  # never more than so many lost in a row, per direction
    duplication: float = 0.0
    reordering: float = 0.0  # share that comes late by ``reorder_delay``
    reorder_delay: float = 0.04
    corruption: float = 0.0  # of sealed datagrams
    handshake_corruption: float = 0.0  # of the others
    delay: float = 0.001
    jitter: float = 0.0  # the delay is anything from delay - jitter to delay + jitter


@dataclass(frozen=True, slots=True)
class Sent:
    """One datagram as it left; ``place`` counts from 1 over the whole run."""

    place: int
    at: float
    source: Address
    destination: Address
    datagram: bytes


class Node(Protocol):
    """Something with an address."""

    name: str
    address: Address

    def arrive(self, datagram: bytes, source: Address) -> None: ...


Filter = Callable[[Sent], list[bytes]]  # what travels on instead of it: nothing, it, two of it …


@dataclass(slots=True)
class _Direction:
    """From one node to another: how many were lost in a row."""

    lost_in_row: int = 0


@dataclass(slots=True)
class Cuts:
    """Who cannot be heard, and who cannot hear."""

    silent: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    sides: dict[str, int] = field(default_factory=dict)  # of a partition; others are on side 0

    def separate(self, source: str, destination: str) -> bool:
        """Whether nothing gets through from one to the other."""
        return (
            source in self.silent
            or destination in self.deaf
            or self.sides.get(source, 0) != self.sides.get(destination, 0)
        )


class Network:
    """Carries datagrams between nodes on a virtual clock.

    ``recording`` holds all that was sent if ``record`` is set; the trace is always kept. ``mtu`` is
    the largest datagram that gets through; ``oversized`` counts by destination those that did not.
    """

    def __init__(self, seed: int | str, weather: Weather, *, record: bool = False) -> None:
        self.now = START
        self.weather = weather
        self.cuts = Cuts()
        self.filters: list[Filter] = []
        self.recording: list[Sent] = []
        self.mtu = random.Random(f"mtu {seed}").choice((1200, 1452, 8952, 65_507))
        self.oversized: Counter[Address] = Counter()
        self.sent = 0
        self.delivered = 0
        self._record = record
        self._random = random.Random(f"network {seed}")
        self._heap: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = 0
        self._nodes: dict[Address, Node] = {}
        self._directions: dict[tuple[str, str], _Direction] = {}
        self._trace = hashlib.blake2b(digest_size=16)

    # --- time ---

    def at(self, time: float, action: Callable[..., None], *arguments: object) -> None:
        """Does something at an instant (now, if that has passed), after all planned for it."""
        self._order += 1
        heapq.heappush(self._heap, (max(time, self.now), self._order, action, arguments))

    def after(self, seconds: float, action: Callable[..., None], *arguments: object) -> None:
        """Does something so much later."""
        self.at(self.now + seconds, action, *arguments)

    def run_until(self, end: float, is_over: Callable[[], bool] | None = None) -> None:
        """Lets time pass up to ``end``, or until a claim holds, which is looked at 100 times a
        second."""
        next_look = self.now
        heap = self._heap
        while heap and heap[0][0] <= end:
            time, _, action, arguments = heapq.heappop(heap)
            self.now = time
            action(*arguments)
            if is_over is not None and time >= next_look:
                if is_over():
                    return
                next_look = time + 0.01
        self.now = end

    # --- addresses ---

    def place(self, node: Node) -> None:
        """The node can be reached at its address from now on."""
        self._nodes[node.address] = node

    def move(self, node: Node, address: Address) -> None:
        """The node's datagrams come from a new address; what goes to the old one is lost."""
        self.remove(node)
        node.address = address
        self.place(node)

    def remove(self, node: Node) -> None:
        """Nobody is at the node's address any more."""
        if self._nodes.get(node.address) is node:
            del self._nodes[node.address]

    # --- datagrams ---

    def send(
        self, sender: str, source: Address, destination: Address, datagrams: list[bytes]
    ) -> None:
        """Takes datagrams out of a node, as one call would."""
        for datagram in datagrams:
            self.sent += 1
            self._trace.update(b"%.9f %d " % (self.now, destination[1]) + datagram)
            sent = None
            if self._record or self.filters:
                sent = Sent(self.sent, self.now, source, destination, datagram)
                if self._record:
                    self.recording.append(sent)
            if self.filters and sent is not None:
                for changed in self._filtered(sent):
                    self._carry(sender, source, destination, changed)
            else:
                self._carry(sender, source, destination, datagram)

    def copy(self, datagram: bytes, source: Address, destination: Address) -> None:
        """An attacker near the destination brings a datagram before any other can arrive."""
        if len(datagram) <= self.mtu:
            self.at(self.now, self._deliver, "an attacker", datagram, source, destination)

    def trace(self) -> str:
        """Sums up all that was ever sent, when, where and in which order."""
        return self._trace.hexdigest()

    def _filtered(self, sent: Sent) -> list[bytes]:
        travelling = [sent.datagram]
        for change in list(self.filters):
            travelling = [
                changed
                for datagram in travelling
                for changed in change(replace(sent, datagram=datagram))
            ]
        return travelling

    def _carry(self, sender: str, source: Address, destination: Address, datagram: bytes) -> None:
        if len(datagram) > self.mtu:
            self.oversized[destination] += 1
            return
        weather, chance = self.weather, self._random.random
        if weather.loss and self._is_lost(sender, destination):
            return
        copies = 2 if weather.duplication and chance() < weather.duplication else 1
        for _ in range(copies):
            travelling = datagram
            is_data = len(datagram) > 3 and datagram[3] >= _SHARED
            corruption = weather.corruption if is_data else weather.handshake_corruption
            if corruption and chance() < corruption:
                travelling = self._flip(datagram)
            time = weather.delay
            if weather.jitter:
                time += weather.jitter * (2 * chance() - 1)
            if weather.reordering and chance() < weather.reordering:
                time += weather.reorder_delay
            self.at(
                self.now + max(0.0, time),
                self._deliver,
                sender,
                travelling,
                source,
                destination,
            )

    def _is_lost(self, sender: str, destination: Address) -> bool:
        # By host, since a node that changes its port has not changed its luck.
        direction = self._directions.setdefault((sender, destination[0]), _Direction())
        longest = self.weather.longest_burst
        is_spared = longest is not None and direction.lost_in_row >= longest
        if self._random.random() < self.weather.loss and not is_spared:
            direction.lost_in_row += 1
            return True
        direction.lost_in_row = 0
        return False

    def _flip(self, datagram: bytes) -> bytes:
        """One bit or one whole byte is wrong, or the end is missing."""
        place = self._random.randrange(len(datagram))
        if self._random.random() < 0.1:
            return datagram[:place]
        wrong = self._random.choice((1, 2, 4, 8, 16, 32, 64, 128, 255))
        return datagram[:place] + bytes([datagram[place] ^ wrong]) + datagram[place + 1 :]

    def _deliver(self, sender: str, datagram: bytes, source: Address, destination: Address) -> None:
        node = self._nodes.get(destination)
        if node is None or self.cuts.separate(sender, node.name):
            return
        self.delivered += 1
        node.arrive(datagram, source)
