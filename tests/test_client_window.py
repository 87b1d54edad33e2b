"""The client's window on a real display: joining, settings, the end; the core is scripted."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client_scenes import (
    MESSI,
    OTHER_KEY,
    SERVER_KEY,
    VELICIA,
    WITH_MESSI,
    Scene,
    elsewhere,
    entered,
    text,
)
from client_stage import (
    FILLED,
    all_children,
    all_labels,
    chat_view,
    chatting_scene,
    error,
    is_shown,
    join_view,
    joining_scene,
    messages,
    open_scenes,
    type_in,
)

from client_chat import ChatView
from client_dialogs import SettingsDialog
from client_events import (
    ChooseName,
    ChoosePassword,
    Crashed,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    KeyChanged,
    KeySeen,
    Leave,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    Say,
)
from client_form import JoinFailed, JoinField, JoinForm, Typed
from client_rows import key_text
from conversation import ROOM
from protocol import Code
from widgets import Link

pytestmark = pytest.mark.tk


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    with open_scenes(tmp_path) as opener:
        yield opener


@pytest.fixture
def joining(tmp_path: Path) -> Iterator[Scene]:
    with joining_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with chatting_scene(tmp_path) as scene:
        yield scene


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
    scene.settle()
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


def test_the_password_that_was_right_at_last_is_the_one_kept(joining: Scene) -> None:
    joining.put(PasswordRefused())
    joining.settle()
    join_view(joining).password.value = "lain"
    join_view(joining).button.press()
    joining.put(Entered(VELICIA, "velicia", "Lab", SERVER_KEY, has_returned=False))
    joining.settle()

    joining.put(Ended(EndReason.KICKED))
    joining.settle()

    assert join_view(joining).password.value == "lain"


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


# --- calling ---


def test_a_call_marks_the_window_and_whoever_looks_ends_it(
    chatting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr("client_chatting.call_attention", lambda _: done.append("call"))
    monkeypatch.setattr("client_chatting.calm_down", lambda _: done.append("calm"))
    chatting.put(*elsewhere())
    chatting.settle()
    focus = chatting.window.focus_get()

    chatting.put(*(EntryArrived(WITH_MESSI, at, text(MESSI, "hai")) for at in range(3, 9)))
    chatting.settle()

    assert done == ["call", "calm"]  # once for all; somebody is there
    assert chatting.window.focus_get() is focus
    assert chatting.window.title().startswith("(10) ")


# --- settings and the end ---


def settings_of(scene: Scene) -> SettingsDialog:
    assert isinstance(scene.window.dialog, SettingsDialog)
    return scene.window.dialog


def test_settings_apply_at_once_and_stay(chatting: Scene) -> None:
    type_in(chatting, "belum selesai")
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = settings_of(chatting)

    dialog.choices["settings.theme"].choose("dark")
    chatting.settle()
    dialog = settings_of(chatting)
    dialog.choices["settings.language"].choose("id")
    chatting.settle()
    dialog = settings_of(chatting)
    dialog.choices["settings.send_with"].choose("no")
    chatting.settle()

    saved = chatting.folder.preferences()
    assert (saved.theme, saved.language, saved.enter_sends) == ("dark", "id", False)
    assert chat_view(chatting).composer.content == "belum selesai"
    assert "5 orang di sini" in str(chat_view(chatting).subtitle.cget("text"))


def test_escape_closes_the_settings(chatting: Scene) -> None:
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = settings_of(chatting)

    dialog.focus_force()
    chatting.settle()
    dialog.event_generate("<Escape>")
    chatting.settle()

    assert chatting.window.dialog is None


def test_control_enter_sends_if_that_was_chosen(chatting: Scene) -> None:
    chat_view(chatting).side.gear.press()
    chatting.settle()
    dialog = settings_of(chatting)
    dialog.choices["settings.send_with"].choose("no")
    chatting.settle()
    settings_of(chatting).close()
    composer = chat_view(chatting).composer
    composer.content = "halo"
    composer.text.focus_force()
    chatting.settle()

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


def test_nothing_of_the_chat_stays_when_it_is_built_anew(chatting: Scene) -> None:
    view = weakref.ref(chat_view(chatting))

    chatting.window.event_generate("<Control-plus>")
    chatting.settle()

    assert view() is None


def test_nothing_of_the_form_stays_when_it_is_built_anew(open_scene: Callable[..., Scene]) -> None:
    scene = open_scene()
    view = weakref.ref(join_view(scene))

    scene.window.focus_force()
    scene.window.event_generate("<Control-plus>")
    scene.settle()

    assert view() is None


def test_nothing_of_a_window_stays_after_it_was_closed(tmp_path: Path) -> None:
    with open_scenes(tmp_path) as open_scene:
        window = weakref.ref(open_scene().window)

    assert window() is None


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
