"""Typed commands on their way to the core and back."""

import pytest
from errand_parts import Visit

import client_inbox
from client_commands import Do, Errand, Post, ReadInbox, Send
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    ConversationChanged,
    ConversationsListed,
    DraftRefused,
    DraftTaken,
    Entered,
    EntryArrived,
    Found,
    GroupInfo,
    IdentityChanged,
    JoinGroup,
    LoadOlder,
    LogIn,
    LogOut,
    MarkRead,
    OlderArrived,
    OpenPrivate,
    Register,
    Say,
)
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind
from protocol import Code

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE


def said(conversation: int, number: int, text: str, ticket: int | None = None) -> EntryArrived:
    person = 2 if ticket is None else 1
    entry = Entry(NO_TAG, EntryKind.TEXT, 0, person, "ana", text)
    return EntryArrived(conversation, number, entry, ticket)


def to_budi(text: str) -> Send:
    return Send("send", PRIVATE, "budi", text)


def to_group(name: str, text: str) -> Send:
    return Send("sendgroup", GROUP, name, text)


# --- messages ---


def test_a_message_is_answered_when_its_entry_arrives() -> None:
    visit = Visit().begin(Post("halo"))
    assert visit.commands == [Say(1, ROOM, "halo")]
    assert not visit.errands.is_idle

    visit.happen(said(ROOM, 12, "halo", 1))

    assert visit.answers[0].fields == {
        "conversation": "room",
        "number": 12,
        "time": "1970-01-01T00:00:00.000Z",
    }
    assert (visit.answers[0].message, visit.errands.is_idle) == ("Message sent", True)


def test_a_message_may_go_to_the_conversation_one_looks_at() -> None:
    visit = Visit()

    visit.errands.begin(Post("halo"), visit.answers.append, 5)

    assert visit.commands == [Say(1, 5, "halo")]


def test_a_message_is_sent_too_whose_conversation_was_left_before_it_was_shown() -> None:
    visit = Visit().begin(Post("halo")).happen(DraftTaken(1, 5, 12, 0))

    assert visit.codes == [("say", "OK")]
    assert visit.answers[0].fields == {
        "conversation": "group:Kelas",
        "number": 12,
        "time": "1970-01-01T00:00:00.000Z",
    }
    assert visit.errands.is_idle


def test_a_refused_message_is_an_error() -> None:
    visit = Visit().begin(Post("halo")).happen(DraftRefused(1, 1, ROOM, "halo", Code.MUTED))

    assert visit.codes == [("say", "MUTED")]
    assert "muted" in visit.answers[0].message


def test_messages_of_others_settle_nothing() -> None:
    visit = Visit().begin(Post("halo"))

    visit.happen(said(ROOM, 1, "lain", 99), DraftRefused(99, 1, ROOM, "lain", Code.MUTED))

    assert visit.answers == []


def test_a_private_message_opens_its_conversation_first() -> None:
    visit = Visit().begin(to_budi("halo"))
    assert visit.commands == [OpenPrivate(1, "budi")]

    visit.happen(Answered(1, Code.OK, 8))
    assert visit.commands[1:] == [Say(2, 8, "halo")]
    visit.happen(said(8, 1, "halo", 2))

    assert visit.codes == [("send", "OK")]
    assert visit.answers[0].fields["conversation"] == "private:budi"


def test_the_server_is_asked_who_bears_a_name_each_time() -> None:
    visit = Visit().happen(ConversationChanged(8, PRIVATE, "budi", 2, 0, 0))

    visit.begin(to_budi("satu"))

    assert visit.commands == [OpenPrivate(1, "budi")]


def test_messages_to_one_person_keep_their_order_whatever_order_answers_come_in() -> None:
    visit = Visit().begin(to_budi("satu"), to_budi("dua"))

    visit.happen(Answered(2, Code.OK, 8), Answered(1, Code.OK, 8))

    assert visit.commands[2:] == [Say(3, 8, "satu"), Say(4, 8, "dua")]


@pytest.mark.parametrize("code", [Code.NO_SUCH_USER, Code.BAD_REQUEST, Code.NO_SESSION])
def test_a_private_message_to_nobody_is_not_sent_and_keeps_none_back(code: Code) -> None:
    visit = Visit().begin(to_budi("satu"), to_budi("dua"))

    visit.happen(Answered(2, Code.OK, 8), Answered(1, code))

    assert visit.codes == [("send", code.name)]
    assert visit.commands[2:] == [Say(3, 8, "dua")]


def test_a_name_that_cannot_be_is_not_asked_for() -> None:
    visit = Visit().begin(Send("send", PRIVATE, "a/b", "halo"))

    assert (visit.commands, visit.codes) == ([], [("send", "NO_SUCH_USER")])


def test_a_message_to_ones_group_goes_at_once() -> None:
    assert Visit().begin(to_group("kelas", "halo")).commands == [Say(1, 5, "halo")]


@pytest.mark.parametrize(
    ("groups", "code"),
    [
        ((), Code.NO_SUCH_GROUP),
        ((GroupInfo("Kelas", 3, True),), Code.NO_SUCH_GROUP),
        ((GroupInfo("LAIN", 3, False),), Code.NOT_A_MEMBER),
    ],
)
def test_a_message_to_another_group_is_not_sent(groups: tuple[GroupInfo, ...], code: Code) -> None:
    visit = Visit().begin(to_group("Lain", "halo"))
    assert visit.commands == [AskGroups(1)]

    visit.happen(Answered(1, Code.OK, groups))

    assert visit.codes == [("sendgroup", code.name)]
    assert visit.errands.is_idle


def test_a_group_that_another_device_joined_is_waited_for() -> None:
    visit = Visit().begin(to_group("Lain", "halo"))

    visit.happen(Answered(1, Code.OK, (GroupInfo("Lain", 3, True),)))
    assert visit.answers == []
    visit.happen(ConversationChanged(9, GROUP, "Lain", 0, 1, 0))

    assert visit.commands[-1] == Say(2, 9, "halo")


def test_a_group_may_become_known_before_it_is_looked_up() -> None:
    visit = Visit().begin(to_group("Lain", "halo"))

    visit.happen(ConversationChanged(9, GROUP, "Lain", 0, 1, 0), Answered(1, Code.OK, ()))

    assert visit.commands[1:] == [Say(2, 9, "halo")]
    assert visit.answers == []


def test_a_group_that_cannot_be_looked_up_is_an_error() -> None:
    visit = Visit().begin(to_group("Lain", "halo")).happen(Answered(1, Code.NO_SESSION))

    assert visit.codes == [("sendgroup", "NO_SESSION")]


def test_a_group_just_made_or_joined_can_be_written_to() -> None:
    visit = Visit().begin(Do(AddGroup(0, "Baru")), to_group("Baru", "halo"))
    assert visit.commands == [AddGroup(1, "Baru")]

    visit.happen(Answered(1, Code.OK, 9))
    assert visit.commands[1:] == [Say(2, 9, "halo")]
    visit.happen(said(9, 2, "halo", 2)).begin(Do(JoinGroup(0, "Lain")), to_group("lain", "hai"))
    visit.happen(Answered(3, Code.ALREADY_A_MEMBER, 10))

    assert visit.commands[-1] == Say(4, 10, "hai")
    assert visit.codes == [
        ("addgroup", "OK"),
        ("sendgroup", "OK"),
        ("joingroup", "ALREADY_A_MEMBER"),
    ]


# --- requests ---


def test_a_request_is_answered_by_its_ticket_alone() -> None:
    visit = Visit().begin(Do(LogOut(0)))

    visit.happen(Answered(99, Code.OK))
    assert visit.answers == []
    visit.happen(Answered(1, Code.OK))

    assert visit.codes == [("logout", "OK")]


def test_a_request_waits_for_messages_and_all_wait_for_it() -> None:
    visit = Visit().begin(Post("satu"), Do(LogOut(0)), Post("dua"))
    assert visit.commands == [Say(1, ROOM, "satu")]
    assert visit.errands.is_closed

    visit.happen(said(ROOM, 1, "satu", 1))
    assert visit.commands[1:] == [LogOut(2)]
    visit.happen(Answered(2, Code.NO_SESSION))

    assert visit.commands[2:] == [Say(3, ROOM, "dua")]
    assert not visit.errands.is_closed


def test_what_can_only_fail_is_answered_at_once() -> None:
    visit = Visit().begin(Do(LogIn(0, "a@b", "x")), Post("halo"))

    assert visit.codes == [("login", "WRONG_LOGIN")]
    assert visit.commands == [Say(1, ROOM, "halo")]


def test_a_group_without_a_number_is_learnt_later() -> None:
    visit = Visit().begin(Do(AddGroup(0, "Baru"))).happen(Answered(1, Code.OK))

    assert visit.codes == [("addgroup", "OK")]
    assert visit.inbox.named(GROUP, "Baru") is None


@pytest.mark.parametrize(
    ("errand", "command"),
    [
        (Post("halo"), "say"),
        (to_budi("halo"), "send"),
        (to_group("Kelas", "halo"), "sendgroup"),
        (ReadInbox(), "inbox"),
        (Do(AskGroups(0)), "groups"),
    ],
)
def test_nobody_can_do_nothing(errand: Errand, command: str) -> None:
    visit = Visit().happen(IdentityChanged(0, "", False)).begin(errand)

    assert visit.codes == [(command, "NO_SESSION")]
    assert visit.commands == []


@pytest.mark.parametrize("request_", [LogIn(0, "ana", "x"), Register(0, "ana", "x")])
def test_nobody_can_become_somebody(request_: LogIn | Register) -> None:
    visit = Visit().happen(IdentityChanged(0, "", False)).begin(Do(request_))

    assert len(visit.commands) == 1


# --- the inbox ---


def test_what_is_unread_is_shown_and_marked() -> None:
    visit = Visit().happen(said(ROOM, 1, "satu"), said(5, 1, "dua"), said(5, 2, "tiga"))

    visit.begin(ReadInbox())

    assert visit.answers[0].message == "Unread (3):"
    assert [found.entry.text for found in visit.answers[0].found or ()] == ["satu", "dua", "tiga"]
    assert visit.commands == [MarkRead(ROOM, 1), MarkRead(5, 2)]


def test_what_was_shown_once_is_not_unread_again() -> None:
    visit = Visit().happen(said(5, 1, "satu")).begin(ReadInbox(), ReadInbox())

    assert visit.answers[1].message == "Nothing is unread."
    assert visit.answers[1].found == ()
    assert visit.commands == [MarkRead(5, 1)]


def test_the_inbox_waits_for_what_is_on_its_way() -> None:
    visit = Visit().happen(Entered(1, "ana", "Lab", b"k" * 32, True)).begin(ReadInbox())
    assert visit.answers == []

    visit.happen(ConversationChanged(8, PRIVATE, "budi", 2, 1, 0), ConversationsListed())
    assert visit.answers == []
    visit.happen(said(8, 1, "halo"))

    assert [found.conversation for found in visit.answers[0].found or ()] == [8]


def test_older_unread_messages_are_asked_for_one_conversation_at_a_time() -> None:
    visit = Visit().happen(
        ConversationChanged(5, GROUP, "Kelas", 0, 3, 0),
        said(5, 3, "tiga"),
        ConversationChanged(8, PRIVATE, "budi", 2, 2, 0),
        said(8, 2, "dua"),
    )

    visit.begin(ReadInbox())
    assert visit.commands == [LoadOlder(5, 100, 3)]
    visit.happen(
        OlderArrived(5, ((1, said(5, 1, "satu").entry), (2, said(5, 2, "dua").entry)), True)
    )
    assert visit.commands[1:] == [LoadOlder(8, 100, 2)]
    visit.happen(said(ROOM, 1, "lain"), OlderArrived(8, ((1, said(8, 1, "satu").entry),), True))

    texts = [found.entry.text for found in visit.answers[0].found or ()]
    assert texts == ["lain", "satu", "dua", "tiga", "satu", "dua"]
    assert "skipped" not in visit.answers[0].fields


def test_a_question_that_was_not_heard_is_asked_again() -> None:
    visit = Visit().happen(ConversationChanged(5, GROUP, "Kelas", 0, 3, 0), said(5, 3, "tiga"))

    visit.begin(ReadInbox()).happen(OlderArrived(ROOM, (), True))

    assert visit.commands == [LoadOlder(5, 100, 3), LoadOlder(5, 100, 3)]


def test_an_inbox_that_is_too_long_says_how_much_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_inbox, "KEPT", 2)
    visit = Visit().happen(*(said(5, number, "halo") for number in range(1, 6)))

    visit.begin(ReadInbox())

    assert visit.answers[0].message == "Unread (2, and 3 older entries before them):"
    assert visit.answers[0].fields == {"skipped": 3}


def test_entries_are_found_with_their_conversation() -> None:
    visit = Visit().happen(said(5, 1, "satu")).begin(ReadInbox())

    assert visit.answers[0].found == (Found(5, 1, said(5, 1, "satu").entry),)
