"""What the window lends to those who act in it: itself, looks, words, preferences, one dialog.

Band: adapters. Replaced in place when preferences change, so nobody keeps parts of it.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass

from client_dialogs import Dialog
from client_events import Command
from settings_client import ClientFolder, ClientPreferences
from texts import Texts
from widgets_look import Look


@dataclass(eq=False)
class Surroundings:
    """Owned by the window. ``wall_clock``: UTC milliseconds."""

    root: tk.Tk
    look: Look
    say: Texts
    preferences: ClientPreferences
    folder: ClientFolder
    submit: Callable[[Command], None]
    wall_clock: Callable[[], int]
    refresh: Callable[[], None]  # draws what the model says now
    dialog: Dialog | None = None

    def open(self, dialog: Dialog) -> None:
        """In place of the one that is open, if one is."""
        if self.dialog is not None:
            self.dialog.destroy()
        self.dialog = dialog
        dialog.open()

    def close_dialog(self) -> None:
        """Whatever it is."""
        if self.dialog is not None:
            self.dialog.close()

    def forget_dialog(self) -> None:
        """It has closed itself."""
        self.dialog = None
