"""Accounts on the server: registering, proving, changing, and that a stranger learns nothing."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any, cast

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st
from server_parts import FIRST_UTC, Chance

from auth import fold_name, skeleton, token_hash
from auth_scram import ITERATIONS, ClientExchange, make_credentials
from protocol import Code, JsonValue, PeerError
from protocol_requests import Fields
from records import AccountRecord, Credentials, GuessRecord, PersonRecord, Store
from server_accounts import CODE_LIFE, MAX_DETAIL, MAX_STRANGERS, Accounts, Checked, is_of_account

AT = FIRST_UTC
FEW = 4096  # iterations, so that tests are quick
HASH = b"h" * 32
KEPT = token_hash(b"this device")
HOSTILE = [row["name"] for row in load_vectors("hostile_user_names")["names"]]


class MemoryStore:
    """What a store keeps of accounts, in dictionaries."""

    def __init__(self) -> None:
        self.people: dict[int, PersonRecord] = {}
        self.accounts: dict[str, AccountRecord] = {}  # by folded name
        self.looks: set[str] = set()
        self.tokens: dict[bytes, int] = {}
        self.answers: dict[bytes, tuple[int, bytes]] = {}

    def save_person(self, record: PersonRecord) -> None:
        self.people[record.person] = record

    def is_account_name(self, folded: str, skeleton: str) -> bool:
        return folded in self.accounts or skeleton in self.looks

    def add_account(self, account: AccountRecord, folded: str, skeleton: str) -> None:
        assert account.person in self.people
        assert not self.is_account_name(folded, skeleton)
        self.accounts[folded] = account
        self.looks.add(skeleton)

    def account(self, person: int) -> AccountRecord | None:
        found = (account for account in self.accounts.values() if account.person == person)
        return next(found, None)

    def account_named(self, folded: str) -> AccountRecord | None:
        return self.accounts.get(folded)

    def save_credentials(self, person: int, credentials: Credentials) -> None:
        for folded, account in self.accounts.items():
            if account.person == person:
                self.accounts[folded] = replace(account, credentials=credentials)

    def save_token(self, token_hash: bytes, person: int, used_at: int) -> None:
        self.tokens[token_hash] = person

    def drop_tokens(self, person: int) -> None:
        self.tokens = {token: owner for token, owner in self.tokens.items() if owner != person}

    def once(self, once: bytes) -> tuple[int, bytes] | None:
        return self.answers.get(once)

    def save_once(self, once: bytes, code: int, fields: bytes, at: int) -> None:
        self.answers[once] = (code, fields)


def keys_of(password: str, chance: Callable[[int], bytes]) -> Fields:
    """What a client sends of a new password."""
    salt = chance(16)
    keys = make_credentials(password, salt, FEW)
    return {
        "salt": salt.hex(),
        "iterations": FEW,
        "stored_key": keys.stored_key.hex(),
        "server_key": keys.server_key.hex(),
    }


class Desk:
    """Accounts, and somebody who comes to them with sessions."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.chance = Chance("client")
        self.accounts = self.open()
        self.taken: set[str] = set()  # names of others who are here
        self.now = 1_000.0

    def open(self) -> Accounts:
        """What a server that starts has: the store is all it knows."""
        return Accounts(cast(Store, self.store), Chance("server"), b"secret")

    @property
    def at(self) -> int:
        return AT + round((self.now - 1_000) * 1000)

    def wish(self, name: str = "Ana", password: str = "kopi") -> Fields:
        """The fields of REGISTER."""
        fields = keys_of(password, self.chance) | {"once": self.chance(16).hex(), "name": name}
        return fields | {"full_name": "Ana Lestari", "country": "Indonesia"}

    def ask(self, fields: Fields) -> tuple[Code, Fields]:
        return self.accounts.register(fields, self.taken.__contains__, self.at)

    def register(self, name: str = "Ana", password: str = "kopi") -> AccountRecord:
        assert self.ask(self.wish(name, password))[0] is Code.OK
        return self.store.accounts[fold_name(name)]

    def challenge(self, name: str, key: int = 1) -> tuple[Code, Fields]:
        nonce = self.chance(18).hex()
        return self.accounts.challenge(key, {"name": name, "nonce": nonce}, HASH)

    def prove(self, name: str, password: str, key: int = 1) -> tuple[ClientExchange, bytes]:
        """Asks for a challenge and meets it."""
        nonce = self.chance(18)
        ana = ClientExchange(name, password, nonce, HASH)
        code, fields = self.accounts.challenge(key, {"name": name, "nonce": nonce.hex()}, HASH)
        assert code is Code.OK
        salt, theirs = (bytes.fromhex(str(fields[part])) for part in ("salt", "nonce"))
        assert isinstance(fields["iterations"], int)
        return ana, ana.proof(salt, fields["iterations"], theirs)

    def log_in(self, name: str = "Ana", password: str = "kopi", key: int = 1) -> Checked:
        _, proof = self.prove(name, password, key)
        return self.accounts.check(key, proof, self.now, self.at)

    def guess(self, name: str = "Ana", key: int = 1) -> Checked:
        """A wrong password, without the work of one."""
        assert self.challenge(name, key)[0] is Code.OK
        return self.accounts.check(key, bytes(32), self.now, self.at)

    def wrong(self, count: int, name: str = "Ana") -> None:
        assert [self.guess(name).code for _ in range(count)] == [Code.WRONG_LOGIN] * count

    def change(
        self, account: AccountRecord, old: str, new: str, **other: JsonValue
    ) -> tuple[Code, Fields]:
        _, proof = self.prove(account.name, old)
        once = self.chance(16).hex()
        fields = keys_of(new, self.chance) | {"once": once, "proof": proof.hex()} | other
        return self.send_change(account, fields)

    def send_change(self, account: AccountRecord, fields: Fields) -> tuple[Code, Fields]:
        return self.accounts.change_password(
            1, account.person, fields, kept_token=KEPT, now=self.now, at=self.at
        )

    def reset(self, account: AccountRecord, code: str) -> None:
        reset = self.accounts.reset(account.name, code, self.at)
        assert reset is not None
        self.accounts.end_reset(reset, reset.work())


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- registering ---


def test_an_account_has_what_was_said_of_it_and_never_the_password(desk: Desk) -> None:
    wish = desk.wish("  Ana ")

    code, fields = desk.ask(wish)

    account = desk.store.accounts["ana"]
    credentials = account.credentials
    assert code is Code.OK
    assert (account.name, account.full_name, account.country, account.created_at) == (
        "Ana",
        "Ana Lestari",
        "Indonesia",
        AT,
    )
    assert credentials.stored_key.hex() == wish["stored_key"]
    assert credentials.server_key.hex() == wish["server_key"]
    assert (credentials.salt.hex(), credentials.iterations) == (wish["salt"], FEW)
    assert credentials.expires_at == 0
    assert 0 < account.person < 1 << 63
    assert desk.store.people[account.person] == PersonRecord(
        account.person, "Ana", is_present=False, is_account=True
    )
    token = bytes.fromhex(str(fields["token"]))
    assert desk.store.tokens == {token_hash(token): account.person}


def test_the_token_of_a_new_account_is_not_in_what_is_kept(desk: Desk) -> None:
    wish = desk.wish()
    _, fields = desk.ask(wish)

    _, kept = desk.store.answers[bytes.fromhex(str(wish["once"]))]

    assert str(fields["token"]).encode() not in kept


@pytest.mark.parametrize("name", ["Ana", "ANA", "\u0410n\u0430", "\uff41\uff4e\uff41"])
def test_a_name_that_looks_like_an_accounts_is_taken(desk: Desk, name: str) -> None:
    desk.register("Ana")

    assert desk.ask(desk.wish(name)) == (Code.NAME_TAKEN, {})
    assert len(desk.store.accounts) == 1


def test_the_name_of_somebody_else_who_is_here_is_taken(desk: Desk) -> None:
    desk.taken.add("Budi")

    assert desk.ask(desk.wish(" Budi ")) == (Code.NAME_TAKEN, {})
    assert desk.store.people == {}


def test_what_cannot_be_a_name_is_refused_with_a_reason(desk: Desk) -> None:
    assert desk.ask(desk.wish("@ana")) == (Code.NAME_INVALID, {"reason": "character"})
    assert desk.ask(desk.wish("server")) == (Code.NAME_INVALID, {"reason": "reserved"})


def test_no_two_hostile_names_that_look_alike_both_get_an_account(desk: Desk) -> None:
    for name in HOSTILE:
        code, _ = desk.ask(desk.wish(name))

        assert code in (Code.OK, Code.NAME_TAKEN, Code.NAME_INVALID)

    names = [account.name for account in desk.store.accounts.values()]
    assert "alice" in names
    assert len({fold_name(name) for name in names}) == len(names)
    assert len({skeleton(name) for name in names}) == len(names)
    assert all(desk.challenge(name)[0] is Code.OK for name in names)


@pytest.mark.parametrize("detail", ["full_name", "country"])
@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u202ea", "x" * (MAX_DETAIL + 1)])
def test_details_hold_nothing_hidden_and_no_files(desk: Desk, detail: str, text: str) -> None:
    assert desk.ask(desk.wish() | {detail: text}) == (Code.BAD_REQUEST, {})
    assert desk.ask(desk.wish() | {detail: ""})[0] is Code.OK


def test_registering_again_because_the_answer_was_lost_gives_the_same_account(desk: Desk) -> None:
    wish = desk.wish()
    _, first = desk.ask(wish)

    code, second = desk.ask(wish)

    (account,) = desk.store.accounts.values()
    assert code is Code.OK
    assert first != second
    for answer in (first, second):
        token = bytes.fromhex(str(answer["token"]))
        assert desk.store.tokens[token_hash(token)] == account.person


def test_nobody_else_gets_a_token_by_repeating_a_request(desk: Desk) -> None:
    wish = desk.wish()
    desk.ask(wish)
    of_a_guest = desk.wish("Budi")
    desk.store.save_once(bytes.fromhex(str(of_a_guest["once"])), Code.OK, b'{"person":"7"}', AT)

    assert desk.ask(desk.wish() | {"once": wish["once"]}) == (Code.NAME_TAKEN, {})
    assert len(desk.store.tokens) == 1
    assert desk.ask(of_a_guest)[0] is Code.OK
    assert [account.name for account in desk.store.accounts.values()] == ["Ana", "Budi"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iterations", 4095),
        ("iterations", 2_000_001),
        ("iterations", True),
        ("salt", "00" * 15),
        ("stored_key", "00" * 31),
        ("server_key", None),
        ("once", ""),
        ("name", 7),
        ("full_name", []),
        ("country", None),
    ],
)
def test_a_registration_against_the_rules_is_the_peers_fault(
    desk: Desk, field: str, value: JsonValue
) -> None:
    with pytest.raises(PeerError):
        desk.ask(desk.wish() | {field: value})


# --- proving ---


def test_whoever_knows_the_password_proves_to_own_the_account_and_can_believe(desk: Desk) -> None:
    account = desk.register()
    ana, proof = desk.prove("Ana", "kopi")

    checked = desk.accounts.check(1, proof, desk.now, desk.at)

    assert (checked.code, checked.fields, checked.account) == (Code.OK, {}, account)
    assert ana.is_genuine(checked.signature)
    assert checked.signature.hex() not in repr(checked)


@pytest.mark.parametrize("name", ["ana", "ANA", " Ana ", "\uff21na"])
def test_an_account_is_found_however_its_name_is_typed(desk: Desk, name: str) -> None:
    account = desk.register("Ana")

    assert desk.log_in(name).account == account


def test_a_wrong_password_and_an_unknown_name_get_the_same_refusal(desk: Desk) -> None:
    desk.register()

    assert desk.log_in("Ana", "teh") == desk.guess("Budi") == Checked(Code.WRONG_LOGIN, {})


def test_an_unknown_name_is_challenged_like_a_known_one(desk: Desk) -> None:
    desk.ask(desk.wish("Ana") | {"iterations": ITERATIONS})
    known, unknown, again = (desk.challenge(name)[1] for name in ("Ana", "Budi", "BUDI"))
    after_restart = Desk()

    assert {key: len(str(value)) for key, value in known.items()} == {
        key: len(str(value)) for key, value in unknown.items()
    }
    assert known["iterations"] == unknown["iterations"] == ITERATIONS
    assert unknown["salt"] == again["salt"] == after_restart.challenge("budi")[1]["salt"]
    assert unknown["nonce"] != again["nonce"]
    assert desk.challenge("Citra")[1]["salt"] != unknown["salt"]


def test_an_unknown_name_and_a_known_one_take_the_same_time(desk: Desk) -> None:
    desk.register("Ana")
    spent: dict[str, list[float]] = {"Ana": [], "Budi": []}

    for _ in range(1000):
        for name, times in spent.items():
            desk.now += 3600
            begin = time.perf_counter()
            desk.guess(name)
            times.append(time.perf_counter() - begin)

    assert abs(median(spent["Ana"]) - median(spent["Budi"])) < 0.0005


def test_the_challenge_begins_with_the_nonce_of_whoever_asked(desk: Desk) -> None:
    nonce = b"n" * 18

    _, fields = desk.accounts.challenge(1, {"name": "Ana", "nonce": nonce.hex()}, HASH)

    assert bytes.fromhex(str(fields["nonce"]))[:18] == nonce
    assert len(str(fields["nonce"])) == 72


def test_what_cannot_be_a_name_is_not_challenged(desk: Desk) -> None:
    assert desk.challenge("a\nb") == (Code.NAME_INVALID, {"reason": "character"})
    assert desk.accounts.check(1, bytes(32), desk.now, desk.at).code is Code.BAD_REQUEST


@given(
    fields=st.dictionaries(
        st.sampled_from(["name", "nonce"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.just("00" * 18),
    )
)
def test_any_challenge_is_answered_or_the_peers_fault(fields: dict[str, Any]) -> None:
    desk = Desk()

    try:
        code, _ = desk.accounts.challenge(1, fields, HASH)
    except PeerError:
        assert not isinstance(fields.get("name"), str) or fields.get("nonce") != "00" * 18
    else:
        assert code in (Code.OK, Code.NAME_INVALID)


def test_a_challenge_is_good_for_one_proof_in_its_own_session(desk: Desk) -> None:
    desk.register()
    _, proof = desk.prove("Ana", "kopi", key=1)

    codes = [desk.accounts.check(key, proof, desk.now, desk.at).code for key in (2, 1, 1)]

    assert codes == [Code.BAD_REQUEST, Code.OK, Code.BAD_REQUEST]


def test_a_session_that_has_ended_leaves_no_challenge_behind(desk: Desk) -> None:
    desk.register()
    _, proof = desk.prove("Ana", "kopi")

    desk.accounts.forget(1)
    desk.accounts.forget(2)

    assert desk.accounts.check(1, proof, desk.now, desk.at).code is Code.BAD_REQUEST


def test_an_old_password_is_worth_nothing_even_with_a_challenge_from_before(desk: Desk) -> None:
    account = desk.register()
    _, proof = desk.prove("Ana", "kopi", key=2)

    desk.change(account, "kopi", "teh")

    assert desk.accounts.check(2, proof, desk.now, desk.at).code is Code.WRONG_LOGIN


def test_a_name_registered_after_its_challenge_is_not_proved_by_it(desk: Desk) -> None:
    desk.challenge("Ana")
    desk.register("Ana")

    assert desk.accounts.check(1, bytes(32), desk.now, desk.at).code is Code.WRONG_LOGIN


# --- guessing ---


def test_ten_wrong_passwords_in_a_minute_make_everybody_wait_for_that_account_alone(
    desk: Desk,
) -> None:
    desk.register("Ana")
    desk.register("Budi")
    desk.wrong(10)
    desk.now += 20.5

    assert desk.log_in("Ana") == Checked(Code.TOO_MANY_GUESSES, {"wait": 40})
    assert desk.log_in("Ana", key=2).code is Code.TOO_MANY_GUESSES
    assert desk.log_in("Budi").code is Code.OK
    desk.now += 39.5
    assert desk.log_in("Ana").code is Code.OK


def test_a_right_password_never_counts(desk: Desk) -> None:
    desk.register()

    assert {desk.log_in().code for _ in range(20)} == {Code.OK}
    assert desk.accounts.guesses(desk.now, desk.at) == []


def test_a_guess_refused_unread_does_not_lengthen_the_wait(desk: Desk) -> None:
    desk.register()
    desk.wrong(10)

    waits = [desk.guess().fields for _ in range(20)]

    assert waits == [{"wait": 60}] * 20


def test_an_unknown_name_waits_like_a_known_one(desk: Desk) -> None:
    desk.register("Ana")
    desk.wrong(10, "Ana")
    desk.wrong(10, "Budi")

    assert desk.guess("Ana") == desk.guess("BUDI") == Checked(Code.TOO_MANY_GUESSES, {"wait": 60})


def test_made_up_names_push_no_account_out_of_the_count(desk: Desk) -> None:
    desk.register("Ana")
    desk.wrong(10, "Ana")

    for number in range(MAX_STRANGERS + 10):
        desk.wrong(1, f"nobody {number}")

    assert desk.guess("Ana").code is Code.TOO_MANY_GUESSES


def test_a_restart_forgives_no_account_and_mixes_nothing_with_addresses(desk: Desk) -> None:
    desk.register("Ana")
    desk.wrong(10)
    desk.wrong(3, "Budi")
    address = GuessRecord("10.0.0.2", 7, AT)
    kept = [address, *desk.accounts.guesses(desk.now, desk.at)]

    desk.now += 5
    desk.accounts = desk.open()
    desk.accounts.restore(kept, desk.now, desk.at)

    assert kept == [address, GuessRecord("@ana", 10, AT)]
    assert [is_of_account(guess) for guess in kept] == [False, True]
    assert desk.guess() == Checked(Code.TOO_MANY_GUESSES, {"wait": 55})
    assert desk.accounts.guesses(desk.now, desk.at) == kept[1:]


# --- another password ---


def test_a_changed_password_ends_all_tokens_but_that_of_the_device(desk: Desk) -> None:
    account, other = desk.register("Ana"), desk.register("Budi")
    of_budi = {token for token, owner in desk.store.tokens.items() if owner == other.person}

    assert desk.change(account, "kopi", "teh") == (Code.OK, {})

    assert set(desk.store.tokens) == of_budi | {KEPT}
    assert desk.store.tokens[KEPT] == account.person
    assert desk.log_in("Ana", "kopi").code is Code.WRONG_LOGIN
    assert desk.log_in("Ana", "teh").code is Code.OK


def test_without_the_old_password_there_is_no_new_one(desk: Desk) -> None:
    account = desk.register()

    assert desk.change(account, "teh", "susu") == (Code.WRONG_LOGIN, {})
    assert desk.log_in("Ana", "kopi").code is Code.OK
    assert KEPT not in desk.store.tokens
    assert desk.accounts.guesses(desk.now, desk.at) == [GuessRecord("@ana", 1, AT)]


def test_guesses_by_changing_the_password_are_limited_too(desk: Desk) -> None:
    account = desk.register()
    desk.wrong(10)

    assert desk.change(account, "kopi", "teh") == (Code.TOO_MANY_GUESSES, {"wait": 60})


@pytest.mark.parametrize("name", ["Budi", "Citra", None])
def test_only_a_challenge_for_ones_own_account_changes_its_password(
    desk: Desk, name: str | None
) -> None:
    account = desk.register("Ana")
    desk.register("Budi", "jahe")
    fields = keys_of("teh", desk.chance) | {"once": desk.chance(16).hex()}
    proof = desk.prove(name, "jahe")[1] if name == "Budi" else bytes(32)
    if name == "Citra":
        desk.challenge(name)

    answer = desk.send_change(account, fields | {"proof": proof.hex()})

    assert answer == (Code.BAD_REQUEST, {})
    assert desk.store.accounts["ana"] == account
    assert desk.accounts.check(1, proof, desk.now, desk.at).code is Code.BAD_REQUEST
    assert desk.accounts.guesses(desk.now, desk.at) == []


def test_changing_again_because_the_answer_was_lost_changes_nothing_more(desk: Desk) -> None:
    account, budi = desk.register("Ana"), desk.register("Budi")
    once = desk.chance(16).hex()
    desk.change(account, "kopi", "teh", once=once)
    desk.store.drop_tokens(account.person)
    again = keys_of("susu", desk.chance) | {"once": once, "proof": "00" * 32}

    assert desk.send_change(account, again) == (Code.OK, {})
    assert desk.send_change(budi, again) == (Code.BAD_REQUEST, {})
    assert KEPT not in desk.store.tokens
    assert desk.log_in("Ana", "teh").code is Code.OK


@pytest.mark.parametrize("field", ["once", "proof", "salt", "iterations", "stored_key"])
def test_a_change_against_the_rules_is_the_peers_fault(desk: Desk, field: str) -> None:
    account = desk.register()

    with pytest.raises(PeerError):
        desk.change(account, "kopi", "teh", **{field: None})


# --- the operator's code ---


def test_a_code_replaces_the_password_for_a_day(desk: Desk) -> None:
    account = desk.register()

    desk.reset(account, "kuda laut merah jambu")

    kept = desk.store.accounts["ana"].credentials
    assert (kept.iterations, kept.expires_at) == (ITERATIONS, AT + CODE_LIFE)
    assert desk.store.tokens == {}
    assert desk.log_in("Ana", "kopi").code is Code.WRONG_LOGIN
    assert desk.log_in("Ana", "kuda laut merah jambu").code is Code.OK


def test_a_code_that_has_ended_is_a_wrong_password(desk: Desk) -> None:
    account = desk.register()
    desk.reset(account, "kuda laut")

    desk.now += CODE_LIFE / 1000

    assert desk.log_in("Ana", "kuda laut") == Checked(Code.WRONG_LOGIN, {})
    assert len(desk.accounts.guesses(desk.now, desk.at)) == 1


def test_whoever_logs_in_with_a_code_sets_a_password_that_stays(desk: Desk) -> None:
    account = desk.register()
    desk.reset(account, "kuda laut")

    assert desk.change(account, "kuda laut", "teh") == (Code.OK, {})

    desk.now += 2 * CODE_LIFE / 1000
    assert desk.log_in("Ana", "teh").code is Code.OK
    assert desk.store.accounts["ana"].credentials.expires_at == 0


def test_an_account_that_is_not_there_cannot_be_reset(desk: Desk) -> None:
    desk.register("Ana")

    assert desk.accounts.reset("Budi", "kuda laut", AT) is None
    assert desk.accounts.reset("ANA", "kuda laut", AT) is not None
