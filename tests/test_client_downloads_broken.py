"""Files a client fetches to a disk that does not do what it should."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from client_file_parts import FileSeat, made, saved
from client_parts import Seat
from shelf_parts import bitmap, names, open_shelf

from client_disk import HIDDEN, ClientDisk
from client_events import (
    EntryArrived,
    Say,
)
from client_file_events import (
    FileTrouble,
)
from conversation import ROOM, FileNote
from protocol import BLOCK
from records import Shelf, StoreBrokenError, StoreFullError


class BadShelf:
    """The real one, but for some calls."""

    def __init__(self, shelf: Shelf, **bad: Exception | object) -> None:
        self._shelf = shelf
        self._bad = bad

    def __getattr__(self, name: str) -> object:
        if name not in self._bad:
            return getattr(self._shelf, name)
        bad = self._bad[name]

        def fail(*_: object) -> object:
            if isinstance(bad, Exception):
                raise bad
            return bad

        return fail


class BadDisk(ClientDisk):
    """With such a shelf, or where nothing can be saved."""

    def __init__(self, home: Path, **bad: Exception | object) -> None:
        super().__init__(home / "Downloads", lambda: 0)
        self._bad_calls = bad

    def shelf(self, file: bytes = b"") -> Shelf:  # type: ignore[override]
        if isinstance(none := self._bad_calls.get("shelf"), Exception):
            raise none
        return BadShelf(super().shelf(file), **self._bad_calls)  # type: ignore[return-value]

    def saving(self, note: FileNote, folder: Path | None) -> Callable[[], Path]:
        if isinstance(bad := self._bad_calls.get("saving"), Exception):
            return lambda: raise_(bad)
        return super().saving(note, folder)


def raise_(error: Exception) -> Path:
    raise error


FULL, BROKEN = StoreFullError("full"), StoreBrokenError("I/O error")


def bad_save(error: Exception) -> Callable[[], None]:
    return lambda: raise_(error)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("bad", "trouble"),
    [
        ({"shelf": BROKEN}, FileTrouble.CANNOT_SAVE),
        ({"begin": FULL}, FileTrouble.DISK_FULL),
        ({"free": 10}, FileTrouble.DISK_FULL),
        ({"write": FULL}, FileTrouble.DISK_FULL),
        ({"write": BROKEN}, FileTrouble.CANNOT_SAVE),
        ({"save": bad_save(BROKEN)}, FileTrouble.CANNOT_SAVE),
        ({"mark": FULL}, FileTrouble.DISK_FULL),
        ({"verify": lambda: raise_(BROKEN)}, FileTrouble.CANNOT_SAVE),
        ({"saving": BROKEN}, FileTrouble.CANNOT_SAVE),
        ({"drop": BROKEN}, FileTrouble.CANNOT_SAVE),
    ],
)
def test_a_disk_that_fails_ends_it_once_and_everything_else_goes_on(
    tmp_path: Path, bad: dict[str, object], trouble: FileTrouble
) -> None:
    seat = FileSeat(tmp_path)
    disk = BadDisk(tmp_path, **bad)
    Seat.__init__(seat, seat.host, disk=disk)
    seat.enter()

    seat.fetch(made(100 * BLOCK))
    seat.pass_time(2.0)
    seat.do(Say(9, ROOM, "masih di sini"))

    assert seat.ended.trouble is trouble
    assert trouble is not FileTrouble.DISK_FULL or names(tmp_path) == ["0.lock"]
    assert any(event.ticket == 9 for event in seat.saw(EntryArrived))
    disk.close()


def test_a_map_that_finds_no_room_is_no_harm(tmp_path: Path) -> None:
    data = made(100 * BLOCK)
    seat = FileSeat(tmp_path)
    disk = BadDisk(tmp_path, save=bad_save(FULL))
    Seat.__init__(seat, seat.host, disk=disk)
    seat.enter()

    seat.fetch(data)
    seat.pass_time(2.0)

    assert saved(seat) == {"foto.png": data}
    disk.close()


def test_a_folder_that_was_removed_meanwhile_is_made_again(seat: FileSeat) -> None:
    data = made(200 * BLOCK)
    seat.host.limit = 20
    seat.fetch(data)
    shutil.rmtree(seat.downloads)
    seat.host.limit = 1000
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data}
    assert seat.ended.trouble is None


def test_what_had_come_stays_if_there_is_no_space_for_the_rest(tmp_path: Path) -> None:
    data = made(100 * BLOCK)
    shelf = open_shelf(tmp_path / "Downloads" / HIDDEN / "0")
    shelf.begin(sha256(data).digest(), len(data))
    shelf.save(sha256(data).digest(), bitmap(0, 1, 2, of=100))()
    shelf.close()
    seat = FileSeat(tmp_path)
    disk = BadDisk(tmp_path, free=10)
    Seat.__init__(seat, seat.host, disk=disk)
    seat.enter()

    seat.fetch(data)

    assert seat.ended.trouble is FileTrouble.DISK_FULL
    assert set(disk.shelf().unfinished()) == {sha256(data).digest()}
    disk.close()


def test_a_large_file_is_checked_piece_by_piece(tmp_path: Path) -> None:
    verdicts: list[bool | None] = [None, None, False, None, False]
    seat = FileSeat(tmp_path)
    disk = BadDisk(tmp_path, verify=lambda: verdicts.pop(0))
    Seat.__init__(seat, seat.host, disk=disk)
    seat.enter()

    seat.fetch(made(BLOCK))
    seat.pass_time(2.0)

    assert verdicts == []
    assert seat.ended.trouble is FileTrouble.DAMAGED
    disk.close()
