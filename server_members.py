"""Who is present on the server: coming, falling silent, coming back, leaving.

Band: cores. The mark of presence and the entries joined and left are written in one transaction.
Source: docs/protocol.md.
"""

from collections.abc import Callable

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
from settings import Limits


class Members:
    """The people marked as present, with or without a session. ``report`` gets the log's lines."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        limits: Limits,
        *,
        random_bytes: Callable[[int], bytes],
        report: Callable[[Happened], None],
    ) -> None:
        self.people = People(store, random_bytes)
        self.presences = Presences(int.from_bytes(random_bytes(8), "big"))
        self._rooms = rooms
        self._limits = limits
        self._report = report
        self._members: dict[int, Member] = {}
        self._silence: Deadlines[int] = Deadlines()  # by person
        self._held: Deadlines[int] = Deadlines()  # names kept for those who are gone

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

    def enter(self, request: EnterRequest, address: Address, at: int) -> Admission:
        """Decides an ENTER; with OK the name is held and all of it is in the open transaction."""
        admission = self.people.enter(request, address[0], at)
        record = admission.record
        if admission.code is Code.OK and record is not None:
            if not admission.was_present:
                self._rooms.note(EntryKind.JOINED, record.person, record.name, at)
            self.people.hold_name(record.person, record.name)
        return admission

    def undo(self, admission: Admission) -> None:
        """The transaction of an ENTER was not kept."""
        if admission.record is not None and admission.record.person not in self._members:
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
        member.address = peer.session.address
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
        """Writes left and unmarks. ``keep_name``: held a while for who may come back by token."""
        del self._members[member.person]
        self._silence.cancel(member.person)
        self._rooms.note(EntryKind.LEFT, member.person, member.name, at)
        self.people.leave(member.person)
        if keep_name:
            self._held.set(member.person, now + self._limits.gone_timeout)
        else:
            self.people.free_name(member.person)
            self.people.forget_tokens(member.person)
        self._tell(member, Presence.GONE)
        self._report(Happened(kind, at, member.name, member.address))

    def next_timer(self) -> float | None:
        dues = (self._silence.next(), self._held.next())
        return min((due for due in dues if due is not None), default=None)

    def take_gone(self, now: float) -> list[Member]:
        """Marks the silent as away; those to whom ``depart`` is due now."""
        gone: list[Member] = []
        for person in self._held.take_due(now):
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
