from datetime import date, timedelta

import pytest

from client_rows import (
    LastMessage,
    PresenceRow,
    RenamedRow,
    count_text,
    day_label,
    is_same_key,
    key_text,
    last_message_line,
    name_list,
    presence_line,
    renamed_line,
    short_when,
    when_label,
)
from texts import Texts

EN, ID = Texts("en"), Texts("id")
TODAY = date(2025, 11, 21)  # a Friday
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("days_ago", "english", "indonesian"),
    [
        (0, "Today", "Hari ini"),
        (1, "Yesterday", "Kemarin"),
        (2, "Wednesday, 19 November 2025", "Rabu, 19 November 2025"),
        (-1, "Saturday, 22 November 2025", "Sabtu, 22 November 2025"),
    ],
)
def test_a_day_in_words(days_ago: int, english: str, indonesian: str) -> None:
    day = TODAY - timedelta(days_ago)

    assert day_label(day, TODAY, EN) == english
    assert day_label(day, TODAY, ID) == indonesian


@pytest.mark.parametrize(
    ("days_ago", "words"),
    [
        (0, "today, 13:02"),
        (1, "yesterday"),
        (3, "Tuesday"),
        (7, "last week"),
        (13, "last week"),
        (14, "7 November 2025"),
        (-2, "23 November 2025"),
    ],
)
def test_when_a_room_was_visited(days_ago: int, words: str) -> None:
    assert when_label(TODAY - timedelta(days_ago), "13:02", TODAY, EN) == words


@pytest.mark.parametrize(
    ("names", "count", "words"),
    [
        (["ana"], 0, "ana"),
        (["ana", "budi"], 0, "ana and budi"),
        (["ana", "budi", "citra"], 0, "ana, budi and citra"),
        (["ana", "budi", "citra", "dewi"], 0, "ana, budi and 2 others"),
        (["ana", "budi", "citra"], 50, "ana, budi and 48 others"),
    ],
)
def test_names_in_a_sentence(names: list[str], count: int, words: str) -> None:
    assert name_list(names, EN, count) == words


def test_comings_and_goings_in_one_line() -> None:
    assert presence_line(PresenceRow(1, ("ana",), ()), EN) == "ana joined"
    assert presence_line(PresenceRow(1, (), ("budi",)), EN) == "budi left"
    assert presence_line(PresenceRow(1, ("ana",), ("budi",)), ID) == "ana masuk · budi keluar"


def test_another_name_in_one_line() -> None:
    assert renamed_line(RenamedRow(1, "tamu", "ana"), EN) == "tamu is ana now"
    assert renamed_line(RenamedRow(1, "tamu", "ana"), ID) == "tamu sekarang ana"


@pytest.mark.parametrize(("count", "text"), [(1, "1"), (999, "999"), (1000, "999+")])
def test_a_badge_has_little_room(count: int, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("days_ago", "english", "indonesian"),
    [
        (0, "13:02", "13:02"),
        (-1, "13:02", "13:02"),
        (1, "Thu", "Kam"),
        (6, "Sat", "Sab"),
        (7, "14 Nov", "14 Nov"),
        (60, "22 Sep", "22 Sep"),
    ],
)
def test_when_something_was_said_last(days_ago: int, english: str, indonesian: str) -> None:
    day = TODAY - timedelta(days_ago)

    assert short_when(day, "13:02", TODAY, EN) == english
    assert short_when(day, "13:02", TODAY, ID) == indonesian


def test_the_last_message_on_one_line() -> None:
    said = LastMessage("ana", False, "besok\n\njam 9", 0)
    own = LastMessage("ana", True, "ya", 0)

    assert last_message_line(said, EN) == "ana: besok jam 9"
    assert last_message_line(own, ID) == "Anda: ya"
    assert last_message_line(said, EN, with_name=False) == "besok jam 9"
    assert last_message_line(own, EN, with_name=False) == "You: ya"


def test_a_key_is_read_out_in_groups_and_known_however_it_is_typed() -> None:
    shown = key_text(KEY)

    assert [len(group) for group in shown.split(" ")] == [4, 4, 4, 4]
    assert is_same_key(shown, KEY)
    assert is_same_key(shown.lower().replace(" ", "-"), KEY)
    assert is_same_key(f" {shown.replace(' ', '')} ", KEY)
    assert not is_same_key("", KEY)
    assert not is_same_key(key_text(bytes(32)), KEY)
