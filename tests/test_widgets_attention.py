"""Calling to a window: what its property says on a real display."""

import ctypes
import shutil
import subprocess
import tkinter as tk
from collections.abc import Iterator

import pytest

from widgets import collect_garbage
from widgets_attention import call_attention, calm_down

pytestmark = pytest.mark.tk


@pytest.fixture
def root() -> Iterator[tk.Tk]:
    window = tk.Tk()
    window.update()
    yield window
    window.destroy()
    del window
    collect_garbage()


def is_urgent(root: tk.Tk) -> bool:
    """As a window manager sees it."""
    tree = ["xdotool", "search", "--onlyvisible", "--class", "Tk"]
    windows = subprocess.run(tree, capture_output=True, text=True, check=False).stdout.split()
    root.update()
    return any("urgency" in _hints(window) for window in windows)


def _hints(window: str) -> str:
    asked = ["xprop", "-id", window, "WM_HINTS"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


@pytest.mark.skipif(shutil.which("xprop") is None, reason="no xprop to look with")
def test_a_call_asks_for_attention_until_somebody_looks(root: tk.Tk) -> None:
    before = is_urgent(root)
    call_attention(root)
    called = is_urgent(root)
    call_attention(root)
    calm_down(root)

    assert (before, called, is_urgent(root)) == (False, True, False)


def test_a_call_takes_no_focus(root: tk.Tk) -> None:
    other = tk.Toplevel(root)
    other.focus_force()
    root.update()

    call_attention(root)
    root.update()

    assert root.focus_displayof() is other


def test_a_system_without_a_way_to_call_is_left_alone(
    root: tk.Tk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", fail)

    call_attention(root)
    calm_down(root)

    assert root.winfo_exists()
