"""Requests on the server: who may ask what when, entering, and the small questions.

Band: cores. Answers that speak of something written go out only when it is on disk.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from functools import partial

from entering import EnterRequest, Step
from protocol import Code, Verb
from protocol_frames import Request
from protocol_requests import Fields, hex_field, number_field
from server_arrivals import Arrivals
from server_conversations import VERBS as CONVERSATION_VERBS
from server_conversations import Conversations
from server_delivery import Delivery
from server_entrance import Entrance
from server_files import VERBS as FILE_VERBS
from server_files import Files
from server_identity import VERBS as IDENTITY_VERBS
from server_identity import Identity
from server_members import Members
from server_partings import Partings
from server_peer import Peer
from server_people import Admission
from server_realm_links import RealmLinks
from server_realms import VERBS as REALM_VERBS
from server_realms import Realms
from server_sessions import Sessions
from server_turn import Turn

MOST_NAMES = 100  # in the answer to LACKING
_TO_COME_IN = frozenset({Verb.CHALLENGE, Verb.LOGIN, Verb.REGISTER})  # whoever knows the password
_FOR_NOBODY = _TO_COME_IN | {Verb.PEOPLE, Verb.EXIT}


class Requests:
    """Serves REQUEST, one at a time for each session."""

    def __init__(
        self,
        members: Members,
        delivery: Delivery,
        turn: Turn,
        sessions: Sessions,
        partings: Partings,
        *,
        entrance: Entrance,
        arrivals: Arrivals,
        identity: Identity,
        conversations: Conversations,
        files: Files,
        realms: Realms,
        links: RealmLinks,
        wall_clock: Callable[[], int],
    ) -> None:
        self._members = members
        self._delivery = delivery
        self._turn = turn
        self._sessions = sessions
        self._partings = partings
        self._entrance = entrance
        self._arrivals = arrivals
        self._identity = identity
        self._conversations = conversations
        self._files = files
        self._realms = realms
        self._links = links
        self._wall_clock = wall_clock
        self._answer = sessions.answer

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
            self._entrance.receive(peer, request, Verb(verb), fields, now)
        elif verb == Verb.ENTER and peer.entering.step is Step.PROVED:
            self._enter(peer, request, fields, now)
        elif verb == Verb.ENTER_REALM and peer.entering.step is Step.PROVED:
            self._links.enter(peer, request, fields, now)
        elif verb not in Verb.__members__.values():
            self._answer(peer, request, Code.UNKNOWN_REQUEST, {})
        elif verb in _TO_COME_IN and peer.entering.step is Step.PROVED:
            self._serve_inside(peer, request, Verb(verb), fields, now)
        elif not peer.has_entered:
            self._answer(peer, request, Code.NOT_ENTERED, {})
        elif peer.member is None and verb not in _FOR_NOBODY:
            self._answer(peer, request, Code.NO_SESSION, {})
        else:
            self._serve_inside(peer, request, Verb(verb), fields, now)

    def _serve_inside(
        self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float
    ) -> None:
        if verb in CONVERSATION_VERBS:
            self._conversations.serve(peer, request, verb, fields, now)
        elif verb in IDENTITY_VERBS:
            self._identity.serve(peer, request, verb, fields, now)
        elif verb in FILE_VERBS:
            self._files.serve(peer, request, verb, fields)
        elif verb in REALM_VERBS:
            self._realms.serve(peer, request, verb, fields, now)
        elif verb is Verb.EXIT:
            self._exit(peer, request, now)
        elif verb is Verb.PEOPLE:
            self._answer(peer, request, *self._people(fields))
        elif verb is Verb.LACKING:
            self._answer(peer, request, *self._lacking(peer, fields))
        else:  # ENTER again, or what realms ask of each other
            self._answer(peer, request, Code.BAD_REQUEST, {})

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
        names = sorted(member.name for member in lacking)
        return Code.OK, {"names": list(names[:MOST_NAMES]), "count": len(names)}

    # --- coming and going ---

    def _enter(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        wish = EnterRequest.decode(fields)
        at = self._wall_clock()
        admission: Admission | None = None

        def decide() -> None:
            nonlocal admission
            admission = self._members.enter(wish, peer.session.proven_address, now, at)
            if admission.code is Code.OK:
                self._arrivals.remember(peer, at)

        if not self._turn.attempt(decide, now) or admission is None:
            if admission is not None:
                self._members.undo(admission)
            self._answer(peer, request, Code.DISK_FULL, {})
        elif admission.code is not Code.OK:
            self._answer(peer, request, admission.code, admission.fields)
        else:
            self._turn.when_undone(partial(self._undo_enter, peer, request, admission))
            self._turn.when_kept(partial(self._end_enter, peer, request, wish, admission))

    def _undo_enter(self, peer: Peer, request: int, admission: Admission, _: float) -> None:
        self._members.undo(admission)
        self._answer(peer, request, Code.DISK_FULL, {})

    def _end_enter(
        self, peer: Peer, request: int, wish: EnterRequest, admission: Admission, now: float
    ) -> None:
        answer = self._arrivals.settle(peer, admission, wish.logs, now)
        if answer is not None:
            self._answer(peer, request, Code.OK, answer.encode())

    def _exit(self, peer: Peer, request: int, now: float) -> None:
        self._partings.take_leave(peer, now)
        # On a full disk too: the person is gone either way.
        self._turn.when_settled(lambda _: self._answer(peer, request, Code.OK, {}))
