"""Linked realms that live through random disasters, all of which follow from a seed.

    python tests/realm_disasters.py 1000 60     seeds from 1000 on for 60 seconds; prints failures

test_realms_disasters.py runs a few at every commit. disasters.py is the same for one room.
"""

import random
import sys
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

import realm_promises
from disasters import main
from realm_world import Realm, Realms
from simulated_clients import Client
from simulated_network import Weather
from simulator import open_handles

import client_events as client
from conversation import ROOM
from server_events import CutRealm, Mute, RestoreRealm, Unmute
from settings import Limits

CHAIN = (("a", "b"), ("b", "c"))
PEOPLE = {"a": ("ana", "ani"), "b": ("budi", "bela"), "c": ("citra",)}
GROUPS = {"a": ("arisan",), "b": ("kelas", "tim"), "c": ()}
LIMITS = (
    Limits(),
    Limits(),
    Limits(lag_bytes=3_000, log_cache_bytes=4_000, pull_bytes=3_000),
    Limits(session_lifetime=640.0),  # ten minutes less and a bit: renewed all the time
    Limits(realm_rate=20.0, realm_contacts=30.0, realm_requests=20.0),
)
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
REST = 2_400.0  # s: a link is tried each 5 minutes at least, a file that had no space each 10


class RealmDisasters:
    """One life of linked rooms. ``happen`` once, then ``recover``: everything must be right."""

    def __init__(self, seed: int) -> None:
        chance = self._chance = random.Random(f"realm disasters {seed}")
        self._names = chance.choice(("ab", "abc", "abc"))
        self.realms = Realms(f"disasters {seed}", *self._names, limits=chance.choice(LIMITS))
        self._weather = Weather(
            loss=chance.choice((0, 0.02, 0.1, 0.3)),
            duplication=chance.choice((0, 0.1, 0.3)),
            reordering=chance.choice((0, 0.3)),
            corruption=chance.choice((0, 0.05)),
            delay=chance.choice((0.001, 0.02, 0.2)),
            jitter=chance.choice((0, 0.001)),
        )
        self._links = [pair for pair in CHAIN if set(pair) <= set(self._names)]
        self._said = 0
        self._files: dict[str, bytes] = {}
        self._muted: set[realm_promises.Muted] = set()

    def happen(self) -> None:
        """Ten to thirty things, with anything from milliseconds to days between."""
        chance, realms = self._chance, self.realms
        for one, other in self._links:
            realms.link(*chance.choice(((one, other), (other, one))))
        for name in self._names:
            for person in PEOPLE[name]:
                realms.client(name, person).keeps_trying = True
        realms.enters(*realms.clients)
        self._begin()
        realms.network.weather = self._weather
        things = self._things()
        for _ in range(chance.randint(10, 30)):
            (thing,) = chance.choices(list(things), list(things.values()))
            thing(chance.choice(realms.clients))
            realms.run(chance.choice((0.003, 0.05, 0.3, 2, 20, 100)))
            self._start_some_again()

    def recover(self) -> None:
        """All is well again. AssertionError if not everything is everywhere it should be."""
        realms = self.realms
        realms.heal()
        for one in realms.clients:
            one.spare()
        self._start_all()
        realms.run(130)  # names of those who were killed before they had a token
        self._start_all()
        for name in self._names:
            for other in self._neighbours(name):
                realms[name].server.command(RestoreRealm(other))
                for person in PEOPLE[other]:
                    realms[name].server.command(Unmute(f"{person}@{other}"))
        self._rests()
        self._fetch_all()
        self._talk_once_more()

    def _rests(self) -> None:
        realms, end = self.realms, self.realms.network.now + REST
        while any(realm_promises.unrest(realms)) and realms.network.now < end:
            realms.run(5)
        unrest = list(realm_promises.unrest(realms))
        assert not unrest, f"after {REST} s still: {unrest}"
        realm_promises.check(realms, self._muted)

    def _fetch_all(self) -> None:
        """Each file that stands anywhere can be had there, by whoever may read of it."""
        realms = self.realms
        rooms = realm_promises.Rooms(realms)
        for realm in realms.all.values():
            for note, places in realm_promises.notes(rooms, realm).items():
                for who in rooms.clients(realm):
                    if not set(places) & set(who.history):
                        continue
                    ticket = who.fetch_file(note)
                    realms.run_until(lambda: ticket in who.files, 120)  # noqa: B023
                    ended = who.files[ticket]
                    assert ended.trouble is None, f"{note.name} for {who.name}: {ended.trouble}"
                    assert ended.path is not None
                    assert ended.path.read_bytes() == self._files[note.name]

    def _talk_once_more(self) -> None:
        for one in self.realms.clients:
            for conversation in one.conversations:
                one.say_in(conversation, f"{one.name} sehat di {conversation}")
        self._rests()

    # --- what is there when it starts ---

    def _begin(self) -> None:
        """Groups with members from wherever they can come."""
        realms, chance = self.realms, self._chance
        for name in self._names:
            for group in GROUPS[name]:
                founder = self._of(name)[0]
                founder.ask(client.AddGroup(founder.ticket(), group))
                realms.run(1)
                for here in (name, *self._neighbours(name)):
                    for one in self._of(here):
                        if one is not founder and chance.random() < 0.7:
                            shown = group if here == name else f"{group}@{name}"
                            one.ask(client.JoinGroup(one.ticket(), shown))
        realms.run(chance.choice((0.01, 1, 5)))

    def _of(self, name: str) -> list[Client]:
        place = self.realms[name].server.address
        return [one for one in self.realms.clients if one.server == place]

    def _neighbours(self, name: str) -> list[str]:
        return [o for pair in self._links if name in pair for o in pair if o != name]

    def _home(self, one: Client) -> str:
        return next(n for n, r in self.realms.all.items() if r.server.address == one.server)

    # --- things ---

    def _things(self) -> dict[Callable[[Client], object], int]:
        """What may happen, and how often."""
        chance = self._chance
        return {
            self._write: 25,
            self._write_group: 25,
            self._write_somewhere: 15,
            self._send_file: 12,
            self._fetch: 3,
            lambda one: one.ask(client.JoinGroup(one.ticket(), self._group(one))): 6,
            lambda one: one.ask(client.LeaveGroup(one.ticket(), self._group(one))): 4,
            lambda one: one.see(self._somewhere(one)): 3,
            lambda one: self._server(one).server.kill(): 6,
            lambda one: self._server(one).server.kill_after(chance.randrange(300)): 12,
            lambda one: self._server(one).server.stop(): 2,
            lambda one: self._server(one).server.stop_for(chance.choice((1, 10, 60))): 3,
            lambda one: self._server(one).server.fill_disk(chance.choice((1.0, 0.05, 0.3))): 2,
            lambda one: self._server(one).server.break_disk(chance.choice((0.01, 0.2))): 1,
            lambda one: self._server(one).server.mend_disk(): 2,
            lambda one: one.kill(): 3,
            lambda one: one.kill_after(chance.randrange(60)): 3,
            lambda one: one.roam(): 4,
            lambda one: self.realms.part(*chance.choice(self._links)): 6,
            lambda one: self.realms.mend(*chance.choice(self._links)): 4,
            self._wait_long: 4,
            self._cut: 1,
            self._restore: 2,
            self._mute: 2,
            self._unmute: 2,
        }

    def _server(self, one: Client) -> Realm:
        return self.realms[self._home(one)]

    def _texts(self, one: Client) -> list[str]:
        chance = self._chance
        tail = "z" * chance.randint(900, 9_000) if chance.random() < 0.1 else ""
        first, count = self._said, chance.choice((1, 1, 5, 40))
        self._said += count
        return [f"{one.name} {first + place} {tail}" for place in range(count)]

    def _write(self, one: Client) -> None:
        """To somebody here or in a realm that is linked, or to nobody."""
        home = self._home(one)
        names = [name for name in PEOPLE[home] if name != one.name]
        for other in self._neighbours(home):
            names += [f"{name}@{other}" for name in (*PEOPLE[other], *PEOPLE[other])]
        names.append(f"siapa@{self._chance.choice(self._neighbours(home))}")
        one.write(self._chance.choice(names), *self._texts(one))

    def _group(self, one: Client) -> str:
        home = self._home(one)
        names = list(GROUPS[home])
        for other in self._neighbours(home):
            names += [f"{group}@{other}" for group in GROUPS[other]]
        return self._chance.choice(names or ["nihil"])

    def _write_group(self, one: Client) -> None:
        one.write_group(self._group(one), *self._texts(one))

    def _somewhere(self, one: Client) -> int:
        return self._chance.choice([ROOM, *sorted(one.conversations)])

    def _write_somewhere(self, one: Client) -> None:
        if one.is_running and one.entered is not None:
            one.say_in(self._somewhere(one), *self._texts(one))

    def _send_file(self, one: Client) -> None:
        places = [place for place in sorted(one.conversations) if place != ROOM]
        if not one.is_running or not places:
            return
        chance = self._chance
        size = chance.choice((0, 1, 1_500, 60_000, 400_000))
        name = f"{one.name} {len(self._files)}.bin"
        self._files[name] = chance.randbytes(size)
        one.send_file(chance.choice(places), name, self._files[name])

    def _fetch(self, one: Client) -> None:
        notes = [note for place in sorted(one.history) for note in one.notes(place)]
        if one.is_running and notes:
            one.fetch_file(self._chance.choice(notes))

    def _wait_long(self, _: Client) -> None:
        """A partition of minutes, hours or days, while whoever is there goes on."""
        chance = self._chance
        one, other = chance.choice(self._links)
        self.realms.part(one, other)
        self._start_all()
        for _turn in range(3):
            for writer in self.realms.clients:
                if chance.random() < 0.5:
                    self._write_somewhere(writer)
            lengths = (MINUTE, 10 * MINUTE, HOUR, DAY)
            self.realms.run(chance.choices(lengths, (6, 4, 1, 0.05))[0])
            self._start_all()
        if chance.random() < 0.5:
            self.realms.mend(one, other)

    def _pair(self) -> tuple[Realm, str]:
        one, other = self._chance.choice(self._links)
        if self._chance.random() < 0.5:
            one, other = other, one
        return self.realms[one], other

    def _cut(self, _: Client) -> None:
        realm, other = self._pair()
        realm.server.command(CutRealm(other))

    def _restore(self, _: Client) -> None:
        realm, other = self._pair()
        realm.server.command(RestoreRealm(other))

    def _mute(self, _: Client) -> None:
        realm, other = self._pair()
        muted = f"{self._chance.choice(PEOPLE[other])}@{other}"
        self._muted.add(realm_promises.Muted(realm.name, muted))
        realm.server.command(Mute(muted, None))

    def _unmute(self, _: Client) -> None:
        realm, other = self._pair()
        realm.server.command(Unmute(f"{self._chance.choice(PEOPLE[other])}@{other}"))

    def _start_some_again(self) -> None:
        for realm in self.realms.all.values():
            if not realm.server.is_running and self._chance.random() < 0.6:
                realm.server.mend_disk()
                realm.server.start()
        for one in self.realms.clients:
            if not one.is_running and self._chance.random() < 0.5:
                one.join()

    def _start_all(self) -> None:
        self.realms.start_all()
        for one in self.realms.clients:
            if not one.is_running:
                one.join()


def live_through(seed: int) -> None:
    """Linked rooms, their disasters, and everything right again. AssertionError if not."""
    before = open_handles()
    disasters = RealmDisasters(seed)
    with disasters.realms:
        disasters.happen()
        disasters.recover()
    assert open_handles() <= before, "I7: handles are left open"


if __name__ == "__main__":
    sys.exit(main(live_through))
