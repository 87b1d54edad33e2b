"""The system's dialogs that ask for files and places, and what was dropped or copied elsewhere.

Band: adapters. Answers with paths; what becomes of them is decided elsewhere. Dropping needs
tkinterdnd2, pasting pictures needs pillow; without them neither is offered.
"""

import contextlib
import io
import subprocess
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import filedialog
from typing import Final

from client_picture_sizes import picture_size
from texts import Texts

try:
    from PIL import Image, ImageGrab
except ImportError:
    HAS_PILLOW = False
else:
    HAS_PILLOW = True
try:
    from tkinterdnd2 import TkinterDnD  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    HAS_DROPS = False
else:
    HAS_DROPS = True

_FILES = "DND_Files"  # what tkdnd calls files of whatever system
_TEXTS = {"UTF8_STRING", "STRING", "TEXT"}

_WORDS: Final[dict[str, str]] = {  # what Tk says, and ours for it
    "&Directory:": "dialog.directory",
    "File &name:": "dialog.name",
    "File &names:": "dialog.names",
    "Files of &type:": "dialog.type",
    "&Selection:": "dialog.selection",
    "&Open": "dialog.open",
    "&Save": "dialog.save",
    "&Cancel": "dialog.cancel",
    "&Yes": "dialog.yes",
    "&No": "dialog.no",
    "Show &Hidden Files and Directories": "dialog.hidden",
    "Show &Hidden Directories": "dialog.hidden_folders",
    'File "%1$s" already exists.\nDo you want to overwrite it?': "dialog.exists",
    'File "%1$s"  does not exist.': "dialog.no_file",
}

_PATIENCE = 2  # seconds for another program to hand over what was copied from it

Pasted = bytes | Sequence[Path] | None  # a picture as PNG; files; neither


class FileDialogs:
    """Of one window."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self._last = str(Path.home())  # where somebody chose something; then where that was
        if root.tk.call("tk", "windowingsystem") == "x11":
            _hide_hidden(root)

    def speak(self, say: Texts) -> None:
        """From now on, where Tk draws the dialogs itself."""
        call = self._root.tk.call
        with contextlib.suppress(tk.TclError):
            call("::msgcat::mclocale", "en")
            for words, key in _WORDS.items():
                set_words = call("list", "::msgcat::mcset", "en", words, say(key))
                call("namespace", "eval", "::tk", set_words)

    def files(self, title: str) -> Sequence[Path]:
        """Those that were chosen; none if the user thought better of it."""
        chosen = filedialog.askopenfilenames(parent=self._root, title=title, initialdir=self._last)
        return [self._take(one) for one in chosen or ()]

    def place(self, title: str, name: str) -> Path | None:
        """Where a file shall be saved; the system has asked before one is replaced."""
        chosen = filedialog.asksaveasfilename(
            parent=self._root, title=title, initialdir=self._last, initialfile=name
        )
        return self._take(chosen) if chosen else None

    def _take(self, path: str) -> Path:
        self._last = str(Path(path).parent)
        return Path(path)

    def folder(self, title: str, folder: Path) -> Path | None:
        """Beginning in one there is."""
        chosen = filedialog.askdirectory(
            parent=self._root, title=title, initialdir=str(folder), mustexist=True
        )
        return Path(chosen) if chosen else None

    def pasted(self) -> Pasted:
        """What was copied elsewhere, if it is no text."""
        if not HAS_PILLOW:
            return None
        if self._root.tk.call("tk", "windowingsystem") == "x11":
            return _as_png(self._copied_x11())
        with contextlib.suppress(OSError, ValueError):
            copied = ImageGrab.grabclipboard()
            if isinstance(copied, list):
                return [Path(one) for one in copied]
            if copied is not None:
                written = io.BytesIO()
                copied.save(written, "PNG")
                return written.getvalue()
        return None

    def _copied_x11(self) -> bytes:
        """Not by pillow: it would wait for ever for a program that does not answer, or for us."""
        root = self._root
        with contextlib.suppress(tk.TclError):
            offered = set(root.tk.splitlist(_clipboard(root, "TARGETS")))
            if "image/png" not in offered or offered & _TEXTS:
                return b""
            # Tk takes no more than 400 kB in one piece, and answers nobody while we wait for xclip.
            is_ours = root.tk.call("selection", "own", "-selection", "CLIPBOARD")
            if not is_ours and (data := _copied_by_xclip()):
                return data
            copied = _clipboard(root, "image/png")
            if copied.startswith("0x"):  # bytes, as Tk writes what is no text
                return bytes(int(byte, 16) & 0xFF for byte in copied.split())
            return copied.encode("latin-1", "ignore")
        return b""

    def accept_drops(self, on_files: Callable[[Sequence[Path]], None]) -> bool:
        """Files that are dropped anywhere on the window; False: this cannot be had."""
        root = self._root
        if not HAS_DROPS:
            return False

        def drop(data: str) -> str:
            on_files(dropped_paths(root, data))
            return "copy"

        try:
            TkinterDnD.require(root)
            root.tk.call("tkdnd::drop_target", "register", str(root), _FILES)
            command = f"{root.register(drop)} %D"
            root.tk.call("bind", str(root), f"<<Drop:{_FILES}>>", command)
        except (RuntimeError, AttributeError, tk.TclError):  # too old, or not made for this Tk
            return False
        return True


def _hide_hidden(root: tk.Tk) -> None:
    """In the dialogs that Tk draws itself: with a box to tick that shows them after all."""
    with contextlib.suppress(tk.TclError):
        root.tk.call("catch", "tk_getOpenFile -none none")  # they are read in when they are needed
        root.tk.call("set", "::tk::dialog::file::showHiddenBtn", 1)
        root.tk.call("set", "::tk::dialog::file::showHiddenVar", 0)


def dropped_paths(root: tk.Misc, data: str) -> list[Path]:
    """Those of a Tcl list that are files."""
    with contextlib.suppress(tk.TclError):
        paths = [Path(str(one)) for one in root.tk.splitlist(data)]
        return [path for path in paths if path.is_file()]
    return []


def _clipboard(root: tk.Misc, kind: str) -> str:
    return str(root.tk.call("selection", "get", "-selection", "CLIPBOARD", "-type", kind))


def _copied_by_xclip() -> bytes:
    asked = ["xclip", "-selection", "clipboard", "-t", "image/png", "-o"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(asked, capture_output=True, timeout=_PATIENCE, check=True).stdout
    return b""


def _as_png(data: bytes) -> bytes | None:
    """Decoded and written anew: whatever else stood in it stays behind."""
    size = picture_size(data)
    if size is None or not size.is_bounded:
        return None
    with contextlib.suppress(OSError, ValueError, SyntaxError, EOFError):
        written = io.BytesIO()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as copied:
            copied.save(written, "PNG")
        return written.getvalue()
    return None
