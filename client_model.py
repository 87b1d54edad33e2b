"""What the chat window shows, computed from events: rows, people, receipts, titles.

Band: cores. Pure: knows no window and no clock (today comes in where a sentence needs it).
What of the log is in memory, and in reach of the view, is the matter of client_held.py.
"""

from datetime import UTC, date, datetime, tzinfo

from client_events import (
    Connection,
    ConnectionChanged,
    DraftMade,
    DraftRefused,
    Ended,
    Entered,
    EntryArrived,
    FloorChanged,
    KeySeen,
    LogReplaced,
    OlderArrived,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    ReachedChanged,
)
from client_held import Arrived, Held, Item, Waiting
from client_rows import (
    DayRow,
    LastMessage,
    MessageRow,
    NoticeRow,
    PersonRow,
    PresenceRow,
    Receipt,
    Row,
    UnreadRow,
)
from conversation import ROOM, Entry, EntryKind, Person, Presence
from texts import Texts

_LAST_INSTANT = 253_370_764_800_000  # 9999-01-01: a peer's clock may say anything


class ClientModel:
    """Fed with every event of the core, in order; asked by the views what to draw.

    Owned by the Tk thread (or the terminal's). ``zone``: the user's, None for the system's.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self.connection = Connection.CONNECTING
        self.round_trip: float | None = None
        self.room_name = ""
        self.server_key: bytes | None = None
        self.is_first_time = False  # the server's key had not been known before
        self.me = 0
        self.my_name = ""
        self.has_entered = False
        self.ended: Ended | None = None
        self.people: dict[int, Person] = {}
        self.reached = 0
        self.unread = 0
        self.last_message: LastMessage | None = None
        self.held = Held(ROOM)
        self._typing: dict[int, int] = {}  # person: how often they were seen typing
        self._drafts: dict[int, Waiting] = {}  # by draft, in their order
        self._is_looking = True
        self._unread_from = 0  # number of the first entry below the unread line; 0: no line
        self._serial = 0
        self._ticket = 0

    # --- events ---

    def apply(self, event: object) -> None:
        """Takes what happened into account; events that change nothing shown are ignored."""
        match event:
            case EntryArrived() | DraftMade() | DraftRefused() | OlderArrived():
                if event.conversation == ROOM:
                    self._apply_message(event)
            case FloorChanged() | ReachedChanged() | LogReplaced():
                if event.conversation == ROOM:
                    self._apply_log(event)
            case PeopleReplaced() | PersonChanged() | PersonTyping():
                self._apply_people(event)
            case ConnectionChanged():
                self.connection = event.connection
                self.round_trip = event.round_trip
            case KeySeen():
                self.server_key, self.room_name = event.key, event.room_name
                self.is_first_time = not event.is_pinned
            case Entered():
                self.me, self.my_name = event.person, event.name
                self.room_name, self.server_key = event.room_name, event.server_key
                self.has_entered = True
            case Ended():
                self.ended = event
            case _:
                pass

    def _apply_message(self, event: EntryArrived | DraftMade | DraftRefused | OlderArrived) -> None:
        match event:
            case EntryArrived():
                self._take_entry(event)
            case OlderArrived():
                self.held.take(event.entries)
            case DraftMade():
                waiting = Waiting(event.ticket, event.draft, event.text)
                self._drafts[event.draft] = waiting
                self._unread_from = 0
            case _:
                self._drafts.pop(event.draft, None)
                ticket = event.ticket or 0
                self.held.append(Waiting(ticket, event.draft, event.text, event.code))

    def _take_entry(self, event: EntryArrived) -> None:
        entry = event.entry
        is_own = entry.person == self.me
        if event.ticket is not None:
            self._drafts = {
                draft: waiting
                for draft, waiting in self._drafts.items()
                if waiting.ticket != event.ticket
            }
        if entry.kind is EntryKind.TEXT:
            self.last_message = LastMessage(entry.name, is_own, entry.text, entry.sent_at)
            self._typing.pop(entry.person, None)
            if not (self._is_looking or is_own or event.is_history):
                if self.unread == 0:
                    self._unread_from = event.number
                self.unread += 1
        self.held.append(Arrived(event.number, entry), is_history=event.is_history)

    def _apply_log(self, event: FloorChanged | ReachedChanged | LogReplaced) -> None:
        match event:
            case FloorChanged():
                self.held.learn_floor(event.floor)
            case ReachedChanged():
                self.reached = max(self.reached, event.number)
            case _:
                self.held.clear()
                self.reached = self.unread = self._unread_from = 0
                self.last_message = None

    def _apply_people(self, event: PeopleReplaced | PersonChanged | PersonTyping) -> None:
        match event:
            case PeopleReplaced():
                self.people = {
                    person.person: person
                    for person in event.people
                    if person.presence is not Presence.GONE
                }
                self._typing = {
                    person: seen for person, seen in self._typing.items() if person in self.people
                }
            case PersonChanged():
                if event.person.presence is Presence.GONE:
                    self.people.pop(event.person.person, None)
                    self._typing.pop(event.person.person, None)
                else:
                    self.people[event.person.person] = event.person
            case _:
                if event.person in self.people:
                    self._typing[event.person] = self._typing.get(event.person, 0) + 1

    # --- what the user does in the window ---

    def new_ticket(self) -> int:
        """The number for the next Say."""
        self._ticket += 1
        return self._ticket

    def add_notice(self, text: str) -> None:
        """A line of the program's own, in this window alone."""
        self._serial += 1
        self.held.append(NoticeRow(0, self._serial, text))

    def look(self, is_at_end: bool, *, has_focus: bool = True) -> None:
        """Whether the view stands at the newest message, and the user is there to see it: then
        what arrives meanwhile is not unread."""
        self.held.look(is_at_end)
        self._is_looking = is_at_end and has_focus
        if self._is_looking:
            self.unread = 0

    def typing_seen(self, person: int) -> int:
        """A mark for ``fade_typing``: grows whenever the person is seen typing."""
        return self._typing.get(person, 0)

    def fade_typing(self, person: int, seen: int) -> None:
        """Some seconds later: no longer typing, unless seen so again since ``typing_seen``."""
        if self._typing.get(person) == seen:
            del self._typing[person]

    # --- what to draw ---

    def rows(self) -> list[Row]:
        """What is in reach of the view, from the top down; at its end the drafts that wait."""
        rows: list[Row] = []
        day: date | None = None
        for item in self.held.in_reach():
            if isinstance(item, Arrived):
                item_day = self.day_of(item.entry.sent_at)
                if item_day != day:
                    day = item_day
                    rows.append(DayRow(day, item.number))
                if item.number == self._unread_from:
                    rows.append(UnreadRow())
            self._add_row(rows, item)
        if self.held.is_following:
            for waiting in self._drafts.values():
                self._add_row(rows, waiting)
        return rows

    def _add_row(self, rows: list[Row], item: Item) -> None:
        match item:
            case Waiting():
                rows.append(self._waiting_row(item, _last_author(rows)))
            case NoticeRow():
                rows.append(item)
            case _:
                self._add_entry(rows, item.number, item.entry)

    def _add_entry(self, rows: list[Row], number: int, entry: Entry) -> None:
        if entry.kind in (EntryKind.JOINED, EntryKind.LEFT):
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
        elif entry.kind is EntryKind.NOTICE:
            rows.append(NoticeRow(number, 0, entry.text))
        else:
            is_own = entry.person == self.me
            receipt = Receipt.NONE
            if is_own:
                receipt = Receipt.REACHED if number <= self.reached else Receipt.SAVED
            starts = _last_author(rows) != entry.person
            rows.append(
                MessageRow(
                    number,
                    0,
                    entry.person,
                    entry.name,
                    entry.text,
                    entry.sent_at,
                    is_own,
                    starts,
                    receipt,
                )
            )

    def _waiting_row(self, waiting: Waiting, last_author: int) -> MessageRow:
        if waiting.refusal is not None:
            receipt = Receipt.REFUSED
        elif self.connection is Connection.HERE:
            receipt = Receipt.PENDING
        else:
            receipt = Receipt.WAITING
        return MessageRow(
            0,
            waiting.ticket or -waiting.draft,
            self.me,
            self.my_name,
            waiting.text,
            0,
            True,
            last_author != self.me,
            receipt,
            waiting.refusal,
        )

    def people_rows(self) -> list[PersonRow]:
        """Oneself first, then who is here, then who is away, by name."""
        people = sorted(
            self.people.values(),
            key=lambda one: (
                one.person != self.me,
                one.presence is Presence.AWAY,
                one.name.casefold(),
                one.person,
            ),
        )
        return [
            PersonRow(
                one.person,
                one.name,
                one.person == self.me,
                one.presence is Presence.AWAY and one.person != self.me,
                one.person in self._typing and one.person != self.me,
            )
            for one in people
        ]

    def here_count(self) -> int:
        """How many are here and not away; oneself counts always."""
        return sum(
            one.presence is Presence.HERE or one.person == self.me for one in self.people.values()
        )

    def day_of(self, sent_at: int) -> date:
        """The user's calendar day of an instant."""
        return self._local(sent_at).date()

    def time_of(self, sent_at: int) -> str:
        """The user's clock: 14:32."""
        return format(self._local(sent_at), "%H:%M")

    def _local(self, sent_at: int) -> datetime:
        seconds = min(max(sent_at, 0), _LAST_INSTANT) / 1000
        return datetime.fromtimestamp(seconds, UTC).astimezone(self._zone)


def _last_author(rows: list[Row]) -> int:
    last = rows[-1] if rows else None
    return last.person if isinstance(last, MessageRow) else 0


def window_title(model: ClientModel) -> str:
    """The count of unread messages in front: ``(3) Lab Jaringan``, and the program."""
    title = f"{model.room_name} – Ruang" if model.has_entered else "Ruang"  # noqa: RUF001
    return f"({model.unread}) {title}" if model.unread else title


def people_line(model: ClientModel, say: Texts) -> str:
    """``12 people here · encrypted``."""
    count = model.here_count()
    return say("chat.person_here" if count == 1 else "chat.people_here", count=count)


def connection_line(model: ClientModel, say: Texts) -> str:
    """``Connected · 2 ms``."""
    if model.connection is not Connection.HERE:
        is_lost = model.connection is Connection.LOST
        return say("connection.lost" if is_lost else "connection.connecting")
    if model.round_trip is None:
        return say("connection.here")
    return say("connection.here_ms", ms=max(1, round(model.round_trip * 1000)))
