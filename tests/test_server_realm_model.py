"""What the server's window says of other realms, without a window: events in, words out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from protocol import Code
from server_events import (
    AddRealm,
    Crashed,
    CutRealm,
    DropRealm,
    Happened,
    HappeningKind,
    OperatorAnswered,
    RealmRow,
    RealmsListed,
    RealmState,
    RestoreRealm,
    StatusReported,
    Stopped,
)
from server_form import FormField, StartFailed
from server_model import ServerModel
from server_realm_model import (
    Problem,
    RealmField,
    RealmLine,
    RealmsModel,
    read_realm,
    why_not_added,
)
from settings import WhoMayLink
from texts import Texts

NOON = int(datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
KAMPUS = RealmRow("kampus-b", RealmState.LINKED, NOON, 0, 0.024, ("10.4.0.9", 8083), "", loss=0.003)
AWAY = replace(KAMPUS, state=RealmState.AWAY, round_trip=None, loss=0.0)


def told(*rows: RealmRow, who: WhoMayLink = WhoMayLink.USERS, language: str = "en") -> RealmsModel:
    """Of a server that runs at noon."""
    model = ServerModel(Texts(language), UTC)
    model.apply(StatusReported((), 0, NOON))
    realms = RealmsModel(model)
    realms.apply(RealmsListed(rows, who))
    return realms


def line(row: RealmRow, language: str = "en") -> RealmLine:
    (only,) = told(row, language=language).lines
    return only


# --- how the links stand ---


def test_a_realm_that_is_linked_has_figures() -> None:
    shown = line(KAMPUS)

    assert shown.label == "kampus-b"
    assert shown.figures == "24 ms · 0.3 % lost"
    assert shown.about == "10.4.0.9:8083 · linked since 12:00"
    assert shown.is_linked
    assert line(KAMPUS, "id").figures == "24 ms · hilang 0,3 %"
    assert line(replace(KAMPUS, round_trip=None)).figures == ""


def test_a_realm_that_is_away_says_since_when_and_what_waits_for_it() -> None:
    since = NOON - HOUR
    assert line(replace(AWAY, since=since)).about == "10.4.0.9:8083 · away since 11:00"
    assert line(replace(AWAY, waiting=1)).figures == "1 message waits for it"
    many = line(replace(AWAY, since=since, waiting=1204))
    assert many.figures == "1\u202f204 messages wait for it"
    assert not many.is_linked
    assert not many.is_in_trouble


def test_what_is_on_its_way_over_a_link_stands_behind_its_state() -> None:
    assert line(replace(KAMPUS, waiting=2)).about.endswith("12:00 · 2 messages wait for it")


def test_a_link_over_which_nothing_comes_is_not_said_to_be_away_since_it_began() -> None:
    assert line(replace(AWAY, round_trip=0.02)).about == "10.4.0.9:8083 · does not answer"


def test_a_realm_that_is_away_since_another_day_says_the_day() -> None:
    assert "away since 20 November 2026, 12:00" in line(replace(AWAY, since=NOON - 24 * HOUR)).about


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            HappeningKind.REALM_PASSWORD,
            "refuses our password: remove it, then add it with the new one",
        ),
        (HappeningKind.REALM_KEY_CHANGED, "somebody with another key answers there"),
        (HappeningKind.REALM_REFUSED, "refuses the link"),
    ],
)
def test_a_realm_that_does_not_let_us_in_says_why(trouble: HappeningKind, words: str) -> None:
    shown = line(replace(AWAY, trouble=trouble))

    assert shown.about == f"10.4.0.9:8083 · {words}"
    assert shown.is_in_trouble


def test_old_trouble_with_a_realm_that_was_cut_is_none() -> None:
    shown = line(replace(AWAY, state=RealmState.CUT, trouble=HappeningKind.REALM_REFUSED))

    assert shown.about == "10.4.0.9:8083 · cut off"
    assert not shown.is_in_trouble


def test_a_realm_without_an_address_calls_us() -> None:
    assert line(replace(KAMPUS, address=None)).about == "it calls us · linked since 12:00"


def test_who_added_a_realm_is_named_harmlessly() -> None:
    assert line(replace(KAMPUS, added_by="ana")).about.endswith("· added by ana")
    assert "\u202e" not in line(replace(KAMPUS, added_by="a\u202eb")).about


def test_a_realm_is_cut_or_restored_and_removed_by_its_name() -> None:
    assert line(KAMPUS).cut == CutRealm("kampus-b")
    assert line(replace(KAMPUS, state=RealmState.CUT)).cut == RestoreRealm("kampus-b")
    assert line(KAMPUS).drop == DropRealm("kampus-b")


# --- in a few words ---


def test_the_summary_counts_those_that_are_linked() -> None:
    assert told(KAMPUS).summary == "1 linked"
    assert told(KAMPUS, AWAY).summary == "1 of 2 linked"
    assert told(KAMPUS, AWAY, language="id").summary == "1/2 tersambung"


def test_where_there_is_none_one_can_be_added() -> None:
    realms = told()
    assert realms.summary == "Add …"
    assert realms.may_add
    assert "another Ruang server" in realms.empty
    assert told(KAMPUS).empty == ""


def test_who_may_add_realms_is_known() -> None:
    assert told().is_open
    assert not told(who=WhoMayLink.OPERATOR).is_open
    assert told(who=WhoMayLink.OPERATOR).may_add


def test_links_that_are_switched_off_cannot_be_added() -> None:
    realms = told(who=WhoMayLink.OFF)

    assert realms.summary == "off"
    assert realms.is_off
    assert not realms.may_add


@pytest.mark.parametrize(
    "end", [Stopped(), Crashed("disk"), StartFailed(FormField.PORT, "server.error.port_taken", {})]
)
def test_without_a_server_nothing_is_known(end: Stopped | Crashed | StartFailed) -> None:
    realms = told(KAMPUS)
    realms.apply(end)

    assert (realms.summary, realms.lines) == ("", [])
    assert not realms.may_add
    assert not realms.is_open
    assert not realms.is_off
    assert realms.empty == "Shown while the server runs."


# --- adding ---


def test_what_was_typed_is_a_command() -> None:
    wish = read_realm(" kampus-b ", " 10.4.0.9 ", " 8083 ", " rahasia")

    assert wish == AddRealm("kampus-b", "10.4.0.9", 8083, " rahasia")
    assert read_realm("", "::1", "9", "") == AddRealm("", "::1", 9)


def test_all_that_is_wrong_is_said_beside_its_field() -> None:
    wrong = read_realm("kampus b!", "kampus.ac.id", "99999", "")

    assert wrong == [
        Problem(RealmField.NAME, "server.realm_error.name", {}),
        Problem(RealmField.ADDRESS, "server.realm_error.address", {}),
        Problem(RealmField.PORT, "server.error.port_range", {}),
    ]


@pytest.mark.parametrize("host", ["", "0.0.0.0", "224.0.0.1", "10.4.0"])
def test_what_no_computer_has_is_no_address(host: str) -> None:
    wrong = read_realm("", host, "8083", "")

    assert isinstance(wrong, list)
    assert [problem.field for problem in wrong] == [RealmField.ADDRESS]


@pytest.mark.parametrize(
    ("code", "about", "field", "sentence"),
    [
        (Code.REALM_UNREACHABLE, "", RealmField.ADDRESS, "No Ruang server answers there."),
        (Code.WRONG_PASSWORD, "", RealmField.PASSWORD, "not the password"),
        (Code.TOO_MANY_GUESSES, "", RealmField.PASSWORD, "Too many tries."),
        (Code.NOT_ALLOWED, "", RealmField.ADDRESS, "makes no links"),
        (Code.SERVER_FULL, "", RealmField.ADDRESS, "as many realms"),
        (Code.DISK_FULL, "", RealmField.ADDRESS, "the disk is full"),
        (Code.BAD_REQUEST, "self", RealmField.ADDRESS, "this server itself"),
        (Code.BAD_REQUEST, "name", RealmField.NAME, "At most 20 letters"),
        (Code.BAD_REQUEST, "address", RealmField.ADDRESS, "An IP address is needed"),
        (Code.REALM_EXISTS, "Kampus", RealmField.NAME, "There is a realm Kampus here already"),
        (Code.REALM_EXISTS, "lain", RealmField.ADDRESS, "linked already, as lain"),
    ],
)
def test_why_a_realm_was_not_added_is_said_beside_a_field(
    code: Code, about: str, field: RealmField, sentence: str
) -> None:
    wish = AddRealm("kampus", "10.4.0.9", 8083, "salah")

    problem = why_not_added(OperatorAnswered(wish, code, about=about))

    assert problem.field is field
    assert sentence in Texts("en")(problem.key, **problem.fields)


def test_whoever_gave_no_password_reads_that_one_is_needed() -> None:
    wish = AddRealm("", "10.4.0.9", 8083)

    problem = why_not_added(OperatorAnswered(wish, Code.WRONG_PASSWORD))

    assert problem == Problem(RealmField.PASSWORD, "server.realm_error.password_needed", {})


# --- in the log ---


def said(*events: Happened | OperatorAnswered) -> list[str]:
    model = ServerModel(Texts("en"), UTC)
    model.apply(StatusReported((), 0, NOON))
    for event in events:
        model.apply(event)
    return [model.log_text(made)[1] for made in model.log]


def test_the_log_says_what_waited_for_a_realm_that_is_back() -> None:
    back = Happened(HappeningKind.REALM_LINKED, NOON, "kampus-b")

    assert said(back, replace(back, count=1), replace(back, count=4)) == [
        "realm kampus-b is linked",
        "realm kampus-b reachable again, 1 waiting message delivered",
        "realm kampus-b reachable again, 4 waiting messages delivered",
    ]


def test_the_log_says_which_realm_a_file_came_from() -> None:
    file = Happened(HappeningKind.FILE_SENT, NOON, "@kampus-b", None, 4_200_000, "a.pdf")

    assert said(file) == ["a.pdf, 4.2 MB, arrived from realm kampus-b"]


def test_a_realm_that_got_no_name_is_called_by_its_address_in_the_log() -> None:
    wish = AddRealm("", "10.4.0.9", 8083)

    (sentence,) = said(OperatorAnswered(wish, Code.REALM_UNREACHABLE))

    assert sentence == "10.4.0.9:8083: no server answers at that address"
