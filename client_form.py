"""What the join window and the account's dialogs ask for, what can be wrong with it, and where the
sentence then stands.

Band: cores. Pure: knows no window, no socket and no clock. The entry point takes a ``JoinForm``,
makes a driver and a core for it, and reports what went wrong on the way as ``JoinFailed``.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from auth import NameInvalid, normalise_name
from client_events import (
    AddGroup,
    Answered,
    ChangeName,
    ChangePassword,
    Crashed,
    Ended,
    EndReason,
    JoinGroup,
    LogIn,
    NameRefused,
    OpenPrivate,
    PasswordDelayed,
    PasswordRefused,
    Register,
    Request,
)
from protocol import Code
from realms import is_alias
from texts import Texts

DEFAULT_PORT = 8083
PORTS = range(1, 65_536)


class Way(Enum):
    """As whom one enters."""

    GUEST = "guest"
    LOG_IN = "log_in"
    REGISTER = "register"


class JoinField(Enum):
    """Where in the join window, or in a dialog about the account, something stands."""

    HOST = auto()
    PORT = auto()
    PASSWORD = auto()
    NAME = auto()
    LOCAL_HOST = auto()
    LOCAL_PORT = auto()
    USER = auto()  # name of an account
    ACCOUNT_PASSWORD = auto()
    AGAIN = auto()  # a new password, for the second time
    OLD_PASSWORD = auto()
    FULL_NAME = auto()
    COUNTRY = auto()
    GROUP = auto()
    REALM = auto()  # what another server is to be called here
    FORM = auto()  # no field in particular: above the button


@dataclass(frozen=True, slots=True)
class JoinForm:
    """What is needed to enter a room. ``trusted_key``: the user compared this new key and took it.

    ``local_host`` "" and ``local_port`` 0: whatever the system chooses. ``account``: who logs in,
    as soon as the core asks who one is; ``name`` is empty then, or a passing one.
    """

    host: str
    port: int
    password: str = field(repr=False)
    name: str
    local_host: str = ""
    local_port: int = 0
    trusted_key: bytes | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the join window as they stand, unchecked."""

    host: str = ""
    port: str = str(DEFAULT_PORT)
    password: str = field(default="", repr=False)
    name: str = ""
    local_host: str = ""
    local_port: str = ""
    way: Way = Way.GUEST
    user: str = ""
    account_password: str = field(default="", repr=False)
    again: str = field(default="", repr=False)
    full_name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """An event of the entry point: joining ended before the core could say anything.

    ``key`` names a sentence in texts.py without fields (``trouble.host``: no such computer;
    ``trouble.local_host``, ``trouble.local_port``: own address cannot be used).
    """

    field: JoinField
    key: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence (a key of texts.py) and the field it stands beside."""

    field: JoinField
    key: str
    wait: float = 0.0  # seconds until it is tried again by itself; fills {wait}
    text: str = ""  # the operator's words; fills {text}
    until: int = 0  # UTC milliseconds; 0: no end


def check(typed: Typed, trusted_key: bytes | None = None) -> JoinForm | list[Trouble]:
    """The form, or what is wrong with each field that has something wrong."""
    troubles = []
    port, local_port = _port(typed.port), _port(typed.local_port, "0")
    if not typed.host.strip():
        troubles.append(Trouble(JoinField.HOST, "trouble.host_empty"))
    if port not in PORTS:
        troubles.append(Trouble(JoinField.PORT, "trouble.port"))
    troubles += check_identity(typed)
    if local_port != 0 and local_port not in PORTS:
        troubles.append(Trouble(JoinField.LOCAL_PORT, "trouble.port"))
    if troubles:
        return troubles
    is_guest = typed.way is Way.GUEST
    return JoinForm(
        typed.host.strip(),
        port,
        typed.password,
        normalise_name(typed.name) if is_guest else "",
        typed.local_host.strip(),
        local_port,
        trusted_key,
        "" if is_guest else normalise_name(typed.user),
    )


def check_identity(typed: Typed) -> list[Trouble]:
    """What is wrong about who one wants to be."""
    match typed.way:
        case Way.GUEST:
            trouble = check_name(typed.name)
            return [trouble] if trouble else []
        case Way.LOG_IN:
            return check_account(typed.user, typed.account_password)
        case _:
            return check_account(typed.user, typed.account_password, typed.again)


def check_name(name: str, where: JoinField = JoinField.NAME) -> Trouble | None:
    """What the server would refuse about a name whoever else is there."""
    try:
        normalise_name(name)
    except NameInvalid as invalid:
        return Trouble(where, f"name.{invalid.reason.value}")
    return None


def check_account(user: str, password: str, again: str | None = None) -> list[Trouble]:
    """``again``: the new password for the second time; None: it is not a new one."""
    troubles = []
    if name_trouble := check_name(user, JoinField.USER):
        troubles.append(name_trouble)
    return troubles + check_password(password, again)


def check_password(password: str, again: str | None = None) -> list[Trouble]:
    """Of an account; ``again`` as above."""
    if not password.strip():
        return [Trouble(JoinField.ACCOUNT_PASSWORD, "account.password_empty")]
    if again is not None and again != password:
        return [Trouble(JoinField.AGAIN, "account.again_differs")]
    return []


def account_request(typed: Typed, way: Way) -> Register | LogIn:
    """What to ask of the server; the ticket is given when that is done."""
    if way is Way.REGISTER:
        details = (typed.country.strip(), typed.full_name.strip())
        return Register(0, typed.user, typed.account_password, *details)
    return LogIn(0, typed.user, typed.account_password)


_FIELDS: dict[type[Request], JoinField] = {  # of which the name may be refused
    Register: JoinField.USER,
    ChangeName: JoinField.NAME,
    AddGroup: JoinField.GROUP,
    JoinGroup: JoinField.GROUP,
    OpenPrivate: JoinField.USER,
}
_NAME_CODES = {
    Code.NAME_TAKEN,
    Code.NAME_INVALID,
    Code.GROUP_EXISTS,
    Code.NO_SUCH_GROUP,
    Code.NO_SUCH_USER,
    Code.ALREADY_A_MEMBER,
}


def field_of(asked: Request, answered: Answered) -> JoinField:
    """Where it stands why a request was refused."""
    is_guess = answered.code in (Code.WRONG_LOGIN, Code.TOO_MANY_GUESSES)
    match asked:
        case ChangePassword() if is_guess:
            return JoinField.OLD_PASSWORD
        case _ if is_guess:
            return JoinField.ACCOUNT_PASSWORD
        case Register() if answered.code is Code.BAD_REQUEST:
            return JoinField.COUNTRY
        case OpenPrivate() if answered.code is Code.BAD_REQUEST:
            return JoinField.USER
        case _ if answered.code in _NAME_CODES:
            return _FIELDS.get(type(asked), JoinField.FORM)
        case _:
            return JoinField.FORM


# --- another realm ---

_REALM_TROUBLES: dict[Code, tuple[JoinField, str]] = {
    Code.REALM_EXISTS: (JoinField.REALM, "realm.exists"),
    Code.REALM_UNREACHABLE: (JoinField.HOST, "realm.unreachable"),
    Code.WRONG_PASSWORD: (JoinField.PASSWORD, "realm.wrong_password"),
    Code.TOO_MANY_GUESSES: (JoinField.FORM, "answer.realm_too_many"),
    Code.NOT_ALLOWED: (JoinField.FORM, "answer.realm_not_allowed"),
    Code.SERVER_FULL: (JoinField.FORM, "answer.realms_full"),
}
_BAD_REALMS = {  # reasons of BAD_REQUEST
    "name": (JoinField.REALM, "answer.realm_name"),
    "password": (JoinField.PASSWORD, "answer.realm_password_long"),
    "self": (JoinField.HOST, "answer.realm_self"),
}


def check_realm(name: str, host: str, port: str) -> list[Trouble]:
    """What is wrong with what is typed of another realm; without a name it is called as its room
    is."""
    troubles = []
    if name.strip() and not is_alias(name.strip()):
        troubles.append(Trouble(JoinField.REALM, "answer.realm_name"))
    if not host.strip():
        troubles.append(Trouble(JoinField.HOST, "trouble.host_empty"))
    if _port(port) not in PORTS:
        troubles.append(Trouble(JoinField.PORT, "trouble.port"))
    return troubles


def realm_trouble(answered: Answered) -> Trouble | None:
    """Where it stands why a realm was not added; None: there is no sentence for that alone."""
    where = _REALM_TROUBLES.get(answered.code)
    if answered.code is Code.BAD_REQUEST:
        where = _BAD_REALMS.get(answered.reason, (JoinField.HOST, "answer.realm_address"))
    if where is None:
        return None
    return Trouble(*where, wait=answered.wait, text=answered.reason)


def _port(typed: str, when_empty: str = "") -> int:
    digits = typed.strip() or when_empty
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else -1


_ENDED = {
    EndReason.KICKED: "ended.kicked",
    EndReason.BANNED: "ended.banned",
    EndReason.UNREACHABLE: "ended.unreachable",
    EndReason.REFUSED: "ended.full",
    EndReason.FALSE_SERVER: "ended.false_server",
    EndReason.ELSEWHERE: "ended.elsewhere",
}


def trouble_of(event: object) -> Trouble | None:
    """Where the join window speaks of an event, and what it says; None: it says nothing."""
    match event:
        case JoinFailed():
            return Trouble(event.field, event.key)
        case NameRefused():
            is_taken = event.code is Code.NAME_TAKEN
            key = "name.taken" if is_taken else f"name.{event.reason or 'character'}"
            return Trouble(JoinField.NAME, key)
        case PasswordRefused():
            return Trouble(JoinField.PASSWORD, "trouble.password")
        case PasswordDelayed():
            return Trouble(JoinField.PASSWORD, "trouble.password_delayed", wait=event.wait)
        case Crashed():
            return Trouble(JoinField.FORM, "ended.crashed", text=event.error)
        case Ended():
            return _trouble_of_end(event)
        case _:
            return None


def _trouble_of_end(event: Ended) -> Trouble | None:
    """Why the core stopped; None for one's own exit and for a key: of that, KeyChanged told."""
    key = _ENDED.get(event.reason)
    if key is None:
        return None
    where = JoinField.HOST if event.reason is EndReason.UNREACHABLE else JoinField.FORM
    if event.reason is EndReason.BANNED and event.until:
        key = "ended.banned_until"
    return Trouble(where, key, text=event.text, until=event.until)


def trouble_sentence(trouble: Trouble, say: Texts, until: str) -> str:
    """What to say beside the field; ``until``: ``trouble.until`` in the user's words."""
    wait = max(1, round(trouble.wait))
    return say(trouble.key, wait=wait, text=trouble.text, until=until).strip()
