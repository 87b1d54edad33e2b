"""Accounts on the server: names with a password, who proves to own one, and how often one may try.

An unknown name is answered as a known one: with a salt that stays the same, the same work, and in
the end the same refusal.

Band: cores. Speaks to the store; knows no session beyond its key. What has to happen in the room
when somebody logs in is the members' business.
Source: docs/protocol.md; RFC 5802 and RFC 7677.
"""

import hmac
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from auth import (
    AccountGuessing,
    Failures,
    NameInvalid,
    fold_name,
    normalise_name,
    skeleton,
    token_hash,
)
from auth_scram import (
    ITERATIONS,
    KEY_SIZE,
    NONCE_SIZE,
    SALT_SIZE,
    ServerExchange,
    are_iterations,
    make_credentials,
)
from entering import ONCE_SIZE, TOKEN_SIZE
from protocol import Code, PeerError, decode_object
from protocol_requests import Fields, hex_field, number_field, text_field
from records import AccountRecord, Credentials, GuessRecord, PersonRecord, Store

CODE_LIFE = 24 * 3600 * 1000  # ms in which an operator's one-time code is good
MAX_DETAIL = 64  # characters of a full name or a country: not a place to keep files in
MAX_STRANGERS = 1000  # unknown names whose failures are counted, so that nobody notices
_MARK = "@"  # before the name in a GuessRecord of an account: no address begins so


@dataclass(frozen=True, slots=True)
class Checked:
    """How a proof was taken. With OK: whose it is, and our signature; else ``fields`` say why."""

    code: Code
    fields: Fields
    account: AccountRecord | None = None
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Challenge:
    """The last one of a session; ``account`` is None if the name is unknown."""

    folded: str
    account: AccountRecord | None
    exchange: ServerExchange


@dataclass(frozen=True, slots=True)
class Reset:
    """An operator's reset on its way: ``work`` (0.2 s) for a worker, then ``end_reset``."""

    person: int
    work: Callable[[], Credentials]


def is_of_account(guess: GuessRecord) -> bool:
    """Whether wrong passwords of an account are counted there, or else an address's."""
    return guess.address.startswith(_MARK)


class Accounts:
    """Owns the accounts. ``secret``: from which the salts of unknown names are made.

    What writes does so into the open transaction. After WRONG_LOGIN the caller saves ``guesses``,
    together with those of addresses.
    """

    def __init__(self, store: Store, random_bytes: Callable[[int], bytes], secret: bytes) -> None:
        self._store = store
        self._random_bytes = random_bytes
        self._secret = hmac.digest(secret, b"ruang accounts", "sha256")
        self._challenges: dict[int, _Challenge] = {}  # by key of the session
        # Apart, so that made-up names cannot push the counts of real ones out. There are at most
        # as many real ones as accounts.
        self._known = AccountGuessing()
        self._strangers = AccountGuessing(MAX_STRANGERS)

    # --- proving ---

    def challenge(self, key: int, fields: Fields, handshake_hash: bytes) -> tuple[Code, Fields]:
        """Answers CHALLENGE; it is good for one proof. Raises PeerError."""
        name = text_field(fields, "name")
        client_nonce = hex_field(fields, "nonce", NONCE_SIZE)
        try:
            folded = fold_name(normalise_name(name))
        except NameInvalid as error:
            return Code.NAME_INVALID, {"reason": str(error.reason)}
        account, strange = self._store.account_named(folded), self._strange_credentials(folded)
        credentials = strange if account is None else account.credentials
        exchange = ServerExchange(
            name, credentials, client_nonce, self._random_bytes(NONCE_SIZE), handshake_hash
        )
        self._challenges[key] = _Challenge(folded, account, exchange)
        return Code.OK, {
            "salt": credentials.salt.hex(),
            "iterations": credentials.iterations,
            "nonce": exchange.nonce.hex(),
        }

    def check(self, key: int, proof: bytes, now: float, at: int) -> Checked:
        """Takes the proof over the last challenge of a session: OK, WRONG_LOGIN,
        TOO_MANY_GUESSES, or BAD_REQUEST without a challenge."""
        challenge = self._challenges.pop(key, None)
        if challenge is None:
            return Checked(Code.BAD_REQUEST, {})
        guessing = self._strangers if challenge.account is None else self._known
        wait = guessing.wait_for(challenge.folded, now)
        if wait > 0:
            return Checked(Code.TOO_MANY_GUESSES, {"wait": math.ceil(wait)})
        signature = challenge.exchange.check(proof)
        account = self._store.account_named(challenge.folded)
        if account is None or signature is None or not _is_current(account, challenge, at):
            guessing.failed(challenge.folded, now)
            return Checked(Code.WRONG_LOGIN, {})
        return Checked(Code.OK, {}, account, signature)

    def forget(self, key: int) -> None:
        """The session has ended."""
        self._challenges.pop(key, None)

    # --- making and changing ---

    def register(
        self, fields: Fields, is_taken: Callable[[str], bool], at: int
    ) -> tuple[Code, Fields]:
        """Answers REGISTER, which does not log in. Raises PeerError.

        ``is_taken``: whether somebody here other than the asking guest has this name.
        """
        once = hex_field(fields, "once", ONCE_SIZE)
        credentials = _decode_credentials(fields)
        full_name, country = text_field(fields, "full_name"), text_field(fields, "country")
        if not all(_is_detail(text) for text in (full_name, country)):
            return Code.BAD_REQUEST, {}
        try:
            name = normalise_name(text_field(fields, "name"))
        except NameInvalid as error:
            return Code.NAME_INVALID, {"reason": str(error.reason)}
        made = self._made_before(once, credentials)  # its answer was lost with a session
        if made is not None:
            return Code.OK, {"token": self._new_token(made, at).hex()}
        folded, looks = fold_name(name), skeleton(name)
        if self._store.is_account_name(folded, looks) or is_taken(name):
            return Code.NAME_TAKEN, {}
        person = int.from_bytes(self._random_bytes(8), "big") >> 1 or 1
        self._store.save_person(PersonRecord(person, name, is_present=False, is_account=True))
        account = AccountRecord(person, name, full_name, country, at, credentials)
        self._store.add_account(account, folded, looks)
        self._save_once(once, person, at)
        return Code.OK, {"token": self._new_token(person, at).hex()}

    def change_password(
        self, key: int, person: int, fields: Fields, *, kept_token: bytes, now: float, at: int
    ) -> tuple[Code, Fields]:
        """Answers PASSWORD of somebody who is logged in; all tokens die but one. Raises PeerError.

        kept_token: the token_hash of the device that asks.
        """
        once, proof = hex_field(fields, "once", ONCE_SIZE), hex_field(fields, "proof", KEY_SIZE)
        credentials = _decode_credentials(fields)
        if self._answered_person(once) == person:
            return Code.OK, {}
        challenge = self._challenges.get(key)
        if challenge is None or challenge.account is None or challenge.account.person != person:
            self.forget(key)
            return Code.BAD_REQUEST, {}
        checked = self.check(key, proof, now, at)
        if checked.code is Code.OK:
            self._store.save_credentials(person, credentials)
            self._store.drop_tokens(person)
            self._store.save_token(kept_token, person, at)
            self._save_once(once, person, at)
        return checked.code, checked.fields

    def reset(self, name: str, code: str, at: int) -> Reset | None:
        """Makes ``code`` the password of an account for a day; None if there is no such account.

        Whoever logs in with it can set a password of their own.
        """
        account = self._store.account_named(fold_name(name))
        if account is None:
            return None
        salt = self._random_bytes(SALT_SIZE)
        return Reset(account.person, partial(_work_out, code, salt, at + CODE_LIFE))

    def end_reset(self, reset: Reset, credentials: Credentials) -> None:
        """The work is done: the old password and all tokens are worth nothing from now on."""
        self._store.save_credentials(reset.person, credentials)
        self._store.drop_tokens(reset.person)

    # --- guessing, over restarts ---

    def guesses(self, now: float, at: int) -> list[GuessRecord]:
        """What must survive a restart. Unknown names need not: a guess at them finds nothing."""
        return [
            GuessRecord(_MARK + row.address, row.failures, row.last_failure_utc_ms)
            for row in self._known.dump(now, at)
        ]

    def restore(self, guesses: list[GuessRecord], now: float, at: int) -> None:
        """Takes back what an earlier run saved; those of addresses are left alone."""
        own = (guess for guess in guesses if is_of_account(guess))
        rows = (Failures(g.address.removeprefix(_MARK), g.failures, g.last_failure) for g in own)
        self._known.restore(rows, now, at)

    # --- inside ---

    def _strange_credentials(self, folded: str) -> Credentials:
        """Of a name that nobody has: the same whenever it is asked for, and met by no password."""
        said = folded.encode()
        salt, stored_key, server_key = (
            hmac.digest(self._secret, label + said, "sha256") for label in (b"1", b"2", b"3")
        )
        return Credentials(salt[:SALT_SIZE], ITERATIONS, stored_key, server_key)

    def _new_token(self, person: int, at: int) -> bytes:
        token = self._random_bytes(TOKEN_SIZE)
        self._store.save_token(token_hash(token), person, at)
        return token

    def _save_once(self, once: bytes, person: int, at: int) -> None:
        fields = json.dumps({"person": f"{person:016x}"}).encode()  # never a token
        self._store.save_once(once, Code.OK, fields, at)

    def _answered_person(self, once: bytes) -> int | None:
        """For whom this very request was carried out already."""
        answered = self._store.once(once)
        if answered is None:
            return None
        return int(str(decode_object(answered[1]).get("person", "0")), 16)

    def _made_before(self, once: bytes, credentials: Credentials) -> int | None:
        person = self._answered_person(once)
        account = None if person is None else self._store.account(person)
        if account is None:
            return None
        kept = account.credentials.stored_key
        return account.person if hmac.compare_digest(kept, credentials.stored_key) else None


def _is_current(account: AccountRecord, challenge: _Challenge, at: int) -> bool:
    """Whether what was proved is still the password, and not a code that has ended."""
    credentials = account.credentials
    is_same = challenge.account is not None and challenge.account.credentials == credentials
    return is_same and not 0 < credentials.expires_at <= at


def _is_detail(text: str) -> bool:
    return len(text) <= MAX_DETAIL and text.isprintable()


def _decode_credentials(fields: Fields) -> Credentials:
    iterations = number_field(fields, "iterations")
    if not are_iterations(iterations):
        raise PeerError("iterations that no client would work through")
    return Credentials(
        hex_field(fields, "salt", SALT_SIZE),
        iterations,
        hex_field(fields, "stored_key", KEY_SIZE),
        hex_field(fields, "server_key", KEY_SIZE),
    )


def _work_out(code: str, salt: bytes, expires_at: int) -> Credentials:
    keys = make_credentials(code, salt, ITERATIONS)
    return Credentials(salt, ITERATIONS, *keys, expires_at)
