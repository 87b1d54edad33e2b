"""What stands under each other in a chat window, as values, and the sentences made of them.

Band: cores. Pure: today and the language come in as arguments. client_model.py makes the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from auth import key_groups
from client_file_model import FileView
from conversation import FileNote, RefusalNote
from protocol import Code
from realms import split_realm
from texts import Texts

NAMES_IN_LINE = 3  # of those who joined; the others are counted


class Receipt(Enum):
    """How far one's own message got."""

    NONE = auto()  # somebody else's message
    PENDING = auto()  # on its way to the server
    WAITING = auto()  # the connection is lost; it goes out by itself later
    SAVED = auto()  # on the server's disk
    HELD = auto()  # there, until the other realm is back
    REACHED = auto()  # with everyone present; with the other realm, if it is said to one
    REFUSED = auto()  # the server, or the other realm, did not take it


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A bubble. ``place``: number of the entry, or 0 with the ticket of a draft."""

    number: int
    ticket: int
    person: int
    name: str
    text: str
    sent_at: int  # 0: not known before the server has it
    is_own: bool
    starts_run: bool  # the first under each other of one person: bears name and avatar
    receipt: Receipt
    refusal: Code | None = None
    is_mention: bool = False  # of oneself, by somebody else
    file: FileNote | None = None  # what it is about; then its text is the file's name
    view: FileView | None = None  # where that stands; None: its message is on its way, or refused


@dataclass(frozen=True, slots=True)
class DayRow:
    """What follows was said on this day. ``above``: the first number of it, to tell rows apart."""

    day: date
    above: int


@dataclass(frozen=True, slots=True)
class PresenceRow:
    """Who came and went between two messages, each named once, with what they did last."""

    number: int
    joined: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenamedRow:
    """Somebody has another name from here on."""

    number: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A line of the program or the operator. ``number`` 0: of this window alone, with a serial."""

    number: int
    serial: int
    text: str


@dataclass(frozen=True, slots=True)
class UndeliveredRow:
    """Another realm did not take something. ``name``: who had said it."""

    number: int
    name: str
    note: RefusalNote


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """New messages begin here."""


Row = MessageRow | DayRow | PresenceRow | RenamedRow | NoticeRow | UndeliveredRow | UnreadRow


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A line of the list of people. ``person`` 0: a member of a group who is not present."""

    person: int
    name: str
    is_you: bool
    is_away: bool
    is_typing: bool
    realm: str = ""  # another one, whose they are; then the name ends with it


@dataclass(frozen=True, slots=True)
class LastMessage:
    """What the list of conversations says of one of them."""

    name: str
    is_own: bool
    text: str
    sent_at: int


# --- sentences ---


def key_text(server_key: bytes) -> str:
    """As people read it to each other: ``7F3A 91C2 08DE 55B1``."""
    return key_groups(server_key).replace("-", " ")


def is_same_key(typed: str, server_key: bytes) -> bool:
    """Whether somebody typed this key, with whatever between its groups."""
    digits = "".join(character for character in typed.upper() if character.isalnum())
    return digits == key_groups(server_key).replace("-", "")


def last_message_line(message: LastMessage, say: Texts, *, with_name: bool = True) -> str:
    """``henderson: besok jam 9 ya``, on one line; between two, only one's own bear a name."""
    line = one_line(message.text)
    if message.is_own:
        return f"{say('chat.you')}: {line}"
    return f"{split_realm(message.name)[0]}: {line}" if with_name else line


def one_line(text: str) -> str:
    """The beginning of a text."""
    return " ".join(text[:200].split())


def presence_line(row: PresenceRow, say: Texts) -> str:
    """``messi and darren joined · lineker left``."""
    parts = []
    if row.joined:
        parts.append(say("chat.joined", names=name_list(row.joined, say)))
    if row.left:
        parts.append(say("chat.left", names=name_list(row.left, say)))
    return " · ".join(parts)


def renamed_line(row: RenamedRow, say: Texts) -> str:
    """``tamu is henderson now``."""
    return say("chat.renamed", before=row.before, after=row.after)


def count_text(count: int) -> str:
    """In a badge, where there is little room."""
    return str(count) if count < 1000 else "999+"


def name_list(names: Iterable[str], say: Texts, count: int = 0) -> str:
    """``messi, darren and 4 others``. ``count``: of all, if only some are named here."""
    named = list(names)
    count = max(count, len(named))
    if count == 1:
        return named[0]
    if count == len(named) <= NAMES_IN_LINE:
        return say("list.and", first=", ".join(named[:-1]), last=named[-1])
    shown = named[: NAMES_IN_LINE - 1]
    return say("list.others", first=", ".join(shown), count=count - len(shown))


def day_label(day: date, today: date, say: Texts) -> str:
    """``Today``, ``Yesterday``, else ``Friday, 7 November 2025``."""
    days_ago = (today - day).days
    if days_ago == 0:
        return say("day.today")
    if days_ago == 1:
        return say("day.yesterday")
    return say(
        "day.date",
        weekday=say("day.weekdays").split()[day.weekday()],
        day=day.day,
        month=say("day.months").split()[day.month - 1],
        year=day.year,
    )


def when_label(day: date, time: str, today: date, say: Texts) -> str:
    """When a room was last visited: ``today, 13:02``, ``yesterday``, ``last week``, a date."""
    days_ago = (today - day).days
    if days_ago == 0:
        return say("when.today", time=time)
    if days_ago == 1:
        return say("when.yesterday")
    if 1 < days_ago < 7:
        return say("day.weekdays").split()[day.weekday()]
    if 7 <= days_ago < 14:
        return say("when.last_week")
    month = say("day.months").split()[day.month - 1]
    return say("when.date", day=day.day, month=month, year=day.year)


def short_when(day: date, time: str, today: date, say: Texts) -> str:
    """When something was last said in a conversation: ``14:32``, ``Tue``, ``7 Nov``."""
    days_ago = (today - day).days
    if days_ago <= 0:
        return time
    if days_ago < 7:
        return say("day.short_weekdays").split()[day.weekday()]
    month = say("day.short_months").split()[day.month - 1]
    return f"{day.day} {month}"
