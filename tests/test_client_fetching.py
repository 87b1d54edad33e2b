"""What comes by itself leaves room on the disk, and is not endlessly much."""

from note_parts import note

from client_fetching import HOUR, HOURLY, RESERVE, Allowance

LARGE = 100 << 30  # bytes free
NOW = 1_763_712_000_000


def test_a_reserve_of_the_disk_is_left_alone() -> None:
    allowance = Allowance()
    file = note()._replace(size=1_000)

    assert not allowance.grant(file, RESERVE + 999, NOW)
    assert allowance.grant(file, RESERVE + 1_000, NOW)


def test_what_is_on_its_way_will_take_its_room_as_well() -> None:
    allowance = Allowance()
    first, second = (note()._replace(file=name * 32, size=1_000) for name in (b"a", b"b"))
    assert allowance.grant(first, RESERVE + 1_999, NOW)
    assert not allowance.grant(second, RESERVE + 1_999, NOW)

    allowance.end(first.file)
    allowance.end(first.file)

    assert allowance.grant(second, RESERVE + 1_000, NOW)


def test_so_much_comes_in_an_hour_and_no_more() -> None:
    allowance = Allowance()
    half, one = note()._replace(size=HOURLY // 2), note()._replace(size=1)
    assert allowance.grant(half, LARGE, NOW)
    assert allowance.grant(half, LARGE, NOW + 1)
    assert not allowance.grant(one, LARGE, NOW + HOUR - 1)

    assert allowance.grant(half, LARGE, NOW + HOUR)
    assert not allowance.grant(one, LARGE, NOW + HOUR)


def test_a_clock_that_is_set_back_stops_nothing_for_longer() -> None:
    allowance = Allowance()
    assert allowance.grant(note()._replace(size=HOURLY), LARGE, NOW + 24 * HOUR)

    assert allowance.grant(note()._replace(size=HOURLY), LARGE, NOW)
