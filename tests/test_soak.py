"""I7: what a program holds in memory is level, however long it runs and whoever knocks.

Counted are the objects that can be reached from a core, not bytes: a leak of one object for each
text, person or session shows after some hundreds of them.
"""

import gc
import types
from dataclasses import replace
from typing import Any

import pytest
from simulated_network import Network
from simulated_nodes import BrittleShelf, BrittleStore, Program, Stranger
from simulator import SERVER_ADDRESS, Client, Simulator

from protocol import Init
from settings import Limits

pytestmark = pytest.mark.uncounted

_NOT_OURS = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    Program,
    Network,
    Simulator,
    BrittleShelf,
    BrittleStore,
)
TIGHT = replace(Limits(), log_cache_bytes=4_000)


def held(core: object) -> int:
    """How many objects a core holds, directly or not."""
    seen: set[int] = set()
    waiting: list[Any] = [core]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, _NOT_OURS):
            continue
        seen.add(id(found))
        waiting += gc.get_referents(found)
    return len(seen)


def held_by_all(network: Simulator) -> dict[str, int]:
    """By each program that runs, at rest."""
    network.run_until(network.is_at_rest)
    network.run(seconds=30)
    programs: list[Program] = [network.server, *network.all_clients]
    return {one.name: held(one.core) for one in programs if one.is_running}


def talk(everyone: tuple[Client, ...], turn: int, posts: int) -> None:
    """Everyone says so many texts of their own."""
    for one in everyone:
        one.say(*(f"{one.name} {turn} {place}" for place in range(posts)))


def assert_level(before: dict[str, int], after: dict[str, int]) -> None:
    """No program holds more than a little more."""
    grown = {name: after[name] - count for name, count in before.items()}
    assert max(grown.values()) < 100, grown


def test_i7_a_thousand_more_texts_leave_nothing_behind_in_memory() -> None:
    with Simulator(1, loss=0.05, limits=TIGHT) as network:
        everyone = network.clients("Ana", "Budi", "Citra")
        network.everybody_enters()
        talk(everyone, 0, 100)
        before = held_by_all(network)

        for turn in range(1, 5):
            talk(everyone, turn, 100)
            network.run_until(network.is_at_rest)
        after = held_by_all(network)
        network.check()

        assert_level(before, after)


def test_i7_people_who_come_and_go_leave_nothing_behind_in_memory() -> None:
    with Simulator(1, loss=0.02, limits=TIGHT) as network:
        everyone = network.clients("Ana", "Budi")
        passer_by = network.client("Citra")
        network.everybody_enters()

        def visit() -> None:
            passer_by.leave()
            network.run_until(lambda: not passer_by.is_running)
            passer_by.join()
            network.run_until(network.is_at_rest)

        for _ in range(5):
            visit()
        talk(everyone, 0, 50)
        before = held_by_all(network)
        for _ in range(60):
            visit()
        talk(everyone, 1, 50)
        after = held_by_all(network)
        network.check()

        # The table of people keeps its last 1,024 changes for who missed some.
        changes = 2 * 60 * 6
        assert after["server"] - before["server"] < changes + 100
        del before["server"]
        assert_level(before, after)


def test_i7_strangers_at_the_door_leave_nothing_behind_in_memory() -> None:
    with Simulator(1, limits=TIGHT) as network:
        network.clients("Ana", "Budi")
        network.everybody_enters()
        before = held_by_all(network)
        chance = network.random("door")

        for port in range(200):
            raw = network.raw_client(host=f"10.0.9.{port % 250}", port=45_000 + port)
            raw.shake_hands()
            mallory = Stranger("mallory", ("10.0.8.8", 1 + port), network.network)
            init = Init(port + 1, chance.randbytes(32), chance.randbytes(24))
            mallory.send(init.encode(), SERVER_ADDRESS)
            mallory.send(b"Rg\x01\x10" + bytes(12) + bytes(20), SERVER_ADDRESS)
        network.run(seconds=700)
        after = held_by_all(network)
        network.check()

        assert_level(before, after)
