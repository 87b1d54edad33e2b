"""The server's window in the states that are worth looking at: for screenshots and for tests."""

import math
import queue
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from conversation import ConversationKind, Presence
from protocol import Address
from records import Ban, BanKind
from server_events import (
    BansChanged,
    ComingRow,
    Command,
    Event,
    FileRow,
    FilesListed,
    FileSpace,
    Happened,
    HappeningKind,
    ListRealms,
    PersonRow,
    RealmRow,
    RealmsListed,
    RealmState,
    SpaceReported,
    Started,
    StatusReported,
)
from server_form import ServerForm, StartFailed
from server_realm_dialogs import AddRealmDialog
from server_realm_model import RealmField
from server_window import ServerWindow
from texts import Texts

DEFAULTS = ServerForm("Lab Jaringan", "0.0.0.0", 8083, "danau kucing lampu sepeda")
ADDRESSES = ["192.168.1.20", "10.4.0.20"]
KEY = bytes(range(32))
SCENES = (
    "server",
    "server-stopped",
    "server-errors",
    "server-ban",
    "server-bans",
    "server-quit",
    "server-files",
    "server-file-remove",
    "server-realms",
    "server-realms-empty",
    "server-realm-add",
    "server-realm-remove",
)


@dataclass
class Stage:
    """A window with scripted surroundings, and all it asked of them."""

    window: ServerWindow
    events: "queue.SimpleQueue[object]"
    started: list[ServerForm] = field(default_factory=list)
    submitted: list[Command] = field(default_factory=list)
    listings: list[ListRealms] = field(default_factory=list)  # the window asks by itself
    opened: list[Path] = field(default_factory=list)
    restyled: list[tuple[str, bool]] = field(default_factory=list)

    def tell(self, *events: Event | StartFailed) -> None:
        """Puts events into the queue and lets the window take them."""
        for event in events:
            self.events.put(event)
        self.settle()

    def settle(self) -> None:
        """Until the window has taken and drawn everything; nothing if it is closed."""
        try:
            while not self.events.empty():
                self.window.tk.dooneevent(0)
            self.window.update()
        except tk.TclError:  # it closed itself
            return


def open_stage(
    language: str = "en",
    *,
    is_dark: bool = False,
    defaults: ServerForm = DEFAULTS,
    data: Path = Path("/home/velicia/ruang"),
) -> Stage:
    """A window that was just opened."""
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    started: list[ServerForm] = []
    submitted: list[Command] = []
    listings: list[ListRealms] = []
    opened: list[Path] = []
    restyled: list[tuple[str, bool]] = []

    def submit(command: Command) -> None:
        if isinstance(command, ListRealms):
            listings.append(command)
        else:
            submitted.append(command)

    window = ServerWindow(
        events,
        say=Texts(language),
        on_start=started.append,
        submit=submit,
        defaults=defaults,
        addresses=lambda: list(ADDRESSES),
        data=data,
        is_dark=is_dark,
        open_folder=opened.append,
        on_restyle=lambda language, is_dark: restyled.append((language, is_dark)),
    )
    stage = Stage(window, events, started, submitted, listings, opened, restyled)
    stage.settle()
    return stage


def at(hour: int, minute: int, second: int = 0) -> int:
    """An instant of the day that the scenes are about, as the clock on the wall shows it."""
    local = datetime(2026, 11, 21, hour, minute, second).astimezone()
    return int(local.timestamp() * 1000)


def row(
    person: int, name: str, address: Address | None, ms: int, loss: float, since: int
) -> PersonRow:
    """A line of the table; without an address the person is away."""
    presence = Presence.HERE if address else Presence.AWAY
    round_trip = ms / 1000 if address else None
    is_muted = name == "lineker"
    return PersonRow(person, name, address, presence, round_trip, loss, since, is_muted)


PEOPLE = (
    row(1, "velicia", ("192.168.1.31", 50211), 2, 0.0, at(13, 4)),
    row(2, "henderson", ("192.168.1.18", 61002), 3, 0.001, at(13, 5)),
    row(3, "messi", ("192.168.1.44", 49877), 11, 0.018, at(13, 40)),
    row(4, "lineker", ("192.168.1.52", 53110), 2, 0.0, at(13, 41)),
    row(5, "catherine", None, 0, 0.0, at(13, 50)),
    row(6, "darren", ("192.168.1.73", 50900), 24, 0.003, at(14, 2)),
)
BANS = (
    Ban(1, BanKind.ENTER, 9, "budi", "192.168.1.77", at(15, 30)),
    Ban(2, BanKind.SPEAK, 4, "lineker", "", 0),
)
SPACE = FileSpace(
    files=6,
    used=1_240_000_000,
    waiting=0,
    limit=10 << 30,
    largest=2 << 30,
    free=412_000_000_000,
    reserve=500 << 20,
)
REALMS = RealmsListed(
    (
        RealmRow(
            "kampus-b",
            RealmState.LINKED,
            at(14, 33, 20),
            0,
            0.024,
            ("10.4.0.9", 8083),
            "",
            loss=0.003,
        ),
        RealmRow(
            "laboratorium-jakarta",
            RealmState.AWAY,
            at(13, 41),
            12,
            None,
            ("2001:db8:4:17::9", 8083),
            "henderson",
        ),
        RealmRow("sma-3", RealmState.LINKED, at(9, 12), 0, 0.131, None, "", loss=0.021),
        RealmRow(
            "teknik",
            RealmState.AWAY,
            at(11, 2),
            1,
            None,
            ("10.4.0.12", 8083),
            "",
            trouble=HappeningKind.REALM_PASSWORD,
        ),
        RealmRow("warnet", RealmState.CUT, at(8, 30), 0, None, ("10.9.1.2", 9000), "messi"),
    )
)
STARTED = Started(("0.0.0.0", 8083), KEY, "Lab Jaringan", 1284, at(14, 28, 50))


def kept(
    name: str, size: int, person: str, at: int, *places: tuple[ConversationKind, str]
) -> FileRow:
    """A line of the list of files; without places: of the room."""
    file = sha256(name.encode()).digest()
    return FileRow(file, name, size, person, at, places or ((ConversationKind.ROOM, ""),))


FILES = FilesListed(
    files=(
        kept("laporan-bab-3.pdf", 4_200_000, "henderson", at(14, 32, 4)),
        kept(
            "foto kegiatan 17 Agustus.jpg",
            3_100_000,
            "velicia",
            at(14, 11),
            (ConversationKind.GROUP, "Panitia"),
            (ConversationKind.PRIVATE, ""),
        ),
        kept("rekaman-rapat.mp4", 412_000_000, "messi", at(13, 58)),
        kept(
            "Daftar hadir seluruh peserta pelatihan jaringan komputer tingkat dasar dan lanjutan, "
            "gelombang ketiga, sudah diperbaiki (2).xlsx",
            88_000,
            "catherine",
            at(13, 52),
            (ConversationKind.GROUP, "Panitia"),
        ),
        kept("gambar \u202egnp.exe", 1_234, "darren", at(9, 3) - 26 * 86_400_000),
        kept("catatan.txt", 850, "", at(9, 3) - 27 * 86_400_000, (ConversationKind.PRIVATE, "")),
    ),
    coming=(ComingRow(b"\x01" * 32, "debian-13.iso", 790_000_000, "lineker", 268_000_000),),
    space=SPACE,
)


def run_for_five_minutes(stage: Stage) -> None:
    """Presses Start, then lets five minutes of a busy afternoon happen."""
    stage.window.start()
    events: list[Event] = [STARTED]
    posted = 0
    for second in range(301):
        posted += max(0, round(60 + 50 * math.sin(second / 9) + 40 * math.sin(second / 17)))
        posted += max(0, round(220 - 3 * (second - 172) ** 2))
        events.append(StatusReported(PEOPLE, posted, at(14, 28, 50) + second * 1000))
    events += [
        Happened(HappeningKind.JOINED, at(14, 29, 58), "messi", ("192.168.1.44", 49877)),
        Happened(HappeningKind.WRONG_PASSWORD, at(14, 30, 11), "", ("192.168.1.77", 4100), 3),
        Happened(
            HappeningKind.FILE_SENT,
            at(14, 32, 4),
            "henderson",
            count=4_200_000,
            text="laporan-bab-3.pdf",
        ),
        Happened(HappeningKind.REALM_LINKED, at(14, 33, 20), "kampus-b", count=4),
        Happened(HappeningKind.MUTED, at(14, 33, 41), "lineker"),
        BansChanged(BANS),
        SpaceReported(SPACE),
        REALMS,
    ]
    stage.tell(*events)


def words_of(widget: tk.Misc) -> str:
    """All that labels, canvases and texts below a widget say and that is in sight."""
    said = []
    for part in (widget, *widget.winfo_children()):
        if part is not widget:
            said.append(words_of(part))
        elif not part.winfo_ismapped():
            return ""
        elif isinstance(part, tk.Label):
            said.append(str(part.cget("text")))
        elif isinstance(part, tk.Text):
            said.append(part.get("1.0", "end"))
        elif isinstance(part, tk.Canvas):
            said += texts_on(part)
    return "\n".join(said)


def texts_on(canvas: Any) -> list[str]:  # typeshed says too little about items
    texts = [item for item in canvas.find_all() if canvas.type(item) == "text"]
    return [str(canvas.itemcget(item, "text")) for item in texts]


def make_server_scene(name: str, language: str, *, is_dark: bool) -> ServerWindow:
    """One of SCENES, drawn; the caller photographs and destroys it."""
    stage = open_stage(language, is_dark=is_dark)
    window = stage.window
    if name == "server-errors":
        window.form.type("Lab Jaringan", "192.168.300.1", "99999", "", is_open=False)
        window.start()
    elif name != "server-stopped":
        run_for_five_minutes(stage)

    def show_files() -> None:
        window.show_files()
        stage.tell(FILES)

    def ask_to_remove() -> None:
        show_files()
        assert window.files is not None
        window.files.ask(1)

    def show_no_realms() -> None:
        window.show_realms()
        stage.tell(RealmsListed(()))

    def add_realm() -> None:
        window.show_realms()
        assert window.realms is not None
        window.realms.ask_to_add()
        adding = window.realms.asking
        assert isinstance(adding, AddRealmDialog)
        adding.field(RealmField.ADDRESS).value = "kampus-c"
        adding.field(RealmField.NAME).value = "Kampus C!"
        adding.add()

    def drop_realm() -> None:
        window.show_realms()
        assert window.realms is not None
        window.realms.ask_to_drop(window.realms_model.lines[0])

    dialogs: dict[str, Callable[[], object]] = {
        "server-files": show_files,
        "server-file-remove": ask_to_remove,
        "server-realms": window.show_realms,
        "server-realms-empty": show_no_realms,
        "server-realm-add": add_realm,
        "server-realm-remove": drop_realm,
        "server-ban": lambda: window.ban(window.model.people()[2]),
        "server-bans": window.show_bans,
        "server-quit": window.close,
    }
    if name in dialogs:
        dialogs[name]()
    stage.settle()
    return window
