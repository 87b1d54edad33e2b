import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_arguments import (
    parse_json_string,
    parse_name,
    parse_name_and_path,
    parse_name_and_text,
    parse_words,
    quote,
)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", []),
        ("  ", []),
        ("ana rahasia", ["ana", "rahasia"]),
        ("  ana \t rahasia  ", ["ana", "rahasia"]),
        ('"Ibu Sari" x', ["Ibu Sari", "x"]),
        ('""', [""]),
        (r'"a\"b" "c\\d"', ['a"b', r"c\d"]),
        (r'"a\nb" a\"b', [r"a\nb", r"a\"b"]),
        ("jum'at d'Artagnan", ["jum'at", "d'Artagnan"]),
        ('5"6', ['5"6']),
    ],
)
def test_words_are_split_at_spaces_unless_quoted(typed: str, words: list[str]) -> None:
    assert parse_words(typed, 0, 9) == words


@pytest.mark.parametrize("typed", ['"ana', '"a"b', 'x "', '"a\\', "a", "a b c d"])
def test_an_open_quote_or_another_number_of_words_is_an_error(typed: str) -> None:
    with pytest.raises(ValueError, match="word"):
        parse_words(typed, 2, 3)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("kelas 7B", "kelas 7B"), (' "kelas 7B" ', "kelas 7B"), ("jum'at", "jum'at"), ("x", "x")],
)
def test_a_name_alone_needs_no_quotes(typed: str, name: str) -> None:
    assert parse_name(typed) == name


@pytest.mark.parametrize("typed", ["", " ", '"a" b', '"a'])
def test_a_name_must_be_there_and_alone(typed: str) -> None:
    with pytest.raises(ValueError, match="word"):
        parse_name(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("budi halo", ("budi", "halo")),
        ("budi  jum'at   libur ", ("budi", "jum'at   libur")),
        ('"Ibu Sari" selamat pagi', ("Ibu Sari", "selamat pagi")),
        ('budi kata "dia" begitu', ("budi", 'kata "dia" begitu')),
        ('budi "dia" bilang', ("budi", '"dia" bilang')),
        (r'budi "satu\ndua"', ("budi", "satu\ndua")),
        ("budi satu\ndua", ("budi", "satu\ndua")),
    ],
)
def test_a_text_is_what_follows_as_it_stands_or_one_json_string(
    typed: str, meant: tuple[str, str]
) -> None:
    assert parse_name_and_text(typed) == meant


@pytest.mark.parametrize("typed", ["", "budi", "budi  ", '"Ibu Sari', '"Ibu Sari"'])
def test_a_text_and_its_receiver_must_both_be_there(typed: str) -> None:
    with pytest.raises(ValueError, match=r"text|word"):
        parse_name_and_text(typed)


@pytest.mark.parametrize("typed", ["halo", '"halo', '"a" "b"', '"\\x"', "[1]", "1"])
def test_what_is_no_json_string_means_nothing_else(typed: str) -> None:
    assert parse_json_string(typed) is None


@given(st.lists(st.text(), max_size=5))
def test_what_is_quoted_is_read_back(words: list[str]) -> None:
    line = " ".join(quote(word) for word in words)

    assert parse_words(line, len(words), len(words)) == words


@given(st.text())
def test_anything_typed_has_words_or_a_wrong_form(typed: str) -> None:
    try:
        words = parse_words(typed, 0, 100_000)
    except ValueError:
        assert '"' in typed
    else:
        assert all(isinstance(word, str) for word in words)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("budi foto.png", ("budi", "foto.png")),
        ("budi  ~/Foto Kelas/satu.png ", ("budi", "~/Foto Kelas/satu.png")),
        ('"Ibu Sari" "~/Foto Kelas/satu.png"', ("Ibu Sari", "~/Foto Kelas/satu.png")),
        (r"budi C:\Users\ana\foto.png", ("budi", r"C:\Users\ana\foto.png")),
        (r'budi "C:\Foto Kelas\satu.png"', ("budi", r"C:\Foto Kelas\satu.png")),
    ],
)
def test_a_path_that_comes_last_needs_no_quotes(typed: str, meant: tuple[str, str]) -> None:
    assert parse_name_and_path(typed) == meant


@pytest.mark.parametrize("typed", ["", "budi", "budi  ", 'budi "a" b', 'budi "a', '"Ibu Sari"'])
def test_a_path_and_its_receiver_must_both_be_there(typed: str) -> None:
    with pytest.raises(ValueError, match="word"):
        parse_name_and_path(typed)
