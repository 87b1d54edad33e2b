"""Calling somebody to a window without taking the focus: a bell, a sign in the task bar.

Band: adapters. Knows Tk and what each system has for this, nothing of rooms or servers.
"""

import contextlib
import ctypes
import sys
import tkinter as tk
from typing import Any

_URGENT = 1 << 8  # XUrgencyHint in the flags of WM_HINTS (ICCCM §4.1.2.4)


def call_attention(root: tk.Tk) -> None:
    """The window's name in the task bar asks to be looked at, and a bell rings once."""
    root.bell()
    _mark(root, is_urgent=True)


def calm_down(root: tk.Tk) -> None:
    """Somebody looks: nothing asks for them any more."""
    _mark(root, is_urgent=False)


def _mark(root: tk.Tk, *, is_urgent: bool) -> None:
    system = str(root.tk.call("tk", "windowingsystem"))
    with contextlib.suppress(OSError, AttributeError, ValueError, tk.TclError):
        if system == "x11":
            _mark_x11(int(root.wm_frame(), 16), root.winfo_id(), is_urgent)
        elif system == "aqua" and is_urgent:
            root.tk.call("wm", "attributes", root, "-notify", "1")
        elif sys.platform == "win32":
            ctypes.windll.user32.FlashWindow(int(root.wm_frame(), 16), is_urgent)


class _Hints(ctypes.Structure):
    """XWMHints of Xutil.h."""

    _fields_ = (
        ("flags", ctypes.c_long),
        ("input", ctypes.c_int),
        ("initial_state", ctypes.c_int),
        ("icon_pixmap", ctypes.c_ulong),
        ("icon_window", ctypes.c_ulong),
        ("icon_x", ctypes.c_int),
        ("icon_y", ctypes.c_int),
        ("icon_mask", ctypes.c_ulong),
        ("window_group", ctypes.c_ulong),
    )


def _mark_x11(frame: int, inner: int, is_urgent: bool) -> None:
    """Tk has no command for it, so a connection of our own changes the property.

    The hints are those of Tk's wrapper: the parent of the window that Tk calls its own.
    """
    xlib = _load_xlib()
    display = xlib.XOpenDisplay(None)
    if not display:
        return
    try:
        wrapper = _parent(xlib, display, inner) or frame
        hints = xlib.XGetWMHints(display, wrapper)
        if hints:
            flags = hints.contents.flags
            hints.contents.flags = flags | _URGENT if is_urgent else flags & ~_URGENT
            if hints.contents.flags != flags:
                xlib.XSetWMHints(display, wrapper, hints)
            xlib.XFree(hints)
    finally:
        xlib.XCloseDisplay(display)  # which also sends what waits


def _load_xlib() -> Any:
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XGetWMHints.restype = ctypes.POINTER(_Hints)
    xlib.XGetWMHints.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    xlib.XSetWMHints.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Hints)]
    xlib.XFree.argtypes = [ctypes.c_void_p]
    xlib.XCloseDisplay.argtypes = [ctypes.c_void_p]
    pointers = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    xlib.XQueryTree.argtypes = [ctypes.c_void_p, ctypes.c_ulong, *pointers]
    return xlib


def _parent(xlib: Any, display: int, window: int) -> int:
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    children = ctypes.c_void_p()
    found = xlib.XQueryTree(
        display,
        window,
        ctypes.byref(root),
        ctypes.byref(parent),
        ctypes.byref(children),
        ctypes.byref(count),
    )
    if children.value:
        xlib.XFree(children)
    return parent.value if found and parent.value != root.value else 0
