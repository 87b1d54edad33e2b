"""Where a file stands, as the window shows it, whatever the core says of it and in which order."""

from itertools import permutations
from pathlib import Path

import pytest
from client_rooms import ANA, ME, Room, entry
from note_parts import file_entry, home, note

from client_events import DraftForwarded, DraftRefused, DraftTaken, EntryArrived
from client_file_events import FileEnded, FileEvent, FileMoved, FileState, FileTrouble, SendGoesOn
from client_file_model import (
    FileAction,
    FileModel,
    FileStage,
    FileView,
    Upload,
    is_program_name,
    is_program_text,
)
from client_rows import MessageRow, Receipt
from conversation import ROOM, EntryKind, FileNote, RefusalNote
from protocol import Code

FOTO = note()
PATH = home("foto.png")


def told(*events: object) -> FileModel:
    files = FileModel()
    for event in events:
        files.apply(event)
    return files


def moved(
    ticket: int = 1,
    *,
    is_upload: bool = False,
    state: FileState = FileState.MOVING,
    done: int = 0,
    speed: float = 0.0,
    of: FileNote = FOTO,
) -> FileMoved:
    return FileMoved(ticket, of, is_upload, state, done, speed)


# --- files of others ---


def test_a_file_nobody_spoke_of_is_on_the_server_and_can_be_fetched() -> None:
    view = FileModel().view(FOTO)

    assert view.stage is FileStage.AWAY
    assert view.actions() == (FileAction.FETCH,)


def test_a_file_that_is_asked_for_is_on_its_way_at_once() -> None:
    files = FileModel()

    files.fetch(5, FOTO)

    assert files.view(FOTO) == FileView(FileStage.MOVING, 5)


def test_what_is_fetched_twice_begins_where_it_was() -> None:
    files = told(moved(done=700))

    files.fetch(6, FOTO)

    assert (files.view(FOTO).ticket, files.view(FOTO).done) == (6, 700)


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (FileState.HASHING, (FileAction.PAUSE, FileAction.CANCEL)),
        (FileState.WAITING, (FileAction.PAUSE, FileAction.CANCEL)),
        (FileState.MOVING, (FileAction.PAUSE, FileAction.CANCEL)),
        (FileState.PAUSED, (FileAction.RESUME, FileAction.CANCEL)),
        (FileState.CHECKING, ()),
    ],
)
def test_what_moves_can_be_stopped_unless_it_is_all_here(
    state: FileState, actions: tuple[FileAction, ...]
) -> None:
    view = told(moved(state=state)).view(FOTO)

    assert (view.stage, view.state, view.actions()) == (FileStage.MOVING, state, actions)


def test_how_far_it_is_and_how_long_it_takes() -> None:
    view = told(moved(done=300_000, speed=100_000.0)).view(FOTO)

    assert view.share(600_000) == 0.5
    assert view.seconds_left(600_000) == 3


def test_a_file_without_bytes_has_no_share_and_nothing_is_more_than_all() -> None:
    view = told(moved(done=5)).view(FOTO)

    assert view.share(0) == 0
    assert view.share(3) == 1


@pytest.mark.parametrize(("state", "speed"), [(FileState.PAUSED, 100.0), (FileState.MOVING, 0.0)])
def test_nobody_knows_how_long_it_takes_while_nothing_moves(state: FileState, speed: float) -> None:
    view = told(moved(state=state, speed=speed)).view(FOTO)

    assert view.seconds_left(100) is None


def test_what_is_here_can_be_opened_saved_and_shown() -> None:
    view = told(FileEnded(1, FOTO, False, None, PATH)).view(FOTO)

    assert (view.stage, view.path) == (FileStage.HERE, PATH)
    assert view.actions() == (FileAction.OPEN, FileAction.SAVE_AS, FileAction.SHOW)


def test_a_program_is_never_offered_to_be_opened() -> None:
    game = note("game.exe")

    view = told(FileEnded(1, game, False, None, home("game.exe"))).view(game)

    assert view.actions() == (FileAction.SAVE_AS, FileAction.SHOW)


@pytest.mark.parametrize("trouble", [FileTrouble.DROPPED, FileTrouble.LEFT])
def test_what_was_given_up_can_be_fetched_again(trouble: FileTrouble) -> None:
    view = told(moved(), FileEnded(1, FOTO, False, trouble)).view(FOTO)

    assert view == FileView()


def test_what_failed_can_be_tried_again() -> None:
    view = told(FileEnded(1, FOTO, False, FileTrouble.DAMAGED)).view(FOTO)

    assert (view.stage, view.trouble) == (FileStage.FAILED, FileTrouble.DAMAGED)
    assert view.actions() == (FileAction.AGAIN,)


def test_what_the_operator_removed_is_gone() -> None:
    view = told(FileEnded(1, FOTO, False, Code.FILE_REMOVED)).view(FOTO)

    assert view.stage is FileStage.GONE
    assert view.actions() == ()


def test_what_was_deleted_by_its_user_can_be_fetched_again() -> None:
    files = told(FileEnded(1, FOTO, False, None, PATH))

    files.lose(FOTO)

    assert files.view(FOTO).stage is FileStage.AWAY


def test_a_preview_can_be_shown_of_what_is_known() -> None:
    files = told(FileEnded(1, FOTO, False, None, PATH))

    files.show_preview(FOTO.file)
    files.show_preview(note("lain.png").file)

    assert files.view(FOTO).has_preview
    assert not files.view(note("lain.png")).has_preview

    files.show_preview(FOTO.file, is_there=False)

    assert not files.view(FOTO).has_preview


# --- files of our own ---


def sending(*events: object) -> FileModel:
    files = FileModel()
    files.send(7, ROOM, PATH)
    for event in events:
        files.apply(event)
    return files


def uploads(files: FileModel, conversation: int = ROOM) -> list[FileView]:
    return [upload.view for _, upload in files.uploads(conversation)]


ARRIVED = EntryArrived(ROOM, 9, file_entry(person=ME), 7)


def test_a_chosen_file_is_shown_at_once_in_its_conversation_alone() -> None:
    files = sending()

    assert [view.stage for view in uploads(files)] == [FileStage.MOVING]
    assert uploads(files, ROOM + 1) == []


def test_what_a_server_takes_is_known_of_what_it_refused() -> None:
    files = sending()
    files.apply(FileEnded(7, FOTO, True, Code.NO_SPACE, limit=50_000_000, free=7))

    (view,) = uploads(files)
    assert (view.stage, view.limit, view.free) == (FileStage.FAILED, 50_000_000, 7)


def test_it_is_shown_as_it_moves() -> None:
    files = sending(moved(7, is_upload=True, done=500))

    assert [(view.is_upload, view.done) for view in uploads(files)] == [(True, 500)]


@pytest.mark.parametrize("order", list(permutations([ARRIVED, FileEnded(7, FOTO, True)])))
def test_its_entry_takes_its_place_and_the_file_is_here(order: tuple[object, ...]) -> None:
    files = sending(moved(7, is_upload=True), *order)

    assert uploads(files) == []
    assert files.view(FOTO) == FileView(FileStage.HERE, path=PATH)


def test_until_its_entry_comes_it_stays() -> None:
    files = sending(moved(7, is_upload=True), FileEnded(7, FOTO, True))

    assert len(uploads(files)) == 1


@pytest.mark.parametrize(
    "end",
    [
        FileEnded(7, FOTO, True, FileTrouble.DROPPED),
        FileEnded(7, FOTO, True, FileTrouble.LEFT),
        DraftTaken(7, ROOM, 9, 1),
        DraftRefused(7, 1, ROOM, FOTO.encode(), Code.MUTED, EntryKind.FILE),
    ],
)
def test_it_is_shown_no_more_when_it_ends_elsewhere(end: object) -> None:
    assert uploads(sending(end)) == []


def test_an_upload_that_failed_says_so_until_it_is_dismissed() -> None:
    files = sending(FileEnded(7, FOTO, True, Code.NO_SPACE))
    upload = files.upload(7)

    assert upload is not None
    assert (upload.view.trouble, upload.path) == (Code.NO_SPACE, PATH)
    assert upload.view.actions() == (FileAction.AGAIN, FileAction.DISMISS)

    files.dismiss(7)

    assert uploads(files) == []


@pytest.mark.parametrize("event", [moved(3, is_upload=True), FileEnded(3, FOTO, True)])
def test_an_upload_of_which_nobody_knows_the_place_is_not_shown(event: FileEvent) -> None:
    assert uploads(told(event)) == []


def test_texts_of_ours_and_files_of_others_end_no_upload() -> None:
    files = sending(
        EntryArrived(ROOM, 8, entry(ME), 7), EntryArrived(ROOM, 9, file_entry()), object()
    )

    assert len(uploads(files)) == 1


@pytest.mark.parametrize("ended", [False, True])
def test_one_for_a_group_abroad_can_be_opened_while_it_waits(ended: bool) -> None:
    events: list[object] = [DraftForwarded(7, ROOM)]
    if ended:
        events.append(FileEnded(7, FOTO, True, None))

    files = sending(*events)

    upload = files.upload(7)
    assert upload is not None
    assert upload.is_forwarded
    assert (upload.view.stage, upload.view.path) == (FileStage.HERE, PATH)


def test_one_that_another_realm_refused_is_shown_no_more() -> None:
    note = RefusalNote(Code.MUTED, FOTO.name)
    notice = file_entry()._replace(kind=EntryKind.NOTICE, text=note.encode())

    files = sending(DraftForwarded(7, ROOM), EntryArrived(ROOM, 8, notice, 7))

    assert uploads(files) == []


def test_of_what_was_sent_by_an_earlier_visit_nobody_knows_the_place() -> None:
    assert told(ARRIVED).view(FOTO) == told().view(FOTO)


# --- of an earlier visit ---


def test_one_that_goes_on_from_an_earlier_visit_is_shown_where_it_was() -> None:
    files = told(SendGoesOn(-1, ROOM, PATH), moved(-1, is_upload=True, done=500))

    assert [view.done for view in uploads(files)] == [500]
    assert files.upload(-1) == Upload(ROOM, FOTO, uploads(files)[0], PATH)


def test_whoever_sends_the_same_again_sees_it_once() -> None:
    files = told(SendGoesOn(-1, ROOM, PATH), SendGoesOn(-2, ROOM + 1, PATH))
    files.send(7, ROOM, PATH)

    assert [ticket for ticket, _ in files.uploads(ROOM)] == [7]
    assert len(uploads(files, ROOM + 1)) == 1


def test_one_that_failed_stays_beside_the_next_attempt() -> None:
    files = told(SendGoesOn(-1, ROOM, PATH), FileEnded(-1, FOTO, True, FileTrouble.CHANGED))
    files.send(7, ROOM, PATH)

    assert [ticket for ticket, _ in files.uploads(ROOM)] == [-1, 7]


def test_a_file_is_found_where_an_earlier_visit_left_it_unless_it_moves_just_now() -> None:
    away, moving = told(), told(moved())
    for files in (away, moving):
        files.find(FOTO, PATH)

    assert away.view(FOTO) == FileView(FileStage.HERE, path=PATH)
    assert moving.view(FOTO).stage is FileStage.MOVING


# --- rows ---


def test_the_row_of_a_file_says_where_it_stands() -> None:
    room = Room()
    room.arrive(entry(ANA, FOTO.encode(), kind=EntryKind.FILE))
    room.model.files.apply(FileEnded(1, FOTO, False, None, PATH))

    row = room.model.rows()[-1]

    assert isinstance(row, MessageRow)
    assert row.view == FileView(FileStage.HERE, path=PATH)


def test_files_on_their_way_stand_below_all_else() -> None:
    room = Room()
    room.arrive(entry(ANA))
    room.model.files.send(7, ROOM, PATH)
    room.model.files.send(8, ROOM, Path("/home/ana/lain.png"))

    rows = [row for row in room.model.rows() if isinstance(row, MessageRow)]

    assert [row.text for row in rows] == ["halo", "foto.png", "lain.png"]
    assert [row.starts_run for row in rows] == [True, True, False]
    assert {row.receipt for row in rows[1:]} == {Receipt.NONE}


def test_files_on_their_way_are_not_shown_to_who_reads_far_above() -> None:
    room = Room()
    room.arrive(*[entry(ANA, str(number)) for number in range(500)])
    room.model.files.send(7, ROOM, PATH)
    room.model.held.show_place(100)

    rows = [row for row in room.model.rows() if isinstance(row, MessageRow)]

    assert all(row.file is None for row in rows)


# --- programs ---


@pytest.mark.parametrize(
    "name",
    [
        "a.exe",
        "A.EXE",
        "foto.png.scr",
        "x.bat. ",
        "run.sh",
        "app.desktop",
        "x.py",
        "a.msi",
        "i.iso",
    ],
)
def test_what_a_system_would_run_is_known_by_its_name(name: str) -> None:
    assert is_program_name(name)


@pytest.mark.parametrize("name", ["a.pdf", "exe", "catatan.txt", "sh.md", "foto.jpeg", ""])
def test_documents_are_no_programs(name: str) -> None:
    assert not is_program_name(name)


def test_a_program_is_known_by_how_it_begins() -> None:
    assert all(map(is_program_text, [b"#!/bin/sh", b"MZ\x90", b"\x7fELF\x02", b"\xcf\xfa\xed\xfe"]))
    assert not any(map(is_program_text, [b"", b"halo", b"%PDF-1.7", b"\x89PNG"]))
