import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_commands import (
    COMMANDS,
    Answer,
    Ask,
    Do,
    Exit,
    Get,
    ListFiles,
    Outcome,
    Post,
    ReadInbox,
    Send,
    Share,
    command_lines,
    find_command,
    holds_password,
    interpret,
    refusal_sentence,
)
from client_events import (
    AddGroup,
    AskGroups,
    AskMembers,
    ChangeName,
    ChangePassword,
    Entered,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    PeopleReplaced,
    Register,
    Request,
    Search,
)
from client_model import ClientModel
from conversation import ConversationKind, Person, Presence
from protocol import MAX_TEXT, Code
from texts import Texts

SAY = Texts("en")
HOSTILE = json.loads((Path(__file__).parent / "vectors" / "blns.json").read_text(encoding="utf-8"))


def model() -> ClientModel:
    known = ClientModel()
    known.apply(Entered(1, "ana", "Lab", b"k" * 32, False))
    known.apply(
        PeopleReplaced(
            (
                Person(1, "ana", Presence.HERE),
                Person(2, "budi", Presence.AWAY),
                Person(3, "cici", Presence.HERE),
            )
        )
    )
    return known


def typed(line: str) -> Outcome:
    return interpret(line, model(), SAY)


def answer(line: str) -> Answer:
    outcome = typed(line)
    assert isinstance(outcome, Answer)
    return outcome


@pytest.mark.parametrize("line", ["halo", " halo ", "exit now", "satu\ndua", "Exit", "1/2", "🍉"])
def test_an_ordinary_line_is_said_as_it_stands(line: str) -> None:
    assert typed(line) == Post(line)


def test_the_end_of_the_line_is_not_part_of_it() -> None:
    assert typed("halo\r\n") == Post("halo")


@pytest.mark.parametrize("line", ["exit", " exit ", "exit\n"])
def test_exit_leaves_without_a_slash(line: str) -> None:
    assert typed(line) == Exit()


def test_two_slashes_say_one() -> None:
    assert typed("//help") == Post("/help")


@pytest.mark.parametrize("word", ["register", "login", "auth", "LOGIN"])
@pytest.mark.parametrize("lead", ["", "  ", "\t"])
def test_what_may_hold_a_password_is_never_said_without_asking(word: str, lead: str) -> None:
    line = f"{lead}{word} budi rahasia"

    assert typed(line) == Ask(line, word.casefold())


def test_other_words_that_begin_so_are_harmless() -> None:
    assert typed("authors write") == Post("authors write")


@pytest.mark.parametrize("line", ["", "   ", "\n\n", "// ".removesuffix("/ "), "\ud800"])
def test_nothing_is_not_said(line: str) -> None:
    outcome = typed(line)

    assert isinstance(outcome, Answer)
    assert not outcome.is_ok


def test_what_is_too_long_is_refused_before_it_is_sent() -> None:
    assert isinstance(typed("x" * MAX_TEXT), Post)
    assert answer("é" * (MAX_TEXT // 2) + "x").code == Code.TEXT_TOO_LONG.name
    assert answer("login " + "x" * MAX_TEXT).code == Code.TEXT_TOO_LONG.name


def test_say_says_anything() -> None:
    assert typed(r'/say "satu\ndua \"tiga\""') == Post('satu\ndua "tiga"')
    assert typed('/SAY "login x y"') == Post("login x y")


@pytest.mark.parametrize(
    "rest", ["", "halo", "1", "null", '"open', '["x"]', "[" * 100_000, '"x" "y"']
)
def test_say_wants_one_json_string(rest: str) -> None:
    refused = answer(f"/say {rest}")

    assert (refused.is_ok, refused.command, refused.code) == (False, "say", "USAGE")
    assert '/say "JSON STRING"' in refused.message


def test_say_refuses_what_cannot_be_said() -> None:
    assert answer(r'/say "\ud800"').code == Code.TEXT_INVALID.name
    assert answer('/say "  "').code == Code.TEXT_INVALID.name


def test_info_tells_who_is_active() -> None:
    told = answer("/info")

    assert told.is_ok
    assert told.message == "Active now (3): ana, cici, budi (away)"
    assert told.fields["room"] == "Lab"
    assert told.fields["people"] == [
        {"name": "ana", "presence": "here", "you": True},
        {"name": "cici", "presence": "here", "you": False},
        {"name": "budi", "presence": "away", "you": False},
    ]


def test_info_of_an_empty_room_is_an_error() -> None:
    told = interpret("/info", ClientModel(), SAY)

    assert isinstance(told, Answer)
    assert (told.is_ok, told.code) == (False, Code.NO_SESSION.name)


def test_info_takes_nothing_more() -> None:
    assert answer("/info ana").code == "USAGE"


@pytest.mark.parametrize("language", ["en", "id"])
def test_help_lists_all_that_can_be_typed(language: str) -> None:
    told = interpret("/help", model(), Texts(language))

    assert isinstance(told, Answer)
    for usage, summary in command_lines(Texts(language)):
        assert usage in told.message
        assert summary in told.message
    assert told.fields["commands"] == [command.name for command in COMMANDS]


@pytest.mark.parametrize("asked", ["info", "/info", "INFO"])
def test_help_explains_one_command(asked: str) -> None:
    told = answer(f"/help {asked}")

    assert told.is_ok
    assert told.fields["usage"] == "/info"


@pytest.mark.parametrize("line", ["/nope", "/", "/ halo", "/help nope", "/help me"])
def test_an_unknown_command_is_never_said(line: str) -> None:
    told = answer(line)

    assert (told.is_ok, told.code) == (False, "UNKNOWN_COMMAND")


def test_commands_are_told_apart_by_name() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]

    assert len(set(names)) == len(names)
    assert all(find_command(name) is not None for name in names)
    assert all(command.usage.startswith(f"/{command.name}") for command in COMMANDS)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("/register ana rahasia", Register(0, "ana", "rahasia")),
        (
            '/register "Ibu Sari" "kata sandi" Indonesia Sari Dewi Putri',
            Register(0, "Ibu Sari", "kata sandi", "Indonesia", "Sari Dewi Putri"),
        ),
        ("/login ana rahasia", LogIn(0, "ana", "rahasia")),
        ("/AUTH ana rahasia", LogIn(0, "ana", "rahasia")),
        ("/login\tana\n rahasia ", LogIn(0, "ana", "rahasia")),
        ("/logout", LogOut(0)),
        ("/passwd lama baru", ChangePassword(0, "lama", "baru")),
        ("/name Ibu Sari", ChangeName(0, "Ibu Sari")),
        ("/search selamat pagi", Search(0, "selamat pagi")),
        ("/groups", AskGroups(0)),
        ("/addgroup kelas 7B", AddGroup(0, "kelas 7B")),
        ('/joingroup "kelas 7B"', JoinGroup(0, "kelas 7B")),
        ("/leavegroup jum'at", LeaveGroup(0, "jum'at")),
        ("/members kelompok-Bagan", AskMembers(0, "kelompok-Bagan")),
    ],
)
def test_a_command_that_needs_the_server_becomes_a_request(line: str, request_: Request) -> None:
    assert typed(line) == Do(request_)


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("/send budi halo, jum'at ya", ("send", "budi", "halo, jum'at ya")),
        ('/send "Ibu Sari" selamat pagi', ("send", "Ibu Sari", "selamat pagi")),
        (r'/send budi "satu\ndua"', ("send", "budi", "satu\ndua")),
        ("/sendgroup kelas login x", ("sendgroup", "kelas", "login x")),
    ],
)
def test_a_message_goes_to_a_name(line: str, sent: tuple[str, str, str]) -> None:
    command, name, text = sent
    is_group = command == "sendgroup"
    kind = ConversationKind.GROUP if is_group else ConversationKind.PRIVATE

    assert typed(line) == Send(command, kind, name, text)


def test_what_cannot_be_said_is_not_sent_to_anybody() -> None:
    too_long = answer("/send budi " + "x" * (MAX_TEXT + 1))

    assert (too_long.command, too_long.code) == ("send", Code.TEXT_TOO_LONG.name)
    assert answer('/sendgroup kelas " "').code == Code.TEXT_INVALID.name


def test_the_inbox_is_read() -> None:
    assert typed("/inbox") == ReadInbox()


@pytest.mark.parametrize(
    "line",
    [
        "/register",
        "/register ana",
        '/register ana ""',
        '/register "ana',
        "/login ana",
        "/login ana kata sandi",
        "/logout now",
        "/passwd lama",
        '/passwd lama " "',
        "/name",
        "/send",
        "/send budi",
        '/send "Ibu Sari"',
        "/sendgroup kelas",
        "/inbox 3",
        "/search",
        "/groups all",
        "/addgroup",
        '/joingroup "a" b',
        "/members",
    ],
)
def test_whatever_is_typed_wrongly_is_answered_with_how_to_type_it(line: str) -> None:
    told = answer(line)
    command = find_command(line.split()[0])

    assert command is not None
    assert (told.is_ok, told.command, told.code) == (False, command.name, "USAGE")
    assert told.message == f"Write: {command.usage}"


def test_half_a_character_is_no_argument() -> None:
    assert answer("/login ana \ud800").code == Code.TEXT_INVALID.name


@pytest.mark.parametrize("line", ["/kick budi", "/ban budi 5", "/unban budi", "/mute budi"])
def test_only_the_operator_keeps_order(line: str) -> None:
    told = answer(line)

    assert (told.is_ok, told.command, told.code) == (
        False,
        line[1:].split()[0],
        "NOT_THE_OPERATOR",
    )


@pytest.mark.parametrize(
    "line", [" /login ana x", "\\login ana x", " /passwd a b", "/ login", "\t//register a b"]
)
def test_a_slash_in_the_wrong_place_publishes_no_password(line: str) -> None:
    assert not isinstance(typed(line), Post)


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ("/login ana x", True),
        ("login ana x", True),
        ("/PASSWD a b", True),
        ("/register a b", True),
        ("passwd a b", False),
        ("/send budi login", False),
        ("", False),
    ],
)
def test_lines_with_a_password_are_told_apart(line: str, is_secret: bool) -> None:
    assert holds_password(line) is is_secret


@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("language", ["en", "id"])
def test_every_refusal_has_a_sentence(code: Code, language: str) -> None:
    assert refusal_sentence(code, Texts(language))


@given(st.text(st.characters(exclude_categories=())))
def test_any_line_means_something(line: str) -> None:
    assert isinstance(typed(line), Post | Send | Do | ReadInbox | Ask | Exit | Answer)


@pytest.mark.parametrize("line", HOSTILE)
def test_nasty_lines_are_said_unchanged_or_answered(line: str) -> None:
    outcome = typed(line)

    if isinstance(outcome, Post):
        assert outcome.text in (line.rstrip("\r\n"), line[1:].rstrip("\r\n"))


# --- files ---


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (
            '/sendfile "Ibu Sari" ~/Foto Kelas/1.png',
            Share("sendfile", ConversationKind.PRIVATE, "Ibu Sari", "~/Foto Kelas/1.png"),
        ),
        (
            '/SENDGROUPFILE kelas "a b.png"',
            Share("sendgroupfile", ConversationKind.GROUP, "kelas", "a b.png"),
        ),
        ("/sendroomfile a b.png", Share("sendroomfile", ConversationKind.ROOM, "", "a b.png")),
        ("/files", ListFiles()),
        ("/files #Kelas 7B", ListFiles("#Kelas 7B")),
        ("/get foto.png", Get("foto.png")),
        ('/get "foto kelas.png" "~/Foto Kelas"', Get("foto kelas.png", "", "~/Foto Kelas")),
        ("/get @budi/12 /tmp", Get("12", "@budi", "/tmp")),
        ('/get "#Kelas 7B/foto kelas.png"', Get("foto kelas.png", "#Kelas 7B")),
    ],
)
def test_a_command_about_files_means_what_it_says(line: str, meant: Outcome) -> None:
    assert typed(line) == meant


@pytest.mark.parametrize(
    "line",
    [
        *("/sendfile", "/sendfile budi", '/sendfile budi "a" b', "/sendgroupfile kelas"),
        *("/sendroomfile", '/sendroomfile "a', '/files "a'),
        *("/get", "/get a b c", "/get /a", "/get room/", '/get ""'),
    ],
)
def test_a_command_about_files_that_lacks_something_says_how_it_is_written(line: str) -> None:
    refused = answer(line)

    assert (refused.is_ok, refused.code) == (False, "USAGE")
