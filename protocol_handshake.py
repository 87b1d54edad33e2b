"""The handshake, both ends: INIT and RESP around Noise NX, and the keys that come of it.

Band: exchanges. Cookies and rates are the server's door; here nothing is sent and nothing timed.
Source: docs/protocol.md, design Noise revision 34 pattern NX.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

import auth_noise
from protocol import (
    PREFIX,
    SUITE,
    VERSION,
    DatagramType,
    Init,
    PeerError,
    Resp,
    RespPayload,
    Retry,
)

NO_COOKIE = bytes(24)
RESET_TOKEN_SIZE = 16


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What both ends know when the handshake is done; each from its own side."""

    receive_id: int  # the session id in datagrams to us
    send_id: int  # the session id in datagrams to the peer
    receive_key: bytes = field(repr=False)
    send_key: bytes = field(repr=False)
    handshake_hash: bytes  # the same on both sides and nowhere else: later proofs bind to it
    server_key: bytes  # the server's static public key


def _prologue(client_id: int, suite: int, highest_version: int) -> bytes:
    """All that was said in clear, so that changing any of it breaks the handshake."""
    clear = PREFIX + bytes([DatagramType.INIT]) + client_id.to_bytes(8, "big")
    return b"Ruang NX 1" + clear + suite.to_bytes(2, "big") + bytes([highest_version])


def reset_token(reset_key: bytes, server_session_id: int) -> bytes:
    """Lets a server that forgot a session prove that it was the one who had it."""
    message = b"reset" + server_session_id.to_bytes(8, "big")
    return hmac.digest(reset_key, message, hashlib.sha256)[:RESET_TOKEN_SIZE]


class ClientHandshake:
    """One attempt. ``init`` is sent until ``receive_resp`` has succeeded."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self.client_id = int.from_bytes(random_bytes(8), "big") or 1
        prologue = _prologue(self.client_id, SUITE, VERSION)
        self._noise = auth_noise.Initiator(prologue, random_bytes(32))
        self._ephemeral = self._noise.write_first()
        self._cookie = NO_COOKIE
        self._is_answered = False

    def init(self) -> bytes:
        """The INIT with the newest cookie."""
        return Init(self.client_id, self._ephemeral, self._cookie).encode()

    def receive_retry(self, datagram: bytes) -> bool:
        """Whether a new cookie came, so that INIT should go out again at once.

        RETRY is not authenticated: a false one only makes us send an INIT the server refuses.
        """
        retry = Retry.decode(datagram)
        if retry.client_id != self.client_id or retry.cookie == self._cookie:
            return False
        self._cookie = retry.cookie
        return True

    def receive_resp(self, datagram: bytes) -> tuple[SessionKeys, RespPayload]:
        """Raises PeerError if it is not the answer to our INIT; then nothing has changed.

        If the server itself answered with what cannot be, every later RESP is refused.
        """
        resp = Resp.decode(datagram)
        if resp.client_id != self.client_id or self._is_answered:
            raise PeerError("RESP for another client, or not the first")
        sealed = self._noise.read_second(resp.noise)
        self._is_answered = True
        payload = RespPayload.decode(sealed)
        keys = SessionKeys(
            receive_id=self.client_id,
            send_id=payload.server_session_id,
            receive_key=self._noise.responder_key,
            send_key=self._noise.initiator_key,
            handshake_hash=self._noise.handshake_hash,
            server_key=self._noise.server_key,
        )
        return keys, payload


def answer_init(
    init: Init,
    payload: RespPayload,
    *,
    static_private: bytes,
    server_key: bytes,
    random_bytes: Callable[[int], bytes],
) -> tuple[bytes, SessionKeys]:
    """The RESP to an INIT whose cookie is good, and the keys. Raises PeerError for a bad point."""
    prologue = _prologue(init.client_id, init.suite, init.highest_version)
    noise = auth_noise.Responder(prologue, static_private, random_bytes(32))
    noise.read_first(init.ephemeral)
    resp = Resp(init.client_id, noise.write_second(payload.encode())).encode()
    keys = SessionKeys(
        receive_id=payload.server_session_id,
        send_id=init.client_id,
        receive_key=noise.initiator_key,
        send_key=noise.responder_key,
        handshake_hash=noise.handshake_hash,
        server_key=server_key,
    )
    return resp, keys
