"""The night's tests in as many minutes as there are, and a table of what they found.

    python tests/soak.py 60             all of them, in about an hour
    python tests/soak.py 10 N1 D3       those whose names begin so

Each row runs until its share of the time or its full number is reached; time left over goes to the
rows after it. A violation is printed with its seed where it happens; any makes the exit code 1.
"""

import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pytest
import realm_disasters
import soak_floods
import soak_rooms
from disasters import live_through
from fuzz_targets import BEFORE_THE_SEAL, TARGETS
from fuzzing import Mutator, Target, corpus
from power_cuts import survive_power_cuts
from processes import a_world
from test_broken_machines import (
    FAILING_DISKS,
    KILLING_POINTS,
    fail_disk,
    test_d2_a_server_killed_at_a_named_point_loses_and_doubles_nothing,
    test_d6_a_full_disk_refuses_with_a_reason_goes_on_reading_and_recovers,
)
from test_durability import (
    kill_at_random_instants,
    test_d1_clients_killed_at_random_instants_resume_what_they_had_said,
)
from test_hostile_passwords import test_p3_a_relay_between_two_sessions_gets_nobody_in

from crypto import x25519

_MEMORY = Path("/dev/shm")
_BATCH = 1000  # fuzz inputs between two looks at the clock
_CUTS = 50  # power cuts of one recording
_LADDER_STEPS = 1_000_000
_LADDER_END = "7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424"  # RFC 7748 §5.2


class Soak:
    """The clock of one run."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    def left(self) -> float:
        return max(0.0, self.end - time.monotonic())


@dataclass
class Row:
    """One line of the table. ``one(case)`` runs once, and may return a remark."""

    name: str
    full: int  # runs in a whole night
    share: float  # of the time, relative to the others
    one: Callable[[int], str | None]
    unit: int = 1  # what one run counts for
    runs: int = 0
    violations: int = 0
    remark: str = ""

    def run(self, seconds: float) -> None:
        """Until the time is over or the full number is reached; at least once."""
        end = time.monotonic() + seconds
        first = random.Random(f"{self.name} {time.time_ns()}").randrange(1 << 30)
        case = first
        while self.runs < self.full and (time.monotonic() < end or case == first):
            try:
                self.remark = self.one(case) or self.remark
            except Exception:  # noqa: BLE001 - a violation, whatever it is; the next case may differ
                self.violations += 1
                _tell(f"--- {self.name}, case {case}\n{traceback.format_exc(limit=-4)}")
            self.runs += self.unit
            case += 1


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ruang-soak-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- rows that need more than a call ---


def killed_under_load(case: int) -> None:
    kill_at_random_instants(case)


def power_cuts(case: int) -> None:
    with _folder() as folder:
        survive_power_cuts(random.Random(case), folder, _CUTS)


def named_point(case: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        test_d2_a_server_killed_at_a_named_point_loses_and_doubles_nothing(
            KILLING_POINTS[case % len(KILLING_POINTS)], 1 + case // 7 % 4, patch
        )


class FailingDisks:
    """D5, and the longest that a server took to end."""

    def __init__(self) -> None:
        self._longest = 0.0

    def one(self, case: int) -> str:
        with _folder() as folder, a_world(folder) as world:
            took = fail_disk(world, *FAILING_DISKS[case % len(FAILING_DISKS)])
        self._longest = max(self._longest, took)
        assert took <= 1.0, f"it ended after {took:.2f} s"
        return f"ended after {self._longest:.2f} s at most"


def full_disk(_: int) -> None:
    with _folder() as folder, a_world(folder) as world:
        test_d6_a_full_disk_refuses_with_a_reason_goes_on_reading_and_recovers(world)


def _flood(name: str, seconds: float, _: int) -> str:
    return soak_floods.flood(name, seconds)


class Slowest:
    """Something that is measured, and its worst so far."""

    def __init__(self, measure: Callable[[int], float], what: str) -> None:
        self._measure = measure
        self._what = what
        self._all: list[float] = []

    def one(self, case: int) -> str:
        self._all.append(self._measure(case))
        return f"{self._what}: {max(self._all):.2f} s at most"


class Joining:
    """N4: 99 % of all joins within ten seconds."""

    def __init__(self) -> None:
        self._all: list[float] = []

    def one(self, case: int) -> str:
        self._all = sorted([*self._all, *soak_rooms.joining(case)])
        p99 = self._all[len(self._all) * 99 // 100]
        assert p99 <= 10.0 or len(self._all) < 300, f"p99 of joining is {p99:.1f} s"
        return f"p99 of {len(self._all):,} joins {p99:.1f} s, slowest {self._all[-1]:.1f} s"


class Fuzz:
    """Mutations of one target, in batches; what was opened once stays open."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known = corpus(target)

    def one(self, case: int) -> None:
        mutator = Mutator(random.Random(f"{self._target.name} {case}"), self._target.words)
        with _folder() as folder, self._target.open(folder) as run:
            for _ in range(_BATCH):
                made = mutator.input(self._known)
                try:
                    run(made)
                except Exception as error:
                    error.add_note(f"input: {made!r}")
                    raise


class LongRoom:
    """The room that never ends: each run is ten virtual minutes of it."""

    def __init__(self) -> None:
        self._room: soak_rooms.LongRoom | None = None

    def one(self, case: int) -> str:
        if self._room is None:
            self._room = soak_rooms.LongRoom(case)
        room = self._room
        room.live()
        slope = room.slope()
        if room.hours >= 2:
            assert slope < 1 << 20, f"memory grows by {slope / 1024:.0f} kB an hour"
        return (
            f"{soak_rooms.CROWD} people, {room.hours:.1f} virtual hours, {room.said:,} messages,"
            f" memory {slope / 1024:+.0f} kB an hour"
        )

    def close(self) -> None:
        if self._room is not None:
            self._room.close()


class Ladder:
    """X25519 a million times, each result the next point (RFC 7748 §5.2). Needs the package."""

    def __init__(self) -> None:
        self._k = self._u = (9).to_bytes(32, "little")
        self._steps = 0

    def one(self, _: int) -> str:
        for _ in range(_BATCH):
            self._k, self._u = x25519(self._k, self._u), self._k
            self._steps += 1
        if self._steps == _LADDER_STEPS:
            assert self._k.hex() == _LADDER_END
            return "the published result"
        return f"{self._steps:,} steps, the end not reached"


# --- the table ---


def rows(minutes: float) -> list[Row]:
    """All of them, with the night's numbers of the test plan."""
    flood_seconds = 60.0 if minutes >= 30 else 10.0
    made = [
        Row("N1 2 % loss", 100, 3, soak_rooms.fair),
        Row("N2 10 % loss, 30 % reordered", 100, 4, soak_rooms.poor),
        Row("N3 25 % loss, half a second of jitter", 100, 5, soak_rooms.terrible),
        Row("N4 30 % lost each way", 100, 4, soak_rooms.thirty_percent),
        Row("N4 joining at 30 % loss", 100, 3, Joining().one),
        Row("N5 bytes changed", 100, 4, soak_rooms.corrupting),
        Row("N6 blackholes", 50, 3, soak_rooms.blackholes),
        Row("N6 one way alone", 50, 2, soak_rooms.one_way),
        Row("N7 half of round trips lost", 50, 4, soak_rooms.half_of_round_trips),
        Row("D1 server killed under load", 500, 5, killed_under_load),
        Row(
            "D1 clients killed",
            200,
            2,
            test_d1_clients_killed_at_random_instants_resume_what_they_had_said,
        ),
        Row("D2 killed at named points", 240, 2, named_point),
        Row("D3 power cuts", 10_000, 4, power_cuts, unit=_CUTS),
        Row("D5 disk fails to write", 50, 2, FailingDisks().one),
        Row("D6 disk full", 20, 2, full_disk),
        Row("H10 random disasters", 5_000, 10, live_through),
        Row("H10 of linked realms", 2_000, 8, realm_disasters.live_through),
        Row(
            "P3 relay between two sessions",
            1000,
            2,
            test_p3_a_relay_between_two_sessions_gets_nobody_in,
        ),
        Row("P1 X25519 a million times", _LADDER_STEPS, 3, Ladder().one, unit=_BATCH),
        Row(
            "Restart storm of 200",
            10,
            3,
            Slowest(soak_rooms.restart_storm, "everyone back").one,
        ),
    ]
    for name in soak_floods.FLOODS:
        made.append(Row(name, 1, 1, partial(_flood, name, flood_seconds)))
    for target in TARGETS:
        is_before = target.name in BEFORE_THE_SEAL
        full = 20_000_000 // len(BEFORE_THE_SEAL) if is_before else 5_000_000
        prefix = "H8 fuzz" if is_before else "H9 fuzz"
        name = f"{prefix} {target.name.replace('_', ' ')}"
        made.append(Row(name, full, 1.5, Fuzz(target).one, unit=_BATCH))
    long_room = LongRoom()
    made.append(Row("Soak at 3 % loss", 48, 12, long_room.one))
    return made


def table(rows: list[Row], minutes: float) -> str:
    """Markdown."""
    lines = ["| test | runs | of a night's | violations | |", "| --- | ---: | ---: | ---: | --- |"]
    lines += [
        f"| {row.name} | {row.runs:,} | {row.full:,} | {row.violations} | {row.remark} |"
        for row in rows
    ]
    total = sum(row.violations for row in rows)
    return "\n".join([*lines, "", f"{minutes:.0f} minutes, {total} violations."])


def main() -> int:
    """Runs what was chosen."""
    minutes, chosen = float(sys.argv[1] if len(sys.argv) > 1 else 60), sys.argv[2:]
    begin, soak = time.monotonic(), Soak(minutes)
    wanted = [row for row in rows(minutes) if not chosen or any(map(row.name.startswith, chosen))]
    for place, row in enumerate(wanted):
        share = row.share / sum(later.share for later in wanted[place:])
        row.run(soak.left() * share)
        _tell(f"{row.name}: {row.runs:,} runs, {row.violations} violations. {row.remark}")
    sys.stdout.write(table(wanted, (time.monotonic() - begin) / 60) + "\n")
    return min(1, sum(row.violations for row in wanted))


if __name__ == "__main__":
    sys.exit(main())
