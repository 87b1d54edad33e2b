"""T1, T4: any text survives a cell, and no cell is taken for a formula; archives read back."""

import csv
import io
import os
import unicodedata
from pathlib import Path

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from conversation import Entry, EntryKind
from protocol import MAX_TEXT
from storage_archive_rows import (
    HEADER_LINE,
    ArchiveRow,
    ReadBack,
    defuse,
    format_time,
    parse,
    read_archive,
    render,
    row_fields,
    stamp,
    undefuse,
)

pytestmark = pytest.mark.uncounted

CELLS = load_vectors("csv_formula_cells")["cells"]
NAUGHTY = load_vectors("blns")
NOW = 1_800_000_000_000
FORMULA = set("=+-@\t\r")

tricky_texts = st.text(st.sampled_from("'=+-@\uff1d \t\r\n\"\0;|,a\ufeff\u2028") | st.characters())


def row(text: str, *, name: str = "Ana", number: int = 1) -> ArchiveRow:
    entry = Entry(bytes(8), EntryKind.TEXT, NOW + number, 7, name, text)
    return ArchiveRow(number, "room", number, entry)


def physical_lines(cell: str) -> list[str]:
    return io.StringIO(cell, newline="").readlines() + cell.splitlines()


def is_live(line: str) -> bool:
    visible = "".join(c for c in line if unicodedata.category(c) != "Cf").lstrip(" \0\u00a0")
    return unicodedata.normalize("NFKC", visible)[:1] in FORMULA and visible not in ("\r", "\r\n")


# --- T4: formulas ---


@pytest.mark.parametrize("text", CELLS)
def test_t4_a_cell_reads_back_as_the_text_and_holds_no_live_formula(text: str) -> None:
    cell = defuse(text)

    assert undefuse(cell) == text
    assert not any(is_live(line) for line in physical_lines(cell))
    assert cell[:1] not in FORMULA


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_a_formula_behind_another_separator_is_defused_too(separator: str) -> None:
    assert defuse(f"a{separator} =1+1") == f"a{separator}' =1+1"


@pytest.mark.parametrize("text", ["plain text", "a = b", "1-2", "ana@x.invalid", "'quoted'", "ya?"])
def test_what_no_spreadsheet_would_calculate_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text


@given(tricky_texts)
def test_undefuse_is_the_inverse_of_defuse(text: str) -> None:
    assert undefuse(defuse(text)) == text


@given(tricky_texts)
def test_no_line_of_a_cell_begins_like_a_formula(text: str) -> None:
    for line in physical_lines(defuse(text)):
        assert line.lstrip(' \0"')[:1] not in set("=+-@\uff1d"), line


# --- rows ---


def test_a_row_is_rfc_4180_in_utf_8() -> None:
    line = render([row_fields(row('kata "ya", lalu\npergi é', name="Ana"))])

    assert (
        line
        == ('2027-01-15T08:00:00.001Z,room,1,text,Ana,"kata ""ya"", lalu\npergi é"\r\n').encode()
    )
    assert HEADER_LINE == b"time,conversation,number,kind,name,text\r\n"


def test_times_are_utc_with_milliseconds() -> None:
    assert format_time(0) == "1970-01-01T00:00:00.000Z"
    assert format_time(1_795_241_743_123) == "2026-11-21T06:15:43.123Z"
    assert stamp(1_795_241_743_123) == "20261121T061543Z"


@pytest.mark.parametrize("texts", [CELLS, NAUGHTY], ids=["cells", "blns"])
def test_t1_any_texts_come_back_from_a_file_as_they_were(tmp_path: Path, texts: list[str]) -> None:
    rows = [row(text, number=number) for number, text in enumerate(texts, start=1)]
    path = tmp_path / "archive.csv"

    path.write_bytes(HEADER_LINE + render([row_fields(one) for one in rows]))

    assert [told.text for told in read_archive(path, NOW)] == texts
    with path.open(encoding="utf-8", newline="") as file:
        assert [fields["text"] for fields in csv.DictReader(file)] == [defuse(t) for t in texts]


@given(st.binary(max_size=400))
def test_any_file_can_be_parsed(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "archive.csv"
    path.write_bytes(content)

    assert all(any(fields) for fields in parse(path))


def test_a_field_beyond_all_measure_spoils_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    path.write_text(f"a,b\n{'x' * 200_000},y\nc,d\n", encoding="utf-8", newline="")

    assert [fields for fields in parse(path) if len(fields[0]) == 1] == [["a", "b"], ["c", "d"]]


# --- reading back ---


def test_an_archive_of_today_tells_times_kinds_names_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    joined = Entry(bytes(8), EntryKind.JOINED, NOW, 7, "Ana")
    said = Entry(bytes(8), EntryKind.TEXT, NOW + 5, 7, "Ana", "=halo")
    rows = [ArchiveRow(1, "room", 1, joined), ArchiveRow(2, "room", 2, said)]
    path.write_bytes(HEADER_LINE + render([row_fields(one) for one in rows]))

    assert list(read_archive(path, NOW)) == [
        ReadBack(NOW, EntryKind.JOINED, "Ana", ""),
        ReadBack(NOW + 5, EntryKind.TEXT, "Ana", "=halo"),
    ]


def test_what_is_odd_in_a_row_is_made_up_for(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    path.write_bytes(
        HEADER_LINE
        + b"2027-01-15T08:00:00.001,room,1,text,Ana,no zone\r\n"
        + b"yesterday,room,2,dance,Ana,no time\r\n"
        + b"2027-01-15T08:00:00.009Z,group:x,1,text,Ana,not the room\r\n"
        + b"1960-01-01T00:00:00Z,room,3,text,Ana,before all time\r\n"
        + b"2027-01-15T08:00:01.000Z,room,4,te"
    )

    told = list(read_archive(path, NOW))

    assert [one.text for one in told] == ["no zone", "no time", "before all time"]
    assert [one.sent_at for one in told] == [NOW + 1, NOW + 1, 0]
    assert {one.kind for one in told} == {EntryKind.TEXT}


@pytest.mark.parametrize("header", ["Room,User,Message", "Room,Username,Message"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_old_archive_of_three_columns_is_read(
    tmp_path: Path, header: str, line_end: str, mark: str
) -> None:
    path = tmp_path / "archive.csv"
    lines = [
        header,
        "kelas,ana,halo",
        "",
        'kelas,budi,"ya, ""betul"""',
        "kelas,ana,=1+1,lagi",
        "kel",
    ]
    path.write_bytes((mark + line_end.join(lines)).encode())
    os.utime(path, ns=(0, (NOW - 100) * 1_000_000))

    told = list(read_archive(path, NOW))

    assert [(one.name, one.text) for one in told] == [
        ("ana", "halo"),
        ("budi", 'ya, "betul"'),
        ("ana", "=1+1,lagi"),
    ]
    assert [one.sent_at for one in told] == [NOW - 102, NOW - 101, NOW - 100]


def test_zeros_that_a_power_cut_left_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    path.write_bytes(b"Room,User,Message\nkelas,ana,ha\0lo\n" + bytes(300) + b"\n" + bytes(20))

    assert [(one.name, one.text) for one in read_archive(path, NOW)] == [("ana", "halo")]


def test_an_old_archive_of_the_future_is_as_old_as_now(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    path.write_bytes(b"Room,User,Message\nkelas,ana,halo\n")
    os.utime(path, ns=(0, (NOW + 5_000_000) * 1_000_000))

    assert [one.sent_at for one in read_archive(path, NOW)] == [NOW]


def test_names_and_texts_too_long_for_an_entry_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "archive.csv"
    path.write_text(f"Room,User,Message\nkelas,{'a' * 99},{'é' * MAX_TEXT}\n", encoding="utf-8")

    (told,) = read_archive(path, NOW)

    assert told.name == "a" * 32
    assert told.text == "é" * (MAX_TEXT // 2)


@pytest.mark.parametrize("content", [b"", b"what,is,this\n1,2,3\n", HEADER_LINE, HEADER_LINE[:9]])
def test_a_file_in_no_known_form_or_without_rows_tells_nothing(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "archive.csv"
    path.write_bytes(content)

    assert list(read_archive(path, NOW)) == []
    assert list(read_archive(tmp_path / "none.csv", NOW)) == []
