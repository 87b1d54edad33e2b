"""How large a picture is, by its first bytes, before anything decodes it; the first lines of texts.

Band: cores. Pure. A file of a few bytes can claim to be a picture of 65,535 by 65,535 pixels, which
whoever decodes it would make room for.
Source: PNG (third edition) §11.2.1, GIF89a §18 and §20, JPEG (T.81) §B.2.2, WebP (RFC 9649) §2.
"""

from codecs import getincrementaldecoder
from dataclasses import dataclass
from enum import Enum

MAX_PIXELS = 40_000_000  # of a picture that is decoded at all
HEAD = 1 << 18  # bytes of a file that are looked at: before a JPEG's size may stand its thumbnail
TEXT_LINES = 6
_TEXT_HEAD = 4_096
_LINE = 200  # characters


class PictureKind(Enum):
    """Those that are shown."""

    PNG = "PNG"
    GIF = "GIF"
    JPEG = "JPEG"
    WEBP = "WEBP"


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Pixels, as the picture says of itself."""

    kind: PictureKind
    width: int
    height: int

    @property
    def is_bounded(self) -> bool:
        """Whether it may be decoded."""
        return 0 < self.width * self.height <= MAX_PIXELS


def picture_size(head: bytes) -> PictureSize | None:
    """None: it is no picture of these kinds, or does not say its size where it should."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR" and len(head) >= 24:
        return PictureSize(PictureKind.PNG, _big(head[16:20]), _big(head[20:24]))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _gif(head)
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) >= 30:
        return _webp(head)
    return None


def text_beginning(head: bytes) -> tuple[str, ...]:
    """The first lines of a text in UTF-8; none: it is no text."""
    try:
        # At the end a character may have been cut off.
        text = getincrementaldecoder("utf-8-sig")().decode(head[:_TEXT_HEAD])
    except UnicodeDecodeError:
        return ()
    if any(_is_odd(character) for character in text):
        return ()
    lines = [line[:_LINE].expandtabs(4) for line in text.splitlines()[:TEXT_LINES]]
    return tuple(lines) if any(line.strip() for line in lines) else ()


def _is_odd(character: str) -> bool:
    return (character < " " and character not in "\t\n\r\f") or character == "\x7f"


def _big(number: bytes) -> int:
    return int.from_bytes(number, "big")


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")


def _gif(head: bytes) -> PictureSize | None:
    """The screen, or its first picture where that is larger: both are made room for."""
    if len(head) < 13:
        return None
    width, height = _little(head[6:8]), _little(head[8:10])
    at = 13 + _colours(head[10])
    while head[at : at + 1] == b"!":  # an extension: its label, then blocks until an empty one
        at += 2
        while at < len(head) and head[at]:
            at += 1 + head[at]
        at += 1
    if head[at : at + 1] != b"," or len(head) < at + 10:
        return None
    wide, high = _little(head[at + 5 : at + 7]), _little(head[at + 7 : at + 9])
    return PictureSize(PictureKind.GIF, max(width, wide), max(height, high))


def _colours(flags: int) -> int:
    """Bytes of the table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg(head: bytes) -> PictureSize | None:
    at = 2
    while len(head) >= at + 9 and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            width, height = _big(head[at + 7 : at + 9]), _big(head[at + 5 : at + 7])
            return PictureSize(PictureKind.JPEG, width, height)
        else:
            at += 2 + max(2, _big(head[at + 2 : at + 4]))
    return None


def _webp(head: bytes) -> PictureSize | None:
    match head[12:16]:
        case b"VP8X":
            width, height = _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case b"VP8L":
            bits = _little(head[21:25])
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case _:
            return None
    return PictureSize(PictureKind.WEBP, width, height)
