"""Many logs at once: each begins when it is offered, rests when it is not, all share one memory."""

from client_desk import ANA, FLOOR, OTHER_STREAM, STREAM, Desk, entry, own

from client_events import (
    DraftRefused,
    DraftTaken,
    EntryArrived,
    FloorChanged,
    LoadOlder,
    LogReplaced,
    OlderArrived,
    ReachedChanged,
    Say,
)
from client_logs import MAX_HAVE_PAIRS, MAX_LOGS
from conversation import FIRST_CHAIN, ROOM
from entering import OfferedLog
from protocol import ENTRY_PART, MAX_TEXT, Code
from protocol_frames import EntryPart, Have, Heads, Posted, Pull, Reached
from replication_client import MAX_EARLY_BYTES
from settings_client import Run, WaitingDraft

PRIVATE = 5


def offer(desk: Desk, conversation: int = PRIVATE, head: int = 0, **how: bool) -> None:
    log = OfferedLog(conversation, head, 0, FIRST_CHAIN)
    desk.logs.take_up(log, desk.now, is_changed=how.get("is_changed", False))


def two_logs() -> Desk:
    """The room and a private conversation, both empty."""
    desk = Desk()
    desk.enter()
    offer(desk)
    desk.reports()
    desk.events.clear()
    return desk


# --- sessions ---


def test_a_log_that_is_offered_later_begins_like_the_room() -> None:
    desk = Desk()
    desk.enter()
    desk.events.clear()

    desk.logs.take_up(OfferedLog(PRIVATE, 9, 4, FLOOR), desk.now, is_changed=False)

    assert desk.events == [FloorChanged(PRIVATE, 4)]
    assert desk.pulls() == [Pull(PRIVATE, 5, 0, 9)]
    assert desk.logs.head(PRIVATE) == 9


def test_the_room_alone_is_offered_with_entering() -> None:
    desk = Desk()
    offers = [OfferedLog(number, 0, 0, FIRST_CHAIN) for number in (ROOM, PRIVATE)]

    desk.logs.enter(ANA, "Ana", offers, (), desk.now)

    assert desk.events == [FloorChanged(ROOM, 0)]


def test_in_a_new_session_nothing_is_asked_or_told_of_a_log_until_it_is_offered() -> None:
    desk = two_logs()
    desk.entries((3, entry(3)), conversation=PRIVATE)

    desk.enter()
    pulls, reports = desk.pulls(5.0), desk.reports()
    desk.entries((1, entry(1)), conversation=PRIVATE)
    early = desk.saw(EntryArrived)
    offer(desk, head=3)

    assert (pulls, early) == ([], [])
    assert reports == [Have(((ROOM, 0),))]
    assert desk.pulls() == [Pull(PRIVATE, 1, 0, 2)]
    assert desk.logs.next_timer() is not None


def test_heads_of_a_log_that_is_not_offered_yet_are_kept_for_then() -> None:
    desk = two_logs()
    desk.enter()
    desk.reports()

    desk.logs.learn_head(PRIVATE, 0, desk.now)
    desk.logs.learn_head(PRIVATE, 4, desk.now)
    quiet = desk.logs.next_timer()
    offer(desk, head=2)

    assert quiet is None
    assert desk.pulls() == [Pull(PRIVATE, 1, 0, 4)]


def test_a_log_whose_copy_is_not_ours_any_more_is_begun_anew() -> None:
    desk = two_logs()
    desk.entries((1, entry(1)), conversation=PRIVATE)
    desk.receive(Reached(((PRIVATE, 1),)))

    desk.enter()
    offer(desk, head=1, is_changed=True)
    desk.entries((1, entry(1, "lain")), conversation=PRIVATE)
    desk.receive(Reached(((PRIVATE, 1),)))

    assert desk.saw(LogReplaced) == [LogReplaced(PRIVATE)]
    assert [e.entry.text for e in desk.saw(EntryArrived)] == ["nomor 1", "lain"]
    assert desk.saw(ReachedChanged) == [ReachedChanged(PRIVATE, 1)] * 2


def test_logs_are_stated_in_order_from_any_of_them_on() -> None:
    desk = Desk()
    desk.enter()
    for conversation in (9, 5, 7):
        offer(desk, conversation)

    assert [log.conversation for log in desk.logs.held(0, 12)] == [ROOM, 5, 7, 9]
    assert [log.conversation for log in desk.logs.held(5, 1)] == [7]
    assert desk.logs.held_between(ROOM, 7) == [5, 7]
    assert desk.logs.held_between(5, None) == [7, 9]


# --- being done with a log ---


def test_nothing_is_known_of_a_log_that_is_let_go_of() -> None:
    desk = two_logs()
    desk.logs.learn_head(PRIVATE, 9, desk.now)
    desk.logs.load_older(LoadOlder(PRIVATE, before=1), desk.now)

    desk.logs.let_go(PRIVATE)
    desk.entries((1, entry(1)), conversation=PRIVATE)
    desk.receive(Reached(((PRIVATE, 1),)))

    assert not desk.logs.has(PRIVATE)
    assert desk.pulls(9.0) == []
    assert [type(event) for event in desk.events] == [OlderArrived]


def test_older_entries_of_a_log_are_pulled_once_it_is_offered_again() -> None:
    desk = Desk()
    desk.enter()
    desk.logs.take_up(OfferedLog(PRIVATE, 9, 9, FLOOR), desk.now, is_changed=False)
    desk.logs.load_older(LoadOlder(PRIVATE, 3), desk.now)
    desk.pulls()

    desk.enter()
    before = desk.pulls(5.0)
    desk.logs.take_up(OfferedLog(PRIVATE, 9, 9, FLOOR), desk.now, is_changed=False)

    assert before == []
    assert desk.pulls() == [Pull(PRIVATE, 7, 0, 9)]


# --- many ---


def test_no_more_logs_are_held_than_fit() -> None:
    desk = Desk()
    desk.enter()

    for conversation in range(2, MAX_LOGS):
        offer(desk, conversation)
    before = desk.logs.is_full
    offer(desk, MAX_LOGS)

    assert (before, desk.logs.is_full) == (False, True)


def test_what_is_here_of_many_logs_is_reported_in_as_few_frames_as_may_be() -> None:
    desk = Desk()
    desk.enter()
    for conversation in range(2, 2 * MAX_HAVE_PAIRS + 10):
        offer(desk, conversation)

    reports = desk.reports()

    assert [len(report.numbers) for report in reports] == [MAX_HAVE_PAIRS, MAX_HAVE_PAIRS, 9]
    assert desk.reports() == []
    assert desk.logs.next_timer() is None


def test_what_is_held_above_gaps_is_bounded_for_all_logs_together() -> None:
    desk, logs = Desk(), range(2, 200)
    desk.enter()
    whole = MAX_EARLY_BYTES // (MAX_TEXT + 1_000)

    for conversation in logs:
        offer(desk, conversation)
        desk.entries((2, entry(2, "x" * MAX_TEXT)), conversation=conversation)
    for conversation in logs:
        desk.entries((1, entry(1, "y" * MAX_TEXT)), conversation=conversation)

    counts = [
        sum(e.conversation == conversation for e in desk.saw(EntryArrived)) for conversation in logs
    ]
    assert set(counts) == {1, 2}  # what each needs next is taken, whatever else is held
    assert counts.count(2) <= whole + 1


def test_a_log_that_is_let_go_of_gives_its_memory_back() -> None:
    desk = Desk()
    desk.enter()

    for conversation in range(2, 400):
        offer(desk, conversation)
        desk.entries((2, entry(2, "x" * MAX_TEXT)), conversation=conversation)
        first_part = EntryPart(conversation, 3, 0, 2, b"z" * ENTRY_PART)
        desk.receive(first_part)
        desk.logs.let_go(conversation)
    offer(desk)
    desk.entries((2, entry(2, "x" * MAX_TEXT)), conversation=PRIVATE)
    desk.entries((1, entry(1)), conversation=PRIVATE)

    assert [e.number for e in desk.saw(EntryArrived)] == [1, 2]


# --- drafts for several conversations ---


def test_drafts_of_several_conversations_are_one_stream() -> None:
    desk = two_logs()

    desk.logs.say(Say(1, ROOM, "di ruang"))
    desk.logs.say(Say(2, PRIVATE, "berdua"))
    posts = desk.posts()
    desk.posted(1, 1)
    desk.receive(Posted(2, PRIVATE, 1, 1_001))

    assert posts == [(1, "di ruang"), (2, "berdua")]
    assert [(e.conversation, e.ticket) for e in desk.saw(EntryArrived)] == [(ROOM, 1), (PRIVATE, 2)]


def test_an_answer_to_a_draft_of_another_conversation_is_none() -> None:
    desk = two_logs()
    desk.logs.say(Say(1, ROOM, "di ruang"))

    desk.receive(Posted(1, PRIVATE, 1, 1_001))

    assert not desk.logs.is_all_said


def test_a_draft_answered_before_its_log_is_offered_is_shown_as_the_log_has_it() -> None:
    desk = two_logs()
    desk.logs.say(Say(1, PRIVATE, "berdua"))
    desk.enter()

    desk.receive(Posted(1, PRIVATE, 2, 1_001))
    offer(desk, head=1)  # offered before it was posted
    pulls = desk.pulls()
    desk.entries((1, entry(1)), (2, own(1, 2, "berdua")), conversation=PRIVATE)

    assert pulls == [Pull(PRIVATE, 1, 0, 2)]
    assert [(e.number, e.ticket) for e in desk.saw(EntryArrived)] == [(1, None), (2, 1)]


def test_what_was_posted_in_a_log_that_is_let_go_of_is_answered_without_being_shown() -> None:
    desk = two_logs()
    desk.logs.say(Say(7, PRIVATE, "belum tampak"))
    desk.logs.say(Say(8, PRIVATE, "belum dijawab"))
    desk.posts()
    desk.receive(Posted(1, PRIVATE, 3, 1_003))  # and there are gaps before it

    desk.logs.let_go(PRIVATE)
    shown_by_then = desk.saw(DraftTaken)
    desk.receive(Posted(2, PRIVATE, 4, 1_004))

    assert shown_by_then == [DraftTaken(7, PRIVATE, 3, 1_003)]
    assert desk.saw(DraftTaken)[1:] == [DraftTaken(8, PRIVATE, 4, 1_004)]
    assert desk.saw(EntryArrived) == []
    assert desk.logs.is_all_said


def test_a_draft_of_an_earlier_run_is_answered_although_its_log_is_not_here_yet() -> None:
    desk = Desk()
    waiting = (WaitingDraft(3, PRIVATE, "berdua"),)
    desk.logs.resume(Run(STREAM, b"t" * 32, ANA, "Ana", 4, waiting))
    desk.enter()

    desk.receive(Posted(3, PRIVATE, 1, 1_001))

    assert desk.logs.is_all_said
    assert desk.saw(EntryArrived) == []


def test_a_lost_stream_is_begun_again_once_all_logs_are_known_and_caught_up_with() -> None:
    desk = Desk()
    waiting = (WaitingDraft(3, PRIVATE, "berdua"),)
    desk.logs.resume(Run(STREAM, b"t" * 32, ANA, "Ana", 4, waiting))
    desk.logs.begin_stream(OTHER_STREAM)
    desk.logs.enter(ANA, "Ana", [OfferedLog(ROOM, 0, 0, FIRST_CHAIN)], (), desk.now)
    unlisted = desk.posts()

    offer(desk, head=1)
    desk.logs.complete()
    behind = desk.posts()
    desk.entries((1, own(3, 1, "berdua")), conversation=PRIVATE)

    assert (unlisted, behind) == ([], [])
    assert desk.posts() == []  # it did arrive
    assert desk.logs.is_all_said


def test_a_stream_lost_while_coming_back_as_another_waits_for_the_logs_as_they_are_then() -> None:
    desk = two_logs()
    desk.say("satu")
    desk.logs.begin_stream(OTHER_STREAM)

    desk.logs.let_go(PRIVATE)  # not the new person's
    too_early = desk.posts()
    desk.logs.enter(ANA, "Ana", [OfferedLog(ROOM, 1, 0, FIRST_CHAIN)], (), desk.now)
    desk.logs.complete()
    desk.entries((1, own(1, 1, "satu")))

    assert too_early == []
    assert desk.posts() == []  # it did arrive
    assert desk.logs.is_all_said


# --- being somebody else ---


def test_what_is_held_back_goes_out_when_it_is_released() -> None:
    desk = two_logs()
    desk.say("satu")
    desk.logs.hold()
    loud = desk.logs.is_quiet
    desk.logs.say(Say(7, ROOM, "dua"))
    before = desk.posts()
    desk.posted(1, 1)
    quiet, waits = desk.logs.is_quiet, desk.posts(5.0)

    desk.logs.release()

    assert (loud, quiet) == (False, True)
    assert (before, waits) == ([(1, "satu")], [])
    assert desk.posts() == [(2, "dua")]
    assert not desk.logs.is_quiet


def test_what_is_held_back_stays_so_under_another_stream() -> None:
    desk = two_logs()
    desk.logs.hold()
    desk.logs.say(Say(7, ROOM, "dua"))

    desk.logs.begin_stream(OTHER_STREAM)
    early = desk.logs.is_quiet
    desk.enter()
    held = desk.posts()
    desk.logs.release()

    assert (early, held) == (False, [])
    assert desk.posts() == [(1, "dua")]


def test_the_next_name_is_in_what_is_made_of_the_next_answers() -> None:
    desk = two_logs()

    desk.logs.rename("Eka")
    desk.say("halo")
    desk.posted(1, 1)

    assert [e.entry.name for e in desk.saw(EntryArrived)] == ["Eka"]


def test_whatever_waits_is_refused_when_one_is_nobody() -> None:
    desk = two_logs()
    desk.say("satu")

    desk.logs.hold()
    desk.logs.leave(OTHER_STREAM)
    desk.logs.release()
    desk.logs.say(Say(7, ROOM, "dua"))

    refused = [(r.ticket, r.draft, r.code) for r in desk.saw(DraftRefused)]
    assert refused == [(100, 1, Code.NO_SESSION), (7, 2, Code.NO_SESSION)]
    assert desk.logs.is_all_said
    assert desk.logs.kept.stream == OTHER_STREAM


def test_whatever_waits_behind_a_lost_stream_is_refused_too() -> None:
    desk = two_logs()
    desk.say("satu")
    desk.logs.begin_stream(OTHER_STREAM)

    desk.logs.hold()
    desk.logs.leave(b"u" * 16)
    desk.logs.release()
    desk.enter()
    desk.say("dua")

    assert [refused.text for refused in desk.saw(DraftRefused)] == ["satu"]
    assert desk.posts() == [(2, "dua")]


def test_each_name_has_what_was_said_under_it() -> None:
    desk = two_logs()
    desk.say("satu")
    desk.logs.hold()
    desk.logs.say(Say(7, ROOM, "dua"))
    desk.logs.hold()
    desk.logs.say(Say(8, ROOM, "tiga"))

    first = desk.posts()
    desk.posted(1, 1)
    desk.logs.release()
    second = desk.posts()
    desk.posted(2, 2)
    desk.logs.release()

    assert (first, second) == ([(1, "satu")], [(2, "dua")])
    assert desk.posts() == [(3, "tiga")]


def test_what_waits_for_the_next_person_outlives_the_one_who_leaves() -> None:
    desk = two_logs()
    desk.logs.hold()
    desk.logs.say(Say(7, ROOM, "sesudah keluar"))
    desk.logs.hold()
    desk.logs.say(Say(8, ROOM, "sesudah masuk"))

    desk.logs.leave(OTHER_STREAM)
    desk.logs.release()
    desk.logs.say(Say(9, ROOM, "ini juga"))
    refused = [event.ticket for event in desk.saw(DraftRefused)]
    desk.enter()
    desk.logs.release()

    assert refused == [7]
    assert desk.posts() == [(2, "sesudah masuk"), (3, "ini juga")]


def test_what_waited_for_a_person_who_does_not_come_is_refused() -> None:
    desk = two_logs()
    desk.logs.hold()
    desk.logs.hold()
    desk.logs.say(Say(8, ROOM, "sesudah masuk"))
    desk.logs.leave(OTHER_STREAM)
    desk.logs.release()

    desk.logs.release()

    assert [event.ticket for event in desk.saw(DraftRefused)] == [8]
    assert desk.logs.is_all_said


def test_heads_of_the_room_that_say_it_may_not_be_read_end_the_pulling() -> None:
    desk = two_logs()

    desk.receive(Heads(((ROOM, 9),)), Heads(((ROOM, 0),)))

    assert desk.pulls(9.0) == []
