"""What stands around the messages: the side bar, the list of people, the line to write in.

Band: adapters. One class per view; each is filled by ``show`` and speaks through callables.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from client_layout import spelled_pictures
from client_rows import PersonRow
from texts import Texts
from widgets import Card, IconButton, Link, ThinScrollbar
from widgets_look import Look, draw_avatar, draw_rounded, shorten
from widgets_paint import Icon

SIDE_WIDTH = 268
PEOPLE_WIDTH = 210
_ROW = 42  # of the list of people
_MOST_LINES = 6  # that the line to write in grows to
_LONG_TEXT = 4_000  # characters beyond which its lines are not counted


@dataclass(frozen=True, slots=True)
class SideContent:
    """Everything the side bar shows."""

    room_name: str
    address: str
    preview: str
    time: str
    unread: int
    name: str
    person: int
    connection: str
    is_connected: bool


class SideBar(tk.Frame):
    """The room, its one conversation, and oneself."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        *,
        on_room: Callable[[], None],
        on_settings: Callable[[], None],
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.side, width=look.px(SIDE_WIDTH))
        self.pack_propagate(False)
        self._look, self._say = look, say
        self._content: SideContent | None = None
        self._foot = tk.Frame(self, background=colours.side)
        self._foot.pack(side="bottom", fill="x")
        tk.Frame(self._foot, background=colours.side_line, height=1).pack(fill="x")
        self.gear = IconButton(
            self._foot,
            look,
            Icon.GEAR,
            on_settings,
            ground=colours.side,
            ink=colours.side_soft,
            name=say("settings.title"),
        )
        self.gear.pack(side="right", padx=look.px(10))
        self.me = tk.Canvas(
            self._foot, background=colours.side, highlightthickness=0, height=look.px(55), width=1
        )
        self.me.pack(side="left", fill="x", expand=True)
        self.top = tk.Canvas(self, background=colours.side, highlightthickness=0, width=1)
        self.top.pack(fill="both", expand=True)
        self.top.tag_bind("room", "<Button-1>", lambda _: on_room())
        self.top.bind("<Configure>", lambda _: self._draw())
        self.me.bind("<Configure>", lambda _: self._draw())

    def show(self, content: SideContent) -> None:
        """Draws anew if anything changed."""
        if content != self._content:
            self._content = content
            self._draw()

    def _draw(self) -> None:
        if self._content is not None:
            self._draw_top(self._content)
            self._draw_me(self._content)

    def _draw_top(self, content: SideContent) -> None:
        look, colours, canvas = self._look, self._look.colours, self.top
        canvas.delete("all")
        width = max(look.px(120), canvas.winfo_width())
        left = look.px(20)
        name = shorten(look.shown(content.room_name), look.heading, width - 2 * left)
        canvas.create_text(
            left, look.px(31), text=name, anchor="w", font=look.heading, fill=colours.side_text
        )
        lock = look.icon(Icon.LOCK, look.px(12), colours.side_soft)
        canvas.create_image(left, look.px(53), image=lock, anchor="w")
        address = shorten(content.address, look.small, width - 2 * left - look.px(16))
        canvas.create_text(
            left + look.px(16),
            look.px(53),
            text=address,
            anchor="w",
            font=look.small,
            fill=colours.side_soft,
        )
        canvas.create_text(
            left,
            look.px(92),
            text=self._say("chat.room").upper(),
            anchor="w",
            font=look.caption,
            fill=colours.side_soft,
        )
        self._draw_room(content, width)

    def _draw_room(self, content: SideContent, width: int) -> None:
        look, colours, canvas = self._look, self._look.colours, self.top
        top, edge = look.px(108), look.px(8)
        box = (edge, top, width - edge, top + look.px(48))
        draw_rounded(canvas, look, box, fill=colours.side_chosen, tags="room")
        size = look.px(32)
        picture = look.square(
            size, look.px(3), colours.accent if not colours.is_dark else "#0f766e"
        )
        canvas.create_image(look.px(20), top + edge, image=picture, anchor="nw", tags="room")
        canvas.create_text(
            look.px(36),
            top + look.px(24),
            text="#",
            font=look.button,
            fill="#ffffff",
            tags="room",
        )
        right = width - look.px(20)
        canvas.create_text(
            look.px(64),
            top + look.px(16),
            text=self._say("chat.everyone"),
            anchor="w",
            font=look.strong,
            fill=colours.side_text,
            tags="room",
        )
        canvas.create_text(
            right,
            top + look.px(15),
            text=content.time,
            anchor="e",
            font=look.tiny,
            fill=colours.side_soft,
            tags="room",
        )
        room = right - look.px(64)
        if content.unread:
            text = str(content.unread) if content.unread < 1000 else "999+"
            badge = max(look.px(26), look.caption.measure(text) + look.px(14))
            box = (
                right + look.px(2) - badge,
                top + look.px(25),
                right + look.px(2),
                top + look.px(42),
            )
            draw_rounded(canvas, look, box, fill=colours.badge, radius=3, tags="room")
            canvas.create_text(
                right + look.px(2) - badge // 2,
                top + look.px(33),
                text=text,
                font=look.caption,
                fill=colours.badge_text,
                tags="room",
            )
            room -= badge + look.px(4)
        canvas.create_text(
            look.px(64),
            top + look.px(33),
            text=shorten(look.shown(content.preview), look.tiny, room),
            anchor="w",
            font=look.tiny,
            fill=colours.side_soft,
            tags="room",
        )

    def _draw_me(self, content: SideContent) -> None:
        look, colours, canvas = self._look, self._look.colours, self.me
        canvas.delete("all")
        draw_avatar(
            canvas,
            look,
            look.px(20),
            look.px(11),
            name=look.shown(content.name),
            colour=look.person_colour(content.person),
            dot=colours.here if content.is_connected else colours.badge,
            ground=colours.side,
        )
        left = look.px(64)
        room = max(look.px(40), canvas.winfo_width() - left)
        canvas.create_text(
            left,
            look.px(20),
            text=shorten(look.shown(content.name), look.strong, room),
            anchor="w",
            font=look.strong,
            fill=colours.side_text,
        )
        canvas.create_text(
            left,
            look.px(37),
            text=shorten(content.connection, look.tiny, room),
            anchor="w",
            font=look.tiny,
            fill=colours.side_soft if content.is_connected else colours.badge,
        )


class PeopleList(tk.Frame):
    """Who is here and who is away; draws only the lines in view, so thousands cost nothing."""

    def __init__(self, parent: tk.Misc, look: Look, say: Texts) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.surface, width=look.px(PEOPLE_WIDTH))
        self.pack_propagate(False)
        self._look, self._say = look, say
        self._here: list[PersonRow] = []
        self._away: list[PersonRow] = []
        self.canvas = tk.Canvas(
            self, background=colours.surface, highlightthickness=0, yscrollincrement=1, width=1
        )
        self._bar = ThinScrollbar(self, look, self._scroll_to, ground=colours.surface)
        self._bar.pack(side="right", fill="y")
        self.canvas.pack(side="left", fill="both", expand=True)
        self.canvas.configure(yscrollcommand=self._bar.set)
        self.canvas.bind("<Configure>", lambda _: self._draw())
        self.canvas.bind("<MouseWheel>", self._wheel)
        self.canvas.bind("<Button-4>", lambda _: self._scroll_by(-look.px(_ROW)))
        self.canvas.bind("<Button-5>", lambda _: self._scroll_by(look.px(_ROW)))

    def show(self, rows: Sequence[PersonRow]) -> None:
        """In the order given."""
        self._here = [row for row in rows if not row.is_away]
        self._away = [row for row in rows if row.is_away]
        self._draw()

    def _scroll_to(self, fraction: float) -> None:
        self.canvas.yview_moveto(fraction)
        self._draw()

    def _scroll_by(self, pixels: int) -> None:
        self.canvas.yview_scroll(pixels, "units")
        self._draw()

    def _wheel(self, event: "tk.Event[tk.Misc]") -> None:
        notches = event.delta / 120 if abs(event.delta) >= 120 else event.delta
        self._scroll_by(-round(notches * self._look.px(_ROW)))

    def _draw(self) -> None:
        look, canvas, height = self._look, self.canvas, self._look.px(_ROW)
        canvas.delete("all")
        here_top = look.px(35)
        away_label = here_top + len(self._here) * height + look.px(18)
        away_top = away_label + look.px(10)
        end = away_top + len(self._away) * height if self._away else away_label
        canvas.configure(scrollregion=(0, 0, canvas.winfo_width(), end + look.px(10)))
        view = round(canvas.canvasy(0)), round(canvas.canvasy(canvas.winfo_height()))
        self._caption(look.px(25), "chat.here_now", len(self._here))
        self._draw_rows(self._here, here_top, view)
        if self._away:
            self._caption(away_label, "chat.away", len(self._away))
            self._draw_rows(self._away, away_top, view)

    def _caption(self, y: int, key: str, count: int) -> None:
        look = self._look
        text = self._say(key, count=count).upper()
        ink = look.colours.soft
        self.canvas.create_text(look.px(17), y, text=text, anchor="w", font=look.caption, fill=ink)

    def _draw_rows(self, rows: list[PersonRow], top: int, view: tuple[int, int]) -> None:
        height = self._look.px(_ROW)
        first = max(0, (view[0] - top) // height)
        last = min(len(rows), (view[1] - top) // height + 1)
        for place in range(first, last):
            self._draw_row(rows[place], top + place * height)

    def _draw_row(self, row: PersonRow, top: int) -> None:
        look, colours, canvas = self._look, self._look.colours, self.canvas
        middle = top + look.px(_ROW) // 2
        draw_avatar(
            canvas,
            look,
            look.px(20),
            middle - look.px(14),
            name=look.shown(row.name),
            colour=colours.away if row.is_away else look.person_colour(row.person),
            diameter=28,
            dot="" if row.is_away else colours.here,
            ground=colours.surface,
        )
        detail = self._say("chat.you_here") if row.is_you else ""
        if row.is_typing:
            detail = self._say("chat.typing")
        left, room = look.px(57), canvas.winfo_width() - look.px(62)
        canvas.create_text(
            left,
            middle - look.px(7 if detail else 0),
            text=shorten(look.shown(row.name), look.text, room),
            anchor="w",
            font=look.text,
            fill=colours.soft if row.is_away else colours.text,
        )
        if detail:
            ink = colours.accent if row.is_typing else colours.soft
            canvas.create_text(
                left, middle + look.px(9), text=detail, anchor="w", font=look.tiny, fill=ink
            )


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
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.surface)
        self._look, self._say = look, say
        self._enter_sends, self._on_send, self._on_typing = enter_sends, on_send, on_typing
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
            self._line,
            look,
            fill=colours.field,
            border=colours.line,
            ground=colours.surface,
            padding=(14, 8),
        )
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
        text.bind("<FocusIn>", lambda _: self._border(True))
        text.bind("<FocusOut>", lambda _: self._border(False))
        text.bind("<Configure>", lambda _: self._grow())

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

    def submit(self) -> None:
        """As if Enter was pressed."""
        content = self.content
        if content.strip() and self._on_send(content):
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

    def _show_note(self, sentence: str, choices: Sequence[tuple[str, Callable[[], None]]]) -> None:
        for link in self.choices:
            link.destroy()
        self.choices = []
        self._border(bool(self.text.focus_displayof() is self.text), is_wrong=bool(sentence))
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
