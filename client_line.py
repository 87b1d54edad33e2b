"""The line a terminal's user types: keys in, text and its place on the screen out.

Band: cores. Pure: knows no terminal. Our own, because the line must be drawn anew below whatever
arrives while somebody types, which no other editor of the standard library allows.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

MAX_HISTORY = 200
MAX_TYPED = 64_000  # characters; nobody types more, a paste may


class Key(Enum):
    """What is pressed besides text."""

    ENTER = auto()
    BACKSPACE = auto()
    DELETE = auto()
    LEFT = auto()
    RIGHT = auto()
    WORD_LEFT = auto()
    WORD_RIGHT = auto()
    HOME = auto()
    END = auto()
    UP = auto()
    DOWN = auto()
    ERASE_WORD = auto()
    ERASE_BEFORE = auto()
    ERASE_AFTER = auto()
    END_OF_INPUT = auto()
    INTERRUPT = auto()
    REDRAW = auto()


_CONTROLS = {
    "\r": Key.ENTER,
    "\n": Key.ENTER,
    "\x7f": Key.BACKSPACE,
    "\x08": Key.BACKSPACE,
    "\x01": Key.HOME,
    "\x05": Key.END,
    "\x02": Key.LEFT,
    "\x06": Key.RIGHT,
    "\x10": Key.UP,
    "\x0e": Key.DOWN,
    "\x17": Key.ERASE_WORD,
    "\x15": Key.ERASE_BEFORE,
    "\x0b": Key.ERASE_AFTER,
    "\x04": Key.END_OF_INPUT,
    "\x03": Key.INTERRUPT,
    "\x0c": Key.REDRAW,
}
_SEQUENCES = {  # after ESC; of xterm and those like it
    "[A": Key.UP,
    "[B": Key.DOWN,
    "[C": Key.RIGHT,
    "[D": Key.LEFT,
    "[H": Key.HOME,
    "[F": Key.END,
    "OA": Key.UP,
    "OB": Key.DOWN,
    "OC": Key.RIGHT,
    "OD": Key.LEFT,
    "OH": Key.HOME,
    "OF": Key.END,
    "[1~": Key.HOME,
    "[7~": Key.HOME,
    "[4~": Key.END,
    "[8~": Key.END,
    "[3~": Key.DELETE,
    "[1;5C": Key.WORD_RIGHT,
    "[1;5D": Key.WORD_LEFT,
    "f": Key.WORD_RIGHT,
    "b": Key.WORD_LEFT,
    "\x7f": Key.ERASE_WORD,
}
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|[^\[O])", re.DOTALL)
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")


class KeyReader:
    """What a terminal sends, as keys and text. Owned by the thread that reads it."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def read(self, sent: bytes) -> list[Key | str]:
        """Text in one piece as far as possible; a paste in one, with its line breaks."""
        self._rest += self._decoder.decode(sent)
        pressed: list[Key | str] = []
        while self._rest:
            item = self._take()
            if item is None:
                break
            if item != "":
                pressed.append(item)
        return pressed

    def _take(self) -> Key | str | None:
        """The next key; "": something to skip; None: the rest of it has not come yet."""
        if self._rest.startswith(_PASTE_BEGINS):
            pasted, end, rest = self._rest[len(_PASTE_BEGINS) :].partition(_PASTE_ENDS)
            if not end and len(pasted) < MAX_TYPED:
                return None
            self._rest = rest
            return pasted.replace("\r\n", "\n").replace("\r", "\n")
        if self._rest[0] == "\x1b":
            found = _SEQUENCE.match(self._rest)
            if found is None:
                if self._rest == "\x1b":  # the key itself; sequences come in one piece
                    self._rest = ""
                    return ""
                return None
            self._rest = self._rest[found.end() :]
            return _SEQUENCES.get(found[1], "")
        if text := _TEXT.match(self._rest):
            self._rest = self._rest[text.end() :]
            return text[0]
        control, self._rest = self._rest[0], self._rest[1:]
        return _CONTROLS.get(control, "")


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows as they stand on the screen, none as wide as it, and where the cursor is in them."""

    rows: list[str]
    cursor_row: int
    cursor_column: int


class LineEditor:
    """A line being typed, with the lines typed before it. Owned by the thread that draws."""

    def __init__(self, is_secret: Callable[[str], bool] = lambda line: False) -> None:
        """``is_secret``: whether a line must not be recalled, for the password in it."""
        self._is_secret = is_secret
        self.prompt = ""
        self.is_hidden = False  # a password: neither shown nor remembered
        self.text = ""
        self.cursor = 0
        self._history: list[str] = []
        self._place = 0  # in the history; its length: the line being typed
        self._typed = ""  # that line, while an older one is shown

    def ask(self, prompt: str, *, is_hidden: bool = False) -> None:
        """Another question. What was typed ahead stays, unless it may be a password."""
        if is_hidden or self.is_hidden:
            self._set("")
        self.prompt, self.is_hidden = prompt, is_hidden

    def press(self, key: Key | str) -> str | None:
        """The whole line when ENTER ends it; it is empty again then."""
        if isinstance(key, str):
            self._insert(key)
        elif key is Key.ENTER:
            return self._enter()
        elif key in (Key.UP, Key.DOWN):
            self._recall(-1 if key is Key.UP else 1)
        elif key in _MOVES:
            self.cursor = _MOVES[key](self.text, self.cursor)
        elif key in _ERASURES:
            other = _ERASURES[key](self.text, self.cursor)
            first, last = sorted((self.cursor, other))
            self.text = self.text[:first] + self.text[last:]
            self.cursor = first
        return None

    def _insert(self, text: str) -> None:
        text = "".join(c for c in text.replace("\t", "    ") if c == "\n" or c.isprintable())
        text = text[: MAX_TYPED - len(self.text)]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def _enter(self) -> str:
        line = self.text
        is_kept = line.strip() and not self.is_hidden and not self._is_secret(line)
        if is_kept and line not in self._history[-1:]:
            self._history = [*self._history, line][-MAX_HISTORY:]
        self._set("")
        return line

    def _set(self, text: str) -> None:
        self.text, self.cursor = text, len(text)
        self._place, self._typed = len(self._history), ""

    def _recall(self, step: int) -> None:
        place = self._place + step
        if self.is_hidden or not 0 <= place <= len(self._history):
            return
        if self._place == len(self._history):
            self._typed = self.text
        self._place = place
        self.text = self._typed if place == len(self._history) else self._history[place]
        self.cursor = len(self.text)

    def layout(self, width: int) -> Layout:
        """How prompt and line lie on a screen of ``width`` columns."""
        text = "" if self.is_hidden else self.text
        cursor = min(self.cursor, len(text)) + len(self.prompt)
        rows, used = [""], 0
        cursor_row, cursor_column = 0, 0
        for place, character in enumerate(self.prompt + text.replace("\n", "⏎") + "\0"):
            columns = columns_of(character)
            if used + columns > max(2, width - 1):
                rows.append("")
                used = 0
            if place == cursor:
                cursor_row, cursor_column = len(rows) - 1, used
            if character != "\0":
                rows[-1] += character
                used += columns
        return Layout(rows, cursor_row, cursor_column)


def columns_of(character: str) -> int:
    """Of a terminal's cell grid: 0, 1 or 2."""
    if character == "\0" or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _word_left(text: str, cursor: int) -> int:
    before = text[:cursor].rstrip()
    return max(before.rfind(" "), before.rfind("\n")) + 1


def _word_right(text: str, cursor: int) -> int:
    found = re.compile(r"\s*\S+").match(text, cursor)
    return found.end() if found else len(text)


_MOVES: dict[Key, Callable[[str, int], int]] = {
    Key.LEFT: lambda _, cursor: max(0, cursor - 1),
    Key.RIGHT: lambda text, cursor: min(len(text), cursor + 1),
    Key.WORD_LEFT: _word_left,
    Key.WORD_RIGHT: _word_right,
    Key.HOME: lambda *_: 0,
    Key.END: lambda text, _: len(text),
}
_ERASURES = {
    Key.BACKSPACE: _MOVES[Key.LEFT],
    Key.DELETE: _MOVES[Key.RIGHT],
    Key.ERASE_WORD: _word_left,
    Key.ERASE_BEFORE: _MOVES[Key.HOME],
    Key.ERASE_AFTER: _MOVES[Key.END],
}
