"""What a server does, sans I/O: sessions, requests, turns that commit before they answer.

Band: cores. Time and chance come in, datagrams and events go out; the one thing it calls is its
store. Nothing that a turn decided leaves before the store has committed it.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from auth import Failures, derive_prs
from conversation import PEOPLE, ROOM
from deadlines import Deadlines
from entering import Step
from protocol import (
    PREFIX,
    Address,
    Burst,
    CloseCode,
    DatagramType,
    Job,
    PeerError,
    decode_data_header,
)
from protocol_frames import (
    Close,
    Frame,
    Have,
    Heads,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Post,
    Pull,
    Request,
    Typing,
    decode_frames,
)
from protocol_session import Session
from records import Store, StoreNotice
from server_delivery import Delivery
from server_door import Crowd, Door, Opened
from server_events import (
    Command,
    Event,
    Happened,
    HappeningKind,
    Started,
    Stop,
    Stopped,
)
from server_members import Members
from server_operator import Operator
from server_peer import Member, Peer
from server_posting import Posting
from server_presence import GATHER
from server_requests import Doors, Requests
from server_rooms import Rooms
from server_turn import Chores, Jobs, Turn
from settings import ServerSettings

MAX_FRAMES = 256  # in one datagram; more are only somebody's attempt to keep us busy
CLOSE_INTERVALS = (0.1, 0.3)  # s between the three times a CLOSE is sent
STATUS_INTERVAL = 1.0  # s
RESETS_INTERVAL = 0.05  # s
HOUSEKEEPING_INTERVAL = 60.0  # s
DATA = PREFIX + bytes([DatagramType.DATA_TO_SERVER])
INIT = PREFIX + bytes([DatagramType.INIT])
SESSION_MEMORY = 12 * 3600 * 1000  # ms a session is remembered for a RESET after a restart


@dataclass(frozen=True, slots=True)
class _Timer:
    """What a deadline of the core is about; ``key`` is a session id where one is concerned."""

    kind: str
    key: int = 0


_GATHERED = _Timer("people")
_STATUS = _Timer("status")
_HOUSEKEEPING = _Timer("housekeeping")
_RESETS = _Timer("resets")


class ServerCore:
    """The server. Owned by the network thread, as are its store and all it holds."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        *,
        static_private: bytes,
        reset_key: bytes,
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
        now: float,
    ) -> None:
        self._settings = settings
        self._limits = settings.limits
        self._store = store
        self._random_bytes = random_bytes
        self._wall_clock = wall_clock
        self._events: deque[Event] = deque()
        self._loose: list[Burst] = []  # datagrams of no session
        self._outgoing: dict[int, Peer] = {}
        self._deadlines: Deadlines[_Timer] = Deadlines()
        self._peers: dict[int, Peer] = {}
        self._closing: dict[int, CloseCode] = {}  # by session id
        self._half_open = Crowd(self._limits.half_open, self._limits.half_open_per_address)
        self._not_entered = Crowd(self._limits.not_entered, self._limits.not_entered)
        self._turn = Turn(store, self._report_full)
        self._jobs = Jobs()
        self._chores = Chores(store, self._jobs, self._report_notice)
        self._is_stopping = False
        self.is_done = False
        self._door = Door(
            self._limits,
            room_name=settings.room_name,
            room_id=store.room_id,
            static_private=static_private,
            reset_key=reset_key,
            random_bytes=random_bytes,
        )
        self._rooms = Rooms(store, self._limits)
        self._members = Members(
            store,
            self._rooms,
            self._limits,
            self._turn,
            random_bytes=random_bytes,
            report=self._events.append,
        )
        self._delivery = Delivery(
            self._rooms, store, self._limits, wake=self._wake, run=self._jobs.run
        )
        self._posting = Posting(
            store, self._rooms, self._members.people, self._turn, wake=self._wake
        )
        self._requests = Requests(
            store,
            self._rooms,
            self._members,
            self._delivery,
            self._turn,
            Doors(
                wake=self._wake,
                serve_again=self._serve_again,
                entered=self._welcome,
                left=self._take_leave,
                close=self._close,
                part=self._part,
                wall_clock=wall_clock,
            ),
            random_bytes=random_bytes,
            on_wrong_password=self._guessed_wrong,
            guard=self._guard,
        )
        self._entrance = self._requests.entrance
        self._operator = Operator(
            self._members,
            self._turn,
            report=self._events.append,
            expel=self._expel_person,
            wall_clock=wall_clock,
        )
        self._begin(now)

    def _begin(self, now: float) -> None:
        at = self._wall_clock()
        store = self._store
        guesses = [Failures(g.address, g.failures, g.last_failure) for g in store.guesses()]
        self._entrance.guessing.restore(guesses, now, at)
        self._members.restore(store, now, at)
        self._door.remember(store.remembered_sessions(at - SESSION_MEMORY))
        self._deadlines.set(_RESETS, now)
        self._turn.attempt(partial(store.forget_old, at), now)
        self._deadlines.set(_HOUSEKEEPING, now + HOUSEKEEPING_INTERVAL)
        if self._settings.is_watched:
            self._deadlines.set(_STATUS, now + STATUS_INTERVAL)
        self._operator.watch_bans(now)
        derive = partial(derive_prs, self._settings.password, store.room_id)
        self._jobs.run(derive, self._begin_entrance)
        self._chores.tell()

    def _begin_entrance(self, prs: object, now: float) -> None:
        assert isinstance(prs, bytes)
        self._entrance.set_prs(prs, now)
        self._events.append(
            Started(
                (self._settings.bind, self._settings.port),
                self._door.server_key,
                self._settings.room_name,
                self._store.head(ROOM).number,
            )
        )
        self._operator.report_bans()

    # --- the driver's verbs ---

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Never raises, whatever the bytes."""
        try:
            if datagram[:4] == DATA:
                self._receive_data(datagram, address, now)
            elif datagram[:4] == INIT:
                self._receive_init(datagram, address, now)
        except PeerError:
            return

    def handle_command(self, command: Command, now: float) -> None:
        """The operator's wish."""
        if isinstance(command, Stop):
            self._stop(now)
            return
        self._operator.carry_out(command, now)

    def handle_result(self, key: int, result: object, now: float) -> None:
        """What a job came to; an exception of the store is the store's end."""
        self._jobs.finish(key, result, now)

    def next_timer(self) -> float | None:
        dues = (
            self._deadlines.next(),
            self._members.next_timer(),
            self._delivery.next_timer(),
            self._entrance.next_timer(),
            self._operator.next_timer(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        for timer in self._deadlines.take_due(now):
            self._handle_deadline(timer, now)
        for member in self._members.take_gone(now):
            self._depart(member, HappeningKind.GONE, now, keep_name=True)
        self._entrance.handle_timer(now)
        self._operator.handle_timer(now)
        self._delivery.handle_timer(now)

    def bursts_to_send(self, now: float) -> Iterator[Burst]:
        """Ends the turn: commits, then seals what may be said now."""
        has_committed = self._commit(now)
        if self._members.presences.has_changes:
            self._deadlines.set_earliest(_GATHERED, now + GATHER)
        return self._finish_turn(now, has_committed=has_committed)

    def _finish_turn(self, now: float, *, has_committed: bool) -> Iterator[Burst]:
        """One peer after the other: memory of what is sent already serves for the next."""
        loose, self._loose = self._loose, []
        outgoing, self._outgoing = self._outgoing, {}
        yield from loose
        for peer in outgoing.values():
            yield from peer.session.take_bursts(now)
            if (due := peer.session.echo_due) is not None:
                self._deadlines.set(_Timer("echo", peer.key), due)
        if has_committed:  # what nobody waits for comes last
            self._store.write_along()
            self._chores.look()

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def next_job(self) -> Job | None:
        return self._jobs.next()

    # --- turns ---

    def _commit(self, now: float) -> bool:
        """Whether anything became durable."""
        self._posting.write(now, self._wall_clock())
        if self._members.is_owing(now):
            self._turn.attempt(partial(self._members.write_owed, now), now)
        committed = self._turn.commit(now)
        self._posting.send_answers()
        authors = self._posting.take_authors()
        if committed is None:
            return False
        self._delivery.push(committed, authors, now)
        return True

    def _report_notice(self, notice: StoreNotice) -> None:
        kind, at = HappeningKind[notice.kind.name], self._wall_clock()
        self._events.append(Happened(kind, at, count=notice.count, text=notice.text))

    def _report_full(self, is_full: bool) -> None:
        kind = HappeningKind.DISK_FULL if is_full else HappeningKind.DISK_FREE
        self._events.append(Happened(kind, self._wall_clock()))

    def _wake(self, peer: Peer) -> None:
        self._outgoing[peer.key] = peer

    # --- datagrams ---

    def _receive_init(self, datagram: bytes, address: Address, now: float) -> None:
        if self._is_stopping:
            return
        answer = self._door.receive_init(datagram, address, now)
        if isinstance(answer, Opened):
            session = Session(
                answer.keys,
                is_server=True,
                address=address,
                random_bytes=self._random_bytes,
                now=now,
            )
            peer = Peer(session, self._door.server_key)
            self._peers[peer.key] = peer
            self._deadlines.set(_Timer("half-open", peer.key), now + self._limits.half_open_timeout)
            self._evict(self._half_open.add(peer.key, address[0]))
            self._loose.append(Burst(address, [answer.resp]))
        elif answer is not None:
            self._loose.append(Burst(address, [answer]))

    def _receive_data(self, datagram: bytes, address: Address, now: float) -> None:
        session_id, number = decode_data_header(datagram)
        peer = self._peers.get(session_id)
        if peer is None:
            reset = self._door.reset_for(session_id, address, now)
            self._loose += [Burst(address, [reset])] if reset is not None else []
            return
        plaintext = peer.session.open(datagram, number, address, now)
        if plaintext is None:
            return
        self._notice_life(peer, now)
        try:
            self._receive_frames(peer, plaintext, address, now)
        except PeerError:
            self._break_off(peer, now)

    def _guard(self, peer: Peer, act: Callable[[], None], now: float) -> None:
        """A peer that breaks the rules ends its own session and nothing else."""
        try:
            act()
        except PeerError:
            self._break_off(peer, now)

    def _break_off(self, peer: Peer, now: float) -> None:
        if peer.key in self._peers:
            self._close(peer, CloseCode.BROKEN, now)

    def _receive_frames(self, peer: Peer, plaintext: bytes, address: Address, now: float) -> None:
        frames = decode_frames(plaintext)
        if len(frames) > MAX_FRAMES:
            raise PeerError("too many frames")
        for frame in frames:
            if isinstance(frame, Post):  # nearly every one at full speed
                if self._is_for_member(peer):
                    self._posting.receive(peer, frame)
            else:
                self._receive_frame(peer, frame, address, now)

    def _is_for_member(self, peer: Peer) -> bool:
        """Whether to take what only members send: too late is no fault, too early is one."""
        if peer.has_entered:
            return True
        if peer.entering.step is not Step.LEFT:
            raise PeerError("not entered")
        return False

    def _notice_life(self, peer: Peer, now: float) -> None:
        """Something genuine came: what follows from that, whatever is inside."""
        deadline = peer.session.path_deadline
        if deadline is not None:  # from a new address: a challenge is waiting to go out
            self._wake(peer)
            self._deadlines.set(_Timer("path", peer.key), deadline)
        if peer.is_half_open:
            self._open_wide(peer, now)
        if peer.member is not None and peer.member.is_away:
            self._members.heard(peer.member, now)

    def _open_wide(self, peer: Peer, now: float) -> None:
        peer.is_half_open = False
        self._half_open.discard(peer.key)
        self._deadlines.cancel(_Timer("half-open", peer.key))
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)
        self._evict(self._not_entered.add(peer.key, peer.host))

    def _evict(self, session_id: int | None) -> None:
        if session_id is not None:
            self._drop(self._peers[session_id])

    def _receive_frame(self, peer: Peer, frame: Frame, address: Address, now: float) -> None:
        match frame:
            case Pull() | Have() | Typing():
                if self._is_for_member(peer):
                    self._receive_from_member(peer, frame, now)
            case Request():
                self._requests.receive(peer, frame, now)
            case Close():
                self._receive_close(peer, now)
            case Ping() | Pong() | PathChallenge() | PathResponse():
                self._receive_link_frame(peer, frame, address, now)
            case _:
                raise PeerError("a frame only servers send")

    def _receive_link_frame(
        self,
        peer: Peer,
        frame: Ping | Pong | PathChallenge | PathResponse,
        address: Address,
        now: float,
    ) -> None:
        session = peer.session
        match frame:
            case Ping():
                session.receive_ping(frame)
                peer.responder.age(now)
                if peer.has_entered:
                    session.queue_ping(now)  # its PONG gives us the round trip
                    session.queue(Heads(((PEOPLE, self._members.presences.version),)).encode())
                    self._delivery.queue_heads(peer)
                    self._delivery.queue_reached(peer)
                self._wake(peer)
            case Pong():
                session.receive_pong(frame, now)
                smoothed = session.round_trip.smoothed
                if peer.member is not None and smoothed is not None:
                    self._members.presences.set_round_trip(peer.member.person, smoothed)
            case PathChallenge():
                session.receive_path_challenge(frame, address)
                self._wake(peer)
            case _:  # PathResponse
                session.receive_path_response(frame, address)
                if peer.member is not None and peer.member.address != session.proven_address:
                    peer.member.address = session.proven_address
                    self._turn.attempt(
                        partial(self._requests.remember, peer, self._wall_clock()), now
                    )

    def _receive_from_member(self, peer: Peer, frame: Pull | Have | Typing, now: float) -> None:
        match frame:
            case Pull():
                self._delivery.receive_pull(peer, frame, now)
            case Have():
                self._delivery.receive_have(peer, frame, now)
            case _:  # Typing
                self._delivery.receive_typing(peer, frame, now)

    # --- entering and leaving ---

    def _guessed_wrong(self, peer: Peer, now: float) -> None:
        at = self._wall_clock()
        guesses = self._entrance.guesses(now, at)
        failures = sum(guess.failures for guess in guesses if guess.address == peer.host)
        self._turn.attempt(partial(self._store.save_guesses, guesses), now)
        address = peer.session.address
        self._events.append(
            Happened(HappeningKind.WRONG_PASSWORD, at, address=address, count=failures)
        )

    def _welcome(self, peer: Peer) -> None:
        self._not_entered.discard(peer.key)
        self._deadlines.cancel(_Timer("entering", peer.key))

    def _take_leave(self, peer: Peer, kind: HappeningKind, now: float) -> None:
        """Ends the presence of whoever is behind a session, which stays for last words."""
        if peer.member is not None:
            self._depart(peer.member, kind, now, keep_name=False)
        peer.entering.step = Step.LEFT
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)

    def _serve_again(self, peer: Peer) -> None:
        self._deadlines.set(_Timer("serve", peer.key), 0.0)

    def _receive_close(self, peer: Peer, now: float) -> None:
        self._take_leave(peer, HappeningKind.LEFT, now)
        self._drop(peer)

    def _depart(self, member: Member, kind: HappeningKind, now: float, *, keep_name: bool) -> None:
        """Ends somebody's presence; the session, if there is one, stays for last words."""
        peer = member.peer
        self._members.depart(member, kind, now, self._wall_clock(), keep_name=keep_name)
        if peer is not None:
            member.peer, peer.member = None, None
            self._delivery.forget(peer)
            peer.entering.step = Step.LEFT
            if kind is HappeningKind.GONE:
                self._drop(peer)

    def _expel_person(
        self, member: Member, code: CloseCode, kind: HappeningKind, now: float
    ) -> None:
        peer = member.peer
        self._depart(member, kind, now, keep_name=False)
        if peer is not None:
            self._close(peer, code, now)

    def _close(self, peer: Peer, code: CloseCode, now: float) -> None:
        """Says CLOSE, three times in all, then forgets the session."""
        if peer.key in self._closing:
            return
        self._part(peer)
        self._delivery.forget(peer)
        peer.entering.step = Step.LEFT
        self._closing[peer.key] = code
        self._say_close(peer, now)
        for tries, wait in enumerate(CLOSE_INTERVALS):
            self._deadlines.set(_Timer(f"close {tries}", peer.key), now + wait)

    def _say_close(self, peer: Peer, now: float) -> None:
        peer.session.queue(Close(self._closing[peer.key]).encode())
        self._loose += peer.session.take_bursts(now)

    def _part(self, peer: Peer) -> None:
        """The session ends; its person stays present for a while, for another session."""
        if peer.member is not None and peer.member.peer is peer:
            peer.member.heard()
            peer.member.peer = None
        peer.member = None

    def _drop(self, peer: Peer) -> None:
        """Forgets a session."""
        key = peer.key
        if self._peers.pop(key, None) is None:
            return
        self._part(peer)
        self._closing.pop(key, None)
        self._outgoing.pop(key, None)
        self._half_open.discard(key)
        self._not_entered.discard(key)
        self._entrance.forget(peer)
        self._delivery.forget(peer)
        for kind in ("half-open", "entering", "path", "serve", "close 0", "close 1"):
            self._deadlines.cancel(_Timer(kind, key))
        if peer.intake is not None:
            self._turn.attempt(partial(self._store.forget_session, key), peer.session.last_heard)

    # --- time ---

    def _handle_deadline(self, timer: _Timer, now: float) -> None:
        if timer.key:
            peer = self._peers.get(timer.key)
            if peer is not None:
                self._handle_peer_deadline(timer.kind, peer, now)
        elif timer == _GATHERED:
            self._tell_people(now)
        elif timer == _STATUS:
            self._operator.report_status(self._posting.posted)
            self._deadlines.set(_STATUS, now + STATUS_INTERVAL)
        elif timer == _HOUSEKEEPING:
            self._turn.attempt(partial(self._store.forget_old, self._wall_clock()), now)
            self._deadlines.set(_HOUSEKEEPING, now + HOUSEKEEPING_INTERVAL)
        else:  # _RESETS
            self._send_resets(now)

    def _handle_peer_deadline(self, kind: str, peer: Peer, now: float) -> None:
        match kind:
            case "serve":
                self._guard(peer, partial(self._requests.serve, peer, now), now)
            case "path":
                peer.session.handle_path_timer(now)
            case "echo":
                self._wake(peer)
            case "close 0":
                self._say_close(peer, now)
            case "close 1":
                self._say_close(peer, now)
                self._drop(peer)
            case "entering" if self._is_waiting_its_turn(peer, now):
                again = peer.session.last_heard + self._limits.entering_timeout
                self._deadlines.set(_Timer("entering", peer.key), again)
            case "entering":
                self._close(peer, CloseCode.IDLE, now)
            case _:  # half-open
                self._drop(peer)

    def _is_waiting_its_turn(self, peer: Peer, now: float) -> bool:
        silence = now - peer.session.last_heard
        return self._entrance.is_queued(peer) and silence < self._limits.entering_timeout

    def _tell_people(self, now: float) -> None:
        self._delivery.count_again(now)
        frames = self._members.presences.take_changes()
        for peer in self._delivery.followers(ROOM):
            for frame in frames:
                peer.session.queue(frame)
            self._wake(peer)

    def _send_resets(self, now: float) -> None:
        """Tells those who were here that their sessions are gone, so they are back at once."""
        self._loose += self._door.take_resets(RESETS_INTERVAL)
        if self._door.has_resets:
            self._deadlines.set(_RESETS, now + RESETS_INTERVAL)

    def _stop(self, now: float) -> None:
        self._is_stopping = True
        self._commit(now)
        for peer in self._peers.values():
            if peer.is_half_open:
                continue
            self._closing.setdefault(peer.key, CloseCode.COME_BACK)
            for _ in range(3):
                self._say_close(peer, now)
        self._events.append(Stopped())
        self.is_done = True
