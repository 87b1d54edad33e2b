"""Files of other realms that do not come: who waits for one hears why, and the operator once."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_realms import GROUP_LOG, OUTGOING_LOG, SECRET, TIGHT, LinkedRealm
from realm_world import Realm, Realms
from test_realms_attacks import row_of, shows, wants

from conversation import EntryKind, FileNote, RefusalNote
from protocol import Code, Verb
from protocol_frames import Chunk, Want
from records import FileRecord
from server_events import Happened, HappeningKind, RemoveFile
from settings import Limits

DATA = b"halo"
NOTE = FileNote(hashlib.sha256(DATA).digest(), len(DATA), "tugas.pdf")
GONE = Want(NOTE.file, 0, (), Code.FILE_REMOVED)
LARGE = bytes(range(256)) * 40
ROOM_FOR_TWO = 2 * 4096 + 100


@pytest.fixture
def realm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkedRealm]:
    """Linked; there is room for two small files here, one of which is there."""
    monkeypatch.setattr("fuzz_realms.TIGHT", replace(TIGHT, files_bytes=ROOM_FOR_TWO))
    made = LinkedRealm(tmp_path, calls=True)
    with made.room:
        made.link()
        made.turn()
        yield made


def listed(realm: LinkedRealm) -> list[bool]:
    """Whether the file is removed, then whether it is on its way."""
    answer = realm.tono.ask(Verb.FILES, {"conversation": realm.group, "before": 0})
    assert answer is not None
    return [one for one in row_of(answer) if isinstance(one, bool)]


def told(realm: LinkedRealm) -> list[tuple[HappeningKind, str, str]]:
    """The lines of the operator's log about files that do not come, since the last turn."""
    return [(e.kind, e.name, e.text) for e in realm.room.saw(Happened) if e.text == NOTE.name]


# --- removed at home ---


def test_a_file_that_was_removed_at_its_home_is_awaited_no_more(realm: LinkedRealm) -> None:
    realm.says(OUTGOING_LOG, shows(NOTE))
    realm.room.pass_time(1)
    assert listed(realm) == [False, True]
    assert wants(realm.tono, NOTE.file) is Code.FILE_COMING

    realm.send(GONE)
    realm.room.pass_time(1)

    assert realm.room.store.awaited_files(realm.realm) == []
    assert told(realm) == [(HappeningKind.REALM_FILE_REMOVED, "jahat", NOTE.name)]
    assert listed(realm) == [True]
    assert wants(realm.tono, NOTE.file) is Code.FILE_MISSING


def test_a_realm_that_says_it_is_removed_and_shows_it_again_harms_nobody(
    realm: LinkedRealm,
) -> None:
    assert realm.tono.entered is not None
    realm.send(GONE, GONE._replace(file=SECRET.file))  # nobody has asked
    for _ in range(3):
        realm.says(OUTGOING_LOG, shows(NOTE))
        realm.room.pass_time(1)
        realm.send(GONE)
    realm.room.pass_time(1)
    assert told(realm) == []  # it was told the first time

    realm.says(OUTGOING_LOG, shows(NOTE))
    realm.room.pass_time(1)
    realm.turn()
    realm.send(Chunk(NOTE.file, 0, DATA))
    realm.room.pass_time(3)
    realm.send(GONE)
    realm.room.pass_time(3)

    assert realm.stands
    assert realm.room.shelf.has(SECRET.file)
    assert realm.room.store.may_read_file(NOTE.file, realm.tono.entered.person)


def test_one_that_is_said_to_be_missing_is_tried_again(realm: LinkedRealm) -> None:
    realm.says(OUTGOING_LOG, shows(NOTE))
    realm.room.pass_time(1)

    realm.send(Want(NOTE.file, 0, (), Code.FILE_MISSING))
    realm.room.pass_time(1)

    assert len(realm.room.store.awaited_files(realm.realm)) == 1
    assert wants(realm.tono, NOTE.file) is Code.FILE_COMING


# --- no room ---


def test_a_file_that_has_no_room_waits_and_everybody_is_told_so(realm: LinkedRealm) -> None:
    realm.room.store.add_file(replace(known(realm), file=bytes(32)))
    realm.says(OUTGOING_LOG, shows(NOTE))
    realm.room.pass_time(1)
    assert wants(realm.tono, NOTE.file) is Code.NO_SPACE
    assert listed(realm) == [False, True]
    assert told(realm) == [(HappeningKind.REALM_FILE_WAITS, "jahat", NOTE.name)]
    realm.turn()
    realm.room.pass_time(10)
    assert told(realm) == []

    realm.room.command(RemoveFile(SECRET.file, SECRET.name))
    realm.room.pass_time(20)

    assert wants(realm.tono, NOTE.file) is Code.FILE_COMING


def known(realm: LinkedRealm) -> FileRecord:
    record: FileRecord | None = realm.room.store.file(SECRET.file)
    assert record is not None
    return record


def test_the_log_is_not_filled_by_a_realm_with_files_without_end(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_files.MOST_TOLD", 2)
    realm.room.store.add_file(replace(known(realm), file=bytes(32)))

    realm.says(OUTGOING_LOG, *(shows(NOTE._replace(file=bytes([n]) * 32)) for n in range(1, 6)))
    realm.room.pass_time(3)

    assert len(told(realm)) == 2


# --- too large ---


def smaller(realms: Realms, name: str, **changed: int) -> Realm:
    """A realm starts anew with other limits."""
    realm = realms[name]
    realm.server.kill()
    realm.server.settings = replace(realm.server.settings, limits=replace(Limits(), **changed))
    realm.server.start()
    return realm


def lines(realm: Realm) -> list[tuple[HappeningKind, str]]:
    events = (e for e in realm.server.events if isinstance(e, Happened))
    return [(e.kind, e.text) for e in events if e.text == "besar.bin"]


def test_a_file_that_is_too_large_there_is_refused_and_its_sender_told() -> None:
    with Realms("large", "a", "b") as realms:
        b = smaller(realms, "b", file_bytes=len(LARGE) - 1)
        a, _, alice, _ = realms.neighbours()
        alice.write("bob@b", "ini")
        realms.run(3)
        here = a.conversation(alice, "bob@b")

        alice.send_file(here, "besar.bin", LARGE)
        realms.run(10)

        refusals = [e.text for e in a.entries(here) if e.kind is EntryKind.NOTICE]
        assert refusals == [RefusalNote(Code.FILE_TOO_LARGE, "besar.bin").encode()]
        assert b.server.store.awaited_files(1) == []
        assert lines(b) == [(HappeningKind.REALM_FILE_TOO_LARGE, "besar.bin")]


def test_in_a_group_of_theirs_its_entry_stands_and_says_why_it_does_not_come(
    realm: LinkedRealm,
) -> None:
    large = NOTE._replace(size=TIGHT.realm_bytes + 1)
    realm.says(GROUP_LOG, shows(large))

    assert realm.stands
    assert realm.room.store.awaited_files(realm.realm) == []
    place = realm.mirror.conversation
    answer = realm.tono.ask(Verb.FILES, {"conversation": place, "before": 0})
    assert answer is not None
    assert row_of(answer)[-2:] == [True, Code.FILE_TOO_LARGE]
    assert wants(realm.tono, NOTE.file) is Code.FILE_MISSING


def test_a_file_is_too_large_when_less_is_taken_than_when_it_was_awaited() -> None:
    with Realms("less", "a", "b") as realms:
        a, b, alice, _ = realms.neighbours()
        alice.write("bob@b", "ini")
        realms.run(3)
        alice.send_file(a.conversation(alice, "bob@b"), "besar.bin", LARGE * 40)
        realms.run_until(lambda: b.server.store.awaited_files(1) != [])
        smaller(realms, "b", file_bytes=len(LARGE))

        realms.run_until(lambda: b.server.store.awaited_files(1) == [])

        assert lines(b)[-1:] == [(HappeningKind.REALM_FILE_TOO_LARGE, "besar.bin")]
