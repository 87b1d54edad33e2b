"""Why something did not arrive in another realm, in words."""

import pytest

from conversation import NO_TAG, Entry, EntryKind, RefusalNote
from file_words import entry_text
from protocol import Code
from realm_words import refusal_in
from texts import Texts

EN, ID = Texts("en"), Texts("id")


def notice(text: str) -> Entry:
    return Entry(NO_TAG, EntryKind.NOTICE, 0, 2, "ana", text)


@pytest.mark.parametrize(
    ("code", "english", "indonesian"),
    [
        (30, "“halo” was not delivered: there is no such user there.", "User tidak ada di sana."),
        (31, "there is no such group there.", "“halo” tidak sampai: Group tidak ditemukan"),
        (20, "ana is not a member there.", "ana bukan member di sana."),
        (15, "the operator there keeps ana out.", "operator di sana melarang ana masuk."),
        (16, "the operator there has muted ana.", "operator di sana membisukan ana."),
        (17, "no more is taken there", "tidak ada tempat lagi"),
        (54, "that realm passes nothing on.", "tidak meneruskan apa pun"),
        (40, "this file is too large for that realm.", "terlalu besar untuk realm itu"),
        (23, "it was not taken there (TEXT_INVALID).", "tidak diterima di sana (TEXT_INVALID)."),
    ],
)
def test_a_notice_of_a_refusal_says_what_and_why(code: int, english: str, indonesian: str) -> None:
    refused = notice(f"undelivered {code} halo")

    assert english in entry_text(refused, EN)
    assert indonesian in entry_text(refused, ID)


def test_one_that_does_not_say_what_says_whose() -> None:
    assert entry_text(notice("undelivered 30"), EN) == (
        "A message of ana was not delivered: there is no such user there."
    )


def test_other_entries_are_no_refusals() -> None:
    refused = notice("undelivered 30 halo")

    assert refusal_in(refused) == RefusalNote(Code.NO_SUCH_USER, "halo")
    assert refusal_in(refused._replace(kind=EntryKind.TEXT)) is None
    assert refusal_in(notice("besok libur")) is None
    assert entry_text(notice("besok libur"), EN) == "besok libur"
