"""Which conversations somebody belongs to, both ends: a page of logs, and what is held of them.

Band: exchanges. Who is a member of what is the server's rooms' business.
Source: docs/protocol.md.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from conversation import CHAIN_SIZE, MAX_NAME_BYTES, ROOM, ConversationKind
from entering import HeldLog, OfferedLog, decode_held_log
from protocol import JsonValue, PeerError
from protocol_requests import Fields, hex_field, list_field, number_field, text_field

MAX_HELD = 12  # logs stated in one LOGS or SHARED: more do not fit into a request
MAX_PAGE = 100  # logs in one answer


@dataclass(frozen=True, slots=True)
class LogsRequest:
    """LOGS: what comes after conversation ``after``, of which copies of ``held`` are here."""

    after: int
    held: tuple[HeldLog, ...] = ()

    def encode(self) -> Fields:
        held: list[JsonValue] = [[log.conversation, log.have, log.chain.hex()] for log in self.held]
        return {"after": self.after, "held": held}

    @classmethod
    def decode(cls, fields: Fields) -> Self:
        """Raises PeerError."""
        after, held = number_field(fields, "after"), list_field(fields, "held")
        if len(held) > MAX_HELD:
            raise PeerError("too many logs stated")
        logs = tuple(decode_held_log(log) for log in held)
        _check_ascending([after, *(log.conversation for log in logs)])
        return cls(after, logs)


@dataclass(frozen=True, slots=True)
class OfferedConversation:
    """A conversation that somebody belongs to, and its log.

    ``name``: of the group, or of the other ``person`` of a private one; of the room: empty.
    """

    kind: ConversationKind
    name: str
    person: int
    log: OfferedLog
    read: int  # up to here it was seen, on whatever device

    @property
    def conversation(self) -> int:
        return self.log.conversation

    def encode(self) -> JsonValue:
        log = self.log
        return [
            log.conversation,
            self.kind,
            self.name,
            f"{self.person:016x}",
            log.head,
            log.floor,
            log.chain.hex(),
            self.read,
        ]

    @classmethod
    def decode(cls, row: JsonValue) -> "OfferedConversation":
        """Raises PeerError."""
        match row:
            case [conversation, kind, name, person, head, floor, chain, read]:
                fields: Fields = {
                    "conversation": conversation,
                    "kind": kind,
                    "name": name,
                    "person": person,
                    "head": head,
                    "floor": floor,
                    "chain": chain,
                    "read": read,
                }
                return cls._decode(fields)
            case _:
                raise PeerError("bad row in the answer to LOGS")

    @classmethod
    def _decode(cls, fields: Fields) -> "OfferedConversation":
        log = OfferedLog(
            number_field(fields, "conversation"),
            number_field(fields, "head"),
            number_field(fields, "floor"),
            hex_field(fields, "chain", CHAIN_SIZE),
        )
        kind, name = number_field(fields, "kind"), text_field(fields, "name")
        is_room = kind == ConversationKind.ROOM
        if kind not in ConversationKind.__members__.values() or is_room != (
            log.conversation == ROOM
        ):
            raise PeerError("a conversation of a kind that cannot be")
        if log.floor > log.head or len(name.encode()) > MAX_NAME_BYTES:
            raise PeerError("a conversation that cannot be")
        person = int.from_bytes(hex_field(fields, "person", 8), "big")
        return cls(ConversationKind(kind), name, person, log, number_field(fields, "read"))


@dataclass(frozen=True, slots=True)
class LogsAnswer:
    """The answer to LOGS. ``next_after``: ask again, with this as ``after``; None: that was all."""

    logs: tuple[OfferedConversation, ...]
    changed: tuple[int, ...]  # logs whose stated copy is not ours any more
    next_after: int | None = None

    def encode(self) -> Fields:
        fields: Fields = {
            "logs": [log.encode() for log in self.logs],
            "changed": list(self.changed),
        }
        if self.next_after is not None:
            fields["next"] = self.next_after
        return fields

    @classmethod
    def decode(cls, fields: Fields, asked: LogsRequest) -> "LogsAnswer":
        """Raises PeerError, also for what does not come after ``asked.after``."""
        logs = tuple(OfferedConversation.decode(row) for row in list_field(fields, "logs"))
        changed = [number_field({"log": log}, "log") for log in list_field(fields, "changed")]
        next_after = number_field(fields, "next") if "next" in fields else None
        check_page(asked.after, [log.conversation for log in logs], next_after)
        return cls(logs, tuple(changed), next_after)


def check_page(after: int, conversations: list[int], next_after: int | None) -> None:
    """Raises PeerError for a page, or a next one, that is not ``after`` what was there before."""
    _check_ascending([after, *conversations])
    if next_after is not None and next_after < max([after + 1, *conversations]):
        raise PeerError("a page of logs that goes back")


def _check_ascending(conversations: list[int]) -> None:
    if any(later <= earlier for earlier, later in pairwise(conversations)):
        raise PeerError("conversations out of order")
