"""A whole room in one process: real cores and a real store on a virtual network, with disasters.

    network = Simulator(seed, loss=0.4, duplication=0.3)
    ana, budi = network.clients("ana", "budi")
    ana.say("satu", "dua")
    network.run(seconds=60)
    assert budi.texts() == ["satu", "dua"]

Everything follows from the seed, so a failing one replays exactly. ``network.check()`` is the list
of promises (promises.py) that hold after every run; ``network.heal()`` gives a room the time to
settle on a good network first.
"""

import contextlib
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from promises import Promises, check_complete
from raw_peers import RawClient, SturdyClient
from simulated_clients import Client
from simulated_network import START, Network, Sent, Weather
from simulated_nodes import Stranger
from simulated_programs import FIRST_UTC, SERVER_ADDRESS, Server

from auth_scram import MIN_ITERATIONS, make_credentials
from conversation import ROOM
from protocol import Code, Verb
from protocol_requests import Fields
from settings import Limits, ServerSettings

__all__ = ["FIRST_UTC", "PASSWORD", "SERVER_ADDRESS", "Client", "Server", "Simulator", "Weather"]

PASSWORD = "merah jambu kuda laut"
_MEMORY = Path("/dev/shm")


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
        self._promises = Promises()
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
        for client in self.all_clients:
            client.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def folder(self, label: str) -> Path:
        """One of its own, for somebody's files."""
        folder = self._root / "computers" / label
        folder.mkdir(parents=True, exist_ok=True)
        return folder

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

    def raw_client(
        self, host: str = "10.0.9.8", port: int = 41_000, *, kind: type[RawClient] = RawClient
    ) -> RawClient:
        """A client without manners; see raw_peers.py."""
        name = f"raw {host}:{port}"
        return kind(
            name,
            (host, port),
            self.network,
            server=SERVER_ADDRESS,
            random_bytes=self.random_bytes(name),
        )

    def register(self, name: str, password: str) -> None:
        """An account, made by somebody who hurries: with as few iterations as a client accepts."""
        clerk = self.raw_client(f"10.0.8.{next(self._hosts)}", kind=SturdyClient)
        chance = self.random_bytes(f"account {name}")
        salt = chance(16)
        keys = make_credentials(password, salt, MIN_ITERATIONS)
        wish: Fields = {
            "once": chance(16).hex(),
            "name": name,
            "full_name": "",
            "country": "",
            "salt": salt.hex(),
            "iterations": MIN_ITERATIONS,
            "stored_key": keys.stored_key.hex(),
            "server_key": keys.server_key.hex(),
        }
        with self.calm():
            assert clerk.shake_hands()
            assert clerk.prove(self.settings.password) is Code.OK
            answer = clerk.ask(Verb.REGISTER, wish)
        assert answer is not None
        assert answer.code is Code.OK

    @contextlib.contextmanager
    def calm(self) -> Iterator[None]:
        """Good weather for a moment: those made by hand do not repeat what is lost."""
        weather, self.network.weather = self.network.weather, Weather()
        filters, self.network.filters = self.network.filters, []
        yield
        self.network.weather, self.network.filters = weather, filters

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
        self.server.mend_disk()
        if not self.server.is_running:
            self.server.start()
        return self.run_until(self.is_at_rest, within)

    def is_at_rest(self) -> bool:
        """Whether nothing waits any more, and everybody who is here has all there is."""
        return all(c.is_settled and self._has_all(c) for c in self.all_clients if c.is_running)

    def _has_all(self, one: Client) -> bool:
        if one.entered is None:
            return one.is_nobody
        server = self.server
        known = {conversation: log[-1][0] for conversation, log in one.history.items() if log}
        mine = {ROOM, *server.store.conversations_of(one.identity.person)}
        if not one.is_listed or not one.conversations.keys() <= mine:
            return False
        return all(known.get(log, 0) == server.head(log) for log in mine)

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
        """I1 to I6, see promises.py. The server must be running."""
        with self._naming_the_seed():
            self._promises.check(self.server, self.all_clients)

    def check_healed(self, within: float = 300.0) -> None:
        """Heals, then checks all promises, and that everybody has all of every conversation."""
        self.heal(within)
        self.check()
        with self._naming_the_seed():
            check_complete(self.server, self.all_clients)

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
