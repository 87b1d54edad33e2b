"""One session: what opens, what is replayed, where datagrams go, what the path costs a stranger."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from session_pair import (
    AT_SERVER,
    CLIENT,
    SERVER,
    VICTIM,
    client,
    datagrams,
    exchange,
    opened,
    sealed,
    server,
)

from crypto import Aead
from protocol import (
    HEADER_SIZE,
    MAX_DATAGRAM,
    MAX_NUMBER,
    LocalError,
    decode_data_header,
)
from protocol_frames import (
    Have,
    PathChallenge,
    Ping,
    Pong,
    Typing,
)
from protocol_session import (
    RENEW_NUMBER,
    Session,
)

# --- seal and open ---


def test_what_one_end_seals_the_other_opens() -> None:
    up, down = client(), server()

    assert opened(down, sealed(up, Typing(1).encode())) == [Typing(1)]
    assert opened(up, sealed(down, Ping(5).encode(), Typing(1, 3).encode()), SERVER) == [
        Ping(5),
        Typing(1, 3),
    ]


def test_layout_of_a_sealed_datagram() -> None:
    up, down = client(), server()
    sealed(up, Ping(5).encode())

    from_client = sealed(up, Ping(5).encode())
    from_server = sealed(down, Ping(5).encode())

    assert from_client[:HEADER_SIZE].hex() == "52670110" + f"{9:016x}" + f"{1:016x}"
    assert from_server[:HEADER_SIZE].hex() == "52670111" + f"{7:016x}" + f"{0:016x}"
    nonce = bytes(4) + (1).to_bytes(8, "little")
    plaintext = Aead(b"u" * 32).open(nonce, from_client[HEADER_SIZE:], from_client[:HEADER_SIZE])
    assert plaintext == Ping(5).encode() + bytes(5)


def test_numbers_count_up_from_zero_and_never_serve_twice() -> None:
    up = client()

    numbers = [decode_data_header(sealed(up, Ping(place).encode()))[1] for place in range(50)]

    assert numbers == list(range(50))


def test_all_that_was_queued_travels_in_as_few_datagrams_as_possible_and_in_order() -> None:
    up, down = client(), server()
    frames = [Have(((1, place),)) for place in range(200)]
    for frame in frames:
        up.queue(frame.encode())

    (burst,) = up.take_bursts(100.0)

    assert burst.address == SERVER
    *sent, probe = burst.datagrams
    assert [frame for one in sent for frame in opened(down, one) or []] == frames
    assert len(sent) == 4  # 60 frames of 19 bytes fit in one
    assert max(len(one) for one in sent) <= MAX_DATAGRAM < len(probe)


def test_shared_plaintexts_go_before_frames_of_ones_own() -> None:
    up, down = client(), server()

    down.queue(Ping(2).encode())
    down.queue_plaintexts([Ping(1).encode()])

    assert exchange(down, up, SERVER, 100.0)[:2] == [Ping(1), Ping(2)]


def test_what_waits_can_be_asked_and_is_sent_once() -> None:
    up = client()
    nothing = up.has_frames, up.take_bursts(150.0), up.last_sent
    up.queue(Ping(1).encode())
    before = up.has_frames

    first, second = up.take_bursts(200.0), up.take_bursts(300.0)

    assert nothing == (False, [], 100.0)
    assert before
    assert not up.has_frames
    assert (len(first), second) == (1, [])
    assert up.last_sent == 200.0


def test_h12_a_session_seals_on_its_own_thread_alone() -> None:
    up, down = client(), server()

    with ThreadPoolExecutor(1) as other, pytest.raises(LocalError):
        other.submit(up.seal_alone, bytes(16), 100.0).result()
    up.queue(Ping(1).encode())
    with ThreadPoolExecutor(1) as other, pytest.raises(LocalError):
        other.submit(up.take_bursts, 100.0).result()

    assert exchange(up, down, CLIENT, 100.0) == [Ping(1)]


def test_shared_plaintexts_and_answers_on_a_path_count_as_waiting() -> None:
    shared, answering = server(), server()

    shared.queue_plaintexts([Ping(1).encode()])
    answering.receive_path_challenge(PathChallenge(b"12345678"), CLIENT)

    assert shared.has_frames
    assert answering.has_frames


def test_a_genuine_datagram_is_noted_as_the_newest_sign_of_life() -> None:
    up, down = client(), server()

    opened(down, sealed(up, Ping(1).encode()), now=123.0)

    assert down.last_heard == 123.0


def test_a_session_whose_numbers_run_out_says_so_and_then_seals_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    up = client()
    fresh = up.is_worn

    monkeypatch.setattr(up, "_number", RENEW_NUMBER)
    worn = up.is_worn
    monkeypatch.setattr(up, "_number", MAX_NUMBER - 1)
    sealed(up, Ping(1).encode())
    up.queue(Ping(2).encode())

    assert (fresh, worn) == (False, True)
    with pytest.raises(LocalError):
        up.take_bursts(100.0)


# --- forgeries and replays ---


def test_h7_a_datagram_with_any_bit_wrong_cut_or_longer_is_not_taken_and_moves_nothing() -> None:
    up, down = client(), server()
    genuine = sealed(up, *[Ping(place).encode() for place in range(14)])
    whole = int.from_bytes(genuine, "big")
    flipped = [(whole ^ 1 << bit).to_bytes(len(genuine), "big") for bit in range(8 * len(genuine))]
    cut = [genuine[:size] for size in range(len(genuine))]

    taken = [
        forged
        for forged in [*flipped, *cut, genuine + b"\0", genuine + bytes(16)]
        if opened(down, forged, VICTIM, now=999.0) is not None
    ]

    assert len(genuine) == 196
    assert taken == []
    assert (down.received, down.last_heard, down.address) == ((-1, 0), 100.0, CLIENT)
    assert not down.has_frames
    assert down.forged > 0
    assert opened(down, genuine) is not None


def test_the_replay_window_moves_only_after_the_seal_proved_right() -> None:
    up, down = client(), server()
    early = sealed(up, Ping(1).encode())
    header = early[:12] + (MAX_NUMBER - 1).to_bytes(8, "big")

    for forged in (header + os.urandom(32), header + early[HEADER_SIZE:]):
        assert opened(down, forged) is None

    assert opened(down, early) == [Ping(1)]
    assert down.received == (0, 1)


def test_a_datagram_is_taken_once_from_wherever_it_comes() -> None:
    up, down = client(), server()
    genuine = sealed(up, Ping(1).encode())
    opened(down, genuine)

    assert opened(down, genuine) is None
    assert opened(down, genuine, VICTIM) is None
    assert (down.received, down.forged, down.address) == ((0, 1), 0, CLIENT)


def test_datagrams_that_come_late_are_taken_within_the_window() -> None:
    up, down = client(), server()
    sent = [sealed(up, Ping(place).encode()) for place in range(1026)]
    opened(down, sent[1025])

    assert opened(down, sent[2]) == [Ping(2)]
    assert opened(down, sent[1]) is None


def test_a_datagram_of_another_session_or_sent_back_to_its_sender_does_not_open() -> None:
    up, down = client(), server()
    other = Session(
        replace(AT_SERVER, receive_key=b"x" * 32),
        is_server=True,
        address=CLIENT,
        random_bytes=os.urandom,
        now=100.0,
    )
    genuine = sealed(up, Ping(1).encode())

    assert opened(other, genuine) is None
    assert opened(up, genuine) is None
    assert opened(down, genuine) == [Ping(1)]


# --- round trips and loss ---


def test_a_ping_measures_the_round_trip() -> None:
    up, down = client(), server()

    up.queue_ping(100.0)
    for frame in exchange(up, down, CLIENT, 100.02):
        assert isinstance(frame, Ping)
        down.receive_ping(frame)
    for frame in exchange(down, up, SERVER, 100.04):
        assert isinstance(frame, Pong)
        up.receive_pong(frame, 100.05)

    assert up.round_trip.latest == pytest.approx(0.05, abs=1e-5)


def test_a_pong_that_comes_twice_measures_once() -> None:
    up = client()

    up.receive_pong(Pong(99_900_000, 0, 0), 99.95)
    up.receive_pong(Pong(99_900_000, 0, 0), 100.0)

    assert up.round_trip.latest == pytest.approx(0.05)


@pytest.mark.parametrize("stamp", [101_000_000, 0, 39_000_000, 2**64 - 1])
def test_a_pong_from_the_future_or_of_long_ago_is_not_believed(stamp: int) -> None:
    up = client()

    up.receive_pong(Pong(stamp, 0, 0), 100.0)

    assert up.round_trip.latest is None


def test_both_ends_know_how_much_gets_lost() -> None:
    up, down = client(), server()
    sent = [sealed(up, Ping(place).encode()) for place in range(10)]
    for place in (0, 2, 4, 6, 9):
        opened(down, sent[place])

    down.receive_ping(Ping(1))
    (pong,) = exchange(down, up, SERVER, 100.0)
    assert isinstance(pong, Pong)
    up.receive_pong(pong, 100.0)

    assert pong == Pong(1, 9, 5)
    assert down.receive_loss == 0.5
    assert up.send_loss == 0.5
    assert server().receive_loss == 0.0


@pytest.mark.parametrize(("highest", "count"), [(5, 0), (5, 7), (1000, 1), (2**64 - 1, 2**64 - 1)])
def test_a_pong_that_counts_what_was_never_sent_is_not_believed(highest: int, count: int) -> None:
    up = client()
    for place in range(10):
        sealed(up, Ping(place).encode())

    up.receive_pong(Pong(99_000_000, highest, count), 100.0)

    assert up.send_loss == 0.0


def test_who_misses_a_datagram_sends_what_goes_alone_twice() -> None:
    up, down = client(), server()
    sealed(up, Ping(1).encode())
    before = down.echo_due

    opened(down, sealed(up, Ping(2).encode()))
    first = sealed(down, Typing(1, 3).encode())
    due = down.echo_due
    assert due is not None
    (again,) = datagrams(down.take_bursts(due))

    assert before is None
    assert opened(up, first, SERVER) == opened(up, again, SERVER) == [Typing(1, 3)]
    assert down.echo_due is None


def test_a_copy_of_a_datagram_that_goes_twice_is_sealed_anew() -> None:
    up = client()
    up.notice_loss(100.0)

    first = sealed(up, Ping(1).encode())
    (again,) = datagrams(up.take_bursts(101.0))

    assert (decode_data_header(first)[1], decode_data_header(again)[1]) == (0, 1)
    assert first[HEADER_SIZE:] != again[HEADER_SIZE:]


# --- larger datagrams ---


def test_where_the_path_carries_larger_datagrams_they_are_found_and_used() -> None:
    up, down = client(), server()
    largest = 0

    for turn in range(20):
        now = 100.0 + turn
        for place in range(300):
            down.queue(Have(((1, place),)).encode())
        sent = datagrams(down.take_bursts(now))
        largest = max(len(one) for one in sent)
        for one in sent:
            for frame in opened(up, one, SERVER, now) or []:
                if isinstance(frame, Ping):
                    up.receive_ping(frame)
        for frame in exchange(up, down, CLIENT, now):
            assert isinstance(frame, Pong)
            down.receive_pong(frame, now)

    assert largest > 5_000
    assert down.round_trip.latest is None  # probes are larger than what they would measure


def test_where_it_does_not_nothing_is_lost_but_the_probes() -> None:
    up, down = client(), server()

    for turn in range(20):
        for place in range(300):
            down.queue(Have(((1, place),)).encode())
        arrived = [
            frame
            for one in datagrams(down.take_bursts(100.0 + turn))
            if len(one) <= MAX_DATAGRAM
            for frame in opened(up, one, SERVER) or []
        ]
        assert arrived == [Have(((1, place),)) for place in range(300)]


def test_who_roams_begins_with_small_datagrams_again() -> None:
    up, down = client(), server()
    down.path_size.take_probe(1 << 63, 100.0)
    down.receive_pong(Pong(1 << 63, 0, 0), 100.0)
    before = down.path_size.datagram

    opened(down, sealed(up, Ping(1).encode()), VICTIM)

    assert before > MAX_DATAGRAM
    assert down.path_size.datagram == MAX_DATAGRAM
