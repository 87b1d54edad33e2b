"""How things stand with the server, as the user is told: not each hiccup, and not too late.

Band: cores. Told what is so, it says what to show.
"""

from collections.abc import Callable

from client_events import Connection, ConnectionChanged

LOST_GRACE = 1.0  # s in which we may be back before the user is told that we were not here


class ConnectionShown:
    """``report`` gets an event when something changed that a user should see."""

    def __init__(self, report: Callable[[ConnectionChanged], None]) -> None:
        self._report = report
        self._shown: Connection | None = None
        self._round_trip: float | None = None  # as shown
        self._gone_since: float | None = None  # not here, and not shown so

    def next_timer(self) -> float | None:
        return self._gone_since + LOST_GRACE if self._gone_since is not None else None

    def rest(self) -> None:
        """Nothing is tried until the user does something: what is shown stays."""
        self._gone_since = None

    def show(
        self,
        *,
        is_here: bool,
        is_open: bool,
        is_silent: bool,
        round_trip: float | None,
        now: float,
    ) -> None:
        """``is_open``: the server answers; ``is_here``: and we are in its room."""
        if is_here and is_open:
            self._gone_since = None
            self._tell(Connection.HERE, round_trip)
            return
        if self._shown is Connection.HERE and not is_silent:
            self._gone_since = now if self._gone_since is None else self._gone_since
            if now < self._gone_since + LOST_GRACE:
                return
        self._gone_since = None
        if self._shown in (Connection.HERE, Connection.LOST):
            self._tell(Connection.LOST, round_trip)
        else:
            self._tell(Connection.ENTERING if is_open else Connection.CONNECTING, round_trip)

    def _tell(self, connection: Connection, round_trip: float | None) -> None:
        if connection is not self._shown or (
            connection is Connection.HERE and _is_noticeable(self._round_trip, round_trip)
        ):
            self._shown, self._round_trip = connection, round_trip
            self._report(ConnectionChanged(connection, round_trip))


def _is_noticeable(before: float | None, now: float | None) -> bool:
    """Whether a round trip changed by more than a quarter and a millisecond."""
    if now is None or before is None:
        return now is not None
    return abs(now - before) > max(0.001, before / 4)
