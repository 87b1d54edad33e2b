"""The message view on a real display: scrolling, history, selecting; the core is scripted."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import (
    HENDERSON,
    MESSI,
    Scene,
    entered,
    history,
    text,
)
from client_stage import (
    chat_view,
    chatting_scene,
    drag,
    enter,
    flood,
    is_shown,
    joining_scene,
    messages,
    place_of,
    press,
)

import client_held
from client_events import (
    AskLacking,
    EntryArrived,
    FloorChanged,
    LoadOlder,
    OlderArrived,
)
from client_held import STEP
from conversation import ROOM

pytestmark = pytest.mark.tk


@pytest.fixture
def joining(tmp_path: Path) -> Iterator[Scene]:
    with joining_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with chatting_scene(tmp_path) as scene:
        yield scene


# --- reading ---


def test_two_thousand_messages_leave_only_what_is_in_sight_on_the_canvas(chatting: Scene) -> None:
    canvas = chat_view(chatting).messages.canvas

    chatting.put(*flood(10, 2000))
    chatting.settle()

    assert "pesan 2009" in messages(chatting)
    assert len(canvas.find_all()) < 700


def test_whoever_reads_above_stays_there_and_finds_the_way_down(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    chatting.put(*flood(10, 100))
    chatting.settle()
    view.scroll_pages(-1.5)
    chatting.settle()
    seen = place_of(view.canvas, "pesan 80")

    chatting.put(*flood(110, 12))
    chatting.settle()
    stayed = place_of(view.canvas, "pesan 80") == seen
    title = chatting.window.title()
    left, top, right, bottom = view.canvas.bbox("down")
    down = round(view.canvas.canvasy(0))
    press(view.canvas, (left + right) // 2, (top + bottom) // 2 - down)
    chatting.settle()

    assert stayed
    assert title.startswith("(12) ")
    assert view.is_at_end
    assert chatting.window.title() == "Lab Jaringan \u2013 Ruang"
    assert "New messages" in messages(chatting)


def test_scrolling_up_asks_for_older_messages_and_keeps_the_place(joining: Scene) -> None:
    numbers = range(201, 261)
    said = [text(MESSI, f"pesan {number}") for number in numbers]
    joining.put(*entered(), FloorChanged(ROOM, 200), *history(*said, first=201))
    joining.settle()
    view = chat_view(joining).messages
    joining.commands.clear()

    view.canvas.focus_force()
    joining.settle()
    view.canvas.event_generate("<Home>")
    joining.settle(lambda: LoadOlder(ROOM, STEP, 201) in joining.commands)
    seen = place_of(view.canvas, "pesan 203")
    older = tuple((number, text(HENDERSON, f"lama {number}")) for number in range(101, 201))
    joining.put(OlderArrived(ROOM, older, is_all=False))
    joining.settle()

    assert place_of(view.canvas, "pesan 203") == seen
    view.scroll_pages(-0.5)
    assert any(line.startswith("lama 19") for line in messages(joining))
    assert joining.commands.count(LoadOlder(ROOM, STEP, 201)) == 1


def test_the_whole_of_what_is_held_can_be_walked_through_both_ways(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    chatting.put(*flood(10, 500))
    chatting.settle()

    while "Sudah saya baca, bagus." not in messages(chatting):
        view.scroll_pages(-5)
        chatting.settle()
    while not view.is_at_end:
        view.scroll_pages(5)
        chatting.settle()

    assert "pesan 509" in messages(chatting)


def test_a_log_far_longer_than_what_is_held_can_be_walked_through_both_ways(
    joining: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_held, "HELD", 300)
    joining.put(*entered(), FloorChanged(ROOM, 900))
    said = [text(MESSI, f"pesan {number}") for number in range(901, 1_001)]
    joining.put(*history(*said, first=901))
    joining.settle()
    view = chat_view(joining).messages
    held = joining.window.model.held

    def seen_on_the_way(pages: float) -> list[int]:
        """Numbers of the messages drawn, until the end they are scrolled to has come."""
        seen: dict[int, None] = {}
        while True:
            view.scroll_pages(pages)
            joining.settle()
            drawn = [line.split() for line in messages(joining) if line.startswith("pesan ")]
            seen |= dict.fromkeys(int(number) for _, number in drawn)
            asked = [command for command in joining.commands if isinstance(command, LoadOlder)]
            joining.commands.clear()
            for command in asked:
                numbers = range(command.before - command.count, command.before)
                page = tuple((number, text(MESSI, f"pesan {number}")) for number in numbers)
                joining.put(OlderArrived(ROOM, page, is_all=command.before == command.count + 1))
            if 1 in seen or view.is_at_end:
                return list(seen)

    up = seen_on_the_way(-9)
    joining.put(*flood(1_001, 7))
    joining.settle()
    title, count = joining.window.title(), len(held)
    down = seen_on_the_way(0.9)

    assert up[-1] < up[0]
    assert title.startswith("(7) ")
    assert count < 800
    assert down == list(range(down[0], 1_008))


def test_help_is_in_sight_even_for_whoever_reads_above(chatting: Scene) -> None:
    chatting.put(*flood(10, 400))
    chatting.settle()
    view = chat_view(chatting)
    view.messages.scroll_pages(-20)
    chatting.settle()

    view.composer.content = "/help"
    enter(chatting)
    chatting.settle()

    assert view.messages.is_at_end
    assert any("/help" in line for line in messages(chatting))


def test_words_are_selected_with_the_mouse_and_copied(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    left, top, right, bottom = place_of(view.canvas, "Halo semua")
    middle = (top + bottom) // 2

    drag(view.canvas, (left - 2, middle), (right + 20, middle))
    chatting.window.event_generate("<Control-c>")
    chatting.settle()

    assert view.selected_text() == "Halo semua 👋 rapat besok jadi?"
    assert chatting.window.clipboard_get() == "Halo semua 👋 rapat besok jadi?"


def test_a_selection_over_several_messages_names_their_authors(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    left, top, _, _ = place_of(view.canvas, "Halo semua")
    _, _, right, bottom = place_of(view.canvas, "Siap.")

    drag(view.canvas, (left, top + 4), (right + 5, bottom - 4))

    lines = view.selected_text().splitlines()
    assert [line.split("] ")[1].split(":")[0] for line in lines] == [
        "messi",
        "henderson",
        "velicia",
    ]
    assert lines[1].endswith("di jaringan kampus.")


def test_two_clicks_select_a_word_and_three_a_message(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    left, top, _, bottom = place_of(view.canvas, "Halo semua")

    press(view.canvas, left + 6, (top + bottom) // 2, times=2)
    word = view.selected_text()
    press(view.canvas, left + 6, (top + bottom) // 2, times=3)

    assert word == "Halo"
    assert view.selected_text() == "Halo semua 👋 rapat besok jadi?"


def test_a_selection_survives_what_arrives(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    left, top, right, bottom = place_of(view.canvas, "Halo semua")
    drag(view.canvas, (left, (top + bottom) // 2), (right, (top + bottom) // 2))
    before = view.selected_text()

    chatting.put(*flood(10, 3))
    chatting.settle()

    assert view.selected_text() == before
    assert view.canvas.find_withtag("selection")


def test_keys_pressed_over_the_messages_reach_the_line(chatting: Scene) -> None:
    view = chat_view(chatting)
    press(view.messages.canvas, 5, 5)
    view.messages.canvas.focus_force()
    chatting.settle()

    view.messages.canvas.event_generate("<Key>", keysym="h")
    chatting.settle()

    assert view.composer.content == "h"


def test_a_very_long_message_is_folded_and_opens_step_by_step(chatting: Scene) -> None:
    view = chat_view(chatting).messages
    chatting.put(EntryArrived(ROOM, 10, text(MESSI, "\n".join(map(str, range(1000))))))
    chatting.settle()
    left, top, right, bottom = place_of(view.canvas, "Show more")
    folded = "50" in messages(chatting)

    press(view.canvas, (left + right) // 2, (top + bottom) // 2)
    chatting.settle()

    assert not folded
    assert "50" in messages(chatting)


def test_the_menu_of_a_message_offers_what_makes_sense(
    chatting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = list[str]()

    def popup(menu: tk.Menu, *_: object) -> None:
        end = menu.index("end")
        assert end is not None
        offered.extend(str(menu.entrycget(at, "label")) for at in range(end + 1))
        menu.invoke(end)

    monkeypatch.setattr(tk.Menu, "tk_popup", popup)
    view = chat_view(chatting).messages
    left, top, _, _ = place_of(view.canvas, "Siap.")

    view.canvas.event_generate("<Button-3>", x=left + 2, y=top + 2)

    assert offered == ["Copy message", "Who has not got it yet?"]
    assert AskLacking(ROOM, 9) in chatting.commands


def test_nothing_is_unread_while_it_is_seen(chatting: Scene) -> None:
    chatting.put(*flood(10, 5))
    chatting.settle()

    assert chatting.window.model.unread == 0


def test_a_narrow_window_keeps_the_messages(chatting: Scene) -> None:
    view = chat_view(chatting)

    chatting.window.geometry("700x500")
    chatting.settle()
    without_people = (is_shown(view.people), is_shown(view.side), is_shown(view.messages))
    chatting.window.geometry("400x500")
    chatting.settle()

    assert without_people == (False, True, True)
    assert not is_shown(view.side)
    assert is_shown(view.messages)
