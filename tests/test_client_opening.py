"""Copies of saved files: whole under their name, or nothing."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from shelf_parts import names, run_apart

from client_opening import copying

DATA = bytes(range(256)) * (9 << 10)  # more than two pieces


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "foto.png"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "copy.png"


def test_a_copy_has_its_name_when_all_is_there(source: Path, target: Path) -> None:
    for _ in copying(source, target):
        assert not target.exists()

    assert target.read_bytes() == DATA
    assert names(target.parent) == ["copy.png"]


def test_a_copy_takes_the_place_of_what_was_there(source: Path, target: Path) -> None:
    target.write_bytes(b"before")

    list(copying(source, target))

    assert target.read_bytes() == DATA


def test_what_a_killed_attempt_left_is_in_nobodys_way(source: Path, target: Path) -> None:
    left = target.with_name("copy.png.part")
    left.write_bytes(b"half of it")

    list(copying(source, target))

    assert target.read_bytes() == DATA
    assert left.read_bytes() == b"half of it"


def test_there_are_not_endlessly_many_attempts(source: Path, target: Path) -> None:
    attempts = [copying(source, target) for _ in range(200)]

    with pytest.raises(FileExistsError), ExitStack() as stack:
        for attempt in attempts:
            next(stack.enter_context(closing(attempt)))

    assert names(target.parent) == []


@pytest.mark.parametrize("lacking", ["the source", "the folder"])
def test_what_cannot_be_copied_leaves_nothing(source: Path, target: Path, lacking: str) -> None:
    if lacking == "the source":
        source.unlink()
    else:
        target.parent.rmdir()

    with pytest.raises(FileNotFoundError):
        next(copying(source, target))

    assert lacking == "the folder" or names(target.parent) == []


_BROKEN_OFF = """
import sys
from pathlib import Path
from client_opening import copying
from shelf_parts import opened

source, target = map(Path, sys.argv[1:])

def watch(event, arguments):
    if event == "os.remove":
        print(Path(arguments[0]).name, opened(target.parent))

copy = copying(source, target)
next(copy)
sys.addaudithook(watch)
copy.close()
"""


def test_one_that_is_broken_off_is_closed_before_it_is_removed(source: Path, target: Path) -> None:
    """Windows removes nothing that is open."""
    done = run_apart(_BROKEN_OFF, source, target)

    assert (done.stdout, done.stderr) == ("copy.png.part []\n", "")
    assert names(target.parent) == []
