"""Files on their way from the server: who gets what of them, and what goes before."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import account, asked, gets, says, wishes
from server_parts import Guest, Room, limits
from sharing_parts import NAME, Sharer, fetch, made

from conversation import ROOM
from protocol import BLOCK, CloseCode, Code, Verb
from protocol_frames import Chunk, EntryPart, Want
from protocol_requests import Fields
from server_events import Happened, HappeningKind
from server_supply import TURN_BYTES
from transfer import MAX_SUPPLIED, MAX_TURN

DATA = made(100)
FILE = sha256(DATA).digest()
FAST = 4_000_000  # kB/s


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def want(room: Room, guest: Guest, file: bytes, blocks: int, rate: int = FAST) -> None:
    place = int(room.now * 1e6)
    guest.put(Want(file, rate, ((0, blocks),), place).encode())


def blocks_of(guest: Guest) -> int:
    """That have come since the last call."""
    return sum(-(-len(chunk.data) // BLOCK) for chunk in guest.take(Chunk))


def test_what_was_shared_in_the_room_everybody_gets(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    budi = room.comes("Budi")

    assert fetch(room, budi, FILE, 100) == (DATA, None)
    assert fetch(room, budi, FILE, 3, first=97) == (DATA[97 * BLOCK :], None)


def test_what_was_shared_in_a_group_its_members_get_and_nobody_else(room: Room) -> None:
    ana, budi, dewi = (room.comes(name) for name in ("Ana", "Budi", "Dewi"))
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    Sharer(ana, DATA).shares(kimia)

    assert fetch(room, budi, FILE, 100).data == DATA
    assert fetch(room, dewi, FILE, 100) == (b"", Code.FILE_MISSING)


def test_what_was_brought_and_not_shared_nobody_gets(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies()

    assert fetch(room, ana.guest, FILE, 100) == (b"", Code.FILE_MISSING)


def test_a_file_that_is_nowhere_and_one_that_is_somewhere_else_are_denied_alike(room: Room) -> None:
    ana, dewi = room.comes("Ana"), room.comes("Dewi")
    Sharer(ana, DATA).shares(gets(ana, Verb.ADD_GROUP, "Kimia"))

    room.pass_time(5)
    dewi.received.clear()
    assert fetch(room, dewi, FILE, 100).is_denied
    somewhere = len(dewi.received[0])
    dewi.received.clear()
    assert fetch(room, dewi, b"\xee" * 32, 100).is_denied
    assert len(dewi.received[0]) == somewhere


def test_whoever_leaves_a_group_gets_no_more_of_what_was_shared_there(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    Sharer(ana, DATA).shares(kimia)
    want(room, budi, FILE, 100, rate=100)
    room.pass_time(0.1)
    assert 0 < blocks_of(budi) < 30

    assert wishes(budi, Verb.LEAVE_GROUP, "Kimia").code is Code.OK
    budi.frames.clear()
    room.pass_time(5)

    assert blocks_of(budi) == 0
    assert budi.take(Want) == [Want(FILE, 0, (), Code.FILE_MISSING)]


def test_whoever_logs_out_gets_no_more(room: Room) -> None:
    (ana,) = account(room, "Ana", devices=1)
    Sharer(ana, DATA).shares()
    want(room, ana, FILE, 100, rate=100)
    room.end_turn()
    once: Fields = {"once": "00" * 16}
    assert asked(ana, Verb.LOGOUT, once).code is Code.OK
    ana.frames.clear()

    want(room, ana, FILE, 100)
    room.pass_time(5)

    assert blocks_of(ana) == 0


def test_a_file_whose_bytes_are_lost_is_denied(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.shelf.shelf.drop(FILE)
    assert fetch(room, ana.guest, FILE, 100) == (b"", Code.FILE_MISSING)

    ana.shares()
    assert fetch(room, ana.guest, FILE, 100).data == DATA


def test_bytes_that_are_lost_while_they_are_sent_are_denied(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    want(room, ana.guest, FILE, 100, rate=100)
    room.pass_time(0.1)
    room.shelf.shelf.drop(FILE)
    ana.guest.frames.clear()
    room.pass_time(1)

    assert blocks_of(ana.guest) == 0
    assert Want(FILE, 0, (), Code.FILE_MISSING) in ana.guest.take(Want)


def test_a_file_that_the_disk_cannot_read_is_denied_and_the_operator_told_once(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    room.shelf.broken = {"read"}

    for _ in range(2):
        assert fetch(room, ana.guest, FILE, 100) == (b"", Code.FILE_MISSING)

    told = [event for event in room.saw(Happened) if event.kind is HappeningKind.FILE_UNREADABLE]
    assert [event.text for event in told] == [NAME]
    assert says(ana.guest, ROOM, "halo") == [Code.OK]
    room.shelf.broken.clear()
    assert fetch(room, ana.guest, FILE, 100).data == DATA


def test_who_has_all_of_it_says_so_and_no_more_comes(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    nothing = Want(FILE, 1, ()).encode()
    ana.guest.send(nothing)
    want(room, ana.guest, FILE, 100, rate=100)
    room.pass_time(0.1)

    ana.guest.send(nothing)
    ana.guest.frames.clear()
    room.pass_time(5)

    assert blocks_of(ana.guest) == 0


def test_many_files_are_sent_side_by_side(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    shared = [Sharer(ana, made(5, label)) for label in range(MAX_SUPPLIED + 4)]
    for one in shared:
        one.shares()
    room.pass_time(1)
    budi.frames.clear()

    for first in (0, MAX_SUPPLIED):
        for one in shared[first : first + MAX_SUPPLIED]:
            want(room, budi, one.file, 5)
        room.pass_time(1)

    assert blocks_of(budi) == 5 * len(shared)


def test_blocks_beyond_the_end_end_the_session(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()

    want(room, ana.guest, FILE, 101)

    room.end_turn()
    assert {close.code for close in ana.guest.closed} == {CloseCode.BROKEN}


def test_the_receivers_rate_is_kept(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()
    want(room, ana.guest, FILE, 100, rate=50)

    room.pass_time(1)

    assert 40 <= blocks_of(ana.guest) <= 60


def test_what_somebody_says_goes_before_blocks_that_are_due(room: Room) -> None:
    data = made(2000)
    ana, budi = Sharer(room.comes("Ana"), data), room.comes("Budi")
    ana.shares()
    room.pass_time(1)
    for guest in (ana.guest, budi):
        guest.frames.clear()

    want(room, budi, ana.file, 2000)
    ana.guest.put(ana.guest.post("halo"))
    room.end_turn()
    room.pass_time(0.01)

    kinds = [type(frame) for frame in budi.frames if isinstance(frame, EntryPart | Chunk)]
    assert kinds[0] is EntryPart
    assert kinds.count(Chunk) > 100


def test_a_turn_ends_however_much_is_due(room: Room) -> None:
    data = made(4000)
    ana = Sharer(room.comes("Ana"), data)
    ana.shares()
    guests = [room.comes(name) for name in ("Budi", "Citra", "Dewi", "Eka")]
    room.pass_time(1)
    for guest in guests:
        guest.frames.clear()
        want(room, guest, ana.file, 4000)
    room.now += 0.02
    room.core.handle_timer(room.now)

    sent = list(room.core.bursts_to_send(room.now))

    size = sum(len(datagram) for burst in sent for datagram in burst.datagrams)
    assert TURN_BYTES / 2 < size < TURN_BYTES + 2 * MAX_TURN
    assert room.core.next_timer() == 0.0
    room.deliver(sent)
    room.pass_time(1)
    assert all(blocks_of(guest) > 1000 for guest in guests)


def test_a_session_that_ends_while_blocks_of_it_are_due_is_forgotten(folder: Path) -> None:
    with Room(folder, limits=limits(gone_timeout=1.0, away_timeout=0.5)) as room:
        ana = Sharer(room.comes("Ana"), DATA)
        ana.shares()
        want(room, ana.guest, FILE, 100, rate=1)

        room.pass_time(30)

        assert fetch(room, room.comes("Budi"), FILE, 100, rate=FAST).data == DATA
