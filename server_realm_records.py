"""The realms that are known here: their records, and what each of them is called.

Band: cores. A realm is its key. Its name here is given by whoever adds it. One that calls us brings
a wish, which is worth less: it takes no name that another realm bears or bore, that looks like one,
or that is ours, and it makes way for whoever is given that name by somebody here.
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from functools import partial

from auth import fold_name, skeleton
from conversation import MAX_REALM
from realms import alias_of, at_realm
from records import RealmRecord, Store
from server_turn import Turn
from settings import Limits

CALLERS_SHARE = 2  # of all realms, this part may have come by themselves: the rest is for ours


class RealmRecords:
    """Those of the store, in memory as they are on disk."""

    def __init__(self, store: Store, turn: Turn, limits: Limits, room_name: str) -> None:
        self._store = store
        self._turn = turn
        self._limits = limits
        self._own = skeleton(alias_of(room_name))
        self._records: dict[int, RealmRecord] = {}

    def load(self) -> None:
        """The server starts."""
        self._records = {record.realm: record for record in self._store.realms()}

    # --- which there are ---

    def all(self) -> Iterable[RealmRecord]:
        """All realms, those that are cut too."""
        return self._records.values()

    def get(self, realm: int) -> RealmRecord | None:
        return self._records.get(realm)

    def named(self, name: str) -> RealmRecord | None:
        """The realm that is called so here, however it is written."""
        folded = fold_name(name)
        return next((one for one in self._records.values() if fold_name(one.name) == folded), None)

    def of_key(self, key: bytes) -> RealmRecord | None:
        return next((record for record in self._records.values() if record.key == key), None)

    def has_room(self, besides: int = 0) -> bool:
        """Whether there may be another realm, with so many that are being added."""
        return len(self._records) + besides < self._limits.realm_links

    def has_room_for_callers(self) -> bool:
        """Whether another one may become a realm by calling: whoever can may make up any number."""
        callers = sum(not record.host for record in self._records.values())
        most = max(1, self._limits.realm_links // CALLERS_SHARE)
        return self.has_room() and callers < most

    # --- changing them ---

    def save(self, record: RealmRecord) -> RealmRecord:
        """Into the open transaction; in memory once it is on disk. Its people and groups are called
        after it."""
        saved = self._store.save_realm(record, fold_name(record.name))
        self._store.name_people_of(saved.realm, at_realm("", saved.name))
        for mirror in self._store.mirrors(saved.realm):
            shown = at_realm(mirror.name, saved.name)
            self._store.name_mirror(mirror, shown, fold_name(shown), skeleton(shown))
        self._turn.when_kept(partial(self._keep, saved))
        return saved

    def _keep(self, record: RealmRecord, _: float) -> None:
        self._records[record.realm] = record

    def note_seen(self, realm: int, at: int, now: float) -> None:
        """Its link came or went. Nothing is lost if the disk does not take it."""
        record = self._records.get(realm)
        if record is not None:
            self._records[realm] = replace(record, seen_at=at)
            self._turn.attempt(partial(self._store.note_realm_seen, realm, at), now)

    def forget(self, realm: int) -> None:
        """It was dropped."""
        self._records.pop(realm, None)

    # --- names ---

    def _taken(self, besides: Container[bytes]) -> frozenset[str]:
        """What names may not look like: ours, those of other realms, and those that others once
        had, for their people still bear them. ``besides``: keys of realms that do not count."""
        names = [name for key, name in self._store.realm_names() if key not in besides]
        return frozenset([self._own, *map(skeleton, names), *map(_folded_look, names)])

    def is_nameless(self, record: RealmRecord) -> bool:
        """Whether its name is its own idea, and nobody here has read or said it: it may change."""
        people = self._store.count_foreign_people(record.realm)
        is_own_idea = not record.host and not record.is_cut
        return is_own_idea and not people and not self._store.mirrors(record.realm)

    def in_the_way(self, name: str, key: bytes) -> list[RealmRecord]:
        """Those that bear a name, or one that looks like it, and would have to give it up."""
        looks = skeleton(name)
        return [
            record
            for record in self._records.values()
            if record.key != key and skeleton(record.name) == looks
        ]

    def may_be_named(self, name: str, key: bytes) -> bool:
        """Whether somebody here may give a realm this name."""
        rivals = self.in_the_way(name, key)
        taken = self._taken({key, *(rival.key for rival in rivals)})
        return not _is_among(name, taken) and all(map(self.is_nameless, rivals))

    def free_name(self, wish: str, key: bytes) -> str:
        """``wish``, or with a number behind it if that is taken."""
        number, name, taken = 1, wish, self._taken({key})
        while _is_among(name, taken):
            number += 1
            end = f"-{number}"
            name = wish[: MAX_REALM - len(end)] + end
        return name


def _folded_look(name: str) -> str:
    """Of the name as it is written small: a capital may look otherwise."""
    return skeleton(fold_name(name))


def _is_among(name: str, looks: frozenset[str]) -> bool:
    return not looks.isdisjoint({skeleton(name), _folded_look(name)})
