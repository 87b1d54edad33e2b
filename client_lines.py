"""What a terminal shows: entries and troubles as lines, with nothing in them that commands it.

Band: cores. Pure. The sentences about troubles serve scripts too.
"""

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum, auto
from typing import Protocol

from auth import key_groups
from client_events import Command, Crashed, Ended, EndReason, Found, KeyChanged
from client_form import JoinFailed, JoinField, Trouble, trouble_sentence
from client_inbox import Conversation, Inbox
from client_model import ClientModel
from conversation import ROOM, ConversationKind, Entry, EntryKind
from file_words import entry_text
from settings import Exit as ExitCode
from texts import Texts

HELD_BACK = 500  # entries that wait until it is settled who we are
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # format characters that writing and emoji need, and that hide nothing
_INDENT = " " * 6  # of the further lines of a message: the width of its time
_SIGNS = {ConversationKind.GROUP: "#", ConversationKind.PRIVATE: "@"}  # no name begins with them


class Style(Enum):
    """What a line is, for those who have colours."""

    MESSAGE = auto()
    OWN = auto()
    QUIET = auto()  # the program's own remarks
    ALARM = auto()


class Screen(Protocol):
    """Where lines are shown, and questions asked."""

    def show(self, text: str, style: Style) -> None: ...
    def ask(self, prompt: str, *, is_hidden: bool) -> None: ...


class Page:
    """The entries on a screen, and which of them the user has not confirmed to have seen."""

    def __init__(
        self,
        screen: Screen,
        model: ClientModel,
        inbox: Inbox,
        say: Texts,
        submit: Callable[[Command], None],
    ) -> None:
        self._screen = screen
        self._model = model
        self._inbox = inbox
        self._say = say
        self._submit = submit
        self._held_back: deque[Found] = deque(maxlen=HELD_BACK)
        self._shown: dict[int, int] = {}  # the newest of each conversation that is not marked yet

    def hold_back(self, arrived: Found) -> None:
        """It is shown by ``show_held_back``."""
        self._held_back.append(arrived)

    def show_held_back(self) -> None:
        """Now it is settled who we are, and thereby what is ours to see."""
        while self._held_back:
            self.show(self._held_back.popleft())

    def show(self, arrived: Found) -> None:
        """The room is shown as it is; of other conversations what was not seen before."""
        known = self._inbox.conversation(arrived.conversation)
        if known is None or (known.number != ROOM and arrived.number <= known.read):
            return
        self._shown[known.number] = arrived.number
        self._show(arrived, self._model.time_of(arrived.entry.sent_at))

    def show_list(self, found: Iterable[Found]) -> None:
        """Entries from anywhere and any time."""
        for one in found:
            day = self._model.day_of(one.entry.sent_at).isoformat()
            self._show(one, f"{day} {self._model.time_of(one.entry.sent_at)}")

    def mark_seen(self) -> None:
        """What was shown until now was read."""
        for conversation, number in self._shown.items():
            if marked := self._inbox.see(conversation, number):
                self._submit(marked)
        self._shown.clear()

    def _show(self, found: Found, when: str) -> None:
        mark = place_mark(self._inbox.conversation(found.conversation))
        is_own = found.entry.person == self._inbox.me
        self._screen.show(*entry_line(found.entry, mark, when, is_own, self._say))


def clean(text: str) -> str:
    """Text from a peer, harmless to a terminal: nothing that commands it, hides or turns lines."""
    return "".join(
        c if c == "\n" or c in _JOINERS or unicodedata.category(c) not in _HIDDEN else "\ufffd"
        for c in text
    )


def place_mark(conversation: Conversation | None) -> str:
    """``#group`` or ``@person``; the room needs none."""
    sign = _SIGNS.get(conversation.kind) if conversation else None
    return f"{sign}{clean(conversation.name)}" if conversation and sign else ""


def entry_line(entry: Entry, mark: str, when: str, is_own: bool, say: Texts) -> tuple[str, Style]:
    """``14:32 #group budi: halo``. ``when``: its time, or day and time; ``mark``: as above."""
    name = clean(entry.name)
    prefix = f"{mark} " if mark else ""
    match entry.kind:
        case EntryKind.JOINED:
            return prefix + say("terminal.joined", name=name), Style.QUIET
        case EntryKind.LEFT:
            return prefix + say("terminal.left", name=name), Style.QUIET
        case EntryKind.RENAMED:
            new = clean(entry.text)
            return prefix + say("terminal.renamed", name=name, new=new), Style.QUIET
        case _:
            text = clean(entry_text(entry, say)).replace("\n", f"\n{_INDENT}")
            author = "" if entry.kind is EntryKind.NOTICE else f"{name}: "
            style = Style.OWN if is_own else Style.MESSAGE
            return f"{when} {prefix}{author}{text}", style


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
        case _:
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
