"""A person in a terminal with an account, in groups and in private, played by lines and events.

The walks are those of the programs this project grew from, word for word.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk_parts import COMPLETE, KEY, SENT_AT, Visit, asked

from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    ChangePassword,
    ChooseName,
    ConversationChanged,
    ConversationsListed,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    IdentityChanged,
    Leave,
    LogIn,
    LogOut,
    LogReplaced,
    MarkRead,
    NameRefused,
    OpenPrivate,
    PasswordRefused,
    PeopleReplaced,
    Register,
    Say,
)
from client_form import JoinForm
from client_lines import Style
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind, Person, Presence
from protocol import Code
from settings import ClientOptions, Exit, Mode

NAMELESS = ClientOptions(Mode.TERMINAL, ("lab", 8083), None, "x")
PRIVATE, GROUP = ConversationKind.PRIVATE, ConversationKind.GROUP
WHO = NameRefused("", Code.NAME_INVALID, "empty")  # what the core says to who gave no name
PEOPLE = PeopleReplaced((Person(9, "ana", Presence.HERE),))
IN = Entered(9, "ana", "Lab", KEY, False)
AS_ANA = IdentityChanged(9, "ana", True, "a0b1")


def arrived(
    number: int, text: str, conversation: int = ROOM, *, is_history: bool = False
) -> EntryArrived:
    entry = Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 2, "budi", text)
    return EntryArrived(conversation, number, entry, is_history=is_history)


def entered_as_ana() -> Visit:
    visit = Visit(NAMELESS).type("login ana rahasia").happen(WHO)
    return visit.happen(IN, AS_ANA, Answered(1, Code.OK, "a0b1"), PEOPLE)


# --- the walks ---


@pytest.mark.parametrize(
    ("language", "taken", "wrong"),
    [
        ("en", "Username already taken.", "Invalid username or password."),
        ("id", "User sudah ada", "User tidak ada atau password salah"),
    ],
)
def test_password_register_register_again_login_wrongly_login_talk_exit(
    language: str, taken: str, wrong: str
) -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL, ("lab", 8083)), language=language)

    visit.type("salah", "register ana rahasia")
    assert visit.forms == [JoinForm("lab", 8083, "salah", "", account="ana")]
    visit.happen(PasswordRefused()).type("benar").happen(WHO)
    assert asked(visit, Register)[-1] == Register(1, "ana", "rahasia")
    visit.happen(Answered(1, Code.NAME_TAKEN))
    assert visit.screen.shown[-1] == (taken, Style.ALARM)
    visit.type("register anna rahasia").happen(Answered(2, Code.OK, "00"))
    visit.type("login anna salah").happen(Answered(3, Code.WRONG_LOGIN))
    assert visit.screen.shown[-1] == (wrong, Style.ALARM)
    assert "login" in visit.screen.prompt
    visit.type("login anna rahasia").happen(IN, AS_ANA, PEOPLE, Answered(4, Code.OK, "a0b1"))
    assert "a0b1" in visit.screen.text
    visit.type("halo").happen(arrived(1, "halo")).type("exit").happen(Ended(EndReason.LEFT))

    assert visit.says() == ["halo"]
    assert visit.talk.exit_code == Exit.OK


def test_the_words_of_the_walk_are_the_well_known_ones() -> None:
    visit = Visit(NAMELESS).type("register ana rahasia").happen(WHO)
    visit.happen(Answered(1, Code.OK, "00"))
    assert visit.screen.shown[-1][0] == "Registration successful."

    visit.type("/login ana rahasia").happen(IN, AS_ANA, Answered(2, Code.OK, "a0b1"), PEOPLE)
    assert visit.screen.text.count("Name accepted. You can send messages now.") == 1
    visit.type("exit").happen(Ended(EndReason.LEFT))

    assert visit.screen.shown[-1][0] == "[INFO] Connection closed."


def test_what_register_and_login_lack_is_asked_for_and_the_password_hidden() -> None:
    visit = Visit(NAMELESS)
    prompts = []

    for line in ("register", "ana", "rahasia"):
        visit.type(line)
        prompts.append((visit.screen.prompt, visit.screen.is_hidden))
    visit.happen(WHO)

    assert prompts == [("User name: ", False), ("Password: ", True), ("", False)]
    assert asked(visit, Register) == [Register(1, "ana", "rahasia")]
    assert "rahasia" not in visit.screen.text


def test_an_empty_answer_goes_back_to_the_choice() -> None:
    visit = Visit(NAMELESS).type("login ana", "")

    assert visit.screen.prompt == "Your name: "
    assert visit.forms == []


def test_exit_is_a_password_where_one_is_asked_for_and_leaves_elsewhere() -> None:
    guessed = Visit(NAMELESS).type("login ana", "exit")
    left = Visit(NAMELESS).type("login", "exit")

    assert len(guessed.forms) == 1
    assert left.talk.exit_code == Exit.OK


def test_a_guest_is_told_once_that_there_are_accounts() -> None:
    visit = Visit(NAMELESS).type("a@b", "ana")

    assert visit.screen.text.count("With an account: login.") == 1
    assert visit.forms[0].name == "ana"


def test_a_name_that_is_an_accounts_leads_to_logging_in() -> None:
    visit = Visit(replace(NAMELESS, name="ana")).happen(NameRefused("ana", Code.NAME_TAKEN))

    visit.type("login ana rahasia")

    assert visit.commands == [LogIn(1, "ana", "rahasia")]


def test_whoever_registered_may_stay_a_guest_under_a_name() -> None:
    visit = Visit(NAMELESS).type("register ana rahasia").happen(WHO)
    visit.happen(Answered(1, Code.OK, "00"))

    visit.type("budi").happen(NameRefused("budi", Code.NAME_TAKEN)).type("cici")
    visit.happen(Entered(3, "cici", "Lab", KEY, False), PEOPLE)

    assert visit.commands[1:] == [ChooseName("budi"), ChooseName("cici")]
    assert visit.screen.prompt == "> "


def test_what_comes_before_it_is_told_who_one_is_is_shown_after_that() -> None:
    visit = Visit(NAMELESS).type("login ana rahasia").happen(WHO)

    visit.happen(IN, arrived(1, "satu"), PEOPLE, arrived(2, "dua"))
    assert "budi" not in visit.screen.text
    visit.happen(AS_ANA, Answered(1, Code.OK, "a0b1"))

    assert [text for text, _ in visit.screen.shown[-2:]] == ["08:32 budi: satu", "08:32 budi: dua"]


def test_help_is_there_before_one_is_anybody_and_nothing_else() -> None:
    visit = Visit(NAMELESS).type("login ana salah").happen(WHO)
    visit.happen(Answered(1, Code.WRONG_LOGIN))

    visit.type("/help login", "/groups")

    assert "/login USER PASSWORD" in visit.screen.text
    assert visit.screen.shown[-1][0] == "No session. Log in first: /login USER PASSWORD"
    assert asked(visit, AskGroups) == []
    assert visit.screen.prompt == "register or login: "


def test_a_wrong_form_is_answered_and_asked_again() -> None:
    visit = Visit(NAMELESS).type("login ana kata sandi")

    assert visit.screen.shown[-1][0] == "Write: /login USER PASSWORD"
    assert visit.screen.prompt == "Your name: "


def test_who_logs_out_is_nobody_until_the_next_login() -> None:
    visit = entered_as_ana().type("/logout")
    assert asked(visit, LogOut) == [LogOut(2)]

    visit.happen(IdentityChanged(0, "", False), Answered(2, Code.OK))
    assert visit.screen.shown[-1][0] == "Logged out."
    assert visit.screen.prompt == "register or login: "
    visit.type("halo", "/send budi x", '/say "x"')
    assert [text for text, _ in visit.screen.shown[-3:]] == [
        "No session. Log in first: /login USER PASSWORD"
    ] * 2 + ["No session. Log in first: /login USER PASSWORD x"]
    visit.type("login budi x").happen(IdentityChanged(2, "budi", True), Answered(3, Code.OK, "00"))

    assert visit.screen.prompt == "> "
    assert visit.says() == []


def test_the_password_is_changed_without_being_shown() -> None:
    visit = entered_as_ana().type("/passwd")
    assert (visit.screen.prompt, visit.screen.is_hidden) == ("Old password: ", True)

    visit.type("lama", "kata sandi").happen(Answered(2, Code.OK))

    assert asked(visit, ChangePassword) == [ChangePassword(2, "lama", "kata sandi")]
    assert visit.screen.shown[-1][0] == "Password changed."


def test_a_question_in_the_chat_may_be_left_too() -> None:
    visit = entered_as_ana().type("/passwd", "", "halo")

    assert visit.says() == ["halo"]


# --- as the command line said ---


def test_the_command_line_may_log_in() -> None:
    options = replace(NAMELESS, account="ana", account_password="kata sandi")

    visit = Visit(options).happen(WHO)

    assert visit.forms == [JoinForm("lab", 8083, "x", "", account="ana")]
    assert visit.commands == [LogIn(1, "ana", "kata sandi")]


def test_a_password_the_command_line_did_not_say_is_asked_for() -> None:
    visit = Visit(replace(NAMELESS, account="ana"))

    assert (visit.screen.prompt, visit.screen.is_hidden) == ("Password: ", True)


def test_an_account_whose_session_goes_on_need_not_log_in() -> None:
    options = replace(NAMELESS, account="Ana", account_password="rahasia")

    visit = Visit(options).happen(Entered(9, "ana", "Lab", KEY, True), AS_ANA, PEOPLE)

    assert visit.commands == []
    assert "You are back as ana." in visit.screen.text
    assert visit.screen.prompt == "> "


def test_a_pipe_that_cannot_log_in_ends_refused() -> None:
    options = replace(NAMELESS, account="ana", account_password="salah")
    visit = Visit(options, is_live=False)
    visit.talk.end_input()

    visit.happen(WHO)
    assert visit.talk.exit_code is None
    visit.happen(Answered(1, Code.WRONG_LOGIN))

    assert visit.talk.exit_code == Exit.REFUSED


def test_a_pipes_lines_are_not_taken_for_names_after_a_refusal() -> None:
    options = replace(NAMELESS, account="ana", account_password="salah")
    visit = Visit(options, is_live=False).type("halo semua")

    visit.happen(WHO, Answered(1, Code.WRONG_LOGIN))

    assert visit.talk.exit_code == Exit.REFUSED
    assert asked(visit, ChooseName) == []


def test_a_pipe_that_logged_out_leaves_well() -> None:
    visit = Visit(replace(COMPLETE), is_live=False).enter().type("/logout")
    visit.talk.end_input()

    visit.happen(IdentityChanged(0, "", False), Answered(1, Code.OK))

    assert visit.commands[-1] == Leave()


def test_a_pipe_that_ends_in_a_question_has_said_too_little() -> None:
    visit = Visit(NAMELESS, is_live=False).type("login ana")
    visit.talk.end_input()

    assert visit.talk.exit_code == Exit.USAGE


# --- conversations ---


def test_private_messages_that_waited_are_shown_and_found_in_the_inbox() -> None:
    visit = entered_as_ana().happen(
        ConversationChanged(6, PRIVATE, "messi", 2, 2, 1),
        arrived(1, "dulu", 6, is_history=True),
        arrived(2, "halo, selamat malam", 6, is_history=True),
        ConversationsListed(),
    )
    assert visit.screen.shown[-1][0] == "08:32 @messi budi: halo, selamat malam"
    assert "dulu" not in visit.screen.text

    visit.type("/inbox")

    assert [text for text, _ in visit.screen.shown[-2:]] == [
        "Unread (1):",
        "2025-11-21 08:32 @messi budi: halo, selamat malam",
    ]
    assert visit.commands[-1] == MarkRead(6, 2)


def test_whoever_goes_on_typing_has_seen_what_was_shown() -> None:
    visit = entered_as_ana().happen(
        ConversationChanged(5, GROUP, "Kelas", 0, 1, 0), arrived(1, "halo", 5)
    )

    visit.type("hai")

    assert visit.commands[-2:] == [MarkRead(5, 1), Say(2, ROOM, "hai")]


def test_a_pipe_sees_nothing() -> None:
    visit = Visit(is_live=False).enter().happen(arrived(1, "halo")).type("hai")

    assert not any(isinstance(command, MarkRead) for command in visit.commands)


def test_a_message_to_somebody_is_sent_and_said_so() -> None:
    visit = entered_as_ana().type("/send budi halo")
    assert visit.commands[-1] == OpenPrivate(2, "budi")

    visit.happen(Answered(2, Code.OK, 6), ConversationChanged(6, PRIVATE, "budi", 2, 0, 0))
    own = Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 9, "ana", "halo")
    visit.happen(EntryArrived(6, 1, own, 3))

    assert visit.screen.shown[-2:] == [
        ("08:32 @budi ana: halo", Style.OWN),
        ("Message sent", Style.QUIET),
    ]


def test_what_is_typed_after_a_request_waits_for_its_answer() -> None:
    visit = entered_as_ana().type("/addgroup Kelas", "halo")
    assert visit.says() == []

    visit.happen(Answered(2, Code.OK, 5))

    assert asked(visit, AddGroup) == [AddGroup(2, "Kelas")]
    assert visit.says() == ["halo"]


def test_a_person_may_leave_while_a_request_is_under_way() -> None:
    visit = entered_as_ana().type("/groups", "exit")

    assert visit.commands[-1] == Leave()


def test_a_message_of_an_earlier_run_that_is_refused_is_told() -> None:
    visit = entered_as_ana().happen(DraftRefused(None, 1, ROOM, "dulu", Code.MUTED))

    assert visit.screen.shown[-1][0].endswith("dulu")


def test_a_log_that_was_put_back_is_named() -> None:
    visit = entered_as_ana().happen(ConversationChanged(5, GROUP, "Kelas", 0, 1, 0))

    visit.happen(LogReplaced(5))

    assert "older copy of #Kelas" in visit.screen.shown[-1][0]


WORDS = ["login", "/login", "\\register", "ana", '"', "", "exit", "/passwd", "/say", "x", "//y"]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=8), st.data())
def test_whatever_is_typed_whenever_it_is_taken(lines: list[str], data: st.DataObject) -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL))
    events = [WHO, IN, PEOPLE, Answered(1, Code.OK, "00"), IdentityChanged(0, "", False), AS_ANA]

    for line in lines:
        visit.type(line)
        visit.happen(data.draw(st.sampled_from(events)))

    assert all(isinstance(text, str) for text, _ in visit.screen.shown)
