"""One row of the message view: measuring it once, drawing it when it comes into sight.

Band: adapters. Knows a canvas and how things look; where the row stands is decided elsewhere.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from tkinter import font as tkfont

from client_commands import refusal_sentence
from client_file_model import FileAction, FileStage
from client_file_views import FileLayout, FilePainter, Preview
from client_layout import MOST_LINES, Shown, Typesetter, Wrapped, bubble_size, shown_text
from client_rows import (
    DayRow,
    MessageRow,
    NoticeRow,
    PresenceRow,
    Receipt,
    RenamedRow,
    Row,
    UndeliveredRow,
    UnreadRow,
    day_label,
    presence_line,
    renamed_line,
)
from file_words import file_line
from realm_words import refusal_line
from realms import split_realm
from texts import Texts
from widgets_look import Look, draw_avatar, draw_rounded
from widgets_paint import Icon

_AVATAR_LEFT = 22  # design pixels from the left of the view
_BUBBLE_LEFT = 68
_BUBBLE_RIGHT = 14  # beside it runs the scrollbar
_PADDING = (14, 8)  # inside a bubble, across and down
_RECEIPT_ICONS = {
    Receipt.PENDING: Icon.CLOCK,
    Receipt.WAITING: Icon.CLOCK,
    Receipt.SAVED: Icon.TICK,
    Receipt.HELD: Icon.CLOCK,
    Receipt.REACHED: Icon.TICKS,
    Receipt.REFUSED: Icon.ALERT,
}

RowKey = tuple[str, int, int]


def row_key(row: Row) -> RowKey:
    """What stays the same while a row changes its receipt."""
    match row:
        case MessageRow():
            return "message", row.number, row.ticket
        case NoticeRow():
            return "notice", row.number, row.serial
        case UndeliveredRow():
            return "notice", row.number, 0
        case _:
            return "other", 0, 0


def _is_refused(row: MessageRow) -> bool:
    """Whether it was meant to be shared, and is not."""
    has_failed = row.view is not None and row.view.stage is FileStage.FAILED
    return row.receipt is Receipt.REFUSED or (has_failed and not row.number)


@dataclass(frozen=True, slots=True)
class Block:
    """Text of a row that can be selected: where its lines stand, from the row's upper left."""

    shown: Shown
    wrapped: Wrapped
    x: int
    y: int
    font: tkfont.Font
    typesetter: Typesetter
    line_height: int


@dataclass(slots=True)
class Placed:
    """A measured row. ``items``: on the canvas, empty while it is out of sight."""

    row: Row
    height: int
    block: Block | None
    bubble: tuple[int, int, int, int] | None = None  # from the row's top
    author: tuple[int, int, int, int] | None = None  # picture and name, likewise
    file: FileLayout | None = None
    top: int = 0
    items: list[int] = field(default_factory=list)
    first_text: int = 0  # of them: a selection is marked below it

    def action_at(self, x: float, y: float) -> FileAction | None:
        """What can be pressed there; ``y`` from the row's top."""
        if self.file is None or self.block is None:
            return None
        left = self.block.x - self.file.name_at[0]
        top = self.block.y - self.file.name_at[1]
        for link in self.file.links:
            across, down = x - left - link.x, y - top - link.y
            if 0 <= across <= link.width and 0 <= down <= link.height:
                return link.action
        return None


class RowPainter:
    """Measures and draws the rows of one view; ``width`` and ``today`` are set from outside."""

    def __init__(
        self,
        canvas: tk.Canvas,
        look: Look,
        say: Texts,
        *,
        time_of: Callable[[int], str],
        can_draw_emoji: bool,
        preview_of: Callable[[bytes], Preview | None],
    ) -> None:
        self.canvas = canvas
        self.width = 0
        self.today = date.min
        self.opened: dict[RowKey, int] = {}  # lines shown of long messages, once asked for
        self._look, self._say, self._time_of = look, say, time_of
        self._can_draw_emoji = can_draw_emoji
        self._files = FilePainter(
            canvas, look, say, can_draw_emoji=can_draw_emoji, preview_of=preview_of
        )
        self._typesetter = Typesetter(look.text.measure)
        self._small_typesetter = Typesetter(look.small.measure)
        self._minute_typesetter = Typesetter(look.minute.measure)
        # Asked once: Tk takes up to a millisecond to tell.
        self._line_height = look.text.metrics("linespace") + look.px(1)
        self._small_height = look.small.metrics("linespace")
        self._name_height = look.small_strong.metrics("linespace")
        self._minute_height = look.minute.metrics("linespace")

    # --- measuring ---

    def _bubble_room(self) -> int:
        """Pixels a line in a bubble may have."""
        look = self._look
        sides = look.px(_BUBBLE_LEFT) + look.px(_BUBBLE_RIGHT)
        share = 0.72 if self.width > look.px(520) else 0.86
        most = round((self.width - sides) * share) - 2 * look.px(_PADDING[0])
        return max(look.px(60), min(most, look.px(620)))

    def measured(self, row: Row) -> Placed:
        look = self._look
        match row:
            case MessageRow():
                return self._measured_message(row)
            case NoticeRow():
                return self._measured_notice(row, row.text)
            case UndeliveredRow():
                return self._measured_notice(row, refusal_line(row.note, row.name, self._say))
            case DayRow():
                return Placed(row, look.px(46), None)
            case UnreadRow():
                return Placed(row, look.px(34), None)
            case PresenceRow() | RenamedRow():
                return Placed(row, look.px(32), None)

    def _measured_message(self, row: MessageRow) -> Placed:
        if row.file is not None and row.view is not None:
            layout = self._files.measured(
                row.file, row.view, self._bubble_room(), self._meta_width(row) + self._look.px(8)
            )
            return self._placed_message(
                row, layout.shown, layout.name, (layout.width, layout.height), layout
            )
        look = self._look
        text = row.text if row.file is None else file_line(row.file, self._say)
        shown = shown_text(text, can_draw_emoji=self._can_draw_emoji)
        room = self._bubble_room()
        most_lines = self.opened.get(row_key(row), MOST_LINES)
        wrapped = self._typesetter.wrap(shown.text, room, most_lines)
        size = bubble_size(
            wrapped,
            line_height=self._line_height,
            meta=self._meta_width(row),
            meta_height=self._minute_height + look.px(2),
            more=look.small_strong.measure(self._say("chat.show_more")) if wrapped.is_cut else 0,
            gap=look.px(18),
            most=room,
            padding=(0, 0),
        )
        return self._placed_message(row, shown, wrapped, (size.width, size.height))

    def _placed_message(
        self,
        row: MessageRow,
        shown: Shown,
        wrapped: Wrapped,
        inside: tuple[int, int],
        file: FileLayout | None = None,
    ) -> Placed:
        """``inside``: width and height of what the bubble holds."""
        look = self._look
        padding = (look.px(_PADDING[0]), look.px(_PADDING[1] if file is None else 12))
        width, height = inside[0] + 2 * padding[0], inside[1] + 2 * padding[1]
        gap = look.px(12 if row.starts_run else 5)
        author = None
        if row.starts_run and not row.is_own:
            name, realm = split_realm(look.shown(row.name))
            end = look.px(_BUBBLE_LEFT) + look.small_strong.measure(name)
            end += look.small.measure(f" @{realm}") if realm else 0
            author = (look.px(_AVATAR_LEFT), gap, end, gap + look.px(34))
            gap += self._name_height + look.px(2)
        left = look.px(_BUBBLE_LEFT)
        if row.is_own:
            left = self.width - look.px(_BUBBLE_RIGHT) - width
        below = self._small_height + look.px(4) if row.refusal is not None else 0
        x, y = (0, 0) if file is None else file.name_at
        block = Block(
            shown,
            wrapped,
            left + padding[0] + x,
            gap + padding[1] + y,
            look.text,
            self._typesetter,
            self._line_height,
        )
        bubble = (left, gap, left + width, gap + height)
        return Placed(row, gap + height + below, block, bubble, author, file)

    def _meta_width(self, row: MessageRow) -> int:
        look = self._look
        width = self._minute_typesetter.width(self._meta_text(row))
        return width + (look.px(20) if row.is_own else 0)

    def _meta_text(self, row: MessageRow) -> str:
        if row.receipt is Receipt.WAITING:
            return self._say("chat.waiting")
        return self._time_of(row.sent_at) if row.sent_at else ""

    def _measured_notice(self, row: NoticeRow | UndeliveredRow, text: str) -> Placed:
        look = self._look
        shown = shown_text(text, can_draw_emoji=self._can_draw_emoji)
        room = max(look.px(80), min(self.width - look.px(120), look.px(640)))
        most_lines = self.opened.get(row_key(row), MOST_LINES)
        wrapped = self._small_typesetter.wrap(shown.text, room, most_lines)
        is_list = "\n" in shown.text
        padding = look.px(10) if is_list else look.px(4)
        gap = look.px(8)
        lines = len(wrapped.lines) + wrapped.is_cut
        height = lines * self._small_height + 2 * padding
        left = (self.width - wrapped.width) // 2
        block = Block(
            shown,
            wrapped,
            left,
            gap + padding,
            look.small,
            self._small_typesetter,
            self._small_height,
        )
        side = look.px(16)
        bubble = (left - side, gap, left + wrapped.width + side, gap + height)
        return Placed(row, height + 2 * gap, block, bubble)

    # --- drawing ---

    def drawn(self, placed: Placed) -> list[int]:
        row = placed.row
        match row:
            case MessageRow():
                return self._drawn_message(row, placed)
            case NoticeRow() | UndeliveredRow():
                return self._drawn_notice(placed)
            case DayRow():
                return self._drawn_pill(placed, day_label(row.day, self.today, self._say))
            case UnreadRow():
                return self._drawn_unread(placed)
            case PresenceRow():
                return self._drawn_line(placed, presence_line(row, self._say))
            case RenamedRow():
                return self._drawn_line(placed, renamed_line(row, self._say))

    def _drawn_message(self, row: MessageRow, placed: Placed) -> list[int]:
        look, colours, canvas = self._look, self._look.colours, self.canvas
        assert placed.bubble is not None
        assert placed.block is not None
        left, top, right, bottom = placed.bubble
        top, bottom = top + placed.top, bottom + placed.top
        items: list[int] = []
        if row.starts_run and not row.is_own:
            items += self._drawn_author(row, top)
        is_refused = _is_refused(row)
        fill, border = self._bubble_colours(row)
        box = (left, top, right, bottom)
        items += draw_rounded(canvas, look, box, fill=fill, border=border, radius=6)
        ink = colours.own_text if row.is_own and not is_refused else colours.text
        if placed.file is not None and row.file is not None and row.view is not None:
            x = placed.block.x - placed.file.name_at[0]
            y = placed.top + placed.block.y - placed.file.name_at[1]
            is_own = row.is_own and not is_refused
            items += self._files.drawn(row.file, row.view, placed.file, x, y, is_own=is_own)
        items += self._drawn_block(placed, placed.block, ink)
        items += self._drawn_meta(row, right - look.px(10), bottom - look.px(7))
        if placed.block.wrapped.is_cut:
            more = colours.accent if not row.is_own else colours.own_text
            items.append(
                canvas.create_text(
                    left + look.px(_PADDING[0]),
                    bottom - look.px(_PADDING[1]),
                    text=self._say("chat.show_more"),
                    anchor="sw",
                    font=look.small_strong,
                    fill=more,
                )
            )
        if row.refusal is not None:
            items.append(
                canvas.create_text(
                    right,
                    bottom + look.px(4),
                    text=refusal_sentence(row.refusal, self._say),
                    anchor="ne",
                    font=look.tiny,
                    fill=colours.alarm,
                )
            )
        return items

    def _bubble_colours(self, row: MessageRow) -> tuple[str, str]:
        """Fill and border."""
        colours = self._look.colours
        if _is_refused(row):
            return colours.warning, colours.warning_line
        if row.is_own:
            return colours.own, ""
        if row.is_mention:
            return colours.meant, colours.meant_line
        return colours.bubble, colours.line

    def _drawn_author(self, row: MessageRow, bubble_top: int) -> list[int]:
        look = self._look
        colour = look.person_colour(row.person)
        y = bubble_top - self._name_height - look.px(2)
        shown = shown_text(row.name, can_draw_emoji=self._can_draw_emoji).text
        name, realm = split_realm(shown)
        items = draw_avatar(self.canvas, look, look.px(_AVATAR_LEFT), y, name=name, colour=colour)
        if realm:
            items.append(
                self.canvas.create_text(
                    look.px(_BUBBLE_LEFT) + look.small_strong.measure(name),
                    y,
                    text=f" @{realm}",
                    anchor="nw",
                    font=look.small,
                    fill=look.colours.soft,
                )
            )
        items.append(
            self.canvas.create_text(
                look.px(_BUBBLE_LEFT),
                y,
                text=name,
                anchor="nw",
                font=look.small_strong,
                fill=colour,
            )
        )
        return items

    def _drawn_block(self, placed: Placed, block: Block, ink: str) -> list[int]:
        """An item a line: Tk redraws no more than it must, and breaks no line elsewhere."""
        items = [
            self.canvas.create_text(
                block.x,
                placed.top + block.y + place * block.line_height,
                text=line.text,
                anchor="nw",
                font=block.font,
                fill=ink,
            )
            for place, line in enumerate(block.wrapped.lines)
            if line.text
        ]
        placed.first_text = items[0] if items else 0
        return items

    def _drawn_meta(self, row: MessageRow, right: int, bottom: int) -> list[int]:
        """Time and receipt."""
        look, colours, canvas = self._look, self._look.colours, self.canvas
        items = []
        icon = _RECEIPT_ICONS.get(row.receipt)
        ink = colours.own_faint if row.is_own and not _is_refused(row) else colours.soft
        if icon is not None:
            size = look.px(11)
            tint = colours.alarm if row.receipt is Receipt.REFUSED else ink
            if row.receipt is Receipt.REACHED:
                tint = colours.own_text
            picture = look.icon(icon, size, tint)
            items.append(
                canvas.create_image(right, bottom - look.px(1), image=picture, anchor="se")
            )
            right -= look.px(16) + look.px(3)
        if text := self._meta_text(row):
            items.append(
                canvas.create_text(
                    right, bottom + look.px(1), text=text, anchor="se", font=look.minute, fill=ink
                )
            )
        return items

    def _drawn_notice(self, placed: Placed) -> list[int]:
        look, colours = self._look, self._look.colours
        assert placed.bubble is not None
        assert placed.block is not None
        items: list[int] = []
        if "\n" in placed.block.shown.text:
            left, top, right, bottom = placed.bubble
            box = (left, top + placed.top, right, bottom + placed.top)
            items += draw_rounded(self.canvas, look, box, fill=colours.pill, radius=6)
        return items + self._drawn_block(placed, placed.block, colours.soft)

    def _drawn_pill(self, placed: Placed, text: str) -> list[int]:
        look, colours = self._look, self._look.colours
        centre = self.width // 2
        half = look.tiny.measure(text) // 2 + look.px(14)
        top = placed.top + look.px(12)
        box = (centre - half, top, centre + half, top + look.px(24))
        items = draw_rounded(self.canvas, look, box, fill=colours.pill)
        middle = top + look.px(12)
        items.append(
            self.canvas.create_text(centre, middle, text=text, font=look.tiny, fill=colours.soft)
        )
        return items

    def _drawn_unread(self, placed: Placed) -> list[int]:
        look, colours, canvas = self._look, self._look.colours, self.canvas
        text = self._say("chat.unread")
        centre, middle = self.width // 2, placed.top + look.px(20)
        half = look.tiny.measure(text) // 2 + look.px(10)
        items = [
            canvas.create_line(start, middle, end, middle, fill=colours.badge)
            for start, end in (
                (look.px(_AVATAR_LEFT), centre - half),
                (centre + half, self.width - look.px(_BUBBLE_RIGHT)),
            )
        ]
        ink = colours.badge if colours.is_dark else "#b45309"
        items.append(canvas.create_text(centre, middle, text=text, font=look.tiny, fill=ink))
        return items

    def _drawn_line(self, placed: Placed, text: str) -> list[int]:
        look = self._look
        shown = shown_text(text, can_draw_emoji=self._can_draw_emoji).text
        return [
            self.canvas.create_text(
                self.width // 2,
                placed.top + look.px(20),
                text=shown,
                width=max(80, self.width - look.px(80)),
                font=look.tiny,
                fill=look.colours.soft,
            )
        ]
