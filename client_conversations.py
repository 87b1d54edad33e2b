"""The conversations we belong to: found page by page, looked up when news comes, read, let go of.

Band: cores. Says which logs are held; what is in them is theirs. Knows no session: questions go out
through whoever owns it, and count for one session.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from auth import fold_name
from belonging import MAX_HELD, LogsAnswer, LogsRequest, OfferedConversation
from client_events import (
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    EntryArrived,
    Event,
    MarkRead,
    ReadMoved,
)
from client_logs import Logs
from conversation import PEOPLE, ROOM, ConversationKind
from protocol import Code, Verb
from protocol_frames import EntryPart, Heads, ReadTo
from protocol_requests import Answer, Fields

MAX_UNKNOWN = 64  # conversations looked up at once; what is beyond shows itself again


@dataclass(frozen=True, slots=True)
class _Question:
    """A LOGS on its way. ``wanted``: what it was to find; None: it is a page of all."""

    request: int
    asked: LogsRequest
    wanted: frozenset[int] | None


class Conversations:
    """``ask`` numbers a request, if ``can_ask``; ``report`` gets the events.

    A conversation is told before anything in it, except the room, which is entered before.
    """

    def __init__(
        self,
        logs: Logs,
        *,
        ask: Callable[[Verb, Fields, float], int],
        can_ask: Callable[[], bool],  # we are in, as somebody
        report: Callable[[Event], None],
    ) -> None:
        self._logs = logs
        self._ask = ask
        self._can_ask = can_ask
        self._report = report
        self._told: dict[int, ConversationChanged] = {}
        self._question: _Question | None = None
        self._is_listed = False  # all pages of this session have come
        self._realms: frozenset[str] | None = None  # names; None: not told in this session
        self._unknown: set[int] = set()
        self._read: dict[int, int] = {}  # seen up to here, on whatever device
        self._kept: dict[int, int] = {}  # and this the server knows
        self._marking: dict[int, tuple[int, int]] = {}  # conversation and number, by request

    # --- sessions ---

    def enter(self, now: float) -> None:
        """We are in: which conversations are there, and what of them?"""
        self._is_listed = False
        self._realms = None
        self._ask_page(0, now)
        for conversation in self._read:
            self._mark(conversation, now)

    def interrupt(self) -> None:
        """The session is gone, and with it whatever was asked in it."""
        self._question = None
        self._unknown.clear()
        self._marking.clear()

    def let_go(self, *, keeps_room: bool) -> None:
        """We are somebody else now, or nobody."""
        self.interrupt()
        for conversation in self._logs.held_between(0, None):
            if not (keeps_room and conversation == ROOM):
                self._forget(conversation)
        self._told.clear()
        self._read.clear()
        self._kept.clear()

    # --- pages ---

    def _ask_page(self, after: int, now: float) -> None:
        self._ask_logs(LogsRequest(after, self._logs.held(after, MAX_HELD)), None, now)

    def _ask_logs(self, asked: LogsRequest, wanted: frozenset[int] | None, now: float) -> None:
        request = self._ask(Verb.LOGS, asked.encode(), now)
        self._question = _Question(request, asked, wanted)

    def receive_answer(self, answer: Answer, now: float) -> None:
        """To LOGS. Raises PeerError."""
        question = self._question
        if question is None or question.request != answer.request:
            return
        page = None
        if answer.code is Code.OK:
            page = LogsAnswer.decode(answer.fields, question.asked)
        self._question = None
        if question.wanted is not None:
            self._unknown -= question.wanted
            for row in page.logs if page is not None else ():
                if not self._logs.has(row.conversation):
                    self._take(row, now, is_changed=False, is_news=True)
        elif page is not None:
            self._receive_page(question.asked.after, page, now)
        else:
            self._end_listing()
        if self._is_listed and self._question is None:
            self._look_up_next(now)

    def _receive_page(self, begin: int, page: LogsAnswer, now: float) -> None:
        listed = {row.conversation for row in page.logs}
        for conversation in self._logs.held_between(begin, page.next_after):
            if conversation not in listed and conversation != ROOM:
                self._forget(conversation)
        for row in page.logs:
            is_changed = row.conversation in page.changed
            self._take(row, now, is_changed=is_changed, is_news=False)
        after = page.next_after
        if after is None or (self._logs.is_full and not self._logs.held(after, 1)):
            self._end_listing()
        else:
            self._ask_page(after, now)

    def _end_listing(self) -> None:
        if not self._is_listed:
            self._is_listed = True
            self._logs.complete()
            self._report(ConversationsListed())

    def learn_realms(self, names: frozenset[str], now: float) -> None:
        """One of a new name may be an old one, whose people and groups are called otherwise now:
        all is listed once more, without being told so."""
        is_new = self._realms is not None and not names <= self._realms
        self._realms = names
        if is_new and self._can_ask() and any("@" in told.name for told in self._told.values()):
            self._ask_page(0, now)

    def _take(
        self, row: OfferedConversation, now: float, *, is_changed: bool, is_news: bool
    ) -> None:
        conversation = row.conversation
        if not self._logs.has(conversation) and self._logs.is_full:
            return
        told = ConversationChanged(
            conversation, row.kind, row.name, row.person, row.log.head, row.read
        )
        if row.log.head < self._read.get(conversation, 0):  # an older log stands in its place
            self._forget_marks(conversation)
        before = self._told.get(conversation)
        self._kept[conversation] = max(row.read, self._kept.get(conversation, 0))
        if before is None or _is_other(before, told):
            self._read[conversation] = max(row.read, self._read.get(conversation, 0))
            self._tell(replace(told, read=self._read[conversation]))
        else:
            self._move_read(conversation, row.read)
        if conversation != ROOM:  # which is followed since we entered
            is_private_news = is_news and row.kind is ConversationKind.PRIVATE
            history = row.read if is_private_news else None
            self._logs.take_up(row.log, now, is_changed=is_changed, history=history)

    def _tell(self, told: ConversationChanged) -> None:
        self._told[told.conversation] = told
        self._report(told)

    def _forget(self, conversation: int) -> None:
        self._logs.let_go(conversation)
        self._forget_marks(conversation)
        self._report(ConversationGone(conversation))

    def _forget_marks(self, conversation: int) -> None:
        for known in (self._told, self._read, self._kept):
            known.pop(conversation, None)

    # --- news ---

    def receive_heads(self, heads: Heads, now: float) -> None:
        """How far logs go: of those we hold, of others we must learn of, and of lost ones."""
        for conversation, head in heads.numbers:
            if conversation == PEOPLE:
                continue
            if not self._logs.has(conversation):
                if head:
                    self.look_up(conversation, now)
                continue
            is_lost = head == 0 < self._logs.head(conversation)
            if is_lost and conversation != ROOM:
                self._forget(conversation)
            else:
                self._logs.learn_head(conversation, head, now)

    def notice_entry(self, part: EntryPart, now: float) -> None:
        """Something was said somewhere."""
        if not self._logs.has(part.conversation):
            self.look_up(part.conversation, now)

    def look_up(self, conversation: int, now: float) -> None:
        """Asks for a conversation that is not known, unless no more can be."""
        if self._logs.has(conversation) or self._logs.is_full or not self._can_ask():
            return
        if len(self._unknown) < MAX_UNKNOWN:
            self._unknown.add(conversation)
        if self._is_listed and self._question is None:
            self._look_up_next(now)

    def _look_up_next(self, now: float) -> None:
        """What came up after a question was asked may be newer than its answer: asked again."""
        self._unknown = {number for number in self._unknown if not self._logs.has(number)}
        if self._unknown:
            first = min(self._unknown)
            self._ask_logs(LogsRequest(first - 1), frozenset({first}), now)

    def is_settled(self, conversation: int) -> bool:
        """Whether a conversation is told, or cannot be found."""
        if conversation in self._told:
            return True
        return self._is_listed and self._question is None and conversation not in self._unknown

    def leave_group(self, name: str) -> None:
        """The server has heard that we leave it."""
        for told in list(self._told.values()):
            if told.kind is ConversationKind.GROUP and fold_name(told.name) == fold_name(name):
                self._forget(told.conversation)

    def rename(self, names: Mapping[int, str]) -> None:
        """What people are called now, by person: private conversations bear their names."""
        for told in list(self._told.values()):
            name = names.get(told.person, told.name)
            if told.kind is ConversationKind.PRIVATE and name != told.name:
                head, read = self._logs.head(told.conversation), self._read[told.conversation]
                self._tell(replace(told, name=name, head=head, read=read))

    def notice_name(self, event: Event) -> None:
        """Somebody of another realm, who is in no table of people, bears a name when they speak."""
        if (
            isinstance(event, EntryArrived)
            and "@" in event.entry.name
            and self._logs.is_news(event.conversation, event.number)
        ):
            self.rename({event.entry.person: event.entry.name})

    # --- read markers ---

    def mark_read(self, command: MarkRead, now: float) -> None:
        """The user has seen something."""
        if command.number > self._read.get(command.conversation, 0):
            self._read[command.conversation] = command.number
            if self._can_ask():
                self._mark(command.conversation, now)

    def receive_read(self, read: ReadTo) -> None:
        """Another device of ours has."""
        if read.conversation in self._told:
            before = self._kept.get(read.conversation, 0)
            self._kept[read.conversation] = max(before, read.number)
            self._move_read(read.conversation, read.number)

    def _move_read(self, conversation: int, number: int) -> None:
        if number > self._read.get(conversation, 0):
            self._read[conversation] = number
            self._report(ReadMoved(conversation, number))

    def _mark(self, conversation: int, now: float) -> None:
        """One question at a time for each conversation, with the newest number."""
        number = self._read[conversation]
        is_marking = any(conversation == marked for marked, _ in self._marking.values())
        if is_marking or number <= self._kept.get(conversation, 0):
            return
        fields: Fields = {"conversation": conversation, "number": number}
        self._marking[self._ask(Verb.READ, fields, now)] = (conversation, number)

    def receive_marked(self, answer: Answer, now: float) -> None:
        """To READ. A refused one is not sent again; one for want of space, in the next session."""
        marked = self._marking.pop(answer.request, None)
        if marked is None:
            return
        conversation, number = marked
        if conversation in self._read:
            if answer.code is Code.OK:
                self._kept[conversation] = max(number, self._kept.get(conversation, 0))
                self._mark(conversation, now)
            elif answer.code is not Code.DISK_FULL:
                self._kept[conversation] = self._read[conversation]

    @property
    def is_all_marked(self) -> bool:
        """Whether the server knows all that was read."""
        return not self._marking


def _is_other(before: ConversationChanged, now: ConversationChanged) -> bool:
    return (before.kind, before.name, before.person) != (now.kind, now.name, now.person)
