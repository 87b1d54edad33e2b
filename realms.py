"""A link between two servers, both ends: the proof of a realm's key, and which logs are shared.

Band: exchanges. Two realms read each other's logs as clients read a server's: whoever lacks entries
pulls them, so what is said waits in its own log until the other side has it. Who may read what, and
what becomes of what was read, is the server's business.
Source: docs/protocol.md.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from auth import is_blank
from belonging import LogsRequest, check_page
from conversation import MAX_NAME_BYTES, MAX_REALM, ConversationKind
from protocol import JsonValue, PeerError
from protocol_requests import Fields, hex_field, list_field, number_field, text_field

KEY_SIZE = 32
PROOF_SIZE = 32
PERSON_SIZE = 8
MAX_PAGE = 50  # logs in one answer
_SHARED_KINDS = frozenset(
    {ConversationKind.PRIVATE, ConversationKind.GROUP, ConversationKind.OUTGOING}
)


def prove_key(shared_secret: bytes, handshake_hash: bytes) -> bytes:
    """Shows whoever holds one of two static keys that we hold the other, in this session alone.

    ``shared_secret``: X25519 of the two static keys, 32 bytes.
    """
    return hmac.digest(shared_secret, b"Ruang realm 1" + handshake_hash, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class RealmRequest:
    """ENTER_REALM, after the password: which realm calls, and what its room is called."""

    key: bytes
    proof: bytes
    name: str

    def encode(self) -> Fields:
        return {"key": self.key.hex(), "proof": self.proof.hex(), "name": self.name}

    @classmethod
    def decode(cls, fields: Fields) -> "RealmRequest":
        """Raises PeerError."""
        return cls(
            hex_field(fields, "key", KEY_SIZE),
            hex_field(fields, "proof", PROOF_SIZE),
            text_field(fields, "name"),
        )


@dataclass(frozen=True, slots=True)
class Someone:
    """A person in another realm's words. ``theirs`` empty: known to us by name alone."""

    theirs: bytes
    name: str

    def encode(self) -> JsonValue:
        return [self.theirs.hex(), self.name]

    @classmethod
    def decode(cls, value: JsonValue) -> "Someone":
        """Raises PeerError."""
        match value:
            case [theirs, name]:
                fields: Fields = {"person": theirs, "name": name}
                name = text_field(fields, "name")
                if not name or len(name.encode()) > MAX_NAME_BYTES:
                    raise PeerError("a person without a possible name")
                known = hex_field(fields, "person", PERSON_SIZE) if theirs != "" else b""
                return cls(known, name)
            case _:
                raise PeerError("no person")


@dataclass(frozen=True, slots=True)
class SharedLog:
    """A log that the other realm may read, in the words of the one whose log it is.

    PRIVATE: between ``ours`` and ``yours``. GROUP: one of ours called ``name`` with people of the
    reader. OUTGOING: what our people say to the reader's group ``name``.
    """

    conversation: int
    kind: ConversationKind
    head: int
    name: str = ""
    ours: Someone | None = None
    yours: Someone | None = None

    def encode(self) -> JsonValue:
        row: list[JsonValue] = [self.conversation, int(self.kind), self.head, self.name]
        if self.ours is not None and self.yours is not None:
            row += [self.ours.encode(), self.yours.encode()]
        return row

    @classmethod
    def decode(cls, row: JsonValue) -> "SharedLog":
        """Raises PeerError."""
        match row:
            case [conversation, kind, head, name, *people]:
                fields: Fields = {
                    "conversation": conversation,
                    "kind": kind,
                    "head": head,
                    "name": name,
                }
                return cls._decode(fields, people)
            case _:
                raise PeerError("bad row in the answer to SHARED")

    @classmethod
    def _decode(cls, fields: Fields, people: list[JsonValue]) -> "SharedLog":
        kind, name = number_field(fields, "kind"), text_field(fields, "name")
        if kind not in _SHARED_KINDS or len(name.encode()) > MAX_NAME_BYTES:
            raise PeerError("a log that cannot be shared")
        is_private = kind == ConversationKind.PRIVATE
        if len(people) != (2 if is_private else 0) or is_private == bool(name):
            raise PeerError("a log of people that cannot be")
        ours, yours = (Someone.decode(one) for one in people) if is_private else (None, None)
        return cls(
            number_field(fields, "conversation"),
            ConversationKind(kind),
            number_field(fields, "head"),
            name,
            ours,
            yours,
        )


@dataclass(frozen=True, slots=True)
class SharedRequest(LogsRequest):
    """SHARED: what you share with us beyond log ``after``, of which we hold ``held``."""


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """The answer. ``changed``: what was stated of these is no copy of them, an old backup was put
    back. ``refused``: what was said in these up to there was refused once, and its authors know.
    ``next_after``: ask again from there; None: that was all.
    """

    logs: tuple[SharedLog, ...]
    changed: tuple[int, ...] = ()
    next_after: int | None = None
    refused: Mapping[int, int] = field(default_factory=dict)

    def encode(self) -> Fields:
        fields: Fields = {
            "logs": [log.encode() for log in self.logs],
            "changed": list(self.changed),
        }
        if self.next_after is not None:
            fields["next"] = self.next_after
        if self.refused:
            fields["refused"] = [[log, number] for log, number in self.refused.items()]
        return fields

    @classmethod
    def decode(cls, fields: Fields, asked: SharedRequest) -> "SharedAnswer":
        """Raises PeerError, also for what does not come after ``asked.after``, and for more than a
        page holds: rows are looked up on the disk, and in ``changed``, one by one.
        """
        rows, told = list_field(fields, "logs"), list_field(fields, "changed")
        refused = list_field(fields, "refused") if "refused" in fields else []
        if len(rows) > MAX_PAGE or len(told) > len(asked.held) or len(refused) > MAX_PAGE:
            raise PeerError("more in the answer to SHARED than a page holds")
        logs = tuple(SharedLog.decode(row) for row in rows)
        changed = [number_field({"log": log}, "log") for log in told]
        if not {log.conversation for log in asked.held}.issuperset(changed):
            raise PeerError("a copy that was not stated")
        next_after = number_field(fields, "next") if "next" in fields else None
        check_page(asked.after, [log.conversation for log in logs], next_after)
        return cls(logs, tuple(changed), next_after, dict(map(_decode_refused, refused)))


def _decode_refused(row: JsonValue) -> tuple[int, int]:
    match row:
        case [log, number]:
            fields: Fields = {"log": log, "number": number}
            return number_field(fields, "log"), number_field(fields, "number")
        case _:
            raise PeerError("bad refusal in the answer to SHARED")


# --- names ---

_NOT_IN_ALIAS = re.compile(r"[^\w-]+")


def alias_of(room_name: str) -> str:
    """What a realm whose room is called so is called here, if nobody says otherwise."""
    seen = "".join(" " if is_blank(character) else character for character in room_name.casefold())
    alias = _NOT_IN_ALIAS.sub("-", seen).strip("-_")[:MAX_REALM].strip("-_")
    while len(alias.encode()) > 3 * MAX_REALM:
        alias = alias[:-1]
    return alias or "realm"


def is_alias(name: str) -> bool:
    """Whether a realm may be called so here: letters that are seen, digits, - and _."""
    return 0 < len(name) <= MAX_REALM and alias_of(name) == name.casefold()


def at_realm(name: str, realm: str) -> str:
    """What somebody or a group of another realm is called here."""
    return f"{name}@{realm}"


def split_realm(name: str) -> tuple[str, str]:
    """A name and its realm, which is what stands behind the last @; "": ours."""
    before, at, realm = name.rpartition("@")
    return (before, realm) if at else (name, "")
