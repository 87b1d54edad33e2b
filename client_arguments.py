"""What follows the name of a typed command: words, names in quotes, and texts as they stand.

Band: cores. Pure. Our own instead of shlex: an apostrophe is a letter here ("jum'at"), a text is
not split, and a backslash means something in quotes alone.
"""

import json
import re

# The quoted one first: a word cannot begin with a quotation mark.
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s]\S*))(?=\s|$)', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')


def parse_words(typed: str, least: int, most: int) -> list[str]:
    """All words; one in quotes may hold spaces. Raises ValueError: an open quote, or the count."""
    words, place = [], 0
    end = len(typed.rstrip())
    while place < end:
        word, place = _take_word(typed, place)
        words.append(word)
    if not least <= len(words) <= most:
        raise ValueError("too few or too many words")
    return words


def parse_name(typed: str) -> str:
    """The only argument, or the last: it needs no quotes for its spaces. Raises ValueError."""
    typed = typed.strip()
    if typed.startswith('"') or not typed:
        return parse_words(typed, 1, 1)[0]
    return typed


def parse_name_and_text(typed: str) -> tuple[str, str]:
    """A word, and all that follows as it stands; if that is a JSON string, what it means.

    Raises ValueError.
    """
    name, place = _take_word(typed, 0)
    text = typed[place:].strip()
    if not text:
        raise ValueError("no text")
    meant = parse_json_string(text)
    return name, text if meant is None else meant


def parse_name_and_rest(typed: str) -> tuple[str, str]:
    """A word, and all that follows, to be read on. Raises ValueError."""
    name, place = _take_word(typed, 0)
    return name, typed[place:]


def parse_name_and_path(typed: str) -> tuple[str, str]:
    """A word, and a path, which needs no quotes for its spaces. Raises ValueError."""
    name, place = _take_word(typed, 0)
    return name, parse_name(typed[place:])


def parse_json_string(typed: str) -> str | None:
    """None: it is none."""
    if not typed.startswith('"'):
        return None
    try:
        meant = json.loads(typed)
    except (ValueError, RecursionError):
        return None
    return meant if isinstance(meant, str) else None


def quote(word: str) -> str:
    """As it must be typed to be read as one word."""
    if word and '"' not in word and not any(character.isspace() for character in word):
        return word
    return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _take_word(typed: str, place: int) -> tuple[str, int]:
    found = _WORD.match(typed, place)
    if found is None:
        raise ValueError("no word, or an open quote")
    quoted, plain = found[1], found[2]
    word = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
    return word, found.end()
