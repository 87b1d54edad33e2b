"""Realms that are linked: what is said to another one arrives there once, in order, or is refused
in words, whatever the network, the servers and the disks do meanwhile.
"""

import pytest
from realm_world import Realm, Realms
from simulated_network import Weather

import client_events
from conversation import EntryKind
from protocol import Code
from server_events import Mute

GROUP = "kelas"


def texts(realm: Realm, conversation: int) -> list[str]:
    return [text for _, text in realm.told(conversation)]


def with_group(realms: Realms, home: str, *others: str) -> None:
    """A group at ``home`` with its first member, to which somebody of each other realm belongs."""
    founder = realms.client(home, "founder")
    realms.enters(founder)
    assert realms.asked(founder, client_events.AddGroup(founder.ticket(), GROUP)) is Code.OK
    for other in others:
        who = realms.client(other, f"friend of {other}")
        realms.enters(who)
        assert realms.joins(who, f"{GROUP}@{home}") is Code.OK
    realms.run(3)


def notices(realm: Realm, conversation: int) -> list[str]:
    return [e.text for e in realm.entries(conversation) if e.kind is EntryKind.NOTICE]


# --- private conversations ---


def test_people_of_two_realms_talk() -> None:
    with Realms("talk", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()

        alice.write("bob@b", "hai", "apa kabar?")
        realms.run(2)
        bob.write("alice@a", "baik")
        realms.run(2)

        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        assert a.told(here) == [("alice", "hai"), ("alice", "apa kabar?"), ("bob@b", "baik")]
        assert b.told(there) == [("alice@a", "hai"), ("alice@a", "apa kabar?"), ("bob", "baik")]
        assert [entry.text for _, entry in bob.log(there)] == ["hai", "apa kabar?", "baik"]


def test_somebody_who_changed_their_name_and_who_took_it_are_two_to_who_is_there() -> None:
    with Realms("names", "a", "b") as realms:
        _, _, alice, bob = realms.neighbours()
        bob.write("alice@a", "satu")
        realms.run(2)

        assert realms.asked(bob, client_events.ChangeName(bob.ticket(), "bobby")) is Code.OK
        bob.write("alice@a", "dua")
        realms.run(1)
        other = realms.client("b", "budi")
        realms.enters(other)
        assert realms.asked(other, client_events.ChangeName(other.ticket(), "bob")) is Code.OK
        other.write("alice@a", "tiga")
        realms.run(2)

        assert alice.texts(alice.private("bobby@b")) == ["satu", "dua"]
        assert alice.texts(alice.private("bob@b")) == ["tiga"]


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", range(4))
def test_what_is_said_over_a_bad_network_arrives_once_and_in_order(seed: int) -> None:
    weather = Weather(loss=0.3, duplication=0.2, reordering=0.2, jitter=0.001)
    with Realms(seed, "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        realms.network.weather = weather

        for turn in range(10):
            alice.write("bob@b", f"a{turn}")
            bob.write("alice@a", f"b{turn}")
            realms.run(3)
        realms.run(60)

        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        for said in (texts(a, here), texts(b, there)):
            assert sorted(said) == sorted([f"{w}{n}" for w in "ab" for n in range(10)])
        sequence = [text for text in texts(a, here) if text[0] == "b"]
        assert sequence == [text for text in texts(b, there) if text[0] == "b"]


@pytest.mark.uncounted
def test_what_is_said_to_a_realm_that_is_away_waits_for_it() -> None:
    with Realms("away", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "pertama")
        realms.run(2)
        realms.part("a", "b")
        realms.run(60)

        alice.write("bob@b", "kedua")
        bob.write("alice@a", "ketiga")
        realms.run(3 * 3600)
        realm = a.of(b)
        assert realm is not None
        assert a.server.store.waiting_for(realm.realm) == 1
        realms.heal()
        realms.run(600)

        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        assert sorted(texts(a, here)) == ["kedua", "ketiga", "pertama"]
        assert sorted(texts(b, there)) == ["kedua", "ketiga", "pertama"]
        assert a.server.store.waiting_for(realm.realm) == 0


def test_what_waited_says_when_it_was_said() -> None:
    with Realms("late", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "pagi")
        realms.run(2)
        realms.part("a", "b")
        realms.run(60)
        alice.write("bob@b", "siang")
        realms.run(3600)
        bob.say("sementara itu")
        realms.run(5)
        realms.heal()
        realms.run(600)

        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        said = [entry.sent_at for entry in a.entries(here)]
        assert [entry.sent_at for entry in b.entries(there)] == said
        assert said[1] - said[0] < 3600_000


def test_whoever_is_not_there_cannot_be_written_to() -> None:
    with Realms("nobody", "a", "b") as realms:
        realms.link("a", "b")
        alice = realms.client("a", "alice")
        realms.enters(alice)

        def opened(name: str) -> Code:
            return realms.asked(alice, client_events.OpenPrivate(alice.ticket(), name))

        assert opened("siapa@b") is Code.NO_SUCH_USER
        assert opened("siapa@entah") is Code.NO_SUCH_REALM
        assert opened("siapa@c@b") is Code.NO_WAY_THERE
        assert realms.joins(alice, "tiada@b") is Code.NO_SUCH_GROUP


def test_whoever_is_not_there_when_the_realm_is_back_is_told_of() -> None:
    with Realms("late", "a", "b") as realms:
        realms.link("a", "b")
        a = realms["a"]
        alice = realms.client("a", "alice")
        realms.enters(alice)
        realms.part("a", "b")
        realms.run(60)

        alice.write("siapa@b", "halo?", "halo??")
        realms.run(10)
        here = a.conversation(alice, "siapa@b")
        realms.heal()
        realms.run(60)
        alice.say_in(here, "halo???")
        realms.run(10)

        assert notices(a, here) == ["undelivered 30 halo?", "undelivered 30 halo??"]
        assert [refused.code for refused in alice.refused] == [Code.NO_SUCH_USER]


def test_a_refused_name_can_be_tried_again() -> None:
    with Realms("again", "a", "b") as realms:
        a, b, alice = realms.written_to_nobody("halo?")

        who = realms.client("b", "siapa")
        realms.enters(who)
        alice.write("siapa@b", "sudah di sana?")
        realms.run(10)

        there = b.conversation(who, "alice@a")
        assert "sudah di sana?" in texts(b, there)
        assert len(a.told(a.conversation(alice, "siapa@b"))) == 2


def test_a_muted_person_of_another_realm_hears_that() -> None:
    with Realms("muted", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        alice.write("bob@b", "hai")
        realms.run(2)
        store = b.server.store
        there = b.conversation(bob, "alice@a")
        b.server.command(Mute("alice@a", None))
        realms.run(1)

        alice.write("bob@b", "diam?")
        realms.run(5)

        assert texts(b, there) == ["hai"]
        assert notices(a, a.conversation(alice, "bob@b")) == ["undelivered 16 diam?"]
        assert store.undelivered(1) == []


# --- groups ---


def test_a_group_has_people_of_several_realms_who_see_the_same() -> None:
    with Realms("group", "b", "a", "c") as realms:
        realms.link("a", "b")
        realms.link("b", "c")
        with_group(realms, "b", "a", "c")
        founder, ana, citra = realms.clients

        for turn in range(4):
            for one, name in ((founder, GROUP), (ana, f"{GROUP}@b"), (citra, f"{GROUP}@b")):
                one.write_group(name, f"{one.name} {turn}")
            realms.run(1)
        realms.run(10)

        a, b, c = realms["a"], realms["b"], realms["c"]
        at_home = b.told(b.conversation(founder, GROUP))
        assert len(at_home) == 12
        assert {name for name, _ in at_home} == {"founder", "friend of a@a", "friend of c@c"}
        assert a.told(a.conversation(ana, f"{GROUP}@b")) == [
            ("friend of a" if name == "friend of a@a" else f"{name}@b", text)
            for name, text in at_home
        ]
        assert texts(c, c.conversation(citra, f"{GROUP}@b")) == [text for _, text in at_home]


def test_members_of_a_group_elsewhere_are_known_in_every_realm() -> None:
    with Realms("members", "b", "a", "c") as realms:
        realms.link("a", "b")
        realms.link("b", "c")
        with_group(realms, "b", "a", "c")
        _, ana, _ = realms.clients
        a, b = realms["a"], realms["b"]

        copy = a.server.store.member_names(a.conversation(ana, f"{GROUP}@b"), 10)
        assert sorted(copy) == ["founder@b", "friend of a", "friend of c@c@b"]

        left = realms.asked(ana, client_events.LeaveGroup(ana.ticket(), f"{GROUP}@b"))
        realms.run(3)

        assert left is Code.OK
        group = b.server.store.group_named(GROUP)
        assert group is not None
        assert sorted(b.server.store.member_names(group, 10)) == ["founder", "friend of c@c"]


def test_a_guest_who_leaves_for_good_leaves_the_groups_of_other_realms() -> None:
    with Realms("gone", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        _, ana = realms.clients
        b = realms["b"]

        ana.leave()
        realms.run(5)

        group = b.server.store.group_named(GROUP)
        assert group is not None
        assert b.server.store.member_names(group, 10) == ["founder"]


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", range(4))
def test_a_group_across_realms_on_a_bad_network(seed: int) -> None:
    with Realms(seed, "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        realms.network.weather = Weather(loss=0.3, duplication=0.2, reordering=0.2, jitter=0.001)

        for turn in range(10):
            founder.write_group(GROUP, f"b{turn}")
            ana.write_group(f"{GROUP}@b", f"a{turn}")
            realms.run(2)
        realms.run(90)

        a, b = realms["a"], realms["b"]
        at_home = texts(b, b.conversation(founder, GROUP))
        assert sorted(at_home) == sorted([f"{w}{n}" for w in "ab" for n in range(10)])
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == at_home
        for word in "ab":
            assert [t for t in at_home if t[0] == word] == [f"{word}{n}" for n in range(10)]


@pytest.mark.uncounted
def test_a_partition_in_which_both_sides_go_on_heals_in_the_order_of_the_home() -> None:
    with Realms("hours", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        realms.part("a", "b")

        for turn in range(3):
            founder.write_group(GROUP, f"rumah {turn}")
            ana.write_group(f"{GROUP}@b", f"jauh {turn}")
            realms.run(2 * 3600)
        realms.heal()
        realms.run(600)

        a, b = realms["a"], realms["b"]
        at_home = texts(b, b.conversation(founder, GROUP))
        assert at_home == [f"{w} {n}" for w in ("rumah", "jauh") for n in range(3)]
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == at_home
