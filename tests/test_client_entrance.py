"""Being nobody, in the client's core: what can be asked before entering, and after logging out."""

import pytest
from account_host import BUDI, LOGIN, Home, as_budi, as_guest
from client_parts import Reply, always, connections, ended, entry, nothing, private

from client_connection import LOST_GRACE
from client_events import (
    AddGroup,
    Answered,
    ChooseName,
    ChoosePassword,
    ConversationChanged,
    ConversationGone,
    DraftRefused,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    IdentityChanged,
    Leave,
    LogIn,
    LogOut,
    NameRefused,
    PasswordRefused,
    Register,
    RunChanged,
    Say,
    Search,
)
from conversation import ROOM, ConversationKind
from protocol import Code, Verb
from protocol_requests import Fields
from settings_client import Run, WaitingDraft


@pytest.fixture
def home() -> Home:
    """Before the room."""
    return Home()


@pytest.fixture
def inside() -> Home:
    """In the room as a guest, Ana."""
    return as_guest()


@pytest.fixture
def budi() -> Home:
    """Logged in."""
    return as_budi()


# --- before entering ---


def test_without_a_name_one_can_register_and_log_in_before_entering(home: Home) -> None:
    home.core.handle_command(Register(1, "Citra", "sandi"), home.now)
    home.core.handle_command(LogIn(2, "Citra", "salah"), home.now)
    home.enter(name="")
    assert home.saw(Entered) == []

    home.do(LogIn(3, "Citra", "sandi"))
    home.pass_time(1)

    assert [answered.code for answered in home.saw(Answered)] == [
        Code.OK,
        Code.WRONG_LOGIN,
        Code.OK,
    ]
    assert home.saw(NameRefused) == []
    assert home.host.asked(Verb.ENTER) == []
    assert [entered.name for entered in home.saw(Entered)] == ["Citra"]
    assert home.saw(ConversationChanged)[0].kind is ConversationKind.ROOM


def test_with_a_name_one_enters_after_registering(home: Home) -> None:
    home.core.handle_command(Register(1, "Citra", "sandi"), home.now)
    home.core.handle_command(Search(2, "kata"), home.now)
    home.enter(name="Ana")

    verbs = [verb for verb, _ in home.host.requests]
    assert verbs.index(Verb.REGISTER) < verbs.index(Verb.ENTER) < verbs.index(Verb.SEARCH)
    assert home.saw(NameRefused) == []


def test_whose_name_is_an_account_s_can_log_in_instead(home: Home) -> None:
    home.host.replies[Verb.ENTER] = always(Code.NAME_TAKEN)
    home.enter(name="Budi")
    assert home.saw(NameRefused)

    home.do(LOGIN)
    home.pass_time(1)

    assert [entered.name for entered in home.saw(Entered)] == ["Budi"]


def test_a_login_that_failed_leaves_one_where_one_was(home: Home) -> None:
    home.host.replies[Verb.ENTER] = always(Code.NAME_TAKEN)
    home.enter(name="Budi")

    home.do(LogIn(7, "Budi", "salah"))
    home.pass_time(30)
    assert len(home.saw(NameRefused)) == 1

    del home.host.replies[Verb.ENTER]
    home.do(ChooseName("Budi Dua"))
    home.pass_time(1)

    assert [entered.name for entered in home.saw(Entered)] == ["Budi Dua"]


def test_what_only_somebody_can_ask_is_refused_to_whoever_is_asked_for_a_name(home: Home) -> None:
    home.enter(name="")

    home.do(Search(1, "kata"))

    assert home.saw(Answered) == [Answered(1, Code.NO_SESSION)]


def test_what_is_asked_while_the_name_is_asked_for_never_costs_a_guess(home: Home) -> None:
    home.enter(password="salah")
    assert home.saw(PasswordRefused)

    home.do(LOGIN)
    home.pass_time(30)
    assert len(home.host.asked(Verb.PAKE2)) == 1
    home.do(ChoosePassword("mangga duren salak rambutan"))
    home.pass_time(1)

    assert len(home.host.asked(Verb.PAKE2)) == 2


def test_drafts_of_a_run_whose_token_is_unknown_wait_for_the_login(home: Home) -> None:
    def knows_no_token(fields: Fields) -> Reply:
        return (Code.TOKEN_UNKNOWN if "token" in fields else Code.NAME_TAKEN), {}

    home.host.replies[Verb.ENTER] = knows_no_token
    waiting = (WaitingDraft(3, ROOM, "belum sampai"),)
    home.enter(name="Budi", resume=Run(b"s" * 16, b"t" * 32, BUDI, "Budi", 4, waiting))

    home.do(LOGIN)
    home.pass_time(1)

    assert [e.entry.text for e in home.saw(EntryArrived)] == ["belum sampai"]
    assert home.host.asked(Verb.LOGIN)[0]["stream"] == (b"s" * 16).hex()


def test_a_server_silent_before_entering_is_tried_again(home: Home) -> None:
    home.host.replies[Verb.CHALLENGE] = nothing
    home.core.handle_command(LOGIN, home.now)
    home.join(name="")
    home.pass_time(9)

    del home.host.replies[Verb.CHALLENGE]
    home.pass_time(5)

    assert home.host.inits == 2
    assert home.saw(Entered)


# --- logging out ---


def test_whoever_logs_out_is_nobody_and_sees_nothing_any_more() -> None:
    home = Home()
    home.host.others = [private(6, "Citra")]
    home.enter()
    home.do(LOGIN)
    home.events.clear()

    home.do(LogOut(8))

    assert home.saw(ConversationGone) == [ConversationGone(ROOM), ConversationGone(6)]
    assert home.saw(IdentityChanged) == [IdentityChanged(0, "", False)]
    assert home.saw(RunChanged)[-1] == RunChanged(None)
    assert home.saw(Answered) == [Answered(8, Code.OK)]


def test_logging_out_waits_until_all_that_was_said_is_acknowledged(budi: Home) -> None:
    budi.host.takes_posts = False
    budi.do(Say(1, ROOM, "sampai jumpa"))
    budi.do(LogOut(8))
    budi.do(Say(2, ROOM, "terlambat"))
    assert budi.host.asked(Verb.LOGOUT) == []

    budi.host.takes_posts = True
    budi.pass_time(1)

    assert [e.entry.text for e in budi.saw(EntryArrived)] == ["sampai jumpa"]
    assert [(refused.ticket, refused.code) for refused in budi.saw(DraftRefused)] == [
        (2, Code.NO_SESSION)
    ]


def test_nobody_can_say_or_ask_anything_but_to_log_in(budi: Home) -> None:
    budi.do(LogOut(8))
    budi.events.clear()
    budi.host.requests.clear()

    budi.do(Say(1, ROOM, "halo"))
    budi.core.handle_command(LogIn(2, "@", ""), budi.now)
    budi.do(AddGroup(3, "Kimia"))
    budi.hear(entry(9))
    budi.pass_time(30)

    assert [refused.code for refused in budi.saw(DraftRefused)] == [Code.NO_SESSION]
    assert budi.saw(Answered) == [Answered(2, Code.WRONG_LOGIN), Answered(3, Code.NO_SESSION)]
    assert budi.saw(EntryArrived) == []
    assert budi.host.requests == []


def test_nobody_logs_in_again_in_the_same_session(budi: Home) -> None:
    budi.do(LogOut(8))
    budi.events.clear()

    budi.do(LOGIN)
    budi.do(Say(1, ROOM, "lagi"))

    assert budi.host.inits == 1
    assert [entered.name for entered in budi.saw(Entered)] == ["Budi"]
    assert budi.saw(IdentityChanged)[0].person == BUDI
    assert budi.saw(FloorChanged) == [FloorChanged(ROOM, 0)]
    assert [e.entry.text for e in budi.saw(EntryArrived)] == ["lagi"]
    streams = {asked["stream"] for asked in budi.host.asked(Verb.LOGIN)}
    assert len(streams) == 1


def test_the_stream_of_whoever_logged_out_is_not_used_again(inside: Home) -> None:
    inside.do(LOGIN)
    inside.do(LogOut(8))
    inside.do(LOGIN)

    first, second = inside.host.asked(Verb.LOGIN)
    assert first["stream"] != second["stream"]


def test_nobody_whose_session_is_lost_rests_and_can_log_in_still(budi: Home) -> None:
    budi.do(LogOut(8))
    budi.events.clear()

    budi.lose()
    budi.pass_time(LOST_GRACE + 5)
    assert connections(budi) == []
    assert budi.saw(NameRefused) == []
    assert budi.host.asked(Verb.ENTER) == []
    budi.do(LOGIN)
    budi.pass_time(1)

    assert [entered.name for entered in budi.saw(Entered)] == ["Budi"]


def test_nobody_can_come_back_as_a_guest(budi: Home) -> None:
    budi.do(LogOut(8))
    budi.events.clear()
    del budi.host.replies[Verb.ENTER]

    budi.do(ChooseName("Eka"))
    budi.pass_time(1)

    assert [entered.name for entered in budi.saw(Entered)] == ["Eka"]
    assert "token" not in budi.host.asked(Verb.ENTER)[-1]


def test_nobody_leaves_with_an_exit(budi: Home) -> None:
    budi.do(LogOut(8))

    budi.do(Leave())

    assert budi.host.asked(Verb.EXIT) == [{}]
    assert ended(budi).reason is EndReason.LEFT


def test_a_guest_cannot_log_out(inside: Home) -> None:
    inside.host.replies[Verb.LOGOUT] = always(Code.NO_SESSION)

    inside.do(LogOut(8))

    assert inside.saw(Answered) == [Answered(8, Code.NO_SESSION)]
    assert inside.saw(IdentityChanged) == []


def test_a_logout_whose_answer_was_lost_is_known_by_the_token_that_died(budi: Home) -> None:
    budi.host.replies[Verb.LOGOUT] = nothing
    budi.do(LogOut(8))

    budi.host.replies[Verb.ENTER] = always(Code.TOKEN_UNKNOWN)
    budi.lose()

    assert "name" not in budi.host.asked(Verb.ENTER)[-1]  # or a guest of that name would enter
    assert budi.saw(Answered) == [Answered(8, Code.OK)]
    assert budi.saw(IdentityChanged) == [IdentityChanged(0, "", False)]
    assert budi.saw(RunChanged)[-1] == RunChanged(None)


def test_a_logout_that_did_not_happen_is_asked_again(budi: Home) -> None:
    budi.host.replies[Verb.LOGOUT] = nothing
    budi.do(LogOut(8))

    del budi.host.replies[Verb.LOGOUT]
    budi.lose()

    first, second = budi.host.asked(Verb.LOGOUT)
    assert first == second
    assert budi.saw(Answered) == [Answered(8, Code.OK)]
