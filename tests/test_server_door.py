from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_parts import START, Chance, limits

from crypto import x25519_public
from protocol import (
    INIT_SIZE,
    RESET_SIZE,
    RETRY_SIZE,
    Address,
    Init,
    PeerError,
    Reset,
    Retry,
)
from protocol_handshake import ClientHandshake, reset_token
from records import RememberedSession
from server_door import SAME_INIT, Crowd, Door, Opened, may_be_answered
from settings import Limits

ADDRESS = ("10.0.0.2", 5000)
RESET_KEY = b"r" * 32
PRIVATE = b"p" * 32


def make_door(these: Limits | None = None) -> Door:
    return Door(
        these or Limits(),
        room_name="Kelas 7B",
        room_id=b"i" * 16,
        static_private=PRIVATE,
        reset_key=RESET_KEY,
        random_bytes=Chance("door"),
    )


class Caller:
    """A client at the door."""

    def __init__(self, door: Door, address: Address = ADDRESS, label: str = "") -> None:
        self.door = door
        self.address = address
        self.handshake = ClientHandshake(Chance(f"caller {address} {label}"))

    def knock(self, now: float = START) -> bytes | Opened | None:
        return self.door.receive_init(self.handshake.init(), self.address, now)

    def bring_cookie(self, now: float = START) -> bytes | Opened | None:
        """INIT twice: without and with a cookie."""
        retry = self.knock(now)
        assert isinstance(retry, bytes)
        assert self.handshake.receive_retry(retry)
        return self.knock(now)


def opened(door: Door, count: int, now: float, host: str = "") -> int:
    """How many of so many handshakes are answered."""
    callers = [
        Caller(door, (host or f"10.0.{n // 200}.{n % 200}", 5000 + n), str(now))
        for n in range(count)
    ]
    return sum(isinstance(caller.bring_cookie(now), Opened) for caller in callers)


# --- cookies ---


def test_an_init_without_a_cookie_gets_36_bytes_for_1200_and_leaves_nothing_behind() -> None:
    door = make_door()
    caller = Caller(door)

    answers = [caller.knock(), caller.knock()]

    assert len(caller.handshake.init()) == INIT_SIZE
    assert [len(a) for a in answers if isinstance(a, bytes)] == [RETRY_SIZE, RETRY_SIZE]
    assert answers[0] == answers[1]  # worked out anew: nothing was kept


def test_an_init_that_brings_its_cookie_gets_a_session() -> None:
    caller = Caller(make_door())

    answer = caller.bring_cookie()

    assert isinstance(answer, Opened)
    keys, payload = caller.handshake.receive_resp(answer.resp)
    assert keys.server_key == x25519_public(PRIVATE) == caller.door.server_key
    assert keys.send_key == answer.keys.receive_key
    assert (payload.room_id, payload.room_name) == (b"i" * 16, "Kelas 7B")
    assert payload.server_session_id == answer.keys.receive_id
    assert payload.reset_token == reset_token(RESET_KEY, answer.keys.receive_id)


@pytest.mark.parametrize(
    ("address", "now"),
    [(("10.0.0.3", 5000), START), (("10.0.0.2", 5001), START), (ADDRESS, START + 11)],
    ids=["another host", "another port", "too old"],
)
def test_a_cookie_serves_only_where_it_was_given_and_for_ten_seconds(
    address: Address, now: float
) -> None:
    caller = Caller(make_door())
    retry = caller.knock()
    assert isinstance(retry, bytes)
    caller.handshake.receive_retry(retry)
    caller.address = address

    answer = caller.knock(now)

    assert isinstance(answer, bytes)
    assert Retry.decode(answer).cookie != bytes(24)


@given(st.binary(max_size=64), st.integers(0, 1300))
def test_what_is_no_init_is_refused_before_anything_else(noise: bytes, size: int) -> None:
    door = make_door()
    datagram = (b"Rg\x01\x01" + noise).ljust(size, b"\1")[:size]

    with pytest.raises(PeerError):
        door.receive_init(datagram, ADDRESS, START)


@pytest.mark.parametrize(
    ("address", "answered"),
    [
        (("10.0.0.2", 5000), True),
        (("223.255.255.255", 1), True),
        (("10.0.0.2", 0), False),
        (("224.0.0.1", 5000), False),
        (("255.255.255.255", 5000), False),
        (("fe80::1", 5000), True),
        (("FF02::1", 5000), False),
        (("::1", 0), False),
    ],
)
def test_only_an_address_that_one_peer_can_have_is_ever_answered(
    address: Address, answered: bool
) -> None:
    door = make_door()
    door.remember([RememberedSession(7, *address)])

    assert may_be_answered(address) is answered
    assert (Caller(door, address).knock() is not None) is answered
    assert (door.reset_for(7, address, START) is not None) is answered
    assert bool(door.take_resets(1.0)) is answered


# --- the same INIT again ---


def test_the_same_init_within_five_seconds_gets_the_same_bytes_and_no_second_session() -> None:
    caller = Caller(make_door())
    first = caller.bring_cookie(START)
    assert isinstance(first, Opened)

    assert caller.knock(START + SAME_INIT - 0.1) == first.resp
    assert isinstance(caller.knock(START + SAME_INIT + 0.1), Opened)


def test_an_init_with_a_used_id_and_another_key_is_another_s_and_gets_a_session_of_its_own() -> (
    None
):
    door = make_door()
    caller = Caller(door)
    first = caller.bring_cookie()
    stranger = Init(caller.handshake.client_id, b"e" * 32, bytes(24))
    retry = door.receive_init(stranger.encode(), ADDRESS, START)
    assert isinstance(retry, bytes)
    stranger = Init(stranger.client_id, b"e" * 32, Retry.decode(retry).cookie)

    second = door.receive_init(stranger.encode(), ADDRESS, START)
    assert isinstance(first, Opened)
    assert isinstance(second, Opened)
    assert first.keys.receive_id != second.keys.receive_id


def test_answers_that_would_fill_memory_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_door.MAX_CACHED", 1)
    door = make_door()
    first, second = Caller(door), Caller(door, label="second")
    first.bring_cookie()
    second.bring_cookie()

    assert isinstance(first.knock(), bytes)
    assert isinstance(second.knock(), Opened)


# --- how many handshakes ---


def test_an_address_has_forty_handshakes_at_once_and_then_twenty_a_second() -> None:
    door = make_door()

    assert opened(door, 60, START, ADDRESS[0]) == 40
    assert opened(door, 60, START + 1.0, ADDRESS[0]) == 20
    assert opened(door, 1, START + 1.0, "10.0.0.3") == 1


def test_all_addresses_together_have_four_hundred_handshakes_a_second() -> None:
    door = make_door()

    assert opened(door, 450, START) == 400
    assert opened(door, 450, START + 0.5) == 200


def test_the_limits_can_be_set() -> None:
    door = make_door(limits(handshakes_per_address=1.0, handshake_burst=2.0))

    assert opened(door, 5, START, ADDRESS[0]) == 2


# --- crowds ---


def test_a_crowd_takes_so_many_of_one_host_and_the_oldest_goes() -> None:
    crowd = Crowd(100, 2)

    assert crowd.add(1, "a") is None
    assert crowd.add(2, "a") is None
    assert crowd.add(3, "b") is None
    assert crowd.add(4, "a") == 1
    assert len(crowd) == 3


def test_a_full_crowd_loses_the_oldest_of_the_heaviest_host() -> None:
    crowd = Crowd(4, 10)
    for session, host in enumerate(("a", "b", "b", "c"), start=1):
        crowd.add(session, host)

    assert crowd.add(5, "d") == 2
    assert len(crowd) == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.sampled_from("abc"))))
def test_a_crowd_never_holds_more_than_it_may(changes: list[tuple[bool, int, str]]) -> None:
    crowd, model = Crowd(6, 3), dict[int, str]()
    for is_add, session, host in changes:
        if not is_add:
            crowd.discard(session)
            model.pop(session, None)
        elif session not in model:
            evicted = crowd.add(session, host)
            if evicted is not None:
                del model[evicted]
            model[session] = host

        assert len(crowd) == len(model) <= 6
        assert max(Counter(model.values()).values(), default=0) <= 3


# --- RESET ---


def test_resets_are_ten_a_second_for_an_address_and_five_hundred_in_all() -> None:
    door = make_door()

    alone = [door.reset_for(n, ADDRESS, START) for n in range(30)]
    others = [
        door.reset_for(n, (f"10.1.{n // 250}.{n % 250}", 5000), START + 1.0) for n in range(600)
    ]

    assert sum(reset is not None for reset in alone) == 10
    assert sum(reset is not None for reset in others) == 500
    assert door.reset_for(1, ADDRESS, START + 2.0) is not None


def test_a_reset_is_smaller_than_its_cause_and_proves_who_sent_it() -> None:
    reset = make_door().reset_for(77, ADDRESS, START)

    assert reset is not None
    assert len(reset) == RESET_SIZE
    assert Reset.decode(reset) == Reset(77, reset_token(RESET_KEY, 77))
    assert reset_token(RESET_KEY, 77) != reset_token(RESET_KEY, 78)


def test_remembered_sessions_get_one_reset_each_at_the_pace_that_is_set() -> None:
    door = make_door(limits(start_resets=100.0))
    door.remember(RememberedSession(n, "10.0.0.2", 5000 + n) for n in range(1, 13))

    sent = []
    turns = 0
    while door.has_resets:
        turns += 1
        bursts = door.take_resets(0.05)
        assert len(bursts) <= 5
        sent += [(burst.address, Reset.decode(d)) for burst in bursts for d in burst.datagrams]

    assert turns == 3
    assert [(address[1] - 5000, reset.session_id) for address, reset in sent] == [
        (n, n) for n in range(1, 13)
    ]
    assert door.take_resets(0.05) == []
