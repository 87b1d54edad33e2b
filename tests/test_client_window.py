"""The client's window on a real display, driven as a person would; the core is scripted."""

import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client_scenes import (
    HENDERSON,
    MESSI,
    OTHER_KEY,
    SERVER_KEY,
    VELICIA,
    Scene,
    conversation,
    entered,
    history,
    text,
)

from client_chat import ChatView
from client_events import (
    AskLacking,
    ChooseName,
    ChoosePassword,
    Connection,
    ConnectionChanged,
    Crashed,
    DraftMade,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    FloorChanged,
    KeyChanged,
    KeySeen,
    LackingTold,
    Leave,
    LoadOlder,
    LogReplaced,
    NameRefused,
    OlderArrived,
    PasswordDelayed,
    PasswordRefused,
    PersonTyping,
    Say,
    ShowTyping,
)
from client_form import JoinFailed, JoinField, JoinForm, Typed
from client_join import JoinView
from client_rows import key_text
from conversation import ROOM
from protocol import MAX_TEXT, Code
from widgets import Field, Link

pytestmark = pytest.mark.tk
FILLED = Typed("192.168.1.20", "8083", "rahasia", "velicia")


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Opens windows and closes them afterwards."""
    opened: list[Scene] = []

    def open_one(**named: Any) -> Scene:
        opened.append(Scene(tmp_path / str(len(opened)), **named))
        opened[-1].settle()
        return opened[-1]

    yield open_one
    for scene in opened:
        scene.close()


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


@pytest.fixture
def joining(open_scene: Callable[..., Scene]) -> Scene:
    """Join was pressed."""
    scene = open_scene(prefill=FILLED)
    join_view(scene).button.press()
    scene.settle()
    return scene


@pytest.fixture
def chatting(joining: Scene) -> Scene:
    """In the room, with the focus, at the end of an afternoon's conversation."""
    joining.put(*entered(), *conversation())
    joining.settle()
    joining.window.focus_force()
    chat_view(joining).composer.text.focus_force()
    joining.settle()
    joining.commands.clear()
    return joining


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


# --- joining ---


def test_the_join_window_proposes_the_last_room(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(with_rooms=True)

    assert join_view(scene).typed == Typed("192.168.1.20", "8083", "", "velicia")


def test_a_room_in_the_list_fills_the_form(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(with_rooms=True)
    view = join_view(scene)

    view.rooms[1].press()

    assert view.typed == Typed("192.168.1.77", "11111", "", "velicia")


def test_joining_blocks_nothing_and_says_that_it_goes_on(joining: Scene) -> None:
    view = join_view(joining)

    assert joining.forms == [JoinForm("192.168.1.20", 8083, "rahasia", "velicia")]
    assert view.button.text == "Joining …"
    assert not view.button.is_enabled
    assert is_shown(view.cancel_link)


def test_enter_in_a_field_joins(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(prefill=FILLED)
    entry = join_view(scene).your_name.entry

    entry.focus_force()
    entry.event_generate("<Return>")

    assert len(scene.forms) == 1


def test_what_is_wrong_in_the_form_stands_beside_its_field(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(prefill=Typed("", "99999", "", "", "", "70000"))
    view = join_view(scene)

    view.button.press()
    scene.settle()

    assert "192.168.1.20" in error(view.host)
    assert "65535" in error(view.port)
    assert error(view.your_name) == "Write a name for yourself."
    assert "65535" in error(view.local_port)
    assert not error(view.password)
    assert scene.forms == []


def test_the_own_address_is_asked_for_only_on_demand(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(prefill=FILLED)
    view = join_view(scene)
    shown = [is_shown(view.local_host)]

    view.own_link.press()
    scene.settle()
    shown.append(is_shown(view.local_host))
    view.local_host.value, view.local_port.value = "127.0.0.1", "50001"
    view.button.press()

    assert shown == [False, True]
    assert (scene.forms[0].local_host, scene.forms[0].local_port) == ("127.0.0.1", 50001)


@pytest.mark.parametrize(
    ("event", "where", "words"),
    [
        (JoinFailed(JoinField.HOST, "trouble.host"), "host", "no computer with this address"),
        (JoinFailed(JoinField.LOCAL_HOST, "trouble.local_host"), "local_host", "does not have"),
        (JoinFailed(JoinField.LOCAL_PORT, "trouble.local_port"), "local_port", "in use"),
        (Ended(EndReason.UNREACHABLE), "host", "No answer."),
    ],
)
def test_what_went_wrong_on_the_way_stands_beside_its_field(
    joining: Scene, event: object, where: str, words: str
) -> None:
    joining.put(event)
    joining.settle()

    field = getattr(join_view(joining), where)
    assert words in error(field)
    assert is_shown(field)
    assert join_view(joining).button.text == "Join"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Ended(EndReason.KICKED, "sampai besok"), "took you out of the room. sampai besok"),
        (Ended(EndReason.BANNED, until=0), "keeps you out of this room."),
        (Ended(EndReason.BANNED, until=1_763_800_000_000), "until Saturday, 22 November 2025, "),
        (Ended(EndReason.REFUSED), "full"),
        (Crashed("disk"), "defect: disk"),
    ],
)
def test_why_one_is_outside_again_stands_above_the_button(
    chatting: Scene, event: object, words: str
) -> None:
    chatting.put(event)
    chatting.settle()

    assert words in str(join_view(chatting).message.cget("text"))


def test_a_taken_name_is_asked_for_again_in_its_place(joining: Scene) -> None:
    view = join_view(joining)
    joining.put(NameRefused("velicia", Code.NAME_TAKEN))
    joining.settle()
    asked = (error(view.your_name), view.button.text)

    view.your_name.value = "velicia 2"
    view.button.press()

    assert asked == ("That name is taken. Choose another one.", "Take this name")
    assert joining.commands == [ChooseName("velicia 2")]
    assert len(joining.forms) == 1


def test_a_name_that_cannot_be_is_not_even_sent(joining: Scene) -> None:
    view = join_view(joining)
    joining.put(NameRefused("velicia", Code.NAME_TAKEN))
    joining.settle()

    view.your_name.value = " "
    view.button.press()

    assert error(view.your_name) == "Write a name for yourself."
    assert joining.commands == []


def test_a_wrong_password_is_asked_for_again_in_its_place(joining: Scene) -> None:
    view = join_view(joining)
    joining.put(PasswordRefused())
    joining.settle()
    asked = error(view.password)

    view.password.value = "lain"
    view.button.press()

    assert asked.startswith("Wrong password.")
    assert joining.commands == [ChoosePassword("lain")]


def test_after_too_many_wrong_passwords_the_wait_counts_down(joining: Scene) -> None:
    view = join_view(joining)

    joining.put(PasswordDelayed(8.0))
    joining.settle()
    first = error(view.password)
    joining.settle(lambda: error(view.password) != first)

    assert "in 8 s" in first
    assert "in 7 s" in error(view.password)


def test_the_first_time_the_key_is_shown_to_be_compared(joining: Scene) -> None:
    joining.put(KeySeen(SERVER_KEY, "Lab", is_pinned=False), NameRefused("a", Code.NAME_TAKEN))
    joining.settle()
    labels = all_labels(join_view(joining))
    joining.put(Entered(VELICIA, "velicia", "Lab", SERVER_KEY, has_returned=False))
    joining.settle()

    assert key_text(SERVER_KEY) in labels
    assert any(key_text(SERVER_KEY) in line for line in messages(joining))


def all_labels(widget: tk.Misc) -> list[str]:
    found = [str(widget.cget("text"))] if isinstance(widget, tk.Label) else []
    for child in widget.winfo_children():
        found += all_labels(child)
    return found


def test_another_key_is_a_hard_stop_until_the_key_read_out_is_typed(joining: Scene) -> None:
    view = join_view(joining)
    joining.put(KeyChanged(SERVER_KEY, OTHER_KEY), Ended(EndReason.KEY_CHANGED))
    joining.settle()
    is_stopped = not is_shown(view.button)
    labels = all_labels(view)

    view.key_field.value = key_text(SERVER_KEY)
    view.trust_button.press()
    wrong = error(view.key_field)
    view.key_field.value = key_text(OTHER_KEY).lower().replace(" ", "-")
    view.trust_button.press()

    assert is_stopped
    assert key_text(OTHER_KEY) not in labels  # it must come from the host, not from the screen
    assert wrong.startswith("The server here has another key.")
    assert [form.trusted_key for form in joining.forms] == [None, OTHER_KEY]


def test_the_hard_stop_can_be_left(joining: Scene) -> None:
    view = join_view(joining)
    joining.put(KeyChanged(b"", OTHER_KEY), Ended(EndReason.KEY_CHANGED))
    joining.settle()

    links = [child for child in all_children(view) if isinstance(child, Link)]
    next(link for link in links if link.cget("text") == "Cancel" and is_shown(link)).press()
    joining.settle()

    assert is_shown(view.button)
    assert joining.cancelled == 0


def all_children(widget: tk.Misc) -> list[tk.Misc]:
    found = []
    for child in widget.winfo_children():
        found += [child, *all_children(child)]
    return found


def test_a_cancelled_attempt_says_nothing_more(joining: Scene) -> None:
    join_view(joining).cancel_link.press()

    joining.put(*entered(), Ended(EndReason.LEFT))
    joining.settle()
    join_view(joining).button.press()
    joining.put(*entered())
    joining.settle()

    assert joining.cancelled == 1
    assert len(joining.forms) == 2
    assert isinstance(joining.window.view, ChatView)


# --- chatting ---


def test_entering_shows_the_room_and_the_seeds_sentence(chatting: Scene) -> None:
    view = chat_view(chatting)

    assert "Name accepted. You can send messages now." in messages(chatting)
    assert "Siap. Foto papan tulisnya saya kirim." in messages(chatting)
    assert view.subtitle.cget("text") == "5 people here · encrypted"
    assert shown_texts(view.people.canvas)[:3] == ["HERE NOW — 5", "velicia", "V"]
    assert chatting.window.title() == "Lab Jaringan \u2013 Ruang"
    assert chatting.window.focus_get() is view.composer.text


def test_indonesian_is_spoken_where_it_is_chosen(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(language="id", prefill=FILLED)
    join_view(scene).button.press()
    scene.put(*entered())
    scene.settle()

    assert "Nama diterima. Anda sudah bisa mengirim pesan." in messages(scene)


def test_enter_sends_and_empties_the_line(chatting: Scene) -> None:
    type_in(chatting, "halo semua")
    enter(chatting)

    assert [c for c in chatting.commands if isinstance(c, Say)] == [Say(1, ROOM, "halo semua")]
    assert ShowTyping(ROOM) in chatting.commands
    assert chat_view(chatting).composer.content == ""


def test_shift_enter_begins_a_new_line_and_the_box_grows(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    type_in(chatting, "satu")

    composer.text.event_generate("<Shift-Return>")
    type_in(chatting, "dua")

    assert composer.content == "satu\ndua"
    assert int(composer.text.cget("height")) == 2
    assert not [c for c in chatting.commands if isinstance(c, Say)]


def test_a_text_that_is_too_long_is_refused_beside_the_field_and_kept(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    too_long = "x" * (MAX_TEXT + 1)

    composer.content = too_long
    composer.submit()
    chatting.settle()
    sentence = str(composer.note.cget("text"))
    kept = composer.content
    composer.content = "x"
    chatting.settle()

    assert "64,000" in sentence
    assert kept == too_long
    assert not is_shown(composer.note)


def test_exit_leaves_the_room(chatting: Scene) -> None:
    type_in(chatting, "exit")
    enter(chatting)
    chatting.put(Ended(EndReason.LEFT))
    chatting.settle()

    assert Leave() in chatting.commands
    assert "Connection closed." in str(join_view(chatting).message.cget("text"))


def test_help_is_answered_here_alone(chatting: Scene) -> None:
    type_in(chatting, "/help")
    enter(chatting)

    assert any(line.startswith("/info") for line in messages(chatting))
    assert not [c for c in chatting.commands if isinstance(c, Say)]


def test_an_unknown_command_is_kept_to_be_corrected(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    type_in(chatting, "/hlep")
    enter(chatting)

    assert "/hlep" in str(composer.note.cget("text"))
    assert composer.content == "/hlep"


@pytest.mark.parametrize(("answer", "said"), [(0, []), (1, [Say(1, ROOM, "login ana rahasia")])])
def test_what_may_be_a_password_is_said_only_when_confirmed(
    chatting: Scene, answer: int, said: list[Say]
) -> None:
    composer = chat_view(chatting).composer
    type_in(chatting, "login ana rahasia")
    enter(chatting)
    held_back = not [c for c in chatting.commands if isinstance(c, Say)]

    composer.choices[answer].press()
    chatting.settle()

    assert held_back
    assert [c for c in chatting.commands if isinstance(c, Say)] == said
    assert bool(composer.content) == (not said)


def test_a_lost_connection_is_told_and_drafts_wait(chatting: Scene) -> None:
    view = chat_view(chatting)

    chatting.put(DraftMade(1, 1, ROOM, "nanti"), ConnectionChanged(Connection.LOST))
    chatting.settle()
    lost = (is_shown(view.banner), "waiting" in messages(chatting))
    chatting.put(ConnectionChanged(Connection.HERE, 0.002))
    chatting.settle()

    assert lost == (True, True)
    assert not is_shown(view.banner)


def test_a_refused_message_says_why(chatting: Scene) -> None:
    chatting.put(DraftRefused(1, 1, ROOM, "boleh?", Code.MUTED))
    chatting.settle()

    assert any("muted you" in line for line in messages(chatting))


def test_typing_shows_under_the_name(chatting: Scene) -> None:
    chatting.put(PersonTyping(ROOM, HENDERSON))
    chatting.settle()

    assert "typing…" in shown_texts(chat_view(chatting).people.canvas)


def test_who_lacks_a_message_is_told(chatting: Scene) -> None:
    chatting.put(LackingTold(ROOM, 9, ("messi",), 1), LackingTold(ROOM, 9, (), 0))
    chatting.settle()

    assert "Not with them yet: messi" in messages(chatting)
    assert "Everyone present has this message." in messages(chatting)


def test_another_log_is_told(chatting: Scene) -> None:
    chatting.put(LogReplaced(ROOM))
    chatting.settle()

    assert any("older copy" in line for line in messages(chatting))


def test_coming_back_under_a_taken_name_asks_for_another(chatting: Scene) -> None:
    chatting.put(NameRefused("velicia", Code.NAME_TAKEN))
    chatting.settle()
    view = join_view(chatting)
    view.your_name.value = "velicia 2"
    view.button.press()
    chatting.put(Entered(VELICIA, "velicia 2", "Lab", SERVER_KEY, has_returned=False))
    chatting.settle()

    assert ChooseName("velicia 2") in chatting.commands
    assert "Siap. Foto papan tulisnya saya kirim." in messages(chatting)


# --- reading ---


def flood(first: int, count: int) -> list[object]:
    return [
        EntryArrived(ROOM, number, text(MESSI, f"pesan {number}"))
        for number in range(first, first + count)
    ]


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
    view.canvas.event_generate("<Home>")
    joining.settle(lambda: LoadOlder(ROOM, 100, 201) in joining.commands)
    seen = place_of(view.canvas, "pesan 203")
    older = tuple((number, text(HENDERSON, f"lama {number}")) for number in range(101, 201))
    joining.put(OlderArrived(ROOM, older, is_all=False))
    joining.settle()

    assert place_of(view.canvas, "pesan 203") == seen
    view.scroll_pages(-0.5)
    assert any(line.startswith("lama 19") for line in messages(joining))
    assert joining.commands.count(LoadOlder(ROOM, 100, 201)) == 1


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


# --- settings and the end ---


def test_settings_apply_at_once_and_stay(chatting: Scene) -> None:
    type_in(chatting, "belum selesai")
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = chatting.window.dialog
    assert dialog is not None

    dialog.choices["settings.theme"].choose("dark")
    chatting.settle()
    dialog = chatting.window.dialog
    assert dialog is not None
    dialog.choices["settings.language"].choose("id")
    chatting.settle()
    dialog = chatting.window.dialog
    assert dialog is not None
    dialog.choices["settings.send_with"].choose("no")
    chatting.settle()

    saved = chatting.folder.preferences()
    assert (saved.theme, saved.language, saved.enter_sends) == ("dark", "id", False)
    assert chat_view(chatting).composer.content == "belum selesai"
    assert "5 orang di sini" in str(chat_view(chatting).subtitle.cget("text"))


def test_escape_closes_the_settings(chatting: Scene) -> None:
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = chatting.window.dialog
    assert dialog is not None

    dialog.focus_force()
    dialog.event_generate("<Escape>")
    chatting.settle()

    assert chatting.window.dialog is None


def test_control_enter_sends_if_that_was_chosen(chatting: Scene) -> None:
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = chatting.window.dialog
    assert dialog is not None
    dialog.choices["settings.send_with"].choose("no")
    chatting.settle()
    assert chatting.window.dialog is not None
    chatting.window.dialog.close()
    composer = chat_view(chatting).composer
    composer.content = "halo"
    composer.text.focus_force()

    composer.text.event_generate("<Return>")
    not_yet = [c for c in chatting.commands if isinstance(c, Say)]
    composer.content = "halo"
    composer.text.event_generate("<Control-Return>")

    assert not_yet == []
    assert [c for c in chatting.commands if isinstance(c, Say)] == [Say(1, ROOM, "halo")]


def test_the_text_grows_with_control_plus(chatting: Scene) -> None:
    chatting.window.event_generate("<Control-plus>")
    chatting.window.event_generate("<Control-plus>")
    chatting.window.event_generate("<Control-minus>")
    chatting.settle()

    assert chatting.folder.preferences().font_size == 11
    assert "Name accepted. You can send messages now." in messages(chatting)


def test_closing_says_goodbye_and_waits_for_the_answer(chatting: Scene) -> None:
    chatting.window.event_generate("<Control-q>")
    is_hidden = chatting.window.state() == "withdrawn"
    chatting.put(Ended(EndReason.LEFT))
    chatting.settle()

    assert is_hidden
    assert chatting.commands == [Leave()]
    assert chatting.is_closed


def test_closing_before_entering_cancels(joining: Scene) -> None:
    joining.window.close()

    assert joining.cancelled == 1
    assert joining.is_closed
