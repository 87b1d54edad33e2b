"""Lists of rows that are drawn only in view, words of which one is chosen, menus in our colours.

Band: adapters. Knows Tk and how things look, nothing of rooms or servers.
"""

import contextlib
import tkinter as tk
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from widgets import ThinScrollbar
from widgets_look import Look, is_focused

_NOTCH = 48  # design pixels that a notch of the wheel moves


@dataclass(frozen=True, slots=True)
class Box:
    """Where a row is drawn, in real pixels of its canvas."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> int:
        """Between its top and its bottom."""
        return (self.top + self.bottom) // 2


@dataclass(frozen=True, slots=True)
class ListRow:
    """A place in a list. ``height``: real pixels; a caption cannot be picked."""

    height: int
    can_be_picked: bool = True


class RowList(tk.Frame):
    """Rows under each other; ``draw(place, box)`` puts one on ``canvas``.

    ``on_pick(place)``: clicked, or Enter; ``on_menu(place, x, y)``: the other button, at this place
    of the screen.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        *,
        ground: str,
        draw: Callable[[int, Box], None],
        on_pick: Callable[[int], None],
        on_menu: Callable[[int, int, int], None] | None = None,
        thumb: str = "",
        takes_focus: bool = True,
    ) -> None:
        super().__init__(parent, background=ground)
        self._look, self._draw_row, self._on_pick, self._on_menu = look, draw, on_pick, on_menu
        self._rows: Sequence[ListRow] = ()
        self._tops: list[int] = [0]
        self._is_over = False
        self.hot: int | None = None  # under the pointer, or reached with the arrow keys
        self.canvas = tk.Canvas(
            self,
            background=ground,
            highlightthickness=0,
            yscrollincrement=1,
            width=1,
            height=1,
            takefocus=takes_focus,
        )
        self._bar = ThinScrollbar(self, look, self._scroll_to, ground=ground, thumb=thumb)
        self._bar.place(relx=1, rely=0, relheight=1, anchor="ne")
        self.canvas.pack(side="left", fill="both", expand=True)
        self.canvas.configure(yscrollcommand=self._moved)
        self._bind_keys()

    def _bind_keys(self) -> None:
        canvas, notch = self.canvas, self._look.px(_NOTCH)
        canvas.bind("<Configure>", lambda _: self.redraw())
        canvas.bind("<MouseWheel>", self._wheel)
        canvas.bind("<Button-4>", lambda _: self.scroll_by(-notch))
        canvas.bind("<Button-5>", lambda _: self.scroll_by(notch))
        canvas.bind("<Motion>", lambda event: self._warm(self._place_at(event.y)))
        canvas.bind("<Leave>", lambda _: self._warm(None))
        canvas.bind("<Button-1>", lambda event: self._pick(self._place_at(event.y)))
        for button in ("<Button-3>", "<Control-Button-1>"):
            canvas.bind(button, self._open_menu)
        canvas.bind("<Up>", lambda _: self.step(-1))
        canvas.bind("<Down>", lambda _: self.step(1))
        canvas.bind("<FocusOut>", lambda _: self._warm(None))
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            canvas.bind(key, lambda _: self.pick_hot())

    def show(self, rows: Sequence[ListRow]) -> None:
        """Draws anew what is in view."""
        self._rows = rows
        self._tops = list(accumulate((row.height for row in rows), initial=0))
        if self.hot is not None and self.hot >= len(rows):
            self.hot = None
        self.redraw()

    def redraw(self) -> None:
        """What the rows say may have changed."""
        canvas = self.canvas
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.configure(scrollregion=(0, 0, width, max(height, self._tops[-1])))
        canvas.delete("all")
        if self._tops[-1] <= height:
            canvas.yview_moveto(0)
        top = round(canvas.canvasy(0))
        first = max(0, bisect_right(self._tops, top) - 1)
        for place in range(first, len(self._rows)):
            if self._tops[place] > top + height:
                break
            self._draw_row(place, Box(0, self._tops[place], width, self._tops[place + 1]))

    @property
    def height(self) -> int:
        """Of all rows together."""
        return self._tops[-1]

    def step(self, by: int) -> str:
        """Makes the next row that can be picked the hot one, and keeps it in view."""
        places = [place for place, row in enumerate(self._rows) if row.can_be_picked]
        if places:
            at = places.index(self.hot) + by if self.hot in places else (0 if by > 0 else -1)
            self._warm(places[at % len(places)])
            self.see(places[at % len(places)])
        return "break"

    def see(self, place: int) -> None:
        """Scrolls as little as it takes to have a row in view."""
        top, bottom = self._tops[place], self._tops[place + 1]
        seen = round(self.canvas.canvasy(0)), round(self.canvas.canvasy(self.canvas.winfo_height()))
        if top < seen[0]:
            self.scroll_by(top - seen[0])
        elif bottom > seen[1]:
            self.scroll_by(bottom - seen[1])

    def pick_hot(self) -> None:
        """As if clicked."""
        self._pick(self.hot)

    def scroll_by(self, pixels: int) -> None:
        """Down, or up if negative."""
        self.canvas.yview_scroll(pixels, "units")
        self.redraw()

    def _scroll_to(self, fraction: float) -> None:
        self.canvas.yview_moveto(fraction)
        self.redraw()

    def _moved(self, start: float | str, end: float | str) -> None:
        self._bar.set(start, end)
        if float(start) <= 0 and float(end) >= 1:
            self._bar.place_forget()
        else:
            self._bar.place(relx=1, rely=0, relheight=1, anchor="ne")

    def _wheel(self, event: "tk.Event[tk.Misc]") -> None:
        notches = event.delta / 120 if abs(event.delta) >= 120 else event.delta
        self.scroll_by(-round(notches * self._look.px(_NOTCH)))

    def _place_at(self, y: int) -> int | None:
        at = round(self.canvas.canvasy(y))
        place = bisect_right(self._tops, at) - 1
        if 0 <= place < len(self._rows) and self._rows[place].can_be_picked:
            return place
        return None

    def _warm(self, place: int | None) -> None:
        if place != self.hot:
            self.hot = place
            self.canvas.configure(cursor="hand2" if place is not None else "")
            self.redraw()

    def _pick(self, place: int | None) -> None:
        if place is not None:
            self._on_pick(place)

    def _open_menu(self, event: "tk.Event[tk.Misc]") -> None:
        place = self._place_at(event.y)
        if place is not None and self._on_menu is not None:
            self._on_menu(place, event.x_root, event.y_root)


class Tabs(tk.Canvas):
    """A few words over one line, one of them chosen: by mouse or the arrow keys."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        options: Sequence[tuple[str, str]],
        chosen: str,
        on_choose: Callable[[str], None],
        *,
        ground: str,
    ) -> None:
        """``options``: value and words."""
        super().__init__(
            parent,
            background=ground,
            highlightthickness=0,
            height=look.px(32),
            width=1,
            takefocus=True,
            cursor="hand2",
        )
        self._look, self._words, self._on_choose = look, options, on_choose
        self._is_enabled = True
        self.chosen = chosen
        self.bind("<Configure>", lambda _: self._draw())
        self.bind("<Button-1>", self._press)
        self.bind("<Left>", lambda _: self._step(-1))
        self.bind("<Right>", lambda _: self._step(1))
        for change in ("<FocusIn>", "<FocusOut>"):
            self.bind(change, lambda _: self._draw())

    def choose(self, value: str) -> None:
        """As if clicked."""
        if value != self.chosen and self._is_enabled:
            self.mark(value)
            self._on_choose(value)

    def mark(self, value: str) -> None:
        """Shows one as chosen, and tells nobody."""
        self.chosen = value
        self._draw()

    def enable(self, is_enabled: bool) -> None:
        """Whether another one can be chosen."""
        self._is_enabled = is_enabled
        self.configure(cursor="hand2" if is_enabled else "")
        self._draw()

    def show(self, options: Sequence[tuple[str, str]]) -> None:
        """Other words to choose from."""
        self._words = options
        self._draw()

    def _press(self, event: "tk.Event[tk.Misc]") -> None:
        place = event.x * len(self._slots()) // max(1, self.winfo_width())
        if 0 <= place < len(self._words):
            self.choose(self._words[place][0])

    def _step(self, by: int) -> None:
        values = [value for value, _ in self._words]
        self.choose(values[(values.index(self.chosen) + by) % len(values)])

    def _slots(self) -> list[int]:
        """Three of them, even if fewer words stand there: they keep their places."""
        slots = max(3, len(self._words))
        return [self.winfo_width() * slot // slots for slot in range(slots)]

    def _draw(self) -> None:
        look, colours = self._look, self._look.colours
        self.delete("all")
        bottom = self.winfo_height() - 1
        self.create_line(0, bottom, self.winfo_width(), bottom, fill=colours.line)
        has_focus = is_focused(self)
        for (value, words), left in zip(self._words, self._slots(), strict=False):
            is_chosen = value == self.chosen
            font = look.strong if is_chosen else look.text
            ink = colours.accent if is_chosen else colours.soft
            self.create_text(left, look.px(12), text=words, anchor="w", font=font, fill=ink)
            if is_chosen:
                right = left + font.measure(words) + look.px(14)
                top = bottom - look.px(2) + 1
                self.create_rectangle(left, top, right, bottom + 1, fill=colours.accent, width=0)
                if has_focus:
                    box = (left - 2, 1, right, bottom - look.px(4))
                    self.create_rectangle(*box, outline=colours.accent, dash=(2, 2))


def make_menu(parent: tk.Misc, look: Look) -> tk.Menu:
    """One that pops up, in the colours of the window."""
    colours = look.colours
    return tk.Menu(
        parent,
        tearoff=False,
        font=look.small,
        background=colours.surface,
        foreground=colours.text,
        activebackground=colours.pill,
        activeforeground=colours.text,
        disabledforeground=colours.soft,
        selectcolor=colours.accent,
        relief="solid",
        borderwidth=1,
        activeborderwidth=look.px(4),
    )


def pop_up(menu: tk.Menu, x: int, y: int) -> None:
    """At a place of the screen."""
    with contextlib.suppress(tk.TclError):  # another program holds the pointer
        menu.tk_popup(x, y)
