"""H10: random joins, posts, losses, crashes, moves, clocks and disks; see disasters.py."""

import pytest
from disasters import live_through


@pytest.mark.parametrize("seed", range(16))
def test_a_room_lives_through_whatever_happens_and_ends_with_everything_right(seed: int) -> None:
    live_through(seed)
