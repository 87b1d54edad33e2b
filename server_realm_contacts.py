"""Reaching somebody or a group of another realm: asked there first, if it can be asked now.

Band: cores. Who asks gets an answer in any case: that of the other realm, or after a while that
what is said will wait. Everything is decided in the open transaction.
Source: docs/protocol.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from auth import NameInvalid, fold_name, normalise_name, skeleton
from conversation import ConversationKind
from deadlines import Deadlines
from protocol import Code, PeerError, Verb
from protocol_requests import Answer, Fields, number_field, text_field
from realms import Someone, at_realm, split_realm
from records import BanKind, RealmRecord, Store
from server_conversations import MAX_CONVERSATIONS, Decision, Outcome
from server_peer import Member, Peer
from server_people import People
from server_realm_peer import RealmBounds, RealmPeer
from server_realm_people import Foreigners, TooManyError
from server_realm_serving import Serving
from server_rooms import Rooms
from server_turn import Turn

# What another realm may say no with; all else means that it cannot tell now.
_REFUSALS = frozenset(
    {Code.NO_SUCH_USER, Code.NO_SUCH_GROUP, Code.BANNED, Code.NOT_ALLOWED, Code.NO_WAY_THERE}
)
PATIENCE = 3.0  # s for an answer of the other realm; then it is as if it were away

Then = Callable[[Decision, float], None]


@dataclass(eq=False, slots=True)
class _Wish:
    """Somebody of ours wants to reach somebody, or a group, there."""

    kind: ConversationKind
    member: Member
    realm: RealmRecord
    name: str
    then: Then


class Contacts:
    """CONTACT, both ways. ``standing(realm)``: the link to it; ``is_linked``: and it answers."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        people: People,
        foreigners: Foreigners,
        serving: Serving,
        turn: Turn,
        *,
        standing: Callable[[int], RealmPeer | None],
        is_linked: Callable[[int], bool],
        answer: Callable[[Peer, int, Code, Fields], None],
        wake: Callable[[Peer], None],
        bounds_of: Callable[[int], RealmBounds],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._people = people
        self._foreigners = foreigners
        self._serving = serving
        self._turn = turn
        self._standing = standing
        self._is_linked = is_linked
        self._answer = answer
        self._wake = wake
        self._bounds_of = bounds_of
        self._wall_clock = wall_clock
        self._asked: Deadlines[_Wish] = Deadlines()

    # --- for people of ours ---

    def reach(
        self, kind: ConversationKind, name: str, member: Member, then: Then, now: float
    ) -> None:
        """``then`` gets what to do in the open transaction, now or after a while."""
        local, alias = split_realm(name)
        realms, folded = self._store.realms(), fold_name(alias)
        realm = next((one for one in realms if fold_name(one.name) == folded), None)
        unknown = Code.NO_SUCH_USER if kind is ConversationKind.PRIVATE else Code.NO_SUCH_GROUP
        if "@" in local:
            then(_refuse(Code.NO_WAY_THERE), now)
            return
        if realm is None:
            then(_refuse(Code.NO_SUCH_REALM), now)
            return
        if realm.is_cut:  # it is in the list of realms: nobody would understand that it is none
            then(_refuse(Code.REALM_UNREACHABLE), now)
            return
        try:
            local = normalise_name(local)
        except NameInvalid:
            then(_refuse(unknown), now)
            return
        self._ask(_Wish(kind, member, realm, local, then), now)

    def _ask(self, wish: _Wish, now: float) -> None:
        link = self._standing(wish.realm.realm)
        if link is None or link.is_mute or not self._is_linked(wish.realm.realm):
            wish.then(self._decision(wish, None), now)
            return
        person, name = self._serving.known(wish.member.person)
        fields: Fields = {
            "kind": int(wish.kind),
            "name": wish.name,
            "person": Someone(person, name).encode(),
        }
        self._asked.set(wish, now + PATIENCE)
        link.ask(Verb.CONTACT, fields, partial(self._learn, wish), now)
        self._wake(link.peer)

    def _learn(self, wish: _Wish, answer: Answer, now: float) -> None:
        """Raises PeerError."""
        if self._asked.get(wish) is None:
            return  # too late
        if answer.code is Code.OK:
            decision = self._decision(wish, _contact(wish.kind, wish.name, answer.fields))
        elif answer.code in _REFUSALS:
            decision = partial(self._refused, wish, answer.code)
        else:  # not now
            decision = self._decision(wish, None)
        self._asked.cancel(wish)
        wish.then(decision, now)

    def next_timer(self) -> float | None:
        return self._asked.next()

    def handle_timer(self, now: float) -> None:
        """Nobody answers: what is said will wait."""
        for wish in self._asked.take_due(now):
            wish.then(self._decision(wish, None), now)

    def _decision(self, wish: _Wish, contact: Someone | None) -> Decision:
        if wish.kind is ConversationKind.PRIVATE:
            return lambda _: self._open_private(wish, contact)
        return lambda at: self._join_group(wish, contact, at)

    def _refused(self, wish: _Wish, code: Code, _: int) -> Outcome:
        """Whoever was awaited under a name that is nobody's is so no more. What was said to them
        goes back when that realm reads it; of a log without a word it would never speak."""
        store, realm = self._store, wish.realm.realm
        if wish.kind is ConversationKind.PRIVATE and code is Code.NO_SUCH_USER:
            for one in store.foreign_people(realm, fold_name(wish.name)):
                log = store.private_between(wish.member.person, one.person)
                if log is not None and not one.theirs and not self._rooms.head(log):
                    store.decline(realm, log, code)
        return code, {}

    def _open_private(self, wish: _Wish, contact: Someone | None) -> Outcome:
        realm, person = wish.realm, wish.member.person
        known = self._store.foreign_people(realm.realm, fold_name(wish.name))
        if not known and self._has_enough(person):
            return Code.SERVER_FULL, {}
        try:
            if contact is None:
                other = self._foreigners.named(realm.realm, realm.name, wish.name, person)
            else:
                other = self._foreigners.know(realm.realm, realm.name, contact.theirs, contact.name)
        except TooManyError:
            return Code.SERVER_FULL, {}
        conversation = self._store.private_between(person, other.person)
        if conversation is None:
            if self._has_enough(person):
                return Code.SERVER_FULL, {}
            conversation = self._store.add_private(person, other.person)
        return self._reached(wish, conversation, conversation, contact)

    def _join_group(self, wish: _Wish, contact: Someone | None, at: int) -> Outcome:
        realm, member = wish.realm, wish.member
        mirrors = self._store.mirrors(realm.realm)
        same = (mirror for mirror in mirrors if fold_name(mirror.name) == fold_name(wish.name))
        mirror = next(same, None)
        if mirror is not None and self._rooms.is_member(member.person, mirror.conversation):
            if contact is not None:  # it may have been refused when it was not there yet
                self._store.undo_decline(realm.realm, mirror.outgoing)
            return Code.ALREADY_A_MEMBER, {"conversation": mirror.conversation}
        if self._has_enough(member.person):
            return Code.SERVER_FULL, {}
        if mirror is None:
            name = contact.name if contact is not None else wish.name
            shown = at_realm(name, realm.name)
            folded, looks = fold_name(shown), skeleton(shown)
            if self._store.is_group_name(folded, looks):
                return Code.GROUP_EXISTS, {}
            mirror = self._store.add_mirror(realm.realm, name, shown, folded, looks)
        self._rooms.join(mirror.conversation, member.person, member.name, at)
        return self._reached(wish, mirror.conversation, mirror.outgoing, contact)

    def _has_enough(self, person: int) -> bool:
        return len(self._store.conversations_of(person)) >= MAX_CONVERSATIONS

    def _reached(
        self, wish: _Wish, conversation: int, shared: int, contact: Someone | None
    ) -> Outcome:
        if contact is None:
            return Code.OK, {"conversation": conversation, "state": "waiting"}
        self._store.undo_decline(wish.realm.realm, shared)
        return Code.OK, {"conversation": conversation, "state": "linked"}

    # --- for another realm ---

    def serve(self, link: RealmPeer, request: int, fields: Fields, now: float) -> None:
        """CONTACT. Raises PeerError."""
        kind, name = number_field(fields, "kind"), text_field(fields, "name")
        who = Someone.decode(fields.get("person"))
        if kind not in (ConversationKind.PRIVATE, ConversationKind.GROUP):
            raise PeerError("a contact of no kind")
        contacts = self._bounds_of(link.realm).contacts
        if not contacts.take(now):
            wait = math.ceil(contacts.ready_at(now) - now)
            self._answer(link.peer, request, Code.TOO_MANY_GUESSES, {"wait": wait})
            return

        def end(_: float) -> None:
            if self._standing(link.realm) is link:
                self._answer(link.peer, request, *self._contact(link, kind, name, who))

        self._turn.when_settled(end)

    def _contact(self, link: RealmPeer, kind: int, name: str, who: Someone) -> Outcome:
        known = self._store.foreign_person_there(link.realm, who.theirs)
        person = known.person if known is not None else 0
        shown, at = at_realm(who.name, link.name), self._wall_clock()
        if self._people.ban_on(BanKind.ENTER, person, shown, "", at) is not None:
            return Code.BANNED, {}
        if kind == ConversationKind.PRIVATE:
            found = self._people.find(name) if "@" not in name else None
            if found is None:
                return Code.NO_SUCH_USER, {}
            return Code.OK, {"person": Someone(*self._serving.known(found)).encode()}
        group = self._store.group_named(fold_name(name))
        record = self._store.conversation(group) if group is not None else None
        if record is None or self._store.mirror(record.conversation) is not None:
            return Code.NO_SUCH_GROUP, {}
        return Code.OK, {"name": record.name}


def _contact(kind: ConversationKind, name: str, fields: Fields) -> Someone:
    """Who or what was found. Raises PeerError."""
    if kind is ConversationKind.GROUP:
        found = Someone(b"", text_field(fields, "name"))
    else:
        found = Someone.decode(fields.get("person"))
    try:
        is_sound = normalise_name(found.name) == found.name and fold_name(found.name) == fold_name(
            name
        )
    except NameInvalid:
        is_sound = False
    if not is_sound or (kind is ConversationKind.PRIVATE and not found.theirs):
        raise PeerError("a contact that cannot be")
    return found


def _refuse(code: Code) -> Decision:
    return lambda _: (code, {})
