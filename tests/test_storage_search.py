"""Search: words and never queries, the same before and after indexing, only where one belongs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_parts import ALL, ANA, BUDI, CITRA, NOW, fresh_folder, open_store
from store_parts import text as said

from conversation import FIRST_CHAIN, ROOM, Entry, EntryKind, FileNote, next_chain, text_offset
from records import Hit
from storage import Storage
from storage_schema import DATABASE_NAME, Database
from storage_search import BATCH, MOST_ENDINGS
from storage_tables import MIGRATIONS

pytestmark = pytest.mark.uncounted


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    with closing(open_store(folder)) as store:
        yield store


def say(store: Storage, *texts: str, conversation: int = ROOM) -> None:
    for words in texts:
        store.append(conversation, said(words))
    store.commit()


def index_all(store: Storage) -> None:
    """All that was said so far: a few entries always wait for more, which come elsewhere."""
    elsewhere = store.add_private(1, 1 + Random(store.head(ROOM).chain).getrandbits(60))
    say(store, *["filler"] * BATCH, conversation=elsewhere)
    while store.index_some(BATCH):
        pass


def found(store: Storage, words: str, *conversations: int, limit: int = ALL) -> list[str]:
    hits = store.search_later(words, [*conversations] or [ROOM], limit)()
    return [hit.entry.text for hit in hits]


@pytest.fixture(params=[False, True], ids=["waiting", "indexed"])
def is_indexed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# --- what is found ---


def test_a_file_is_found_by_its_name(store: Storage, is_indexed: bool) -> None:
    note = FileNote(b"\xab" * 32, 4096, "Laporan_akhir 2026.pdf").encode()
    store.append(ROOM, said(note)._replace(kind=EntryKind.FILE))
    store.commit()
    if is_indexed:
        index_all(store)

    assert found(store, "laporan pdf") == found(store, "akhir") == [note]
    assert found(store, "abab") == found(store, "4096") == []


def test_a_hit_says_where_it_stands(store: Storage, is_indexed: bool) -> None:
    group = store.add_group("Bola", "bola", "bola")
    say(store, "satu", "dua")
    say(store, "tiga dua", conversation=group)
    if is_indexed:
        index_all(store)

    hits = store.search_later("dua", [ROOM, group], 10)()

    assert hits == [Hit(group, 1, said("tiga dua")), Hit(ROOM, 2, said("dua"))]


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("nasi", True),
        ("NASI", True),
        ("goreng nasi", True),
        ("goren", True),
        ("g", True),
        ("goren nasi", False),  # only the last word may go on
        ("oreng", False),
        ("Café", True),
        ("cafe", True),
        ("caf", True),
        ("o'clock", True),
        ("clock o", True),
        ("10:30", True),
        ("10 30", True),
        ("30:10", False),  # one word typed: its parts follow each other
        ("日", True),
        ("日本", True),
        ("本", False),  # the tokenizer takes a run of such characters for one word
        ("naik!", True),
        ("!", False),
        ("", False),
        (" \t\n ", False),
    ],
)
def test_words_are_found_whatever_their_case_and_accents(
    store: Storage, is_indexed: bool, words: str, is_found: bool
) -> None:
    say(store, "Nasi goreng café, 10:30 o'clock 日本語 - naik!", "lain")
    if is_indexed:
        index_all(store)

    assert len(found(store, words)) == is_found


# fmt: off
SYNTAX = [
    '"', '""', '"""', '"nasi', 'nasi"', 'na"si', "*", "nasi*", "-", "-nasi", "^nasi", "nasi + x",
    "NEAR", "NEAR(nasi goreng)", "nasi OR lain", "nasi AND", "NOT nasi", "(", ")", "nasi)",
    "text : nasi", "{text} : nasi", "conversation:c1", "c1", "'; DROP TABLE entries; --",
    "\0", "nasi\0", '\0"', "\ufeff", "\ue000", "%", "_", "\\",
    "x" * 70_000, '" ' * 500, "a " * 500, "a-" * 500,
]
# fmt: on


@pytest.mark.parametrize("words", SYNTAX)
def test_syntax_of_the_index_is_nothing_but_words(
    store: Storage, is_indexed: bool, words: str
) -> None:
    say(store, "nasi goreng", "lain")
    if is_indexed:
        index_all(store)

    plain = "".join(character if character.isalnum() else " " for character in words).split()
    assert found(store, words) == (["nasi goreng"] if plain == ["nasi"] else [])


def test_operators_are_words_that_can_be_said(store: Storage, is_indexed: bool) -> None:
    say(store, "near or far and not here", "far")
    if is_indexed:
        index_all(store)

    assert found(store, "OR NOT NEAR") == ["near or far and not here"]


def test_joining_leaving_and_new_names_are_not_what_somebody_said(
    store: Storage, is_indexed: bool
) -> None:
    for kind in (EntryKind.JOINED, EntryKind.LEFT, EntryKind.RENAMED, EntryKind.NOTICE):
        store.append(ROOM, Entry(bytes(8), kind, NOW, ANA, "Ana", "nasi"))
    say(store, "nasi")
    if is_indexed:
        index_all(store)

    hits = store.search_later("nasi", [ROOM], 10)()

    assert [hit.entry.kind for hit in hits] == [EntryKind.TEXT]


def test_nobody_finds_what_was_said_where_they_do_not_belong(
    store: Storage, is_indexed: bool
) -> None:
    open_place = store.add_group("Bola", "bola", "bola")
    ours, theirs = store.add_private(ANA, BUDI), store.add_private(ANA, CITRA)
    for conversation in (ROOM, open_place, ours, theirs):
        say(store, f"rahasia {conversation}", conversation=conversation)
    if is_indexed:
        index_all(store)

    assert found(store, "rahasia", ROOM, ours) == [f"rahasia {ours}", f"rahasia {ROOM}"]
    assert found(store, "rahasia", theirs) == [f"rahasia {theirs}"]
    assert found(store, f"c{theirs}", ROOM, ours, theirs) == []
    assert store.search_later("rahasia", [], 10)() == []


def test_the_newest_come_first_and_no_more_than_asked_for(store: Storage) -> None:
    texts = [f"teks {number}" for number in range(3 * BATCH)]
    say(store, *texts[: 2 * BATCH])
    while store.index_some(BATCH):
        pass
    say(store, *texts[2 * BATCH :])  # these are not indexed

    assert found(store, "teks") == texts[::-1]
    assert found(store, "teks", limit=BATCH + 5) == texts[::-1][: BATCH + 5]
    assert found(store, "teks", limit=5) == texts[::-1][:5]


@pytest.mark.parametrize("count", [0, 1, MOST_ENDINGS, MOST_ENDINGS + 1])
def test_a_beginning_finds_all_words_that_begin_so_however_many_there_are(
    store: Storage, is_indexed: bool, count: int
) -> None:
    texts = [f"Makan{number:03d} nasi" for number in range(count)]
    say(store, "maka", *texts, "maki")
    if is_indexed:
        index_all(store)

    assert found(store, "makan") == texts[::-1]
    assert found(store, "nasi MAKAN") == texts[::-1]
    assert found(store, "makan makan") == []


def test_long_texts_are_found_as_well(store: Storage, is_indexed: bool) -> None:
    say(store, *[f"{number} {'x ' * 31_990} akhir" for number in range(BATCH - 1)])
    if is_indexed:
        index_all(store)

    assert len(found(store, "akhir")) == BATCH - 1


# --- against a plain list ---

plain_words = st.lists(
    st.sampled_from(["a", "ab", "abc", "b", "ba", "Ab", "ABC", "c1", "c2"]), min_size=1, max_size=4
)
messages = st.lists(st.tuples(st.integers(0, 2), plain_words), max_size=25)


@given(messages, messages, plain_words, st.sets(st.integers(0, 2)), st.integers(1, 10))
def test_any_search_finds_what_a_plain_list_would(
    early: list[tuple[int, list[str]]],
    late: list[tuple[int, list[str]]],
    words: list[str],
    places: set[int],
    limit: int,
) -> None:
    with fresh_folder() as folder, closing(open_store(folder)) as store:
        conversations = [ROOM, store.add_private(ANA, BUDI), store.add_group("b", "b", "b")]
        for place, text in early:
            say(store, " ".join(text), conversation=conversations[place])
        index_all(store)
        for place, text in late:
            say(store, " ".join(text), conversation=conversations[place])

        hits = store.search_later(" ".join(words), [conversations[at] for at in places], limit)()

        *whole, beginning = (word.lower() for word in words)
        expected = [
            (conversations[place], " ".join(text))
            for place, text in (early + late)[::-1]
            if place in places
            and {word.lower() for word in text} >= set(whole)
            and any(word.lower().startswith(beginning) for word in text)
        ]
        assert [(hit.conversation, hit.entry.text) for hit in hits] == expected[:limit]


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(any_text, min_size=1, max_size=5), any_text)
def test_any_text_is_searched_without_complaint_and_alike_before_and_after_indexing(
    texts: list[str], words: str
) -> None:
    with fresh_folder() as folder, closing(open_store(folder)) as store:
        say(store, *texts)

        before = [found(store, asked) for asked in (words, *texts)]
        index_all(store)

        assert [found(store, asked) for asked in (words, *texts)] == before


# --- indexing ---


def indexed_rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as database:
        ((rows,),) = database.execute("SELECT count(*) FROM words WHERE words MATCH 'teks'")
        return int(rows)


def test_indexing_waits_for_a_batch_and_takes_no_more_than_allowed(
    store: Storage, folder: Path
) -> None:
    say(store, *["teks"] * (BATCH - 1))
    assert not store.index_some(10)
    assert indexed_rows(folder) == 0

    say(store, *["teks"] * 11)
    assert store.index_some(10)
    assert indexed_rows(folder) == 10
    assert not store.index_some(10)
    assert indexed_rows(folder) == 20
    assert not store.index_some(10)
    assert indexed_rows(folder) == 20
    assert len(found(store, "teks")) == BATCH + 10


def test_long_texts_are_indexed_a_few_at_a_time(store: Storage, folder: Path) -> None:
    say(store, *["teks " * 6000] * (BATCH + 3))

    assert store.index_some(2 * BATCH)

    assert indexed_rows(folder) == 3


def test_nothing_is_indexed_while_a_turn_is_open(store: Storage, folder: Path) -> None:
    say(store, *["teks"] * BATCH)
    store.append(ROOM, said("teks"))

    assert store.index_some(BATCH)
    assert indexed_rows(folder) == 0
    store.rollback()

    assert not store.index_some(BATCH)
    assert indexed_rows(folder) == BATCH


def test_what_was_indexed_before_a_restart_is_not_indexed_again(folder: Path) -> None:
    for run in range(1, 4):
        with closing(open_store(folder)) as store:
            say(store, *["teks"] * BATCH)
            while store.index_some(7):
                pass
            assert len(found(store, "teks")) == run * BATCH

    assert 2 * BATCH < indexed_rows(folder) <= 3 * BATCH


def test_on_a_full_disk_nothing_is_indexed_and_all_is_found(folder: Path) -> None:
    chance = Random(1)
    with closing(open_store(folder)) as store:
        say(store, *(f"teks {chance.randbytes(900).hex(' ')}" for _ in range(BATCH)))
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as database:
        ((pages,),) = database.execute("PRAGMA page_count")

    with closing(open_store(folder, max_pages=pages + 2)) as store:
        assert not store.index_some(BATCH)
        assert indexed_rows(folder) == 0

        assert len(found(store, "teks")) == BATCH
        say(store, "teks")
        assert len(found(store, "teks")) == BATCH + 1


def test_the_history_of_an_older_database_is_found_once_it_is_indexed(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    count, chain = 6_000, FIRST_CHAIN
    with closing(Database(folder / DATABASE_NAME, migrations=MIGRATIONS[:3])) as old:
        old.set_meta("room_id", b"r" * 16)
        old.write("INSERT INTO conversations VALUES (?, 1, '')", (ROOM,))
        for number in range(1, count + 1):
            body = said(f"teks {number}").encode()
            chain = next_chain(chain, body)
            row = (number, ROOM, number, int(EntryKind.TEXT), text_offset(body), chain, body)
            old.write("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        old.write("INSERT INTO people VALUES (?, 'Ana', 0, 0)", (ANA,))
        old.write("INSERT INTO tokens VALUES (?, ?, ?)", (b"t" * 32, ANA, NOW))
        old.commit()

    with closing(open_store(folder)) as store:
        assert store.head(ROOM).number == count
        assert found(store, "teks 6000") == ["teks 6000"]
        assert found(store, "teks 77") == []  # so old that it waits for the index
        while store.index_some(1000):
            pass

        assert found(store, "teks 77") == [f"teks {number}" for number in range(779, 769, -1)] + [
            "teks 77"
        ]
        assert store.use_token(b"t" * 32, NOW, NOW) == ANA
        assert store.use_token(b"t" * 32, NOW + 1, NOW + 1) is None
