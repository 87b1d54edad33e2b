"""Files whose way to the server was broken off: what of them comes again."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import account, asked, finish_jobs
from server_parts import Room, keep_alive
from sharing_parts import Sharer, made

from protocol import Code, Verb
from protocol_frames import Want
from server_events import Stop
from server_uploads import SOURCE_PATIENCE
from storage_files import FOLDER_NAME, FileShelf
from transfer_blocks import Bitmap

DATA = made(100)
FILE = sha256(DATA).digest()


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def test_another_session_goes_on_where_the_first_was_cut_off(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(30)
    room.pass_time(1)
    assert ana.guest.comes_back(None).code is Code.OK

    ana.has()

    assert ana.supplies() == 70
    assert ana.has() is True


@pytest.mark.uncounted
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("size", [1_000, 4_000])
def test_a_kill_costs_at_most_a_twentieth_of_what_had_come(
    room: Room, size: int, share: float
) -> None:
    ana = Sharer(room.comes("Ana"), made(size))
    ana.has()
    room.held_jobs = []  # a worker that comes to nothing
    sent = ana.supplies(int(share * size))

    room.restart()
    room.held_jobs = None
    room.restart()  # as before, if nothing happened meanwhile
    assert ana.guest.comes_back(None).code is Code.OK
    ana.has()

    assert ana.supplies() <= size - 0.95 * sent
    assert ana.has() is True


def test_a_server_that_stops_in_good_order_tells_the_disk_what_came(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), made(100, 2))
    ana.has()
    ana.supplies(30)
    budi.has()
    room.held_jobs = []
    budi.supplies()  # is being verified
    room.command(Stop())
    finish_jobs(room)

    shelf = FileShelf(room.settings.data / FOLDER_NAME, now_utc_ms=0)  # of another boot
    assert Bitmap(100, shelf.begin(ana.part, len(DATA))).count == 30
    shelf.close()


def test_what_came_slowly_is_kept_too(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(10)
    room.pass_time(3)
    room.restart()
    assert ana.guest.comes_back(None).code is Code.OK

    ana.has()

    assert ana.supplies() == 90


def test_one_map_is_saved_at_a_time(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), made(2000))
    ana.has()
    room.held_jobs = []
    ana.supplies(1500)

    assert len(room.held_jobs) == 1
    finish_jobs(room)
    ana.has()
    ana.supplies()
    assert ana.has() is True


def test_a_map_that_finds_no_room_is_no_harm(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), made(2000))
    room.shelf.full = {"save later"}
    ana.has()
    ana.supplies()

    assert ana.has() is True


def test_who_drops_an_offer_is_asked_no_more_and_what_came_is_gone(room: Room) -> None:
    """They have given it up, or it is another file by now."""
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(30)
    ana.wanted()

    assert asked(ana.guest, Verb.DROP, {"file": FILE.hex()}).code is Code.OK
    room.pass_time(5)
    assert ana.wanted() == []
    assert room.shelf.unfinished() == {}

    ana.has()
    assert ana.supplies() == 100
    assert ana.has() is True


def test_what_is_dropped_after_a_rest_is_gone_too(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(30)
    ana.stops()
    assert room.shelf.unfinished() == {ana.part: len(DATA)}

    assert asked(ana.guest, Verb.DROP, {"file": FILE.hex()}).code is Code.OK
    assert room.shelf.unfinished() == {}


def test_what_one_device_drops_the_other_goes_on_with(room: Room) -> None:
    phone, laptop = (Sharer(device, DATA) for device in account(room, "Ana"))
    phone.has()
    laptop.has()
    phone.supplies(30)

    assert asked(phone.guest, Verb.DROP, {"file": FILE.hex()}).code is Code.OK
    assert laptop.supplies() == 70
    assert laptop.has() is True


def test_to_drop_what_was_not_offered_is_fine(room: Room) -> None:
    ana = room.comes("Ana")
    assert asked(ana, Verb.DROP, {"file": FILE.hex()}).code is Code.OK


def test_who_leaves_while_it_is_verified_has_brought_it(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.held_jobs = []
    ana.supplies()
    room.pass_time(1)
    assert ana.guest.comes_back(None).code is Code.OK
    finish_jobs(room)

    assert ana.has() is True


def test_a_lie_of_somebody_who_has_left_is_nobodys(room: Room) -> None:
    liar = Sharer(room.comes("Ana"), made(100, 2), FILE)
    liar.has()
    room.held_jobs = []
    liar.supplies()
    room.pass_time(1)
    assert liar.guest.comes_back(None).code is Code.OK
    finish_jobs(room)

    assert Sharer(liar.guest, DATA).has() is False


@pytest.mark.parametrize("has_restarted", [False, True])
def test_nobody_goes_on_with_what_somebody_else_sent_or_learns_of_it(
    room: Room, has_restarted: bool
) -> None:
    """One block would be the price of the whole file, to whoever knows its hash."""
    ana, mal = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Mal"), DATA)
    ana.has()
    ana.supplies(99)
    room.pass_time(5)
    if has_restarted:
        room.restart()
        assert mal.guest.comes_back(None).code is Code.OK
    assert ana.guest.comes_back(None).code is Code.OK

    mal.has()
    wanted = mal.wanted()
    mal.sends(wanted[-1:])

    assert wanted == list(range(len(wanted)))
    assert mal.has() is False
    ana.has()
    mal.guest.send(Want(FILE, 0, ()).encode())
    assert ana.supplies() == 1
    assert ana.has() is True


def test_a_source_that_has_it_no_more_makes_room_for_another(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    ana.has()
    ana.supplies(40)
    budi.has()

    ana.guest.send(Want(FILE, 0, ()).encode())

    assert budi.supplies() == 100
    assert budi.has() is True
    assert room.shelf.unfinished() == {ana.part: len(DATA)}


def test_a_source_that_is_silent_makes_room_for_another(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    ana.has()
    budi.has()

    keep_alive(room, 2 * SOURCE_PATIENCE, ana.guest, budi.guest)

    budi.supplies()
    assert budi.has() is True


def test_what_gets_lost_is_asked_for_again(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.sends(ana.wanted()[::2])

    for _ in range(50):
        room.pass_time(0.2)
        ana.supplies()

    assert ana.has() is True
