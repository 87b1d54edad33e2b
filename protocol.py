"""The wire: what one datagram looks like, how large it may be, what can be wrong with it.

The frames inside a sealed datagram are in protocol_frames.py.

Band: words. Imports nothing of ours; knows no socket, no clock, no key.
Source: docs/protocol.md. Integers are big-endian throughout.
"""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, NoReturn, Self

# --- what both ends agree on: a change here is a new VERSION ---

VERSION = 1
SUITE = 1  # Noise_NX_25519_ChaChaPoly_SHA256; the only one, so nothing can be negotiated down
PREFIX = b"Rg\x01"
MAX_DATAGRAM = 1200  # bytes of UDP payload; fits IPv6's minimum MTU of 1280 (RFC 8200 §5)
INIT_SIZE = 1200  # exactly: no unauthenticated answer can be larger than its cause
RETRY_SIZE = 36
RESET_SIZE = 28
HEADER_SIZE = 20
TAG_SIZE = 16
PADDING = 16  # sealed lengths are multiples of this, so they tell less about what is inside
FRAME_HEADER_SIZE = 3
MAX_PLAINTEXT = (MAX_DATAGRAM - HEADER_SIZE - TAG_SIZE) // PADDING * PADDING
POST_PART = 1000  # bytes of a draft's text in one POST
ENTRY_PART = 1100  # bytes of an entry's body in one ENTRY: a one-part POST mostly stays one part
MAX_POST_PARTS = 64
MAX_ENTRY_PARTS = 66
MAX_TEXT = 64_000  # bytes of UTF-8 in one message
RESPONSE_PART = 1100
MAX_RESPONSE = 64 * 1024
MAX_REQUEST_JSON = 1000
MAX_JSON_DEPTH = 4
MAX_CLOSE_TEXT = 64
FILE_ID_SIZE = 32  # SHA-256 of what is in it
BLOCK = 1024  # bytes of a file: the unit of WANT and CHUNK, whatever the datagram's size
MAX_RANGES = 16  # in one WANT
MAX_FILE = 2 << 30  # bytes
MAX_FILE_NAME = 255  # bytes of UTF-8
MAX_ROOM_NAME = 64  # bytes of UTF-8
MAX_NUMBER = 1 << 32  # datagrams under one key; long before ChaCha20-Poly1305 wears out
HANDSHAKE_NAME = b"Noise_NX_25519_ChaChaPoly_SHA256"


class RuangError(Exception):
    """Whatever this project raises on purpose."""


class PeerError(RuangError):
    """The other side broke the rules: drop the datagram or close its session."""


class LocalError(RuangError):
    """We broke the rules: a defect of our own, never caused by bytes from outside."""


Address = tuple[str, int]  # IP as text, port


class Burst(NamedTuple):
    """Datagrams for one address, in order: one system call may carry them all."""

    address: Address
    datagrams: list[bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """Long work that a core hands to its driver's worker thread; the result comes back by key."""

    key: int
    run: Callable[[], object]


# What a core lets its parts ask for: work for the worker, and what is told its result and the time.
RunJob = Callable[[Callable[[], object], Callable[[object, float], None]], None]


class DatagramType(IntEnum):
    """Fourth byte of every datagram. A number, once shipped, is never reused."""

    INIT = 0x01
    RETRY = 0x02
    RESP = 0x03
    RESET = 0x04
    DATA_TO_SERVER = 0x10
    DATA_TO_CLIENT = 0x11


class Verb(IntEnum):
    """What a REQUEST asks for. Reserved numbers belong to features that are not built yet."""

    PAKE1 = 1
    PAKE2 = 2
    ENTER = 3
    PEOPLE = 4
    EXIT = 5
    LACKING = 6
    CHALLENGE = 7
    LOGIN = 8
    REGISTER = 9
    LOGOUT = 10
    PASSWORD = 11
    NAME = 12
    LOGS = 13
    PRIVATE = 14
    ADD_GROUP = 15
    JOIN_GROUP = 16
    LEAVE_GROUP = 17
    GROUPS = 18
    MEMBERS = 19
    READ = 20
    SEARCH = 21
    FIND = 22
    OFFER = 23
    FILES = 24
    DROP = 25
    ENTER_REALM = 26
    SHARED = 27
    CONTACT = 28
    UNDELIVERED = 29
    ADD_REALM = 30
    REALMS = 31


class Code(IntEnum):
    """How a request or a draft ended. Sentences are made by the client, in the user's language."""

    OK = 0
    BAD_REQUEST = 1
    UNKNOWN_REQUEST = 2
    NOT_ENTERED = 3
    NO_SESSION = 4
    WRONG_PASSWORD = 10
    TOO_MANY_GUESSES = 11  # with {"wait": seconds}
    NAME_TAKEN = 12
    NAME_INVALID = 13  # with {"reason": ...}
    TOKEN_UNKNOWN = 14
    BANNED = 15  # with {"until": UTC milliseconds or 0}
    MUTED = 16
    SERVER_FULL = 17
    STREAM_IN_USE = 18
    NOT_A_MEMBER = 20
    NO_SUCH_CONVERSATION = 21
    TEXT_TOO_LONG = 22
    TEXT_INVALID = 23
    DISK_FULL = 24
    DRAFT_FORGOTTEN = 25
    LOG_CHANGED = 26
    SNAPSHOT = 27
    NO_SUCH_USER = 30
    NO_SUCH_GROUP = 31
    GROUP_EXISTS = 32
    ALREADY_A_MEMBER = 33
    WRONG_LOGIN = 34  # no such account or a wrong password: nobody learns which
    FILE_TOO_LARGE = 40  # with {"limit": bytes}
    NO_SPACE = 41  # for files: the quota, or what is left free on the disk
    FILE_MISSING = 42  # it is not here, or not whole
    FILE_CHANGED = 43  # what came is not what was offered
    FILE_REMOVED = 44  # by the operator
    FILE_NAME_INVALID = 45
    FILE_COMING = 46  # from another realm: try again
    NO_SUCH_REALM = 50
    REALM_EXISTS = 51
    REALM_UNREACHABLE = 52
    NOT_ALLOWED = 53  # who may do it is the operator's to say
    NO_WAY_THERE = 54  # a realm passes nothing on: only what is linked to us can be reached


class CloseCode(IntEnum):
    """Why a session ends, and thereby whether to come back."""

    EXIT = 0  # the client leaves for good
    COME_BACK = 1  # the server stops or restarts: try again by itself
    KICKED = 2
    BANNED = 3
    BROKEN = 4  # a frame could not be understood
    IDLE = 5
    RENEWED = 6  # the client has a newer session
    PASSWORD_CHANGED = 7


def fail(reason: str) -> NoReturn:
    """Raises PeerError: for expressions that must not go on."""
    raise PeerError(reason)


def datagram_type(datagram: bytes) -> DatagramType:
    """Raises PeerError for a datagram that is not ours, of another version or of unknown type."""
    if len(datagram) < HEADER_SIZE or datagram[:3] != PREFIX:
        raise PeerError("not a Ruang datagram of this version")
    try:
        return DatagramType(datagram[3])
    except ValueError:
        raise PeerError("unknown datagram type") from None


# --- datagrams ---


@dataclass(frozen=True, slots=True)
class Init:
    """client_id u64 | e 32 | cookie 24 (zeros: none) | suite u16 | highest version u8 | zeros."""

    client_id: int
    ephemeral: bytes
    cookie: bytes
    suite: int = SUITE
    highest_version: int = VERSION

    _LAYOUT = struct.Struct(">3sBQ32s24sHB")

    def encode(self) -> bytes:
        """Exactly INIT_SIZE bytes."""
        return self._LAYOUT.pack(
            PREFIX,
            DatagramType.INIT,
            self.client_id,
            self.ephemeral,
            self.cookie,
            self.suite,
            self.highest_version,
        ).ljust(INIT_SIZE, b"\0")

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Raises PeerError unless length, type, id, suite and padding are as they must be."""
        if len(datagram) != INIT_SIZE or datagram[:4] != PREFIX + b"\x01":
            raise PeerError("not an INIT")
        if datagram.count(0, cls._LAYOUT.size) != INIT_SIZE - cls._LAYOUT.size:
            raise PeerError("INIT padding is not zero")
        _, _, client_id, ephemeral, cookie, suite, highest = cls._LAYOUT.unpack_from(datagram)
        if client_id == 0 or suite != SUITE or highest < VERSION:
            raise PeerError("INIT of another suite or without an id")
        return cls(client_id, ephemeral, cookie, suite, highest)


@dataclass(frozen=True, slots=True)
class Retry:
    """client_id u64 | cookie 24."""

    client_id: int
    cookie: bytes

    _LAYOUT = struct.Struct(">3sBQ24s")

    def encode(self) -> bytes:
        return self._LAYOUT.pack(PREFIX, DatagramType.RETRY, self.client_id, self.cookie)

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Raises PeerError if it is no RETRY of the right size."""
        if len(datagram) != RETRY_SIZE or datagram[:4] != PREFIX + b"\x02":
            raise PeerError("not a RETRY")
        _, _, client_id, cookie = cls._LAYOUT.unpack(datagram)
        return cls(client_id, cookie)


@dataclass(frozen=True, slots=True)
class Resp:
    """client_id u64 | e 32 | sealed static key 48 | sealed payload: Noise's second message."""

    client_id: int
    noise: bytes  # the last three fields as Noise made them

    _LAYOUT = struct.Struct(">3sBQ")
    _SMALLEST = 12 + 32 + 48 + TAG_SIZE

    def encode(self) -> bytes:
        return self._LAYOUT.pack(PREFIX, DatagramType.RESP, self.client_id) + self.noise

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Raises PeerError if it is no RESP or too short to be one."""
        if len(datagram) < cls._SMALLEST or datagram[:4] != PREFIX + b"\x03":
            raise PeerError("not a RESP")
        return cls(int.from_bytes(datagram[4:12], "big"), datagram[12:])


@dataclass(frozen=True, slots=True)
class RespPayload:
    """server_session_id u64 | room_id 16 | reset_token 16 | highest version u8 | name."""

    server_session_id: int
    room_id: bytes
    reset_token: bytes
    highest_version: int
    room_name: str

    _LAYOUT = struct.Struct(">Q16s16sBB")

    def encode(self) -> bytes:
        name = self.room_name.encode()
        return (
            self._LAYOUT.pack(
                self.server_session_id,
                self.room_id,
                self.reset_token,
                self.highest_version,
                len(name),
            )
            + name
        )

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Raises PeerError if it is cut or its name is no UTF-8 of at most MAX_ROOM_NAME bytes."""
        if len(payload) < cls._LAYOUT.size:
            raise PeerError("RESP payload is cut")
        session_id, room_id, token, highest, length = cls._LAYOUT.unpack_from(payload)
        name = payload[cls._LAYOUT.size :]
        if len(name) != length or length > MAX_ROOM_NAME:
            raise PeerError("RESP payload has a bad room name")
        return cls(session_id, room_id, token, highest, decode_text(name))


@dataclass(frozen=True, slots=True)
class Reset:
    """server_session_id u64 | reset_token 16."""

    session_id: int
    token: bytes

    _LAYOUT = struct.Struct(">3sBQ16s")

    def encode(self) -> bytes:
        return self._LAYOUT.pack(PREFIX, DatagramType.RESET, self.session_id, self.token)

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Raises PeerError if it is no RESET of the right size."""
        if len(datagram) != RESET_SIZE or datagram[:4] != PREFIX + b"\x04":
            raise PeerError("not a RESET")
        _, _, session_id, token = cls._LAYOUT.unpack(datagram)
        return cls(session_id, token)


_DATA_HEADER = struct.Struct(">3sBQQ")
SMALLEST_DATA = HEADER_SIZE + TAG_SIZE


def encode_data_header(kind: DatagramType, session_id: int, number: int) -> bytes:
    """Clear part of a sealed datagram: prefix 3 | type u8 | session u64 | number u64."""
    return _DATA_HEADER.pack(PREFIX, kind, session_id, number)


def decode_data_header(datagram: bytes) -> tuple[int, int]:
    """Session id and datagram number. Raises PeerError if too short or the number too high."""
    if len(datagram) < SMALLEST_DATA:
        raise PeerError("DATA is too short")
    _, _, session_id, number = _DATA_HEADER.unpack_from(datagram)
    if number >= MAX_NUMBER:
        raise PeerError("datagram number is beyond the limit")
    return session_id, number


# --- text and JSON ---

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


# An open end counts as closed and nothing is tried twice, so it is linear on any text.
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def decode_text(text: bytes) -> str:
    """Strict UTF-8, which holds no lone surrogates. Raises PeerError."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise PeerError("text is not UTF-8") from None


def encode_object(fields: dict[str, JsonValue]) -> bytes:
    """The compact JSON of a REQUEST or a RESPONSE."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode_object(text: bytes) -> dict[str, JsonValue]:
    """Strict JSON: an object, no duplicate keys, no NaN, no lone surrogate, depth ≤ MAX_JSON_DEPTH.

    Raises PeerError.
    """
    decoded = decode_text(text)
    depth = deepest = 0  # counted first, so json never sees a bomb
    for character in _JSON_STRING.sub("", decoded):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > MAX_JSON_DEPTH:
        raise PeerError("JSON is too deep")
    try:
        value = json.loads(decoded, object_pairs_hook=_unique, parse_constant=fail)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # surrogates, 1e999
    except (ValueError, RecursionError):
        raise PeerError("bad JSON") from None
    if not isinstance(value, dict):
        raise PeerError("JSON is not an object")
    return value


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise PeerError("duplicate keys in JSON")
    return fields
