"""What later visits know of the files of earlier ones, in the chat window; and Tk's own dialogs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import (
    BOARD,
    HENDERSON,
    VELICIA,
    Scene,
    note,
    shared,
    text,
)
from client_stage import chatting_scene, click, messages

from client_events import EntryArrived, OlderArrived
from client_file_dialogs import FileDialogs
from client_file_events import DropFile, FileEnded, FileMoved, FileState, SendFile, SendGoesOn
from conversation import ROOM, EntryKind
from settings_files import SavedPlaces
from texts import Texts

pytestmark = pytest.mark.tk


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with chatting_scene(tmp_path / "config") as scene:
        yield scene


def put_file(path: Path) -> Path:
    path.write_bytes(b"%PDF-1.7\0")
    return path


def test_a_file_is_where_an_earlier_visit_saved_it_and_later_ones_know_of_more(
    chatting: Scene, tmp_path: Path
) -> None:
    server_key = chatting.window.model.server_key
    assert server_key is not None
    places = SavedPlaces(chatting.folder.path, server_key)
    known, older, new = (note(f"{name}.pdf", 9) for name in ("known", "older", "new"))
    for file in (known, older):
        places.add(file.file, put_file(tmp_path / file.name))
    places.save()
    upload = put_file(tmp_path / "own.pdf")
    own = note("own.pdf", 9)
    chatting.window.filing.send([upload])
    ticket = chatting.asked(SendFile)[0].ticket

    entry = text(HENDERSON, older.encode(), kind=EntryKind.FILE)
    sent = text(VELICIA, own.encode(), kind=EntryKind.FILE)
    chatting.put(
        *(
            shared(HENDERSON, known, 10),
            shared(HENDERSON, new, 11),
            FileEnded(1, new, False, None, put_file(tmp_path / new.name)),
        ),
        *(FileEnded(ticket, own, True), EntryArrived(ROOM, 12, sent, ticket)),
        OlderArrived(ROOM, ((1, entry),), is_all=True),
    )
    chatting.settle()
    chatting.window.filing.save_places()

    assert [line for line in messages(chatting) if line in ("Fetch", "Open")] == ["Open"] * 3
    assert chatting.window.model.files.view(older).path == tmp_path / "older.pdf"
    later = SavedPlaces(chatting.folder.path, server_key)
    assert [later.find(file) for file in (known, older, new, own)] == [
        tmp_path / f"{name}.pdf" for name in ("known", "older", "new", "own")
    ]


def test_one_that_goes_on_from_an_earlier_visit_can_be_cancelled(chatting: Scene) -> None:
    chatting.put(
        SendGoesOn(-1, ROOM, Path("/home/velicia/papan-tulis.jpg")),
        FileMoved(-1, BOARD, True, FileState.WAITING, 0, 0.0),
    )
    chatting.settle()

    click(chatting, "Cancel")

    assert "papan-tulis.jpg" in messages(chatting)
    assert chatting.asked(DropFile) == [DropFile(-1)]


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_dialogs_that_tk_draws_speak_the_users_language(chatting: Scene, language: str) -> None:
    tk, say = chatting.window.tk, Texts(language)

    FileDialogs(chatting.window).speak(say)

    told = tk.call("namespace", "eval", "::tk", 'mc "&Open"')
    lost = tk.call("namespace", "eval", "::tk", 'mc "File \\"%1\\$s\\"  does not exist." foto.png')
    assert told == say("dialog.open")
    assert lost == say("dialog.no_file").replace("%1$s", "foto.png")


def test_events_come_while_a_dialog_of_tks_own_has_the_focus(chatting: Scene) -> None:
    tk = chatting.window.tk
    tk.call("toplevel", ".dialog")
    tk.call("tkwait", "visibility", ".dialog")
    tk.call("focus", "-force", ".dialog")
    chatting.settle(lambda: str(tk.call("focus")) == ".dialog")

    chatting.put(EntryArrived(ROOM, 10, text(HENDERSON, "halo lagi")))
    chatting.settle()

    assert "halo lagi" in messages(chatting)
