import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_layout import (
    BubbleSize,
    Line,
    Typesetter,
    Wrapped,
    bubble_size,
    shown_text,
    spelled_pictures,
    word_around,
)


def ten_a_letter(text: str) -> int:
    return 10 * len(text)


def wrapped(text: str, width: int, most: int = 40) -> list[str]:
    lines = Typesetter(ten_a_letter).wrap(text, width, most).lines
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("halo", ["halo"]),
        ("satu dua", ["satu dua"]),
        ("satu dua tiga", ["satu dua", "tiga"]),
        ("satu dua   tiga", ["satu dua", "tiga"]),
        ("satu\n\ndua", ["satu", "", "dua"]),
        ("satu\n", ["satu", ""]),
        ("  dua", ["  dua"]),
        ("abcdefghijkl", ["abcdefghij", "kl"]),
        ("a bcdefghijklm", ["a", "bcdefghijk", "lm"]),
        ("    " * 4, [""]),
    ],
)
def test_lines_break_after_spaces_and_long_words_anywhere(text: str, lines: list[str]) -> None:
    assert wrapped(text, 100) == lines


def test_a_letter_wider_than_the_line_stands_alone() -> None:
    assert wrapped("abc", 5) == ["a", "b", "c"]


@given(st.text(alphabet="ab \n", max_size=200), st.integers(10, 120))
def test_no_letter_is_lost_or_doubled_and_no_line_too_wide(text: str, width: int) -> None:
    result = Typesetter(ten_a_letter).wrap(text, width, 1000)

    assert not result.is_cut
    assert "".join(line.text for line in result.lines).split() == text.split() or (
        "".join("".join(line.text for line in result.lines).split()) == "".join(text.split())
    )
    for line in result.lines:
        assert text[line.start : line.end] == line.text
        assert line.width <= width


def test_a_long_text_is_cut_and_says_so() -> None:
    result = Typesetter(ten_a_letter).wrap("a\n" * 100, 100, 40)

    assert len(result.lines) == 40
    assert result.is_cut
    assert not Typesetter(ten_a_letter).wrap("a\n" * 39 + "a  ", 100, 40).is_cut


def test_a_word_of_64_000_letters_is_measured_in_pieces() -> None:
    longest = [0]

    def measure(text: str) -> int:
        longest[0] = max(longest[0], len(text))
        return 10 * len(text)

    lines = Typesetter(measure).wrap("x" * 64_000, 400, 40).lines

    assert [len(line.text) for line in lines] == [40] * 40
    assert longest[0] <= 2_000


def test_each_word_is_measured_once() -> None:
    measured = list[str]()

    def measure(text: str) -> int:
        measured.append(text)
        return 10 * len(text)

    typesetter = Typesetter(measure)
    for _ in range(3):
        typesetter.width("halo")

    assert measured == ["halo"]


def test_remembered_widths_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client_layout._MOST_WORDS", 2)
    typesetter = Typesetter(ten_a_letter)

    widths = [typesetter.width(word) for word in ("a", "bb", "ccc", "a")]

    assert widths == [10, 20, 30, 10]


@pytest.mark.parametrize(
    ("x", "index"), [(-5, 7), (0, 7), (4, 7), (6, 8), (14, 8), (16, 9), (39, 11), (400, 11)]
)
def test_the_nearest_boundary_between_letters_is_found(x: int, index: int) -> None:
    line = Line(7, "halo", 40)

    assert Typesetter(ten_a_letter).index_at(line, x) == index


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [(0, 7, None), (0, 9, (0, 20)), (8, 10, (10, 30)), (9, 99, (20, 40)), (11, 20, None)],
)
def test_what_a_selection_covers_of_a_line(
    start: int, end: int, span: tuple[int, int] | None
) -> None:
    assert Typesetter(ten_a_letter).span(Line(7, "halo", 40), start, end) == span


def size(lines: list[int], *, most: int = 200, is_cut: bool = False) -> BubbleSize:
    made = Wrapped(tuple(Line(0, "x", width) for width in lines), is_cut)
    return bubble_size(
        made,
        line_height=20,
        meta=30,
        meta_height=12,
        more=70,
        gap=10,
        most=most,
        padding=(14, 8),
    )


def test_the_time_stands_beside_the_last_line_or_below_it() -> None:
    assert size([100]) == BubbleSize(140 + 28, 20 + 16)
    assert size([150, 20]) == BubbleSize(150 + 28, 40 + 16)
    assert size([190]) == BubbleSize(190 + 28, 20 + 12 + 16)
    assert size([10], most=20) == BubbleSize(30 + 28, 20 + 12 + 16)


def test_a_cut_message_has_room_for_the_way_to_the_rest() -> None:
    assert size([150, 100], is_cut=True) == BubbleSize(150 + 28, 60 + 16)
    assert size([10, 10], is_cut=True) == BubbleSize(110 + 28, 60 + 16)


@pytest.mark.parametrize(
    ("text", "index", "word"),
    [
        ("", 0, ""),
        ("halo dunia", 1, "halo"),
        ("halo dunia", 99, "dunia"),
        ("halo  dunia", 5, "  "),
        ("Jum'at-an!", 3, "Jum'at-an"),
    ],
)
def test_the_word_under_the_pointer(text: str, index: int, word: str) -> None:
    start, end = word_around(text, index)

    assert text[start:end] == word


def test_ordinary_text_is_drawn_as_it_is() -> None:
    for text in ("Selamat siang", "é漢字\nbaris", "∑ → ✓"):
        shown = shown_text(text, can_draw_emoji=True)

        assert shown.text == text
        assert shown.copied(1, 3) == text[1:3]


def test_what_could_harm_the_drawing_is_left_out_and_copied_all_the_same() -> None:
    original = "a\tb\x07c\u202ed\ud800"

    shown = shown_text(original, can_draw_emoji=True)

    assert shown.text == "a    bcd"
    assert shown.copied(0, len(shown.text)) == original
    assert shown.copied(5, 7) == "b\x07c\u202e"


def test_emoji_are_spelled_out_where_drawing_them_is_dangerous() -> None:
    original = "halo 👋\ufe0f!"

    shown = shown_text(original, can_draw_emoji=False)

    assert shown.text == "halo :waving_hand_sign:!"
    assert shown.copied(0, len(shown.text)) == original
    assert shown_text(original, can_draw_emoji=True).text == original


def test_spelled_emoji_are_known_by_their_words() -> None:
    assert spelled_pictures("a: 👋 ∑ →\ufe0f 🎉👋") == {
        ":waving_hand_sign:": "👋",
        ":party_popper:": "🎉",
    }


def test_mathematical_signs_are_no_emoji_and_unnamed_pictures_have_a_number() -> None:
    assert shown_text("a → b", can_draw_emoji=False).text == "a → b"
    assert shown_text("\U0001faff", can_draw_emoji=False).text.startswith(":")
