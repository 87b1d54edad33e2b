"""What realms are called here: no name that another realm bears or bore, or that looks like one."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from store_parts import open_store

from auth import skeleton
from records import ForeignPerson, PersonRecord, RealmRecord
from server_realm_records import RealmRecords
from server_turn import Turn
from settings import Limits
from storage import Storage

THEIRS, OTHER = b"t" * 32, b"o" * 32
LOOKALIKES = ["kampus", "Kampus", "k\u0430mpus", "KAMPU\u0405", "kampus\u3164", "karnpus"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Storage]:
    """With a realm that is called kampus."""
    with closing(open_store(tmp_path)) as opened:
        opened.save_realm(RealmRecord(0, THEIRS, "kampus", added_at=1, seen_at=1), "kampus")
        yield opened


def known(store: Storage) -> RealmRecords:
    records = RealmRecords(store, Turn(store, print), Limits(), "Kelas 7B")
    records.load()
    return records


def rename(store: Storage, name: str) -> None:
    (record,) = store.realms()
    store.save_realm(replace(record, name=name), name.casefold())


def meet_somebody(store: Storage) -> None:
    """One of the realm's people has spoken here."""
    (record,) = store.realms()
    store.save_person(PersonRecord(77, f"bob@{record.name}", is_present=False))
    store.save_foreign_person(ForeignPerson(77, record.realm, b"12345678", "bob"), "bob")


@pytest.mark.parametrize("wish", LOOKALIKES)
def test_what_looks_like_the_name_of_a_dropped_realm_is_free_for_that_realm_alone(
    store: Storage, wish: str
) -> None:
    store.drop_realm(store.realms()[0].realm)
    records = known(store)

    assert skeleton(records.free_name(wish, OTHER)) == skeleton("kampus-2")
    assert not records.may_be_named(wish, OTHER)
    assert records.free_name(wish, THEIRS) == wish
    assert records.may_be_named(wish, THEIRS)


@pytest.mark.parametrize("wish", LOOKALIKES)
def test_so_is_what_looks_like_a_name_that_its_people_bore(store: Storage, wish: str) -> None:
    meet_somebody(store)
    rename(store, "lain")
    records = known(store)

    assert not records.may_be_named(wish, OTHER)
    assert records.may_be_named(wish, THEIRS)


def test_a_former_name_is_compared_as_it_was_shown(store: Storage) -> None:
    """A capital Eta looks like an H, a small one does not."""
    rename(store, "\u0397ome")
    meet_somebody(store)
    rename(store, "lain")

    assert not known(store).may_be_named("home", OTHER)
    assert not known(store).may_be_named("\u03b7ome", OTHER)


def test_a_nameless_rival_makes_way_but_not_for_the_name_of_our_own_room(store: Storage) -> None:
    records = known(store)

    assert records.may_be_named("k\u0430mpus", OTHER)
    assert not records.may_be_named("kelas-7b", OTHER)
    assert records.free_name("kelas-7b", OTHER) == "kelas-7b-2"
