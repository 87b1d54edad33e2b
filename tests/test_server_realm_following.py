"""Reading the logs of another realm: when the next PULL goes out, and which log it is for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_realms import OUTGOING_LOG, PRIVATE_LOG, LinkedRealm
from test_realms_attacks import said
from test_realms_bounds import shared, tells_logs

from protocol import Code, Verb
from protocol_frames import Heads, Pull


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[LinkedRealm]:
    made = LinkedRealm(tmp_path, calls=True)
    with made.room:
        made.link()
        made.turn()
        yield made


def pulled(realm: LinkedRealm) -> list[int]:
    """The logs of which it was asked to send something, in order."""
    return [frame.conversation for frame in realm.heard if isinstance(frame, Pull)]


def left_alone(realm: LinkedRealm, seconds: float) -> int:
    """Time passes, with a turn whenever logs want one and no other; how many there were."""
    logs = realm.room.core._abroad.logs  # noqa: SLF001
    turns, end = 0, realm.room.now + seconds
    while (timer := logs.next_timer()) is not None and timer < end and turns < 100:
        realm.turn(max(0.0, timer - realm.room.now))
        turns += 1
    return turns


def test_a_log_is_read_on_while_people_talk_here_all_the_time(realm: LinkedRealm) -> None:
    realm.send(Heads(((OUTGOING_LOG, 5_000),)))

    for _ in range(250):
        realm.turn(0.02)

    asked = [frame for frame in realm.heard if isinstance(frame, Pull) and frame.last == 5_000]
    assert len(asked) > 1  # the first is more than the rate allows at a time, and gets lost


def test_a_log_that_waits_for_its_turn_is_read_as_soon_as_another_is_done(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_following.MOST_READ", 1)
    realm.link()
    realm.turn()
    assert set(pulled(realm)) == {PRIVATE_LOG}  # the first of three
    realm.heard.clear()

    realm.says(PRIVATE_LOG, said("satu"))
    left_alone(realm, 5)

    assert OUTGOING_LOG in pulled(realm)


def test_a_realm_that_hears_no_refusals_is_read_no_more_and_costs_no_turns(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_logs.MOST_UNTOLD", 1)
    tells_logs(realm, shared(30, yours="siapa"))
    realm.turn()
    realm.heard.clear()
    realm.send(Heads(((OUTGOING_LOG, 9),)))

    turns = left_alone(realm, 10)
    assert pulled(realm) == []
    realm.answer(Verb.UNDELIVERED, Code.OK, {})
    realm.turn()

    assert turns < 10
    assert OUTGOING_LOG in pulled(realm)
