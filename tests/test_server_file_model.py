"""What the server's window says of files, without a window: scripted events in, words out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conversation import ConversationKind
from server_events import (
    ComingRow,
    Crashed,
    FileRow,
    FilesListed,
    FileSpace,
    RemoveFile,
    SpaceReported,
    StatusReported,
    Stopped,
)
from server_file_model import FileLine, FilesModel
from server_form import FormField, StartFailed
from server_model import ServerModel
from texts import Texts

NOON = int(datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp() * 1000)
DAY = 86_400_000
FILE = b"\xf1" * 32
ROOM = (ConversationKind.ROOM, "")
PRIVATE = (ConversationKind.PRIVATE, "")
SPACE = FileSpace(
    files=24,
    used=1_240_000_000,
    waiting=0,
    limit=10_000_000_000,
    largest=2_000_000_000,
    free=412_000_000_000,
    reserve=500_000_000,
)


def files(language: str = "en") -> FilesModel:
    """Of a server that runs at noon."""
    model = ServerModel(Texts(language), UTC)
    model.apply(StatusReported((), 0, NOON))
    return FilesModel(model)


def told(space: FileSpace = SPACE, language: str = "en") -> FilesModel:
    model = files(language)
    model.apply(SpaceReported(space))
    return model


def listed(*rows: FileRow | ComingRow, space: FileSpace = SPACE) -> FilesModel:
    kept = tuple(row for row in rows if isinstance(row, FileRow))
    coming = tuple(row for row in rows if isinstance(row, ComingRow))
    model = files()
    model.apply(FilesListed(kept, coming, replace(space, files=len(kept))))
    return model


def row(
    name: str = "laporan.pdf",
    person: str = "ana",
    at: int = NOON,
    *places: tuple[ConversationKind, str],
    has_more: bool = False,
) -> FileRow:
    return FileRow(FILE, name, 4_200_000, person, at, places, has_more)


def about(line: FileRow) -> str:
    return listed(line).lines[0].about


# --- the space ---


def test_while_no_server_runs_nothing_is_said() -> None:
    model = files()

    assert (model.used, model.used_by, model.free, model.limits) == ("", "", "", "")
    assert (model.warning, model.waiting, model.rest, model.lines) == ("", "", "", [])
    assert (model.share, model.is_empty) == (0.0, False)


def test_the_space_is_told_in_the_language_of_the_window() -> None:
    english, indonesian = told(), told(language="id")

    assert english.used == "1.2 GB of 10 GB"
    assert english.used_by == "24 files, 1.2 GB of 10 GB"
    assert english.limits == "412 GB free on the disk · one file: 2.0 GB at most"
    assert indonesian.used == "1,2 GB dari 10 GB"
    assert english.share == pytest.approx(0.124)
    assert english.warning == english.waiting == ""


def test_one_file_is_not_files() -> None:
    assert told(replace(SPACE, files=1)).used_by.startswith("1 file, ")


def test_more_than_all_of_it_fills_the_bar_and_no_more() -> None:
    assert told(replace(SPACE, used=11_000_000_000)).share == 1.0
    assert told(replace(SPACE, used=1, limit=0)).share == 1.0


@pytest.mark.parametrize(
    ("space", "begin"),
    [
        (replace(SPACE, used=9_400_000_000), ""),
        (replace(SPACE, used=9_500_000_000), "Hardly any space is left for files"),
        (replace(SPACE, free=500_000_001), ""),
        (replace(SPACE, free=500_000_000), "The disk is nearly full: new files are refused until "),
    ],
)
def test_an_operator_is_warned_before_files_are_refused(space: FileSpace, begin: str) -> None:
    warning = told(space).warning

    assert warning.startswith(begin)
    assert bool(warning) is bool(begin)


def test_unfinished_files_that_nobody_sends_are_explained() -> None:
    assert told(replace(SPACE, waiting=300_000_000)).waiting.startswith("300 MB of it are unfin")


@pytest.mark.parametrize(
    "end", [Stopped(), Crashed("defect"), StartFailed(FormField.PORT, "server.error.bind", {})]
)
def test_with_the_server_the_files_are_gone_from_the_window(
    end: Stopped | Crashed | StartFailed,
) -> None:
    model = listed(row())

    model.apply(end)

    assert (model.space, model.lines) == (None, [])


# --- the list ---


def test_a_file_has_its_size_who_brought_it_when_and_where() -> None:
    assert listed(row("laporan.pdf", "ana", NOON, ROOM)).lines == [
        FileLine(
            "laporan.pdf",
            "4.2 MB",
            "from ana · 12:00 · room",
            removal=RemoveFile(FILE, "laporan.pdf"),
        )
    ]


def test_an_older_file_has_its_day() -> None:
    assert about(row("a", "ana", NOON - DAY, ROOM)) == "from ana · 20 November 2026, 12:00 · room"


def test_places_are_named_each_once_without_telling_who_talks_in_private() -> None:
    group = (ConversationKind.GROUP, "Panitia")

    assert about(row("a", "ana", NOON, ROOM, group)).endswith(" · room, Panitia")
    assert about(row("a", "ana", NOON, PRIVATE, PRIVATE)).endswith(" · private chat")
    assert about(row("a", "ana", NOON, ROOM, has_more=True)).endswith(" · room, …")
    assert about(row("a", "ana", NOON)).endswith(" · not shared")


def test_what_is_not_known_is_left_out() -> None:
    line = listed(row("", "", NOON, ROOM)).lines[0]

    assert (line.name, line.about) == ("File without a name", "12:00 · room")


def test_names_cannot_turn_a_line_around_or_be_endless() -> None:
    evil = "a\u202egnp.exe\n\x1b[2J" + "x" * 5_000
    place = (ConversationKind.GROUP, "\u202eevil")

    line = listed(row(evil, "\u202ebudi", NOON, place)).lines[0]

    assert (line.name + line.about).isprintable()
    assert len(line.name) < 250
    assert line.removal == RemoveFile(FILE, evil)


def test_what_is_coming_stands_first_and_cannot_be_removed() -> None:
    coming = ComingRow(b"\x01" * 32, "debian.iso", 800_000_000, "budi", 200_000_000)

    first, second = listed(row(), coming).lines

    assert first == FileLine("debian.iso", "200 MB of 800 MB", "from budi", share=0.25)
    assert second.name == "laporan.pdf"


@pytest.mark.parametrize("size", [0, 5_000])
def test_what_is_all_here_is_being_checked(size: int) -> None:
    (line,) = listed(ComingRow(FILE, "a", size, "budi", size)).lines

    assert line.size.endswith(" B, being checked" if size == 0 else " kB, being checked")
    assert line.share == (1.0 if size else 0.0)


def test_a_list_says_what_it_leaves_out() -> None:
    model = files()
    model.apply(FilesListed((row(), row()), (), replace(SPACE, files=1234)))

    assert model.rest == "The newest 2 of 1\u202f234 files"
    assert listed(row()).rest == ""


def test_an_empty_list_is_known_to_be_empty() -> None:
    assert listed().is_empty
    assert not listed(row()).is_empty
    assert not listed(ComingRow(FILE, "a", 5, "budi", 0)).is_empty
