"""The dialog that gives a one-time password, in the real window; see test_server_window.py."""

import tkinter as tk
from collections.abc import Iterator
from dataclasses import replace

import pytest
from server_scenes import PEOPLE, Stage, at, open_stage, run_for_five_minutes

from protocol import Code
from server_dialogs import ResetDialog
from server_events import OperatorAnswered, ResetPassword, StatusReported

pytestmark = pytest.mark.tk

SECRET = "danau-kucing-lampu-sepeda"


@pytest.fixture
def busy() -> Iterator[Stage]:
    """A window with velicia, who has an account, and messi, who has none."""
    stage = open_stage()
    run_for_five_minutes(stage)
    people = (replace(PEOPLE[0], is_account=True), *PEOPLE[1:])
    stage.tell(StatusReported(people, 1, at(14, 40)))
    yield stage
    stage.window.destroy()


def labels(menu: tk.Menu) -> list[str]:
    return [menu.entrycget(place, "label") for place in range((menu.index("end") or 0) + 1)]


def words(widget: tk.Misc) -> list[str]:
    """All texts in it."""
    own = [str(widget.cget("text"))] if isinstance(widget, tk.Label) else []
    return own + [text for child in widget.winfo_children() for text in words(child)]


def opened(busy: Stage) -> ResetDialog:
    velicia = busy.window.menu_for(busy.window.model.people()[0])
    velicia.invoke(labels(velicia).index("Reset password …"))
    dialog = busy.window.resetting
    assert dialog is not None
    return dialog


def test_only_who_has_an_account_has_a_password_to_reset(busy: Stage) -> None:
    messi = busy.window.menu_for(busy.window.model.people()[2])

    assert "Reset password …" not in labels(messi)


def test_a_reset_is_asked_first_and_cancelled_by_escape(busy: Stage) -> None:
    dialog = opened(busy)
    busy.settle()

    dialog.focus_force()
    dialog.event_generate("<Escape>")

    assert busy.submitted == []
    assert busy.window.resetting is None


def test_the_one_time_password_is_shown_and_can_be_copied(busy: Stage) -> None:
    dialog = opened(busy)

    dialog.reset()
    busy.tell(OperatorAnswered(ResetPassword("velicia"), Code.OK, SECRET))

    assert busy.submitted == [ResetPassword("velicia")]
    assert SECRET in words(dialog)
    dialog.copy()
    assert busy.window.clipboard_get() == SECRET


def test_a_reset_that_failed_says_so(busy: Stage) -> None:
    dialog = opened(busy)

    dialog.reset()
    busy.tell(OperatorAnswered(ResetPassword("velicia"), Code.DISK_FULL))

    assert any("not reset" in text for text in words(dialog))
    assert dialog.secret == ""


def test_an_answer_to_another_question_changes_nothing(busy: Stage) -> None:
    dialog = opened(busy)

    busy.tell(OperatorAnswered(ResetPassword("messi"), Code.OK, SECRET))
    dialog.destroy()
    busy.tell(OperatorAnswered(ResetPassword("velicia"), Code.OK, SECRET))

    assert dialog.secret == ""
