"""What people and the operator ask about other realms: add one, list them, cut, restore, drop.

Band: cores. Decides who may and what is said; the links themselves are made elsewhere.
Source: docs/protocol.md.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from entering import ONCE_SIZE
from protocol import Address, CloseCode, Code, JsonValue, Verb, decode_object, encode_object
from protocol_requests import Fields, hex_field, number_field, text_field
from realms import alias_of, is_alias
from records import RealmRecord, Store
from server_door import may_be_answered
from server_events import (
    AddRealm,
    CutRealm,
    DropRealm,
    Event,
    Happened,
    HappeningKind,
    LetPeopleLink,
    ListRealms,
    OperatorAnswered,
    RealmRow,
    RealmsListed,
    RealmState,
    RestoreRealm,
)
from server_peer import Member, Peer
from server_realm_calls import Call, Refusal
from server_realm_links import RealmLinks
from server_turn import Turn
from settings import WhoMayLink

VERBS = frozenset({Verb.ADD_REALM, Verb.REALMS})
MOST_TRIALS = 4  # at once: each may cost a scrypt, and a guess at somebody's password
TRIALS_WAIT = 10  # s after which there is certainly room for another
COUNT_INTERVAL = 1.0  # s for which what waits for a realm is not counted again, whoever asks
RealmCommand = AddRealm | CutRealm | RestoreRealm | DropRealm | LetPeopleLink | ListRealms
Then = Callable[[Code, Fields, float], None]
_TROUBLES = {  # as people are told of them
    HappeningKind.REALM_KEY_CHANGED: "key",
    HappeningKind.REALM_PASSWORD: "password",
    HappeningKind.REALM_REFUSED: "refused",
}
# What a realm may answer to who calls; all else means that it has no such thing as links.
_ANSWERS = frozenset(
    {
        Code.WRONG_PASSWORD,
        Code.TOO_MANY_GUESSES,
        Code.REALM_UNREACHABLE,
        Code.SERVER_FULL,
        Code.DISK_FULL,
    }
)


@dataclass(slots=True)
class _Wish:
    """A realm that somebody wants to add."""

    name: str  # "": as its room is called
    address: Address
    added_by: str  # "": the operator
    once: bytes  # empty: the operator's
    then: Then
    key: bytes = b""  # theirs, once it has entered: what is left is to write it down


class Realms:
    """Serves VERBS and the operator's commands about realms. ``changed``: people may ask anew."""

    def __init__(
        self,
        store: Store,
        turn: Turn,
        links: RealmLinks,
        who: WhoMayLink,
        *,
        answer: Callable[[Peer, int, Code, Fields], None],
        report: Callable[[Event], None],
        changed: Callable[[float], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._turn = turn
        self._links = links
        self._known = links.known
        self._who = who
        self._answer = answer
        self._report = report
        self._changed = changed
        self._wall_clock = wall_clock
        self._wishes: list[_Wish] = []
        self._waiting: dict[int, int] = {}  # entries, by realm, as they were counted
        self._counted_at = 0.0

    # --- people ---

    def serve(self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Answers one of VERBS, now or later. Raises PeerError for fields that cannot be."""
        member = peer.member
        assert member is not None  # who is nobody has been refused
        then = partial(self._reply, peer, member, request)
        if verb is Verb.ADD_REALM:
            self._add_for(member, fields, then, now)
        else:
            self._turn.when_settled(lambda now: then(Code.OK, self._listed(now), now))

    def _reply(
        self, peer: Peer, member: Member, request: int, code: Code, fields: Fields, _: float
    ) -> None:
        """To whoever asked, if they are still there."""
        if peer.member is member:
            self._answer(peer, request, code, fields)

    def _listed(self, now: float) -> Fields:
        rows: list[JsonValue] = [
            [
                row.name,
                row.state.value,
                row.since,
                row.waiting,
                round(1000 * row.round_trip) if row.round_trip is not None else 0,
                row.address[0] if row.address is not None else "",
                row.address[1] if row.address is not None else 0,
                _TROUBLES.get(row.trouble, "") if row.trouble is not None else "",
            ]
            for row in self.rows(now)
        ]
        may_add = self._who is WhoMayLink.USERS and self._links.may_add()
        return {"realms": rows, "may_add": may_add}

    def _add_for(self, member: Member, fields: Fields, then: Then, now: float) -> None:
        once = hex_field(fields, "once", ONCE_SIZE)
        name, host = text_field(fields, "name"), text_field(fields, "address")
        port = number_field(fields, "port")
        password = text_field(fields, "password") if "password" in fields else None
        before = self._store.once(once)
        same = next((wish for wish in self._wishes if wish.once == once), None)
        if before is not None:  # its answer was lost with a session or a server
            then(Code.OK, decode_object(before[1]), now)
        elif same is not None:
            same.then = then
        elif self._who is not WhoMayLink.USERS:
            then(Code.NOT_ALLOWED, {}, now)
        else:
            self._add(_Wish(name, (host, port), member.name, once, then), password, now)

    # --- adding ---

    def _add(self, wish: _Wish, password: str | None, now: float) -> None:
        code, fields = self._judge(wish)
        if code is not Code.OK:
            wish.then(code, fields, now)
            return
        self._wishes.append(wish)
        self._links.try_address(
            wish.address,
            password,
            now,
            met=partial(self._met, wish),
            stands=partial(self._stands, wish),
            refused=partial(self._refused, wish),
        )

    def _judge(self, wish: _Wish) -> tuple[Code, Fields]:
        if self._links.is_off:
            return Code.NOT_ALLOWED, {}
        if wish.name and not is_alias(wish.name):
            return Code.BAD_REQUEST, {"reason": "name"}
        address = _plain_address(wish.address)
        if address is None:
            return Code.BAD_REQUEST, {"reason": "address"}
        wish.address = address
        there = next((one for one in self._known.all() if (one.host, one.port) == address), None)
        named = self._known.named(wish.name) if wish.name else None
        if there is not None or (named is not None and named.host):
            return Code.REALM_EXISTS, {"name": there.name if there is not None else wish.name}
        if len(self._wishes) >= MOST_TRIALS:
            return Code.TOO_MANY_GUESSES, {"wait": TRIALS_WAIT}
        return (Code.OK if self._links.may_add() else Code.SERVER_FULL), {}

    def _met(self, wish: _Wish, call: Call, key: bytes, now: float) -> bool:
        record = self._known.of_key(key)
        if key == self._links.ourselves.key:
            self._give_up(wish, call, Code.BAD_REQUEST, {"reason": "self"}, now)
        elif record is not None and (record.host or record.is_cut):
            self._give_up(wish, call, Code.REALM_EXISTS, {"name": record.name}, now)
        elif wish.name and not self._known.may_be_named(wish.name, key):
            self._give_up(wish, call, Code.REALM_EXISTS, {"name": wish.name}, now)
        else:
            return True
        return False

    def _refused(self, wish: _Wish, call: Call, refusal: Refusal, now: float) -> None:
        if wish.key:
            return  # it is a realm of ours already, and is called again
        if refusal.code is Code.REALM_EXISTS and self._known.of_key(call.key) is not None:
            self._stands(wish, call, now)  # they have called us, and that link stays
            return
        code = refusal.code if refusal.code in _ANSWERS else Code.NOT_ALLOWED
        wait = refusal.fields.get("wait")
        fields: Fields = {"wait": wait} if code is Code.TOO_MANY_GUESSES else {}
        self._give_up(wish, call, code, fields, now)

    def _give_up(self, wish: _Wish, call: Call, code: Code, fields: Fields, now: float) -> None:
        self._wishes.remove(wish)
        self._links.end_trial(call, now)
        wish.then(code, fields, now)

    def _stands(self, wish: _Wish, call: Call, now: float) -> None:
        """They took us in: it is a realm of ours once that is on disk."""
        known = self._known.of_key(call.key)
        is_added = known is not None and known.host  # by somebody else, meanwhile
        if (
            is_added
            or any(other.key == call.key for other in self._wishes)
            or (wish.name and not self._known.may_be_named(wish.name, call.key))
        ):
            name = known.name if known is not None else wish.name
            self._give_up(wish, call, Code.REALM_EXISTS, {"name": name}, now)
            return
        wish.key = call.key
        record = self._new_record(wish, call)
        rivals = self._known.in_the_way(record.name, record.key)
        renamed: list[RealmRecord] = []
        fields: Fields = {"name": record.name, "room": call.room_name}

        def decide() -> None:
            nonlocal record
            record = self._known.save(record)
            for rival in rivals:
                name = self._known.free_name(rival.name, rival.key)
                renamed.append(self._known.save(replace(rival, name=name)))
            if wish.once:
                self._store.save_once(wish.once, Code.OK, encode_object(fields), record.seen_at)

        def keep(now: float) -> None:
            self._wishes.remove(wish)
            for rival in renamed:
                self._links.rename(rival)
            self._happen(HappeningKind.REALM_ADDED, record, wish.added_by)
            self._links.take_over(call, record, now)
            wish.then(Code.OK, fields, now)

        def undo(now: float) -> None:
            self._give_up(wish, call, Code.DISK_FULL, {}, now)

        if self._turn.attempt(decide, now):
            self._turn.when_kept(keep)
            self._turn.when_undone(undo)
        else:
            undo(now)

    def _new_record(self, wish: _Wish, call: Call) -> RealmRecord:
        at, known = self._wall_clock(), self._known.of_key(call.key)
        if known is None:
            name = wish.name or self._known.free_name(alias_of(call.room_name), call.key)
            known = RealmRecord(0, call.key, name, added_at=at)
        elif wish.name and self._known.is_nameless(known):
            known = replace(known, name=wish.name)
        host, port = call.address
        return replace(
            known,
            host=host,
            port=port,
            prs=call.prs,
            room_id=call.room_id,
            added_by=wish.added_by,
            seen_at=at,
        )

    # --- the operator ---

    def carry_out(self, command: RealmCommand, now: float) -> None:
        """Answered by RealmsListed, or by OperatorAnswered once it is on disk."""
        if isinstance(command, LetPeopleLink):
            self._let(command.who, now)
        elif isinstance(command, ListRealms):
            self._list(now)
        elif isinstance(command, AddRealm):
            self._add_by_operator(command, now)
        else:
            self._change(command, now)

    def _let(self, who: WhoMayLink, now: float) -> None:
        if not self._links.is_off:
            self._who = who
            self._changed(now)
        self._list(now)

    def _list(self, now: float) -> None:
        self._report(RealmsListed(self.rows(now), self._who))

    def _add_by_operator(self, command: AddRealm, now: float) -> None:
        def then(code: Code, fields: Fields, _: float) -> None:
            about = fields.get("reason") or fields.get("name") or ""
            self._report(OperatorAnswered(command, code, about=str(about)))

        wish = _Wish(command.name, (command.host, command.port), "", b"", then)
        self._add(wish, command.password or None, now)

    def _change(self, command: CutRealm | RestoreRealm | DropRealm, now: float) -> None:
        record = self._known.named(command.name)
        if record is None:
            self._report(OperatorAnswered(command, Code.NO_SUCH_REALM))
            return
        if isinstance(command, RestoreRealm) and not record.is_cut:  # its link may stand
            self._report(OperatorAnswered(command, Code.OK))
            return
        changed = replace(record, is_cut=isinstance(command, CutRealm))
        standing = self._links.standing(record.realm)
        calls_us = not record.host or (standing is not None and standing.is_called)

        def decide() -> None:
            if isinstance(command, DropRealm):
                self._store.drop_realm(record.realm)
            else:
                self._known.save(changed)

        def keep(now: float) -> None:
            match command:
                case CutRealm():
                    self._links.hang_up(record.realm, CloseCode.KICKED, now)
                    self._happen(HappeningKind.REALM_CUT, record)
                case RestoreRealm():
                    self._links.call(changed, now)
                    self._happen(HappeningKind.REALM_RESTORED, record)
                case _:
                    self._links.drop(record.realm, now)
                    self._happen(HappeningKind.REALM_DROPPED, record)
            self._changed(now)  # even if no link stood that could fall
            is_drop = isinstance(command, DropRealm)
            self._report(OperatorAnswered(command, Code.OK, calls_us=is_drop and calls_us))

        if self._turn.attempt(decide, now):
            self._turn.when_kept(keep)
            self._turn.when_undone(
                lambda _: self._report(OperatorAnswered(command, Code.DISK_FULL))
            )
        else:
            self._report(OperatorAnswered(command, Code.DISK_FULL))

    def _happen(self, kind: HappeningKind, record: RealmRecord, by: str = "") -> None:
        address = (record.host, record.port) if record.host else None
        self._report(Happened(kind, self._wall_clock(), record.name, address, text=by))

    def count_again(self) -> None:
        """All are told to ask anew: what waits has perhaps become more, or less."""
        self._waiting.clear()

    def _count(self, realm: int) -> int:
        """What waits for a realm: one look through all its logs, for all who ask about then."""
        if realm not in self._waiting:
            self._waiting[realm] = self._store.waiting_for(realm)
        return self._waiting[realm]

    def rows(self, now: float) -> tuple[RealmRow, ...]:
        """All realms, by name."""
        if now >= self._counted_at + COUNT_INTERVAL:
            self._counted_at = now
            self.count_again()
        records = sorted(self._known.all(), key=lambda record: record.name.casefold())
        return tuple(map(self._row, records))

    def _row(self, record: RealmRecord) -> RealmRow:
        standing = self._links.standing(record.realm)
        state = RealmState.CUT if record.is_cut else RealmState.AWAY
        if self._links.is_linked(record.realm):
            state = RealmState.LINKED
        return RealmRow(
            record.name,
            state,
            self._links.silent_since(record.realm) or record.seen_at,
            self._count(record.realm),
            standing.peer.session.round_trip.smoothed if standing is not None else None,
            (record.host, record.port) if record.host else None,
            record.added_by,
            standing.peer.session.receive_loss if standing is not None else 0.0,
            self._links.trouble(record.realm) if state is RealmState.AWAY else None,
        )


def _plain_address(address: Address) -> Address | None:
    """As datagrams from there bear it; None: no one computer's port."""
    try:
        ip = ipaddress.ip_address(address[0])
    except ValueError:
        return None
    plain = str(ip), address[1]
    is_one = 0 < address[1] < 65536 and not ip.is_unspecified and not ip.is_multicast
    return plain if is_one and may_be_answered(plain) else None
