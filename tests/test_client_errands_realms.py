"""Typed commands to other realms: what they ask of the core, and what became of what was said."""

import pytest
from errand_parts import Visit
from note_parts import file_entry, home, note

from client_commands import Answer, Do, Errand, Post, ReadInbox, Send, Share
from client_events import (
    Answered,
    AskGroups,
    AskMembers,
    ConversationChanged,
    DraftForwarded,
    DraftRefused,
    DraftTaken,
    EntryArrived,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    MarkRead,
    OpenPrivate,
    Say,
)
from client_file_events import FileEnded, SendFile
from client_realm_events import AskRealms, DeliveryTold, RealmInfo, RealmState
from conversation import NO_TAG, ConversationKind, Entry, EntryKind
from protocol import Code

GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE
KELAS, BOB = 8, 9
CAMPUS = RealmInfo("campus-b", RealmState.LINKED, 0, 0, None, None)
TIME = "1970-01-01T00:00:00.000Z"


def to_bob(text: str = "halo") -> Send:
    return Send("sendprivaterealm", PRIVATE, "bob@campus-b", text)


def to_kelas(text: str = "halo") -> Send:
    return Send("sendgrouprealm", GROUP, "kelas@campus-b", text, joins=True)


def file_to(kind: ConversationKind) -> Share:
    if kind is PRIVATE:
        return Share("sendfilerealm", PRIVATE, "bob@campus-b", "foto.png")
    return Share("sendgroupfilerealm", GROUP, "kelas@campus-b", "foto.png", joins=True)


def said(ticket: int | None, conversation: int, number: int = 12, text: str = "halo") -> object:
    entry = Entry(NO_TAG, EntryKind.TEXT, 0, 1 if ticket else 2, "ana", text)
    return EntryArrived(conversation, number, entry, ticket)


def notice(ticket: int, conversation: int) -> EntryArrived:
    entry = Entry(NO_TAG, EntryKind.NOTICE, 0, 1, "ana", "undelivered 31 halo")
    return EntryArrived(conversation, 12, entry, ticket)


def in_realm(*files: str) -> Visit:
    """Ana, in a group of campus-b and with somebody there."""
    return Visit(*files).happen(
        ConversationChanged(KELAS, GROUP, "kelas@campus-b", 0, 0, 0),
        ConversationChanged(BOB, PRIVATE, "bob@campus-b", 3, 0, 0),
    )


def only(visit: Visit) -> Answer:
    (answer,) = visit.answers
    return answer


# --- people ---


def test_a_message_is_answered_when_the_other_realm_has_it() -> None:
    visit = in_realm().begin(to_bob())
    assert visit.commands == [OpenPrivate(1, "bob@campus-b")]
    visit.happen(Answered(1, Code.OK, BOB), said(2, BOB))
    assert (visit.commands[1:], visit.answers) == ([Say(2, BOB, "halo")], [])

    visit.happen(DeliveryTold(2, BOB, Code.OK))

    assert (only(visit).code, only(visit).message) == ("OK", "Message sent")
    assert only(visit).fields == {
        "conversation": "private:bob@campus-b",
        "number": 12,
        "time": TIME,
        "state": "delivered",
    }
    assert visit.errands.is_idle


def test_it_may_wait_for_that_realm() -> None:
    visit = in_realm().begin(to_bob()).happen(Answered(1, Code.OK, BOB), said(2, BOB))

    visit.happen(DeliveryTold(2, BOB, None))

    assert (only(visit).code, only(visit).fields["state"]) == ("OK", "waiting")
    assert only(visit).message == "Message sent. It waits for campus-b."


def test_it_may_be_refused_there() -> None:
    visit = in_realm().begin(to_bob()).happen(Answered(1, Code.OK, BOB), said(2, BOB))

    visit.happen(DeliveryTold(2, BOB, Code.NO_SUCH_USER), DeliveryTold(2, BOB, Code.OK))

    assert (only(visit).code, only(visit).message) == ("NO_SUCH_USER", "No such user")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (Code.MUTED, "The operator there has muted you"),
        (Code.BANNED, "The operator there keeps you out."),
    ],
)
def test_whom_the_operator_there_silenced_is_told_that_it_was_there(
    code: Code, sentence: str
) -> None:
    visit = in_realm("foto.png").begin(to_bob(), file_to(PRIVATE), to_bob())
    for ticket in (1, 2):
        visit.happen(Answered(ticket, Code.OK, BOB))
    visit.happen(said(4, BOB), EntryArrived(BOB, 13, file_entry(person=1), 5))
    visit.happen(FileEnded(5, note(), is_upload=True))

    visit.happen(DeliveryTold(4, BOB, code), DeliveryTold(5, BOB, code))
    visit.happen(Answered(3, Code.BANNED))

    told = [answer.message for answer in visit.answers]
    assert told[0].startswith(sentence)
    assert told[1].startswith(sentence)
    assert told[2] == "The operator there keeps you out."
    assert [answer.code for answer in visit.answers] == [code.name, code.name, "BANNED"]


def test_whom_our_operator_silenced_is_told_that_it_was_here() -> None:
    visit = in_realm().begin(to_bob()).happen(Answered(1, Code.OK, BOB))

    visit.happen(DraftRefused(2, 1, BOB, "halo", Code.MUTED))

    assert only(visit).message.startswith("The operator has muted you")


def test_of_a_realm_that_is_known_to_be_away_nothing_is_waited_for() -> None:
    visit = in_realm("foto.png").begin(to_bob(), file_to(PRIVATE))
    away = Answered(0, Code.OK, BOB, reason="waiting")
    visit.happen(Answered(1, Code.OK, BOB, reason="waiting"))
    visit.happen(Answered(2, away.code, away.result, reason=away.reason))

    visit.happen(said(3, BOB), EntryArrived(BOB, 13, file_entry(person=1), 4))
    visit.happen(FileEnded(4, note(), is_upload=True))

    assert [answer.fields["state"] for answer in visit.answers] == ["waiting", "waiting"]
    assert visit.answers[1].message == "File sent: foto.png · 1.2 MB. It waits for campus-b."


def test_one_looks_at_it_or_names_it_it_is_the_same() -> None:
    visit = in_realm()

    visit.errands.begin(Post("halo"), visit.answers.append, BOB)
    visit.happen(said(1, BOB))
    assert visit.answers == []
    visit.happen(DeliveryTold(1, BOB, Code.OK))

    assert (only(visit).command, only(visit).fields["state"]) == ("say", "delivered")


@pytest.mark.parametrize(
    ("name", "code"), [("@campus-b", "NO_SUCH_USER"), ("bob@no realm", "NO_SUCH_REALM")]
)
def test_what_can_be_nobody_there_is_not_asked_for(name: str, code: str) -> None:
    visit = Visit().begin(Send("send", PRIVATE, name, "halo"))

    assert (visit.commands, visit.codes) == ([], [("send", code)])


# --- groups ---


def test_whoever_is_no_member_joins_first() -> None:
    visit = Visit().begin(to_kelas())
    assert visit.commands == [JoinGroup(1, "kelas@campus-b")]

    visit.happen(
        ConversationChanged(KELAS, GROUP, "kelas@campus-b", 0, 0, 0), Answered(1, Code.OK, KELAS)
    )
    visit.happen(DraftForwarded(2, KELAS), said(2, KELAS), DeliveryTold(2, KELAS, Code.OK))

    assert visit.commands[1:] == [Say(2, KELAS, "halo")]
    assert (only(visit).command, only(visit).code) == ("sendgrouprealm", "OK")
    assert only(visit).fields["number"] == 12


def test_whoever_is_one_on_another_device_is_one() -> None:
    visit = Visit().begin(to_kelas()).happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))

    assert visit.commands[1:] == [Say(2, KELAS, "halo")]


def test_members_ask_for_the_group_each_time_for_it_may_be_there_only_now() -> None:
    visit = in_realm().begin(to_kelas()).happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))
    visit.happen(DraftForwarded(2, KELAS), DeliveryTold(2, KELAS, Code.NO_SUCH_GROUP))

    visit.begin(to_kelas()).happen(Answered(3, Code.ALREADY_A_MEMBER, KELAS))
    visit.happen(DraftForwarded(4, KELAS), DeliveryTold(4, KELAS, Code.OK))

    assert visit.commands[2:] == [JoinGroup(3, "kelas@campus-b"), Say(4, KELAS, "halo")]
    assert [answer.code for answer in visit.answers] == ["NO_SUCH_GROUP", "OK"]


def test_what_waits_has_no_number() -> None:
    visit = in_realm().begin(to_kelas()).happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))

    visit.happen(DraftForwarded(2, KELAS), DeliveryTold(2, KELAS, None))

    assert only(visit).fields == {"conversation": "group:kelas@campus-b", "state": "waiting"}


def test_a_realm_that_was_away_when_one_joined_is_not_waited_for() -> None:
    visit = Visit("foto.png").begin(to_kelas(), file_to(GROUP))
    visit.happen(ConversationChanged(KELAS, GROUP, "kelas@campus-b", 0, 0, 0))

    visit.happen(Answered(1, Code.OK, KELAS, reason="waiting"))
    visit.happen(Answered(2, Code.ALREADY_A_MEMBER, KELAS, reason="waiting"))
    visit.happen(DraftForwarded(3, KELAS), DraftForwarded(4, KELAS))
    visit.happen(FileEnded(4, note(), is_upload=True), DraftForwarded(5, KELAS))

    assert [answer.fields["state"] for answer in visit.answers] == ["waiting", "waiting"]


def test_a_group_that_is_not_there_is_refused_before_or_after() -> None:
    before = Visit().begin(to_kelas()).happen(Answered(1, Code.NO_SUCH_GROUP))
    after = in_realm().begin(to_kelas()).happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))
    after.happen(DraftForwarded(2, KELAS), notice(2, KELAS))
    after.happen(DeliveryTold(2, KELAS, Code.NO_SUCH_GROUP))

    for visit in (before, after):
        assert (only(visit).code, only(visit).message) == ("NO_SUCH_GROUP", "No such group")


@pytest.mark.parametrize(("realms", "code"), [((CAMPUS,), "NOT_A_MEMBER"), ((), "NO_SUCH_REALM")])
def test_whoever_does_not_say_that_they_join_must_be_a_member(
    realms: tuple[RealmInfo, ...], code: str
) -> None:
    visit = Visit().begin(Send("sendgroup", GROUP, "kelas@CAMPUS-B", "halo"))
    visit.happen(Answered(1, Code.OK, (GroupInfo("kelas", 2, True),)))
    assert visit.commands == [AskGroups(1), AskRealms(2)]

    visit.happen(Answered(2, Code.OK, realms))

    assert visit.codes == [("sendgroup", code)]


@pytest.mark.parametrize("asked", [LeaveGroup(0, "nog@campus-b"), AskMembers(0, "nog@campus-b")])
def test_of_a_group_there_one_knows_only_that_one_is_no_member(
    asked: LeaveGroup | AskMembers,
) -> None:
    visit = Visit().begin(Send("sendgroup", GROUP, "nog@campus-b", "halo"))
    visit.happen(Answered(1, Code.OK, ()), Answered(2, Code.OK, (CAMPUS,)))
    visit.begin(Do(asked)).happen(Answered(3, Code.NO_SUCH_GROUP))

    sentence = "You are not a member of such a group there. /joingroup tells whether there is one."
    assert [answer.message for answer in visit.answers] == [sentence, sentence]
    assert [answer.code for answer in visit.answers] == ["NOT_A_MEMBER", "NO_SUCH_GROUP"]


def test_of_a_group_here_it_is_known() -> None:
    visit = Visit().begin(Do(LeaveGroup(0, "nog"))).happen(Answered(1, Code.NO_SUCH_GROUP))

    assert only(visit).message == "No such group"


def test_whoever_becomes_a_member_meanwhile_is_one() -> None:
    visit = Visit().begin(Send("sendgroup", GROUP, "kelas@campus-b", "halo"))
    visit.happen(Answered(1, Code.OK, ()))

    visit.happen(ConversationChanged(KELAS, GROUP, "kelas@campus-b", 0, 0, 0))
    visit.happen(Answered(2, Code.OK, ()))

    assert (visit.commands[2:], visit.answers) == ([Say(3, KELAS, "halo")], [])


def test_without_a_session_no_realm_is_known() -> None:
    visit = Visit().begin(Send("sendgroup", GROUP, "kelas@campus-b", "halo"))

    visit.happen(Answered(1, Code.OK, ()), Answered(2, Code.NO_SESSION))

    assert visit.codes == [("sendgroup", "NO_SESSION")]


# --- files ---


@pytest.mark.parametrize(("kind", "conversation"), [(PRIVATE, BOB), (GROUP, KELAS)])
def test_a_file_is_sent_and_its_state_told(kind: ConversationKind, conversation: int) -> None:
    visit = in_realm("foto.png").begin(file_to(kind))
    visit.happen(Answered(1, Code.OK, conversation))
    ticket = len(visit.commands)
    assert visit.commands[-1] == SendFile(ticket, conversation, home("foto.png"))

    visit.happen(DraftForwarded(ticket, conversation), FileEnded(ticket, note(), is_upload=True))
    visit.happen(EntryArrived(conversation, 12, file_entry(person=1), ticket))
    assert visit.answers == []
    visit.happen(DeliveryTold(ticket, conversation, Code.OK))

    assert only(visit).message == "File sent: foto.png · 1.2 MB"
    assert only(visit).fields["state"] == "delivered"
    assert visit.errands.is_idle


def test_a_file_that_is_refused_there_is_an_error() -> None:
    visit = in_realm("foto.png").begin(file_to(GROUP))
    visit.happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))

    visit.happen(DraftForwarded(2, KELAS), FileEnded(2, note(), is_upload=True))
    visit.happen(DeliveryTold(2, KELAS, Code.MUTED), DeliveryTold(2, KELAS, Code.OK))

    assert visit.codes == [("sendgroupfilerealm", "MUTED")]


def test_a_file_is_answered_once() -> None:
    visit = in_realm("foto.png").begin(file_to(GROUP))
    visit.happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))

    visit.happen(DeliveryTold(2, KELAS, None), DeliveryTold(2, KELAS, Code.MUTED))
    visit.happen(FileEnded(2, note(), is_upload=True))

    assert visit.codes == [("sendgroupfilerealm", "OK")]


# --- the inbox of a realm ---


def read(realm: str = "CAMPUS-B") -> Errand:
    return ReadInbox(realm)


def test_the_inbox_of_a_realm_holds_what_came_from_there_and_marks_only_that() -> None:
    visit = in_realm().happen(
        said(None, BOB, 1, "dari bob"), said(None, KELAS, 1, "dari kelas"), said(None, 5, 1, "sini")
    )
    visit.begin(read())
    assert visit.commands == [AskRealms(1)]

    visit.happen(Answered(1, Code.OK, (CAMPUS,)))

    found = only(visit).found
    assert found is not None
    assert [one.entry.text for one in found] == ["dari kelas", "dari bob"]
    assert visit.commands[1:] == [MarkRead(KELAS, 1), MarkRead(BOB, 1)]
    assert (only(visit).command, only(visit).message) == ("getrealminbox", "Unread (2):")


@pytest.mark.parametrize("name", ["lain", ""])
def test_a_realm_that_is_not_there_has_no_inbox(name: str) -> None:
    visit = in_realm().begin(read(name), Post("halo"))

    visit.happen(Answered(1, Code.OK, (CAMPUS,)))

    assert visit.codes == [("getrealminbox", "NO_SUCH_REALM")]
    assert visit.commands[1:] == [Say(2, 1, "halo")]


def test_nobody_has_no_inbox_of_a_realm() -> None:
    visit = in_realm().begin(read()).happen(Answered(1, Code.NO_SESSION))

    assert visit.codes == [("getrealminbox", "NO_SESSION")]


def test_realms_are_listed_alone() -> None:
    visit = Visit().begin(Do(AskRealms(0)), Post("halo"))
    assert visit.commands == [AskRealms(1)]

    visit.happen(Answered(1, Code.OK, (CAMPUS,)))

    assert visit.codes == [("realms", "OK")]


def test_what_went_into_a_conversation_that_was_left_is_with_our_server() -> None:
    visit = in_realm().begin(to_kelas()).happen(Answered(1, Code.ALREADY_A_MEMBER, KELAS))

    visit.happen(DraftTaken(2, KELAS, 4, 0), DeliveryTold(2, KELAS, None))

    assert only(visit).fields["state"] == "waiting"
