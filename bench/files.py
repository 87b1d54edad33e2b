"""Files: how fast they go and at what cost, what texts feel of it, and who gets what of a path.

    python bench/files.py [--quick | --tiny]

Real processes: ``server.py --headless`` and ``client.py --json``, told what to do as a script would
tell them. A file is there when it is answered: hashed, moved, verified and safe on the disk.

First over loopback, beside ``scp``. Then what two people who talk feel while somebody else's file
moves. Last, as root on Linux (see loss.py), over an emulated path with 20 ms each way, beside one
cubic TCP stream: where datagrams are lost at random, and where both want one narrow line.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import loss
import rig
import scp
from crowd import Crowd, FullPerson
from rig import ROOT, NotHereError, Size, Sized
from scp import Cost, Sshd
from sharing import MB, PATIENCE, Pair, Person, accepted, new_file

from client_events import EntryArrived, Say
from conversation import ROOM, EntryKind

TEXTS = 100.0  # texts a second by the two who talk
LOOK = 0.02  # s between two looks at the memory

FILE = Sized(300 * MB, 300 * MB, 2 * MB)  # bytes
PURE_FILE = Sized(30 * MB, 10 * MB, 100_000)  # without the package
RUNS = Sized(5, 1, 1)
QUIET = Sized(10.0, 5.0, 0.3)  # s of talk while nothing moves

LOSS = 0.01
LOSSY_FILE = Sized(200 * MB, 60 * MB, 300_000)
LINE = 50 * MB // 8  # bytes a second: the narrow line
PACKET = 1500
BUFFER = LINE * 2 * loss.DELAY_MS // 1000 // PACKET  # packets: what is under way in a round trip
STREAM = Sized(20.0, 8.0, 0.5)  # s of the TCP stream
SHARED = 0.75  # of that: the end, which is compared
PATH_RUNS = Sized(3, 1, 1)

# --- over loopback ---


def timed(sender: rig.Process, receiver: rig.Process, do: Callable[[], None]) -> Cost:
    """What it cost both ends."""
    sent, received = sender.cpu_seconds(), receiver.cpu_seconds()
    begin = time.monotonic()
    do()
    seconds = time.monotonic() - begin
    return Cost(seconds, sender.cpu_seconds() - sent, receiver.cpu_seconds() - received)


def measure_ours(size: int, *, pure: bool) -> tuple[Cost, Cost]:
    """To the server and from it."""
    with ExitStack() as stack:
        pair = Pair(stack, pure=pure)
        ana, budi, server = pair.ana.process, pair.budi.process, pair.server
        source = pair.make_file(size)

        def send() -> None:
            pair.send(source)
            pair.ana.answer("sendroomfile")

        def get() -> None:
            pair.get()
            pair.budi.answer("get")

        up = timed(ana, server, send)
        pair.hear_of_it()
        return up, timed(server, budi, get)


def measure_scp(sshd: Sshd, size: int) -> tuple[Cost, Cost]:
    """To the server and from it."""
    with TemporaryDirectory(prefix="ruang-bench-") as name:
        folder = Path(name)
        source = new_file(folder / "file.bin", size)
        return sshd.put(source, folder / "there"), sshd.get(folder / "there", folder / "here")


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        rig.median([cost.seconds for cost in costs]),
        rig.median([cost.sender for cost in costs]),
        rig.median([cost.receiver for cost in costs]),
    )


def loopback(size: Size) -> None:
    """Its table: ours and scp's runs in turns."""
    big, small = FILE.of(size), PURE_FILE.of(size)
    ours: list[tuple[Cost, Cost]] = []
    pure: list[tuple[Cost, Cost]] = []
    theirs: list[tuple[Cost, Cost]] = []
    why_not = ""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ruang-bench-")))
        sshd: Sshd | None = None
        try:
            sshd = stack.enter_context(scp.running(folder))
            measure_scp(sshd, MB)
        except NotHereError as error:
            sshd, why_not = None, str(error)
        for _ in range(RUNS.of(size)):
            ours.append(measure_ours(big, pure=False))
            pure.append(measure_ours(small, pure=True))
            if sshd is not None:
                theirs.append(measure_scp(sshd, big))
    rows = []
    for name, length, results in (("", big, ours), (", no package", small, pure)):
        for way, (what, costs) in enumerate(
            zip(("to the server", "from the server"), zip(*results, strict=True), strict=True)
        ):
            yardstick = middle([both[way] for both in theirs]) if theirs else None
            rows.append(_loopback_row(what + name, length, middle(costs), yardstick, big))
    header = ["", "MB", "MB/s", "sender's CPU s/GB", "receiver's CPU s/GB"]
    header += ["scp MB/s", "scp sender", "scp receiver", "speed ratio", "CPU ratio"]
    print("Over loopback:\n")
    print(rig.table(header, rows), flush=True)
    if why_not:
        print(f"\nNot measured here, scp: {why_not}.", flush=True)


def _loopback_row(
    what: str, size: int, ours: Cost, theirs: Cost | None, their_size: int
) -> list[str]:
    def cells(cost: Cost, length: int) -> list[str]:
        ends = [f"{cpu / length * 1e9:.2f}" for cpu in (cost.sender, cost.receiver)]
        return [f"{length / cost.seconds / MB:.1f}", *ends]

    row = [what, f"{size / MB:g}", *cells(ours, size)]
    if theirs is None:
        return row + ["–"] * 5  # noqa: RUF001 - as in any table
    speed = (size / ours.seconds) / (their_size / theirs.seconds)
    cpu = (ours.sender + ours.receiver) / size / ((theirs.sender + theirs.receiver) / their_size)
    return [*row, *cells(theirs, their_size), f"{speed:.2f}", f"{cpu:.2f}"]


# --- what others feel ---


class Talk:
    """Two who take turns, each text timed until the other has it; their loop is this process."""

    def __init__(self, port: int) -> None:
        self.delays: list[float] = []
        self._sent_at: dict[str, float] = {}
        self._said = 0
        self._people = [FullPerson(n, ("127.0.0.1", port), f"talker {n}") for n in range(2)]
        for person in self._people:
            person.on_entry = self._listener_of(person)
        self._crowd = Crowd(self._people)
        self._crowd.enter()
        self._crowd.run(0.3)

    def _listener_of(self, person: FullPerson) -> Callable[[EntryArrived, float], None]:
        def hear(event: EntryArrived, _: float) -> None:
            is_text = event.entry.kind is EntryKind.TEXT
            if is_text and event.entry.name != person.name:
                self.delays.append(time.monotonic() - self._sent_at[event.entry.text])

        return hear

    def go_on(self, is_over: Callable[[], bool]) -> list[float]:
        """Talks until then; the delays of all that was said meanwhile."""
        self.delays = []
        begin, first = time.monotonic(), self._said
        while not is_over():
            now = self._crowd.turn()
            while self._said - first < (now - begin) * TEXTS:
                self._say()
        give_up = time.monotonic() + PATIENCE
        while len(self.delays) < self._said - first:
            if self._crowd.turn() > give_up:
                raise RuntimeError("a text was lost")
        return self.delays

    def _say(self) -> None:
        text, author = f"{self._said:<100}", self._people[self._said % 2]
        self._said += 1
        now = self._sent_at[text] = time.monotonic()
        author.command(Say(0, ROOM, text), now)
        author.send_due(now)

    def close(self) -> None:
        self._crowd.close()


class Peak:
    """By how much a process was larger, at most, than when this began."""

    def __init__(self, process: rig.Process) -> None:
        self._process = process
        self._first = process.memory_bytes()
        self.growth = 0

    def look(self) -> None:
        self.growth = max(self.growth, self._process.memory_bytes() - self._first)


def talk_over(talk: Talk, pair: Pair, client: Person, command: str) -> list[float]:
    """p50, p99, worst in ms; growth of server and client in MB: until ``command`` is answered."""
    peaks = Peak(pair.server), Peak(client.process)
    look_at = 0.0

    def is_answered() -> bool:
        nonlocal look_at
        if (now := time.monotonic()) >= look_at:
            look_at = now + LOOK
            for peak in peaks:
                peak.look()
        answers = (line for _, line in client.news() if line.get("command") == command)
        return any(accepted(line) for line in answers)

    return [*_delay_figures(talk.go_on(is_answered)), *(peak.growth / MB for peak in peaks)]


def _delay_figures(delays: Sequence[float]) -> list[float]:
    """p50, p99 and worst in milliseconds."""
    p50, p99 = (rig.percentile(delays, share) for share in (0.50, 0.99))
    return [p50 * 1e3, p99 * 1e3, max(delays) * 1e3]


def measure_talk(size: Size) -> dict[str, list[float]]:
    """One room: quiet first, then a file comes in, then it goes out."""
    with ExitStack() as stack:
        pair = Pair(stack, is_patient=True)
        talk = Talk(pair.server.port)
        stack.callback(talk.close)
        end = time.monotonic() + QUIET.of(size)
        quiet = _delay_figures(talk.go_on(lambda: time.monotonic() > end))
        pair.send(pair.make_file(FILE.of(size)))
        coming = talk_over(talk, pair, pair.ana, "sendroomfile")
        pair.hear_of_it()
        pair.get()
        going = talk_over(talk, pair, pair.budi, "get")
    return {"nothing": quiet, "to the server": coming, "from the server": going}


def chat(size: Size) -> None:
    """Its table."""
    usual = os.sched_getaffinity(0)
    rig.use_generator_cpu()
    try:
        runs = [measure_talk(size) for _ in range(RUNS.of(size))]
    finally:
        os.sched_setaffinity(0, usual)
    rows = []
    quiet = [rig.median(column) for column in zip(*(run["nothing"] for run in runs), strict=True)]
    for what in runs[0]:
        figures = [rig.median(column) for column in zip(*(run[what] for run in runs), strict=True)]
        p50, p99, worst, *growth = figures
        ratios = [f"{p50 / quiet[0]:.2f}", f"{p99 / quiet[1]:.2f}"]
        cells = [f"{value:+.1f}" for value in growth] or [""] * 2
        rows.append([what, f"{p50:.2f}", f"{p99:.2f}", f"{worst:.1f}", *ratios, *cells])
    header = ["what moves", "p50 ms", "p99 ms", "worst ms", "p50 ratio", "p99 ratio"]
    print(f"\n{TEXTS:.0f} texts/s while {FILE.of(size) / MB:g} MB move:\n")
    print(rig.table([*header, "server's memory MB", "client's memory MB"], rows), flush=True)


# --- over an emulated path ---

UP, DOWN = ("to the server", True), ("from the server", False)
LOSSY_WAYS = Sized((UP, DOWN), (UP, DOWN), (UP,))  # the tiny run takes each way once
SHARED_WAYS = Sized((UP, DOWN), (UP, DOWN), (DOWN,))
Moved = list[tuple[float, int]]  # when, and the bytes until then


@contextmanager
def tcp_stream(path: loss.BadPath, seconds: float, *, is_upload: bool) -> Iterator[Moved]:
    """It runs from now on; the list is filled when it is over."""
    taker, giver = path.server_side, path.people_side
    host = loss.SERVER
    if not is_upload:
        taker, giver, host = giver, taker, loss.PEOPLE
    moved: Moved = []
    with rig.yardstick("bare_tcp_stream.py", "--take", host, namespace=taker) as stream:
        program = [sys.executable, str(ROOT / "bench" / "bare_tcp_stream.py")]
        options = ["--give", host, str(stream.port), str(seconds)]
        process = subprocess.Popen([*rig.in_namespace(giver), *program, *options], text=True)
        try:
            yield moved
            assert stream.process.stdout is not None
            moved += json.loads(stream.process.stdout.readline())
            process.wait()
        finally:
            rig.stop(process)


def tcp_alone(path: loss.BadPath, seconds: float, *, is_upload: bool) -> float:
    """Bytes a second of the whole stream, its slow start included, as a file has one."""
    with tcp_stream(path, seconds, is_upload=is_upload) as moved:
        pass
    return moved[-1][1] / (moved[-1][0] - moved[0][0])


def begin_file(stack: ExitStack, path: loss.BadPath, size: int, *, is_upload: bool) -> Person:
    """Whose file begins to go over the path."""
    pair = Pair(stack, path=path, is_upload=is_upload)
    pair.send(pair.make_file(size))
    if is_upload:
        return pair.ana
    pair.hear_of_it()
    pair.get()
    return pair.budi


def ours_alone(path: loss.BadPath, size: int, lost: float, *, is_upload: bool) -> float:
    """Bytes a second from asking to the answer; the path loses meanwhile."""
    with ExitStack() as stack:
        person = begin_file(stack, path, size, is_upload=is_upload)
        path.set_loss(lost)
        stack.callback(path.set_loss, 0.0)
        begin = time.monotonic()
        person.answer("sendroomfile" if is_upload else "get")
        return size / (time.monotonic() - begin)


def bytes_between(moved: Moved, begin: float, end: float) -> float:
    """As if it moved evenly between what was noted."""
    return _bytes_at(moved, end) - _bytes_at(moved, begin)


def _bytes_at(moved: Moved, at: float) -> float:
    for (earlier, less), (later, more) in pairwise(moved):
        if earlier <= at <= later:
            return less + (more - less) * (at - earlier) / max(1e-9, later - earlier)
    return moved[0][1] if at < moved[0][0] else moved[-1][1]


def beside(path: loss.BadPath, seconds: float, *, is_upload: bool) -> tuple[float, float]:
    """Bytes a second of ours and of TCP, which comes when ours is on its way."""
    size = round(LINE * (seconds + 4))  # more than can move
    with ExitStack() as stack:
        person = begin_file(stack, path, size, is_upload=is_upload)
        person.wait_for(lambda line: line.get("event") == "file" and line["done"] > LINE // 4)
        with tcp_stream(path, seconds, is_upload=is_upload) as theirs:
            pass
        news = [(at, line["done"]) for at, line in person.news() if line.get("event") == "file"]
    end = theirs[-1][0]
    begin = end - SHARED * seconds
    ours, tcp = (bytes_between(moved, begin, end) for moved in (news, theirs))
    return ours / (end - begin), tcp / (end - begin)


def lossy(size: Size, folder: Path) -> None:
    """Its table."""
    rows = []
    for what, is_upload in LOSSY_WAYS.of(size):
        ours, tcp = [], []
        for seed in range(1, PATH_RUNS.of(size) + 1):
            with loss.BadPath(folder, seed) as path:
                ours.append(ours_alone(path, LOSSY_FILE.of(size), LOSS, is_upload=is_upload))
                path.set_loss(LOSS)
                tcp.append(tcp_alone(path, STREAM.of(size), is_upload=is_upload))
        mine, theirs = rig.median(ours) / MB, rig.median(tcp) / MB
        rows.append([what, f"{mine:.2f}", f"{theirs:.2f}", f"{mine / theirs:.1f}"])
    print(f"\n{LOSS:.0%} lost, {loss.DELAY_MS} ms each way:\n")
    print(rig.table(["", "MB/s", "TCP MB/s", "ratio"], rows), flush=True)


def shared(size: Size, folder: Path) -> None:
    """Its table."""
    queue = BUFFER + BUFFER // 2  # those that wait, and those under way in one direction
    rows = []
    for what, is_upload in SHARED_WAYS.of(size):
        runs = []
        for seed in range(1, PATH_RUNS.of(size) + 1):
            with loss.BadPath(folder, seed, queue=queue, rate=LINE // 1000) as path:
                tcp = tcp_alone(path, STREAM.of(size), is_upload=is_upload)
                length = round(LINE * STREAM.of(size) / 2)
                ours = ours_alone(path, length, 0.0, is_upload=is_upload)
                runs.append((ours, tcp, *beside(path, STREAM.of(size), is_upload=is_upload)))
        figures = [rig.median(column) / MB for column in zip(*runs, strict=True)]
        share = rig.median([tcp / (ours + tcp) for _, _, ours, tcp in runs])
        rows.append([what, *(f"{figure:.2f}" for figure in figures), f"{share:.0%}"])
    print(f"\n{LINE * 8 / MB:.0f} Mbit/s, {loss.DELAY_MS} ms each way, a buffer of {BUFFER}:\n")
    header = ["", "alone MB/s", "TCP alone", "beside TCP", "TCP beside it", "TCP keeps"]
    print(rig.table(header, rows), flush=True)


def main(size: Size) -> None:
    loopback(size)
    chat(size)
    loss.check_machine()
    with TemporaryDirectory(prefix="ruang-bench-") as name:
        lossy(size, Path(name))
        shared(size, Path(name))


if __name__ == "__main__":
    rig.run(main, __doc__)
