"""The system's dialogs that ask for files and places, and what was dropped or copied elsewhere.

Band: adapters. Answers with paths; what becomes of them is decided elsewhere.
"""

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog


class FileDialogs:
    """Of one window."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root

    def files(self, title: str) -> Sequence[Path]:
        """Those that were chosen; none if the user thought better of it."""
        chosen = filedialog.askopenfilenames(parent=self._root, title=title)
        return [Path(one) for one in chosen or ()]

    def place(self, title: str, name: str) -> Path | None:
        """Where a file shall be saved; the system has asked before one is replaced."""
        chosen = filedialog.asksaveasfilename(parent=self._root, title=title, initialfile=name)
        return Path(chosen) if chosen else None

    def folder(self, title: str, folder: Path) -> Path | None:
        """Beginning in one there is."""
        chosen = filedialog.askdirectory(
            parent=self._root, title=title, initialdir=str(folder), mustexist=True
        )
        return Path(chosen) if chosen else None
