"""Reaching people and groups of other realms: who is asked, and what the answer is."""

from dataclasses import replace

from realm_links import state
from realm_world import Realms
from test_realms import GROUP, texts, with_group

import client_events
from protocol import Code
from server_events import (
    BanPerson,
    CutRealm,
    Happened,
    HappeningKind,
    Kick,
    OperatorAnswered,
    RealmState,
    RestoreRealm,
    Unban,
)
from settings import Limits


def opens(realms: Realms, who: int, name: str) -> Code:
    one = realms.clients[who]
    return realms.asked(one, client_events.OpenPrivate(one.ticket(), name))


def test_whoever_is_banned_there_can_reach_nobody_until_that_is_taken_back() -> None:
    with Realms("banned", "a", "b") as realms:
        _, _, alice, bob = realms.neighbours()
        before = opens(realms, 0, "bob@b")
        alice.say_in(realms["a"].conversation(alice, "bob@b"), "hai")
        realms.run(3)
        realms["b"].server.command(BanPerson("alice@a"))
        realms.run(1)

        banned = opens(realms, 0, "bob@b")
        alice.say_in(realms["a"].conversation(alice, "bob@b"), "halo?")
        realms.run(3)
        realms["b"].server.command(Unban("alice@a"))
        realms.run(1)

        b = realms["b"]
        assert (before, banned, opens(realms, 0, "BOB@B")) == (Code.OK, Code.BANNED, Code.OK)
        assert texts(b, b.conversation(bob, "alice@a")) == ["hai"]


def test_a_name_is_found_in_another_realm_as_it_is_found_at_home() -> None:
    with Realms("names", "a", "b") as realms:
        realms.link("a", "b")
        alice = realms.client("a", "alice")
        realms.enters(alice)

        assert opens(realms, 0, "bob\u200b@b") is Code.NO_SUCH_USER
        assert opens(realms, 0, "@b") is Code.NO_SUCH_USER
        assert opens(realms, 0, "alice@a") is Code.NO_SUCH_REALM


def test_a_realm_that_is_cut_is_one_that_cannot_be_reached() -> None:
    """It stands in the list of realms."""
    with Realms("cut", "a", "b") as realms:
        a, _, alice, _ = realms.neighbours()
        a.server.command(CutRealm("b"))
        realms.run(1)

        codes = [opens(realms, 0, "bob@b"), realms.joins(alice, "kelas@B")]
        a.server.command(RestoreRealm("b"))
        realms.run(1)
        codes.append(opens(realms, 0, "bob@b"))

        unreachable = Code.REALM_UNREACHABLE
        assert codes == [unreachable, unreachable, Code.OK]


def test_a_silent_realm_is_waited_for_three_seconds_and_no_longer() -> None:
    with Realms("silent", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        realms.part("a", "b")
        begun = realms.network.now

        code = opens(realms, 0, "bob@b")
        took = realms.network.now - begun
        alice.say_in(a.conversation(alice, "bob@b"), "nanti saja")
        realms.heal()
        realms.run(60)

        assert code is Code.OK
        assert 2.9 < took < 3.5
        assert texts(b, b.conversation(bob, "alice@a")) == ["nanti saja"]


def test_a_realm_of_which_it_is_told_that_it_is_away_is_not_waited_for() -> None:
    with Realms("told away", "a", "b") as realms:
        a, b, alice, bob = realms.neighbours()
        opens(realms, 0, "bob@b")
        alice.say_in(a.conversation(alice, "bob@b"), "hai")
        realms.run(1)
        realms.part("a", "b")
        alice.say_in(a.conversation(alice, "bob@b"), "masih di sana?")
        realms.run(6)
        assert state(realms, a) is RealmState.AWAY
        assert realms.stands(a, b)  # the link was not given up yet
        begun = realms.network.now

        code = opens(realms, 0, "bob@b")
        took = realms.network.now - begun
        alice.say_in(a.conversation(alice, "bob@b"), "nanti saja")
        realms.heal()
        realms.run(60)

        assert code is Code.OK
        assert took < 0.5
        there = texts(b, b.conversation(bob, "alice@a"))
        assert there == ["hai", "masih di sana?", "nanti saja"]


def test_a_group_that_is_joined_while_its_home_is_away_is_joined_when_it_is_back() -> None:
    with Realms("join later", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b")
        founder = realms.clients[0]
        ana = realms.client("a", "ana")
        realms.enters(ana)
        a, b = realms["a"], realms["b"]
        realms.part("a", "b")
        realms.run(60)

        joined, again = realms.joins(ana, "KELAS@b"), realms.joins(ana, "kelas@b")
        absent = realms.joins(ana, "tiada@b")
        ana.write_group("KELAS@b", "satu")
        ana.write_group("tiada@b", "halo?")
        realms.run(5)
        realms.heal()
        realms.run(60)

        assert (joined, again, absent) == (Code.OK, Code.ALREADY_A_MEMBER, Code.OK)
        assert texts(b, b.conversation(founder, GROUP)) == ["satu"]
        assert texts(a, a.conversation(ana, "kelas@b")) == ["satu"]
        assert realms.joins(ana, "tiada@b") is Code.NO_SUCH_GROUP


def test_a_group_that_was_not_there_can_be_joined_once_it_is() -> None:
    with Realms("founded", "b", "a") as realms:
        realms.link("a", "b")
        founder, ana = realms.client("b", "founder"), realms.client("a", "ana")
        realms.enters(founder, ana)
        a, b = realms["a"], realms["b"]
        realms.part("a", "b")
        realms.run(60)
        assert realms.joins(ana, f"{GROUP}@b") is Code.OK
        realms.heal()
        realms.run(60)
        ana.write_group(f"{GROUP}@b", "terlalu dini")
        realms.run(3)
        assert [refused.code for refused in ana.refused] == [Code.NO_SUCH_GROUP]

        founded = realms.asked(founder, client_events.AddGroup(founder.ticket(), GROUP))
        again = realms.joins(ana, f"{GROUP}@b")
        ana.write_group(f"{GROUP}@b", "sekarang")
        realms.run(10)

        assert (founded, again) == (Code.OK, Code.ALREADY_A_MEMBER)
        assert texts(b, b.conversation(founder, GROUP)) == ["sekarang"]
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == ["sekarang"]


def test_many_conversations_of_two_realms_are_all_followed_also_after_a_restart() -> None:
    with Realms("many", "a", "b") as realms:
        realms.link("a", "b")
        a, b = realms["a"], realms["b"]
        bob = realms.client("b", "bob")
        many = [realms.client("a", f"tamu {number}") for number in range(60)]
        realms.enters(bob, *many)
        realms.part("a", "b")
        realms.run(60)
        for one in many:
            one.write("bob@b", f"dari {one.name}")
        realms.run(10)
        realms.heal()
        realms.run(60)
        b.server.kill()
        b.server.start()
        realms.run(20)

        many[55].write("bob@b", "masih?")
        realms.run(10)

        for one in many:
            there = b.conversation(bob, f"{one.name}@a")
            assert texts(b, there)[0] == f"dari {one.name}"
        assert texts(b, b.conversation(bob, "tamu 55@a")) == ["dari tamu 55", "masih?"]
        assert a.server.store.waiting_for(1) == 0


def test_a_realm_may_begin_so_many_conversations_here_and_no_more() -> None:
    limits = replace(Limits(), realm_conversations=2)
    with Realms("few", "a", "b", limits=limits) as realms:
        realms.link("a", "b")
        b = realms["b"]
        bob = realms.client("b", "bob")
        guests = [realms.client("a", f"tamu {number}") for number in range(4)]
        realms.enters(bob, *guests)

        for one in guests:
            one.write("bob@b", "hai")
            realms.run(5)

        reached = [one for one in guests if b.conversation(bob, f"{one.name}@a")]
        kinds = [event.kind for event in b.server.events if isinstance(event, Happened)]
        assert len(reached) == 2
        assert kinds.count(HappeningKind.REALM_FULL) == 1


def test_the_operator_finds_people_of_any_realm_by_name_and_of_no_other() -> None:
    with Realms("operator finds", "a", "b", "c") as realms:
        realms.link("a", "b")
        realms.link("a", "c")
        alice, cici = realms.client("a", "alice"), realms.client("c", "cici")
        realms.enters(alice, cici)
        a = realms["a"].server
        opens(realms, 0, "cici@c")

        for name in ("cici@c", "bob@c", "cici@nowhere"):
            a.command(BanPerson(name))
            realms.run(1)

        answers = [event for event in a.events if isinstance(event, OperatorAnswered)]
        codes = [one.code for one in answers if isinstance(one.command, BanPerson)]
        assert codes == [Code.OK, Code.NO_SESSION, Code.NO_SESSION]


def test_who_was_put_out_while_another_realm_was_asked_reaches_nobody() -> None:
    with Realms("put out", "a", "b") as realms:
        _, _, alice, _ = realms.neighbours()
        a = realms["a"].server
        realms.part("a", "b")

        alice.command(client_events.OpenPrivate(alice.ticket(), "bob@b"))
        realms.run(1)
        a.command(Kick("alice"))
        realms.run(5)

        realm = realms["a"].of(realms["b"])
        assert realm is not None
        assert a.store.shared_logs(realm.realm, 0, 10) == []
