"""The client's window: joining a room, then chatting in it, until it is closed.

Band: adapters. Reads events from a queue, hands commands to a callable, shows what client_model.py
and client_form.py computed. Knows no socket, no session and no clock but the one it is given.
"""

import queue
import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from client_chat import SIZE as CHAT_SIZE
from client_chat import ChatActions, ChatView
from client_commands import Answer, Ask, Exit, Post, interpret
from client_dialogs import SettingsDialog
from client_events import (
    AskLacking,
    ChooseName,
    ChoosePassword,
    Command,
    Crashed,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    KeySeen,
    LackingTold,
    Leave,
    LogReplaced,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    Say,
    ShowTyping,
)
from client_form import (
    JoinFailed,
    JoinForm,
    Trouble,
    Typed,
    check,
    check_name,
    trouble_of,
    trouble_sentence,
)
from client_join import SIZE as JOIN_SIZE
from client_join import JoinActions, JoinView, RoomEntry
from client_layout import shown_text
from client_model import ClientModel, window_title
from client_rows import day_label, key_text, name_list, when_label
from conversation import ROOM
from settings_client import FONT_SIZES, ClientFolder, ClientPreferences, RecentRoom
from texts import Texts, system_language
from widgets import EventPump, collect_garbage, draw_attention, log_exceptions
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
_TYPING_MS = 5_000  # after which somebody counts as no longer typing
_DAY_CHECK_MS = 60_000
_OLDER_MS = 60  # between reaching an end of what is shown and showing more

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
        self._submit, self._on_join, self._on_cancel = submit, on_join, on_cancel
        self._folder, self._wall_clock, self._environment = folder, wall_clock, environment
        self._preferences = folder.preferences()
        if language is not None:
            self._preferences = replace(self._preferences, language=language)
        self._typed = prefill or self._usual_form()
        self.model = ClientModel()
        self._is_visiting = False  # a core runs for us
        self._ends_awaited = 0  # of visits that were cancelled: what they still say is ignored
        self._is_closing = False
        self._people_changed = True
        self._older_timer: str | None = None
        self.dialog: SettingsDialog | None = None
        self.view: JoinView | ChatView | None = None
        self._apply_preferences()
        self._bind_keys()
        self._show_join()
        self._pump = EventPump(self, events, self._receive, self._refresh)
        self.after(_DAY_CHECK_MS, self._check_day)
        self.deiconify()

    def _usual_form(self) -> Typed:
        rooms = self._folder.recent_rooms()
        if rooms:
            return Typed(rooms[0].host, str(rooms[0].port), name=rooms[0].name)
        return Typed(name=self._preferences.last_name)

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

    # --- look, language and what is shown ---

    def _apply_preferences(self) -> None:
        chosen = self._preferences
        language = chosen.language
        self._say = Texts(system_language(self._environment) if language == "system" else language)
        is_dark = chosen.theme == "dark" or (
            chosen.theme == "system" and is_system_dark(self._environment, Path.home())
        )
        self._look = Look(self, DARK if is_dark else LIGHT, chosen.font_size)
        can_draw = can_draw_emoji(self)
        self._look.shown = lambda text: shown_text(text, can_draw_emoji=can_draw).text
        self.configure(background=self._look.colours.ground)

    def _today(self) -> date:
        return self.model.day_of(self._wall_clock())

    def _show(self, view: JoinView | ChatView, size: tuple[int, int], *, grows: bool) -> None:
        old, self.view = self.view, view
        is_same = type(old) is type(view)
        if old is not None:
            old.destroy()
            self.after_idle(collect_garbage)
        view.pack(fill="both", expand=True)
        look = self._look
        width = min(look.px(size[0]), self.winfo_screenwidth())
        height = min(look.px(size[1]), self.winfo_screenheight())
        if grows:
            self.minsize(width, height)
            self.geometry("")
        elif not is_same:
            self.minsize(look.px(360), look.px(320))
            self.geometry(f"{width}x{height}")

    def _show_join(self) -> JoinView:
        if isinstance(self.view, JoinView):
            return self.view
        view = self._make_join()
        self._show(view, JOIN_SIZE, grows=True)
        self.title("Ruang")
        view.after_idle(view.focus_first)
        return view

    def _make_join(self) -> JoinView:
        return JoinView(
            self,
            self._look,
            self._say,
            rooms=[self._room_entry(room) for room in self._folder.recent_rooms()],
            typed=self._typed,
            actions=JoinActions(
                join=self._join,
                take_name=self._take_name,
                try_password=self._try_password,
                trust=self._join,
                cancel=self._cancel,
                settings=self._open_settings,
            ),
        )

    def _room_entry(self, room: RecentRoom) -> RoomEntry:
        model = self.model
        day, time = model.day_of(room.used_at), model.time_of(room.used_at)
        when = when_label(day, time, self._today(), self._say)
        return RoomEntry(room.room_name or room.host, room.host, room.port, room.name, when)

    def _show_chat(self) -> None:
        if not isinstance(self.view, ChatView):
            view = self._make_chat()
            self._show(view, CHAT_SIZE, grows=False)
            view.composer.text.focus_set()

    def _make_chat(self) -> ChatView:
        self._people_changed = True
        return ChatView(
            self,
            self._look,
            self._say,
            self.model,
            address=f"{self._typed.host}:{self._typed.port}",
            enter_sends=self._preferences.enter_sends,
            actions=ChatActions(
                send=self._send,
                typing=self._show_typing,
                older=self._want_more,
                newer=self._want_more,
                newest=self._to_newest,
                look=lambda _: self._look_anew(),
                ask_lacking=lambda number: self._submit(AskLacking(ROOM, number)),
                settings=self._open_settings,
            ),
        )

    def _refresh(self) -> None:
        """After events: shows what the model says now."""
        if self._is_closing or not isinstance(self.view, ChatView):
            return
        self.view.show(self._today(), people_changed=self._people_changed)
        self._people_changed = False
        self.title(window_title(self.model))

    def _check_day(self) -> None:
        self.after(_DAY_CHECK_MS, self._check_day)
        self._refresh()

    # --- events ---

    def _receive(self, event: object) -> None:
        is_end = isinstance(event, _END)
        if self._ends_awaited:
            self._ends_awaited -= is_end
            return
        if is_end:
            self._is_visiting = False
        if not self._is_closing:
            self._take(event)
        elif is_end:
            self.destroy_now()

    def _take(self, event: object) -> None:
        if isinstance(event, PersonTyping) and not self._preferences.show_typing:
            return
        was_here, had_unread = self.model.has_entered, self.model.unread
        self.model.apply(event)
        match event:
            case Ended() | JoinFailed() | Crashed():
                self._back_to_join(event)
            case KeyChanged():
                self._stop_at_key(event)
            case KeySeen() | NameRefused() | PasswordRefused() | PasswordDelayed():
                self._receive_entering(event)
            case Entered():
                self._enter(event, was_here=was_here)
            case _:
                self._receive_news(event)
        if self.model.unread and not had_unread:
            draw_attention(self)

    def _receive_entering(
        self, event: KeySeen | NameRefused | PasswordRefused | PasswordDelayed
    ) -> None:
        if isinstance(event, KeySeen):
            if isinstance(self.view, JoinView) and not event.is_pinned:
                self.view.show_first_key(event.key)
            return
        view = self._show_join()
        trouble = trouble_of(event)
        if isinstance(event, PasswordDelayed):
            view.show_wait(event.wait)
        elif trouble is not None:
            view.ask_again(trouble, self._sentence(trouble))

    def _receive_news(self, event: object) -> None:
        model, say = self.model, self._say
        match event:
            case PeopleReplaced() | PersonChanged() | EntryArrived():  # who writes typed before
                self._people_changed = True
            case PersonTyping():
                self._people_changed = True
                seen = model.typing_seen(event.person)
                self.after(_TYPING_MS, self._fade_typing, event.person, seen)
            case LogReplaced():
                model.add_notice(say("chat.log_replaced"))
            case LackingTold():
                names = name_list(event.names, say, event.count) if event.names else ""
                key = "chat.lacking" if names else "chat.lacking_none"
                model.add_notice(say(key, names=names))
            case _:
                pass

    def _fade_typing(self, person: int, seen: int) -> None:
        self.model.fade_typing(person, seen)
        self._people_changed = True
        self._refresh()

    def _enter(self, event: Entered, *, was_here: bool) -> None:
        model, say = self.model, self._say
        if not was_here:
            if model.is_first_time and model.server_key is not None:
                model.add_notice(say("key.first", key=key_text(model.server_key)))
            if event.has_returned:
                model.add_notice(say("entered.returned", name=event.name))
            model.add_notice(say("entered.accepted"))
        self._typed = replace(self._typed, name=event.name)
        self._people_changed = True
        self._show_chat()

    def _back_to_join(self, event: Ended | JoinFailed | Crashed) -> None:
        if isinstance(event, Ended) and event.reason is EndReason.KEY_CHANGED:
            return  # KeyChanged told it
        was_chatting = isinstance(self.view, ChatView)
        view = self._show_join()
        self.model = ClientModel()
        trouble = trouble_of(event)
        if trouble is None:
            view.show_form(self._say("join.left") if was_chatting else "")
        else:
            view.show_troubles([trouble], [self._sentence(trouble)])

    def _stop_at_key(self, event: KeyChanged) -> None:
        view = self._show_join()
        self.model = ClientModel()
        place = f"{self._typed.host}:{self._typed.port}"
        view.show_key_changed(place, event.pinned_key, event.key)

    def _sentence(self, trouble: Trouble) -> str:
        until = ""
        if trouble.until:
            model = self.model
            day = day_label(model.day_of(trouble.until), self._today(), self._say)
            until = f"{day}, {model.time_of(trouble.until)}"
        return trouble_sentence(trouble, self._say, until)

    # --- joining ---

    def _join(self, typed: Typed, trusted_key: bytes | None = None) -> None:
        self._typed = typed
        view = self._show_join()
        form = check(typed, trusted_key)
        if isinstance(form, list):
            view.show_troubles(form, [self._sentence(trouble) for trouble in form])
            return
        self.model = ClientModel()
        self._is_visiting = True
        view.show_busy()
        self._on_join(form)

    def _take_name(self, name: str) -> None:
        view = self._show_join()
        trouble = check_name(name)
        if trouble is not None:
            view.ask_again(trouble, self._sentence(trouble))
            return
        view.show_busy()
        self._submit(ChooseName(name))

    def _try_password(self, password: str) -> None:
        self._typed = replace(self._typed, password=password)
        self._show_join().show_busy()
        self._submit(ChoosePassword(password))

    def _cancel(self) -> None:
        if self._is_visiting:
            self._is_visiting = False
            self._ends_awaited += 1
            self._on_cancel()
        view = self._show_join()
        view.show_form()
        view.focus_first()

    # --- chatting ---

    def _send(self, text: str) -> bool:
        match interpret(text, self.model, self._say):
            case Post(said):
                self._say_to_room(said)
                return True
            case Exit():
                self._submit(Leave())
                return True
            case Ask(said, word):
                self._doubt(said, word)
                return False
            case Answer() as answer:
                return self._show_answer(answer)

    def _say_to_room(self, text: str) -> None:
        self._submit(Say(self.model.new_ticket(), ROOM, text))
        self._scroll_to_end()

    def _show_answer(self, answer: Answer) -> bool:
        if answer.is_ok:
            self.model.add_notice(answer.message)
            self._to_newest()
            self._scroll_to_end()
        elif isinstance(self.view, ChatView):
            self.view.composer.show_error(answer.message)
        return answer.is_ok

    def _doubt(self, text: str, word: str) -> None:
        view = self.view
        if not isinstance(view, ChatView):
            return
        composer = view.composer

        def send() -> None:
            composer.content = ""
            composer.show_error("")
            self._say_to_room(text)

        def keep() -> None:
            composer.show_error("")
            composer.text.focus_set()

        say = self._say
        answers = [(say("chat.do_not_send"), keep), (say("chat.send_anyway"), send)]
        composer.ask(say("chat.doubt", word=word), answers)

    def _show_typing(self) -> None:
        if self._preferences.send_typing:
            self._submit(ShowTyping(ROOM))

    def _scroll_to_end(self) -> None:
        if isinstance(self.view, ChatView):
            self.view.messages.scroll_to_end()

    def _to_newest(self) -> None:
        self.model.held.show_newest()
        self._refresh()

    def _want_more(self) -> None:
        """Somebody came near an end of what is shown: soon, not in the midst of drawing."""
        if self._older_timer is None:
            self._older_timer = self.after(_OLDER_MS, self._show_more)

    def _show_more(self) -> None:
        self._older_timer = None
        view, held = self.view, self.model.held
        if not isinstance(view, ChatView):
            return
        messages, has_more = view.messages, False
        for is_near, show, load in (
            (messages.is_near_end, held.show_newer, held.load_newer),
            (messages.is_near_top, held.show_older, held.load_older),
        ):
            if is_near and show():
                has_more = True
            elif is_near and (command := load()) is not None:
                self._submit(command)
                has_more = True
        if has_more:
            self._refresh()

    def _look_anew(self) -> None:
        """Whether the newest message can be seen may have changed."""
        view = self.view
        if not isinstance(view, ChatView) or self._is_closing:
            return
        has_focus = self.focus_displayof() is not None
        unread = self.model.unread
        self.model.look(view.messages.is_at_end, has_focus=has_focus)
        if unread != self.model.unread:
            self.after_idle(self._refresh)

    def _copy(self, _event: object) -> None:
        if isinstance(self.view, ChatView) and not self.view.composer.text.tag_ranges("sel"):
            self.view.messages.copy()

    # --- settings ---

    def _open_settings(self) -> None:
        if self.dialog is None:
            self.dialog = self._make_settings()
            self.dialog.open()

    def _make_settings(self) -> SettingsDialog:
        return SettingsDialog(
            self,
            self._look,
            self._say,
            self._preferences,
            on_change=self._change_preferences,
            on_close=self._settings_closed,
        )

    def _settings_closed(self) -> None:
        self.dialog = None
        if isinstance(self.view, ChatView):
            self.view.composer.text.focus_set()

    def _change_preferences(self, chosen: ClientPreferences) -> None:
        """Applies them at once: the view is built anew, what was typed stays."""
        error = self._save_preferences(chosen)
        self._preferences = chosen
        self._apply_preferences()
        self._rebuild()
        if self.dialog is not None:
            self.dialog.destroy()
            self.dialog = self._make_settings()
            self.dialog.open()
            if error:
                self.dialog.show_error(self._say("settings.not_saved", reason=error))

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
        elif view is not None and not self._is_visiting:
            self._typed = view.typed
            self.view = None
            view.destroy()
            self.after_idle(collect_garbage)
            self._show_join()

    def _resize_font(self, by: int) -> None:
        size = self._preferences.font_size + by if by else USUAL_FONT_SIZE
        if size in FONT_SIZES and size != self._preferences.font_size:
            self._change_preferences(replace(self._preferences, font_size=size))

    # --- the end ---

    def close(self) -> None:
        """Says goodbye if need be; the window vanishes at once."""
        if self._is_closing:
            return
        self._is_closing = True
        self.focus_set()
        self.withdraw()
        if self._is_visiting and self.model.has_entered:
            self._submit(Leave())
            self.after(_LEAVE_MS, self.destroy_now)
        else:
            self._on_cancel()
            self.destroy_now()

    def destroy_now(self) -> None:
        """Without a goodbye."""
        self._pump.stop()
        for timer in self.tk.splitlist(self.tk.call("after", "info")):
            self.tk.call("after", "cancel", timer)  # its command goes with its widget
        self.focus_set()  # Tk 8.6 keeps a pointer to a focused child that dies with its window
        self.destroy()
