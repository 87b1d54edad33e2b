"""One session whose peer moves: what is proved before it is believed, what a stranger can get."""

from hypothesis import given
from hypothesis import strategies as st
from session_pair import (
    CLIENT,
    SERVER,
    VICTIM,
    bytes_to,
    client,
    datagrams,
    exchange,
    opened,
    sealed,
    server,
)

from protocol import (
    Address,
)
from protocol_frames import (
    PathChallenge,
    PathResponse,
    Ping,
)
from protocol_session import (
    MAX_CHALLENGES,
    PATH_TIMEOUT,
    UNPROVEN_FACTOR,
)


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
