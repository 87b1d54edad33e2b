"""Arriving on the server: what follows for a session once it is on disk that somebody is here.

Band: cores. Whether somebody may come is decided before; entering and logging in both end here.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from conversation import ROOM
from entering import EnterAnswer, HeldLog, Step
from protocol import CloseCode
from records import RememberedSession, Store
from replication_server import Intake
from server_delivery import Delivery
from server_members import Members
from server_partings import Partings
from server_peer import Member, Peer
from server_people import Admission
from server_rooms import Rooms
from server_sessions import Sessions


class Arrivals:
    """Puts people behind sessions."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        members: Members,
        delivery: Delivery,
        sessions: Sessions,
        partings: Partings,
        *,
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._members = members
        self._delivery = delivery
        self._sessions = sessions
        self._partings = partings
        self._wall_clock = wall_clock

    def remember(self, peer: Peer, at: int) -> None:
        """Where a server that starts again finds this session; into the open transaction."""
        host, port = peer.session.proven_address
        peer.is_remembered = True
        self._store.remember_session(RememberedSession(peer.key, host, port), at)

    def settle(
        self,
        peer: Peer,
        admission: Admission,
        logs: tuple[HeldLog, ...],
        now: float,
        *,
        guest: Member | None = None,
    ) -> EnterAnswer | None:
        """The admission is on disk: what the session is to be told. None if it has ended since.

        ``logs``: what its client holds; ``guest``: who was behind it, and is no more.
        """
        record, stream = admission.record, self._store.stream(admission.stream)
        assert record is not None
        assert stream is not None
        at, step = self._wall_clock(), peer.entering.step
        for other in self._members.settle(admission, peer, now, at, guest=guest):
            self._sessions.close(other, CloseCode.RENEWED, now)
        if step not in (Step.PROVED, Step.ENTERED):
            self._partings.part(peer)  # it ended in this very turn: as with any lost session
            return None
        peer.entering.step = Step.ENTERED
        peer.intake = Intake(admission.stream, stream)
        peer.token_hash = admission.token_hash
        self._sessions.welcome(peer)
        changed = self._follow_room(peer, logs, now)
        peer.session.queue_ping(now)
        return EnterAnswer(
            record.person,
            record.name,
            admission.token,
            admission.has_returned,
            self._members.presences.epoch,
            (self._rooms.offer(ROOM),),
            changed,
            record.is_account,
        )

    def _follow_room(self, peer: Peer, logs: tuple[HeldLog, ...], now: float) -> tuple[int, ...]:
        """Follows the room alone: of all else the client asks. The logs it must begin anew."""
        self._delivery.forget(peer)
        offered = self._rooms.offer(ROOM)
        held = next((log for log in logs if log.conversation == ROOM), None)
        if held is not None and self._rooms.is_same(held):
            self._delivery.follow(peer, ROOM, held.have, now, offered.head)
            return ()
        self._delivery.follow(peer, ROOM, offered.floor, now)
        return (ROOM,) if held is not None else ()
