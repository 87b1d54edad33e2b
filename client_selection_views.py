"""What of the messages is selected: from where to where, how it is marked, what a copy gives.

Band: adapters. Knows the rows as they are placed on a canvas; which ones these are is decided
elsewhere. Points are in pixels of the canvas.
"""

import contextlib
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from client_bubbles import Block, Placed, RowKey, row_key
from client_layout import word_around
from client_rows import MessageRow, Receipt, Row
from widgets_look import Look


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place in a text: where a selection begins or ends."""

    key: RowKey
    index: int


class Selection:
    """Of one canvas. ``time_of``: the clock time of an instant."""

    def __init__(self, canvas: tk.Canvas, look: Look, *, time_of: Callable[[int], str]) -> None:
        self._canvas, self._look, self._time_of = canvas, look, time_of
        self._placed: Sequence[Placed] = ()
        self._places: dict[RowKey, int] = {}  # of the rows that hold text, in _placed
        self._anchor: _Spot | None = None  # where it was begun
        self._point: _Spot | None = None  # and where it ends

    def show(self, placed: Sequence[Placed]) -> None:
        """Other rows; what was selected in those that stay is so still."""
        self._placed = placed
        self._places = {
            row_key(one.row): place for place, one in enumerate(placed) if one.block is not None
        }

    # --- choosing ---

    def clear(self) -> None:
        """Nothing is."""
        self._anchor = self._point = None
        self.mark()

    @property
    def is_begun(self) -> bool:
        """Whether it can be extended."""
        return self._anchor is not None

    def begin(self, x: float, y: float) -> None:
        """A button went down."""
        self._anchor, self._point = self._spot_at(x, y), None

    def extend(self, x: float, y: float) -> None:
        """The pointer was moved with the button held."""
        self._point = self._spot_at(x, y)
        self.mark()

    def select_word(self, x: float, y: float) -> None:
        """The one at a point."""
        spot = self._spot_at(x, y)
        if spot is not None and (block := self._block(spot.key)) is not None:
            start, end = word_around(block.shown.text, spot.index)
            self._select(_Spot(spot.key, start), _Spot(spot.key, end))

    def select_row(self, x: float, y: float) -> None:
        """The whole text at a point."""
        spot = self._spot_at(x, y)
        if spot is not None and (block := self._block(spot.key)) is not None:
            self._select(_Spot(spot.key, 0), _Spot(spot.key, len(block.shown.text)))

    def select_all(self) -> None:
        """All rows there are."""
        if self._places:
            keys = list(self._places)
            first, last = keys[0], keys[-1]
            block = self._block(last)
            if block is not None:
                self._select(_Spot(first, 0), _Spot(last, len(block.shown.text)))

    def _select(self, anchor: _Spot, point: _Spot) -> None:
        self._anchor, self._point = anchor, point
        self.mark()
        self.own()

    def own(self) -> None:
        """The middle button pastes it, where there is such a custom."""
        with contextlib.suppress(tk.TclError):
            self._canvas.selection_own()

    # --- where things are ---

    def row_at(self, y: float) -> int:
        """Place of the row at a height, the nearest if there is none."""
        least, most = 0, len(self._placed) - 1
        while least < most:
            middle = (least + most + 1) // 2
            if self._placed[middle].top <= y:
                least = middle
            else:
                most = middle - 1
        return least

    def _spot_at(self, x: float, y: float) -> _Spot | None:
        """The place between two characters that is nearest to a point."""
        if not self._placed:
            return None
        place = self.row_at(y)
        for at in (*range(place, -1, -1), *range(place + 1, len(self._placed))):
            placed = self._placed[at]
            if (block := placed.block) is None:
                continue
            key = row_key(placed.row)
            if at != place:
                return _Spot(key, len(block.shown.text) if at < place else 0)
            line = int(y - placed.top - block.y) // block.line_height
            if line < 0:
                return _Spot(key, 0)
            if line >= len(block.wrapped.lines):
                return _Spot(key, block.wrapped.lines[-1].end)
            index = block.typesetter.index_at(block.wrapped.lines[line], round(x) - block.x)
            return _Spot(key, index)
        return None

    def _block(self, key: RowKey) -> Block | None:
        place = self._places.get(key)
        return None if place is None else self._placed[place].block

    def _selected(self) -> Iterator[tuple[Placed, Block, int, int]]:
        """Each row that is selected at least in part, with the characters from and to."""
        if self._anchor is None or self._point is None:
            return
        spots = [
            (self._places[spot.key], spot.index)
            for spot in (self._anchor, self._point)
            if spot.key in self._places
        ]
        if len(spots) < 2:
            return
        (first, start), (last, end) = sorted(spots)
        for place in range(first, last + 1):
            placed = self._placed[place]
            if placed.block is not None:
                length = len(placed.block.shown.text)
                yield (
                    placed,
                    placed.block,
                    start if place == first else 0,
                    end if place == last else length,
                )

    # --- showing and copying ---

    def mark(self) -> None:
        """Draws what is selected and in sight."""
        self._canvas.delete("selection")
        for placed, block, start, end in self._selected():
            if placed.items:
                self._mark(placed, block, start, end)

    def _mark(self, placed: Placed, block: Block, start: int, end: int) -> None:
        colours, row = self._look.colours, placed.row
        is_own = isinstance(row, MessageRow) and row.is_own and row.receipt is not Receipt.REFUSED
        fill = colours.own_selection if is_own else colours.selection
        for place, line in enumerate(block.wrapped.lines):
            span = block.typesetter.span(line, start, end)
            if span is not None:
                top = placed.top + block.y + place * block.line_height
                mark = self._canvas.create_rectangle(
                    block.x + span[0],
                    top,
                    block.x + span[1],
                    top + block.line_height,
                    fill=fill,
                    width=0,
                    tags="selection",
                )
                if placed.first_text:
                    self._canvas.tag_lower(mark, placed.first_text)

    def text(self) -> str:
        """What a copy gives: of several messages, each with its time and name."""
        chosen = [
            (placed, block.shown.copied(start, end))
            for placed, block, start, end in self._selected()
        ]
        chosen = [(placed, text) for placed, text in chosen if text]
        if len(chosen) == 1:
            return chosen[0][1]
        return "\n".join(self._as_line(placed.row, text) for placed, text in chosen)

    def _as_line(self, row: Row, text: str) -> str:
        if not isinstance(row, MessageRow):
            return text
        time = f"[{self._time_of(row.sent_at)}] " if row.sent_at else ""
        return f"{time}{row.name}: {text}"
