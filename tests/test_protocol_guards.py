import os
from dataclasses import replace

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from protocol import MAX_NUMBER, Init
from protocol_guards import (
    AddressBuckets,
    CookieJar,
    ReplayWindow,
    RoundTrip,
    TokenBucket,
)

VECTORS = load_vectors("replay_window")
HERE = b"\x04\x7f\0\0\x01\x1f\x93"
THERE = b"\x04\x7f\0\0\x02\x1f\x93"
INIT = Init(client_id=7, ephemeral=bytes(range(32)), cookie=bytes(24))


def accept(window: ReplayWindow, number: int) -> bool:
    if not window.is_new(number):
        return False
    window.mark(number)
    return True


# --- replay window ---


@pytest.mark.parametrize("case", sorted(VECTORS["cases"]))
def test_replay_window_accepts_exactly_what_the_vectors_say(case: str) -> None:
    window = ReplayWindow(VECTORS["window"])

    accepted = [[number, accept(window, number)] for number, _ in VECTORS["cases"][case]]

    assert accepted == VECTORS["cases"][case]


@given(st.lists(st.integers(0, 200), max_size=200), st.integers(1, 40))
def test_replay_window_agrees_with_a_plain_set(numbers: list[int], size: int) -> None:
    window, seen = ReplayWindow(size), set[int]()

    for number in numbers:
        expected = number not in seen and number > max(seen, default=-1) - size
        assert accept(window, number) == expected
        if expected:
            seen.add(number)

    assert (window.highest, window.count) == (max(seen, default=-1), len(seen))


def test_asking_changes_nothing() -> None:
    window = ReplayWindow()

    window.is_new(5_000)

    assert (window.highest, window.count) == (-1, 0)
    assert window.is_new(0)


def test_numbers_that_cannot_be_are_never_new() -> None:
    window = ReplayWindow()
    window.mark(0)

    assert not window.is_new(-1)
    assert not window.is_new(MAX_NUMBER)
    assert window.is_new(MAX_NUMBER - 1)


# --- cookie ---


def with_cookie(jar: CookieJar, now: float, init: Init = INIT) -> Init:
    return replace(init, cookie=jar.issue(init, HERE, now))


def test_a_cookie_is_good_for_ten_seconds() -> None:
    jar = CookieJar(os.urandom)

    init = with_cookie(jar, now=1000.0)

    assert jar.is_good(init, HERE, now=1000.0)
    assert jar.is_good(init, HERE, now=1010.9)
    assert not jar.is_good(init, HERE, now=1011.0)


def test_a_cookie_from_the_future_is_refused() -> None:
    jar = CookieJar(os.urandom)

    init = with_cookie(jar, now=1000.0)

    assert not jar.is_good(init, HERE, now=999.0)


def test_a_cookie_survives_one_change_of_key_and_not_two() -> None:
    jar = CookieJar(os.urandom)
    with_cookie(jar, now=0.0)
    init = with_cookie(jar, now=59.0)

    with_cookie(jar, now=60.0)
    after_one_change = jar.is_good(init, HERE, now=62.0)
    with_cookie(jar, now=121.0)

    assert after_one_change
    assert not jar.is_good(init, HERE, now=62.0)


def test_a_cookie_fits_one_init_from_one_address() -> None:
    jar = CookieJar(os.urandom)
    init = with_cookie(jar, now=5.0)

    assert not jar.is_good(init, THERE, now=5.0)
    assert not jar.is_good(replace(init, client_id=8), HERE, now=5.0)
    assert not jar.is_good(replace(init, ephemeral=bytes(32)), HERE, now=5.0)
    assert not jar.is_good(replace(init, highest_version=2), HERE, now=5.0)
    assert not CookieJar(os.urandom).is_good(init, HERE, now=5.0)


@pytest.mark.parametrize("bit", range(24 * 8))
def test_every_bit_of_a_cookie_counts(bit: int) -> None:
    jar = CookieJar(os.urandom)
    init = with_cookie(jar, now=5.0)

    flipped = int.from_bytes(init.cookie, "big") ^ 1 << bit

    assert not jar.is_good(replace(init, cookie=flipped.to_bytes(24, "big")), HERE, now=5.0)


def test_no_cookie_and_a_cut_one_are_refused() -> None:
    jar = CookieJar(os.urandom)
    cut = with_cookie(jar, now=5.0).cookie[:-1]

    assert not jar.is_good(INIT, HERE, now=5.0)
    assert not jar.is_good(replace(INIT, cookie=cut), HERE, now=5.0)


def test_layout_of_a_cookie() -> None:
    jar = CookieJar(bytes)

    cookie = jar.issue(INIT, HERE, now=1000.5)

    assert cookie.hex() == "01000000000003e8" + "47a00e9084bb93ba297dc270dd68f7f0"


# --- allowances ---


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=2.0, burst=3.0)

    at_once = [bucket.take(100.0) for _ in range(4)]
    later = [bucket.take(100.5), bucket.take(100.5)]

    assert at_once == [True, True, True, False]
    assert later == [True, False]


def test_a_bucket_never_saves_more_than_its_burst() -> None:
    bucket = TokenBucket(rate=2.0, burst=3.0)
    bucket.take(0.0)

    assert bucket.level(1e6) == 3.0
    assert bucket.take(1e6, cost=3.0)
    assert not bucket.take(1e6, cost=0.1)


def test_a_bucket_says_when_it_will_be_ready() -> None:
    bucket = TokenBucket(rate=0.7, burst=1.0)
    bucket.take(12345.678)

    ready = bucket.ready_at(12345.678)

    assert not bucket.take(ready - 0.01)
    assert bucket.take(ready)
    assert TokenBucket(1.0, 1.0).ready_at(5.0) == 5.0


def test_a_clock_that_stands_still_or_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(rate=1.0, burst=1.0)
    bucket.take(10.0)

    assert not bucket.take(10.0)
    assert not bucket.take(9.0)


def test_each_address_has_its_own_allowance() -> None:
    buckets = AddressBuckets(rate=1.0, burst=2.0)

    loud = [buckets.take("loud", 0.0) for _ in range(3)]

    assert loud == [True, True, False]
    assert buckets.take("quiet", 0.0)
    assert buckets.take("loud", 1.0)


def test_full_buckets_are_forgotten() -> None:
    buckets = AddressBuckets(rate=1.0, burst=2.0)
    for number in range(100):
        buckets.take(number, 0.0)

    buckets.take("later", 2.0)

    assert len(buckets) == 1


def test_many_addresses_cost_bounded_memory_and_keep_the_busy_one_limited() -> None:
    buckets = AddressBuckets(rate=1.0, burst=1.0, limit=10)
    taken = 0

    for number in range(1000):
        buckets.take(number, 0.0)
        taken += buckets.take("busy", 0.0)

    assert taken == 1
    assert len(buckets) == 10


# --- round trip ---


def test_nothing_is_known_before_the_first_sample() -> None:
    round_trip = RoundTrip()

    assert round_trip.latest is None
    assert round_trip.smoothed is None
    assert round_trip.variation is None
    assert round_trip.minimum is None
    assert round_trip.resend_after(0, silent=False) == 0.15


def test_samples_are_smoothed_as_rfc_6298_says() -> None:
    round_trip = RoundTrip()

    round_trip.sample(0.1)
    round_trip.sample(0.2)

    assert round_trip.latest == 0.2
    assert round_trip.minimum == 0.1
    assert round_trip.variation == pytest.approx(0.75 * 0.05 + 0.25 * 0.1)
    assert round_trip.smoothed == pytest.approx(0.875 * 0.1 + 0.125 * 0.2)
    assert round_trip.resend_after(0, silent=False) == pytest.approx(0.1125 + 4 * 0.0625)


def test_a_fast_path_still_waits_twenty_milliseconds() -> None:
    round_trip = RoundTrip()

    round_trip.sample(0.0001)

    assert round_trip.resend_after(0, silent=False) == 0.02


def test_resending_slows_down_to_half_a_second_or_in_silence_to_three() -> None:
    round_trip = RoundTrip()

    heard = [round(round_trip.resend_after(tries, silent=False), 4) for tries in range(5)]
    silent = round_trip.resend_after(10_000, silent=True)

    assert heard == [0.15, 0.225, 0.3375, 0.5, 0.5]
    assert silent == 3.0


def test_a_long_path_is_never_resent_to_faster_than_its_round_trip() -> None:
    round_trip = RoundTrip()

    round_trip.sample(1.5)

    assert round_trip.resend_after(3, silent=False) == 1.5 + 4 * 0.75


@given(st.lists(st.floats(-1, 60), max_size=20), st.integers(0, 10_000), st.booleans())
def test_resend_after_is_always_sane(samples: list[float], tries: int, silent: bool) -> None:
    round_trip = RoundTrip()
    for rtt in samples:
        round_trip.sample(rtt)

    wait = round_trip.resend_after(tries, silent)

    assert wait >= 0.02
    assert round_trip.resend_after(tries + 1, silent) >= wait
