"""What stands beside and below the messages: the list of people, the line to write in.

Band: adapters. One class per view; each is filled by ``show`` and speaks through callables.
"""

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from client_layout import spelled_pictures
from client_mentions import begun_mention, suggested_names
from client_rows import PersonRow
from realms import split_realm
from texts import Texts
from widgets import Card, IconButton, Link
from widgets_lists import Box, ListRow, RowList
from widgets_look import Look, draw_avatar, draw_rounded, is_focused, name_number, shorten
from widgets_paint import Icon

PEOPLE_WIDTH = 210
_ROW = 42  # of the list of people
_MOST_LINES = 6  # that the line to write in grows to
_LONG_TEXT = 4_000  # characters beyond which its lines are not counted


class PeopleList(tk.Frame):
    """Who is here and who is away: of the room, or of a group."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        on_person: Callable[[str, int, int], None],
    ) -> None:
        """``on_person(name, x, y)``: somebody was pressed, at this place of the screen."""
        colours = look.colours
        super().__init__(parent, background=colours.surface, width=look.px(PEOPLE_WIDTH))
        self.pack_propagate(False)
        self._look, self._say, self._on_person = look, say, on_person
        self._lines: list[PersonRow | _Heading] = []
        self.list = RowList(
            self,
            look,
            ground=colours.surface,
            draw=self._draw,
            on_pick=self._pick,
            on_menu=self._press,
        )
        self.list.pack(fill="both", expand=True)
        self.canvas = self.list.canvas

    def show(self, rows: Sequence[PersonRow]) -> None:
        """In the order given."""
        here = [row for row in rows if not row.is_away]
        away = [row for row in rows if row.is_away]
        self._lines = [_Heading("chat.here_now", len(here)), *here]
        if away:
            self._lines += [_Heading("chat.away", len(away)), *away]
        look = self._look
        rows_of = {True: ListRow(look.px(34), can_be_picked=False), False: ListRow(look.px(_ROW))}
        self.list.show([rows_of[isinstance(line, _Heading)] for line in self._lines])

    def _pick(self, place: int) -> None:
        canvas = self.canvas
        self._press(place, canvas.winfo_pointerx(), canvas.winfo_pointery())

    def _press(self, place: int, x: int, y: int) -> None:
        line = self._lines[place]
        if isinstance(line, PersonRow):
            self._on_person(line.name, x, y)

    def _draw(self, place: int, box: Box) -> None:
        line = self._lines[place]
        if isinstance(line, _Heading):
            look = self._look
            text = self._say(line.key, count=line.count).upper()
            at, ink = (look.px(17), box.bottom - look.px(9)), look.colours.soft
            self.canvas.create_text(*at, text=text, anchor="w", font=look.caption, fill=ink)
        else:
            self._draw_person(line, box, is_hot=place == self.list.hot)

    def _draw_person(self, row: PersonRow, box: Box, *, is_hot: bool) -> None:
        look, colours, canvas = self._look, self._look.colours, self.canvas
        if is_hot:
            ground = (look.px(8), box.top, box.right - look.px(8), box.bottom)
            draw_rounded(canvas, look, ground, fill=colours.ground)
        number = row.person or name_number(row.name)
        draw_avatar(
            canvas,
            look,
            look.px(20),
            box.middle - look.px(14),
            name=look.shown(row.name),
            colour=colours.away if row.is_away else look.person_colour(number),
            diameter=28,
            dot="" if row.is_away else colours.here,
            ground=colours.ground if is_hot else colours.surface,
        )
        name, realm = split_realm(row.name) if row.realm else (row.name, "")
        detail = self._say("chat.you_here") if row.is_you else ""
        if realm:
            detail = self._say("realm.of", realm=realm)
        if row.is_typing:
            detail = self._say("chat.typing")
        left, room = look.px(57), canvas.winfo_width() - look.px(62)
        canvas.create_text(
            left,
            box.middle - look.px(7 if detail else 0),
            text=shorten(look.shown(name), look.text, room),
            anchor="w",
            font=look.text,
            fill=colours.soft if row.is_away else colours.text,
        )
        if detail:
            ink = colours.accent if row.is_typing else colours.soft
            canvas.create_text(
                left,
                box.middle + look.px(9),
                text=shorten(look.shown(detail), look.tiny, room),
                anchor="w",
                font=look.tiny,
                fill=ink,
            )


@dataclass(frozen=True, slots=True)
class _Heading:
    """Above the people who are here, or away."""

    key: str
    count: int


class Composer(tk.Frame):
    """The line to write in, growing with what is written.

    ``on_send(text)`` returns whether the text was taken; only then it vanishes from the line.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        enter_sends: bool,
        can_draw_emoji: bool,
        on_send: Callable[[str], bool],
        on_typing: Callable[[], None],
        names: Callable[[], Iterable[str]],
        on_attach: Callable[[], None],
        on_paste: Callable[[], bool],
    ) -> None:
        """``names``: of those who may be mentioned with an @; ``on_paste``: whether what is to be
        pasted was taken, since it is no text."""
        colours = look.colours
        super().__init__(parent, background=colours.surface)
        self._look, self._say = look, say
        self._enter_sends, self._on_send, self._on_typing = enter_sends, on_send, on_typing
        self._names, self._on_paste = names, on_paste
        self._can_draw_emoji = can_draw_emoji
        self._spelled: dict[str, str] = {}  # pictures typed here, by the words shown instead
        tk.Frame(self, background=colours.line, height=1).pack(fill="x")
        self._note = tk.Frame(self, background=colours.surface)
        self.note = tk.Label(
            self._note,
            font=look.small,
            background=colours.surface,
            foreground=colours.alarm,
            anchor="w",
            justify="left",
        )
        self.note.pack(side="left", fill="x", expand=True)
        self._note.bind("<Configure>", self._wrap_note)
        self.choices: list[Link] = []
        self._line = tk.Frame(self, background=colours.surface)
        self._line.pack(side="bottom", fill="x", padx=look.px(20), pady=look.px(15))
        self.send_button = IconButton(
            self._line,
            look,
            Icon.SEND,
            self.submit,
            ground=colours.surface,
            ink="#ffffff",
            name=say("chat.send"),
            disc=colours.accent,
            size=36,
            picture=20,
        )
        self._card = Card(
            self._line, look, fill=colours.field, ground=colours.surface, padding=(14, 8)
        )
        self.attach_button = IconButton(
            self._line,
            look,
            Icon.CLIP,
            on_attach,
            ground=colours.surface,
            ink=colours.soft,
            name=say("file.attach"),
            size=36,
            picture=22,
        )
        self.attach_button.pack(side="left", anchor="s", padx=(0, look.px(10)))
        self.send_button.pack(side="right", anchor="s", padx=(look.px(12), 0))
        self._card.pack(side="left", fill="both", expand=True)
        self.text = tk.Text(
            self._card.inside,
            height=1,
            width=10,
            wrap="word",
            font=look.text,
            background=colours.field,
            foreground=colours.text,
            insertbackground=colours.text,
            selectbackground=colours.selection,
            selectforeground=colours.text,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            padx=0,
            pady=0,
            undo=True,
        )
        self.text.pack(fill="both", expand=True)
        self.hint = tk.Label(
            self._card.inside,
            text=say("chat.placeholder"),
            font=look.text,
            background=colours.field,
            foreground=colours.soft,
            borderwidth=0,
            padx=0,
            pady=0,
            cursor="xterm",
        )
        self.hint.place(x=3, y=0)
        self.hint.bind("<Button-1>", lambda _: self.text.focus_set())
        self.suggestions = Suggestions(parent, look, on_pick=self._complete)
        self._bind_keys()

    def _bind_keys(self) -> None:
        text = self.text
        text.bind("<Return>", self._enter)
        text.bind("<KP_Enter>", self._enter)
        text.bind("<Shift-Return>", lambda _: None)  # the usual new line
        text.bind("<Control-Return>", self._control_enter)
        text.bind("<Tab>", lambda _: self._step("tk_focusNext"))
        text.bind("<Shift-Tab>", lambda _: self._step("tk_focusPrev"))
        text.bind("<<Modified>>", self._modified)
        text.bind("<<Paste>>", lambda _: "break" if self._on_paste() else None)
        text.bind("<FocusIn>", lambda _: self._border(True))
        text.bind("<FocusOut>", self._left)
        text.bind("<Configure>", lambda _: self._grow())
        text.bind("<Up>", lambda _: self._choose_name(-1))
        text.bind("<Down>", lambda _: self._choose_name(1))
        for moved in ("<KeyRelease>", "<ButtonRelease-1>"):
            text.bind(moved, self._suggest)

    @property
    def content(self) -> str:
        """What stands in the line."""
        content = self.text.get("1.0", "end-1c")
        for words, picture in self._spelled.items():
            content = content.replace(words, picture)
        return content

    @content.setter
    def content(self, content: str) -> None:
        self.text.delete("1.0", "end")
        self.text.insert("1.0", content)
        self.text.mark_set("insert", "end")

    def show_hint(self, words: str) -> None:
        """What stands there while nothing is written."""
        self.hint.configure(text=words)

    def submit(self) -> None:
        """As if Enter was pressed."""
        content = self.content
        if content.strip() and self._on_send(content):
            self.suggestions.close()
            self.text.delete("1.0", "end")
            self.text.edit_reset()
            self.show_error("")
        self.text.focus_set()

    def show_error(self, sentence: str) -> None:
        """What is wrong with the text; "" when nothing is."""
        self._show_note(sentence, [])

    def ask(self, sentence: str, choices: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """A question about the text, answered by words that can be pressed."""
        self._show_note(sentence, choices)
        if self.choices:
            self.choices[0].focus_set()

    def insert(self, text: str) -> None:
        """As if typed here; for keys pressed elsewhere."""
        self.text.insert("insert", text)
        self.text.focus_set()

    def mention(self, name: str) -> None:
        """Names somebody, apart from what stands there already."""
        before = self.text.get("insert -1 chars", "insert")
        gap = " " if before.strip() else ""
        self.insert(f"{gap}@{name} ")

    def close(self) -> bool:
        """What stands above the line goes; False: nothing did."""
        has_any = self.suggestions.is_open or bool(self._note.winfo_manager())
        self.suggestions.close()
        self.show_error("")
        return has_any

    # --- names after an @ ---

    def _before_cursor(self) -> str:
        return self.text.get("insert linestart", "insert")

    def _suggest(self, event: "tk.Event[tk.Misc] | None" = None) -> None:
        if event is not None and event.keysym in ("Up", "Down", "Escape"):
            return
        typed = self._before_cursor()
        begun = begun_mention(typed, len(typed))
        names = suggested_names(begun, self._names()) if begun is not None else []
        self.suggestions.show(names, above=self)

    def _choose_name(self, by: int) -> str | None:
        if not self.suggestions.is_open:
            return None
        return self.suggestions.list.step(by)

    def _complete(self, name: str) -> None:
        typed = self._before_cursor()
        begun = begun_mention(typed, len(typed))
        if begun is not None:
            self.text.delete(f"insert -{len(begun.typed)} chars", "insert")
            self.text.insert("insert", f"{name} ")
        self.suggestions.close()
        self.text.focus_set()

    def _left(self, _event: object) -> None:
        self._border(False)
        self.suggestions.close()

    # --- keys ---

    def _show_note(self, sentence: str, choices: Sequence[tuple[str, Callable[[], None]]]) -> None:
        for link in self.choices:
            link.destroy()
        self.choices = []
        self._border(is_focused(self.text), is_wrong=bool(sentence))
        if not sentence:
            self._note.pack_forget()
            return
        look = self._look
        self.note.configure(text=sentence)
        for words, answer in choices:
            link = Link(self._note, look, words, answer, ground=look.colours.surface)
            link.pack(side="right", padx=(look.px(12), 0))
            self.choices.append(link)
        self._note.pack(fill="x", padx=look.px(22), pady=(look.px(8), 0))

    def _wrap_note(self, event: "tk.Event[tk.Misc]") -> None:
        taken = sum(link.winfo_reqwidth() + self._look.px(12) for link in self.choices)
        self.note.configure(wraplength=max(100, event.width - taken))

    def _enter(self, event: "tk.Event[tk.Misc]") -> str | None:
        if self.suggestions.is_open:
            self.suggestions.pick()
            return "break"
        is_shifted = bool(int(event.state) & 1)
        if self._enter_sends and not is_shifted:
            self.submit()
            return "break"
        return None

    def _control_enter(self, _event: object) -> str:
        if self._enter_sends:
            self.text.insert("insert", "\n")
        else:
            self.submit()
        return "break"

    def _step(self, to: str) -> str:
        following = getattr(self.text, to)()
        if following is not None:
            following.focus_set()
        return "break"

    def _modified(self, _event: object) -> None:
        if not self.text.edit_modified():
            return
        self.text.edit_modified(False)
        if self._note.winfo_manager():
            self.show_error("")  # what is corrected is no longer called wrong
        if not self._can_draw_emoji:
            self._spell()
        is_empty = self.text.compare("end-1c", "==", "1.0")
        if is_empty:
            self.hint.place(x=3, y=0)
        else:
            self.hint.place_forget()
            self._on_typing()
        self._grow()

    def _spell(self) -> None:
        """Before Tk draws it, every colour emoji becomes words; ``content`` takes that back."""
        typed = self.text.get("1.0", "end-1c")
        if found := spelled_pictures(typed):
            self._spelled |= found
            for words, picture in found.items():
                typed = typed.replace(picture, words)
            self.content = typed
            self.text.edit_modified(False)

    def _grow(self) -> None:
        height = _MOST_LINES
        if len(self.content) <= _LONG_TEXT:
            lines = self.text.count("1.0", "end", "displaylines")
            height = min(_MOST_LINES, max(1, lines[0] if lines else 1))
        if height != int(self.text.cget("height")):
            self.text.configure(height=height)
            self.text.see("insert")

    def _border(self, has_focus: bool, *, is_wrong: bool = False) -> None:
        colours = self._look.colours
        border = colours.alarm if is_wrong else colours.focus if has_focus else colours.line
        self._card.colour(colours.field, border)


class Suggestions(tk.Frame):
    """Names to choose from, over the line in which one of them is being written."""

    def __init__(self, parent: tk.Misc, look: Look, *, on_pick: Callable[[str], None]) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.line)
        self._look, self._on_pick = look, on_pick
        self._names: Sequence[str] = ()
        self.list = RowList(
            self,
            look,
            ground=colours.surface,
            draw=self._draw,
            on_pick=lambda _: self.pick(),
            takes_focus=False,
        )
        self.list.pack(fill="both", expand=True, padx=1, pady=1)

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose from."""
        return bool(self._names)

    def show(self, names: Sequence[str], *, above: tk.Misc) -> None:
        """The first is chosen until another one is; none: closes."""
        if names == self._names:
            return
        self._names = names
        if not names:
            self.place_forget()
            return
        look = self._look
        self.list.hot = 0
        self.list.show([ListRow(look.px(34))] * len(names))
        widest = max(look.text.measure(look.shown(name)) for name in names)
        self.place(
            in_=above,
            x=look.px(20),
            y=-look.px(4),
            anchor="sw",
            width=min(look.px(320), max(look.px(160), widest + look.px(48))),
            height=self.list.height + 2,
        )
        self.lift()

    def pick(self) -> None:
        """The one that is chosen."""
        self._on_pick(self._names[self.list.hot or 0])

    def close(self) -> None:
        """Nothing is to be chosen any more."""
        self._names = ()
        self.place_forget()

    def _draw(self, place: int, box: Box) -> None:
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        name = look.shown(self._names[place])
        if place == self.list.hot:
            canvas.create_rectangle(
                box.left, box.top, box.right, box.bottom, fill=colours.pill, width=0
            )
        canvas.create_text(
            look.px(12),
            box.middle,
            text=shorten(f"@{name}", look.text, box.right - look.px(24)),
            anchor="w",
            font=look.text,
            fill=colours.text,
        )
