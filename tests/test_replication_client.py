"""The client's copy of a log, against plain models: nothing lost, doubled or reordered.

Its drafts are in test_replication_client_drafts.py.
"""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation import FIRST_CHAIN, NO_TAG, Entry, EntryKind, next_chain
from protocol import ENTRY_PART, MAX_TEXT, PeerError
from protocol_frames import EntryPart, Pull, decode_frames, split_parts
from protocol_guards import RoundTrip
from replication_client import (
    HAVE_BYTES,
    HAVE_DELAY,
    HELD_COST,
    MAX_EARLY_BYTES,
    MAX_PULLS,
    REORDER_WAIT,
    Arrived,
    Assembly,
    OlderPull,
    Replica,
    have_delay,
)
from replication_server import FIRST_HEADS

NEAR, FAR = RoundTrip(), RoundTrip()  # nothing measured; 100 ms
FAR.sample(0.1)


def entry(number: int, size: int = 10) -> Entry:
    return Entry(NO_TAG, EntryKind.TEXT, 1_000 + number, 7, "Ana", f"{number} ".ljust(size, "x"))


def parts(number: int, size: int = 10, conversation: int = 1) -> list[EntryPart]:
    pieces = split_parts(entry(number, size).encode(), ENTRY_PART)
    return [
        EntryPart(conversation, number, place, len(pieces), piece)
        for place, piece in enumerate(pieces)
    ]


def part(number: int) -> EntryPart:
    (only,) = parts(number)
    return only


def chain_of(*numbers: int, size: int = 10) -> bytes:
    chain = FIRST_CHAIN
    for number in numbers:
        chain = next_chain(chain, entry(number, size).encode())
    return chain


def pulls(log: Replica | OlderPull, now: float, round_trip: RoundTrip = NEAR) -> list[Pull]:
    """The PULLs that go out now."""
    frames = decode_frames(b"".join(log.pulls_due(now, round_trip, False)))
    return [frame for frame in frames if isinstance(frame, Pull)]


def numbers(arrived: list[Arrived]) -> list[int]:
    return [item.number for item in arrived]


def take(replica: Replica, *which: int, now: float = 0.0) -> list[int]:
    """Entries come; the numbers that became readable."""
    return [
        number
        for one in which
        for piece in parts(one)
        for number in numbers(replica.receive(piece, now, NEAR))
    ]


# --- parts of entries ---


@given(
    sizes=st.lists(st.integers(1, 4_000), min_size=1, max_size=4),
    chance=st.randoms(use_true_random=False),
)
def test_parts_make_their_entry_once_whatever_their_order(sizes: list[int], chance: Any) -> None:
    assembly = Assembly()
    pieces = [piece for number, size in enumerate(sizes, 1) for piece in parts(number, size)]
    chance.shuffle(pieces)

    made = [(piece.number, body) for piece in pieces if (body := assembly.add(piece)) is not None]

    assert sorted(made) == [
        (number, entry(number, size).encode()) for number, size in enumerate(sizes, 1)
    ]


def test_a_part_that_comes_twice_counts_once() -> None:
    assembly = Assembly()
    first, second = parts(1, 2_000)

    assert [assembly.add(piece) for piece in (first, first, first)] == [None] * 3
    assert assembly.add(second) == entry(1, 2_000).encode()


def test_the_first_missing_part_is_known() -> None:
    assembly = Assembly()
    pieces = parts(1, 5_000)
    assembly.add(pieces[0])
    assembly.add(pieces[1])
    assembly.add(pieces[3])

    assert assembly.first_missing(1) == 2
    assert assembly.first_missing(2) == 0


def test_parts_that_contradict_each_other_are_the_peers_fault() -> None:
    assembly = Assembly()
    assembly.add(parts(1, 2_000)[0])

    with pytest.raises(PeerError):
        assembly.add(parts(1, 5_000)[1])


def test_an_entry_that_fits_in_one_part_forgets_what_came_in_others() -> None:
    assembly = Assembly()
    assembly.add(parts(1, 2_000)[0])

    assert assembly.add(part(1)) == entry(1).encode()
    assert assembly.first_missing(1) == 0


def test_parts_beyond_the_memory_allowed_go_and_the_lowest_entry_still_arrives() -> None:
    assembly = Assembly()
    for number in range(100, 300):  # all but the last part of each: 63 kB
        for piece in parts(number, MAX_TEXT)[:-1]:
            assembly.add(piece)

    made = [assembly.add(piece) for piece in parts(2, MAX_TEXT)]

    assert made[-1] == entry(2, MAX_TEXT).encode()
    held = sum(assembly.first_missing(number) for number in range(100, 300)) * ENTRY_PART
    assert MAX_EARLY_BYTES - 2 * MAX_TEXT < held <= MAX_EARLY_BYTES
    assert assembly.first_missing(100) > 0
    assert assembly.first_missing(299) == 0


# --- the copy ---

ARRIVALS = st.lists(
    st.one_of(
        st.tuples(st.just("part"), st.integers(1, 12), st.integers(0, 2)),
        st.tuples(st.just("whole"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("head"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=80,
)
SIZES = st.lists(st.sampled_from([10, 1_500, 3_000]), min_size=12, max_size=12)


@given(floor=st.integers(0, 6), sizes=SIZES, arrivals=ARRIVALS)
def test_a_copy_agrees_with_a_plain_set_of_what_came(
    floor: int, sizes: list[int], arrivals: list[tuple[str, int, int]]
) -> None:
    replica = Replica(1)
    replica.begin(floor, chain := b"floor..." if floor else FIRST_CHAIN)
    pieces = {number: parts(number, sizes[number - 1]) for number in range(1, 13)}
    came = {number: set[int]() for number in range(1, 13)}
    have, head, now = floor, 0, 100.0
    shown: list[Arrived] = []

    for verb, number, place in arrivals:
        match verb:
            case "part":
                place = min(place, len(pieces[number]) - 1)
                shown += replica.receive(pieces[number][place], now, NEAR)
                came[number].add(place)
                head = max(head, number)
            case "whole":
                body = entry(number, sizes[number - 1]).encode()
                shown += replica.insert(number, body, now, NEAR)
                came[number] |= set(range(3))
                head = max(head, number) if number > have else head
            case "head":
                replica.learn_head(number, now)
                head = max(head, number) if number > have else head
            case "wait":
                now += number * 0.05
            case _:
                replica.restart(now)
        while have < 12 and came[have + 1] >= set(range(len(pieces[have + 1]))):
            have += 1
            chain = next_chain(chain, entry(have, sizes[have - 1]).encode())

        assert (replica.have, replica.chain, replica.floor) == (have, chain, floor)
        assert numbers(shown) == list(range(floor + 1, have + 1))
        due = replica.next_timer()
        if have < head:
            assert due is not None  # nothing that is missing is ever forgotten
        missing = {
            n for n in range(have + 1, head + 1) if not came[n] >= set(range(len(pieces[n])))
        }
        asked = pulls(replica, now)
        if asked:
            ranges = [set(range(pull.first, pull.last + 1)) for pull in asked]
            assert set.union(*ranges) == missing
            for pull in asked:
                first_missing = set(range(3)) - came[pull.first]
                assert pull.first_part == min(first_missing)

    assert [item.entry for item in shown] == [
        entry(number, sizes[number - 1]) for number in range(floor + 1, have + 1)
    ]


def test_entries_are_handed_on_once_and_in_order() -> None:
    replica = Replica(1)

    assert take(replica, 2, 3, 1, 2, 3) == [1, 2, 3]
    assert (replica.have, replica.chain) == (3, chain_of(1, 2, 3))


def test_an_entry_that_comes_twice_above_a_gap_counts_once() -> None:
    replica = Replica(1)

    assert take(replica, 2, 2, 1) == [1, 2]


def test_first_sight_of_a_log_begins_at_its_floor() -> None:
    replica = Replica(1)

    replica.begin(800, b"floor...")
    arrived = take(replica, 801)

    assert (replica.floor, arrived) == (800, [801])
    assert replica.chain == next_chain(b"floor...", entry(801).encode())


def test_parts_without_content_fill_no_memory_either() -> None:
    assembly, most = Assembly(), MAX_EARLY_BYTES // HELD_COST
    empty = [EntryPart(1, number, 1, 2, b"") for number in range(1, most + 100)]

    for piece in empty:
        assembly.add(piece)
    finished = [assembly.add(EntryPart(1, piece.number, 0, 2, b"x")) for piece in empty]

    assert finished.count(b"x") == most  # of the others the last part is missing again


def test_an_entry_that_cannot_be_is_refused_and_the_genuine_one_still_taken() -> None:
    replica = Replica(1)

    for rubbish in (b"", b"too short", bytes(26)):
        with pytest.raises(PeerError):
            replica.receive(EntryPart(1, 1, 0, 1, rubbish), 0.0, NEAR)
        with pytest.raises(PeerError):
            replica.insert(1, rubbish, 0.0, NEAR)

    assert (replica.have, replica.chain) == (0, FIRST_CHAIN)
    assert take(replica, 1) == [1]


def test_what_is_held_above_a_gap_is_bounded_and_what_fills_it_always_taken() -> None:
    replica = Replica(1)
    for number in range(2, 102):
        for piece in parts(number, MAX_TEXT):
            replica.receive(piece, 0.0, NEAR)

    (pull,) = [pull for pull in pulls(replica, 1.0) if pull.first > 1]
    arrived = take(replica, 1, now=1.0)

    assert pull.last == 101
    assert (pull.first - 2) * MAX_TEXT <= MAX_EARLY_BYTES
    assert arrived == list(range(1, pull.first))


def test_tiny_entries_above_a_gap_are_bounded_too() -> None:
    replica, most = Replica(1), MAX_EARLY_BYTES // HELD_COST

    take(replica, *range(2, most + 100))
    arrived = take(replica, 1)

    assert len(arrived) < most


# --- pulling ---


def test_a_gap_is_given_ten_milliseconds_to_close_by_itself() -> None:
    replica = Replica(1)

    take(replica, 2, now=5.0)
    early = pulls(replica, 5.0 + REORDER_WAIT - 0.001)

    assert REORDER_WAIT == 0.010
    assert early == []
    assert replica.next_timer() == 5.0 + REORDER_WAIT
    assert pulls(replica, 5.0 + REORDER_WAIT) == [Pull(1, 1, 0, 1)]


def test_on_a_long_path_a_gap_is_given_a_quarter_of_the_round_trip() -> None:
    replica = Replica(1)

    replica.receive(part(2), 5.0, FAR)

    assert pulls(replica, 5.02, FAR) == []
    assert pulls(replica, 5.025, FAR) == [Pull(1, 1, 0, 1)]


def test_reordering_pulls_nothing() -> None:
    replica = Replica(1)

    take(replica, 2, 1, now=5.0)

    assert pulls(replica, 9.0) == []


def test_a_higher_head_is_pulled_up_to() -> None:
    replica = Replica(1)
    take(replica, 1)
    replica.report()

    replica.learn_head(9, 5.0)

    assert replica.next_timer() == 5.0 + REORDER_WAIT
    assert pulls(replica, 6.0) == [Pull(1, 2, 0, 9)]


def test_a_head_that_is_told_again_neither_hastens_nor_forgets_the_pull() -> None:
    replica = Replica(1)
    replica.learn_head(9, 5.0)

    replica.learn_head(9, 5.005)

    assert replica.next_timer() == 5.0 + REORDER_WAIT


def test_each_gap_is_asked_for_and_no_more_than_sixteen_in_one_go() -> None:
    replica = Replica(1)
    take(replica, *range(2, 200, 2))

    asked = pulls(replica, 1.0)

    assert asked == [Pull(1, number, 0, number) for number in range(1, 2 * MAX_PULLS, 2)]


def test_a_pull_asks_for_the_first_part_that_is_missing() -> None:
    replica = Replica(1)
    for piece in parts(1, 5_000)[:3]:
        replica.receive(piece, 5.0, NEAR)

    assert pulls(replica, 5.0 + REORDER_WAIT) == [Pull(1, 1, 3, 1)]


def test_a_pull_without_an_answer_is_repeated_ever_more_rarely() -> None:
    replica = Replica(1)
    replica.learn_head(3, 0.0)

    times = []
    for _ in range(6):
        due = replica.next_timer()
        assert due is not None
        times.append(due)
        assert pulls(replica, due) == [Pull(1, 1, 0, 3)]

    waits = [round(after - before, 4) for before, after in pairwise(times)]
    assert waits == [0.16, 0.235, 0.3475, 0.51, 0.51]


def test_where_an_answer_ends_early_the_rest_is_pulled() -> None:
    replica = Replica(1)
    replica.learn_head(9, 0.0)
    pulls(replica, 1.0)

    take(replica, 1, 2, 3, now=1.1)

    assert pulls(replica, 1.1) == []
    assert pulls(replica, 1.1 + REORDER_WAIT) == [Pull(1, 4, 0, 9)]


def test_when_all_that_was_asked_for_is_here_the_next_gap_is_pulled_at_once() -> None:
    replica = Replica(1)
    take(replica, 2)
    pulls(replica, 1.0)
    take(replica, 4, now=1.05)

    take(replica, 1, now=1.1)

    assert pulls(replica, 1.1) == [Pull(1, 3, 0, 3)]


def test_in_a_busy_room_a_pull_that_got_lost_is_repeated_all_the_same() -> None:
    replica = Replica(1)
    take(replica, 2, now=0.0)
    asked = []

    for number in range(3, 103):  # somebody says something each 5 ms
        now = number * 0.005
        take(replica, number, now=now)
        asked += pulls(replica, now)

    assert len([pull for pull in asked if pull.first == 1]) >= 3


def test_when_the_last_gap_closes_nothing_is_pulled_any_more() -> None:
    replica = Replica(1)
    take(replica, 2)
    pulls(replica, 1.0)

    take(replica, 1, now=1.1)
    replica.report()

    assert replica.next_timer() is None
    assert pulls(replica, 99.0) == []


def test_who_is_told_a_head_of_nothing_may_not_read_and_stops() -> None:
    replica = Replica(1)
    take(replica, 1, 3)

    replica.learn_head(0, 1.0)
    take(replica, 4, now=1.1)
    replica.report()

    assert not replica.is_allowed
    assert replica.next_timer() is None
    assert pulls(replica, 99.0) == []


def test_who_never_got_anything_stops_too() -> None:
    replica = Replica(1)
    replica.learn_head(9, 0.0)

    replica.learn_head(0, 1.0)
    replica.receive(parts(5, 5_000)[0], 1.1, NEAR)

    assert not replica.is_allowed
    assert replica.next_timer() is None


def test_a_head_of_nothing_for_an_empty_log_forbids_nothing() -> None:
    replica = Replica(1)

    replica.learn_head(0, 1.0)

    assert replica.is_allowed
    assert take(replica, 1) == [1]


def test_a_log_offered_in_a_new_session_may_be_read_again() -> None:
    replica = Replica(1)
    replica.learn_head(9, 0.0)
    replica.learn_head(0, 0.0)

    replica.restart(5.0)

    assert replica.is_allowed
    assert pulls(replica, 5.0) == [Pull(1, 1, 0, 9)]


def test_after_coming_back_everything_after_have_is_pulled_at_once() -> None:
    replica = Replica(1)
    replica.begin(100, b"floor...")
    take(replica, 101, 102)
    replica.learn_head(150, 0.0)
    pulls(replica, 1.0)

    replica.restart(5.0)

    assert (replica.floor, replica.have) == (100, 102)
    assert pulls(replica, 5.0) == [Pull(1, 103, 0, 150)]
    assert replica.is_have_due(5.0)


def test_coming_back_to_a_log_that_did_not_grow_pulls_nothing() -> None:
    replica = Replica(1)
    take(replica, 1)

    replica.restart(5.0)

    assert pulls(replica, 99.0) == []


# --- HAVE ---


def test_have_goes_25_ms_after_the_first_unreported_entry() -> None:
    replica = Replica(1)

    take(replica, 1, now=5.0)
    take(replica, 2, now=5.02)

    assert HAVE_DELAY == 0.025
    assert replica.next_timer() == 5.025
    assert (replica.is_have_due(5.02), replica.is_have_due(5.025)) == (False, True)
    assert (replica.report(), replica.next_timer()) == ((1, 2), None)


def test_clients_report_a_little_apart_and_before_they_would_be_reminded() -> None:
    delays = {have_delay(bytes([first]) + bytes(15)) for first in range(256)}

    assert len(delays) == 256
    assert 0.015 <= min(delays) < 0.016 < 0.034 < max(delays) < 0.036 < FIRST_HEADS


def test_have_goes_at_once_when_64_kb_are_unreported() -> None:
    replica = Replica(1)

    for number in (1, 2):
        for piece in parts(number, HAVE_BYTES // 2):
            replica.receive(piece, 5.0, NEAR)

    assert replica.is_have_due(5.0)


def test_have_says_nothing_about_what_lies_above_a_gap() -> None:
    replica = Replica(1)

    take(replica, 1, 3)

    assert replica.report() == (1, 1)
    assert not replica.has_unreported


def test_whoever_is_sent_what_it_has_or_told_a_head_it_reached_says_so_again() -> None:
    repeated, told, both = Replica(1), Replica(1), Replica(1)
    for replica in (repeated, told, both):
        take(replica, 1)
        replica.report()

    take(repeated, 1, now=5.0)
    told.learn_head(1, 5.0)
    take(both, 1, now=5.0)
    take(both, 1, now=6.0)

    assert (repeated.next_timer(), told.next_timer(), both.next_timer()) == (5.0, 5.0, 5.0)


# --- scrolling up ---


def test_older_entries_are_asked_for_and_handed_over_when_all_are_here() -> None:
    older = OlderPull(1, 11, 13)
    asked = pulls(older, 0.0)

    complete = [older.receive(part(number), 1.0) for number in (13, 12, 12, 99, 10, 11)]

    assert asked == [Pull(1, 11, 0, 13)]
    assert complete == [False, False, False, False, False, True]
    assert older.entries() == tuple((number, entry(number)) for number in (11, 12, 13))


def test_only_what_is_still_missing_of_them_is_asked_for_again() -> None:
    older = OlderPull(1, 1, 9)
    pulls(older, 0.0)
    for number in (2, 3, 6):
        older.receive(part(number), 1.0)
    for piece in parts(7, 5_000)[:2]:
        older.receive(piece, 1.0)

    early = pulls(older, 1.0)
    due = older.next_timer()

    assert (early, due) == ([], 1.0 + REORDER_WAIT)
    assert pulls(older, due) == [Pull(1, 1, 0, 1), Pull(1, 4, 0, 5), Pull(1, 7, 2, 9)]


def test_an_older_pull_without_an_answer_is_repeated_ever_more_rarely() -> None:
    older = OlderPull(1, 1, 9)

    times = [0.0]
    for _ in range(4):
        assert len(pulls(older, times[-1])) == 1
        times.append(older.next_timer())

    waits = [after - before for before, after in pairwise(times)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_in_a_new_session_older_entries_are_asked_for_at_once() -> None:
    older = OlderPull(1, 1, 2)
    pulls(older, 0.0)
    older.receive(part(1), 0.0)

    older.restart(7.0)

    assert pulls(older, 7.0) == [Pull(1, 2, 0, 2)]


def test_an_older_entry_that_cannot_be_is_refused_and_the_genuine_one_still_taken() -> None:
    older = OlderPull(1, 1, 1)

    with pytest.raises(PeerError):
        older.receive(EntryPart(1, 1, 0, 1, b"rubbish"), 0.0)

    assert older.receive(part(1), 0.0)
