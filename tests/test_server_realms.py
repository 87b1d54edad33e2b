"""What other realms may say, and what people may ask about them."""

from collections.abc import Iterator

import pytest
from raw_peers import RawClient
from realm_links import (
    HandMade,
    add,
    answer,
    happenings,
    linked,
    raw_client,
    restart,
    rows,
    state,
)
from realm_world import PASSWORD, Realms

import client_events
from crypto import x25519, x25519_public
from protocol import CloseCode, Code, JsonValue, Verb, encode_object
from protocol_frames import Close, Post, RealmsChanged, Request, Response
from protocol_requests import Fields
from realms import RealmRequest, prove_key
from server_events import (
    AddRealm,
    CutRealm,
    DropRealm,
    HappeningKind,
    LetPeopleLink,
    OperatorAnswered,
    RealmsListed,
    RealmState,
    RestoreRealm,
)
from settings import WhoMayLink
from storage import Storage


@pytest.fixture
def realms(request: pytest.FixtureRequest) -> Iterator[Realms]:
    """Two servers that run; "a" holds the higher key."""
    with Realms(request.node.name, "a", "b") as made:
        made.run(1)
        yield made


def called(realms: Realms, *, name: str = "dia", private: bytes = b"\7" * 32) -> RawClient:
    """A realm made by hand that has entered "a"."""
    raw = proved(realms)
    entered = raw.ask(Verb.ENTER_REALM, key_of(raw, private, name))
    assert entered is not None
    assert entered.code is Code.OK
    return raw


def proved(realms: Realms) -> RawClient:
    """Somebody made by hand who knows the password of "a"."""
    raw = raw_client(realms, "a")
    assert raw.shake_hands()
    assert raw.prove(PASSWORD) is Code.OK
    return raw


def key_of(raw: RawClient, private: bytes, name: str = "dia") -> Fields:
    shared = x25519(private, raw.session.server_key)
    proof = prove_key(shared, raw.session.handshake_hash)
    return RealmRequest(x25519_public(private), proof, name).encode()


def who_may(realms: Realms, command: LetPeopleLink) -> WhoMayLink:
    """What is reported after a command."""
    realms["a"].server.command(command)
    realms.run(0.5)
    listed = [e for e in realms["a"].server.events if isinstance(e, RealmsListed)]
    return listed[-1].who


def closed(raw: RawClient) -> CloseCode | None:
    return next((CloseCode(f.code) for f in raw.frames if isinstance(f, Close)), None)


def test_a_realm_that_calls_is_known_from_then_on(realms: Realms) -> None:
    called(realms, name="SMA Negeri 3 — kelas 7B!")

    (row,) = rows(realms, realms["a"])
    assert (row.name, row.state) == ("sma-negeri-3-kelas-7", RealmState.LINKED)
    realms.run(60)  # it says nothing more
    assert state(realms, realms["a"]) is RealmState.AWAY


def test_two_realms_of_one_name(realms: Realms) -> None:
    called(realms, name="dia", private=b"\7" * 32)
    called(realms, name="Dia", private=b"\x08" * 32)
    called(realms, name="dia", private=b"\7" * 32)

    assert [row.name for row in rows(realms, realms["a"])] == ["dia", "dia-2"]


def test_a_key_must_be_proved(realms: Realms) -> None:
    raw = proved(realms)
    claimed = key_of(raw, b"\7" * 32)

    raw.ask(Verb.ENTER_REALM, {**claimed, "key": x25519_public(b"\x08" * 32).hex()})

    assert closed(raw) is CloseCode.BROKEN
    assert rows(realms, realms["a"]) == []


def test_a_proof_is_good_in_one_session_alone(realms: Realms) -> None:
    before = key_of(proved(realms), b"\7" * 32)

    raw = proved(realms)
    raw.ask(Verb.ENTER_REALM, before)

    assert closed(raw) is CloseCode.BROKEN
    assert rows(realms, realms["a"]) == []


def test_a_key_of_low_order_is_none(realms: Realms) -> None:
    raw = proved(realms)

    raw.ask(Verb.ENTER_REALM, {**key_of(raw, b"\7" * 32), "key": bytes(32).hex()})

    assert closed(raw) is CloseCode.BROKEN


def test_the_servers_own_key_is_no_other_realm(realms: Realms) -> None:
    raw, private = proved(realms), realms["a"].server.store.identity.static_private

    answered = raw.ask(Verb.ENTER_REALM, key_of(raw, private))

    assert answered is not None
    assert answered.code is Code.BAD_REQUEST


def test_nobody_enters_without_the_password(realms: Realms) -> None:
    raw = raw_client(realms, "a")
    assert raw.shake_hands()

    answered = raw.ask(Verb.ENTER_REALM, key_of(raw, b"\7" * 32))

    assert answered is not None
    assert answered.code is Code.NOT_ENTERED
    assert rows(realms, realms["a"]) == []


@pytest.mark.parametrize("verb", [Verb.ENTER, Verb.PEOPLE, Verb.ADD_REALM, Verb.PAKE1, Verb.NAME])
def test_a_realm_asks_for_nothing_that_people_ask_for(realms: Realms, verb: Verb) -> None:
    raw = called(realms)

    answered = raw.ask(verb, {})

    assert answered is not None
    assert answered.code is Code.UNKNOWN_REQUEST


def test_a_realm_posts_nothing(realms: Realms) -> None:
    raw = called(realms)

    raw.send_frames(Post(1, 1, 1, 1, 0, 1, b"halo").encode())
    realms.run(1)

    assert closed(raw) is CloseCode.BROKEN
    assert state(realms, realms["a"]) is RealmState.AWAY


def test_a_realm_that_leaves_is_away_at_once(realms: Realms) -> None:
    raw = called(realms)

    raw.send_frames(Close(CloseCode.COME_BACK).encode())
    realms.run(0.5)

    assert state(realms, realms["a"]) is RealmState.AWAY


def test_people_add_realms_and_see_them(realms: Realms) -> None:
    alice, (host, port) = raw_client(realms, "a"), realms["b"].server.address
    alice.enter("alice", PASSWORD)
    wish: Fields = {"once": "11" * 16, "name": "bee", "address": host, "port": port}

    for _ in range(2):  # the second time, it was done already
        added = alice.ask(Verb.ADD_REALM, wish)
        assert added is not None
        assert (added.code, added.fields) == (Code.OK, {"name": "bee", "room": "b"})

    realms.run(15)
    listed = alice.ask(Verb.REALMS, {})
    assert listed is not None
    (row,) = rows(realms, realms["a"])
    assert row.round_trip is not None
    trip = round(1000 * row.round_trip)
    assert listed.fields == {
        "realms": [["bee", "linked", row.since, 0, trip, host, port, ""]],
        "may_add": True,
    }
    assert row.added_by == "alice"


def test_people_are_told_why_a_realm_does_not_let_us_in(realms: Realms) -> None:
    a, other = realms["a"], HandMade(realms)
    assert answer(realms, a, AddRealm("bee", *other.address)) is Code.OK
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)
    other.answers[Verb.PAKE2] = (Code.WRONG_PASSWORD, {})
    other.say(Close(CloseCode.COME_BACK).encode())
    realms.run(5)

    away = alice.ask(Verb.REALMS, {})
    a.server.command(CutRealm("bee"))
    realms.run(0.5)
    cut = alice.ask(Verb.REALMS, {})

    assert away is not None
    assert cut is not None
    at, place = rows(realms, a)[0].since, other.address
    assert away.fields["realms"] == [["bee", "away", at, 0, 0, *place, "password"]]
    assert cut.fields["realms"] == [["bee", "cut", at, 0, 0, *place, ""]]


def test_what_waits_is_counted_once_a_second_however_many_ask(
    realms: Realms, monkeypatch: pytest.MonkeyPatch
) -> None:
    realms.link("a", "b")
    alice = realms.client("a", "alice")
    realms.enters(alice)
    realms.part("a", "b")
    realms.run(60)
    asking = raw_client(realms, "a")
    asking.enter("ani", PASSWORD)
    realms.run(3)
    counted: list[int] = []
    look = Storage.waiting_logs

    def watched(store: Storage, realm: int) -> list[tuple[int, int, int]]:
        counted.append(realm)
        return look(store, realm)

    monkeypatch.setattr(Storage, "waiting_logs", watched)

    def waiting() -> list[JsonValue]:
        """As it is told to who asks several times in a row."""
        answers = [asking.ask(Verb.REALMS, {}, within=0.1) for _ in range(5)]
        listed = [answer.fields["realms"] for answer in answers if answer is not None]
        rows = [row for rows in listed if isinstance(rows, list) for row in rows]
        return [row[3] for row in rows if isinstance(row, list)]

    assert waiting() == [0] * 5
    assert len(counted) == 1
    alice.write("bob@b", "satu")
    realms.run(1)
    assert waiting() == [1] * 5
    assert len(counted) == 2


def test_what_waits_is_counted_again_when_a_link_goes(realms: Realms) -> None:
    raw, alice = called(realms), realms.client("a", "alice")
    realms.enters(alice)
    alice.write("bob@dia", "satu")
    realms.run(5)  # in which nobody tells whether there is a bob
    assert [row.waiting for row in rows(realms, realms["a"])] == [1]

    alice.say_in(realms["a"].conversation(alice, "bob@dia"), "dua")
    realms.run(0.1)
    raw.send_frames(Close(CloseCode.EXIT).encode())
    realms.run_until(lambda: HappeningKind.REALM_LOST in happenings(realms["a"]))

    assert [row.waiting for row in rows(realms, realms["a"])] == [2]


def test_asked_again_while_it_is_being_added_it_is_added_once(realms: Realms) -> None:
    """As by somebody whose session was replaced meanwhile."""
    a, (host, port) = realms["a"], realms["b"].server.address
    wish: Fields = {"once": "11" * 16, "name": "b", "address": host, "port": port}
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)
    realms["b"].server.stop_for(3.0)
    assert alice.ask(Verb.ADD_REALM, wish, within=0.5) is None

    again = raw_client(realms, "a")
    again.enter("alice2", PASSWORD)
    added = again.ask(Verb.ADD_REALM, wish, within=10)

    assert added is not None
    assert added.code is Code.OK
    assert len(rows(realms, a)) == 1


def test_only_so_many_are_added_at_once(realms: Realms) -> None:
    realms.client("a", "alice")
    for place in range(4):
        realms["a"].server.command(AddRealm(f"x{place}", f"10.2.0.{90 + place}", 8083))

    assert add(realms, "a", "b") is Code.TOO_MANY_GUESSES
    realms.run(11)
    assert add(realms, "a", "b") is Code.OK


@pytest.mark.parametrize("who", [WhoMayLink.OPERATOR, WhoMayLink.OFF])
def test_who_may_add_is_the_operators_to_say(realms: Realms, who: WhoMayLink) -> None:
    restart(realms["a"], realms=who)
    alice, (host, port) = raw_client(realms, "a"), realms["b"].server.address
    alice.enter("alice", PASSWORD)
    wish: Fields = {"once": "11" * 16, "name": "b", "address": host, "port": port}

    added = alice.ask(Verb.ADD_REALM, wish)

    assert added is not None
    assert added.code is Code.NOT_ALLOWED
    may = who is WhoMayLink.OPERATOR
    assert add(realms, "a", "b") is (Code.OK if may else Code.NOT_ALLOWED)


def test_the_operator_changes_who_may_add_while_the_server_runs(realms: Realms) -> None:
    a, (host, port) = realms["a"], realms["b"].server.address
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)
    wish: Fields = {"once": "11" * 16, "name": "b", "address": host, "port": port}

    assert who_may(realms, LetPeopleLink(WhoMayLink.OPERATOR)) is WhoMayLink.OPERATOR
    refused = alice.ask(Verb.ADD_REALM, wish)
    assert refused is not None
    assert refused.code is Code.NOT_ALLOWED
    assert sum(isinstance(frame, RealmsChanged) for frame in alice.frames) == 1

    assert who_may(realms, LetPeopleLink(WhoMayLink.USERS)) is WhoMayLink.USERS
    added = alice.ask(Verb.ADD_REALM, wish)
    assert added is not None
    assert added.code is Code.OK
    assert len(rows(realms, a)) == 1


def test_links_that_are_off_stay_off_until_the_server_starts_anew(realms: Realms) -> None:
    restart(realms["a"], realms=WhoMayLink.OFF)

    assert who_may(realms, LetPeopleLink(WhoMayLink.USERS)) is WhoMayLink.OFF


def test_requests_of_a_realm_that_calls_are_served_in_their_order(realms: Realms) -> None:
    raw = called(realms)  # which took requests 1 to 3
    raw.send_frames(Request(5, Verb.PEOPLE, b"{}").encode())
    realms.run(0.5)
    raw.send_frames(Request(4, Verb.SHARED, b'{"after":0,"held":[]}').encode())
    realms.run(0.5)

    answered = [f.request for f in raw.frames if isinstance(f, Response)]
    assert answered == [1, 2, 3, 4, 5]


def test_an_early_request_of_a_realm_that_cannot_be_ends_its_link(realms: Realms) -> None:
    raw = called(realms)

    raw.send_frames(Request(5, Verb.SHARED, b"{").encode())
    raw.send_frames(Request(4, Verb.PEOPLE, b"{}").encode())
    realms.run(0.5)

    assert closed(raw) is CloseCode.BROKEN
    assert state(realms, realms["a"]) is RealmState.AWAY


def test_what_a_realm_asked_before_it_broke_the_rules_is_not_served(realms: Realms) -> None:
    raw = called(realms)

    raw.send_frames(
        Request(5, Verb.PEOPLE, b"{}").encode(),
        Request(4, Verb.PEOPLE, b"{}").encode(),
        Post(1, 1, 1, 1, 0, 1, b"halo").encode(),
    )
    realms.run(1)

    assert closed(raw) is CloseCode.BROKEN
    answered = [f.request for f in raw.frames if isinstance(f, Response)]
    assert 5 not in answered


def test_what_is_no_datagram_for_a_caller_is_ignored(realms: Realms) -> None:
    raw = called(realms)
    for kind in range(256):
        for size in (0, 8, 16, 32, 1196):
            raw.send(b"Rg\x01" + bytes([kind]) + bytes(size), realms["a"].server.address)
    realms.run(1)

    assert realms["a"].server.is_running
    assert state(realms, realms["a"]) is RealmState.LINKED


def test_a_realm_that_leaves_in_the_moment_it_enters_is_not_linked(realms: Realms) -> None:
    raw = proved(realms)
    entering = encode_object(key_of(raw, b"\7" * 32))

    raw.send_frames(Request(3, Verb.ENTER_REALM, entering).encode(), Close(CloseCode.EXIT).encode())
    realms.run(1)

    assert state(realms, realms["a"]) is RealmState.AWAY
    assert happenings(realms["a"]) == []


def test_a_realm_that_was_here_before_has_its_name_for_good(realms: Realms) -> None:
    """What its people said here still says so."""
    add(realms, "a", "b", name="kampus")
    assert answer(realms, realms["a"], DropRealm("kampus")) is Code.OK
    other = HandMade(realms)

    assert answer(realms, realms["a"], AddRealm("kampus", *other.address)) is Code.REALM_EXISTS

    assert add(realms, "a", "b", name="kampus") is Code.OK


def test_one_server_that_two_people_add_at_once_is_one_realm(realms: Realms) -> None:
    a, address = realms["a"], realms["b"].server.address
    before = len(a.server.events)
    for name in ("satu", "dua"):
        a.server.command(AddRealm(name, *address))
    realms.run(2)

    codes = [e.code for e in a.server.events[before:] if isinstance(e, OperatorAnswered)]
    assert sorted(codes) == [Code.OK, Code.REALM_EXISTS]
    linked(realms, "a", "b")


def test_a_realm_that_called_keeps_its_name_unless_another_is_wanted(realms: Realms) -> None:
    add(realms, "b", "a")
    linked(realms, "a", "b")

    assert answer(realms, realms["a"], AddRealm("", *realms["b"].server.address)) is Code.OK

    linked(realms, "a", "b")
    assert [row.name for row in rows(realms, realms["a"])] == ["b"]


def test_a_realm_whose_people_are_known_here_keeps_its_name(realms: Realms) -> None:
    a = realms["a"]
    add(realms, "b", "a")
    linked(realms, "a", "b")
    alice, bob = realms.client("a", "alice"), realms.client("b", "bob")
    realms.enters(alice, bob)
    assert realms.asked(alice, client_events.OpenPrivate(alice.ticket(), "bob@b")) is Code.OK

    assert add(realms, "a", "b", name="lain") is Code.OK

    assert [row.name for row in rows(realms, a)] == ["b"]


def test_whoever_left_meanwhile_is_not_told(realms: Realms) -> None:
    a, (host, port) = realms["a"], realms["b"].server.address
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)
    realms["b"].server.stop_for(2.0)
    wish: Fields = {"once": "11" * 16, "name": "b", "address": host, "port": port}
    assert alice.ask(Verb.ADD_REALM, wish, within=0.5) is None

    alice.send_frames(Close(CloseCode.EXIT).encode())
    linked(realms, "a", "b")

    assert Verb.ADD_REALM not in [one.verb for one in alice.answers]
    assert [row.added_by for row in rows(realms, a)] == ["alice"]


def test_people_are_told_what_the_operator_does_with_a_realm_that_is_not_linked(
    realms: Realms,
) -> None:
    realms.link("a", "b")
    alice = raw_client(realms, "a")
    alice.enter("alice", PASSWORD)
    realms["b"].server.kill()
    realms.run_until(lambda: HappeningKind.REALM_LOST in happenings(realms["a"]))
    realms.run(2)

    for command in (CutRealm("b"), RestoreRealm("b"), DropRealm("b")):
        before = len([frame for frame in alice.frames if isinstance(frame, RealmsChanged)])
        assert answer(realms, realms["a"], command) is Code.OK
        realms.run(1.5)

        assert len([f for f in alice.frames if isinstance(f, RealmsChanged)]) == before + 1


def test_a_realm_is_away_since_it_went_however_late_somebody_asks(realms: Realms) -> None:
    realms.link("a", "b")
    alice = realms.client("a", "alice")
    realms.enters(alice)
    alice.write("bob@b", "satu")
    realms.run(10)
    realms.part("a", "b")
    gone_at = realms["a"].server.wall_clock()
    alice.write("bob@b", "dua")

    realms.run_until(lambda: state(realms, realms["a"]) is RealmState.AWAY)
    asked = [rows(realms, realms["a"])[0].since]
    for _ in range(30):  # in which the link is given up
        realms.run(3)
        asked.append(rows(realms, realms["a"])[0].since)

    assert HappeningKind.REALM_LOST in happenings(realms["a"])
    assert set(asked) == {asked[0]}
    assert gone_at - 10_000 <= asked[0] <= gone_at


def test_what_was_said_with_a_realm_that_comes_again_under_another_name_goes_on(
    realms: Realms,
) -> None:
    a, _, alice, bob = realms.neighbours()
    assert realms.asked(bob, client_events.AddGroup(bob.ticket(), "kelas")) is Code.OK
    assert realms.joins(alice, "kelas@b") is Code.OK
    bob.write("alice@a", "satu")
    realms.run(1)
    before = alice.private("bob@b"), alice.group("kelas@b")
    assert all(before)

    assert answer(realms, a, DropRealm("b")) is Code.OK
    assert add(realms, "a", "b", name="kampus") is Code.OK
    realms.run(5)

    assert (alice.private("bob@kampus"), alice.group("kelas@kampus")) == before
    assert not alice.saw(client_events.ConversationGone)
    alice.write("bob@kampus", "dua")
    alice.write_group("kelas@kampus", "tiga")
    realms.run(1)
    assert bob.texts(bob.private("alice@a")) == ["satu", "dua"]
    assert bob.texts(bob.group("kelas")) == ["tiga"]
    assert realms.asked(alice, client_events.LeaveGroup(2_000, "kelas@kampus")) is Code.OK
