import pytest

from client_events import (
    AddGroup,
    Answered,
    ChangeName,
    ChangePassword,
    Crashed,
    Ended,
    EndReason,
    JoinGroup,
    KeyChanged,
    LogIn,
    LogOut,
    NameRefused,
    OpenPrivate,
    PasswordDelayed,
    PasswordRefused,
    Register,
    Request,
)
from client_form import (
    JoinFailed,
    JoinField,
    JoinForm,
    Trouble,
    Typed,
    Way,
    account_request,
    check,
    check_name,
    check_password,
    check_realm,
    field_of,
    realm_trouble,
    trouble_of,
    trouble_sentence,
)
from protocol import Code
from texts import TEXTS, Texts

SAID_OTHERWISE = {EndReason.LEFT, EndReason.KEY_CHANGED}

FILLED = Typed(" 192.168.1.20 ", " 8083 ", "kata sandi ", " ana ")


def fields(checked: JoinForm | list[Trouble]) -> list[tuple[JoinField, str]]:
    assert isinstance(checked, list)
    return [(trouble.field, trouble.key) for trouble in checked]


def test_a_filled_form_is_taken_without_the_spaces_around() -> None:
    assert check(FILLED) == JoinForm("192.168.1.20", 8083, "kata sandi ", "ana")


def test_own_address_and_a_trusted_key_go_along() -> None:
    typed = Typed("ruang", "1", "", "ana", " 10.0.0.2 ", "50000")

    form = check(typed, b"key")

    assert form == JoinForm("ruang", 1, "", "ana", "10.0.0.2", 50_000, b"key")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = fields(check(Typed(" ", "", "", "", "", "70000")))

    assert wrong == [
        (JoinField.HOST, "trouble.host_empty"),
        (JoinField.PORT, "trouble.port"),
        (JoinField.NAME, "name.empty"),
        (JoinField.LOCAL_PORT, "trouble.port"),
    ]


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "80a", "٨٠", "8" * 5000, "8 0"])
def test_what_is_no_port_is_refused(port: str) -> None:
    assert fields(check(Typed("h", port, "", "ana"))) == [(JoinField.PORT, "trouble.port")]


def test_a_password_may_be_empty() -> None:
    assert isinstance(check(Typed("h", "1", "", "ana")), JoinForm)


def test_a_name_that_cannot_be_is_refused_before_anything_is_sent() -> None:
    assert check_name("a" * 33) == Trouble(JoinField.NAME, "name.too_long")
    assert check_name("ana") is None


@pytest.mark.parametrize(
    ("event", "where", "key"),
    [
        (JoinFailed(JoinField.HOST, "trouble.host"), JoinField.HOST, "trouble.host"),
        (NameRefused("ana", Code.NAME_TAKEN), JoinField.NAME, "name.taken"),
        (NameRefused("ana", Code.NAME_INVALID, "marks"), JoinField.NAME, "name.marks"),
        (NameRefused("ana", Code.NAME_INVALID), JoinField.NAME, "name.character"),
        (PasswordRefused(), JoinField.PASSWORD, "trouble.password"),
        (Ended(EndReason.UNREACHABLE), JoinField.HOST, "ended.unreachable"),
        (Ended(EndReason.KICKED), JoinField.FORM, "ended.kicked"),
        (Ended(EndReason.BANNED), JoinField.FORM, "ended.banned"),
        (Ended(EndReason.BANNED, until=5), JoinField.FORM, "ended.banned_until"),
        (Ended(EndReason.REFUSED), JoinField.FORM, "ended.full"),
        (Crashed("disk"), JoinField.FORM, "ended.crashed"),
    ],
)
def test_each_trouble_stands_beside_its_field(event: object, where: JoinField, key: str) -> None:
    trouble = trouble_of(event)

    assert trouble is not None
    assert (trouble.field, trouble.key) == (where, key)


@pytest.mark.parametrize(
    "event", [Ended(EndReason.LEFT), Ended(EndReason.KEY_CHANGED), KeyChanged(b"a", b"b"), None]
)
def test_what_is_no_trouble_of_the_form_says_nothing(event: object) -> None:
    assert trouble_of(event) is None


def test_sentences_fill_in_what_is_known() -> None:
    say = Texts("en")
    delayed = trouble_of(PasswordDelayed(7.6))
    banned = trouble_of(Ended(EndReason.BANNED, "enough", until=5))
    kicked = trouble_of(Ended(EndReason.KICKED))
    assert delayed is not None
    assert banned is not None
    assert kicked is not None

    assert "8 s" in trouble_sentence(delayed, say, "")
    assert "until noon. enough" in trouble_sentence(banned, say, "noon")
    assert trouble_sentence(kicked, say, "") == "The operator took you out of the room."


@pytest.mark.parametrize("reason", sorted(set(EndReason) - SAID_OTHERWISE, key=str))
def test_every_end_but_ones_own_and_a_changed_key_has_its_sentence(reason: EndReason) -> None:
    trouble = trouble_of(Ended(reason))

    assert trouble is not None
    assert trouble.key in TEXTS


# --- accounts ---


def test_whoever_has_an_account_needs_no_other_name() -> None:
    typed = Typed("h", "1", "", "", way=Way.LOG_IN, user=" ana ", account_password="kopi")

    assert check(typed) == JoinForm("h", 1, "", "", account="ana")


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (
            Typed("h", "1", way=Way.LOG_IN),
            [
                (JoinField.USER, "name.empty"),
                (JoinField.ACCOUNT_PASSWORD, "account.password_empty"),
            ],
        ),
        (
            Typed("h", "1", way=Way.REGISTER, user="ana", account_password="kopi", again="teh"),
            [(JoinField.AGAIN, "account.again_differs")],
        ),
    ],
)
def test_what_is_wrong_about_an_account_is_said_before_joining(
    typed: Typed, wrong: list[tuple[JoinField, str]]
) -> None:
    assert fields(check(typed)) == wrong


def test_a_new_password_is_typed_twice() -> None:
    assert check_password("kopi", "kopi") == []
    assert check_password("kopi") == []
    assert check_password(" ", " ") == [
        Trouble(JoinField.ACCOUNT_PASSWORD, "account.password_empty")
    ]


def test_the_form_becomes_a_request() -> None:
    typed = Typed(
        user="ana", account_password="kopi", full_name=" Ana Maria ", country=" Indonesia "
    )

    assert account_request(typed, Way.LOG_IN) == LogIn(0, "ana", "kopi")
    assert account_request(typed, Way.REGISTER) == Register(
        0, "ana", "kopi", "Indonesia", "Ana Maria"
    )


@pytest.mark.parametrize(
    ("asked", "code", "where"),
    [
        (LogIn(0, "ana", "x"), Code.WRONG_LOGIN, JoinField.ACCOUNT_PASSWORD),
        (LogIn(0, "ana", "x"), Code.TOO_MANY_GUESSES, JoinField.ACCOUNT_PASSWORD),
        (LogIn(0, "ana", "x"), Code.BANNED, JoinField.FORM),
        (ChangePassword(0, "x", "y"), Code.WRONG_LOGIN, JoinField.OLD_PASSWORD),
        (Register(0, "ana", "x"), Code.NAME_TAKEN, JoinField.USER),
        (Register(0, "ana", "x"), Code.NAME_INVALID, JoinField.USER),
        (Register(0, "ana", "x"), Code.BAD_REQUEST, JoinField.COUNTRY),
        (ChangeName(0, "ana"), Code.NAME_TAKEN, JoinField.NAME),
        (AddGroup(0, "bagan"), Code.GROUP_EXISTS, JoinField.GROUP),
        (JoinGroup(0, "bagan"), Code.NO_SUCH_GROUP, JoinField.GROUP),
        (OpenPrivate(0, "ana"), Code.NO_SUCH_USER, JoinField.USER),
        (OpenPrivate(0, "ana"), Code.BAD_REQUEST, JoinField.USER),
        (LogOut(0), Code.NO_SUCH_USER, JoinField.FORM),
        (LogOut(0), Code.NO_SESSION, JoinField.FORM),
    ],
)
def test_why_a_request_was_refused_stands_beside_its_field(
    asked: Request, code: Code, where: JoinField
) -> None:
    assert field_of(asked, Answered(0, code)) is where


# --- another realm ---


def test_what_is_typed_of_a_realm_is_checked_before_anybody_is_asked() -> None:
    assert check_realm("", " 10.0.0.2 ", " 8083 ") == []
    assert check_realm(" kampus-b ", "kampus.example", "1") == []
    assert fields(check_realm("kampus b", " ", "99999")) == [
        (JoinField.REALM, "answer.realm_name"),
        (JoinField.HOST, "trouble.host_empty"),
        (JoinField.PORT, "trouble.port"),
    ]


@pytest.mark.parametrize(
    ("answered", "where", "begins"),
    [
        (
            Answered(1, Code.REALM_EXISTS, reason="kampus-b"),
            JoinField.REALM,
            "It is linked already, or another realm is called so: kampus-b",
        ),
        (Answered(1, Code.REALM_UNREACHABLE), JoinField.HOST, "No server answers"),
        (Answered(1, Code.WRONG_PASSWORD), JoinField.PASSWORD, "The room there has another"),
        (Answered(1, Code.TOO_MANY_GUESSES, wait=30), JoinField.FORM, "Too many"),
        (Answered(1, Code.NOT_ALLOWED), JoinField.FORM, "Realms are added by the operator"),
        (Answered(1, Code.SERVER_FULL), JoinField.FORM, "No more realms"),
        (Answered(1, Code.BAD_REQUEST, reason="name"), JoinField.REALM, "A realm's name has"),
        (Answered(1, Code.BAD_REQUEST, reason="self"), JoinField.HOST, "This is the server"),
        (Answered(1, Code.BAD_REQUEST, reason="password"), JoinField.PASSWORD, "This password"),
        (Answered(1, Code.BAD_REQUEST, reason="address"), JoinField.HOST, "There can be no server"),
    ],
)
def test_why_a_realm_was_not_added_stands_beside_its_field(
    answered: Answered, where: JoinField, begins: str
) -> None:
    trouble = realm_trouble(answered)

    assert trouble is not None
    assert trouble.field is where
    assert trouble_sentence(trouble, Texts("en"), "").startswith(begins)


def test_another_reason_has_the_sentence_that_all_requests_have() -> None:
    assert realm_trouble(Answered(1, Code.DISK_FULL)) is None
