"""The server's door: who may begin a handshake, how many may stand in it, who is told RESET.

Band: cores. Cheapest check first, silent on failure; nothing unauthenticated leaves state behind.
Source: docs/protocol.md.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crypto import x25519_public
from protocol import VERSION, Address, Burst, Init, Reset, RespPayload, Retry
from protocol_guards import AddressBuckets, CookieJar, TokenBucket
from protocol_handshake import SessionKeys, answer_init, reset_token
from records import RememberedSession
from settings import Limits

SAME_INIT = (
    5.0  # s within which the same INIT gets the same RESP, so repeats cost no Diffie-Hellman
)
MAX_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Opened:
    """A handshake answered: the RESP and the new session's keys."""

    resp: bytes
    keys: SessionKeys


@dataclass(frozen=True, slots=True)
class _Cached:
    resp: bytes
    until: float


class Crowd:
    """Sessions that are not in yet, counted by host; bounded, the heaviest host goes first."""

    def __init__(self, limit: int, limit_per_host: int) -> None:
        self._limit = limit
        self._limit_per_host = limit_per_host
        self._hosts: dict[int, str] = {}  # by session id, oldest first
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._hosts)

    def add(self, session_id: int, host: str) -> int | None:
        """Takes a session in; the id of the one that must go for it, if any."""
        evicted: int | None = None
        if self._counts[host] >= self._limit_per_host:
            evicted = next(key for key, other in self._hosts.items() if other == host)
        elif len(self._hosts) >= self._limit:
            heaviest = max(self._counts, key=self._counts.__getitem__)
            evicted = next(key for key, other in self._hosts.items() if other == heaviest)
        if evicted is not None:
            self.discard(evicted)
        self._hosts[session_id] = host
        self._counts[host] += 1
        return evicted

    def discard(self, session_id: int) -> None:
        """Forgets a session; unknown ones are fine."""
        host = self._hosts.pop(session_id, None)
        if host is not None:
            self._counts[host] -= 1
            if not self._counts[host]:
                del self._counts[host]


class Door:
    """Answers INIT with RETRY or RESP, and DATA of unknown sessions with few RESETs."""

    def __init__(
        self,
        limits: Limits,
        *,
        room_name: str,
        room_id: bytes,
        static_private: bytes,
        reset_key: bytes,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.server_key = x25519_public(static_private)
        self._room_name = room_name
        self._room_id = room_id
        self._static_private = static_private
        self._reset_key = reset_key
        self._random_bytes = random_bytes
        self._cookies = CookieJar(random_bytes)
        self._handshakes = TokenBucket(limits.handshakes_in_all, limits.handshakes_in_all)
        self._host_handshakes = AddressBuckets(
            limits.handshakes_per_address, limits.handshake_burst
        )
        self._resets = TokenBucket(limits.resets_in_all, limits.resets_in_all)
        self._host_resets = AddressBuckets(limits.resets_per_address, limits.resets_per_address)
        self._start_resets = limits.start_resets
        self._remembered: deque[RememberedSession] = deque()
        # By client_id and e, oldest first. By the id alone, whoever overhears an INIT could bring
        # one of the same id first and keep its sender out.
        self._cache: dict[tuple[int, bytes], _Cached] = {}

    def receive_init(self, datagram: bytes, address: Address, now: float) -> bytes | Opened | None:
        """RETRY or a repeated RESP as bytes, a new session, or nothing. Raises PeerError."""
        init = Init.decode(datagram)
        if not may_be_answered(address):
            return None
        place = f"{address[0]} {address[1]}".encode()
        if not self._cookies.is_good(init, place, now):
            return Retry(init.client_id, self._cookies.issue(init, place, now)).encode()
        self._forget_cached(now)
        cached = self._cache.get((init.client_id, init.ephemeral))
        if cached is not None:
            return cached.resp
        if not self._host_handshakes.take(address[0], now) or not self._handshakes.take(now):
            return None
        session_id = int.from_bytes(self._random_bytes(8), "big") or 1
        payload = RespPayload(
            session_id,
            self._room_id,
            reset_token(self._reset_key, session_id),
            VERSION,
            self._room_name,
        )
        resp, keys = answer_init(
            init,
            payload,
            static_private=self._static_private,
            server_key=self.server_key,
            random_bytes=self._random_bytes,
        )
        if len(self._cache) < MAX_CACHED:
            self._cache[init.client_id, init.ephemeral] = _Cached(resp, now + SAME_INIT)
        return Opened(resp, keys)

    def _forget_cached(self, now: float) -> None:
        while self._cache:
            oldest = next(iter(self._cache))
            if self._cache[oldest].until > now:
                return
            del self._cache[oldest]

    def remember(self, sessions: Iterable[RememberedSession]) -> None:
        """Sessions of an earlier run of the server: each gets one RESET."""
        self._remembered.extend(sessions)

    @property
    def has_resets(self) -> bool:
        return bool(self._remembered)

    def take_resets(self, interval: float) -> list[Burst]:
        """The RESETs of one interval in seconds, at the pace that the limits set."""
        bursts: list[Burst] = []
        for _ in range(max(1, int(self._start_resets * interval))):
            if not self._remembered:
                break
            session = self._remembered.popleft()
            address = (session.host, session.port)
            if may_be_answered(address):
                bursts.append(Burst(address, [self._reset(session.session_id)]))
        return bursts

    def reset_for(self, session_id: int, address: Address, now: float) -> bytes | None:
        """RESET for a session that we do not know (any more), if the limits allow one."""
        if not may_be_answered(address) or not self._host_resets.take(address[0], now):
            return None
        if not self._resets.take(now):
            return None
        return self._reset(session_id)

    def _reset(self, session_id: int) -> bytes:
        return Reset(session_id, reset_token(self._reset_key, session_id)).encode()


def may_be_answered(address: Address) -> bool:
    """Whether a source address can be one peer's: no port 0, no multicast or broadcast."""
    host, port = address[0], address[1]
    if port == 0:
        return False
    if ":" in host:
        return not host.lower().startswith("ff")
    return int(host.partition(".")[0]) < 224
