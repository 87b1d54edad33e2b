"""What becomes of what is said to other realms: it is there, it was refused, or it waits.

Band: cores. Whoever says something is told one of these soon, whatever the other realm does.
Knows no session: it sees what is reported of logs and conversations.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from client_events import (
    ConversationChanged,
    ConversationGone,
    DraftForwarded,
    DraftTaken,
    EntryArrived,
    Event,
    LogReplaced,
    ReachedChanged,
)
from client_realm_events import DeliveryTold
from conversation import NO_TAG, ConversationKind
from protocol import Code
from realm_words import refusal_in

PATIENCE = 3.0  # s since our server has it; then it waits


@dataclass(slots=True)
class _Waiting:
    """Something of ours that our server has, and the other realm perhaps not."""

    conversation: int
    tag: bytes = NO_TAG
    number: int = 0  # in a private conversation; a group's home will number it
    due: float | None = None  # None: since this turn


class Deliveries:
    """``take`` gets every event about logs and conversations, after it was reported.

    ``doubt(is_back)``: what was said to a realm does not get there, or does again.
    """

    def __init__(
        self, report: Callable[[DeliveryTold], None], doubt: Callable[[bool], None]
    ) -> None:
        self._report = report
        self._doubt = doubt
        self._abroad: dict[int, ConversationKind] = {}  # by conversation
        self._waiting: dict[int, _Waiting] = {}  # by ticket
        self._told: dict[int, int] = {}  # tickets of which it was told that they wait, with where
        self._reached: dict[int, int] = {}  # by conversation

    def take(self, event: Event) -> None:
        """Something happened."""
        match event:
            case ConversationChanged(conversation, kind, name):
                if "@" in name:
                    self._abroad[conversation] = kind
            case ConversationGone(conversation) | LogReplaced(conversation):
                self._forget(conversation)
                if isinstance(event, ConversationGone):
                    self._abroad.pop(conversation, None)
                    self._told = {
                        t: there for t, there in self._told.items() if there != conversation
                    }
            case DraftForwarded(ticket, conversation):
                self._waiting[ticket] = _Waiting(conversation)
            case DraftTaken(ticket, conversation) if conversation in self._abroad:
                self._report(DeliveryTold(ticket, conversation, None))
            case EntryArrived(conversation) if conversation in self._abroad:
                self._take_entry(event)
            case ReachedChanged(conversation, number) if conversation in self._abroad:
                self._reached[conversation] = number
                self._take_reached(conversation, number)
                self._doubt(True)
            case _:
                pass

    def _take_entry(self, event: EntryArrived) -> None:
        conversation, ticket = event.conversation, event.ticket
        refusal = refusal_in(event.entry)
        if refusal is not None:
            if ticket is None:
                ticket = self._ticket_of(conversation, event.entry.tag)
            if ticket is not None:
                self._tell(ticket, conversation, refusal.code)
        elif ticket is None:
            return
        elif self._abroad[conversation] is ConversationKind.GROUP:
            self._tell(ticket, conversation, Code.OK)
        else:
            self._waiting[ticket] = _Waiting(conversation, event.entry.tag, event.number)
            self._take_reached(conversation, self._reached.get(conversation, 0))

    def _ticket_of(self, conversation: int, tag: bytes) -> int | None:
        for ticket, waiting in self._waiting.items():
            if (waiting.conversation, waiting.tag) == (conversation, tag):
                return ticket
        return None

    def _take_reached(self, conversation: int, number: int) -> None:
        for ticket, waiting in list(self._waiting.items()):
            if waiting.conversation == conversation and 0 < waiting.number <= number:
                self._tell(ticket, conversation, Code.OK)

    def _tell(self, ticket: int, conversation: int, code: Code | None) -> None:
        """Once for each ticket."""
        self._waiting.pop(ticket, None)
        if ticket in self._told:
            del self._told[ticket]
        else:
            self._report(DeliveryTold(ticket, conversation, code))
            if code is None:
                self._doubt(False)

    def _forget(self, conversation: int) -> None:
        """Its numbers mean nothing any more."""
        self._reached.pop(conversation, None)
        for ticket, waiting in list(self._waiting.items()):
            if waiting.conversation == conversation:
                self._tell(ticket, conversation, None)

    # --- time ---

    def next_timer(self) -> float | None:
        """When somebody has waited for long enough."""
        dues = (waiting.due for waiting in self._waiting.values())
        return min((due for due in dues if due is not None), default=None)

    def serve(self, now: float) -> None:
        """Ends each turn."""
        for ticket, waiting in list(self._waiting.items()):
            if waiting.due is None:
                waiting.due = now + PATIENCE
            elif waiting.due <= now:
                is_group = not waiting.number
                self._tell(ticket, waiting.conversation, None)
                if is_group:  # an entry of it, or about it, follows
                    self._told[ticket] = waiting.conversation
