"""Conversations on the server: who belongs where, who may say what, the newest entries of each log.

Band: cores. The store decides numbers and membership; what is in ``RecentLog`` is on disk already.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from conversation import (
    NO_TAG,
    ROOM,
    ConversationKind,
    Entry,
    EntryKind,
    FileNote,
    draft_tag,
    is_postable_text,
    sent_at,
)
from entering import HeldLog, OfferedLog
from protocol import MAX_TEXT, Code, PeerError
from protocol_frames import Post
from records import DraftAnswer, Store, Stored
from replication_server import Intake, RecentLog
from settings import Limits

FIRST_SIGHT = 200  # entries of a log that is seen for the first time
MAX_LOGS = 1_000  # besides the room's, of which newest entries are in memory
_POSTABLE = frozenset({EntryKind.TEXT, EntryKind.FILE})
LOG_SHARE = 4  # one of them may take this part of what all of them may


class Rooms:
    """All conversations. A rollback of the store needs nothing undone here.

    Memory for logs is bounded, whatever is stored: the room's has ``log_cache_bytes``, and so have
    all others together, of which the one where nothing was said for longest goes first.
    """

    def __init__(self, store: Store, limits: Limits, *, has_file: Callable[[bytes], bool]) -> None:
        """``has_file``: whether all of it lies on the shelf."""
        self._store = store
        self._has_file = has_file
        self._most_bytes = limits.log_cache_bytes
        self._room = RecentLog(ROOM, store.head(ROOM).number, self._most_bytes)
        self._logs: dict[int, RecentLog] = {}  # the others, as they were last written to
        self._bytes = 0  # in the others

    # --- who belongs where ---

    def is_member(self, person: int, conversation: int) -> bool:
        """Whether a person may read and write there. Everyone belongs to the room."""
        return conversation == ROOM or self._store.is_member(conversation, person)

    def conversations_of(self, person: int) -> list[int]:
        """What a person is a member of, ascending."""
        return [ROOM, *self._store.conversations_of(person)]

    def members(self, conversation: int) -> list[int]:
        """Who belongs to a group or a private conversation."""
        return self._store.members(conversation)

    # --- the newest entries ---

    def head(self, conversation: int) -> int:
        """How far a log goes, in the open transaction."""
        return self._store.head(conversation).number

    def log(self, conversation: int) -> RecentLog | None:
        """The newest entries of a conversation, if any are in memory."""
        return self._room if conversation == ROOM else self._logs.get(conversation)

    def take(self, conversation: int, committed: list[Stored]) -> list[bytes]:
        """Entries that follow each other, committed: from now on ready to be pulled.

        Their frames, to be pushed.
        """
        if conversation == ROOM:
            return self._room.take(committed)
        log = self._logs.pop(conversation, None)
        if log is None:
            limit = self._most_bytes // LOG_SHARE
            log = RecentLog(conversation, committed[0].number - 1, limit)
        self._logs[conversation] = log
        before = log.size
        frames = log.take(committed)
        self._bytes += log.size - before
        while len(self._logs) > 1 and (
            self._bytes > self._most_bytes or len(self._logs) > MAX_LOGS
        ):
            self._bytes -= self._logs.pop(next(iter(self._logs))).size
        return frames

    # --- writing: into the open transaction ---

    def decide(
        self, draft: Post, intake: Intake, name: str, *, is_muted: bool, at: int
    ) -> DraftAnswer:
        """Appends what a draft says, or refuses it for good; either way the answer is stored."""
        number, conversation = draft.draft, draft.conversation
        code, text = (Code.MUTED, "") if is_muted else self._judge(draft, intake.person)
        if code is Code.OK:
            tag = draft_tag(intake.stream, number)
            entry = Entry(tag, EntryKind(draft.kind), at, intake.person, name, text)
            log = self.written_to(conversation)
            stored = self._store.append(log, entry)
            # What is said to a group of another realm gets its number there: 0 until it is back.
            place = stored.number if log == conversation else 0
            answer = DraftAnswer(number, code, conversation, place, sent_at(stored.body))
        else:
            answer = DraftAnswer(number, code)
        self._store.save_answer(intake.stream, answer, at)
        return answer

    def _judge(self, draft: Post, person: int) -> tuple[Code, str]:
        """Whether it becomes an entry, and of what text."""
        conversation, body = draft.conversation, draft.body
        if draft.kind not in _POSTABLE:
            return Code.BAD_REQUEST, ""
        if conversation != ROOM and not self.is_member(person, conversation):
            exists = self._store.conversation(conversation) is not None
            return Code.NOT_A_MEMBER if exists else Code.NO_SUCH_CONVERSATION, ""
        if self._store.is_abroad(conversation):
            refusal = self._refusal_there(conversation)
            if refusal is not None:
                return refusal, ""
        if len(body) > MAX_TEXT:
            return Code.TEXT_TOO_LONG, ""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return Code.TEXT_INVALID, ""
        if draft.kind == EntryKind.FILE:
            return self._judge_file(text, person), text
        return Code.OK if is_postable_text(text) else Code.TEXT_INVALID, text

    def _refusal_there(self, conversation: int) -> Code | None:
        """What another realm said to all of it, until somebody asks there again; or that there is
        no link to it any more, over which what is said would ever go."""
        store = self._store
        mirror = store.mirror(conversation)
        if mirror is not None:
            return self._refusal_of(mirror.realm, mirror.outgoing)
        record = store.conversation(conversation)
        for person in (record.pair or ()) if record is not None else ():
            other = store.foreign_person(person)
            refusal = self._refusal_of(other.realm, conversation) if other is not None else None
            if refusal is not None:
                return refusal
        return None

    def _refusal_of(self, realm: int, log: int) -> Code | None:
        if self._store.is_dropped(realm):
            return Code.NO_SUCH_REALM
        code = self._store.declined(realm, log)
        return Code(code) if code else None

    def written_to(self, conversation: int) -> int:
        """The log that what is said in a conversation goes into: of a copy of another realm's
        group, what that realm reads of us."""
        mirror = self._store.mirror(conversation)
        return mirror.outgoing if mirror is not None else conversation

    def _judge_file(self, text: str, person: int) -> Code:
        """Shared by those alone who have it, or may read it already."""
        try:
            note = FileNote.decode(text)
        except PeerError:
            return Code.BAD_REQUEST
        store, record = self._store, self._store.file(note.file)
        may = store.has_brought(note.file, person) or store.may_read_file(note.file, person)
        if record is None or record.size != note.size or not may:
            return Code.FILE_MISSING
        if record.is_removed:
            return Code.FILE_REMOVED
        return Code.OK if self._has_file(note.file) else Code.FILE_MISSING

    def note(
        self,
        kind: EntryKind,
        person: int,
        name: str,
        at: int,
        *,
        text: str = "",
        conversation: int = ROOM,
    ) -> None:
        """Writes joined, left or renamed into a log."""
        self._store.append(conversation, Entry(NO_TAG, kind, at, person, name, text))

    def join(self, conversation: int, person: int, name: str, at: int) -> None:
        """Somebody belongs to a group from now on, and its log says so."""
        self._store.add_member(conversation, person)
        self.note(EntryKind.JOINED, person, name, at, conversation=self.written_to(conversation))

    def leave(self, conversation: int, person: int, name: str, at: int) -> None:
        """Somebody belongs to a group no longer, and its log says so."""
        self.note(EntryKind.LEFT, person, name, at, conversation=self.written_to(conversation))
        self._store.drop_member(conversation, person)

    def leave_groups(self, person: int, name: str, at: int) -> None:
        """Somebody will never be back: no group counts on them any more."""
        for conversation in self._store.conversations_of(person):
            record = self._store.conversation(conversation)
            if record is not None and record.kind is ConversationKind.GROUP:
                self.leave(conversation, person, name, at)

    # --- what somebody is told of a log ---

    def offer(self, conversation: int) -> OfferedLog:
        """A log as it is in the open transaction."""
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
