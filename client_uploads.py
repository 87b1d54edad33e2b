"""A file of ours on its way to the server: hashed, offered, supplied, shared once it is there.

Band: cores. Which blocks go when is for the session's ``Supplier``; this says what is in them.
Source: docs/protocol.md.
"""

from enum import Enum, auto

from client_file_events import FetchFile, FileState, SendFile
from client_file_moves import Calls, Move, Source, Speed
from conversation import FileNote
from protocol import BLOCK, Code, Verb
from protocol_frames import pack_chunks
from protocol_requests import Answer, Fields
from settings_files import UnfinishedSend
from transfer import Run

OFFER_AGAIN = 1.0  # s without a word about it


class _Step(Enum):
    HASHING = auto()
    OFFERED = auto()  # the server takes what it lacks
    POSTED = auto()  # it has all, and the entry is on its way


class Upload(Move):
    """What SendFile asked for. ``source`` is closed with it."""

    def __init__(self, command: SendFile, source: Source, calls: Calls) -> None:
        note = FileNote(b"", source.size, command.path.name)  # its hash is not known yet
        super().__init__(command.ticket, note, calls, is_upload=True)
        self.conversation = command.conversation
        self.is_asked = False  # the server may be asking for it
        self._path = command.path
        self._source = source
        self._step = _Step.HASHING
        self._done = 0
        self._speed = Speed()
        self._question = 0  # the OFFER whose answer is to come
        self._is_hinted = False  # since it was asked the server said that it has all
        self._offer_due = 0.0

    @property
    def is_offered(self) -> bool:
        """Whether the server may have blocks of it now."""
        return self._step is _Step.OFFERED and self.has_place

    @property
    def is_posted(self) -> bool:
        """It is a draft, and goes the way of drafts."""
        return self._step is _Step.POSTED

    @property
    def can_stop(self) -> bool:
        """Whether it may be paused and dropped."""
        return not (self.is_over or self.is_posted)

    @property
    def unfinished(self) -> UnfinishedSend | None:
        """How it goes on in another visit; None: it is a draft by now, and kept as that."""
        if not self.can_stop:
            return None
        source = self._source
        return UnfinishedSend(
            self.conversation, self._path, source.size, source.stamp, self.is_paused
        )

    def is_asked_by(self, command: SendFile | FetchFile) -> bool:
        """Whether this is what somebody wants."""
        match command:
            case SendFile(_, self.conversation, self._path):
                return self.can_stop
            case _:
                return False

    def go_on(self) -> None:
        """It has a place."""
        self._offer_due = 0.0
        if self._step is _Step.HASHING and not self._jobs:
            self.run(self._source.hash_some, self._take_hash)

    def rest(self) -> None:
        """Its place is given up."""
        self._source.close()
        self._speed.rest()

    def interrupt(self) -> None:
        """The session is gone: it is offered anew."""
        self._question, self._is_hinted, self._offer_due = 0, False, 0.0
        self.is_asked = False
        self._speed.rest()

    def state(self, *, is_here: bool) -> tuple[FileState, int, float]:
        """With the bytes that are done, and the speed."""
        if self.is_paused:
            return FileState.PAUSED, self._done, 0.0
        if self._step is _Step.HASHING and self.has_place:
            return FileState.HASHING, self._done, self._speed.value
        if self._step is _Step.POSTED or self._done == self.note.size > 0:
            return FileState.CHECKING, self._done, 0.0
        if self._step is _Step.OFFERED and self.has_place and is_here:
            return FileState.MOVING, self._done, self._speed.value
        return FileState.WAITING, self._done, 0.0

    def _close(self) -> None:
        self._source.close()

    def _take_hash(self, hashed: object) -> None:
        if isinstance(hashed, bytes):
            self.note = self.note._replace(file=hashed)
            self._step, self._done = _Step.OFFERED, 0
            return
        assert isinstance(hashed, int)
        self._done = hashed
        if self.has_place:
            self.go_on()

    # --- offering ---

    def next_timer(self) -> float | None:
        """When it is offered (again)."""
        return self._offer_due if self.is_offered and not self._question else None

    def offer(self, now: float) -> None:
        """If it is time."""
        due = self.next_timer()
        if due is not None and due <= now:
            self._is_hinted = False
            self.is_asked = True
            self._question = self._calls.ask(
                Verb.OFFER,
                {
                    "conversation": self.conversation,
                    "file": self.note.file.hex(),
                    "size": self.note.size,
                    "name": self.note.name,
                },
                now,
            )

    def receive_answer(self, answer: Answer, now: float) -> None:
        """To an OFFER, perhaps to ours."""
        if answer.request != self._question or self.is_over:
            return
        self._question = 0
        self._offer_due = now if self._is_hinted else now + OFFER_AGAIN
        if answer.code is Code.SERVER_FULL:
            return  # of uploads: others have to end first
        if answer.code is not Code.OK:
            self.is_asked = False
            limit, free = (_bytes_in(answer.fields, name) for name in ("limit", "free"))
            self.end(answer.code, limit=limit, free=free)
        elif answer.fields.get("have") is True and self.has_place:
            self.is_asked = False
            self._step, self._done = _Step.POSTED, self.note.size
            self._calls.post(self.ticket, self.conversation, self.note)

    def hear(self, now: float, *, is_complete: bool) -> None:
        """The server asks for blocks, or says that it lacks none."""
        self._is_hinted = is_complete
        self._offer_due = now if is_complete else now + OFFER_AGAIN

    # --- supplying ---

    def chunks(self, run: Run, room: int, now: float) -> list[bytes]:
        """What is to be sent, ready to be sealed. Raises one of TROUBLES."""
        data = self._source.read(run.first, run.blocks)
        self._done = max(self._done, run.first * BLOCK + len(data))
        self._speed.add(len(data), now)
        return pack_chunks(run.file, run.first, data, room)


def _bytes_in(fields: Fields, name: str) -> int:
    """0: nothing is said of it."""
    found = fields.get(name)
    return found if isinstance(found, int) and found > 0 else 0
