"""What the join window asks for, what can be wrong with it, and where the sentence then stands.

Band: cores. Pure: knows no window, no socket and no clock. The entry point takes a ``JoinForm``,
makes a driver and a core for it, and reports what went wrong on the way as ``JoinFailed``.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from auth import NameInvalid, normalise_name
from client_events import (
    Crashed,
    Ended,
    EndReason,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
)
from protocol import Code
from texts import Texts

DEFAULT_PORT = 8083
PORTS = range(1, 65_536)


class JoinField(Enum):
    """Where in the join window something stands."""

    HOST = auto()
    PORT = auto()
    PASSWORD = auto()
    NAME = auto()
    LOCAL_HOST = auto()
    LOCAL_PORT = auto()
    FORM = auto()  # no field in particular: above the button


@dataclass(frozen=True, slots=True)
class JoinForm:
    """What is needed to enter a room. ``trusted_key``: the user compared this new key and took it.

    ``local_host`` "" and ``local_port`` 0: whatever the system chooses. ``account``: whose login
    follows at once; ``name`` is a passing one then, not to be remembered.
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
    if name_trouble := check_name(typed.name):
        troubles.append(name_trouble)
    if local_port != 0 and local_port not in PORTS:
        troubles.append(Trouble(JoinField.LOCAL_PORT, "trouble.port"))
    if troubles:
        return troubles
    return JoinForm(
        typed.host.strip(),
        port,
        typed.password,
        normalise_name(typed.name),
        typed.local_host.strip(),
        local_port,
        trusted_key,
    )


def check_name(name: str) -> Trouble | None:
    """What the server would refuse about a name whoever else is there."""
    try:
        normalise_name(name)
    except NameInvalid as invalid:
        return Trouble(JoinField.NAME, f"name.{invalid.reason.value}")
    return None


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
