from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, StubbornStore, limits, open_store

from conversation import FIRST_CHAIN, NO_TAG, ROOM, Entry, EntryKind
from entering import HeldLog
from protocol import MAX_TEXT, Code
from protocol_frames import Post
from records import PersonRecord, Store
from replication_server import Intake
from server_rooms import FIRST_SIGHT, Rooms
from settings import Limits

STREAM = b"s" * 16


@pytest.fixture
def stubborn(folder: Path) -> Iterator[StubbornStore]:
    store = open_store(folder)
    yield store
    store.storage.close()


@pytest.fixture
def rooms(stubborn: StubbornStore) -> Rooms:
    return Rooms(cast(Store, stubborn), Limits(), has_file=lambda _: True)


def intake(stubborn: StubbornStore) -> Intake:
    stubborn.save_person(PersonRecord(7, "Ana", is_present=True))
    stubborn.bind_stream(STREAM, 7, FIRST_UTC)
    record = stubborn.stream(STREAM)
    return Intake(STREAM, record)


def a_draft(number: int, conversation: int, body: bytes, kind: int = EntryKind.TEXT) -> Post:
    return Post(number, 1, conversation, kind, 0, 1, body)


def fill(stubborn: StubbornStore, rooms: Rooms, count: int) -> None:
    for number in range(count):
        rooms.note(EntryKind.JOINED, 7, f"Murid {number}", FIRST_UTC)
    rooms.take(ROOM, list(stubborn.commit()))


def group(stubborn: StubbornStore, name: str) -> int:
    return int(stubborn.add_group(name, name.casefold(), name.casefold()))


def say(stubborn: StubbornStore, rooms: Rooms, conversation: int, *texts: str) -> list[bytes]:
    for text in texts:
        stubborn.append(conversation, Entry(NO_TAG, EntryKind.TEXT, FIRST_UTC, 7, "Ana", text))
    return rooms.take(conversation, list(stubborn.commit()))


# --- who belongs where ---


def test_everyone_belongs_to_the_room_and_at_first_to_nothing_else(rooms: Rooms) -> None:
    assert rooms.conversations_of(7) == [ROOM]
    assert rooms.is_member(7, ROOM)
    assert not rooms.is_member(7, 2)
    assert not rooms.is_member(7, (1 << 64) - 1)  # a frame can name what no store can count to


def test_whether_somebody_belongs_to_the_room_is_not_asked_of_the_disk(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    stubborn.journal.clear()

    assert rooms.is_member(7, ROOM)

    assert stubborn.journal == []


def test_a_group_has_who_joined_and_has_not_left_and_its_log_says_when(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    kimia = group(stubborn, "Kimia")
    rooms.join(kimia, 7, "Ana", FIRST_UTC)
    rooms.join(kimia, 8, "Budi", FIRST_UTC + 1)

    rooms.leave(kimia, 7, "Ana", FIRST_UTC + 2)

    assert (rooms.members(kimia), rooms.conversations_of(8)) == ([8], [ROOM, kimia])
    assert (rooms.is_member(7, kimia), rooms.is_member(8, kimia)) == (False, True)
    entries = [Entry.decode(stored.body) for stored in stubborn.commit()]
    assert [(entry.kind, entry.name, entry.person) for entry in entries] == [
        (EntryKind.JOINED, "Ana", 7),
        (EntryKind.JOINED, "Budi", 8),
        (EntryKind.LEFT, "Ana", 7),
    ]


# --- the newest entries ---


def test_a_log_is_in_memory_from_its_first_new_entry_on(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    kimia = group(stubborn, "Kimia")
    say(stubborn, Rooms(cast(Store, stubborn), Limits(), has_file=lambda _: True), kimia, "lama")
    assert rooms.log(kimia) is None

    frames = say(stubborn, rooms, kimia, "satu", "dua")

    log = rooms.log(kimia)
    assert log is not None
    assert (log.head, rooms.head(kimia)) == (3, 3)
    assert [log.holds(number) for number in range(1, 5)] == [False, True, True, False]
    assert frames == log.frames(2) + log.frames(3)


def test_logs_beside_the_room_s_share_so_much_memory_and_the_quietest_goes_first(
    stubborn: StubbornStore,
) -> None:
    rooms = Rooms(cast(Store, stubborn), limits(log_cache_bytes=10_000), has_file=lambda _: True)
    groups = [group(stubborn, f"Grup {number}") for number in range(20)]
    say(stubborn, rooms, ROOM, "x" * 5_000)

    for number in groups:
        say(stubborn, rooms, number, "x" * 900)
        say(stubborn, rooms, groups[0], "y" * 200)  # never quiet for long

    logs = [(number, log) for number in groups if (log := rooms.log(number)) is not None]
    assert sum(log.size for _, log in logs) <= 10_000
    assert [number for number, _ in logs] == [groups[0], *groups[-len(logs) + 1 :]]
    assert len(logs) > 5
    room = rooms.log(ROOM)
    assert room is not None
    assert room.holds(1)


def test_however_many_logs_there_are_so_many_are_in_memory(
    stubborn: StubbornStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_rooms.MAX_LOGS", 3)
    rooms = Rooms(cast(Store, stubborn), Limits(), has_file=lambda _: True)
    groups = [group(stubborn, f"Grup {number}") for number in range(8)]

    for number in groups:
        say(stubborn, rooms, number, "halo")

    assert [number for number in groups if rooms.log(number) is not None] == groups[-3:]


def test_an_entry_larger_than_all_that_memory_may_hold_is_pushed_all_the_same(
    stubborn: StubbornStore,
) -> None:
    rooms = Rooms(cast(Store, stubborn), limits(log_cache_bytes=100), has_file=lambda _: True)
    kimia, fisika = group(stubborn, "Kimia"), group(stubborn, "Fisika")

    assert say(stubborn, rooms, kimia, "x" * 500)
    assert say(stubborn, rooms, fisika, "x" * 500)

    assert rooms.log(kimia) is None
    assert rooms.log(fisika) is not None


# --- writing ---


def test_joined_and_left_stand_in_the_room_s_log(stubborn: StubbornStore, rooms: Rooms) -> None:
    rooms.note(EntryKind.JOINED, 7, "Ana", FIRST_UTC)
    rooms.note(EntryKind.LEFT, 7, "Ana", FIRST_UTC + 5)

    entries = [Entry.decode(stored.body) for stored in stubborn.commit()]

    assert [(entry.kind, entry.name, entry.person) for entry in entries] == [
        (EntryKind.JOINED, "Ana", 7),
        (EntryKind.LEFT, "Ana", 7),
    ]


def test_a_rollback_needs_nothing_undone(stubborn: StubbornStore, rooms: Rooms) -> None:
    fill(stubborn, rooms, 1)
    rooms.note(EntryKind.JOINED, 7, "Ana", FIRST_UTC)
    stubborn.rollback()

    fill(stubborn, rooms, 1)

    log = rooms.log(ROOM)
    assert log is not None
    assert log.head == stubborn.head(ROOM).number == 2
    assert log.holds(2)


@pytest.mark.parametrize("head", [0, 1, FIRST_SIGHT, FIRST_SIGHT + 1, FIRST_SIGHT + 50])
def test_who_sees_a_log_first_is_offered_its_last_two_hundred_entries(
    stubborn: StubbornStore, rooms: Rooms, head: int
) -> None:
    fill(stubborn, rooms, head)

    offered = rooms.offer(ROOM)

    assert (offered.conversation, offered.head) == (ROOM, head)
    assert offered.floor == max(0, head - 200)
    assert offered.chain == stubborn.chain_at(ROOM, offered.floor)


def test_a_log_with_a_hole_is_our_own_defect(stubborn: StubbornStore, rooms: Rooms) -> None:
    class Holed:
        def __getattr__(self, name: str) -> object:
            return getattr(stubborn, name)

        def chain_at(self, conversation: int, number: int) -> bytes | None:
            return None

    with pytest.raises(LookupError):
        Rooms(cast(Store, Holed()), Limits(), has_file=lambda _: True).offer(ROOM)


def test_a_copy_is_ours_if_its_chain_is(stubborn: StubbornStore, rooms: Rooms) -> None:
    fill(stubborn, rooms, 3)
    chains = [stubborn.chain_at(ROOM, number) or b"" for number in range(4)]

    assert all(rooms.is_same(HeldLog(ROOM, n, chain)) for n, chain in enumerate(chains))
    assert not rooms.is_same(HeldLog(ROOM, 2, chains[1]))
    assert not rooms.is_same(HeldLog(ROOM, 4, chains[3]))  # it has more than there is
    assert not rooms.is_same(HeldLog(99, 1, chains[1]))
    assert chains[0] == FIRST_CHAIN


def test_a_text_of_a_byte_too_many_is_refused(stubborn: StubbornStore, rooms: Rooms) -> None:
    draft = a_draft(1, ROOM, b"x" * (MAX_TEXT + 1))

    answer = rooms.decide(draft, intake(stubborn), "Ana", is_muted=False, at=FIRST_UTC)

    assert answer.code == Code.TEXT_TOO_LONG


def test_only_members_write_and_others_may_know_that_there_is_something(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    ana = intake(stubborn)
    mine, theirs = group(stubborn, "Kimia"), group(stubborn, "Fisika")
    rooms.join(mine, 7, "Ana", FIRST_UTC)
    rooms.join(theirs, 8, "Budi", FIRST_UTC)
    private, others = stubborn.add_private(7, 8), stubborn.add_private(8, 9)

    answers = [
        rooms.decide(
            a_draft(number, place, b"halo"),
            ana,
            "Ana",
            is_muted=False,
            at=FIRST_UTC,
        )
        for number, place in enumerate(
            [mine, private, theirs, others, others + 1, (1 << 64) - 1], start=1
        )
    ]

    assert [answer.code for answer in answers] == [
        Code.OK,
        Code.OK,
        Code.NOT_A_MEMBER,
        Code.NOT_A_MEMBER,
        Code.NO_SUCH_CONVERSATION,
        Code.NO_SUCH_CONVERSATION,
    ]
    assert [(answer.conversation, answer.number) for answer in answers[:2]] == [
        (mine, 2),
        (private, 1),
    ]


@pytest.mark.parametrize(
    ("conversation", "kind", "code"),
    [
        (ROOM, EntryKind.FILE, Code.BAD_REQUEST),
        (ROOM, 99, Code.BAD_REQUEST),
        (2, EntryKind.TEXT, Code.NO_SUCH_CONVERSATION),
    ],
)
def test_only_texts_and_only_into_what_exists(
    stubborn: StubbornStore, rooms: Rooms, conversation: int, kind: int, code: Code
) -> None:
    draft = a_draft(1, conversation, b"halo", kind)

    answer = rooms.decide(draft, intake(stubborn), "Ana", is_muted=False, at=FIRST_UTC)

    assert answer.code == code


def test_each_answer_is_kept_with_the_entry_it_speaks_of(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    taking = intake(stubborn)
    texts = [b"halo", b" ", b"\xff", b"lagi"]

    answers = [
        rooms.decide(a_draft(number, ROOM, text), taking, "Ana", is_muted=False, at=FIRST_UTC)
        for number, text in enumerate(texts, start=1)
    ]

    record = stubborn.stream(STREAM)
    assert record.answers == tuple(answers)
    assert [answer.code for answer in answers] == [
        Code.OK,
        Code.TEXT_INVALID,
        Code.TEXT_INVALID,
        Code.OK,
    ]
    assert [answer.number for answer in answers] == [1, 0, 0, 2]
