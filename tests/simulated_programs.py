"""The server's program of a simulation: a real core on a real store in a folder.

It stands for server.py without threads, sockets and windows; simulated_clients.py has the other
program. What they share of a simulation is a ``World``; simulator.py is one.
"""

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from simulated_network import START, Address, Network
from simulated_nodes import BrittleShelf, BrittleStore, Killed, Program

import server_events as server
from conversation import ROOM, Entry, EntryKind
from records import (
    ConversationRecord,
    Shelf,
    Store,
    StoreBrokenError,
    Stored,
    StoreError,
    StoreFullError,
)
from server_core import ServerCore
from settings import ServerSettings
from storage import Storage
from storage_files import FOLDER_NAME, FileShelf

SERVER_ADDRESS = ("10.0.0.1", 8083)
FIRST_UTC = 1_800_000_000_000  # UTC milliseconds at START


class World(Protocol):
    """What belongs to the whole simulation: time and network, settings, chance by label."""

    name: str
    network: Network
    settings: ServerSettings

    def folder(self, label: str) -> Path: ...
    def random_bytes(self, label: str) -> Callable[[int], bytes]: ...
    def random(self, label: str) -> random.Random: ...


class Server(Program):
    """The server's program: a core on a store in a folder."""

    def __init__(
        self,
        world: World,
        settings: ServerSettings,
        folder: Path,
        *,
        name: str = "server",
        address: Address = SERVER_ADDRESS,
    ) -> None:
        super().__init__(name, address, world.network)
        self.settings = settings
        self.folder = folder
        self.events: list[server.Event] = []
        self.kills = 0
        self.lives = 0
        self._world = world
        self._storage: Storage | None = None
        self._shelf: FileShelf | None = None
        self._clock_offset = 0  # milliseconds the wall clock is wrong by
        self._chance = world.random("disk")
        self._trouble: StoreError | None = None
        self._trouble_share = 0.0

    def start(self) -> None:
        """Runs on what is on disk, as python server.py would."""
        self.lives += 1
        random_bytes = self._world.random_bytes(f"server {self.lives}")
        # One room id in all simulations: so its password's scrypt is worked out only once.
        room_bytes = random.Random(f"the room of {self.name}").randbytes
        self._storage = Storage.open(
            self.folder, random_bytes=room_bytes, now_utc_ms=self.wall_clock()
        )
        try:
            # 0: the times of files are the real ones
            self._shelf = FileShelf(self.folder / FOLDER_NAME, now_utc_ms=0, boot="1")
            self.begin(self._make_core(self._storage, self._shelf, random_bytes))
        except (Killed, StoreError):
            self.die()

    def _make_core(
        self, storage: Storage, shelf: FileShelf, random_bytes: Callable[[int], bytes]
    ) -> ServerCore:
        return ServerCore(
            replace(self.settings, data=self.folder),
            cast(Store, BrittleStore(storage, self.step, self._disk_fails)),
            cast(Shelf, BrittleShelf(shelf, self.step, self._disk_fails)),
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

    @property
    def store(self) -> Storage:
        """What is on disk; the server must be running."""
        assert self._storage is not None
        return self._storage

    def log(self, conversation: int = ROOM, first: int = 1) -> list[Stored]:
        """What is in the store from a number on; the server must be running."""
        head = self.head(conversation)
        read: list[Stored] = []
        while first + len(read) <= head:
            more = self.store.read(conversation, first + len(read), head, 1 << 20)
            assert more, "a hole in the stored log"
            read += more
        return read

    def head(self, conversation: int = ROOM) -> int:
        """The number of the newest entry of a log."""
        return self.store.head(conversation).number

    def texts(self, conversation: int = ROOM) -> list[str]:
        """The texts of a log, in order."""
        entries = [Entry.decode(stored.body) for stored in self.log(conversation)]
        return [entry.text for entry in entries if entry.kind is EntryKind.TEXT]

    def conversations(self) -> list[ConversationRecord]:
        """All there are beside the room: they are numbered from 2 on."""
        found: list[ConversationRecord] = []
        while (record := self.store.conversation(ROOM + 1 + len(found))) is not None:
            found.append(record)
        return found

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
        if self._shelf is not None:
            self._shelf.close()
            self._shelf = None
        if self._storage is not None:
            if is_killed:
                self._storage.rollback()
            self._storage.close()
            self._storage = None
