"""The client's end of a log: the outbox of drafts, the copy without holes, older history.

Band: exchanges. Knows no session and no clock; frames go out through the core that owns it.
Source: docs/protocol.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from conversation import FIRST_CHAIN, Entry, draft_tag, next_chain
from protocol import MAX_ENTRY_PARTS, POST_PART, PeerError
from protocol_frames import EntryPart, Post, Pull, split_parts
from protocol_guards import RoundTrip

MAX_IN_FLIGHT = 8  # drafts sent and not answered
STUCK_AFTER = 3  # times a draft was sent in vain
MAX_PARTS_IN_FLIGHT = 64  # datagrams of drafts sent at once; one draft may always go
REORDER_WAIT = 0.010  # s a gap may close by itself before it is pulled
HAVE_DELAY = 0.025  # s
HAVE_SPREAD = 0.010  # s earlier or later, by client: a room must not answer with one voice
HAVE_BYTES = 64 * 1024  # unreported bytes that do not wait
MAX_EARLY_BYTES = 4 * 1024 * 1024  # held above gaps, in all logs; beyond it they are pulled later
HELD_COST = 512  # bytes that an entry takes beside its own: those of empty parts fill memory too
MAX_PULLS = 16  # gaps asked for in one go


@dataclass(slots=True)
class Waiting:
    """A draft on its way."""

    draft: int
    conversation: int
    kind: int
    text: str
    ticket: int | None
    parts: list[bytes]
    due: float = 0.0  # 0: not sent yet
    tries: int = 0
    asked_at: float | None = None  # when it was sent, if its answer will tell a round trip


class Outbox:
    """The drafts of one stream that have no answer yet. Drafts never give up."""

    def __init__(self, stream: bytes, next_draft: int = 1) -> None:
        self.stream = stream
        self.next_draft = next_draft
        self.held_from: int | None = None  # this draft and those after it are not sent yet
        self._waiting: dict[int, Waiting] = {}  # in the order of drafts
        self._tags: dict[bytes, int] = {}

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    @property
    def is_quiet(self) -> bool:
        """Whether all that may be sent has its answer."""
        oldest = next(iter(self._waiting), None)
        return oldest is None or (self.held_from is not None and oldest >= self.held_from)

    @property
    def is_stuck(self) -> bool:
        """Whether drafts seem to vanish: perhaps the path carries smaller datagrams than before."""
        return any(waiting.tries > STUCK_AFTER for waiting in self._in_flight())

    def waiting(self) -> list[Waiting]:
        """All drafts without an answer, in order."""
        return list(self._waiting.values())

    def add(self, conversation: int, kind: int, text: str, ticket: int | None) -> int:
        """Takes a new draft; its number."""
        draft = self.next_draft
        self.next_draft += 1
        self.restore(draft, conversation, kind, text, ticket)
        return draft

    def restore(
        self, draft: int, conversation: int, kind: int, text: str, ticket: int | None
    ) -> None:
        """Takes a draft of an earlier session of this stream, under its old number."""
        parts = split_parts(text.encode(), POST_PART)
        self._waiting[draft] = Waiting(draft, conversation, kind, text, ticket, parts)
        self._tags[draft_tag(self.stream, draft)] = draft

    def answered(self, draft: int, conversation: int | None = None) -> Waiting | None:
        """Takes out a draft that has its answer; None if it had it before or was said elsewhere."""
        waiting = self._waiting.get(draft)
        if waiting is None or conversation not in (None, waiting.conversation):
            return None
        del self._waiting[draft], self._tags[draft_tag(self.stream, draft)]
        return waiting

    def answered_by(self, tag: bytes) -> Waiting | None:
        """Takes out the draft that an entry with this tag came of, if it is ours."""
        draft = self._tags.get(tag)
        return self.answered(draft) if draft is not None else None

    def resend_all(self) -> None:
        """A new session: everything is due at once."""
        for waiting in self._waiting.values():
            waiting.due, waiting.tries, waiting.asked_at = 0.0, 0, None

    def _in_flight(self) -> Iterator[Waiting]:
        parts = 0
        for count, waiting in enumerate(self._waiting.values()):
            parts += len(waiting.parts)
            if self.held_from is not None and waiting.draft >= self.held_from:
                return
            if count >= MAX_IN_FLIGHT or (count and parts > MAX_PARTS_IN_FLIGHT):
                return
            yield waiting

    def next_timer(self) -> float | None:
        return min((waiting.due for waiting in self._in_flight()), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """The POST frames to send (again) now."""
        frames: list[bytes] = []
        oldest = next(iter(self._waiting), self.next_draft)
        for waiting in self._in_flight():
            if waiting.due > now:
                continue
            # Sent once, and nothing older that the server would wait for (Karn's rule).
            is_measure = waiting.draft == oldest and not waiting.tries
            waiting.asked_at = now if is_measure else None
            waiting.due = now + round_trip.resend_after(waiting.tries, silent)
            waiting.tries += 1
            frames += [
                Post(
                    waiting.draft,
                    oldest,
                    waiting.conversation,
                    waiting.kind,
                    part,
                    len(waiting.parts),
                    body,
                ).encode()
                for part, body in enumerate(waiting.parts)
            ]
        return frames


class Allowance:
    """Bytes that may be held above gaps, by all who share it.

    A log that fills it costs the others another PULL and no more: what a copy needs next is taken
    in any case.
    """

    def __init__(self, size: int = MAX_EARLY_BYTES) -> None:
        self._left = size

    @property
    def is_exceeded(self) -> bool:
        return self._left < 0

    def has_room(self, size: int) -> bool:
        return size <= self._left

    def take(self, size: int) -> None:
        self._left -= size

    def give_back(self, size: int) -> None:
        self._left += size


class Assembly:
    """Entries put together from their parts, in bounded memory."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._parts: dict[int, dict[int, bytes]] = {}
        self._counts: dict[int, int] = {}
        self._allowance = allowance or Allowance()

    def add(self, part: EntryPart, needed: int = 0) -> bytes | None:
        """The whole body once its last part is there. Raises PeerError if parts contradict.

        ``needed``: the entry for which there is always room, since all others wait for it.
        """
        if part.parts == 1:
            self.drop(part.number)
            return part.body
        if self._counts.setdefault(part.number, part.parts) != part.parts:
            raise PeerError("parts of an entry contradict each other")
        if part.number not in self._parts:
            self._parts[part.number] = {}
            self._allowance.take(HELD_COST)
        parts = self._parts[part.number]
        if part.part not in parts:
            parts[part.part] = part.body
            self._allowance.take(len(part.body))
        if len(parts) < part.parts:
            newest = max(self._parts)
            if self._allowance.is_exceeded and newest != needed:
                self.drop(newest)  # needed last; it is pulled again
            return None
        body = b"".join(parts[index] for index in range(part.parts))
        self.drop(part.number)
        return body

    def first_missing(self, number: int) -> int:
        """The lowest part of an entry that is not here."""
        parts = self._parts.get(number, {})
        return next(index for index in range(MAX_ENTRY_PARTS + 1) if index not in parts)

    def drop(self, number: int) -> None:
        """Forgets the parts of an entry."""
        self._counts.pop(number, None)
        parts = self._parts.pop(number, None)
        if parts is not None:
            self._allowance.give_back(sum(map(len, parts.values())) + HELD_COST)

    def clear(self) -> None:
        """Forgets all parts."""
        for number in list(self._parts):
            self.drop(number)


class Arrived(NamedTuple):
    """An entry whose turn has come."""

    number: int
    entry: Entry


class Replica:
    """A copy of one log: entries floor+1 … have, handed on once each and in order.

    Bodies are not kept once handed on; ``chain`` sums them up.
    """

    def __init__(
        self,
        conversation: int,
        have_delay: float = HAVE_DELAY,
        allowance: Allowance | None = None,
    ) -> None:
        self.conversation = conversation
        self._have_delay = have_delay
        self._allowance = allowance or Allowance()
        self.floor = 0
        self.have = 0
        self.chain = FIRST_CHAIN  # at have
        self.head = 0
        self.is_allowed = True  # False until a session offers it, and once the server forbids it
        self._early: dict[int, tuple[bytes, Entry]] = {}
        self._assembly = Assembly(self._allowance)
        self._pull_due: float | None = None
        self._pull_tries = 0
        self._asked_to = 0  # the highest number the newest PULL asked for
        self._unreported = 0  # bytes
        self._have_due: float | None = None

    # --- what is known ---

    def begin(self, floor: int, chain: bytes) -> None:
        """First sight of a log: only what comes after the floor is held."""
        self.floor = self.have = floor
        self.chain = chain

    def learn_head(self, head: int, now: float) -> None:
        """The server says how far the log goes. 0 for one that went further: we may not read it."""
        if head == 0 < self.head:
            self.is_allowed = False
            self._pull_due = None
        elif head <= self.have:
            if self.is_allowed:
                self._have_due = now  # it does not know what we have: our HAVE was lost
        else:
            self.head = max(self.head, head)
            self._notice_gap(now + REORDER_WAIT)

    def receive(self, part: EntryPart, now: float, round_trip: RoundTrip) -> list[Arrived]:
        """Takes an ENTRY; what became readable by it. Raises PeerError."""
        self.head = max(self.head, part.number)
        if part.number <= self.have:
            self._have_due = now if self._have_due is None else self._have_due
            return []
        if part.number in self._early:
            return []
        body = self._assembly.add(part, self.have + 1)
        if body is None:
            self._notice_gap(now + self._reorder_wait(round_trip))
            return []
        return self.insert(part.number, body, now, round_trip)

    def insert(self, number: int, body: bytes, now: float, round_trip: RoundTrip) -> list[Arrived]:
        """Takes a whole entry: a received one, or our own draft with the number it was given."""
        if number <= self.have or number in self._early:
            return []
        self.head = max(self.head, number)
        size = len(body) + HELD_COST
        if number != self.have + 1 and not self._allowance.has_room(size):
            return []
        entry = Entry.decode(body)  # one that cannot be read is refused before it changes anything
        self._early[number] = (body, entry)
        self._allowance.take(size)
        self._assembly.drop(number)
        arrived = self._advance()
        if arrived:
            self._pull_tries = 0
            if self._have_due is None:
                self._have_due = now + self._have_delay
            if self._unreported >= HAVE_BYTES:
                self._have_due = now
        self._move_pull(number, now, round_trip)
        return arrived

    def _advance(self) -> list[Arrived]:
        arrived: list[Arrived] = []
        while (early := self._early.pop(self.have + 1, None)) is not None:
            body, entry = early
            self.have += 1
            self._allowance.give_back(len(body) + HELD_COST)
            self._unreported += len(body)
            self.chain = next_chain(self.chain, body)
            arrived.append(Arrived(self.have, entry))
        return arrived

    # --- pulling ---

    def _reorder_wait(self, round_trip: RoundTrip) -> float:
        return max(REORDER_WAIT, (round_trip.smoothed or 0.0) / 4)

    def _notice_gap(self, when: float) -> None:
        if self.have < self.head and self.is_allowed and self._pull_due is None:
            self._pull_due = when

    def _move_pull(self, number: int, now: float, round_trip: RoundTrip) -> None:
        """An entry came: by itself, or of the answer to our PULL, which goes on or has ended.

        Entries beyond what was asked for say nothing about the answer: in a busy room they would
        put off for ever what should follow a PULL that got lost.
        """
        if self.have >= self.head or not self.is_allowed:
            self._pull_due, self._asked_to = None, 0
        elif not self._asked_to:
            self._notice_gap(now + self._reorder_wait(round_trip))
        elif self.have >= self._asked_to:
            self._pull_due, self._asked_to = now, 0
        elif number <= self._asked_to:
            self._pull_due = now + self._reorder_wait(round_trip)

    def _gaps(self) -> Iterator[Pull]:
        first = self.have + 1
        for number in sorted(self._early):
            if number > first:
                yield Pull(
                    self.conversation, first, self._assembly.first_missing(first), number - 1
                )
            first = number + 1
        if first <= self.head:
            yield Pull(self.conversation, first, self._assembly.first_missing(first), self.head)

    def next_timer(self, pull_from: float = 0.0) -> float | None:
        """``pull_from``: nothing is pulled before."""
        if self._pull_due is None:
            return self._have_due
        pull_due = max(self._pull_due, pull_from)
        return pull_due if self._have_due is None else min(pull_due, self._have_due)

    def pulls_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """PULL frames for the lowest gaps, if it is time."""
        if self._pull_due is None or self._pull_due > now:
            return []
        pulls = list(islice(self._gaps(), MAX_PULLS))
        self._asked_to = pulls[-1].last
        wait = round_trip.resend_after(self._pull_tries, silent) + self._reorder_wait(round_trip)
        self._pull_due = now + wait
        self._pull_tries += 1
        return [pull.encode() for pull in pulls]

    def pause(self) -> None:
        """A new session, in which this log was not offered yet: nothing is asked or reported."""
        self.is_allowed = False
        self._pull_due = self._have_due = None

    def expect(self, number: int) -> None:
        """There is an entry of this number, to be pulled as soon as that may be."""
        self.head = max(self.head, number)

    def let_go(self) -> None:
        """The copy is not needed any more."""
        self._assembly.clear()
        self._allowance.give_back(sum(len(b) + HELD_COST for b, _ in self._early.values()))
        self._early.clear()

    def restart(self, now: float) -> None:
        """A new session, in which this log was offered: nothing of the old one counts any more."""
        self._pull_tries = self._asked_to = 0
        self.is_allowed = True
        self._pull_due = now if self.have < self.head else None
        self._have_due = now

    # --- reporting ---

    def is_have_due(self, now: float) -> bool:
        return self._have_due is not None and self._have_due <= now

    @property
    def has_unreported(self) -> bool:
        return self._have_due is not None

    def report(self) -> tuple[int, int]:
        """What HAVE says; it is on its way now."""
        self._unreported, self._have_due = 0, None
        return self.conversation, self.have


def have_delay(stream: bytes) -> float:
    """How long a client with this stream waits before it reports what it has, in seconds."""
    return HAVE_DELAY + HAVE_SPREAD * (stream[0] / 127.5 - 1.0)


class OlderPull:
    """Entries below the floor, asked for because the user scrolled up."""

    def __init__(self, conversation: int, first: int, last: int) -> None:
        self.conversation = conversation
        self.first = first
        self.last = last
        self._assembly = Assembly()
        self._bodies: dict[int, bytes] = {}
        self._due = 0.0
        self._tries = 0

    def receive(self, part: EntryPart, now: float) -> bool:
        """Takes an ENTRY of the range; whether all are here now. Raises PeerError."""
        if not self.first <= part.number <= self.last or part.number in self._bodies:
            return False
        body = self._assembly.add(part)
        if body is None:
            return False
        Entry.decode(body)
        self._bodies[part.number] = body
        self._tries, self._due = 0, now + REORDER_WAIT
        return len(self._bodies) == self.last - self.first + 1

    def entries(self) -> tuple[tuple[int, Entry], ...]:
        """All of the range, ascending, once it is complete."""
        return tuple(
            (number, Entry.decode(self._bodies[number])) for number in sorted(self._bodies)
        )

    def next_timer(self) -> float:
        return self._due

    def pulls_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """The PULL for what is missing still, if it is time."""
        if self._due > now:
            return []
        missing = [n for n in range(self.first, self.last + 1) if n not in self._bodies]
        self._due = now + round_trip.resend_after(self._tries, silent) + REORDER_WAIT
        self._tries += 1
        pulls = []
        for first, last in _runs(missing)[:MAX_PULLS]:
            part = self._assembly.first_missing(first)
            pulls.append(Pull(self.conversation, first, part, last).encode())
        return pulls

    def restart(self, now: float) -> None:
        """A new session."""
        self._due, self._tries = now, 0


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
