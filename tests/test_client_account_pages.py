"""The account in the chat view: its page and its dialogs, on a real display; a scripted core."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import BAGAN, SERVER_KEY, TOKEN, VELICIA, Scene
from client_stage import (
    all_children,
    all_labels,
    chat_view,
    error,
    is_shown,
    join_view,
    messages,
    talking_scene,
)

from client_account_dialogs import AccountDialog, FormDialog
from client_events import (
    Answered,
    ChangeName,
    ChangePassword,
    ConversationGone,
    Entered,
    IdentityChanged,
    LogIn,
    LogOut,
    Register,
)
from client_form import JoinField
from conversation import ROOM
from protocol import Code
from widgets import Link

pytestmark = pytest.mark.tk


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with talking_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def with_account(chatting: Scene) -> Scene:
    chatting.put(IdentityChanged(VELICIA, "velicia", is_account=True, token=TOKEN))
    chatting.settle()
    return chatting


def title(scene: Scene) -> str:
    return str(chat_view(scene).title.cget("text"))


def form(scene: Scene) -> FormDialog:
    assert isinstance(scene.window.dialog, FormDialog)
    return scene.window.dialog


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
