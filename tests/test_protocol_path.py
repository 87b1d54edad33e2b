"""What the path to a peer is like: where datagrams get lost, what goes alone goes twice."""

from protocol import MAX_DATAGRAM
from protocol_path import ECHO_AFTER, ECHO_BURST, ECHOES, LOSSY_FOR, Echo, room_of


def lossy(now: float = 100.0) -> Echo:
    """Of a path that lost something just now."""
    echo = Echo()
    echo.notice_loss(now)
    return echo


def test_what_goes_alone_goes_once_more_a_moment_later_and_not_a_third_time() -> None:
    echo = lossy()

    assert echo.take([b"halo"], 100.0) == []
    assert echo.due == 100.0 + ECHO_AFTER
    assert echo.take([], 100.0 + ECHO_AFTER / 2) == []
    assert echo.take([], 100.0 + ECHO_AFTER) == [b"halo"]
    assert [echo.due] == [None]
    assert echo.take([], 101.0) == []


def test_an_echo_goes_along_with_what_is_sent_meanwhile() -> None:
    echo = lossy()
    echo.take([b"satu"], 100.0)

    together = echo.take([b"dua"], 100.001)

    assert together == [b"satu"]
    assert echo.take([], 100.1) == [b"dua"]


def test_a_path_that_lost_nothing_for_a_while_gets_everything_once() -> None:
    echo = lossy()

    echo.take([b"halo"], 100.0 + LOSSY_FOR)

    assert echo.due is None


def test_where_much_is_sent_nothing_is_echoed() -> None:
    echo = lossy()
    large = b"x" * (room_of(MAX_DATAGRAM) + 1)

    for plaintexts in ([b"satu", b"dua"], [large]):
        echo.take(plaintexts, 100.0)

    assert echo.due is None


def test_echoes_are_few_however_many_datagrams_there_are() -> None:
    echo = lossy()

    echoed = sum(len(echo.take([b"halo"], 100.0 + turn / 1000)) for turn in range(1000))

    assert echoed <= ECHO_BURST + ECHOES
