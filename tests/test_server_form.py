"""What an operator may type to start a server, and the sentences for what cannot be."""

import errno
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_form import (
    FormField,
    ServerForm,
    StartFailed,
    explain_bind_error,
    explain_folder_error,
    explain_folder_in_use,
    read_form,
)
from texts import LANGUAGES, Texts


def read(
    name: str = "Lab Jaringan",
    bind: str = "0.0.0.0",
    port: str = "8083",
    password: str = "danau kucing lampu sepeda",
    *,
    is_open: bool = False,
) -> ServerForm | tuple[StartFailed, ...]:
    return read_form(name, bind, port, password, is_open=is_open)


def test_what_is_right_becomes_a_form() -> None:
    form = read(" Lab Jaringan ", " 192.168.1.20", "8083 ", "rahasia")

    assert form == ServerForm("Lab Jaringan", "192.168.1.20", 8083, "rahasia")


@pytest.mark.parametrize(
    ("typed", "field", "key"),
    [
        ({"name": "  "}, FormField.ROOM_NAME, "server.error.room_name_empty"),
        ({"name": "é" * 33}, FormField.ROOM_NAME, "server.error.room_name_long"),
        ({"name": "a\u202eb"}, FormField.ROOM_NAME, "server.error.room_name_characters"),
        ({"bind": "192.168.300.1"}, FormField.BIND, "server.error.ip_invalid"),
        ({"bind": ""}, FormField.BIND, "server.error.ip_invalid"),
        ({"bind": "localhost"}, FormField.BIND, "server.error.ip_invalid"),
        ({"port": "99999"}, FormField.PORT, "server.error.port_range"),
        ({"port": "0"}, FormField.PORT, "server.error.port_range"),
        ({"port": "9" * 5000}, FormField.PORT, "server.error.port_range"),
        ({"port": "-1"}, FormField.PORT, "server.error.port_number"),
        ({"port": "\uff18\uff10"}, FormField.PORT, "server.error.port_number"),
        ({"port": ""}, FormField.PORT, "server.error.port_number"),
        ({"password": ""}, FormField.PASSWORD, "server.error.password_empty"),
        ({"password": " a"}, FormField.PASSWORD, "server.error.password_spaces"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    typed: dict[str, str], field: FormField, key: str
) -> None:
    assert read(**typed) == (StartFailed(field, key, {}),)  # type: ignore[arg-type]


def test_all_that_is_wrong_is_said_at_once() -> None:
    problems = read("", "x", "x", "")

    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == [
        FormField.ROOM_NAME,
        FormField.BIND,
        FormField.PORT,
        FormField.PASSWORD,
    ]


def test_no_password_is_possible_only_when_the_operator_says_so_in_words() -> None:
    assert isinstance(read(password=""), tuple)
    assert read(password="", is_open=True) == ServerForm(
        "Lab Jaringan", "0.0.0.0", 8083, "", is_open=True
    )


def test_a_password_that_was_typed_counts_whatever_is_ticked() -> None:
    form = read(password="rahasia", is_open=True)

    assert form == ServerForm("Lab Jaringan", "0.0.0.0", 8083, "rahasia", is_open=False)


def test_a_password_is_not_in_what_is_logged_of_a_form() -> None:
    assert "danau" not in repr(read())


@given(st.text(), st.text(), st.text(), st.text(), st.booleans())
def test_anything_typed_is_a_form_or_its_problems(
    name: str, bind: str, port: str, password: str, is_open: bool
) -> None:
    form = read(name, bind, port, password, is_open=is_open)

    assert form
    if isinstance(form, ServerForm):
        assert 1 <= form.port <= 65_535
        assert form.password or form.is_open


@pytest.mark.parametrize(
    ("error", "field", "key"),
    [
        (OSError(errno.EADDRINUSE, "in use"), FormField.PORT, "server.error.port_taken"),
        (OSError(10048, "in use"), FormField.PORT, "server.error.port_taken"),
        (OSError(errno.EADDRNOTAVAIL, "no"), FormField.BIND, "server.error.ip_elsewhere"),
        (OSError(errno.EACCES, "no"), FormField.PORT, "server.error.port_forbidden"),
        (OSError(errno.ENODEV, "no such device"), FormField.BIND, "server.error.bind"),
        (OSError("odd"), FormField.BIND, "server.error.bind"),
    ],
)
def test_a_socket_that_cannot_be_bound_is_explained(
    error: OSError, field: FormField, key: str
) -> None:
    failed = explain_bind_error(error, "192.168.1.20", 8083)

    assert (failed.field, failed.key) == (field, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_explanation_is_a_whole_sentence(language: str) -> None:
    say = Texts(language)
    failures = [
        explain_bind_error(OSError(code, "why"), "10.0.0.1", 8083)
        for code in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.ENODEV)
    ]
    failures += [explain_folder_in_use("/srv/ruang"), explain_folder_error("/srv/ruang", "why")]

    for failed in failures:
        sentence = say(failed.key, **failed.fields)
        assert [field for _, field, _, _ in Formatter().parse(sentence) if field] == []
        assert len(sentence) > 30
