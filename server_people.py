"""Who is who on the server: names, return tokens, bans and mutes.

Band: cores. Speaks to the store; knows no session. Times are UTC milliseconds.
Source: docs/protocol.md.
"""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from auth import NameInvalid, fold_name, normalise_name, skeleton, token_hash
from entering import EnterRequest
from protocol import Code, decode_object
from protocol_requests import Fields
from records import Ban, BanKind, PersonRecord, Store

GUEST_TOKEN_LIFE = 24 * 3600 * 1000  # ms without use
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Admission:
    """How ENTER ended. With OK: who it is now; else ``fields`` say why."""

    code: Code
    fields: Fields
    record: PersonRecord | None = None
    token: bytes = field(default=b"", repr=False)
    has_returned: bool = False
    was_present: bool = False
    name_before: str | None = None  # held for this person until now


class People:
    """Owns the names. A name is taken while somebody present has it, or it is held for them."""

    def __init__(self, store: Store, random_bytes: Callable[[int], bytes]) -> None:
        self._store = store
        self._random_bytes = random_bytes
        self._names: dict[int, str] = {}  # of all present or held people
        self._folded: dict[str, int] = {}
        self._skeletons: dict[str, int] = {}
        self._bans: dict[int, Ban] = {}
        self.reload_bans()

    # --- names ---

    def hold_name(self, person: int, name: str) -> None:
        """Nobody else may take this name until ``free_name``."""
        self.free_name(person)
        self._names[person] = name
        self._folded[fold_name(name)] = person
        self._skeletons[skeleton(name)] = person

    def free_name(self, person: int) -> None:
        """Anybody may take the name now."""
        name = self._names.pop(person, "")
        for owners, key in ((self._folded, fold_name(name)), (self._skeletons, skeleton(name))):
            if owners.get(key) == person:
                del owners[key]

    def find(self, name: str) -> int | None:
        """The present or held person whom an operator means by a name."""
        return self._folded.get(fold_name(name))

    def name(self, person: int) -> str | None:
        """The name of a present or held person."""
        return self._names.get(person)

    def _is_taken(self, name: str, person: int) -> bool:
        folded, looks = fold_name(name), skeleton(name)
        owners = {self._folded.get(folded), self._skeletons.get(looks)} - {None, person}
        return bool(owners) or self._store.is_account_name(folded, looks)

    # --- entering ---

    def enter(self, request: EnterRequest, host: str, at: int, *, is_full: bool) -> Admission:
        """Decides an ENTER and writes what follows from it into the open transaction.

        ``is_full``: only those who are marked present already may come (back).
        """
        answered = self._store.once(request.once)
        if answered is not None:  # its answer was lost with a session or a server
            record = self._store.person(int(str(decode_object(answered[1]).get("person", "0")), 16))
            if record is not None:
                return self._admit(record, request, host, at, is_full=is_full)
        if request.token is not None:
            person = self._store.use_token(token_hash(request.token), at - GUEST_TOKEN_LIFE, at)
            record = self._store.person(person) if person is not None else None
            if record is not None:
                return self._admit(record, request, host, at, is_full=is_full, has_returned=True)
            if request.name is None:
                return Admission(Code.TOKEN_UNKNOWN, {})
        person = int.from_bytes(self._random_bytes(8), "big") >> 1 or 1
        record = PersonRecord(person, "", is_present=False)
        return self._admit(record, request, host, at, is_full=is_full)

    def _admit(
        self,
        record: PersonRecord,
        request: EnterRequest,
        host: str,
        at: int,
        *,
        is_full: bool,
        has_returned: bool = False,
    ) -> Admission:
        if is_full and not record.is_present:
            return Admission(Code.SERVER_FULL, {})
        name = record.name
        if request.name is not None and (not name or self._is_taken(name, record.person)):
            try:
                name = normalise_name(request.name)
            except NameInvalid as error:
                return Admission(Code.NAME_INVALID, {"reason": str(error.reason)})
        ban = self.ban_on(BanKind.ENTER, record.person, name, host, at)
        if ban is not None:
            return Admission(Code.BANNED, {"until": ban.until, "reason": ban.reason})
        if self._is_taken(name, record.person):
            return Admission(Code.NAME_TAKEN, {})
        stream = self._store.stream(request.stream)
        if stream is not None and stream.person != record.person:
            return Admission(Code.STREAM_IN_USE, {})
        was_present = record.is_present
        record = PersonRecord(record.person, name, is_present=True, is_account=record.is_account)
        token = request.token
        if token is None or not has_returned:
            token = self._random_bytes(32)
            self._store.save_token(token_hash(token), record.person, at)
        self._store.save_person(record)
        self._store.bind_stream(request.stream, record.person, at)
        answer = json.dumps({"person": f"{record.person:016x}"}).encode()  # never the token
        self._store.save_once(request.once, Code.OK, answer, at)
        return Admission(Code.OK, {}, record, token, has_returned, was_present)

    def leave(self, person: int) -> None:
        """Marks somebody as not present (the left entry is the caller's)."""
        record = self._store.person(person)
        if record is not None:
            self._store.save_person(
                PersonRecord(person, record.name, is_present=False, is_account=record.is_account)
            )

    def forget_tokens(self, person: int) -> None:
        """Nobody comes back as this person by token."""
        self._store.drop_tokens(person)

    # --- keeping out ---

    def reload_bans(self) -> None:
        """As they are on disk."""
        self._bans = {ban.ban: ban for ban in self._store.bans()}

    def bans(self) -> tuple[Ban, ...]:
        """All bans and mutes, ended ones too until ``drop_ended``."""
        return tuple(self._bans.values())

    def ban_on(self, kind: BanKind, person: int, name: str, host: str, at: int) -> Ban | None:
        """The ban in force that keeps this person from something."""
        if not self._bans:  # each post asks
            return None
        looks = skeleton(name)
        for ban in self._bans.values():
            if ban.kind is not kind or 0 < ban.until <= at:
                continue
            if ban.person == person or skeleton(ban.name) == looks:
                return ban
            if ban.address and _same_host(ban.address, host):
                return ban
        return None

    def add_ban(
        self, kind: BanKind, person: int, host: str, minutes: int | None, at: int
    ) -> Ban | None:
        """Writes a ban of a present or held person; None if there is no such person."""
        name = self.name(person)
        if name is None:
            return None
        until = at + minutes * MINUTE if minutes is not None else 0
        ban = self._store.add_ban(Ban(0, kind, person, name, host, until))
        self._bans[ban.ban] = ban
        return ban

    def drop_bans(self, kind: BanKind, name: str) -> list[Ban]:
        """Takes back what bears this name; the bans that were dropped."""
        folded = fold_name(name)
        dropped = [
            ban for ban in self._bans.values() if ban.kind is kind and fold_name(ban.name) == folded
        ]
        self._drop(dropped)
        return dropped

    def drop_ended(self, at: int) -> bool:
        """Forgets bans whose end has come; whether there were any."""
        ended = [ban for ban in self._bans.values() if 0 < ban.until <= at]
        self._drop(ended)
        return bool(ended)

    def next_end(self) -> int | None:
        """When the next ban ends."""
        return min((ban.until for ban in self._bans.values() if ban.until), default=None)

    def _drop(self, bans: list[Ban]) -> None:
        for ban in bans:
            self._store.drop_ban(ban.ban)
            del self._bans[ban.ban]


def _same_host(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return one == other
