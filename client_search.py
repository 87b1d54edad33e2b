"""Searching in a window: when to ask, and how what was found is shown.

Band: cores. Pure: the window tells when the user has paused and what was answered.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from client_events import Answered, Found, Search
from client_model import ClientModel
from client_overview import conversation_name
from client_rows import short_when
from file_words import note_of
from protocol import Code
from texts import Texts

LEAST = 2  # letters, before it is looked for while still being written
_AROUND = 24  # characters shown before what was found
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of what was found: the text around it in three pieces."""

    conversation: int
    number: int
    place: str
    name: str
    time: str
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True)
class Results:
    """What is shown of a search. ``note``: how many there are, or why none."""

    note: str
    hits: tuple[Hit, ...] = ()


class Searching:
    """What is being looked for. Owned by the window."""

    def __init__(self) -> None:
        self.is_open = False
        self._words = ""
        self._asked = Search(0, "")  # the newest question; answers to older ones are no use
        self._answer: Answered | None = None

    def write(self, words: str) -> bool:
        """What stands in the box now; whether it is worth asking for after a pause."""
        self._words = words
        self.is_open = bool(words.strip())
        return len(words.strip()) >= LEAST and words.strip() != self._asked.words

    def question(self) -> Search | None:
        """After the pause, or when Enter was pressed; None: it was asked already."""
        words = self._words.strip()
        if not words or words == self._asked.words:
            return None
        self._asked, self._answer = Search(0, words), None
        return self._asked

    def take(self, question: Search, answered: Answered) -> None:
        """What was found."""
        if question == self._asked:
            self._answer = answered

    def close(self) -> None:
        """Nothing is looked for."""
        self.is_open = False
        self._words = ""
        self._asked, self._answer = Search(0, ""), None

    def results(
        self, model: ClientModel, today: date, say: Texts, refusal: str = ""
    ) -> Results | None:
        """None: the search is closed. ``refusal``: the sentence if the answer was none."""
        if not self.is_open:
            return None
        answer = self._answer
        if answer is None:
            is_short = len(self._words.strip()) < LEAST
            return Results(say("search.short" if is_short else "search.busy"))
        if answer.code is not Code.OK:
            return Results(refusal)
        found = answer.result if isinstance(answer.result, tuple) else ()
        hits = [one for one in found if isinstance(one, Found)]
        if not hits:
            return Results(say("search.none"))
        words = self._asked.words.split()
        note = say("search.one") if len(hits) == 1 else say("search.count", count=len(hits))
        return Results(note, tuple(_hit(one, words, model, today, say) for one in hits))

    @property
    def refused(self) -> Answered | None:
        """The answer, if it is why nothing was found."""
        answer = self._answer
        return answer if answer is not None and answer.code is not Code.OK else None

    @property
    def asked(self) -> Search:
        """The newest question."""
        return self._asked


def _hit(found: Found, words: Sequence[str], model: ClientModel, today: date, say: Texts) -> Hit:
    known = model.inbox.conversation(found.conversation)
    entry = found.entry
    note = note_of(entry)
    when = short_when(model.day_of(entry.sent_at), model.time_of(entry.sent_at), today, say)
    before, match, after = excerpt(entry.text if note is None else note.name, words)
    return Hit(
        found.conversation,
        found.number,
        conversation_name(known, say) if known else "",
        say("chat.you") if entry.person == model.me else entry.name,
        when,
        before,
        match,
        after,
    )


def excerpt(text: str, words: Sequence[str]) -> tuple[str, str, str]:
    """A piece of a text around the first of the words that begins one in it, on one line."""
    line = " ".join(text.split())
    plain = _plain(line)
    places = [
        (place, len(word)) for word in map(_plain, words) if (place := _find(plain, word)) >= 0
    ]
    if not places or len(plain) != len(line):
        return line[:_SHOWN], "", ""
    place, length = min(places)
    start = max(0, place - _AROUND)
    if start:
        start = line.find(" ", start, place) + 1 or start
    before = ("…" if start else "") + line[start:place]
    end = place + length
    return before, line[place:end], line[end : end + _SHOWN]


def _find(text: str, word: str) -> int:
    """Where a word of the text begins with another."""
    place = text.find(word)
    while place > 0 and text[place - 1].isalnum():
        place = text.find(word, place + 1)
    return place


def _plain(text: str) -> str:
    """Small letters without their marks, as the server compares them; one for each."""
    return "".join(_plain_letter(letter) for letter in text)


def _plain_letter(letter: str) -> str:
    bare = unicodedata.normalize("NFD", letter)[:1].casefold()
    return bare if len(bare) == 1 else letter
