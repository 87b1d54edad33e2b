"""Fuzzing: inputs made of other inputs, a corpus on disk, and a search guided by what is reached.

What is fuzzed, and what must hold for every input, stands in fuzz_targets.py. The corpus holds for
each target a few inputs that together reach all that any input has reached so far; it grows with

    python tests/fuzzing.py SECONDS [TARGET…]
"""

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
LARGEST = 4000  # bytes of an input; most parsers refuse long before
LARGEST_KEPT = 2500  # bytes of an input in the corpus

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """A parser. ``open`` gives what is run on each input, in a folder of its own; it raises only
    if a promise is broken. ``words`` are pieces of which inputs of this kind are made."""

    name: str
    open: Callable[[Path], AbstractContextManager[Run]]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()


def corpus(target: Target) -> list[bytes]:
    """The kept inputs and the seeds of a target."""
    kept = [path.read_bytes() for path in sorted((CORPUS / target.name).glob("*"))]
    return [*target.seeds(), *kept]


# --- mutation ---

_EDGES = (0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 65, 127, 128, 255, 256, 1000, 1001, 65_535)
_WIDE_EDGES = (1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


class Mutator:
    """Changes inputs at random, the same way for the same seed."""

    def __init__(self, chance: Random, words: Sequence[bytes] = ()) -> None:
        self._chance = chance
        self._words = words
        self._ways = [
            self._flip,
            self._set_byte,
            self._set_number,
            self._cut,
            self._remove,
            self._repeat,
            self._insert,
            self._splice,
        ]
        if words:
            self._ways += [self._insert_word, self._insert_word]

    def input(self, known: Sequence[bytes]) -> bytes:
        """A new input, mostly of a known one."""
        chance = self._chance
        if not known or chance.random() < 0.03:
            return chance.randbytes(chance.choice(_EDGES) % LARGEST)
        made = bytearray(chance.choice(known))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 9))):
            self._chance.choice(self._ways)(made, known)
        return bytes(made[:LARGEST])

    def _place(self, made: bytearray) -> int:
        return self._chance.randrange(len(made) + 1)

    def _flip(self, made: bytearray, _: Sequence[bytes]) -> None:
        if made:
            made[self._chance.randrange(len(made))] ^= 1 << self._chance.randrange(8)

    def _set_byte(self, made: bytearray, _: Sequence[bytes]) -> None:
        if made:
            made[self._chance.randrange(len(made))] = self._chance.choice(_EDGES) & 0xFF

    def _set_number(self, made: bytearray, _: Sequence[bytes]) -> None:
        """Some bytes as a big-endian number that is the first or last of its kind."""
        place, size = self._place(made), self._chance.choice((2, 4, 8, 8))
        number = self._chance.choice((*_EDGES, *_WIDE_EDGES)) & ((1 << 8 * size) - 1)
        made[place : place + size] = number.to_bytes(size, "big")

    def _cut(self, made: bytearray, _: Sequence[bytes]) -> None:
        del made[self._place(made) :]

    def _remove(self, made: bytearray, _: Sequence[bytes]) -> None:
        place = self._place(made)
        del made[place : place + self._chance.choice((1, 1, 2, 8, 16))]

    def _repeat(self, made: bytearray, _: Sequence[bytes]) -> None:
        place, size = self._place(made), self._chance.choice((1, 2, 8, 16, 100))
        piece = made[place : place + size] * self._chance.choice((1, 1, 2, 20))
        made[place:place] = piece[:LARGEST]

    def _insert(self, made: bytearray, _: Sequence[bytes]) -> None:
        place = self._place(made)
        made[place:place] = self._chance.randbytes(self._chance.choice((1, 1, 2, 4, 8, 32)))

    def _splice(self, made: bytearray, known: Sequence[bytes]) -> None:
        other = self._chance.choice(known)
        place, start = self._place(made), self._chance.randrange(len(other) + 1)
        size = self._chance.choice((4, 16, 64, LARGEST))
        made[place : place + size * self._chance.randrange(2)] = other[start : start + size]

    def _insert_word(self, made: bytearray, _: Sequence[bytes]) -> None:
        place, word = self._place(made), self._chance.choice(self._words)
        made[place : place + len(word) * self._chance.randrange(2)] = word


def inputs(target: Target, seed: int | str, count: int) -> Iterator[bytes]:
    """So many inputs, the same for the same seed and corpus."""
    mutator = Mutator(Random(f"{target.name} {seed}"), target.words)
    known = corpus(target)
    for _ in range(count):
        yield mutator.input(known)


# --- search ---

_Edge = tuple[CodeType, int, int]


class Reached:
    """Which steps from line to line of our own modules a run takes."""

    def __init__(self) -> None:
        self._edges: set[_Edge] = set()
        self._is_ours: dict[CodeType, bool] = {}

    def by(self, run: Run, made: bytes) -> set[_Edge]:
        """What one input reaches."""
        self._edges = set()
        sys.settrace(self._enter)
        try:
            run(made)
        finally:
            sys.settrace(None)
        return self._edges

    def _enter(self, frame: FrameType, _: str, __: Any) -> Any:
        code = frame.f_code
        ours = self._is_ours.get(code)
        if ours is None:
            ours = self._is_ours[code] = Path(code.co_filename).parent == ROOT
        if not ours:
            return None
        edges, before = self._edges, 0

        def step(frame: FrameType, _: str, __: Any) -> Any:
            nonlocal before
            edges.add((code, before, frame.f_lineno))
            before = frame.f_lineno
            return step

        return step


def search(target: Target, run: Run, chance: Random, seconds: float) -> dict[bytes, set[_Edge]]:
    """Inputs with what they reach; one is kept if it reaches what none before it did."""
    reached = Reached()
    known = {made: reached.by(run, made) for made in corpus(target)}
    seen: set[_Edge] = set().union(*known.values())
    mutator = Mutator(chance, target.words)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        made = mutator.input(list(known))
        edges = reached.by(run, made)
        if edges - seen and len(made) <= LARGEST_KEPT:
            seen |= edges
            known[made] = edges
    return known


def fewest(known: dict[bytes, set[_Edge]]) -> list[bytes]:
    """A few of the inputs that reach all, the ones that add most first."""
    left: set[_Edge] = set().union(*known.values())
    chosen: list[bytes] = []
    while left:
        best = max(known, key=lambda made: (len(known[made] & left), -len(made)))
        chosen.append(best)
        left -= known[best]
    return chosen


def keep(target: Target, chosen: Sequence[bytes]) -> None:
    """The corpus of a target is this from now on; seeds need not be in it."""
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    seeds = set(target.seeds())
    names = {hashlib.sha256(made).hexdigest()[:12]: made for made in chosen if made not in seeds}
    for path in folder.glob("*"):
        if path.name not in names:
            path.unlink()
    for name, made in names.items():
        (folder / name).write_bytes(made)


def main() -> None:
    """Grows the corpus."""
    sys.path.insert(0, str(ROOT))
    from fuzz_targets import TARGETS

    seconds, names = float(sys.argv[1]), sys.argv[2:]
    chosen = [target for target in TARGETS if target.name in names or not names]
    for target in chosen:
        with tempfile.TemporaryDirectory() as folder, target.open(Path(folder)) as run:
            known = search(target, run, Random(time.time_ns()), seconds / len(chosen))
        keep(target, fewest(known))
        count = len(list((CORPUS / target.name).glob("*")))
        sys.stdout.write(f"{target.name}: {count} inputs\n")


if __name__ == "__main__":
    main()
