"""Reading the logs of another realm: when it goes on, what is read anew, what is refused."""

import pytest
from fuzz_realms import ALIAS, GROUP_LOG, OUTGOING_LOG, PRIVATE_LOG, LinkedRealm
from realm_parts import shared, tells_logs, wishes
from test_realms_attacks import said
from test_realms_bounds import changed, tagged

from conversation import ConversationKind
from protocol import Code, Verb
from protocol_frames import EntryPart, Heads, Pull
from protocol_requests import Fields
from realms import SharedLog
from server_events import DropRealm


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


def test_a_log_that_is_withdrawn_while_it_is_compared_is_compared_again(
    realm: LinkedRealm,
) -> None:
    realm.says(OUTGOING_LOG, tagged(1), tagged(2), tagged(3))
    changed(realm, OUTGOING_LOG, 3, "kelas")
    realm.send(EntryPart(OUTGOING_LOG, 1, 0, 1, tagged(1).encode()))

    changed(realm, OUTGOING_LOG, 4, "kelas")  # nobody of it was in the group for a moment
    again = [tagged(1), tagged(2), tagged(3), tagged(7)]
    for number, entry in enumerate(again, 1):
        realm.send(EntryPart(OUTGOING_LOG, number, 0, 1, entry.encode()))

    texts = [entry.text for entry in realm.entries(realm.group)]
    assert texts[-4:] == ["1", "2", "3", "7"]


# --- what is refused ---


def test_a_log_that_is_taken_after_all_is_told_as_undelivered_no_more(realm: LinkedRealm) -> None:
    log = SharedLog(77, ConversationKind.OUTGOING, 2, "baru")
    tells_logs(realm, log)
    realm.turn()
    realm.answer(Verb.UNDELIVERED, Code.DISK_FULL, {})  # too much to be shown at once

    realm.ana.send(wishes(realm, Verb.ADD_GROUP, "baru"))
    tells_logs(realm, log)
    realm.room.pass_time(6)
    realm.turn()

    assert not realm.is_asked(Verb.UNDELIVERED)
    assert realm.room.store.undelivered(realm.realm) == []


def test_a_refusal_that_could_not_be_written_down_counts_until_it_was_heard(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_logs.MOST_UNTOLD", 1)
    tells_logs(realm, shared(30, yours="siapa"))
    realm.turn()
    realm.heard.clear()

    realm.answer(Verb.UNDELIVERED, Code.DISK_FULL, {})
    realm.send(Heads(((OUTGOING_LOG, 9),)))
    realm.room.pass_time(2)
    realm.turn()

    assert pulled(realm) == []


def test_of_what_is_taken_nobody_looks_whether_it_was_refused(realm: LinkedRealm) -> None:
    journal = realm.room.store.journal
    before = journal.count("undelivered")

    for number in range(5):
        realm.says(OUTGOING_LOG, said(f"{number}"))
    meanwhile = journal.count("undelivered")
    realm.says(OUTGOING_LOG, said(" "))

    assert meanwhile == before
    assert journal.count("undelivered") == before + 1


def test_what_a_home_refused_while_the_disk_was_full_may_still_come_back(
    realm: LinkedRealm,
) -> None:
    copy, outgoing = realm.mirror.conversation, realm.mirror.outgoing
    realm.room.store.full = {"commit"}
    told: Fields = {"conversation": outgoing, "number": 1, "code": int(Code.MUTED)}
    assert realm.ask(Verb.UNDELIVERED, told) == (Code.DISK_FULL, {})
    realm.room.store.full = set()

    said_here = realm.entries(outgoing)[:3]
    realm.says(GROUP_LOG, *(one._replace(name="Ana@sekolah") for one in said_here))

    assert [entry.name for entry in realm.entries(copy)] == ["Ana"] * 3


# --- what is too much ---


def test_the_operator_hears_again_in_time_that_a_realm_may_leave_no_more_here(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_logs.FULL_INTERVAL", 20.0)
    heard: list[float] = []
    logs, store = realm.room.core._abroad.logs, realm.room.store  # noqa: SLF001
    monkeypatch.setattr(logs, "_report_full", lambda _: heard.append(realm.room.now))
    store.add_realm_bytes(realm.realm, 1 << 30)
    store.commit()

    for _ in range(4):
        realm.link()
        realm.says(OUTGOING_LOG, said("tidak muat"))
        realm.room.now += 10

    assert len(heard) == 2


def test_nothing_of_a_realm_that_was_dropped_is_kept_in_mind(realm: LinkedRealm) -> None:
    abroad = realm.room.core._abroad  # noqa: SLF001
    realm.says(GROUP_LOG, realm.entries(realm.mirror.outgoing)[0]._replace(name="Ana@sekolah"))
    realm.ask(Verb.SHARED, {"after": 0, "held": []})
    kept = (abroad.logs._bounds, abroad.logs._copying._returning, abroad.links._serving)  # noqa: SLF001
    assert all(kept)

    realm.room.command(DropRealm(ALIAS))

    assert not any(kept)
    realm.room.pass_time(1)
