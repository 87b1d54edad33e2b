"""Files in the store: which there are, where they were shared, who may have them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from store_parts import ALL, ANA, BUDI, CITRA, INVENTED, NOW, open_store
from store_parts import text as said

from conversation import ROOM, Entry, EntryKind, FileNote
from protocol import LocalError
from records import FileRecord, SharedFile, Stored
from storage import Storage
from storage_archive import ARCHIVE_NAME
from storage_archive_rows import parse
from storage_schema import DATABASE_NAME, Database
from storage_shares import MAY_READ, UNSHARED
from storage_tables import MIGRATIONS

pytestmark = pytest.mark.uncounted

PHOTO = FileNote(sha256(b"photo").digest(), 5, "foto pantai.jpg")
SONG = FileNote(sha256(b"a song").digest(), 6, "lagu.ogg")


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    with closing(open_store(folder)) as store:
        yield store


def share(store: Storage, note: FileNote, conversation: int = ROOM) -> Stored:
    """As Ana posts it."""
    return store.append(conversation, said(note.encode())._replace(kind=EntryKind.FILE))


def record(note: FileNote, person: int = ANA) -> FileRecord:
    return FileRecord(note.file, note.size, person, NOW, name=note.name)


# --- which there are ---


def test_a_file_is_there_until_it_is_removed_and_then_known(store: Storage) -> None:
    assert store.file(PHOTO.file) is None

    store.add_file(record(PHOTO))
    assert store.file(PHOTO.file) == record(PHOTO)
    store.remove_file(PHOTO.file)

    assert store.file(PHOTO.file) == FileRecord(
        PHOTO.file, 5, ANA, NOW, is_removed=True, name=PHOTO.name
    )


def test_who_brings_a_removed_file_is_its_first_again(store: Storage) -> None:
    store.add_file(record(PHOTO, ANA))
    store.add_file(record(PHOTO, BUDI))  # merged with what is here
    assert store.file(PHOTO.file) == record(PHOTO, ANA)

    store.remove_file(PHOTO.file)
    store.add_file(record(PHOTO, BUDI))

    assert store.file(PHOTO.file) == record(PHOTO, BUDI)


def test_a_file_that_is_forgotten_might_never_have_come(store: Storage) -> None:
    for one in (PHOTO, SONG):
        store.add_file(record(one))
        store.bring_file(one.file, ANA)
    store.remove_file(SONG.file)
    for one in (PHOTO, SONG):
        store.forget_file(one.file)
        assert store.file(one.file) is None
        assert not store.has_brought(one.file, ANA)

    assert (store.files_count(), store.files_size(), store.newest_files(9)) == (0, 0, [])


def test_files_that_nobody_has_shared_are_found_by_when_they_came(store: Storage) -> None:
    files = [bytes([day]) * 32 for day in range(4)]
    for day, file in enumerate(files):
        store.add_file(FileRecord(file, 1, ANA, day))
    store.add_file(replace(record(PHOTO), at=2))
    share(store, PHOTO)
    store.add_file(replace(record(SONG), at=2))
    store.remove_file(SONG.file)

    assert store.unshared_files(1, 2, 9) == [files[2], files[1]]
    assert store.unshared_files(0, 9, 1) == [files[3]]


def test_what_all_take_is_summed_up_as_they_come_and_go(store: Storage) -> None:
    assert (store.files_count(), store.files_size(), store.newest_files(9)) == (0, 0, [])

    store.add_file(record(PHOTO))
    store.add_file(record(PHOTO))
    store.add_file(record(SONG))
    assert (store.files_count(), store.files_size()) == (2, 11)
    store.remove_file(SONG.file)
    store.remove_file(SONG.file)
    store.remove_file(bytes(32))

    assert (store.files_count(), store.files_size()) == (1, 5)
    assert store.newest_files(9) == [record(PHOTO)]


def test_a_turn_that_failed_leaves_nothing(store: Storage) -> None:
    store.add_file(record(PHOTO))
    store.commit()
    assert store.files_size() == 5

    store.add_file(record(SONG))
    store.bring_file(SONG.file, ANA)
    share(store, SONG)
    assert store.files_size() == 11
    store.rollback()

    assert store.files_size() == 5
    assert store.file(SONG.file) is None
    assert not store.has_brought(SONG.file, ANA)
    assert not store.may_read_file(SONG.file, ANA)
    assert store.shared_files(ROOM, 0, 10) == []


def test_all_of_it_outlives_a_restart(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        store.add_file(record(PHOTO))
        store.bring_file(PHOTO.file, BUDI)
        share(store, PHOTO)
        store.commit()
        shared = store.shared_files(ROOM, 0, 10)

    with closing(open_store(folder)) as store:
        assert store.file(PHOTO.file) == record(PHOTO)
        assert store.files_size() == 5
        assert store.has_brought(PHOTO.file, BUDI)
        assert store.may_read_file(PHOTO.file, CITRA)
        assert store.shared_files(ROOM, 0, 10) == shared


# --- who may have them ---


def test_who_has_shown_to_have_a_file_is_known_for_good(store: Storage) -> None:
    store.bring_file(PHOTO.file, ANA)
    store.bring_file(PHOTO.file, ANA)

    assert store.has_brought(PHOTO.file, ANA)
    assert not store.has_brought(PHOTO.file, BUDI)
    assert not store.has_brought(SONG.file, ANA)
    assert not store.may_read_file(PHOTO.file, ANA)  # it was shared nowhere


def test_where_a_file_was_shared_is_known_so_many_places_of_it(store: Storage) -> None:
    assert store.file_places(PHOTO.file, 9) == []
    one, other = store.add_private(ANA, BUDI), store.add_private(ANA, CITRA)

    for conversation in (other, ROOM, one, ROOM):
        share(store, PHOTO, conversation)

    assert store.file_places(PHOTO.file, 9) == [ROOM, one, other]
    assert store.file_places(PHOTO.file, 2) == [ROOM, one]


def test_what_is_shared_in_the_room_is_everybodys(store: Storage) -> None:
    store.add_file(record(PHOTO))
    share(store, PHOTO)

    assert store.may_read_file(PHOTO.file, CITRA)
    assert not store.may_read_file(SONG.file, CITRA)


def test_what_is_shared_elsewhere_is_for_members_as_long_as_they_are(store: Storage) -> None:
    group = store.add_group("Bola", "bola", "bola")
    store.add_member(group, ANA)
    pair = store.add_private(ANA, BUDI)
    share(store, PHOTO, group)
    share(store, SONG, pair)

    may = {
        person: (store.may_read_file(PHOTO.file, person), store.may_read_file(SONG.file, person))
        for person in (ANA, BUDI, CITRA)
    }
    assert may == {ANA: (True, True), BUDI: (False, True), CITRA: (False, False)}

    store.drop_member(group, ANA)
    store.add_member(group, CITRA)
    assert not store.may_read_file(PHOTO.file, ANA)
    assert store.may_read_file(PHOTO.file, CITRA)


def test_who_may_have_a_file_is_found_without_reading_all_rows(folder: Path) -> None:
    """However many files and members there are: each step goes through an index, by its key."""
    with closing(Database(folder / DATABASE_NAME)) as database:
        plan = database.rows(f"EXPLAIN QUERY PLAN {MAY_READ}", (PHOTO.file, ROOM, ANA))
        unshared = database.rows(f"EXPLAIN QUERY PLAN {UNSHARED}", (1, 2, 9))

    steps = [str(detail) for *_, detail in plan + unshared]
    assert [step for step in steps if step.startswith("SCAN")] == []
    assert any("person=? AND conversation=?" in step for step in steps)
    assert any("newest_files (at>? AND at<?)" in step for step in steps)


# --- where they were shared ---


def test_lists_show_the_newest_first_in_pages(store: Storage) -> None:
    store.add_file(record(PHOTO))
    store.append(ROOM, said("satu"))
    share(store, PHOTO)
    store.append(ROOM, said("dua"))
    share(store, SONG)
    share(store, PHOTO)
    store.commit()

    def numbers(before: int, limit: int) -> list[int]:
        return [one.number for one in store.shared_files(ROOM, before, limit)]

    assert (numbers(0, 2), numbers(4, 2), numbers(2, 2)) == ([5, 4], [2], [])
    assert store.shared_files(ROOM, 3, 1) == [
        SharedFile(ROOM, 2, ANA, "Ana", NOW, PHOTO, is_removed=False)
    ]


def test_lists_say_what_is_gone(store: Storage) -> None:
    store.add_file(record(PHOTO))
    share(store, PHOTO)
    share(store, SONG)  # of which nothing is known

    store.remove_file(PHOTO.file)

    shared = store.shared_files(ROOM, 0, 9)
    assert [(one.note, one.is_removed) for one in shared] == [(SONG, True), (PHOTO, True)]


def test_lists_are_of_one_conversation(store: Storage) -> None:
    group = store.add_group("Bola", "bola", "bola")
    share(store, PHOTO)
    share(store, SONG, group)

    assert [one.note for one in store.shared_files(ROOM, 0, 9)] == [PHOTO]
    assert [one.note for one in store.shared_files(group, 0, 9)] == [SONG]


@pytest.mark.parametrize("invented", INVENTED)
def test_numbers_that_a_peer_made_up_find_nothing_and_harm_nothing(
    store: Storage, invented: int
) -> None:
    share(store, PHOTO)

    assert store.shared_files(invented, 0, 9) == []
    assert len(store.shared_files(ROOM, invented, 9)) <= 1


def test_an_entry_that_names_no_file_is_a_mistake_of_ours(store: Storage) -> None:
    with pytest.raises(LocalError):
        store.append(ROOM, said("foto.jpg")._replace(kind=EntryKind.FILE))
    store.rollback()

    assert store.head(ROOM).number == 0


# --- the archive ---


def test_the_archive_shows_a_file_by_what_its_entry_says(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        share(store, PHOTO)
        store.commit()

    _, row = parse(folder / ARCHIVE_NAME)
    assert row[1:] == ["room", "1", "file", "Ana", PHOTO.encode()]


def test_without_a_database_files_are_known_from_the_archive(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        store.add_file(record(PHOTO))
        share(store, PHOTO)
        share(store, SONG)
        share(store, PHOTO)
        store.commit()
    archive = folder / ARCHIVE_NAME
    archive.write_bytes(archive.read_bytes().replace(SONG.file.hex().encode(), b"changed by hand"))
    for path in folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()

    with closing(open_store(folder)) as store:
        entries = [Entry.decode(one.body) for one in store.read(ROOM, 1, ALL, ALL)]
        shared = store.shared_files(ROOM, 0, 9)
        assert [one.kind for one in entries] == [EntryKind.FILE, EntryKind.TEXT, EntryKind.FILE]
        assert [(one.number, one.note, one.is_removed) for one in shared] == [
            (3, PHOTO, False),
            (1, PHOTO, False),
        ]
        assert store.files_size() == 5
        assert store.may_read_file(PHOTO.file, BUDI)


def test_a_store_from_before_files_takes_them(folder: Path) -> None:
    before = next(at for at, one in enumerate(MIGRATIONS) if one.name == "files")
    Database(folder / DATABASE_NAME, migrations=MIGRATIONS[:before]).close()

    with closing(open_store(folder)) as store:
        share(store, PHOTO)
        store.commit()

        assert store.may_read_file(PHOTO.file, BUDI)


def test_each_of_many_files_is_for_the_members_of_its_groups(folder: Path) -> None:
    chance = Random(5)
    files = [chance.randbytes(32) for _ in range(30)]
    people = range(1, 20)
    with closing(open_store(folder)) as store:
        groups = [store.add_group(f"g{n}", f"g{n}", f"g{n}") for n in range(10)]
        for _ in range(40):
            store.add_member(chance.choice(groups), chance.choice(people))
        places = {file: {chance.choice(groups) for _ in range(2)} for file in files}
        for file, shared_in in places.items():
            for group in [*shared_in, *shared_in]:
                share(store, FileNote(file, 1, "x"), group)

        for file, shared_in in places.items():
            for person in people:
                belongs = any(store.is_member(group, person) for group in shared_in)
                assert store.may_read_file(file, person) == belongs
