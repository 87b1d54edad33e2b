from datetime import UTC

import pytest
from note_parts import note

from client_events import (
    Command,
    ConversationChanged,
    Entered,
    Found,
    MarkRead,
)
from client_lines import HELD_BACK, Page, Style, clean, entry_line, place_mark
from client_model import ClientModel
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind
from texts import Texts

SENT_AT = 1_763_713_969_000  # 08:32 UTC
GROUP, PRIVATE = ConversationKind.GROUP, ConversationKind.PRIVATE


class Paper:
    """A screen that keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def show(self, text: str, style: Style) -> None:
        self.shown.append(text)

    def ask(self, prompt: str, *, is_hidden: bool) -> None:
        raise AssertionError("a page asks nothing")


class Reader:
    """Ana before a page: in a group, and in private with Budi."""

    def __init__(self) -> None:
        self.paper = Paper()
        self.commands: list[Command] = []
        model = ClientModel(UTC)
        for event in (
            Entered(1, "ana", "Lab", b"k" * 32, False),
            ConversationChanged(ROOM, ConversationKind.ROOM, "", 0, 9, 5),
            ConversationChanged(5, GROUP, "Kelas 7B", 0, 9, 3),
            ConversationChanged(6, PRIVATE, "budi", 2, 9, 0),
        ):
            model.apply(event)
        self.page = Page(self.paper, model, model.inbox, Texts("en"), self.commands.append)


def found(conversation: int, number: int, text: str = "halo") -> Found:
    return Found(conversation, number, Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 2, "budi", text))


@pytest.mark.parametrize(
    ("conversation", "line"),
    [
        (ROOM, "08:32 budi: halo"),
        (5, "08:32 #Kelas 7B budi: halo"),
        (6, "08:32 @budi budi: halo"),
    ],
)
def test_a_line_says_where_it_was_said(conversation: int, line: str) -> None:
    reader = Reader()

    reader.page.show(found(conversation, 9))

    assert reader.paper.shown == [line]


def test_the_room_is_shown_as_it_is_and_elsewhere_only_what_was_not_read() -> None:
    reader = Reader()

    for conversation in (ROOM, 5, 77):
        for number in (3, 4):
            reader.page.show(found(conversation, number, f"{conversation}/{number}"))

    assert [line.split()[-1] for line in reader.paper.shown] == ["1/3", "1/4", "5/4"]


def test_what_was_shown_is_marked_once_it_was_seen() -> None:
    reader = Reader()
    for number in (7, 8, 9):
        reader.page.show(found(5, number))
    reader.page.show(found(ROOM, 4))
    assert reader.commands == []

    reader.page.mark_seen()
    reader.page.mark_seen()

    assert reader.commands == [MarkRead(5, 9)]


def test_what_is_held_back_is_shown_later_but_no_more_than_fits() -> None:
    reader = Reader()
    for number in range(1, HELD_BACK + 3):
        reader.page.hold_back(found(ROOM, number, str(number)))
    assert reader.paper.shown == []

    reader.page.show_held_back()
    reader.page.show_held_back()

    assert len(reader.paper.shown) == HELD_BACK
    assert reader.paper.shown[0].endswith(" 3")


def test_a_list_of_entries_has_days_and_marks_nothing() -> None:
    reader = Reader()

    reader.page.show_list([found(5, 1), found(77, 1)])
    reader.page.mark_seen()

    assert reader.paper.shown == [
        "2025-11-21 08:32 #Kelas 7B budi: halo",
        "2025-11-21 08:32 budi: halo",
    ]
    assert reader.commands == []


@pytest.mark.parametrize(
    ("kind", "text", "line", "style"),
    [
        (EntryKind.TEXT, "satu\ndua", "08:32 #x budi: satu\n      dua", Style.MESSAGE),
        (EntryKind.FILE, note().encode(), "08:32 #x budi: foto.png · 1.2 MB", Style.MESSAGE),
        (EntryKind.NOTICE, "besok libur", "08:32 #x besok libur", Style.MESSAGE),
        (EntryKind.JOINED, "", "#x budi joined", Style.QUIET),
        (EntryKind.LEFT, "", "#x budi left", Style.QUIET),
        (EntryKind.RENAMED, "tono", "#x budi is tono now", Style.QUIET),
    ],
)
def test_each_kind_of_entry_has_its_line(
    kind: EntryKind, text: str, line: str, style: Style
) -> None:
    entry = Entry(NO_TAG, kind, SENT_AT, 2, "budi", text)

    assert entry_line(entry, "#x", "08:32", False, Texts("en")) == (line, style)


def test_ones_own_lines_look_different() -> None:
    entry = Entry(NO_TAG, EntryKind.TEXT, SENT_AT, 1, "ana", "halo")

    assert entry_line(entry, "", "08:32", True, Texts("en")) == ("08:32 ana: halo", Style.OWN)


def test_no_place_has_no_mark() -> None:
    assert place_mark(None) == ""


def test_what_peers_write_cannot_command_a_terminal() -> None:
    assert clean("\x1b[2J\x9b1mrm\u202e\x00\ttab\u2028x") == (
        "\ufffd[2J\ufffd1mrm\ufffd\ufffd\ufffdtab\ufffdx"
    )
    assert clean("é\n日 👩\u200d💻") == "é\n日 👩\u200d💻"
