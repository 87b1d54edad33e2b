"""What becomes of what is said to other realms, told once and soon."""

import pytest

from client_deliveries import PATIENCE, Deliveries
from client_events import (
    ConversationChanged,
    ConversationGone,
    DraftForwarded,
    DraftTaken,
    EntryArrived,
    Event,
    LogReplaced,
    ReachedChanged,
)
from client_realm_events import DeliveryTold
from conversation import NO_TAG, ConversationKind, Entry, EntryKind
from protocol import Code

KELAS, BOB, HERE = 5, 6, 7
TAG = b"tag of 8"


class Watch:
    """Somebody in a group and with a person of another realm, and in a group of ours."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.deliveries = Deliveries(self.told.append, lambda is_back: None)
        self.happen(
            ConversationChanged(KELAS, ConversationKind.GROUP, "kelas@campus-b", 0, 0, 0),
            ConversationChanged(BOB, ConversationKind.PRIVATE, "bob@campus-b", 9, 0, 0),
            ConversationChanged(HERE, ConversationKind.GROUP, "kelas", 0, 0, 0),
        )

    def happen(self, *events: Event) -> None:
        for event in events:
            self.deliveries.take(event)

    def pass_time(self, *moments: float) -> None:
        for now in moments:
            self.deliveries.serve(now)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def arrived(
    conversation: int, number: int = 1, ticket: int | None = 3, kind: EntryKind = EntryKind.TEXT
) -> EntryArrived:
    return EntryArrived(conversation, number, Entry(TAG, kind, 0, 1, "ana", "halo"), ticket)


def refused(conversation: int, code: int, ticket: int | None = None) -> EntryArrived:
    entry = Entry(TAG, EntryKind.NOTICE, 0, 1, "ana", f"undelivered {code} halo")
    return EntryArrived(conversation, 9, entry, ticket)


def test_what_another_realm_has_is_delivered(watch: Watch) -> None:
    watch.happen(arrived(BOB, 4))
    watch.pass_time(0.0, 1.0)
    assert watch.told == []

    watch.happen(ReachedChanged(BOB, 3), ReachedChanged(BOB, 4))

    assert watch.told == [DeliveryTold(3, BOB, Code.OK)]


def test_a_receipt_may_come_first(watch: Watch) -> None:
    watch.happen(ReachedChanged(BOB, 4), arrived(BOB, 4))

    assert watch.told == [DeliveryTold(3, BOB, Code.OK)]


def test_what_a_group_shows_at_its_home_is_delivered(watch: Watch) -> None:
    watch.happen(DraftForwarded(3, KELAS))
    watch.pass_time(0.0)
    watch.happen(arrived(KELAS))

    assert watch.told == [DeliveryTold(3, KELAS, Code.OK)]


def test_a_refusal_is_told_with_its_reason(watch: Watch) -> None:
    watch.happen(DraftForwarded(3, KELAS), refused(KELAS, 16, ticket=3))
    watch.happen(arrived(BOB, 4, ticket=5), refused(BOB, 30))

    assert watch.told == [
        DeliveryTold(3, KELAS, Code.MUTED),
        DeliveryTold(5, BOB, Code.NO_SUCH_USER),
    ]


def test_after_three_seconds_it_waits_and_no_more_is_told_of_it(watch: Watch) -> None:
    watch.happen(DraftForwarded(3, KELAS), arrived(BOB, 4, ticket=5))
    watch.pass_time(10.0)
    assert watch.deliveries.next_timer() == 10.0 + PATIENCE

    watch.pass_time(12.9, 13.0)
    watch.happen(arrived(KELAS), ReachedChanged(BOB, 4), refused(BOB, 30))

    assert watch.told == [DeliveryTold(3, KELAS, None), DeliveryTold(5, BOB, None)]
    assert watch.deliveries.next_timer() is None


@pytest.mark.parametrize("end", [ConversationGone(KELAS), LogReplaced(KELAS)])
def test_of_a_log_that_is_not_ours_any_more_nothing_is_awaited(watch: Watch, end: Event) -> None:
    watch.happen(DraftForwarded(3, KELAS), arrived(BOB, 4, ticket=5), end)

    assert watch.told == [DeliveryTold(3, KELAS, None)]


def test_what_is_said_here_is_not_told_of(watch: Watch) -> None:
    watch.happen(
        arrived(HERE),
        ReachedChanged(HERE, 1),
        DraftTaken(4, HERE, 2, 0),
        arrived(BOB, ticket=None),
        refused(BOB, 30),
    )
    watch.pass_time(0.0, 9.0)

    assert watch.told == []


def test_what_was_taken_into_a_log_that_we_left_is_with_our_server(watch: Watch) -> None:
    watch.happen(DraftTaken(4, KELAS, 2, 0), ConversationGone(KELAS), DraftTaken(5, KELAS, 3, 0))

    assert watch.told == [DeliveryTold(4, KELAS, None)]


def test_other_notices_and_tags_of_others_say_nothing(watch: Watch) -> None:
    other = Entry(NO_TAG, EntryKind.NOTICE, 0, 2, "budi", "undelivered 30 hai")
    watch.happen(arrived(BOB, 4), EntryArrived(BOB, 5, other))

    assert watch.told == []
