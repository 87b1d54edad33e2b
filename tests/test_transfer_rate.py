"""How fast files come over paths of all kinds, in virtual time."""

import pytest
from transfer_path import Link, Tcp, Transfer, World

from protocol_guards import RoundTrip
from transfer_rate import (
    FIRST_BURST,
    LEAST_LIFE,
    LEAST_WINDOW,
    MAX_WINDOW,
    UNKNOWN_ROUND_TRIP,
    Phase,
    RateControl,
)

JUMBO = 8952 - 48
LARGEST = 32_000 - 48


def path(
    world: World, bandwidth: float, delay: float, *, queue: float = 1.0, loss: float = 0.0
) -> tuple[Link, Link]:
    """There and back; ``queue`` in round trips."""
    size = max(30_000.0, queue * bandwidth * 2 * delay)
    return Link(world, bandwidth, delay, size, loss), Link(world, 1e9, delay, loss=loss)


def share(transfer: Transfer, seconds: float) -> float:
    """Of the path's bandwidth, from now on."""
    before = transfer.arrived_bytes
    transfer.world.run_for(seconds)
    return (transfer.arrived_bytes - before) / seconds / transfer.there.bandwidth


# --- alone on a path ---


@pytest.mark.uncounted
@pytest.mark.parametrize("loss", [0.0, 0.01])
def test_random_loss_does_not_take_a_gigabit_away(loss: float) -> None:
    world = World()
    transfer = Transfer(world, *path(world, 125e6, 0.02, loss=loss), 2**31, room=JUMBO)

    world.run_for(1.5)

    assert share(transfer, 1.0) >= 0.7


@pytest.mark.uncounted
def test_a_path_that_loses_much_is_still_used() -> None:
    world = World()
    transfer = Transfer(world, *path(world, 4e6, 0.02, loss=0.2), 2**30, room=JUMBO)

    world.run_for(10)

    assert share(transfer, 20) >= 0.4


@pytest.mark.uncounted
def test_a_computer_that_talks_to_itself_is_not_held_back() -> None:
    world = World()
    there = Link(world, 3e9, 0.0002, 8e6)
    transfer = Transfer(world, there, Link(world, 3e9, 0.0002), 2**31, room=LARGEST)

    world.run_for(0.3)

    assert share(transfer, 0.5) >= 0.5


def test_a_file_does_not_fill_the_queues_that_others_wait_in() -> None:
    world = World()
    there, back = path(world, 64e3, 0.02)
    there.queue = 640_000.0  # ten seconds
    transfer = Transfer(world, there, back, 2**30)

    world.run_for(30)

    assert max(transfer.trips) < 1.0
    assert sum(transfer.trips) / len(transfer.trips) < 0.15


@pytest.mark.uncounted
def test_more_room_is_found() -> None:
    world = World()
    there, back = path(world, 1e6, 0.02)
    transfer = Transfer(world, there, back, 2**30, room=JUMBO)

    world.run_for(5)
    there.bandwidth = there.queue = 4e6
    world.run_for(5)

    assert share(transfer, 3) >= 0.7


@pytest.mark.uncounted
def test_less_room_is_accepted() -> None:
    world = World()
    there, back = path(world, 4e6, 0.02)
    transfer = Transfer(world, there, back, 2**30)

    world.run_for(3)
    there.bandwidth, there.queue = 0.5e6, 20_000.0
    world.run_for(5)
    dropped = there.dropped

    assert share(transfer, 5) >= 0.7
    assert there.dropped - dropped < 0.05 * 2.5e6 / 1024


# --- after a lull ---


def interrupted(what: str, seconds: float, loss: float) -> Transfer:
    """A fast file, a second after this came to an end."""
    world = World()
    there, back = path(world, 12e6, 0.02, queue=0.5, loss=loss)
    transfer = Transfer(world, there, back, 2**31, room=JUMBO)
    world.run_for(1.5)
    match what:
        case "puller" | "supplier":
            computer = transfer.computers[what == "supplier"]
            computer.buffer = 200_000.0
            computer.doze(seconds)
        case "path":
            there.stop(seconds)
            back.stop(seconds)
        case _:
            there.loss = 0.5
    world.run_for(seconds)
    there.loss = loss
    world.run_for(1.0)
    return transfer


@pytest.mark.uncounted
@pytest.mark.parametrize(("seconds", "loss"), [(0.05, 0.01), (0.5, 0.0), (0.5, 0.01)])
@pytest.mark.parametrize("what", ["puller", "supplier", "path", "loss"])
def test_a_lull_is_not_taken_for_the_speed_of_the_path(
    what: str, seconds: float, loss: float
) -> None:
    transfer = interrupted(what, seconds, loss)

    assert share(transfer, 0.4) >= 0.6


@pytest.mark.uncounted
def test_lulls_one_after_the_other_do_not_add_up() -> None:
    world = World()
    there, back = path(world, 12e6, 0.02, queue=0.5, loss=0.01)
    transfer = Transfer(world, there, back, 2**31, room=JUMBO)
    for lull in range(6):
        computer = transfer.computers[lull % 2]
        computer.buffer = 200_000.0
        world.run_for(0.7)
        computer.doze(0.12)

    world.run_for(1.1)

    assert share(transfer, 0.4) >= 0.6


@pytest.mark.uncounted
def test_a_rate_that_was_far_too_low_doubles_within_a_probe() -> None:
    world = World()
    there, back = path(world, 0.3e6, 0.02, loss=0.01)
    transfer = Transfer(world, there, back, 2**31)
    world.run_for(5)

    there.bandwidth, there.queue = 20e6, 400_000.0
    world.run_for(1.5)

    assert share(transfer, 0.4) >= 0.6


# --- beside others ---


@pytest.mark.uncounted
def test_a_tcp_beside_a_file_keeps_a_third_also_where_the_queue_is_short() -> None:
    world = World()
    there, back = Link(world, 6.25e6, 0.02, 20 * Tcp.SEGMENT), Link(world, 1e9, 0.02)
    tcp = Tcp(world, there, back)
    transfer = Transfer(world, there, back, 2**30, room=1404)
    world.run_for(6)

    before = tcp.delivered, transfer.arrived_bytes
    world.run_for(10)
    theirs, ours = tcp.delivered - before[0], transfer.arrived_bytes - before[1]

    assert theirs >= (theirs + ours) / 3
    assert theirs + ours >= 0.6 * 10 * 6.25e6


@pytest.mark.uncounted
@pytest.mark.parametrize("queue", [0.5, 1.0, 3.0])
def test_a_tcp_beside_a_file_keeps_a_third(queue: float) -> None:
    world = World()
    there, back = path(world, 1e6, 0.02, queue=queue)
    tcp = Tcp(world, there, back)
    world.run_for(3)
    Transfer(world, there, back, 2**30)
    world.run_for(8)

    before = tcp.delivered
    world.run_for(20)

    assert (tcp.delivered - before) / 20 >= 1e6 / 3


@pytest.mark.uncounted
def test_two_files_share_a_path() -> None:
    world = World()
    there, back = path(world, 2e6, 0.02)
    first = Transfer(world, there, back, 2**30, room=JUMBO)
    world.run_for(3)
    second = Transfer(world, there, back, 2**30, file=b"\xf2" * 32, room=JUMBO)
    world.run_for(8)

    before = first.arrived_bytes, second.arrived_bytes
    world.run_for(15)
    rates = (first.arrived_bytes - before[0]) / 15, (second.arrived_bytes - before[1]) / 15

    assert sum(rates) >= 0.7 * 2e6
    assert min(rates) >= 0.2 * sum(rates)


# --- by itself ---


def trip(seconds: float) -> RoundTrip:
    round_trip = RoundTrip()
    round_trip.sample(seconds)
    return round_trip


def rounds(
    control: RateControl, now: float, count: int, speed: float, rtt: float, pieces: int = 1
) -> float:
    """So many rounds in which as much comes; gives the time after them."""
    for _ in range(count):
        control.update(now, trip(rtt))
        ends = control.next_timer()
        assert ends is not None
        for piece in range(pieces):
            at = now + (piece + 1) * (ends - now) / pieces
            control.deliver(int(speed * (ends - now) / pieces), at)
        now = ends
    return now


def test_before_anything_is_known_it_is_careful() -> None:
    control = RateControl()
    control.update(0.0, RoundTrip())

    assert control.rate == FIRST_BURST / UNKNOWN_ROUND_TRIP
    assert LEAST_WINDOW <= control.window <= 5 * FIRST_BURST


def test_a_short_round_trip_begins_faster() -> None:
    control = RateControl()

    control.update(0.0, trip(0.001))

    assert control.rate == FIRST_BURST / 0.001


def test_a_window_has_its_limit() -> None:
    control = RateControl()

    rounds(control, 0.0, 40, speed=1e12, rtt=0.1)

    assert control.window == MAX_WINDOW


def test_nothing_that_comes_is_no_measure() -> None:
    control = RateControl()
    for second in range(10):
        control.update(float(second), RoundTrip())

    assert control.delivered is None
    assert control.phase is Phase.STARTUP


def test_without_round_trips_it_measures_all_the_same() -> None:
    control = RateControl()
    control.update(0.0, RoundTrip())
    control.deliver(10_000, 0.1)

    control.update(0.2, RoundTrip())

    assert control.delivered == pytest.approx(50_000)


def test_after_a_silence_it_begins_anew() -> None:
    control = RateControl()
    rounds(control, 0.0, 20, speed=1e6, rtt=0.01)
    before = control.phase

    control.fall_silent()
    control.update(9.0, trip(0.1))

    assert (before, control.phase) == (Phase.CRUISE, Phase.STARTUP)
    assert control.delivered is None
    assert control.rate == FIRST_BURST / 0.1


def test_a_pause_measures_nothing() -> None:
    control = RateControl()
    now = rounds(control, 0.0, 12, speed=1e6, rtt=0.01)
    before = control.delivered
    control.pause()

    assert control.next_timer() is None
    control.update(now + 60, trip(0.01))

    assert control.delivered == before


def test_a_least_round_trip_is_looked_for_again() -> None:
    control = RateControl()
    now = rounds(control, 0.0, 20, speed=1e6, rtt=0.05)
    assert control.least == 0.05

    seen = set[Phase]()
    while now < 2 * LEAST_LIFE:  # the path has become longer
        now = rounds(control, now, 1, speed=1e6, rtt=0.2)
        seen.add(control.phase)

    assert Phase.LEAST in seen
    assert control.least == 0.2


def test_who_cannot_empty_a_queue_does_not_wait_for_it_for_ever() -> None:
    control = RateControl()
    now = rounds(control, 0.0, 10, speed=1e6, rtt=0.02)
    seen = []
    for _ in range(8):
        now = rounds(control, now, 1, speed=1e6, rtt=0.08)
        seen.append(control.phase)

    assert seen[-1] is Phase.CRUISE


def test_a_round_trip_that_seemed_too_short_is_soon_forgotten() -> None:
    control = RateControl()
    now = rounds(control, 0.0, 1, speed=1e6, rtt=0.02, pieces=50)

    while control.least != 0.04:
        now = rounds(control, now, 1, speed=1e6, rtt=0.04, pieces=50)

    assert now < LEAST_LIFE / 2
