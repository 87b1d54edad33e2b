import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import BLOCK, MAX_FILE
from transfer_blocks import Asked, Bitmap, Range, block_count

BLOCKS = 70
ranges = st.integers(0, BLOCKS - 1).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(1, BLOCKS - first))
)


def members(found: list[Range]) -> set[int]:
    return {block for first, count in found for block in range(first, first + count)}


@pytest.mark.parametrize(
    ("size", "blocks"), [(0, 0), (1, 1), (BLOCK - 1, 1), (BLOCK, 1), (BLOCK + 1, 2)]
)
def test_a_file_has_as_many_blocks_as_it_takes(size: int, blocks: int) -> None:
    assert block_count(size) == blocks


# --- which are here ---


@given(st.integers(1, BLOCKS), st.lists(ranges, max_size=12))
def test_a_bitmap_tells_what_is_new_and_what_is_missing(
    blocks: int, several: list[tuple[int, int]]
) -> None:
    bitmap = Bitmap(blocks)
    here: set[int] = set()

    for first, count in several:
        asked = set(range(first, min(first + count, blocks)))
        if not asked:
            continue
        assert members(bitmap.add(first, len(asked))) == asked - here
        here |= asked

    assert bitmap.count == len(here)
    assert bitmap.is_full == (len(here) == blocks)
    assert members(bitmap.missing(0, blocks)) == set(range(blocks)) - here


@given(st.lists(ranges, max_size=12), st.integers(0, BLOCKS), st.integers(0, BLOCKS))
def test_what_is_missing_comes_lowest_first_from_a_place_on_and_no_more_than_asked_for(
    several: list[tuple[int, int]], begin: int, limit: int
) -> None:
    bitmap = Bitmap(BLOCKS)
    for one in several:
        bitmap.add(*one)
    missing = sorted(members(bitmap.missing(0, BLOCKS)))

    found = bitmap.missing(begin, limit)

    in_order = [block for first, count in found for block in range(first, first + count)]
    assert in_order == [block for block in missing if block >= begin][:limit]


@given(st.integers(0, BLOCKS), st.lists(ranges, max_size=12))
def test_a_bitmap_comes_back_from_the_disk(blocks: int, several: list[tuple[int, int]]) -> None:
    bitmap = Bitmap(blocks)
    for first, count in several:
        if first + count <= blocks:
            bitmap.add(first, count)

    again = Bitmap(blocks, bitmap.encode())

    assert len(bitmap.encode()) == -(-blocks // 8)
    assert (again.count, again.encode()) == (bitmap.count, bitmap.encode())
    assert again.missing(0, blocks) == bitmap.missing(0, blocks)


def test_the_layout_of_a_bitmap_is_what_lies_on_disks() -> None:
    bitmap = Bitmap(11)
    bitmap.add(0, 2)
    bitmap.add(9, 1)

    assert bitmap.encode().hex() == "0302"


@pytest.mark.parametrize("bits", [b"", b"\xff", b"\xff\xff\xff"])
def test_a_bitmap_of_another_file_says_nothing(bits: bytes) -> None:
    assert Bitmap(11, bits).count == 0


def test_bits_beyond_the_end_are_no_blocks() -> None:
    bitmap = Bitmap(11, b"\xff\xff")

    assert (bitmap.count, bitmap.is_full, bitmap.encode().hex()) == (11, True, "ff07")


def test_a_file_without_blocks_is_here() -> None:
    assert Bitmap(0).is_full
    assert Bitmap(0).encode() == b""
    assert Bitmap(0).missing(0, 9) == []


def test_the_largest_file_is_one_step_and_not_one_for_each_block() -> None:
    blocks = MAX_FILE // BLOCK
    bitmap = Bitmap(blocks)

    assert bitmap.add(1, blocks - 2) == [Range(1, blocks - 2)]
    assert bitmap.missing(0, blocks) == [Range(0, 1), Range(blocks - 1, 1)]


# --- which were asked for ---


@given(st.lists(ranges, max_size=20), st.data())
def test_what_was_asked_for_comes_or_proves_lost_and_neither_twice(
    chunks: list[tuple[int, int]], data: st.DataObject
) -> None:
    asked = Asked()
    order = data.draw(st.permutations(range(0, BLOCKS, 7)))
    places = {first + n: 7 * at + n for at, first in enumerate(order) for n in range(7)}
    for at, first in enumerate(order):
        asked.add(first, 7, 7 * at, now=float(at))

    for first, count in chunks:
        come = {places.pop(block, None) for block in range(first, first + count)} - {None}
        newest = asked.take(first, count)
        highest = max((place for place in come if place is not None), default=None)
        assert newest == (None if highest is None else (highest + 1, float(highest // 7)))
        assert asked.blocks == len(places)
    before = data.draw(st.integers(0, BLOCKS))
    pieces = sorted(asked.take_before(before))

    # what was asked for in one piece is lost in one piece only where it lay before that place
    assert {places[first] < before for first, _ in pieces} <= {True}
    for block in members(pieces):
        del places[block]
    assert asked.blocks == len(places)
    assert members(asked.take_before(2 * BLOCKS)) == set(places)
    assert asked.blocks == 0
