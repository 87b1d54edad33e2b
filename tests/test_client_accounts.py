"""Accounts in the client's core: registering, logging in and out, changing password and name."""

import pytest
from account_host import BUDI, AccountHost
from client_parts import ME, Reply, Seat, always, connections, ended, entry, nothing, private

from belonging import LogsAnswer
from client_connection import LOST_GRACE
from client_events import (
    AddGroup,
    Answered,
    ChangeName,
    ChangePassword,
    ChooseName,
    ChoosePassword,
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    DraftRefused,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    IdentityChanged,
    Leave,
    LogIn,
    LogOut,
    MarkRead,
    NameRefused,
    PasswordRefused,
    Register,
    Request,
    RunChanged,
    Say,
    Search,
)
from conversation import ROOM, ConversationKind
from protocol import CloseCode, Code, Verb, encode_object
from protocol_frames import Close, Heads, Post, Response
from protocol_frames import Request as Question
from protocol_requests import Fields
from settings_client import Run, WaitingDraft

LOGIN = LogIn(7, "Budi", "rahasia")


class Home(Seat):
    """Somebody's client, and a server that knows accounts."""

    def __init__(self) -> None:
        self.accounts = AccountHost()
        super().__init__(self.accounts)

    def lose(self) -> None:
        """The session is gone; the client is back at once."""
        self.receive(self.host.reset())
        self.pass_time(1)

    def order(self, *kinds: type[object]) -> list[type[object]]:
        """The kinds of events, in the order in which they came."""
        return [type(event) for event in self.events if isinstance(event, kinds)]


@pytest.fixture
def home() -> Home:
    """Before the room."""
    return Home()


@pytest.fixture
def inside() -> Home:
    """In the room as a guest, Ana, with what happened on the way forgotten."""
    home = Home()
    home.enter()
    home.events.clear()
    home.host.requests.clear()
    home.host.frames.clear()
    return home


@pytest.fixture
def budi(inside: Home) -> Home:
    """Logged in."""
    inside.do(LOGIN)
    inside.events.clear()
    inside.host.requests.clear()
    return inside


# --- registering ---


def test_registering_sends_what_a_password_is_checked_by_and_gives_a_token(inside: Home) -> None:
    inside.do(Register(3, " Citra ", "kata sandi", "Indonesia", "Citra Dewi"))

    (asked,) = inside.host.asked(Verb.REGISTER)
    assert (asked["name"], asked["country"], asked["full_name"]) == (
        "Citra",
        "Indonesia",
        "Citra Dewi",
    )
    assert "kata sandi" not in str(asked)
    assert inside.events == [Answered(3, Code.OK, "ab" * 32)]


def test_whoever_registered_can_log_in(inside: Home) -> None:
    inside.do(Register(3, "Citra", "kata sandi"))

    inside.do(LogIn(4, "Citra", "kata sandi"))

    assert [answered.code for answered in inside.saw(Answered)] == [Code.OK, Code.OK]


def test_a_name_that_cannot_be_or_is_taken_is_said_so(inside: Home) -> None:
    inside.host.replies[Verb.REGISTER] = always(Code.NAME_TAKEN)

    inside.do(Register(3, "", "x"))
    inside.do(Register(4, "Budi", "x"))

    assert inside.saw(Answered) == [
        Answered(3, Code.NAME_INVALID, reason="empty"),
        Answered(4, Code.NAME_TAKEN),
    ]


def test_what_does_not_fit_into_a_request_is_not_sent(inside: Home) -> None:
    inside.do(Register(3, "Citra", "x", country="\U0001f1ee" * 300))
    inside.do(Register(4, "Citra", "x", full_name="\ud800"))

    assert [answered.code for answered in inside.saw(Answered)] == [Code.BAD_REQUEST] * 2
    assert inside.host.requests == []


def test_a_registration_whose_answer_was_lost_is_repeated_as_it_was(inside: Home) -> None:
    inside.host.replies[Verb.REGISTER] = nothing
    inside.do(Register(3, "Citra", "kata sandi"))

    del inside.host.replies[Verb.REGISTER]
    inside.lose()

    first, second = inside.host.asked(Verb.REGISTER)
    assert first == second
    assert inside.saw(Answered) == [Answered(3, Code.OK, "ab" * 32)]


# --- logging in ---


def test_a_guest_who_logs_in_is_the_account_from_then_on(inside: Home) -> None:
    inside.do(LOGIN)

    token = inside.host.token.hex()
    assert inside.saw(Answered) == [Answered(7, Code.OK, token)]
    assert inside.saw(IdentityChanged) == [IdentityChanged(BUDI, "Budi", True, token)]
    assert inside.saw(Entered) == []
    run = inside.saw(RunChanged)[-1].run
    assert (run.token, run.person, run.name) == (inside.host.token, BUDI, "Budi")
    assert "rahasia" not in str(inside.host.requests)


def test_what_the_guest_was_in_is_gone_and_what_the_account_is_in_is_told() -> None:
    home = Home()
    home.host.others = [private(5, "Tamu")]
    home.enter()
    home.events.clear()

    home.host.others = [private(6, "Citra")]
    home.do(LOGIN)

    assert home.saw(ConversationGone) == [ConversationGone(5)]
    told = [(told.conversation, told.name) for told in home.saw(ConversationChanged)]
    assert told == [(ROOM, ""), (6, "Citra")]
    assert home.order(
        ConversationGone, IdentityChanged, ConversationChanged, ConversationsListed
    ) == [
        ConversationGone,
        IdentityChanged,
        ConversationChanged,
        ConversationChanged,
        ConversationsListed,
    ]
    assert home.saw(FloorChanged) == [FloorChanged(6, 0)]  # the room goes on


def test_what_was_asked_as_the_guest_is_not_answered_to_the_account(inside: Home) -> None:
    inside.host.replies[Verb.LOGS] = inside.host.replies[Verb.READ] = nothing
    inside.do(MarkRead(ROOM, 1))
    inside.hear(Heads(((9, 1),)).encode())
    late = [asked.request for asked in inside.host.got(Question)]
    del inside.host.replies[Verb.LOGS]
    inside.do(LOGIN)
    before = inside.saw(ConversationChanged)

    page = encode_object(LogsAnswer((private(9),), ()).encode())
    inside.hear(*(Response(request, 0, 1, Code.OK, page).encode() for request in late))

    assert len(late) == 2
    assert inside.saw(ConversationChanged) == before


def test_the_room_is_stated_as_it_is_held(inside: Home) -> None:
    inside.hear(entry(1))

    inside.do(LOGIN)

    (asked,) = inside.host.asked(Verb.LOGIN)
    assert isinstance(asked["logs"], list)
    assert [log[:2] for log in asked["logs"] if isinstance(log, list)] == [[ROOM, 1]]


def test_logging_in_waits_until_all_that_was_said_is_acknowledged(inside: Home) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "sebagai Ana"))

    inside.do(LOGIN)
    assert inside.host.asked(Verb.CHALLENGE) == []
    inside.host.takes_posts = True
    inside.pass_time(1)

    assert inside.saw(Answered)[0].code is Code.OK
    assert inside.saw(EntryArrived)[0].entry.name == "Ana"


def test_what_is_said_after_it_bears_the_new_name(inside: Home) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "sebagai Ana"))
    inside.do(LOGIN)
    inside.do(Say(2, ROOM, "sebagai Budi"))
    inside.pass_time(1)
    before = {post.draft for post in inside.host.got(Post)}

    inside.host.takes_posts = True
    inside.pass_time(1)

    assert before == {1}
    assert [e.entry.name for e in inside.saw(EntryArrived)] == ["Ana", "Budi"]


@pytest.mark.parametrize(("name", "password"), [("Budi", "salah"), ("Orang", "x"), ("@", "x")])
def test_who_it_is_that_is_wrong_is_not_told(inside: Home, name: str, password: str) -> None:
    inside.do(LogIn(7, name, password))

    assert inside.saw(Answered) == [Answered(7, Code.WRONG_LOGIN)]
    assert inside.saw(IdentityChanged) == []


def test_what_waited_is_said_by_the_guest_if_the_password_was_wrong(inside: Home) -> None:
    inside.core.handle_command(LogIn(7, "Budi", "salah"), inside.now)
    inside.do(Say(1, ROOM, "masih Ana"))

    assert [e.entry.name for e in inside.saw(EntryArrived)] == ["Ana"]


def test_too_many_guesses_tell_how_long_to_wait(inside: Home) -> None:
    inside.host.replies[Verb.LOGIN] = always(Code.TOO_MANY_GUESSES, wait=30)

    inside.do(LOGIN)

    assert inside.saw(Answered) == [Answered(7, Code.TOO_MANY_GUESSES, wait=30.0)]


def test_a_challenge_that_is_refused_or_cannot_be_answers_the_request(inside: Home) -> None:
    inside.host.replies[Verb.CHALLENGE] = always(Code.NAME_INVALID, reason="marks")
    inside.do(LOGIN)
    cheap: Fields = {"salt": "00" * 16, "iterations": 1, "nonce": "00" * 36}
    inside.host.replies[Verb.CHALLENGE] = always(Code.OK, **cheap)
    inside.do(LOGIN)

    assert inside.saw(Answered) == [
        Answered(7, Code.NAME_INVALID, reason="marks"),
        Answered(7, Code.BAD_REQUEST),
    ]
    assert inside.host.asked(Verb.LOGIN) == []


def test_a_server_that_lets_in_without_knowing_the_account_is_left(inside: Home) -> None:
    inside.accounts.is_false = True
    inside.do(LogIn(7, "Budi", "salah"))

    assert inside.saw(Answered) == [Answered(7, Code.BAD_REQUEST)]
    assert ended(inside).reason is EndReason.FALSE_SERVER


def test_a_server_that_lets_in_as_nobody_knows_whom_is_left(inside: Home) -> None:
    inside.host.replies[Verb.LOGIN] = always(Code.OK, signature="00" * 32)

    inside.do(LOGIN)

    assert ended(inside).reason is EndReason.FALSE_SERVER


def test_a_stream_that_is_another_s_is_left_for_a_new_one(inside: Home) -> None:
    inside.accounts.is_streamless = True

    inside.do(LOGIN)
    inside.do(Say(1, ROOM, "halo"))

    first, second = inside.host.asked(Verb.LOGIN)
    assert first["stream"] != second["stream"]
    assert inside.saw(Answered)[0].code is Code.OK
    assert [e.entry.name for e in inside.saw(EntryArrived)] == ["Budi"]


@pytest.mark.parametrize("verb", [Verb.CHALLENGE, Verb.LOGIN])
def test_a_login_whose_answer_was_lost_is_proved_anew_in_the_next_session(
    inside: Home, verb: Verb
) -> None:
    inside.host.replies[verb] = nothing
    inside.do(LOGIN)

    del inside.host.replies[verb]
    inside.lose()

    assert [answered.code for answered in inside.saw(Answered)] == [Code.OK]
    assert inside.saw(IdentityChanged)[-1].person == BUDI
    proofs = [asked["proof"] for asked in inside.host.asked(Verb.LOGIN)]
    assert len(set(proofs)) == len(proofs)


def test_work_of_a_lost_session_is_not_taken_for_that_of_the_next(inside: Home) -> None:
    inside.held_jobs = []
    inside.do(LOGIN)
    (stale,) = inside.held_jobs
    inside.held_jobs = None

    inside.host.replies[Verb.LOGIN] = nothing
    inside.lose()
    inside.core.handle_result(stale.key, b"proof of old" * 3, inside.now)
    inside.end_turn()

    assert len(inside.host.asked(Verb.LOGIN)) == 1


def test_who_comes_back_by_token_is_the_account_still(budi: Home) -> None:
    budi.lose()

    assert budi.saw(Entered)[0].name == "Budi"
    assert budi.saw(IdentityChanged) == []
    assert budi.saw(ConversationGone) == []


def test_a_client_that_starts_again_is_the_account_still() -> None:
    first = Home()
    first.enter()
    first.do(LOGIN)
    run = first.saw(RunChanged)[-1].run

    second = Seat(first.host)
    second.enter(name="Budi", resume=run)

    identity = IdentityChanged(BUDI, "Budi", True, first.host.token.hex())
    assert second.saw(IdentityChanged) == [identity]
    assert second.host.asked(Verb.ENTER)[-1]["token"] == first.host.token.hex()


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


# --- password and name ---


def test_a_new_password_counts_from_then_on(budi: Home) -> None:
    budi.do(ChangePassword(4, "rahasia", "lebih rahasia"))

    budi.do(LogOut(5))
    budi.do(LogIn(6, "Budi", "lebih rahasia"))

    assert [answered.code for answered in budi.saw(Answered)] == [Code.OK] * 3
    assert "rahasia" not in str(budi.host.requests)


def test_the_old_password_must_be_right(budi: Home) -> None:
    budi.do(ChangePassword(4, "salah", "lebih rahasia"))

    assert budi.saw(Answered) == [Answered(4, Code.WRONG_LOGIN)]


def test_a_guest_has_no_password(inside: Home) -> None:
    inside.do(ChangePassword(4, "rahasia", "lebih rahasia"))

    assert inside.saw(Answered) == [Answered(4, Code.NO_SESSION)]
    assert inside.host.requests == []


def test_a_change_whose_answer_was_lost_is_asked_again_as_the_same(budi: Home) -> None:
    budi.host.replies[Verb.PASSWORD] = nothing
    budi.do(ChangePassword(4, "rahasia", "lebih rahasia"))

    del budi.host.replies[Verb.PASSWORD]
    budi.lose()

    first, second = budi.host.asked(Verb.PASSWORD)
    same = ("once", "salt", "stored_key", "server_key")
    assert [first[field] for field in same] == [second[field] for field in same]
    assert first["proof"] != second["proof"]
    assert budi.saw(Answered) == [Answered(4, Code.OK)]


def test_a_guest_is_renamed_and_what_follows_bears_the_new_name(inside: Home) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "lama"))
    inside.do(ChangeName(4, "  Eka "))
    inside.do(Say(2, ROOM, "baru"))
    inside.host.takes_posts = True
    inside.pass_time(1)

    assert inside.saw(Answered) == [Answered(4, Code.OK, "Eka")]
    assert inside.saw(IdentityChanged) == [IdentityChanged(ME, "Eka", False)]
    assert [e.entry.name for e in inside.saw(EntryArrived)] == ["Ana", "Eka"]
    assert inside.saw(RunChanged)[-1].run.name == "Eka"


def test_a_name_that_is_refused_changes_nothing(inside: Home) -> None:
    inside.host.replies[Verb.NAME] = always(Code.NAME_TAKEN)
    inside.do(ChangeName(4, "Budi"))
    inside.do(ChangeName(5, "@"))
    inside.host.replies[Verb.NAME] = always(Code.OK, name="x" * 129)
    inside.do(ChangeName(6, "Eka"))

    assert inside.saw(Answered) == [
        Answered(4, Code.NAME_TAKEN),
        Answered(5, Code.NAME_INVALID, reason="character"),
        Answered(6, Code.BAD_REQUEST),
    ]
    assert inside.saw(IdentityChanged) == []


def test_a_renaming_that_was_lost_is_told_once(inside: Home) -> None:
    inside.host.replies[Verb.NAME] = nothing
    inside.do(ChangeName(4, "Eka"))

    inside.accounts.renames("Eka")
    del inside.host.replies[Verb.NAME]
    inside.lose()

    assert inside.saw(IdentityChanged) == [IdentityChanged(ME, "Eka", False)]
    assert inside.saw(Answered) == [Answered(4, Code.OK, "Eka")]


# --- one after the other, each once ---


def test_what_is_asked_is_answered_in_its_order(inside: Home) -> None:
    asked: list[Request] = [LogIn(1, "Budi", "rahasia"), Search(2, "kata"), LogOut(3), LOGIN]
    inside.host.replies[Verb.SEARCH] = always(Code.OK, hits=[])
    for request in asked:
        inside.core.handle_command(request, inside.now)
    inside.end_turn()
    inside.pass_time(1)

    assert [answered.ticket for answered in inside.saw(Answered)] == [1, 2, 3, 7]


def test_what_is_open_at_the_end_is_answered_before_it(inside: Home) -> None:
    inside.host.replies[Verb.SEARCH] = nothing
    inside.do(Search(1, "kata"))
    inside.do(Search(2, "lain"))

    inside.hear_close(CloseCode.KICKED)
    inside.do(Search(3, "sesudah"))
    (asked,) = inside.host.got(Question)
    inside.hear(Response(asked.request, 0, 1, Code.OK, b'{"hits":[]}').encode())

    assert inside.saw(Answered) == [Answered(ticket, Code.NO_SESSION) for ticket in (1, 2, 3)]
    kinds = [type(event).__name__ for event in inside.events]
    assert kinds.index("Answered") < kinds.index("Ended")


def test_exit_waits_for_what_was_asked(inside: Home) -> None:
    inside.host.replies[Verb.SEARCH] = nothing
    inside.do(Search(1, "kata"))

    inside.do(Leave(patience=3.0))
    assert inside.host.asked(Verb.EXIT) == []
    inside.pass_time(4)

    assert ended(inside).reason is EndReason.LEFT
    assert inside.saw(Answered) == [Answered(1, Code.NO_SESSION)]
    assert [close.code for close in inside.host.got(Close)] == [CloseCode.EXIT] * 3


def test_an_answer_that_cannot_be_read_is_a_refusal_and_the_session_goes_on(inside: Home) -> None:
    inside.host.replies[Verb.REGISTER] = always(Code.OK, token="none")

    inside.do(Register(1, "Citra", "x"))
    inside.pass_time(5)

    assert inside.saw(Answered) == [Answered(1, Code.BAD_REQUEST)]
    assert inside.host.inits == 1


def test_a_defect_of_the_worker_is_not_hidden(inside: Home) -> None:
    inside.held_jobs = []
    inside.do(LOGIN)

    with pytest.raises(ZeroDivisionError):
        inside.core.handle_result(inside.held_jobs[0].key, ZeroDivisionError(), inside.now)
