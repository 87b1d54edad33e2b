"""Links between realms: coming up, being refused, coming back whatever happens to either end."""

from collections.abc import Iterator

import pytest
from realm_links import add, answer, happenings, is_linked, linked, raw_client, restart, rows, state
from realm_world import PASSWORD, Realms
from simulated_network import Sent
from simulated_nodes import cached_prs

from protocol import Code, DatagramType
from protocol_frames import RealmsChanged
from server_events import (
    AddRealm,
    CutRealm,
    DropRealm,
    HappeningKind,
    OperatorAnswered,
    RealmState,
    RestoreRealm,
)
from settings import Limits, WhoMayLink

OTHER = "kuda laut biru tua"


@pytest.fixture
def realms(request: pytest.FixtureRequest) -> Iterator[Realms]:
    """Two servers that run; "a" holds the higher key."""
    with Realms(request.node.name, "a", "b") as made:
        made.run(1)
        yield made


# --- coming up ---


def test_a_link_stands_at_both_ends(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]

    assert add(realms, "a", "b") is Code.OK
    linked(realms, "a", "b")

    realms.run(15)
    (there,), (here,) = rows(realms, a), rows(realms, b)
    assert (there.name, there.state, there.address) == ("b", RealmState.LINKED, b.server.address)
    assert (here.name, here.state, here.address) == ("a", RealmState.LINKED, None)
    assert there.round_trip is not None
    assert here.round_trip is not None
    assert happenings(a) == [HappeningKind.REALM_ADDED, HappeningKind.REALM_LINKED]
    assert happenings(b) == [HappeningKind.REALM_LINKED]


def test_a_realm_is_called_as_whoever_adds_it_says(realms: Realms) -> None:
    add(realms, "a", "b", name="Kampus_B")

    linked(realms, "a", "b")
    assert [row.name for row in rows(realms, realms["a"])] == ["Kampus_B"]


def test_a_realm_that_nobody_named_is_called_as_its_room(realms: Realms) -> None:
    host, port = realms["b"].server.address

    assert answer(realms, realms["a"], AddRealm("", host, port)) is Code.OK

    assert [row.name for row in rows(realms, realms["a"])] == ["b"]


def test_their_password_is_given_and_never_kept(realms: Realms) -> None:
    restart(realms["b"], password=OTHER)

    assert add(realms, "a", "b", password=OTHER) is Code.OK

    linked(realms, "a", "b")
    a = realms["a"]
    a.server.stop()
    realms.run(1)
    kept = [path.read_bytes() for path in a.server.folder.rglob("*") if path.is_file()]
    assert kept
    assert not any(OTHER.encode() in content for content in kept)
    prs = cached_prs(OTHER, realms["b"].server.store.room_id)
    assert any(prs in content for content in kept)


def test_people_hear_that_a_link_came_and_went(realms: Realms) -> None:
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)

    add(realms, "a", "b")
    linked(realms, "a", "b")
    assert alice.frames.count(RealmsChanged()) == 1

    realms["b"].server.stop()
    realms.run(1)
    assert alice.frames.count(RealmsChanged()) == 2


def test_that_a_realm_does_not_answer_shows_within_seconds_where_something_waits(
    realms: Realms,
) -> None:
    a, b, alice, bob = realms.neighbours()
    alice.write("bob@b", "satu")
    realms.run(5)
    watching = raw_client(realms, "a")
    watching.enter("wati", PASSWORD)

    realms.part("a", "b")
    alice.say_in(a.conversation(alice, "bob@b"), "dua")
    realms.run(5)
    (row,) = rows(realms, a)
    assert (row.state, row.waiting) == (RealmState.AWAY, 1)
    assert watching.frames.count(RealmsChanged()) == 1
    assert HappeningKind.REALM_LOST not in happenings(a)  # it is too early to call again

    realms.mend("a", "b")
    realms.run(8)
    (row,) = rows(realms, a)
    assert (row.state, row.waiting) == (RealmState.LINKED, 0)
    assert watching.frames.count(RealmsChanged()) == 2
    assert [text for _, text in b.told(b.conversation(bob, "alice@a"))] == ["satu", "dua"]


# --- being refused ---


def test_a_wrong_password(realms: Realms) -> None:
    restart(realms["b"], password=OTHER)

    assert add(realms, "a", "b", password="salah") is Code.WRONG_PASSWORD
    assert add(realms, "a", "b") is Code.WRONG_PASSWORD  # ours is tried

    assert rows(realms, realms["a"]) == rows(realms, realms["b"]) == []


def test_too_many_wrong_passwords(realms: Realms) -> None:
    restart(realms["b"], password=OTHER)

    codes = [add(realms, "a", "b", password=f"salah {number}") for number in range(7)]

    assert codes[0] is Code.WRONG_PASSWORD
    assert codes[-1] is Code.TOO_MANY_GUESSES


def test_an_address_where_nobody_answers(realms: Realms) -> None:
    before = realms.network.now

    code = answer(realms, realms["a"], AddRealm("b", "10.2.0.99", 8083))

    assert code is Code.REALM_UNREACHABLE
    assert 9.0 < realms.network.now - before < 12.0
    realms.run(60)
    assert rows(realms, realms["a"]) == []


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("a b", "10.2.0.1", 8083),
        ("b@c", "10.2.0.1", 8083),
        ("b" * 21, "10.2.0.1", 8083),
        ("b", "nowhere.example", 8083),
        ("b", "0.0.0.0", 8083),
        ("b", "224.0.0.1", 8083),
        ("b", "255.255.255.255", 8083),
        ("b", "ff02::1", 8083),
        ("b", "10.2.0.1", 0),
        ("b", "10.2.0.1", 65536),
        ("b", "10.1.0.1", 8083),  # ourselves
    ],
)
def test_what_can_be_no_realm(realms: Realms, name: str, host: str, port: int) -> None:
    assert answer(realms, realms["a"], AddRealm(name, host, port)) is Code.BAD_REQUEST


def test_a_realm_is_added_once(realms: Realms) -> None:
    add(realms, "a", "b")

    assert add(realms, "a", "b") is Code.REALM_EXISTS
    assert add(realms, "a", "b", name="lain") is Code.REALM_EXISTS
    assert answer(realms, realms["a"], AddRealm("b", "10.2.0.99", 8083)) is Code.REALM_EXISTS


def test_a_server_without_links_makes_none(realms: Realms) -> None:
    restart(realms["a"], realms=WhoMayLink.OFF)

    assert add(realms, "a", "b") is Code.NOT_ALLOWED
    assert add(realms, "b", "a") is Code.NOT_ALLOWED

    assert rows(realms, realms["a"]) == rows(realms, realms["b"]) == []


def test_links_rest_while_they_are_switched_off(realms: Realms) -> None:
    add(realms, "a", "b")
    linked(realms, "a", "b")

    restart(realms["a"], realms=WhoMayLink.OFF)
    realms.run(60)
    assert state(realms, realms["a"]) is state(realms, realms["b"]) is RealmState.AWAY

    restart(realms["a"], realms=WhoMayLink.USERS)
    linked(realms, "a", "b")


def test_there_is_a_most_of_realms() -> None:
    with Realms(1, "a", "b", "c", limits=Limits(realm_links=1)) as realms:
        realms.run(1)

        assert add(realms, "a", "b") is Code.OK
        assert add(realms, "a", "c") is Code.SERVER_FULL
        assert add(realms, "c", "a") is Code.SERVER_FULL


# --- one link where both ends call ---


def test_both_add_each_other_at_once_and_one_link_stays(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    a.server.command(AddRealm("b", *b.server.address))
    b.server.command(AddRealm("a", *a.server.address))

    realms.run(30)

    linked(realms, "a", "b")
    before = [len(happenings(a)), len(happenings(b))]
    realms.run(60)
    assert [len(happenings(a)), len(happenings(b))] == before
    assert [row.address for row in rows(realms, a) + rows(realms, b)] == [
        b.server.address,
        a.server.address,
    ]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_both_add_each_other_one_later(realms: Realms, first: str, second: str) -> None:
    add(realms, first, second)
    linked(realms, "a", "b")
    realms.run(20)

    assert add(realms, second, first, name="dia") is Code.OK

    realms.run(30)
    linked(realms, "a", "b")
    (row,) = rows(realms, realms[second])
    assert (row.name, row.address) == ("dia", realms[first].server.address)


# --- whatever happens to either end ---


@pytest.mark.uncounted
@pytest.mark.parametrize("who", ["a", "b"])
@pytest.mark.parametrize("how", ["killed", "stopped"])
@pytest.mark.parametrize("pause", [0.0, 5.0, 200.0])
def test_a_link_is_back_after_a_restart(realms: Realms, who: str, how: str, pause: float) -> None:
    """Whichever end had called: in a moment after a short absence, within a minute after a long."""
    add(realms, "a", "b")
    linked(realms, "a", "b")

    server = realms[who].server
    if how == "killed":
        server.kill()
    else:
        server.stop()
        realms.run_until(lambda: not server.is_running)
    realms.run(pause)
    server.start()

    assert linked(realms, "a", "b") < (5.0 if pause < 100 else 75.0)
    realms.run(60)
    linked(realms, "a", "b", within=0.1)


@pytest.mark.parametrize("who", ["a", "b"])
@pytest.mark.parametrize("pause", [0.0, 200.0])
def test_where_both_know_the_way_a_link_is_back_at_once(
    realms: Realms, who: str, pause: float
) -> None:
    """Whoever comes back calls."""
    add(realms, "a", "b")
    add(realms, "b", "a")
    linked(realms, "a", "b")

    realms[who].server.kill()
    realms.run(pause)
    realms[who].server.start()

    assert linked(realms, "a", "b") < 6.0
    realms.run(100)
    linked(realms, "a", "b", within=0.1)


def test_where_one_cannot_get_through_the_link_that_the_other_called_stays(realms: Realms) -> None:
    """Though it is the one with the lower key, whose call would be preferred."""
    a, b = realms["a"], realms["b"]
    add(realms, "a", "b")
    add(realms, "b", "a")
    linked(realms, "a", "b")
    for realm in (a, b):
        realm.server.kill()
    tried: list[float] = []

    def lose(sent: Sent) -> list[bytes]:
        is_init = sent.datagram[3] == DatagramType.INIT
        if not is_init or sent.destination != a.server.address:
            return [sent.datagram]
        tried.append(realms.network.now)
        return []

    realms.network.filters.append(lose)
    for realm in (a, b):
        realm.server.start()
    linked(realms, "a", "b")
    before = happenings(a)
    realms.run(100)
    assert happenings(a) == before

    # When it goes in the middle of an attempt, that goes on.
    tries = len(tried)
    realms.run_until(lambda: len(tried) > tries)
    a.server.stop()
    realms.run(5)
    assert state(realms, b) is RealmState.AWAY
    a.server.start()
    linked(realms, "a", "b")
    realms.network.filters.clear()
    realms.run(100)
    linked(realms, "a", "b", within=0.1)


def test_a_link_is_back_after_both_were_killed(realms: Realms) -> None:
    add(realms, "a", "b")
    add(realms, "b", "a")
    linked(realms, "a", "b")

    for realm in (realms["a"], realms["b"]):
        realm.server.kill()
    realms.run(3)
    for realm in (realms["a"], realms["b"]):
        realm.server.start()

    assert linked(realms, "a", "b") < 5.0
    realms.run(60)
    linked(realms, "a", "b", within=0.1)


def test_a_link_is_back_after_the_network_was_gone(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    add(realms, "a", "b")
    linked(realms, "a", "b")

    realms.part("a", "b")
    realms.run(100)
    assert state(realms, a) is state(realms, b) is RealmState.AWAY

    realms.heal()
    assert linked(realms, "a", "b") < 75.0


def test_a_link_comes_up_and_stays_while_a_third_of_all_is_lost() -> None:
    for seed in range(5):
        with Realms(seed, "a", "b", loss=0.3, duplication=0.1, reordering=0.2) as realms:
            realms.run(1)
            assert add(realms, "a", "b") is Code.OK
            linked(realms, "a", "b")
            before = happenings(realms["a"])

            realms.run(300)

            assert state(realms, realms["a"]) is RealmState.LINKED
            assert happenings(realms["a"]) == before


@pytest.mark.uncounted
def test_a_link_that_is_killed_at_any_step_of_coming_up_is_there_in_the_end() -> None:
    for steps in range(0, 200, 9):
        with Realms(steps, "a", "b") as realms:
            realms.run(1)
            b = realms["b"].server
            b.kill_after(steps)
            realms["a"].server.command(AddRealm("b", *b.address))
            realms.run(2)
            b.spare()
            if not b.is_running:
                b.start()

            realms.run(15)
            add(realms, "a", "b")  # again, if it was in vain
            linked(realms, "a", "b")


# --- keys ---


def test_another_key_at_the_address_is_no_realm_of_ours(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    add(realms, "a", "b")
    linked(realms, "a", "b")

    b.server.stop()
    realms.run(1)
    for path in b.server.folder.iterdir():
        if path.is_file():
            path.unlink()
    b.server.name = "server false"  # whence its key and its room
    b.server.start()
    realms.run(400)

    assert state(realms, a) is RealmState.AWAY
    assert rows(realms, b) == []
    assert happenings(a)[2:] == [HappeningKind.REALM_LOST, HappeningKind.REALM_KEY_CHANGED]


# --- cutting, restoring, dropping ---


@pytest.mark.parametrize("who", ["a", "b"])
def test_a_realm_is_cut_and_restored(realms: Realms, who: str) -> None:
    """Whichever end had called."""
    other = "b" if who == "a" else "a"
    add(realms, "a", "b")
    linked(realms, "a", "b")

    assert answer(realms, realms[who], CutRealm(other)) is Code.OK
    realms.run(1)
    assert state(realms, realms[who]) is RealmState.CUT
    assert state(realms, realms[other]) is RealmState.AWAY
    restart(realms[who])
    realms.run(100)
    assert state(realms, realms[who]) is RealmState.CUT
    assert not is_linked(realms, realms[other])
    assert add(realms, who, other) is Code.REALM_EXISTS

    assert answer(realms, realms[who], RestoreRealm(other)) is Code.OK
    linked(realms, "a", "b", within=310)


@pytest.mark.parametrize("who", ["a", "b"])
def test_restoring_a_realm_that_is_not_cut_leaves_its_link_as_it_is(
    realms: Realms, who: str
) -> None:
    other = "b" if who == "a" else "a"
    add(realms, "a", "b")
    linked(realms, "a", "b")

    assert answer(realms, realms[who], RestoreRealm(other)) is Code.OK
    add(realms, "b", "a")  # their call is judged by ours
    realms.run(300)

    assert happenings(realms[who])[-1] is HappeningKind.REALM_LINKED
    linked(realms, "a", "b", within=0.1)


def test_no_other_realm_gets_a_name_that_people_here_were_known_by() -> None:
    with Realms("names", "a", "b", "c") as realms:
        a = realms["a"]
        realms.link("a", "b")
        alice = realms.client("a", "alice")
        realms.enters(alice)
        realms.client("b", "bob")
        realms.run(3)
        alice.write("bob@b", "halo")
        realms.run(3)
        assert answer(realms, a, DropRealm("b")) is Code.OK

        assert add(realms, "a", "b", name="kampus") is Code.OK

        assert add(realms, "a", "c", name="b") is Code.REALM_EXISTS


def test_a_realm_is_dropped_and_added_again(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    add(realms, "a", "b")
    linked(realms, "a", "b")

    assert answer(realms, a, DropRealm("b")) is Code.OK
    realms.run(100)
    assert rows(realms, a) == []
    assert state(realms, b) is RealmState.AWAY
    restart(a)
    realms.run(5)
    assert rows(realms, a) == []

    assert add(realms, "a", "b") is Code.OK
    linked(realms, "a", "b")


def test_a_realm_hears_at_once_that_it_was_dropped(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    add(realms, "a", "b")
    linked(realms, "a", "b")

    assert answer(realms, a, DropRealm("b")) is Code.OK
    assert OperatorAnswered(DropRealm("b"), Code.OK) in a.server.events  # it calls nobody
    realms.run(1)

    assert state(realms, b) is RealmState.AWAY


def test_a_dropped_realm_that_calls_is_back_by_itself_and_the_operator_is_told(
    realms: Realms,
) -> None:
    b = realms["b"]
    add(realms, "a", "b")
    linked(realms, "a", "b")

    assert answer(realms, b, DropRealm("a")) is Code.OK
    assert OperatorAnswered(DropRealm("a"), Code.OK, calls_us=True) in b.server.events
    assert rows(realms, b) == []

    linked(realms, "a", "b", within=10)


def test_a_realm_hears_at_once_that_it_could_not_be_written_down(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    a.server.fill_disk()

    assert add(realms, "a", "b") is Code.DISK_FULL
    realms.run(1)

    assert state(realms, b) is RealmState.AWAY


def test_commands_about_a_realm_that_is_not_there(realms: Realms) -> None:
    for command in (CutRealm("x"), RestoreRealm("x"), DropRealm("x")):
        assert answer(realms, realms["a"], command) is Code.NO_SUCH_REALM


def test_a_full_disk_adds_no_realm(realms: Realms) -> None:
    a, b = realms["a"], realms["b"]
    a.server.fill_disk()
    assert add(realms, "a", "b") is Code.DISK_FULL
    a.server.mend_disk()
    b.server.fill_disk()
    assert add(realms, "a", "b") is Code.DISK_FULL
    b.server.mend_disk()

    assert add(realms, "a", "b") is Code.OK
    a.server.fill_disk()
    for command in (CutRealm("b"), DropRealm("b")):
        assert answer(realms, a, command) is Code.DISK_FULL
    a.server.mend_disk()
    linked(realms, "a", "b")
