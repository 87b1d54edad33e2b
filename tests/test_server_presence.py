from itertools import pairwise

import pytest

from conversation import MAX_NAME, PEOPLE, Person, Presence
from protocol import MAX_RESPONSE, Code, JsonValue, encode_object
from protocol_frames import EntryPart, decode_frames
from protocol_requests import Fields
from server_presence import KEPT_CHANGES, PAGE, Presences

EPOCH = 0x0123456789ABCDEF


def person(number: int, name: str = "", presence: Presence = Presence.HERE) -> Person:
    return Person(number, name or f"Murid {number}", presence)


def room(*numbers: int) -> Presences:
    """People whose coming has been told."""
    presences = Presences(EPOCH)
    for number in numbers:
        presences.set(person(number))
        presences.take_changes()
    return presences


def told(presences: Presences) -> list[Person]:
    """What the next frames tell, checked for epoch and dense versions."""
    before = presences.version
    people = []
    for frame in presences.take_changes():
        (part,) = decode_frames(frame)
        assert isinstance(part, EntryPart)
        assert (part.conversation, part.number, part.parts) == (PEOPLE, before + 1, 1)
        before += 1
        epoch, one = Person.decode(part.body)
        assert epoch == EPOCH
        people.append(one)
    assert before == presences.version
    return people


def rows(fields: Fields) -> list[JsonValue]:
    found = fields["people"]
    assert isinstance(found, list)
    return found


def row(number: int, presence: Presence = Presence.HERE) -> JsonValue:
    return [f"{number:016x}", f"Murid {number}", int(presence), False, 0]


# --- changes ---


def test_who_comes_changes_and_leaves_is_told_in_order() -> None:
    presences = Presences(EPOCH)
    presences.set(person(1))
    presences.set(person(2))
    assert told(presences) == [person(1), person(2)]

    presences.set(person(1, presence=Presence.AWAY))
    presences.set(person(2, presence=Presence.GONE))
    assert told(presences) == [
        person(1, presence=Presence.AWAY),
        person(2, presence=Presence.GONE),
    ]
    assert len(presences) == 1
    assert presences.get(1) == person(1, presence=Presence.AWAY)
    assert presences.get(2) is None


def test_changes_of_one_person_that_were_not_told_yet_become_one() -> None:
    presences = room(1)
    presences.set(person(1, presence=Presence.AWAY))
    presences.set(person(1))
    presences.set(person(1, name="Ana"))

    assert told(presences) == [person(1, name="Ana")]


def test_whoever_left_and_came_back_before_it_was_told_is_here() -> None:
    presences = room(1)
    presences.set(person(1, presence=Presence.GONE))
    presences.set(person(1))

    assert told(presences) == [person(1)]


def test_what_is_no_change_is_not_told() -> None:
    presences = room(1)

    presences.set(person(1))

    assert not presences.has_changes
    assert told(presences) == []


def test_a_round_trip_is_told_along_with_the_next_change_only() -> None:
    presences = room(1)

    presences.set_round_trip(1, 0.0123)
    presences.set_round_trip(2, 0.0123)  # somebody who has just left
    assert not presences.has_changes
    presences.set(person(1, presence=Presence.AWAY))
    presences.set_round_trip(1, 0.0001)

    assert [one.round_trip_ms for one in told(presences)] == [1]
    assert presences.get(2) is None


# --- PEOPLE: what was missed ---


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_who_missed_changes_gets_the_last_word_on_each_person_and_nothing_else(after: int) -> None:
    presences = room(1, 2)
    presences.set(person(1, presence=Presence.GONE))
    presences.take_changes()

    code, fields = presences.answer(EPOCH, after, 0)

    assert code is Code.OK
    assert fields["version"] == 3
    assert (
        rows(fields)
        == {
            0: [row(1, Presence.GONE), row(2)],
            1: [row(2), row(1, Presence.GONE)],
            2: [row(1, Presence.GONE)],
            3: [],
        }[after]
    )


@pytest.mark.parametrize(
    ("epoch", "after"),
    [(EPOCH + 1, 0), (EPOCH, 4)],
    ids=["another run of the server", "a version that was never told"],
)
def test_who_speaks_of_another_table_gets_all_of_this_one(epoch: int, after: int) -> None:
    code, fields = room(1, 2, 3).answer(epoch, after, 0)

    assert code is Code.SNAPSHOT
    assert fields["epoch"] == f"{EPOCH:016x}"
    assert rows(fields) == [row(1), row(2), row(3)]
    assert "next" not in fields


def test_1024_changes_are_kept_and_beyond_them_everybody_is_sent() -> None:
    presences = room(1)
    for turn in range(KEPT_CHANGES):
        presences.set(person(1, presence=(Presence.AWAY, Presence.HERE)[turn % 2]))
        presences.take_changes()
    assert presences.version == KEPT_CHANGES + 1

    kept, fields = presences.answer(EPOCH, 1, 0)
    assert kept is Code.OK
    assert rows(fields) == [row(1)]
    assert presences.answer(EPOCH, 0, 0)[0] is Code.SNAPSHOT


def test_a_page_for_every_so_many_people_without_gaps_or_doubles() -> None:
    everyone = [3 * number for number in range(1, 2 * PAGE + 8)]
    presences = room(*everyone)

    start, got, pages = 0, list[JsonValue](), 0
    while True:
        code, fields = presences.answer(0, 0, start)
        assert code is Code.SNAPSHOT
        got += rows(fields)
        pages += 1
        if "next" not in fields:
            break
        start = int(str(fields["next"]), 16)

    assert got == [row(number) for number in everyone]
    assert pages == 3


def test_a_page_asked_for_by_its_start_is_a_page_whatever_version_the_asker_has() -> None:
    code, fields = room(1, 2).answer(EPOCH, 2, 2)

    assert code is Code.SNAPSHOT
    assert rows(fields) == [row(2)]


@pytest.mark.parametrize("epoch", [EPOCH, 0], ids=["changes", "a snapshot"])
def test_an_answer_fits_whatever_people_are_called(epoch: int) -> None:
    presences = Presences(EPOCH)
    for number in range(KEPT_CHANGES):
        name = "\U0001f600" * MAX_NAME
        presences.set(Person((1 << 63) - 1 - number, name, Presence.HERE))
        presences.set_round_trip((1 << 63) - 1 - number, 60.0)
    presences.take_changes()

    for after in (0, KEPT_CHANGES - PAGE - 1, KEPT_CHANGES - PAGE):
        _, fields = presences.answer(epoch, after, 0)
        assert len(encode_object(fields)) <= MAX_RESPONSE


def test_versions_never_go_back() -> None:
    presences = Presences(EPOCH)
    versions = [presences.version]
    for turn in range(20):
        presences.set(person(turn % 3, presence=(Presence.HERE, Presence.GONE)[turn % 2]))
        presences.take_changes()
        versions.append(presences.version)

    assert all(before <= after for before, after in pairwise(versions))
