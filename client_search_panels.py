"""The box in which one writes what to look for.

Band: adapters. It reports what is written; what is done with it is decided elsewhere.
"""

import tkinter as tk
from collections.abc import Callable

from texts import Texts
from widgets import watch
from widgets_look import Look, draw_rounded, is_focused
from widgets_paint import Icon


class SearchBox(tk.Canvas):
    """Where one writes what to look for.

    ``on_write(words)``: as they stand now; ``on_enter``: Enter; ``on_close``: the cross.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        on_write: Callable[[str], None],
        on_enter: Callable[[], None],
        on_close: Callable[[], object],
    ) -> None:
        colours = look.colours
        super().__init__(
            parent, background=colours.side, highlightthickness=0, height=look.px(32), width=1
        )
        self._look, self._on_write, self._on_close = look, on_write, on_close
        self._fill = colours.side_chosen
        self.words = tk.StringVar(self)
        self.entry = tk.Entry(
            self,
            textvariable=self.words,
            font=look.small,
            background=self._fill,
            foreground=colours.side_text,
            insertbackground=colours.side_text,
            selectbackground=colours.accent,
            selectforeground=colours.accent_text,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
        )
        self.hint = tk.Label(
            self,
            text=f"{say('search.hint')}   Ctrl+F",
            font=look.small,
            background=self._fill,
            foreground=colours.side_soft,
            borderwidth=0,
            padx=0,
            pady=0,
            cursor="xterm",
        )
        self.hint.bind("<Button-1>", lambda _: self.entry.focus_set())
        self.bind("<Configure>", self._draw)
        self.bind("<Button-1>", self._press)
        self.entry.bind("<FocusIn>", self._draw)
        self.entry.bind("<FocusOut>", self._draw)
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda _: on_enter())
        watch(self, self.words, self._typed)

    def open(self) -> None:
        """Ready to be written in; what stood there is selected."""
        self.entry.focus_set()
        self.entry.selection_range(0, "end")

    def write(self, words: str) -> None:
        """As if typed."""
        self.words.set(words)
        self.entry.icursor("end")

    def clear(self) -> None:
        """Nothing is looked for."""
        self.words.set("")

    def _typed(self) -> None:
        self._on_write(self.words.get())
        self._draw()

    def _press(self, event: "tk.Event[tk.Misc]") -> None:
        if self.words.get() and event.x > self.winfo_width() - self._look.px(32):
            self._on_close()
        else:
            self.entry.focus_set()

    def _draw(self, _event: object = None) -> None:
        look, colours = self._look, self._look.colours
        self.delete("all")
        width, height = self.winfo_width(), self.winfo_height()
        has_focus = is_focused(self.entry)
        border = colours.side_soft if has_focus else ""
        draw_rounded(self, look, (0, 0, width, height), fill=self._fill, border=border)
        left, right = look.px(12), look.px(12)
        if self.words.get():
            right = look.px(30)
            cross = look.icon(Icon.CLOSE, look.px(12), colours.side_soft)
            self.create_image(width - look.px(16), height // 2, image=cross)
        self.entry.place(x=left, rely=0.5, anchor="w", width=max(1, width - left - right))
        if self.words.get() or has_focus:
            self.hint.place_forget()
        else:
            self.hint.place(x=left + 1, rely=0.5, anchor="w")
