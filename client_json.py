"""``--json``: each input line is what one would type, each output line one JSON object.

Band: cores. Pure: lines and events go in, objects and commands come out through the functions it
is given. This is the interface for bots and tests: it never changes silently.
Answers come one per input line, in their order; an event is written before the answer it settles.
Files take long: their answers come when they are done, and say which line they are for.
docs/commands.md describes all of it for whoever writes a script.
"""

import json
from collections import deque
from collections.abc import Callable
from datetime import UTC
from functools import partial

from auth import key_groups
from client_answers import iso_time
from client_commands import Answer, Ask, Do, Exit, interpret, refusal_sentence
from client_errands import Errands, Paths, command_of
from client_events import (
    Command,
    Connection,
    ConnectionChanged,
    ConversationGone,
    Crashed,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    Found,
    IdentityChanged,
    KeyChanged,
    Leave,
    LogIn,
    LogReplaced,
    NameRefused,
    OlderArrived,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
)
from client_file_answers import note_fields
from client_file_events import FileEnded, FileMoved
from client_form import JoinFailed, JoinField, JoinForm, trouble_of
from client_lines import exit_code_of, key_changed_sentence, tell_trouble
from client_model import ClientModel
from client_progress import file_fields
from conversation import EntryKind
from file_words import entry_text, note_of
from protocol import Code, JsonValue
from realm_words import refusal_in
from settings import ClientOptions
from settings import Exit as ExitCode
from texts import Texts

MAX_UNANSWERED = 64  # lines taken from the input before the first of them is answered
MAX_FILES = 200  # beside those, lines about files: they take long, and nothing waits for them
_KINDS = {EntryKind.JOINED: "joined", EntryKind.LEFT: "left", EntryKind.RENAMED: "renamed"}
_APART = frozenset(  # no line waits for them
    {"sendfile", "sendgroupfile", "sendroomfile", "sendfilerealm", "sendgroupfilerealm", "get"}
)
_CONNECTIONS = {
    Connection.CONNECTING: "connecting",
    Connection.ENTERING: "entering",
    Connection.HERE: "here",
    Connection.LOST: "lost",
}


class _Slot:
    """The place of an answer in the order of lines. ``answer`` None: it has not come yet."""

    def __init__(self, command: str, line: int) -> None:
        self.command = command
        self.line = line  # counted from 1
        self.answer: dict[str, JsonValue] | None = None


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
        paths: Paths,
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
        self._inbox = self._model.inbox
        self._errands = Errands(
            self._inbox, say, submit=submit, new_ticket=self._model.new_ticket, paths=paths
        )
        self._lines: deque[bytes] = deque()  # not taken yet
        self._line = 0  # the number of the last one taken
        self._slots: deque[_Slot] = deque()
        self._apart: list[_Slot] = []  # of files
        self._lowest: dict[int, int] = {}  # the lowest number written of each conversation
        self._identity = ("", False)  # as it was told last: name, and whether it is an account
        self._leaving: _Slot | None = None
        self._connection: Connection | None = None
        self._is_over = False  # no more input
        self._has_left = False
        self._is_ready = False  # entered, and it is known who is here

    def begin(self) -> None:
        """Joins with what the command line said, which is complete."""
        options = self._options
        assert options.place is not None
        assert options.password is not None
        host, port = options.place
        local_host, local_port = options.local or ("", 0)
        account = options.account or ""
        name = "" if account else options.name
        assert name is not None
        self._join(
            JoinForm(host, port, options.password, name, local_host, local_port, account=account)
        )

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
            and self.exit_code is None
            and self._is_ready
            and not self._has_left
            and not self._errands.is_closed
            and len(self._slots) < MAX_UNANSWERED
            and len(self._apart) < MAX_FILES
        ):
            self._handle(self._lines.popleft())
            self._write_answers()
        is_idle = not self._lines and not self._slots and self._errands.is_idle
        is_done = self._has_left or self.exit_code is not None
        if self._is_over and is_idle and self._is_ready and not is_done:
            self._has_left = True
            self._submit(Leave())

    def _handle(self, line: bytes) -> None:
        self._line += 1
        try:
            text = line.decode()
        except UnicodeDecodeError:
            message = refusal_sentence(Code.TEXT_INVALID, self._say)
            self._give(Answer(False, "say", Code.TEXT_INVALID.name, message))
            return
        match interpret(text, self._model, self._say):
            case Ask(word=word):
                self._give(Answer(False, "say", "NEEDS_SAY", self._say("command.doubt", word=word)))
            case Answer() as given:
                self._give(given)
            case Exit():
                self._leaving = self._open("exit")
                self._has_left = True
                self._submit(Leave())
            case errand:
                self._errands.begin(errand, partial(self._settle, self._open(command_of(errand))))

    def _open(self, command: str) -> _Slot:
        slot = _Slot(command, self._line)
        (self._apart if command in _APART else self._slots).append(slot)
        return slot

    def _give(self, answer: Answer) -> None:
        self._settle(self._open(answer.command), answer)

    def _settle(self, slot: _Slot, answer: Answer) -> None:
        slot.answer = self._fields_of(answer)
        if slot in self._apart:
            self._apart.remove(slot)
            self._put(slot.answer | {"line": slot.line})
            self._answered()
        else:
            self._write_answers()

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
            case EntryArrived() | OlderArrived() | LogReplaced() | ConversationGone():
                self._take_of_log(event)
            case IdentityChanged(name=name, is_account=is_account, token=token):
                self._put_identity(name, is_account, token)
            case ConnectionChanged():
                if event.connection is not self._connection:
                    self._connection = event.connection
                    self._put_connection(_CONNECTIONS[event.connection], "OK")
            case FileMoved(ticket) | FileEnded(ticket):
                conversation = self._errands.conversation_of(ticket)
                label = None if conversation is None else self._inbox.label(conversation)
                self._put(file_fields(event, label, self._say))
            case Ended() | Crashed() | JoinFailed():
                self._end(event)
            case _:
                self._take_entering(event)
        if self.exit_code is None:
            self._errands.take_event(event)
            self._go_on()

    def _take_of_log(
        self, event: EntryArrived | OlderArrived | LogReplaced | ConversationGone
    ) -> None:
        conversation = event.conversation
        match event:
            case EntryArrived():
                self._put_entry(Found(conversation, event.number, event.entry))
            case OlderArrived():
                lowest = self._lowest.get(conversation)
                for number, entry in event.entries:
                    if lowest is None or number < lowest:
                        self._put_entry(Found(conversation, number, entry))
            case LogReplaced():
                self._lowest.pop(conversation, None)
                label = self._inbox.label(conversation)
                message = self._say("terminal.log_replaced", place=label)
                code = Code.LOG_CHANGED.name
                self._put_connection("here", code, message=message, conversation=label)
            case _:
                self._lowest.pop(conversation, None)

    def _take_entering(self, event: object) -> None:
        match event:
            case Entered():
                if event.name != self._identity[0]:
                    self._identity = (event.name, False)
                self._put_connection(
                    "entered",
                    "OK",
                    message=self._say("entered.accepted"),
                    room=event.room_name,
                    name=event.name,
                    key=key_groups(event.server_key),
                    returned=event.has_returned,
                )
            case PeopleReplaced() if not self._is_ready:
                self._is_ready = True
            case PasswordDelayed():
                message = self._sentence(event)
                code = Code.TOO_MANY_GUESSES.name
                self._put_connection("waiting", code, message=message, wait=event.wait)
            case PasswordRefused():
                self._refuse(Code.WRONG_PASSWORD.name, self._sentence(event))
            case NameRefused() if self._options.account is not None:
                self._log_in()
            case NameRefused():
                self._refuse(event.code.name, self._sentence(event))
            case KeyChanged():
                message = key_changed_sentence(event, self._options.trusted_key, self._say)
                key = key_groups(event.key)
                self._refuse(EndReason.KEY_CHANGED.name, message, key=key)
            case _:
                pass

    def _log_in(self) -> None:
        """As the command line said. An account whose session goes on is not asked who it is."""
        account, password = self._options.account, self._options.account_password
        assert account is not None
        assert password is not None  # the command line is refused without it
        self._errands.begin(Do(LogIn(0, account, password)), self._take_login)

    def _take_login(self, answer: Answer) -> None:
        if not answer.is_ok:
            self._refuse(answer.code, answer.message)

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
        for slot in [*self._apart, *self._slots]:
            if slot is self._leaving:
                self._settle(slot, Answer(True, "exit", "OK", self._say("left.closed")))
            elif slot.answer is None:
                self._settle(slot, Answer(False, slot.command, "NO_ANSWER", message))
        self._put_connection("ended", code, message=message)

    def _sentence(self, event: object) -> str:
        trouble = trouble_of(event)
        return tell_trouble(trouble, self._model, self._say) if trouble else ""

    # --- output ---

    def _put_entry(self, arrived: Found) -> None:
        lowest = self._lowest.get(arrived.conversation, arrived.number)
        self._lowest[arrived.conversation] = min(lowest, arrived.number)
        head: dict[str, JsonValue] = {"event": _KINDS.get(arrived.entry.kind, "entry")}
        self._put(head | self._entry_fields(arrived))

    def _entry_fields(self, found: Found) -> dict[str, JsonValue]:
        note, refusal = note_of(found.entry), refusal_in(found.entry)
        fields: dict[str, JsonValue] = {
            "conversation": self._inbox.label(found.conversation),
            "number": found.number,
            "sender": found.entry.name,
            "kind": found.entry.kind.name.lower(),
            "text": found.entry.text if note is None else note.name,
            "time": iso_time(found.entry.sent_at),
        }
        if refusal is not None:
            return fields | {"text": entry_text(found.entry, self._say), "code": refusal.code.name}
        return fields if note is None else fields | note_fields(note)

    def _fields_of(self, answer: Answer) -> dict[str, JsonValue]:
        fields: dict[str, JsonValue] = {
            "status": "OK" if answer.is_ok else "ERROR",
            "command": answer.command,
            "code": answer.code,
            "message": answer.message,
        }
        if answer.found is not None:
            fields["messages"] = [self._entry_fields(found) for found in answer.found]
        return fields | dict(answer.fields)

    def _put_identity(self, name: str, is_account: bool, token: str) -> None:
        """Not while it is as ``entered`` said."""
        if (name, is_account) != self._identity:
            self._identity = (name, is_account)
            fields: dict[str, JsonValue] = {"name": name, "account": is_account}
            self._put({"event": "identity"} | fields | ({"token": token} if token else {}))

    def _put_connection(self, state: str, code: str, **fields: JsonValue) -> None:
        head: dict[str, JsonValue] = {"event": "connection", "state": state, "code": code}
        self._put(head | fields)

    def _put(self, fields: dict[str, JsonValue]) -> None:
        # ASCII alone: whatever reads this line by line splits it nowhere else.
        self._write(json.dumps(fields, ensure_ascii=True) + "\n")


def _end_code(event: Ended | Crashed | JoinFailed) -> str:
    match event:
        case Ended(reason):
            return reason.name
        case Crashed():
            return "CRASHED"
        case _:
            is_host = event.field is JoinField.HOST
            return EndReason.UNREACHABLE.name if is_host else "OWN_ADDRESS"
