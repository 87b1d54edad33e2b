"""What stands between the network and everything that costs: replay window, cookie, allowances,
and the round-trip time that says when to try again.

Band: mechanisms. Imports protocol alone; knows no socket, no session, no clock: ``now`` is
monotonic seconds and comes in as an argument, as random bytes do.
Sources: docs/protocol.md; RFC 6298 (round-trip time); RFC 6479 (replay window).
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from protocol import MAX_NUMBER, Init

# --- what both ends agree on ---

COOKIE_SIZE = 24

# --- tuning ---

REPLAY_WINDOW = 1024  # datagrams: how far the network may reorder before it counts as loss
COOKIE_LIFE = 10  # seconds; a client that can receive answers within one round trip
COOKIE_KEY_LIFE = 60.0  # seconds a key makes cookies; the one before still counts
MAX_ADDRESSES = 4096  # buckets kept at a time: bounds what a flood from many addresses can cost

FIRST_RESEND = 0.15  # seconds, before anything has been measured
SMALLEST_RESEND = 0.02  # seconds; below this a busy interpreter looks like loss
RESEND_GROWTH = 1.5
LONGEST_RESEND = 0.5  # seconds, while anything arrives from the peer: it is loss, not absence
LONGEST_RESEND_IN_SILENCE = 3.0  # seconds
_MOST_GROWTHS = 16  # 20 ms times 1.5^16 is beyond every ceiling; keeps the power from overflowing

_CLOCK_SLACK = 1e-6  # tokens: what adding up floats may have cost since ready_at was computed


class ReplayWindow:
    """Which datagram numbers a session has accepted; older than the window counts as accepted.

    One big integer: bit n stands for the number ``highest - n``.
    """

    __slots__ = ("_bits", "_mask", "_size", "count", "highest")

    def __init__(self, size: int = REPLAY_WINDOW) -> None:
        self._size = size
        self._mask = (1 << size) - 1
        self._bits = 0
        self.highest = -1
        self.count = 0  # accepted so far; with ``highest`` it tells the loss

    def is_new(self, number: int) -> bool:
        """Whether the number may still be accepted. Changes nothing."""
        behind = self.highest - number
        if behind < 0:
            return number < MAX_NUMBER
        return behind < self._size and number >= 0 and not self._bits >> behind & 1

    def mark(self, number: int) -> None:
        """Accepts a number for which ``is_new`` holds, and only after its datagram has opened."""
        ahead = number - self.highest
        if ahead >= self._size:
            self._bits, self.highest = 1, number
        elif ahead > 0:
            self._bits = (self._bits << ahead | 1) & self._mask
            self.highest = number
        else:
            self._bits |= 1 << -ahead
        self.count += 1


class CookieJar:
    """Stateless proofs that whoever sends an INIT can receive at its address.

    key_no u8 | zero 3 | issued u32 (monotonic seconds) | keyed BLAKE2s-128.
    """

    _LAYOUT = struct.Struct(">B3xI16s")
    _COVERED = struct.Struct(">BIQ32sHB")

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._keys: dict[int, bytes] = {}  # by key_no: the newest and the one before
        self._key_no = 0
        self._key_ends = float("-inf")

    def issue(self, init: Init, family_ip_port: bytes, now: float) -> bytes:
        """The cookie that this INIT must bring when it comes again from this address."""
        if now >= self._key_ends:
            self._change_key(now)
        issued = int(now) & 0xFFFFFFFF
        return self._LAYOUT.pack(
            self._key_no, issued, self._mac(self._key_no, issued, init, family_ip_port)
        )

    def is_good(self, init: Init, family_ip_port: bytes, now: float) -> bool:
        """Whether the INIT brings a cookie of ours, for this address, not older than its life."""
        if len(init.cookie) != COOKIE_SIZE or init.cookie[1:4] != b"\0\0\0":
            return False
        key_no, issued, mac = self._LAYOUT.unpack(init.cookie)
        if key_no not in self._keys or (int(now) - issued) & 0xFFFFFFFF > COOKIE_LIFE:
            return False
        return hmac.compare_digest(mac, self._mac(key_no, issued, init, family_ip_port))

    def _change_key(self, now: float) -> None:
        before = self._keys.get(self._key_no)
        kept = {} if before is None else {self._key_no: before}
        self._key_no = (self._key_no + 1) & 0xFF
        self._keys = {**kept, self._key_no: self._random_bytes(32)}
        self._key_ends = now + COOKIE_KEY_LIFE

    def _mac(self, key_no: int, issued: int, init: Init, family_ip_port: bytes) -> bytes:
        covered = self._COVERED.pack(
            key_no, issued, init.client_id, init.ephemeral, init.suite, init.highest_version
        )
        return hashlib.blake2s(
            b"retry" + covered + family_ip_port, digest_size=16, key=self._keys[key_no]
        ).digest()


class TokenBucket:
    """An allowance: ``rate`` tokens a second, at most ``burst`` saved up. Full at first."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None  # until the first look it is full, whatever the clock says

    def level(self, now: float) -> float:
        """Tokens there would be now. Changes nothing."""
        if self._at is None:
            return self._burst
        return min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Takes the cost if it is there; else takes nothing and is False."""
        level = self.level(now)
        if level + _CLOCK_SLACK < cost:
            return False
        self._tokens, self._at = max(0.0, level - cost), now
        return True

    def ready_at(self, now: float, cost: float = 1.0) -> float:
        """When the cost will be there, if nobody takes anything until then."""
        return now + max(0.0, cost - self.level(now)) / self._rate


class AddressBuckets:
    """A token bucket for each address, as many as fit in ``limit``.

    An unused bucket is full again after burst / rate seconds and then forgotten, for a full one
    and a new one are the same. Beyond the limit the one used longest ago goes.
    """

    def __init__(self, rate: float, burst: float, limit: int = MAX_ADDRESSES) -> None:
        self._rate = rate
        self._burst = burst
        self._limit = limit
        self._full_after = burst / rate
        self._buckets: dict[Hashable, _AddressBucket] = {}  # used longest ago first

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, now: float) -> bool:
        """Takes one token of this address if it has one."""
        entry = self._buckets.pop(key, None)
        if entry is None:
            entry = _AddressBucket(TokenBucket(self._rate, self._burst), now)
        entry.used_at = now
        self._buckets[key] = entry
        self._forget(now)
        return entry.bucket.take(now)

    def _forget(self, now: float) -> None:
        while True:
            oldest = next(iter(self._buckets))
            is_full = now - self._buckets[oldest].used_at >= self._full_after
            if not is_full and len(self._buckets) <= self._limit:
                return
            del self._buckets[oldest]


@dataclass(slots=True)
class _AddressBucket:
    bucket: TokenBucket
    used_at: float


class RoundTrip:
    """Round-trip time of one session in seconds, and when to send again (RFC 6298)."""

    __slots__ = ("latest", "minimum", "smoothed", "variation")

    def __init__(self) -> None:
        self.latest: float | None = None
        self.smoothed: float | None = None
        self.variation: float | None = None
        self.minimum: float | None = None

    def sample(self, rtt: float) -> None:
        """Takes one measurement, never of something sent twice (Karn's rule, RFC 6298 §3)."""
        rtt = max(0.0, rtt)
        self.latest = rtt
        if self.smoothed is None or self.variation is None or self.minimum is None:
            self.smoothed, self.variation, self.minimum = rtt, rtt / 2, rtt
            return
        self.variation += (abs(self.smoothed - rtt) - self.variation) / 4
        self.smoothed += (rtt - self.smoothed) / 8
        self.minimum = min(self.minimum, rtt)

    def resend_after(self, tries: int, silent: bool) -> float:
        """Seconds to wait for an answer after sending for the ``tries``-th time again (from 0).

        Grows up to half a second while anything arrives from the peer, up to three in silence,
        but is never shorter than a measured round trip makes sensible.
        """
        first = FIRST_RESEND
        if self.smoothed is not None and self.variation is not None:
            first = max(SMALLEST_RESEND, self.smoothed + 4 * self.variation)
        ceiling = LONGEST_RESEND_IN_SILENCE if silent else LONGEST_RESEND
        grown = first * RESEND_GROWTH ** min(tries, _MOST_GROWTHS)
        return min(grown, max(first, ceiling))
