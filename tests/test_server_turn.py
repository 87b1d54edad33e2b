from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, START, StubbornStore, open_store

from conversation import NO_TAG, ROOM, Entry, EntryKind
from records import NoticeKind, Store, StoreNotice
from server_turn import Chores, Jobs, Turn


class Bench:
    """A turn, what it reported, and in which order things were done."""

    def __init__(self, store: StubbornStore) -> None:
        self.store = store
        self.reported: list[bool] = []
        self.done: list[str] = []
        self.turn = Turn(cast(Store, store), self.reported.append)

    def act(self, name: str) -> Callable[[float], None]:
        return lambda now: self.done.append(f"{name} at {now}")

    def write(self, text: str = "halo") -> None:
        self.store.append(ROOM, Entry(NO_TAG, EntryKind.TEXT, FIRST_UTC, 7, "Ana", text))

    def head(self) -> int:
        return self.store.storage.head(ROOM).number


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    store = open_store(folder)
    yield Bench(store)
    store.storage.close()


def test_what_was_written_is_on_disk_before_anything_is_said_about_it(bench: Bench) -> None:
    assert bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(lambda _: bench.store.journal.append("said"))
    bench.turn.when_undone(bench.act("undone"))

    committed = bench.turn.commit(START)

    assert bench.store.journal == ["append", "commit", "said"]
    assert committed is not None
    assert [stored.number for stored in committed] == [1]
    assert bench.done == []


def test_what_is_being_committed_is_known_before_it_is_on_disk(bench: Bench) -> None:
    bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(bench.act("kept"), is_plain=True)

    (early,) = bench.turn.begin_commit()

    assert bench.done == []
    assert bench.turn.commit(START) == (early,)
    assert bench.done == [f"kept at {START}"]
    assert bench.turn.begin_commit() == ()  # nothing was written since


def test_a_turn_that_changes_who_follows_what_tells_nothing_early(bench: Bench) -> None:
    bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(bench.act("posted"), is_plain=True)
    bench.turn.when_kept(bench.act("left"))

    assert bench.turn.begin_commit() == ()
    assert len(bench.turn.commit(START) or ()) == 1

    bench.turn.attempt(bench.write, START)
    assert len(bench.turn.begin_commit()) == 1  # it was that turn alone
    bench.turn.commit(START)


def test_a_disk_that_is_full_before_the_commit_begins_is_heard_of_when_it_ends(
    bench: Bench,
) -> None:
    bench.store.full = {"commit"}
    bench.turn.attempt(bench.write, START)
    bench.turn.when_undone(bench.act("undone"))

    assert bench.turn.begin_commit() == ()
    assert bench.turn.commit(START) is None
    assert bench.done == [f"undone at {START}"]
    assert bench.head() == 0


def test_acts_of_one_turn_are_done_once_and_in_order(bench: Bench) -> None:
    bench.turn.attempt(bench.write, START)
    for name in ("first", "second"):
        bench.turn.when_kept(bench.act(name))

    bench.turn.commit(START)
    bench.turn.attempt(bench.write, START + 1)
    bench.turn.commit(START + 1)

    assert bench.done == [f"first at {START}", f"second at {START}"]


def test_a_turn_that_wrote_nothing_costs_no_commit(bench: Bench) -> None:
    assert bench.turn.commit(START) is None

    assert bench.store.journal == []


@pytest.mark.parametrize("full", [set(), {"append"}, {"commit"}])
@pytest.mark.parametrize("writes", [True, False])
def test_what_is_told_when_a_turn_is_settled_is_told_once_whether_it_was_kept_or_not(
    bench: Bench, full: set[str], writes: bool
) -> None:
    bench.store.full |= full
    bench.turn.when_settled(lambda _: bench.done.append(f"head {bench.head()}"))

    if writes:
        bench.turn.attempt(bench.write, START)
    bench.turn.commit(START)
    bench.turn.commit(START)

    assert bench.done == [f"head {int(writes and not full)}"]


@pytest.mark.parametrize("method", ["append", "commit"])
def test_on_a_full_disk_nothing_of_the_turn_is_kept_and_nobody_hears_that_it_was(
    bench: Bench, method: str
) -> None:
    bench.turn.when_undone(bench.act("undone"))
    bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(bench.act("kept"))

    bench.store.full = {method}
    bench.turn.when_undone(bench.act("undone too"))
    taken = bench.turn.attempt(bench.write, START)
    committed = bench.turn.commit(START)

    assert taken is (method == "commit")
    assert committed is None
    assert bench.done == [f"undone at {START}", f"undone too at {START}"]
    assert bench.head() == 0
    assert bench.reported == [True]


def test_what_is_written_after_the_disk_was_found_full_in_the_same_turn_counts_for_itself(
    bench: Bench,
) -> None:
    bench.store.full = {"append"}
    bench.turn.attempt(bench.write, START)
    bench.store.full = set()
    bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(bench.act("kept"))

    committed = bench.turn.commit(START)

    assert committed is not None
    assert bench.head() == 1
    assert bench.done == [f"kept at {START}"]


def test_the_operator_hears_once_that_the_disk_is_full_and_once_that_it_is_not(
    bench: Bench,
) -> None:
    bench.store.full = {"append"}
    for turn in range(3):
        bench.turn.attempt(bench.write, START + turn)
        bench.turn.commit(START + turn)
    assert bench.reported == [True]

    bench.store.full = set()
    for turn in range(3, 6):
        bench.turn.attempt(bench.write, START + turn)
        bench.turn.commit(START + turn)
    assert bench.reported == [True, False]


def test_last_words_after_a_write_that_was_not_taken_are_said_at_the_end_of_the_turn(
    bench: Bench,
) -> None:
    bench.store.full = {"append"}
    bench.turn.attempt(bench.write, START)
    bench.turn.when_kept(bench.act("said"))

    bench.turn.commit(START)
    bench.turn.commit(START + 1)

    assert bench.done == [f"said at {START}"]


def test_jobs_come_out_in_order_and_each_end_gets_its_own_result() -> None:
    jobs = Jobs()
    ended: list[tuple[str, object, float]] = []
    jobs.run(lambda: 1, lambda result, now: ended.append(("first", result, now)))
    jobs.run(lambda: 2, lambda result, now: ended.append(("second", result, now)))

    first, second, third = jobs.next(), jobs.next(), jobs.next()
    assert first is not None
    assert second is not None
    jobs.finish(second.key, second.run(), 5.0)
    jobs.finish(first.key, first.run(), 6.0)

    assert third is None
    assert ended == [("second", 2, 5.0), ("first", 1, 6.0)]


def test_what_a_job_raised_is_raised_again_where_the_core_runs() -> None:
    jobs = Jobs()
    jobs.run(lambda: None, lambda result, now: None)
    job = jobs.next()
    assert job is not None

    with pytest.raises(OSError, match="worker"):
        jobs.finish(job.key, OSError("worker"), 5.0)


class Archivist:
    """A store's slow work and what it tells, as the test gives it out."""

    def __init__(self) -> None:
        self.chores = [lambda: None] * 2
        self.told = [StoreNotice(NoticeKind.ARCHIVE_LOCKED)]

    def next_chore(self) -> Callable[[], None] | None:
        return self.chores.pop() if self.chores else None

    def notices(self) -> list[StoreNotice]:
        told, self.told = self.told, []
        return told


def test_chores_are_done_one_at_a_time_and_what_they_did_is_told() -> None:
    store, jobs, told = Archivist(), Jobs(), list[StoreNotice]()
    chores = Chores(cast(Store, store), jobs, told.append)

    chores.look()
    chores.look()
    first = jobs.next()
    assert jobs.next() is None
    assert first is not None
    store.told = [StoreNotice(NoticeKind.ARCHIVE_WRITABLE)]
    jobs.finish(first.key, first.run(), START)
    second = jobs.next()
    assert second is not None
    jobs.finish(second.key, second.run(), START)

    assert jobs.next() is None
    assert [notice.kind for notice in told] == [
        NoticeKind.ARCHIVE_LOCKED,
        NoticeKind.ARCHIVE_WRITABLE,
    ]
