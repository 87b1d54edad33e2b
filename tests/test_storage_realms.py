"""Other realms in the store: links, their people, copies of their groups, what both sides read."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from store_parts import ANA, BUDI, CITRA, INVENTED, NOW, open_store
from store_parts import text as said

from conversation import ROOM, ConversationKind, EntryKind, FileNote
from records import (
    AwaitedFile,
    FileRecord,
    Followed,
    ForeignPerson,
    Mirror,
    PersonRecord,
    RealmRecord,
    Undelivered,
)
from storage import KEY_NAME, LOCK_NAME, Storage
from storage_archive import ARCHIVE_NAME
from storage_schema import DATABASE_NAME, Database, Row, Values

pytestmark = pytest.mark.uncounted

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
CAMPUS = RealmRecord(
    0, KEY, "campus-b", "127.0.0.2", 8083, b"prs", b"room", added_by="ana", added_at=NOW
)
CHAIN = b"chain..."
BOB = ForeignPerson(77, 1, b"bob.....", "bob")
FOTO = FileNote(sha256(b"foto").digest(), 4, "foto.jpg")


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    with closing(open_store(folder)) as store:
        yield store


@pytest.fixture
def campus(store: Storage) -> int:
    return store.save_realm(CAMPUS, "campus-b").realm


def know(store: Storage, someone: ForeignPerson, realm: str = "campus-b") -> int:
    store.save_person(PersonRecord(someone.person, f"{someone.name}@{realm}", is_present=False))
    store.save_foreign_person(someone, someone.name)
    return someone.person


def mirror(store: Storage, realm: int, name: str = "chess") -> Mirror:
    shown = f"{name}@campus-b"
    return store.add_mirror(realm, name, shown, shown, shown)


# --- which there are ---


def test_a_realm_is_found_again_after_a_restart(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        saved = store.save_realm(CAMPUS, "campus-b")
        store.commit()

    with closing(open_store(folder)) as store:
        assert store.realms() == [saved]
    assert saved == replace(CAMPUS, realm=saved.realm)


def test_saving_a_realm_again_replaces_what_was_known_of_it(store: Storage, campus: int) -> None:
    store.save_realm(replace(CAMPUS, realm=campus, seen_at=NOW + 5, is_cut=True), "campus-b")

    assert store.realms() == [replace(CAMPUS, realm=campus, seen_at=NOW + 5, is_cut=True)]


def test_a_dropped_realm_is_gone_and_goes_on_where_it_was_when_it_comes_again(
    store: Storage, campus: int
) -> None:
    store.save_followed(Followed(campus, 5, 9, 3, CHAIN))

    store.drop_realm(campus)
    assert store.realms() == []
    again = store.save_realm(replace(CAMPUS, name="elsewhere"), "elsewhere")

    assert again.realm == campus
    assert store.followed(campus, 5) == Followed(campus, 5, 9, 3, CHAIN)


def test_the_name_of_a_realm_is_nobody_elses_even_when_it_is_dropped(
    store: Storage, campus: int
) -> None:
    assert store.realm_names() == [(KEY, "campus-b")]

    store.drop_realm(campus)

    assert store.realm_names() == [(KEY, "campus-b")]


@pytest.mark.parametrize("what", ["nothing", "somebody", "a group"])
def test_a_name_that_people_or_groups_bore_stays_its_realms_when_that_is_called_otherwise(
    store: Storage, campus: int, what: str
) -> None:
    if what == "somebody":
        know(store, BOB)
    elif what == "a group":
        mirror(store, campus)

    for name in ("Elsewhere", "far-away"):
        store.drop_realm(campus)
        store.save_realm(replace(CAMPUS, name=name), name.casefold())

    names = {"campus-b", "Elsewhere", "far-away"} if what != "nothing" else {"far-away"}
    assert set(store.realm_names()) == {(KEY, name) for name in names}


def test_what_was_taken_from_a_realm_is_counted(store: Storage, campus: int) -> None:
    assert store.realm_bytes(campus) == 0

    store.add_realm_bytes(campus, 700)
    store.add_realm_bytes(campus, -200)

    assert store.realm_bytes(campus) == 500


# --- their people ---


def test_people_of_a_realm_are_known_by_their_number_there_and_by_name(
    store: Storage, campus: int
) -> None:
    know(store, BOB)

    assert store.foreign_person(BOB.person) == BOB
    assert store.foreign_person(ANA) is None
    assert store.foreign_person_there(campus, b"bob.....") == BOB
    assert store.foreign_person_there(campus, b"nobody..") is None
    assert store.foreign_people(campus, "bob") == [BOB]
    assert store.count_foreign_people(campus) == 1


def test_two_who_were_called_alike_are_two_and_the_newest_comes_first(
    store: Storage, campus: int
) -> None:
    later = ForeignPerson(78, campus, b"bob2....", "bob")
    know(store, BOB)
    know(store, later)

    assert store.foreign_people(campus, "bob") == [later, BOB]


def test_somebody_known_by_name_alone_is_bound_once_their_realm_says_who_it_is(
    store: Storage, campus: int
) -> None:
    know(store, replace(BOB, theirs=b""))

    store.save_foreign_person(BOB, "bob")

    assert store.foreign_person_there(campus, b"bob.....") == BOB
    assert store.count_foreign_people(campus) == 1


def test_private_conversations_are_counted_by_realm(store: Storage, campus: int) -> None:
    village = store.save_realm(replace(CAMPUS, key=OTHER_KEY, name="desa"), "desa").realm
    rina = ForeignPerson(78, village, b"rina....", "rina")
    group = store.add_group("chess", "chess", "chess")
    for person in (ANA, know(store, BOB)):
        store.add_member(group, person)
    store.add_private(ANA, BUDI)
    store.add_private(BUDI, know(store, rina, "desa"))
    assert store.count_private(ANA, campus) == 0

    store.add_private(BOB.person, ANA)

    assert [store.count_private(ANA, realm) for realm in (campus, village)] == [1, 0]
    assert [store.count_private(BUDI, realm) for realm in (campus, village)] == [0, 1]


# --- which logs they read ---


def test_a_realm_reads_the_private_logs_of_its_people_and_no_others(
    store: Storage, campus: int
) -> None:
    shared = store.add_private(ANA, know(store, BOB))
    between_us = store.add_private(ANA, BUDI)

    assert store.shared_logs(campus) == [shared]
    assert store.has_shared(campus, shared)
    assert not store.has_shared(campus, between_us)
    assert store.realms_of(shared) == [campus]
    assert store.realms_of(between_us) == []


def test_a_realm_reads_our_groups_while_somebody_of_it_belongs_to_them(
    store: Storage, campus: int
) -> None:
    group = store.add_group("chess", "chess", "chess")
    store.add_member(group, ANA)
    assert store.shared_logs(campus) == []

    store.add_member(group, know(store, BOB))
    assert store.shared_logs(campus) == [group]
    store.drop_member(group, BOB.person)

    assert store.shared_logs(campus) == []


def test_of_its_own_groups_a_realm_reads_what_ours_say_to_it_and_not_our_copy(
    store: Storage, campus: int
) -> None:
    copy = mirror(store, campus)
    store.add_member(copy.conversation, ANA)
    store.add_member(copy.conversation, know(store, BOB))  # as the copy tells

    assert store.shared_logs(campus) == [copy.outgoing]
    assert store.shared_logs(campus, copy.outgoing) == []
    assert store.shared_logs(campus, limit=0) == []
    assert store.realms_of(copy.outgoing) == [campus]
    assert store.realms_of(copy.conversation) == []


def test_a_log_that_a_realm_declined_is_not_shared_until_somebody_asks_again(
    store: Storage, campus: int
) -> None:
    shared = store.add_private(ANA, know(store, BOB))

    store.decline(campus, shared, 30)
    assert store.shared_logs(campus) == []
    assert store.realms_of(shared) == []
    assert store.declined(campus, shared) == 30
    store.undo_decline(campus, shared)

    assert store.shared_logs(campus) == [shared]
    assert store.declined(campus, shared) == 0


def test_up_to_where_a_log_was_refused_outlives_the_refusal(store: Storage, campus: int) -> None:
    shared = store.add_private(ANA, know(store, BOB))
    assert store.refused_to(campus, shared) == 0

    for number in (3, 5):
        store.decline(campus, shared, 30)
        store.refuse_to(campus, shared, number)
        store.undo_decline(campus, shared)

    assert store.refused_to(campus, shared) == 5


def test_what_a_realm_has_not_got_waits_for_it(store: Storage, campus: int) -> None:
    shared = store.add_private(ANA, know(store, BOB))
    for words in ("one", "two", "three"):
        store.append(shared, said(words))
    store.commit()
    assert store.waiting_for(campus) == 3

    store.set_realm_has(campus, shared, 2)

    assert store.realm_has(campus, shared) == 2
    assert store.waiting_for(campus) == 1


def test_of_what_is_said_here_alone_no_table_is_asked_whether_a_realm_reads_it(
    store: Storage, campus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = store.add_group("chess", "chess", "chess")
    store.add_member(group, ANA)
    between_us = store.add_private(ANA, BUDI)
    shared = store.add_private(ANA, know(store, BOB))
    asked: list[str] = []
    scan = Database.scan

    def watched(database: Database, sql: str, values: Values = ()) -> Iterator[Row]:
        asked.append(sql)
        return scan(database, sql, values)

    monkeypatch.setattr(Database, "scan", watched)
    for ours in (ROOM, group, between_us):
        assert not store.is_abroad(ours)
        assert store.mirror(ours) is None
        assert store.realms_of(ours) == []
    assert asked == []
    assert store.realms_of(shared) == [campus]
    assert asked


def test_a_store_that_is_opened_again_knows_what_other_realms_have_to_do_with(
    folder: Path,
) -> None:
    with closing(open_store(folder)) as store:
        campus = store.save_realm(CAMPUS, "campus-b").realm
        shared = store.add_private(ANA, know(store, BOB))
        group = store.add_group("go", "go", "go")
        store.add_member(group, BOB.person)
        copy = mirror(store, campus)
        between_us = store.add_private(ANA, BUDI)
        store.commit()

    with closing(open_store(folder)) as store:
        ours = (shared, group, copy.outgoing, copy.conversation, between_us)

        assert [store.is_abroad(log) for log in ours] == [True] * 4 + [False]
        assert [store.realms_of(log) for log in ours] == [[campus]] * 3 + [[]] * 2
        assert store.mirror(copy.outgoing) == store.mirror(copy.conversation) == copy


def test_who_is_found_to_be_of_another_realm_makes_their_conversations_known_there(
    store: Storage, campus: int
) -> None:
    between = store.add_private(ANA, BOB.person)
    know(store, BOB)

    assert store.realms_of(between) == [campus]


@pytest.mark.parametrize("number", INVENTED)
def test_an_invented_conversation_is_nobodys(store: Storage, number: int) -> None:
    assert store.realms_of(number) == []
    assert store.mirror(number) is None


# --- copies of their groups ---


def test_a_copy_is_a_group_and_what_is_said_to_it_a_log_that_nobody_reads_here(
    store: Storage, campus: int, folder: Path
) -> None:
    copy = mirror(store, campus)
    store.add_member(copy.conversation, ANA)
    store.append(copy.outgoing, said("hello there"))
    store.append(copy.conversation, said("hello here"))
    store.commit()
    store.write_along()

    kinds = [store.conversation(one) for one in (copy.conversation, copy.outgoing)]
    assert [one.kind for one in kinds if one] == [
        ConversationKind.GROUP,
        ConversationKind.OUTGOING,
    ]
    assert store.conversations_of(ANA) == [copy.conversation]
    assert store.mirror(copy.outgoing) == store.mirror(copy.conversation) == copy
    assert store.mirrors(campus) == [copy]
    archived = (folder / ARCHIVE_NAME).read_text(encoding="utf-8")
    assert "hello here" in archived
    assert "hello there" not in archived


def test_how_much_came_back_of_what_was_said_is_kept(store: Storage, campus: int) -> None:
    copy = mirror(store, campus)

    store.set_returned(copy.conversation, 4)

    assert store.mirror(copy.conversation) == replace(copy, returned=4)


def test_people_and_groups_of_a_realm_are_called_after_it(store: Storage, campus: int) -> None:
    bob, copy = know(store, BOB), mirror(store, campus)

    store.name_people_of(campus, "@kampus")
    store.name_mirror(copy, "chess@kampus", "chess@kampus", "chess@kampus")

    person = store.person(bob)
    assert person is not None
    assert person.name == "bob@kampus"
    records = [store.conversation(one) for one in (copy.conversation, copy.outgoing)]
    assert [one.name for one in records if one] == ["chess@kampus"] * 2
    assert store.group_named("chess@kampus") == copy.conversation
    assert store.group_named("chess@campus-b") is None


def test_a_group_of_a_realm_takes_no_other_groups_name(store: Storage, campus: int) -> None:
    copy = mirror(store, campus)
    other = store.add_group("chess@kampus", "chess@kampus", "chess@kampus")

    store.name_mirror(copy, "Chess@kampus", "chess@kampus", "chess@kampus")

    records = [store.conversation(one) for one in (copy.conversation, copy.outgoing)]
    assert [one.name for one in records if one] == ["chess@campus-b"] * 2
    assert store.group_named("chess@kampus") == other


# --- which of theirs are followed, what they have to hear ---


def test_how_far_their_logs_are_followed_is_kept_whatever_numbers_they_have(
    store: Storage, campus: int
) -> None:
    far = Followed(campus, (1 << 64) - 1, 6, (1 << 64) - 1, CHAIN)
    near = Followed(campus, 2, 5, 1, CHAIN)
    store.save_followed(far)
    store.save_followed(Followed(campus, 4, 0, 0, CHAIN))
    store.save_followed(near)
    store.save_followed(near._replace(have=2))
    store.commit()

    assert store.followed_after(campus, 0, 9) == [near._replace(have=2), far]
    assert store.followed_after(campus, 0, 1) == [near._replace(have=2)]
    assert store.followed_after(campus, 2, 9) == [far]
    assert store.count_followed(campus) == 3
    assert store.followed(campus, 3) is None


def test_a_refusal_waits_until_it_was_heard_and_is_told_once(store: Storage, campus: int) -> None:
    whole, one = Undelivered(campus, 8, 0, 30), Undelivered(campus, 9, 4, 16)
    for refusal in (whole, one, one):
        store.add_undelivered(refusal)
    assert store.undelivered(campus) == [whole, one]

    store.drop_undelivered(whole)

    assert store.undelivered(campus) == [one]


# --- files ---


def test_a_file_is_awaited_until_it_is_here_or_its_realm_is_gone(
    store: Storage, campus: int
) -> None:
    bob = know(store, BOB)
    log, other = store.add_private(ANA, bob), store.add_private(CITRA, bob)
    awaited = AwaitedFile(FOTO.file, FOTO.size, FOTO.name, campus, log)
    store.add_awaited_file(awaited)
    store.add_awaited_file(replace(awaited, name="twice"))
    assert store.awaited_files(campus) == [replace(awaited, place=1)]
    assert store.awaited_files(campus, after=1) == []
    assert store.is_awaited_in(FOTO.file, log)
    assert not store.is_awaited_in(FOTO.file, other)
    assert store.is_awaited_by(FOTO.file, ANA)
    assert not store.is_awaited_by(FOTO.file, CITRA)
    assert store.is_awaited_by_realm(FOTO.file, campus)
    assert not store.is_awaited_by_realm(FOTO.file, campus + 1)

    store.drop_awaited_file(FOTO.file, campus)
    assert store.awaited_files(campus) == []
    store.add_awaited_file(awaited)
    store.drop_realm(campus)

    assert store.awaited_files(campus) == []


def test_a_file_that_came_is_for_those_whom_its_own_realm_gave_it(
    store: Storage, campus: int
) -> None:
    desa = store.save_realm(replace(CAMPUS, key=b"other key" * 3), "desa").realm
    bob = know(store, BOB)
    mine, hers = store.add_private(ANA, bob), store.add_private(CITRA, bob)
    store.add_awaited_file(AwaitedFile(FOTO.file, FOTO.size, FOTO.name, campus, mine))
    store.add_awaited_file(AwaitedFile(FOTO.file, FOTO.size, FOTO.name, desa, hers))

    store.give_awaited_file(FOTO.file, campus)

    assert store.may_read_file(FOTO.file, ANA)
    assert not store.may_read_file(FOTO.file, CITRA)
    assert [one.realm for one in store.awaited_files(desa)] == [desa]
    assert store.awaited_files(campus) == []


def test_an_entry_that_gives_its_file_to_nobody_shows_it_as_none(store: Storage) -> None:
    group = store.add_group("Kimia", "kimia", "kimia")
    store.add_member(group, ANA)
    store.add_file(FileRecord(FOTO.file, FOTO.size, CITRA, NOW))
    entry = said(FOTO.encode())._replace(kind=EntryKind.FILE)

    store.append(group, entry, is_given=False)
    store.commit()

    assert not store.may_read_file(FOTO.file, ANA)
    assert [shown.is_removed for shown in store.shared_files(group, 0, 9)] == [True]


def test_what_a_removed_file_took_is_given_back_to_the_realm_that_had_left_it(
    store: Storage, campus: int
) -> None:
    desa = store.save_realm(replace(CAMPUS, key=b"other key" * 3), "desa").realm
    log = store.add_private(ANA, know(store, BOB))
    store.add_file(FileRecord(FOTO.file, FOTO.size, campus, NOW))
    for realm in (campus, desa):
        store.bring_file(FOTO.file, realm)
        store.add_realm_bytes(realm, 10)
    store.add_awaited_file(AwaitedFile(FOTO.file, FOTO.size, FOTO.name, desa, log))  # not counted

    for _ in range(2):
        store.remove_file(FOTO.file)
        store.free_realms_of(FOTO.file)

    assert store.realm_bytes(campus) == 10 - FOTO.size
    assert store.realm_bytes(desa) == 10
    assert not store.has_brought(FOTO.file, campus)


def test_a_refusal_is_news_once(store: Storage, campus: int) -> None:
    log = store.add_private(ANA, know(store, BOB))

    assert store.note_refused(campus, log, 1)
    assert not store.note_refused(campus, log, 1)
    assert store.note_refused(campus, log, 2)


def test_a_realm_may_have_the_files_of_the_logs_it_reads(store: Storage, campus: int) -> None:
    shared = store.add_private(ANA, know(store, BOB))
    hidden = store.add_private(ANA, CITRA)
    shown = FileNote(sha256(b"shown").digest(), 5, "b.txt")
    store.append(hidden, said(FOTO.encode())._replace(kind=EntryKind.FILE))
    store.append(shared, said(shown.encode())._replace(kind=EntryKind.FILE))
    store.commit()

    assert store.may_realm_read_file(shown.file, campus)
    assert not store.may_realm_read_file(FOTO.file, campus)


def test_what_a_full_disk_did_not_take_of_realms_is_forgotten(store: Storage) -> None:
    store.save_realm(CAMPUS, "campus-b")

    store.rollback()

    assert store.realms() == []


# --- who may read it ---


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """The user has said that everybody may read and write what their programs make."""
    if os.name != "posix":
        pytest.skip("who may read a file is said otherwise here")
    before = os.umask(0)
    yield
    os.umask(before)


def telling(folder: Path) -> list[Path]:
    """Whatever holds something that was said, or what links are entered with."""
    files = [path for path in folder.iterdir() if path.is_file() and path.stat().st_size]
    return [path for path in files if LOCK_NAME not in path.name and path.name != KEY_NAME]


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in telling(folder)}


PRIVATE = dict.fromkeys((DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"), 0o600)


def write_some(store: Storage) -> None:
    store.append(ROOM, said("halo"))
    store.commit()
    store.write_along()


@pytest.mark.usefixtures("open_to_all")
def test_nobody_else_reads_the_database_and_the_archive(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        write_some(store)

        assert modes(folder) == {**PRIVATE, ARCHIVE_NAME: 0o600}


@pytest.mark.usefixtures("open_to_all")
def test_what_others_could_read_they_can_read_no_more(folder: Path) -> None:
    """Made by an older version, and left by it when it was killed."""
    with closing(open_store(folder)) as store:
        write_some(store)
        left = {path.name: path.read_bytes() for path in telling(folder)}
    for name, content in left.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o644)

    with closing(open_store(folder)) as store:
        assert modes(folder) == {**PRIVATE, ARCHIVE_NAME: 0o600}
        assert store.head(ROOM).number == 1


@pytest.mark.usefixtures("open_to_all")
def test_an_archive_that_is_made_again_is_as_private(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        write_some(store)
    (folder / ARCHIVE_NAME).unlink()
    (folder / "archive-rebuilding.csv").touch()  # as one left by a server that was killed

    with closing(open_store(folder)):
        assert modes(folder)[ARCHIVE_NAME] == 0o600
