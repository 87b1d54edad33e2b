"""What the operator hears of a realm that is back: how many messages waited, when they arrive."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from realm_links import rows
from realm_world import Realm, Realms
from simulated_clients import Client
from store_parts import ANA, NOW, open_store
from store_parts import text as said

from records import ForeignPerson, PersonRecord, RealmRecord
from server_events import FilesListed, Happened, HappeningKind, ListFiles, Mute, RealmState
from server_realm_backlog import PATIENCE, Backlogs
from settings import Limits
from storage import Storage

LINKED = HappeningKind.REALM_LINKED
LOST = HappeningKind.REALM_LOST


def heard(realm: Realm) -> list[tuple[HappeningKind, int]]:
    """That links came and went, and with how many messages."""
    return [
        (event.kind, event.count)
        for event in realm.server.events
        if isinstance(event, Happened) and event.kind in (LINKED, LOST)
    ]


def acquainted(realms: Realms) -> tuple[Client, Client]:
    """Two people of two realms that are linked, who have talked."""
    _, _, alice, bob = realms.neighbours()
    alice.write("bob@b", "mulai")
    realms.run(3)
    return alice, bob


def is_back(realms: Realms) -> None:
    realms.heal()
    realms.run_until(lambda: realms.stands(realms["a"], realms["b"]), 600)


def test_messages_that_waited_are_counted_once_they_are_there() -> None:
    with Realms("backlog", "a", "b") as realms:
        alice, _ = acquainted(realms)
        a, b = realms["a"], realms["b"]
        assert heard(a) == [(LINKED, 0)]
        realms.part("a", "b")
        realms.run(120)
        alice.write("bob@b", *map(str, range(4)))
        realms.run(1)
        (row,) = rows(realms, a)
        assert (row.state, row.waiting) == (RealmState.AWAY, 4)

        is_back(realms)
        assert len(b.told(b.conversation(realms.clients[1], "alice@a"))) == 5
        realms.run(60)

        assert heard(a) == [(LINKED, 0), (LOST, 0), (LINKED, 4)]
        assert heard(b) == [(LINKED, 0), (LOST, 0), (LINKED, 0)]
        (row,) = rows(realms, a)
        assert (row.state, row.waiting) == (RealmState.LINKED, 0)


def test_messages_that_are_refused_there_are_not_counted() -> None:
    with Realms("refused", "a", "b") as realms:
        alice, _ = acquainted(realms)
        realms.part("a", "b")
        realms.run(120)
        realms["b"].server.command(Mute("alice@a"))
        realms.run(1)
        alice.write("bob@b", *map(str, range(4)))
        realms.run(1)

        is_back(realms)
        realms.run(60)

        b = realms["b"]
        assert len(b.told(b.conversation(realms.clients[1], "alice@a"))) == 1
        assert heard(realms["a"]) == [(LINKED, 0), (LOST, 0), (LINKED, 0)]


def test_what_is_said_meanwhile_did_not_wait() -> None:
    with Realms("meanwhile", "a", "b") as realms:
        alice, _ = acquainted(realms)
        realms.part("a", "b")
        realms.run(120)
        alice.write("bob@b", "satu")
        realms.run(1)

        is_back(realms)
        alice.write("bob@b", "dua")
        realms.run(60)

        assert heard(realms["a"])[-1] == (LINKED, 1)
        assert len(heard(realms["a"])) == 3


def test_a_link_that_takes_long_to_catch_up_is_told_before() -> None:
    with Realms("slow", "a", "b", limits=replace(Limits(), realm_rate=10.0)) as realms:
        alice, _ = acquainted(realms)
        realms.part("a", "b")
        realms.run(120)
        alice.write("bob@b", *map(str, range(200)))
        realms.run(10)

        is_back(realms)
        realms.run(60)

        assert heard(realms["a"])[2:] == [(LINKED, 0), (LINKED, 200)]


def test_a_file_of_another_realm_is_listed_as_that_realms() -> None:
    with Realms("files of realms", "a", "b") as realms:
        alice, bob = acquainted(realms)
        a, b = realms["a"], realms["b"]
        alice.send_file(a.conversation(alice, "bob@b"), "satu.bin", bytes(200_000))
        there = b.conversation(bob, "alice@a")
        realms.run_until(lambda: b.server.store.files_count() == 1)
        assert there

        b.server.command(ListFiles())
        realms.run(1)

        (listed,) = (event for event in b.server.events if isinstance(event, FilesListed))
        assert [row.person for row in listed.files] == ["@a"]
        sent = [e for e in b.server.events if isinstance(e, Happened) and e.text == "satu.bin"]
        assert [event.name for event in sent] == ["@a"]


# --- by itself ---


class Told:
    """A store with one log that a realm reads, and what was told of the realm."""

    def __init__(self, store: Storage) -> None:
        self.store = store
        self.told: list[tuple[int, int]] = []
        self.backlogs = Backlogs(store, lambda realm, count: self.told.append((realm, count)))
        record = RealmRecord(0, bytes(32), "campus-b", "127.0.0.2", 8083, b"", b"", added_at=NOW)
        self.realm = store.save_realm(record, "campus-b").realm
        store.save_person(PersonRecord(77, "bob@campus-b", is_present=False))
        store.save_foreign_person(ForeignPerson(77, self.realm, b"bob.....", "bob"), "bob")
        self.log = store.add_private(ANA, 77)

    def say(self, *words: str) -> None:
        for one in words:
            self.store.append(self.log, said(one))

    def look(self) -> None:
        """After something came from the realm."""
        self.backlogs.stir(self.realm)
        self.backlogs.look()


@pytest.fixture
def told(folder: Path) -> Iterator[Told]:
    with closing(open_store(folder)) as store:
        yield Told(store)


def test_a_link_without_anything_waiting_is_told_at_once(told: Told) -> None:
    told.backlogs.opened(told.realm, 1.0)

    assert told.told == [(told.realm, 0)]
    assert told.backlogs.next_timer() is None


def test_a_link_that_is_lost_again_was_there(told: Told) -> None:
    told.say("satu", "dua")
    told.backlogs.opened(told.realm, 1.0)
    told.look()
    assert told.told == []

    told.backlogs.lost(told.realm)
    told.backlogs.lost(told.realm)
    told.look()

    assert told.told == [(told.realm, 0)]


def test_patience_ends_and_what_waited_is_told_all_the_same(told: Told) -> None:
    told.say("satu", "dua")
    told.backlogs.opened(told.realm, 1.0)
    assert told.backlogs.next_timer() == 1.0 + PATIENCE
    told.backlogs.handle_timer(1.0)
    assert told.told == []

    told.backlogs.handle_timer(1.0 + PATIENCE)
    told.backlogs.handle_timer(2.0 + PATIENCE)
    assert told.told == [(told.realm, 0)]
    assert told.backlogs.next_timer() is None

    told.store.set_realm_has(told.realm, told.log, 2)
    told.look()
    assert told.told == [(told.realm, 0), (told.realm, 2)]


def test_who_has_been_told_of_and_is_lost_again_is_not_told_twice(told: Told) -> None:
    told.say("satu")
    told.backlogs.opened(told.realm, 1.0)
    told.backlogs.handle_timer(1.0 + PATIENCE)

    told.backlogs.lost(told.realm)

    assert told.told == [(told.realm, 0)]


def test_what_it_refused_was_not_delivered(told: Told) -> None:
    told.say("sudah di sana", "satu", "dua", "tiga")
    told.store.note_refused(told.realm, told.log, 1)
    told.store.set_realm_has(told.realm, told.log, 1)
    told.backlogs.opened(told.realm, 1.0)

    told.store.note_refused(told.realm, told.log, 3)
    told.store.set_realm_has(told.realm, told.log, 4)
    told.look()

    assert told.told == [(told.realm, 2)]


def test_what_a_realm_declined_waits_no_more_and_was_not_delivered(told: Told) -> None:
    told.say("satu")
    told.backlogs.opened(told.realm, 1.0)

    told.store.decline(told.realm, told.log, 30)
    told.look()
    assert told.told == [(told.realm, 0)]

    told.store.undo_decline(told.realm, told.log)
    told.backlogs.opened(told.realm, 9.0)
    told.backlogs.handle_timer(9.0 + PATIENCE)
    told.store.decline(told.realm, told.log, 30)
    told.look()
    assert told.told == [(told.realm, 0)] * 2


def test_a_turn_in_which_nothing_came_from_a_realm_does_not_look_after_it(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.say("satu")
    told.backlogs.opened(told.realm, 1.0)
    looked: list[int] = []
    look = Storage.realm_has

    def watched(store: Storage, realm: int, conversation: int) -> int:
        looked.append(realm)
        return look(store, realm, conversation)

    monkeypatch.setattr(Storage, "realm_has", watched)
    for _ in range(3):
        told.backlogs.note_said(told.log + 1)
        told.backlogs.look()
    assert looked == []

    told.look()
    assert looked == [told.realm]


def test_a_log_that_its_readers_have_left_waits_no_more(told: Told) -> None:
    told.say("satu")
    told.backlogs.opened(told.realm, 1.0)
    told.store.drop_member(told.log, 77)

    told.backlogs.note_said(told.log)
    told.backlogs.look()

    assert told.told == [(told.realm, 0)]


def test_a_log_that_has_all_of_it_is_not_among_those_that_wait(told: Told) -> None:
    told.say("satu", "dua", "tiga")
    assert told.store.waiting_logs(told.realm) == [(told.log, 3, 3)]

    told.store.set_realm_has(told.realm, told.log, 1)
    assert told.store.waiting_logs(told.realm) == [(told.log, 3, 2)]

    told.store.set_realm_has(told.realm, told.log, 3)
    assert told.store.waiting_logs(told.realm) == []


def test_a_realm_that_was_dropped_still_has_its_name(told: Told) -> None:
    told.store.drop_realm(told.realm)

    assert told.store.realm_name(told.realm) == "campus-b"
    assert told.store.realm_name(told.realm + 1) == ""
