"""The reach of the view: scrolling, asking for what is not held, letting go; through the model."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from client_rooms import ANA, BUDI, ME, Room, entry
from hypothesis import given, settings
from hypothesis import strategies as st

import client_held
from client_events import FloorChanged, LoadOlder, LogReplaced, OlderArrived, ReachedChanged
from client_held import HELD, HELD_SIZE, LEAST_HELD, SHOWN, STEP, Arrived
from client_inbox import KEPT
from client_rows import NoticeRow
from conversation import ROOM, Entry


def numbered(first: int, last: int) -> tuple[tuple[int, Entry], ...]:
    return tuple((number, entry(ANA, str(number))) for number in range(first, last + 1))


def room_with(first: int, last: int) -> Room:
    room = Room(number=first - 1)
    room.model.apply(FloorChanged(ROOM, first - 1))
    say_on(room, last - first + 1, is_history=True)
    room.look()
    return room


def say_on(room: Room, count: int, *, is_history: bool = False) -> None:
    """As many more, each of which says its number."""
    for _, one in numbered(room.number + 1, room.number + count):
        room.arrive(one, is_history=is_history)


def answer(room: Room, command: LoadOlder | None) -> None:
    """What the core answers."""
    assert command is not None
    first = max(1, command.before - command.count)
    room.model.apply(OlderArrived(ROOM, numbered(first, command.before - 1), is_all=first == 1))


def reached(room: Room) -> list[int]:
    """Numbers of the entries in reach, without a row made of each, which would take long."""
    return [item.number for item in room.model.held.in_reach() if isinstance(item, Arrived)]


def scroll_up(room: Room, to: int) -> None:
    """Until this number is in reach."""
    room.model.look(False)
    while reached(room)[0] > to:
        if not room.model.held.show_older():
            answer(room, room.model.held.load_older())


def scroll_down(room: Room) -> list[str]:
    """To the newest; all that was in reach on the way."""
    seen = room.texts()
    while not room.model.held.is_following:
        last = reached(room)[-1]
        if not room.model.held.show_newer():
            answer(room, room.model.held.load_newer())
        if reached(room)[-1] > last:
            seen += [text for text in room.texts() if int(text) > last]
    return seen


def texts(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


# --- the reach ---


def test_the_view_reaches_only_the_newest() -> None:
    room = room_with(1, SHOWN + 50)

    assert room.texts() == texts(51, SHOWN + 50)
    assert room.model.held.is_following


def test_scrolling_up_reaches_what_is_held_before_the_server_is_asked() -> None:
    room = room_with(1, SHOWN + STEP + 10)

    steps = [room.model.held.show_older() for _ in range(3)]

    assert steps == [True, True, False]
    assert room.texts()[0] == "1"
    assert len(room.texts()) == SHOWN
    assert not room.model.held.is_following


def test_scrolling_down_comes_back_to_the_newest() -> None:
    room = room_with(1, SHOWN + STEP + 10)
    scroll_up(room, 1)

    steps = [room.model.held.show_newer() for _ in range(3)]

    assert steps == [True, True, False]
    assert room.texts() == texts(STEP + 11, SHOWN + STEP + 10)


def test_whoever_reads_above_is_not_disturbed_by_what_arrives() -> None:
    room = room_with(1, SHOWN + 150)
    scroll_up(room, 100)
    before = room.texts()
    room.say("nanti")

    room.arrive(entry(BUDI, "baru"))

    assert room.texts() == before
    room.model.held.show_newest()
    assert room.texts()[-2:] == ["baru", "nanti"]


def test_whoever_reads_above_within_reach_of_the_newest_is_not_disturbed_either() -> None:
    room = room_with(1, SHOWN - 10)
    room.model.look(False)

    say_on(room, 100)

    assert room.texts() == texts(1, SHOWN)
    assert room.model.unread == 100


# --- what is above ---


def test_older_entries_are_asked_for_once_and_put_above() -> None:
    room = room_with(201, 210)
    held = room.model.held

    command = held.load_older()
    meanwhile = held.load_older()
    is_loading = [held.is_loading_older]
    room.model.apply(OlderArrived(ROOM, numbered(201 - STEP, 200), is_all=False))
    is_loading.append(held.is_loading_older)

    assert command == LoadOlder(ROOM, STEP, 201)
    assert meanwhile is None
    assert is_loading == [True, False]
    assert room.texts() == texts(201 - STEP, 210)


def test_nothing_more_is_asked_for_once_all_is_here() -> None:
    room = room_with(11, 20)

    room.model.apply(OlderArrived(ROOM, numbered(1, 10), is_all=True))

    assert room.model.held.load_older() is None


def test_an_empty_answer_ends_the_asking() -> None:
    room = room_with(11, 20)
    room.model.held.load_older()

    room.model.apply(OlderArrived(ROOM, (), is_all=True))

    assert room.model.held.load_older() is None


def test_entries_that_are_here_already_are_not_doubled() -> None:
    room = room_with(11, 20)

    room.model.apply(OlderArrived(ROOM, numbered(5, 15), is_all=False))

    assert room.texts() == texts(5, 20)


def test_entries_that_would_leave_a_hole_are_not_taken() -> None:
    room = room_with(11, 20)

    room.model.apply(OlderArrived(ROOM, numbered(1, 9), is_all=True))

    assert room.texts() == texts(11, 20)
    assert room.model.held.load_older() == LoadOlder(ROOM, 10, 11)


def test_older_entries_may_come_before_any_other() -> None:
    room = Room()
    room.model.apply(FloorChanged(ROOM, 3))

    room.model.apply(OlderArrived(ROOM, numbered(1, 3), is_all=True))

    assert room.texts() == ["1", "2", "3"]


def test_older_entries_come_in_above_what_somebody_scrolled_down_to_meanwhile() -> None:
    room = room_with(1001, 2000)
    scroll_up(room, 1001)
    command = room.model.held.load_older()
    room.model.held.show_newer()
    before = room.texts()

    answer(room, command)

    assert room.texts() == before


def test_another_log_takes_the_place_of_the_old_one() -> None:
    room = Room()
    room.arrive(entry(ANA, "lama"))
    room.model.apply(ReachedChanged(ROOM, 1))
    room.say("menunggu")

    room.model.apply(LogReplaced(ROOM))

    assert room.texts() == ["menunggu"]
    assert room.model.last_message is None
    assert room.model.here.reached == 0


# --- letting go of the oldest ---


def test_memory_is_bounded_and_what_was_let_go_can_be_asked_for_again() -> None:
    room = room_with(1, HELD + 500)

    while room.model.held.show_older():
        pass

    assert room.texts()[0] == "501"
    assert room.model.held.load_older() == LoadOlder(ROOM, STEP, 501)


def test_what_stands_above_notices_of_the_window_can_be_asked_for_again_too() -> None:
    room = Room()

    room.arrive(entry(ANA), entry(BUDI))
    for number in range(HELD + 1):
        room.model.add_notice(str(number))

    assert room.messages() == []
    assert room.model.held.load_older() == LoadOlder(ROOM, 2, 3)


def test_long_texts_are_let_go_sooner() -> None:
    room = Room()
    long = "x" * 40_000

    room.arrive(*(entry(ANA, long) for _ in range(200)))

    assert LEAST_HELD <= len(room.texts()) <= HELD_SIZE // len(long)


def test_a_few_messages_stay_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_held, "HELD_SIZE", 10)
    room = Room()

    room.arrive(*(entry(ANA, "lebih dari sepuluh") for _ in range(LEAST_HELD + 20)))

    assert len(room.texts()) == LEAST_HELD


@pytest.mark.uncounted
def test_whoever_comes_back_to_the_newest_has_no_more_than_anybody_else() -> None:
    room = room_with(1, HELD)
    room.model.look(False)
    say_on(room, HELD)

    before = len(room.model.held)
    room.model.held.show_newest()
    room.model.look(True)

    assert before == 2 * HELD
    assert len(room.model.held) == HELD


@pytest.mark.uncounted
def test_whoever_reads_not_far_above_keeps_the_place_and_the_oldest_go() -> None:
    room = room_with(1, 2 * HELD)
    scroll_up(room, HELD + 100)
    before = room.texts()

    say_on(room, HELD)

    assert room.texts() == before
    assert len(room.model.held) <= 2 * HELD
    assert scroll_down(room) == texts(int(before[0]), 3 * HELD)


# --- reading far above ---


@pytest.mark.uncounted
def test_whoever_reads_far_above_keeps_the_place_however_much_arrives() -> None:
    room = room_with(1, HELD)
    scroll_up(room, 1)

    say_on(room, 3 * HELD)

    assert room.texts() == texts(1, SHOWN)
    assert len(room.model.held) <= 2 * HELD
    assert room.model.unread == KEPT


def test_scrolling_up_through_a_long_log_holds_no_more_and_more() -> None:
    room = room_with(19_901, 20_000)
    most = 0

    for to in range(19_000, 0, -1_000):
        scroll_up(room, to)
        most = max(most, len(room.model.held))

    assert 1_000 - STEP < int(room.texts()[0]) <= 1_000
    assert most <= 2 * HELD + STEP


@pytest.mark.uncounted
def test_the_way_down_shows_each_message_once_and_holds_no_more_either() -> None:
    room = room_with(19_901, 20_000)
    scroll_up(room, 1)
    say_on(room, 50)

    seen = scroll_down(room)

    assert seen == texts(1, 20_050)
    assert len(room.model.held) <= 2 * HELD + STEP


def test_the_newest_is_at_hand_from_far_above() -> None:
    room = room_with(19_901, 20_000)
    scroll_up(room, 1)
    say_on(room, 50)
    room.say("nanti")

    room.model.held.show_newest()

    assert room.model.held.is_following
    assert room.texts() == [*texts(20_051 - SHOWN, 20_050), "nanti"]


def test_what_was_asked_for_far_above_is_no_use_to_whoever_went_to_the_newest() -> None:
    room = room_with(19_901, 20_000)
    scroll_up(room, 1_001)
    held = room.model.held
    command = held.load_older()

    held.show_newest()
    is_loading = held.is_loading_older
    answer(room, command)

    assert not is_loading
    assert room.texts() == texts(20_001 - SHOWN, 20_000)
    scroll_up(room, 16_000)
    assert 16_000 - STEP < int(room.texts()[0]) <= 16_000


def test_whoever_turns_round_while_older_ones_are_on_their_way_asks_after_them() -> None:
    room = room_with(19_901, 20_000)
    scroll_up(room, 1_001)
    held = room.model.held
    older = held.load_older()
    while held.show_newer():
        pass
    before = room.texts()

    meanwhile = held.load_newer()
    answer(room, older)
    newer = held.load_newer()

    assert meanwhile is None
    assert room.texts() == before
    assert newer == LoadOlder(ROOM, STEP, int(before[-1]) + 1 + STEP)


def test_newer_entries_come_in_below_what_somebody_scrolled_up_to_meanwhile() -> None:
    room = room_with(19_901, 20_000)
    scroll_up(room, 1_001)
    held = room.model.held
    while held.show_newer():
        pass
    command = held.load_newer()
    held.show_older()
    before = room.texts()

    answer(room, command)

    assert room.texts() == before


def test_long_texts_are_let_go_around_whoever_reads_them() -> None:
    long = "x" * 40_000
    room = Room(number=500)
    room.model.apply(FloorChanged(ROOM, 500))
    room.arrive(*(entry(ANA, f"{number} {long}") for number in range(501, 581)))
    held = room.model.held
    room.model.look(False)

    for first in range(501 - STEP, 0, -STEP):
        held.load_older()
        numbers = range(first, first + STEP)
        page = tuple((number, entry(ANA, f"{number} {long}")) for number in numbers)
        room.model.apply(OlderArrived(ROOM, page, is_all=first == 1))
        while held.show_older():
            pass

    assert room.texts()[0].startswith("1 ")
    assert len(held) <= SHOWN + HELD_SIZE // len(long)


def test_what_the_window_said_itself_stays_with_the_newest() -> None:
    room = room_with(19_901, 20_000)
    room.model.add_notice("Nama diterima.")

    scroll_up(room, 1)
    room.model.held.show_newest()

    assert room.model.rows()[-1] == NoticeRow(0, 1, "Nama diterima.")


# --- whatever somebody does ---


@dataclass
class Reader:
    """Somebody before a window, and a core that answers when told to."""

    room: Room = field(default_factory=lambda: room_with(8_001, 8_100))
    asked: LoadOlder | None = None

    def up(self) -> None:
        self.room.model.look(False)
        held = self.room.model.held
        if not held.show_older():
            self.asked = held.load_older() or self.asked

    def down(self) -> None:
        held = self.room.model.held
        if not held.show_newer():
            self.asked = held.load_newer() or self.asked

    def newest(self) -> None:
        self.room.model.held.show_newest()
        self.room.model.look(True)

    def answered(self) -> None:
        if self.asked is not None:
            command, self.asked = self.asked, None
            answer(self.room, command)

    def far_up(self) -> None:
        for _ in range(70):
            self.up()
            self.answered()

    def far_down(self) -> None:
        for _ in range(20):
            self.down()
            self.answered()

    def others_write(self) -> None:
        say_on(self.room, 200)
        self.room.arrive(entry(ME, str(self.room.number + 1)))


DEEDS = (
    Reader.up,
    Reader.down,
    Reader.newest,
    Reader.answered,
    Reader.far_up,
    Reader.far_down,
    Reader.others_write,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(DEEDS), max_size=25))
def test_whatever_somebody_does_the_log_is_shown_in_order_and_without_holes(
    deeds: list[Callable[[Reader], None]],
) -> None:
    reader = Reader()

    for deed in deeds:
        deed(reader)
        shown = reader.room.texts()
        assert shown == texts(int(shown[0]), int(shown[-1]))
        assert len(shown) <= SHOWN
        assert len(reader.room.model.held) <= 2 * HELD + STEP
        is_newest = int(shown[-1]) == reader.room.number
        assert reader.room.model.held.is_following == is_newest


# --- led to a place ---


def places(room: Room) -> list[str]:
    """The first and the last text in reach."""
    return [room.texts()[0], room.texts()[-1]]


def test_a_place_that_is_held_comes_in_reach_at_once() -> None:
    room = room_with(1, 1_000)
    assert not room.model.held.is_in_reach(400)

    asked = room.model.held.show_place(400)

    assert asked is None
    assert room.model.held.is_in_reach(400)
    assert places(room) == ["250", str(250 + SHOWN - 1)]


def test_a_place_far_above_is_asked_for_with_what_is_around_it() -> None:
    room = room_with(5_001, 5_200)
    held = room.model.held

    asked = held.show_place(1_000)
    answer(room, asked)

    assert asked == LoadOlder(ROOM, STEP, 1_000 + STEP // 2 + 1)
    assert held.is_in_reach(1_000)
    assert room.texts() == texts(1_000 - STEP // 2 + 1, 1_000 + STEP // 2)
    assert not held.is_following


def test_from_there_one_scrolls_both_ways_without_a_hole() -> None:
    room = room_with(1_001, 1_200)
    answer(room, room.model.held.show_place(500))
    room.model.look(False)

    scroll_up(room, 300)
    seen = scroll_down(room)

    assert seen == texts(int(seen[0]), 1_200)
    assert int(seen[0]) <= 300


def test_a_place_just_above_joins_what_is_held() -> None:
    room = room_with(101, 200)

    answer(room, room.model.held.show_place(90))

    assert room.model.held.is_in_reach(90)
    assert room.model.held.is_following
    assert room.texts() == texts(101 - STEP, 200)


def test_the_very_first_entry_can_be_a_place() -> None:
    room = room_with(1_001, 1_200)

    answer(room, room.model.held.show_place(1))

    assert room.texts()[0] == "1"


def test_another_place_is_shown_from_a_place() -> None:
    room = room_with(5_001, 5_200)
    held = room.model.held
    answer(room, held.show_place(1_000))

    again = held.show_place(1_010)
    near = held.show_place(5_100)

    assert (again, near) == (None, None)
    assert held.is_in_reach(5_100)
    assert held.is_following


@pytest.mark.parametrize("number", [0, 201])
def test_what_is_no_entry_or_not_here_yet_is_not_asked_for(number: int) -> None:
    room = room_with(101, 200)

    assert room.model.held.show_place(number) is None
    assert room.texts() == texts(101, 200)


def test_one_question_after_the_other() -> None:
    room = room_with(1_001, 1_200)
    held = room.model.held
    first = held.load_older()

    meanwhile = held.show_place(300)
    answer(room, first)
    then = held.show_place(300)

    assert meanwhile is None
    assert then is not None
    answer(room, then)
    assert held.is_in_reach(300)


def test_whoever_went_back_to_the_newest_stays_there() -> None:
    room = room_with(1_001, 1_200)
    held = room.model.held
    asked = held.show_place(300)

    held.show_newest()
    answer(room, asked)

    assert held.is_following
    assert room.texts() == texts(1_001, 1_200)
