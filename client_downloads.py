"""A file on its way here: pulled, written block by block, checked, then saved under its name.

Band: cores. What comes lies on the shelf of downloads: whatever ends this, it need not come again.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from pathlib import Path

from client_file_events import FetchFile, FileState, FileTrouble
from client_file_moves import Calls, Disk, Move
from client_questions import shared_in
from protocol import BLOCK, Code, PeerError, Verb
from protocol_frames import Chunk
from protocol_guards import RoundTrip
from protocol_requests import Answer, Fields, list_field
from realms import split_realm
from records import StoreFullError
from transfer import Puller
from transfer_blocks import Bitmap, block_count

SAVE_SHARE = 50  # times on its way, what is here is written down: so much may come twice
SAVE_INTERVAL = 5.0  # s, and at least so often
MOST_ATTEMPTS = 2
COMING_INTERVAL = 2.0  # s between questions for a file that is on its way from another realm


class _Step(Enum):
    PULLING = auto()
    CHECKING = auto()
    SAVING = auto()


class Download(Move):
    """What FetchFile asked for."""

    def __init__(self, command: FetchFile, disk: Disk, calls: Calls) -> None:
        super().__init__(command.ticket, command.note, calls, is_upload=False)
        self._folder = command.folder
        self._entry = command.conversation, command.number
        self._asked = 0  # whether it is on its way to our server
        self.again_at: float | None = None  # it is
        self._disk = disk
        self._puller: Puller | None = None  # once it has had a place
        self._step = _Step.PULLING
        self._attempts = 0
        self._kept = 0  # blocks of which a restart knows
        self._kept_at = 0.0
        self._is_keeping = False

    @property
    def can_stop(self) -> bool:
        """Whether it may be paused and dropped."""
        return self._step is _Step.PULLING and not self.is_over

    @property
    def has_asked(self) -> bool:
        """Whether some of it may be on its way."""
        return self._puller is not None

    def go_on(self) -> None:
        """It has a place. Raises one of TROUBLES."""
        if self._puller is None:
            self._begin()
        else:
            self._puller.resume()

    def rest(self) -> None:
        """Its place is given up."""
        assert self._puller is not None  # whatever can stop and has had a place has one
        self._puller.pause()
        self.keep()

    def interrupt(self) -> None:
        """The session is gone: all is asked for anew."""
        self._asked, self.again_at = 0, None
        if self._puller is not None and not self._puller.is_paused:
            self._puller.resume()

    def state(self, *, is_here: bool) -> tuple[FileState, int, float]:
        """With the bytes that are here, and the speed."""
        if self._step is not _Step.PULLING:
            return FileState.CHECKING, self.note.size, 0.0
        puller = self._puller
        done = min(self.note.size, puller.bitmap.count * BLOCK) if puller is not None else 0
        if self.is_paused:
            return FileState.PAUSED, done, 0.0
        if puller is None or not self.has_place or not is_here or self.realm:
            return FileState.WAITING, done, 0.0
        return FileState.MOVING, done, puller.speed

    def _begin(self) -> None:
        shelf, file, size = self._disk.shelf(), self.note.file, self.note.size
        if shelf.has(file):  # and was not saved: the client was killed
            self._save()
            return
        bitmap = Bitmap(block_count(size), shelf.begin(file, size))
        if shelf.free() < size - bitmap.count * BLOCK:
            raise StoreFullError("no space for a file")
        self._kept = bitmap.count
        self._puller = Puller(file, size, bitmap)
        if bitmap.is_full:
            self._check()

    # --- pulling ---

    def next_timer(self) -> float | None:
        """When something is asked for."""
        if self.again_at is not None:
            return self.again_at
        return self._puller.next_timer() if self._puller is not None else None

    def frames_due(self, now: float, round_trip: RoundTrip) -> tuple[list[bytes], bool]:
        """And whether they want an answer."""
        puller = self._puller
        if puller is None:
            return [], False
        frames = puller.frames_due(now, round_trip)
        return frames, bool(frames) and self.has_place and not puller.is_complete

    def receive(self, chunk: Chunk, now: float) -> None:
        """Some of it. Raises one of TROUBLES."""
        puller, shelf = self._puller, self._disk.shelf()
        if puller is None:
            return
        try:
            pieces = puller.receive(chunk, now)
        except PeerError:  # then it has another size than we were told
            shelf.drop(self.note.file)
            self.end(FileTrouble.DAMAGED)
            return
        self.realm = ""
        for first, data in pieces:
            shelf.write(self.note.file, first, data)
        if pieces and puller.is_complete:
            self._check()
        elif pieces and not self._is_keeping and self._is_keeping_due(puller, now):
            self._kept_at = now
            self.keep()

    def refuse(self, now: float) -> None:
        """The server has nothing of it for us: perhaps it is on its way there."""
        conversation, number = self._entry
        if not self.can_stop or self._asked or self.again_at is not None:
            return
        if not conversation:
            self.end(Code.FILE_MISSING)
            return
        fields: Fields = {"conversation": conversation, "before": number + 1}
        self._asked = self._calls.ask(Verb.FILES, fields, now)

    def receive_listed(self, answer: Answer, now: float) -> bool:
        """To FILES; False: somebody else asked. Raises PeerError."""
        if not self._asked or answer.request != self._asked:
            return False
        self._asked = 0
        conversation, number = self._entry
        rows = list_field(answer.fields, "files")[:1] if answer.code is Code.OK else []
        shared = [shared_in(conversation, row) for row in rows]
        if not self.can_stop:
            return True
        if shared and shared[0].is_coming and shared[0].number == number:
            self.realm = split_realm(shared[0].sender)[1]
            self.again_at = now + COMING_INTERVAL
        else:
            self.end(Code.FILE_MISSING)
        return True

    def look_again(self, now: float) -> None:
        """By now it may have come."""
        if self.again_at is not None and self.again_at <= now:
            self.again_at = None

    def _is_keeping_due(self, puller: Puller, now: float) -> bool:
        news = puller.bitmap.count - self._kept
        return SAVE_SHARE * news >= puller.bitmap.blocks or now >= self._kept_at + SAVE_INTERVAL

    def keep(self) -> None:
        """A restart, too, will know what is here now."""
        puller = self._puller
        if puller is not None and self.can_stop and puller.bitmap.count > self._kept:
            self._is_keeping = True
            kept = partial(self._take_kept, puller.bitmap.count)
            save = self._disk.shelf().save(self.note.file, puller.bitmap.encode())
            self.run(save, kept)

    def _take_kept(self, count: int, _: object) -> None:
        self._kept, self._is_keeping = count, False

    # --- all is here ---

    def _check(self) -> None:
        self._step = _Step.CHECKING
        self._go_on_checking(self._disk.shelf().verify(self.note.file))

    def _go_on_checking(self, verification: Callable[[], bool | None]) -> None:
        self.run(verification, partial(self._take_verdict, verification))

    def _take_verdict(self, verification: Callable[[], bool | None], verdict: object) -> None:
        if verdict is None:
            self._go_on_checking(verification)
        elif verdict:
            self._save()
        else:
            self._attempts += 1
            if self._attempts == MOST_ATTEMPTS:
                self.end(FileTrouble.DAMAGED)
            else:
                self._step = _Step.PULLING
                self._begin()

    def _save(self) -> None:
        self._step = _Step.SAVING
        self.run(self._disk.saving(self.note, self._folder), self._take_path)

    def _take_path(self, path: object) -> None:
        assert isinstance(path, Path)
        self._disk.shelf().drop(self.note.file)
        self.end(path=path)
