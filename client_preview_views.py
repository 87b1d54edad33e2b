"""Previews of files that are here: pictures made small, the first lines of texts.

Band: adapters. Tk reads PNG and GIF by itself; pillow, if it is installed, reads all kinds, and
large ones faster. Nothing is decoded before its own size was read and found bounded.
"""

import contextlib
import io
import tkinter as tk
from pathlib import Path

from client_file_model import is_program_text
from client_file_views import PREVIEW, Preview
from client_picture_sizes import (
    HEAD,
    PictureKind,
    PictureSize,
    picture_size,
    text_beginning,
)
from widgets_look import Look

try:
    from PIL import Image
except ImportError:
    HAS_PILLOW = False
else:
    HAS_PILLOW = True

MAX_BYTES = 40_000_000  # of a picture that is read
MAX_OWN_PIXELS = 4_000_000  # that Tk decodes: it takes a second for them, and the window waits


def load_preview(root: tk.Misc, look: Look, path: Path) -> Preview | None:
    """None: there is nothing to show of it. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        size = picture_size(head)
        if size is None:
            lines = () if is_program_text(head) else text_beginning(head)
            return Preview(lines=lines) if lines else None
        if not size.is_bounded:
            return None
        data = head + file.read(MAX_BYTES + 1 - len(head))
    if len(data) > MAX_BYTES:
        return None
    most = (look.px(PREVIEW[0]), look.px(PREVIEW[1]))
    picture = _by_pillow(root, data, size, most) if HAS_PILLOW else _by_tk(root, data, size, most)
    return None if picture is None else Preview(picture)


def _by_pillow(
    root: tk.Misc, data: bytes, size: PictureSize, most: tuple[int, int]
) -> tk.PhotoImage | None:
    # Whatever is wrong with a picture, pillow says it in one of these.
    with contextlib.suppress(OSError, ValueError, SyntaxError, EOFError, MemoryError):
        with Image.open(io.BytesIO(data), formats=[size.kind.value]) as opened:
            opened.draft("RGB", (most[0] * 2, most[1] * 2))  # a JPEG is then decoded small
            if opened.width * opened.height > size.width * size.height:
                return None  # it says something else in another place
            opened.thumbnail(most)
            small = io.BytesIO()
            opened.convert("RGBA").save(small, "PNG")
        return tk.PhotoImage(master=root, data=small.getvalue())
    return None


def _by_tk(
    root: tk.Misc, data: bytes, size: PictureSize, most: tuple[int, int]
) -> tk.PhotoImage | None:
    is_known = size.kind in (PictureKind.PNG, PictureKind.GIF)
    if not is_known or size.width * size.height > MAX_OWN_PIXELS:
        return None
    with contextlib.suppress(tk.TclError):
        picture = tk.PhotoImage(master=root, data=data)
        times = max(-(-picture.width() // most[0]), -(-picture.height() // most[1]))
        return picture.subsample(times) if times > 1 else picture
    return None
