"""What the server's window shows of other realms: how the links stand, and what may be done.

Band: cores. Knows no widget; times and words as server_model.py has them. Whatever came from a peer
passes ``shown`` before it is drawn.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from protocol import Code
from realms import is_alias
from server_events import (
    AddRealm,
    Crashed,
    CutRealm,
    DropRealm,
    HappeningKind,
    OperatorAnswered,
    RealmRow,
    RealmsListed,
    RealmState,
    RestoreRealm,
    Stopped,
)
from server_form import StartFailed, port_problem
from server_model import ServerModel, format_address, format_count
from settings import WhoMayLink

_TROUBLES = {
    HappeningKind.REALM_KEY_CHANGED: "server.realm_other_key",
    HappeningKind.REALM_PASSWORD: "server.realm_other_password",
    HappeningKind.REALM_REFUSED: "server.realm_refuses",
}


class RealmField(Enum):
    """Beside which field a sentence stands."""

    NAME = auto()
    ADDRESS = auto()
    PORT = auto()
    PASSWORD = auto()


_ANSWERS = {
    Code.REALM_UNREACHABLE: (RealmField.ADDRESS, "server.realm_error.unreachable"),
    Code.WRONG_PASSWORD: (RealmField.PASSWORD, "server.realm_error.password"),
    Code.TOO_MANY_GUESSES: (RealmField.PASSWORD, "server.realm_error.guesses"),
    Code.NOT_ALLOWED: (RealmField.ADDRESS, "server.realm_error.not_allowed"),
    Code.SERVER_FULL: (RealmField.ADDRESS, "server.realm_error.full"),
}
_IMPOSSIBLE = {
    "name": (RealmField.NAME, "server.realm_error.name"),
    "self": (RealmField.ADDRESS, "server.realm_error.self"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Beside a field: ``say(key, **fields)``."""

    field: RealmField
    key: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RealmLine:
    """One line of the list as text."""

    name: str  # addresses commands
    label: str
    figures: str  # round trip and loss, or what waits until it is linked
    about: str  # address, state, who added it
    is_linked: bool
    is_cut: bool
    is_in_trouble: bool  # somebody has to do something

    @property
    def cut(self) -> CutRealm | RestoreRealm:
        """What lets it out or in again."""
        return RestoreRealm(self.name) if self.is_cut else CutRealm(self.name)

    @property
    def drop(self) -> DropRealm:
        """What forgets the link."""
        return DropRealm(self.name)


class RealmsModel:
    """What is known of the links by now; nothing while the server does not run."""

    def __init__(self, model: ServerModel) -> None:
        self._model = model
        self.listed: RealmsListed | None = None

    def apply(self, event: RealmsListed | Stopped | Crashed | StartFailed) -> None:
        """Take one event in."""
        self.listed = event if isinstance(event, RealmsListed) else None

    @property
    def may_add(self) -> bool:
        """Whether the operator can link another one."""
        return self.listed is not None and self.listed.who is not WhoMayLink.OFF

    @property
    def summary(self) -> str:
        """A word or two for the card: how many are linked."""
        if self.listed is None:
            return ""
        say, rows = self._model.say, self.listed.realms
        if self.listed.who is WhoMayLink.OFF:
            return say("server.realms_off")
        linked = sum(row.state is RealmState.LINKED for row in rows)
        if not rows:
            return say("server.realms_add")
        if linked < len(rows):
            count, linked_count = format_count(len(rows)), format_count(linked)
            return say("server.realms_some", linked=linked_count, count=count)
        return say("server.realms_all", count=format_count(linked))

    @property
    def is_open(self) -> bool:
        """Whether people may link others, too."""
        return self.listed is not None and self.listed.who is WhoMayLink.USERS

    @property
    def is_off(self) -> bool:
        """Whether the server was started without links."""
        return self.listed is not None and self.listed.who is WhoMayLink.OFF

    @property
    def empty(self) -> str:
        """What stands in a list without lines; empty if there are any."""
        if self.listed is None:
            return self._model.say("server.files_stopped")
        return self._model.say("server.realms_empty") if not self.listed.realms else ""

    @property
    def lines(self) -> list[RealmLine]:
        """By name."""
        return [self._line(row) for row in self.listed.realms] if self.listed is not None else []

    def _line(self, row: RealmRow) -> RealmLine:
        say, is_linked = self._model.say, row.state is RealmState.LINKED
        waiting = self._waiting(row)
        figures = "" if is_linked else waiting
        if is_linked and row.round_trip is not None:
            trip, loss = self._model.round_trip(row.round_trip), self._model.percent(row.loss)
            figures = say("server.realm_figures", trip=trip, loss=loss)
        address = say("server.realm_calls_us")
        if row.address is not None:
            address = format_address(row.address)
        is_in_trouble = row.state is RealmState.AWAY and row.trouble in _TROUBLES
        parts = [address, self._state(row), waiting if is_linked else ""]
        if row.added_by:
            parts.append(say("server.realm_added_by", name=self._model.shown(row.added_by)))
        return RealmLine(
            row.name,
            self._model.shown(row.name),
            figures,
            " · ".join(part for part in parts if part),
            is_linked,
            row.state is RealmState.CUT,
            is_in_trouble,
        )

    def _state(self, row: RealmRow) -> str:
        say, time = self._model.say, self._model.moment(row.since)
        if row.state is RealmState.CUT:
            return say("server.realm_is_cut")
        if row.state is RealmState.LINKED:
            return say("server.realm_since", time=time)
        if row.trouble in _TROUBLES:
            return say(_TROUBLES[row.trouble])
        if row.round_trip is not None:  # there is a link, but no answer over it
            return say("server.realm_silent")
        return say("server.realm_away_since", time=time)

    def _waiting(self, row: RealmRow) -> str:
        if not row.waiting:
            return ""
        if row.waiting == 1:
            return self._model.say("server.realm_one_waits")
        return self._model.say("server.realm_waiting", count=format_count(row.waiting))


def read_realm(name: str, host: str, port: str, password: str) -> AddRealm | list[Problem]:
    """What was typed, as a command or as all that is wrong with it."""
    name, host, port = name.strip(), host.strip(), port.strip()
    problems = []
    if name and not is_alias(name):
        problems.append(Problem(RealmField.NAME, "server.realm_error.name", {}))
    if not _is_host(host):
        problems.append(Problem(RealmField.ADDRESS, "server.realm_error.address", {}))
    if key := port_problem(port):
        problems.append(Problem(RealmField.PORT, key, {}))
    return problems or AddRealm(name, host, int(port), password)


def why_not_added(answered: OperatorAnswered) -> Problem:
    """What an answer to AddRealm that is not OK has to do with what was typed."""
    code, about = answered.code, answered.about
    if code is Code.REALM_EXISTS:
        assert isinstance(answered.command, AddRealm)
        is_name = about.casefold() == answered.command.name.casefold()
        field = RealmField.NAME if is_name else RealmField.ADDRESS
        key = "server.realm_error.name_taken" if is_name else "server.realm_error.exists"
        return Problem(field, key, {"name": about})
    if code is Code.WRONG_PASSWORD and not getattr(answered.command, "password", ""):
        return Problem(RealmField.PASSWORD, "server.realm_error.password_needed", {})
    otherwise = RealmField.ADDRESS, "server.realm_error.address"
    if code is Code.DISK_FULL:
        otherwise = RealmField.ADDRESS, "server.log.disk_full"
    known = _IMPOSSIBLE.get(about) if code is Code.BAD_REQUEST else _ANSWERS.get(code)
    field, key = known or otherwise
    return Problem(field, key, {})


def _is_host(host: str) -> bool:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not ip.is_unspecified and not ip.is_multicast
