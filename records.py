"""What the server keeps on disk, as values, and the store that keeps it, as a protocol.

Band: words. Cores speak to a ``Store``; storage.py is one; a store shared by several servers would
be another. Nothing but the store decides numbers, names on disk and membership.
"""

import errno
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

from conversation import ConversationKind, Entry, FileNote
from protocol import RuangError


class StoreError(RuangError):
    """The disk did not do what was asked of it; nothing of the open transaction is kept."""


class StoreFullError(StoreError):
    """No space: refuse what would write, go on reading."""


class StoreBrokenError(StoreError):
    """An I/O error or a damaged file: stop acknowledging, say why, stop."""


class PartLostError(StoreError):
    """Somebody took away what had come of a file: there is no place for the rest."""


class FileGoneError(RuangError):
    """No such file on this computer, or none that can be read."""


class FileChangedError(RuangError):
    """It is not what it was when it was opened."""


def as_disk_error(error: OSError) -> StoreError:
    """What a failure of the disk means to the core."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (StoreFullError if is_full else StoreBrokenError)(str(error))


class Stored(NamedTuple):
    """An entry with its place in its log."""

    conversation: int
    number: int
    body: bytes  # Entry.encode(): what all receivers get
    chain: bytes


class LogHead(NamedTuple):
    """How far a log goes. An empty log: number 0, FIRST_CHAIN, sent_at 0."""

    number: int
    chain: bytes
    sent_at: int


class DraftAnswer(NamedTuple):
    """How a draft ended; kept with its stream until its author has the answer."""

    draft: int
    code: int  # protocol.Code; OK: the three below say where it stands
    conversation: int = 0
    number: int = 0
    sent_at: int = 0


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One run of a client: whose it is, and which of its drafts have been taken."""

    person: int
    oldest: int  # answers below are forgotten
    taken: int  # drafts up to this one have an answer or never get one
    answers: tuple[DraftAnswer, ...]


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Somebody who entered. ``is_present`` is the mark that joined and left entries follow."""

    person: int  # 63 random bits, never 0
    name: str
    is_present: bool
    is_account: bool = False


class BanKind(IntEnum):
    """What somebody is kept from."""

    ENTER = 1
    SPEAK = 2


@dataclass(frozen=True, slots=True)
class Ban:
    """Keeps a person, a name and perhaps an address out (or silent) until an end."""

    ban: int  # 0 in one not stored yet
    kind: BanKind
    person: int
    name: str
    address: str  # "" : the name and the person alone
    until: int  # UTC milliseconds; 0: until the operator takes it back
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GuessRecord:
    """Wrong passwords of one address, so that a restart forgives nobody."""

    address: str
    failures: int
    last_failure: int  # UTC milliseconds


@dataclass(frozen=True, slots=True)
class RememberedSession:
    """Whom a server that starts tells that its old session is gone."""

    session_id: int
    host: str
    port: int


class NoticeKind(IntEnum):
    """What the store did by itself that an operator should know."""

    ARCHIVE_REBUILT = 1  # count: entries written
    ARCHIVE_SET_ASIDE = 2  # text: the name it was given
    ARCHIVE_LOCKED = 3
    ARCHIVE_WRITABLE = 4  # after ARCHIVE_LOCKED
    ARCHIVE_READ_BACK = 5  # count: entries restored into a new database


@dataclass(frozen=True, slots=True)
class StoreNotice:
    """One such thing."""

    kind: NoticeKind
    count: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What SCRAM-SHA-256 checks a password by; the password itself is nowhere."""

    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    expires_at: int = 0  # UTC ms, of an operator's one-time code; 0: the owner's own password


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A person who keeps a name for good."""

    person: int
    name: str
    full_name: str
    country: str
    created_at: int
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """``name`` of a group; ``pair`` of a private conversation, the lower id first."""

    conversation: int
    kind: ConversationKind
    name: str = ""
    pair: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RealmRecord:
    """Another server that is linked to this one. Known by its key, whatever it is called here."""

    realm: int  # 0 in one not stored yet
    key: bytes
    name: str  # what it is called here
    host: str = ""  # "": it calls us, we do not know where it is
    port: int = 0
    prs: bytes = field(default=b"", repr=False)  # what their password gives for their room
    room_id: bytes = b""  # of the room that ``prs`` is for
    added_by: str = ""  # "": the operator, or the realm itself by calling us
    added_at: int = 0  # UTC milliseconds
    seen_at: int = 0  # when a link to it last stood
    is_cut: bool = False  # by the operator: what is there stays, nothing comes or goes


@dataclass(frozen=True, slots=True)
class ForeignPerson:
    """Somebody of another realm, who has a row among the people as well."""

    person: int  # as they are known here
    realm: int
    theirs: bytes  # 8 bytes: as they are known there; empty as long as nobody asked there
    name: str  # there; here they are called name@realm


@dataclass(frozen=True, slots=True)
class Mirror:
    """A group of another realm: our copy of its log, and what our people say to it."""

    conversation: int  # the copy, a GROUP called group@realm; our people are its members
    realm: int
    name: str  # there
    outgoing: int  # the conversation of kind OUTGOING that its home reads
    returned: int = (
        0  # entries of ``outgoing`` up to this one came back in the copy, or were refused
    )


class Followed(NamedTuple):
    """How far we have a log of another realm. Kept in the transaction of what came from it."""

    realm: int
    theirs: int  # the conversation there
    ours: int  # where it goes; 0: nowhere, it was refused
    have: int
    chain: bytes  # theirs, at ``have``


class Undelivered(NamedTuple):
    """What another realm must hear: an entry of theirs, or (0) their whole log, is refused here."""

    realm: int
    theirs: int
    number: int
    code: int  # protocol.Code


@dataclass(frozen=True, slots=True)
class AwaitedFile:
    """A file that entries of another realm speak of and that is not here yet."""

    file: bytes
    size: int
    name: str
    realm: int
    conversation: int  # here, for which it is to come
    place: int = 0  # among all that are awaited; 0 in one not stored yet

    @property
    def note(self) -> FileNote:
        """What its entry says of it."""
        return FileNote(self.file, self.size, self.name)


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group as it stands in the list of all."""

    conversation: int
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that holds the words that were searched for."""

    conversation: int
    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was verified. Removed: its bytes are gone, what speaks of it stays."""

    file: bytes  # SHA-256
    size: int
    person: int  # who brought it first
    at: int
    is_removed: bool = False
    name: str = ""  # as it was offered first


@dataclass(frozen=True, slots=True)
class SharedFile:
    """An entry of kind FILE, as it stands in a list of files."""

    conversation: int
    number: int
    person: int
    name: str  # of the person
    sent_at: int
    note: FileNote
    is_removed: bool


class Shelf(Protocol):
    """The bytes of files, named by their SHA-256, and of those that are on their way.

    The name of one that is on its way may be followed by 8 bytes that say whose part it is: there
    may be several, each by itself.
    Owned by the network thread. Blocks of BLOCK bytes, the last one short; in a bitmap, block n is
    bit n % 8, from the lowest, of byte n // 8. Whatever a call raises is StoreFullError or
    StoreBrokenError, or PartLostError if it is about a part. Both ends have one: a server's is the
    folder ``files``, a client's are its downloads.
    """

    def begin(self, file: bytes, size: int) -> bytes: ...  # the bitmap of what was saved of it
    def write(self, file: bytes, first: int, data: bytes | memoryview) -> None: ...  # has begun
    def mark(self, file: bytes, bitmap: bytes) -> None: ...  # if we are killed, the next start goes
    # on from there; what is in the bitmap was written before
    def save(self, file: bytes, bitmap: bytes) -> Callable[[], None]: ...  # for the worker: from
    # then on the same holds after a power cut
    def hash_ahead(self, file: bytes, blocks: int) -> Callable[[], int]: ...  # for the worker: some
    # of what ``verify`` would have to do, of the first so many blocks, all here; bytes done by then
    def verify(self, file: bytes) -> Callable[[], bool | None]: ...  # for the worker, which calls
    # it until it has the answer, with other jobs in between: whether it is what its name says; if
    # so it has its name for good and is on disk, if not it is gone. Nothing more can be written
    def drop(self, file: bytes) -> None: ...  # parts and the whole
    def drop_part(self, file: bytes) -> None: ...  # what is being written of it, nothing else
    def has(self, file: bytes) -> bool: ...  # whole
    def whole(self) -> dict[bytes, int]: ...  # sizes of all such, at a start
    def read(self, file: bytes, first: int, blocks: int) -> bytes: ...  # of a whole one; less at
    # its end, nothing if it is not here
    def unfinished(self) -> dict[bytes, int]: ...  # sizes of those on their way, at a start
    def has_part(self, file: bytes) -> bool: ...
    def kept(self, file: bytes) -> bytes: ...  # as ``begin``, and nothing begins
    def free(self) -> int: ...  # bytes left on the disk
    def close(self) -> None: ...


class Store(Protocol):
    """Owned by the network thread. The first write opens a transaction; ``commit`` ends it.

    Any method may raise StoreFullError or StoreBrokenError; after ``rollback`` nothing of the
    turn stays.
    Times are UTC milliseconds. ``read_later`` and ``next_chore`` return work for the worker thread.
    """

    @property
    def room_id(self) -> bytes: ...
    def begin_commit(self) -> tuple[Stored, ...]: ...  # what ``commit``, the next call, will give
    def commit(self) -> tuple[Stored, ...]: ...  # what became durable, in order of append
    def rollback(self) -> None: ...
    def write_along(self) -> None: ...  # what was committed, to where nobody waits for it

    # logs
    def head(self, conversation: int) -> LogHead: ...
    def append(
        self, conversation: int, entry: Entry, *, is_given: bool = True
    ) -> Stored: ...  # of kind FILE, ``is_given`` False: its file is for nobody by that
    def chain_at(self, conversation: int, number: int) -> bytes | None: ...
    def read(self, conversation: int, first: int, last: int, limit: int) -> list[Stored]: ...
    def read_later(
        self, conversation: int, first: int, last: int, limit: int
    ) -> Callable[[], list[Stored]]: ...

    # drafts
    def stream(self, stream: bytes) -> StreamRecord | None: ...
    def bind_stream(self, stream: bytes, person: int, used_at: int) -> None: ...
    def save_answer(self, stream: bytes, answer: DraftAnswer, used_at: int) -> None: ...
    def forget_answers(self, stream: bytes, oldest: int) -> None: ...

    # people
    def present_people(self) -> list[PersonRecord]: ...
    def person(self, person: int) -> PersonRecord | None: ...
    def save_person(self, record: PersonRecord) -> None: ...  # adds or replaces
    def is_account_name(self, folded: str, skeleton: str) -> bool: ...
    def save_token(self, token_hash: bytes, person: int, used_at: int) -> None: ...
    def use_token(self, token_hash: bytes, unused_since: int, used_at: int) -> int | None: ...
    def drop_tokens(self, person: int) -> None: ...
    def once(self, once: bytes) -> tuple[int, bytes] | None: ...  # code and JSON of the answer
    def save_once(self, once: bytes, code: int, fields: bytes, at: int) -> None: ...

    # accounts; ``folded`` and ``skeleton`` as auth.py makes them of a name
    def add_account(self, account: AccountRecord, folded: str, skeleton: str) -> None: ...
    def account(self, person: int) -> AccountRecord | None: ...
    def account_named(self, folded: str) -> AccountRecord | None: ...
    def account_names(self, folded_prefix: str, limit: int) -> list[str]: ...  # in order
    def save_credentials(self, person: int, credentials: Credentials) -> None: ...
    def drop_token(self, token_hash: bytes) -> None: ...

    # conversations beside the room, of which everybody is a member without a row
    def conversation(self, conversation: int) -> ConversationRecord | None: ...
    def add_group(self, name: str, folded: str, skeleton: str) -> int: ...
    def group_named(self, folded: str) -> int | None: ...
    def is_group_name(self, folded: str, skeleton: str) -> bool: ...
    def groups(self, after_folded: str, limit: int) -> list[GroupRecord]: ...  # by folded name
    def private_between(self, one: int, other: int) -> int | None: ...
    def add_private(self, one: int, other: int) -> int: ...  # both are members from now on
    def members(self, conversation: int) -> list[int]: ...  # people, in the order of joining
    def member_names(self, conversation: int, limit: int) -> list[str]: ...  # in order of names
    def is_member(self, conversation: int, person: int) -> bool: ...
    def add_member(self, conversation: int, person: int) -> None: ...
    def drop_member(self, conversation: int, person: int) -> None: ...
    def conversations_of(self, person: int) -> list[int]: ...  # ascending, without the room
    def read_markers(self, person: int) -> dict[int, int]: ...  # by conversation
    def set_read(self, person: int, conversation: int, number: int) -> None: ...

    # search: entries are indexed behind the commits, a few at a time
    def index_some(self, limit: int) -> bool: ...  # whether there are more to index
    def search_later(
        self, words: str, conversations: list[int], limit: int
    ) -> Callable[[], list[Hit]]: ...  # newest first; at most ``limit`` and 50 ms

    # files; an entry of kind FILE that is appended is one that shares it, unless not ``is_given``
    def file(self, file: bytes) -> FileRecord | None: ...
    def add_file(self, record: FileRecord) -> None: ...  # one that was removed is here again
    def remove_file(self, file: bytes) -> None: ...
    def forget_file(self, file: bytes) -> None: ...  # as if it had never come; entries stay
    def unshared_files(self, since: int, until: int, limit: int) -> list[bytes]: ...  # not removed,
    # brought in that time, and in no entry
    def newest_files(self, limit: int) -> list[FileRecord]: ...  # that are not removed
    def files_size(self) -> int: ...  # bytes of all that are not removed
    def files_count(self) -> int: ...  # of these
    def file_places(self, file: bytes, limit: int) -> list[int]: ...  # conversations, ascending
    def bring_file(self, file: bytes, person: int) -> None: ...  # has shown to have all of it
    def has_brought(self, file: bytes, person: int) -> bool: ...
    def may_read_file(self, file: bytes, person: int) -> bool: ...  # shared where they belong
    def shared_files(
        self, conversation: int, before: int, limit: int
    ) -> list[SharedFile]: ...  # newest first, of numbers below ``before`` (0: all)

    # other realms
    def realms(self) -> list[RealmRecord]: ...  # by realm, those that are cut too
    def realm_name(self, realm: int) -> str: ...  # of one that was dropped too; "": none
    def realm_names(self) -> list[tuple[bytes, str]]: ...  # by key: now, once, and of dropped ones
    def is_dropped(self, realm: int) -> bool: ...  # its link is no more
    def save_realm(
        self, record: RealmRecord, folded: str
    ) -> RealmRecord: ...  # adds one (realm 0) or replaces; one that was dropped goes on
    def note_realm_seen(self, realm: int, at: int) -> None: ...
    def name_people_of(self, realm: int, ending: str) -> None: ...  # all of its; "@" and its name
    def name_mirror(
        self, mirror: Mirror, shown: str, folded: str, skeleton: str
    ) -> None: ...  # nothing, if another group is called so
    def drop_realm(self, realm: int) -> None: ...  # the link; what was said stays
    def foreign_person(self, person: int) -> ForeignPerson | None: ...
    def foreign_people(self, realm: int, folded: str) -> list[ForeignPerson]: ...  # newest first
    def foreign_person_there(self, realm: int, theirs: bytes) -> ForeignPerson | None: ...
    def count_foreign_people(self, realm: int) -> int: ...
    def count_private(self, person: int, realm: int) -> int: ...  # with people of that realm
    def count_unmet_people(
        self, realm: int, asker: int
    ) -> tuple[int, int, int]: ...  # known by name alone: all, of whom no log is declined, by asker
    def save_foreign_person(
        self, record: ForeignPerson, folded: str
    ) -> None: ...  # adds or replaces; save_person is called beside it
    def add_mirror(
        self, realm: int, name: str, shown: str, folded: str, skeleton: str
    ) -> Mirror: ...
    # two conversations; ``folded`` and ``skeleton`` are of ``shown``, group@realm
    def is_abroad(self, conversation: int) -> bool: ...  # else no realm has to do with it
    def mirror(self, conversation: int) -> Mirror | None: ...  # by either of its conversations
    def mirrors(self, realm: int) -> list[Mirror]: ...
    def set_returned(self, conversation: int, returned: int) -> None: ...  # of a mirror
    def shared_logs(
        self, realm: int, after: int = 0, limit: int = -1
    ) -> list[int]: ...  # what a realm may read, ascending: private
    # ones with its people, groups of ours it has members in, OUTGOING ones that are for it
    def realms_of(self, conversation: int) -> list[int]: ...  # the realms that may read a log
    def has_shared(self, realm: int, conversation: int) -> bool: ...
    def followed(self, realm: int, theirs: int) -> Followed | None: ...
    def followed_after(
        self, realm: int, theirs: int, limit: int
    ) -> list[Followed]: ...  # by ``theirs``, without those that are refused
    def count_followed(self, realm: int) -> int: ...  # with them
    def save_followed(self, followed: Followed) -> None: ...
    def realm_has(self, realm: int, conversation: int) -> int: ...  # as it reported, of our log
    def set_realm_has(self, realm: int, conversation: int, number: int) -> None: ...
    def waiting_for(self, realm: int) -> int: ...  # entries of our people that it has not got yet
    def waiting_logs(self, realm: int) -> list[tuple[int, int, int]]: ...  # log, head, how many
    def undelivered(self, realm: int) -> list[Undelivered]: ...  # to be told, oldest first
    def add_undelivered(self, refusal: Undelivered) -> None: ...
    def drop_undelivered(self, refusal: Undelivered) -> None: ...  # it was told
    def note_refused(
        self, realm: int, conversation: int, number: int
    ) -> bool: ...  # an entry of ours, by a realm; whether that is news
    def decline(
        self, realm: int, conversation: int, code: int
    ) -> None: ...  # it wants no more of our log
    def declined(self, realm: int, conversation: int) -> int: ...  # why; 0: it is not
    def undo_decline(self, realm: int, conversation: int) -> None: ...
    def refuse_to(
        self, realm: int, conversation: int, number: int
    ) -> None: ...  # what was said up to there, with a whole log of ours
    def refused_to(self, realm: int, conversation: int) -> int: ...
    def count_refused(
        self, realm: int, conversation: int, after: int, head: int
    ) -> int: ...  # by note_refused, behind one number up to another
    def awaited_files(
        self, realm: int, after: int = 0, limit: int = -1
    ) -> list[AwaitedFile]: ...  # by place, beyond ``after``
    def is_awaited_in(self, file: bytes, conversation: int) -> bool: ...
    def is_awaited_by(self, file: bytes, person: int) -> bool: ...  # where they belong
    def is_awaited_by_realm(self, file: bytes, realm: int) -> bool: ...  # in a log it reads
    def add_awaited_file(self, awaited: AwaitedFile) -> None: ...
    def give_awaited_file(
        self, file: bytes, realm: int
    ) -> None: ...  # it is here: what the realm's entries said of it shares it from now on
    def drop_awaited_file(self, file: bytes, realm: int) -> None: ...
    def may_realm_read_file(self, file: bytes, realm: int) -> bool: ...  # shared in a log it reads
    def realm_bytes(self, realm: int) -> int: ...  # of entries taken from it, and of its files
    def add_realm_bytes(self, realm: int, size: int) -> None: ...
    def free_realms_of(self, file: bytes) -> None: ...  # of what was counted for one just removed

    # keeping out
    def bans(self) -> list[Ban]: ...
    def add_ban(self, ban: Ban) -> Ban: ...
    def drop_ban(self, ban: int) -> None: ...
    def guesses(self) -> list[GuessRecord]: ...
    def save_guesses(self, guesses: list[GuessRecord]) -> None: ...  # replaces all

    # restarts
    def remembered_sessions(self, since: int) -> list[RememberedSession]: ...
    def remember_session(self, session: RememberedSession, at: int) -> None: ...
    def forget_session(self, session_id: int) -> None: ...

    # housekeeping
    def lost_guests(self, at: int) -> list[PersonRecord]: ...  # whose last token that forgets
    def forget_old(
        self, at: int, streams_in_use: Collection[bytes] = ()
    ) -> None: ...  # once, tokens, streams, sessions past their time
    def next_chore(self) -> Callable[[], None] | None: ...  # the archive's slow work
    def notices(self) -> list[StoreNotice]: ...  # since the last call
    def close(self) -> None: ...
