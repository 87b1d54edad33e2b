"""X25519 and ChaCha20-Poly1305 in plain Python, for computers without the cryptography package.

Same results, slower, and not constant-time: who can time this computer to the microsecond may
learn something of its keys. "About" and the README say so.

Band: mechanisms. Knows no session, no nonce policy, no randomness.
Source: RFC 7748, RFC 8439.
"""

import hmac
import struct
from array import array
from functools import lru_cache
from typing import NamedTuple

from protocol import PeerError

KEY_SIZE = 32
NONCE_SIZE = 12
TAG_SIZE = 16
BLOCK_SIZE = 64

# --- X25519 ---

_P = (1 << 255) - 19
_A24 = 121665
BASE_POINT = (9).to_bytes(32, "little")


def x25519_public(private: bytes) -> bytes:
    """The public half of a private key of 32 random bytes."""
    return x25519(private, BASE_POINT)


def x25519(private: bytes, public: bytes) -> bytes:
    """RFC 7748 §5. Raises PeerError if public is no point or one of low order (zero result)."""
    if len(private) != KEY_SIZE:
        raise ValueError("an X25519 private key has 32 bytes")
    if len(public) != KEY_SIZE:
        raise PeerError("X25519 public key has a wrong length")
    scalar = int.from_bytes(private, "little") & ~7 & ((1 << 255) - 1) | 1 << 254
    shared = _ladder(scalar, int.from_bytes(public, "little") & ((1 << 255) - 1))
    if shared == 0:
        raise PeerError("X25519 public key is of low order")
    return shared.to_bytes(32, "little")


def _ladder(scalar: int, u: int) -> int:
    """The u coordinate of scalar times the point with coordinate u.

    Sums are left unreduced, and may be negative: only products are brought below p again.
    """
    p = _P
    x2, z2, x3, z3 = 1, 0, u, 1
    swapped = 0
    for position in range(254, -1, -1):
        bit = scalar >> position & 1
        if bit != swapped:
            x2, z2, x3, z3 = x3, z3, x2, z2
            swapped = bit
        a = x2 + z2
        b = x2 - z2
        da = (x3 - z3) * a % p
        cb = (x3 + z3) * b % p
        aa = a * a % p
        bb = b * b % p
        e = aa - bb
        x2 = aa * bb % p
        z2 = e * (aa + _A24 * e) % p
        a = da + cb
        b = da - cb
        x3 = a * a % p
        z3 = b * b % p * u % p
    # The lowest bit of an X25519 scalar is 0, so the last step has left nothing swapped.
    return x2 * pow(z2, p - 2, p) % p


# --- ChaCha20 ---
#
# The state is four rows of four words. All blocks of a datagram are worked on at once: a row is
# one integer whose 64-bit lanes hold, from the low end, the row's first word of every block, then
# the second word of every block, and so on. The upper half of each lane takes what an addition or
# a rotation pushes out, until the next mask clears it. A diagonal round is a column round on rows
# turned by whole words.

_CONSTANTS = struct.Struct("<4I").unpack(b"expand 32-byte k")
_ROUNDS = range(10)  # pairs of a column and a diagonal round


class _Shape(NamedTuple):
    """What a keystream of so many blocks needs that depends on neither key nor nonce."""

    mask: int  # the lower half of every lane
    constants: int  # the first row
    counters: bytes  # the lanes of the last row's first word: 0, 1, 2 …


@lru_cache(maxsize=64)
def _shape(blocks: int) -> _Shape:
    lane = struct.Struct("<Q").pack
    return _Shape(
        int.from_bytes(lane(0xFFFFFFFF) * (4 * blocks), "little"),
        int.from_bytes(b"".join(lane(word) * blocks for word in _CONSTANTS), "little"),
        b"".join(map(lane, range(blocks))),
    )


def _lanes(words: bytes) -> list[bytes]:
    """Each 32-bit word as the eight bytes of a lane."""
    return [words[i : i + 4] + b"\0\0\0\0" for i in range(0, len(words), 4)]


def _keystream(key_lanes: list[bytes], nonce: bytes, blocks: int) -> bytes:
    """RFC 8439 §2.4 from counter 0 on."""
    mask, a0, counters = _shape(blocks)
    b0 = int.from_bytes(b"".join([lane * blocks for lane in key_lanes[:4]]), "little")
    c0 = int.from_bytes(b"".join([lane * blocks for lane in key_lanes[4:]]), "little")
    nonce_lanes = b"".join([lane * blocks for lane in _lanes(nonce)])
    d0 = int.from_bytes(counters + nonce_lanes, "little")
    one, two, three = 64 * blocks, 128 * blocks, 192 * blocks  # bits by which rows are turned
    a, b, c, d = a0, b0, c0, d0
    for _ in _ROUNDS:
        a = a + b & mask
        d ^= a
        d = (d << 16 | d >> 16) & mask
        c = c + d & mask
        b ^= c
        b = (b << 12 | b >> 20) & mask
        a = a + b & mask
        d ^= a
        d = (d << 8 | d >> 24) & mask
        c = c + d & mask
        b ^= c
        b = b << 7 | b >> 25
        b = (b >> one | b << three) & mask
        c = (c >> two | c << two) & mask
        d = (d >> three | d << one) & mask
        a = a + b & mask
        d ^= a
        d = (d << 16 | d >> 16) & mask
        c = c + d & mask
        b ^= c
        b = (b << 12 | b >> 20) & mask
        a = a + b & mask
        d ^= a
        d = (d << 8 | d >> 24) & mask
        c = c + d & mask
        b ^= c
        b = b << 7 | b >> 25
        b = (b >> three | b << one) & mask
        c = (c >> two | c << two) & mask
        d = (d >> one | d << three) & mask
    size = 32 * blocks
    words = array(
        "I",
        (a + a0).to_bytes(size, "little")
        + (b + b0).to_bytes(size, "little")
        + (c + c0).to_bytes(size, "little")
        + (d + d0).to_bytes(size, "little"),
    )
    # Every second item is the unused half of a lane; a block's words lie ``blocks`` lanes apart.
    # The items are moved as they are, so the byte order of this computer does not matter.
    return b"".join([words[2 * block :: 2 * blocks] for block in range(blocks)])


# --- Poly1305 and the AEAD ---

_POLY_P = (1 << 130) - 5
_POLY_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
_POLY_HIGH = 1 << 128  # the bit above each full block
_LENGTHS = struct.Struct("<QQ")


def _tag(poly_key: bytes, associated: bytes, ciphertext: bytes) -> bytes:
    """RFC 8439 §2.8: Poly1305 over both, each filled up to 16 bytes, and their lengths."""
    r = int.from_bytes(poly_key[:16], "little") & _POLY_CLAMP
    message = (
        associated
        + bytes(-len(associated) % 16)
        + ciphertext
        + bytes(-len(ciphertext) % 16)
        + _LENGTHS.pack(len(associated), len(ciphertext))
    )
    total = 0
    for position in range(0, len(message), 16):
        block = int.from_bytes(message[position : position + 16], "little")
        total = (total + block + _POLY_HIGH) * r % _POLY_P
    total += int.from_bytes(poly_key[16:], "little")
    return (total & (_POLY_HIGH - 1)).to_bytes(16, "little")


class Aead:
    """ChaCha20-Poly1305 under one key. A nonce is never used twice; the caller sees to that."""

    __slots__ = ("_key_lanes",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a ChaCha20-Poly1305 key has 32 bytes")
        self._key_lanes = _lanes(key)

    def seal(self, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        """The ciphertext and its tag."""
        poly_key, ciphertext = self._apply(nonce, plaintext)
        return ciphertext + _tag(poly_key, associated, ciphertext)

    def open(self, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """The plaintext. Raises PeerError if anything was changed or it is too short."""
        ciphertext = sealed[:-TAG_SIZE]
        poly_key, plaintext = self._apply(nonce, ciphertext)
        # Fewer bytes than a tag are no tag either: the comparison sees to it.
        if not hmac.compare_digest(_tag(poly_key, associated, ciphertext), sealed[-TAG_SIZE:]):
            raise PeerError("sealed bytes are forged or short")
        return plaintext

    def _apply(self, nonce: bytes, text: bytes) -> tuple[bytes, bytes]:
        """The one-time Poly1305 key (block 0) and text under the keystream from block 1 on."""
        if len(nonce) != NONCE_SIZE:
            raise ValueError("a ChaCha20-Poly1305 nonce has 12 bytes")
        size = len(text)
        stream = _keystream(self._key_lanes, nonce, 1 + (size + BLOCK_SIZE - 1) // BLOCK_SIZE)
        mixed = int.from_bytes(text, "little") ^ int.from_bytes(
            stream[BLOCK_SIZE : BLOCK_SIZE + size], "little"
        )
        return stream[:32], mixed.to_bytes(size, "little")
