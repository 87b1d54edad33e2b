"""The links to other realms in the server's window, in the real window; see
test_server_window.py."""

import tkinter as tk
from collections.abc import Iterator
from dataclasses import replace

import pytest
from server_scenes import (
    REALMS,
    SPACE,
    Stage,
    at,
    open_stage,
    run_for_five_minutes,
    words_of,
)

from protocol import Code
from server_events import (
    AddRealm,
    CutRealm,
    DropRealm,
    Happened,
    HappeningKind,
    LetPeopleLink,
    OperatorAnswered,
    RealmsListed,
    RestoreRealm,
    SpaceReported,
    Stopped,
)
from server_realm_dialogs import AddRealmDialog, DropRealmDialog, RealmsDialog
from server_realm_model import RealmField
from settings import WhoMayLink

pytestmark = pytest.mark.tk


@pytest.fixture
def busy() -> Iterator[Stage]:
    """A window whose server has run for five minutes."""
    stage = open_stage()
    run_for_five_minutes(stage)
    stage.listings.clear()
    yield stage
    stage.window.destroy()


def opened(busy: Stage, listed: RealmsListed = REALMS) -> RealmsDialog:
    busy.window.realms_line.link.press()
    busy.tell(listed)
    dialog = busy.window.realms
    assert dialog is not None
    return dialog


def adding(dialog: RealmsDialog) -> AddRealmDialog:
    dialog.add.press()
    assert isinstance(dialog.asking, AddRealmDialog)
    return dialog.asking


def is_ticked(dialog: RealmsDialog) -> bool:
    return dialog.who.is_ticked


def question_of(dialog: RealmsDialog) -> AddRealmDialog | DropRealmDialog | None:
    return dialog.asking


def fill(asking: AddRealmDialog, address: str, port: str, password: str, name: str) -> None:
    values = {
        RealmField.ADDRESS: address,
        RealmField.PORT: port,
        RealmField.PASSWORD: password,
        RealmField.NAME: name,
    }
    for which, value in values.items():
        asking.field(which).value = value


def press(widget: tk.Misc, *keys: str) -> None:
    for key in keys:
        widget.focus_force()
        widget.event_generate(key)


def invoke(menu: tk.Menu, label: str) -> None:
    places = range((menu.index("end") or 0) + 1)
    menu.invoke(next(n for n in places if menu.entrycget(n, "label") == label))


# --- looking ---


def test_the_window_counts_realms_while_the_server_runs(busy: Stage) -> None:
    line = busy.window.realms_line
    assert "2 of 5 linked" in words_of(line)

    busy.tell(RealmsListed(()))
    assert "Add …" in words_of(line)

    busy.tell(Stopped())
    assert not line.winfo_ismapped()


def test_the_list_is_asked_for_each_second_while_it_is_open(busy: Stage) -> None:
    busy.tell(SpaceReported(SPACE))
    assert len(busy.listings) == 0

    dialog = opened(busy)
    busy.tell(SpaceReported(SPACE))
    assert len(busy.listings) == 2

    press(dialog, "<Escape>")
    busy.tell(SpaceReported(SPACE))
    assert busy.window.realms is None
    assert len(busy.listings) == 2


def test_whatever_happens_with_a_realm_is_looked_at(busy: Stage) -> None:
    busy.tell(Happened(HappeningKind.JOINED, at(14, 34), "ana"))
    assert busy.listings == []

    busy.tell(Happened(HappeningKind.REALM_LOST, at(14, 34), "kampus-b"))
    assert len(busy.listings) == 1


def test_links_are_listed_as_they_stand(busy: Stage) -> None:
    words = words_of(opened(busy))

    assert "kampus-b" in words
    assert "24 ms · 0.3 % lost" in words
    assert "away since 13:41 · added by henderson" in words
    assert "12 messages wait for it" in words
    assert "refuses our password" in words
    assert "Everybody in this room may add realms" in words


def test_without_a_link_it_is_said_what_realms_are(busy: Stage) -> None:
    dialog = opened(busy, RealmsListed(()))
    assert "A realm is another Ruang server" in words_of(dialog)

    busy.tell(REALMS)

    assert "A realm is another" not in words_of(dialog)


def test_links_that_are_switched_off_cannot_be_added(busy: Stage) -> None:
    dialog = opened(busy, RealmsListed((), WhoMayLink.OFF))
    dialog.add.press()
    assert question_of(dialog) is None
    assert "--realms off" in words_of(dialog)
    assert not dialog.who.winfo_ismapped()

    busy.tell(Stopped())
    assert "Shown while the server runs." in words_of(dialog)


def test_the_operator_says_whether_people_may_add_realms(busy: Stage) -> None:
    dialog = opened(busy)
    assert is_ticked(dialog)

    dialog.who.press()
    assert busy.submitted == [LetPeopleLink(WhoMayLink.OPERATOR)]
    busy.tell(replace(REALMS, who=WhoMayLink.OPERATOR))
    assert not is_ticked(dialog)

    dialog.who.press()
    assert busy.submitted[1:] == [LetPeopleLink(WhoMayLink.USERS)]


# --- adding ---


def test_a_realm_is_added_once_its_server_has_answered(busy: Stage) -> None:
    dialog = opened(busy)
    asking = adding(dialog)
    busy.settle()
    fill(asking, "10.4.0.9", "9000", "rahasia", "kampus-c")
    press(asking.field(RealmField.NAME).entry, "<Return>", "<Return>")

    wish = AddRealm("kampus-c", "10.4.0.9", 9000, "rahasia")
    assert busy.submitted == [wish]
    assert question_of(dialog) is asking

    busy.tell(OperatorAnswered(wish, Code.OK, about="kampus-c"))
    assert question_of(dialog) is None
    assert dialog.winfo_exists()


def test_what_is_wrong_stands_beside_its_field(busy: Stage) -> None:
    asking = adding(opened(busy))
    fill(asking, "kampus", "x", "", "")
    asking.add()
    busy.settle()

    assert busy.submitted == []
    assert "An IP address is needed" in words_of(asking.field(RealmField.ADDRESS))
    assert "The port is a number" in words_of(asking.field(RealmField.PORT))


def test_what_the_other_server_says_stands_beside_its_field(busy: Stage) -> None:
    asking = adding(opened(busy))
    fill(asking, "10.4.0.9", "8083", "salah", "")
    asking.add()
    busy.tell(OperatorAnswered(AddRealm("", "10.4.0.9", 8083, "salah"), Code.WRONG_PASSWORD))

    assert "not the password" in words_of(asking.field(RealmField.PASSWORD))
    fill(asking, "10.4.0.9", "8083", "benar", "")
    asking.add()
    busy.settle()
    assert busy.submitted[-1] == AddRealm("", "10.4.0.9", 8083, "benar")
    assert "not the password" not in words_of(asking)


def test_an_answer_to_something_else_is_none(busy: Stage) -> None:
    dialog = opened(busy)
    busy.tell(OperatorAnswered(CutRealm("kampus-b"), Code.OK))
    asking = adding(dialog)

    busy.tell(OperatorAnswered(AddRealm("lain", "10.4.0.9", 8083), Code.OK))

    assert question_of(dialog) is asking


# --- cutting and removing ---


def test_a_link_is_cut_and_restored_from_its_menu(busy: Stage) -> None:
    dialog = opened(busy)
    kampus, *_, warnet = busy.window.realms_model.lines

    invoke(dialog.menu_for(kampus), "Cut off (can be undone)")
    invoke(dialog.menu_for(warnet), "Link again")

    assert busy.submitted == [CutRealm("kampus-b"), RestoreRealm("warnet")]


def test_a_realm_is_removed_once_it_was_said_what_that_means(busy: Stage) -> None:
    dialog = opened(busy)
    invoke(dialog.menu_for(busy.window.realms_model.lines[0]), "Remove …")
    busy.settle()
    question = dialog.asking
    assert isinstance(question, DropRealmDialog)
    assert "Remove realm kampus-b?" in words_of(question)
    assert "can no longer write to each other" in words_of(question)
    assert busy.submitted == []

    question.drop()

    assert busy.submitted == [DropRealm("kampus-b")]
    assert question_of(dialog) is None


def test_whoever_thinks_again_is_back_in_the_list(busy: Stage) -> None:
    dialog = opened(busy)
    dialog.ask_to_drop(busy.window.realms_model.lines[0])
    busy.settle()
    assert dialog.asking is not None

    press(dialog.asking, "<Escape>")
    busy.settle()

    assert question_of(dialog) is None
    assert busy.submitted == []
    assert dialog.grab_status() == "local"


def menus(dialog: RealmsDialog) -> list[tk.Menu]:
    """Those that are open."""
    parts = dialog.winfo_children()
    return [part for part in parts if isinstance(part, tk.Menu) and part.winfo_ismapped()]


@pytest.mark.parametrize("by", ["keys", "mouse"])
def test_a_line_has_a_menu(busy: Stage, by: str) -> None:
    dialog = opened(busy)
    canvas = dialog.list.canvas

    if by == "keys":
        press(canvas, "<Down>", "<Down>", "<Return>")
    else:
        canvas.event_generate("<Button-3>", x=40, y=70, rootx=440, rooty=370)
    busy.settle()

    (menu,) = menus(dialog)
    assert canvas.winfo_rooty() < menu.winfo_rooty() < canvas.winfo_rooty() + canvas.winfo_height()
    menu.unpost()


def test_a_list_that_changes_under_the_pointer_opens_no_menu(busy: Stage) -> None:
    dialog = opened(busy)
    press(dialog.list.canvas, "<Up>")
    busy.tell(replace(REALMS, realms=()))

    press(dialog.list.canvas, "<Return>")
    busy.settle()

    assert menus(dialog) == []
