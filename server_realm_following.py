"""Reading the logs of another realm: which it shares, pulling what we lack, saying what we have.

Band: cores. What came is handed on to be written in the turn that brought it, and reported only
once that is on disk. A turn that was undone leaves no trace: everything is asked for anew.
Source: docs/protocol.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from belonging import MAX_HELD
from conversation import FIRST_CHAIN, NO_TAG, ROOM, Entry, sent_at
from entering import HeldLog
from protocol import Code, RunJob, Verb
from protocol_frames import EntryPart, Have, Heads
from protocol_requests import Answer
from realms import SharedAnswer, SharedLog, SharedRequest
from records import Followed, Store, Stored, Undelivered
from replication_client import Allowance, Arrived, Replica
from server_realm_copying import Copying, Origin, is_known
from server_realm_peer import RealmBounds, RealmPeer
from server_turn import Turn
from settings import Limits

MOST_READ = 32  # logs that are pulled at a time, from one realm
MAX_HAVE_PAIRS = 64
PAUSE = 5.0  # s after a full disk
FULL_PAUSE = 600.0  # s after a realm has left here what it may
MOST_UNTOLD = 1_000  # refusals that a realm has not heard yet: until then no more is read
COMPARED_BYTES = 1 << 20  # of our log, read at a time
MOST_COMPARED = 100_000  # entries of a log that may come a second time
LEAST_COMPARED = 100  # entries: what it costs at least to compare a log
PULL_INTERVAL = 0.05  # s between PULLs, when more is behind than the rate allows
MOST_PULLED = 1_500  # entries that one PULL brings at most: they are 40 bytes and more
LOOK_INTERVAL = 0.1  # s between questions about logs that are new
PAGE_INTERVAL = 0.02  # s between pages of all logs, however many they say there are
HELD_BYTES = 1 << 20  # of entries above gaps, in all logs of a realm
MOST_UNKNOWN = 64  # logs that we heard of and asked nothing about yet


@dataclass(slots=True)
class _Comparison:
    """A log that is not what it was, there or here: what we have of it may come again."""

    head: int  # up to here; then it is as other logs
    ours: int
    tags: set[bytes] = field(default_factory=set)
    is_ready: bool = False  # the tags are known
    is_over: bool = False
    before: int = 0  # UTC ms of the first entry whose tag is known, if that is not our first

    def take(self, arrived: list[Arrived]) -> list[Arrived]:
        """Without those that stand before what is known: they are here, for both logs have one
        order. If nothing of theirs is among what is known, time tells where the new ones begin.
        """
        for place, (_, entry) in enumerate(arrived if self.before else ()):
            if entry.sent_at > self.before or is_known(entry.tag, self.tags):
                self.before = 0
                return arrived[place:]
        return [] if self.before else arrived


class Following:
    """The logs of one realm, over one link. ``run(work, end)``: for the worker thread."""

    def __init__(
        self,
        link: RealmPeer,
        store: Store,
        copying: Copying,
        turn: Turn,
        limits: Limits,
        bounds: RealmBounds,
        *,
        wake: Callable[[RealmPeer], None],
        run: RunJob,
        report_full: Callable[[RealmPeer, float], None],
        now: float,
    ) -> None:
        self.link = link
        self._store = store
        self._copying = copying
        self._turn = turn
        self._limits = limits
        self._bounds = bounds
        self._wake = wake
        self._run = run
        self._report_full = report_full
        self._is_over = False
        self._is_asking = False
        self._paused_until = now  # nothing is read before
        self._allowance = Allowance(HELD_BYTES)
        self._pull_from = now
        self._look_from = now
        self.has_refused = False  # or taken what it had refused, since that was looked at
        self.is_choked = False  # too much was refused that they have not heard yet
        self._replicas: dict[int, Replica] = {}
        self._forget()

    def _forget(self) -> None:
        """What is on disk counts, nothing else."""
        for replica in self._replicas.values():
            replica.let_go()
        self._ask_after: int | None = 0  # which of their logs we ask about next
        self._confirmed: set[int] = set()  # logs whose copy is theirs, in this session
        self._refused: dict[int, int] = {}  # of logs that were taken again: up to where
        self._unknown: set[int] = set()
        self._replicas = {}
        self._behind: dict[int, int] = {}  # heads of logs that wait for their turn
        self._compared: dict[int, _Comparison] = {}
        self._placeless: dict[int, SharedLog] = {}  # have none here before somebody speaks there
        self._arrived: dict[int, list[Arrived]] = {}

    def end(self) -> None:
        """The link is gone."""
        self._is_over = True
        self._forget()

    # --- inwards ---

    def receive_heads(self, heads: Heads, now: float) -> None:
        """How far their logs go."""
        for theirs, head in heads.numbers:
            if theirs <= ROOM:
                continue
            if theirs not in self._confirmed:
                self._hear_of(theirs, head)
            elif head == 0:
                self._unconfirm(theirs)
            else:
                self._learn_head(theirs, head, now)

    def receive_entry(self, part: EntryPart, now: float) -> None:
        """An entry, or a part of one. Raises PeerError."""
        theirs = part.conversation
        if theirs not in self._confirmed:
            self._hear_of(theirs, part.number)
            return
        replica = self._replicas.get(theirs) or self._open(theirs, now)
        if replica is None:
            self._behind[theirs] = max(part.number, self._behind.get(theirs, 0))
            return
        is_paused = now < self._paused_until or self.is_choked
        if is_paused or not self._bounds.take_entry(now):  # one held above a gap counts too
            replica.learn_head(max(part.number, replica.head), now)  # to be pulled in time
            return
        arrived = replica.receive(part, now, self.link.peer.session.round_trip)
        if arrived:
            self._arrived.setdefault(theirs, []).extend(arrived)

    def _hear_of(self, theirs: int, head: int) -> None:
        if head and theirs > ROOM and len(self._unknown) < MOST_UNKNOWN:
            self._unknown.add(theirs)

    def _learn_head(self, theirs: int, head: int, now: float) -> None:
        replica = self._replicas.get(theirs) or self._open(theirs, now)
        if replica is None:
            self._behind[theirs] = max(head, self._behind.get(theirs, 0))
        else:
            replica.learn_head(head, now)

    def _open(self, theirs: int, now: float) -> Replica | None:
        """Goes on where the disk says; None: too many are being read."""
        compared = self._compared.get(theirs)
        if len(self._replicas) >= MOST_READ or (compared is not None and not compared.is_ready):
            return None
        followed = self._store.followed(self.link.realm, theirs)
        assert followed is not None or theirs in self._placeless  # as all that are confirmed
        replica = self._replicas[theirs] = Replica(theirs, allowance=self._allowance)
        if followed is not None and (compared is None or compared.is_over):
            replica.begin(followed.have, followed.chain)
        replica.expect(self._behind.pop(theirs, 0))
        replica.restart(now)
        return replica

    def _unconfirm(self, theirs: int) -> None:
        self._confirmed.discard(theirs)
        self._placeless.pop(theirs, None)
        self._compared.pop(theirs, None)
        self._drop(theirs)

    def _drop(self, theirs: int) -> None:
        replica = self._replicas.pop(theirs, None)
        if replica is not None:
            replica.let_go()
        self._behind.pop(theirs, None)

    # --- how fast ---

    def _pause(self, now: float, seconds: float = PAUSE) -> None:
        self._paused_until = now + seconds
        self._forget()

    # --- writing ---

    def write(self, now: float, at: int) -> None:
        """What came in this turn, into the open transaction."""
        if not self._arrived:
            return
        arrived, self._arrived = self._arrived, {}
        self._turn.when_undone(self._undo)
        if self._store.realm_bytes(self.link.realm) >= self._limits.realm_bytes:
            self._report_full(self.link, now)
            self._pause(now, FULL_PAUSE)
            return
        self._turn.attempt(partial(self._write, arrived, at), now)

    def _undo(self, now: float) -> None:
        self._copying.forget(self.link.realm)
        self._pause(now)

    def _write(self, arrived: dict[int, list[Arrived]], at: int) -> None:
        realm = self.link.realm
        for theirs, entries in arrived.items():
            replica = self._replicas.get(theirs)
            if replica is not None and theirs in self._placeless:
                self._place_spoken(theirs, entries)
            followed = self._store.followed(realm, theirs)
            if replica is None or followed is None or not followed.ours:
                continue
            compared = self._compared.get(theirs)
            known = compared.tags if compared is not None else ()
            if compared is not None:
                entries = compared.take(entries)
            origin = Origin(realm, self.link.name, theirs, self._refused.get(theirs, 0))
            if not self._copying.write(origin, followed.ours, entries, known, at):
                self.has_refused = True
            if compared is not None and replica.have >= compared.head:
                compared.is_over = True
                if self._store.mirror(followed.ours) is None:
                    del self._compared[theirs]  # a home may repeat what we say to it even now
            if compared is None or compared.is_over:
                # What may come again was compared: from here on, a restart goes on from there.
                self._store.save_followed(
                    Followed(realm, theirs, followed.ours, replica.have, replica.chain)
                )

    # --- asking, after the commit ---

    def ask(self, now: float) -> None:
        """What there is to say at the end of a turn."""
        if self._is_over or now < self._paused_until:
            return
        self._ask_logs(now)
        self._pull(now)
        if self._behind and len(self._replicas) < MOST_READ:  # others are done
            for theirs in list(islice(self._behind, MOST_READ)):
                self._open(theirs, now)

    def _pull(self, now: float) -> None:
        session = self.link.peer.session
        have: list[tuple[int, int]] = []
        budget = allowed = self._budget(now)
        for theirs, replica in list(self._replicas.items()):
            if budget > 0:
                frames = replica.pulls_due(now, session.round_trip, silent=False)
                if frames:
                    budget -= min(MOST_PULLED, replica.head - replica.have)
                for frame in frames:
                    session.queue(frame)
                    self._wake(self.link)
            if replica.is_have_due(now):
                have.append(replica.report())
            if replica.have >= replica.head and not replica.has_unreported:
                self._drop(theirs)
        if budget <= 0 < allowed:
            self._pull_from = now + PULL_INTERVAL
        for start in range(0, len(have), MAX_HAVE_PAIRS):
            session.queue(Have(tuple(have[start : start + MAX_HAVE_PAIRS])).encode())
            self._wake(self.link)

    def _budget(self, now: float) -> float:
        """Entries that may be asked for now."""
        if self.is_choked or now < self._pull_from:
            return 0.0
        entries = self._bounds.entries(now)
        if entries <= 0:
            self._pull_from = self._bounds.entries_from(now)
            return 0.0
        return entries

    def next_timer(self) -> float | None:
        """When there is something to ask."""
        dues: list[float] = []
        if not self._is_asking and (self._ask_after is not None or self._unknown):
            dues.append(self._look_from)
        pull_from = math.inf if self.is_choked else self._pull_from
        waits = (replica.next_timer(pull_from) for replica in self._replicas.values())
        dues += [due for due in waits if due is not None and due < math.inf]
        return max(min(dues), self._paused_until) if dues else None

    # --- which there are ---

    def _ask_logs(self, now: float) -> None:
        if self._is_asking or (self._ask_after is None and not self._unknown):
            return
        if now < self._look_from:
            return
        if self._ask_after is None:
            self._look_from = now + LOOK_INTERVAL
            self._ask_after = min(self._unknown) - 1
            self._unknown.clear()
        else:
            self._look_from = now + PAGE_INTERVAL
        after, realm = self._ask_after, self.link.realm
        mine = self._store.followed_after(realm, after, MAX_HELD)
        held = tuple(HeldLog(log.theirs, log.have, log.chain) for log in mine)
        wish = SharedRequest(after, held)
        self._is_asking, self._ask_after = True, None
        self.link.ask(Verb.SHARED, wish.encode(), partial(self._learn_logs, wish), now)
        self._wake(self.link)

    def _learn_logs(self, wish: SharedRequest, answer: Answer, now: float) -> None:
        """Raises PeerError."""
        self._is_asking = False
        if answer.code is not Code.OK:
            self._ask_after, self._paused_until = wish.after, now + PAUSE
            return
        shared = SharedAnswer.decode(answer.fields, wish)
        held = {log.conversation for log in wish.held}
        logs, next_after = self._within_bounds(shared, now)
        if not self._place(logs, now):
            return
        self._refused.update(
            (log.conversation, shared.refused[log.conversation])
            for log in logs
            if log.conversation in shared.refused
        )
        for log in logs:
            followed = self._store.followed(self.link.realm, log.conversation)
            if log.conversation in self._confirmed:
                continue
            if log.conversation in self._placeless:
                self._confirm(log, 0, now)
            elif followed is None or not followed.ours:
                continue
            elif followed.have and log.conversation not in held:
                self._unknown.add(log.conversation)  # it became ours while they answered
            elif log.conversation in shared.changed:
                self._compare(log, followed.ours, now)
            else:
                self._confirm(log, followed.have, now)
        if self._ask_after is None:  # else all is asked anew
            self._ask_after = next_after

    def _within_bounds(
        self, shared: SharedAnswer, now: float
    ) -> tuple[tuple[SharedLog, ...], int | None]:
        """The logs for which a place may be looked for now, and where to ask on. A place that is
        refused tells who is not here, so it counts as a question for them does."""
        contacts = self._bounds.contacts
        for place, log in enumerate(shared.logs):
            if self._is_new(log) and not contacts.take(now):
                self._look_from = max(self._look_from, contacts.ready_at(now))
                return shared.logs[:place], log.conversation - 1
        return shared.logs, shared.next_after

    def _is_new(self, log: SharedLog) -> bool:
        followed = self._store.followed(self.link.realm, log.conversation)
        is_placed = followed is not None and followed.ours
        return not is_placed and log.conversation not in self._placeless

    def _place(self, logs: tuple[SharedLog, ...], now: float) -> bool:
        """Logs that are new to us have a place from now on, or are refused; or it is seen when
        somebody speaks there."""
        new = [log for log in logs if self._is_new(log)]
        if not new:
            return True
        self._turn.when_undone(self._undo)
        return self._turn.attempt(partial(self._place_new, new, now), now)

    def _place_new(self, new: list[SharedLog], now: float) -> None:
        realm = self.link.realm
        count = self._store.count_followed(realm) + len(self._placeless)
        for log in new:
            is_unknown = self._store.followed(realm, log.conversation) is None
            if is_unknown and count >= self._limits.realm_conversations:
                self._report_full(self.link, now)
                return
            count += is_unknown
            place = self._copying.place(realm, self.link.name, log)
            if place is None:
                self._placeless[log.conversation] = log
            else:
                self._keep_place(log.conversation, place)

    def _place_spoken(self, theirs: int, arrived: list[Arrived]) -> None:
        """If somebody speaks in what has arrived."""
        log = self._placeless[theirs]
        place = self._copying.place(self.link.realm, self.link.name, log, arrived)
        if place is None:
            return
        self._keep_place(theirs, place)
        if isinstance(place, Code):
            self._unconfirm(theirs)
        else:
            del self._placeless[theirs]

    def _keep_place(self, theirs: int, place: int | Code) -> None:
        realm = self.link.realm
        ours = 0 if isinstance(place, Code) else place
        self._store.save_followed(Followed(realm, theirs, ours, 0, FIRST_CHAIN))
        refusal = Undelivered(realm, theirs, 0, Code.OK)
        self.has_refused = True
        if isinstance(place, Code):
            self._store.add_undelivered(refusal._replace(code=place))
        else:
            self._store.drop_undelivered(refusal)  # it is taken after all

    def _confirm(self, log: SharedLog, have: int, now: float) -> None:
        self._confirmed.add(log.conversation)
        if log.head > have:
            self._learn_head(log.conversation, log.head, now)

    # --- after an old backup ---

    def _compare(self, log: SharedLog, ours: int, now: float) -> None:
        """Begins it anew; what we have of it already is known by its tags."""
        if any(
            log.conversation == other or not one.is_over for other, one in self._compared.items()
        ):
            self._unknown.add(log.conversation)  # one at a time
            return
        head = self._store.head(ours).number
        first = max(1, head - MOST_COMPARED)
        if not self._bounds.compared.take(now, head - first + LEAST_COMPARED):
            self._unknown.add(log.conversation)
            return
        self._forget_compared()
        comparison = self._compared[log.conversation] = _Comparison(log.head, ours)
        if first > 1:
            comparison.before = sent_at(self._store.read(ours, first, first, 1)[0].body)
        self._drop(log.conversation)
        self._copying.begin_again(ours)
        self._read_own(log, comparison, first, now)

    def _forget_compared(self) -> None:
        """What may still be repeated is known of a few logs: those that were compared last."""
        while sum(len(one.tags) for one in self._compared.values()) > MOST_COMPARED:
            del self._compared[next(iter(self._compared))]

    def _read_own(self, log: SharedLog, comparison: _Comparison, first: int, now: float) -> None:
        head = self._store.head(comparison.ours).number
        if first > head:
            comparison.is_ready = True
            self._confirmed.add(log.conversation)
            self._learn_head(log.conversation, log.head, now)
            return
        read = self._store.read_later(comparison.ours, first, head, COMPARED_BYTES)

        def take(result: object, now: float) -> None:
            if self._compared.get(log.conversation) is not comparison:
                return
            assert isinstance(result, list)
            stored: list[Stored] = result
            tags = (Entry.decode(one.body).tag for one in stored)
            comparison.tags.update(tag for tag in tags if tag != NO_TAG)
            last = stored[-1].number if stored else head
            self._read_own(log, comparison, last + 1, now)

        self._run(read, take)
