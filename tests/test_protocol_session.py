"""One session: what opens, what is replayed, where datagrams go, what the path costs a stranger."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import Aead
from protocol import (
    HEADER_SIZE,
    MAX_DATAGRAM,
    MAX_NUMBER,
    TAG_SIZE,
    Address,
    Burst,
    LocalError,
    PeerError,
    decode_data_header,
)
from protocol_frames import (
    Frame,
    Have,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Typing,
    decode_frames,
)
from protocol_handshake import SessionKeys
from protocol_session import (
    MAX_CHALLENGES,
    PATH_TIMEOUT,
    RENEW_NUMBER,
    UNPROVEN_FACTOR,
    Session,
)

SERVER, CLIENT, VICTIM = ("10.0.0.1", 8083), ("10.0.0.2", 50_000), ("10.0.7.7", 7777)
AT_CLIENT = SessionKeys(7, 9, b"d" * 32, b"u" * 32, b"h" * 32, b"k" * 32)
AT_SERVER = SessionKeys(9, 7, b"u" * 32, b"d" * 32, b"h" * 32, b"k" * 32)
SMALLEST = HEADER_SIZE + TAG_SIZE


def client(random_bytes: Callable[[int], bytes] = os.urandom) -> Session:
    return Session(AT_CLIENT, is_server=False, address=SERVER, random_bytes=random_bytes, now=100.0)


def server(random_bytes: Callable[[int], bytes] = os.urandom) -> Session:
    return Session(AT_SERVER, is_server=True, address=CLIENT, random_bytes=random_bytes, now=100.0)


def opened(
    session: Session, datagram: bytes, address: Address = CLIENT, now: float = 100.0
) -> list[Frame] | None:
    """The frames in a datagram; None if it is not taken."""
    try:
        _, number = decode_data_header(datagram)
    except PeerError:
        return None
    plaintext = session.open(datagram, number, address, now)
    return None if plaintext is None else decode_frames(plaintext)


def sealed(session: Session, *frames: bytes, now: float = 100.0) -> bytes:
    """One datagram with these frames."""
    for frame in frames:
        session.queue(frame)
    (datagram,) = datagrams(session.take_bursts(now))
    return datagram


def datagrams(bursts: list[Burst]) -> list[bytes]:
    return [datagram for burst in bursts for datagram in burst.datagrams]


def bytes_to(bursts: list[Burst], address: Address) -> int:
    return sum(len(datagram) for datagram in datagrams([b for b in bursts if b.address == address]))


def exchange(here: Session, there: Session, address: Address, now: float) -> list[Frame]:
    """Everything that one end has to say, opened by the other; ``address``: where it came from."""
    return [
        frame
        for datagram in datagrams(here.take_bursts(now))
        for frame in opened(there, datagram, address, now) or []
    ]


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


# --- roaming ---


def test_a_peer_that_moves_is_followed_once_it_answers_at_its_new_address() -> None:
    up, down = client(), server()
    new = ("10.0.0.3", 50_001)

    opened(down, sealed(up, Ping(1).encode()), new)
    challenged = down.take_bursts(100.0)
    pending = (down.address, down.proven_address, down.path_deadline)
    for burst in challenged:
        for datagram in burst.datagrams if burst.address == new else []:
            for frame in opened(up, datagram, SERVER) or []:
                assert isinstance(frame, PathChallenge)
                up.receive_path_challenge(frame, SERVER)
    for frame in exchange(up, down, new, 100.1):
        assert isinstance(frame, PathResponse)
        down.receive_path_response(frame, new)
    down.handle_path_timer(200.0)

    assert sorted(burst.address for burst in challenged) == sorted([CLIENT, new])
    assert pending == (new, CLIENT, 103.0)
    assert (down.address, down.proven_address, down.path_deadline) == (new, new, None)


def test_who_does_not_answer_at_a_new_address_is_back_at_the_old_one_in_three_seconds() -> None:
    up, down = client(), server()
    opened(down, sealed(up, Ping(1).encode()), VICTIM)

    down.handle_path_timer(100.0 + PATH_TIMEOUT - 0.01)
    before = down.address
    down.handle_path_timer(100.0 + PATH_TIMEOUT)

    assert PATH_TIMEOUT == 3.0
    assert (before, down.address, down.path_deadline) == (VICTIM, CLIENT, None)


def test_h11_a_copy_that_overtook_its_original_loses_the_path_to_the_next_genuine_datagram() -> (
    None
):
    up, down = client(), server()
    original, following = sealed(up, Ping(1).encode()), sealed(up, Ping(2).encode())
    opened(down, original, VICTIM)
    overtaken = down.address

    opened(down, original)
    down.take_bursts(100.0)
    opened(down, following)

    assert overtaken == VICTIM
    assert (down.address, down.path_deadline) == (CLIENT, None)


def test_a_late_datagram_from_elsewhere_moves_nothing() -> None:
    up, down = client(), server()
    late, newest = sealed(up, Ping(1).encode()), sealed(up, Ping(2).encode())
    opened(down, newest)

    assert opened(down, late, VICTIM) == [Ping(1)]
    assert (down.address, down.has_frames) == (CLIENT, False)


def test_a_second_move_before_the_first_is_proven_keeps_the_proven_address() -> None:
    up, down = client(), server()
    opened(down, sealed(up, Ping(1).encode()), VICTIM)

    opened(down, sealed(up, Ping(2).encode()), ("10.0.7.8", 1), now=101.0)

    assert down.proven_address == CLIENT
    assert down.path_deadline == 104.0


def test_only_the_right_answer_from_the_new_address_proves_it() -> None:
    up, down = client(), server(random_bytes=lambda size: b"c" * size)
    opened(down, sealed(up, Ping(1).encode()), VICTIM)

    down.receive_path_response(PathResponse(b"wrong!!!"), VICTIM)
    down.receive_path_response(PathResponse(b"c" * 8), CLIENT)
    unproven = down.path_deadline
    down.receive_path_response(PathResponse(b"c" * 8), VICTIM)

    assert unproven is not None
    assert down.path_deadline is None
    assert down.address == VICTIM


def test_an_answer_to_no_challenge_changes_nothing() -> None:
    down = server()

    down.receive_path_response(PathResponse(b"12345678"), VICTIM)

    assert (down.address, down.has_frames) == (CLIENT, False)


def test_a_client_takes_datagrams_from_anywhere_and_stays_with_its_server() -> None:
    up, down = client(), server()

    assert opened(up, sealed(down, Ping(1).encode()), VICTIM) == [Ping(1)]
    assert (up.address, up.path_deadline, up.has_frames) == (SERVER, None, False)


def test_a_challenge_is_answered_on_the_path_it_came_by() -> None:
    up, down = client(), server()

    down.receive_path_challenge(PathChallenge(b"12345678"), VICTIM)
    (burst,) = down.take_bursts(100.0)

    assert burst.address == VICTIM
    assert opened(up, burst.datagrams[0], SERVER) == [PathResponse(b"12345678")]


def test_h11_ten_thousand_challenges_in_a_turn_get_four_answers() -> None:
    down = server()

    for place in range(10_000):
        down.receive_path_challenge(PathChallenge(place.to_bytes(8, "big")), CLIENT)

    assert len(datagrams(down.take_bursts(100.0))) == MAX_CHALLENGES == 4


def test_h11_ten_thousand_moves_leave_four_challenges_pending_at_most() -> None:
    up, down = client(), server()
    challenged: list[Address] = []

    for place in range(10_000):
        source = ("10.0.7.7", 1 + place)
        opened(down, sealed(up, Ping(place).encode()), source, now=100.0 + place / 10_000)
        challenged += [burst.address for burst in down.take_bursts(100.0)]

    assert len([address for address in challenged if address != CLIENT]) == 4
    assert down.proven_address == CLIENT


def test_after_three_seconds_new_moves_are_followed_again() -> None:
    up, down = client(), server()
    for place in range(5):
        opened(down, sealed(up, Ping(place).encode()), ("10.0.7.7", 1 + place))
    fifth = down.address

    opened(down, sealed(up, Ping(9).encode()), ("10.0.7.7", 99), now=103.0)

    assert fifth == ("10.0.7.7", 4)
    assert down.address == ("10.0.7.7", 99)


def test_who_answers_every_challenge_may_move_as_often_as_it_likes() -> None:
    up, down = client(), server()

    for place in range(50):
        new = ("10.0.0.3", 1 + place)
        opened(down, sealed(up, Ping(place).encode()), new)
        for frame in exchange(down, up, SERVER, 100.0):
            assert isinstance(frame, PathChallenge)
            up.receive_path_challenge(frame, SERVER)
        for frame in exchange(up, down, new, 100.0):
            assert isinstance(frame, PathResponse)
            down.receive_path_response(frame, new)
        assert down.proven_address == new


INSIDER = st.lists(
    st.tuples(
        st.sampled_from(["victim", "own", "third"]),
        st.integers(0, 60),  # PATH_CHALLENGEs in the datagram
        st.booleans(),  # whether it is the newest, or one kept back
        st.integers(0, 4),  # datagrams' worth of pushes that happen meanwhile
        st.floats(0, 2),
    ),
    max_size=30,
)


@given(steps=INSIDER)
def test_h11_an_insider_gets_a_victim_three_times_the_bytes_it_sends_in_its_name_at_most(
    steps: list[tuple[str, int, bool, int, float]],
) -> None:
    up, down = client(), server()
    kept = [sealed(up, PathChallenge(b"12345678").encode() * 60) for _ in range(len(steps))]
    sources = {"victim": VICTIM, "own": CLIENT, "third": ("10.0.8.8", 8)}
    spent = reached = 0
    now = 100.0

    for who, challenges, is_newest, pushes, wait in steps:
        now += wait
        down.handle_path_timer(now)
        frames = [PathChallenge(b"12345678").encode()] * challenges or [Ping(1).encode()]
        datagram = sealed(up, *frames) if is_newest else kept.pop()
        for frame in opened(down, datagram, sources[who], now) or []:
            if isinstance(frame, PathChallenge):
                down.receive_path_challenge(frame, sources[who])
        down.queue_plaintexts([bytes(1152)] * pushes)
        down.queue(Ping(1).encode())
        spent += len(datagram) * (who == "victim")
        reached += bytes_to(down.take_bursts(now), VICTIM)

    assert reached <= UNPROVEN_FACTOR * spent == 3 * spent


def test_while_an_address_is_unproven_what_it_sends_raises_what_it_may_get() -> None:
    up, down = client(), server()
    opened(down, sealed(up, Ping(1).encode()), VICTIM)
    down.take_bursts(100.0)
    down.queue_plaintexts([bytes(1152)])
    withheld = bytes_to(down.take_bursts(100.0), VICTIM)

    opened(down, sealed(up, b"".join(Ping(place).encode() for place in range(80))), VICTIM)
    down.queue_plaintexts([bytes(1152)])

    assert withheld == 0
    assert bytes_to(down.take_bursts(100.0), VICTIM) == 1188


def test_what_goes_twice_counts_twice_against_what_an_unproven_address_may_get() -> None:
    up, down = client(), server()
    down.notice_loss(100.0)
    moved = sealed(up, Ping(1).encode())
    opened(down, moved, VICTIM)

    sent = 0
    for turn in range(20):
        down.queue_plaintexts([bytes(16)])
        sent += bytes_to(down.take_bursts(100.0 + turn / 50), VICTIM)
        sent += bytes_to(down.take_bursts(100.0 + turn / 50 + 0.015), VICTIM)

    assert 0 < sent <= UNPROVEN_FACTOR * len(moved)
