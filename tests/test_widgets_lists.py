"""Lists, tabs and menus on a real display."""

import tkinter as tk
from collections.abc import Iterator

import pytest

from widgets import collect_garbage
from widgets_lists import Box, ListRow, RowList, Tabs, make_menu, pop_up
from widgets_look import LIGHT, Look

pytestmark = pytest.mark.tk

HEIGHT = 20


@pytest.fixture
def root() -> Iterator[tk.Tk]:
    window = tk.Tk()
    window.geometry("300x200")
    yield window
    window.destroy()
    del window
    collect_garbage()


class Listed:
    """A list with what it drew, and what was picked in it."""

    def __init__(self, root: tk.Tk, count: int, *, captions: tuple[int, ...] = ()) -> None:
        self.root = root
        self.drawn: list[int] = []
        self.picked: list[int] = []
        self.menus: list[int] = []
        look = Look(root, LIGHT)
        self.list = RowList(
            root,
            look,
            ground="#ffffff",
            draw=self._draw,
            on_pick=self.picked.append,
            on_menu=lambda place, *_: self.menus.append(place),
        )
        self.list.pack(fill="both", expand=True)
        rows = [ListRow(HEIGHT, can_be_picked=place not in captions) for place in range(count)]
        self.list.show(rows)
        root.update()
        self.drawn.clear()

    def _draw(self, place: int, box: Box) -> None:
        self.drawn.append(place)
        assert box.bottom - box.top == HEIGHT
        assert box.middle == box.top + HEIGHT // 2

    def at(self, place: int) -> int:
        """Where a row is in the window."""
        return place * HEIGHT + HEIGHT // 2 - round(self.list.canvas.canvasy(0))

    def click(self, place: int, button: int = 1) -> None:
        canvas = self.list.canvas
        canvas.event_generate(f"<Button-{button}>", x=5, y=self.at(place))
        self.root.update()


def test_only_rows_in_view_are_drawn(root: tk.Tk) -> None:
    listed = Listed(root, 10_000)

    listed.list.redraw()
    at_first = list(listed.drawn)
    listed.drawn.clear()
    listed.list.scroll_by(5_000 * HEIGHT)

    assert at_first == list(range(11))
    assert listed.drawn[0] == 5_000
    assert len(listed.drawn) < 15
    assert listed.list.height == 10_000 * HEIGHT


def test_a_click_picks_and_the_other_button_opens_a_menu(root: tk.Tk) -> None:
    listed = Listed(root, 5, captions=(0,))

    for place in (0, 2, 9):
        listed.click(place)
    listed.click(3, button=3)
    listed.click(0, button=3)

    assert (listed.picked, listed.menus) == ([2], [3])


def test_arrows_go_from_row_to_row_over_captions_and_around_the_ends(root: tk.Tk) -> None:
    listed = Listed(root, 4, captions=(0, 2))
    hot = []

    for by in (1, 1, 1, -1):
        listed.list.step(by)
        hot.append(listed.list.hot)
    listed.list.pick_hot()

    assert hot == [1, 3, 1, 3]
    assert listed.picked == [3]


def test_what_is_chosen_by_arrows_comes_into_view(root: tk.Tk) -> None:
    listed = Listed(root, 100)

    listed.list.step(-1)
    last = listed.list.canvas.canvasy(0)
    listed.list.step(1)

    assert listed.list.hot == 0
    assert last == 100 * HEIGHT - listed.list.canvas.winfo_height()
    assert listed.list.canvas.canvasy(0) == 0


def test_the_pointer_warms_a_row_and_leaving_cools_it(root: tk.Tk) -> None:
    listed = Listed(root, 5, captions=(0,))
    canvas = listed.list.canvas

    canvas.event_generate("<Motion>", x=5, y=listed.at(2))
    warm = (listed.list.hot, str(canvas.cget("cursor")))
    canvas.event_generate("<Motion>", x=5, y=listed.at(0))
    caption = listed.list.hot
    canvas.event_generate("<Motion>", x=5, y=listed.at(1))
    canvas.event_generate("<Leave>")

    assert warm == (2, "hand2")
    assert caption is None
    assert listed.list.hot is None


def test_the_wheel_scrolls(root: tk.Tk) -> None:
    listed = Listed(root, 100)
    canvas = listed.list.canvas
    places = []

    for button in (5, 4):
        canvas.event_generate("<Button>", button=button)
        places.append(canvas.canvasy(0))
    canvas.event_generate("<MouseWheel>", delta=-120)
    places.append(canvas.canvasy(0))

    assert places[0] > 0 == places[1] < places[2]


def test_fewer_rows_forget_the_hot_one(root: tk.Tk) -> None:
    listed = Listed(root, 5)
    listed.list.step(-1)

    listed.list.show([ListRow(HEIGHT)] * 2)
    listed.list.pick_hot()

    assert listed.list.hot is None
    assert listed.picked == []


def test_an_empty_list_has_nothing_to_choose(root: tk.Tk) -> None:
    listed = Listed(root, 0)

    listed.list.step(1)
    listed.click(0)

    assert listed.list.hot is None
    assert listed.picked == []


# --- tabs ---

WORDS = [("a", "Satu"), ("b", "Dua"), ("c", "Tiga")]


def make_tabs(root: tk.Tk, chosen: list[str]) -> Tabs:
    tabs = Tabs(root, Look(root, LIGHT), WORDS, "a", chosen.append, ground="#ffffff")
    tabs.pack(fill="x")
    root.update()
    return tabs


def test_tabs_are_chosen_by_mouse_and_arrows(root: tk.Tk) -> None:
    chosen: list[str] = []
    tabs = make_tabs(root, chosen)

    tabs.event_generate("<Button-1>", x=150, y=10)
    tabs.event_generate("<Button-1>", x=155, y=10)
    tabs.focus_force()
    root.update()
    for key in ("<Right>", "<Right>", "<Left>"):
        tabs.event_generate(key)

    assert chosen == ["b", "c", "a", "c"]


def test_tabs_that_are_disabled_or_marked_tell_nobody(root: tk.Tk) -> None:
    chosen: list[str] = []
    tabs = make_tabs(root, chosen)

    tabs.mark("c")
    tabs.enable(False)
    tabs.choose("b")

    assert (chosen, tabs.chosen) == ([], "c")


def test_fewer_tabs_keep_their_places(root: tk.Tk) -> None:
    chosen: list[str] = []
    tabs = make_tabs(root, chosen)

    tabs.show(WORDS[1:])
    tabs.event_generate("<Button-1>", x=150, y=10)
    tabs.event_generate("<Button-1>", x=280, y=10)

    assert chosen == ["c"]


def test_a_menu_bears_our_colours(root: tk.Tk, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[tuple[int, int]] = []
    monkeypatch.setattr(tk.Menu, "tk_popup", lambda _, x, y: places.append((x, y)))
    menu = make_menu(root, Look(root, LIGHT))

    pop_up(menu, 5, 6)

    assert str(menu.cget("background")) == LIGHT.surface
    assert places == [(5, 6)]
