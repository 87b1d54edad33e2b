"""Which realms our server is linked with: asked for when we come, and when something changed.

Band: cores. Knows no session: questions go out through whoever owns it, and count for one session.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from client_realm_events import RealmInfo, RealmState, RealmsTold, RealmTrouble
from conversation import MAX_NAME_BYTES
from protocol import Code, JsonValue, PeerError, Verb
from protocol_requests import Answer, Fields, list_field, number_field, text_field

INTERVAL = 1.0  # s between questions, however often realms come and go
_TROUBLES = {trouble.value: trouble for trouble in RealmTrouble}
_STATES = {state.value: state for state in RealmState}


class Realms:
    """``ask`` numbers a request; ``report`` gets RealmsTold."""

    def __init__(
        self,
        ask: Callable[[Verb, Fields, float], int],
        report: Callable[[RealmsTold], None],
    ) -> None:
        self._ask = ask
        self._report = report
        self._asked = 0  # the question on its way
        self._asked_at = float("-inf")
        self._has_away = False
        self.names: frozenset[str] = frozenset()  # of all, as they were told last
        self.due: float | None = None  # for the next one, in a session

    def enter(self, now: float) -> None:
        """We are in; what there is to know of our own server comes first."""
        self.due = now + INTERVAL

    def look(self, now: float) -> None:
        """Something changed: it is time to ask, but not again and again."""
        if self.due is None:
            self.due = max(now, self._asked_at + INTERVAL)

    def doubt(self, is_back: bool) -> None:
        """What was said to a realm does not get there, or does again (``is_back``): that may be
        known here before the server gives its link up, and tells."""
        if is_back and not self._has_away:
            return
        if self.due is None:
            self.due = max(0.0, self._asked_at + INTERVAL)

    def interrupt(self) -> None:
        """The session is gone, and with it what was asked in it."""
        self.due, self._asked, self._asked_at = None, 0, float("-inf")

    def serve(self, now: float) -> None:
        """In a session: asks, if it is time."""
        if self.due is not None and self.due <= now:
            self.due, self._asked_at = None, now
            self._asked = self._ask(Verb.REALMS, {}, now)

    def receive_answer(self, answer: Answer) -> bool:
        """To REALMS; False: somebody else asked. Raises PeerError."""
        if not self._asked or answer.request != self._asked:
            return False
        self._asked = 0
        if answer.code is Code.OK:
            realms = realms_in(answer.fields)
            self.names = frozenset(realm.name for realm in realms)
            self._has_away = any(realm.state is RealmState.AWAY for realm in realms)
            self._report(RealmsTold(realms, answer.fields.get("may_add") is True))
        return True


def realms_in(fields: Fields) -> tuple[RealmInfo, ...]:
    """The answer to REALMS. Raises PeerError."""
    return tuple(_realm(row) for row in list_field(fields, "realms"))


def _realm(row: JsonValue) -> RealmInfo:
    match row:
        case [name, str(state), since, waiting, round_trip, address, port, *more] if (
            state in _STATES
        ):
            fields: Fields = {
                "name": name,
                "since": since,
                "waiting": waiting,
                "round_trip": round_trip,
                "address": address,
                "port": port,
            }
            host = text_field(fields, "address")
            milliseconds = number_field(fields, "round_trip")
            called = text_field(fields, "name")
            if len(called.encode()) > MAX_NAME_BYTES:
                raise PeerError("a name that is too long")
            return RealmInfo(
                called,
                _STATES[state],
                number_field(fields, "since"),
                number_field(fields, "waiting"),
                milliseconds / 1000 if milliseconds else None,
                (host, number_field(fields, "port")) if host else None,
                _trouble(more),
            )
        case _:
            raise PeerError("bad row of a realm")


def _trouble(more: list[JsonValue]) -> RealmTrouble | None:
    """Of a server that knows some; what we do not know of yet is none."""
    match more:
        case [str(trouble), *_]:
            return _TROUBLES.get(trouble)
        case _:
            return None
