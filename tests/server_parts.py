"""A server without a network: its core on a real store, and guests whose every frame we choose.

Time stands still until a test lets it pass. A turn ends when the test (or a guest's verb) says so;
what the core sends goes straight to the guests and otherwise to ``strays``.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

from simulated_nodes import cached_prs
from stubborn_shelf import StubbornShelf

from auth import derive_prs
from conversation import PEOPLE, ROOM, Entry, EntryKind, Person, Presence
from crypto import x25519_public
from entering import ClientEntering, EnterAnswer, EnterRequest, HeldLog
from protocol import (
    Address,
    Burst,
    Code,
    Init,
    Job,
    RespPayload,
    Verb,
    decode_data_header,
    encode_object,
)
from protocol_frames import (
    Close,
    EntryPart,
    Frame,
    Ping,
    Pong,
    Post,
    Request,
    Response,
    decode_frames,
)
from protocol_handshake import ClientHandshake, SessionKeys, answer_init
from protocol_requests import Answer, Fields, Requester
from protocol_session import Session
from records import Shelf, Store, StoreFullError
from server_core import ServerCore
from server_events import Event, Happened, HappeningKind
from server_peer import Peer
from settings import Limits, ServerSettings
from storage import Storage
from storage_files import FOLDER_NAME

START = 1_000.0  # monotonic seconds
FIRST_UTC = 1_800_000_000_000  # UTC milliseconds then
PASSWORD = "merah jambu kuda laut"


class Chance:
    """Random bytes that are the same in every run."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(f"{self._label} {self._count}".encode()).digest(size)


class PowerCut(BaseException):
    """The computer is gone: nothing catches this."""


class StubbornStore:
    """A real store whose disk is full, or whose computer dies, whenever a test says so.

    ``full`` names the methods for which there is no room; ``deadly`` those that are the last thing
    to happen; ``journal`` all that were called.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.full: set[str] = set()
        self.deadly: set[str] = set()
        self.journal: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.storage, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self.journal.append(name)
            if name.removeprefix("begin_") in self.full:
                raise StoreFullError("no room")
            if name in self.deadly:
                raise PowerCut
            return found(*arguments, **named)

        return call


def open_store(folder: Path, label: str = "store") -> StubbornStore:
    """The store in a folder."""
    return StubbornStore(Storage.open(folder, random_bytes=Chance(label), now_utc_ms=FIRST_UTC))


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The same for as long as a test needs it."""
    stubborn = open_store(folder)
    try:
        yield cast(Store, stubborn)
    finally:
        stubborn.storage.close()


def run_job(job: Job) -> object:
    """What a job comes to; the password's key is worked out once in a test process."""
    run = job.run
    if isinstance(run, partial) and run.func is derive_prs:
        return cached_prs(*run.args)
    return run()


class Room:
    """A server in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        is_watched: bool = False,
        password: str = PASSWORD,
        room_name: str = "Kelas 7B",
    ) -> None:
        self.now = START
        self.clock_offset = 0  # ms by which the wall clock is wrong
        self.events: list[Event] = []
        self.strays: list[tuple[Address, bytes]] = []
        self.held_jobs: list[Job] | None = None  # a list: jobs wait in it
        self.settings = ServerSettings(
            room_name=room_name,
            password=password,
            data=folder,
            limits=limits or Limits(),
            is_watched=is_watched,
        )
        self._guests: dict[Address, Guest] = {}
        self._lives = 0
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.storage.close()
        self.shelf.close()

    # --- the program ---

    def start(self) -> None:
        """Runs on what is on disk."""
        self._lives += 1
        self.store = open_store(self.settings.data, f"store {self._lives}")
        self.shelf = StubbornShelf(self.settings.data / FOLDER_NAME)
        self.core = ServerCore(
            self.settings,
            cast(Store, self.store),
            cast(Shelf, self.shelf),
            static_private=self.store.storage.identity.static_private,
            reset_key=self.store.storage.identity.reset_key,
            random_bytes=Chance(f"server {self._lives}"),
            wall_clock=self.wall_clock,
            now=self.now,
        )
        self.end_turn()

    def restart(self) -> None:
        """kill -9, then the next start; what was not committed is gone."""
        self.store.storage.rollback()
        self.store.storage.close()
        self.shelf.close()
        self.start()

    def wall_clock(self) -> int:
        return FIRST_UTC + round((self.now - START) * 1000) + self.clock_offset

    def command(self, command: Any) -> None:
        """The operator's wish, in a turn of its own."""
        self.core.handle_command(command, self.now)
        self.end_turn()

    # --- time ---

    def end_turn(self) -> None:
        """Fires what is due, sends, hands out events, runs jobs."""
        timer = self.core.next_timer()
        if timer is not None and timer <= self.now:
            self.core.handle_timer(self.now)
        self.deliver(list(self.core.bursts_to_send(self.now)))
        while (event := self.core.next_event()) is not None:
            self.events.append(event)
        results = False
        while (job := self.core.next_job()) is not None:
            if self.held_jobs is not None:
                self.held_jobs.append(job)
            else:
                self.core.handle_result(job.key, run_job(job), self.now)
                results = True
        if results:
            self.end_turn()

    def pass_time(self, seconds: float) -> None:
        """Lets time pass, with a turn for each timer."""
        end = self.now + seconds
        for _ in range(100_000):
            timer = self.core.next_timer()
            if timer is None or timer > end:
                break
            self.now = max(self.now, timer)
            self.end_turn()
        else:
            raise AssertionError("a timer is always due")
        self.now = end
        self.end_turn()

    # --- the network ---

    def deliver(self, bursts: list[Burst]) -> None:
        for burst in bursts:
            for datagram in burst.datagrams:
                guest = self._guests.get(burst.address)
                if guest is None or not guest.receive(datagram, burst.address):
                    self.strays.append((burst.address, datagram))

    def receive(self, datagram: bytes, address: Address) -> None:
        """One datagram from anywhere, in a turn of its own."""
        self.core.receive_datagram(datagram, address, self.now)
        self.end_turn()

    def place(self, guest: "Guest", address: Address) -> None:
        """What is sent there reaches this guest."""
        self._guests[address] = guest

    def take_strays(self) -> list[tuple[Address, bytes]]:
        """What went to nobody since the last call."""
        strays, self.strays = self.strays, []
        return strays

    def guest(self, host: str = "10.0.0.2", port: int = 0) -> "Guest":
        """Somebody at an address, who has said nothing yet."""
        return Guest(self, (host, port or 50_000 + len(self._guests)))

    def comes(self, name: str, host: str = "10.0.0.2") -> "Guest":
        """Somebody new who is in the room."""
        guest = self.guest(host)
        guest.shake_hands()
        guest.prove()
        assert guest.enter(name).code is Code.OK
        return guest

    # --- what an operator sees ---

    def saw(self, kind: type[Any]) -> list[Any]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def happened(self) -> list[HappeningKind]:
        """The lines of the operator's log."""
        return [event.kind for event in self.events if isinstance(event, Happened)]


class Guest:
    """A client made by hand; see server_parts.Room."""

    def __init__(self, room: Room, address: Address) -> None:
        self.room = room
        self.address = address
        self.frames: list[Frame] = []
        self.received: list[bytes] = []  # datagrams
        self.answers: list[Answer] = []
        self.is_deaf = False
        self.chance = Chance(f"guest {address}")
        self.stream = self.chance(16)
        self.entered: EnterAnswer | None = None
        self.payload: RespPayload | None = None
        self.session: Session
        self._requester = Requester()
        self._handshake: ClientHandshake | None = None
        self._drafts = 0
        room.place(self, address)

    # --- handshake ---

    def init(self) -> bytes:
        """The INIT of a new handshake, without a cookie."""
        self._handshake = ClientHandshake(self.chance)
        self._requester = Requester()
        self.payload = None
        return self._handshake.init()

    def init_again(self) -> bytes:
        """The INIT of the same handshake, with the newest cookie."""
        assert self._handshake is not None
        return self._handshake.init()

    def shake_hands(self) -> bool:
        """Whether the server made a session with us; it hears a PING, as from any client."""
        self.room.receive(self.init(), self.address)
        self.room.receive(self.init_again(), self.address)
        if self.payload is not None:
            self.session.queue_ping(self.room.now)
            self.send()
        return self.payload is not None

    def receive(self, datagram: bytes, address: Address) -> bool:
        """The network brings something; whether it was for us."""
        self.received.append(datagram)
        if self.is_deaf:
            return True
        handshake = self._handshake
        match datagram[3]:
            case 0x02 if handshake is not None:
                return handshake.receive_retry(datagram)
            case 0x03 if handshake is not None and self.payload is None:
                self._begin(*handshake.receive_resp(datagram))
                return True
            case 0x11 if self.payload is not None:
                return self._open(datagram, address)
        return False

    def _begin(self, keys: SessionKeys, payload: RespPayload) -> None:
        self.session = Session(
            keys,
            is_server=False,
            address=("server", 1),
            random_bytes=self.chance,
            now=self.room.now,
        )
        self.payload = payload

    def _open(self, datagram: bytes, address: Address) -> bool:
        session_id, number = decode_data_header(datagram)
        if session_id != self.session.receive_id:
            return False
        plaintext = self.session.open(datagram, number, ("server", 1), self.room.now)
        assert plaintext is not None, "the server sealed what does not open"
        for frame in decode_frames(plaintext):
            self.frames.append(frame)
            if isinstance(frame, Response):
                answer = self._requester.receive(frame)
                if answer is not None:
                    self.answers.append(answer)
        return True

    # --- frames ---

    def seal(self, *frames: bytes) -> list[bytes]:
        """Datagrams as we would send them."""
        for frame in frames:
            self.session.queue(frame)
        return [d for burst in self.session.take_bursts(self.room.now) for d in burst.datagrams]

    def put(self, *frames: bytes, source: Address | None = None) -> None:
        """The server receives frames, and its turn goes on."""
        for datagram in self.seal(*frames):
            self.room.core.receive_datagram(datagram, source or self.address, self.room.now)

    def send(self, *frames: bytes, source: Address | None = None) -> None:
        """The server receives frames, and its turn ends."""
        self.put(*frames, source=source)
        self.room.end_turn()

    def take(self, kind: type[Any]) -> list[Any]:
        """The frames of one kind since the last call."""
        taken = [frame for frame in self.frames if isinstance(frame, kind)]
        self.frames = [frame for frame in self.frames if not isinstance(frame, kind)]
        return taken

    @property
    def closed(self) -> list[Close]:
        """The CLOSE frames that came."""
        return [frame for frame in self.frames if isinstance(frame, Close)]

    def post(
        self,
        text: str,
        draft: int = 0,
        oldest: int = 0,
        conversation: int = 1,
        kind: int = EntryKind.TEXT,
    ) -> bytes:
        """The POST of the next draft, or of a certain one."""
        self._drafts = draft or self._drafts + 1
        oldest = oldest or self._drafts
        return Post(self._drafts, oldest, conversation, kind, 0, 1, text.encode()).encode()

    def say(self, *texts: str) -> None:
        """Drafts, each in a turn of its own."""
        for text in texts:
            self.send(self.post(text))

    # --- requests ---

    def request(self, verb: int, fields: Fields) -> bytes:
        """The REQUEST, for sending with something else."""
        self._requester.ask(cast(Verb, verb), fields, self.room.now)
        (frame,) = self._requester.frames_due(self.room.now, self.session.round_trip, False)
        return frame

    def ask(self, verb: int, fields: Fields, within: float = 0.05) -> Answer | None:
        """The answer to one request, if it comes."""
        before = len(self.answers)
        self.send(self.request(verb, fields))
        if len(self.answers) == before:
            self.room.pass_time(within)
        return self.answers[-1] if len(self.answers) > before else None

    def proof(self, password: str = PASSWORD) -> ClientEntering:
        """Our end of the password exchange."""
        assert self.payload is not None
        return ClientEntering(
            handshake_hash=self.session.handshake_hash,
            server_key=self.session.server_key,
            prs=cached_prs(password, self.payload.room_id),
            random_bytes=self.chance,
        )

    def prove(self, password: str = PASSWORD) -> Code | None:
        """How the server took our proof of the password."""
        entering = self.proof(password)
        step: tuple[Verb, Fields] | None = entering.first()
        while step is not None:
            answer = self.ask(*step)
            if answer is None or answer.code is not Code.OK:
                return None if answer is None else answer.code
            step = entering.receive(answer)
        return Code.OK

    def wish(
        self,
        name: str | None,
        token: bytes | None = None,
        *,
        once: bytes | None = None,
        logs: tuple[HeldLog, ...] = (),
    ) -> Fields:
        """The fields of ENTER."""
        request = EnterRequest(once or self.chance(16), self.stream, name, token, logs)
        return request.encode()

    def enter(
        self,
        name: str | None,
        token: bytes | None = None,
        *,
        once: bytes | None = None,
        logs: tuple[HeldLog, ...] = (),
    ) -> Answer:
        """The answer to ENTER."""
        answer = self.ask(Verb.ENTER, self.wish(name, token, once=once, logs=logs))
        assert answer is not None
        if answer.code is Code.OK:
            self.entered = EnterAnswer.decode(answer.fields)
        return answer

    def comes_back(self, name: str | None, *, logs: tuple[HeldLog, ...] = ()) -> Answer:
        """A new session, with the token of the old one."""
        assert self.entered is not None
        token = self.entered.token
        assert self.shake_hands()
        assert self.prove() is Code.OK
        return self.enter(name, token, logs=logs)

    @property
    def person(self) -> int:
        """Who we are."""
        assert self.entered is not None
        return self.entered.person

    @property
    def token(self) -> bytes:
        """What brings us back."""
        assert self.entered is not None
        return self.entered.token


class FarEnd:
    """A ``Peer`` of the server for parts of it, with the other end of its session in our hands."""

    def __init__(self, host: str = "10.0.0.2", port: int = 5000, now: float = START) -> None:
        self.now = now
        chance = Chance(f"far end {host}:{port}")
        static = chance(32)
        handshake = ClientHandshake(chance)
        init = handshake.init()

        session_id = int.from_bytes(chance(8), "big")
        resp, keys = answer_init(
            Init.decode(init),
            RespPayload(session_id, bytes(16), bytes(16), 1, "Kelas 7B"),
            static_private=static,
            server_key=x25519_public(static),
            random_bytes=chance,
        )
        ours, _ = handshake.receive_resp(resp)
        address = (host, port)
        near = Session(keys, is_server=True, address=address, random_bytes=chance, now=now)
        self.peer = Peer(near, keys.server_key)
        self.session = Session(
            ours, is_server=False, address=("server", 1), random_bytes=chance, now=now
        )
        self.answers: list[Answer] = []
        self._requester = Requester()

    def frames(self) -> list[Frame]:
        """What the server has sent since the last call."""
        return self.opened(self.peer.session.take_bursts(self.now))

    def opened(self, bursts: Iterable[Burst]) -> list[Frame]:
        """What is in datagrams that were sealed for us."""
        frames: list[Frame] = []
        for burst in bursts:
            for datagram in burst.datagrams:
                _, number = decode_data_header(datagram)
                plaintext = self.session.open(datagram, number, ("server", 1), self.now)
                assert plaintext is not None
                frames += decode_frames(plaintext)
        return frames

    def took(self, kind: type[Any]) -> list[Any]:
        """What the server has sent of one kind; the others are forgotten."""
        return [frame for frame in self.frames() if isinstance(frame, kind)]


def request(number: int, verb: int, fields: Fields) -> Request:
    """A REQUEST as the server gets it."""
    return Request(number, verb, encode_object(fields))


def limits(**changes: Any) -> Limits:
    """The usual limits but for some."""
    return replace(Limits(), **changes)


# --- what guests and the disk tell ---


def log(room: Room) -> list[str]:
    """What stands on disk, a line for each entry."""
    stored = room.store.storage.read(ROOM, 1, 10_000, 1 << 24)
    entries = [Entry.decode(one.body) for one in stored]
    return [
        entry.text if entry.kind is EntryKind.TEXT else f"{entry.name} {entry.kind.name.lower()}"
        for entry in entries
    ]


def pushed(guest: Guest) -> list[str]:
    """Texts that came to somebody since the last call."""
    parts = [part for part in guest.take(EntryPart) if part.conversation == ROOM]
    return [Entry.decode(part.body).text for part in parts if Entry.decode(part.body).text]


def changes(guest: Guest) -> list[tuple[str, Presence]]:
    """Who came, changed and left, as told to somebody since the last call."""
    parts = [part for part in guest.take(EntryPart) if part.conversation == PEOPLE]
    people = [Person.decode(part.body)[1] for part in parts]
    return [(person.name, person.presence) for person in people]


def keep_alive(room: Room, seconds: float, *guests: Guest) -> None:
    """Time passes, and these say something every ten seconds."""
    for _ in range(int(seconds / 10)):
        room.pass_time(10)
        for guest in guests:
            guest.send(Ping(1).encode())


def half_open(room: Room, host: str) -> Guest:
    """Somebody whose handshake was answered and who has said nothing since."""
    guest = room.guest(host)
    room.receive(guest.init(), guest.address)
    room.receive(guest.init_again(), guest.address)
    assert guest.payload is not None
    return guest


def is_alive(guest: Guest) -> bool:
    """Whether the server still knows a session."""
    guest.frames.clear()
    guest.room.pass_time(1)  # RESETs are few
    guest.room.take_strays()
    guest.send(Ping(7).encode())
    return bool(guest.take(Pong))
