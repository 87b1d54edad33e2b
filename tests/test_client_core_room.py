"""The client's core in the room: what is said and heard, and who is here."""

from itertools import pairwise

import pytest
from client_parts import EPOCH, ME, Seat, always, entry, nothing, person_change

from client_core import TYPING_INTERVAL
from client_events import (
    AskLacking,
    Connection,
    ConnectionChanged,
    DraftMade,
    DraftRefused,
    Entered,
    EntryArrived,
    LackingTold,
    LoadOlder,
    OlderArrived,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    ReachedChanged,
    RunChanged,
    Say,
    ShowTyping,
)
from conversation import FIRST_CHAIN, ROOM, Person, Presence
from entering import OfferedLog
from protocol import Code, Verb
from protocol_frames import (
    Have,
    Heads,
    Ping,
    Pong,
    Post,
    Pull,
    Reached,
    Refused,
    Request,
    Response,
    Typing,
)

BUDI = Person(8, "Budi", Presence.HERE)


@pytest.fixture
def seat() -> Seat:
    return Seat()


@pytest.fixture
def inside() -> Seat:
    """In the room, with what happened on the way forgotten."""
    seat = Seat()
    seat.enter()
    assert seat.take(Entered)
    seat.events.clear()
    seat.host.requests.clear()
    seat.host.frames.clear()
    return seat


# --- being here ---


def test_what_one_says_is_a_draft_at_once_and_an_entry_once_acknowledged(inside: Seat) -> None:
    inside.do(Say(7, ROOM, "halo"))

    assert inside.saw(DraftMade) == [DraftMade(7, 1, ROOM, "halo")]
    (arrived,) = inside.saw(EntryArrived)
    assert (arrived.number, arrived.ticket, arrived.entry.text) == (1, 7, "halo")
    assert arrived.entry.person == ME


def test_what_is_said_before_one_is_in_goes_out_once_one_is(seat: Seat) -> None:
    seat.do(Say(1, ROOM, "tunggu aku"))
    seat.enter()

    assert [e.ticket for e in seat.saw(EntryArrived)] == [1]


def test_every_draft_is_told_for_the_disk_before_it_is_sent(inside: Seat) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "halo"))

    (changed,) = inside.take(RunChanged)
    assert changed.run is not None
    assert [draft.text for draft in changed.run.waiting] == ["halo"]
    inside.host.takes_posts = True
    inside.pass_time(1)
    assert inside.take(RunChanged)[-1].run.waiting == ()


def test_a_draft_that_is_refused_is_told_with_its_text(inside: Seat) -> None:
    inside.host.takes_posts = False
    inside.do(Say(7, ROOM, "halo"))

    inside.hear(Refused(1, Code.MUTED).encode())

    assert inside.saw(DraftRefused) == [DraftRefused(7, 1, ROOM, "halo", Code.MUTED)]


def test_drafts_get_through_a_path_that_carries_large_datagrams_no_more(inside: Seat) -> None:
    def say(first: int) -> None:
        for ticket in range(first, first + 8):
            inside.core.handle_command(Say(ticket, ROOM, f"{ticket} " + "x" * 900), inside.now)
        inside.end_turn()
        inside.pass_time(1)

    for first in (1, 11, 21):
        say(first)
    assert max(map(len, inside.sent)) > 1200

    inside.host.largest = 1200
    say(31)
    inside.pass_time(20)

    assert [e.ticket for e in inside.saw(EntryArrived)][-1] == 38


def test_gaps_are_pulled_and_what_is_here_is_reported(inside: Seat) -> None:
    inside.hear(entry(1))
    inside.pass_time(0.1)
    assert inside.host.got(Have)[-1] == Have(((ROOM, 1),))

    inside.hear(Heads(((ROOM, 4),)).encode())
    inside.pass_time(0.02)
    (pull, *_) = inside.host.got(Pull)
    assert (pull.first, pull.last) == (2, 4)
    inside.hear(entry(4), entry(3), entry(2))
    assert [e.number for e in inside.saw(EntryArrived)] == [1, 2, 3, 4]


def test_older_entries_are_pulled_when_somebody_scrolls_up(seat: Seat) -> None:
    seat.host.offered = (OfferedLog(ROOM, 12, 10, FIRST_CHAIN),)
    seat.enter()
    seat.do(LoadOlder(ROOM, 3))
    pull = seat.host.got(Pull)[-1]
    assert (pull.first, pull.last) == (8, 10)

    seat.hear(entry(8), entry(9), entry(10))

    (older,) = seat.saw(OlderArrived)
    assert [number for number, _ in older.entries] == [8, 9, 10]
    assert not older.is_all


def test_receipts_only_rise(inside: Seat) -> None:
    for number in (3, 2, 3, 5):
        inside.hear(Reached(((ROOM, number),)).encode())

    assert inside.saw(ReachedChanged) == [ReachedChanged(ROOM, 3), ReachedChanged(ROOM, 5)]


def test_typing_is_thinned_to_one_in_three_seconds_and_shown(inside: Seat) -> None:
    inside.hear(person_change(2, BUDI))

    for _ in range(70):
        inside.do(ShowTyping(ROOM))
        inside.pass_time(0.1)
    inside.hear(Typing(ROOM, BUDI.person).encode())

    assert inside.host.got(Typing) == [Typing(ROOM)] * 3
    assert TYPING_INTERVAL == 3.0
    assert inside.saw(PersonTyping) == [PersonTyping(ROOM, BUDI.person)]


def test_nobody_unknown_types_and_nothing_unknown_is_reached(inside: Seat) -> None:
    inside.hear(Typing(ROOM, 12345).encode(), Typing(7, ME).encode(), Reached(((7, 1),)).encode())

    assert inside.events == []


def test_typing_and_questions_before_one_is_in_are_not_sent(seat: Seat) -> None:
    seat.host.replies[Verb.ENTER] = nothing
    seat.enter()

    seat.do(ShowTyping(ROOM))
    seat.do(AskLacking(ROOM, 1))

    assert seat.host.got(Typing) == []
    assert seat.host.asked(Verb.LACKING) == []


def test_who_lacks_an_entry_can_be_asked(inside: Seat) -> None:
    inside.do(AskLacking(ROOM, 4))

    assert inside.host.asked(Verb.LACKING) == [{"conversation": ROOM, "number": 4}]
    assert inside.saw(LackingTold) == [LackingTold(ROOM, 4, ("Budi",), 2)]


def test_a_question_that_was_refused_or_is_of_another_session_is_not_told(inside: Seat) -> None:
    inside.host.replies[Verb.LACKING] = always(Code.NOT_A_MEMBER)
    inside.do(AskLacking(ROOM, 4))
    inside.host.replies[Verb.LACKING] = nothing
    inside.do(AskLacking(ROOM, 5))
    inside.receive(inside.host.reset())
    inside.pass_time(1)

    assert inside.saw(LackingTold) == []


def test_a_round_trip_is_shown_once_known_and_when_it_changes_noticeably() -> None:
    seat = Seat()
    seat.host.answers_pings = False
    seat.enter()
    trips = [0.1, 0.1, 0.1, 0.9, 0.9, 0.9]
    for trip in trips:
        before = len(seat.host.got(Ping))
        while len(seat.host.got(Ping)) == before:
            seat.pass_time(0.1)
        stamp = int((seat.now - trip) * 1e6)
        seat.hear(Pong(stamp, 0, 1).encode())

    shown = [e.round_trip for e in seat.saw(ConnectionChanged) if e.connection is Connection.HERE]
    assert shown[0] is None
    assert shown[1] == pytest.approx(0.1, abs=0.01)
    assert 2 < len(shown) < 1 + len(trips)
    assert all(abs(b - a) > 0.25 * a for a, b in pairwise(shown[1:]))


@pytest.mark.parametrize(
    "frame", [Request(1, 1, b"{}"), Post(1, 1, 1, 1, 0, 1, b"x"), Have(((1, 1),))]
)
def test_a_frame_only_clients_send_ends_the_session_and_another_is_made(
    inside: Seat, frame: Request | Post | Have
) -> None:
    inside.hear(frame.encode())
    inside.pass_time(5)

    assert inside.host.inits == 2
    assert inside.saw(Entered)


def test_an_answer_nobody_asked_for_is_ignored(inside: Seat) -> None:
    inside.hear(Response(77, 0, 1, 0, b"{}").encode())

    assert inside.events == []


# --- people ---


def test_changes_are_shown_one_by_one(inside: Seat) -> None:
    away = Person(8, "Budi", Presence.AWAY)

    inside.hear(person_change(2, BUDI))
    inside.hear(person_change(3, away))
    inside.hear(person_change(3, away))

    assert inside.saw(PersonChanged) == [PersonChanged(BUDI), PersonChanged(away)]
    assert inside.host.asked(Verb.PEOPLE) == []


@pytest.mark.parametrize(
    "frame", [person_change(4, BUDI), Heads(((0, 4), (ROOM, 0))).encode()], ids=["change", "heads"]
)
def test_a_missed_change_is_asked_for_once_until_the_answer_comes(
    inside: Seat, frame: bytes
) -> None:
    inside.host.replies[Verb.PEOPLE] = nothing
    inside.hear(frame)
    inside.hear(frame)

    (asked,) = inside.host.asked(Verb.PEOPLE)
    assert asked == {"epoch": f"{EPOCH:016x}", "after": 1, "start": "0" * 16}


def test_people_who_come_in_pages_are_shown_when_all_are_there(inside: Seat) -> None:
    pages = [
        inside.host.page(5, Person(3, "Citra", Presence.HERE), more=8),
        inside.host.page(5, BUDI),
    ]
    inside.host.replies[Verb.PEOPLE] = lambda fields: pages.pop(0)

    inside.hear(person_change(9, BUDI))

    (replaced,) = inside.saw(PeopleReplaced)
    assert {person.name for person in replaced.people} == {"Citra", "Budi"}
    assert [asked["start"] for asked in inside.host.asked(Verb.PEOPLE)] == ["0" * 16, f"{8:016x}"]


def test_a_refused_question_about_people_changes_nothing(inside: Seat) -> None:
    inside.host.replies[Verb.PEOPLE] = always(Code.NOT_ENTERED)

    inside.hear(person_change(9, BUDI))

    assert inside.saw(PeopleReplaced) == []
