"""Who of another realm can be reached, at the edges of what is usual: too many, too late."""

import pytest
from fuzz_realms import (
    ALIAS,
    BOB_THERE,
    LinkedRealm,
)
from realm_parts import last, reach, shared, speaks, tells_logs, wishes

from protocol import Code, JsonValue, Verb
from protocol_requests import Fields
from realms import Someone
from records import ForeignPerson
from server_events import CutRealm

BOB = Someone(BOB_THERE, "bob")


def fill(realm: LinkedRealm) -> None:
    """As many people of the realm are known as may be."""
    store = realm.room.store
    for number in range(60):
        made = ForeignPerson(10_000 + number, realm.realm, number.to_bytes(8), f"n{number}")
        store.save_foreign_person(made, made.name)
    store.commit()


def test_a_name_that_is_none_is_not_asked_for(realm: LinkedRealm) -> None:
    for verb, code in (
        (Verb.PRIVATE, Code.NO_SUCH_USER),
        (Verb.JOIN_GROUP, Code.NO_SUCH_GROUP),
    ):
        realm.ana.send(wishes(realm, verb, f"\u202ex@{ALIAS}"))
        realm.turn()
        assert last(realm.ana).code is code
    assert not realm.is_asked(Verb.CONTACT)


@pytest.mark.parametrize("code", [Code.TOO_MANY_GUESSES, Code.DISK_FULL, Code.NAME_TAKEN])
def test_a_realm_that_cannot_tell_is_as_if_it_were_away(realm: LinkedRealm, code: Code) -> None:
    assert reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", code, {"wait": 5}) is Code.OK
    assert last(realm.ana).fields["state"] == "waiting"


def test_a_realm_that_says_no_is_believed(realm: LinkedRealm) -> None:
    found = reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", Code.NO_SUCH_USER, {})

    assert found is Code.NO_SUCH_USER


@pytest.mark.parametrize(
    "person", [None, ["", "rina"], [BOB_THERE.hex(), "bob"], [BOB_THERE.hex(), "rina\u202e"]]
)
def test_whoever_is_found_bears_the_name_that_was_asked_for(
    realm: LinkedRealm, person: JsonValue
) -> None:
    realm.ana.send(wishes(realm, Verb.PRIVATE, f"rina@{ALIAS}"))
    realm.turn()

    realm.answer(Verb.CONTACT, Code.OK, {"person": person})

    assert not realm.stands


def test_a_realm_that_answers_nothing_is_asked_no_more_in_the_end(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_peer.MOST_ASKED", 0)

    realm.ana.send(wishes(realm, Verb.PRIVATE, f"rina@{ALIAS}"))
    realm.turn()

    assert last(realm.ana).fields["state"] == "waiting"
    assert not realm.is_asked(Verb.CONTACT)


def test_when_no_more_people_of_a_realm_are_taken_nobody_new_is_reached(realm: LinkedRealm) -> None:
    fill(realm)
    person: JsonValue = [(77).to_bytes(8).hex(), "rina"]

    found = reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", Code.OK, {"person": person})
    tells_logs(realm, shared(130))
    speaks(realm, 130)

    assert found is Code.SERVER_FULL
    told = [(one.theirs, one.code) for one in realm.room.store.undelivered(realm.realm)]
    assert told == [(130, Code.SERVER_FULL)]


def test_names_that_are_made_up_take_no_place_from_people_of_a_realm(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_people.MOST_AWAITED_BY_ONE", 3)

    away = [reach(realm, Verb.PRIVATE, f"x{n}@{ALIAS}", Code.DISK_FULL, {}) for n in range(4)]
    again = reach(realm, Verb.PRIVATE, f"x0@{ALIAS}", Code.DISK_FULL, {})
    person: JsonValue = [(77).to_bytes(8).hex(), "rina"]
    found = reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", Code.OK, {"person": person})

    assert away == [Code.OK] * 3 + [Code.SERVER_FULL]
    assert again is Code.OK
    assert found is Code.OK
    assert realm.room.store.count_unmet_people(realm.realm, 0) == (3, 3, 0)


@pytest.mark.parametrize(("bound", "most"), [("MOST_AWAITED", 2), ("UNMET_SHARE", 30)])
def test_all_names_together_that_a_realm_has_not_confirmed_are_few(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(f"server_realm_people.{bound}", most)

    away = [reach(realm, Verb.PRIVATE, f"x{n}@{ALIAS}", Code.DISK_FULL, {}) for n in range(3)]

    assert away == [Code.OK] * 2 + [Code.SERVER_FULL]


def test_a_name_of_nobody_is_awaited_no_more(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_people.MOST_AWAITED_BY_ONE", 1)
    assert reach(realm, Verb.PRIVATE, f"x0@{ALIAS}", Code.DISK_FULL, {}) is Code.OK

    assert reach(realm, Verb.PRIVATE, f"x0@{ALIAS}", Code.NO_SUCH_USER, {}) is Code.NO_SUCH_USER

    assert realm.room.store.count_unmet_people(realm.realm, 0) == (1, 0, 0)
    assert reach(realm, Verb.PRIVATE, f"x1@{ALIAS}", Code.DISK_FULL, {}) is Code.OK


def test_what_was_said_to_nobody_is_not_forgotten_when_they_are_asked_for(
    realm: LinkedRealm,
) -> None:
    assert reach(realm, Verb.PRIVATE, f"x0@{ALIAS}", Code.DISK_FULL, {}) is Code.OK
    log = last(realm.ana).fields["conversation"]
    assert isinstance(log, int)
    realm.ana.send(realm.ana.post("halo", conversation=log))
    realm.turn()

    assert reach(realm, Verb.PRIVATE, f"x0@{ALIAS}", Code.NO_SUCH_USER, {}) is Code.NO_SUCH_USER

    assert not realm.room.store.declined(realm.realm, log)  # it is read, and goes back
    assert log in realm.room.store.shared_logs(realm.realm)


def test_whoever_has_enough_conversations_begins_none_abroad(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_contacts.MAX_CONVERSATIONS", 1)
    person: JsonValue = [(77).to_bytes(8).hex(), "rina"]

    private = reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", Code.OK, {"person": person})
    group = reach(realm, Verb.JOIN_GROUP, f"catur@{ALIAS}", Code.OK, {"name": "catur"})

    fill(realm)
    known: JsonValue = [(1).to_bytes(8).hex(), "n1"]
    somebody = reach(realm, Verb.PRIVATE, f"n1@{ALIAS}", Code.OK, {"person": known})

    assert (private, group, somebody) == (Code.SERVER_FULL,) * 3


def test_a_group_that_looks_like_another_of_that_realm_is_not_joined(realm: LinkedRealm) -> None:
    name = "rnereka"  # mereka is there

    assert reach(realm, Verb.JOIN_GROUP, f"{name}@{ALIAS}", Code.OK, {"name": name}) is (
        Code.GROUP_EXISTS
    )


def test_a_contact_of_no_kind_ends_the_link(realm: LinkedRealm) -> None:
    realm.ask_quickly(Verb.CONTACT, {"kind": 1, "name": "Ana", "person": BOB.encode()})
    realm.turn()

    assert not realm.stands


@pytest.mark.parametrize("verb", [Verb.SHARED, Verb.CONTACT, Verb.UNDELIVERED])
def test_what_was_asked_over_a_link_that_is_cut_now_is_not_answered(
    realm: LinkedRealm, verb: Verb
) -> None:
    realm.heard.clear()
    fields: Fields = {"after": 0, "held": [], "kind": 3, "name": "Ana", "person": BOB.encode()}
    fields |= {"conversation": realm.private, "number": 1, "code": 999}

    realm.room.core.handle_command(CutRealm(ALIAS), realm.room.now)
    realm.ask_quickly(verb, fields)
    realm.turn()

    assert realm.answered() == 0
