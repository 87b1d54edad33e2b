import pytest

from client_asking import Asking


@pytest.mark.parametrize(
    ("line", "answers", "whole"),
    [
        ("/login", ["ana", "kata sandi"], '/login ana "kata sandi"'),
        ("/login ana", ["rahasia"], "/login ana rahasia"),
        ('/auth "Ibu Sari"', ['a"b'], '/auth "Ibu Sari" "a\\"b"'),
        ("/register", [" ana ", " x "], '/register ana " x "'),
        ("/passwd", ["lama", "baru"], "/passwd lama baru"),
        ("/PASSWD lama", ["baru"], "/PASSWD lama baru"),
        ("/addrealm campus-b", ["10.0.0.2", "8083", ""], '/addrealm campus-b 10.0.0.2 8083 ""'),
    ],
)
def test_what_a_command_lacks_is_asked_for_word_by_word(
    line: str, answers: list[str], whole: str
) -> None:
    asking = Asking()
    assert asking.begin(line, is_live=True)

    taken = [asking.take(answer) for answer in answers]

    assert taken == [None] * (len(answers) - 1) + [whole]


def test_passwords_are_hidden_and_names_are_not() -> None:
    asking = Asking()

    asking.begin("/register", is_live=True)
    assert (asking.question, asking.is_hidden) == ("terminal.ask_user", False)
    asking.take("ana")
    assert (asking.question, asking.is_hidden) == ("terminal.ask_account_password", True)
    asking.begin("/passwd", is_live=True)
    assert (asking.question, asking.is_hidden) == ("terminal.ask_old_password", True)
    asking.take("x")
    assert (asking.question, asking.is_hidden) == ("terminal.ask_new_password", True)


@pytest.mark.parametrize(
    "line",
    [
        "/login ana rahasia",
        "/register a b c d",
        "/addrealm r a 1 x",
        "/info",
        "/nope",
        "/",
        "login",
        '/login "ana',
    ],
)
def test_whatever_lacks_nothing_that_can_be_asked_for_is_left_alone(line: str) -> None:
    assert not Asking().begin(line, is_live=True)


@pytest.mark.parametrize("words", ["", " campus-b", " campus-b 10.0.0.2 8083"])
def test_a_pipe_is_asked_nothing_about_a_realm(words: str) -> None:
    assert not Asking().begin(f"/addrealm{words}", is_live=False)
    assert Asking().begin(f"/addrealm{words}", is_live=True)


def test_a_password_that_may_be_left_out_is_asked_of_people_alone() -> None:
    asking = Asking()

    assert asking.begin("/addrealm campus-b 10.0.0.2", is_live=True)
    assert not asking.is_optional
    assert asking.begin("/addrealm campus-b 10.0.0.2 8083", is_live=True)
    assert (asking.is_optional, asking.is_hidden) == (True, True)
