"""Joining with an account on a real display: log in, register, be asked again; scripted core."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from client_scenes import MESSI, SERVER_KEY, Scene
from client_stage import FILLED, error, is_shown, join_view, open_scenes

from client_chat import ChatView
from client_events import (
    ChoosePassword,
    Entered,
    IdentityChanged,
    LogIn,
    NameRefused,
    PasswordRefused,
    Register,
)
from client_form import JoinForm, Typed, Way
from protocol import Code
from settings_client import RecentRoom

pytestmark = pytest.mark.tk


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    with open_scenes(tmp_path) as opener:
        yield opener


WITH_ACCOUNT = Typed(
    "192.168.1.20", "8083", "rahasia", "", way=Way.LOG_IN, user="messi", account_password="kopi"
)


def logged_in() -> list[object]:
    """What the core says when an account is let in."""
    messi = IdentityChanged(MESSI, "messi", is_account=True, token="ab" * 32)
    return [Entered(MESSI, "messi", "Lab", SERVER_KEY, has_returned=False), messi]


def test_each_way_asks_for_what_it_needs(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(prefill=FILLED)
    view = join_view(scene)
    shown = []
    for way in Way:
        view.ways.choose(way.value)
        scene.settle()
        fields = (view.your_name, view.user, view.account_password, view.again, view.country)
        shown.append([is_shown(field) for field in fields] + [view.button.text])

    assert shown == [
        [True, False, False, False, False, "Join"],
        [False, True, True, False, False, "Log in and join"],
        [False, True, True, True, True, "Register and join"],
    ]


def test_the_way_is_chosen_by_arrow_keys_too(open_scene: Callable[..., Scene]) -> None:
    view = join_view(open_scene(prefill=FILLED))
    view.ways.focus_force()
    view.update()

    view.ways.event_generate("<Left>")

    assert view.way is Way.REGISTER


def test_a_room_of_an_account_proposes_to_log_in(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene()
    scene.folder.remember_room(RecentRoom("10.0.0.7", 8083, "Lab", "messi", 5, is_account=True))
    view = join_view(open_scene(folder=scene.folder.path))

    assert (view.way, view.user.value) == (Way.LOG_IN, "messi")
    view.ways.choose(Way.GUEST.value)
    view.rooms[0].press()
    assert view.way is Way.LOG_IN


def test_the_core_is_told_the_account_when_it_asks_who_one_is(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    view = join_view(scene)

    view.button.press()
    scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    scene.settle()
    scene.put(*logged_in())
    scene.answer(LogIn, Code.OK, "ab" * 32)

    assert scene.forms == [JoinForm("192.168.1.20", 8083, "rahasia", "", account="messi")]
    assert [(one.name, one.password) for one in scene.asked(LogIn)] == [("messi", "kopi")]
    assert isinstance(scene.window.view, ChatView)


def test_whoever_comes_back_by_token_is_not_asked_for_anything(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    join_view(scene).button.press()

    scene.put(*logged_in())
    scene.settle()

    assert isinstance(scene.window.view, ChatView)
    assert scene.commands == []


def test_a_wrong_login_is_asked_for_again_without_starting_over(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    view = join_view(scene)
    view.button.press()
    scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    scene.answer(LogIn, Code.WRONG_LOGIN)
    wrong = error(view.account_password)
    can_change = str(view.host.entry.cget("state"))

    view.account_password.value = " "
    view.button.press()
    empty = error(view.account_password)
    view.account_password.value = "teh"
    view.button.press()
    scene.settle()

    assert wrong == "Invalid username or password."
    assert can_change == "disabled"
    assert empty == "Write a password."
    assert [one.password for one in scene.asked(LogIn)] == ["kopi", "teh"]
    assert len(scene.forms) == 1


def test_a_name_that_is_registered_already_is_chosen_again(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(
        prefill=replace(WITH_ACCOUNT, way=Way.REGISTER, again="kopi", country="Indonesia")
    )
    view = join_view(scene)
    view.button.press()
    scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    scene.answer(Register, Code.NAME_TAKEN)
    taken = error(view.user)

    view.user.value = "messi 10"
    view.button.press()
    scene.answer(Register, Code.OK, "cd" * 32)
    scene.put(*logged_in())
    scene.answer(LogIn, Code.OK, "ab" * 32)

    assert taken == "Username already taken."
    assert [one.name for one in scene.asked(Register)] == ["messi", "messi 10"]
    assert [one.name for one in scene.asked(LogIn)] == ["messi 10"]
    assert isinstance(scene.window.view, ChatView)


def test_from_a_wrong_login_one_can_go_and_register(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    view = join_view(scene)
    view.button.press()
    scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    scene.answer(LogIn, Code.WRONG_LOGIN)

    view.ways.choose(Way.REGISTER.value)
    view.again.value = view.account_password.value
    view.button.press()
    scene.settle()

    assert [one.name for one in scene.asked(Register)] == ["messi"]


def test_a_wrong_room_password_is_asked_for_before_the_account(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    view = join_view(scene)
    view.button.press()
    scene.put(PasswordRefused())
    scene.settle()
    view.password.value = "benar"
    view.button.press()
    scene.put(NameRefused("", Code.NAME_INVALID, "empty"))
    scene.settle()

    assert scene.commands[0] == ChoosePassword("benar")
    assert [one.name for one in scene.asked(LogIn)] == ["messi"]


def test_whose_session_died_elsewhere_logs_in_again(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene(prefill=WITH_ACCOUNT)
    join_view(scene).button.press()
    scene.put(*logged_in())
    scene.settle()

    scene.put(NameRefused("messi", Code.NAME_TAKEN))
    scene.settle()
    view = join_view(scene)
    note = str(view.message.cget("text"))
    view.account_password.value = "baru"
    view.button.press()
    scene.settle()

    assert note == "You are logged out. Log in again, register, or leave."
    assert [(one.name, one.password) for one in scene.asked(LogIn)] == [("messi", "baru")]
