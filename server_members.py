"""Who is present on the server: coming, logging in, falling silent, coming back, leaving.

Band: cores. The mark of presence and the entries joined and left are written in one transaction.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from conversation import EntryKind, Person, Presence
from deadlines import Deadlines
from entering import EnterRequest
from protocol import Address, Code
from protocol_requests import Fields
from records import AccountRecord, PersonRecord, Store
from server_events import Happened, HappeningKind
from server_peer import Member, Peer
from server_people import Admission, People
from server_presence import Presences
from server_rooms import Rooms
from server_turn import Turn
from settings import Limits

OWED_INTERVAL = 1.0  # s between tries to write that somebody left, while the disk is full
MAX_SESSIONS = 8  # of one account: devices in use; bounds what a script with a token can open
_EXPULSIONS = (HappeningKind.KICKED, HappeningKind.BANNED)


@dataclass(slots=True)
class _Departure:
    """Somebody who went, as long as it is not on disk."""

    name: str
    at: int
    keep_name: bool
    forget_tokens: bool
    is_for_good: bool  # nobody can be this person again: a guest without tokens
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
        self._owed_tokens: dict[bytes, bool] = {}  # to be dropped; whether that is written
        self._owed_due = 0.0

    def __len__(self) -> int:
        return len(self._members)

    def all(self) -> list[Member]:
        """Everybody present, in the order of coming."""
        return list(self._members.values())

    def get(self, person: int) -> Member | None:
        """A present person."""
        return self._members.get(person)

    def sessions_of(self, person: int) -> list[Peer]:
        """The sessions that somebody has now."""
        member = self._members.get(person)
        return list(member.peers.values()) if member is not None else []

    def streams_in_use(self) -> set[bytes]:
        """The runs of clients that are here now."""
        return {peer.stream for member in self.all() for peer in member.peers.values()}

    def restore(self, store: Store, now: float, at: int) -> None:
        """After a restart: those marked present have a while to come back silently."""
        for record in store.present_people():
            member = self._make(record, now, at)
            member.is_away = True
            self.people.hold_name(record.person, record.name)
            self._tell(member, Presence.AWAY)
            self._silence.set(record.person, now + self._limits.return_timeout)

    def _make(self, record: PersonRecord, now: float, at: int) -> Member:
        member = Member(record.person, record.name, is_account=record.is_account, now=now, since=at)
        self._members[record.person] = member
        return member

    # --- coming ---

    def enter(self, request: EnterRequest, address: Address, now: float, at: int) -> Admission:
        """Decides an ENTER; with OK the name is held and all of it is in the open transaction."""
        self._write_owed_first(now)
        is_full = len(self._members) >= self._limits.entered
        admission = self.people.enter(request, address[0], at, is_full=is_full)
        record = admission.record
        if admission.code is Code.OK and record is not None:
            if not admission.was_present:
                self._rooms.note(EntryKind.JOINED, record.person, record.name, at)
            admission = self._hold(admission, record)
        return admission

    def log_in(
        self,
        account: AccountRecord,
        guest: Member | None,
        stream: bytes,
        host: str,
        now: float,
        at: int,
    ) -> Admission:
        """The same for a LOGIN that was proved; ``guest``: who it was until now, and is no more.

        For the others a guest is renamed, unless the account's owner is here already.
        """
        self._write_owed_first(now)
        person = guest.person if guest is not None else 0
        others = len(self._members) - (guest is not None)
        is_full = others >= self._limits.entered
        admission = self.people.log_in(account, person, stream, host, at, is_full=is_full)
        record = admission.record
        if admission.code is not Code.OK or record is None:
            return admission
        if guest is None:
            if not admission.was_present:
                self._rooms.note(EntryKind.JOINED, record.person, record.name, at)
        else:
            if admission.was_present:
                self._rooms.note(EntryKind.LEFT, person, guest.name, at)
            elif guest.name != record.name:
                self._rooms.note(EntryKind.RENAMED, person, guest.name, at, text=record.name)
            self.people.leave(person)
            self.people.forget_tokens(person)
        return self._hold(admission, record)

    def _write_owed_first(self, now: float) -> None:
        if self._owes:
            self.write_owed(now)

    def _hold(self, admission: Admission, record: PersonRecord) -> Admission:
        admission = replace(admission, name_before=self.people.name(record.person))
        self.people.hold_name(record.person, record.name)
        return admission

    def undo(self, admission: Admission, guest: Member | None = None) -> None:
        """The transaction of an ENTER or LOGIN was not kept: the names are as before."""
        if admission.record is None:
            return
        if admission.name_before is not None:
            self.people.hold_name(admission.record.person, admission.name_before)
        else:
            self.people.free_name(admission.record.person)
        if guest is not None:  # whose name may be the account's
            self.people.hold_name(guest.person, guest.name)

    def settle(
        self,
        admission: Admission,
        peer: Peer,
        now: float,
        at: int,
        *,
        guest: Member | None = None,
    ) -> list[Peer]:
        """It is on disk: the person is present with this session. The sessions it replaces."""
        record = admission.record
        if record is None:
            raise LookupError("nobody to settle")
        if guest is not None:
            self._dissolve(guest)
        member = self._members.get(record.person)
        if member is None:
            member = self._make(record, now, at)
        replaced = self._replaced(member, peer, admission.stream)
        member.peers[peer.key] = peer
        member.name, member.is_away, member.last_heard = record.name, False, now
        member.address = peer.session.proven_address
        peer.member = member
        self._held.cancel(record.person)
        self._silence.set(record.person, now + self._limits.away_timeout)
        self._tell(member, Presence.HERE)
        if guest is not None:
            self._report_renamed(guest.name, member, at)
        else:
            kind = HappeningKind.RETURNED if admission.was_present else HappeningKind.JOINED
            self._report(Happened(kind, at, member.name, member.address))
        return replaced

    def _replaced(self, member: Member, peer: Peer, stream: bytes) -> list[Peer]:
        """A guest has one session, an account one for each run of a client, and not too many."""
        others = [other for other in member.peers.values() if other is not peer]
        if not member.is_account:
            return others
        replaced = [other for other in others if other.stream == stream]
        kept = [other for other in others if other.stream != stream]
        kept.sort(key=lambda other: other.session.last_heard)
        return replaced + kept[: max(0, len(kept) + 1 - MAX_SESSIONS)]

    def _dissolve(self, guest: Member) -> None:
        """A guest has become somebody else, on disk too. Unless they went in that very turn."""
        if self._members.pop(guest.person, None) is None:
            return
        self._silence.cancel(guest.person)
        self.people.free_name(guest.person)
        self._tell(guest, Presence.GONE)

    # --- names ---

    def rename(
        self, member: Member, wish: str, host: str, now: float, at: int
    ) -> tuple[Code, Fields]:
        """Decides NAME and writes it into the open transaction; the others hear of it when it is
        on disk."""
        before = member.name
        self._write_owed_first(now)
        code, fields = self.people.rename(member.person, wish, host, at)
        name = self.people.name(member.person)
        if code is not Code.OK or name is None:
            return code, fields

        def keep(_: float) -> None:
            member.name = name
            if member.person in self._members:
                self._tell(member, Presence.AWAY if member.is_away else Presence.HERE)
            self._report_renamed(before, member, at)

        self._turn.when_undone(lambda _: self.people.hold_name(member.person, before))
        if name != before:
            self._rooms.note(EntryKind.RENAMED, member.person, before, at, text=name)
            self._turn.when_kept(keep)
        return code, fields

    def _report_renamed(self, before: str, member: Member, at: int) -> None:
        self._report(Happened(HappeningKind.RENAMED, at, before, member.address, text=member.name))

    def heard(self, member: Member, now: float) -> None:
        """Something genuine came from somebody who was away."""
        member.is_away = False
        self._silence.set(member.person, now + self._limits.away_timeout)
        self._tell(member, Presence.HERE)

    # --- going ---

    def depart(self, member: Member, kind: HappeningKind, now: float, at: int) -> None:
        """Unmarks somebody; it is owed to the log until ``write_owed`` is on disk.

        Who is GONE may come back by token, and the name is held a while for that. Who goes by own
        wish may not, except on an account's other devices; whoever is expelled may on none.
        """
        keep_name = kind is HappeningKind.GONE
        forget_tokens = kind in _EXPULSIONS or not (keep_name or member.is_account)
        del self._members[member.person]
        self._silence.cancel(member.person)
        self._owed[member.person] = _Departure(
            member.name,
            at,
            keep_name,
            forget_tokens,
            is_for_good=forget_tokens and not member.is_account,
        )
        self._owed_due = now
        if keep_name:
            self._held.set(member.person, now + self._limits.gone_timeout)
        self._tell(member, Presence.GONE)
        self._report(Happened(kind, at, member.name, member.address))

    def drop_token(self, hashed: bytes, now: float) -> None:
        """A device brings nobody back any more; owed likewise."""
        self._owed_tokens[hashed] = False
        self._owed_due = now

    @property
    def _owes(self) -> bool:
        return bool(self._owed or self._owed_tokens)

    def is_owing(self, now: float) -> bool:
        """Whether ``write_owed`` should be tried."""
        return self._owes and self._owed_due <= now

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
            if departure.is_for_good:
                self._rooms.leave_groups(person, departure.name, departure.at)
            if departure.forget_tokens:
                self.people.forget_tokens(person)
        for hashed in self._owed_tokens:
            self._owed_tokens[hashed] = True
            self.people.drop_token(hashed)

    def forget_old(self, store: Store, at: int) -> None:
        """In the open transaction. Guests who fell silent leave their groups when nothing can bring
        them back any more."""
        for guest in store.lost_guests(at):
            self._rooms.leave_groups(guest.person, guest.name, at)
        store.forget_old(at, self.streams_in_use())

    def _put_off(self, _: float) -> None:
        for departure in self._owed.values():
            departure.is_written = False
        self._owed_tokens = dict.fromkeys(self._owed_tokens, False)

    def _forget_owed(self, _: float) -> None:
        for person, departure in list(self._owed.items()):
            if departure.is_written:
                del self._owed[person]
                if not departure.keep_name:
                    self.people.free_name(person)
        self._owed_tokens = {
            hashed: False for hashed, is_written in self._owed_tokens.items() if not is_written
        }

    def next_timer(self) -> float | None:
        dues = (
            self._silence.next(),
            self._held.next(),
            self._owed_due if self._owes else None,
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
            if not member.peers and member.is_away:
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
        self.presences.set(Person(member.person, member.name, presence, member.is_account))
