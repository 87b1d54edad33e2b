"""The server's core as a whole: who is in the room, restarts, guessing, what things cost.

Its sessions, its operator and full disks have files of their own, as its parts have. What it all
comes to over bad networks and through disasters stands in test_network and test_durability.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_parts import PASSWORD, START, Guest, Room, changes, is_alive, keep_alive, log, pushed

from conversation import NO_TAG, PEOPLE, ROOM, Entry, Person, Presence
from entering import HeldLog
from protocol import (
    CloseCode,
    Code,
    Verb,
)
from protocol_frames import (
    Close,
    EntryPart,
    Have,
    Heads,
    Ping,
    Pong,
    Posted,
    Pull,
    Reached,
)
from server_core import HOUSEKEEPING_INTERVAL
from server_events import (
    Happened,
    HappeningKind,
    StatusReported,
)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- being in the room ---


def test_what_one_says_reaches_the_others_and_its_author_hears_where_it_stands(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    ana.say("halo")

    assert ana.take(Posted) == [Posted(1, ROOM, 3, room.wall_clock())]
    assert pushed(ana) == []
    assert pushed(budi) == ["halo"]


def test_a_ping_of_a_member_brings_a_pong_a_ping_and_how_things_stand(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    budi.say("halo")
    room.pass_time(30)
    ana.frames.clear()

    ana.send(Ping(77).encode())

    assert [pong.stamp for pong in ana.take(Pong)] == [77]
    assert ana.take(Ping)
    told = dict(pair for heads in ana.take(Heads) for pair in heads.numbers)
    assert told == {PEOPLE: 2, ROOM: 3}


def test_a_pong_tells_the_round_trip_to_all_and_to_the_operator(folder: Path) -> None:
    with Room(folder, is_watched=True) as room:
        ana, budi = room.comes("Ana"), room.comes("Budi")
        (ping, *_) = ana.take(Ping)
        room.pass_time(0.04)
        ana.send(Pong(ping.stamp, 1, 1).encode())
        room.pass_time(1)

        told = [Person.decode(p.body)[1] for p in budi.take(EntryPart) if not p.conversation]
        assert max(person.round_trip_ms for person in told if person.name == "Ana") >= 40
        status = room.saw(StatusReported)[-1]
        assert status.people[0].round_trip >= 0.04


def test_a_pong_that_measures_nothing_tells_nothing(room: Room) -> None:
    guest = room.guest()
    guest.shake_hands()

    guest.send(Pong(1 << 60, 1, 1).encode())
    guest.send(Pong(int(room.now * 1e6), 1, 1).encode())

    assert guest.closed == []


def test_changes_of_who_is_here_are_gathered_for_a_quarter_of_a_second(room: Room) -> None:
    ana = room.comes("Ana")
    room.pass_time(1)
    ana.frames.clear()
    start = room.now

    budi, citra = room.comes("Budi"), room.comes("Citra")
    budi.ask(Verb.EXIT, {})
    room.pass_time(start + 1 - room.now)

    told = changes(ana)
    assert set(told[-2:]) == {("Budi", Presence.GONE), ("Citra", Presence.HERE)}
    assert len(told) <= 4
    assert changes(citra)


def test_silence_is_away_after_45_seconds_and_gone_after_120(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    keep_alive(room, 40, budi)
    changes(budi)

    keep_alive(room, 10, budi)
    room.pass_time(0.5)
    assert changes(budi) == [("Ana", Presence.AWAY)]
    keep_alive(room, 60, budi)
    assert log(room) == ["Ana joined", "Budi joined"]
    keep_alive(room, 20, budi)

    assert changes(budi) == [("Ana", Presence.GONE)]
    assert log(room) == ["Ana joined", "Budi joined", "Ana left"]
    assert room.happened().count(HappeningKind.GONE) == 1
    assert not is_alive(ana)


def test_who_was_away_and_speaks_is_here(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    keep_alive(room, 60, budi)
    changes(budi)

    ana.send(Ping(1).encode())
    room.pass_time(0.5)

    assert changes(budi) == [("Ana", Presence.HERE)]


def test_a_lost_session_counts_as_silence_from_when_it_was_last_heard(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    keep_alive(room, 40, ana, budi)

    ana.send(b"\xff\x00\x00")
    keep_alive(room, 110, budi)
    assert "Ana left" not in log(room)
    keep_alive(room, 20, budi)
    assert "Ana left" in log(room)


def test_a_close_is_an_exit_however_often_it_is_said(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    close = Close(CloseCode.EXIT).encode()

    ana.send(close, close)
    room.receive(ana.seal(close)[0], ana.address)
    room.pass_time(30)

    assert log(room) == ["Ana joined", "Budi joined", "Ana left"]
    guest = room.guest()
    guest.shake_hands()
    guest.prove()
    assert guest.enter(None, ana.token).code is Code.TOKEN_UNKNOWN
    assert ("Ana", Presence.GONE) in changes(budi)


def test_after_exit_a_session_that_stays_is_sent_away(room: Room) -> None:
    ana = room.comes("Ana")
    ana.ask(Verb.EXIT, {})

    room.pass_time(21)

    assert {close.code for close in ana.closed} == {CloseCode.IDLE}


def test_a_name_is_held_until_120_seconds_after_gone_and_then_belongs_to_whoever_takes_it(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    keep_alive(room, 130, budi)
    assert log(room)[-1] == "Ana left"

    other = room.guest("10.0.0.3")
    other.shake_hands()
    other.prove()
    assert other.enter("Ana").code is Code.NAME_TAKEN
    keep_alive(room, 120, budi)
    another = room.comes("Ana", "10.0.0.3")

    assert another.person != ana.person
    assert ana.comes_back("Ana").code is Code.NAME_TAKEN
    assert ana.enter("Ana Kedua", ana.token).code is Code.OK
    assert ana.person != another.person


def test_guests_of_one_name_on_two_days_are_two_people(room: Room) -> None:
    first = room.comes("Ana")
    first.ask(Verb.EXIT, {})
    room.pass_time(24 * 3600.0)

    second = room.comes("Ana")

    assert second.person != first.person


# --- restarts ---


def test_after_a_restart_who_comes_back_by_token_neither_left_nor_joined(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.restart()

    assert ana.comes_back("Ana").code is Code.OK
    keep_alive(room, 130, ana)

    assert ana.entered is not None
    assert ana.entered.has_returned
    assert log(room) == ["Ana joined", "Budi joined", "Budi left"]
    assert HappeningKind.RETURNED in room.happened()
    assert budi.comes_back("Budi").code is Code.OK
    assert log(room)[-1] == "Budi joined"


def test_receipts_go_on_after_a_restart(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    ana.say("sudah sampai?")
    chain = room.store.chain_at(ROOM, 3)
    room.restart()

    ana.comes_back("Ana", logs=(HeldLog(ROOM, 3, chain),))
    budi.comes_back("Budi", logs=(HeldLog(ROOM, 2, room.store.chain_at(ROOM, 2)),))
    room.pass_time(1)
    assert ana.take(Reached) == [Reached(((ROOM, 2),))]
    budi.send(Have(((ROOM, 3),)).encode())
    room.pass_time(1)

    assert ana.take(Reached) == [Reached(((ROOM, 3),))]


def test_receipts_wait_neither_for_the_silent_nor_for_who_left(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    ana.say("sudah sampai?")
    ana.send(Have(((ROOM, 3),)).encode())
    keep_alive(room, 40, ana)
    assert all(number < 3 for frame in ana.take(Reached) for _, number in frame.numbers)

    keep_alive(room, 10, ana)

    assert ana.take(Reached)[-1] == Reached(((ROOM, 3),))
    assert budi.closed == []


def test_wrong_passwords_are_counted_told_and_outlive_a_restart(room: Room) -> None:
    for _ in range(5):
        guest = room.guest("10.0.0.66")
        guest.shake_hands()
        assert guest.prove("salah") is Code.WRONG_PASSWORD
    told = [event for event in room.saw(Happened) if event.kind is HappeningKind.WRONG_PASSWORD]
    assert [event.count for event in told] == [1, 2, 3, 4, 5]
    assert {event.address[0] for event in told if event.address} == {"10.0.0.66"}

    room.restart()
    guest = room.guest("10.0.0.66")
    guest.shake_hands()

    assert guest.prove() is Code.TOO_MANY_GUESSES
    assert room.comes("Ana", "10.0.0.2").entered is not None


def test_guesses_count_where_a_session_proved_to_be_whatever_source_it_forges(
    room: Room,
) -> None:
    guest = room.guest("10.0.0.66")
    guest.shake_hands()
    entering = guest.proof("salah")
    answer = guest.ask(*entering.first())
    assert answer is not None
    step = entering.receive(answer)
    assert step is not None

    guest.send(guest.request(*step), source=("10.0.0.2", 5000))

    told = [event for event in room.saw(Happened) if event.kind is HappeningKind.WRONG_PASSWORD]
    assert [event.count for event in told] == [1]
    assert [guess.address for guess in room.store.guesses()] == ["10.0.0.66"]


def guess_until_spent(room: Room) -> None:
    """The room's failures of this minute."""
    for number in range(60):
        guest = room.guest(f"10.0.1.{number}")
        guest.shake_hands()
        assert guest.prove("salah") is Code.WRONG_PASSWORD


def queue_up(room: Room, host: str, password: str = PASSWORD) -> Guest:
    guest = room.guest(host)
    guest.shake_hands()
    entering = guest.proof(password)
    answer = guest.ask(*entering.first())
    assert answer is not None
    step = entering.receive(answer)
    assert step is not None
    guest.send(guest.request(*step))
    return guest


def test_who_waits_for_a_turn_to_be_verified_is_not_sent_away_while_alive(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.Guessing._has_place", lambda self, now: False)
    monkeypatch.setattr("auth.Guessing.served", lambda self, now: [])
    monkeypatch.setattr("auth.Guessing.next_timer", lambda self: None)
    alive, dead = queue_up(room, "10.0.0.2"), queue_up(room, "10.0.0.3")

    keep_alive(room, 50, alive)

    assert alive.closed == []
    assert {close.code for close in dead.closed} == {CloseCode.IDLE}


def test_when_the_room_s_failures_are_spent_whoever_waits_is_served_in_turn(room: Room) -> None:
    guess_until_spent(room)
    honest = queue_up(room, "10.0.0.2")
    assert len(honest.answers) == 1

    room.pass_time(3)

    assert honest.answers[-1].code is Code.OK


# --- costs ---


def test_who_lags_256_kb_gets_heads_only_and_costs_the_others_nothing(room: Room) -> None:
    ana, budi, slow = room.comes("Ana"), room.comes("Budi"), room.comes("Citra")
    for number in range(1, 31):
        ana.send(*[ana.post("y" * 900) for _ in range(12)])
        budi.send(Have(((ROOM, room.store.head(ROOM).number),)).encode())
        ana.send(Have(((ROOM, room.store.head(ROOM).number),)).encode())
        if number == 27:
            slow.received.clear()
            slow.frames.clear()

    room.pass_time(1)

    assert pushed(slow) == []
    assert slow.take(Heads)[-1].numbers[0] == (ROOM, room.store.head(ROOM).number)
    assert sum(map(len, slow.received)) < 2000
    assert len(pushed(budi)) == 30 * 12
    slow.send(Pull(ROOM, 300, 0, 310).encode())
    assert len(pushed(slow)) == 11


def test_an_idle_room_is_woken_by_nothing_but_housekeeping(room: Room) -> None:
    room.pass_time(HOUSEKEEPING_INTERVAL / 2)

    assert room.core.next_timer() == pytest.approx(START + HOUSEKEEPING_INTERVAL)


def test_entries_nobody_drafted_have_no_tag(room: Room) -> None:
    room.comes("Ana")

    (stored,) = room.store.storage.read(ROOM, 1, 1, 1 << 20)
    assert Entry.decode(stored.body).tag == NO_TAG


# --- what searches shall find ---


def test_what_was_said_is_indexed_between_turns_a_little_at_a_time(room: Room) -> None:
    ana = room.comes("Ana")
    room.pass_time(1)
    room.store.journal.clear()
    for number in range(150):
        ana.put(ana.post(f"nomor {number}"))
    room.end_turn()
    assert "index_some" not in room.store.journal  # nobody who waits for that turn waits for it

    room.pass_time(0.3)
    assert room.store.journal.count("index_some") == 1
    room.pass_time(30)
    done = room.store.journal.count("index_some")
    assert 2 <= done <= 4
    room.pass_time(60)
    assert room.store.journal.count("index_some") == done


def test_a_server_that_starts_goes_on_where_indexing_ended(room: Room) -> None:
    ana = room.comes("Ana")
    for number in range(300):
        ana.put(ana.post(f"nomor {number}"))
    room.end_turn()

    room.restart()
    room.pass_time(30)

    assert room.store.journal.count("index_some") >= 3
