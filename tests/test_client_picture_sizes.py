"""What a file says of itself before anything decodes it."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from client_picture_sizes import (
    MAX_PIXELS,
    TEXT_LINES,
    PictureKind,
    PictureSize,
    picture_size,
    text_beginning,
)


def drawn(kind: str, width: int = 31, height: int = 17, **options: object) -> bytes:
    """A picture as pillow writes it."""
    written = io.BytesIO()
    mode = "P" if kind == "GIF" else "RGB"
    Image.new(mode, (width, height)).save(written, kind, **options)
    return written.getvalue()


PICTURES = {
    "png": drawn("PNG"),
    "gif": drawn("GIF"),
    "gif with a comment": drawn("GIF", comment=b"x" * 600),
    "jpeg": drawn("JPEG"),
    "progressive jpeg": drawn("JPEG", progressive=True),
    "jpeg with a long comment": drawn("JPEG", comment=b"x" * 60_000),
    "webp": drawn("WEBP"),
    "lossless webp": drawn("WEBP", lossless=True),
    "webp with a colour profile": drawn("WEBP", icc_profile=b"x" * 300),
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=list(PICTURES))
def test_a_picture_says_its_size(data: bytes) -> None:
    size = picture_size(data)

    assert size is not None
    assert (size.width, size.height) == (31, 17)
    assert size.is_bounded


@pytest.mark.parametrize("data", PICTURES.values(), ids=list(PICTURES))
def test_a_picture_that_was_cut_off_says_its_size_or_nothing(data: bytes) -> None:
    sizes = {picture_size(data[:length]) for length in range(min(len(data), 900))}

    assert {(size.width, size.height) for size in sizes if size is not None} <= {(31, 17)}


@given(st.sampled_from(sorted(PICTURES)), st.binary(max_size=40), st.integers(2, 60))
def test_no_bytes_harm_whoever_asks(name: str, odd: bytes, place: int) -> None:
    data = PICTURES[name]

    picture_size(data[:place] + odd + data[place + len(odd) :])
    picture_size(odd)


def test_what_would_fill_the_memory_is_not_bounded() -> None:
    bomb = bytearray(drawn("PNG"))
    bomb[16:24] = struct.pack(">II", 65_535, 65_535)

    size = picture_size(bytes(bomb))

    assert size == PictureSize(PictureKind.PNG, 65_535, 65_535)
    assert not size.is_bounded
    assert PictureSize(PictureKind.PNG, MAX_PIXELS, 1).is_bounded
    assert not PictureSize(PictureKind.PNG, MAX_PIXELS + 1, 1).is_bounded
    assert not PictureSize(PictureKind.PNG, 0, 5).is_bounded


def test_a_gif_is_as_large_as_its_first_picture() -> None:
    bomb = bytearray(PICTURES["gif"])
    place = bomb.index(b",\0\0\0\0\x1f\0\x11\0")
    bomb[place + 5 : place + 9] = struct.pack("<HH", 60_000, 50_000)

    size = picture_size(bytes(bomb))

    assert size == PictureSize(PictureKind.GIF, 60_000, 50_000)


def test_filling_before_a_mark_of_a_jpeg_is_skipped() -> None:
    data = PICTURES["jpeg"]

    size = picture_size(data[:2] + b"\xff\xff\xff" + data[2:])

    assert size is not None


def test_a_jpeg_that_never_says_its_size_is_no_picture() -> None:
    assert picture_size(b"\xff\xd8" + b"\xff\xe0\0\2" * 50) is None


def test_a_webp_of_an_unknown_kind_is_no_picture() -> None:
    assert picture_size(b"RIFF" + bytes(4) + b"WEBPVP8?" + bytes(40)) is None


# --- texts ---


def test_the_first_lines_of_a_text() -> None:
    text = "nama,nilai\nana,\t90\n" + "x\n" * 50

    lines = text_beginning(text.encode())

    assert lines[:2] == ("nama,nilai", "ana,    90")
    assert len(lines) == TEXT_LINES


def test_a_mark_of_the_byte_order_is_no_character() -> None:
    assert text_beginning(b"\xef\xbb\xbfhalo") == ("halo",)


def test_a_character_that_was_cut_off_spoils_nothing() -> None:
    assert text_beginning(b"a" + "é".encode() * 4_000) != ()


@pytest.mark.parametrize(
    "head", [b"", b"\n \n", b"\0\1\2", b"a\x1b[2Jb", b"\xff\xfe" * 40, b"a\x7f"]
)
def test_what_is_no_text_is_not_shown(head: bytes) -> None:
    assert text_beginning(head) == ()
