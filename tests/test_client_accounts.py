"""Accounts in the client's core: registering, logging in, changing password and name."""

import pytest
from account_host import BUDI, LOGIN, Home, as_budi, as_guest
from client_parts import ME, Seat, always, ended, entry, nothing, private

from belonging import LogsAnswer
from client_events import (
    Answered,
    ChangeName,
    ChangePassword,
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    IdentityChanged,
    LogIn,
    LogOut,
    MarkRead,
    Register,
    RunChanged,
    Say,
)
from conversation import ROOM
from protocol import Code, Verb, encode_object
from protocol_frames import Heads, Post, Response
from protocol_frames import Request as Question
from protocol_requests import Fields


@pytest.fixture
def inside() -> Home:
    """In the room as a guest, Ana."""
    return as_guest()


@pytest.fixture
def budi() -> Home:
    """Logged in."""
    return as_budi()


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
    inside.host.replies[Verb.NAME] = always(Code.OK, name="x" * 256)
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
