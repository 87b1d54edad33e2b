"""Which realms there are: asked for when we come and when something changed, not too often."""

from collections.abc import Callable

import pytest

from client_realm_events import RealmInfo, RealmState, RealmsTold
from client_realms import INTERVAL, Realms, realms_in
from protocol import Code, JsonValue, PeerError, Verb
from protocol_requests import Answer

ROW: list[JsonValue] = ["campus-b", "linked", 1000, 0, 12, "10.0.0.2", 8083]
CAMPUS = RealmInfo("campus-b", RealmState.LINKED, 1000, 0, 0.012, ("10.0.0.2", 8083))


class Desk:
    def __init__(self) -> None:
        self.asked: list[float] = []
        self.told: list[RealmsTold] = []
        self.realms = Realms(self._ask, self.told.append)

    def _ask(self, verb: Verb, fields: object, now: float) -> int:
        assert (verb, fields) == (Verb.REALMS, {})
        self.asked.append(now)
        return len(self.asked)

    def answer(self, request: int, *rows: JsonValue, code: Code = Code.OK) -> bool:
        fields: dict[str, JsonValue] = {"realms": list(rows)}
        return self.realms.receive_answer(Answer(request, Verb.REALMS, code, fields))


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.realms.enter(10.0)
    desk.realms.serve(10.0 + INTERVAL)
    return desk


def test_who_enters_asks_and_tells_what_there_is(desk: Desk) -> None:
    assert desk.asked == [11.0]

    assert desk.answer(1, ROW)

    assert desk.told == [RealmsTold((CAMPUS,))]
    assert not desk.answer(1, ROW)


def test_many_changes_are_one_question(desk: Desk) -> None:
    for now in (11.1, 11.2, 11.9):
        desk.realms.look(now)
        desk.realms.serve(now)
    assert (desk.asked, desk.realms.due) == ([11.0], 12.0)

    desk.realms.serve(12.0)
    desk.realms.look(20.0)
    desk.realms.serve(20.0)

    assert (desk.asked, desk.realms.due) == ([11.0, 12.0, 20.0], None)


def test_an_old_answer_and_another_s_are_not_ours(desk: Desk) -> None:
    desk.realms.look(13.0)
    desk.realms.serve(13.0)

    assert not desk.answer(1, ROW)
    assert not desk.answer(7, ROW)
    assert desk.answer(2)
    assert desk.told == [RealmsTold(())]


def test_a_server_that_knows_no_realms_is_left_in_peace(desk: Desk) -> None:
    assert desk.answer(1, code=Code.BAD_REQUEST)

    assert (desk.told, desk.realms.due) == ([], None)


def test_a_session_that_is_lost_takes_its_question_along(desk: Desk) -> None:
    desk.realms.look(11.5)

    desk.realms.interrupt()

    assert desk.realms.due is None
    assert not desk.answer(1, ROW)


def test_a_realm_that_calls_us_has_no_address_and_one_that_is_away_no_round_trip() -> None:
    rows: list[JsonValue] = [["x", "away", 0, 7, 0, "", 0], ["y", "cut", 0, 0, 0, "::1", 1]]

    assert realms_in({"realms": rows}) == (
        RealmInfo("x", RealmState.AWAY, 0, 7, None, None),
        RealmInfo("y", RealmState.CUT, 0, 0, None, ("::1", 1)),
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row[:-1],
        lambda row: [7, *row[1:]],
        lambda row: ["x" * 256, *row[1:]],
        lambda row: [row[0], "gone", *row[2:]],
        lambda row: [*row[:2], -1, *row[3:]],
        lambda row: [*row[:6], "8083"],
    ],
)
def test_a_row_that_cannot_be_is_refused(
    change: Callable[[list[JsonValue]], list[JsonValue]],
) -> None:
    with pytest.raises(PeerError):
        realms_in({"realms": [change(ROW)]})
