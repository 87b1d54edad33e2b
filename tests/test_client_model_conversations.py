"""What of several conversations is shown, unread, and calls the user."""

import pytest
from client_rooms import ANA, BUDI, ME, Room, entry

from client_events import (
    ConversationGone,
    DraftMade,
    IdentityChanged,
    MarkRead,
    PersonTyping,
    ReadMoved,
)
from client_rows import DayRow, MessageRow, NoticeRow, RenamedRow, UnreadRow
from conversation import ROOM, ConversationKind, Entry, EntryKind, Person, Presence
from settings_client import Notify

# --- unread ---


def test_what_arrives_while_nobody_looks_is_counted_and_marked_once() -> None:
    room = Room()
    room.arrive(entry(ANA, "dilihat"))
    room.look()
    room.look(False)

    room.arrive(entry(ANA, "satu"), entry(BUDI, "dua"))

    assert room.model.unread == 2
    assert room.kinds() == [DayRow, MessageRow, UnreadRow, MessageRow, MessageRow]


def test_looking_ends_the_count_and_leaves_the_line() -> None:
    room = Room()
    room.look(False)
    room.arrive(entry(ANA))

    room.look()
    room.arrive(entry(ANA))
    room.look()

    assert room.model.unread == 0
    assert room.kinds().count(UnreadRow) == 1


def test_a_window_without_the_focus_sees_nothing() -> None:
    room = Room()
    room.look(has_focus=False)

    room.arrive(entry(ANA))

    assert room.model.unread == 1
    assert UnreadRow in room.kinds()


def test_the_next_absence_moves_the_line() -> None:
    room = Room()
    room.look(False)
    room.arrive(entry(ANA))
    room.look()
    room.look(False)

    room.arrive(entry(ANA))

    assert room.kinds() == [DayRow, MessageRow, UnreadRow, MessageRow]


def test_answering_takes_the_line_away() -> None:
    room = Room()
    room.look(False)
    room.arrive(entry(ANA))

    room.say("ya")

    assert UnreadRow not in room.kinds()


@pytest.mark.parametrize("one", [entry(ME), entry(ANA, kind=EntryKind.JOINED)])
def test_ones_own_words_and_comings_are_not_unread(one: Entry) -> None:
    room = Room()
    room.look(False)

    room.arrive(one)

    assert room.model.unread == 0


def test_what_newcomers_find_in_the_room_is_not_unread() -> None:
    room = Room()
    room.model.apply(IdentityChanged(ANA, "ana", is_account=True))
    room.arrive(*[entry(BUDI)] * 3, is_history=True)

    room.tell(ROOM, ConversationKind.ROOM, head=3, read=0)
    room.look(False)
    room.arrive(entry(BUDI))

    assert room.model.unread == 1
    assert room.model.see(4) == MarkRead(ROOM, 4)


def test_whoever_was_here_before_finds_the_line_where_they_stopped() -> None:
    room = Room()
    room.model.apply(IdentityChanged(ANA, "ana", is_account=True))
    room.arrive(*[entry(BUDI)] * 3, is_history=True)
    too_early = (room.model.unread, room.model.see(3))

    room.tell(ROOM, ConversationKind.ROOM, head=3, read=1)

    assert too_early == (0, None)  # it would hide where the line stands
    assert room.model.is_told
    assert room.model.unread == 2
    assert room.kinds() == [DayRow, MessageRow, UnreadRow, MessageRow, MessageRow]
    assert room.model.see(3) == MarkRead(ROOM, 3)
    assert room.model.see(3) is None


# --- conversations ---

GROUP, WITH_ANA = 10, 11


def belonging() -> Room:
    """In the room, in a group, and in a private conversation with Ana."""
    room = Room()
    room.tell(GROUP, ConversationKind.GROUP, "bagan")
    room.tell(WITH_ANA, ConversationKind.PRIVATE, "ana", person=ANA)
    return room


def test_each_conversation_has_its_own_rows_and_drafts() -> None:
    room = belonging()
    room.arrive(entry(ANA, "di ruang"))
    room.arrive_in(GROUP, 1, entry(BUDI, "di grup"))
    room.model.apply(DraftMade(1, 1, GROUP, "tunggu"))
    in_room = room.texts()

    room.model.choose(GROUP)

    assert in_room == ["di ruang"]
    assert room.texts() == ["di grup", "tunggu"]
    assert (room.model.conversation.name, room.model.here.conversation) == ("bagan", GROUP)


def test_choosing_a_conversation_draws_the_line_above_what_is_new_in_it() -> None:
    room = belonging()
    room.arrive_in(WITH_ANA, 1, entry(ME, "halo"), is_history=True)
    room.arrive_in(WITH_ANA, 2, entry(ANA, "hai"), is_history=True)

    is_there = room.model.choose(WITH_ANA)

    assert is_there
    assert room.kinds() == [DayRow, MessageRow, UnreadRow, MessageRow]
    assert room.model.unread == 1
    room.model.see(2)
    room.model.choose(ROOM)
    room.model.choose(WITH_ANA)
    assert room.kinds() == [DayRow, MessageRow, MessageRow]


def test_choosing_the_one_that_is_shown_changes_nothing() -> None:
    room = Room()
    room.look(False)
    room.arrive(entry(ANA))

    assert room.model.choose(ROOM)
    assert UnreadRow in room.kinds()


def test_what_we_do_not_belong_to_cannot_be_chosen() -> None:
    room = belonging()

    assert not room.model.choose(99)
    assert room.model.chosen == ROOM


def test_one_that_was_opened_a_moment_ago_can_be_chosen() -> None:
    room = Room()
    room.model.inbox.learn_of(12, ConversationKind.PRIVATE, "budi")

    assert room.model.choose(12)
    assert room.model.conversation.name == "budi"


def test_the_room_is_shown_in_place_of_one_that_is_gone() -> None:
    room = belonging()
    room.model.choose(GROUP)

    room.model.apply(ConversationGone(GROUP))

    assert room.model.chosen == ROOM
    assert room.model.transcript(GROUP) is None


def test_nothing_of_the_room_stays_after_logging_out() -> None:
    room = Room()
    room.arrive(entry(ANA))

    room.model.apply(ConversationGone(ROOM))
    room.model.apply(IdentityChanged(0, "", is_account=False))

    assert (room.model.rows(), room.model.me) == ([], 0)


def test_a_conversation_may_have_another_name_and_keeps_its_line() -> None:
    room = belonging()
    room.model.choose(WITH_ANA)
    room.look(False)
    room.arrive_in(WITH_ANA, 1, entry(ANA))

    room.tell(WITH_ANA, ConversationKind.PRIVATE, "ana maria", person=ANA, head=1)

    assert room.model.conversation.name == "ana maria"
    assert UnreadRow in room.kinds()


def writers(room: Room) -> list[str]:
    return [row.name for row in room.model.people_rows() if row.is_typing]


def test_typing_elsewhere_is_not_shown_here() -> None:
    room = belonging()
    room.people(Person(ANA, "ana", Presence.HERE))

    room.model.apply(PersonTyping(GROUP, ANA))
    room.model.apply(PersonTyping(99, ANA))
    here = writers(room)
    room.model.choose(GROUP)

    assert (here, writers(room)) == ([], ["ana"])


def test_another_device_has_read_it() -> None:
    room = belonging()
    room.arrive_in(GROUP, 1, entry(ANA))

    room.model.apply(ReadMoved(GROUP, 1))

    assert room.model.unread == 0


def test_a_notice_stands_where_it_belongs() -> None:
    room = belonging()

    room.model.add_notice("di sini")
    room.model.add_notice("di grup", GROUP)
    room.model.add_notice("nirgends", 99)
    shown = room.model.rows()
    room.model.choose(GROUP)

    assert shown == [NoticeRow(0, 1, "di sini")]
    assert room.model.rows() == [NoticeRow(0, 2, "di grup")]


def test_the_token_of_an_account_is_known() -> None:
    room = Room()

    room.model.apply(IdentityChanged(ANA, "ana", is_account=True, token="ab"))

    assert (room.model.me, room.model.my_name, room.model.token) == (ANA, "ana", "ab")


def test_somebody_has_another_name() -> None:
    room = Room()

    room.arrive(entry(ANA, "ana maria", kind=EntryKind.RENAMED))

    assert room.model.rows()[1:] == [RenamedRow(1, "ana", "ana maria")]


# --- what calls ---


@pytest.mark.parametrize(
    ("conversation", "words", "calls"),
    [
        (ROOM, "halo", False),
        (ROOM, "@saya halo", True),
        (GROUP, "halo", True),
        (WITH_ANA, "halo", True),
        (99, "halo", False),
    ],
)
def test_of_the_room_only_ones_name_calls_of_others_every_message(
    conversation: int, words: str, calls: bool
) -> None:
    room = belonging()
    room.look(False)

    event = room.arrive_in(conversation, 1, entry(ANA, words))

    assert room.model.calls(event) is calls


@pytest.mark.parametrize(
    ("level", "words", "calls"),
    [
        (Notify.ALL, "halo", True),
        (Notify.MENTIONS, "halo", False),
        (Notify.MENTIONS, "eh @Saya!", True),
        (Notify.NONE, "eh @saya!", False),
    ],
)
def test_one_chooses_what_calls(level: Notify, words: str, calls: bool) -> None:
    room = belonging()
    room.model.levels = {GROUP: level}

    event = room.arrive_in(GROUP, 1, entry(ANA, words))

    assert room.model.calls(event) is calls


def test_what_is_seen_what_was_there_and_ones_own_call_nobody() -> None:
    room = belonging()
    room.model.choose(WITH_ANA)
    room.look()

    seen = room.arrive_in(WITH_ANA, 1, entry(ANA))
    own = room.arrive_in(GROUP, 1, entry(ME))
    old = room.arrive_in(GROUP, 2, entry(ANA), is_history=True)
    joined = room.arrive_in(GROUP, 3, entry(ANA, kind=EntryKind.JOINED))

    assert [room.model.calls(event) for event in (seen, own, old, joined)] == [False] * 4


def test_a_silenced_conversation_is_not_counted_in_all() -> None:
    room = belonging()
    room.model.levels = {GROUP: Notify.NONE}

    room.arrive_in(GROUP, 1, entry(ANA))
    room.arrive_in(WITH_ANA, 1, entry(ANA))

    assert room.model.unread == 1
    assert len(room.model.unread_in(GROUP)) == 1


def test_a_mention_of_oneself_is_marked() -> None:
    room = Room()

    room.arrive(entry(ANA, "halo @saya"), entry(ANA, "halo @sayang"), entry(ME, "saya @saya"))

    assert [row.is_mention for row in room.messages()] == [True, False, False]
