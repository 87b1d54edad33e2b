"""The join window's view: rooms one has been in on the left, what is needed to enter on the right.

Band: adapters. Shows what client_form.py says is wrong beside its field; decides nothing.
"""

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from tkinter import font as tkfont

from client_form import JoinField, Trouble, Typed
from client_rows import is_same_key, key_text
from texts import Texts
from widgets import Button, Card, Field, IconButton, Link, Words
from widgets_look import Look, draw_rounded, shorten
from widgets_paint import Icon

SIZE = (760, 560)
_SIDE_WIDTH = 280
_FORM_WIDTH = 401


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """A room that can be chosen. ``when``: the last visit, in words."""

    title: str
    host: str
    port: int
    name: str
    when: str

    @property
    def place(self) -> str:
        """``192.168.1.20:8083``."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class JoinActions:
    """What the view can ask for."""

    join: Callable[[Typed], None]
    take_name: Callable[[str], None]
    try_password: Callable[[str], None]
    trust: Callable[[Typed, bytes], None]
    cancel: Callable[[], None]
    settings: Callable[[], None]


class JoinView(tk.Frame):
    """One of these is shown at a time: the form, the form while joining, a question about one
    field, or the hard stop about the server's key."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        rooms: Sequence[RoomEntry],
        typed: Typed,
        actions: JoinActions,
    ) -> None:
        super().__init__(parent, background=look.colours.ground)
        self._look, self._say, self._actions = look, say, actions
        self._asked: JoinField | None = None  # the one field that is asked for again
        self._countdown: str | None = None
        self._new_key = b""
        self.rooms: list[_RoomButton] = []
        self._build_side(rooms)
        self._form = tk.Frame(self, background=look.colours.ground)
        self._form.pack(side="left", fill="both", expand=True, padx=look.px(40), pady=look.px(31))
        tk.Frame(
            self._form, width=look.px(_FORM_WIDTH), height=1, background=look.colours.ground
        ).pack()
        self._build_fields(typed)
        self._build_rest()
        self._mark_room()
        self.bind("<Destroy>", self._stop_countdown)

    def _build_side(self, rooms: Sequence[RoomEntry]) -> None:
        look, colours, say = self._look, self._look.colours, self._say
        side = tk.Frame(self, background=colours.side, width=look.px(_SIDE_WIDTH))
        side.pack(side="left", fill="y")
        side.pack_propagate(False)
        left = look.px(28)

        def line(text: str, font: tkfont.Font, ink: str, top: int) -> None:
            wrap = look.px(_SIDE_WIDTH) - 2 * left
            words = Words(side, text, font=font, ink=ink, ground=colours.side, wrap=wrap)
            words.pack(fill="x", padx=left, pady=(look.px(top), 0))

        line("Ruang", look.title, colours.side_text, 24)
        line(say("join.slogan"), look.tiny, colours.side_soft, 2)
        line(say("join.recent").upper(), look.caption, colours.side_soft, 32)
        tk.Frame(side, background=colours.side, height=look.px(10)).pack()
        foot = tk.Frame(side, background=colours.side)
        foot.pack(side="bottom", fill="x", padx=(left, look.px(14)), pady=look.px(14))
        IconButton(
            foot,
            look,
            Icon.GEAR,
            self._actions.settings,
            ground=colours.side,
            ink=colours.side_soft,
            name=say("settings.title"),
        ).pack(side="right")
        footer = say("join.footer")
        Words(foot, footer, font=look.tiny, ink=colours.side_faint, ground=colours.side).pack(
            side="left"
        )
        if not rooms:
            line(say("join.recent_none"), look.tiny, colours.side_faint, 4)
        for room in rooms[:5]:
            button = _RoomButton(side, look, room, self._choose_room)
            button.pack(fill="x", padx=look.px(14), pady=(0, look.px(8)))
            self.rooms.append(button)

    def _build_fields(self, typed: Typed) -> None:
        look, say, form = self._look, self._say, self._form
        ground = look.colours.ground
        ink = look.colours.text
        title = Words(form, say("join.title"), font=look.heading, ink=ink, ground=ground)
        title.pack(anchor="w", pady=(0, look.px(22)))
        place = self._row(form)
        self.host = self._field(place, "join.host", typed.host, width=20)
        self.port = self._field(place, "join.port", typed.port, width=10)
        self.host.pack(side="left", fill="x", expand=True, anchor="n")
        self.port.pack(side="left", anchor="n", padx=(look.px(15), 0))
        shown = (say("join.show"), say("join.hide"))
        self.password = Field(
            form,
            look,
            say("join.password"),
            ground=ground,
            value=typed.password,
            secret=True,
            show_words=shown,
            on_change=lambda: self._changed(JoinField.PASSWORD),
        )
        self.password.pack(fill="x", pady=(0, look.px(14)))
        self.your_name = self._field(form, "join.name", typed.name, where=JoinField.NAME)
        self.your_name.pack(fill="x", pady=(0, look.px(12)))
        self.own_link = Link(form, look, "", self._toggle_own, ground=ground, ink=look.colours.soft)
        self.own_link.pack(anchor="w")
        self._own = tk.Frame(form, background=ground)
        own = self._row(self._own)
        self.local_host = self._field(own, "join.own_host", typed.local_host, width=20)
        self.local_port = self._field(own, "join.own_port", typed.local_port, width=10)
        self.local_host.pack(side="left", fill="x", expand=True, anchor="n")
        self.local_port.pack(side="left", anchor="n", padx=(look.px(15), 0))
        hint, soft = say("join.own_hint"), look.colours.soft
        wrap = look.px(_FORM_WIDTH)
        Words(self._own, hint, font=look.tiny, ink=soft, ground=ground, wrap=wrap).pack(anchor="w")
        self._fields = {
            JoinField.HOST: self.host,
            JoinField.PORT: self.port,
            JoinField.PASSWORD: self.password,
            JoinField.NAME: self.your_name,
            JoinField.LOCAL_HOST: self.local_host,
            JoinField.LOCAL_PORT: self.local_port,
        }
        for field in self._fields.values():
            for key in ("<Return>", "<KP_Enter>"):
                field.entry.bind(key, lambda _: self.button.press())
        self._show_own(bool(typed.local_host or typed.local_port))

    def _row(self, parent: tk.Misc) -> tk.Frame:
        row = tk.Frame(parent, background=self._look.colours.ground)
        row.pack(fill="x", pady=(0, self._look.px(14)))
        return row

    def _field(
        self,
        parent: tk.Misc,
        caption: str,
        value: str,
        *,
        width: int = 8,
        where: JoinField | None = None,
    ) -> Field:
        return Field(
            parent,
            self._look,
            self._say(caption),
            ground=self._look.colours.ground,
            value=value,
            width=width,
            on_change=lambda: self._changed(where),
        )

    def _build_rest(self) -> None:
        look, say, form = self._look, self._say, self._form
        ground = look.colours.ground
        ink, wrap = look.colours.alarm, look.px(_FORM_WIDTH)
        self.message = Words(form, "", font=look.small, ink=ink, ground=ground, wrap=wrap)
        self.button = Button(form, look, say("join.button"), self._press, ground=ground)
        self.button.pack(fill="x", pady=(look.px(18), 0))
        self.cancel_link = Link(form, look, say("join.cancel"), self._actions.cancel, ground=ground)
        self._key_box: Card | None = None

    # --- what is shown ---

    @property
    def typed(self) -> Typed:
        """What stands in the fields."""
        return Typed(
            self.host.value,
            self.port.value,
            self.password.value,
            self.your_name.value,
            self.local_host.value if self._is_own_shown else "",
            self.local_port.value if self._is_own_shown else "",
        )

    def focus_first(self) -> None:
        """Where typing begins: the first empty field."""
        for field in (self.host, self.password, self.your_name):
            if not field.value:
                field.entry.focus_set()
                return
        self.button.focus_set()

    def show_form(self, note: str = "") -> None:
        """Ready to be filled in; ``note``: what happened before."""
        self._reset()
        self.message.configure(foreground=self._look.colours.soft)
        self._show_message(note)

    def show_busy(self) -> None:
        """Somebody pressed Join."""
        self._reset()
        self._enable(())
        self.button.show(self._say("join.joining"), is_enabled=False)
        self.cancel_link.pack(after=self.button, pady=(self._look.px(10), 0))

    def show_troubles(self, troubles: Iterable[Trouble], sentences: Iterable[str]) -> None:
        """What is wrong, each sentence beside its field; the form can be corrected."""
        self._reset()
        for trouble, sentence in reversed(list(zip(troubles, sentences, strict=True))):
            field = self._fields.get(trouble.field)
            if field is None:
                self.message.configure(foreground=self._look.colours.alarm)
                self._show_message(sentence)
                continue
            if trouble.field in (JoinField.LOCAL_HOST, JoinField.LOCAL_PORT):
                self._show_own(True)
            field.show_error(sentence)
            self._focus_in(field)

    def ask_again(self, trouble: Trouble, sentence: str) -> None:
        """Another name or password, without starting over: the server waits for it."""
        self._reset(keep_key=True)
        self._asked = trouble.field
        field = self._fields[trouble.field]
        self._enable((field,))
        field.show_error(sentence)
        self._focus_in(field)
        key = "join.take_name" if trouble.field is JoinField.NAME else "join.try_password"
        self.button.show(self._say(key))
        self.cancel_link.pack(after=self.button, pady=(self._look.px(10), 0))

    def show_wait(self, wait: float) -> None:
        """Too many wrong passwords: counts down beside the field."""
        self.show_busy()
        self._count(max(1, round(wait)))

    def show_first_key(self, server_key: bytes) -> None:
        """The first time at a server: how to be sure that it is the right one."""
        look, colours = self._look, self._look.colours
        box = self._new_box(colours.note, colours.note_line)
        for text, font, ink, gap in (
            (self._say("join.key_first"), look.small_strong, colours.note_title, 0),
            (key_text(server_key), look.mono_strong, colours.note_text, 8),
        ):
            wrap = look.px(_FORM_WIDTH - 40)
            words = Words(box.inside, text, font=font, ink=ink, ground=colours.note, wrap=wrap)
            words.pack(anchor="w", pady=(look.px(gap), 0))

    def show_key_changed(self, place: str, pinned_key: bytes, new_key: bytes) -> None:
        """The hard stop: nothing goes on before the user typed the key that the host reads out."""
        look, colours, say = self._look, self._look.colours, self._say
        self._reset()
        self._enable(())
        self.button.pack_forget()
        self.own_link.pack_forget()
        self._new_key = new_key
        box = self._new_box(colours.warning, colours.warning_line)
        lines = [
            (say("key.changed_title"), look.strong, colours.alarm),
            (say("key.changed", place=place), look.small, colours.text),
        ]
        if pinned_key:
            known = say("key.before", key=key_text(pinned_key))
            lines.append((known, look.small, colours.soft))
        for text, font, ink in lines:
            wrap, ground = look.px(_FORM_WIDTH - 40), colours.warning
            words = Words(box.inside, text, font=font, ink=ink, ground=ground, wrap=wrap)
            words.pack(anchor="w", pady=(0, look.px(6)))
        self.key_field = Field(
            box.inside,
            look,
            say("key.type"),
            ground=colours.warning,
            fill=colours.surface,
            on_change=self._key_typed,
        )
        self.key_field.pack(fill="x", pady=(look.px(4), look.px(10)))
        buttons = tk.Frame(box.inside, background=colours.warning)
        buttons.pack(fill="x")
        self.trust_button = Button(
            buttons,
            look,
            say("key.trust"),
            self._trust_key,
            ground=colours.warning,
            fill=colours.danger,
            hover=colours.danger_hover,
            height=34,
            font=look.small_strong,
        )
        self.trust_button.pack(side="left")
        for key in ("<Return>", "<KP_Enter>"):
            self.key_field.entry.bind(key, lambda _: self.trust_button.press())
        Link(
            buttons,
            look,
            say("join.cancel"),
            self._actions.cancel,
            ground=colours.warning,
            ink=colours.text,
        ).pack(side="left", padx=look.px(16))
        self.key_field.entry.focus_set()

    def _new_box(self, fill: str, line: str) -> Card:
        if self._key_box is not None:
            self._key_box.destroy()
        ground = self._look.colours.ground
        self._key_box = Card(self._form, self._look, fill=fill, border=line, ground=ground)
        self._key_box.pack(fill="x", pady=(self._look.px(22), 0))
        return self._key_box

    def _reset(self, *, keep_key: bool = False) -> None:
        self._stop_countdown()
        self._asked = None
        self._show_message("")
        self.cancel_link.pack_forget()
        for field in self._fields.values():
            field.show_error("")
            field.enable(True)
        if self._key_box is not None and not keep_key:
            self._key_box.destroy()
            self._key_box = None
        if not self.button.winfo_manager():
            self.own_link.pack(anchor="w", after=self.your_name)
            self.button.pack(fill="x", pady=(self._look.px(18), 0))
        self.button.show(self._say("join.button"))

    def _enable(self, fields: Sequence[Field]) -> None:
        for field in self._fields.values():
            field.enable(field in fields)

    def _focus_in(self, field: Field) -> None:
        field.entry.focus_set()
        field.entry.selection_range(0, "end")
        field.entry.icursor("end")

    def _show_message(self, text: str) -> None:
        if text:
            self.message.configure(text=text)
            self.message.pack(fill="x", before=self.button, pady=(self._look.px(14), 0), anchor="w")
        else:
            self.message.pack_forget()

    def _count(self, seconds: int) -> None:
        if seconds > 0:
            self.password.show_error(self._say("trouble.password_delayed", wait=seconds))
            self._countdown = self.after(1000, self._count, seconds - 1)
        else:
            self._countdown = None
            self.password.show_error("")

    def _stop_countdown(self, _event: object = None) -> None:
        if self._countdown is not None:
            self.after_cancel(self._countdown)
            self._countdown = None

    # --- what the user does ---

    def _press(self) -> None:
        match self._asked:
            case JoinField.NAME:
                self._actions.take_name(self.your_name.value)
            case JoinField.PASSWORD:
                self._actions.try_password(self.password.value)
            case _:
                self._actions.join(self.typed)

    def _trust_key(self) -> None:
        if is_same_key(self.key_field.value, self._new_key):
            self._actions.trust(self.typed, self._new_key)
        else:
            self.key_field.show_error(self._say("key.wrong"))

    def _key_typed(self) -> None:
        if self.key_field.error.cget("text"):
            self.key_field.show_error("")

    def _changed(self, where: JoinField | None) -> None:
        """What is corrected is no longer called wrong."""
        if where is not None and where is not self._asked and self._countdown is None:
            self._fields[where].show_error("")
        self._mark_room()

    def _choose_room(self, room: RoomEntry) -> None:
        if self.button.is_enabled and self._asked is None and self.button.winfo_manager():
            self.host.value, self.port.value = room.host, str(room.port)
            self.your_name.value = room.name
            self.password.entry.focus_set()

    def _mark_room(self) -> None:
        place = f"{self.host.value.strip()}:{self.port.value.strip()}"
        for button in self.rooms:
            button.mark(button.room.place == place)

    def _toggle_own(self) -> None:
        self._show_own(not self._is_own_shown)

    def _show_own(self, is_shown: bool) -> None:
        self._is_own_shown = is_shown
        arrow = "▾" if is_shown else "▸"
        self.own_link.configure(text=f"{arrow} {self._say('join.own')}")
        if is_shown:
            self._own.pack(fill="x", after=self.own_link, pady=(self._look.px(10), 0))
        else:
            self._own.pack_forget()


class _RoomButton(tk.Canvas):
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
