"""A script that shares and fetches files."""

import pytest
from json_parts import SENT_AT, Script
from note_parts import file_entry, home, note, shared

from client_events import Answered, Ended, EndReason, EntryArrived, Leave, Say
from client_file_events import (
    AskFiles,
    FetchFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    SendFile,
)
from client_json import MAX_FILES
from conversation import NO_TAG, ROOM, Entry, EntryKind
from protocol import Code

FILE = {"name": "foto.png", "size": 1_234_567, "hash": note().file.hex()}
TIME = "2025-11-21T08:32:49.123Z"


def said(number: int, ticket: int) -> EntryArrived:
    return EntryArrived(ROOM, number, Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 1, "ana", "x"), ticket)


def shared_by_us(ticket: int) -> EntryArrived:
    return EntryArrived(ROOM, 12, file_entry(person=1, sender="ana"), ticket)


def test_an_entry_about_a_file_has_its_name_size_and_hash() -> None:
    script = Script().enter().happen(EntryArrived(ROOM, 12, file_entry()))

    assert script.events()[-1] == {
        "event": "entry",
        "conversation": "room",
        "number": 12,
        "sender": "budi",
        "kind": "file",
        "text": "foto.png",
        "time": TIME,
        **FILE,
    }


def test_a_shared_file_is_answered_with_the_line_it_was_asked_in() -> None:
    script = Script().enter().type("/info", "/sendroomfile ~/foto.png")
    assert script.commands == [SendFile(1, ROOM, home("~/foto.png"))]

    script.happen(shared_by_us(1), FileEnded(1, note(), True))

    assert script.answers()[-1] == {
        "status": "OK",
        "command": "sendroomfile",
        "code": "OK",
        "message": "File sent: foto.png · 1.2 MB",
        "conversation": "room",
        "number": 12,
        "time": TIME,
        **FILE,
        "line": 2,
    }


def test_lines_typed_while_a_file_moves_are_answered_before_it() -> None:
    script = Script().enter().type("/sendroomfile foto.png", "halo", "/info")

    script.happen(said(11, ticket=2))
    assert [answer["command"] for answer in script.answers()] == ["say", "info"]
    script.happen(shared_by_us(1), FileEnded(1, note(), True))

    assert [answer["command"] for answer in script.answers()] == ["say", "info", "sendroomfile"]
    assert script.answered == 3


def test_a_file_that_is_not_there_is_answered_before_what_stands_above_it() -> None:
    script = Script().enter().type("halo", "/sendfile budi entah.png", "/get")

    assert [(answer["code"], answer["line"]) for answer in script.answers()] == [
        ("FILE_NOT_FOUND", 2),
        ("USAGE", 3),
    ]


def test_how_far_a_file_is_comes_as_events() -> None:
    script = Script().enter().type("/sendroomfile foto.png")

    script.happen(
        FileMoved(1, note(), True, FileState.HASHING, 0, 0.0),
        FileMoved(1, note(), True, FileState.MOVING, 1_024, 5.0),
        shared_by_us(1),
        FileEnded(1, note(), True),
    )

    files = [event for event in script.events() if event["event"] == "file"]
    assert [(event["state"], event["conversation"]) for event in files] == [
        ("hashing", "room"),
        ("moving", "room"),
        ("done", "room"),
    ]
    assert [line.get("event") for line in script.out()[-3:]] == ["entry", "file", None]


def test_a_file_that_goes_on_from_an_earlier_visit_has_no_conversation() -> None:
    script = Script().enter().happen(FileMoved(77, note(), False, FileState.WAITING, 5, 0.0))

    assert script.events()[-1] == {
        "event": "file",
        "direction": "download",
        "conversation": None,
        "name": "foto.png",
        "size": 1_234_567,
        "state": "waiting",
        "done": 5,
        "speed": 0,
    }


def test_files_are_listed_and_fetched() -> None:
    script = Script().enter().type("/files", "/get foto.png unduhan")
    page = (shared(9),)

    script.happen(Answered(1, Code.OK, page), Answered(2, Code.OK, ()))
    assert script.answers()[0]["files"] == [
        {"number": 9, "sender": "budi", "time": TIME, "removed": False, "coming": False, **FILE}
    ]
    script.happen(Answered(3, Code.OK, page))
    script.happen(FileEnded(4, note(), False, path=home("unduhan/foto.png")))

    assert script.commands[2:] == [
        AskFiles(3, ROOM),
        FetchFile(4, note(), home("unduhan")),
    ]
    assert (script.answers()[1]["path"], script.answers()[1]["line"]) == (
        str(home("unduhan/foto.png")),
        2,
    )


def test_a_pipe_that_ends_waits_for_its_files() -> None:
    script = Script().enter().type("/sendroomfile foto.png")
    script.talk.end_input()
    assert not [command for command in script.commands if isinstance(command, Leave)]

    script.happen(shared_by_us(1), FileEnded(1, note(), True))

    assert isinstance(script.commands[-1], Leave)


def test_many_files_that_move_hold_up_no_line() -> None:
    script = Script().enter().type(*["/sendroomfile foto.png"] * 100, "halo")

    assert isinstance(script.commands[-1], Say)


def test_lines_wait_when_too_many_files_are_not_answered() -> None:
    script = Script().enter().type(*["/sendroomfile foto.png"] * MAX_FILES, "halo")
    assert not [command for command in script.commands if isinstance(command, Say)]

    script.happen(FileEnded(1, note(), True, FileTrouble.CHANGED))

    assert isinstance(script.commands[-1], Say)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((FileEnded(1, note(), True, FileTrouble.LEFT),), "FILE_UNFINISHED"),
        ((), "NO_ANSWER"),
    ],
)
def test_a_file_that_is_not_there_yet_at_the_end_is_answered_too(
    events: tuple[FileEnded, ...], code: str
) -> None:
    script = Script().enter().type("/sendroomfile foto.png", "exit")

    script.happen(*events, Ended(EndReason.LEFT))

    assert [(answer["command"], answer["code"]) for answer in script.answers()] == [
        ("sendroomfile", code),
        ("exit", "OK"),
    ]
