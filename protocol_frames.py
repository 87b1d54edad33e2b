"""The frames inside a sealed datagram: one class each, all of them encode and decode.

Band: words. Imports protocol alone.
Source: docs/protocol.md. Integers are big-endian throughout.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

from protocol import (
    BLOCK,
    ENTRY_PART,
    FRAME_HEADER_SIZE,
    MAX_CLOSE_TEXT,
    MAX_ENTRY_PARTS,
    MAX_FILE,
    MAX_POST_PARTS,
    MAX_RANGES,
    MAX_REQUEST_JSON,
    MAX_RESPONSE,
    PADDING,
    POST_PART,
    RESPONSE_PART,
    CloseCode,
    PeerError,
    decode_text,
    fail,
)


class FrameType(IntEnum):
    """First byte of every frame inside a sealed datagram. Numbers are never reused."""

    END = 0x00
    PING = 0x01
    PONG = 0x02
    PATH_CHALLENGE = 0x03
    PATH_RESPONSE = 0x04
    CLOSE = 0x05
    REQUEST = 0x10
    RESPONSE = 0x11
    POST = 0x20
    POSTED = 0x21
    REFUSED = 0x22
    ENTRY = 0x23
    HEADS = 0x24
    PULL = 0x25
    HAVE = 0x26
    TYPING = 0x27
    REACHED = 0x28
    READ_TO = 0x29
    REALMS_CHANGED = 0x2A
    WANT = 0x30
    CHUNK = 0x31


_FRAME = struct.Struct(">BH")
_U64 = struct.Struct(">Q")
_U64_PAIR = struct.Struct(">QQ")


def _frame(kind: FrameType, body: bytes) -> bytes:
    return _FRAME.pack(kind, len(body)) + body


@dataclass(frozen=True, slots=True)
class Ping:
    """stamp u64: whatever the sender likes; it comes back."""

    stamp: int

    def encode(self) -> bytes:
        return _frame(FrameType.PING, _U64.pack(self.stamp))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*_exactly(_U64, body))


@dataclass(frozen=True, slots=True)
class Pong:
    """stamp u64 | highest datagram number got u64 | datagrams got u64."""

    stamp: int
    highest: int
    count: int

    _LAYOUT = struct.Struct(">QQQ")

    def encode(self) -> bytes:
        return _frame(FrameType.PONG, self._LAYOUT.pack(self.stamp, self.highest, self.count))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*_exactly(cls._LAYOUT, body))


@dataclass(frozen=True, slots=True)
class PathChallenge:
    """8 random bytes; answered on the path they came by."""

    challenge: bytes

    def encode(self) -> bytes:
        return _frame(FrameType.PATH_CHALLENGE, self.challenge)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(body if len(body) == 8 else fail("bad PATH_CHALLENGE"))


@dataclass(frozen=True, slots=True)
class PathResponse:
    """The 8 bytes of the challenge it answers."""

    challenge: bytes

    def encode(self) -> bytes:
        return _frame(FrameType.PATH_RESPONSE, self.challenge)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(body if len(body) == 8 else fail("bad PATH_RESPONSE"))


@dataclass(frozen=True, slots=True)
class Close:
    """code u16 | text of at most MAX_CLOSE_TEXT bytes."""

    code: CloseCode
    text: str = ""

    def encode(self) -> bytes:
        return _frame(FrameType.CLOSE, struct.pack(">H", self.code) + self.text.encode())

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if not 2 <= len(body) <= 2 + MAX_CLOSE_TEXT:
            raise PeerError("bad CLOSE")
        try:
            code = CloseCode(int.from_bytes(body[:2], "big"))
        except ValueError:
            raise PeerError("unknown close code") from None
        return cls(code, decode_text(body[2:]))


@dataclass(frozen=True, slots=True)
class Request:
    """request u32 | verb u8 | JSON object of at most MAX_REQUEST_JSON bytes."""

    request: int
    verb: int  # not a Verb: an unknown one is answered UNKNOWN_REQUEST, not punished
    fields: bytes

    _LAYOUT = struct.Struct(">IB")

    def encode(self) -> bytes:
        return _frame(FrameType.REQUEST, self._LAYOUT.pack(self.request, self.verb) + self.fields)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if not cls._LAYOUT.size <= len(body) <= cls._LAYOUT.size + MAX_REQUEST_JSON:
            raise PeerError("bad REQUEST")
        request, verb = cls._LAYOUT.unpack_from(body)
        return cls(request, verb, body[cls._LAYOUT.size :])


@dataclass(frozen=True, slots=True)
class Response:
    """request u32 | part u8 | parts u8 | code u16 | a part of a JSON object."""

    request: int
    part: int  # from 0
    parts: int
    code: int
    fields: bytes

    _LAYOUT = struct.Struct(">IBBH")

    def encode(self) -> bytes:
        head = self._LAYOUT.pack(self.request, self.part, self.parts, self.code)
        return _frame(FrameType.RESPONSE, head + self.fields)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if not cls._LAYOUT.size <= len(body) <= cls._LAYOUT.size + RESPONSE_PART:
            raise PeerError("bad RESPONSE")
        request, part, parts, code = cls._LAYOUT.unpack_from(body)
        if part >= parts or parts > MAX_RESPONSE // RESPONSE_PART + 1:
            raise PeerError("bad parts of a RESPONSE")
        return cls(request, part, parts, code, body[cls._LAYOUT.size :])


_ENTRY_TYPE = int(FrameType.ENTRY)
_POST = struct.Struct(">QQQBBB")


class Post(NamedTuple):
    """draft u64 | oldest u64 | conversation u64 | kind u8 | part u8 | parts u8 | text."""

    draft: int  # from 1
    oldest: int  # the lowest draft whose answer the author still lacks
    conversation: int
    kind: int
    part: int  # from 0
    parts: int
    body: bytes

    def encode(self) -> bytes:
        head = _POST.pack(
            self.draft, self.oldest, self.conversation, self.kind, self.part, self.parts
        )
        return _frame(FrameType.POST, head + self.body)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        size = _POST.size
        if not size <= len(body) <= size + POST_PART:
            raise PeerError("bad POST")
        draft, oldest, conversation, kind, part, parts = _POST.unpack_from(body)
        if not 1 <= oldest <= draft or part >= parts or parts > MAX_POST_PARTS:
            raise PeerError("bad numbers in a POST")
        if part < parts - 1 and len(body) != size + POST_PART:
            raise PeerError("only the last part of a POST may be short")
        return cls(draft, oldest, conversation, kind, part, parts, body[size:])


_POSTED = struct.Struct(">QQQQ")
_POSTED_FRAME = struct.Struct(">BHQQQQ")  # with the frame's own header
_POSTED_TYPE = int(FrameType.POSTED)


class Posted(NamedTuple):
    """draft u64 | conversation u64 | number u64 | sent_at u64: the draft is on disk."""

    draft: int
    conversation: int
    number: int
    sent_at: int

    def encode(self) -> bytes:
        return _frame(
            FrameType.POSTED,
            _POSTED.pack(self.draft, self.conversation, self.number, self.sent_at),
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*_exactly(_POSTED, body))


@dataclass(frozen=True, slots=True)
class Refused:
    """draft u64 | code u16: the draft will never be an entry."""

    draft: int
    code: int

    _LAYOUT = struct.Struct(">QH")

    def encode(self) -> bytes:
        return _frame(FrameType.REFUSED, self._LAYOUT.pack(self.draft, self.code))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*_exactly(cls._LAYOUT, body))


_ENTRY = struct.Struct(">QQBB")
_ENTRY_FRAME = struct.Struct(">BHQQBB")  # with the frame's own header


class EntryPart(NamedTuple):
    """conversation u64 | number u64 | part u8 | parts u8 | a part of the entry's body."""

    conversation: int
    number: int
    part: int  # from 0
    parts: int
    body: bytes

    def encode(self) -> bytes:
        return encode_entry_part(*self)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        size = _ENTRY.size
        if not size <= len(body) <= size + ENTRY_PART:
            raise PeerError("bad ENTRY")
        conversation, number, part, parts = _ENTRY.unpack_from(body)
        if number == 0 or part >= parts or parts > MAX_ENTRY_PARTS:
            raise PeerError("bad numbers in an ENTRY")
        if part < parts - 1 and len(body) != size + ENTRY_PART:
            raise PeerError("only the last part of an ENTRY may be short")
        return cls(conversation, number, part, parts, body[size:])


@dataclass(frozen=True, slots=True)
class Heads:
    """(conversation u64, last number u64)…: how far each log goes."""

    numbers: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        return _encode_pairs(FrameType.HEADS, self.numbers)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(_decode_pairs(body))


@dataclass(frozen=True, slots=True)
class Pull:
    """conversation u64 | from u64 | first part u8 | to u64: fill this gap, lowest first."""

    conversation: int
    first: int
    first_part: int
    last: int

    _LAYOUT = struct.Struct(">QQBQ")

    def encode(self) -> bytes:
        return _frame(
            FrameType.PULL,
            self._LAYOUT.pack(self.conversation, self.first, self.first_part, self.last),
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        pull = cls(*_exactly(cls._LAYOUT, body))
        return pull if 1 <= pull.first <= pull.last else fail("bad range in a PULL")


@dataclass(frozen=True, slots=True)
class Have:
    """(conversation u64, number u64)…: nothing up to number is missing."""

    numbers: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        return _encode_pairs(FrameType.HAVE, self.numbers)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(_decode_pairs(body))


@dataclass(frozen=True, slots=True)
class Typing:
    """conversation u64 | to clients also the person u64 (0 towards the server)."""

    conversation: int
    person: int = 0

    def encode(self) -> bytes:
        body = _U64.pack(self.conversation)
        return _frame(FrameType.TYPING, body + (_U64.pack(self.person) if self.person else b""))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*(_exactly(_U64, body) if len(body) == 8 else _exactly(_U64_PAIR, body)))


@dataclass(frozen=True, slots=True)
class Reached:
    """(conversation u64, number u64)…: everyone present has everything up to number."""

    numbers: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        return _encode_pairs(FrameType.REACHED, self.numbers)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(_decode_pairs(body))


@dataclass(frozen=True, slots=True)
class ReadTo:
    """conversation u64 | number u64: another session of this person has read so far."""

    conversation: int
    number: int

    def encode(self) -> bytes:
        return _frame(FrameType.READ_TO, _U64_PAIR.pack(self.conversation, self.number))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(*_exactly(_U64_PAIR, body))


@dataclass(frozen=True, slots=True)
class RealmsChanged:
    """Empty: a link to another realm came or went, REALMS tells which."""

    def encode(self) -> bytes:
        return _frame(FrameType.REALMS_CHANGED, b"")

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if body:
            raise PeerError("REALMS_CHANGED says nothing")
        return cls()


_WANT = struct.Struct(">32sIQ")
_RANGE = struct.Struct(">II")


class Want(NamedTuple):
    """file 32 | rate u32, kB/s | place u64 | (first block u32, blocks u32)…: send these, so fast.

    All that a puller ever asks of a file is one row of blocks; ``place`` is where in it the ranges
    begin. So a WANT may repeat what an earlier one asked, and nothing is sent twice. No ranges: no
    more of it is wanted; and with a rate of 0, from a supplier: none of it is to be had, and
    ``place`` is the Code that says why.
    """

    file: bytes
    rate: int
    ranges: tuple[tuple[int, int], ...]
    place: int = 0

    def encode(self) -> bytes:
        ranges = b"".join(_RANGE.pack(*one) for one in self.ranges)
        return _frame(FrameType.WANT, _WANT.pack(self.file, self.rate, self.place) + ranges)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        size = len(body) - _WANT.size
        if size < 0 or size % _RANGE.size or size > MAX_RANGES * _RANGE.size:
            raise PeerError("bad WANT")
        file, rate, place = _WANT.unpack_from(body)
        ranges = tuple(_RANGE.iter_unpack(body[_WANT.size :]))
        if any(count == 0 or first + count > MAX_FILE // BLOCK for first, count in ranges):
            raise PeerError("bad range in a WANT")
        return cls(file, rate, ranges, place)


_CHUNK = struct.Struct(">32sI")
_CHUNK_FRAME = struct.Struct(">BH32sI")  # with the frame's own header
_CHUNK_TYPE = int(FrameType.CHUNK)
CHUNK_OVERHEAD = FRAME_HEADER_SIZE + _CHUNK.size


class Chunk(NamedTuple):
    """file 32 | first block u32 | whole blocks; only a file's last block may be short."""

    file: bytes
    first: int
    data: bytes

    def encode(self) -> bytes:
        return _frame(FrameType.CHUNK, _CHUNK.pack(self.file, self.first) + self.data)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        size = len(body) - _CHUNK.size
        if size <= 0:
            raise PeerError("bad CHUNK")
        file, first = _CHUNK.unpack_from(body)
        if first + -(-size // BLOCK) > MAX_FILE // BLOCK:
            raise PeerError("a CHUNK beyond the largest file")
        return cls(file, first, body[_CHUNK.size :])


Frame = (
    Ping
    | Pong
    | PathChallenge
    | PathResponse
    | Close
    | Request
    | Response
    | Post
    | Posted
    | Refused
    | EntryPart
    | Heads
    | Pull
    | Have
    | Typing
    | Reached
    | ReadTo
    | RealmsChanged
    | Want
    | Chunk
)

_END = int(FrameType.END)  # comparing with the enum's own takes six times as long
_DECODERS: dict[int, Callable[[bytes], Frame]] = {
    FrameType.PING: Ping.decode,
    FrameType.PONG: Pong.decode,
    FrameType.PATH_CHALLENGE: PathChallenge.decode,
    FrameType.PATH_RESPONSE: PathResponse.decode,
    FrameType.CLOSE: Close.decode,
    FrameType.REQUEST: Request.decode,
    FrameType.RESPONSE: Response.decode,
    FrameType.POST: Post.decode,
    FrameType.POSTED: Posted.decode,
    FrameType.REFUSED: Refused.decode,
    FrameType.ENTRY: EntryPart.decode,
    FrameType.HEADS: Heads.decode,
    FrameType.PULL: Pull.decode,
    FrameType.HAVE: Have.decode,
    FrameType.TYPING: Typing.decode,
    FrameType.REACHED: Reached.decode,
    FrameType.READ_TO: ReadTo.decode,
    FrameType.REALMS_CHANGED: RealmsChanged.decode,
    FrameType.WANT: Want.decode,
    FrameType.CHUNK: Chunk.decode,
}


def encode_posted(draft: int, conversation: int, number: int, sent_at: int) -> bytes:
    """Posted(...).encode() without the value: each draft that was kept passes here."""
    size = _POSTED.size
    return _POSTED_FRAME.pack(_POSTED_TYPE, size, draft, conversation, number, sent_at)


def encode_entry_part(conversation: int, number: int, part: int, parts: int, body: bytes) -> bytes:
    """EntryPart(...).encode() without the value: each entry passes here (1 us less)."""
    length = _ENTRY.size + len(body)
    return _ENTRY_FRAME.pack(_ENTRY_TYPE, length, conversation, number, part, parts) + body


def pack_chunks(file: bytes, first: int, data: bytes, room: int) -> list[bytes]:
    """Ready to be sealed: what follows block ``first``, in CHUNKs of at most ``room`` bytes each.

    Without the values: thirty thousand a second pass here, each copied once.
    """
    blocks = max(1, (room - CHUNK_OVERHEAD) // BLOCK)
    size = blocks * BLOCK
    whole = memoryview(data)
    plaintexts: list[bytes] = []
    for place in range(0, len(data), size):
        piece = whole[place : place + size]
        length = _CHUNK.size + len(piece)
        head = _CHUNK_FRAME.pack(_CHUNK_TYPE, length, file, first)
        zeros = bytes(-(FRAME_HEADER_SIZE + length) % PADDING)
        plaintexts.append(b"".join((head, piece, zeros)))
        first += blocks
    return plaintexts


def decode_frames(plaintext: bytes) -> list[Frame]:
    """All frames of one sealed datagram. Raises PeerError for anything but well-formed frames."""
    frames: list[Frame] = []
    place, size = 0, len(plaintext)
    while place < size:
        if plaintext[place] == _END:
            if plaintext.count(0, place) != size - place:
                raise PeerError("padding is not zero")
            break
        if place + FRAME_HEADER_SIZE > size:
            raise PeerError("frame header is cut")
        kind, length = _FRAME.unpack_from(plaintext, place)
        place += FRAME_HEADER_SIZE
        decode = _DECODERS.get(kind)
        if decode is None or place + length > size:
            raise PeerError("unknown or cut frame")
        frames.append(decode(plaintext[place : place + length]))
        place += length
    return frames


def split_parts(body: bytes, size: int) -> list[bytes]:
    """The body in pieces of ``size`` bytes, the last one shorter; at least one piece."""
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


def _exactly(layout: struct.Struct, body: bytes) -> tuple[int, ...]:
    if len(body) != layout.size:
        raise PeerError("frame of a wrong size")
    return layout.unpack(body)


def _encode_pairs(kind: FrameType, numbers: tuple[tuple[int, int], ...]) -> bytes:
    return _frame(kind, b"".join(_U64_PAIR.pack(*pair) for pair in numbers))


def _decode_pairs(body: bytes) -> tuple[tuple[int, int], ...]:
    if len(body) % _U64_PAIR.size or not body:
        raise PeerError("frame of a wrong size")
    return tuple(_U64_PAIR.iter_unpack(body))
