"""What waited for realms that were away, until they have it: so that the operator is told once.

Band: cores. Looks on; what goes out over a link is decided elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from records import Store

PATIENCE = 3.0  # s after which the operator hears that the link stands, whatever still waits


@dataclass(slots=True)
class _Backlog:
    """Of a realm whose link came back."""

    logs: list[tuple[int, int, int]]  # number, newest entry at that time, how many it lacked
    until: float | None  # when to say that it is linked; None: that was said
    count: int = 0  # entries that it has got


class Backlogs:
    """``tell(realm, count)``: it is linked, and has got so many entries that waited for it."""

    def __init__(self, store: Store, tell: Callable[[int, int], None]) -> None:
        self._store = store
        self._tell = tell
        self._backlogs: dict[int, _Backlog] = {}  # by realm
        self._stirred: set[int] = set()  # realms of which something is new

    def opened(self, realm: int, now: float) -> None:
        """Its link stands."""
        waiting = self._store.waiting_logs(realm)
        if waiting:
            self._backlogs[realm] = _Backlog(waiting, now + PATIENCE)
        else:
            self._backlogs.pop(realm, None)
            self._tell(realm, 0)

    def lost(self, realm: int) -> None:
        """It stands no more."""
        backlog = self._backlogs.pop(realm, None)
        if backlog is not None and backlog.until is not None:
            self._tell(realm, 0)

    def stir(self, realm: int) -> None:
        """It says how far it has our logs, or what it does not take: worth a look."""
        if realm in self._backlogs:
            self._stirred.add(realm)

    def note_said(self, conversation: int) -> None:
        """In a log of ours; perhaps that the last one of a realm left it."""
        for realm, backlog in self._backlogs.items():
            if backlog.logs[-1][0] == conversation:
                self._stirred.add(realm)

    def look(self) -> None:
        """After a commit: some may have got all of it. What one declined does not wait any more."""
        stirred, self._stirred = self._stirred, set()
        for realm in stirred & self._backlogs.keys():
            backlog = self._backlogs[realm]
            self._look(realm, backlog)
            if not backlog.logs:
                del self._backlogs[realm]
                if backlog.count or backlog.until is not None:
                    self._tell(realm, backlog.count)

    def _look(self, realm: int, backlog: _Backlog) -> None:
        while backlog.logs:
            log, head, count = backlog.logs[-1]
            if self._store.realm_has(realm, log) >= head:
                refused = self._store.count_refused(realm, log, head - count, head)
                backlog.count += count - refused
            elif self._store.has_shared(realm, log):
                return
            backlog.logs.pop()

    def next_timer(self) -> float | None:
        dues = [one.until for one in self._backlogs.values() if one.until is not None]
        return min(dues, default=None)

    def handle_timer(self, now: float) -> None:
        """It takes long: that they are linked is told meanwhile."""
        for realm, backlog in self._backlogs.items():
            if backlog.until is not None and backlog.until <= now:
                backlog.until = None
                self._tell(realm, 0)
