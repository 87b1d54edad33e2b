"""Idleness: what people cost who only are there, and how long coming and coming back take.

    python bench/idle.py [--quick | --tiny]

Memory (the server's resident set, before the first entered and when all are at rest) and CPU for
1,000 and 5,000 people who do nothing but show every 10 s that they live; seconds until 500 people
are in; seconds until all 500 are back after the server was killed and started again on the same
folder and port. Everybody has an address of their own in 127.0.0.0/8; five of the 500 are real
client cores.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import rig
from crowd import KEEPALIVE, Address, Crowd, FullPerson, LightPerson
from rig import Size, Sized

FULL = 5
PATIENCE = 300.0  # s for everybody to be in; somebody still missing is a failure
REST = 3.0  # s without another entry before people count as idle

IDLE = Sized((1_000, 5_000), (1_000,), (20,))
COMING = Sized(500, 500, 20)
WATCHED = Sized(3 * KEEPALIVE, KEEPALIVE, 0.5)  # s, whole rounds of keepalives
RUNS = Sized(3, 1, 1)


def measure_idle(people: int, size: Size) -> tuple[float, float, float]:
    """Bytes for each person, share of a core, seconds until all were in."""
    with rig.ruang_server() as server:
        address = ("127.0.0.1", server.port)
        before = server.memory_bytes()
        crowd = Crowd(LightPerson(i, address, f"light {i}") for i in range(people))
        entered_after = crowd.enter(PATIENCE)
        crowd.run(REST if size is not Size.TINY else 0.5)
        if size is not Size.TINY:
            crowd.run(KEEPALIVE)  # everybody has been heard of once more
        grown = server.memory_bytes() - before
        cpu, begin = server.cpu_seconds(), time.monotonic()
        crowd.run(WATCHED.of(size))
        share = (server.cpu_seconds() - cpu) / (time.monotonic() - begin)
        crowd.close()
    return grown / people, share, entered_after


def make_crowd(people: int, address: Address) -> tuple[Crowd, list[FullPerson | LightPerson]]:
    """Light people and a few real clients."""
    everyone: list[FullPerson | LightPerson] = [
        FullPerson(i, address, f"full {i}") if i < FULL else LightPerson(i, address, f"light {i}")
        for i in range(people)
    ]
    return Crowd(everyone), everyone


def measure_coming(people: int) -> tuple[float, float, float]:
    """Seconds until all are in; until the restarted server was ready; until all were back.

    The latter two count from the moment the new process was started.
    """
    with TemporaryDirectory(prefix="ruang-bench-") as folder:
        with rig.ruang_server(folder=Path(folder)) as server:
            port = server.port
            crowd, everyone = make_crowd(people, ("127.0.0.1", port))
            entered_after = crowd.enter(PATIENCE)
            crowd.run(0.5)
        killed_at = time.monotonic()
        with rig.ruang_server(folder=Path(folder), port=port):
            ready_after = time.monotonic() - killed_at
            while any(person.entrances < 2 for person in everyone):
                if crowd.turn() > killed_at + PATIENCE:
                    missing = sum(person.entrances < 2 for person in everyone)
                    raise TimeoutError(f"{missing} of {people} are not back")
            back_after = time.monotonic() - killed_at
        crowd.close()
    return entered_after, ready_after, back_after


def main(size: Size) -> None:
    rig.use_generator_cpu()
    runs = RUNS.of(size)
    rows = []
    for people in IDLE.of(size):
        results = [measure_idle(people, size) for _ in range(runs)]
        memory, share, entered_after = (rig.median(column) for column in zip(*results, strict=True))
        rows.append([f"{people:,}", f"{memory / 1024:.1f}", f"{share:.1%}", f"{entered_after:.1f}"])
    print(rig.table(["people", "kB each", "of a core", "all in after s"], rows), flush=True)
    people = COMING.of(size)
    results = [measure_coming(people) for _ in range(runs)]
    coming = [f"{rig.median(column):.2f}" for column in zip(*results, strict=True)]
    print()
    print(
        rig.table(
            ["people", "all in after s", "restarted server ready after s", "all back after s"],
            [[people, *coming]],
        )
    )


if __name__ == "__main__":
    rig.run(main, __doc__)
