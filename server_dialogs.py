"""The server's dialogs: ban somebody, take bans back, reset a password, stop while people are here.

Band: adapters. Modal, closed by Escape; each tells what was decided through a callable.
"""

import contextlib
import tkinter as tk
from collections.abc import Callable

from server_events import BanPerson, Command, OperatorAnswered, ResetPassword
from server_model import BanLine, PersonLine, ServerModel
from server_views import CheckBox
from texts import Texts
from widgets import Button, Choice, Link, ThinScrollbar
from widgets_look import Look

BANS_SHOWN = 500  # of which each is a widget; more are shown as these are taken back
_WIDTH = 420
_BANS_HEIGHT = 260
_TIMES = (
    ("10", "server.for_10_minutes"),
    ("60", "server.for_1_hour"),
    ("1440", "server.for_1_day"),
    ("", "server.for_good"),
)


class Dialog(tk.Toplevel):
    """A heading, what a subclass puts into ``body``, and a row of buttons."""

    def __init__(self, parent: tk.Misc, look: Look, say: Texts, heading: str) -> None:
        colours = look.colours
        super().__init__(
            parent,
            background=colours.surface,
            highlightthickness=1,
            highlightbackground=colours.line,
            highlightcolor=colours.line,
        )
        self.withdraw()  # until it has its size and place
        self.title(heading)
        self.look, self.say = look, say
        self._parent = parent.winfo_toplevel()
        self.transient(self._parent)
        self.resizable(False, False)
        margin = look.px(24)
        self._words(heading, look.heading, colours.text).pack(
            anchor="w", padx=margin, pady=(look.px(20), look.px(10))
        )
        self.body = tk.Frame(self, background=colours.surface)
        self.body.pack(fill="both", expand=True, padx=margin)
        self.buttons = tk.Frame(self, background=colours.surface)
        self.buttons.pack(fill="x", padx=margin, pady=look.px(20))
        self.bind("<Escape>", lambda _: self.destroy())
        self.bind("<Map>", self._mapped)

    def add_button(
        self, key: str, on_press: Callable[[], None], *, is_danger: bool = False
    ) -> Button:
        """The first one added is the rightmost."""
        look, colours = self.look, self.look.colours
        button = Button(
            self.buttons,
            look,
            self.say(key),
            on_press,
            ground=colours.surface,
            fill=colours.danger if is_danger else colours.pill,
            hover=colours.danger_hover if is_danger else colours.line,
            ink="#ffffff" if is_danger else colours.text,
            height=36,
            font=look.small_strong,
        )
        button.pack(side="right", padx=(look.px(10), 0))
        return button

    def add_words(self, text: str, *, is_soft: bool = False) -> tk.Label:
        """A paragraph of the body."""
        colours = self.look.colours
        label = self._words(
            text, self.look.small, colours.soft if is_soft else colours.text, self.body
        )
        label.pack(anchor="w", fill="x")
        return label

    def open(self) -> None:
        """Shows it over the middle of its window."""
        self.update_idletasks()  # lays out; handles no events
        parent = self._parent
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.deiconify()

    def _words(self, text: str, font: object, ink: str, parent: tk.Misc | None = None) -> tk.Label:
        return tk.Label(
            parent or self,
            text=text,
            font=font,  # type: ignore[arg-type]  # named fonts are accepted
            foreground=ink,
            background=self.look.colours.surface,
            justify="left",
            anchor="w",
            wraplength=self.look.px(_WIDTH),
            borderwidth=0,
            padx=0,
            pady=0,
        )

    def take_input(self) -> None:
        """Keys and pointer are its own, until it is closed."""
        with contextlib.suppress(tk.TclError):  # another program holds the pointer
            self.grab_set()

    def _mapped(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self:
            self.take_input()


class BanDialog(Dialog):
    """For how long, and whether the computer too. Calls ``on_ban(BanPerson)``.

    ``shown``: the name as it may be drawn.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        line: PersonLine,
        shown: str,
        on_ban: Callable[[Command], None],
    ) -> None:
        super().__init__(parent, look, say, say("server.ban_title", name=shown))
        self._name, self._on_ban = line.name, on_ban
        self.add_words(say("server.ban_explain", name=shown))
        times = [(minutes, say(key)) for minutes, key in _TIMES]
        ground = look.colours.surface
        self.time = Choice(self.body, look, times, "60", lambda _: None, ground=ground)
        self.time.pack(anchor="w", pady=(look.px(10), look.px(16)))
        self.address: CheckBox | None = None
        if line.host:
            words = say("server.ban_address", host=line.host)
            self.address = CheckBox(self.body, look, words, ground=ground, width=_WIDTH)
            self.address.pack(fill="x")
            hint = self.add_words(say("server.ban_address_hint"), is_soft=True)
            hint.pack(padx=(look.px(24), 0), pady=(look.px(2), 0))
        self.add_button("server.ban_do", self.ban, is_danger=True)
        self.add_button("server.cancel", self.destroy)
        self.time.focus_set()
        self.open()

    def ban(self) -> None:
        """As if its button were pressed."""
        minutes = int(self.time.chosen) if self.time.chosen else None
        with_address = self.address is not None and self.address.is_ticked
        self._on_ban(BanPerson(self._name, minutes, with_address))
        self.destroy()


class BansDialog(Dialog):
    """All bans and mutes in force, each with an undo. Calls ``on_undo(command)``."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_undo: Callable[[Command], None]
    ) -> None:
        super().__init__(parent, look, say, say("server.bans_title"))
        self._on_undo = on_undo
        self._lines: list[BanLine] | None = None
        ground = look.colours.surface
        self._view = tk.Canvas(
            self.body,
            width=look.px(_WIDTH),
            height=1,
            background=ground,
            highlightthickness=0,
            yscrollincrement=look.px(17),
        )
        bar = ThinScrollbar(self.body, look, self._view.yview_moveto, ground=ground)
        self._view.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self._view.pack(side="left", fill="both", expand=True)
        for button, by in (("<Button-4>", -2), ("<Button-5>", 2)):
            self.bind(button, lambda _, by=by: self._view.yview_scroll(by, "units"))  # type: ignore[misc]
        self.bind(
            "<MouseWheel>",
            lambda event: self._view.yview_scroll(-2 if event.delta > 0 else 2, "units"),
        )
        self._rows = tk.Frame(self._view, background=ground)
        self._view.create_window(0, 0, window=self._rows, anchor="nw", width=look.px(_WIDTH - 10))
        self._rows.bind("<Configure>", self._measure)
        self.undo_links: list[Link] = []
        self.add_button("server.close", self.destroy)

    def show(self, model: ServerModel) -> None:
        """The list as it is now."""
        lines = model.bans
        if lines == self._lines:
            return
        self._lines = lines
        for row in self._rows.winfo_children():
            row.destroy()
        self.undo_links = []
        if not lines:
            self._row(self.say("server.bans_empty"))
        for line in lines[:BANS_SHOWN]:
            row = self._row(line.sentence)
            link = Link(
                row,
                self.look,
                self.say("server.undo"),
                lambda command=line.undo: self._on_undo(command),  # type: ignore[misc]
                ground=self.look.colours.surface,
            )
            link.grid(row=0, column=1, sticky="ne")
            self.undo_links.append(link)

    def _row(self, sentence: str) -> tk.Frame:
        ground = self.look.colours.surface
        row = tk.Frame(self._rows, background=ground)
        row.pack(fill="x", pady=self.look.px(6))
        row.columnconfigure(0, weight=1)
        tk.Label(
            row,
            text=sentence,
            font=self.look.small,
            background=ground,
            foreground=self.look.colours.text,
            wraplength=self.look.px(_WIDTH - 80),
            justify="left",
            anchor="w",
            padx=0,
        ).grid(row=0, column=0, sticky="w")
        return row

    def _measure(self, _event: object) -> None:
        height = self._rows.winfo_reqheight()
        self._view.configure(
            scrollregion=(0, 0, 0, height), height=min(height, self.look.px(_BANS_HEIGHT))
        )


class ResetDialog(Dialog):
    """Asks, calls ``on_reset(command)``, and shows the one-time password when ``show`` brings it.

    ``shown``: the name as it may be drawn.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        name: str,
        shown: str,
        on_reset: Callable[[Command], None],
        on_copy: Callable[[str], None],
    ) -> None:
        super().__init__(parent, look, say, say("server.reset_title", name=shown))
        self.asked = ResetPassword(name)
        self.secret = ""
        self._shown, self._on_reset, self._on_copy = shown, on_reset, on_copy
        self._words_shown = self.add_words(say("server.reset_explain", name=shown))
        self._do = self.add_button("server.reset_do", self.reset, is_danger=True)
        self._close = self.add_button("server.cancel", self.destroy)
        self._close.focus_set()
        self.open()

    def reset(self) -> None:
        """As if its button were pressed. It waits for the answer then."""
        self._do.destroy()
        self._on_reset(self.asked)

    def show(self, answered: OperatorAnswered) -> None:
        """The answer to the command."""
        self.secret = answered.secret
        key = "server.reset_code" if self.secret else "server.reset_failed"
        self._words_shown.configure(text=self.say(key, name=self._shown))
        if self.secret:
            code = self.add_words(self.secret)
            code.configure(font=self.look.mono_strong)
            code.pack(pady=(self.look.px(10), 0))
            self.add_button("server.copy", self.copy)
        self._close.show(self.say("server.close"))

    def copy(self) -> None:
        """As if its button were pressed."""
        self._on_copy(self.secret)


class QuitDialog(Dialog):
    """Closing the window would end the room for people who are in it."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, people: str, on_quit: Callable[[], None]
    ) -> None:
        super().__init__(parent, look, say, say("server.quit_title"))
        self._on_quit = on_quit
        self.add_words(say("server.quit_question", people=people))
        self.add_button("server.quit_do", self.quit_server, is_danger=True)
        self.add_button("server.cancel", self.destroy).focus_set()
        self.open()

    def quit_server(self) -> None:
        """As if its button were pressed."""
        self.destroy()
        self._on_quit()
