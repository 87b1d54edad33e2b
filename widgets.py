"""What the windows are made of: cards, buttons, fields, choices, scrollbars, the event pump.

Band: adapters. Knows Tk and how things look, nothing of rooms or servers.
"""

import contextlib
import gc
import logging
import queue
import sys
import tkinter as tk
from collections.abc import Callable
from tkinter import font as tkfont
from types import TracebackType

from widgets_look import Look, draw_rounded, is_focused
from widgets_paint import Icon

log = logging.getLogger(__name__)

EVENTS_A_TURN = 50  # so that a flood of events never holds up keys and drawing
PUMP_MS = 20


# --- widgets ---


class Card(tk.Frame):
    """A box with round corners; its content goes into ``inside``. ``border`` "": it has none."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        *,
        fill: str = "",
        border: str | None = None,
        ground: str = "",
        padding: tuple[int, int] = (16, 12),
    ) -> None:
        self._look = look
        self._fill = fill or look.colours.surface
        self._border = look.colours.line if border is None else border
        ground = ground or look.colours.ground
        super().__init__(parent, background=ground)
        self._back = tk.Canvas(self, background=ground, highlightthickness=0, takefocus=False)
        self._back.place(relwidth=1, relheight=1)
        self._back.bind("<Configure>", self._draw)
        self.inside = tk.Frame(self, background=self._fill)
        across, down = look.px(padding[0]), look.px(padding[1])
        self.inside.pack(fill="both", expand=True, padx=across, pady=down)

    def colour(self, fill: str, border: str) -> None:
        """Another look for another state."""
        if (fill, border) != (self._fill, self._border):
            self._fill, self._border = fill, border
            self.inside.configure(background=fill)
            self._draw()

    def _draw(self, _event: object = None) -> None:
        self._back.delete("all")
        box = (0, 0, self._back.winfo_width(), self._back.winfo_height())
        draw_rounded(self._back, self._look, box, fill=self._fill, border=self._border)


class Button(tk.Canvas):
    """A flat button with round corners: by mouse, Enter or space."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        text: str,
        on_press: Callable[[], None],
        *,
        ground: str,
        fill: str = "",
        hover: str = "",
        ink: str = "",
        border: str = "",
        height: int = 40,
        font: tkfont.Font | None = None,
        padding: int = 16,
    ) -> None:
        self._look, self._text, self._on_press = look, text, on_press
        self._fill = fill or look.colours.accent
        self._hover = hover or look.colours.accent_hover
        is_danger = fill == look.colours.danger
        self._ink = ink or (look.colours.danger_text if is_danger else look.colours.accent_text)
        self._border = border
        self._font = font or look.button
        self._is_over = self._has_focus = False
        self._is_enabled = True
        self._padding = look.px(padding)
        super().__init__(
            parent,
            width=self._font.measure(text) + 2 * self._padding,
            height=look.px(height),
            background=ground,
            highlightthickness=0,
            takefocus=True,
            cursor="hand2",
        )
        self.bind("<Configure>", self._draw)
        self.bind("<Enter>", lambda _: self._over(True))
        self.bind("<Leave>", lambda _: self._over(False))
        self.bind("<FocusIn>", lambda _: self._focus(True))
        self.bind("<FocusOut>", lambda _: self._focus(False))
        self.bind("<ButtonRelease-1>", self._released)
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            self.bind(key, lambda _: self.press())

    def press(self) -> None:
        """As if clicked; nothing while disabled."""
        if self._is_enabled:
            self._on_press()

    def show(self, text: str, *, is_enabled: bool = True) -> None:
        """What it says and whether it can be pressed."""
        self._text, self._is_enabled = text, is_enabled
        self.configure(cursor="hand2" if is_enabled else "")
        needed = self._font.measure(text) + 2 * self._padding
        if needed > int(self.cget("width")):
            self.configure(width=needed)
        self._draw()

    @property
    def text(self) -> str:
        """What it says now."""
        return self._text

    @property
    def is_enabled(self) -> bool:
        """Whether it can be pressed."""
        return self._is_enabled

    def _released(self, event: "tk.Event[tk.Misc]") -> None:
        if 0 <= event.x < self.winfo_width() and 0 <= event.y < self.winfo_height():
            self.press()

    def _over(self, is_over: bool) -> None:
        self._is_over = is_over
        self._draw()

    def _focus(self, has_focus: bool) -> None:
        self._has_focus = has_focus
        self._draw()

    def _draw(self, _event: object = None) -> None:
        self.delete("all")
        width, height = self.winfo_width(), self.winfo_height()
        fill = self._hover if self._is_over or not self._is_enabled else self._fill
        draw_rounded(self, self._look, (0, 0, width, height), fill=fill, border=self._border)
        if self._has_focus:
            inset = self._look.px(3)
            self.create_rectangle(
                inset, inset, width - inset - 1, height - inset - 1, outline=self._ink, dash=(2, 2)
            )
        self.create_text(width // 2, height // 2, text=self._text, fill=self._ink, font=self._font)


class IconButton(tk.Canvas):
    """A picture that can be pressed, by mouse, Enter or space."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        icon: Icon,
        on_press: Callable[[], None],
        *,
        ground: str,
        ink: str,
        name: str,
        disc: str = "",
        size: int = 32,
        picture: int = 18,
    ) -> None:
        """``disc``: colour of a round ground; ``name``: what it does, for whoever asks."""
        side = look.px(size)
        super().__init__(
            parent,
            width=side,
            height=side,
            background=ground,
            highlightthickness=0,
            takefocus=True,
            cursor="hand2",
        )
        self.name = name
        self._on_press = on_press
        centre = side // 2
        if disc:
            self.create_image(0, 0, image=look.disc(side, disc), anchor="nw")
        self._ring = self.create_oval(
            1, 1, side - 2, side - 2, outline=ink, dash=(2, 2), state="hidden"
        )
        self.create_image(centre, centre, image=look.icon(icon, look.px(picture), ink))
        self.bind("<Button-1>", lambda _: self.press())
        self.bind("<FocusIn>", lambda _: self.itemconfigure(self._ring, state="normal"))
        self.bind("<FocusOut>", lambda _: self.itemconfigure(self._ring, state="hidden"))
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            self.bind(key, lambda _: self.press())

    def press(self) -> None:
        """As if clicked."""
        self._on_press()


class Words(tk.Label):
    """Text on a ground, with no room around it, broken at ``wrap`` pixels."""

    def __init__(
        self,
        parent: tk.Misc,
        text: str,
        *,
        font: tkfont.Font,
        ink: str,
        ground: str,
        wrap: int = 0,
    ) -> None:
        super().__init__(
            parent,
            text=text,
            font=font,
            foreground=ink,
            background=ground,
            wraplength=wrap,
            anchor="w",
            justify="left",
            borderwidth=0,
            highlightthickness=0,
            padx=0,
            pady=0,
        )


class Link(tk.Label):
    """Words that can be pressed."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        text: str,
        on_press: Callable[[], None],
        *,
        ground: str,
        ink: str = "",
        font: tkfont.Font | None = None,
    ) -> None:
        super().__init__(
            parent,
            text=text,
            font=font or look.small,
            background=ground,
            foreground=ink or look.colours.accent,
            cursor="hand2",
            takefocus=True,
            highlightthickness=1,
            highlightbackground=ground,
            highlightcolor=ink or look.colours.accent,
            borderwidth=0,
            padx=look.px(1),
        )
        self._on_press = on_press
        self.bind("<Button-1>", lambda _: self.press())
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            self.bind(key, lambda _: self.press())

    def press(self) -> None:
        """As if clicked."""
        self._on_press()


class Field(tk.Frame):
    """A caption, a line to type in, and room for what is wrong with it.

    ``secret`` hides what is typed; then ``show_words`` (show, hide) makes a switch at its end.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        caption: str,
        *,
        ground: str,
        value: str = "",
        fill: str = "",
        secret: bool = False,
        show_words: tuple[str, str] | None = None,
        width: int = 8,
        height: int = 35,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent, background=ground)
        colours = look.colours
        self._look = look
        self._fill = fill or (colours.field if colours.is_dark else colours.surface)
        self._is_wrong = False
        self.caption = Words(
            self, caption.upper(), font=look.caption, ink=colours.soft, ground=ground
        )
        self.caption.pack(anchor="w", pady=(0, look.px(4)))
        self._box = tk.Canvas(
            self,
            height=look.px(height),
            background=ground,
            highlightthickness=0,
            width=look.text.measure("0") * width + look.px(24),
        )
        self._box.pack(fill="x")
        self.variable = tk.StringVar(self, value)
        self.entry = tk.Entry(
            self._box,
            textvariable=self.variable,
            width=width,
            font=look.text,
            background=self._fill,
            foreground=colours.text,
            insertbackground=colours.text,
            disabledbackground=self._fill,
            disabledforeground=colours.soft,
            readonlybackground=self._fill,
            selectbackground=colours.selection,
            selectforeground=colours.text,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            show="•" if secret else "",
        )
        self._switch: Link | None = None
        if secret and show_words:
            self._switch = Link(
                self._box, look, show_words[0], self._show_or_hide, ground=self._fill
            )
            self._switch_words = show_words
        self.error = Words(self, "", font=look.tiny, ink=colours.alarm, ground=ground)
        self._box.bind("<Configure>", self._draw)
        self.entry.bind("<FocusIn>", self._draw)
        self.entry.bind("<FocusOut>", self._draw)
        self._box.bind("<Button-1>", lambda _: self.entry.focus_set())
        self.bind("<Configure>", self._wrap)
        if on_change is not None:
            watch(self, self.variable, on_change)

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.variable.get()

    @value.setter
    def value(self, value: str) -> None:
        self.variable.set(value)

    def show_error(self, sentence: str) -> None:
        """Says what is wrong, below; "" when nothing is any more."""
        self._is_wrong = bool(sentence)
        if sentence:
            width = max(self.winfo_width(), self._box.winfo_reqwidth())  # it widens no field
            self.error.configure(text=sentence, wraplength=width)
            self.error.pack(anchor="w", fill="x", pady=(self._look.px(5), 0))
        else:
            self.error.configure(text="")
            self.error.pack_forget()
        self._draw()

    def enable(self, is_enabled: bool) -> None:
        """Whether one can type in it."""
        self.entry.configure(state="normal" if is_enabled else "disabled")

    def _show_or_hide(self) -> None:
        if self._switch is not None:
            is_hidden = bool(self.entry.cget("show"))
            self.entry.configure(show="" if is_hidden else "•")
            self._switch.configure(text=self._switch_words[is_hidden])
            self._draw()

    def _wrap(self, event: "tk.Event[tk.Misc]") -> None:
        self.error.configure(wraplength=max(60, event.width))

    def _draw(self, _event: object = None) -> None:
        colours, look = self._look.colours, self._look
        width, height = self._box.winfo_width(), self._box.winfo_height()
        has_focus = is_focused(self.entry)
        border = colours.alarm if self._is_wrong else colours.accent if has_focus else colours.line
        self._box.delete("all")
        draw_rounded(self._box, look, (0, 0, width, height), fill=self._fill, border=border)
        left, right = look.px(12), look.px(10)
        if self._switch is not None:
            right += self._switch.winfo_reqwidth() + look.px(6)
            self._switch.place(relx=1, rely=0.5, x=-look.px(10), anchor="e")
        self.entry.place(x=left, rely=0.5, anchor="w", width=max(1, width - left - right))


class Choice(tk.Frame):
    """A few words in a row, one of them chosen: by mouse or the arrow keys."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        options: list[tuple[str, str]],
        chosen: str,
        on_choose: Callable[[str], None],
        *,
        ground: str,
    ) -> None:
        """``options``: value and words."""
        super().__init__(parent, background=ground, takefocus=True, highlightthickness=0)
        self._look, self._ground, self._on_choose = look, ground, on_choose
        self._values = [value for value, _ in options]
        self._words = [
            tk.Label(self, text=words, font=look.small, cursor="hand2", borderwidth=0)
            for _, words in options
        ]
        self.chosen = chosen
        for value, label in zip(self._values, self._words, strict=True):
            label.configure(padx=look.px(12), pady=look.px(5))
            label.pack(side="left", padx=(0, look.px(4)))
            label.bind("<Button-1>", lambda _, value=value: self.choose(value))  # type: ignore[misc]
        self.bind("<Left>", lambda _: self._step(-1))
        self.bind("<Right>", lambda _: self._step(1))
        self.bind("<FocusIn>", self._draw)
        self.bind("<FocusOut>", self._draw)
        self._draw()

    def choose(self, value: str) -> None:
        """As if clicked."""
        if value != self.chosen:
            self.chosen = value
            self._draw()
            self._on_choose(value)

    def _step(self, by: int) -> None:
        place = self._values.index(self.chosen) + by
        self.choose(self._values[place % len(self._values)])

    def _draw(self, _event: object = None) -> None:
        colours = self._look.colours
        has_focus = is_focused(self)
        for value, label in zip(self._values, self._words, strict=True):
            is_chosen = value == self.chosen
            label.configure(
                background=colours.accent if is_chosen else colours.pill,
                foreground=colours.accent_text if is_chosen else colours.text,
                font=self._look.small_strong if is_chosen and has_focus else self._look.small,
            )


class ThinScrollbar(tk.Canvas):
    """A slim bar that appears when there is something to scroll; same calls as tk.Scrollbar."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        on_scroll: Callable[[float], None],
        *,
        ground: str,
        thumb: str = "",
    ) -> None:
        """``on_scroll`` is given the fraction at which the view shall begin."""
        super().__init__(
            parent,
            width=look.px(8),
            height=1,
            background=ground,
            highlightthickness=0,
            takefocus=False,
        )
        self._look, self._on_scroll, self._thumb = look, on_scroll, thumb
        self._from, self._to = 0.0, 1.0
        self._grip = 0.0
        self.bind("<Configure>", self._draw)
        self.bind("<Button-1>", self._press)
        self.bind("<B1-Motion>", self._drag)

    def set(self, start: float | str, end: float | str) -> None:
        """What part of the content is in view."""
        if (float(start), float(end)) != (self._from, self._to):
            self._from, self._to = float(start), float(end)
            self._draw()

    def _press(self, event: "tk.Event[tk.Misc]") -> None:
        at = event.y / max(1, self.winfo_height())
        is_on_thumb = self._from <= at <= self._to
        self._grip = at - self._from if is_on_thumb else (self._to - self._from) / 2
        self._drag(event)

    def _drag(self, event: "tk.Event[tk.Misc]") -> None:
        self._on_scroll(max(0.0, event.y / max(1, self.winfo_height()) - self._grip))

    def _draw(self, _event: object = None) -> None:
        self.delete("all")
        if self._from <= 0 and self._to >= 1:
            return
        width, height = self.winfo_width(), self.winfo_height()
        top, bottom = round(self._from * height), round(self._to * height)
        if bottom - top < self._look.px(24):
            top = min(top, height - self._look.px(24))
            bottom = top + self._look.px(24)
        usual = self._look.colours.side_chosen if self._look.colours.is_dark else "#c9ced6"
        box = (width // 4, top, width - width // 4, bottom)
        draw_rounded(self, self._look, box, fill=self._thumb or usual, radius=2)


# --- around the windows ---


def watch(widget: tk.Misc, variable: tk.Variable, on_change: Callable[[], object]) -> None:
    """Calls it whenever the variable changes, until the widget is destroyed.

    Tcl holds what it shall call, and with that the view that holds the variable: without an end
    none of them would ever be freed.
    """
    trace = variable.trace_add("write", lambda *_: on_change())
    widget.bind("<Destroy>", lambda _: variable.trace_remove("write", trace), add=True)


class EventPump:
    """Hands events from a queue to the window, on Tk's thread, a bounded number at a time.

    ``on_turn`` is called after each turn that had any, so drawing happens once for all of them.
    """

    def __init__(
        self,
        root: tk.Misc,
        events: "queue.SimpleQueue[object]",
        dispatch: Callable[[object], None],
        on_turn: Callable[[], None] | None = None,
    ) -> None:
        self._root, self._events = root, events
        self._dispatch, self._on_turn = dispatch, on_turn
        self._timer: str | None = root.after(PUMP_MS, self._turn)

    def stop(self) -> None:
        """No further turn; call it before the window is destroyed."""
        if self._timer is not None:
            self._root.after_cancel(self._timer)
            self._timer = None

    def _turn(self) -> None:
        is_full = self._events.qsize() >= EVENTS_A_TURN
        self._timer = self._root.after(1 if is_full else PUMP_MS, self._turn)
        had_any = False
        with contextlib.suppress(queue.Empty):
            for _ in range(EVENTS_A_TURN):
                self._dispatch(self._events.get_nowait())
                had_any = True
        if had_any and self._on_turn is not None and self._timer is not None:
            self._on_turn()


class NoDisplayError(Exception):
    """There is no screen to open a window on."""


def prepare_display() -> None:
    """Before the first window: tells Windows that we draw sharply on fine screens ourselves.

    Raises NoDisplayError.
    """
    if sys.platform == "win32":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        tk.Tk(className="Ruang").destroy()
    except tk.TclError as error:
        raise NoDisplayError(str(error)) from None


def collect_garbage() -> None:
    """After a view was destroyed, on Tk's thread: its variables and pictures end here.

    Widgets and their callbacks form cycles. Left alone, those are collected on whatever thread
    happens to fill up a generation, and Tk does not survive being called from there.
    """
    gc.collect()


def log_exceptions(root: tk.Tk) -> None:
    """A defect in a callback is logged and the window lives on."""

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("a callback of the window failed", exc_info=(kind, error, trace))

    root.report_callback_exception = report
