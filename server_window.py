"""The server's window: start and stop, tell people how to join, see who is here, keep order.

Band: adapters. Reads events from one queue and calls what the entry point gave it; builds no
socket, core or store. Owned by the main thread.
"""

import queue
import tkinter as tk
import webbrowser
from collections.abc import Callable
from pathlib import Path

from server_dialogs import BanDialog, BansDialog, QuitDialog, ResetDialog
from server_events import (
    BansChanged,
    Command,
    Crashed,
    FilesListed,
    Happened,
    HappeningKind,
    Kick,
    ListFiles,
    ListRealms,
    Mute,
    OperatorAnswered,
    RealmsListed,
    SpaceReported,
    Started,
    StatusReported,
    Stop,
    Stopped,
    Unmute,
)
from server_file_dialogs import FilesDialog
from server_file_model import FilesModel
from server_file_views import FILES_WIDTH, FilesCard
from server_form import ServerForm, StartFailed
from server_model import PersonLine, Phase, ServerModel
from server_panels import ChartCard, LogCard, PeopleCard
from server_realm_dialogs import RealmsDialog
from server_realm_model import RealmsModel
from server_realm_views import RealmsLine
from server_views import FORM_WIDTH, FolderLine, FormCard, JoinCard, make_menu
from texts import LANGUAGE_NAMES, LANGUAGES, Texts
from widgets import Button, EventPump, log_exceptions
from widgets_look import DARK, LIGHT, Look, can_draw_emoji, use_desktop_keys

ARCHIVE = "archive.csv"
GOODBYE_MS = 5_000  # after which a closing window no longer waits for the network thread
_OF_REALMS = frozenset(kind for kind in HappeningKind if kind.name.startswith("REALM_"))
_MUTE_TIMES = (
    (10, "server.for_10_minutes"),
    (60, "server.for_1_hour"),
    (None, "server.until_undone"),
)


def _open_folder(folder: Path) -> None:
    webbrowser.open(folder.as_uri())  # xdg-open, Finder or Explorer, whatever the system has


class ServerWindow(tk.Tk):
    """The whole window. ``events`` carries the core's events and StartFailed.

    ``on_start`` is called with a checked form and answered by Started or StartFailed in the queue;
    ``submit`` takes commands for the core while it runs; ``addresses`` lists this computer's, the
    likely one first; ``on_restyle(language, is_dark)`` is called when the operator chose another
    look, for whoever remembers it. After the user closed it, ``mainloop`` returns with the server
    stopped.
    """

    def __init__(
        self,
        events: "queue.SimpleQueue[object]",
        *,
        say: Texts,
        on_start: Callable[[ServerForm], None],
        submit: Callable[[Command], None],
        defaults: ServerForm,
        addresses: Callable[[], list[str]],
        data: Path,
        is_dark: bool = False,
        open_folder: Callable[[Path], None] = _open_folder,
        on_restyle: Callable[[str, bool], None] = lambda _language, _is_dark: None,
    ) -> None:
        super().__init__(className="Ruang")
        log_exceptions(self)
        use_desktop_keys(self)
        self.model = ServerModel(say, can_draw_emoji=can_draw_emoji(self))
        self.files_model = FilesModel(self.model)
        self.realms_model = RealmsModel(self.model)
        self._say, self._is_dark = say, is_dark
        self._on_start, self._submit = on_start, submit
        self._list_addresses, self._data, self._open_folder = addresses, data, open_folder
        self._on_restyle = on_restyle
        self._addresses: list[str] = []
        self._is_closing = False
        self._goodbye: str | None = None
        self.bans: BansDialog | None = None
        self.resetting: ResetDialog | None = None
        self.files: FilesDialog | None = None
        self.realms: RealmsDialog | None = None
        self._build()
        self.form.fill(defaults)
        look = self._look
        self.geometry(f"{look.px(980)}x{look.px(680)}")
        self.minsize(look.px(940), look.px(640))
        self.protocol("WM_DELETE_WINDOW", self.close)
        self._pump = EventPump(self, events, self._take, self._show)
        self._show()

    # --- building ---

    def _build(self) -> None:
        self._look = look = Look(self, DARK if self._is_dark else LIGHT)
        colours, say = look.colours, self._say
        self.title(say("server.title"))
        self.configure(background=colours.ground)
        self._content = content = tk.Frame(self, background=colours.ground)
        content.pack(fill="both", expand=True)
        self._build_header().pack(fill="x")
        self.folder = self._build_folder_line()
        self.folder.pack(side="bottom", fill="x", padx=look.px(20), pady=(look.px(8), look.px(10)))
        self._body = body = tk.Frame(content, background=colours.ground)
        gap = look.px(16)
        body.pack(fill="both", expand=True, padx=look.px(20), pady=(look.px(20), 0))
        body.columnconfigure(0, minsize=look.px(FORM_WIDTH) + gap)
        body.columnconfigure(1, weight=1)
        body.rowconfigure(0, weight=3)
        body.rowconfigure(1, weight=2)
        left = tk.Frame(body, background=colours.ground)
        left.grid(row=0, column=0, sticky="nsew", padx=(0, gap))
        self.form = FormCard(left, look, say, self.start)
        self.form.pack(fill="x")
        self.join = JoinCard(left, look, say, self._copy_invitation)
        for card in (self.form, self.join):
            card.inside.bind("<Configure>", self._make_room)
        for part in self.join.inside.winfo_children():
            part.bind("<Map>", self._make_room)
        right = tk.Frame(body, background=colours.ground)
        right.grid(row=0, column=1, sticky="nsew")
        top = tk.Frame(right, background=colours.ground)
        top.pack(fill="x")
        top.columnconfigure(0, weight=1)
        top.columnconfigure(1, minsize=look.px(FILES_WIDTH) + gap)
        self.chart = ChartCard(top, look, say)
        self.chart.grid(row=0, column=0, sticky="nsew")
        self.files_card = FilesCard(top, look, say, self.show_files)
        self.files_card.grid(row=0, column=1, sticky="nsew", padx=(gap, 0))
        self.realms_line = RealmsLine(self.files_card.inside, look, say, self.show_realms)
        self.people = PeopleCard(right, look, say, on_menu=self._open_menu, on_bans=self.show_bans)
        self.people.pack(fill="both", expand=True, pady=(gap, 0))
        self.log = LogCard(body, look, say, self._copy)
        self.log.grid(row=1, column=0, columnspan=2, sticky="nsew", pady=(gap, 0))

    def _make_room(self, _event: object) -> None:
        """The log gives way, never the form: Tk would cut both."""
        needed = self.form.winfo_reqheight()
        if self.join.winfo_manager():
            needed += self._look.px(16) + self.join.winfo_reqheight()
        self._body.rowconfigure(0, minsize=needed)

    def _build_header(self) -> tk.Frame:
        look, colours = self._look, self._look.colours
        header = tk.Frame(self._content, background=colours.side, height=look.px(64))
        header.pack_propagate(False)
        words = tk.Frame(header, background=colours.side)
        words.pack(side="left", padx=look.px(24))
        tk.Label(
            words,
            text=self._say("server.title"),
            font=look.heading,
            background=colours.side,
            foreground=colours.side_text,
            borderwidth=0,
            padx=0,
            pady=0,
        ).pack(anchor="w")
        self.subtitle = tk.Label(
            words,
            font=look.small,
            background=colours.side,
            foreground=colours.side_soft,
            borderwidth=0,
            padx=0,
            pady=0,
        )
        self.subtitle.pack(anchor="w", pady=(look.px(2), 0))

        def button(key: str, on_press: Callable[[], None], fill: str, hover: str) -> Button:
            return Button(
                header,
                look,
                self._say(key),
                on_press,
                ground=colours.side,
                fill=fill,
                hover=hover,
                ink="#ffffff",
                height=31,
                font=look.strong,
            )

        self.start_button = button("server.start", self.start, LIGHT.accent, "#0d9488")
        self.stop_button = button("server.stop", self.stop, colours.danger, colours.danger_hover)
        return header

    def _build_folder_line(self) -> FolderLine:
        theme = "server.light" if self._is_dark else "server.dark"
        other = LANGUAGES[1 - LANGUAGES.index(self._say.language)]
        return FolderLine(
            self._content,
            self._look,
            self._say,
            self._data / ARCHIVE,
            on_copy=self._copy,
            on_open=lambda: self._open_folder(self._data.absolute()),
            switches=[
                (self._say(theme), lambda: self.restyle(is_dark=not self._is_dark)),
                (LANGUAGE_NAMES[other], lambda: self.restyle(language=other)),
            ],
        )

    def restyle(self, *, is_dark: bool | None = None, language: str | None = None) -> None:
        """The same window in another theme or language."""
        typed, is_open = self.form.typed, self.form.is_open
        if is_dark is not None:
            self._is_dark = is_dark
        if language is not None:
            self._say = self.model.say = Texts(language)
        self._content.destroy()
        self._build()
        self.form.type(*typed, is_open=is_open)
        self._show()
        self._on_restyle(self._say.language, self._is_dark)

    # --- events ---

    def _take(self, event: object) -> None:
        match event:
            case Started():
                self._addresses = self._list_addresses()
                self.model.apply(event)
                self._submit(ListRealms())
                if self._is_closing:
                    self.stop()
            case Stopped() | Crashed() | StartFailed():
                self._take_end(event)
            case SpaceReported() | FilesListed():
                self.files_model.apply(event)
                if isinstance(event, SpaceReported):
                    self._ask_again()
            case RealmsListed():
                self.realms_model.apply(event)
            case StatusReported() | BansChanged() | Happened() | OperatorAnswered():
                self.model.apply(event)
                if isinstance(event, OperatorAnswered):
                    self._show_answer(event)
                elif isinstance(event, Happened) and event.kind in _OF_REALMS:
                    self._submit(ListRealms())
            case _:
                raise TypeError(f"not an event of a server: {event!r}")

    def _ask_again(self) -> None:
        """A second is over: what is looked at is kept up to date."""
        if self.files is not None:
            self._submit(ListFiles())
        if self.realms is not None:
            self._submit(ListRealms())

    def _take_end(self, event: Stopped | Crashed | StartFailed) -> None:
        self.model.apply(event)
        self.files_model.apply(event)
        self.realms_model.apply(event)
        if self._is_closing:
            self.destroy()
        elif isinstance(event, StartFailed):
            self.form.focus_first_problem(self.model)

    def _show(self) -> None:
        model = self.model
        self.subtitle.configure(text=model.header)
        is_running = model.phase in (Phase.RUNNING, Phase.STOPPING)
        shown = self.stop_button if is_running else self.start_button
        hidden = self.start_button if is_running else self.stop_button
        hidden.pack_forget()
        shown.pack(side="right", padx=self._look.px(24))
        shown.show(shown.text, is_enabled=model.phase in (Phase.RUNNING, Phase.STOPPED))
        self.form.show(model)
        self.join.show(model, self._addresses)
        if model.problems:  # they need the room, and nobody can join
            self.join.pack_forget()
        else:
            self.join.pack(fill="both", expand=True, pady=(self._look.px(16), 0))
        self.chart.show(model)
        self.realms_line.show(self.realms_model)
        self.files_card.show(self.files_model)
        self.people.show(model)
        self.log.show(model)
        if self.bans is not None:
            self.bans.show(model)
        if self.files is not None:
            self.files.show(self.files_model)
        if self.realms is not None:
            self.realms.show(self.realms_model)

    # --- what the operator does ---

    def start(self) -> None:
        """As if Start were pressed."""
        if self.model.phase is not Phase.STOPPED:
            return
        form = self.model.read_form(*self.form.typed, is_open=self.form.is_open)
        self._show()
        if form is None:
            self.form.focus_first_problem(self.model)
        else:
            self._on_start(form)

    def stop(self) -> None:
        """As if Stop were pressed."""
        if self.model.phase is Phase.RUNNING:
            self.model.begin_stop()
            self._submit(Stop())
            self._show()

    def close(self) -> None:
        """As if the window's cross were pressed: asks if people are inside, stops, ends."""
        if self.model.people_inside and not self._is_closing:
            QuitDialog(self, self._look, self._say, self.model.people_text, self._quit)
        else:
            self._quit()

    def destroy(self) -> None:
        self._pump.stop()
        if self._goodbye is not None:
            self.after_cancel(self._goodbye)
            self._goodbye = None
        super().destroy()

    def show_bans(self) -> None:
        """Opens the list of bans and mutes."""
        self.bans = BansDialog(self, self._look, self._say, self._submit)
        self.bans.bind("<Destroy>", self._forget_bans)
        self.bans.show(self.model)
        self.bans.open()

    def show_files(self) -> None:
        """Opens the list of files, which is up to date as long as it is open."""
        self.files = FilesDialog(self, self._look, self._say, self._remove_file)
        self.files.bind("<Destroy>", self._forget_file_list)
        self.files.show(self.files_model)
        self.files.open()
        self._submit(ListFiles())

    def show_realms(self) -> None:
        """Opens the list of realms, which is up to date as long as it is open."""
        self.realms = RealmsDialog(self, self._look, self._say, self._submit)
        self.realms.bind("<Destroy>", self._forget_realms)
        self.realms.show(self.realms_model)
        self.realms.open()
        self._submit(ListRealms())

    def ban(self, line: PersonLine) -> BanDialog:
        """Asks for how long somebody shall be kept out."""
        shown = self.model.shown(line.name)
        return BanDialog(self, self._look, self._say, line, shown, self._submit)

    def reset(self, line: PersonLine) -> ResetDialog:
        """Asks whether somebody's password shall be worth nothing."""
        shown = self.model.shown(line.name)
        self.resetting = ResetDialog(
            self, self._look, self._say, line.name, shown, self._submit, self._copy
        )
        self.resetting.bind("<Destroy>", self._forget_reset)
        return self.resetting

    def menu_for(self, line: PersonLine) -> tk.Menu:
        """What can be done with somebody."""
        say, menu = self._say, make_menu(self, self._look)
        if line.is_muted:
            menu.add_command(
                label=say("server.menu.unmute"), command=lambda: self._submit(Unmute(line.name))
            )
        else:
            times = make_menu(menu, self._look)
            for minutes, key in _MUTE_TIMES:
                times.add_command(
                    label=say(key),
                    command=lambda minutes=minutes: self._submit(Mute(line.name, minutes)),  # type: ignore[misc]
                )
            menu.add_cascade(label=say("server.menu.mute"), menu=times)
        menu.add_command(
            label=say("server.menu.kick"), command=lambda: self._submit(Kick(line.name))
        )
        menu.add_command(label=say("server.menu.ban"), command=lambda: self.ban(line))
        if line.is_account:
            menu.add_command(label=say("server.menu.reset"), command=lambda: self.reset(line))
        return menu

    def _open_menu(self, line: PersonLine, x: int, y: int) -> None:
        self.menu_for(line).tk_popup(x, y)

    def _quit(self) -> None:
        self._is_closing = True
        if self.model.phase is Phase.STOPPED:
            self.destroy()
            return
        self.stop()
        if self._goodbye is None:
            self._goodbye = self.after(GOODBYE_MS, self.destroy)

    def _forget_bans(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.bans:
            self.bans = None

    def _remove_file(self, command: Command) -> None:
        self._submit(command)
        self._submit(ListFiles())

    def _forget_file_list(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.files:
            self.files = None

    def _forget_realms(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.realms:
            self.realms = None

    def _show_answer(self, answered: OperatorAnswered) -> None:
        if self.realms is not None:
            self.realms.answer(answered)
        if self.resetting is not None and answered.command == self.resetting.asked:
            self.resetting.show(answered)

    def _forget_reset(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.resetting:
            self.resetting = None

    def _copy_invitation(self, address: str, with_password: bool) -> None:
        self._copy(self.model.invitation(address, with_password=with_password))

    def _copy(self, text: str) -> None:
        self.clipboard_clear()
        self.clipboard_append(text)
