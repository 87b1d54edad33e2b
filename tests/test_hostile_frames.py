"""H9: behind the seal. Peers who know the password and send frames that no program of ours would.

A core never raises, whatever they say, and nobody else notices.
"""

import random
from collections.abc import Callable

import pytest
from raw_peers import RawClient, RawServer
from simulated_nodes import cached_prs
from simulator import PASSWORD, SERVER_ADDRESS, Client, Simulator

from client_events import PersonTyping, ReachedChanged
from conversation import Entry, EntryKind, Person, Presence
from entering import EnterAnswer, OfferedLog, ServerEntering
from protocol import MAX_REQUEST_JSON, CloseCode, Code, JsonValue, Verb, encode_object
from protocol_frames import (
    Close,
    EntryPart,
    Have,
    Heads,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Post,
    Posted,
    Pull,
    Reached,
    Refused,
    Request,
    Response,
    Typing,
)
from protocol_requests import Fields

pytestmark = pytest.mark.uncounted

HARMLESS = (CloseCode.COME_BACK, CloseCode.BROKEN, CloseCode.IDLE)  # none says: for good
EXTREMES = (0, 1, 2, 3, 7, 8, 9, 200, 2**16, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1)


def number(chance: random.Random) -> int:
    """Mostly near what exists, sometimes far beyond."""
    return chance.choice((1, 1, 1, chance.randrange(12), chance.choice(EXTREMES)))


def json_value(chance: random.Random, depth: int = 0) -> JsonValue:
    """Anything JSON can say."""
    kinds: list[Callable[[], JsonValue]] = [
        lambda: None,
        lambda: chance.choice((True, False)),
        lambda: chance.choice((0, -1, 1, 2**63, 2**64, -(2**70), 0.5, 1e300)),
        lambda: chance.choice(
            ("", "Ana", "ff" * 16, "00" * 8, "zz" * 16, "\u202e", "\0", "9" * 99)
        ),
        lambda: chance.randbytes(chance.choice((8, 16, 32))).hex(),
    ]
    if depth < 2:
        kinds.append(lambda: [json_value(chance, depth + 1) for _ in range(chance.randrange(4))])
        kinds.append(lambda: {"a": json_value(chance, depth + 1)})
    return chance.choice(kinds)()


KEYS = ["ya", "yb", "ta", "tb", "once", "stream", "name", "token", "logs", "epoch", "after"]
KEYS += ["start", "conversation", "number", "person", "heads", "people", "version", "next"]
KEYS += ["wait", "held", "changed", "returned"]


def fields(chance: random.Random) -> Fields:
    """An object with the keys that requests and answers have, holding anything."""
    keys = chance.sample(KEYS, chance.randrange(6))
    made = {key: json_value(chance) for key in keys}
    return made if len(encode_object(made)) <= MAX_REQUEST_JSON else {}


def wild_frame(chance: random.Random) -> bytes:
    """A frame that decodes, with contents that make little sense."""

    def n() -> int:
        return number(chance)

    text = chance.choice((b"", b"halo", b"\xff\xfe", b"x" * 900, b" ", b"\0"))
    parts = chance.randrange(1, 4)
    part = chance.randrange(parts)
    body = text if part == parts - 1 else b"y" * 1000
    entry = Entry(bytes(8), EntryKind.TEXT, n(), n(), "Eve", "palsu").encode()
    person = Person(n(), chance.choice(("", "Eve")), Presence.HERE).encode(n())
    pairs = tuple((n(), n()) for _ in range(chance.randrange(1, 5)))
    makers: list[Callable[[], bytes]] = [
        lambda: Post(n() or 1, 1, n(), chance.choice((0, 1, 2, 255)), part, parts, body).encode(),
        lambda: Post(2**64 - 1, max(1, n()), 1, 1, 0, 1, text).encode(),
        lambda: Pull(n(), max(1, n()), chance.randrange(256), 2**64 - 1).encode(),
        lambda: Pull(1, 1, chance.randrange(3), max(1, n())).encode(),
        lambda: Have(pairs).encode(),
        lambda: Heads(pairs).encode(),
        lambda: Reached(pairs).encode(),
        lambda: Typing(n(), n()).encode(),
        lambda: Ping(n()).encode(),
        lambda: Pong(n(), n(), n()).encode(),
        lambda: PathChallenge(chance.randbytes(8)).encode(),
        lambda: PathResponse(chance.randbytes(8)).encode(),
        lambda: Close(chance.choice(HARMLESS)).encode(),
        lambda: Posted(n(), n(), n(), n()).encode(),
        lambda: Refused(n(), chance.choice((0, 17, 24, 65535))).encode(),
        lambda: EntryPart(1, max(1, n()), 0, 1, chance.choice((entry, text, entry[:20]))).encode(),
        lambda: EntryPart(0, max(1, n()), 0, 1, chance.choice((person, text))).encode(),
        lambda: EntryPart(n(), max(1, n()), 1, chance.choice((2, 3, 66)), text).encode(),
        lambda: Request(n() % 2**32, chance.randrange(12), encode_object(fields(chance))).encode(),
        lambda: Request(n() % 2**32, chance.randrange(8), text[:900]).encode(),
        lambda: Response(n() % 2**32, 0, 1, n() % 2**16, encode_object(fields(chance))).encode(),
        lambda: Response(n() % 2**32, 0, 2, 0, text).encode(),
    ]
    return chance.choice(makers)()


def settled(network: Simulator) -> tuple[Client, Client]:
    """Two people who have said something."""
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()
    ana.say("satu")
    budi.say("dua")
    network.run_until(network.is_at_rest)
    return ana, budi


@pytest.mark.parametrize("seed", range(4))
def test_h9_a_member_may_send_any_frame_and_disturbs_nobody(seed: int) -> None:
    with Simulator(seed) as network:
        ana, budi = settled(network)
        chance = network.random("frames")

        for turn in range(25):
            raw = network.raw_client(host=f"10.0.9.{turn}")
            raw.enter(f"Eve {turn}", PASSWORD)
            ana.said += [f"Eve {turn}"]
            for _ in range(chance.randrange(1, 30)):
                frames = [wild_frame(chance) for _ in range(chance.choice((1, 1, 3)))]
                raw.send_frames(*frames)
            network.run(seconds=0.1)
        ana.say("tiga")
        network.run(seconds=200)

        own = [text for text in budi.texts() if text in ("satu", "dua", "tiga")]
        assert own == ["satu", "dua", "tiga"]
        assert ana.texts() == budi.texts() == network.server.texts()
        assert ana.names() == budi.names() == ["Ana", "Budi"]


@pytest.mark.parametrize("seed", range(4))
def test_h9_whoever_has_not_entered_may_send_any_frame_and_learns_nothing(seed: int) -> None:
    with Simulator(seed, record=True) as network:
        ana, budi = settled(network)
        chance = network.random("frames")

        for turn in range(40):
            raw = network.raw_client(host=f"10.0.9.{turn}")
            assert raw.shake_hands()
            for _ in range(chance.randrange(1, 12)):
                raw.send_frames(wild_frame(chance))
            network.run(seconds=0.1)
            assert not [
                f for f in raw.frames if isinstance(f, EntryPart | Heads | Reached | Posted)
            ]
        network.run(seconds=30)
        network.check_healed()

        assert ana.texts() == budi.texts()
        assert len(ana.texts()) == 2


class KnowingServer(RawServer):
    """A false server that knows the password: all it says is believed, and none of it makes
    sense."""

    def __init__(self, network: Simulator, room_id: bytes) -> None:
        self._entering: dict[int, ServerEntering] = {}
        self._prs = cached_prs(PASSWORD, room_id)
        self._secret = network.random_bytes("false secret")
        super().__init__(
            "false server",
            SERVER_ADDRESS,
            network.network,
            random_bytes=network.random_bytes("false server"),
            room_id=room_id,
            on_request=self._serve,
        )

    def _serve(self, verb: int, asked: Fields) -> tuple[Code, Fields] | None:
        session = list(self.sessions.values())[-1]
        entering = self._entering.setdefault(
            session.receive_id,
            ServerEntering(handshake_hash=session.handshake_hash, server_key=self.key),
        )
        if verb == Verb.PAKE1:
            return Code.OK, entering.share(asked, self._prs, self._secret(32))
        if verb == Verb.PAKE2:
            proof = entering.check(asked)
            assert proof is not None
            return Code.OK, proof
        if verb == Verb.ENTER:
            logs = (OfferedLog(1, 5, 2, bytes(8)),)
            return Code.OK, EnterAnswer(7, "Ana", bytes(32), False, 1, logs, ()).encode()
        return None

    def say(self, *frames: bytes) -> None:
        """Sends frames in the newest session."""
        session = list(self.sessions.values())[-1]
        for frame in frames:
            session.queue(frame)
        for burst in session.take_bursts(self.network.now):
            for datagram in burst.datagrams:
                self.send(datagram, burst.address)


@pytest.mark.parametrize("seed", range(12))
def test_h9_a_server_may_send_any_frame_and_no_client_falls_over(seed: int) -> None:
    with Simulator(seed) as network:
        network.server.kill()
        network.network.remove(network.server)
        false = KnowingServer(network, bytes(16))
        chance = network.random("frames")
        ana = network.client("Ana")
        network.everybody_enters()

        ana.say("satu", "dua")
        for _ in range(300):
            false.say(*(wild_frame(chance) for _ in range(chance.choice((1, 1, 4)))))
            network.run(seconds=0.02)
            if chance.random() < 0.05 and ana.is_running:
                ana.load_older(chance.choice((1, 100, 10**9)))
        network.run(seconds=60)

        numbers = [place for place, _ in ana.log()]
        assert numbers == sorted(set(numbers))


def test_receipts_and_typing_of_what_nobody_holds_or_knows_are_not_told() -> None:
    with Simulator(1) as network:
        network.server.kill()
        network.network.remove(network.server)
        false = KnowingServer(network, bytes(16))
        ana = network.client("Ana")
        network.everybody_enters()

        false.say(Reached(((2, 5), (0, 5), (1, 4))).encode())
        false.say(EntryPart(0, 1, 0, 1, Person(8, "Budi", Presence.HERE).encode(0)).encode())
        false.say(Typing(2, 8).encode(), Typing(1, 9).encode(), Typing(1, 8).encode())
        network.run(seconds=1)

        assert ana.saw(ReachedChanged) == [ReachedChanged(1, 4)]
        assert ana.saw(PersonTyping) == [PersonTyping(1, 8)]


def test_h9_requests_of_every_verb_with_any_fields_are_answered_or_end_their_session() -> None:
    with Simulator(1) as network:
        settled(network)
        chance = network.random("requests")

        raw: RawClient | None = None
        for turn in range(300):
            if raw is None:
                raw = network.raw_client(host=f"10.0.{turn % 200}.9")
                raw.enter(f"Eve {turn}", PASSWORD)
            answer = raw.ask(chance.choice(list(Verb)), fields(chance), within=0.5)
            if answer is None:
                raw = None
        network.run(seconds=150)
        network.check_healed()
