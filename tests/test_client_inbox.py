"""What is unread, told by events."""

import pytest

import client_inbox
from client_events import (
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    Entered,
    EntryArrived,
    Found,
    IdentityChanged,
    LogReplaced,
    MarkRead,
    OlderArrived,
    PeopleReplaced,
    ReadMoved,
)
from client_inbox import Inbox
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE
ANA, BUDI = 1, 2


def entry(text: str = "halo", person: int = BUDI, kind: EntryKind = EntryKind.TEXT) -> Entry:
    return Entry(NO_TAG, kind, 0, person, "budi" if person == BUDI else "ana", text)


def arrived(conversation: int, *numbers: int, **fields: object) -> list[EntryArrived]:
    return [EntryArrived(conversation, number, entry(**fields)) for number in numbers]  # type: ignore[arg-type]


def inbox(*events: object) -> Inbox:
    """Ana's, who belongs to a group and talks with Budi."""
    made = Inbox()
    for event in (
        Entered(ANA, "ana", "Lab", b"k" * 32, False),
        ConversationChanged(ROOM, ConversationKind.ROOM, "", 0, 0, 0),
        ConversationChanged(5, GROUP, "Kelas 7B", 0, 0, 0),
        ConversationChanged(6, PRIVATE, "budi", BUDI, 0, 0),
        ConversationsListed(),
        *events,
    ):
        made.apply(event)
    return made


def numbers(known: Inbox, conversation: int) -> list[int]:
    return [found.number for found in known.unread(conversation)]


def test_conversations_have_labels_and_the_room_comes_first() -> None:
    known = inbox()

    labels = [one.label for one in known.conversations()]

    assert labels == ["room", "group:Kelas 7B", "private:budi"]
    assert known.label(6) == "private:budi"
    assert known.label(7) == "unknown:7"


def test_a_group_is_found_by_name_whatever_its_case() -> None:
    known = inbox()

    found = known.named(GROUP, "kelas 7b")

    assert found is not None
    assert found.number == 5
    assert known.named(PRIVATE, "kelas 7b") is None
    assert known.named(GROUP, "kelas 8") is None


def test_messages_beyond_the_read_marker_are_unread() -> None:
    known = inbox(ConversationChanged(5, GROUP, "Kelas 7B", 0, 4, 2), *arrived(5, 1, 2, 3, 4))

    assert known.unread(5) == [Found(5, 3, entry()), Found(5, 4, entry())]


@pytest.mark.parametrize("kind", [EntryKind.JOINED, EntryKind.LEFT, EntryKind.RENAMED])
def test_who_came_and_went_is_no_message(kind: EntryKind) -> None:
    assert numbers(inbox(*arrived(5, 1, kind=kind)), 5) == []


def test_ones_own_messages_are_read() -> None:
    before_login = EntryArrived(5, 2, entry(person=9), ticket=1)

    known = inbox(*arrived(5, 1, person=ANA), before_login, *arrived(5, 3))

    assert numbers(known, 5) == [3]


def test_what_was_seen_is_told_to_the_core_once_and_never_taken_back() -> None:
    known = inbox(*arrived(5, 1, 2, 3))

    assert known.see(5, 2) == MarkRead(5, 2)
    assert known.see(5, 2) is None
    assert known.see(5, 1) is None
    assert known.see(77, 1) is None
    assert numbers(known, 5) == [3]


def test_what_was_read_here_alone_is_still_told() -> None:
    known = inbox(*arrived(5, 1))

    known.mark_read(5, 1)

    assert numbers(known, 5) == []
    assert known.see(5, 1) == MarkRead(5, 1)


def test_another_device_reads_for_us() -> None:
    known = inbox(*arrived(5, 1, 2), ReadMoved(5, 1), ReadMoved(77, 1))

    assert numbers(known, 5) == [2]
    assert known.see(5, 1) is None


def test_an_older_marker_does_not_make_anything_unread_again() -> None:
    known = inbox(
        *arrived(5, 1, 2), ReadMoved(5, 2), ConversationChanged(5, GROUP, "Kelas 8", 0, 2, 0)
    )

    assert numbers(known, 5) == []
    assert known.label(5) == "group:Kelas 8"


def test_a_conversation_is_behind_until_what_it_has_came_here() -> None:
    known = inbox(ConversationChanged(5, GROUP, "Kelas 7B", 0, 2, 0))
    group = known.conversation(5)
    assert group is not None
    assert group.is_behind

    for event in arrived(5, 1, 2):
        known.apply(event)

    assert not group.is_behind


def test_what_lies_below_the_held_part_is_missing() -> None:
    known = inbox(ConversationChanged(5, GROUP, "Kelas 7B", 0, 302, 100), *arrived(5, 301, 302))
    group = known.conversation(5)
    assert group is not None
    assert group.missing_before == 301

    known.apply(OlderArrived(5, tuple((n, entry()) for n in range(201, 301)), False))
    assert group.missing_before == 201
    known.apply(OlderArrived(5, tuple((n, entry()) for n in range(91, 201)), False))

    assert group.missing_before == 0
    assert numbers(known, 5) == list(range(101, 303))


def test_older_entries_of_another_stretch_are_not_taken() -> None:
    known = inbox(
        ConversationChanged(5, GROUP, "Kelas 7B", 0, 302, 0),
        *arrived(5, 301, 302),
        OlderArrived(5, ((7, entry()),), False),
        OlderArrived(5, ((301, entry()),), False),
        OlderArrived(77, ((7, entry()),), False),
    )

    assert numbers(known, 5) == [301, 302]


def test_where_nothing_older_is_nothing_is_missing() -> None:
    known = inbox(*arrived(5, 301), OlderArrived(5, (), True))
    group = known.conversation(5)

    assert group is not None
    assert group.missing_before == 0


def test_only_so_many_are_kept_and_what_was_let_go_of_is_missing_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_inbox, "KEPT", 3)

    known = inbox(*arrived(5, *range(1, 8)))
    group = known.conversation(5)

    assert numbers(known, 5) == [5, 6, 7]
    assert group is not None
    assert (group.complete_from, group.missing_before) == (4, 0)


def test_only_so_much_is_kept_but_always_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_inbox, "KEPT_SIZE", 10)

    known = inbox(*arrived(5, 1, 2, text="12345"), *arrived(5, 3, text="x" * 20))

    assert numbers(known, 5) == [3]


def test_whoever_looks_far_back_does_not_make_more_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_inbox, "KEPT", 3)
    known = inbox(*arrived(5, 9))

    for begin in (7, 5, 3, 1):
        known.apply(OlderArrived(5, ((begin, entry()), (begin + 1, entry())), is_all=begin == 1))

    assert numbers(known, 5) == [7, 8, 9]
    assert [group.missing_before for group in known.conversations() if group.number == 5] == [0]


def test_a_log_that_was_put_back_begins_anew() -> None:
    known = inbox(*arrived(5, 1, 2), LogReplaced(5), LogReplaced(77), *arrived(5, 1))

    assert numbers(known, 5) == [1]


def test_of_a_log_that_was_put_back_less_may_have_been_read() -> None:
    put_back = ConversationChanged(5, GROUP, "Kelas 7B", 0, 10, 4)

    known = inbox(ReadMoved(5, 40), LogReplaced(5), put_back, *arrived(5, 3, 5))

    assert numbers(known, 5) == [5]


def test_a_conversation_we_left_is_forgotten_and_its_late_entries_too() -> None:
    known = inbox(*arrived(5, 1), ConversationGone(5), *arrived(5, 2))

    assert known.conversation(5) is None
    assert known.unread(5) == []


def test_the_room_has_its_place_even_for_nobody() -> None:
    known = inbox(*arrived(ROOM, 1), ConversationGone(ROOM), IdentityChanged(0, "", False))

    assert known.label(ROOM) == "room"
    assert known.unread(ROOM) == []
    assert known.is_nameless


def test_whoever_logs_in_is_told_anew_what_was_read() -> None:
    known = inbox(*arrived(ROOM, 1, 2, 3), ReadMoved(ROOM, 2))

    known.apply(IdentityChanged(9, "cici", True, "00"))
    assert (known.me, known.my_name, known.is_account) == (9, "cici", True)
    assert not known.is_listed
    known.apply(ConversationChanged(ROOM, ConversationKind.ROOM, "", 0, 3, 1))
    known.apply(ConversationsListed())
    room = known.conversation(ROOM)

    assert room is not None
    assert (room.read, room.missing_before, known.is_listed) == (1, 3, True)
    assert numbers(known, ROOM) == [3]


def test_a_session_that_comes_back_keeps_all() -> None:
    known = inbox(
        IdentityChanged(ANA, "ana", True),
        *arrived(5, 1),
        Entered(ANA, "ana", "Lab", b"k" * 32, True),
        PeopleReplaced(()),
    )

    assert numbers(known, 5) == [1]
    assert known.is_account
    assert not known.is_listed


def test_a_conversation_just_opened_is_known_before_it_is_told() -> None:
    known = inbox()

    known.learn_of(8, GROUP, "Baru")
    known.learn_of(5, GROUP, "Lain")

    assert known.label(8) == "group:Baru"
    assert known.label(5) == "group:Kelas 7B"


def test_a_refusal_of_what_one_said_is_news_and_conversations_know_their_realm() -> None:
    refused = entry("undelivered 30 halo", ANA, EntryKind.NOTICE)
    known = inbox(
        ConversationChanged(7, PRIVATE, "bob@campus-b", 3, 0, 0), EntryArrived(7, 2, refused)
    )

    known.apply(OlderArrived(7, ((1, refused),), is_all=True))

    assert numbers(known, 7) == [1, 2]
    assert [known.realm(number) for number in (ROOM, 5, 7, 99)] == ["", "", "campus-b", ""]
