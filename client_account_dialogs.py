"""Dialogs about who one is: the account's page, and forms whose errors stand beside their fields.

Band: adapters. What is asked for comes as a list of fields; what it means is decided elsewhere.
"""

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from client_dialogs import WIDTH, Dialog
from client_form import JoinField
from texts import Texts
from widgets import Button, Card, Field, Link, Words
from widgets_look import Look, draw_avatar

_AVATAR = 44


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of a form. ``caption``: a key of texts.py."""

    field: JoinField
    caption: str
    value: str = ""
    is_secret: bool = False


class FormDialog(Dialog):
    """A few fields and a button. ``on_submit`` gets what stands in them."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        title: str,
        button: str,
        fields: Sequence[Asked],
        *,
        hint: str = "",
        on_submit: Callable[[Mapping[JoinField, str]], None],
        on_close: Callable[[], None],
    ) -> None:
        super().__init__(parent, look, say, title, on_close=on_close)
        colours = look.colours
        self._on_submit, self._button_words = on_submit, button
        self.add_words(title, look.heading, colours.text)
        if hint:
            self.add_words(hint, look.small, colours.soft, top=8)
        self.fields: dict[JoinField, Field] = {}
        for asked in fields:
            self._add_field(asked)
        self.message = self.add_words("", look.small, colours.alarm)
        self.message.pack_forget()
        self.button = Button(self.body, look, button, self.submit, ground=colours.ground)
        self.button.pack(fill="x", pady=(look.px(20), 0))
        cancel = Link(self.body, look, say("join.cancel"), self.close, ground=colours.ground)
        cancel.pack(pady=(look.px(10), 0))

    def _add_field(self, asked: Asked) -> None:
        look, say = self.look, self.say
        shown = (say("join.show"), say("join.hide")) if asked.is_secret else None
        field = Field(
            self.body,
            look,
            say(asked.caption),
            ground=look.colours.ground,
            value=asked.value,
            secret=asked.is_secret,
            show_words=shown,
            width=44,
            on_change=lambda: self._corrected(asked.field),
        )
        field.pack(fill="x", pady=(look.px(14), 0))
        for key in ("<Return>", "<KP_Enter>"):
            field.entry.bind(key, lambda _: self.button.press())
        self.fields[asked.field] = field

    def first(self) -> tk.Misc:
        """The first field that is empty, if one is."""
        fields = list(self.fields.values())
        return next((field for field in fields if not field.value), fields[0]).entry

    def submit(self) -> None:
        """As if the button was pressed."""
        self._on_submit({asked: field.value for asked, field in self.fields.items()})

    def show_busy(self) -> None:
        """The server is asked."""
        for field in self.fields.values():
            field.show_error("")
        self.message.pack_forget()
        self.button.show(self.say("account.busy"), is_enabled=False)

    def show_troubles(self, troubles: Mapping[JoinField, str]) -> None:
        """What is wrong, each sentence beside its field; what has none stands above the button."""
        self.button.show(self._button_words)
        for asked, sentence in reversed(list(troubles.items())):
            field = self.fields.get(asked)
            if field is None:
                self.message.configure(text=sentence)
                self.message.pack(
                    anchor="w", fill="x", before=self.button, pady=(self.look.px(14), 0)
                )
            else:
                field.show_error(sentence)
                field.entry.focus_set()
                field.entry.selection_range(0, "end")

    def _corrected(self, asked: JoinField) -> None:
        """What is corrected is no longer called wrong."""
        if asked in self.fields:
            self.fields[asked].show_error("")


@dataclass(frozen=True, slots=True)
class AccountContent:
    """Who one is. ``token``: of the account's session; empty: a guest."""

    name: str
    person: int
    is_account: bool
    token: str


class AccountDialog(Dialog):
    """Who one is, the session's token, and what can be done about it.

    ``choices``: words and what they do, the first as a button.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        content: AccountContent,
        choices: Sequence[tuple[str, Callable[[], None]]],
        *,
        on_close: Callable[[], None],
    ) -> None:
        super().__init__(parent, look, say, say("account.title"), on_close=on_close)
        colours = look.colours
        self._content = content
        self.copy_link: Link | None = None
        self._build_head(content)
        if content.token:
            self._build_token(content.token)
        else:
            self.add_words(say("account.guest_hint"), look.small, colours.soft, top=14)
        self.choices = {words: on_press for words, on_press in choices}
        first, *others = choices
        self.button = Button(self.body, look, first[0], first[1], ground=colours.ground)
        self.button.pack(fill="x", pady=(look.px(20), 0))
        for words, on_press in others:
            soft = Button(
                self.body,
                look,
                words,
                on_press,
                ground=colours.ground,
                fill=colours.pill,
                hover=colours.line,
                ink=colours.text,
            )
            soft.pack(fill="x", pady=(look.px(10), 0))
        close = Link(self.body, look, say("settings.close"), self.close, ground=colours.ground)
        close.pack(pady=(look.px(12), 0))

    def first(self) -> tk.Misc:
        """The button."""
        return self.button

    def _build_head(self, content: AccountContent) -> None:
        look, colours, say = self.look, self.look.colours, self.say
        row = tk.Frame(self.body, background=colours.ground)
        row.pack(fill="x")
        side = look.px(_AVATAR + 4)
        picture = tk.Canvas(
            row, width=side, height=side, background=colours.ground, highlightthickness=0
        )
        picture.pack(side="left")
        draw_avatar(
            picture,
            look,
            0,
            0,
            name=look.shown(content.name),
            colour=look.person_colour(content.person),
            diameter=_AVATAR,
        )
        words = tk.Frame(row, background=colours.ground)
        words.pack(side="left", padx=(look.px(12), 0))
        ground, wrap = colours.ground, look.px(WIDTH - _AVATAR)
        name = look.shown(content.name)
        Words(words, name, font=look.heading, ink=colours.text, ground=ground, wrap=wrap).pack(
            anchor="w"
        )
        kind = say("account.account" if content.is_account else "account.guest")
        Words(words, kind, font=look.small, ink=colours.soft, ground=ground).pack(anchor="w")

    def _build_token(self, token: str) -> None:
        look, colours, say = self.look, self.look.colours, self.say
        self.add_words(say("account.token").upper(), look.caption, colours.soft, top=20)
        card = Card(self.body, look, fill=colours.note, border=colours.note_line, padding=(14, 10))
        card.pack(fill="x", pady=(look.px(6), 0))
        half = (len(token) + 1) // 2
        shown = f"{token[:half]}\n{token[half:]}"
        ink, ground = colours.note_text, colours.note
        Words(card.inside, shown, font=look.mono, ink=ink, ground=ground).pack(anchor="w")
        foot = tk.Frame(self.body, background=colours.ground)
        foot.pack(fill="x", pady=(look.px(6), 0))
        copy = say("chat.copy")
        self.copy_link = Link(foot, look, copy, self._copy_token, ground=colours.ground)
        self.copy_link.pack(side="right", anchor="n", padx=(look.px(14), 0))
        wrap = look.px(WIDTH - 60)
        hint, ink = say("account.token_hint"), colours.soft
        Words(foot, hint, font=look.tiny, ink=ink, ground=colours.ground, wrap=wrap).pack(
            side="left", anchor="w"
        )

    def _copy_token(self) -> None:
        self.clipboard_clear()
        self.clipboard_append(self._content.token)
