"""The operator and the files: what is kept, how much space it takes, and away with it."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import asked, finish_jobs, gets
from server_parts import Room
from sharing_parts import NAME, Sharer, fetch, made

from conversation import ROOM, ConversationKind
from protocol import BLOCK, Code, Verb
from protocol_frames import Chunk, Want
from records import FileRecord
from server_events import (
    ComingRow,
    FileRow,
    FilesListed,
    FileSpace,
    Happened,
    HappeningKind,
    ListFiles,
    OperatorAnswered,
    RemoveFile,
    SpaceReported,
)
from server_stock import FILE_COST

DATA = made(100)
FILE = sha256(DATA).digest()
REMOVE = RemoveFile(FILE, NAME)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def listed(room: Room) -> FilesListed:
    room.command(ListFiles())
    event = room.saw(FilesListed)[-1]
    assert isinstance(event, FilesListed)
    return event


def answered(room: Room) -> Code:
    code = room.saw(OperatorAnswered)[-1].code
    assert isinstance(code, Code)
    return code


def test_files_are_listed_with_who_brought_them_and_the_space_they_take(room: Room) -> None:
    assert listed(room).files == ()
    Sharer(room.comes("Ana"), DATA).shares()
    first = room.wall_clock()
    room.pass_time(1)
    other = Sharer(room.comes("Budi"), made(3))
    other.shares()
    room.store.add_file(FileRecord(b"\xee" * 32, 7, 0, 1))

    told = listed(room)

    assert [(row.file, row.name, row.size, row.person) for row in told.files] == [
        (other.file, NAME, len(other.data), "Budi"),
        (FILE, NAME, len(DATA), "Ana"),
        (b"\xee" * 32, "", 7, ""),
    ]
    assert isinstance(told.files[1], FileRow)
    assert abs(told.files[1].at - first) < 1000
    limits = room.settings.limits
    assert told.space == FileSpace(
        files=3,
        used=len(DATA) + len(other.data) + 7 + 3 * FILE_COST,
        waiting=0,
        limit=limits.files_bytes,
        largest=limits.file_bytes,
        free=room.shelf.free(),
        reserve=limits.free_bytes,
    )


def test_the_space_is_told_each_second_to_whoever_looks(folder: Path) -> None:
    with Room(folder, is_watched=True) as room:
        Sharer(room.comes("Ana"), DATA).shares()
        room.pass_time(3)

        told = [event.space.used for event in room.saw(SpaceReported)]

    assert told[-1] == len(DATA) + FILE_COST
    assert len(told) >= 3


def test_what_is_on_its_way_is_listed_and_takes_space_too(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(3)
    told = listed(room)
    assert told.coming == (ComingRow(FILE, NAME, len(DATA), "Ana", 3 * BLOCK),)
    assert (told.files, told.space.used, told.space.waiting) == ((), len(DATA) + FILE_COST, 0)

    ana.stops()
    told = listed(room)
    cost = len(DATA) + FILE_COST
    assert (told.coming, told.space.used, told.space.waiting) == ((), cost, cost)


def test_what_is_being_checked_is_all_here(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.held_jobs = []
    ana.supplies()

    (row,) = listed(room).coming
    assert row.here == row.size == len(DATA)

    finish_jobs(room)
    assert listed(room).coming == ()


def test_where_a_file_was_shared_is_listed_up_to_four_places(room: Room) -> None:
    guest = room.comes("Ana")
    ana = Sharer(guest, DATA)
    ana.has()
    ana.supplies()
    assert listed(room).files[0].places == ()

    groups = [gets(guest, Verb.ADD_GROUP, f"Kelas {place}") for place in range(4)]
    ana.shares(groups[0])
    ana.shares(ROOM)
    (row,) = listed(room).files
    assert row.places == ((ConversationKind.ROOM, ""), (ConversationKind.GROUP, "Kelas 0"))
    assert not row.has_more_places

    for group in groups[1:]:
        ana.shares(group)
    (row,) = listed(room).files
    assert len(row.places) == 4
    assert row.has_more_places


def test_the_log_tells_who_sent_what(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    for sharer in (ana, budi):
        assert sharer.has() is False
        sharer.supplies()

    sent = [e for e in room.saw(Happened) if e.kind is HappeningKind.FILE_SENT]

    assert [(e.name, e.text, e.count) for e in sent] == [
        ("Ana", NAME, len(DATA)),
        ("Budi", NAME, len(DATA)),
    ]


def test_a_file_that_is_removed_is_nowhere_to_be_had_and_the_list_says_so(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()

    room.command(REMOVE)

    assert answered(room) is Code.OK
    assert room.happened()[-1] is HappeningKind.FILE_REMOVED
    assert fetch(room, ana.guest, FILE, 100).denied is Code.FILE_REMOVED
    assert not room.shelf.has(FILE)
    answer = asked(ana.guest, Verb.FILES, {"conversation": ROOM, "before": 0})
    assert "true]" in str(answer.fields).lower()
    assert listed(room).files == ()


def test_who_could_not_read_it_hears_nothing_of_its_removal(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), room.comes("Budi")
    ana.shares(gets(ana.guest, Verb.ADD_GROUP, "Kimia"))

    room.command(REMOVE)

    assert fetch(room, ana.guest, FILE, 100).denied is Code.FILE_REMOVED
    assert fetch(room, budi, FILE, 100).denied is Code.FILE_MISSING


def test_who_is_fetching_what_the_operator_removes_hears_why(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    budi = room.comes("Budi")
    budi.send(Want(FILE, 10, ((0, 100),), 1).encode())
    room.pass_time(1.0)
    assert budi.take(Chunk)

    room.command(REMOVE)
    room.pass_time(1.0)

    assert Want(FILE, 0, (), Code.FILE_REMOVED) in budi.take(Want)


def test_what_somebody_began_to_send_of_it_goes_too(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    budi.has()
    budi.supplies(30)
    budi.stops()
    ana.shares()
    room.command(REMOVE)

    assert (listed(room).space.used, room.shelf.unfinished()) == (0, {})


def test_what_was_removed_can_be_brought_again(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.command(REMOVE)

    assert ana.has() is False
    ana.supplies()
    assert ana.has() is True
    assert fetch(room, ana.guest, FILE, 100).data == DATA


@pytest.mark.parametrize("times", [0, 1])
def test_what_is_not_there_cannot_be_removed(room: Room, times: int) -> None:
    for _ in range(times):
        Sharer(room.comes("Ana"), DATA).shares()
        room.command(REMOVE)

    room.command(REMOVE)

    assert answered(room) is Code.FILE_MISSING


def test_on_a_full_disk_it_stays(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.store.full = {"commit"}
    room.command(REMOVE)

    assert answered(room) is Code.DISK_FULL
    assert fetch(room, ana.guest, FILE, 100).data == DATA


def test_whoever_is_bringing_it_just_then_is_told(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    budi = Sharer(room.comes("Budi"), DATA)
    room.store.remove_file(FILE)
    assert budi.has() is False
    room.store.add_file(FileRecord(FILE, len(DATA), 1, 1))
    budi.supplies(10)

    room.command(REMOVE)

    assert budi.hints()
    assert budi.offers().code is Code.FILE_REMOVED


def test_a_verification_that_ends_after_that_brings_nothing_back(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.store.remove_file(FILE)
    ana.has()
    room.held_jobs = []
    ana.supplies()
    room.store.add_file(FileRecord(FILE, len(DATA), 1, 1))

    room.command(REMOVE)
    finish_jobs(room)

    assert not room.shelf.has(FILE)
    assert listed(room).files == ()


def test_what_is_brought_again_in_that_very_turn_stays(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    room.core.handle_command(REMOVE, room.now)
    room.store.add_file(FileRecord(FILE, len(DATA), 1, 1))
    room.end_turn()

    assert room.shelf.has(FILE)
