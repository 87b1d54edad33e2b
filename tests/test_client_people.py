"""The client's copy of who is here: whatever was missed, it ends up as the server's table.

The server's end is the real one (server_presence.py), so what one says the other understands.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_people import MAX_PEOPLE, PeopleCopy
from conversation import MAX_NAME_BYTES, Person, Presence
from protocol import Code, JsonValue, PeerError, decode_object, encode_object
from protocol_frames import EntryPart, decode_frames
from protocol_requests import Fields, hex_field, number_field
from server_presence import KEPT_CHANGES, PAGE, Presences

ANA = Person(1, "Ana", Presence.HERE)
BUDI = Person(2, "Budi", Presence.HERE, is_account=True, round_trip_ms=17)


def answer(table: Presences, question: Fields) -> tuple[Code, Fields]:
    """What the server says, as it comes over the wire."""
    code, fields = table.answer(
        int.from_bytes(hex_field(question, "epoch", 8), "big"),
        number_field(question, "after"),
        int.from_bytes(hex_field(question, "start", 8), "big"),
    )
    return code, decode_object(encode_object(fields))


def ask(copy: PeopleCopy, table: Presences) -> bool:
    """One question and its answer; whether everything is here now."""
    return copy.receive_answer(*answer(table, copy.question()))


def catch_up(copy: PeopleCopy, table: Presences) -> int:
    """Asks until everything is here; how often that was."""
    for turn in range(1, 100):
        if ask(copy, table):
            return turn
    raise AssertionError("the copy is never complete")


def pushes(table: Presences) -> list[EntryPart]:
    """What the server tells everybody now."""
    frames = [frame for encoded in table.take_changes() for frame in decode_frames(encoded)]
    return [frame for frame in frames if isinstance(frame, EntryPart)]


def everybody(copy: PeopleCopy) -> dict[int, Person]:
    return {person.person: person for person in copy.all()}


def room(*people: Person, epoch: int = 5) -> Presences:
    table = Presences(epoch)
    for person in people:
        table.set(person)
    table.take_changes()
    return table


def crowd(count: int, first: int = 1) -> list[Person]:
    return [Person(n, f"Orang {n}", Presence.HERE) for n in range(first, first + count)]


def test_who_comes_first_gets_everybody() -> None:
    copy, table = PeopleCopy(), room(ANA, BUDI)

    asked = catch_up(copy, table)

    assert asked == 1
    assert everybody(copy) == {1: ANA, 2: BUDI}


def test_changes_are_pushed_and_applied_in_their_order() -> None:
    copy, table = PeopleCopy(), room(ANA)
    catch_up(copy, table)

    table.set(BUDI)
    table.set(Person(1, "Ana", Presence.AWAY))
    told = [copy.receive_change(change.number, change.body) for change in pushes(table)]
    table.set(Person(2, "Budi", Presence.GONE))
    told += [copy.receive_change(change.number, change.body) for change in pushes(table)]

    assert told == [BUDI, Person(1, "Ana", Presence.AWAY), Person(2, "Budi", Presence.GONE)]
    assert everybody(copy) == {1: Person(1, "Ana", Presence.AWAY)}


def test_a_change_that_comes_twice_says_nothing_new() -> None:
    copy, table = PeopleCopy(), room(ANA)
    catch_up(copy, table)
    table.set(BUDI)
    (change,) = pushes(table)
    copy.receive_change(change.number, change.body)

    assert copy.receive_change(change.number, change.body) is None
    assert not copy.is_missing(change.number)


def test_a_change_that_was_missed_shows_and_is_asked_for() -> None:
    copy, table = PeopleCopy(), room(ANA)
    catch_up(copy, table)
    table.set(BUDI)
    pushes(table)  # lost
    table.set(Person(1, "Ana", Presence.GONE))
    (change,) = pushes(table)

    told = copy.receive_change(change.number, change.body)
    code, fields = answer(table, copy.question())

    assert told is None
    assert copy.is_missing(change.number)
    assert code is Code.OK  # the changes alone
    assert copy.receive_answer(code, fields)
    assert everybody(copy) == {2: BUDI}
    assert not copy.is_missing(change.number)


def test_who_missed_nothing_is_answered_with_nothing() -> None:
    copy, table = PeopleCopy(), room(ANA)
    catch_up(copy, table)

    code, fields = answer(table, copy.question())

    assert (code, fields["people"]) == (Code.OK, [])
    assert copy.receive_answer(code, fields)
    assert everybody(copy) == {1: ANA}


def test_who_missed_more_than_is_kept_gets_a_snapshot() -> None:
    copy, table = PeopleCopy(), room(ANA)
    catch_up(copy, table)
    for turn in range(KEPT_CHANGES + 1):
        table.set(Person(2, "Budi", Presence.AWAY if turn % 2 else Presence.HERE))
        pushes(table)

    code, _ = answer(table, copy.question())
    catch_up(copy, table)

    assert code is Code.SNAPSHOT
    assert everybody(copy) == {1: ANA, 2: Person(2, "Budi", Presence.HERE)}


def test_after_a_restart_of_the_server_everything_is_new() -> None:
    copy = PeopleCopy()
    catch_up(copy, room(ANA, BUDI, epoch=5))
    restarted = room(BUDI, epoch=6)

    catch_up(copy, restarted)

    assert everybody(copy) == {2: BUDI}


def test_a_change_of_another_run_of_the_server_is_not_applied() -> None:
    copy = PeopleCopy()
    catch_up(copy, room(ANA, epoch=5))

    assert copy.receive_change(2, BUDI.encode(6)) is None
    assert everybody(copy) == {1: ANA}


def test_many_people_come_in_pages() -> None:
    copy, table = PeopleCopy(), room(*crowd(2 * PAGE + 1))

    asked = catch_up(copy, table)

    assert asked == 3
    assert list(everybody(copy).values()) == crowd(2 * PAGE + 1)


def test_nobody_is_shown_before_the_last_page_is_here() -> None:
    copy, table = PeopleCopy(), room(*crowd(PAGE + 1))

    complete = ask(copy, table)

    assert not complete
    assert copy.all() == ()


def test_what_changes_while_the_pages_come_is_asked_for_afterwards() -> None:
    copy, table = PeopleCopy(), room(*crowd(PAGE + 1))
    ask(copy, table)
    table.set(Person(1, "Orang 1", Presence.GONE))
    (change,) = pushes(table)

    told = copy.receive_change(change.number, change.body)
    catch_up(copy, table)

    assert told is None
    assert list(everybody(copy)) == list(range(2, PAGE + 2))


def test_pages_of_two_runs_of_the_server_are_not_mixed() -> None:
    copy = PeopleCopy()
    ask(copy, room(*crowd(PAGE + 1), epoch=5))
    restarted = room(*crowd(PAGE + 5, first=300), epoch=6)

    catch_up(copy, restarted)

    assert list(everybody(copy).values()) == crowd(PAGE + 5, first=300)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "push", "lose", "ask", "restart"]),
        st.integers(1, 6),
        st.sampled_from(Presence),
    ),
    max_size=80,
)


@given(STEPS)
def test_whatever_gets_lost_the_copy_ends_up_as_the_table(
    steps: list[tuple[str, int, Presence]],
) -> None:
    copy, table, epoch = PeopleCopy(), Presences(1), 1
    model: dict[int, Person] = {}

    for verb, number, presence in steps:
        match verb:
            case "change":
                person = Person(number, f"Orang {number}", presence)
                table.set(person)
                model[number] = person
            case "push":
                for change in pushes(table):
                    copy.receive_change(change.number, change.body)
            case "lose":
                pushes(table)
            case "ask":
                catch_up(copy, table)
            case _:
                epoch += 1
                table, model = Presences(epoch), {}
    pushes(table)
    catch_up(copy, table)

    present = {key: one for key, one in model.items() if one.presence is not Presence.GONE}
    assert everybody(copy) == present


GOOD: Fields = {
    "epoch": "00" * 7 + "05",
    "version": 1,
    "people": [["00" * 7 + "01", "Ana", 1, False, 0]],
}


def test_layout_of_a_question_and_an_answer() -> None:
    copy = PeopleCopy()
    first = copy.question()

    copy.receive_answer(Code.SNAPSHOT, GOOD)

    assert first == {"epoch": "00" * 8, "after": 0, "start": "00" * 8}
    assert copy.question() == {"epoch": "00" * 7 + "05", "after": 1, "start": "00" * 8}
    assert copy.all() == (ANA,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", 5),
        ("version", "1"),
        ("people", {}),
        ("people", [None]),
        ("people", [[]]),
        ("people", [["00" * 8, "Ana", 1, False]]),
        ("people", [["01", "Ana", 1, False, 0]]),
        ("people", [["00" * 8, None, 1, False, 0]]),
        ("people", [["00" * 8, "x" * (MAX_NAME_BYTES + 1), 1, False, 0]]),
        ("people", [["00" * 8, "Ana", 9, False, 0]]),
        ("people", [["00" * 8, "Ana", True, False, 0]]),
        ("people", [["00" * 8, "Ana", 1, 0, 0]]),
        ("people", [["00" * 8, "Ana", 1, False, -1]]),
        ("people", [["00" * 8, "Ana", 1, False, 1.5]]),
        ("next", 7),
    ],
)
def test_an_answer_that_cannot_be_is_the_peers_fault_and_a_good_one_still_taken(
    field: str, value: Any
) -> None:
    copy = PeopleCopy()

    with pytest.raises(PeerError):
        copy.receive_answer(Code.SNAPSHOT, {**GOOD, field: value})

    assert copy.receive_answer(Code.SNAPSHOT, GOOD)
    assert copy.all() == (ANA,)


def test_changes_of_a_table_we_do_not_have_are_the_peers_fault() -> None:
    with pytest.raises(PeerError):
        PeopleCopy().receive_answer(Code.OK, GOOD)


def test_a_change_that_cannot_be_is_the_peers_fault() -> None:
    with pytest.raises(PeerError):
        PeopleCopy().receive_change(1, b"rubbish")


def test_people_whom_a_server_invents_do_not_fill_the_memory() -> None:
    copy = PeopleCopy()
    copy.receive_answer(Code.SNAPSHOT, GOOD)

    with pytest.raises(PeerError):
        for number in range(2, MAX_PEOPLE + 2):
            copy.receive_change(number, Person(number, "Eve", Presence.HERE).encode(5))

    assert len(copy.all()) == MAX_PEOPLE
    assert copy.is_known(MAX_PEOPLE)
    assert not copy.is_known(MAX_PEOPLE + 1)


def test_pages_without_end_are_given_up_and_the_next_snapshot_is_taken() -> None:
    copy = PeopleCopy()
    page: list[JsonValue] = [
        [f"{number:016x}", "Eve", 1, False, 0] for number in range(MAX_PEOPLE // 2 + 1)
    ]
    more: list[JsonValue] = [
        [f"{number:016x}", "Eve", 1, False, 0] for number in range(2**32, 2**32 + len(page))
    ]

    copy.receive_answer(Code.SNAPSHOT, {**GOOD, "people": page, "next": "00" * 7 + "01"})
    with pytest.raises(PeerError):
        copy.receive_answer(Code.SNAPSHOT, {**GOOD, "people": more, "next": "00" * 7 + "02"})

    assert copy.question()["start"] == "00" * 8
    assert copy.receive_answer(Code.SNAPSHOT, GOOD)
    assert copy.all() == (ANA,)
