"""X25519 and ChaCha20-Poly1305: the cryptography package if it is here, else our own.

Band: mechanisms. Knows no session, no nonce policy, no randomness. scrypt is hashlib's.
Source: RFC 7748, RFC 8439.
"""

import os
from collections.abc import Callable

import crypto_pure
from protocol import PeerError

try:
    if os.environ.get("RUANG_CRYPTO") == "pure":
        raise ImportError("our own was asked for")
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
except ImportError:
    BACKEND = "pure"
else:
    BACKEND = "cryptography"


def x25519_public(private: bytes) -> bytes:
    """The public half of a private key of 32 random bytes."""
    return x25519(private, crypto_pure.BASE_POINT)


def x25519(private: bytes, public: bytes) -> bytes:
    """RFC 7748 §5. Raises PeerError if public is no point or one of low order (zero result)."""
    if BACKEND == "pure":
        return crypto_pure.x25519(private, public)
    key = X25519PrivateKey.from_private_bytes(private)
    try:
        return key.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise PeerError("X25519 public key is of low order or has a wrong length") from None


class Aead:
    """ChaCha20-Poly1305 under one key. A nonce is never used twice; the caller sees to that.

    ``seal(nonce, plaintext, associated)`` gives the ciphertext and its tag.
    ``open(nonce, sealed, associated)`` gives the plaintext; raises PeerError if forged or short.
    A key or nonce of a wrong length is our own defect: ValueError.
    """

    # Attributes, not methods: they run once per datagram, and a method that only calls on would
    # cost a tenth of the sealing itself.
    __slots__ = ("open", "seal")

    seal: Callable[[bytes, bytes, bytes], bytes]
    open: Callable[[bytes, bytes, bytes], bytes]

    def __init__(self, key: bytes) -> None:
        if BACKEND == "pure":
            own = crypto_pure.Aead(key)
            self.seal = own.seal
            self.open = own.open
        else:
            cipher = ChaCha20Poly1305(key)
            self.seal = cipher.encrypt
            self.open = _opener(cipher.decrypt)


def _opener(
    decrypt: Callable[[bytes, bytes, bytes], bytes],
) -> Callable[[bytes, bytes, bytes], bytes]:
    """The package's decrypt with our error."""

    def open_sealed(nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        try:
            return decrypt(nonce, sealed, associated)
        except InvalidTag:
            raise PeerError("sealed bytes are forged or short") from None

    return open_sealed
