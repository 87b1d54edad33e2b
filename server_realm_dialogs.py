"""The server's links to other realms: the list of them, adding one, removing one.

Band: adapters. Shows what server_realm_model.py computed; tells through callables what was decided.
"""

import tkinter as tk
from collections.abc import Callable

from protocol import Code
from server_dialogs import Dialog
from server_events import AddRealm, Command, LetPeopleLink, OperatorAnswered
from server_realm_model import (
    Problem,
    RealmField,
    RealmLine,
    RealmsModel,
    read_realm,
    why_not_added,
)
from server_views import CheckBox, make_menu
from settings import DEFAULT_PORT, WhoMayLink
from texts import Texts
from widgets import Field
from widgets_lists import Box, ListRow, RowList
from widgets_look import Look, shorten

_WIDTH = 520
_HEIGHT = 276
_ROW = 46
_DOT = 8
_DOTS = "•••"
_PORT_WIDTH = 110


class RealmsDialog(Dialog):
    """All links; ``on_command`` takes what the operator decides."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_command: Callable[[Command], None]
    ) -> None:
        super().__init__(parent, look, say, say("server.realms_title"))
        colours = look.colours
        self._on_command = on_command
        self._lines: list[RealmLine] = []
        self._empty: str | None = None
        self.asking: AddRealmDialog | DropRealmDialog | None = None
        tk.Frame(self.body, background=colours.line, height=1).pack(fill="x")
        self.list = RowList(
            self.body,
            look,
            ground=colours.surface,
            draw=self._draw,
            on_pick=self._pick,
            on_menu=self._open_menu,
        )
        self.list.canvas.configure(width=look.px(_WIDTH), height=look.px(_HEIGHT))
        self.list.pack(fill="both", expand=True)
        self.who = CheckBox(
            self.body,
            look,
            say("server.realms_by_all"),
            ground=colours.surface,
            width=_WIDTH,
            on_press=self._let,
        )
        self._off = self.add_words(say("server.realms_are_off"), is_soft=True)
        self._off.pack_forget()
        self.add_button("server.close", self.destroy)
        self.add = self.add_button("server.realm_add", self.ask_to_add)
        self.list.canvas.focus_set()

    def show(self, model: RealmsModel) -> None:
        """The links as they are now."""
        look = self.look
        self._show_who(model)
        if self.add.is_enabled != model.may_add:
            self.add.show(self.add.text, is_enabled=model.may_add)
        lines, empty = model.lines, model.empty
        if (lines, empty) != (self._lines, self._empty):
            self._lines, self._empty = lines, empty
            rows = [ListRow(look.px(_ROW)) for _ in lines]
            self.list.show(rows or [ListRow(look.px(_HEIGHT), can_be_picked=False)])

    def _show_who(self, model: RealmsModel) -> None:
        shown, hidden = (self._off, self.who) if model.is_off else (self.who, self._off)
        hidden.pack_forget()
        shown.pack(fill="x", pady=(self.look.px(12), 0))
        self.who.enable(model.may_add)
        if self.who.is_ticked != model.is_open:
            self.who.tick(model.is_open)

    def answer(self, answered: OperatorAnswered) -> None:
        """How a command about realms ended."""
        if isinstance(self.asking, AddRealmDialog):
            self.asking.answer(answered)

    # --- what can be done ---

    def _let(self) -> None:
        who = WhoMayLink.USERS if self.who.is_ticked else WhoMayLink.OPERATOR
        self._on_command(LetPeopleLink(who))

    def ask_to_add(self) -> None:
        """As if its button were pressed."""
        self._ask(AddRealmDialog(self, self.look, self.say, self._on_command))

    def ask_to_drop(self, line: RealmLine) -> None:
        """As if chosen in its menu."""
        self._ask(DropRealmDialog(self, self.look, self.say, line, self._on_command))

    def menu_for(self, line: RealmLine) -> tk.Menu:
        """What can be done with a link."""
        menu = make_menu(self, self.look)
        key = "server.realm_restore" if line.is_cut else "server.realm_cut"
        menu.add_command(label=self.say(key), command=lambda: self._on_command(line.cut))
        menu.add_command(
            label=self.say("server.file_remove"), command=lambda: self.ask_to_drop(line)
        )
        return menu

    def _pick(self, place: int) -> None:
        canvas = self.list.canvas
        x, y = canvas.winfo_pointerxy()
        top = canvas.winfo_rooty() + place * self.look.px(_ROW) - round(canvas.canvasy(0))
        if not top <= y < top + self.look.px(_ROW):  # reached by the keys
            x = canvas.winfo_rootx() + canvas.winfo_width() // 2
            y = top + self.look.px(_ROW)
        self._open_menu(place, x, y)

    def _open_menu(self, place: int, x: int, y: int) -> None:
        if place < len(self._lines):
            self.menu_for(self._lines[place]).tk_popup(x, y)

    def _ask(self, dialog: "AddRealmDialog | DropRealmDialog") -> None:
        self.asking = dialog
        dialog.bind("<Destroy>", self._answered)

    def _answered(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.asking:
            self.asking = None
            if self.list.canvas.winfo_exists():  # else all of it is being closed
                self.take_input()
                self.list.canvas.focus_set()

    # --- drawing ---

    def _draw(self, place: int, box: Box) -> None:
        if place < len(self._lines):
            self._draw_line(self._lines[place], box, is_hot=place == self.list.hot)
            return
        self.list.canvas.create_text(
            (box.left + box.right) // 2,
            box.middle,
            text=self._empty or "",
            font=self.look.small,
            fill=self.look.colours.soft,
            width=self.look.px(_WIDTH * 0.7),
            justify="center",
        )

    def _draw_line(self, line: RealmLine, box: Box, *, is_hot: bool) -> None:
        canvas, look, colours = self.list.canvas, self.look, self.look.colours
        if is_hot:
            canvas.create_rectangle(
                box.left, box.top, box.right, box.bottom, fill=colours.field, width=0
            )
        first, second = box.top + look.px(15), box.top + look.px(33)
        dot = look.disc(look.px(_DOT), self._dot(line))
        canvas.create_image(box.left + look.px(6), first, image=dot, anchor="w")
        left, right = box.left + look.px(24), box.right - look.px(14)
        canvas.create_text(right, first, text=_DOTS, font=look.small, fill=colours.soft, anchor="e")
        figures_right = right - look.px(34)
        canvas.create_text(
            figures_right,
            first,
            text=line.figures,
            font=look.small,
            fill=colours.soft,
            anchor="e",
        )
        name_right = figures_right - look.small.measure(line.figures) - look.px(16)
        canvas.create_text(
            left,
            first,
            text=shorten(line.label, look.small_strong, name_right - left),
            font=look.small_strong,
            fill=colours.soft if line.is_cut else colours.text,
            anchor="w",
        )
        canvas.create_text(
            left,
            second,
            text=shorten(line.about, look.tiny, right - left),
            font=look.tiny,
            fill=colours.alarm if line.is_in_trouble else colours.soft,
            anchor="w",
        )
        canvas.create_line(box.left, box.bottom - 1, box.right, box.bottom - 1, fill=colours.line)

    def _dot(self, line: RealmLine) -> str:
        colours = self.look.colours
        if line.is_linked:
            return colours.accent
        if line.is_in_trouble:
            return colours.alarm
        return colours.line if line.is_cut else colours.soft


class AddRealmDialog(Dialog):
    """Name, address, port and password, each with what is wrong with it; ``on_add(command)``."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        on_add: Callable[[Command], None],
    ) -> None:
        super().__init__(parent, look, say, say("server.realm_add_title"))
        self._on_add = on_add
        self._asked: AddRealm | None = None  # and not answered yet
        words = self.add_words(say("server.realm_add_explain"), is_soft=True)
        words.pack(pady=(0, look.px(14)))
        place = tk.Frame(self.body, background=look.colours.surface)
        self._fields = {
            RealmField.ADDRESS: self._field(place, "server.ip"),
            RealmField.PORT: self._field(place, "server.port", value=str(DEFAULT_PORT)),
            RealmField.PASSWORD: self._field(self.body, "server.password", is_secret=True),
            RealmField.NAME: self._field(self.body, "server.realm_name"),
        }
        place.columnconfigure(0, weight=1)
        place.columnconfigure(1, minsize=look.px(_PORT_WIDTH))
        self._fields[RealmField.ADDRESS].grid(row=0, column=0, sticky="new", padx=(0, look.px(12)))
        self._fields[RealmField.PORT].grid(row=0, column=1, sticky="new")
        for part in (place, self._fields[RealmField.PASSWORD], self._fields[RealmField.NAME]):
            part.pack(fill="x", pady=(0, look.px(10)))
        self._do = self.add_button("server.realm_add_do", self.add)
        self.add_button("server.cancel", self.destroy)
        self._fields[RealmField.ADDRESS].entry.focus_set()
        self.open()

    def _field(
        self, parent: tk.Misc, key: str, *, value: str = "", is_secret: bool = False
    ) -> Field:
        look, say = self.look, self.say
        field = Field(
            parent,
            look,
            say(key),
            ground=look.colours.surface,
            fill=look.colours.field,
            value=value,
            secret=is_secret,
            show_words=(say("server.show"), say("server.hide")) if is_secret else None,
        )
        for enter in ("<Return>", "<KP_Enter>"):
            field.entry.bind(enter, lambda _: self.add())
        return field

    def field(self, which: RealmField) -> Field:
        """One of the four."""
        return self._fields[which]

    def add(self) -> None:
        """As if its button were pressed."""
        if self._asked is not None:
            return
        wish = read_realm(
            self._fields[RealmField.NAME].value,
            self._fields[RealmField.ADDRESS].value,
            self._fields[RealmField.PORT].value,
            self._fields[RealmField.PASSWORD].value,
        )
        self._show_problems(wish if isinstance(wish, list) else [])
        if isinstance(wish, AddRealm):
            self._wait_for(wish)
            self._on_add(wish)

    def answer(self, answered: OperatorAnswered) -> None:
        """How a command ended, perhaps this one."""
        if answered.command != self._asked:
            return
        if answered.code is Code.OK:
            self.destroy()
        else:
            self._wait_for(None)
            self._show_problems([why_not_added(answered)])

    def _wait_for(self, wish: AddRealm | None) -> None:
        self._asked = wish
        key = "server.realm_add_do" if wish is None else "server.realm_adding"
        self._do.show(self.say(key), is_enabled=wish is None)

    def _show_problems(self, problems: list[Problem]) -> None:
        wrong = {problem.field: self.say(problem.key, **problem.fields) for problem in problems}
        for which, field in self._fields.items():
            field.show_error(wrong.get(which, ""))
        for which, field in self._fields.items():
            if which in wrong:
                field.entry.focus_set()
                return


class DropRealmDialog(Dialog):
    """What removing means, then ``on_drop(command)``."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        line: RealmLine,
        on_drop: Callable[[Command], None],
    ) -> None:
        super().__init__(parent, look, say, say("server.realm_drop_title", name=line.label))
        self._asked, self._on_drop = line.drop, on_drop
        self.add_words(say("server.realm_drop_explain", name=line.label))
        hint = self.add_words(say("server.realm_drop_hint"), is_soft=True)
        hint.pack(pady=(look.px(10), 0))
        self.add_button("server.remove_do", self.drop, is_danger=True)
        self.add_button("server.cancel", self.destroy).focus_set()
        self.open()

    def drop(self) -> None:
        """As if its button were pressed."""
        self.destroy()
        self._on_drop(self._asked)
