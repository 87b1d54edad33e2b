"""What files take of a server's disk: what is counted, what goes by itself, what a start finds."""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import says
from server_parts import Room, limits
from sharing_parts import NAME, Sharer, fetch, made

from conversation import ROOM
from protocol import Code, Verb
from protocol_requests import Fields
from server_stock import FILE_COST, UNSHARED_LIFE
from storage_files import FOLDER_NAME

DATA = made(100)
FILE = sha256(DATA).digest()
DAY = UNSHARED_LIFE / 1000 + 120  # s, and until somebody looks


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def brings(room: Room, name: str, data: bytes = DATA) -> Sharer:
    """Sent, and not shared."""
    sharer = Sharer(room.comes(name), data)
    sharer.has()
    sharer.supplies()
    assert sharer.has() is True
    return sharer


def leap(room: Room, seconds: float = DAY) -> None:
    room.now += seconds
    room.end_turn()


# --- what is counted ---


def test_a_file_takes_more_than_its_bytes(folder: Path) -> None:
    with Room(folder, limits=limits(files_bytes=2 * FILE_COST + 1)) as room:
        ana = room.comes("Ana")
        Sharer(ana, b"").shares()
        Sharer(ana, b"a").shares()

        assert Sharer(ana, b"b").offers().code is Code.NO_SPACE


# --- what is not there any more ---


@pytest.mark.parametrize("left", [None, DATA[:5000]])
def test_what_a_start_does_not_find_is_missing_and_takes_no_room(
    room: Room, left: bytes | None
) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    lost = room.settings.data / FOLDER_NAME / FILE.hex()
    lost.unlink()
    if left is not None:
        lost.write_bytes(left)
    room.restart()

    assert (room.store.files_count(), room.shelf.whole()) == (0, {})
    budi = Sharer(room.comes("Budi"), DATA)
    assert fetch(room, budi.guest, FILE, 100).denied is Code.FILE_MISSING
    assert budi.note() is Code.FILE_MISSING
    budi.shares()
    assert fetch(room, budi.guest, FILE, 100).data == DATA


def test_nobody_shares_what_is_not_there_any_more(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    (room.settings.data / FOLDER_NAME / FILE.hex()).unlink()

    assert ana.note() is Code.FILE_MISSING
    ana.shares()


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("come", [10, 100])
def test_a_folder_that_is_taken_away_costs_what_was_in_it_and_chat_goes_on(
    folder: Path, is_open: bool, come: int
) -> None:
    with Room(folder, limits=limits(free_bytes=0)) as room:
        ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), made(100, 2))
        budi.shares()
        ana.has()
        ana.supplies(5)
        room.shelf.free_bytes = None
        shutil.rmtree(folder / FOLDER_NAME)
        if not is_open:
            room.shelf.shelf.close()
        ana.supplies(come)
        room.pass_time(3)

        assert says(ana.guest, ROOM, "halo") == [Code.OK]
        ana.supplies()
        assert ana.offers().code is Code.NO_SPACE
        assert fetch(room, ana.guest, budi.file, 100).denied is Code.FILE_MISSING
        for one in (ana, budi):
            one.wanted()
            one.shares()


# --- what nobody shares ---


def test_what_nobody_shares_within_a_day_goes(room: Room) -> None:
    brings(room, "Ana")
    brings(room, "Budi", b"budi").note()
    leap(room)

    assert room.store.file(FILE) is None
    assert set(room.shelf.whole()) == {sha256(b"budi").digest()}
    Sharer(room.comes("Citra"), DATA).shares()


def test_what_nobody_shares_stays_for_a_day(room: Room) -> None:
    ana = brings(room, "Ana")
    leap(room, DAY - 600)

    assert ana.guest.comes_back("Ana").code is Code.OK
    assert ana.note() is Code.OK
    leap(room)
    assert room.shelf.has(FILE)


def test_what_nobody_has_shared_goes_at_a_start_too(room: Room) -> None:
    brings(room, "Ana")
    room.clock_offset = UNSHARED_LIFE
    room.restart()
    room.end_turn()

    assert not room.shelf.has(FILE)


def test_what_nobody_has_shared_stays_while_somebody_sends_it(room: Room) -> None:
    brings(room, "Ana")
    room.clock_offset = UNSHARED_LIFE - 60_000
    budi = Sharer(room.comes("Budi"), DATA)
    budi.has()
    budi.supplies(10)
    leap(room, 61)

    assert budi.guest.comes_back("Budi").code is Code.OK
    budi.has()
    assert budi.supplies() == 90
    assert budi.has() is True


def test_what_somebody_begins_to_send_as_it_goes_is_not_lost(room: Room) -> None:
    brings(room, "Ana")
    budi = Sharer(room.comes("Budi"), DATA)
    wish: Fields = {"conversation": ROOM, "file": FILE.hex(), "size": len(DATA), "name": NAME}
    room.clock_offset = UNSHARED_LIFE
    room.now += 60
    budi.guest.send(budi.guest.request(Verb.OFFER, wish))  # in the very turn
    assert room.store.file(FILE) is None

    budi.supplies()
    assert budi.has() is True


def test_a_full_disk_lets_it_stay(room: Room) -> None:
    brings(room, "Ana")
    room.store.full = {"forget_file"}
    leap(room)
    assert room.shelf.has(FILE)

    room.store.full.clear()
    leap(room, 120)
    assert not room.shelf.has(FILE)
