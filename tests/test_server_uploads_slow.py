"""Files that hardly come on, on their way to the server: for how long they hold others up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_parts import Guest, Room, limits
from sharing_parts import Sharer, made

from protocol import Code
from protocol_frames import Ping
from server_stock import LEAST_BYTES, LEAST_SHARE, LEAST_TIME, Part
from server_uploads import SOURCE_PATIENCE
from transfer_blocks import Bitmap

STEP = 14.0  # s
DATA = made(3_000)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def leaps(room: Room, *guests: Guest) -> None:
    """Time passes at one go, and these say something."""
    room.now += STEP
    for guest in guests:
        guest.send(Ping(1).encode())


def crawls(room: Room, slow: Sharer, *others: Sharer) -> None:
    """A block now and then, for long enough to be noticed."""
    slow.has()
    for _ in range(int(LEAST_TIME / STEP) + 2):
        slow.supplies(1)
        leaps(room, slow.guest, *(other.guest for other in others))


def test_blocks_that_are_here_already_keep_no_place(room: Room) -> None:
    mal, ana = Sharer(room.comes("Mal"), DATA), Sharer(room.comes("Ana"), DATA)
    mal.has()
    ana.has()
    mal.supplies(1)

    for _ in range(int(SOURCE_PATIENCE / STEP) + 2):
        leaps(room, mal.guest, ana.guest)
        mal.sends([0])

    assert ana.wanted()


def test_who_hardly_comes_on_is_sent_behind_those_who_wait_and_told_so(room: Room) -> None:
    mal, ana = Sharer(room.comes("Mal"), DATA), Sharer(room.comes("Ana"), DATA)
    mal.has()
    ana.has()
    crawls(room, mal, ana)

    assert mal.offers().code is Code.SERVER_FULL
    assert mal.has() is False
    ana.supplies()
    assert ana.has() is True
    assert Bitmap(3_000, room.shelf.kept(mal.part)).count > 20  # what had come is not lost
    mal.supplies()
    assert mal.has() is True


def test_who_hardly_comes_on_may_take_all_the_time_that_nobody_else_needs(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    crawls(room, ana)

    ana.supplies()
    assert ana.has() is True


def test_who_hardly_comes_on_makes_room_for_others(folder: Path) -> None:
    with Room(folder, limits=limits(files_bytes=4_000_000)) as room:
        mal, ana = Sharer(room.comes("Mal"), DATA), Sharer(room.comes("Ana"), made(1_000))
        mal.has()
        assert ana.offers().code is Code.NO_SPACE
        crawls(room, mal, ana)

        assert ana.has() is False
        assert mal.offers().code is Code.NO_SPACE
        assert room.shelf.unfinished() == {ana.part: len(ana.data)}
        ana.supplies()
        assert ana.has() is True


@pytest.mark.parametrize(
    ("size", "least"), [(1 << 20, (1 << 20) // LEAST_SHARE), (2 << 30, LEAST_BYTES)]
)
def test_a_hundredth_or_a_mebibyte_in_five_minutes_is_enough(size: int, least: int) -> None:
    blocks = -(-least // 1024)
    part = Part(b"", size, Bitmap(size // 1024))
    for come, is_slow in ((blocks, False), (blocks - 1, True), (blocks, False)):
        for _ in range(come):
            part.bitmap.add(part.bitmap.count, 1)
        part.watch(LEAST_TIME - 1)
        part.watch(1)
        assert part.is_slow is is_slow
