"""Requests on the server: who may ask what when, entering, and the small questions.

Band: cores. Answers that speak of something written go out only when it is on disk.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from functools import partial

from entering import EnterAnswer, EnterRequest, Step
from protocol import CloseCode, Code, Verb
from protocol_frames import Request
from protocol_requests import Fields, hex_field, number_field
from records import RememberedSession, Store
from replication_server import Intake
from server_delivery import Delivery
from server_entrance import Entrance
from server_members import Members
from server_partings import Partings
from server_peer import Peer
from server_people import Admission
from server_rooms import Rooms
from server_sessions import Sessions
from server_turn import Turn

MOST_NAMES = 100  # in the answer to LACKING


class Requests:
    """Serves REQUEST, one at a time for each session."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        members: Members,
        delivery: Delivery,
        turn: Turn,
        sessions: Sessions,
        partings: Partings,
        *,
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
        on_wrong_password: Callable[[Peer, float], None],
        guard: Callable[[Peer, Callable[[], None], float], None],
    ) -> None:
        self.entrance = Entrance(
            random_bytes=random_bytes,
            answer=self._answer,
            on_wrong_password=on_wrong_password,
            guard=guard,
        )
        self._store = store
        self._rooms = rooms
        self._members = members
        self._delivery = delivery
        self._turn = turn
        self._sessions = sessions
        self._partings = partings
        self._wall_clock = wall_clock

    def receive(self, peer: Peer, request: Request, now: float) -> None:
        """Raises PeerError for a request that cannot be."""
        for frame in peer.responder.receive(request):
            peer.session.queue(frame)
            self._sessions.wake(peer)
        self.serve(peer, now)

    def serve(self, peer: Peer, now: float) -> None:
        """The session's next request, if none is being served. Raises PeerError."""
        waiting = peer.responder.next_request()
        if waiting is None:
            return
        request, verb, fields = waiting
        if verb in (Verb.PAKE1, Verb.PAKE2):
            self.entrance.receive(peer, request, Verb(verb), fields, now)
        elif verb == Verb.ENTER and peer.entering.step is Step.PROVED:
            self._enter(peer, request, fields, now)
        elif verb not in Verb.__members__.values():
            self._answer(peer, request, Code.UNKNOWN_REQUEST, {})
        elif peer.entering.step is not Step.ENTERED:
            self._answer(peer, request, Code.NOT_ENTERED, {})
        else:
            self._serve_member(peer, request, Verb(verb), fields, now)

    def _serve_member(
        self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float
    ) -> None:
        match verb:
            case Verb.EXIT:
                self._exit(peer, request, now)
            case Verb.PEOPLE:
                self._answer(peer, request, *self._people(fields))
            case Verb.LACKING:
                self._answer(peer, request, *self._lacking(peer, fields))
            case _:
                self._answer(peer, request, Code.BAD_REQUEST, {})

    def _answer(self, peer: Peer, request: int, code: Code, fields: Fields) -> None:
        for frame in peer.responder.answer(request, code, fields):
            peer.session.queue(frame)
        self._sessions.wake(peer)
        if peer.responder.has_next:
            self._sessions.serve_again(peer)

    # --- questions ---

    def _people(self, fields: Fields) -> tuple[Code, Fields]:
        epoch = int.from_bytes(hex_field(fields, "epoch", 8), "big")
        start = int.from_bytes(hex_field(fields, "start", 8), "big")
        return self._members.presences.answer(epoch, number_field(fields, "after"), start)

    def _lacking(self, peer: Peer, fields: Fields) -> tuple[Code, Fields]:
        conversation = number_field(fields, "conversation")
        if conversation not in peer.feeds:
            return Code.NOT_A_MEMBER, {}
        lacking = self._delivery.lacking(conversation, number_field(fields, "number"))
        names = sorted(other.member.name for other in lacking if other.member is not None)
        return Code.OK, {"names": list(names[:MOST_NAMES]), "count": len(names)}

    # --- entering ---

    def _enter(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        wish = EnterRequest.decode(fields)
        at = self._wall_clock()
        admission: Admission | None = None

        def decide() -> None:
            nonlocal admission
            admission = self._members.enter(wish, peer.session.proven_address, now, at)
            if admission.code is Code.OK:
                self.remember(peer, at)

        if not self._turn.attempt(decide, now) or admission is None:
            if admission is not None:
                self._members.undo(admission)
            self._answer(peer, request, Code.DISK_FULL, {})
        elif admission.code is not Code.OK:
            self._answer(peer, request, admission.code, admission.fields)
        else:
            self._turn.when_undone(partial(self._undo_enter, peer, request, admission))
            self._turn.when_kept(partial(self._end_enter, peer, request, wish, admission))

    def remember(self, peer: Peer, at: int) -> None:
        """Where a server that starts again finds this session."""
        host, port = peer.session.proven_address
        self._store.remember_session(RememberedSession(peer.key, host, port), at)

    def _undo_enter(self, peer: Peer, request: int, admission: Admission, _: float) -> None:
        self._members.undo(admission)
        self._answer(peer, request, Code.DISK_FULL, {})

    def _end_enter(
        self, peer: Peer, request: int, wish: EnterRequest, admission: Admission, now: float
    ) -> None:
        record, stream = admission.record, self._store.stream(wish.stream)
        assert record is not None
        assert stream is not None
        before = self._members.settle(admission, peer, now, self._wall_clock())
        if before is not None:
            self._sessions.close(before, CloseCode.RENEWED, now)
        if peer.entering.step is not Step.PROVED:
            self._partings.part(peer)  # it ended in this very turn: as with any lost session
            return
        peer.entering.step = Step.ENTERED
        peer.intake = Intake(wish.stream, stream)
        offered = self._rooms.offer(record.person)
        held = {log.conversation: log for log in wish.logs}
        changed = [log for log in held.values() if not self._rooms.is_same(log)]
        for log in offered:
            mine = held.get(log.conversation)
            if mine is None or mine in changed:
                self._delivery.follow(peer, log.conversation, log.floor, now)
            else:
                self._delivery.follow(peer, log.conversation, mine.have, now, log.head)
        answer = EnterAnswer(
            record.person,
            record.name,
            admission.token,
            admission.has_returned,
            self._members.presences.epoch,
            offered,
            tuple(log.conversation for log in changed),
        )
        self._answer(peer, request, Code.OK, answer.encode())
        peer.session.queue_ping(now)
        self._sessions.welcome(peer)

    def _exit(self, peer: Peer, request: int, now: float) -> None:
        self._partings.take_leave(peer, now)

        def answer(_: float) -> None:  # on a full disk too: the person is gone either way
            self._answer(peer, request, Code.OK, {})

        self._turn.when_kept(answer)
        self._turn.when_undone(answer)
