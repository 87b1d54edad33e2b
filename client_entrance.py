"""From a session to being somebody: the server's key, the room's password, a name or a token.

Band: cores. Owns who we are and how far we have come; what one is in for is the core's business.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from auth import NameInvalid, derive_prs, normalise_name
from client_events import (
    ChooseName,
    ChoosePassword,
    EndReason,
    Event,
    Join,
    KeyChanged,
    KeySeen,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
)
from client_logs import Logs
from conversation import ROOM
from entering import ONCE_SIZE, STREAM_SIZE, ClientEntering, EnterAnswer, EnterRequest
from protocol import Address, CloseCode, Code, PeerError, RespPayload, RunJob, Verb
from protocol_link import Link
from protocol_requests import Answer, number_field

ENTER_TIMEOUT = 10.0  # s without a word of the server while entering
QUEUE_PATIENCE = 15.0  # s since it was heard, while our proof waits for its turn; PINGs go each 10


class Phase(Enum):
    """How far the user has come."""

    IDLE = auto()
    GREETING = auto()  # handshake, key and password's scrypt
    PROVING = auto()
    PROVED = auto()  # what is asked before entering is answered now
    ENTERING = auto()
    ASKING = auto()  # for another name or password, or nobody again: no session
    DELAYED = auto()  # too many wrong passwords
    HERE = auto()
    NOBODY = auto()  # logged out; the session lives


@dataclass(frozen=True, slots=True)
class Calls:
    """What entering makes the core do."""

    report: Callable[[Event], None]
    run: RunJob
    has_early: Callable[[], bool]  # whether there is something to ask before entering
    is_logging_out: Callable[[], bool]  # perhaps it happened, and the answer was lost
    logged_out: Callable[[float], None]
    entered: Callable[[EnterAnswer, float], None]
    token_changed: Callable[[], None]
    end: Callable[[EndReason, str, int], None]


class Entrance:
    """The way in, again for each session."""

    def __init__(
        self, link: Link, logs: Logs, calls: Calls, *, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._link = link
        self._logs = logs
        self._calls = calls
        self._random_bytes = random_bytes
        self.phase = Phase.IDLE
        self.deadline: float | None = None  # of a silent server; DELAYED's end
        self.person = 0
        self.name = ""
        self.token = b""
        self.is_account = False
        self.room_name = ""
        self._wants_name = False  # was told so, or has logged out
        self._wants_password = False  # was told so
        self._address: Address = ("", 0)
        self._password = ""
        self._pinned: bytes | None = None
        self._room_id = b""
        self._prs: dict[bytes, bytes] = {}  # by room id, for the password as it is now
        self._deriving: set[bytes] = set()  # room ids
        self._entering: ClientEntering | None = None
        self._once = b""

    # --- what the user chooses ---

    def choose(self, choice: Join | ChooseName | ChoosePassword, now: float) -> None:
        """Where to go, or what was asked for."""
        match choice:
            case Join():
                self._join(choice, now)
                return
            case ChooseName(name):
                self.name, self._wants_name = name, False
            case _:
                self._password, self._wants_password = choice.password, False
                self._prs.clear()
                self._deriving.clear()
                if self.phase is Phase.GREETING and self._room_id:
                    self._derive()
        self._try_again(now)

    def _join(self, join: Join, now: float) -> None:
        self._address, self._password, self.name = join.address, join.password, join.name
        self._pinned = join.pinned_key
        if join.resume is not None:
            self.token, self.person = join.resume.token, join.resume.person
            self._logs.resume(join.resume)
        self.phase = Phase.GREETING
        self._link.connect(join.address, now)

    @property
    def is_nameless(self) -> bool:
        """Whether nothing but an account can bring us in, as long as no name is chosen."""
        return self._wants_name or not (self.name or self.token)

    def ask_early(self, now: float) -> None:
        """There is something to ask that can be asked by nobody."""
        if self.phase is Phase.ASKING and not self._wants_password:
            self._try_again(now)

    def _try_again(self, now: float) -> None:
        """After the user chose: a fresh handshake, since the server waits 20 s for nobody."""
        if self.phase in (Phase.ASKING, Phase.DELAYED, Phase.NOBODY):
            self._link.disconnect(CloseCode.EXIT, now)
            self.phase, self.deadline = Phase.GREETING, None
            self._link.connect(self._address, now)

    # --- the server and its key ---

    def meet(self, payload: RespPayload, server_key: bytes, now: float) -> bool:
        """Whether this is the server we know, or the first we meet here."""
        if self._pinned is not None and server_key != self._pinned:
            self._calls.report(KeyChanged(self._pinned, server_key))
            self._calls.end(EndReason.KEY_CHANGED, "", 0)
            return False
        if not self.room_name:
            self._calls.report(
                KeySeen(server_key, payload.room_name, is_pinned=self._pinned is not None)
            )
        self._room_id, self.room_name = payload.room_id, payload.room_name
        self.phase, self.deadline = Phase.GREETING, now + ENTER_TIMEOUT
        if payload.room_id not in {*self._prs, *self._deriving}:
            self._derive()
        return True

    def _derive(self) -> None:
        password, room_id = self._password, self._room_id
        self._deriving.add(room_id)
        end = partial(self._derived, password, room_id)
        self._calls.run(partial(derive_prs, password, room_id), end)

    def _derived(self, password: str, room_id: bytes, result: object, now: float) -> None:
        assert isinstance(result, bytes)
        if password != self._password:  # which the user has replaced meanwhile
            return
        self._deriving.discard(room_id)
        self._prs[room_id] = result
        if self.phase is Phase.GREETING and room_id == self._room_id:
            self.prove(now)

    # --- the password ---

    def prove(self, now: float) -> None:
        """As soon as there are a session and what the password gives for this room."""
        session = self._link.session
        if session is None or self._room_id not in self._prs:
            return
        self._entering = ClientEntering(
            handshake_hash=session.handshake_hash,
            server_key=session.server_key,
            prs=self._prs[self._room_id],
            random_bytes=self._random_bytes,
        )
        self.phase = Phase.PROVING
        self._link.requester.ask(*self._entering.first(), now)

    def receive_proof(self, answer: Answer, now: float) -> None:
        """To PAKE1 and PAKE2. Raises PeerError."""
        if answer.code is Code.WRONG_PASSWORD:
            self._wants_password = True
            self._calls.report(PasswordRefused())
            self._rest(now)
        elif answer.code is Code.TOO_MANY_GUESSES:
            wait = min(60, number_field(answer.fields, "wait")) + 0.5
            self._calls.report(PasswordDelayed(wait))
            self.phase, self.deadline = Phase.DELAYED, now + wait
            self._link.disconnect(CloseCode.EXIT, now)
        elif answer.code is not Code.OK:
            self._refused(now)
        else:
            assert self._entering is not None
            try:
                step = self._entering.receive(answer)
            except PeerError:  # no proof, or a share that is none
                self._calls.end(EndReason.FALSE_SERVER, "", 0)
                return
            self.deadline = now + ENTER_TIMEOUT
            if step is not None:
                self._link.requester.ask(*step, now)
            elif self._calls.has_early() and (self._wants_name or not self.token):
                self.phase = Phase.PROVED
            else:
                self._enter(now)

    # --- a name, or a token ---

    def go_on(self, now: float) -> None:
        """What could be asked by nobody is answered."""
        if self.is_nameless:
            self._wants_name = True
            self._rest(now)
        else:
            self._enter(now)

    def _enter(self, now: float) -> None:
        """With what we have. Whoever comes back by token needs no name."""
        name: str | None = None
        try:
            name = normalise_name(self.name)
        except NameInvalid as invalid:
            if not self.token:
                if not self._wants_name:
                    self._refuse_name(Code.NAME_INVALID, invalid.reason.value)
                self._rest(now)
                return
        self.phase = Phase.ENTERING
        self._once = self._once or self._random_bytes(ONCE_SIZE)
        request = EnterRequest(
            self._once,
            self._logs.outbox.stream,
            None if self.token and self._calls.is_logging_out() else name,
            self.token or None,
            tuple(log for log in self._logs.held(0, 1) if log.conversation == ROOM),
        )
        self._link.requester.ask(Verb.ENTER, request.encode(), now)

    def receive_enter(self, answer: Answer, now: float) -> None:
        """To ENTER. Raises PeerError."""
        if answer.code is Code.OK:
            entered = EnterAnswer.decode(answer.fields)
            self.become(entered)
            self._calls.entered(entered, now)
            return
        self._once = b""
        if answer.code in (Code.NAME_TAKEN, Code.NAME_INVALID):
            reason = answer.fields.get("reason")
            self._refuse_name(answer.code, reason if isinstance(reason, str) else "")
            self._rest(now)
        elif answer.code is Code.STREAM_IN_USE:
            self._logs.begin_stream(self._random_bytes(STREAM_SIZE))
            self._enter(now)
        elif answer.code is Code.TOKEN_UNKNOWN and self._calls.is_logging_out():
            self._calls.logged_out(now)
            self._rest(now)
        elif answer.code is Code.TOKEN_UNKNOWN:
            self.forget_token()
            self._enter(now)
        elif answer.code is Code.BANNED:
            until, why = answer.fields.get("until"), answer.fields.get("reason")
            self._calls.end(
                EndReason.BANNED,
                why if isinstance(why, str) else "",
                until if isinstance(until, int) else 0,
            )
        else:
            self._refused(now)

    def become(self, entered: EnterAnswer) -> None:
        """We are in, as this person."""
        session = self._link.session
        assert session is not None
        self.phase, self.deadline = Phase.HERE, None
        self._once, self._wants_name = b"", False
        self._pinned = session.server_key
        self.person, self.name, self.token = entered.person, entered.name, entered.token
        self.is_account = entered.is_account
        self._calls.token_changed()

    def become_nobody(self) -> None:
        """We have logged out; a session, if there is one, lives on."""
        self.phase, self.deadline = Phase.NOBODY, None
        self.person, self.name, self.is_account = 0, "", False
        self._wants_name = True
        self.forget_token()

    def forget_token(self) -> None:
        self.token = b""
        self._calls.token_changed()

    def _refuse_name(self, code: Code, reason: str) -> None:
        self._wants_name = True
        self._calls.report(NameRefused(self.name, code, reason))

    def _rest(self, now: float) -> None:
        """Until the user does something."""
        self.phase, self.deadline = Phase.ASKING, None
        self._link.disconnect(CloseCode.EXIT, now)

    def _refused(self, now: float) -> None:
        """Full, or its disk is: who was here already tries again by itself."""
        self.deadline = None
        if self.token:
            self._link.reconnect(now, after=5.0)
        else:
            self._calls.end(EndReason.REFUSED, "", 0)

    # --- waiting ---

    def hear(self, now: float) -> None:
        """The server has answered something that was asked before entering."""
        if self.phase is Phase.PROVED:
            self.deadline = now + ENTER_TIMEOUT

    def handle_timer(self, now: float) -> None:
        """Tries again: the server was silent for too long, or guesses were delayed."""
        if self.deadline is None or self.deadline > now:
            return
        self.deadline = None
        if self.phase is Phase.DELAYED:
            self._try_again(now)
            return
        session = self._link.session
        if self.phase is Phase.PROVING and session is not None:
            patience = session.last_heard + QUEUE_PATIENCE
            if now < patience:
                self.deadline = patience
                return
        self.phase = Phase.GREETING
        self._link.reconnect(now)
