from datetime import UTC, date

import pytest
from client_rooms import ANA, BUDI, DAY, ME, NOON, SAY, Room, entry

from client_events import (
    Connection,
    ConnectionChanged,
    DraftMade,
    PersonChanged,
    PersonTyping,
)
from client_model import ClientModel
from client_overview import (
    ConversationRow,
    Dot,
    connection_line,
    conversation_rows,
    header_line,
    header_title,
    member_rows,
    neighbour,
    placeholder,
    window_title,
)
from client_rows import PersonRow
from conversation import ROOM, ConversationKind, EntryKind, Person, Presence
from settings_client import Notify

TODAY = date(2025, 11, 21)
BAGAN, FUTSAL, WITH_ANA, WITH_BUDI = 10, 11, 20, 21
HOUR = 3_600_000


def belonging() -> Room:
    """In two groups and in private conversations with Ana, who is here, and Budi, who is not."""
    room = Room()
    room.people(Person(ME, "saya", Presence.HERE), Person(ANA, "ana", Presence.HERE))
    room.tell(BAGAN, ConversationKind.GROUP, "bagan")
    room.tell(FUTSAL, ConversationKind.GROUP, "futsal")
    room.tell(WITH_BUDI, ConversationKind.PRIVATE, "budi", person=BUDI)
    room.tell(WITH_ANA, ConversationKind.PRIVATE, "ana", person=ANA)
    return room


def rows(room: Room) -> list[ConversationRow]:
    return conversation_rows(room.model, TODAY, SAY)


def row(room: Room, conversation: int) -> ConversationRow:
    return next(one for one in rows(room) if one.conversation == conversation)


# --- the list of conversations ---


def test_the_room_comes_first_then_groups_then_private_ones_the_newest_first() -> None:
    room = belonging()
    room.arrive_in(BAGAN, 1, entry(ANA, at=NOON - HOUR))
    room.arrive_in(FUTSAL, 1, entry(ANA, at=NOON))
    room.arrive_in(WITH_BUDI, 1, entry(BUDI))

    assert [one.name for one in rows(room)] == ["Everyone", "futsal", "bagan", "ana", "budi"]


def test_a_row_says_what_was_said_last_and_when() -> None:
    room = belonging()
    room.arrive(entry(ANA, "siang\nsemua"))
    room.arrive_in(BAGAN, 1, entry(ME, "revisi", at=NOON - 2 * DAY))
    room.arrive_in(WITH_ANA, 1, entry(ANA, "hai", at=NOON - 30 * DAY))

    shown = [(one.preview, one.time) for one in map(lambda at: row(room, at), (1, 10, 20, 21))]

    assert shown == [
        ("ana: siang semua", "12:00"),
        ("You: revisi", "Wed"),
        ("hai", "22 Oct"),
        ("No messages yet", ""),
    ]


def test_a_coming_is_no_message_but_gives_the_time() -> None:
    room = belonging()

    room.arrive_in(BAGAN, 1, entry(ANA, kind=EntryKind.JOINED))

    assert (row(room, BAGAN).preview, row(room, BAGAN).time) == ("No messages yet", "12:00")


def test_a_row_counts_what_is_unread_and_tells_who_is_meant() -> None:
    room = belonging()

    room.arrive_in(BAGAN, 1, entry(ANA, "halo"))
    before = row(room, BAGAN)
    room.arrive_in(BAGAN, 2, entry(ANA, "@saya?"))

    assert (before.unread, before.is_meant) == (1, False)
    assert (row(room, BAGAN).unread, row(room, BAGAN).is_meant) == (2, True)
    assert not row(room, BAGAN).is_silent
    room.model.levels = {BAGAN: Notify.NONE}
    assert row(room, BAGAN).is_silent


def test_a_dot_says_whether_the_other_one_is_here() -> None:
    room = belonging()
    room.model.apply(PersonChanged(Person(BUDI, "budi", Presence.AWAY)))

    assert row(room, WITH_ANA).dot is Dot.HERE
    assert row(room, WITH_BUDI).dot is Dot.AWAY
    assert row(room, BAGAN).dot is Dot.NONE
    room.people()
    assert row(room, WITH_ANA).dot is Dot.AWAY


def test_a_row_shows_who_writes_there_just_now() -> None:
    room = belonging()
    room.arrive_in(WITH_ANA, 1, entry(ME))

    room.model.apply(PersonTyping(WITH_ANA, ANA))
    room.model.apply(PersonTyping(BAGAN, ANA))

    assert (row(room, WITH_ANA).preview, row(room, WITH_ANA).is_lively) == ("typing…", True)
    assert row(room, BAGAN).preview == "ana: typing…"


def test_what_was_begun_elsewhere_is_not_forgotten() -> None:
    room = belonging()
    room.model.here.written = " besok \n saya "

    here = row(room, ROOM).preview
    room.model.choose(BAGAN)

    assert here == "No messages yet"
    assert row(room, ROOM).preview == "Draft: besok saya"
    assert row(room, BAGAN).is_chosen


def test_a_conversation_that_is_not_told_yet_has_no_row() -> None:
    room = belonging()

    room.model.inbox.learn_of(30, ConversationKind.GROUP, "baru")

    assert 30 not in [one.conversation for one in rows(room)]


# --- going up and down in it ---


@pytest.mark.parametrize(("step", "there"), [(1, FUTSAL), (-1, ROOM)])
def test_the_next_one_is_above_or_below(step: int, there: int) -> None:
    room = belonging()
    room.model.choose(BAGAN)

    assert neighbour(rows(room), step) == there


def test_after_the_last_comes_the_first() -> None:
    room = belonging()

    assert neighbour(rows(room), -1) == WITH_BUDI


def test_only_those_count_in_which_something_is_unread_and_not_silenced() -> None:
    room = belonging()
    room.arrive_in(BAGAN, 1, entry(ANA))
    room.arrive_in(WITH_BUDI, 1, entry(BUDI))
    room.model.levels = {BAGAN: Notify.NONE}

    assert neighbour(rows(room), 1, is_unread=True) == WITH_BUDI
    room.model.levels = {BAGAN: Notify.NONE, WITH_BUDI: Notify.NONE}
    assert neighbour(rows(room), 1, is_unread=True) is None


def test_without_conversations_there_is_nowhere_to_go() -> None:
    assert neighbour([], 1) is None


# --- header and title ---


@pytest.mark.parametrize(
    ("conversation", "title", "line", "hint"),
    [
        (ROOM, "# Everyone", "2 people here · encrypted", "Write to everyone"),
        (BAGAN, "# bagan", "Group · encrypted", "Write to bagan…"),
        (WITH_ANA, "ana", "Here now · encrypted", "Write to ana…"),
        (WITH_BUDI, "budi", "Not here now · messages wait · encrypted", "Write to budi…"),
    ],
)
def test_the_header_of_each_kind(conversation: int, title: str, line: str, hint: str) -> None:
    room = belonging()

    room.model.choose(conversation)

    assert header_title(room.model, SAY) == title
    assert header_line(room.model, TODAY, SAY) == line
    assert placeholder(room.model, SAY).startswith(hint)


def test_one_alone_is_one_person() -> None:
    room = Room()
    room.people(Person(ME, "saya", Presence.HERE))

    assert header_line(room.model, TODAY, SAY) == "1 person here · encrypted"


def test_a_group_counts_its_members_once_they_are_known() -> None:
    room = belonging()
    room.model.choose(BAGAN)

    assert header_line(room.model, TODAY, SAY, 1) == "1 member · encrypted"
    assert header_line(room.model, TODAY, SAY, 4) == "4 members · encrypted"


def test_the_other_one_is_away_or_writes() -> None:
    room = belonging()
    room.model.choose(WITH_ANA)
    room.model.apply(PersonChanged(Person(ANA, "ana", Presence.AWAY)))
    away = header_line(room.model, TODAY, SAY)

    room.model.apply(PersonTyping(WITH_ANA, ANA))

    assert away == "Away · encrypted"
    assert header_line(room.model, TODAY, SAY) == "typing… · encrypted"


def test_members_are_oneself_then_who_is_here_then_all_others() -> None:
    room = belonging()
    room.model.apply(PersonChanged(Person(BUDI, "budi", Presence.AWAY)))
    room.model.choose(BAGAN)
    room.model.apply(PersonTyping(BAGAN, ANA))

    assert member_rows(room.model, ["zaki", "budi", "ana", "Andi", "saya"]) == [
        PersonRow(ME, "saya", is_you=True, is_away=False, is_typing=False),
        PersonRow(ANA, "ana", is_you=False, is_away=False, is_typing=True),
        PersonRow(0, "Andi", is_you=False, is_away=True, is_typing=False),
        PersonRow(BUDI, "budi", is_you=False, is_away=True, is_typing=False),
        PersonRow(0, "zaki", is_you=False, is_away=True, is_typing=False),
    ]


def test_the_title_counts_what_is_unread() -> None:
    room = belonging()
    before = window_title(room.model)
    room.arrive_in(BAGAN, 1, entry(ANA))
    room.arrive_in(WITH_ANA, 1, entry(ANA))

    assert before == "Lab \u2013 Ruang"
    assert window_title(room.model) == "(2) Lab \u2013 Ruang"
    assert window_title(ClientModel(UTC)) == "Ruang"


@pytest.mark.parametrize(
    ("connection", "round_trip", "line"),
    [
        (Connection.CONNECTING, None, "Connecting …"),
        (Connection.ENTERING, None, "Connecting …"),
        (Connection.HERE, None, "Connected"),
        (Connection.HERE, 0.0021, "Connected · 2 ms"),
        (Connection.HERE, 0.0001, "Connected · 1 ms"),
        (Connection.LOST, 0.1, "Connection lost"),
    ],
)
def test_the_connection_in_words(
    connection: Connection, round_trip: float | None, line: str
) -> None:
    model = ClientModel(UTC)

    model.apply(ConnectionChanged(connection, round_trip))

    assert connection_line(model, SAY) == line


def test_what_waits_to_be_sent_is_no_draft_of_the_line() -> None:
    room = belonging()

    room.model.apply(DraftMade(1, 1, BAGAN, "menunggu"))

    assert row(room, BAGAN).preview == "No messages yet"
