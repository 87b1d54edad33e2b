"""Scripted events that bring a client's window into the states worth looking at."""

import queue
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import widgets_paint
from client_account_dialogs import FormDialog
from client_chat import ChatView
from client_events import (
    Answered,
    AskGroups,
    AskMembers,
    Command,
    Connection,
    ConnectionChanged,
    ConversationChanged,
    ConversationsListed,
    DraftMade,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    Found,
    GroupInfo,
    IdentityChanged,
    KeyChanged,
    KeySeen,
    LogIn,
    NameRefused,
    PeopleReplaced,
    PersonTyping,
    ReachedChanged,
    Result,
    Search,
)
from client_file_events import FileEnded, FileMoved, FileState, FileTrouble, SendFile
from client_form import JoinField, JoinForm, Typed, Way
from client_join import JoinView
from client_realm_events import AddRealm, RealmInfo, RealmState, RealmsTold
from client_window import ClientWindow
from conversation import (
    NO_TAG,
    ROOM,
    ConversationKind,
    Entry,
    EntryKind,
    FileNote,
    Person,
    Presence,
    RefusalNote,
)
from protocol import Code
from settings_client import ClientFolder, ClientPreferences, RecentRoom
from widgets import collect_garbage

SERVER_KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
NOON = int(datetime(2025, 11, 21, 14, 33, tzinfo=UTC).timestamp() * 1000)
VELICIA, HENDERSON, MESSI, LINEKER, TONO, CATHERINE, DARREN = 3, 8, 17, 26, 33, 40, 45
NAMES = {
    VELICIA: "velicia",
    HENDERSON: "henderson",
    MESSI: "messi",
    LINEKER: "lineker",
    TONO: "tono",
    CATHERINE: "catherine",
    DARREN: "darren@kampus-b",
}
BAGAN, PROJECT, WITH_MESSI, WITH_CATHERINE, WITH_DARREN = 10, 11, 12, 13, 14
KAMPUS = RealmInfo("kampus-b", RealmState.LINKED, NOON, 0, 0.003, ("10.20.0.5", 8083))
DAY = 24 * 60  # minutes
TOKEN = "5f1d0c9a7be24438a6d2e90b1c47f8635f1d0c9a7be24438a6d2e90b1c47f863"


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
        while not self.is_closed:
            self.window.update()  # asks the display, too, and takes what came of that
            if self.is_closed or (self.events.empty() and (until is None or until())):
                return
            assert datetime.now(UTC) < ends, "the window did not settle"
            self.window.tk.dooneevent(0)

    def asked(self, kind: type[Any]) -> list[Any]:
        """What of one kind the window asked for, in order."""
        return [command for command in self.commands if isinstance(command, kind)]

    def answer(self, kind: type[Any], code: Code, result: Result = None, **more: Any) -> None:
        """The core's answer to the last question of a kind, once it was asked."""
        self.settle(lambda: bool(self.asked(kind)))
        self.put(Answered(self.asked(kind)[-1].ticket, code, result, **more))
        self.settle()

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
        *told((ROOM, ConversationKind.ROOM, "", 0, 9, 9)),
    ]


def told(*conversations: tuple[int, ConversationKind, str, int, int, int]) -> list[object]:
    """Conversations one belongs to: number, kind, name, other person, head, read."""
    return [ConversationChanged(*fields) for fields in conversations]


def people(**away: Presence) -> PeopleReplaced:
    """The six of this realm, catherine away."""
    return PeopleReplaced(
        tuple(
            Person(
                number,
                name,
                away.get(name, Presence.AWAY if number == CATHERINE else Presence.HERE),
            )
            for number, name in NAMES.items()
            if number != DARREN
        )
    )


def history(*entries: Entry, first: int = 1, conversation: int = ROOM) -> list[object]:
    """Entries that were there before."""
    return [
        EntryArrived(conversation, number, entry, is_history=True)
        for number, entry in enumerate(entries, first)
    ]


def conversation(since: int = 1) -> list[object]:
    """An afternoon in the lab, and from the beginning something of the day before."""
    joined = EntryKind.JOINED
    said = [
        text(HENDERSON, "Selamat siang, laporan bab 3 sudah saya unggah.", 13 + 24 * 60),
        text(TONO, "Sudah saya baca, bagus.", 11 + 24 * 60),
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


def elsewhere() -> list[object]:
    """Groups and private conversations, with something new in two of them."""
    group, private = ConversationKind.GROUP, ConversationKind.PRIVATE
    said = {
        BAGAN: [
            text(LINEKER, "", 180, EntryKind.JOINED),
            text(VELICIA, "", 170, EntryKind.JOINED),
            text(VELICIA, "Halo semua, bab 2 sudah selesai.", 120),
            text(HENDERSON, "Bagus! Saya baca malam ini.", 60),
            text(LINEKER, "Gambarnya saya perbaiki dulu.", 40),
            text(LINEKER, "@velicia tolong cek tabel di halaman 12.", 38),
            text(LINEKER, "revisi sudah masuk", 35),
        ],
        PROJECT: [text(VELICIA, "foto papan tulis menyusul", 143)],
        WITH_MESSI: [text(VELICIA, "malam!", 9), text(MESSI, "halo, selamat malam", 4)],
        WITH_CATHERINE: [text(VELICIA, "terima kasih!", 3 * DAY)],
        WITH_DARREN: [text(DARREN, "sip, nanti saya kirim", 4 * DAY)],
    }
    events = told(
        (BAGAN, group, "kelompok-bagan", 0, 7, 4),
        (PROJECT, group, "final-project", 0, 1, 1),
        (WITH_MESSI, private, "messi", MESSI, 2, 1),
        (WITH_CATHERINE, private, "catherine", CATHERINE, 1, 1),
        (WITH_DARREN, private, NAMES[DARREN], DARREN, 1, 1),
    )
    for conversation, entries in said.items():
        events += history(*entries, conversation=conversation)
    return [*events, ConversationsListed(), RealmsTold((KAMPUS,), may_add=True)]


def busy() -> list[object]:
    """Waiting, refused, typing, a long message."""
    return [
        PersonTyping(ROOM, HENDERSON),
        EntryArrived(ROOM, 10, text(LINEKER, "Baik, sampai besok.")),
        DraftMade(1, 1, ROOM, "Satu lagi: proyektornya sudah dipesan?"),
        DraftRefused(2, 2, ROOM, "Dan ini?", Code.MUTED),
    ]


def note(name: str, size: int) -> FileNote:
    """A file that is told apart from others by its name."""
    return FileNote(sha256(name.encode()).digest(), size, name)


REPORT = note("laporan-bab-3.pdf", 4_200_000)
VIDEO = note("rapat-2025-11-20.mp4", 812_000_000)
GONE = note("kunci-jawaban.docx", 48_200)
BOARD = note("papan-tulis.jpg", 6_400_000)
DATA = note("data-praktikum.csv", 18_300)


def shared(person: int, file: FileNote, number: int, minutes_ago: int = 0) -> EntryArrived:
    """A file somebody shared."""
    entry = text(person, file.encode(), minutes_ago, EntryKind.FILE)
    return EntryArrived(ROOM, number, entry, is_history=True)


def files(upload: int) -> list[object]:
    """One of each state; ``upload``: the ticket of one's own."""
    moving, is_paused = FileState.MOVING, FileState.PAUSED
    return [
        shared(HENDERSON, REPORT, 10),
        shared(HENDERSON, VIDEO, 11),
        shared(MESSI, GONE, 12),
        shared(MESSI, DATA, 13),
        shared(TONO, BOARD, 14),
        FileEnded(90, REPORT, False, None, Path("/home/velicia/Downloads/laporan-bab-3.pdf")),
        FileMoved(91, VIDEO, False, moving, 340_000_000, 38_000_000.0),
        FileEnded(92, GONE, False, Code.FILE_REMOVED),
        FileMoved(93, BOARD, False, is_paused, 2_000_000, 0.0),
        FileMoved(upload, note("foto-kelas.jpg", 111_000_000), True, moving, 75_500_000, 19e6),
    ]


# --- scenes worth a picture ---

SCENES = (
    "join",
    "join-key",
    "join-wrong",
    "join-log-in",
    "join-register",
    "client",
    "client-lost",
    "client-settings",
    "client-group",
    "client-private",
    "client-search",
    "client-mention",
    "client-account",
    "client-log-in",
    "client-jump",
    "client-groups",
    "client-realm",
    "client-add-realm",
    "client-files",
    "client-previews",
    "client-narrow",
)


def make_client_scene(name: str, folder: Path, language: str, *, is_dark: bool) -> Scene:
    """One of SCENES, drawn; the caller photographs and closes it."""
    ways = {"join-log-in": Way.LOG_IN, "join-register": Way.REGISTER}
    scene = Scene(
        folder,
        language=language,
        theme="dark" if is_dark else "light",
        prefill=Typed(
            "192.168.1.20",
            "8083",
            "rahasia1",
            "messi",
            way=ways.get(name, Way.GUEST),
            user="velicia",
            account_password="kopi susu",
            again="kopi susu",
        ),
        with_rooms=True,
    )
    scene.settle()
    view = scene.window.view
    assert isinstance(view, JoinView)
    if name == "join-wrong":
        view.port.value, view.your_name.value = "99999", "sari@lab"
    if name != "join-register":
        view.button.press()
    if name.startswith("client"):
        scene.put(*entered(), IdentityChanged(VELICIA, "velicia", True, TOKEN))
        scene.put(*conversation(since=3), *elsewhere())
    if name == "join":
        scene.put(KeySeen(SERVER_KEY, "Lab Jaringan", is_pinned=False))
        scene.put(NameRefused("messi", Code.NAME_TAKEN))
    elif name == "join-log-in":
        scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    elif name == "join-key":
        scene.put(KeyChanged(SERVER_KEY, OTHER_KEY), Ended(EndReason.KEY_CHANGED))
    elif name == "client":
        scene.put(PersonTyping(ROOM, HENDERSON))
    elif name == "client-lost":
        scene.put(*busy(), ConnectionChanged(Connection.LOST))
    scene.settle()
    _ask(scene, name)
    scene.settle()
    return scene


def _ask(scene: Scene, name: str) -> None:
    """What somebody does in the scene, and what the core answers."""
    view = scene.window.view
    if name == "join-log-in":
        scene.answer(LogIn, Code.WRONG_LOGIN)
    if isinstance(view, ChatView) and name in _ASKED:
        _ASKED[name](scene, view)


def _open_group(scene: Scene, _: ChatView) -> None:
    scene.window.chatting.open(BAGAN)
    members = ("henderson", "lineker", "sari", "velicia", NAMES[DARREN])
    scene.answer(AskMembers, Code.OK, members)


def _open_private(scene: Scene, _: ChatView) -> None:
    scene.window.chatting.open(WITH_MESSI)
    scene.put(PersonTyping(WITH_MESSI, MESSI))


def _search(scene: Scene, _: ChatView) -> None:
    scene.window.chatting.open_search("laporan bab")
    scene.answer(Search, Code.OK, found())


def _mention(scene: Scene, view: ChatView) -> None:
    view.composer.text.focus_force()
    view.composer.insert("Halo @")
    view.composer.text.event_generate("<KeyRelease>", keysym="at")
    scene.put(EntryArrived(ROOM, 10, text(MESSI, "@velicia jam berapa rapatnya?")))


def _list_groups(scene: Scene, _: ChatView) -> None:
    scene.window.menus.open_join_dialog()
    scene.answer(AskGroups, Code.OK, groups())


def _write_abroad(scene: Scene, _: ChatView) -> None:
    away = replace(KAMPUS, state=RealmState.AWAY, since=NOON - 31 * 60_000, waiting=2)
    scene.window.chatting.open(WITH_DARREN)
    note = RefusalNote(Code.MUTED, "Boleh?").encode()
    said = [
        text(VELICIA, "Sudah sampai?", 40),
        text(DARREN, "Sudah, terima kasih.", 38),
        text(VELICIA, "Boleh?", 35)._replace(tag=b"refused."),
        text(VELICIA, note, 35, EntryKind.NOTICE)._replace(tag=b"refused."),
        text(VELICIA, "Boleh saya teruskan ke kelas?", 20),
        text(VELICIA, "Kabari kalau sudah kembali ya.", 3),
    ]
    for number, entry in enumerate(said, 2):
        scene.put(EntryArrived(WITH_DARREN, number, entry, is_history=True))
    scene.put(ReachedChanged(WITH_DARREN, 5), RealmsTold((away,), may_add=True))


def _add_realm(scene: Scene, _: ChatView) -> None:
    scene.window.realms.open_add_dialog()
    dialog = scene.window.dialog
    assert isinstance(dialog, FormDialog)
    dialog.fields[JoinField.REALM].value = "kampus-c"
    dialog.fields[JoinField.HOST].value = "10.20.0.9"
    dialog.fields[JoinField.PASSWORD].value = "kopi"
    dialog.submit()
    scene.answer(AddRealm, Code.WRONG_PASSWORD)


def _share(scene: Scene, view: ChatView) -> None:
    scene.window.filing.send([Path("/home/velicia/foto-kelas.jpg")])
    scene.put(*files(scene.asked(SendFile)[-1].ticket))
    scene.settle()
    view.messages.scroll_to_end()


def _look_at_files(scene: Scene, view: ChatView) -> None:
    board = widgets_paint.icon(widgets_paint.Icon.GEAR, 240, "#0891b2")
    said = {BOARD: board, DATA: b"nama,nilai\nana,90\nbudi,85\ncitra,88\n"}
    for number, (file, data) in enumerate(said.items(), 10):
        place = scene.folder.path / file.name
        place.write_bytes(data)
        scene.put(shared(MESSI, file, number), FileEnded(number, file, False, None, place))
    own = text(VELICIA, REPORT.encode(), 0, EntryKind.FILE)
    scene.put(EntryArrived(ROOM, 12, own, is_history=True))
    filing = scene.window.filing
    scene.settle(lambda: all(filing.preview(file.file) for file in said))
    scene.put(FileEnded(20, REPORT, False, FileTrouble.DISK_FULL))
    filing.send([Path("/home/velicia/film.mkv")])
    ticket = scene.asked(SendFile)[-1].ticket
    film = note("film.mkv", 4_000_000_000)
    scene.put(FileEnded(ticket, film, True, Code.FILE_TOO_LARGE))
    scene.settle()
    view.messages.scroll_to_end()


def _narrow(scene: Scene, view: ChatView) -> None:
    scene.window.geometry("520x720")
    scene.settle()
    view.toggle_drawer()


_ASKED: dict[str, Callable[[Scene, ChatView], None]] = {
    "client-settings": lambda _, view: view.side.gear.press(),
    "client-group": _open_group,
    "client-private": _open_private,
    "client-search": _search,
    "client-mention": _mention,
    "client-account": lambda scene, _: scene.window.account.open(),
    "client-log-in": lambda scene, _: scene.window.account.open_log_in(),
    "client-jump": lambda scene, _: scene.window.menus.open_jump_dialog(),
    "client-groups": _list_groups,
    "client-realm": _write_abroad,
    "client-add-realm": _add_realm,
    "client-files": _share,
    "client-previews": _look_at_files,
    "client-narrow": _narrow,
}


def found() -> tuple[Found, ...]:
    """What a search for "laporan bab" finds."""
    said = "Selamat siang, laporan bab 3 sudah saya unggah."
    return (
        Found(ROOM, 3, text(HENDERSON, said, 13)),
        Found(BAGAN, 3, text(VELICIA, "Halo semua, laporan bab 2 sudah selesai.", 120)),
        Found(ROOM, 1, text(HENDERSON, said, 13 + DAY)),
    )


def groups() -> tuple[GroupInfo, ...]:
    """All there are."""
    return (
        GroupInfo("futsal", 14, is_member=False),
        GroupInfo("final-project", 5, is_member=True),
        GroupInfo("kelompok-bagan", 4, is_member=True),
        GroupInfo("new", 1, is_member=False),
    )
