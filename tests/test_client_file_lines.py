"""What is said of a file in the window, in both languages."""

import pytest
from note_parts import home, note

from client_file_events import FileState, FileTrouble
from client_file_lines import (
    action_words,
    file_status,
    kind_letters,
    percent_text,
    time_text,
)
from client_file_model import FileAction, FileStage, FileView
from protocol import Code
from texts import Texts

EN, ID = Texts("en"), Texts("id")
FOTO = note(size=4_200_000)


def moving(state: FileState, done: int = 0, speed: float = 0.0) -> FileView:
    return FileView(FileStage.MOVING, 1, state=state, done=done, speed=speed)


@pytest.mark.parametrize(
    ("view", "english", "indonesian"),
    [
        (FileView(), "4.2 MB", "4,2 MB"),
        (FileView(FileStage.HERE, path=home("foto.png")), "4.2 MB", "4,2 MB"),
        (moving(FileState.HASHING), "Preparing …", "Menyiapkan …"),
        (moving(FileState.WAITING), "Waiting …", "Menunggu …"),
        (moving(FileState.PAUSED), "Paused", "Dijeda"),
        (moving(FileState.CHECKING), "Checking …", "Memeriksa …"),
        (moving(FileState.MOVING), "4.2 MB", "4,2 MB"),
        (
            moving(FileState.MOVING, 2_200_000, 1_000_000),
            "1.0 MB/s · 2 s left",
            "1,0 MB/s · sisa 2 dtk",
        ),
        (
            FileView(FileStage.GONE),
            "The operator removed this file.",
            "Operator menghapus file ini.",
        ),
        (
            FileView(FileStage.FAILED, trouble=FileTrouble.DAMAGED),
            "What came is not the file that was shared. It was not saved.",
            "Yang diterima bukan file yang dikirim. Tidak disimpan.",
        ),
        (
            FileView(FileStage.FAILED, trouble=Code.FILE_TOO_LARGE),
            EN("answer.file_too_large"),
            ID("answer.file_too_large"),
        ),
    ],
)
def test_a_file_in_a_few_words(view: FileView, english: str, indonesian: str) -> None:
    assert file_status(view, FOTO, EN) == english
    assert file_status(view, FOTO, ID) == indonesian


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3569, "59 min"),
        (3570, "1 h 0 min"),
        (8000, "2 h 13 min"),
    ],
)
def test_a_time_in_the_unit_that_suits_it(seconds: int, words: str) -> None:
    assert time_text(seconds, EN) == words


def test_a_share_is_told_of_what_moves_alone() -> None:
    assert percent_text(moving(FileState.PAUSED, 2_856_000), FOTO) == "68 %"
    assert percent_text(moving(FileState.MOVING, 4_199_999), FOTO) == "99 %"
    assert percent_text(moving(FileState.MOVING), note(size=0)) == ""
    assert percent_text(FileView(), FOTO) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("laporan.pdf", "PDF"),
        ("a.tar.gz", "GZ"),
        ("catatan", ""),
        (".bashrc", ""),
        ("x.laporan", ""),
        ("x.pdé", ""),
        ("x.", ""),
    ],
)
def test_the_kind_of_a_file_in_few_letters(name: str, letters: str) -> None:
    assert kind_letters(name) == letters


@pytest.mark.parametrize("action", FileAction)
def test_everything_one_can_do_has_words(action: FileAction) -> None:
    assert action_words(action, EN)
