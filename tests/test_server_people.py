from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from server_parts import FIRST_UTC, Chance, open_store, opened

from auth import fold_name, skeleton, token_hash
from entering import EnterRequest
from protocol import Code
from records import AccountRecord, Ban, BanKind, Credentials, PersonRecord, Store
from server_people import GUEST_TOKEN_LIFE, MINUTE, Admission, People

AT = FIRST_UTC
HOST = "10.0.0.2"
CHANCE = Chance("people")


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with opened(folder) as store:
        yield store


@pytest.fixture
def people(store: Store) -> People:
    return People(store, Chance("server"))


def wish(name: str | None = "Ana", token: bytes | None = None) -> EnterRequest:
    return EnterRequest(CHANCE(16), CHANCE(16), name, token, ())


def enter(people: People, request: EnterRequest, at: int = AT, host: str = HOST) -> Admission:
    """ENTER, and with OK the name is held, as the members do."""
    admission = people.enter(request, host, at, is_full=False)
    if admission.record is not None:
        people.hold_name(admission.record.person, admission.record.name)
    return admission


def come(people: People, name: str = "Ana", at: int = AT) -> Admission:
    admission = enter(people, wish(name), at)
    assert admission.code is Code.OK
    return admission


def who(admission: Admission) -> int:
    assert admission.record is not None
    return admission.record.person


# --- new guests ---


def test_a_guest_gets_an_id_a_token_and_the_mark_of_presence(store: Store, people: People) -> None:
    admission = enter(people, wish("  Ana  "))

    assert admission.code is Code.OK
    assert admission.record == PersonRecord(who(admission), "Ana", is_present=True)
    assert 0 < who(admission) < 1 << 63
    assert len(admission.token) == 32
    assert not admission.has_returned
    assert not admission.was_present
    assert store.person(who(admission)) == admission.record


def test_only_the_hash_of_a_token_is_kept_and_never_in_what_is_repeated(
    store: Store, people: People
) -> None:
    request = wish()
    admission = enter(people, request)

    answered = store.once(request.once)

    assert answered is not None
    assert admission.token.hex().encode() not in answered[1]
    assert store.use_token(admission.token, 0, AT) is None
    assert store.use_token(token_hash(admission.token), 0, AT) == who(admission)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("x" * 33, "too_long"),
        ("Ana\u202e", "character"),
        ("=SUM", "start"),
        ("admin", "reserved"),
    ],
)
def test_an_impossible_name_is_refused_with_its_reason(
    people: People, name: str, reason: str
) -> None:
    admission = enter(people, wish(name))

    assert admission.code is Code.NAME_INVALID
    assert admission.fields == {"reason": reason}
    assert admission.record is None


@pytest.mark.parametrize(
    "name",
    ["Ana", "ANA", "\uff21\uff4e\uff41", "\u0410na", "An\u0430", "\u00c1na"],
    ids=["same", "case", "full width", "cyrillic A", "cyrillic a", "accent"],
)
def test_a_name_somebody_here_has_or_could_be_taken_for_is_taken(people: People, name: str) -> None:
    come(people, "Ana")

    assert enter(people, wish(name)).code is Code.NAME_TAKEN
    assert enter(people, wish("Budi")).code is Code.OK


def test_a_name_that_nobody_holds_any_more_is_free_and_its_next_owner_is_somebody_else(
    people: People,
) -> None:
    before = come(people, "Ana")
    people.leave(who(before))
    people.free_name(who(before))

    after = come(people, "Ana")

    assert who(after) != who(before)
    assert not after.was_present


def test_an_account_s_name_is_taken_though_nobody_is_here(folder: Path) -> None:
    class Accounts:
        def __init__(self, store: Store) -> None:
            self._store = store

        def __getattr__(self, name: str) -> object:
            return getattr(self._store, name)

        def is_account_name(self, folded: str, skeleton: str) -> bool:
            return folded == "messi"

    with opened(folder) as store:
        people = People(Accounts(store), Chance("server"))  # type: ignore[arg-type]

        assert enter(people, wish("MESSI")).code is Code.NAME_TAKEN
        assert enter(people, wish("Messi 2")).code is Code.OK


# --- names in memory ---


def test_a_person_s_new_name_frees_the_old_one(people: People) -> None:
    people.hold_name(1, "Ana")
    people.hold_name(1, "Budi")

    assert (people.find("ANA"), people.find("budi")) == (None, 1)
    assert (people.name(1), people.name(2)) == ("Budi", None)


def test_freeing_the_name_of_nobody_changes_nothing(people: People) -> None:
    people.hold_name(1, "Ana")

    people.free_name(2)

    assert people.find("Ana") == 1


def test_two_people_of_one_name_in_an_old_store_free_each_only_their_own(people: People) -> None:
    people.hold_name(1, "Ana")
    people.hold_name(2, "ana")

    people.free_name(1)
    assert people.find("Ana") == 2
    people.free_name(2)
    assert people.find("Ana") is None


# --- coming back ---


def test_a_token_brings_back_the_same_person_and_stays_the_same(people: People) -> None:
    before = come(people, "Ana")

    after = enter(people, wish("Ana", before.token))

    assert after.code is Code.OK
    assert who(after) == who(before)
    assert after.token == before.token
    assert after.has_returned
    assert after.was_present


def test_a_token_without_a_name_is_enough_and_an_unknown_one_is_not(people: People) -> None:
    before = come(people, "Ana")

    assert enter(people, wish(None, before.token)).code is Code.OK
    assert enter(people, wish(None, bytes(32))).code is Code.TOKEN_UNKNOWN


def test_an_unknown_token_with_a_name_makes_a_new_guest_with_a_new_token(people: People) -> None:
    admission = enter(people, wish("Ana", bytes(32)))

    assert admission.code is Code.OK
    assert admission.token != bytes(32)
    assert not admission.has_returned


def test_a_guest_s_token_lives_24_hours_after_its_last_use(people: People) -> None:
    before = come(people, "Ana")
    first, second = AT + GUEST_TOKEN_LIFE, AT + 2 * GUEST_TOKEN_LIFE

    assert GUEST_TOKEN_LIFE == 24 * 60 * MINUTE
    assert enter(people, wish(None, before.token), first).code is Code.OK
    assert enter(people, wish(None, before.token), second).code is Code.OK
    too_late = enter(people, wish(None, before.token), second + GUEST_TOKEN_LIFE + 1)
    assert too_late.code is Code.TOKEN_UNKNOWN


def test_a_forgotten_token_brings_nobody_back(people: People) -> None:
    before = come(people, "Ana")
    other = come(people, "Budi")

    people.forget_tokens(who(before))

    assert enter(people, wish(None, before.token)).code is Code.TOKEN_UNKNOWN
    assert enter(people, wish(None, other.token)).code is Code.OK


def test_who_comes_back_and_finds_the_name_taken_may_take_another_and_stays_the_same_person(
    people: People,
) -> None:
    before = come(people, "Ana")
    people.leave(who(before))
    people.free_name(who(before))
    come(people, "Ana")

    assert enter(people, wish(None, before.token)).code is Code.NAME_TAKEN
    assert enter(people, wish("Ana", before.token)).code is Code.NAME_TAKEN
    assert enter(people, wish("", before.token)).code is Code.NAME_INVALID
    after = enter(people, wish("Ana Kedua", before.token))
    assert after.record == PersonRecord(who(before), "Ana Kedua", is_present=True)
    assert not after.was_present


def test_who_comes_back_keeps_the_name_whatever_the_request_says(people: People) -> None:
    before = come(people, "Ana")

    after = enter(people, wish("Budi", before.token))

    assert after.record is not None
    assert after.record.name == "Ana"


def test_a_lost_answer_to_enter_does_not_make_a_second_person(people: People) -> None:
    request = wish("Ana")
    before = enter(people, request)

    after = enter(people, request)

    assert after.code is Code.OK
    assert who(after) == who(before)
    assert after.was_present
    assert not after.has_returned
    assert enter(people, wish(None, after.token)).code is Code.OK


def test_a_repeat_whose_person_is_unknown_is_a_new_one(store: Store, people: People) -> None:
    request = wish("Ana")
    store.save_once(request.once, Code.OK, b'{"person": "0000000000000007"}', AT)

    admission = enter(people, request)

    assert admission.code is Code.OK
    assert who(admission) != 7


def test_a_stream_belongs_to_one_person(people: People) -> None:
    request = wish("Ana")
    ana = enter(people, request)

    other = enter(people, replace(request, once=CHANCE(16), name="Budi"))
    again = enter(people, replace(request, once=CHANCE(16), token=ana.token))

    assert other.code is Code.STREAM_IN_USE
    assert again.code is Code.OK


def test_a_full_room_lets_in_nobody_new_but_whoever_is_marked_present(people: People) -> None:
    request = wish("Ana")
    here = enter(people, request)
    gone = come(people, "Budi")
    people.leave(who(gone))

    def try_it(request: EnterRequest) -> Code:
        return people.enter(request, HOST, AT, is_full=True).code

    assert try_it(wish("Citra")) is Code.SERVER_FULL
    assert try_it(wish(None, gone.token)) is Code.SERVER_FULL
    assert try_it(wish(None, here.token)) is Code.OK
    assert try_it(request) is Code.OK  # its answer was lost


def test_leaving_takes_the_mark_and_keeps_the_name_on_disk(store: Store, people: People) -> None:
    ana = who(come(people, "Ana"))

    people.leave(ana)
    people.leave(12345)  # nobody

    assert store.person(ana) == PersonRecord(ana, "Ana", is_present=False)
    assert store.person(12345) is None


# --- bans and mutes ---


def ban(
    people: People, kind: BanKind, name: str, minutes: int | None = None, host: str = ""
) -> Ban:
    person = people.find(name)
    assert person is not None
    made = people.add_ban(kind, person, host, minutes, AT)
    assert made is not None
    return made


def banned(people: People, name: str, host: str = HOST, at: int = AT, person: int = 0) -> bool:
    return people.ban_on(BanKind.ENTER, person, name, host, at) is not None


def test_a_ban_keeps_out_the_person_and_the_name_and_what_looks_like_it(people: People) -> None:
    ana = come(people, "Ana")
    ban(people, BanKind.ENTER, "Ana")
    people.free_name(who(ana))

    assert enter(people, wish("Ana")).code is Code.BANNED
    assert enter(people, wish("\u0410NA")).code is Code.BANNED
    back = enter(people, wish("Lain", ana.token))
    assert (back.code, back.fields) == (Code.BANNED, {"until": 0, "reason": ""})
    assert enter(people, wish("Budi")).code is Code.OK


def test_a_ban_with_an_address_keeps_out_whoever_comes_from_there(people: People) -> None:
    come(people, "Ana")
    ban(people, BanKind.ENTER, "Ana", host="10.0.0.2")

    assert banned(people, "Budi", "10.0.0.2")
    assert not banned(people, "Budi", "10.0.0.3")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("10.0.0.2", "10.0.0.22", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("kelas", "kelas", True),
        ("kelas", "10.0.0.2", False),
    ],
)
def test_addresses_are_compared_by_what_they_mean(
    people: People, one: str, other: str, same: bool
) -> None:
    come(people, "Ana")
    ban(people, BanKind.ENTER, "Ana", host=one)

    assert banned(people, "Budi", other) is same


def test_a_ban_with_an_end_says_when_and_then_ends(store: Store, people: People) -> None:
    ana = who(come(people, "Ana"))
    made = ban(people, BanKind.ENTER, "Ana", minutes=10)
    people.free_name(ana)

    assert made.until == AT + 10 * MINUTE
    assert enter(people, wish("Ana")).fields == {"until": made.until, "reason": ""}
    assert people.next_end() == made.until
    assert not people.drop_ended(made.until - 1)
    assert not banned(people, "Ana", at=made.until)
    assert people.drop_ended(made.until)
    assert (people.bans(), people.next_end(), store.bans()) == ((), None, [])


def test_undo_takes_back_what_bears_the_name_and_is_of_that_kind(
    store: Store, people: People
) -> None:
    for name in ("Ana", "Budi"):
        come(people, name)
        ban(people, BanKind.ENTER, name)
    mute = ban(people, BanKind.SPEAK, "Ana")

    dropped = people.drop_bans(BanKind.ENTER, "ANA")

    assert [one.name for one in dropped] == ["Ana"]
    assert not banned(people, "Ana")
    assert banned(people, "Budi")
    assert mute in people.bans()
    assert store.bans() == list(people.bans())
    assert people.drop_bans(BanKind.ENTER, "Citra") == []


def test_a_mute_is_no_ban(people: People) -> None:
    ana = who(come(people, "Ana"))
    ban(people, BanKind.SPEAK, "Ana")

    assert not banned(people, "Ana", person=ana)
    assert people.ban_on(BanKind.SPEAK, ana, "Lain", HOST, AT) is not None


def test_nobody_is_banned_by_a_name_that_nobody_has(store: Store, people: People) -> None:
    assert people.add_ban(BanKind.ENTER, 12345, "", None, AT) is None
    assert store.bans() == []


def test_bans_outlive_a_restart_and_what_was_not_kept_is_forgotten(folder: Path) -> None:
    store = open_store(folder)
    people = People(store, Chance("server"))
    come(people, "Ana")
    kept = ban(people, BanKind.ENTER, "Ana", minutes=5, host=HOST)
    store.commit()
    ban(people, BanKind.SPEAK, "Ana")
    store.rollback()

    people.reload_bans()
    assert people.bans() == (kept,)

    store.storage.close()
    with opened(folder) as again:
        assert People(again, Chance("server")).bans() == (kept,)


# --- accounts ---


def register(store: Store, name: str, person: int = 77) -> AccountRecord:
    store.save_person(PersonRecord(person, name, is_present=False, is_account=True))
    keys = Credentials(b"s" * 16, 4096, b"k" * 32, b"k" * 32)
    account = AccountRecord(person, name, "", "", AT, keys)
    store.add_account(account, fold_name(name), skeleton(name))
    return account


def test_nobody_enters_under_the_name_of_an_account(store: Store, people: People) -> None:
    register(store, "Ana")

    assert enter(people, wish("ana")).code is Code.NAME_TAKEN
    assert enter(people, wish("\u0410na")).code is Code.NAME_TAKEN  # looks the same


def test_whoever_has_a_name_that_becomes_an_account_s_keeps_it(
    store: Store, people: People
) -> None:
    ana = come(people, "Ana")
    register(store, "Ana")

    again = enter(people, wish("Citra", ana.token))

    assert again.record is not None
    assert again.record.name == "Ana"


def test_an_account_has_its_name_though_a_guest_still_has_it_too(
    store: Store, people: People
) -> None:
    come(people, "Ana")
    account = register(store, "Ana")

    admission = people.log_in(account, 0, CHANCE(16), HOST, AT, is_full=False)

    assert (admission.code, who(admission)) == (Code.OK, 77)


def test_people_are_found_by_their_name_and_accounts_always(store: Store, people: People) -> None:
    account = register(store, "Budi")
    ana = who(come(people, "Ana"))

    assert [people.find(name) for name in ("ANA", "budi", "Citra")] == [ana, account.person, None]


def test_an_account_can_be_banned_by_name_while_it_is_away(store: Store, people: People) -> None:
    account = register(store, "Budi")

    made = people.add_ban(BanKind.ENTER, account.person, "", None, AT)

    assert made is not None
    assert made.name == "Budi"
    assert people.drop_bans(BanKind.ENTER, "budi") == [made]


def test_what_belongs_to_nobody_is_a_defect(people: People) -> None:
    keys = Credentials(b"", 0, b"", b"")

    with pytest.raises(LookupError):
        people.log_in(AccountRecord(5, "Ana", "", "", AT, keys), 0, b"", HOST, AT, is_full=False)
    with pytest.raises(LookupError):
        people.rename(5, "Ana", HOST, AT)
