"""What realms say to each other: understood as it was meant, or refused."""

from dataclasses import replace

import pytest

from belonging import MAX_HELD
from conversation import FIRST_CHAIN, ConversationKind
from entering import HeldLog
from protocol import JsonValue, PeerError
from protocol_requests import Fields
from realms import (
    MAX_PAGE,
    RealmRequest,
    SharedAnswer,
    SharedLog,
    SharedRequest,
    Someone,
    alias_of,
    is_alias,
    split_realm,
)

BOB, ANA = Someone(b"\x09" * 8, "bob"), Someone(b"", "Ana")
PRIVATE = SharedLog(3, ConversationKind.PRIVATE, 7, ours=BOB, yours=ANA)
GROUP = SharedLog(5, ConversationKind.GROUP, 7, "kelas")
HELD = HeldLog(3, 4, FIRST_CHAIN)


def test_what_is_said_is_understood_as_it_was_meant() -> None:
    request = RealmRequest(bytes(32), bytes(32), "Kelas")
    asked = SharedRequest(2, (HELD,))
    for answer in (SharedAnswer((PRIVATE, GROUP), (3,), 9, {3: 5}), SharedAnswer(())):
        assert SharedAnswer.decode(answer.encode(), asked) == answer
    assert RealmRequest.decode(request.encode()) == request
    assert SharedRequest.decode(asked.encode()) == asked
    assert [Someone.decode(one.encode()) for one in (BOB, ANA)] == [BOB, ANA]


@pytest.mark.parametrize("value", [None, [], ["", ""], ["", "x" * 300], ["zz", "bob"], ["00", "a"]])
def test_who_is_nobody_is_refused(value: JsonValue) -> None:
    with pytest.raises(PeerError):
        Someone.decode(value)


BOTH: list[JsonValue] = [BOB.encode(), ANA.encode()]


@pytest.mark.parametrize(
    "row",
    [
        None,
        [3, 2],
        [3, 1, 0, "room"],
        [3, 9, 0, "x"],
        [3, 2, 0, "x" * 300],
        [3, 2, 0, ""],
        [3, 2, 0, "kelas", *BOTH],
        [3, 3, 0, "", BOB.encode()],
        [3, 3, 0, "kelas", *BOTH],
        [-3, 2, 0, "kelas"],
        [3, 2, 1.5, "kelas"],
    ],
)
def test_a_log_that_cannot_be_is_refused(row: JsonValue) -> None:
    with pytest.raises(PeerError):
        SharedLog.decode(row)


@pytest.mark.parametrize("row", [None, [3], [3, "x"], [3, -1], [3, 4, 5]])
def test_a_refusal_that_cannot_be_is_none(row: JsonValue) -> None:
    fields: Fields = {"logs": [], "changed": [], "refused": [row]}

    with pytest.raises(PeerError):
        SharedAnswer.decode(fields, SharedRequest(2))


@pytest.mark.parametrize(
    "answer",
    [
        SharedAnswer(tuple(replace(GROUP, conversation=n) for n in range(3, 4 + MAX_PAGE))),
        SharedAnswer((GROUP,), (5,)),
        SharedAnswer((PRIVATE,), (3, 3)),
        SharedAnswer((GROUP,), (), None, {n: 1 for n in range(MAX_PAGE + 1)}),
    ],
)
def test_an_answer_holds_one_page_and_speaks_of_no_copies_but_those_stated(
    answer: SharedAnswer,
) -> None:
    with pytest.raises(PeerError):
        SharedAnswer.decode(answer.encode(), SharedRequest(2, (HELD,)))


def test_logs_are_asked_for_in_order_and_not_too_many() -> None:
    for held in ((HELD, HELD), (HeldLog(2, 0, FIRST_CHAIN),)):
        with pytest.raises(PeerError):
            SharedRequest.decode(SharedRequest(2, held).encode())
    many = tuple(HeldLog(number, 0, FIRST_CHAIN) for number in range(1, MAX_HELD + 2))
    with pytest.raises(PeerError):
        SharedRequest.decode(SharedRequest(0, many).encode())


@pytest.mark.parametrize(
    "answer",
    [
        SharedAnswer((GROUP, PRIVATE)),
        SharedAnswer((PRIVATE, PRIVATE)),
        SharedAnswer((PRIVATE,), (), 2),
        SharedAnswer((), (), 2),
    ],
)
def test_an_answer_that_goes_back_is_refused(answer: SharedAnswer) -> None:
    fields: Fields = answer.encode()

    with pytest.raises(PeerError):
        SharedAnswer.decode(fields, SharedRequest(2))


@pytest.mark.parametrize(
    ("room", "alias"),
    [
        ("Kelas 7B", "kelas-7b"),
        ("  ", "realm"),
        ("\u202e@", "realm"),
        ("kampus\u3164", "kampus"),
        ("\u115fkampus\u1160\uffa0b", "kampus-b"),
        ("\u3164", "realm"),
        ("x" * 40, "x" * 20),
        ("\U00020000" * 40, "\U00020000" * 15),
    ],
)
def test_a_realm_is_called_as_its_room_as_far_as_that_goes(room: str, alias: str) -> None:
    assert alias_of(room) == alias
    assert is_alias(alias)


@pytest.mark.parametrize("blank", "\u115f\u1160\u3164\uffa0")
def test_letters_that_show_nothing_are_in_the_name_of_no_realm(blank: str) -> None:
    for name in (blank, f"kampus{blank}", f"kam{blank}pus", f"{blank}kampus"):
        assert not is_alias(name)


def test_behind_the_last_at_stands_the_realm() -> None:
    assert split_realm("ana") == ("ana", "")
    assert split_realm("ana@b@c") == ("ana@b", "c")
    assert split_realm("ana@") == ("ana", "")
