"""How the windows look: colours, fonts, sizes, smooth shapes on a canvas, light or dark.

Band: adapters. Knows Tk and the pictures of widgets_paint.py, nothing of rooms or servers. Lengths
are given in the pixels of an ordinary screen and grow with the screen and the chosen font size.
"""

import contextlib
import ctypes
import os
import plistlib
import subprocess
import sys
import tkinter as tk
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tkinter import font as tkfont

import widgets_paint as paint
from widgets_paint import Icon

_SAFE_XFT = 20_305  # 2.3.5, the first that leaves colour bitmaps in peace
USUAL_FONT_SIZE = 10  # points; at this size and 96 dpi a pixel of the design is a pixel


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, named by what they are for."""

    is_dark: bool
    ground: str  # behind messages and forms
    surface: str  # cards, headers, other people's bubbles' parents
    field: str  # where one types
    line: str  # hairlines and borders
    focus: str  # border of a box in which one writes all the time: calmer than the accent
    pill: str
    bubble: str
    own: str  # one's own bubbles
    own_text: str
    own_faint: str  # time and ticks in them
    own_bar: str  # how much of a file is done, in them
    own_track: str
    selection: str
    own_selection: str
    text: str
    soft: str  # secondary text
    accent: str
    accent_hover: str
    accent_text: str
    danger: str
    danger_hover: str
    danger_text: str
    alarm: str  # text of errors
    side: str  # the dark side bar, dark in both themes
    side_chosen: str
    side_hot: str  # under the pointer
    side_line: str
    side_text: str
    side_soft: str
    side_faint: str
    side_lively: str  # what happens just now
    note: str  # the mint box of keys and invitations
    note_line: str
    note_title: str
    note_text: str
    warning: str  # the box of a danger
    warning_line: str
    banner: str  # across the window while the connection is lost
    banner_text: str
    badge: str
    badge_text: str
    meant: str  # ground of a message that names oneself, and of the name in it
    meant_line: str
    here: str
    away: str
    log: str  # the black panel of lines
    log_text: str
    chart: str
    people: tuple[str, ...]  # colours of names and avatars
    avatar_text: str


LIGHT = Palette(
    is_dark=False,
    ground="#f6f7f9",
    surface="#ffffff",
    field="#f6f7f9",
    line="#e3e6ea",
    focus="#c5cbd4",
    pill="#e8ebef",
    bubble="#ffffff",
    own="#0f766e",
    own_text="#ffffff",
    own_faint="#a9d3ce",
    own_bar="#99f6e4",
    own_track="#115e59",
    selection="#bfe3df",
    own_selection="#2f9990",
    text="#111827",
    soft="#6b7280",
    accent="#0f766e",
    accent_hover="#0d655f",
    accent_text="#ffffff",
    danger="#b91c1c",
    danger_hover="#991b1b",
    danger_text="#ffffff",
    alarm="#b91c1c",
    side="#1f2937",
    side_chosen="#374151",
    side_hot="#293548",
    side_line="#374151",
    side_text="#ffffff",
    side_soft="#9ca3af",
    side_faint="#6b7280",
    side_lively="#5eead4",
    note="#ecfdf5",
    note_line="#a7f3d0",
    note_title="#064e3b",
    note_text="#047857",
    warning="#fef2f2",
    warning_line="#fecaca",
    banner="#fef3c7",
    banner_text="#92400e",
    badge="#f59e0b",
    badge_text="#1f2937",
    meant="#fffbeb",
    meant_line="#fcd34d",
    here="#22c55e",
    away="#9ca3af",
    log="#0f172a",
    log_text="#cbd5e1",
    chart="#ccfbf1",
    people=(
        "#2563eb",
        "#65a30d",
        "#7c3aed",
        "#db2777",
        "#ea580c",
        "#0891b2",
        "#b45309",
        "#4f46e5",
    ),
    avatar_text="#ffffff",
)
DARK = Palette(
    is_dark=True,
    ground="#0f172a",
    surface="#111c31",
    field="#0f172a",
    line="#22304a",
    focus="#3a4b6b",
    pill="#1c2a44",
    bubble="#1c2a44",
    own="#0d9488",
    own_text="#ffffff",
    own_faint="#b5e3de",
    own_bar="#99f6e4",
    own_track="#115e59",
    selection="#2f4a7a",
    own_selection="#0a6c64",
    text="#e5eaf2",
    soft="#8b9bb3",
    accent="#14b8a6",
    accent_hover="#2dd4bf",
    accent_text="#042f2e",
    danger="#b91c1c",
    danger_hover="#dc2626",
    danger_text="#ffffff",
    alarm="#fca5a5",
    side="#0b1120",
    side_chosen="#1e293b",
    side_hot="#131d30",
    side_line="#1e293b",
    side_text="#ffffff",
    side_soft="#7c8aa0",
    side_faint="#5b6a82",
    side_lively="#2dd4bf",
    note="#0d2b2a",
    note_line="#115e59",
    note_title="#ccfbf1",
    note_text="#5eead4",
    warning="#2b1620",
    warning_line="#7f1d1d",
    banner="#3a2a0c",
    banner_text="#fcd34d",
    badge="#f59e0b",
    badge_text="#1f2937",
    meant="#2a2512",
    meant_line="#854d0e",
    here="#22c55e",
    away="#9ca3af",
    log="#0b1120",
    log_text="#cbd5e1",
    chart="#134e4a",
    people=(
        "#60a5fa",
        "#a3e635",
        "#a78bfa",
        "#f472b6",
        "#fb923c",
        "#22d3ee",
        "#fbbf24",
        "#818cf8",
    ),
    avatar_text="#0f172a",
)

_SANS = ("Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "Ubuntu", "Helvetica Neue")
_MONO = ("Cascadia Mono", "Consolas", "SF Mono", "Menlo", "DejaVu Sans Mono", "Noto Sans Mono")


class Look:
    """Colours, fonts, sizes and pictures of one window; every widget is handed it.

    Pictures are made once for each size and colour and kept as long as the look.
    """

    def __init__(self, root: tk.Misc, palette: Palette, font_size: int = USUAL_FONT_SIZE) -> None:
        self.colours = palette
        self.shown: Callable[[str], str] = str  # makes words of others fit to be drawn
        dots_per_point = min(4.0, max(96 / 72, float(root.tk.call("tk", "scaling"))))
        screen = round(dots_per_point * 72 / 96 * 4) / 4  # odd sizes make everything blurred
        self._scale = screen * font_size / USUAL_FONT_SIZE
        known = {family.casefold(): family for family in tkfont.families(root)}
        sans = _first_known(_SANS, known, "TkDefaultFont", root)
        mono = _first_known(_MONO, known, "TkFixedFont", root)

        def font(size: float, *, bold: bool = False, family: str = sans) -> tkfont.Font:
            pixels = -round(size * self._scale)
            return tkfont.Font(
                root, family=family, size=pixels, weight="bold" if bold else "normal"
            )

        self.text = font(13.4)
        self.strong = font(13.4, bold=True)
        self.small = font(12)
        self.small_strong = font(12, bold=True)
        self.tiny = font(11)
        self.caption = font(10.6, bold=True)  # labels in capitals
        self.minute = font(9.4)  # times in bubbles
        self.kind = font(8.8, bold=True)  # PDF, in the picture of a file
        self.heading = font(17.4, bold=True)
        self.title = font(28, bold=True)
        self.button = font(14, bold=True)
        self.mono = font(12, family=mono)
        self.mono_strong = font(14, bold=True, family=mono)
        self._root = root
        self._pictures: dict[tuple[object, ...], tk.PhotoImage] = {}

    def px(self, pixels: float) -> int:
        """A length on this screen, at this font size."""
        return round(pixels * self._scale)

    def disc(self, diameter: int, colour: str) -> tk.PhotoImage:
        """A filled circle; the diameter in real pixels."""
        return self._picture(("disc", diameter, colour), lambda: paint.disc(diameter, colour))

    def square(self, size: int, radius: int, colour: str) -> tk.PhotoImage:
        """A filled square with round corners, in real pixels."""
        return self._picture(
            ("square", size, radius, colour), lambda: paint.rounded(size, radius, colour)
        )

    def icon(self, which: Icon, size: int, colour: str) -> tk.PhotoImage:
        """An icon, in real pixels."""
        return self._picture((which, size, colour), lambda: paint.icon(which, size, colour))

    def corners(self, radius: int, fill: str, border: str) -> list[tk.PhotoImage]:
        """nw, ne, sw, se."""
        keys = [("corner", place, radius, fill, border) for place in range(4)]
        if keys[0] not in self._pictures:
            for key, made in zip(keys, paint.corners(radius, fill, border), strict=True):
                self._pictures[key] = tk.PhotoImage(master=self._root, data=made)
        return [self._pictures[key] for key in keys]

    def _picture(self, key: tuple[object, ...], make: Callable[[], bytes]) -> tk.PhotoImage:
        if key not in self._pictures:
            self._pictures[key] = tk.PhotoImage(master=self._root, data=make())
        return self._pictures[key]

    def person_colour(self, person: int) -> str:
        """The same for a person in every window of this theme."""
        return self.colours.people[person % len(self.colours.people)]


def _first_known(
    wanted: tuple[str, ...], known: dict[str, str], otherwise: str, root: tk.Misc
) -> str:
    for family in wanted:
        if family.casefold() in known:
            return known[family.casefold()]
    return str(tkfont.nametofont(otherwise, root).actual("family"))


def name_number(name: str) -> int:
    """A stand-in for a person's number where only a name is known, for its colour."""
    return zlib.crc32(name.encode("utf-8", "replace"))


# --- drawing on a canvas ---


def draw_rounded(
    canvas: tk.Canvas,
    look: Look,
    box: tuple[int, int, int, int],
    *,
    fill: str,
    border: str = "",
    radius: int = 4,
    tags: str | tuple[str, ...] = (),
) -> list[int]:
    """A box with smooth corners; ``radius`` in design pixels, the border one pixel inside."""
    left, top, right, bottom = box
    size = max(1, min(look.px(radius), (right - left) // 2, (bottom - top) // 2))
    items = [
        canvas.create_rectangle(
            left + size, top, right - size, bottom, fill=fill, width=0, tags=tags
        ),
        canvas.create_rectangle(
            left, top + size, right, bottom - size, fill=fill, width=0, tags=tags
        ),
    ]
    if border:
        for edge in (
            (left + size, top, right - size, top),
            (left + size, bottom - 1, right - size, bottom - 1),
            (left, top + size, left, bottom - size),
            (right - 1, top + size, right - 1, bottom - size),
        ):
            items.append(canvas.create_line(*edge, fill=border, tags=tags))
    pictures = look.corners(size, fill, border or fill)
    places = (
        (left, top),
        (right - size, top),
        (left, bottom - size),
        (right - size, bottom - size),
    )
    for picture, (x, y) in zip(pictures, places, strict=True):
        items.append(canvas.create_image(x, y, image=picture, anchor="nw", tags=tags))
    return items


def draw_avatar(
    canvas: tk.Canvas,
    look: Look,
    x: int,
    y: int,
    *,
    name: str,
    colour: str,
    diameter: int = 32,
    dot: str = "",
    ground: str = "",
    tags: str | tuple[str, ...] = (),
) -> list[int]:
    """A disc with the first letter; ``dot``: a sign of presence on a rim of ``ground``."""
    size = look.px(diameter)
    font = look.caption if diameter < 30 else look.small_strong
    ink = look.colours.avatar_text if colour in look.colours.people else "#ffffff"
    items = [
        canvas.create_image(x, y, image=look.disc(size, colour), anchor="nw", tags=tags),
        canvas.create_text(
            x + size // 2,
            y + size // 2,
            text=name[:1].upper(),
            fill=ink,
            font=font,
            tags=tags,
        ),
    ]
    if dot:
        rim, inner = (look.px(14), look.px(10)) if diameter > 30 else (look.px(12), look.px(8))
        right, bottom = x + size + look.px(2), y + size + look.px(2)
        edge = (rim - inner) // 2
        items.append(
            canvas.create_image(
                right - rim, bottom - rim, image=look.disc(rim, ground), anchor="nw", tags=tags
            )
        )
        items.append(
            canvas.create_image(
                right - rim + edge,
                bottom - rim + edge,
                image=look.disc(inner, dot),
                anchor="nw",
                tags=tags,
            )
        )
    return items


def shorten(text: str, font: tkfont.Font, width: int) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    text = text[:300]
    if font.measure(text) <= width:
        return text
    shortest, longest = 0, len(text)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if font.measure(text[:middle].rstrip() + "…") <= width:
            shortest = middle
        else:
            longest = middle - 1
    return text[:shortest].rstrip() + "…"


# --- what the system can and prefers ---


def use_desktop_keys(root: tk.Tk) -> None:
    """Ctrl+A selects everything and pasting replaces what is selected, as everywhere else.

    On X11, Tk alone keeps the customs of 1990: to the line's start, and inserting beside it.
    """
    if root.tk.call("tk", "windowingsystem") != "x11":
        return
    for key in ("<Control-Key-a>", "<Control-Lock-Key-A>"):
        root.event_delete("<<LineStart>>", key)
        root.event_add("<<SelectAll>>", key)
    for kind in ("Entry", "Text"):
        usual = root.tk.call("bind", kind, "<<Paste>>")
        replace = "if {![catch {clipboard get}]} {catch {%W delete sel.first sel.last}}"
        root.tk.call("bind", kind, "<<Paste>>", f"{replace}\n{usual}")


def is_focused(widget: tk.Misc) -> bool:
    """Whether keys come to this one.

    Not asked through tkinter: it stumbles over dialogs that Tk made by itself.
    """
    return _focused(widget) == str(widget)


def is_anything_focused(root: tk.Misc) -> bool:
    """Whether keys come to this program at all."""
    return bool(_focused(root))


def _focused(widget: tk.Misc) -> str:
    return str(widget.tk.call("focus", "-displayof", str(widget)))


def can_draw_emoji(root: tk.Misc) -> bool:
    """Whether colour emoji are safe to draw: libXft before 2.3.5 ends the program over them.

    Unknown, as with a Tk that brings its own library, counts as no.
    """
    if root.tk.call("tk", "windowingsystem") != "x11":
        return True
    try:
        loaded = ctypes.CDLL("libXft.so.2", mode=os.RTLD_NOLOAD)
        return int(loaded.XftGetVersion()) >= _SAFE_XFT
    except (OSError, AttributeError):
        return False


def is_system_dark(environment: Mapping[str, str], home: Path) -> bool:
    """Whether the user's desktop is set dark; False where it does not say."""
    if sys.platform == "win32":
        return _is_windows_dark()
    if sys.platform == "darwin":
        place = home / "Library" / "Preferences" / ".GlobalPreferences.plist"
        with contextlib.suppress(OSError, ValueError, plistlib.InvalidFileException):
            return plistlib.loads(place.read_bytes()).get("AppleInterfaceStyle") == "Dark"
        return False
    if theme := environment.get("GTK_THEME"):
        return "dark" in theme.casefold()
    if "KDE" in environment.get("XDG_CURRENT_DESKTOP", ""):
        with contextlib.suppress(OSError, ValueError):
            globals_ = (home / ".config" / "kdeglobals").read_text(encoding="utf-8")
            return any(
                line.startswith("ColorScheme=") and "dark" in line.casefold()
                for line in globals_.splitlines()
            )
    return _is_gnome_dark()


def _is_gnome_dark() -> bool:
    question = ["gsettings", "get", "org.gnome.desktop.interface", "color-scheme"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(question, capture_output=True, text=True, timeout=1, check=False)
        return "dark" in answer.stdout
    return False


def _is_windows_dark() -> bool:
    if sys.platform == "win32":
        import winreg

        place = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, place) as key:
            return bool(winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0)
    return False
