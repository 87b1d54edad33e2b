"""What the path to a peer is like: how large a datagram it carries, and whether it loses some.

Band: exchanges. Knows no session. Sizes are tried upwards, one probe at a time: a probe is a padded
PING, its PONG is the proof.
Source: RFC 8899 (packetization layer path MTU discovery for datagram transports).
"""

from protocol import HEADER_SIZE, MAX_DATAGRAM, PADDING, TAG_SIZE
from protocol_guards import TokenBucket

SIZES = (MAX_DATAGRAM, 1452, 8952, 61_536)  # Ethernet, jumbo frames, loopback: 60 blocks
MAX_PROBES = 3  # RFC 8899 §5.1.2
PROBE_TIMEOUT = 1.0  # s; more than any sensible round trip, and nobody waits for it
SEARCH_AGAIN = 600.0  # s after a search that ended (RFC 8899 §5.1.1)
SEARCH_AFTER_LOSS = 60.0  # s after a size that was proved stopped working

LOSSY_FOR = 60.0  # s that a path counts as one that loses, after it lost something
ECHO_AFTER = 0.015  # s between a datagram and its echo: a burst of interference seldom takes both
ECHOES = 50.0  # a second
ECHO_BURST = 10.0


class PathSize:
    """The proved size, and when to try the next one. Nothing is sent unless there is need of it."""

    def __init__(self) -> None:
        self.room = room_of(SIZES[0])  # bytes of padded frames that fit
        self._step = 0
        self._probe_stamp: int | None = None
        self._probe_lapses = 0.0
        self._tries = 0
        self._search_from = 0.0

    @property
    def datagram(self) -> int:
        """Bytes of UDP payload that the path is known to carry."""
        return SIZES[self._step]

    def take_probe(self, stamp: int, now: float) -> int | None:
        """There is more to send than fits: the room of a probe to send now, marked by ``stamp``."""
        if self._probe_stamp is not None and now < self._probe_lapses:
            return None
        if now < self._search_from or self._step + 1 == len(SIZES):
            return None
        if self._tries == MAX_PROBES:
            self._end_search(now + SEARCH_AGAIN)
            return None
        self._tries += 1
        self._probe_stamp, self._probe_lapses = stamp, now + PROBE_TIMEOUT
        return room_of(SIZES[self._step + 1])

    def receive_pong(self, stamp: int) -> bool:
        """Whether this PONG proves the size that was tried."""
        if stamp != self._probe_stamp:
            return False
        self._take_step(self._step + 1)
        self._tries, self._probe_stamp = 0, None
        return True

    def shrink(self, now: float) -> None:
        """Large datagrams seem to vanish, or the path is another one: back to what always fits."""
        self._take_step(0)
        self._end_search(now + SEARCH_AFTER_LOSS)

    def _take_step(self, step: int) -> None:
        self._step = step
        self.room = room_of(SIZES[step])

    def _end_search(self, again: float) -> None:
        self._tries, self._probe_stamp, self._search_from = 0, None, again


class Echo:
    """On a path that loses datagrams, one that goes alone goes twice, a moment apart.

    A lost text is missed, asked for and sent again more than a round trip later, and whoever waits
    for it feels that; a second copy costs a hundred bytes. Where much is sent nothing is echoed: a
    path that loses because it is full must not get fuller.
    """

    __slots__ = ("_allowance", "_lossy_until", "_plaintext", "due")

    def __init__(self) -> None:
        self.due: float | None = None
        self._plaintext = b""
        self._lossy_until = float("-inf")
        self._allowance = TokenBucket(ECHOES, ECHO_BURST)

    def notice_loss(self, now: float) -> None:
        """The path just lost something."""
        self._lossy_until = now + LOSSY_FOR

    def take(self, plaintexts: list[bytes], now: float) -> list[bytes]:
        """The echo that is due now or goes along; ``plaintexts``: what is sent now, echoed next."""
        echoes: list[bytes] = []
        if self.due is not None and (plaintexts or self.due <= now):
            echoes, self.due = [self._plaintext], None
        is_small = len(plaintexts) == 1 and len(plaintexts[0]) <= room_of(MAX_DATAGRAM)
        if is_small and now < self._lossy_until and self._allowance.take(now):
            self._plaintext, self.due = plaintexts[0], now + ECHO_AFTER
        return echoes


def room_of(datagram: int) -> int:
    """Bytes of padded frames in a sealed datagram of at most this size."""
    return (datagram - HEADER_SIZE - TAG_SIZE) // PADDING * PADDING
