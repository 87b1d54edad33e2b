"""A person in a terminal, played by lines and events."""

import pytest
from talk_parts import KEY, SENT_AT, Visit

from client_events import (
    ChooseName,
    ChoosePassword,
    Connection,
    ConnectionChanged,
    Crashed,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    KeySeen,
    Leave,
    LogReplaced,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PersonTyping,
)
from client_form import JoinFailed, JoinField, JoinForm
from client_lines import Style
from conversation import NO_TAG, ROOM, Entry, EntryKind
from protocol import Code
from settings import ClientOptions, Exit, Mode


def entry(number: int, text: str = "", *, person: int = 2, kind: EntryKind = EntryKind.TEXT,
          ticket: int | None = None) -> EntryArrived:  # fmt: skip
    name = "ana" if person == 1 else "budi"
    return EntryArrived(ROOM, number, Entry(NO_TAG, kind, SENT_AT, person, name, text), ticket)


# --- coming in ---


def test_whoever_said_all_on_the_command_line_is_asked_nothing() -> None:
    visit = Visit()

    assert visit.forms == [JoinForm("lab", 8083, "rahasia", "ana")]
    assert visit.screen.prompt == ""


def test_what_is_missing_is_asked_for_and_the_password_stays_hidden() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL))
    asked = []

    for line in ("lab:9000", "rahasia", "ana"):
        asked.append((visit.screen.prompt, visit.screen.is_hidden))
        visit.type(line)

    assert asked == [("Server address: ", False), ("Room password: ", True), ("Your name: ", False)]
    assert visit.forms == [JoinForm("lab", 9000, "rahasia", "ana")]
    assert "rahasia" not in visit.screen.text


def test_a_wrong_place_or_name_is_asked_for_again() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL, password="", local=("10.0.0.5", 7)))

    visit.type("lab:x", "lab", "", "a@b", "ana")

    assert "lab:x is not a port" in visit.screen.text
    assert visit.forms == [JoinForm("lab", 8083, "", "ana", "10.0.0.5", 7)]


def test_an_impossible_name_on_the_command_line_is_asked_for_again() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL, ("lab", 8083), "a@b", "x"))

    assert visit.screen.prompt == "Your name: "
    assert visit.forms == []


def test_a_refused_password_and_name_are_asked_for_again() -> None:
    visit = Visit()

    visit.happen(PasswordRefused())
    assert visit.screen.is_hidden
    visit.type("benar").happen(NameRefused("ana", Code.NAME_TAKEN))
    assert visit.screen.prompt == "Your name: "
    visit.type("budi")

    assert visit.commands == [ChoosePassword("benar"), ChooseName("budi")]
    assert "That name is taken." in visit.screen.text


def test_a_delay_after_wrong_passwords_is_told() -> None:
    visit = Visit().happen(PasswordDelayed(3.2))

    assert "3 s" in visit.screen.text
    assert visit.screen.prompt == ""


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Name accepted. You can send messages now."),
        ("id", "Nama diterima. Anda sudah bisa mengirim pesan."),
    ],
)
def test_on_entering_the_well_known_sentence_appears(language: str, sentence: str) -> None:
    visit = Visit(language=language).enter()

    assert sentence in visit.screen.text
    assert visit.screen.prompt == "> "


def test_a_key_seen_for_the_first_time_is_to_be_compared() -> None:
    visit = Visit().happen(KeySeen(KEY, "Lab", False))

    assert "Ask the host to read you the key" in visit.screen.text


def test_a_changed_key_is_explained_and_ends_the_visit() -> None:
    visit = Visit().happen(KeyChanged(KEY, KEY[::-1]), Ended(EndReason.KEY_CHANGED))

    assert "Nothing was sent." in visit.screen.text
    assert "--trust-key" in visit.screen.text
    assert visit.talk.exit_code == Exit.REFUSED


def test_a_key_that_is_not_the_trusted_one_is_shown_beside_it() -> None:
    options = ClientOptions(Mode.TERMINAL, ("lab", 1), "ana", "x", None, "0123456789ABCDEF")

    visit = Visit(options).happen(KeyChanged(b"", KEY))

    assert "0123-4567-89AB-CDEF" in visit.screen.text


def test_who_returned_is_told_so() -> None:
    visit = Visit().happen(Entered(1, "ana", "Lab", KEY, True))

    assert "You are back as ana." in visit.screen.text


# --- talking ---


def test_what_is_typed_is_said_and_shown_when_the_server_has_it() -> None:
    visit = Visit().enter().type("halo", "  ").happen(entry(1, "halo", person=1, ticket=1))

    assert visit.says() == ["halo"]
    assert visit.screen.shown[-1] == ("08:32 ana: halo", Style.OWN)


def test_entries_of_others_are_shown_with_time_and_name() -> None:
    visit = (
        Visit()
        .enter()
        .happen(
            entry(1, kind=EntryKind.JOINED),
            entry(2, "satu\ndua"),
            entry(3, "besok libur", kind=EntryKind.NOTICE),
            entry(4, kind=EntryKind.LEFT),
        )
    )

    assert [text for text, _ in visit.screen.shown[-4:]] == [
        "budi joined",
        "08:32 budi: satu\n      dua",
        "08:32 besok libur",
        "budi left",
    ]


def test_answers_to_commands_are_shown() -> None:
    visit = Visit().enter().type("/info", "/nope")

    assert "Active now (2): ana, budi" in visit.screen.text
    assert visit.screen.shown[-1][1] is Style.ALARM
    assert visit.says() == []


@pytest.mark.parametrize(("answer", "said"), [("yes", ["login x y"]), ("no", []), ("", [])])
def test_a_line_that_may_hold_a_password_is_said_only_after_asking(
    answer: str, said: list[str]
) -> None:
    visit = Visit().enter().type("login x y")
    assert "Send it?" in visit.screen.prompt

    visit.type(answer)

    assert visit.says() == said
    assert visit.screen.prompt == "> "


def test_a_refused_message_is_told() -> None:
    visit = Visit().enter().type("halo")

    visit.happen(DraftRefused(1, 1, ROOM, "halo", Code.MUTED))

    assert "The operator has muted you" in visit.screen.text


def test_losing_and_finding_the_server_is_told_once_each() -> None:
    lost, here = ConnectionChanged(Connection.LOST), ConnectionChanged(Connection.HERE, 0.01)

    visit = Visit().happen(here).enter().happen(lost, here, ConnectionChanged(Connection.HERE))

    assert visit.screen.text.count("Connection lost") == 1
    assert visit.screen.text.count("Connected again") == 1


def test_a_log_that_was_put_back_is_told() -> None:
    visit = Visit().enter().happen(LogReplaced(ROOM), PersonTyping(ROOM, 2))

    assert "older copy" in visit.screen.text


def test_what_peers_write_cannot_command_the_terminal() -> None:
    visit = Visit().enter().happen(entry(1, "\x1b[2J"))

    assert visit.screen.shown[-1][0] == "08:32 budi: \ufffd[2J"


# --- going ---


def test_exit_says_goodbye_and_ends_well() -> None:
    visit = Visit().enter().type("exit")
    assert visit.commands == [Leave()]
    assert not visit.is_over()

    visit.happen(Ended(EndReason.LEFT))

    assert visit.talk.exit_code == Exit.OK
    assert visit.screen.shown[-1][0] == "[INFO] Connection closed."


def test_exit_before_joining_needs_no_server() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL)).type("exit")

    assert (visit.talk.exit_code, visit.forms) == (Exit.OK, [])


def test_exit_is_a_password_where_one_is_asked_for() -> None:
    visit = Visit(ClientOptions(Mode.TERMINAL, ("lab", 1), "ana")).type("exit")

    assert visit.forms == [JoinForm("lab", 1, "exit", "ana")]


def test_a_person_may_leave_while_connecting() -> None:
    visit = Visit().type("exit")

    assert visit.commands == [Leave()]


@pytest.mark.parametrize(
    ("event", "exit_code"),
    [
        (Ended(EndReason.UNREACHABLE), Exit.UNREACHABLE),
        (Ended(EndReason.KICKED, "pelan-pelan"), Exit.REFUSED),
        (Ended(EndReason.BANNED, "", SENT_AT), Exit.REFUSED),
        (Ended(EndReason.BANNED), Exit.REFUSED),
        (Ended(EndReason.REFUSED), Exit.REFUSED),
        (Crashed("defect"), Exit.FAILURE),
        (JoinFailed(JoinField.HOST, "trouble.host"), Exit.UNREACHABLE),
        (JoinFailed(JoinField.LOCAL_PORT, "trouble.local_port"), Exit.IN_USE),
        (JoinFailed(JoinField.LOCAL_HOST, "trouble.local_host"), Exit.FAILURE),
    ],
)
def test_each_end_has_its_sentence_and_its_exit_code(event: object, exit_code: int) -> None:
    visit = Visit().happen(event)

    assert visit.talk.exit_code == exit_code
    assert visit.screen.shown[-1][1] is Style.ALARM


def test_the_end_of_a_ban_is_told() -> None:
    visit = Visit().happen(Ended(EndReason.BANNED, "tenang dulu", SENT_AT))

    assert "until 2025-11-21 08:32. tenang dulu" in visit.screen.text


# --- from a pipe ---


def test_lines_of_a_pipe_wait_until_somebody_asks() -> None:
    visit = Visit(is_live=False).type("halo", "exit")
    assert visit.commands == []

    visit.enter()

    assert visit.says() == ["halo"]
    assert visit.commands[-1] == Leave()


def test_the_end_of_input_waits_for_the_servers_disk() -> None:
    visit = Visit(is_live=False).type("satu", "dua")
    visit.talk.end_input()
    visit.enter().happen(entry(1, "satu", person=1, ticket=1))
    assert Leave() not in visit.commands

    visit.happen(DraftRefused(2, 2, ROOM, "dua", Code.MUTED))

    assert visit.commands.count(Leave()) == 1


def test_the_end_of_input_leaves_at_once_when_nothing_was_said() -> None:
    visit = Visit().enter()

    visit.talk.end_input()

    assert visit.commands == [Leave()]


def test_the_end_of_input_ends_what_asks_in_vain() -> None:
    missing = Visit(ClientOptions(Mode.TERMINAL), is_live=False)
    missing.talk.end_input()
    refused = Visit(is_live=False)
    refused.talk.end_input()
    refused.happen(PasswordRefused())

    assert missing.talk.exit_code == Exit.USAGE
    assert refused.talk.exit_code == Exit.REFUSED
