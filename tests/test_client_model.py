from datetime import UTC, date, timedelta, timezone

import pytest
from client_rooms import (
    ANA,
    BUDI,
    DAY,
    KEY,
    ME,
    NOON,
    Room,
    entry,
)
from note_parts import note

from client_events import (
    Connection,
    ConnectionChanged,
    DraftRefused,
    DraftTaken,
    Ended,
    EndReason,
    EntryArrived,
    FloorChanged,
    KeySeen,
    LogReplaced,
    PersonChanged,
    PersonTyping,
    ReachedChanged,
)
from client_model import ClientModel
from client_rows import (
    DayRow,
    LastMessage,
    MessageRow,
    NoticeRow,
    PersonRow,
    PresenceRow,
    Receipt,
)
from conversation import (
    PEOPLE,
    ROOM,
    EntryKind,
    Person,
    Presence,
)
from protocol import Code

# --- rows ---


def test_messages_stand_under_their_day() -> None:
    room = Room()

    room.arrive(entry(ANA, "malam", at=NOON - DAY), entry(ANA, "pagi"), entry(BUDI, "siang"))

    days = [row for row in room.model.rows() if isinstance(row, DayRow)]
    assert room.kinds() == [DayRow, MessageRow, DayRow, MessageRow, MessageRow]
    assert [row.day for row in days] == [date(2025, 11, 20), date(2025, 11, 21)]


def test_a_day_is_the_users_day() -> None:
    at_eleven_at_night = NOON + 11 * 3600 * 1000
    jakarta = ClientModel(timezone(timedelta(hours=7)))

    assert jakarta.day_of(at_eleven_at_night) == date(2025, 11, 22)
    assert jakarta.time_of(at_eleven_at_night) == "06:00"


def test_an_impossible_instant_is_shown_as_some_time_far_away() -> None:
    room = Room()

    room.arrive(entry(ANA, at=2**63 - 1))

    assert room.model.day_of(2**64 - 1).year == 9999
    assert room.model.day_of(-(2**64)).year == 1970  # a ban's end is a number of JSON
    assert room.texts() == ["halo"]


def test_a_run_of_one_person_bears_the_name_once() -> None:
    room = Room()

    room.arrive(entry(ANA), entry(ANA), entry(BUDI), entry(ANA))

    assert [row.starts_run for row in room.messages()] == [True, False, True, True]


def test_what_comes_between_ends_a_run() -> None:
    room = Room()

    room.arrive(entry(ANA), entry(BUDI, kind=EntryKind.JOINED), entry(ANA))

    assert [row.starts_run for row in room.messages()] == [True, True]


def test_comings_and_goings_in_a_row_are_one_line_with_what_each_did_last() -> None:
    room = Room()

    room.arrive(
        entry(ANA, kind=EntryKind.JOINED),
        entry(BUDI, kind=EntryKind.JOINED),
        entry(ANA, kind=EntryKind.LEFT),
    )

    assert room.model.rows()[1:] == [PresenceRow(1, ("budi",), ("ana",))]


def test_the_operators_words_are_a_notice() -> None:
    room = Room()

    room.arrive(entry(ANA, "server berhenti pukul 5", kind=EntryKind.NOTICE))

    assert room.model.rows()[1:] == [NoticeRow(1, 0, "server berhenti pukul 5")]


def test_what_the_window_says_itself_stands_below_history_and_above_what_follows() -> None:
    room = Room()
    room.model.add_notice("Nama diterima.")

    room.arrive(entry(ANA, "lama"), entry(ANA, "lama 2"), is_history=True)
    room.arrive(entry(BUDI, "baru"))

    rows = [row for row in room.model.rows() if not isinstance(row, DayRow)]
    assert [getattr(row, "text", "") for row in rows] == [
        "lama",
        "lama 2",
        "Nama diterima.",
        "baru",
    ]


def test_entries_of_other_conversations_are_not_shown() -> None:
    room = Room()

    room.model.apply(EntryArrived(PEOPLE, 1, entry(ANA)))
    room.model.apply(FloorChanged(PEOPLE, 5))

    assert room.model.rows() == []
    assert room.model.held.load_older() is None


# --- receipts ---


def test_what_i_say_is_pending_then_saved_then_with_everyone() -> None:
    room = Room()

    (ticket,) = room.say("halo semua")
    pending = room.messages()
    room.arrive(entry(ME, "halo semua"), ticket=ticket)
    saved = room.messages()
    room.model.apply(ReachedChanged(ROOM, 1))
    reached = room.messages()

    assert [rows[0].receipt for rows in (pending, saved, reached)] == [
        Receipt.PENDING,
        Receipt.SAVED,
        Receipt.REACHED,
    ]
    assert [len(rows) for rows in (pending, saved, reached)] == [1, 1, 1]


def test_receipts_never_go_back() -> None:
    room = Room()
    room.arrive(entry(ME), entry(ME))

    room.model.apply(ReachedChanged(ROOM, 2))
    room.model.apply(ReachedChanged(ROOM, 1))

    assert [row.receipt for row in room.messages()] == [Receipt.REACHED, Receipt.REACHED]


def test_others_messages_bear_no_receipt() -> None:
    room = Room()

    room.arrive(entry(ANA))

    assert [row.receipt for row in room.messages()] == [Receipt.NONE]


def test_while_the_connection_is_lost_drafts_wait() -> None:
    room = Room()
    room.say("nanti")

    room.model.apply(ConnectionChanged(Connection.LOST))

    assert [row.receipt for row in room.messages()] == [Receipt.WAITING]


def test_drafts_stay_below_what_arrives_meanwhile_and_follow_each_other() -> None:
    room = Room()
    first, _ = room.say("satu", "dua")

    room.arrive(entry(ANA, "sela"))
    room.arrive(entry(ME, "satu"), ticket=first)

    assert room.texts() == ["sela", "satu", "dua"]
    assert [row.starts_run for row in room.messages()] == [True, True, False]


def test_a_refused_draft_stays_with_its_reason() -> None:
    room = Room()
    (ticket,) = room.say("boleh?")

    room.model.apply(DraftRefused(ticket, 1, ROOM, "boleh?", Code.MUTED))

    (row,) = room.messages()
    assert (row.receipt, row.refusal, row.ticket) == (Receipt.REFUSED, Code.MUTED, ticket)


def test_a_draft_that_was_taken_and_will_not_be_shown_waits_no_more() -> None:
    room = Room()
    first, _ = room.say("satu", "dua")

    room.model.apply(DraftTaken(first, ROOM, 9, NOON))

    assert room.texts() == ["dua"]


def test_a_draft_of_an_earlier_run_is_told_apart_without_a_ticket() -> None:
    room = Room()

    room.model.apply(DraftRefused(None, 4, ROOM, "dulu", Code.MUTED))

    assert [row.ticket for row in room.messages()] == [-4]


def test_tickets_are_all_different() -> None:
    model = ClientModel(UTC)

    assert len({model.new_ticket() for _ in range(5)}) == 5


# --- people ---


def test_people_are_sorted_oneself_first_then_by_name_the_away_last() -> None:
    room = Room()

    room.people(
        Person(BUDI, "budi", Presence.HERE),
        Person(4, "zaki", Presence.AWAY),
        Person(5, "Ayu", Presence.HERE),
        Person(6, "andi", Presence.GONE),
        Person(ME, "saya", Presence.AWAY),
    )

    assert room.model.people_rows() == [
        PersonRow(ME, "saya", is_you=True, is_away=False, is_typing=False),
        PersonRow(5, "Ayu", is_you=False, is_away=False, is_typing=False),
        PersonRow(BUDI, "budi", is_you=False, is_away=False, is_typing=False),
        PersonRow(4, "zaki", is_you=False, is_away=True, is_typing=False),
    ]
    assert room.model.here_count() == 3


def test_people_come_change_and_go_one_by_one() -> None:
    room = Room()
    room.people(Person(ANA, "ana", Presence.HERE))

    room.model.apply(PersonChanged(Person(BUDI, "budi", Presence.HERE)))
    room.model.apply(PersonChanged(Person(ANA, "ana", Presence.AWAY)))
    changed = [(row.name, row.is_away) for row in room.model.people_rows()]
    room.model.apply(PersonChanged(Person(ANA, "ana", Presence.GONE)))

    assert changed == [("budi", False), ("ana", True)]
    assert [row.name for row in room.model.people_rows()] == ["budi"]


def typing(room: Room) -> list[str]:
    return [row.name for row in room.model.people_rows() if row.is_typing]


def test_typing_shows_until_it_fades_or_the_message_comes() -> None:
    room = Room()
    room.people(Person(ANA, "ana", Presence.HERE), Person(BUDI, "budi", Presence.HERE))
    for person in (ANA, BUDI, 99):
        room.model.apply(PersonTyping(ROOM, person))
    both = typing(room)

    room.model.here.fade_typing(ANA, room.model.here.typing_seen(ANA))
    faded = typing(room)
    room.arrive(entry(BUDI))

    assert (both, faded, typing(room)) == (["ana", "budi"], ["budi"], [])


def test_typing_seen_again_does_not_fade_by_the_earlier_sign() -> None:
    room = Room()
    room.people(Person(ANA, "ana", Presence.HERE))
    room.model.apply(PersonTyping(ROOM, ANA))
    seen = room.model.here.typing_seen(ANA)

    room.model.apply(PersonTyping(ROOM, ANA))
    room.model.here.fade_typing(ANA, seen)

    assert typing(room) == ["ana"]


@pytest.mark.parametrize("is_one_by_one", [False, True])
def test_whoever_left_is_not_typing_when_back(is_one_by_one: bool) -> None:
    room = Room()
    ana = Person(ANA, "ana", Presence.HERE)
    budi = Person(BUDI, "budi", Presence.HERE)
    room.people(ana, budi)
    room.model.apply(PersonTyping(ROOM, ANA))
    room.model.apply(PersonTyping(ROOM, BUDI))

    if is_one_by_one:
        room.model.apply(PersonChanged(Person(ANA, "ana", Presence.GONE)))
    else:
        room.people(budi)
    room.people(ana, budi)

    assert typing(room) == ["budi"]


# --- what else is known ---


def test_a_file_is_a_message_that_knows_what_it_is_about() -> None:
    room = Room()

    room.arrive(entry(ANA, note().encode(), kind=EntryKind.FILE))

    row = room.model.rows()[-1]
    assert isinstance(row, MessageRow)
    assert (row.text, row.file) == ("foto.png", note())
    assert room.model.last_message == LastMessage("ana", False, "foto.png", NOON)


def test_a_file_that_was_refused_is_called_by_its_name() -> None:
    room = Room()

    room.model.apply(
        DraftRefused(None, 3, ROOM, note().encode(), Code.FILE_MISSING, EntryKind.FILE)
    )

    row = room.model.rows()[-1]
    assert isinstance(row, MessageRow)
    assert (row.text, row.file, row.refusal) == ("foto.png", note(), Code.FILE_MISSING)


def test_the_last_message_is_known() -> None:
    room = Room()

    room.arrive(entry(ANA, "satu"), entry(ME, "dua"), entry(ANA, kind=EntryKind.LEFT))

    assert room.model.last_message == LastMessage("saya", True, "dua", NOON)


def test_another_log_begins_with_nothing() -> None:
    room = Room()
    room.arrive(entry(ANA))

    room.model.apply(LogReplaced(ROOM))

    assert (room.model.rows(), room.model.last_message) == ([], None)


def test_the_key_is_kept_with_whether_it_is_new() -> None:
    model = ClientModel(UTC)

    model.apply(KeySeen(KEY, "Lab", is_pinned=False))

    assert (model.server_key, model.room_name, model.is_first_time) == (KEY, "Lab", True)


def test_the_end_is_kept_and_unknown_events_change_nothing() -> None:
    model = ClientModel(UTC)

    model.apply(Ended(EndReason.KICKED, "cukup"))
    model.apply(object())

    assert model.ended == Ended(EndReason.KICKED, "cukup")
