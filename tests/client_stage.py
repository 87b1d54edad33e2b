"""A client's window before joining, while joining and in the room, and hands to drive it with."""

import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from client_scenes import (
    MESSI,
    Scene,
    conversation,
    elsewhere,
    entered,
    text,
)

from client_chat import ChatView
from client_events import (
    EntryArrived,
)
from client_form import Typed
from client_join import JoinView
from conversation import ROOM
from widgets import Field

FILLED = Typed("192.168.1.20", "8083", "rahasia", "velicia")


@contextmanager
def open_scenes(folder: Path) -> Iterator[Callable[..., Scene]]:
    """Opens windows and closes them afterwards."""
    opened: list[Scene] = []

    def open_one(**named: Any) -> Scene:
        opened.append(Scene(named.pop("folder", folder / str(len(opened))), **named))
        opened[-1].settle()
        return opened[-1]

    try:
        yield open_one
    finally:
        for scene in opened:
            scene.close()


@contextmanager
def joining_scene(folder: Path) -> Iterator[Scene]:
    """Join was pressed."""
    with open_scenes(folder) as open_scene:
        scene = open_scene(prefill=FILLED)
        join_view(scene).button.press()
        scene.settle()
        yield scene


@contextmanager
def chatting_scene(folder: Path) -> Iterator[Scene]:
    """In the room, with the focus, at the end of an afternoon's conversation."""
    with joining_scene(folder) as scene:
        scene.put(*entered(), *conversation())
        scene.settle()
        scene.window.focus_force()
        chat_view(scene).composer.text.focus_force()
        scene.settle()
        scene.commands.clear()
        yield scene


@contextmanager
def talking_scene(folder: Path) -> Iterator[Scene]:
    """As a guest in the room, with two groups and three private conversations in the list."""
    with chatting_scene(folder) as scene:
        scene.put(*elsewhere())
        scene.settle()
        scene.commands.clear()
        yield scene


def join_view(scene: Scene) -> JoinView:
    assert isinstance(scene.window.view, JoinView)
    return scene.window.view


def chat_view(scene: Scene) -> ChatView:
    assert isinstance(scene.window.view, ChatView)
    return scene.window.view


def error(field: Field) -> str:
    return str(field.error.cget("text")) if field.error.winfo_manager() else ""


def is_shown(widget: tk.Misc) -> bool:
    return bool(widget.winfo_ismapped())


def text_items(canvas: tk.Canvas) -> list[tuple[int, str]]:
    """Items and words, from the top down."""
    items = [item for item in canvas.find_all() if str(canvas.type(item)) == "text"]
    items.sort(key=lambda item: (canvas.coords(item)[1], canvas.coords(item)[0]))
    return [(item, str(canvas.tk.call(str(canvas), "itemcget", item, "-text"))) for item in items]


def shown_texts(canvas: tk.Canvas) -> list[str]:
    return [words for _, words in text_items(canvas)]


def messages(scene: Scene) -> list[str]:
    return shown_texts(chat_view(scene).messages.canvas)


def place_of(canvas: tk.Canvas, words: str) -> tuple[int, int, int, int]:
    """Of the last text with these words, in the window: left, top, right, bottom."""
    item = [item for item, shown in text_items(canvas) if words in shown][-1]
    left, top, right, bottom = canvas.bbox(item)
    down = round(canvas.canvasy(0))
    return left, top - down, right, bottom - down


def press(canvas: tk.Canvas, x: int, y: int, *, times: int = 1) -> None:
    canvas.event_generate("<Motion>", x=x, y=y)
    for _ in range(times):
        canvas.event_generate("<Button-1>", x=x, y=y)
        canvas.event_generate("<ButtonRelease-1>", x=x, y=y)


def click(scene: Scene, words: str) -> None:
    """On words among the messages."""
    canvas = chat_view(scene).messages.canvas
    left, top, right, bottom = place_of(canvas, words)
    press(canvas, (left + right) // 2, (top + bottom) // 2)
    scene.settle()


def drag(canvas: tk.Canvas, start: tuple[int, int], end: tuple[int, int]) -> None:
    canvas.event_generate("<Button-1>", x=start[0], y=start[1])
    canvas.event_generate("<B1-Motion>", x=end[0], y=end[1])
    canvas.event_generate("<ButtonRelease-1>", x=end[0], y=end[1])


def type_in(scene: Scene, words: str) -> None:
    scene_text = chat_view(scene).composer.text
    scene_text.insert("end", words)
    scene.settle()


def enter(scene: Scene) -> None:
    chat_view(scene).composer.text.event_generate("<Return>")
    scene.settle()


def all_labels(widget: tk.Misc) -> list[str]:
    found = [str(widget.cget("text"))] if isinstance(widget, tk.Label) else []
    for child in widget.winfo_children():
        found += all_labels(child)
    return found


def all_children(widget: tk.Misc) -> list[tk.Misc]:
    found = []
    for child in widget.winfo_children():
        found += [child, *all_children(child)]
    return found


def flood(first: int, count: int) -> list[object]:
    return [
        EntryArrived(ROOM, number, text(MESSI, f"pesan {number}"))
        for number in range(first, first + count)
    ]
