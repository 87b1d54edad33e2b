"""Files in the chat window: what is chosen goes out, what is pressed is fetched, opened, saved.

Band: adapters. Between the model and the chat view, for one visit. Nothing is opened by itself.
"""

import contextlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from client_chatting import Chatting
from client_events import EntryArrived, OlderArrived
from client_fetching import Allowance
from client_file_dialogs import FileDialogs
from client_file_events import (
    DropFile,
    FetchFile,
    FileEnded,
    PauseFile,
    ResumeFile,
    SendFile,
)
from client_file_model import FileAction, FileStage, FileView
from client_file_views import Preview
from client_opening import Opener, copying, is_program
from client_paths import free_space
from client_preview_views import load_preview
from client_rows import MessageRow
from client_surroundings import Surroundings
from conversation import ConversationKind, EntryKind, FileNote
from file_names import numbered, safe_file_name
from file_words import note_of
from realms import split_realm
from settings_files import SavedPlaces
from widgets_look import can_draw_emoji

_STEP_MS = 1  # between two pieces of a copy
_SAVE_MS = 500  # between a file that is here and the next visit's knowing of it
_LOOK_MS = 20  # between two previews
_PASTED_MS = 24 * 3_600_000  # that a pasted picture is kept: it may have to be sent again
_MOST_PASTED = 100  # in a minute
_MOST_PREVIEWS = 60  # kept: each takes up to a quarter of a megabyte


class Filing:
    """One visit's."""

    def __init__(self, around: Surroundings, chatting: Chatting, usual_downloads: Path) -> None:
        """``usual_downloads``: the system's folder."""
        self._around = around
        self._chatting = chatting
        self._usual_downloads = usual_downloads
        self.dialogs = FileDialogs(around.root)
        self.opener = Opener()
        self.allowance = Allowance()
        self._entries: dict[bytes, tuple[int, int]] = {}  # conversation and number, by file
        self._previews: OrderedDict[bytes, Preview] = OrderedDict()  # by file
        self._saved: SavedPlaces | None = None  # in this room, once it is known which it is
        self._save_timer: str | None = None
        self._to_look_at: deque[tuple[FileNote, Path]] = deque()

    # --- events ---

    def take(self, event: object) -> None:
        """After the model took it."""
        if isinstance(event, FileEnded):
            self.allowance.end(event.note.file)
        match event:
            case FileEnded(is_upload=False, note=note, path=Path() as path):
                self._remember(note, path)
                self._look_into(note, path)
            case EntryArrived(entry=entry) if entry.kind is EntryKind.FILE:
                self._take_entry(event, note_of(entry))
            case OlderArrived(entries=entries):
                for note in filter(None, map(note_of, (entry for _, entry in entries))):
                    self._find(note)
            case _:
                pass

    def _take_entry(self, event: EntryArrived, note: FileNote | None) -> None:
        if note is None:
            return
        view = self._chatting.model.files.view(note)
        if view.path is not None:
            if event.ticket is not None:
                self._remember(note, view.path)
            self._look_into(note, view.path)
            return
        if self._find(note):
            return
        is_wanted = note.size < self._around.preferences.fetch_below and not event.is_history
        is_own = event.entry.person == self._chatting.model.me
        if is_wanted and not is_own and view.stage is FileStage.AWAY and self._may_come(note):
            self._fetch(note, split_realm(event.entry.name)[1])

    def _may_come(self, note: FileNote) -> bool:
        """By itself."""
        folders = {self._usual_downloads, self._folder() or self._usual_downloads}
        free = min(map(free_space, folders))  # it is pulled into one, and saved in the other
        return self.allowance.grant(note, free, self._around.wall_clock())

    # --- where it is ---

    @property
    def _places(self) -> SavedPlaces:
        if self._saved is None:
            server_key = self._chatting.model.server_key
            assert server_key is not None  # entries and files come when we have entered
            self._saved = SavedPlaces(self._around.folder.path, server_key)
        return self._saved

    def _find(self, note: FileNote) -> bool:
        """Whether it is where it was saved, or sent from, in an earlier visit."""
        files = self._chatting.model.files
        path = self._places.find(note) if files.view(note).stage is FileStage.AWAY else None
        if path is not None:
            files.find(note, path)
            self._look_into(note, path)
        return path is not None

    def _remember(self, note: FileNote, path: Path) -> None:
        """For later visits; on disk soon, once for all that come in a moment."""
        self._places.add(note.file, path)
        if self._save_timer is None:
            self._save_timer = self._around.root.after(_SAVE_MS, self.save_places)

    def save_places(self) -> None:
        """Those that are not on disk yet."""
        self._save_timer = None
        if self._saved is not None:
            with contextlib.suppress(OSError):  # then it has to be fetched again
                self._saved.save()

    # --- previews ---

    def preview(self, file: bytes) -> Preview | None:
        """None: there is none yet."""
        return self._previews.get(file)

    def _look_into(self, note: FileNote, path: Path) -> None:
        """Soon, one at a time: the window lives on between two."""
        if not self._to_look_at:
            self._around.root.after(_LOOK_MS, self._look_on)
        self._to_look_at.append((note, path))

    def _look_on(self) -> None:
        note, path = self._to_look_at.popleft()
        if self._to_look_at:
            self._around.root.after(_LOOK_MS, self._look_on)
        with contextlib.suppress(OSError):  # it was moved away: nothing to show
            preview = load_preview(self._around.root, self._around.look, path)
            if preview is not None:
                self._keep(note.file, preview)

    def _keep(self, file: bytes, preview: Preview) -> None:
        files = self._chatting.model.files
        self._previews[file] = preview
        files.show_preview(file)
        while len(self._previews) > _MOST_PREVIEWS:
            files.show_preview(self._previews.popitem(last=False)[0], is_there=False)
        self._around.refresh()

    # --- sending ---

    def attach(self) -> None:
        """The paper clip was pressed."""
        say = self._around.say
        if not self._is_safe():
            self._type_instead(self._share_command())
            return
        self.send(self.dialogs.files(say("file.choose")))

    def send(self, paths: Iterable[Path]) -> None:
        """Into the conversation that is shown."""
        model = self._chatting.model
        for path in paths:
            ticket = model.new_ticket()
            model.files.send(ticket, model.chosen, path)
            self._around.submit(SendFile(ticket, model.chosen, path))
        self._chatting.to_newest()
        if self._chatting.view is not None:
            self._chatting.view.messages.scroll_to_end()
            self._chatting.view.composer.text.focus_set()

    def paste(self) -> bool:
        """False: it is a text, or nothing: the line to write in may have it."""
        match self.dialogs.pasted():
            case None:
                return False
            case bytes(picture):
                try:
                    self.send([self._keep_pasted(picture)])
                except OSError as error:
                    self._tell("file.not_copied", file="PNG", reason=_reason(error))
            case paths:
                self.send(paths)
        return True

    def drop(self, paths: Sequence[Path]) -> None:
        """Files were dropped on the window."""
        if self._chatting.view is not None and paths:
            self.send(paths)

    def _keep_pasted(self, picture: bytes) -> Path:
        """As a file among the client's own, for a day. Raises OSError."""
        around, model = self._around, self._chatting.model
        folder, now = around.folder.path / "pasted", around.wall_clock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.stat().st_mtime * 1000 < now - _PASTED_MS:
                old.unlink()
        name = f"{model.day_of(now)}-{model.time_of(now).replace(':', '')}.png"
        for count in range(1, _MOST_PASTED):
            place = folder / numbered(name, count)
            with contextlib.suppress(FileExistsError), place.open("xb") as file:
                file.write(picture)
                return place
        raise FileExistsError(str(folder / name))

    def _is_safe(self) -> bool:
        """Whether a file dialog survives names with pictures in them; if so, it is prepared."""
        self.dialogs.speak(self._around.say)
        return can_draw_emoji(self._around.root)

    def _type_instead(self, command: str) -> None:
        self._tell("file.type_it", command=command)

    def _share_command(self) -> str:
        here = self._chatting.model.conversation
        match here.kind:
            case ConversationKind.ROOM:
                return "/sendroomfile FILE"
            case ConversationKind.GROUP:
                return f"/sendgroupfile {here.name} FILE"
            case _:
                return f"/sendfile {here.name} FILE"

    # --- what is pressed ---

    def act(self, row: MessageRow, action: FileAction) -> None:
        """Something is to be done with the file of a row."""
        note, view = row.file, row.view
        if note is None or view is None:
            return
        match action:
            case FileAction.FETCH:
                self._fetch(note, split_realm(row.name)[1])
            case FileAction.PAUSE:
                self._around.submit(PauseFile(view.ticket))
            case FileAction.RESUME:
                self._around.submit(ResumeFile(view.ticket))
            case FileAction.CANCEL:
                self._around.submit(DropFile(view.ticket))
            case FileAction.AGAIN | FileAction.DISMISS:
                self._end_failed(row, note, view, is_again=action is FileAction.AGAIN)
            case FileAction.OPEN | FileAction.SAVE_AS | FileAction.SHOW:
                self._use(note, view, action)
        self._around.refresh()

    def _fetch(self, note: FileNote, realm: str) -> None:
        model = self._chatting.model
        ticket = model.new_ticket()
        model.files.fetch(ticket, note)
        self._around.submit(FetchFile(ticket, note, self._folder(), realm))

    def choose_downloads(self, folder: Path) -> Path | None:
        """Where files are to be saved from now on; None: where they were."""
        if not self._is_safe():
            self._type_instead("/get FILE FOLDER")
            return None
        return self.dialogs.folder(self._around.say("settings.downloads"), folder)

    def _folder(self) -> Path | None:
        downloads = self._around.preferences.downloads
        return Path(downloads) if downloads else None

    def _end_failed(
        self, row: MessageRow, note: FileNote, view: FileView, *, is_again: bool
    ) -> None:
        files = self._chatting.model.files
        if not view.is_upload:
            self._fetch(note, split_realm(row.name)[1])
            return
        upload = files.upload(view.ticket)
        files.dismiss(view.ticket)
        if is_again and upload is not None:
            self.send([upload.path])

    # --- what is here ---

    def _use(self, note: FileNote, view: FileView, action: FileAction) -> None:
        path = view.path
        if path is None:
            return
        if not path.is_file():
            self._chatting.model.files.lose(note)
            self._tell("file.lost", file=note.name)
            return
        try:
            if action is FileAction.SAVE_AS:
                self._save_as(note, path)
            elif action is FileAction.SHOW:
                self.opener.show_in_folder(path)
            elif is_program(path):
                self._tell("file.is_program", file=note.name)
                self.opener.show_in_folder(path)
            else:
                self.opener.open_file(path)
        except OSError as error:
            self._tell("file.cannot_open", file=note.name, reason=_reason(error))

    def _tell(self, key: str, **words: str) -> None:
        """Beside the line to write in: wherever somebody has scrolled to, it is seen there."""
        view = self._chatting.view
        if view is not None:
            view.composer.show_error(self._around.say(key, **words))

    def _save_as(self, note: FileNote, path: Path) -> None:
        say = self._around.say
        if not self._is_safe():
            self._type_instead("/get FILE FOLDER")
            return
        target = self.dialogs.place(say("file.save_as"), safe_file_name(note.name))
        if target is not None and target != path:
            self._copy_on(note, copying(path, target))

    def _copy_on(self, note: FileNote, copy: Iterator[None]) -> None:
        """A piece at a time: a large file must not hold up the window."""
        try:
            next(copy)
        except StopIteration:
            return
        except OSError as error:
            self._tell("file.not_copied", file=note.name, reason=_reason(error))
        else:
            self._around.root.after(_STEP_MS, self._copy_on, note, copy)


def _reason(error: OSError) -> str:
    """With what it is about: perhaps the system has no program that opens files."""
    about = error.filename if isinstance(error.filename, str) else ""
    what = error.strerror or str(error)
    return f"{Path(about).name}: {what}" if about else what
