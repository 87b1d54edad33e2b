"""People for benchmarks: many light ones in one process, and full ones that check every message.

A light person enters like any other and then opens only the newest datagram of what is waiting,
reporting HAVE from the highest number in it: a Python receiver costs more for each delivery than
the server, and the load generator must not be the bottleneck. A company is a crowd in a process of
its own that steps back whenever the measuring one wants their core.
"""

import multiprocessing
import os
import secrets
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar, Protocol

import rig

from auth import derive_prs
from client_core import ClientCore
from client_disk import ClientDisk
from client_events import Ended, Entered, EntryArrived, Event, Join
from conversation import ROOM, EntryKind
from entering import ClientEntering, EnterAnswer, EnterRequest
from protocol import (
    CloseCode,
    Code,
    DatagramType,
    Job,
    PeerError,
    Reset,
    Verb,
    datagram_type,
    decode_data_header,
)
from protocol_frames import (
    Close,
    EntryPart,
    FrameType,
    Have,
    Heads,
    Ping,
    Posted,
    Pull,
    Refused,
    Response,
    decode_frames,
)
from protocol_handshake import ClientHandshake
from protocol_requests import Requester
from protocol_session import Session
from replication_client import Outbox, have_delay

Address = tuple[str, int]
_FRAME = struct.Struct(">BH")
_ENTRY = struct.Struct(">QQBB")

KEEPALIVE = 10.0  # s, as the client has it
INIT_INTERVAL = 0.5  # s
PAUSE = 0.01  # s a company rests, so that it seldom works while a server serves it


def address_of(index: int) -> str:
    """An address of its own for each person, in 127.0.0.0/8."""
    return f"127.{1 + index // 62500}.{index // 250 % 250}.{1 + index % 250}"


def open_socket(host: str) -> socket.socket:
    """A socket as a person's own computer would have it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((host, 0))
    sock.setblocking(False)
    return sock


class Somebody(Protocol):
    """What a crowd is made of."""

    name: str
    sock: socket.socket
    has_entered: bool

    def drain(self, now: float) -> None: ...
    def send_due(self, now: float) -> None: ...


class SkippingSession(Session):
    """What its owner leaves unopened is not lost, so nothing need be sent twice on its account."""

    def notice_loss(self, now: float) -> None:
        pass


class LightPerson:
    """Enters, listens with half an ear, can say things, and comes back to a server that restarts.

    ``entrances``: how often it came in; ``has_entered`` is False while it is on its way back.
    """

    _prs: ClassVar[dict[bytes, bytes]] = {}  # by room id; everybody has the same password

    def __init__(self, index: int, server: Address, name: str) -> None:
        self.name = name
        self.sock = open_socket(address_of(index))
        self.has_entered = False
        self.entrances = 0
        self.seen = 0  # the highest number seen
        self.said = 0
        self.acknowledged = 0
        self.sent_at: dict[int, float] = {}  # by draft
        self.latencies: list[float] = []  # s from saying to the answer
        self._server = server
        self._outbox = Outbox(secrets.token_bytes(16))
        self._have_delay = have_delay(self._outbox.stream)
        self._token: bytes | None = None
        self._session: Session | None = None
        self._begin_anew()

    # --- entering ---

    def _begin_anew(self) -> None:
        """A first handshake, or one with a server that forgot our session."""
        self.has_entered = False
        self._handshake = ClientHandshake(secrets.token_bytes)
        self._session = None
        self._reset: tuple[int, bytes] | None = None  # what a genuine RESET says
        self._requester = Requester()
        self._entering: ClientEntering | None = None
        self._outbox.resend_all()
        self._due = 0.0  # of the next INIT
        self._reported = 0
        self._report_at = 0.0
        self._ping_at = 0.0

    def receive(self, datagram: bytes, now: float) -> None:
        """One datagram while entering, or the newest one afterwards."""
        try:
            match datagram_type(datagram):
                case DatagramType.RETRY:
                    if self._handshake.receive_retry(datagram):
                        self._due = 0.0
                case DatagramType.RESP if self._session is None:
                    self._begin(datagram, now)
                case DatagramType.DATA_TO_CLIENT:
                    self._receive_data(datagram, now)
                case DatagramType.RESET:
                    reset = Reset.decode(datagram)
                    if (reset.session_id, reset.token) == self._reset:
                        self._begin_anew()
                case _:
                    return
        except PeerError:
            return

    def _begin(self, datagram: bytes, now: float) -> None:
        keys, payload = self._handshake.receive_resp(datagram)
        self._session = SkippingSession(
            keys,
            is_server=False,
            address=self._server,
            random_bytes=secrets.token_bytes,
            now=now,
        )
        self._reset = (payload.server_session_id, payload.reset_token)
        if payload.room_id not in self._prs:
            self._prs[payload.room_id] = derive_prs(rig.PASSWORD, payload.room_id)
        self._entering = ClientEntering(
            handshake_hash=keys.handshake_hash,
            server_key=keys.server_key,
            prs=self._prs[payload.room_id],
            random_bytes=secrets.token_bytes,
        )
        self._requester.ask(*self._entering.first(), now)

    def _receive_data(self, datagram: bytes, now: float) -> None:
        session = self._session
        session_id, number = decode_data_header(datagram)
        if session is None or session_id != session.receive_id:
            return
        plaintext = session.open(datagram, number, self._server, now)
        if plaintext is None:
            return
        for frame in decode_frames(plaintext):
            match frame:
                case Response():
                    self._receive_response(frame, now)
                case EntryPart():
                    self._receive_entry(frame)
                case Heads():
                    self.seen = max(self.seen, dict(frame.numbers).get(ROOM, 0))
                    self._reported = 0
                case Posted() | Refused():
                    self._receive_answer(frame, now)
                case Ping():
                    session.receive_ping(frame)
                case Close():
                    self._receive_close(frame)
                    return
                case _:
                    pass

    def _receive_entry(self, part: EntryPart) -> None:
        if part.conversation == ROOM:
            self.seen = max(self.seen, part.number)

    def _receive_close(self, close: Close) -> None:
        if close.code != CloseCode.IDLE:
            raise RuntimeError(f"{self.name} was sent away: {close.code} {close.text}")
        self._begin_anew()  # so many came at once that it took too long

    def _receive_response(self, frame: Response, now: float) -> None:
        answer = self._requester.receive(frame)
        if answer is None or self._entering is None:
            return
        if answer.code is not Code.OK:
            raise RuntimeError(f"{self.name} was refused: {answer.code.name}")
        if answer.verb is Verb.ENTER:
            entered = EnterAnswer.decode(answer.fields)
            self.seen, self._token = entered.logs[0].head, entered.token
            self.has_entered = True
            self.entrances += 1
            self._ping_at = now + KEEPALIVE
            return
        step = self._entering.receive(answer)
        if step is not None:
            self._requester.ask(*step, now)
            return
        once, stream = secrets.token_bytes(16), self._outbox.stream
        wish = EnterRequest(once, stream, self.name, self._token, ())
        self._requester.ask(Verb.ENTER, wish.encode(), now)

    # --- being here ---

    def say(self, text: str, now: float) -> None:
        """Queues a draft; ``send_due`` sends it."""
        draft = self._outbox.add(ROOM, EntryKind.TEXT, text, None)
        self.sent_at[draft] = now
        self.said += 1

    def _receive_answer(self, frame: Posted | Refused, now: float) -> None:
        if self._outbox.answered(frame.draft) is not None:
            self.latencies.append(now - self.sent_at.pop(frame.draft))
            self.acknowledged += 1

    @property
    def waiting(self) -> int:
        """Drafts without an answer."""
        return self.said - self.acknowledged

    def drain(self, now: float) -> None:
        """Takes everything that is waiting, opens the newest datagram (all while entering)."""
        newest: bytes | None = None
        receive = self.sock.recv
        while True:
            try:
                datagram = receive(65535)
            except BlockingIOError:
                break
            if not self.has_entered or self.waiting:
                self.receive(datagram, now)
            else:
                newest = datagram
        if newest is not None:
            self.receive(newest, now)

    def send_due(self, now: float) -> None:
        """Whatever it is time for."""
        session = self._session
        if session is None:
            if self._due <= now:
                self.sock.sendto(self._handshake.init(), self._server)
                self._due = now + INIT_INTERVAL
            return
        for frame in self._requester.frames_due(now, session.round_trip, False):
            session.queue(frame)
        if self.has_entered:
            for frame in self._outbox.frames_due(now, session.round_trip, False):
                session.queue(frame)
            self._report(session, now)
            if self._ping_at <= now:
                session.queue_ping(now)
                self._ping_at = now + KEEPALIVE
        for burst in session.take_bursts(now):
            for datagram in burst.datagrams:
                self.sock.sendto(datagram, self._server)

    def _report(self, session: Session, now: float) -> None:
        if self.seen == self._reported:
            self._report_at = now + self._have_delay  # from when there is something to report
        elif session.has_frames or self._report_at <= now:
            session.queue(Have(((ROOM, self.seen),)).encode())
            self._reported = self.seen


class Checker(LightPerson):
    """Opens everything and checks that each entry comes once and in order, as lean as can be."""

    texts = 0
    have = 0

    def drain(self, now: float) -> None:
        """Takes everything that is waiting and looks at each frame."""
        while True:
            try:
                datagram = self.sock.recv(65535)
            except BlockingIOError:
                return
            if self.has_entered:
                self._check(datagram, now)
            else:
                self.receive(datagram, now)
                self.have = self.seen

    def _check(self, datagram: bytes, now: float) -> None:
        session, number = self._session, int.from_bytes(datagram[12:20], "big")
        plaintext = session.open(datagram, number, self._server, now) if session else None
        place, size = 0, len(plaintext or b"")
        while session is not None and plaintext is not None and place < size and plaintext[place]:
            kind, length = _FRAME.unpack_from(plaintext, place)
            if kind == FrameType.ENTRY:
                conversation, entry, part, _ = _ENTRY.unpack_from(plaintext, place + 3)
                if conversation == ROOM and part == 0:
                    self._check_entry(session, entry, plaintext[place + 29])
            elif kind == FrameType.HEADS:
                self._reported = 0
            elif kind == FrameType.PING:
                session.receive_ping(Ping.decode(plaintext[place + 3 : place + 3 + length]))
            place += 3 + length

    def _check_entry(self, session: Session, number: int, kind: int) -> None:
        if number == self.have + 1:
            self.have = self.seen = number
            self.texts += kind == EntryKind.TEXT
        elif number > self.have:  # a datagram was lost: go on from there
            session.queue(Pull(ROOM, self.have + 1, 0, number).encode())


NO_DISK = ClientDisk(Path(os.devnull), lambda: 0)  # nobody here has files


class FullPerson:
    """A real client core on a socket: holds every entry, in order, and says so.

    ``host``: the own address, if not one of loopback by ``index``.
    """

    def __init__(self, index: int, server: Address, name: str, host: str = "") -> None:
        self.name = name
        self.sock = open_socket(host or address_of(index))
        self.has_entered = False
        self.entrances = 0
        self.on_entry: Callable[[EntryArrived, float], None] | None = None
        self.numbers: list[int] = []
        self.texts = 0
        self._results: SimpleQueue[tuple[int, object]] = SimpleQueue()
        self._core = ClientCore(random_bytes=secrets.token_bytes, disk=NO_DISK)
        self._core.handle_command(Join(server, rig.PASSWORD, name), time.monotonic())

    @property
    def seen(self) -> int:
        return self.numbers[-1] if self.numbers else 0

    def command(self, command: object, now: float) -> None:
        self._core.handle_command(command, now)  # type: ignore[arg-type]

    def drain(self, now: float) -> None:
        while True:
            try:
                datagram, source = self.sock.recvfrom(65535)
            except BlockingIOError:
                break
            self._core.receive_datagram(datagram, source, now)
        self._take_events(now)  # before sending, as the client's driver does

    def send_due(self, now: float) -> None:
        while (job := self._core.next_job()) is not None:
            threading.Thread(target=self._work, args=(job,)).start()
        while not self._results.empty():
            self._core.handle_result(*self._results.get(), now)
        timer = self._core.next_timer()
        if timer is not None and timer <= now:
            self._core.handle_timer(now)
        for burst in self._core.bursts_to_send(now):
            for datagram in burst.datagrams:
                self.sock.sendto(datagram, burst.address)
        self._take_events(now)

    def _take_events(self, now: float) -> None:
        while (event := self._core.next_event()) is not None:
            self._take(event, now)

    def _work(self, job: Job) -> None:
        """The password's scrypt: on a thread, or round trips would be measured through it."""
        self._results.put((job.key, job.run()))

    def _take(self, event: Event, now: float) -> None:
        match event:
            case Entered():
                self.has_entered = True
                self.entrances += 1
            case EntryArrived():
                if self.numbers and event.number != self.numbers[-1] + 1:
                    raise RuntimeError(f"{self.name}: a hole before {event.number}")
                self.numbers.append(event.number)
                self.texts += event.entry.kind is EntryKind.TEXT
                if self.on_entry is not None:
                    self.on_entry(event, now)
            case Ended():
                raise RuntimeError(f"{self.name} ended: {event.reason}")
            case _:
                pass


class BarePerson:
    """Somebody at the bare UDP server: has no session, loses what is lost."""

    def __init__(self, index: int, server: Address, name: str) -> None:
        self.name = name
        self.sock = open_socket(address_of(index))
        self.has_entered = False
        self.on_text: Callable[[str], None] | None = None
        self._server = server
        self._due = 0.0

    def say(self, text: str) -> None:
        """Goes out at once."""
        with suppress(BlockingIOError):  # the server's buffer is full: lost
            self.sock.sendto(text.encode(), self._server)

    def drain(self, now: float) -> None:
        """Takes everything that is waiting."""
        while True:
            try:
                datagram = self.sock.recv(65535)
            except BlockingIOError:
                return
            if datagram == b"joined":
                self.has_entered = True
            elif self.on_text is not None:
                self.on_text(datagram.decode())

    def send_due(self, now: float) -> None:
        """Joins, again and again until it is let in."""
        if not self.has_entered and self._due <= now:
            self.sock.sendto(b"join", self._server)
            self._due = now + INIT_INTERVAL


class Crowd:
    """Everybody of one process, in one loop."""

    def __init__(self, people: Iterable[Somebody] = ()) -> None:
        self.people: list[Somebody] = []
        self._selector = selectors.DefaultSelector()
        self._sweep_at = 0.0
        for person in people:
            self.add(person)

    def add(self, person: Somebody) -> None:
        self.people.append(person)
        self._selector.register(person.sock, selectors.EVENT_READ, person)

    def turn(self, patience: float = 0.002) -> float:
        """One round; the time at its beginning. Timers are looked at every 5 ms, or as often as
        costs a fifth of our time."""
        ready = self._selector.select(patience)
        now = time.monotonic()
        touched: list[Somebody] = [key.data for key, _ in ready]
        for person in touched:
            person.drain(now)
        if now >= self._sweep_at:
            self._sweep_at = now + max(0.005, len(self.people) * 20e-6)
            touched = self.people
        for person in touched:
            person.send_due(now)
        return now

    def run(self, seconds: float) -> None:
        """Lets things take their course."""
        end = time.monotonic() + seconds
        while self.turn() < end:
            pass

    def enter(self, timeout: float = 60.0) -> float:
        """Seconds until everybody was in."""
        begin = time.monotonic()
        while not all(person.has_entered for person in self.people):
            if self.turn() - begin > timeout:
                missing = sum(not person.has_entered for person in self.people)
                raise TimeoutError(f"{missing} of {len(self.people)} could not enter")
        return time.monotonic() - begin

    def close(self) -> None:
        self._selector.close()
        for person in self.people:
            person.sock.close()


class Company:
    """A crowd in a process of its own. ``make``: a person by index."""

    def __init__(self, make: Callable[[int], Somebody]) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_keep_company, args=(theirs, make), daemon=True)
        self._process.start()
        theirs.close()

    def enter(self, indices: Iterable[int], crowd: Crowd) -> None:
        """Lets more of them in, while our own crowd lives on."""
        self._pipe.send(list(indices))
        while not self._pipe.poll():
            crowd.turn()
        self._pipe.recv()  # EOFError: it ended, and told why

    def close(self) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _keep_company(pipe: Connection, make: Callable[[int], Somebody]) -> None:
    """What the other process does until it is ended, or ours has ended."""
    rig.use_generator_cpu()
    with suppress(OSError):
        rig.step_back()
    crowd = Crowd()
    parent, look_at = os.getppid(), 0.0
    while os.getppid() == parent:
        time.sleep(PAUSE)
        now = crowd.turn(0.0)
        if now < look_at:
            continue
        look_at = now + 0.01
        if pipe.poll():
            indices: list[int] = pipe.recv()
            for index in indices:
                crowd.add(make(index))
            crowd.enter()
            pipe.send(len(indices))
