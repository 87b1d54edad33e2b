"""H10: random joins, posts, losses, crashes, moves, clocks and disks; see disasters.py.

In private, in groups and in the room; by guests and accounts on several devices; see society.py.
"""

import functools

import disasters
import pytest

from client_events import AddGroup, JoinGroup, LeaveGroup, LogIn, LogOut, OpenPrivate
from conversation import ConversationKind
from protocol import Code

pytestmark = pytest.mark.uncounted

SEEDS = range(24)


lived = functools.cache(disasters.lived)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_room_lives_through_whatever_happens_and_ends_with_everything_right(seed: int) -> None:
    lived(seed)


def test_those_lives_were_full() -> None:
    everyone = [one for seed in SEEDS for one in lived(seed).everyone]
    done = {
        type(outcome.asked)
        for one in everyone
        for outcome in one.outcomes
        if outcome.answered.code is Code.OK
    }
    talked_in = {
        told.kind
        for one in everyone
        for told in one.conversations.values()
        if one.texts(told.conversation)
    }

    assert done >= {AddGroup, JoinGroup, LeaveGroup, LogIn, LogOut, OpenPrivate}
    assert talked_in == set(ConversationKind) - {ConversationKind.OUTGOING}
