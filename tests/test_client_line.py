import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_line import MAX_HISTORY, Key, KeyReader, LineEditor, columns_of

# --- keys ---


@pytest.mark.parametrize(
    ("sent", "pressed"),
    [
        (b"halo", ["halo"]),
        (b"halo\r", ["halo", Key.ENTER]),
        (b"a\nb\n", ["a", Key.ENTER, "b", Key.ENTER]),
        ("é🍉".encode(), ["é🍉"]),
        (b"\x7f\x08", [Key.BACKSPACE, Key.BACKSPACE]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", [Key.UP, Key.DOWN, Key.RIGHT, Key.LEFT]),
        (b"\x1bOH\x1bOF\x1b[3~", [Key.HOME, Key.END, Key.DELETE]),
        (b"\x1b[1;5C\x1bb", [Key.WORD_RIGHT, Key.WORD_LEFT]),
        (b"\x03\x04", [Key.INTERRUPT, Key.END_OF_INPUT]),
        (b"\x1b", []),
        (b"\x1b[99;99Xa", ["a"]),
        (b"\x00a", ["a"]),
        (b"\x1b[200~satu\r\ndua\rtiga\x1b[201~x", ["satu\ndua\ntiga", "x"]),
    ],
)
def test_what_a_terminal_sends_is_keys_and_text(sent: bytes, pressed: list[Key | str]) -> None:
    assert KeyReader().read(sent) == pressed


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_in_any_pieces_are_read_without_harm(sent: bytes, cut: int) -> None:
    reader = KeyReader()

    for item in reader.read(sent[:cut]) + reader.read(sent[cut:]):
        assert isinstance(item, Key) or item


def test_a_sequence_may_come_in_two_pieces() -> None:
    reader = KeyReader()

    assert reader.read(b"a\x1b[") == ["a"]
    assert reader.read(b"A") == [Key.UP]
    assert reader.read("é".encode()[:1]) == []
    assert reader.read("é".encode()[1:]) == ["é"]


def test_a_paste_without_an_end_is_not_waited_for_forever() -> None:
    reader = KeyReader()

    assert reader.read(b"\x1b[200~" + b"x" * 10) == []
    assert reader.read(b"x" * 70_000) != []


# --- editing ---


def edited(*keys: Key | str) -> LineEditor:
    editor = LineEditor()
    for key in keys:
        editor.press(key)
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (["abc"], "abc", 3),
        (["abc", Key.LEFT, Key.LEFT, "x"], "axbc", 2),
        (["abc", Key.HOME, Key.LEFT, "x", Key.END, "y"], "xabcy", 5),
        (["abc", Key.BACKSPACE], "ab", 2),
        ([Key.BACKSPACE, Key.DELETE, Key.RIGHT], "", 0),
        (["abc", Key.HOME, Key.DELETE], "bc", 0),
        (["satu dua tiga", Key.ERASE_WORD], "satu dua ", 9),
        (["satu dua  ", Key.ERASE_WORD], "satu ", 5),
        (["satu dua", Key.WORD_LEFT, Key.ERASE_BEFORE], "dua", 0),
        (["satu dua", Key.WORD_LEFT, Key.ERASE_AFTER], "satu ", 5),
        (["satu dua", Key.HOME, Key.WORD_RIGHT], "satu dua", 4),
        (["satu  ", Key.WORD_RIGHT], "satu  ", 6),
        (["a\tb\x00\x1b\u202ec"], "a    bc", 7),
        (["satu\ndua"], "satu\ndua", 8),
        (["abc", Key.REDRAW], "abc", 3),
    ],
)
def test_keys_edit_the_line(keys: list[Key | str], text: str, cursor: int) -> None:
    editor = edited(*keys)

    assert (editor.text, editor.cursor) == (text, cursor)


def test_enter_gives_the_line_and_begins_another() -> None:
    editor = edited("halo", Key.HOME)

    assert editor.press(Key.ENTER) == "halo"
    assert editor.text == ""
    assert editor.press(Key.ENTER) == ""


def test_lines_typed_before_come_back() -> None:
    editor = edited("satu", Key.ENTER, "dua", Key.ENTER, "dua", Key.ENTER, " ", Key.ENTER, "baru")

    shown = []
    for key in (Key.UP, Key.UP, Key.UP, Key.DOWN, Key.DOWN, Key.DOWN):
        editor.press(key)
        shown.append(editor.text)

    assert shown == ["dua", "satu", "satu", "dua", "baru", "baru"]


def test_the_history_has_an_end() -> None:
    editor = edited(*(key for n in range(MAX_HISTORY + 5) for key in (str(n), Key.ENTER)))

    for _ in range(MAX_HISTORY + 5):
        editor.press(Key.UP)

    assert editor.text == "5"


def test_a_password_is_neither_shown_nor_remembered() -> None:
    editor = LineEditor()
    editor.ask("Password: ", is_hidden=True)
    editor.press("rahasia")
    editor.press(Key.UP)

    assert editor.layout(80).rows == ["Password: "]
    assert editor.press(Key.ENTER) == "rahasia"
    editor.ask("> ")
    editor.press(Key.UP)
    assert editor.text == ""


def test_what_was_typed_ahead_stays_when_another_question_comes() -> None:
    editor = edited("halo")

    editor.ask("> ")

    assert editor.layout(80).rows == ["> halo"]


def test_a_password_half_typed_does_not_become_something_else() -> None:
    editor = LineEditor()
    editor.ask("Password: ", is_hidden=True)
    editor.press("raha")

    editor.ask("> ")

    assert editor.text == ""


# --- layout ---


def laid_out(text: str, width: int, prompt: str = "> ") -> tuple[list[str], int, int]:
    editor = LineEditor()
    editor.ask(prompt)
    editor.press(text)
    layout = editor.layout(width)
    return layout.rows, layout.cursor_row, layout.cursor_column


def test_a_short_line_stands_behind_its_prompt() -> None:
    assert laid_out("abc", 80) == (["> abc"], 0, 5)


def test_a_long_line_goes_on_below() -> None:
    assert laid_out("abcdefg", 6) == (["> abc", "defg"], 1, 4)


def test_wide_characters_take_two_columns_and_are_never_cut() -> None:
    rows, row, column = laid_out("日本", 6)

    assert (rows, row, column) == (["> 日", "本"], 1, 2)


def test_a_line_break_is_shown_as_one_character() -> None:
    assert laid_out("a\nb", 80)[0] == ["> a⏎b"]


def test_marks_take_no_column() -> None:
    assert columns_of("\u0301") == 0
    assert columns_of("e") == 1


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 40))
def test_rows_fit_and_hold_all_that_was_typed(text: str, steps: int, width: int) -> None:
    editor = LineEditor()
    editor.ask("> ")
    editor.press(text)
    for _ in range(steps):
        editor.press(Key.LEFT)

    layout = editor.layout(width)

    assert "".join(layout.rows) == "> " + editor.text.replace("\n", "⏎")
    limit = max(2, width - 1)
    assert all(sum(map(columns_of, row)) <= limit for row in layout.rows)
    assert 0 <= layout.cursor_row < len(layout.rows)
    assert 0 <= layout.cursor_column <= limit
    assert all(unicodedata.category(c) != "Cc" for row in layout.rows for c in row)


def test_a_line_with_a_password_is_not_recalled() -> None:
    editor = LineEditor(lambda line: "rahasia" in line)
    for line in ("satu", "/login ana rahasia"):
        editor.press(line)
        editor.press(Key.ENTER)

    editor.press(Key.UP)

    assert editor.text == "satu"
