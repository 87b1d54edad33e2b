"""A client of another hand, written from docs/protocol.md and nothing else.

It proves that the page suffices: of ours it imports X25519 and ChaCha20-Poly1305 alone. It knows
no resending and no loss, since the tests carry its datagrams by hand.
"""

import base64
import hashlib
import hmac
import json
import struct
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from crypto import Aead, x25519, x25519_public

NAME = b"Noise_NX_25519_ChaChaPoly_SHA256"
PRIME = 2**255 - 19
CURVE_A = 486662
Fields = dict[str, Any]


# --- handshake (§3) ---


class Keys(NamedTuple):
    """What the client knows after RESP."""

    hash: bytes
    to_server: bytes
    to_client: bytes
    server_key: bytes
    session_id: int
    room_id: bytes
    reset_token: bytes
    room_name: str


def prologue(client_id: int) -> bytes:
    return b"Ruang NX 1" + b"Rg\x01\x01" + struct.pack(">QHB", client_id, 1, 1)


def init(client_id: int, ephemeral: bytes, cookie: bytes) -> bytes:
    clear = b"Rg\x01\x01" + struct.pack(">Q32s24sHB", client_id, ephemeral, cookie, 1, 1)
    return clear.ljust(1200, b"\0")


def hkdf(chaining_key: bytes, secret: bytes) -> list[bytes]:
    mixed = hmac.digest(chaining_key, secret, "sha256")
    first = hmac.digest(mixed, b"\x01", "sha256")
    return [first, hmac.digest(mixed, first + b"\x02", "sha256")]


def read_resp(datagram: bytes, client_id: int, private: bytes) -> Keys:
    assert datagram[:12] == b"Rg\x01\x03" + client_id.to_bytes(8, "big")
    ephemeral, sealed_key, sealed = datagram[12:44], datagram[44:92], datagram[92:]
    digest = hashlib.sha256(NAME + prologue(client_id)).digest()
    digest = hashlib.sha256(digest + x25519_public(private)).digest()
    digest = hashlib.sha256(digest).digest()  # the empty payload of the first message
    digest = hashlib.sha256(digest + ephemeral).digest()
    chaining_key, key = hkdf(NAME, x25519(private, ephemeral))
    server_key = Aead(key).open(bytes(12), sealed_key, digest)
    digest = hashlib.sha256(digest + sealed_key).digest()
    chaining_key, key = hkdf(chaining_key, x25519(private, server_key))
    payload = Aead(key).open(bytes(12), sealed, digest)
    digest = hashlib.sha256(digest + sealed).digest()
    to_server, to_client = hkdf(chaining_key, b"")
    session_id, room_id, reset_token, _, length = struct.unpack(">Q16s16sBB", payload[:42])
    assert len(payload) == 42 + length <= 42 + 64
    name = payload[42:].decode()
    return Keys(digest, to_server, to_client, server_key, session_id, room_id, reset_token, name)


# --- sealing and frames (§4, §5) ---


def seal(key: bytes, session_id: int, number: int, *frames: bytes) -> bytes:
    header = b"Rg\x01\x10" + struct.pack(">QQ", session_id, number)
    plaintext = b"".join(frames)
    plaintext += bytes(-len(plaintext) % 16)
    nonce = bytes(4) + number.to_bytes(8, "little")
    return header + Aead(key).seal(nonce, plaintext, header)


def open_sealed(key: bytes, client_id: int, datagram: bytes) -> bytes:
    assert datagram[:12] == b"Rg\x01\x11" + client_id.to_bytes(8, "big")
    nonce = bytes(4) + datagram[12:20][::-1]
    return Aead(key).open(nonce, datagram[20:], datagram[:20])


def frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">BH", kind, len(body)) + body


def frames(plaintext: bytes) -> Iterator[tuple[int, bytes]]:
    while plaintext and plaintext[0]:
        kind, length = struct.unpack(">BH", plaintext[:3])
        yield kind, plaintext[3 : 3 + length]
        plaintext = plaintext[3 + length :]
    assert not any(plaintext)


def request(number: int, verb: int, fields: Fields) -> bytes:
    return frame(0x10, struct.pack(">IB", number, verb) + json.dumps(fields).encode())


def post(draft: int, oldest: int, text: str, conversation: int = 1) -> bytes:
    head = struct.pack(">QQQBBB", draft, oldest, conversation, 1, 0, 1)
    return frame(0x20, head + text.encode())


def pull(first: int, last: int, conversation: int = 1) -> bytes:
    return frame(0x25, struct.pack(">QQBQ", conversation, first, 0, last))


def have(number: int) -> bytes:
    return frame(0x26, struct.pack(">QQ", 1, number))


# --- the password (§7) ---


def derive_prs(password: str, room_id: bytes) -> bytes:
    secret = unicodedata.normalize("NFKC", password).encode()
    limit = 64 * 1024 * 1024
    return hashlib.scrypt(secret, salt=room_id, n=2**15, r=8, p=1, dklen=32, maxmem=limit)


def lv(*parts: bytes) -> bytes:
    """Length and value; all lengths here are below 128, so each takes one byte."""
    return b"".join(bytes([len(part)]) + part for part in parts)


def generator(prs: bytes, server_key: bytes, sid: bytes) -> bytes:
    """Elligator 2 by branches, where ours computes without; both must agree."""
    text = lv(b"CPace255", prs, bytes(85), b"ruang" + server_key, sid)
    r = int.from_bytes(hashlib.sha512(text).digest()[:32], "little") % 2**255
    u = -CURVE_A * pow(1 + 2 * r * r, -1, PRIME) % PRIME
    square = (u**3 + CURVE_A * u**2 + u) % PRIME
    if pow(square, (PRIME - 1) // 2, PRIME) != 1:
        u = (-u - CURVE_A) % PRIME
    return u.to_bytes(32, "little")


class Tags(NamedTuple):
    """Both ends' tags, and the key they prove."""

    isk: bytes
    ta: bytes
    tb: bytes


def agree(secret: bytes, ya: bytes, yb: bytes, sid: bytes) -> Tags:
    assert ya != yb, "somebody sends our own share back"
    point = x25519(secret, yb)
    isk = hashlib.sha512(lv(b"CPace255_ISK", sid, point) + lv(ya, b"") + lv(yb, b"")).digest()
    mac_key = hashlib.sha512(b"CPaceMac" + sid + isk).digest()
    return Tags(
        isk,
        hmac.digest(mac_key, lv(ya, b""), "sha512"),
        hmac.digest(mac_key, lv(yb, b""), "sha512"),
    )


# --- accounts (§8) ---


class Secrets(NamedTuple):
    """What a password comes to."""

    salted: bytes
    client_key: bytes
    stored_key: bytes
    server_key: bytes


def account_secrets(password: str, salt: bytes, iterations: int) -> Secrets:
    secret = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return Secrets(salted, client_key, hashlib.sha256(client_key).digest(), server_key)


class Challenge(NamedTuple):
    """What the server answered to CHALLENGE."""

    salt: bytes
    iterations: int
    nonce: bytes


def auth_message(name: str, nonce: bytes, challenge: Challenge, sid: bytes) -> bytes:
    escaped = name.replace("=", "=3D").replace(",", "=2C")
    salt = base64.b64encode(challenge.salt).decode()
    binding = base64.b64encode(b"p=ruang-handshake,," + sid).decode()
    both = challenge.nonce.hex()
    said = f"n={escaped},r={nonce.hex()},r={both},s={salt},i={challenge.iterations}"
    return f"{said},c={binding},r={both}".encode()


def scram_proof(secrets: Secrets, message: bytes) -> bytes:
    mask = hmac.digest(secrets.stored_key, message, "sha256")
    return bytes(a ^ b for a, b in zip(secrets.client_key, mask, strict=True))


def scram_signature(secrets: Secrets, message: bytes) -> bytes:
    return hmac.digest(secrets.server_key, message, "sha256")


# --- entries (§9) ---


class Entry(NamedTuple):
    """The body of an entry, read."""

    tag: bytes
    kind: int
    sent_at: int
    person: int
    name: str
    text: str


def read_entry(body: bytes) -> Entry:
    tag, kind, sent_at, person, length = struct.unpack(">8sBQQB", body[:26])
    name, text = body[26 : 26 + length].decode(), body[26 + length :].decode()
    return Entry(tag, kind, sent_at, person, name, text)


def draft_tag(stream: bytes, draft: int) -> bytes:
    return hashlib.blake2s(stream + draft.to_bytes(8, "big"), digest_size=8).digest()


def next_chain(chain: bytes, body: bytes) -> bytes:
    return hashlib.blake2s(chain + body, digest_size=8).digest()


# --- one client ---


class Refusal(Exception):  # noqa: N818 - an answer, not a defect
    """A request was answered with another code than OK."""

    def __init__(self, code: int, fields: Fields) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields


class ForeignClient:
    """``carry`` brings a datagram to the server and gives all that the server sends to us."""

    def __init__(
        self, carry: Callable[[bytes], list[bytes]], random_bytes: Callable[[int], bytes]
    ) -> None:
        self._carry = carry
        self._random_bytes = random_bytes
        self.stream = random_bytes(16)
        self.frames: list[tuple[int, bytes]] = []  # all that came in this session
        self._number = 0
        self._requests = 0

    def shake_hands(self) -> None:
        self.client_id = int.from_bytes(self._random_bytes(8), "big")
        private = self._random_bytes(32)
        ephemeral = x25519_public(private)
        retry = self._hear(0x02, init(self.client_id, ephemeral, bytes(24)))[0]
        resp = self._hear(0x03, init(self.client_id, ephemeral, retry[12:36]))[0]
        self.keys = read_resp(resp, self.client_id, private)
        self._number = self._requests = 0
        self.frames = []

    def _hear(self, kind: int, datagram: bytes) -> list[bytes]:
        """What comes of one type and for this session: an older one of ours may still get some."""
        ours = b"Rg\x01" + bytes([kind]) + self.client_id.to_bytes(8, "big")
        return [answer for answer in self._carry(datagram) if answer[:12] == ours]

    def send(self, *sent: bytes) -> list[tuple[int, bytes]]:
        """The frames that came back."""
        datagram = seal(self.keys.to_server, self.keys.session_id, self._number, *sent)
        self._number += 1
        came: list[tuple[int, bytes]] = []
        for answer in self._hear(0x11, datagram):
            came += frames(open_sealed(self.keys.to_client, self.client_id, answer))
        self.frames += came
        return came

    def ask(self, verb: int, fields: Fields) -> Fields:
        """Raises Refusal."""
        self._requests += 1
        parts: dict[int, bytes] = {}
        code = count = 0
        for kind, body in self.send(request(self._requests, verb, fields)):
            if kind == 0x11:
                number, part, count, code = struct.unpack(">IBBH", body[:8])
                assert number == self._requests
                parts[part] = body[8:]
        assert len(parts) == count > 0
        answer: Fields = json.loads(b"".join(parts[part] for part in range(count)))
        if code:
            raise Refusal(code, answer)
        return answer

    def prove(self, password: str) -> None:
        """Raises Refusal."""
        sid, server_key = self.keys.hash, self.keys.server_key
        secret = self._random_bytes(32)
        ya = x25519(secret, generator(derive_prs(password, self.keys.room_id), server_key, sid))
        yb = bytes.fromhex(self.ask(1, {"ya": ya.hex()})["yb"])
        tags = agree(secret, ya, yb, sid)
        tb = bytes.fromhex(self.ask(2, {"ta": tags.ta.hex()})["tb"])
        assert hmac.compare_digest(tb, tags.tb), "a false server"

    def enter(self, **fields: Any) -> Fields:
        """Raises Refusal."""
        once = self._random_bytes(16).hex()
        return self.ask(3, {"once": once, "stream": self.stream.hex(), "logs": [], **fields})

    def register(self, name: str, password: str) -> Fields:
        """Raises Refusal."""
        salt = self._random_bytes(16)
        secrets = account_secrets(password, salt, 4096)
        return self.ask(
            9,
            {
                "once": self._random_bytes(16).hex(),
                "name": name,
                "salt": salt.hex(),
                "iterations": 4096,
                "stored_key": secrets.stored_key.hex(),
                "server_key": secrets.server_key.hex(),
                "full_name": "",
                "country": "",
            },
        )

    def log_in(self, name: str, password: str) -> Fields:
        """Raises Refusal."""
        nonce = self._random_bytes(18)
        fields = self.ask(7, {"name": name, "nonce": nonce.hex()})
        salt, both = bytes.fromhex(fields["salt"]), bytes.fromhex(fields["nonce"])
        challenge = Challenge(salt, fields["iterations"], both)
        assert len(salt) == 16
        assert 4096 <= challenge.iterations <= 2_000_000
        assert (len(both), both[:18]) == (36, nonce)
        secrets = account_secrets(password, salt, challenge.iterations)
        message = auth_message(name, nonce, challenge, self.keys.hash)
        wish = {"once": self._random_bytes(16).hex(), "stream": self.stream.hex(), "logs": []}
        answer = self.ask(8, {**wish, "proof": scram_proof(secrets, message).hex()})
        signature = bytes.fromhex(answer["signature"])
        assert hmac.compare_digest(signature, scram_signature(secrets, message)), "a false server"
        return answer

    def wish(self, verb: int, name: str) -> int:
        """PRIVATE, ADD_GROUP and their like: the conversation. Raises Refusal."""
        fields = self.ask(verb, {"once": self._random_bytes(16).hex(), "name": name})
        conversation: int = fields["conversation"]
        return conversation

    def entries(self, wanted: int = 1) -> dict[int, bytes]:
        """Bodies of a conversation's entries that came in one part, by number."""
        came: dict[int, bytes] = {}
        for kind, body in self.frames:
            if kind == 0x23:
                conversation, number, part, parts = struct.unpack(">QQBB", body[:18])
                if conversation == wanted:
                    assert (part, parts) == (0, 1)
                    came[number] = body[18:]
        return came
