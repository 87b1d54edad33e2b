"""One dialog to choose from a list while writing: where to go, whom to write to, what to join.

Band: adapters. What stands in the list, and what is done with the choice, is decided elsewhere.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from client_dialogs import WIDTH, Dialog
from texts import Texts
from widgets import Card, Field
from widgets_lists import Box, ListRow, RowList
from widgets_look import Look, draw_avatar, draw_rounded, shorten

_ROW = 44
_SHOWN = 7  # rows in sight


@dataclass(frozen=True, slots=True)
class Option:
    """A line of the list. ``detail``: small, at its end; ``colour``: of its picture."""

    name: str
    detail: str
    colour: str


class PickDialog(Dialog):
    """A field and a list below it. Up and down choose, Enter takes.

    ``on_write(text)``: something else stands in the field; ``on_pick(place)``: an option was
    taken; ``on_name(text)``: Enter where none was chosen.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        title: str,
        caption: str,
        *,
        on_write: Callable[[str], None],
        on_pick: Callable[[int], None],
        on_name: Callable[[str], None],
        on_close: Callable[[], None],
    ) -> None:
        super().__init__(parent, look, say, title, on_close=on_close)
        colours = look.colours
        self._on_pick, self._on_name = on_pick, on_name
        self._offered: Sequence[Option] = ()
        self.add_words(title, look.heading, colours.text)
        self.field = Field(
            self.body,
            look,
            caption,
            ground=colours.ground,
            width=44,
            on_change=lambda: self._written(on_write),
        )
        self.field.pack(fill="x", pady=(look.px(14), look.px(10)))
        card = Card(self.body, look, padding=(1, 1))
        card.pack(fill="x")
        card.inside.configure(height=look.px(_ROW * _SHOWN), width=look.px(WIDTH))
        card.inside.pack_propagate(False)
        self.list = RowList(
            card.inside, look, ground=colours.surface, draw=self._draw, on_pick=on_pick
        )
        self.list.pack(fill="both", expand=True)
        ground, ink = colours.surface, colours.soft
        self.note = tk.Label(
            card.inside, font=look.small, background=ground, foreground=ink, borderwidth=0
        )
        entry = self.field.entry
        entry.bind("<Up>", lambda _: self.list.step(-1))
        entry.bind("<Down>", lambda _: self.list.step(1))
        for key in ("<Return>", "<KP_Enter>"):
            entry.bind(key, lambda _: self.take())

    def first(self) -> tk.Misc:
        """The field."""
        return self.field.entry

    @property
    def names(self) -> list[str]:
        """What stands in the list."""
        return [option.name for option in self._offered]

    def show(self, options: Sequence[Option], note: str = "", *, is_first_chosen: bool) -> None:
        """``note``: why there are none."""
        self._offered = options
        self.list.hot = 0 if options and is_first_chosen else None
        self.list.show([ListRow(self.look.px(_ROW))] * len(options))
        self.note.configure(text=note)
        if note and not options:
            self.note.place(relx=0.5, rely=0.5, anchor="center")
        else:
            self.note.place_forget()

    def show_error(self, sentence: str) -> None:
        """What is wrong with what was written."""
        self.field.show_error(sentence)

    def take(self) -> None:
        """As if Enter was pressed."""
        if self.list.hot is not None:
            self._on_pick(self.list.hot)
        elif self.field.value.strip():
            self._on_name(self.field.value.strip())

    def _written(self, on_write: Callable[[str], None]) -> None:
        self.field.show_error("")
        on_write(self.field.value)

    def _draw(self, place: int, box: Box) -> None:
        look, colours, canvas = self.look, self.look.colours, self.list.canvas
        option = self._offered[place]
        if place == self.list.hot:
            ground = (look.px(4), box.top + 2, box.right - look.px(4), box.bottom - 2)
            draw_rounded(canvas, look, ground, fill=colours.pill)
        name = look.shown(option.name)
        draw_avatar(
            canvas,
            look,
            look.px(14),
            box.middle - look.px(14),
            name=name,
            colour=option.colour,
            diameter=28,
        )
        right = box.right - look.px(16)
        detail = shorten(option.detail, look.tiny, look.px(180))
        canvas.create_text(
            right, box.middle, text=detail, anchor="e", font=look.tiny, fill=colours.soft
        )
        room = right - look.tiny.measure(detail) - look.px(64)
        canvas.create_text(
            look.px(54),
            box.middle,
            text=shorten(name, look.text, room),
            anchor="w",
            font=look.text,
            fill=colours.text,
        )
