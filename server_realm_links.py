"""The links to other realms: which there are, which stand, one of two where both ends called.

Band: cores. Calls, lets realms in that call, hands on what comes over a link that stands. Which
logs are read over it, and who may add or cut a link, is known elsewhere.
Source: docs/protocol.md.
"""

import hmac
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from crypto import x25519
from deadlines import Deadlines
from entering import Step
from protocol import Address, Burst, CloseCode, Code, DatagramType, PeerError, RunJob, Verb
from protocol_frames import (
    Chunk,
    EntryPart,
    Frame,
    Have,
    Heads,
    Pull,
    Request,
    Response,
    Want,
)
from protocol_guards import TokenBucket
from protocol_requests import Fields, Requester
from realms import RealmRequest, alias_of, prove_key
from records import RealmRecord
from server_events import Event, Happened, HappeningKind
from server_peer import Peer
from server_realm_calls import Call, Calls, Derivations, Ourselves, Refusal
from server_realm_peer import OfLinks, RealmPeer
from server_realm_records import RealmRecords
from server_sessions import Sessions
from server_turn import Turn
from settings import Limits

VERBS = frozenset({Verb.SHARED, Verb.CONTACT, Verb.UNDELIVERED})  # what realms ask of each other
MOST_ENTERED = 10.0  # links that one realm may begin in a row, then
ENTER_INTERVAL = 5.0  # s between them
SERVED_BURST = 2.0  # s of the rate of requests
SERVED_LATER = 0.01  # s at least
_TO_CALLERS = frozenset(
    {DatagramType.RETRY, DatagramType.RESP, DatagramType.RESET, DatagramType.DATA_TO_CLIENT}
)


@dataclass(frozen=True, slots=True)
class LinkUse:
    """What goes on over links that stand; never called for one after ``lost``."""

    opened: Callable[[RealmPeer, float], None]  # who it is for tells the operator: tell_linked
    lost: Callable[[RealmPeer, float], None]  # its session is nobody's any more
    dropped: Callable[[int], None]  # a realm has no record any more
    serve: Callable[[RealmPeer, int, Verb, Fields, float], None]  # one of VERBS; raises PeerError
    receive: Callable[[RealmPeer, OfLinks, float], None]  # raises PeerError
    pinged: Callable[[RealmPeer, float], None]  # a keepalive came of one that we called
    changed: Callable[[float], None]  # some link came or went


class RealmLinks:
    """Owns the calls and the links that stand. ``is_off``: there are none.

    ``part(peer)``: a session that we called is over; ``is_banned(host)``: nobody enters from there.
    """

    def __init__(
        self,
        known: RealmRecords,
        turn: Turn,
        sessions: Sessions,
        use: LinkUse,
        ourselves: Ourselves,
        limits: Limits,
        *,
        is_off: bool,
        is_banned: Callable[[str], bool],
        part: Callable[[Peer], None],
        remember: Callable[[Peer, int], None],
        run: RunJob,
        report: Callable[[Event], None],
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
    ) -> None:
        self.known = known
        self._turn = turn
        self._sessions = sessions
        self._use = use
        self.ourselves = ourselves
        self._limits = limits
        self.is_off = is_off
        self._is_banned = is_banned
        self._part = part
        self._remember = remember
        self._report = report
        self._random_bytes = random_bytes
        self._wall_clock = wall_clock
        self._calls = Calls(
            met=self._met,
            stands=self._called_well,
            lost=self._call_lost,
            refused=self._refused,
            receive=self._receive,
            pinged=self._pinged,
            turned=self._turned,
            derivations=Derivations(run),
        )
        self._lines: dict[int, Call] = {}  # to all realms that can be called, by realm
        self._trials: list[Call] = []  # to realms that have no record yet
        self._standing: dict[int, RealmPeer] = {}
        self._silent: dict[int, int] = {}  # UTC ms since when, by realm; its link stands
        self._lonely: set[int] = set()  # realms whose link to us is gone: perhaps to be called
        self._told: dict[int, HappeningKind] = {}  # what the operator knows of the trouble with one
        self._entering: dict[bytes, TokenBucket] = {}  # how often a realm may call, by key
        self._serving: dict[int, TokenBucket] = {}  # how much it may ask, by realm
        self._served_later: Deadlines[int] = Deadlines()  # by realm, that has asked too much

    def begin(self, now: float) -> None:
        """The server starts: all realms that can be called are called."""
        self.known.load()
        for record in self.known.all():
            self.call(record, now)

    # --- what is known ---

    def standing(self, realm: int) -> RealmPeer | None:
        """The link to a realm, if it stands."""
        return self._standing.get(realm)

    def is_linked(self, realm: int) -> bool:
        """Whether its link stands, and the other end answers."""
        peer, call = self._standing.get(realm), self._lines.get(realm)
        return peer is not None and (peer.is_called or (call is not None and call.is_alive))

    def silent_since(self, realm: int) -> int | None:
        """UTC ms; None: its link does not stand, or the other end answers."""
        return self._silent.get(realm)

    def _turned(self, now: float) -> None:
        """One whose link stands has fallen silent, or answers again."""
        silent = {}
        for realm, standing in self._standing.items():
            if not self.is_linked(realm):
                ago = now - standing.peer.session.last_heard
                silent[realm] = self._silent.get(realm) or self._wall_clock() - round(1000 * ago)
        self._silent = silent
        self._use.changed(now)

    def expect_answer(self, realm: int, now: float) -> None:
        """It was told of something that it lacks: its silence means something from now on."""
        call = self._lines.get(realm)
        if call is not None and call.stands:
            call.expect_answer(now)

    def trouble(self, realm: int) -> HappeningKind | None:
        """Why one that is away is not let in, or not called; None: it does not answer."""
        return self._told.get(realm)

    # --- calling ---

    def may_add(self) -> bool:
        """Whether there is room for another realm."""
        return self.known.has_room(len(self._trials))

    def try_address(
        self,
        address: Address,
        password: str | None,
        now: float,
        *,
        met: Callable[[Call, bytes, float], bool],
        stands: Callable[[Call, float], None],
        refused: Callable[[Call, Refusal, float], None],
    ) -> None:
        """A call to a realm of which nothing is known; ``end_trial`` or ``take_over`` ends it."""
        calls = replace(self._calls, met=met, stands=stands, refused=refused)
        trial = self._make_call(calls, address, password=password)
        self._trials.append(trial)
        trial.start(now)

    def _make_call(
        self,
        calls: Calls,
        address: Address,
        record: RealmRecord | None = None,
        password: str | None = None,
    ) -> Call:
        return Call(
            calls,
            self.ourselves,
            address,
            record=record,
            password=password,
            random_bytes=self._random_bytes,
            limits=self._limits,
        )

    def end_trial(self, trial: Call, now: float) -> None:
        """Nothing comes of it."""
        self._trials.remove(trial)
        trial.rest(CloseCode.EXIT, now)
        self._send_last(trial, now)

    def _send_last(self, call: Call, now: float) -> None:
        """Nobody knows of it from now on, so that nobody would ask it for its CLOSE."""
        self._sessions.send_bursts(call.take_bursts(now))

    def take_over(self, trial: Call, record: RealmRecord, now: float) -> None:
        """The realm has a record now: the call is that record's. If it stands, it serves."""
        self._trials.remove(trial)
        trial.become(self._calls, record)
        self._lines[record.realm] = trial
        if record.realm in self._standing and not trial.stands:
            trial.rest(CloseCode.EXIT, now)
        self._called_well(trial, now)

    def call(self, record: RealmRecord, now: float) -> None:
        """With the address and password it has now, if it is to be called at all."""
        if self.is_off or record.is_cut or not record.host or record.realm in self._standing:
            return
        call = self._lines.get(record.realm)
        if call is None:
            address = (record.host, record.port)
            call = self._lines[record.realm] = self._make_call(self._calls, address, record)
        call.start(now)

    def _record_of(self, call: Call) -> RealmRecord:
        assert call.record is not None
        return self.known.get(call.record.realm) or call.record

    def _met(self, call: Call, key: bytes, _: float) -> bool:
        record = self._record_of(call)
        if key == record.key:
            return True
        self._tell(record, HappeningKind.REALM_KEY_CHANGED)
        return False

    def _refused(self, call: Call, refusal: Refusal, now: float) -> None:
        record = self._record_of(call)
        if refusal.code is Code.WRONG_PASSWORD:
            self._tell(record, HappeningKind.REALM_PASSWORD)
        elif refusal.code in (Code.NOT_ALLOWED, Code.BAD_REQUEST):
            self._tell(record, HappeningKind.REALM_REFUSED)

    def _tell(self, record: RealmRecord, kind: HappeningKind) -> None:
        """The operator hears once of each trouble, until the link stands."""
        if self._told.get(record.realm) is not kind:
            self._told[record.realm] = kind
            self._happen(kind, record)

    def _happen(self, kind: HappeningKind, record: RealmRecord, count: int = 0) -> None:
        address = (record.host, record.port) if record.host else None
        self._report(Happened(kind, self._wall_clock(), record.name, address, count))

    def tell_linked(self, realm: int, count: int) -> None:
        """For the operator: its link stands, and so many messages waited and have arrived."""
        record = self.known.get(realm)
        if record is not None:
            self._happen(HappeningKind.REALM_LINKED, record, count)

    def _called_well(self, call: Call, now: float) -> None:
        """We are in."""
        peer = call.open()
        if peer is None:
            return
        self._sessions.adopt(peer.peer)
        self._stand(peer, now)

    def _call_lost(self, call: Call, peer: RealmPeer, now: float) -> None:
        self._sessions.release(peer.peer)
        self._part(peer.peer)
        self._fall(peer, now)

    # --- being called ---

    def enter(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        """ENTER_REALM, from somebody who knows our password. Raises PeerError."""
        wish = RealmRequest.decode(fields)
        shared = x25519(self.ourselves.static_private, wish.key)
        if not hmac.compare_digest(wish.proof, prove_key(shared, peer.session.handshake_hash)):
            raise PeerError("a realm that does not hold its key")
        record = self.known.of_key(wish.key)
        code, refusal = self._judge(peer.host, wish.key, record, now)
        if code is not Code.OK:
            self._sessions.answer(peer, request, code, refusal)
            return
        at = self._wall_clock()
        realm = 0

        def decide() -> None:
            nonlocal realm
            if record is not None:
                realm = record.realm
            else:
                name = self.known.free_name(alias_of(wish.name), wish.key)
                made = RealmRecord(0, wish.key, name, added_at=at, seen_at=at)
                realm = self.known.save(made).realm
            self._remember(peer, at)

        def refuse(_: float) -> None:
            self._sessions.answer(peer, request, Code.DISK_FULL, {})

        if not self._turn.attempt(decide, now):
            refuse(now)
            return
        self._turn.when_undone(refuse)
        self._turn.when_kept(lambda now: self._let_in(peer, request, realm, now))

    def _judge(
        self, host: str, key: bytes, record: RealmRecord | None, now: float
    ) -> tuple[Code, Fields]:
        if self.is_off or self._is_banned(host) or (record is not None and record.is_cut):
            return Code.NOT_ALLOWED, {}
        if key == self.ourselves.key:
            return Code.BAD_REQUEST, {}
        if record is None:
            return Code.OK if self.known.has_room_for_callers() else Code.SERVER_FULL, {}
        calls = self._entering.get(key)
        if calls is None:
            calls = self._entering[key] = TokenBucket(1.0 / ENTER_INTERVAL, MOST_ENTERED)
        if not calls.take(now):
            return Code.TOO_MANY_GUESSES, {"wait": math.ceil(calls.ready_at(now) - now)}
        standing, call = self._standing.get(record.realm), self._lines.get(record.realm)
        is_ours = standing is not None and not standing.is_called
        if is_ours and call is not None and self.ourselves.key < key:
            # Both ends have called, and ours is the call that stays; unless they have lost it.
            call.ask_whether_it_lives(now)
            return Code.REALM_EXISTS, {}
        return Code.OK, {}

    def _let_in(self, peer: Peer, request: int, realm: int, now: float) -> None:
        record = self.known.get(realm)
        if peer.entering.step is not Step.PROVED:
            return  # it ended in this very turn
        if record is None or record.is_cut:  # so did the link
            self._sessions.answer(peer, request, Code.NOT_ALLOWED, {})
            return
        peer.entering.step, peer.realm = Step.ENTERED, realm
        self._sessions.welcome(peer)
        self._sessions.answer(peer, request, Code.OK, {})
        self._stand(RealmPeer(realm, record.name, peer, Requester(), is_called=True), now)

    def part(self, peer: Peer) -> None:
        """A session that somebody called has ended; none of a realm is fine."""
        standing = self._standing.get(peer.realm)
        if standing is not None and standing.peer is peer:
            self._fall(standing, peer.session.last_heard)

    # --- standing and falling ---

    def _stand(self, peer: RealmPeer, now: float) -> None:
        """The newest one stays, if both ends or one of them have called twice."""
        record = self.known.get(peer.realm)
        assert record is not None  # it was let in, or called
        before, call = self._standing.get(peer.realm), self._lines.get(peer.realm)
        if before is not None and before.is_called:
            self._sessions.close(before.peer, CloseCode.RENEWED, now)
        if (
            call is not None
            and peer.is_called
            and (before is not None or record.key < self.ourselves.key)
        ):
            call.rest(CloseCode.RENEWED, now)
        self._standing[peer.realm] = peer
        self._lonely.discard(peer.realm)
        self._told.pop(peer.realm, None)
        self._silent.pop(peer.realm, None)
        self.known.note_seen(peer.realm, self._wall_clock(), now)
        self._use.opened(peer, now)
        self._use.changed(now)

    def _fall(self, peer: RealmPeer, now: float) -> None:
        del self._standing[peer.realm]
        if peer.is_called:  # a call of ours is made again by itself
            self._lonely.add(peer.realm)
        self._use.lost(peer, now)
        self._use.changed(now)
        gone_at = self._silent.pop(peer.realm, None) or self._wall_clock()
        self.known.note_seen(peer.realm, gone_at, now)
        record = self.known.get(peer.realm)
        if record is not None and not record.is_cut:  # that is told by who cut it
            self._happen(HappeningKind.REALM_LOST, record)

    def hang_up(self, realm: int, code: CloseCode, now: float) -> None:
        """Ends the link to a realm, if it stands or is called."""
        standing, call = self._standing.get(realm), self._lines.get(realm)
        if call is not None:
            call.rest(code, now)
        if standing is not None and standing.is_called:
            self._sessions.close(standing.peer, code, now)

    def rename(self, record: RealmRecord) -> None:
        """It is called otherwise now, in all that is yet to come."""
        standing = self._standing.get(record.realm)
        if standing is not None:
            standing.name = record.name

    def drop(self, realm: int, now: float) -> None:
        """Its record is gone."""
        record = self.known.get(realm)
        self.known.forget(realm)
        self.hang_up(realm, CloseCode.KICKED, now)
        self._use.dropped(realm)
        self._serving.pop(realm, None)
        self._entering.pop(record.key if record is not None else b"", None)
        call = self._lines.pop(realm, None)
        if call is not None:
            self._send_last(call, now)
        self._told.pop(realm, None)
        self._lonely.discard(realm)

    def break_off(self, peer: RealmPeer, now: float) -> None:
        """What came over a link that stands cannot be."""
        call = self._lines.get(peer.realm)
        if peer.is_called or call is None:
            self._sessions.close(peer.peer, CloseCode.BROKEN, now)
        else:
            call.break_off(now)

    def close_all(self, now: float) -> None:
        """The server stops."""
        for call in [*self._lines.values(), *self._trials]:
            call.rest(CloseCode.COME_BACK, now)

    # --- what comes over a link ---

    def receive(self, peer: Peer, frame: Frame, now: float) -> None:
        """A frame in a session that a realm has called. Raises PeerError."""
        standing = self._standing.get(peer.realm)
        if standing is not None and standing.peer is peer:
            self._receive(standing, frame, now)

    def _receive(self, standing: RealmPeer, frame: Frame, now: float) -> None:
        peer = standing.peer
        match frame:
            case Request():
                for repeated in peer.responder.receive(frame):
                    peer.session.queue(repeated)
                    self._sessions.wake(peer)
                self._serve_next(standing, now)
            case Response():
                standing.receive(frame, now)
            case Heads() | EntryPart() | Pull() | Have() | Want() | Chunk():
                self._use.receive(standing, frame, now)
            case _:
                raise PeerError("a frame that realms do not send")

    def serve_next(self, peer: Peer, now: float) -> None:
        """The next request of a realm that asked early, whichever end called."""
        standing = self._standing.get(peer.realm)
        if standing is not None and standing.peer is peer:
            try:
                self._serve_next(standing, now)
            except PeerError:
                self.break_off(standing, now)

    def _serve_next(self, standing: RealmPeer, now: float) -> None:
        realm = standing.realm
        bucket = self._serving.get(realm)
        if bucket is None:
            rate = self._limits.realm_requests
            bucket = self._serving[realm] = TokenBucket(rate, SERVED_BURST * rate)
        if bucket.level(now) < 1.0:
            self._served_later.set(realm, max(bucket.ready_at(now), now + SERVED_LATER))
            return
        waiting = standing.peer.responder.next_request()
        if waiting is None:
            return
        bucket.take(now)
        request, verb, fields = waiting
        if verb in VERBS:
            self._use.serve(standing, request, Verb(verb), fields, now)
        else:
            self._sessions.answer(standing.peer, request, Code.UNKNOWN_REQUEST, {})

    def _pinged(self, standing: RealmPeer, now: float) -> None:
        standing.peer.responder.age(now)
        self._use.pinged(standing, now)

    # --- datagrams and time ---

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """One that is meant for who calls. Never raises, whatever the bytes."""
        if len(datagram) < 12 or datagram[3] not in _TO_CALLERS:
            return
        addressed = int.from_bytes(datagram[4:12], "big")
        is_reset = datagram[3] == DatagramType.RESET  # it bears the other end's number
        for call in self._all_calls():
            if addressed == (call.lost_id if is_reset else call.receive_id):
                call.receive_datagram(datagram, address, now)

    def _all_calls(self) -> list[Call]:
        return [*self._lines.values(), *self._trials]

    def take_bursts(self, now: float) -> Iterator[Burst]:
        """What calls have to send; what is asked in sessions that we were called in is queued."""
        for call in self._all_calls():
            yield from call.take_bursts(now)
        for standing in self._standing.values():
            session = standing.peer.session
            if standing.is_called and standing.requester.is_waiting:
                for frame in standing.requester.frames_due(now, session.round_trip, silent=False):
                    session.queue(frame)
                    self._sessions.wake(standing.peer)

    def next_timer(self) -> float | None:
        if self._lonely:
            return 0.0
        dues = [self._served_later.next()]
        dues += [call.next_timer() for call in self._all_calls()]
        dues += [
            standing.requester.next_timer()
            for standing in self._standing.values()
            if standing.is_called
        ]
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        lonely, self._lonely = self._lonely, set()
        for realm in sorted(lonely):
            record = self.known.get(realm)
            assert record is not None  # with a record, this goes too
            self.call(record, now)
        for realm in self._served_later.take_due(now):
            late = self._standing.get(realm)
            if late is not None:
                self.serve_next(late.peer, now)
        for call in self._all_calls():
            call.handle_timer(now)
