"""Files that entries of other realms speak of: fetched from there, a few at a time, until here.

Band: cores. They are pulled and verified as what a member offers is; what has no room is tried
again. A restart goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from conversation import FileNote
from protocol import Code
from records import AwaitedFile, Store
from server_realm_peer import RealmPeer
from server_turn import Turn
from server_uploads import Uploads
from settings import Limits

LOOK_INTERVAL = 0.5  # s between looks at what is being fetched
TRY_AGAIN = 600.0  # s after something had no room, or was not there


@dataclass(slots=True)
class _Fetching:
    """From one realm."""

    link: RealmPeer
    active: dict[bytes, AwaitedFile] = field(default_factory=dict)
    later: dict[bytes, float] = field(default_factory=dict)  # when to try again
    due: float = 0.0


class RealmFiles:
    """Fetches what ``store.awaited_files`` says, over the links that stand."""

    def __init__(
        self,
        store: Store,
        uploads: Uploads,
        turn: Turn,
        limits: Limits,
        *,
        is_here: Callable[[bytes], bool],
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._turn = turn
        self._limits = limits
        self._is_here = is_here
        self._fetching: dict[int, _Fetching] = {}  # by realm

    def opened(self, link: RealmPeer) -> None:
        """Files can be had from there."""
        self._fetching[link.realm] = _Fetching(link)

    def lost(self, link: RealmPeer) -> None:
        """No more."""
        fetching = self._fetching.get(link.realm)
        if fetching is not None and fetching.link is link:
            del self._fetching[link.realm]

    def look(self, realm: int, now: float) -> None:
        """Something of that realm was written: perhaps another file is awaited."""
        fetching = self._fetching.get(realm)
        if fetching is not None and len(fetching.active) < self._limits.uploads:
            fetching.due = now

    def next_timer(self) -> float | None:
        return min((fetching.due for fetching in self._fetching.values()), default=None)

    def handle_timer(self, now: float) -> None:
        """Looks what has come, and begins what may begin."""
        for fetching in list(self._fetching.values()):
            if fetching.due <= now:
                self._go_on(fetching, now)

    def _go_on(self, fetching: _Fetching, now: float) -> None:
        for awaited in list(fetching.active.values()):
            self._ask(fetching, awaited, now)
        realm = fetching.link.realm
        for awaited in self._store.awaited_files(realm):
            if len(fetching.active) >= self._limits.uploads:
                break
            is_later = now < fetching.later.get(awaited.file, now)
            if awaited.file not in fetching.active and not is_later:
                self._begin(fetching, awaited, now)
        fetching.due = now + (LOOK_INTERVAL if fetching.active else TRY_AGAIN)

    def _begin(self, fetching: _Fetching, awaited: AwaitedFile, now: float) -> None:
        record, realm = self._store.file(awaited.file), fetching.link.realm
        if record is not None and (record.is_removed or self._is_here(awaited.file)):
            self._forget(awaited, 0, now)  # somebody here brought it, or nobody may have it
        elif self._store.realm_bytes(realm) + awaited.size > self._limits.realm_bytes:
            fetching.later[awaited.file] = now + TRY_AGAIN
        else:
            fetching.active[awaited.file] = awaited
            self._ask(fetching, awaited, now)

    def _ask(self, fetching: _Fetching, awaited: AwaitedFile, now: float) -> None:
        """As if the realm offered it, again and again until it is here."""
        link = fetching.link
        note = FileNote(awaited.file, awaited.size, awaited.name)
        code, fields = self._uploads.offer(link.peer, link.realm, note)
        if code is not Code.OK:
            del fetching.active[awaited.file]
            fetching.later[awaited.file] = now + TRY_AGAIN
        elif fields.get("have") is True:
            del fetching.active[awaited.file]
            self._forget(awaited, awaited.size, now)

    def _forget(self, awaited: AwaitedFile, size: int, now: float) -> None:
        def write() -> None:
            self._store.drop_awaited_file(awaited.file)
            self._store.add_realm_bytes(awaited.realm, size)

        self._turn.attempt(write, now)
