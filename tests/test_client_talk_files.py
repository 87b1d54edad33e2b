"""A person in a terminal who shares and fetches files."""

import pytest
from note_parts import file_entry, home, note, shared
from talk_parts import SENT_AT, Visit

from client_events import Answered, DraftRefused, EntryArrived
from client_file_events import FileEnded, FileMoved, FileState, FileTrouble, SendFile
from client_lines import Style
from client_progress import REPORTS_TO_A_LINE
from conversation import NO_TAG, ROOM, Entry, EntryKind
from protocol import Code
from settings import ClientOptions, Mode


def moved(ticket: int, done: int = 0) -> FileMoved:
    return FileMoved(ticket, note(), True, FileState.MOVING, done, 0.0)


def test_a_file_of_somebody_is_shown_by_name_and_size() -> None:
    visit = Visit().enter().happen(EntryArrived(ROOM, 9, file_entry()))

    assert visit.screen.shown[-1] == ("08:32 budi: foto.png · 1.2 MB", Style.MESSAGE)


def test_a_file_on_its_way_has_one_quiet_line_at_the_begin_and_one_at_the_end() -> None:
    visit = Visit().enter().type("/sendroomfile foto.png")
    assert visit.commands == [SendFile(1, ROOM, home("foto.png"))]
    before = len(visit.screen.shown)

    visit.happen(*(moved(1, done) for done in range(5)))
    entry = Entry(NO_TAG, EntryKind.FILE, SENT_AT, 1, "ana", note().encode())
    visit.happen(EntryArrived(ROOM, 9, entry, 1), FileEnded(1, note(), True))

    assert visit.screen.shown[before:] == [
        ("Sending foto.png · 1.2 MB …", Style.QUIET),
        ("08:32 ana: foto.png · 1.2 MB", Style.OWN),
        ("File sent: foto.png · 1.2 MB", Style.QUIET),
    ]


def test_a_large_file_says_now_and_then_how_far_it_is() -> None:
    visit = Visit().enter().type("/sendroomfile foto.png")

    visit.happen(*(moved(1, note().size // 2) for _ in range(2 * REPORTS_TO_A_LINE)))

    assert visit.screen.text.count("foto.png: 49 %") == 1


def test_lines_typed_meanwhile_are_not_held_up() -> None:
    visit = Visit().enter().type("/sendroomfile foto.png").happen(moved(1)).type("halo")

    assert visit.says() == ["halo"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/sendfile budi entah.png", "No such file"),
        ("/get foto.png entah", "The file cannot be saved there."),
        ("/files #entah", "You are in no such conversation."),
    ],
)
def test_what_cannot_be_is_said_at_once(line: str, sentence: str) -> None:
    visit = Visit().enter().type(line)

    assert visit.screen.shown[-1] == (sentence, Style.ALARM)
    assert visit.commands == []


def test_a_list_has_a_line_for_each_file() -> None:
    visit = Visit().enter().type("/files").happen(Answered(1, Code.OK, (shared(9),)))

    visit.happen(Answered(2, Code.OK, ()))

    assert visit.screen.shown[-1] == (
        "Files in room (1):\n9 · foto.png · 1.2 MB · budi",
        Style.QUIET,
    )


@pytest.mark.parametrize(
    ("trouble", "style"),
    [(None, Style.QUIET), (FileTrouble.LEFT, Style.QUIET), (FileTrouble.DAMAGED, Style.ALARM)],
)
def test_what_goes_on_from_an_earlier_visit_says_how_it_ends(
    trouble: FileTrouble | None, style: Style
) -> None:
    visit = Visit().enter().happen(moved(77), FileEnded(77, note(), True, trouble))

    begin, (last, last_style) = visit.screen.shown[-2:]
    assert begin == ("Sending foto.png · 1.2 MB …", Style.QUIET)
    assert (last.partition(":")[0] in ("File sent", "foto.png"), last_style) == (True, style)


def test_nothing_is_shown_of_it_before_it_is_settled_who_one_is() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL, ("lab", 8083), None, "x")).type("login ana rahasia")

    visit.happen(moved(77))

    assert "foto.png" not in visit.screen.text


def test_a_file_of_an_earlier_run_that_is_refused_is_called_by_its_name() -> None:
    visit = Visit().enter()

    refused = DraftRefused(None, 1, ROOM, note().encode(), Code.FILE_MISSING, EntryKind.FILE)
    visit.happen(refused)

    line, style = visit.screen.shown[-1]
    sentence = "The server does not have this file, or not all of it."
    assert (line, style) == (f"{sentence} foto.png", Style.ALARM)
