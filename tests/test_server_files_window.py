"""The files in the server's window, in the real window; see test_server_window.py."""

import tkinter as tk
from collections.abc import Iterator
from dataclasses import replace

import pytest
from server_scenes import FILES, SPACE, Stage, at, kept, open_stage, run_for_five_minutes, words_of

from server_events import FilesListed, ListFiles, RemoveFile, SpaceReported, Stopped
from server_file_dialogs import FilesDialog, RemoveFileDialog

pytestmark = pytest.mark.tk


@pytest.fixture
def busy() -> Iterator[Stage]:
    """A window whose server has run for five minutes."""
    stage = open_stage()
    run_for_five_minutes(stage)
    yield stage
    stage.window.destroy()


MANY = FilesListed(
    tuple(kept(f"foto-{place:04}.jpg", 2_000_000, "velicia", at(14, 30)) for place in range(200)),
    (),
    replace(SPACE, files=1234, waiting=300_000_000),
)
NONE = FilesListed((), (), replace(SPACE, files=0, used=0))


def opened(busy: Stage, files: FilesListed = FILES) -> FilesDialog:
    busy.window.show_files()
    busy.tell(files)
    dialog = busy.window.files
    assert dialog is not None
    return dialog


def press(widget: tk.Misc, *keys: str) -> None:
    for key in keys:
        widget.focus_force()
        widget.event_generate(key)


def asking(dialog: FilesDialog) -> RemoveFileDialog:
    assert dialog.removing is not None
    return dialog.removing


def test_the_window_shows_the_space_while_the_server_runs(busy: Stage) -> None:
    card = busy.window.files_card
    assert "1.2 GB of 11 GB" in words_of(card)
    assert "412 GB free on the disk" in words_of(card)

    busy.tell(SpaceReported(replace(SPACE, free=0)))
    assert "Hardly any space left" in words_of(card)

    busy.tell(Stopped())
    assert "Shown while the server runs." in words_of(card)
    assert not card.show_link.winfo_ismapped()


def test_the_list_is_asked_for_when_it_opens_and_each_second_while_it_is_open(busy: Stage) -> None:
    busy.tell(SpaceReported(SPACE))
    assert busy.submitted == []

    busy.window.files_card.show_link.press()
    busy.tell(FILES)
    busy.tell(SpaceReported(SPACE))
    assert busy.submitted == [ListFiles(), ListFiles()]

    (dialog,) = (part for part in busy.window.winfo_children() if isinstance(part, FilesDialog))
    press(dialog, "<Escape>")
    busy.tell(SpaceReported(SPACE))
    assert busy.window.files is None
    assert len(busy.submitted) == 2


def test_files_are_listed_with_those_that_are_coming(busy: Stage) -> None:
    words = words_of(opened(busy))

    assert "6 files, 1.2 GB of 11 GB" in words
    assert "268 MB of 790 MB" in words
    assert "laporan-bab-3.pdf" in words
    assert "from velicia · 14:11 · Panitia, private chat" in words
    assert "\u202e" not in words


def test_what_arrives_while_it_is_open_appears(busy: Stage) -> None:
    dialog = opened(busy, NONE)
    assert "Nobody has sent a file yet." in words_of(dialog)

    busy.tell(FILES)

    assert "Nobody has sent" not in words_of(dialog)
    assert "rekaman-rapat.mp4" in words_of(dialog)


def test_of_very_many_files_those_in_sight_are_drawn_and_the_rest_is_counted(busy: Stage) -> None:
    dialog = opened(busy, MANY)
    canvas = dialog.list.canvas
    assert len(canvas.find_all()) < 60
    assert "foto-0000.jpg" in words_of(dialog)
    assert "300 MB of it are unfinished" in words_of(dialog)

    dialog.list.scroll_by(dialog.list.height)

    assert "The newest 200 of 1\u202f234 files" in words_of(dialog)
    assert "foto-0000.jpg" not in words_of(dialog)


def test_a_file_is_removed_by_keys_once_it_was_said_what_that_means(busy: Stage) -> None:
    dialog = opened(busy)
    press(dialog.list.canvas, "<Down>", "<Down>", "<Return>")
    question = asking(dialog)
    busy.settle()

    assert "foto kegiatan 17 Agustus.jpg" in words_of(question)
    assert "say that the operator removed it" in words_of(question)
    assert not any(isinstance(command, RemoveFile) for command in busy.submitted)
    question.remove()

    photo = FILES.files[1]
    assert busy.submitted[-2:] == [RemoveFile(photo.file, photo.name), ListFiles()]
    assert dialog.removing is None


def test_whoever_thinks_again_is_back_in_the_list_and_nothing_is_removed(busy: Stage) -> None:
    dialog = opened(busy)
    dialog.ask(1)
    busy.settle()

    press(asking(dialog), "<Escape>")
    busy.settle()

    assert dialog.removing is None
    assert busy.submitted == [ListFiles()]
    assert dialog.grab_status() == "local"
    assert dialog.focus_lastfor() is dialog.list.canvas


def test_a_file_that_is_coming_and_empty_places_answer_to_nothing(busy: Stage) -> None:
    dialog = opened(busy)

    dialog.ask(0)
    assert dialog.removing is None
    dialog.ask(1)
    first = asking(dialog)
    dialog.ask(2)
    assert dialog.removing is first
