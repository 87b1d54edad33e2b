import base64
import contextlib

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from protocol import (
    BLOCK,
    ENTRY_PART,
    MAX_CLOSE_TEXT,
    MAX_ENTRY_PARTS,
    MAX_FILE,
    MAX_PLAINTEXT,
    MAX_POST_PARTS,
    MAX_RANGES,
    MAX_REQUEST_JSON,
    MAX_RESPONSE,
    PADDING,
    POST_PART,
    RESPONSE_PART,
    CloseCode,
    PeerError,
    Verb,
    decode_object,
)
from protocol_frames import (
    CHUNK_OVERHEAD,
    Chunk,
    Close,
    EntryPart,
    Frame,
    FrameType,
    Have,
    Heads,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Post,
    Posted,
    Pull,
    Reached,
    ReadTo,
    RealmsChanged,
    Refused,
    Request,
    Response,
    Typing,
    Want,
    decode_frames,
    pack_chunks,
    split_parts,
)
from protocol_packing import pack_frames, pad

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
eight = st.binary(min_size=8, max_size=8)
pairs = st.lists(st.tuples(u64, u64), min_size=1, max_size=9).map(tuple)
MAX_RESPONSE_PARTS = MAX_RESPONSE // RESPONSE_PART + 1


@st.composite
def posts(draw: st.DrawFn) -> Post:
    draft = draw(st.integers(1, 2**64 - 1))
    parts = draw(st.integers(1, MAX_POST_PARTS))
    part = draw(st.integers(0, parts - 1))
    body = draw(st.binary(max_size=40)) if part == parts - 1 else b"x" * POST_PART
    return Post(draft, draw(st.integers(1, draft)), draw(u64), draw(u8), part, parts, body)


@st.composite
def entry_parts(draw: st.DrawFn) -> EntryPart:
    parts = draw(st.integers(1, MAX_ENTRY_PARTS))
    part = draw(st.integers(0, parts - 1))
    body = draw(st.binary(max_size=40)) if part == parts - 1 else b"x" * ENTRY_PART
    return EntryPart(draw(u64), draw(st.integers(1, 2**64 - 1)), part, parts, body)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    parts = draw(st.integers(1, MAX_RESPONSE_PARTS))
    part = draw(st.integers(0, parts - 1))
    return Response(draw(u32), part, parts, draw(u16), draw(st.binary(max_size=60)))


@st.composite
def pulls(draw: st.DrawFn) -> Pull:
    first = draw(st.integers(1, 2**64 - 1))
    return Pull(draw(u64), first, draw(u8), draw(st.integers(first, 2**64 - 1)))


file_ids = st.binary(min_size=32, max_size=32)
MAX_BLOCKS = MAX_FILE // BLOCK
block_ranges = st.integers(0, MAX_BLOCKS - 1).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(1, MAX_BLOCKS - first))
)

frames: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Ping, u64),
    st.builds(Pong, u64, u64, u64),
    st.builds(PathChallenge, eight),
    st.builds(PathResponse, eight),
    st.builds(Close, st.sampled_from(CloseCode), st.text(max_size=16)),
    st.builds(Request, u32, u8, st.binary(max_size=60)),
    responses(),
    posts(),
    st.builds(Posted, u64, u64, u64, u64),
    st.builds(Refused, u64, u16),
    entry_parts(),
    st.builds(Heads, pairs),
    pulls(),
    st.builds(Have, pairs),
    st.builds(Typing, u64, u64),
    st.builds(Reached, pairs),
    st.builds(ReadTo, u64, u64),
    st.builds(RealmsChanged),
    st.builds(Want, file_ids, u32, st.lists(block_ranges, max_size=MAX_RANGES).map(tuple), u64),
    st.builds(
        Chunk, file_ids, st.integers(0, MAX_BLOCKS - 2), st.binary(min_size=1, max_size=1100)
    ),
)

EXAMPLES: list[tuple[Frame, str]] = [
    (Ping(1), "01 0008 0000000000000001"),
    (Pong(1, 2, 3), "02 0018 0000000000000001 0000000000000002 0000000000000003"),
    (PathChallenge(b"\xaa" * 8), "03 0008 aaaaaaaaaaaaaaaa"),
    (PathResponse(b"\xaa" * 8), "04 0008 aaaaaaaaaaaaaaaa"),
    (Close(CloseCode.KICKED, "bye"), "05 0005 0002 627965"),
    (Request(5, Verb.ENTER, b"{}"), "10 0007 00000005 03 7b7d"),
    (Response(5, 0, 1, 12, b"{}"), "11 000a 00000005 00 01 000c 7b7d"),
    (
        Post(9, 8, 1, 1, 0, 1, b"hi"),
        "20 001d 0000000000000009 0000000000000008 0000000000000001 01 00 01 6869",
    ),
    (
        Posted(9, 1, 7, 255),
        "21 0020 0000000000000009 0000000000000001 0000000000000007 00000000000000ff",
    ),
    (Refused(9, 22), "22 000a 0000000000000009 0016"),
    (EntryPart(1, 7, 0, 1, b"hi"), "23 0014 0000000000000001 0000000000000007 00 01 6869"),
    (Heads(((1, 7),)), "24 0010 0000000000000001 0000000000000007"),
    (Pull(1, 3, 2, 6), "25 0019 0000000000000001 0000000000000003 02 0000000000000006"),
    (
        Have(((0, 2), (1, 7))),
        "26 0020 0000000000000000 0000000000000002 0000000000000001 0000000000000007",
    ),
    (Typing(1), "27 0008 0000000000000001"),
    (Typing(1, 7), "27 0010 0000000000000001 0000000000000007"),
    (Reached(((1, 7),)), "28 0010 0000000000000001 0000000000000007"),
    (ReadTo(1, 7), "29 0010 0000000000000001 0000000000000007"),
    (RealmsChanged(), "2a 0000"),
    (
        Want(b"\xf1" * 32, 1000, ((0, 2), (7, 1)), 9),
        f"30 003c {'f1' * 32} 000003e8 0000000000000009 00000000 00000002 00000007 00000001",
    ),
    (Want(b"\xf1" * 32, 0, ()), f"30 002c {'f1' * 32} 00000000 0000000000000000"),
    (Chunk(b"\xf1" * 32, 7, b"halo"), f"31 0028 {'f1' * 32} 00000007 68616c6f"),
]


# --- layouts and round trips ---


@pytest.mark.parametrize(("frame", "layout"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_layout_of_each_frame(frame: Frame, layout: str) -> None:
    assert frame.encode().hex() == layout.replace(" ", "")
    assert decode_frames(bytes.fromhex(layout)) == [frame]


@given(st.lists(frames, max_size=5))
def test_frames_come_back_in_their_order(several: list[Frame]) -> None:
    plaintext = pad(b"".join(frame.encode() for frame in several))

    assert len(plaintext) % PADDING == 0
    assert decode_frames(plaintext) == several


def test_no_frame_number_of_the_design_is_used_twice() -> None:
    assert len({kind.value for kind in FrameType}) == len(FrameType.__members__) == 21


# --- bytes of a peer ---


@given(
    st.binary(max_size=200) | st.lists(frames, min_size=1).map(lambda some: some[0].encode()[1:])
)
def test_any_bytes_decode_or_raise_peer_error_and_nothing_else(plaintext: bytes) -> None:
    for kind in (b"", *(bytes([kind]) for kind in FrameType)):
        try:
            decode_frames(kind + plaintext)
        except PeerError:
            continue


@given(frames, st.data())
def test_a_cut_frame_is_refused(frame: Frame, data: st.DataObject) -> None:
    encoded = frame.encode()
    end = data.draw(st.integers(1, len(encoded) - 1))

    with pytest.raises(PeerError):
        decode_frames(encoded[:end])


@pytest.mark.parametrize(
    "payload",
    load_vectors("hostile_payloads")["payloads_base64"],
    ids=lambda payload: payload["why"],
)
def test_hostile_payloads_raise_nothing_but_peer_error(payload: dict[str, str]) -> None:
    content = base64.b64decode(payload["b64"])

    with contextlib.suppress(PeerError):
        decode_object(content)
    for kind in FrameType:
        body = content[:1000]
        try:
            decode_frames(bytes([kind]) + len(body).to_bytes(2, "big") + body)
        except PeerError:
            continue


def frame(kind: FrameType, body: str | bytes) -> bytes:
    raw = bytes.fromhex(body) if isinstance(body, str) else body
    return bytes([kind]) + len(raw).to_bytes(2, "big") + raw


ONE, TWO, THREE = (f"{number:016x}" for number in (1, 2, 3))
POST_HEAD = ONE + ONE + ONE + "01"
WANT_HEAD = "f1" * 32 + "000003e8" + ONE


@pytest.mark.parametrize(
    "plaintext",
    [
        b"\x00\x01",
        b"\x00" * 31 + b"\x01",
        b"\x06\x00\x00",
        frame(FrameType.PING, "00" * 7),
        frame(FrameType.PONG, "00" * 23),
        frame(FrameType.PATH_CHALLENGE, "00" * 7),
        frame(FrameType.PATH_RESPONSE, "00" * 9),
        frame(FrameType.CLOSE, "00"),
        frame(FrameType.CLOSE, b"\0\0" + b"a" * (MAX_CLOSE_TEXT + 1)),
        frame(FrameType.CLOSE, "ffff"),
        frame(FrameType.CLOSE, "0000ff"),
        frame(FrameType.REQUEST, "00000001"),
        frame(FrameType.REQUEST, b"\0" * 5 + b" " * (MAX_REQUEST_JSON + 1)),
        frame(FrameType.RESPONSE, "00000001000100"),
        frame(FrameType.RESPONSE, b"\0\0\0\1\0\1\0\0" + b" " * (RESPONSE_PART + 1)),
        frame(FrameType.RESPONSE, "0000000101010000"),
        frame(FrameType.RESPONSE, f"0000000100{MAX_RESPONSE_PARTS + 1:02x}0000"),
        frame(FrameType.POST, POST_HEAD + "00"),
        frame(FrameType.POST, bytes.fromhex(POST_HEAD + "0001") + b"x" * (POST_PART + 1)),
        frame(FrameType.POST, ONE + TWO + ONE + "010001"),  # oldest beyond the draft
        frame(FrameType.POST, ONE + "00" * 8 + ONE + "010001"),
        frame(FrameType.POST, POST_HEAD + "0101"),
        frame(FrameType.POST, POST_HEAD + "0000"),
        frame(FrameType.POST, POST_HEAD + f"00{MAX_POST_PARTS + 1:02x}"),
        frame(FrameType.POST, POST_HEAD + "0002" + "78"),  # first of two, yet short
        frame(FrameType.POSTED, "00" * 31),
        frame(FrameType.REFUSED, "00" * 9),
        frame(FrameType.ENTRY, ONE + ONE + "00"),
        frame(FrameType.ENTRY, bytes.fromhex(ONE + ONE + "0001") + b"x" * (ENTRY_PART + 1)),
        frame(FrameType.ENTRY, ONE + "00" * 8 + "0001"),
        frame(FrameType.ENTRY, ONE + ONE + "0101"),
        frame(FrameType.ENTRY, ONE + ONE + f"00{MAX_ENTRY_PARTS + 1:02x}"),
        frame(FrameType.ENTRY, ONE + ONE + "0002" + "78"),
        frame(FrameType.HEADS, ""),
        frame(FrameType.HAVE, ONE),
        frame(FrameType.REACHED, ONE + ONE + "00"),
        frame(FrameType.PULL, ONE + "00" * 8 + "00" + ONE),
        frame(FrameType.PULL, ONE + THREE + "00" + TWO),
        frame(FrameType.PULL, ONE + ONE + "00"),
        frame(FrameType.TYPING, "00" * 12),
        frame(FrameType.READ_TO, ONE),
        frame(FrameType.READ_TO, ONE + ONE + ONE),
        frame(FrameType.WANT, WANT_HEAD[:-2]),
        frame(FrameType.WANT, WANT_HEAD + "00" * 7),
        frame(FrameType.WANT, WANT_HEAD + "0000000000000001" * (MAX_RANGES + 1)),
        frame(FrameType.WANT, WANT_HEAD + "0000000000000000"),  # of no blocks
        frame(FrameType.WANT, WANT_HEAD + f"{MAX_BLOCKS - 1:08x}00000002"),
        frame(FrameType.WANT, WANT_HEAD + "ffffffffffffffff"),
        frame(FrameType.CHUNK, "f1" * 32 + "000000"),
        frame(FrameType.CHUNK, "f1" * 32 + "00000000"),
        frame(FrameType.CHUNK, "f1" * 32 + f"{MAX_BLOCKS:08x}" + "00"),
        frame(FrameType.CHUNK, "f1" * 32 + f"{MAX_BLOCKS - 1:08x}" + "00" * (BLOCK + 1)),
    ],
)
def test_what_is_not_well_formed_closes_the_session(plaintext: bytes) -> None:
    with pytest.raises(PeerError):
        decode_frames(plaintext)


def test_frames_before_a_bad_one_are_not_believed_either() -> None:
    with pytest.raises(PeerError):
        decode_frames(Ping(1).encode() + b"\xee\0\0")


# --- packing ---


@given(st.lists(st.builds(Request, u32, u8, st.binary(max_size=MAX_REQUEST_JSON)), max_size=12))
def test_packing_keeps_every_frame_and_their_order(requests: list[Request]) -> None:
    plaintexts = pack_frames([request.encode() for request in requests])

    unpacked = [frame for plaintext in plaintexts for frame in decode_frames(plaintext)]

    assert unpacked == requests
    assert all(0 < len(plaintext) <= MAX_PLAINTEXT for plaintext in plaintexts)


def test_packing_makes_as_few_datagrams_as_the_order_allows() -> None:
    small, large = Ping(1).encode(), Request(1, 1, b"x" * MAX_REQUEST_JSON).encode()

    assert len(pack_frames([small] * (MAX_PLAINTEXT // len(small)))) == 1
    assert len(pack_frames([large, large])) == 2
    assert len(pack_frames([small, large, small])) == 1
    assert pack_frames([]) == []


def test_a_frame_larger_than_the_room_travels_alone_and_no_empty_one_before_it() -> None:
    large = Request(1, 1, b"x" * 100).encode()

    assert [decode_frames(plaintext) for plaintext in pack_frames([large, large], room=64)] == [
        [Request(1, 1, b"x" * 100)]
    ] * 2


def test_the_largest_frames_fit_one_datagram() -> None:
    largest: list[Frame] = [
        EntryPart(1, 1, 0, 1, b"x" * ENTRY_PART),
        Post(1, 1, 1, 1, 0, 1, b"x" * POST_PART),
        Request(1, 1, b"x" * MAX_REQUEST_JSON),
        Response(1, 0, 1, 0, b"x" * RESPONSE_PART),
        Want(b"x" * 32, 1, ((0, 1),) * MAX_RANGES, 1),
        Chunk(b"x" * 32, 0, b"x" * BLOCK),
    ]

    assert [len(pad(frame.encode())) <= MAX_PLAINTEXT for frame in largest] == [True] * 6


def test_a_chunk_is_as_much_longer_than_its_blocks_as_is_said() -> None:
    assert len(Chunk(b"x" * 32, 0, b"x" * BLOCK).encode()) == BLOCK + CHUNK_OVERHEAD


@given(st.binary(max_size=500), st.integers(1, 60))
def test_parts_join_to_the_whole(body: bytes, size: int) -> None:
    parts = split_parts(body, size)

    assert b"".join(parts) == body
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert len(parts[-1]) <= size


@given(st.binary(max_size=9 * BLOCK), st.integers(1, 1 << 20), st.integers(1200, 9000))
def test_blocks_go_out_in_chunks_as_large_as_fit(data: bytes, first: int, room: int) -> None:
    room -= room % PADDING
    plaintexts = pack_chunks(bytes(32), first, data, room)

    chunks = [chunk for plaintext in plaintexts for chunk in decode_frames(plaintext)]
    assert b"".join(chunk.data for chunk in chunks if isinstance(chunk, Chunk)) == data
    assert all(len(one) <= room and len(one) % PADDING == 0 for one in plaintexts)
    for chunk in chunks:
        assert isinstance(chunk, Chunk)
        assert chunk.data == data[(chunk.first - first) * BLOCK :][: len(chunk.data)]
    per_chunk = (room - CHUNK_OVERHEAD) // BLOCK
    assert len(plaintexts) == -(-len(data) // (per_chunk * BLOCK))
