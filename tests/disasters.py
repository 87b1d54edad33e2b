"""A room that lives through random disasters, all of which follow from a seed.

    python tests/disasters.py 1000 60     seeds from 1000 on for 60 seconds; prints those that fail

test_disasters.py runs a few at every commit; a night on this finds what nobody thought of.
"""

import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from simulated_network import Sent
from simulator import Client, Simulator, Weather
from society import Society

from settings import Limits

NAMES = ("Ana", "Budi", "Citra", "Dewi", "Eko")
LIMITS = (
    Limits(),
    Limits(),
    Limits(lag_bytes=3_000, log_cache_bytes=4_000, pull_bytes=3_000),
    Limits(session_lifetime=640.0),  # ten minutes less and a bit: renewed all the time
    Limits(handshakes_per_address=1.0, handshake_burst=2.0),
)


class Disasters:
    """One life of a room. ``happen`` once, then ``recover`` and everything must be right."""

    def __init__(self, seed: int) -> None:
        chance = self._chance = random.Random(f"disasters {seed}")
        self.network = Simulator(
            seed,
            limits=chance.choice(LIMITS),
            loss=chance.choice((0, 0.02, 0.1, 0.3)),
            duplication=chance.choice((0, 0.1, 0.3)),
            reordering=chance.choice((0, 0.3)),
            corruption=chance.choice((0, 0.05)),
            delay=chance.choice((0.001, 0.02, 0.2)),
            jitter=chance.choice((0, 0.001, 0.05)),
        )
        self.server = self.network.server
        self.everyone = self.network.clients(*NAMES[: chance.randint(2, 5)])
        for one in self.everyone:
            one.keeps_trying = True
        self.society = Society(self.network, self.everyone, chance)
        if chance.random() < 0.4:
            self._let_somebody_replay()

    def happen(self) -> None:
        """Five to twenty-five things, with anything from milliseconds to minutes between."""
        chance = self._chance
        self.society.begin()
        things = self._things()
        for _ in range(chance.randint(5, 25)):
            (thing,) = chance.choices(list(things), list(things.values()))
            thing(chance.choice(self.everyone))
            self.network.run(seconds=chance.choice((0.003, 0.05, 0.3, 2, 20, 100)))
            self._start_some_again()

    def recover(self) -> None:
        """All is well again; everybody comes back and has everything. AssertionError if not."""
        network = self.network
        network.network.weather = Weather()
        network.mend(*self.everyone)
        for program in (self.server, *self.everyone):
            program.spare()
        self.server.mend_disk()
        self._start_all()
        network.run(seconds=130)  # names of those who were killed before they had a token
        self._start_all()
        self.society.return_to_the_room()
        network.check_healed()
        network.run(seconds=15)  # one keepalive
        names = sorted({one.identity.name for one in self.everyone})
        for one in self.everyone:
            assert one.names() == names, f"{one.name} sees {one.names()}"
            for conversation in one.conversations:
                one.load_older(200, conversation)
        network.run(seconds=5)
        network.check()
        self.society.talk_once_more()

    def _things(self) -> dict[Callable[[Client], object], int]:
        """What may happen, and how often."""
        chance, server, network = self._chance, self.server, self.network
        cuts = network.network.cuts
        return {
            **self.society.things(),
            lambda one: server.kill(): 5,
            lambda one: server.kill_after(chance.randrange(150)): 5,
            lambda one: one.kill(): 3,
            lambda one: one.kill_after(chance.randrange(60)): 3,
            lambda one: one.roam(): 10,
            lambda one: network.cut(one): 5,
            lambda one: network.mend(one): 5,
            lambda one: cuts.silent.add(one.name): 1,
            lambda one: cuts.deaf.add(one.name): 1,
            lambda one: one.load_older(chance.randint(1, 300)): 5,
            lambda one: server.shift_wall_clock(chance.choice((-3600, 3600, 86_400))): 5,
            lambda one: server.stop_for(chance.choice((1, 10, 60))): 2,
            lambda one: one.stop_for(chance.choice((1, 10, 60))): 2,
            lambda one: one.leave(): 3,
            lambda one: server.stop(): 3,
            lambda one: server.fill_disk(chance.choice((1.0, 0.05, 0.3))): 2,
            lambda one: server.break_disk(chance.choice((0.01, 0.2))): 1,
            lambda one: server.mend_disk(): 1,
            self._change_path: 3,
        }

    def _change_path(self, one: Client) -> None:
        self.network.network.mtu = self._chance.choice((1200, 1452, 8952, 65_507))

    def _start_some_again(self) -> None:
        if not self.server.is_running and self._chance.random() < 0.6:
            self.server.mend_disk()
            self.server.start()
        for one in self.everyone:
            if not one.is_running and self._chance.random() < 0.5:
                one.join()

    def _start_all(self) -> None:
        if not self.server.is_running:
            self.server.start()
        for one in self.everyone:
            if not one.is_running:
                one.join()

    def _let_somebody_replay(self) -> None:
        """Copies of old datagrams arrive again, flipped, from elsewhere and at the wrong side."""
        chance = random.Random(self._chance.random())
        mallory = self.network.stranger()
        network = self.network.network
        known: list[Sent] = []

        def meddle(sent: Sent) -> list[bytes]:
            if len(known) < 3000:
                known.append(replace(sent))
            if chance.random() < 0.3:
                old = chance.choice(known)
                flipped = bytearray(old.datagram)
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
                later = network.now + chance.random()
                chance.choice(
                    (
                        lambda: network.at(
                            later, network.copy, old.datagram, old.source, old.destination
                        ),
                        lambda: network.copy(sent.datagram, mallory.address, sent.destination),
                        lambda: network.copy(sent.datagram, sent.destination, sent.source),
                        lambda: network.copy(bytes(flipped), old.source, old.destination),
                    )
                )()
            return [sent.datagram]

        network.filters.append(meddle)


def live_through(seed: int) -> None:
    """One room, its disasters, and everything right again. AssertionError if not."""
    lived(seed)


def lived(seed: int) -> Disasters:
    """The same, to be looked at."""
    disasters = Disasters(seed)
    with disasters.network:
        disasters.happen()
        disasters.recover()
    return disasters


def main(live_through: Callable[[int], object]) -> int:
    """Seeds from the first on until the time is over; how many failed, at most 1."""
    seed, end = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    failed: list[int] = []
    first = seed
    while time.monotonic() < end:
        try:
            live_through(seed)
        except Exception:  # noqa: BLE001 - whatever it is, the next seed is another matter
            failed.append(seed)
            sys.stdout.write(f"--- seed {seed}\n{traceback.format_exc(limit=-3)}")
            sys.stdout.flush()
        seed += 1
    sys.stdout.write(f"{seed - first} lives, failed: {failed}\n")
    return min(1, len(failed))


if __name__ == "__main__":
    sys.exit(main(live_through))
