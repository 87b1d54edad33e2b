"""Attackers on the network: what they send changes nothing, learns nothing and costs them more.

H3, H4, H6, H7, H9, H11 and H13, with real cores; the parts alone are tested in test_protocol*.py.
"""

import pytest
from simulated_network import Address, Sent
from simulator import PASSWORD, SERVER_ADDRESS, Client, Simulator

from protocol import (
    INIT_SIZE,
    Code,
    DatagramType,
    Init,
    Verb,
    encode_data_header,
)
from protocol_frames import PathChallenge, PathResponse, Ping, Post, Pull, Typing

pytestmark = pytest.mark.uncounted


def state(network: Simulator, *clients: Client) -> object:
    """Everything anybody can see."""
    return (
        network.server.texts(),
        [(one.texts(), one.names(), one.connection, one.ended) for one in clients],
    )


def sent_to(network: Simulator, address: Address, since: int = 0) -> list[Sent]:
    """What went to an address, after a place in the recording."""
    return [sent for sent in network.recording[since:] if sent.destination == address]


def talking(network: Simulator) -> tuple[Client, Client]:
    """Two people who have said something."""
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()
    ana.say("satu", "dua")
    budi.say("tiga")
    network.run_until(network.is_at_rest)
    network.run(seconds=2)
    return ana, budi


# --- H6: replay ---


@pytest.mark.parametrize("order", ["forward", "reversed"])
@pytest.mark.parametrize("when", ["during", "after a restart", "to new sessions"])
def test_h6_a_replayed_recording_changes_nothing(order: str, when: str) -> None:
    with Simulator(1, record=True) as network:
        ana, budi = talking(network)
        if when == "after a restart":
            network.server.kill()
            network.server.start()
            network.run(seconds=10)
        elif when == "to new sessions":
            for one in (ana, budi):
                one.kill()
                one.join()
            network.run(seconds=10)
        before = state(network, ana, budi)
        recorded = list(network.recording)

        for sent in recorded if order == "forward" else reversed(recorded):
            network.network.send("replay", sent.source, sent.destination, [sent.datagram])
        network.run(seconds=5)
        network.check_healed()

        assert state(network, ana, budi) == before
        ana.say("masih di sini")
        network.check_healed()
        assert budi.texts()[-1] == "masih di sini"


def test_h6_a_recording_sent_to_the_other_side_or_from_elsewhere_changes_nothing() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = talking(network)
        before = state(network, ana, budi)
        mallory = network.stranger()

        for sent in list(network.recording):
            network.network.send("mirror", sent.destination, sent.source, [sent.datagram])
            mallory.send(sent.datagram, sent.destination)
            mallory.send(sent.datagram, ana.address)
        network.run(seconds=5)
        network.check_healed()

        assert state(network, ana, budi) == before
        assert all(datagram[3] != DatagramType.DATA_TO_CLIENT for datagram, _ in mallory.received)


def test_h6_nothing_that_is_replayed_is_accepted_again_not_even_for_an_answer() -> None:
    with Simulator(1, record=True) as network:
        talking(network)
        recorded = list(network.recording)
        start = len(recorded)

        for sent in recorded:
            network.network.copy(sent.datagram, sent.source, sent.destination)
        network.run(seconds=0.05)

        sealed = (DatagramType.DATA_TO_SERVER, DatagramType.DATA_TO_CLIENT)
        answers = [sent for sent in network.recording[start:] if sent.datagram[3] in sealed]
        assert answers == []


# --- H3, H4, H7, H13: forgeries ---


def test_h3_forged_data_under_a_live_session_id_neither_ends_it_nor_moves_its_window() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = talking(network)
        mallory = network.stranger()
        chance = network.random("forgery")
        ids = {
            sent.datagram[4:12]
            for sent in network.recording
            if sent.datagram[3] == DatagramType.DATA_TO_SERVER
        }

        for number in (*range(200), 2**31, 2**32 - 1):
            for session_id in ids:
                header = encode_data_header(
                    DatagramType.DATA_TO_SERVER, int.from_bytes(session_id, "big"), number
                )
                forged = header + chance.randbytes(chance.choice((16, 32, 400)))
                mallory.send(forged, SERVER_ADDRESS)
                mallory.send(forged, SERVER_ADDRESS, source=ana.address)
        network.run(seconds=1)
        ana.say("empat")
        network.run(seconds=0.2)
        network.check()

        assert budi.texts()[-1] == "empat"
        assert mallory.received == []


def test_h4_data_of_unknown_sessions_gets_few_resets_and_each_is_smaller_than_its_cause() -> None:
    with Simulator(1) as network:
        ana, budi = talking(network)
        before = state(network, ana, budi)
        mallory = network.stranger()
        chance = network.random("ids")

        for _ in range(2000):
            unknown = chance.getrandbits(64)
            header = encode_data_header(DatagramType.DATA_TO_SERVER, unknown, 0)
            mallory.send(header + chance.randbytes(16), SERVER_ADDRESS)
        network.run(seconds=1)
        network.check()

        assert 0 < len(mallory.received) <= 20
        assert max(len(datagram) for datagram, _ in mallory.received) < 36
        assert state(network, ana, budi) == before


def test_h7_any_changed_bit_cut_or_longer_datagram_is_as_if_it_had_never_been_sent() -> None:
    with Simulator(1) as network:
        ana, budi = talking(network)
        raw = network.raw_client()
        raw.enter("Raw", PASSWORD)
        network.run(seconds=1)
        genuine = raw.seal(Post(1, 1, 1, 1, 0, 1, b"palsu").encode())

        for place in range(8 * len(genuine)):
            flipped = bytearray(genuine)
            flipped[place // 8] ^= 1 << place % 8
            raw.send(bytes(flipped), SERVER_ADDRESS)
        for size in range(len(genuine)):
            raw.send(genuine[:size], SERVER_ADDRESS)
        raw.send(genuine + b"\0", SERVER_ADDRESS)
        network.run(seconds=2)
        before = ana.texts()
        raw.send(genuine, SERVER_ADDRESS)
        network.run(seconds=1)

        assert len(before) == 3
        assert ana.texts()[-1] == budi.texts()[-1] == "palsu"


def test_h13_datagrams_reflected_to_their_sender_are_never_answered() -> None:
    with Simulator(1, record=True) as network:
        talking(network)
        from_server = sent_to(network, network.all_clients[0].address)
        mallory = network.stranger()
        place = len(network.recording)

        for sent in from_server:
            mallory.send(sent.datagram, SERVER_ADDRESS)
            mallory.send(sent.datagram, SERVER_ADDRESS, source=SERVER_ADDRESS)
        network.run(seconds=2)

        assert mallory.received == []
        assert sent_to(network, SERVER_ADDRESS, place + 2 * len(from_server)) == [
            sent
            for sent in sent_to(network, SERVER_ADDRESS, place)
            if sent.source != SERVER_ADDRESS and sent.source != mallory.address
        ]


@pytest.mark.parametrize("source", [("10.0.9.9", 0), ("224.0.0.1", 5000), ("255.255.255.255", 9)])
def test_sources_that_cannot_be_one_peer_are_never_answered(source: Address) -> None:
    with Simulator(1, record=True) as network:
        mallory = network.stranger()

        mallory.send(Init(7, bytes(31) + b"\x09", bytes(24)).encode(), SERVER_ADDRESS, source)
        mallory.send(b"Rg\x01\x10" + bytes(range(32)), SERVER_ADDRESS, source)
        network.run(seconds=1)

        assert sent_to(network, source) == []


def test_no_unauthenticated_answer_is_larger_than_a_thirtieth_of_what_caused_it() -> None:
    with Simulator(1, record=True) as network:
        mallory = network.stranger()
        victim = ("10.0.7.7", 7777)
        chance = network.random("inits")

        for number in range(500):
            init = Init(number + 1, chance.randbytes(32), chance.randbytes(24))
            mallory.send(init.encode(), SERVER_ADDRESS, source=victim)
        network.run(seconds=2)

        answers = sent_to(network, victim)
        assert answers
        assert sum(len(sent.datagram) for sent in answers) * 30 <= 500 * INIT_SIZE
        assert {sent.datagram[3] for sent in answers} == {DatagramType.RETRY}


def test_a_cookie_counts_for_nobody_but_the_address_and_the_init_it_was_made_for() -> None:
    with Simulator(1, record=True) as network:
        mallory = network.stranger()
        victim = ("10.0.7.7", 7777)
        ephemeral, another = bytes(31) + b"\x09", bytes(30) + b"\x01\x09"
        mallory.send(Init(7, ephemeral, bytes(24)).encode(), SERVER_ADDRESS)
        network.run(seconds=0.1)
        cookie = mallory.received[0][0][12:36]
        flipped = cookie[:-1] + bytes([cookie[-1] ^ 1])
        place = len(network.recording)

        mallory.send(Init(7, ephemeral, cookie).encode(), SERVER_ADDRESS, source=victim)
        mallory.send(Init(7, ephemeral, flipped).encode(), SERVER_ADDRESS)
        mallory.send(Init(8, ephemeral, cookie).encode(), SERVER_ADDRESS)
        mallory.send(Init(7, another, cookie).encode(), SERVER_ADDRESS)
        network.run(seconds=0.1)
        refused = {sent.datagram[3] for sent in network.recording[place:] if sent.datagram[3] > 1}
        network.run(seconds=12)
        mallory.received.clear()
        mallory.send(Init(7, ephemeral, cookie).encode(), SERVER_ADDRESS)  # too old by now
        network.run(seconds=0.1)

        assert refused == {DatagramType.RETRY}
        assert [datagram[3] for datagram, _ in mallory.received] == [DatagramType.RETRY]


def test_bytes_from_anyone_never_make_a_core_raise_and_never_change_what_people_see() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = talking(network)
        before = state(network, ana, budi)
        mallory = network.stranger()
        chance = network.random("fuzz")
        known = [sent.datagram for sent in network.recording]

        for _ in range(3000):
            datagram = bytearray(chance.choice(known))
            for _ in range(chance.choice((1, 1, 2, 8))):
                datagram[chance.randrange(len(datagram))] = chance.randrange(256)
            cut = chance.choice((len(datagram), len(datagram), chance.randrange(len(datagram))))
            if datagram[:cut] in known:
                continue
            target = chance.choice((SERVER_ADDRESS, SERVER_ADDRESS, ana.address, budi.address))
            source = chance.choice((mallory.address, SERVER_ADDRESS, ana.address, budi.address))
            mallory.send(bytes(datagram[:cut]), target, source)
        network.run(seconds=5)
        network.check_healed()

        assert state(network, ana, budi) == before


# --- behind the seal: somebody who knows the password and misbehaves ---


def test_h9_frames_without_sense_close_their_own_session_alone() -> None:
    with Simulator(1) as network:
        ana, budi = talking(network)
        chance = network.random("frames")
        before = (ana.texts(), budi.texts())

        for turn in range(60):
            raw = network.raw_client(port=41_000 + turn)
            if turn % 2:
                raw.enter(f"Raw {turn}", PASSWORD)
            else:
                assert raw.shake_hands()
            kind = chance.choice((*range(0x30), 0x7F, 0xFF))
            body = chance.randbytes(chance.choice((0, 1, 8, 16, 40, 300)))
            raw.send_frames(bytes([kind]) + len(body).to_bytes(2, "big") + body)
            network.run(seconds=0.2)
        network.run(seconds=5)
        network.check_healed()

        assert (ana.texts(), budi.texts()) == before


def test_posts_pulls_and_typing_before_entering_are_not_obeyed() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = talking(network)
        raw = network.raw_client()
        assert raw.shake_hands()
        place = len(network.recording)

        raw.send_frames(
            Post(1, 1, 1, 1, 0, 1, b"tanpa kata sandi").encode(),
            Pull(1, 1, 0, 3).encode(),
            Typing(1).encode(),
        )
        raw.ask(Verb.PEOPLE, {"epoch": "0" * 16, "after": 0}, within=1)
        network.run(seconds=2)
        network.check()

        sizes = [len(sent.datagram) for sent in sent_to(network, raw.address, place)]
        assert sum(sizes) < 300
        assert all(answer.code is not Code.OK for answer in raw.answers)
        assert "tanpa kata sandi" not in [*ana.texts(), *budi.texts(), *network.server.texts()]


# --- H11: roaming ---


@pytest.mark.parametrize("interval", [1.0, 5.0])
def test_h11_a_client_whose_address_changes_all_the_time_misses_nothing(interval: float) -> None:
    with Simulator(1, loss=0.02, delay=0.01) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        network.every(interval, int(20 / interval), ana.roam)
        ana.say_slowly(0.2, *(f"Ana {place}" for place in range(100)))
        budi.say_slowly(0.2, *(f"Budi {place}" for place in range(100)))
        network.run(seconds=22)
        network.check_healed(within=20)

        assert ana.texts() == budi.texts()
        assert len(ana.texts()) == 200
        assert max(budi.latencies) < 2.0


def test_h11_an_insider_who_forges_a_victim_s_address_gets_it_three_times_the_bytes_at_most() -> (
    None
):
    with Simulator(1, record=True) as network:
        ana, _ = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.say(*(f"{place} " + "x" * 900 for place in range(200)))
        network.run_until(network.is_at_rest)
        raw = network.raw_client()
        raw.enter("Raw", PASSWORD)
        network.run(seconds=1)
        victim = ("10.0.7.7", 7777)
        place = len(network.recording)

        raw.send_frames(Pull(1, 1, 0, 190).encode(), source=victim)
        network.run(seconds=10)

        spent = sum(
            len(sent.datagram) for sent in network.recording[place:] if sent.source == victim
        )
        reached = sum(len(sent.datagram) for sent in sent_to(network, victim, place))
        assert 0 < reached <= 3 * spent


def test_h11_a_copy_that_overtakes_its_original_takes_the_path_for_three_seconds_at_most() -> None:
    with Simulator(1, delay=0.02) as network:
        ana, budi = talking(network)
        mallory = network.stranger()

        def overtake(sent: Sent) -> list[bytes]:
            if sent.source == ana.address:
                network.network.copy(sent.datagram, mallory.address, SERVER_ADDRESS)
            return [sent.datagram]

        network.network.filters.append(overtake)
        ana.say("empat")
        network.run(seconds=1)
        network.network.filters.clear()
        budi.say_slowly(0.5, *(f"Budi {place}" for place in range(12)))
        network.run(seconds=4)
        heard = len(mallory.received)
        network.run(seconds=3)
        network.check_healed()

        assert len(mallory.received) == heard
        assert ana.texts() == budi.texts()


def test_h11_ten_thousand_path_challenges_are_answered_on_their_path_without_growing() -> None:
    with Simulator(1) as network:
        talking(network)
        raw = network.raw_client()
        raw.enter("Raw", PASSWORD)
        network.run(seconds=1)
        raw.received.clear()

        for number in range(1000):
            raw.send_frames(
                *(
                    PathChallenge((10 * number + turn).to_bytes(8, "big")).encode()
                    for turn in range(10)
                )
            )
        network.run(seconds=5)

        answers = [frame for frame in raw.frames if isinstance(frame, PathResponse)]
        assert len(answers) <= 10_000
        network.check_healed()


def test_h11_a_session_that_hops_all_the_time_has_four_challenges_pending_at_most() -> None:
    with Simulator(1, record=True) as network:
        talking(network)
        raw = network.raw_client()
        raw.enter("Raw", PASSWORD)
        network.run(seconds=1)
        place = len(network.recording)

        for port in range(100):
            raw.send_frames(Ping(port).encode(), source=("10.0.7.7", 7000 + port))
            network.run(seconds=0.02)

        challenged = {
            sent.destination
            for sent in network.recording[place:]
            if sent.source == SERVER_ADDRESS and sent.destination[0] == "10.0.7.7"
        }
        assert 1 <= len(challenged) <= 4
