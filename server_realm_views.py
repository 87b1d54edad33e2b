"""Other realms in the server's window: one line below what files take.

Band: adapters. Draws what server_realm_model.py computed and reports what was pressed.
"""

import tkinter as tk
from collections.abc import Callable

from server_realm_model import RealmsModel
from texts import Texts
from widgets import Link
from widgets_look import Look


class RealmsLine(tk.Frame):
    """How many are linked; ``on_show`` opens the list."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_show: Callable[[], None]
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.surface)
        self._look = look
        tk.Frame(self, background=colours.line, height=1).pack(fill="x", pady=(0, look.px(6)))
        tk.Label(
            self,
            text=say("server.realms").upper(),
            font=look.caption,
            background=colours.surface,
            foreground=colours.soft,
            borderwidth=0,
            padx=0,
        ).pack(side="left")
        self.link = Link(self, look, "", on_show, ground=colours.surface, font=look.tiny)
        self.link.pack(side="right")

    def show(self, model: RealmsModel) -> None:
        """As it is now; nothing while it is not known."""
        if model.summary:
            self.link.configure(text=model.summary)
            self.pack(side="bottom", fill="x")
        else:
            self.pack_forget()
