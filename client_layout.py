"""Where the words of a message go: wrapping, the size of a bubble, what a selection covers.

Band: cores. Pure: measuring a piece of text comes in as a function, so it is tested without a
display. Lengths are real pixels; indices count characters of the text as shown.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

Measure = Callable[[str], int]

MOST_LINES = 40  # of one message before "show more"; Tk lays out long texts in quadratic time
MORE_LINES = 200  # that each further "show more" adds
_MOST_WORDS = 20_000  # widths remembered
_WORDS = re.compile(r"\S+[^\S\n]*|[^\S\n]+")
_LEAST_ADVANCE = 2  # pixels: no letter that takes space is narrower, so this bounds a search


@dataclass(frozen=True, slots=True)
class Line:
    """A line as drawn: ``text`` begins at ``start`` of the whole."""

    start: int
    text: str
    width: int

    @property
    def end(self) -> int:
        """After its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The first lines of a text; ``is_cut``: there are more."""

    lines: tuple[Line, ...]
    is_cut: bool

    @property
    def width(self) -> int:
        """Of the widest line."""
        return max(line.width for line in self.lines)


class Typesetter:
    """Breaks texts of one font into lines. Each word is measured once."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._widths: dict[str, int] = {}

    def width(self, text: str) -> int:
        """Of a word or another short text, remembered."""
        width = self._widths.get(text)
        if width is None:
            if len(self._widths) >= _MOST_WORDS:
                self._widths.clear()
            width = self._widths[text] = self._measure(text)
        return width

    def wrap(self, text: str, width: int, most_lines: int = MOST_LINES) -> Wrapped:
        """Lines no wider than ``width``, broken after spaces, long words anywhere."""
        lines: list[Line] = []
        start = 0
        while len(lines) < most_lines:
            end = text.find("\n", start)
            paragraph = text[start:] if end < 0 else text[start:end]
            room = most_lines - len(lines)
            lines.extend(self._wrap_paragraph(paragraph, start, width, room))
            if end < 0:
                break
            start = end + 1
        is_cut = lines[-1].end < len(text.rstrip())
        return Wrapped(tuple(lines), is_cut)

    def _wrap_paragraph(self, text: str, offset: int, width: int, most: int) -> list[Line]:
        """Widths are added up from those of words, so a new width measures nothing anew."""
        lines: list[Line] = []
        begin = at = used = inked = 0  # inked: without the spaces at the end
        while at < len(text) and len(lines) < most:
            match = _WORDS.match(text, at)
            assert match is not None  # every character is a space or not
            word = match.group().rstrip()
            if used + self._word_width(word) <= width or (not word and used):
                inked = used + self._word_width(word) if word else inked
                used += self._word_width(match.group())
                at = match.end()
            elif used:
                lines.append(Line(begin + offset, text[begin:at].rstrip(), inked))
                begin, used, inked = at, 0, 0
            else:
                piece = text[at : at + self._fitting(text[at : match.end()], width)]
                lines.append(Line(at + offset, piece, self._measure(piece)))
                begin = at = at + len(piece)
        if len(lines) < most and (begin < len(text) or not lines):
            lines.append(Line(begin + offset, text[begin:].rstrip(), inked))
        return lines

    def _word_width(self, word: str) -> int:
        if len(word) > 40:  # not worth remembering; only its beginning can matter
            return self._measure(word[:2000])
        return self.width(word)

    def _fitting(self, word: str, width: int) -> int:
        """How many characters of a word that is too wide fit; one at least."""
        least, most = 1, max(1, min(len(word), width // _LEAST_ADVANCE))
        while least < most:
            middle = (least + most + 1) // 2
            if self._measure(word[:middle]) <= width:
                least = middle
            else:
                most = middle - 1
        return least

    def index_at(self, line: Line, x: int) -> int:
        """The character boundary of the whole text that is nearest to ``x`` of a line."""
        if x <= 0:
            return line.start
        if x >= line.width:
            return line.end
        least, most = 0, len(line.text)
        while most - least > 1:
            middle = (least + most) // 2
            if self._measure(line.text[:middle]) <= x:
                least = middle
            else:
                most = middle
        left = self._measure(line.text[:least])
        right = self._measure(line.text[:most])
        return line.start + (most if x - left > right - x else least)

    def span(self, line: Line, start: int, end: int) -> tuple[int, int] | None:
        """From where to where a line is covered by the characters ``start`` to ``end``."""
        first, last = max(start, line.start), min(end, line.end)
        if first >= last:
            return None
        left = self._measure(line.text[: first - line.start])
        return left, self._measure(line.text[: last - line.start])


@dataclass(frozen=True, slots=True)
class BubbleSize:
    """Of a bubble around wrapped lines, with the time in its lower right corner."""

    width: int
    height: int


def bubble_size(
    wrapped: Wrapped,
    *,
    line_height: int,
    meta: int,
    meta_height: int,
    more: int,
    gap: int,
    most: int,
    padding: tuple[int, int],
) -> BubbleSize:
    """The time (``meta`` pixels wide) goes beside the last line if it fits, else below it.

    Below a cut text it stands beside the way to the rest (``more`` pixels wide). ``most``: pixels
    a line may have; ``padding``: across and down.
    """
    beside = wrapped.lines[-1].width + gap + meta
    height = len(wrapped.lines) * line_height + 2 * padding[1]
    if wrapped.is_cut:
        width, height = max(wrapped.width, more + gap + meta), height + line_height
    elif beside <= most:
        width = max(wrapped.width, beside)
    else:
        width, height = max(wrapped.width, meta), height + meta_height
    return BubbleSize(width + 2 * padding[0], height)


def word_around(text: str, index: int) -> tuple[int, int]:
    """The word (or the run of other characters) at an index: what a double click selects."""
    if not text:
        return 0, 0
    index = min(index, len(text) - 1)
    is_word = _is_word(text[index])
    start = end = index
    while start > 0 and _is_word(text[start - 1]) == is_word:
        start -= 1
    while end < len(text) and _is_word(text[end]) == is_word:
        end += 1
    return start, end


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_'’-"  # noqa: RUF001


# --- text that can be drawn ---


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as drawn. ``pieces``: what each of its characters stands for, if any differs."""

    text: str
    original: str
    places: tuple[int, ...] = ()  # index in the original of each character, and its length

    def copied(self, start: int, end: int) -> str:
        """What was written where the characters ``start`` to ``end`` are drawn."""
        if not self.places:
            return self.original[start:end]
        return self.original[self.places[start] : self.places[end]]


_ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff\ud800-\udfff]"
)
_PLAIN_PICTURES = range(0x2190, 0x2C00)  # may be drawn in colour by a font, like those above


def shown_text(text: str, *, can_draw_emoji: bool) -> Shown:
    """The text without what would harm the drawing of it.

    Tabs become spaces, controls and bidi overrides vanish (they could make a message look like
    another), and where drawing a colour emoji can end the program (libXft before 2.3.5), it is
    spelled out: ``:waving_hand_sign:``. The text itself stays as it is.
    """
    if not _ODD.search(text):
        return Shown(text, text)
    pieces = [_piece(character, can_draw_emoji) for character in text]
    shown = "".join(pieces)
    if shown == text:
        return Shown(text, text)
    lengths = (len(piece) for piece in pieces)
    starts = list(accumulate(lengths, initial=0))
    return Shown(shown, text, tuple(_places(starts)))


def _places(starts: list[int]) -> Iterable[int]:
    for place in range(len(starts) - 1):
        yield from [place] * (starts[place + 1] - starts[place])
    yield len(starts) - 1


def _piece(character: str, can_draw_emoji: bool) -> str:
    if not _ODD.match(character):
        return character
    if character == "\t":
        return "    "
    code = ord(character)
    is_picture = code in _PLAIN_PICTURES or code >= 0x1F000
    if not is_picture:
        return character if character == "\ufe0f" and can_draw_emoji else ""
    if can_draw_emoji or unicodedata.category(character) == "Sm":
        return character
    return _spelled(character)


def spelled_pictures(text: str) -> dict[str, str]:
    """The pictures in a text, by what is drawn instead of them where they are dangerous."""
    pieces = {_piece(character, False): character for character in text if character != ":"}
    return {piece: character for piece, character in pieces.items() if piece.startswith(":")}


def _spelled(character: str) -> str:
    name = unicodedata.name(character, f"u+{ord(character):x}")
    return f":{name.lower().replace(' ', '_')}:"
