"""A visit in a terminal: what is asked, what is shown, what a typed line does.

Band: cores. Pure: lines and events go in; questions, lines to show and commands come out through
the functions it is given. client_terminal.py is the terminal itself.
"""

import unicodedata
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from enum import Enum, auto
from typing import Protocol

from auth import key_groups
from client_commands import (
    SECRET_WORDS,
    Answer,
    Ask,
    Exit,
    Post,
    first_word,
    interpret,
    refusal_sentence,
)
from client_events import (
    ChooseName,
    ChoosePassword,
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
    KeySeen,
    Leave,
    LogReplaced,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    Say,
)
from client_form import (
    JoinFailed,
    JoinField,
    JoinForm,
    Trouble,
    check_name,
    trouble_of,
    trouble_sentence,
)
from client_model import ClientModel
from conversation import ROOM, Entry, EntryKind
from settings import ClientOptions, parse_place
from settings import Exit as ExitCode
from texts import Texts

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # format characters that writing and emoji need, and that hide nothing
_INDENT = " " * 6  # of the further lines of a message: the width of its time


class Style(Enum):
    """What a line is, for those who have colours."""

    MESSAGE = auto()
    OWN = auto()
    QUIET = auto()  # the program's own remarks
    ALARM = auto()


class Screen(Protocol):
    """Where a talk takes place."""

    def show(self, text: str, style: Style) -> None: ...
    def ask(self, prompt: str, *, is_hidden: bool) -> None: ...


class _Asked(Enum):
    """What the next line is the answer to."""

    NOTHING = auto()  # not in the room yet, all that is needed is known
    PLACE = auto()
    PASSWORD = auto()
    NAME = auto()
    DOUBT = auto()  # really say this?
    CHAT = auto()


class Talk:
    """Owned by the main thread. ``exit_code`` is None until the visit is over."""

    def __init__(
        self,
        options: ClientOptions,
        say: Texts,
        screen: Screen,
        *,
        join: Callable[[JoinForm], None],
        submit: Callable[[Command], None],
        is_live: bool = True,
        zone: tzinfo | None = None,
    ) -> None:
        """``is_live``: a person types, so ``exit`` need not wait for what was typed before."""
        self.exit_code: int | None = None
        self._say = say
        self._screen = screen
        self._join = join
        self._submit = submit
        self._place = options.place
        self._password = options.password
        self._name = options.name
        self._local = options.local or ("", 0)
        self._trusted_key = options.trusted_key
        self._model = ClientModel(zone)
        self._asked = _Asked.NOTHING
        self._has_joined = False  # the driver was started
        self._is_live = is_live
        self._lines: deque[str] = deque()  # typed ahead of the question
        self._is_over = False  # no more input
        self._is_leaving = False
        self._is_ready = False  # entered, and it is known who is here
        self._is_told_lost = False
        self._doubtful = ""
        self._unanswered: set[int] = set()  # tickets

    def begin(self) -> None:
        """Asks for what the command line did not say, then joins."""
        if self._place is None:
            self._ask(_Asked.PLACE, "terminal.ask_place")
        elif self._password is None:
            self._ask(_Asked.PASSWORD, "terminal.ask_password")
        elif self._name is None:
            self._ask(_Asked.NAME, "terminal.ask_name")
        elif trouble := check_name(self._name):
            self._show_trouble(trouble)
            self._ask(_Asked.NAME, "terminal.ask_name")
        else:
            host, port = self._place
            self._ask(_Asked.NOTHING)
            self._has_joined = True
            self._quiet("terminal.connecting", place=f"{host}:{port}")
            self._join(
                JoinForm(host, port, self._password, self._name, *self._local),
            )

    # --- lines ---

    def take_line(self, line: str) -> None:
        """What the user typed. It waits while nothing is asked: a pipe knows no questions."""
        if self._is_live and self._asked is _Asked.NOTHING and line.strip() == "exit":
            self._leave()
            return
        self._lines.append(line)
        self._go_on()

    def _go_on(self) -> None:
        while self._lines and not self._is_leaving and self._asked is not _Asked.NOTHING:
            self._take(self._lines.popleft())
        if self._is_over and not self._lines and self.exit_code is None:
            self._end_asking()

    def _take(self, line: str) -> None:
        if line.strip() == "exit" and self._asked is not _Asked.PASSWORD:
            self._leave()
            return
        match self._asked:
            case _Asked.PLACE:
                self._take_place(line)
            case _Asked.PASSWORD:
                self._password = line
                self._resume(ChoosePassword(line))
            case _Asked.NAME:
                self._take_name(line)
            case _Asked.DOUBT:
                self._take_doubt(line)
            case _Asked.CHAT:
                self._chat(line)
            case _Asked.NOTHING:
                pass

    def _take_place(self, line: str) -> None:
        try:
            self._place = parse_place(line)
        except ValueError as error:
            self._alarm(self._say(str(error), value=line))
        self.begin()

    def _take_name(self, line: str) -> None:
        if first_word(line) in SECRET_WORDS and len(line.split()) > 1:
            self._alarm(self._say("terminal.no_accounts"))
        elif trouble := check_name(line):
            self._show_trouble(trouble)
        else:
            self._name = line
            self._resume(ChooseName(line))
            return
        self._ask(_Asked.NAME, "terminal.ask_name")

    def _resume(self, command: ChooseName | ChoosePassword) -> None:
        """After a refusal the core waits for the answer; before joining there is no core."""
        if not self._has_joined:
            self.begin()
            return
        self._ask(_Asked.NOTHING)
        self._submit(command)

    def _take_doubt(self, line: str) -> None:
        self._ask(_Asked.CHAT)
        if line.strip().casefold() in self._say("terminal.yes").split():
            self._post(self._doubtful)
        else:
            self._quiet("terminal.not_sent")
        self._doubtful = ""

    def _chat(self, line: str) -> None:
        if not line.strip():
            return
        match interpret(line, self._model, self._say):
            case Post(text):
                self._post(text)
            case Ask(text, word):
                self._doubtful = text
                self._ask(_Asked.DOUBT, "terminal.doubt", word=word)
            case Answer() as answer:
                style = Style.QUIET if answer.is_ok else Style.ALARM
                self._screen.show(clean(answer.message), style)
            case Exit():
                self._leave()

    def _post(self, text: str) -> None:
        ticket = self._model.new_ticket()
        self._unanswered.add(ticket)
        self._submit(Say(ticket, ROOM, text))

    def _leave(self) -> None:
        self._is_leaving = True
        if self._has_joined:
            self._submit(Leave())
        else:
            self._end(ExitCode.OK)

    def end_input(self) -> None:
        """Leaves when all that was said is on the server's disk."""
        self._is_over = True
        self._go_on()

    def _end_asking(self) -> None:
        """The input is used up."""
        if self._asked in (_Asked.PLACE, _Asked.PASSWORD, _Asked.NAME):
            self._end(ExitCode.REFUSED if self._has_joined else ExitCode.USAGE)
        elif self._model.has_entered and not self._unanswered and not self._is_leaving:
            self._leave()

    # --- events ---

    def take_event(self, event: object) -> None:
        """What the core, or the entry point, reports."""
        self._model.apply(event)
        match event:
            case EntryArrived():
                self._show_entry(event.entry)
                self._settle(event.ticket)
            case DraftRefused():
                self._alarm(f"{refusal_sentence(event.code, self._say)} {clean(event.text)[:80]}")
                self._settle(event.ticket)
            case ConnectionChanged():
                self._show_connection(event.connection)
            case LogReplaced():
                self._quiet("terminal.log_replaced")
            case Ended() | Crashed() | JoinFailed():
                self._show_end(event)
            case _:
                self._take_entering(event)

    def _take_entering(self, event: object) -> None:
        match event:
            case KeySeen():
                key = "terminal.key_known" if event.is_pinned else "terminal.key"
                self._quiet(key, key=key_groups(event.key))
            case KeyChanged():
                self._alarm(key_changed_sentence(event, self._trusted_key, self._say))
            case PasswordRefused():
                self._refuse(event, _Asked.PASSWORD, "terminal.ask_password")
            case PasswordDelayed():
                self._refuse(event, _Asked.NOTHING)
            case NameRefused():
                self._refuse(event, _Asked.NAME, "terminal.ask_name")
            case Entered():
                self._quiet("entered.accepted")
                if event.has_returned:
                    self._quiet("entered.returned", name=clean(event.name))
            case PeopleReplaced() if not self._is_ready:
                self._is_ready = True
                count = self._model.here_count()
                self._quiet("terminal.room", room=clean(self._model.room_name), count=count)
                self._ask(_Asked.CHAT)
                self._go_on()
            case _:
                pass

    def _refuse(self, event: object, asked: _Asked, prompt: str = "") -> None:
        if trouble := trouble_of(event):
            self._show_trouble(trouble)
        self._ask(asked, prompt)
        self._go_on()

    def _settle(self, ticket: int | None) -> None:
        if ticket is not None:
            self._unanswered.discard(ticket)
            self._go_on()

    def _show_connection(self, connection: Connection) -> None:
        if connection is Connection.LOST:
            self._is_told_lost = True
            self._quiet("terminal.lost")
        elif connection is Connection.HERE and self._is_told_lost:
            self._is_told_lost = False
            self._quiet("terminal.back")

    def _show_end(self, event: Ended | Crashed | JoinFailed) -> None:
        if trouble := trouble_of(event):
            self._show_trouble(trouble)
        self._end(exit_code_of(event))

    def _show_entry(self, entry: Entry) -> None:
        time = self._model.time_of(entry.sent_at)
        name = clean(entry.name)
        if entry.kind is EntryKind.JOINED:
            self._quiet("terminal.joined", time=time, name=name)
        elif entry.kind is EntryKind.LEFT:
            self._quiet("terminal.left", time=time, name=name)
        else:
            is_own = entry.person == self._model.me
            text = clean(entry.text).replace("\n", f"\n{_INDENT}")
            head = f"{time} {name}: " if entry.kind is EntryKind.TEXT else f"{time} "
            self._screen.show(head + text, Style.OWN if is_own else Style.MESSAGE)

    def _show_trouble(self, trouble: Trouble) -> None:
        self._alarm(tell_trouble(trouble, self._model, self._say))

    def _quiet(self, key: str, /, **fields: object) -> None:
        self._screen.show(self._say(key, **fields), Style.QUIET)

    def _alarm(self, text: str) -> None:
        self._screen.show(text, Style.ALARM)

    def _ask(self, asked: _Asked, key: str = "", /, **fields: object) -> None:
        self._asked = asked
        prompt = self._say(key, **fields) if key else "> " if asked is _Asked.CHAT else ""
        self._screen.ask(prompt, is_hidden=asked is _Asked.PASSWORD)

    def _end(self, exit_code: int) -> None:
        if exit_code == ExitCode.OK:
            self._quiet("left.closed")
        self.exit_code = exit_code


def clean(text: str) -> str:
    """Text from a peer, harmless to a terminal: nothing that commands it, hides or turns lines."""
    return "".join(
        c if c == "\n" or c in _JOINERS or unicodedata.category(c) not in _HIDDEN else "\ufffd"
        for c in text
    )


def key_changed_sentence(event: KeyChanged, trusted_key: str, say: Texts) -> str:
    """``trusted_key``: hex digits of the command line, for when no key was known before."""
    groups = [trusted_key[place : place + 4] for place in range(0, len(trusted_key), 4)]
    known = key_groups(event.pinned_key) if event.pinned_key else "-".join(groups)
    return say("terminal.key_changed", pinned=known, key=key_groups(event.key))


def tell_trouble(trouble: Trouble, model: ClientModel, say: Texts) -> str:
    """What went wrong, filled in."""
    until = ""
    if trouble.until:
        until = f"{model.day_of(trouble.until).isoformat()} {model.time_of(trouble.until)}"
    return trouble_sentence(replace(trouble, text=clean(trouble.text)), say, until)


def exit_code_of(event: Ended | Crashed | JoinFailed) -> int:
    """How the program ends after the last event of a visit."""
    match event:
        case Crashed():
            return ExitCode.FAILURE
        case JoinFailed(JoinField.HOST):
            return ExitCode.UNREACHABLE
        case JoinFailed(JoinField.LOCAL_PORT):
            return ExitCode.IN_USE
        case JoinFailed():
            return ExitCode.FAILURE
        case Ended():
            return _EXIT_CODES[event.reason]


_EXIT_CODES = {
    EndReason.LEFT: ExitCode.OK,
    EndReason.KICKED: ExitCode.REFUSED,
    EndReason.BANNED: ExitCode.REFUSED,
    EndReason.KEY_CHANGED: ExitCode.REFUSED,
    EndReason.UNREACHABLE: ExitCode.UNREACHABLE,
    EndReason.REFUSED: ExitCode.REFUSED,
    EndReason.FALSE_SERVER: ExitCode.REFUSED,
    EndReason.ELSEWHERE: ExitCode.REFUSED,
}
