"""A client's model in a room, fed with entries in the order of their numbers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from client_events import (
    Connection,
    ConnectionChanged,
    ConversationChanged,
    DraftMade,
    Entered,
    EntryArrived,
    MarkRead,
    PeopleReplaced,
)
from client_model import (
    ClientModel,
)
from client_rows import (
    MessageRow,
    Row,
)
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind, Person
from texts import Texts

ME, ANA, BUDI = 7, 8, 9
NAMES = {ME: "saya", ANA: "ana", BUDI: "budi"}
KEY = bytes(32)
NOON = int(datetime(2025, 11, 21, 12, 0, tzinfo=UTC).timestamp() * 1000)
DAY = 24 * 3600 * 1000
SAY = Texts("en")


def entry(
    person: int, words: str = "halo", *, kind: EntryKind = EntryKind.TEXT, at: int = NOON
) -> Entry:
    return Entry(NO_TAG, kind, at, person, NAMES.get(person, f"tamu {person}"), words)


@dataclass
class Room:
    """A model in the room as ``saya``, fed with entries in the order of their numbers."""

    model: ClientModel = field(default_factory=lambda: ClientModel(UTC))
    number: int = 0

    def __post_init__(self) -> None:
        self.model.apply(Entered(ME, "saya", "Lab", KEY, has_returned=False))
        self.model.apply(ConnectionChanged(Connection.HERE, 0.002))
        self.tell(ROOM, ConversationKind.ROOM)

    def tell(
        self,
        conversation: int,
        kind: ConversationKind,
        name: str = "",
        *,
        person: int = 0,
        head: int = 0,
        read: int = 0,
    ) -> None:
        """A conversation we belong to."""
        self.model.apply(ConversationChanged(conversation, kind, name, person, head, read))

    def look(self, is_at_end: bool = True, *, has_focus: bool = True) -> MarkRead | None:
        """As the window does: what is in view, with somebody before it, is seen."""
        self.model.look(is_at_end, has_focus=has_focus)
        return self.model.see(self.number) if is_at_end and has_focus else None

    def arrive_in(self, conversation: int, number: int, one: Entry, **how: bool) -> EntryArrived:
        """An entry of another conversation."""
        event = EntryArrived(conversation, number, one, **how)
        self.model.apply(event)
        return event

    def arrive(self, *entries: Entry, is_history: bool = False, ticket: int | None = None) -> None:
        for one in entries:
            self.number += 1
            self.model.apply(EntryArrived(ROOM, self.number, one, ticket, is_history))

    def say(self, *texts: str) -> list[int]:
        tickets = []
        for draft, words in enumerate(texts, 1):
            tickets.append(self.model.new_ticket())
            self.model.apply(DraftMade(tickets[-1], draft, ROOM, words))
        return tickets

    def people(self, *people: Person) -> None:
        self.model.apply(PeopleReplaced(people))

    def messages(self) -> list[MessageRow]:
        return [row for row in self.model.rows() if isinstance(row, MessageRow)]

    def texts(self) -> list[str]:
        return [row.text for row in self.messages()]

    def kinds(self) -> list[type[Row]]:
        return [type(row) for row in self.model.rows()]
