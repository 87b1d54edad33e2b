"""What the operator asks of the server's core (commands) and what it reports (events).

Band: cores. The server's window and a headless server's standard input speak through these alone.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from conversation import ConversationKind, Presence
from protocol import Address, Code
from records import Ban

# --- commands; people are named as the operator sees them ---


@dataclass(frozen=True, slots=True)
class Kick:
    """Out, and free to come back."""

    name: str


@dataclass(frozen=True, slots=True)
class BanPerson:
    """Out, and kept out. ``minutes`` None: until taken back. Answered by OperatorAnswered."""

    name: str
    minutes: int | None = None
    with_address: bool = False  # also whoever comes from that computer


@dataclass(frozen=True, slots=True)
class Unban:
    """Undo by name; BanPerson's end comes by itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Mute:
    """May read, may not write, for ``minutes`` (None: until Unmute)."""

    name: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Unmute:
    """Undo Mute."""

    name: str


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """A one-time code instead of an account's password, for who forgot it. It is in the answer."""

    name: str


@dataclass(frozen=True, slots=True)
class ListFiles:
    """Which files are kept and which are coming: FilesListed follows."""


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file from the server's disk, wherever it was shared. Answered by OperatorAnswered: OK, or
    FILE_MISSING."""

    file: bytes  # SHA-256
    name: str  # as the operator saw it


@dataclass(frozen=True, slots=True)
class Stop:
    """Say "come back" to everyone, commit, end: Stopped follows."""


Command = Kick | BanPerson | Unban | Mute | Unmute | ResetPassword | ListFiles | RemoveFile | Stop


# --- events ---


@dataclass(frozen=True, slots=True)
class Started:
    """The socket is bound, the store open, the password ready."""

    address: Address
    server_key: bytes
    room_name: str
    messages: int  # stored texts of the room


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the operator's table."""

    person: int
    name: str
    address: Address | None  # None: no session at the moment
    presence: Presence
    round_trip: float | None  # seconds
    loss: float  # 0 to 1, of datagrams from them
    since: int  # UTC milliseconds
    is_muted: bool
    is_account: bool = False


@dataclass(frozen=True, slots=True)
class StatusReported:
    """Once a second while the server runs."""

    people: tuple[PersonRow, ...]
    posted: int  # messages since the start
    at: int  # UTC milliseconds


@dataclass(frozen=True, slots=True)
class BansChanged:
    """All bans and mutes in force."""

    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class FileSpace:
    """How much room files take and may take, in bytes."""

    files: int  # how many are kept
    used: int  # with what is coming or waits
    waiting: int  # of it, by unfinished ones that nobody is sending; they make room for others
    limit: int
    largest: int  # that one may be
    free: int  # on the disk
    reserve: int  # of that: not for files


@dataclass(frozen=True, slots=True)
class SpaceReported:
    """Once a second while the server runs."""

    space: FileSpace


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that is kept."""

    file: bytes
    name: str
    size: int
    person: str  # who brought it first; "": not known any more
    at: int  # UTC milliseconds
    places: tuple[tuple[ConversationKind, str], ...] = ()  # where it was shared; groups have names
    has_more_places: bool = False


@dataclass(frozen=True, slots=True)
class ComingRow:
    """A file that somebody is sending just now."""

    file: bytes
    name: str
    size: int
    person: str
    here: int  # bytes of it


@dataclass(frozen=True, slots=True)
class FilesListed:
    """The files that were brought last, newest first, and those that are coming."""

    files: tuple[FileRow, ...]
    coming: tuple[ComingRow, ...]
    space: FileSpace


class HappeningKind(Enum):
    """A line for the operator's log."""

    JOINED = auto()
    RETURNED = auto()
    LEFT = auto()
    GONE = auto()
    WRONG_PASSWORD = auto()  # count: failures of that address so far
    KICKED = auto()
    BANNED = auto()
    UNBANNED = auto()
    MUTED = auto()
    UNMUTED = auto()
    RENAMED = auto()  # text: the new name
    REGISTERED = auto()
    WRONG_LOGIN = auto()
    PASSWORD_RESET = auto()
    FILE_SENT = auto()  # text: its name; count: its bytes
    FILE_REMOVED = auto()  # text: its name
    FILE_UNREADABLE = auto()  # text: its name
    DISK_FULL = auto()
    DISK_FREE = auto()
    ARCHIVE_REBUILT = auto()
    ARCHIVE_SET_ASIDE = auto()  # text: the new file name
    ARCHIVE_LOCKED = auto()
    ARCHIVE_WRITABLE = auto()
    ARCHIVE_READ_BACK = auto()  # count: entries restored into a new database
    SESSION_BROKEN = auto()


@dataclass(frozen=True, slots=True)
class Happened:
    """Something an operator may want to know. Peer text only through the view's own escaping."""

    kind: HappeningKind
    at: int  # UTC milliseconds
    name: str = ""
    address: Address | None = None
    count: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class OperatorAnswered:
    """How a command about a person ended: OK, or NO_SESSION when nobody has that name."""

    command: Command
    code: Code
    secret: str = field(default="", repr=False)  # of ResetPassword: for the operator's eyes alone


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last event of a core."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """Put by the driver: the network thread ended by a defect or a broken disk."""

    error: str


Event = (
    Started
    | StatusReported
    | BansChanged
    | SpaceReported
    | FilesListed
    | Happened
    | OperatorAnswered
    | Stopped
    | Crashed
)
