"""What the client holds of what is said to other realms: known again by its tag, let go of."""

import pytest
from client_desk import ANA, OTHER_STREAM, STREAM, Desk, own

from client_events import DraftForwarded, EntryArrived
from conversation import ROOM
from protocol_frames import Posted
from settings_client import Run, WaitingDraft


@pytest.fixture
def desk() -> Desk:
    """Somebody in an empty room."""
    desk = Desk()
    desk.enter()
    desk.events.clear()
    return desk


def test_what_is_on_its_way_to_another_realm_is_known_again_by_its_tag(desk: Desk) -> None:
    desk.say("halo")
    desk.receive(Posted(1, ROOM, 0, 0))
    assert desk.saw(DraftForwarded) == [DraftForwarded(100, ROOM)]
    assert desk.posts(5.0) == []

    desk.entries((1, own(1, 1, "halo")))

    assert [event.ticket for event in desk.saw(EntryArrived)] == [100]


def test_a_draft_of_an_earlier_run_is_nobody_s_on_its_way_either() -> None:
    desk = Desk()
    desk.logs.resume(Run(STREAM, b"t" * 16, ANA, "ana", 2, (WaitingDraft(1, ROOM, "halo"),)))
    desk.enter()

    desk.receive(Posted(1, ROOM, 0, 0))

    assert desk.saw(DraftForwarded) == []


def test_of_a_log_that_was_replaced_or_left_nothing_is_on_its_way(desk: Desk) -> None:
    desk.say("halo", "apa kabar")
    desk.receive(Posted(1, ROOM, 0, 0), Posted(2, ROOM, 0, 0))

    desk.enter(head=1, changed=(ROOM,))
    desk.entries((1, own(1, 1, "halo")))

    assert [event.ticket for event in desk.saw(EntryArrived)] == [None]


def test_who_logs_out_has_nothing_on_its_way(desk: Desk) -> None:
    desk.say("halo")
    desk.receive(Posted(1, ROOM, 0, 0))

    desk.logs.hold()
    desk.logs.leave(OTHER_STREAM)
    desk.entries((1, own(1, 1, "halo")))

    assert [event.ticket for event in desk.saw(EntryArrived)] == [None]
