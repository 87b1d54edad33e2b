from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_parts import Post, numbers, person
from server_parts import FarEnd, StubbornStore, open_store

from conversation import ROOM
from protocol_frames import EntryPart, Heads, Pull, ReadTo
from server_delivery import LEFT_REPEATS


@pytest.fixture
def stubborn(folder: Path) -> Iterator[StubbornStore]:
    store = open_store(folder)
    yield store
    store.storage.close()


@pytest.fixture
def post(stubborn: StubbornStore) -> Post:
    return Post(stubborn)


def test_a_log_goes_to_those_who_follow_it_and_to_nobody_else(post: Post) -> None:
    ana, budi, citra = (post.reader(name) for name in ("Ana", "Budi", "Citra"))
    kimia, fisika = post.group(ana, budi), post.group(budi, citra)
    for far, group in ((ana, kimia), (budi, kimia), (budi, fisika), (citra, fisika)):
        post.delivery.follow(far.peer, group, 0, post.now)

    both = post.entries("rahasia", conversation=kimia) + post.entries("gaya", conversation=fisika)
    post.delivery.push(both, {}, post.now)

    def got(far: FarEnd) -> list[int]:
        return [part.conversation for part in far.took(EntryPart)]

    assert (got(ana), got(budi), got(citra)) == ([kimia], [kimia, fisika], [fisika])


def test_a_first_entry_makes_all_sessions_of_the_members_follow_and_they_are_reminded(
    post: Post,
) -> None:
    ana, budi, citra = (post.reader(name) for name in ("Ana", "Budi", "Citra"))
    tablet = post.reader(device_of=budi)
    private = post.store.add_private(person(ana), person(budi))
    post.store.commit()
    post.delivery.follow(ana.peer, private, 0, post.now)

    post.say("halo", author=ana, conversation=private)

    for far in (budi, tablet):
        assert [part.conversation for part in far.took(EntryPart)] == [private]
    post.pass_time(2)
    assert budi.took(Heads) == [Heads(((private, 1),))] * 3
    assert citra.frames() == []
    post.have(budi, 1, private)
    post.pass_time(10)
    assert budi.took(Heads) == []


def test_an_entry_of_a_member_who_does_not_follow_the_log_is_no_trouble(post: Post) -> None:
    ana = post.reader()
    group = post.group(ana)
    post.say("satu", conversation=group)
    post.delivery.forget(ana.peer)
    ana.frames()

    post.say("dua", author=ana, conversation=group)

    assert ana.took(EntryPart) == []


def test_a_person_s_sessions_are_introduced_to_a_log_and_those_that_follow_it_go_on(
    post: Post,
) -> None:
    ana = post.reader()
    tablet = post.reader(device_of=ana)
    group = post.group(ana)
    post.say("satu", "dua", conversation=group)
    post.delivery.follow(ana.peer, group, 2, post.now)

    post.delivery.introduce(person(ana), group, post.now)
    post.delivery.introduce(77, group, post.now)

    assert (ana.peer.feeds[group].have, tablet.peer.feeds[group].have) == (2, 0)


def test_following_on_begins_once_and_then_only_gets_further(post: Post) -> None:
    ana = post.reader()
    post.say("satu", "dua", "tiga")
    post.delivery.forget(ana.peer)

    haves = []
    for have in (1, 0, 3):
        post.delivery.follow_on(ana.peer, ROOM, have, post.now, unreached=2)
        haves.append(ana.peer.feeds[ROOM].have)

    assert haves == [1, 1, 3]
    assert ana.peer.feeds[ROOM].unreached == 2


def test_whoever_is_let_go_hears_it_in_all_sessions_and_then_nothing_more(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")
    tablet = post.reader(device_of=ana)
    group = post.group(ana, budi)
    for far in (ana, budi):
        post.delivery.follow(far.peer, group, 0, post.now)
    post.say("satu", conversation=group)
    for far in (ana, budi, tablet):
        far.frames()
    post.delivery.forget(tablet.peer)

    post.delivery.let_go(person(ana), group)
    post.say("dua", conversation=group)
    post.pass_time(20)

    assert ana.frames() == tablet.frames() == [Heads(((group, 0),))]
    assert numbers(budi.took(EntryPart)) == [2]


def test_that_a_log_is_let_go_of_is_said_again_until_a_loss_of_all_is_past_belief(
    post: Post,
) -> None:
    ana, group = post.reader(), post.group()
    post.delivery.let_go(person(ana), group)
    ana.frames()

    told = [post.delivery.queue_heads(ana.peer) for _ in range(LEFT_REPEATS + 1)]

    assert told == [True] * LEFT_REPEATS + [False]
    assert ana.took(Heads) == [Heads(((group, 0),))] * LEFT_REPEATS


def test_whoever_follows_a_log_again_or_is_nobody_is_not_told_to_let_go_of_it(post: Post) -> None:
    ana, budi, group = post.reader("Ana"), post.reader("Budi"), post.group()
    for far in (ana, budi):
        post.delivery.let_go(person(far), group)
        far.frames()

    post.delivery.introduce(person(ana), group, post.now)
    post.delivery.forget(budi.peer)
    for far in (ana, budi):
        post.delivery.queue_heads(far.peer)

    assert ana.took(Heads) == budi.took(Heads) == []


def test_what_the_worker_reads_for_who_leaves_meanwhile_is_not_sent(
    stubborn: StubbornStore,
) -> None:
    old = Post(stubborn)
    group = old.group()
    old.say("satu", conversation=group)
    post = Post(stubborn)  # as after a restart
    ana = post.reader()
    post.delivery.follow(ana.peer, group, 0, post.now)
    post.delivery.receive_pull(ana.peer, Pull(group, 1, 0, 1), post.now)

    post.delivery.let_go(person(ana), group)
    post.finish_reads()

    assert ana.took(EntryPart) == []


def test_of_logs_that_nobody_follows_nothing_is_left_to_do(post: Post) -> None:
    ana = post.reader()
    group = post.group(ana)
    post.delivery.follow(ana.peer, group, 0, post.now)
    post.say("satu", author=ana, conversation=group)

    post.delivery.forget(ana.peer)
    post.delivery.count_again(post.now)

    assert post.delivery.next_timer() is None
    assert list(post.delivery.followers(group)) == []


def test_who_comes_back_to_a_log_that_nobody_followed_is_told_its_head_as_it_is_now(
    post: Post,
) -> None:
    ana = post.reader()
    group = post.group(ana)
    post.say("satu", conversation=group)
    post.delivery.forget(ana.peer)
    post.say("dua", conversation=group)

    post.delivery.follow(ana.peer, group, 0, post.now)

    ana.frames()
    assert post.delivery.queue_heads(ana.peer)
    assert ana.took(Heads) == [Heads(((group, 2),))]


def test_how_far_somebody_has_read_reaches_their_other_sessions_alone(post: Post) -> None:
    ana, budi = post.reader("Ana"), post.reader("Budi")
    tablet, phone = post.reader(device_of=ana), post.reader(device_of=ana)

    post.delivery.tell_read(person(ana), tablet.peer, ROOM, 5)

    assert ana.frames() == phone.frames() == [ReadTo(ROOM, 5)]
    assert tablet.frames() == budi.frames() == []
