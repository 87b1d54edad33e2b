"""A visit as typed commands see it: an inbox, what goes out, and the answers that come."""

from itertools import count

from note_parts import Folder

from client_commands import Answer, Errand
from client_errands import Errands
from client_events import Command, ConversationChanged, ConversationsListed, Entered
from client_inbox import Inbox
from conversation import ROOM, ConversationKind
from texts import Texts


class Visit:
    """Ana's, with the commands that went out and the answers that came."""

    def __init__(self, *files: str) -> None:
        self.commands: list[Command] = []
        self.answers: list[Answer] = []
        self.inbox = Inbox()
        tickets = count(1)
        self.errands = Errands(
            self.inbox,
            Texts("en"),
            submit=self.commands.append,
            new_ticket=lambda: next(tickets),
            paths=Folder(*files),
        )
        self.happen(
            Entered(1, "ana", "Lab", b"k" * 32, False),
            ConversationChanged(ROOM, ConversationKind.ROOM, "", 0, 0, 0),
            ConversationChanged(5, ConversationKind.GROUP, "Kelas", 0, 0, 0),
            ConversationsListed(),
        )

    def begin(self, *errands: Errand) -> "Visit":
        for errand in errands:
            self.errands.begin(errand, self.answers.append)
        return self

    def happen(self, *events: object) -> "Visit":
        for event in events:
            self.inbox.apply(event)
            self.errands.take_event(event)
        return self

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(answer.command, answer.code) for answer in self.answers]
