"""Files on disk: what is saved of them is true, what has its name is whole, whatever breaks."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from shelf_parts import DATA, FILE, bitmap, names, open_shelf, opened, outcome, put, write

from protocol import BLOCK, LocalError
from records import StoreBrokenError
from storage_files import PART_LIFE, FileShelf, Hashing

pytestmark = pytest.mark.uncounted

NOTHING = sha256().digest()


@pytest.fixture
def shelf(folder: Path) -> Iterator[FileShelf]:
    with closing(open_shelf(folder)) as shelf:
        yield shelf


# --- a file comes ---


def test_a_file_that_came_in_any_order_has_its_name_and_can_be_read(
    shelf: FileShelf, folder: Path
) -> None:
    assert shelf.begin(FILE, len(DATA)) == bytes(2)
    write(shelf, 9, 3, 0, 0, 8, 7, 6, 5, 4, 2, 1)
    assert not shelf.has(FILE)

    assert outcome(shelf.verify(FILE))

    assert shelf.has(FILE)
    assert names(folder) == [FILE.hex()]
    assert shelf.whole() == {FILE: len(DATA)}
    assert shelf.unfinished() == {}
    assert shelf.read(FILE, 0, 100) == DATA
    assert shelf.read(FILE, 3, 2) == DATA[3 * BLOCK : 5 * BLOCK]
    assert shelf.read(FILE, 9, 5) == DATA[9 * BLOCK :]
    assert shelf.read(FILE, 10, 1) == shelf.read(FILE, (1 << 32) - 1, 30) == b""


def test_parts_of_several_people_stand_side_by_side_until_one_of_them_is_whole(
    shelf: FileShelf, folder: Path
) -> None:
    ana, budi = FILE + b"ana.....", FILE + b"budi...."
    for part in (ana, budi):
        shelf.begin(part, len(DATA))
    shelf.write(ana, 0, DATA[:BLOCK])
    shelf.save(ana, bitmap(0))()
    shelf.write(budi, 0, DATA)
    assert (shelf.kept(ana), shelf.kept(budi), shelf.kept(FILE)) == (bitmap(0), bytes(2), b"")

    assert outcome(shelf.verify(budi))

    assert shelf.read(FILE, 0, 100) == DATA
    with closing(open_shelf(folder)) as later:
        assert later.unfinished() == {ana: len(DATA)}
        later.drop(FILE)
    assert names(folder) == []


def test_many_blocks_are_written_at_once_from_any_buffer(shelf: FileShelf) -> None:
    shelf.begin(FILE, len(DATA))
    shelf.write(FILE, 4, memoryview(DATA)[4 * BLOCK :])
    shelf.write(FILE, 0, DATA[: 4 * BLOCK])

    assert outcome(shelf.verify(FILE))


def test_the_empty_file_is_a_file(shelf: FileShelf) -> None:
    assert shelf.begin(NOTHING, 0) == b""
    shelf.save(NOTHING, b"")()

    assert outcome(shelf.verify(NOTHING))
    assert shelf.has(NOTHING)
    assert shelf.read(NOTHING, 0, 1) == b""


def test_what_is_not_what_its_name_says_is_gone(shelf: FileShelf, folder: Path) -> None:
    shelf.begin(FILE, len(DATA))
    write(shelf, *range(9))  # the last block never came
    shelf.save(FILE, bitmap(*range(10)))()

    assert not outcome(shelf.verify(FILE))

    assert names(folder) == []
    assert not shelf.has(FILE)
    assert shelf.begin(FILE, len(DATA)) == bytes(2)


def test_a_long_file_is_verified_in_pieces_that_others_get_in_between(shelf: FileShelf) -> None:
    size = (64 << 20) + BLOCK
    file = sha256(bytes(size)).digest()
    shelf.begin(file, size)
    shelf.write(file, size // BLOCK - 1, bytes(BLOCK))  # all before it is a hole

    verification = shelf.verify(file)

    assert [verification(), verification()] == [None, True]
    assert shelf.whole() == {file: size}


def test_a_file_that_is_here_already_may_come_again(shelf: FileShelf, folder: Path) -> None:
    put(shelf)
    assert shelf.read(FILE, 0, 1) == DATA[:BLOCK]

    put(shelf)

    assert names(folder) == [FILE.hex()]
    assert shelf.read(FILE, 0, 10) == DATA


def test_what_is_being_verified_cannot_be_changed_any_more(shelf: FileShelf) -> None:
    shelf.begin(FILE, len(DATA))
    write(shelf, *range(10))
    verification = shelf.verify(FILE)

    with pytest.raises(LocalError):
        write(shelf, 0)
    assert shelf.begin(FILE, len(DATA)) == bytes(2)  # from somebody else
    shelf.write(FILE, 0, b"something else")

    assert outcome(verification)
    assert shelf.read(FILE, 0, 10) == DATA


def test_a_part_keeps_its_name_until_the_worker_comes_to_verify_it(
    shelf: FileShelf, folder: Path
) -> None:
    """Until then the worker may have it open for another job: Windows would rename nothing."""
    shelf.begin(FILE, len(DATA))
    write(shelf, *range(10))
    saving = shelf.save(FILE, bitmap(*range(10)))
    before = names(folder)

    verification = shelf.verify(FILE)

    assert names(folder) == before
    saving()
    assert outcome(verification)
    assert names(folder) == [FILE.hex()]


def test_a_place_beyond_the_end_is_a_mistake_of_ours(shelf: FileShelf) -> None:
    with pytest.raises(LocalError):
        write(shelf, 0)  # it has not begun
    with pytest.raises(LocalError):
        shelf.verify(FILE)
    shelf.begin(FILE, len(DATA))

    with pytest.raises(LocalError):
        shelf.write(FILE, 9, bytes(BLOCK))
    with pytest.raises(LocalError):
        shelf.save(FILE, bytes(3))


def test_nobody_else_may_read_or_run_what_comes(shelf: FileShelf, folder: Path) -> None:
    put(shelf)
    shelf.begin(NOTHING, 0)
    shelf.save(NOTHING, b"")()

    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}

    assert modes == {0o600}


def test_however_many_files_are_read_few_are_open(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        files = [put(shelf, b"%d" % count) for count in range(150)]
        for count, file in enumerate(files * 2):
            assert shelf.read(file, 0, 1) == b"%d" % (count % 150)
        for count in range(150):
            shelf.begin(sha256(b"part %d" % count).digest(), BLOCK)
        for count in range(150):
            shelf.write(sha256(b"part %d" % count).digest(), 0, b"%d" % count)

        assert len(opened(folder)) <= 128
    assert opened(folder) == []


def test_it_says_how_much_space_is_left(shelf: FileShelf) -> None:
    assert shelf.free() > 0


# --- restarts ---


def test_a_restart_goes_on_from_what_was_saved(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0, 1, 2)
        shelf.save(FILE, bitmap(0, 1, 2))()
        write(shelf, 3)

    with closing(open_shelf(folder)) as shelf:
        assert shelf.unfinished() == {FILE: len(DATA)}
        assert shelf.begin(FILE, len(DATA)) == bitmap(0, 1, 2)
        write(shelf, *range(3, 10))
        assert outcome(shelf.verify(FILE))
        assert shelf.read(FILE, 0, 10) == DATA


def test_a_kill_costs_what_came_after_the_last_mark(folder: Path) -> None:
    with closing(open_shelf(folder, boot="monday")) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0, 1)
        shelf.mark(FILE, bitmap(0))
        shelf.mark(FILE, bitmap(0, 1))
        write(shelf, 2)

    for _ in range(2):  # what one start finds, the next one finds too
        with closing(open_shelf(folder, boot="monday")) as shelf:
            assert shelf.unfinished() == {FILE: len(DATA)}
            assert shelf.begin(FILE, len(DATA)) == bitmap(0, 1)
    with closing(open_shelf(folder, boot="monday")) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, *range(2, 10))
        shelf.mark(FILE, bitmap(*range(10)))
        shelf.verify(FILE)  # its first piece is never asked for
    with closing(open_shelf(folder, boot="monday")) as shelf:
        assert shelf.begin(FILE, len(DATA)) == bitmap(*range(10))
        assert outcome(shelf.verify(FILE))
    assert names(folder) == [FILE.hex()]


@pytest.mark.parametrize("boots", [("monday", "tuesday"), ("monday", ""), ("", "monday"), ("", "")])
def test_marks_from_before_the_computer_was_started_are_worthless(
    folder: Path, boots: tuple[str, str]
) -> None:
    with closing(open_shelf(folder, boot=boots[0])) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0, 1)
        shelf.save(FILE, bitmap(0))()
        shelf.mark(FILE, bitmap(0, 1))
        shelf.begin(NOTHING, BLOCK)
        shelf.mark(NOTHING, b"\1")

    with closing(open_shelf(folder, boot=boots[1])) as shelf:
        assert shelf.unfinished() == {FILE: len(DATA)}
        assert shelf.begin(FILE, len(DATA)) == bitmap(0)
        assert len(names(folder)) == 2
        shelf.mark(FILE, bitmap(0, 5))
        assert shelf.begin(FILE, len(DATA)) == (bitmap(0, 5) if boots[1] else bitmap(0))


def test_marks_are_true_as_far_as_they_were_written(folder: Path) -> None:
    with closing(open_shelf(folder, boot="monday")) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, *range(10))
        shelf.mark(FILE, bitmap(*range(10)))
    (path,) = folder.rglob("*.live")
    whole = path.read_bytes()

    path.write_bytes(whole[:-1])
    with closing(open_shelf(folder, boot="monday")) as shelf:
        assert shelf.begin(FILE, len(DATA)) == bitmap(*range(8))
    path.write_bytes(whole[:-3])
    with closing(open_shelf(folder, boot="monday")) as shelf:
        assert shelf.begin(FILE, len(DATA)) == bytes(2)


def test_marks_are_of_a_part_that_has_begun(shelf: FileShelf) -> None:
    with pytest.raises(LocalError):
        shelf.mark(FILE, bitmap())
    shelf.begin(FILE, len(DATA))
    with pytest.raises(LocalError):
        shelf.mark(FILE, bytes(3))


@pytest.mark.parametrize("pieces", [0, 1])
def test_a_restart_during_a_verification_verifies_again(folder: Path, pieces: int) -> None:
    size = (64 << 20) + BLOCK
    file, blocks = sha256(bytes(size)).digest(), range(size // BLOCK)
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(file, size)
        shelf.write(file, blocks[-1], bytes(BLOCK))  # all before it is a hole
        shelf.save(file, bitmap(*blocks, of=len(blocks)))()
        verification = shelf.verify(file)
        assert [verification() for _ in range(pieces)] == [None] * pieces

    with closing(open_shelf(folder)) as shelf:
        assert shelf.begin(file, size) == bitmap(*blocks, of=len(blocks))
        assert outcome(shelf.verify(file))


def test_a_part_of_which_nothing_was_saved_begins_anew(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0)

    with closing(open_shelf(folder)) as shelf:
        assert shelf.unfinished() == {}
        assert names(folder) == []
        assert shelf.begin(FILE, len(DATA)) == bytes(2)


def test_the_same_file_of_another_size_was_a_lie(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, 20 * BLOCK)
        shelf.write(FILE, 15, bytes(BLOCK))
        shelf.save(FILE, bitmap(15, of=20))()

        assert shelf.begin(FILE, len(DATA)) == bytes(2)
        write(shelf, *range(10))

        assert outcome(shelf.verify(FILE))


@pytest.mark.parametrize("harm", ["cut", "changed", "emptied", "of another file"])
def test_a_damaged_map_claims_nothing(folder: Path, harm: str) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0)
        shelf.save(FILE, bitmap(0))()
        shelf.begin(NOTHING, len(DATA))
        shelf.save(NOTHING, bitmap(0, 1))()
    kept, other = folder.rglob(f"{FILE.hex()}.*.map"), folder.rglob(f"{NOTHING.hex()}.*.map")
    (path,), (foreign,) = kept, other
    whole = path.read_bytes()
    changed = whole[:-33] + bytes([whole[-33] | 2]) + whole[-32:]
    path.write_bytes(
        {"cut": whole[:-1], "changed": changed, "emptied": b""}.get(harm, foreign.read_bytes())
    )

    with closing(open_shelf(folder)) as shelf:
        assert FILE not in shelf.unfinished()
        assert shelf.begin(FILE, len(DATA)) == bytes(2)


def test_parts_that_nobody_came_back_for_go_after_a_week(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        put(shelf)
        for file in (NOTHING, bytes(32)):
            shelf.begin(file, BLOCK)
            shelf.save(file, b"\0")()
    (old,) = folder.rglob(f"{NOTHING.hex()}.*.part")
    now = old.stat().st_mtime_ns // 1_000_000
    os.utime(old, ns=(0, (now - PART_LIFE - 1) * 1_000_000))

    with closing(open_shelf(folder, now=now)) as shelf:
        assert set(shelf.unfinished()) == {bytes(32)}
        assert not any(name.startswith(NOTHING.hex()) for name in names(folder))
        assert shelf.has(FILE)


def test_what_is_not_ours_in_the_folder_stays(folder: Path) -> None:
    (folder / "partial" / "notes").mkdir(parents=True)
    (folder / "README.txt").write_text("hello", encoding="ascii")
    (folder / "partial" / "README.txt").write_text("hello", encoding="ascii")

    with closing(open_shelf(folder)) as shelf:
        assert shelf.whole() == {}

    assert names(folder) == ["README.txt", "README.txt"]


# --- what is dropped ---


def test_what_is_dropped_is_gone_in_all_its_states(folder: Path, shelf: FileShelf) -> None:
    put(shelf)
    shelf.read(FILE, 0, 1)
    shelf.drop(FILE)
    assert (shelf.has(FILE), shelf.read(FILE, 0, 1)) == (False, b"")

    shelf.begin(FILE, len(DATA))
    saving = shelf.save(FILE, bitmap())
    saving()
    shelf.drop(FILE)
    saving()
    assert shelf.unfinished() == {}

    shelf.begin(FILE, len(DATA))
    write(shelf, *range(10))
    verification = shelf.verify(FILE)
    shelf.drop(FILE)
    assert not outcome(verification)

    shelf.drop(FILE)
    assert names(folder) == []


def test_a_map_that_comes_late_never_speaks_of_another_part(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, 0)
        late = shelf.save(FILE, bitmap(0))
        shelf.drop(FILE)
        shelf.begin(FILE, len(DATA))
        late()

        assert shelf.begin(FILE, len(DATA)) == bytes(2)
    with closing(open_shelf(folder)) as shelf:
        assert shelf.begin(FILE, len(DATA)) == bytes(2)


def test_what_somebody_took_out_of_the_folder_is_not_here(folder: Path, shelf: FileShelf) -> None:
    put(shelf)
    (folder / FILE.hex()).unlink()
    shelf.begin(NOTHING, BLOCK)
    for path in (folder / "partial").iterdir():
        path.unlink()

    assert (shelf.has(FILE), shelf.read(FILE, 0, 1), shelf.whole()) == (False, b"", {})
    shelf.save(NOTHING, b"\1")()
    assert shelf.begin(NOTHING, BLOCK) == b"\0"
    for path in (folder / "partial").iterdir():
        path.unlink()
    assert not outcome(shelf.verify(NOTHING))


# --- what is somebody's own ---


def name_of(path: Path) -> bytes:
    hashing = Hashing(path)
    while (name := hashing.go_on()) is None:
        pass
    assert hashing.size == path.stat().st_size
    return name


def test_a_file_of_ones_own_is_hashed_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "foto.jpg").write_bytes(DATA)

    assert name_of(tmp_path / "foto.jpg") == FILE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_what_is_no_file_has_no_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(FileNotFoundError):
            Hashing(path).go_on()


# --- links ---


def test_no_link_leads_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    (folder / FILE.hex()).symlink_to(secret)
    with closing(open_shelf(folder)) as shelf:
        assert (shelf.has(FILE), shelf.whole(), shelf.read(FILE, 0, 1)) == (False, {}, b"")
        shelf.begin(NOTHING, BLOCK)
        shelf.begin(FILE, len(DATA))
        write(shelf, *range(10))

        assert outcome(shelf.verify(FILE))  # takes the place of the link
        assert shelf.has(FILE)
        assert not (folder / FILE.hex()).is_symlink()

        (part,) = (folder / "partial").iterdir()
        part.unlink()
        part.symlink_to(secret)
        with pytest.raises(StoreBrokenError):
            shelf.save(NOTHING, b"\1")()
        assert shelf.begin(NOTHING, BLOCK) == b"\0"
        shelf.write(NOTHING, 0, b"not there")

    assert secret.read_bytes() == DATA


def test_a_link_in_place_of_the_parts_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "partial").symlink_to(tmp_path)

    with pytest.raises(StoreBrokenError):
        open_shelf(folder)
