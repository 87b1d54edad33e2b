"""What a user asks about files (commands) and what the core reports of them (events).

Band: cores. A part of client_events.py, which names them among all others.
A ``ticket`` belongs to one transfer from its command to its FileEnded; those that go on from an
earlier visit have tickets below zero, until somebody asks for the same again.
"""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from conversation import FileNote
from protocol import Code
from settings_files import Unfinished

# --- commands ---


@dataclass(frozen=True, slots=True)
class SendFile:
    """Share a file of this computer in a conversation. Ends with FileEnded; when it went well the
    entry comes by EntryArrived with the same ticket.
    """

    ticket: int
    conversation: int
    path: Path


@dataclass(frozen=True, slots=True)
class FetchFile:
    """Bring a file that was shared here. ``folder`` None: the downloads folder; ``realm``: of who
    shared it, "" ours.
    """

    ticket: int
    note: FileNote
    folder: Path | None = None
    realm: str = ""


@dataclass(frozen=True, slots=True)
class PauseFile:
    """Nothing of it moves until ResumeFile."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ResumeFile:
    """Go on where it stopped."""

    ticket: int


@dataclass(frozen=True, slots=True)
class DropFile:
    """Not wanted any more: ends with FileEnded(DROPPED). What is here already is kept a while."""

    ticket: int


@dataclass(frozen=True, slots=True)
class AskFiles:
    """What was shared in a conversation, newest first, of entries below ``before`` (0: all).

    A Request: Answered with a tuple of SharedHere.
    """

    ticket: int
    conversation: int
    before: int = 0


@dataclass(frozen=True, slots=True)
class SharedHere:
    """An entry of kind FILE in such a list."""

    conversation: int
    number: int
    sender: str
    sent_at: int  # UTC milliseconds
    note: FileNote
    is_removed: bool  # by the operator
    is_coming: bool = False  # from another realm: it is not here yet
    is_too_large: bool = False  # for this server: so it was not taken from another realm


FileCommand = SendFile | FetchFile | PauseFile | ResumeFile | DropFile


# --- events ---


class FileState(Enum):
    """Where a transfer stands."""

    HASHING = auto()  # of our own file, before it is offered
    WAITING = auto()  # for the server, or for the connection
    MOVING = auto()
    PAUSED = auto()
    CHECKING = auto()  # all is there: whether it is what it should be


class FileTrouble(Enum):
    """Why a transfer failed here; the server's reasons are Codes."""

    NOT_FOUND = auto()  # no such file, or none that can be read
    CHANGED = auto()  # while it was sent
    DAMAGED = auto()  # what came is not what was shared, twice
    DISK_FULL = auto()
    CANNOT_SAVE = auto()
    DROPPED = auto()  # by the user
    LEFT = auto()  # the visit ended; it goes on with the next one


@dataclass(frozen=True, slots=True)
class FileMoved:
    """How far it is; at most ten times a second, and at each change of state."""

    ticket: int
    note: FileNote
    is_upload: bool
    state: FileState
    done: int  # bytes that are on the other side, or here
    speed: float  # bytes a second; 0: not known
    realm: str = ""  # WAITING: until our server has it from there


@dataclass(frozen=True, slots=True)
class FileEnded:
    """The last of it. ``trouble`` None: it went well, and ``path`` is where it is saved, if it was
    fetched."""

    ticket: int
    note: FileNote
    is_upload: bool
    trouble: FileTrouble | Code | None = None
    path: Path | None = None
    limit: int = 0  # bytes that the server takes, of this file or of all, where that is the trouble
    free: int = 0  # bytes that stay free on its disk


@dataclass(frozen=True, slots=True)
class SendGoesOn:
    """A file that was not finished in an earlier visit: FileMoved follow, as for any other."""

    ticket: int
    conversation: int
    path: Path


@dataclass(frozen=True, slots=True)
class UnfinishedChanged:
    """Keep this on disk, after the run: it goes on with the next visit."""

    files: tuple[Unfinished, ...]


FileEvent = FileMoved | FileEnded
LaterVisit = SendGoesOn | UnfinishedChanged
