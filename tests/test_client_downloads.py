"""Files a client fetches: pulled, checked, saved, against a server made by hand."""

from hashlib import sha256

import pytest
from client_file_parts import FileSeat, chunks_of, made, note_of, run_held, saved
from shelf_parts import bitmap, names, open_shelf, put

from client_disk import HIDDEN
from client_events import (
    Connection,
    ConnectionChanged,
    Ended,
    EndReason,
    Leave,
)
from client_file_events import (
    DropFile,
    FetchFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    PauseFile,
    ResumeFile,
)
from client_files import MAX_MOVING
from conversation import FileNote
from protocol import BLOCK, CloseCode, Code
from protocol_frames import Chunk, Want


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK + 5])
def test_what_is_fetched_is_saved_as_it_was(seat: FileSeat, size: int) -> None:
    data = made(size)

    seat.fetch(data)
    seat.pass_time(3.0)

    assert saved(seat) == {"foto.png": data}
    assert seat.ended == FileEnded(
        1, note_of(data), is_upload=False, path=seat.downloads / "foto.png"
    )
    assert seat.states()[-1] is FileState.CHECKING
    assert names(seat.downloads / HIDDEN) == ["0.lock"]


def test_it_is_saved_where_the_user_wants_it_under_a_safe_name(seat: FileSeat) -> None:
    data = made(10)
    seat.host.has[sha256(data).digest()] = data
    note = FileNote(sha256(data).digest(), 10, "CON")

    seat.do(FetchFile(1, note, seat.home / "lain"))
    seat.pass_time(1.0)

    assert seat.ended.path == seat.home / "lain" / "_CON"
    assert (seat.home / "lain" / "_CON").read_bytes() == data


def test_a_damaged_file_is_fetched_once_more(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    wrong = made(5 * BLOCK, label=2)
    seat.host.has[sha256(data).digest()] = wrong
    seat.held_jobs = []
    seat.do(FetchFile(1, note_of(data)))
    seat.pass_time(1.0)
    seat.host.has[sha256(data).digest()] = data

    run_held(seat)

    assert seat.ended.trouble is None
    assert saved(seat) == {"foto.png": data}


def test_one_that_is_damaged_twice_is_given_up(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    seat.host.has[sha256(data).digest()] = made(5 * BLOCK, label=2)

    seat.do(FetchFile(1, note_of(data)))
    seat.pass_time(3.0)

    assert seat.ended.trouble is FileTrouble.DAMAGED
    assert seat.host.supplied == 10
    assert saved(seat) == {}
    assert names(seat.downloads / HIDDEN) == ["0.lock"]


def test_one_of_another_size_than_was_said_is_no_such_file(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    seat.host.has[sha256(data).digest()] = data + b"lebih"
    note = FileNote(sha256(data).digest(), 4 * BLOCK + 1, "foto.png")

    seat.do(FetchFile(1, note))
    seat.pass_time(1.0)

    assert seat.ended.trouble is FileTrouble.DAMAGED
    assert seat.host.inits == 1


@pytest.mark.parametrize(
    ("place", "trouble"),
    [
        (0, Code.FILE_MISSING),
        (Code.FILE_MISSING, Code.FILE_MISSING),
        (Code.FILE_REMOVED, Code.FILE_REMOVED),
        (Code.FILE_TOO_LARGE, Code.FILE_TOO_LARGE),
        (Code.NO_SPACE, Code.NO_SPACE),
        (Code.OK, Code.FILE_MISSING),
    ],
)
def test_what_the_server_has_not_for_us_ends_with_what_it_says_of_it(
    seat: FileSeat, place: int, trouble: Code
) -> None:
    data = made(5 * BLOCK)
    seat.do(FetchFile(1, note_of(data)))

    seat.hear(Want(sha256(data).digest(), 0, (), place).encode())

    assert seat.ended.trouble is trouble
    seat.hear(Want(sha256(data).digest(), 0, ()).encode())
    assert len(seat.saw(FileEnded)) == 1


def test_a_word_that_there_is_nothing_comes_too_late_when_all_is_here(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    seat.held_jobs = []
    seat.fetch(data)
    seat.pass_time(1.0)

    seat.hear(Want(sha256(data).digest(), 0, ()).encode())
    run_held(seat)

    assert seat.ended.trouble is None


def test_what_comes_twice_while_all_is_checked_and_saved_is_no_harm(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    again = Chunk(sha256(data).digest(), 0, data[:BLOCK]).encode()
    seat.held_jobs = []
    seat.fetch(data)
    seat.pass_time(1.0)

    seat.hear(again)
    assert seat.states()[-1] is FileState.CHECKING
    while seat.held_jobs:
        job = seat.held_jobs.pop(0)
        seat.core.handle_result(job.key, job.run(), seat.now)
        seat.end_turn()
        seat.hear(again)

    assert seat.ended.trouble is None
    assert saved(seat) == {"foto.png": data}


def test_a_paused_download_goes_on_where_it_was(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.fetch(data)

    seat.do(PauseFile(1))
    seat.pass_time(0.2)
    assert seat.saw(FileMoved)[-1].state is FileState.PAUSED
    assert seat.saw(FileMoved)[-1].done == 100 * BLOCK
    assert seat.host.got(Want)[-1].ranges == ()
    seat.host.limit = 1000
    seat.pass_time(5.0)
    assert seat.host.supplied == 100
    seat.do(ResumeFile(1))
    seat.pass_time(5.0)

    assert seat.ended.trouble is None
    assert seat.host.supplied == 400
    assert saved(seat) == {"foto.png": data}


def test_one_that_is_paused_before_its_turn_waits(seat: FileSeat) -> None:
    seat.host.limit = 0
    for ticket in range(1, MAX_MOVING + 2):
        seat.fetch(made(BLOCK, ticket), f"{ticket}", ticket)
    seat.do(PauseFile(MAX_MOVING + 1))
    seat.host.limit = 100

    seat.pass_time(5.0)
    assert len(saved(seat)) == MAX_MOVING
    seat.do(ResumeFile(MAX_MOVING + 1))
    seat.pass_time(5.0)

    assert len(saved(seat)) == MAX_MOVING + 1
    assert seat.states(MAX_MOVING + 1)[:3] == [
        FileState.WAITING,
        FileState.PAUSED,
        FileState.MOVING,
    ]


def test_four_move_at_a_time_and_others_wait_for_their_turn(seat: FileSeat) -> None:
    seat.host.limit = 0

    for ticket in range(1, 8):
        seat.fetch(made(3 * BLOCK, ticket), f"{ticket}", ticket)

    assert len({want.file for want in seat.host.got(Want)}) == MAX_MOVING
    assert seat.states(5) == [FileState.WAITING]
    seat.host.limit = 100
    seat.pass_time(5.0)
    assert [end.trouble for end in seat.saw(FileEnded)] == [None] * 7
    assert len(saved(seat)) == 7


def test_one_file_fetched_twice_is_saved_twice(seat: FileSeat) -> None:
    data, other = made(3 * BLOCK), made(5)
    seat.host.limit = 0

    seat.fetch(data)
    seat.fetch(data, ticket=2)
    seat.fetch(other, "lain", ticket=3)
    seat.host.limit = 100
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data, "foto (2).png": data, "lain": other}
    assert [end.ticket for end in seat.saw(FileEnded)][-1] == 2


def test_what_is_dropped_is_wanted_no_more_and_leaves_nothing(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.fetch(data)
    seat.pass_time(0.2)
    assert any(seat.downloads.rglob("*.part"))

    seat.do(DropFile(1))
    seat.pass_time(0.2)

    assert seat.ended.trouble is FileTrouble.DROPPED
    assert seat.host.got(Want)[-1].ranges == ()
    assert names(seat.downloads) == ["0.lock"]


def test_one_that_is_dropped_before_it_goes_on_leaves_nothing_of_an_earlier_visit(
    seat: FileSeat,
) -> None:
    data = made(10 * BLOCK)
    shelf = open_shelf(seat.downloads / HIDDEN / "0")
    shelf.begin(sha256(data).digest(), len(data))
    shelf.save(sha256(data).digest(), bitmap(0, 1))()
    shelf.close()
    seat.host.limit = 0
    for ticket in range(1, MAX_MOVING + 1):
        seat.fetch(made(BLOCK, ticket), ticket=ticket)
    seat.fetch(data, ticket=9)

    seat.do(DropFile(9))

    assert not any(seat.downloads.rglob(f"{sha256(data).hexdigest()}*"))


def test_what_is_dropped_stays_for_another_who_fetches_it(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.fetch(data)
    seat.fetch(data, ticket=2)

    seat.do(DropFile(1))
    seat.host.limit = 1000
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data}
    assert seat.host.supplied <= 405  # but for what came after the last mark


def test_one_that_rests_makes_room_for_another_of_the_same_file(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.fetch(data)
    seat.do(PauseFile(1))
    seat.host.limit = 1000

    seat.do(FetchFile(2, note_of(data), seat.home / "lain"))
    seat.pass_time(5.0)
    assert seat.ended.path == seat.home / "lain" / "foto.png"
    assert seat.host.supplied == 400
    seat.do(ResumeFile(1))
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data}
    assert (seat.home / "lain" / "foto.png").read_bytes() == data


def test_one_that_made_room_waits_for_the_other(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.held_jobs = []
    seat.fetch(data)
    seat.do(PauseFile(1))
    seat.do(FetchFile(2, note_of(data), seat.home / "lain"))

    seat.do(ResumeFile(1))
    run_held(seat)  # what the first one left to the worker
    assert seat.states()[-1] is FileState.WAITING
    seat.held_jobs = None
    seat.host.limit = 1000
    seat.pass_time(10.0)

    assert saved(seat) == {"foto.png": data}
    assert [end.ticket for end in seat.saw(FileEnded)] == [2, 1]


def test_a_map_of_the_first_attempt_says_nothing_of_the_second(seat: FileSeat) -> None:
    data = made(100 * BLOCK)
    seat.host.has[sha256(data).digest()] = made(100 * BLOCK, label=2)
    seat.held_jobs = []
    seat.do(FetchFile(1, note_of(data)))
    seat.pass_time(1.0)
    saving, verifying = seat.held_jobs
    seat.held_jobs = []

    seat.host.limit = seat.host.supplied + 2  # as much as the first map spoke of
    seat.core.handle_result(verifying.key, verifying.run(), seat.now)
    seat.core.handle_result(saving.key, saving.run(), seat.now)
    seat.end_turn()
    seat.pass_time(0.5)

    assert len(seat.held_jobs) == 1


def test_blocks_that_nobody_wants_are_answered_now_and_then(seat: FileSeat) -> None:
    chunk = Chunk(bytes(32), 7, made(BLOCK)).encode()

    seat.hear(chunk)
    seat.hear(chunk)
    assert [want.ranges for want in seat.host.got(Want)] == [()]

    seat.pass_time(0.2)
    assert len(seat.host.got(Want)) == 2


def test_one_dropped_before_its_turn_was_never_asked_for(seat: FileSeat) -> None:
    seat.host.limit = 0
    for ticket in range(1, MAX_MOVING + 2):
        seat.fetch(made(BLOCK, ticket), ticket=ticket)

    seat.do(DropFile(MAX_MOVING + 1))

    assert seat.ended.trouble is FileTrouble.DROPPED
    wanted = {want.file for want in seat.host.got(Want)}
    assert sha256(made(BLOCK, MAX_MOVING + 1)).digest() not in wanted


def test_what_was_on_its_way_when_the_session_was_lost_is_asked_for_again(
    seat: FileSeat,
) -> None:
    data = made(50 * BLOCK)
    seat.host.limit = 20
    seat.fetch(data)

    seat.host.limit = 50
    seat.receive(seat.host.reset())
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data}
    assert seat.host.supplied == 50


def test_a_paused_one_stays_so_in_the_next_session(seat: FileSeat) -> None:
    seat.host.limit = 0
    seat.fetch(made(50 * BLOCK))
    seat.do(PauseFile(1))
    seat.host.limit = 100

    seat.receive(seat.host.reset())
    seat.pass_time(5.0)

    assert seat.host.supplied == 0
    assert seat.saw(FileMoved)[-1].state is FileState.PAUSED


def test_without_a_session_it_waits(seat: FileSeat) -> None:
    data = made(50 * BLOCK)
    seat.host.limit = 20
    seat.fetch(data)

    seat.host.is_silent = True
    seat.hear_close(CloseCode.COME_BACK)
    assert seat.states()[-1] is FileState.WAITING
    seat.host.is_silent, seat.host.limit = False, 50
    seat.pass_time(5.0)

    assert saved(seat) == {"foto.png": data}


def test_a_server_that_falls_silent_in_the_middle_is_noticed(seat: FileSeat) -> None:
    seat.host.limit = 100
    seat.fetch(made(500 * BLOCK))
    seat.host.is_silent = True

    seat.pass_time(6.0)

    assert seat.saw(ConnectionChanged)[-1].connection is Connection.LOST


def test_what_was_left_behind_goes_on_in_the_next_visit(seat: FileSeat) -> None:
    data = made(400 * BLOCK)
    seat.host.limit = 100
    seat.fetch(data)
    seat.send(made(5), "lain", ticket=2)
    seat.do(Leave())
    assert [end.trouble for end in seat.saw(FileEnded)] == [FileTrouble.LEFT] * 2
    assert seat.saw(Ended)[0].reason is EndReason.LEFT
    seat.disk.close()

    later = FileSeat(seat.home)
    later.enter()
    later.fetch(data)
    later.pass_time(5.0)
    later.disk.close()

    assert saved(seat) == {"foto.png": data}
    assert later.host.supplied == 300


def test_leaving_ends_what_waits_and_what_is_being_checked(seat: FileSeat) -> None:
    seat.held_jobs = []
    for ticket in range(1, MAX_MOVING + 2):
        seat.fetch(made(BLOCK, ticket), f"{ticket}", ticket)
    assert seat.states(1)[-1] is FileState.CHECKING
    assert seat.states(MAX_MOVING + 1)[-1] is FileState.WAITING

    seat.do(Leave())

    assert [end.trouble for end in seat.saw(FileEnded)] == [FileTrouble.LEFT] * (MAX_MOVING + 1)


@pytest.mark.parametrize("blocks", [1, 20, 100, 500, 970])
def test_a_killed_client_asks_again_for_a_twentieth_at_most(seat: FileSeat, blocks: int) -> None:
    data = made(1000 * BLOCK)
    seat.host.limit = 0
    seat.fetch(data)
    for frame in chunks_of(sha256(data).digest(), 0, data[: blocks * BLOCK]):
        seat.hear(frame)
    seat.disk.close()  # as a kill does

    later = FileSeat(seat.home)
    later.enter()
    later.fetch(data)
    later.pass_time(20.0)
    later.disk.close()

    assert saved(later) == {"foto.png": data}
    assert later.host.supplied <= 1000 - 0.95 * blocks


def test_what_came_slowly_is_known_to_a_restart_too(seat: FileSeat) -> None:
    data = made(1000 * BLOCK)
    seat.host.limit = 0
    seat.fetch(data)
    for frame in chunks_of(sha256(data).digest(), 0, data[: 6 * BLOCK]):
        seat.pass_time(1.0)
        seat.hear(frame)

    seat.disk.close()
    later = FileSeat(seat.home)
    later.enter()
    later.fetch(data)
    later.pass_time(20.0)
    later.disk.close()

    assert later.host.supplied < 1000


def test_what_was_verified_when_the_client_was_killed_is_only_saved(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    put(seat.disk.shelf(), data)

    seat.do(FetchFile(1, note_of(data)))

    assert seat.ended.path == seat.downloads / "foto.png"
    assert seat.host.got(Want) == []


def test_what_comes_while_that_is_saved_is_nothing_new(seat: FileSeat) -> None:
    data = made(5 * BLOCK)
    put(seat.disk.shelf(), data)
    seat.held_jobs = []
    seat.do(FetchFile(1, note_of(data)))

    seat.hear(Chunk(sha256(data).digest(), 0, data[:BLOCK]).encode())
    run_held(seat)

    assert seat.ended.trouble is None
