"""A client's logs without its link: a test hands in frames and reads what they report."""

from collections.abc import Sequence
from typing import Any

from client_events import EntryArrived, Event, Say
from client_logs import Logs
from conversation import FIRST_CHAIN, NO_TAG, ROOM, Entry, EntryKind, draft_tag
from entering import OfferedLog
from protocol_frames import (
    EntryPart,
    Frame,
    Have,
    Heads,
    Post,
    Posted,
    Pull,
    Reached,
    Refused,
    decode_frames,
)
from protocol_guards import RoundTrip
from records import Stored
from replication_server import entry_frames

STREAM, OTHER_STREAM = b"s" * 16, b"t" * 16
ANA = 7
FLOOR = b"floor..."


def entry(number: int, text: str | None = None) -> Entry:
    """An entry of somebody else."""
    return Entry(NO_TAG, EntryKind.TEXT, 1_000 + number, 9, "Budi", text or f"nomor {number}")


def own(draft: int, number: int, text: str, name: str = "Ana", stream: bytes = STREAM) -> Entry:
    """What a draft of Ana's becomes."""
    tag = draft_tag(stream, draft)
    return Entry(tag, EntryKind.TEXT, 1_000 + number, ANA, name, text)


class Desk:
    """Logs, and all they report."""

    def __init__(self, stream: bytes = STREAM) -> None:
        self.events: list[Event] = []
        self.logs = Logs(stream, self.events.append)
        self.round_trip = RoundTrip()
        self.now = 100.0

    def enter(
        self,
        head: int = 0,
        floor: int = 0,
        *,
        chain: bytes = FIRST_CHAIN,
        changed: Sequence[int] = (),
        name: str = "Ana",
    ) -> None:
        self.logs.enter(ANA, name, [OfferedLog(ROOM, head, floor, chain)], changed, self.now)
        self.logs.complete()

    def receive(self, *frames: Frame) -> None:
        for frame in frames:
            if isinstance(frame, Heads):
                for conversation, head in frame.numbers:
                    self.logs.learn_head(conversation, head, self.now)
            else:
                assert isinstance(frame, Posted | Refused | EntryPart | Reached)
                self.logs.receive(frame, self.now, self.round_trip)

    def entries(self, *entries: tuple[int, Entry], conversation: int = ROOM) -> None:
        """Whole entries come, each in its parts."""
        for number, item in entries:
            stored = Stored(conversation, number, item.encode(), b"")
            for encoded in entry_frames(stored):
                self.receive(*decode_frames(encoded))

    def others(self, *numbers: int) -> None:
        """Entries of somebody else come."""
        self.entries(*((number, entry(number)) for number in numbers))

    def say(self, *texts: str) -> None:
        for place, text in enumerate(texts):
            self.logs.say(Say(100 + place, ROOM, text))

    def posted(self, draft: int, number: int) -> None:
        self.receive(Posted(draft, ROOM, number, 1_000 + number))

    def sent(self, wait: float = 0.0) -> list[Frame]:
        """What goes out now."""
        self.now += wait
        encoded = self.logs.frames_due(self.now, self.round_trip, False)
        return decode_frames(b"".join(encoded))

    def posts(self, wait: float = 0.0) -> list[tuple[int, str]]:
        return [
            (frame.draft, frame.body.decode())
            for frame in self.sent(wait)
            if isinstance(frame, Post)
        ]

    def pulls(self, wait: float = 0.0) -> list[Pull]:
        return [frame for frame in self.sent(wait) if isinstance(frame, Pull)]

    def reports(self) -> list[Have]:
        """What is told now of what is here."""
        encoded = self.logs.reports_due(self.now, in_company=False)
        return [frame for frame in decode_frames(b"".join(encoded)) if isinstance(frame, Have)]

    def shown(self) -> list[tuple[int, str, int | None]]:
        """Number, text and ticket of all entries shown, in order."""
        return [
            (event.number, event.entry.text, event.ticket)
            for event in self.events
            if isinstance(event, EntryArrived)
        ]

    def saw(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
