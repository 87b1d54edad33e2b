"""Files under names of their own: safe ones, new ones, in the folder that was meant, whole."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import faults
import pytest
from conftest import load_vectors
from shelf_parts import DATA, FILE, names, open_shelf, put, run_apart

from protocol import LocalError
from records import StoreBrokenError
from storage_files import FileShelf

pytestmark = pytest.mark.uncounted

HOSTILE = [entry["name"] for entry in load_vectors("hostile_file_names")["names"]]
needs_faults = pytest.mark.skipif(not faults.is_supported(), reason="needs seccomp of Linux")


@pytest.fixture
def shelf(folder: Path) -> Iterator[FileShelf]:
    with closing(open_shelf(folder)) as shelf:
        yield shelf


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path / "Unduhan"


def test_a_whole_file_is_saved_under_its_name(shelf: FileShelf, downloads: Path) -> None:
    saved = shelf.save_as(put(shelf), downloads, "Laporan akhir.pdf")

    assert saved == downloads / "Laporan akhir.pdf"
    assert saved.read_bytes() == DATA
    assert not stat.S_IMODE(saved.stat().st_mode) & 0o177
    shelf.drop(FILE)
    assert saved.read_bytes() == DATA
    assert names(downloads) == ["Laporan akhir.pdf"]


def test_any_hostile_name_is_a_new_file_in_that_folder(shelf: FileShelf, downloads: Path) -> None:
    put(shelf)
    elsewhere = set(downloads.parent.rglob("*"))

    saved = [shelf.save_as(FILE, downloads, name) for name in HOSTILE]

    assert len(set(saved)) == len(HOSTILE)
    assert set(downloads.iterdir()) == set(saved)
    assert set(downloads.parent.rglob("*")) - elsewhere - {downloads} == set(saved)
    assert all(path.read_bytes() == DATA for path in saved)


def test_nothing_is_ever_overwritten(shelf: FileShelf, downloads: Path, tmp_path: Path) -> None:
    put(shelf)
    downloads.mkdir()
    (downloads / "foto.jpg").write_bytes(b"mine")
    (downloads / "foto (2).jpg").mkdir()
    (downloads / "foto (3).jpg").symlink_to(tmp_path / "target")

    saved = [shelf.save_as(FILE, downloads, "foto.jpg").name for _ in range(2)]

    assert saved == ["foto (4).jpg", "foto (5).jpg"]
    assert (downloads / "foto.jpg").read_bytes() == b"mine"
    assert not (tmp_path / "target").exists()


def test_a_folder_on_another_disk_gets_a_copy(downloads: Path, folder: Path) -> None:
    downloads.mkdir()
    if downloads.stat().st_dev == folder.stat().st_dev:
        pytest.skip("there is one disk only")
    (downloads / "x").write_bytes(b"mine")

    with closing(open_shelf(folder)) as shelf:
        saved = shelf.save_as(put(shelf), downloads, "x")

    assert saved.read_bytes() == DATA
    assert names(downloads) == ["x", "x (2)"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


_LINKLESS = """
import errno, sys
from pathlib import Path
import faults
from storage_files import FileShelf

folder, downloads = map(Path, sys.argv[1:3])
shelf = FileShelf(folder, now_utc_ms=0)
faults.fail("link", errno.EPERM)
for _ in range(2):
    print(shelf.save_as(bytes.fromhex(sys.argv[3]), downloads, "x.bin").name)
"""


@needs_faults
def test_a_disk_without_links_gets_a_copy(folder: Path, downloads: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        file = put(shelf)

    done = run_apart(_LINKLESS, folder, downloads, file.hex())

    assert (done.stdout.split("\n")[:2], done.stderr) == (["x.bin", "x (2).bin"], "")
    assert names(downloads) == ["x (2).bin", "x.bin"]
    assert all(path.read_bytes() == DATA for path in downloads.iterdir())


@needs_faults
def test_a_copy_that_another_client_is_making_stays_its_own(folder: Path, downloads: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        file = put(shelf)
    downloads.mkdir()
    theirs = downloads / f".ruang-{file.hex()[:16]}.part"
    theirs.write_bytes(b"half of it")

    done = run_apart(_LINKLESS, folder, downloads, file.hex())

    assert done.stderr == ""
    assert names(downloads) == [theirs.name, "x (2).bin", "x.bin"]
    assert theirs.read_bytes() == b"half of it"
    assert (downloads / "x.bin").read_bytes() == DATA


def test_what_is_not_here_cannot_be_saved(shelf: FileShelf, downloads: Path) -> None:
    with pytest.raises(LocalError):
        shelf.save_as(FILE, downloads, "x")


def test_a_folder_that_cannot_be_written_is_said_to_be_broken(
    shelf: FileShelf, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreBrokenError):
        shelf.save_as(put(shelf), tmp_path / "file", "x")
