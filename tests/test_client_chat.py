"""The chat view on a real display, driven as a person would; the core is scripted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client_scenes import (
    HENDERSON,
    SERVER_KEY,
    VELICIA,
    Scene,
    entered,
    text,
)
from client_stage import (
    FILLED,
    chat_view,
    chatting_scene,
    enter,
    is_shown,
    join_view,
    messages,
    open_scenes,
    shown_texts,
    type_in,
)

from client_events import (
    ChooseName,
    Connection,
    ConnectionChanged,
    DraftMade,
    DraftRefused,
    Ended,
    EndReason,
    Entered,
    EntryArrived,
    LackingTold,
    Leave,
    LogReplaced,
    NameRefused,
    PersonTyping,
    Say,
    ShowTyping,
)
from conversation import ROOM
from protocol import MAX_TEXT, Code

pytestmark = pytest.mark.tk


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    with open_scenes(tmp_path) as opener:
        yield opener


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with chatting_scene(tmp_path) as scene:
        yield scene


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


def test_whose_message_arrived_is_no_longer_typing(chatting: Scene) -> None:
    chatting.put(PersonTyping(ROOM, HENDERSON))
    chatting.settle()

    chatting.put(EntryArrived(ROOM, 50, text(HENDERSON, "selesai")))
    chatting.settle()

    assert "typing…" not in shown_texts(chat_view(chatting).people.canvas)


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


def test_where_emoji_are_dangerous_they_are_spelled_while_written_and_sent_as_they_are(
    chatting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_chat.can_draw_emoji", lambda _: False)
    chatting.window.event_generate("<Control-plus>")  # builds the view anew
    chatting.settle()
    composer = chat_view(chatting).composer

    type_in(chatting, "halo 👋!")
    written = composer.text.get("1.0", "end-1c")
    composer.submit()

    assert written == "halo :waving_hand_sign:!"
    assert [c for c in chatting.commands if isinstance(c, Say)] == [Say(1, ROOM, "halo 👋!")]
    assert any(":waving_hand_sign:" in line for line in messages(chatting))
