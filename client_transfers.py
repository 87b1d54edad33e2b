"""Typed commands about files on their way: each has its answer when the file is shared, or saved.

Band: cores. Pure. A part of client_errands.py, which settles who and where is meant; what moves
bytes is the core. Nothing waits for a transfer, and no transfer for another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from client_answers import failure, failure_there, iso_time
from client_commands import Answer
from client_events import (
    Answered,
    DraftForwarded,
    DraftRefused,
    DraftTaken,
    EntryArrived,
)
from client_file_answers import file_failure, file_saved, file_sent, files_listed, files_of
from client_file_events import (
    AskFiles,
    FetchFile,
    FileEnded,
    FileMoved,
    FileTrouble,
    SendFile,
    SharedHere,
)
from client_inbox import Inbox
from client_realm_events import DeliveryTold
from client_tickets import Tickets
from conversation import FileNote
from file_words import note_of
from protocol import Code, JsonValue
from realms import split_realm
from texts import Texts

MOST_LISTED = 1_000  # files of a conversation that are looked through, from the newest down
_MOST_DIGITS = 15  # of a number: larger ones do not exist

OnAnswer = Callable[[Answer], None]


@dataclass(slots=True, eq=False)
class _Transfer:
    """One is answered when it has ended, and if it was shared, its entry is known as well."""

    command: str
    conversation: int
    on_answer: OnAnswer
    note: FileNote  # without a hash until the core has looked into the file
    number: int = 0  # of the entry, of one that is fetched
    is_waiting: bool = False  # for its realm
    fields: dict[str, JsonValue] = field(default_factory=dict)  # of the entry, of one that is sent
    answer: Answer | None = None  # None: it is not known yet
    has_ended: bool = False


@dataclass(slots=True, eq=False)
class _Wanted:
    """A file that is to be fetched, as somebody typed it."""

    file: str
    conversation: int
    folder: Path | None
    on_answer: OnAnswer
    number: int = 0  # of its entry; 0: it is looked for by name

    def is_met_by(self, one: SharedHere) -> bool:
        if self.number:
            return one.number == self.number
        return one.note.name.casefold() == self.file.casefold()


@dataclass(slots=True, eq=False)
class _Looking:
    """Through what was shared in a conversation, newest first, page by page."""

    conversation: int
    before: int
    is_enough: Callable[[SharedHere], bool]  # nothing below it is looked for
    finish: Callable[[Answered, list[SharedHere]], None]
    files: list[SharedHere] = field(default_factory=list)


class Transfers:
    """One visit's. Owned by the errands."""

    def __init__(
        self,
        inbox: Inbox,
        say: Texts,
        tickets: Tickets,
    ) -> None:
        self._inbox = inbox
        self._say = say
        self._tickets = tickets
        self._transfers: dict[int, _Transfer] = {}  # by ticket
        self._sought = 0  # how many are looked for and do not move yet

    @property
    def is_idle(self) -> bool:
        """Everything has its answer."""
        return not self._sought and not self._transfers

    def conversation_of(self, ticket: int) -> int | None:
        """Where a file is shared; None: nobody asked for this transfer in this visit."""
        transfer = self._transfers.get(ticket)
        return transfer.conversation if transfer else None

    # --- sharing ---

    def send(
        self,
        command: str,
        path: Path,
        conversation: int,
        on_answer: OnAnswer,
        *,
        is_waiting: bool = False,
    ) -> None:
        """Answered when its entry is on the server's disk. ``is_waiting``: for its realm, as is
        known already."""
        ticket = self._tickets.new_ticket()
        note = FileNote(b"", 0, path.name)
        transfer = _Transfer(command, conversation, on_answer, note, is_waiting=is_waiting)
        self._transfers[ticket] = transfer
        self._tickets.submit(SendFile(ticket, conversation, path))

    # --- looking ---

    def list_files(self, conversation: int, on_answer: OnAnswer) -> None:
        """What was shared there."""

        def finish(answered: Answered, files: list[SharedHere]) -> None:
            if answered.code is Code.OK:
                on_answer(files_listed(self._inbox.label(conversation), files, self._say))
            else:
                on_answer(failure("files", answered, self._say))

        self._look(_Looking(conversation, 0, lambda _: False, finish))

    def fetch(self, file: str, conversation: int, folder: Path | None, on_answer: OnAnswer) -> None:
        """``file``: the number of its entry, or a name: then it is the newest one called so."""
        self._sought += 1
        wanted = _Wanted(file, conversation, folder, on_answer)
        if file.isascii() and file.isdecimal() and len(file) <= _MOST_DIGITS:
            wanted.number = int(file)
        self._seek(wanted)

    def _seek(self, wanted: _Wanted) -> None:
        finish = partial(self._take_found, wanted)
        if wanted.number:  # what comes first below the next number is this one, or nothing is
            looking = _Looking(wanted.conversation, wanted.number + 1, lambda _: True, finish)
        else:
            looking = _Looking(wanted.conversation, 0, wanted.is_met_by, finish)
        self._look(looking)

    def _take_found(self, wanted: _Wanted, answered: Answered, files: list[SharedHere]) -> None:
        found = files[-1] if files and wanted.is_met_by(files[-1]) else None
        if answered.code is Code.OK and found is None and wanted.number:
            wanted.number = 0  # then it is the name
            self._seek(wanted)
            return
        self._sought -= 1
        if found is None:
            is_known = answered.code is Code.OK
            trouble = FileTrouble.NOT_FOUND if is_known else answered.code
            wanted.on_answer(file_failure("get", trouble, self._say))
        elif found.is_removed:
            why = Code.FILE_TOO_LARGE if found.is_too_large else Code.FILE_REMOVED
            wanted.on_answer(file_failure("get", why, self._say))
        else:
            ticket = self._tickets.new_ticket()
            self._transfers[ticket] = _Transfer(
                "get", found.conversation, wanted.on_answer, found.note, found.number
            )
            realm = split_realm(found.sender)[1]
            self._tickets.submit(FetchFile(ticket, found.note, wanted.folder, realm))

    def _look(self, looking: _Looking) -> None:
        asked = AskFiles(0, looking.conversation, looking.before)
        self._tickets.ask(asked, partial(self._take_page, looking))

    def _take_page(self, looking: _Looking, answered: Answered) -> None:
        before = looking.before
        for one in files_of(answered):
            looking.files.append(one)
            looking.before = one.number
            if looking.is_enough(one):
                looking.finish(answered, looking.files)
                return
        # A server that goes in circles must not keep us busy.
        has_more = looking.before < before or (before == 0 and looking.before > 0)
        if has_more and len(looking.files) < MOST_LISTED:
            self._look(looking)
        else:
            looking.finish(answered, looking.files)

    # --- events ---

    def take_event(self, event: object) -> None:
        """What the core says of one of them."""
        match event:
            case EntryArrived(conversation, number, entry, int(ticket)):
                self._share(ticket, conversation, number, entry.sent_at, note_of(entry))
            case DraftTaken(ticket, conversation, number, sent_at):
                self._share(ticket, conversation, number, sent_at, None)
            case DraftRefused(int(ticket)):
                self._refuse(ticket, event.code)
            case DeliveryTold(ticket, conversation, code):
                self._deliver(ticket, conversation, code)
            case DraftForwarded(ticket, conversation):
                self._forward(ticket, conversation)
            case FileMoved(ticket, note):
                if transfer := self._transfers.get(ticket):
                    transfer.note = note
            case FileEnded():
                self._end(event)
            case _:
                pass

    def _share(
        self, ticket: int, conversation: int, number: int, sent_at: int, note: FileNote | None
    ) -> None:
        transfer = self._transfers.get(ticket)
        if transfer is None:
            return
        transfer.note = note or transfer.note
        transfer.fields = {
            "conversation": self._inbox.label(conversation),
            "number": number,
            "time": iso_time(sent_at),
        }
        if not self._inbox.realm(conversation):  # else more will be told
            command = transfer.command
            transfer.answer = file_sent(command, transfer.note, self._say, transfer.fields)
            self._settle(ticket, transfer)
        else:
            self._forward(ticket, conversation)

    def _forward(self, ticket: int, conversation: int) -> None:
        transfer = self._transfers.get(ticket)
        if transfer is not None and transfer.is_waiting:
            self._deliver(ticket, conversation, None)

    def _deliver(self, ticket: int, conversation: int, code: Code | None) -> None:
        transfer = self._transfers.get(ticket)
        if transfer is None or transfer.answer is not None:
            return
        if code not in (Code.OK, None):
            transfer.answer = failure_there(transfer.command, code, self._say)
            self._settle(ticket, transfer)
            return
        label: dict[str, JsonValue] = {"conversation": self._inbox.label(conversation)}
        realm = self._inbox.realm(conversation) if code is None else ""
        fields = label | transfer.fields | {"state": "waiting" if code is None else "delivered"}
        transfer.answer = file_sent(transfer.command, transfer.note, self._say, fields, realm)
        self._settle(ticket, transfer)

    def _refuse(self, ticket: int, code: Code) -> None:
        if transfer := self._transfers.get(ticket):
            transfer.answer = file_failure(transfer.command, code, self._say)
            self._settle(ticket, transfer)

    def _end(self, event: FileEnded) -> None:
        transfer = self._transfers.get(event.ticket)
        if transfer is None:
            return
        transfer.has_ended, transfer.note = True, event.note
        if event.trouble is not None:
            answer = file_failure(
                transfer.command, event.trouble, self._say, event.limit, event.free
            )
            transfer.answer = transfer.answer or answer
        elif event.path is not None:
            fields: dict[str, JsonValue] = {
                "conversation": self._inbox.label(transfer.conversation),
                "number": transfer.number,
            }
            transfer.answer = file_saved(event.note, event.path, self._say, fields)
        self._settle(event.ticket, transfer)

    def _settle(self, ticket: int, transfer: _Transfer) -> None:
        if transfer.has_ended and transfer.answer is not None:
            del self._transfers[ticket]
            transfer.on_answer(transfer.answer)
