"""Room for files on the server: what is kept of them, what is on its way, what goes for others.

Band: cores. Knows neither sessions nor offers: a part is somebody's, and active or not.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from protocol import BLOCK, MAX_FILE
from records import FileRecord, Shelf, Store, StoreFullError
from server_events import FileSpace
from server_turn import Turn
from settings import Limits
from transfer_blocks import Bitmap, block_count

MAX_IDLE = 256  # parts that wait for somebody to go on with them: memory for their bitmaps
LEAST_TIME = 300.0  # s in which there comes
LEAST_SHARE = 100  # this part of a file
LEAST_BYTES = 1 << 20  # or so much; else it gives way to whoever needs its place
FILE_COST = 4096  # bytes that each takes besides its own: folders, too, have an end
UNSHARED_LIFE = 24 * 3600 * 1000  # ms
SOME = 64  # files in one turn


@dataclass(slots=True, eq=False)
class Part:
    """What somebody has sent of a file."""

    key: bytes  # the file and the person: its name on the shelf
    size: int  # of the file, as they said
    bitmap: Bitmap
    unsaved: int = 0  # bytes
    is_saving: bool = False
    hashed: int = 0  # bytes
    is_hashing: bool = False
    watched: float = 0.0  # s that it was waited for
    counted: int = 0  # blocks that had come by then
    is_slow: bool = False

    @property
    def here(self) -> int:
        """Bytes of it that have been written."""
        return min(self.size, self.bitmap.count * BLOCK)

    @property
    def cost(self) -> int:
        """What it takes of all that files may take."""
        return self.size + FILE_COST

    def watch(self, elapsed: float) -> None:
        """Somebody was waited for, for so long."""
        self.watched += elapsed
        if self.watched >= LEAST_TIME:
            came = (self.bitmap.count - self.counted) * BLOCK
            self.is_slow = came < min(LEAST_BYTES, self.size // LEAST_SHARE)
            self.watched, self.counted = 0.0, self.bitmap.count


class Stock:
    """What files take of the disk, and may."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        turn: Turn,
        limits: Limits,
        *,
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._turn = turn
        self._limits = limits
        self._wall_clock = wall_clock
        self._active: dict[bytes, Part] = {}  # what is coming, or being verified
        self._tidied_to = 0  # UTC ms: what came until then is shared
        self._idle: dict[bytes, Part] = {}  # that nobody goes on with just now, oldest first

    def tidy(self, now: float) -> None:
        """What nobody has shared within a day goes."""
        until = self._wall_clock() - UNSHARED_LIFE
        files = self._store.unshared_files(self._tidied_to, until, SOME)
        if not files:
            self._tidied_to = until
        for file in files:
            if not self._is_coming(file) and self._turn.attempt(
                partial(self._store.forget_file, file), now
            ):
                self._turn.when_kept(partial(self._drop_forgotten, file), is_plain=True)

    def _drop_forgotten(self, file: bytes, _: float) -> None:
        if not self._is_coming(file):
            self._shelf.drop(file)

    def _is_coming(self, file: bytes) -> bool:
        return any(key.startswith(file) for key in (*self._active, *self._idle))

    def restore(self, now: float) -> None:
        """After a start: what was verified and is not known yet, or is known and not here any more;
        parts that wait for the rest.
        """
        at, store = self._wall_clock(), self._store
        whole = self._shelf.whole()
        for known in store.newest_files(store.files_count()):
            if whole.get(known.file) != known.size:
                if known.file in whole:
                    self._shelf.drop(known.file)
                self._turn.attempt(partial(store.forget_file, known.file), now)
                whole.pop(known.file, None)
        for file, size in whole.items():
            record = store.file(file)
            if record is None:  # a cut came between, or the database is a new one
                made = FileRecord(file, size, 0, at)
                self._turn.attempt(partial(store.add_file, made), now)
            elif record.is_removed:
                self._shelf.drop(file)
        for key, size in self._shelf.unfinished().items():
            self.lay_aside(Part(key, size, Bitmap(block_count(size), self._shelf.kept(key))))

    @property
    def space(self) -> FileSpace:
        """What is taken of all that files may take."""
        limits = self._limits
        return FileSpace(
            files=self._store.files_count(),
            used=self._used,
            waiting=sum(part.cost for part in self._idle.values()),
            limit=limits.files_bytes,
            largest=self.largest,
            free=self._shelf.free(),
            reserve=limits.free_bytes,
        )

    @property
    def largest(self) -> int:
        """Bytes that one file may have."""
        return min(self._limits.file_bytes, MAX_FILE)

    @property
    def _used(self) -> int:
        whole = self._store.files_size() + FILE_COST * self._store.files_count()
        return whole + sum(part.cost for part in (*self._active.values(), *self._idle.values()))

    @property
    def active(self) -> list[Part]:
        """What is coming, or being verified."""
        return list(self._active.values())

    # --- parts ---

    def begin(self, key: bytes, size: int, give_up: Callable[[Part], None]) -> Part:
        """Goes on with what is here of it. Raises StoreFullError if there is no room for all.

        ``give_up`` drops an active one that hardly comes on.
        """
        known = self._idle.pop(key, None)
        here = known.here if known is not None and known.size == size else 0
        has_room = self._has_room(size, size - here, give_up)
        if known is not None:
            self.lay_aside(known)
        if not has_room:
            raise StoreFullError("no room for a file")
        saved = self._shelf.begin(key, size)
        part = self._idle.pop(key, None)
        if part is None or part.size != size:
            part = Part(key, size, Bitmap(block_count(size), saved))
        self._active[key] = part
        return part

    def lay_aside(self, part: Part) -> None:
        """It waits for its person to go on, unless others need the room."""
        self._active.pop(part.key, None)
        self._idle[part.key] = part
        if len(self._idle) > MAX_IDLE:
            self._forget_part(next(iter(self._idle.values())))

    def end(self, part: Part) -> None:
        """There is none any more: it has been verified, whatever came of that."""
        if self._active.get(part.key) is part:
            del self._active[part.key]

    def drop(self, part: Part) -> None:
        """An active one makes room for other things."""
        self._shelf.drop_part(part.key)
        self.end(part)

    def drop_idle(self, key: bytes) -> None:
        """Nobody will go on with it, if it is idle at all."""
        if key in self._idle:
            self._forget_part(self._idle[key])

    def trim_idle(self, owner: bytes, most: int) -> None:
        """Of the idle parts whose keys end so, the oldest go until the others take no more."""
        theirs = [part for key, part in self._idle.items() if key.endswith(owner)]
        excess = sum(part.size for part in theirs) - most
        for part in theirs:
            if excess <= 0:
                break
            excess -= part.size
            self._forget_part(part)

    def remove(self, file: bytes) -> None:
        """Of this file nothing is coming, and nothing of it stays on the shelf."""
        for key in [key for key in self._idle if key.startswith(file)]:
            del self._idle[key]
        self._shelf.drop(file)

    # --- room ---

    def keeps_reserve(self) -> bool:
        """Whether so much is left on the disk as must be, however others fill it."""
        lacking = self._limits.free_bytes - self._shelf.free()
        return self._make_room(0, lacking, self._idle.values(), self._forget_part)

    def _has_room(self, size: int, to_come: int, give_up: Callable[[Part], None]) -> bool:
        """Whether so large a file may come, of which so much is still to be written."""
        to_come += sum(part.size - part.here for part in self._active.values())
        slow = [part for part in self.active if part.is_slow and not part.bitmap.is_full]

        def let_go(part: Part) -> None:
            (self._forget_part if part.key in self._idle else give_up)(part)

        return self._make_room(
            self._used + size + FILE_COST - self._limits.files_bytes,
            to_come + self._limits.free_bytes - self._shelf.free(),
            (*self._idle.values(), *slow),
            let_go,
        )

    def _make_room(
        self, space: int, disk: int, parts: Iterable[Part], let_go: Callable[[Part], None]
    ) -> bool:
        """Whether so many bytes lack no more; these parts make room, and none of them in vain."""
        gone: list[Part] = []
        for part in parts:
            if space <= 0 and disk <= 0:
                break
            gone.append(part)
            space -= part.cost
            disk -= part.here if part.key in self._idle else part.size  # and nothing is to come
        is_enough = space <= 0 and disk <= 0
        for part in gone if is_enough else ():
            let_go(part)
        return is_enough

    def _forget_part(self, part: Part) -> None:
        del self._idle[part.key]
        self._shelf.drop_part(part.key)
