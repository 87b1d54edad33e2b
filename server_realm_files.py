"""Files that entries of other realms speak of: fetched from there, a few at a time, until here.

Band: cores. They are pulled and verified as what a member offers is, also if they are here already:
until its realm has brought all of it, an entry gives its file to nobody. What has no room is tried
again; what is too large for here, or removed there, is not. A restart goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from conversation import FileNote
from protocol import Code
from protocol_frames import Want
from records import AwaitedFile, Store
from server_events import HappeningKind
from server_realm_peer import RealmPeer
from server_turn import Turn
from server_uploads import Uploads
from settings import Limits

LOOK_INTERVAL = 0.5  # s between looks at what is being fetched
FIRST_AGAIN = 2.0  # s before what did not come is tried again, doubling
TRY_AGAIN = 600.0  # s at most; also after something had no room
MOST_LOOKED = 64  # files in one look
MOST_TRIED = 1_000  # of which it is known how often they were tried
MOST_TOLD = 100  # files of one realm that the operator hears of: a flood would fill the log

_FINAL = {
    Code.FILE_TOO_LARGE: HappeningKind.REALM_FILE_TOO_LARGE,
    Code.FILE_REMOVED: HappeningKind.REALM_FILE_REMOVED,
}


@dataclass(slots=True)
class _Try:
    """A file that did not come."""

    again: float
    pause: float
    has_room: bool


@dataclass(slots=True)
class _Fetching:
    """From one realm."""

    link: RealmPeer
    active: dict[bytes, AwaitedFile] = field(default_factory=dict)
    tried: dict[bytes, _Try] = field(default_factory=dict)
    removed: set[bytes] = field(default_factory=set)  # of the active ones, as their realm says
    after: int = 0  # the place of the file that was looked at last
    looked_at: float = float("-inf")
    due: float = 0.0


class RealmFiles:
    """Fetches what ``store.awaited_files`` says, over the links that stand. ``report(realm, kind,
    file)``: one does not come, by its name.
    """

    def __init__(
        self,
        store: Store,
        uploads: Uploads,
        turn: Turn,
        limits: Limits,
        *,
        report: Callable[[int, HappeningKind, str], None],
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._turn = turn
        self._limits = limits
        self._report = report
        self._fetching: dict[int, _Fetching] = {}  # by realm
        self._told: dict[int, set[tuple[bytes, HappeningKind]]] = {}  # by realm, since the start

    def opened(self, link: RealmPeer) -> None:
        """Files can be had from there."""
        self._fetching[link.realm] = _Fetching(link)

    def lost(self, link: RealmPeer) -> None:
        """No more."""
        del self._fetching[link.realm]

    def look(self, realm: int, now: float) -> None:
        """Something of that realm was written: perhaps another file is awaited."""
        fetching = self._fetching.get(realm)
        if fetching is not None and len(fetching.active) < self._limits.uploads:
            fetching.due = min(fetching.due, max(now, fetching.looked_at + LOOK_INTERVAL))

    def receive_want(self, realm: int, want: Want) -> None:
        """They may say that the operator there has removed one. Of another that they have they may
        say so too: then their own entry lacks it, and nobody else's.
        """
        fetching = self._fetching.get(realm)
        is_removed = not (want.ranges or want.rate) and want.place == Code.FILE_REMOVED
        if fetching is not None and is_removed and want.file in fetching.active:
            fetching.removed.add(want.file)

    def lacks_room(self, file: bytes) -> bool:
        """Whether it does not come for want of room."""
        return any(
            file not in fetching.active
            and file in fetching.tried
            and not fetching.tried[file].has_room
            for fetching in self._fetching.values()
        )

    def next_timer(self) -> float | None:
        return min((fetching.due for fetching in self._fetching.values()), default=None)

    def handle_timer(self, now: float) -> None:
        """Looks what has come, and begins what may begin."""
        for fetching in list(self._fetching.values()):
            if fetching.due <= now:
                self._go_on(fetching, now)

    def _go_on(self, fetching: _Fetching, now: float) -> None:
        fetching.looked_at, begun_at = now, fetching.after
        for awaited in list(fetching.active.values()):
            self._ask(fetching, awaited, now)
        found = self._store.awaited_files(fetching.link.realm, fetching.after, MOST_LOOKED)
        looked: set[bytes] = set()  # a file may be awaited in several conversations
        for awaited in found:
            if len(fetching.active) >= self._limits.uploads:
                break
            fetching.after = awaited.place
            tried = fetching.tried.get(awaited.file)
            is_later = tried is not None and now < tried.again
            is_new = awaited.file not in looked and awaited.file not in fetching.active
            looked.add(awaited.file)
            if is_new and not is_later:
                self._begin(fetching, awaited, now)
        else:
            if len(found) < MOST_LOOKED:
                self._begin_anew(fetching, now)
        left = self._limits.realm_bytes - self._taken(fetching)
        self._uploads.trim(fetching.link.realm, left)  # what waits there is left here by it, too
        fetching.due = now + LOOK_INTERVAL
        if not (fetching.active or fetching.after or begun_at):
            again = (tried.again for tried in fetching.tried.values())
            fetching.due = min(again, default=now + TRY_AGAIN)

    def _begin_anew(self, fetching: _Fetching, now: float) -> None:
        """All were looked at: the next one is the first, and who is gone is forgotten."""
        fetching.after = 0
        for file, tried in list(fetching.tried.items()):
            if tried.again <= now and file not in fetching.active:
                del fetching.tried[file]

    def _begin(self, fetching: _Fetching, awaited: AwaitedFile, now: float) -> None:
        record = self._store.file(awaited.file)
        if record is not None and record.is_removed:
            self._drop(awaited, now)  # nobody may have it
            return
        if self._taken(fetching) + awaited.size > self._limits.realm_bytes:
            self._put_off(fetching, awaited, now, TRY_AGAIN)
        else:
            self._ask(fetching, awaited, now)

    def _taken(self, fetching: _Fetching) -> int:
        """Bytes that the realm has left here or is bringing."""
        coming = sum(awaited.size for awaited in fetching.active.values())
        return self._store.realm_bytes(fetching.link.realm) + coming

    def _ask(self, fetching: _Fetching, awaited: AwaitedFile, now: float) -> None:
        """As if the realm offered it, until it is here or the realm does not supply it."""
        peer, file = fetching.link.peer, awaited.file
        was_active = fetching.active.pop(file, None) is not None
        if file in fetching.removed:
            fetching.removed.remove(file)
            self._uploads.drop(peer, awaited.realm, file)
            self._end(fetching, awaited, Code.FILE_REMOVED, now)
            return
        is_standing = self._uploads.is_offered(peer, file)
        code, fields = self._uploads.offer(peer, awaited.realm, awaited.note)
        if fields.get("have") is True:
            fetching.tried.pop(file, None)
            self._give(awaited, now)
        elif code is Code.OK and (is_standing or not was_active):
            fetching.active[file] = awaited
        elif code is Code.FILE_TOO_LARGE:
            self._end(fetching, awaited, code, now)
        else:
            self._uploads.withdraw(peer, file)
            self._put_off(fetching, awaited, now, FIRST_AGAIN, code)

    def _put_off(
        self,
        fetching: _Fetching,
        awaited: AwaitedFile,
        now: float,
        pause: float,
        code: Code = Code.NO_SPACE,
    ) -> None:
        has_room = code is not Code.NO_SPACE
        if not has_room:
            self.tell(awaited.realm, awaited.note, HappeningKind.REALM_FILE_WAITS)
        before = fetching.tried.pop(awaited.file, None)
        if before is not None:
            pause = max(pause, min(TRY_AGAIN, 2 * before.pause))
        fetching.tried[awaited.file] = _Try(now + pause, pause, has_room)
        if len(fetching.tried) > MOST_TRIED:
            del fetching.tried[next(iter(fetching.tried))]

    def _give(self, awaited: AwaitedFile, now: float) -> None:
        def write() -> None:
            self._store.give_awaited_file(awaited.file, awaited.realm)
            if self._store.has_brought(awaited.file, awaited.realm):  # else it is of somebody else
                self._store.add_realm_bytes(awaited.realm, awaited.size)

        self._turn.attempt(write, now)

    def _end(self, fetching: _Fetching, awaited: AwaitedFile, code: Code, now: float) -> None:
        """It never comes: who waits for it hears so."""
        fetching.tried.pop(awaited.file, None)
        self._drop(awaited, now)
        self.tell(awaited.realm, awaited.note, _FINAL[code])

    def tell(self, realm: int, note: FileNote, kind: HappeningKind) -> None:
        """The operator, once for each file."""
        told = self._told.setdefault(realm, set())
        if len(told) < MOST_TOLD and (note.file, kind) not in told:
            told.add((note.file, kind))
            self._report(realm, kind, note.name)

    def _drop(self, awaited: AwaitedFile, now: float) -> None:
        self._turn.attempt(lambda: self._store.drop_awaited_file(awaited.file, awaited.realm), now)
