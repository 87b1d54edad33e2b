"""SCRAM-SHA-256: proves that one knows an account's password, to a server that does not keep it.

The proof is bound to the session it is made in, so nobody can pass it on, and the server's
signature shows that it knows the account. There is no other form: a server that asked for one
without the binding would not get any.

Band: mechanisms. Knows no request, no clock, no randomness: nonces come in as arguments.
Source: RFC 5802 and RFC 7677, whose messages both ends write down and sign, although the values
travel as fields of requests (docs/protocol.md): nonces stand there in hex, the salt in base64, and
the channel binding is "p=ruang-handshake,," followed by the handshake hash.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple

from auth import password_bytes
from protocol import LocalError, PeerError
from records import Credentials

# --- what both ends agree on ---

ITERATIONS = 600_000  # of PBKDF2 for a new password: 0.2 s (OWASP's figure for SHA-256)
MIN_ITERATIONS = 4_096  # RFC 7677 §4: with fewer, a false server would learn the password sooner
MAX_ITERATIONS = 2_000_000  # more would only keep a client busy (as CVE-2026-42198 did)
NONCE_SIZE = 18  # bytes of either end
SALT_SIZE = 16
KEY_SIZE = 32  # bytes of stored key, server key, proof and signature
_BINDING = b"p=ruang-handshake,,"


class Keys(NamedTuple):
    """What a server keeps of a password, beside salt and iterations."""

    stored_key: bytes
    server_key: bytes

    def __repr__(self) -> str:
        return "Keys(...)"  # not for logs: with the server key, one can pose as the server


class Proved(NamedTuple):
    """What the client shows, and what the server then has to answer."""

    proof: bytes
    signature: bytes


def are_iterations(iterations: int) -> bool:
    """Whether somebody may ask for so many."""
    return MIN_ITERATIONS <= iterations <= MAX_ITERATIONS


def make_credentials(password: str, salt: bytes, iterations: int) -> Keys:
    """0.2 s with ITERATIONS, so in a worker."""
    client_key, server_key = _derive(password, salt, iterations)
    return Keys(hashlib.sha256(client_key).digest(), server_key)


def auth_message(
    name: str, client_nonce: str, nonce: str, salt: bytes, iterations: int, binding: bytes
) -> bytes:
    """All that was said, as RFC 5802 §3 writes it down. binding: gs2 header, channel data."""
    said = ",".join(
        (
            "n=" + name.replace("=", "=3D").replace(",", "=2C"),
            "r=" + client_nonce,
            "r=" + nonce,
            "s=" + base64.b64encode(salt).decode(),
            f"i={iterations}",
            "c=" + base64.b64encode(binding).decode(),
            "r=" + nonce,
        )
    )
    return said.encode("utf-8", "surrogatepass")


def prove(password: str, salt: bytes, iterations: int, message: bytes) -> Proved:
    """The client's arithmetic. 0.2 s with ITERATIONS, so in a worker."""
    client_key, server_key = _derive(password, salt, iterations)
    stored_key = hashlib.sha256(client_key).digest()
    proof = _xor(client_key, hmac.digest(stored_key, message, "sha256"))
    return Proved(proof, hmac.digest(server_key, message, "sha256"))


def verify(keys: Keys, message: bytes, proof: bytes) -> bytes | None:
    """The server's arithmetic: its signature, or None for a wrong proof. Both cost the same."""
    signature = hmac.digest(keys.server_key, message, "sha256")
    client_key = _xor(proof, hmac.digest(keys.stored_key, message, "sha256"))
    is_right = hmac.compare_digest(hashlib.sha256(client_key).digest(), keys.stored_key)
    return signature if is_right else None


def _derive(password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """Client key and server key."""
    salted = hashlib.pbkdf2_hmac("sha256", password_bytes(password), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return client_key, hmac.digest(salted, b"Server Key", "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


class ClientExchange:
    """The end that knows the password: shows name and ``nonce``, then ``proof``, then believes.

    nonce: NONCE_SIZE random bytes, for this exchange alone. The name is signed as it is sent.
    """

    def __init__(self, name: str, password: str, nonce: bytes, handshake_hash: bytes) -> None:
        self._name = name
        self._password = password
        self._nonce = nonce
        self._binding = _BINDING + handshake_hash
        self._signature: bytes | None = None

    def proof(self, salt: bytes, iterations: int, nonce: bytes) -> bytes:
        """The answer to the server's challenge: 0.2 s of work. Raises PeerError, before any work.

        ``nonce``: ours, and after it the server's.
        """
        if not are_iterations(iterations) or len(salt) != SALT_SIZE:
            raise PeerError("a challenge that shows too much or costs too much")
        if len(nonce) != 2 * NONCE_SIZE or not nonce.startswith(self._nonce):
            raise PeerError("not a challenge for us")
        message = auth_message(
            self._name, self._nonce.hex(), nonce.hex(), salt, iterations, self._binding
        )
        proof, self._signature = prove(self._password, salt, iterations, message)
        return proof

    def is_genuine(self, signature: bytes) -> bool:
        """Whether the server knows the account. Only after ``proof``."""
        if self._signature is None:
            raise LocalError("SCRAM signature before the proof")
        return hmac.compare_digest(signature, self._signature)


class ServerExchange:
    """The end that keeps credentials: one challenge, and what proves to have met it.

    The name is the one that was sent; nonces are random bytes, for this exchange alone.
    """

    def __init__(
        self,
        name: str,
        credentials: Credentials,
        client_nonce: bytes,
        server_nonce: bytes,
        handshake_hash: bytes,
    ) -> None:
        self.nonce = client_nonce + server_nonce
        self._keys = Keys(credentials.stored_key, credentials.server_key)
        self._message = auth_message(
            name,
            client_nonce.hex(),
            self.nonce.hex(),
            credentials.salt,
            credentials.iterations,
            _BINDING + handshake_hash,
        )

    def check(self, proof: bytes) -> bytes | None:
        """Our signature, or None if the client does not know the password."""
        return verify(self._keys, self._message, proof)
