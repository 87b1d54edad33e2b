"""A whole room in one process: real cores and a real store on a virtual network, with disasters.

    network = Simulator(seed, loss=0.4, duplication=0.3)
    ana, budi = network.clients("ana", "budi")
    ana.say("satu", "dua")
    network.run(seconds=60)
    assert budi.texts() == ["satu", "dua"]

Everything follows from the seed, so a failing one replays exactly. ``network.check()`` is the list
of promises (I1 to I7) that hold after every run; ``network.heal()`` gives a room the time to settle
on a good network first.
"""

import contextlib
import itertools
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from raw_peers import RawClient
from simulated_network import START, Address, Network, Sent, Weather
from simulated_nodes import BrittleStore, Killed, Program, Stranger

import client_events as client
import server_events as server
from client_core import ClientCore
from conversation import NO_TAG, ROOM, Entry, EntryKind, Person, Presence
from records import Store, Stored
from server_core import ServerCore
from settings import Limits, ServerSettings
from settings_client import Run
from storage import Storage

__all__ = ["PASSWORD", "SERVER_ADDRESS", "Client", "Server", "Simulator", "Weather"]

PASSWORD = "merah jambu kuda laut"
SERVER_ADDRESS = ("10.0.0.1", 8083)
FIRST_UTC = 1_800_000_000_000  # UTC milliseconds at START
_MEMORY = Path("/dev/shm")


class Server(Program):
    """The server's program: a core on a store in a folder."""

    def __init__(self, simulator: "Simulator", settings: ServerSettings, folder: Path) -> None:
        super().__init__("server", SERVER_ADDRESS, simulator.network)
        self.settings = settings
        self.folder = folder
        self.events: list[server.Event] = []
        self.kills = 0
        self.lives = 0
        self._simulator = simulator
        self._storage: Storage | None = None
        self._clock_offset = 0  # milliseconds the wall clock is wrong by

    def start(self) -> None:
        """Runs on what is on disk, as python server.py would."""
        self.lives += 1
        random_bytes = self._simulator.random_bytes(f"server {self.lives}")
        # One room id in all simulations: so its password's scrypt is worked out only once.
        room_bytes = random.Random("the room").randbytes
        self._storage = Storage.open(
            self.folder, random_bytes=room_bytes, now_utc_ms=self.wall_clock()
        )
        try:
            self.begin(self._make_core(self._storage, random_bytes))
        except Killed:
            self.die()

    def _make_core(self, storage: Storage, random_bytes: Callable[[int], bytes]) -> ServerCore:
        return ServerCore(
            replace(self.settings, data=self.folder),
            cast(Store, BrittleStore(storage, self.step)),
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

    def stop(self) -> None:
        """The operator stops the server in good order; it ends within a moment."""
        self.command(server.Stop())

    def log(self, conversation: int = ROOM) -> list[Stored]:
        """What is in the store, whole; the server must be running."""
        assert self._storage is not None
        head = self._storage.head(conversation).number
        read: list[Stored] = []
        while len(read) < head:
            more = self._storage.read(conversation, len(read) + 1, head, 1 << 20)
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
        survived = self.folder.with_name(f"{self._simulator.name}-{self.kills}")
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

    def __init__(self, simulator: "Simulator", name: str, address: Address) -> None:
        super().__init__(name, address, simulator.network)
        self.events: list[client.Event] = []
        self.said: list[str] = []  # in all lives, in order
        self.acknowledged: list[str] = []  # by EntryArrived with a ticket, in any life
        self.refused: list[client.DraftRefused] = []
        self.run: Run | None = None
        self.pinned_key: bytes | None = None
        self.password = simulator.settings.password
        self.lives = 0
        self.entered: client.Entered | None = None
        self.connection = client.Connection.CONNECTING
        self.ended: client.Ended | None = None
        self.history: dict[int, list[tuple[int, Entry]]] = {}
        self.people: dict[int, Person] = {}
        self.reached = 0
        self.latencies: list[float] = []  # from say to acknowledged, in this life
        self._simulator = simulator
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
        random_bytes = self._simulator.random_bytes(f"{self.name} {self.lives}")
        self.begin(ClientCore(random_bytes=random_bytes, limits=self._simulator.settings.limits))
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
            case client.Ended():
                self.ended = event
                self._insist(event)
            case client.NameRefused():
                self._insist(event)
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
            case client.ReachedChanged(_, number):
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

    def _insist(self, event: client.Ended | client.NameRefused) -> None:
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


class Simulator:
    """A server that runs, clients that join it, and the network between. Use as you like; then
    ``check``. ``close`` (or leaving a with statement) removes the folder."""

    def __init__(
        self,
        seed: int | str = 0,
        *,
        record: bool = False,
        limits: Limits | None = None,
        settings: ServerSettings | None = None,
        folder: Path | None = None,
        **weather: Any,
    ) -> None:
        self.seed = seed
        self.network = Network(seed, Weather(**weather), record=record)
        self.settings = settings or ServerSettings(
            room_name="Kelas 7B", password=PASSWORD, limits=limits or Limits()
        )
        self.name = "room"
        self._root = Path(
            tempfile.mkdtemp(prefix="ruang-", dir=_MEMORY if _MEMORY.is_dir() else None)
        )
        start = self._root / self.name
        if folder is not None:
            shutil.copytree(folder, start)
        else:
            start.mkdir()
        self.all_clients: list[Client] = []
        self._hosts = itertools.count(2)
        self._ports = itertools.count(50_000, 100)
        self.server = Server(self, self.settings, start)
        self.server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Removes what the simulation left on disk."""
        self.server.close()
        shutil.rmtree(self._root, ignore_errors=True)

    # --- seeds ---

    def random_bytes(self, label: str) -> Callable[[int], bytes]:
        """Chance of one program's one life."""
        return random.Random(f"{label} of {self.seed}").randbytes

    def random(self, label: str) -> random.Random:
        """Chance for the test itself."""
        return random.Random(f"test {label} of {self.seed}")

    # --- people ---

    def clients(self, *names: str) -> tuple[Client, ...]:
        """Several clients, joining at once."""
        return tuple(self.client(name) for name in names)

    def client(self, name: str, *, password: str | None = None) -> Client:
        """A client on a computer of its own, joining at once."""
        made = self.absent_client(name)
        if password is not None:
            made.password = password
        made.join()
        return made

    def absent_client(self, name: str) -> Client:
        """A client that has not been started."""
        made = Client(self, name, (f"10.0.0.{next(self._hosts)}", next(self._ports)))
        self.all_clients.append(made)
        return made

    def stranger(self, host: str = "10.0.9.9", port: int = 40_000) -> Stranger:
        """An address from which anything may be sent."""
        return Stranger(f"stranger {host}:{port}", (host, port), self.network)

    def raw_client(self, host: str = "10.0.9.8", port: int = 41_000) -> RawClient:
        """A client without manners; see raw_peers.py."""
        name = f"raw {host}:{port}"
        return RawClient(
            name,
            (host, port),
            self.network,
            server=SERVER_ADDRESS,
            random_bytes=self.random_bytes(name),
        )

    # --- time ---

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self.network.now

    def run(self, seconds: float = 60.0) -> None:
        """Lets time pass."""
        with self._naming_the_seed():
            self.network.run_until(self.now + seconds)

    def run_until(self, claim: Callable[[], bool], within: float = 60.0) -> float:
        """Lets time pass until a claim holds; how long that took. AssertionError if never."""
        start = self.now
        with self._naming_the_seed():
            if not claim():
                self.network.run_until(start + within, claim)
            assert claim(), f"still not so after {within} s"
        return self.now - start

    def everybody_enters(self, within: float = 60.0) -> float:
        """Until all running clients are in the room, and all that keep trying."""

        def are_all_here() -> bool:
            awaited = (c for c in self.all_clients if c.is_running or c.keeps_trying)
            return all(c.entered is not None for c in awaited)

        return self.run_until(are_all_here, within)

    def after(self, seconds: float, action: Callable[..., None], *arguments: object) -> None:
        """Does something later."""
        self.network.after(seconds, action, *arguments)

    def every(self, interval: float, times: int, action: Callable[[], None]) -> None:
        """Does something again and again, the first time after one interval."""
        for turn in range(1, times + 1):
            self.network.after(turn * interval, action)

    def heal(self, within: float = 300.0) -> float:
        """Good weather, and the server running, until all is said and everyone has everything.

        Returns how long that took.
        """
        self.network.weather = Weather()
        self.network.filters.clear()
        for group in (self.network.cuts.silent, self.network.cuts.deaf, self.network.cuts.sides):
            group.clear()
        for program in (self.server, *self.all_clients):
            program.spare()
        if not self.server.is_running:
            self.server.start()
        return self.run_until(self.is_at_rest, within)

    def is_at_rest(self) -> bool:
        head = self.server.head()
        return all(
            c.is_settled and c.entered is not None and (c.log()[-1][0] if c.log() else 0) == head
            for c in self.all_clients
            if c.is_running
        )

    # --- disasters ---

    def cut(self, *clients: Client) -> None:
        """Nothing from them arrives and nothing reaches them."""
        self.network.cuts.silent.update(c.name for c in clients)
        self.network.cuts.deaf.update(c.name for c in clients)

    def mend(self, *clients: Client) -> None:
        """The opposite of ``cut``."""
        self.network.cuts.silent.difference_update(c.name for c in clients)
        self.network.cuts.deaf.difference_update(c.name for c in clients)

    def blackhole(self, on: float, off: float, times: int) -> None:
        """For ``on`` seconds nothing at all gets through, then for ``off`` everything; again."""
        for turn in range(times):
            begin = turn * (on + off)
            self.after(begin, self.cut, *self.all_clients)
            self.after(begin + on, self.mend, *self.all_clients)

    def drop_nth(self, nth: int) -> None:
        """Of all datagrams sent from now on, the nth (from 1) is lost."""
        place = self.network.sent + nth
        self.network.filters.append(lambda sent: [] if sent.place == place else [sent.datagram])

    @property
    def recording(self) -> list[Sent]:
        """All datagrams as they left, if the simulator was told to record."""
        return self.network.recording

    # --- promises ---

    def check(self) -> None:
        """I1 to I6 as far as they can be seen from outside. The server must be running."""
        with self._naming_the_seed():
            stored = self.server.log()
            entries = [Entry.decode(one.body) for one in stored]
            self._check_log(stored, entries)
            for one in self.all_clients:
                self._check_author(one, entries)
                if one.is_running:
                    self._check_copy(one, stored)

    def _check_log(self, stored: list[Stored], entries: list[Entry]) -> None:
        assert [one.number for one in stored] == list(range(1, len(stored) + 1))
        tags = Counter(entry.tag for entry in entries if entry.tag != NO_TAG)
        assert not [tag for tag, count in tags.items() if count > 1], "I2: a draft stands twice"
        times = [entry.sent_at for entry in entries]
        assert times == sorted(times), "the log's time fell"
        said = {text for one in self.all_clients for text in one.said}
        texts = [entry.text for entry in entries if entry.kind is EntryKind.TEXT]
        assert set(texts) <= said, "I5: the log has what nobody said"
        assert len(texts) == len(set(texts)), "I2: a text stands twice"

    def _check_author(self, author: Client, entries: list[Entry]) -> None:
        own = [
            entry.text
            for entry in entries
            if entry.kind is EntryKind.TEXT and entry.name == author.name
        ]
        assert set(author.acknowledged) <= set(own), (
            f"I1: acknowledged to {author.name} and lost: {set(author.acknowledged) - set(own)}"
        )
        assert len(author.acknowledged) == len(set(author.acknowledged)), "I2: acknowledged twice"
        order = {text: place for place, text in enumerate(author.said)}
        places = [order[text] for text in own]
        assert places == sorted(places), f"I3: what {author.name} said is out of order"

    def _check_copy(self, one: Client, stored: list[Stored]) -> None:
        copy = one.log()
        if not copy:
            assert one.entered is None or not stored, f"I4: {one.name} has nothing"
            return
        first = copy[0][0]
        numbers = [number for number, _ in copy]
        assert numbers == list(range(first, first + len(copy))), f"I4: {one.name} has a hole"
        bodies = [entry.encode() for _, entry in copy]
        kept = [item.body for item in stored[first - 1 : first - 1 + len(copy)]]
        assert bodies == kept, f"I4: the copy of {one.name} differs"

    def check_healed(self, within: float = 300.0) -> None:
        """Heals, then checks all promises, and that every copy reaches the end of the log."""
        self.heal(within)
        self.check()

    @contextlib.contextmanager
    def _naming_the_seed(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            error.add_note(f"simulator: seed {self.seed!r}, {self.now - START:.4f} s after start")
            raise


def open_handles() -> int:
    """File descriptors of this process: level over time (I7)."""
    return len(os.listdir("/proc/self/fd"))
