"""The chat window's view: side bar, header, messages, the line to write in, people.

Band: adapters. Arranges the panels and fills them from the model; decides nothing.
"""

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from client_events import Connection
from client_file_model import FileAction
from client_file_views import Preview
from client_messages import MessageView
from client_model import ClientModel
from client_overview import (
    connection_line,
    conversation_rows,
    header_line,
    header_title,
    member_rows,
    placeholder,
    realm_rows,
)
from client_panels import PEOPLE_WIDTH, Composer, PeopleList
from client_rows import MessageRow
from client_search import Results
from client_side_panels import SIDE_WIDTH, SideActions, SideBar, SideContent
from conversation import ConversationKind
from settings_client import Notify
from texts import Texts
from widgets import IconButton, Words
from widgets_look import Look, can_draw_emoji, shorten
from widgets_paint import Icon

SIZE = (1120, 720)
_LEAST_MIDDLE = 380  # design pixels for messages, before the side panels give way


@dataclass(frozen=True, slots=True)
class ChatActions:
    """What the view can ask for, besides the side bar. ``x``, ``y``: a place of the screen."""

    send: Callable[[str], bool]  # whether the text was taken
    typing: Callable[[], None]
    older: Callable[[], None]
    newer: Callable[[], None]
    newest: Callable[[], None]
    look: Callable[[], None]
    ask_lacking: Callable[[int], None]
    person: Callable[[str, int, int], None]
    menu: Callable[[int, int], None]  # of the conversation shown
    names: Callable[[], Iterable[str]]  # who may be mentioned
    attach: Callable[[], None]
    paste: Callable[[], bool]  # whether what is to be pasted is no text, and was taken
    file: Callable[[MessageRow, FileAction], None]
    preview: Callable[[bytes], Preview | None]


class ChatView(tk.Frame):
    """Filled by ``show`` from the model."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        model: ClientModel,
        *,
        address: str,
        enter_sends: bool,
        actions: ChatActions,
        side: SideActions,
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.ground)
        self._look, self._say, self._model, self._address = look, say, model, address
        self._actions = actions
        self._title = ""
        self.shown = model.chosen  # the conversation that is drawn
        self.is_drawer_open = False
        self.side = SideBar(self, look, say, side)
        self.people = PeopleList(self, look, say, on_person=actions.person)
        self._people_edge = tk.Frame(self, background=colours.line, width=1)
        self._middle = tk.Frame(self, background=colours.ground)
        self._build_header()
        can_draw = can_draw_emoji(self)
        self.composer = Composer(
            self._middle,
            look,
            say,
            enter_sends=enter_sends,
            can_draw_emoji=can_draw,
            on_send=actions.send,
            on_typing=actions.typing,
            names=actions.names,
            on_attach=actions.attach,
            on_paste=actions.paste,
        )
        self.messages = MessageView(
            self._middle,
            look,
            say,
            time_of=model.time_of,
            can_draw_emoji=can_draw,
            on_top=actions.older,
            on_bottom=actions.newer,
            on_newest=actions.newest,
            on_look=actions.look,
            on_write_again=self._write_again,
            on_ask_lacking=actions.ask_lacking,
            on_person=actions.person,
            on_file=actions.file,
            preview_of=actions.preview,
        )
        self.composer.pack(side="bottom", fill="x")
        self.messages.pack(fill="both", expand=True)
        self.side.pack(side="left", fill="y")
        self.bind("<Configure>", self._resized)
        self._arranged: tuple[object, ...] = ()
        text = self.composer.text
        text.bind("<Prior>", lambda _: self._page(-0.9))
        text.bind("<Next>", lambda _: self._page(0.9))
        self.messages.canvas.bind("<Key>", self._type_elsewhere)
        self.messages.canvas.bind("<Button-1>", lambda _: self.close_drawer(), add="+")

    def _build_header(self) -> None:
        look, colours, say = self._look, self._look.colours, self._say
        ground = colours.surface
        self._head = tk.Frame(self, background=ground, height=look.px(65))
        self._head.pack_propagate(False)
        tk.Frame(self._head, background=colours.line, height=1).pack(side="bottom", fill="x")

        def button(icon: Icon, on_press: Callable[[], None], name: str) -> IconButton:
            return IconButton(
                self._head, look, icon, on_press, ground=ground, ink=colours.soft, name=name
            )

        self.drawer_button = button(Icon.MENU, self.toggle_drawer, say("chat.conversations"))
        self.menu_button = button(Icon.DOTS, self._open_menu, say("chat.more"))
        self.menu_button.pack(side="right", padx=(0, look.px(14)))
        self.silent = tk.Label(self._head, background=ground, borderwidth=0)
        self._words = tk.Frame(self._head, background=ground)
        self._words.pack(side="left", fill="both", expand=True, padx=(look.px(24), 0))
        self.title = Words(self._words, "", font=look.heading, ink=colours.text, ground=ground)
        self.title.place(x=0, y=look.px(25), anchor="w")
        self.subtitle = Words(self._words, "", font=look.small, ink=colours.soft, ground=ground)
        self.subtitle.place(x=0, y=look.px(47), anchor="w")
        self._words.bind("<Configure>", lambda _: self._draw_title())
        self.banner = tk.Label(
            self._middle,
            text=self._say("chat.banner_lost"),
            font=look.small_strong,
            background=colours.banner,
            foreground=colours.banner_text,
            pady=look.px(6),
        )

    # --- filling ---

    def show_messages(self, today: date) -> None:
        """What of the conversation is in reach."""
        model = self._model
        self.messages.show(
            model.rows(),
            today,
            has_end=model.held.is_following,
            unread=len(model.unread_in(model.chosen)),
            is_loading=model.held.is_loading_older,
        )

    def show_around(self, today: date) -> None:
        """Everything but the messages and the people."""
        model, say = self._model, self._say
        self.side.show(
            SideContent(
                model.room_name,
                self._address,
                tuple(conversation_rows(model, today, say)),
                tuple(realm_rows(model, today, say)),
                model.may_add_realm,
                model.my_name,
                model.me,
                connection_line(model, say),
                model.connection is Connection.HERE,
            )
        )
        self._title = header_title(model, say)
        self._draw_title()
        self.composer.show_hint(placeholder(model, say))
        self._show_silent(model.level(model.chosen) is Notify.NONE)
        self._show_banner(model.connection is not Connection.HERE)

    def show_people(self, today: date, members: Sequence[str] | None) -> None:
        """Beside the messages; ``members``: of the group shown, once they are known."""
        model = self._model
        kind = model.conversation.kind
        if kind is ConversationKind.ROOM:
            self.people.show(model.people_rows())
        elif kind is ConversationKind.GROUP:
            self.people.show(member_rows(model, members or ()))
        count = len(members) if members is not None else None
        self.subtitle.configure(text=header_line(model, today, self._say, count))
        self._arrange()

    def show_results(self, results: Results | None) -> None:
        """Of a search, in place of the conversations."""
        self.side.show_results(results)

    def _draw_title(self) -> None:
        look = self._look
        room = self._words.winfo_width() - look.px(40)
        if room > 1:
            title = shorten(look.shown(self._title), look.heading, room)
            self.title.configure(text=title)
            x = look.heading.measure(title) + look.px(10)
            self.silent.place(in_=self._words, x=x, y=look.px(25), anchor="w")

    def _show_silent(self, is_silent: bool) -> None:
        look = self._look
        size = look.px(15)
        self.silent.configure(
            image=look.icon(Icon.SILENT, size, look.colours.soft) if is_silent else ""
        )

    def _show_banner(self, is_lost: bool) -> None:
        if is_lost and not self.banner.winfo_manager():
            self.banner.pack(fill="x", before=self.messages)
        elif not is_lost and self.banner.winfo_manager():
            self.banner.pack_forget()

    # --- arranging ---

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self:
            self._arrange()

    def _arrange(self) -> None:
        """A narrow window keeps the messages: people give way first, then the side bar."""
        look = self._look
        room = self.winfo_width() - look.px(_LEAST_MIDDLE)
        has_side = room >= look.px(SIDE_WIDTH)
        is_private = self._model.conversation.kind is ConversationKind.PRIVATE
        has_people = room >= look.px(SIDE_WIDTH) + look.px(PEOPLE_WIDTH) and not is_private
        if has_side:
            self.is_drawer_open = False
        arranged = (has_side, has_people, self.is_drawer_open)
        if self.winfo_width() <= 1 or arranged == self._arranged:
            return
        self._arranged = arranged
        for panel in (self.side, self._head, self.people, self._people_edge, self._middle):
            panel.pack_forget()
        self.side.place_forget()
        if has_side:
            self.side.pack(side="left", fill="y")
            self.drawer_button.pack_forget()
        else:
            left = (look.px(10), 0)
            self.drawer_button.pack(side="left", padx=left, before=self._words)
        self._head.pack(side="top", fill="x")
        if has_people:
            self.people.pack(side="right", fill="y")
            self._people_edge.pack(side="right", fill="y")
        self._middle.pack(side="left", fill="both", expand=True)
        if self.is_drawer_open:
            self.side.place(x=0, y=0, relheight=1)
            self.side.lift()

    def open_side(self) -> None:
        """Has the side bar in view, over the messages if there is no room beside them."""
        if not self.side.winfo_ismapped():
            self.is_drawer_open = True
            self._arrange()

    def close_drawer(self) -> bool:
        """False: it was not open."""
        was_open, self.is_drawer_open = self.is_drawer_open, False
        self._arrange()
        return was_open

    def toggle_drawer(self) -> None:
        """As if the button was pressed that stands in for the side bar."""
        if not self.close_drawer():
            self.open_side()

    # --- what the user does ---

    def _open_menu(self) -> None:
        button = self.menu_button
        self._actions.menu(button.winfo_rootx(), button.winfo_rooty() + button.winfo_height())

    def _write_again(self, text: str) -> None:
        self.composer.content = text
        self.composer.text.focus_set()

    def _page(self, pages: float) -> str:
        self.messages.scroll_pages(pages)
        return "break"

    def _type_elsewhere(self, event: "tk.Event[tk.Misc]") -> None:
        """Keys pressed while the messages have the focus go to where one writes."""
        with_control_or_alt = int(event.state) & 0b1100
        if event.char and event.char.isprintable() and not with_control_or_alt:
            self.composer.insert(event.char)
