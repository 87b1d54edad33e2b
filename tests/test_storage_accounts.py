"""Accounts: names that are kept for good, other passwords, tokens that live longer than guests'."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_parts import ANA, BUDI, NOW, account, fresh_folder, open_store

from protocol import LocalError
from records import Credentials, PersonRecord
from storage import Storage
from storage_records import ACCOUNT_TOKEN_LIFE, GUEST_TOKEN_LIFE

pytestmark = pytest.mark.uncounted

TOKEN, OTHER = b"t" * 32, b"o" * 32


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    with closing(open_store(folder)) as store:
        yield store


def add(store: Storage, *names: str) -> None:
    """Accounts of people 1, 2, 3 ..., whose names look like themselves."""
    for person, name in enumerate(names, start=1):
        store.add_account(account(person, name), name.lower(), f"looks {name.lower()}")


# --- names ---


def test_an_account_is_found_by_person_and_by_name(store: Storage) -> None:
    ana = account(ANA, "Ana")

    store.add_account(ana, "ana", "aпa")

    assert store.account(ANA) == ana
    assert store.account_named("ana") == ana
    assert store.account(BUDI) is None
    assert store.account_named("Ana") is None


def test_a_name_is_an_account_s_by_fold_and_by_looks(store: Storage) -> None:
    store.add_account(account(ANA, "Ana"), "ana", "aпa")

    assert store.is_account_name("ana", "?")
    assert store.is_account_name("?", "aпa")
    assert not store.is_account_name("aпa", "ana")
    assert not store.is_account_name("", "")


def test_nothing_is_added_for_a_name_or_a_person_that_has_an_account(store: Storage) -> None:
    store.add_account(account(ANA, "Ana"), "ana", "looks")

    for again in (
        (account(ANA, "Anna"), "anna", "another"),
        (account(BUDI, "ANA"), "ana", "another"),
        (account(BUDI, "Ana2"), "ana2", "looks"),
    ):
        with pytest.raises(LocalError):
            store.add_account(*again)

    assert store.account_names("", 10) == ["Ana"]


def test_who_gets_an_account_is_an_account_s_person_present_or_not(store: Storage) -> None:
    store.save_person(PersonRecord(1, "Ana", is_present=True))

    add(store, "Ana", "Budi")

    assert store.person(1) == PersonRecord(1, "Ana", is_present=True, is_account=True)
    assert store.person(2) == PersonRecord(2, "Budi", is_present=False, is_account=True)


def test_names_come_in_order_from_where_they_begin_so(store: Storage) -> None:
    add(store, "budi", "Ana", "anaïs", "anak", "an%", "an_", "zoë", "\U0001f600")

    assert store.account_names("an", 10) == ["an%", "an_", "Ana", "anak", "anaïs"]
    assert store.account_names("an", 1) == ["an%"]
    assert store.account_names("an%", 10) == ["an%"]
    assert store.account_names("\U0001f600", 10) == ["\U0001f600"]
    assert store.account_names("b\0", 10) == []


folded_names = st.text(st.characters(categories=["L", "N", "So", "Mn"]), min_size=1, max_size=4)


@given(st.sets(folded_names, max_size=20), folded_names, st.integers(1, 5))
def test_any_beginning_finds_what_a_plain_list_would(
    names: set[str], prefix: str, limit: int
) -> None:
    with fresh_folder() as folder, closing(open_store(folder)) as store:
        for person, name in enumerate(names, start=1):
            store.add_account(account(person, name), name, name)

        found = store.account_names(prefix, limit)

    assert found == sorted(name for name in names if name.startswith(prefix))[:limit]


# --- passwords ---


def test_another_password_takes_the_place_of_the_first(store: Storage) -> None:
    add(store, "Ana", "Budi")
    code = Credentials(b"other salt", 4096, b"S" * 32, b"K" * 32, expires_at=NOW + 1)

    store.save_credentials(1, code)

    assert store.account(1) == replace(account(1, "Ana"), credentials=code)
    assert store.account(2) == account(2, "Budi")


def test_a_password_for_nobody_is_our_defect(store: Storage) -> None:
    with pytest.raises(LocalError):
        store.save_credentials(ANA, account(ANA, "Ana").credentials)


def test_keys_are_not_shown() -> None:
    shown = repr(account(ANA, "Ana"))

    assert "ssss" not in shown
    assert "kkkk" not in shown


# --- tokens ---


def test_one_device_s_token_goes_and_the_others_stay(store: Storage) -> None:
    store.save_token(TOKEN, 1, NOW)
    store.save_token(OTHER, 1, NOW)

    store.drop_token(TOKEN)
    store.drop_token(TOKEN)

    assert store.use_token(TOKEN, 0, NOW) is None
    assert store.use_token(OTHER, 0, NOW) == 1


@pytest.mark.parametrize(
    ("is_account", "unused", "counts"),
    [
        (False, GUEST_TOKEN_LIFE, True),
        (False, GUEST_TOKEN_LIFE + 1, False),
        (True, GUEST_TOKEN_LIFE + 1, True),
        (True, ACCOUNT_TOKEN_LIFE, True),
        (True, ACCOUNT_TOKEN_LIFE + 1, False),
    ],
)
@pytest.mark.parametrize("is_cleaned", [False, True])
def test_an_account_s_token_lives_longer_than_a_guest_s(
    store: Storage, is_account: bool, unused: int, counts: bool, is_cleaned: bool
) -> None:
    if is_account:
        add(store, "Ana")
    store.save_token(TOKEN, 1, NOW)
    then = NOW + unused

    if is_cleaned:
        store.forget_old(then)
    whose = store.use_token(TOKEN, then - GUEST_TOKEN_LIFE, then)

    assert whose == (1 if counts else None)


def test_each_use_lengthens_the_life_of_a_token(store: Storage) -> None:
    add(store, "Ana")
    store.save_token(TOKEN, 1, NOW)

    for uses in (1, 2, 3):
        then = NOW + uses * ACCOUNT_TOKEN_LIFE
        store.forget_old(then)
        assert store.use_token(TOKEN, then - GUEST_TOKEN_LIFE, then) == 1


def test_tokens_of_a_guest_who_becomes_an_account_live_as_an_account_s(store: Storage) -> None:
    store.save_person(PersonRecord(1, "Ana", is_present=True))
    store.save_token(TOKEN, 1, NOW)

    add(store, "Ana")
    store.forget_old(NOW + ACCOUNT_TOKEN_LIFE)

    assert store.use_token(TOKEN, NOW + ACCOUNT_TOKEN_LIFE, NOW + ACCOUNT_TOKEN_LIFE) == 1


# --- turns and restarts ---


def test_an_account_of_a_turn_that_failed_was_never_there(store: Storage) -> None:
    add(store, "Ana")
    store.rollback()

    assert store.account(1) is None
    assert store.person(1) is None
    assert not store.is_account_name("ana", "looks ana")
    add(store, "Ana")
    store.commit()


def test_accounts_outlive_a_restart(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        add(store, "Ana", "Budi")
        store.save_token(TOKEN, 2, NOW)
        store.commit()
        store.add_account(account(ANA, "Citra"), "citra", "citra")  # never committed

    with closing(open_store(folder)) as store:
        assert store.account(1) == account(1, "Ana")
        assert store.account_names("", 10) == ["Ana", "Budi"]
        assert store.use_token(TOKEN, NOW + 1, NOW + 1) == 2
