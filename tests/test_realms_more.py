"""What linked realms refuse each other, receipts across them, files, and how much they take."""

from dataclasses import replace

import pytest
from realm_world import Realm, Realms
from simulated_clients import Client
from test_realms import GROUP, notices, texts, with_group

import client_events
from conversation import EntryKind, FileNote
from protocol import Code
from server_events import (
    CutRealm,
    DropRealm,
    Happened,
    HappeningKind,
    Mute,
    RemoveFile,
    RestoreRealm,
)
from settings import Limits

DATA = bytes(range(256)) * 1000


def note_in(realm: Realm, conversation: int) -> FileNote:
    found = [e.text for e in realm.entries(conversation) if e.kind is EntryKind.FILE]
    return FileNote.decode(found[-1])


def fetched(realms: Realms, who: Client, note: FileNote) -> bytes | None:
    """What somebody has of a file after a while."""
    ticket = who.fetch_file(note)
    realms.run_until(lambda: ticket in who.files, 60)
    ended = who.files[ticket]
    return ended.path.read_bytes() if ended.trouble is None and ended.path else None


# --- receipts ---


def test_a_receipt_says_that_the_other_realm_has_it_on_its_disk() -> None:
    with Realms("receipt", "a", "b") as realms:
        a, _, alice, _ = realms.neighbours()
        alice.write("bob@b", "satu")
        realms.run(5)
        here = a.conversation(alice, "bob@b")
        before = reached(alice, here)
        realms.part("a", "b")

        alice.say_in(here, "dua")
        realms.run(30)
        meanwhile = reached(alice, here)
        realms.heal()
        realms.run(60)

        assert (before, meanwhile, reached(alice, here)) == (1, 1, 2)


def test_somebody_who_types_to_another_realm_is_seen_by_nobody_there_and_breaks_no_link() -> None:
    with Realms("typing", "a", "b") as realms:
        _, _, alice, bob = realms.neighbours()
        alice.write("bob@b", "satu")
        realms.run(5)

        here = realms["a"].conversation(alice, "bob@b")
        for _ in range(3):
            alice.command(client_events.ShowTyping(here))
            realms.run(5)

        lost = [
            event
            for event in (*realms["a"].server.events, *realms["b"].server.events)
            if isinstance(event, Happened) and event.kind is HappeningKind.REALM_LOST
        ]
        assert lost == []
        assert bob.saw(client_events.PersonTyping) == []


def reached(who: Client, conversation: int) -> int:
    told = [
        event.number
        for event in who.events
        if isinstance(event, client_events.ReachedChanged) and event.conversation == conversation
    ]
    return max(told, default=0)


# --- refusals ---


def test_what_a_group_refuses_shows_to_its_author_and_holds_up_nobody() -> None:
    with Realms("refused", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        _, ana = realms.clients
        a, b = realms["a"], realms["b"]
        budi = realms.client("a", "budi")
        realms.enters(budi)
        assert realms.joins(budi, f"{GROUP}@b") is Code.OK
        realms.run(3)
        group = b.server.store.group_named(GROUP)
        assert group is not None
        b.server.command(Mute("friend of a@a", None))
        realms.run(1)

        for turn in range(5):
            ana.write_group(f"{GROUP}@b", f"diam {turn}")
            budi.write_group(f"{GROUP}@b", f"bicara {turn}")
        realms.run(10)

        said = [f"bicara {turn}" for turn in range(5)]
        copy = a.conversation(ana, f"{GROUP}@b")
        assert texts(b, group) == said
        assert a.told(copy) == [("budi", text) for text in said]
        assert notices(a, copy) == ["undelivered 16 "] * 5  # what was said, nobody is to read


def test_a_realm_that_is_cut_hears_nothing_until_it_is_restored() -> None:
    with Realms("cut", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "satu")
        realms.run(3)
        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        b.server.command(CutRealm("a"))
        realms.run(5)

        alice.say_in(here, "dua")
        realms.run(30)
        meanwhile = texts(b, there)
        b.server.command(RestoreRealm("a"))
        realms.run(400)

        assert meanwhile == ["satu"]
        assert texts(b, there) == ["satu", "dua"]


def test_a_person_of_a_third_realm_is_not_written_to_through_the_second() -> None:
    with Realms("third", "b", "a", "c") as realms:
        realms.link("a", "b")
        realms.link("b", "c")
        with_group(realms, "b", "a", "c")
        _, ana, _ = realms.clients

        opened = realms.asked(ana, client_events.OpenPrivate(ana.ticket(), "friend of c@c@b"))

        assert opened is Code.NO_WAY_THERE


def test_a_realm_whose_last_member_left_reads_no_more_of_a_group_until_one_is_back() -> None:
    with Realms("last", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        a, b = realms["a"], realms["b"]
        copy = a.conversation(ana, f"{GROUP}@b")
        founder.write_group(GROUP, "satu")
        realms.run(3)

        left = realms.asked(ana, client_events.LeaveGroup(ana.ticket(), f"{GROUP}@b"))
        realms.run(3)
        founder.write_group(GROUP, "dua")
        realms.run(60)
        meanwhile = texts(a, copy)
        again = realms.joins(ana, f"{GROUP}@b")
        realms.run(3)
        ana.write_group(f"{GROUP}@b", "tiga")
        realms.run(5)

        assert (left, again) == (Code.OK, Code.OK)
        assert meanwhile == ["satu"]
        assert texts(a, copy) == ["satu", "dua", "tiga"]
        names = [e.name for e in a.entries(copy) if e.kind is not EntryKind.TEXT]
        assert names == ["founder@b", "friend of a", "friend of a", "friend of a"]
        home = b.conversation(founder, GROUP)
        assert texts(b, home) == ["satu", "dua", "tiga"]


def test_a_realm_that_was_dropped_and_is_added_again_goes_on_where_it_was() -> None:
    with Realms("dropped", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        a, b = realms["a"], realms["b"]
        founder.write_group(GROUP, "satu")
        realms.run(3)
        a.server.command(DropRealm("b"))
        realms.run(10)

        founder.write_group(GROUP, "dua")
        realms.run(10)
        meanwhile = texts(a, a.conversation(ana, f"{GROUP}@b"))
        realms.link("a", "b")
        realms.run(10)
        ana.write_group(f"{GROUP}@b", "tiga")
        realms.run(10)

        assert meanwhile == ["satu"]
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == ["satu", "dua", "tiga"]
        assert texts(b, b.conversation(founder, GROUP)) == ["satu", "dua", "tiga"]


def test_nothing_is_said_to_a_realm_that_was_dropped_until_it_is_added_again() -> None:
    with Realms("no more", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        ana = realms.clients[1]
        a, b = realms["a"], realms["b"]
        ana.write("founder@b", "halo")
        realms.run(3)
        private, group = a.conversation(ana, "founder@b"), a.conversation(ana, f"{GROUP}@b")
        a.server.command(DropRealm("b"))
        realms.run(1)

        ana.say_in(private, "masih ada?")
        ana.say_in(group, "masih ada?")
        realms.run(3)
        refused = [event.code for event in ana.refused]
        realms.link("a", "b")
        realms.run(3)
        ana.say_in(private, "lagi")
        ana.say_in(group, "lagi")
        realms.run(10)

        assert refused == [Code.NO_SUCH_REALM] * 2
        assert texts(a, private) == ["halo", "lagi"]
        assert texts(b, b.conversation(realms.clients[0], GROUP)) == ["lagi"]
        assert len(ana.refused) == 2


# --- files ---


def test_files_go_both_ways() -> None:
    with Realms("files", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "ini")
        realms.run(3)
        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")

        alice.send_file(here, "satu.bin", DATA)
        bob.send_file(there, "dua.bin", DATA[::-1])
        realms.run(20)

        to_bob = next(note for note in notes(b, there) if note.name == "satu.bin")
        to_alice = next(note for note in notes(a, here) if note.name == "dua.bin")
        assert fetched(realms, bob, to_bob) == DATA
        assert fetched(realms, alice, to_alice) == DATA[::-1]
        assert b.server.store.awaited_files(1) == []


def notes(realm: Realm, conversation: int) -> list[FileNote]:
    found = (e.text for e in realm.entries(conversation) if e.kind is EntryKind.FILE)
    return [FileNote.decode(text) for text in found]


def test_a_file_in_a_group_reaches_people_two_links_away() -> None:
    with Realms("chain", "b", "a", "c") as realms:
        realms.link("a", "b")
        realms.link("b", "c")
        with_group(realms, "b", "a", "c")
        founder, ana, citra = realms.clients
        a, b, c = realms["a"], realms["b"], realms["c"]

        ana.send_file(a.conversation(ana, f"{GROUP}@b"), "tugas.pdf", DATA)
        realms.run(20)

        there = c.conversation(citra, f"{GROUP}@b")
        assert fetched(realms, citra, note_in(c, there)) == DATA
        assert fetched(realms, founder, note_in(b, b.conversation(founder, GROUP))) == DATA


@pytest.mark.uncounted
def test_a_file_of_a_realm_that_goes_away_comes_when_it_is_back() -> None:
    with Realms("later", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "ini")
        realms.run(3)
        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        large = DATA * 40

        alice.send_file(here, "besar.bin", large)
        realms.run_until(lambda: bool(notes(b, there)), 60)
        realms.run(0.2)
        a.server.kill()
        waiting = len(b.server.store.awaited_files(1))
        realms.run(30)
        b.server.kill()
        a.server.start()
        b.server.start()
        realms.run(120)

        assert waiting == 1
        assert b.server.store.awaited_files(1) == []
        assert fetched(realms, bob, notes(b, there)[0]) == large


def test_whoever_was_not_given_a_file_does_not_get_it_from_the_other_realm() -> None:
    with Realms("rights", "a", "b") as realms:
        a, _, alice, _ = realms.neighbours()
        alice.send_file(1, "rahasia.bin", DATA)
        realms.run(5)

        note = note_in(a, 1)

        assert not a.server.store.may_realm_read_file(note.file, 1)


def test_a_file_that_the_operator_removed_does_not_come_again() -> None:
    with Realms("removed", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "ini")
        realms.run(3)
        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        alice.send_file(here, "satu.bin", DATA)
        realms.run(10)
        note = notes(b, there)[0]
        assert b.server.store.realm_bytes(1) > note.size
        b.server.command(RemoveFile(note.file, note.name))
        realms.run(3)
        assert 0 < b.server.store.realm_bytes(1) < note.size

        alice.send_file(here, "satu.bin", DATA)
        realms.run(10)

        assert len(notes(b, there)) == 2
        assert b.server.store.awaited_files(1) == []
        record = b.server.store.file(note.file)
        assert record is not None
        assert record.is_removed


# --- what was refused stays so ---


def test_what_was_told_to_be_undelivered_is_not_delivered_when_they_exist_at_last() -> None:
    with Realms("late", "a", "b") as realms:
        a, b, alice = realms.written_to_nobody("halo lama")
        siapa = realms.client("b", "siapa")
        realms.enters(siapa)

        alice.write("siapa@b", "halo baru")
        realms.run(10)
        b.server.stop()
        realms.run(2)
        b.server.start()
        alice.say_in(a.conversation(alice, "siapa@b"), "halo lagi")
        realms.run(60)

        assert notices(a, a.conversation(alice, "siapa@b")) == ["undelivered 30 halo lama"]
        assert texts(b, b.conversation(siapa, "alice@a")) == ["halo baru", "halo lagi"]


def test_whoever_wrote_much_to_nobody_hears_of_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_realm_serving.MOST_REFUSED", 5)
    with Realms("much", "a", "b") as realms:
        realms.link("a", "b")
        a = realms["a"]
        alice = realms.client("a", "alice")
        realms.enters(alice)
        realms.part("a", "b")
        realms.run(60)
        alice.write("siapa@b", *(f"halo {turn}" for turn in range(12)))
        realms.run(5)

        realms.heal()
        realms.run(90)

        said = notices(a, a.conversation(alice, "siapa@b"))
        assert said == [f"undelivered 30 halo {turn}" for turn in range(12)]
        assert a.server.store.undelivered(1) == []
        assert a.server.store.shared_logs(1) == []


def test_what_was_said_to_no_group_is_not_said_to_it_later_but_its_members_are_in_it() -> None:
    with Realms("later", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        realms.part("a", "b")
        realms.run(60)
        assert realms.joins(alice, "catur@b") is Code.OK
        alice.write_group("catur@b", "halo lama")
        realms.run(5)
        realms.heal()
        realms.run(60)
        assert realms.asked(bob, client_events.AddGroup(bob.ticket(), "catur")) is Code.OK

        assert realms.joins(alice, "catur@b") is Code.ALREADY_A_MEMBER
        alice.write_group("catur@b", "halo baru")
        realms.run(10)

        here = a.conversation(alice, "catur@b")
        assert texts(b, b.conversation(bob, "catur")) == ["halo baru"]
        assert texts(a, here) == ["halo baru"]
        assert notices(a, here) == ["undelivered 31 halo lama"]


# --- how much ---


def test_a_realm_that_has_left_too_much_is_read_no_further_and_the_operator_hears_once() -> None:
    limits = replace(Limits(), realm_bytes=20_000)
    with Realms("much", "a", "b", limits=limits) as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "mulai")
        realms.run(3)

        for turn in range(40):
            alice.say_in(a.conversation(alice, "bob@b"), f"{turn} " + "x" * 2_000)
            realms.run(1)
        realms.run(30)

        there = b.conversation(bob, "alice@a")
        assert 10 <= len(b.told(there)) <= 15
        full = [
            event
            for event in b.server.events
            if isinstance(event, Happened) and event.kind is HappeningKind.REALM_FULL
        ]
        assert len(full) == 1


@pytest.mark.uncounted
def test_a_realm_that_says_much_at_once_is_read_at_the_rate_that_is_set() -> None:
    limits = replace(Limits(), realm_rate=20.0)
    with Realms("rate", "a", "b", limits=limits) as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "mulai")
        realms.run(3)
        here = a.conversation(alice, "bob@b")

        alice.say_in(here, *(str(number) for number in range(600)))
        realms.run(10)
        soon = len(b.told(b.conversation(bob, "alice@a")))
        realms.run(120)

        assert soon < 400
        assert texts(b, b.conversation(bob, "alice@a")) == ["mulai", *map(str, range(600))]
