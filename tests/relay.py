"""A man in the middle with real sockets: records, flips, drops, doubles, delays and reorders.

Clients are told the relay's address instead of the server's. It needs no key and knows none.
"""

import heapq
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from typing import Self

Address = tuple[str, int]
_LARGEST = 65535


@dataclass(frozen=True, slots=True)
class Mischief:
    """Shares are of 1, times in seconds, each way."""

    loss: float = 0.0
    duplication: float = 0.0
    corruption: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0  # a datagram takes from delay to delay + jitter, so they overtake


class Relay:
    """Runs on a thread of its own between ``with`` and its end. ``recording``: all it was sent."""

    def __init__(self, server: Address, mischief: Mischief, seed: int = 1) -> None:
        self.recording: list[bytes] = []
        self.mischief = mischief
        self._server = server
        self._random = random.Random(seed)
        self._door = _socket()
        self.address: Address = self._door.getsockname()
        self._ways: dict[Address, socket.socket] = {}  # to the server, one for each client
        self._clients: dict[socket.socket, Address] = {}
        self._late: list[tuple[float, int, socket.socket, Address, bytes]] = []
        self._order = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="relay")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake_writer.send(b"\0")
        self._thread.join()
        self._selector.close()
        for sock in (self._door, *self._ways.values(), self._wake_reader, self._wake_writer):
            sock.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._wake_reader:
                    return
                assert isinstance(key.fileobj, socket.socket)
                self._take(key.fileobj)
            self._send_due()

    def _patience(self) -> float | None:
        return max(0.0, self._late[0][0] - time.monotonic()) if self._late else None

    def _take(self, sock: socket.socket) -> None:
        for _ in range(256):
            try:
                datagram, source = sock.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except ConnectionError:  # nobody is there at the moment
                continue
            self.recording.append(datagram)
            if sock is self._door:
                self._pass_on(datagram, self._way_of(source), self._server)
            else:
                self._pass_on(datagram, self._door, self._clients[sock])

    def _way_of(self, client: Address) -> socket.socket:
        way = self._ways.get(client)
        if way is None:
            way = self._ways[client] = _socket()
            self._clients[way] = client
            self._selector.register(way, selectors.EVENT_READ)
        return way

    def _pass_on(self, datagram: bytes, way: socket.socket, destination: Address) -> None:
        chance, mischief = self._random.random, self.mischief
        if chance() < mischief.loss:
            return
        for _ in range(2 if chance() < mischief.duplication else 1):
            passed = datagram
            if chance() < mischief.corruption:
                flipped = bytearray(datagram)
                flipped[self._random.randrange(len(flipped))] ^= 1 << self._random.randrange(8)
                passed = bytes(flipped)
            self._order += 1
            due = time.monotonic() + mischief.delay + mischief.jitter * chance()
            heapq.heappush(self._late, (due, self._order, way, destination, passed))

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._late and self._late[0][0] <= now:
            _, _, way, destination, datagram = heapq.heappop(self._late)
            try:
                way.sendto(datagram, destination)
            except OSError:  # a full buffer: loss like any other
                continue


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock
