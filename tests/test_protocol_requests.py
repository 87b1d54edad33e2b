import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import MAX_REQUEST_JSON, MAX_RESPONSE, Code, LocalError, PeerError, Verb
from protocol_frames import Frame, Request, Response, decode_frames
from protocol_guards import RoundTrip
from protocol_requests import (
    FORGET_AFTER,
    MAX_AHEAD,
    Answer,
    Fields,
    Requester,
    Responder,
    hex_field,
    list_field,
    number_field,
    text_field,
)

FAST = RoundTrip()


def decoded(frames: list[bytes]) -> list[Frame]:
    return [frame for encoded in frames for frame in decode_frames(encoded)]


def asked(requester: Requester, now: float, *, silent: bool = False) -> list[Request]:
    """The requests that go out now."""
    return [
        frame
        for frame in decoded(requester.frames_due(now, FAST, silent))
        if isinstance(frame, Request)
    ]


def responses(frames: list[bytes]) -> list[Response]:
    return [frame for frame in decoded(frames) if isinstance(frame, Response)]


def numbers(requests: list[Request]) -> list[int]:
    return [request.request for request in requests]


# --- the asking end ---


def test_a_request_goes_out_at_once_and_again_until_it_is_answered() -> None:
    requester = Requester()
    request = requester.ask(Verb.PEOPLE, {"after": 0}, now=5.0)

    due = [requester.next_timer()]
    sent = [numbers(asked(requester, 5.0)), numbers(asked(requester, 5.1))]
    due.append(requester.next_timer())
    sent.append(numbers(asked(requester, 5.15)))
    requester.receive(Response(request, 0, 1, Code.OK, b"{}"))
    sent.append(numbers(asked(requester, 99.0)))

    assert due == [5.0, 5.15]
    assert sent == [[1], [], [1], []]
    assert requester.next_timer() is None


def test_in_silence_a_request_is_repeated_ever_more_rarely_up_to_three_seconds() -> None:
    requester = Requester()
    requester.ask(Verb.PEOPLE, {}, now=0.0)

    times = [0.0]
    while times[-1] < 60.0:
        asked(requester, times[-1], silent=True)
        due = requester.next_timer()
        assert due is not None
        times.append(due)

    waits = [after - before for before, after in pairwise(times)]
    assert waits == sorted(waits)
    assert round(waits[0], 6) == 0.15
    assert round(waits[-1], 6) == 3.0


def test_whether_anything_is_open_can_be_asked() -> None:
    requester = Requester()
    before = requester.is_waiting

    request = requester.ask(Verb.EXIT, {}, now=0.0)
    during = requester.is_waiting
    requester.receive(Response(request, 0, 1, Code.OK, b"{}"))

    assert (before, during, requester.is_waiting) == (False, True, False)


def test_an_answer_bears_the_verb_and_fields_of_its_request() -> None:
    requester = Requester()
    requester.ask(Verb.PEOPLE, {}, now=0.0)
    request = requester.ask(Verb.LACKING, {}, now=0.0)

    answer = requester.receive(Response(request, 0, 1, Code.NOT_A_MEMBER, b'{"count":3}'))

    assert answer == Answer(request, Verb.LACKING, Code.NOT_A_MEMBER, {"count": 3})


def test_a_second_answer_and_one_to_nothing_say_nothing() -> None:
    requester = Requester()
    request = requester.ask(Verb.PEOPLE, {}, now=0.0)
    response = Response(request, 0, 1, Code.OK, b"{}")
    requester.receive(response)

    assert requester.receive(response) is None
    assert requester.receive(Response(77, 0, 1, Code.OK, b"{}")) is None


def test_a_code_that_we_do_not_know_means_bad_request() -> None:
    requester = Requester()
    request = requester.ask(Verb.PEOPLE, {}, now=0.0)

    answer = requester.receive(Response(request, 0, 1, 60_000, b"{}"))

    assert answer is not None
    assert answer.code is Code.BAD_REQUEST


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"])
def test_an_answer_that_is_no_strict_json_is_refused_and_a_good_one_still_taken(
    body: bytes,
) -> None:
    requester = Requester()
    request = requester.ask(Verb.PEOPLE, {}, now=0.0)

    with pytest.raises(PeerError):
        requester.receive(Response(request, 0, 1, Code.OK, body))

    assert requester.receive(Response(request, 0, 1, Code.OK, b"{}")) is not None


def test_a_request_too_large_for_a_datagram_is_our_own_defect() -> None:
    requester = Requester()

    with pytest.raises(LocalError):
        requester.ask(Verb.PEOPLE, {"a": "x" * MAX_REQUEST_JSON}, now=0.0)

    assert not requester.is_waiting


# --- the answering end ---


def test_requests_run_in_order_one_at_a_time_however_they_arrive() -> None:
    responder = Responder()
    ran: list[int] = []

    for request in (3, 1, 2):
        responder.receive(Request(request, Verb.PEOPLE, b"{}"))
    while (running := responder.next_request()) is not None:
        assert responder.next_request() is None
        ran.append(running[0])
        responder.answer(running[0], Code.OK, {})

    assert ran == [1, 2, 3]


def test_a_request_that_came_early_is_announced_when_its_turn_has_come() -> None:
    responder = Responder()
    responder.receive(Request(2, Verb.PEOPLE, b"{}"))
    before = responder.has_next
    responder.receive(Request(1, Verb.PEOPLE, b"{}"))

    responder.next_request()
    during = responder.has_next
    responder.answer(1, Code.OK, {})

    assert (before, during, responder.has_next) == (False, False, True)


def test_a_repeated_request_is_not_run_again_and_gets_the_answer_it_had() -> None:
    responder = Responder()
    request = Request(1, Verb.PEOPLE, b"{}")
    responder.receive(request)
    responder.next_request()

    while_running = responder.receive(request)
    frames = responder.answer(1, Code.OK, {"count": 1})
    afterwards = responder.receive(request)

    assert while_running == []
    assert afterwards == frames
    assert responder.next_request() is None
    assert not responder.has_next


def test_a_request_of_number_zero_or_far_ahead_is_ignored() -> None:
    responder = Responder()

    for request in (0, MAX_AHEAD + 1, 2**32 - 1):
        assert responder.receive(Request(request, Verb.PEOPLE, b"{}")) == []
    for request in range(1, MAX_AHEAD + 2):
        responder.receive(Request(request, Verb.PEOPLE, b"{}"))

    for request in range(1, MAX_AHEAD + 1):
        assert responder.next_request() == (request, Verb.PEOPLE, {})
        responder.answer(request, Code.OK, {})
    assert responder.next_request() is None


def test_json_that_is_not_strict_is_the_peers_fault() -> None:
    responder = Responder()
    responder.receive(Request(1, Verb.PEOPLE, b"[1]"))

    with pytest.raises(PeerError):
        responder.next_request()


def test_an_unknown_verb_is_handed_on_so_that_it_can_be_answered() -> None:
    responder = Responder()
    responder.receive(Request(1, 200, b"{}"))

    assert responder.next_request() == (1, 200, {})


def test_answering_what_does_not_run_is_our_own_defect() -> None:
    responder = Responder()
    responder.receive(Request(1, Verb.PEOPLE, b"{}"))

    with pytest.raises(LocalError):
        responder.answer(1, Code.OK, {})


def test_an_answer_of_more_than_64_kb_is_our_own_defect() -> None:
    responder = Responder()
    responder.receive(Request(1, Verb.PEOPLE, b"{}"))
    responder.next_request()

    with pytest.raises(LocalError):
        responder.answer(1, Code.OK, {"a": "x" * MAX_RESPONSE})


# --- both ends ---


@given(text=st.text(max_size=20_000), chosen=st.randoms(use_true_random=False))
def test_a_long_answer_travels_in_parts_that_may_arrive_doubled_and_in_any_order(
    text: str, chosen: Any
) -> None:
    requester, responder = Requester(), Responder()
    requester.ask(Verb.PEOPLE, {}, now=0.0)
    responder.receive(asked(requester, 0.0)[0])
    responder.next_request()
    parts = responses(responder.answer(1, Code.OK, {"text": text}))

    arriving = parts * 2
    chosen.shuffle(arriving)
    answers = [requester.receive(part) for part in arriving]

    assert [answer for answer in answers if answer is not None] == [
        Answer(1, Verb.PEOPLE, Code.OK, {"text": text})
    ]


def test_the_largest_answer_fits() -> None:
    requester, responder = Requester(), Responder()
    requester.ask(Verb.PEOPLE, {}, now=0.0)
    responder.receive(asked(requester, 0.0)[0])
    responder.next_request()
    fields: Fields = {"a": "x" * (MAX_RESPONSE - len('{"a":""}'))}

    answers = [requester.receive(part) for part in responses(responder.answer(1, Code.OK, fields))]

    assert answers[-1] is not None
    assert answers[-1].fields == fields


@given(
    count=st.integers(1, 60),
    # For each datagram, whether it gets lost; when the list is used up, none does.
    lost=st.lists(st.booleans(), max_size=400),
)
def test_every_request_runs_once_in_order_and_is_answered_whatever_gets_lost(
    count: int, lost: list[bool]
) -> None:
    requester, responder = Requester(), Responder()
    ran: list[int] = []
    answered: list[int] = []
    fate = iter(lost)
    for place in range(count):
        requester.ask(Verb.LACKING, {"number": place}, now=0.0)

    for turn in range(2_000):
        frames: list[bytes] = []
        for request in asked(requester, float(turn)):
            if not next(fate, False):
                frames += responder.receive(request)
        while (running := responder.next_request()) is not None:
            ran.append(number_field(running[2], "number"))
            frames += responder.answer(running[0], Code.OK, running[2])
        for response in responses(frames):
            answer = None if next(fate, False) else requester.receive(response)
            if answer is not None:
                answered.append(number_field(answer.fields, "number"))
        if not requester.is_waiting:
            break

    assert ran == list(range(count))
    assert sorted(answered) == list(range(count))


def test_requests_wait_until_the_other_end_can_keep_their_answers() -> None:
    requester = Requester()
    for _ in range(MAX_AHEAD + 5):
        requester.ask(Verb.LACKING, {}, now=0.0)

    at_first = numbers(asked(requester, 0.0))
    requester.receive(Response(3, 0, 1, Code.OK, b"{}"))
    behind_the_oldest = numbers(asked(requester, 0.0))
    requester.receive(Response(1, 0, 1, Code.OK, b"{}"))
    after_the_oldest = numbers(asked(requester, 0.0))

    assert at_first == list(range(1, MAX_AHEAD + 1))
    assert behind_the_oldest == []
    assert after_the_oldest == [MAX_AHEAD + 1]


# --- fields ---

FIELDS: dict[str, Callable[[Fields], object]] = {
    "hex": lambda fields: hex_field(fields, "it", 2),
    "text": lambda fields: text_field(fields, "it"),
    "number": lambda fields: number_field(fields, "it"),
    "list": lambda fields: list_field(fields, "it"),
}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("hex", "00ff", b"\x00\xff"),
        ("text", "", ""),
        ("number", 0, 0),
        ("number", 2**63 - 1, 2**63 - 1),
        ("list", [1], [1]),
    ],
)
def test_a_field_of_its_kind_is_taken(kind: str, value: Any, expected: object) -> None:
    assert FIELDS[kind]({"it": value}) == expected


NOT_OF_ITS_KIND: dict[str, list[Any]] = {
    "hex": ["", "00f", "00fff", "zz00", "00FF", "    ", "00 f", "\u0660" * 4, 0, None],
    "text": [0, None, ["a"]],
    "number": [-1, 2**63, 1.0, "1", True, None],
    "list": [{}, "a", None],
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, values in NOT_OF_ITS_KIND.items() for value in values],
)
def test_a_field_of_another_kind_is_the_peers_fault(kind: str, value: Any) -> None:
    with pytest.raises(PeerError):
        FIELDS[kind]({"it": value})


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_that_is_not_there_is_the_peers_fault(kind: str) -> None:
    with pytest.raises(PeerError):
        FIELDS[kind]({})


def test_layout_of_an_answer() -> None:
    responder = Responder()
    responder.receive(Request(1, Verb.PEOPLE, b"{}"))
    responder.next_request()

    (frame,) = responder.answer(1, Code.SNAPSHOT, {"ä": [1, "b"]})

    body = '{"ä":[1,"b"]}'.encode()
    assert frame.hex() == "11" + f"{8 + len(body):04x}" + "000000010001001b" + body.hex()
    assert json.loads(body) == {"ä": [1, "b"]}


def test_an_answer_is_kept_while_its_client_may_ask_again_and_not_for_ever() -> None:
    responder = Responder()
    asked = Request(1, Verb.PEOPLE, b"{}")
    responder.receive(asked)
    responder.next_request()
    frames = responder.answer(1, Code.OK, {"much": "x" * 3000})

    responder.age(0.0)
    assert responder.receive(asked) == frames  # its answer was lost: the client asks within 3 s
    responder.age(FORGET_AFTER)
    assert responder.receive(asked) == frames
    responder.age(2 * FORGET_AFTER)
    responder.age(3 * FORGET_AFTER)

    assert responder.receive(asked) == []
    assert responder.next_request() is None


def test_keepalives_in_quick_succession_take_no_answer_away() -> None:
    responder = Responder()
    asked = Request(1, Verb.PAKE1, b"{}")
    responder.age(0.0)
    responder.receive(asked)
    responder.next_request()
    frames = responder.answer(1, Code.OK, {})

    for turn in range(29):
        responder.age(1.0 + turn)

    assert responder.receive(asked) == frames
