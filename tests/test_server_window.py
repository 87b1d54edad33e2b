"""The server's window under a real display, driven as an operator would, its surroundings scripted.

What it shows is computed and tested in server_model.py; here: that it shows it, and what its
buttons, fields, menus and dialogs ask for.
"""

import tkinter as tk
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from server_scenes import (
    BANS,
    DEFAULTS,
    KEY,
    PEOPLE,
    SCENES,
    STARTED,
    Stage,
    at,
    make_server_scene,
    open_stage,
    row,
    run_for_five_minutes,
    words_of,
)

from server_dialogs import BanDialog, QuitDialog
from server_events import (
    BanPerson,
    BansChanged,
    Crashed,
    Happened,
    HappeningKind,
    Kick,
    Mute,
    Started,
    StatusReported,
    Stop,
    Stopped,
    Unban,
    Unmute,
)
from server_form import FormField, StartFailed
from server_model import LOG_LINES, Phase
from texts import Texts
from widgets import collect_garbage

pytestmark = pytest.mark.tk


@pytest.fixture
def stages() -> Iterator[Callable[..., Stage]]:
    """Opens windows and closes them afterwards."""
    opened = []

    def open_one(*arguments: str, **named: object) -> Stage:
        opened.append(open_stage(*arguments, **named))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for stage in opened:
        if is_open(stage):
            stage.window.destroy()


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    """A window that was just opened, in English."""
    return stages()


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """A window whose server has run for five minutes."""
    run_for_five_minutes(stage)
    return stage


def is_open(stage: Stage) -> bool:
    try:
        return bool(stage.window.winfo_exists())
    except tk.TclError:
        return False


def dialogs(stage: Stage, kind: type[tk.Toplevel]) -> list[tk.Toplevel]:
    return [child for child in stage.window.winfo_children() if isinstance(child, kind)]


def invoke(menu: tk.Menu, label: str) -> None:
    for place in range((menu.index("end") or 0) + 1):
        if menu.entrycget(place, "label") == label:
            menu.invoke(place)
            return
    raise AssertionError(f"no {label} in the menu")


# --- starting ---


def test_a_fresh_window_offers_the_defaults_and_a_start(stage: Stage) -> None:
    window = stage.window

    assert window.form.typed == ("Lab Jaringan", "0.0.0.0", "8083", "danau kucing lampu sepeda")
    assert window.start_button.winfo_ismapped()
    assert not window.stop_button.winfo_ismapped()
    assert "(every network)" in words_of(window)
    assert "Press Start" in words_of(window.join)


def test_the_password_is_hidden_until_asked_for(stage: Stage) -> None:
    password = stage.window.form.field(FormField.PASSWORD)
    assert password.entry.cget("show") == "•"
    (show,) = [
        part for part in password.winfo_children()[1].winfo_children() if "Show" in words_of(part)
    ]

    show.event_generate("<Button-1>")

    assert password.entry.cget("show") == ""
    assert "Hide" in words_of(password)


def test_start_hands_over_what_was_typed(stage: Stage) -> None:
    stage.window.form.type("Kelas E", "127.0.0.1", "9000", "rahasia", is_open=False)

    stage.window.start_button.event_generate("<ButtonRelease-1>", x=5, y=5)

    assert stage.started == [
        replace(DEFAULTS, room_name="Kelas E", bind="127.0.0.1", port=9000, password="rahasia")
    ]
    assert not stage.window.start_button.is_enabled


def test_enter_in_a_field_starts_too(stage: Stage) -> None:
    entry = stage.window.form.field(FormField.PORT).entry
    entry.focus_force()
    stage.settle()

    entry.event_generate("<Return>")

    assert stage.started == [DEFAULTS]


def test_a_second_press_while_it_starts_does_nothing(stage: Stage) -> None:
    stage.window.start()
    stage.window.start()

    assert len(stage.started) == 1


def test_a_running_server_can_be_stopped_and_its_fields_only_read(busy: Stage) -> None:
    window = busy.window

    assert window.stop_button.winfo_ismapped()
    assert not window.start_button.winfo_ismapped()
    for field in FormField:
        if field is not FormField.DATA:
            assert window.form.field(field).entry.cget("state") == "readonly"
    assert words_of(window).count("Running since 14:28 · encrypted · 6 people") == 1


def test_stop_asks_the_core_and_waits_for_it(busy: Stage) -> None:
    busy.window.stop_button.press()
    busy.settle()
    assert busy.submitted == [Stop()]
    assert not busy.window.stop_button.is_enabled

    busy.tell(Stopped())

    assert busy.window.start_button.is_enabled
    assert busy.window.form.field(FormField.PORT).entry.cget("state") == "normal"
    assert "Nobody is here yet." in words_of(busy.window.people)


# --- errors beside their field ---


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (("Lab", "192.168.300.1", "8083", "x"), FormField.BIND, "This is not an IP address."),
        (("Lab", "0.0.0.0", "99999", "x"), FormField.PORT, "Choose a port from 1 to 65535"),
        (("Lab", "0.0.0.0", "eight", "x"), FormField.PORT, "The port is a number."),
        (("Lab", "0.0.0.0", "8083", ""), FormField.PASSWORD, "Without a password everyone"),
        (("x" * 65, "0.0.0.0", "8083", "x"), FormField.ROOM_NAME, "This name is too long."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_caret_in_it(
    stage: Stage, typed: tuple[str, str, str, str], field: FormField, sentence: str
) -> None:
    stage.window.focus_force()
    stage.window.form.type(*typed, is_open=False)

    stage.window.start()
    stage.settle()

    assert sentence in words_of(stage.window.form.field(field))
    assert stage.window.focus_get() is stage.window.form.field(field).entry
    assert stage.started == []


def test_a_taken_port_is_told_beside_the_port(stage: Stage) -> None:
    stage.window.start()

    stage.tell(StartFailed(FormField.PORT, "server.error.port_taken", {"port": "8083"}))

    assert "Port 8083 is taken by another program" in words_of(
        stage.window.form.field(FormField.PORT)
    )
    assert stage.window.start_button.is_enabled


def test_a_folder_in_use_is_told_below_the_form(stage: Stage) -> None:
    stage.window.start()

    stage.tell(StartFailed(FormField.DATA, "server.error.folder_in_use", {"folder": "/srv/ruang"}))

    assert "Another server is already using /srv/ruang" in words_of(stage.window.form)


def test_no_password_needs_a_box_ticked_that_says_what_it_means(stage: Stage) -> None:
    form = stage.window.form
    form.type("Lab", "0.0.0.0", "8083", "", is_open=False)
    assert "Let everyone in without a password" not in words_of(form)

    stage.window.start()
    stage.settle()
    assert "Let everyone in without a password" in words_of(form)
    form.open_box.press()
    stage.window.start()

    assert [(started.password, started.is_open) for started in stage.started] == [("", True)]


def test_a_crash_is_told_and_the_server_can_be_started_again(busy: Stage) -> None:
    busy.tell(Crashed("disk I/O error"))

    assert "disk I/O error" in words_of(busy.window.form)
    assert busy.window.start_button.is_enabled


# --- telling people ---


def test_the_card_says_address_port_and_key(busy: Stage) -> None:
    said = words_of(busy.window.join)

    assert "192.168.1.20 : 8083" in said
    assert f"Key  {busy.window.model.key}" in said


def test_the_invitation_is_copied_without_the_password(busy: Stage) -> None:
    busy.window.join.copy_link.press()

    copied = busy.window.clipboard_get()
    assert copied == busy.window.model.invitation("192.168.1.20", with_password=False)
    assert DEFAULTS.password not in copied
    assert "Copied" in words_of(busy.window.join)


def test_with_the_password_is_a_choice_of_its_own(busy: Stage) -> None:
    busy.window.join.secret_link.press()

    assert DEFAULTS.password in busy.window.clipboard_get()


def test_another_address_can_be_chosen_and_stays_chosen(busy: Stage) -> None:
    busy.window.join.choose("10.4.0.20")
    busy.tell(StatusReported(PEOPLE, 0, at(14, 40)))

    busy.window.join.copy_link.press()

    assert "10.4.0.20 : 8083" in words_of(busy.window.join)
    assert "10.4.0.20" in busy.window.clipboard_get()


def test_a_server_for_this_computer_alone_says_so(stage: Stage) -> None:
    stage.window.start()

    stage.tell(Started(("127.0.0.1", 8083), KEY, "Lab", 0, at(14, 28)))

    assert "127.0.0.1 : 8083" in words_of(stage.window.join)
    assert "Only programs on this computer" in words_of(stage.window.join)


def test_the_place_of_the_archive_can_be_copied_and_opened(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(data=tmp_path)

    stage.window.folder.copy_link.press()
    stage.window.folder.open_link.press()

    assert stage.window.clipboard_get() == str(tmp_path / "archive.csv")
    assert stage.opened == [tmp_path]


# --- people ---


def test_the_table_shows_everyone_with_their_numbers(busy: Stage) -> None:
    said = words_of(busy.window.people)

    for part in ("velicia", "192.168.1.44:49877", "11 ms", "1.8 %", "13:40", "catherine (away)"):
        assert part in said


def test_a_thousand_people_cost_no_more_items_than_fit_in_sight(busy: Stage) -> None:
    crowd = tuple(row(n, f"n{n}", ("10.0.0.1", n), 1, 0.0, at(13, 0) + n) for n in range(1, 1001))

    busy.tell(StatusReported(crowd, 0, at(14, 40)))

    assert len(busy.window.people.canvas.find_all()) < 200


def test_by_keys_one_reaches_everybody(busy: Stage) -> None:
    opened = []
    busy.window.people.on_menu = lambda line, _x, _y: opened.append(line.name)
    canvas = busy.window.people.canvas
    canvas.focus_force()
    busy.settle()

    for key in ("<Down>", "<Down>", "<Down>", "<Up>", "<Return>"):
        canvas.event_generate(key)

    assert opened == ["henderson"]


def test_the_dots_of_a_line_open_its_menu(busy: Stage) -> None:
    opened = []
    busy.window.people.on_menu = lambda line, _x, _y: opened.append(line.name)
    canvas = busy.window.people.canvas

    canvas.event_generate("<Button-1>", x=canvas.winfo_width() - 20, y=75)

    assert opened == ["messi"]


def test_somebody_can_be_muted_for_a_while_or_kicked(busy: Stage) -> None:
    menu = busy.window.menu_for(busy.window.model.people()[2])
    times = menu.nametowidget(menu.entrycget(0, "menu"))

    for label in ("10 minutes", "1 hour", "Until undone"):
        invoke(times, label)
    invoke(menu, "Kick (may come back)")

    assert busy.submitted == [
        Mute("messi", 10),
        Mute("messi", 60),
        Mute("messi", None),
        Kick("messi"),
    ]


def test_who_is_muted_can_be_let_speak_again(busy: Stage) -> None:
    menu = busy.window.menu_for(busy.window.model.people()[3])

    invoke(menu, "Let speak again")

    assert busy.submitted == [Unmute("lineker")]


@pytest.mark.parametrize(
    ("chosen", "minutes"), [("10", 10), ("60", 60), ("1440", 1440), ("", None)]
)
def test_a_ban_has_an_end_unless_it_is_for_good(
    busy: Stage, chosen: str, minutes: int | None
) -> None:
    dialog = busy.window.ban(busy.window.model.people()[2])
    dialog.time.choose(chosen)

    dialog.ban()

    assert busy.submitted == [BanPerson("messi", minutes, with_address=False)]
    assert dialogs(busy, BanDialog) == []


def test_a_ban_covers_the_computer_only_when_ticked(busy: Stage) -> None:
    dialog = busy.window.ban(busy.window.model.people()[2])
    assert dialog.address is not None

    dialog.address.press()
    dialog.ban()

    assert busy.submitted == [BanPerson("messi", 60, with_address=True)]


def test_who_is_away_has_no_computer_to_ban(busy: Stage) -> None:
    dialog = busy.window.ban(busy.window.model.people()[4])

    assert dialog.address is None


def test_escape_closes_a_dialog_and_bans_nobody(busy: Stage) -> None:
    dialog = busy.window.ban(busy.window.model.people()[2])
    busy.settle()

    dialog.focus_force()
    dialog.event_generate("<Escape>")

    assert busy.submitted == []
    assert dialogs(busy, BanDialog) == []


def test_bans_are_listed_with_their_end_and_an_undo(busy: Stage) -> None:
    busy.window.show_bans()
    busy.settle()
    dialog = busy.window.bans
    assert dialog is not None
    said = words_of(dialog)

    for link in dialog.undo_links:
        link.press()

    assert "budi is kept out until 15:30" in said
    assert busy.submitted == [Unban("budi"), Unmute("lineker")]


def test_the_list_of_bans_follows_what_happens(busy: Stage) -> None:
    busy.window.show_bans()
    dialog = busy.window.bans
    assert dialog is not None

    busy.tell(BansChanged(BANS[:1]))
    assert len(dialog.undo_links) == 1
    busy.tell(BansChanged(()))

    assert "Nobody is kept out or muted." in words_of(dialog)
    assert not busy.window.people.bans_link.winfo_ismapped()


# --- log ---


def test_the_log_can_be_selected_and_copied(busy: Stage) -> None:
    busy.window.log.select_all()
    busy.window.log.copy()

    copied = busy.window.clipboard_get()
    assert "14:29:58  messi joined from 192.168.1.44:49877" in copied
    assert copied.count("\n") == 5


def test_the_log_keeps_to_its_bound(stage: Stage) -> None:
    stage.tell(*(Happened(HappeningKind.LEFT, at(14, 0), f"n{n}") for n in range(LOG_LINES + 300)))

    lines = stage.window.log.text.get("1.0", "end-1c").split("\n")
    assert len(lines) == LOG_LINES
    assert lines[0].endswith("n300 left")
    assert lines[-1].endswith(f"n{LOG_LINES + 299} left")


def test_the_log_follows_its_end_but_not_a_reader_who_scrolled_up(stage: Stage) -> None:
    text = stage.window.log.text
    stage.tell(*(Happened(HappeningKind.LEFT, at(14, 0), f"n{n}") for n in range(60)))
    assert text.yview()[1] == pytest.approx(1.0)

    text.yview_moveto(0.0)
    stage.settle()
    stage.tell(Happened(HappeningKind.LEFT, at(14, 0), "later"))

    assert text.yview()[0] == 0.0


def test_a_name_cannot_write_lines_of_its_own(stage: Stage) -> None:
    stage.tell(Happened(HappeningKind.LEFT, at(14, 0), "a\n14:00:01  server stopped\u202e"))

    assert stage.window.log.text.get("1.0", "end-1c").count("\n") == 0


# --- closing ---


def test_closing_an_idle_window_just_closes(stage: Stage) -> None:
    stage.window.close()

    assert not is_open(stage)


def test_closing_with_nobody_inside_stops_in_order(stage: Stage) -> None:
    stage.window.start()
    stage.tell(STARTED)

    stage.window.close()
    assert stage.submitted == [Stop()]
    assert is_open(stage)
    stage.tell(Stopped())

    assert not is_open(stage)


def test_closing_with_people_inside_asks_first(busy: Stage) -> None:
    busy.window.close()
    busy.settle()
    (dialog,) = dialogs(busy, QuitDialog)
    assert isinstance(dialog, QuitDialog)
    assert "6 people in the room now" in words_of(dialog)
    assert busy.submitted == []

    dialog.quit_server()
    busy.tell(Stopped())

    assert busy.submitted == [Stop()]
    assert not is_open(busy)


def test_closing_while_it_starts_waits_for_the_start_and_stops_it(stage: Stage) -> None:
    stage.window.start()
    stage.window.close()

    stage.tell(STARTED)
    assert stage.submitted == [Stop()]
    stage.tell(Stopped())

    assert not is_open(stage)


# --- look ---


def test_another_language_and_theme_keep_what_was_typed_and_what_happened(busy: Stage) -> None:
    busy.window.restyle(language="id")
    busy.window.restyle(is_dark=True)
    busy.settle()

    said = words_of(busy.window)
    assert busy.restyled == [("id", False), ("id", True)]
    assert busy.window.form.typed[0] == "Lab Jaringan"
    assert busy.window.form.field(FormField.PORT).entry.cget("state") == "readonly"
    for part in ("Berjalan sejak 14:28", "messi masuk dari", "192.168.1.20 : 8083", "2 larangan"):
        assert part in said


def test_nothing_of_the_form_stays_when_it_is_built_anew(busy: Stage) -> None:
    form = weakref.ref(busy.window.form)

    busy.window.restyle(is_dark=True)
    busy.settle()
    collect_garbage()

    assert form() is None


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_draws_inside_its_window(scene: str, language: str, is_dark: bool) -> None:
    window = make_server_scene(scene, language, is_dark=is_dark)

    try:
        assert window.title() == Texts(language)("server.title")
        assert window.model.phase in (Phase.RUNNING, Phase.STOPPED)
        bottom = window.winfo_rooty() + window.winfo_height()
        assert window.folder.winfo_rooty() + window.folder.winfo_height() <= bottom
        assert window.log.winfo_height() > 60
    finally:
        window.destroy()
