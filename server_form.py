"""What an operator types to start a server: checked, or answered beside the field it is about.

Band: cores. Imports words alone; asks no socket and no disk, so what only they know comes back
later as a StartFailed.
"""

import errno
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from protocol import MAX_ROOM_NAME

EVERY_NETWORK = "0.0.0.0"
_WINDOWS_IN_USE, _WINDOWS_NOT_AVAILABLE, _WINDOWS_FORBIDDEN = 10048, 10049, 10013  # WSAE...


class FormField(Enum):
    """Beside which field a sentence stands."""

    ROOM_NAME = auto()
    BIND = auto()
    PORT = auto()
    PASSWORD = auto()
    DATA = auto()  # the folder with database and archive; shown below the form


@dataclass(frozen=True, slots=True)
class ServerForm:
    """What a server is started with, already checked. ``password`` may be empty if ``is_open``."""

    room_name: str
    bind: str
    port: int
    password: str = field(repr=False)
    is_open: bool = False  # the operator said in words that everyone may enter


@dataclass(frozen=True, slots=True)
class StartFailed:
    """Why the server does not run: ``say(key, **fields)`` is a sentence saying what to do.

    Put into the window's queue by the entry point, beside the events of the core.
    """

    field: FormField
    key: str
    fields: Mapping[str, str]


def read_form(
    room_name: str, bind: str, port: str, password: str, *, is_open: bool
) -> ServerForm | tuple[StartFailed, ...]:
    """What was typed, as something to start with or as all that is wrong with it."""
    room_name, bind, port = room_name.strip(), bind.strip(), port.strip()
    problems = [
        problem
        for problem in (
            _room_name_problem(room_name),
            _bind_problem(bind),
            _port_problem(port),
            _password_problem(password, is_open),
        )
        if problem is not None
    ]
    if problems:
        return tuple(problems)
    return ServerForm(room_name, bind, int(port), password, is_open and not password)


def explain_bind_error(error: OSError, bind: str, port: int) -> StartFailed:
    """For the entry point: an error of binding the socket, as a sentence beside its field."""
    code = getattr(error, "winerror", None) or error.errno
    if code in (errno.EADDRINUSE, _WINDOWS_IN_USE):
        return StartFailed(FormField.PORT, "server.error.port_taken", {"port": str(port)})
    if code in (errno.EADDRNOTAVAIL, _WINDOWS_NOT_AVAILABLE):
        return StartFailed(FormField.BIND, "server.error.ip_elsewhere", {"ip": bind})
    if code in (errno.EACCES, _WINDOWS_FORBIDDEN):
        return StartFailed(FormField.PORT, "server.error.port_forbidden", {"port": str(port)})
    return StartFailed(
        FormField.BIND, "server.error.bind", {"reason": error.strerror or str(error)}
    )


def explain_folder_in_use(folder: str) -> StartFailed:
    """For the entry point: another server runs on this folder."""
    return StartFailed(FormField.DATA, "server.error.folder_in_use", {"folder": folder})


def explain_folder_error(folder: str, reason: str) -> StartFailed:
    """For the entry point: the database or the key could not be opened or made."""
    fields = {"folder": folder, "reason": reason}
    return StartFailed(FormField.DATA, "server.error.folder", fields)


def _room_name_problem(name: str) -> StartFailed | None:
    if not name:
        return StartFailed(FormField.ROOM_NAME, "server.error.room_name_empty", {})
    if len(name.encode("utf-8", "replace")) > MAX_ROOM_NAME:
        return StartFailed(FormField.ROOM_NAME, "server.error.room_name_long", {})
    if not name.isprintable():
        return StartFailed(FormField.ROOM_NAME, "server.error.room_name_characters", {})
    return None


def _bind_problem(bind: str) -> StartFailed | None:
    try:
        ipaddress.ip_address(bind)
    except ValueError:
        return StartFailed(FormField.BIND, "server.error.ip_invalid", {})
    return None


def port_problem(port: str) -> str:
    """The key of what is wrong with it; "" if it is a port."""
    if not (port.isascii() and port.isdecimal()):
        return "server.error.port_number"
    if len(port) > 5 or not 1 <= int(port) <= 65_535:
        return "server.error.port_range"
    return ""


def _port_problem(port: str) -> StartFailed | None:
    key = port_problem(port)
    return StartFailed(FormField.PORT, key, {}) if key else None


def _password_problem(password: str, is_open: bool) -> StartFailed | None:
    if not password and not is_open:
        return StartFailed(FormField.PASSWORD, "server.error.password_empty", {})
    if password != password.strip():
        return StartFailed(FormField.PASSWORD, "server.error.password_spaces", {})
    return None
