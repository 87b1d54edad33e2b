"""What the server's window shows of files: the space they take, which are kept, which are coming.

Band: cores. Knows no widget; times and words as server_model.py has them. Whatever came from a peer
passes ``shown`` before it is drawn.
"""

from dataclasses import dataclass

from conversation import ConversationKind
from file_words import size_text
from server_events import (
    ComingRow,
    Crashed,
    FileRow,
    FilesListed,
    FileSpace,
    RemoveFile,
    SpaceReported,
    Stopped,
)
from server_form import StartFailed
from server_model import ServerModel, format_count

NEARLY = 0.95  # of the space: an operator should look


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of the list as text. ``share`` of it is here; None: all, and it can be removed."""

    name: str
    size: str
    about: str  # from whom, when, where
    share: float | None = None
    removal: RemoveFile | None = None


class FilesModel:
    """What is known of the files by now; nothing while the server does not run."""

    def __init__(self, model: ServerModel) -> None:
        self._model = model
        self.space: FileSpace | None = None
        self.listed: FilesListed | None = None

    def apply(self, event: SpaceReported | FilesListed | Stopped | Crashed | StartFailed) -> None:
        """Take one event in."""
        match event:
            case SpaceReported():
                self.space = event.space
            case FilesListed():
                self.listed, self.space = event, event.space
            case _:
                self.space = self.listed = None

    # --- the space ---

    @property
    def share(self) -> float:
        """How much of the space is used, 0 to 1."""
        space = self.space
        return min(1.0, space.used / max(1, space.limit)) if space is not None else 0.0

    @property
    def used(self) -> str:
        """``1.2 GB of 11 GB``; empty while nothing is known."""
        return self._say_space("server.files_used")

    @property
    def used_by(self) -> str:
        """``24 files, 1.2 GB of 11 GB``."""
        is_one = self.space is not None and self.space.files == 1
        return self._say_space("server.files_used_by_one" if is_one else "server.files_used_by")

    @property
    def free(self) -> str:
        """``412 GB free on the disk``."""
        return self._say_space("server.files_free")

    @property
    def limits(self) -> str:
        """What is free, and how large one file may be."""
        parts = self.free, self._say_space("server.files_largest")
        return " · ".join(part for part in parts if part)

    @property
    def warning(self) -> str:
        """A sentence when no file can come any more, or hardly one; else empty."""
        if self.space is not None and self.space.free <= self.space.reserve:
            return self._say_space("server.files_disk_full")
        return self._say_space("server.files_full") if self.share >= NEARLY else ""

    @property
    def waiting(self) -> str:
        """A sentence about unfinished files, if there are any."""
        if self.space is None or not self.space.waiting:
            return ""
        return self._model.say("server.files_waiting", size=self._size(self.space.waiting))

    def _say_space(self, key: str) -> str:
        space = self.space
        if space is None:
            return ""
        return self._model.say(
            key,
            count=format_count(space.files),
            used=self._size(space.used),
            limit=self._size(space.limit),
            largest=self._size(space.largest),
            free=self._size(space.free),
            reserve=self._size(space.reserve),
        )

    # --- the list ---

    @property
    def lines(self) -> list[FileLine]:
        """Those that are coming, then those that are kept, newest first."""
        if self.listed is None:
            return []
        coming = [self._coming_line(row) for row in self.listed.coming]
        return coming + [self._line(row) for row in self.listed.files]

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there are no files."""
        return self.listed is not None and not self.listed.files and not self.listed.coming

    @property
    def rest(self) -> str:
        """What the list leaves out, in words; empty if it has all."""
        listed = self.listed
        if listed is None or listed.space.files <= len(listed.files):
            return ""
        shown, count = format_count(len(listed.files)), format_count(listed.space.files)
        return self._model.say("server.files_newest", shown=shown, count=count)

    def _coming_line(self, row: ComingRow) -> FileLine:
        say = self._model.say
        if row.here < row.size:
            size = say("server.file_coming", here=self._size(row.here), size=self._size(row.size))
        else:
            size = say("server.file_checking", size=self._size(row.size))
        about = self._from(row.person)
        return FileLine(self._name(row.name), size, about, share=row.here / max(1, row.size))

    def _line(self, row: FileRow) -> FileLine:
        parts = self._from(row.person), self._model.moment(row.at), self._places(row)
        return FileLine(
            self._name(row.name),
            self._size(row.size),
            " · ".join(part for part in parts if part),
            removal=RemoveFile(row.file, row.name),
        )

    def _name(self, name: str) -> str:
        return self._model.shown(name) or self._model.say("server.file_nameless")

    def _from(self, person: str) -> str:
        if not person:
            return ""
        is_realm = person.startswith("@")  # no person is called so
        key = "server.file_from_realm" if is_realm else "server.file_from"
        return self._model.say(key, name=self._model.shown(person.removeprefix("@")))

    def _places(self, row: FileRow) -> str:
        if not row.places:
            return self._model.say("server.file_nowhere")
        words = {self._place(kind, name): None for kind, name in row.places}  # each once, in order
        return ", ".join([*words, *(["…"] if row.has_more_places else [])])

    def _place(self, kind: ConversationKind, name: str) -> str:
        if kind is ConversationKind.GROUP:
            return self._model.shown(name)
        is_room = kind is ConversationKind.ROOM
        return self._model.say("server.file_in_room" if is_room else "server.file_in_private")

    def _size(self, size: int) -> str:
        return size_text(size, self._model.say)
