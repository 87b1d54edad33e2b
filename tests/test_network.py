"""N1 to N10: whatever the network does, everyone ends with the same log, each text once, in order.

``Simulator.check_healed`` holds all promises against what happened; see simulator.py.
"""

from typing import Any

import pytest
from simulator import Client, Simulator, Weather

from client_events import Connection
from protocol import MAX_DATAGRAM, MAX_TEXT
from protocol_path import MAX_PROBES
from settings import Limits

pytestmark = pytest.mark.uncounted

NAMES = ("Ana", "Budi", "Citra", "Dewi", "Eko")
POSTS = 200


def talk(everyone: tuple[Client, ...], posts: int = POSTS) -> None:
    """Everyone says so many texts, as fast as they are acknowledged."""
    for one in everyone:
        one.say(*(f"{one.name} {place}" for place in range(1, posts + 1)))


def assert_all_is_said(everyone: tuple[Client, ...], posts: int = POSTS) -> None:
    """Everything stands in everybody's copy and was acknowledged to its author."""
    for one in everyone:
        assert len(one.texts()) == posts * len(everyone)
        assert len(one.acknowledged) == posts


def assert_room_survives(seed: int, within: float, **weather: Any) -> None:
    """Five people join and say 200 texts each; all of it arrives in that weather."""
    with Simulator(seed, **weather) as network:
        everyone = network.clients(*NAMES)
        for one in everyone:
            one.keeps_trying = True

        network.everybody_enters()
        talk(everyone)
        network.run_until(network.is_at_rest, within)
        network.check()

        assert_all_is_said(everyone)


@pytest.mark.parametrize("seed", range(3))
def test_n1_a_fair_network_with_some_loss(seed: int) -> None:
    assert_room_survives(seed, 60, loss=0.02, duplication=0.02, reordering=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_n2_a_poor_network_that_reorders(seed: int) -> None:
    assert_room_survives(seed, 120, loss=0.10, duplication=0.10, reordering=0.30)


def test_n3_a_terrible_network_with_half_a_second_of_jitter() -> None:
    assert_room_survives(1, 600, loss=0.25, duplication=0.25, delay=0.25, jitter=0.25)


@pytest.mark.parametrize("seed", range(3))
def test_n4_thirty_percent_lost_each_way(seed: int) -> None:
    assert_room_survives(seed, 300, loss=0.30, longest_burst=3)


@pytest.mark.parametrize("seed", range(3))
def test_n4_joining_takes_no_ten_seconds_when_thirty_percent_are_lost(seed: int) -> None:
    with Simulator(seed, loss=0.30, longest_burst=3) as network:
        network.clients(*(f"Murid {place}" for place in range(33)))

        slowest = network.everybody_enters(within=60)

        assert slowest <= 10.0


@pytest.mark.parametrize("seed", range(3))
def test_n5_a_network_that_changes_bytes(seed: int) -> None:
    assert_room_survives(seed, 300, handshake_corruption=0.30, corruption=0.05)


def test_n6_blackholes_of_five_seconds_every_seven() -> None:
    with Simulator(1, delay=0.02) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        network.blackhole(on=5.0, off=2.0, times=8)
        for one in everyone:
            one.say_slowly(0.25, *(f"{one.name} {place}" for place in range(1, POSTS + 1)))
        network.run(seconds=60)
        network.check_healed(within=30)

        assert_all_is_said(everyone)


@pytest.mark.parametrize("way", ["silent", "deaf"])
def test_n6_one_way_silence_of_twenty_seconds(way: str) -> None:
    with Simulator(1, delay=0.02) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        getattr(network.network.cuts, way).add("Ana")
        talk(everyone, 40)
        network.run(seconds=20)
        while_cut = everyone[1].texts()
        getattr(network.network.cuts, way).clear()
        network.run_until(network.is_at_rest, 10)
        network.check()

        assert len(while_cut) >= 160  # one who is cut off holds up nobody else
        assert_all_is_said(everyone, 40)


def test_n6_a_client_cut_off_shows_it_and_comes_back_by_itself() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        network.cut(ana)
        ana.say("apakah kalian dengar?")
        budi.say("Ana hilang")
        network.run(seconds=60)
        while_cut = ana.connection
        network.mend(ana)
        took = network.run_until(network.is_at_rest, 10)
        network.check()

        assert while_cut is Connection.LOST
        assert ana.connection is Connection.HERE
        assert took <= 5.0
        assert ana.texts() == budi.texts() == ["Ana hilang", "apakah kalian dengar?"]


def test_n6_a_partition_that_outlasts_the_session_loses_nothing() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        network.cut(ana)
        ana.say("satu", "dua")
        budi.say("tiga")
        network.run(seconds=600)
        network.check_healed(within=30)

        assert sorted(ana.texts()) == ["dua", "satu", "tiga"]
        assert ana.texts() == budi.texts()


def test_n7_half_of_all_round_trips_lost_still_answers_within_five_seconds() -> None:
    with Simulator(1, loss=0.29, delay=0.05) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        for one in everyone:
            one.say_slowly(0.4, *(f"{one.name} {place}" for place in range(1, POSTS + 1)))
        network.run(seconds=0.4 * POSTS)
        network.run_until(network.is_at_rest, 60)
        network.check()

        latencies = sorted(latency for one in everyone for latency in one.latencies)
        assert len(latencies) == POSTS * len(everyone)
        assert latencies[len(latencies) * 99 // 100] <= 5.0


@pytest.mark.parametrize("first", range(1, 61, 10))
def test_n9_any_one_datagram_may_be_lost(first: int) -> None:
    for nth in range(first, first + 10):
        with Simulator(nth) as network:
            network.drop_nth(nth)

            ana, budi = network.clients("Ana", "Budi")
            ana.say("satu", "dua", "tiga", "x" * 3000)
            budi.say("empat")
            took = network.run_until(network.is_at_rest, 30)
            network.check()

            assert len(ana.texts()) == len(budi.texts()) == 5
            assert took <= 3.0, f"datagram {nth}"


@pytest.mark.parametrize("mtu", [1200, 1452, 8952, 65_507])
def test_n10_only_probes_are_larger_than_what_the_path_has_proved(mtu: int) -> None:
    with Simulator(1, record=True, loss=0.05) as network:
        network.network.mtu = mtu
        ana, budi = network.clients("Ana", "Budi")

        ana.say("x" * MAX_TEXT, *(f"{place} " + "y" * 700 for place in range(60)))
        budi.say(*(f"{place} " + "\U0001f600" * (40 * place) for place in range(60)))
        network.run_until(network.is_at_rest, 60)
        late = network.client("Citra")
        network.run_until(network.is_at_rest, 60)
        network.check()

        largest = max(len(sent.datagram) for sent in network.recording if len(sent.datagram) <= mtu)
        assert largest > MAX_DATAGRAM or mtu == MAX_DATAGRAM  # a better path is used
        assert max(network.network.oversized.values(), default=0) <= MAX_PROBES
        assert late.texts() == ana.texts()


def test_a_newcomer_sees_the_last_two_hundred_entries_and_scrolls_up_to_the_first() -> None:
    with Simulator(1, loss=0.1) as network:
        (ana,) = network.clients("Ana")
        ana.say(*(f"Ana {place}" for place in range(500)))
        network.run_until(network.is_at_rest)

        budi = network.client("Budi")
        network.run_until(network.is_at_rest)
        at_first = len(budi.log())
        for _ in range(5):
            budi.load_older()
            network.run(seconds=5)
        network.check()

        assert 190 <= at_first <= 205
        assert budi.log()[0][0] == 1
        assert budi.texts() == ana.texts()


def test_a_server_with_hardly_any_memory_for_logs_reads_them_from_its_store() -> None:
    tight = Limits(lag_bytes=3000, log_cache_bytes=2000, pull_bytes=3000)
    with Simulator(1, loss=0.05, limits=tight) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        for one in (ana, budi):
            one.say(*(f"{one.name} {place} " + "x" * 700 for place in range(60)))
        network.run_until(network.is_at_rest)
        citra = network.client("Citra")
        network.run_until(network.is_at_rest)
        network.check()

        assert ana.texts() == budi.texts() == citra.texts()
        assert len(ana.texts()) == 120


def test_receipts_reach_authors_when_everyone_present_has_all() -> None:
    with Simulator(1, loss=0.2) as network:
        ana, budi, _ = network.clients("Ana", "Budi", "Citra")
        network.everybody_enters()

        network.cut(budi)
        ana.say("sudah sampai?")
        network.run(seconds=5)
        before = ana.reached
        network.mend(budi)
        network.run(seconds=10)
        network.check()

        number = ana.log()[-1][0]
        assert before < number
        assert ana.reached == number


def test_everyone_sees_who_is_here_and_who_left() -> None:
    with Simulator(1, loss=0.2) as network:
        ana, budi, citra = network.clients("Ana", "Budi", "Citra")
        network.everybody_enters()
        network.run(seconds=5)
        at_first = ana.names()

        budi.leave()
        network.run_until(lambda: budi.ended is not None)
        network.run(seconds=5)

        assert at_first == ["Ana", "Budi", "Citra"]
        assert ana.names() == citra.names() == ["Ana", "Citra"]


def test_a_lost_change_of_who_is_here_is_made_good_at_the_next_keepalive() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=2)

        network.cut(ana)
        budi.leave()
        network.run(seconds=1)
        network.mend(ana)
        network.run(seconds=12)
        network.check()

        assert budi.ended is not None
        assert ana.names() == ["Ana"]


def test_a_slow_client_costs_the_others_nothing() -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        network.cut(everyone[4])
        for one in everyone[:4]:
            one.say_slowly(0.05, *(f"{one.name} {place} " + "x" * 400 for place in range(POSTS)))
        network.run(seconds=15)
        quick = sorted(latency for one in everyone[:4] for latency in one.latencies)
        network.check_healed()

        assert len(quick) == 4 * POSTS
        assert quick[-1] <= 0.1
        assert everyone[4].texts() == everyone[0].texts()


def test_weather_that_changes_all_the_time() -> None:
    with Simulator(7, delay=0.01) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        chance = network.random("weather")

        def change() -> None:
            network.network.weather = Weather(
                loss=chance.choice((0.0, 0.1, 0.5, 0.9)),
                duplication=chance.choice((0.0, 0.3)),
                reordering=chance.choice((0.0, 0.3)),
                corruption=chance.choice((0.0, 0.1)),
                delay=chance.choice((0.001, 0.05, 0.3)),
                jitter=chance.choice((0.0, 0.05)),
            )

        network.every(3.0, 20, change)
        for one in everyone:
            one.say_slowly(0.6, *(f"{one.name} {place}" for place in range(100)))
        network.run(seconds=62)
        network.check_healed()

        assert_all_is_said(everyone, 100)


def test_fifty_people_who_each_say_two_hundred_texts_end_with_the_same_ten_thousand() -> None:
    with Simulator(1) as network:
        everyone = network.clients(*(f"Murid {place}" for place in range(1, 51)))

        network.everybody_enters()
        talk(everyone)
        network.run_until(network.is_at_rest, 120)
        network.check()

        assert_all_is_said(everyone)
        assert len({tuple(one.texts()) for one in everyone}) == 1
