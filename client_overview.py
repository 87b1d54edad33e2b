"""What stands around the messages: the list of conversations, the header, the title, the members.

Band: cores. Pure: today and the language come in as arguments; computed from the model each time
something changed, in well under a millisecond for a hundred conversations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from auth import fold_name
from client_events import Connection
from client_inbox import Conversation
from client_mentions import is_mentioned
from client_model import ClientModel
from client_rows import PersonRow, last_message_line, name_list, one_line, short_when
from client_transcript import Transcript
from conversation import ConversationKind, Person, Presence
from settings_client import Notify
from texts import Texts


class Dot(Enum):
    """What the dot at somebody's picture says."""

    NONE = auto()  # no person, or nothing is known
    HERE = auto()
    AWAY = auto()


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A line of the list of conversations."""

    conversation: int
    kind: ConversationKind
    name: str
    person: int  # the other one, in a private conversation
    dot: Dot
    preview: str
    is_lively: bool  # the preview says what happens now, not what was said
    time: str
    unread: int
    is_meant: bool  # somebody named us in what is unread
    is_silent: bool
    is_chosen: bool


def conversation_rows(model: ClientModel, today: date, say: Texts) -> list[ConversationRow]:
    """The room, then the groups, then the private ones; in each the one with the newest first."""
    rows = []
    order = list(ConversationKind)
    known = sorted(
        model.inbox.conversations(), key=lambda one: (order.index(one.kind), *_rank(one, model))
    )
    for one in known:
        transcript = model.transcript(one.number)
        if transcript is not None:
            rows.append(_row(one, transcript, model, today, say))
    return rows


def _rank(one: Conversation, model: ClientModel) -> tuple[bool, int, str]:
    """One that was just opened has nothing in it and stands first."""
    transcript = model.transcript(one.number)
    activity = transcript.last_activity if transcript else 0
    return activity > 0, -activity, fold_name(one.name)


def _row(
    one: Conversation, transcript: Transcript, model: ClientModel, today: date, say: Texts
) -> ConversationRow:
    is_chosen = one.number == model.chosen
    preview, is_lively = _preview(one, transcript, model, say, is_chosen=is_chosen)
    sent_at = transcript.last_activity
    unread = model.unread_in(one.number)
    time = ""
    if sent_at:
        time = short_when(model.day_of(sent_at), model.time_of(sent_at), today, say)
    return ConversationRow(
        one.number,
        one.kind,
        conversation_name(one, say),
        one.person,
        _dot(model.people.get(one.person)) if one.kind is ConversationKind.PRIVATE else Dot.NONE,
        preview,
        is_lively,
        time,
        len(unread),
        any(is_mentioned(found.entry.text, model.my_name) for found in unread),
        model.level(one.number) is Notify.NONE,
        is_chosen,
    )


def _preview(
    one: Conversation, transcript: Transcript, model: ClientModel, say: Texts, *, is_chosen: bool
) -> tuple[str, bool]:
    names = [model.people[person].name for person in transcript.typing if person in model.people]
    is_private = one.kind is ConversationKind.PRIVATE
    if names and is_private:
        return say("chat.typing"), True
    if names:
        return say("chat.are_typing", names=name_list(names, say)), True
    if transcript.written.strip() and not is_chosen:
        return say("chat.draft", text=one_line(transcript.written.strip())), True
    last = transcript.last_message
    if last is None:
        return say("chat.nothing_yet"), False
    return last_message_line(last, say, with_name=not is_private), False


def _dot(person: Person | None) -> Dot:
    return Dot.HERE if person is not None and person.presence is Presence.HERE else Dot.AWAY


def conversation_name(one: Conversation, say: Texts) -> str:
    """What people call it."""
    return say("chat.everyone") if one.kind is ConversationKind.ROOM else one.name


def neighbour(rows: Sequence[ConversationRow], step: int, *, is_unread: bool = False) -> int | None:
    """The conversation that stands so far from the one shown, around the ends; None: none does.

    ``is_unread``: only those count in which something is.
    """
    places = [place for place, row in enumerate(rows) if row.is_chosen]
    here = places[0] if places else 0
    for further in range(1, len(rows)):
        row = rows[(here + step * further) % len(rows)]
        if not is_unread or (row.unread and not row.is_silent):
            return row.conversation
    return None


# --- header, title, people ---


def header_title(model: ClientModel, say: Texts) -> str:
    """``# Everyone``, or a name."""
    here = model.conversation
    name = conversation_name(here, say)
    return name if here.kind is ConversationKind.PRIVATE else f"# {name}"


def header_line(model: ClientModel, say: Texts, members: int | None = None) -> str:
    """Below it: ``12 people here · encrypted``. ``members``: of the group shown, once known."""
    here = model.conversation
    match here.kind:
        case ConversationKind.ROOM:
            count = model.here_count()
            return say("chat.person_here" if count == 1 else "chat.people_here", count=count)
        case ConversationKind.GROUP if members is None:
            return say("chat.group")
        case ConversationKind.GROUP:
            return say("chat.one_member" if members == 1 else "chat.members", count=members)
        case _:
            return _other_line(here, model, say)


def _other_line(here: Conversation, model: ClientModel, say: Texts) -> str:
    person = model.people.get(here.person)
    if here.person in model.here.typing:
        return say("chat.typing_now")
    if person is None:
        return say("chat.not_here")
    return say("chat.is_here" if person.presence is Presence.HERE else "chat.is_away")


def member_rows(model: ClientModel, names: Sequence[str]) -> list[PersonRow]:
    """The members of the group shown: oneself, who is here, then all others."""
    present = {fold_name(person.name): person for person in model.people.values()}
    rows = [_member_row(name, present.get(fold_name(name)), model) for name in names]
    rows.sort(key=lambda row: (not row.is_you, row.is_away, fold_name(row.name)))
    return rows


def _member_row(name: str, person: Person | None, model: ClientModel) -> PersonRow:
    if person is None:
        return PersonRow(0, name, is_you=False, is_away=True, is_typing=False)
    is_you = person.person == model.me
    return PersonRow(
        person.person,
        person.name,
        is_you,
        person.presence is Presence.AWAY and not is_you,
        person.person in model.here.typing and not is_you,
    )


def placeholder(model: ClientModel, say: Texts) -> str:
    """What stands in the empty line to write in."""
    here = model.conversation
    if here.kind is ConversationKind.ROOM:
        return say("chat.placeholder")
    return say("chat.placeholder_to", name=here.name)


def window_title(model: ClientModel) -> str:
    """The count of unread messages in front: ``(3) Lab Jaringan``, and the program."""
    title = f"{model.room_name} – Ruang" if model.has_entered else "Ruang"  # noqa: RUF001
    return f"({model.unread}) {title}" if model.unread else title


def connection_line(model: ClientModel, say: Texts) -> str:
    """``Connected · 2 ms``."""
    if model.connection is not Connection.HERE:
        is_lost = model.connection is Connection.LOST
        return say("connection.lost" if is_lost else "connection.connecting")
    if model.round_trip is None:
        return say("connection.here")
    return say("connection.here_ms", ms=max(1, round(model.round_trip * 1000)))
