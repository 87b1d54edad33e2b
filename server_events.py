"""What the operator asks of the server's core (commands) and what it reports (events).

Band: cores. The server's window and a headless server's standard input speak through these alone.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from conversation import ConversationKind, Presence
from protocol import Address, Code
from records import Ban
from settings import WhoMayLink

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
class AddRealm:
    """A link to another server. ``name``: what it is to be called here; "": as its room is called.
    Answered by OperatorAnswered: OK, REALM_EXISTS, REALM_UNREACHABLE, WRONG_PASSWORD, ..."""

    name: str
    host: str  # an IP
    port: int
    password: str = field(default="", repr=False)  # of their room; "": ours is tried


@dataclass(frozen=True, slots=True)
class CutRealm:
    """What came stays, nothing comes or goes any more. OK or NO_SUCH_REALM, as with the next."""

    name: str


@dataclass(frozen=True, slots=True)
class RestoreRealm:
    """Undo CutRealm."""

    name: str


@dataclass(frozen=True, slots=True)
class DropRealm:
    """The link and what waits for it; a realm that still calls comes back by itself."""

    name: str


@dataclass(frozen=True, slots=True)
class LetPeopleLink:
    """Whether people may add realms, or the operator alone; RealmsListed follows."""

    who: WhoMayLink  # never OFF: that is settled when a server starts


@dataclass(frozen=True, slots=True)
class ListRealms:
    """How the links stand: RealmsListed follows."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Say "come back" to everyone, commit, end: Stopped follows."""


Command = (
    Kick
    | BanPerson
    | Unban
    | Mute
    | Unmute
    | ResetPassword
    | ListFiles
    | RemoveFile
    | AddRealm
    | CutRealm
    | RestoreRealm
    | DropRealm
    | LetPeopleLink
    | ListRealms
    | Stop
)


# --- events ---


@dataclass(frozen=True, slots=True)
class Started:
    """The socket is bound, the store open, the password ready."""

    address: Address
    server_key: bytes
    room_name: str
    messages: int  # stored texts of the room
    at: int  # wall clock, ms


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
    person: str  # who brought it first, "@" and a realm's name too; "": not known any more
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


class RealmState(Enum):
    """How things stand with another realm. The values are on the wire."""

    LINKED = "linked"
    AWAY = "away"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class RealmRow:
    """Another realm, as its link stands."""

    name: str
    state: RealmState
    since: int  # UTC milliseconds: when its link last came or went
    waiting: int  # entries that it has not got yet
    round_trip: float | None  # seconds
    address: Address | None  # None: it calls us
    added_by: str  # "": the operator, or itself by calling
    loss: float = 0.0  # 0 to 1, of datagrams from there
    trouble: "HappeningKind | None" = None  # why it is not linked, as the log has said


@dataclass(frozen=True, slots=True)
class RealmsListed:
    """All realms, by name, and who may add some."""

    realms: tuple[RealmRow, ...]
    who: WhoMayLink = WhoMayLink.USERS


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
    REALM_ADDED = auto()  # text: by whom; "": the operator
    REALM_LINKED = auto()  # count: messages that waited for it, and that it has now
    REALM_LOST = auto()
    REALM_KEY_CHANGED = auto()
    REALM_PASSWORD = auto()  # theirs is another now
    REALM_REFUSED = auto()
    REALM_CUT = auto()
    REALM_RESTORED = auto()
    REALM_DROPPED = auto()
    REALM_FULL = auto()  # it has left here what one realm may leave
    REALM_FILE_TOO_LARGE = auto()  # text: the name of a file of theirs
    REALM_FILE_REMOVED = auto()  # by the operator there, before it was here. text: its name
    REALM_FILE_WAITS = auto()  # for room here. text: its name
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
    about: str = ""  # of AddRealm: which realm it is, or what was wrong: "name", "address", "self"
    calls_us: bool = False  # of DropRealm: the other end calls, and is a realm again when it does


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
    | RealmsListed
    | Happened
    | OperatorAnswered
    | Stopped
    | Crashed
)
