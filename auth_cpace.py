"""CPace: two ends prove to each other that they know one password, and show nobody anything of it.

Whoever does not know it gets one guess per exchange and nothing to work on afterwards.

Band: mechanisms. Knows no request, no clock, no randomness: secrets come in as arguments.
Source: draft-irtf-cfrg-cpace-21, CPACE-X25519-SHA512, initiator-responder, tags of §10.4.
"""

import hashlib
import hmac

from crypto import x25519
from protocol import LocalError, PeerError

_DSI = b"CPace255"
_DSI_ISK = b"CPace255_ISK"
_DSI_MAC = b"CPaceMac"
_HASH_BLOCK = 128  # bytes: SHA-512's input block
_P = (1 << 255) - 19
_A = 486662  # Curve25519 is v² = u³ + A·u² + u


def generator(prs: bytes, ci: bytes, sid: bytes) -> bytes:
    """The point the password stands for in this session (§8.1, §8.2)."""
    padding = bytes(max(0, _HASH_BLOCK - len(_lv_cat(prs)) - len(_lv_cat(_DSI)) - 1))
    digest = hashlib.sha512(_lv_cat(_DSI, prs, padding, ci, sid)).digest()
    return _elligator2(int.from_bytes(digest[:32], "little") & ((1 << 255) - 1))


def _elligator2(r: int) -> bytes:
    """RFC 9380 §6.7.1, u coordinate alone.

    Which of the two candidates is on the curve depends on the password, so it is chosen by
    arithmetic: a branch here has given passwords away by its timing (Dragonblood, WPA3).
    """
    candidate = -_A * pow(1 + 2 * r * r, _P - 2, _P) % _P
    square = candidate * (candidate * candidate + _A * candidate + 1)
    character = pow(square, (_P - 1) // 2, _P)  # 1 or -1, the latter as p - 1
    half = (_P + 1) // 2
    u = (character * candidate - (1 - character) * _A * half) % _P
    return u.to_bytes(32, "little")


def _lv_cat(*parts: bytes) -> bytes:
    """Each part after its length in LEB128."""
    return b"".join(_leb128(len(part)) + part for part in parts)


def _leb128(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


class _Party:
    """One end of one exchange: show ``share``, ``finish`` with the other's, swap tags, ``verify``.

    prs: what the password was made into. ci: what both ends know of the channel. sid: unique to
    this session. secret: 32 random bytes, for this exchange alone. own_ad, peer_ad: what the two
    ends sent along in the clear.
    """

    isk: bytes  # the key both share if the passwords are equal; there after finish

    def __init__(
        self,
        prs: bytes,
        ci: bytes,
        sid: bytes,
        secret: bytes,
        *,
        own_ad: bytes = b"",
        peer_ad: bytes = b"",
    ) -> None:
        self._sid = sid
        self._secret = secret
        self._own_ad = own_ad
        self._peer_ad = peer_ad
        self._awaited_tag: bytes | None = None
        self.share = x25519(secret, generator(prs, ci, sid))

    def verify(self, tag: bytes) -> bool:
        """Whether the other end knows the password. Only after finish."""
        if self._awaited_tag is None:
            raise LocalError("CPace tag before the share")
        return hmac.compare_digest(tag, self._awaited_tag)

    def _agree(self, peer_share: bytes) -> tuple[bytes, bytes]:
        """The shared point and the other end's signed message. Raises PeerError."""
        if self._awaited_tag is not None:
            raise LocalError("CPace exchange is over")
        if hmac.compare_digest(peer_share, self.share):
            # Sent back to us, our share and then our tag would pass for the other end's, and
            # that without the password (the loopback of §10.1.2).
            raise PeerError("CPace share is our own")
        return x25519(self._secret, peer_share), _lv_cat(peer_share, self._peer_ad)

    def _conclude(self, secret_point: bytes, transcript: bytes, own: bytes, peer: bytes) -> bytes:
        """Keeps key and awaited tag; gives our own tag."""
        isk = hashlib.sha512(_lv_cat(_DSI_ISK, self._sid, secret_point) + transcript).digest()
        mac_key = hashlib.sha512(_DSI_MAC + self._sid + isk).digest()
        self.isk = isk
        self._awaited_tag = hmac.digest(mac_key, peer, "sha512")
        return hmac.digest(mac_key, own, "sha512")


class Initiator(_Party):
    """The end that shows its share first: the client."""

    def finish(self, share_b: bytes) -> bytes:
        """Our tag Ta. Raises PeerError for a share that is no point, of low order or our own."""
        secret_point, peer = self._agree(share_b)
        own = _lv_cat(self.share, self._own_ad)
        return self._conclude(secret_point, own + peer, own, peer)


class Responder(_Party):
    """The end that answers: the server."""

    def finish(self, share_a: bytes) -> bytes:
        """Our tag Tb. Raises PeerError for a share that is no point, of low order or our own."""
        secret_point, peer = self._agree(share_a)
        own = _lv_cat(self.share, self._own_ad)
        return self._conclude(secret_point, peer + own, own, peer)
