"""The client's core: losing the server and coming back, being put out, leaving."""

import pytest
from client_parts import ME, Reply, Seat, always, connections, ended, entry, nothing
from server_parts import START, limits

from client_connection import LOST_GRACE
from client_core import EXIT_TIMEOUT
from client_events import (
    ChooseName,
    Connection,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    Leave,
    LogReplaced,
    NameRefused,
    ReachedChanged,
    RunChanged,
    Say,
)
from conversation import FIRST_CHAIN, ROOM
from entering import OfferedLog
from protocol import CloseCode, Code, Verb
from protocol_frames import (
    Close,
    Post,
    Reached,
)
from protocol_requests import Fields
from settings_client import Run, WaitingDraft


@pytest.fixture
def seat() -> Seat:
    return Seat()


@pytest.fixture
def inside() -> Seat:
    """In the room, with what happened on the way forgotten."""
    seat = Seat()
    seat.enter()
    assert seat.take(Entered)
    seat.events.clear()
    seat.host.requests.clear()
    seat.host.frames.clear()
    return seat


# --- coming back ---


def a_run(*waiting: WaitingDraft) -> Run:
    return Run(b"s" * 16, b"t" * 32, ME, "Ana", 5, waiting)


def test_whoever_resumes_brings_token_and_stream_and_sends_what_waits_under_its_old_number(
    seat: Seat,
) -> None:
    seat.enter(resume=a_run(WaitingDraft(3, ROOM, "belum sampai"), WaitingDraft(4, ROOM, "juga")))

    (enter,) = seat.host.asked(Verb.ENTER)
    assert enter["token"] == (b"t" * 32).hex()
    assert enter["stream"] == (b"s" * 16).hex()
    posts = seat.host.got(Post)
    assert [(post.draft, post.body) for post in posts][:2] == [(3, b"belum sampai"), (4, b"juga")]
    assert [e.entry.text for e in seat.saw(EntryArrived)] == ["belum sampai", "juga"]


def test_a_stream_that_is_another_s_is_left_for_a_new_one(seat: Seat) -> None:
    tried: list[object] = []

    def once_in_use(fields: Fields) -> Reply:
        tried.append(fields["stream"])
        if len(tried) == 1:
            return Code.STREAM_IN_USE, {}
        return seat.host.usual(Verb.ENTER, fields)

    seat.host.replies[Verb.ENTER] = once_in_use
    seat.enter(resume=a_run(WaitingDraft(3, ROOM, "belum sampai")))

    assert len(set(tried)) == 2
    assert seat.saw(Entered)
    assert [post.body for post in seat.host.got(Post)] == [b"belum sampai"]


@pytest.mark.parametrize("name", ["Ana", ""])
def test_whose_token_is_unknown_enters_anew_or_is_asked_for_a_name(seat: Seat, name: str) -> None:
    def knows_no_token(fields: Fields) -> Reply:
        if "token" in fields:
            return Code.TOKEN_UNKNOWN, {}
        return seat.host.usual(Verb.ENTER, fields)

    seat.host.replies[Verb.ENTER] = knows_no_token
    seat.enter(name=name, resume=a_run())

    assert bool(seat.saw(Entered)) is bool(name)
    assert bool(seat.saw(NameRefused)) is not bool(name)


def test_after_a_reset_the_same_person_is_back_at_once_and_the_user_notices_nothing(
    inside: Seat,
) -> None:
    inside.host.has_returned = True
    inside.receive(inside.host.reset())
    inside.pass_time(1)

    (entered,) = inside.saw(Entered)
    assert entered.has_returned
    assert inside.host.asked(Verb.ENTER)[0]["token"] == inside.host.token.hex()
    assert Connection.LOST not in connections(inside)


def test_a_session_that_grows_old_is_renewed_and_the_user_notices_nothing() -> None:
    seat = Seat(limits=limits(session_lifetime=700.0))
    seat.enter()
    seat.events.clear()

    seat.pass_time(250)

    assert len(seat.saw(Entered)) == 2
    assert Connection.LOST not in connections(seat)


def test_a_wrong_reset_is_not_believed(inside: Seat) -> None:
    inside.host.chance(3)
    good = inside.host.reset()

    inside.receive(good[:-1] + bytes([good[-1] ^ 1]))

    assert inside.host.inits == 1


def test_silence_is_shown_after_four_seconds_and_heard_again_is_here(inside: Seat) -> None:
    inside.host.is_silent = True
    inside.do(Say(1, ROOM, "apakah kalian dengar?"))
    inside.pass_time(3.9)
    assert connections(inside) == []
    inside.pass_time(0.2)
    assert connections(inside) == [Connection.LOST]

    inside.host.is_silent = False
    inside.pass_time(4)

    assert connections(inside)[:2] == [Connection.LOST, Connection.HERE]
    assert [e.ticket for e in inside.saw(EntryArrived)] == [1]


def test_a_server_that_stops_is_come_back_to_by_itself(inside: Seat) -> None:
    inside.host.is_silent = True
    inside.hear_close(CloseCode.COME_BACK)
    assert connections(inside) == []
    inside.pass_time(LOST_GRACE + 0.1)
    assert connections(inside) == [Connection.LOST]
    inside.pass_time(300)
    assert not inside.core.is_done

    inside.host.is_silent = False
    inside.pass_time(5)

    assert inside.saw(Entered)
    assert connections(inside)[-1] is Connection.HERE


@pytest.mark.parametrize("code", [CloseCode.BROKEN, CloseCode.IDLE, CloseCode.EXIT])
def test_a_session_that_was_ended_for_no_reason_of_ours_is_made_anew(
    inside: Seat, code: CloseCode
) -> None:
    inside.hear_close(code)
    inside.pass_time(2)

    assert inside.saw(Entered)


@pytest.mark.parametrize(
    ("code", "reason", "forgets"),
    [
        (CloseCode.KICKED, EndReason.KICKED, True),
        (CloseCode.BANNED, EndReason.BANNED, True),
        (CloseCode.RENEWED, EndReason.ELSEWHERE, False),
    ],
)
def test_whoever_is_put_out_stays_out_and_is_told_why(
    inside: Seat, code: CloseCode, reason: EndReason, forgets: bool
) -> None:
    inside.hear_close(code, "maaf")

    assert ended(inside) == Ended(reason, "maaf")
    assert (inside.saw(RunChanged) == [RunChanged(None)]) is forgets


def test_the_end_is_told_once(inside: Seat) -> None:
    inside.hear_close(CloseCode.KICKED)
    inside.hear_close(CloseCode.BANNED)

    assert ended(inside).reason is EndReason.KICKED


def test_what_was_held_is_stated_and_a_log_that_changed_is_shown_anew(seat: Seat) -> None:
    seat.host.offered = (OfferedLog(ROOM, 2, 0, FIRST_CHAIN),)
    seat.enter()
    seat.hear(entry(1), entry(2))
    seat.hear(Reached(((ROOM, 2),)).encode())
    seat.events.clear()

    seat.host.offered = (OfferedLog(ROOM, 1, 0, FIRST_CHAIN),)
    seat.host.changed = (ROOM,)
    seat.receive(seat.host.reset())
    seat.pass_time(0.5)
    seat.hear(entry(1, "lain"), Reached(((ROOM, 1),)).encode())

    logs = seat.host.asked(Verb.ENTER)[1]["logs"]
    assert isinstance(logs, list)
    assert isinstance(logs[0], list)
    assert logs[0][:2] == [ROOM, 2]
    assert seat.saw(LogReplaced) == [LogReplaced(ROOM)]
    assert [e.entry.text for e in seat.saw(EntryArrived)] == ["lain"]
    assert seat.saw(ReachedChanged) == [ReachedChanged(ROOM, 1)]


# --- leaving ---


def test_exit_waits_until_all_is_acknowledged_then_says_so_and_goes(inside: Seat) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "selamat tinggal"))
    inside.do(Leave())
    assert inside.host.asked(Verb.EXIT) == []

    inside.host.takes_posts = True
    inside.pass_time(1)

    assert inside.host.asked(Verb.EXIT) == [{}]
    assert [close.code for close in inside.host.got(Close)] == [CloseCode.EXIT] * 3
    assert ended(inside).reason is EndReason.LEFT
    assert inside.saw(RunChanged)[-1] == RunChanged(None)


def test_exit_that_is_not_answered_waits_no_longer_than_two_seconds(inside: Seat) -> None:
    inside.host.replies[Verb.EXIT] = nothing
    inside.do(Leave())
    inside.pass_time(EXIT_TIMEOUT - 0.1)
    assert not inside.core.is_done

    inside.pass_time(0.2)

    assert ended(inside).reason is EndReason.LEFT


def test_a_close_while_leaving_is_as_good_as_an_answer(inside: Seat) -> None:
    inside.host.replies[Verb.EXIT] = nothing
    inside.do(Leave())

    inside.hear_close(CloseCode.COME_BACK)

    assert ended(inside).reason is EndReason.LEFT


def test_what_is_not_acknowledged_in_time_is_kept_for_the_next_time(inside: Seat) -> None:
    inside.host.takes_posts = False
    inside.do(Say(1, ROOM, "tidak sampai"))

    inside.do(Leave(patience=3.0))
    inside.pass_time(4)

    assert ended(inside).reason is EndReason.LEFT
    run = inside.saw(RunChanged)[-1].run
    assert [draft.text for draft in run.waiting] == ["tidak sampai"]
    assert inside.host.asked(Verb.EXIT) == []


def test_whoever_leaves_while_the_server_is_lost_waits_a_little_and_then_is_gone(
    inside: Seat,
) -> None:
    inside.host.is_silent = True
    inside.hear_close(CloseCode.COME_BACK)
    inside.pass_time(2)

    inside.do(Leave(patience=3.0))
    assert not inside.core.is_done
    inside.pass_time(3.1)

    assert ended(inside).reason is EndReason.LEFT
    assert inside.saw(RunChanged)[-1] == RunChanged(None)


@pytest.mark.parametrize("is_silent", [True, False], ids=["connecting", "asked for a name"])
def test_whoever_was_never_in_leaves_at_once(seat: Seat, is_silent: bool) -> None:
    seat.host.is_silent = is_silent
    seat.host.replies[Verb.ENTER] = always(Code.NAME_TAKEN)
    seat.enter()

    seat.do(Leave())

    assert ended(seat).reason is EndReason.LEFT


def test_a_name_taken_while_away_is_asked_for_and_costs_no_timer(inside: Seat) -> None:
    inside.host.replies[Verb.ENTER] = always(Code.NAME_TAKEN)
    inside.receive(inside.host.reset())
    inside.pass_time(0.5)
    assert inside.saw(NameRefused)
    inside.pass_time(5)
    assert inside.core.next_timer() is None

    del inside.host.replies[Verb.ENTER]
    inside.do(ChooseName("Ana Kedua"))
    inside.pass_time(1)

    assert inside.saw(Entered)[-1].name == "Ana Kedua"
    assert inside.host.asked(Verb.ENTER)[-1]["token"] == inside.host.token.hex()


def test_time_begins_where_the_clock_says() -> None:
    seat = Seat()
    seat.now = START + 1e6

    seat.enter()

    assert seat.saw(Entered)
