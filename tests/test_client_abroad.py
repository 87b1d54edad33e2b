"""What the chat window shows of other realms: who is there, how they stand, what waits for them."""

from datetime import date, timedelta

import pytest
from client_rooms import ANA, BUDI, DAY, ME, NOON, SAY, Room, entry

from client_events import (
    DraftForwarded,
    DraftMade,
    EntryArrived,
    IdentityChanged,
    LogReplaced,
    OlderArrived,
    ReachedChanged,
)
from client_model import MOST_STRANGERS
from client_overview import (
    ConversationRow,
    Dot,
    RealmRow,
    conversation_rows,
    header_line,
    header_title,
    member_rows,
    realm_rows,
)
from client_realm_events import DeliveryTold, RealmInfo, RealmState, RealmsTold
from client_rows import LastMessage, MessageRow, PersonRow, Receipt, UndeliveredRow
from client_transcript import MOST_REFUSED
from conversation import ConversationKind, Entry, EntryKind, RefusalNote
from protocol import Code
from texts import Texts

TODAY = date(2025, 11, 21)
GROUP, WITH_DARREN = 10, 20
DARREN = 77


def realm(
    state: RealmState = RealmState.LINKED,
    *,
    since: int = NOON,
    waiting: int = 0,
    round_trip: float | None = None,
) -> RealmInfo:
    return RealmInfo("kampus-b", state, since, waiting, round_trip, None)


def abroad(*realms: RealmInfo) -> Room:
    """In a group of kampus-b, and in a private conversation with Darren of there."""
    room = Room()
    room.tell(GROUP, ConversationKind.GROUP, "kelas@kampus-b")
    room.tell(WITH_DARREN, ConversationKind.PRIVATE, "darren@kampus-b", person=DARREN)
    if realms:
        room.model.apply(RealmsTold(realms, may_add=True))
    return room


def row(room: Room, conversation: int) -> ConversationRow:
    rows = conversation_rows(room.model, TODAY, SAY)
    return next(one for one in rows if one.conversation == conversation)


def line(room: Room, conversation: int, members: int | None = None) -> str:
    room.model.choose(conversation)
    return header_line(room.model, TODAY, SAY, members)


def receipts(room: Room, conversation: int) -> list[Receipt]:
    room.model.choose(conversation)
    return [one.receipt for one in room.messages()]


# --- the list, the header, the members ---


def test_a_conversation_of_another_realm_is_named_without_it_and_beside_it() -> None:
    room = abroad(realm())

    there = [(row(room, one).name, row(room, one).realm) for one in (GROUP, WITH_DARREN)]

    assert there == [("kelas", "kampus-b"), ("darren", "kampus-b")]
    room.model.choose(GROUP)
    assert header_title(room.model, SAY) == "# kelas"


@pytest.mark.parametrize(
    ("realms", "dot"),
    [
        ((), Dot.HERE),  # nothing was told yet
        ((realm(),), Dot.HERE),
        ((realm(RealmState.AWAY),), Dot.AWAY),
        ((realm(RealmState.CUT),), Dot.AWAY),
    ],
)
def test_the_dot_of_somebody_abroad_says_whether_the_realm_can_be_reached(
    realms: tuple[RealmInfo, ...], dot: Dot
) -> None:
    assert row(abroad(*realms), WITH_DARREN).dot is dot


@pytest.mark.parametrize(
    ("realms", "says"),
    [
        ((), "realm kampus-b"),
        ((realm(),), "realm kampus-b · reachable"),
        ((realm(RealmState.CUT),), "realm kampus-b · cut by the operator"),
        (
            (realm(RealmState.AWAY),),
            "kampus-b has not been reachable since 12:00; what you write waits and will be "
            "delivered",
        ),
        (
            (realm(RealmState.AWAY, since=NOON - 3 * DAY),),
            "kampus-b has not been reachable since Tue 12:00; what you write waits and will be "
            "delivered",
        ),
        (
            (realm(RealmState.AWAY, since=0),),
            "kampus-b is not reachable; what you write waits and will be delivered",
        ),
    ],
)
def test_the_header_says_what_becomes_of_what_is_written(
    realms: tuple[RealmInfo, ...], says: str
) -> None:
    assert line(abroad(*realms), WITH_DARREN) == says


def test_a_realm_that_is_there_no_more_is_called_so() -> None:
    room = abroad(realm())

    room.model.apply(RealmsTold(()))

    assert line(room, WITH_DARREN) == "realm kampus-b · not linked any more"
    assert row(room, WITH_DARREN).dot is Dot.AWAY


@pytest.mark.parametrize(
    ("members", "says"),
    [
        (None, "realm kampus-b · reachable"),
        (1, "realm kampus-b · reachable · 1 member"),
        (4, "realm kampus-b · reachable · 4 members"),
    ],
)
def test_a_group_abroad_counts_its_members_while_it_can_be_reached(
    members: int | None, says: str
) -> None:
    assert line(abroad(realm()), GROUP, members) == says
    assert line(abroad(realm(RealmState.CUT)), GROUP, members) == (
        "realm kampus-b · cut by the operator"
    )


@pytest.mark.parametrize("state", [RealmState.LINKED, RealmState.AWAY])
def test_members_of_another_realm_are_here_as_long_as_it_can_be_reached(state: RealmState) -> None:
    room = abroad(realm(state))

    rows = member_rows(room.model, ["darren@kampus-b", "sari@kampus-b"])

    is_away = state is RealmState.AWAY
    assert rows == [
        PersonRow(DARREN, "darren@kampus-b", False, is_away, False, "kampus-b"),
        PersonRow(0, "sari@kampus-b", False, is_away, False, "kampus-b"),
    ]


def test_in_the_list_somebody_is_quoted_without_their_realm() -> None:
    room = abroad(realm())

    room.arrive_in(GROUP, 1, Entry(b"", EntryKind.TEXT, NOON, 5, "sari@kampus-b", "halo"))

    assert row(room, GROUP).preview == "sari: halo"


# --- the realms ---


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (realm(), RealmRow("kampus-b", Dot.HERE, "reachable")),
        (realm(round_trip=0.0021), RealmRow("kampus-b", Dot.HERE, "reachable · 2 ms")),
        (realm(RealmState.CUT), RealmRow("kampus-b", Dot.AWAY, "cut by the operator")),
        (realm(RealmState.AWAY), RealmRow("kampus-b", Dot.AWAY, "not reachable since 12:00")),
        (realm(RealmState.AWAY, since=0), RealmRow("kampus-b", Dot.AWAY, "not reachable")),
        (
            realm(RealmState.AWAY, waiting=1),
            RealmRow("kampus-b", Dot.AWAY, "1 message waiting · since 12:00"),
        ),
        (
            realm(RealmState.AWAY, waiting=3, since=0),
            RealmRow("kampus-b", Dot.AWAY, "3 messages waiting"),
        ),
    ],
)
def test_a_realm_says_how_it_stands(one: RealmInfo, expected: RealmRow) -> None:
    room = abroad(one)

    assert realm_rows(room.model, TODAY, SAY) == [expected]
    assert room.model.may_add_realm


def test_an_older_day_is_named_in_both_languages() -> None:
    room = abroad(realm(RealmState.AWAY))

    (shown,) = realm_rows(room.model, TODAY + timedelta(days=2), Texts("id"))

    assert shown.line == "terputus sejak Jum 12:00"


# --- people who were met ---


def test_whoever_was_met_of_another_realm_is_known_by_name() -> None:
    room = abroad()
    names = ["sari@kampus-b", "doni@kampus-c@kampus-b", "ana"]

    for number, name in enumerate(names, 1):
        room.arrive_in(GROUP, number, Entry(b"", EntryKind.TEXT, NOON, number, name, "halo"))

    assert room.model.strangers == {"darren@kampus-b": DARREN, "sari@kampus-b": 1}


def test_whoever_is_called_otherwise_is_known_by_that_name_alone() -> None:
    room = abroad()

    room.tell(WITH_DARREN, ConversationKind.PRIVATE, "daren@kampus", person=DARREN)

    assert room.model.strangers == {"daren@kampus": DARREN}


def test_a_realm_that_invents_people_does_not_fill_memory() -> None:
    room = abroad()

    for number in range(1, MOST_STRANGERS + 10):
        one = Entry(b"", EntryKind.JOINED, NOON, number, f"t{number}@kampus-b", "")
        room.arrive_in(GROUP, number, one)

    assert len(room.model.strangers) == MOST_STRANGERS


# --- what was said there ---


def say_abroad(room: Room, *, tag: bytes = b"tag.....") -> None:
    one = Entry(tag, EntryKind.TEXT, NOON, ME, "saya", "halo")
    room.model.apply(EntryArrived(WITH_DARREN, 1, one, 7))


def test_what_waits_for_its_realm_says_so_until_it_is_there() -> None:
    room = abroad(realm(RealmState.AWAY))
    say_abroad(room)
    before = receipts(room, WITH_DARREN)

    room.model.apply(RealmsTold((realm(),)))
    on_its_way = receipts(room, WITH_DARREN)
    room.model.apply(ReachedChanged(WITH_DARREN, 1))

    assert (before, on_its_way) == ([Receipt.HELD], [Receipt.SAVED])
    assert receipts(room, WITH_DARREN) == [Receipt.REACHED]


def test_what_has_come_back_from_a_group_abroad_has_been_there() -> None:
    room = abroad(realm())
    room.model.apply(DraftMade(7, 1, GROUP, "halo"))
    room.model.apply(DraftForwarded(7, GROUP))
    before = receipts(room, GROUP)

    room.model.apply(RealmsTold((realm(RealmState.AWAY),)))
    meanwhile = receipts(room, GROUP)
    room.model.apply(EntryArrived(GROUP, 1, entry(ME), 7))

    assert (before, meanwhile) == ([Receipt.PENDING], [Receipt.WAITING])
    assert receipts(room, GROUP) == [Receipt.REACHED]


@pytest.mark.parametrize(
    "sign",
    [
        ReachedChanged(WITH_DARREN, 1),
        DeliveryTold(8, WITH_DARREN, Code.OK),
        EntryArrived(WITH_DARREN, 2, entry(ANA)),
    ],
)
def test_what_did_not_get_there_in_time_waits_whatever_the_server_believes(sign: object) -> None:
    room = abroad(realm())
    say_abroad(room)

    room.model.apply(DeliveryTold(7, WITH_DARREN, None))
    before = receipts(room, WITH_DARREN)
    room.model.apply(sign)

    assert before == [Receipt.HELD]
    assert receipts(room, WITH_DARREN)[0] is not Receipt.HELD


def test_what_a_group_takes_at_last_holds_up_nothing_more() -> None:
    room = abroad(realm())
    for ticket in (7, 8):
        room.model.apply(DraftMade(ticket, ticket, GROUP, "halo"))
        room.model.apply(DraftForwarded(ticket, GROUP))
    room.model.apply(DeliveryTold(7, GROUP, None))
    before = receipts(room, GROUP)

    room.model.apply(EntryArrived(GROUP, 1, entry(ME), 7))

    assert before == [Receipt.WAITING, Receipt.WAITING]
    assert receipts(room, GROUP) == [Receipt.REACHED, Receipt.PENDING]


def refusal(tag: bytes, name: str = "saya", code: Code = Code.MUTED) -> Entry:
    note = RefusalNote(code, "halo")
    return Entry(tag, EntryKind.NOTICE, NOON, ME, name, note.encode())


def test_what_the_other_realm_refused_stands_there_with_the_reason_and_is_news() -> None:
    room = abroad(realm())
    room.look(False)
    say_abroad(room)

    event = room.arrive_in(WITH_DARREN, 2, refusal(b"tag....."))

    assert room.model.calls(event)
    room.model.choose(WITH_DARREN)
    undelivered = [one for one in room.model.rows() if isinstance(one, UndeliveredRow)]
    assert undelivered == [UndeliveredRow(2, "saya", RefusalNote(Code.MUTED, "halo"))]
    assert receipts(room, WITH_DARREN) == [Receipt.REFUSED]


def test_an_older_refusal_is_found_with_what_it_is_about() -> None:
    room = abroad(realm())
    room.model.choose(WITH_DARREN)
    here = room.model.here
    room.arrive_in(WITH_DARREN, 3, entry(ANA))
    here.held.learn_floor(2)
    here.held.load_older()
    said = Entry(b"tag.....", EntryKind.TEXT, NOON, ME, "saya", "halo")

    room.model.apply(OlderArrived(WITH_DARREN, ((1, said), (2, refusal(b"tag....."))), True))

    assert receipts(room, WITH_DARREN) == [Receipt.REFUSED, Receipt.NONE]


def test_a_realm_that_refuses_all_does_not_fill_memory() -> None:
    room = abroad(realm())
    say_abroad(room, tag=(1).to_bytes(8, "big"))

    for number in range(1, MOST_REFUSED + 2):
        room.arrive_in(WITH_DARREN, number + 1, refusal(number.to_bytes(8, "big")))
    room.model.choose(WITH_DARREN)
    room.model.held.show_place(1)

    assert receipts(room, WITH_DARREN)[:1] == [Receipt.SAVED]


def test_another_log_forgets_what_was_refused() -> None:
    room = abroad(realm())
    room.arrive_in(WITH_DARREN, 1, refusal(b"tag....."))

    room.model.apply(LogReplaced(WITH_DARREN))
    say_abroad(room)

    assert receipts(room, WITH_DARREN) == [Receipt.SAVED]


def test_a_notice_of_the_operator_refuses_nothing() -> None:
    room = abroad(realm())
    say_abroad(room)

    room.arrive_in(WITH_DARREN, 2, Entry(b"tag.....", EntryKind.NOTICE, NOON, ME, "x", "halo"))

    assert receipts(room, WITH_DARREN) == [Receipt.SAVED]


def test_the_room_itself_waits_for_no_realm() -> None:
    room = abroad(realm(RealmState.AWAY))

    room.arrive(entry(ME), entry(BUDI))

    assert [one.receipt for one in room.messages()] == [Receipt.SAVED, Receipt.NONE]
    assert room.model.last_message == LastMessage("budi", False, "halo", NOON)
    assert isinstance(room.messages()[0], MessageRow)


def test_whoever_logs_in_meets_their_conversations_abroad_anew() -> None:
    room = abroad()

    room.model.apply(IdentityChanged(ANA, "ana", is_account=True))
    room.tell(WITH_DARREN, ConversationKind.PRIVATE, "darren@kampus-b", person=DARREN + 1)

    assert room.model.strangers["darren@kampus-b"] == DARREN + 1
