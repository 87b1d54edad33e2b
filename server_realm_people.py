"""People of other realms, as they are known here: their names, and that there are not too many.

Band: cores. A realm may call its people what it likes, as long as that is a name here too; what it
says of them is believed of its own people alone, and shows behind the @.
"""

from collections.abc import Callable
from dataclasses import replace

from auth import NameInvalid, NameReason, fold_name, normalise_name
from protocol import RuangError
from realms import PERSON_SIZE, at_realm, is_alias, split_realm
from records import ForeignPerson, PersonRecord, Store
from settings import Limits

# Of those that somebody asked for while their realm could not tell whether there are any:
MOST_AWAITED = 200  # in one realm
MOST_AWAITED_BY_ONE = 20  # and by one of ours
UNMET_SHARE = 2  # of all people of a realm, this part may be nothing but names: ours made them up


class TooManyError(RuangError):
    """No more people of that realm are taken."""


class Foreigners:
    """Knows who is who in other realms; writes into the open transaction."""

    def __init__(self, store: Store, limits: Limits, random_bytes: Callable[[int], bytes]) -> None:
        self._store = store
        self._limits = limits
        self._random_bytes = random_bytes

    def know(self, realm: int, alias: str, theirs: bytes, name: str) -> ForeignPerson:
        """Somebody by their number there, and what they are called there now.

        Raises NameInvalid, TooManyError.
        """
        known = self.find(realm, theirs, name)
        if known is None:
            return self._add(ForeignPerson(self._new(realm), realm, theirs, name), alias)
        return self._update(replace(known, theirs=theirs, name=name), known, alias)

    def find(self, realm: int, theirs: bytes, name: str) -> ForeignPerson | None:
        """Somebody of that number and name, if they are known. Raises NameInvalid."""
        check_name(name)
        known = self._store.foreign_person_there(realm, theirs)
        if known is None:  # perhaps somebody asked for that name while the realm was away
            named = self._store.foreign_people(realm, fold_name(name))
            known = next((one for one in named if not one.theirs), None)
        return known

    def named(self, realm: int, alias: str, name: str, asker: int) -> ForeignPerson:
        """Whoever is called so there, as far as we know. Raises NameInvalid, TooManyError."""
        check_name(name)
        known = self._store.foreign_people(realm, fold_name(name))
        if known:
            return known[0]
        unmet, awaited, by_asker = self._store.count_unmet_people(realm, asker)
        if (
            unmet >= max(1, self._limits.realm_people // UNMET_SHARE)
            or awaited >= MOST_AWAITED
            or by_asker >= MOST_AWAITED_BY_ONE
        ):
            raise TooManyError("no more names in that realm")
        return self._add(ForeignPerson(self._new(realm), realm, b"", name), alias)

    def _new(self, realm: int) -> int:
        if self._store.count_foreign_people(realm) >= self._limits.realm_people:
            raise TooManyError("no more people of that realm")
        return int.from_bytes(self._random_bytes(PERSON_SIZE), "big") >> 1 or 1

    def _add(self, person: ForeignPerson, alias: str) -> ForeignPerson:
        self._store.save_foreign_person(person, fold_name(person.name))
        self._show(person, alias)
        return person

    def _update(self, person: ForeignPerson, known: ForeignPerson, alias: str) -> ForeignPerson:
        if person != known:
            self._store.save_foreign_person(person, fold_name(person.name))
        self._show(person, alias)
        return person

    def _show(self, person: ForeignPerson, alias: str) -> None:
        """The realm may be called otherwise than it was; what was said keeps the old name."""
        shown, record = at_realm(person.name, alias), self._store.person(person.person)
        if record is None or record.name != shown:
            self._store.save_person(PersonRecord(person.person, shown, is_present=False))


def check_name(name: str) -> None:
    """Whether a realm can have somebody of that name: name, or name@realm of its own neighbours.

    With the @ and what that realm is called here it fits into an entry. Raises NameInvalid.
    """
    local, neighbour = split_realm(name)
    if normalise_name(local) != local or (local != name and not is_alias(neighbour)):
        raise NameInvalid(NameReason.CHARACTER)
