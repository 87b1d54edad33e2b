"""The side bar: the room's name, the search, conversations and realms or what was found, oneself.

Band: adapters. One class per view; each is filled by ``show`` and speaks through callables.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import font as tkfont

from client_overview import ConversationRow, Dot, RealmRow
from client_rows import count_text
from client_search import Hit, Results
from client_search_panels import SearchBox
from conversation import ConversationKind
from texts import Texts
from widgets import IconButton
from widgets_lists import Box, ListRow, RowList
from widgets_look import Look, draw_avatar, draw_rounded, is_focused, name_number, shorten
from widgets_paint import Icon

SIDE_WIDTH = 268
_ROW = 52  # of a conversation
_CAPTION = 44  # above the first of a kind
_HIT = 66  # of what was found
_LEFT = 20
_TEXT = 64
_KINDS = {
    ConversationKind.ROOM: "chat.room",
    ConversationKind.GROUP: "chat.groups",
    ConversationKind.PRIVATE: "chat.private",
}
_REALMS = "realm.title"


@dataclass(frozen=True, slots=True)
class SideContent:
    """Everything the side bar shows."""

    room_name: str
    address: str
    rows: tuple[ConversationRow, ...]
    realms: tuple[RealmRow, ...]
    may_add_realm: bool
    name: str
    person: int
    connection: str
    is_connected: bool


@dataclass(frozen=True, slots=True)
class SideActions:
    """What the side bar can ask for. ``x``, ``y``: a place of the screen."""

    choose: Callable[[int], object]
    menu: Callable[[int, int, int], None]  # of a conversation
    add: Callable[[ConversationKind, int, int], None]  # the plus beside a kind
    realm: Callable[[str, int, int], None]  # what can be done with one
    add_realm: Callable[[], None]
    search: Callable[[str], None]  # the words as they stand now
    search_now: Callable[[], None]
    close_search: Callable[[], object]
    open_found: Callable[[int, int], None]  # conversation and number
    account: Callable[[], None]
    settings: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Caption:
    """Above the conversations of one kind, or the realms. ``key``: a key of texts.py."""

    key: str
    has_plus: bool


class SideBar(tk.Frame):
    """The conversations of the room, and oneself."""

    def __init__(self, parent: tk.Misc, look: Look, say: Texts, actions: SideActions) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.side, width=look.px(SIDE_WIDTH))
        self.pack_propagate(False)
        self._look, self._say, self._actions = look, say, actions
        self._content: SideContent | None = None
        self._lines: list[ConversationRow | RealmRow | _Caption] = []
        self._results: Results | None = None
        self._build_foot()
        self.top = tk.Canvas(
            self, background=colours.side, highlightthickness=0, width=1, height=look.px(66)
        )
        self.top.pack(fill="x")
        self.top.bind("<Configure>", lambda _: self._draw_top())
        self.search = SearchBox(
            self,
            look,
            say,
            on_write=actions.search,
            on_enter=actions.search_now,
            on_close=actions.close_search,
        )
        self.search.pack(fill="x", padx=look.px(16), pady=(look.px(8), 0))
        thumb = colours.side_chosen
        self.list = RowList(
            self,
            look,
            ground=colours.side,
            draw=self._draw_line,
            on_pick=self._pick,
            on_menu=self._open_menu,
            thumb=thumb,
        )
        self.found = RowList(
            self,
            look,
            ground=colours.side,
            draw=self._draw_found,
            on_pick=self._pick_found,
            thumb=thumb,
        )
        self.list.pack(fill="both", expand=True)
        self.list.canvas.bind("<Button-1>", self._press_plus, add="+")

    def _build_foot(self) -> None:
        look, colours, say = self._look, self._look.colours, self._say
        foot = tk.Frame(self, background=colours.side)
        foot.pack(side="bottom", fill="x")
        tk.Frame(foot, background=colours.side_line, height=1).pack(fill="x")
        self.gear = IconButton(
            foot,
            look,
            Icon.GEAR,
            self._actions.settings,
            ground=colours.side,
            ink=colours.side_soft,
            name=say("settings.title"),
        )
        self.gear.pack(side="right", padx=look.px(10))
        self.me = tk.Canvas(
            foot,
            background=colours.side,
            highlightthickness=0,
            height=look.px(55),
            width=1,
            takefocus=True,
            cursor="hand2",
        )
        self.me.pack(side="left", fill="x", expand=True)
        for change in ("<Configure>", "<FocusIn>", "<FocusOut>"):
            self.me.bind(change, lambda _: self._draw_me())
        for press in ("<Button-1>", "<Return>", "<KP_Enter>", "<space>"):
            self.me.bind(press, lambda _: self._actions.account())

    # --- filling ---

    def show(self, content: SideContent) -> None:
        """Draws anew if anything changed."""
        if content == self._content:
            return
        self._content = content
        self._lines = []
        for kind, key in _KINDS.items():
            rows = [row for row in content.rows if row.kind is kind]
            self._lines += [_Caption(key, kind is not ConversationKind.ROOM), *rows]
        if content.realms or content.may_add_realm:
            self._lines += [_Caption(_REALMS, content.may_add_realm), *content.realms]
        look = self._look
        self.list.show(
            [
                ListRow(look.px(_CAPTION), can_be_picked=False)
                if isinstance(line, _Caption)
                else ListRow(look.px(_ROW))
                for line in self._lines
            ]
        )
        self._draw_top()
        self._draw_me()

    def show_results(self, results: Results | None) -> None:
        """What was found, in place of the conversations; None: these again."""
        is_same = (results is None) == (self._results is None)
        self._results = results
        if results is not None:
            row = ListRow(self._look.px(_HIT))
            note = ListRow(self._look.px(_CAPTION), can_be_picked=False)
            self.found.show([note, *[row] * len(results.hits)])
        if not is_same:
            gone, shown = (self.list, self.found) if results else (self.found, self.list)
            gone.pack_forget()
            shown.pack(fill="both", expand=True)

    def see_chosen(self) -> None:
        """Has the conversation that is shown in view."""
        for place, line in enumerate(self._lines):
            if isinstance(line, ConversationRow) and line.is_chosen:
                self.list.see(place)

    # --- what the user does ---

    def _pick(self, place: int) -> None:
        line = self._lines[place]
        if isinstance(line, ConversationRow):
            self._actions.choose(line.conversation)
        elif isinstance(line, RealmRow):
            canvas = self.list.canvas
            self._actions.realm(line.name, canvas.winfo_pointerx(), canvas.winfo_pointery())

    def _open_menu(self, place: int, x: int, y: int) -> None:
        line = self._lines[place]
        if isinstance(line, ConversationRow):
            self._actions.menu(line.conversation, x, y)
        elif isinstance(line, RealmRow):
            self._actions.realm(line.name, x, y)

    def _press_plus(self, event: "tk.Event[tk.Misc]") -> None:
        canvas = self.list.canvas
        x, y = canvas.canvasx(event.x), canvas.canvasy(event.y)
        for kind, key in (*_KINDS.items(), (None, _REALMS)):
            box = canvas.bbox(f"plus-{key}")
            if box and box[0] - 8 <= x <= box[2] + 8 and box[1] - 8 <= y <= box[3] + 8:
                if kind is None:
                    self._actions.add_realm()
                else:
                    self._actions.add(kind, event.x_root, event.y_root)
                return

    def _pick_found(self, place: int) -> None:
        if self._results is not None:
            hit = self._results.hits[place - 1]
            self._actions.open_found(hit.conversation, hit.number)

    # --- drawing ---

    def _draw_top(self) -> None:
        content = self._content
        if content is None:
            return
        look, colours, canvas = self._look, self._look.colours, self.top
        canvas.delete("all")
        width = max(look.px(120), canvas.winfo_width())
        left = look.px(_LEFT)
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

    def _draw_line(self, place: int, box: Box) -> None:
        line = self._lines[place]
        if isinstance(line, _Caption):
            self._draw_caption(line, box)
        elif isinstance(line, RealmRow):
            self._draw_realm(line, box, is_hot=place == self.list.hot)
        else:
            self._draw_conversation(line, box, is_hot=place == self.list.hot)

    def _draw_caption(self, caption: _Caption, box: Box) -> None:
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        y = box.bottom - look.px(16)
        words = self._say(caption.key).upper()
        canvas.create_text(
            look.px(_LEFT), y, text=words, anchor="w", font=look.caption, fill=colours.side_soft
        )
        if caption.has_plus:
            plus = look.icon(Icon.PLUS, look.px(15), colours.side_soft)
            tag = f"plus-{caption.key}"
            canvas.create_image(box.right - look.px(22), y, image=plus, tags=tag)
            for change, cursor in (("<Enter>", "hand2"), ("<Leave>", "")):
                canvas.tag_bind(tag, change, lambda _, c=cursor: canvas.configure(cursor=c))  # type: ignore[misc]

    def _draw_conversation(self, row: ConversationRow, box: Box, *, is_hot: bool) -> None:
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        edge, top = look.px(8), box.top
        if row.is_chosen or is_hot:
            ground = (edge, top, box.right - edge, top + look.px(48))
            fill = colours.side_chosen if row.is_chosen else colours.side_hot
            draw_rounded(canvas, look, ground, fill=fill)
        self._draw_picture(row, top + edge, is_hot=is_hot)
        right = box.right - look.px(_LEFT)
        is_new = bool(row.unread) and not row.is_silent
        time = canvas.create_text(
            right,
            top + look.px(15),
            text=row.time,
            anchor="e",
            font=look.tiny,
            fill=colours.side_soft,
        )
        taken = canvas.bbox(time)
        room = (taken[0] if taken else right) - look.px(_TEXT) - look.px(8)
        if row.is_silent:
            bell = look.icon(Icon.SILENT, look.px(12), colours.side_faint)
            at = look.px(_TEXT) + room
            canvas.create_image(at, top + look.px(15), image=bell, anchor="e")
            room -= look.px(18)
        font = look.strong if is_new or row.is_chosen else look.text
        self._draw_name(row.name, row.realm, font, top + look.px(16), room)
        room = right - look.px(_TEXT)
        if row.unread:
            room -= self._draw_badge(row, right + look.px(2), top) + look.px(4)
        canvas.create_text(
            look.px(_TEXT),
            top + look.px(33),
            text=shorten(look.shown(row.preview), look.tiny, room),
            anchor="w",
            font=look.tiny,
            fill=colours.side_lively if row.is_lively else colours.side_soft,
        )

    def _draw_name(self, name: str, realm: str, font: tkfont.Font, y: int, room: int) -> None:
        """``darren @kampus-b``; of a name that is too long for both, the realm gives way first."""
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        left = look.px(_TEXT)
        shown = shorten(look.shown(name), font, room)
        ink = colours.side_text
        canvas.create_text(left, y, text=shown, anchor="w", font=font, fill=ink)
        taken = font.measure(f"{shown} ")
        if realm and room - taken > look.px(24):
            at = shorten(f"@{realm}", look.text, room - taken)
            canvas.create_text(
                left + taken, y, text=at, anchor="w", font=look.text, fill=colours.side_soft
            )

    def _draw_realm(self, row: RealmRow, box: Box, *, is_hot: bool) -> None:
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        edge, top = look.px(8), box.top
        if is_hot:
            ground = (edge, top, box.right - edge, top + look.px(48))
            draw_rounded(canvas, look, ground, fill=colours.side_hot)
        size, left = look.px(32), look.px(_LEFT)
        picture = look.square(size, look.px(3), look.person_colour(name_number(row.name)))
        canvas.create_image(left, top + edge, image=picture, anchor="nw")
        middle = (left + size // 2, top + edge + size // 2)
        canvas.create_text(*middle, text="@", font=look.button, fill=colours.avatar_text)
        rim, ground_of_dot = look.px(14), colours.side_hot if is_hot else colours.side
        corner = (left + size + look.px(2), top + edge + size + look.px(2))
        dot = colours.here if row.dot is Dot.HERE else colours.away
        for diameter, fill in ((rim, ground_of_dot), (look.px(10), dot)):
            inset = (rim - diameter) // 2
            canvas.create_image(
                corner[0] - inset, corner[1] - inset, image=look.disc(diameter, fill), anchor="se"
            )
        room = box.right - look.px(_LEFT) - look.px(_TEXT)
        self._draw_name(row.name, "", look.text, top + look.px(16), room)
        canvas.create_text(
            look.px(_TEXT),
            top + look.px(33),
            text=shorten(row.line, look.tiny, room),
            anchor="w",
            font=look.tiny,
            fill=colours.side_soft,
        )

    def _draw_picture(self, row: ConversationRow, top: int, *, is_hot: bool) -> None:
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        left = look.px(_LEFT)
        if row.kind is ConversationKind.ROOM:
            size = look.px(32)
            accent = "#0f766e" if colours.is_dark else colours.accent
            picture = look.square(size, look.px(3), accent)
            canvas.create_image(left, top, image=picture, anchor="nw")
            middle = (left + size // 2, top + size // 2)
            canvas.create_text(*middle, text="#", font=look.button, fill="#ffffff")
            return
        fills = (colours.side_hot if is_hot else colours.side, colours.side_chosen)
        dots = {Dot.NONE: "", Dot.HERE: colours.here, Dot.AWAY: colours.away}
        draw_avatar(
            canvas,
            look,
            left,
            top,
            name=look.shown(row.name),
            colour=look.person_colour(row.person or name_number(row.name)),
            dot=dots[row.dot],
            ground=fills[row.is_chosen],
        )

    def _draw_badge(self, row: ConversationRow, right: int, top: int) -> int:
        """How much of the line it takes."""
        look, colours, canvas = self._look, self._look.colours, self.list.canvas
        text = count_text(row.unread)
        text = f"@ {text}" if row.is_meant else text
        width = max(look.px(26), look.caption.measure(text) + look.px(14))
        box = (right - width, top + look.px(25), right, top + look.px(42))
        fill = colours.side_faint if row.is_silent else colours.badge
        ink = colours.side_text if row.is_silent else colours.badge_text
        draw_rounded(canvas, look, box, fill=fill, radius=3)
        middle = (right - width // 2, top + look.px(33))
        canvas.create_text(*middle, text=text, font=look.caption, fill=ink)
        return width

    def _draw_found(self, place: int, box: Box) -> None:
        results = self._results
        if results is None:
            return
        if place > 0:
            self._draw_hit(results.hits[place - 1], box, is_hot=place == self.found.hot)
            return
        look = self._look
        self.found.canvas.create_text(
            look.px(_LEFT),
            box.bottom - look.px(16),
            text=results.note,
            anchor="w",
            font=look.tiny,
            fill=look.colours.side_soft,
        )

    def _draw_hit(self, hit: Hit, box: Box, *, is_hot: bool) -> None:
        look, colours, canvas = self._look, self._look.colours, self.found.canvas
        left, right = look.px(_LEFT), box.right - look.px(_LEFT)
        if is_hot:
            ground = (look.px(8), box.top, box.right - look.px(8), box.bottom - look.px(4))
            draw_rounded(canvas, look, ground, fill=colours.side_chosen)
        time = look.tiny.measure(hit.time)
        place = shorten(look.shown(hit.place), look.tiny, right - left - time - look.px(10))
        soft, text = colours.side_soft, colours.side_text
        at = box.top + look.px(14)
        canvas.create_text(left, at, text=place, anchor="w", font=look.tiny, fill=soft)
        canvas.create_text(right, at, text=hit.time, anchor="e", font=look.tiny, fill=soft)
        name = shorten(look.shown(hit.name), look.small_strong, right - left)
        canvas.create_text(
            left,
            box.top + look.px(30),
            text=name,
            anchor="w",
            font=look.small_strong,
            fill=text,
        )
        x = left
        pieces = ((hit.before, look.tiny, soft), (hit.match, look.caption, colours.badge))
        for words, font, ink in (*pieces, (hit.after, look.tiny, soft)):
            shown = shorten(look.shown(words), font, right - x) if right > x else ""
            y = box.top + look.px(47)
            canvas.create_text(x, y, text=shown, anchor="w", font=font, fill=ink)
            x += font.measure(shown)

    def _draw_me(self) -> None:
        content = self._content
        if content is None:
            return
        look, colours, canvas = self._look, self._look.colours, self.me
        canvas.delete("all")
        draw_avatar(
            canvas,
            look,
            look.px(_LEFT),
            look.px(11),
            name=look.shown(content.name),
            colour=look.person_colour(content.person),
            dot=colours.here if content.is_connected else colours.badge,
            ground=colours.side,
        )
        left = look.px(_TEXT)
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
        if is_focused(canvas):
            box = (look.px(8), look.px(4), canvas.winfo_width() - 2, look.px(51))
            canvas.create_rectangle(*box, outline=colours.side_soft, dash=(2, 2))
