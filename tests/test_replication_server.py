"""The server's end of a log: each draft decided once and in order, entries ready, who lags."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation import NO_TAG, Entry, EntryKind
from protocol import ENTRY_PART, MAX_TEXT, Code, PeerError
from protocol_frames import EntryPart, Frame, Post, Posted, Refused, decode_frames
from records import DraftAnswer, Stored, StreamRecord
from replication_server import (
    FORGET_EVERY,
    HEADS_INTERVALS,
    MAX_ANSWERS,
    MAX_EARLY_DRAFTS,
    Feed,
    Intake,
    RecentLog,
    answer_frame,
    entry_frames,
    first_heads_interval,
)

STREAM = b"s" * 16
PARTS = [1, 3, 1, 2, 1, 1, 2, 1, 4, 1]  # of drafts 1 to 10


def intake(oldest: int = 1, taken: int = 0, *answers: DraftAnswer) -> Intake:
    return Intake(STREAM, StreamRecord(7, oldest, taken, answers))


def post(draft: int, part: int = 0, parts: int = 1, oldest: int = 1, **other: Any) -> Post:
    fields = {"conversation": 1, "kind": 1, **other}
    return Post(draft, oldest, part=part, parts=parts, body=b"%d.%d " % (draft, part), **fields)


def whole(draft: int, parts: int = 1) -> Post:
    body = b"".join(b"%d.%d " % (draft, part) for part in range(parts))
    return Post(draft, 1, 1, 1, 0, 1, body)


def said(draft: int, number: int) -> DraftAnswer:
    return DraftAnswer(draft, Code.OK, 1, number, 1_000 + number)


def answers(one: Intake) -> list[Frame]:
    return [frame for encoded in one.answer_frames() for frame in decode_frames(encoded)]


def numbers(drafts: list[Post]) -> list[int]:
    return [draft.draft for draft in drafts]


# --- drafts ---


@given(
    arrivals=st.lists(st.tuples(st.integers(1, 10), st.integers(0, 3)), max_size=200),
    forgetful=st.booleans(),
)
def test_whatever_the_order_of_posts_each_draft_is_decided_once_whole_and_in_order(
    arrivals: list[tuple[int, int]], forgetful: bool
) -> None:
    one = intake()
    came = {draft: set[int]() for draft in range(1, 11)}
    decided: list[Post] = []

    for draft, part in arrivals:
        part = min(part, PARTS[draft - 1] - 1)
        is_held = len(decided) < draft <= len(decided) + MAX_EARLY_DRAFTS
        # An author that has all answers says so; one that lost them all still waits for the first.
        oldest = min(draft, len(decided) + 1) if forgetful else 1
        ready = one.receive(post(draft, part, PARTS[draft - 1], oldest))
        if is_held:
            came[draft].add(part)
        decided += ready
        for item in ready:
            one.keep_answer(said(item.draft, item.draft))

        count = len(decided)
        assert decided == [whole(number, PARTS[number - 1]) for number in range(1, count + 1)]
        assert one.taken == count
        if count < 10:
            assert len(came[count + 1]) < PARTS[count]  # nothing that is ready is left lying


@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.integers(1, 200), st.integers(0, 2), st.integers(1, 3)),
        max_size=100,
    )
)
def test_whatever_an_author_invents_nothing_is_decided_twice_or_out_of_order(
    posts: list[tuple[int, int, int, int]],
) -> None:
    one = intake()
    decided: list[int] = []

    for draft, oldest, part, parts in posts:
        try:
            ready = one.receive(post(draft, min(part, parts - 1), parts, min(oldest, draft)))
        except PeerError:
            continue
        for item in ready:
            one.keep_answer(said(item.draft, 1))
        decided += numbers(ready)

        assert decided == sorted(set(decided))
        assert one.taken >= max(decided, default=0)
        assert len(one.answer_frames()) <= MAX_ANSWERS


def test_an_early_draft_waits_for_those_before_it() -> None:
    one = intake()

    ready = [numbers(one.receive(post(draft))) for draft in (3, 2, 1)]

    assert ready == [[], [], [1, 2, 3]]


def test_at_most_eight_early_drafts_are_held() -> None:
    one = intake()

    for draft in range(2, 12):
        one.receive(post(draft))

    assert MAX_EARLY_DRAFTS == 8
    assert numbers(one.receive(post(1))) == list(range(1, 9))


def test_a_draft_that_the_author_does_not_wait_for_is_not_waited_for() -> None:
    one = intake()
    one.receive(post(4))

    ready = one.receive(post(5, oldest=4))

    assert numbers(ready) == [4, 5]


def test_early_drafts_below_oldest_are_forgotten() -> None:
    one = intake()
    one.receive(post(3, 0, 2))

    assert numbers(one.receive(post(4, oldest=4))) == [4]
    assert one.receive(post(3, 1, 2)) == []


def test_an_oldest_that_comes_late_takes_nothing_back() -> None:
    one = intake()
    one.receive(post(5, oldest=5))

    one.receive(post(5, oldest=1))

    assert (one.oldest, one.taken) == (5, 5)


def test_parts_that_contradict_each_other_are_the_peers_fault() -> None:
    one = intake()
    one.receive(post(1, 0, 3))

    for other in (post(1, 1, 2), post(1, 1, 3, conversation=2), post(1, 1, 3, kind=2)):
        with pytest.raises(PeerError):
            one.receive(other)

    assert one.receive(post(1, 1, 3)) == []
    assert one.receive(post(1, 2, 3)) == [whole(1, 3)]


def test_the_first_of_two_bodies_of_a_part_counts() -> None:
    one = intake()
    one.receive(post(1, 0, 2))

    one.receive(Post(1, 1, 1, 1, 0, 2, b"another"))

    assert one.receive(post(1, 1, 2)) == [whole(1, 2)]


# --- answers ---


def test_all_answers_from_oldest_on_are_repeated_in_order() -> None:
    one = intake()
    for draft in (2, 1, 3):
        one.receive(post(draft))
    for answer in (said(2, 12), DraftAnswer(1, Code.MUTED), said(3, 13)):
        one.keep_answer(answer)
    first = answers(one)

    one.receive(post(4, oldest=3))

    assert first == [Refused(1, Code.MUTED), Posted(2, 1, 12, 1_012), Posted(3, 1, 13, 1_013)]
    assert answers(one) == [Posted(3, 1, 13, 1_013)]


def test_an_answer_that_nobody_waits_for_is_not_kept() -> None:
    one = intake(oldest=5, taken=5)

    one.keep_answer(said(4, 1))

    assert Posted(4, 1, 1, 1_001) not in answers(one)


def test_a_stream_goes_on_where_the_disk_says() -> None:
    one = intake(3, 5, said(3, 13), DraftAnswer(4, Code.TEXT_INVALID), said(5, 14))

    repeated, ready = one.receive(post(4, oldest=3)), one.receive(post(6, oldest=3))

    assert (one.stream, one.person, one.taken) == (STREAM, 7, 6)
    assert repeated == []
    assert numbers(ready) == [6]
    assert answers(one) == [
        Posted(3, 1, 13, 1_013),
        Refused(4, Code.TEXT_INVALID),
        Posted(5, 1, 14, 1_014),
    ]


def test_what_was_taken_without_an_answer_on_disk_was_refused_by_a_full_one() -> None:
    one = intake(3, 5, said(4, 13))

    assert answers(one) == [
        Refused(3, Code.DISK_FULL),
        Posted(4, 1, 13, 1_013),
        Refused(5, Code.DISK_FULL),
    ]


def test_a_stream_whose_author_forgot_more_than_was_taken_begins_at_oldest() -> None:
    assert intake(oldest=9, taken=3).taken == 8


def test_a_refusal_that_cannot_be_stored_is_repeated_and_uses_up_its_number() -> None:
    one = intake()

    one.refuse(DraftAnswer(1, Code.DISK_FULL))

    assert one.receive(post(1)) == []
    assert answers(one) == [Refused(1, Code.DISK_FULL)]
    assert numbers(one.receive(post(2))) == [2]


def test_an_author_that_never_says_what_it_has_cannot_make_us_keep_more_than_64_answers() -> None:
    one = intake()
    taken = []

    for draft in range(1, 1_000):
        for item in one.receive(post(draft)):
            taken.append(item.draft)
            one.keep_answer(said(item.draft, item.draft))

    assert taken == list(range(1, MAX_ANSWERS + 1))
    assert len(one.answer_frames()) == MAX_ANSWERS
    assert numbers(one.receive(post(65, oldest=65))) == [65]


def test_the_store_is_told_to_forget_answers_in_batches() -> None:
    one = intake()
    told = []

    for draft in range(1, 101):
        one.receive(post(draft, oldest=draft))
        told.append(one.take_forgettable())

    forgotten = [oldest for oldest in told if oldest is not None]
    assert forgotten == list(range(1 + FORGET_EVERY, 101, FORGET_EVERY))


# --- entries ---


def stored(number: int, size: int = 10) -> Stored:
    body = Entry(NO_TAG, EntryKind.TEXT, 1_000, 7, "Ana", "x" * size).encode()
    return Stored(1, number, body, b"chain..." * 1)


@pytest.mark.parametrize("size", [0, 1, ENTRY_PART, 5_000, MAX_TEXT])
def test_the_frames_of_an_entry_are_its_body_in_parts(size: int) -> None:
    one = stored(5, size)

    frames = [frame for encoded in entry_frames(one) for frame in decode_frames(encoded)]

    parts = [frame for frame in frames if isinstance(frame, EntryPart)]
    assert b"".join(part.body for part in parts) == one.body
    assert {(part.conversation, part.number, part.parts) for part in parts} == {(1, 5, len(parts))}
    assert [part.part for part in parts] == list(range(len(frames)))


def test_an_answer_is_posted_or_refused() -> None:
    assert decode_frames(answer_frame(said(3, 9))) == [Posted(3, 1, 9, 1_009)]
    assert decode_frames(answer_frame(DraftAnswer(3, Code.MUTED))) == [Refused(3, Code.MUTED)]


@given(
    head=st.integers(0, 1_000),
    sizes=st.lists(st.integers(0, 3_000), max_size=30),
    limit=st.integers(0, 10_000),
)
def test_the_newest_entries_are_held_as_far_as_memory_allows(
    head: int, sizes: list[int], limit: int
) -> None:
    log = RecentLog(1, head, limit)
    cost = {head + place: 0 for place in range(1, len(sizes) + 1)}

    for number, size in zip(cost, sizes, strict=True):
        one = stored(number, size)
        assert log.take([one]) == entry_frames(one)
        cost[number] = sum(map(len, entry_frames(one)))

        held = [known for known in range(head, number + 2) if log.holds(known)]
        assert log.head == number
        assert held == list(range(held[0], number + 1))  # the newest without a hole, one at least
        assert sum(cost[known] for known in held) <= limit or len(held) == 1
        assert (
            held[0] == head + 1
            or sum(cost[known] for known in range(held[0] - 1, number + 1)) > limit
        )
        assert log.frames(number) == entry_frames(one)
        assert log.size == sum(cost[known] for known in held)
        lags = {
            have: sum(cost[known] for known in range(have + 1, number + 1))
            for have in range(held[0] - 1, number + 1)
        }
        for reach in (0, limit // 2, limit, 1 << 20):
            assert log.within(reach) == min(have for have in lags if lags[have] <= reach)


def test_entries_taken_together_are_kept_as_those_taken_one_by_one() -> None:
    together, apart = RecentLog(1, 5, 3_000), RecentLog(1, 5, 3_000)
    several = [stored(number, 1_000) for number in range(6, 12)]

    frames = together.take(several)

    assert frames == [frame for one in several for frame in apart.take([one])]
    assert together.size == apart.size
    assert [together.holds(number) for number in range(13)] == [
        apart.holds(number) for number in range(13)
    ]


def test_who_has_less_than_is_kept_is_out_of_reach() -> None:
    log = RecentLog(1, 500, 1 << 20)

    assert log.within(1 << 30) == 500


# --- heads ---


def test_heads_are_told_again_soon_after_a_push_as_the_path_allows() -> None:
    assert first_heads_interval(None) == 0.2
    assert first_heads_interval(0.001) == 0.05
    assert first_heads_interval(0.1) == pytest.approx(0.175)
    assert HEADS_INTERVALS == (0.2, 1.0, 5.0)


def test_a_have_counts_when_it_is_higher_and_begins_the_reminders_anew() -> None:
    feed = Feed(have=5, now=0.0)
    feed.reminders = 2

    old = [feed.report(number) for number in (0, 5)]
    reminders = feed.reminders
    news = feed.report(6)

    assert (old, reminders) == ([False, False], 2)
    assert (news, feed.have, feed.reminders) == (True, 6, 1)
