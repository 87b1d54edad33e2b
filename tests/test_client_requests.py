"""What a user asks, in the client's core: answered in order, each once, whatever happens."""

import pytest
from account_host import LOGIN, Home, as_guest
from client_parts import always, ended, nothing

from client_events import (
    Answered,
    EndReason,
    Leave,
    LogIn,
    LogOut,
    Register,
    Request,
    Search,
)
from protocol import CloseCode, Code, Verb
from protocol_frames import Close, Response
from protocol_frames import Request as Question


@pytest.fixture
def inside() -> Home:
    """In the room as a guest, Ana."""
    return as_guest()


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
