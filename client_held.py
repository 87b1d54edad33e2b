"""What of a log a window holds, and which part of it is in reach of the view.

Band: cores. Pure: knows no window and no text but its length. client_model.py makes rows of it.
Memory is bounded. Whoever is at the newest has the newest HELD items. Whoever reads above has up
to twice as many; when that is too little, one stretch of HELD items stays around what is read and
one at the newest, so that the way back is at hand. What lies between them, and what lies above, is
asked of the core again when somebody scrolls there. What is in reach is never let go of meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from client_events import LoadOlder
from client_rows import NoticeRow
from conversation import Entry, FileNote
from protocol import Code

SHOWN = 300  # items in reach of the view at once
STEP = 50  # items by which that reach moves when somebody scrolls, and that are pulled at once
HELD = 3_000  # items of a stretch in memory
HELD_SIZE = 4_000_000  # characters of a stretch: 64 kB texts must not pile up
LEAST_HELD = 50  # items that stay even if their texts are larger than that


@dataclass(frozen=True, slots=True)
class Arrived:
    """An entry."""

    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft of ours without an entry; ``refusal``: and it will not become one."""

    ticket: int
    draft: int
    text: str
    refusal: Code | None = None
    file: FileNote | None = None  # what it is about; then its text is the file's name


Item = Arrived | Waiting | NoticeRow


class _Stretch:
    """Items without a hole between their numbers; all entries after ``floor``."""

    def __init__(self, floor: int = 0) -> None:
        self.floor = floor
        self.items: list[Item] = []
        self.size = 0  # characters

    def copy(self) -> "_Stretch":
        twin = _Stretch(self.floor)
        twin.items, twin.size = self.items[:], self.size
        return twin

    @property
    def top(self) -> int:
        """Number of the last entry."""
        numbers = (item.number for item in reversed(self.items) if isinstance(item, Arrived))
        return next(numbers, self.floor)

    def insert(self, place: int, items: Sequence[Item]) -> None:
        self.items[place:place] = items
        self.size += sum(map(_size, items))

    def _is_over(self, count: int, least: int, times: int = 1) -> bool:
        return count > least and (count > HELD * times or self.size > HELD_SIZE * times)

    def is_full(self) -> bool:
        """Whether this is twice as much as one stretch may be in the long run."""
        return self._is_over(len(self.items), LEAST_HELD, times=2)

    def drop_oldest(self, least: int = LEAST_HELD) -> int:
        """Lets go of what is too much; how many items. At ``least`` so many stay."""
        gone = 0
        while self._is_over(len(self.items) - gone, least):
            item = self.items[gone]
            gone += 1
            self.size -= _size(item)
            if isinstance(item, Arrived):
                self.floor = item.number
        del self.items[:gone]
        return gone

    def drop_newest(self, least: int) -> None:
        """The same at the other end."""
        while self._is_over(len(self.items), least):
            self.size -= _size(self.items.pop())


class Held:
    """The items of one conversation. Owned by the thread of its ClientModel."""

    def __init__(self, conversation: int) -> None:
        self._conversation = conversation
        self._is_at_end = True  # the view shows the newest, as far as it told
        self.clear()

    def clear(self) -> None:
        """Another log takes the place of this one."""
        self._near = _Stretch()  # ends with the newest of all
        self._far: _Stretch | None = None  # where somebody reads, above a hole
        self._first = self._last = 0  # the reach, in the far stretch if there is one
        self._asked: LoadOlder | None = None
        self._wanted = 0  # number of the entry that was asked for, to be shown when it is here

    def learn_floor(self, floor: int) -> None:
        """What comes first of all is the entry after this one."""
        self._near.floor = floor

    # --- the reach of the view ---

    @property
    def _here(self) -> _Stretch:
        return self._near if self._far is None else self._far

    def in_reach(self) -> Iterator[Item]:
        """From the oldest to the newest."""
        return iter(self._here.items[self._first : self._last])

    def __len__(self) -> int:
        return len(self._near.items) + (0 if self._far is None else len(self._far.items))

    @property
    def is_following(self) -> bool:
        """Whether the newest item is in reach of the view."""
        return self._far is None and self._last == len(self._near.items)

    def look(self, is_at_end: bool) -> None:
        """Whether the newest item is in view: then what is above is not needed any more."""
        self._is_at_end = is_at_end
        self._let_go()

    def show_older(self) -> bool:
        """Moves the reach up; False if nothing older is held: time for ``load_older``."""
        if self._first == 0:
            return False
        self._first = max(0, self._first - STEP)
        self._last = min(self._last, self._first + SHOWN)
        return True

    def show_newer(self) -> bool:
        """Moves the reach down; False if nothing newer is held: time for ``load_newer``."""
        end = len(self._here.items)
        if self._last == end:
            return False
        self._last = min(end, self._last + STEP)
        self._first = max(self._first, self._last - SHOWN)
        return True

    def show_newest(self) -> None:
        """Moves the reach to the end, wherever it was."""
        self._far, self._wanted = None, 0
        self._last = len(self._near.items)
        self._first = max(0, self._last - SHOWN)

    def show_place(self, number: int) -> LoadOlder | None:
        """Moves the reach to an entry, or asks for what is around it; ``take`` moves it then.

        While another question is on its way nothing happens: try again after its answer.
        """
        for stretch in (self._here, self._near):
            if stretch.floor < number <= stretch.top:
                self._far = stretch if stretch is self._far else None
                self._show_around(number)
                return None
        if not 0 < number <= self._near.floor:
            return None  # it has not arrived yet
        last = min(number + STEP // 2, self._near.floor)
        asked = self._ask(last, min(STEP, last))
        self._wanted = number if asked else self._wanted
        return asked

    def is_in_reach(self, number: int) -> bool:
        """Whether an entry is among those the view shows."""
        return any(isinstance(item, Arrived) and item.number == number for item in self.in_reach())

    def _show_around(self, number: int) -> None:
        items = self._here.items
        place = next(
            place
            for place, item in enumerate(items)
            if isinstance(item, Arrived) and item.number >= number
        )
        self._first = max(0, place - SHOWN // 2)
        self._last = min(len(items), self._first + SHOWN)

    # --- what is held no more, or not yet ---

    @property
    def is_loading_older(self) -> bool:
        """Whether what comes above the items here is on its way."""
        return self._asked is not None and self._asked.before == self._here.floor + 1

    def load_older(self) -> LoadOlder | None:
        """The command that asks for what is above; None if there is nothing, or it was asked."""
        floor = self._here.floor
        return self._ask(floor, min(STEP, floor))

    def load_newer(self) -> LoadOlder | None:
        """The command that asks for what is below, down to the newest stretch; None as above."""
        if self._far is None:
            return None
        last = min(self._far.top + STEP, self._near.floor)
        return self._ask(last, last - self._far.top)

    def _ask(self, last: int, count: int) -> LoadOlder | None:
        if count == 0 or self._asked is not None:
            return None  # the core answers one question after the other
        self._asked = LoadOlder(self._conversation, count, last + 1)
        return self._asked

    def take(self, entries: Sequence[tuple[int, Entry]]) -> None:
        """The answer. One that fits nowhere, since somebody went elsewhere, is no use."""
        wanted, self._asked, self._wanted = self._wanted, None, 0
        here, far = self._here, self._far
        if not entries:
            here.floor = 0
            return
        items = [Arrived(number, entry) for number, entry in entries]
        older = [item for item in items if item.number <= here.floor]
        if items[0].number <= wanted <= items[-1].number:
            self._take_around(items, wanted)
        elif older and older[-1].number == here.floor:
            self._take_older(here, older)
        elif far is not None and items[0].number == far.top + 1:
            self._take_newer(far, [item for item in items if item.number <= self._near.floor])

    def _take_around(self, items: list[Arrived], wanted: int) -> None:
        near = self._near
        if items[-1].number == near.floor:
            near.insert(0, items)
            near.floor, self._far = items[0].number - 1, None
        else:
            self._far = _Stretch(items[0].number - 1)
            self._far.insert(0, items)
            near.drop_oldest()
        self._show_around(wanted)

    def _take_older(self, here: _Stretch, older: list[Arrived]) -> None:
        was_at_top = self._first == 0
        here.insert(0, older)
        here.floor = older[0].number - 1
        self._shift(len(older))
        if was_at_top:
            self.show_older()
        if here is self._far:
            here.drop_newest(self._last)
        else:
            self._let_go()

    def _take_newer(self, far: _Stretch, newer: list[Arrived]) -> None:
        was_at_end = self._last == len(far.items)
        far.insert(len(far.items), newer)
        if far.top == self._near.floor:
            far.insert(len(far.items), self._near.items)
            self._near, self._far = far, None
        if was_at_end:
            self.show_newer()
        if self._far is None:
            self._let_go()
        else:
            self._shift(-far.drop_oldest(len(far.items) - self._first))

    def append(self, item: Item, *, is_history: bool = False) -> None:
        """At the end; history stands above what this window has said since entering."""
        near = self._near
        is_in_reach = self.is_following and (self._is_at_end or self._last - self._first < SHOWN)
        place = len(near.items)
        while is_history and place and _is_local(near.items[place - 1]):
            place -= 1
        near.insert(place, (item,))
        if is_in_reach:
            self._last += 1
            self._first = max(self._first, self._last - SHOWN)
        self._let_go()

    def _let_go(self) -> None:
        if self._far is not None:
            self._near.drop_oldest()
        elif self.is_following and self._is_at_end:
            self._shift(-self._near.drop_oldest())
        elif self._near.is_full():
            self._part()

    def _part(self) -> None:
        """Somebody reads above: what is around that stays, and the newest, in two stretches.

        If they do not read far above, these would meet, and what is older than that goes.
        """
        far, near = self._near.copy(), self._near.copy()
        far.drop_newest(self._last)
        near.drop_oldest()
        if far.top < near.floor:
            self._far, self._near = far, near
        else:
            self._shift(-self._near.drop_oldest(len(self._near.items) - self._first))

    def _shift(self, by: int) -> None:
        """Items came or went above the reach, or all of its first ones went."""
        self._first = max(0, self._first + by)
        self._last = max(0, self._last + by)


def _is_local(item: Item) -> bool:
    return isinstance(item, NoticeRow)


def _size(item: Item) -> int:
    return len(item.entry.text) if isinstance(item, Arrived) else len(item.text)
