"""Who is present on the server: coming, falling silent, coming back, leaving.

Band: cores. The mark of presence and the entries joined and left are written in one transaction.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from conversation import EntryKind, Person, Presence
from deadlines import Deadlines
from entering import EnterRequest
from protocol import Address, Code
from records import Store
from server_events import Happened, HappeningKind
from server_peer import Member, Peer
from server_people import Admission, People
from server_presence import Presences
from server_rooms import Rooms
from server_turn import Turn
from settings import Limits

OWED_INTERVAL = 1.0  # s between tries to write that somebody left, while the disk is full


@dataclass(slots=True)
class _Departure:
    """Somebody who went, as long as it is not on disk."""

    name: str
    at: int
    keep_name: bool
    is_written: bool = False  # into the open transaction


class Members:
    """The people marked as present, with or without a session. ``report`` gets the log's lines."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        limits: Limits,
        turn: Turn,
        *,
        random_bytes: Callable[[int], bytes],
        report: Callable[[Happened], None],
    ) -> None:
        self.people = People(store, random_bytes)
        self.presences = Presences(int.from_bytes(random_bytes(8), "big"))
        self._rooms = rooms
        self._limits = limits
        self._turn = turn
        self._report = report
        self._members: dict[int, Member] = {}
        self._silence: Deadlines[int] = Deadlines()  # by person
        self._held: Deadlines[int] = Deadlines()  # names kept for those who are gone
        self._owed: dict[int, _Departure] = {}
        self._owed_due = 0.0

    def __len__(self) -> int:
        return len(self._members)

    def all(self) -> list[Member]:
        """Everybody present, in the order of coming."""
        return list(self._members.values())

    def get(self, person: int) -> Member | None:
        """A present person."""
        return self._members.get(person)

    def restore(self, store: Store, now: float, at: int) -> None:
        """After a restart: those marked present have a while to come back silently."""
        for record in store.present_people():
            member = Member(record.person, record.name, now=now, since=at)
            member.is_away = True
            self._members[record.person] = member
            self.people.hold_name(record.person, record.name)
            self.presences.set(Person(record.person, record.name, Presence.AWAY))
            self._silence.set(record.person, now + self._limits.return_timeout)

    # --- coming ---

    def enter(self, request: EnterRequest, address: Address, now: float, at: int) -> Admission:
        """Decides an ENTER; with OK the name is held and all of it is in the open transaction."""
        if self._owed:
            self.write_owed(now)
        is_full = len(self._members) >= self._limits.entered
        admission = self.people.enter(request, address[0], at, is_full=is_full)
        record = admission.record
        if admission.code is Code.OK and record is not None:
            if not admission.was_present:
                self._rooms.note(EntryKind.JOINED, record.person, record.name, at)
            admission = replace(admission, name_before=self.people.name(record.person))
            self.people.hold_name(record.person, record.name)
        return admission

    def undo(self, admission: Admission) -> None:
        """The transaction of an ENTER was not kept: the names are as before."""
        if admission.record is None:
            return
        if admission.name_before is not None:
            self.people.hold_name(admission.record.person, admission.name_before)
        else:
            self.people.free_name(admission.record.person)

    def settle(self, admission: Admission, peer: Peer, now: float, at: int) -> Peer | None:
        """The ENTER is on disk: the person is present with this session. The session it had."""
        record = admission.record
        if record is None:
            raise LookupError("nobody to settle")
        member = self._members.get(record.person)
        if member is None:
            member = Member(record.person, record.name, now=now, since=at)
            self._members[record.person] = member
        before, member.peer = member.peer, peer
        member.name, member.is_away, member.last_heard = record.name, False, now
        member.address = peer.session.proven_address
        peer.member = member
        self._held.cancel(record.person)
        self._silence.set(record.person, now + self._limits.away_timeout)
        self._tell(member, Presence.HERE)
        kind = HappeningKind.RETURNED if admission.was_present else HappeningKind.JOINED
        self._report(Happened(kind, at, member.name, member.address))
        return before if before is not peer else None

    def heard(self, member: Member, now: float) -> None:
        """Something genuine came from somebody who was away."""
        member.is_away = False
        self._silence.set(member.person, now + self._limits.away_timeout)
        self._tell(member, Presence.HERE)

    # --- going ---

    def depart(
        self, member: Member, kind: HappeningKind, now: float, at: int, *, keep_name: bool
    ) -> None:
        """Unmarks somebody; it is owed to the log until ``write_owed`` is on disk.

        ``keep_name``: held a while for who may come back by token.
        """
        del self._members[member.person]
        self._silence.cancel(member.person)
        self._owed[member.person] = _Departure(member.name, at, keep_name)
        self._owed_due = now
        if keep_name:
            self._held.set(member.person, now + self._limits.gone_timeout)
        self._tell(member, Presence.GONE)
        self._report(Happened(kind, at, member.name, member.address))

    def is_owing(self, now: float) -> bool:
        """Whether ``write_owed`` should be tried."""
        return bool(self._owed) and self._owed_due <= now

    def write_owed(self, now: float) -> None:
        """Into the open transaction: left and the end of the mark, for all who went.

        On a full disk it stays owed and is tried again; until then nobody gets their names.
        """
        self._owed_due = now + OWED_INTERVAL
        self._turn.when_undone(self._put_off)
        self._turn.when_kept(self._forget_owed)
        for person, departure in self._owed.items():
            if departure.is_written:
                continue
            departure.is_written = True
            self._rooms.note(EntryKind.LEFT, person, departure.name, departure.at)
            self.people.leave(person)
            if not departure.keep_name:
                self.people.forget_tokens(person)

    def _put_off(self, _: float) -> None:
        for departure in self._owed.values():
            departure.is_written = False

    def _forget_owed(self, _: float) -> None:
        for person, departure in list(self._owed.items()):
            if departure.is_written:
                del self._owed[person]
                if not departure.keep_name:
                    self.people.free_name(person)

    def next_timer(self) -> float | None:
        dues = (
            self._silence.next(),
            self._held.next(),
            self._owed_due if self._owed else None,
        )
        return min((due for due in dues if due is not None), default=None)

    def take_gone(self, now: float) -> list[Member]:
        """Marks the silent as away; those to whom ``depart`` is due now."""
        gone: list[Member] = []
        for person in self._held.take_due(now):
            if person in self._owed:
                self._held.set(person, now + OWED_INTERVAL)
            else:
                self.people.free_name(person)
        for person in self._silence.take_due(now):
            member = self._members[person]
            silent = now - member.heard()
            limit = self._limits.gone_timeout
            if member.peer is None and member.is_away:
                limit = min(limit, self._limits.return_timeout)
            if silent >= limit:
                gone.append(member)
            elif silent >= self._limits.away_timeout or member.is_away:
                member.is_away = True
                self._tell(member, Presence.AWAY)
                self._silence.set(person, member.heard() + limit)
            else:
                self._silence.set(person, member.heard() + self._limits.away_timeout)
        return gone

    def _tell(self, member: Member, presence: Presence) -> None:
        self.presences.set(Person(member.person, member.name, presence))
