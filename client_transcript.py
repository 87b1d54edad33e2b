"""What the window shows of one conversation: rows, receipts, who writes, the line of new messages.

Band: cores. Pure: knows no window and no clock. client_model.py has one of these for each
conversation and hands it its events; what of the log is in reach is the matter of client_held.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from client_events import (
    DraftMade,
    DraftRefused,
    DraftTaken,
    EntryArrived,
    FloorChanged,
    LogReplaced,
    OlderArrived,
    ReachedChanged,
)
from client_held import Arrived, Held, Item, Waiting
from client_mentions import is_mentioned
from client_realm_events import DeliveryTold
from client_rows import (
    DayRow,
    LastMessage,
    MessageRow,
    NoticeRow,
    PresenceRow,
    Receipt,
    RenamedRow,
    Row,
    UndeliveredRow,
    UnreadRow,
)
from conversation import NO_TAG, Entry, EntryKind
from file_words import note_in, note_of
from realm_words import refusal_in

MOST_REFUSED = 1_000  # of one conversation: a realm that refuses all must not fill memory

TranscriptEvent = (
    EntryArrived
    | DraftMade
    | DraftTaken
    | DraftRefused
    | OlderArrived
    | FloorChanged
    | ReachedChanged
    | DeliveryTold
    | LogReplaced
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose window this is."""

    person: int
    name: str
    is_connected: bool
    is_mirror: bool = False  # of a group of another realm: what stands in it has been there
    is_realm_away: bool = False  # what is written to another one waits for it

    @property
    def receipt_of_draft(self) -> Receipt:
        """Of what has no entry yet."""
        is_moving = self.is_connected and not self.is_realm_away
        return Receipt.PENDING if is_moving else Receipt.WAITING


class Transcript:
    """Owned by its ClientModel. ``day_of``: the user's calendar day of an instant."""

    def __init__(self, conversation: int, day_of: Callable[[int], date]) -> None:
        self.conversation = conversation
        self.held = Held(conversation)
        self.reached = 0
        self.last_message: LastMessage | None = None
        self.last_activity = 0  # UTC ms of the newest entry; 0: none
        self.written = ""  # what stands in its line to write in, while another one is shown
        self._held_up: int | None = None  # ticket of what has not got to the other realm in time
        self.unread_from = 0  # number of the first entry below the unread line; 0: no line
        self._day_of = day_of
        self._typing: dict[int, int] = {}  # person: how often they were seen typing
        self._drafts: dict[int, Waiting] = {}  # by draft, in their order
        self._refused: dict[bytes, None] = {}  # tags of what another realm did not take

    # --- events ---

    def apply(self, event: TranscriptEvent, me: int) -> None:
        """Takes what happened in this conversation into account."""
        match event:
            case EntryArrived():
                self._take_entry(event, me)
            case OlderArrived():
                self.held.take(event.entries)
                for _, entry in event.entries:
                    self._note_refusal(entry)
            case DraftMade():
                waiting = Waiting(event.ticket, event.draft, event.text)
                self._drafts[event.draft] = waiting
                self.unread_from = 0
            case DraftTaken():
                self._end_draft(event.ticket)
            case DraftRefused():
                self._drafts.pop(event.draft, None)
                ticket = event.ticket or 0
                note = note_in(event.text) if event.kind is EntryKind.FILE else None
                text = event.text if note is None else note.name
                self.held.append(Waiting(ticket, event.draft, text, event.code, note))
            case FloorChanged():
                self.held.learn_floor(event.floor)
            case ReachedChanged():
                self.reached = max(self.reached, event.number)
                self._held_up = None
            case DeliveryTold():
                self._held_up = event.ticket if event.code is None else None
            case _:
                self.held.clear()
                self._refused.clear()
                self.reached = self.unread_from = self.last_activity = 0
                self.last_message = None

    def _take_entry(self, event: EntryArrived, me: int) -> None:
        entry = event.entry
        if event.ticket is not None:
            self._end_draft(event.ticket)
        if entry.person != me or event.ticket == self._held_up:
            self._held_up = None
        self._note_refusal(entry)
        self.last_activity = entry.sent_at
        if entry.kind in (EntryKind.TEXT, EntryKind.FILE):
            is_own = entry.person == me
            note = note_of(entry)
            text = entry.text if note is None else note.name
            self.last_message = LastMessage(entry.name, is_own, text, entry.sent_at)
            self._typing.pop(entry.person, None)
        self.held.append(Arrived(event.number, entry), is_history=event.is_history)

    def _note_refusal(self, entry: Entry) -> None:
        """What was refused is one's own to write again, with its entry in sight."""
        if entry.tag != NO_TAG and refusal_in(entry) is not None:
            self._refused[entry.tag] = None
            if len(self._refused) > MOST_REFUSED:
                del self._refused[next(iter(self._refused))]

    def _end_draft(self, ticket: int) -> None:
        self._drafts = {
            draft: waiting for draft, waiting in self._drafts.items() if waiting.ticket != ticket
        }

    @property
    def is_held_up(self) -> bool:
        """Whether the other realm seems to be away, whatever our server believes of it yet."""
        return self._held_up is not None

    # --- who writes ---

    def see_typing(self, person: int) -> None:
        """Somebody does."""
        self._typing[person] = self._typing.get(person, 0) + 1

    def typing_seen(self, person: int) -> int:
        """A mark for ``fade_typing``: grows whenever the person is seen typing."""
        return self._typing.get(person, 0)

    def fade_typing(self, person: int, seen: int) -> None:
        """Some seconds later: no longer typing, unless seen so again since ``typing_seen``."""
        if self._typing.get(person) == seen:
            del self._typing[person]

    def stop_typing(self, person: int) -> None:
        """Whoever is gone writes nothing."""
        self._typing.pop(person, None)

    @property
    def typing(self) -> list[int]:
        """The people who write."""
        return list(self._typing)

    # --- what to draw ---

    def rows(self, reader: Reader) -> list[Row]:
        """What is in reach of the view, from the top down; at its end the drafts that wait."""
        rows: list[Row] = []
        day: date | None = None
        for item in self.held.in_reach():
            if isinstance(item, Arrived):
                item_day = self._day_of(item.entry.sent_at)
                if item_day != day:
                    day = item_day
                    rows.append(DayRow(day, item.number))
                if item.number == self.unread_from:
                    rows.append(UnreadRow())
            self._add_row(rows, item, reader)
        if self.held.is_following:
            for waiting in self._drafts.values():
                self._add_row(rows, waiting, reader)
        return rows

    def _add_row(self, rows: list[Row], item: Item, reader: Reader) -> None:
        match item:
            case Waiting():
                rows.append(_waiting_row(item, reader, _last_author(rows)))
            case NoticeRow():
                rows.append(item)
            case _:
                self._add_entry(rows, item.number, item.entry, reader)

    def _add_entry(self, rows: list[Row], number: int, entry: Entry, reader: Reader) -> None:
        match entry.kind:
            case EntryKind.JOINED | EntryKind.LEFT:
                _add_presence(rows, number, entry)
            case EntryKind.NOTICE:
                refusal = refusal_in(entry)
                rows.append(
                    NoticeRow(number, 0, entry.text)
                    if refusal is None
                    else UndeliveredRow(number, entry.name, refusal)
                )
            case EntryKind.RENAMED:
                rows.append(RenamedRow(number, entry.name, entry.text))
            case _:
                rows.append(self._message_row(rows, number, entry, reader))

    def _message_row(
        self, rows: list[Row], number: int, entry: Entry, reader: Reader
    ) -> MessageRow:
        is_own = entry.person == reader.person
        note = note_of(entry)
        receipt = self._receipt(number, entry, reader) if is_own else Receipt.NONE
        return MessageRow(
            number,
            0,
            entry.person,
            entry.name,
            entry.text if note is None else note.name,
            entry.sent_at,
            is_own,
            _last_author(rows) != entry.person,
            receipt,
            is_mention=not is_own and is_mentioned(entry.text, reader.name),
            file=note,
        )

    def _receipt(self, number: int, entry: Entry, reader: Reader) -> Receipt:
        if entry.tag in self._refused:
            return Receipt.REFUSED
        if reader.is_mirror or number <= self.reached:
            return Receipt.REACHED
        return Receipt.HELD if reader.is_realm_away else Receipt.SAVED


def _add_presence(rows: list[Row], number: int, entry: Entry) -> None:
    last = rows[-1]
    base = last if isinstance(last, PresenceRow) else PresenceRow(number, (), ())
    if base is last:
        rows.pop()
    joined = tuple(name for name in base.joined if name != entry.name)
    left = tuple(name for name in base.left if name != entry.name)
    if entry.kind is EntryKind.JOINED:
        joined += (entry.name,)
    else:
        left += (entry.name,)
    rows.append(PresenceRow(base.number, joined, left))


def _waiting_row(waiting: Waiting, reader: Reader, last_author: int) -> MessageRow:
    is_refused = waiting.refusal is not None
    receipt = Receipt.REFUSED if is_refused else reader.receipt_of_draft
    return MessageRow(
        0,
        waiting.ticket or -waiting.draft,
        reader.person,
        reader.name,
        waiting.text,
        0,
        True,
        last_author != reader.person,
        receipt,
        waiting.refusal,
        file=waiting.file,
    )


def _last_author(rows: list[Row]) -> int:
    last = rows[-1] if rows else None
    return last.person if isinstance(last, MessageRow) else 0
