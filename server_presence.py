"""Who is here, as a table with versions: what changed goes to everybody, who missed much asks.

Band: cores. Kept in memory: a new run of the server is a new epoch.
Source: docs/protocol.md.
"""

from dataclasses import replace

from conversation import PEOPLE, Person, Presence
from protocol import Code, JsonValue
from protocol_frames import EntryPart
from protocol_requests import Fields

KEPT_CHANGES = 1024
PAGE = 300  # people in one answer: at most 64 kB with the longest names
GATHER = 0.25  # s within which changes of one person become one


class Presences:
    """The table, its newest changes and its pages."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.version = 0
        self.is_urgent = False  # what changed is not gathered any longer
        self._people: dict[int, Person] = {}
        self._dirty: dict[int, Person] = {}  # as they will be told next; GONE ones too
        self._changes: list[Person] = []  # the newest, up to self.version

    def __len__(self) -> int:
        return len(self._people)

    def get(self, person: int) -> Person | None:
        """As it is now, told or not."""
        return self._people.get(person)

    def set(self, person: Person) -> None:
        """Somebody came, changed, or (GONE) left."""
        if self._people.get(person.person) == person:
            return
        if person.presence is Presence.GONE:
            self._people.pop(person.person, None)
        else:
            self._people[person.person] = person
        self._dirty[person.person] = person

    def set_round_trip(self, person: int, seconds: float) -> None:
        """Told along with the next change only: round trips alone are not worth a datagram each."""
        known = self._people.get(person)
        if known is not None:
            self._people[person] = replace(known, round_trip_ms=max(1, round(seconds * 1000)))

    def hurry(self) -> None:
        """Somebody asked for what changed last, and may look at once whether it came about."""
        self.is_urgent = bool(self._dirty)

    @property
    def has_changes(self) -> bool:
        return bool(self._dirty)

    def take_changes(self) -> list[bytes]:
        """The ENTRY frames of what changed since the last call."""
        self.is_urgent = False
        frames: list[bytes] = []
        for person_id, person in self._dirty.items():
            person = self._people.get(person_id, person)
            self.version += 1
            self._changes.append(person)
            body = person.encode(self.epoch)
            frames.append(EntryPart(PEOPLE, self.version, 0, 1, body).encode())
        self._dirty = {}
        del self._changes[:-KEPT_CHANGES]
        return frames

    def answer(self, epoch: int, after: int, start: int) -> tuple[Code, Fields]:
        """PEOPLE: the changes after a version, or else a page of everybody from an id on."""
        fields: Fields = {"epoch": f"{self.epoch:016x}", "version": self.version}
        missed = self.version - after
        if epoch == self.epoch and 0 <= missed <= len(self._changes) and not start:
            newest = self._changes[len(self._changes) - missed :]
            changed = {person.person: person for person in newest}  # the last word on each
            if len(changed) <= PAGE:
                fields["people"] = [_row(person) for person in changed.values()]
                return Code.OK, fields
        ids = sorted(person for person in self._people if person >= start)
        fields["people"] = [_row(self._people[person]) for person in ids[:PAGE]]
        if len(ids) > PAGE:
            fields["next"] = f"{ids[PAGE]:016x}"
        return Code.SNAPSHOT, fields


def _row(person: Person) -> JsonValue:
    return [
        f"{person.person:016x}",
        person.name,
        int(person.presence),
        person.is_account,
        person.round_trip_ms,
    ]
