"""The server's files: the list of them with the space they take, and removing one.

Band: adapters. Shows what server_file_model.py computed; tells through callables what was decided.
"""

import tkinter as tk
from collections.abc import Callable

from server_dialogs import Dialog
from server_events import Command, RemoveFile
from server_file_model import FileLine, FilesModel
from server_file_views import SpaceBar, draw_bar
from texts import Texts
from widgets_lists import Box, ListRow, RowList
from widgets_look import Look, shorten

_WIDTH = 560
_HEIGHT = 324
_ROW = 46
_REST_ROW = 34


class FilesDialog(Dialog):
    """Space, and the files; ``on_remove(command)`` once the operator has said so twice."""

    def __init__(
        self, parent: tk.Misc, look: Look, say: Texts, on_remove: Callable[[Command], None]
    ) -> None:
        super().__init__(parent, look, say, say("server.files"))
        colours = look.colours
        self._on_remove = on_remove
        self._lines: list[FileLine] | None = None
        self._rest = self._empty = ""
        self.removing: RemoveFileDialog | None = None
        self.used = self.add_words("")
        self._bar = SpaceBar(self.body, look)
        self._bar.pack(fill="x", pady=(look.px(6), look.px(6)))
        self.limits = self.add_words("", is_soft=True)
        self._warning = self._words("", look.small, colours.alarm, self.body)
        self._waiting = self._words("", look.small, colours.soft, self.body)
        for words in (self._warning, self._waiting):
            words.configure(wraplength=look.px(_WIDTH))
        self._edge = tk.Frame(self.body, background=colours.line, height=1)
        self._edge.pack(fill="x", pady=(look.px(12), 0))
        self.list = RowList(
            self.body,
            look,
            ground=colours.surface,
            draw=self._draw,
            on_pick=self.ask,
            on_menu=lambda place, _x, _y: self.ask(place),
        )
        self.list.canvas.configure(width=look.px(_WIDTH), height=look.px(_HEIGHT))
        self.list.pack(fill="both", expand=True)
        self.add_button("server.close", self.destroy)
        self.list.canvas.focus_set()

    def show(self, model: FilesModel) -> None:
        """Space and list as they are now."""
        look = self.look
        self.used.configure(text=model.used_by or self.say("server.files_stopped"))
        self.limits.configure(text=model.limits)
        self._bar.show(model)
        for label, text in ((self._warning, model.warning), (self._waiting, model.waiting)):
            label.configure(text=text)
            if text:
                label.pack(before=self._edge, fill="x", pady=(look.px(6), 0))
            else:
                label.pack_forget()
        lines, rest = model.lines, model.rest
        if (lines, rest, model.is_empty) != (self._lines, self._rest, bool(self._empty)):
            self._lines, self._rest = lines, rest
            self._empty = self.say("server.files_empty") if model.is_empty else ""
            rows = [ListRow(look.px(_ROW), line.removal is not None) for line in lines]
            if rest:
                rows.append(ListRow(look.px(_REST_ROW), can_be_picked=False))
            elif self._empty:
                rows.append(ListRow(look.px(_HEIGHT), can_be_picked=False))
            self.list.show(rows)

    def ask(self, place: int) -> None:
        """As if a line were pressed: shall this one go?"""
        line = (self._lines or [])[place]
        if line.removal is None or self.removing is not None:
            return
        self.removing = RemoveFileDialog(self, self.look, self.say, line, self._on_remove)
        self.removing.bind("<Destroy>", self._answered)

    def _answered(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.removing:
            self.removing = None
            if self.list.canvas.winfo_exists():  # else all of it is being closed
                self.take_input()
                self.list.canvas.focus_set()

    # --- drawing ---

    def _draw(self, place: int, box: Box) -> None:
        lines = self._lines or []
        if place < len(lines):
            self._draw_line(lines[place], box, is_hot=place == self.list.hot)
            return
        self.list.canvas.create_text(
            (box.left + box.right) // 2,
            box.middle,
            text=self._rest or self._empty,
            font=self.look.small,
            fill=self.look.colours.soft,
            width=self.look.px(_WIDTH * 0.7),
            justify="center",
        )

    def _draw_line(self, line: FileLine, box: Box, *, is_hot: bool) -> None:
        canvas, look, colours = self.list.canvas, self.look, self.look.colours
        if is_hot:
            canvas.create_rectangle(
                box.left, box.top, box.right, box.bottom, fill=colours.field, width=0
            )
        left, right = box.left + look.px(8), box.right - look.px(14)
        first, second = box.top + look.px(15), box.top + look.px(33)
        size_left = right - look.small.measure(line.size)
        canvas.create_text(
            right, first, text=line.size, font=look.small, fill=colours.soft, anchor="e"
        )
        canvas.create_text(
            left,
            first,
            text=shorten(line.name, look.small_strong, size_left - left - look.px(16)),
            font=look.small_strong,
            fill=colours.text,
            anchor="w",
        )
        words_right = right
        if line.share is not None:
            words_right = right - look.px(140)
            bar = (words_right, second - look.px(2), right, second + look.px(2))
            draw_bar(canvas, look, bar, line.share, is_alarm=False)
        elif is_hot:
            action = self.say("server.file_remove")
            words_right = right - look.tiny.measure(action)
            canvas.create_text(
                right, second, text=action, font=look.tiny, fill=colours.alarm, anchor="e"
            )
        canvas.create_text(
            left,
            second,
            text=shorten(line.about, look.tiny, words_right - left - look.px(16)),
            font=look.tiny,
            fill=colours.soft,
            anchor="w",
        )
        canvas.create_line(box.left, box.bottom - 1, box.right, box.bottom - 1, fill=colours.line)


class RemoveFileDialog(Dialog):
    """What removing means, then ``on_remove(command)``."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        say: Texts,
        line: FileLine,
        on_remove: Callable[[Command], None],
    ) -> None:
        super().__init__(parent, look, say, say("server.remove_title"))
        assert line.removal is not None  # one that is coming cannot be removed
        self.asked: RemoveFile = line.removal
        self._on_remove = on_remove
        self.add_words(line.name).configure(font=look.small_strong)
        self.add_words(f"{line.size} · {line.about}", is_soft=True).pack(
            pady=(look.px(2), look.px(12))
        )
        self.add_words(say("server.remove_explain"))
        self.add_button("server.remove_do", self.remove, is_danger=True)
        self.add_button("server.cancel", self.destroy).focus_set()
        self.open()

    def remove(self) -> None:
        """As if its button were pressed."""
        self.destroy()
        self._on_remove(self.asked)
