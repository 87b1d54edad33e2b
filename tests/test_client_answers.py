import pytest

from client_answers import (
    COMMAND_OF,
    MAX_DETAIL,
    MAX_SEARCH,
    answer_for,
    failure,
    failure_sentence,
    foregone,
    iso_time,
)
from client_commands import COMMANDS
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    AskMembers,
    ChangeName,
    ChangePassword,
    FindPeople,
    Found,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    OpenPrivate,
    Register,
    Request,
    Result,
    Search,
)
from client_file_answers import file_failure, file_sent
from client_file_events import FileTrouble
from conversation import NO_TAG, Entry, EntryKind, FileNote
from protocol import Code
from texts import Texts

FOUND = Found(1, 3, Entry(NO_TAG, EntryKind.TEXT, 0, 2, "budi", "halo"))
GROUPS = (GroupInfo("Kelas", 3, True), GroupInfo("Lain", 1, False))


def message(request: Request, code: Code, language: str, result: Result = None) -> str:
    return answer_for(request, Answered(7, code, result), Texts(language)).message


@pytest.mark.parametrize(
    ("request_", "code", "english", "indonesian"),
    [
        (Register(0, "ana", "x"), Code.OK, "Registration successful.", "Registrasi berhasil."),
        (Register(0, "ana", "x"), Code.NAME_TAKEN, "Username already taken.", "User sudah ada"),
        (
            LogIn(0, "ana", "x"),
            Code.WRONG_LOGIN,
            "Invalid username or password.",
            "User tidak ada atau password salah",
        ),
        (LogOut(0), Code.OK, "Logged out.", "Logout berhasil"),
        (
            LogOut(0),
            Code.NO_SESSION,
            "No session. Log in first: /login USER PASSWORD",
            "Session tidak ditemukan",
        ),
        (AddGroup(0, "Kelas"), Code.OK, "Add group successful", "Add group Berhasil"),
        (AddGroup(0, "Kelas"), Code.GROUP_EXISTS, "Group already exists", "Group sudah ada"),
        (JoinGroup(0, "Kelas"), Code.OK, "Joined Kelas", "Join group berhasil: Kelas"),
        (JoinGroup(0, "Kelas"), Code.NO_SUCH_GROUP, "No such group", "Group belum ada"),
        (JoinGroup(0, "Kelas"), Code.ALREADY_A_MEMBER, "Already a member", "User sudah join"),
        (LeaveGroup(0, "Kelas"), Code.OK, "Left Kelas", "Keluar dari group Kelas"),
        (LeaveGroup(0, "Kelas"), Code.NO_SUCH_GROUP, "No such group", "Group tidak ditemukan"),
        (
            AskMembers(0, "Kelas"),
            Code.NOT_A_MEMBER,
            "Not a member of this group",
            "User bukan member grup",
        ),
        (OpenPrivate(0, "budi"), Code.NO_SUCH_USER, "No such user", "User tidak ada"),
        (ChangePassword(0, "a", "b"), Code.OK, "Password changed.", "Password berhasil diganti"),
    ],
)
def test_the_seeds_own_words(request_: Request, code: Code, english: str, indonesian: str) -> None:
    assert message(request_, code, "en") == english
    assert message(request_, code, "id") == indonesian


def test_the_seeds_own_words_about_files() -> None:
    note = FileNote(bytes(32), 1_234_567, "foto.png")
    missing = [file_failure("sendfile", FileTrouble.NOT_FOUND, Texts(one)) for one in ("en", "id")]
    sent = file_sent("sendfile", note, Texts("id"), {})

    assert [answer.message for answer in missing] == ["No such file", "File tidak ditemukan"]
    assert sent.message == "File sent: foto.png · 1,2 MB"


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("trouble", [*FileTrouble, *Code])
def test_every_trouble_with_a_file_has_a_code_and_a_sentence(
    trouble: FileTrouble | Code, language: str
) -> None:
    failed = file_failure("get", trouble, Texts(language))

    assert not failed.is_ok
    assert failed.code.isupper()
    assert failed.message


@pytest.mark.parametrize(
    ("trouble", "english", "indonesian"),
    [
        (
            Code.FILE_TOO_LARGE,
            "This file is too large for the server: 2.1 GB at most.",
            "File ini terlalu besar untuk server: paling banyak 2,1 GB.",
        ),
        (
            Code.NO_SPACE,
            "The server has no space left for this file: 2.1 GB are for all files, and 500 MB of"
            " its disk stay free.",
            "Server tidak punya tempat lagi untuk file ini: 2,1 GB untuk semua file, dan 500 MB di"
            " disknya tetap kosong.",
        ),
    ],
)
def test_what_a_server_takes_is_in_the_sentence_if_it_is_known(
    trouble: Code, english: str, indonesian: str
) -> None:
    told = [
        file_failure("sendfile", trouble, Texts(one), 2_147_483_648, 500_000_000)
        for one in ("en", "id")
    ]

    assert [answer.message for answer in told] == [english, indonesian]
    assert {answer.code for answer in told} == {trouble.name}


def test_an_answer_names_its_command_and_its_code() -> None:
    told = answer_for(AddGroup(0, "Kelas"), Answered(1, Code.GROUP_EXISTS), Texts("en"))

    assert (told.is_ok, told.command, told.code) == (False, "addgroup", "GROUP_EXISTS")


@pytest.mark.parametrize("asked", [Register(0, "ana", "x"), LogIn(0, "ana", "x")])
def test_a_session_is_shown_by_its_token(asked: Request) -> None:
    told = answer_for(asked, Answered(1, Code.OK, "a0b1"), Texts("en"))

    assert told.fields == {"name": "ana", "token": "a0b1"}


def test_the_token_stands_in_the_answer_to_a_login() -> None:
    assert "a0b1" in message(LogIn(0, "ana", "x"), Code.OK, "en", "a0b1")


@pytest.mark.parametrize(("result", "name"), [("Ana", "Ana"), (None, "ana")])
def test_a_name_is_told_as_the_server_wrote_it(result: Result, name: str) -> None:
    told = answer_for(ChangeName(0, "ana"), Answered(1, Code.OK, result), Texts("en"))

    assert told.fields == {"name": name}
    assert told.message == f"You are {name} now."


def test_groups_are_listed_with_their_members_and_ours_marked() -> None:
    told = answer_for(AskGroups(0), Answered(1, Code.OK, GROUPS), Texts("en"))

    assert told.message == "Groups (2): Kelas (3, joined), Lain (1)"
    assert told.fields["groups"] == [
        {"name": "Kelas", "members": 3, "member": True},
        {"name": "Lain", "members": 1, "member": False},
    ]


def test_no_group_is_an_answer_too() -> None:
    assert message(AskGroups(0), Code.OK, "en", ()).startswith("There is no group yet.")
    assert message(AskGroups(0), Code.OK, "en").startswith("There is no group yet.")


def test_members_are_listed() -> None:
    told = answer_for(AskMembers(0, "Kelas"), Answered(1, Code.OK, ("ana", "budi")), Texts("id"))

    assert told.message == "Member Kelas (2): ana, budi"
    assert told.fields == {"conversation": "group:Kelas", "members": ["ana", "budi"]}
    assert message(AskMembers(0, "Kelas"), Code.OK, "en") == "Members of Kelas (0): "


def test_what_was_found_is_shown_below_its_count() -> None:
    told = answer_for(Search(0, "halo"), Answered(1, Code.OK, (FOUND,)), Texts("en"))

    assert (told.message, told.found) == ("Found (1):", (FOUND,))
    nothing = answer_for(Search(0, "halo"), Answered(1, Code.OK, ()), Texts("en"))
    assert (nothing.message, nothing.found) == ("Nothing found.", ())
    assert answer_for(Search(0, "halo"), Answered(1, Code.OK), Texts("en")).found == ()


@pytest.mark.parametrize("asked", [OpenPrivate(0, "budi"), FindPeople(0, "b")])
def test_steps_of_the_program_itself_say_nothing(asked: Request) -> None:
    assert message(asked, Code.OK, "en", 3) == ""


def test_whoever_guessed_too_often_is_told_how_long_to_wait() -> None:
    told = failure("login", Answered(1, Code.TOO_MANY_GUESSES, wait=12.3), Texts("en"))

    assert told.message == "Too many wrong passwords. Try again in 12 s."


@pytest.mark.parametrize(("reason", "begins"), [("start", "A name begins"), ("", "A name cannot")])
def test_a_wrong_name_is_explained(reason: str, begins: str) -> None:
    answered = Answered(1, Code.NAME_INVALID, reason=reason)

    assert failure_sentence("name", answered, Texts("en")).startswith(begins)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("command", [*COMMAND_OF.values(), "sendgroup", "inbox", "say"])
def test_every_failure_has_a_sentence(command: str, code: Code, language: str) -> None:
    assert failure_sentence(command, Answered(1, code), Texts(language))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_failure_that_is_documented_has_a_sentence_of_its_own(command: object) -> None:
    failures = getattr(command, "failures", ())
    name = getattr(command, "name", "")

    sentences = [file_failure(name, failed, Texts("en")).message for failed in failures]

    assert not any(sentence.startswith("The server did not do it") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Register(0, "a@b", "x"), Code.NAME_INVALID),
        (Register(0, "ana", "x", country="x" * (MAX_DETAIL + 1)), Code.BAD_REQUEST),
        (Register(0, "ana", "x", full_name="a\nb"), Code.BAD_REQUEST),
        (ChangeName(0, "exit"), Code.NAME_INVALID),
        (AddGroup(0, ""), Code.NAME_INVALID),
        (LogIn(0, "a@b", "x"), Code.WRONG_LOGIN),
        (OpenPrivate(0, "x" * 5_000), Code.NO_SUCH_USER),
        (JoinGroup(0, "a/b"), Code.NO_SUCH_GROUP),
        (LeaveGroup(0, "a/b"), Code.NO_SUCH_GROUP),
        (AskMembers(0, "a/b"), Code.NO_SUCH_GROUP),
        (Search(0, "x" * (MAX_SEARCH + 1)), Code.BAD_REQUEST),
        (Search(0, "a\nb"), Code.BAD_REQUEST),
    ],
)
def test_what_can_only_fail_need_not_be_asked(asked: Request, code: Code) -> None:
    known = foregone(asked)

    assert known is not None
    assert known.code is code


def test_the_reason_of_a_wrong_name_is_kept() -> None:
    assert foregone(ChangeName(0, "-x")) == Answered(0, Code.NAME_INVALID, reason="start")


@pytest.mark.parametrize(
    "asked",
    [
        Register(0, "ana", "x", "Indonesia", "Ana Putri"),
        ChangeName(0, "ana"),
        AddGroup(0, "Kelas 7B"),
        LogIn(0, "ana", ""),
        OpenPrivate(0, "Ibu Sari"),
        JoinGroup(0, "Kelas"),
        Search(0, "halo dunia"),
        LogOut(0),
    ],
)
def test_all_else_is_the_servers_to_say(asked: Request) -> None:
    assert foregone(asked) is None


@pytest.mark.parametrize(
    ("sent_at", "shown"),
    [(0, "1970-01-01T00:00:00.000Z"), (2**63, "9999-01-01T00:00:00.000Z")],
)
def test_times_for_scripts_are_utc_and_bounded(sent_at: int, shown: str) -> None:
    assert iso_time(sent_at) == shown
