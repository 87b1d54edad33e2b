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
    """Ends presences and the sessions of theirs. ``forget(peer)``: nobody is behind it now."""

    def __init__(
        self,
        members: Members,
        sessions: Sessions,
        delivery: Delivery,
        *,
        forget: Callable[[Peer], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._members = members
        self._sessions = sessions
        self._delivery = delivery
        self._forget = forget
        self._wall_clock = wall_clock

    def take_leave(self, peer: Peer, now: float) -> None:
        """Whoever is behind a session goes by own wish; it stays for last words."""
        self._take_off(peer, now)
        self._sessions.let_linger(peer, now)

    def log_out(self, peer: Peer, now: float) -> None:
        """The owner of an account goes by own wish; the session stays, and is nobody's."""
        self._take_off(peer, now)
        peer.intake, peer.token_hash = None, b""
        self._sessions.bear_nameless(peer)

    def expel(self, member: Member, code: CloseCode, kind: HappeningKind, now: float) -> None:
        """By the operator's wish."""
        for peer in self._depart(member, kind, now):
            self._sessions.close(peer, code, now)

    def take_gone(self, now: float) -> None:
        """Ends the presence of those who were silent for too long."""
        for member in self._members.take_gone(now):
            for peer in self._depart(member, HappeningKind.GONE, now):
                self._sessions.drop(peer)

    def end_others(self, peer: Peer, member: Member, now: float) -> None:
        """The other devices of an account's owner must log in again; their tokens are dead."""
        for other in list(member.peers.values()):
            if other is not peer:
                self._sessions.close(other, CloseCode.COME_BACK, now)

    def part(self, peer: Peer) -> None:
        """The session ends; its person stays present for a while, for another session."""
        member, peer.member = peer.member, None
        if member is not None:
            member.heard()
            member.peers.pop(peer.key, None)
        self._delivery.forget(peer)
        self._forget(peer)

    def _take_off(self, peer: Peer, now: float) -> None:
        """This device brings nobody back any more; with the last session, the person goes."""
        member = peer.member
        if member is None:
            return
        if member.is_account:
            self._members.drop_token(peer.token_hash, now)
        self.part(peer)
        if not member.peers:
            self._members.depart(member, HappeningKind.LEFT, now, self._wall_clock())

    def _depart(self, member: Member, kind: HappeningKind, now: float) -> list[Peer]:
        """Ends somebody's presence; the sessions they had."""
        peers = list(member.peers.values())
        for peer in peers:
            self.part(peer)
            peer.entering.step = Step.LEFT
        self._members.depart(member, kind, now, self._wall_clock())
        return peers
