from hypothesis import given
from hypothesis import strategies as st

from deadlines import Deadlines

KEYS = st.sampled_from("abcd")
TIMES = st.integers(0, 20).map(float)
CHANGES = st.one_of(
    st.tuples(st.just("set"), KEYS, TIMES),
    st.tuples(st.just("set_earliest"), KEYS, TIMES),
    st.tuples(st.just("cancel"), KEYS, TIMES),
    st.tuples(st.just("next"), KEYS, TIMES),
    st.tuples(st.just("take_due"), KEYS, TIMES),
)


def change(model: dict[str, float], verb: str, key: str, time: float) -> list[str]:
    """The same with a plain dictionary; the keys that were due."""
    match verb:
        case "set":
            model[key] = time
        case "set_earliest":
            model[key] = min(time, model.get(key, time))
        case "cancel":
            model.pop(key, None)
        case "take_due":
            due = sorted((when, key) for key, when in model.items() if when <= time)
            for _, one in due:
                del model[one]
            return [one for _, one in due]
        case _:  # asking changes nothing
            pass
    return []


@given(st.lists(CHANGES, max_size=60))
def test_deadlines_agree_with_a_plain_dictionary(changes: list[tuple[str, str, float]]) -> None:
    deadlines, model = Deadlines[str](), dict[str, float]()

    for verb, key, time in changes:
        before = dict(model)
        expected = change(model, verb, key, time)
        match verb:
            case "set":
                deadlines.set(key, time)
            case "set_earliest":
                deadlines.set_earliest(key, time)
            case "cancel":
                deadlines.cancel(key)
            case "take_due":
                taken = deadlines.take_due(time)
                assert sorted(taken) == sorted(expected)
                assert [before[one] for one in taken] == sorted(before[one] for one in taken)
            case _:
                assert deadlines.next() == min(model.values(), default=None)
        assert len(deadlines) == len(model)
        assert all(deadlines.get(key) == model.get(key) for key in "abcd")

    assert deadlines.next() == min(model.values(), default=None)


def test_keys_come_earliest_first_and_once() -> None:
    deadlines = Deadlines[str]()
    deadlines.set("late", 3.0)
    deadlines.set("early", 1.0)
    deadlines.set("later", 9.0)

    first, again = deadlines.take_due(3.0), deadlines.take_due(3.0)

    assert (first, again) == (["early", "late"], [])
    assert deadlines.next() == 9.0


def test_a_deadline_moved_later_is_not_due_at_its_old_time() -> None:
    deadlines = Deadlines[str]()
    deadlines.set("one", 1.0)

    deadlines.set("one", 5.0)

    assert deadlines.take_due(4.9) == []
    assert deadlines.take_due(5.0) == ["one"]


def test_a_deadline_moved_earlier_comes_once() -> None:
    deadlines = Deadlines[str]()
    deadlines.set("one", 5.0)

    deadlines.set("one", 3.0)

    assert deadlines.take_due(3.0) == ["one"]
    assert deadlines.next() is None


def test_a_cancelled_deadline_never_comes() -> None:
    deadlines = Deadlines[str]()
    deadlines.set("one", 5.0)

    deadlines.cancel("one")
    deadlines.cancel("unknown")

    assert deadlines.next() is None
    assert deadlines.take_due(9.0) == []


def test_the_earliest_of_two_wishes_counts() -> None:
    deadlines = Deadlines[str]()

    deadlines.set_earliest("one", 5.0)
    deadlines.set_earliest("one", 7.0)
    deadlines.set_earliest("one", 3.0)

    assert deadlines.get("one") == 3.0


def test_keys_need_not_be_comparable() -> None:
    deadlines = Deadlines[complex]()

    deadlines.set(1j, 1.0)
    deadlines.set(2j, 1.0)

    assert deadlines.take_due(1.0) == [1j, 2j]
