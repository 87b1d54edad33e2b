"""Photographs all windows, light and dark, in English and Indonesian, from scripted events.

Run under a virtual display (``make screenshots``). The pictures of the README go to docs/, all of
them to build/screenshots/.
"""

import sys
import tempfile
import tkinter as tk
from itertools import product
from pathlib import Path

from PIL import ImageGrab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import client_scenes  # noqa: E402
import server_scenes  # noqa: E402

IN_DOCS = ("join", "client", "server")


def photograph(window: tk.Tk, name: str) -> None:
    """What the display shows where the window is."""
    window.update()
    left, top = window.winfo_rootx(), window.winfo_rooty()
    box = (left, top, left + window.winfo_width(), top + window.winfo_height())
    picture = ImageGrab.grab(box, xdisplay="").convert("RGB")
    folders = [ROOT / "build" / "screenshots"]
    if name.rsplit("-", 2)[0] in IN_DOCS:
        folders.append(ROOT / "docs")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{name}.png", optimize=True)


def main() -> None:
    for is_dark, language in product((False, True), ("en", "id")):
        suffix = f"{'dark' if is_dark else 'light'}-{language}"
        for name in client_scenes.SCENES:
            with tempfile.TemporaryDirectory() as folder:
                scene = client_scenes.make_client_scene(
                    name, Path(folder), language, is_dark=is_dark
                )
                photograph(scene.window, f"{name}-{suffix}")
                scene.close()
        for name in server_scenes.SCENES:
            window = server_scenes.make_server_scene(name, language, is_dark=is_dark)
            photograph(window, f"{name}-{suffix}")
            window.destroy()


if __name__ == "__main__":
    main()
