"""Conversations and what they hold: entries, their kinds, tags and chains.

Band: words. Imports protocol alone; knows no socket, no clock, no store.
Source: docs/protocol.md.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

from protocol import FILE_ID_SIZE, MAX_FILE, MAX_FILE_NAME, MAX_TEXT, Code, PeerError, decode_text

PEOPLE = 0  # the conversation whose "entries" are changes of who is here
ROOM = 1
TAG_SIZE = 8
CHAIN_SIZE = 8
FIRST_CHAIN = bytes(CHAIN_SIZE)  # of a log without entries
NO_TAG = bytes(TAG_SIZE)  # of entries that were nobody's draft
MAX_NAME = 32  # characters
MAX_REALM = 20  # characters of what a realm is called here
MAX_NAME_BYTES = 255  # of name@realm@realm
MAX_EXCERPT = 80  # characters of what was refused, in the notice about it


class ConversationKind(IntEnum):
    """Who belongs to a conversation."""

    ROOM = 1
    GROUP = 2
    PRIVATE = 3
    OUTGOING = 4  # what our people say in a group of another realm; read by that realm alone


class EntryKind(IntEnum):
    """What an entry is. Numbers are on disk and on the wire, never reused."""

    TEXT = 1
    FILE = 2
    JOINED = 3
    LEFT = 4
    NOTICE = 5
    RENAMED = 6  # name: until now; text: from now on


_HEX = frozenset("0123456789abcdef")
_UNDELIVERED = "undelivered"
_ENTRY = struct.Struct(">8sBQQB")


class Entry(NamedTuple):
    """One numbered item of a log, without its number: what all receivers get, byte for byte.

    tag 8 | kind u8 | sent_at u64 | person u64 | name length u8 | name | text. A tuple, as other
    values made for each message are: a frozen dataclass of six fields costs 1.4 us to make.
    """

    tag: bytes
    kind: EntryKind
    sent_at: int  # UTC milliseconds since 1970
    person: int
    name: str  # as it was when this was said
    text: str = ""

    def encode(self) -> bytes:
        name = self.name.encode()
        head = _ENTRY.pack(self.tag, self.kind, self.sent_at, self.person, len(name))
        return head + name + self.text.encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Raises PeerError for a cut body, an unknown kind or text that is no UTF-8."""
        size = _ENTRY.size
        if len(body) < size:
            raise PeerError("entry is cut")
        tag, kind, sent_at, person, length = _ENTRY.unpack_from(body)
        if length > MAX_NAME_BYTES or len(body) - size < length:
            raise PeerError("entry has a bad name")
        if len(body) - size - length > MAX_TEXT:
            raise PeerError("entry is too long")
        try:
            kind = EntryKind(kind)
        except ValueError:
            raise PeerError("unknown kind of entry") from None
        name = decode_text(body[size : size + length])
        return cls(tag, kind, sent_at, person, name, decode_text(body[size + length :]))


class FileNote(NamedTuple):
    """What an entry of kind FILE says, as its text: the file's SHA-256 in hex, size, name.

    Text, so that archives hold it and searches find the name.
    """

    file: bytes
    size: int
    name: str

    def encode(self) -> str:
        return f"{self.file.hex()} {self.size} {self.name}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises PeerError for anything else."""
        file, _, rest = text.partition(" ")
        size, _, name = rest.partition(" ")
        is_hex = len(file) == 2 * FILE_ID_SIZE and not set(file) - _HEX
        is_size = size.isascii() and size.isdecimal() and len(size) <= len(str(MAX_FILE))
        if not is_hex or not is_size or int(size) > MAX_FILE or not is_file_name(name):
            raise PeerError("no file")
        return cls(bytes.fromhex(file), int(size), name)


class RefusalNote(NamedTuple):
    """What a NOTICE about something that another realm did not take says, as its text."""

    code: Code
    excerpt: str  # how it began; of a file, its name

    @classmethod
    def about(cls, entry: "Entry", code: Code) -> Self:
        """``entry``: what was said."""
        said = entry.text
        if entry.kind is EntryKind.FILE:
            said = FileNote.decode(said).name
        return cls(code, said[:MAX_EXCERPT])

    def encode(self) -> str:
        return f"{_UNDELIVERED} {int(self.code)} {self.excerpt}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises PeerError for anything else."""
        word, _, rest = text.partition(" ")
        number, _, excerpt = rest.partition(" ")
        is_number = number.isascii() and number.isdecimal() and len(number) <= 3
        if word != _UNDELIVERED or not is_number:
            raise PeerError("no refusal")
        is_known = int(number) in Code.__members__.values() and int(number) != Code.OK
        return cls(Code(int(number)) if is_known else Code.BAD_REQUEST, excerpt)


def is_file_name(name: str) -> bool:
    """Whether a file may be called so on the way; whoever saves it makes it safe there."""
    is_short = 0 < len(name.encode(errors="replace")) <= MAX_FILE_NAME
    return is_short and name.isprintable() and not set(name) & {"/", "\\"}


def sent_at(body: bytes) -> int:
    """When the entry with this body was sent, without decoding the rest."""
    return int.from_bytes(body[TAG_SIZE + 1 : TAG_SIZE + 9], "big")


def text_offset(body: bytes) -> int:
    """Where the text begins in an entry's body."""
    return _ENTRY.size + body[_ENTRY.size - 1]


def draft_tag(stream: bytes, draft: int) -> bytes:
    """Names a draft to its author in the entry it became, and to nobody else."""
    return hashlib.blake2s(stream + draft.to_bytes(8, "big"), digest_size=TAG_SIZE).digest()


def next_chain(chain: bytes, body: bytes) -> bytes:
    """Sums up a log up to and including the entry with this body."""
    return hashlib.blake2s(chain + body, digest_size=CHAIN_SIZE).digest()


def is_postable_text(text: str) -> bool:
    """Whether a person may say this: anything that is not white space alone."""
    return bool(text.strip())


class Presence(IntEnum):
    """Whether somebody is here."""

    HERE = 1
    AWAY = 2  # silent for a while; still a member of the room
    GONE = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Who is here, for the list beside the messages. On the wire: the body of an entry of PEOPLE.

    epoch u64 | person u64 | presence u8 | is_account u8 | round trip u16 | name.
    """

    person: int
    name: str
    presence: Presence
    is_account: bool = False
    round_trip_ms: int = 0  # 0: not known yet

    _LAYOUT = struct.Struct(">QQBBH")

    def encode(self, epoch: int) -> bytes:
        """``epoch`` names one run of the server: versions of another run mean nothing."""
        head = self._LAYOUT.pack(
            epoch, self.person, self.presence, self.is_account, min(self.round_trip_ms, 0xFFFF)
        )
        return head + self.name.encode()

    @classmethod
    def decode(cls, body: bytes) -> tuple[int, Self]:
        """Epoch and person. Raises PeerError."""
        size = cls._LAYOUT.size
        if not size <= len(body) <= size + MAX_NAME_BYTES:
            raise PeerError("bad change of a person")
        epoch, person, presence, is_account, round_trip_ms = cls._LAYOUT.unpack_from(body)
        try:
            presence = Presence(presence)
        except ValueError:
            raise PeerError("unknown presence") from None
        name = decode_text(body[size:])
        return epoch, cls(person, name, presence, bool(is_account), round_trip_ms)
