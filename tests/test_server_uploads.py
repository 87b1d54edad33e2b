"""Files on their way to the server: what of them is believed, when, and by whom."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conversation_parts import account, asked, finish_jobs, gets, says
from server_parts import Room, limits
from sharing_parts import NAME, Sharer, fetch, made

from conversation import ROOM
from protocol import BLOCK, CloseCode, Code, Verb
from protocol_frames import Chunk, Want
from records import FileRecord
from server_stock import MAX_IDLE
from server_uploads import MAX_REFUSED

DATA = made(100)
FILE = sha256(DATA).digest()


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- what is believed ---


def test_what_is_offered_is_pulled_verified_and_then_here(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)

    assert ana.has() is False
    assert ana.supplies() == 100
    assert ana.hints()
    assert ana.has() is True

    assert room.shelf.read(FILE, 0, 100) == DATA
    record = room.store.file(FILE)
    assert record == FileRecord(FILE, len(DATA), ana.guest.person, record.at, name=NAME)


def test_an_empty_file_is_here_without_a_block(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), b"")

    assert ana.has() is False
    assert ana.has() is True
    assert room.shelf.has(sha256(b"").digest())


def test_nothing_is_believed_before_its_hash_is_known(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), room.comes("Budi")
    ana.has()
    room.held_jobs = []
    ana.supplies()

    assert ana.has() is False
    assert ana.note() is Code.FILE_MISSING
    assert fetch(room, budi, FILE, 100).is_denied

    finish_jobs(room)
    assert ana.has() is True
    assert ana.note() is Code.OK


def test_nothing_is_believed_that_the_store_could_not_keep(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.held_jobs = []
    ana.supplies()
    room.store.full = {"commit"}
    finish_jobs(room)

    room.store.full.clear()
    assert not room.shelf.has(FILE)
    assert ana.offers().code is Code.NO_SPACE
    ana.shares()


def test_a_file_that_is_here_stays_when_what_came_again_could_not_be_kept(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    kimia = gets(ana.guest, Verb.ADD_GROUP, "Kimia")
    ana.shares(kimia)
    budi.has()
    room.held_jobs = []
    budi.supplies()
    room.store.full = {"bring_file"}
    finish_jobs(room)

    room.store.full.clear()
    assert budi.offers().code is Code.NO_SPACE
    assert fetch(room, ana.guest, FILE, 100).data == DATA


def test_what_is_not_what_was_offered_is_said_so_and_gone(room: Room) -> None:
    liar = Sharer(room.comes("Ana"), made(100, 2), FILE)
    liar.has()
    liar.supplies()
    assert liar.hints()

    assert liar.offers().code is Code.FILE_CHANGED
    assert not room.shelf.has(FILE)
    assert room.store.file(FILE) is None


def test_refusals_that_nobody_asks_for_are_kept_for_some_files_only(room: Room) -> None:
    ana = room.comes("Ana")
    lies = [Sharer(ana, b"a", bytes([label]) * 32) for label in range(MAX_REFUSED + 2)]
    for one in lies:
        one.has()
        one.supplies()

    assert asked(ana, Verb.DROP, {"file": lies[2].file.hex()}).code is Code.OK
    codes = [one.offers().code for one in (lies[0], lies[2], lies[3])]
    assert codes == [Code.OK, Code.OK, Code.FILE_CHANGED]


def test_after_a_lie_the_offer_can_begin_anew(room: Room) -> None:
    liar = Sharer(room.comes("Ana"), made(100, 2), FILE)
    liar.has()
    liar.supplies()
    assert liar.offers().code is Code.FILE_CHANGED

    Sharer(liar.guest, DATA).shares()


def test_what_came_wrongly_in_an_earlier_visit_is_pulled_again_and_nobody_is_blamed(
    room: Room,
) -> None:
    earlier = Sharer(room.comes("Ana"), made(100, 2), FILE)
    earlier.has()
    earlier.supplies(20)
    room.pass_time(1)
    assert earlier.guest.comes_back(None).code is Code.OK
    earlier.guest.frames.clear()
    ana = Sharer(earlier.guest, DATA)
    ana.has()

    assert ana.supplies() == 80 + 100
    assert ana.has() is True


def test_a_large_file_is_verified_with_other_work_in_between(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    verdicts = iter((None, None, True))
    room.shelf.shelf.verify = lambda file: lambda: next(verdicts)  # type: ignore[method-assign]
    ana.has()
    room.held_jobs = []
    ana.supplies()

    for _ in range(3):
        assert len(room.held_jobs) == 1
        job = room.held_jobs.pop()
        room.core.handle_result(job.key, job.run(), room.now)
        room.end_turn()
    assert room.held_jobs == []
    assert room.store.file(FILE) is not None


def test_blocks_that_cannot_be_of_the_file_end_the_session(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()

    ana.guest.send(Chunk(FILE, 100, b"x").encode())

    assert {close.code for close in ana.guest.closed} == {CloseCode.BROKEN}


def test_blocks_that_nobody_asked_a_session_for_are_nothing(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    budi.sends([0])
    ana.has()
    budi.sends([0])
    budi.has()
    budi.sends([0])
    budi.guest.send(Want(FILE, 0, ()).encode())

    assert ana.supplies() == 100
    ana.sends([7])
    assert not budi.guest.closed
    assert not ana.guest.closed


# --- who has shown to have it ---


def test_what_was_shared_where_somebody_reads_needs_not_to_be_sent_again(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    budi = Sharer(room.comes("Budi"), DATA)

    assert budi.has() is True
    assert budi.note() is Code.OK


def test_a_hash_alone_opens_nothing(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    kimia = gets(ana.guest, Verb.ADD_GROUP, "Kimia")
    ana.shares(kimia)

    assert budi.has() is False
    assert budi.note() is Code.FILE_MISSING
    assert fetch(room, budi.guest, FILE, 100).is_denied

    budi.supplies()
    assert budi.has() is True
    assert budi.note() is Code.OK
    assert fetch(room, budi.guest, FILE, 100).data == DATA


def test_a_lie_about_a_file_that_is_here_harms_it_not(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    kimia = gets(ana.guest, Verb.ADD_GROUP, "Kimia")
    ana.shares(kimia)
    liar = Sharer(room.comes("Budi"), made(100, 2), FILE)
    liar.has()
    liar.supplies()

    assert liar.offers().code is Code.FILE_CHANGED
    assert fetch(room, ana.guest, FILE, 100).data == DATA


def test_a_wrong_size_of_a_file_that_is_here_is_pulled_like_any_other(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.shares()

    assert ana.offers(size=len(DATA) + 1).fields == {"have": False}


def test_who_offers_what_somebody_else_is_sending_sends_it_after_that(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    ana.has()
    budi.has()
    assert budi.wanted() == []

    ana.supplies()

    assert ana.has() is True
    assert budi.has() is False
    assert budi.supplies() == 100
    assert budi.has() is True


def test_who_may_read_it_by_then_needs_not(room: Room) -> None:
    ana, budi = Sharer(room.comes("Ana"), DATA), Sharer(room.comes("Budi"), DATA)
    ana.has()
    budi.has()
    ana.supplies()
    assert ana.note() is Code.OK

    assert budi.has() is True
    budi.wanted()
    room.pass_time(5)
    assert budi.wanted() == []


def test_what_one_device_sent_the_other_may_share(room: Room) -> None:
    phone, laptop = (Sharer(device, DATA) for device in account(room, "Ana"))
    phone.has()
    laptop.has()
    phone.supplies()

    assert laptop.hints()
    assert laptop.has() is True
    assert laptop.wanted() == []


def test_an_offer_of_another_size_waits_and_is_pulled_from_the_start(room: Room) -> None:
    liar = Sharer(room.comes("Ana"), made(50, 2), FILE)
    ana = Sharer(room.comes("Budi"), DATA)
    liar.has()
    ana.has()
    liar.supplies()
    assert liar.offers().code is Code.FILE_CHANGED

    assert ana.supplies() == 100
    assert ana.has() is True


def test_an_offer_with_another_size_takes_the_place_of_the_first(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.offers(size=5 * BLOCK)
    ana.wanted()

    ana.has()

    assert ana.supplies() == 100


# --- limits ---


def test_a_file_that_is_too_large_is_refused_with_the_limit(folder: Path) -> None:
    with Room(folder, limits=limits(file_bytes=50_000)) as room:
        ana = Sharer(room.comes("Ana"), DATA)

        answer = ana.offers()

        assert (answer.code, answer.fields) == (Code.FILE_TOO_LARGE, {"limit": 50_000})
        assert ana.offers(size=50_000).code is Code.OK


def test_all_files_together_have_a_limit(folder: Path) -> None:
    with Room(folder, limits=limits(files_bytes=250_000)) as room:
        ana = Sharer(room.comes("Ana"), DATA)
        ana.shares()
        other = Sharer(ana.guest, made(100, 3))
        other.has()
        third = Sharer(ana.guest, made(100, 4))

        answer = third.offers()

        assert answer.code is Code.NO_SPACE
        assert answer.fields == {"limit": 250_000, "free": room.settings.limits.free_bytes}


def test_the_disk_is_not_filled_with_files(folder: Path) -> None:
    with Room(folder, limits=limits(free_bytes=1_000_000)) as room:
        room.shelf.free_bytes = 1_000_000 + 2 * len(DATA)
        guest = room.comes("Ana")
        codes = [Sharer(guest, made(100, label)).offers().code for label in range(3)]

        assert codes == [Code.OK, Code.OK, Code.NO_SPACE]


def test_whoever_offers_more_than_the_first_hears_in_turn_that_there_is_no_room(
    folder: Path,
) -> None:
    with Room(folder, limits=limits(files_bytes=150_000)) as room:
        ana, budi = room.comes("Ana"), room.comes("Budi")
        others: list[Sharer] = []
        for label in range(2):
            data = made(100, label)
            assert Sharer(ana, data).offers(size=1).code is Code.OK
            others.append(Sharer(budi, data))
            assert others[-1].offers().code is Code.OK
            asked(ana, Verb.DROP, {"file": others[-1].file.hex()})

        assert [one.offers().code for one in others] == [Code.OK, Code.NO_SPACE]


def test_parts_that_nobody_goes_on_with_make_room(folder: Path) -> None:
    with Room(folder, limits=limits(files_bytes=250_000)) as room:
        left = [
            Sharer(room.comes(name), made(100, label)) for label, name in ((5, "Eka"), (6, "Dewi"))
        ]
        for one in left:
            one.has()
            one.supplies(10)
            asked(one.guest, Verb.EXIT, {})
        ana = Sharer(room.comes("Ana"), DATA)

        ana.shares()

        assert room.shelf.unfinished() == {left[1].part: len(DATA)}


def test_no_part_is_lost_for_a_file_that_has_no_room_even_then(folder: Path) -> None:
    with Room(folder, limits=limits(free_bytes=1_000_000)) as room:
        for label in range(3):
            left = Sharer(room.comes(f"Eka {label}"), made(100, label))
            left.has()
            left.supplies(50)
            left.stops()
        room.shelf.free_bytes = 1_000_000
        budi = room.comes("Budi")

        assert Sharer(budi, made(200, 8)).offers().code is Code.NO_SPACE
        assert len(room.shelf.unfinished()) == 3
        assert Sharer(budi, made(80, 9)).offers().code is Code.OK
        assert len(room.shelf.unfinished()) == 1 + 1


def test_what_is_refused_for_want_of_space_stays_as_it_was(folder: Path) -> None:
    with Room(folder) as room:
        ana = Sharer(room.comes("Ana"), DATA)
        ana.has()
        ana.supplies(30)
        ana.stops()
        room.shelf.free_bytes = 0
        assert ana.offers().code is Code.NO_SPACE

        room.shelf.free_bytes = 100 << 30
        ana.wanted()
        ana.has()
        assert ana.supplies() == 70


def test_one_person_has_so_many_files_on_their_way(folder: Path) -> None:
    with Room(folder, limits=limits(uploads=2)) as room:
        phone, laptop = account(room, "Ana")
        assert Sharer(phone, made(3, 1)).has() is False
        assert Sharer(laptop, made(3, 2)).has() is False

        answer = Sharer(laptop, made(3, 3)).offers()

        assert (answer.code, answer.fields) == (Code.SERVER_FULL, {"limit": 2})
        assert Sharer(room.comes("Budi"), made(3, 3)).has() is False


@pytest.mark.parametrize("step", ["write", "mark"])
def test_a_full_disk_ends_the_offer_and_chat_goes_on(room: Room, step: str) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    ana.supplies(30)
    room.shelf.full = {step}
    ana.sends([50, 51])

    assert ana.hints()
    assert ana.offers().code is Code.NO_SPACE
    assert says(ana.guest, ROOM, "halo") == [Code.OK]
    assert room.shelf.unfinished() == {}
    room.shelf.full.clear()
    ana.shares()


def test_a_disk_that_is_full_at_the_end_ends_the_offer(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.shelf.full = {"verify later"}
    ana.supplies()

    assert ana.offers().code is Code.NO_SPACE
    assert room.store.file(FILE) is None


def test_a_disk_without_room_for_a_part_refuses_it_at_once(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    room.shelf.full = {"begin"}

    assert ana.offers().code is Code.NO_SPACE
    room.shelf.full.clear()
    ana.shares()


def test_a_disk_that_others_fill_meanwhile_ends_the_offer_and_nothing_else(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), made(2000))
    ana.has()
    room.shelf.free_bytes = 0
    ana.supplies()

    assert ana.offers().code is Code.NO_SPACE
    room.pass_time(2.0)  # nothing is due for it any more
    room.shelf.free_bytes = 100 << 30
    Sharer(room.comes("Budi"), DATA).shares()


def test_a_disk_that_others_fill_takes_parts_that_wait_before_what_is_coming(
    folder: Path,
) -> None:
    with Room(folder, limits=limits(free_bytes=1_000_000)) as room:
        left, ana = Sharer(room.comes("Eka"), made(100, 3)), Sharer(room.comes("Ana"), DATA)
        left.has()
        left.supplies(50)
        left.stops()
        ana.has()
        ana.supplies(10)
        room.shelf.free_bytes = 999_000
        room.pass_time(3)
        assert room.shelf.unfinished() == {ana.part: len(DATA)}

        room.shelf.free_bytes = 1_000_000
        ana.supplies()
        assert ana.has() is True


def test_parts_left_behind_are_not_more_than_so_many(room: Room) -> None:
    ana = room.comes("Ana")
    files = [Sharer(ana, made(1, label)) for label in range(MAX_IDLE + 1)]
    for one in files:
        one.has()
        one.stops()

    assert set(room.shelf.unfinished()) == {one.part for one in files[1:]}


# --- a start ---


def test_what_was_verified_when_a_cut_came_is_known_after_the_start(room: Room) -> None:
    ana = Sharer(room.comes("Ana"), DATA)
    ana.has()
    room.held_jobs = []
    ana.supplies()
    (job,) = room.held_jobs
    assert job.run() is True

    room.held_jobs = None
    room.restart()

    assert [one.file for one in room.store.newest_files(9)] == [FILE]
    assert ana.guest.comes_back(None).code is Code.OK
    assert ana.has() is False  # who brought it was lost: it is shown again


def test_what_the_operator_removed_is_gone_after_a_cut_too(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    room.store.remove_file(FILE)
    room.store.commit()

    room.restart()

    assert not room.shelf.has(FILE)


def test_what_was_shared_is_there_after_a_restart(room: Room) -> None:
    Sharer(room.comes("Ana"), DATA).shares()
    room.restart()

    assert fetch(room, room.comes("Budi"), FILE, 100).data == DATA
