"""Frames about the way a session runs on: round trips, keepalives, addresses.

Band: cores. What a keepalive tells of heads and receipts is asked of whoever knows them.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from conversation import PEOPLE
from protocol import Address
from protocol_frames import Heads, PathChallenge, PathResponse, Ping, Pong
from server_delivery import Delivery
from server_peer import Peer
from server_presence import Presences

LinkFrame = Ping | Pong | PathChallenge | PathResponse


class Links:
    """Serves PING, PONG and the frames of paths. ``moved(peer, now)``: it is elsewhere now."""

    def __init__(
        self,
        presences: Presences,
        delivery: Delivery,
        *,
        wake: Callable[[Peer], None],
        moved: Callable[[Peer, float], None],
    ) -> None:
        self._presences = presences
        self._delivery = delivery
        self._wake = wake
        self._moved = moved

    def receive(self, peer: Peer, frame: LinkFrame, address: Address, now: float) -> None:
        """Answers it, or takes from it what it tells."""
        session = peer.session
        match frame:
            case Ping():
                self._receive_ping(peer, frame, now)
            case Pong():
                session.receive_pong(frame, now)
                smoothed = session.round_trip.smoothed
                if peer.member is not None and smoothed is not None:
                    self._presences.set_round_trip(peer.member.person, smoothed)
            case PathChallenge():
                session.receive_path_challenge(frame, address)
                self._wake(peer)
            case _:  # PathResponse
                session.receive_path_response(frame, address)
                if peer.member is not None and peer.member.address != session.proven_address:
                    peer.member.address = session.proven_address
                    self._moved(peer, now)

    def _receive_ping(self, peer: Peer, ping: Ping, now: float) -> None:
        session = peer.session
        session.receive_ping(ping)
        peer.responder.age(now)
        if peer.has_entered:
            session.queue_ping(now)  # its PONG gives us the round trip
        if peer.realm:
            self._delivery.queue_heads(peer)
        elif peer.has_entered:
            session.queue(Heads(((PEOPLE, self._presences.version),)).encode())
            self._delivery.queue_heads(peer)
            self._delivery.queue_reached(peer)
        self._wake(peer)
