"""The client's window: joining a room, then chatting in it, until it is closed.

Band: adapters. Reads events from a queue, hands commands to a callable, shows one view at a time.
What happens in them is the matter of client_joining.py and client_chatting.py. Knows no socket, no
session and no clock but the one it is given.
"""

import queue
import sys
import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from client_account_pages import AccountPages
from client_chat import SIZE as CHAT_SIZE
from client_chat import ChatActions, ChatView
from client_chatting import Chatting
from client_dialogs import Dialog, SettingsDialog
from client_events import Command, Crashed, Ended, Leave
from client_filing import Filing
from client_form import JoinFailed, JoinForm, Typed, Way
from client_join import SIZE as JOIN_SIZE
from client_join import JoinView
from client_joining import Joining
from client_layout import shown_text
from client_menus import Menus
from client_model import ClientModel
from client_realm_menus import RealmMenus
from client_recent_panels import RoomEntry
from client_rows import when_label
from client_side_panels import SideActions
from client_surroundings import Surroundings
from settings_client import (
    FONT_SIZES,
    ClientFolder,
    ClientPreferences,
    RecentRoom,
    downloads_folder,
)
from texts import Texts, system_language
from widgets import EventPump, collect_garbage, log_exceptions
from widgets_look import (
    DARK,
    LIGHT,
    USUAL_FONT_SIZE,
    Look,
    can_draw_emoji,
    is_system_dark,
    use_desktop_keys,
)

_LEAVE_MS = 4_000  # that a goodbye may take after the window was closed
_DAY_CHECK_MS = 60_000

_END = (Ended, JoinFailed, Crashed)


class ClientWindow(tk.Tk):
    """One top level that shows the join view or the chat view. Owned by the main thread.

    ``submit``: to the core that runs; ``on_join``: make one for this form (returns at once; how it
    goes comes as events); ``on_cancel``: end it; ``wall_clock``: UTC milliseconds.
    """

    def __init__(
        self,
        events: "queue.SimpleQueue[object]",
        submit: Callable[[Command], None],
        *,
        folder: ClientFolder,
        on_join: Callable[[JoinForm], None],
        on_cancel: Callable[[], None],
        wall_clock: Callable[[], int],
        environment: Mapping[str, str],
        prefill: Typed | None = None,
        language: str | None = None,
    ) -> None:
        super().__init__(className="Ruang")
        self.withdraw()
        log_exceptions(self)
        use_desktop_keys(self)
        self._submit, self._on_cancel = submit, on_cancel
        self._folder, self._environment = folder, environment
        self._usual_downloads = downloads_folder(environment, sys.platform, Path.home())
        preferences = folder.preferences()
        if language is not None:
            preferences = replace(preferences, language=language)
        self._around = Surroundings(
            self,
            self._make_look(preferences),
            self._make_texts(preferences),
            preferences,
            folder,
            submit,
            wall_clock,
            self._refresh,
        )
        self._is_closing = False
        self.view: JoinView | ChatView | None = None
        self.begin_visit()
        self._joining = Joining(
            self._around,
            self,
            prefill or self._usual_form(),
            on_join=on_join,
            on_cancel=on_cancel,
            on_settings=self._open_settings,
        )
        self._bind_keys()
        self.filing.dialogs.accept_drops(lambda paths: self.filing.drop(paths))
        self.show_join()
        self._pump = EventPump(self, events, self._receive, self._refresh)
        self.after(_DAY_CHECK_MS, self._check_day)
        self.deiconify()

    def _usual_form(self) -> Typed:
        rooms = self._folder.recent_rooms()
        if not rooms:
            return Typed(name=self._around.preferences.last_name)
        room = rooms[0]
        if room.is_account:
            return Typed(room.host, str(room.port), way=Way.LOG_IN, user=room.name)
        return Typed(room.host, str(room.port), name=room.name)

    def begin_visit(self) -> None:
        """Nothing of an earlier one stays."""
        self._around.close_dialog()
        self.chatting = Chatting(self._around)
        self.filing = Filing(self._around, self.chatting, self._usual_downloads)
        self.menus = Menus(self._around, self.chatting)
        self.realms = RealmMenus(self._around, self.chatting)
        self.account = AccountPages(self._around, self.chatting)

    @property
    def model(self) -> ClientModel:
        """Of the visit there is, or will be."""
        return self.chatting.model

    @property
    def dialog(self) -> Dialog | None:
        """The one that is open."""
        return self._around.dialog

    def is_chatting(self) -> bool:
        """Whether the chat view is shown."""
        return isinstance(self.view, ChatView)

    def _bind_keys(self) -> None:
        self.protocol("WM_DELETE_WINDOW", self.close)
        self.bind("<Control-q>", lambda _: self.close())
        for key in ("<Control-plus>", "<Control-equal>", "<Control-KP_Add>"):
            self.bind(key, lambda _: self._resize_font(1))
        for key in ("<Control-minus>", "<Control-KP_Subtract>"):
            self.bind(key, lambda _: self._resize_font(-1))
        self.bind("<Control-0>", lambda _: self._resize_font(0))
        self.bind("<Control-c>", self._copy)
        for change in ("<FocusIn>", "<FocusOut>"):
            self.bind(change, lambda _: self._look_anew())
        self._bind_chat_keys()

    def _bind_chat_keys(self) -> None:
        """Those that do something while the chat view is shown, wherever in it the keys are."""
        chatting: dict[str, Callable[[], object]] = {
            "<Control-f>": lambda: self.chatting.open_search(),
            "<Control-k>": lambda: self.menus.open_jump_dialog(),
            "<Alt-Up>": lambda: self.chatting.open_next(-1),
            "<Alt-Down>": lambda: self.chatting.open_next(1),
            "<Alt-Shift-Up>": lambda: self.chatting.open_next(-1, is_unread=True),
            "<Alt-Shift-Down>": lambda: self.chatting.open_next(1, is_unread=True),
            "<Escape>": self._escape,
        }
        for key, act in chatting.items():
            # Ahead of what the line to write in does with them: it knows Ctrl+K and Ctrl+F too.
            # Not by bind_class: what Tcl calls for that holds this window for ever.
            press = self.register(partial(self._press, act))
            self.tk.call("bind", "ChatKeys", key, f'if {{[{press}] eq "break"}} break')

    def _press(self, act: Callable[[], object]) -> str | None:
        if not self.is_chatting():
            return None
        act()
        return "break"

    def _escape(self) -> None:
        """Closes what is on top."""
        view = self.view
        if isinstance(view, ChatView) and not (
            view.composer.close() or self.chatting.close_search() or view.close_drawer()
        ):
            view.composer.text.focus_set()

    # --- look, language and what is shown ---

    def _make_texts(self, chosen: ClientPreferences) -> Texts:
        language = chosen.language
        return Texts(system_language(self._environment) if language == "system" else language)

    def _make_look(self, chosen: ClientPreferences) -> Look:
        is_dark = chosen.theme == "dark" or (
            chosen.theme == "system" and is_system_dark(self._environment, Path.home())
        )
        look = Look(self, DARK if is_dark else LIGHT, chosen.font_size)
        can_draw = can_draw_emoji(self)
        look.shown = lambda text: shown_text(text, can_draw_emoji=can_draw).text
        self.configure(background=look.colours.ground)
        return look

    def _show(self, view: JoinView | ChatView, size: tuple[int, int], *, grows: bool) -> None:
        old, self.view = self.view, view
        is_same = type(old) is type(view)
        if old is not None:
            old.destroy()
            self.after_idle(collect_garbage)
        view.pack(fill="both", expand=True)
        look = self._around.look
        width = min(look.px(size[0]), self.winfo_screenwidth())
        height = min(look.px(size[1]), self.winfo_screenheight())
        if grows:
            self.minsize(width, height)
            self.geometry("")
        elif not is_same:
            self.minsize(look.px(360), look.px(320))
            self.geometry(f"{width}x{height}")

    def show_join(self) -> JoinView:
        """The join view, which may be shown already."""
        if isinstance(self.view, JoinView):
            return self.view
        self.chatting.view = None
        self._around.close_dialog()
        view = self._make_join()
        self._show(view, JOIN_SIZE, grows=True)
        self.title("Ruang")
        view.after_idle(view.focus_first)
        return view

    def _make_join(self) -> JoinView:
        around = self._around
        return JoinView(
            self,
            around.look,
            around.say,
            rooms=[self._room_entry(room) for room in self._folder.recent_rooms()],
            typed=self._joining.typed,
            actions=self._joining.actions,
        )

    def _room_entry(self, room: RecentRoom) -> RoomEntry:
        model = self.model
        day, time = model.day_of(room.used_at), model.time_of(room.used_at)
        today = model.day_of(self._around.wall_clock())
        when = when_label(day, time, today, self._around.say)
        title = room.room_name or room.host
        return RoomEntry(title, room.host, room.port, room.name, when, room.is_account)

    def show_chat(self) -> None:
        """The chat view, which may be shown already."""
        if not self.is_chatting():
            view = self._make_chat()
            self._show(view, CHAT_SIZE, grows=False)
            view.composer.text.focus_set()

    def _make_chat(self) -> ChatView:
        around, chatting, menus, filing = self._around, self.chatting, self.menus, self.filing
        typed = self._joining.typed
        view = ChatView(
            self,
            around.look,
            around.say,
            self.model,
            address=f"{typed.host}:{typed.port}",
            enter_sends=around.preferences.enter_sends,
            actions=ChatActions(
                send=chatting.send,
                typing=chatting.show_typing,
                older=chatting.want_more,
                newer=chatting.want_more,
                newest=chatting.to_newest,
                look=self._look_anew,
                ask_lacking=chatting.ask_lacking,
                person=menus.open_person_menu,
                menu=menus.open_menu_here,
                names=chatting.names,
                attach=filing.attach,
                paste=filing.paste,
                file=filing.act,
                preview=filing.preview,
            ),
            side=SideActions(
                choose=chatting.open,
                menu=menus.open_conversation_menu,
                add=menus.open_add_menu,
                realm=self.realms.open_menu,
                add_realm=self.realms.open_add_dialog,
                search=chatting.write_search,
                search_now=chatting.search_now,
                close_search=chatting.close_search,
                open_found=chatting.open_found,
                account=self.account.open,
                settings=self._open_settings,
            ),
        )
        chatting.use(view)
        self._take_keys(view)
        return view

    def _take_keys(self, widget: tk.Misc) -> None:
        """The chat view's keys come before what a widget does with them by itself."""
        widget.bindtags(("ChatKeys", *widget.bindtags()))
        for child in widget.winfo_children():
            self._take_keys(child)

    def _refresh(self) -> None:
        """After events: shows what the model says now."""
        if not self._is_closing and self.is_chatting():
            self.chatting.refresh()

    def _check_day(self) -> None:
        self.after(_DAY_CHECK_MS, self._check_day)
        self._refresh()

    def _look_anew(self) -> None:
        if self.is_chatting() and not self._is_closing:
            self.chatting.look_anew()

    def _copy(self, _event: object) -> None:
        if isinstance(self.view, ChatView) and not self.view.composer.text.tag_ranges("sel"):
            self.view.messages.copy()

    # --- events ---

    def _receive(self, event: object) -> None:
        is_end, joining = isinstance(event, _END), self._joining
        if joining.ends_awaited:
            joining.ends_awaited -= is_end
            return
        if is_end:
            joining.is_visiting = False
        if not self._is_closing:
            was_here = self.model.has_entered
            self.chatting.take(event)
            self.filing.take(event)
            joining.take(event, was_here=was_here)
        elif is_end:
            self.destroy_now()

    # --- settings ---

    def _open_settings(self) -> None:
        if self.dialog is None:
            self._around.open(self._make_settings())

    def _make_settings(self) -> SettingsDialog:
        around = self._around
        return SettingsDialog(
            self,
            around.look,
            around.say,
            around.preferences,
            usual_downloads=self._usual_downloads,
            on_change=self._change_preferences,
            on_folder=self.filing.choose_downloads,
            on_close=self._settings_closed,
        )

    def _settings_closed(self) -> None:
        self._around.forget_dialog()
        if isinstance(self.view, ChatView):
            self.view.composer.text.focus_set()

    def _change_preferences(self, chosen: ClientPreferences) -> None:
        """Applies them at once: the view is built anew, what was typed stays."""
        error = self._save_preferences(chosen)
        around = self._around
        around.preferences = chosen
        around.look, around.say = self._make_look(chosen), self._make_texts(chosen)
        self._rebuild()
        if isinstance(around.dialog, SettingsDialog):
            dialog = self._make_settings()
            around.open(dialog)
            if error:
                dialog.show_error(around.say("settings.not_saved", reason=error))

    def _save_preferences(self, chosen: ClientPreferences) -> str:
        try:
            last_name = self._folder.preferences().last_name  # the entry point writes it
            self._folder.save_preferences(replace(chosen, last_name=last_name))
        except OSError as error:
            return str(error)
        return ""

    def _rebuild(self) -> None:
        view = self.view
        if isinstance(view, ChatView):
            written = view.composer.content
            rebuilt = self._make_chat()
            self._show(rebuilt, CHAT_SIZE, grows=False)
            rebuilt.composer.content = written
            self._refresh()
        elif view is not None and not self._joining.is_visiting:
            self._joining.typed = view.typed
            self.view = None
            view.destroy()
            self.after_idle(collect_garbage)
            self.show_join()

    def _resize_font(self, by: int) -> None:
        size = self._around.preferences.font_size + by if by else USUAL_FONT_SIZE
        if size in FONT_SIZES and size != self._around.preferences.font_size:
            self._change_preferences(replace(self._around.preferences, font_size=size))

    # --- the end ---

    def close(self) -> None:
        """Says goodbye if need be; the window vanishes at once."""
        if self._is_closing:
            return
        self._is_closing = True
        self.focus_set()
        self.withdraw()
        if self._joining.is_visiting and self.model.has_entered:
            self._submit(Leave())
            self.after(_LEAVE_MS, self.destroy_now)
        else:
            self._on_cancel()
            self.destroy_now()

    def destroy_now(self) -> None:
        """Without a goodbye."""
        self._pump.stop()
        self.filing.save_places()
        for timer in self.tk.splitlist(self.tk.call("after", "info")):
            self.tk.call("after", "cancel", timer)  # its command goes with its widget
        self.focus_set()  # Tk 8.6 keeps a pointer to a focused child that dies with its window
        self.destroy()
