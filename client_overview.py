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
from client_realm_events import RealmInfo, RealmState
from client_rows import PersonRow, last_message_line, name_list, one_line, short_when
from client_transcript import Transcript
from conversation import ConversationKind, Person, Presence
from realms import split_realm
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
    realm: str  # where it is at home; empty: here
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
        short_name(one, say),
        one.realm,
        one.person,
        _dot_of(one, model),
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


def _dot_of(one: Conversation, model: ClientModel) -> Dot:
    """Of somebody in another realm it is only known whether that can be reached."""
    if one.kind is not ConversationKind.PRIVATE:
        return Dot.NONE
    if one.realm:
        return Dot.AWAY if model.is_realm_away(one.realm) else Dot.HERE
    person = model.people.get(one.person)
    return Dot.HERE if person is not None and person.presence is Presence.HERE else Dot.AWAY


def conversation_name(one: Conversation, say: Texts) -> str:
    """What people call it."""
    return say("chat.everyone") if one.kind is ConversationKind.ROOM else one.name


def short_name(one: Conversation, say: Texts) -> str:
    """Without its realm, where that stands beside it."""
    return split_realm(conversation_name(one, say))[0]


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


# --- other realms ---


@dataclass(frozen=True, slots=True)
class RealmRow:
    """A line of the list of realms."""

    name: str
    dot: Dot
    line: str


def realm_rows(model: ClientModel, today: date, say: Texts) -> list[RealmRow]:
    """As the server lists them, by name."""
    return [_realm_row(realm, model, today, say) for realm in model.realms]


def _realm_row(realm: RealmInfo, model: ClientModel, today: date, say: Texts) -> RealmRow:
    if realm.state is RealmState.LINKED:
        ms = realm.round_trip
        key = "realm.reachable" if ms is None else "realm.reachable_ms"
        line = say(key, ms=_whole_ms(ms))
        return RealmRow(realm.name, Dot.HERE, line)
    if realm.state is RealmState.CUT:
        return RealmRow(realm.name, Dot.AWAY, say("realm.cut"))
    since = _since(realm, model, today, say)
    line = say("realm.away_since", since=since) if since else say("realm.away")
    if realm.waiting:
        key = "realm.one_waiting" if realm.waiting == 1 else "realm.waiting"
        line = say(key, count=realm.waiting)
        line += f" · {say('realm.since', since=since)}" if since else ""
    return RealmRow(realm.name, Dot.AWAY, line)


def _since(realm: RealmInfo, model: ClientModel, today: date, say: Texts) -> str:
    """``14:02``, ``Tue 14:02``; empty: it was never reached."""
    if not realm.since:
        return ""
    day, time = model.day_of(realm.since), model.time_of(realm.since)
    when = short_when(day, time, today, say)
    return when if when == time else f"{when} {time}"


def realm_line(name: str, model: ClientModel, today: date, say: Texts) -> str:
    """Below the name of a conversation: ``realm kampus-b · reachable``, or what becomes of it."""
    realm = model.realm(name)
    if realm is None:
        return say("realm.gone" if model.is_realm_away(name) else "realm.of", realm=name)
    if realm.state is RealmState.LINKED:
        return f"{say('realm.of', realm=realm.name)} · {say('realm.reachable')}"
    if realm.state is RealmState.CUT:
        return f"{say('realm.of', realm=realm.name)} · {say('realm.cut')}"
    since = _since(realm, model, today, say)
    key = "realm.waits_since" if since else "realm.waits"
    return say(key, realm=realm.name, since=since)


# --- header, title, people ---


def header_title(model: ClientModel, say: Texts) -> str:
    """``# Everyone``, or a name."""
    here = model.conversation
    name = short_name(here, say)
    return name if here.kind is ConversationKind.PRIVATE else f"# {name}"


def header_line(model: ClientModel, today: date, say: Texts, members: int | None = None) -> str:
    """Below it: ``12 people here · encrypted``. ``members``: of the group shown, once known."""
    here = model.conversation
    if here.realm:
        line = realm_line(here.realm, model, today, say)
        if members is None or model.is_realm_away(here.realm):
            return line
        key = "group.one_member" if members == 1 else "group.members"
        return f"{line} · {say(key, count=members)}"
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
    realm = split_realm(name)[1]
    if realm:
        is_away, number = model.is_realm_away(realm), model.strangers.get(name, 0)
        return PersonRow(number, name, False, is_away, False, realm)
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
    return say("connection.here_ms", ms=_whole_ms(model.round_trip))


def _whole_ms(seconds: float | None) -> int:
    return max(1, round((seconds or 0.0) * 1000))
