"""A guest takes another name; through the whole core."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from account_parts import (
    ask,
    log_with_texts,
    once,
    register,
)
from server_parts import Guest, Room, changes

from conversation import Presence
from protocol import Code, Verb
from protocol_frames import Refused
from protocol_requests import Fields
from server_events import (
    BanPerson,
    Kick,
    Mute,
    Unmute,
)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def rename_fields(guest: Guest, name: str = "Citra") -> Fields:
    return {"once": once(guest), "name": name}


def test_a_guest_takes_another_name_and_everybody_hears_of_it(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.pass_time(1)
    budi.frames.clear()

    answer = ask(ana, Verb.NAME, rename_fields(ana, " Citra "))
    at_once = changes(ana)
    room.pass_time(1)

    assert answer.fields == {"name": "Citra"}
    assert at_once[-1] == ("Citra", Presence.HERE)
    assert log_with_texts(room)[-1] == "Ana renamed Citra"
    assert changes(budi) == [("Citra", Presence.HERE)]
    ana.say("dengan nama baru")
    assert log_with_texts(room)[-1] == "Citra text dengan nama baru"
    room.comes("Ana")
    assert ana.comes_back("Ana").code is Code.OK
    assert ana.entered is not None
    assert ana.entered.name == "Citra"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ("", Code.NAME_INVALID),
        ("server", Code.NAME_INVALID),
        ("budi", Code.NAME_TAKEN),
        ("Dewi", Code.NAME_TAKEN),
        ("Eka", Code.BANNED),
    ],
    ids=["empty", "reserved", "of somebody", "of an account", "banned"],
)
def test_a_name_that_cannot_be_is_refused_and_the_old_one_kept(
    room: Room, wish: str, code: Code
) -> None:
    ana = room.comes("Ana")
    room.comes("Budi")
    register(room.comes("tamu"), "Dewi")
    room.comes("Eka")
    room.command(BanPerson("Eka"))

    assert ask(ana, Verb.NAME, rename_fields(ana, wish)).code is code

    ana.say("tetap")
    assert log_with_texts(room)[-1] == "Ana text tetap"


def test_a_name_is_changed_once_however_often_it_is_asked_for(room: Room) -> None:
    ana = room.comes("Ana")
    fields = rename_fields(ana)
    first = ask(ana, Verb.NAME, fields)

    room.restart()
    assert ana.comes_back(None).code is Code.OK
    again = ask(ana, Verb.NAME, fields)

    assert again.fields == first.fields
    assert log_with_texts(room) == ["Ana joined", "Ana renamed Citra"]


def test_the_same_name_again_is_no_change(room: Room) -> None:
    ana = room.comes("Ana")

    assert ask(ana, Verb.NAME, rename_fields(ana, "Ana")).code is Code.OK

    assert log_with_texts(room) == ["Ana joined"]


@pytest.mark.parametrize("method", ["save_person", "append", "save_once", "commit"])
def test_on_a_full_disk_the_name_stays_the_same(room: Room, method: str) -> None:
    ana = room.comes("Ana")
    room.store.full.add(method)

    assert ask(ana, Verb.NAME, rename_fields(ana)).code is Code.DISK_FULL
    room.store.full.clear()

    room.comes("Citra")
    ana.say("tetap")
    assert log_with_texts(room) == ["Ana joined", "Citra joined", "Ana text tetap"]


def test_who_is_kicked_in_the_very_turn_of_a_renaming_is_gone(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.pass_time(1)
    budi.frames.clear()

    ana.put(ana.request(Verb.NAME, rename_fields(ana)))
    room.command(Kick("Citra"))
    room.pass_time(1)

    assert [presence for _, presence in changes(budi)] == [Presence.GONE]


def test_a_mute_follows_a_guest_to_another_name_and_is_taken_back_by_it(room: Room) -> None:
    ana = room.comes("Ana")
    room.command(Mute("Ana"))
    ask(ana, Verb.NAME, rename_fields(ana))

    ana.say("halo")
    assert [frame.code for frame in ana.take(Refused)] == [Code.MUTED]
    room.command(Unmute("Citra"))
    ana.say("halo")

    assert log_with_texts(room)[-1] == "Citra text halo"
