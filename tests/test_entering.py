"""Both ends of the way in: what proves the password, what the messages hold, whose turn it is."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import SERVER_ADDRESS, Simulator

import auth_cpace
from auth import NameReason
from client_events import ChooseName, Join, NameRefused
from entering import (
    MAX_LOGS,
    ClientEntering,
    EnterAnswer,
    EnterRequest,
    FalseServerError,
    HeldLog,
    OfferedLog,
    ServerEntering,
    Step,
)
from protocol import Code, LocalError, PeerError, Verb, decode_object, encode_object
from protocol_requests import Answer, Fields, hex_field

HASH, KEY = b"h" * 32, b"k" * 32
RIGHT, WRONG = b"p" * 32, b"q" * 32  # what scrypt made of two passwords
LOW_ORDER = [bytes(32), (1).to_bytes(32, "little"), ((1 << 255) - 20).to_bytes(32, "little")]


def client(prs: bytes = RIGHT, handshake_hash: bytes = HASH, key: bytes = KEY) -> ClientEntering:
    return ClientEntering(
        handshake_hash=handshake_hash, server_key=key, prs=prs, random_bytes=os.urandom
    )


def server(handshake_hash: bytes = HASH, key: bytes = KEY) -> ServerEntering:
    return ServerEntering(handshake_hash=handshake_hash, server_key=key)


def share(one: ServerEntering, fields: Fields, prs: bytes = RIGHT) -> Fields:
    return one.share(fields, prs, os.urandom(32))


def ok(verb: Verb, fields: Fields) -> Answer:
    return Answer(1, verb, Code.OK, fields)


def proof(here: ClientEntering, there: ServerEntering) -> Fields:
    """The fields of PAKE2, after PAKE1 went well."""
    step = here.receive(ok(Verb.PAKE1, share(there, here.first()[1])))
    assert step is not None
    assert step[0] is Verb.PAKE2
    return step[1]


# --- the password ---


def test_who_knows_the_password_is_proved_to_the_server_and_then_the_server_to_it() -> None:
    here, there = client(), server()

    verb, _ = here.first()
    fields = proof(here, there)
    before = here.is_proved
    answer = there.check(fields)

    assert verb is Verb.PAKE1
    assert there.step is Step.PROVED
    assert answer is not None
    assert here.receive(ok(Verb.PAKE2, answer)) is None
    assert (before, here.is_proved) == (False, True)


def test_a_wrong_password_is_refused_and_tells_the_client_nothing() -> None:
    here, there = client(WRONG), server()

    answer = there.check(proof(here, there))

    assert answer is None
    assert there.step is Step.FRESH
    assert not here.is_proved


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (client(handshake_hash=b"i" * 32), server()),  # a relay joins two sessions
        (client(key=b"l" * 32), server()),  # or shows a key of its own
    ],
)
def test_p3_the_password_proves_nothing_in_another_session_or_to_another_key(
    here: ClientEntering, there: ServerEntering
) -> None:
    assert there.check(proof(here, there)) is None


def test_p2_a_server_that_does_not_know_the_password_is_found_out_before_it_hears_more() -> None:
    here, false = client(), server()
    step = here.receive(ok(Verb.PAKE1, share(false, here.first()[1], WRONG)))
    assert step is not None

    with pytest.raises(FalseServerError):
        here.receive(ok(Verb.PAKE2, {"tb": os.urandom(64).hex()}))

    assert not here.is_proved


def test_a_server_that_takes_any_proof_and_answers_with_its_own_tag_is_found_out() -> None:
    here = client()
    false = auth_cpace.Responder(WRONG, b"ruang" + KEY, HASH, os.urandom(32))
    tag = false.finish(hex_field(here.first()[1], "ya", 32))
    here.receive(ok(Verb.PAKE1, {"yb": false.share.hex()}))

    with pytest.raises(FalseServerError):
        here.receive(ok(Verb.PAKE2, {"tb": tag.hex()}))


def test_the_clients_own_share_sent_back_is_refused() -> None:
    here = client()

    with pytest.raises(PeerError):
        here.receive(ok(Verb.PAKE1, {"yb": here.first()[1]["ya"]}))


@pytest.mark.parametrize("point", LOW_ORDER)
def test_p7_shares_of_low_order_are_refused_on_both_sides(point: bytes) -> None:
    there = server()

    with pytest.raises(PeerError):
        share(there, {"ya": point.hex()})
    with pytest.raises(PeerError):
        client().receive(ok(Verb.PAKE1, {"yb": point.hex()}))

    assert there.step is Step.FRESH


@pytest.mark.parametrize("value", [None, 7, "", "00" * 31, "zz" * 32, " " * 64, "00" * 33])
def test_shares_and_tags_that_are_no_hex_of_their_size_are_refused(value: Any) -> None:
    here, there = client(), server()
    fields: Fields = {"ya": value, "ta": value, "tb": value}

    with pytest.raises(PeerError):
        share(there, fields)
    proof(here, there)
    with pytest.raises(PeerError):
        there.check(fields)
    with pytest.raises(PeerError):
        here.receive(ok(Verb.PAKE2, fields))


def test_one_exchange_is_one_guess() -> None:
    here, there = client(WRONG), server()
    fields = proof(here, there)
    there.check(fields)

    with pytest.raises(PeerError):
        there.check(fields)


def test_after_a_wrong_guess_another_exchange_may_follow_in_the_same_session() -> None:
    there = server()
    there.check(proof(client(WRONG), there))

    right = client()

    assert there.check(proof(right, there)) is not None


def test_a_new_share_takes_the_place_of_the_one_before() -> None:
    first, second, there = client(), client(), server()
    stale = proof(first, there)
    fresh = proof(second, there)

    assert there.check(fresh) is not None
    assert stale != fresh


@pytest.mark.parametrize("step", Step)
def test_pake1_is_heard_only_until_the_password_is_proved(step: Step) -> None:
    here, there = client(), server()
    there.step = step

    def ask() -> None:
        share(there, here.first()[1])

    if step in (Step.FRESH, Step.SHARED):
        ask()
        assert there.step is Step.SHARED
    else:
        with pytest.raises(PeerError):
            ask()
        assert there.step is step


@pytest.mark.parametrize("step", Step)
def test_pake2_is_heard_only_after_pake1(step: Step) -> None:
    here, there = client(), server()
    fields = proof(here, there)
    there.step = step

    if step is Step.SHARED:
        assert there.check(fields) is not None
    else:
        with pytest.raises(PeerError):
            there.check(fields)
        assert there.step is step


def test_pake2_without_a_share_is_refused_whatever_the_step_says() -> None:
    there = server()
    there.step = Step.SHARED

    with pytest.raises(PeerError):
        there.check({"ta": "00" * 64})


def test_handing_a_refusal_to_the_exchange_is_our_own_defect() -> None:
    with pytest.raises(LocalError):
        client().receive(Answer(1, Verb.PAKE1, Code.WRONG_PASSWORD, {}))


# --- names ---


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 3_000, NameReason.TOO_LONG),
        ("a\udc80b", NameReason.CHARACTER),  # what Python makes of a bad byte on a command line
        ("", NameReason.EMPTY),
    ],
)
def test_a_name_that_cannot_be_is_asked_for_again_and_never_sent(
    name: str, reason: NameReason
) -> None:
    with Simulator(1) as network:
        ana = network.absent_client("Ana")
        ana.join()
        ana.command(Join(SERVER_ADDRESS, ana.password, name))
        network.run(seconds=3)
        asked = ana.saw(NameRefused)

        ana.command(ChooseName("Ana"))
        network.everybody_enters()

        assert asked == [NameRefused(name, Code.NAME_INVALID, reason.value)]
        assert ana.entered is not None
        assert ana.entered.name == "Ana"


# --- ENTER and its answer ---

streams = st.binary(min_size=16, max_size=16)
tokens = st.binary(min_size=32, max_size=32)
chains = st.binary(min_size=8, max_size=8)
numbers = st.integers(0, 2**63 - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=32)
requests = st.builds(
    EnterRequest,
    once=streams,
    stream=streams,
    name=names,
    token=st.none() | tokens,
    logs=st.lists(st.builds(HeldLog, numbers, numbers, chains), max_size=MAX_LOGS).map(tuple),
)
offered_logs = st.tuples(numbers, numbers, numbers, chains).map(
    lambda log: OfferedLog(log[0], max(log[1:3]), min(log[1:3]), log[3])
)
answers = st.builds(
    EnterAnswer,
    person=st.integers(0, 2**64 - 1),
    name=names,
    token=tokens,
    has_returned=st.booleans(),
    epoch=st.integers(0, 2**64 - 1),
    logs=st.lists(offered_logs, max_size=5).map(tuple),
    changed=st.lists(numbers, max_size=5).map(tuple),
    is_account=st.booleans(),
)


@given(requests)
def test_an_enter_survives_the_wire(request: EnterRequest) -> None:
    assert EnterRequest.decode(decode_object(encode_object(request.encode()))) == request


@given(answers)
def test_the_answer_to_enter_survives_the_wire(answer: EnterAnswer) -> None:
    assert EnterAnswer.decode(decode_object(encode_object(answer.encode()))) == answer


def test_who_comes_back_by_token_need_not_say_a_name() -> None:
    request = EnterRequest(b"o" * 16, b"s" * 16, None, b"t" * 32, ())

    assert "name" not in request.encode()
    assert EnterRequest.decode(request.encode()) == request


GOOD_REQUEST = EnterRequest(
    b"o" * 16, b"s" * 16, "Ana", b"t" * 32, (HeldLog(1, 5, b"c" * 8),)
).encode()
GOOD_ANSWER = EnterAnswer(
    1, "Ana", b"t" * 32, False, 2, (OfferedLog(1, 5, 0, b"c" * 8),), (1,)
).encode()
CHAIN = "63" * 8

decoders: dict[str, tuple[Fields, Callable[[Fields], object]]] = {
    "request": (GOOD_REQUEST, EnterRequest.decode),
    "answer": (GOOD_ANSWER, EnterAnswer.decode),
}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("request", "once", "00"),
        ("request", "once", " " * 32),
        ("request", "stream", 5),
        ("request", "name", None),
        ("request", "name", ["Ana"]),
        ("request", "token", ""),
        ("request", "logs", {}),
        ("request", "logs", [[1, 5, CHAIN]] * (MAX_LOGS + 1)),
        ("answer", "person", "00"),
        ("answer", "name", 5),
        ("answer", "name", "é" * 128),  # no entry could carry it
        ("answer", "token", ""),
        ("answer", "epoch", 5),
        ("answer", "logs", None),
        ("answer", "logs", [[1, 5, 6, CHAIN]]),  # a floor above the head
        ("answer", "changed", None),
        ("answer", "changed", ["1"]),
        ("answer", "changed", [True]),
    ],
)
def test_a_field_that_cannot_be_is_the_peers_fault(kind: str, field: str, value: Any) -> None:
    good, decode = decoders[kind]

    with pytest.raises(PeerError):
        decode({**good, field: value})


@pytest.mark.parametrize("field", ["once", "stream", "logs"])
def test_a_request_without_a_field_it_needs_is_the_peers_fault(field: str) -> None:
    with pytest.raises(PeerError):
        EnterRequest.decode({name: GOOD_REQUEST[name] for name in GOOD_REQUEST if name != field})


def test_a_request_with_neither_name_nor_token_is_the_peers_fault() -> None:
    with pytest.raises(PeerError):
        EnterRequest.decode({name: GOOD_REQUEST[name] for name in ("once", "stream", "logs")})


BAD_NUMBERS: list[Any] = [-1, 2**63, 1.5, True, "1", None]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_a_log_with_a_number_that_cannot_be_is_the_peers_fault(place: int, value: Any) -> None:
    held: list[Any] = [1, 5, CHAIN]
    offered: list[Any] = [1, 5, 0, CHAIN]
    held[place] = offered[place] = value

    with pytest.raises(PeerError):
        EnterRequest.decode({**GOOD_REQUEST, "logs": [held]})
    with pytest.raises(PeerError):
        EnterAnswer.decode({**GOOD_ANSWER, "logs": [offered]})


@pytest.mark.parametrize(
    "log", [[], [1, 5], [1, 5, CHAIN, 1, 1], {}, "log", 5, None, [1, 5, 0, ""]]
)
def test_a_log_of_another_shape_is_the_peers_fault(log: Any) -> None:
    with pytest.raises(PeerError):
        EnterRequest.decode({**GOOD_REQUEST, "logs": [log]})
    with pytest.raises(PeerError):
        EnterAnswer.decode({**GOOD_ANSWER, "logs": [log]})


def test_anything_but_true_means_that_nobody_has_returned() -> None:
    assert not EnterAnswer.decode({**GOOD_ANSWER, "returned": 1}).has_returned
    assert EnterAnswer.decode({**GOOD_ANSWER, "returned": True}).has_returned


def test_only_who_owns_an_account_is_told_so() -> None:
    assert "account" not in GOOD_ANSWER
    assert EnterAnswer.decode({**GOOD_ANSWER, "account": True}).is_account
    assert not EnterAnswer.decode({**GOOD_ANSWER, "account": 1}).is_account


def test_layouts_are_those_of_the_protocol() -> None:
    assert GOOD_REQUEST == {
        "once": "6f" * 16,
        "stream": "73" * 16,
        "name": "Ana",
        "token": "74" * 32,
        "logs": [[1, 5, CHAIN]],
    }
    assert GOOD_ANSWER == {
        "person": "0000000000000001",
        "name": "Ana",
        "token": "74" * 32,
        "returned": False,
        "epoch": "0000000000000002",
        "logs": [[1, 5, 0, CHAIN]],
        "changed": [1],
    }
