"""Who is meant by an @ in a text, and whose name is being written after one.

Band: cores. Pure. A name may hold spaces and there are no quotes around it, so what follows an @
is compared with the names there are; big and small letters are one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auth import fold_name
from conversation import MAX_NAME, MAX_REALM

SUGGESTED = 6  # names at once
# It begins a word; in an address of mail it does not.
_AT = re.compile(r"""(?<![^\s(\[{<"'/,;:.!?*-])@""")


@dataclass(frozen=True, slots=True)
class Begun:
    """A mention being written: the text after ``start``, where its @ stands."""

    start: int
    typed: str


def mention_spans(text: str, name: str) -> list[tuple[int, int]]:
    """From where to where a text names somebody, each with its @."""
    spans = []
    for match in _AT.finditer(text):
        at = match.start()
        end = at + 1 + len(name)
        follows = text[end : end + 1]
        if fold_name(text[at + 1 : end]) == fold_name(name) and not _is_letter(follows):
            spans.append((at, end))
    return spans


def is_mentioned(text: str, name: str) -> bool:
    """Whether a text names somebody."""
    return bool(name) and "@" in text and bool(mention_spans(text, name))


def begun_mention(text: str, cursor: int) -> Begun | None:
    """What of a mention stands before the cursor."""
    least = max(0, cursor - MAX_NAME - MAX_REALM - 2)
    found = None
    for match in _AT.finditer(text, least, cursor):
        typed = text[match.end() : cursor]
        if "\n" not in typed and not typed.startswith(" "):
            found = Begun(match.start(), typed)
    return found


def suggested_names(begun: Begun, names: Iterable[str]) -> Sequence[str]:
    """Those who may be meant: first whose name begins so, then in whose name a word does."""
    typed = fold_name(begun.typed)
    first, then = [], []
    for name in names:
        folded = fold_name(name)
        if folded.startswith(typed):
            first.append(name)
        elif f" {typed}" in folded:
            then.append(name)
    found = sorted(first, key=fold_name) + sorted(then, key=fold_name)
    is_written = len(found) == 1 and fold_name(found[0]) == typed
    return [] if is_written else found[:SUGGESTED]


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
