"""What other realms say, written into our logs: whose it is, what is refused, what came back.

Band: cores. Everything here happens in the open transaction, with the note of how far we have
their log; nothing of it can fail but the disk. No name, no time and no membership of theirs is
believed beyond what they may say.
Source: docs/protocol.md.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from auth import NameInvalid, fold_name
from conversation import (
    NO_TAG,
    TAG_SIZE,
    ConversationKind,
    Entry,
    EntryKind,
    FileNote,
    is_postable_text,
)
from protocol import Code, PeerError
from realms import PERSON_SIZE, SharedLog, Someone, at_realm, split_realm
from records import AwaitedFile, BanKind, ForeignPerson, Mirror, Store, Undelivered
from replication_client import Arrived
from server_conversations import MAX_CONVERSATIONS
from server_people import People
from server_realm_people import Foreigners, TooManyError
from server_rooms import Rooms

MAX_RETURNING = 50_000  # entries of ours that a home has not shown yet: what is remembered of them
READ_BYTES = 256 * 1024
REALMS_SHARE = 2  # of the conversations that somebody may have, others begin this part at most
ENTRY_COST = 100  # bytes that an entry takes beside its words, of all that a realm may leave here
_SAID = frozenset({EntryKind.TEXT, EntryKind.FILE})
_PASSED_ON = _SAID | {EntryKind.JOINED, EntryKind.LEFT}


@dataclass(slots=True)
class _Returning:
    """Where what our people said to a group of another realm stands, until its home shows it."""

    returned: int  # as the store knows
    read_to: int
    repeated: int = 0  # up to here it came back once already, and may come a second time
    places: dict[bytes, list[int]] = field(default_factory=dict)  # ascending, by what was said
    said: OrderedDict[int, bytes] = field(default_factory=OrderedDict)  # the same, by place

    def add(self, number: int, what: bytes) -> None:
        """Read on: it is to come back."""
        self.places.setdefault(what, []).append(number)
        self.said[number] = what
        self.read_to = number

    def drop(self, number: int) -> None:
        """It came back, or never will."""
        what = self.said.pop(number, None)
        if what is None:
            return
        same = self.places[what]
        same.remove(number)
        if not same:
            del self.places[what]

    def drop_to(self, number: int) -> None:
        """A home reads us in order: what stood before has come back too, or never will."""
        while self.said and next(iter(self.said)) <= number:
            self.drop(next(iter(self.said)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose log it is."""

    realm: int
    alias: str  # what that realm is called here
    theirs: int
    refused: int = 0  # what was said up to here we have refused, and its authors know


class Copying:
    """Writes what came. ``is_here(file)``: whether we have all of it; ``largest``: bytes of one."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        people: People,
        foreigners: Foreigners,
        *,
        is_here: Callable[[bytes], bool],
        largest: int,
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._people = people
        self._foreigners = foreigners
        self._is_here = is_here  # a file, on the shelf
        self._largest = largest
        self._too_large: list[tuple[int, FileNote]] = []  # that do not come, with their realms
        self._returning: dict[int, _Returning] = {}  # by mirror
        self._awaiting: set[int] = set()  # realms of whose files one more is awaited
        self._taken = 0  # bytes of theirs that were appended in the call of ``write`` that runs

    def forget(self, realm: int) -> None:
        """A transaction with entries of a realm was undone: what is remembered may be wrong."""
        for mirror in self._store.mirrors(realm):
            self._returning.pop(mirror.conversation, None)

    def take_awaiting(self) -> set[int]:
        """Realms that have another file for us, since the last call."""
        awaiting, self._awaiting = self._awaiting, set()
        return awaiting

    def take_too_large(self) -> list[tuple[int, FileNote]]:
        """Files that do not come, with their realms, since the last call."""
        too_large, self._too_large = self._too_large, []
        return too_large

    # --- which log of theirs goes where ---

    def place(
        self, realm: int, alias: str, log: SharedLog, arrived: Iterable[Arrived] = ()
    ) -> int | Code | None:
        """The conversation here that a log is for; a code: it is refused; None: there is none yet,
        and nobody of theirs speaks in what has arrived of it.
        """
        match log.kind:
            case ConversationKind.PRIVATE:
                has_spoken = any(e.kind in _SAID and "@" not in e.name for _, e in arrived)
                return self._place_private(realm, alias, log, has_spoken)
            case ConversationKind.GROUP:
                mirrors = self._store.mirrors(realm)
                same = (m for m in mirrors if fold_name(m.name) == fold_name(log.name))
                mirror = next(same, None)
                return mirror.conversation if mirror is not None else Code.NO_SUCH_GROUP
            case _:  # OUTGOING
                group = self._store.group_named(fold_name(log.name))
                if group is None or self._store.mirror(group) is not None:
                    return Code.NO_SUCH_GROUP
                return group

    def _place_private(
        self, realm: int, alias: str, log: SharedLog, has_spoken: bool
    ) -> int | Code | None:
        assert log.ours is not None
        assert log.yours is not None
        ours = self.own(log.yours)
        if ours is None:
            return Code.NO_SUCH_USER
        if not log.ours.theirs or "@" in log.ours.name:
            return Code.BAD_REQUEST
        theirs, name = log.ours.theirs, log.ours.name
        try:
            if not has_spoken and self._foreigners.find(realm, theirs, name) is None:
                return None
            other = self._foreigners.know(realm, alias, theirs, name).person
        except NameInvalid:
            return Code.NAME_INVALID
        except TooManyError:
            return Code.SERVER_FULL
        found = self._store.private_between(ours, other)
        if found is not None:
            return found
        if not has_spoken:
            return None
        # Half is for whom they want to talk to. Of the rest a realm takes no more than it leaves,
        # so that none of them keeps the others out.
        left = MAX_CONVERSATIONS // REALMS_SHARE - len(self._store.conversations_of(ours))
        if self._store.count_private(ours, realm) >= left:
            return Code.SERVER_FULL
        return self._store.add_private(ours, other)

    def own(self, someone: Someone) -> int | None:
        """Whom another realm means by somebody of ours."""
        if not someone.theirs:
            return self._people.find(someone.name) if "@" not in someone.name else None
        person = int.from_bytes(someone.theirs, "big")
        if person >> 63 or self._store.person(person) is None:
            return None
        return None if self._store.foreign_person(person) is not None else person

    # --- what is in them ---

    def write(
        self,
        origin: Origin,
        ours: int,
        arrived: Iterable[Arrived],
        known: Collection[bytes],
        at: int,
    ) -> bool:
        """Appends what came of a log; whether all of it was taken. ``known``: tags of what may
        come a second time.
        """
        record = self._store.conversation(ours)
        assert record is not None  # no conversation ends
        self._taken = 0
        mirror = self._store.mirror(ours)
        if record.pair is not None:
            write = self._private(origin, ours, record.pair, at)
        elif mirror is not None:
            write = self._mirrored(origin, mirror, at)
        else:
            write = self._group(origin, ours, at)
        is_all = True
        for number, entry in arrived:
            is_refused = number <= origin.refused and entry.kind in _SAID
            if is_refused or entry.kind not in _PASSED_ON or is_known(entry.tag, known):
                continue
            code = write(entry)
            if code is not Code.OK:
                refusal = Undelivered(origin.realm, origin.theirs, number, code)
                self._store.add_undelivered(refusal)
                is_all = False
        if self._taken:
            self._store.add_realm_bytes(origin.realm, self._taken)
        return is_all

    def _private(
        self, origin: Origin, ours: int, pair: tuple[int, int], at: int
    ) -> Callable[[Entry], Code]:
        """Of what they have of it, what their own side said."""
        one, two = pair
        other = self._store.foreign_person(one) or self._store.foreign_person(two)

        def write(entry: Entry) -> Code:
            if "@" in entry.name or entry.kind not in _SAID:
                return Code.OK  # it came from here
            if other is None or _theirs(entry) != other.theirs:
                return Code.BAD_REQUEST
            person = self._who(origin, entry)
            return (
                person if isinstance(person, Code) else self._say(origin, ours, entry, person, at)
            )

        return write

    def _group(self, origin: Origin, ours: int, at: int) -> Callable[[Entry], Code]:
        """A group of ours, and what people of theirs say to it."""

        def write(entry: Entry) -> Code:
            if "@" in entry.name:
                return Code.NO_WAY_THERE  # a realm speaks for its own people
            person = self._who(origin, entry)
            if isinstance(person, Code):
                return person
            shown = at_realm(person.name, origin.alias)
            is_member = self._store.is_member(ours, person.person)
            if entry.kind is EntryKind.LEFT:
                if is_member:
                    self._rooms.leave(ours, person.person, shown, at)
                    self._charge(entry)
                return Code.OK
            if entry.kind is EntryKind.JOINED:
                if self._people.ban_on(BanKind.ENTER, person.person, shown, "", at) is not None:
                    return Code.BANNED
                self._store.undo_decline(origin.realm, ours)  # it may have lost its copy meanwhile
                if is_member:
                    return Code.OK
                if len(self._store.conversations_of(person.person)) >= MAX_CONVERSATIONS:
                    return Code.SERVER_FULL
                self._rooms.join(ours, person.person, shown, at)
                self._charge(entry)
                return Code.OK
            return self._say(origin, ours, entry, person, at) if is_member else Code.NOT_A_MEMBER

        return write

    def _mirrored(self, origin: Origin, mirror: Mirror, at: int) -> Callable[[Entry], Code]:
        """A group of theirs, whose log is as they say. What our people said comes back in it."""
        copy = mirror.conversation

        def write(entry: Entry) -> Code:
            place = self._take_returned(mirror, entry) if "@" in entry.name else 0
            if place:
                self._append_own(mirror, place, min(entry.sent_at, at))
                return Code.OK
            person = self._who(origin, entry)
            if isinstance(person, Code):
                return Code.OK  # it stands at its home, and is not shown here
            if entry.kind in _SAID:
                said = entry._replace(tag=strange_tag(entry.tag))
                self._say(origin, copy, said, person, at)
                return Code.OK
            if (entry.kind is EntryKind.JOINED) == self._store.is_member(copy, person.person):
                return Code.OK  # told again, by a home that had to begin anew
            shown = at_realm(person.name, origin.alias)
            note = Entry(NO_TAG, entry.kind, min(entry.sent_at, at), person.person, shown)
            if entry.kind is EntryKind.JOINED:
                self._store.add_member(copy, person.person)
            self._store.append(copy, note)
            self._charge(entry)
            if entry.kind is EntryKind.LEFT:
                self._store.drop_member(copy, person.person)
            return Code.OK

        return write

    def _who(self, origin: Origin, entry: Entry) -> ForeignPerson | Code:
        try:
            return self._foreigners.know(origin.realm, origin.alias, _theirs(entry), entry.name)
        except NameInvalid:
            return Code.NAME_INVALID
        except TooManyError:
            return Code.SERVER_FULL

    def _say(self, origin: Origin, ours: int, entry: Entry, person: ForeignPerson, at: int) -> Code:
        """Appends a text or a file, or refuses it."""
        shown = at_realm(person.name, origin.alias)
        if self._people.ban_on(BanKind.ENTER, person.person, shown, "", at) is not None:
            return Code.BANNED
        if self._people.ban_on(BanKind.SPEAK, person.person, shown, "", at) is not None:
            return Code.MUTED
        is_given = True
        if entry.kind is EntryKind.FILE:
            try:
                note = FileNote.decode(entry.text)
            except PeerError:
                return Code.BAD_REQUEST
            if note.size > self._largest and self._store.mirror(ours) is None:
                self._too_large.append((origin.realm, note))
                return Code.FILE_TOO_LARGE  # as to people here; what stands at its home shows
            is_given = self._give(origin.realm, ours, note)
        elif not is_postable_text(entry.text):
            return Code.TEXT_INVALID
        sent_at = min(entry.sent_at, at)  # one from the future would be the time of all after it
        said = Entry(entry.tag, entry.kind, sent_at, person.person, shown, entry.text)
        self._store.append(ours, said, is_given=is_given)
        self._charge(entry)
        return Code.OK

    def _charge(self, entry: Entry) -> None:
        """It stays here, and counts against what its realm may leave. What our own people said and
        hear again, what was refused and what was here already does not.
        """
        self._taken += len(entry.encode()) + ENTRY_COST

    def _give(self, realm: int, ours: int, note: FileNote) -> bool:
        """Whether an entry gives its file to who reads it. A realm may give away what it may read,
        and what it has shown to have, all of it: else a hash would open what is here for others.
        """
        store, record = self._store, self._store.file(note.file)
        if record is not None and record.is_removed:
            return False  # the operator does not want it
        if record is not None and record.size == note.size and self._is_here(note.file):
            may_read = store.may_realm_read_file(note.file, realm)
            if may_read or store.has_brought(note.file, realm):
                return True
        if note.size > self._largest:
            self._too_large.append((realm, note))
            return False
        store.add_awaited_file(AwaitedFile(note.file, note.size, note.name, realm, ours))
        self._awaiting.add(realm)
        return False

    # --- what our people said to a group of theirs, shown by its home ---

    def begin_again(self, ours: int) -> None:
        """A log is read from its first entry: what came back to it comes back again."""
        mirror = self._store.mirror(ours)
        if mirror is not None:
            returned = mirror.returned
            self._returning[mirror.conversation] = _Returning(returned, 0, returned)

    def _take_returned(self, mirror: Mirror, entry: Entry) -> int:
        """The number of ours that its home shows here; 0: none of those it has not shown yet."""
        returning = self._look_at(mirror)
        name, _ = split_realm(entry.name)
        places = returning.places.get(_what(entry, name))
        if not places:
            return 0
        number = places[0]
        returning.drop_to(number)
        if number > returning.returned:
            returning.returned = number
            self._store.set_returned(mirror.conversation, number)
        return number

    def _append_own(self, mirror: Mirror, number: int, sent_at: int) -> None:
        if number <= self._returning[mirror.conversation].repeated:
            return
        found = self._store.read(mirror.outgoing, number, number, READ_BYTES)
        entry = Entry.decode(found[0].body)
        self._store.append(mirror.conversation, entry._replace(sent_at=sent_at))

    def _look_at(self, mirror: Mirror) -> _Returning:
        """With what was said since, as far as it is on disk; home cannot have seen any other."""
        returning = self._returning.get(mirror.conversation)
        if returning is None:
            returned = mirror.returned
            returning = self._returning[mirror.conversation] = _Returning(returned, returned)
        while len(returning.said) < MAX_RETURNING:
            first = returning.read_to + 1
            stored = self._store.read(mirror.outgoing, first, first + 1000, READ_BYTES)
            if not stored:
                break
            for one in stored:
                entry = Entry.decode(one.body)
                returning.add(one.number, _what(entry, entry.name))
        return returning

    def note_refused(self, mirror: Mirror, number: int) -> None:
        """An entry of ours that its home will not show; none that we have not said yet."""
        if number > self._store.head(mirror.outgoing).number:
            return
        returning = self._look_at(mirror)
        returning.drop(number)  # what stood before may still be on its way
        if number == mirror.returned + 1:
            self._store.set_returned(mirror.conversation, number)
            returning.returned = number


def strange_tag(tag: bytes) -> bytes:
    """What marks an entry that a home shows and nobody of ours said. Tags that we send there are no
    secret from it: under one of them, any text would be taken for a draft that has arrived.
    """
    if tag == NO_TAG:
        return tag
    return hashlib.blake2s(b"strange" + tag, digest_size=TAG_SIZE).digest()


def is_known(tag: bytes, known: Collection[bytes]) -> bool:
    """Whether an entry of theirs is one of those whose tags here are known."""
    return tag != NO_TAG and (tag in known or strange_tag(tag) in known)


def _theirs(entry: Entry) -> bytes:
    return entry.person.to_bytes(PERSON_SIZE, "big")


def _what(entry: Entry, name: str) -> bytes:
    """By what an entry is known again. Tags are their authors' to choose, so the text counts."""
    said = entry.text if entry.kind in _SAID else name
    digest = hashlib.blake2s(said.encode(), digest_size=16).digest()
    return entry.tag + bytes([entry.kind]) + digest
