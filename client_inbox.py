"""The conversations one belongs to: what they are called, and what in them is unread.

Band: cores. Pure: fed with every event of the core, in order, by window, terminal and script. Of
each conversation it keeps the messages beyond the read marker, the newest KEPT of them at most;
what is unread and not here can be asked of the core with LoadOlder.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from auth import fold_name
from client_events import (
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    Entered,
    EntryArrived,
    Found,
    IdentityChanged,
    LogReplaced,
    MarkRead,
    OlderArrived,
    ReadMoved,
)
from conversation import ROOM, ConversationKind, Entry, EntryKind
from realms import split_realm

KEPT = 1_000  # unread messages of a conversation
KEPT_SIZE = 4_000_000  # characters of them
_MESSAGES = frozenset({EntryKind.TEXT, EntryKind.FILE, EntryKind.NOTICE})
_SIGNS = {
    "#": ConversationKind.GROUP,
    "group:": ConversationKind.GROUP,
    "@": ConversationKind.PRIVATE,
    "private:": ConversationKind.PRIVATE,
}
_LABELS = {ConversationKind.GROUP: "group", ConversationKind.PRIVATE: "private"}


@dataclass(slots=True)
class Conversation:
    """One that we belong to. Only the inbox changes it."""

    number: int
    kind: ConversationKind
    name: str = ""  # of the group, or of the other person; of the room: empty
    person: int = 0  # the other one, in a private conversation
    read: int = 0  # everything up to here was seen, on whatever device
    kept: int = 0  # and up to here the server knows it
    head: int = 0  # entries it has, as far as we know
    held: int = 0  # the newest entry that came here
    unread: list[Found] = field(default_factory=list)  # ascending, without our own
    size: int = 0  # characters of them
    complete_from: int = 0  # every unread message after this number is in ``unread``

    @property
    def label(self) -> str:
        """``room``, ``group:NAME`` or ``private:NAME``."""
        kind = _LABELS.get(self.kind)
        return f"{kind}:{self.name}" if kind else "room"

    @property
    def realm(self) -> str:
        """Where the other one, or the group, is at home; empty: here."""
        return split_realm(self.name)[1]

    @property
    def is_behind(self) -> bool:
        """Entries are on their way here that others have already."""
        return self.held < self.head

    @property
    def is_full(self) -> bool:
        """No more unread messages are kept."""
        return len(self.unread) >= KEPT or self.size >= KEPT_SIZE

    @property
    def missing_before(self) -> int:
        """Unread messages below this number are not here and would be kept; 0: none."""
        return 0 if self.is_full or self.complete_from <= self.read else self.complete_from + 1


class Inbox:
    """Owned by whoever owns the model."""

    def __init__(self) -> None:
        self.me = 0
        self.my_name = ""
        self.is_account = False
        self.is_nameless = False  # logged out: entered, but nobody
        self.is_listed = False  # all we belong to is known here
        self._conversations = {ROOM: Conversation(ROOM, ConversationKind.ROOM)}

    # --- events ---

    def apply(self, event: object) -> None:
        """Takes what happened into account."""
        match event:
            case EntryArrived():
                is_own = event.ticket is not None or event.entry.person == self.me
                self._take(event.conversation, event.number, event.entry, is_own=is_own)
            case OlderArrived():
                self._take_older(event)
            case ConversationChanged():
                self._learn(event)
            case ConversationGone(conversation):
                self._forget(conversation)
            case ConversationsListed():
                self.is_listed = True
            case ReadMoved(conversation, number):
                self._learn_read(conversation, number)
            case LogReplaced(conversation) if known := self._conversations.get(conversation):
                known.unread, known.size = [], 0
                known.head = known.held = known.complete_from = 0
            case Entered(person, name):
                self.is_listed = False
                self._become(person, name, is_account=self.is_account and person == self.me)
            case IdentityChanged(person, name, is_account):
                self._become(person, name, is_account=is_account)
            case _:
                pass

    def _become(self, person: int, name: str, *, is_account: bool) -> None:
        if person != self.me:
            self.is_listed = False
            for known in self._conversations.values():  # what this one has seen is told anew
                known.complete_from = max(known.complete_from, known.read)
                known.read = known.kept = 0
        self.me, self.my_name, self.is_account = person, name, is_account
        self.is_nameless = person == 0

    def _forget(self, conversation: int) -> None:
        """The room has its place here even while we are nobody in it."""
        if conversation == ROOM:
            self._conversations[ROOM] = Conversation(ROOM, ConversationKind.ROOM)
        else:
            self._conversations.pop(conversation, None)

    def _learn(self, event: ConversationChanged) -> None:
        known = self._conversations.setdefault(
            event.conversation, Conversation(event.conversation, event.kind)
        )
        known.kind, known.name, known.person = event.kind, event.name, event.person
        if event.head < known.read:  # an older log stands in its place
            known.read = known.kept = 0
        known.head = max(known.head, event.head)
        self._learn_read(event.conversation, event.read)

    def _learn_read(self, conversation: int, number: int) -> None:
        known = self._conversations.get(conversation)
        if known is not None:
            known.kept = max(known.kept, number)
            self.mark_read(conversation, number)

    def _take(self, conversation: int, number: int, entry: Entry, *, is_own: bool) -> None:
        known = self._conversations.get(conversation)
        if known is None:
            return
        if known.held == 0:  # the log is held from here on
            known.complete_from = max(known.complete_from, number - 1)
        known.held = max(known.held, number)
        known.head = max(known.head, number)
        is_news = entry.kind is EntryKind.NOTICE or not is_own
        if number > known.read and is_news and entry.kind in _MESSAGES:
            known.unread.append(Found(conversation, number, entry))
            known.size += len(entry.text)
            while len(known.unread) > 1 and (len(known.unread) > KEPT or known.size > KEPT_SIZE):
                dropped = known.unread.pop(0)
                known.size -= len(dropped.entry.text)
                known.complete_from = dropped.number

    def _take_older(self, event: OlderArrived) -> None:
        known = self._conversations.get(event.conversation)
        if known is None or known.is_full:  # whoever scrolls up asks for more than is kept
            return
        below = [item for item in event.entries if item[0] <= known.complete_from]
        if event.entries and (not below or below[-1][0] != known.complete_from):
            return  # somebody else's question, about another stretch
        found = [
            Found(event.conversation, number, entry)
            for number, entry in below
            if number > known.read
            and entry.kind in _MESSAGES
            and (entry.person != self.me or entry.kind is EntryKind.NOTICE)
        ]
        known.unread = found + known.unread
        known.size += sum(len(one.entry.text) for one in found)
        known.complete_from = below[0][0] - 1 if below else 0  # 0: there is nothing older

    # --- what whoever reads it does ---

    def mark_read(self, conversation: int, number: int) -> None:
        """Here alone; it never goes back."""
        known = self._conversations.get(conversation)
        if known is not None and number > known.read:
            known.read = number
            known.unread = [one for one in known.unread if one.number > number]
            known.size = sum(len(one.entry.text) for one in known.unread)

    def see(self, conversation: int, number: int) -> MarkRead | None:
        """Everything up to ``number`` was seen: what to tell the core, if it is news to it."""
        self.mark_read(conversation, number)
        known = self._conversations.get(conversation)
        if known is None or number <= known.kept:
            return None
        known.kept = number
        return MarkRead(conversation, number)

    def learn_of(self, number: int, kind: ConversationKind, name: str) -> None:
        """One we opened ourselves; its ConversationChanged may still be on its way."""
        self._conversations.setdefault(number, Conversation(number, kind, name))

    # --- what there is ---

    def conversations(self) -> Iterable[Conversation]:
        """All we belong to, the room first."""
        return self._conversations.values()

    def conversation(self, number: int) -> Conversation | None:
        """None: we do not belong to it."""
        return self._conversations.get(number)

    def named(self, kind: ConversationKind, name: str) -> Conversation | None:
        """A group, or the private conversation with somebody; big and small letters are one."""
        folded = fold_name(name)
        for known in self._conversations.values():
            if known.kind is kind and fold_name(known.name) == folded:
                return known
        return None

    def placed(self, typed: str) -> Conversation | None:
        """``room``, ``#GROUP``, ``@PERSON``, a label, or a bare name: first a group's."""
        if fold_name(typed) == "room":
            return self._conversations[ROOM]
        for sign, kind in _SIGNS.items():
            if typed.startswith(sign):
                return self.named(kind, typed.removeprefix(sign))
        group = self.named(ConversationKind.GROUP, typed)
        return group or self.named(ConversationKind.PRIVATE, typed)

    def label(self, number: int) -> str:
        """``room``, ``group:NAME`` or ``private:NAME``."""
        known = self._conversations.get(number)
        return known.label if known else f"unknown:{number}"

    def realm(self, number: int) -> str:
        """Where it is at home; empty: here, or we do not belong to it."""
        known = self._conversations.get(number)
        return known.realm if known else ""

    def unread(self, number: int) -> list[Found]:
        """The messages nobody of us has seen, ascending, as far as they are here."""
        known = self._conversations.get(number)
        return known.unread if known else []
