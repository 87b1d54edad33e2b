"""The sessions of the server, from handshake to last CLOSE: whose time is up, what goes out.

Band: cores. Knows no request and no log; who is behind a session is a field of it and no more.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from deadlines import Deadlines
from entering import Step
from protocol import Address, Burst, CloseCode, Code, PeerError
from protocol_frames import Close
from protocol_requests import Fields
from server_door import Crowd
from server_peer import Peer
from settings import Limits

CLOSE_INTERVALS = (0.1, 0.3)  # s between the three times a CLOSE is sent


class _Timer(NamedTuple):
    kind: str
    key: int  # a session's


class Sessions:
    """Owns the peers. ``serve(peer, now)``: its next request; ``on_end(peer)``: it ends, and hears
    nothing more but CLOSE; ``on_forgotten(peer)``: it is no more, with or without a CLOSE before.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        serve: Callable[[Peer, float], None],
        on_end: Callable[[Peer], None],
        on_forgotten: Callable[[Peer], None],
        is_queued: Callable[[Peer], bool],
    ) -> None:
        self._limits = limits
        self._serve = serve
        self._on_end = on_end
        self._on_forgotten = on_forgotten
        self._is_queued = is_queued  # to be verified, when its turn comes
        self._peers: dict[int, Peer] = {}
        self._adopted: dict[int, Peer] = {}  # which we called; they begin and end elsewhere
        self._outgoing: dict[int, Peer] = {}
        self._loose: list[Burst] = []  # datagrams of no session, or of one that ends
        self._deadlines: Deadlines[_Timer] = Deadlines()
        self._closing: dict[int, CloseCode] = {}  # by session id
        self._half_open = Crowd(limits.half_open, limits.half_open_per_address)
        self._not_entered = Crowd(limits.not_entered, limits.not_entered)

    # --- from the handshake on ---

    def get(self, session_id: int) -> Peer | None:
        """The session that is addressed so."""
        return self._peers.get(session_id)

    def add(self, peer: Peer, host: str, now: float) -> None:
        """A handshake was answered."""
        self._peers[peer.key] = peer
        self._deadlines.set(_Timer("half-open", peer.key), now + self._limits.half_open_timeout)
        self._evict(self._half_open.add(peer.key, host))

    def open_wide(self, peer: Peer, now: float) -> None:
        """Something in it has opened: it is a session of somebody who can receive."""
        peer.is_half_open = False
        self._half_open.discard(peer.key)
        self._deadlines.cancel(_Timer("half-open", peer.key))
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)
        self._evict(self._not_entered.add(peer.key, peer.host))

    def welcome(self, peer: Peer) -> None:
        """It has entered, and somebody is behind it."""
        self._not_entered.discard(peer.key)
        self._deadlines.cancel(_Timer("entering", peer.key))
        if peer.realm or (peer.member is not None and peer.member.is_account):
            self._watch_silence(peer)

    def bear_nameless(self, peer: Peer) -> None:
        """Nobody is behind it any more, and it stays to log in: one of those not entered yet."""
        self._watch_silence(peer)
        self._evict(self._not_entered.add(peer.key, peer.host))

    def _watch_silence(self, peer: Peer) -> None:
        """Guests are gone with their session; others may be heard in another, or are nobody."""
        self._deadlines.set(_Timer("silence", peer.key), self._silence_ends(peer))

    def _silence_ends(self, peer: Peer) -> float:
        limits = self._limits
        patience = limits.away_timeout if peer.realm else limits.gone_timeout
        return peer.session.last_heard + patience

    def _evict(self, session_id: int | None) -> None:
        if session_id is not None:
            self.drop(self._peers[session_id])

    def adopt(self, peer: Peer) -> None:
        """A session that we called, for sending and answering; until ``release``."""
        self._adopted[peer.key] = peer

    def release(self, peer: Peer) -> None:
        """It is over."""
        self._adopted.pop(peer.key, None)
        self._outgoing.pop(peer.key, None)
        for kind in ("serve", "echo"):
            self._deadlines.cancel(_Timer(kind, peer.key))

    # --- while it lives ---

    def wake(self, peer: Peer) -> None:
        """It has something to send."""
        self._outgoing[peer.key] = peer

    def answer(self, peer: Peer, request: int, code: Code, fields: Fields) -> None:
        """The answer to the request that is being served; the next one has a turn of its own."""
        for frame in peer.responder.answer(request, code, fields):
            peer.session.queue(frame)
        self.wake(peer)
        if peer.responder.has_next:
            self._deadlines.set(_Timer("serve", peer.key), 0.0)

    def watch_path(self, peer: Peer, deadline: float) -> None:
        """A new address must have answered by then."""
        self._deadlines.set(_Timer("path", peer.key), deadline)

    def send_loose(self, address: Address, datagram: bytes) -> None:
        """A datagram of no session."""
        self._loose.append(Burst(address, [datagram]))

    def send_bursts(self, bursts: list[Burst]) -> None:
        """Datagrams of no session."""
        self._loose += bursts

    def take_bursts(self, now: float) -> Iterator[Burst]:
        """One peer after the other: memory of what is sent already serves for the next."""
        loose, self._loose = self._loose, []
        outgoing, self._outgoing = self._outgoing, {}
        yield from loose
        for peer in outgoing.values():
            yield from self.send(peer, now)

    def send(self, peer: Peer, now: float) -> Iterator[Burst]:
        """What is queued for one session."""
        yield from peer.session.take_bursts(now)
        if (due := peer.session.echo_due) is not None:
            self._deadlines.set(_Timer("echo", peer.key), due)

    # --- its end ---

    def let_linger(self, peer: Peer, now: float) -> None:
        """Nobody is behind it any more; it stays a while for last words."""
        peer.entering.step = Step.LEFT
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)

    def guard(self, peer: Peer, act: Callable[[], None], now: float) -> None:
        """A peer that breaks the rules ends its own session and nothing else."""
        try:
            act()
        except PeerError:
            if peer.key in self._peers:
                self.close(peer, CloseCode.BROKEN, now)

    def close(self, peer: Peer, code: CloseCode, now: float) -> None:
        """Says CLOSE, three times in all, then forgets the session."""
        if peer.key in self._closing:
            return
        self._on_end(peer)
        peer.entering.step = Step.LEFT
        self._closing[peer.key] = code
        self._say_close(peer, now)
        for tries, wait in enumerate(CLOSE_INTERVALS):
            self._deadlines.set(_Timer(f"close {tries}", peer.key), now + wait)

    def close_all(self, now: float) -> None:
        """The server stops: everybody is told, at once, that it will be back."""
        for peer in self._peers.values():
            if not peer.is_half_open:
                self._closing.setdefault(peer.key, CloseCode.COME_BACK)
                for _ in range(1 + len(CLOSE_INTERVALS)):
                    self._say_close(peer, now)

    def _say_close(self, peer: Peer, now: float) -> None:
        peer.session.queue(Close(self._closing[peer.key]).encode())
        self._loose += peer.session.take_bursts(now)

    def drop(self, peer: Peer) -> None:
        """Forgets a session; one that is forgotten already is fine."""
        key = peer.key
        if self._peers.pop(key, None) is None:
            return
        self._on_end(peer)
        self._closing.pop(key, None)
        self._outgoing.pop(key, None)
        self._half_open.discard(key)
        self._not_entered.discard(key)
        for kind in ("half-open", "entering", "silence", "path", "serve", "close 0", "close 1"):
            self._deadlines.cancel(_Timer(kind, key))
        self._on_forgotten(peer)

    # --- time ---

    def next_timer(self) -> float | None:
        return self._deadlines.next()

    def handle_timer(self, now: float) -> None:
        """Does what is due."""
        for kind, key in self._deadlines.take_due(now):
            peer = self._peers.get(key) or self._adopted.get(key)
            if peer is not None:
                self._handle_deadline(kind, peer, now)

    def _handle_deadline(self, kind: str, peer: Peer, now: float) -> None:
        match kind:
            case "serve":
                self._serve(peer, now)
            case "path":
                peer.session.handle_path_timer(now)
            case "echo":
                self.wake(peer)
            case "close 0":
                self._say_close(peer, now)
            case "close 1":
                self._say_close(peer, now)
                self.drop(peer)
            case "entering" if self._is_waiting_its_turn(peer, now):
                again = peer.session.last_heard + self._limits.entering_timeout
                self._deadlines.set(_Timer("entering", peer.key), again)
            case "entering":
                self.close(peer, CloseCode.IDLE, now)
            case "silence" if now < self._silence_ends(peer):
                self._watch_silence(peer)
            case _:  # half-open, or silent for too long
                self.drop(peer)

    def _is_waiting_its_turn(self, peer: Peer, now: float) -> bool:
        silence = now - peer.session.last_heard
        return self._is_queued(peer) and silence < self._limits.entering_timeout
