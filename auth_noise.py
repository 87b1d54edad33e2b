"""The Noise handshake that makes a session's keys, in the one pattern and suite we speak.

    NX:  -> e          <- e, ee, s, es

The server shows and proves its key; the client stays unknown until it enters inside the session.

Band: mechanisms. Knows no datagram, no clock, no randomness: private keys come in as arguments.
Source: The Noise Protocol Framework, revision 34, Noise_NX_25519_ChaChaPoly_SHA256.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import Enum, auto

from crypto import Aead, x25519, x25519_public
from protocol import HANDSHAKE_NAME, TAG_SIZE, LocalError, PeerError

KEY_SIZE = 32
_NONCE = bytes(12)  # NX seals once under each handshake key, so the number is always 0
_SMALLEST_SECOND = KEY_SIZE + KEY_SIZE + TAG_SIZE + TAG_SIZE


class _Turn(Enum):
    FIRST = auto()
    SECOND = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class _Symmetric:
    """Noise §5.2. Each step gives a new value, so a message that fails halfway changes nothing."""

    hash: bytes
    chaining_key: bytes = field(repr=False)
    key: bytes = field(default=b"", repr=False)

    def mix_hash(self, text: bytes) -> "_Symmetric":
        return _Symmetric(hashlib.sha256(self.hash + text).digest(), self.chaining_key, self.key)

    def mix_key(self, secret: bytes) -> "_Symmetric":
        return _Symmetric(self.hash, *_hkdf(self.chaining_key, secret))

    def seal(self, plaintext: bytes) -> bytes:
        """Follow with mix_hash of the result."""
        return Aead(self.key).seal(_NONCE, plaintext, self.hash)

    def open(self, sealed: bytes) -> bytes:
        """Follow with mix_hash of ``sealed``. Raises PeerError."""
        return Aead(self.key).open(_NONCE, sealed, self.hash)

    def split(self) -> tuple[bytes, bytes]:
        """Initiator's and responder's key."""
        return _hkdf(self.chaining_key, b"")


def _hkdf(chaining_key: bytes, secret: bytes) -> tuple[bytes, bytes]:
    mixed = hmac.digest(chaining_key, secret, "sha256")
    first = hmac.digest(mixed, b"\x01", "sha256")
    return first, hmac.digest(mixed, first + b"\x02", "sha256")


def _begin(prologue: bytes) -> _Symmetric:
    # The name has exactly the 32 bytes of a hash, so Noise takes it as it is.
    return _Symmetric(HANDSHAKE_NAME, HANDSHAKE_NAME).mix_hash(prologue)


class _Party:
    """What both ends have. The results exist once the second message has been handled."""

    handshake_hash: bytes
    initiator_key: bytes
    responder_key: bytes

    def __init__(self, prologue: bytes, ephemeral_private: bytes) -> None:
        self._symmetric = _begin(prologue)
        self._ephemeral_private = ephemeral_private
        self._ephemeral = x25519_public(ephemeral_private)
        self._turn = _Turn.FIRST

    def _expect(self, turn: _Turn) -> None:
        if self._turn is not turn:
            raise LocalError("Noise message out of turn")

    def _finish(self, symmetric: _Symmetric) -> None:
        self.handshake_hash = symmetric.hash
        self.initiator_key, self.responder_key = symmetric.split()
        self._turn = _Turn.OVER


class Initiator(_Party):
    """The client's end. A second message that fails may be followed by the genuine one."""

    server_key: bytes  # the responder's static public key, proved by the second message

    def write_first(self, payload: bytes = b"") -> bytes:
        """e ‖ payload, both in the clear."""
        self._expect(_Turn.FIRST)
        self._symmetric = self._symmetric.mix_hash(self._ephemeral).mix_hash(payload)
        self._turn = _Turn.SECOND
        return self._ephemeral + payload

    def read_second(self, message: bytes) -> bytes:
        """The payload. Raises PeerError if the message is short or forged."""
        self._expect(_Turn.SECOND)
        if len(message) < _SMALLEST_SECOND:
            raise PeerError("second Noise message is too short")
        ephemeral = message[:KEY_SIZE]
        sealed_key = message[KEY_SIZE : 2 * KEY_SIZE + TAG_SIZE]
        sealed_payload = message[2 * KEY_SIZE + TAG_SIZE :]
        symmetric = self._symmetric.mix_hash(ephemeral)
        symmetric = symmetric.mix_key(x25519(self._ephemeral_private, ephemeral))  # ee
        server_key = symmetric.open(sealed_key)  # s
        symmetric = symmetric.mix_hash(sealed_key)
        symmetric = symmetric.mix_key(x25519(self._ephemeral_private, server_key))  # es
        payload = symmetric.open(sealed_payload)
        self._finish(symmetric.mix_hash(sealed_payload))
        self.server_key = server_key
        return payload


class Responder(_Party):
    """The server's end."""

    def __init__(self, prologue: bytes, static_private: bytes, ephemeral_private: bytes) -> None:
        super().__init__(prologue, ephemeral_private)
        self._static_private = static_private
        self._client_ephemeral = b""

    def read_first(self, message: bytes) -> bytes:
        """The payload, which nobody vouches for. Raises PeerError if the message is short."""
        self._expect(_Turn.FIRST)
        if len(message) < KEY_SIZE:
            raise PeerError("first Noise message is too short")
        self._client_ephemeral = message[:KEY_SIZE]
        payload = message[KEY_SIZE:]
        self._symmetric = self._symmetric.mix_hash(self._client_ephemeral).mix_hash(payload)
        self._turn = _Turn.SECOND
        return payload

    def write_second(self, payload: bytes = b"") -> bytes:
        """e ‖ sealed static key ‖ sealed payload. Raises PeerError for an e of low order."""
        self._expect(_Turn.SECOND)
        symmetric = self._symmetric.mix_hash(self._ephemeral)
        symmetric = symmetric.mix_key(x25519(self._ephemeral_private, self._client_ephemeral))  # ee
        sealed_key = symmetric.seal(x25519_public(self._static_private))  # s
        symmetric = symmetric.mix_hash(sealed_key)
        symmetric = symmetric.mix_key(x25519(self._static_private, self._client_ephemeral))  # es
        sealed_payload = symmetric.seal(payload)
        self._finish(symmetric.mix_hash(sealed_payload))
        return self._ephemeral + sealed_key + sealed_payload
