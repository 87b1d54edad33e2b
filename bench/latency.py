"""Latency: how long a text takes from one person to the others in a full room.

    python bench/latency.py [--quick | --tiny]

100 people; from saying a 100-byte text to having it in order at five of them, spread over the order
in which the server serves them: at 20 messages a second and at half of the most that this machine
takes. The yardstick, at the same rate with the same people, is a plaintext loop server that commits
each text to SQLite and sends one datagram per person. Last, twice the most is offered: what those
who only read feel then, and whether the server's memory stays level.

Writers and the five readers share a process and a clock; everybody else lives in a process that
steps back whenever the measuring one wants their core.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import rig
from crowd import Address, BarePerson, Company, Crowd, FullPerson, LightPerson
from rig import Size, Sized

WRITERS = 8
MOST_AHEAD = 200  # texts a writer has typed and not sent yet
SETTLE = 0.01  # s for each person, until their coming is no news any more
PATIENCE = 2.0  # s without any arrival before the rest counts as lost

PEOPLE = Sized(100, 100, 5)
READERS = Sized(5, 5, 1)
SECONDS = Sized(20.0, 4.0, 0.3)
RUNS = Sized(3, 1, 1)


@dataclass
class Latencies:
    """What the readers saw of one run."""

    seconds: list[float] = field(default_factory=list)
    expected: int = 0

    @property
    def lost(self) -> float:
        """Share of what never arrived, 0 to 1."""
        return 1 - len(self.seconds) / self.expected

    def row(self) -> tuple[float, float, float, float]:
        """p50, p99 and worst in milliseconds, and what was lost."""
        p50, p99 = rig.percentile(self.seconds, 0.50), rig.percentile(self.seconds, 0.99)
        return p50 * 1e3, p99 * 1e3, max(self.seconds) * 1e3, self.lost


class Room:
    """Writers, readers and everybody else, at our server or at the bare one."""

    def __init__(self, address: Address, size: Size, *, is_bare: bool) -> None:
        self.sent_at: dict[str, float] = {}
        self.latencies = Latencies()
        self._said = 0
        self._readers = READERS.of(size)
        self.bare: list[BarePerson] = []
        self.writers: list[LightPerson] = []
        self.readers: list[FullPerson] = []

        def make(index: int) -> BarePerson | LightPerson:
            kind = BarePerson if is_bare else LightPerson
            return kind(index, address, f"light {index}")

        self._company = Company(make)
        self.crowd = Crowd()
        try:
            self._fill(address, size, is_bare=is_bare)
        except BaseException:
            self.close()
            raise

    def _fill(self, address: Address, size: Size, *, is_bare: bool) -> None:
        """A reader amid each fifth of the others: servers serve in the order of entering.

        Writers come last: what they get themselves is not in the readers' way here.
        """
        readers = self._readers
        others = PEOPLE.of(size) - WRITERS - readers
        amid = [100 + others * (2 * place + 1) // (2 * readers) for place in range(readers)]
        for place, (first, last) in enumerate(pairwise([100, *amid])):
            self._company.enter(range(first, last), self.crowd)
            if is_bare:
                bare = BarePerson(WRITERS + place, address, f"reader {place}")
                bare.on_text = self._take
                self.crowd.add(bare)
            else:
                full = FullPerson(WRITERS + place, address, f"reader {place}")
                full.on_entry = lambda event, _: self._take(event.entry.text)
                self.readers.append(full)
                self.crowd.add(full)
            self.crowd.enter()
        self._company.enter(range(amid[-1], 100 + others), self.crowd)
        for index in range(WRITERS):
            if is_bare:
                self.bare.append(BarePerson(index, address, f"writer {index}"))
                self.crowd.add(self.bare[-1])
            else:
                self.writers.append(LightPerson(index, address, f"writer {index}"))
                self.crowd.add(self.writers[-1])
        self.crowd.enter()

    def say(self, now: float) -> None:
        """The next writer says a text of 100 bytes that nobody said before."""
        text = f"{self._said:<100}"
        writer = self._said % WRITERS
        self._said += 1
        self.sent_at[text] = time.monotonic()
        self.latencies.expected += self._readers
        if self.bare:
            self.bare[writer].say(text)
        else:
            self.writers[writer].say(text, now)
            self.writers[writer].send_due(now)

    def _take(self, text: str) -> None:
        sent_at = self.sent_at.get(text)
        if sent_at is not None:  # else somebody's coming, not a text
            self.latencies.seconds.append(time.monotonic() - sent_at)

    def talk(self, rate: float, seconds: float) -> None:
        """So many texts a second, then until all have arrived or nothing comes any more."""
        begin = time.monotonic()
        said = 0
        while (now := self.crowd.turn()) < begin + seconds:
            while said < (now - begin) * rate:
                self.say(now)
                said += 1
        self.wait_for_all()

    def wait_for_all(self) -> None:
        arrived, give_up = -1, 0.0
        while len(self.latencies.seconds) < self.latencies.expected:
            now = self.crowd.turn()
            if len(self.latencies.seconds) != arrived:
                arrived, give_up = len(self.latencies.seconds), now + PATIENCE
            elif now > give_up:
                return

    def close(self) -> None:
        self.crowd.close()
        self._company.close()


@contextmanager
def room_at(size: Size, *, is_bare: bool) -> Iterator[tuple[Room, rig.Process]]:
    """A full room that has come to rest."""
    with TemporaryDirectory(prefix="ruang-bench-") as folder:
        bare = rig.yardstick("bare_server.py", "--commit", str(Path(folder) / "bare.db"))
        with bare if is_bare else rig.ruang_server(folder=Path(folder)) as server:
            room = Room(("127.0.0.1", server.port), size, is_bare=is_bare)
            try:
                room.crowd.run(PEOPLE.of(size) * SETTLE)
                yield room, server
            finally:
                room.close()


def measure(size: Size, rate: float, *, is_bare: bool) -> Latencies:
    """What the readers see at a rate."""
    with room_at(size, is_bare=is_bare) as (room, _):
        room.talk(rate, SECONDS.of(size))
        return room.latencies


def measure_most(size: Size) -> float:
    """Messages a second when everybody who writes says the next one once one is acknowledged."""
    with room_at(size, is_bare=False) as (room, _):
        begin = time.monotonic()
        while (now := room.crowd.turn()) < begin + SECONDS.of(size):
            for writer in room.writers:
                while writer.waiting < 8:
                    writer.say("x" * 100, now)
        return sum(writer.acknowledged for writer in room.writers) / (now - begin)


@dataclass
class Overload:
    """What came of offering more than the server takes."""

    taken: float  # messages a second
    p99: float  # s from the server's commit to those who only read
    growth: int  # bytes of the server's memory, from the first third of the time to its end
    lost: int


def measure_overload(size: Size, rate: float) -> Overload:
    """Offers ``rate`` messages a second, whatever is acknowledged."""
    seconds = SECONDS.of(size)
    with room_at(size, is_bare=False) as (room, server):
        delays: list[float] = []
        for reader in room.readers:
            reader.on_entry = lambda event, _: delays.append(
                time.time() - event.entry.sent_at / 1000
            )
        begin = time.monotonic()
        offered, early = 0, 0
        while (now := room.crowd.turn()) < begin + seconds:
            while offered < (now - begin) * rate:
                writer = room.writers[offered % WRITERS]
                if writer.waiting < MOST_AHEAD:
                    writer.say("x" * 100, now)
                offered += 1
            if not early and now > begin + seconds / 3:
                early = server.memory_bytes()
        growth = server.memory_bytes() - early
        taken = sum(writer.acknowledged for writer in room.writers) / seconds
        p99 = rig.percentile(delays, 0.99)
        said = sum(writer.said for writer in room.writers)
        give_up = now + 30
        while any(reader.texts < said for reader in room.readers) and now < give_up:
            now = room.crowd.turn()
        lost = max(said - reader.texts for reader in room.readers)
    return Overload(taken, p99, growth, lost)


def compare(name: str, rate: float, size: Size) -> list[str]:
    """One line of the table: medians of our server's and the bare server's runs, in turns."""
    ours, bare = [], []
    for _ in range(RUNS.of(size)):
        ours.append(measure(size, rate, is_bare=False).row())
        bare.append(measure(size, rate, is_bare=True).row())
    p50, p99, worst, lost = (rig.median(column) for column in zip(*ours, strict=True))
    bare50, bare99, bare_worst, bare_lost = (
        rig.median(column) for column in zip(*bare, strict=True)
    )
    return [
        f"{name}, {rate:,.0f}/s",
        f"{p50:.2f}",
        f"{p99:.2f}",
        f"{worst:.1f}",
        f"{lost:.1%}",
        f"{bare50:.2f}",
        f"{bare99:.2f}",
        f"{bare_worst:.1f}",
        f"{bare_lost:.1%}",
        f"{p50 / bare50:.2f}",
        f"{p99 / bare99:.2f}",
    ]


def main(size: Size) -> None:
    rig.use_generator_cpu()
    most = rig.median([measure_most(size) for _ in range(RUNS.of(size))])
    rows = [compare("calm", 20, size), compare("half of the most", most / 2, size)]
    header = ["rate", "p50 ms", "p99 ms", "worst ms", "lost"]
    yardstick = ["bare p50", "bare p99", "bare worst", "bare lost", "p50 ratio", "p99 ratio"]
    print(f"{PEOPLE.of(size)} people, {READERS.of(size)} of them measured\n")
    print(rig.table([*header, *yardstick], rows), flush=True)
    runs = [measure_overload(size, most * 2) for _ in range(RUNS.of(size))]
    print("\nTwice the most is offered:\n")
    print(
        rig.table(
            ["offered/s", "taken/s", "readers' p99 ms", "memory growth MB", "lost"],
            [
                [
                    f"{most * 2:,.0f}",
                    f"{rig.median([run.taken for run in runs]):,.0f}",
                    f"{rig.median([run.p99 for run in runs]) * 1e3:.0f}",
                    f"{rig.median([run.growth for run in runs]) / 1e6:+.1f}",
                    max(run.lost for run in runs),
                ]
            ],
        )
    )


if __name__ == "__main__":
    rig.run(main, __doc__)
