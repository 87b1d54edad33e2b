"""Small smooth pictures as PNG bytes: discs, rounded corners, icons. Tk alone draws jagged ones.

Band: adapters. Pure Python, knows no Tk; widgets_look.py makes images of the bytes and keeps them.
What takes long, how far a shape covers each pixel, is the same in all colours and looks: it is
computed once for each size.
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from itertools import pairwise

Point = tuple[float, float]
Coverage = Callable[[float, float], float]  # of a pixel's centre: 0 outside, 1 inside
Mask = tuple[bytes, ...]  # lines of a picture: the alpha of each pixel
_MASKS = 256  # of one kind that are kept; a window in one font size needs a few dozen
_SAMPLES = (0.125, 0.375, 0.625, 0.875)  # of a pixel, each way, where a polygon is looked at


class Icon(Enum):
    """What can be drawn, on a grid of 24 by 24."""

    SEND = "send"
    GEAR = "gear"
    LOCK = "lock"
    TICK = "tick"
    TICKS = "ticks"
    CLOCK = "clock"
    WAITING = "waiting"
    DOWN = "down"
    ALERT = "alert"
    PLUS = "plus"
    SEARCH = "search"
    BELL = "bell"
    SILENT = "silent"
    DOTS = "dots"
    MENU = "menu"
    CLOSE = "close"
    CLIP = "clip"
    FILE = "file"


def disc(diameter: int, colour: str) -> bytes:
    """A filled circle."""
    return _coloured(_disc(diameter), colour)


def rounded(size: int, radius: int, colour: str) -> bytes:
    """A filled square with round corners."""
    return _coloured(_rounded(size, radius), colour)


@lru_cache(_MASKS)
def corners(radius: int, fill: str, border: str) -> tuple[bytes, bytes, bytes, bytes]:
    """The four corners (nw, ne, sw, se) of a rounded box, each radius by radius pixels.

    The border is one pixel wide; give ``fill`` again for none.
    """
    red, green, blue = _channels(fill)
    edge = _channels(border)
    lines = []
    for y in range(radius):
        line = []
        for x in range(radius):
            inward = radius - math.hypot(radius - x - 0.5, radius - y - 0.5)
            alpha = _clip(inward + 0.5)
            share = _clip(inward - 0.5)  # of the fill; the rest is border
            line.append(
                bytes(
                    (
                        round(edge[0] + (red - edge[0]) * share),
                        round(edge[1] + (green - edge[1]) * share),
                        round(edge[2] + (blue - edge[2]) * share),
                        round(alpha * 255),
                    )
                )
            )
        lines.append(line)
    quarter = [b"".join(line) for line in lines]
    mirrored = [b"".join(reversed(line)) for line in lines]
    return (
        _png(quarter),
        _png(mirrored),
        _png(quarter[::-1]),
        _png(mirrored[::-1]),
    )


def icon(which: Icon, size: int, colour: str) -> bytes:
    """An icon; TICKS is wider than high."""
    return _coloured(_icon(which, size), colour)


@lru_cache(_MASKS)
def _disc(diameter: int) -> Mask:
    radius = diameter / 2

    def coverage(x: float, y: float) -> float:
        return _clip(radius - math.hypot(x - radius, y - radius) + 0.5)

    return _mask(diameter, diameter, coverage)


@lru_cache(_MASKS)
def _rounded(size: int, radius: int) -> Mask:
    half = size / 2

    def coverage(x: float, y: float) -> float:
        across = max(abs(x - half) - half + radius, 0.0)
        down = max(abs(y - half) - half + radius, 0.0)
        return _clip(radius - math.hypot(across, down) + 0.5)

    return _mask(size, size, coverage)


@lru_cache(_MASKS)
def _icon(which: Icon, size: int) -> Mask:
    scale = size / 24
    width = round(size * (34 / 24)) if which is Icon.TICKS else size
    shape = _ICONS[which]
    return _mask(width, size, lambda x, y: shape(x / scale, y / scale, scale))


# --- shapes on the grid of 24: coverage of a point, given the pixels of one unit ---

_Shape = Callable[[float, float, float], float]


def _stroke(lines: Iterable[list[Point]], width: float) -> _Shape:
    pieces = [piece for line in lines for piece in pairwise(line)]

    def coverage(x: float, y: float, scale: float) -> float:
        nearest = min(_distance(x, y, start, end) for start, end in pieces)
        return _clip((width / 2 - nearest) * scale + 0.5)

    return coverage


def _ring(centre: Point, radius: float, width: float) -> _Shape:
    def coverage(x: float, y: float, scale: float) -> float:
        off = abs(math.hypot(x - centre[0], y - centre[1]) - radius)
        return _clip((width / 2 - off) * scale + 0.5)

    return coverage


def _dot(centre: Point, radius: float) -> _Shape:
    def coverage(x: float, y: float, scale: float) -> float:
        return _clip((radius - math.hypot(x - centre[0], y - centre[1])) * scale + 0.5)

    return coverage


def _filled(outline: list[Point]) -> _Shape:
    edges = list(pairwise([*outline, outline[0]]))

    @lru_cache(len(_SAMPLES))  # the lines through one row of pixels, used for all along it
    def crossings(y: float) -> list[float]:
        return [
            x1 + (y - y1) * (x2 - x1) / (y2 - y1)
            for (x1, y1), (x2, y2) in edges
            if (y1 > y) != (y2 > y)
        ]

    def coverage(x: float, y: float, scale: float) -> float:
        across = [x + (right - 0.5) / scale for right in _SAMPLES]
        hits = 0
        for down in _SAMPLES:
            if crossed := crossings(y + (down - 0.5) / scale):
                hits += sum(len([1 for crossing in crossed if at < crossing]) % 2 for at in across)
        return hits / len(_SAMPLES) ** 2

    return coverage


def _together(*shapes: _Shape) -> _Shape:
    return lambda x, y, scale: max(shape(x, y, scale) for shape in shapes)


def _without(shape: _Shape, hole: _Shape) -> _Shape:
    return lambda x, y, scale: min(shape(x, y, scale), 1 - hole(x, y, scale))


def _around(radius: float, angle: float) -> Point:
    return 12 + radius * math.cos(angle), 12 + radius * math.sin(angle)


def _gear_outline(teeth: int = 8) -> list[Point]:
    outline = []
    for tooth in range(teeth):
        middle = 2 * math.pi * tooth / teeth
        for radius, aside in ((7.6, -0.27), (10.4, -0.17), (10.4, 0.17), (7.6, 0.27)):
            outline.append(_around(radius, middle + aside))
    return outline


def _bell() -> _Shape:
    outline = [(6, 17), (6, 10.5), (7.2, 7.2), (10, 5), (14, 5), (16.8, 7.2), (18, 10.5), (18, 17)]
    return _together(
        _filled([(float(x), float(y)) for x, y in outline]),
        _stroke([[(4.5, 17.5), (19.5, 17.5)], [(12, 3.6), (12, 5)]], 2),
        _dot((12, 20.6), 1.7),
    )


def _arc(centre: Point, radius: float, start: float, end: float) -> list[Point]:
    """Degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 10) for step in range(11)]
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def _clip_wire() -> list[Point]:
    """A paper clip: one wire bent three times."""
    return [
        (21.4, 11.1),
        *_arc((8, 16), 6, 45, 225),
        *_arc((15.8, 5.4), 4, 225, 405),
        *_arc((8, 16), 2, 45, 225),
        (15.1, 6.1),
    ]


_TICK: list[Point] = [(4, 13), (9, 18), (20, 6.5)]
_ICONS: dict[Icon, _Shape] = {
    Icon.SEND: _without(
        _filled([(2, 3), (22.5, 12), (2, 21), (6.5, 12)]),
        _stroke([[(6.5, 12), (14, 12)]], 1.6),
    ),
    Icon.GEAR: _without(_filled(_gear_outline()), _dot((12, 12), 3.4)),
    Icon.LOCK: _together(
        _filled([(5, 11), (19, 11), (19, 21), (5, 21)]),
        _stroke([[(8, 11), (8, 8), (9, 5.4), (12, 4.2), (15, 5.4), (16, 8), (16, 11)]], 2),
    ),
    Icon.TICK: _stroke([_TICK], 2.3),
    Icon.TICKS: _stroke([_TICK, [(16, 15.5), (18.5, 18), (29.5, 6.5)]], 2.3),
    Icon.CLOCK: _together(
        _ring((12, 12), 8.5, 2),
        _stroke([[(12, 7), (12, 12), (15.5, 14)]], 2),
    ),
    Icon.WAITING: _together(_dot((5, 12), 2), _dot((12, 12), 2), _dot((19, 12), 2)),
    Icon.DOWN: _stroke([[(5, 9), (12, 16), (19, 9)]], 2.6),
    Icon.ALERT: _together(
        _ring((12, 12), 9, 2), _stroke([[(12, 7), (12, 13)]], 2.3), _dot((12, 16.8), 1.4)
    ),
    Icon.PLUS: _stroke([[(12, 5), (12, 19)], [(5, 12), (19, 12)]], 2),
    Icon.SEARCH: _together(_ring((10.5, 10.5), 6, 2), _stroke([[(15, 15), (20.5, 20.5)]], 2.3)),
    Icon.BELL: _bell(),
    Icon.SILENT: _together(
        _without(_bell(), _stroke([[(5.5, 2.5), (22.5, 19.5)]], 2.4)),
        _stroke([[(4, 4), (21, 21)]], 2),
    ),
    Icon.DOTS: _together(_dot((12, 5), 2), _dot((12, 12), 2), _dot((12, 19), 2)),
    Icon.MENU: _stroke([[(4, 6), (20, 6)], [(4, 12), (20, 12)], [(4, 18), (20, 18)]], 2.2),
    Icon.CLOSE: _stroke([[(6, 6), (18, 18)], [(18, 6), (6, 18)]], 2.2),
    Icon.CLIP: _stroke([_clip_wire()], 1.9),
    Icon.FILE: _stroke(
        [
            [(6, 3), (14, 3), (19, 8), (19, 21), (6, 21), (6, 3)],
            [(13.5, 3), (13.5, 8.5), (19, 8.5)],
        ],
        1.8,
    ),
}


def _distance(x: float, y: float, start: Point, end: Point) -> float:
    across, down = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * across + (y - start[1]) * down) / (across**2 + down**2)
    along = min(1.0, max(0.0, along))
    return math.hypot(x - start[0] - along * across, y - start[1] - along * down)


# --- pixels ---


def _mask(width: int, height: int, coverage: Coverage) -> Mask:
    return tuple(
        bytes(round(255 * coverage(x + 0.5, y + 0.5)) for x in range(width)) for y in range(height)
    )


def _coloured(mask: Mask, colour: str) -> bytes:
    pixel = bytes((*_channels(colour), 0))
    lines = [bytearray(pixel * len(alphas)) for alphas in mask]
    for line, alphas in zip(lines, mask, strict=True):
        line[3::4] = alphas
    return _png(lines)


def _png(lines: Sequence[bytes | bytearray]) -> bytes:
    """RGBA, 8 bits a channel (PNG specification, third edition, §11)."""
    header = struct.pack(">IIBBBBB", len(lines[0]) // 4, len(lines), 8, 6, 0, 0, 0)
    raw = b"".join(b"\0" + line for line in lines)
    parts = _chunks((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunks(*named: tuple[bytes, bytes]) -> Iterator[bytes]:
    for name, content in named:
        checked = name + content
        yield struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
