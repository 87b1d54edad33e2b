"""What a client holds, seen by its events: every entry once, in order, its own among them."""

import pytest
from client_desk import ANA, FLOOR, OTHER_STREAM, STREAM, Desk, entry, own
from hypothesis import given
from hypothesis import strategies as st

from client_events import (
    DraftMade,
    DraftRefused,
    EntryArrived,
    FloorChanged,
    LoadOlder,
    LogReplaced,
    OlderArrived,
    Say,
)
from client_logs import MAX_OLDER
from conversation import FIRST_CHAIN, ROOM, Entry, EntryKind, FileNote, draft_tag, next_chain
from entering import HeldLog, OfferedLog
from protocol import Code
from protocol_frames import Have, Heads, Posted, Pull, Reached, Refused, decode_frames
from replication_client import have_delay
from settings_client import Run, WaitingDraft


@pytest.fixture
def desk() -> Desk:
    """Somebody in an empty room."""
    desk = Desk()
    desk.enter()
    desk.events.clear()
    return desk


# --- entering ---


def test_first_sight_of_a_log_shows_where_it_begins_and_pulls_what_is_there() -> None:
    desk = Desk()

    desk.enter(head=900, floor=700, chain=FLOOR)

    assert desk.events == [FloorChanged(ROOM, 700)]
    assert desk.pulls() == [Pull(ROOM, 701, 0, 900)]


def test_what_was_there_before_us_is_history_and_what_comes_later_is_not() -> None:
    desk = Desk()
    desk.enter(head=2)

    desk.others(1, 2, 3)

    assert [event.is_history for event in desk.saw(EntryArrived)] == [True, True, False]


def test_who_comes_back_keeps_what_it_has_and_pulls_the_rest(desk: Desk) -> None:
    desk.others(1, 2)

    desk.enter(head=5)
    desk.others(3)

    assert desk.pulls(1.0) == [Pull(ROOM, 4, 0, 5)]
    assert [number for number, *_ in desk.shown()] == [1, 2, 3]
    assert [event.is_history for event in desk.saw(EntryArrived)] == [False] * 3
    assert desk.saw(FloorChanged) == []


def test_a_returning_client_states_what_it_holds_of_each_log(desk: Desk) -> None:
    chain = next_chain(next_chain(FIRST_CHAIN, entry(1).encode()), entry(2).encode())

    desk.others(1, 2, 4)

    assert desk.logs.held(0, 12) == (HeldLog(ROOM, 2, chain),)
    assert Desk().logs.held(0, 12) == ()


def test_a_log_that_changed_is_said_so_dropped_and_pulled_anew(desk: Desk) -> None:
    desk.others(1, 2)
    desk.events.clear()

    desk.enter(head=3, floor=1, chain=FLOOR, changed=[ROOM])
    desk.entries((2, entry(2, "lain")), (3, entry(3, "lagi")))

    assert desk.events[:2] == [LogReplaced(ROOM), FloorChanged(ROOM, 1)]
    assert desk.shown() == [(2, "lain", None), (3, "lagi", None)]
    assert desk.logs.held(0, 12)[0].have == 3


def test_nothing_known_by_the_old_numbers_outlives_a_log_that_changed(desk: Desk) -> None:
    desk.others(1, 2, 3)
    desk.say("hilang")
    desk.posted(1, 6)  # held until 4 and 5 are here, which never come
    desk.logs.load_older(LoadOlder(ROOM, before=3), desk.now)
    desk.events.clear()

    desk.enter(head=6, changed=[ROOM])
    desk.others(1, 2, 3, 4, 5, 6)

    assert [(number, ticket) for number, _, ticket in desk.shown()] == [
        (number, None) for number in range(1, 7)
    ]
    assert desk.saw(OlderArrived) == []


def test_a_change_of_a_log_that_we_do_not_hold_is_no_news() -> None:
    desk = Desk()

    desk.enter(head=1, changed=[ROOM])

    assert desk.saw(LogReplaced) == []


# --- drafts ---


def test_what_is_said_is_reported_at_once_and_sent(desk: Desk) -> None:
    desk.say("satu", "dua")

    assert desk.events == [DraftMade(100, 1, ROOM, "satu"), DraftMade(101, 2, ROOM, "dua")]
    assert desk.posts() == [(1, "satu"), (2, "dua")]
    assert not desk.logs.is_all_said
    assert desk.logs.is_outbox_changed


def test_posted_makes_the_same_event_as_everybody_elses_with_the_ticket(desk: Desk) -> None:
    desk.say("satu")
    desk.logs.is_outbox_changed = False

    desk.posted(1, 1)

    assert desk.events[1:] == [EntryArrived(ROOM, 1, own(1, 1, "satu"), 100)]
    assert desk.logs.is_all_said
    assert desk.logs.is_outbox_changed
    assert desk.logs.held(0, 12)[0].chain == next_chain(FIRST_CHAIN, own(1, 1, "satu").encode())


def test_the_answer_to_a_draft_that_was_sent_once_tells_the_round_trip(desk: Desk) -> None:
    desk.say("satu")
    desk.sent()
    desk.now += 0.04

    desk.posted(1, 1)

    assert desk.round_trip.smoothed == pytest.approx(0.04)


def test_the_answer_to_a_repeated_draft_or_to_one_that_had_to_queue_tells_no_round_trip(
    desk: Desk,
) -> None:
    desk.say("satu", "dua")
    desk.sent()
    desk.sent(wait=1.0)

    desk.posted(1, 1)
    desk.posted(2, 2)
    desk.say("tiga")
    desk.sent()
    desk.enter(head=2)
    desk.now += 60.0
    desk.posted(3, 3)

    assert desk.round_trip.smoothed is None


def test_ones_own_entry_is_held_until_all_lower_numbers_are_here(desk: Desk) -> None:
    desk.say("tiga")
    desk.posted(1, 3)
    before = desk.shown()

    desk.others(2, 1)

    assert before == []
    assert desk.shown() == [(1, "nomor 1", None), (2, "nomor 2", None), (3, "tiga", 100)]


def test_a_lost_posted_is_made_good_by_the_entry_itself(desk: Desk) -> None:
    desk.say("satu")
    desk.posts()

    desk.entries((1, own(1, 1, "satu")))
    desk.posted(1, 1)

    assert desk.shown() == [(1, "satu", 100)]
    assert desk.posts(5.0) == []
    assert desk.logs.is_all_said


def test_an_entry_that_came_early_and_then_its_posted_show_it_once(desk: Desk) -> None:
    desk.say("dua")

    desk.entries((2, own(1, 2, "dua")))
    desk.posted(1, 2)
    desk.others(1)

    assert desk.shown() == [(1, "nomor 1", None), (2, "dua", 100)]


def test_a_repeated_posted_says_nothing_new(desk: Desk) -> None:
    desk.say("satu")
    desk.posted(1, 1)

    desk.posted(1, 1)

    assert desk.shown() == [(1, "satu", 100)]


def test_answers_about_drafts_and_logs_that_are_not_ours_are_ignored(desk: Desk) -> None:
    desk.say("satu")

    desk.receive(Posted(9, ROOM, 1, 1_001), Posted(1, 55, 1, 1_001), Refused(9, Code.MUTED))
    desk.entries((1, entry(1)), conversation=55)
    desk.receive(Reached(((55, 9),)))

    assert desk.events == [DraftMade(100, 1, ROOM, "satu")]
    assert not desk.logs.is_all_said


def test_a_refused_draft_is_reported_with_its_text_and_the_next_goes_on(desk: Desk) -> None:
    desk.say("satu", "dua")

    desk.receive(Refused(1, Code.MUTED), Refused(1, Code.MUTED))
    desk.posted(2, 1)

    assert desk.saw(DraftRefused) == [DraftRefused(100, 1, ROOM, "satu", Code.MUTED)]
    assert desk.shown() == [(1, "dua", 101)]


def test_a_refusal_for_an_unknown_reason_means_bad_request(desk: Desk) -> None:
    desk.say("satu")

    desk.receive(Refused(1, 60_000))

    assert desk.saw(DraftRefused)[0].code is Code.BAD_REQUEST


def test_in_a_new_session_every_draft_is_sent_again_at_once(desk: Desk) -> None:
    desk.say("satu")
    desk.posts()

    desk.enter()

    assert desk.posts() == [(1, "satu")]


def test_a_draft_that_was_taken_under_another_name_of_ours_is_shown_as_the_log_has_it(
    desk: Desk,
) -> None:
    desk.say("satu")
    genuine = own(1, 1, "satu", name="Ana")

    desk.enter(head=1, name="Anna")  # its answer was lost; meanwhile Ana is somebody else
    desk.posted(1, 1)
    before = desk.shown()
    desk.entries((1, genuine))

    assert before == []
    assert desk.saw(EntryArrived)[-1].entry == genuine
    assert desk.shown() == [(1, "satu", 100)]
    assert desk.logs.held(0, 12)[0].chain == next_chain(FIRST_CHAIN, genuine.encode())


# --- runs that go on ---


def test_a_run_that_was_killed_goes_on_under_its_old_numbers() -> None:
    desk = Desk(OTHER_STREAM)
    run = Run(STREAM, b"t" * 32, ANA, "Ana", 6, (WaitingDraft(4, ROOM, "empat"),))

    desk.logs.resume(run)
    desk.enter(head=1)
    desk.say("enam")
    sent = desk.posts()
    desk.entries((1, own(4, 1, "empat")))

    assert sent == [(4, "empat"), (6, "enam")]
    assert desk.shown() == [(1, "empat", None)]
    assert desk.logs.waiting() == (WaitingDraft(6, ROOM, "enam"),)


def test_a_file_that_waits_is_still_one_in_the_next_run(desk: Desk) -> None:
    note = FileNote(bytes(32), 5, "foto.png")

    desk.logs.share(1, ROOM, note)
    (waiting,) = desk.logs.waiting()
    desk.logs.resume(Run(STREAM, b"t" * 32, ANA, "Ana", 2, (waiting,)))
    desk.logs.receive(Refused(1, Code.FILE_MISSING), desk.now, desk.round_trip)

    assert waiting == WaitingDraft(1, ROOM, note.encode(), EntryKind.FILE)
    (refused,) = [event for event in desk.events if isinstance(event, DraftRefused)]
    code = Code.FILE_MISSING
    assert refused == DraftRefused(None, 1, ROOM, note.encode(), code, EntryKind.FILE)


def test_what_waits_is_kept_for_the_disk(desk: Desk) -> None:
    desk.say("satu", "dua")
    desk.posted(1, 1)

    assert desk.logs.waiting() == (WaitingDraft(2, ROOM, "dua"),)
    assert (desk.logs.kept.stream, desk.logs.kept.next_draft) == (STREAM, 3)


def resumed_as_somebody_else() -> Desk:
    """Drafts 4 and 5 of a run whose stream belongs to somebody we are no longer."""
    desk = Desk(OTHER_STREAM)
    waiting = WaitingDraft(4, ROOM, "empat"), WaitingDraft(5, ROOM, "lima")
    desk.logs.resume(Run(STREAM, b"t" * 32, ANA, "Ana", 6, waiting))
    desk.logs.begin_stream(OTHER_STREAM)
    return desk


def test_drafts_of_a_lost_stream_are_said_anew_once_it_is_known_which_did_arrive() -> None:
    desk = resumed_as_somebody_else()
    desk.enter(head=2)

    before = desk.posts()
    desk.entries((1, entry(1)), (2, own(4, 2, "empat")))
    sent = desk.posts()

    assert before == []
    assert sent == [(5, "lima")]
    assert desk.logs.outbox.stream == OTHER_STREAM
    assert desk.logs.outbox.answered_by(draft_tag(OTHER_STREAM, 5)) is not None


def test_where_nothing_is_missing_they_are_said_anew_at_once() -> None:
    desk = resumed_as_somebody_else()

    desk.enter()

    assert desk.posts() == [(4, "empat"), (5, "lima")]


def test_what_is_said_meanwhile_waits_behind_them_and_lies_on_disk_with_them() -> None:
    desk = resumed_as_somebody_else()
    desk.enter(head=1)
    desk.say("enam")

    kept = desk.logs.kept
    on_disk, all_said = desk.logs.waiting(), desk.logs.is_all_said
    desk.others(1)
    sent = desk.posts()

    assert (kept.stream, kept.next_draft, all_said) == (STREAM, 7, False)
    assert [draft.text for draft in on_disk] == ["empat", "lima", "enam"]
    assert sent == [(4, "empat"), (5, "lima"), (6, "enam")]
    assert desk.saw(DraftMade) == [DraftMade(100, 6, ROOM, "enam")]
    assert desk.logs.kept.next_draft == 7


def test_a_stream_lost_twice_loses_no_draft() -> None:
    desk = resumed_as_somebody_else()

    desk.logs.begin_stream(b"u" * 16)
    desk.enter()

    assert desk.posts() == [(4, "empat"), (5, "lima")]
    assert desk.logs.outbox.stream == b"u" * 16


def test_a_log_that_is_let_go_of_holds_nobody_up() -> None:
    desk = resumed_as_somebody_else()
    desk.enter(head=1)
    desk.logs.take_up(OfferedLog(2, 5, 0, FIRST_CHAIN), desk.now, is_changed=False)
    desk.others(1)
    before = desk.posts()

    desk.logs.let_go(2)

    assert before == []
    assert desk.posts() == [(4, "empat"), (5, "lima")]


# --- older history ---


def older_desk(head: int = 500, floor: int = 300) -> Desk:
    desk = Desk()
    desk.enter(head=floor, floor=floor, chain=FLOOR)
    desk.others(*range(floor + 1, head + 1))
    desk.events.clear()
    return desk


def test_scrolling_up_pulls_what_is_below_the_floor_and_lowers_it() -> None:
    desk = older_desk()

    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)
    pulls = desk.pulls()
    desk.others(*range(200, 301))
    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)

    assert pulls == [Pull(ROOM, 201, 0, 300)]
    assert desk.events == [
        OlderArrived(ROOM, tuple((n, entry(n)) for n in range(201, 301)), is_all=False)
    ]
    assert desk.pulls() == [Pull(ROOM, 101, 0, 200)]


def test_the_first_entry_of_all_says_that_there_is_nothing_older() -> None:
    desk = older_desk(head=60, floor=50)

    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)
    desk.others(*range(50, 0, -1))
    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)

    first, second = desk.saw(OlderArrived)
    assert ([number for number, _ in first.entries], first.is_all) == (list(range(1, 51)), True)
    assert second == OlderArrived(ROOM, (), is_all=True)


def test_what_a_window_let_go_of_can_be_loaded_again() -> None:
    desk = older_desk()

    desk.logs.load_older(LoadOlder(ROOM, 10, before=400), desk.now)
    pulls = desk.pulls()
    desk.others(*range(390, 400))
    desk.logs.load_older(LoadOlder(ROOM, 10), desk.now)

    assert pulls == [Pull(ROOM, 390, 0, 399)]
    assert desk.saw(OlderArrived)[0].entries[0] == (390, entry(390))
    assert desk.pulls() == [Pull(ROOM, 291, 0, 300)]


def test_a_place_far_above_is_loaded_without_what_lies_between() -> None:
    desk = older_desk()

    desk.logs.load_older(LoadOlder(ROOM, 10, before=51), desk.now)
    pulls = desk.pulls()
    desk.others(*range(41, 51))
    desk.logs.load_older(LoadOlder(ROOM, 10), desk.now)

    assert pulls == [Pull(ROOM, 41, 0, 50)]
    assert [number for number, _ in desk.saw(OlderArrived)[0].entries] == list(range(41, 51))
    assert desk.pulls() == [Pull(ROOM, 291, 0, 300)]


@pytest.mark.parametrize(("count", "expected"), [(0, 1), (-5, 1), (10**9, MAX_OLDER)])
def test_a_count_beyond_sense_is_brought_to_sense(count: int, expected: int) -> None:
    desk = older_desk()

    desk.logs.load_older(LoadOlder(ROOM, count), desk.now)

    assert desk.pulls() == [Pull(ROOM, 301 - expected, 0, 300)]


def test_scrolling_up_twice_asks_once() -> None:
    desk = older_desk()

    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)
    desk.logs.load_older(LoadOlder(ROOM, 50), desk.now)

    assert desk.pulls() == [Pull(ROOM, 201, 0, 300)]


def test_scrolling_up_where_nothing_is_held_asks_nothing() -> None:
    desk = Desk()

    desk.logs.load_older(LoadOlder(ROOM), desk.now)

    assert desk.events == []
    assert desk.logs.next_timer() is None


def test_new_entries_arrive_while_older_ones_are_on_their_way() -> None:
    desk = older_desk()
    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)

    desk.others(501)

    assert desk.shown() == [(501, "nomor 501", None)]


def test_an_older_pull_outlives_a_session() -> None:
    desk = older_desk()
    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)
    desk.pulls()

    desk.enter(head=500)

    assert desk.pulls() == [Pull(ROOM, 201, 0, 300)]


def test_who_may_not_read_any_more_stops_pulling_older_entries_too() -> None:
    desk = older_desk()
    desk.logs.load_older(LoadOlder(ROOM, 100), desk.now)

    desk.receive(Heads(((ROOM, 0),)))

    assert desk.pulls(60.0) == []


# --- what is due ---


def test_a_higher_head_is_pulled_up_to(desk: Desk) -> None:
    desk.receive(Heads(((ROOM, 4),)))

    assert desk.pulls(0.02) == [Pull(ROOM, 1, 0, 4)]


def test_have_is_reported_when_due_or_in_company(desk: Desk) -> None:
    desk.logs.reports_due(desk.now, in_company=True)
    desk.others(1, 2)

    alone = desk.logs.reports_due(desk.now, in_company=False)
    in_company = desk.logs.reports_due(desk.now, in_company=True)
    desk.others(3)
    due = desk.logs.next_timer()
    assert due is not None
    later = desk.logs.reports_due(due, in_company=False)

    assert alone == []
    assert decode_frames(b"".join(in_company)) == [Have(((ROOM, 2),))]
    assert due == pytest.approx(desk.now + have_delay(desk.logs.outbox.stream))
    assert decode_frames(b"".join(later)) == [Have(((ROOM, 3),))]
    assert desk.logs.reports_due(desk.now + 99, in_company=True) == []


def test_the_next_timer_is_the_earliest_of_all() -> None:
    desk = older_desk()
    desk.logs.reports_due(desk.now, in_company=True)
    nothing = desk.logs.next_timer()

    desk.receive(Heads(((ROOM, 501),)))
    gap = desk.logs.next_timer()
    desk.logs.load_older(LoadOlder(ROOM), desk.now)
    older = desk.logs.next_timer()
    desk.say("satu")
    draft = desk.logs.next_timer()

    assert nothing is None
    assert gap == pytest.approx(desk.now + 0.01)
    assert (older, draft) == (desk.now, 0.0)


# --- all at once ---

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.just(0)),
        st.tuples(st.just("commit"), st.integers(0, 3)),  # others' entries beside ours
        st.tuples(st.just("posted"), st.integers(1, 9)),
        st.tuples(st.just("entry"), st.integers(1, 30)),
        st.tuples(st.just("heads"), st.just(0)),
        st.tuples(st.just("enter"), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_comes_in_whatever_order_each_entry_is_shown_once_in_order(
    steps: list[tuple[str, int]],
) -> None:
    desk = Desk()
    desk.enter()
    log: list[Entry] = []
    answers: dict[int, int] = {}  # number by draft, of those taken
    said = 0

    for verb, number in steps:
        match verb:
            case "say":
                said += 1
                desk.logs.say(Say(1_000 + said, ROOM, f"kata {said}"))
            case "commit":
                log += [entry(len(log) + 1 + place) for place in range(number)]
                if len(answers) < said:
                    draft = len(answers) + 1
                    log.append(own(draft, len(log) + 1, f"kata {draft}"))
                    answers[draft] = len(log)
            case "posted" if number in answers:
                desk.posted(number, answers[number])
            case "entry" if number <= len(log):
                desk.entries((number, log[number - 1]))
            case "heads" if log:
                desk.receive(Heads(((ROOM, len(log)),)))
            case "enter":
                desk.enter(head=len(log))
            case _:
                pass
    desk.entries(*enumerate(log, 1))

    tickets = {number: 1_000 + draft for draft, number in answers.items()}
    assert desk.shown() == [
        (number, item.text, tickets.get(number)) for number, item in enumerate(log, 1)
    ]
    assert [event.entry for event in desk.saw(EntryArrived)] == log
    assert [draft.draft for draft in desk.logs.waiting()] == list(range(len(answers) + 1, said + 1))
