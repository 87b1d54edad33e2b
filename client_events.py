"""What a user asks of the client's core (commands) and what it reports (events): plain values.

Band: cores. The windows, the terminal and ``--json`` all speak to the core through these alone.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from client_file_events import AskFiles, FileCommand, FileEvent, LaterVisit, SharedHere
from client_realm_events import RealmEvent, RealmInfo, RealmRequest
from conversation import ConversationKind, Entry, EntryKind, Person
from protocol import Address, Code
from settings_client import Run
from settings_files import Unfinished

# --- commands ---


@dataclass(frozen=True, slots=True)
class Join:
    """Enter the room at an address. ``pinned_key`` None: never been there."""

    address: Address
    password: str = field(repr=False)
    name: str
    pinned_key: bytes | None = None
    resume: Run | None = None
    unfinished: tuple[Unfinished, ...] = ()  # files of an earlier visit


@dataclass(frozen=True, slots=True)
class ChooseName:
    """After NameRefused."""

    name: str


@dataclass(frozen=True, slots=True)
class ChoosePassword:
    """After PasswordRefused."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Say:
    """A text into a conversation. Answered by DraftMade at once, then EntryArrived, DraftTaken or
    DraftRefused.

    ``ticket`` is the caller's own number; it comes back in those events.
    """

    ticket: int
    conversation: int
    text: str


@dataclass(frozen=True, slots=True)
class LoadOlder:
    """The user scrolled: pull ``count`` entries below the floor. Answered by OlderArrived.

    ``before``: or those below this number: held once and let go, or far above; 0: below the floor.
    One question at a time: what is asked while another is on its way is not heard.
    """

    conversation: int
    count: int = 100
    before: int = 0


@dataclass(frozen=True, slots=True)
class ShowTyping:
    """The user is writing; call it at each key, the core thins it out."""

    conversation: int


@dataclass(frozen=True, slots=True)
class AskLacking:
    """Who present has not got an entry yet? Answered by LackingTold."""

    conversation: int
    number: int


@dataclass(frozen=True, slots=True)
class Leave:
    """``exit``: wait until all is acknowledged, ``patience`` seconds at most, then go.

    Ends in Ended. What was not acknowledged stays in the Run on disk and is sent next time.
    """

    patience: float = 3.0


# What follows is answered by one Answered with the same ticket, also if the server must be waited
# for; what it changes comes as events of its own.


@dataclass(frozen=True, slots=True)
class Register:
    """Make an account. It does not log in."""

    ticket: int
    name: str
    password: str = field(repr=False)
    country: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class LogIn:
    """Become the person of an account, once all drafts are acknowledged."""

    ticket: int
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogOut:
    """Stay connected, as nobody."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Of one's own account."""

    ticket: int
    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangeName:
    """Of a guest."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class OpenPrivate:
    """A conversation with somebody present or an account. Result: its number."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class AddGroup:
    """Make a group and be its first member. Result: its number."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Result: its number."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """By name. Its conversation is gone from here then."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class AskGroups:
    """All groups there are. Result: tuple of GroupInfo."""

    ticket: int


@dataclass(frozen=True, slots=True)
class AskMembers:
    """Of a group, by name. Result: tuple of names."""

    ticket: int
    name: str


@dataclass(frozen=True, slots=True)
class FindPeople:
    """Accounts whose names begin so. Result: tuple of names."""

    ticket: int
    prefix: str


@dataclass(frozen=True, slots=True)
class Search:
    """In all one may read. Result: tuple of Found, newest first."""

    ticket: int
    words: str


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Everything up to ``number`` was seen. Not answered; it never goes back."""

    conversation: int
    number: int


Request = (
    Register
    | LogIn
    | LogOut
    | ChangePassword
    | ChangeName
    | OpenPrivate
    | AddGroup
    | JoinGroup
    | LeaveGroup
    | AskGroups
    | AskMembers
    | FindPeople
    | Search
    | AskFiles
    | RealmRequest
)
Command = (
    AskLacking
    | Join
    | ChooseName
    | ChoosePassword
    | Say
    | LoadOlder
    | ShowTyping
    | Leave
    | MarkRead
    | FileCommand
    | Request
)


# --- events ---


class Connection(Enum):
    """How things stand with the server."""

    CONNECTING = auto()  # no answer yet
    ENTERING = auto()  # it answers; password and name are being settled
    HERE = auto()
    LOST = auto()  # was here; silent now; the core tries again by itself


class EndReason(Enum):
    """Why the core gave up for good."""

    LEFT = auto()  # the user's own exit
    KICKED = auto()
    BANNED = auto()
    KEY_CHANGED = auto()
    UNREACHABLE = auto()  # no answer to the first attempt for 10 s
    REFUSED = auto()  # the server is full or cannot write
    FALSE_SERVER = auto()  # it does not know the room's password
    ELSEWHERE = auto()  # the same run goes on in another program


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """``round_trip`` in seconds, once known; sent again when it changed noticeably."""

    connection: Connection
    round_trip: float | None = None


@dataclass(frozen=True, slots=True)
class KeySeen:
    """The server's public key; ``is_pinned``: it is the one we know."""

    key: bytes
    room_name: str
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """Not the key we know: nothing was sent, the core stopped. Join again with the new key to go
    on."""

    pinned_key: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """Wrong password: the core waits for ChoosePassword."""


@dataclass(frozen=True, slots=True)
class PasswordDelayed:
    """Too many wrong passwords from this address: the core tries by itself after ``wait`` s."""

    wait: float


@dataclass(frozen=True, slots=True)
class NameRefused:
    """NAME_TAKEN or NAME_INVALID (with the reason's code): the core waits for ChooseName."""

    name: str
    code: Code
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """In the room. ``has_returned``: as the person we were before, by token."""

    person: int
    name: str
    room_name: str
    server_key: bytes
    has_returned: bool


@dataclass(frozen=True, slots=True)
class EntryArrived:
    """Each entry the client holds, once, in the order of numbers; one's own included.

    ``ticket``: of our Say, if it is ours from this run. ``is_history``: it was there before us.
    """

    conversation: int
    number: int
    entry: Entry
    ticket: int | None = None
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class OlderArrived:
    """The entries that LoadOlder asked for, ascending. ``is_all``: nothing older exists."""

    conversation: int
    entries: tuple[tuple[int, Entry], ...]
    is_all: bool


@dataclass(frozen=True, slots=True)
class FloorChanged:
    """Entries above ``floor`` are held or coming; those up to it can be loaded with LoadOlder."""

    conversation: int
    floor: int


@dataclass(frozen=True, slots=True)
class DraftMade:
    """What was said waits for the server."""

    ticket: int
    draft: int
    conversation: int
    text: str


@dataclass(frozen=True, slots=True)
class DraftTaken:
    """The server has it, in a log that is not ours to read any more: EntryArrived does not come."""

    ticket: int
    conversation: int
    number: int
    sent_at: int


@dataclass(frozen=True, slots=True)
class DraftForwarded:
    """The server has it, on its way to a group of another realm: an entry there, or a refusal,
    follows once that realm has it.
    """

    ticket: int
    conversation: int


@dataclass(frozen=True, slots=True)
class DraftRefused:
    """The server will not take it: ``code`` says why."""

    ticket: int | None
    draft: int
    conversation: int
    text: str
    code: Code
    kind: EntryKind = EntryKind.TEXT  # FILE: the text is that of a FileNote


@dataclass(frozen=True, slots=True)
class ReachedChanged:
    """Everyone present has every entry up to ``number`` (two ticks)."""

    conversation: int
    number: int


@dataclass(frozen=True, slots=True)
class LackingTold:
    """Names of those present who have not got an entry; ``count`` of all, if there are many."""

    conversation: int
    number: int
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class PeopleReplaced:
    """The whole list of who is here or away."""

    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """One of them came, went away, came back, left (GONE) or changed."""

    person: Person


@dataclass(frozen=True, slots=True)
class PersonTyping:
    """Somebody writes; it fades by itself after 5 s."""

    conversation: int
    person: int


@dataclass(frozen=True, slots=True)
class LogReplaced:
    """The server's log is not the one we held a copy of (an old backup was put back).

    Tell the user; forget what was shown of this conversation; entries come anew.
    """

    conversation: int


@dataclass(frozen=True, slots=True)
class RunChanged:
    """Keep this on disk before anything else happens (None: nothing is left to resume)."""

    run: Run | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group in the list of all."""

    name: str
    members: int
    is_member: bool


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was searched for."""

    conversation: int
    number: int
    entry: Entry


Result = (
    None
    | str
    | int
    | tuple[str, ...]
    | tuple[GroupInfo, ...]
    | tuple[Found, ...]
    | tuple[SharedHere, ...]
    | tuple[RealmInfo, ...]
)


@dataclass(frozen=True, slots=True)
class Answered:
    """How a Request ended. ``result``: as it says; of Register and LogIn the token, as hex."""

    ticket: int
    code: Code
    result: Result = None
    wait: float = 0.0  # s, of TOO_MANY_GUESSES
    # Of NAME_INVALID and BAD_REQUEST; the realm that REALM_EXISTS is about; "waiting": OK, once
    # that realm is back.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """Who we are now: after entering, LogIn, LogOut (person 0) and ChangeName.

    ``token``: hex, of an account's session; shown on its page.
    """

    person: int
    name: str
    is_account: bool
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConversationChanged:
    """A conversation we belong to: new to us, or with another name. The room comes first.

    ``name``: of the group, or of the other person (``person``); of the room: empty.
    """

    conversation: int
    kind: ConversationKind
    name: str
    person: int
    head: int  # entries it has
    read: int  # up to here we had seen it, on whatever device


@dataclass(frozen=True, slots=True)
class ConversationsListed:
    """All conversations we belong to were told since we entered or logged in: none is missing."""


@dataclass(frozen=True, slots=True)
class ConversationGone:
    """We left it, on whatever device, or are somebody else now: forget it."""

    conversation: int


@dataclass(frozen=True, slots=True)
class ReadMoved:
    """Another device of ours has seen everything up to ``number``."""

    conversation: int
    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The core is done. ``text`` is the operator's reason, if any; ``until`` of a ban, UTC ms."""

    reason: EndReason
    text: str = ""
    until: int = 0


@dataclass(frozen=True, slots=True)
class Crashed:
    """Put by the driver: the network thread ended by a defect or a broken disk."""

    error: str


Event = (
    ConnectionChanged
    | FileEvent
    | RealmEvent
    | KeySeen
    | KeyChanged
    | PasswordRefused
    | PasswordDelayed
    | NameRefused
    | Entered
    | EntryArrived
    | OlderArrived
    | FloorChanged
    | DraftMade
    | DraftTaken
    | DraftForwarded
    | DraftRefused
    | ReachedChanged
    | LackingTold
    | PeopleReplaced
    | PersonChanged
    | PersonTyping
    | LogReplaced
    | RunChanged
    | LaterVisit
    | Answered
    | IdentityChanged
    | ConversationChanged
    | ConversationsListed
    | ConversationGone
    | ReadMoved
    | Ended
    | Crashed
)
