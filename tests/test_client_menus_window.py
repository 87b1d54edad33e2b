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
    TOKEN,
    VELICIA,
    WITH_CATHERINE,
    Scene,
    elsewhere,
    groups,
    told,
)
from client_scenes import text as said
from client_stage import (
    all_children,
    all_labels,
    chat_view,
    chatting_scene,
    error,
    is_shown,
    join_view,
    messages,
    place_of,
    press,
)

from client_account_dialogs import AccountDialog, FormDialog
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    ChangeName,
    ChangePassword,
    ConversationGone,
    Entered,
    EntryArrived,
    FindPeople,
    IdentityChanged,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    OpenPrivate,
    Register,
)
from client_form import JoinField
from client_pick_dialogs import PickDialog
from conversation import ROOM, ConversationKind
from protocol import Code
from settings_client import Notify
from widgets import Link

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
    """As a guest in the room, with groups and private conversations in the list."""
    with chatting_scene(tmp_path) as scene:
        scene.put(*elsewhere())
        scene.settle()
        scene.commands.clear()
        yield scene


@pytest.fixture
def with_account(chatting: Scene) -> Scene:
    chatting.put(IdentityChanged(VELICIA, "velicia", is_account=True, token=TOKEN))
    chatting.settle()
    return chatting


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
    plus(chatting, "PRIVATE")
    dialog = picking(chatting)
    present = dialog.names
    dialog.field.value = "sa"
    chatting.answer(FindPeople, Code.OK, ("sari", "velicia"))
    found = dialog.names

    dialog.take()
    chatting.put(*told((61, ConversationKind.PRIVATE, "sari", 99, 0, 0)))
    chatting.answer(OpenPrivate, Code.OK, 61)

    assert present == ["catherine", "darren", "henderson", "lineker", "messi"]
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
    plus(chatting, "GROUP")
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
    plus(chatting, "GROUP")
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


# --- the account ---


def open_account(scene: Scene) -> AccountDialog:
    chat_view(scene).side.me.event_generate("<Button-1>", x=40, y=20)
    scene.settle()
    assert isinstance(scene.window.dialog, AccountDialog)
    return scene.window.dialog


def test_the_page_of_an_account_shows_the_sessions_token(with_account: Scene) -> None:
    dialog = open_account(with_account)
    assert dialog.copy_link is not None

    dialog.copy_link.press()

    assert TOKEN in "".join(all_labels(dialog)).replace("\n", "")
    assert with_account.window.clipboard_get() == TOKEN
    assert list(dialog.choices) == ["Change password", "Log out"]


def test_a_guest_has_no_token_and_can_become_more(chatting: Scene) -> None:
    dialog = open_account(chatting)

    assert dialog.copy_link is None
    assert "Guest" in all_labels(dialog)
    assert list(dialog.choices) == ["Log in", "Register", "Change name"]


def test_logging_in_wrongly_is_said_beside_the_password(chatting: Scene) -> None:
    open_account(chatting).choices["Log in"]()
    chatting.settle()
    dialog = form(chatting)
    dialog.submit()
    empty = error(dialog.fields[JoinField.USER]), error(dialog.fields[JoinField.ACCOUNT_PASSWORD])
    dialog.fields[JoinField.USER].value = "velicia"
    dialog.fields[JoinField.ACCOUNT_PASSWORD].value = "salah"
    dialog.submit()
    busy = dialog.button.is_enabled

    chatting.answer(LogIn, Code.WRONG_LOGIN)

    assert all(empty)
    assert not busy
    assert error(dialog.fields[JoinField.ACCOUNT_PASSWORD]) == "Invalid username or password."
    assert error(dialog.fields[JoinField.USER]) == ""
    assert dialog.button.is_enabled


def test_logging_in_makes_an_account_of_the_guest(chatting: Scene) -> None:
    chatting.window.account.open_log_in()
    dialog = form(chatting)
    dialog.fields[JoinField.USER].value = "vivi"
    dialog.fields[JoinField.ACCOUNT_PASSWORD].value = "rahasia"
    dialog.submit()

    chatting.put(IdentityChanged(77, "vivi", is_account=True, token=TOKEN))
    chatting.answer(LogIn, Code.OK, TOKEN)

    assert chatting.window.dialog is None
    assert any("logged in as vivi" in line for line in messages(chatting))
    assert not any(TOKEN in line for line in messages(chatting))


def test_registering_logs_in_at_once(chatting: Scene) -> None:
    chatting.window.account.open_register()
    dialog = form(chatting)
    dialog.fields[JoinField.ACCOUNT_PASSWORD].value = "rahasia"
    dialog.fields[JoinField.AGAIN].value = "lain"
    dialog.submit()
    differs = error(dialog.fields[JoinField.AGAIN])
    dialog.fields[JoinField.AGAIN].value = "rahasia"
    dialog.fields[JoinField.COUNTRY].value = " Indonesia "
    dialog.submit()
    chatting.answer(Register, Code.OK, TOKEN)
    login = chatting.asked(LogIn)[-1]
    chatting.put(IdentityChanged(77, "velicia", is_account=True, token=TOKEN))
    chatting.answer(LogIn, Code.OK, TOKEN)

    assert differs
    assert chatting.asked(Register)[-1].name == "velicia"  # proposed
    assert chatting.asked(Register)[-1].country == "Indonesia"
    assert (login.name, login.password) == ("velicia", "rahasia")
    assert "Registration successful." in messages(chatting)


def test_what_has_no_field_stands_above_the_button(chatting: Scene) -> None:
    chatting.window.account.open_register()
    dialog = form(chatting)
    for field in (JoinField.ACCOUNT_PASSWORD, JoinField.AGAIN):
        dialog.fields[field].value = "rahasia"
    dialog.submit()

    chatting.answer(Register, Code.DISK_FULL)

    assert "disk is full" in str(dialog.message.cget("text"))
    assert is_shown(dialog.message)


def test_a_password_is_changed(with_account: Scene) -> None:
    open_account(with_account).choices["Change password"]()
    with_account.settle()
    dialog = form(with_account)
    values = {
        JoinField.OLD_PASSWORD: "lama",
        JoinField.ACCOUNT_PASSWORD: "baru",
        JoinField.AGAIN: "baru",
    }
    for field, value in values.items():
        dialog.fields[field].value = value
    dialog.submit()
    with_account.answer(ChangePassword, Code.WRONG_LOGIN)
    wrong = error(dialog.fields[JoinField.OLD_PASSWORD])
    dialog.submit()
    with_account.answer(ChangePassword, Code.OK)

    assert wrong
    assert with_account.window.dialog is None
    assert "Password changed." in messages(with_account)


def test_a_guest_takes_another_name(chatting: Scene) -> None:
    chatting.window.account.open_change_name()
    dialog = form(chatting)
    dialog.fields[JoinField.NAME].value = " "
    dialog.submit()
    empty = error(dialog.fields[JoinField.NAME])
    dialog.fields[JoinField.NAME].value = "vivi"
    dialog.submit()
    chatting.put(IdentityChanged(VELICIA, "vivi", is_account=False))
    chatting.answer(ChangeName, Code.OK, "vivi")

    assert empty == "Write a name for yourself."
    assert "You are vivi now." in messages(chatting)


def test_whoever_logs_out_is_asked_who_they_are(with_account: Scene) -> None:
    open_account(with_account).choices["Log out"]()
    with_account.settle()
    with_account.put(ConversationGone(BAGAN), ConversationGone(ROOM))
    with_account.put(IdentityChanged(0, "", is_account=False))
    with_account.answer(LogOut, Code.OK)
    view = join_view(with_account)
    note = str(view.message.cget("text"))

    view.account_password.value = "rahasia"
    view.button.press()
    with_account.put(Entered(VELICIA, "velicia", "Lab Jaringan", SERVER_KEY, has_returned=False))
    with_account.put(IdentityChanged(VELICIA, "velicia", is_account=True, token=TOKEN))
    with_account.answer(LogIn, Code.OK, TOKEN)

    assert note == "You are logged out. Log in again, register, or leave."
    assert [one.name for one in with_account.asked(LogIn)] == ["velicia"]
    assert title(with_account) == "# Everyone"
    assert len(with_account.forms) == 1  # the server stayed the same


def test_logging_out_that_failed_says_why(with_account: Scene) -> None:
    with_account.window.account.log_out()

    with_account.answer(LogOut, Code.DISK_FULL)

    assert any("disk is full" in line for line in messages(with_account))


def test_a_dialog_closed_meanwhile_still_tells_what_became_of_it(chatting: Scene) -> None:
    chatting.window.account.open_change_name()
    dialog = form(chatting)
    dialog.fields[JoinField.NAME].value = "vivi"
    dialog.submit()
    links = [child for child in all_children(dialog) if isinstance(child, Link)]
    next(link for link in links if link.cget("text") == "Cancel").press()
    chatting.settle()

    chatting.put(Answered(chatting.asked(ChangeName)[-1].ticket, Code.OK, "vivi"))
    chatting.settle()

    assert "You are vivi now." in messages(chatting)
