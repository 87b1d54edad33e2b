"""D2, D3, D5, D6, D10: machines that die at the worst moment, lose power, fail to write, are full.

D2 kills a program where a name says. Points of the core and of a transaction are reached in the
simulator (``Killed`` is kill -9 there); points inside SQLite and the archive in real processes,
which a filter of the kernel ends at that very system call; see faults.py.
"""

import ast
import functools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faults
import pytest
from power_cuts import NOW, assert_whole, open_store, post, survive_power_cuts, texts
from processes import PASSWORD, PATIENCE, Program, World, a_world, free_port, stop, wait_until
from simulated_network import Sent
from simulated_nodes import Killed
from simulator import SERVER_ADDRESS, Client, Simulator

from conversation import ROOM
from storage_archive_rows import read_archive
from storage_schema import DATABASE_NAME

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent

needs_faults = pytest.mark.skipif(not faults.is_supported(), reason="needs seccomp of Linux")


# --- D2: kill at a named point, in the core and around a transaction ---


class Trap:
    """Kills once, at the point it was set to, when it comes there for the ``nth`` time."""

    def __init__(self, point: str, nth: int = 1) -> None:
        self.is_set = False
        self.has_struck = False
        self._point = point
        self._left = nth

    def reach(self, point: str) -> None:
        """Raises Killed if this is the point."""
        if self.is_set and point == self._point:
            self._left -= 1
            if self._left <= 0:
                self.is_set, self.has_struck = False, True
                raise Killed


def connection_with(trap: Trap) -> Callable[..., sqlite3.Connection]:
    """In place of sqlite3.connect: real connections, with named points."""

    class TrappedConnection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            verb = sql.split()[0]
            trap.reach(f"before {verb}")
            cursor = super().execute(sql, *values)
            trap.reach(f"after {verb}")
            return cursor

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            cursor = super().executemany(sql, *values)
            trap.reach(f"after {sql.split()[0]}")
            return cursor

    return functools.partial(sqlite3.connect, factory=TrappedConnection)


def trap_sending(network: Simulator, trap: Trap, ana: Client, budi: Client) -> None:
    """Named points between the commit and the end of a turn, and right after receiving."""

    def pass_on(sent: Sent) -> list[bytes]:
        if sent.source == SERVER_ADDRESS and sent.destination == ana.address:
            trap.reach("before ack")
        elif sent.source == SERVER_ADDRESS and sent.destination == budi.address:
            trap.reach("before push")
        elif sent.source == ana.address and trap.is_set:
            # It travels for 1 ms and the turn it begins ends 0.2 ms later.
            network.after(0.0011, kill_after_recv)
        return [sent.datagram]

    def kill_after_recv() -> None:
        try:
            trap.reach("after recv")
        except Killed:
            network.server.kill()

    network.network.filters.append(pass_on)


KILLING_POINTS = (
    "after recv",
    "before BEGIN",
    "after INSERT",
    "before COMMIT",
    "after COMMIT",
    "before ack",
    "before push",
)


@pytest.mark.parametrize("nth", range(1, 4))
@pytest.mark.parametrize("point", KILLING_POINTS)
def test_d2_a_server_killed_at_a_named_point_loses_and_doubles_nothing(
    point: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = Trap(point, nth)
    monkeypatch.setattr(sqlite3, "connect", connection_with(trap))
    with Simulator(f"{point} {nth}") as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=1)
        trap_sending(network, trap, ana, budi)

        trap.is_set = True
        ana.say_slowly(0.05, "satu", "dua", "tiga", "empat")
        network.run(seconds=1)
        assert trap.has_struck
        assert not network.server.is_running
        network.server.start()
        network.check_healed(within=20)

        assert ana.texts() == budi.texts() == ["satu", "dua", "tiga", "empat"]
        assert ana.acknowledged == ["satu", "dua", "tiga", "empat"]


# --- D2: kill at a system call, inside SQLite and the archive ---

_DOOMED = """
import os, sqlite3, sys
from pathlib import Path
import faults
from conversation import ROOM, Entry, EntryKind
from storage import Storage

folder, point = Path(sys.argv[1]), sys.argv[2]
store = Storage.open(folder, random_bytes=os.urandom, now_utc_ms=1_800_000_000_000)

def post(text):
    store.append(ROOM, Entry(bytes(8), EntryKind.TEXT, 1_800_000_000_000, 7, "Ana", text))
    store.commit()
    store.write_along()
    print(text, flush=True)

for turn in range(20):
    post(f"before {turn}")
match point:
    case "WAL write":
        faults.die_at("write", faults.descriptor_of("ruang.db-wal"))
    case "WAL sync":
        faults.die_at("sync", faults.descriptor_of("ruang.db-wal"))
    case "checkpoint write":
        faults.die_at("write", faults.descriptor_of("ruang.db"))
    case "checkpoint sync":
        faults.die_at("sync", faults.descriptor_of("ruang.db"))
    case "CSV write":
        faults.die_at("write", faults.next_descriptor())
    case "CSV close":
        faults.die_at("close", faults.next_descriptor())
    case "CSV rebuild":
        (folder / "archive.csv").unlink()
        for beside_the_reader in range(8):
            faults.die_at("sync", faults.next_descriptor() + beside_the_reader)
    case "CSV replace":
        (folder / "archive.csv").unlink()
        faults.die_at("rename")
for turn in range(3000):  # far enough for a checkpoint by itself
    post(f"after {turn}")
"""

SYSTEM_POINTS = (
    "WAL write",
    "WAL sync",
    "checkpoint write",
    "checkpoint sync",
    "CSV write",
    "CSV close",
    "CSV rebuild",
    "CSV replace",
)


@needs_faults
@pytest.mark.parametrize("point", SYSTEM_POINTS)
def test_d2_a_process_ended_at_a_system_call_keeps_what_was_committed(
    point: str, tmp_path: Path
) -> None:
    folder = tmp_path / "room"
    ended = subprocess.run(
        [sys.executable, "-c", _DOOMED, str(folder), point],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = ended.stdout.splitlines()

    store = open_store(folder)
    found = texts(store)
    assert_whole(folder, store)
    store.close()

    assert ended.returncode == -signal.SIGSYS, ended.stderr
    assert len(told) >= 20
    assert found[: len(told)] == told
    assert len(found) <= len(told) + 1  # what was being written may be there, and nothing else


# --- D3: power cuts ---


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be had: nothing here depends on a disk's sync."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = memory / f"ruang-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(6))
def test_d3_after_a_power_cut_every_acknowledged_text_is_there(
    seed: int, quick_folder: Path
) -> None:
    survive_power_cuts(random.Random(seed), quick_folder, cases=50)


# --- D5: a disk that fails to write ---


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def fragile_server(world: World, call: str, error: str) -> Program:
    """A server process whose calls fail once SIGUSR1 has come."""
    world.port = world.port or free_port()
    server = world.run(
        "tests/faults.py", "break", call, error, "server.py", "--headless", "--bind", "127.0.0.1",
        "--port", str(world.port), "--data", world.folder / "room",
        RUANG_PASSWORD=PASSWORD,
    )  # fmt: skip
    server.wait_for(lambda line: line.startswith("ready "))
    return server


def break_now(server: Program) -> None:
    """Its calls fail once this returns: a signal is heard only when its main thread gets to it."""
    before = faults.filters_of(server.process.pid)
    server.signal(signal.SIGUSR1)
    wait_until(lambda: faults.filters_of(server.process.pid) > before)


def speak(world: World, client: Program) -> None:
    client.type("ini tidak boleh hilang")


def enter(world: World, client: Program) -> None:
    world.client("Budi")


Act = Callable[[World, Program], None]
FAILING_DISKS: tuple[tuple[str, str, Act], ...] = (
    ("sync", "EIO", speak),
    ("sync", "EIO", enter),
    ("sync", "ENOSPC", speak),  # what was reported as written before is gone, too
    ("write", "EIO", speak),
    ("write", "EIO", enter),
)


def fail_disk(world: World, call: str, error: str, act: Act) -> float:
    """Checks all that D5 promises but the second; how many it took."""
    server = fragile_server(world, call, error)
    ana = world.entered("Ana")
    ana.type("satu")
    ana.event(status="OK")

    break_now(server)
    begin = time.monotonic()
    act(world, ana)
    code = server.process.wait(PATIENCE)
    took = time.monotonic() - begin

    assert code == 1
    assert len([line for line in ana.lines if '"status": "OK"' in line]) == 1
    # Started again on a disk that works, it has what it had acknowledged, and goes on.
    world.server()
    ana.type("dua")
    ana.event(event="entry", text="dua")
    unsure = ["ini tidak boleh hilang"] if act is speak else []
    assert ana.texts() == ["satu", *unsure, "dua"]
    return took


@needs_faults
@pytest.mark.parametrize(("call", "error", "act"), FAILING_DISKS)
def test_d5_a_server_whose_disk_fails_acknowledges_nothing_more_and_ends(
    world: World, call: str, error: str, act: Act
) -> None:
    took = fail_disk(world, call, error, act)

    assert took < 5.0  # 1 s on a machine with nothing else to do; make soak holds it to that


# --- D6: a full disk ---


class SmallDisk:
    """The folder of one server process, on a disk of its own of a few hundred kilobytes."""

    SIZE_KB = 700

    def __init__(self, world: World) -> None:
        world.port = free_port()
        folder = world.folder / "room"
        folder.mkdir()
        self.server = world.run(
            "tests/faults.py", "small-disk", str(self.SIZE_KB), folder,
            "server.py", "--headless", "--bind", "127.0.0.1", "--port", str(world.port),
            "--data", folder,
            RUANG_PASSWORD=PASSWORD,
        )  # fmt: skip
        self.server.wait_for(lambda line: line.startswith("ready "))
        self.folder = Path(f"/proc/{self.server.process.pid}/root{folder}")  # seen from here
        self._ballast = self.folder / "ballast"

    def fill(self) -> None:
        """Nothing can grow any more."""
        with self._ballast.open("wb", buffering=0) as file:
            size = 4096
            while size:
                try:
                    size = file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        """There is space again."""
        self._ballast.unlink()


def answers(client: Program) -> list[dict[str, Any]]:
    """The answers to typed lines so far."""
    lines = [json.loads(line) for line in client.lines]
    return [line for line in lines if "status" in line]


def answer(client: Program, nth: int) -> dict[str, Any]:
    """The nth one, from 1, once it is there."""
    client.wait_for(lambda _: len(answers(client)) >= nth)
    return answers(client)[nth - 1]


@pytest.mark.skipif(not faults.may_mount(), reason="nobody may mount here")
def test_d6_a_full_disk_refuses_with_a_reason_goes_on_reading_and_recovers(world: World) -> None:
    disk = SmallDisk(world)
    ana, budi = world.entered("Ana"), world.entered("Budi")
    ana.type("satu")
    budi.event(event="entry", text="satu")

    disk.fill()
    refused = 0
    for turn in range(200):  # what the write-ahead log has room for still gets through
        ana.type(f"{turn} " + "x" * 3000)
        told = answer(ana, turn + 2)
        if told["status"] == "ERROR":
            assert told["code"] == "DISK_FULL"
            assert told["message"]
            refused += 1
            if refused == 3:
                break
    assert refused == 3
    budi.type("/info")
    assert answer(budi, 1)["status"] == "OK"
    accepted = [text for text in ana.texts() if text != "satu"]

    disk.free()
    ana.type("dua")
    budi.event(event="entry", text="dua")
    citra = world.entered("Citra")
    citra.event(event="entry", text="dua")
    ana.event(event="entry", text="dua")

    assert ana.texts() == budi.texts() == citra.texts() == ["satu", *accepted, "dua"]
    archived = [row.text for row in read_archive(disk.folder / "archive.csv", NOW) if row.text]
    assert archived == ana.texts()
    assert stop(disk.server) == 0


# --- D10: one connection writes ---


def connects(module: str) -> list[tuple[str, str]]:
    """In which function a module opens a database, and how it names it."""
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            found += [
                (function.name, ast.unparse(node.args[0]))
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "sqlite3.connect"
            ]
    return found


def test_d10_in_the_code_one_connection_alone_could_write_the_database() -> None:
    modules = sorted(path.stem for path in ROOT.glob("*.py"))
    opened = {module: connects(module) for module in modules if connects(module)}

    # The reader's is of mode=ro, the lock's is another file and never written, a search's is none.
    assert opened == {
        "storage": [("_lock", "path")],
        "storage_schema": [("_connect", "address"), ("_connect", "self.path")],
        "storage_search": [("_search_tail", "':memory:'")],
    }
    sources = [(ROOT / f"{module}.py").read_text(encoding="utf-8") for module in modules]
    assert sum(source.count("?mode=ro") for source in sources) == 1
    assert not any("wal_checkpoint" in source for source in sources)


def test_d10_at_work_one_connection_alone_writes_and_the_others_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, sqlite3.Connection]] = []
    connect = sqlite3.connect

    def remember(name: object, *arguments: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(str(name), *arguments, **named)
        opened.append((str(name), made))
        return made

    monkeypatch.setattr(sqlite3, "connect", remember)
    store = open_store(tmp_path)
    for turn in range(10):
        post(store, f"{turn}")
    store.read_later(ROOM, 1, 5, 1000)()
    (tmp_path / "archive.csv").unlink()
    store.forget_old(NOW)
    store.close()

    writing = [name for name, _ in opened if "mode=ro" not in name and DATABASE_NAME in name]
    reading = [name for name, _ in opened if "mode=ro" in name]
    assert writing == [str(tmp_path / "ruang.db.lock"), str(tmp_path / DATABASE_NAME)]
    assert len(reading) >= 2
