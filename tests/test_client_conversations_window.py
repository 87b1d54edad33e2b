"""Several conversations in the chat view, on a real display; the core is scripted."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import (
    BAGAN,
    DARREN,
    HENDERSON,
    LINEKER,
    MESSI,
    PROJECT,
    WITH_CATHERINE,
    WITH_MESSI,
    Scene,
    found,
    told,
)
from client_scenes import text as said
from client_stage import (
    chat_view,
    enter,
    is_shown,
    messages,
    place_of,
    press,
    shown_texts,
    talking_scene,
    type_in,
)

from client_events import (
    AddGroup,
    AskMembers,
    ConversationGone,
    EntryArrived,
    FloorChanged,
    JoinGroup,
    LoadOlder,
    MarkRead,
    OlderArrived,
    OpenPrivate,
    PersonTyping,
    Say,
    Search,
    ShowTyping,
)
from client_rows import UnreadRow
from conversation import ROOM, ConversationKind, EntryKind
from protocol import Code
from widgets_look import LIGHT

pytestmark = pytest.mark.tk


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with talking_scene(tmp_path) as scene:
        yield scene


def side(scene: Scene) -> list[str]:
    """The words of the list of conversations."""
    return shown_texts(chat_view(scene).side.list.canvas)


def click_conversation(scene: Scene, name: str) -> None:
    canvas = chat_view(scene).side.list.canvas
    left, top, right, bottom = place_of(canvas, name)
    press(canvas, (left + right) // 2, (top + bottom) // 2)
    scene.settle()


def press_key(scene: Scene, key: str) -> None:
    chat_view(scene).composer.text.event_generate(key)
    scene.settle()


# --- the list ---


def test_the_list_shows_all_conversations_under_their_kinds(chatting: Scene) -> None:
    shown = side(chatting)

    order = ["ROOM", "Everyone", "GROUPS", "kelompok-bagan", "final-project", "PRIVATE", "messi"]
    assert [words for words in shown if words in order] == order
    assert "@ 3" in shown  # unread, and somebody named us
    assert "lineker: revisi sudah masuk" in shown
    assert chatting.window.title() == "(4) Lab Jaringan \u2013 Ruang"


def test_a_click_opens_a_conversation_and_what_is_seen_is_read(chatting: Scene) -> None:
    click_conversation(chatting, "kelompok-bagan")
    view = chat_view(chatting)

    assert "Bagus! Saya baca malam ini." in messages(chatting)
    assert "New messages" in messages(chatting)
    assert view.title.cget("text") == "# kelompok-bagan"
    assert chatting.asked(MarkRead) == [MarkRead(BAGAN, 7)]
    assert "@ 3" not in side(chatting)
    assert chatting.window.title() == "(1) Lab Jaringan \u2013 Ruang"
    assert chatting.window.focus_get() is view.composer.text


def test_members_are_listed_beside_the_messages_of_a_group(chatting: Scene) -> None:
    click_conversation(chatting, "kelompok-bagan")
    members = ("henderson", "lineker", "sari", "velicia")
    chatting.answer(AskMembers, Code.OK, members)
    view = chat_view(chatting)
    shown = shown_texts(view.people.canvas)

    chatting.put(EntryArrived(BAGAN, 8, said(DARREN, "", kind=EntryKind.JOINED)))
    chatting.settle()

    assert view.subtitle.cget("text") == "4 members · encrypted"
    assert [words for words in shown if words in (*members, "AWAY — 1")] == [
        "velicia",
        "henderson",
        "lineker",
        "AWAY — 1",
        "sari",
    ]
    assert [asked.name for asked in chatting.asked(AskMembers)] == ["kelompok-bagan"] * 2


def test_between_two_nobody_else_is_listed(chatting: Scene) -> None:
    view = chat_view(chatting)
    before = is_shown(view.people)

    click_conversation(chatting, "catherine")

    assert before
    assert not is_shown(view.people)
    assert view.subtitle.cget("text") == "Away · encrypted"


def test_what_is_written_goes_to_the_conversation_that_is_shown(chatting: Scene) -> None:
    click_conversation(chatting, "catherine")

    type_in(chatting, "halo")
    enter(chatting)

    assert [one.conversation for one in chatting.asked(Say)] == [WITH_CATHERINE]
    assert ShowTyping(WITH_CATHERINE) in chatting.commands


def test_what_was_begun_waits_in_its_conversation(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    type_in(chatting, "untuk semua")
    click_conversation(chatting, "catherine")
    elsewhere_written = composer.content
    type_in(chatting, "untuk catherine")
    draft = "Draft: untuk semua" in side(chatting)

    click_conversation(chatting, "Everyone")

    assert elsewhere_written == ""
    assert draft
    assert composer.content == "untuk semua"
    assert "Draft: untuk catherine" in side(chatting)


def test_typing_elsewhere_shows_in_the_list(chatting: Scene) -> None:
    chatting.put(PersonTyping(WITH_MESSI, MESSI))
    chatting.settle()

    assert "typing…" in side(chatting)
    assert "typing…" not in shown_texts(chat_view(chatting).people.canvas)


def test_the_room_takes_the_place_of_a_group_that_is_gone(chatting: Scene) -> None:
    click_conversation(chatting, "kelompok-bagan")

    chatting.put(ConversationGone(BAGAN))
    chatting.settle()

    assert chat_view(chatting).title.cget("text") == "# Everyone"
    assert "kelompok-bagan" not in side(chatting)
    assert "Siap. Foto papan tulisnya saya kirim." in messages(chatting)


def test_what_is_new_is_shown_from_its_beginning(chatting: Scene) -> None:
    chatting.put(
        *(EntryArrived(PROJECT, at, said(DARREN, f"pesan {at}")) for at in range(2, 80)),
    )
    chatting.settle()

    click_conversation(chatting, "final-project")
    view = chat_view(chatting).messages
    shown = view.canvas
    first = place_of(shown, "New messages")
    marked = chatting.asked(MarkRead)[-1].number

    assert 0 < first[1] < shown.winfo_height()
    assert not view.is_at_end
    assert 2 < marked < 79  # as far as one can see
    view.scroll_to_end()
    chatting.settle()
    assert chatting.asked(MarkRead)[-1] == MarkRead(PROJECT, 79)


def test_nobody_before_the_window_reads_nothing(chatting: Scene) -> None:
    other = tk.Toplevel(chatting.window)
    other.focus_force()
    chatting.window.event_generate("<FocusOut>")
    chatting.settle(lambda: chatting.window.focus_displayof() is other)
    chatting.window.chatting.model.look(True, has_focus=False)

    chatting.put(EntryArrived(ROOM, 10, said(MESSI, "halo?")))
    chatting.settle()
    other.destroy()

    assert UnreadRow() in chatting.window.model.rows()


# --- keys ---


def test_alt_and_arrows_go_through_the_list(chatting: Scene) -> None:
    titles = []
    for key in ("<Alt-Down>", "<Alt-Down>", "<Alt-Up>", "<Alt-Up>", "<Alt-Up>"):
        press_key(chatting, key)
        titles.append(str(chat_view(chatting).title.cget("text")))

    assert titles == [
        "# kelompok-bagan",
        "# final-project",
        "# kelompok-bagan",
        "# Everyone",
        "darren",
    ]


def test_alt_shift_and_arrows_go_through_what_is_unread(chatting: Scene) -> None:
    titles = []
    for _ in range(3):
        press_key(chatting, "<Alt-Shift-Down>")
        titles.append(str(chat_view(chatting).title.cget("text")))

    assert titles == ["# kelompok-bagan", "messi", "messi"]


def test_escape_closes_what_is_on_top(chatting: Scene) -> None:
    view = chat_view(chatting)
    type_in(chatting, "/hlep")
    enter(chatting)
    note = is_shown(view.composer.note)
    press_key(chatting, "<Escape>")
    no_note = not is_shown(view.composer.note)
    press_key(chatting, "<Control-f>")
    view.side.search.write("bab")
    chatting.settle()
    searching = is_shown(view.side.found)

    view.side.search.entry.event_generate("<Escape>")
    chatting.settle()

    assert (note, no_note, searching) == (True, True, True)
    assert is_shown(view.side.list)
    assert chatting.window.focus_get() is view.composer.text


# --- searching ---


def search(scene: Scene, words: str) -> None:
    press_key(scene, "<Control-f>")
    chat_view(scene).side.search.write(words)
    scene.settle(lambda: bool(scene.asked(Search)))


def test_a_pause_in_writing_searches_and_shows_what_was_found(chatting: Scene) -> None:
    search(chatting, "laporan")
    busy = shown_texts(chat_view(chatting).side.found.canvas)
    chatting.answer(Search, Code.OK, found())

    shown = shown_texts(chat_view(chatting).side.found.canvas)
    assert [one.words for one in chatting.asked(Search)] == ["laporan"]
    assert busy == ["Searching …"]
    assert shown[0] == "3 messages, newest first"
    assert shown.count("laporan") == 3
    assert "kelompok-bagan" in shown


def test_a_click_leads_to_the_place_in_its_conversation(chatting: Scene) -> None:
    search(chatting, "laporan")
    chatting.answer(Search, Code.OK, found())

    canvas = chat_view(chatting).side.found.canvas
    left, top, right, bottom = place_of(canvas, "kelompok-bagan")
    press(canvas, (left + right) // 2, (top + bottom) // 2)
    chatting.settle()

    assert chat_view(chatting).title.cget("text") == "# kelompok-bagan"
    assert "Halo semua, bab 2 sudah selesai." in messages(chatting)
    assert chat_view(chatting).messages.canvas.find_withtag("light")


def test_a_place_that_is_not_held_is_loaded_first(chatting: Scene) -> None:
    old = 30
    chatting.put(*told((40, ConversationKind.GROUP, "lama", 0, 500, 500)), FloorChanged(40, 400))
    chatting.put(
        *(
            EntryArrived(40, at, said(DARREN, f"pesan {at}"), is_history=True)
            for at in range(401, 501)
        )
    )
    chatting.settle()

    chatting.window.chatting.open_found(40, old)
    chatting.settle()
    asked = chatting.asked(LoadOlder)[-1]
    numbers = range(asked.before - asked.count, asked.before)
    page = tuple((at, said(DARREN, f"pesan {at}")) for at in numbers)
    chatting.put(OlderArrived(40, page, is_all=False))
    chatting.settle()

    left, top, _, bottom = place_of(chat_view(chatting).messages.canvas, f"pesan {old}")
    assert old in numbers
    assert 0 < top < bottom < chat_view(chatting).messages.canvas.winfo_height()
    assert not chat_view(chatting).messages.is_at_end
    assert left > 0


def test_typed_search_opens_the_same_results(chatting: Scene) -> None:
    type_in(chatting, "/search laporan bab")
    enter(chatting)
    chatting.answer(Search, Code.OK, ())

    assert [one.words for one in chatting.asked(Search)] == ["laporan bab"]
    assert shown_texts(chat_view(chatting).side.found.canvas) == ["Nothing was found."]
    assert chat_view(chatting).composer.content == ""


def test_the_cross_closes_the_search(chatting: Scene) -> None:
    search(chatting, "laporan")
    box = chat_view(chatting).side.search

    press(box, box.winfo_width() - 10, box.winfo_height() // 2)
    chatting.settle()

    assert box.words.get() == ""
    assert is_shown(chat_view(chatting).side.list)


# --- mentions ---


def test_a_name_is_completed_after_an_at_sign(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    composer.text.focus_force()
    chatting.settle()
    composer.insert("halo @l")
    composer.text.event_generate("<KeyRelease>", keysym="l")
    chatting.settle()
    was_open = is_shown(composer.suggestions)

    composer.text.event_generate("<Return>")
    chatting.settle()

    assert was_open
    assert composer.content == "halo @lineker "
    assert not chatting.asked(Say)
    assert not composer.suggestions.is_open


def test_arrows_choose_another_name_and_escape_none(chatting: Scene) -> None:
    composer = chat_view(chatting).composer
    composer.text.focus_force()
    chatting.settle()

    composer.insert("@")
    composer.text.event_generate("<KeyRelease>", keysym="at")
    composer.text.event_generate("<Down>")
    composer.text.event_generate("<Up>")
    composer.text.event_generate("<Down>")
    composer.text.event_generate("<Return>")
    second = composer.content
    composer.content = "@"
    composer.text.event_generate("<KeyRelease>", keysym="at")
    composer.text.event_generate("<Escape>")
    chatting.settle()

    assert second == "@henderson "  # catherine comes first
    assert not composer.suggestions.is_open
    assert composer.content == "@"


def test_a_message_that_names_one_stands_out(chatting: Scene) -> None:
    canvas = chat_view(chatting).messages.canvas

    def is_marked() -> bool:
        boxes = [item for item in canvas.find_all() if str(canvas.type(item)) == "rectangle"]
        fills = {str(canvas.tk.call(str(canvas), "itemcget", box, "-fill")) for box in boxes}
        return LIGHT.meant in fills

    before = is_marked()
    chatting.put(EntryArrived(ROOM, 10, said(HENDERSON, "@velicia jam 9?")))
    chatting.settle()

    assert not before
    assert is_marked()


# --- typed commands that lead somewhere ---


@pytest.mark.parametrize(
    ("line", "kind"), [("/addgroup baru", AddGroup), ("/joingroup baru", JoinGroup)]
)
def test_a_group_that_was_typed_is_opened(
    chatting: Scene, line: str, kind: type[AddGroup | JoinGroup]
) -> None:
    type_in(chatting, line)
    enter(chatting)

    chatting.put(*told((50, ConversationKind.GROUP, "baru", 0, 1, 0)))
    chatting.answer(kind, Code.OK, 50)

    assert chat_view(chatting).title.cget("text") == "# baru"


def test_a_private_message_that_was_typed_is_confirmed(chatting: Scene) -> None:
    type_in(chatting, "/send catherine sampai besok")
    enter(chatting)
    chatting.answer(OpenPrivate, Code.OK, WITH_CATHERINE)
    ticket = chatting.asked(Say)[-1].ticket
    chatting.put(EntryArrived(WITH_CATHERINE, 2, said(LINEKER, "sampai besok"), ticket))
    chatting.settle()

    assert chatting.asked(Say)[-1].conversation == WITH_CATHERINE
    assert "Message sent" in messages(chatting)


def test_a_command_that_failed_says_why_beside_the_line(chatting: Scene) -> None:
    type_in(chatting, "/joingroup tidak-ada")
    enter(chatting)

    chatting.answer(JoinGroup, Code.NO_SUCH_GROUP)

    assert chat_view(chatting).composer.note.cget("text") == "No such group"


def test_the_inbox_is_read_out_and_read(chatting: Scene) -> None:
    type_in(chatting, "/inbox")
    enter(chatting)

    lines = messages(chatting)
    assert "Unread (4):" in lines
    assert any(line.endswith("lineker: revisi sudah masuk") for line in lines)
    assert set(chatting.asked(MarkRead)) >= {MarkRead(BAGAN, 7), MarkRead(WITH_MESSI, 2)}
    assert chatting.window.title() == "Lab Jaringan \u2013 Ruang"


# --- a narrow window ---


def test_a_narrow_window_shows_the_list_on_demand(chatting: Scene) -> None:
    view = chat_view(chatting)
    chatting.window.geometry("520x640")
    chatting.settle(lambda: not is_shown(view.side))

    view.drawer_button.press()
    chatting.settle()
    is_open = is_shown(view.side)
    click_conversation(chatting, "catherine")

    assert is_open
    assert not is_shown(view.side)
    assert view.title.cget("text") == "catherine"
    view.composer.text.focus_force()
    chatting.settle()
    press_key(chatting, "<Control-f>")
    assert is_shown(view.side)
    press_key(chatting, "<Escape>")
    press_key(chatting, "<Escape>")
    assert not is_shown(view.side)
