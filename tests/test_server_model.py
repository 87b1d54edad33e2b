"""What the server's window shows, without a window: scripted events in, words and numbers out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import key_groups
from conversation import Presence
from protocol import Address, Code
from records import Ban, BanKind
from server_events import (
    BansChanged,
    Crashed,
    Event,
    Happened,
    HappeningKind,
    Kick,
    OperatorAnswered,
    PersonRow,
    Started,
    StatusReported,
    Stopped,
    Unban,
    Unmute,
)
from server_form import FormField, StartFailed
from server_model import LOG_LINES, Phase, ServerModel, clean, format_address, format_count
from texts import LANGUAGES, Texts

KEY = bytes(range(32))
NOON = int(datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp() * 1000)
SECOND = 1000
MINUTE = 60 * SECOND


def running(*events: Event, language: str = "en", password: str = "rahasia") -> ServerModel:
    """A model whose operator started a server, then heard ``events``."""
    model = ServerModel(Texts(language), UTC)
    model.read_form("Lab Jaringan", "0.0.0.0", "8083", password, is_open=True)
    model.apply(Started(("0.0.0.0", 8083), KEY, "Lab Jaringan", 1284, NOON))
    for event in events:
        model.apply(event)
    return model


def row(
    name: str = "messi",
    *,
    address: Address | None = ("192.168.1.44", 49877),
    presence: Presence = Presence.HERE,
    round_trip: float | None = 0.011,
    loss: float = 0.018,
    since: int = NOON,
    is_muted: bool = False,
) -> PersonRow:
    return PersonRow(7, name, address, presence, round_trip, loss, since, is_muted)


def status(*people: PersonRow, posted: int = 0, at: int = NOON) -> StatusReported:
    return StatusReported(people, posted, at)


def log_of(model: ServerModel) -> list[str]:
    return [" ".join(model.log_text(line)) for line in model.log]


# --- its life ---


def test_the_header_follows_the_life_of_the_server() -> None:
    model = ServerModel(Texts("en"), UTC)
    headers = [model.header]

    model.read_form("Lab", "0.0.0.0", "8083", "rahasia", is_open=False)
    headers.append(model.header)
    model.apply(Started(("0.0.0.0", 8083), KEY, "Lab", 0, NOON))
    headers.append(model.header)
    model.apply(status(row(), row("velicia")))
    headers.append(model.header)
    model.begin_stop()
    headers.append(model.header)
    model.apply(Stopped())
    headers.append(model.header)

    assert headers == [
        "Stopped · nobody can join yet",
        "Starting …",
        "Running since 12:00 · encrypted · 0 people",
        "Running since 12:00 · encrypted · 2 people",
        "Stopping · saying goodbye to everyone …",
        "Stopped · nobody can join yet",
    ]


def test_one_person_is_not_people() -> None:
    assert running(status(row())).header.endswith("encrypted · 1 person")


def test_what_was_typed_wrong_starts_nothing() -> None:
    model = ServerModel(Texts("en"), UTC)

    form = model.read_form("Lab", "0.0.0.0", "99999", "rahasia", is_open=False)

    assert form is None
    assert model.phase is Phase.STOPPED
    assert model.problem(FormField.PORT) == "Choose a port from 1 to 65535, for example 8083."
    assert model.problem(FormField.BIND) == ""


def test_a_start_that_failed_is_explained_beside_its_field() -> None:
    model = ServerModel(Texts("en"), UTC)
    model.read_form("Lab", "0.0.0.0", "8083", "rahasia", is_open=False)

    model.apply(StartFailed(FormField.PORT, "server.error.port_taken", {"port": "8083"}))

    assert model.phase is Phase.STOPPED
    assert model.problem(FormField.PORT).startswith("Port 8083 is taken by another program")


def test_a_problem_is_gone_when_the_next_start_is_right() -> None:
    model = ServerModel(Texts("en"), UTC)
    model.read_form("Lab", "0.0.0.0", "x", "rahasia", is_open=False)

    model.read_form("Lab", "0.0.0.0", "8083", "rahasia", is_open=False)

    assert model.problems == {}


def test_a_crash_is_told_until_the_next_start() -> None:
    model = running(status(row()), Crashed("disk I/O error\x1b[2J"))

    assert (model.phase, model.people_inside) == (Phase.STOPPED, 0)
    assert "disk I/O error\ufffd[2J" in model.crash_text
    model.read_form("Lab", "0.0.0.0", "8083", "rahasia", is_open=False)
    assert model.crash_text == ""


def test_stop_means_nothing_while_nothing_runs() -> None:
    model = ServerModel(Texts("en"), UTC)

    model.begin_stop()

    assert model.phase is Phase.STOPPED


# --- people ---


def test_a_person_is_a_line_of_words() -> None:
    (line,) = running(status(row())).people()

    assert (line.label, line.address, line.round_trip, line.loss, line.since) == (
        "messi",
        "192.168.1.44:49877",
        "11 ms",
        "1.8 %",
        "12:00",
    )


def test_numbers_are_written_as_the_language_does() -> None:
    (line,) = running(status(row()), language="id").people()

    assert line.loss == "1,8 %"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "—"), (0.0001, "< 1 ms"), (0.0016, "2 ms"), (1.5, "1\u202f500 ms")],
)
def test_round_trips_are_rounded_to_what_matters(seconds: float | None, words: str) -> None:
    (line,) = running(status(row(round_trip=seconds))).people()

    assert line.round_trip == words


def test_who_came_first_stands_first_and_who_is_gone_not_at_all() -> None:
    model = running(
        status(
            row("late", since=NOON + MINUTE),
            row("Ana"),
            row("budi"),
            row("gone", presence=Presence.GONE),
        )
    )

    assert [line.name for line in model.people()] == ["Ana", "budi", "late"]
    assert [line.name for line in model.people(1, 2)] == ["budi"]
    assert model.people_count == model.people_inside == 3


def test_who_is_away_or_muted_is_marked() -> None:
    model = running(
        status(
            row("a", presence=Presence.AWAY, address=None, round_trip=None),
            row("b", is_muted=True, presence=Presence.AWAY),
        )
    )

    away, muted = model.people()
    assert (away.label, away.address, away.host, away.loss) == ("a (away)", "—", "", "—")
    assert (muted.label, muted.host) == ("b (muted)", "192.168.1.44")


def test_a_hostile_name_keeps_its_command_and_loses_its_teeth() -> None:
    (line,) = running(status(row("a\u202eb\n"))).people()

    assert (line.name, line.label) == ("a\u202eb\n", "a\ufffdb\ufffd")


@given(st.text())
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    assert clean(text).replace("\ufffd", "").isprintable()
    assert len(clean(text)) <= 201


def test_a_picture_in_a_name_is_spelled_where_drawing_it_would_end_the_program() -> None:
    model = ServerModel(Texts("en"), UTC, can_draw_emoji=False)
    model.apply(status(row("ana 👋")))
    model.apply(Happened(HappeningKind.LEFT, NOON, "ana 👋"))

    assert [line.label for line in model.people()] == ["ana :waving_hand_sign:"]
    assert log_of(model) == ["12:00:00 ana :waving_hand_sign: left"]
    assert model.shown("👋\ufe0f →") == ":waving_hand_sign: :rightwards_arrow:"


@pytest.mark.parametrize(
    ("address", "words"),
    [(None, "—"), (("10.0.0.1", 5), "10.0.0.1:5"), (("fe80::1", 5), "[fe80::1]:5")],
)
def test_an_address_is_written_so_that_its_port_is_clear(
    address: Address | None, words: str
) -> None:
    assert format_address(address) == words


def test_thousands_stand_apart() -> None:
    assert format_count(1_234_567) == "1\u202f234\u202f567"


# --- the chart ---


def test_the_chart_shows_what_was_posted_each_second() -> None:
    model = running(
        *(
            status(posted=posted, at=NOON + n * SECOND)
            for n, posted in enumerate([100, 142, 460, 502])
        )
    )

    assert model.rates == [(2.0, 42.0), (1.0, 318.0), (0.0, 42.0)]
    assert model.chart_caption == "42 now · 318 peak"


def test_a_late_report_does_not_look_like_a_peak() -> None:
    model = running(status(), status(posted=100, at=NOON + 4 * SECOND))

    assert model.rates == [(0.0, 25.0)]


def test_the_chart_forgets_what_is_older_than_five_minutes() -> None:
    model = running(*(status(posted=n, at=NOON + n * SECOND) for n in range(1000)))

    assert len(model.rates) == 301
    assert model.rates[0][0] == 300.0


def test_a_clock_that_was_set_back_begins_a_new_chart() -> None:
    model = running(
        status(posted=5), status(posted=6, at=NOON + SECOND), status(posted=7, at=NOON - MINUTE)
    )

    assert model.rates == []
    assert model.chart_caption == ""


def test_before_the_first_report_there_is_no_chart() -> None:
    assert running().rates == []


# --- keeping order ---


def test_bans_and_mutes_are_sentences_with_their_undo() -> None:
    model = running(
        status(),
        BansChanged(
            (
                Ban(1, BanKind.ENTER, 7, "budi", "192.168.1.77", NOON + 10 * MINUTE),
                Ban(2, BanKind.ENTER, 8, "ana", "", 0),
                Ban(3, BanKind.SPEAK, 9, "messi", "", NOON + 24 * 60 * MINUTE),
                Ban(4, BanKind.SPEAK, 9, "lineker", "", 0),
            )
        ),
    )

    assert [(line.sentence, line.undo) for line in model.bans] == [
        ("budi is kept out until 12:10", Unban("budi")),
        ("ana is kept out for good", Unban("ana")),
        ("messi is muted until 22 November 2026, 12:00", Unmute("messi")),
        ("lineker is muted until you undo it", Unmute("lineker")),
    ]
    assert model.bans_link == "4 bans"


def test_a_person_banned_with_an_address_is_one_ban() -> None:
    bans = tuple(
        Ban(n, BanKind.ENTER, 7, "budi", host, 0) for n, host in enumerate(["", "10.0.0.1"])
    )

    model = running(BansChanged(bans))

    assert model.bans_link == "1 ban"


def test_without_bans_there_is_nothing_to_press() -> None:
    assert running(BansChanged(())).bans_link == ""


def test_a_command_about_nobody_is_answered_in_the_log() -> None:
    model = running(
        status(),
        OperatorAnswered(Kick("budi"), Code.NO_SESSION),
        OperatorAnswered(Kick("ana"), Code.OK),
    )

    assert log_of(model)[-1] == "12:00:00 nobody here is called budi"


# --- the log ---


def test_the_log_tells_what_happened_and_when() -> None:
    model = running(
        status(),
        Happened(HappeningKind.JOINED, NOON, "messi", ("192.168.1.44", 49877)),
        Happened(HappeningKind.WRONG_PASSWORD, NOON, address=("192.168.1.77", 4), count=3),
        Happened(HappeningKind.WRONG_PASSWORD, NOON, address=("192.168.1.77", 4), count=9),
        Happened(HappeningKind.ARCHIVE_SET_ASIDE, NOON, text="archive-1.csv"),
    )

    assert log_of(model) == [
        "12:00:00 server started: Lab Jaringan; messages in the history: 1\u202f284",
        "12:00:00 messi joined from 192.168.1.44:49877",
        "12:00:00 wrong password from 192.168.1.77 (3 of 5 before a pause)",
        "12:00:00 wrong password from 192.168.1.77 (9 so far; it must wait before the next try)",
        "12:00:00 archive.csv held lines the database lacks; kept as archive-1.csv",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", HappeningKind)
def test_everything_that_can_happen_has_a_sentence(kind: HappeningKind, language: str) -> None:
    model = running(Happened(kind, NOON, "a{b}\x00", None, 12, "c"), language=language)

    _, line = log_of(model)
    assert len(line) > 15
    assert "\x00" not in line


def test_the_log_is_bounded_and_counts_what_it_dropped() -> None:
    model = running(*(Happened(HappeningKind.LEFT, NOON, f"n{n}") for n in range(LOG_LINES + 5)))

    assert len(model.log) == LOG_LINES
    assert model.log_lines_made == LOG_LINES + 6  # the start of the server is one
    assert log_of(model)[0].endswith("n5 left")


def test_times_are_those_of_the_operators_zone() -> None:
    model = ServerModel(Texts("en"), timezone(timedelta(hours=7)))

    model.apply(Happened(HappeningKind.LEFT, NOON, "messi"))

    assert log_of(model) == ["19:00:00 messi left"]


def test_another_language_is_spoken_at_once_in_old_lines_too() -> None:
    model = running(status(), Happened(HappeningKind.LEFT, NOON, "messi"))

    model.say = Texts("id")

    assert log_of(model)[-1] == "12:00:00 messi keluar"
    assert model.header == "Berjalan sejak 12:00 · terenkripsi · 0 orang"


# --- telling people ---


def test_people_are_told_the_likely_address_first() -> None:
    model = running()

    assert model.addresses(["192.168.1.20", "10.4.0.9"]) == ["192.168.1.20", "10.4.0.9"]
    assert model.addresses([]) == ["127.0.0.1"]
    assert model.port == 8083
    assert model.key == key_groups(KEY).replace("-", " ")
    assert not model.is_only_here


def test_a_server_on_one_address_tells_only_that() -> None:
    model = running()
    model.apply(Started(("127.0.0.1", 40000), KEY, "Lab", 0, NOON))

    assert model.addresses(["192.168.1.20"]) == ["127.0.0.1"]
    assert model.port == 40000
    assert model.is_only_here


def test_before_the_first_start_there_is_nothing_to_tell() -> None:
    model = ServerModel(Texts("en"), UTC)

    assert (model.addresses(["192.168.1.20"]), model.port, model.key) == ([], 0, "")
    assert model.invitation("192.168.1.20", with_password=True) == ""


def test_an_invitation_has_no_password_unless_the_operator_chose_so() -> None:
    model = running(password="danau kucing")

    plain = model.invitation("192.168.1.20", with_password=False)
    full = model.invitation("192.168.1.20", with_password=True)

    for part in ("Lab Jaringan", "192.168.1.20", "8083", model.key):
        assert part in plain
        assert part in full
    assert "danau kucing" not in plain
    assert "danau kucing" in full


def test_an_invitation_to_an_open_room_says_so() -> None:
    assert "No password is needed." in running(password="").invitation(
        "192.168.1.20", with_password=True
    )


def test_a_flood_in_a_name_is_cut() -> None:
    assert clean("x" * 5000) == "x" * 200 + "…"
