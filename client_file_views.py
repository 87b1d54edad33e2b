"""What is inside the bubble of a file: a preview, a picture of its kind, its name, how far it is.

Band: adapters. Measures and draws; what stands there is said by client_file_lines.py.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass

from client_file_lines import action_words, file_status, kind_letters, percent_text
from client_file_model import FileAction, FileStage, FileView
from client_layout import Shown, Typesetter, Wrapped, shown_text
from conversation import FileNote
from texts import Texts
from widgets_look import Look, draw_rounded, name_number
from widgets_paint import Icon

PREVIEW = (270, 200)  # design pixels that a picture has at most
_WIDTH = PREVIEW[0]  # design pixels of what is inside, if the bubble may be so wide
_ICON = 32
_BAR = 7
_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture, or the first lines of a text."""

    picture: tk.PhotoImage | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileLink:
    """Words that can be pressed, and where: from the upper left of what is inside."""

    action: FileAction
    words: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FileLayout:
    """Where the parts stand, from the upper left of what is inside the bubble."""

    width: int
    height: int
    shown: Shown  # the name
    name: Wrapped
    name_at: tuple[int, int]
    preview: Preview | None
    top: int  # of all below the preview
    bar: int | None
    status: tuple[tuple[str, int, int], ...]  # words, x, y
    links: tuple[FileLink, ...]


class FilePainter:
    """Of one message view. ``preview_of``: of a file, by its hash; None: there is none yet."""

    def __init__(
        self,
        canvas: tk.Canvas,
        look: Look,
        say: Texts,
        *,
        can_draw_emoji: bool,
        preview_of: Callable[[bytes], Preview | None],
    ) -> None:
        self._canvas, self._look, self._say = canvas, look, say
        self._can_draw_emoji, self._preview_of = can_draw_emoji, preview_of
        self._names = Typesetter(look.text.measure)
        self._words = Typesetter(look.tiny.measure)
        self._name_height = look.text.metrics("linespace") + look.px(1)
        self._word_height = look.tiny.metrics("linespace") + look.px(2)
        self._mono_height = look.mono.metrics("linespace")

    # --- measuring ---

    def measured(self, note: FileNote, view: FileView, room: int, meta: int) -> FileLayout:
        """In so much room; the last line leaves ``meta`` pixels free at its right."""
        look = self._look
        width = min(room, look.px(_WIDTH))
        preview = self._preview_of(note.file) if view.has_preview else None
        preview = _fitting(preview, width)
        top = self._preview_height(preview)
        shown = shown_text(note.name, can_draw_emoji=self._can_draw_emoji)
        x = look.px(_ICON + 12)
        percent = percent_text(view, note)
        beside = look.tiny.measure(percent) + look.px(10) if percent else 0
        name = self._names.wrap(shown.text, max(look.px(40), width - x - beside))
        y = top + len(name.lines) * self._name_height
        bar = None
        if view.stage is FileStage.MOVING:
            bar = y + look.px(4)
            y += look.px(4 + _BAR + 4)
        status, links, y = self._flow(view, note, x, y, width, meta)
        height = max(y, top + look.px(_ICON))
        return FileLayout(
            width, height, shown, name, (x, top), preview, top, bar, tuple(status), tuple(links)
        )

    def _flow(
        self, view: FileView, note: FileNote, left: int, y: int, width: int, meta: int
    ) -> tuple[list[tuple[str, int, int]], list[FileLink], int]:
        """The status, and after it what can be pressed, as if it were one text."""
        measure, height = self._words.width, self._word_height
        status: list[tuple[str, int, int]] = []
        x = left
        for line in self._words.wrap(file_status(view, note, self._say), width - left).lines:
            y += height if status else 0
            status.append((line.text, left, y))
            x = left + line.width
        links = []
        for action in view.actions():
            words = action_words(action, self._say)
            gap, wide = measure(_BETWEEN), measure(words)
            if x + gap + wide > width and x > left:
                x, y = left, y + height
            else:
                status.append((_BETWEEN, x, y))
                x += gap
            links.append(FileLink(action, words, x, y, wide, height))
            x += wide
        if x + meta > width:
            y += height
        return status, links, y + height

    def _preview_height(self, preview: Preview | None) -> int:
        look = self._look
        if preview is None:
            return 0
        if preview.picture is not None:
            return preview.picture.height() + look.px(8)
        return len(preview.lines) * self._mono_height + look.px(20)

    # --- drawing ---

    def drawn(
        self, note: FileNote, view: FileView, layout: FileLayout, x: int, y: int, *, is_own: bool
    ) -> list[int]:
        """All but the name; ``x``, ``y``: the upper left of what is inside."""
        look, colours, canvas = self._look, self._look.colours, self._canvas
        soft = colours.own_faint if is_own else colours.soft
        accent = colours.own_text if is_own else colours.accent
        items = self._drawn_preview(layout, x, y, is_own=is_own)
        items += self._drawn_kind(note, x, y + layout.top)
        if percent := percent_text(view, note):
            at = (x + layout.width, y + layout.top + look.px(2))
            items.append(
                canvas.create_text(*at, text=percent, anchor="ne", font=look.tiny, fill=soft)
            )
        if layout.bar is not None:
            items += self._drawn_bar(note, view, layout, x, y + layout.bar, is_own=is_own)
        if view.stage is FileStage.FAILED and not is_own:
            soft = colours.alarm
        for words, left, top in layout.status:
            items.append(
                canvas.create_text(
                    x + left, y + top, text=words, anchor="nw", font=look.tiny, fill=soft
                )
            )
        for link in layout.links:
            items.append(
                canvas.create_text(
                    x + link.x,
                    y + link.y,
                    text=link.words,
                    anchor="nw",
                    font=look.tiny,
                    fill=accent,
                )
            )
        return items

    def _drawn_kind(self, note: FileNote, x: int, y: int) -> list[int]:
        look, canvas = self._look, self._canvas
        size, letters = look.px(_ICON), kind_letters(note.name)
        colour = look.person_colour(name_number(letters))
        square = look.square(size, look.px(4), colour)
        items = [canvas.create_image(x, y, image=square, anchor="nw")]
        middle, ink = (x + size // 2, y + size // 2), look.colours.avatar_text
        if letters:
            items.append(canvas.create_text(*middle, text=letters, font=look.kind, fill=ink))
        else:
            picture = look.icon(Icon.FILE, look.px(18), ink)
            items.append(canvas.create_image(*middle, image=picture))
        return items

    def _drawn_bar(
        self, note: FileNote, view: FileView, layout: FileLayout, x: int, y: int, *, is_own: bool
    ) -> list[int]:
        look, colours = self._look, self._look.colours
        track, done = colours.focus if colours.is_dark else colours.line, colours.accent
        if is_own:
            track, done = colours.own_track, colours.own_bar
        left, bottom = x + layout.name_at[0], y + look.px(_BAR)
        whole = layout.width - layout.name_at[0]
        items = draw_rounded(
            self._canvas, look, (left, y, left + whole, bottom), fill=track, radius=3
        )
        width = round(whole * view.share(note.size))
        if width > look.px(_BAR):
            box = (left, y, left + width, bottom)
            items += draw_rounded(self._canvas, look, box, fill=done, radius=3)
        return items

    def _drawn_preview(self, layout: FileLayout, x: int, y: int, *, is_own: bool) -> list[int]:
        look, colours, canvas = self._look, self._look.colours, self._canvas
        preview = layout.preview
        if preview is None:
            return []
        if preview.picture is not None:
            return [canvas.create_image(x, y, image=preview.picture, anchor="nw")]
        bottom = y + layout.top - look.px(8)
        ground = colours.own_track if is_own else colours.field
        box = (x, y, x + layout.width, bottom)
        items = draw_rounded(canvas, look, box, fill=ground, radius=4)
        room = layout.width - look.px(16)
        columns = max(1, room // max(1, look.mono.measure("0")))
        ink = colours.own_text if is_own else colours.text
        for place, line in enumerate(preview.lines):
            at = (x + look.px(8), y + look.px(6) + place * self._mono_height)
            cut = shown_text(line[:columns], can_draw_emoji=self._can_draw_emoji).text
            items.append(
                canvas.create_text(*at, text=cut[:columns], anchor="nw", font=look.mono, fill=ink)
            )
        return items


def _fitting(preview: Preview | None, room: int) -> Preview | None:
    """Smaller if need be, in a narrow window."""
    if preview is None or preview.picture is None or preview.picture.width() <= room:
        return preview
    return Preview(preview.picture.subsample(-(-preview.picture.width() // room)))
