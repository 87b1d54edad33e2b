"""The dark side of the join window: what this is, and the rooms one has been in.

Band: adapters. Each room is a button that fills the form beside it.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import font as tkfont

from texts import Texts
from widgets import IconButton, Words
from widgets_look import Look, draw_rounded, shorten
from widgets_paint import Icon

_SIDE_WIDTH = 280
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """A room that can be chosen. ``when``: the last visit, in words."""

    title: str
    host: str
    port: int
    name: str
    when: str
    is_account: bool = False

    @property
    def place(self) -> str:
        """``192.168.1.20:8083``."""
        return f"{self.host}:{self.port}"


class RecentRooms(tk.Frame):
    """The newest first. ``on_choose``: one was pressed."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        rooms: Sequence[RoomEntry],
        *,
        on_choose: Callable[[RoomEntry], None],
        on_settings: Callable[[], None],
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.side, width=look.px(_SIDE_WIDTH))
        self.pack_propagate(False)
        self._look = look
        self.buttons: list[RoomButton] = []
        self._line("Ruang", look.title, colours.side_text, 24)
        self._line(say("join.slogan"), look.tiny, colours.side_soft, 2)
        self._line(say("join.recent").upper(), look.caption, colours.side_soft, 32)
        tk.Frame(self, background=colours.side, height=look.px(10)).pack()
        foot = tk.Frame(self, background=colours.side)
        foot.pack(side="bottom", fill="x", padx=(look.px(28), look.px(14)), pady=look.px(14))
        self.gear = IconButton(
            foot,
            look,
            Icon.GEAR,
            on_settings,
            ground=colours.side,
            ink=colours.side_soft,
            name=say("settings.title"),
        )
        self.gear.pack(side="right")
        footer = say("join.footer")
        Words(foot, footer, font=look.tiny, ink=colours.side_faint, ground=colours.side).pack(
            side="left"
        )
        if not rooms:
            self._line(say("join.recent_none"), look.tiny, colours.side_faint, 4)
        for room in rooms[:_SHOWN]:
            button = RoomButton(self, look, room, on_choose)
            button.pack(fill="x", padx=look.px(14), pady=(0, look.px(8)))
            self.buttons.append(button)

    def mark(self, place: str) -> None:
        """The form is about the room there."""
        for button in self.buttons:
            button.mark(button.room.place == place)

    def _line(self, text: str, font: tkfont.Font, ink: str, top: int) -> None:
        look = self._look
        ground, left = look.colours.side, look.px(28)
        wrap = look.px(_SIDE_WIDTH) - 2 * left
        words = Words(self, text, font=font, ink=ink, ground=ground, wrap=wrap)
        words.pack(fill="x", padx=left, pady=(look.px(top), 0))


class RoomButton(tk.Canvas):
    """A room in the list."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        room: RoomEntry,
        on_choose: Callable[[RoomEntry], None],
    ) -> None:
        super().__init__(
            parent,
            height=look.px(62),
            width=1,
            background=look.colours.side,
            highlightthickness=0,
            takefocus=True,
            cursor="hand2",
        )
        self.room = room
        self._look, self._on_choose = look, on_choose
        self._is_chosen = self._has_focus = False
        self.bind("<Configure>", lambda _: self._draw())
        self.bind("<FocusIn>", lambda _: self._focus(True))
        self.bind("<FocusOut>", lambda _: self._focus(False))
        for key in ("<Button-1>", "<Return>", "<KP_Enter>", "<space>"):
            self.bind(key, lambda _: self.press())

    def press(self) -> None:
        """As if clicked."""
        self._on_choose(self.room)

    def mark(self, is_chosen: bool) -> None:
        """Whether the form is about this room."""
        if is_chosen != self._is_chosen:
            self._is_chosen = is_chosen
            self._draw()

    def _focus(self, has_focus: bool) -> None:
        self._has_focus = has_focus
        self._draw()

    def _draw(self) -> None:
        look, colours = self._look, self._look.colours
        self.delete("all")
        width, height = self.winfo_width(), self.winfo_height()
        if self._is_chosen or self._has_focus:
            border = colours.side_soft if self._has_focus else ""
            box = (0, 0, width, height)
            draw_rounded(self, look, box, fill=colours.side_chosen, border=border)
        left = look.px(14)
        for text, y, font, ink in (
            (self.room.title, 17, look.strong, colours.side_text),
            (self.room.place, 34, look.tiny, colours.side_soft),
            (self.room.when, 48, look.tiny, colours.side_soft),
        ):
            fitting = shorten(look.shown(text), font, max(1, width - 2 * left))
            self.create_text(left, look.px(y), text=fitting, anchor="w", font=font, fill=ink)
