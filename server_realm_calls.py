"""Calling another realm: its key, its room's password, our key's proof; and calling again.

Band: cores. Knows one realm and one session at a time. Whose record it is, and what is said once
the link stands, is for whoever made the call.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from auth import derive_prs
from crypto import x25519
from entering import ClientEntering, FalseServerError, Step
from protocol import Address, Burst, CloseCode, Code, PeerError, RespPayload, RunJob, Verb
from protocol_frames import Close, Frame, Response
from protocol_link import Link, LinkState
from protocol_requests import Answer, Fields, number_field
from protocol_session import Session
from realms import RealmRequest, prove_key
from records import RealmRecord
from server_peer import Peer
from server_realm_peer import RealmPeer
from settings import Limits

ANSWER_TIMEOUT = 15.0  # s without an answer while entering; proofs may wait for their turn
FIRST_PAUSE = 2.0  # s before an unanswered call is made again, doubling
LONGEST_PAUSE = 60.0
FIRST_REFUSED_PAUSE = 5.0  # s before a call is made again that was refused or broken, doubling
LONGEST_REFUSED_PAUSE = 300.0


class CallState(Enum):
    """How far a call has come."""

    RESTING = auto()  # there is no need for it
    CALLING = auto()  # the handshake, or a pause; what the password gives is worked out
    PROVING = auto()  # the password, then the key
    STANDING = auto()


@dataclass(frozen=True, slots=True)
class Ourselves:
    """What we show of us."""

    key: bytes
    static_private: bytes = field(repr=False)
    room_name: str
    password: str = field(repr=False)  # tried where no other is given


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call came to nothing."""

    code: Code
    fields: Fields


UNREACHABLE = Refusal(Code.REALM_UNREACHABLE, {})


@dataclass(frozen=True, slots=True)
class _Derivation:
    work: Callable[[], object]
    is_wanted: Callable[[], bool]
    end: Callable[[object, float], None]


class Derivations:
    """What passwords give for rooms: worked out one after the other, and only while it is wanted.

    However many calls begin and end, one piece of work at a time stands before the worker: another
    realm cannot make it pile up there.
    """

    def __init__(self, run: RunJob) -> None:
        self._run = run
        self._waiting: deque[_Derivation] = deque()
        self._is_busy = False

    def add(
        self,
        work: Callable[[], object],
        is_wanted: Callable[[], bool],
        end: Callable[[object, float], None],
    ) -> None:
        """``end`` gets the result later, or never if nobody wants it by then."""
        self._waiting.append(_Derivation(work, is_wanted, end))
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and not self._is_busy:
            derivation = self._waiting.popleft()
            if derivation.is_wanted():
                self._is_busy = True
                self._run(derivation.work, partial(self._end, derivation))

    def _end(self, derivation: _Derivation, result: object, now: float) -> None:
        self._is_busy = False
        if derivation.is_wanted():
            derivation.end(result, now)
        self._go_on()


@dataclass(frozen=True, slots=True)
class Calls:
    """What a call makes its owner do.

    ``met(call, key, now)``: whether this is the realm to go on with; ``stands``: it has
    entered, and can be opened; ``lost``: what was opened stands no more; ``refused``: nothing came
    of it, and it is tried again after a pause unless it is ended; ``receive``, ``pinged``: frames
    and keepalives of one that was opened; ``turned``: it has fallen silent, or answers again.
    """

    met: Callable[["Call", bytes, float], bool]
    stands: Callable[["Call", float], None]
    lost: Callable[["Call", RealmPeer, float], None]
    refused: Callable[["Call", Refusal, float], None]
    receive: Callable[[RealmPeer, Frame, float], None]
    pinged: Callable[[RealmPeer, float], None]
    turned: Callable[[float], None]
    derivations: Derivations


class Call:
    """The link to one address, of a realm that has a record or (in a trial) has none yet."""

    def __init__(
        self,
        calls: Calls,
        ourselves: Ourselves,
        address: Address,
        *,
        record: RealmRecord | None = None,
        password: str | None = None,
        random_bytes: Callable[[int], bytes],
        limits: Limits,
    ) -> None:
        self._calls = calls
        self._ourselves = ourselves
        self.address = address
        self.record = record
        self.key = b""  # of who is there, once it has answered
        self.room_id = record.room_id if record is not None else b""
        self.prs = record.prs if record is not None else b""  # for the room ``room_id``
        self._password = ourselves.password if password is None else password
        self._random_bytes = random_bytes
        self.room_name = ""
        self.state = CallState.RESTING
        self._peer: RealmPeer | None = None  # once it was opened
        self._session: Session | None = None  # that stands
        self._was_alive = False
        self._entering: ClientEntering | None = None
        self._deadline: float | None = None  # of a silent realm while proving
        self._unanswered_calls = 0  # since there was an answer
        self._refusals = 0  # since it stood for long
        self._stood_at = 0.0
        self._pause: float | None = None  # before the next call; None: nothing has ended
        self._refusal: Refusal | None = None  # to be told
        self._link = Link(
            random_bytes=random_bytes,
            limits=limits,
            open_session=self._meet,
            session_ready=self._prove,
            receive_frame=self._receive,
            closed=self._closed,
            unanswered=self._unanswered,
            pinged=self._pinged,
        )

    # --- beginning and ending ---

    def start(self, now: float) -> None:
        """Calls at once, unless it does already."""
        if self._link.state in (LinkState.IDLE, LinkState.PAUSED):
            self.state = CallState.CALLING
            self._link.connect(self.address, now)

    def rest(self, code: CloseCode, now: float) -> None:
        """Ends what stands or is under way, with a CLOSE."""
        self.state, self._deadline = CallState.RESTING, None
        self._link.disconnect(code, now)
        self._look(now)

    @property
    def stands(self) -> bool:
        """Whether it has entered."""
        return self._session is not None

    @property
    def is_alive(self) -> bool:
        """Whether it stands and the other end answers."""
        return self.stands and not self._link.is_silent

    def ask_whether_it_lives(self, now: float) -> None:
        """There is doubt about it."""
        self._link.ask_whether_it_lives(now)

    def expect_answer(self, now: float) -> None:
        """It was sent something: if nothing comes, it is soon asked whether it is there."""
        self._link.expect_answer(now)

    def become(self, calls: Calls, record: RealmRecord) -> None:
        """The trial is over: this is the realm's."""
        self._calls, self.record = calls, record

    def open(self) -> RealmPeer | None:
        """What stands serves from now on; None: it is gone already."""
        session, record = self._session, self.record
        if session is None or record is None:
            return None
        peer = Peer(session, session.server_key)
        peer.is_half_open, peer.entering.step, peer.realm = False, Step.ENTERED, record.realm
        requester = self._link.requester
        self._was_alive = True
        self._peer = RealmPeer(record.realm, record.name, peer, requester, is_called=False)
        return self._peer

    def break_off(self, now: float) -> None:
        """What came cannot be: says so, and waits longer each time."""
        self._link.disconnect(CloseCode.BROKEN, now)
        self._refuse(Refusal(Code.BAD_REQUEST, {}), now)
        self._look(now)

    # --- the session's way ---

    def _meet(self, payload: RespPayload, key: bytes, now: float) -> bool:
        self._unanswered_calls = 0
        self.room_name = payload.room_name
        if not self._calls.met(self, key, now):
            self._pause_refused(now)
            return False
        self.key = key
        if self.room_id == payload.room_id:
            return True
        if self.record is not None:  # it is for another room; ours is no guess to give away
            self._refuse(Refusal(Code.WRONG_PASSWORD, {}), now)
            return False
        self.room_id, self.prs = payload.room_id, b""
        return True

    def _prove(self, now: float) -> None:
        session = self._link.session
        assert session is not None
        if not self.prs:
            self._deadline = None
            derive = partial(derive_prs, self._password, self.room_id)
            self._calls.derivations.add(derive, partial(self._awaits, session), self._derived)
            return
        self._entering = ClientEntering(
            handshake_hash=session.handshake_hash,
            server_key=session.server_key,
            prs=self.prs,
            random_bytes=self._random_bytes,
        )
        self.state = CallState.PROVING
        self._ask(*self._entering.first(), now)

    def _awaits(self, session: Session) -> bool:
        """Whether this is still the session that cannot go on without what is worked out."""
        return self._link.session is session and self.state is CallState.CALLING

    def _derived(self, result: object, now: float) -> None:
        assert isinstance(result, bytes)
        self.prs = result
        self._prove(now)

    def _ask(self, verb: Verb, fields: Fields, now: float) -> None:
        self._deadline = now + ANSWER_TIMEOUT
        self._link.requester.ask(verb, fields, now)

    def _receive_answer(self, answer: Answer, now: float) -> None:
        """While entering. Raises PeerError."""
        if answer.code is not Code.OK:
            self._link.disconnect(CloseCode.EXIT, now)
            self._refuse(Refusal(answer.code, answer.fields), now)
        elif answer.verb is Verb.ENTER_REALM:
            self._stand(now)
        else:
            assert self._entering is not None
            self._ask(*(self._entering.receive(answer) or self._show_key()), now)

    def _show_key(self) -> tuple[Verb, Fields]:
        session = self._link.session
        assert session is not None
        shared = x25519(self._ourselves.static_private, session.server_key)
        proof = prove_key(shared, session.handshake_hash)
        wish = RealmRequest(self._ourselves.key, proof, self._ourselves.room_name)
        return Verb.ENTER_REALM, wish.encode()

    def _stand(self, now: float) -> None:
        self.state, self._deadline, self._stood_at = CallState.STANDING, None, now
        self._session = self._link.session
        self._calls.stands(self, now)

    # --- inwards ---

    @property
    def receive_id(self) -> int:
        """By which the realm addresses us; 0: nothing is expected."""
        return self._link.receive_id

    @property
    def lost_id(self) -> int:
        """By which the realm says that it has lost our session; 0: there is none."""
        return self._link.send_id

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Never raises."""
        self._link.receive_datagram(datagram, address, now)
        self._look(now)

    def _receive(self, frame: Frame, now: float) -> None:
        """A frame that is not the link's. What cannot be ends the session and nothing else."""
        try:
            if self._peer is not None and self._session is self._link.session:
                self._calls.receive(self._peer, frame, now)
            elif isinstance(frame, Response):
                answer = self._link.requester.receive(frame)
                if answer is not None:
                    self._receive_answer(answer, now)
        except FalseServerError:
            self._link.disconnect(CloseCode.EXIT, now)
            self._refuse(Refusal(Code.WRONG_PASSWORD, {}), now)
        except PeerError:
            self.break_off(now)

    def _pinged(self, now: float) -> None:
        if self._peer is not None:
            self._calls.pinged(self._peer, now)

    def _closed(self, close: Close, now: float) -> None:
        self._link.disconnect(CloseCode.EXIT, now)
        match close.code:
            case CloseCode.BROKEN:
                self._refuse(Refusal(Code.BAD_REQUEST, {}), now)
            case CloseCode.KICKED | CloseCode.BANNED:
                self._refuse(Refusal(Code.NOT_ALLOWED, {}), now)
            case _:
                self._pause, self._refusal = FIRST_PAUSE, UNREACHABLE

    def _unanswered(self, _: float) -> None:
        self._pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._unanswered_calls, 10))
        self._unanswered_calls += 1
        self._refusal = UNREACHABLE

    def _refuse(self, refusal: Refusal, now: float) -> None:
        wait = 0.0
        if refusal.code is Code.TOO_MANY_GUESSES:
            wait = min(60.0, number_field(refusal.fields, "wait")) + 0.5
        self._pause_refused(now, wait)
        self._refusal = refusal

    def _pause_refused(self, now: float, wait: float = 0.0) -> None:
        """At least ``wait``: that is what they say, and it may be nothing each time."""
        if self._has_stood_long(now):
            self._refusals = 0
        longest = LONGEST_REFUSED_PAUSE
        pause = min(longest, FIRST_REFUSED_PAUSE * 2 ** min(self._refusals, 10))
        self._pause = max(pause, wait)
        self._refusals += 1

    def _has_stood_long(self, now: float) -> bool:
        return self._session is not None and now - self._stood_at > LONGEST_REFUSED_PAUSE

    def _look(self, now: float) -> None:
        """After anything: whether what stood is gone, whether to call again, and what to tell."""
        pause, self._pause = self._pause, None
        refusal, self._refusal = self._refusal, None
        if self._session is not None and self._session is not self._link.session:
            self._lose(now, is_refused=pause is not None)
        elif self._peer is not None and self._was_alive is not self.is_alive:
            self._was_alive = self.is_alive
            self._calls.turned(now)
        if self.state is CallState.RESTING or self._link.session is not None:
            return
        is_ended_trial = self.record is None and self.key
        if refusal is None and (self.state is CallState.PROVING or is_ended_trial):
            refusal = UNREACHABLE  # it has forgotten us, or talked nonsense
        self.state, self._deadline = CallState.CALLING, None
        if pause is not None:
            self._link.reconnect(now, after=pause)
        if refusal is not None:
            self._calls.refused(self, refusal, now)

    def _lose(self, now: float, *, is_refused: bool) -> None:
        if not is_refused and self._has_stood_long(now):
            self._refusals = 0
        peer, self._peer, self._session = self._peer, None, None
        if peer is not None:
            self._calls.lost(self, peer, now)

    # --- time, outwards ---

    def next_timer(self) -> float | None:
        dues = (self._link.next_timer(), self._deadline)
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        self._link.handle_timer(now)
        if self._deadline is not None and self._deadline <= now:
            self._deadline = None
            self._link.disconnect(CloseCode.EXIT, now)
            self._refuse(UNREACHABLE, now)
        self._look(now)

    def take_bursts(self, now: float) -> list[Burst]:
        """All there is to send."""
        return self._link.take_bursts(now)
