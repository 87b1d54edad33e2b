"""Calling another realm that is no honest one: what becomes of it, and when the next call comes."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import pytest
from realm_links import HandMade, answer, answered, happenings, rows, state
from realm_world import Realms

from protocol import CloseCode, Code, Verb
from protocol_frames import Close, Posted, Request, Response, Typing
from protocol_requests import Fields
from server_events import AddRealm, HappeningKind, RealmState
from server_realm_calls import Derivations

Answers = dict[Verb, tuple[Code, Fields] | None]


@pytest.fixture
def realms(request: pytest.FixtureRequest) -> Iterator[Realms]:
    """One server, to which a test gives another."""
    with Realms(request.node.name, "a") as made:
        made.run(1)
        yield made


def add(realms: Realms, other: HandMade) -> Code:
    return answer(realms, realms["a"], AddRealm("dia", *other.address))


def linked(realms: Realms) -> HandMade:
    """A realm made by hand that is linked."""
    other = HandMade(realms)
    other.answers_pings = True
    assert add(realms, other) is Code.OK
    assert state(realms, realms["a"]) is RealmState.LINKED
    return other


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, Code.OK),
        ({Verb.PAKE1: None}, Code.REALM_UNREACHABLE),
        ({Verb.PAKE2: None}, Code.REALM_UNREACHABLE),
        ({Verb.ENTER_REALM: None}, Code.REALM_UNREACHABLE),
        ({Verb.PAKE1: (Code.OK, {"yb": "none"})}, Code.NOT_ALLOWED),
        ({Verb.PAKE1: (Code.OK, {"yb": "00" * 32})}, Code.NOT_ALLOWED),
        ({Verb.PAKE2: (Code.OK, {"tb": "00" * 64})}, Code.WRONG_PASSWORD),
        ({Verb.PAKE2: (Code.WRONG_PASSWORD, {})}, Code.WRONG_PASSWORD),
        ({Verb.PAKE2: (Code.TOO_MANY_GUESSES, {"wait": 7})}, Code.TOO_MANY_GUESSES),
        ({Verb.PAKE2: (Code.TOO_MANY_GUESSES, {})}, Code.NOT_ALLOWED),
        ({Verb.ENTER_REALM: (Code.UNKNOWN_REQUEST, {})}, Code.NOT_ALLOWED),
        ({Verb.ENTER_REALM: (Code.SERVER_FULL, {})}, Code.SERVER_FULL),
        ({Verb.ENTER_REALM: (Code.REALM_EXISTS, {})}, Code.NOT_ALLOWED),
    ],
)
def test_how_adding_ends_by_what_the_other_answers(
    realms: Realms, answers: Answers, code: Code
) -> None:
    assert add(realms, HandMade(realms, answers)) is code

    assert bool(rows(realms, realms["a"])) == (code is Code.OK)


def test_whoever_refuses_hears_that_nothing_more_comes(realms: Realms) -> None:
    other = HandMade(realms, {Verb.ENTER_REALM: (Code.SERVER_FULL, {})})

    add(realms, other)
    realms.run(0.5)

    assert Close(CloseCode.EXIT) in other.frames


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (Close(CloseCode.BROKEN).encode(), Code.NOT_ALLOWED),
        (Close(CloseCode.KICKED).encode(), Code.NOT_ALLOWED),
        (Close(CloseCode.IDLE).encode(), Code.REALM_UNREACHABLE),
        (Close(CloseCode.COME_BACK).encode(), Code.REALM_UNREACHABLE),
        (b"\xee\x00\x00", Code.REALM_UNREACHABLE),  # no frame at all
    ],
)
def test_how_adding_ends_when_the_other_ends_the_session(
    realms: Realms, last: bytes, code: Code
) -> None:
    other = HandMade(realms, {Verb.ENTER_REALM: None})
    before = len(realms["a"].server.events)
    realms["a"].server.command(AddRealm("dia", *other.address))
    realms.run_until(lambda: any(one.verb == Verb.ENTER_REALM for one in other.requests))

    other.say(last)

    assert answered(realms, realms["a"], before) is code
    realms.run(30)
    assert rows(realms, realms["a"]) == []
    assert len(other.called) == 1


NONSENSE = [
    Posted(1, 1, 1, 1).encode(),
    Typing(1).encode(),
    b"\xee\x00\x00",
    Request(1, Verb.SHARED, b"{").encode(),
    Response(1, 0, 1, Code.OK, b"{").encode(),
]


@pytest.mark.parametrize("nonsense", NONSENSE[:2])
def test_a_realm_that_breaks_the_rules_is_called_ever_more_rarely(
    realms: Realms, nonsense: bytes
) -> None:
    other = linked(realms)
    for _ in range(4):
        calls = len(other.called)
        realms.run(0.5)
        other.say(nonsense)
        realms.run_until(lambda calls=calls: len(other.called) > calls, within=60)  # type: ignore[misc]

    waits = [later - earlier for earlier, later in pairwise(other.called)]
    assert [round(wait / 5) for wait in waits] == [1, 2, 4, 8]
    assert CloseCode.BROKEN in [f.code for f in other.frames if isinstance(f, Close)]
    assert happenings(realms["a"]).count(HappeningKind.REALM_REFUSED) == 4


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_whatever_a_realm_says_the_link_comes_back(realms: Realms, nonsense: bytes) -> None:
    other = linked(realms)

    other.say(nonsense)

    realms.run(15)
    assert state(realms, realms["a"]) is RealmState.LINKED


def reset(other: HandMade) -> None:
    other.reset()


def close(other: HandMade) -> None:
    other.say(Close(CloseCode.COME_BACK).encode())


def babble(other: HandMade) -> None:
    other.say(b"\xee\x00\x00")  # no frame at all


@pytest.mark.parametrize("end", [reset, close, babble])
def test_a_realm_whose_links_never_last_is_called_ever_more_rarely(
    realms: Realms, end: Callable[[HandMade], None]
) -> None:
    other = linked(realms)
    other.on_request = lambda verb, fields: ends_once_it_stands(other, end, verb, fields)
    end(other)

    realms.run(600)

    assert 20 < len(other.called) < 30
    assert happenings(realms["a"]).count(HappeningKind.REALM_LINKED) < 30
    other.on_request = other.serve
    realms.run(60)
    assert state(realms, realms["a"]) is RealmState.LINKED


def ends_once_it_stands(
    other: HandMade, end: Callable[[HandMade], None], verb: int, fields: Fields
) -> tuple[Code, Fields] | None:
    if verb != Verb.SHARED:
        return other.serve(verb, fields)
    end(other)
    return None


@pytest.mark.parametrize("end", [reset, close])
def test_a_realm_that_was_restarted_is_linked_again_within_seconds(
    realms: Realms, end: Callable[[HandMade], None]
) -> None:
    other = linked(realms)

    end(other)

    realms.run(2.5)
    assert state(realms, realms["a"]) is RealmState.LINKED


def test_a_realm_that_wants_us_to_wait_no_time_at_all_is_called_ever_more_rarely(
    realms: Realms,
) -> None:
    other = linked(realms)
    other.answers[Verb.ENTER_REALM] = (Code.TOO_MANY_GUESSES, {"wait": 0})

    close(other)
    realms.run(600)

    assert 5 < len(other.called) < 10


def test_a_realm_that_wants_us_to_wait_is_called_when_it_says(realms: Realms) -> None:
    other = linked(realms)
    other.answers[Verb.ENTER_REALM] = (Code.TOO_MANY_GUESSES, {"wait": 40})

    close(other)
    realms.run(60)

    assert 40 < other.called[-1] - other.called[-2] < 42


def test_requests_that_come_too_early_are_served_in_their_order(realms: Realms) -> None:
    other = linked(realms)

    other.say(Request(2, Verb.PEOPLE, b"{}").encode())
    realms.run(0.5)
    assert responses(other) == []
    other.say(Request(1, Verb.SHARED, b'{"after":0,"held":[]}').encode())
    realms.run(0.5)
    assert [(one.request, one.code) for one in responses(other)] == [
        (1, Code.OK),
        (2, Code.UNKNOWN_REQUEST),
    ]

    other.say(Request(1, Verb.SHARED, b'{"after":0,"held":[]}').encode())  # as if it was lost
    realms.run(0.5)
    assert [one.request for one in responses(other)] == [1, 2, 1]


def test_a_request_that_came_too_early_and_cannot_be_ends_the_link(realms: Realms) -> None:
    other = linked(realms)

    other.say(Request(2, Verb.SHARED, b"{").encode())
    other.say(Request(1, Verb.SHARED, b'{"after":0,"held":[]}').encode())
    realms.run(0.5)

    assert state(realms, realms["a"]) is RealmState.AWAY
    realms.run(15)
    assert state(realms, realms["a"]) is RealmState.LINKED


@pytest.mark.parametrize("code", [CloseCode.KICKED, CloseCode.BROKEN])
def test_the_operator_hears_that_a_realm_refuses(realms: Realms, code: CloseCode) -> None:
    other = linked(realms)

    other.say(Close(code).encode())
    realms.run(0.5)

    assert happenings(realms["a"])[2:] == [
        HappeningKind.REALM_LOST,
        HappeningKind.REALM_REFUSED,
    ]


def test_the_operator_hears_once_that_the_password_is_another_now(realms: Realms) -> None:
    other = linked(realms)
    other.answers[Verb.PAKE2] = (Code.WRONG_PASSWORD, {})

    other.say(Close(CloseCode.COME_BACK).encode())
    realms.run(400)

    assert happenings(realms["a"])[2:] == [
        HappeningKind.REALM_LOST,
        HappeningKind.REALM_PASSWORD,
    ]
    assert 5 < len(other.called) < 10  # 2, 5, 10, 20, ... s later


def test_a_realm_that_falls_silent_is_away_and_called_again(realms: Realms) -> None:
    other = linked(realms)

    other.answers_pings = False
    realms.run(30)
    assert state(realms, realms["a"]) is RealmState.AWAY

    realms.run(30)
    assert len(other.called) > 1


def test_a_link_that_stood_for_long_is_called_again_soon(realms: Realms) -> None:
    """What went wrong before it does not count any more."""
    other = linked(realms)
    for _ in range(3):
        other.say(NONSENSE[0])
        realms.run(60)
    realms.run(400)
    before = realms.network.now

    other.say(NONSENSE[0])
    realms.run(60)

    assert 4.0 < other.called[-1] - before < 7.0


def test_so_is_one_that_stood_for_long_and_then_fell_silent(realms: Realms) -> None:
    other = linked(realms)
    for _ in range(3):
        other.say(NONSENSE[0])
        realms.run(60)
    realms.run(400)
    calls = len(other.called)
    other.answers_pings = False
    realms.run_until(lambda: len(other.called) > calls)
    other.answers_pings = True
    realms.run(1)
    before = realms.network.now

    other.say(NONSENSE[0])
    realms.run(60)

    assert 4.0 < other.called[-1] - before < 7.0


def test_a_realm_that_hangs_up_before_the_password_is_worked_out(realms: Realms) -> None:
    other = HandMade(realms)
    other.greeting = Close(CloseCode.IDLE).encode()

    assert add(realms, other) is Code.REALM_UNREACHABLE

    realms.run(10)
    assert other.requests == []


# --- adding a realm that wants to keep us busy ---


def test_whoever_forgets_each_session_at_once_is_called_once_and_the_answer_comes(
    realms: Realms,
) -> None:
    other = HandMade(realms)
    other.resets = True

    assert add(realms, other) is Code.REALM_UNREACHABLE

    realms.run(30)
    assert len(other.called) == 1


def test_passwords_are_worked_out_one_by_one_and_only_while_they_are_wanted() -> None:
    begun: list[Callable[[object, float], None]] = []
    results: list[object] = []
    wanted = {"a", "b", "d"}
    derivations = Derivations(lambda work, end: begun.append(end))

    for name in ("a", "b", "c", "d"):
        derivations.add(bytes, partial(wanted.__contains__, name), lambda r, _: results.append(r))
    assert len(begun) == 1
    wanted.discard("a")
    begun[0]("of a", 1.0)
    begun[1]("of b", 2.0)
    begun[2]("of d", 3.0)

    assert results == ["of b", "of d"]
    assert len(begun) == 3


def responses(other: HandMade) -> list[Response]:
    return [frame for frame in other.frames if isinstance(frame, Response)]
