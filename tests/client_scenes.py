"""Scripted events that bring a client's window into the states worth looking at."""

import queue
import tkinter as tk
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from client_chat import ChatView
from client_events import (
    Command,
    Connection,
    ConnectionChanged,
    DraftMade,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    KeyChanged,
    KeySeen,
    NameRefused,
    PeopleReplaced,
    PersonTyping,
    ReachedChanged,
)
from client_form import JoinForm, Typed
from client_join import JoinView
from client_window import ClientWindow
from conversation import NO_TAG, ROOM, Entry, EntryKind, Person, Presence
from protocol import Code
from settings_client import ClientFolder, ClientPreferences, RecentRoom
from widgets import collect_garbage

SERVER_KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
NOON = int(datetime(2025, 11, 21, 14, 33, tzinfo=UTC).timestamp() * 1000)
VELICIA, HENDERSON, MESSI, LINEKER, DARREN, CATHERINE = 3, 8, 17, 26, 33, 40
NAMES = {
    VELICIA: "velicia",
    HENDERSON: "henderson",
    MESSI: "messi",
    LINEKER: "lineker",
    DARREN: "darren",
    CATHERINE: "catherine",
}


class Scene:
    """A client's window with what it asked for, and nobody behind it."""

    def __init__(
        self,
        folder: Path,
        *,
        language: str = "en",
        theme: str = "light",
        prefill: Typed | None = None,
        with_rooms: bool = False,
        font_size: int = 10,
    ) -> None:
        self.folder = ClientFolder(folder)
        self.folder.save_preferences(
            ClientPreferences(language=language, theme=theme, font_size=font_size)
        )
        if with_rooms:
            for room in recent_rooms():
                self.folder.remember_room(room)
        self.events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.commands: list[Command] = []
        self.forms: list[JoinForm] = []
        self.cancelled = 0
        self.window = ClientWindow(
            self.events,
            self.commands.append,
            folder=self.folder,
            on_join=self.forms.append,
            on_cancel=self._cancel,
            wall_clock=lambda: NOON,
            environment={},
            prefill=prefill,
        )

    def _cancel(self) -> None:
        self.cancelled += 1

    def put(self, *events: object) -> None:
        """As the core would."""
        for event in events:
            self.events.put(event)

    @property
    def is_closed(self) -> bool:
        """Whether the window is gone."""
        try:
            return not self.window.winfo_exists()
        except tk.TclError:
            return True

    def settle(self, until: Callable[[], bool] | None = None) -> None:
        """Lets the window work until its queue is empty and ``until`` holds, for 5 s at most."""
        ends = datetime.now(UTC) + timedelta(seconds=5)
        quiet = 0
        while not self.is_closed and (quiet < 2 or not (until is None or until())):
            assert datetime.now(UTC) < ends, "the window did not settle"
            is_busy = not self.events.empty()
            self.window.update()
            self._let_pass(22)
            quiet = 0 if is_busy else quiet + 1

    def _let_pass(self, milliseconds: int) -> None:
        if self.is_closed:
            return
        done: list[bool] = []
        self.window.after(milliseconds, done.append, True)
        while not (done or self.is_closed):
            self.window.tk.dooneevent(0)

    def close(self) -> None:
        """Whatever state it is in."""
        if not self.is_closed:
            self.window.destroy_now()
        del self.window
        collect_garbage()  # here, on Tk's thread, and not in the middle of another test's thread


def recent_rooms() -> list[RecentRoom]:
    """The newest last."""
    hour = 3_600_000
    return [
        RecentRoom("192.168.1.90", 8083, "Kantin", "velicia", NOON - 9 * 24 * hour),
        RecentRoom("192.168.1.77", 11111, "Kelas E", "velicia", NOON - 24 * hour),
        RecentRoom("192.168.1.20", 8083, "Lab Jaringan", "velicia", NOON - 91 * 60_000),
    ]


def text(person: int, words: str, minutes_ago: int = 0, kind: EntryKind = EntryKind.TEXT) -> Entry:
    """Something said, or a coming and going, so long before NOON."""
    return Entry(NO_TAG, kind, NOON - minutes_ago * 60_000, person, NAMES[person], words)


def entered(room: str = "Lab Jaringan") -> list[object]:
    """The way in, with a key that is known."""
    return [
        ConnectionChanged(Connection.CONNECTING),
        KeySeen(SERVER_KEY, room, is_pinned=True),
        Entered(VELICIA, "velicia", room, SERVER_KEY, has_returned=False),
        ConnectionChanged(Connection.HERE, 0.002),
        people(),
    ]


def people(**away: Presence) -> PeopleReplaced:
    """All six, catherine away."""
    return PeopleReplaced(
        tuple(
            Person(
                number,
                name,
                away.get(name, Presence.AWAY if number == CATHERINE else Presence.HERE),
            )
            for number, name in NAMES.items()
        )
    )


def history(*entries: Entry, first: int = 1) -> list[object]:
    """Entries that were there before."""
    return [
        EntryArrived(ROOM, number, entry, is_history=True)
        for number, entry in enumerate(entries, first)
    ]


def conversation(since: int = 1) -> list[object]:
    """An afternoon in the lab, and from the beginning something of the day before."""
    joined = EntryKind.JOINED
    said = [
        text(HENDERSON, "Selamat siang, laporan bab 3 sudah saya unggah.", 13 + 24 * 60),
        text(DARREN, "Sudah saya baca, bagus.", 11 + 24 * 60),
        text(HENDERSON, "Selamat siang, laporan bab 3 sudah saya unggah.", 13),
        text(HENDERSON, "Silakan dibaca dulu.", 13),
        text(VELICIA, "Terima kasih! Saya baca sekarang.", 12),
        text(MESSI, "", 8, joined),
        text(MESSI, "Halo semua 👋 rapat besok jadi?", 4),
        text(
            HENDERSON,
            "besok jam 9 ya, di lab lantai 2. Tolong bawa laptop masing-masing, kita uji server "
            "dan klien di jaringan kampus.",
            1,
        ),
        text(VELICIA, "Siap. Foto papan tulisnya saya kirim.", 0),
    ]
    said = said[since - 1 :]
    return [*history(*said, first=since), FloorChanged(ROOM, 0), ReachedChanged(ROOM, 8)]


def busy() -> list[object]:
    """Waiting, refused, typing, a long message."""
    return [
        PersonTyping(ROOM, HENDERSON),
        EntryArrived(ROOM, 10, text(LINEKER, "Baik, sampai besok.")),
        DraftMade(1, 1, ROOM, "Satu lagi: proyektornya sudah dipesan?"),
        DraftRefused(2, 2, ROOM, "Dan ini?", Code.MUTED),
    ]


# --- scenes worth a picture ---

SCENES = ("join", "join-key", "join-wrong", "client", "client-lost", "client-settings")


def make_client_scene(name: str, folder: Path, language: str, *, is_dark: bool) -> Scene:
    """One of SCENES, drawn; the caller photographs and closes it."""
    scene = Scene(
        folder,
        language=language,
        theme="dark" if is_dark else "light",
        prefill=Typed("192.168.1.20", "8083", "rahasia1", "messi"),
        with_rooms=True,
    )
    scene.settle()
    view = scene.window.view
    assert isinstance(view, JoinView)
    if name == "join-wrong":
        view.port.value, view.your_name.value = "99999", "sari@lab"
    view.button.press()
    if name.startswith("client"):
        scene.put(*entered(), *conversation(since=3))
    if name == "join":
        scene.put(KeySeen(SERVER_KEY, "Lab Jaringan", is_pinned=False))
        scene.put(NameRefused("messi", Code.NAME_TAKEN))
    elif name == "join-key":
        scene.put(KeyChanged(SERVER_KEY, OTHER_KEY), Ended(EndReason.KEY_CHANGED))
    elif name == "client":
        scene.put(PersonTyping(ROOM, HENDERSON))
    elif name == "client-lost":
        scene.put(*busy(), ConnectionChanged(Connection.LOST))
    scene.settle()
    if name == "client-settings" and isinstance(scene.window.view, ChatView):
        scene.window.view.side.gear.press()
        scene.settle()
    return scene
