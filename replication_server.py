"""The server's end of a log: drafts taken once and in order, entries ready to send, who lags.

Band: exchanges. Knows no session, no store and no clock; what is written where is the rooms' work.
Source: docs/protocol.md.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol import ENTRY_PART, Code, PeerError
from protocol_frames import Post, Refused, encode_entry_part, encode_posted, split_parts
from records import DraftAnswer, Stored, StreamRecord

FORGET_EVERY = 8  # drafts
MAX_EARLY_DRAFTS = 8  # as many as a client has in flight: more would be its invention
MAX_ANSWERS = 64  # kept for an author who never says that it has them
FIRST_HEADS = 0.05  # s after a push, at the least
HEADS_INTERVALS = (0.2, 1.0, 5.0)  # s, after the first reminder; then with each keepalive


def first_heads_interval(smoothed: float | None) -> float:
    """Seconds after a push before whoever has not reported HAVE is told the heads."""
    return max(FIRST_HEADS, 1.5 * smoothed + 0.025) if smoothed is not None else 0.2


@dataclass(slots=True)
class _Parts:
    post: Post
    bodies: dict[int, bytes] = field(default_factory=dict)


class Intake:
    """Takes the drafts of one stream strictly in order and keeps their answers.

    ``taken``: all drafts up to this one are answered or will never be asked for again.
    """

    def __init__(self, stream: bytes, record: StreamRecord) -> None:
        self.stream = stream
        self.person = record.person
        self.oldest = record.oldest
        self.taken = max(record.taken, record.oldest - 1)
        self._answers = {  # those that a full disk refused were not kept, and are refused still
            draft: Refused(draft, Code.DISK_FULL).encode()
            for draft in range(self.oldest, self.taken + 1)
        }
        self._answers |= {answer.draft: answer_frame(answer) for answer in record.answers}
        self._forgotten = record.oldest  # as far as the store knows
        self._early: dict[int, _Parts] = {}

    def receive(self, post: Post) -> list[Post]:
        """The drafts that can be decided now, whole. Raises PeerError for parts that contradict.

        ``oldest`` in a POST says what the author will never ask about again: answers below it are
        forgotten, and drafts below it are not waited for.
        """
        if post.oldest > self.oldest:
            self._forget_below(post.oldest)
        if post.draft >= self.oldest + MAX_ANSWERS:
            return []
        if post.parts == 1 and post.draft == self.taken + 1 and not self._early:  # nearly always
            self.taken = post.draft
            return [post]
        if not self.taken < post.draft <= self.taken + MAX_EARLY_DRAFTS:
            return []
        parts = self._early.setdefault(post.draft, _Parts(post))
        first = parts.post
        if (post.parts, post.conversation, post.kind) != (
            first.parts,
            first.conversation,
            first.kind,
        ):
            raise PeerError("parts of a draft contradict each other")
        parts.bodies.setdefault(post.part, post.body)
        return self._take_ready()

    def _forget_below(self, oldest: int) -> None:
        self.oldest = oldest
        self.taken = max(self.taken, oldest - 1)
        for draft in [draft for draft in self._answers if draft < oldest]:
            del self._answers[draft]
        for draft in [draft for draft in self._early if draft < oldest]:
            del self._early[draft]

    def _take_ready(self) -> list[Post]:
        ready: list[Post] = []
        while (parts := self._early.get(self.taken + 1)) is not None:
            post = parts.post
            if len(parts.bodies) < post.parts:
                break
            self.taken += 1
            del self._early[self.taken]
            body = b"".join(parts.bodies[part] for part in range(post.parts))
            ready.append(post._replace(part=0, parts=1, body=body))
        return ready

    def keep_answer(self, answer: DraftAnswer) -> None:
        """After it is on disk: from now on it is repeated."""
        if answer.draft >= self.oldest:
            self._answers[answer.draft] = answer_frame(answer)

    def refuse(self, answer: DraftAnswer) -> None:
        """A refusal that the disk cannot hold: repeated for as long as this session lives."""
        self.keep_answer(answer)
        self.taken = max(self.taken, answer.draft)

    def answer_frames(self) -> list[bytes]:
        """Every answer the author may still lack, so that a lost one comes with the next."""
        return [frame for _, frame in sorted(self._answers.items())]

    def take_forgettable(self) -> int | None:
        """Answers below this number may go from the store; None while it is not worth a write."""
        if self.oldest < self._forgotten + FORGET_EVERY:
            return None
        self._forgotten = self.oldest
        return self.oldest


def answer_frame(answer: DraftAnswer) -> bytes:
    """POSTED or REFUSED."""
    draft, code, conversation, number, sent_at = answer
    if code == Code.OK:
        return encode_posted(draft, conversation, number, sent_at)
    return Refused(draft, code).encode()


def entry_frames(stored: Stored) -> list[bytes]:
    """The ENTRY frames of an entry, the same for all receivers."""
    conversation, number, body, _ = stored
    if len(body) <= ENTRY_PART:
        return [encode_entry_part(conversation, number, 0, 1, body)]
    parts = split_parts(body, ENTRY_PART)
    return [
        encode_entry_part(conversation, number, part, len(parts), piece)
        for part, piece in enumerate(parts)
    ]


class RecentLog:
    """The newest entries of one conversation, encoded once, in bounded memory."""

    def __init__(self, conversation: int, head: int, limit: int) -> None:
        self.conversation = conversation
        self.head = head
        self._limit = limit
        self._first = head + 1  # lowest number kept
        self._frames: dict[int, list[bytes]] = {}
        self._totals = {head: 0}  # bytes of all entries up to a number, counted from the start

    def take(self, committed: Iterable[Stored]) -> list[bytes]:
        """Takes the next entries and gives their frames; the oldest go when they are too many."""
        total = self._totals[self.head]
        made: list[bytes] = []
        for stored in committed:
            frames = entry_frames(stored)
            for frame in frames:
                total += len(frame)
            self.head = stored.number
            self._frames[self.head] = frames
            self._totals[self.head] = total
            made += frames
            while total - self._totals[self._first - 1] > self._limit and self._first < self.head:
                del self._frames[self._first], self._totals[self._first - 1]
                self._first += 1
        return made

    @property
    def size(self) -> int:
        """Bytes of all entries that are kept."""
        return self._totals[self.head] - self._totals[self._first - 1]

    def holds(self, number: int) -> bool:
        """Whether an entry can be had without the store."""
        return number in self._frames

    def frames(self, number: int) -> list[bytes]:
        """The frames of an entry that is held."""
        return self._frames[number]

    def within(self, size: int) -> int:
        """The lowest number after which there are at most so many bytes."""
        total = self._totals[self.head]
        numbers = range(self._first - 1, self.head + 1)
        return numbers[bisect_left(numbers, -size, key=lambda n: self._totals[n] - total)]


class Feed:
    """How far one session is with one log."""

    __slots__ = ("have", "pulling", "reminded_at", "reminders", "unreached")

    def __init__(self, have: int, now: float) -> None:
        self.have = have  # as reported
        self.reminded_at = now  # of the heads, or since when it follows the log
        self.reminders = 1  # since the newest push; following the log counts as one
        self.unreached = 0  # the highest own entry that not everyone present has yet
        self.pulling = False  # the store is reading for it

    def report(self, number: int) -> bool:
        """Whether a HAVE was news."""
        if number <= self.have:
            return False
        self.have = number
        self.reminders = min(self.reminders, 1)
        return True
