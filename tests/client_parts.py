"""A client's core without a network, and a server made by hand whose every answer a test chooses.

By default the server knows the password, lets everyone in and answers at once. Time stands still
until a test lets it pass; a turn of the core ends after whatever a test hands to it.
"""

from collections.abc import Callable
from typing import Any

from server_parts import PASSWORD, START, Chance, run_job
from shelf_parts import NO_DISK
from simulated_nodes import cached_prs

from belonging import LogsAnswer, LogsRequest, OfferedConversation
from client_core import ClientCore
from client_events import Command, Connection, ConnectionChanged, Ended, Event, Join
from client_file_moves import Disk
from conversation import (
    FIRST_CHAIN,
    NO_TAG,
    ROOM,
    ConversationKind,
    Entry,
    EntryKind,
    Person,
    Presence,
)
from crypto import x25519_public
from entering import EnterAnswer, OfferedLog, ServerEntering
from protocol import (
    RESPONSE_PART,
    Burst,
    CloseCode,
    Code,
    DatagramType,
    Init,
    Job,
    JsonValue,
    PeerError,
    Reset,
    RespPayload,
    Verb,
    datagram_type,
    decode_data_header,
    decode_object,
    encode_object,
)
from protocol_frames import (
    Close,
    EntryPart,
    Frame,
    Ping,
    Pong,
    Post,
    Posted,
    Request,
    Response,
    decode_frames,
    split_parts,
)
from protocol_handshake import answer_init
from protocol_requests import Fields
from protocol_session import Session
from settings import Limits
from settings_client import Run
from settings_files import Unfinished

SERVER = ("10.0.0.1", 8083)
EPOCH = 7
ME = 99
BUDI = Person(8, "Budi", Presence.HERE)
FIRST_UTC = 1_800_000_000_000

Reply = tuple[Code, Fields] | None


def entry(number: int, text: str = "", *, name: str = "Budi", conversation: int = ROOM) -> bytes:
    """The ENTRY of somebody else's text."""
    said = Entry(NO_TAG, EntryKind.TEXT, FIRST_UTC + number, 8, name, text or f"nomor {number}")
    (body,) = split_parts(said.encode(), 1100)
    return EntryPart(conversation, number, 0, 1, body).encode()


def private(
    conversation: int, name: str = "Budi", *, person: int = 8, head: int = 0, read: int = 0
) -> OfferedConversation:
    """A private conversation, as a server tells it."""
    log = OfferedLog(conversation, head, 0, FIRST_CHAIN)
    return OfferedConversation(ConversationKind.PRIVATE, name, person, log, read)


def group(conversation: int, name: str, *, head: int = 1, read: int = 0) -> OfferedConversation:
    """A group, as a server tells it."""
    log = OfferedLog(conversation, head, 0, FIRST_CHAIN)
    return OfferedConversation(ConversationKind.GROUP, name, 0, log, read)


def person_change(version: int, person: Person, epoch: int = EPOCH) -> bytes:
    """The ENTRY of a change of who is here."""
    return EntryPart(0, version, 0, 1, person.encode(epoch)).encode()


class Host:
    """A server for one client. ``replies`` take the place of its own answers, by verb."""

    def __init__(self, *, password: str = PASSWORD, label: str = "host") -> None:
        self.chance = Chance(label)
        self.static = self.chance(32)
        self.key = x25519_public(self.static)
        self.room_id = bytes(16)
        self.prs = cached_prs(password, self.room_id)
        self.replies: dict[Verb, Callable[[Fields], Reply]] = {}
        self.requests: list[tuple[Verb, Fields]] = []
        self.frames: list[Frame] = []
        self.is_silent = False
        self.inits = 0
        self.session: Session | None = None
        self.payload: RespPayload | None = None
        self.offered = (OfferedLog(ROOM, 0, 0, FIRST_CHAIN),)
        self.changed: tuple[int, ...] = ()
        self.others: list[OfferedConversation] = []  # conversations beside the room, ascending
        self.room_read = 0
        self.me = ME
        self.most_logs = 100  # in one answer to LOGS
        self.has_returned = False
        self.token = b"t" * 32
        self.people: tuple[Code, Fields] = self.page(1, Person(ME, "Ana", Presence.HERE))
        self.takes_posts = True
        self.answers_pings = True
        self.largest = 1 << 16  # bytes of a datagram that still arrives
        self._posted: dict[int, int] = {}  # numbers by draft
        self._said: dict[int, int] = {}  # drafts taken, by conversation
        self._entering: ServerEntering | None = None
        self._done: set[int] = set()

    def page(self, version: int, *people: Person, more: int = 0) -> tuple[Code, Fields]:
        """A snapshot, or the first page of one."""
        rows: list[JsonValue] = [
            [f"{p.person:016x}", p.name, int(p.presence), False, 0] for p in people
        ]
        fields: Fields = {"epoch": f"{EPOCH:016x}", "version": version, "people": rows}
        if more:
            fields["next"] = f"{more:016x}"
        return Code.SNAPSHOT, fields

    def receive(self, datagram: bytes, now: float) -> list[bytes]:
        """What the server sends back."""
        kind = datagram_type(datagram)
        if kind is DatagramType.INIT:
            self.inits += 1
        if self.is_silent or len(datagram) > self.largest:
            return []
        if kind is DatagramType.INIT:
            return [self._shake_hands(Init.decode(datagram), now)]
        session_id, number = decode_data_header(datagram)
        if self.session is None or session_id != self.session.receive_id:
            return []
        plaintext = self.session.open(datagram, number, ("client", 1), now)
        for frame in decode_frames(plaintext) if plaintext is not None else []:
            self.frames.append(frame)
            self._answer(frame, now)
        return self.take(now)

    def send(self, *frames: bytes, now: float) -> list[bytes]:
        """Frames of the server's own accord."""
        assert self.session is not None
        for frame in frames:
            self.session.queue(frame)
        return self.take(now)

    def take(self, now: float) -> list[bytes]:
        assert self.session is not None
        return [d for burst in self.session.take_bursts(now) for d in burst.datagrams]

    def reset(self) -> bytes:
        """A RESET that the client must believe."""
        assert self.payload is not None
        return Reset(self.payload.server_session_id, self.payload.reset_token).encode()

    def asked(self, verb: Verb) -> list[Fields]:
        """The fields of all requests of one verb."""
        return [fields for asked, fields in self.requests if asked is verb]

    def got(self, kind: type[Any]) -> list[Any]:
        """The frames of one kind that came."""
        return [frame for frame in self.frames if isinstance(frame, kind)]

    def _shake_hands(self, init: Init, now: float) -> bytes:
        session_id = int.from_bytes(self.chance(8), "big") or 1
        self.payload = RespPayload(session_id, self.room_id, self.chance(16), 1, "Kelas 7B")
        resp, keys = answer_init(
            init,
            self.payload,
            static_private=self.static,
            server_key=self.key,
            random_bytes=self.chance,
        )
        self.session = Session(
            keys, is_server=True, address=("client", 1), random_bytes=self.chance, now=now
        )
        self._entering = ServerEntering(handshake_hash=keys.handshake_hash, server_key=self.key)
        self._done = set()
        return resp

    def _answer(self, frame: Frame, now: float) -> None:
        assert self.session is not None
        match frame:
            case Ping() if self.answers_pings:
                self.session.queue(Pong(frame.stamp, 0, 1).encode())
            case Post() if self.takes_posts:
                number = self._number(frame)
                posted = Posted(frame.draft, frame.conversation, number, FIRST_UTC)
                self.session.queue(posted.encode())
            case Request() if frame.request not in self._done:
                self._done.add(frame.request)
                self._reply(frame)
            case _:
                return

    def _number(self, post: Post) -> int:
        """The place of a draft in its log, the same each time it comes."""
        if post.draft not in self._posted:
            heads = {log.conversation: log.log.head for log in self._conversations()}
            said = self._said.get(post.conversation, 0) + 1
            self._said[post.conversation] = said
            self._posted[post.draft] = heads.get(post.conversation, 0) + said
        return self._posted[post.draft]

    def _conversations(self) -> list[OfferedConversation]:
        room = OfferedConversation(ConversationKind.ROOM, "", 0, self.offered[0], self.room_read)
        return [room, *self.others]

    def logs(self, fields: Fields) -> Reply:
        """The answer to LOGS, as a server gives it."""
        asked = LogsRequest.decode(fields)
        mine = [log for log in self._conversations() if log.conversation > asked.after]
        page = mine[: self.most_logs]
        last = page[-1].conversation if len(page) < len(mine) else None
        held = {log.conversation for log in asked.held}
        changed = tuple(number for number in self.changed if number in held)
        return Code.OK, LogsAnswer(tuple(page), changed, last).encode()

    def _reply(self, request: Request) -> None:
        verb, fields = Verb(request.verb), decode_object(request.fields)
        self.requests.append((verb, fields))
        choose = self.replies.get(verb)
        reply = choose(fields) if choose is not None else self.usual(verb, fields)
        if reply is not None and self.session is not None:
            parts = split_parts(encode_object(reply[1]), RESPONSE_PART)
            for part, body in enumerate(parts):
                response = Response(request.request, part, len(parts), reply[0], body)
                self.session.queue(response.encode())

    def usual(self, verb: Verb, fields: Fields) -> Reply:
        """What a server answers that lets everyone in."""
        assert self._entering is not None
        match verb:
            case Verb.PAKE1:
                return Code.OK, self._entering.share(fields, self.prs, self.chance(32))
            case Verb.PAKE2:
                proof = self._entering.check(fields)
                return (Code.WRONG_PASSWORD, {}) if proof is None else (Code.OK, proof)
            case Verb.ENTER:
                name = str(fields.get("name", "Ana"))
                answer = EnterAnswer(
                    self.me, name, self.token, self.has_returned, EPOCH, self.offered, self.changed
                )
                return Code.OK, answer.encode()
            case Verb.PEOPLE:
                return self.people
            case Verb.LOGS:
                return self.logs(fields)
            case Verb.LACKING:
                return Code.OK, {"names": ["Budi", 7], "count": 2}
            case Verb.REALMS:
                return Code.OK, {"realms": []}
            case _:
                return Code.OK, {}


class Seat:
    """Somebody's client, and the server it speaks to."""

    def __init__(
        self, host: Host | None = None, *, limits: Limits | None = None, disk: Disk = NO_DISK
    ) -> None:
        self.now = START
        self.host = host or Host()
        self.events: list[Event] = []
        self.held_jobs: list[Job] | None = None
        self.sent: list[bytes] = []
        self.core = ClientCore(random_bytes=Chance("client"), disk=disk, limits=limits)

    # --- what a user does ---

    def join(
        self,
        *,
        name: str = "Ana",
        password: str = PASSWORD,
        pinned: bytes | None = None,
        resume: Run | None = None,
        unfinished: tuple[Unfinished, ...] = (),
    ) -> None:
        self.do(Join(SERVER, password, name, pinned, resume, unfinished))

    def enter(self, **how: Any) -> None:
        """Up to being in the room, with everything settled."""
        self.join(**how)
        self.pass_time(0.5)

    def do(self, command: Command) -> None:
        self.core.handle_command(command, self.now)
        self.end_turn()

    # --- turns ---

    def end_turn(self) -> None:
        """Sends, hears the server's answers, hands out events, until nothing moves any more."""
        for _ in range(100):
            timer = self.core.next_timer()
            if timer is not None and timer <= self.now:
                self.core.handle_timer(self.now)
            bursts = self.core.bursts_to_send(self.now)
            while (event := self.core.next_event()) is not None:
                self.events.append(event)
            if not self._deliver(list(bursts)) and not self._run_jobs():
                return
        raise AssertionError("client and server never come to rest")

    def _deliver(self, bursts: list[Burst]) -> bool:
        datagrams = [datagram for burst in bursts for datagram in burst.datagrams]
        assert {burst.address for burst in bursts} <= {SERVER}
        self.sent += datagrams
        answers = [a for datagram in datagrams for a in self.host.receive(datagram, self.now)]
        for answer in answers:
            self.core.receive_datagram(answer, SERVER, self.now)
        return bool(datagrams)

    def _run_jobs(self) -> bool:
        ran = False
        while (job := self.core.next_job()) is not None:
            if self.held_jobs is not None:
                self.held_jobs.append(job)
            else:
                self.core.handle_result(job.key, _result(job), self.now)
                ran = True
        return ran

    def pass_time(self, seconds: float) -> None:
        """Lets time pass, with a turn for each timer."""
        end = self.now + seconds
        for _ in range(100_000):
            timer = self.core.next_timer()
            if self.core.is_done or timer is None or timer > end:
                break
            self.now = max(self.now, timer)
            self.end_turn()
        else:
            raise AssertionError("a timer is always due")
        self.now = end
        self.end_turn()

    # --- what the server does ---

    def hear(self, *frames: bytes) -> None:
        """The server sends frames."""
        for datagram in self.host.send(*frames, now=self.now):
            self.core.receive_datagram(datagram, SERVER, self.now)
        self.end_turn()

    def hear_close(self, code: CloseCode, text: str = "") -> None:
        self.hear(Close(code, text).encode())

    def receive(self, datagram: bytes) -> None:
        self.core.receive_datagram(datagram, SERVER, self.now)
        self.end_turn()

    # --- what the user sees ---

    def saw(self, kind: type[Any]) -> list[Any]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def take(self, kind: type[Any]) -> list[Any]:
        """Those since the last call."""
        taken = self.saw(kind)
        self.events = [event for event in self.events if not isinstance(event, kind)]
        return taken


def _result(job: Job) -> object:
    """As the endpoint's worker gives it."""
    try:
        return run_job(job)
    except PeerError as error:
        return error


def connections(seat: Seat) -> list[Connection]:
    """How things stood with the server, as it was shown."""
    return [event.connection for event in seat.saw(ConnectionChanged)]


def ended(seat: Seat) -> Ended:
    """How it ended, which it must have done once."""
    (event,) = seat.saw(Ended)
    assert seat.core.is_done
    assert isinstance(event, Ended)
    return event


def always(code: Code, **fields: object) -> Callable[[Fields], Reply]:
    """The same reply to every request."""
    return lambda _: (code, fields)  # type: ignore[return-value]


def nothing(_: Fields) -> Reply:
    """No reply at all."""
    return None
