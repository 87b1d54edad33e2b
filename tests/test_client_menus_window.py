"""Menus and dialogs of the chat view, on a real display; the core is scripted."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import (
    BAGAN,
    HENDERSON,
    MESSI,
    SERVER_KEY,
    WITH_CATHERINE,
    Scene,
    groups,
    told,
)
from client_scenes import text as said
from client_stage import (
    chat_view,
    error,
    messages,
    place_of,
    press,
    talking_scene,
)

from client_account_dialogs import FormDialog
from client_events import (
    AddGroup,
    AskGroups,
    ConversationGone,
    EntryArrived,
    FindPeople,
    JoinGroup,
    LeaveGroup,
    OpenPrivate,
)
from client_form import JoinField
from client_pick_dialogs import PickDialog
from conversation import ROOM, ConversationKind
from protocol import Code
from settings_client import Notify

pytestmark = pytest.mark.tk


class Popup:
    """What popped up last."""

    def __init__(self) -> None:
        self.menu: tk.Menu | None = None

    def take(self, menu: tk.Menu, *_: object) -> None:
        self.menu = menu

    @property
    def words(self) -> list[str]:
        assert self.menu is not None
        places = range((self.menu.index("end") or 0) + 1)
        kinds = [self.menu.type(place) for place in places]
        return [
            str(self.menu.entrycget(place, "label"))
            for place, kind in zip(places, kinds, strict=True)
            if kind != "separator"
        ]

    def choose(self, words: str) -> None:
        assert self.menu is not None
        for place in range((self.menu.index("end") or 0) + 1):
            is_separator = self.menu.type(place) == "separator"
            if not is_separator and words in str(self.menu.entrycget(place, "label")):
                self.menu.invoke(place)
                return
        raise AssertionError(words)


@pytest.fixture
def popup(monkeypatch: pytest.MonkeyPatch) -> Popup:
    shown = Popup()
    monkeypatch.setattr(tk.Menu, "tk_popup", lambda menu, *_: shown.take(menu))
    return shown


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with talking_scene(tmp_path) as scene:
        yield scene


def click(scene: Scene, canvas: tk.Canvas, words: str, *, button: int = 1) -> None:
    left, top, right, bottom = place_of(canvas, words)
    x, y = (left + right) // 2, (top + bottom) // 2
    canvas.event_generate("<Motion>", x=x, y=y)
    canvas.event_generate(f"<Button-{button}>", x=x, y=y)
    scene.settle()


def title(scene: Scene) -> str:
    return str(chat_view(scene).title.cget("text"))


def picking(scene: Scene) -> PickDialog:
    assert isinstance(scene.window.dialog, PickDialog)
    return scene.window.dialog


def form(scene: Scene) -> FormDialog:
    assert isinstance(scene.window.dialog, FormDialog)
    return scene.window.dialog


# --- menus ---


def test_the_menu_of_a_group_says_what_calls_and_leaves(chatting: Scene, popup: Popup) -> None:
    canvas = chat_view(chatting).side.list.canvas

    click(chatting, canvas, "kelompok-bagan", button=3)
    words = popup.words
    popup.choose("nothing")
    chatting.settle()
    click(chatting, canvas, "kelompok-bagan", button=3)
    popup.choose("Leave group")
    chatting.put(ConversationGone(BAGAN))
    chatting.answer(LeaveGroup, Code.OK)

    assert words == [
        "Call me for",
        "●  every message",
        "○  messages that name me",
        "○  nothing",
        "Copy name",
        "Leave group",
    ]
    assert chatting.folder.levels(SERVER_KEY) == {BAGAN: Notify.NONE}
    assert [one.name for one in chatting.asked(LeaveGroup)] == ["kelompok-bagan"]
    assert "Left kelompok-bagan" in messages(chatting)


def test_a_silenced_conversation_is_not_counted_in_the_title(chatting: Scene, popup: Popup) -> None:
    before = chatting.window.title()

    click(chatting, chat_view(chatting).side.list.canvas, "kelompok-bagan", button=3)
    popup.choose("nothing")
    chatting.settle()

    assert before.startswith("(4) ")
    assert chatting.window.title().startswith("(1) ")


def test_the_header_opens_the_menu_of_what_is_shown(chatting: Scene, popup: Popup) -> None:
    chat_view(chatting).menu_button.press()
    popup.choose("nothing")
    chatting.settle()

    assert "Leave group" not in popup.words
    assert chatting.window.model.level(ROOM) is Notify.NONE
    assert chat_view(chatting).silent.cget("image")


def test_a_choice_that_cannot_be_kept_says_so(
    chatting: Scene, popup: Popup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("penuh")

    monkeypatch.setattr(chatting.folder, "save_level", fail)
    chat_view(chatting).menu_button.press()
    popup.choose("every message")
    chatting.settle()

    assert any("penuh" in line for line in messages(chatting))


def test_the_menu_of_a_person_leads_to_a_private_conversation(
    chatting: Scene, popup: Popup
) -> None:
    click(chatting, chat_view(chatting).people.canvas, "catherine")
    words = popup.words
    popup.choose("Message")
    chatting.answer(OpenPrivate, Code.OK, WITH_CATHERINE)

    assert words == ["Message", "Mention", "Copy name"]
    assert title(chatting) == "catherine"


def test_a_name_above_a_message_has_the_same_menu(chatting: Scene, popup: Popup) -> None:
    canvas = chat_view(chatting).messages.canvas
    left, top, _, bottom = place_of(canvas, "messi")
    chatting.put(EntryArrived(ROOM, 10, said(MESSI, "sampai besok")))
    chatting.settle()
    left, top, _, bottom = place_of(canvas, "messi")

    press(canvas, left + 2, (top + bottom) // 2)
    popup.choose("Mention")
    chatting.settle()

    assert chat_view(chatting).composer.content == "@messi "


def test_oneself_can_only_be_copied(chatting: Scene, popup: Popup) -> None:
    click(chatting, chat_view(chatting).people.canvas, "velicia")
    popup.choose("Copy name")

    assert popup.words == ["Copy name"]
    assert chatting.window.clipboard_get() == "velicia"


def test_a_private_conversation_that_cannot_be_opened_says_why(
    chatting: Scene, popup: Popup
) -> None:
    click(chatting, chat_view(chatting).people.canvas, "catherine")
    popup.choose("Message")
    chatting.answer(OpenPrivate, Code.NO_SUCH_USER)

    assert chat_view(chatting).composer.note.cget("text") == "No such user"


# --- going somewhere ---


def plus(scene: Scene, kind: str) -> None:
    canvas = chat_view(scene).side.list.canvas
    left, top, right, bottom = canvas.bbox(f"plus-{kind}")
    press(canvas, (left + right) // 2, (top + bottom) // 2)
    scene.settle()


def test_control_k_jumps_to_what_begins_so(chatting: Scene) -> None:
    chat_view(chatting).composer.text.event_generate("<Control-k>")
    chatting.settle()
    dialog = picking(chatting)
    everything = dialog.names
    dialog.field.value = "fin"
    chatting.settle()
    some = dialog.names

    dialog.field.entry.event_generate("<Return>")
    chatting.settle()

    assert everything[:3] == ["Everyone", "kelompok-bagan", "final-project"]
    assert "henderson" in everything  # to whom one has not written yet
    assert some == ["final-project"]
    assert chatting.window.dialog is None
    assert title(chatting) == "# final-project"


def test_control_k_also_leads_to_people(chatting: Scene) -> None:
    chatting.window.menus.open_jump_dialog()
    dialog = picking(chatting)
    dialog.field.value = "hender"
    chatting.settle()

    dialog.take()
    chatting.put(*told((60, ConversationKind.PRIVATE, "henderson", HENDERSON, 0, 0)))
    chatting.answer(OpenPrivate, Code.OK, 60)

    assert title(chatting) == "henderson"


def test_arrows_choose_in_a_list(chatting: Scene) -> None:
    chatting.window.menus.open_jump_dialog()
    dialog = picking(chatting)
    chatting.settle()

    dialog.field.entry.event_generate("<Down>")
    dialog.field.entry.event_generate("<Down>")
    dialog.field.entry.event_generate("<Up>")
    dialog.take()
    chatting.settle()

    assert title(chatting) == "# kelompok-bagan"


def test_nothing_is_called_so(chatting: Scene) -> None:
    chatting.window.menus.open_jump_dialog()
    dialog = picking(chatting)

    dialog.field.value = "zzz"
    chatting.settle()
    dialog.take()

    assert dialog.names == []
    assert dialog.note.cget("text") == "Nothing is called so."
    assert chatting.window.dialog is dialog


def test_a_private_chat_is_begun_with_accounts_too(chatting: Scene) -> None:
    plus(chatting, "chat.private")
    dialog = picking(chatting)
    present = dialog.names
    dialog.field.value = "sa"
    chatting.answer(FindPeople, Code.OK, ("sari", "velicia"))
    found = dialog.names

    dialog.take()
    chatting.put(*told((61, ConversationKind.PRIVATE, "sari", 99, 0, 0)))
    chatting.answer(OpenPrivate, Code.OK, 61)

    assert present == ["catherine", "henderson", "lineker", "messi", "tono"]
    assert [one.prefix for one in chatting.asked(FindPeople)][-1] == "sa"
    assert found == ["sari"]
    assert chatting.window.dialog is None
    assert title(chatting) == "sari"


def test_a_name_nobody_has_is_refused_beside_the_field(chatting: Scene) -> None:
    chatting.window.menus.open_private_dialog()
    dialog = picking(chatting)
    dialog.field.value = "tidak ada"
    dialog.take()

    chatting.answer(OpenPrivate, Code.NO_SUCH_USER)

    assert error(dialog.field) == "No such user"
    dialog.field.value = "tidak"
    assert error(dialog.field) == ""


def test_a_group_is_made(chatting: Scene, popup: Popup) -> None:
    plus(chatting, "chat.groups")
    popup.choose("New group")
    dialog = form(chatting)
    dialog.fields[JoinField.GROUP].value = "bagan"
    dialog.submit()
    chatting.answer(AddGroup, Code.GROUP_EXISTS)
    refused = error(dialog.fields[JoinField.GROUP])

    dialog.fields[JoinField.GROUP].value = "bagan 2"
    dialog.submit()
    chatting.put(*told((62, ConversationKind.GROUP, "bagan 2", 0, 1, 0)))
    chatting.answer(AddGroup, Code.OK, 62)

    assert refused == "Group already exists"
    assert chatting.window.dialog is None
    assert title(chatting) == "# bagan 2"


def test_a_name_no_group_can_have_is_not_even_sent(chatting: Scene) -> None:
    chatting.window.menus.open_group_dialog()
    dialog = form(chatting)

    dialog.submit()
    chatting.settle()

    assert error(dialog.fields[JoinField.GROUP])
    assert dialog.button.is_enabled
    assert not chatting.asked(AddGroup)


def test_a_group_is_joined_from_the_list_of_all(chatting: Scene, popup: Popup) -> None:
    plus(chatting, "chat.groups")
    popup.choose("Join a group")
    dialog = picking(chatting)
    waiting = dialog.note.cget("text")
    chatting.answer(AskGroups, Code.OK, groups())
    listed = dialog.names

    dialog.field.value = "fut"
    chatting.settle()
    dialog.take()
    chatting.put(*told((63, ConversationKind.GROUP, "futsal", 0, 9, 0)))
    chatting.answer(JoinGroup, Code.OK, 63)

    assert waiting == "Searching …"
    assert listed == ["futsal", "final-project", "kelompok-bagan", "new"]
    assert [one.name for one in chatting.asked(JoinGroup)] == ["futsal"]
    assert title(chatting) == "# futsal"


def test_a_group_that_one_belongs_to_is_opened(chatting: Scene) -> None:
    chatting.window.menus.open_join_dialog()
    dialog = picking(chatting)

    dialog.field.value = "kelompok-bagan"
    dialog.take()
    chatting.answer(JoinGroup, Code.ALREADY_A_MEMBER, BAGAN)

    assert title(chatting) == "# kelompok-bagan"


def test_escape_closes_a_dialog_and_its_answer_is_no_use_any_more(chatting: Scene) -> None:
    chatting.window.menus.open_join_dialog()
    dialog = picking(chatting)
    dialog.field.value = "apa"
    dialog.take()
    dialog.focus_force()
    chatting.settle()

    dialog.event_generate("<Escape>")
    chatting.settle()
    chatting.answer(JoinGroup, Code.NO_SUCH_GROUP)
    chatting.answer(AskGroups, Code.OK, groups())

    assert chatting.window.dialog is None
    assert title(chatting) == "# Everyone"
