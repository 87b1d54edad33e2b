"""The chat window's view: side bar, header, messages, the line to write in, people.

Band: adapters. Arranges the panels and fills them from the model; decides nothing.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from client_events import Connection
from client_messages import MessageView
from client_model import ClientModel, connection_line, people_line
from client_panels import PEOPLE_WIDTH, SIDE_WIDTH, Composer, PeopleList, SideBar, SideContent
from client_rows import last_message_line
from texts import Texts
from widgets import Words
from widgets_look import Look, can_draw_emoji

SIZE = (1120, 720)
_LEAST_MIDDLE = 380  # design pixels for messages, before the side panels give way


@dataclass(frozen=True, slots=True)
class ChatActions:
    """What the view can ask for."""

    send: Callable[[str], bool]  # whether the text was taken
    typing: Callable[[], None]
    older: Callable[[], None]
    newer: Callable[[], None]
    newest: Callable[[], None]
    look: Callable[[bool], None]
    ask_lacking: Callable[[int], None]
    settings: Callable[[], None]


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
    ) -> None:
        colours = look.colours
        super().__init__(parent, background=colours.ground)
        self._look, self._say, self._model, self._address = look, say, model, address
        self._actions = actions
        self.side = SideBar(self, look, say, on_room=self._to_end, on_settings=actions.settings)
        self.people = PeopleList(self, look, say)
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
        )
        self.composer.pack(side="bottom", fill="x")
        self.messages.pack(fill="both", expand=True)
        self.side.pack(side="left", fill="y")
        self.bind("<Configure>", self._arrange)
        self._arranged = (False, False)
        text = self.composer.text
        text.bind("<Prior>", lambda _: self._page(-0.9))
        text.bind("<Next>", lambda _: self._page(0.9))
        self.messages.canvas.bind("<Key>", self._type_elsewhere)
        for widget in (text, self.messages.canvas):
            widget.bind("<Escape>", lambda _: self.composer.show_error(""))

    def _build_header(self) -> None:
        look, colours = self._look, self._look.colours
        self._head = tk.Frame(self, background=colours.surface, height=look.px(65))
        self._head.pack_propagate(False)
        tk.Frame(self._head, background=colours.line, height=1).pack(side="bottom", fill="x")
        title, ground = f"# {self._say('chat.everyone')}", colours.surface
        heading = Words(self._head, title, font=look.heading, ink=colours.text, ground=ground)
        heading.place(x=look.px(24), y=look.px(25), anchor="w")
        self.subtitle = Words(self._head, "", font=look.small, ink=colours.soft, ground=ground)
        self.subtitle.place(x=look.px(24), y=look.px(47), anchor="w")
        self.banner = tk.Label(
            self._middle,
            text=self._say("chat.banner_lost"),
            font=look.small_strong,
            background=colours.banner,
            foreground=colours.banner_text,
            pady=look.px(6),
        )

    def show(self, today: date, *, people_changed: bool = True) -> None:
        """Draws what the model says."""
        model = self._model
        last = model.last_message
        self.side.show(
            SideContent(
                model.room_name,
                self._address,
                last_message_line(last, self._say) if last else "",
                model.time_of(last.sent_at) if last else "",
                model.unread,
                model.my_name,
                model.me,
                connection_line(model, self._say),
                model.connection is Connection.HERE,
            )
        )
        if people_changed:
            self.subtitle.configure(text=people_line(model, self._say))
            self.people.show(model.people_rows())
        self._show_banner(model.connection is not Connection.HERE)
        self.messages.show(
            model.rows(),
            today,
            has_end=model.held.is_following,
            unread=model.unread,
            is_loading=model.held.is_loading_older,
        )

    def _show_banner(self, is_lost: bool) -> None:
        if is_lost and not self.banner.winfo_manager():
            self.banner.pack(fill="x", before=self.messages)
        elif not is_lost and self.banner.winfo_manager():
            self.banner.pack_forget()

    def _arrange(self, event: "tk.Event[tk.Misc]") -> None:
        """A narrow window keeps the messages: people give way first, then the side bar."""
        look = self._look
        if event.widget is not self:
            return
        room = event.width - look.px(_LEAST_MIDDLE)
        has_side = room >= look.px(SIDE_WIDTH)
        has_people = room >= look.px(SIDE_WIDTH) + look.px(PEOPLE_WIDTH)
        if (has_side, has_people) == self._arranged:
            return
        self._arranged = (has_side, has_people)
        for panel in (self.side, self._head, self.people, self._people_edge, self._middle):
            panel.pack_forget()
        if has_side:
            self.side.pack(side="left", fill="y")
        self._head.pack(side="top", fill="x")
        if has_people:
            self.people.pack(side="right", fill="y")
            self._people_edge.pack(side="right", fill="y")
        self._middle.pack(side="left", fill="both", expand=True)

    def _to_end(self) -> None:
        self.messages.scroll_to_end()

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
