"""Real sockets on 127.0.0.1 with a man in the middle: he reads nothing and changes nothing."""

import itertools
import queue
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from relay import Mischief, Relay
from shelf_parts import NO_DISK

import client_events as client
import server_events as server
from client_core import ClientCore
from conversation import ROOM, EntryKind
from endpoint import Driver, bind
from protocol import Address
from server_core import ServerCore
from settings import ServerSettings
from storage import Storage
from storage_files import FOLDER_NAME, FileShelf

pytestmark = pytest.mark.socket

PASSWORD = "merah jambu kuda laut"
NAMES = ("Anastasia", "Bambang", "Citrawati")
PATIENCE = 30.0  # seconds of real time before a test gives up


class RealServer:
    """server.py without its window."""

    def __init__(self, folder: Path) -> None:
        chance = random.Random("server")
        self.events: queue.SimpleQueue[server.Event] = queue.SimpleQueue()
        settings = ServerSettings(room_name="Kelas 7B", password=PASSWORD, data=folder)
        sock = bind("127.0.0.1", 0)
        self.address: Address = sock.getsockname()
        stores: list[Storage] = []
        shelves: list[FileShelf] = []

        def make_core() -> ServerCore:
            now_utc_ms = time.time_ns() // 1_000_000
            stores.append(
                Storage.open(folder, random_bytes=chance.randbytes, now_utc_ms=now_utc_ms)
            )
            shelves.append(FileShelf(folder / FOLDER_NAME, now_utc_ms=now_utc_ms))
            return ServerCore(
                settings,
                stores[0],
                shelves[0],
                static_private=stores[0].identity.static_private,
                reset_key=stores[0].identity.reset_key,
                random_bytes=chance.randbytes,
                wall_clock=lambda: time.time_ns() // 1_000_000,
                now=time.monotonic(),
            )

        def close() -> None:
            shelves[0].close()
            stores[0].close()

        self.driver: Driver[server.Command, server.Event] = Driver(
            make_core,
            sock,
            clock=time.monotonic,
            on_event=self.events.put,
            on_crash=lambda error: self.events.put(server.Crashed(error)),
            at_end=close,
            name="server",
        )
        self.driver.start()

    def stop(self) -> None:
        """Says goodbye and ends; fails if it had crashed."""
        self.driver.submit(server.Stop())
        self.driver.wait(PATIENCE)
        self.driver.stop()
        while not self.events.empty():
            event = self.events.get()
            assert not isinstance(event, server.Crashed), event


class RealClient:
    """client.py without its window."""

    def __init__(self, name: str, server_address: Address) -> None:
        self.name = name
        self.events: queue.SimpleQueue[client.Event] = queue.SimpleQueue()
        self.texts: list[str] = []
        self.names: set[str] = set()
        self.acknowledged = 0
        self._tickets = itertools.count(1)
        chance = random.Random(name)
        self.driver: Driver[client.Command, client.Event] = Driver(
            lambda: ClientCore(random_bytes=chance.randbytes, disk=NO_DISK),
            bind("127.0.0.1", 0),
            clock=time.monotonic,
            on_event=self.events.put,
            on_crash=lambda error: self.events.put(client.Crashed(error)),
            name=name,
        )
        self.driver.start()
        self.driver.submit(client.Join(server_address, PASSWORD, name))

    def say(self, text: str) -> None:
        """Says something to the room."""
        self.driver.submit(client.Say(next(self._tickets), ROOM, text))

    def wait_for(self, claim: Callable[[client.Event], bool]) -> None:
        """Takes events until one fulfils a claim."""
        deadline = time.monotonic() + PATIENCE
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            self._take(event)
            if claim(event):
                return

    def _take(self, event: client.Event) -> None:
        assert not isinstance(event, client.Crashed), event
        if isinstance(event, client.EntryArrived):
            self.names.add(event.entry.name)
            if event.entry.kind is EntryKind.TEXT:
                self.texts.append(event.entry.text)
            self.acknowledged += event.ticket is not None

    def stop(self) -> None:
        """Leaves."""
        self.driver.submit(client.Leave())
        self.driver.wait(PATIENCE)
        self.driver.stop()


@contextmanager
def room_behind(mischief: Mischief, folder: Path) -> Iterator[tuple[Relay, list[RealClient]]]:
    """A server, a relay before it, and three people who have entered through the relay."""
    with ExitStack() as stack:
        real_server = RealServer(folder)
        stack.callback(real_server.stop)
        relay = stack.enter_context(Relay(real_server.address, mischief))
        clients = []
        for name in NAMES:
            one = RealClient(name, relay.address)
            stack.callback(one.stop)
            clients.append(one)
        for one in clients:
            one.wait_for(lambda event: isinstance(event, client.Entered))
        yield relay, clients


def sayings(name: str) -> list[str]:
    """What somebody says: recognisable, also in a recording."""
    return [f"{name} berkata rahasia nomor {place}" for place in range(20)]


def everyone_talks(clients: list[RealClient]) -> None:
    """All say their sayings at once and wait until they have everybody's."""
    for one in clients:
        for text in sayings(one.name):
            one.say(text)
    total = 20 * len(clients)
    for one in clients:
        one.wait_for(lambda event, one=one: len(one.texts) >= total)  # type: ignore[misc]


MISCHIEFS = {
    "nothing": Mischief(),
    "dropping 30 %": Mischief(loss=0.30),
    "doubling 25 %": Mischief(duplication=0.25),
    "flipping bits of 20 %": Mischief(corruption=0.20),
    "delaying and reordering": Mischief(delay=0.005, jitter=0.02),
    "all at once": Mischief(loss=0.1, duplication=0.25, corruption=0.1, delay=0.002, jitter=0.01),
}


@pytest.mark.parametrize("mischief", MISCHIEFS.values(), ids=MISCHIEFS.keys())
def test_what_people_see_does_not_change_whatever_the_relay_does(
    mischief: Mischief, tmp_path: Path
) -> None:
    with room_behind(mischief, tmp_path) as (_, clients):
        everyone_talks(clients)

        seen = clients[0].texts
        for one in clients:
            assert one.texts == seen
            assert [text for text in seen if text.startswith(one.name)] == sayings(one.name)
            assert one.acknowledged == 20


def test_a_recording_of_everything_shows_no_text_no_name_and_no_password(tmp_path: Path) -> None:
    with room_behind(Mischief(), tmp_path) as (relay, clients):
        everyone_talks(clients)

    recording = b"\n".join(relay.recording)
    assert len(recording) > 10_000
    for secret in (*NAMES, PASSWORD, *PASSWORD.split(), "rahasia", "berkata"):
        assert secret.encode() not in recording
        assert secret.encode("utf-16-le") not in recording
