"""What the operator may do, and what the operator sees: kick, ban, mute, the table, the log.

Band: cores. Writes through the people and members it is given; ends sessions through the core.
"""

from collections.abc import Callable

from conversation import Presence
from protocol import CloseCode, Code
from records import BanKind
from server_events import (
    BanPerson,
    BansChanged,
    Event,
    Happened,
    HappeningKind,
    Kick,
    Mute,
    PersonRow,
    StatusReported,
    Unban,
    Unmute,
)
from server_members import Members
from server_peer import Member

OperatorCommand = Kick | BanPerson | Unban | Mute | Unmute


class Operator:
    """Executes commands about people. ``expel(member, code, kind, now)`` ends somebody's stay."""

    def __init__(
        self,
        members: Members,
        *,
        report: Callable[[Event], None],
        expel: Callable[[Member, CloseCode, HappeningKind, float], None],
    ) -> None:
        self._members = members
        self._people = members.people
        self._report = report
        self._expel = expel

    def execute(self, command: OperatorCommand, now: float, at: int) -> Code:
        """OK, or NO_SESSION when nobody has that name. Who must go goes through ``expel``."""
        match command:
            case Kick():
                done = self._kick(command.name, now)
            case BanPerson():
                done = self._ban(command, now, at)
            case Mute():
                done = self._mute(command, at)
            case Unban():
                done = self._undo(BanKind.ENTER, command.name, HappeningKind.UNBANNED, at)
            case _:
                done = self._undo(BanKind.SPEAK, command.name, HappeningKind.UNMUTED, at)
        return Code.OK if done else Code.NO_SESSION

    def undo(self) -> None:
        """What a command wrote was not kept."""
        self._people.reload_bans()
        self.report_bans()

    def _present(self, name: str) -> Member | None:
        person = self._people.find(name)
        return self._members.get(person) if person is not None else None

    def _kick(self, name: str, now: float) -> bool:
        member = self._present(name)
        if member is not None:
            self._expel(member, CloseCode.KICKED, HappeningKind.KICKED, now)
        return member is not None

    def _ban(self, command: BanPerson, now: float, at: int) -> bool:
        person = self._people.find(command.name)
        if person is None:
            return False
        member = self._members.get(person)
        address = member.address if member is not None else None
        host = address[0] if command.with_address and address is not None else ""
        self._people.add_ban(BanKind.ENTER, person, host, command.minutes, at)
        if member is not None:
            self._expel(member, CloseCode.BANNED, HappeningKind.BANNED, now)
        self.report_bans()
        return True

    def _mute(self, command: Mute, at: int) -> bool:
        member = self._present(command.name)
        if member is None:
            return False
        self._people.add_ban(BanKind.SPEAK, member.person, "", command.minutes, at)
        self._report(Happened(HappeningKind.MUTED, at, member.name, member.address))
        self.report_bans()
        return True

    def _undo(self, kind: BanKind, name: str, happening: HappeningKind, at: int) -> bool:
        dropped = self._people.drop_bans(kind, name)
        for ban in dropped:
            self._report(Happened(happening, at, ban.name))
        self.report_bans()
        return bool(dropped)

    def end_bans(self, at: int) -> None:
        """Those whose end has come."""
        if self._people.drop_ended(at):
            self.report_bans()

    def report_bans(self) -> None:
        """After any change, and when the server starts."""
        self._report(BansChanged(self._people.bans()))

    def report_status(self, posted: int, at: int) -> None:
        """The table of people as it is now."""
        rows = tuple(self._row(member, at) for member in self._members.all())
        self._report(StatusReported(rows, posted, at))

    def _row(self, member: Member, at: int) -> PersonRow:
        session = member.peer.session if member.peer is not None else None
        return PersonRow(
            person=member.person,
            name=member.name,
            address=session.address if session is not None else None,
            presence=Presence.AWAY if member.is_away else Presence.HERE,
            round_trip=session.round_trip.smoothed if session is not None else None,
            loss=session.receive_loss if session is not None else 0.0,
            since=member.since,
            is_muted=self._people.ban_on(BanKind.SPEAK, member.person, member.name, "", at)
            is not None,
        )
