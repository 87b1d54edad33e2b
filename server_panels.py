"""The right half of the server's window and its log: chart, people, lines.

Band: adapters. Views draw what server_model.py computed and report what was pressed; they decide
nothing. The table draws only the lines in sight, so six thousand people cost what twenty do.
"""

import tkinter as tk
from collections.abc import Callable
from itertools import islice

from server_model import CHART_SECONDS, LOG_LINES, PersonLine, ServerModel
from server_views import make_menu
from texts import Texts
from widgets import Card, Link, ThinScrollbar
from widgets_look import Look, is_focused, shorten

_ROW = 32  # design pixels
# Column, key of its heading, and where it begins, as a share of the table's width.
_COLUMNS = (
    ("label", "server.column.person", 0.0),
    ("address", "server.column.address", 0.268),
    ("round_trip", "server.column.round_trip", 0.5),
    ("loss", "server.column.loss", 0.668),
    ("since", "server.column.since", 0.79),
)
_DOTS = "•••"
_SELECTED = "#334155"  # the log is dark in both themes


class ChartCard(Card):
    """Messages per second over the last minutes."""

    def __init__(self, parent: tk.Misc, look: Look, say: Texts) -> None:
        colours = look.colours
        super().__init__(parent, look, padding=(19, 11))
        self._look, self._say = look, say
        self._rates: list[tuple[float, float]] = []
        head = tk.Frame(self.inside, background=colours.surface)
        head.pack(fill="x")
        tk.Label(
            head,
            text=say("server.chart").upper(),
            font=look.caption,
            background=colours.surface,
            foreground=colours.soft,
            padx=0,
        ).pack(side="left")
        self.caption = tk.Label(
            head, font=look.small, background=colours.surface, foreground=colours.soft, padx=0
        )
        self.caption.pack(side="right")
        self._canvas = tk.Canvas(
            self.inside,
            height=look.px(104),
            width=1,
            background=colours.surface,
            highlightthickness=0,
            takefocus=False,
        )
        self._canvas.pack(fill="both", expand=True)
        self._canvas.bind("<Configure>", self._redraw)

    def show(self, model: ServerModel) -> None:
        """The curve and its caption."""
        self.caption.configure(text=model.chart_caption)
        self._rates = model.rates
        self._redraw()

    def _redraw(self, _event: object = None) -> None:
        canvas, look, colours = self._canvas, self._look, self._look.colours
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.delete("all")
        base = height - look.px(4)
        canvas.create_line(0, base, width, base, fill=colours.line)
        if len(self._rates) < 2:
            words = self._say("server.chart_empty")
            canvas.create_text(
                width // 2, height // 2, text=words, font=look.small, fill=colours.soft
            )
            return
        highest = max(1.0, *(rate for _, rate in self._rates))
        room = base - look.px(4)
        points = [
            (width * (1 - age / CHART_SECONDS), base - room * rate / highest)
            for age, rate in self._rates
        ]
        outline = [(points[0][0], base), *points, (points[-1][0], base)]
        canvas.create_polygon(outline, fill=colours.chart, width=0)
        canvas.create_line(points, fill=colours.accent, width=look.px(2), joinstyle="round")


class PeopleCard(Card):
    """Who is here, a line each. Calls ``on_menu(line, x, y)`` for what can be done with somebody.

    By mouse: the dots or the right button. By keys: up, down, Enter.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        on_menu: Callable[[PersonLine, int, int], None],
        on_bans: Callable[[], None],
    ) -> None:
        colours = look.colours
        super().__init__(parent, look, padding=(1, 1))
        self._look, self._say, self.on_menu = look, say, on_menu
        self._model: ServerModel | None = None
        self._top = 0  # the first line in sight
        self._chosen: int | None = None  # a person
        self._hovered = -1
        self._margin = look.px(19)
        head = tk.Frame(self.inside, background=colours.surface, height=look.px(34))
        head.pack(fill="x")
        for _, key, share in _COLUMNS:
            tk.Label(
                head,
                text=say(key).upper(),
                font=look.caption,
                background=colours.surface,
                foreground=colours.soft,
                padx=0,
                borderwidth=0,
            ).place(relx=share, x=round(self._margin * (1 - share)), rely=0.5, anchor="w")
        self.bans_link = Link(head, look, "", on_bans, ground=colours.surface, font=look.tiny)
        tk.Frame(self.inside, background=colours.line, height=1).pack(fill="x")
        self.canvas = tk.Canvas(
            self.inside,
            width=1,
            height=look.px(_ROW * 4),
            background=colours.surface,
            highlightthickness=0,
            takefocus=True,
        )
        self._bar = ThinScrollbar(self.inside, look, self._scroll_to, ground=colours.surface)
        self._bar.pack(side="right", fill="y", pady=look.px(3))
        self.canvas.pack(fill="both", expand=True, pady=(look.px(3), 0))
        self._bind()

    def _bind(self) -> None:
        canvas = self.canvas
        canvas.bind("<Configure>", self._redraw)
        canvas.bind("<FocusIn>", self._redraw)
        canvas.bind("<FocusOut>", self._redraw)
        canvas.bind("<Motion>", self._hover)
        canvas.bind("<Leave>", self._hover)
        canvas.bind("<Button-1>", self._click)
        canvas.bind("<Button-2>", self._click)
        canvas.bind("<Button-3>", self._click)
        canvas.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1))
        canvas.bind("<Button-4>", lambda _: self._scroll(-1))
        canvas.bind("<Button-5>", lambda _: self._scroll(1))
        canvas.bind("<Up>", lambda _: self._step(-1))
        canvas.bind("<Down>", lambda _: self._step(1))
        for key in ("<Return>", "<KP_Enter>", "<space>", "<Menu>"):
            if key != "<Menu>" or canvas.tk.call("tk", "windowingsystem") != "aqua":
                canvas.bind(key, lambda _: self._open_chosen())

    def show(self, model: ServerModel) -> None:
        """The lines in sight, and how many are kept out."""
        self._model = model
        link = model.bans_link
        self.bans_link.configure(text=link)
        if link:
            self.bans_link.place(relx=1, x=-self._margin, rely=0.5, anchor="e")
        else:
            self.bans_link.place_forget()
        self._redraw()

    @property
    def _rows_in_sight(self) -> int:
        return max(1, self.canvas.winfo_height() // self._look.px(_ROW))

    def _redraw(self, _event: object = None) -> None:
        if self._model is None:
            return
        canvas, look, colours = self.canvas, self._look, self._look.colours
        count, in_sight = self._model.people_count, self._rows_in_sight
        self._top = max(0, min(self._top, count - in_sight))
        canvas.delete("all")
        if count == 0:
            canvas.create_text(
                canvas.winfo_width() // 2,
                canvas.winfo_height() // 2,
                text=self._say("server.nobody"),
                font=look.small,
                fill=colours.soft,
            )
        lines = self._model.people(self._top, self._top + in_sight + 1)
        for place, line in enumerate(lines):
            self._draw_line(place, line)
        end = min(1.0, (self._top + in_sight) / max(1, count))
        self._bar.set(self._top / max(1, count), end)

    def _draw_line(self, place: int, line: PersonLine) -> None:
        canvas, look, colours = self.canvas, self._look, self._look.colours
        width, height = canvas.winfo_width() + self._bar.winfo_width(), look.px(_ROW)
        middle = place * height + height // 2
        is_chosen = line.person == self._chosen and is_focused(canvas)
        if is_chosen or place == self._hovered:
            top = place * height
            fill = colours.field if not is_chosen else colours.pill
            canvas.create_rectangle(0, top, width, top + height, fill=fill, width=0)
        starts = [self._margin + round((width - self._margin) * share) for *_, share in _COLUMNS]
        ends = [*starts[1:], width - look.px(40)]
        for (column, _, _), start, end in zip(_COLUMNS, starts, ends, strict=True):
            is_name = column == "label"
            font = look.small_strong if is_name else look.small
            canvas.create_text(
                start,
                middle,
                text=shorten(getattr(line, column), font, end - start - look.px(6)),
                font=font,
                fill=colours.soft if line.is_away or line.is_muted else colours.text,
                anchor="w",
            )
        canvas.create_text(
            width - look.px(22), middle, text=_DOTS, font=look.small, fill=colours.soft, anchor="e"
        )

    def _scroll(self, by: int) -> None:
        self._top += by * 2
        self._redraw()

    def _scroll_to(self, fraction: float) -> None:
        if self._model is not None:
            self._top = round(fraction * self._model.people_count)
            self._redraw()

    def _place_at(self, y: int) -> int:
        return y // self._look.px(_ROW)

    def _hover(self, event: "tk.Event[tk.Misc]") -> None:
        is_left = event.type is tk.EventType.Leave
        hovered = -1 if is_left else self._place_at(event.y)
        if hovered != self._hovered:
            self._hovered = hovered
            self._redraw()
        on_dots = not is_left and event.x > self.canvas.winfo_width() - self._look.px(50)
        self.canvas.configure(cursor="hand2" if on_dots else "")

    def _click(self, event: "tk.Event[tk.Misc]") -> None:
        self.canvas.focus_set()
        if self._model is None:
            return
        place = self._top + self._place_at(event.y)
        for line in self._model.people(place, place + 1):
            self._chosen = line.person
            self._redraw()
            on_dots = event.x > self.canvas.winfo_width() - self._look.px(50)
            if on_dots or event.num != 1:
                self.on_menu(line, event.x_root, event.y_root)

    def _chosen_place(self) -> int:
        people = self._model.people() if self._model else []
        return next((n for n, line in enumerate(people) if line.person == self._chosen), -1)

    def _step(self, by: int) -> None:
        if self._model is None or not self._model.people_count:
            return
        place = max(0, min(self._model.people_count - 1, self._chosen_place() + by))
        self._chosen = self._model.people(place, place + 1)[0].person
        self._top = max(place - self._rows_in_sight + 1, min(self._top, place))
        self._redraw()

    def _open_chosen(self) -> None:
        place = self._chosen_place()
        if self._model is not None and place >= 0:
            canvas, row = self.canvas, self._look.px(_ROW)
            x = canvas.winfo_rootx() + canvas.winfo_width() // 2
            y = canvas.winfo_rooty() + (place - self._top + 1) * row
            self.on_menu(self._model.people(place, place + 1)[0], x, y)


class LogCard(Card):
    """What happened, newest last: to read, select and copy."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_copy: Callable[[str], None]
    ) -> None:
        colours = look.colours
        border = colours.line if colours.is_dark else ""
        super().__init__(parent, look, fill=colours.log, border=border, padding=(12, 8))
        self._look, self._say, self._on_copy = look, say, on_copy
        self._shown = 0  # lines of the model so far
        self.text = tk.Text(
            self.inside,
            height=5,
            width=1,
            wrap="word",
            font=look.mono,
            background=colours.log,
            foreground=colours.log_text,
            selectbackground=_SELECTED,
            selectforeground="#ffffff",
            inactiveselectbackground=_SELECTED,
            insertwidth=0,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            padx=look.px(8),
            pady=look.px(3),
            spacing1=look.px(4),
            spacing3=look.px(5),
            cursor="xterm",
            takefocus=True,
            state="disabled",
        )
        hanging = look.mono.measure("00:00:00  ")
        self.text.tag_configure("line", lmargin2=hanging)
        self._bar = ThinScrollbar(
            self.inside, look, self.text.yview_moveto, ground=colours.log, thumb=_SELECTED
        )
        self.text.configure(yscrollcommand=self._scrolled)
        self._is_at_end = True
        self._height = 0  # of the text when it was last laid out
        self._bar.pack(side="right", fill="y")
        self.text.pack(side="left", fill="both", expand=True)
        self.text.bind("<Button-1>", lambda _: self.text.focus_set())
        self.text.bind("<Tab>", self._leave)
        self.text.bind("<Configure>", self._stay_at_end)
        for button in ("<Button-2>", "<Button-3>"):
            self.text.bind(button, self._menu)
        for key in ("<Control-a>", "<Command-a>"):
            if key.startswith("<Control") or self._is_mac():
                self.text.bind(key, lambda _: self.select_all())

    def show(self, model: ServerModel) -> None:
        """Adds what is new; stays where the reader is unless that is the end."""
        new = min(model.log_lines_made - self._shown, len(model.log))
        if new <= 0:
            return
        self._shown = model.log_lines_made
        lines = [model.log_text(line) for line in islice(model.log, len(model.log) - new, None)]
        self.text.configure(state="normal")
        for time, sentence in lines:
            is_first = self.text.index("end-1c") == "1.0"
            self.text.insert("end", f"{'' if is_first else chr(10)}{time}  {sentence}", "line")
        too_many = int(self.text.index("end-1c").split(".")[0]) - LOG_LINES
        if too_many > 0:
            self.text.delete("1.0", f"{too_many + 1}.0")
        self.text.configure(state="disabled")
        self._stay_at_end()

    def select_all(self) -> str:
        """All lines that are shown."""
        self.text.tag_add("sel", "1.0", "end-1c")
        return "break"

    def copy(self) -> None:
        """What is selected."""
        if self.text.tag_ranges("sel"):
            self._on_copy(self.text.get("sel.first", "sel.last"))

    def _scrolled(self, start: float | str, end: float | str) -> None:
        self._bar.set(start, end)
        if self.text.winfo_height() == self._height:  # else the layout moved it, not the reader
            self._is_at_end = float(end) >= 0.999

    def _stay_at_end(self, _event: object = None) -> None:
        self._height = self.text.winfo_height()
        if self._is_at_end:
            self.text.see("end")

    def _is_mac(self) -> bool:
        return str(self.text.tk.call("tk", "windowingsystem")) == "aqua"

    def _leave(self, _event: object) -> str:
        self.text.tk_focusNext().focus_set()  # type: ignore[union-attr]
        return "break"

    def _menu(self, event: "tk.Event[tk.Misc]") -> None:
        menu = make_menu(self, self._look)
        menu.add_command(label=self._say("server.copy"), command=self.copy)
        menu.add_command(label=self._say("server.select_all"), command=self.select_all)
        menu.tk_popup(event.x_root, event.y_root)
