"""Files in the chat window on a real display: sent, fetched, opened; the core is scripted."""

import io
import tkinter as tk
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from client_scenes import (
    BOARD,
    DATA,
    HENDERSON,
    REPORT,
    VELICIA,
    Scene,
    note,
    shared,
    text,
)
from client_stage import (
    all_labels,
    chat_view,
    chatting_scene,
    click,
    enter,
    messages,
    type_in,
)
from PIL import Image

import client_preview_views
from client_dialogs import SettingsDialog
from client_events import EntryArrived
from client_fetching import Allowance
from client_file_dialogs import FileDialogs, Pasted, dropped_paths
from client_file_events import (
    DropFile,
    FetchFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    PauseFile,
    ResumeFile,
    SendFile,
)
from client_file_model import FileStage, FileView
from client_file_views import FilePainter
from client_opening import Opener
from client_preview_views import load_preview
from conversation import ROOM, EntryKind, FileNote
from protocol import Code
from texts import Texts
from widgets_look import LIGHT, Look

pytestmark = pytest.mark.tk


class Answers(FileDialogs):
    """Dialogs that answer at once."""

    def __init__(self, root: tk.Tk, *chosen: Path, pasted: Pasted = None) -> None:
        super().__init__(root)
        self._chosen, self._pasted = chosen, pasted
        self.names: list[str] = []  # that were proposed

    def files(self, title: str) -> Sequence[Path]:
        return self._chosen

    def place(self, title: str, name: str) -> Path | None:
        self.names.append(name)
        return self._chosen[0] if self._chosen else None

    def folder(self, title: str, folder: Path) -> Path | None:
        return self._chosen[0] if self._chosen else None

    def pasted(self) -> Pasted:
        return self._pasted


class Recorder(Opener):
    """A system that opens nothing."""

    def __init__(self, error: OSError | None = None) -> None:
        super().__init__()
        self.opened: list[Path] = []
        self.shown: list[Path] = []
        self._error = error

    def open_file(self, path: Path) -> None:
        if self._error is not None:
            raise self._error
        self.opened.append(path)

    def show_in_folder(self, path: Path) -> None:
        self.shown.append(path)


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    with chatting_scene(tmp_path / "config") as scene:
        scene.window.filing.opener = Recorder()
        yield scene


def answers(scene: Scene, *chosen: Path, pasted: Pasted = None) -> Answers:
    scene.window.filing.dialogs = Answers(scene.window, *chosen, pasted=pasted)
    return scene.window.filing.dialogs


def opener(scene: Scene) -> Recorder:
    assert isinstance(scene.window.filing.opener, Recorder)
    return scene.window.filing.opener


def look_of(scene: Scene) -> Look:
    return Look(scene.window, LIGHT)


def saved(folder: Path, file: FileNote, data: bytes = b"%PDF-1.7\0") -> FileEnded:
    """It was fetched."""
    path = folder / file.name
    path.write_bytes(data)
    return FileEnded(1, file, False, None, path)


def complaint(scene: Scene) -> str:
    """Beside the line to write in."""
    label = chat_view(scene).composer.note
    return str(label.cget("text")) if label.winfo_ismapped() else ""


def picture(width: int = 64, height: int = 40, kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#c02040").save(written, kind)
    return written.getvalue()


# --- sending ---


def test_the_paper_clip_sends_all_files_that_were_chosen(chatting: Scene) -> None:
    first, second = Path("/home/velicia/satu.pdf"), Path("/home/velicia/dua.pdf")
    answers(chatting, first, second)

    chat_view(chatting).composer.attach_button.press()
    chatting.settle()

    assert [(one.conversation, one.path) for one in chatting.asked(SendFile)] == [
        (ROOM, first),
        (ROOM, second),
    ]
    assert {"satu.pdf", "dua.pdf"} <= set(messages(chatting))


def test_thinking_better_of_it_sends_nothing(chatting: Scene) -> None:
    answers(chatting)

    chat_view(chatting).composer.attach_button.press()

    assert chatting.asked(SendFile) == []


def test_an_upload_shows_its_progress_until_its_entry_is_here(chatting: Scene) -> None:
    chatting.window.filing.drop([Path("/home/velicia/papan-tulis.jpg")])
    ticket = chatting.asked(SendFile)[0].ticket

    chatting.put(FileMoved(ticket, BOARD, True, FileState.MOVING, 4_352_000, 1_024_000))
    chatting.settle()
    moving = messages(chatting)
    entry = text(VELICIA, BOARD.encode(), kind=EntryKind.FILE)
    chatting.put(FileEnded(ticket, BOARD, True), EntryArrived(ROOM, 10, entry, ticket))
    chatting.settle()

    assert {"papan-tulis.jpg", "68 %", "1.0 MB/s · 2 s left", "Pause", "Cancel"} <= set(moving)
    assert messages(chatting).count("papan-tulis.jpg") == 1
    assert {"6.4 MB", "Open"} <= set(messages(chatting))


def test_an_upload_that_failed_can_be_sent_again_or_dismissed(chatting: Scene) -> None:
    chatting.window.filing.send([Path("/home/velicia/papan-tulis.jpg")])
    ticket = chatting.asked(SendFile)[0].ticket

    chatting.put(FileEnded(ticket, BOARD, True, FileTrouble.NOT_FOUND))
    chatting.settle()
    click(chatting, "Try again")
    again = chatting.asked(SendFile)[1].ticket
    chatting.put(FileEnded(again, BOARD, True, FileTrouble.NOT_FOUND))
    chatting.settle()
    click(chatting, "Dismiss")

    assert again != ticket
    assert "papan-tulis.jpg" not in messages(chatting)


def test_a_file_that_was_typed_shows_its_progress_too(chatting: Scene, tmp_path: Path) -> None:
    (tmp_path / "papan-tulis.jpg").write_bytes(b"x")

    type_in(chatting, f"/sendroomfile {tmp_path / 'papan-tulis.jpg'}")
    enter(chatting)
    ticket = chatting.asked(SendFile)[0].ticket
    chatting.put(FileMoved(ticket, BOARD, True, FileState.PAUSED, 0, 0))
    chatting.settle()
    click(chatting, "Resume")

    assert chatting.asked(ResumeFile) == [ResumeFile(ticket)]


# --- dropping and pasting ---


def test_only_files_are_dropped(chatting: Scene, tmp_path: Path) -> None:
    file = tmp_path / "satu dua.pdf"
    file.write_bytes(b"x")

    root = chatting.window

    assert dropped_paths(root, f"{{{file}}} {tmp_path} /nowhere") == [file]
    assert dropped_paths(root, "{") == []


def test_a_pasted_picture_is_sent_as_a_file_of_its_own(chatting: Scene) -> None:
    answers(chatting, pasted=picture())

    for _ in range(2):
        chat_view(chatting).composer.text.event_generate("<<Paste>>")
    chatting.settle()

    first, second = (one.path for one in chatting.asked(SendFile))
    assert first != second
    assert first.read_bytes() == second.read_bytes() == picture()
    assert first.suffix == second.suffix == ".png"
    assert chat_view(chatting).composer.content == ""


def test_pasted_files_are_sent_from_where_they_are(chatting: Scene) -> None:
    answers(chatting, pasted=[Path("/home/velicia/satu.pdf")])

    chat_view(chatting).composer.text.event_generate("<<Paste>>")

    assert [one.path for one in chatting.asked(SendFile)] == [Path("/home/velicia/satu.pdf")]


def test_a_pasted_text_is_a_text(chatting: Scene) -> None:
    chatting.window.clipboard_clear()
    chatting.window.clipboard_append("halo")

    chat_view(chatting).composer.text.event_generate("<<Paste>>")
    chatting.settle()

    assert chat_view(chatting).composer.content == "halo"
    assert chatting.asked(SendFile) == []


def test_a_picture_on_the_clipboard_is_read_through_tk(chatting: Scene) -> None:
    root = chatting.window
    if root.tk.call("tk", "windowingsystem") != "x11":
        pytest.skip("elsewhere pillow reads it")
    data = " ".join(f"0x{byte:x}" for byte in picture())
    command = root.register(lambda offset, length: data[int(offset) :][: int(length)])
    root.tk.call("selection", "own", "-selection", "CLIPBOARD", ".")
    named = ("-selection", "CLIPBOARD", "-type", "image/png")
    root.tk.call("selection", "handle", *named, ".", command)

    pasted = FileDialogs(root).pasted()

    assert isinstance(pasted, bytes)
    assert Image.open(io.BytesIO(pasted)).size == (64, 40)


# --- fetching ---


def test_a_file_is_fetched_by_a_click_and_only_then(chatting: Scene) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10))
    chatting.settle()
    before = chatting.asked(FetchFile)

    click(chatting, "Fetch")

    assert before == []
    assert [(one.note, one.folder) for one in chatting.asked(FetchFile)] == [(REPORT, None)]
    assert "Waiting …" in messages(chatting)


def test_what_moves_is_paused_resumed_and_cancelled(chatting: Scene) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10))
    chatting.put(FileMoved(5, REPORT, False, FileState.MOVING, 100, 0))
    chatting.settle()
    click(chatting, "Pause")
    chatting.put(FileMoved(5, REPORT, False, FileState.PAUSED, 100, 0))
    chatting.settle()
    click(chatting, "Resume")
    click(chatting, "Cancel")

    assert chatting.asked(PauseFile) == [PauseFile(5)]
    assert chatting.asked(ResumeFile) == [ResumeFile(5)]
    assert chatting.asked(DropFile) == [DropFile(5)]


def test_several_files_move_at_once(chatting: Scene) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10), shared(HENDERSON, BOARD, 11))
    chatting.put(FileMoved(5, REPORT, False, FileState.MOVING, 420_000, 0))
    chatting.put(FileMoved(6, BOARD, False, FileState.MOVING, 3_200_000, 0))
    chatting.settle()

    assert {"10 %", "50 %"} <= set(messages(chatting))


def test_what_the_operator_removed_says_so(chatting: Scene) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10))
    chatting.settle()
    click(chatting, "Fetch")
    ticket = chatting.asked(FetchFile)[0].ticket

    chatting.put(FileEnded(ticket, REPORT, False, Code.FILE_REMOVED))
    chatting.settle()

    assert "The operator removed this file." in messages(chatting)
    assert "Fetch" not in messages(chatting)


def test_small_files_of_others_come_by_themselves_if_the_user_wants(chatting: Scene) -> None:
    settings = open_settings(chatting)
    settings.choices["settings.fetch_below"].choose("1000000")
    open_settings(chatting).close()
    entry = text(HENDERSON, DATA.encode(), kind=EntryKind.FILE)
    large = text(HENDERSON, REPORT.encode(), kind=EntryKind.FILE)
    own = text(VELICIA, note("a.txt", 5).encode(), kind=EntryKind.FILE)

    chatting.put(shared(HENDERSON, note("lama.txt", 5), 10))
    chatting.put(*(EntryArrived(ROOM, 11 + n, one) for n, one in enumerate((entry, large, own))))
    chatting.settle()

    assert [one.note for one in chatting.asked(FetchFile)] == [DATA]


def test_what_comes_by_itself_is_not_endlessly_much(chatting: Scene) -> None:
    open_settings(chatting).choices["settings.fetch_below"].choose("1000000")
    open_settings(chatting).close()
    chatting.window.filing.allowance = Allowance(hourly=10)
    first, second, third = (note(f"{name}.bin", 5) for name in "abc")

    for number, one in enumerate((first, second, third), 10):
        entry = text(HENDERSON, one.encode(), kind=EntryKind.FILE)
        chatting.put(EntryArrived(ROOM, number, entry))
    chatting.settle()
    assert [one.note for one in chatting.asked(FetchFile)] == [first, second]

    click(chatting, "Fetch")
    assert [one.note for one in chatting.asked(FetchFile)] == [first, second, third]


def test_what_comes_by_itself_leaves_room_on_the_disk(chatting: Scene) -> None:
    open_settings(chatting).choices["settings.fetch_below"].choose("1000000")
    open_settings(chatting).close()
    chatting.window.filing.allowance = Allowance(reserve=1 << 60)

    entry = text(HENDERSON, note("a.bin", 5).encode(), kind=EntryKind.FILE)
    chatting.put(EntryArrived(ROOM, 10, entry))
    chatting.settle()

    assert chatting.asked(FetchFile) == []


def test_the_folder_for_files_is_shown_and_changed(chatting: Scene, tmp_path: Path) -> None:
    answers(chatting, tmp_path)
    settings = open_settings(chatting)

    settings.change_folder.press()
    chatting.settle()
    labels = all_labels(open_settings(chatting))
    chatting.put(shared(HENDERSON, REPORT, 10))
    chatting.settle()
    open_settings(chatting).close()
    click(chatting, "Fetch")

    assert chatting.folder.preferences().downloads == str(tmp_path)
    assert any(label and str(tmp_path).endswith(label[-6:]) for label in labels)
    assert [one.folder for one in chatting.asked(FetchFile)] == [tmp_path]


def open_settings(scene: Scene) -> SettingsDialog:
    if scene.window.dialog is None:
        chat_view(scene).side.gear.press()
        scene.settle()
    assert isinstance(scene.window.dialog, SettingsDialog)
    return scene.window.dialog


# --- what is here ---


def test_nothing_is_opened_by_itself_and_a_click_opens_it(chatting: Scene, tmp_path: Path) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10), saved(tmp_path, REPORT))
    chatting.settle()
    before = list(opener(chatting).opened)

    click(chatting, "Open")
    click(chatting, "Show in folder")

    assert before == []
    assert opener(chatting).opened == [tmp_path / REPORT.name]
    assert opener(chatting).shown == [tmp_path / REPORT.name]


def test_a_program_in_disguise_is_shown_in_its_folder_instead(
    chatting: Scene, tmp_path: Path
) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10), saved(tmp_path, REPORT, b"#!/bin/sh\nrm -r ~\n"))
    chatting.settle()

    click(chatting, "Open")

    assert opener(chatting).opened == []
    assert opener(chatting).shown == [tmp_path / REPORT.name]
    assert "is a program" in complaint(chatting)


def test_what_cannot_be_opened_says_why(chatting: Scene, tmp_path: Path) -> None:
    chatting.window.filing.opener = Recorder(FileNotFoundError(2, "No such file", "xdg-open"))
    chatting.put(shared(HENDERSON, REPORT, 10), saved(tmp_path, REPORT))
    chatting.settle()

    click(chatting, "Open")

    assert complaint(chatting).endswith("xdg-open: No such file")


def test_what_was_deleted_meanwhile_can_be_fetched_again(chatting: Scene, tmp_path: Path) -> None:
    chatting.put(shared(HENDERSON, REPORT, 10), saved(tmp_path, REPORT))
    chatting.settle()
    (tmp_path / REPORT.name).unlink()

    click(chatting, "Open")

    assert "Fetch" in messages(chatting)
    assert opener(chatting).opened == []


def test_a_file_is_saved_elsewhere_under_a_safe_name(chatting: Scene, tmp_path: Path) -> None:
    data = b"%PDF" + bytes(3_000_000)
    odd = note("lapor:an.pdf", len(data))
    dialogs = answers(chatting, tmp_path / "salinan.pdf")
    path = tmp_path / "asli.pdf"
    path.write_bytes(data)
    chatting.put(shared(HENDERSON, odd, 10), FileEnded(1, odd, False, None, path))
    chatting.settle()

    click(chatting, "Save as…")
    chatting.settle(lambda: (tmp_path / "salinan.pdf").exists())

    assert dialogs.names == ["lapor_an.pdf"]
    assert (tmp_path / "salinan.pdf").read_bytes() == data
    assert not list(tmp_path.glob("*.part"))


def test_a_copy_that_fails_says_why_and_leaves_nothing(chatting: Scene, tmp_path: Path) -> None:
    answers(chatting, tmp_path / "nowhere" / "salinan.pdf")
    chatting.put(shared(HENDERSON, REPORT, 10), saved(tmp_path, REPORT))
    chatting.settle()

    click(chatting, "Save as…")

    assert "could not be saved" in complaint(chatting)


# --- previews ---


@pytest.mark.parametrize("has_pillow", [True, False])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_picture_that_is_here_is_shown_small(
    chatting: Scene,
    tmp_path: Path,
    kind: str,
    has_pillow: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_preview_views, "HAS_PILLOW", has_pillow)
    data = picture(900, 700, kind)
    board = note("papan-tulis.png", len(data))

    chatting.put(shared(HENDERSON, board, 10), saved(tmp_path, board, data))
    chatting.settle(lambda: chatting.window.filing.preview(board.file) is not None)

    preview = chatting.window.filing.preview(board.file)
    assert preview is not None
    assert preview.picture is not None
    assert 200 <= preview.picture.width() <= 270
    assert preview.picture.height() <= 200
    canvas = chat_view(chatting).messages.canvas
    images = {
        str(canvas.tk.call(str(canvas), "itemcget", one, "-image")) for one in pictures(canvas)
    }
    assert str(preview.picture) in images


def pictures(canvas: tk.Canvas) -> list[int]:
    return [item for item in canvas.find_all() if str(canvas.type(item)) == "image"]


def test_a_picture_is_never_wider_than_its_bubble(chatting: Scene, tmp_path: Path) -> None:
    path = tmp_path / "papan-tulis.png"
    path.write_bytes(picture(900, 300))
    look = look_of(chatting)
    preview = load_preview(chatting.window, look, path)
    painter = FilePainter(
        chat_view(chatting).messages.canvas,
        look,
        Texts("en"),
        can_draw_emoji=True,
        preview_of=lambda _: preview,
    )

    view = FileView(FileStage.HERE, path=path, has_preview=True)
    layout = painter.measured(BOARD, view, room=100, meta=0)

    assert layout.width == 100
    assert layout.preview is not None
    assert layout.preview.picture is not None
    assert layout.preview.picture.width() <= 100


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_other_pictures_are_shown_by_pillow(chatting: Scene, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "foto"
    path.write_bytes(picture(900, 700, kind))

    preview = load_preview(chatting.window, look_of(chatting), path)

    assert preview is not None
    assert preview.picture is not None


def test_the_first_lines_of_a_text_are_shown(chatting: Scene, tmp_path: Path) -> None:
    chatting.put(shared(HENDERSON, DATA, 10), saved(tmp_path, DATA, b"nama,nilai\nana,90\n"))
    chatting.settle(lambda: "ana,90" in messages(chatting))

    assert {"nama,nilai", "ana,90"} <= set(messages(chatting))


@pytest.mark.parametrize(
    "data",
    [
        picture()[:16] + b"\0\0\xff\xff\0\0\xff\xff" + picture()[24:],  # 65,535 by 65,535
        picture()[:60],
        b"#!/bin/sh\necho\n",
        b"\0\1\2\3",
    ],
)
@pytest.mark.parametrize("has_pillow", [True, False])
def test_what_is_damaged_huge_or_no_document_is_not_shown(
    chatting: Scene,
    tmp_path: Path,
    data: bytes,
    has_pillow: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_preview_views, "HAS_PILLOW", has_pillow)
    (tmp_path / "x").write_bytes(data)

    assert load_preview(chatting.window, look_of(chatting), tmp_path / "x") is None
