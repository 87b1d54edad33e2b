"""Commands about other realms: what they mean, what is answered, what is shown of passwords."""

from dataclasses import replace

import pytest
from talk_parts import Visit

from client_answers import answer_for, foregone
from client_commands import Answer, Do, Outcome, ReadInbox, Send, Share, holds_password, interpret
from client_events import Answered, AskMembers, JoinGroup, LeaveGroup, LogIn, OpenPrivate, Request
from client_model import ClientModel
from client_realm_events import AddRealm, AskRealms, RealmInfo, RealmState, RealmTrouble
from conversation import ConversationKind
from protocol import Code
from texts import Texts

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE
SAY = Texts("en")
SPACED = "kuda  laut biru"
ADD = AddRealm(0, "campus-b", "10.0.0.2", 8083)
CAMPUS = RealmInfo("campus-b", RealmState.LINKED, 0, 3, 0.012, ("10.0.0.2", 8083))
LAB = RealmInfo("lab", RealmState.AWAY, 1_000, 3, None, ("::1", 8083))


def meant(line: str) -> Outcome:
    return interpret(line, ClientModel(), SAY)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("/addrealm campus-b 10.0.0.2 8083", Do(ADD)),
        ('/addrealm campus-b 10.0.0.2 8083 ""', Do(ADD)),
        ('/addrealm "" 10.0.0.2 8083', Do(replace(ADD, name=""))),
        ('/addrealm campus-b 10.0.0.2 8083 "kata sandi"', Do(replace(ADD, password="kata sandi"))),
        ("/addrealm campus-b 10.0.0.2 8083 kuda  laut biru ", Do(replace(ADD, password=SPACED))),
        (f'/addrealm campus-b 10.0.0.2 8083 "{SPACED}"', Do(replace(ADD, password=SPACED))),
        ("/addrealm campus-b 10.0.0.2 8083 jum'at", Do(replace(ADD, password="jum'at"))),
        ("/realms", Do(AskRealms(0))),
        (
            "/sendprivaterealm campus-b bob apa  kabar?",
            Send("sendprivaterealm", PRIVATE, "bob@campus-b", "apa  kabar?"),
        ),
        (
            '/sendprivaterealm campus-b "Ibu Sari" "satu\\ndua"',
            Send("sendprivaterealm", PRIVATE, "Ibu Sari@campus-b", "satu\ndua"),
        ),
        (
            "/sendfilerealm campus-b bob foto kelas.png",
            Share("sendfilerealm", PRIVATE, "bob@campus-b", "foto kelas.png"),
        ),
        (
            "/sendgrouprealm campus-b kelas halo",
            Send("sendgrouprealm", GROUP, "kelas@campus-b", "halo", joins=True),
        ),
        (
            "/sendgroupfilerealm campus-b kelas foto.png",
            Share("sendgroupfilerealm", GROUP, "kelas@campus-b", "foto.png", joins=True),
        ),
        ("/getrealminbox campus-b", ReadInbox("campus-b")),
        ("/send bob@campus-b halo", Send("send", PRIVATE, "bob@campus-b", "halo")),
        ("/joingroup kelas@campus-b", Do(JoinGroup(0, "kelas@campus-b"))),
    ],
)
def test_a_command_about_realms_means_what_it_says(line: str, outcome: Outcome) -> None:
    assert meant(line) == outcome


@pytest.mark.parametrize(
    "line",
    [
        "/addrealm",
        "/addrealm campus-b 10.0.0.2",
        "/addrealm campus-b 10.0.0.2 0",
        "/addrealm campus-b 10.0.0.2 65536",
        "/addrealm campus-b 10.0.0.2 655360000",
        "/addrealm campus-b 10.0.0.2 port",
        '/addrealm campus-b 10.0.0.2 8083 "kata sandi',
        '/addrealm campus-b 10.0.0.2 8083 "kata" sandi',
        "/realms all",
        "/sendprivaterealm campus-b bob",
        "/sendfilerealm campus-b bob",
        "/sendgrouprealm campus-b",
        "/sendgroupfilerealm",
        "/getrealminbox",
    ],
)
def test_one_that_lacks_something_says_how_it_is_written(line: str) -> None:
    answer = meant(line)

    assert isinstance(answer, Answer)
    assert (answer.code, answer.message.split()[:2]) == ("USAGE", ["Write:", line.split()[0]])


def test_what_cannot_be_said_is_not_said_there_either() -> None:
    answer = meant(f"/sendgrouprealm campus-b kelas {'x' * 64_001}")

    assert isinstance(answer, Answer)
    assert (answer.command, answer.code) == ("sendgrouprealm", "TEXT_TOO_LONG")


def test_only_the_operator_drops_a_realm() -> None:
    answer = meant("/delrealm campus-b")

    assert isinstance(answer, Answer)
    assert answer.code == "NOT_THE_OPERATOR"


def test_its_password_is_kept_nowhere() -> None:
    assert holds_password("/addrealm campus-b 10.0.0.2 8083 rahasia")
    assert "rahasia" not in repr(meant("/addrealm campus-b 10.0.0.2 8083 rahasia"))


# --- answers ---


@pytest.mark.parametrize(
    ("code", "english", "indonesian"),
    [
        (Code.REALM_EXISTS, "Realm already exists", "Realm sudah ada"),
        (Code.REALM_UNREACHABLE, "Realm unreachable", "Realm tidak dapat dihubungi"),
        (Code.WRONG_PASSWORD, "Wrong password of that realm.", "Password realm itu salah."),
        (Code.NO_SESSION, "No session.", "Session tidak ditemukan"),
        (Code.NOT_ALLOWED, "Realms are added by the operator", "Realm hanya ditambahkan oleh"),
        (Code.SERVER_FULL, "No more realms can be linked.", "Tidak bisa menambah realm lagi."),
        (Code.DISK_FULL, "A disk is full, of this server or", "Disk penuh, di server ini atau di"),
        (
            Code.TOO_MANY_GUESSES,
            "Too many wrong passwords there, or too",
            "Password di sana terlalu",
        ),
        (Code.BAD_REQUEST, "There can be no server at", "Tidak mungkin ada server di"),
    ],
)
def test_why_a_realm_was_not_added(code: Code, english: str, indonesian: str) -> None:
    for say, sentence in ((SAY, english), (Texts("id"), indonesian)):
        answer = answer_for(ADD, Answered(1, code), say)
        assert (answer.command, answer.code) == ("addrealm", code.name)
        assert answer.message.startswith(sentence)


def test_too_many_wrong_passwords_of_ones_own_are_told_as_such() -> None:
    message = answer_for(LogIn(0, "ana", "x"), Answered(1, Code.TOO_MANY_GUESSES, wait=7), SAY)

    assert message.message == "Too many wrong passwords. Try again in 7 s."


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (OpenPrivate(0, "bob@campus-b"), Code.BANNED, "The operator there keeps you out."),
        (OpenPrivate(0, "bob@campus-b"), Code.REALM_UNREACHABLE, "Realm unreachable"),
        (OpenPrivate(0, "bob@campus-b"), Code.SERVER_FULL, "too many names wait for their realm"),
        (JoinGroup(0, "kelas@campus-b"), Code.SERVER_FULL, "You are in as many conversations as"),
    ],
)
def test_why_somebody_there_was_not_reached(asked: Request, code: Code, words: str) -> None:
    assert words in answer_for(asked, Answered(1, code), SAY).message


def test_a_realm_that_is_there_already_is_named() -> None:
    exists = Answered(1, Code.REALM_EXISTS, reason="beta")

    assert answer_for(ADD, exists, SAY).message == "Realm already exists: beta"
    assert answer_for(ADD, exists, Texts("id")).message == "Realm sudah ada: beta"


@pytest.mark.parametrize(
    ("reason", "word"), [("name", "letters"), ("self", "you are on"), ("password", "too long")]
)
def test_a_realm_that_cannot_be_is_explained(reason: str, word: str) -> None:
    assert word in answer_for(ADD, Answered(1, Code.BAD_REQUEST, reason=reason), SAY).message


def test_a_realm_that_was_added_is_named() -> None:
    answered = Answered(1, Code.OK, ("campus-b", "Kampus B"))

    answer = answer_for(ADD, answered, SAY)

    assert (answer.message, answer.fields) == (
        "Realm added: campus-b",
        {"name": "campus-b", "room": "Kampus B"},
    )
    assert answer_for(ADD, answered, Texts("id")).message == "Realm berhasil ditambahkan: campus-b"


def test_realms_are_listed_with_how_they_stand() -> None:
    realms = (CAMPUS, LAB, replace(LAB, name="x", waiting=0), replace(LAB, state=RealmState.CUT))

    answer = answer_for(AskRealms(0), Answered(1, Code.OK, realms), SAY)

    assert answer.message == (
        "Realms (4): campus-b (linked), lab (away, 3 waiting), x (away), lab (cut by the operator)"
    )
    rows = answer.fields["realms"]
    assert isinstance(rows, list)
    assert rows[:2] == [
        {
            "name": "campus-b",
            "state": "linked",
            "since": None,
            "waiting": 3,
            "round_trip_ms": 12,
            "address": "10.0.0.2:8083",
            "trouble": None,
        },
        {
            "name": "lab",
            "state": "away",
            "since": "1970-01-01T00:00:01.000Z",
            "waiting": 3,
            "round_trip_ms": None,
            "address": "[::1]:8083",
            "trouble": None,
        },
    ]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (RealmTrouble.PASSWORD, "lab refuses the password that our server has for it"),
        (RealmTrouble.KEY, "Somebody with another key answers for lab"),
        (RealmTrouble.REFUSED, "lab refuses the link"),
    ],
)
def test_why_a_realm_is_away_is_told_if_it_is_known(trouble: RealmTrouble, words: str) -> None:
    realms = (CAMPUS, replace(LAB, trouble=trouble))

    answer = answer_for(AskRealms(0), Answered(1, Code.OK, realms), SAY)

    listed = "Realms (2): campus-b (linked), lab (away, 3 waiting). "
    assert answer.message.startswith(f"{listed}{words}")
    rows = answer.fields["realms"]
    assert isinstance(rows, list)
    assert isinstance(rows[1], dict)
    assert rows[1]["trouble"] == trouble.value


def test_a_realm_without_an_address_calls_us_and_no_realm_is_an_answer_too() -> None:
    calling = Answered(1, Code.OK, (replace(CAMPUS, address=None),))
    rows = answer_for(AskRealms(0), calling, SAY).fields["realms"]

    assert isinstance(rows, list)
    assert isinstance(rows[0], dict)
    assert rows[0]["address"] is None
    assert "/addrealm" in answer_for(AskRealms(0), Answered(1, Code.OK, ()), SAY).message


def test_who_joins_a_group_of_another_realm_is_told_whether_it_waits() -> None:
    asked = JoinGroup(0, "kelas@campus-b")

    there = answer_for(asked, Answered(1, Code.OK, 8), SAY)
    waiting = answer_for(asked, Answered(1, Code.OK, 8, reason="waiting"), SAY)

    assert (there.message, there.fields["state"]) == ("Joined kelas@campus-b", "delivered")
    assert waiting.message == "Joined kelas@campus-b. It waits for campus-b."
    assert waiting.fields == {"conversation": "group:kelas@campus-b", "state": "waiting"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (OpenPrivate(0, "bob@campus-b"), None),
        (OpenPrivate(0, "bob@campus-c@campus-b"), None),  # the server says that it leads nowhere
        (OpenPrivate(0, "@campus-b"), Code.NO_SUCH_USER),
        (OpenPrivate(0, "bob@"), Code.NO_SUCH_REALM),
        (JoinGroup(0, "/@campus-b"), Code.NO_SUCH_GROUP),
        (LeaveGroup(0, "kelas@a b"), Code.NO_SUCH_REALM),
        (AskMembers(0, f"kelas@{'x' * 21}"), Code.NO_SUCH_REALM),
    ],
)
def test_a_name_in_a_realm_that_cannot_be_need_not_be_asked_for(
    asked: Request, code: Code | None
) -> None:
    assert foregone(asked) == (None if code is None else Answered(0, code))


def test_what_no_realm_can_be_called_need_not_be_asked_for() -> None:
    refused = foregone(replace(ADD, name="z" * 1500))

    assert refused == Answered(0, Code.BAD_REQUEST, reason="name")
    assert [foregone(replace(ADD, name=name)) for name in ("", "z" * 20)] == [None, None]


# --- the terminal ---


def test_the_password_of_a_realm_is_asked_for_and_hidden() -> None:
    visit = Visit().enter()

    visit.type("/addrealm campus-b 10.0.0.2 8083")
    assert visit.screen.is_hidden
    visit.type("rahasia")

    (added,) = [command for command in visit.commands if isinstance(command, AddRealm)]
    assert (added.host, added.port, added.password) == ("10.0.0.2", 8083, "rahasia")
    assert "rahasia" not in visit.screen.text
    assert not visit.screen.is_hidden


def test_none_means_that_it_is_ours() -> None:
    visit = Visit().enter().type("/addrealm campus-b 10.0.0.2 8083", "")

    (added,) = [command for command in visit.commands if isinstance(command, AddRealm)]
    assert added.password is None


def test_a_pipe_is_not_asked_what_may_be_left_out() -> None:
    visit = Visit(is_live=False).enter().type("/addrealm campus-b 10.0.0.2 8083")

    assert [command for command in visit.commands if isinstance(command, AddRealm)] == [
        replace(ADD, ticket=1)
    ]


def test_a_pipe_is_told_how_a_realm_is_added_and_its_next_lines_are_its_own() -> None:
    visit = Visit(is_live=False).enter().type("/addrealm", "/realms")

    assert "/addrealm R ADDRESS PORT [PASSWORD]" in visit.screen.text
    assert [type(command) for command in visit.commands if isinstance(command, AskRealms)]
