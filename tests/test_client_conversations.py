"""The conversations we belong to, in the client's core: listed, looked up, read, let go of."""

from dataclasses import replace

import pytest
from client_parts import (
    BUDI,
    ME,
    Host,
    Seat,
    always,
    entry,
    group,
    nothing,
    person_change,
    private,
)

from client_conversations import MAX_UNKNOWN
from client_events import (
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    DraftRefused,
    EntryArrived,
    FloorChanged,
    Leave,
    LogReplaced,
    MarkRead,
    ReadMoved,
    Say,
)
from client_logs import MAX_LOGS
from conversation import FIRST_CHAIN, ROOM, ConversationKind, Person, Presence
from entering import OfferedLog
from protocol import Code, Verb
from protocol_frames import Have, Heads, Post, Pull, ReadTo, Refused
from protocol_requests import Fields

KIMIA, BERDUA = group(5, "Kimia", head=3, read=2), private(7, "Budi", head=1)
EVENTS = (ConversationChanged, ConversationGone, ConversationsListed, LogReplaced, ReadMoved)


def told(seat: Seat) -> list[tuple[int, str]]:
    """Number and name of what was told, in order."""
    return [(event.conversation, event.name) for event in seat.saw(ConversationChanged)]


def news(seat: Seat) -> list[object]:
    """Everything that was told about conversations."""
    return [event for event in seat.events if isinstance(event, EVENTS)]


def come_back(seat: Seat) -> None:
    seat.receive(seat.host.reset())
    seat.pass_time(1)


@pytest.fixture
def seat() -> Seat:
    """Before the room."""
    return Seat()


@pytest.fixture
def inside() -> Seat:
    """In a group and a private conversation, with what happened on the way forgotten."""
    seat = Seat()
    seat.host.others = [KIMIA, BERDUA]
    seat.enter()
    seat.hear(*(entry(number, conversation=5) for number in (1, 2, 3)), entry(1, conversation=7))
    seat.pass_time(0.1)
    seat.events.clear()
    seat.host.requests.clear()
    seat.host.frames.clear()
    return seat


# --- listing ---


def test_after_entering_all_conversations_are_told_the_room_first(seat: Seat) -> None:
    seat.host.others = [KIMIA, BERDUA]
    seat.host.room_read = 4

    seat.enter()

    assert seat.host.asked(Verb.LOGS) == [{"after": 0, "held": [[ROOM, 0, "00" * 8]]}]
    assert news(seat) == [
        ConversationChanged(ROOM, ConversationKind.ROOM, "", 0, 0, 4),
        ConversationChanged(5, ConversationKind.GROUP, "Kimia", 0, 3, 2),
        ConversationChanged(7, ConversationKind.PRIVATE, "Budi", 8, 1, 0),
        ConversationsListed(),
    ]


def test_a_conversation_is_told_before_anything_in_it(seat: Seat) -> None:
    seat.host.others = [KIMIA]
    seat.enter()
    seat.hear(entry(1, conversation=5))

    about = [event for event in seat.events if getattr(event, "conversation", 0) == 5]
    assert [type(event) for event in about] == [ConversationChanged, FloorChanged, EntryArrived]


def test_what_was_there_before_us_is_pulled_and_is_history(seat: Seat) -> None:
    seat.host.others = [KIMIA]
    seat.enter()
    assert Pull(5, 1, 0, 3) in seat.host.got(Pull)

    seat.hear(*(entry(number, conversation=5) for number in (1, 2, 3, 4)))

    assert [e.is_history for e in seat.saw(EntryArrived)] == [True, True, True, False]


def test_pages_follow_each_other_until_all_are_there(seat: Seat) -> None:
    seat.host.others = [group(number, f"grup {number}") for number in range(2, 12)]
    seat.host.most_logs = 4

    seat.enter()

    assert [asked["after"] for asked in seat.host.asked(Verb.LOGS)] == [0, 4, 8]
    assert [conversation for conversation, _ in told(seat)] == list(range(1, 12))
    assert len(seat.saw(ConversationsListed)) == 1


def test_who_comes_back_states_what_it_holds_a_few_logs_at_a_time() -> None:
    seat = Seat()
    seat.host.others = [group(number, f"grup {number}") for number in range(2, 30)]
    seat.host.most_logs = 12
    seat.enter()
    seat.host.requests.clear()
    seat.events.clear()

    come_back(seat)

    stated = [asked["held"] for asked in seat.host.asked(Verb.LOGS)]
    assert [len(held) for held in stated if isinstance(held, list)] == [12, 12, 5]
    assert news(seat) == [ConversationsListed()]


def test_who_comes_back_is_told_what_is_new_and_what_is_gone(inside: Seat) -> None:
    inside.host.others = [replace(KIMIA, read=3), private(9, "Citra")]

    come_back(inside)

    assert news(inside) == [
        ConversationGone(7),
        ReadMoved(5, 3),
        ConversationChanged(9, ConversationKind.PRIVATE, "Citra", 8, 0, 0),
        ConversationsListed(),
    ]


def test_what_was_held_goes_on_where_it_ended(inside: Seat) -> None:
    inside.host.others = [group(5, "Kimia", head=4, read=2), BERDUA]

    come_back(inside)
    inside.hear(entry(4, conversation=5))

    assert Pull(5, 4, 0, 4) in inside.host.got(Pull)
    assert [e.number for e in inside.saw(EntryArrived)] == [4]


def test_a_log_that_changed_is_shown_anew(inside: Seat) -> None:
    inside.host.changed = (5,)

    come_back(inside)
    inside.hear(entry(1, "lain", conversation=5))

    assert LogReplaced(5) in news(inside)
    assert [e.entry.text for e in inside.saw(EntryArrived)] == ["lain"]


def test_of_an_older_log_that_was_put_back_less_has_been_read(inside: Seat) -> None:
    inside.host.others = [group(5, "Kimia", head=1, read=1), BERDUA]
    inside.host.changed = (5,)

    come_back(inside)

    assert ConversationChanged(5, ConversationKind.GROUP, "Kimia", 0, 1, 1) in news(inside)


def test_a_group_that_was_renamed_is_told_again(inside: Seat) -> None:
    inside.host.others = [replace(KIMIA, name="Kimia 7B"), BERDUA]

    come_back(inside)

    assert told(inside) == [(5, "Kimia 7B")]


def test_a_server_that_answers_no_question_for_logs_holds_nobody_up(seat: Seat) -> None:
    seat.host.replies[Verb.LOGS] = always(Code.NO_SESSION)

    seat.enter()
    seat.hear(Heads(((5, 1),)).encode())

    assert news(seat) == [ConversationsListed()]
    assert len(seat.host.asked(Verb.LOGS)) == 2


def test_a_server_that_tells_nonsense_is_left_and_tried_again(seat: Seat) -> None:
    seat.host.replies[Verb.LOGS] = always(Code.OK, logs=[[5]], changed=[])

    seat.enter()
    seat.pass_time(5)

    assert seat.host.inits > 1
    assert seat.saw(ConversationChanged) == []


def test_a_question_of_an_older_session_is_not_answered_in_the_next(inside: Seat) -> None:
    inside.host.replies[Verb.LOGS] = nothing
    come_back(inside)
    before = news(inside)
    del inside.host.replies[Verb.LOGS]

    come_back(inside)

    assert before == []
    assert news(inside) == [ConversationsListed()]


# --- more than fit ---


class Crowded(Host):
    """Groups without end, a hundred to a page."""

    first = 2

    def logs(self, fields: Fields) -> tuple[Code, Fields]:
        after = fields["after"]
        assert isinstance(after, int)
        begin = max(after + 1, self.first)
        numbers = range(begin, begin + 100)
        rows = [group(number, f"grup {number}").encode() for number in numbers]
        return Code.OK, {"logs": rows, "changed": [], "next": numbers[-1]}


def test_no_more_are_held_than_fit_and_no_more_are_asked_for() -> None:
    seat = Seat(Crowded())

    seat.enter()
    held = len(seat.saw(ConversationChanged))
    asked = len(seat.host.asked(Verb.LOGS))
    seat.hear(Heads(((10**9, 1),)).encode())

    assert held == MAX_LOGS - 1  # and the room, which was not told
    assert asked == MAX_LOGS // 100
    assert len(seat.host.asked(Verb.LOGS)) == asked
    assert seat.saw(ConversationsListed)


def test_what_is_held_goes_on_although_no_more_fit() -> None:
    crowded = Crowded()
    seat = Seat(crowded)
    seat.enter()
    seat.events.clear()
    seat.host.requests.clear()

    come_back(seat)

    assert seat.saw(ConversationGone) == []
    assert len(seat.host.asked(Verb.LOGS)) == MAX_LOGS // 100


# --- news ---


@pytest.mark.parametrize(
    "frame", [Heads(((9, 1),)).encode(), entry(1, conversation=9)], ids=["heads", "entry"]
)
def test_news_of_an_unknown_conversation_lead_to_it(inside: Seat, frame: bytes) -> None:
    inside.host.others = [KIMIA, BERDUA, private(9, "Citra", head=1)]

    inside.hear(frame)
    inside.hear(entry(1, "hai", conversation=9))

    assert inside.host.asked(Verb.LOGS) == [{"after": 8, "held": []}]
    assert told(inside) == [(9, "Citra")]
    assert [e.entry.text for e in inside.saw(EntryArrived)] == ["hai"]


def test_what_somebody_just_wrote_in_private_is_no_history(inside: Seat) -> None:
    inside.host.others = [private(9, "Citra", head=2, read=1), group(10, "Fisika", head=1)]

    inside.hear(Heads(((9, 2), (10, 1))).encode())
    inside.hear(*(entry(number, conversation=9) for number in (1, 2)), entry(1, conversation=10))

    arrived = [(e.conversation, e.number, e.is_history) for e in inside.saw(EntryArrived)]
    assert arrived == [(9, 1, True), (9, 2, False), (10, 1, True)]


def test_a_look_up_takes_only_what_is_new(inside: Seat) -> None:
    inside.host.others = [group(4, "Fisika"), group(5, "Nama lain", head=9), BERDUA]

    inside.hear(Heads(((4, 1),)).encode())

    assert told(inside) == [(4, "Fisika")]
    assert inside.saw(ConversationGone) == []


def test_each_unknown_conversation_is_looked_up_once(inside: Seat) -> None:
    numbers = range(100, 100 + 2 * MAX_UNKNOWN)
    heads = tuple((number, 1) for number in numbers)

    inside.hear(Heads(heads[:MAX_UNKNOWN]).encode(), Heads(heads[MAX_UNKNOWN:]).encode())

    asked = [asked["after"] for asked in inside.host.asked(Verb.LOGS)]
    assert asked == [number - 1 for number in numbers[:MAX_UNKNOWN]]
    assert news(inside) == []


def test_one_question_finds_several(inside: Seat) -> None:
    inside.host.others = [KIMIA, BERDUA, private(9, "Citra", head=1), private(11, "Dewi", head=1)]

    inside.hear(Heads(((9, 1), (11, 1))).encode())

    assert len(inside.host.asked(Verb.LOGS)) == 1
    assert told(inside) == [(9, "Citra"), (11, "Dewi")]


def test_news_that_come_while_all_are_listed_are_looked_up_after_it(seat: Seat) -> None:
    seat.host.replies[Verb.LOGS] = nothing
    seat.enter()
    seat.hear(Heads(((9, 1),)).encode())
    asked = len(seat.host.asked(Verb.LOGS))

    seat.host.replies[Verb.LOGS] = lambda fields: (Code.OK, {"logs": [], "changed": []})
    come_back(seat)
    seat.hear(Heads(((9, 1),)).encode())

    assert asked == 1
    assert [asked["after"] for asked in seat.host.asked(Verb.LOGS)] == [0, 0, 8]


def test_heads_of_nothing_lead_nowhere(inside: Seat) -> None:
    inside.hear(Heads(((9, 0),)).encode())

    assert inside.host.requests == []


def test_who_is_no_member_any_more_lets_go(inside: Seat) -> None:
    inside.host.others = [BERDUA]

    inside.hear(Heads(((5, 0),)).encode())
    inside.hear(Refused(9, Code.NOT_A_MEMBER).encode())

    assert news(inside) == [ConversationGone(5)]


def test_drafts_for_a_conversation_that_is_gone_are_still_answered(inside: Seat) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, 5, "halo"))

    inside.hear(Heads(((5, 0),)).encode(), Refused(1, Code.NOT_A_MEMBER).encode())

    assert [refused.code for refused in inside.saw(DraftRefused)] == [Code.NOT_A_MEMBER]


def test_heads_of_nothing_for_an_empty_conversation_forbid_nothing(seat: Seat) -> None:
    seat.host.others = [private(7)]
    seat.enter()

    seat.hear(Heads(((7, 0),)).encode())

    assert seat.saw(ConversationGone) == []


def test_the_room_is_never_gone(inside: Seat) -> None:
    inside.hear(entry(1), Heads(((ROOM, 0),)).encode())

    assert inside.saw(ConversationGone) == []


def test_heads_of_what_is_held_are_caught_up_with(inside: Seat) -> None:
    inside.hear(Heads(((ROOM, 2), (5, 4), (7, 1))).encode())
    inside.pass_time(0.05)

    assert {(pull.conversation, pull.last) for pull in inside.host.got(Pull)} >= {(ROOM, 2), (5, 4)}
    assert any((7, 1) in have.numbers for have in inside.host.got(Have))


def test_what_is_said_in_a_conversation_goes_there(inside: Seat) -> None:
    inside.do(Say(1, 7, "berdua"))

    (post,) = inside.host.got(Post)
    assert post.conversation == 7
    (arrived,) = inside.saw(EntryArrived)
    assert (arrived.conversation, arrived.number, arrived.ticket) == (7, 2, 1)


# --- names ---


def test_a_private_conversation_bears_the_name_of_the_other(inside: Seat) -> None:
    inside.hear(person_change(2, BUDI))
    inside.do(MarkRead(7, 1))
    inside.hear(person_change(3, replace(BUDI, name="Budi Dua")))

    changed = ConversationChanged(7, ConversationKind.PRIVATE, "Budi Dua", 8, 1, 1)
    assert inside.saw(ConversationChanged) == [changed]


def test_a_name_that_changed_while_we_were_away_is_told(seat: Seat) -> None:
    seat.host.others = [private(7, "Budi")]
    seat.host.replies[Verb.PEOPLE] = nothing
    seat.enter()
    del seat.host.replies[Verb.PEOPLE]

    seat.host.others = [private(7, "Budi Dua")]
    seat.host.people = seat.host.page(
        1, Person(ME, "Ana", Presence.HERE), replace(BUDI, name="Budi Dua")
    )
    come_back(seat)

    assert told(seat) == [(ROOM, ""), (7, "Budi"), (7, "Budi Dua")]


# --- read markers ---


def test_what_was_seen_is_told_to_the_server(inside: Seat) -> None:
    inside.do(MarkRead(5, 3))

    assert inside.host.asked(Verb.READ) == [{"conversation": 5, "number": 3}]
    assert inside.saw(ReadMoved) == []


def test_it_never_goes_back_and_is_told_once(inside: Seat) -> None:
    for number in (3, 2, 3, 1):
        inside.do(MarkRead(5, number))

    assert inside.host.asked(Verb.READ) == [{"conversation": 5, "number": 3}]


def test_while_one_is_on_its_way_only_the_newest_waits(inside: Seat) -> None:
    for number in range(1, 30):
        inside.core.handle_command(MarkRead(ROOM, number), inside.now)
    inside.end_turn()

    assert [asked["number"] for asked in inside.host.asked(Verb.READ)] == [1, 29]


def test_what_was_seen_while_nobody_listened_is_told_in_the_next_session(inside: Seat) -> None:
    inside.host.replies[Verb.READ] = nothing
    inside.do(MarkRead(5, 3))
    inside.host.is_silent = True
    inside.receive(inside.host.reset())
    inside.do(MarkRead(7, 1))
    del inside.host.replies[Verb.READ]

    inside.host.is_silent = False
    inside.pass_time(3)

    assert [asked["number"] for asked in inside.host.asked(Verb.READ)] == [3, 3, 1]


def test_what_was_seen_before_one_is_in_is_told_once_one_is(seat: Seat) -> None:
    seat.host.others = [KIMIA]
    seat.do(MarkRead(5, 3))
    seat.enter()

    assert seat.host.asked(Verb.READ) == [{"conversation": 5, "number": 3}]
    assert seat.saw(ConversationChanged)[-1].read == 3


def test_a_marker_that_is_refused_is_not_sent_again(inside: Seat) -> None:
    inside.host.replies[Verb.READ] = always(Code.NOT_A_MEMBER)
    inside.do(MarkRead(5, 3))

    come_back(inside)

    assert len(inside.host.asked(Verb.READ)) == 1


def test_a_marker_that_a_full_disk_did_not_take_is_sent_in_the_next_session(inside: Seat) -> None:
    inside.host.replies[Verb.READ] = always(Code.DISK_FULL)
    inside.do(MarkRead(5, 3))
    inside.host.replies[Verb.READ] = always(Code.OK)

    come_back(inside)
    come_back(inside)

    assert inside.host.asked(Verb.READ) == [{"conversation": 5, "number": 3}] * 2


def test_an_answer_about_a_conversation_that_is_gone_means_nothing(inside: Seat) -> None:
    inside.host.replies[Verb.READ] = nothing
    inside.do(MarkRead(5, 3))
    inside.host.replies[Verb.READ] = always(Code.OK)

    inside.hear(Heads(((5, 0),)).encode())
    inside.core.handle_command(MarkRead(7, 1), inside.now)
    inside.hear(Heads(((7, 0),)).encode())
    inside.end_turn()

    assert [gone.conversation for gone in inside.saw(ConversationGone)] == [5, 7]


def test_what_another_device_has_read_is_told_and_not_said_again(inside: Seat) -> None:
    inside.hear(ReadTo(5, 3).encode(), ReadTo(5, 1).encode(), ReadTo(99, 1).encode())
    inside.do(MarkRead(5, 3))

    assert inside.saw(ReadMoved) == [ReadMoved(5, 3)]
    assert inside.host.asked(Verb.READ) == []


def test_ones_own_marker_is_no_news(inside: Seat) -> None:
    inside.do(MarkRead(5, 3))

    inside.hear(ReadTo(5, 3).encode())

    assert inside.saw(ReadMoved) == []


def test_exit_waits_until_the_server_knows_what_was_read(inside: Seat) -> None:
    inside.host.replies[Verb.READ] = nothing
    inside.do(MarkRead(5, 3))

    inside.do(Leave())
    assert inside.host.asked(Verb.EXIT) == []
    inside.host.replies[Verb.READ] = always(Code.OK)
    come_back(inside)

    assert len(inside.host.asked(Verb.EXIT)) == 1


def test_somebody_else_reads_for_themselves() -> None:
    seat = Seat()
    seat.host.offered = (OfferedLog(ROOM, 5, 0, FIRST_CHAIN),)
    seat.enter()
    seat.do(MarkRead(ROOM, 5))
    seat.events.clear()

    seat.host.room_read, seat.host.me = 2, ME + 1
    come_back(seat)

    (changed,) = seat.saw(ConversationChanged)
    assert (changed.conversation, changed.read) == (ROOM, 2)
