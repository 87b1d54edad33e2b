"""A script with an account, in groups and in private, played by lines and events."""

from dataclasses import replace

import pytest
from json_parts import KEY, OPTIONS, SENT_AT, Script

from client_events import (
    AddGroup,
    Answered,
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    Found,
    GroupInfo,
    IdentityChanged,
    Leave,
    LoadOlder,
    LogIn,
    LogOut,
    LogReplaced,
    MarkRead,
    NameRefused,
    OlderArrived,
    OpenPrivate,
    PeopleReplaced,
    Register,
    Say,
)
from client_form import JoinForm
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind, Person, Presence
from protocol import Code
from settings import Exit

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE
KELAS = ConversationChanged(5, GROUP, "Kelas", 0, 0, 0)
BUDI = ConversationChanged(6, PRIVATE, "budi", 2, 0, 0)
LOGIN = replace(OPTIONS, name=None, account="ana", account_password="rahasia")
PEOPLE = PeopleReplaced((Person(9, "ana", Presence.HERE),))


def entry(text: str, person: int = 2, kind: EntryKind = EntryKind.TEXT) -> Entry:
    return Entry(NO_TAG, kind, SENT_AT, person, "budi" if person == 2 else "ana", text)


def arrived(conversation: int, number: int, text: str, ticket: int | None = None) -> EntryArrived:
    return EntryArrived(conversation, number, entry(text, 1 if ticket else 2), ticket)


def test_entries_say_where_they_stand() -> None:
    script = Script().enter().happen(KELAS, BUDI)

    script.happen(arrived(ROOM, 1, "a"), arrived(5, 1, "b"), arrived(6, 1, "c"))

    assert [event["conversation"] for event in script.events()[1:]] == [
        "room",
        "group:Kelas",
        "private:budi",
    ]


def test_who_takes_another_name_is_an_event() -> None:
    script = Script().enter()

    script.happen(EntryArrived(ROOM, 1, entry("tono", kind=EntryKind.RENAMED)))

    told = script.events()[-1]
    assert (told["event"], told["sender"], told["text"]) == ("renamed", "budi", "tono")


def test_a_private_message_is_answered_after_its_entry() -> None:
    script = Script().enter().type("/send budi halo").happen(Answered(1, Code.OK, 6), BUDI)

    script.happen(arrived(6, 1, "halo", 2))

    assert script.commands == [OpenPrivate(1, "budi"), Say(2, 6, "halo")]
    assert script.out()[-2]["text"] == "halo"
    assert script.out()[-1] == {
        "status": "OK",
        "command": "send",
        "code": "OK",
        "message": "Message sent",
        "conversation": "private:budi",
        "number": 1,
        "time": "2025-11-21T08:32:49.123Z",
    }


def test_messages_run_side_by_side_and_are_answered_in_order() -> None:
    script = Script().enter().happen(KELAS).type("/send budi a", "b", "/sendgroup kelas c")
    assert script.commands == [OpenPrivate(1, "budi"), Say(2, ROOM, "b")]

    script.happen(arrived(ROOM, 1, "b", 2), Answered(1, Code.NO_SUCH_USER), arrived(5, 1, "c", 3))

    assert [(answer["command"], answer["code"]) for answer in script.answers()] == [
        ("send", "NO_SUCH_USER"),
        ("say", "OK"),
        ("sendgroup", "OK"),
    ]


def test_whatever_follows_a_login_is_done_as_that_person() -> None:
    script = Script().enter().type("/register ana x", "/login ana x", "halo", "/info")
    assert script.commands == [Register(1, "ana", "x")]

    script.happen(Answered(1, Code.OK, "00"))
    assert script.commands[1:] == [LogIn(2, "ana", "x")]
    script.happen(IdentityChanged(9, "ana", True, "a0"), Answered(2, Code.OK, "a0"))

    assert script.commands[2:] == [Say(3, ROOM, "halo")]
    assert [answer["token"] for answer in script.answers()] == ["00", "a0"]


def test_who_one_is_is_told_when_it_changes() -> None:
    script = Script().enter().happen(IdentityChanged(1, "ana", False))
    assert [event["event"] for event in script.events()] == ["connection"]

    script.happen(
        IdentityChanged(9, "ana", True, "a0"),
        IdentityChanged(9, "ana", True, "a0"),
        IdentityChanged(0, "", False),
    )

    assert script.events()[1:] == [
        {"event": "identity", "name": "ana", "account": True, "token": "a0"},
        {"event": "identity", "name": "", "account": False},
    ]


def test_a_session_that_comes_back_is_the_same_person() -> None:
    script = Script().enter().happen(IdentityChanged(1, "ana", True, "a0"))
    told = len([event for event in script.events() if event["event"] == "identity"])

    script.happen(Entered(1, "ana", "Lab", KEY, True), IdentityChanged(1, "ana", True, "a0"))

    assert len([event for event in script.events() if event["event"] == "identity"]) == told


def test_nobody_is_answered_so() -> None:
    script = Script().enter().type("/logout").happen(Answered(1, Code.OK))
    script.happen(IdentityChanged(0, "", False))

    script.type("halo", "/inbox", "/groups")

    assert [answer["code"] for answer in script.answers()[1:]] == ["NO_SESSION"] * 3


def test_the_inbox_lists_what_is_unread_and_alone_moves_the_markers() -> None:
    script = (
        Script()
        .enter()
        .happen(KELAS, arrived(5, 1, "satu"), arrived(5, 2, "dua"), ConversationsListed())
    )
    assert not any(isinstance(command, MarkRead) for command in script.commands)

    script.type("/inbox", "/inbox")

    first, second = script.answers()
    assert [(one["conversation"], one["number"], one["sender"], one["text"], one["kind"])
            for one in first["messages"]] == [
        ("group:Kelas", 1, "budi", "satu", "text"),
        ("group:Kelas", 2, "budi", "dua", "text"),
    ]  # fmt: skip
    assert (first["code"], second["messages"]) == ("OK", [])
    assert script.commands == [MarkRead(5, 2)]


def test_the_inbox_pulls_what_is_not_here_and_each_entry_is_an_event_once() -> None:
    script = (
        Script()
        .enter()
        .happen(
            ConversationChanged(5, GROUP, "Kelas", 0, 3, 0),
            arrived(5, 3, "tiga"),
            ConversationsListed(),
        )
    )
    script.type("/inbox")
    assert script.commands == [LoadOlder(5, 100, 3)]

    older = ((1, entry("satu")), (2, entry("dua")))
    script.happen(OlderArrived(5, older, True), OlderArrived(5, older, True))

    events = [event["number"] for event in script.events() if event["event"] == "entry"]
    assert events == [3, 1, 2]
    assert [one["number"] for one in script.answers()[0]["messages"]] == [1, 2, 3]


def test_entries_come_again_after_a_log_was_put_back_or_a_group_was_joined_again() -> None:
    script = Script().enter().happen(KELAS, arrived(5, 1, "satu"))

    script.happen(LogReplaced(5), arrived(5, 1, "lain"), OlderArrived(5, (), True))
    script.happen(ConversationGone(5), KELAS, OlderArrived(5, ((1, entry("lagi")),), True))

    replaced = [event for event in script.events() if event.get("code") == "LOG_CHANGED"]
    assert replaced[0]["conversation"] == "group:Kelas"
    assert [event["text"] for event in script.events() if event["event"] == "entry"] == [
        "satu",
        "lain",
        "lagi",
    ]


def test_what_is_found_is_listed() -> None:
    script = Script().enter().happen(KELAS).type("/search halo")

    script.happen(Answered(1, Code.OK, (Found(5, 3, entry("halo")),)))

    assert script.answers()[0]["messages"][0]["conversation"] == "group:Kelas"


def test_groups_are_listed() -> None:
    script = Script().enter().type("/groups", "/addgroup Kelas")

    script.happen(Answered(1, Code.OK, (GroupInfo("Lain", 2, False),)))
    script.happen(Answered(2, Code.GROUP_EXISTS))

    assert script.answers()[0]["groups"] == [{"name": "Lain", "members": 2, "member": False}]
    assert (script.answers()[1]["status"], script.answers()[1]["code"]) == ("ERROR", "GROUP_EXISTS")
    assert script.commands[1] == AddGroup(2, "Kelas")


def test_the_end_of_input_waits_for_every_answer() -> None:
    script = Script().enter().type("/logout")
    script.talk.end_input()
    assert Leave() not in script.commands

    script.happen(Answered(1, Code.NO_SESSION))

    assert script.commands == [LogOut(1), Leave()]


@pytest.mark.parametrize(
    ("line", "command"),
    [("/send budi x", "send"), ("/inbox", "inbox"), ("/groups", "groups"), ("x", "say")],
)
def test_a_line_without_an_answer_keeps_its_command(line: str, command: str) -> None:
    script = Script().enter().type(line).happen(Ended(EndReason.KICKED))

    assert [(a["command"], a["code"]) for a in script.answers()] == [(command, "NO_ANSWER")]


def test_a_refused_message_says_why() -> None:
    script = Script().enter().type("halo", "hai")

    script.happen(DraftRefused(2, 2, ROOM, "hai", Code.MUTED), arrived(ROOM, 1, "halo", 1))

    assert [answer["code"] for answer in script.answers()] == ["OK", "MUTED"]


# --- --login ---


def test_it_logs_in_once_the_core_asks_who_it_is() -> None:
    script = Script(LOGIN).type("halo")
    assert script.forms == [JoinForm("lab", 8083, "rahasia", "", "10.0.0.5", 7, account="ana")]

    script.happen(NameRefused("", Code.NAME_INVALID, "empty"))
    assert script.commands == [LogIn(1, "ana", "rahasia")]
    script.happen(Entered(9, "ana", "Lab", KEY, False), IdentityChanged(9, "ana", True, "a0"))
    script.happen(Answered(1, Code.OK, "a0"), PEOPLE)

    assert script.commands[1:] == [Say(2, ROOM, "halo")]
    assert script.events()[-1] == {
        "event": "identity",
        "name": "ana",
        "account": True,
        "token": "a0",
    }
    assert script.answers() == []


@pytest.mark.parametrize("code", [Code.WRONG_LOGIN, Code.TOO_MANY_GUESSES, Code.BANNED])
def test_a_login_that_is_refused_ends_with_4(code: Code) -> None:
    script = Script(LOGIN).type("halo").happen(NameRefused("", Code.NAME_INVALID, "empty"))

    script.happen(Answered(1, code, wait=3.0))

    assert script.talk.exit_code == Exit.REFUSED
    last = script.out()[-1]
    assert (last["event"], last["state"], last["code"]) == ("connection", "ended", code.name)
    assert len(script.commands) == 1


def test_an_account_whose_session_goes_on_need_not_log_in() -> None:
    script = Script(LOGIN).happen(Entered(9, "Ana", "Lab", KEY, True), PEOPLE).type("halo")

    assert script.commands == [Say(1, ROOM, "halo")]
