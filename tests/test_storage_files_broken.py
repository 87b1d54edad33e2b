"""Files on disk, whatever happens in whatever order, and on machines that break."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random

import faults
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from shelf_parts import names, open_shelf, outcome, run_apart
from store_parts import fresh_folder

from protocol import BLOCK

pytestmark = pytest.mark.uncounted

needs_faults = pytest.mark.skipif(not faults.is_supported(), reason="needs seccomp of Linux")


# --- whatever happens, in whatever order ---


class AnyLife(RuleBasedStateMachine):
    """A shelf for three files, whose bitmaps may never claim what was not written, nor lack what
    was marked, or saved if the power was cut.
    """

    files = st.integers(0, 2)
    contents = tuple(Random(seed).randbytes(3 * BLOCK + seed) for seed in range(3))

    def __init__(self) -> None:
        super().__init__()
        self._holder = fresh_folder()
        self._folder = self._holder.__enter__()
        self.boot = 1
        self.shelf = open_shelf(self._folder, boot="1")
        self.written: dict[int, set[int]] = {}  # of parts that have begun
        self.marked: dict[int, set[int]] = {}
        self.saved: dict[int, set[int]] = {}
        self.synced: dict[int, set[int]] = {}  # perhaps
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
        assert claimed >= self.marked.get(file, set())
        assert claimed >= self.saved.get(file, set())

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
        here = set(self.written[file])
        self.synced.setdefault(file, set()).update(here)
        save = self.shelf.save(self._id(file), bytes([sum(1 << block for block in here)]))
        if at_once:
            save()
            self.saved[file] = here
        else:
            self.late.append(save)

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def mark(self, data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(sorted(self.written)))
        bits = sum(1 << block for block in self.written[file])
        self.shelf.mark(self._id(file), bytes([bits]))
        self.marked[file] = set(self.written[file])

    @rule()
    def work(self) -> None:
        late, self.late = self.late, []
        self.saved.clear()  # an older one may come late: that is as true
        for job in late:
            job()

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def verify(self, data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(sorted(self.written)))
        size = len(self.contents[file])
        is_whole = self.written.pop(file) >= set(range(-(-size // BLOCK)))
        self._forget(file)
        assert outcome(self.shelf.verify(self._id(file))) == is_whole
        if is_whole:
            self.whole.add(file)

    @rule(file=files)
    def drop(self, file: int) -> None:
        self.shelf.drop(self._id(file))
        self.written.pop(file, None)
        self._forget(file)
        self.whole.discard(file)

    def _forget(self, file: int) -> None:
        self.marked.pop(file, None)
        self.saved.pop(file, None)
        self.synced.pop(file, None)

    @rule(is_power_cut=st.booleans())
    def restart(self, is_power_cut: bool) -> None:
        self.shelf.close()
        self.late.clear()
        if is_power_cut:  # the disk has what was saved; what else it has, nobody knows
            self.boot += 1
            self.marked.clear()
            for file, blocks in self.written.items():
                blocks &= self.synced.get(file, set())
        self.shelf = open_shelf(self._folder, boot=str(self.boot))
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
    done = run_apart(_PROGRAM, folder, step, harm)

    assert (done.returncode, done.stdout, done.stderr) == (ENDS[harm], "", "")


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
