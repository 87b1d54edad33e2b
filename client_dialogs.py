"""What the client's dialogs have in common, and the one for settings.

Band: adapters. Every choice is reported at once; the window applies and keeps it.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import font as tkfont
from typing import Any

import crypto
from client_file_dialogs import HAS_DROPS, HAS_PILLOW
from settings import RELEASE
from settings_client import FETCH_BELOW, FONT_SIZES, ClientPreferences
from texts import LANGUAGE_NAMES, LANGUAGES, Texts
from widgets import Button, Choice, Link, Words
from widgets_look import Look, shorten

WIDTH = 420  # design pixels of what a dialog says
_YES, _NO = "yes", "no"


class Dialog(tk.Toplevel):
    """Modal; Escape closes it. What it holds goes into ``body``; ``on_close`` is called at its end.

    A subclass says in ``first`` where the keys go.
    """

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        title: str,
        *,
        on_close: Callable[[], None],
    ) -> None:
        ground = look.colours.ground
        super().__init__(
            parent,
            background=ground,
            highlightthickness=1,
            highlightbackground=look.colours.line,
            highlightcolor=look.colours.line,
        )
        self.withdraw()
        self.title(title)
        self.transient(parent.winfo_toplevel())
        self.resizable(False, False)
        self.look, self.say = look, say
        self._on_close = on_close
        self.body = tk.Frame(self, background=ground)
        self.body.pack(fill="both", expand=True, padx=look.px(28), pady=look.px(24))
        self.bind("<Escape>", lambda _: self.close())
        self.protocol("WM_DELETE_WINDOW", self.close)

    def first(self) -> tk.Misc:
        """The widget that has the keys at first."""
        return self.body

    def open(self) -> None:
        """In the middle of its window, with the keys."""
        self.update_idletasks()
        over = self.master.winfo_toplevel()
        x = over.winfo_rootx() + (over.winfo_width() - self.winfo_reqwidth()) // 2
        y = over.winfo_rooty() + (over.winfo_height() - self.winfo_reqheight()) // 2
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.deiconify()
        self.wait_visibility()
        self.grab_set()
        self.first().focus_set()

    def close(self) -> None:
        """As if Escape was pressed."""
        self.destroy()
        self._on_close()

    def destroy(self) -> None:
        """Tk 8.6 keeps a pointer to a focused child that dies with its window: it is moved away."""
        self.master.focus_set()
        super().destroy()

    def add_words(self, text: str, font: tkfont.Font, ink: str, top: int = 0) -> Words:
        """A paragraph of the body."""
        look = self.look
        words = Words(
            self.body,
            text,
            font=font,
            ink=ink,
            ground=look.colours.ground,
            wrap=look.px(WIDTH),
        )
        words.pack(anchor="w", fill="x", pady=(look.px(top), 0))
        return words


class SettingsDialog(Dialog):
    """``on_change`` gets the preferences after each choice."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        preferences: ClientPreferences,
        *,
        usual_downloads: Path,
        on_change: Callable[[ClientPreferences], None],
        on_folder: Callable[[Path], Path | None],
        on_close: Callable[[], None],
    ) -> None:
        """``usual_downloads``: the system's folder; ``on_folder``: asks for another one."""
        super().__init__(parent, look, say, say("settings.title"), on_close=on_close)
        ground = look.colours.ground
        self._look, self._say, self._on_change = look, say, on_change
        self._body, self._on_folder = self.body, on_folder
        self.downloads = Path(preferences.downloads) if preferences.downloads else usual_downloads
        self.preferences = preferences
        self.choices: dict[str, Choice] = {}
        self._build_choices()
        self._build_files()
        self._build_size()
        self._build_about()
        ink, wrap = look.colours.alarm, look.px(WIDTH)
        self._error = Words(self._body, "", font=look.tiny, ink=ink, ground=ground, wrap=wrap)
        close = Button(self._body, look, say("settings.close"), self.close, ground=ground)
        close.pack(fill="x", pady=(look.px(20), 0))

    def first(self) -> tk.Misc:
        """The first of the choices."""
        return next(iter(self.choices.values()))

    def show_error(self, sentence: str) -> None:
        """What could not be done."""
        self._error.configure(text=sentence)
        self._error.pack(fill="x", pady=(self._look.px(10), 0))

    def _build_choices(self) -> None:
        say, chosen = self._say, self.preferences
        yes_no = [(_YES, say("settings.yes")), (_NO, say("settings.no"))]
        self._row(
            "settings.language",
            [
                ("system", say("settings.system")),
                *((language, LANGUAGE_NAMES[language]) for language in LANGUAGES),
            ],
            chosen.language,
            lambda value: self._change(language=value),
        )
        self._row(
            "settings.theme",
            [
                ("system", say("settings.system")),
                ("light", say("settings.light")),
                ("dark", say("settings.dark")),
            ],
            chosen.theme,
            lambda value: self._change(theme=value),
        )
        self._row(
            "settings.send_with",
            [(_YES, say("settings.enter")), (_NO, say("settings.control_enter"))],
            _as_word(chosen.enter_sends),
            lambda value: self._change(enter_sends=value == _YES),
        )
        self._row(
            "settings.show_typing",
            yes_no,
            _as_word(chosen.show_typing),
            lambda value: self._change(show_typing=value == _YES),
        )
        self._row(
            "settings.send_typing",
            yes_no,
            _as_word(chosen.send_typing),
            lambda value: self._change(send_typing=value == _YES),
        )

    def _build_files(self) -> None:
        look, say, colours = self._look, self._say, self._look.colours
        sizes = [(str(size), f"< {size // 1_000_000} MB") for size in FETCH_BELOW if size]
        self._row(
            "settings.fetch_below",
            [("0", say("settings.never")), *sizes],
            str(self.preferences.fetch_below),
            lambda value: self._change(fetch_below=int(value)),
        )
        row = self._captioned("settings.downloads")
        self.change_folder = Link(
            row, look, say("settings.change"), self._choose_folder, ground=colours.ground
        )
        self.change_folder.pack(side="right", padx=(look.px(10), 0))
        # The end of a path says more than its beginning.
        shown = shorten(look.shown(str(self.downloads))[::-1], look.small, look.px(220))[::-1]
        ground = colours.ground
        Words(row, shown, font=look.small, ink=colours.soft, ground=ground).pack(side="right")

    def _choose_folder(self) -> None:
        chosen = self._on_folder(self.downloads)
        if chosen is not None:
            self._change(downloads=str(chosen))

    def _row(
        self,
        caption: str,
        options: list[tuple[str, str]],
        chosen: str,
        on_choose: Callable[[str], None],
    ) -> None:
        look = self._look
        row = self._captioned(caption)
        choice = Choice(row, look, options, chosen, on_choose, ground=look.colours.ground)
        choice.pack(side="right")
        self.choices[caption] = choice

    def _captioned(self, caption: str) -> tk.Frame:
        look, ground = self._look, self._look.colours.ground
        row = tk.Frame(self._body, background=ground)
        row.pack(fill="x", pady=(0, look.px(12)))
        words = Words(row, self._say(caption), font=look.text, ink=look.colours.text, ground=ground)
        words.pack(side="left", padx=(0, look.px(40)))
        return row

    def _build_size(self) -> None:
        look, ground = self._look, self._look.colours.ground
        row = self._captioned("settings.font_size")
        size = self.preferences.font_size
        for sign, by in (("+", 1), ("−", -1)):  # noqa: RUF001 - a real minus
            Link(
                row,
                look,
                f"  {sign}  ",
                lambda by=by: self._resize(by),  # type: ignore[misc]
                ground=look.colours.pill,
                ink=look.colours.text,
                font=look.strong,
            ).pack(side="right")
            if by > 0:
                tk.Label(
                    row,
                    text=str(size),
                    width=4,
                    font=look.text,
                    background=ground,
                    foreground=look.colours.text,
                ).pack(side="right")

    def _build_about(self) -> None:
        look, say, ground = self._look, self._say, self._look.colours.ground
        tk.Frame(self._body, background=look.colours.line, height=1).pack(fill="x", pady=look.px(6))
        lines = [
            (say("settings.about").upper(), look.caption),
            (say("settings.version", version=RELEASE), look.small_strong),
            (say("join.slogan"), look.small),
        ]
        packages = {
            "cryptography": crypto.BACKEND == "cryptography",
            "pillow": HAS_PILLOW,
            "tkinterdnd2": HAS_DROPS,
        }
        for package, is_there in packages.items():
            state = say("settings.present" if is_there else "settings.missing")
            lines.append((f"{package} ({state}): {say(f'settings.{package}')}", look.small))
        missing = [package for package, is_there in packages.items() if not is_there]
        if missing:
            lines.append((f"pip install {' '.join(missing)}", look.mono))
        for text, font in lines:
            ink, wrap = look.colours.soft, look.px(440)
            words = Words(self._body, text, font=font, ink=ink, ground=ground, wrap=wrap)
            words.pack(anchor="w", pady=(look.px(4), 0))

    def _resize(self, by: int) -> None:
        size = self.preferences.font_size + by
        if size in FONT_SIZES:
            self._change(font_size=size)

    def _change(self, **fields: Any) -> None:
        self.preferences = replace(self.preferences, **fields)
        self._on_change(self.preferences)


def _as_word(value: bool) -> str:
    return _YES if value else _NO
