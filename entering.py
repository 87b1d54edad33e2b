"""Entering, both ends: the room password is proved, then a person is named or comes back.

Band: exchanges. The password travels as CPace shares and tags bound to the session; name and token
go out only after the server has proved the password too. Who may have which name, and how many
guesses anybody gets, is the server's rooms' and guards' business.
Source: docs/protocol.md; draft-irtf-cfrg-cpace-21.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import auth_cpace
from conversation import CHAIN_SIZE, MAX_NAME_BYTES
from protocol import Code, JsonValue, LocalError, PeerError, Verb, fail
from protocol_requests import Answer, Fields, hex_field, list_field, number_field, text_field

SHARE_SIZE = 32
TAG_SIZE = 64
STREAM_SIZE = 16
ONCE_SIZE = 16
TOKEN_SIZE = 32
MAX_LOGS = 16  # logs a returning client may state in one request; the others are checked by pulls


def _channel(server_key: bytes) -> bytes:
    """CI of CPace: the password is proved for this server and no other."""
    return b"ruang" + server_key


class Step(Enum):
    """How far a session has come at the server."""

    FRESH = auto()
    SHARED = auto()  # PAKE1 answered
    PROVED = auto()  # knows the password
    ENTERED = auto()
    LEFT = auto()


class ServerEntering:
    """The server's end of one session's way in."""

    def __init__(self, *, handshake_hash: bytes, server_key: bytes) -> None:
        self.step = Step.FRESH
        self._sid = handshake_hash
        self._channel = _channel(server_key)
        self._tag = b""
        self._cpace: auth_cpace.Responder | None = None

    def share(self, fields: Fields, prs: bytes, secret: bytes) -> Fields:
        """Answers PAKE1. Raises PeerError for a bad share or out of turn."""
        if self.step not in (Step.FRESH, Step.SHARED):
            raise PeerError("PAKE1 out of turn")
        cpace = auth_cpace.Responder(prs, self._channel, self._sid, secret)
        self._tag = cpace.finish(hex_field(fields, "ya", SHARE_SIZE))
        self._cpace = cpace
        self.step = Step.SHARED
        return {"yb": cpace.share.hex()}

    def check(self, fields: Fields) -> Fields | None:
        """Answers PAKE2; None if the client does not know the password. Raises PeerError."""
        cpace, self._cpace = self._cpace, None  # one guess for one exchange
        if self.step is not Step.SHARED or cpace is None:
            raise PeerError("PAKE2 out of turn")
        if not cpace.verify(hex_field(fields, "ta", TAG_SIZE)):
            self.step = Step.FRESH
            return None
        self.step = Step.PROVED
        return {"tb": self._tag.hex()}


@dataclass(frozen=True, slots=True)
class HeldLog:
    """What a returning client says of a log it has a copy of."""

    conversation: int
    have: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class EnterRequest:
    """ENTER: ``name`` of a new guest, or ``token`` of somebody who comes back (perhaps renamed)."""

    once: bytes
    stream: bytes
    name: str | None
    token: bytes | None
    logs: tuple[HeldLog, ...]

    def encode(self) -> Fields:
        fields: Fields = {
            "once": self.once.hex(),
            "stream": self.stream.hex(),
            "logs": [[log.conversation, log.have, log.chain.hex()] for log in self.logs],
        }
        if self.name is not None:
            fields["name"] = self.name
        if self.token is not None:
            fields["token"] = self.token.hex()
        return fields

    @classmethod
    def decode(cls, fields: Fields) -> "EnterRequest":
        """Raises PeerError."""
        logs = list_field(fields, "logs")
        if len(logs) > MAX_LOGS or ("name" not in fields and "token" not in fields):
            raise PeerError("bad ENTER")
        return cls(
            once=hex_field(fields, "once", ONCE_SIZE),
            stream=hex_field(fields, "stream", STREAM_SIZE),
            name=text_field(fields, "name") if "name" in fields else None,
            token=hex_field(fields, "token", TOKEN_SIZE) if "token" in fields else None,
            logs=tuple(decode_held_log(log) for log in logs),
        )


def decode_held_log(log: JsonValue) -> HeldLog:
    """A row of ``logs`` or ``held``. Raises PeerError."""
    match log:
        case [conversation, have, chain]:
            fields: Fields = {"conversation": conversation, "have": have, "chain": chain}
            return HeldLog(
                number_field(fields, "conversation"),
                number_field(fields, "have"),
                hex_field(fields, "chain", CHAIN_SIZE),
            )
        case _:
            raise PeerError("bad row of a log that is held")


@dataclass(frozen=True, slots=True)
class OfferedLog:
    """How far a log goes, and from where on somebody who sees it first should hold it."""

    conversation: int
    head: int
    floor: int
    chain: bytes  # at the floor


@dataclass(frozen=True, slots=True)
class EnterAnswer:
    """The answer to ENTER: who we are now, what brings us back, and how far the logs go."""

    person: int
    name: str
    token: bytes
    has_returned: bool
    epoch: int
    logs: tuple[OfferedLog, ...]
    changed: tuple[int, ...]  # logs whose copy is not ours any more
    is_account: bool = False

    def encode(self) -> Fields:
        fields: Fields = {
            "person": f"{self.person:016x}",
            "name": self.name,
            "token": self.token.hex(),
            "returned": self.has_returned,
            "epoch": f"{self.epoch:016x}",
            "logs": [[log.conversation, log.head, log.floor, log.chain.hex()] for log in self.logs],
            "changed": list(self.changed),
        }
        if self.is_account:
            fields["account"] = True
        return fields

    @classmethod
    def decode(cls, fields: Fields) -> "EnterAnswer":
        """Raises PeerError."""
        changed = [number_field({"log": log}, "log") for log in list_field(fields, "changed")]
        name = text_field(fields, "name")
        if len(name.encode()) > MAX_NAME_BYTES:  # no entry can carry it, so ours could not either
            raise PeerError("a name that is too long")
        return cls(
            person=int.from_bytes(hex_field(fields, "person", 8), "big"),
            name=name,
            token=hex_field(fields, "token", TOKEN_SIZE),
            has_returned=fields.get("returned") is True,
            epoch=int.from_bytes(hex_field(fields, "epoch", 8), "big"),
            logs=tuple(_decode_offered_log(log) for log in list_field(fields, "logs")),
            changed=tuple(changed),
            is_account=fields.get("account") is True,
        )


def _decode_offered_log(log: JsonValue) -> OfferedLog:
    match log:
        case [conversation, head, floor, chain]:
            fields: Fields = {"conversation": conversation, "head": head, "floor": floor}
            offered = OfferedLog(
                number_field(fields, "conversation"),
                number_field(fields, "head"),
                number_field(fields, "floor"),
                hex_field({"chain": chain}, "chain", CHAIN_SIZE),
            )
            return offered if offered.floor <= offered.head else fail("a floor above its head")
        case _:
            raise PeerError("bad log in the answer to ENTER")


class FalseServerError(PeerError):
    """The server took our proof without having one: it does not know the password."""


class ClientEntering:
    """The client's end: from the password's scrypt to the server's proof, one step an answer."""

    def __init__(
        self,
        *,
        handshake_hash: bytes,
        server_key: bytes,
        prs: bytes,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._cpace = auth_cpace.Initiator(
            prs, _channel(server_key), handshake_hash, random_bytes(32)
        )
        self.is_proved = False

    def first(self) -> tuple[Verb, Fields]:
        """PAKE1."""
        return Verb.PAKE1, {"ya": self._cpace.share.hex()}

    def receive(self, answer: Answer) -> tuple[Verb, Fields] | None:
        """PAKE2 after PAKE1's answer; None when the server has proved itself.

        Raises FalseServerError, or PeerError for a bad share.
        """
        if answer.code is not Code.OK:
            raise LocalError("only good answers go here")
        if answer.verb is Verb.PAKE1:
            tag = self._cpace.finish(hex_field(answer.fields, "yb", SHARE_SIZE))
            return Verb.PAKE2, {"ta": tag.hex()}
        if not self._cpace.verify(hex_field(answer.fields, "tb", TAG_SIZE)):
            raise FalseServerError("the server does not know the password")
        self.is_proved = True
        return None
