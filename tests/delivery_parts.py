"""Delivery without a core: logs, and readers whose every frame we see."""

from collections.abc import Callable
from typing import cast

from server_parts import FIRST_UTC, START, FarEnd, StubbornStore

from conversation import NO_TAG, ROOM, Entry, EntryKind
from protocol_frames import EntryPart, Have, Pull
from records import Store, Stored
from server_delivery import Delivery
from server_peer import Member, Peer
from server_rooms import Rooms
from settings import Limits


class Post:
    """Delivery with a room's log, and readers whose frames are in our hands."""

    def __init__(self, stubborn: StubbornStore, these: Limits | None = None) -> None:
        self.now = START
        self.store = cast(Store, stubborn)
        self.limits = these or Limits()
        self.woken: list[Peer] = []
        self.reads: list[tuple[Callable[[], object], Callable[[object, float], None]]] = []
        self.sessions: dict[int, list[Peer]] = {}  # by person
        self._readers = 0
        self.rooms = Rooms(self.store, self.limits, has_file=lambda _: True)
        self.delivery = Delivery(
            self.rooms,
            self.store,
            self.limits,
            wake=self.woken.append,
            run=lambda work, end: self.reads.append((work, end)),
            sessions_of=lambda person: self.sessions.get(person, ()),
            share=lambda conversation, now: None,
        )

    def reader(
        self, name: str = "Ana", have: int | None = None, device_of: FarEnd | None = None
    ) -> FarEnd:
        """Somebody in the room, or somebody's other device."""
        self._readers += 1
        far = FarEnd(port=5000 + self._readers)
        far.peer.member = Member(self._readers, name, now=START, since=0)
        if device_of is not None:
            far.peer.member = device_of.peer.member
        self.sessions.setdefault(person(far), []).append(far.peer)
        self.delivery.follow(far.peer, ROOM, self.head if have is None else have, self.now)
        return far

    def group(self, *members: FarEnd) -> int:
        """A group whose log is empty, and which nobody follows yet."""
        name = f"grup {self.store.groups('', 1000)}"
        group = self.store.add_group(name, name, name)
        for member in members:
            self.store.add_member(group, person(member))
        self.store.commit()
        return group

    @property
    def head(self) -> int:
        return self.store.head(ROOM).number

    def entries(self, *texts: str, conversation: int = ROOM) -> list[Stored]:
        """On disk, and not pushed yet."""
        for text in texts:
            entry = Entry(NO_TAG, EntryKind.TEXT, FIRST_UTC, 9, "Ana", text)
            self.store.append(conversation, entry)
        return list(self.store.commit())

    def say(
        self, *texts: str, author: FarEnd | None = None, conversation: int = ROOM
    ) -> list[Stored]:
        """A turn that commits and pushes."""
        stored = self.entries(*texts, conversation=conversation)
        wrote = {(conversation, one.number): author.peer for one in stored} if author else {}
        self.delivery.push(stored, wrote, self.now)
        return stored

    def have(self, far: FarEnd, number: int, conversation: int = ROOM) -> None:
        self.delivery.receive_have(far.peer, Have(((conversation, number),)), self.now)

    def pull(self, far: FarEnd, first: int, last: int, part: int = 0) -> list[EntryPart]:
        self.delivery.receive_pull(far.peer, Pull(ROOM, first, part, last), self.now)
        return far.took(EntryPart)

    def finish_reads(self) -> None:
        """The worker is done."""
        reads, self.reads = self.reads, []
        for work, end in reads:
            end(work(), self.now)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (timer := self.delivery.next_timer()) is not None and timer <= end:
            self.now = max(self.now, timer)
            self.delivery.handle_timer(self.now)
        self.now = end


def person(far: FarEnd) -> int:
    assert far.peer.member is not None
    return far.peer.member.person


def numbers(parts: list[EntryPart]) -> list[int]:
    return [part.number for part in parts]
