"""The server's core and its operator: kick, ban, mute, stop; and what a full disk does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_parts import START, PowerCut, Room, changes, half_open, keep_alive, log, pushed

from conversation import ROOM, Presence
from protocol import (
    CloseCode,
    Code,
    Verb,
)
from protocol_frames import (
    Close,
    Posted,
    Pull,
    Refused,
)
from server_core import HOUSEKEEPING_INTERVAL
from server_events import (
    BanPerson,
    BansChanged,
    Happened,
    HappeningKind,
    Kick,
    Mute,
    OperatorAnswered,
    Started,
    StatusReported,
    Stop,
    Stopped,
    Unban,
)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- the operator ---


def answered(room: Room) -> Code:
    code = room.saw(OperatorAnswered)[-1].code
    assert isinstance(code, Code)
    return code


@pytest.mark.parametrize(
    ("command", "code", "kind"),
    [
        (Kick("ana"), CloseCode.KICKED, HappeningKind.KICKED),
        (BanPerson("ana"), CloseCode.BANNED, HappeningKind.BANNED),
    ],
)
def test_kick_and_ban_say_so_three_times_and_end_presence_and_token(
    room: Room, command: Kick | BanPerson, code: CloseCode, kind: HappeningKind
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    keep_alive(room, 40, budi)

    room.command(command)
    assert len(ana.closed) == 1
    room.pass_time(0.05)
    assert len(ana.closed) == 1
    room.pass_time(1)

    assert answered(room) is Code.OK
    assert [close.code for close in ana.closed] == [code] * 3
    assert log(room)[-1] == "Ana left"
    assert kind in room.happened()
    assert changes(budi)[-1] == ("Ana", Presence.GONE)
    assert ana.comes_back(None).code in (Code.TOKEN_UNKNOWN, Code.BANNED)


def test_who_was_kicked_may_come_again_and_who_was_banned_may_not_until_the_end(
    room: Room,
) -> None:
    room.comes("Ana")
    room.command(Kick("Ana"))
    again = room.comes("Ana")
    assert again.closed == []

    room.command(BanPerson("Ana", minutes=1))
    guest = room.guest()
    guest.shake_hands()
    guest.prove()
    refused = guest.enter("Ana")
    assert refused.code is Code.BANNED
    assert refused.fields["until"] == room.wall_clock() - 100 + 60_000
    room.events.clear()
    room.pass_time(70)

    assert room.saw(BansChanged) == [BansChanged(())]
    assert room.comes("Ana").entered is not None


def test_a_ban_outlives_a_restart_and_its_undo(room: Room) -> None:
    room.comes("Ana")
    room.command(BanPerson("Ana", minutes=60, with_address=True))
    room.restart()
    guest = room.guest("10.0.0.2")
    guest.shake_hands()
    guest.prove()
    assert guest.enter("Budi").code is Code.BANNED

    room.command(Unban("ana"))

    assert answered(room) is Code.OK
    assert guest.enter("Budi").code is Code.OK


def test_who_is_present_without_a_session_can_be_kicked(room: Room) -> None:
    room.comes("Ana")
    room.restart()

    room.command(Kick("Ana"))

    assert answered(room) is Code.OK
    assert log(room) == ["Ana joined", "Ana left"]


def test_a_mute_refuses_what_is_said_and_nothing_else(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.command(Mute("Ana", minutes=1))

    ana.say("dengar aku")
    budi.say("siapa?")
    room.pass_time(61)
    ana.send(ana.post("sekarang", draft=2, oldest=2))

    assert ana.take(Refused) == [Refused(1, Code.MUTED)]
    assert pushed(ana) == ["siapa?"]
    assert pushed(budi) == ["sekarang"]


def test_the_operator_s_table_comes_each_second_if_somebody_looks(folder: Path) -> None:
    with Room(folder, is_watched=True) as room:
        ana = room.comes("Ana")
        ana.say("halo")
        room.events.clear()

        room.pass_time(3)

        statuses = room.saw(StatusReported)
        assert len(statuses) == 3
        assert [row.name for row in statuses[-1].people] == ["Ana"]
        assert statuses[-1].posted == 1


def test_nobody_looking_costs_no_timer(room: Room) -> None:
    room.pass_time(30)

    assert room.saw(StatusReported) == []
    assert room.core.next_timer() == pytest.approx(START + HOUSEKEEPING_INTERVAL)


# --- stopping ---


def test_stop_says_come_back_three_times_to_all_after_all_is_on_disk(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    outside, mute = room.guest(), half_open(room, "10.0.0.9")
    outside.shake_hands()
    room.command(Kick("Budi"))
    for guest in (ana, budi, outside, mute):
        guest.frames.clear()
        guest.received.clear()

    ana.put(ana.post("sebentar"))
    room.core.handle_command(Stop(), room.now)
    room.core.receive_datagram(room.guest().init(), ("10.0.0.5", 5), room.now)
    room.end_turn()

    kinds = [type(frame) for frame in ana.frames]
    assert kinds.index(Posted) < kinds.index(Close)
    for guest, code in (
        (ana, CloseCode.COME_BACK),
        (budi, CloseCode.KICKED),
        (outside, CloseCode.COME_BACK),
    ):
        assert [close.code for close in guest.closed] == [code] * 3
        assert len(guest.received) >= 3
    assert mute.received == []
    assert log(room)[-2:] == ["Budi left", "sebentar"]
    assert isinstance(room.events[-1], Stopped)
    assert room.core.is_done
    assert room.take_strays() == []


def test_after_a_stop_everyone_is_back_as_if_nothing_had_been(room: Room) -> None:
    ana = room.comes("Ana")
    room.command(Stop())
    room.store.storage.close()
    room.start()

    assert ana.comes_back("Ana").code is Code.OK
    assert log(room) == ["Ana joined"]


# --- disks ---


def test_nothing_leaves_before_the_commit(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    proved = room.guest()
    proved.shake_hands()
    proved.prove()
    for guest in (ana, budi, proved):
        guest.received.clear()
    ana.put(ana.post("halo"))
    budi.put(budi.request(Verb.EXIT, {}))
    proved.put(proved.request(Verb.ENTER, proved.wish("Citra")))
    assert [guest.received for guest in (ana, budi, proved)] == [[], [], []]

    room.store.deadly = {"commit"}
    with pytest.raises(PowerCut):
        room.end_turn()
    assert [guest.received for guest in (ana, budi, proved)] == [[], [], []]

    room.restart()
    assert log(room) == ["Ana joined", "Budi joined"]


def test_one_transaction_serves_all_that_arrived_together(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.store.journal.clear()

    for guest in (ana, budi):
        for text in ("satu", "dua", "tiga"):
            guest.put(guest.post(text))
    room.end_turn()

    assert room.store.journal.count("commit") == 1
    assert room.store.journal.count("append") == 6
    assert room.store.journal.index("commit") > room.store.journal.index("append")
    assert len(log(room)) == 8


@pytest.mark.parametrize("method", ["append", "commit"])
def test_on_a_full_disk_posts_are_refused_reading_goes_on_and_nothing_is_lost_or_doubled(
    room: Room, method: str
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    ana.say("sebelumnya")
    room.store.full = {method}

    ana.say("tidak muat")
    ana.send(ana.post("tidak muat juga", draft=3, oldest=2))
    budi.frames.clear()
    budi.send(Pull(ROOM, 1, 0, 9).encode())
    assert [refused.code for refused in ana.take(Refused)] == [Code.DISK_FULL] * 3
    assert pushed(budi) == ["sebelumnya"]
    assert log(room)[-1] == "sebelumnya"

    room.store.full = set()
    ana.send(ana.post("sesudahnya", draft=4, oldest=4))
    assert pushed(budi) == ["sesudahnya"]
    assert log(room) == ["Ana joined", "Budi joined", "sebelumnya", "sesudahnya"]
    assert room.store.storage.head(ROOM).number == 4
    happened = [kind for kind in room.happened() if "DISK" in kind.name]
    assert happened == [HappeningKind.DISK_FULL, HappeningKind.DISK_FREE]


@pytest.mark.parametrize("method", ["add_ban", "commit"])
def test_on_a_full_disk_the_operator_is_told_and_a_ban_is_not_half_there(
    room: Room, method: str
) -> None:
    room.comes("Ana")
    room.store.full = {method}

    room.command(BanPerson("Ana"))

    assert answered(room) is Code.DISK_FULL
    assert room.saw(BansChanged)[-1] == BansChanged(())
    room.store.full = set()
    room.pass_time(2)
    guest = room.guest()
    guest.shake_hands()
    guest.prove()
    is_gone = "Ana left" in log(room)
    assert guest.enter("Ana").code is (Code.OK if is_gone else Code.NAME_TAKEN)


def test_a_kick_on_a_full_disk_works_and_the_token_ends_when_there_is_room(room: Room) -> None:
    ana = room.comes("Ana")
    room.store.full = {"append", "commit"}

    room.command(Kick("Ana"))
    room.pass_time(3)
    assert {close.code for close in ana.closed} == {CloseCode.KICKED}
    room.store.full = set()
    room.pass_time(2)

    assert log(room) == ["Ana joined", "Ana left"]
    assert ana.comes_back(None).code is Code.TOKEN_UNKNOWN


def test_housekeeping_forgets_what_is_old_and_looks_after_the_archive(room: Room) -> None:
    ana = room.comes("Ana")
    ana.say("halo")
    (room.settings.data / "archive.csv").unlink()
    room.store.journal.clear()

    keep_alive(room, 130, ana)

    assert room.store.journal.count("forget_old") == 2
    assert HappeningKind.ARCHIVE_REBUILT in room.happened()
    assert "halo" in (room.settings.data / "archive.csv").read_text()


def test_an_archive_read_back_is_told_at_the_start(folder: Path) -> None:
    (folder / "archive.csv").write_text("Room,User,Message\nkelas,messi,halo\nkelas,ana,hai\n")
    with Room(folder) as room:
        (told,) = [e for e in room.saw(Happened) if e.kind is HappeningKind.ARCHIVE_READ_BACK]

        assert told.count == 2
        assert room.saw(Started)[0].messages == 2
