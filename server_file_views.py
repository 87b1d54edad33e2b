"""The space that files take, in the server's window: a quiet bar, and the card that shows it.

Band: adapters. Views draw what server_file_model.py computed and report what was pressed; they
decide nothing.
"""

import tkinter as tk
from collections.abc import Callable

from server_file_model import FilesModel
from texts import Texts
from widgets import Card, Link
from widgets_look import Look, draw_rounded

FILES_WIDTH = 186  # design pixels, of the card
_BAR = 6


def draw_bar(
    canvas: tk.Canvas, look: Look, box: tuple[int, int, int, int], share: float, *, is_alarm: bool
) -> None:
    """How much of something is there, 0 to 1."""
    colours = look.colours
    left, top, right, bottom = box
    track = colours.focus if colours.is_dark else colours.line
    draw_rounded(canvas, look, box, fill=track, radius=3)
    if share > 0:
        end = left + max(bottom - top, round((right - left) * share))
        fill = colours.danger if is_alarm else colours.accent
        draw_rounded(canvas, look, (left, top, end, bottom), fill=fill, radius=3)


class SpaceBar(tk.Canvas):
    """How much of the space is used."""

    def __init__(self, parent: tk.Misc, look: Look) -> None:
        super().__init__(
            parent,
            height=look.px(_BAR),
            width=1,
            background=look.colours.surface,
            highlightthickness=0,
            takefocus=False,
        )
        self._look = look
        self._shown = (0.0, False)
        self.bind("<Configure>", self._draw)

    def show(self, model: FilesModel) -> None:
        """As it is now."""
        shown = model.share, bool(model.warning)
        if shown != self._shown:
            self._shown = shown
            self._draw()

    def _draw(self, _event: object = None) -> None:
        self.delete("all")
        box = (0, 0, self.winfo_width(), self.winfo_height())
        draw_bar(self, self._look, box, self._shown[0], is_alarm=self._shown[1])


class FilesCard(Card):
    """The space in three lines; ``on_show`` opens the list."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_show: Callable[[], None]
    ) -> None:
        colours = look.colours
        super().__init__(parent, look, padding=(17, 11))
        self._look, self._say = look, say
        head = tk.Frame(self.inside, background=colours.surface)
        head.pack(fill="x")
        self._label(head, look.caption, say("server.files").upper()).pack(side="left")
        self.show_link = Link(
            head, look, say("server.files_show"), on_show, ground=colours.surface, font=look.tiny
        )
        self._used = self._label(self.inside, look.text)
        self._used.configure(foreground=colours.text)
        self._bar = SpaceBar(self.inside, look)
        self._free = self._label(self.inside, look.tiny)

    def _label(self, parent: tk.Misc, font: object, text: str = "") -> tk.Label:
        colours = self._look.colours
        return tk.Label(
            parent,
            text=text,
            font=font,  # type: ignore[arg-type]  # named fonts are accepted
            background=colours.surface,
            foreground=colours.soft,
            anchor="w",
            justify="left",
            wraplength=self._look.px(FILES_WIDTH - 36),
            borderwidth=0,
            padx=0,
        )

    def show(self, model: FilesModel) -> None:
        """The space as it is now; without a server, that there is nothing to show."""
        look, colours = self._look, self._look.colours
        is_known = model.space is not None
        for part in (self._used, self._bar, self._free):
            part.pack_forget()
        if is_known:
            self.show_link.pack(side="right")
            self._used.configure(text=model.used)
            self._used.pack(fill="x", pady=(look.px(14), look.px(6)))
            self._bar.show(model)
            self._bar.pack(fill="x")
            if model.warning:
                self._free.configure(
                    text=self._say("server.files_hardly"), foreground=colours.alarm
                )
            else:
                self._free.configure(text=model.free, foreground=colours.soft)
            self._free.pack(fill="x", pady=(look.px(7), 0))
        else:
            self.show_link.pack_forget()
            self._free.configure(text=self._say("server.files_stopped"), foreground=colours.soft)
            self._free.pack(expand=True)
