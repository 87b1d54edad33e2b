"""What a server does, sans I/O: datagrams in, turns that commit before they answer, datagrams out.

Band: cores. Time and chance come in, datagrams and events go out; the one thing it calls is its
store. Nothing that a turn decided leaves before the store has committed it.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto
from functools import partial
from itertools import chain, islice

from auth import Failures, derive_prs
from conversation import ROOM
from deadlines import Deadlines
from protocol import (
    PREFIX,
    Address,
    Burst,
    DatagramType,
    Job,
    PeerError,
    decode_data_header,
)
from protocol_session import Session
from records import Shelf, Store, Stored, StoreNotice
from server_abroad import Abroad
from server_accounts import Accounts, is_of_account
from server_arrivals import Arrivals
from server_conversations import Conversations
from server_delivery import Delivery
from server_door import Door, Opened
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
from server_files import Files
from server_frames import Frames
from server_identity import Identity
from server_links import Links
from server_members import Members
from server_operator import Operator
from server_partings import Partings
from server_peer import Peer
from server_posting import Posting
from server_presence import GATHER
from server_realm_calls import Ourselves
from server_realms import RealmCommand
from server_requests import Requests
from server_rooms import Rooms
from server_sessions import Sessions
from server_stock import Stock
from server_supply import Supply
from server_turn import Chores, Jobs, Turn
from server_uploads import Uploads
from settings import ServerSettings

STATUS_INTERVAL = 1.0  # s
RESETS_INTERVAL = 0.05  # s
HOUSEKEEPING_INTERVAL = 60.0  # s
INDEX_INTERVAL = 0.25  # s between turns that index
INDEX_SOME = 64  # entries in one of them
DATA = PREFIX + bytes([DatagramType.DATA_TO_SERVER])
INIT = PREFIX + bytes([DatagramType.INIT])
SEALED_EARLY = 40  # sessions; for more of them the disk would be waiting for us
SESSION_MEMORY = 12 * 3600 * 1000  # ms a session is remembered for a RESET after a restart


class _Timer(Enum):
    """What a deadline of the core is about."""

    GATHERED = auto()  # changes of who is here
    STATUS = auto()
    HOUSEKEEPING = auto()
    RESETS = auto()
    INDEX = auto()  # what was said, for searches; a little at a time, so that no turn is long


class ServerCore:
    """The server. Owned by the network thread, as are its store, its shelf and all it holds."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        shelf: Shelf,
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
        self._deadlines: Deadlines[_Timer] = Deadlines()
        self._turn = Turn(store, self._report_full)
        self._jobs = Jobs()
        self._chores = Chores(store, self._jobs, self._report_notice)
        self._is_index_due = False
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
        self._sessions = sessions = Sessions(
            self._limits,
            serve=self._serve,
            on_end=self._part,
            on_forgotten=self._forget,
            is_queued=self._is_queued,
        )
        self._rooms = Rooms(store, self._limits, has_file=shelf.has)
        self._members = Members(
            store,
            self._rooms,
            self._limits,
            self._turn,
            random_bytes=random_bytes,
            report=self._events.append,
        )
        self._delivery = Delivery(
            self._rooms,
            store,
            self._limits,
            wake=sessions.wake,
            run=self._jobs.run,
            sessions_of=self._members.sessions_of,
            share=self._share,
        )
        self._stock = Stock(store, shelf, self._turn, self._limits, wall_clock=wall_clock)
        self._uploads = Uploads(
            store,
            shelf,
            self._stock,
            self._turn,
            self._limits,
            run=self._jobs.run,
            wake=sessions.wake,
            report=self._events.append,
            wall_clock=wall_clock,
        )
        self._supply = Supply(
            store,
            shelf,
            report=self._events.append,
            wall_clock=wall_clock,
            wake=sessions.wake,
            send=sessions.send,
        )
        self._partings = Partings(
            self._members,
            sessions,
            self._delivery,
            forget=self._forget_files,
            wall_clock=wall_clock,
        )
        self._posting = Posting(
            store, self._rooms, self._members.people, self._turn, wake=sessions.wake
        )
        self._entrance = Entrance(
            random_bytes=random_bytes,
            answer=sessions.answer,
            on_wrong_password=self._guessed_wrong,
            guard=sessions.guard,
        )
        self._accounts = Accounts(store, random_bytes, reset_key)
        self._arrivals = Arrivals(
            store,
            self._rooms,
            self._members,
            self._delivery,
            sessions,
            self._partings,
            wall_clock=wall_clock,
        )
        self._abroad = Abroad(
            settings,
            Ourselves(self._door.server_key, static_private, settings.room_name, settings.password),
            store,
            shelf,
            self._rooms,
            self._members.people,
            self._delivery,
            self._uploads,
            self._supply,
            sessions,
            self._turn,
            part=self._partings.part,
            remember=self._arrivals.remember,
            run=self._jobs.run,
            report=self._events.append,
            random_bytes=random_bytes,
            wall_clock=wall_clock,
        )
        self._requests = Requests(
            self._members,
            self._delivery,
            self._turn,
            sessions,
            self._partings,
            entrance=self._entrance,
            arrivals=self._arrivals,
            identity=Identity(
                store,
                self._accounts,
                self._members,
                self._arrivals,
                self._partings,
                self._turn,
                answer=sessions.answer,
                report=self._events.append,
                write_posts=self._write_posts,
                save_guesses=self._save_guesses,
                wall_clock=wall_clock,
            ),
            conversations=Conversations(
                store,
                self._rooms,
                self._members,
                self._delivery,
                self._turn,
                answer=sessions.answer,
                run=self._jobs.run,
                write_posts=self._write_posts,
                reach=self._abroad.logs.contacts.reach,
                wall_clock=wall_clock,
            ),
            realms=self._abroad.realms,
            links=self._abroad.links,
            files=Files(
                store,
                self._rooms,
                self._members.people,
                self._uploads,
                self._turn,
                answer=sessions.answer,
                wall_clock=wall_clock,
            ),
            wall_clock=wall_clock,
        )
        links = Links(
            self._members.presences,
            self._delivery,
            wake=sessions.wake,
            moved=self._remember_address,
        )
        self._frames = Frames(
            sessions,
            self._partings,
            links,
            self._requests,
            self._posting,
            self._delivery,
            self._uploads,
            self._supply,
            self._abroad.links,
        )
        self._operator = Operator(
            self._members,
            self._accounts,
            store,
            self._uploads,
            self._stock,
            self._turn,
            report=self._events.append,
            expel=self._partings.expel,
            run=self._jobs.run,
            random_bytes=random_bytes,
            wall_clock=wall_clock,
        )
        self._begin(now)

    def _begin(self, now: float) -> None:
        at = self._wall_clock()
        store = self._store
        self._restore_guesses(now, at)
        self._members.restore(store, now, at)
        self._door.remember(store.remembered_sessions(at - SESSION_MEMORY))
        self._deadlines.set(_Timer.RESETS, now)
        self._turn.attempt(partial(self._members.forget_old, store, at), now)
        self._stock.restore(now)
        self._stock.tidy(now)
        self._deadlines.set(_Timer.INDEX, now)
        self._deadlines.set(_Timer.HOUSEKEEPING, now + HOUSEKEEPING_INTERVAL)
        if self._settings.is_watched:
            self._deadlines.set(_Timer.STATUS, now + STATUS_INTERVAL)
        self._operator.watch_bans(now)
        derive = partial(derive_prs, self._settings.password, store.room_id)
        self._jobs.run(derive, self._begin_entrance)
        self._chores.tell()

    def _restore_guesses(self, now: float, at: int) -> None:
        guesses = self._store.guesses()
        rows = [
            Failures(guess.address, guess.failures, guess.last_failure)
            for guess in guesses
            if not is_of_account(guess)
        ]
        self._entrance.guessing.restore(rows, now, at)
        self._accounts.restore(guesses, now, at)

    def _begin_entrance(self, prs: object, now: float) -> None:
        assert isinstance(prs, bytes)
        self._entrance.set_prs(prs, now)
        self._events.append(
            Started(
                (self._settings.bind, self._settings.port),
                self._door.server_key,
                self._settings.room_name,
                self._store.head(ROOM).number,
                self._wall_clock(),
            )
        )
        self._operator.report_bans()
        self._abroad.links.begin(now)

    # --- the driver's verbs ---

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Never raises, whatever the bytes."""
        try:
            if datagram[:4] == DATA:
                self._receive_data(datagram, address, now)
            elif datagram[:4] == INIT:
                self._receive_init(datagram, address, now)
            else:
                self._abroad.links.receive_datagram(datagram, address, now)
        except PeerError:
            return

    def handle_command(self, command: Command, now: float) -> None:
        """The operator's wish."""
        if isinstance(command, Stop):
            self._stop(now)
            return
        if isinstance(command, RealmCommand):
            self._abroad.realms.carry_out(command, now)
        else:
            self._operator.carry_out(command, now)

    def handle_result(self, key: int, result: object, now: float) -> None:
        """What a job came to; an exception of the store is the store's end."""
        self._jobs.finish(key, result, now)

    def next_timer(self) -> float | None:
        dues = (
            self._deadlines.next(),
            self._sessions.next_timer(),
            self._members.next_timer(),
            self._delivery.next_timer(),
            self._entrance.next_timer(),
            self._operator.next_timer(),
            self._uploads.next_timer(),
            self._supply.next_timer(),
            self._abroad.next_timer(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        for timer in self._deadlines.take_due(now):
            self._handle_deadline(timer, now)
        self._sessions.handle_timer(now)
        self._partings.take_gone(now)
        self._entrance.handle_timer(now)
        self._operator.handle_timer(now)
        self._delivery.handle_timer(now)
        self._uploads.handle_timer(now)
        self._supply.handle_timer(now)
        self._abroad.handle_timer(now)

    def bursts_to_send(self, now: float) -> Iterator[Burst]:
        """Ends the turn: commits, then seals what may be said now."""
        sealed = self._begin_commit(now)
        early = list(islice(sealed, SEALED_EARLY))  # while the disk is at work
        committed = self._commit(now)
        if self._members.presences.is_urgent:
            self._tell_people(now)
        elif self._members.presences.has_changes:
            self._deadlines.set_earliest(_Timer.GATHERED, now + GATHER)
        return self._finish_turn(committed, chain(early, sealed), now)

    def _finish_turn(
        self, committed: tuple[Stored, ...] | None, sealed: Iterator[Burst], now: float
    ) -> Iterator[Burst]:
        if committed is not None:  # else what was sealed is as if the network had lost it
            yield from sealed
        self._push(committed, now)
        self._uploads.ask(now)
        yield from self._abroad.take_bursts(now)
        yield from self._sessions.take_bursts(now)
        yield from self._supply.take_bursts(now)
        if committed is not None:  # what nobody waits for comes last
            self._store.write_along()
            self._chores.look()
        if self._is_index_due:
            self._is_index_due = False
            if self._store.index_some(INDEX_SOME):
                self._deadlines.set_earliest(_Timer.INDEX, now + INDEX_INTERVAL)

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def next_job(self) -> Job | None:
        return self._jobs.next()

    # --- turns ---

    def _begin_commit(self, now: float) -> Iterator[Burst]:
        """Writes what is to be written; what can go out once that is on disk."""
        self._write_posts(now)
        self._abroad.logs.write(now)
        if self._members.is_owing(now):
            self._turn.attempt(partial(self._members.write_owed, now), now)
        return self._delivery.seal(self._turn.begin_commit(), self._posting.to_answer, now)

    def _commit(self, now: float) -> tuple[Stored, ...] | None:
        """What became durable; None: nothing was written, or nothing could be."""
        committed = self._turn.commit(now)
        self._posting.send_answers()
        return committed

    def _push(self, committed: tuple[Stored, ...] | None, now: float) -> None:
        authors = self._posting.take_authors()
        if committed:
            self._deadlines.set_earliest(_Timer.INDEX, now + INDEX_INTERVAL)
            self._delivery.push(committed, authors, now)

    def _write_posts(self, now: float) -> None:
        self._posting.write(now, self._wall_clock())

    def _report_notice(self, notice: StoreNotice) -> None:
        kind, at = HappeningKind[notice.kind.name], self._wall_clock()
        self._events.append(Happened(kind, at, count=notice.count, text=notice.text))

    def _report_full(self, is_full: bool) -> None:
        kind = HappeningKind.DISK_FULL if is_full else HappeningKind.DISK_FREE
        self._events.append(Happened(kind, self._wall_clock()))

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
            self._sessions.add(Peer(session, self._door.server_key), address[0], now)
            self._sessions.send_loose(address, answer.resp)
        elif answer is not None:
            self._sessions.send_loose(address, answer)

    def _receive_data(self, datagram: bytes, address: Address, now: float) -> None:
        session_id, number = decode_data_header(datagram)
        peer = self._sessions.get(session_id)
        if peer is None:
            reset = self._door.reset_for(session_id, address, now)
            if reset is not None:
                self._sessions.send_loose(address, reset)
            return
        plaintext = peer.session.open(datagram, number, address, now)
        if plaintext is None:
            return
        self._notice_life(peer, now)
        self._sessions.guard(
            peer, partial(self._frames.receive, peer, plaintext, address, now), now
        )

    def _notice_life(self, peer: Peer, now: float) -> None:
        """Something genuine came: what follows from that, whatever is inside."""
        deadline = peer.session.path_deadline
        if deadline is not None:  # from a new address: a challenge is waiting to go out
            self._sessions.wake(peer)
            self._sessions.watch_path(peer, deadline)
        if peer.is_half_open:
            self._sessions.open_wide(peer, now)
        if peer.member is not None and peer.member.is_away:
            self._members.heard(peer.member, now)

    # --- what the parts ask for ---

    def _guessed_wrong(self, peer: Peer, now: float) -> None:
        at = self._wall_clock()
        self._turn.attempt(partial(self._save_guesses, now, at), now)
        guesses = self._entrance.guesses(now, at)
        failures = sum(guess.failures for guess in guesses if guess.address == peer.host)
        address = peer.session.address
        self._events.append(
            Happened(HappeningKind.WRONG_PASSWORD, at, address=address, count=failures)
        )

    def _save_guesses(self, now: float, at: int) -> None:
        guesses = self._entrance.guesses(now, at) + self._accounts.guesses(now, at)
        self._store.save_guesses(guesses)

    def _remember_address(self, peer: Peer, now: float) -> None:
        self._turn.attempt(partial(self._arrivals.remember, peer, self._wall_clock()), now)

    def _serve(self, peer: Peer, now: float) -> None:
        if peer.realm:
            self._abroad.links.serve_next(peer, now)
        else:
            self._sessions.guard(peer, partial(self._requests.serve, peer, now), now)

    def _is_queued(self, peer: Peer) -> bool:
        return self._entrance.is_queued(peer)

    def _share(self, conversation: int, now: float) -> None:
        self._abroad.share(conversation, now)

    def _part(self, peer: Peer) -> None:
        self._partings.part(peer)
        self._abroad.links.part(peer)

    def _forget_files(self, peer: Peer) -> None:
        self._uploads.forget(peer)
        self._supply.forget(peer)

    def _forget(self, peer: Peer) -> None:
        self._entrance.forget(peer)
        self._accounts.forget(peer.key)
        if peer.is_remembered:
            forget = partial(self._store.forget_session, peer.key)
            self._turn.attempt(forget, peer.session.last_heard)

    # --- time ---

    def _handle_deadline(self, timer: _Timer, now: float) -> None:
        match timer:
            case _Timer.GATHERED:
                self._tell_people(now)
            case _Timer.STATUS:
                self._operator.report_status(self._posting.posted)
                self._deadlines.set(timer, now + STATUS_INTERVAL)
            case _Timer.HOUSEKEEPING:
                at = self._wall_clock()
                self._turn.attempt(partial(self._members.forget_old, self._store, at), now)
                self._stock.tidy(now)
                self._deadlines.set(timer, now + HOUSEKEEPING_INTERVAL)
            case _Timer.RESETS:
                self._send_resets(now)
            case _:  # INDEX
                self._is_index_due = True

    def _tell_people(self, now: float) -> None:
        self._delivery.count_again(now)
        frames = self._members.presences.take_changes()
        for peer in self._delivery.followers(ROOM):
            for frame in frames:
                peer.session.queue(frame)
            self._sessions.wake(peer)

    def _send_resets(self, now: float) -> None:
        """Tells those who were here that their sessions are gone, so they are back at once."""
        self._sessions.send_bursts(self._door.take_resets(RESETS_INTERVAL))
        if self._door.has_resets:
            self._deadlines.set(_Timer.RESETS, now + RESETS_INTERVAL)

    def _stop(self, now: float) -> None:
        self._is_stopping = True
        self._abroad.links.close_all(now)
        self._write_posts(now)
        self._push(self._commit(now), now)
        self._uploads.close()
        self._sessions.close_all(now)
        self._events.append(Stopped())
        self.is_done = True
