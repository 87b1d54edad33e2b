"""What a client does, sans I/O: enter, keep copies of logs, deliver drafts, come back by itself.

Band: cores. Commands come in, datagrams and events go out; time and chance are arguments.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain

from client_accounts import Accounts, Myself
from client_connection import ConnectionShown
from client_conversations import Conversations
from client_deliveries import Deliveries
from client_entrance import Calls, Entrance, Phase
from client_events import (
    Answered,
    AskLacking,
    ChangeName,
    ChangePassword,
    ChooseName,
    ChoosePassword,
    Command,
    DraftForwarded,
    DraftRefused,
    DraftTaken,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    Event,
    IdentityChanged,
    Join,
    Leave,
    LoadOlder,
    LogIn,
    LogOut,
    MarkRead,
    Register,
    Request,
    RunChanged,
    Say,
    ShowTyping,
)
from client_file_events import (
    DropFile,
    FetchFile,
    PauseFile,
    ResumeFile,
    SendFile,
    UnfinishedChanged,
)
from client_file_moves import Calls as FileCalls
from client_file_moves import Disk
from client_files import Files
from client_logs import Logs
from client_people import Company
from client_questions import Questions
from client_realms import Realms
from client_requests import Course, Requests
from conversation import PEOPLE
from entering import STREAM_SIZE, EnterAnswer, FalseServerError
from protocol import Address, Burst, CloseCode, Code, Job, PeerError, RespPayload, Verb
from protocol_frames import (
    Chunk,
    Close,
    EntryPart,
    Frame,
    Heads,
    Posted,
    Reached,
    ReadTo,
    RealmsChanged,
    Refused,
    Response,
    Typing,
    Want,
)
from protocol_link import Link, LinkState
from protocol_requests import Answer, Fields
from protocol_session import Session
from realm_words import refusal_in
from settings import Limits
from settings_client import Run
from settings_files import Unfinished

TYPING_INTERVAL = 3.0  # s
EXIT_TIMEOUT = 2.0  # s for the answer to EXIT
COME_BACK_AFTER = 0.5  # s after a server said that it stops


class ClientCore:
    """The client. Owned by the network thread."""

    def __init__(
        self, *, random_bytes: Callable[[int], bytes], disk: Disk, limits: Limits | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._events: deque[Event] = deque()
        self._jobs: deque[Job] = deque()
        self._job_ends: dict[int, Callable[[object, float], None]] = {}
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
        report = self._events.append
        self._logs = Logs(random_bytes(STREAM_SIZE), self._tell_of_log)
        self._files = Files(disk, FileCalls(report, self._run_job, self._ask, self._logs.share))
        self._entrance = Entrance(
            self._link,
            self._logs,
            Calls(
                report=report,
                run=self._run_job,
                has_early=self._has_early,
                is_logging_out=lambda: isinstance(self._requests.first, LogOut),
                logged_out=self._finish_logout,
                entered=self._entered,
                token_changed=self._note_run,
                end=self._end,
            ),
            random_bytes=random_bytes,
        )
        self._company = Company(self._ask, self._is_here, report)
        self._realms = Realms(self._ask, report)
        self._deliveries = Deliveries(report, self._realms.doubt)
        self._conversations = Conversations(
            self._logs, ask=self._ask, can_ask=self._is_here, report=self._tell
        )
        self._accounts = Accounts(
            logs=self._logs,
            myself=Myself(
                handshake_hash=self._handshake_hash,
                account_name=lambda: self._entrance.name if self._entrance.is_account else "",
                is_in=self._is_here,
                logged_in=self._logged_in,
                logged_out=self._logged_out,
                renamed=self._renamed,
            ),
            random_bytes=random_bytes,
        )
        self._questions = Questions(self._conversations)
        self._requests = Requests(
            random_bytes=random_bytes,
            begin=self._begin,
            ask=self._ask,
            run=self._run_job,
            end=self._answered,
        )
        self._connection = ConnectionShown(report)
        self._identity = IdentityChanged(0, "", is_account=False)  # as told
        self._has_been_in = False
        self._is_run_changed = False
        self._unfinished: tuple[Unfinished, ...] = ()  # as told
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
            case Join() | ChooseName() | ChoosePassword():
                if isinstance(command, Join):
                    drafts = command.resume.waiting if command.resume is not None else ()
                    self._files.remember(command.unfinished, drafts)
                    self._unfinished = command.unfinished
                self._entrance.choose(command, now)
            case Say():
                self._logs.say(command)
            case LoadOlder():
                self._logs.load_older(command, now)
            case ShowTyping():
                self._show_typing(command, now)
            case AskLacking():
                self._company.ask_lacking(command, now)
            case MarkRead():
                self._conversations.mark_read(command, now)
            case SendFile() | FetchFile() | PauseFile() | ResumeFile() | DropFile():
                self._files.handle(command, now, is_here=self._is_here())
            case Leave():
                self._leaving_by = now + command.patience
            case _:
                self._add_request(command)

    def handle_result(self, key: int, result: object, now: float) -> None:
        """Long work is done. Whoever asked for it knows what a peer may be at fault for."""
        if isinstance(result, Exception) and not isinstance(result, PeerError):
            raise result
        self._job_ends.pop(key)(result, now)

    def next_timer(self) -> float | None:
        dues = [
            self._link.next_timer(),
            self._entrance.deadline,
            self._leaving_by,
            self._exit_by,
            self._connection.next_timer(),
            self._deliveries.next_timer(),
        ]
        if self._is_here():
            dues += [self._logs.next_timer(), self._files.next_timer(), self._realms.due]
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        self._link.handle_timer(now)
        self._entrance.handle_timer(now)

    def bursts_to_send(self, now: float) -> Iterator[Burst]:
        """Ends the turn: what is due goes out, together with what was queued."""
        self._serve(now)
        self._files.serve(now, is_here=self._is_here())
        self._deliveries.serve(now)
        if self._is_here():
            self._realms.serve(now)
        self._go_on_leaving(now)
        session = self._link.session
        if session is not None and self._is_here():
            self._queue_due(session, now)
        self._show_connection(now)
        if self._is_run_changed or self._logs.is_outbox_changed:
            self._is_run_changed = self._logs.is_outbox_changed = False
            self._events.append(RunChanged(self._run()))
        if self._files.is_unfinished_changed:
            self._files.is_unfinished_changed = False
            self._note_unfinished()
        bursts = self._link.take_bursts(now)
        if session is not None and self._is_here():
            return chain(bursts, self._chunks(session, now))
        return iter(bursts)

    def _chunks(self, session: Session, now: float) -> Iterator[Burst]:
        """Of files: after all else, and while others are on their way already."""
        if self._files.take_vanishing():
            session.path_size.shrink(now)
        for plaintexts in self._files.chunks_due(now, session.path_size.room):
            session.queue_plaintexts(plaintexts)
            yield from session.take_bursts(now)

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def next_job(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None

    def _run_job(self, work: Callable[[], object], end: Callable[[object, float], None]) -> None:
        self._jobs.append(Job(self._next_job, work))
        self._job_ends[self._next_job] = end
        self._next_job += 1

    # --- coming in ---

    def _open_session(self, payload: RespPayload, server_key: bytes, now: float) -> bool:
        self._company.interrupt()
        self._conversations.interrupt()
        self._requests.interrupt()
        self._realms.interrupt()
        self._files.interrupt()
        return self._entrance.meet(payload, server_key, now)

    def _session_ready(self, now: float) -> None:
        self._entrance.prove(now)

    def _is_here(self) -> bool:
        """Whether we are in, as somebody, in a session."""
        return self._entrance.phase is Phase.HERE and self._link.session is not None

    def _entered(self, answer: EnterAnswer, now: float) -> None:
        """We are in, by name or by token."""
        session = self._link.session
        assert session is not None
        if self._has_been_in and answer.person != self._identity.person:
            self._conversations.let_go(keeps_room=True)
        self._events.append(
            Entered(
                answer.person,
                answer.name,
                self._entrance.room_name,
                session.server_key,
                has_returned=answer.has_returned,
            )
        )
        self._company.ask(now)
        self._follow(answer, now)

    def _follow(self, answer: EnterAnswer, now: float) -> None:
        self._has_been_in = True
        self._tell_identity()
        self._realms.enter(now)
        self._logs.enter(answer.person, answer.name, answer.logs, answer.changed, now)
        self._conversations.enter(now)
        self._files.go_on(now)

    # --- who we are ---

    def _logged_in(self, answer: EnterAnswer, now: float) -> None:
        """As an account: as a guest until now, or as nobody."""
        was_here = self._is_here()
        self._entrance.become(answer)
        if was_here:
            self._conversations.let_go(keeps_room=True)
            self._follow(answer, now)
        else:
            self._entered(answer, now)

    def _logged_out(self, _: float) -> None:
        self._conversations.let_go(keeps_room=False)
        self._entrance.become_nobody()
        self._logs.leave(self._random_bytes(STREAM_SIZE))
        self._tell_identity()

    def _finish_logout(self, now: float) -> None:
        """It happened, although its answer was lost."""
        asked = self._requests.first
        assert asked is not None
        self._logged_out(now)
        self._requests.finish(Answered(asked.ticket, Code.OK))

    def _renamed(self, name: str, _: float) -> None:
        self._entrance.name = name
        self._logs.rename(name)
        self._note_run()
        self._tell_identity()

    def _tell_identity(self) -> None:
        who = self._entrance
        token = who.token.hex() if who.is_account else ""
        identity = IdentityChanged(who.person, who.name, who.is_account, token)
        if identity != self._identity:
            self._identity = identity
            self._events.append(identity)

    # --- what the user asks of the server ---

    def _ask(self, verb: Verb, fields: Fields, now: float) -> int:
        return self._link.requester.ask(verb, fields, now)

    def _handshake_hash(self) -> bytes:
        session = self._link.session
        assert session is not None
        return session.handshake_hash

    def _begin(self, request: Request, chance: bytes) -> Course:
        if isinstance(request, Register | LogIn | LogOut | ChangePassword | ChangeName):
            return self._accounts.begin(request, chance)
        return self._questions.begin(request, chance)

    def _has_early(self) -> bool:
        """Whether there is something to ask that can be asked before entering."""
        if self._entrance.is_nameless:
            self._requests.refuse_others()
        return self._requests.is_early

    def _serve(self, now: float) -> None:
        """Goes on with what was asked, as far as that may be now."""
        phase, is_nameless = self._entrance.phase, self._entrance.is_nameless
        if self.is_done:
            self._requests.give_up()
        elif phase is Phase.ASKING:
            if self._has_early():
                self._entrance.ask_early(now)
        elif self._link.session is None:
            return
        elif phase is Phase.PROVED and not self._has_early():
            self._entrance.go_on(now)
        elif phase in (Phase.PROVED, Phase.HERE, Phase.NOBODY):
            is_here = phase is Phase.HERE
            self._requests.serve(now, is_somebody=is_here, is_nameless=is_nameless)

    def _add_request(self, request: Request) -> None:
        if isinstance(request, LogIn | LogOut | ChangeName):
            self._logs.hold()  # until it is answered: what is said after it is said as another
        self._requests.add(request)

    def _answered(self, request: Request, answered: Answered) -> None:
        if isinstance(request, LogIn | LogOut | ChangeName):
            self._logs.release()
        self._events.append(answered)

    def _receive_answer(self, answer: Answer, now: float) -> None:
        match answer.verb:
            case Verb.PAKE1 | Verb.PAKE2:
                self._entrance.receive_proof(answer, now)
            case Verb.ENTER:
                self._entrance.receive_enter(answer, now)
            case Verb.PEOPLE:
                if self._company.receive_answer(answer, now):
                    self._conversations.rename(self._company.names())
            case Verb.LACKING:
                self._company.receive_lacking(answer)
            case Verb.LOGS:
                self._conversations.receive_answer(answer, now)
            case Verb.READ:
                self._conversations.receive_marked(answer, now)
            case Verb.EXIT:
                self._exit_by = now
            case Verb.OFFER | Verb.DROP:
                self._files.receive_answer(answer, now)
            case _:
                self._receive_served(answer, now)

    def _receive_served(self, answer: Answer, now: float) -> None:
        self._entrance.hear(now)
        if self._realms.receive_answer(answer):
            self._conversations.learn_realms(self._realms.names, now)
            return
        try:
            self._requests.receive(answer, now)
        except FalseServerError:
            self._end(EndReason.FALSE_SERVER)

    # --- being here ---

    def _receive_frame(self, frame: Frame, now: float) -> None:
        is_in = self._entrance.phase in (Phase.ENTERING, Phase.HERE, Phase.NOBODY)
        if isinstance(frame, Response):
            answer = self._link.requester.receive(frame)
            if answer is not None:
                self._receive_answer(answer, now)
        elif is_in:  # else it has not proved that it knows the password
            self._receive_news(frame, now)

    def _receive_news(self, frame: Frame, now: float) -> None:
        session = self._link.session
        assert session is not None
        match frame:
            case Chunk() | Want():
                self._files.receive(frame, now)
            case Heads(numbers):
                self._company.learn_version(dict(numbers).get(PEOPLE, 0), now)
                self._conversations.receive_heads(frame, now)
            case EntryPart():
                self._receive_entry(frame, session, now)
            case Posted() | Refused() | Reached():
                self._logs.receive(frame, now, session.round_trip)
            case ReadTo():
                self._conversations.receive_read(frame)
            case Typing():
                if self._logs.has(frame.conversation):
                    self._company.show_typing(frame.conversation, frame.person)
            case RealmsChanged():
                self._realms.look(now)
            case _:
                raise PeerError("a frame only clients send")

    def _receive_entry(self, part: EntryPart, session: Session, now: float) -> None:
        if part.conversation != PEOPLE:
            self._conversations.notice_entry(part, now)
            self._logs.receive(part, now, session.round_trip)
            return
        person = self._company.receive_change(part, now)
        if person is not None:
            self._conversations.rename({person.person: person.name})

    def _queue_due(self, session: Session, now: float) -> None:
        if self._logs.outbox.is_stuck:
            session.path_size.shrink(now)
        frames = self._logs.frames_due(now, session.round_trip, self._link.is_silent)
        wants = self._files.frames_due(now, session.round_trip)
        if frames or self._files.is_asking:
            self._link.expect_answer(now)
        frames += wants
        in_company = bool(frames) or session.has_frames
        for frame in frames + self._logs.reports_due(now, in_company=in_company):
            session.queue(frame)

    def _show_typing(self, command: ShowTyping, now: float) -> None:
        if self._is_here() and now - self._last_typing >= TYPING_INTERVAL:
            self._last_typing = now
            self._link.queue(Typing(command.conversation).encode())

    def _tell_of_log(self, event: Event) -> None:
        """What a log reports; how a file of ours came to be shared is told as that, too."""
        self._conversations.notice_name(event)
        match event:
            case EntryArrived(ticket=int(ticket), entry=entry):
                self._tell(event)
                refusal = refusal_in(entry)
                self._files.take_outcome(ticket, refusal.code if refusal else Code.OK)
            case DraftTaken(ticket) | DraftForwarded(ticket):
                self._tell(event)
                self._files.take_outcome(ticket, Code.OK)
            case DraftRefused(ticket=int(ticket), code=code) if self._files.is_posted(ticket):
                self._files.take_outcome(ticket, code)
            case _:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        """Of conversations and what is in them."""
        self._events.append(event)
        self._deliveries.take(event)

    # --- leaving ---

    def _go_on_leaving(self, now: float) -> None:
        if self._exit_by is not None:
            if self._exit_by <= now:
                self._link.disconnect(CloseCode.EXIT, now)
                self._end(EndReason.LEFT)
            return
        if self._leaving_by is None:
            return
        is_in = self._entrance.phase in (Phase.HERE, Phase.NOBODY)
        if is_in and self._link.session is not None and self._is_all_settled:
            self._ask(Verb.EXIT, {}, now)
            self._exit_by, self._leaving_by = now + EXIT_TIMEOUT, None
            self._entrance.forget_token()
        elif self._leaving_by <= now or (self._logs.is_all_said and not self._entrance.token):
            if self._logs.is_all_said:
                self._entrance.forget_token()
                self._link.disconnect(CloseCode.EXIT, now)
            self._end(EndReason.LEFT)

    @property
    def _is_all_settled(self) -> bool:
        """Whether the server has taken and answered all that the user wanted of it."""
        has_answers = self._requests.first is None and self._conversations.is_all_marked
        return has_answers and self._logs.is_all_said

    def _end(self, reason: EndReason, text: str = "", until: int = 0) -> None:
        if not self.is_done:
            self.is_done = True
            self._entrance.deadline = self._leaving_by = self._exit_by = None
            self._requests.give_up()
            self._files.end()
            self._events.append(Ended(reason, text, until))

    def _note_run(self) -> None:
        self._is_run_changed = True

    def _note_unfinished(self) -> None:
        """After the run: what became a draft is in there."""
        files = self._files.unfinished()
        if files != self._unfinished:
            self._unfinished = files
            self._events.append(UnfinishedChanged(files))

    def _run(self) -> Run | None:
        who, kept = self._entrance, self._logs.kept
        if not who.token:
            return None
        waiting = self._logs.waiting()
        return Run(kept.stream, who.token, who.person, who.name, kept.next_draft, waiting)

    # --- losing the server ---

    def _unanswered(self, now: float) -> None:
        """An attempt ended without an answer; whoever was never in is told so."""
        if not self._has_been_in and not self._entrance.token:
            self._end(EndReason.UNREACHABLE)

    def _receive_close(self, close: Close, now: float) -> None:
        match close.code:
            case CloseCode.KICKED:
                self._entrance.forget_token()
                self._end(EndReason.KICKED, close.text)
            case CloseCode.BANNED:
                self._entrance.forget_token()
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
        """Nobody who rests is connected, and nothing is lost by it."""
        phase, session = self._entrance.phase, self._link.session
        is_in = phase in (Phase.HERE, Phase.NOBODY)
        is_nobody = self._has_been_in and not self._identity.person
        is_resting = is_nobody and not is_in and self._requests.first is None
        if phase in (Phase.IDLE, Phase.ASKING) or is_resting:
            self._connection.rest()
            return
        is_silent = self._link.is_silent
        self._connection.show(
            is_here=is_in,
            is_open=self._link.state is LinkState.OPEN and not is_silent,
            is_silent=is_silent,
            round_trip=session.round_trip.smoothed if session is not None else None,
            now=now,
        )
