"""Where each file of the chat window stands: on the server, on its way, here, gone.

Band: cores. Pure: fed with the core's events, asked by the views what to draw and what one may do
with it. A file is known by its hash, so two entries of one file show the same; a file of our own
that has no entry yet is known by its ticket. Which sentences this makes: client_file_lines.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from client_events import DraftForwarded, DraftRefused, DraftTaken, EntryArrived
from client_file_events import (
    FileEnded,
    FileEvent,
    FileMoved,
    FileState,
    FileTrouble,
    SendGoesOn,
)
from conversation import EntryKind, FileNote
from file_words import note_of
from protocol import Code

# What a system runs, installs or mounts when it is opened; of Windows, macOS and Linux together,
# since files are carried on.
_PROGRAM_ENDINGS = """
    exe com bat cmd ps1 psm1 psd1 vb vbs vbe js jse mjs ws wsf wsh wsc hta msi msp mst msc scr pif
    cpl jar jnlp reg inf ins isp lnk url chm gadget application appref-ms scf settingcontent-ms
    diagcab library-ms search-ms website xll xlam so dll sys drv ocx dylib img iso vhd vhdx
    sh bash zsh csh ksh fish py pyw pyc pyz pyzw pl pm rb php lua tcl tk awk run bin elf o out
    desktop appimage deb rpm apk flatpakref snap
    app command tool workflow action scpt scptd applescript terminal pkg mpkg dmg
"""
_PROGRAMS = frozenset(_PROGRAM_ENDINGS.split())
_PROGRAM_BEGINNINGS = (
    b"#!",
    b"MZ",
    b"\x7fELF",
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    b"\xca\xfe\xba\xbe",
)


class FileStage(Enum):
    """What can be said of a file before all else."""

    AWAY = auto()  # on the server
    MOVING = auto()  # either way
    HERE = auto()
    GONE = auto()  # the operator removed it
    FAILED = auto()


class FileAction(Enum):
    """What somebody can do with a file where it is shown."""

    FETCH = auto()
    PAUSE = auto()
    RESUME = auto()
    CANCEL = auto()
    OPEN = auto()
    SAVE_AS = auto()
    SHOW = auto()  # in its folder
    AGAIN = auto()
    DISMISS = auto()  # an upload that failed


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as it is drawn."""

    stage: FileStage = FileStage.AWAY
    ticket: int = 0  # of the transfer
    is_upload: bool = False
    state: FileState = FileState.WAITING  # while it is MOVING
    done: int = 0  # bytes
    speed: float = 0.0  # bytes a second; 0: not known
    path: Path | None = None  # once it is here
    trouble: FileTrouble | Code | None = None
    limit: int = 0  # of the server, in bytes, if that is the trouble
    free: int = 0
    has_preview: bool = False  # a picture or lines of it can be shown

    def share(self, size: int) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, self.done / size) if size else 0.0

    def seconds_left(self, size: int) -> int | None:
        """None: nobody knows."""
        if self.state is not FileState.MOVING or self.speed < 1:
            return None
        return max(0, round((size - self.done) / self.speed))

    def actions(self) -> tuple[FileAction, ...]:
        """What one may do, the most likely first."""
        match self.stage:
            case FileStage.AWAY:
                return (FileAction.FETCH,)
            case FileStage.MOVING:
                return _STEERING[self.state]
            case FileStage.HERE:
                assert self.path is not None
                further = (FileAction.SAVE_AS, FileAction.SHOW)
                is_program = is_program_name(self.path.name)
                return further if is_program else (FileAction.OPEN, *further)
            case FileStage.FAILED:
                again = (FileAction.AGAIN,)
                return (*again, FileAction.DISMISS) if self.is_upload else again
            case _:
                return ()


_GOING = (FileAction.PAUSE, FileAction.CANCEL)
_STEERING: dict[FileState, tuple[FileAction, ...]] = {
    FileState.HASHING: _GOING,
    FileState.WAITING: _GOING,
    FileState.MOVING: _GOING,
    FileState.PAUSED: (FileAction.RESUME, FileAction.CANCEL),
    FileState.CHECKING: (),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of our own on its way into a conversation."""

    conversation: int
    note: FileNote  # without a hash, and perhaps a size, before the core has looked into it
    view: FileView
    path: Path
    is_forwarded: bool = False  # our server has it, on its way to a group of another realm


def is_program_name(name: str) -> bool:
    """Whether a file called so might be run, not shown, when it is opened."""
    _, dot, ending = name.rstrip(" .").rpartition(".")
    return bool(dot) and ending.lower() in _PROGRAMS


def is_program_text(beginning: bytes) -> bool:
    """Whether a file that begins so is a program, whatever it is called."""
    return beginning.startswith(_PROGRAM_BEGINNINGS)


class FileModel:
    """One visit's. Owned by its ClientModel, which hands on the events."""

    def __init__(self) -> None:
        self._files: dict[bytes, FileView] = {}  # by hash
        self._uploads: dict[int, Upload] = {}  # by ticket

    # --- asked by views ---

    def view(self, note: FileNote) -> FileView:
        """Of a file that was shared."""
        return self._files.get(note.file, FileView())

    def uploads(self, conversation: int) -> Iterator[tuple[int, Upload]]:
        """Those without an entry, by ticket, in the order they were begun."""
        for ticket, upload in self._uploads.items():
            if upload.conversation == conversation:
                yield ticket, upload

    def upload(self, ticket: int) -> Upload | None:
        """One of them."""
        return self._uploads.get(ticket)

    # --- what the user does ---

    def send(self, ticket: int, conversation: int, path: Path) -> None:
        """A file was chosen to be shared. If it goes on from an earlier visit, it is that one."""
        for other, upload in list(self._uploads.items()):
            is_same = (upload.conversation, upload.path) == (conversation, path)
            if other < 0 and is_same and upload.view.stage is FileStage.MOVING:
                del self._uploads[other]
        view = FileView(FileStage.MOVING, ticket, is_upload=True)
        self._uploads[ticket] = Upload(conversation, FileNote(b"", 0, path.name), view, path)

    def fetch(self, ticket: int, note: FileNote) -> None:
        """A file is asked for."""
        before = self.view(note)
        self._files[note.file] = FileView(FileStage.MOVING, ticket, done=before.done)

    def dismiss(self, ticket: int) -> None:
        """An upload that failed is not to be shown any more."""
        self._uploads.pop(ticket, None)

    def find(self, note: FileNote, path: Path) -> None:
        """It was saved, or sent from there, in an earlier visit."""
        if self.view(note).stage is FileStage.AWAY:
            self._files[note.file] = FileView(FileStage.HERE, path=path)

    def lose(self, note: FileNote) -> None:
        """It is not where it was saved any more."""
        self._files.pop(note.file, None)

    def show_preview(self, file: bytes, *, is_there: bool = True) -> None:
        """A picture or some lines of it can be shown from now on, or no more."""
        known = self._files.get(file)
        if known is not None:
            self._files[file] = replace(known, has_preview=is_there)

    # --- events ---

    def apply(self, event: object) -> None:
        """Takes what the core says."""
        match event:
            case FileMoved() | FileEnded():
                self._apply_file(event)
            case SendGoesOn(ticket, conversation, path):
                self.send(ticket, conversation, path)
            case EntryArrived(ticket=int(ticket), entry=entry) if entry.kind is not EntryKind.TEXT:
                upload, note = self._uploads.pop(ticket, None), note_of(entry)
                if upload is not None and note is not None:
                    self._files[note.file] = FileView(FileStage.HERE, path=upload.path)
            case DraftForwarded(ticket) if ticket in self._uploads:
                upload = self._uploads[ticket]
                view = FileView(FileStage.HERE, path=upload.path)
                self._uploads[ticket] = replace(upload, view=view, is_forwarded=True)
            case DraftTaken(ticket=ticket) | DraftRefused(ticket=int(ticket)):
                self._uploads.pop(ticket, None)
            case _:
                pass

    def _apply_file(self, event: FileEvent) -> None:
        match event:
            case FileMoved(is_upload=False, note=note):
                self._files[note.file] = _moving(event)
            case FileEnded(is_upload=False, note=note):
                self._files[note.file] = _ended(event)
            case FileMoved(ticket=ticket, note=note) if ticket in self._uploads:
                moved = replace(self._uploads[ticket], note=note, view=_moving(event))
                self._uploads[ticket] = moved
            case FileEnded(ticket=ticket, note=note, trouble=trouble) if ticket in self._uploads:
                if trouble in (FileTrouble.DROPPED, FileTrouble.LEFT):
                    del self._uploads[ticket]
                elif trouble is not None:
                    failed = replace(self._uploads[ticket], note=note, view=_ended(event))
                    self._uploads[ticket] = failed
                elif self._uploads[ticket].is_forwarded:  # a small one was told of only now
                    self._uploads[ticket] = replace(self._uploads[ticket], note=note)
            case _:
                pass  # shared: its entry is here, or comes


def _moving(event: FileMoved) -> FileView:
    return FileView(
        FileStage.MOVING, event.ticket, event.is_upload, event.state, event.done, event.speed
    )


def _ended(event: FileEnded) -> FileView:
    match event.trouble:
        case None:
            return FileView(FileStage.HERE, path=event.path)
        case FileTrouble.DROPPED | FileTrouble.LEFT:
            return FileView()
        case Code.FILE_REMOVED:
            return FileView(FileStage.GONE)
        case trouble:
            return FileView(
                FileStage.FAILED,
                event.ticket,
                event.is_upload,
                trouble=trouble,
                limit=event.limit,
                free=event.free,
            )
