"""The client's link, and a server that would have it shake hands without end."""

import pytest
from link_world import SERVER, TOKEN, World, kind

from protocol import CloseCode, DatagramType, Init, Reset, Retry
from protocol_link import ATTEMPT_TIMEOUT, LASTING, LONGEST_AGAIN, MOST_RETRIES


@pytest.fixture
def world() -> World:
    """A link with an open session and nothing on its way."""
    world = World()
    world.connect()
    return world


def begins_anew(world: World, within: float) -> float:
    """How long after the end of a session the next INIT goes out."""
    start = world.now
    while not any(kind(datagram) is DatagramType.INIT for datagram in world.sent):
        assert world.now < start + within
        world.wait(0.5)
    return world.now - start


def reset_after(world: World, seconds: float) -> float:
    """The session has lived so long and is RESET; how long until the next INIT."""
    world.now += seconds
    world.receive(Reset(world.session_id, TOKEN).encode())
    world.turn()
    pause = begins_anew(world, 2 * LONGEST_AGAIN)
    world.shake_hands()
    return pause


def test_a_server_that_ends_each_session_at_once_is_called_ever_more_rarely(world: World) -> None:
    pauses = [reset_after(world, 0.1) for _ in range(10)]

    assert pauses == pytest.approx([0, 0.5, 1, 2, 4, 8, 16, *[LONGEST_AGAIN] * 3])


def test_once_a_session_has_lasted_the_next_reset_costs_nothing_again(world: World) -> None:
    for _ in range(5):
        reset_after(world, 0.1)

    assert reset_after(world, LASTING + 1) == 0
    assert [reset_after(world, 0.1) for _ in range(3)] == pytest.approx([0, 0.5, 1])


def test_a_server_that_closes_each_session_at_once_is_waited_for_ever_longer(world: World) -> None:
    pauses = []
    for _ in range(5):
        world.link.disconnect(CloseCode.EXIT, world.now)
        world.link.reconnect(world.now, after=2.0)
        world.turn()
        world.sent.clear()
        pauses.append(begins_anew(world, 60))
        world.shake_hands()

    assert pauses == pytest.approx([2, 2, 2, 2, 4])


def test_a_server_that_wants_another_cookie_each_time_is_humoured_a_few_times() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    (init,) = world.turn()
    client_id = Init.decode(init).client_id

    sent = 0
    for number in range(50):
        world.receive(Retry(client_id, bytes([number]) * 24).encode())
        sent += len(world.turn())
    world.wait(ATTEMPT_TIMEOUT + 1)

    assert sent == MOST_RETRIES
    assert world.told == ["unanswered"]
