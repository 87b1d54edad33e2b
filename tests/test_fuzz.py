"""H8, H9: no bytes from outside make any parser do anything but what it is meant to.

The targets and their promises stand in fuzz_targets.py. Here the corpus is replayed, hypothesis
makes inputs of its own, and a fixed number of mutations runs; make soak runs millions.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from fuzz_targets import BEFORE_THE_SEAL, OF_REALMS, TARGETS
from fuzzing import CORPUS, LARGEST_KEPT, Mutator, Run, Target, corpus, inputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.uncounted

BY_NAME = {target.name: target for target in TARGETS}
BEFORE_SEAL_COUNT = 50_000  # of H8, in all
REALM_COUNT = 50_000  # behind the seal of a linked realm, in all
COUNT = 1000  # for each of the others


@pytest.fixture(params=TARGETS, ids=lambda target: target.name, scope="module")
def target(request: pytest.FixtureRequest) -> Target:
    chosen = request.param
    assert isinstance(chosen, Target)
    return chosen


@pytest.fixture(scope="module")
def run(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with target.open(tmp_path_factory.mktemp(target.name)) as opened:
        yield opened


def test_every_kept_input_is_still_taken_as_promised(target: Target, run: Run) -> None:
    for made in corpus(target):
        run(made)


def made_of(target: Target) -> st.SearchStrategy[bytes]:
    """Any bytes, kept inputs changed by hypothesis' choice, and pieces one after the other."""
    known = corpus(target)

    def change(seed: int) -> bytes:
        return Mutator(Random(seed), target.words).input(known)

    pieces = st.sampled_from([*known, *target.words])
    return st.one_of(
        st.binary(max_size=300),
        st.integers(0, 1 << 64).map(change),
        st.lists(st.one_of(st.binary(max_size=9), pieces), max_size=5).map(b"".join),
    )


def test_any_bytes_are_taken_as_promised(target: Target, run: Run) -> None:
    @settings(suppress_health_check=list(HealthCheck))
    @given(made_of(target))
    def try_it(made: bytes) -> None:
        run(made)

    try_it()


@pytest.mark.parametrize("name", BEFORE_THE_SEAL)
def test_h8_fifty_thousand_inputs_before_the_seal_harm_nobody(name: str, tmp_path: Path) -> None:
    target = BY_NAME[name]
    with target.open(tmp_path) as opened:
        for made in inputs(target, "h8", BEFORE_SEAL_COUNT // len(BEFORE_THE_SEAL) + 1):
            opened(made)


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {*BEFORE_THE_SEAL, *OF_REALMS}))
def test_h9_a_thousand_inputs_harm_nobody(name: str, tmp_path: Path) -> None:
    target = BY_NAME[name]
    with target.open(tmp_path) as opened:
        for made in inputs(target, "h9", COUNT):
            opened(made)


@pytest.mark.parametrize("name", OF_REALMS)
def test_fifty_thousand_inputs_of_a_linked_realm_harm_nobody(name: str, tmp_path: Path) -> None:
    target = BY_NAME[name]
    with target.open(tmp_path) as opened:
        for made in inputs(target, "realms", REALM_COUNT // len(OF_REALMS) + 1):
            opened(made)


def test_the_corpus_is_small_and_every_part_of_it_belongs_to_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(BY_NAME)
    assert all(path.stat().st_size <= LARGEST_KEPT for path in CORPUS.glob("*/*"))
    assert len(list(CORPUS.glob("*/*"))) <= 60 * len(TARGETS)


def test_the_same_seed_makes_the_same_inputs() -> None:
    target = BY_NAME["frames"]

    assert list(inputs(target, 1, 50)) == list(inputs(target, 1, 50))
    assert list(inputs(target, 1, 50)) != list(inputs(target, 2, 50))
