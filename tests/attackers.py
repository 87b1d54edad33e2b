"""Attackers with real sockets in 127.0.0.0/8: floods at a stated rate, and what comes back.

A flood runs on a thread of its own, so that honest people can be watched meanwhile.
"""

import os
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Self

from protocol import Address, DatagramType, Init, Resp, Retry, encode_data_header

_STEP = 0.005  # s between two handfuls of datagrams
_TICKS = os.sysconf("SC_CLK_TCK")
RATE = 10_000  # datagrams a second


class Attacker:
    """One socket with an address of its own."""

    def __init__(self, server: Address, host: str = "127.0.0.66") -> None:
        self.server = server
        self.received: list[bytes] = []
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._sock.setblocking(False)
        self._sock.bind((host, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def send(self, datagrams: Sequence[bytes]) -> int:
        """As many as the kernel takes at once."""
        sent = 0
        for datagram in datagrams:
            try:
                self._sock.sendto(datagram, self.server)
            except OSError:
                continue
            sent += 1
        return sent

    def receive(self, seconds: float) -> None:
        """Takes what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._sock], [], [], left)[0]:
                self._take_waiting()

    def _take_waiting(self) -> None:
        while True:
            try:
                self.received.append(self._sock.recv(65_535))
            except (BlockingIOError, ConnectionError):
                return

    def cookies(self, inits: Sequence[Init]) -> list[bytes]:
        """The same INITs, each with the cookie that the server gave for it."""
        by_id = {init.client_id: init for init in inits}
        for start in range(0, len(inits), 50):
            self.send([init.encode() for init in inits[start : start + 50]])
            self.receive(0.05)
        retries = [Retry.decode(d) for d in self.received if d[3] == DatagramType.RETRY]
        self.received.clear()
        return [
            Init(retry.client_id, by_id[retry.client_id].ephemeral, retry.cookie).encode()
            for retry in retries
        ]


class Flood:
    """While in the with block, and for ``seconds`` at least, datagrams pour at a server."""

    def __init__(
        self, attacker: Attacker, datagrams: Sequence[bytes], seconds: float, rate: int = RATE
    ) -> None:
        self.sent = self.sent_bytes = 0
        self.seconds = 0.0
        self._attacker = attacker
        self._datagrams = datagrams
        self._least = seconds
        self._rate = rate
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flood")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        begin = time.monotonic()
        place, count = 0, len(self._datagrams)
        size = max(1, int(self._rate * _STEP))
        while (passed := time.monotonic() - begin) < self._least or not self._is_over.is_set():
            handful = [self._datagrams[(place + at) % count] for at in range(size)]
            place += size
            self.sent += self._attacker.send(handful)
            self.sent_bytes += sum(map(len, handful))
            next_at = begin + (place / size) * _STEP
            self._attacker.receive(max(0.0005, min(_STEP, next_at - time.monotonic())))
            self.seconds = passed
        self._attacker.receive(0.3)

    @property
    def received(self) -> list[bytes]:
        """All that came back."""
        return self._attacker.received

    def received_bytes(self) -> int:
        return sum(map(len, self.received))

    def kinds(self) -> Counter[int]:
        """How many of each type came back."""
        return Counter(datagram[3] for datagram in self.received)

    def handshakes(self) -> int:
        """How many INITs got a session."""
        resps = [d for d in self.received if d[3] == DatagramType.RESP]
        return len({Resp.decode(resp).client_id for resp in resps})


def strange_inits(chance: Random, count: int) -> list[Init]:
    """INITs that nothing is wrong with but that they bring no cookie."""
    return [Init(chance.getrandbits(63) + 1, chance.randbytes(32), bytes(24)) for _ in range(count)]


def with_bad_cookies(chance: Random, count: int) -> list[bytes]:
    """Half of them bring none, half one of somebody's invention."""
    inits = strange_inits(chance, count)
    return [
        Init(init.client_id, init.ephemeral, chance.choice((bytes(24), b"\x01\0\0\0" + bytes(20))))
        .encode()
        for init in inits
    ]  # fmt: skip


def forged_data(chance: Random, session_ids: Callable[[int], int], count: int) -> list[bytes]:
    """Datagrams under given ids, sealed with nothing."""
    return [
        encode_data_header(
            DatagramType.DATA_TO_SERVER, session_ids(turn), chance.choice((turn, 2**31 + turn))
        )
        + chance.randbytes(chance.choice((16, 32, 112)))
        for turn in range(count)
    ]


def memory_of(process: int) -> int:
    """Resident bytes."""
    pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds_of(process: int) -> float:
    """User and system time of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
