"""A script, played by lines and events."""

import pytest
from json_parts import KEY, SENT_AT, Script

from auth import key_groups
from client_events import (
    Connection,
    ConnectionChanged,
    Crashed,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    Leave,
    LogReplaced,
    NameRefused,
    OlderArrived,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    PersonTyping,
    Say,
)
from client_form import JoinFailed, JoinField, JoinForm
from client_json import MAX_UNANSWERED
from conversation import NO_TAG, ROOM, Entry, EntryKind, Person, Presence
from protocol import Code
from settings import Exit


def arrived(number: int, text: str, ticket: int | None = None) -> EntryArrived:
    entry = Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 1 if ticket else 2, "ana", text)
    return EntryArrived(ROOM, number, entry, ticket)


def test_it_joins_with_what_the_command_line_said() -> None:
    assert Script().forms == [JoinForm("lab", 8083, "rahasia", "ana", "10.0.0.5", 7)]


def test_entering_is_an_event() -> None:
    entered = Script().happen(ConnectionChanged(Connection.CONNECTING)).enter().events()

    assert [event["state"] for event in entered] == ["connecting", "entered"]
    assert entered[1] == {
        "event": "connection",
        "state": "entered",
        "code": "OK",
        "message": "Name accepted. You can send messages now.",
        "room": "Lab",
        "name": "ana",
        "key": key_groups(KEY),
        "returned": False,
    }


def test_a_plain_line_is_answered_when_it_is_on_the_servers_disk() -> None:
    script = Script().enter().type("halo")
    assert script.commands == [Say(1, ROOM, "halo")]
    assert script.answers() == []

    script.happen(arrived(12, "halo", ticket=1))

    assert script.out()[-2:] == [
        {
            "event": "entry",
            "conversation": "room",
            "number": 12,
            "sender": "ana",
            "kind": "text",
            "text": "halo",
            "time": "2025-11-21T08:32:49.123Z",
        },
        {
            "status": "OK",
            "command": "say",
            "code": "OK",
            "message": "Message sent",
            "conversation": "room",
            "number": 12,
            "time": "2025-11-21T08:32:49.123Z",
        },
    ]


def test_answers_come_one_per_line_in_the_order_of_lines() -> None:
    script = Script().enter().type("satu", "/info", "dua", "/nope", "")
    assert script.answers() == []

    script.happen(arrived(2, "dua", ticket=2), arrived(1, "satu", ticket=1))

    assert [answer["command"] for answer in script.answers()] == [
        "say",
        "info",
        "say",
        "nope",
        "say",
    ]
    assert [answer["code"] for answer in script.answers()] == [
        "OK",
        "OK",
        "OK",
        "UNKNOWN_COMMAND",
        "TEXT_INVALID",
    ]
    assert script.answered == 5


def test_every_entry_comes_once_in_order_with_its_kind() -> None:
    script = Script().enter()
    joined = Entry(NO_TAG, EntryKind.JOINED, 0, 2, "budi")
    left = Entry(NO_TAG, EntryKind.LEFT, 2**63, 2, "budi")

    script.happen(
        EntryArrived(ROOM, 1, joined, is_history=True),
        arrived(2, "baris\ndua\u2028tiga"),
        EntryArrived(ROOM, 3, left),
        OlderArrived(ROOM, ((0, joined),), True),
        PersonTyping(ROOM, 2),
    )

    events = script.events()[1:]
    assert [(event["event"], event["number"]) for event in events] == [
        ("joined", 1),
        ("entry", 2),
        ("left", 3),
        ("joined", 0),
    ]
    assert events[0]["time"] == "1970-01-01T00:00:00.000Z"
    assert events[1]["text"] == "baris\ndua\u2028tiga"


def test_a_line_of_output_is_one_line_for_every_reader() -> None:
    script = Script().enter().happen(arrived(1, "a\nb\r\u2028\u0085c"))

    assert all(len(line.splitlines()) == 1 for line in script.written)
    assert all(line.isascii() and line.endswith("\n") for line in script.written)


def test_lines_wait_until_the_room_is_entered_and_people_are_known() -> None:
    script = Script().type("halo", "/info").happen(Entered(1, "ana", "Lab", KEY, False))
    assert script.commands == []

    script.happen(PeopleReplaced((Person(1, "ana", Presence.HERE),)))

    assert script.tickets() == [1]
    script.happen(arrived(1, "halo", ticket=1))
    assert script.answers()[1]["people"] == [{"name": "ana", "presence": "here", "you": True}]


def test_only_so_many_lines_are_under_way_at_once() -> None:
    script = Script().enter().type(*(["x"] * (MAX_UNANSWERED + 10)))
    assert len(script.tickets()) == MAX_UNANSWERED

    script.happen(arrived(1, "x", ticket=1))

    assert len(script.tickets()) == MAX_UNANSWERED + 1


def test_slashes_and_say_say_anything() -> None:
    script = Script().enter().type("//x", r'/say "a\nb"')

    assert script.commands == [Say(1, ROOM, "/x"), Say(2, ROOM, "a\nb")]


def test_a_line_that_may_hold_a_password_is_not_said() -> None:
    script = Script().enter().type("login budi rahasia")

    assert script.commands == []
    assert script.answers()[0]["code"] == "NEEDS_SAY"


def test_a_line_that_is_not_utf_8_is_refused() -> None:
    script = Script().enter()

    script.talk.take_line(b"\xff\xfe")

    assert script.answers()[0]["code"] == "TEXT_INVALID"


def test_a_windows_line_end_is_not_said() -> None:
    assert Script().enter().type("halo\r").commands == [Say(1, ROOM, "halo")]


def test_a_refused_message_is_an_error() -> None:
    script = Script().enter().type("halo").happen(DraftRefused(1, 1, ROOM, "halo", Code.MUTED))

    assert (script.answers()[0]["status"], script.answers()[0]["code"]) == ("ERROR", "MUTED")


def test_exit_leaves_and_is_answered_last() -> None:
    script = Script().enter().type("halo", "exit", "never")
    assert script.commands == [Say(1, ROOM, "halo"), Leave()]

    script.happen(arrived(1, "halo", ticket=1), Ended(EndReason.LEFT))

    assert [answer["command"] for answer in script.answers()] == ["say", "exit"]
    assert script.events()[-1]["code"] == "LEFT"
    assert script.talk.exit_code == Exit.OK


def test_the_end_of_input_waits_until_all_is_acknowledged() -> None:
    script = Script().type("satu", "dua")
    script.talk.end_input()
    script.enter().happen(arrived(1, "satu", ticket=1))
    assert Leave() not in script.commands

    script.happen(arrived(2, "dua", ticket=2))

    assert script.commands.count(Leave()) == 1


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (PasswordRefused(), "WRONG_PASSWORD"),
        (NameRefused("ana", Code.NAME_TAKEN), "NAME_TAKEN"),
        (NameRefused("a@", Code.NAME_INVALID, "character"), "NAME_INVALID"),
        (KeyChanged(KEY, KEY[::-1]), "KEY_CHANGED"),
        (Ended(EndReason.KICKED, "cukup"), "KICKED"),
        (Ended(EndReason.BANNED, "", SENT_AT), "BANNED"),
        (Ended(EndReason.REFUSED), "REFUSED"),
    ],
)
def test_a_refusal_ends_with_4(event: object, code: str) -> None:
    script = Script().happen(event, Ended(EndReason.KEY_CHANGED))

    assert script.talk.exit_code == Exit.REFUSED
    last = script.out()[-1]
    assert (last["event"], last["state"], last["code"]) == ("connection", "ended", code)
    assert last["message"]


@pytest.mark.parametrize(
    ("event", "exit_code", "code"),
    [
        (Ended(EndReason.UNREACHABLE), Exit.UNREACHABLE, "UNREACHABLE"),
        (JoinFailed(JoinField.HOST, "trouble.host"), Exit.UNREACHABLE, "UNREACHABLE"),
        (JoinFailed(JoinField.LOCAL_HOST, "trouble.local_host"), Exit.FAILURE, "OWN_ADDRESS"),
        (Crashed("defect"), Exit.FAILURE, "CRASHED"),
    ],
)
def test_other_ends_have_their_code(event: object, exit_code: int, code: str) -> None:
    script = Script().happen(event)

    assert script.talk.exit_code == exit_code
    assert script.out()[-1]["code"] == code


def test_lines_without_an_answer_get_one_in_the_end() -> None:
    script = Script().enter().type("satu", "/info").happen(Ended(EndReason.KICKED))

    assert [answer["code"] for answer in script.answers()] == ["NO_ANSWER", "OK"]


def test_a_wait_after_wrong_passwords_is_an_event_and_no_end() -> None:
    script = Script().happen(PasswordDelayed(2.0))

    assert script.out()[-1]["code"] == "TOO_MANY_GUESSES"
    assert script.out()[-1]["wait"] == 2.0
    assert script.talk.exit_code is None


def test_only_changes_of_the_connection_are_events() -> None:
    here = ConnectionChanged(Connection.HERE, 0.01)

    script = Script().happen(here, here, ConnectionChanged(Connection.LOST), here)

    assert [event["state"] for event in script.events()] == ["here", "lost", "here"]


def test_a_log_that_was_put_back_is_an_event() -> None:
    script = Script().enter().happen(LogReplaced(ROOM))

    assert script.out()[-1]["code"] == "LOG_CHANGED"


def test_what_another_realm_refused_is_a_notice_with_its_code_and_a_sentence() -> None:
    refused = Entry(NO_TAG, EntryKind.NOTICE, SENT_AT, 1, "ana", "undelivered 30 halo")

    script = Script().enter().happen(EntryArrived(ROOM, 1, refused))

    (event,) = [one for one in script.events() if one["event"] == "entry"]
    assert (event["kind"], event["code"]) == ("notice", "NO_SUCH_USER")
    assert event["text"] == "“halo” was not delivered: there is no such user there."
