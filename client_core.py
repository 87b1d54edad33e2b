"""What a client does, sans I/O: enter, keep copies of logs, deliver drafts, come back by itself.

Band: cores. Commands come in, datagrams and events go out; time and chance are arguments.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from auth import NameInvalid, derive_prs, normalise_name
from client_events import (
    AskLacking,
    ChooseName,
    ChoosePassword,
    Command,
    Connection,
    ConnectionChanged,
    Ended,
    EndReason,
    Entered,
    Event,
    Join,
    KeyChanged,
    KeySeen,
    LackingTold,
    LoadOlder,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    ReachedChanged,
    RunChanged,
    Say,
    ShowTyping,
)
from client_link import Link, LinkState
from client_logs import Logs
from client_people import PeopleCopy
from conversation import PEOPLE
from entering import (
    ClientEntering,
    EnterAnswer,
    EnterRequest,
)
from protocol import (
    Address,
    Burst,
    CloseCode,
    Code,
    Job,
    PeerError,
    RespPayload,
    Verb,
)
from protocol_frames import (
    Close,
    EntryPart,
    Frame,
    Heads,
    Posted,
    Reached,
    Refused,
    Response,
    Typing,
)
from protocol_requests import Answer, list_field, number_field
from protocol_session import Session
from settings import Limits
from settings_client import Run

TYPING_INTERVAL = 3.0  # s
ENTER_TIMEOUT = 10.0  # s without a word of the server while entering
EXIT_TIMEOUT = 2.0  # s for the answer to EXIT
COME_BACK_AFTER = 0.5  # s after a server said that it stops
QUEUE_PATIENCE = 15.0  # s since it was heard, while our proof waits for its turn; PINGs go each 10
LOST_GRACE = 1.0  # s in which we may be back before the user is told that we were not here


class _Phase(Enum):
    """How far the user has come."""

    IDLE = auto()
    GREETING = auto()  # handshake, key and password's scrypt
    PROVING = auto()
    ENTERING = auto()
    ASKING = auto()  # for another name or password
    DELAYED = auto()  # too many wrong passwords
    HERE = auto()


class ClientCore:
    """The client. Owned by the network thread."""

    def __init__(
        self, *, random_bytes: Callable[[int], bytes], limits: Limits | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._events: deque[Event] = deque()
        self._jobs: deque[Job] = deque()
        self._next_job = 1
        self._link = Link(
            random_bytes=random_bytes,
            limits=limits or Limits(),
            open_session=self._open_session,
            receive_frame=self._receive_frame,
            session_ready=self._session_ready,
            closed=self._receive_close,
            unanswered=self._unanswered,
        )
        self._phase = _Phase.IDLE
        self._shown: Connection | None = None
        self._shown_round_trip: float | None = None
        self._gone_since: float | None = None  # not here, and not shown so
        self._address: Address = ("", 0)
        self._password = ""
        self._name: str | None = ""
        self._pinned: bytes | None = None
        self._prs: dict[bytes, bytes] = {}  # by room id, for the password as it is now
        self._deriving: dict[int, bytes] = {}  # room id by job
        self._room_id = b""
        self._room_name = ""
        self._entering: ClientEntering | None = None
        self._once = b""
        self._deadline: float | None = None  # of ENTERING's silence, DELAYED's end
        self._person = 0
        self._token = b""
        self._logs = Logs(random_bytes(16), self._events.append)
        self._reached: dict[int, int] = {}  # receipts told, by conversation
        self._people = PeopleCopy()
        self._people_asked = False
        self._lacking: dict[int, AskLacking] = {}  # by request
        self._is_run_changed = False
        self._last_typing = float("-inf")
        self._leaving_by: float | None = None
        self._exit_by: float | None = None
        self.is_done = False

    # --- the driver's verbs ---

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Never raises, whatever the bytes."""
        self._link.receive_datagram(datagram, address, now)

    def handle_command(self, command: Command, now: float) -> None:
        """The user's wish."""
        match command:
            case Join():
                self._join(command, now)
            case ChooseName():
                self._name = command.name
                self._try_again(now)
            case ChoosePassword():
                self._password = command.password
                self._prs.clear()
                self._try_again(now)
            case Say():
                self._logs.say(command)
            case LoadOlder():
                self._logs.load_older(command, now)
            case ShowTyping():
                self._show_typing(command, now)
            case AskLacking():
                self._ask_lacking(command, now)
            case _:  # Leave
                self._leaving_by = now + command.patience

    def handle_result(self, key: int, result: object, now: float) -> None:
        """The password's scrypt is done."""
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, bytes)
        room_id = self._deriving.pop(key)
        self._prs[room_id] = result
        if self._phase is _Phase.GREETING and room_id == self._room_id:
            self._prove(now)

    def next_timer(self) -> float | None:
        dues = [self._link.next_timer(), self._deadline, self._leaving_by, self._exit_by]
        if self._phase is _Phase.HERE and self._link.session is not None:
            dues.append(self._logs.next_timer())
        if self._gone_since is not None:
            dues.append(self._gone_since + LOST_GRACE)
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        self._link.handle_timer(now)
        if self._deadline is not None and self._deadline <= now:
            self._end_wait(now)

    def bursts_to_send(self, now: float) -> list[Burst]:
        """Ends the turn: what is due goes out, together with what was queued."""
        self._go_on_leaving(now)
        if self._phase is _Phase.HERE and self._link.session is not None:
            self._queue_due(self._link.session, now)
        self._show_connection(now)
        if self._is_run_changed or self._logs.is_outbox_changed:
            self._is_run_changed = self._logs.is_outbox_changed = False
            self._events.append(RunChanged(self._run()))
        return self._link.take_bursts(now)

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def next_job(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None

    # --- coming in ---

    def _join(self, join: Join, now: float) -> None:
        self._address, self._password, self._name = join.address, join.password, join.name
        self._pinned = join.pinned_key
        if join.resume is not None:
            self._token, self._person = join.resume.token, join.resume.person
            self._logs.resume(join.resume)
        self._phase = _Phase.GREETING
        self._link.connect(join.address, now)

    def _open_session(self, payload: RespPayload, server_key: bytes, now: float) -> bool:
        """Whether this is the server we know, or the first we meet here."""
        if self._pinned is not None and server_key != self._pinned:
            self._events.append(KeyChanged(self._pinned, server_key))
            self._end(EndReason.KEY_CHANGED)
            return False
        if not self._room_name:
            self._events.append(
                KeySeen(server_key, payload.room_name, is_pinned=self._pinned is not None)
            )
        self._room_id, self._room_name = payload.room_id, payload.room_name
        self._phase = _Phase.GREETING
        self._people_asked = False
        self._lacking.clear()
        self._deadline = now + ENTER_TIMEOUT
        if payload.room_id not in {*self._prs, *self._deriving.values()}:
            derive = partial(derive_prs, self._password, payload.room_id)
            self._jobs.append(Job(self._next_job, derive))
            self._deriving[self._next_job] = payload.room_id
            self._next_job += 1
        return True

    def _session_ready(self, now: float) -> None:
        if self._room_id in self._prs:
            self._prove(now)

    def _prove(self, now: float) -> None:
        session = self._link.session
        if session is None:
            return
        self._entering = ClientEntering(
            handshake_hash=session.handshake_hash,
            server_key=session.server_key,
            prs=self._prs[self._room_id],
            random_bytes=self._random_bytes,
        )
        self._phase = _Phase.PROVING
        self._link.requester.ask(*self._entering.first(), now)

    def _enter(self, now: float) -> None:
        name: str | None = None  # whoever comes back by token has one
        try:
            name = normalise_name(self._name or "")
        except NameInvalid as invalid:
            if not self._token:
                reason = invalid.reason.value
                self._ask(NameRefused(self._name or "", Code.NAME_INVALID, reason), now)
                return
        self._phase = _Phase.ENTERING
        self._once = self._once or self._random_bytes(16)
        request = EnterRequest(
            self._once,
            self._logs.outbox.stream,
            name,
            self._token or None,
            self._logs.held(),
        )
        self._link.requester.ask(Verb.ENTER, request.encode(), now)

    def _try_again(self, now: float) -> None:
        """After the user chose: a fresh handshake, since the server waits 20 s for nobody."""
        if self._phase in (_Phase.ASKING, _Phase.DELAYED):
            self._phase = _Phase.GREETING
            self._deadline = None
            self._link.connect(self._address, now)

    def _ask(self, event: NameRefused | PasswordRefused, now: float) -> None:
        self._events.append(event)
        self._phase = _Phase.ASKING
        self._deadline = None
        self._link.disconnect(CloseCode.EXIT, now)

    def _receive_answer(self, answer: Answer, now: float) -> None:
        match answer.verb:
            case Verb.PAKE1 | Verb.PAKE2:
                self._receive_proof(answer, now)
            case Verb.ENTER:
                self._receive_enter(answer, now)
            case Verb.PEOPLE:
                self._receive_people(answer, now)
            case Verb.LACKING:
                self._receive_lacking(answer)
            case _:  # EXIT
                self._exit_by = now

    def _receive_proof(self, answer: Answer, now: float) -> None:
        if answer.code is Code.WRONG_PASSWORD:
            self._ask(PasswordRefused(), now)
        elif answer.code is Code.TOO_MANY_GUESSES:
            wait = min(60, number_field(answer.fields, "wait")) + 0.5
            self._events.append(PasswordDelayed(wait))
            self._phase, self._deadline = _Phase.DELAYED, now + wait
            self._link.disconnect(CloseCode.EXIT, now)
        elif answer.code is not Code.OK:
            self._refused(now)
        else:
            assert self._entering is not None
            try:
                step = self._entering.receive(answer)
            except PeerError:  # no proof, or a share that is none
                self._end(EndReason.FALSE_SERVER)
                return
            self._deadline = now + ENTER_TIMEOUT
            if step is None:
                self._enter(now)
            else:
                self._link.requester.ask(*step, now)

    def _receive_enter(self, answer: Answer, now: float) -> None:
        if answer.code is Code.OK:
            self._here(EnterAnswer.decode(answer.fields), now)
            return
        self._once = b""
        if answer.code in (Code.NAME_TAKEN, Code.NAME_INVALID):
            reason = answer.fields.get("reason")
            text = reason if isinstance(reason, str) else ""
            self._ask(NameRefused(self._name or "", answer.code, text), now)
        elif answer.code is Code.STREAM_IN_USE:
            self._logs.begin_stream(self._random_bytes(16))
            self._enter(now)
        elif answer.code is Code.TOKEN_UNKNOWN:
            self._forget_token()
            self._enter(now)
        elif answer.code is Code.BANNED:
            until, why = answer.fields.get("until"), answer.fields.get("reason")
            self._end(
                EndReason.BANNED,
                why if isinstance(why, str) else "",
                until if isinstance(until, int) else 0,
            )
        else:
            self._refused(now)

    def _refused(self, now: float) -> None:
        """Full, or its disk is: who was here already tries again by itself."""
        self._deadline = None
        if self._token:
            self._link.reconnect(now, after=5.0)
        else:
            self._end(EndReason.REFUSED)

    def _here(self, answer: EnterAnswer, now: float) -> None:
        session = self._link.session
        assert session is not None
        self._phase, self._deadline = _Phase.HERE, None
        self._once = b""
        self._person, self._name, self._token = answer.person, answer.name, answer.token
        self._pinned = session.server_key
        self._events.append(
            Entered(
                answer.person,
                answer.name,
                self._room_name,
                session.server_key,
                has_returned=answer.has_returned,
            )
        )
        self._logs.enter(answer.person, answer.name, answer.logs, answer.changed, now)
        for conversation in answer.changed:
            self._reached.pop(conversation, None)
        self._ask_people(now)
        self._is_run_changed = True

    # --- being here ---

    def _receive_frame(self, frame: Frame, now: float) -> None:
        session = self._link.session
        assert session is not None
        if self._phase not in (_Phase.ENTERING, _Phase.HERE) and not isinstance(frame, Response):
            return  # it has not proved that it knows the password
        match frame:
            case Response():
                answer = self._link.requester.receive(frame)
                if answer is not None:
                    self._receive_answer(answer, now)
            case EntryPart() if frame.conversation == PEOPLE:
                self._receive_change(frame, now)
            case Heads(numbers) if self._people.is_missing(dict(numbers).get(PEOPLE, 0)):
                self._ask_people(now)  # their last change was lost, and no later one showed it
                self._logs.receive(frame, now, session.round_trip)
            case Posted() | Refused() | EntryPart() | Heads():
                self._logs.receive(frame, now, session.round_trip)
            case Typing():
                if self._logs.has(frame.conversation) and self._people.is_known(frame.person):
                    self._events.append(PersonTyping(frame.conversation, frame.person))
            case Reached():
                self._receive_reached(frame)
            case _:
                raise PeerError("a frame only clients send")

    def _receive_reached(self, frame: Reached) -> None:
        """A receipt that the network brings late takes nothing back."""
        for conversation, number in frame.numbers:
            if self._logs.has(conversation) and number > self._reached.get(conversation, 0):
                self._reached[conversation] = number
                self._events.append(ReachedChanged(conversation, number))

    def _queue_due(self, session: Session, now: float) -> None:
        if self._logs.outbox.is_stuck:
            session.path_size.shrink(now)
        frames = self._logs.frames_due(now, session.round_trip, self._link.is_silent)
        if frames:
            self._link.expect_answer(now)
        in_company = bool(frames) or session.has_frames
        for frame in frames + self._logs.reports_due(now, in_company=in_company):
            session.queue(frame)

    # --- what the user does ---

    def _show_typing(self, command: ShowTyping, now: float) -> None:
        if self._phase is _Phase.HERE and now - self._last_typing >= TYPING_INTERVAL:
            self._last_typing = now
            self._link.queue(Typing(command.conversation).encode())

    def _ask_lacking(self, command: AskLacking, now: float) -> None:
        if self._phase is _Phase.HERE:
            request = self._link.requester.ask(
                Verb.LACKING,
                {"conversation": command.conversation, "number": command.number},
                now,
            )
            self._lacking[request] = command

    def _receive_lacking(self, answer: Answer) -> None:
        asked = self._lacking.pop(answer.request, None)
        if asked is not None and answer.code is Code.OK:
            names = [name for name in list_field(answer.fields, "names") if isinstance(name, str)]
            count = number_field(answer.fields, "count")
            self._events.append(LackingTold(asked.conversation, asked.number, tuple(names), count))

    def _ask_people(self, now: float) -> None:
        if not self._people_asked:
            self._people_asked = True
            self._link.requester.ask(Verb.PEOPLE, self._people.question(), now)

    def _receive_people(self, answer: Answer, now: float) -> None:
        self._people_asked = False
        if answer.code not in (Code.OK, Code.SNAPSHOT):
            return
        if self._people.receive_answer(answer.code, answer.fields):
            self._events.append(PeopleReplaced(self._people.all()))
        else:
            self._ask_people(now)

    def _receive_change(self, part: EntryPart, now: float) -> None:
        person = self._people.receive_change(part.number, part.body)
        if person is not None:
            self._events.append(PersonChanged(person))
        elif self._people.is_missing(part.number):
            self._ask_people(now)

    # --- leaving ---

    def _go_on_leaving(self, now: float) -> None:
        if self._exit_by is not None:
            if self._exit_by <= now:
                self._link.disconnect(CloseCode.EXIT, now)
                self._end(EndReason.LEFT)
            return
        if self._leaving_by is None:
            return
        can_say_so = self._phase is _Phase.HERE and self._link.session is not None
        if can_say_so and self._logs.is_all_said:
            self._link.requester.ask(Verb.EXIT, {}, now)
            self._exit_by, self._leaving_by = now + EXIT_TIMEOUT, None
            self._forget_token()
        elif self._leaving_by <= now or (self._logs.is_all_said and not self._token):
            if self._logs.is_all_said:
                self._forget_token()
                self._link.disconnect(CloseCode.EXIT, now)
            self._end(EndReason.LEFT)

    def _forget_token(self) -> None:
        self._token = b""
        self._is_run_changed = True

    def _end(self, reason: EndReason, text: str = "", until: int = 0) -> None:
        if not self.is_done:
            self.is_done = True
            self._deadline = self._leaving_by = self._exit_by = None
            self._events.append(Ended(reason, text, until))

    def _run(self) -> Run | None:
        if not self._token:
            return None
        kept = self._logs.kept
        return Run(
            kept.stream,
            self._token,
            self._person,
            self._name or "",
            kept.next_draft,
            self._logs.waiting(),
        )

    # --- losing the server ---

    def _unanswered(self, now: float) -> None:
        """An attempt ended without an answer; whoever was never in is told so."""
        if not self._token and self._phase is _Phase.GREETING:
            self._end(EndReason.UNREACHABLE)

    def _end_wait(self, now: float) -> None:
        self._deadline = None
        if self._phase is _Phase.DELAYED:
            self._try_again(now)
            return
        session = self._link.session
        if self._phase is _Phase.PROVING and session is not None:
            patience = session.last_heard + QUEUE_PATIENCE
            if now < patience:
                self._deadline = patience
                return
        self._phase = _Phase.GREETING
        self._link.reconnect(now)

    def _receive_close(self, close: Close, now: float) -> None:
        match close.code:
            case CloseCode.KICKED:
                self._forget_token()
                self._end(EndReason.KICKED, close.text)
            case CloseCode.BANNED:
                self._forget_token()
                self._end(EndReason.BANNED, close.text)
            case CloseCode.RENEWED:
                self._end(EndReason.ELSEWHERE, close.text)
            case _ if self._exit_by is not None:
                self._exit_by = now
            case CloseCode.COME_BACK:
                self._link.reconnect(now, after=COME_BACK_AFTER)
            case _:
                self._link.reconnect(now, after=1.0)

    def _show_connection(self, now: float) -> None:
        connection, session = self._connection(now), self._link.session
        round_trip = session.round_trip.smoothed if session is not None else None
        if connection is None:
            return
        if connection is not self._shown or (
            connection is Connection.HERE and _is_noticeable(self._shown_round_trip, round_trip)
        ):
            self._shown, self._shown_round_trip = connection, round_trip
            self._events.append(ConnectionChanged(connection, round_trip))

    def _connection(self, now: float) -> Connection | None:
        if self._phase in (_Phase.IDLE, _Phase.ASKING):
            self._gone_since = None
            return None
        is_open = self._link.state is LinkState.OPEN and not self._link.is_silent
        if self._phase is _Phase.HERE and is_open:
            self._gone_since = None
            return Connection.HERE
        if self._shown is Connection.HERE and not self._link.is_silent:
            self._gone_since = now if self._gone_since is None else self._gone_since
            if now < self._gone_since + LOST_GRACE:
                return None
        self._gone_since = None
        if self._shown in (Connection.HERE, Connection.LOST):
            return Connection.LOST
        return Connection.ENTERING if is_open else Connection.CONNECTING


def _is_noticeable(before: float | None, now: float | None) -> bool:
    """Whether a round trip changed by more than a quarter and a millisecond."""
    if now is None or before is None:
        return now is not None
    return abs(now - before) > max(0.001, before / 4)
