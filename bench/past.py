"""A store with a past, for benchmarks: accounts, groups, private conversations, many messages.

Made by the store itself, in large transactions. It is the same whenever it is made in one size, but
for keys and times, and so whoever measures can name what is in it.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import rig  # noqa: F401 - makes the modules of the programs known

from auth import fold_name, skeleton
from auth_scram import MIN_ITERATIONS, SALT_SIZE, make_credentials
from conversation import NO_TAG, ROOM, Entry, EntryKind
from records import AccountRecord, Credentials
from storage import Storage
from wordlist import WORDS

ACCOUNT_PASSWORD = "nasi goreng"  # of every account
AT_ONCE = 20_000  # messages in a transaction
INDEXED_AT_ONCE = 4_096  # entries
APART = 60_000  # ms from one message to the next
WORDS_EACH = 12  # of a message, about 80 bytes
GROUPS_EACH = 5  # of somebody who is not much there
PARTNERS = 10  # with whom somebody busy talks alone


@dataclass(frozen=True)
class Past:
    """How much there was. ``busy``: so many of the accounts belong to a lot of conversations."""

    accounts: int
    groups: int
    messages: int
    busy: int
    busy_groups: int  # of each of them


def account_name(index: int) -> str:
    return f"orang {index}"


def partner_of(index: int, place: int, past: Past) -> int:
    """With whom account ``index``, if it is a busy one, talks alone; ``place`` below PARTNERS."""
    return (index + past.busy + place * past.busy) % past.accounts


def search_words(turn: int) -> str:
    """What somebody looks for: a word that is said often, two, a rare one, a beginning."""
    often, seldom = WORDS[turn % 8], WORDS[-1 - turn * 7 % 500]
    return (often, f"{often} {WORDS[8 + turn % 30]}", seldom, seldom[:2])[turn % 4]


def make(folder: Path, past: Past) -> None:
    """Fills an empty folder."""
    begin = int(time.time() * 1000) - past.messages * APART
    store = Storage.open(folder, random_bytes=secrets.token_bytes, now_utc_ms=begin)
    with closing(store):
        people = _add_accounts(store, past, begin)
        places = _add_conversations(store, past, people)
        _say(store, past, places, begin)
        _read(store, past, people)
        while store.index_some(INDEXED_AT_ONCE):
            pass


def _add_accounts(store: Storage, past: Past, at: int) -> list[int]:
    salt = secrets.token_bytes(SALT_SIZE)
    keys = make_credentials(ACCOUNT_PASSWORD, salt, MIN_ITERATIONS)
    credentials = Credentials(salt, MIN_ITERATIONS, *keys)
    people = [secrets.randbits(62) + 1 for _ in range(past.accounts)]
    for index, person in enumerate(people):
        name = account_name(index)
        record = AccountRecord(person, name, "", "Indonesia", at, credentials)
        store.add_account(record, fold_name(name), skeleton(name))
    store.commit()
    return people


@dataclass(frozen=True)
class _Places:
    """Where is spoken, and who may speak there."""

    groups: list[tuple[int, list[int]]]
    pairs: list[tuple[int, list[int]]]
    people: list[int]


def _add_conversations(store: Storage, past: Past, people: list[int]) -> _Places:
    groups: list[tuple[int, list[int]]] = []
    for index in range(past.groups):
        name = f"grup {index}"
        groups.append((store.add_group(name, fold_name(name), skeleton(name)), []))
    for index, person in enumerate(people):
        count = past.busy_groups if index < past.busy else GROUPS_EACH
        for place in range(min(count, past.groups)):
            group, members = groups[(index * 7 + place) % past.groups]
            store.add_member(group, person)
            members.append(person)
    pairs: list[tuple[int, list[int]]] = []
    for index in range(past.busy):
        for place in range(PARTNERS):
            two = [people[index], people[partner_of(index, place, past)]]
            pairs.append((store.add_private(*two), two))
    store.commit()
    return _Places(groups, pairs, people)


def _say(store: Storage, past: Past, places: _Places, begin: int) -> None:
    """A fifth in the room, a fifth between two people, the rest in the groups."""
    names = {person: account_name(index) for index, person in enumerate(places.people)}
    chance = _chance()
    groups = [group for group in places.groups if group[1]]
    for first, last in pairwise([*range(0, past.messages, AT_ONCE), past.messages]):
        for number in range(first, last):
            conversation, members = ROOM, places.people
            if number % 5:
                some = places.pairs if number % 5 == 1 else groups
                conversation, members = some[number // 5 % len(some)]
            person = members[int(next(chance) * len(members))]
            text = " ".join(_word(next(chance)) for _ in range(WORDS_EACH))
            at = begin + number * APART
            entry = Entry(NO_TAG, EntryKind.TEXT, at, person, names[person], text)
            store.append(conversation, entry)
        store.commit()
        store.write_along()
        while (chore := store.next_chore()) is not None:
            chore()


def _word(chance: float) -> str:
    """Few are said often, as in any language."""
    return WORDS[int(len(WORDS) * chance**3)]


def _read(store: Storage, past: Past, people: list[int]) -> None:
    """The busy have seen half of everything."""
    for person in people[: past.busy]:
        for conversation in (ROOM, *store.conversations_of(person)):
            store.set_read(person, conversation, store.head(conversation).number // 2)
    store.commit()


def _chance() -> Iterator[float]:
    """Numbers in [0, 1) that look like chance and are the same each time (Knuth's MMIX)."""
    state = 2_024
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        yield (state >> 11) / (1 << 53)
