"""Typed commands on their way: what each asks of the core, step by step, until it has its answer.

Band: cores. Pure: commands go out through ``submit``; answers come through the callable given with
each errand. One implementation for window, terminal and scripts.
Messages run side by side; what asks or changes anything else waits for all before it, and all wait
for it: so a script may write ``/login`` and the first message in one go. Files begin as messages
do, and nothing waits for their end.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from auth import fold_name
from client_answers import (
    ABROAD,
    COMMAND_OF,
    answer_for,
    failure,
    failure_there,
    foregone,
    groups_of,
    iso_time,
    realms_of,
)
from client_commands import (
    Answer,
    Do,
    Errand,
    Get,
    ListFiles,
    Post,
    Send,
    Share,
    refusal_sentence,
)
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    AskMembers,
    Command,
    ConversationChanged,
    DraftForwarded,
    DraftRefused,
    DraftTaken,
    EntryArrived,
    Found,
    JoinGroup,
    LeaveGroup,
    LoadOlder,
    LogIn,
    OlderArrived,
    OpenPrivate,
    Register,
    Request,
    Say,
)
from client_file_answers import file_failure
from client_file_events import FileTrouble
from client_inbox import Conversation, Inbox
from client_realm_events import AskRealms, DeliveryTold
from client_tickets import Tickets
from client_transfers import OnAnswer, Transfers
from conversation import ROOM, ConversationKind
from protocol import Code, JsonValue
from realms import split_realm
from texts import Texts

OLDER_AT_ONCE = 100  # entries asked for at a time, for an inbox that holds more than is here


class Paths(Protocol):
    """What a typed path leads to on this computer. None: nothing that could be used so."""

    def file(self, typed: str) -> Path | None: ...
    def folder(self, typed: str) -> Path | None: ...


@dataclass(slots=True, eq=False)
class _Letter:
    """A message or a file whose conversation may not be known yet."""

    errand: Send | Share
    on_answer: OnAnswer
    path: Path | None = None  # of the file
    is_asked_for: bool = False  # by name: the answer brings its conversation
    conversation: int = 0
    is_waiting: bool = False  # for its realm: nothing more of it is waited for here


@dataclass(slots=True, eq=False)
class _Said:
    """A message on its way. ``fields``: of its entry, once they are known."""

    command: str
    on_answer: OnAnswer
    is_waiting: bool = False  # for its realm, as is known already
    fields: dict[str, JsonValue] = field(default_factory=dict)


class Errands:
    """One visit's. Owned by whoever owns the inbox, which has every event before this."""

    def __init__(
        self,
        inbox: Inbox,
        say: Texts,
        *,
        submit: Callable[[Command], None],
        new_ticket: Callable[[], int],
        paths: Paths,
    ) -> None:
        self._inbox = inbox
        self._say = say
        self._paths = paths
        self._tickets = Tickets(submit=submit, new_ticket=new_ticket)
        self._transfers = Transfers(inbox, say, self._tickets)
        self._queue: deque[tuple[Errand, OnAnswer, int]] = deque()
        self._is_alone = False  # one is under way that all others wait for
        self._said: dict[int, _Said] = {}  # by ticket
        self._letters: deque[_Letter] = deque()  # said in the order they were typed
        self._reading: OnAnswer | None = None
        self._reading_of: str | None = None  # the realm whose inbox it is; None: all
        self._older_of = 0  # the conversation whose older entries are on their way; 0: none

    @property
    def is_closed(self) -> bool:
        """What is begun now waits for something else."""
        return self._is_alone or bool(self._queue)

    @property
    def is_idle(self) -> bool:
        """Everything has its answer."""
        is_said = not (self.is_closed or self._said or self._letters)
        return is_said and self._transfers.is_idle

    def conversation_of(self, ticket: int) -> int | None:
        """Where a file on its way is shared; None: it is not one of these errands."""
        return self._transfers.conversation_of(ticket)

    def begin(self, errand: Errand, on_answer: OnAnswer, conversation: int = ROOM) -> None:
        """``conversation``: where a Post goes, and where files are meant if nothing is named."""
        self._queue.append((errand, on_answer, conversation))
        self._go_on()

    def _go_on(self) -> None:
        while self._queue and not self._is_alone:
            errand, on_answer, conversation = self._queue[0]
            is_beside = isinstance(errand, Post | Send | Share | Get)
            if not is_beside and (self._said or self._letters):
                return
            self._queue.popleft()
            self._start(errand, on_answer, conversation)

    def _start(self, errand: Errand, on_answer: OnAnswer, conversation: int) -> None:
        is_for_nobody = isinstance(errand, Do) and isinstance(errand.request, Register | LogIn)
        if self._inbox.is_nameless and not is_for_nobody:
            nobody = Answered(0, Code.NO_SESSION)
            on_answer(failure(command_of(errand), nobody, self._say))
            return
        match errand:
            case Post(text):
                self._post(text, conversation, _Said("say", on_answer))
            case Send():
                self._write(_Letter(errand, on_answer))
            case Share():
                self._share(errand, on_answer)
            case ListFiles() | Get():
                self._look(errand, conversation, on_answer)
            case Do(request):
                self._do(request, on_answer)
            case _:
                self._is_alone = True
                realm = errand.realm
                if realm is None:
                    self._read(None, on_answer)
                else:
                    self._tickets.ask(AskRealms(0), partial(self._read_realm, realm, on_answer))

    # --- events ---

    def take_event(self, event: object) -> None:
        """After the inbox took it."""
        match event:
            case Answered():
                self._tickets.take(event)
            case EntryArrived(conversation, number, entry, int(ticket)):
                self._end_post(ticket, conversation, number, entry.sent_at)
            case DeliveryTold(ticket, conversation, code):
                self._end_delivery(ticket, conversation, code)
            case DraftForwarded(ticket, conversation):
                self._end_forwarded(ticket, conversation)
            case DraftTaken(ticket, conversation, number, sent_at):
                self._end_post(ticket, conversation, number, sent_at)
            case DraftRefused(int(ticket), code=code):
                self._refuse_post(ticket, code)
            case ConversationChanged():
                self._post_letters()
            case OlderArrived():
                # The core hears one question at a time: if this was the answer to somebody
                # else's, ours is asked again.
                self._older_of = 0
            case _:
                pass
        self._transfers.take_event(event)
        self._read_on()
        self._go_on()

    # --- requests ---

    def _do(self, request: Request, on_answer: OnAnswer) -> None:
        known = foregone(request)
        if known is not None:
            on_answer(answer_for(request, known, self._say))
            return
        self._is_alone = True
        self._tickets.ask(request, partial(self._done, request, on_answer))

    def _done(self, request: Request, on_answer: OnAnswer, answered: Answered) -> None:
        self._is_alone = False
        is_ours = answered.code in (Code.OK, Code.ALREADY_A_MEMBER)
        if isinstance(request, AddGroup | JoinGroup) and is_ours:
            self._learn_of(answered, ConversationKind.GROUP, request.name)
        if isinstance(request, LeaveGroup | AskMembers) and split_realm(request.name)[1]:
            answered = replace(answered, reason=ABROAD)
        on_answer(answer_for(request, answered, self._say))

    def _learn_of(self, answered: Answered, kind: ConversationKind, name: str) -> None:
        if isinstance(answered.result, int):
            self._inbox.learn_of(answered.result, kind, name)

    # --- messages ---

    def _post(self, text: str, conversation: int, said: _Said) -> None:
        ticket = self._tickets.new_ticket()
        self._said[ticket] = said
        self._tickets.submit(Say(ticket, conversation, text))

    def _end_post(self, ticket: int, conversation: int, number: int, sent_at: int) -> None:
        """It is on the server's disk; of what goes to another realm more will be told."""
        said = self._said.get(ticket)
        if said is None:
            return
        said.fields = {
            "conversation": self._inbox.label(conversation),
            "number": number,
            "time": iso_time(sent_at),
        }
        if not self._inbox.realm(conversation):
            del self._said[ticket]
            said.on_answer(Answer(True, said.command, "OK", self._say("answer.sent"), said.fields))
        else:
            self._end_forwarded(ticket, conversation)

    def _end_forwarded(self, ticket: int, conversation: int) -> None:
        """Our server has it, and perhaps it was told before that the realm is away."""
        if ticket in self._said and self._said[ticket].is_waiting:
            self._end_delivery(ticket, conversation, None)

    def _refuse_post(self, ticket: int, code: Code) -> None:
        if said := self._said.pop(ticket, None):
            sentence = refusal_sentence(code, self._say)
            said.on_answer(Answer(False, said.command, code.name, sentence))

    def _end_delivery(self, ticket: int, conversation: int, code: Code | None) -> None:
        said = self._said.pop(ticket, None)
        if said is None:
            return
        if code not in (Code.OK, None):
            said.on_answer(failure_there(said.command, code, self._say))
            return
        message, state = self._say("answer.sent"), "delivered"
        if code is None:
            realm = self._inbox.realm(conversation)
            message, state = self._say("answer.sent_waiting", realm=realm), "waiting"
        label: dict[str, JsonValue] = {"conversation": self._inbox.label(conversation)}
        fields = label | said.fields | {"state": state}
        said.on_answer(Answer(True, said.command, "OK", message, fields))

    def _write(self, letter: _Letter) -> None:
        errand = letter.errand
        if errand.kind is ConversationKind.GROUP and errand.joins:
            # Each time, also as a member: a group that its realm did not have may be there now,
            # and takes nothing before somebody asks for it.
            self._reach(letter, JoinGroup(0, errand.name))
            return
        if errand.kind is ConversationKind.PRIVATE:
            # By name each time: somebody else may have it now, and must not get what was
            # meant for whoever had it before.
            self._reach(letter, OpenPrivate(0, errand.name))
            return
        self._letters.append(letter)
        if self._inbox.named(errand.kind, errand.name) is None:
            self._tickets.ask(AskGroups(0), partial(self._looked_up, letter))
        self._post_letters()

    def _reach(self, letter: _Letter, request: OpenPrivate | JoinGroup) -> None:
        known = foregone(request)
        if known is not None:
            letter.on_answer(failure(letter.errand.command, known, self._say))
            return
        letter.is_asked_for = True
        self._letters.append(letter)
        self._tickets.ask(request, partial(self._opened, letter))

    def _opened(self, letter: _Letter, answered: Answered) -> None:
        is_reached = answered.code in (Code.OK, Code.ALREADY_A_MEMBER)
        if is_reached and isinstance(answered.result, int):
            self._learn_of(answered, letter.errand.kind, letter.errand.name)
            letter.conversation = answered.result
            letter.is_waiting = answered.reason == "waiting"
        else:
            self._return(letter, answered)
        self._post_letters()

    def _looked_up(self, letter: _Letter, answered: Answered) -> None:
        """We do not belong to that group, or do not know it yet: another device may have joined."""
        if letter not in self._letters:
            return  # it became known meanwhile
        folded = fold_name(letter.errand.name)
        groups = [one for one in groups_of(answered) if fold_name(one.name) == folded]
        if answered.code is not Code.OK:
            self._return(letter, answered)
        elif not groups and split_realm(letter.errand.name)[1]:
            self._tickets.ask(AskRealms(0), partial(self._looked_abroad, letter))
        elif not groups:
            self._return(letter, Answered(0, Code.NO_SUCH_GROUP))
        elif not groups[0].is_member:
            self._return(letter, Answered(0, Code.NOT_A_MEMBER))
        self._post_letters()

    def _looked_abroad(self, letter: _Letter, answered: Answered) -> None:
        """Whether there is such a group in another realm, only who joins it is told."""
        if letter in self._letters:
            is_known = _named(answered, split_realm(letter.errand.name)[1]) is not None
            if answered.code is Code.OK and is_known:
                answered = Answered(0, Code.NOT_A_MEMBER, reason=ABROAD)
            elif answered.code is Code.OK:
                answered = Answered(0, Code.NO_SUCH_REALM)
            self._return(letter, answered)
            self._post_letters()

    def _return(self, letter: _Letter, answered: Answered) -> None:
        self._letters.remove(letter)
        letter.on_answer(failure(letter.errand.command, answered, self._say))

    def _post_letters(self) -> None:
        while self._letters and (conversation := self._address(self._letters[0])):
            letter = self._letters.popleft()
            match letter.errand:
                case Send(command, text=text):
                    said = _Said(command, letter.on_answer, letter.is_waiting)
                    self._post(text, conversation, said)
                case share:
                    assert letter.path is not None  # it was found before
                    self._transfers.send(
                        share.command,
                        letter.path,
                        conversation,
                        letter.on_answer,
                        is_waiting=letter.is_waiting,
                    )

    def _address(self, letter: _Letter) -> int:
        """0: not known yet."""
        if letter.conversation or letter.is_asked_for:
            return letter.conversation
        known = self._inbox.named(letter.errand.kind, letter.errand.name)
        return known.number if known else 0

    # --- files ---

    def _share(self, errand: Share, on_answer: OnAnswer) -> None:
        path = self._paths.file(errand.path)
        if path is None:
            on_answer(file_failure(errand.command, FileTrouble.NOT_FOUND, self._say))
        elif errand.kind is ConversationKind.ROOM:
            self._transfers.send(errand.command, path, ROOM, on_answer)
        else:
            self._write(_Letter(errand, on_answer, path))

    def _look(self, errand: ListFiles | Get, conversation: int, on_answer: OnAnswer) -> None:
        if errand.place:
            known = self._inbox.placed(errand.place)
            if known is None:
                unknown = Code.NO_SUCH_CONVERSATION
                on_answer(file_failure(command_of(errand), unknown, self._say))
                return
            conversation = known.number
        if isinstance(errand, ListFiles):
            self._is_alone = True
            self._transfers.list_files(conversation, partial(self._listed, on_answer))
            return
        folder = self._paths.folder(errand.folder) if errand.folder else None
        if errand.folder and folder is None:
            on_answer(file_failure("get", FileTrouble.CANNOT_SAVE, self._say))
        else:
            self._transfers.fetch(errand.file, conversation, folder, on_answer)

    def _listed(self, on_answer: OnAnswer, answer: Answer) -> None:
        self._is_alone = False
        on_answer(answer)

    # --- the inbox ---

    def _read_realm(self, realm: str, on_answer: OnAnswer, answered: Answered) -> None:
        named = _named(answered, realm)
        if named is not None:
            self._read(named, on_answer)
            return
        self._is_alone = False
        if answered.code is Code.OK:
            answered = Answered(0, Code.NO_SUCH_REALM)
        on_answer(failure("getrealminbox", answered, self._say))

    def _read(self, realm: str | None, on_answer: OnAnswer) -> None:
        self._reading, self._reading_of = on_answer, realm
        self._older_of = 0
        self._read_on()

    def _read_now(self) -> list[Conversation]:
        """The conversations whose inbox it is."""
        all_ours = list(self._inbox.conversations())
        if self._reading_of is None:
            return all_ours
        return [one for one in all_ours if one.realm == self._reading_of]

    def _read_on(self) -> None:
        """When all that is unread is here, shows it; what is not is asked for."""
        if self._reading is None:
            return
        if not self._inbox.is_listed:
            return
        for one in self._read_now():
            if one.is_behind:
                return
            if one.missing_before:
                if not self._older_of:
                    self._older_of = one.number
                    self._tickets.submit(LoadOlder(one.number, OLDER_AT_ONCE, one.missing_before))
                return
        on_answer, self._reading = self._reading, None
        self._is_alone = False
        on_answer(self._read_all())

    def _read_all(self) -> Answer:
        found: list[Found] = []
        skipped = 0
        for one in self._read_now():
            found += one.unread
            skipped += max(0, one.complete_from - one.read)
            if marked := self._inbox.see(one.number, one.held):
                self._tickets.submit(marked)
        key = "answer.unread" if found else "answer.unread_none"
        if found and skipped:
            key = "answer.unread_more"
        message = self._say(key, count=len(found), skipped=skipped)
        fields: dict[str, JsonValue] = {"skipped": skipped} if skipped else {}
        command = "inbox" if self._reading_of is None else "getrealminbox"
        return Answer(True, command, "OK", message, fields, tuple(found))


def _named(answered: Answered, realm: str) -> str | None:
    """What a realm in such a list is called; None: it is not there."""
    folded = fold_name(realm)
    return next((o.name for o in realms_of(answered) if fold_name(o.name) == folded), None)


def command_of(errand: Errand) -> str:
    """The name of the command that a line was, for its answer."""
    match errand:
        case Post():
            return "say"
        case Send(command) | Share(command):
            return command
        case Do(request):
            return COMMAND_OF[type(request)]
        case ListFiles():
            return "files"
        case Get():
            return "get"
        case _:
            return "inbox" if errand.realm is None else "getrealminbox"
