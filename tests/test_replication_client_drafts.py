"""The client's outbox: drafts go out in order, again and again, until each has its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation import EntryKind, draft_tag
from protocol import MAX_TEXT, POST_PART
from protocol_frames import Post, decode_frames
from protocol_guards import RoundTrip
from replication_client import MAX_IN_FLIGHT, MAX_PARTS_IN_FLIGHT, Outbox

STREAM = b"s" * 16


def posts(outbox: Outbox, now: float, *, silent: bool = False) -> list[Post]:
    """The POSTs that go out now."""
    frames = decode_frames(b"".join(outbox.frames_due(now, RoundTrip(), silent)))
    return [frame for frame in frames if isinstance(frame, Post)]


def test_drafts_count_from_one_and_go_out_at_once() -> None:
    outbox = Outbox(STREAM)

    drafts = [outbox.add(1, EntryKind.TEXT, text, None) for text in ("satu", "dua")]
    sent = posts(outbox, 5.0)

    assert drafts == [1, 2]
    assert sent == [
        Post(1, 1, 1, EntryKind.TEXT, 0, 1, b"satu"),
        Post(2, 1, 1, EntryKind.TEXT, 0, 1, b"dua"),
    ]


def test_a_draft_is_sent_again_until_it_has_its_answer_and_never_given_up() -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, "satu", 77)

    times: list[float] = []
    while not times or times[-1] < 3_600.0:
        due = outbox.next_timer()
        assert due is not None
        times.append(due)
        assert len(posts(outbox, due, silent=True)) == 1
        assert posts(outbox, due, silent=True) == []
    waiting = outbox.answered(1)

    assert times[:2] == [0.0, 0.15]
    assert times[-1] - times[-2] == pytest.approx(3.0)
    assert waiting is not None
    assert (waiting.text, waiting.ticket) == ("satu", 77)
    assert outbox.next_timer() is None
    assert outbox.is_empty


def test_oldest_is_the_lowest_draft_without_an_answer() -> None:
    outbox = Outbox(STREAM)
    for place in range(4):
        outbox.add(1, EntryKind.TEXT, str(place), None)
    before = {post.oldest for post in posts(outbox, 0.0)}

    outbox.answered(2)
    outbox.answered(1)
    outbox.resend_all()

    assert before == {1}
    assert [(post.draft, post.oldest) for post in posts(outbox, 0.0)] == [(3, 3), (4, 3)]


def test_eight_drafts_are_in_flight_and_the_next_goes_when_the_oldest_is_answered() -> None:
    outbox = Outbox(STREAM)
    for place in range(10):
        outbox.add(1, EntryKind.TEXT, str(place), None)

    first = [post.draft for post in posts(outbox, 0.0)]
    outbox.answered(1)
    then = [post.draft for post in posts(outbox, 0.0)]

    assert MAX_IN_FLIGHT == 8
    assert first == list(range(1, 9))
    assert then == [9]


def test_long_drafts_share_a_flight_of_64_parts_and_one_may_always_go() -> None:
    outbox = Outbox(STREAM)
    for size in (MAX_TEXT, 10, 10):
        outbox.add(1, EntryKind.TEXT, "x" * size, None)

    first = posts(outbox, 0.0)
    outbox.answered(1)
    then = posts(outbox, 0.0)

    assert len(first) == MAX_PARTS_IN_FLIGHT == 64
    assert {post.draft for post in first} == {1}
    assert [post.draft for post in then] == [2, 3]


@given(st.text(max_size=5_000))
def test_a_draft_travels_whole_in_parts_of_a_thousand_bytes(text: str) -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, text, None)

    sent = posts(outbox, 0.0)

    assert b"".join(post.body for post in sent).decode() == text
    assert [post.part for post in sent] == list(range(len(sent)))
    assert {post.parts for post in sent} == {len(sent)}
    assert all(len(post.body) == POST_PART for post in sent[:-1])


def test_a_draft_is_answered_once() -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, "satu", None)

    assert outbox.answered(1) is not None
    assert outbox.answered(1) is None
    assert outbox.answered(99) is None


def test_the_entry_that_bears_its_tag_answers_a_draft() -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, "satu", None)
    outbox.add(1, EntryKind.TEXT, "dua", None)

    waiting = outbox.answered_by(draft_tag(STREAM, 2))

    assert waiting is not None
    assert waiting.text == "dua"
    assert outbox.answered_by(draft_tag(STREAM, 2)) is None
    assert outbox.answered_by(draft_tag(b"t" * 16, 1)) is None
    assert [one.text for one in outbox.waiting()] == ["satu"]


def test_drafts_of_an_earlier_run_go_out_under_their_old_numbers() -> None:
    outbox = Outbox(STREAM, next_draft=9)
    outbox.restore(5, 1, EntryKind.TEXT, "lima", None)
    outbox.restore(7, 1, EntryKind.TEXT, "tujuh", None)

    draft = outbox.add(1, EntryKind.TEXT, "sembilan", None)
    sent = [(post.draft, post.oldest) for post in posts(outbox, 0.0)]

    assert draft == 9
    assert sent == [(5, 5), (7, 5), (9, 5)]
    assert outbox.answered_by(draft_tag(STREAM, 7)) is not None


def test_in_a_new_session_every_draft_is_due_at_once_and_patience_begins_anew() -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, "satu", None)
    for turn in range(9):
        posts(outbox, float(turn))

    outbox.resend_all()
    sent = posts(outbox, 9.0)

    assert len(sent) == 1
    assert outbox.next_timer() == pytest.approx(9.15)


def test_drafts_that_vanish_again_and_again_are_noticed() -> None:
    outbox = Outbox(STREAM)
    outbox.add(1, EntryKind.TEXT, "satu", None)

    stuck = []
    for turn in range(5):
        stuck.append(outbox.is_stuck)
        posts(outbox, float(turn))
    outbox.resend_all()

    assert stuck == [False, False, False, False, True]
    assert not outbox.is_stuck
