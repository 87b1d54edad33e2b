"""A file on its way here: pulled, written block by block, checked, then saved under its name.

Band: cores. What comes lies on the shelf of downloads: whatever ends this, it need not come again.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from pathlib import Path

from client_file_events import FetchFile, FileState, FileTrouble, SendFile
from client_file_moves import Calls, Disk, Move
from protocol import BLOCK, Code, PeerError
from protocol_frames import Chunk
from protocol_guards import RoundTrip
from records import StoreError, StoreFullError
from settings_files import UnfinishedFetch
from transfer import Puller
from transfer_blocks import Bitmap, block_count

SAVE_SHARE = 50  # times on its way, the disk hears what is here: a power cut costs so much
SAVE_INTERVAL = 5.0  # s, and at least so often
MOST_ATTEMPTS = 2
FIRST_COMING_INTERVAL = 0.25  # s until a file on its way from another realm is asked for again,
COMING_INTERVAL = 2.0  # s at most; doubling
_WHY_NOT = (Code.FILE_REMOVED, Code.FILE_TOO_LARGE, Code.NO_SPACE)  # else it is just not there


class _Step(Enum):
    PULLING = auto()
    CHECKING = auto()
    SAVING = auto()


class Download(Move):
    """What FetchFile asked for."""

    def __init__(self, command: FetchFile, disk: Disk, calls: Calls) -> None:
        super().__init__(command.ticket, command.note, calls, is_upload=False)
        self._folder = command.folder
        self._from_realm = command.realm
        self._disk = disk
        self._puller: Puller | None = None  # once it has had a place
        self._step = _Step.PULLING
        self._attempts = 0
        self._coming_interval = FIRST_COMING_INTERVAL
        self._kept = 0  # blocks of which a restart knows
        self._kept_at = 0.0
        self._is_keeping = False
        self._hashed = 0  # bytes
        self._is_hashing = False

    @property
    def can_stop(self) -> bool:
        """Whether it may be paused and dropped."""
        return self._step is _Step.PULLING and not self.is_over

    @property
    def unfinished(self) -> UnfinishedFetch | None:
        """How it goes on in another visit; None: it is over."""
        return None if self.is_over else UnfinishedFetch(self.note, self._folder, self.is_paused)

    @property
    def has_asked(self) -> bool:
        """Whether some of it may be on its way."""
        return self._puller is not None

    def is_asked_by(self, command: SendFile | FetchFile) -> bool:
        """Whether this is what somebody wants."""
        match command:
            case FetchFile(_, note, self._folder):
                return note.file == self.note.file and not self.is_over
            case _:
                return False

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

    def release(self) -> None:
        """While this rests, somebody else fetches the same file: it begins anew after that."""
        self._puller = None

    def discard(self) -> None:
        """Nobody wants it any more, nor what came of it."""
        with suppress(StoreError):  # then it goes when it is old
            self._disk.shelf(self.note.file).drop(self.note.file)

    def interrupt(self) -> None:
        """The session is gone: all is asked for anew."""
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
        shelf, file, size = self._disk.shelf(self.note.file), self.note.file, self.note.size
        if shelf.has(file):  # and was not saved: the client was killed
            self._save()
            return
        bitmap = Bitmap(block_count(size), shelf.begin(file, size))
        if shelf.free() < size - bitmap.count * BLOCK:
            if not bitmap.count:
                shelf.drop_part(file)
            raise StoreFullError("no space for a file")
        self._kept, self._is_keeping = bitmap.count, False
        self._hashed, self._is_hashing = 0, False
        self._puller = Puller(file, size, bitmap)
        if bitmap.is_full:
            self._check()

    # --- pulling ---

    def next_timer(self) -> float | None:
        """When something is asked for."""
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
        if puller is None or self._step is not _Step.PULLING:  # once more what is here
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
            return
        if puller.bitmap.is_mark_due:
            shelf.mark(self.note.file, puller.bitmap.mark())
        if pieces and not self._is_keeping and self._is_keeping_due(puller, now):
            self._kept_at = now
            self.keep()
        if not self._is_hashing:
            self._hash_some(puller)

    def fail(self, error: Exception) -> None:
        """One of TROUBLES was met. What came is not left on a disk that is full because of it."""
        if isinstance(error, StoreFullError) and self._puller is not None:
            with suppress(StoreError):
                self._disk.shelf().drop_part(self.note.file)
        super().fail(error)

    def refuse(self, code: int, now: float) -> None:
        """The server has nothing of it for us, or not yet."""
        if not self.can_stop:
            return
        if code == Code.FILE_COMING:
            self.realm, self.not_before = self._from_realm, now + self._coming_interval
            self._coming_interval = min(COMING_INTERVAL, 2 * self._coming_interval)
        else:
            self.end(Code(code) if code in _WHY_NOT else Code.FILE_MISSING)

    def _is_keeping_due(self, puller: Puller, now: float) -> bool:
        news = puller.bitmap.count - self._kept
        return SAVE_SHARE * news >= puller.bitmap.blocks or now >= self._kept_at + SAVE_INTERVAL

    def keep(self) -> None:
        """A restart, too, will know what is here now."""
        puller = self._puller
        if puller is not None and self.can_stop and puller.bitmap.count > self._kept:
            self._is_keeping = True
            kept = partial(self._take_kept, puller, puller.bitmap.count)
            save = self._disk.shelf().save(self.note.file, puller.bitmap.encode())
            self.run(partial(_unless_full, save), kept)

    def _take_kept(self, puller: Puller, count: int, _: object) -> None:
        if self._puller is puller:  # else it began anew meanwhile
            self._kept, self._is_keeping = count, False

    def _hash_some(self, puller: Puller) -> None:
        """While more comes, so that little is left to do when all is here."""
        blocks = puller.bitmap.to_hash(self._hashed)
        if blocks:
            self._is_hashing = True
            ahead = self._disk.shelf().hash_ahead(self.note.file, blocks)
            self.run(ahead, partial(self._take_hashed, puller))

    def _take_hashed(self, puller: Puller, hashed: object) -> None:
        assert isinstance(hashed, int)
        if self._puller is puller:
            self._hashed, self._is_hashing = hashed, False

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


def _unless_full(save: Callable[[], None]) -> None:
    """What is not written down is asked for again after a power cut, and that is all."""
    with suppress(StoreFullError):
        save()
