"""Names that are safe to save under, on every system, whatever somebody sent."""

import re
import unicodedata

import pytest
from conftest import load_vectors
from hypothesis import example, given
from hypothesis import strategies as st

from file_names import MOST_BYTES, numbered, safe_file_name

HOSTILE = load_vectors("hostile_file_names")["names"]
DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\.|$)", re.I)


def assert_safe(name: str) -> None:
    """A plain file on Windows and POSIX, all of whose name one sees."""
    assert 0 < len(name.encode()) <= MOST_BYTES
    assert not set(name) & set('/\\<>:"|?*')
    assert name.isprintable()
    assert not name.startswith((".", " ", "-"))
    assert not name.endswith((".", " "))
    assert "  " not in name
    assert not DEVICES.match(name)
    assert {unicodedata.category(one) for one in name} & {"Cc", "Cf", "Cs", "Co", "Cn"} == set()


@pytest.mark.parametrize("entry", HOSTILE, ids=range(len(HOSTILE)))
def test_what_somebody_invented_to_do_harm_is_safe(entry: dict[str, str]) -> None:
    saved = safe_file_name(entry["name"])

    assert_safe(saved)
    if "plain" in entry["why"]:
        assert saved == entry["name"]


@given(st.text())
@example("CON" + " ." * 200 + "x")
@example("a" * 250 + ".lnkx" + "y" * 40)
@example("a" * 247 + ".lnk" + "y" * 60)
def test_any_name_becomes_safe_and_then_stays(name: str) -> None:
    saved = safe_file_name(name)

    assert_safe(saved)
    assert safe_file_name(saved) == saved


@given(st.text(st.sampled_from("aé😀. -_/\\:CONul.lnk"), max_size=400), st.integers(1, 9_999))
@example("a .png", 2)
def test_a_numbered_name_is_as_safe(name: str, count: int) -> None:
    saved = numbered(safe_file_name(name), count)

    assert_safe(saved)
    assert count == 1 or f" ({count})" in saved


@pytest.mark.parametrize(
    ("sent", "saved"),
    [
        ("../../etc/passwd", "passwd"),
        (r"..\..\Windows\win.ini", "win.ini"),
        ("C:x", "C_x"),
        ("%2e%2e%2fx", "%2e%2e%2fx"),
        ("", "file"),
        ("...", "file"),
        ("folder/", "file"),
        ("a\nb.txt", "a_b.txt"),
        (".bashrc", "bashrc"),
        ("-rf", "_-rf"),
        ("con.txt", "_con.txt"),
        ("COM¹", "_COM¹"),
        ("x.txt:evil.exe", "x.txt_evil.exe"),
        ("evil.exe ", "evil.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("photo.jpg" + " " * 80 + ".exe", "photo.jpg .exe"),
        ("photo.jpg" + "\u3164" * 80 + ".exe", "photo.jpg .exe"),
        ("desktop.ini", "desktop.ini_"),
        ("x.LNK", "x.LNK_"),
        ("\ud800.txt", "_.txt"),
        ("cafe\u0301.txt", "cafe\u0301.txt"),
        ("照片 1.png", "照片 1.png"),
    ],
)
def test_it_stays_as_much_as_it_can_what_it_was(sent: str, saved: str) -> None:
    assert safe_file_name(sent) == saved


def test_what_is_too_long_keeps_its_ending() -> None:
    assert safe_file_name("é" * 300 + ".pdf") == "é" * 125 + ".pdf"
    assert safe_file_name("a" * 300) == "a" * 255
    assert safe_file_name("a." + "b" * 300) == "a." + "b" * 253
    assert numbered("a" * 255, 2) == "a" * 251 + " (2)"
    assert numbered("Laporan.pdf", 12) == "Laporan (12).pdf"
