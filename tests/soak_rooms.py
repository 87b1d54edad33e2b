"""Rooms for the night: bad networks by seed, a class back at once, a room that never ends.

All in the simulator, on virtual time.
"""

import gc
import os
from pathlib import Path

from simulated_clients import Client
from simulated_network import START
from simulator import Simulator, open_handles
from test_network import NAMES, POSTS, assert_all_is_said, assert_room_survives, talk

from client_events import Connection
from conversation import ROOM, Entry
from settings import Limits

HOUR = 3600.0
CROWD = 50
_ROUND = 600.0  # virtual seconds between two looks at everything


def fair(seed: int) -> None:
    assert_room_survives(seed, 60, loss=0.02, duplication=0.02, reordering=0.01)


def poor(seed: int) -> None:
    assert_room_survives(seed, 120, loss=0.10, duplication=0.10, reordering=0.30)


def terrible(seed: int) -> None:
    assert_room_survives(seed, 600, loss=0.25, duplication=0.25, delay=0.25, jitter=0.25)


def thirty_percent(seed: int) -> None:
    assert_room_survives(seed, 300, loss=0.30, longest_burst=3)


def joining(seed: int) -> list[float]:
    """Seconds that each of 33 people took to get in."""
    with Simulator(f"joining {seed}", loss=0.30, longest_burst=3) as network:
        everyone = network.clients(*(f"Murid {place}" for place in range(33)))
        took: dict[str, float] = {}

        def are_all_in() -> bool:
            for one in everyone:
                if one.entered is not None:
                    took.setdefault(one.name, network.now - START)
            return len(took) == len(everyone)

        network.run_until(are_all_in, 60)
        return list(took.values())


def corrupting(seed: int) -> None:
    assert_room_survives(seed, 300, handshake_corruption=0.30, corruption=0.05)


def blackholes(seed: int) -> None:
    with Simulator(seed, delay=0.02) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        network.blackhole(on=5.0, off=2.0, times=8)
        for one in everyone:
            one.say_slowly(0.25, *(f"{one.name} {place}" for place in range(1, POSTS + 1)))
        network.run(seconds=60)
        network.check_healed(within=30)
        assert_all_is_said(everyone)


def one_way(seed: int) -> None:
    with Simulator(seed, delay=0.02) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        cuts = network.network.cuts
        (cuts.silent if seed % 2 else cuts.deaf).add(network.random("who").choice(NAMES))
        talk(everyone, 40)
        network.run(seconds=20)
        cuts.silent.clear()
        cuts.deaf.clear()
        network.run_until(network.is_at_rest, 10)
        network.check()
        assert_all_is_said(everyone, 40)


def half_of_round_trips(seed: int) -> None:
    with Simulator(seed, loss=0.29, delay=0.05) as network:
        everyone = network.clients(*NAMES)
        for one in everyone:
            one.keeps_trying = True  # one join in two hundred finds nobody in ten seconds
        network.everybody_enters()
        for one in everyone:
            one.say_slowly(0.4, *(f"{one.name} {place}" for place in range(1, POSTS + 1)))
        network.run(seconds=0.4 * POSTS)
        network.run_until(network.is_at_rest, 60)
        network.check()
        latencies = sorted(latency for one in everyone for latency in one.latencies)
        assert len(latencies) == POSTS * len(everyone)
        assert latencies[len(latencies) * 99 // 100] <= 5.0


def restart_storm(seed: int, people: int = 200) -> float:
    """Seconds until everyone is back after a server was killed and started again."""
    limits = Limits(handshakes_in_all=400.0)
    with Simulator(f"storm {seed}", loss=0.01, limits=limits) as network:
        everyone = network.clients(*(f"Murid {place}" for place in range(people)))
        network.everybody_enters()
        network.run(seconds=20)
        network.server.kill()
        network.run(seconds=30)
        for one in everyone:
            one.events.clear()
        network.server.start()

        def is_back(one: Client) -> bool:
            return one.connection is Connection.HERE

        took = network.run_until(lambda: all(map(is_back, everyone)), 60)
        assert took <= 10.0
        return took


class LongRoom:
    """Fifty people at 3 % loss, who say something now and then, and are looked at all the time.

    ``samples`` are virtual hours and resident bytes. What the simulator itself keeps of each round
    is thrown away, so what grows is the cores'.
    """

    def __init__(self, seed: int) -> None:
        # A small cache is full after the first minutes, and cannot look like growth.
        limits = Limits(log_cache_bytes=256 * 1024)
        self.samples: list[tuple[float, int]] = []
        self.said = 0
        self._network = Simulator(
            f"long {seed}", loss=0.03, delay=0.01, jitter=0.005, limits=limits
        )
        self._chance = self._network.random("talk")
        self._everyone = self._network.clients(*(f"Murid {place}" for place in range(CROWD)))
        self._network.everybody_enters()
        self._begin = self._network.now
        self._handles = open_handles()

    def close(self) -> None:
        self._network.close()

    def live(self) -> None:
        """Ten minutes, a look at everything, a sample."""
        network = self._network
        for _ in range(1500):
            one = self._chance.choice(self._everyone)
            network.after(self._chance.uniform(0, _ROUND - 20), one.say, f"{self.said} dari lama")
            self.said += 1
        for _ in range(5):
            one = self._chance.choice(self._everyone)
            network.after(self._chance.uniform(0, _ROUND - 60), one.roam)
        network.run(seconds=_ROUND)
        network.run_until(network.is_at_rest, 60)
        self._compare()
        assert open_handles() == self._handles, "handles were left open"
        gc.collect()
        self.samples.append(((network.now - self._begin) / HOUR, _resident()))

    def _compare(self) -> None:
        """Everyone has what the server has, each text once and in order; then it is let go."""
        server = self._network.server
        assert server.head() >= self.said
        first = max(1, server.head() - 3000)
        stored = {one.number: one.body for one in server.log(first=first)}
        for one in self._everyone:
            assert one.connection is Connection.HERE
            for number, entry in one.log():
                assert stored[number] == entry.encode(), f"the copy of {one.name} differs"
            texts = one.texts()
            assert len(texts) == len(set(texts))
            one.history[ROOM] = one.log()[-1:]
            one.events.clear()
            one.latencies.clear()
            one.said.clear()
            one.acknowledged.clear()
        assert Entry.decode(stored[server.head()])
        server.events.clear()

    def slope(self) -> float:
        """Bytes an hour, by least squares, without the first quarter, in which caches fill."""
        kept = self.samples[len(self.samples) // 4 :]
        if len(kept) < 3:
            return 0.0
        mean_x = sum(x for x, _ in kept) / len(kept)
        mean_y = sum(y for _, y in kept) / len(kept)
        above = sum((x - mean_x) * (y - mean_y) for x, y in kept)
        return above / sum((x - mean_x) ** 2 for x, _ in kept)

    @property
    def hours(self) -> float:
        return self.samples[-1][0] if self.samples else 0.0


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
