"""I1 to I6 across realms: what holds of linked rooms that are at rest again.

What was said to another realm is there once and in the order in which it was said, or its author
was told why not; a group of another realm is the same everywhere, in its home's order. promises.py
has what holds of one room.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from promises import Log, check_copy, check_readers, read
from realm_world import Realm, Realms
from simulated_clients import Client

from client_events import DraftForwarded, DraftMade
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind, FileNote
from records import Mirror, RealmRecord
from server_realm_serving import MOST_REFUSED

SAID = (EntryKind.TEXT, EntryKind.FILE)
ID_SIZE = 8


class Said(NamedTuple):
    """Something as it must arrive; no two are alike in a simulation."""

    kind: EntryKind
    text: str


class Muted(NamedTuple):
    """Somebody of another realm who was ever silenced here: what they say at home may lack."""

    realm: str
    name: str


class Rooms:
    """The logs of all realms, read once."""

    def __init__(self, realms: Realms, muted: Collection[Muted] = ()) -> None:
        self.realms = realms
        self.muted = muted
        self.logs = {name: _logs(realm) for name, realm in realms.all.items()}

    def clients(self, realm: Realm) -> list[Client]:
        return [one for one in self.realms.clients if one.server == realm.server.address]


def check(realms: Realms, muted: Collection[Muted] = ()) -> None:
    """AssertionError names the promise that was broken. All servers run, and are at rest."""
    rooms = Rooms(realms, muted)
    for name, realm in realms.all.items():
        logs = rooms.logs[name]
        for log in logs.values():
            _check_log(log)
        for one in rooms.clients(realm):
            _check_client(one, realm, logs)
        for linked in realm.server.store.realms():
            other = realms.all.get(linked.name)
            if other is not None:
                _check_private(rooms, realm, linked, other)
                _check_groups(rooms, realm, linked, other)
    _check_origins(rooms)


def unrest(realms: Realms) -> Iterator[str]:
    """What waits: at the links, at the servers, and at the clients."""
    for realm in realms.all.values():
        if not realm.server.is_running:
            yield f"{realm.name} does not run"
            return
    for realm in realms.all.values():
        for linked in realm.server.store.realms():
            yield from _unrest_at(realm, linked, realms.all[linked.name], realms)
        for one in realms.clients:
            if one.server == realm.server.address and one.is_running:
                yield from _unrest_of(one, realm)


def _unrest_at(realm: Realm, linked: RealmRecord, other: Realm, realms: Realms) -> Iterator[str]:
    store, number, link = realm.server.store, linked.realm, f"{realm.name} to {other.name}"
    if not realms.stands(realm, other):
        yield f"{link}: no link"
    if store.waiting_for(number):
        yield f"{link}: {store.waiting_for(number)} wait, {store.waiting_logs(number)}"
    if store.undelivered(number):
        yield f"{link}: refusals are not told"
    awaited = [a for a in store.awaited_files(number) if not _is_still(realm, a.conversation)]
    if awaited:
        yield f"{link}: files are awaited: {awaited}"
    for mirror in store.mirrors(number):
        home = other.server.store.group_named(mirror.name)
        if home is None or not _own_members(realm, mirror):
            continue
        here, there = realm.server.head(mirror.conversation), other.server.head(home)
        followed = store.followed(number, home)
        if followed is None or followed.have < there:
            yield f"{link}: {mirror.name} has {here} of {there}, {followed}"


def _unrest_of(one: Client, realm: Realm) -> Iterator[str]:
    if one.entered is None:
        yield f"{one.name} is not in the room"
        return
    if not one.is_settled:
        yield f"{one.name} waits: {one.run.waiting if one.run is not None else None}"
    mine = {ROOM, *realm.server.store.conversations_of(one.identity.person)}
    known = {place: log[-1][0] for place, log in one.history.items() if log}
    lacking = [place for place in mine if known.get(place, 0) != realm.server.head(place)]
    if lacking:
        yield f"{one.name} lacks some of {lacking}"


def _logs(realm: Realm) -> dict[int, Log]:
    logs = {ROOM: read(realm.server, None)}
    return logs | {r.conversation: read(realm.server, r) for r in realm.server.conversations()}


def _check_log(log: Log) -> None:
    assert [one.number for one in log.stored] == list(range(1, len(log.stored) + 1))
    tags = [e.tag for e in log.entries if e.tag != NO_TAG and e.kind is not EntryKind.NOTICE]
    assert len(tags) == len(set(tags)), "I2: a draft stands twice"
    texts = [entry.text for entry in log.entries if entry.kind is EntryKind.TEXT]
    assert len(texts) == len(set(texts)), "I2: a text stands twice"


# --- clients ---


def _check_client(one: Client, realm: Realm, logs: dict[int, Log]) -> None:
    place = {text: place for place, text in enumerate(one.said)}
    taken: set[str] = set()
    for log in logs.values():
        own = [e.text for e in log.entries if e.kind is EntryKind.TEXT and e.text in place]
        order = [place[text] for text in own]
        assert order == sorted(order), f"I3: what {one.name} said is out of order"
        # what is on its way to a group of another realm stands in two logs here
        taken.update(own)
    lost = set(one.acknowledged) - taken
    assert not lost, f"I1: acknowledged to {one.name} and lost: {lost}"
    assert len(one.acknowledged) == len(set(one.acknowledged)), "I2: acknowledged twice"
    _check_forwarded(one, logs)
    for conversation, log in logs.items():
        if log.record is not None:
            members = realm.server.store.members(conversation)
            if _is_still(realm, conversation):
                members = [*members, *one.people_been]
            check_readers(conversation, log, members, [one])
    if one.is_running:
        for conversation in one.history:
            check_copy(one, conversation, logs[conversation].stored)


def _is_still(realm: Realm, conversation: int) -> bool:
    """The last of ours has left a group of another realm: nothing is copied from it since then,
    not even that."""
    mirror = realm.server.store.mirror(conversation)
    return mirror is not None and not _own_members(realm, mirror)


def _check_forwarded(one: Client, logs: dict[int, Log]) -> None:
    """What the server took for a group of another realm it never forgets."""
    made = {event.ticket: event.text for event in one.saw(DraftMade)}
    outgoing = {
        entry.text
        for log in logs.values()
        for entry in log.entries
        if log.record is not None and log.record.kind is ConversationKind.OUTGOING
    }
    forwarded = {made[event.ticket] for event in one.saw(DraftForwarded) if event.ticket in made}
    files = {text for text in forwarded if text not in one.said}
    lost = forwarded - outgoing - files
    assert not lost, f"I1: taken for another realm and lost: {lost}"


# --- private conversations: each realm has its own log ---


def _check_private(rooms: Rooms, realm: Realm, linked: RealmRecord, other: Realm) -> None:
    back = other.of(realm)
    assert back is not None
    for number, log in rooms.logs[realm.name].items():
        if log.record is None or log.record.pair is None:
            continue
        ours, theirs = _sides(realm, log.record.pair, linked)
        if theirs == 0:
            continue
        foreign = realm.server.store.foreign_person(theirs)
        assert foreign is not None
        said = [_said(e) for e in _delivered(log) if e.person == ours]
        there = _counterpart(rooms, other, back, ours, int.from_bytes(foreign.theirs))
        arrived = (
            [
                _said(e)
                for e in there.entries
                if e.kind in SAID and e.person != _one_of(other, there)
            ]
            if there is not None
            else []
        )
        assert arrived == said, (
            f"{number} of {realm.name}: said to {foreign.name} at {other.name}: "
            f"{_difference(said, arrived)}"
        )


def _sides(realm: Realm, pair: tuple[int, int], linked: RealmRecord) -> tuple[int, int]:
    """Ours and theirs; 0: nobody of that realm."""
    for mine, partner in (pair, pair[::-1]):
        foreign = realm.server.store.foreign_person(partner)
        if foreign is not None and foreign.realm == linked.realm:
            return mine, partner
    return 0, 0


def _one_of(realm: Realm, log: Log) -> int:
    """The person of the realm itself in a private conversation with another realm."""
    assert log.record is not None
    assert log.record.pair is not None
    store = realm.server.store
    (own,) = (person for person in log.record.pair if store.foreign_person(person) is None)
    return own


def _counterpart(
    rooms: Rooms, other: Realm, back: RealmRecord, theirs: int, own: int
) -> Log | None:
    """The other realm's log of it. ``theirs``: the person as the first realm knows them."""
    known = other.server.store.foreign_person_there(back.realm, theirs.to_bytes(ID_SIZE))
    if known is None:
        return None
    pair = (min(own, known.person), max(own, known.person))
    for log in rooms.logs[other.name].values():
        if log.record is not None and log.record.pair == pair:
            return log
    return None


def _delivered(log: Log) -> list[Entry]:
    """What was said, without what its author was told that it was refused. If a whole log is
    refused, that is told of the newest entries."""
    refused = {entry.tag for entry in log.entries if entry.kind is EntryKind.NOTICE}
    said = [entry for entry in log.entries if entry.kind in SAID]
    if len(refused) >= MOST_REFUSED:
        first = next(place for place, entry in enumerate(said) if entry.tag in refused)
        said = said[first:]
    return [entry for entry in said if entry.tag not in refused]


def _said(entry: Entry) -> Said:
    return Said(entry.kind, entry.text)


def _difference(said: list[Said], arrived: list[Said]) -> str:
    lost = [one.text[:80] for one in said if one not in arrived]
    strange = [one.text[:80] for one in arrived if one not in said]
    return f"lost {lost[:5]}, made up {strange[:5]}, {len(said)} and {len(arrived)}"


# --- groups: the home's log alone ---


def _check_groups(rooms: Rooms, realm: Realm, linked: RealmRecord, home: Realm) -> None:
    for mirror in realm.server.store.mirrors(linked.realm):
        number = home.server.store.group_named(mirror.name)
        if number is None:
            continue
        logs = rooms.logs[realm.name]
        copy, outgoing = logs[mirror.conversation], logs[mirror.outgoing]
        there = rooms.logs[home.name][number]
        shown = [_said(e) for e in copy.entries if e.kind in SAID]
        silent = {
            _said(entry)
            for entry in there.entries
            if entry.kind in SAID
            and Muted(realm.name, f"{entry.name}@{home.name}") in rooms.muted
            and _said(entry) not in shown
        }
        original = [_said(e) for e in there.entries if e.kind in SAID and _said(e) not in silent]
        members = _own_members(realm, mirror)
        expected = original if members else original[: len(shown)]
        assert shown == expected, (
            f"I4: {mirror.name} of {home.name} differs at {realm.name}: "
            f"{_difference(original, shown)}"
        )
        _check_outgoing(realm, home, copy, outgoing, there)
        _check_own(realm, home, copy)
        _check_members(realm, home, number, members)


def _check_outgoing(realm: Realm, home: Realm, copy: Log, outgoing: Log, there: Log) -> None:
    refused = {entry.tag for entry in copy.entries if entry.kind is EntryKind.NOTICE}
    back = home.of(realm)
    assert back is not None
    asked = [_said(e) for e in outgoing.entries if e.kind in SAID and e.tag not in refused]
    arrived = [
        _said(entry)
        for entry in there.entries
        if entry.kind in SAID and _is_of(home, entry.person, back)
    ]
    assert arrived == asked, f"of {realm.name} at {home.name}: {_difference(asked, arrived)}"


def _is_of(home: Realm, person: int, realm: RealmRecord) -> bool:
    foreign = home.server.store.foreign_person(person)
    return foreign is not None and foreign.realm == realm.realm


def _check_own(realm: Realm, home: Realm, copy: Log) -> None:
    """One's own is shown as one's own."""
    strange = [e.name for e in copy.entries if e.name.endswith(f"@{realm.name}@{home.name}")]
    assert not strange, f"{realm.name} does not recognise its own: {strange}"


def _check_members(realm: Realm, home: Realm, number: int, ours: set[int]) -> None:
    back, store = home.of(realm), home.server.store
    assert back is not None
    foreign = (store.foreign_person(person) for person in store.members(number))
    there = {
        int.from_bytes(one.theirs) for one in foreign if one is not None and one.realm == back.realm
    }
    assert there == ours, f"members from {realm.name} at {home.name}: {there}, here {ours}"


def _own_members(realm: Realm, mirror: Mirror) -> set[int]:
    store = realm.server.store
    return {p for p in store.members(mirror.conversation) if store.foreign_person(p) is None}


# --- everything that is anywhere ---


def _check_origins(rooms: Rooms) -> None:
    """I5: nothing stands anywhere that nobody said."""
    said = {text for one in rooms.realms.clients for text in one.said}
    found = {entry.text for entry in _everything(rooms) if entry.kind is EntryKind.TEXT}
    assert found <= said, f"I5: nobody said {list(found - said)[:3]}"


def _everything(rooms: Rooms) -> Iterable[Entry]:
    for logs in rooms.logs.values():
        for log in logs.values():
            yield from log.entries


def notes(rooms: Rooms, realm: Realm) -> dict[FileNote, list[int]]:
    """The files that stand in logs of a realm, and where."""
    found: dict[FileNote, list[int]] = {}
    for number, log in rooms.logs[realm.name].items():
        if log.record is not None and log.record.kind is ConversationKind.OUTGOING:
            continue
        for entry in log.entries:
            if entry.kind is EntryKind.FILE:
                found.setdefault(FileNote.decode(entry.text), []).append(number)
    return found
