"""Files that were not finished: they go on by themselves in the next visit."""

from pathlib import Path

import pytest
from client_file_parts import FileSeat, made, note_of, saved

from client_events import EntryArrived, Leave, RunChanged
from client_file_events import (
    DropFile,
    FetchFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    PauseFile,
    SendFile,
    SendGoesOn,
    UnfinishedChanged,
)
from client_files import GO_ON_AFTER
from conversation import ROOM, EntryKind
from protocol import BLOCK, Code, Verb
from protocol_frames import Post
from settings_client import Run, WaitingDraft
from settings_files import Unfinished, UnfinishedFetch, UnfinishedSend
from transfer_blocks import block_count

DATA = made(5 * BLOCK + 7)
NOTE = note_of(DATA)
MOMENT = GO_ON_AFTER + 0.1
TOKEN = b"t" * 32


def kept(seat: FileSeat) -> tuple[Unfinished, ...]:
    """What is on disk by now."""
    changes = seat.saw(UnfinishedChanged)
    return changes[-1].files if changes else ()


def leave(seat: FileSeat) -> None:
    seat.do(Leave())
    seat.pass_time(3.0)


def waiting_send(home: Path, *, is_paused: bool = False) -> UnfinishedSend:
    """Of a file that is there."""
    path = home / "foto.png"
    path.write_bytes(DATA)
    return UnfinishedSend(ROOM, path, len(DATA), path.stat().st_mtime_ns, is_paused)


def come_back(home: Path, *unfinished: Unfinished, run: Run | None = None) -> FileSeat:
    """Another visit. The server has the file."""
    seat = FileSeat(home)
    seat.host.has[NOTE.file] = DATA
    seat.host.replies[Verb.OFFER] = lambda _: (Code.OK, {"have": True})
    seat.enter(unfinished=unfinished, resume=run)
    return seat


def tickets(seat: FileSeat) -> set[int]:
    return {moved.ticket for moved in seat.saw(FileMoved)}


def states(seat: FileSeat) -> list[FileState]:
    return [moved.state for moved in seat.saw(FileMoved)]


# --- what is kept ---


def test_what_moves_is_kept_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.enter()
    seat.host.limit = 0  # nothing comes
    seat.fetch(DATA)

    assert kept(seat) == (UnfinishedFetch(NOTE, None),)

    seat.do(PauseFile(1))

    assert kept(seat) == (UnfinishedFetch(NOTE, None, is_paused=True),)

    seat.do(DropFile(1))

    assert kept(seat) == ()


def test_a_file_to_send_is_kept_until_it_is_a_draft_and_then_as_that(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.enter()
    seat.send(DATA)

    path = tmp_path / "foto.png"
    assert kept(seat) == (UnfinishedSend(ROOM, path, len(DATA), path.stat().st_mtime_ns),)

    seat.host.replies[Verb.OFFER] = lambda _: (Code.OK, {"have": True})
    seat.pass_time(1.5)

    assert kept(seat) == ()
    events = [one for one in seat.events if isinstance(one, RunChanged | UnfinishedChanged)]
    last = events.index(UnfinishedChanged(()))
    before = events[last - 1]
    assert isinstance(before, RunChanged)  # the draft is on disk first
    assert before.run is not None
    assert [draft.kind for draft in before.run.waiting] == [EntryKind.FILE]


def test_whoever_leaves_keeps_what_was_not_finished(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.enter()
    seat.host.limit = 0
    seat.fetch(DATA)
    leave(seat)

    assert kept(seat) == (UnfinishedFetch(NOTE, None),)
    assert seat.ended.trouble is FileTrouble.LEFT


def test_whoever_never_comes_in_loses_nothing(tmp_path: Path) -> None:
    seat = FileSeat(tmp_path)
    seat.join(unfinished=(UnfinishedFetch(NOTE, None),))

    assert seat.saw(UnfinishedChanged) == []


# --- it goes on ---


def test_a_download_goes_on_after_a_moment(tmp_path: Path) -> None:
    seat = come_back(tmp_path, UnfinishedFetch(NOTE, None))

    assert states(seat) == [FileState.WAITING]
    assert saved(seat) == {}

    seat.pass_time(MOMENT)

    assert saved(seat) == {"foto.png": DATA}
    assert tickets(seat) == {-1}
    assert kept(seat) == ()


def test_an_upload_goes_on_after_a_moment_where_it_was_meant_to_go(tmp_path: Path) -> None:
    one = waiting_send(tmp_path)
    seat = come_back(tmp_path, one)

    assert seat.saw(SendGoesOn) == [SendGoesOn(-1, ROOM, one.path)]
    assert seat.host.got(Post) == []

    seat.pass_time(MOMENT)

    assert [event.ticket for event in seat.saw(EntryArrived)] == [-1]
    assert kept(seat) == ()


def test_there_is_time_to_think_better_of_it(tmp_path: Path) -> None:
    seat = come_back(tmp_path, waiting_send(tmp_path))
    seat.do(DropFile(-1))
    seat.pass_time(MOMENT)

    assert seat.ended.trouble is FileTrouble.DROPPED
    assert seat.host.asked(Verb.OFFER) == []


def test_what_was_paused_stays_so(tmp_path: Path) -> None:
    seat = come_back(tmp_path, waiting_send(tmp_path, is_paused=True))
    seat.pass_time(MOMENT)

    assert states(seat) == [FileState.PAUSED]
    assert seat.saw(UnfinishedChanged) == []  # as it was on disk before


def test_a_file_that_changed_meanwhile_is_not_shared(tmp_path: Path) -> None:
    one = waiting_send(tmp_path)
    one.path.write_bytes(DATA + b"!")
    seat = come_back(tmp_path, one)

    assert seat.ended.trouble is FileTrouble.CHANGED
    assert kept(seat) == ()


def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    one = waiting_send(tmp_path)
    one.path.unlink()
    seat = come_back(tmp_path, one)

    assert seat.ended.trouble is FileTrouble.NOT_FOUND


def test_one_that_became_a_draft_when_the_client_was_killed_is_not_shared_twice(
    tmp_path: Path,
) -> None:
    drafts = (
        WaitingDraft(1, ROOM, "halo"),
        WaitingDraft(2, ROOM, NOTE.encode(), EntryKind.FILE),
        WaitingDraft(3, ROOM, "nothing like a file", EntryKind.FILE),
    )
    run = Run(b"s" * 16, TOKEN, 99, "Ana", 4, drafts)
    seat = come_back(tmp_path, waiting_send(tmp_path), UnfinishedFetch(NOTE, None), run=run)

    assert seat.saw(SendGoesOn) == []
    assert tickets(seat) == {-1}  # the download


# --- whoever asks for the same again ---


def test_whoever_fetches_the_same_again_takes_it_over(tmp_path: Path) -> None:
    seat = come_back(tmp_path, UnfinishedFetch(NOTE, None, is_paused=True))
    seat.do(FetchFile(1, NOTE))
    seat.pass_time(MOMENT)

    assert seat.ended == FileEnded(1, NOTE, is_upload=False, path=seat.downloads / "foto.png")


def test_whoever_sends_the_same_again_takes_it_over(tmp_path: Path) -> None:
    one = waiting_send(tmp_path)
    seat = come_back(tmp_path, one)
    seat.do(SendFile(1, ROOM, one.path))
    seat.pass_time(MOMENT)

    assert seat.ended == FileEnded(1, NOTE, is_upload=True)
    assert len(seat.host.got(Post)) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(FetchFile(1, NOTE, Path("/elsewhere")), id="another folder"),
        pytest.param(FetchFile(1, note_of(b"x")), id="another file"),
        pytest.param(SendFile(1, ROOM + 1, Path("foto.png")), id="another conversation"),
    ],
)
def test_something_else_is_something_else(other: FetchFile | SendFile, tmp_path: Path) -> None:
    seat = come_back(tmp_path, waiting_send(tmp_path), UnfinishedFetch(NOTE, None))
    seat.do(other)
    seat.pass_time(MOMENT)

    assert {event.ticket for event in seat.saw(FileEnded)} >= {-1, -2}


def test_some_of_it_is_found_on_whichever_shelf_it_is(tmp_path: Path) -> None:
    first, second = FileSeat(tmp_path), FileSeat(tmp_path)
    first.disk.shelf()  # the other client's
    second.enter()
    second.host.limit = 3
    second.fetch(DATA)
    second.pass_time(6.0)
    leave(second)
    for seat in (first, second):
        seat.disk.close()

    again = come_back(tmp_path, *kept(second))
    again.pass_time(MOMENT)

    assert saved(again) == {"foto.png": DATA}
    assert second.host.supplied + again.host.supplied == block_count(len(DATA))
