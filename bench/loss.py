"""Loss: how long texts take on a bad path, against TCP on the same path in the same run.

    python bench/loss.py [--quick | --tiny]        as root, with iproute2, gcc and /dev/net/tun

Two network namespaces with 20 ms each way between them and a share of all datagrams lost at random,
both ways. The server is in one, five people (real client cores) in the other; together they say 20
texts of 100 bytes a second, and each text is timed until each of the others has it in order. The
yardstick is a relay over TCP connections: the same texts, the same people, the same path.

Addresses (10.98.0.1 and 10.98.0.2) exist only inside the namespaces, which are gone afterwards.
"""

import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Self

import rig
from crowd import Address, Crowd, FullPerson
from rig import ROOT, NotHereError, Size, Sized

from client_events import EntryArrived, Say
from conversation import ROOM, EntryKind

SERVER, PEOPLE = "10.98.0.1", "10.98.0.2"
DELAY_MS = 20
COUNT = 5  # people
RATE = 20.0  # texts a second by all together
PATIENCE = 60.0  # s without any arrival before the rest counts as lost
PEOPLE_FLAG = "--people"  # how this file is started in the other namespace

LOSSES = Sized((0.01, 0.05, 0.10, 0.20), (0.01, 0.05, 0.10, 0.20), (0.05,))
SECONDS = Sized(30.0, 8.0, 0.5)
RUNS = Sized(3, 1, 1)


# --- the people: this file again, in the other namespace ---


class Talkers(Protocol):
    """People of one kind. ``took`` hears of each arrival: who, and which text."""

    took: Callable[[int, str], None]

    def say(self, author: int, text: str) -> None: ...
    def turn(self, patience: float) -> None: ...


class RuangTalkers:
    """Real client cores."""

    def __init__(self, server: Address) -> None:
        self.took: Callable[[int, str], None] = lambda _, __: None
        self._people: list[FullPerson] = []
        for place in range(COUNT):
            person = FullPerson(place, server, f"talker {place}", host=PEOPLE)
            self._listen(person, place)
            self._people.append(person)
        self._crowd = Crowd(self._people)
        self._crowd.enter()
        self._crowd.run(0.3)

    def _listen(self, person: FullPerson, place: int) -> None:
        def hear(event: EntryArrived, _: float) -> None:
            if event.entry.kind is EntryKind.TEXT:
                self.took(place, event.entry.text)

        person.on_entry = hear

    def say(self, author: int, text: str) -> None:
        now = time.monotonic()
        self._people[author].command(Say(0, ROOM, text), now)
        self._people[author].send_due(now)

    def turn(self, patience: float) -> None:
        self._crowd.turn(patience)


class TcpTalkers:
    """Connections to the relay; a text is a line."""

    def __init__(self, server: Address) -> None:
        self.took: Callable[[int, str], None] = lambda _, __: None
        self._connections: list[socket.socket] = []
        self._partial = [b""] * COUNT
        self._selector = selectors.DefaultSelector()
        for place in range(COUNT):
            connection = socket.create_connection(server, source_address=(PEOPLE, 0))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, place)
            self._connections.append(connection)
        time.sleep(0.3)  # until the relay has accepted them all

    def say(self, author: int, text: str) -> None:
        self._connections[author].sendall(text.encode() + b"\n")

    def turn(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            place: int = key.data
            received = self._connections[place].recv(65536)
            *lines, self._partial[place] = (self._partial[place] + received).split(b"\n")
            for line in lines:
                self.took(place, line.decode())


def talk(talkers: Talkers, seconds: float) -> list[float]:
    """Seconds from each saying to each arrival; those that never came are missing."""
    sent_at: dict[str, float] = {}
    author_of: dict[str, int] = {}
    delays: list[float] = []

    def take(place: int, text: str) -> None:
        if author_of[text] != place:
            delays.append(time.monotonic() - sent_at[text])

    talkers.took = take
    texts = max(COUNT, round(seconds * RATE))
    begin = heard_at = time.monotonic()
    heard = 0
    while len(delays) < texts * (COUNT - 1):
        now = time.monotonic()
        while len(sent_at) < min(texts, (now - begin) * RATE):
            author, text = len(sent_at) % COUNT, f"{len(sent_at):<100}"
            author_of[text], sent_at[text] = author, time.monotonic()
            talkers.say(author, text)
        talkers.turn(0.002)
        if len(delays) > heard:
            heard, heard_at = len(delays), now
        elif now - heard_at > PATIENCE:
            break
    return delays


def be_people(kind: str, port: int, seconds: float) -> None:
    """Enters over the good path, says so, waits for the bad one, talks; figures as JSON."""
    rig.use_generator_cpu()
    server = (SERVER, port)
    talkers: Talkers = RuangTalkers(server) if kind == "ruang" else TcpTalkers(server)
    print("in", flush=True)
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    while not selector.select(0):
        talkers.turn(0.01)
    sys.stdin.readline()
    delays = talk(talkers, seconds)
    texts = max(COUNT, round(seconds * RATE))
    print(json.dumps({"delays": delays, "expected": texts * (COUNT - 1)}), flush=True)


# --- the path ---


class BadPath:
    """Two namespaces and what lies between them; all of it is gone after ``with``."""

    def __init__(self, folder: Path, seed: int, *, queue: int = 4096, rate: int = 0) -> None:
        """``queue``: packets that wait or are on their way; ``rate``: kB/s, 0 for no limit."""
        self.server_side = f"ruang-bench-{os.getpid()}-a"
        self.people_side = f"ruang-bench-{os.getpid()}-b"
        self._folder, self._seed = folder, seed
        self._limits = [str(queue), str(rate)]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            for side in (self.server_side, self.people_side):
                _ip("netns", "add", side)
                self._stack.callback(_ip, "netns", "delete", side)
            self._emulator = self._start_emulator()
            self._stack.callback(rig.stop, self._emulator)
            self._answer()
            self._connect(self.server_side, SERVER, PEOPLE)
            self._connect(self.people_side, PEOPLE, SERVER)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def set_loss(self, share: float) -> None:
        """From now on."""
        assert self._emulator.stdin is not None
        self._emulator.stdin.write(f"loss {share}\n")
        self._emulator.stdin.flush()
        self._answer()

    def _start_emulator(self) -> subprocess.Popen[str]:
        program = self._folder / "netemu"
        if not program.exists():
            source = ROOT / "bench" / "netemu.c"
            subprocess.run(["gcc", "-O2", "-w", "-o", program, source], check=True)
        sides = [self.server_side, self.people_side]
        return subprocess.Popen(
            [program, *sides, str(DELAY_MS), "0", str(self._seed), *self._limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _answer(self) -> None:
        assert self._emulator.stdout is not None
        if not self._emulator.stdout.readline():
            raise NotHereError("the path could not be emulated")

    def _connect(self, side: str, own: str, other: str) -> None:
        _ip("-n", side, "address", "add", own, "peer", other, "dev", "emu0")
        _ip("-n", side, "link", "set", "emu0", "up")
        _ip("-n", side, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def check_machine() -> None:
    """Raises NotHereError."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHereError("network namespaces need root on Linux")
    for program in ("ip", "gcc"):
        if shutil.which(program) is None:
            raise NotHereError(f"there is no {program}")
    if not Path("/dev/net/tun").exists():
        raise NotHereError("there is no /dev/net/tun")


# --- one run ---


def measure(kind: str, path: BadPath, loss: float, seconds: float) -> list[float]:
    """p50, p99 and worst in milliseconds, and the share that never came."""
    side = path.server_side
    if kind == "ruang":
        serving = rig.ruang_server(bind=SERVER, namespace=side)
    else:
        serving = rig.yardstick("bare_tcp_relay.py", "--bind", SERVER, namespace=side)
    path.set_loss(0.0)
    with serving as server:
        process = subprocess.Popen(
            [
                *rig.in_namespace(path.people_side),
                *(sys.executable, str(ROOT / "bench" / "loss.py")),
                *(PEOPLE_FLAG, kind, str(server.port), str(seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != "in\n":
                raise RuntimeError("the people could not enter")
            path.set_loss(loss)
            process.stdin.write("talk\n")
            process.stdin.flush()
            figures = json.loads(process.stdout.readline())
        finally:
            rig.stop(process)
    delays: list[float] = figures["delays"]
    return [
        rig.percentile(delays, 0.50) * 1e3,
        rig.percentile(delays, 0.99) * 1e3,
        max(delays) * 1e3,
        1 - len(delays) / figures["expected"],
    ]


def main(size: Size) -> None:
    check_machine()
    rows = []
    with TemporaryDirectory(prefix="ruang-bench-") as folder:
        for loss in LOSSES.of(size):
            runs: dict[str, list[list[float]]] = {"ruang": [], "tcp": []}
            for seed in range(1, RUNS.of(size) + 1):
                with BadPath(Path(folder), seed) as path:
                    for kind, results in runs.items():
                        results.append(measure(kind, path, loss, SECONDS.of(size)))
            ours, tcp = (
                [rig.median(column) for column in zip(*results, strict=True)]
                for results in runs.values()
            )
            ratios = [f"{ours[column] / tcp[column]:.2f}" for column in range(3)]
            rows.append([f"{loss:.0%}", *_cells(ours), *_cells(tcp), *ratios])
    header = ["loss", "p50 ms", "p99 ms", "worst ms", "never came"]
    yardstick = ["TCP p50", "TCP p99", "TCP worst", "TCP never", "p50 ratio", "p99 ratio", "worst"]
    print(f"{COUNT} people, {RATE:.0f} texts/s, {DELAY_MS} ms each way\n")
    print(rig.table([*header, *yardstick], rows))


def _cells(figures: list[float]) -> list[str]:
    *delays, lost = figures
    return [*(f"{delay:.0f}" for delay in delays), f"{lost:.1%}"]


if __name__ == "__main__":
    if sys.argv[1:2] == [PEOPLE_FLAG]:
        be_people(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        rig.run(main, __doc__)
