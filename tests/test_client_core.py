"""The client's core against a server made by hand: from joining to being in the room.

What it does there and how it comes back is in test_client_core_room and test_client_core_return;
over bad networks and through disasters in test_network, test_hostile and test_durability.
"""

from collections.abc import Callable

import pytest
from client_parts import (
    ME,
    SERVER,
    Host,
    Reply,
    Seat,
    always,
    connections,
    ended,
    entry,
    nothing,
    person_change,
)
from hypothesis import given
from hypothesis import strategies as st
from server_parts import PASSWORD, run_job
from simulated_nodes import cached_prs

from client_entrance import ENTER_TIMEOUT, QUEUE_PATIENCE
from client_events import (
    ChooseName,
    ChoosePassword,
    Connection,
    Ended,
    EndReason,
    Entered,
    Join,
    KeyChanged,
    KeySeen,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    RunChanged,
)
from conversation import ROOM, Person, Presence
from protocol import CloseCode, Code, Verb
from protocol_frames import (
    Close,
    Heads,
    Ping,
    Reached,
    Refused,
    Typing,
)
from protocol_requests import Fields


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


# --- coming in ---


def test_joining_shows_the_key_then_proves_the_password_then_tells_the_name(seat: Seat) -> None:
    seat.enter(name="  Ana  ")

    (key,) = seat.saw(KeySeen)
    assert (key.key, key.room_name, key.is_pinned) == (seat.host.key, "Kelas 7B", False)
    asked = [verb for verb, _ in seat.host.requests]
    assert asked == [Verb.PAKE1, Verb.PAKE2, Verb.ENTER, Verb.PEOPLE, Verb.LOGS]
    (enter,) = seat.host.asked(Verb.ENTER)
    assert enter["name"] == "Ana"
    assert "token" not in enter
    (entered,) = seat.saw(Entered)
    assert entered == Entered(ME, "Ana", "Kelas 7B", seat.host.key, has_returned=False)
    assert connections(seat) == [Connection.CONNECTING, Connection.ENTERING, Connection.HERE]
    assert seat.saw(PeopleReplaced)[-1].people == (Person(ME, "Ana", Presence.HERE),)


def test_the_run_to_resume_is_told_as_soon_as_there_is_one(seat: Seat) -> None:
    seat.enter()

    (changed,) = seat.saw(RunChanged)
    assert changed.run is not None
    assert (changed.run.token, changed.run.person, changed.run.name) == (
        seat.host.token,
        ME,
        "Ana",
    )


@given(st.binary(max_size=80), st.sampled_from([b"", b"Rg\x01\x02", b"Rg\x01\x03", b"Rg\x01\x11"]))
def test_bytes_from_anyone_never_raise_and_never_bring_an_event(
    noise: bytes, prefix: bytes
) -> None:
    seat = Seat()
    seat.join()
    seat.events.clear()

    seat.core.receive_datagram(prefix + noise, SERVER, seat.now)

    assert seat.core.next_event() is None


def test_nobody_told_to_join_does_nothing(seat: Seat) -> None:
    seat.end_turn()

    assert seat.core.next_timer() is None
    assert (seat.events, seat.sent) == ([], [])


# --- keys ---


def test_the_known_key_is_said_to_be_known(seat: Seat) -> None:
    seat.enter(pinned=seat.host.key)

    assert seat.saw(KeySeen)[0].is_pinned


def test_another_key_than_the_pinned_one_stops_before_anything_is_sent(seat: Seat) -> None:
    seat.enter(pinned=b"k" * 32)

    (changed,) = seat.saw(KeyChanged)
    assert (changed.pinned_key, changed.key) == (b"k" * 32, seat.host.key)
    assert ended(seat).reason is EndReason.KEY_CHANGED
    assert seat.host.frames == []
    assert seat.saw(KeySeen) == []


def test_the_key_of_the_first_visit_holds_for_the_next(inside: Seat) -> None:
    reset = inside.host.reset()
    inside.host = Host(label="another")

    inside.receive(reset)
    inside.pass_time(1)

    assert ended(inside).reason is EndReason.KEY_CHANGED
    assert inside.host.frames == []


# --- passwords ---


def test_the_password_is_worked_out_once_for_a_room(seat: Seat) -> None:
    seat.held_jobs = []
    seat.join()
    (job,) = seat.held_jobs
    seat.receive(seat.host.reset())  # a new session before that is done
    assert seat.held_jobs == [job]
    assert seat.host.asked(Verb.PAKE1) == []

    seat.core.handle_result(job.key, run_job(job), seat.now)
    seat.end_turn()
    seat.receive(seat.host.reset())
    seat.pass_time(1)

    assert len(seat.host.asked(Verb.PAKE1)) == 2
    assert len(seat.held_jobs) == 1
    assert len(seat.saw(Entered)) == 2


def test_a_password_worked_out_while_there_is_no_session_serves_the_next(seat: Seat) -> None:
    seat.held_jobs = []
    seat.join()
    (job,) = seat.held_jobs
    seat.host.is_silent = True
    seat.receive(seat.host.reset())

    seat.core.handle_result(job.key, run_job(job), seat.now)
    seat.end_turn()
    assert seat.host.asked(Verb.PAKE1) == []
    seat.host.is_silent = False
    seat.pass_time(1)

    assert seat.saw(Entered)


def test_a_password_worked_out_for_another_room_is_not_used_in_this_one(seat: Seat) -> None:
    seat.held_jobs = []
    seat.join()
    reset = seat.host.reset()
    seat.host.room_id = b"another room...."
    seat.host.prs = cached_prs(PASSWORD, seat.host.room_id)
    seat.receive(reset)
    first, second = seat.held_jobs

    seat.core.handle_result(first.key, run_job(first), seat.now)
    seat.end_turn()
    assert seat.host.asked(Verb.PAKE1) == []
    seat.core.handle_result(second.key, run_job(second), seat.now)
    seat.pass_time(0.5)

    assert seat.saw(Entered)


def test_a_password_that_cannot_be_worked_out_ends_the_core(seat: Seat) -> None:
    seat.held_jobs = []
    seat.join()
    (job,) = seat.held_jobs

    with pytest.raises(MemoryError):
        seat.core.handle_result(job.key, MemoryError(), seat.now)


def test_a_wrong_password_is_asked_for_again_and_the_name_stays_unsaid(seat: Seat) -> None:
    seat.enter(password="salah")

    assert seat.saw(PasswordRefused)
    assert seat.host.asked(Verb.ENTER) == []
    assert [close.code for close in seat.host.got(Close)] == [CloseCode.EXIT] * 3
    seat.pass_time(60)
    assert seat.core.next_timer() is None  # it waits for the user alone

    seat.do(ChoosePassword(PASSWORD))
    seat.pass_time(0.5)
    assert seat.saw(Entered)


def test_a_password_replaced_while_it_is_worked_out_is_not_used(seat: Seat) -> None:
    seat.held_jobs = []
    seat.join(password="salah")
    seat.do(ChoosePassword(PASSWORD))
    wrong, right = seat.held_jobs

    seat.core.handle_result(right.key, run_job(right), seat.now)
    seat.core.handle_result(wrong.key, run_job(wrong), seat.now)
    seat.pass_time(0.5)

    assert len(seat.host.asked(Verb.PAKE2)) == 1
    assert seat.saw(Entered)


def test_a_password_replaced_before_the_server_is_known_counts(seat: Seat) -> None:
    seat.core.handle_command(Join(SERVER, "salah", "Ana"), seat.now)
    seat.do(ChoosePassword(PASSWORD))
    seat.pass_time(0.5)

    assert seat.saw(PasswordRefused) == []
    assert seat.saw(Entered)


def test_too_many_guesses_wait_and_then_try_again_by_themselves(seat: Seat) -> None:
    seat.host.replies[Verb.PAKE2] = always(Code.TOO_MANY_GUESSES, wait=4)
    seat.enter()
    assert seat.take(PasswordDelayed) == [PasswordDelayed(4.5)]
    seat.pass_time(3.5)
    assert seat.host.inits == 1

    del seat.host.replies[Verb.PAKE2]
    seat.pass_time(1.5)

    assert seat.host.inits == 2
    assert seat.saw(Entered)


def test_whoever_waits_may_choose_another_password_at_once(seat: Seat) -> None:
    seat.host.replies[Verb.PAKE2] = always(Code.TOO_MANY_GUESSES, wait=50)
    seat.enter(password="salah")
    del seat.host.replies[Verb.PAKE2]

    seat.do(ChoosePassword(PASSWORD))
    seat.pass_time(0.5)

    assert seat.saw(Entered)


def test_a_server_cannot_make_anyone_wait_longer_than_a_minute(seat: Seat) -> None:
    seat.host.replies[Verb.PAKE2] = always(Code.TOO_MANY_GUESSES, wait=1 << 40)

    seat.enter()

    assert seat.saw(PasswordDelayed) == [PasswordDelayed(60.5)]


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        (Verb.PAKE1, always(Code.OK, yb="00" * 32)),
        (Verb.PAKE1, always(Code.OK)),
        (Verb.PAKE2, always(Code.OK, tb="00" * 64)),
    ],
    ids=["low order", "no share", "no proof"],
)
def test_a_server_that_does_not_know_the_password_gets_one_attempt_and_no_name(
    seat: Seat, verb: Verb, reply: Callable[[Fields], Reply]
) -> None:
    seat.host.replies[verb] = reply

    seat.enter()

    assert ended(seat).reason is EndReason.FALSE_SERVER
    assert seat.host.inits == 1
    assert seat.host.asked(Verb.ENTER) == []


def test_what_a_server_sends_before_it_has_proved_itself_is_not_shown(seat: Seat) -> None:
    seat.host.replies[Verb.PAKE2] = nothing
    seat.enter()
    seat.events.clear()

    seat.hear(
        entry(1),
        Typing(ROOM, 8).encode(),
        Reached(((ROOM, 5),)).encode(),
        person_change(1, Person(8, "Budi", Presence.HERE)),
        Heads(((ROOM, 3),)).encode(),
        Refused(1, Code.MUTED).encode(),
    )

    assert seat.events == []


def test_our_proof_may_wait_for_its_turn_as_long_as_the_server_lives(seat: Seat) -> None:
    seat.host.replies[Verb.PAKE2] = nothing
    seat.enter()
    seat.pass_time(60)
    assert seat.host.inits == 1
    assert len(seat.host.got(Ping)) >= 6

    seat.host.is_silent = True
    seat.pass_time(QUEUE_PATIENCE + 10)
    assert seat.host.inits >= 2


# --- names ---


@pytest.mark.parametrize(
    ("code", "fields", "reason"),
    [
        (Code.NAME_TAKEN, {}, ""),
        (Code.NAME_INVALID, {"reason": "marks"}, "marks"),
        (Code.NAME_INVALID, {"reason": 7}, ""),
    ],
)
def test_a_name_that_is_refused_is_asked_for_again(
    seat: Seat, code: Code, fields: dict[str, object], reason: str
) -> None:
    seat.host.replies[Verb.ENTER] = always(code, **fields)
    seat.enter()
    assert seat.take(NameRefused) == [NameRefused("Ana", code, reason)]
    seat.pass_time(60)
    assert seat.core.next_timer() is None

    del seat.host.replies[Verb.ENTER]
    seat.do(ChooseName("Dewi"))
    seat.pass_time(0.5)

    (entered,) = seat.saw(Entered)
    assert entered.name == "Dewi"
    first, second = seat.host.asked(Verb.ENTER)
    assert first["once"] != second["once"]
    assert first["stream"] == second["stream"]


@pytest.mark.parametrize("name", ["", "Ana\u202e", "x" * 33])
def test_an_impossible_name_is_asked_for_again_and_never_sent(seat: Seat, name: str) -> None:
    seat.enter(name=name)

    (refused,) = seat.saw(NameRefused)
    assert (refused.name, refused.code) == (name, Code.NAME_INVALID)
    assert refused.reason
    assert seat.host.asked(Verb.ENTER) == []


def test_a_name_chosen_while_nobody_asks_starts_nothing(seat: Seat) -> None:
    seat.enter()
    seat.pass_time(2)
    before = len(seat.host.requests)

    seat.do(ChooseName("Dewi"))
    seat.pass_time(1)

    assert len(seat.host.requests) == before


# --- refusals ---


@pytest.mark.parametrize(
    ("fields", "text", "until"),
    [({"until": 5, "reason": "ribut"}, "ribut", 5), ({}, "", 0), ({"until": "x"}, "", 0)],
)
def test_the_banned_are_told_until_when_and_why(
    seat: Seat, fields: dict[str, object], text: str, until: int
) -> None:
    seat.host.replies[Verb.ENTER] = always(Code.BANNED, **fields)

    seat.enter()

    assert ended(seat) == Ended(EndReason.BANNED, text, until)


@pytest.mark.parametrize("code", [Code.SERVER_FULL, Code.DISK_FULL, Code.BAD_REQUEST])
@pytest.mark.parametrize("verb", [Verb.PAKE1, Verb.ENTER])
def test_whoever_is_refused_at_first_is_told_so(seat: Seat, verb: Verb, code: Code) -> None:
    seat.host.replies[verb] = always(code)

    seat.enter()

    assert ended(seat).reason is EndReason.REFUSED


@pytest.mark.parametrize("code", [Code.SERVER_FULL, Code.DISK_FULL])
def test_whoever_was_here_tries_again_after_a_while(inside: Seat, code: Code) -> None:
    inside.host.replies[Verb.ENTER] = always(code)
    inside.receive(inside.host.reset())
    inside.pass_time(4)
    assert len(inside.host.asked(Verb.ENTER)) == 1

    del inside.host.replies[Verb.ENTER]
    inside.pass_time(2)

    assert len(inside.take(Entered)) == 1


def test_a_server_that_never_answers_is_unreachable_after_ten_seconds(seat: Seat) -> None:
    seat.host.is_silent = True
    seat.join()

    seat.pass_time(9)
    assert not seat.core.is_done
    seat.pass_time(2)

    assert ended(seat).reason is EndReason.UNREACHABLE
    assert connections(seat) == [Connection.CONNECTING]


def test_an_attempt_that_stalls_is_made_anew(seat: Seat) -> None:
    seat.host.replies[Verb.ENTER] = nothing
    seat.enter()
    seat.pass_time(ENTER_TIMEOUT - 1)
    assert seat.host.inits == 1

    del seat.host.replies[Verb.ENTER]
    seat.pass_time(2)

    assert seat.saw(Entered)
    first, second = seat.host.asked(Verb.ENTER)
    assert first["once"] == second["once"]  # whichever of the two the server took


def test_an_answer_to_enter_without_sense_is_not_believed(seat: Seat) -> None:
    seat.host.replies[Verb.ENTER] = always(Code.OK, person="kacau")
    seat.enter()
    assert seat.saw(Entered) == []

    del seat.host.replies[Verb.ENTER]
    seat.pass_time(ENTER_TIMEOUT + 1)

    assert seat.saw(Entered)
