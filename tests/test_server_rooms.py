from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, StubbornStore, open_store

from conversation import FIRST_CHAIN, ROOM, Entry, EntryKind
from entering import HeldLog
from protocol import MAX_TEXT, Code
from records import PersonRecord, Store
from replication_server import Draft, Intake
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
    return Rooms(cast(Store, stubborn), Limits())


def intake(stubborn: StubbornStore) -> Intake:
    stubborn.save_person(PersonRecord(7, "Ana", is_present=True))
    stubborn.bind_stream(STREAM, 7, FIRST_UTC)
    record = stubborn.stream(STREAM)
    return Intake(STREAM, record)


def fill(stubborn: StubbornStore, rooms: Rooms, count: int) -> None:
    for number in range(count):
        rooms.note(EntryKind.JOINED, 7, f"Murid {number}", FIRST_UTC)
    for stored in stubborn.commit():
        rooms.take(stored)


def test_everyone_belongs_to_the_room_and_to_nothing_else_yet(rooms: Rooms) -> None:
    assert rooms.conversations_of(7) == (ROOM,)
    assert rooms.is_member(7, ROOM)
    assert not rooms.is_member(7, 2)
    assert rooms.log(2) is None


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

    (offered,) = rooms.offer(7)

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
        Rooms(cast(Store, Holed()), Limits()).offer(7)


def test_a_copy_is_ours_if_its_chain_is(stubborn: StubbornStore, rooms: Rooms) -> None:
    fill(stubborn, rooms, 3)
    chains = [stubborn.chain_at(ROOM, number) or b"" for number in range(4)]

    assert all(rooms.is_same(HeldLog(ROOM, n, chain)) for n, chain in enumerate(chains))
    assert not rooms.is_same(HeldLog(ROOM, 2, chains[1]))
    assert not rooms.is_same(HeldLog(ROOM, 4, chains[3]))  # it has more than there is
    assert not rooms.is_same(HeldLog(99, 1, chains[1]))
    assert chains[0] == FIRST_CHAIN


def test_a_text_of_a_byte_too_many_is_refused(stubborn: StubbornStore, rooms: Rooms) -> None:
    draft = Draft(1, ROOM, EntryKind.TEXT, b"x" * (MAX_TEXT + 1))

    answer = rooms.decide(draft, intake(stubborn), "Ana", is_muted=False, at=FIRST_UTC)

    assert answer.code == Code.TEXT_TOO_LONG


def test_only_members_write(stubborn: StubbornStore, rooms: Rooms) -> None:
    class Elsewhere(Rooms):
        def conversations_of(self, person: int) -> tuple[int, ...]:
            return ()

    draft = Draft(1, ROOM, EntryKind.TEXT, b"halo")
    elsewhere = Elsewhere(cast(Store, stubborn), Limits())

    answer = elsewhere.decide(draft, intake(stubborn), "Ana", is_muted=False, at=FIRST_UTC)

    assert answer.code == Code.NOT_A_MEMBER


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
    draft = Draft(1, conversation, kind, b"halo")

    answer = rooms.decide(draft, intake(stubborn), "Ana", is_muted=False, at=FIRST_UTC)

    assert answer.code == code


def test_each_answer_is_kept_with_the_entry_it_speaks_of(
    stubborn: StubbornStore, rooms: Rooms
) -> None:
    taking = intake(stubborn)
    texts = [b"halo", b" ", b"\xff", b"lagi"]

    answers = [
        rooms.decide(
            Draft(number, ROOM, EntryKind.TEXT, text), taking, "Ana", is_muted=False, at=FIRST_UTC
        )
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
