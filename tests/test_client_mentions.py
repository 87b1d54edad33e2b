import pytest

from client_mentions import (
    SUGGESTED,
    Begun,
    begun_mention,
    is_mentioned,
    mention_spans,
    suggested_names,
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("@ana", [(0, 4)]),
        ("halo @ana!", [(5, 9)]),
        ("halo (@Ana) @ANA", [(6, 10), (12, 16)]),
        ("halo @anang", []),
        ("halo @ana_", []),
        ("tulis ke budi@ana.id", []),
        ("ana", []),
        ("@ ana", []),
        ("baris\n@ana", [(6, 10)]),
    ],
)
def test_a_name_after_an_at_sign_is_meant(text: str, spans: list[tuple[int, int]]) -> None:
    assert mention_spans(text, "ana") == spans
    assert is_mentioned(text, "ana") is bool(spans)


def test_a_name_with_a_space_is_meant_as_a_whole() -> None:
    assert mention_spans("@ana maria, @ana", "ana maria") == [(0, 10)]


def test_nobody_is_meant_without_a_name() -> None:
    assert not is_mentioned("halo @ semua", "")


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("@", Begun(0, "")),
        ("halo @an", Begun(5, "an")),
        ("@ana maria", Begun(0, "ana maria")),
        ("@ana @bu", Begun(5, "bu")),
        ("halo", None),
        ("budi@ana", None),
        ("@ ana", None),
        ("@ana\nbudi", None),
        ("@" + "a" * 60, None),
    ],
)
def test_what_is_being_written_after_an_at_sign(text: str, begun: Begun | None) -> None:
    assert begun_mention(text, len(text)) == begun


def test_only_what_stands_before_the_cursor_counts() -> None:
    assert begun_mention("@ana halo", 2) == Begun(0, "a")


def test_names_that_begin_so_come_first_then_those_of_whom_a_word_does() -> None:
    names = ["maria ana", "Andi", "ana", "budi"]

    assert list(suggested_names(Begun(0, "an"), names)) == ["ana", "Andi", "maria ana"]


def test_a_name_that_is_written_out_is_suggested_no_more() -> None:
    assert list(suggested_names(Begun(0, "Ana"), ["ana", "budi"])) == []
    assert list(suggested_names(Begun(0, "ana"), ["ana", "ana maria"])) == ["ana", "ana maria"]


def test_no_more_are_suggested_than_have_room() -> None:
    names = [f"tamu {number}" for number in range(50)]

    assert len(suggested_names(Begun(0, ""), names)) == SUGGESTED
