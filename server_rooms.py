"""Conversations on the server: who may say what where, and the newest entries of each log.

Band: cores. The store decides numbers; what is in ``RecentLog`` is on disk already.
Source: docs/protocol.md.
"""

from conversation import (
    NO_TAG,
    ROOM,
    Entry,
    EntryKind,
    draft_tag,
    is_postable_text,
    sent_at,
)
from entering import HeldLog, OfferedLog
from protocol import MAX_TEXT, Code
from records import DraftAnswer, Store, Stored
from replication_server import Draft, Intake, RecentLog
from settings import Limits

FIRST_SIGHT = 200  # entries of a log that is seen for the first time


class Rooms:
    """All conversations. A rollback of the store needs nothing undone here."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._logs = {
            ROOM: RecentLog(ROOM, store.head(ROOM).number, limits.log_cache_bytes),
        }

    def log(self, conversation: int) -> RecentLog | None:
        """The newest entries of a conversation, if it exists."""
        return self._logs.get(conversation)

    def conversations_of(self, person: int) -> tuple[int, ...]:
        """What a person is a member of. Everyone belongs to the room."""
        return (ROOM,)

    def is_member(self, person: int, conversation: int) -> bool:
        """Whether a person may read and write there."""
        return conversation in self.conversations_of(person)

    # --- writing: into the open transaction ---

    def decide(
        self, draft: Draft, intake: Intake, name: str, *, is_muted: bool, at: int
    ) -> DraftAnswer:
        """Appends what a draft says, or refuses it for good; either way the answer is stored."""
        number, conversation, _, body = draft
        code = Code.MUTED if is_muted else self._judge(draft, intake.person)
        if code is Code.OK:
            tag = draft_tag(intake.stream, number)
            entry = Entry(tag, EntryKind.TEXT, at, intake.person, name, body.decode())
            stored = self._store.append(conversation, entry)
            said = sent_at(stored.body)
            answer = DraftAnswer(number, code, conversation, stored.number, said)
        else:
            answer = DraftAnswer(number, code)
        self._store.save_answer(intake.stream, answer, at)
        return answer

    def _judge(self, draft: Draft, person: int) -> Code:
        _, conversation, kind, body = draft
        if kind != EntryKind.TEXT:
            return Code.BAD_REQUEST
        if conversation not in self._logs:
            return Code.NO_SUCH_CONVERSATION
        if not self.is_member(person, conversation):
            return Code.NOT_A_MEMBER
        if len(body) > MAX_TEXT:
            return Code.TEXT_TOO_LONG
        try:
            return Code.OK if is_postable_text(body.decode()) else Code.TEXT_INVALID
        except UnicodeDecodeError:
            return Code.TEXT_INVALID

    def note(self, kind: EntryKind, person: int, name: str, at: int) -> None:
        """Writes joined or left into the room's log."""
        self._store.append(ROOM, Entry(NO_TAG, kind, at, person, name))

    # --- what somebody who enters is told ---

    def offer(self, person: int) -> tuple[OfferedLog, ...]:
        """The person's logs as they are in the open transaction."""
        return tuple(self._offer(conversation) for conversation in self.conversations_of(person))

    def _offer(self, conversation: int) -> OfferedLog:
        head = self._store.head(conversation).number
        floor = max(0, head - FIRST_SIGHT)
        return OfferedLog(conversation, head, floor, self._chain(conversation, floor))

    def _chain(self, conversation: int, number: int) -> bytes:
        chain = self._store.chain_at(conversation, number)
        if chain is None:
            raise LookupError("a log has a hole")
        return chain

    def is_same(self, held: HeldLog) -> bool:
        """Whether a client's copy is a copy of our log: an old backup put back here shows so."""
        return self._store.chain_at(held.conversation, held.have) == held.chain

    # --- reading: after the commit ---

    def take(self, stored: Stored) -> list[bytes]:
        """A committed entry, from now on ready to be pulled; its frames, to be pushed."""
        return self._logs[stored.conversation].add(stored)
