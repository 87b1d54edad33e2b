from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_parts import Post, numbers, person
from server_parts import START, FarEnd, StubbornStore, limits, open_store

from conversation import ROOM
from protocol import MAX_PLAINTEXT, PeerError
from protocol_frames import EntryPart, Have, Heads, Pull, Reached, Typing
from server_delivery import LITTLE, MAX_HAVE_PAIRS, REACHED_INTERVAL, TYPING_INTERVAL


@pytest.fixture
def stubborn(folder: Path) -> Iterator[StubbornStore]:
    store = open_store(folder)
    yield store
    store.storage.close()


@pytest.fixture
def post(stubborn: StubbornStore) -> Post:
    return Post(stubborn)


# --- pushing ---


def test_what_was_committed_is_pushed_once_to_everyone_who_follows(post: Post) -> None:
    ana, budi, elsewhere = post.reader(), post.reader(), FarEnd(port=9)

    stored = post.say("satu", "dua")

    for far in (ana, budi):
        parts = far.took(EntryPart)
        assert [part.body for part in parts] == [one.body for one in stored]
        assert numbers(parts) == [1, 2]
    assert post.woken == [ana.peer, budi.peer]
    assert elsewhere.frames() == []
    post.pass_time(0)
    assert ana.took(EntryPart) == []


def test_entries_of_one_turn_travel_together(post: Post) -> None:
    ana = post.reader()

    post.say(*(f"nomor {number}" for number in range(8)))

    (burst,) = ana.peer.session.take_bursts(START)
    assert len(burst.datagrams) == 1


def sealed(post: Post, texts: list[str], but_for: list[FarEnd], *followers: FarEnd) -> list[int]:
    """For whom of the followers a turn with these texts is sealed before it is on disk."""
    stored = tuple(post.entries(*texts))
    bursts = list(post.delivery.seal(stored, {far.peer.key for far in but_for}, post.now))
    places = [far.peer.session.address for far in followers]
    post.delivery.push(stored, {}, post.now)
    return [places.index(burst.address) for burst in bursts]


def test_what_is_little_is_sealed_before_it_is_on_disk_and_then_not_pushed_again(
    post: Post,
) -> None:
    ana, budi = post.reader(), post.reader()
    post.say("nol")
    post.have(ana, 1)
    ana.frames()
    budi.frames()

    (stored,) = post.entries("satu")
    for_ana, for_budi = post.delivery.seal((stored,), set(), post.now)
    post.delivery.push([stored], {}, post.now)

    entry = EntryPart(ROOM, stored.number, 0, 1, stored.body)
    assert ana.opened([for_ana]) == budi.opened([for_budi]) == [entry]
    assert ana.frames() == budi.frames() == []
    post.say("dua")  # what was sealed in one turn says nothing about the next
    assert numbers(ana.took(EntryPart)) == numbers(budi.took(EntryPart)) == [3]


def test_early_is_sealed_only_for_those_to_whom_nothing_else_goes(post: Post) -> None:
    ana, budi, citra = post.reader(), post.reader(), post.reader()
    post.say("nol")
    for far in (ana, budi, citra):
        far.frames()
    budi.peer.session.queue(Heads(((ROOM, 1),)).encode())

    assert sealed(post, ["satu"], [citra], ana, budi, citra) == [0]
    assert numbers(budi.took(EntryPart)) == numbers(citra.took(EntryPart)) == [2]


def test_nothing_is_sealed_early_of_much_or_of_a_log_that_begins_or_of_two_at_once(
    post: Post,
) -> None:
    ana = post.reader()
    group = post.group(ana)

    assert sealed(post, ["yang pertama"], [], ana) == []
    assert sealed(post, ["x"] * (LITTLE + 1), [], ana) == []
    assert sealed(post, ["x" * MAX_PLAINTEXT], [], ana) == []
    both = post.entries("di sini") + post.entries("di sana", conversation=group)
    assert list(post.delivery.seal(tuple(both), set(), post.now)) == []
    post.entries("kedua", conversation=group)
    nobody_follows = tuple(post.entries("ketiga", conversation=group))
    assert list(post.delivery.seal(nobody_follows, set(), post.now)) == []
    assert list(post.delivery.seal((), set(), post.now)) == []


def test_who_lags_gets_nothing_early(stubborn: StubbornStore) -> None:
    post = Post(stubborn, limits(lag_bytes=50))
    ana = post.reader(have=0)
    post.say("satu", "dua", "tiga")
    ana.frames()

    assert sealed(post, ["empat"], [], ana) == []


def test_an_author_alone_in_a_turn_gets_no_entry_since_posted_says_all(post: Post) -> None:
    ana, budi = post.reader(), post.reader()

    post.say("satu", author=ana)
    assert ana.took(EntryPart) == []
    assert numbers(budi.took(EntryPart)) == [1]

    both = post.entries("dua", "tiga")
    post.delivery.push(both, {(ROOM, 2): ana.peer, (ROOM, 3): budi.peer}, post.now)
    assert numbers(ana.took(EntryPart)) == [2, 3]


def test_entries_of_a_conversation_that_nobody_follows_are_pushed_to_nobody(post: Post) -> None:
    ana = post.reader()
    post.delivery.push([], {}, post.now)
    post.delivery.forget(ana.peer)
    post.say("satu")

    assert list(post.delivery.followers(ROOM)) == []
    assert ana.took(EntryPart) == []
    assert post.delivery.next_timer() is None


def test_an_author_who_has_left_since_is_no_trouble(post: Post) -> None:
    ana = post.reader()
    post.delivery.forget(ana.peer)

    post.say("satu", author=ana)

    assert ana.frames() == []


def test_a_turn_that_brings_more_than_memory_keeps_is_told_by_its_head(
    stubborn: StubbornStore,
) -> None:
    post = Post(stubborn, limits(log_cache_bytes=1000))
    ana = post.reader()

    post.say(*(f"{number} " + "x" * 300 for number in range(20)))
    post.pass_time(0.06)

    assert ana.frames() == [Heads(((ROOM, 20),))]
    post.pull(ana, 1, 20)
    post.finish_reads()
    assert numbers(ana.took(EntryPart)) == list(range(1, 21))


# --- flow control ---


def test_who_lags_256_kb_gets_heads_only_and_costs_the_others_nothing(post: Post) -> None:
    slow, quick = post.reader(), post.reader()
    for turn in range(30):
        post.say("x" * 10_000)
        post.have(quick, turn + 1)
    got = slow.took(EntryPart)
    lag = sum(len(part.encode()) for part in got)

    assert 256 * 1024 <= lag + 10_000 <= 256 * 1024 + 20_000
    assert numbers(quick.took(EntryPart))[-1] == 30
    post.pass_time(0.06)
    assert slow.took(Heads)[-1] == Heads(((ROOM, 30),))


def test_who_caught_up_is_pushed_to_again(post: Post) -> None:
    slow = post.reader()
    for _ in range(30):
        post.say("x" * 10_000)
    slow.frames()

    post.have(slow, 30)
    post.say("lagi")

    assert numbers(slow.took(EntryPart)) == [31]


def test_who_is_further_back_than_memory_goes_gets_heads_only(stubborn: StubbornStore) -> None:
    post = Post(stubborn, limits(log_cache_bytes=2000))
    slow = post.reader(have=0)
    for _ in range(20):
        post.say("x" * 300)
    slow.frames()

    post.say("lagi")

    assert slow.took(EntryPart) == []


# --- heads ---


def test_heads_are_told_again_after_a_while_to_whoever_has_not_reported(post: Post) -> None:
    ana = post.reader()
    ana.peer.session.round_trip.sample(0.1)
    post.pass_time(1)
    post.say("satu")
    start = post.now

    told: list[float] = []
    while (timer := post.delivery.next_timer()) is not None and timer < start + 60:
        post.now = timer
        post.delivery.handle_timer(timer)
        if ana.took(Heads):
            told.append(round(timer - start, 3))

    assert told == [0.175, 0.375, 1.375, 6.375]  # max(50 ms, 1.5 srtt + 25 ms), 0.2, 1 and 5 s


def test_who_has_reported_all_is_not_told(post: Post) -> None:
    ana = post.reader()
    post.say("satu")
    post.have(ana, 1)

    post.pass_time(20)

    assert ana.took(Heads) == []
    assert not post.delivery.queue_heads(ana.peer)


def test_with_a_keepalive_heads_are_told_whenever_something_lacks(post: Post) -> None:
    ana = post.reader()
    post.say("satu")
    ana.frames()

    assert post.delivery.queue_heads(ana.peer)

    assert ana.took(Heads) == [Heads(((ROOM, 1),))]


def test_paths_that_lose_large_datagrams_are_found_out(post: Post) -> None:
    ana = post.reader()
    session = ana.peer.session
    session.path_size.take_probe(7, START)
    assert session.path_size.receive_pong(7)
    assert session.path_size.datagram > 1200

    post.say("satu")
    post.pass_time(10)

    assert session.path_size.datagram == 1200


# --- HAVE ---


def test_a_have_beyond_the_head_ends_the_session(post: Post) -> None:
    ana = post.reader()
    post.say("satu")

    with pytest.raises(PeerError):
        post.have(ana, 2)


def test_a_have_of_what_one_does_not_follow_or_that_is_old_changes_nothing(post: Post) -> None:
    ana = post.reader()
    post.say("satu", "dua")
    post.have(ana, 2)

    post.have(ana, 1)
    post.have(ana, 5, conversation=2)

    assert ana.peer.feeds[ROOM].have == 2


def test_a_have_says_only_so_much(post: Post) -> None:
    ana = post.reader()
    post.say("satu")
    many = tuple((99, 1) for _ in range(MAX_HAVE_PAIRS))

    post.delivery.receive_have(ana.peer, Have((*many, (ROOM, 1))), post.now)

    assert ana.peer.feeds[ROOM].have == 0


# --- PULL ---


def test_a_pull_is_answered_lowest_first_and_from_the_part_that_lacks(post: Post) -> None:
    ana = post.reader()
    post.say("satu", "y" * 2500, "tiga")
    ana.frames()

    assert [(p.number, p.part) for p in post.pull(ana, 2, 3, part=1)] == [(2, 1), (2, 2), (3, 0)]
    assert numbers(post.pull(ana, 3, 99)) == [3]
    assert post.pull(ana, 4, 99) == []


def test_pulls_bring_64_kib_a_turn(post: Post) -> None:
    ana = post.reader()
    post.say(*(f"{number} " + "x" * 900 for number in range(200)))
    ana.frames()

    first = post.pull(ana, 1, 200)
    more = post.pull(ana, 100, 200)
    post.now += 0.001
    next_turn = post.pull(ana, 100, 200)

    size = sum(len(part.encode()) for part in first)
    assert 64 * 1024 <= size < 64 * 1024 + 1100
    assert numbers(first) == list(range(1, len(first) + 1))
    assert more == []
    assert next_turn[0].number == 100


def test_who_may_not_read_is_told_heads_of_zero(post: Post) -> None:
    ana = post.reader()
    group = post.group()
    post.say("satu", conversation=group)

    for elsewhere in (group, group + 1, 0, (1 << 64) - 1):
        post.delivery.receive_pull(ana.peer, Pull(elsewhere, 1, 0, 5), post.now)

        assert ana.frames() == [Heads(((elsewhere, 0),))]


def test_a_member_who_has_come_back_and_pulls_before_following_is_not_sent_away(
    post: Post,
) -> None:
    ana = post.reader()
    group = post.group(ana)
    post.say("satu")
    post.say("dua", conversation=group)
    post.delivery.forget(ana.peer)
    ana.frames()

    for conversation in (ROOM, group):
        post.delivery.receive_pull(ana.peer, Pull(conversation, 1, 0, 5), post.now)

    assert ana.frames() == []


def test_a_pull_in_a_session_with_nobody_behind_it_is_ignored(post: Post) -> None:
    ana = post.reader()
    post.delivery.forget(ana.peer)
    ana.peer.member = None

    post.delivery.receive_pull(ana.peer, Pull(2, 1, 0, 5), post.now)

    assert ana.frames() == []


def test_what_a_crowded_memory_dropped_is_read_by_the_worker_and_told_by_heads_alone(
    stubborn: StubbornStore,
) -> None:
    post = Post(stubborn, limits(log_cache_bytes=1000))
    ana = post.reader()
    mine, others = post.group(ana), post.group()
    post.delivery.follow(ana.peer, mine, 0, post.now)
    post.say("x" * 900, conversation=mine)
    post.say("y" * 900, conversation=others)
    ana.frames()

    post.pass_time(1)
    assert set(ana.took(Heads)) == {Heads(((mine, 1),))}
    post.delivery.receive_pull(ana.peer, Pull(mine, 1, 0, 1), post.now)
    post.finish_reads()

    assert numbers(ana.took(EntryPart)) == [1]


def test_what_memory_does_not_hold_is_read_by_the_worker_once_at_a_time(
    stubborn: StubbornStore,
) -> None:
    Post(stubborn).entries(*(f"lama {number}" for number in range(50)))
    post = Post(stubborn)  # as after a restart
    ana = post.reader()

    assert post.pull(ana, 1, 50) == []
    assert post.pull(ana, 20, 50) == []
    assert len(post.reads) == 1
    post.finish_reads()
    assert numbers(ana.took(EntryPart)) == list(range(1, 51))

    post.pull(ana, 7, 7)
    post.finish_reads()
    assert numbers(ana.took(EntryPart)) == [7]


def test_what_the_worker_read_for_a_session_that_has_ended_is_sent_to_nobody(
    stubborn: StubbornStore,
) -> None:
    Post(stubborn).entries("lama")
    post = Post(stubborn)
    ana = post.reader()
    post.pull(ana, 1, 1)

    post.delivery.forget(ana.peer)
    post.finish_reads()

    assert ana.frames() == []


# --- receipts ---


def test_authors_are_told_what_everyone_present_has(post: Post) -> None:
    ana, budi, citra = (post.reader(name) for name in ("Ana", "Budi", "Citra"))
    post.say("satu", "dua", author=ana)
    post.have(ana, 2)
    post.have(budi, 2)
    post.have(citra, 1)
    post.pass_time(REACHED_INTERVAL)

    assert ana.took(Reached) == [Reached(((ROOM, 1),))]
    post.have(citra, 2)
    post.pass_time(REACHED_INTERVAL)
    assert ana.took(Reached) == [Reached(((ROOM, 2),))]
    assert budi.took(Reached) == citra.took(Reached) == []


def test_receipts_come_at_most_every_200_ms(post: Post) -> None:
    ana = post.reader()
    start = post.now
    for number in range(1, 101):
        post.say(f"nomor {number}", author=ana)
        post.have(ana, number)
        post.pass_time(0.01)

    assert len(ana.took(Reached)) <= (post.now - start) / REACHED_INTERVAL + 1


def test_who_is_away_holds_up_no_receipt_and_neither_does_who_leaves(post: Post) -> None:
    ana, budi, citra = (post.reader(name) for name in ("Ana", "Budi", "Citra"))
    post.say("satu", author=ana)
    post.have(ana, 1)
    post.pass_time(5)
    assert ana.took(Reached) == []

    assert budi.peer.member is not None
    budi.peer.member.is_away = True
    post.delivery.forget(citra.peer)
    post.delivery.count_again(post.now)
    post.pass_time(0)

    assert ana.took(Reached) == [Reached(((ROOM, 1),))]


def test_a_session_without_a_person_counts_for_nothing(post: Post) -> None:
    ana, budi = post.reader(), post.reader()
    post.say("satu", author=ana)
    post.have(ana, 1)
    budi.peer.member = None

    post.pass_time(REACHED_INTERVAL)

    assert ana.took(Reached) == [Reached(((ROOM, 1),))]


def test_a_newcomer_takes_no_receipt_back(post: Post) -> None:
    ana = post.reader()
    post.say("satu", author=ana)
    post.have(ana, 1)
    post.pass_time(1)
    ana.frames()

    post.reader("Budi", have=0)
    post.delivery.count_again(post.now)
    post.pass_time(1)

    assert ana.took(Reached) == []


def test_a_lost_receipt_is_told_again_with_a_keepalive_until_all_is_reached(post: Post) -> None:
    ana = post.reader()
    post.delivery.queue_reached(ana.peer)
    post.say("satu", "dua", author=ana)
    post.have(ana, 1)
    post.pass_time(1)
    ana.frames()

    post.delivery.queue_reached(ana.peer)
    assert ana.took(Reached) == [Reached(((ROOM, 1),))]
    post.have(ana, 2)
    post.pass_time(1)
    ana.frames()
    post.delivery.queue_reached(ana.peer)
    post.delivery.queue_reached(ana.peer)
    assert ana.took(Reached) == [Reached(((ROOM, 2),))]


def test_an_author_who_comes_back_is_told_of_what_was_said_before(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")
    post.say("satu", author=ana)
    post.delivery.forget(ana.peer)

    again = FarEnd(port=9000)
    again.peer.member = ana.peer.member
    post.delivery.follow(again.peer, ROOM, 1, post.now, unreached=1)
    post.have(budi, 1)
    post.pass_time(1)

    assert again.took(Reached) == [Reached(((ROOM, 1),))]


def test_who_lacks_an_entry_can_be_told(post: Post) -> None:
    ana, budi, left = post.reader("Ana"), post.reader("Budi"), post.reader("Citra")
    left.peer.member = None
    post.say("satu", "dua")
    post.have(ana, 2)
    post.have(budi, 1)

    assert post.delivery.lacking(ROOM, 1) == []
    assert post.delivery.lacking(ROOM, 2) == [budi.peer.member]
    assert post.delivery.lacking(2, 1) == []


def test_who_has_an_entry_on_one_device_does_not_lack_it(post: Post) -> None:
    ana = post.reader("Ana")
    budi = post.reader("Budi")
    tablet = post.reader(device_of=budi)
    post.say("satu", author=ana)
    post.have(ana, 1)

    post.have(tablet, 1)
    post.pass_time(1)

    assert post.delivery.lacking(ROOM, 1) == []
    assert ana.took(Reached) == [Reached(((ROOM, 1),))]


def test_a_change_of_who_is_here_is_counted_where_a_receipt_is_due_and_nowhere_else(
    post: Post,
) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")
    quiet, due = post.group(ana, budi), post.group(ana, budi)
    for far in (ana, budi):
        post.delivery.follow(far.peer, quiet, 0, post.now)
        post.delivery.follow(far.peer, due, 0, post.now)
    post.say("satu", author=ana, conversation=due)
    post.have(ana, 1, due)
    post.pass_time(60)

    post.delivery.forget(budi.peer)
    post.delivery.count_again(post.now)

    assert post.delivery.next_timer() == post.now
    post.pass_time(0)
    assert ana.took(Reached) == [Reached(((due, 1),))]
    post.delivery.count_again(post.now)
    assert post.delivery.next_timer() != post.now


# --- typing ---


def test_typing_reaches_the_others_thinned_to_one_in_three_seconds(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")

    for _ in range(60):
        post.delivery.receive_typing(ana.peer, Typing(ROOM), post.now)
        post.pass_time(0.1)

    assert ana.took(Typing) == []
    assert budi.took(Typing) == [Typing(ROOM, 1)] * 3
    assert 0.85 * 3 <= TYPING_INTERVAL <= 3


def test_typing_where_one_is_not_or_as_nobody_is_told_to_nobody(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")

    post.delivery.receive_typing(ana.peer, Typing(2), post.now)
    ana.peer.member = None
    post.delivery.receive_typing(ana.peer, Typing(ROOM), post.now)

    assert budi.took(Typing) == []


def test_a_person_s_other_device_is_not_told_that_they_type(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")
    tablet = post.reader(device_of=ana)

    post.delivery.receive_typing(ana.peer, Typing(ROOM), post.now)

    assert tablet.took(Typing) == []
    assert budi.took(Typing) == [Typing(ROOM, person(ana))]
