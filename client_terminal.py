"""The terminal itself: keys in, lines out, with the line being typed always whole below them.

Band: adapters. client_talk.py says what is shown and asked; client_line.py edits the line. The main
thread owns the screen; thread "keyboard" only reads and puts into the queue.
"""

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol, TextIO

from client_commands import holds_password
from client_events import Command, Leave
from client_form import JoinForm
from client_line import Key, KeyReader, LineEditor
from client_lines import Style
from client_paths import UserPaths
from client_talk import Talk
from settings import ClientOptions, Exit
from texts import Texts

READ_SIZE = 4096
INTERRUPT_CHECK = 0.5  # seconds; Windows delivers Ctrl-C only between waits

_COLOURS = {Style.OWN: "\x1b[36m", Style.QUIET: "\x1b[2m", Style.ALARM: "\x1b[31m"}


class Room(Protocol):
    """The way to a server, as the entry point makes it."""

    def join(self, form: JoinForm) -> None: ...
    def submit(self, command: Command) -> None: ...


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A whole line, where there are no keys: from a pipe."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys, in order."""

    keys: list[Key | str]


@dataclass(frozen=True, slots=True)
class InputEnded:
    """Nothing more will be typed."""


class LineScreen:
    """Draws lines and, below them, what is being typed. A pipe gets the lines alone."""

    def __init__(self, out: TextIO, *, is_terminal: bool, has_colours: bool) -> None:
        self._out = out
        self._is_terminal = is_terminal
        self._has_colours = has_colours
        self._editor = LineEditor(holds_password)
        self._rows_above = 0  # rows between the first of the line and the cursor

    def show(self, text: str, style: Style) -> None:
        """A line from somewhere; the one being typed moves below it."""
        colour = _COLOURS.get(style, "") if self._has_colours else ""
        shown = f"{colour}{text}\x1b[0m" if colour else text
        self._out.write(f"{self._erasure()}{shown}\n")
        self._draw()

    def ask(self, prompt: str, *, is_hidden: bool) -> None:
        """The next line is the answer to this."""
        erasure = self._erasure()
        self._editor.ask(prompt, is_hidden=is_hidden)
        self._out.write(erasure)
        self._draw()

    def press(self, key: Key | str) -> str | None:
        """The line when it is complete."""
        erasure = self._erasure()
        line = self._editor.press(key)
        self._out.write(erasure)
        self._draw()
        return line

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been typed."""
        return not self._editor.text

    def close(self) -> None:
        """Leaves the screen as a shell wants it."""
        self._out.write(self._erasure())
        self._out.flush()

    def _erasure(self) -> str:
        if not self._is_terminal:
            return ""
        up = f"\x1b[{self._rows_above}A" if self._rows_above else ""
        self._rows_above = 0
        return f"\r{up}\x1b[J"

    def _draw(self) -> None:
        if self._is_terminal:
            layout = self._editor.layout(shutil.get_terminal_size().columns)
            below = len(layout.rows) - 1 - layout.cursor_row
            up = f"\x1b[{below}A" if below else ""
            right = f"\x1b[{layout.cursor_column}C" if layout.cursor_column else ""
            self._out.write("\n".join(layout.rows) + f"{up}\r{right}")
            self._rows_above = layout.cursor_row
        self._out.flush()


def run_terminal(
    options: ClientOptions,
    say: Texts,
    environment: Mapping[str, str],
    connect: Callable[[Callable[[object], None]], Room],
) -> int:
    """One visit; the exit code. ``connect`` makes the way to the server, given where events go."""
    inbox: SimpleQueue[object] = SimpleQueue()
    room = connect(inbox.put)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and environment.get("TERM") != "dumb"
    has_colours = sys.stdout.isatty() and "NO_COLOR" not in environment
    screen = LineScreen(
        sys.stdout, is_terminal=is_terminal, has_colours=is_terminal and has_colours
    )
    talk = Talk(
        options,
        say,
        screen,
        join=room.join,
        submit=room.submit,
        paths=UserPaths(),
        is_live=sys.stdin.isatty(),
    )
    try:
        with _keys(is_terminal, screen) as read:
            threading.Thread(target=read, args=(inbox.put,), name="keyboard", daemon=True).start()
            talk.begin()
            while talk.exit_code is None:
                _take(inbox, talk, screen)
            return talk.exit_code
    except KeyboardInterrupt:
        room.submit(Leave())
        return Exit.INTERRUPTED


def _take(inbox: "SimpleQueue[object]", talk: Talk, screen: LineScreen) -> None:
    try:
        item = inbox.get(timeout=INTERRUPT_CHECK)
    except Empty:
        return
    match item:
        case Pressed(keys):
            for key in keys:
                _press(key, talk, screen)
        case TypedLine(line):
            talk.take_line(line.decode(errors="replace").removesuffix("\r"))
        case InputEnded():
            talk.end_input()
        case event:
            talk.take_event(event)


def _press(key: Key | str, talk: Talk, screen: LineScreen) -> None:
    if key is Key.INTERRUPT:
        raise KeyboardInterrupt
    if key is Key.END_OF_INPUT and screen.is_empty:
        talk.end_input()
        return
    line = screen.press(key)
    if line is not None:
        talk.take_line(line)


# --- thread "keyboard" ---


def read_lines(put: Callable[[object], None], limit: threading.Semaphore | None = None) -> None:
    """Lines of a pipe, until it ends. Reads the descriptor: a buffered reader that waits in a
    thread could not be left at the end. ``limit``: released once for each line that was handled.
    """
    rest = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(0, READ_SIZE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if limit is not None:
                    limit.acquire()
                put(TypedLine(line))
    if rest:
        put(TypedLine(rest))
    put(InputEnded())


@contextlib.contextmanager
def _keys(is_terminal: bool, screen: LineScreen) -> Iterator[Callable[..., None]]:
    """The function that reads, with the terminal set to give single keys meanwhile."""
    if not is_terminal:
        yield read_lines
        return
    with _single_keys() as read:
        sys.stdout.write("\x1b[?2004h")  # a paste says that it is one
        try:
            yield read
        finally:
            screen.close()
            sys.stdout.write("\x1b[?2004l")
            sys.stdout.flush()


if sys.platform == "win32":
    import ctypes
    import msvcrt

    _WINDOWS_KEYS = {
        "H": Key.UP,
        "P": Key.DOWN,
        "K": Key.LEFT,
        "M": Key.RIGHT,
        "G": Key.HOME,
        "O": Key.END,
        "S": Key.DELETE,
        "s": Key.WORD_LEFT,
        "t": Key.WORD_RIGHT,
    }

    @contextlib.contextmanager
    def _single_keys() -> Iterator[Callable[..., None]]:
        console = ctypes.windll.kernel32.GetStdHandle(-11)
        ctypes.windll.kernel32.SetConsoleMode(console, 7)  # understands escape sequences
        yield _read_keys

    def _read_keys(put: Callable[[object], None]) -> None:
        reader = KeyReader()
        while True:
            key = msvcrt.getwch()
            if key in "\0\xe0":
                special = _WINDOWS_KEYS.get(msvcrt.getwch())
                put(Pressed([special] if special else []))
            else:
                put(Pressed(reader.read(key.encode("utf-8", "surrogatepass"))))

else:
    import termios
    import tty

    @contextlib.contextmanager
    def _single_keys() -> Iterator[Callable[..., None]]:
        before = termios.tcgetattr(0)
        tty.setcbreak(0)
        try:
            yield _read_keys
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)

    def _read_keys(put: Callable[[object], None]) -> None:
        reader = KeyReader()
        with contextlib.suppress(OSError):
            while sent := os.read(0, READ_SIZE):
                put(Pressed(reader.read(sent)))
        put(InputEnded())
