from datetime import date

import pytest
from client_rooms import ANA, DAY, ME, NOON, SAY, Room, entry
from note_parts import note

from client_events import Answered, Found, Search
from client_search import Hit, Results, Searching, excerpt
from conversation import ROOM, ConversationKind, EntryKind
from protocol import Code

TODAY = date(2025, 11, 21)
BAGAN = 10


def searching(words: str) -> tuple[Searching, Search]:
    """Somebody wrote this and pressed Enter."""
    search = Searching()
    search.write(words)
    question = search.question()
    assert question is not None
    return search, question


def results(search: Searching, refusal: str = "") -> Results | None:
    room = Room()
    room.tell(BAGAN, ConversationKind.GROUP, "bagan")
    return search.results(room.model, TODAY, SAY, refusal)


# --- when to ask ---


def test_nothing_is_shown_before_something_is_written() -> None:
    search = Searching()

    assert not search.write("  ")
    assert search.question() is None
    assert results(search) is None


def test_a_single_letter_is_asked_for_only_on_demand() -> None:
    search = Searching()

    assert not search.write("a")
    assert results(search) == Results("Type two letters or more.")
    assert search.question() == Search(0, "a")


def test_what_is_being_looked_for_is_not_asked_for_twice() -> None:
    search, question = searching(" laporan ")

    assert question == Search(0, "laporan")
    assert not search.write("laporan")
    assert search.question() is None
    assert results(search) == Results("Searching …")


def test_an_answer_to_an_older_question_is_no_use() -> None:
    search, old = searching("lap")
    search.write("laporan")
    search.question()

    search.take(old, Answered(1, Code.OK, ()))

    assert results(search) == Results("Searching …")


def test_a_closed_search_forgets_what_it_found() -> None:
    search, question = searching("laporan")
    search.take(question, Answered(1, Code.OK, ()))

    search.close()

    assert results(search) is None
    assert search.write("laporan")


# --- what was found ---


def test_what_was_found_says_where_who_when_and_what() -> None:
    search, question = searching("bab")
    found = (
        Found(ROOM, 7, entry(ANA, "laporan bab 3")),
        Found(BAGAN, 2, entry(ME, "bab dua", at=NOON - DAY)),
        Found(99, 1, entry(ANA, "bab", at=NOON - 30 * DAY)),
    )

    search.take(question, Answered(1, Code.OK, found))

    assert results(search) == Results(
        "3 messages, newest first",
        (
            Hit(ROOM, 7, "Everyone", "ana", "12:00", "laporan ", "bab", " 3"),
            Hit(BAGAN, 2, "bagan", "You", "Thu", "", "bab", " dua"),
            Hit(99, 1, "", "ana", "22 Oct", "", "bab", ""),
        ),
    )


def test_a_file_that_was_found_is_shown_by_its_name() -> None:
    search, question = searching("foto")
    hit = Found(ROOM, 7, entry(ANA, note().encode(), kind=EntryKind.FILE))

    search.take(question, Answered(1, Code.OK, (hit,)))

    found = results(search)
    assert found is not None
    assert (found.hits[0].match, found.hits[0].after) == ("foto", ".png")


def test_one_message_is_one_message() -> None:
    search, question = searching("bab")

    search.take(question, Answered(1, Code.OK, (Found(ROOM, 7, entry(ANA, "bab")),)))

    found = results(search)
    assert found is not None
    assert found.note == "1 message"


@pytest.mark.parametrize("result", [(), None])
def test_nothing_found_is_said(result: tuple[Found, ...] | None) -> None:
    search, question = searching("bab")

    search.take(question, Answered(1, Code.OK, result))

    assert results(search) == Results("Nothing was found.")
    assert search.refused is None


def test_a_refusal_is_told_in_its_own_words() -> None:
    search, question = searching("bab")

    search.take(question, Answered(1, Code.BAD_REQUEST))

    assert search.refused == Answered(1, Code.BAD_REQUEST)
    assert search.asked == question
    assert results(search, "Search for words.") == Results("Search for words.")


# --- the text around it ---


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("laporan bab 3", ["bab"], ("laporan ", "bab", " 3")),
        ("LAPORAN Bab 3", ["bab"], ("LAPORAN ", "Bab", " 3")),
        ("kafé ramai", ["kafe"], ("", "kafé", " ramai")),
        ("sebab bab", ["bab"], ("sebab ", "bab", "")),
        ("satu\n dua", ["dua", "satu"], ("", "satu", " dua")),
        ("tidak ada", ["bab"], ("tidak ada", "", "")),
        ("İstanbul bab", ["bab"], ("İstanbul ", "bab", "")),
    ],
)
def test_the_first_word_that_begins_so_is_marked(
    text: str, words: list[str], pieces: tuple[str, str, str]
) -> None:
    assert excerpt(text, words) == pieces


def test_of_a_long_text_a_piece_around_it_is_shown() -> None:
    text = "kata " * 100 + "laporan " + "lagi " * 100

    before, match, after = excerpt(text, ["laporan"])

    assert before == "…kata kata kata kata "
    assert match == "laporan"
    assert len(after) < 200


def test_a_long_word_before_it_is_cut() -> None:
    before, match, _ = excerpt("x" * 50 + ",laporan", ["laporan"])

    assert (before, match) == ("…" + "x" * 23 + ",", "laporan")


def test_a_letter_that_falls_into_two_stays_one() -> None:
    assert excerpt("straße bab", ["bab"]) == ("straße ", "bab", "")
