"""Files that are pulled and supplied, over bad paths in virtual time and by hand."""

import hashlib
from itertools import pairwise

import pytest
from transfer_path import FILE, Link, Transfer, World

from protocol import BLOCK, MAX_RANGES, PeerError
from protocol_frames import Chunk, Ping, Want, decode_frames
from protocol_guards import RoundTrip
from transfer import (
    ASK_AGAIN,
    FORGET_AFTER,
    MAX_QUEUED,
    MAX_QUEUED_RANGES,
    MAX_SUPPLIED,
    MAX_TURN,
    STOP_INTERVAL,
    VANISHED,
    Puller,
    Run,
    Supplier,
)
from transfer_blocks import Bitmap, block_count

ROOM = 1152
LARGE = 8904
OTHER = b"\xf2" * 32


def content(size: int) -> bytes:
    return hashlib.shake_128(b"a file").digest(size)


def bad(world: World, seed: int = 7) -> Link:
    """1 MB/s, 20 ms; loses, doubles and mixes up."""
    link = Link(world, 4e6, 0.01, 200_000, loss=0.3, duplication=0.25, jitter=0.005)
    link.random.seed(seed)
    return link


def good(world: World, bandwidth: float = 10e6) -> Link:
    return Link(world, bandwidth, 0.005, 1e6)


def trip(seconds: float) -> RoundTrip:
    round_trip = RoundTrip()
    round_trip.sample(seconds)
    return round_trip


def puller(size: int, bitmap: Bitmap | None = None) -> Puller:
    return Puller(FILE, size, bitmap or Bitmap(block_count(size)))


def half_of(puller: Puller) -> bool:
    """More than that is here."""
    return 2 * puller.bitmap.count > puller.bitmap.blocks


def wants(frames: list[bytes]) -> list[Want]:
    decoded = [frame for encoded in frames for frame in decode_frames(encoded)]
    return [frame for frame in decoded if isinstance(frame, Want)]


def wanted(frames: list[bytes]) -> list[int]:
    """The blocks that the WANTs among these frames name."""
    return [
        block
        for want in wants(frames)
        for first, count in want.ranges
        for block in range(first, first + count)
    ]


def wanted_anew(frames: list[bytes], before: list[bytes]) -> list[int]:
    """The blocks at places in the row that the frames before did not speak of."""
    end = max(want.place + sum(count for _, count in want.ranges) for want in wants(before))
    row = [
        (place, block)
        for want in wants(frames)
        for place, block in enumerate(wanted([want.encode()]), want.place)
    ]
    return [block for place, block in row if place >= end]


# --- over paths ---


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 100 * BLOCK + 7])
@pytest.mark.parametrize("seed", range(3))
def test_files_of_all_sizes_arrive_over_a_path_that_loses_doubles_and_mixes_up(
    size: int, seed: int
) -> None:
    world = World()
    whole = content(size)
    transfer = Transfer(world, bad(world, seed), bad(world, seed + 9), size, content=whole)

    transfer.run()

    assert transfer.assembled == whole
    assert transfer.puller.is_complete


def test_five_megabytes_arrive_over_such_a_path() -> None:
    world = World()
    whole = content(5_000_000)
    transfer = Transfer(world, bad(world), bad(world), len(whole), content=whole)

    transfer.run()

    assert transfer.assembled == whole


def test_an_empty_file_is_complete_at_once_and_said_to_be_here() -> None:
    empty = puller(0)

    assert empty.is_complete
    assert wants(empty.frames_due(1.0, RoundTrip())) == [Want(FILE, 1, ())]


def test_on_a_clean_path_every_block_is_sent_once() -> None:
    world = World()
    transfer = Transfer(world, good(world), good(world), 3_000_000, room=8904)

    transfer.run()

    assert transfer.sent_blocks == block_count(3_000_000)


@pytest.mark.parametrize("room", [ROOM, 1408, 8904, 31_952])
def test_datagrams_of_all_sizes_carry_whole_blocks(room: int) -> None:
    world = World()
    whole = content(300_001)
    transfer = Transfer(world, good(world), good(world), len(whole), content=whole, room=room)

    transfer.run()

    assert transfer.assembled == whole


def test_after_a_restart_little_comes_again() -> None:
    world = World()
    there, back = good(world, 2e6), good(world)
    whole = content(2_000_000)
    before = Transfer(world, there, back, len(whole), content=whole)
    world.run(lambda: half_of(before.puller), 10)
    saved = before.puller.bitmap.encode()
    before.is_supplied = False

    again = Bitmap(block_count(len(whole)), saved)
    after = Transfer(world, there, back, len(whole), content=whole, bitmap=again)
    after.run()

    assert (before.received | after.received).keys() == set(range(block_count(len(whole))))
    assert before.sent_blocks + after.sent_blocks <= 1.05 * block_count(len(whole))


def test_a_new_puller_in_the_same_session_is_understood() -> None:
    world = World()
    there, back = good(world), good(world)
    supplier = Supplier()
    before = Transfer(world, there, back, 3_000_000, supplier=supplier)
    world.run(lambda: half_of(before.puller), 10)
    before.is_supplied = False

    after = Transfer(world, there, back, 3_000_000, supplier=supplier)

    after.run()


def test_a_supplier_that_comes_back_later_goes_on() -> None:
    world = World()
    transfer = Transfer(world, good(world), good(world), 3_000_000)
    world.run(lambda: half_of(transfer.puller), 10)

    transfer.is_supplied = False
    world.run_for(20)
    transfer.is_supplied, transfer.supplier = True, Supplier()

    transfer.run(10)


def test_the_speed_is_what_comes_in_a_second() -> None:
    world = World()
    transfer = Transfer(world, good(world, 2e6), good(world), 20_000_000)

    world.run_for(6)

    assert transfer.puller.speed == pytest.approx(1.8e6, rel=0.2)


# --- the puller, by hand ---


def test_at_first_it_asks_for_the_beginning_and_for_no_more_than_a_window() -> None:
    pulled = puller(10_000_000)

    frames = pulled.frames_due(1.0, trip(0.1))

    (want,) = wants(frames)
    assert want.ranges[0][0] == 0
    assert len(wanted(frames)) * BLOCK <= pulled.control.window
    assert want.rate == int(pulled.control.rate / 1000)
    assert any(isinstance(decode_frames(frame)[0], Ping) for frame in frames)


def test_what_is_here_is_not_asked_for() -> None:
    bitmap = Bitmap(10)
    bitmap.add(2, 3)
    bitmap.add(7, 1)

    frames = puller(10 * BLOCK, bitmap).frames_due(1.0, trip(0.1))

    assert wanted(frames) == [0, 1, 5, 6, 8, 9]


def test_no_want_has_more_ranges_than_a_peer_takes() -> None:
    bitmap = Bitmap(64)
    for block in range(0, 64, 2):
        bitmap.add(block, 1)

    frames = puller(64 * BLOCK, bitmap).frames_due(1.0, trip(0.1))

    assert [len(want.ranges) for want in wants(frames)] == [MAX_RANGES] * 2
    assert wanted(frames) == list(range(1, 64, 2))
    first, second = wants(frames)
    assert second.place == first.place + MAX_RANGES


@pytest.mark.parametrize(
    ("first", "size"),
    [
        (0, 1),  # short, where it must not be
        (0, BLOCK + 1),
        (2, BLOCK),  # longer than the last block is
        (2, 1),
        (1, 3 * BLOCK),
        (3, 1),
    ],
)
def test_a_chunk_that_cannot_be_of_this_file_is_refused(first: int, size: int) -> None:
    pulled = puller(2 * BLOCK + 5)

    with pytest.raises(PeerError):
        pulled.receive(Chunk(FILE, first, b"x" * size), 1.0)

    assert pulled.bitmap.count == 0


def test_only_what_is_new_in_a_chunk_is_to_be_written() -> None:
    pulled = puller(5 * BLOCK + 5)
    data = content(5 * BLOCK + 5)

    assert pulled.receive(Chunk(FILE, 1, data[BLOCK : 2 * BLOCK]), 1.0) == [
        (1, data[BLOCK : 2 * BLOCK])
    ]
    assert pulled.receive(Chunk(FILE, 0, data), 1.0) == [
        (0, data[:BLOCK]),
        (2, data[2 * BLOCK :]),
    ]
    assert pulled.receive(Chunk(FILE, 0, data), 1.0) == []


def test_what_later_blocks_have_overtaken_is_asked_for_again_after_some_time() -> None:
    pulled = puller(1000 * BLOCK)
    first = pulled.frames_due(1.0, trip(0.1))
    pulled.receive(Chunk(FILE, 1, bytes(60 * BLOCK)), 1.1)

    at_once = wanted_anew(pulled.frames_due(1.1, trip(0.1)), first)
    due = pulled.next_timer()
    later = wanted_anew(pulled.frames_due(1.15, trip(0.1)), first)

    assert set(range(61)) < set(wanted(first))
    assert due is not None
    assert 1.1 <= due <= 1.15
    assert 0 not in at_once
    assert 0 in later


def test_a_late_first_copy_does_not_count_as_the_second() -> None:
    pulled = puller(1000 * BLOCK)
    first = pulled.frames_due(1.0, trip(0.1))
    pulled.receive(Chunk(FILE, 1, bytes(60 * BLOCK)), 1.1)
    pulled.frames_due(1.1, trip(0.1))
    again = pulled.frames_due(1.15, trip(0.1))
    assert 0 in wanted_anew(again, first)

    pulled.receive(Chunk(FILE, 0, bytes(BLOCK)), 1.16)

    # as if it were the second copy, all that was asked for before it would be lost by now
    assert 80 not in wanted_anew(pulled.frames_due(1.21, trip(0.1)), again)


def test_what_was_given_up_and_comes_late_is_not_asked_for_again() -> None:
    pulled = puller(1000 * BLOCK)
    first = pulled.frames_due(1.0, trip(0.1))
    pulled.receive(Chunk(FILE, 1, bytes(2 * BLOCK)), 1.1)
    pulled.frames_due(1.1, trip(0.1))
    pulled.frames_due(1.15, trip(0.1))  # lost, but so little has come that more must wait

    pulled.receive(Chunk(FILE, 0, bytes(BLOCK)), 1.16)
    pulled.receive(Chunk(FILE, 3, bytes(70 * BLOCK)), 1.16)
    more = wanted_anew(pulled.frames_due(1.16, trip(0.1)), first)

    assert more
    assert 0 not in more


def test_where_nothing_comes_all_is_asked_for_again_and_less_and_less_often() -> None:
    pulled = puller(8 * BLOCK)
    pulled.frames_due(1.0, trip(0.01))
    now, asked_at = 1.0, []

    while now < 30.0:
        due = pulled.next_timer()
        assert due is not None
        now = max(now + 1e-6, due)
        places = {want.place for want in wants(pulled.frames_due(now, trip(0.01)))}
        asked_at += [(now, place) for place in places]

    rows = sorted({place for _, place in asked_at})
    first_said = [min(at for at, other in asked_at if other == row) for row in rows]
    gaps = [later - earlier for earlier, later in pairwise(first_said)]
    assert gaps[0] < 0.2
    assert gaps[-1] == pytest.approx(1.0, abs=0.2)
    assert len(asked_at) < 90  # and it is said at least each second that it still is wanted
    assert max(b - a for (a, _), (b, _) in pairwise(asked_at)) <= ASK_AGAIN * 1.1


def test_a_file_that_is_here_is_said_to_be_so_once_and_again_if_more_comes() -> None:
    pulled = puller(3 * BLOCK)
    assert pulled.next_timer() == 0.0  # nothing has been asked for yet
    pulled.frames_due(1.0, trip(0.1))
    pulled.receive(Chunk(FILE, 0, bytes(3 * BLOCK)), 1.1)

    assert pulled.next_timer() == 0.0
    (want,) = wants(pulled.frames_due(1.1, trip(0.1)))
    assert (want.ranges, want.rate) == ((), 1)
    assert pulled.frames_due(1.2, trip(0.1)) == []
    assert pulled.next_timer() is None

    pulled.receive(Chunk(FILE, 0, bytes(BLOCK)), 1.11)
    assert pulled.frames_due(1.12, trip(0.1)) == []  # not for each
    assert pulled.next_timer() == pytest.approx(1.1 + STOP_INTERVAL)
    assert len(wants(pulled.frames_due(1.3, trip(0.1)))) == 1


def test_a_pause_stops_the_supplier_and_what_still_comes_is_kept() -> None:
    pulled = puller(1000 * BLOCK)
    pulled.frames_due(1.0, trip(0.1))
    pulled.pause()
    pulled.pause()

    (stop,) = wants(pulled.frames_due(1.1, trip(0.1)))
    assert stop.ranges == ()
    assert pulled.receive(Chunk(FILE, 0, bytes(BLOCK)), 1.15) == [(0, bytes(BLOCK))]
    assert pulled.frames_due(1.15, trip(0.1)) == []
    pulled.resume()

    assert wanted(pulled.frames_due(2.0, trip(0.1)))[0] == 1


def test_who_pauses_before_the_first_word_says_nothing() -> None:
    pulled = puller(1000 * BLOCK)
    pulled.pause()

    assert pulled.frames_due(1.0, trip(0.1)) == []
    assert pulled.next_timer() is None


def test_a_complete_file_that_is_resumed_still_owes_its_last_word() -> None:
    pulled = puller(BLOCK)
    pulled.receive(Chunk(FILE, 0, bytes(BLOCK)), 1.0)

    pulled.resume()

    assert len(wants(pulled.frames_due(1.0, trip(0.1)))) == 1


def test_a_supplier_that_has_nothing_is_believed_until_one_asks_anew() -> None:
    pulled = puller(1000 * BLOCK)
    pulled.frames_due(1.0, trip(0.1))

    refused = []
    for rate in (1, 0):
        pulled.receive_want(Want(FILE, rate, ()))
        refused.append(pulled.is_refused)

    assert refused == [False, True]
    assert pulled.frames_due(2.0, trip(0.1)) == []
    assert pulled.next_timer() is None
    pulled.resume()
    assert wanted(pulled.frames_due(3.0, trip(0.1)))[0] == 0


def test_who_has_it_all_is_not_refused() -> None:
    pulled = puller(0)

    pulled.receive_want(Want(FILE, 0, ()))

    assert not pulled.is_refused


# --- the supplier ---


def sent(runs: list[Run]) -> list[int]:
    return [block for run in runs for block in range(run.first, run.first + run.blocks)]


def drain(supplier: Supplier, now: float, room: int = ROOM) -> tuple[list[int], float]:
    """All that is sent until nothing is queued, and when that is."""
    blocks: list[int] = []
    while (due := supplier.next_timer()) is not None:
        now = max(now, due)
        blocks += sent(supplier.frames_due(now + 1e-9, room))
    return blocks, now


def test_what_is_wanted_is_sent_in_order_and_at_the_rate() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 100, ((5, 50), (0, 2)), 7), 100 * BLOCK, 1.0)

    blocks, ends = drain(supplier, 1.0)

    assert blocks == [*range(5, 55), 0, 1]
    assert ends - 1.0 == pytest.approx(52 * BLOCK / 100_000, rel=0.05)


def test_a_want_that_repeats_another_sends_nothing_twice() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 1000, ((0, 10),), 100), 100 * BLOCK, 1.0)
    before, now = drain(supplier, 1.0)

    supplier.receive(Want(FILE, 1000, ((0, 10), (20, 5)), 100), 100 * BLOCK, now)
    supplier.receive(Want(FILE, 1000, ((0, 10),), 100), 100 * BLOCK, now)  # late
    after, _ = drain(supplier, now)

    assert (before, after) == ([*range(10)], [*range(20, 25)])


def test_a_want_that_does_not_adjoin_begins_anew() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 1000, ((0, 90),), 100), 100 * BLOCK, 1.0)

    supplier.receive(Want(FILE, 1000, ((3, 2),), 191), 100 * BLOCK, 1.0)

    assert drain(supplier, 1.0)[0] == [3, 4]


def test_a_want_without_ranges_ends_it() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 1000, ((0, 90),)), 100 * BLOCK, 1.0)

    supplier.receive(Want(FILE, 1, ()), 100 * BLOCK, 1.0)

    assert (len(supplier), supplier.next_timer()) == (0, None)


def test_blocks_beyond_the_end_are_no_wish_but_a_fault() -> None:
    with pytest.raises(PeerError):
        Supplier().receive(Want(FILE, 1000, ((0, 3),)), 2 * BLOCK, 1.0)


def test_several_files_share_a_turn() -> None:
    supplier = Supplier()
    for file in (FILE, OTHER):
        supplier.receive(Want(file, 10_000_000, ((0, 10_000),)), 20_000 * BLOCK, 1.0)

    runs = supplier.frames_due(1.1, ROOM)

    assert {run.file for run in runs} == {FILE, OTHER}
    assert len(sent(runs)) * BLOCK <= MAX_TURN
    assert len(sent([run for run in runs if run.file == FILE])) == MAX_TURN // 2 // BLOCK
    assert list(dict.fromkeys(run.file for run in supplier.frames_due(1.2, ROOM))) == [FILE, OTHER]


def test_a_slow_file_is_sent_a_datagram_at_a_time_so_that_nobody_waits_behind_it() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 64, ((0, 100),)), 100 * BLOCK, 1.0)

    assert supplier.frames_due(1.0, ROOM) == []
    due = supplier.next_timer()
    assert due == pytest.approx(1.0 + BLOCK / 64_000)
    assert sent(supplier.frames_due(1.02, ROOM)) == [0]


def test_runs_are_as_many_blocks_as_fill_datagrams() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 10_000_000, ((0, 10_000),)), 20_000 * BLOCK, 1.0)

    runs = supplier.frames_due(1.1, 31_952)

    assert {run.blocks for run in runs} == {31}


def test_a_run_is_as_much_as_one_system_call_sends() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 10_000_000, ((0, 10_000),)), 20_000 * BLOCK, 1.0)

    assert [run.blocks for run in supplier.frames_due(1.1, ROOM)][:2] == [58, 58]


def test_ranges_that_follow_each_other_go_in_the_same_chunks() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 10_000_000, ((0, 10),)), 20_000 * BLOCK, 1.0)
    supplier.receive(Want(FILE, 10_000_000, ((10, 90), (200, 5)), 10), 20_000 * BLOCK, 1.0)

    runs = supplier.frames_due(1.1, 31_952)

    assert [(run.first, run.blocks) for run in runs] == [
        *((0, 31), (31, 31), (62, 31), (93, 7)),
        (200, 5),
    ]


def test_who_has_gone_is_sent_no_more() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 1, ((0, 100),)), 100 * BLOCK, 1.0)

    assert supplier.frames_due(1.1 + FORGET_AFTER, ROOM) == []
    assert len(supplier) == 0


def test_whatever_is_wished_is_bounded() -> None:
    supplier = Supplier()
    blocks = 2 * MAX_QUEUED
    for number in range(2 * MAX_SUPPLIED):
        file = bytes([number]) * 32
        supplier.receive(Want(file, 0, ((0, blocks), (0, 1))), blocks * BLOCK, float(number))
    assert len(supplier) == MAX_SUPPLIED
    last = bytes([2 * MAX_SUPPLIED - 1]) * 32
    for number in range(MAX_SUPPLIED, 2 * MAX_SUPPLIED - 1):
        supplier.drop(bytes([number]) * 32)

    supplier.receive(Want(last, 0xFFFFFFFF, ((0, 1),), blocks + 1), blocks * BLOCK, 40.0)
    assert len(drain(supplier, 40.0, 31_952)[0]) == MAX_QUEUED

    for place in range(2 * MAX_QUEUED_RANGES):
        supplier.receive(Want(FILE, 0xFFFFFFFF, ((2 * place, 1),), place), blocks * BLOCK, 41.0)
    assert len(drain(supplier, 41.0)[0]) == MAX_QUEUED_RANGES


def test_a_file_that_is_dropped_is_sent_no_more() -> None:
    supplier = Supplier()
    supplier.receive(Want(FILE, 1, ((0, 100),)), 100 * BLOCK, 1.0)

    supplier.drop(FILE)
    supplier.drop(OTHER)

    assert supplier.frames_due(5.0, ROOM) == []


def stuck(
    supplier: Supplier,
    times: int,
    room: int,
    *,
    first: int = 0,
    begin: int = 0,
    is_sent: bool = True,
) -> list[bool]:
    """The puller takes back all it asked for and begins anew with the same block, so many times."""
    told = []
    for time in range(begin, begin + times):
        supplier.receive(Want(FILE, 1000, ((first, 50),), 1 + 100 * time), 100 * BLOCK, 1.0)
        if is_sent:
            drain(supplier, 1.0, room)
        told.append(supplier.take_vanishing())
    return told


def test_large_datagrams_that_never_come_are_noticed_and_told_once() -> None:
    assert stuck(Supplier(), VANISHED + 2, LARGE) == [False] * VANISHED + [True, False]


def test_whatever_vanishes_that_is_small_or_was_not_sent_says_nothing_of_sizes() -> None:
    assert not any(stuck(Supplier(), 20, ROOM))
    assert not any(stuck(Supplier(), 20, LARGE, is_sent=False))


def test_as_long_as_some_of_it_comes_large_datagrams_do() -> None:
    supplier = Supplier()

    told = [stuck(supplier, 1, LARGE, first=turn, begin=turn) for turn in range(20)]

    assert told == [[False]] * 20
