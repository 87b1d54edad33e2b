"""The widgets on a real display, and the pictures they are painted with, pixel by pixel."""

import queue
import struct
import tkinter as tk
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import widgets_paint as paint
from widgets import (
    EVENTS_A_TURN,
    Button,
    Choice,
    EventPump,
    Field,
    IconButton,
    Link,
    collect_garbage,
    log_exceptions,
)
from widgets_look import (
    DARK,
    LIGHT,
    Look,
    can_draw_emoji,
    draw_avatar,
    draw_rounded,
    is_system_dark,
    name_number,
    shorten,
    use_desktop_keys,
)
from widgets_paint import Icon


@pytest.fixture
def root() -> Iterator[tk.Tk]:
    window = tk.Tk()
    window.geometry("400x300")
    yield window
    window.destroy()
    del window
    collect_garbage()


@pytest.fixture
def look(root: tk.Tk) -> Look:
    return Look(root, LIGHT)


def run_for(root: tk.Tk, milliseconds: int) -> None:
    """Tk's own clock runs."""
    done = list[bool]()
    root.after(milliseconds, done.append, True)
    while not done:
        root.tk.dooneevent(0)


# --- pictures ---


def pixels(png: bytes) -> list[list[tuple[int, int, int, int]]]:
    """Lines of red, green, blue, alpha of a picture as we write them."""
    width, height = struct.unpack(">II", png[16:24])
    size = int.from_bytes(png[33:37], "big")
    raw = zlib.decompress(png[41 : 41 + size])
    lines = [raw[row * (4 * width + 1) + 1 : (row + 1) * (4 * width + 1)] for row in range(height)]
    return [
        [(line[at], line[at + 1], line[at + 2], line[at + 3]) for at in range(0, 4 * width, 4)]
        for line in lines
    ]


def alphas(png: bytes) -> list[list[int]]:
    return [[pixel[3] for pixel in line] for line in pixels(png)]


def test_a_disc_is_full_within_empty_without_and_soft_between() -> None:
    drawn = pixels(paint.disc(9, "#102030"))

    assert drawn[4][4] == (0x10, 0x20, 0x30, 255)
    assert drawn[0][0][3] == 0
    assert any(0 < pixel[3] < 255 for line in drawn for pixel in line)
    assert [line[::-1] for line in drawn] == drawn == drawn[::-1]


def test_a_rounded_square_has_only_its_corners_cut() -> None:
    drawn = alphas(paint.rounded(12, 4, "#000000"))

    assert drawn[0][0] < 128
    assert drawn[0][6] == drawn[6][0] == drawn[6][6] == 255


def test_corners_mirror_each_other_and_bear_the_border_outside() -> None:
    nw, ne, sw, se = (pixels(corner) for corner in paint.corners(6, "#ffffff", "#000000"))

    assert nw[5][5] == (255, 255, 255, 255)
    assert nw[0][5][:3] == (0, 0, 0)
    assert nw[0][0][3] == 0
    assert ne == [line[::-1] for line in nw]
    assert sw == nw[::-1]
    assert se == ne[::-1]


@pytest.mark.parametrize("icon", Icon)
def test_every_icon_has_ink_and_air(icon: Icon) -> None:
    drawn = alphas(paint.icon(icon, 24, "#0f766e"))
    inked = sum(alpha > 200 for line in drawn for alpha in line)

    assert 10 < inked < 24 * 34 * 0.7
    assert len({len(line) for line in drawn}) == 1


@pytest.mark.tk
def test_tk_reads_our_pictures(root: tk.Tk, look: Look) -> None:
    picture = look.disc(20, "#ff0000")

    assert (picture.width(), picture.height()) == (20, 20)
    assert picture.get(10, 10) == (255, 0, 0)
    assert look.disc(20, "#ff0000") is picture
    assert look.icon(Icon.TICKS, 24, "#000000").width() == 34


# --- look ---


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        ("text", "ground", 7),
        ("text", "bubble", 7),
        ("own_text", "own", 3.5),
        ("accent_text", "accent", 4.5),
        ("accent_text", "accent_hover", 4.5),
        ("soft", "surface", 4.5),
        ("side_text", "side", 7),
        ("side_soft", "side", 4.5),
        ("alarm", "ground", 4.5),
        ("badge_text", "badge", 4.5),
        ("note_text", "note", 4.5),
        ("banner_text", "banner", 4.5),
    ],
)
def test_words_can_be_told_from_their_ground(
    palette: object, ink: str, ground: str, least: float
) -> None:
    lighter, darker = sorted(
        (luminance(getattr(palette, ink)), luminance(getattr(palette, ground))), reverse=True
    )

    assert (lighter + 0.05) / (darker + 0.05) >= least  # WCAG 2.2 §1.4.3


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.tk
def test_lengths_and_fonts_grow_together(root: tk.Tk) -> None:
    usual, large = Look(root, LIGHT, 10), Look(root, LIGHT, 20)

    assert large.px(10) == 2 * usual.px(10)
    assert large.text.measure("Ruang") > 1.8 * usual.text.measure("Ruang")


@pytest.mark.tk
def test_a_text_is_shortened_to_what_fits(root: tk.Tk, look: Look) -> None:
    long = "besok jam sembilan di laboratorium lantai dua"

    assert shorten("besok", look.text, 500) == "besok"
    shortened = shorten(long, look.text, 120)
    assert shortened.endswith("…")
    assert long.startswith(shortened[:-1])
    assert look.text.measure(shortened) <= 120


@pytest.mark.tk
def test_boxes_and_avatars_are_drawn_with_and_without_their_extras(root: tk.Tk, look: Look) -> None:
    canvas = tk.Canvas(root)

    plain = draw_rounded(canvas, look, (0, 0, 50, 40), fill="#ffffff")
    bordered = draw_rounded(canvas, look, (0, 0, 50, 40), fill="#ffffff", border="#000000")
    tiny = draw_rounded(canvas, look, (0, 0, 3, 3), fill="#ffffff", radius=9)
    absent = draw_avatar(canvas, look, 0, 0, name="ana", colour="#2563eb")
    present = draw_avatar(
        canvas, look, 0, 0, name="ana", colour="#2563eb", dot="#22c55e", ground="#ffffff"
    )

    assert len(bordered) > len(plain) == len(tiny)
    assert len(present) == len(absent) + 2


@pytest.mark.tk
def test_a_person_has_one_colour(root: tk.Tk, look: Look) -> None:
    assert look.person_colour(5) == look.person_colour(5 + 8 * 1000)
    assert name_number("ana") == name_number("ana") != name_number("budi")


@pytest.mark.tk
def test_whether_emoji_can_be_drawn_is_known(root: tk.Tk) -> None:
    assert can_draw_emoji(root) in (True, False)


@pytest.mark.parametrize(
    ("environment", "files", "is_dark"),
    [
        ({"GTK_THEME": "Adwaita:dark"}, {}, True),
        ({"GTK_THEME": "Adwaita"}, {}, False),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, {"kdeglobals": "ColorScheme=BreezeDark\n"}, True),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, {"kdeglobals": "ColorScheme=BreezeLight\n"}, False),
    ],
)
@pytest.mark.skipif("sys.platform in ('win32', 'darwin')")
def test_a_dark_desktop_is_noticed(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str], is_dark: bool
) -> None:
    (tmp_path / ".config").mkdir()
    for name, content in files.items():
        (tmp_path / ".config" / name).write_text(content, encoding="utf-8")

    assert is_system_dark(environment, tmp_path) is is_dark


# --- widgets ---


@pytest.mark.tk
def test_a_button_is_pressed_by_mouse_and_keys_unless_disabled(root: tk.Tk, look: Look) -> None:
    pressed = list[str]()
    button = Button(root, look, "Join", lambda: pressed.append("join"), ground="#ffffff")
    button.pack()
    root.update()
    button.focus_force()

    button.event_generate("<ButtonRelease-1>", x=5, y=5)
    button.event_generate("<ButtonRelease-1>", x=-50, y=5)  # let go of elsewhere
    button.event_generate("<Return>")
    button.event_generate("<space>")
    button.show("Joining", is_enabled=False)
    button.event_generate("<Return>")

    assert pressed == ["join"] * 3
    assert (button.text, button.is_enabled) == ("Joining", False)


@pytest.mark.tk
@pytest.mark.parametrize("kind", ["link", "icon"])
def test_words_and_icons_can_be_pressed_too(root: tk.Tk, look: Look, kind: str) -> None:
    pressed = list[str]()

    def press() -> None:
        pressed.append(kind)

    widget: tk.Widget
    if kind == "link":
        widget = Link(root, look, "Show", press, ground="#ffffff")
    else:
        widget = IconButton(
            root, look, Icon.GEAR, press, ground="#ffffff", ink="#000000", name="Settings"
        )
    widget.pack()
    root.update()
    widget.focus_force()

    widget.event_generate("<Button-1>", x=2, y=2)
    widget.event_generate("<Return>")

    assert pressed == [kind] * 2


@pytest.mark.tk
def test_a_field_shows_its_error_and_takes_it_back(root: tk.Tk, look: Look) -> None:
    changes = list[str]()
    field = Field(
        root, look, "Port", ground="#ffffff", on_change=lambda: changes.append(field.value)
    )
    field.pack()
    root.update()

    field.value = "99999"
    field.show_error("A port is a number from 1 to 65535.")
    root.update()
    is_wrong = field.error.winfo_ismapped()
    field.show_error("")
    root.update()

    assert is_wrong
    assert not field.error.winfo_ismapped()
    assert changes == ["99999"]


@pytest.mark.tk
def test_an_error_never_widens_its_field(root: tk.Tk, look: Look) -> None:
    field = Field(root, look, "Port", ground="#ffffff")
    field.pack(anchor="w")
    root.update()
    before = field.winfo_width()

    field.show_error("A very long sentence about what is wrong with this very small field.")
    root.update()

    assert field.winfo_width() == before


@pytest.mark.tk
def test_a_secret_is_hidden_until_it_shall_be_seen(root: tk.Tk, look: Look) -> None:
    field = Field(
        root, look, "Password", ground="#ffffff", secret=True, show_words=("Show", "Hide")
    )
    field.pack()
    root.update()
    (switch,) = [
        child
        for box in field.winfo_children()
        for child in box.winfo_children()
        if isinstance(child, Link)
    ]

    states = [(field.entry.cget("show"), switch.cget("text"))]
    for _ in range(2):
        switch.press()
        states.append((field.entry.cget("show"), switch.cget("text")))

    assert states == [("•", "Show"), ("", "Hide"), ("•", "Show")]


@pytest.mark.tk
def test_one_of_several_words_is_chosen(root: tk.Tk, look: Look) -> None:
    chosen = list[str]()
    options = [("system", "System"), ("light", "Light"), ("dark", "Dark")]
    choice = Choice(root, look, options, "light", chosen.append, ground="#ffffff")
    choice.pack()
    root.update()
    choice.focus_force()

    choice.choose("light")
    choice.choose("dark")
    choice.event_generate("<Right>")
    choice.event_generate("<Left>")

    assert chosen == ["dark", "system", "dark"]


# --- the pump ---


@pytest.mark.tk
def test_events_come_in_order_and_drawing_happens_once_a_turn(root: tk.Tk) -> None:
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    taken, turns = list[object](), list[int]()
    pump = EventPump(root, events, taken.append, lambda: turns.append(len(taken)))

    for number in range(EVENTS_A_TURN + 5):
        events.put(number)
    run_for(root, 120)
    pump.stop()
    events.put("late")
    run_for(root, 60)

    assert taken == list(range(EVENTS_A_TURN + 5))
    assert turns == [EVENTS_A_TURN, EVENTS_A_TURN + 5]


@pytest.mark.tk
def test_an_event_that_fails_is_logged_and_the_next_one_comes(
    root: tk.Tk, caplog: pytest.LogCaptureFixture
) -> None:
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    taken = list[object]()

    def dispatch(event: object) -> None:
        if event == "bad":
            raise ValueError("a defect")
        taken.append(event)

    log_exceptions(root)
    pump = EventPump(root, events, dispatch)
    events.put("bad")
    events.put("good")
    run_for(root, 120)
    pump.stop()

    assert taken == ["good"]
    assert "a callback of the window failed" in caplog.text


@pytest.mark.tk
def test_select_all_and_paste_replace_what_a_field_holds(root: tk.Tk, look: Look) -> None:
    use_desktop_keys(root)
    field = Field(root, look, "port", ground="#ffffff", value="8083")
    field.pack()
    root.update()
    root.clipboard_clear()
    root.clipboard_append("9000")

    field.entry.focus_force()
    field.entry.event_generate("<Control-a>")
    field.entry.event_generate("<<Paste>>")

    assert field.value == "9000"
