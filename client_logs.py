"""What the client holds: copies of logs without holes, drafts on their way, older history.

Band: cores. Turns frames into events and what is due into frames; knows no link and no password.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from client_events import (
    DraftForwarded,
    DraftMade,
    DraftRefused,
    DraftTaken,
    EntryArrived,
    Event,
    FloorChanged,
    LoadOlder,
    LogReplaced,
    OlderArrived,
    ReachedChanged,
    Say,
)
from conversation import ROOM, Entry, EntryKind, FileNote, draft_tag
from entering import HeldLog, OfferedLog
from protocol import Code
from protocol_frames import EntryPart, Have, Posted, Reached, Refused
from protocol_guards import RoundTrip
from replication_client import (
    Allowance,
    Arrived,
    OlderPull,
    Outbox,
    Replica,
    Waiting,
    have_delay,
)
from settings_client import Run, WaitingDraft

MAX_OLDER = 200  # entries for one LoadOlder
MAX_LOGS = 2_000  # held: more than one may begin or join; one that offers more fills no memory
MAX_HAVE_PAIRS = 64  # logs in one HAVE


class Logs:
    """All logs of one run of a client. ``report`` gets the events.

    The room is offered with ENTER, every other log after it: until then its copy is paused.
    """

    def __init__(self, stream: bytes, report: Callable[[Event], None]) -> None:
        self.outbox = Outbox(stream)
        self.is_outbox_changed = False  # since whoever keeps it on disk looked
        self._report = report
        self._person = 0
        self._name = ""
        self._is_nobody = False  # logged out: what is said is refused
        self._is_complete = False  # all logs of this session were offered
        self._holds: deque[int] = deque()  # drafts from each of these on wait for something
        self._taken: dict[tuple[int, int], DraftTaken] = {}  # and not shown yet, by place
        self._forwarded: dict[bytes, Waiting] = {}  # on their way to another realm, by tag
        self._replicas: dict[int, Replica] = {}
        self._awake: set[int] = set()  # the replicas that may have something due
        self._allowance = Allowance()
        self._history: dict[int, int] = {}  # entries up to this one were there before us
        self._offered: dict[int, int] = {}  # and these before this session
        self._reached: dict[int, int] = {}  # receipts told
        self._older: dict[int, OlderPull] = {}
        self._orphans: Outbox | None = None

    # --- entering ---

    def resume(self, run: Run) -> None:
        """Goes on with the drafts of a run that was killed, under their old numbers."""
        self.outbox = Outbox(run.stream, run.next_draft)
        for draft in run.waiting:
            self.outbox.restore(draft.draft, draft.conversation, draft.kind, draft.text, None)

    def begin_stream(self, stream: bytes) -> None:
        """The old stream is not ours any more: its drafts are said anew under a new one.

        First the log is caught up with, so that what did arrive before is not said twice. Until
        then what is said waits behind them, and they are what lies on disk.
        """
        if self._orphans is None:
            self._orphans = self.outbox
        self._is_complete = False
        self._begin_outbox(stream, 1)

    def _begin_outbox(self, stream: bytes, next_draft: int) -> None:
        self.outbox = Outbox(stream, next_draft)
        self._set_held()

    def _set_held(self) -> None:
        held_from = self._holds[0] if self._holds else None
        self.outbox.held_from = self.kept.held_from = held_from

    def has(self, conversation: int) -> bool:
        """Whether a copy of this log is held."""
        return conversation in self._replicas

    @property
    def is_full(self) -> bool:
        """Whether no more logs can be held."""
        return len(self._replicas) >= MAX_LOGS

    def is_news(self, conversation: int, number: int) -> bool:
        """Whether an entry was not there yet when this session was offered the log."""
        return number > self._offered.get(conversation, 0)

    def head(self, conversation: int) -> int:
        """How far a log goes that is held."""
        return self._replicas[conversation].head

    def held(self, after: int, most: int) -> tuple[HeldLog, ...]:
        """What a returning client states of its logs beyond a conversation, ascending."""
        beyond = sorted(number for number in self._replicas if number > after)
        logs = (self._replicas[number] for number in beyond[:most])
        return tuple(HeldLog(log.conversation, log.have, log.chain) for log in logs)

    def held_between(self, after: int, last: int | None) -> list[int]:
        """The logs beyond ``after``, up to ``last`` if it is given, ascending."""
        return sorted(
            number
            for number in self._replicas
            if after < number and (last is None or number <= last)
        )

    def enter(
        self,
        person: int,
        name: str,
        offered: Iterable[OfferedLog],
        changed: Iterable[int],
        now: float,
    ) -> None:
        """We are in, as this person: catch up with the room and send all drafts again."""
        self._person, self._name = person, name
        self._is_nobody = self._is_complete = False
        for replica in self._replicas.values():
            replica.pause()
        self._awake.clear()
        for log in offered:
            if log.conversation == ROOM:
                self.take_up(log, now, is_changed=ROOM in changed)
        self.outbox.resend_all()

    def rename(self, name: str) -> None:
        """What is said from now on bears another name."""
        self._name = name

    def take_up(
        self, log: OfferedLog, now: float, *, is_changed: bool, history: int | None = None
    ) -> None:
        """This session follows a log: a copy of it begins or goes on. One more must fit.

        ``history``: entries up to this one were there before us; None: all there are.
        """
        replica = self._replicas.get(log.conversation)
        if replica is not None and is_changed:
            self._report(LogReplaced(log.conversation))
            self._forget(log.conversation)
            replica = None
        if replica is None:
            replica = Replica(log.conversation, have_delay(self.outbox.stream), self._allowance)
            self._replicas[log.conversation] = replica
            replica.begin(log.floor, log.chain)
            self._history[log.conversation] = log.head if history is None else history
            self._report(FloorChanged(log.conversation, log.floor))
        self._offered[log.conversation] = log.head
        replica.learn_head(log.head, now)
        replica.restart(now)
        self._awake.add(log.conversation)
        older = self._older.get(log.conversation)
        if older is not None:
            older.restart(now)

    def complete(self) -> None:
        """All logs of this session were offered."""
        self._is_complete = True
        self._adopt_orphans()

    def let_go(self, conversation: int) -> None:
        """The copy of a log that is not ours to read any more."""
        self._forget(conversation)
        for known in (self._history, self._offered):
            known.pop(conversation, None)
        self._awake.discard(conversation)
        self._adopt_orphans()

    def _forget(self, conversation: int) -> None:
        """What was known by the numbers of a log that is not ours any more."""
        self._replicas.pop(conversation).let_go()
        self._older.pop(conversation, None)
        self._reached.pop(conversation, None)
        for place in [place for place in self._taken if place[0] == conversation]:
            self._give_up_showing(place)
        forwarded = self._forwarded.items()
        self._forwarded = {tag: one for tag, one in forwarded if one.conversation != conversation}

    def _give_up_showing(self, place: tuple[int, int]) -> None:
        taken = self._taken.pop(place, None)
        if taken is not None:
            self._report(taken)

    # --- being somebody else ---

    def hold(self) -> None:
        """What is said from now on waits until ``release``: it will bear another name, perhaps.

        Each ``hold`` has its ``release``, in their order.
        """
        self._holds.append(self.kept.next_draft)
        self._set_held()

    def release(self) -> None:
        """What waited for the oldest ``hold`` is sent, if there is anybody to say it."""
        self._holds.popleft()
        self._set_held()
        if self._is_nobody:
            self._refuse_before(self.outbox.held_from)

    @property
    def is_quiet(self) -> bool:
        """Whether all that was said before the oldest ``hold`` is acknowledged."""
        return self._orphans is None and self.outbox.is_quiet

    def leave(self, stream: bytes) -> None:
        """We are nobody, as the oldest ``hold`` was for: what waited for no other is refused.

        Drafts to come belong to another stream. The logs are let go by whoever knows the
        conversations.
        """
        self._is_nobody = True
        self._forwarded.clear()
        self._refuse_before(self._holds[1] if len(self._holds) > 1 else None)
        kept, self._orphans = self.kept, None
        self._begin_outbox(stream, kept.next_draft)
        self._restore(kept)

    def _refuse_before(self, draft: int | None) -> None:
        for waiting in self.kept.waiting():
            if draft is None or waiting.draft < draft:
                self._refuse(self.kept, waiting.draft, Code.NO_SESSION)

    # --- drafts on disk ---

    @property
    def kept(self) -> Outbox:
        """The outbox as it belongs on disk: with it another run of the client can go on."""
        return self.outbox if self._orphans is None else self._orphans

    def waiting(self) -> tuple[WaitingDraft, ...]:
        """What was said and not acknowledged, for the disk."""
        return tuple(
            WaitingDraft(waiting.draft, waiting.conversation, waiting.text, EntryKind(waiting.kind))
            for waiting in self.kept.waiting()
        )

    def _adopt_orphans(self) -> None:
        orphans = self._orphans
        if orphans is None or not self._is_complete:
            return
        if any(log.is_allowed and log.have < log.head for log in self._replicas.values()):
            return
        self._orphans = None
        self._begin_outbox(self.outbox.stream, orphans.next_draft)
        self._restore(orphans)

    def _restore(self, before: Outbox) -> None:
        """What waits goes on under the numbers by which the user's side knows it."""
        for waiting in before.waiting():
            self.outbox.restore(
                waiting.draft, waiting.conversation, waiting.kind, waiting.text, waiting.ticket
            )
        self.is_outbox_changed = True

    # --- frames of the server ---

    def receive(
        self, frame: Posted | Refused | EntryPart | Reached, now: float, round_trip: RoundTrip
    ) -> None:
        """Raises PeerError for an entry that cannot be."""
        match frame:
            case Posted():
                self._receive_posted(frame, now, round_trip)
            case Refused():
                self._receive_refused(frame)
            case EntryPart():
                self._receive_entry(frame, now, round_trip)
            case _:
                self._receive_reached(frame)

    def _receive_posted(self, posted: Posted, now: float, round_trip: RoundTrip) -> None:
        """Our draft is an entry now; it is shown when all lower numbers are here.

        One that was there before this session may bear another name of ours, so it is pulled.
        """
        waiting = self.outbox.answered(posted.draft, posted.conversation)
        if waiting is None:
            return
        self.is_outbox_changed = True
        if waiting.asked_at is not None:
            round_trip.sample(now - waiting.asked_at)
        if not posted.number:
            self._forward(waiting)
            return
        place = posted.conversation, posted.number
        if waiting.ticket is not None:
            self._taken[place] = DraftTaken(waiting.ticket, *place, posted.sent_at)
        replica = self._replicas.get(posted.conversation)
        if replica is None:  # of an earlier run, and its log is still to come; or not ours any more
            self._give_up_showing(place)
            return
        if not replica.is_allowed:
            replica.expect(posted.number)
            return
        if posted.number <= self._offered[posted.conversation]:
            return
        entry = Entry(
            draft_tag(self.outbox.stream, posted.draft),
            EntryKind(waiting.kind),
            posted.sent_at,
            self._person,
            self._name,
            waiting.text,
        )
        self._show(replica, replica.insert(posted.number, entry.encode(), now, round_trip))

    def _forward(self, waiting: Waiting) -> None:
        """Taken by the server for another realm, which will number it: known by its tag then."""
        if waiting.ticket is not None:
            tag = draft_tag(self.outbox.stream, waiting.draft)
            self._forwarded[tag] = waiting
            self._report(DraftForwarded(waiting.ticket, waiting.conversation))

    def _receive_refused(self, refused: Refused) -> None:
        code = Code(refused.code) if refused.code in Code.__members__.values() else Code.BAD_REQUEST
        self._refuse(self.outbox, refused.draft, code)

    def _refuse(self, outbox: Outbox, draft: int, code: Code) -> None:
        waiting = outbox.answered(draft)
        if waiting is not None:
            self.is_outbox_changed = True
            place, text, kind = waiting.conversation, waiting.text, EntryKind(waiting.kind)
            self._report(DraftRefused(waiting.ticket, draft, place, text, code, kind))

    def _receive_reached(self, reached: Reached) -> None:
        """A receipt that the network brings late takes nothing back."""
        for conversation, number in reached.numbers:
            if self.has(conversation) and number > self._reached.get(conversation, 0):
                self._reached[conversation] = number
                self._report(ReachedChanged(conversation, number))

    def _receive_entry(self, part: EntryPart, now: float, round_trip: RoundTrip) -> None:
        replica = self._replicas.get(part.conversation)
        if replica is None or not replica.is_allowed:
            return
        older = self._older.get(part.conversation)
        if older is not None and older.first <= part.number <= older.last:
            if older.receive(part, now):
                self._show_older(replica, older)
            return
        self._show(replica, replica.receive(part, now, round_trip))

    def learn_head(self, conversation: int, head: int, now: float) -> None:
        """How far a log goes that is held; 0 for one that went further: we may not read it."""
        replica = self._replicas[conversation]
        replica.learn_head(head, now)
        self._awake.add(conversation)

    def _show(self, replica: Replica, arrived: list[Arrived]) -> None:
        conversation = replica.conversation
        self._awake.add(conversation)
        for item in arrived:
            taken = self._taken.pop((conversation, item.number), None)
            ticket = taken.ticket if taken is not None else None
            waiting = self.outbox.answered_by(item.entry.tag)
            if waiting is None and self._orphans is not None:
                waiting = self._orphans.answered_by(item.entry.tag)
            if waiting is not None:
                self.is_outbox_changed = True
            else:
                waiting = self._forwarded.pop(item.entry.tag, None)
            if waiting is not None:
                ticket = waiting.ticket
            is_history = item.number <= self._history.get(conversation, 0)
            self._report(EntryArrived(conversation, item.number, item.entry, ticket, is_history))
        if arrived and self._orphans is not None:
            self._adopt_orphans()

    def _show_older(self, replica: Replica, older: OlderPull) -> None:
        del self._older[older.conversation]
        if older.last >= replica.floor:  # else a hole is left between
            replica.floor = min(replica.floor, older.first - 1)
        is_all = older.first == 1
        self._report(OlderArrived(older.conversation, older.entries(), is_all))

    # --- what the user does ---

    def say(self, say: Say) -> None:
        """A new draft."""
        draft = self.kept.add(say.conversation, EntryKind.TEXT, say.text, say.ticket)
        self._report(DraftMade(say.ticket, draft, say.conversation, say.text))
        self._take_draft(draft)

    def share(self, ticket: int, conversation: int, note: FileNote) -> None:
        """A new draft that is a file. It is shown when it is there, as its transfer was before."""
        self._take_draft(self.kept.add(conversation, EntryKind.FILE, note.encode(), ticket))

    def _take_draft(self, draft: int) -> None:
        if self._is_nobody and not self._holds:
            self._refuse(self.kept, draft, Code.NO_SESSION)
        self.is_outbox_changed = True

    def load_older(self, command: LoadOlder, now: float) -> None:
        """Pulls what comes before the floor, or before a number wherever it is, if anything."""
        replica = self._replicas.get(command.conversation)
        if replica is None or command.conversation in self._older:
            return
        last = min(command.before - 1, replica.have) if command.before else replica.floor
        if last == 0:
            self._report(OlderArrived(command.conversation, (), is_all=True))
            return
        count = max(1, min(command.count, MAX_OLDER))
        older = OlderPull(command.conversation, max(1, last - count + 1), last)
        older.restart(now)
        self._older[command.conversation] = older

    # --- what is due ---

    @property
    def is_all_said(self) -> bool:
        """Whether nothing the user said still waits for the server."""
        return self.outbox.is_empty and self._orphans is None

    def next_timer(self) -> float | None:
        dues = [self.outbox.next_timer()]
        dues += [self._replicas[number].next_timer() for number in self._awake]
        dues += [older.next_timer() for older in self._open_older()]
        return min((due for due in dues if due is not None), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """POSTs and PULLs to send (again) now: all of them want an answer."""
        frames = self.outbox.frames_due(now, round_trip, silent)
        for number in self._awake:
            frames += self._replicas[number].pulls_due(now, round_trip, silent)
        for older in self._open_older():
            frames += older.pulls_due(now, round_trip, silent)
        return frames

    def _open_older(self) -> Iterator[OlderPull]:
        return (older for number, older in self._older.items() if self._replicas[number].is_allowed)

    def reports_due(self, now: float, *, in_company: bool) -> list[bytes]:
        """HAVE, if it is time, or whenever something else goes out anyway."""
        awake = [self._replicas[number] for number in self._awake]
        reports = [
            replica.report()
            for replica in awake
            if replica.is_have_due(now) or (in_company and replica.has_unreported)
        ]
        self._awake = {log.conversation for log in awake if log.next_timer() is not None}
        return [
            Have(tuple(reports[place : place + MAX_HAVE_PAIRS])).encode()
            for place in range(0, len(reports), MAX_HAVE_PAIRS)
        ]
