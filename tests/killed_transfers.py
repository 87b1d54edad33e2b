"""Files of real programs that are killed while they move: what of them has to be sent again.

    python tests/killed_transfers.py 20           sender, server and receiver, 20 times each
    python tests/killed_transfers.py 20 50 300    with files of 50 to 300 MB

test_file_programs.py does a small one at every commit.
"""

import json
import math
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from processes import Program, World, a_world, stop

from client_disk import HIDDEN
from protocol import BLOCK, FILE_ID_SIZE
from storage_disk import this_boot
from storage_files import FileShelf
from transfer_blocks import MARK_SHARE, Bitmap, block_count

WHO = ("sender", "server", "receiver")
MOST_AGAIN = 0.05  # of what had arrived
PATIENCE = 60.0  # s
_PIECE = 1 << 20
_NAME = "besar.bin"


class Killed(NamedTuple):
    """What a kill came to. In bytes; ``again`` is what had arrived, and had to be sent again."""

    size: int
    arrived: int
    again: int
    seconds: float  # from the restart to the end

    @property
    def share(self) -> float:
        return self.again / self.arrived if self.arrived else 0.0


def kill_while_it_moves(
    world: World, who: str, size: int, share: float, *, is_asked: bool = False
) -> Killed:
    """Somebody is killed when so much of a file has arrived, and started again: it arrives all the
    same. AssertionError if not, or if more was lost than may be. ``is_asked``: a receiver that is
    asked to end, and whose computer is started anew.
    """
    source = world.folder / _NAME
    _write_random(source, size)
    server, ana = world.server(), world.entered("ana")
    match who:
        case "sender":
            killed = _kill_sender(world, server, ana, source, share)
        case "server":
            killed = _kill_server(world, server, ana, source, share)
        case _:
            killed = _kill_receiver(world, ana, source, share, is_asked=is_asked)
    assert killed.share <= MOST_AGAIN, f"{who}: {killed.again} bytes again of {killed.arrived}"
    return killed


def _kill_sender(world: World, server: Program, ana: Program, source: Path, share: float) -> Killed:
    size = source.stat().st_size
    part = _wait_for_upload(world, ana, source, share)
    ana.kill()
    time.sleep(0.2)  # what is on its way comes in
    arrived, written = _arrived(part, source), _written_by(server)
    began = time.monotonic()
    ana = world.entered("ana")
    ana.type(f"/sendroomfile {source}")
    _check_upload(world, ana, source)
    seconds = time.monotonic() - began
    again = _written_by(server) - written - _notes(size, arrived) - (size - arrived)
    return Killed(size, arrived, max(0, again), seconds)


def _kill_server(world: World, server: Program, ana: Program, source: Path, share: float) -> Killed:
    part = _wait_for_upload(world, ana, source, share)
    server.kill()
    arrived, known = _arrived(part, source), _known(part.parent.parent, part, source, this_boot())
    began = time.monotonic()
    world.server()
    _check_upload(world, ana, source)
    return Killed(source.stat().st_size, arrived, arrived - known, time.monotonic() - began)


def _notes(size: int, arrived: int) -> int:
    """Bytes that a server writes beside the rest of a file: what it knows of it, its log."""
    marks = MARK_SHARE * math.log(size / max(1, arrived))
    return int((1.1 * marks + 50) * size / (8 * BLOCK)) + 1_000_000


def _wait_for_upload(world: World, ana: Program, source: Path, share: float) -> Path:
    ana.type(f"/sendroomfile {source}")
    return _wait_for(world.folder / "room/files/partial", int(share * source.stat().st_size))


def _check_upload(world: World, ana: Program, source: Path) -> None:
    answer = json.loads(ana.wait_for(is_answer))
    assert answer["code"] == "OK", answer
    files = world.folder / "room/files"
    (whole,) = (path for path in files.iterdir() if path.is_file())
    assert whole.name == _digest(whole) == _digest(source)
    assert list((files / "partial").iterdir()) == []


def _kill_receiver(
    world: World, ana: Program, source: Path, share: float, *, is_asked: bool
) -> Killed:
    ana.type(f"/sendroomfile {source}")
    assert json.loads(ana.wait_for(is_answer))["code"] == "OK"
    target, size = world.folder / "Downloads", source.stat().st_size
    hidden = target / HIDDEN / "0"
    budi = _fetching(world)
    part = _wait_for(hidden / "partial", int(share * size))
    if is_asked:
        assert stop(budi) == 0
    else:
        budi.kill()
    boot = "another" if is_asked else this_boot()
    arrived, known = _arrived(part, source), _known(hidden, part, source, boot)
    began = time.monotonic()
    budi = _fetching(world)
    answer = json.loads(budi.wait_for(is_answer))
    assert answer["code"] == "OK", answer
    seconds = time.monotonic() - began
    assert _digest(Path(answer["path"])) == _digest(source)
    assert [path.name for path in target.iterdir() if path.name != HIDDEN] == [_NAME]
    assert [path for path in hidden.rglob("*") if path.is_file()] == []
    return Killed(size, arrived, arrived - known, seconds)


def _fetching(world: World) -> Program:
    budi = world.entered("budi")
    budi.event(event="entry", kind="file", name=_NAME)
    budi.type(f"/get {_NAME}")
    return budi


def is_answer(line: str) -> bool:
    return "status" in json.loads(line)


# --- what has arrived ---


def _wait_for(folder: Path, size: int) -> Path:
    """Until so much of a file is in it: where. It may have been quicker, and be no part then."""
    end, part = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        part = next(folder.glob("*.part"), None) or part
        with suppress(FileNotFoundError):
            if part is not None and part.stat().st_blocks * 512 >= max(1, size):
                return part
        if part is not None and not part.exists():
            return part
        time.sleep(0.002)
    raise AssertionError(f"it never came into {folder}")


def _arrived(part: Path, source: Path) -> int:
    """Bytes that are right. Of a part that is no part any more: all."""
    if not part.exists():
        return source.stat().st_size
    with part.open("rb") as here, source.open("rb") as there:
        return sum(map(_equal, _pieces(here), _pieces(there)))


def _pieces(file: object) -> Iterator[bytes]:
    read: Callable[[int], bytes] = getattr(file, "read")  # noqa: B009 - mypy knows no such type
    while piece := read(_PIECE):
        yield piece


def _equal(one: bytes, other: bytes) -> int:
    if one == other:
        return len(one)
    places = range(0, len(other), BLOCK)
    pairs = ((one[at : at + BLOCK], other[at : at + BLOCK]) for at in places)
    return sum(len(right) for left, right in pairs if left == right)


def _known(folder: Path, part: Path, source: Path, boot: str) -> int:
    """Bytes that the next start of the program will know of. It does what that would do."""
    size = source.stat().st_size
    file = bytes.fromhex(part.name.partition(".")[0])
    with closing(FileShelf(folder, now_utc_ms=0, boot=boot)) as shelf:
        if shelf.has(file[:FILE_ID_SIZE]):
            return size
        bitmap = Bitmap(block_count(size), shelf.begin(file, size))
    return min(size, bitmap.count * BLOCK)


def _written_by(program: Program) -> int:
    """Bytes that a process has written by now, to files and all else but the network."""
    told = Path(f"/proc/{program.process.pid}/io").read_text()
    return int(dict(line.split(": ") for line in told.splitlines())["wchar"])


def _write_random(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for at in range(0, size, _PIECE):
            file.write(os.urandom(min(_PIECE, size - at)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


# --- by hand ---


def main() -> int:
    """A line for each kill; 1 if one failed."""
    times = int(sys.argv[1])
    least, most = (int(word) * 1_000_000 for word in (sys.argv[2:4] or ("50", "300")))
    chance, failed = random.Random(time.time_ns()), 0
    for who in WHO:
        for _ in range(times):
            size, share = chance.randint(least, most), chance.uniform(0.005, 0.99)
            folder = Path(tempfile.mkdtemp(prefix="ruang-killed-"))
            try:
                with a_world(folder) as world:
                    killed = kill_while_it_moves(world, who, size, share)
                text = f"{killed.arrived:>11} {killed.again:>9} {killed.share:>7.2%}"
                text += f" {killed.seconds:>6.1f} s"
            except Exception:  # noqa: BLE001 - whatever it is, the next kill is another matter
                failed += 1
                text = f"failed at {share:.1%}\n{traceback.format_exc(limit=-3)}"
            finally:
                shutil.rmtree(folder)
            sys.stdout.write(f"{who:<9}{size:>11}{text}\n")
            sys.stdout.flush()
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
