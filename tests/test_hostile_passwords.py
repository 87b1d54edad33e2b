"""Who does not know the password gets nowhere: false servers, relays, guessers, bad points.

P2, P3, P4, P7 and I5, with real cores; the exchanges alone are tested in test_auth*.py.
"""

import itertools
from collections import Counter
from collections.abc import Callable

import pytest
from raw_peers import RawClient, RawServer
from simulated_network import Address, Sent
from simulator import SERVER_ADDRESS, Client, Simulator

from client_events import (
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    KeySeen,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
)
from protocol import Code, Init, JsonValue, Verb, decode_object
from protocol_requests import Fields
from server_events import Happened, HappeningKind

pytestmark = pytest.mark.uncounted

_PORTS = itertools.count(42_000)

# Points of low order on Curve25519 and its twist, and what reduces to them (draft-cpace §B.1).
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (2**255 - 20).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
]


def talking(network: Simulator) -> tuple[Client, Client]:
    """Two people who have said something."""
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()
    ana.say("satu", "dua")
    budi.say("tiga")
    network.run_until(network.is_at_rest)
    network.run(seconds=2)
    return ana, budi


def sent_to(network: Simulator, address: Address, since: int = 0) -> list[Sent]:
    """What went to an address, after a place in the recording."""
    return [sent for sent in network.recording[since:] if sent.destination == address]


# --- P2: false servers ---


def false_server(
    network: Simulator,
    on_request: Callable[[int, Fields], tuple[Code, Fields] | None] = lambda verb, fields: None,
) -> RawServer:
    """Somebody at the server's address who has a key of his own."""
    network.server.kill()
    network.network.remove(network.server)
    return RawServer(
        "false server",
        SERVER_ADDRESS,
        network.network,
        random_bytes=network.random_bytes("false server"),
        on_request=on_request,
    )


def test_p2_another_key_than_the_pinned_one_is_a_hard_stop_before_anything_is_sent() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        network.everybody_enters()
        ana.kill()
        false = false_server(network)

        ana.join()
        network.run(seconds=15)

        assert ana.saw(KeyChanged)[0].key == false.key
        assert ana.ended is not None
        assert ana.ended.reason is EndReason.KEY_CHANGED
        assert false.frames == []


def test_p2_a_false_server_gets_a_share_and_a_proof_and_neither_name_nor_token() -> None:
    def pretend(verb: int, fields: Fields) -> tuple[Code, Fields]:
        if verb == Verb.PAKE1:
            return Code.OK, {"yb": (9).to_bytes(32, "little").hex()}
        return Code.OK, {"tb": bytes(64).hex()}

    with Simulator(1) as network:
        false = false_server(network, pretend)
        ana = network.client("Ana")

        network.run(seconds=5)

        fields: dict[str, JsonValue] = {}
        for request in false.requests:
            fields |= decode_object(request.fields)
        assert ana.saw(Entered) == []
        assert {Verb(request.verb) for request in false.requests} <= {Verb.PAKE1, Verb.PAKE2}
        assert set(fields) <= {"ya", "ta"}
        guesses = Counter(request.verb for request in false.requests)
        assert guesses[Verb.PAKE2] <= 2  # one for an attempt; it does not hammer


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
def test_p7_a_server_s_share_of_low_order_gets_no_proof(point: bytes) -> None:
    with Simulator(1) as network:
        false = false_server(network, lambda verb, fields: (Code.OK, {"yb": point.hex()}))
        ana = network.client("Ana")

        network.run(seconds=5)

        assert ana.saw(Entered) == []
        assert {request.verb for request in false.requests} == {Verb.PAKE1}


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
def test_p7_points_of_low_order_get_no_session_and_no_answer_from_the_server(point: bytes) -> None:
    with Simulator(1) as network:
        talking(network)
        stranger = network.stranger()
        init = Init(77, point, bytes(24))
        stranger.send(init.encode(), SERVER_ADDRESS)
        network.run(seconds=0.5)
        (retry, _) = stranger.received[0]

        stranger.send(Init(77, point, retry[12:36]).encode(), SERVER_ADDRESS)
        raw = network.raw_client()
        assert raw.shake_hands()
        answer = raw.ask(Verb.PAKE1, {"ya": point.hex()})
        network.check_healed()

        assert len(stranger.received) == 1
        assert answer is None or answer.code is not Code.OK


def test_p2_the_client_s_own_share_sent_back_proves_nothing() -> None:
    def mirror(verb: int, fields: Fields) -> tuple[Code, Fields]:
        if verb == Verb.PAKE1:
            return Code.OK, {"yb": fields["ya"]}
        return Code.OK, {"tb": fields["ta"]}

    with Simulator(1) as network:
        false = false_server(network, mirror)
        ana = network.client("Ana")

        network.run(seconds=5)

        assert ana.saw(Entered) == []
        assert Verb.PAKE2 not in {request.verb for request in false.requests}


# --- P3: a relay between two handshakes ---


@pytest.mark.parametrize("seed", range(50))
def test_p3_a_relay_between_two_sessions_gets_nobody_in(seed: int) -> None:
    with Simulator(seed) as network:
        real = ("10.0.0.99", 8083)
        network.network.move(network.server, real)
        upstream = RawClient(
            "relay, server side",
            ("10.0.9.7", 9000),
            network.network,
            server=real,
            random_bytes=network.random_bytes("relay"),
        )
        assert upstream.shake_hands()
        asked: list[tuple[int, Fields]] = []
        relay = RawServer(
            "relay, client side",
            SERVER_ADDRESS,
            network.network,
            random_bytes=network.random_bytes("relay"),
            room_id=upstream.payload.room_id if upstream.payload else b"",
            on_request=lambda verb, fields: asked.append((verb, fields)),
        )
        ana = network.client("Ana")

        # What the client asks the relay, the relay asks the server, and hands back the answer.
        answers: list[Code] = []
        for _ in range(2):
            before = len(asked)
            network.run(seconds=0.3)
            if len(asked) == before:
                break
            verb, fields = asked[-1]
            answer = upstream.ask(verb, fields)
            if answer is None:
                break
            answers.append(answer.code)
            relay.answer_last(answer.code, answer.fields)
        network.run(seconds=1)

        assert ana.saw(Entered) == []
        assert answers[0] is Code.OK  # the shares go through …
        assert answers[1:] == [Code.WRONG_PASSWORD]  # … and prove nothing about another session
        assert {verb for verb, _ in asked} <= {Verb.PAKE1, Verb.PAKE2}


# --- P4: guessing; I5: who does not know the password ---


def test_i5_without_the_password_nothing_of_the_room_comes_but_its_name_and_key() -> None:
    with Simulator(1, record=True) as network:
        ana, _ = talking(network)
        place = len(network.recording)
        eve = network.client("Eve", password="salah")

        network.run(seconds=1)
        ana.say("rahasia")
        network.run(seconds=5)

        assert eve.saw(PasswordRefused)
        assert eve.saw(KeySeen)[0].room_name == "Kelas 7B"
        for kind in (Entered, EntryArrived, PeopleReplaced):
            assert eve.saw(kind) == []
        assert "Eve" not in ana.names()
        assert sum(len(sent.datagram) for sent in sent_to(network, eve.address, place)) < 2000


def test_p4_a_thousand_wrong_guesses_are_served_five_and_then_one_a_minute() -> None:
    with Simulator(1) as network:
        talking(network)
        served = 0
        start = network.now

        while network.now < start + 300:
            raw = network.raw_client(port=next(_PORTS))
            if not raw.shake_hands():
                network.run(seconds=1)
                continue
            if raw.prove("salah", within=3) is Code.WRONG_PASSWORD:
                served += 1
        network.check()

        assert 5 <= served <= 5 + 6 + 300 / 60 + 1
        wrong = [
            event
            for event in network.server.events
            if isinstance(event, Happened) and event.kind is HappeningKind.WRONG_PASSWORD
        ]
        assert len(wrong) == served


def test_p4_while_many_guess_an_honest_person_elsewhere_enters_within_a_minute() -> None:
    with Simulator(1) as network:
        guessers = [
            network.raw_client(host=f"10.0.9.{host}", port=next(_PORTS)) for host in range(1, 41)
        ]
        for guesser in guessers:
            guesser.shake_hands()
            guesser.prove("salah", within=0.05)
            guesser.prove("salah", within=0.05)

        honest = network.client("Ana")
        took = network.run_until(lambda: honest.entered is not None, 60)

        assert took <= 60


def test_p4_failures_survive_a_restart() -> None:
    with Simulator(1) as network:
        failures = 0
        while failures < 10:
            raw = network.raw_client(port=next(_PORTS))
            raw.shake_hands()
            failures += raw.prove("salah") is Code.WRONG_PASSWORD
            network.run(seconds=0.5)

        network.server.kill()
        network.server.start()
        eve = network.absent_client("Eve")
        network.network.move(eve, ("10.0.9.8", 50_000))
        eve.password = "salah"
        eve.join()
        network.run(seconds=1)

        assert eve.saw(PasswordDelayed)
        assert eve.saw(PasswordRefused) == []
