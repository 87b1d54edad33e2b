"""An account on several devices: sessions, tokens, silence, kicks; through the whole core."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from account_parts import (
    QUESTION,
    another,
    ask,
    log_in,
    log_with_texts,
    once,
    owner,
    register,
)
from server_parts import Guest, Room, is_alive, keep_alive, pushed

from conversation import ROOM
from protocol import CloseCode, Code, Verb
from protocol_frames import Have, Refused
from server_events import (
    BanPerson,
    Kick,
    Mute,
)
from server_members import MAX_SESSIONS


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- several devices ---


def test_an_account_is_here_until_its_last_session_is_gone(room: Room) -> None:
    laptop, budi = owner(room), room.comes("Budi")
    phone = another(room)

    ask(laptop, Verb.LOGOUT, {"once": once(laptop)})
    budi.say("masih ada?")
    assert pushed(phone) == ["masih ada?"]
    assert "Ana left" not in log_with_texts(room)
    ask(phone, Verb.EXIT, {})

    assert log_with_texts(room)[-1] == "Ana left"


def test_each_device_comes_back_by_its_own_token(room: Room) -> None:
    laptop = owner(room)
    phone = another(room)
    assert laptop.token != phone.token

    ask(phone, Verb.EXIT, {})
    token = phone.token
    assert laptop.comes_back(None).code is Code.OK
    phone.shake_hands()
    phone.prove()

    assert phone.enter(None, token).code is Code.TOKEN_UNKNOWN


def test_a_token_of_an_account_lives_30_days_without_use_and_one_of_a_guest_24_hours(
    room: Room,
) -> None:
    ana, budi = owner(room), room.comes("Budi")
    day = 24 * 3600 * 1000

    room.clock_offset += day + 60_000
    assert budi.comes_back(None).code is Code.TOKEN_UNKNOWN
    assert budi.comes_back(None).code is Code.TOKEN_UNKNOWN  # asking is no use
    room.clock_offset += 28 * day
    assert ana.comes_back(None).code is Code.OK
    room.clock_offset += 29 * day
    assert ana.comes_back(None).code is Code.OK
    room.clock_offset += 30 * day + 60_000
    assert ana.comes_back(None).code is Code.TOKEN_UNKNOWN


def test_a_session_takes_the_place_of_the_one_with_its_stream_alone(room: Room) -> None:
    laptop = owner(room)
    phone = another(room)
    budi = room.comes("Budi")

    assert laptop.comes_back(None).code is Code.OK

    assert phone.closed == []
    laptop.frames.clear()
    phone.frames.clear()
    budi.say("hai")
    assert pushed(laptop) == pushed(phone) == ["hai"]


def test_an_account_has_so_many_sessions_and_the_quietest_goes_first(room: Room) -> None:
    devices = [owner(room)]
    while len(devices) < MAX_SESSIONS:
        room.pass_time(0.1)
        devices.append(another(room))
    room.pass_time(0.1)
    devices[0].say("saya masih di sini")

    another(room)

    assert [bool(guest.closed) for guest in devices[:3]] == [False, True, False]
    assert devices[1].closed[0].code is CloseCode.RENEWED


def test_a_device_that_fell_silent_is_forgotten_while_another_speaks(room: Room) -> None:
    laptop = owner(room)
    phone = another(room)

    keep_alive(room, 250, phone)

    assert not is_alive(laptop)
    assert is_alive(phone)
    assert "Ana left" not in log_with_texts(room)


def test_who_is_silent_on_every_device_is_gone(room: Room) -> None:
    owner(room)
    another(room)

    room.pass_time(125)

    assert log_with_texts(room)[-1] == "Ana left"
    assert room.store.present_people() == []


@pytest.mark.parametrize("command", [Kick("Ana"), BanPerson("Ana", None, with_address=True)])
def test_kick_and_ban_reach_every_device_and_every_token(
    room: Room, command: Kick | BanPerson
) -> None:
    laptop = owner(room, host="10.0.0.2")
    phone = another(room, host="10.0.0.3")

    room.command(command)
    room.pass_time(1)

    for guest in (laptop, phone):
        token = guest.token
        assert guest.closed
        guest.shake_hands()
        guest.prove()
        expected = {Code.TOKEN_UNKNOWN}
        assert guest.enter(None, token).code in expected
    hosts = {ban.address for ban in room.store.bans()}
    assert hosts == ({"10.0.0.2", "10.0.0.3"} if isinstance(command, BanPerson) else set())


def test_who_is_muted_is_silent_on_every_device(room: Room) -> None:
    laptop = owner(room)
    phone = another(room)

    room.command(Mute("Ana"))
    for guest in (laptop, phone):
        guest.say("halo")

    assert [frame.code for guest in (laptop, phone) for frame in guest.take(Refused)] == [
        Code.MUTED
    ] * 2


def test_an_account_that_is_away_can_be_banned_by_name(room: Room) -> None:
    ana = owner(room)
    ask(ana, Verb.LOGOUT, {"once": once(ana)})

    room.command(BanPerson("ana"))

    assert log_in(ana, "Ana").code is Code.BANNED


def test_everybody_sees_who_has_an_account(room: Room) -> None:
    owner(room)
    room.comes("Budi")

    answer = ask(room.comes("Citra"), Verb.PEOPLE, QUESTION)

    people = answer.fields["people"]
    assert isinstance(people, list)
    marks = {str(row[1]): row[3] for row in people if isinstance(row, list)}
    assert marks == {"Ana": True, "Budi": False, "Citra": False}


def test_after_a_restart_an_account_comes_back_on_every_device(room: Room) -> None:
    laptop, budi = owner(room), room.comes("Budi")
    phone = another(room)

    room.restart()
    answer = ask_people(budi)
    assert answer == {"Ana": (2, True), "Budi": (1, False)}
    assert laptop.comes_back(None).code is Code.OK
    assert phone.comes_back(None).code is Code.OK

    assert log_with_texts(room).count("Ana joined") == 0
    assert "Ana left" not in log_with_texts(room)
    phone.send(Have(((ROOM, len(log_with_texts(room))),)).encode())
    laptop.say("kembali")
    assert pushed(phone) == ["kembali"]


def ask_people(guest: Guest) -> dict[str, tuple[int, bool]]:
    """Presence and account of everybody, as somebody sees who comes back."""
    assert guest.comes_back(None).code is Code.OK
    people = ask(guest, Verb.PEOPLE, QUESTION).fields["people"]
    assert isinstance(people, list)
    rows = [row for row in people if isinstance(row, list)]
    return {str(row[1]): (int(str(row[2])), bool(row[3])) for row in rows}


def test_only_a_token_or_a_password_opens_an_account(room: Room) -> None:
    """Who once entered by a token cannot repeat that when it is worth nothing any more."""
    token = register(room.comes("tamu"), "Ana")
    thief = room.guest()
    thief.shake_hands()
    thief.prove()
    repeat = thief.chance(16)
    assert thief.enter(None, token, once=repeat).code is Code.OK
    room.command(Kick("Ana"))
    room.pass_time(1)

    thief.shake_hands()
    thief.prove()

    assert thief.enter(None, token, once=repeat).code is Code.TOKEN_UNKNOWN
