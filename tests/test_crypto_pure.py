"""Our own X25519 and ChaCha20-Poly1305 against the package, on input nobody chose.

The published vectors run in test_crypto.py, through both.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crypto_pure
from protocol import PeerError

aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")
x25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.x25519")

keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=12, max_size=12)


@given(private=keys, public=keys)
def test_both_agree_on_any_point(private: bytes, public: bytes) -> None:
    theirs = x25519.X25519PrivateKey.from_private_bytes(private)
    try:
        expected = theirs.exchange(x25519.X25519PublicKey.from_public_bytes(public))
    except ValueError:
        with pytest.raises(PeerError):
            crypto_pure.x25519(private, public)
    else:
        assert crypto_pure.x25519(private, public) == expected


@given(private=keys)
def test_both_agree_on_any_public_key(private: bytes) -> None:
    theirs = x25519.X25519PrivateKey.from_private_bytes(private).public_key()

    assert crypto_pure.x25519_public(private) == theirs.public_bytes_raw()


@given(key=keys, nonce=nonces, plaintext=st.binary(max_size=2000), associated=st.binary())
def test_both_seal_and_open_alike(
    key: bytes, nonce: bytes, plaintext: bytes, associated: bytes
) -> None:
    theirs = aead.ChaCha20Poly1305(key)
    ours = crypto_pure.Aead(key)

    sealed = ours.seal(nonce, plaintext, associated)

    assert sealed == theirs.encrypt(nonce, plaintext, associated)
    assert ours.open(nonce, sealed, associated) == plaintext


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 63, 64, 65, 1164, 8900, 32_000])
def test_both_seal_alike_at_every_edge_of_a_block(size: int) -> None:
    key, nonce = bytes(range(32)), bytes(range(12))
    plaintext = (b"\xff\x00\x7f" * size)[:size]

    sealed = crypto_pure.Aead(key).seal(nonce, plaintext, b"header")

    assert sealed == aead.ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"header")


def test_words_that_overflow_in_every_addition_do_not_leak_into_their_neighbours() -> None:
    key, nonce = b"\xff" * 32, b"\xff" * 12
    plaintext = bytes(1164)

    sealed = crypto_pure.Aead(key).seal(nonce, plaintext, b"")

    assert sealed == aead.ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_a_wrong_size_is_a_defect_of_ours(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        crypto_pure.Aead(bytes(size))
