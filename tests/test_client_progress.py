"""What a terminal and a script are told of files on their way."""

import pytest
from note_parts import home, note

from client_file_events import FileEnded, FileMoved, FileState, FileTrouble
from client_progress import REPORTS_TO_A_LINE, Progress, file_fields
from protocol import Code
from texts import Texts

EN = Texts("en")
HEAD = {
    "event": "file",
    "direction": "upload",
    "conversation": "room",
    "name": "foto.png",
    "size": 1_234_567,
}


def moved(
    done: int = 0,
    *,
    ticket: int = 1,
    is_upload: bool = True,
    state: FileState = FileState.MOVING,
    speed: float = 2_500_000.4,
) -> FileMoved:
    return FileMoved(ticket, note(), is_upload, state, done, speed)


def lines(progress: Progress, *events: FileMoved) -> list[str]:
    return [line for event in events if (line := progress.line(event)) is not None]


# --- a terminal ---


@pytest.mark.parametrize(("is_upload", "verb"), [(True, "Sending"), (False, "Fetching")])
def test_the_begin_is_told_once(is_upload: bool, verb: str) -> None:
    reports = [moved(done, is_upload=is_upload) for done in range(5)]

    assert lines(Progress(EN), *reports) == [f"{verb} foto.png · 1.2 MB …"]


def test_ten_reports_a_second_make_a_line_in_five_seconds() -> None:
    progress = Progress(EN)
    step = note().size // (3 * REPORTS_TO_A_LINE)

    told = lines(progress, *(moved(step * count) for count in range(3 * REPORTS_TO_A_LINE)))

    assert told[1:] == ["foto.png: 33 % · 2.5 MB/s", "foto.png: 66 % · 2.5 MB/s"]


def test_a_speed_that_is_not_known_is_not_told() -> None:
    told = lines(Progress(EN), *(moved(speed=0.0) for _ in range(REPORTS_TO_A_LINE + 1)))

    assert told[1:] == ["foto.png: 0 %"]


@pytest.mark.parametrize("state", set(FileState) - {FileState.MOVING})
def test_what_does_not_move_is_not_told_again(state: FileState) -> None:
    told = lines(Progress(EN), *(moved(state=state) for _ in range(3 * REPORTS_TO_A_LINE)))

    assert len(told) == 1


def test_each_file_has_its_own_lines() -> None:
    told = lines(Progress(EN), moved(), moved(ticket=2), moved(), moved(ticket=2))

    assert len(told) == 2


def test_a_ticket_that_has_ended_begins_anew() -> None:
    progress = Progress(EN)
    lines(progress, moved())

    progress.forget(1)

    assert len(lines(progress, moved())) == 1


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (FileEnded(1, note(), True), "File sent: foto.png · 1.2 MB"),
        (FileEnded(1, note(), False, path=home("foto.png")), f"Saved as {home('foto.png')}"),
        (FileEnded(1, note(), True, Code.NO_SPACE),
         "foto.png: The server has no space left for this file."),
        (FileEnded(1, note(), False, FileTrouble.DROPPED), "foto.png: Cancelled."),
    ],
)  # fmt: skip
def test_what_went_on_by_itself_says_its_name_at_the_end(event: FileEnded, line: str) -> None:
    assert Progress(EN).end(event) == line


# --- a script ---


@pytest.mark.parametrize("state", FileState)
def test_a_script_is_told_how_far_it_is(state: FileState) -> None:
    assert file_fields(moved(1_000, state=state), "room", EN) == {
        **HEAD,
        "state": state.name.lower(),
        "done": 1_000,
        "speed": 2_500_000,
    }


@pytest.mark.parametrize(
    ("trouble", "state", "code"),
    [
        (None, "done", "OK"),
        (FileTrouble.CHANGED, "failed", "FILE_CHANGED"),
        (Code.FILE_TOO_LARGE, "failed", "FILE_TOO_LARGE"),
    ],
)
def test_a_script_is_told_how_it_ended(
    trouble: FileTrouble | Code | None, state: str, code: str
) -> None:
    fields = file_fields(FileEnded(1, note(), True, trouble), "room", EN)

    assert fields == {**HEAD, "state": state, "code": code}


def test_what_was_saved_has_its_path_and_what_goes_on_by_itself_no_conversation() -> None:
    fields = file_fields(FileEnded(1, note(), False, path=home("foto.png")), None, EN)

    assert (fields["path"], fields["conversation"]) == (str(home("foto.png")), None)
    assert fields["direction"] == "download"


def test_a_file_that_is_on_its_way_from_another_realm_says_so_once() -> None:
    waiting = FileMoved(1, note(), False, FileState.WAITING, 0, 0.0, "campus-b")
    progress = Progress(EN)

    told = lines(progress, moved(is_upload=False), waiting, waiting, moved(9, is_upload=False))

    assert told[1:] == ["foto.png · 1.2 MB is on its way from campus-b."]
    assert file_fields(waiting, "room", EN)["realm"] == "campus-b"
    progress.forget(1)
    assert lines(progress, waiting) == told[1:]
