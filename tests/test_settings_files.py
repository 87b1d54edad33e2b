"""What a client keeps about files: places, and what was not finished; damage costs only itself."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from note_parts import note

from settings_files import (
    LIFE,
    MAX_SAVED,
    MAX_SLOTS,
    MAX_UNFINISHED,
    SURPRISE,
    SavedPlaces,
    Unfinished,
    UnfinishedFetch,
    UnfinishedFiles,
    UnfinishedSend,
)

KEY = bytes(range(32))
FOTO = note()
FETCH = UnfinishedFetch(FOTO, None)
SEND = UnfinishedSend(4, Path("/home/ana/foto.png"), 1000, 1_800_000_000_123_456_789)


def put(folder: Path, size: int = FOTO.size, name: str = "foto.png") -> Path:
    place = folder / name
    place.write_bytes(bytes(size))
    return place


# --- places ---


def put_places(folder: Path, content: str) -> None:
    """As they were kept, damaged."""
    (folder / "saved").mkdir()
    (folder / "saved" / f"{KEY.hex()[:32]}.json").write_text(content)


def test_a_place_is_known_at_once_and_to_the_next_client_when_it_is_saved(tmp_path: Path) -> None:
    places, place = SavedPlaces(tmp_path / "config", KEY), put(tmp_path)
    assert places.find(FOTO) is None

    places.add(FOTO.file, place)

    assert places.find(FOTO) == place
    assert SavedPlaces(tmp_path / "config", KEY).find(FOTO) is None

    places.save()

    assert SavedPlaces(tmp_path / "config", KEY).find(FOTO) == place
    assert places.find(FOTO) == place


def test_what_was_saved_in_one_room_is_not_known_in_another(tmp_path: Path) -> None:
    places, place = SavedPlaces(tmp_path, KEY), put(tmp_path)
    places.add(FOTO.file, place)
    places.save()

    assert SavedPlaces(tmp_path, KEY[::-1]).find(FOTO) is None
    assert SavedPlaces(tmp_path, KEY).find(FOTO) == place


@pytest.mark.parametrize("change", ["gone", "another size", "a folder"])
def test_what_is_not_there_any_more_is_not_found(change: str, tmp_path: Path) -> None:
    places, place = SavedPlaces(tmp_path, KEY), put(tmp_path)
    places.add(FOTO.file, place)

    place.unlink()
    if change == "another size":
        put(tmp_path, FOTO.size + 1)
    elif change == "a folder":
        place.mkdir()

    assert places.find(FOTO) is None


def test_two_clients_keep_what_both_know(tmp_path: Path) -> None:
    one, other = SavedPlaces(tmp_path / "config", KEY), SavedPlaces(tmp_path / "config", KEY)
    one.add(FOTO.file, put(tmp_path))
    other.add(b"o" * 32, put(tmp_path, name="other.png"))
    one.save()
    other.save()

    again = SavedPlaces(tmp_path / "config", KEY)

    assert again.find(FOTO) is not None
    assert again.find(FOTO._replace(file=b"o" * 32)) is not None


def test_the_newest_places_are_kept(tmp_path: Path) -> None:
    places, place = SavedPlaces(tmp_path / "config", KEY), put(tmp_path)
    for number in range(MAX_SAVED + 1):
        places.add(number.to_bytes(32, "big"), place)
    places.add((1).to_bytes(32, "big"), place)  # once more
    places.save()

    again = SavedPlaces(tmp_path / "config", KEY)

    assert [again.find(FOTO._replace(file=at.to_bytes(32, "big"))) for at in (0, 1, 2)] == [
        None,
        place,
        place,
    ]


@pytest.mark.parametrize("kept", ["", "[]", '{"files": []}', '{"files": {"%s": 7}}', "\0"])
def test_damaged_places_are_as_if_never_kept(kept: str, tmp_path: Path) -> None:
    put_places(tmp_path, kept.replace("%s", FOTO.file.hex()))

    assert SavedPlaces(tmp_path, KEY).find(FOTO) is None


def test_a_place_that_no_system_has_is_not_found(tmp_path: Path) -> None:
    kept = {"files": {FOTO.file.hex(): "a\0b"}}
    put_places(tmp_path, json.dumps(kept))

    assert SavedPlaces(tmp_path, KEY).find(FOTO) is None


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    SavedPlaces(tmp_path, KEY).save()

    assert list(tmp_path.iterdir()) == []


# --- what was not finished ---


def age(folder: Path) -> None:
    """As if it had been written at time 0."""
    for place in (folder / "unfinished").glob("*.json"):
        os.utime(place, (0, 0))


def test_what_a_killed_client_left_goes_on_and_belongs_to_one(tmp_path: Path) -> None:
    killed = UnfinishedFiles(tmp_path)
    killed.save(KEY, "ana", (FETCH, SEND))

    assert UnfinishedFiles(tmp_path).claim(KEY, "ana", 0) == ()  # it lives

    killed.release()
    one, other = UnfinishedFiles(tmp_path), UnfinishedFiles(tmp_path)

    assert one.claim(KEY, "budi", 0) == ()
    assert one.claim(KEY[::-1], "ana", 0) == ()
    assert one.claim(KEY, "ana", 0) == (FETCH, SEND)
    assert other.claim(KEY, "ana", 0) == ()


def test_what_is_finished_leaves_nothing(tmp_path: Path) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (FETCH,))
    files.save(KEY, "ana", ())
    files.save(KEY, "ana", ())

    assert list((tmp_path / "unfinished").glob("*.json")) == []
    assert UnfinishedFiles(tmp_path).claim(KEY, "ana", 0) == ()


def test_another_room_has_its_own(tmp_path: Path) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (FETCH,))
    files.save(KEY[::-1], "ana", (SEND,))

    assert files.claim(KEY, "ana", 0) == (FETCH,)
    assert files.claim(KEY[::-1], "ana", 0) == (SEND,)


def test_after_a_day_nothing_is_shared_without_a_word_and_after_a_week_it_is_forgotten(
    tmp_path: Path,
) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (FETCH, SEND))
    age(tmp_path)

    assert files.claim(KEY, "ana", SURPRISE) == (FETCH, SEND)
    assert files.claim(KEY, "ana", SURPRISE + 1) == (FETCH, replace(SEND, is_paused=True))
    assert files.claim(KEY, "ana", LIFE + 1) == ()
    assert list((tmp_path / "unfinished").glob("*.json")) == []


def test_there_are_so_many_clients_of_one_user(tmp_path: Path) -> None:
    clients = [UnfinishedFiles(tmp_path) for _ in range(MAX_SLOTS)]
    for client in clients:
        client.save(KEY, "ana", (FETCH,))

    with pytest.raises(OSError, match="too many"):
        UnfinishedFiles(tmp_path).save(KEY, "ana", (FETCH,))


def test_a_user_cannot_leave_more_than_is_read(tmp_path: Path) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (FETCH,) * (MAX_UNFINISHED + 1))

    assert len(files.claim(KEY, "ana", 0)) == MAX_UNFINISHED


unfinished = st.one_of(
    st.builds(
        UnfinishedSend,
        st.integers(0, (1 << 63) - 1),
        st.sampled_from([Path("/a"), Path("/b/foto tua.png")]),
        st.integers(0, 1 << 40),
        st.integers(0, 1 << 62),
        st.booleans(),
    ),
    st.builds(
        UnfinishedFetch, st.just(FOTO), st.sampled_from([None, Path("/home/ana")]), st.booleans()
    ),
)


@given(st.lists(unfinished, min_size=1, max_size=5).map(tuple))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, files: tuple[Unfinished, ...]
) -> None:
    folder = tmp_path_factory.mktemp("unfinished")
    kept = UnfinishedFiles(folder)
    kept.save(KEY, "ana", files)

    assert kept.claim(KEY, "ana", 0) == files


@pytest.mark.parametrize(
    "damaged",
    [
        7,
        {},
        {"send": "foto.png", "conversation": 4, "size": 1, "stamp": 1, "paused": False},
        {"send": "/a\0b", "conversation": 4, "size": 1, "stamp": 1, "paused": False},
        {"send": "/a", "conversation": -1, "size": 1, "stamp": 1, "paused": False},
        {"send": "/a", "conversation": 1 << 63, "size": 1, "stamp": 1, "paused": False},
        {"fetch": "nothing", "folder": "", "paused": False},
        {"fetch": FOTO.encode(), "folder": "..", "paused": False},
        {"fetch": FOTO.encode(), "folder": "", "paused": 1},
    ],
)
def test_one_that_is_damaged_costs_no_other(damaged: object, tmp_path: Path) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (SEND, FETCH))
    (place,) = (tmp_path / "unfinished").glob("*.json")
    content = json.loads(place.read_text())
    content["files"].insert(1, damaged)
    place.write_text(json.dumps(content))

    assert files.claim(KEY, "ana", 0) == (SEND, FETCH)


def test_what_is_no_list_at_all_is_nothing(tmp_path: Path) -> None:
    files = UnfinishedFiles(tmp_path)
    files.save(KEY, "ana", (SEND,))
    (place,) = (tmp_path / "unfinished").glob("*.json")
    place.write_text('{"name": "ana", "files": 7}')

    assert files.claim(KEY, "ana", 0) == ()
