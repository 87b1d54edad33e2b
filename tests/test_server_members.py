from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, START, Chance, FarEnd, StubbornStore, open_store

from conversation import ROOM, Entry, Presence
from entering import EnterRequest
from protocol import Code
from records import Store
from server_events import Happened, HappeningKind
from server_members import OWED_INTERVAL, Members
from server_peer import Member, Peer
from server_people import Admission
from server_rooms import Rooms
from server_turn import Turn
from settings import Limits

CHANCE = Chance("members")


class Hall:
    """Members with all they need; each verb is a turn of its own."""

    def __init__(self, stubborn: StubbornStore, limits: Limits | None = None) -> None:
        self.now = START
        self.store = cast(Store, stubborn)
        self.full = stubborn.full
        self.reported: list[Happened] = []
        self.turn = Turn(self.store, lambda is_full: None)
        self.members = Members(
            self.store,
            Rooms(self.store, Limits(), has_file=lambda _: True),
            limits or Limits(),
            self.turn,
            random_bytes=CHANCE,
            report=self.reported.append,
        )

    @property
    def at(self) -> int:
        return FIRST_UTC + round((self.now - START) * 1000)

    def decide(self, request: EnterRequest, far: FarEnd) -> Admission:
        decided: list[Admission] = []
        self.turn.attempt(
            lambda: decided.append(
                self.members.enter(request, far.peer.session.address, self.now, self.at)
            ),
            self.now,
        )
        return decided[0] if decided else Admission(Code.DISK_FULL, {})

    def end_turn(self) -> None:
        if self.members.is_owing(self.now):
            self.turn.attempt(lambda: self.members.write_owed(self.now), self.now)
        self.turn.commit(self.now)

    def enter(
        self, name: str | None = "Ana", token: bytes | None = None, far: FarEnd | None = None
    ) -> Admission:
        far = far or FarEnd()
        admission = self.decide(EnterRequest(CHANCE(16), CHANCE(16), name, token, ()), far)
        if admission.code is Code.OK:
            self.turn.when_kept(lambda _: self.settle(admission, far))
            self.turn.when_undone(lambda _: self.members.undo(admission))
        self.end_turn()
        return admission

    def settle(self, admission: Admission, far: FarEnd) -> None:
        self.members.settle(admission, far.peer, self.now, self.at)

    def member(self, admission: Admission) -> Member:
        assert admission.record is not None
        member = self.members.get(admission.record.person)
        assert member is not None
        return member

    def depart(self, member: Member, *, is_gone: bool = False) -> None:
        member.peers.clear()
        kind = HappeningKind.GONE if is_gone else HappeningKind.LEFT
        self.members.depart(member, kind, self.now, self.at)
        self.end_turn()

    def pass_time(self, seconds: float) -> list[Member]:
        """Who is gone meanwhile."""
        end, gone = self.now + seconds, list[Member]()
        while (timer := self.members.next_timer()) is not None and timer <= end:
            self.now = max(timer, self.now)
            gone += self.members.take_gone(self.now)
            self.end_turn()
        self.now = end
        return gone

    def log(self) -> list[str]:
        stored = self.store.read(ROOM, 1, 1000, 1 << 20)
        entries = [Entry.decode(one.body) for one in stored]
        return [f"{entry.name} {entry.kind.name.lower()}" for entry in entries]

    def presence(self, admission: Admission) -> Presence:
        assert admission.record is not None
        known = self.members.presences.get(admission.record.person)
        return Presence.GONE if known is None else known.presence

    def happened(self) -> list[HappeningKind]:
        return [event.kind for event in self.reported]

    def name_is_free(self, name: str) -> bool:
        return self.members.people.find(name) is None

    def present(self) -> list[str]:
        return [record.name for record in self.store.present_people()]


@pytest.fixture
def stubborn(folder: Path) -> Iterator[StubbornStore]:
    store = open_store(folder)
    yield store
    store.storage.close()


@pytest.fixture
def hall(stubborn: StubbornStore) -> Hall:
    return Hall(stubborn)


# --- coming ---


def test_who_comes_is_present_in_memory_on_disk_and_in_the_log(hall: Hall) -> None:
    far = FarEnd("10.0.0.9")

    ana = hall.enter("Ana", far=far)

    member = hall.member(ana)
    assert (member.name, member.address, member.since) == ("Ana", ("10.0.0.9", 5000), FIRST_UTC)
    assert list(member.peers.values()) == [far.peer]
    assert far.peer.member is member
    assert hall.members.all() == [member]
    assert hall.log() == ["Ana joined"]
    assert hall.present() == ["Ana"]
    assert hall.presence(ana) is Presence.HERE
    assert hall.happened() == [HappeningKind.JOINED]


def test_joined_is_not_written_when_somebody_comes_back(hall: Hall) -> None:
    ana = hall.enter("Ana")
    first = hall.member(ana).newest
    far = FarEnd(port=6000)

    again = hall.decide(EnterRequest(CHANCE(16), CHANCE(16), "Ana", ana.token, ()), far)
    hall.turn.commit(hall.now)
    replaced = hall.members.settle(again, far.peer, hall.now, hall.at)

    assert replaced == [first]
    assert hall.log() == ["Ana joined"]
    assert hall.happened() == [HappeningKind.JOINED, HappeningKind.RETURNED]
    assert len(hall.members) == 1


def test_settling_the_same_session_twice_has_no_session_before(hall: Hall) -> None:
    far = FarEnd()
    ana = hall.enter("Ana", far=far)

    assert hall.members.settle(ana, far.peer, hall.now, hall.at) == []


def test_nobody_cannot_be_settled(hall: Hall) -> None:
    with pytest.raises(LookupError):
        hall.members.settle(Admission(Code.OK, {}), FarEnd().peer, hall.now, hall.at)


def test_a_refused_enter_changes_nothing(hall: Hall) -> None:
    hall.enter("Ana")

    refused = hall.enter("ana")
    hall.members.undo(refused)

    assert refused.code is Code.NAME_TAKEN
    assert hall.log() == ["Ana joined"]
    assert len(hall.members) == 1


def test_two_who_enter_in_one_turn_cannot_have_one_name(hall: Hall) -> None:
    first = hall.decide(EnterRequest(CHANCE(16), CHANCE(16), "Ana", None, ()), FarEnd())
    second = hall.decide(EnterRequest(CHANCE(16), CHANCE(16), "ANA", None, ()), FarEnd(port=6))

    assert (first.code, second.code) == (Code.OK, Code.NAME_TAKEN)


@pytest.mark.parametrize("method", ["save_person", "append", "commit"])
def test_on_a_full_disk_nobody_enters_and_the_name_stays_free(hall: Hall, method: str) -> None:
    hall.full.add(method)
    refused = hall.enter("Ana")
    hall.full.clear()

    assert len(hall.members) == 0
    assert hall.name_is_free("Ana")
    assert refused.code is (Code.OK if method == "commit" else Code.DISK_FULL)
    assert hall.enter("Ana").code is Code.OK
    assert hall.log() == ["Ana joined"]


def test_on_a_full_disk_who_is_here_or_held_keeps_the_name(hall: Hall) -> None:
    ana, budi = hall.enter("Ana"), hall.enter("Budi")
    hall.depart(hall.member(budi), is_gone=True)
    hall.full.add("commit")

    hall.enter("Ana", ana.token)
    hall.enter("Budi", budi.token)

    assert not hall.name_is_free("Ana")
    assert not hall.name_is_free("Budi")


def test_a_full_room_lets_in_whoever_is_marked_present(stubborn: StubbornStore) -> None:
    hall = Hall(stubborn, Limits(entered=1))
    ana = hall.enter("Ana")

    assert hall.enter("Budi").code is Code.SERVER_FULL
    assert hall.enter("Ana", ana.token).code is Code.OK


# --- silence ---


def speak(hall: Hall, admission: Admission) -> Peer:
    """Something genuine comes from them."""
    peer = hall.member(admission).newest
    assert peer is not None
    peer.session.last_heard = hall.now
    return peer


def test_away_after_45_seconds_of_silence_and_gone_after_120(hall: Hall) -> None:
    ana = hall.enter("Ana")

    assert hall.pass_time(44.9) == []
    assert hall.presence(ana) is Presence.HERE
    assert hall.pass_time(0.2) == []
    assert hall.presence(ana) is Presence.AWAY
    assert hall.member(ana).is_away
    assert hall.pass_time(74.8) == []
    assert hall.pass_time(0.2) == [hall.member(ana)]


def test_who_speaks_is_neither_away_nor_gone(hall: Hall) -> None:
    ana = hall.enter("Ana")

    for _ in range(30):
        assert hall.pass_time(10) == []
        speak(hall, ana)

    assert hall.presence(ana) is Presence.HERE


def test_who_was_away_and_is_heard_is_here_again(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.pass_time(100)
    speak(hall, ana)

    hall.members.heard(hall.member(ana), hall.now)

    assert hall.presence(ana) is Presence.HERE
    assert hall.pass_time(44) == []
    assert not hall.member(ana).is_away


def test_who_lost_the_session_has_as_long_to_come_back(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.member(ana).peers.clear()

    assert hall.pass_time(119) == []
    assert hall.presence(ana) is Presence.AWAY
    assert hall.pass_time(2) == [hall.member(ana)]


# --- going ---


def test_left_is_written_once_and_everybody_is_told(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.depart(hall.member(ana))
    hall.pass_time(600)

    assert hall.log() == ["Ana joined", "Ana left"]
    assert hall.present() == []
    assert hall.presence(ana) is Presence.GONE
    assert hall.happened() == [HappeningKind.JOINED, HappeningKind.LEFT]
    assert len(hall.members) == 0


def test_who_leaves_for_good_loses_token_and_name(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.depart(hall.member(ana))

    assert hall.name_is_free("Ana")
    assert hall.enter(None, ana.token).code is Code.TOKEN_UNKNOWN


def test_the_name_of_who_is_gone_is_held_for_120_seconds(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.depart(hall.member(ana), is_gone=True)

    hall.pass_time(119)
    assert hall.enter("Ana").code is Code.NAME_TAKEN
    hall.pass_time(2)
    assert hall.enter("Ana").code is Code.OK


def test_who_comes_back_after_gone_is_the_same_person_and_joins_anew(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.depart(hall.member(ana), is_gone=True)
    hall.pass_time(60)

    again = hall.enter("Ana", ana.token)
    hall.pass_time(1)
    speak(hall, again)
    hall.pass_time(40)
    speak(hall, again)
    hall.pass_time(40)

    assert again.record == ana.record
    assert hall.log() == ["Ana joined", "Ana left", "Ana joined"]
    assert hall.enter("Ana").code is Code.NAME_TAKEN


# --- going while the disk is full ---


@pytest.mark.parametrize("method", ["append", "drop_tokens", "commit"])
def test_on_a_full_disk_leaving_is_owed_and_nobody_gets_name_or_token_meanwhile(
    hall: Hall, method: str
) -> None:
    ana = hall.enter("Ana")
    hall.full.add(method)
    hall.depart(hall.member(ana))

    assert hall.log() == ["Ana joined"]
    assert hall.presence(ana) is Presence.GONE
    assert not hall.name_is_free("Ana")
    hall.pass_time(5)
    hall.full.clear()
    hall.pass_time(OWED_INTERVAL)

    assert hall.log() == ["Ana joined", "Ana left"]
    assert hall.present() == []
    assert hall.name_is_free("Ana")
    assert hall.enter(None, ana.token).code is Code.TOKEN_UNKNOWN
    assert hall.members.next_timer() is None


def test_what_is_owed_is_written_before_anybody_enters(hall: Hall) -> None:
    ana, budi = hall.enter("Ana"), hall.enter("Budi")
    hall.full.add("append")
    hall.depart(hall.member(ana))
    hall.depart(hall.member(budi), is_gone=True)
    hall.full.clear()

    assert hall.enter(None, ana.token).code is Code.TOKEN_UNKNOWN
    again = hall.enter("Budi", budi.token)

    assert again.record == budi.record
    assert not again.was_present
    assert hall.log() == ["Ana joined", "Budi joined", "Ana left", "Budi left", "Budi joined"]


def test_a_name_held_for_who_is_gone_stays_held_until_that_is_on_disk(hall: Hall) -> None:
    ana = hall.enter("Ana")
    hall.full.add("append")
    hall.depart(hall.member(ana), is_gone=True)

    hall.pass_time(600)
    assert not hall.name_is_free("Ana")
    hall.full.clear()
    hall.pass_time(2 * OWED_INTERVAL)
    assert hall.name_is_free("Ana")


def test_several_who_leave_in_one_turn_leave_once_each(hall: Hall) -> None:
    ana, budi = hall.enter("Ana"), hall.enter("Budi")
    for one in (ana, budi):
        hall.member(one).peers.clear()
        hall.members.depart(hall.member(one), HappeningKind.KICKED, hall.now, hall.at)
    hall.turn.attempt(lambda: hall.members.write_owed(hall.now), hall.now)

    hall.enter("Citra")

    assert hall.log() == ["Ana joined", "Budi joined", "Ana left", "Budi left", "Citra joined"]


def test_who_leaves_after_what_was_owed_was_written_is_owed_still(hall: Hall) -> None:
    ana, budi = hall.enter("Ana"), hall.enter("Budi")

    def leave(member: Member) -> None:
        hall.members.depart(member, HappeningKind.LEFT, hall.now, hall.at)

    leave(hall.member(ana))
    hall.turn.attempt(lambda: hall.members.write_owed(hall.now), hall.now)
    leave(hall.member(budi))
    hall.turn.commit(hall.now)
    assert hall.log() == ["Ana joined", "Budi joined", "Ana left"]
    hall.end_turn()

    assert hall.log() == ["Ana joined", "Budi joined", "Ana left", "Budi left"]


# --- after a restart ---


def restarted(hall: Hall) -> Hall:
    again = Hall(cast(StubbornStore, hall.store))
    again.now = hall.now
    again.members.restore(again.store, again.now, again.at)
    return again


def test_after_a_restart_those_marked_have_120_seconds_to_come_back_silently(hall: Hall) -> None:
    ana, budi = hall.enter("Ana"), hall.enter("Budi")
    again = restarted(hall)
    assert again.presence(ana) is Presence.AWAY

    assert again.pass_time(119) == []
    assert again.enter("Ana", ana.token).was_present
    (gone,) = again.pass_time(2)
    again.members.depart(gone, HappeningKind.GONE, again.now, again.at)
    again.end_turn()

    assert gone.name == "Budi"
    assert again.log() == ["Ana joined", "Budi joined", "Budi left"]
    assert again.presence(ana) is Presence.HERE
    assert again.enter("Budi").code is Code.NAME_TAKEN
    assert budi.record is not None


def test_after_a_restart_the_names_of_those_marked_are_taken(hall: Hall) -> None:
    hall.enter("Ana")

    assert restarted(hall).enter("ANA").code is Code.NAME_TAKEN


def test_a_quicker_end_for_those_who_do_not_come_back_can_be_set(
    stubborn: StubbornStore,
) -> None:
    Hall(stubborn).enter("Ana")
    hall = Hall(stubborn, Limits(return_timeout=20.0))
    hall.members.restore(hall.store, hall.now, hall.at)

    assert hall.pass_time(19) == []
    assert len(hall.pass_time(2)) == 1
