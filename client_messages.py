"""The message view: a canvas that holds only what is near what can be seen.

Band: adapters. Places the rows that client_model.py computed, keeps in place what somebody reads,
lets text be selected, and reports scrolling; it decides nothing. client_bubbles.py draws a row.
"""

import contextlib
import tkinter as tk
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from client_bubbles import Placed, RowPainter, row_key
from client_file_lines import action_words
from client_file_model import FileAction
from client_file_views import Preview
from client_layout import MORE_LINES, MOST_LINES
from client_rows import DayRow, MessageRow, Receipt, Row, UnreadRow, count_text
from client_selection_views import Selection
from texts import Texts
from widgets import ThinScrollbar
from widgets_lists import make_menu, pop_up
from widgets_look import Look, draw_rounded
from widgets_paint import Icon

_TOP = 14  # design pixels above the first row
_BOTTOM = 18
_NEAR = 400  # pixels from an end at which more is asked for
_WHEEL = 60  # design pixels that a notch of the wheel moves
_LIGHT_MS = 1_600  # that a place somebody was led to is marked


class MessageView(tk.Frame):
    """Filled by ``show(rows, today)``; speaks through its callables."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        time_of: Callable[[int], str],
        can_draw_emoji: bool,
        on_top: Callable[[], None],
        on_bottom: Callable[[], None],
        on_newest: Callable[[], None],
        on_look: Callable[[], None],
        on_write_again: Callable[[str], None],
        on_ask_lacking: Callable[[int], None],
        on_person: Callable[[str, int, int], None],
        on_file: Callable[[MessageRow, FileAction], None],
        preview_of: Callable[[bytes], Preview | None],
    ) -> None:
        """``on_top``, ``on_bottom``: an end of the rows comes near; ``on_newest``: show the newest
        rows now; ``on_look``: what is in view changed; ``time_of``: the clock time of an instant;
        ``on_ask_lacking``: who lacks an entry? ``on_person``: somebody's name was pressed;
        ``on_file``: something is to be done with a file; ``preview_of``: one, by its hash."""
        super().__init__(parent, background=look.colours.ground)
        self._look, self._say, self._time_of = look, say, time_of
        self._on_top, self._on_bottom, self._on_look = on_top, on_bottom, on_look
        self._on_newest, self._on_write_again = on_newest, on_write_again
        self._on_ask_lacking, self._on_person = on_ask_lacking, on_person
        self._on_file = on_file
        self._rows: Sequence[Row] = ()
        self._placed: list[Placed] = []
        self._sticks = True  # to the end, when more comes
        self._has_end = True  # the newest row of all is among ours
        self._seen: tuple[bool, int] = (False, 0)  # as told
        self._unread = 0
        self._is_loading = False
        ground = look.colours.ground
        self.canvas = tk.Canvas(
            self, background=ground, highlightthickness=0, yscrollincrement=1, takefocus=True
        )
        self._painter = RowPainter(
            self.canvas,
            look,
            say,
            time_of=time_of,
            can_draw_emoji=can_draw_emoji,
            preview_of=preview_of,
        )
        self.selection = Selection(self.canvas, look, time_of=time_of)
        self._bar = ThinScrollbar(self, look, self._scroll_to_fraction, ground=ground)
        self._bar.pack(side="right", fill="y", padx=(0, look.px(2)), pady=look.px(2))
        self.canvas.pack(side="left", fill="both", expand=True)
        self.canvas.configure(yscrollcommand=self._bar.set)
        self._menu = make_menu(self, look)
        self._bind_keys()

    def _bind_keys(self) -> None:
        canvas, notch = self.canvas, self._look.px(_WHEEL)
        canvas.bind("<Configure>", self._resized)
        canvas.bind("<Button-1>", self._pressed)
        canvas.bind("<B1-Motion>", self._dragged)
        canvas.bind("<ButtonRelease-1>", self._released)
        selection = self.selection
        canvas.bind("<Double-Button-1>", lambda e: selection.select_word(*self._point_of(e)))
        canvas.bind("<Triple-Button-1>", lambda e: selection.select_row(*self._point_of(e)))
        canvas.bind("<Motion>", self._hovered)
        for button in ("<Button-3>", "<Control-Button-1>"):
            canvas.bind(button, self._open_menu)
        canvas.bind("<<Copy>>", lambda _: self.copy())
        canvas.bind("<Control-a>", lambda _: selection.select_all())
        canvas.bind("<MouseWheel>", self._wheel)
        canvas.bind("<Button-4>", lambda _: self.scroll_by(-notch))
        canvas.bind("<Button-5>", lambda _: self.scroll_by(notch))
        canvas.bind("<Prior>", lambda _: self.scroll_pages(-0.9))
        canvas.bind("<Next>", lambda _: self.scroll_pages(0.9))
        canvas.bind("<Up>", lambda _: self.scroll_by(-notch))
        canvas.bind("<Down>", lambda _: self.scroll_by(notch))
        canvas.bind("<Home>", lambda _: self._scroll_to_fraction(0.0))
        canvas.bind("<End>", lambda _: self.scroll_to_end())
        with contextlib.suppress(tk.TclError):  # X's primary selection: the middle button pastes it
            canvas.selection_handle(self._primary_selection)

    # --- filling ---

    def show(
        self, rows: Sequence[Row], today: date, *, has_end: bool, unread: int, is_loading: bool
    ) -> None:
        """Draws the rows, keeping in place what is in view, or the end if that was in view.

        ``has_end``: the newest of all is the last of them; ``unread``: shown at the way down;
        ``is_loading``: older ones are on their way.
        """
        stays_at_end = self.is_at_end and has_end
        self._rows, self._has_end, self._unread = rows, has_end, unread
        self._is_loading = is_loading
        if today != self._painter.today:
            self._painter.today = today
            for placed in self._placed:
                if isinstance(placed.row, DayRow):
                    self._undraw(placed)
        if self._painter.width > 1:  # else as soon as it is known
            self._replace(rows)
            self._settle(stays_at_end)

    def _replace(self, rows: Sequence[Row]) -> None:
        old = {placed.row: placed for placed in self._placed}
        kept = [old.pop(row, None) for row in rows]
        for gone in old.values():
            self._undraw(gone)
        anchor = self._first_in_view(kept)
        self._placed = [
            placed or self._painter.measured(row) for row, placed in zip(rows, kept, strict=True)
        ]
        self._place(anchor)

    def _first_in_view(self, kept: Sequence[Placed | None]) -> int | None:
        """A row that stays where it is: the first one in view of those that were there before."""
        top = self.canvas.canvasy(0)
        known = None
        for place, placed in enumerate(kept):
            if placed is not None:
                known = place
                if placed.top + placed.height > top:
                    break
        return known

    def _place(self, anchor: int | None) -> None:
        """Gives each row its top, outwards from the one that stays; the region follows."""
        self.selection.show(self._placed)
        look = self._look
        start = anchor or 0
        top = look.px(_TOP) if anchor is None else self._placed[anchor].top
        bottom = top
        for placed in self._placed[start:]:
            self._move(placed, bottom)
            bottom += placed.height
        for placed in reversed(self._placed[:start]):
            top -= placed.height
            self._move(placed, top)
        self.canvas.delete("loading")
        if self._is_loading:
            words, ink = self._say("chat.loading"), look.colours.soft
            middle = self._painter.width // 2
            self.canvas.create_text(
                middle, top, text=words, font=look.tiny, fill=ink, tags="loading"
            )
            top -= look.px(_TOP)
        region = (0, top - look.px(_TOP), self._painter.width, bottom + look.px(_BOTTOM))
        self.canvas.configure(scrollregion=region)

    def _move(self, placed: Placed, top: int) -> None:
        if placed.top != top:
            self._undraw(placed)
            placed.top = top

    def _undraw(self, placed: Placed) -> None:
        if placed.items:
            self.canvas.delete(*placed.items)
            placed.items = []

    def _measure_anew(self) -> None:
        """After a change of width."""
        for placed in self._placed:
            self._undraw(placed)
        first = self._first_in_view(self._placed)
        top = self._placed[first].top if first is not None else 0
        self._placed = [self._painter.measured(placed.row) for placed in self._placed]
        if first is not None:
            self._placed[first].top = top
            self._place(first)

    def _settle(self, goes_to_end: bool) -> None:
        if goes_to_end:
            self.canvas.yview_moveto(1.0)
        self._draw_visible()

    def _draw_visible(self) -> None:
        """Items for the rows in view and a little beyond; none for the others."""
        height = self.canvas.winfo_height()
        top = self.canvas.canvasy(0) - height // 2
        bottom = top + 2 * height
        for placed in self._placed:
            is_near = placed.top + placed.height >= top and placed.top <= bottom
            if is_near and not placed.items:
                placed.items = self._painter.drawn(placed)
            elif placed.items and not is_near:
                self._undraw(placed)
        self.selection.mark()
        self._look_around()
        self._draw_way_down()

    def _look_around(self) -> None:
        """Tells which ends have come near, and whether the newest is in view."""
        end = self._placed[-1].top + self._placed[-1].height if self._placed else 0
        self._sticks = self._view_bottom() >= end - self._look.px(12)
        seen = (self.is_at_end, self.last_seen)
        if seen != self._seen:
            self._seen = seen
            self._on_look()
        if self.is_near_end:
            self._on_bottom()
        if self.is_near_top:
            self._on_top()

    def _view_bottom(self) -> float:
        return float(self.canvas.canvasy(self.canvas.winfo_height()))

    @property
    def is_at_end(self) -> bool:
        """Whether the newest row is in view."""
        return self._sticks and self._has_end

    @property
    def last_seen(self) -> int:
        """Number of the last entry whose end is in view, or was passed on the way there."""
        bottom = self._view_bottom() + self._look.px(_BOTTOM)
        for placed in reversed(self._placed):
            number = getattr(placed.row, "number", 0)
            if number and placed.top + placed.height <= bottom:
                return int(number)
        return 0

    @property
    def is_near_end(self) -> bool:
        """Whether newer rows than those shown could soon be in view."""
        if self._has_end or not self._placed:
            return False
        return self._view_bottom() > self._placed[-1].top - _NEAR

    @property
    def is_near_top(self) -> bool:
        """Whether older rows than those shown could soon be in view."""
        return bool(self._placed) and self.canvas.canvasy(0) < self._placed[0].top + _NEAR

    # --- scrolling ---

    def scroll_by(self, pixels: int) -> None:
        """Down, or up if negative."""
        self.canvas.yview_scroll(pixels, "units")
        self._draw_visible()

    def scroll_pages(self, pages: float) -> None:
        """Down, or up if negative."""
        self.scroll_by(round(self.canvas.winfo_height() * pages))

    def scroll_to_end(self) -> None:
        """To the newest row, wherever the rows shown now may end."""
        if not self._has_end:
            self._on_newest()
        self._settle(goes_to_end=True)

    def clear(self) -> None:
        """Another conversation is shown from now on: at its end, with nothing selected."""
        self._rows = ()
        self._replace(())
        self.selection.clear()
        self._painter.opened.clear()
        self._sticks = self._has_end = True

    def reveal(self, number: int, *, is_marked: bool = True) -> bool:
        """Scrolls to an entry, at a third of the height; False: it is not among the rows.

        ``is_marked``: its ground lights up for a moment.
        """
        for placed in self._placed:
            if number and getattr(placed.row, "number", 0) == number:
                wish = placed.top - self.canvas.winfo_height() // 3
                self.scroll_by(wish - round(self.canvas.canvasy(0)))
                if is_marked:
                    self._light_up(placed)
                return True
        return False

    def reveal_unread(self) -> None:
        """What is new from its beginning, if it does not fit into the view."""
        for placed in self._placed:
            if isinstance(placed.row, UnreadRow):
                above = round(self.canvas.canvasy(0)) + self._look.px(_TOP)
                if placed.top < above:
                    self.scroll_by(placed.top - above)

    def _light_up(self, placed: Placed) -> None:
        colours, width = self._look.colours, self._painter.width
        light = self.canvas.create_rectangle(
            0,
            placed.top,
            width,
            placed.top + placed.height + self._look.px(5),
            fill=colours.meant,
            width=0,
            tags="light",
        )
        self.canvas.tag_lower(light)
        self.after(_LIGHT_MS, self.canvas.delete, light)

    def _scroll_to_fraction(self, fraction: float) -> None:
        self.canvas.yview_moveto(fraction)
        self._draw_visible()

    def _wheel(self, event: "tk.Event[tk.Misc]") -> None:
        notches = event.delta / 120 if abs(event.delta) >= 120 else event.delta
        self.scroll_by(-round(notches * self._look.px(_WHEEL)))

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        was_at_end = self.is_at_end
        if event.width != self._painter.width:
            self._painter.width = event.width
            self._measure_anew()
            self._replace(self._rows)
        self._settle(was_at_end)

    def _draw_way_down(self) -> None:
        """A round button over the messages while the newest are out of sight."""
        canvas, look, colours = self.canvas, self._look, self._look.colours
        canvas.delete("down")
        if self.is_at_end or not self._placed:
            return
        size = look.px(38)
        x = canvas.winfo_width() - look.px(22) - size
        y = round(canvas.canvasy(canvas.winfo_height())) - look.px(16) - size
        for picture, inset in (
            (look.disc(size, colours.line), 0),
            (look.disc(size - 2, colours.surface), 1),
        ):
            canvas.create_image(x + inset, y + inset, image=picture, anchor="nw", tags="down")
        arrow = look.icon(Icon.DOWN, look.px(18), colours.soft)
        canvas.create_image(x + size // 2, y + size // 2, image=arrow, tags="down")
        if self._unread:
            text = count_text(self._unread)
            half = max(look.px(10), look.tiny.measure(text) // 2 + look.px(6))
            middle = x + size // 2
            box = (middle - half, y - look.px(10), middle + half, y + look.px(8))
            draw_rounded(canvas, look, box, fill=colours.badge, radius=9, tags="down")
            ink = colours.badge_text
            canvas.create_text(
                middle, y - look.px(1), text=text, font=look.tiny, fill=ink, tags="down"
            )

    def _is_way_down(self, event: "tk.Event[tk.Misc]") -> bool:
        x, y = self.canvas.canvasx(event.x), self.canvas.canvasy(event.y)
        box = self.canvas.bbox("down")
        return bool(box) and box[0] <= x <= box[2] and box[1] <= y <= box[3]

    # --- selecting and copying ---

    def _block_under(self, event: "tk.Event[tk.Misc]") -> Placed | None:
        """The row whose bubble is under the pointer."""
        if not self._placed:
            return None
        x, y = self._point_of(event)
        placed = self._placed[self.selection.row_at(y)]
        if placed.bubble is None:
            return None
        left, top, right, bottom = placed.bubble
        is_in = left <= x <= right and top <= y - placed.top <= bottom
        return placed if is_in else None

    def _author_under(self, event: "tk.Event[tk.Misc]") -> str:
        """Whose picture or name is under the pointer; empty: nobody's."""
        if not self._placed:
            return ""
        x, y = self._point_of(event)
        placed = self._placed[self.selection.row_at(y)]
        if placed.author is None or not isinstance(placed.row, MessageRow):
            return ""
        left, top, right, bottom = placed.author
        is_in = left <= x <= right and top <= y - placed.top <= bottom
        return placed.row.name if is_in and self._block_under(event) is None else ""

    def _action_under(self, event: "tk.Event[tk.Misc]") -> FileAction | None:
        """What would be done with a file by a press there."""
        placed = self._block_under(event)
        if placed is None:
            return None
        x, y = self._point_of(event)
        return placed.action_at(x, y - placed.top)

    def _point_of(self, event: "tk.Event[tk.Misc]") -> tuple[float, float]:
        return self.canvas.canvasx(event.x), self.canvas.canvasy(event.y)

    def _pressed(self, event: "tk.Event[tk.Misc]") -> None:
        self.canvas.focus_set()
        if self._is_way_down(event):
            self.scroll_to_end()
            return
        if name := self._author_under(event):
            self._on_person(name, event.x_root, event.y_root)
            return
        placed = self._block_under(event)
        action = self._action_under(event)
        if action is not None and placed is not None and isinstance(placed.row, MessageRow):
            self.selection.clear()
            self._on_file(placed.row, action)
            return
        self.selection.begin(*self._point_of(event))
        if placed is not None and placed.block is not None and placed.block.wrapped.is_cut:
            block = placed.block
            end = placed.top + block.y + len(block.wrapped.lines) * block.line_height
            if self.canvas.canvasy(event.y) > end:
                self._open_further(placed)
        self.selection.mark()

    def _open_further(self, placed: Placed) -> None:
        key = row_key(placed.row)
        self._painter.opened[key] = self._painter.opened.get(key, MOST_LINES) + MORE_LINES
        place = self._placed.index(placed)
        self._undraw(placed)
        opened = self._painter.measured(placed.row)
        opened.top = placed.top
        self._placed[place] = opened
        self._place(place)
        self._draw_visible()

    def _dragged(self, event: "tk.Event[tk.Misc]") -> None:
        if not self.selection.is_begun:
            return
        if event.y < 0:
            self.scroll_by(max(event.y, -self._look.px(_WHEEL)))
        elif event.y > self.canvas.winfo_height():
            self.scroll_by(min(event.y - self.canvas.winfo_height(), self._look.px(_WHEEL)))
        self.selection.extend(*self._point_of(event))

    def _released(self, _event: "tk.Event[tk.Misc]") -> None:
        if self.selected_text():
            self.selection.own()

    def selected_text(self) -> str:
        """What a copy gives: of several messages, each with its time and name."""
        return self.selection.text()

    def copy(self) -> bool:
        """Puts what is selected on the clipboard; False if nothing is."""
        text = self.selected_text()
        if text:
            self._copy_text(text)
        return bool(text)

    def _primary_selection(self, offset: str, length: str) -> str:
        return self.selected_text()[int(offset) : int(offset) + int(length)]

    def _open_menu(self, event: "tk.Event[tk.Misc]") -> None:
        if name := self._author_under(event):
            self._on_person(name, event.x_root, event.y_root)
            return
        menu, say = self._menu, self._say
        menu.delete(0, "end")
        if self.selected_text():
            menu.add_command(label=say("chat.copy"), command=self.copy)
        placed = self._block_under(event)
        if placed is not None and placed.block is not None:
            self._add_choices(menu, placed.row, placed.block.shown.original)
        if menu.index("end") is not None:
            pop_up(menu, event.x_root, event.y_root)

    def _add_choices(self, menu: tk.Menu, row: Row, text: str) -> None:
        say = self._say
        menu.add_command(label=say("chat.copy_message"), command=lambda: self._copy_text(text))
        if not isinstance(row, MessageRow):
            return
        for action in row.view.actions() if row.view is not None else ():
            do = partial(self._on_file, row, action)
            menu.add_command(label=action_words(action, say), command=do)
        if row.receipt is Receipt.REFUSED and row.file is None:
            again = say("chat.write_again")
            menu.add_command(label=again, command=lambda: self._on_write_again(text))
        elif row.receipt in (Receipt.SAVED, Receipt.HELD):
            ask = say("chat.ask_lacking")
            menu.add_command(label=ask, command=lambda: self._on_ask_lacking(row.number))

    def _copy_text(self, text: str) -> None:
        self.clipboard_clear()
        self.clipboard_append(text)

    def _hovered(self, event: "tk.Event[tk.Misc]") -> None:
        cursor = "xterm" if self._block_under(event) is not None else ""
        if self._is_way_down(event) or self._author_under(event) or self._action_under(event):
            cursor = "hand2"
        if str(self.canvas.cget("cursor")) != cursor:
            self.canvas.configure(cursor=cursor)
