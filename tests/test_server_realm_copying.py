"""What another realm says is written here only as far as it may say it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_parts import Chance
from store_parts import NOW, open_store

from conversation import NO_TAG, ConversationKind, Entry, EntryKind, FileNote
from protocol import Code
from realms import SharedLog, Someone
from records import BanKind, FileRecord, PersonRecord, RealmRecord, Undelivered
from replication_client import Arrived
from server_people import People
from server_realm_copying import Copying, Origin, strange_tag
from server_realm_people import Foreigners
from server_rooms import Rooms
from settings import Limits
from storage import Storage

ANA, BOB = 7, bytes(7) + b"\x09"
LATER = NOW + 60_000
TAG = b"tag of 8"
LARGEST = 1_000


class Desk:
    """A store with a realm called kampus, and Ana, who is of here."""

    def __init__(self, storage: Storage, limits: Limits) -> None:
        self.store = storage
        self.people = people = People(storage, Chance("people"))
        foreigners = Foreigners(storage, limits, Chance("foreign"))
        rooms = Rooms(storage, limits, has_file=lambda _: True)
        self.copying = Copying(
            storage, rooms, people, foreigners, is_here=lambda _: True, largest=LARGEST
        )
        record = storage.save_realm(RealmRecord(0, b"k" * 32, "kampus"), "kampus")
        self.realm = record.realm
        storage.save_person(PersonRecord(ANA, "Ana", is_present=True))
        people.hold_name(ANA, "Ana")
        self.group = storage.add_group("Kimia", "kimia", "kimia")

    def place(self, log: SharedLog, *entries: Entry) -> int | Code | None:
        """Where it goes after these entries of it; if none are given, after a text."""
        arrived = [Arrived(number, entry) for number, entry in enumerate(entries or [said("a")], 1)]
        return self.copying.place(self.realm, "kampus", log, arrived)

    def private(self, theirs: bytes = BOB, name: str = "bob") -> SharedLog:
        ours, yours = Someone(theirs, name), Someone(ANA.to_bytes(8), "Ana")
        return SharedLog(3, ConversationKind.PRIVATE, 1, ours=ours, yours=yours)

    def write(self, ours: int, *entries: Entry) -> list[Code]:
        """What is refused of them."""
        arrived = [Arrived(number, entry) for number, entry in enumerate(entries, 1)]
        self.copying.write(Origin(self.realm, "kampus", 3), ours, arrived, (), LATER)
        return [Code(refusal.code) for refusal in self.store.undelivered(self.realm)]

    def told(self, conversation: int) -> list[tuple[str, str]]:
        self.store.commit()
        read = self.store.read(conversation, 1, 99, 1 << 20)
        entries = [Entry.decode(stored.body) for stored in read]
        return [(entry.name, entry.text or entry.kind.name) for entry in entries]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    storage = open_store(tmp_path)
    yield Desk(storage, Limits(realm_people=3))
    storage.close()


def said(text: str, name: str = "bob", person: bytes = BOB, at: int = NOW) -> Entry:
    return Entry(TAG, EntryKind.TEXT, at, int.from_bytes(person), name, text)


def joined(name: str = "bob", person: bytes = BOB) -> Entry:
    return Entry(NO_TAG, EntryKind.JOINED, NOW, int.from_bytes(person), name)


def left(name: str = "bob", person: bytes = BOB) -> Entry:
    return joined(name, person)._replace(kind=EntryKind.LEFT)


def outgoing(name: str = "kimia") -> SharedLog:
    return SharedLog(5, ConversationKind.OUTGOING, 1, name)


# --- private conversations ---


def test_what_their_person_says_stands_under_name_and_realm(desk: Desk) -> None:
    place = desk.place(desk.private())
    assert isinstance(place, int)

    refused = desk.write(place, said("hai"), said("dari sini", "Ana@sekolah", b"\x01" * 8))

    assert refused == []
    assert desk.told(place) == [("bob@kampus", "hai")]
    assert desk.place(desk.private()) == place


def test_nobody_but_their_person_speaks_in_a_private_conversation(desk: Desk) -> None:
    place = desk.place(desk.private())
    assert isinstance(place, int)

    assert desk.write(place, said("hai", "rina", b"\x02" * 8)) == [Code.BAD_REQUEST]
    assert desk.told(place) == []


@pytest.mark.parametrize("name", ["", "Bob\u200b", "a" * 33, "system", "  bob", "\uff22ob"])
def test_a_name_that_is_none_here_is_refused(desk: Desk, name: str) -> None:
    group = desk.group
    desk.place(outgoing())

    assert desk.write(group, joined(name)) == [Code.NAME_INVALID]
    assert desk.told(group) == []


def test_a_stranger_takes_no_place_before_they_speak(desk: Desk) -> None:
    silent = desk.place(desk.private(), said("dari sini", "Ana@sekolah"), joined())
    nobody = desk.store.count_foreign_people(desk.realm)

    place = desk.place(desk.private(), said("hai"))

    assert (silent, nobody) == (None, 0)
    assert not isinstance(place, Code)
    assert desk.place(desk.private(), joined()) == place  # from then on it is known


def test_somebody_who_is_known_takes_no_place_either_before_they_speak(desk: Desk) -> None:
    desk.write(desk.group, joined())

    assert desk.place(desk.private(), joined()) is None
    assert desk.store.conversations_of(ANA) == []


def test_a_log_for_nobody_of_ours_is_refused(desk: Desk) -> None:
    yours = Someone(b"", "siapa")
    stranger = SharedLog(3, ConversationKind.PRIVATE, 1, ours=Someone(BOB, "bob"), yours=yours)
    foreigner = desk.place(desk.private())
    assert isinstance(foreigner, int)
    bob = next(p for p in desk.store.members(foreigner) if p != ANA)

    assert desk.place(stranger) is Code.NO_SUCH_USER
    assert desk.copying.own(Someone(bob.to_bytes(8), "bob")) is None
    assert desk.copying.own(Someone(b"\xff" * 8, "Ana")) is None
    assert desk.copying.own(Someone(b"", "ana")) == ANA


def test_an_entry_from_the_future_is_one_of_now(desk: Desk) -> None:
    place = desk.place(desk.private())
    assert isinstance(place, int)

    desk.write(place, said("hai", at=(1 << 64) - 1))

    assert desk.store.head(place).sent_at == LATER


def test_a_renamed_person_stays_the_same_and_old_entries_keep_their_names(desk: Desk) -> None:
    place = desk.place(desk.private())
    assert isinstance(place, int)
    desk.write(place, said("hai"))

    desk.write(place, said("lagi", "robert"))

    assert desk.told(place) == [("bob@kampus", "hai"), ("robert@kampus", "lagi")]
    assert desk.place(desk.private(name="robert")) == place


# --- groups of ours ---


def test_only_members_speak_in_a_group_and_none_of_a_third_realm(desk: Desk) -> None:
    group = desk.place(outgoing())
    assert group == desk.group

    refused = desk.write(
        desk.group, said("dulu"), joined(), said("hai"), said("lewat", "eve@lain"), left(), left()
    )

    assert refused == [Code.NOT_A_MEMBER, Code.NO_WAY_THERE]
    assert desk.told(desk.group) == [
        ("bob@kampus", "JOINED"),
        ("bob@kampus", "hai"),
        ("bob@kampus", "LEFT"),
    ]


def test_a_realm_that_had_refused_a_group_reads_it_again_once_somebody_joins(desk: Desk) -> None:
    desk.write(desk.group, joined())
    desk.store.decline(desk.realm, desk.group, Code.NO_SUCH_GROUP)  # an old backup was put back
    assert not desk.store.has_shared(desk.realm, desk.group)

    desk.write(desk.group, joined())

    assert desk.store.has_shared(desk.realm, desk.group)


def test_a_realm_has_so_many_people_here_and_no_more(desk: Desk) -> None:
    names = ["satu", "dua", "tiga", "empat"]

    refused = desk.write(
        desk.group, *(joined(name, bytes([place]) * 8) for place, name in enumerate(names))
    )

    assert refused == [Code.SERVER_FULL]
    assert len(desk.told(desk.group)) == 3


def test_what_is_no_text_and_no_file_is_refused(desk: Desk) -> None:
    bad_file = said("no file")._replace(kind=EntryKind.FILE)

    assert desk.write(desk.group, joined(), said("  \n"), bad_file) == [
        Code.TEXT_INVALID,
        Code.BAD_REQUEST,
    ]


def test_a_file_that_is_too_large_for_here_is_refused_as_to_people_of_here(desk: Desk) -> None:
    fits, large = (FileNote(b"f" * 32, LARGEST + more, "film.mp4") for more in (0, 1))
    shares = (said(note.encode())._replace(kind=EntryKind.FILE) for note in (fits, large))

    assert desk.write(desk.group, joined(), *shares) == [Code.FILE_TOO_LARGE]
    assert [one.size for one in desk.store.awaited_files(desk.realm)] == [LARGEST]
    assert desk.copying.take_too_large() == [(desk.realm, large)]
    assert desk.copying.take_too_large() == []


def test_a_file_that_is_not_here_is_awaited(desk: Desk) -> None:
    note = FileNote(b"f" * 32, 5, "tugas.pdf")

    desk.write(desk.group, joined(), said(note.encode())._replace(kind=EntryKind.FILE))

    assert [one.file for one in desk.store.awaited_files(desk.realm)] == [note.file]
    assert desk.copying.take_awaiting() == {desk.realm}


def test_only_a_group_of_ours_can_be_spoken_to(desk: Desk) -> None:
    desk.store.add_mirror(desk.realm, "fisika", "fisika@kampus", "fisika@kampus", "fisika@kampus")

    assert desk.place(outgoing("tiada")) is Code.NO_SUCH_GROUP
    assert desk.place(outgoing("fisika@kampus")) is Code.NO_SUCH_GROUP
    assert desk.place(SharedLog(9, ConversationKind.GROUP, 1, "kimia")) is Code.NO_SUCH_GROUP


# --- groups of theirs ---


def test_what_we_said_to_their_group_comes_back_as_ours_and_nothing_else_does(desk: Desk) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    copy, out = mirror.conversation, mirror.outgoing
    desk.store.append(out, Entry(NO_TAG, EntryKind.JOINED, NOW, ANA, "Ana"))
    desk.store.append(out, Entry(b"refused!", EntryKind.TEXT, NOW, ANA, "Ana", "ditolak"))
    desk.store.append(out, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", "dari Ana"))
    desk.store.commit()
    there = b"\x05" * 8

    desk.write(
        copy,
        joined("guru"),
        joined("Ana@sekolah", there),
        said("dari Ana", "Ana@sekolah", there),
        said("dari Ana", "Ana@sekolah", there),
        said("palsu", "Ana@sekolah", there)._replace(tag=b"refused!"),
        said("halo", "guru"),
    )

    assert desk.told(copy) == [
        ("guru@kampus", "JOINED"),
        ("Ana", "JOINED"),
        ("Ana", "dari Ana"),
        ("Ana@sekolah@kampus", "dari Ana"),
        ("Ana@sekolah@kampus", "palsu"),
        ("guru@kampus", "halo"),
    ]
    found = desk.store.mirror(copy)
    assert found is not None
    assert found.returned == 3


def test_what_is_refused_is_told_with_its_place_in_their_log(desk: Desk) -> None:
    desk.write(desk.group, joined(), said("hai"), said(" "))

    assert desk.store.undelivered(desk.realm) == [Undelivered(desk.realm, 3, 3, Code.TEXT_INVALID)]


def test_only_what_a_realm_leaves_here_is_counted(desk: Desk) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", "dari Ana"))
    desk.store.commit()
    origin = Origin(desk.realm, "kampus", 3)

    desk.write(mirror.conversation, said("dari Ana", "Ana@sekolah"))
    desk.write(desk.group, said("bukan anggota"), left())
    notice = said("undelivered 16")._replace(kind=EntryKind.NOTICE)
    desk.write(mirror.conversation, notice, said("x", "guru\u202e"))
    desk.copying.write(origin, mirror.conversation, [Arrived(1, said("sudah"))], {TAG}, LATER)
    assert desk.store.realm_bytes(desk.realm) == 0

    counted = [0]
    for ours, entry in (
        (desk.group, joined()),
        (desk.group, said("hai")),
        (desk.group, left()),
        (mirror.conversation, joined("guru")),
        (mirror.conversation, said("halo", "guru")),
    ):
        desk.write(ours, entry)
        counted.append(desk.store.realm_bytes(desk.realm))
    assert counted == sorted(set(counted))


def test_a_file_that_the_realm_may_read_or_has_brought_is_given_at_once(desk: Desk) -> None:
    note = FileNote(b"f" * 32, 5, "tugas.pdf")
    shown = said(note.encode())._replace(kind=EntryKind.FILE)
    desk.store.add_member(desk.group, ANA)
    desk.store.add_file(FileRecord(note.file, 5, ANA, NOW))
    desk.write(desk.group, joined(), shown._replace(text=note._replace(size=4).encode()))
    assert not desk.store.may_read_file(note.file, ANA)

    desk.store.bring_file(note.file, desk.realm)
    desk.write(desk.group, shown)
    assert desk.store.may_read_file(note.file, ANA)
    desk.write(desk.group, shown)

    assert desk.store.may_realm_read_file(note.file, desk.realm)


def test_whoever_is_banned_joins_nothing_and_nobody_joins_without_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(desk.group, joined(), left())
    bob = desk.store.foreign_people(desk.realm, "bob")[0].person
    desk.people.add_ban(BanKind.ENTER, bob, "", None, NOW)
    assert desk.write(desk.group, joined()) == [Code.BANNED]
    desk.store.drop_undelivered(Undelivered(desk.realm, 3, 1, Code.BANNED))
    desk.people.drop_bans(BanKind.ENTER, "bob@kampus")
    monkeypatch.setattr("server_realm_copying.MAX_CONVERSATIONS", 0)

    assert desk.write(desk.group, joined()) == [Code.SERVER_FULL]


def test_what_stands_at_its_home_under_no_name_is_not_shown_and_tags_are_not_ours(
    desk: Desk,
) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    entries = (
        said("x", "guru\u202e"),
        said("y", "guru@"),
        said("tanpa tanda", "guru")._replace(tag=NO_TAG),
        said("dengan tanda", "guru"),
    )

    desk.write(mirror.conversation, *entries)
    arrived = [Arrived(number, entry) for number, entry in enumerate(entries, 1)]
    origin = Origin(desk.realm, "kampus", 3)
    known = {strange_tag(TAG)}
    desk.copying.write(origin, mirror.conversation, arrived, known, LATER)

    assert desk.told(mirror.conversation) == [
        ("guru@kampus", "tanpa tanda"),
        ("guru@kampus", "dengan tanda"),
        ("guru@kampus", "tanpa tanda"),
    ]


def test_of_what_a_home_never_shows_so_much_is_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_copying.MAX_RETURNING", 1)
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    for text in ("satu", "dua"):
        desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", text))
    desk.store.commit()
    desk.copying.note_refused(mirror, 2)  # not the next one: it is passed over in its time

    desk.write(mirror.conversation, said("tiga", "Ana@sekolah"))
    found = desk.store.mirror(mirror.conversation)
    assert found is not None
    desk.copying.note_refused(found, 1)

    found = desk.store.mirror(mirror.conversation)
    assert found is not None
    assert found.returned == 1


def test_what_a_home_refuses_before_it_shows_anything_is_passed_over(desk: Desk) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", "satu"))
    desk.store.commit()

    desk.copying.note_refused(mirror, 1)

    found = desk.store.mirror(mirror.conversation)
    assert found is not None
    assert found.returned == 1


def test_a_home_cannot_refuse_what_was_not_said_yet(desk: Desk) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    desk.copying.note_refused(mirror, 1)
    desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", "satu"))
    desk.store.commit()

    desk.write(mirror.conversation, said("satu", "Ana@sekolah"))

    assert desk.told(mirror.conversation) == [("Ana", "satu")]


@pytest.mark.parametrize("is_in_order", [True, False])
def test_what_a_home_refuses_takes_no_room_from_what_it_shows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_in_order: bool
) -> None:
    monkeypatch.setattr("server_realm_copying.MAX_RETURNING", 3)
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    for number in range(1, 9):
        desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", str(number)))
    desk.store.commit()

    for number in range(1 if is_in_order else 2, 7):
        found = desk.store.mirror(mirror.conversation)
        assert found is not None
        desk.copying.note_refused(found, number)
    desk.write(mirror.conversation, said("7", "Ana@sekolah"), said("8", "Ana@sekolah"))

    assert desk.told(mirror.conversation) == [("Ana", "7"), ("Ana", "8")]


def test_what_a_home_passes_over_in_silence_takes_no_room_either(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_copying.MAX_RETURNING", 2)
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    for number in range(1, 5):
        said_here = Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", str(number))
        desk.store.append(mirror.outgoing, said_here)
    desk.store.commit()

    for text in ("2", "4", "3"):
        desk.write(mirror.conversation, said(text, "Ana@sekolah"))

    assert desk.told(mirror.conversation) == [
        ("Ana", "2"),
        ("Ana", "4"),
        ("Ana@sekolah@kampus", "3"),  # nobody reads us backwards
    ]


def test_what_was_undone_for_one_realm_is_forgotten_of_no_other(desk: Desk) -> None:
    mirror = desk.store.add_mirror(desk.realm, "fisika", "f@kampus", "f@kampus", "f@kampus")
    desk.store.append(mirror.outgoing, Entry(TAG, EntryKind.TEXT, NOW, ANA, "Ana", "satu"))
    desk.store.commit()
    desk.write(mirror.conversation, said("satu", "Ana@sekolah"))
    desk.copying.begin_again(mirror.conversation)

    desk.copying.forget(desk.realm + 1)
    desk.write(mirror.conversation, said("satu", "Ana@sekolah"))  # again, in its new copy

    assert desk.told(mirror.conversation) == [("Ana", "satu")]
    desk.copying.forget(desk.realm)
    desk.write(mirror.conversation, said("satu", "Ana@sekolah"))
    assert desk.told(mirror.conversation)[1:] == [("Ana@sekolah@kampus", "satu")]
