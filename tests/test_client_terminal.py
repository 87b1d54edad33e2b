import io

import pytest

from client_line import Key
from client_lines import Style
from client_terminal import LineScreen


class Terminal:
    """As much of a terminal as LineScreen uses: 80 columns, a grid of lines, a cursor."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        place = 0
        while place < len(text):
            character = text[place]
            place += 1
            if character == "\n":
                self.row, self.column = self.row + 1, 0
                if self.row == len(self.lines):
                    self.lines.append("")
            elif character == "\r":
                self.column = 0
            elif character == "\x1b":
                end = next(i for i in range(place + 1, len(text)) if text[i].isalpha())
                self._obey(text[place + 1 : end], text[end])
                place = end + 1
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
                self.column += 1

    def _obey(self, number: str, command: str) -> None:
        if command == "A":
            self.row -= int(number)
        elif command == "C":
            self.column += int(number)
        elif command == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]


class Played:
    """A screen on such a terminal."""

    def __init__(self, *, has_colours: bool = False) -> None:
        self.out = io.StringIO()
        self.screen = LineScreen(self.out, is_terminal=True, has_colours=has_colours)

    @property
    def terminal(self) -> Terminal:
        terminal = Terminal()
        terminal.feed(self.out.getvalue())
        return terminal


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_what_arrives_never_tears_the_line_being_typed() -> None:
    played = Played()
    played.screen.ask("> ", is_hidden=False)
    played.screen.press("hal")

    played.screen.show("budi: selamat pagi", Style.MESSAGE)
    played.screen.press("o")

    assert played.terminal.lines == ["budi: selamat pagi", "> halo"]
    assert played.terminal.column == len("> halo")


def test_nor_one_that_goes_over_several_rows_with_the_cursor_inside() -> None:
    played = Played()
    played.screen.ask("> ", is_hidden=False)
    played.screen.press("x" * 200)
    played.screen.press(Key.HOME)

    played.screen.show("satu", Style.MESSAGE)
    played.screen.show("dua", Style.MESSAGE)

    terminal = played.terminal
    assert terminal.lines[:2] == ["satu", "dua"]
    assert "".join(terminal.lines[2:]) == "> " + "x" * 200
    assert (terminal.row, terminal.column) == (2, 2)


def test_a_line_that_was_sent_leaves_the_screen() -> None:
    played = Played()
    played.screen.ask("> ", is_hidden=False)
    played.screen.press("halo")

    assert played.screen.press(Key.ENTER) == "halo"
    assert played.screen.is_empty
    assert played.terminal.lines == ["> "]


def test_a_password_is_not_shown() -> None:
    played = Played()
    played.screen.ask("Password: ", is_hidden=True)
    played.screen.press("rahasia")

    played.screen.press(Key.ENTER)
    played.screen.close()

    assert "rahasia" not in played.out.getvalue()
    assert played.terminal.lines == [""]


def test_nor_is_it_recalled_when_it_was_part_of_a_command() -> None:
    played = Played()
    played.screen.ask("> ", is_hidden=False)
    played.screen.press("/login ana rahasia")
    played.screen.press(Key.ENTER)

    played.screen.press(Key.UP)

    assert played.terminal.lines == ["> "]


def test_colours_only_for_those_who_have_them() -> None:
    plain, coloured = Played(), Played(has_colours=True)

    for played in (plain, coloured):
        played.screen.show("salah", Style.ALARM)
        played.screen.show("biasa", Style.MESSAGE)

    assert "\x1b[31m" not in plain.out.getvalue()
    assert "\x1b[31msalah\x1b[0m" in coloured.out.getvalue()
    assert "\x1b[0mbiasa" not in coloured.out.getvalue()


def test_a_pipe_gets_lines_and_nothing_else() -> None:
    out = io.StringIO()
    screen = LineScreen(out, is_terminal=False, has_colours=False)

    screen.ask("> ", is_hidden=False)
    screen.show("satu", Style.QUIET)
    screen.close()

    assert out.getvalue() == "satu\n"
