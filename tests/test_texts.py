import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from texts import TEXTS, Texts, system_language

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in ROOT.glob("*.py") if not path.name.startswith("texts"))
KEY = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")


@cache
def strings() -> tuple[frozenset[str], frozenset[str]]:
    """All string literals of the programs, and what f-strings begin with."""
    literals, beginnings = set[str](), set[str]()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
    return frozenset(literals), frozenset(text for text in beginnings if "." in text)


def spoken_keys() -> list[tuple[str, str]]:
    """Module and key of each ``say("key")``."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if name in ("say", "_say", "_quiet") and isinstance(first, ast.Constant):
                found.append((path.name, str(first.value)))
    return found


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_a_sentence_stands_in_both_languages_with_the_same_fields(key: str) -> None:
    english, indonesian = TEXTS[key]

    assert english.strip()
    assert indonesian.strip()
    assert placeholders(english) == placeholders(indonesian)
    assert KEY.fullmatch(key)


def test_every_sentence_that_is_said_exists() -> None:
    missing = [(module, key) for module, key in spoken_keys() if key not in TEXTS]

    assert missing == []


def test_every_sentence_is_used() -> None:
    literals, beginnings = strings()

    unused = [
        key
        for key in TEXTS
        if key not in literals and not any(key.startswith(text) for text in beginnings)
    ]

    assert unused == []


def test_the_same_key_speaks_two_languages() -> None:
    assert Texts("en")("entered.accepted") == "Name accepted. You can send messages now."
    assert Texts("id")("entered.accepted") == "Nama diterima. Anda sudah bisa mengirim pesan."


def test_fields_are_filled_in_even_if_one_is_called_key() -> None:
    assert "7F3A" in Texts("id")("terminal.key_known", key="7F3A")


def test_an_unknown_language_is_english() -> None:
    assert Texts("fr").language == "en"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "id"}, "id"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "id_ID"}, "id"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "idealist"}, "en"),
        ({"LC_ALL": "Indonesian_Indonesia.1252"}, "id"),
    ],
)
def test_the_system_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert system_language(environment) == language


def test_a_system_that_says_nothing_gets_a_language_we_have() -> None:
    assert system_language({}) in ("en", "id")
