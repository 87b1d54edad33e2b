"""Files on disk: what is saved of them is true, what has its name is whole, whatever breaks."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random

import faults
import pytest
from conftest import load_vectors
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from store_parts import fresh_folder

from protocol import BLOCK, LocalError
from records import Shelf, StoreBrokenError
from storage_files import PART_LIFE, FileShelf

DATA = Random(1).randbytes(9 * BLOCK + 100)  # ten blocks
FILE = sha256(DATA).digest()
NOTHING = sha256().digest()
HOSTILE = [entry["name"] for entry in load_vectors("hostile_file_names")["names"]]
needs_faults = pytest.mark.skipif(not faults.is_supported(), reason="needs seccomp of Linux")


def open_shelf(folder: Path, now: int | None = None) -> FileShelf:
    """As after a start; parts are as old as the clock of the disk says."""
    touched = max((one.stat().st_mtime_ns for one in folder.rglob("*")), default=0) // 1_000_000
    return FileShelf(folder, now_utc_ms=touched if now is None else now)


@pytest.fixture
def shelf(folder: Path) -> Iterator[FileShelf]:
    with closing(open_shelf(folder)) as shelf:
        yield shelf


def bitmap(*blocks: int, of: int = 10) -> bytes:
    return sum(1 << block for block in blocks).to_bytes(-(-of // 8), "little")


def write(shelf: Shelf, *blocks: int, data: bytes = DATA) -> None:
    for block in blocks:
        shelf.write(sha256(data).digest(), block, data[block * BLOCK : (block + 1) * BLOCK])


def outcome(verification: Callable[[], bool | None]) -> bool:
    while (verdict := verification()) is None:
        pass
    return verdict


def put(shelf: Shelf, data: bytes = DATA) -> bytes:
    """A whole file, as it comes."""
    file = sha256(data).digest()
    shelf.begin(file, len(data))
    shelf.write(file, 0, data)
    assert outcome(shelf.verify(file))
    return file


def names(folder: Path) -> list[str]:
    """Of all files in it and below."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


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


def opened(folder: Path) -> list[str]:
    """Files in a folder that this process has open, where the system tells (Linux)."""
    descriptors = Path("/proc/self/fd")
    found = []
    for one in list(descriptors.iterdir()) if descriptors.is_dir() else []:
        try:
            target = os.readlink(one)
        except FileNotFoundError:  # the one that lists them
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


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


def test_a_restart_during_a_verification_verifies_again(folder: Path) -> None:
    with closing(open_shelf(folder)) as shelf:
        shelf.begin(FILE, len(DATA))
        write(shelf, *range(10))
        shelf.save(FILE, bitmap(*range(10)))()
        shelf.verify(FILE)  # its first piece is never asked for

    with closing(open_shelf(folder)) as shelf:
        assert shelf.begin(FILE, len(DATA)) == bitmap(*range(10))
        assert outcome(shelf.verify(FILE))


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


# --- whatever happens, in whatever order ---


class AnyLife(RuleBasedStateMachine):
    """A shelf for three files, whose saved bitmaps may never claim what was not written."""

    files = st.integers(0, 2)
    contents = tuple(Random(seed).randbytes(3 * BLOCK + seed) for seed in range(3))

    def __init__(self) -> None:
        super().__init__()
        self._holder = fresh_folder()
        self._folder = self._holder.__enter__()
        self.shelf = open_shelf(self._folder)
        self.written: dict[int, set[int]] = {}  # of parts that have begun
        self.whole = set[int]()
        self.late: list[Callable[[], None]] = []  # for the worker, which has much to do

    def teardown(self) -> None:
        self.shelf.close()
        self._holder.__exit__(None, None, None)

    def _id(self, file: int) -> bytes:
        return sha256(self.contents[file]).digest()

    @rule(file=files)
    def begin(self, file: int) -> None:
        bits = self.shelf.begin(self._id(file), len(self.contents[file]))
        claimed = {block for block in range(8) if bits[0] >> block & 1}
        assert claimed <= self.written.setdefault(file, set())

    @precondition(lambda self: self.written)
    @rule(data=st.data(), block=st.integers(0, 3))
    def write(self, data: st.DataObject, block: int) -> None:
        file = data.draw(st.sampled_from(sorted(self.written)))
        blocks = self.contents[file][block * BLOCK : (block + 1) * BLOCK]
        self.shelf.write(self._id(file), block, blocks)
        self.written[file].add(block)

    @precondition(lambda self: self.written)
    @rule(data=st.data(), at_once=st.booleans())
    def save(self, data: st.DataObject, at_once: bool) -> None:
        file = data.draw(st.sampled_from(sorted(self.written)))
        bits = sum(1 << block for block in self.written[file])
        self.late.append(self.shelf.save(self._id(file), bytes([bits])))
        if at_once:
            self.late.pop()()

    @rule()
    def work(self) -> None:
        late, self.late = self.late, []
        for job in late:
            job()

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def verify(self, data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(sorted(self.written)))
        size = len(self.contents[file])
        is_whole = self.written.pop(file) >= set(range(-(-size // BLOCK)))
        assert outcome(self.shelf.verify(self._id(file))) == is_whole
        if is_whole:
            self.whole.add(file)

    @rule(file=files)
    def drop(self, file: int) -> None:
        self.shelf.drop(self._id(file))
        self.written.pop(file, None)
        self.whole.discard(file)

    @rule()
    def restart(self) -> None:
        self.shelf.close()
        self.late.clear()
        self.shelf = open_shelf(self._folder)
        found = self.shelf.unfinished()
        self.written = {
            file: blocks for file, blocks in self.written.items() if self._id(file) in found
        }
        assert set(found) == {self._id(file) for file in self.written}
        for file in list(self.written):
            self.begin(file)

    @invariant()
    def whole_ones_are_here_and_no_others(self) -> None:
        assert set(self.shelf.whole()) == {self._id(file) for file in self.whole}
        for file in self.whole:
            assert self.shelf.read(self._id(file), 0, 9) == self.contents[file]


AnyLife.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_in_any_life_nothing_is_claimed_that_was_not_written = AnyLife.TestCase


# --- broken machines ---

_PROGRAM = """
import errno, os, sys
from hashlib import sha256
from pathlib import Path
import faults
from records import StoreBrokenError, StoreFullError
from storage_files import FileShelf

DATA = bytes(range(256)) * 40
file = sha256(DATA).digest()
shelf = FileShelf(Path(sys.argv[1]), now_utc_ms=0)
shelf.begin(file, len(DATA))
shelf.write(file, 0, DATA[:1024])
shelf.save(file, b"\\1\\0")()
shelf.write(file, 1, DATA[1024:])
step, harm = sys.argv[2:]
match step.split()[0]:
    case "write":
        job = lambda: shelf.write(file, 0, DATA)
    case "save":
        job = shelf.save(file, b"\\xff\\3")
    case "verify":
        job = shelf.verify(file)
call = step.split()[1]
faults.die_at(call) if harm == "DIE" else faults.fail(call, getattr(errno, harm))
try:
    job()
except StoreFullError:
    sys.exit(28)  # nothing can be printed where nothing can be written
except StoreBrokenError:
    sys.exit(5)
"""
ENDS = {"DIE": -signal.SIGSYS, "EIO": 5, "ENOSPC": 28}
BROKEN = bytes(range(256)) * 40
BROKEN_FILE = sha256(BROKEN).digest()


def break_off(folder: Path, step: str, harm: str) -> None:
    """A process in which, at this step, a system call fails, as it says, or ends it."""
    done = run(_PROGRAM, folder, step, harm)

    assert (done.returncode, done.stdout, done.stderr) == (ENDS[harm], "", "")


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parent
    return subprocess.run(
        [sys.executable, "-B", "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root.parent), str(root)])},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_faults
@pytest.mark.parametrize("step", ["write write", "save sync", "save write", "save rename"])
@pytest.mark.parametrize("harm", ["DIE", "EIO", "ENOSPC"])
def test_what_could_not_be_written_leaves_the_map_of_before(
    folder: Path, step: str, harm: str
) -> None:
    """Nothing is claimed before it was synced, and no map is half one and half another."""
    break_off(folder, step, harm)

    with closing(open_shelf(folder)) as shelf:
        assert shelf.begin(BROKEN_FILE, len(BROKEN)) == b"\1\0"
        assert len(names(folder)) == 2


@needs_faults
@pytest.mark.parametrize("step", ["verify sync", "verify rename"])
@pytest.mark.parametrize("harm", ["DIE", "EIO"])
def test_a_verification_that_broke_off_is_done_again(folder: Path, step: str, harm: str) -> None:
    break_off(folder, step, harm)

    with closing(open_shelf(folder)) as shelf:
        assert not shelf.has(BROKEN_FILE)
        assert shelf.begin(BROKEN_FILE, len(BROKEN)) == b"\1\0"
        shelf.write(BROKEN_FILE, 1, BROKEN[BLOCK:])
        assert outcome(shelf.verify(BROKEN_FILE))
        assert names(folder) == [BROKEN_FILE.hex()]


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="then all other tests are this one")
def test_a_system_without_places_to_write_at_is_enough(tmp_path: Path) -> None:
    """As Windows is."""
    script = f"""
import os, pathlib, sys
del os.pwrite, os.pread, os.posix_fadvise, os.fdatasync
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parent.parent)]!r}
import test_storage_files
folder = pathlib.Path("files")
with test_storage_files.closing(test_storage_files.open_shelf(folder)) as shelf:
    test_storage_files.test_a_file_that_came_in_any_order_has_its_name_and_can_be_read(
        shelf, folder
    )
test_storage_files.test_a_restart_goes_on_from_what_was_saved(pathlib.Path("more"))
"""
    arguments = [sys.executable, "-B", "-c", script]

    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


# --- saved under a name ---


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

    done = run(_LINKLESS, folder, downloads, file.hex())

    assert (done.stdout.split("\n")[:2], done.stderr) == (["x.bin", "x (2).bin"], "")
    assert names(downloads) == ["x (2).bin", "x.bin"]
    assert all(path.read_bytes() == DATA for path in downloads.iterdir())


def test_what_is_not_here_cannot_be_saved(shelf: FileShelf, downloads: Path) -> None:
    with pytest.raises(LocalError):
        shelf.save_as(FILE, downloads, "x")


def test_a_folder_that_cannot_be_written_is_said_to_be_broken(
    shelf: FileShelf, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreBrokenError):
        shelf.save_as(put(shelf), tmp_path / "file", "x")
