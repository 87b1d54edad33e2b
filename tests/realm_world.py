"""Several realms in one process: servers that are linked, each with its clients, on one network.

with Realms(seed, "a", "b", loss=0.3) as realms:
    a, b, alice, bob = realms.neighbours()
"""

import itertools
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from simulated_clients import Client
from simulated_network import START, Address, Network, Sent, Weather
from simulated_programs import Server

import client_events
from conversation import Entry, EntryKind
from protocol import Code
from records import RealmRecord
from server_events import AddRealm, Happened, HappeningKind, Started
from settings import Limits, ServerSettings

PASSWORD = "merah jambu kuda laut"
LINKED = HappeningKind.REALM_LINKED
_MEMORY = Path("/dev/shm")


class Realm:
    """One server with its clients; a ``World`` to them."""

    def __init__(self, realms: "Realms", name: str, address: Address, limits: Limits) -> None:
        self.name = name
        self.network = realms.network
        self.settings = ServerSettings(room_name=name, password=PASSWORD, limits=limits)
        self._realms = realms
        start = realms.root / name
        start.mkdir()
        self.server = Server(self, self.settings, start, name=f"server {name}", address=address)
        self.server.start()

    def folder(self, label: str) -> Path:
        folder = self._realms.root / "computers" / self.name / label
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def random_bytes(self, label: str) -> Callable[[int], bytes]:
        return random.Random(f"{label} of {self.name} of {self._realms.seed}").randbytes

    def random(self, label: str) -> random.Random:
        return random.Random(f"test {label} of {self.name} of {self._realms.seed}")

    # --- what is there ---

    def of(self, other: "Realm") -> RealmRecord | None:
        """What is known here of another realm."""
        return next((r for r in self.server.store.realms() if r.name == other.name), None)

    def conversation(self, client: Client, name: str) -> int:
        """What one of ours has with somebody, or with a group; 0: nothing yet."""
        store = self.server.store
        group = store.group_named(name)
        if group is not None:
            return group
        for conversation in store.conversations_of(client.identity.person):
            record = store.conversation(conversation)
            for person in (record.pair or ()) if record is not None else ():
                known = store.person(person)
                if known is not None and known.name == name:
                    return conversation
        return 0

    def entries(self, conversation: int) -> list[Entry]:
        return [Entry.decode(stored.body) for stored in self.server.log(conversation)]

    def told(self, conversation: int) -> list[tuple[str, str]]:
        """Who said what, in order."""
        said = (EntryKind.TEXT, EntryKind.FILE)
        return [(e.name, e.text) for e in self.entries(conversation) if e.kind in said]


class Realms:
    """Servers that run, none linked yet."""

    def __init__(
        self, seed: int | str, *names: str, limits: Limits | None = None, **weather: Any
    ) -> None:
        self.seed = seed
        self.network = Network(seed, Weather(**weather))
        memory = _MEMORY if _MEMORY.is_dir() else None
        self.root = Path(tempfile.mkdtemp(prefix="ruang-", dir=memory))
        self._hosts = itertools.count(2)
        self.clients: list[Client] = []
        self._parted: set[frozenset[Address]] = set()
        self.all = {
            name: Realm(self, name, (f"10.{place}.0.1", 8083), limits or Limits())
            for place, name in enumerate(names, 1)
        }

    def __getitem__(self, name: str) -> Realm:
        return self.all[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for realm in self.all.values():
            realm.server.close()
        for one in self.clients:
            one.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def client(self, realm: str, name: str) -> Client:
        """Somebody who joins a realm."""
        world = self.all[realm]
        host = f"10.9.0.{next(self._hosts)}"
        made = Client(world, name, (host, 50_000), world.server.address)
        self.clients.append(made)
        made.join()
        return made

    def link(self, one: str, other: str) -> None:
        """``one`` adds ``other``; until the link stands at both ends."""
        here, there = self.all[one], self.all[other]
        host, port = there.server.address
        here.server.command(AddRealm(other, host, port))
        self.run_until(lambda: self.stands(here, there) and self.stands(there, here))

    def stands(self, here: Realm, there: Realm) -> bool:
        """Whether the link is there, as one end sees it."""
        for event in reversed(here.server.events):
            if isinstance(event, Started):
                return False
            if not isinstance(event, Happened) or event.name != there.name:
                continue
            if event.kind in (LINKED, HappeningKind.REALM_LOST):
                return event.kind is LINKED and here.server.is_running
        return False

    def neighbours(self) -> tuple[Realm, Realm, Client, Client]:
        """``a`` and ``b`` with a link, and alice and bob inside, one in each."""
        self.link("a", "b")
        alice, bob = self.client("a", "alice"), self.client("b", "bob")
        self.enters(alice, bob)
        return self["a"], self["b"], alice, bob

    # --- what people do ---

    def written_to_nobody(self, text: str) -> tuple[Realm, Realm, Client]:
        """alice of a wrote to siapa@b while b was away, and it has no such user; b is back."""
        self.link("a", "b")
        alice = self.client("a", "alice")
        self.enters(alice)
        self.part("a", "b")
        self.run(60)
        alice.write("siapa@b", text)
        self.run(10)
        self.heal()
        self.run(60)
        return self["a"], self["b"], alice

    def enters(self, *clients: Client) -> None:
        self.run_until(lambda: all(one.entered is not None for one in clients))

    def asked(self, who: Client, request: client_events.Request, within: float = 20.0) -> Code:
        """How a request ended."""
        answers: list[client_events.Answered] = []
        who.ask(request, answers.append)
        self.run_until(lambda: bool(answers), within)
        return answers[0].code

    def joins(self, who: Client, group: str) -> Code:
        return self.asked(who, client_events.JoinGroup(who.ticket(), group))

    # --- time ---

    def run(self, seconds: float) -> None:
        with self._naming_the_seed():
            self.network.run_until(self.network.now + seconds)

    def run_until(self, claim: Callable[[], bool], within: float = 60.0) -> float:
        start = self.network.now
        with self._naming_the_seed():
            if not claim():
                self.network.run_until(start + within, claim)
            assert claim(), f"still not so after {within} s"
        return self.network.now - start

    def part(self, one: str, other: str) -> None:
        """Nothing gets through between two realms."""
        if self._divide not in self.network.filters:
            self.network.filters.append(self._divide)
        self._parted.add(self._ends(one, other))

    def mend(self, one: str, other: str) -> None:
        """The opposite of ``part``."""
        self._parted.discard(self._ends(one, other))

    def _ends(self, one: str, other: str) -> frozenset[Address]:
        return frozenset({self.all[one].server.address, self.all[other].server.address})

    def _divide(self, sent: Sent) -> list[bytes]:
        is_lost = frozenset({sent.source, sent.destination}) in self._parted
        return [] if is_lost else [sent.datagram]

    def heal(self) -> None:
        """Good weather, and everybody is running."""
        self.network.weather = replace(Weather())
        self.network.filters.clear()
        self._parted.clear()
        for realm in self.all.values():
            realm.server.spare()
            realm.server.mend_disk()
        self.start_all()

    def start_all(self) -> None:
        """The servers that do not run."""
        for realm in self.all.values():
            if not realm.server.is_running:
                realm.server.start()

    @contextmanager
    def _naming_the_seed(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            error.add_note(f"realms: seed {self.seed!r}, {self.network.now - START:.4f} s")
            raise
