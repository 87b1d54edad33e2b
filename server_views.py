"""The left half of the server's window: the form, how to join, where the history lies.

Band: adapters. Views draw what server_model.py computed and report what was pressed; they decide
nothing.
"""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from server_form import EVERY_NETWORK, FormField, ServerForm
from server_model import Phase, ServerModel
from texts import Texts
from widgets import Card, Field, Link, watch
from widgets_look import Look, draw_rounded, is_focused
from widgets_paint import Icon

FORM_WIDTH = 311  # design pixels, of the cards at the left
COPIED_MS = 1_800  # how long a link says that it did what it says
_FIELD_HEIGHT = 31
_WORDS_WIDTH = FORM_WIDTH - 2 * 20


class CheckBox(tk.Frame):
    """A box to tick with a sentence beside it: by mouse or space."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        text: str,
        *,
        ground: str,
        width: int,
        on_press: Callable[[], None] = lambda: None,
    ) -> None:
        """``width`` in design pixels, at which the sentence wraps."""
        super().__init__(parent, background=ground)
        self._look = look
        self._on_press = on_press
        self.is_ticked = False
        self._is_enabled = True
        size = look.px(16)
        self._box = tk.Canvas(
            self,
            width=size,
            height=size,
            background=ground,
            highlightthickness=0,
            takefocus=True,
            cursor="hand2",
        )
        self._box.pack(side="left", anchor="n", pady=look.px(1))
        self._label = tk.Label(
            self,
            text=text,
            font=look.small,
            background=ground,
            foreground=look.colours.text,
            justify="left",
            anchor="w",
            wraplength=look.px(width - 24),
            cursor="hand2",
            borderwidth=0,
            pady=0,
            padx=0,
        )
        self._label.pack(side="left", fill="x", expand=True, padx=(look.px(8), 0))
        for part in (self._box, self._label):
            part.bind("<Button-1>", lambda _: self.press())
        self._box.bind("<space>", lambda _: self.press())
        for change in ("<FocusIn>", "<FocusOut>", "<Map>"):
            self._box.bind(change, self._draw)

    def press(self) -> None:
        """As if clicked; nothing while disabled."""
        if self._is_enabled:
            self.tick(not self.is_ticked)
            self._on_press()

    def tick(self, is_ticked: bool) -> None:
        """Whether it is ticked from now on."""
        self.is_ticked = is_ticked
        self._draw()

    def enable(self, is_enabled: bool) -> None:
        """Whether it can be pressed."""
        self._is_enabled = is_enabled
        for part in (self._box, self._label):
            part.configure(cursor="hand2" if is_enabled else "")

    def _draw(self, _event: object = None) -> None:
        look, colours, size = self._look, self._look.colours, self._look.px(16)
        has_focus = is_focused(self._box)
        fill = colours.accent if self.is_ticked else colours.field
        border = colours.accent if self.is_ticked or has_focus else colours.soft
        self._box.delete("all")
        draw_rounded(self._box, look, (0, 0, size, size), fill=fill, border=border, radius=3)
        if self.is_ticked:
            picture = look.icon(Icon.TICK, look.px(12), colours.accent_text)
            self._box.create_image(size // 2, size // 2, image=picture)


class FormCard(Card):
    """Room name, address, port and password, each with what is wrong with it; calls ``on_submit``
    at Enter.
    """

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_submit: Callable[[], None]
    ) -> None:
        colours = look.colours
        super().__init__(parent, look, padding=(20, 12))
        self._look, self._say = look, say
        self._was_editable = True
        self._fields = {
            FormField.ROOM_NAME: self._field("server.room_name"),
            FormField.BIND: self._field("server.ip"),
            FormField.PORT: self._field("server.port"),
            FormField.PASSWORD: self._field("server.password", secret=True),
        }
        for field in self._fields.values():
            field.pack(fill="x", pady=(0, look.px(7)))
            for key in ("<Return>", "<KP_Enter>"):
                field.entry.bind(key, lambda _: on_submit())
        bind = self._fields[FormField.BIND]
        self._hint = tk.Label(
            bind.entry,
            text=say("server.every_network"),
            font=look.text,
            background=colours.field,
            foreground=colours.text,
            borderwidth=0,
            padx=0,
            pady=0,
        )
        self._hint.bind("<Button-1>", lambda _: bind.entry.focus_set())
        watch(bind, bind.variable, self._show_hint)
        self.open_box = CheckBox(
            self.inside,
            look,
            say("server.open_to_all"),
            ground=colours.surface,
            width=_WORDS_WIDTH,
        )
        self._trouble = tk.Label(
            self.inside,
            font=look.tiny,
            background=colours.surface,
            foreground=colours.alarm,
            justify="left",
            anchor="w",
            wraplength=look.px(_WORDS_WIDTH),
            borderwidth=0,
            padx=0,
        )

    @property
    def typed(self) -> tuple[str, str, str, str]:
        """Room name, address, port and password as they stand."""
        name, bind, port, password = (field.value for field in self._fields.values())
        return name, bind, port, password

    @property
    def is_open(self) -> bool:
        """Whether the operator said that nobody needs a password."""
        return self.open_box.is_ticked

    def fill(self, form: ServerForm) -> None:
        """Puts values into the fields."""
        self.type(form.room_name, form.bind, str(form.port), form.password, is_open=form.is_open)

    def type(self, name: str, bind: str, port: str, password: str, *, is_open: bool) -> None:
        """As if typed."""
        values = (name, bind, port, password)
        for field, value in zip(self._fields.values(), values, strict=True):
            field.value = value
        self.open_box.tick(is_open)

    def show(self, model: ServerModel) -> None:
        """What is wrong, and whether anything can be changed now."""
        for which, field in self._fields.items():
            field.show_error(model.problem(which))
        needs_words = (
            FormField.PASSWORD in model.problems and not self._fields[FormField.PASSWORD].value
        )
        if needs_words or self.open_box.is_ticked:
            self.open_box.pack(fill="x", pady=(self._look.px(2), self._look.px(6)))
        else:
            self.open_box.pack_forget()
        trouble = model.problem(FormField.DATA) or model.crash_text
        self._trouble.configure(text=trouble)
        if trouble:
            self._trouble.pack(fill="x", pady=(0, self._look.px(6)))
        else:
            self._trouble.pack_forget()
        self._edit(model.phase is Phase.STOPPED)

    def focus_first_problem(self, model: ServerModel) -> None:
        """Puts the caret where something has to be changed."""
        for which, field in self._fields.items():
            if which in model.problems:
                field.entry.focus_set()
                return

    def field(self, which: FormField) -> Field:
        """One of the four."""
        return self._fields[which]

    def _field(self, key: str, *, secret: bool = False) -> Field:
        words = (self._say("server.show"), self._say("server.hide"))
        field = Field(
            self.inside,
            self._look,
            self._say(key),
            ground=self._look.colours.surface,
            fill=self._look.colours.field,
            height=_FIELD_HEIGHT,
            secret=secret,
            show_words=words if secret else None,
        )
        field.error.configure(wraplength=self._look.px(_WORDS_WIDTH))
        return field

    def _edit(self, is_editable: bool) -> None:
        if is_editable != self._was_editable:
            self._was_editable = is_editable
            for field in self._fields.values():
                field.entry.configure(state="normal" if is_editable else "readonly")
            self.open_box.enable(is_editable)

    def _show_hint(self) -> None:
        value = self._fields[FormField.BIND].value
        if value == EVERY_NETWORK:
            left = self._look.text.measure(value) + self._look.px(10)
            self._hint.place(x=left, rely=0.5, anchor="w")
        else:
            self._hint.place_forget()


class JoinCard(Card):
    """What to tell people: address, port, key; the invitation to copy."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_copy: Callable[[str, bool], None]
    ) -> None:
        """``on_copy(address, with_password)``."""
        colours = look.colours
        super().__init__(
            parent, look, fill=colours.note, border=colours.note_line, padding=(20, 14)
        )
        self._look, self._say, self._on_copy = look, say, on_copy
        self._addresses: list[str] = []
        self.address = ""  # the one that is shown
        self._timer: str | None = None
        self._label(say("server.join_with").upper(), look.caption, colours.note_text).pack(
            anchor="w"
        )
        self._running = tk.Frame(self.inside, background=colours.note)
        self._big = self._label("", look.heading, colours.note_title, self._running)
        self._big.pack(anchor="w", pady=(look.px(6), look.px(3)))
        line = tk.Frame(self._running, background=colours.note)
        line.pack(fill="x")
        self._others = Link(
            line,
            look,
            say("server.other_addresses"),
            self._choose_address,
            ground=colours.note,
            ink=colours.note_text,
            font=look.tiny,
        )
        self._key = self._label("", look.mono, colours.note_text, line)
        self._key.pack(side="left")
        self._only_here = self._label(
            say("server.only_here"), look.tiny, colours.note_text, self._running
        )
        links = tk.Frame(self._running, background=colours.note)
        links.pack(fill="x", pady=(look.px(3), 0))
        self.copy_link = self._link(links, "server.copy_invitation", look.small_strong, False)
        self.copy_link.pack(side="left")
        self.secret_link = self._link(links, "server.copy_with_password", look.small, True)
        self._stopped = self._label(say("server.join_stopped"), look.small, colours.note_text)

    def show(self, model: ServerModel, of_computer: list[str]) -> None:
        """Address and key while the server runs; else what to do."""
        if model.phase is not Phase.RUNNING:
            self._running.pack_forget()
            self._stopped.pack(anchor="w", pady=(self._look.px(8), 0))
            self._addresses = []
            return
        self._stopped.pack_forget()
        self._running.pack(fill="both", expand=True)
        if model.addresses(of_computer) != self._addresses:
            self._addresses = model.addresses(of_computer)
            self.address = self._addresses[0]
        self._big.configure(text=f"{self.address} : {model.port}")
        self._key.configure(text=f"{self._say('server.key')}  {model.key}")
        if len(self._addresses) > 1:
            self._others.pack(side="right")
        else:
            self._others.pack_forget()
        if model.is_only_here:
            self._only_here.pack(anchor="w", pady=(self._look.px(4), 0))
        else:
            self._only_here.pack_forget()
        if model.form is not None and model.form.password:
            self.secret_link.pack(side="left", padx=(self._look.px(10), 0))
        else:
            self.secret_link.pack_forget()

    def destroy(self) -> None:
        if self._timer is not None:
            self.after_cancel(self._timer)
        super().destroy()

    def _label(self, text: str, font: object, ink: str, parent: tk.Misc | None = None) -> tk.Label:
        return tk.Label(
            parent or self.inside,
            text=text,
            font=font,  # type: ignore[arg-type]  # named fonts are accepted
            background=self._look.colours.note,
            foreground=ink,
            justify="left",
            anchor="w",
            wraplength=self._look.px(_WORDS_WIDTH),
            borderwidth=0,
            padx=0,
            pady=0,
        )

    def _link(self, parent: tk.Misc, key: str, font: object, with_password: bool) -> Link:
        colours = self._look.colours

        def copy() -> None:
            self._on_copy(self.address, with_password)
            self._say_copied(link, self._say(key))

        link = Link(
            parent,
            self._look,
            self._say(key),
            copy,
            ground=colours.note,
            ink=colours.note_text,
            font=font,  # type: ignore[arg-type]
        )
        link.configure(padx=0)  # stands exactly below what is above it
        return link

    def _say_copied(self, link: Link, words: str) -> None:
        if self._timer is not None:
            return

        def again() -> None:
            self._timer = None
            link.configure(text=words)

        link.configure(text=self._say("server.copied"))
        self._timer = self.after(COPIED_MS, again)

    def _choose_address(self) -> None:
        menu = make_menu(self, self._look)
        for address in self._addresses:
            menu.add_command(label=address, command=lambda chosen=address: self.choose(chosen))  # type: ignore[misc]
        x, y = self._others.winfo_rootx(), self._others.winfo_rooty()
        menu.tk_popup(x, y + self._others.winfo_height())

    def choose(self, address: str) -> None:
        """Shows and copies another address of this computer."""
        port = self._big.cget("text").rpartition(" : ")[2]
        self.address = address
        self._big.configure(text=f"{address} : {port}")


class FolderLine(tk.Frame):
    """Where archive.csv is, to copy or open; at the right, theme and language."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        archive: Path,
        *,
        on_copy: Callable[[str], None],
        on_open: Callable[[], None],
        switches: list[tuple[str, Callable[[], None]]],
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.ground)

        def label(text: str, ink: str) -> tk.Label:
            return tk.Label(
                self, text=text, font=look.tiny, background=colours.ground, foreground=ink, padx=0
            )

        def link(text: str, on_press: Callable[[], None]) -> Link:
            return Link(self, look, text, on_press, ground=colours.ground, font=look.tiny)

        for words, on_press in reversed(switches):
            link(words, on_press).pack(side="right", padx=(look.px(14), 0))
        label(say("server.history"), colours.soft).pack(side="left", padx=(0, look.px(8)))
        label(_last_part(str(archive), look), colours.text).pack(side="left")
        self.copy_link = link(say("server.copy_path"), lambda: on_copy(str(archive)))
        self.open_link = link(say("server.open_folder"), on_open)
        for action in (self.copy_link, self.open_link):
            action.pack(side="left", padx=(look.px(12), 0))


def _last_part(path: str, look: Look) -> str:
    """As much of the end of a path as leaves room for what stands beside it."""
    if look.tiny.measure(path) <= look.px(480):
        return path
    while path and look.tiny.measure("…" + path) > look.px(480):
        path = path[1:]
    return "…" + path


def make_menu(parent: tk.Misc, look: Look) -> tk.Menu:
    """An empty menu in the colours of the window; the caller pops it up."""
    colours = look.colours
    return tk.Menu(
        parent,
        tearoff=False,
        font=look.small,
        background=colours.pill if colours.is_dark else colours.surface,
        foreground=colours.text,
        activebackground=colours.accent,
        activeforeground=colours.accent_text,
        disabledforeground=colours.soft,
        borderwidth=1,
        activeborderwidth=0,
        relief="raised",
    )
