"""How sessions and the people behind them come apart: by their own wish, by silence, by force.

Band: cores. Who is present is the members' to know, what is sent the sessions'.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from entering import Step
from protocol import CloseCode
from server_delivery import Delivery
from server_events import HappeningKind
from server_members import Members
from server_peer import Member, Peer
from server_sessions import Sessions


class Partings:
    """Ends presences and the sessions that belong to them."""

    def __init__(
        self,
        members: Members,
        sessions: Sessions,
        delivery: Delivery,
        *,
        wall_clock: Callable[[], int],
    ) -> None:
        self._members = members
        self._sessions = sessions
        self._delivery = delivery
        self._wall_clock = wall_clock

    def take_leave(self, peer: Peer, now: float) -> None:
        """Whoever is behind a session goes by own wish; it stays for last words."""
        if peer.member is not None:
            self._depart(peer.member, HappeningKind.LEFT, now, keep_name=False)
        self._sessions.let_linger(peer, now)

    def expel(self, member: Member, code: CloseCode, kind: HappeningKind, now: float) -> None:
        """By the operator's wish."""
        peer = self._depart(member, kind, now, keep_name=False)
        if peer is not None:
            self._sessions.close(peer, code, now)

    def take_gone(self, now: float) -> None:
        """Ends the presence of those who were silent for too long."""
        for member in self._members.take_gone(now):
            peer = self._depart(member, HappeningKind.GONE, now, keep_name=True)
            if peer is not None:
                self._sessions.drop(peer)

    def part(self, peer: Peer) -> None:
        """The session ends; its person stays present for a while, for another session."""
        if peer.member is not None and peer.member.peer is peer:
            peer.member.heard()
            peer.member.peer = None
        peer.member = None
        self._delivery.forget(peer)

    def _depart(
        self, member: Member, kind: HappeningKind, now: float, *, keep_name: bool
    ) -> Peer | None:
        """Ends somebody's presence; the session they had."""
        peer = member.peer
        self._members.depart(member, kind, now, self._wall_clock(), keep_name=keep_name)
        if peer is not None:
            member.peer, peer.member = None, None
            self._delivery.forget(peer)
            peer.entering.step = Step.LEFT
        return peer
