"""LOGS and its answer on the wire: what survives, and what cannot be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belonging import MAX_HELD, MAX_PAGE, LogsAnswer, LogsRequest, OfferedConversation
from conversation import ROOM, ConversationKind
from entering import HeldLog, OfferedLog
from protocol import (
    MAX_REQUEST_JSON,
    MAX_RESPONSE,
    PeerError,
    decode_object,
    encode_object,
)
from protocol_requests import Fields

MOST = 2**63 - 1
CHAIN = b"c" * 8

numbers = st.integers(0, MOST)
chains = st.binary(min_size=8, max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=32)
conversations = st.lists(st.integers(1, MOST), unique=True, max_size=MAX_HELD).map(sorted)


@st.composite
def requests(draw: st.DrawFn) -> LogsRequest:
    after, *held = [0, *draw(conversations)]
    return LogsRequest(after, tuple(HeldLog(n, draw(numbers), draw(chains)) for n in held))


@st.composite
def answers(draw: st.DrawFn) -> LogsAnswer:
    logs = []
    for number in draw(conversations):
        kind = ConversationKind.ROOM
        if number != ROOM:
            kind = draw(st.sampled_from([ConversationKind.GROUP, ConversationKind.PRIVATE]))
        floor, head = sorted((draw(numbers), draw(numbers)))
        log = OfferedLog(number, head, floor, draw(chains))
        person, read = draw(st.integers(0, 2**64 - 1)), draw(numbers)
        logs.append(OfferedConversation(kind, draw(names), person, log, read))
    last = logs[-1].conversation if logs else 1
    next_after = draw(st.none() | st.integers(last, MOST))
    return LogsAnswer(tuple(logs), tuple(draw(st.lists(numbers, max_size=5))), next_after)


@given(requests())
def test_a_question_for_logs_survives_the_wire(request: LogsRequest) -> None:
    assert LogsRequest.decode(decode_object(encode_object(request.encode()))) == request


@given(answers())
def test_a_page_of_logs_survives_the_wire(answer: LogsAnswer) -> None:
    fields = decode_object(encode_object(answer.encode()))

    assert LogsAnswer.decode(fields, LogsRequest(0)) == answer


def test_the_longest_question_and_the_longest_page_fit() -> None:
    held = tuple(HeldLog(MOST - MAX_HELD + place, MOST, CHAIN) for place in range(MAX_HELD))
    logs = tuple(
        OfferedConversation(
            ConversationKind.GROUP,
            "\U00020000" * 32,
            2**64 - 1,
            OfferedLog(MOST - MAX_PAGE + place, MOST, MOST, CHAIN),
            MOST,
        )
        for place in range(MAX_PAGE)
    )
    changed = tuple(log.conversation for log in held)

    assert len(encode_object(LogsRequest(MOST, held).encode())) <= MAX_REQUEST_JSON
    assert len(encode_object(LogsAnswer(logs, changed, MOST).encode())) <= MAX_RESPONSE


ROW: list[Any] = [5, 3, "Budi", "0000000000000008", 9, 4, CHAIN.hex(), 7]
QUESTION: Fields = {"after": 2, "held": [[3, 7, CHAIN.hex()], [5, 0, "00" * 8]]}
PAGE: Fields = {"logs": [ROW], "changed": [5], "next": 5}


def test_layouts_are_those_of_the_protocol() -> None:
    held = (HeldLog(3, 7, CHAIN), HeldLog(5, 0, bytes(8)))
    log = OfferedLog(5, 9, 4, CHAIN)
    row = OfferedConversation(ConversationKind.PRIVATE, "Budi", 8, log, 7)

    assert LogsRequest(2, held).encode() == QUESTION
    assert LogsAnswer((row,), (5,), 5).encode() == PAGE
    assert "next" not in LogsAnswer((), ()).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"after": 0},
        {"held": []},
        {"after": -1, "held": []},
        {"after": 0, "held": [[1, 1]]},
        {"after": 0, "held": [[2, 1, CHAIN.hex()], [1, 1, CHAIN.hex()]]},
        {"after": 2, "held": [[2, 1, CHAIN.hex()]]},  # it is asked for what comes after 2
        {"after": 0, "held": [[n, 1, CHAIN.hex()] for n in range(1, MAX_HELD + 2)]},
    ],
)
def test_a_question_that_cannot_be_is_the_peers_fault(fields: Fields) -> None:
    with pytest.raises(PeerError):
        LogsRequest.decode(fields)


def row(place: int, value: Any) -> list[Any]:
    return [*ROW[:place], value, *ROW[place + 1 :]]


@pytest.mark.parametrize(
    "bad",
    [
        [],
        ROW[:-1],
        {},
        row(0, "5"),
        row(0, ROOM),  # private, and the room
        row(1, 1),  # the room, and another number
        row(1, 9),
        row(2, 5),
        row(2, "é" * 128),
        row(3, "8"),
        row(4, 3),  # below its floor
        row(5, -1),
        row(6, ""),
        row(7, None),
    ],
)
def test_a_row_that_cannot_be_is_the_servers_fault(bad: Any) -> None:
    with pytest.raises(PeerError):
        LogsAnswer.decode({"logs": [bad], "changed": []}, LogsRequest(0))


@pytest.mark.parametrize(
    ("after", "fields"),
    [
        (0, {"logs": []}),
        (0, {"changed": []}),
        (0, {"logs": [], "changed": ["5"]}),
        (0, {"logs": [ROW, ROW], "changed": []}),
        (5, {"logs": [ROW], "changed": []}),  # asked for what comes after 5
        (0, {"logs": [ROW], "changed": [], "next": 4}),  # it would come again
        (6, {"logs": [], "changed": [], "next": 6}),  # for ever
        (0, {"logs": [], "changed": [], "next": None}),
    ],
)
def test_a_page_that_cannot_be_is_the_servers_fault(after: int, fields: Fields) -> None:
    with pytest.raises(PeerError):
        LogsAnswer.decode(fields, LogsRequest(after))
