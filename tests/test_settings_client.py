import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from conversation import EntryKind
from settings_client import (
    MAX_RECENT_ROOMS,
    ClientFolder,
    ClientPreferences,
    Notify,
    RecentRoom,
    Run,
    WaitingDraft,
    config_folder,
    downloads_folder,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
RUN = Run(
    stream=b"s" * 16,
    token=b"t" * 32,
    person=2**62,
    name="ana",
    next_draft=3,
    waiting=(WaitingDraft(1, 1, "satu\ndua"), WaitingDraft(2, 1, "🍉", EntryKind.FILE)),
)


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({}, "linux", "/h/.config/ruang"),
        ({"XDG_CONFIG_HOME": "/x"}, "linux", "/x/ruang"),
        ({"XDG_CONFIG_HOME": "relative"}, "linux", "/h/.config/ruang"),
        ({}, "darwin", "/h/Library/Application Support/Ruang"),
        ({"APPDATA": "/a"}, "win32", "/a/Ruang"),
        ({}, "win32", "/h/AppData/Roaming/Ruang"),
        ({"RUANG_CONFIG": "/own"}, "darwin", "/own"),
    ],
)
def test_each_system_has_its_place(environment: dict[str, str], platform: str, folder: str) -> None:
    assert config_folder(environment, platform, Path("/h")) == Path(folder)


@pytest.mark.parametrize(
    ("named", "environment", "platform", "folder"),
    [
        (None, {}, "linux", "Downloads"),
        ('XDG_DOWNLOAD_DIR="$HOME/Unduhan"\n', {}, "linux", "Unduhan"),
        ('# x\nXDG_DOWNLOAD_DIR="/data/turun"', {}, "linux", "/data/turun"),
        ('XDG_DOWNLOAD_DIR="$HOME/"\n', {}, "linux", "Downloads"),
        ("XDG_DOWNLOAD_DIR=\xff", {}, "linux", "Downloads"),
        ('XDG_DOWNLOAD_DIR="$HOME/Unduhan"\n', {}, "darwin", "Downloads"),
        (None, {}, "win32", "Downloads"),
        (None, {"RUANG_DOWNLOADS": "/own"}, "linux", "/own"),
    ],
)
def test_downloads_are_where_the_system_has_them(
    tmp_path: Path, named: str | None, environment: dict[str, str], platform: str, folder: str
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    if named is not None:
        (config / "user-dirs.dirs").write_bytes(named.encode("latin-1"))

    found = downloads_folder(environment | {"XDG_CONFIG_HOME": str(config)}, platform, tmp_path)

    assert found == tmp_path / folder


def test_a_run_from_before_there_were_files_goes_on(tmp_path: Path) -> None:
    killed = ClientFolder(tmp_path)
    killed.save_run(KEY, RUN)
    leave(killed)
    place = next((tmp_path / "runs").glob("*.json"))
    content = json.loads(place.read_bytes())
    content["waiting"] = [[1, 1, "satu"]]
    place.write_text(json.dumps(content))

    run = ClientFolder(tmp_path).claim_run(KEY, "ana")

    assert run is not None
    assert run.waiting == (WaitingDraft(1, 1, "satu"),)


def test_preferences_are_there_again(tmp_path: Path) -> None:
    chosen = ClientPreferences(
        "id", "dark", False, False, False, 14, "ana", 1_000_000, "/home/ana/file"
    )

    ClientFolder(tmp_path / "new" / "folder").save_preferences(chosen)

    assert ClientFolder(tmp_path / "new" / "folder").preferences() == chosen


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[1]", b"[" * 100_000, b'{"font_size": "large"}']
)
def test_damaged_files_never_stop_a_client(tmp_path: Path, content: bytes) -> None:
    for name in ("preferences.json", "rooms.json", "keys.json"):
        (tmp_path / name).write_bytes(content)
    folder = ClientFolder(tmp_path)

    assert folder.preferences() == ClientPreferences()
    assert folder.recent_rooms() == []
    assert folder.pinned_key(("lab", 8083)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "fr"),
        ("theme", "pink"),
        ("font_size", 500),
        ("enter_sends", 1),
        ("fetch_below", 7),
        ("downloads", "somewhere"),
    ],
)
def test_one_senseless_preference_spoils_no_other(
    tmp_path: Path, field: str, value: object
) -> None:
    content = {"last_name": "ana", field: value}
    (tmp_path / "preferences.json").write_text(json.dumps(content), encoding="utf-8")

    assert ClientFolder(tmp_path).preferences() == ClientPreferences(last_name="ana")


def test_the_newest_room_comes_first_and_each_once(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)
    for number in range(MAX_RECENT_ROOMS + 3):
        folder.remember_room(RecentRoom(f"host{number}", 8083, "Lab", "ana", number))
    again = RecentRoom("host5", 8083, "Lab Baru", "ana", 99)

    folder.remember_room(again)

    rooms = folder.recent_rooms()
    assert rooms[0] == again
    assert len(rooms) == MAX_RECENT_ROOMS
    assert len({(room.host, room.port) for room in rooms}) == MAX_RECENT_ROOMS


def test_a_damaged_room_hides_no_other(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)
    folder.remember_room(RecentRoom("lab", 8083, "Lab", "ana", 1))
    content = json.loads((tmp_path / "rooms.json").read_bytes())
    content["rooms"].insert(0, {"host": 7})
    (tmp_path / "rooms.json").write_text(json.dumps(content), encoding="utf-8")

    assert [room.host for room in folder.recent_rooms()] == ["lab"]


def test_a_key_is_pinned_to_an_address(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)
    folder.pin_key(("Lab.local", 8083), KEY)
    folder.pin_key(("lab.local", 9000), KEY[::-1])

    assert folder.pinned_key(("lab.LOCAL", 8083)) == KEY
    assert folder.pinned_key(("lab.local", 9000)) == KEY[::-1]
    assert folder.pinned_key(("other", 8083)) is None


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_files_are_private(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path / "ruang")
    folder.save_preferences(ClientPreferences())
    folder.pin_key(("lab", 8083), KEY)
    folder.save_run(KEY, RUN)

    for path in (tmp_path / "ruang").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


# --- runs; a second ClientFolder stands for a second process ---


def leave(folder: ClientFolder) -> None:
    """What a kill does to a process: its locks go, its files stay."""
    folder.claim_run(b"another room", "nobody")


def test_a_killed_clients_run_goes_on_in_the_next_one(tmp_path: Path) -> None:
    killed = ClientFolder(tmp_path)
    killed.save_run(KEY, RUN)
    leave(killed)

    assert ClientFolder(tmp_path).claim_run(KEY, "ana") == RUN


def test_a_run_of_another_name_or_room_stays_where_it_is(tmp_path: Path) -> None:
    killed = ClientFolder(tmp_path)
    killed.save_run(KEY, RUN)
    leave(killed)
    folder = ClientFolder(tmp_path)

    assert folder.claim_run(KEY, "budi") is None
    assert folder.claim_run(KEY[::-1], "ana") is None
    assert folder.claim_run(KEY, "ana") == RUN


def test_a_living_clients_run_is_nobody_elses(tmp_path: Path) -> None:
    living = ClientFolder(tmp_path)
    living.save_run(KEY, RUN)

    assert ClientFolder(tmp_path).claim_run(KEY, "ana") is None


def test_several_clients_of_one_user_run_side_by_side(tmp_path: Path) -> None:
    folders = [ClientFolder(tmp_path) for _ in range(3)]
    runs = [replace(RUN, name=name) for name in ("ana", "budi", "cici")]
    for folder, run in zip(folders, runs, strict=True):
        folder.save_run(KEY, run)

    for folder in folders:
        leave(folder)

    assert [ClientFolder(tmp_path).claim_run(KEY, run.name) for run in runs] == runs


def test_a_claimed_run_is_replaced_and_in_the_end_gone(tmp_path: Path) -> None:
    killed = ClientFolder(tmp_path)
    killed.save_run(KEY, RUN)
    leave(killed)
    folder = ClientFolder(tmp_path)
    folder.claim_run(KEY, "ana")
    later = replace(RUN, next_draft=9, waiting=())

    folder.save_run(KEY, later)
    leave(folder)
    assert folder.claim_run(KEY, "ana") == later

    folder.save_run(KEY, None)
    assert folder.claim_run(KEY, "ana") is None
    folder.save_run(KEY, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"stream": "zz", "token": "00"}',
        json.dumps(
            {"stream": "00", "token": "00", "person": 1, "name": "ana", "next_draft": 1,
             "waiting": [[1, 1]]}
        ).encode(),
        json.dumps(
            {"stream": "73" * 16, "token": "74" * 32, "person": 1, "name": "ana",
             "next_draft": 3, "waiting": [[1, 1, "satu", 3]]}
        ).encode(),
    ],
)  # fmt: skip
def test_a_damaged_run_is_not_resumed_and_not_in_the_way(tmp_path: Path, content: bytes) -> None:
    killed = ClientFolder(tmp_path)
    killed.save_run(KEY, RUN)
    leave(killed)
    next((tmp_path / "runs").glob("*.json")).write_bytes(content)
    folder = ClientFolder(tmp_path)

    assert folder.claim_run(KEY, "ana") is None
    folder.save_run(KEY, RUN)
    leave(folder)
    assert folder.claim_run(KEY, "ana") == RUN


def test_another_room_gets_a_run_of_its_own(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)
    folder.save_run(KEY, RUN)
    other = replace(RUN, token=b"u" * 32)

    folder.save_run(KEY[::-1], other)
    leave(folder)

    assert folder.claim_run(KEY, "ana") == RUN
    assert folder.claim_run(KEY[::-1], "ana") == other


# --- conversations ---


def test_what_calls_is_kept_for_each_server_and_conversation(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)

    folder.save_level(KEY, 1, Notify.ALL)
    folder.save_level(KEY, 10, Notify.NONE)
    folder.save_level(KEY, 1, Notify.MENTIONS)
    folder.save_level(OTHER_KEY, 1, Notify.NONE)

    assert ClientFolder(tmp_path).levels(KEY) == {1: Notify.MENTIONS, 10: Notify.NONE}
    assert folder.levels(OTHER_KEY) == {1: Notify.NONE}


@pytest.mark.parametrize(
    "damaged",
    [
        "[]",
        "{",
        f'{{"{"01" * 32}": 5}}',
        f'{{"{"01" * 32}": {{"x": "all", "2": 3, "3": "loud"}}}}',
    ],
)
def test_what_calls_is_as_never_set_where_it_is_damaged(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "notify.json").write_text(damaged, encoding="utf-8")

    assert ClientFolder(tmp_path).levels(b"\x01" * 32) == {}


def test_a_room_remembers_whether_its_name_is_an_accounts(tmp_path: Path) -> None:
    folder = ClientFolder(tmp_path)

    folder.remember_room(RecentRoom("h", 1, "Lab", "ana", 5, is_account=True))
    folder.remember_room(RecentRoom("i", 1, "Lab", "tamu", 6))

    assert [room.is_account for room in folder.recent_rooms()] == [False, True]
