"""Typed commands about files: what they ask of the core, and when they are answered."""

from dataclasses import replace

import pytest
from errand_parts import Visit
from note_parts import SENT_AT, file_entry, home, note, shared

from client_commands import Get, ListFiles, Post, Share
from client_events import (
    Answered,
    AskGroups,
    ConversationChanged,
    DraftRefused,
    DraftTaken,
    EntryArrived,
    GroupInfo,
    IdentityChanged,
    OpenPrivate,
    Say,
)
from client_file_events import (
    AskFiles,
    FetchFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    SendFile,
    SharedHere,
)
from client_transfers import MOST_LISTED
from conversation import ROOM, ConversationKind
from protocol import Code

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE
TIME = "2025-11-21T08:32:49.123Z"
FILE = {"name": "foto.png", "size": 1_234_567, "hash": note().file.hex()}


def to_room(path: str = "foto.png") -> Share:
    return Share("sendroomfile", ConversationKind.ROOM, "", path)


def to_group(name: str = "Kelas") -> Share:
    return Share("sendgroupfile", GROUP, name, "foto.png")


def to_budi() -> Share:
    return Share("sendfile", PRIVATE, "budi", "foto.png")


def entry_of(ticket: int, conversation: int = ROOM) -> EntryArrived:
    return EntryArrived(conversation, 12, file_entry(person=1, sender="ana"), ticket)


def moved(ticket: int) -> FileMoved:
    return FileMoved(ticket, note(), True, FileState.MOVING, 1_000, 0.0)


def sent(ticket: int, trouble: FileTrouble | Code | None = None) -> FileEnded:
    return FileEnded(ticket, note(), True, trouble)


def fetched(ticket: int, trouble: FileTrouble | Code | None = None) -> FileEnded:
    path = None if trouble else home("unduhan/foto.png")
    return FileEnded(ticket, note(), False, trouble, path)


# --- sharing ---


def test_a_file_for_the_room_goes_at_once_and_is_answered_when_it_is_shared() -> None:
    visit = Visit("foto.png").begin(to_room("~/foto.png"))
    assert visit.commands == [SendFile(1, ROOM, home("~/foto.png"))]
    visit.happen(moved(1))
    assert (visit.answers, visit.errands.is_idle) == ([], False)

    visit.happen(entry_of(1), sent(1))

    (answer,) = visit.answers
    assert (answer.command, answer.code) == ("sendroomfile", "OK")
    assert answer.message == "File sent: foto.png · 1.2 MB"
    assert answer.fields == {"conversation": "room", "number": 12, "time": TIME, **FILE}
    assert visit.errands.is_idle


def test_it_is_answered_once_whether_its_end_or_its_entry_comes_first() -> None:
    visit = Visit("foto.png").begin(to_room())

    visit.happen(sent(1))
    assert visit.answers == []
    visit.happen(entry_of(1), sent(1), entry_of(1))

    assert visit.codes == [("sendroomfile", "OK")]


def test_a_file_whose_conversation_was_left_meanwhile_is_shared_too() -> None:
    visit = Visit("foto.png").begin(to_group())

    visit.happen(moved(1), DraftTaken(1, 5, 12, SENT_AT), sent(1))

    assert visit.answers[0].fields == {
        "conversation": "group:Kelas",
        "number": 12,
        "time": TIME,
        **FILE,
    }


@pytest.mark.parametrize("errand", [to_room("x"), to_budi(), to_group("Lain")])
def test_a_file_that_is_not_there_is_answered_at_once(errand: Share) -> None:
    visit = Visit().begin(errand)

    assert visit.commands == []
    assert visit.codes == [(errand.command, "FILE_NOT_FOUND")]
    assert visit.answers[0].message == "No such file"
    assert visit.errands.is_idle


def test_a_private_file_opens_its_conversation_first() -> None:
    visit = Visit("foto.png").begin(to_budi())
    assert visit.commands == [OpenPrivate(1, "budi")]

    visit.happen(Answered(1, Code.OK, 8))
    assert visit.commands[1:] == [SendFile(2, 8, home("foto.png"))]
    visit.happen(entry_of(2, 8), sent(2))

    assert visit.codes == [("sendfile", "OK")]
    assert visit.answers[0].fields["conversation"] == "private:budi"


@pytest.mark.parametrize("code", [Code.NO_SUCH_USER, Code.BAD_REQUEST])
def test_a_file_for_nobody_is_not_sent(code: Code) -> None:
    visit = Visit("foto.png").begin(to_budi()).happen(Answered(1, code))

    assert (len(visit.commands), visit.codes) == (1, [("sendfile", code.name)])
    assert not visit.answers[0].message.startswith("The server did not")


def test_a_name_that_cannot_be_is_not_asked_for() -> None:
    visit = Visit("foto.png").begin(Share("sendfile", PRIVATE, "a/b", "foto.png"))

    assert (visit.commands, visit.codes) == ([], [("sendfile", "NO_SUCH_USER")])


@pytest.mark.parametrize(
    ("groups", "code"),
    [((), Code.NO_SUCH_GROUP), ((GroupInfo("Lain", 3, False),), Code.NOT_A_MEMBER)],
)
def test_a_file_for_a_group_one_is_not_in_is_not_sent(
    groups: tuple[GroupInfo, ...], code: Code
) -> None:
    visit = Visit("foto.png").begin(to_group("Lain")).happen(Answered(1, Code.OK, groups))

    assert (visit.commands, visit.codes) == ([AskGroups(1)], [("sendgroupfile", code.name)])


def test_text_typed_before_a_file_begins_before_it() -> None:
    visit = Visit("foto.png").begin(to_group(), Post("halo"), to_room())

    assert visit.commands == [
        SendFile(1, 5, home("foto.png")),
        Say(2, ROOM, "halo"),
        SendFile(3, ROOM, home("foto.png")),
    ]


def test_nothing_waits_for_a_file_on_its_way() -> None:
    visit = Visit("foto.png").begin(to_room(), ListFiles(), Post("halo"))
    assert visit.commands[1:] == [AskFiles(2, ROOM)]

    visit.happen(Answered(2, Code.OK, ()))

    assert visit.commands[-1] == Say(3, ROOM, "halo")
    assert visit.codes == [("files", "OK")]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (FileTrouble.NOT_FOUND, "FILE_NOT_FOUND"),
        (FileTrouble.CHANGED, "FILE_CHANGED"),
        (FileTrouble.DAMAGED, "FILE_DAMAGED"),
        (FileTrouble.DISK_FULL, "OWN_DISK_FULL"),
        (FileTrouble.CANNOT_SAVE, "CANNOT_SAVE"),
        (FileTrouble.DROPPED, "FILE_DROPPED"),
        (FileTrouble.LEFT, "FILE_UNFINISHED"),
        (Code.FILE_TOO_LARGE, "FILE_TOO_LARGE"),
        (Code.NO_SPACE, "NO_SPACE"),
    ],
)
def test_a_file_that_is_not_shared_says_why(trouble: FileTrouble | Code, code: str) -> None:
    visit = Visit("foto.png").begin(to_room()).happen(sent(1, trouble))

    assert visit.codes == [("sendroomfile", code)]
    assert visit.errands.is_idle


def test_a_file_that_is_too_large_says_how_large_one_may_be() -> None:
    ended = FileEnded(1, note(), True, Code.FILE_TOO_LARGE, limit=50_000_000)
    visit = Visit("foto.png").begin(to_room()).happen(ended)

    assert "50 MB" in visit.answers[0].message


def test_a_file_whose_entry_the_server_refuses_is_not_shared() -> None:
    visit = Visit("foto.png").begin(to_room())

    visit.happen(DraftRefused(1, 1, ROOM, note().encode(), Code.MUTED), sent(1, Code.MUTED))

    assert visit.codes == [("sendroomfile", "MUTED")]
    assert "muted" in visit.answers[0].message


def test_files_of_others_settle_nothing() -> None:
    visit = Visit("foto.png").begin(to_room())

    visit.happen(
        moved(99),
        entry_of(99),
        DraftTaken(99, ROOM, 1, 0),
        DraftRefused(99, 1, ROOM, "", Code.MUTED),
        DraftRefused(None, 1, ROOM, "", Code.MUTED),
        sent(99),
        fetched(99),
    )

    assert visit.answers == []


def test_a_transfer_is_ours_until_it_has_ended() -> None:
    visit = Visit("foto.png").begin(to_group())
    assert visit.errands.conversation_of(1) == 5

    visit.happen(entry_of(1, 5))
    assert visit.errands.conversation_of(1) == 5
    visit.happen(sent(1))

    assert visit.errands.conversation_of(1) is None


@pytest.mark.parametrize("errand", [to_budi(), to_room(), ListFiles(), Get("foto.png")])
def test_nobody_shares_and_fetches_nothing(errand: Share | ListFiles | Get) -> None:
    visit = Visit("foto.png").happen(IdentityChanged(0, "", False)).begin(errand)

    assert (visit.commands, [code for _, code in visit.codes]) == ([], ["NO_SESSION"])


# --- listing ---


def test_the_files_of_a_conversation_are_listed_newest_first() -> None:
    visit = Visit().begin(ListFiles())
    assert visit.commands == [AskFiles(1, ROOM)]

    newer, older = shared(9), shared(4, "tugas.pdf", is_removed=True)
    visit.happen(Answered(1, Code.OK, (newer, older)), Answered(2, Code.OK, ()))

    assert visit.commands[1:] == [AskFiles(2, ROOM, 4)]
    (answer,) = visit.answers
    assert answer.message.splitlines() == [
        "Files in room (2):",
        "9 · foto.png · 1.2 MB · budi",
        "4 · tugas.pdf · 1.2 MB · budi (removed)",
    ]
    assert answer.fields["conversation"] == "room"
    rows = answer.fields["files"]
    assert isinstance(rows, list)
    assert rows[0] == {
        "number": 9,
        "sender": "budi",
        "time": TIME,
        "removed": False,
        "coming": False,
        **FILE,
    }


def test_no_files_are_no_error() -> None:
    visit = Visit().begin(ListFiles()).happen(Answered(1, Code.OK))

    assert visit.answers[0].message == "No files in room yet."
    assert visit.answers[0].is_ok


@pytest.mark.parametrize(
    ("place", "conversation"),
    [
        ("", 5),
        ("room", ROOM),
        ("#kelas", 5),
        ("group:Kelas", 5),
        ("Kelas", 5),
        ("@budi", 8),
        ("private:budi", 8),
        ("budi", 8),
        ("#room", 6),
    ],
)
def test_a_conversation_is_the_one_looked_at_or_named(place: str, conversation: int) -> None:
    visit = Visit().happen(
        ConversationChanged(8, PRIVATE, "budi", 2, 0, 0),
        ConversationChanged(6, GROUP, "room", 0, 0, 0),
    )

    visit.errands.begin(ListFiles(place), visit.answers.append, 5)

    assert visit.commands == [AskFiles(1, conversation)]


@pytest.mark.parametrize("place", ["#budi", "@kelas", "Lain"])
def test_a_conversation_one_is_not_in_has_no_files(place: str) -> None:
    visit = Visit().begin(ListFiles(place), Get("foto.png", place))

    assert visit.commands == []
    assert visit.codes == [("files", "NO_SUCH_CONVERSATION"), ("get", "NO_SUCH_CONVERSATION")]


def test_a_list_that_is_refused_says_why_and_lets_others_go_on() -> None:
    visit = Visit().begin(ListFiles("#Kelas"), Post("halo"))

    visit.happen(Answered(1, Code.NOT_A_MEMBER))

    assert visit.codes == [("files", "NOT_A_MEMBER")]
    assert visit.commands[1:] == [Say(2, ROOM, "halo")]


def test_a_list_ends_somewhere() -> None:
    visit = Visit().begin(ListFiles())
    page = tuple(shared(number) for number in range(2 * MOST_LISTED, MOST_LISTED, -1))

    visit.happen(Answered(1, Code.OK, page))

    assert (len(visit.commands), visit.codes) == (1, [("files", "OK")])


def test_a_server_that_goes_in_circles_is_not_followed() -> None:
    visit = Visit().begin(ListFiles())

    visit.happen(Answered(1, Code.OK, (shared(9),)), Answered(2, Code.OK, (shared(9),)))

    assert (len(visit.commands), visit.codes) == (2, [("files", "OK")])


# --- fetching ---


def test_a_file_is_fetched_by_its_name_and_answered_when_it_is_saved() -> None:
    visit = Visit().begin(Get("FOTO.png"))

    visit.happen(Answered(1, Code.OK, (shared(12, "lain.png"), shared(9), shared(4))))
    assert visit.commands[1:] == [FetchFile(2, note(), None)]
    assert not visit.errands.is_idle
    visit.happen(FileMoved(2, note(), False, FileState.CHECKING, 5, 0.0), fetched(2))

    (answer,) = visit.answers
    assert (answer.command, answer.code) == ("get", "OK")
    assert answer.message == f"Saved as {home('unduhan/foto.png')}"
    assert answer.fields == {
        "conversation": "room",
        "number": 9,
        **FILE,
        "path": str(home("unduhan/foto.png")),
    }
    assert visit.errands.is_idle


def test_a_name_is_looked_for_page_by_page() -> None:
    visit = Visit().begin(Get("foto.png"))

    visit.happen(
        Answered(1, Code.OK, (shared(12, "lain.png"),)), Answered(2, Code.OK, (shared(4),))
    )

    assert visit.commands == [
        AskFiles(1, ROOM),
        AskFiles(2, ROOM, 12),
        FetchFile(3, note()),
    ]


def test_a_file_is_fetched_by_the_number_of_its_entry() -> None:
    visit = Visit().begin(Get("9", "#Kelas", "unduhan"))
    assert visit.commands == [AskFiles(1, 5, 10)]

    visit.happen(Answered(1, Code.OK, (shared(9, conversation=5), shared(4, conversation=5))))

    assert visit.commands[1:] == [FetchFile(2, note(), home("unduhan"))]


@pytest.mark.parametrize("page", [(), (shared(4, "7"),)])
def test_what_is_no_number_of_a_file_may_be_its_name(page: tuple[SharedHere, ...]) -> None:
    visit = Visit().begin(Get("7"))

    visit.happen(Answered(1, Code.OK, page), Answered(2, Code.OK, (shared(4, "7"),)))

    assert visit.commands == [
        AskFiles(1, ROOM, 8),
        AskFiles(2, ROOM),
        FetchFile(3, note("7")),
    ]


@pytest.mark.parametrize("file", ["9" * 5_000, "٩", "-1", "0"])
def test_what_cannot_be_a_number_is_a_name(file: str) -> None:
    assert Visit().begin(Get(file)).commands == [AskFiles(1, ROOM)]


def test_a_file_that_nobody_shared_is_not_found() -> None:
    visit = Visit().begin(Get("foto.png"))
    page = (shared(9, "lain.png"),)

    visit.happen(Answered(1, Code.OK, page), Answered(2, Code.OK, ()))

    assert visit.codes == [("get", "FILE_NOT_FOUND")]
    assert visit.errands.is_idle


@pytest.mark.parametrize(
    ("is_too_large", "code"), [(False, "FILE_REMOVED"), (True, "FILE_TOO_LARGE")]
)
def test_a_file_that_is_not_there_any_more_or_never_was_is_not_asked_for(
    is_too_large: bool, code: str
) -> None:
    gone = replace(shared(9, is_removed=True), is_too_large=is_too_large)
    visit = Visit().begin(Get("foto.png"))

    visit.happen(Answered(1, Code.OK, (gone,)))

    assert (len(visit.commands), visit.codes) == (1, [("get", code)])


@pytest.mark.parametrize("file", ["9", "foto.png"])
def test_a_refused_question_is_the_answer(file: str) -> None:
    visit = Visit().begin(Get(file)).happen(Answered(1, Code.NO_SESSION))

    assert (len(visit.commands), visit.codes) == (1, [("get", "NO_SESSION")])


def test_a_folder_that_is_not_there_is_answered_at_once() -> None:
    visit = Visit().begin(Get("foto.png", folder="entah"))

    assert (visit.commands, visit.codes) == ([], [("get", "CANNOT_SAVE")])


@pytest.mark.parametrize("trouble", [FileTrouble.DAMAGED, Code.FILE_MISSING])
def test_a_file_that_is_not_saved_says_why(trouble: FileTrouble | Code) -> None:
    visit = Visit().begin(Get("foto.png")).happen(Answered(1, Code.OK, (shared(9),)))

    visit.happen(fetched(2, trouble))

    assert len(visit.codes) == 1
    assert not visit.answers[0].is_ok


def test_files_are_fetched_side_by_side() -> None:
    visit = Visit().begin(Get("foto.png"), Get("lain.png"))

    page = (shared(9), shared(8, "lain.png"))
    visit.happen(Answered(2, Code.OK, page), Answered(1, Code.OK, page), fetched(4), fetched(3))

    assert visit.codes == [("get", "OK"), ("get", "OK")]
    assert [answer.fields["number"] for answer in visit.answers] == [9, 8]


def test_a_file_that_was_too_large_for_the_server_is_listed_as_such() -> None:
    gone = replace(shared(9, is_removed=True), is_too_large=True)

    visit = Visit().begin(ListFiles()).happen(Answered(1, Code.OK, (gone,)))
    visit.happen(Answered(2, Code.OK, ()))

    assert visit.answers[0].message.splitlines()[1] == (
        "9 · foto.png · 1.2 MB · budi (too large for this server)"
    )


def test_a_file_that_is_still_on_its_way_is_listed_as_such() -> None:
    coming = replace(shared(9), is_coming=True)

    visit = Visit().begin(ListFiles()).happen(Answered(1, Code.OK, (coming,)))
    visit.happen(Answered(2, Code.OK, ()))

    (answer,) = visit.answers
    assert answer.message.splitlines()[1] == "9 · foto.png · 1.2 MB · budi (on its way)"
    rows = answer.fields["files"]
    assert isinstance(rows, list)
    assert isinstance(rows[0], dict)
    assert rows[0]["coming"] is True
