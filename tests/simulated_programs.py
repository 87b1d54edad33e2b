"""The two programs of a simulation around their real cores: a server on its folder, a client with
its user.

They stand for server.py and client.py without threads, sockets and windows; the store is the real
one. What they all share of a simulation is a ``World``; simulator.py is one.
"""

import itertools
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

from simulated_network import START, Address, Network
from simulated_nodes import BrittleStore, Killed, Program

import client_events as client
import server_events as server
from client_core import ClientCore
from conversation import ROOM, Entry, EntryKind, Person, Presence
from records import Store, StoreBrokenError, Stored, StoreError, StoreFullError
from server_core import ServerCore
from settings import ServerSettings
from settings_client import Run
from storage import Storage

SERVER_ADDRESS = ("10.0.0.1", 8083)
FIRST_UTC = 1_800_000_000_000  # UTC milliseconds at START


class World(Protocol):
    """What belongs to the whole simulation: time and network, settings, chance by label."""

    name: str
    network: Network
    settings: ServerSettings

    def random_bytes(self, label: str) -> Callable[[int], bytes]: ...
    def random(self, label: str) -> random.Random: ...


class Server(Program):
    """The server's program: a core on a store in a folder."""

    def __init__(self, world: World, settings: ServerSettings, folder: Path) -> None:
        super().__init__("server", SERVER_ADDRESS, world.network)
        self.settings = settings
        self.folder = folder
        self.events: list[server.Event] = []
        self.kills = 0
        self.lives = 0
        self._world = world
        self._storage: Storage | None = None
        self._clock_offset = 0  # milliseconds the wall clock is wrong by
        self._chance = world.random("disk")
        self._trouble: StoreError | None = None
        self._trouble_share = 0.0

    def start(self) -> None:
        """Runs on what is on disk, as python server.py would."""
        self.lives += 1
        random_bytes = self._world.random_bytes(f"server {self.lives}")
        # One room id in all simulations: so its password's scrypt is worked out only once.
        room_bytes = random.Random("the room").randbytes
        self._storage = Storage.open(
            self.folder, random_bytes=room_bytes, now_utc_ms=self.wall_clock()
        )
        try:
            self.begin(self._make_core(self._storage, random_bytes))
        except (Killed, StoreError):
            self.die()

    def _make_core(self, storage: Storage, random_bytes: Callable[[int], bytes]) -> ServerCore:
        return ServerCore(
            replace(self.settings, data=self.folder),
            cast(Store, BrittleStore(storage, self.step, self._disk_fails)),
            static_private=storage.identity.static_private,
            reset_key=storage.identity.reset_key,
            random_bytes=random_bytes,
            wall_clock=self.wall_clock,
            now=self.network.now,
        )

    def wall_clock(self) -> int:
        """UTC milliseconds, as wrong as the test wants them."""
        return FIRST_UTC + int((self.network.now - START) * 1000) + self._clock_offset

    def shift_wall_clock(self, seconds: float) -> None:
        """Somebody sets the computer's clock."""
        self._clock_offset += int(seconds * 1000)

    def fill_disk(self, share: float = 1.0) -> None:
        """From now on this share of all writes finds no space."""
        self._trouble, self._trouble_share = StoreFullError("no space"), share

    def break_disk(self, share: float = 1.0) -> None:
        """From now on this share of all writes meets an I/O error."""
        self._trouble, self._trouble_share = StoreBrokenError("I/O error"), share

    def mend_disk(self) -> None:
        """All writes succeed again."""
        self._trouble = None

    def _disk_fails(self, write: str) -> StoreError | None:
        is_met = self._trouble is not None and self._chance.random() < self._trouble_share
        return self._trouble if is_met else None

    def stop(self) -> None:
        """The operator stops the server in good order; it ends within a moment."""
        self.command(server.Stop())

    def log(self, conversation: int = ROOM, first: int = 1) -> list[Stored]:
        """What is in the store from a number on; the server must be running."""
        assert self._storage is not None
        head = self._storage.head(conversation).number
        read: list[Stored] = []
        while first + len(read) <= head:
            more = self._storage.read(conversation, first + len(read), head, 1 << 20)
            assert more, "a hole in the stored log"
            read += more
        return read

    def head(self) -> int:
        """The number of the newest entry of the room."""
        assert self._storage is not None
        return self._storage.head(ROOM).number

    def texts(self) -> list[str]:
        """The texts of the room's log, in order."""
        entries = [Entry.decode(stored.body) for stored in self.log()]
        return [entry.text for entry in entries if entry.kind is EntryKind.TEXT]

    def on_event(self, event: object) -> None:
        self.events.append(cast(server.Event, event))

    def on_death(self) -> None:
        """Keeps what the operating system has at this instant: that is what survives kill -9."""
        self.kills += 1
        survived = self.folder.with_name(f"{self._world.name}-{self.kills}")
        shutil.copytree(self.folder, survived, ignore=shutil.ignore_patterns("*-shm", "*.lock"))
        self._close(is_killed=True)
        shutil.rmtree(self.folder)
        self.folder = survived

    def on_end(self) -> None:
        self._close(is_killed=False)

    def close(self) -> None:
        """The simulation is over."""
        self._close(is_killed=True)

    def _close(self, *, is_killed: bool) -> None:
        if self._storage is not None:
            if is_killed:
                self._storage.rollback()
            self._storage.close()
            self._storage = None


class Client(Program):
    """The client's program: a core, what it told us, and what was said through it.

    ``run`` is what it has on disk, so that it can be killed and go on. ``keeps_trying``: its user,
    told that nobody answers or that the name is taken, tries the same again after some seconds.
    """

    keeps_trying = False

    def __init__(self, world: World, name: str, address: Address) -> None:
        super().__init__(name, address, world.network)
        self.events: list[client.Event] = []
        self.said: list[str] = []  # in all lives, in order
        self.acknowledged: list[str] = []  # by EntryArrived with a ticket, in any life
        self.refused: list[client.DraftRefused] = []
        self.run: Run | None = None
        self.pinned_key: bytes | None = None
        self.password = world.settings.password
        self.lives = 0
        self.entered: client.Entered | None = None
        self.connection = client.Connection.CONNECTING
        self.ended: client.Ended | None = None
        self.history: dict[int, list[tuple[int, Entry]]] = {}
        self.people: dict[int, Person] = {}
        self.reached = 0
        self.latencies: list[float] = []  # from say to acknowledged, in this life
        self._world = world
        self._waiting: list[str] = []  # typed before we were in the room
        self._tickets = itertools.count(1)
        self._said_by_ticket: dict[int, tuple[str, float]] = {}

    # --- what a user does ---

    def join(self) -> None:
        """Starts the program, with whatever it has on disk."""
        self.lives += 1
        self.entered, self.ended = None, None
        self.history, self.people, self.reached = {}, {}, 0
        self._said_by_ticket = {}
        random_bytes = self._world.random_bytes(f"{self.name} {self.lives}")
        self.begin(ClientCore(random_bytes=random_bytes, limits=self._world.settings.limits))
        self.command(
            client.Join(SERVER_ADDRESS, self.password, self.name, self.pinned_key, self.run)
        )

    def say(self, *texts: str) -> None:
        """Says texts as fast as the program takes them. Each text is said once in a simulation."""
        self.said += texts
        if self.entered is None:
            self._waiting += texts
            return
        for text in texts:
            self._say(text)

    def say_slowly(self, interval: float, *texts: str) -> None:
        """One text at a time."""
        for place, text in enumerate(texts):
            self.network.after(place * interval, self.say, text)

    def load_older(self, count: int = 100) -> None:
        """Scrolls up."""
        self.command(client.LoadOlder(ROOM, count))

    def leave(self) -> None:
        """Types exit."""
        self.command(client.Leave())

    def roam(self) -> None:
        """The computer gets another address, or the router another port for it."""
        host, port = self.address
        self.network.move(self, (host, port + 1))

    # --- what a user sees ---

    def log(self, conversation: int = ROOM) -> list[tuple[int, Entry]]:
        """Number and entry of all that is shown, in order."""
        return self.history.get(conversation, [])

    def texts(self, conversation: int = ROOM) -> list[str]:
        """The texts that are shown, in order."""
        entries = (entry for _, entry in self.log(conversation))
        return [entry.text for entry in entries if entry.kind is EntryKind.TEXT]

    def names(self) -> list[str]:
        """Who is here, in alphabetical order."""
        return sorted(p.name for p in self.people.values() if p.presence is not Presence.GONE)

    def saw(self, kind: type[Any]) -> list[Any]:
        """All events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was said here waits any more, be it from an earlier life."""
        resumed = self.run is not None and self.run.waiting
        return not self._waiting and not self._said_by_ticket and not resumed

    # --- what the program does ---

    def on_event(self, event: object) -> None:
        self.events.append(cast(client.Event, event))
        match event:
            case client.EntryArrived():
                self._take_entry(event)
            case client.RunChanged(run):
                self.run = run
            case client.Entered():
                self._enter(event)
            case client.ConnectionChanged(connection):
                self.connection = connection
            case client.KeySeen(key):
                self.pinned_key = self.pinned_key or key
            case client.DraftMade(ticket, _, _, text):
                self._said_by_ticket.setdefault(ticket, (text, self.network.now))
            case client.DraftRefused(ticket):
                self.refused.append(event)
                if ticket is not None:
                    self._said_by_ticket.pop(ticket, None)
            case client.Ended() | client.NameRefused():
                self._take_refusal(event)
            case _:
                self._take_view(event)

    def _take_view(self, event: object) -> None:
        match event:
            case client.LogReplaced(conversation):
                self.history[conversation], self.reached = [], 0
            case client.OlderArrived(conversation, entries):
                self.history[conversation] = [*entries, *self.log(conversation)]
            case client.PeopleReplaced(people):
                self.people = {person.person: person for person in people}
            case client.PersonChanged(person):
                self.people[person.person] = person
            case client.ReachedChanged(conversation, number) if conversation == ROOM:
                assert number > self.reached, "a receipt went back"
                self.reached = number
            case _:
                pass  # kept in ``events`` alone

    def _take_entry(self, event: client.EntryArrived) -> None:
        log = self.history.setdefault(event.conversation, [])
        assert not log or event.number == log[-1][0] + 1, (
            f"{self.name} was shown {event.number} after {log[-1][0]}"
        )
        log.append((event.number, event.entry))
        if event.ticket is not None:
            text, said_at = self._said_by_ticket.pop(event.ticket)
            assert text == event.entry.text, "another text was acknowledged than was said"
            self.acknowledged.append(text)
            self.latencies.append(self.network.now - said_at)

    def _take_refusal(self, event: client.Ended | client.NameRefused) -> None:
        if isinstance(event, client.Ended):
            self.ended = event
        if not self.keeps_trying:
            return
        if isinstance(event, client.NameRefused):
            self.network.after(5.0, self._choose_again, self.lives)
        elif event.reason in (client.EndReason.UNREACHABLE, client.EndReason.REFUSED):
            self.network.after(5.0, self._join_again, self.lives)

    def _choose_again(self, life: int) -> None:
        if self.is_running and life == self.lives:
            self.command(client.ChooseName(self.name))

    def _join_again(self, life: int) -> None:
        if not self.is_running and life == self.lives:
            self.join()

    def _enter(self, event: client.Entered) -> None:
        self.entered = event
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            self._say(text)

    def _say(self, text: str) -> None:
        ticket = next(self._tickets)
        self._said_by_ticket[ticket] = (text, self.network.now)
        self.command(client.Say(ticket, ROOM, text))

    def on_death(self) -> None:
        # What the user had typed but the program had not kept is lost with it, as in life.
        self._waiting = []
        self._said_by_ticket = {}
