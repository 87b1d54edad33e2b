"""A server without a window: what the operator types, and what is written down of what happens.

Band: cores. Pure: lines and events go in, commands and lines come out. Whatever came from a peer
is cleaned by server_model before it gets into a line.
"""

import io
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from file_words import size_text
from protocol import Code
from server_events import (
    AddRealm,
    BanPerson,
    Command,
    CutRealm,
    DropRealm,
    Event,
    FileRow,
    FilesListed,
    HappeningKind,
    Kick,
    ListFiles,
    ListRealms,
    Mute,
    OperatorAnswered,
    RealmRow,
    RealmsListed,
    RealmState,
    RemoveFile,
    ResetPassword,
    RestoreRealm,
    Started,
    Stop,
    Unban,
    Unmute,
)
from server_form import StartFailed
from server_model import (
    PersonLine,
    ServerModel,
    clean,
    command_name,
    format_address,
    trouble_key,
)
from texts import Texts

MAX_MINUTES = 60 * 24 * 366 * 10  # beyond it nobody means an end


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines for the operator alone."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Spelling:
    usage: str
    make: Callable[[str, int | None], Command]
    has_minutes: bool = False


_COMMANDS = {
    "kick": _Spelling("/kick USER", lambda name, _: Kick(name)),
    "ban": _Spelling("/ban USER [MINUTES]", BanPerson, has_minutes=True),
    "unban": _Spelling("/unban USER", lambda name, _: Unban(name)),
    "mute": _Spelling("/mute USER [MINUTES]", Mute, has_minutes=True),
    "unmute": _Spelling("/unmute USER", lambda name, _: Unmute(name)),
    "cutrealm": _Spelling("/cutrealm NAME", lambda name, _: CutRealm(name)),
    "restorerealm": _Spelling("/restorerealm NAME", lambda name, _: RestoreRealm(name)),
    "delrealm": _Spelling("/delrealm NAME", lambda name, _: DropRealm(name)),
    "reset": _Spelling("/reset USER", lambda name, _: ResetPassword(name)),
}


_STATES = {
    RealmState.LINKED: "console.realm_linked",
    RealmState.AWAY: "console.realm_away",
    RealmState.CUT: "console.realm_cut",
}
_TROUBLES = {  # with a realm that is away, and what to do
    HappeningKind.REALM_KEY_CHANGED: "console.realm_other_key",
    HappeningKind.REALM_PASSWORD: "console.realm_other_password",
    HappeningKind.REALM_REFUSED: "console.realm_refuses",
}


class Console:
    """The operator's side of a headless server. Owned by the main thread."""

    def __init__(self, say: Texts) -> None:
        self._say = say
        self._model = ServerModel(say)
        self._files: tuple[FileRow, ...] = ()  # as the operator saw them last

    def interpret(self, line: str) -> Command | Shown | None:
        """What a typed line asks for; None: nothing."""
        line = line.strip()
        if not line:
            return None
        if line == "exit":
            return Stop()
        try:
            words = shlex.split(line)
        except ValueError:  # a quote without its end
            words = line.split()
        name, arguments = words[0].removeprefix("/").casefold(), words[1:]
        if name == "addrealm":
            return self._add_realm(line)
        if (spelling := _COMMANDS.get(name)) is not None:
            return self._person_command(spelling, arguments)
        return self._interpret_other(words[0], name, arguments)

    def _interpret_other(self, typed: str, name: str, arguments: list[str]) -> Command | Shown:
        match name:
            case "help":
                return Shown(tuple(self._say("console.help").splitlines()))
            case "info":
                return Shown((self._model.header, *map(_row, self._model.people())))
            case "files" if not arguments:
                return ListFiles()
            case "removefile":
                return self._remove_file(arguments)
            case "realms" if not arguments:
                return ListRealms()
            case _:
                return Shown((self._say("console.unknown", command=clean(typed)),))

    def _person_command(self, spelling: _Spelling, arguments: list[str]) -> Command | Shown:
        minutes = None
        if spelling.has_minutes and len(arguments) == 2:
            minutes = _minutes(arguments.pop())
            if minutes is None:
                arguments = []
        if len(arguments) != 1:
            return Shown((self._say("console.usage", usage=spelling.usage),))
        return spelling.make(arguments[0], minutes)

    def _remove_file(self, arguments: list[str]) -> Command | Shown:
        if len(arguments) != 1:
            return Shown((self._say("console.usage", usage="/removefile NUMBER"),))
        number = _whole(arguments[0])
        if number is None or not 0 < number <= len(self._files):
            return Shown((self._say("console.no_number", number=clean(arguments[0])),))
        row = self._files[number - 1]
        return RemoveFile(row.file, row.name)

    def files(self, listed: FilesListed) -> tuple[str, ...]:
        """What the operator reads about the files; /removefile knows their numbers from now on."""
        self._files = listed.files
        space = listed.space
        used, limit, free = (
            size_text(size, self._say) for size in (space.used, space.limit, space.free)
        )
        head = self._say("console.files", used=used, limit=limit, free=free)
        return (head, *(self._file(number, row) for number, row in enumerate(listed.files, 1)))

    def _file(self, number: int, row: FileRow) -> str:
        file = f"{clean(row.name) or row.file.hex()[:16]} · {size_text(row.size, self._say)}"
        return self._say("console.file", number=number, file=file, person=clean(row.person) or "—")

    def _add_realm(self, line: str) -> Command | Shown:
        try:
            (_, name, host, typed), password = _words_and_rest(line, 4)
            if (port := _whole(typed)) is None:
                raise ValueError("no port")
        except ValueError:
            usage = "/addrealm NAME ADDRESS PORT [PASSWORD]"
            return Shown((self._say("console.usage", usage=usage),))
        return AddRealm(name, host, port, password)

    def realms(self, listed: RealmsListed) -> tuple[str, ...]:
        """What the operator reads about the links."""
        return tuple(map(self._realm, listed.realms)) or (self._say("console.no_realms"),)

    def _realm(self, row: RealmRow) -> str:
        name = clean(row.name)
        realm = self._say(
            "console.realm",
            name=name,
            state=self._say(_STATES[row.state]),
            address=format_address(row.address),
            waiting=row.waiting,
        )
        if row.trouble not in _TROUBLES:
            return realm
        trouble = self._say(_TROUBLES[row.trouble], name=name)
        return self._say("console.realm_trouble", realm=realm, trouble=trouble)

    def apply(self, event: Event | StartFailed) -> None:
        """Take one event in, so that /info knows."""
        self._model.apply(event)

    def answer(self, answered: OperatorAnswered) -> str:
        """What the operator reads about a command."""
        name = clean(command_name(answered.command))
        if answered.secret:
            return self._say("console.reset", name=name, code=answered.secret)
        if answered.code is Code.OK and isinstance(answered.command, AddRealm):
            return self._say("console.realm_added", name=name)
        if answered.code is Code.OK and answered.calls_us:
            return self._say("console.realm_comes_back", name=name)
        if answered.code is Code.OK:
            return self._say("console.done", command=name)
        return self._say(trouble_key(answered), name=name)


class EventLog:
    """Events as lines of server.log. Owned by the thread that applies them."""

    def __init__(self, say: Texts) -> None:
        self._model = ServerModel(say)
        self._written = 0

    def lines(self, event: Event) -> list[str]:
        """One line for each thing worth keeping; none for the report of every second."""
        self._model.apply(event)
        new = self._model.log_lines_made - self._written
        self._written = self._model.log_lines_made
        return [self._model.log_text(line)[1] for line in list(self._model.log)[-new:] if new]


def ready_line(started: Started, groups: str) -> str:
    """What a script that starts a server waits for; its form never changes."""
    host, port = started.address
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"ready {place} key {groups}"


def _words_and_rest(line: str, count: int) -> tuple[list[str], str]:
    """So many words, and all that follows as it stands, or what it holds if it is in quotes.

    Raises ValueError: too few words, or a quote without its end.
    """
    typed = io.StringIO(line)
    lexer = shlex.shlex(typed, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words = [word for _ in range(count) if (word := lexer.get_token()) is not None]
    rest = typed.read().strip()
    if rest.startswith(("'", '"')):
        (rest,) = shlex.split(rest)
    if len(words) < count:
        raise ValueError("too few words")
    return words, rest


def _minutes(text: str) -> int | None:
    minutes = _whole(text)
    return minutes if minutes is not None and 0 < minutes <= MAX_MINUTES else None


def _whole(text: str) -> int | None:
    return int(text[:12]) if text.isascii() and text.isdigit() else None


def _row(line: PersonLine) -> str:
    return f"{line.label}  {line.address}  {line.round_trip}  {line.loss}  {line.since}"
