"""The network in a heap does what its weather says, and the same again for the same seed."""

from dataclasses import replace

import pytest
from simulated_network import Address, Network, Sent, Weather
from simulated_nodes import Killed, Program, Stranger

from protocol import Burst

HERE, THERE = ("10.0.0.2", 50_000), ("10.0.0.1", 8083)


class EchoCore:
    """Sends back what it gets, one turn at a time, and ticks once a second."""

    is_done = False

    def __init__(self, now: float) -> None:
        self.ticks = 0
        self._due = now + 1.0
        self._bursts: list[Burst] = []

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        self._bursts.append(Burst(address, [datagram]))

    def handle_timer(self, now: float) -> None:
        self.ticks += 1
        self._due = now + 1.0

    def next_timer(self) -> float | None:
        return self._due

    def bursts_to_send(self, now: float) -> list[Burst]:
        bursts, self._bursts = self._bursts, []
        return bursts

    def next_event(self) -> None:
        return None

    def next_job(self) -> None:
        return None


class Echo(Program):
    """A program around it."""

    deaths = 0

    def on_event(self, event: object) -> None:
        raise AssertionError("an echo reports nothing")

    def on_death(self) -> None:
        self.deaths += 1


def echoing(weather: Weather, seed: int = 1) -> tuple[Network, Echo, Stranger]:
    """A network with an echo and somebody who calls."""
    network = Network(seed, weather, record=True)
    echo = Echo("echo", THERE, network)
    echo.begin(EchoCore(network.now))
    return network, echo, Stranger("caller", HERE, network)


def call(network: Network, caller: Stranger, times: int, interval: float = 0.01) -> None:
    """Calls so many times, then waits for the last echo."""
    for place in range(times):
        datagram = b"Rg\x01\x10" + place.to_bytes(4, "big")
        network.after(place * interval, caller.send, datagram, THERE)
    network.run_until(network.now + times * interval + 5.0)


def places(caller: Stranger) -> list[int]:
    """Which calls were echoed, in order of arrival."""
    return [int.from_bytes(datagram[4:8], "big") for datagram, _ in caller.received]


def test_in_fair_weather_everything_arrives_once_in_order_and_after_the_delay() -> None:
    network, _, caller = echoing(Weather(delay=0.1))
    start = network.now

    network.after(0.0, caller.send, b"Rg\x01\x10\0\0\0\x07", THERE)
    network.run_until(start + 0.2)
    too_early = list(caller.received)
    call(network, caller, 100)

    assert too_early == []
    assert places(caller) == [7, *range(100)]


def test_loss_takes_its_share_each_way() -> None:
    network, _, caller = echoing(Weather(loss=0.5))

    call(network, caller, 2000)

    assert 400 < len(caller.received) < 600


def test_no_more_are_lost_in_a_row_than_the_longest_burst() -> None:
    network, echo, caller = echoing(Weather(loss=0.9, longest_burst=3))

    call(network, caller, 1000)

    at_echo = network.sent - 1000  # it echoes each one once
    assert 250 <= at_echo <= 400
    assert echo.turns >= at_echo


def test_duplication_delivers_twice() -> None:
    network, _, caller = echoing(Weather(duplication=1.0))

    call(network, caller, 10)

    assert sorted(places(caller)) == sorted(list(range(10)) * 4)


def test_reordering_and_jitter_change_the_order_and_lose_nothing() -> None:
    late, _, caller = echoing(Weather(reordering=0.3, reorder_delay=0.04))
    jittery, _, other = echoing(Weather(delay=0.25, jitter=0.25))

    call(late, caller, 200)
    call(jittery, other, 200)

    for heard in (places(caller), places(other)):
        assert heard != sorted(heard)
        assert sorted(heard) == list(range(200))


def test_corruption_of_sealed_datagrams_leaves_the_handshake_alone_and_the_other_way_round() -> (
    None
):
    sealed = b"Rg\x01\x10" + bytes(100)
    init = b"Rg\x01\x01" + bytes(100)

    for weather, spoilt, whole in (
        (Weather(corruption=1.0), sealed, init),
        (Weather(handshake_corruption=1.0), init, sealed),
    ):
        network = Network(3, weather)
        caller, listener = Stranger("a", HERE, network), Stranger("b", THERE, network)
        caller.send(spoilt, THERE)
        caller.send(whole, THERE)
        network.run_until(network.now + 1)

        first, second = (datagram for datagram, _ in listener.received)
        assert first != spoilt
        assert second == whole


def test_who_is_silent_is_not_heard_and_who_is_deaf_does_not_hear() -> None:
    network, echo, caller = echoing(Weather())

    network.cuts.silent.add("caller")
    call(network, caller, 5)
    turns_while_silent = network.delivered
    network.cuts.silent.clear()
    network.cuts.deaf.add("caller")
    call(network, caller, 5)

    assert turns_while_silent == 0
    assert network.delivered == 5
    assert caller.received == []
    assert echo.is_running


def test_a_partition_separates_its_sides_alone() -> None:
    network, _, caller = echoing(Weather())
    beside = Stranger("beside", ("10.0.0.3", 1), network)

    network.cuts.sides.update({"caller": 1, "beside": 1})
    call(network, caller, 5)
    caller.send(b"Rg\x01\x10here", beside.address)
    network.run_until(network.now + 1)

    assert caller.received == []
    assert len(beside.received) == 1


def test_a_filter_may_drop_double_or_change_any_datagram() -> None:
    network, _, caller = echoing(Weather())

    def drop_third_double_fourth(sent: Sent) -> list[bytes]:
        return [sent.datagram] * {3: 0, 4: 2}.get(sent.place, 1)

    network.filters.append(drop_third_double_fourth)
    call(network, caller, 3, interval=1.0)

    assert places(caller) == [0, 2, 2]  # 3 was the second call, 4 the third


def test_who_moves_is_reached_at_the_new_address_alone() -> None:
    network, _, caller = echoing(Weather(delay=0.1))

    caller.send(b"Rg\x01\x10\0\0\0\0", THERE)
    network.move(caller, ("10.0.0.2", 50_001))
    caller.send(b"Rg\x01\x10\0\0\0\1", THERE)
    network.run_until(network.now + 1)

    assert places(caller) == [1]


def test_the_recording_holds_all_that_was_sent_with_time_and_addresses() -> None:
    network, _, caller = echoing(Weather(loss=1.0))

    caller.send(b"Rg\x01\x10lost", THERE)

    assert network.recording == [Sent(1, network.now, HERE, THERE, b"Rg\x01\x10lost")]


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    weather = Weather(loss=0.3, duplication=0.3, jitter=0.001, corruption=0.3)

    def run(seed: int) -> tuple[str, list[tuple[bytes, Address]]]:
        network, _, caller = echoing(weather, seed)
        call(network, caller, 300)
        return network.trace(), caller.received

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_timers_fire_on_time_and_a_turn_takes_all_that_waits() -> None:
    network, echo, caller = echoing(Weather())

    for _ in range(50):
        caller.send(b"Rg\x01\x10once", THERE)
    network.run_until(network.now + 10.5)

    assert len(caller.received) == 50
    assert echo.core.ticks == 10
    assert echo.turns <= 12  # the first, one for the fifty, ten ticks


def test_a_program_is_killed_between_turns_or_after_any_step_within_one() -> None:
    deaths = []
    for steps in range(8):
        network, echo, caller = echoing(Weather())
        network.run_until(network.now + 0.5)
        echo.kill_after(steps)
        call(network, caller, 1)
        deaths.append((echo.is_running, len(caller.received)))
    network, echo, caller = echoing(Weather())
    echo.kill()
    call(network, caller, 1)

    assert (False, 0) in deaths
    assert (False, 1) in deaths
    assert not echo.is_running
    assert caller.received == []


def test_a_kill_cannot_be_caught_as_an_exception() -> None:
    assert not issubclass(Killed, Exception)


def test_a_stopped_program_goes_on_later_with_what_waited() -> None:
    network, echo, caller = echoing(Weather())

    echo.stop_for(60.0)
    call(network, caller, 5)
    while_stopped = len(caller.received)
    network.run_until(network.now + 60)

    assert while_stopped == 0
    assert places(caller) == list(range(5))


def test_a_core_whose_timer_is_always_due_is_a_defect() -> None:
    class Spinning(EchoCore):
        def next_timer(self) -> float | None:
            return 0.0

    network = Network(1, Weather())
    Echo("echo", THERE, network).begin(Spinning(network.now))

    with pytest.raises(AssertionError, match="always due"):
        network.run_until(network.now + 2)


def test_weather_may_change_in_the_middle() -> None:
    network, _, caller = echoing(Weather(loss=1.0))

    call(network, caller, 3)
    network.weather = replace(network.weather, loss=0.0)
    call(network, caller, 3)

    assert len(caller.received) == 3
