"""The join window's view: what is needed to enter, beside the rooms one has been in.

Band: adapters. Shows what client_form.py says is wrong beside its field; decides nothing.
"""

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from client_form import JoinField, Trouble, Typed, Way
from client_recent_panels import RecentRooms, RoomEntry
from client_rows import is_same_key, key_text
from texts import Texts
from widgets import Button, Card, Field, Link, Words
from widgets_lists import Tabs
from widgets_look import Look

SIZE = (760, 560)
_FORM_WIDTH = 401
_ACCOUNT_WAYS = (Way.LOG_IN, Way.REGISTER)


@dataclass(frozen=True, slots=True)
class JoinActions:
    """What the view can ask for."""

    join: Callable[[Typed], None]
    identify: Callable[[Typed], None]  # log in or register, with the server that is there
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
        self._is_inside = False  # past the room's password: only who one is is asked for
        self._countdown: str | None = None
        self._new_key = b""
        self._recent = RecentRooms(
            self, look, say, rooms, on_choose=self._choose_room, on_settings=actions.settings
        )
        self._recent.pack(side="left", fill="y")
        self.rooms = self._recent.buttons
        self._form = tk.Frame(self, background=look.colours.ground)
        self._form.pack(side="left", fill="both", expand=True, padx=look.px(40), pady=look.px(31))
        tk.Frame(
            self._form, width=look.px(_FORM_WIDTH), height=1, background=look.colours.ground
        ).pack()
        self._build_fields(typed)
        self._build_rest()
        self._mark_room()
        self.bind("<Destroy>", self._stop_countdown)

    def _build_fields(self, typed: Typed) -> None:
        look, say, form = self._look, self._say, self._form
        ground = look.colours.ground
        ink = look.colours.text
        title = Words(form, say("join.title"), font=look.heading, ink=ink, ground=ground)
        title.pack(anchor="w", pady=(0, look.px(14)))
        words = [(way.value, say(f"join.as_{way.value}")) for way in Way]
        self.ways = Tabs(form, look, words, typed.way.value, self._choose_way, ground=ground)
        self.ways.pack(fill="x", pady=(0, look.px(20)))
        place = self._row(form)
        self.host = self._field(place, "join.host", typed.host, width=20)
        self.port = self._field(place, "join.port", typed.port, width=10)
        self.host.pack(side="left", fill="x", expand=True, anchor="n")
        self.port.pack(side="left", anchor="n", padx=(look.px(15), 0))
        self.password = self._secret(
            form, "join.password", typed.password, where=JoinField.PASSWORD
        )
        self.password.pack(fill="x", pady=(0, look.px(14)))
        self._who = tk.Frame(form, background=ground)
        self._who.pack(fill="x")
        self._build_identity(typed)
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
            JoinField.USER: self.user,
            JoinField.ACCOUNT_PASSWORD: self.account_password,
            JoinField.AGAIN: self.again,
            JoinField.FULL_NAME: self.full_name,
            JoinField.COUNTRY: self.country,
        }
        for field in self._fields.values():
            for key in ("<Return>", "<KP_Enter>"):
                field.entry.bind(key, lambda _: self.button.press())
        self._show_own(bool(typed.local_host or typed.local_port))

    def _build_identity(self, typed: Typed) -> None:
        """All fields of all ways; those of the chosen one are shown."""
        who = self._who
        self.your_name = self._field(who, "join.name", typed.name, where=JoinField.NAME)
        self.user = self._field(who, "account.user", typed.user, where=JoinField.USER)
        self._passwords = tk.Frame(who, background=self._look.colours.ground)
        self.account_password = self._secret(
            self._passwords,
            "account.password",
            typed.account_password,
            where=JoinField.ACCOUNT_PASSWORD,
        )
        self.again = self._secret(
            self._passwords, "account.again", typed.again, where=JoinField.AGAIN
        )
        self._details = tk.Frame(who, background=self._look.colours.ground)
        self.full_name = self._field(
            self._details, "account.full_name", typed.full_name, where=JoinField.FULL_NAME
        )
        self.country = self._field(
            self._details, "account.country", typed.country, where=JoinField.COUNTRY
        )
        for frame, pair in (
            (self._passwords, (self.account_password, self.again)),
            (self._details, (self.full_name, self.country)),
        ):
            frame.columnconfigure((0, 1), weight=1, uniform="half")
            pair[0].grid(row=0, column=0, sticky="new")
            pair[1].grid(row=0, column=1, sticky="new", padx=(self._look.px(15), 0))
        self._show_way()

    def _show_way(self) -> None:
        shown: dict[Way, tuple[tk.Frame, ...]] = {
            Way.GUEST: (self.your_name,),
            Way.LOG_IN: (self.user, self._passwords),
            Way.REGISTER: (self.user, self._passwords, self._details),
        }
        for hidden in (self.your_name, self.user, self._passwords, self._details):
            hidden.pack_forget()
        for part in shown[self.way]:
            part.pack(fill="x", pady=(0, self._look.px(14)))
        is_new = self.way is Way.REGISTER
        self.account_password.grid(columnspan=1 if is_new else 2)
        if is_new:
            self.again.grid()
        else:
            self.again.grid_remove()

    @property
    def way(self) -> Way:
        """As whom one wants to enter."""
        return Way(self.ways.chosen)

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

    def _secret(self, parent: tk.Misc, caption: str, value: str, *, where: JoinField) -> Field:
        say = self._say
        return Field(
            parent,
            self._look,
            say(caption),
            ground=self._look.colours.ground,
            value=value,
            secret=True,
            show_words=(say("join.show"), say("join.hide")),
            on_change=lambda: self._changed(where),
        )

    def _build_rest(self) -> None:
        look, say, form = self._look, self._say, self._form
        ground = look.colours.ground
        ink, wrap = look.colours.alarm, look.px(_FORM_WIDTH)
        self.message = Words(form, "", font=look.small, ink=ink, ground=ground, wrap=wrap)
        self.button = Button(form, look, say("join.button"), self._press, ground=ground)
        self._show_button()
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
            self.way,
            self.user.value,
            self.account_password.value,
            self.again.value,
            self.full_name.value,
            self.country.value,
        )

    def _identity_fields(self) -> tuple[Field, ...]:
        """Those of the way that is chosen."""
        account = (self.user, self.account_password)
        return {
            Way.GUEST: (self.your_name,),
            Way.LOG_IN: account,
            Way.REGISTER: (*account, self.again, self.full_name, self.country),
        }[self.way]

    def focus_first(self) -> None:
        """Where typing begins: the first empty field."""
        place = () if self._is_inside else (self.host, self.password)
        for field in (*place, *self._identity_fields()):
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
        self.ways.enable(False)
        self.button.show(self._say("join.joining"), is_enabled=False)
        self.cancel_link.pack(after=self.button, pady=(self._look.px(10), 0))

    def show_troubles(self, troubles: Iterable[Trouble], sentences: Iterable[str]) -> None:
        """What is wrong, each sentence beside its field; the form can be corrected."""
        self._reset()
        fields = [trouble.field for trouble in troubles]
        self._show_beside(list(zip(fields, sentences, strict=True)))

    def _show_beside(self, troubles: Sequence[tuple[JoinField, str]]) -> None:
        for where, sentence in reversed(troubles):
            field = self._fields.get(where)
            if field is None:
                self.message.configure(foreground=self._look.colours.alarm)
                self._show_message(sentence)
                continue
            if where in (JoinField.LOCAL_HOST, JoinField.LOCAL_PORT):
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

    def ask_who(self, troubles: Sequence[tuple[JoinField, str]] = (), note: str = "") -> None:
        """Who one is, without starting over: the room's password was right.

        ``troubles``: what is wrong with what was said; ``note``: what happened before.
        """
        self._reset(keep_key=True)
        self._is_inside = True
        self.ways.show([(way.value, self._say(f"join.as_{way.value}")) for way in _ACCOUNT_WAYS])
        if self.way is Way.GUEST:
            self.ways.mark(Way.LOG_IN.value)
            self._show_way()
        self._enable((*self._identity_fields(), self.again, self.full_name, self.country))
        self.button.show(self._say(f"join.do_{self.way.value}"))
        self.cancel_link.pack(after=self.button, pady=(self._look.px(10), 0))
        self.message.configure(foreground=self._look.colours.soft)
        self._show_message(note)
        self._show_beside(troubles)

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
        self._key_box = Card(self._form, self._look, fill=fill, border=line)
        self._key_box.pack(fill="x", pady=(self._look.px(22), 0))
        return self._key_box

    def _reset(self, *, keep_key: bool = False) -> None:
        self._stop_countdown()
        self._asked, self._is_inside = None, False
        self.ways.enable(True)
        self.ways.show([(way.value, self._say(f"join.as_{way.value}")) for way in Way])
        self._show_message("")
        self.cancel_link.pack_forget()
        for field in self._fields.values():
            field.show_error("")
            field.enable(True)
        if self._key_box is not None and not keep_key:
            self._key_box.destroy()
            self._key_box = None
        if not self.button.winfo_manager():
            self.own_link.pack(anchor="w", after=self._who)
            self.button.pack(fill="x", pady=(self._look.px(18), 0))
        self._show_button()

    def _show_button(self) -> None:
        key = "join.button" if self.way is Way.GUEST else f"join.do_{self.way.value}"
        self.button.show(self._say(key))

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
            case _ if self._is_inside:
                self._actions.identify(self.typed)
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

    def _choose_way(self, _: str) -> None:
        for field in self._identity_fields():
            field.show_error("")
        self._show_way()
        self._show_button()
        self.focus_first()

    def _changed(self, where: JoinField | None) -> None:
        """What is corrected is no longer called wrong."""
        if where is not None and where is not self._asked and self._countdown is None:
            self._fields[where].show_error("")
        self._mark_room()

    def _choose_room(self, room: RoomEntry) -> None:
        is_form = self._asked is None and not self._is_inside
        if self.button.is_enabled and is_form and self.button.winfo_manager():
            self.host.value, self.port.value = room.host, str(room.port)
            self.ways.choose((Way.LOG_IN if room.is_account else Way.GUEST).value)
            (self.user if room.is_account else self.your_name).value = room.name
            self.password.entry.focus_set()

    def _mark_room(self) -> None:
        self._recent.mark(f"{self.host.value.strip()}:{self.port.value.strip()}")

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
