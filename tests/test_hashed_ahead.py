"""Files are hashed while they come: less to do at the end, and never a hash of something else."""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from client_file_parts import FileSeat, chunks_of, run_held, saved
from server_parts import Room
from sharing_parts import Sharer
from shelf_parts import DATA, FILE, open_shelf, outcome, write

from client_file_events import PauseFile
from protocol import BLOCK, LocalError
from storage_files import FileShelf
from transfer_blocks import HASH_STEP, Bitmap

STEP = HASH_STEP // BLOCK
LONG = bytes(HASH_STEP) + bytes(range(256)) * 100  # its beginning may be a hole on disk


@pytest.fixture
def shelf(folder: Path) -> Iterator[FileShelf]:
    with closing(open_shelf(folder)) as shelf:
        yield shelf


# --- when ---


def test_it_is_time_when_enough_has_come_without_a_hole() -> None:
    bitmap = Bitmap(3 * STEP)
    bitmap.add(0, STEP - 1)
    bitmap.add(STEP, STEP)
    assert bitmap.to_hash(0) == 0

    bitmap.add(STEP - 1, 1)

    assert bitmap.to_hash(0) == 2 * STEP
    assert bitmap.to_hash(HASH_STEP) == 2 * STEP
    assert bitmap.to_hash(HASH_STEP + 1) == 0


def test_it_is_too_late_when_all_is_here() -> None:
    bitmap = Bitmap(2 * STEP)
    bitmap.add(0, 2 * STEP)

    assert bitmap.to_hash(0) == 0


# --- on the shelf ---


def test_what_was_hashed_ahead_is_not_read_again(shelf: FileShelf, folder: Path) -> None:
    shelf.begin(FILE, len(DATA))
    write(shelf, 0, 1, 2, 3)
    assert shelf.hash_ahead(FILE, 2)() == 2 * BLOCK
    assert shelf.hash_ahead(FILE, 4)() == 4 * BLOCK
    (part,) = (folder / "partial").glob("*.part")
    with open(part, "r+b") as behind_its_back:
        behind_its_back.write(b"something else")
    write(shelf, *range(4, 10))

    assert outcome(shelf.verify(FILE))


def test_what_is_written_once_more_is_hashed_once_more(shelf: FileShelf) -> None:
    shelf.begin(FILE, len(DATA))
    shelf.write(FILE, 0, bytes(4 * BLOCK))
    shelf.hash_ahead(FILE, 4)()

    write(shelf, *range(10))

    assert outcome(shelf.verify(FILE))


def test_what_goes_meanwhile_is_no_trouble(shelf: FileShelf) -> None:
    shelf.begin(FILE, len(DATA))
    write(shelf, 0, 1)
    ahead = shelf.hash_ahead(FILE, 2)

    shelf.drop(FILE)

    assert ahead() == 0
    with pytest.raises(LocalError):
        shelf.hash_ahead(FILE, 2)


def test_a_file_that_begins_anew_is_hashed_anew(shelf: FileShelf) -> None:
    shelf.begin(FILE, len(DATA))
    shelf.write(FILE, 0, bytes(4 * BLOCK))
    shelf.hash_ahead(FILE, 4)()
    shelf.drop_part(FILE)

    shelf.begin(FILE, len(DATA))
    write(shelf, *range(10))

    assert outcome(shelf.verify(FILE))


# --- at both ends ---


def begun(shelf: FileShelf, file: bytes) -> None:
    """The hole is here."""
    bitmap = Bitmap(-(-len(LONG) // BLOCK))
    bitmap.add(0, STEP)
    shelf.begin(file, len(LONG))
    shelf.write(file, STEP - 1, bytes(BLOCK))
    shelf.save(file, bitmap.encode())()


def test_a_server_hashes_what_comes_and_believes_it_at_the_end(folder: Path) -> None:
    with Room(folder) as room:
        ana = Sharer(room.comes("Ana"), LONG)
        begun(room.shelf.shelf, ana.part)
        room.held_jobs = []
        ana.has()
        ana.supplies(1)
        (ahead,) = room.held_jobs
        assert ahead.run() == HASH_STEP
        room.held_jobs = None
        room.core.handle_result(ahead.key, HASH_STEP, room.now)

        ana.shares()


def test_a_client_hashes_what_comes_and_believes_it_at_the_end(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.enter()
    begun(seat.disk.shelf(), sha256(LONG).digest())
    seat.host.limit = 0
    seat.fetch(LONG)
    seat.held_jobs = []
    for frame in chunks_of(sha256(LONG).digest(), STEP, LONG[HASH_STEP:][: 2 * BLOCK]):
        seat.hear(frame)
    (ahead,) = [job for job in seat.held_jobs if job.run() == HASH_STEP + BLOCK]
    seat.held_jobs = None
    seat.core.handle_result(ahead.key, HASH_STEP + BLOCK, seat.now)
    seat.host.limit = 1 << 30
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": LONG}
    seat.disk.close()


def test_what_was_hashed_for_one_who_made_room_is_of_use_to_the_other(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.enter()
    begun(seat.disk.shelf(), sha256(LONG).digest())
    seat.host.limit = 0
    seat.fetch(LONG)
    seat.held_jobs = []
    for frame in chunks_of(sha256(LONG).digest(), STEP, LONG[HASH_STEP:][:BLOCK]):
        seat.hear(frame)
    seat.do(PauseFile(1))
    seat.fetch(LONG, ticket=2)

    run_held(seat)
    seat.held_jobs = None
    seat.host.limit = 1 << 30
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": LONG}
    seat.disk.close()
