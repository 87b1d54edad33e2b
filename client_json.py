"""``--json``: each input line is what one would type, each output line one JSON object.

Band: cores. Pure: lines and events go in, objects and commands come out through the functions it
is given. This is the interface for bots and tests: it never changes silently.
Answers come one per input line, in their order; an event is written before the answer it settles.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from auth import key_groups
from client_commands import Answer, Ask, Exit, Post, interpret, refusal_sentence
from client_events import (
    Command,
    Connection,
    ConnectionChanged,
    Crashed,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    Leave,
    LogReplaced,
    NameRefused,
    OlderArrived,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    Say,
)
from client_form import JoinFailed, JoinField, JoinForm, trouble_of
from client_model import ClientModel
from client_talk import exit_code_of, key_changed_sentence, tell_trouble
from conversation import ROOM, Entry, EntryKind
from protocol import Code, JsonValue
from settings import ClientOptions
from settings import Exit as ExitCode
from texts import Texts

MAX_UNANSWERED = 64  # lines taken from the input before the first of them is answered
_LAST_INSTANT = 253_370_764_800_000  # 9999-01-01: a peer's clock may say anything
_KINDS = {EntryKind.JOINED: "joined", EntryKind.LEFT: "left"}
_CONNECTIONS = {
    Connection.CONNECTING: "connecting",
    Connection.ENTERING: "entering",
    Connection.HERE: "here",
    Connection.LOST: "lost",
}


class _Slot:
    """The place of an answer in the order of lines. ``answer`` None: it has not come yet."""

    def __init__(self, answer: dict[str, JsonValue] | None = None) -> None:
        self.answer = answer


class JsonTalk:
    """Owned by the main thread. ``exit_code`` is None until the visit is over."""

    def __init__(
        self,
        options: ClientOptions,
        say: Texts,
        write: Callable[[str], None],
        *,
        join: Callable[[JoinForm], None],
        submit: Callable[[Command], None],
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        """``answered`` is called once for each line that has its answer."""
        self.exit_code: int | None = None
        self._options = options
        self._say = say
        self._write = write
        self._join = join
        self._submit = submit
        self._answered = answered
        self._model = ClientModel(UTC)
        self._lines: deque[bytes] = deque()  # not taken yet
        self._slots: deque[_Slot] = deque()
        self._waiting: dict[int, _Slot] = {}  # by ticket
        self._leaving: _Slot | None = None
        self._connection: Connection | None = None
        self._is_over = False  # no more input
        self._has_left = False
        self._is_ready = False  # entered, and it is known who is here

    def begin(self) -> None:
        """Joins with what the command line said, which is complete."""
        options = self._options
        assert options.place is not None
        assert options.name is not None
        assert options.password is not None
        host, port = options.place
        local_host, local_port = options.local or ("", 0)
        self._join(JoinForm(host, port, options.password, options.name, local_host, local_port))

    # --- lines ---

    def take_line(self, line: bytes) -> None:
        """It is handled once the room is entered and enough of the earlier ones are answered."""
        self._lines.append(line.removesuffix(b"\r"))
        self._go_on()

    def end_input(self) -> None:
        """Leaves when all is answered."""
        self._is_over = True
        self._go_on()

    def _go_on(self) -> None:
        while (
            self._lines
            and self._is_ready
            and not self._has_left
            and len(self._slots) < MAX_UNANSWERED
        ):
            self._handle(self._lines.popleft())
            self._write_answers()
        is_idle = not self._lines and not self._slots
        if self._is_over and is_idle and self._is_ready and not self._has_left:
            self._has_left = True
            self._submit(Leave())

    def _handle(self, line: bytes) -> None:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self._slots.append(_Slot(self._refusal(Code.TEXT_INVALID)))
            return
        match interpret(text, self._model, self._say):
            case Post(text):
                self._post(text)
            case Ask(word=word):
                message = self._say("command.doubt", word=word)
                self._slots.append(_Slot(_answer(False, "say", "NEEDS_SAY", message)))
            case Answer() as given:
                self._slots.append(
                    _Slot(
                        _answer(given.is_ok, given.command, given.code, given.message, given.fields)
                    )
                )
            case Exit():
                self._leaving = _Slot()
                self._slots.append(self._leaving)
                self._has_left = True
                self._submit(Leave())

    def _post(self, text: str) -> None:
        ticket = self._model.new_ticket()
        slot = _Slot()
        self._slots.append(slot)
        self._waiting[ticket] = slot
        self._submit(Say(ticket, ROOM, text))

    def _refusal(self, code: Code) -> dict[str, JsonValue]:
        return _answer(False, "say", code.name, refusal_sentence(code, self._say))

    def _confirm(self, ticket: int, number: int, entry: Entry) -> None:
        fields: dict[str, JsonValue] = {
            "conversation": "room",
            "number": number,
            "time": _time(entry.sent_at),
        }
        self._settle(ticket, _answer(True, "say", "OK", self._say("command.sent"), fields))

    def _settle(self, ticket: int | None, answer: dict[str, JsonValue]) -> None:
        slot = self._waiting.pop(ticket, None) if ticket is not None else None
        if slot is not None:
            slot.answer = answer
            self._write_answers()
            self._go_on()

    def _write_answers(self) -> None:
        while self._slots and (answer := self._slots[0].answer) is not None:
            self._slots.popleft()
            self._put(answer)
            self._answered()

    # --- events ---

    def take_event(self, event: object) -> None:
        """What the core, or the entry point, reports."""
        self._model.apply(event)
        match event:
            case EntryArrived():
                self._put_entry(event.number, event.entry)
                if event.ticket is not None:
                    self._confirm(event.ticket, event.number, event.entry)
            case OlderArrived():
                for number, entry in event.entries:
                    self._put_entry(number, entry)
            case DraftRefused():
                self._settle(event.ticket, self._refusal(event.code))
            case ConnectionChanged():
                if event.connection is not self._connection:
                    self._connection = event.connection
                    self._put_connection(_CONNECTIONS[event.connection], "OK")
            case LogReplaced():
                message = self._say("terminal.log_replaced")
                self._put_connection("here", Code.LOG_CHANGED.name, message=message)
            case Ended() | Crashed() | JoinFailed():
                self._end(event)
            case _:
                self._take_entering(event)

    def _take_entering(self, event: object) -> None:
        match event:
            case Entered():
                self._put_connection(
                    "entered",
                    "OK",
                    message=self._say("entered.accepted"),
                    room=event.room_name,
                    name=event.name,
                    key=key_groups(event.server_key),
                    returned=event.has_returned,
                )
            case PeopleReplaced():
                self._is_ready = True
                self._go_on()
            case PasswordDelayed():
                message = self._sentence(event)
                code = Code.TOO_MANY_GUESSES.name
                self._put_connection("waiting", code, message=message, wait=event.wait)
            case PasswordRefused():
                self._refuse(Code.WRONG_PASSWORD.name, self._sentence(event))
            case NameRefused():
                self._refuse(event.code.name, self._sentence(event))
            case KeyChanged():
                message = key_changed_sentence(event, self._options.trusted_key, self._say)
                key = key_groups(event.key)
                self._refuse(EndReason.KEY_CHANGED.name, message, key=key)
            case _:
                pass

    def _refuse(self, code: str, message: str, **fields: JsonValue) -> None:
        """Nobody can be asked for another one."""
        self._put_connection("ended", code, message=message, **fields)
        self.exit_code = ExitCode.REFUSED

    def _end(self, event: Ended | Crashed | JoinFailed) -> None:
        if self.exit_code is not None:
            return
        self.exit_code = exit_code_of(event)
        code = _end_code(event)
        message = self._sentence(event)
        if code == EndReason.LEFT.name:
            message = self._say("left.closed")
        for slot in self._slots:
            if slot is self._leaving:
                slot.answer = _answer(True, "exit", "OK", self._say("left.closed"))
            elif slot.answer is None:
                slot.answer = _answer(False, "say", "NO_ANSWER", message)
        self._write_answers()
        self._put_connection("ended", code, message=message)

    def _sentence(self, event: object) -> str:
        trouble = trouble_of(event)
        return tell_trouble(trouble, self._model, self._say) if trouble else ""

    # --- output ---

    def _put_entry(self, number: int, entry: Entry) -> None:
        fields: dict[str, JsonValue] = {
            "event": _KINDS.get(entry.kind, "entry"),
            "conversation": "room",
            "number": number,
            "sender": entry.name,
            "kind": entry.kind.name.lower(),
            "text": entry.text,
            "time": _time(entry.sent_at),
        }
        self._put(fields)

    def _put_connection(self, state: str, code: str, **fields: JsonValue) -> None:
        head: dict[str, JsonValue] = {"event": "connection", "state": state, "code": code}
        self._put(head | fields)

    def _put(self, fields: dict[str, JsonValue]) -> None:
        # ASCII alone: whatever reads this line by line splits it nowhere else.
        self._write(json.dumps(fields, ensure_ascii=True) + "\n")


def _answer(
    is_ok: bool,
    command: str,
    code: str,
    message: str,
    fields: Mapping[str, JsonValue] | None = None,
) -> dict[str, JsonValue]:
    status = "OK" if is_ok else "ERROR"
    answer: dict[str, JsonValue] = {"status": status, "command": command, "code": code}
    return answer | {"message": message} | dict(fields or {})


def _end_code(event: Ended | Crashed | JoinFailed) -> str:
    match event:
        case Ended(reason):
            return reason.name
        case Crashed():
            return "CRASHED"
        case JoinFailed(field):
            is_host = field is JoinField.HOST
            return EndReason.UNREACHABLE.name if is_host else "OWN_ADDRESS"


def _time(sent_at: int) -> str:
    """ISO 8601, UTC, to the millisecond."""
    instant = datetime.fromtimestamp(min(sent_at, _LAST_INSTANT) / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
