import pytest
from hypothesis import given
from hypothesis import strategies as st
from note_parts import file_entry, note

from conversation import NO_TAG, Entry, EntryKind
from file_words import entry_text, file_line, note_in, note_of, size_text, speed_text
from texts import Texts

EN, ID = Texts("en"), Texts("id")


@pytest.mark.parametrize(
    ("size", "english", "indonesian"),
    [
        (0, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1_000, "1.0 kB", "1,0 kB"),
        (1_234_567, "1.2 MB", "1,2 MB"),
        (9_949_999, "9.9 MB", "9,9 MB"),
        (9_950_000, "10 MB", "10 MB"),
        (999_499, "999 kB", "999 kB"),
        (999_500, "1.0 MB", "1,0 MB"),
        (2 << 30, "2.1 GB", "2,1 GB"),
        (10**16, "10000 TB", "10000 TB"),
    ],
)
def test_a_size_is_read_at_a_glance(size: int, english: str, indonesian: str) -> None:
    assert size_text(size, EN) == english
    assert size_text(size, ID) == indonesian


@given(st.integers(0, 10**14))
def test_a_size_never_has_more_than_three_digits(size: int) -> None:
    assert sum(character.isdigit() for character in size_text(size, EN)) <= 3


def test_a_speed_is_a_size_a_second() -> None:
    assert speed_text(12_300_000.4, EN) == "12 MB/s"


def test_a_file_is_one_line() -> None:
    assert file_line(note(), EN) == "foto.png · 1.2 MB"
    assert file_line(note(), ID) == "foto.png · 1,2 MB"


def test_an_entry_about_a_file_shows_its_line_and_others_what_was_said() -> None:
    typed = Entry(NO_TAG, EntryKind.TEXT, 0, 2, "budi", note().encode())

    assert entry_text(file_entry(), EN) == "foto.png · 1.2 MB"
    assert entry_text(typed, EN) == note().encode()
    assert (note_of(file_entry()), note_of(typed)) == (note(), None)


def test_an_entry_that_says_of_a_file_what_cannot_be_is_shown_as_it_stands() -> None:
    false = Entry(NO_TAG, EntryKind.FILE, 0, 2, "budi", "../../etc/passwd")

    assert note_of(false) is None
    assert note_in("halo") is None
    assert entry_text(false, EN) == "../../etc/passwd"
