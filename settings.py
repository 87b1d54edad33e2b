"""What can be set: limits with their reasons, flags, environment, and a server's own saved file.

Band: words. Imports words alone. Flag > environment > what was saved > default; passwords never
come from the command line, where every user of the computer could read them.
"""

import argparse
import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

from protocol import MAX_ROOM_NAME, Address
from texts import LANGUAGES, Texts, system_language

RELEASE: Final = "0.1.0"
DEFAULT_PORT: Final = 8083
SAVED_FILE: Final = "settings.json"
_UNITS: Final = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class Exit:
    """How a program ends, for whoever started it. Never reused for another meaning."""

    OK: Final = 0
    FAILURE: Final = 1
    USAGE: Final = 2
    UNREACHABLE: Final = 3
    REFUSED: Final = 4  # password, name, ban, changed key
    IN_USE: Final = 5
    INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what peers can make a server do, and its timers. Tests on one address raise some.

    Rates are per second, intervals in seconds. Source: docs/protocol.md.
    """

    handshakes_per_address: float = 20.0
    handshake_burst: float = 40.0
    handshakes_in_all: float = 400.0
    half_open: int = 2_000  # answered INITs without a first DATA
    half_open_per_address: int = 16
    half_open_timeout: float = 5.0
    not_entered: int = 1_000
    entering_timeout: float = 20.0
    entered: int = 6_000
    resets_per_address: float = 10.0
    resets_in_all: float = 500.0
    start_resets: float = 1_000.0
    keepalive_interval: float = 10.0
    away_timeout: float = 45.0
    gone_timeout: float = 120.0
    session_lifetime: float = 12 * 3600.0
    return_timeout: float = 120.0  # after a restart, for those marked present
    lag_bytes: int = 256 * 1024  # beyond it a session gets heads only and pulls
    log_cache_bytes: int = 4 * 1024 * 1024  # of each conversation, encoded, kept in memory
    pull_bytes: int = 64 * 1024  # at most, for one PULL
    file_bytes: int = 2 << 30  # of one file
    files_bytes: int = 10 << 30  # of all files, 4096 more for each
    free_bytes: int = 500 << 20  # left free on the disk, whatever is sent
    uploads: int = 4  # files of one person that are on their way at a time
    realm_links: int = 100  # other realms, and those that are being added
    realm_conversations: int = 10_000  # logs of one realm that are followed
    realm_people: int = 10_000  # of one realm that are known here
    realm_bytes: int = 1 << 30  # of entries and files that one realm may leave here
    realm_rate: float = 500.0  # entries of one realm; more are pulled later
    realm_contacts: float = 120.0  # a minute: people and groups that one realm looks for
    realm_requests: float = 100.0  # of one realm; more are served later


class WhoMayLink(Enum):
    """Who may add a link to another realm; with OFF there are none, in no direction."""

    USERS = "users"
    OPERATOR = "operator"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What ``python server.py`` runs with."""

    bind: str = "0.0.0.0"
    port: int = DEFAULT_PORT
    room_name: str = "Ruang"
    password: str = field(default="", repr=False)
    data: Path = Path(".")
    limits: Limits = Limits()
    realms: WhoMayLink = WhoMayLink.USERS
    is_watched: bool = False  # somebody looks at StatusReported, once a second


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The server's command line, understood. ``settings.password`` "" and not ``is_open``: none
    was given, neither now nor before.
    """

    settings: ServerSettings
    is_headless: bool = False
    is_open: bool = False  # the operator said in words that there is no password
    log_level: str = "info"
    language: str = "en"
    theme: str = "system"


class Mode(Enum):
    """How a client meets its user."""

    WINDOW = "window"
    TERMINAL = "terminal"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The client's command line, understood. None: not given."""

    mode: Mode = Mode.WINDOW
    place: Address | None = None  # host as typed
    name: str | None = None
    password: str | None = field(default=None, repr=False)
    local: Address | None = None
    trusted_key: str = ""  # hex digits: 16 of the groups or all 64
    language: str | None = None
    account: str | None = None  # to log in as
    account_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SavedServer:
    """What a server remembers beside its database, so that a restart is the same room."""

    room_name: str = "Ruang"
    bind: str = "0.0.0.0"
    port: int = DEFAULT_PORT
    password: str = field(default="", repr=False)
    is_open: bool = False
    language: str = "system"
    theme: str = "system"
    realms: str = WhoMayLink.USERS.value


def load_saved(data: Path) -> SavedServer:
    """What was saved; a damaged file is as if there were none."""
    try:
        content = json.loads((data / SAVED_FILE).read_bytes())
        saved = SavedServer(**content)
    except (OSError, ValueError, TypeError, RecursionError):
        return SavedServer()
    defaults = asdict(SavedServer())
    is_sound = all(type(value) is type(defaults[key]) for key, value in asdict(saved).items())
    is_sound = is_sound and _is_room_name(saved.room_name) and 0 < saved.port < 65536
    is_sound = is_sound and saved.realms in {who.value for who in WhoMayLink}
    return saved if is_sound else SavedServer()


def save_server(data: Path, saved: SavedServer) -> None:
    """Readable by this user alone, since it holds the password. Raises OSError."""
    temporary = data / f"{SAVED_FILE}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(saved), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(data / SAVED_FILE)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


# --- values on a command line; each raises ValueError with the key of a sentence ---


def parse_port(text: str) -> int:
    """A number from 1 to 65535."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise ValueError("cli.error.port")
    return int(text)


def parse_place(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """``HOST``, ``HOST:PORT``, ``[IPv6]:PORT`` or a bare IPv6 address."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("cli.error.place")
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
        if text.endswith(":"):
            raise ValueError("cli.error.port")
    if not host or any(character.isspace() for character in host):
        raise ValueError("cli.error.place")
    return (host, parse_port(port) if port else default_port)


def parse_key(text: str) -> str:
    """Hex digits of a key: its four groups, or the whole key."""
    digits = "".join(text.replace("-", " ").replace(":", " ").split()).upper()
    if len(digits) not in (16, 64) or not set(digits) <= set("0123456789ABCDEF"):
        raise ValueError("cli.error.key")
    return digits


def parse_size(text: str) -> int:
    """``500 MB``, ``20GB``: whole bytes, as ``size_text`` counts them."""
    found = re.fullmatch(r"(\d{1,6}) ?([MGT]B)", text.strip().upper(), re.ASCII)
    if found is None or int(found[1]) == 0:
        raise ValueError("cli.error.size")
    return int(found[1]) * _UNITS[found[2]]


def _room_name(text: str) -> str:
    if not _is_room_name(text):
        raise ValueError("cli.error.room_name")
    return text.strip()


def _is_room_name(text: str) -> bool:
    # First that it is printable: what a shell could not decode has no bytes either.
    return text.isprintable() and bool(text.strip()) and len(text.encode()) <= MAX_ROOM_NAME


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError("cli.error.language")
    return text


def _log_level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError("cli.error.log_level")
    return text


def _local(text: str) -> Address:
    host, port = parse_place(text, 0)
    return (host, port)


def _text_of(path: str) -> str:
    """A password file: its first line, without the line's end."""
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        raise ValueError("cli.error.password_file") from None
    return content.splitlines()[0] if content else ""


class _Parser(argparse.ArgumentParser):
    """Speaks the user's language; takes from the environment what no flag gave, checked alike."""

    def __init__(self, program: str, environment: Mapping[str, str], say: Texts) -> None:
        super().__init__(
            prog=f"python {program}.py", description=say(f"cli.{program}"), allow_abbrev=False
        )
        self._program = program
        self._environment = environment
        self._say = say
        self.add_argument(
            "--version",
            action="version",
            version=f"Ruang {RELEASE}",
            help=say("cli.version"),
        )

    def add(
        self,
        flag: str,
        parse: Callable[[str], object],
        metavar: str,
        variable: str = "",
        *,
        nargs: str | None = None,
    ) -> None:
        """``parse`` raises ValueError with the key of a sentence. The help has the flag's key."""
        key = f"cli.{self._program}.{flag.lstrip('-').replace('-', '_')}"
        note = f" [{variable}]" if variable else ""

        def convert(text: str) -> object:
            try:
                return parse(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(self._say(str(error), value=text)) from None

        # argparse converts a default that is a string as if it had been typed.
        default = self._environment.get(variable)
        help_text = self._say(key).replace("%", "%%") + note
        if nargs is not None:
            self.add_argument(
                flag, type=convert, metavar=metavar, default=default, help=help_text, nargs=nargs
            )
        else:
            self.add_argument(flag, type=convert, metavar=metavar, default=default, help=help_text)

    def add_switch(self, flag: str) -> None:
        key = f"cli.{self._program}.{flag.lstrip('-').replace('-', '_')}"
        self.add_argument(flag, action="store_true", help=self._say(key))


def _choose_language(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Before parsing, since --help has a language too."""
    for place, argument in enumerate(argv):
        flag, _, value = argument.partition("=")
        if flag == "--lang":
            wanted = value or (argv[place + 1] if place + 1 < len(argv) else "")
            if wanted in LANGUAGES:
                return wanted
    wanted = environment.get("RUANG_LANG", "")
    return wanted if wanted in LANGUAGES else system_language(environment)


def parse_server(
    argv: Sequence[str], environment: Mapping[str, str], program_folder: Path
) -> ServerOptions:
    """Raises SystemExit with Exit.USAGE, or 0 after --help and --version."""
    say = Texts(_choose_language(argv, environment))
    parser = _Parser("server", environment, say)
    parser.add_switch("--headless")
    parser.add("--bind", str, "IP", "RUANG_BIND")
    parser.add("--port", parse_port, "N", "RUANG_PORT")
    parser.add("--password-file", _text_of, "F", "RUANG_PASSWORD_FILE")
    parser.add_switch("--no-password")
    parser.add("--name", _room_name, "ROOM", "RUANG_ROOM")
    parser.add("--data", Path, "DIR", "RUANG_DATA")
    parser.add("--realms", _realms, "users|operator|off", "RUANG_REALMS")
    parser.add("--files-space", parse_size, "SIZE", "RUANG_FILES_SPACE")
    parser.add("--largest-file", parse_size, "SIZE", "RUANG_LARGEST_FILE")
    parser.add("--log-level", _log_level, "L", "RUANG_LOG_LEVEL")
    parser.add("--lang", _language, "en|id", "RUANG_LANG")
    given = parser.parse_args(argv)

    data = given.data or program_folder
    saved = load_saved(data)
    password = given.password_file
    if password is None:
        password = environment.get("RUANG_PASSWORD")
    if given.no_password:
        if password:
            parser.error(say("cli.error.no_password"))
    elif password is not None and not password.strip():
        parser.error(say("cli.error.password_empty"))
    is_open = given.no_password or (password is None and saved.is_open)
    if given.lang is None and saved.language in LANGUAGES:
        say = Texts(saved.language)
    return ServerOptions(
        settings=ServerSettings(
            bind=given.bind or saved.bind,
            port=given.port or saved.port,
            room_name=given.name or saved.room_name,
            password="" if is_open else (saved.password if password is None else password),
            data=data,
            limits=replace(
                Limits(),
                files_bytes=given.files_space or Limits().files_bytes,
                file_bytes=given.largest_file or Limits().file_bytes,
            ),
            realms=given.realms or WhoMayLink(saved.realms),
        ),
        is_headless=given.headless,
        is_open=is_open,
        log_level=given.log_level or "info",
        language=say.language,
        theme=saved.theme,
    )


def _realms(text: str) -> WhoMayLink:
    try:
        return WhoMayLink(text)
    except ValueError:
        raise ValueError("cli.error.realms") from None


def parse_client(argv: Sequence[str], environment: Mapping[str, str]) -> ClientOptions:
    """Raises SystemExit with Exit.USAGE, or 0 after --help and --version."""
    say = Texts(_choose_language(argv, environment))
    parser = _Parser("client", environment, say)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--terminal", action="store_true", help=say("cli.client.terminal"))
    ways.add_argument("--json", action="store_true", help=say("cli.client.json"))
    default_port = DEFAULT_PORT
    with contextlib.suppress(ValueError):
        default_port = parse_port(environment.get("RUANG_PORT", ""))
    parser.add(
        "place",
        lambda text: parse_place(text, default_port),
        "HOST[:PORT]",
        "RUANG_HOST",
        nargs="?",
    )
    parser.add("--name", str, "N", "RUANG_NAME")
    parser.add("--password-file", _text_of, "F", "RUANG_PASSWORD_FILE")
    parser.add("--login", str, "USER", "RUANG_LOGIN")
    parser.add("--login-password-file", _text_of, "F", "RUANG_LOGIN_PASSWORD_FILE")
    parser.add("--local", _local, "IP:PORT", "RUANG_LOCAL")
    parser.add("--trust-key", parse_key, "KEY")
    parser.add("--lang", _language, "en|id", "RUANG_LANG")
    given = parser.parse_args(argv)

    password = given.password_file
    if password is None:
        password = environment.get("RUANG_PASSWORD")
    account_password = given.login_password_file
    if account_password is None:
        account_password = environment.get("RUANG_LOGIN_PASSWORD")
    mode = Mode.JSON if given.json else Mode.TERMINAL if given.terminal else Mode.WINDOW
    if mode is Mode.JSON:
        is_somebody = given.name is not None or given.login is not None
        if given.place is None or not is_somebody or password is None:
            parser.error(say("cli.error.json_needs"))
        if given.login is not None and account_password is None:
            parser.error(say("cli.error.login_needs"))
    return ClientOptions(
        mode,
        given.place,
        given.name,
        password,
        given.local,
        given.trust_key or "",
        given.lang,
        given.login,
        account_password,
    )


def how_to_install_tkinter(platform: str, os_release: str) -> str:
    """The command of this system. ``os_release``: text of /etc/os-release, "" elsewhere."""
    if platform == "win32":
        return "Python installer → Modify → tcl/tk and IDLE"
    if platform == "darwin":
        return "brew install python-tk"
    for family, command in _TKINTER_COMMANDS.items():
        if family in os_release.casefold():
            return command
    return " / ".join(_TKINTER_COMMANDS.values())


def read_os_release() -> str:
    """What a Linux says it is; "" elsewhere."""
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


_TKINTER_COMMANDS: Final = {
    "debian": "sudo apt install python3-tk",
    "fedora": "sudo dnf install python3-tkinter",
    "arch": "sudo pacman -S tk",
    "suse": "sudo zypper install python3-tk",
}
