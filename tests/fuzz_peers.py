"""Cores under fuzzing: what arrives from anybody, and what arrives under the seal of a peer.

Any change to a sealed datagram fails its tag, so what is inside is fuzzed by peers that hold keys:
a member who knows the password, and a server that does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from server_parts import PASSWORD, Chance, Guest, Room, limits, run_job
from shelf_parts import NO_DISK
from simulated_nodes import cached_prs

from client_core import ClientCore
from client_events import (
    AskGroups,
    Entered,
    EntryArrived,
    Join,
    LoadOlder,
    MarkRead,
    Say,
)
from client_model import ClientModel
from conversation import ROOM, Entry, EntryKind, FileNote, Person, Presence
from crypto import x25519_public
from entering import EnterAnswer, EnterRequest, HeldLog, OfferedLog, ServerEntering
from protocol import (
    Address,
    CloseCode,
    Code,
    DatagramType,
    Init,
    JsonValue,
    PeerError,
    Reset,
    RespPayload,
    Verb,
    datagram_type,
    decode_data_header,
    decode_object,
    encode_data_header,
    encode_object,
)
from protocol_frames import (
    Chunk,
    Close,
    EntryPart,
    Frame,
    Have,
    Heads,
    PathChallenge,
    Ping,
    Pong,
    Post,
    Posted,
    Pull,
    Reached,
    ReadTo,
    Refused,
    Request,
    Response,
    Typing,
    Want,
    decode_frames,
)
from protocol_handshake import answer_init
from protocol_packing import pad
from protocol_requests import Fields
from protocol_session import Session
from settings import Limits
from settings_client import Run as SavedRun

LOOSE = limits(
    handshakes_per_address=1e9,
    handshake_burst=1e9,
    handshakes_in_all=1e9,
    half_open_per_address=1000,
)
SERVER: Address = ("10.0.0.1", 8083)
ROOM_ID = bytes(range(16))
_LIVE = b"\xa1" * 8  # in an input: the id of a session that lives
_CHECK_EVERY = 200  # inputs between two looks at whether somebody else is still served


def frames_seeds() -> list[bytes]:
    """Plaintexts with one frame of each type, as a peer would send them."""
    entry = Entry(b"tagtagta", EntryKind.TEXT, 1_800_000_000_000, 7, "Ana", "halo").encode()
    person = Person(9, "Budi", Presence.HERE).encode(0)
    enter = EnterRequest(bytes(16), bytes(16), "Budi", None, (HeldLog(1, 0, bytes(8)),))
    people: Fields = {"epoch": "0" * 16, "after": 0, "start": "0" * 16}
    file = sha256(bytes(3072) + b"end").digest()
    offer: Fields = {"conversation": 1, "file": file.hex(), "size": 3075, "name": "a.png"}
    frames: list[Frame] = [
        Ping(1),
        Pong(1, 5, 4),
        PathChallenge(b"12345678"),
        Close(CloseCode.EXIT),
        Request(1, Verb.PEOPLE, encode_object(people)),
        Request(1, Verb.LACKING, b'{"conversation":1,"number":1}'),
        Request(1, Verb.ENTER, encode_object(enter.encode())),
        Request(1, Verb.PAKE1, b'{"ya":"%s"}' % (b"09" + b"00" * 31)),
        Request(1, Verb.PAKE2, b'{"ta":"%s"}' % (b"00" * 64)),
        Request(1, Verb.EXIT, b"{}"),
        Request(1, Verb.OFFER, encode_object(offer)),
        Request(1, Verb.DROP, encode_object({"file": file.hex()})),
        Request(1, Verb.FILES, b'{"conversation":1,"before":0}'),
        Want(file, 1000, ((0, 2), (3, 1)), 7),
        Want(file, 0, ()),
        Chunk(file, 0, bytes(2048)),
        Chunk(file, 3, b"end"),
        Post(3, 1, 1, EntryKind.FILE, 0, 1, FileNote(file, 3075, "a.png").encode().encode()),
        Response(1, 0, 1, Code.OK, b"{}"),
        Response(4, 0, 1, Code.OK, b'{"epoch":"%s","version":0,"people":[]}' % (b"0" * 16)),
        Post(1, 1, 1, EntryKind.TEXT, 0, 1, b"halo"),
        Post(2, 1, 1, EntryKind.TEXT, 0, 2, bytes(1000)),
        Posted(1, 1, 1, 5),
        Refused(1, Code.MUTED),
        EntryPart(1, 1, 0, 1, entry),
        EntryPart(1, 3, 1, 2, entry),
        EntryPart(0, 1, 0, 1, person),
        Heads(((1, 5), (0, 2))),
        Pull(1, 1, 0, 5),
        Have(((1, 1),)),
        Typing(1),
        Typing(1, 9),
        Reached(((1, 1),)),
        ReadTo(1, 1),
    ]
    return [frame.encode() for frame in frames]


class SealedToServer:
    """A server to which somebody seals anything; another person meanwhile is served as ever.

    The first byte of an input says how far in the sender is.
    """

    def __init__(self, folder: Path) -> None:
        self.room = Room(folder, limits=LOOSE)
        self.witness = self.room.comes("Ana", "10.0.3.1")
        self._senders: dict[int, Guest] = {}
        self._count = 0

    def run(self, made: bytes) -> None:
        self._count += 1
        guest = self._sender(made[0] % 3 if made else 0)
        guest.session.queue_plaintexts([made[1:]])
        guest.send()
        self.room.pass_time(0.001)
        if self._count % _CHECK_EVERY == 0:
            self.check()

    def check(self) -> None:
        """Others are served, and what is stored can be read."""
        room, witness = self.room, self.witness
        room.pass_time(5.0)
        witness.frames.clear()
        witness.say(f"masih di sini {self._count}")
        assert witness.take(Posted), "somebody else is not served any more"
        head = room.store.head(ROOM).number
        last = room.store.read(ROOM, head, head, 1)
        assert Entry.decode(last[0].body).text == f"masih di sini {self._count}"
        room.events.clear()
        room.strays.clear()

    def _sender(self, depth: int) -> Guest:
        guest = self._senders.get(depth)
        if guest is None or guest.closed or self._count % 500 == 0:
            guest = self._senders[depth] = self.room.guest(
                "10.0.9.9", 10_000 + self._count % 50_000
            )
            assert guest.shake_hands()
            if depth:
                assert guest.prove() is Code.OK
            if depth == 2:
                guest.enter(f"Tamu {self._count}")
        guest.frames.clear()
        guest.answers.clear()
        return guest


class WireToServer:
    """A server to which anybody sends anything, from any address."""

    _SOURCES: Sequence[Address] = (("10.0.9.9", 9), ("10.0.3.1", 50_000), ("::1", 7), SERVER)

    def __init__(self, folder: Path) -> None:
        self.room = Room(folder, limits=LOOSE)
        self.witness = self.room.comes("Ana", "10.0.3.1")
        payload = self.witness.payload
        assert payload is not None
        self._live = payload.server_session_id.to_bytes(8, "big")
        self._count = 0

    def run(self, made: bytes) -> None:
        self._count += 1
        source = self._SOURCES[made[0] % 4] if made else SERVER
        self.room.receive(made[1:].replace(_LIVE, self._live), source)
        if self._count % _CHECK_EVERY == 0:
            self.check()

    def check(self) -> None:
        """The person who is here is served, and nobody else got a session's answer."""
        self.room.pass_time(0.5)
        self.witness.frames.clear()
        self.witness.send(Ping(self._count).encode())
        assert [pong.stamp for pong in self.witness.take(Pong)] == [self._count]
        strays = self.room.take_strays()
        assert all(sent[3] != DatagramType.DATA_TO_CLIENT for _, sent in strays)


def wire_seeds() -> list[bytes]:
    """A source, then a datagram; with the id of a living session and with another."""
    init = Init(7, bytes(31) + b"\x09", bytes(24)).encode()
    header = encode_data_header(DatagramType.DATA_TO_SERVER, int.from_bytes(_LIVE, "big"), 3)
    unknown = encode_data_header(DatagramType.DATA_TO_SERVER, 77, 0)
    inwards = encode_data_header(DatagramType.DATA_TO_CLIENT, int.from_bytes(_LIVE, "big"), 3)
    retry = b"Rg\x01\x02" + _LIVE + bytes(24)
    resp = b"Rg\x01\x03" + _LIVE + bytes(200)
    reset = Reset(int.from_bytes(_LIVE, "big"), bytes(16)).encode()
    datagrams = [init, header + bytes(40), unknown + bytes(40), inwards + bytes(60), retry, resp]
    return [bytes([source]) + datagram for datagram in [*datagrams, reset] for source in (0, 1)]


class HostileServer:
    """A server that knows the password, lets a client in and then seals anything to it."""

    def __init__(self, label: str = "", resume: SavedRun | None = None) -> None:
        self.now = 1_000.0
        self.has_entered = False
        self.is_listened_to = True
        self.newest = 0  # number of the newest entry that the client showed
        self.model = ClientModel()
        self.core = ClientCore(
            random_bytes=Chance(f"client {label}"), disk=NO_DISK, limits=Limits()
        )
        self._chance = Chance(f"server {label}")
        self._static = self._chance(32)
        self._key = x25519_public(self._static)
        self.session: Session | None = None
        self.client_id = 0
        self._entering: ServerEntering | None = None
        self.core.handle_command(Join(SERVER, PASSWORD, "Ana", None, resume), self.now)

    def let_in(self, is_all: bool = True) -> None:
        """All the way, or to where the client wants to prove the password."""
        for _ in range(40):
            self.turn(answers=is_all or self.session is None)
            if self.has_entered or (not is_all and self.session is not None):
                break
        assert self.session is not None
        if is_all:
            assert self.has_entered

    def turn(self, *, answers: bool = True) -> None:
        """Lets a moment pass; what the client sends is answered as it should be, or not at all."""
        self.now += 0.01
        core = self.core
        timer = core.next_timer()
        if timer is not None and timer <= self.now:
            core.handle_timer(self.now)
        outgoing = [d for burst in core.bursts_to_send(self.now) for d in burst.datagrams]
        while (event := core.next_event()) is not None:
            self.has_entered |= isinstance(event, Entered)
            if isinstance(event, EntryArrived):
                self.newest = event.number
            self.model.apply(event)
        while (job := core.next_job()) is not None:
            core.handle_result(job.key, run_job(job), self.now)
        for datagram in outgoing:
            if datagram_type(datagram) is DatagramType.INIT:
                self.client_id = Init.decode(datagram).client_id
                self.is_listened_to = self.session is None
            if answers:
                self._answer(datagram)

    def seal(self, plaintext: bytes) -> None:
        """The client receives it."""
        assert self.session is not None
        self.session.queue_plaintexts([plaintext])
        self._flush()

    def _flush(self) -> None:
        assert self.session is not None
        for burst in self.session.take_bursts(self.now):
            for datagram in burst.datagrams:
                self.core.receive_datagram(datagram, SERVER, self.now)

    def _answer(self, datagram: bytes) -> None:
        if datagram_type(datagram) is DatagramType.INIT:
            self._answer_init(Init.decode(datagram))
            return
        session_id, number = decode_data_header(datagram)
        session = self.session
        if session is None or session_id != session.receive_id:
            return
        plaintext = session.open(datagram, number, ("10.0.0.2", 5), self.now)
        for frame in decode_frames(plaintext) if plaintext is not None else []:
            if isinstance(frame, Request):
                code, fields = self._answer_request(frame)
                session.queue(Response(frame.request, 0, 1, code, encode_object(fields)).encode())
            elif isinstance(frame, Ping):
                session.receive_ping(frame)
        self._flush()

    def _answer_init(self, init: Init) -> None:
        session_id = int.from_bytes(self._chance(8), "big")
        resp, keys = answer_init(
            init,
            RespPayload(session_id, ROOM_ID, self._chance(16), 1, "Kelas 7B"),
            static_private=self._static,
            server_key=self._key,
            random_bytes=self._chance,
        )
        self.session = Session(
            keys,
            is_server=True,
            address=("10.0.0.2", 5),
            random_bytes=self._chance,
            now=self.now,
        )
        self._entering = ServerEntering(
            handshake_hash=self.session.handshake_hash, server_key=self._key
        )
        self.core.receive_datagram(resp, SERVER, self.now)

    def _answer_request(self, request: Request) -> tuple[Code, Fields]:
        fields = decode_object(request.fields)
        entering = self._entering
        assert entering is not None
        if request.verb == Verb.PAKE1:
            return Code.OK, entering.share(fields, cached_prs(PASSWORD, ROOM_ID), self._chance(32))
        if request.verb == Verb.PAKE2:
            return Code.OK, entering.check(fields) or {}
        if request.verb == Verb.ENTER:
            log = OfferedLog(ROOM, 5, 2, bytes(8))
            answer = EnterAnswer(7, "Ana", bytes(32), False, 0, (log,), ())
            return Code.OK, answer.encode()
        if request.verb == Verb.PEOPLE:
            row: list[JsonValue] = [f"{7:016x}", "Ana", int(Presence.HERE), False, 0]
            return Code.SNAPSHOT, {"epoch": "0" * 16, "version": 1, "people": [row]}
        if request.verb == Verb.LOGS:
            return Code.OK, {"logs": [], "changed": []}
        return Code.OK, {}


class SealedToClient:
    """A client in which a hostile server may do what it likes but end the program.

    The first byte of an input says whether the client is already in the room.
    """

    def __init__(self) -> None:
        self._servers: dict[bool, HostileServer] = {}
        self._count = 0

    def run(self, made: bytes) -> None:
        self._count += 1
        is_in = not (made and made[0] % 4 == 0)
        server = self._servers.get(is_in)
        if server is None or server.core.is_done or not server.is_listened_to:
            server = self._servers[is_in] = HostileServer(f"{self._count}")
            server.let_in(is_all=is_in)
            server.is_listened_to = True
            if is_in:
                server.core.handle_command(Say(1, ROOM, "halo"), server.now)
                server.core.handle_command(LoadOlder(ROOM, 10), server.now)
                server.core.handle_command(MarkRead(ROOM, 4), server.now)
                server.core.handle_command(AskGroups(2), server.now)
        server.seal(made[1:])
        server.turn(answers=False)
        server.model.rows()
        server.model.people_rows()


class WireToClient:
    """A client in the room, to which anybody sends anything, in anybody's name."""

    _SOURCES: Sequence[Address] = (("10.0.9.9", 9), SERVER)

    def __init__(self) -> None:
        self._server = HostileServer("wire")
        self._server.let_in()
        self._entering = HostileServer("handshake")
        self._entering.turn(answers=False)
        self._count = 0

    def run(self, made: bytes) -> None:
        self._count += 1
        source = self._SOURCES[made[0] % 2] if made else SERVER
        for one in (self._server, self._entering):
            live = one.client_id.to_bytes(8, "big")
            one.core.receive_datagram(made[1:].replace(_LIVE, live), source, one.now)
        if self._count % _CHECK_EVERY == 0:
            self.check()

    def check(self) -> None:
        """The session lives; the other client still wants the right server's answer."""
        server = self._server
        number = 2 + self._count // _CHECK_EVERY
        entry = Entry(bytes(8), EntryKind.TEXT, 1, 9, "Budi", f"{self._count}")
        server.seal(pad(EntryPart(ROOM, number, 0, 1, entry.encode()).encode()))
        server.turn()
        assert server.newest == number, "the server is not heard any more"
        assert not self._entering.core.is_done


@contextmanager
def sealed_to_server(folder: Path) -> Iterator[SealedToServer]:
    target = SealedToServer(folder)
    with target.room:
        yield target


@contextmanager
def wire_to_server(folder: Path) -> Iterator[WireToServer]:
    target = WireToServer(folder)
    with target.room:
        yield target


def resume_in_a_client(run: SavedRun) -> None:
    """What a client does with what an earlier one left on disk."""
    server = HostileServer("resumed", resume=run)
    server.let_in()
    for _ in range(3):
        try:
            server.turn()
        except PeerError:
            return
