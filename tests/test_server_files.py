"""Requests about files: offering them, taking that back, which were shared where."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import asked, finish_jobs, gets, wishes
from server_parts import Guest, Room
from sharing_parts import NAME, Sharer, made

from conversation import ROOM, Entry, EntryKind, FileNote
from protocol import CloseCode, Code, JsonValue, Verb
from protocol_frames import Close, EntryPart
from protocol_requests import Answer, Fields
from server_events import Mute
from server_files import MOST_FILES

DATA = made(3)
FILE = sha256(DATA).digest()


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def files(guest: Guest, conversation: int = ROOM, before: int = 0) -> Answer:
    return asked(guest, Verb.FILES, {"conversation": conversation, "before": before})


def rows(answer: Answer) -> list[list[JsonValue]]:
    listed = answer.fields["files"]
    assert isinstance(listed, list)
    return [row for row in listed if isinstance(row, list)]


def test_what_is_shared_comes_to_everybody_as_an_entry(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    Sharer(ana, DATA).shares()

    entries = [Entry.decode(part.body) for part in budi.take(EntryPart) if part.conversation]
    (entry,) = [entry for entry in entries if entry.kind is EntryKind.FILE]
    assert (entry.name, entry.text) == ("Ana", FileNote(FILE, len(DATA), NAME).encode())


# --- OFFER ---


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", "a\nb", "x" * 256])
def test_a_name_that_no_file_can_have_on_the_way_is_refused(room: Room, name: str) -> None:
    assert Sharer(room.comes("Ana"), DATA).offers(name=name).code is Code.FILE_NAME_INVALID


def test_offers_are_for_members(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")

    assert Sharer(budi, DATA).offers(kimia).code is Code.NOT_A_MEMBER
    assert Sharer(budi, DATA).offers(77).code is Code.NO_SUCH_CONVERSATION
    assert Sharer(ana, DATA).offers(kimia).code is Code.OK


def test_whoever_is_muted_shares_no_files(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    room.command(Mute("Ana"))

    assert ana.offers().code is Code.MUTED


@pytest.mark.parametrize(
    "wrong", [{"file": "ee"}, {"size": -1}, {"conversation": "1"}, {"name": 7}]
)
def test_an_offer_that_cannot_be_ends_the_session(room: Room, wrong: Fields) -> None:
    ana = room.comes("Ana")
    right: Fields = {"conversation": ROOM, "file": FILE.hex(), "size": 1, "name": NAME}

    assert ana.ask(Verb.OFFER, right | wrong) is None
    assert {close.code for close in ana.closed} == {CloseCode.BROKEN}


def test_whoever_goes_in_that_turn_has_no_answer_and_offers_nothing(room: Room) -> None:
    ana = room.comes("Ana")
    fields: Fields = {"conversation": ROOM, "file": FILE.hex(), "size": 100, "name": NAME}
    ana.put(ana.request(Verb.OFFER, fields))
    before = len(ana.answers)
    ana.put(Close(CloseCode.EXIT).encode())

    room.end_turn()

    assert len(ana.answers) == before
    assert room.shelf.unfinished() == {}


# --- POST ---


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("halo", Code.BAD_REQUEST),
        (FileNote(FILE, len(DATA) + 1, NAME).encode(), Code.FILE_MISSING),
        (FileNote(b"\xee" * 32, 5, NAME).encode(), Code.FILE_MISSING),
        (FileNote(FILE, len(DATA), "nama lain").encode(), Code.OK),
    ],
)
def test_what_an_entry_says_of_a_file_must_be_so(room: Room, text: str, code: Code) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies()

    assert ana.note(text=text) is code


def test_an_entry_about_a_file_that_was_removed_is_refused(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.store.remove_file(FILE)

    assert ana.note() is Code.FILE_REMOVED


# --- FILES ---


def test_what_was_shared_is_listed_newest_first(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    Sharer(ana, DATA).shares()
    room.pass_time(1)
    other = Sharer(budi, made(5))
    other.shares()

    newest, oldest = rows(files(ana))

    at = room.wall_clock() - 1000
    head = room.store.head(ROOM).number
    assert newest[0] == head
    assert newest[2:] == [
        f"{budi.person:016x}",
        "Budi",
        other.file.hex(),
        len(other.data),
        NAME,
        False,
    ]
    assert oldest[0] == head - 1
    assert isinstance(oldest[1], int)
    assert abs(oldest[1] - at) < 1000
    assert oldest[3:5] == ["Ana", FILE.hex()]


def test_many_files_come_in_pages(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    for _ in range(MOST_FILES + 10):
        assert ana.note() is Code.OK

    first = files(ana.guest)
    before = first.fields["next"]
    assert isinstance(before, int)
    second = files(ana.guest, before=before)

    numbers = [row[0] for row in rows(first) + rows(second)]
    assert "next" not in second.fields
    assert numbers == sorted(numbers, key=lambda number: -int(str(number)))
    assert len(numbers) == MOST_FILES + 11


def test_the_longest_names_fit_into_an_answer(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    note = FileNote(FILE, len(DATA), '"' * 255).encode()
    for _ in range(MOST_FILES):
        assert ana.note(text=note) is Code.OK

    assert len(rows(files(ana.guest))) == MOST_FILES


def test_removed_files_are_listed_as_such(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.store.remove_file(FILE)

    assert [row[-1] for row in rows(files(ana.guest))] == [True]


def test_only_members_learn_what_was_shared(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    Sharer(ana, DATA).shares(kimia)

    assert files(budi, kimia).code is Code.NOT_A_MEMBER
    assert rows(files(budi)) == []
    wishes(budi, Verb.JOIN_GROUP, "Kimia")
    assert len(rows(files(budi, kimia))) == 1


def test_the_answer_waits_for_nothing_but_its_turn(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.held_jobs = []
    ana.supplies()

    assert rows(files(ana.guest)) == []
    finish_jobs(room)
