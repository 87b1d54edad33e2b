"""The chat window: whether it ever stalls, and what a message costs it.

    python bench/window.py [--quick | --tiny]

The client's real window, on the display there is or under an Xvfb of its own. First 2,000 messages
arrive in one burst; then somebody scrolls up, page after page, through 50,000, which the window
asks for piece by piece, half of the way down again, and to the newest in one go. A heartbeat every
millisecond measures the longest time in which the window would not have answered a key. The
yardstick is the eye: no stall over 50 ms. Memory must be level: a window holds some thousands of
messages, however far somebody scrolls.
"""

import os
import queue
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import rig
from rig import Size, Sized

from client_events import (
    Command,
    Connection,
    ConnectionChanged,
    Entered,
    EntryArrived,
    FloorChanged,
    KeySeen,
    LoadOlder,
    OlderArrived,
    PeopleReplaced,
)
from client_held import HELD, SHOWN, Arrived
from client_messages import MessageView
from client_window import ClientWindow
from conversation import NO_TAG, ROOM, Entry, EntryKind, Person, Presence
from settings_client import ClientFolder, ClientPreferences

BURST = Sized(2_000, 2_000, 100)
SCROLLED = Sized(50_000, 10_000, 500)
FULL = 2 * HELD + SHOWN  # messages scrolled through when the window holds as many as it ever will
RUNS = Sized(3, 1, 1)
HELD_AT_FIRST = 200  # as a client that enters for the first time
PAGE_MS = 15  # between two pages
PEOPLE = 30
ME = 1
PATIENCE_MS = 600_000
BEGIN_MS = 1_700_000_000_000  # UTC
SENTENCE = (
    "rapat besok jam sembilan di lab lantai dua tolong bawa laptop masing masing kita uji server "
    "dan klien di jaringan kampus laporan bab tiga sudah saya unggah terima kasih semua"
)


def entry(number: int) -> Entry:
    """What stands at a place of the log: short and long texts of many people."""
    person = 1 + number * 7 // 3 % PEOPLE
    begin = number * 13 % 80
    text = (SENTENCE + " " + SENTENCE)[begin : begin + 5 + number * 37 % 250]
    sent_at = BEGIN_MS + number * 20_000
    return Entry(NO_TAG, EntryKind.TEXT, sent_at, person, f"orang {person}", text)


@dataclass
class Outcome:
    """Of one thing that was done with the window."""

    cpu: float  # s
    messages: int
    stall: float  # s, the longest
    growth: int  # bytes of memory

    def row(self) -> tuple[float, float, float]:
        """Longest stall and CPU for each message in milliseconds, growth in MB."""
        return self.stall * 1e3, self.cpu / self.messages * 1e3, self.growth / 1e6


class Desk:
    """A window with a log of ``head`` entries behind it, of which it holds the newest."""

    def __init__(self, folder: Path, head: int) -> None:
        self._head = head
        self._events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.oldest = max(1, head - HELD_AT_FIRST + 1)  # that the window was given
        client_folder = ClientFolder(folder)
        client_folder.save_preferences(ClientPreferences(language="en", theme="light"))
        self.window = ClientWindow(
            self._events,
            self._obey,
            folder=client_folder,
            on_join=lambda _: None,
            on_cancel=lambda: None,
            wall_clock=lambda: BEGIN_MS + head * 20_000,
            environment={},
        )
        self._longest = 0.0
        self._beat_at = 0.0
        self._is_beating = False
        self._enter()
        self.run(self.is_shown)
        self.messages = next(_views(self.window))

    def _enter(self) -> None:
        key = bytes(32)
        self._put(KeySeen(key, "Lab", is_pinned=True))
        self._put(Entered(ME, "orang 1", "Lab", key, has_returned=False))
        self._put(ConnectionChanged(Connection.HERE, 0.002))
        people = range(1, PEOPLE + 1)
        self._put(PeopleReplaced(tuple(Person(p, f"orang {p}", Presence.HERE) for p in people)))
        self._put(FloorChanged(ROOM, self.oldest - 1))
        for number in range(self.oldest, self._head + 1):
            self._put(EntryArrived(ROOM, number, entry(number), is_history=True))

    def is_shown(self) -> bool:
        """Whether all events were taken."""
        return self._events.empty() and next(_views(self.window), None) is not None

    def _put(self, event: object) -> None:
        self._events.put(event)

    def _obey(self, command: Command) -> None:
        """What the core would answer."""
        if isinstance(command, LoadOlder):
            before = command.before or self.oldest
            first = max(1, before - command.count)
            numbers = range(first, before)
            self.oldest = min(self.oldest, first)
            older = tuple((number, entry(number)) for number in numbers)
            self._put(OlderArrived(ROOM, older, is_all=first == 1))

    @property
    def place(self) -> int:
        """Number of the first message in reach of the view."""
        items = self.window.model.held.in_reach()
        return next(item.number for item in items if isinstance(item, Arrived))

    def memory(self) -> int:
        """Bytes of this process."""
        return rig.resident_bytes(os.getpid())

    def say(self, count: int) -> None:
        """New entries, all at once."""
        for number in range(self._head + 1, self._head + count + 1):
            self._put(EntryArrived(ROOM, number, entry(number)))
        self._head += count

    # --- time ---

    def run(self, until: Callable[[], bool]) -> float:
        """Lets the window live until something holds; the longest stall meanwhile in seconds."""
        self._longest, self._beat_at, self._is_beating = 0.0, time.monotonic(), True
        too_late = self.window.after(PATIENCE_MS, self._give_up)
        self.window.after(1, self._beat, until)
        self.window.mainloop()
        self.window.after_cancel(too_late)
        if self._is_beating:
            raise TimeoutError("the window did not come to an end")
        return self._longest

    def _beat(self, until: Callable[[], bool]) -> None:
        now = time.monotonic()
        self._longest = max(self._longest, now - self._beat_at)
        self._beat_at = now
        if until():
            self._is_beating = False
            self.window.quit()
        else:
            self.window.after(1, self._beat, until)

    def _give_up(self) -> None:
        self.window.quit()

    def turn_pages(self, pages: float, until: Callable[[], bool]) -> float:
        """Scrolls on and on, as whoever holds a key down; the longest stall in seconds."""

        timer = ""

        def turn() -> None:
            nonlocal timer
            self.messages.scroll_pages(pages)
            timer = self.window.after(PAGE_MS, turn)

        timer = self.window.after(PAGE_MS, turn)
        stall = self.run(until)
        self.window.after_cancel(timer)
        return stall

    def close(self) -> None:
        self.window.destroy_now()


def _views(widget: tk.Misc) -> Iterator[MessageView]:
    """The message view, once there is one."""
    for child in widget.winfo_children():
        if isinstance(child, MessageView):
            yield child
        yield from _views(child)


@contextmanager
def desk(head: int) -> Iterator[Desk]:
    with TemporaryDirectory(prefix="ruang-bench-") as folder:
        opened = Desk(Path(folder), head)
        try:
            opened.run(_after(0.3))
            yield opened
        finally:
            opened.close()


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def measure(it: Desk, messages: int, deed: Callable[[], float]) -> Outcome:
    """What it takes to do something; the deed tells the longest stall."""
    memory, begin = it.memory(), time.process_time()
    stall = deed()
    return Outcome(time.process_time() - begin, messages, stall, it.memory() - memory)


def measure_burst(count: int) -> Outcome:
    """Messages that arrive while somebody looks at the newest."""
    with desk(HELD_AT_FIRST) as it:

        def arrive() -> float:
            it.say(count)
            return it.run(it.is_shown)

        return measure(it, count, arrive)


def measure_scrolling(count: int) -> tuple[Outcome, Outcome, Outcome]:
    """Up through all there is; half of the way down again; then, in one go, to the newest."""
    with desk(count) as it:
        full: list[int] = []  # bytes of memory, once the window holds all it will

        def is_at_top() -> bool:
            if not full and it.place <= max(count - FULL, count // 5):
                full.append(it.memory())
            return it.place == 1 and it.messages.canvas.yview()[0] <= 0.0

        up = measure(it, count, lambda: it.turn_pages(-0.9, is_at_top))
        up.growth = it.memory() - full[0]
        half = count // 2
        until = min(half, count - SHOWN + 1)  # a short log ends before
        down = measure(it, half, lambda: it.turn_pages(0.9, lambda: it.place >= until))

        def to_newest() -> float:
            it.window.after_idle(it.messages.scroll_to_end)
            return it.run(lambda: it.messages.is_at_end)

        return up, down, measure(it, count, to_newest)


def main(size: Size) -> None:
    names = (
        f"{BURST.of(size):,} arrive at once",
        f"scrolling up through {SCROLLED.of(size):,}",
        f"down again through {SCROLLED.of(size) // 2:,}",
        "to the newest in one go",
    )
    with rig.display():
        runs = [
            [measure_burst(BURST.of(size)), *measure_scrolling(SCROLLED.of(size))]
            for _ in range(RUNS.of(size))
        ]
    rows = []
    for name, outcomes in zip(names, zip(*runs, strict=True), strict=True):
        columns = zip(*(outcome.row() for outcome in outcomes), strict=True)
        stall, each, growth = (rig.median(column) for column in columns)
        rows.append([name, f"{stall:.0f}", f"{each:.2f}", f"{growth:+.1f}"])
    print(rig.table(["what", "longest stall ms", "CPU ms a message", "memory MB"], rows))


if __name__ == "__main__":
    rig.run(main, __doc__)
