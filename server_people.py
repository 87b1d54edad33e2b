"""Who is who on the server: names, return tokens, bans and mutes.

Band: cores. Speaks to the store; knows no session. Times are UTC milliseconds.
Source: docs/protocol.md.
"""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from auth import NameInvalid, fold_name, normalise_name, skeleton, token_hash
from entering import EnterRequest
from protocol import Code, decode_object
from protocol_requests import Fields
from realms import split_realm
from records import AccountRecord, Ban, BanKind, PersonRecord, Store

GUEST_TOKEN_LIFE = 24 * 3600 * 1000  # ms without use
ACCOUNT_TOKEN_LIFE = 30 * 24 * 3600 * 1000  # ms without use
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Admission:
    """How ENTER or LOGIN ended. With OK: who it is now; else ``fields`` say why."""

    code: Code
    fields: Fields
    record: PersonRecord | None = None
    token: bytes = field(default=b"", repr=False)
    has_returned: bool = False
    was_present: bool = False
    name_before: str | None = None  # held for this person until now
    stream: bytes = b""

    @property
    def token_hash(self) -> bytes:
        """What the store keeps of the token."""
        return token_hash(self.token)


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
        """Whom somebody means by a name: present, held, an account's owner, or name@realm."""
        if "@" in name:
            return self._find_foreign(name)
        folded = fold_name(name)
        person = self._folded.get(folded)
        if person is None and (account := self._store.account_named(folded)) is not None:
            person = account.person
        return person

    def _find_foreign(self, name: str) -> int | None:
        local, alias = map(fold_name, split_realm(name))
        for realm in self._store.realms():
            if fold_name(realm.name) == alias:
                known = self._store.foreign_people(realm.realm, local)
                return known[0].person if known else None
        return None

    def name(self, person: int) -> str | None:
        """The name of a present or held person."""
        return self._names.get(person)

    def is_held(self, name: str, besides: int) -> bool:
        """Whether somebody present has a name or it is held, for another than ``besides``."""
        owners = {self._folded.get(fold_name(name)), self._skeletons.get(skeleton(name))}
        return bool(owners - {None, besides})

    def _is_free(self, name: str, record: PersonRecord) -> bool:
        """Whether somebody may be called so. An account has its name for good, and whoever has one
        keeps it, though it has become an account's."""
        if record.is_account:
            return True
        if self.is_held(name, record.person):
            return False
        is_kept = self._names.get(record.person) == name
        return is_kept or not self._store.is_account_name(fold_name(name), skeleton(name))

    # --- entering ---

    def enter(self, request: EnterRequest, host: str, at: int, *, is_full: bool) -> Admission:
        """Decides an ENTER and writes what follows from it into the open transaction.

        ``is_full``: only those who are marked present already may come (back).
        """
        record = self._entered_by(request.once)
        if record is not None:  # its answer was lost with a session or a server
            return self._admit(record, request, host, at, is_full=is_full)
        if request.token is not None:
            record = self._owner(token_hash(request.token), at)
            if record is not None:
                return self._admit(record, request, host, at, is_full=is_full, has_returned=True)
            if request.name is None:
                return Admission(Code.TOKEN_UNKNOWN, {})
        person = int.from_bytes(self._random_bytes(8), "big") >> 1 or 1
        record = PersonRecord(person, "", is_present=False)
        return self._admit(record, request, host, at, is_full=is_full)

    def _entered_by(self, once: bytes) -> PersonRecord | None:
        """The guest whom this very request made. Only a token or a password opens an account."""
        answered = self._store.once(once)
        if answered is None:
            return None
        person = int(str(decode_object(answered[1]).get("person", "0")), 16)
        record = self._store.person(person)
        return None if record is None or record.is_account else record

    def _owner(self, hashed: bytes, at: int) -> PersonRecord | None:
        """Whom a return token brings back."""
        person = self._store.use_token(hashed, at - GUEST_TOKEN_LIFE, at)
        if person is not None:
            return self._store.person(person)
        person = self._store.use_token(hashed, at - ACCOUNT_TOKEN_LIFE, at)
        record = self._store.person(person) if person is not None else None
        if record is not None and not record.is_account:  # that was a use, which it had not left
            self._store.drop_token(hashed)
            return None
        return record

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
        name = record.name
        if request.name is not None and (not name or not self._is_free(name, record)):
            try:
                name = normalise_name(request.name)
            except NameInvalid as error:
                return Admission(Code.NAME_INVALID, {"reason": str(error.reason)})
        record = replace(record, name=name)
        token = request.token if has_returned else None
        admission = self._settle(record, request.stream, token, host, at, is_full=is_full)
        if admission.code is Code.OK:
            self._save_once(request.once, record.person, at)
        return admission

    def log_in(
        self,
        account: AccountRecord,
        guest: int,
        stream: bytes,
        host: str,
        at: int,
        *,
        is_full: bool,
    ) -> Admission:
        """Decides about the owner of an account who proved to be that, as ``enter`` does.

        ``guest``: who this was in the session until now (or 0), whose stream it may go on with.
        """
        record = self._store.person(account.person)
        if record is None:
            raise LookupError("an account of nobody")
        return self._settle(record, stream, None, host, at, is_full=is_full, guest=guest)

    def _settle(
        self,
        record: PersonRecord,
        stream: bytes,
        token: bytes | None,
        host: str,
        at: int,
        *,
        is_full: bool,
        guest: int = 0,
    ) -> Admission:
        """Refuses, or writes that somebody is here; ``token`` None: with a new one."""
        person, name, was_present = record.person, record.name, record.is_present
        if is_full and not was_present:
            return Admission(Code.SERVER_FULL, {})
        ban = self.ban_on(BanKind.ENTER, person, name, host, at)
        if ban is not None:
            return Admission(Code.BANNED, {"until": ban.until, "reason": ban.reason})
        if not self._is_free(name, record):
            return Admission(Code.NAME_TAKEN, {})
        bound = self._store.stream(stream)
        if bound is not None and bound.person not in (person, guest):
            return Admission(Code.STREAM_IN_USE, {})
        has_returned = token is not None
        if token is None:
            token = self._random_bytes(32)
            self._store.save_token(token_hash(token), person, at)
        record = replace(record, is_present=True)
        self._store.save_person(record)
        self._store.bind_stream(stream, person, at)
        return Admission(Code.OK, {}, record, token, has_returned, was_present, stream=stream)

    def rename(self, person: int, wish: str, host: str, at: int) -> tuple[Code, Fields]:
        """Decides NAME of a guest and writes it; OK: it is held instead of the old one."""
        record = self._store.person(person)
        if record is None:
            raise LookupError("nobody to rename")
        try:
            name = normalise_name(wish)
        except NameInvalid as error:
            return Code.NAME_INVALID, {"reason": str(error.reason)}
        ban = self.ban_on(BanKind.ENTER, person, name, host, at)
        if ban is not None:
            return Code.BANNED, {"until": ban.until, "reason": ban.reason}
        if not self._is_free(name, record):
            return Code.NAME_TAKEN, {}
        self._store.save_person(replace(record, name=name))
        self.hold_name(person, name)
        return Code.OK, {"name": name}

    def leave(self, person: int) -> None:
        """Marks somebody as not present (the left entry is the caller's)."""
        record = self._store.person(person)
        if record is not None:
            self._store.save_person(replace(record, is_present=False))

    def forget_tokens(self, person: int) -> None:
        """Nobody comes back as this person by token."""
        self._store.drop_tokens(person)

    def drop_token(self, hashed: bytes) -> None:
        """One device brings nobody back any more."""
        self._store.drop_token(hashed)

    def _save_once(self, once: bytes, person: int, at: int) -> None:
        answer = json.dumps({"person": f"{person:016x}"}).encode()  # never the token
        self._store.save_once(once, Code.OK, answer, at)

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
        """Writes a ban of somebody present or held, with an account or of another realm; None: it
        is none of those."""
        name = self.name(person)
        if name is None and (account := self._store.account(person)) is not None:
            name = account.name
        if name is None and self._store.foreign_person(person) is not None:
            record = self._store.person(person)
            name = record.name if record is not None else None
        if name is None:
            return None
        until = at + minutes * MINUTE if minutes is not None else 0
        ban = self._store.add_ban(Ban(0, kind, person, name, host, until))
        self._bans[ban.ban] = ban
        return ban

    def drop_bans(self, kind: BanKind, name: str) -> list[Ban]:
        """Takes back what bears this name, or whoever has it now; the bans that were dropped."""
        folded, person = fold_name(name), self.find(name)
        dropped = [
            ban
            for ban in self._bans.values()
            if ban.kind is kind and (fold_name(ban.name) == folded or ban.person == person)
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
