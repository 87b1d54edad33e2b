"""What a server does, sans I/O: sessions, requests, turns that commit before they answer.

Band: cores. Time and chance come in, datagrams and events go out; the one thing it calls is its
store. Nothing that a turn decided leaves before the store has committed it.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from auth import Failures, derive_prs
from conversation import ROOM
from deadlines import Deadlines
from entering import EnterAnswer, EnterRequest, Step
from protocol import (
    Address,
    Burst,
    CloseCode,
    Code,
    Job,
    PeerError,
    Verb,
    decode_data_header,
)
from protocol_frames import (
    Close,
    Frame,
    Have,
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
from protocol_requests import Fields, hex_field, number_field
from protocol_session import Session
from records import (
    BanKind,
    DraftAnswer,
    NoticeKind,
    RememberedSession,
    Store,
    StoreFullError,
)
from replication_server import Intake
from server_delivery import Delivery
from server_door import Crowd, Door, Opened, may_be_answered
from server_entrance import Entrance
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
from server_people import Admission
from server_presence import GATHER
from server_rooms import Rooms
from settings import ServerSettings

MAX_FRAMES = 256  # in one datagram; more are only somebody's attempt to keep us busy
TYPING_INTERVAL = 3.0  # s
CLOSE_INTERVALS = (0.1, 0.3)  # s between the three times a CLOSE is sent
STATUS_INTERVAL = 1.0  # s
HOUSEKEEPING_INTERVAL = 3600.0  # s
SESSION_MEMORY = 12 * 3600 * 1000  # ms a session is remembered for a RESET after a restart

_NOTICES = {
    NoticeKind.ARCHIVE_REBUILT: HappeningKind.ARCHIVE_REBUILT,
    NoticeKind.ARCHIVE_SET_ASIDE: HappeningKind.ARCHIVE_SET_ASIDE,
    NoticeKind.ARCHIVE_LOCKED: HappeningKind.ARCHIVE_LOCKED,
    NoticeKind.ARCHIVE_WRITABLE: HappeningKind.ARCHIVE_WRITABLE,
    NoticeKind.ARCHIVE_READ_BACK: HappeningKind.ARCHIVE_READ_BACK,
}


@dataclass(frozen=True, slots=True)
class _Timer:
    """What a deadline of the core is about; ``key`` is a session id where one is concerned."""

    kind: str
    key: int = 0


_GATHERED = _Timer("people")
_STATUS = _Timer("status")
_HOUSEKEEPING = _Timer("housekeeping")
_BANS = _Timer("bans")
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
        self._jobs: deque[Job] = deque()
        self._job_ends: dict[int, Callable[[object, float], None]] = {}
        self._next_job = 1
        self._loose: list[Burst] = []  # datagrams of no session
        self._outgoing: dict[int, Peer] = {}
        self._deadlines: Deadlines[_Timer] = Deadlines()
        self._peers: dict[int, Peer] = {}
        self._closing: dict[int, int] = {}  # session id: how often CLOSE went out
        self._half_open = Crowd(self._limits.half_open, self._limits.half_open_per_address)
        self._not_entered = Crowd(self._limits.not_entered, self._limits.not_entered)
        self._is_dirty = False  # something is in the open transaction
        self._kept: list[Callable[[float], None]] = []  # to do once it is on disk
        self._undone: list[Callable[[float], None]] = []  # to do if it is not
        self._authors: dict[tuple[int, int], Peer] = {}
        self._is_full = False
        self._is_chore_out = False
        self._is_stopping = False
        self._posted = 0
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
            store, self._rooms, self._limits, random_bytes=random_bytes, report=self._events.append
        )
        self._delivery = Delivery(
            self._rooms, store, self._limits, wake=self._wake, run=self._run_read
        )
        self._entrance = Entrance(
            random_bytes=random_bytes, answer=self._answer, on_wrong_password=self._guessed_wrong
        )
        self._operator = Operator(
            self._members, report=self._events.append, expel=self._expel_person
        )
        self._begin(now)

    def _begin(self, now: float) -> None:
        at = self._wall_clock()
        store = self._store
        guesses = [Failures(g.address, g.failures, g.last_failure) for g in store.guesses()]
        self._entrance.guessing.restore(guesses, now, at)
        self._members.restore(store, now, at)
        self._resets = deque(store.remembered_sessions(at - SESSION_MEMORY))
        if self._resets:
            self._deadlines.set(_RESETS, now)
        store.forget_old(at)
        self._is_dirty = True
        self._deadlines.set(_HOUSEKEEPING, now + HOUSEKEEPING_INTERVAL)
        if self._settings.is_watched:
            self._deadlines.set(_STATUS, now + STATUS_INTERVAL)
        self._set_ban_timer(now)
        derive = partial(derive_prs, self._settings.password, store.room_id)
        self._run(derive, self._begin_entrance)
        self._take_notices(at)

    def _begin_entrance(self, prs: object, now: float) -> None:
        if not isinstance(prs, bytes):
            raise TypeError("the password could not be worked out")
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
            if datagram[3:4] == b"\x10":
                self._receive_data(datagram, address, now)
            elif datagram[3:4] == b"\x01" and may_be_answered(address):
                self._receive_init(datagram, address, now)
        except PeerError:
            return

    def handle_command(self, command: Command, now: float) -> None:
        """The operator's wish."""
        if isinstance(command, Stop):
            self._stop(now)
            return
        self._is_dirty = True
        self._attempt(partial(self._operator.execute, command, self._wall_clock()), now)
        self._set_ban_timer(now)

    def handle_result(self, key: int, result: object, now: float) -> None:
        """What a job came to; an exception of the store is the store's end."""
        if isinstance(result, Exception):
            raise result
        self._job_ends.pop(key)(result, now)

    def next_timer(self) -> float | None:
        dues = (
            self._deadlines.next(),
            self._members.next_timer(),
            self._delivery.next_timer(),
            self._entrance.next_timer(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        for timer in self._deadlines.take_due(now):
            self._handle_deadline(timer, now)
        for member in self._members.take_gone(now):
            self._depart(member, HappeningKind.GONE, now, keep_name=True)
        self._entrance.handle_timer(now)
        self._delivery.handle_timer(now)

    def bursts_to_send(self, now: float) -> list[Burst]:
        """Ends the turn: commits, then seals what may be said now."""
        self._commit(now)
        if self._members.presences.has_changes:
            self._deadlines.set_earliest(_GATHERED, now + GATHER)
        bursts, self._loose = self._loose, []
        outgoing, self._outgoing = self._outgoing, {}
        for peer in outgoing.values():
            bursts += peer.session.take_bursts(now)
        return bursts

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def next_job(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None

    # --- turns ---

    def _commit(self, now: float) -> None:
        if not self._is_dirty:
            return
        self._is_dirty = False
        try:
            committed = self._store.commit()
        except StoreFullError:
            self._abort(now)
            return
        if self._is_full:
            self._is_full = False
            self._report(HappeningKind.DISK_FREE)
        kept, self._kept, self._undone = self._kept, [], []
        for act in kept:
            act(now)
        authors, self._authors = self._authors, {}
        self._delivery.push(committed, authors, now)
        self._do_chores()

    def _abort(self, now: float) -> None:
        """The disk is full: nothing of this turn is kept, and nobody was told that it was."""
        self._store.rollback()
        undone, self._undone, self._kept = self._undone, [], []
        self._authors.clear()
        for act in undone:
            act(now)
        if not self._is_full:
            self._is_full = True
            self._report(HappeningKind.DISK_FULL)

    def _attempt(self, act: Callable[[], None], now: float) -> bool:
        """Does something that writes; whether the disk took it so far."""
        self._is_dirty = True
        try:
            act()
        except StoreFullError:
            self._abort(now)
            return False
        return True

    def _do_chores(self) -> None:
        self._take_notices(self._wall_clock())
        chore = None if self._is_chore_out else self._store.next_chore()
        if chore is not None:
            self._is_chore_out = True
            self._run(chore, self._end_chore)

    def _end_chore(self, _: object, now: float) -> None:
        self._is_chore_out = False
        self._do_chores()

    def _take_notices(self, at: int) -> None:
        for notice in self._store.notices():
            kind = _NOTICES[notice.kind]
            self._events.append(Happened(kind, at, count=notice.count, text=notice.text))

    def _run(self, work: Callable[[], object], end: Callable[[object, float], None]) -> None:
        self._jobs.append(Job(self._next_job, work))
        self._job_ends[self._next_job] = end
        self._next_job += 1

    def _run_read(self, work: Callable[[], object], end: Callable[[object], None]) -> None:
        self._run(work, lambda result, now: end(result))

    def _report(self, kind: HappeningKind, **details: object) -> None:
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
            if may_be_answered(address):
                reset = self._door.reset_for(session_id, address, now)
                if reset is not None:
                    self._loose.append(Burst(address, [reset]))
            return
        plaintext = peer.session.open(datagram, number, address, now)
        if plaintext is None:
            return
        if peer.session.has_frames:  # a challenge to a new address
            self._watch_path(peer)
        if peer.is_half_open:
            self._open_wide(peer, now)
        member = peer.member
        if member is not None and member.is_away:
            self._members.heard(member, now)
        try:
            frames = decode_frames(plaintext)
            if len(frames) > MAX_FRAMES:
                raise PeerError("too many frames")
            for frame in frames:
                self._receive_frame(peer, frame, address, now)
        except PeerError:
            if session_id in self._peers and session_id not in self._closing:
                self._close(peer, CloseCode.BROKEN, now)

    def _watch_path(self, peer: Peer) -> None:
        self._wake(peer)
        deadline = peer.session.path_deadline
        if deadline is not None:
            self._deadlines.set(_Timer("path", peer.key), deadline)

    def _open_wide(self, peer: Peer, now: float) -> None:
        peer.is_half_open = False
        self._half_open.discard(peer.key)
        self._deadlines.cancel(_Timer("half-open", peer.key))
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)
        self._evict(self._not_entered.add(peer.key, peer.host))

    def _evict(self, session_id: int | None) -> None:
        peer = self._peers.get(session_id) if session_id is not None else None
        if peer is not None:
            self._drop(peer)

    def _receive_frame(self, peer: Peer, frame: Frame, address: Address, now: float) -> None:
        session = peer.session
        match frame:
            case Ping():
                session.receive_ping(frame)
                if peer.has_entered:
                    session.queue_ping(now)  # its PONG gives us the round trip
                    self._delivery.queue_heads(peer)
                    self._delivery.queue_reached(peer)
                self._wake(peer)
            case Pong():
                session.receive_pong(frame, now)
                if peer.member is not None and session.round_trip.smoothed is not None:
                    self._members.presences.set_round_trip(
                        peer.member.person, session.round_trip.smoothed
                    )
            case PathChallenge():
                session.receive_path_challenge(frame, address)
                self._wake(peer)
            case PathResponse():
                session.receive_path_response(frame, address)
                if peer.member is not None:
                    peer.member.address = session.address
            case Close():
                self._receive_close(peer, now)
            case Request():
                self._receive_request(peer, frame, now)
            case Post() | Pull() | Have() | Typing():
                if peer.has_entered:
                    self._receive_from_member(peer, frame, now)
                elif peer.entering.step is not Step.LEFT:
                    raise PeerError("not entered")
            case _:
                raise PeerError("a frame only servers send")

    def _receive_from_member(
        self, peer: Peer, frame: Post | Pull | Have | Typing, now: float
    ) -> None:
        match frame:
            case Post():
                self._receive_post(peer, frame, now)
            case Pull():
                self._delivery.receive_pull(peer, frame, now)
            case Have():
                self._delivery.receive_have(peer, frame, now)
            case Typing():
                self._receive_typing(peer, frame, now)

    # --- requests ---

    def _receive_request(self, peer: Peer, request: Request, now: float) -> None:
        for frame in peer.responder.receive(request):
            peer.session.queue(frame)
            self._wake(peer)
        self._serve(peer, now)

    def _serve(self, peer: Peer, now: float) -> None:
        waiting = peer.responder.next_request()
        if waiting is None:
            return
        request, verb, fields = waiting
        step = peer.entering.step
        if verb in (Verb.PAKE1, Verb.PAKE2):
            self._entrance.receive(peer, request, Verb(verb), fields, now)
        elif verb == Verb.ENTER and step is Step.PROVED:
            self._enter(peer, request, fields, now)
        elif verb == Verb.EXIT and step is Step.ENTERED:
            self._exit(peer, request, now)
        elif verb == Verb.PEOPLE and step is Step.ENTERED:
            start = int.from_bytes(hex_field(fields, "start", 8), "big")
            epoch = int.from_bytes(hex_field(fields, "epoch", 8), "big")
            after = number_field(fields, "after")
            self._answer(peer, request, *self._members.presences.answer(epoch, after, start))
        elif verb == Verb.LACKING and step is Step.ENTERED:
            self._answer(peer, request, *self._lacking(peer, fields))
        else:
            known = verb in Verb.__members__.values()
            code = Code.NOT_ENTERED if known else Code.UNKNOWN_REQUEST
            self._answer(peer, request, code, {})

    def _answer(self, peer: Peer, request: int, code: Code, fields: Fields) -> None:
        for frame in peer.responder.answer(request, code, fields):
            peer.session.queue(frame)
        self._wake(peer)
        self._deadlines.set_earliest(_Timer("serve", peer.key), 0.0)

    def _lacking(self, peer: Peer, fields: Fields) -> tuple[Code, Fields]:
        conversation = number_field(fields, "conversation")
        if conversation not in peer.feeds:
            return Code.NOT_A_MEMBER, {}
        lacking = self._delivery.lacking(conversation, number_field(fields, "number"))
        names = sorted(other.member.name for other in lacking if other.member is not None)
        return Code.OK, {"names": list(names[:100]), "count": len(names)}

    def _guessed_wrong(self, peer: Peer) -> None:
        at = self._wall_clock()
        failures = 0
        self._is_dirty = True
        guesses = self._entrance.guesses(peer.session.last_heard, at)
        for guess in guesses:
            if guess.address == peer.host:
                failures = guess.failures
        self._attempt(partial(self._store.save_guesses, guesses), peer.session.last_heard)
        address = peer.session.address
        self._events.append(
            Happened(HappeningKind.WRONG_PASSWORD, at, address=address, count=failures)
        )

    # --- entering and leaving ---

    def _enter(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        wish = EnterRequest.decode(fields)
        if len(self._members) >= self._limits.entered:
            self._answer(peer, request, Code.SERVER_FULL, {})
            return
        at = self._wall_clock()
        admission: Admission | None = None

        def decide() -> None:
            nonlocal admission
            admission = self._members.enter(wish, peer.session.address, at)
            if admission.code is Code.OK:
                host, port = peer.session.address
                self._store.remember_session(RememberedSession(peer.key, host, port), at)

        if not self._attempt(decide, now) or admission is None:
            self._answer(peer, request, Code.DISK_FULL, {})
        elif admission.code is not Code.OK:
            self._answer(peer, request, admission.code, admission.fields)
        else:
            self._undone.append(partial(self._undo_enter, peer, request, admission))
            self._kept.append(partial(self._end_enter, peer, request, wish, admission))

    def _undo_enter(self, peer: Peer, request: int, admission: Admission, now: float) -> None:
        self._members.undo(admission)
        self._answer(peer, request, Code.DISK_FULL, {})

    def _end_enter(
        self, peer: Peer, request: int, wish: EnterRequest, admission: Admission, now: float
    ) -> None:
        record = admission.record
        stream = self._store.stream(wish.stream)
        if peer.key not in self._peers or record is None or stream is None:
            return
        at = self._wall_clock()
        before = self._members.settle(admission, peer, now, at)
        if before is not None:
            self._close(before, CloseCode.RENEWED, now)
        peer.entering.step = Step.ENTERED
        peer.intake = Intake(wish.stream, stream)
        self._not_entered.discard(peer.key)
        self._deadlines.cancel(_Timer("entering", peer.key))
        offered = self._rooms.offer(record.person)
        held = {log.conversation: log for log in wish.logs}
        changed = [log for log in held.values() if not self._rooms.is_same(log)]
        for log in offered:
            mine = held.get(log.conversation)
            have = log.floor if mine is None or mine in changed else mine.have
            self._delivery.follow(peer, log.conversation, have, now)
        answer = EnterAnswer(
            record.person,
            record.name,
            admission.token,
            admission.has_returned,
            self._members.presences.epoch,
            offered,
            tuple(log.conversation for log in changed),
        )
        self._answer(peer, request, Code.OK, answer.encode())
        peer.session.queue_ping(now)

    def _exit(self, peer: Peer, request: int, now: float) -> None:
        if peer.member is not None:
            self._depart(peer.member, HappeningKind.LEFT, now, keep_name=False)
        peer.entering.step = Step.LEFT
        self._kept.append(lambda _: self._answer(peer, request, Code.OK, {}))
        self._undone.append(lambda _: self._answer(peer, request, Code.OK, {}))
        self._deadlines.set(_Timer("entering", peer.key), now + self._limits.entering_timeout)

    def _receive_close(self, peer: Peer, now: float) -> None:
        if peer.member is not None and peer.has_entered:
            self._depart(peer.member, HappeningKind.LEFT, now, keep_name=False)
        self._drop(peer)

    def _depart(self, member: Member, kind: HappeningKind, now: float, *, keep_name: bool) -> None:
        """Ends somebody's presence; the session, if there is one, stays for last words."""
        at = self._wall_clock()
        peer = member.peer
        depart = partial(self._members.depart, member, kind, now, at, keep_name=keep_name)
        self._attempt(depart, now)
        if peer is not None:
            member.peer, peer.member = None, None
            self._delivery.forget(peer)
            peer.feeds.clear()
            peer.entering.step = Step.LEFT
            if kind is HappeningKind.GONE:
                self._drop(peer)

    def _expel_person(self, member: Member, code: CloseCode, kind: HappeningKind) -> None:
        now = member.heard()
        peer = member.peer
        self._depart(member, kind, now, keep_name=False)
        if peer is not None:
            self._close(peer, code, now)

    def _close(self, peer: Peer, code: CloseCode, now: float) -> None:
        """Says CLOSE, three times in all, then forgets the session."""
        if peer.key in self._closing:
            return
        if peer.member is not None and peer.member.peer is peer:
            peer.member.peer = None
        peer.member = None
        self._delivery.forget(peer)
        peer.feeds.clear()
        peer.entering.step = Step.LEFT
        peer.session.queue(Close(code).encode())
        self._wake(peer)
        self._closing[peer.key] = int(code)
        for tries, wait in enumerate(CLOSE_INTERVALS):
            self._deadlines.set(_Timer(f"close {tries}", peer.key), now + wait)

    def _drop(self, peer: Peer) -> None:
        """Forgets a session; its person, if any, stays present for a while."""
        key = peer.key
        if self._peers.pop(key, None) is None:
            return
        if peer.member is not None and peer.member.peer is peer:
            peer.member.heard()
            peer.member.peer = None
        peer.member = None
        self._closing.pop(key, None)
        self._outgoing.pop(key, None)
        self._half_open.discard(key)
        self._not_entered.discard(key)
        self._entrance.forget(peer)
        self._delivery.forget(peer)
        for kind in ("half-open", "entering", "path", "serve", "close 0", "close 1"):
            self._deadlines.cancel(_Timer(kind, key))
        self._attempt(partial(self._store.forget_session, key), peer.session.last_heard)

    # --- posts and typing ---

    def _receive_post(self, peer: Peer, post: Post, now: float) -> None:
        intake = peer.intake
        if intake is None or peer.member is None:
            raise PeerError("no stream")
        ready = intake.receive(post)
        if not ready:
            for frame in intake.answer_frames() if post.draft <= intake.taken else []:
                peer.session.queue(frame)
                self._wake(peer)
            return
        at = self._wall_clock()
        host, member = peer.host, peer.member
        mute = self._members.people.ban_on(BanKind.SPEAK, member.person, member.name, host, at)
        answers: list[DraftAnswer] = []

        def decide() -> None:
            self._store.forget_answers(intake.stream, intake.oldest)
            for draft in ready:
                answer = self._rooms.decide(
                    draft, intake, member.name, is_muted=mute is not None, at=at
                )
                answers.append(answer)
                if answer.code == Code.OK:
                    self._authors[answer.conversation, answer.number] = peer

        refused = [DraftAnswer(draft.draft, Code.DISK_FULL) for draft in ready]
        self._undone.append(partial(self._refuse_all, peer, intake.stream, refused))
        if self._attempt(decide, now):
            self._kept.append(partial(self._end_post, peer, intake, answers))

    def _end_post(self, peer: Peer, intake: Intake, answers: list[DraftAnswer], now: float) -> None:
        self._posted += sum(answer.code == Code.OK for answer in answers)
        for answer in answers:
            intake.keep_answer(answer)
        for frame in intake.answer_frames():
            peer.session.queue(frame)
        self._wake(peer)

    def _refuse_all(
        self, peer: Peer, stream: bytes, refused: list[DraftAnswer], now: float
    ) -> None:
        """Cannot be stored; ``oldest`` in the next POST makes that harmless."""
        record = self._store.stream(stream)
        if record is not None and peer.intake is not None:
            peer.intake = Intake(stream, record)
            for answer in refused:
                peer.intake.keep_answer(answer)
                peer.intake.taken = max(peer.intake.taken, answer.draft)
        for frame in peer.intake.answer_frames() if peer.intake is not None else []:
            peer.session.queue(frame)
        self._wake(peer)

    def _receive_typing(self, peer: Peer, typing: Typing, now: float) -> None:
        if now - peer.last_typing < TYPING_INTERVAL * 0.9 or peer.member is None:
            return
        if typing.conversation not in peer.feeds:
            return
        peer.last_typing = now
        frame = Typing(typing.conversation, peer.member.person).encode()
        for other in self._delivery.followers(typing.conversation):
            if other is not peer:
                other.session.queue(frame)
                self._wake(other)

    # --- time ---

    def _handle_deadline(self, timer: _Timer, now: float) -> None:
        if timer.key:
            peer = self._peers.get(timer.key)
            if peer is not None:
                self._handle_peer_deadline(timer.kind, peer, now)
        elif timer == _GATHERED:
            self._tell_people()
        elif timer == _STATUS:
            self._operator.report_status(self._posted, self._wall_clock())
            self._deadlines.set(_STATUS, now + STATUS_INTERVAL)
        elif timer == _HOUSEKEEPING:
            self._attempt(partial(self._store.forget_old, self._wall_clock()), now)
            self._deadlines.set(_HOUSEKEEPING, now + HOUSEKEEPING_INTERVAL)
        elif timer == _BANS:
            self._end_bans(now)
        elif timer == _RESETS:
            self._send_resets(now)

    def _handle_peer_deadline(self, kind: str, peer: Peer, now: float) -> None:
        match kind:
            case "serve":
                self._serve(peer, now)
            case "path":
                peer.session.handle_path_timer(now)
            case "close 0":
                peer.session.queue(Close(CloseCode(self._closing[peer.key])).encode())
                self._wake(peer)
            case "close 1":
                peer.session.queue(Close(CloseCode(self._closing[peer.key])).encode())
                self._loose += peer.session.take_bursts(now)
                self._drop(peer)
            case "entering" if self._entrance.is_queued(peer):
                again = now + self._limits.entering_timeout
                self._deadlines.set(_Timer("entering", peer.key), again)
            case "entering":
                self._close(peer, CloseCode.IDLE, now)
            case _:  # half-open
                self._drop(peer)

    def _tell_people(self) -> None:
        frames = self._members.presences.take_changes()
        for peer in self._delivery.followers(ROOM):
            for frame in frames:
                peer.session.queue(frame)
            self._wake(peer)

    def _send_resets(self, now: float) -> None:
        """Tells those who were here that their sessions are gone, so they are back at once."""
        for _ in range(max(1, int(self._limits.start_resets / 20))):
            if not self._resets:
                return
            session = self._resets.popleft()
            address = (session.host, session.port)
            if session.session_id not in self._peers and may_be_answered(address):
                self._loose.append(Burst(address, [self._door.reset(session.session_id)]))
        self._deadlines.set(_RESETS, now + 0.05)

    def _end_bans(self, now: float) -> None:
        def end() -> None:
            if self._members.people.drop_ended(self._wall_clock()):
                self._operator.report_bans()

        self._attempt(end, now)
        self._set_ban_timer(now)

    def _set_ban_timer(self, now: float) -> None:
        end = self._members.people.next_end()
        if end is None:
            self._deadlines.cancel(_BANS)
        else:
            wait = max(0.0, (end - self._wall_clock()) / 1000)
            self._deadlines.set(_BANS, now + min(wait, HOUSEKEEPING_INTERVAL) + 0.01)

    def _stop(self, now: float) -> None:
        self._is_stopping = True
        self._is_dirty = True
        for peer in list(self._peers.values()):
            if peer.is_half_open:
                continue
            frame = Close(CloseCode.COME_BACK).encode()
            for _ in range(3):
                peer.session.queue(frame)
                self._loose += peer.session.take_bursts(now)
        self._commit(now)
        self._events.append(Stopped())
        self.is_done = True
