"""A client's disk: its user's files as they are sent, and a shelf of its own for what comes."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from shelf_parts import DATA, FILE, names, put

from client_disk import HIDDEN, MAX_SHELVES, ClientDisk
from conversation import FileNote
from protocol import BLOCK
from records import FileChangedError, FileGoneError, StoreBrokenError
from settings_client import try_lock
from storage_files import PART_LIFE

NOTE = FileNote(FILE, len(DATA), "foto.png")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ClientDisk]:
    disk = ClientDisk(tmp_path / "Downloads", lambda: 0)
    yield disk
    disk.close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "foto.png"
    path.write_bytes(DATA)
    return path


def test_a_file_is_hashed_and_read_where_it_lies(disk: ClientDisk, own: Path) -> None:
    source = disk.source(own)

    assert (source.size, source.hash_some()) == (len(DATA), FILE)
    assert source.read(8, 9) == DATA[8 * BLOCK :]
    source.close()
    source.close()
    assert own.read_bytes() == DATA


def test_a_large_file_is_hashed_in_pieces(disk: ClientDisk, tmp_path: Path) -> None:
    size = 65 << 20
    with (tmp_path / "besar").open("wb") as file:
        file.truncate(size)
    source = disk.source(tmp_path / "besar")

    assert source.hash_some() == 64 << 20
    assert source.hash_some() == sha256(bytes(size)).digest()


def test_a_link_leads_to_a_file(disk: ClientDisk, own: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(own)

    assert disk.source(tmp_path / "link").size == len(DATA)


def test_what_is_no_file_cannot_be_sent(disk: ClientDisk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(FileGoneError):
            disk.source(path)


def test_a_file_that_grows_is_another_one(disk: ClientDisk, own: Path) -> None:
    source = disk.source(own)

    own.write_bytes(DATA + b"lebih")

    with pytest.raises(FileChangedError):
        source.hash_some()
    with pytest.raises(FileChangedError):
        source.read(0, 1)


def test_a_file_that_is_gone_is_found_out(disk: ClientDisk, own: Path) -> None:
    source = disk.source(own)

    own.unlink()

    with pytest.raises(FileGoneError):
        source.hash_some()
    with pytest.raises(FileGoneError):
        source.read(0, 1)


def test_nothing_is_made_before_something_is_fetched(disk: ClientDisk, tmp_path: Path) -> None:
    disk.close()

    assert not (tmp_path / "Downloads").exists()


def test_what_was_fetched_gets_its_name_beside_what_is_there(
    disk: ClientDisk, tmp_path: Path
) -> None:
    put(disk.shelf())

    first = disk.saving(NOTE, None)()
    second = disk.saving(NOTE, tmp_path / "lain")()

    assert (first, second) == (tmp_path / "Downloads/foto.png", tmp_path / "lain/foto.png")
    assert first.read_bytes() == second.read_bytes() == DATA
    assert first.stat().st_nlink == 3  # no second copy was written


def test_two_clients_of_one_user_do_not_meet(disk: ClientDisk, tmp_path: Path) -> None:
    disk.shelf().begin(FILE, len(DATA))
    other = ClientDisk(tmp_path / "Downloads", lambda: 0)

    assert other.shelf().unfinished() == {}
    other.close()
    disk.close()
    later = ClientDisk(tmp_path / "Downloads", lambda: 0)
    assert later.shelf() is later.shelf()
    assert sorted(path.name for path in (tmp_path / "Downloads" / HIDDEN).iterdir()) == [
        *("0", "0.lock", "1", "1.lock"),
    ]
    later.close()


def test_there_are_not_endlessly_many_clients(disk: ClientDisk, tmp_path: Path) -> None:
    hidden = tmp_path / "Downloads" / HIDDEN
    hidden.mkdir(parents=True)
    locks = [try_lock(hidden / f"{slot}.lock") for slot in range(MAX_SHELVES)]

    with pytest.raises(StoreBrokenError):
        disk.shelf()

    for lock in locks:
        assert lock is not None
        os.close(lock)


def test_what_could_not_be_saved_is_kept_a_week(disk: ClientDisk, tmp_path: Path) -> None:
    put(disk.shelf())
    disk.close()
    hidden = tmp_path / "Downloads" / HIDDEN
    touched = (hidden / "0" / FILE.hex()).stat().st_mtime_ns // 1_000_000

    def after(milliseconds: int) -> list[str]:
        later = ClientDisk(tmp_path / "Downloads", lambda: touched + milliseconds)
        later.shelf()
        later.close()
        return names(hidden)

    assert after(PART_LIFE) == ["0.lock", FILE.hex()]
    assert after(PART_LIFE + 1) == ["0.lock"]


def test_what_another_client_left_is_kept_no_longer(tmp_path: Path) -> None:
    clients = [ClientDisk(tmp_path / "Downloads", lambda: 0) for _ in range(3)]
    for client in clients:
        put(client.shelf())
        client.shelf().begin(bytes(32), BLOCK)
        client.shelf().save(bytes(32), b"\1")()
    for client in clients[:2]:
        client.close()

    later = ClientDisk(tmp_path / "Downloads", lambda: 1 << 60)
    later.shelf()

    hidden = tmp_path / "Downloads" / HIDDEN
    assert [len(names(hidden / str(slot))) for slot in range(3)] == [0, 0, 3]
    later.close()
    clients[2].close()


def test_a_shelf_that_cannot_be_opened_is_not_kept_from_others(
    disk: ClientDisk, tmp_path: Path
) -> None:
    hidden = tmp_path / "Downloads" / HIDDEN
    hidden.mkdir(parents=True)
    (hidden / "0").write_text("no folder")
    with pytest.raises(StoreBrokenError):
        disk.shelf()

    (hidden / "0").unlink()
    disk.shelf()

    assert names(hidden) == ["0.lock"]


def test_a_shelf_that_another_client_left_broken_is_no_harm(
    disk: ClientDisk, tmp_path: Path
) -> None:
    left = tmp_path / "Downloads" / HIDDEN / "1"
    left.mkdir(parents=True)
    (left / "partial").write_text("no folder")

    put(disk.shelf())


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "Downloads").write_text("no folder")

    with pytest.raises(StoreBrokenError):
        ClientDisk(tmp_path / "Downloads", lambda: 0).shelf()
