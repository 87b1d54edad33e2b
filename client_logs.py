"""What the client holds: copies of logs without holes, drafts on their way, older history.

Band: cores. Turns frames into events and what is due into frames; knows no link and no password.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterable

from client_events import (
    DraftMade,
    DraftRefused,
    EntryArrived,
    Event,
    FloorChanged,
    LoadOlder,
    LogReplaced,
    OlderArrived,
    Say,
)
from conversation import Entry, EntryKind, draft_tag
from entering import HeldLog, OfferedLog
from protocol import Code
from protocol_frames import EntryPart, Have, Heads, Posted, Refused
from protocol_guards import RoundTrip
from replication_client import Arrived, OlderPull, Outbox, Replica, have_delay
from settings_client import Run, WaitingDraft

MAX_OLDER = 200  # entries for one LoadOlder
MAX_LOGS = 8  # held; a server that offers more must fill neither our memory nor our next ENTER


class Logs:
    """All logs of one run of a client. ``report`` gets the events."""

    def __init__(self, stream: bytes, report: Callable[[Event], None]) -> None:
        self.outbox = Outbox(stream)
        self.is_outbox_changed = False  # since whoever keeps it on disk looked
        self._report = report
        self._person = 0
        self._name = ""
        self._tickets: dict[tuple[int, int], int | None] = {}  # of own entries by their place
        self._replicas: dict[int, Replica] = {}
        self._history: dict[int, int] = {}  # entries up to this one were there before us
        self._offered: dict[int, int] = {}  # and these before this session
        self._older: dict[int, OlderPull] = {}
        self._orphans: Outbox | None = None

    # --- entering ---

    def resume(self, run: Run) -> None:
        """Goes on with the drafts of a run that was killed, under their old numbers."""
        self.outbox = Outbox(run.stream, run.next_draft)
        for draft in run.waiting:
            self.outbox.restore(draft.draft, draft.conversation, EntryKind.TEXT, draft.text, None)

    def begin_stream(self, stream: bytes) -> None:
        """The old stream is not ours any more: its drafts are said anew under a new one.

        First the log is caught up with, so that what did arrive before is not said twice. Until
        then what is said waits behind them, and they are what lies on disk.
        """
        if self._orphans is None:
            self._orphans = self.outbox
        self.outbox = Outbox(stream)

    def has(self, conversation: int) -> bool:
        """Whether a copy of this log is held."""
        return conversation in self._replicas

    def held(self) -> tuple[HeldLog, ...]:
        """What a returning client states."""
        return tuple(
            HeldLog(log.conversation, log.have, log.chain) for log in self._replicas.values()
        )

    def enter(
        self,
        person: int,
        name: str,
        offered: Iterable[OfferedLog],
        changed: Iterable[int],
        now: float,
    ) -> None:
        """We are in, as this person: catch up with all logs and send all drafts again."""
        self._person, self._name = person, name
        for log in offered:
            replica = self._replicas.get(log.conversation)
            if replica is None and len(self._replicas) >= MAX_LOGS:
                continue
            if replica is not None and log.conversation in changed:
                self._report(LogReplaced(log.conversation))
                self._forget(log.conversation)
                replica = None
            if replica is None:
                replica = self._replicas[log.conversation] = Replica(
                    log.conversation, have_delay(self.outbox.stream)
                )
                replica.begin(log.floor, log.chain)
                self._history[log.conversation] = log.head
                self._report(FloorChanged(log.conversation, log.floor))
            self._offered[log.conversation] = log.head
            replica.learn_head(log.head, now)
            replica.restart(now)
        for older in self._older.values():
            older.restart(now)
        self.outbox.resend_all()
        self._adopt_orphans()

    def _forget(self, conversation: int) -> None:
        """What was known by the numbers of a log that is not ours any more."""
        self._older.pop(conversation, None)
        for place in [place for place in self._tickets if place[0] == conversation]:
            del self._tickets[place]

    @property
    def kept(self) -> Outbox:
        """The outbox as it belongs on disk: with it another run of the client can go on."""
        return self.outbox if self._orphans is None else self._orphans

    def waiting(self) -> tuple[WaitingDraft, ...]:
        """What was said and not acknowledged, for the disk."""
        return tuple(
            WaitingDraft(waiting.draft, waiting.conversation, waiting.text)
            for waiting in self.kept.waiting()
        )

    def _adopt_orphans(self) -> None:
        orphans = self._orphans
        if orphans is None or any(
            log.is_allowed and log.have < log.head for log in self._replicas.values()
        ):
            return
        self._orphans = None
        self.outbox = Outbox(self.outbox.stream, orphans.next_draft)
        for waiting in orphans.waiting():  # under the numbers by which the user's side knows them
            self.outbox.restore(
                waiting.draft, waiting.conversation, waiting.kind, waiting.text, waiting.ticket
            )
        self.is_outbox_changed = True

    # --- frames of the server ---

    def receive(
        self, frame: Posted | Refused | EntryPart | Heads, now: float, round_trip: RoundTrip
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
                self._receive_heads(frame, now)

    def _receive_posted(self, posted: Posted, now: float, round_trip: RoundTrip) -> None:
        """Our draft is an entry now; it is shown when all lower numbers are here.

        One that was there before this session may bear another name of ours, so it is pulled.
        """
        replica = self._replicas.get(posted.conversation)
        waiting = self.outbox.answered(posted.draft) if replica is not None else None
        if waiting is None or replica is None:
            return
        self.is_outbox_changed = True
        if waiting.asked_at is not None:
            round_trip.sample(now - waiting.asked_at)
        self._tickets[posted.conversation, posted.number] = waiting.ticket
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

    def _receive_refused(self, refused: Refused) -> None:
        waiting = self.outbox.answered(refused.draft)
        if waiting is None:
            return
        self.is_outbox_changed = True
        code = Code(refused.code) if refused.code in Code.__members__.values() else Code.BAD_REQUEST
        self._report(
            DraftRefused(waiting.ticket, waiting.draft, waiting.conversation, waiting.text, code)
        )

    def _receive_entry(self, part: EntryPart, now: float, round_trip: RoundTrip) -> None:
        replica = self._replicas.get(part.conversation)
        if replica is None:
            return
        older = self._older.get(part.conversation)
        if older is not None and older.first <= part.number <= older.last:
            if older.receive(part, now):
                self._show_older(replica, older)
            return
        self._show(replica, replica.receive(part, now, round_trip))

    def _receive_heads(self, heads: Heads, now: float) -> None:
        for conversation, number in heads.numbers:
            replica = self._replicas.get(conversation)
            if replica is not None:
                replica.learn_head(number, now)
                if not replica.is_allowed:
                    self._older.pop(conversation, None)

    def _show(self, replica: Replica, arrived: list[Arrived]) -> None:
        conversation = replica.conversation
        for item in arrived:
            ticket = self._tickets.pop((conversation, item.number), None)
            waiting = self.outbox.answered_by(item.entry.tag)
            if waiting is None and self._orphans is not None:
                waiting = self._orphans.answered_by(item.entry.tag)
            if waiting is not None:
                ticket = waiting.ticket
                self.is_outbox_changed = True
            is_history = item.number <= self._history.get(conversation, 0)
            self._report(EntryArrived(conversation, item.number, item.entry, ticket, is_history))
        if arrived and self._orphans is not None:
            self._adopt_orphans()

    def _show_older(self, replica: Replica, older: OlderPull) -> None:
        del self._older[older.conversation]
        replica.floor = min(replica.floor, older.first - 1)
        is_all = older.first == 1
        self._report(OlderArrived(older.conversation, older.entries(), is_all))

    # --- what the user does ---

    def say(self, say: Say) -> None:
        """A new draft."""
        draft = self.kept.add(say.conversation, EntryKind.TEXT, say.text, say.ticket)
        self._report(DraftMade(say.ticket, draft, say.conversation, say.text))
        self.is_outbox_changed = True

    def load_older(self, command: LoadOlder, now: float) -> None:
        """Pulls what comes before the floor, or before what the caller still holds, if anything."""
        replica = self._replicas.get(command.conversation)
        if replica is None or command.conversation in self._older:
            return
        last = max(replica.floor, min(command.before - 1, replica.have))
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
        dues += [replica.next_timer() for replica in self._replicas.values()]
        dues += [older.next_timer() for older in self._older.values()]
        return min((due for due in dues if due is not None), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """POSTs and PULLs to send (again) now: all of them want an answer."""
        frames = self.outbox.frames_due(now, round_trip, silent)
        for replica in self._replicas.values():
            frames += replica.pulls_due(now, round_trip, silent)
        for older in self._older.values():
            frames += older.pulls_due(now, round_trip, silent)
        return frames

    def reports_due(self, now: float, *, in_company: bool) -> list[bytes]:
        """HAVE, if it is time, or whenever something else goes out anyway."""
        reports = [
            replica.report()
            for replica in self._replicas.values()
            if replica.is_have_due(now) or (in_company and replica.has_unreported)
        ]
        return [Have(tuple(reports)).encode()] if reports else []
