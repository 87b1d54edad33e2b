"""The reach of the view: scrolling, asking for older entries, letting go; see test_client_model."""

import pytest
from client_rooms import (
    ANA,
    BUDI,
    Room,
    entry,
)

import client_model
from client_events import (
    FloorChanged,
    LoadOlder,
    LogReplaced,
    OlderArrived,
    ReachedChanged,
)
from client_model import (
    HELD,
    HELD_SIZE,
    LEAST_HELD,
    SHOWN,
    STEP,
)
from conversation import ROOM, Entry

# --- history ---


def numbered(first: int, last: int) -> tuple[tuple[int, Entry], ...]:
    return tuple((number, entry(ANA, str(number))) for number in range(first, last + 1))


def room_with(first: int, last: int) -> Room:
    room = Room(number=first - 1)
    room.model.apply(FloorChanged(ROOM, first - 1))
    room.arrive(*(one for _, one in numbered(first, last)), is_history=True)
    return room


def test_the_view_reaches_only_the_newest() -> None:
    room = room_with(1, SHOWN + 50)

    assert room.texts() == [str(number) for number in range(51, SHOWN + 51)]
    assert room.model.is_following


def test_scrolling_up_reaches_what_is_held_before_the_server_is_asked() -> None:
    room = room_with(1, SHOWN + 150)

    steps = [room.model.show_older() for _ in range(3)]

    assert steps == [True, True, False]
    assert room.texts()[0] == "1"
    assert len(room.texts()) == SHOWN
    assert not room.model.is_following


def test_scrolling_down_comes_back_to_the_newest() -> None:
    room = room_with(1, SHOWN + 150)
    while room.model.show_older():
        pass

    while room.model.show_newer():
        pass

    assert room.texts()[-1] == str(SHOWN + 150)
    assert len(room.texts()) == SHOWN


def test_whoever_reads_above_is_not_disturbed_by_what_arrives() -> None:
    room = room_with(1, SHOWN + 150)
    room.model.show_older()
    before = room.texts()
    room.say("nanti")

    room.arrive(entry(BUDI, "baru"))

    assert room.texts() == before
    room.model.show_newest()
    assert room.texts()[-2:] == ["baru", "nanti"]


def test_older_entries_are_asked_for_once_and_put_above() -> None:
    room = room_with(201, 210)

    command = room.model.load_older()
    may_ask_again = [room.model.can_load_older]
    room.model.apply(OlderArrived(ROOM, numbered(101, 200), is_all=False))
    may_ask_again.append(room.model.can_load_older)

    assert command == LoadOlder(ROOM, STEP, 201)
    assert may_ask_again == [False, True]
    assert room.texts() == [str(number) for number in range(101, 211)]


def test_nothing_more_is_asked_for_once_all_is_here() -> None:
    room = room_with(11, 20)

    room.model.apply(OlderArrived(ROOM, numbered(1, 10), is_all=True))

    assert not room.model.can_load_older


def test_an_empty_answer_ends_the_asking() -> None:
    room = room_with(11, 20)
    room.model.load_older()

    room.model.apply(OlderArrived(ROOM, (), is_all=False))

    assert not room.model.can_load_older


def test_entries_that_are_here_already_are_not_doubled() -> None:
    room = room_with(11, 20)

    room.model.apply(OlderArrived(ROOM, numbered(5, 15), is_all=False))

    assert room.texts() == [str(number) for number in range(5, 21)]


def test_older_entries_may_come_before_any_other() -> None:
    room = Room()

    room.model.apply(OlderArrived(ROOM, numbered(1, 3), is_all=True))

    assert room.texts() == ["1", "2", "3"]


def test_memory_is_bounded_and_what_was_let_go_can_be_asked_for_again() -> None:
    room = room_with(1, HELD + 500)

    while room.model.show_older():
        pass

    assert room.texts()[0] == "501"
    assert room.model.can_load_older


def test_reading_above_gets_twice_the_room_before_anything_is_let_go() -> None:
    room = room_with(1, HELD)
    while room.model.show_older():
        pass

    room.arrive(*(one for _, one in numbered(1, HELD)))
    kept = room.texts()[0]
    room.arrive(*(one for _, one in numbered(1, 200)))
    moved = room.texts()[0]

    assert kept == "1"
    assert moved == "201"
    assert len(room.texts()) == SHOWN


def test_long_texts_are_let_go_sooner() -> None:
    room = Room()
    long = "x" * 40_000

    room.arrive(*(entry(ANA, long) for _ in range(200)))

    held = len(room.texts())
    assert LEAST_HELD <= held <= HELD_SIZE // len(long)


def test_a_few_messages_stay_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_model, "HELD_SIZE", 10)
    room = Room()

    room.arrive(*(entry(ANA, "lebih dari sepuluh") for _ in range(LEAST_HELD + 20)))

    assert len(room.texts()) == LEAST_HELD


def test_letting_go_leaves_no_number_to_ask_below_if_only_notices_stay() -> None:
    room = Room()

    room.arrive(entry(ANA))
    for number in range(HELD):
        room.model.add_notice(str(number))

    assert not room.model.can_load_older


def test_another_log_takes_the_place_of_the_old_one() -> None:
    room = Room()
    room.arrive(entry(ANA, "lama"))
    room.model.apply(ReachedChanged(ROOM, 1))
    room.say("menunggu")

    room.model.apply(LogReplaced(ROOM))

    assert room.texts() == ["menunggu"]
    assert room.model.last_message is None
    assert room.model.reached == 0
