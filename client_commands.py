"""What a user types into the message box, in window, terminal and script alike.

Band: cores. Pure: a line and what is known of the room go in, what is to be done comes out.
``COMMANDS`` is the table that /help and the documentation are made from.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from client_model import ClientModel
from conversation import is_postable_text
from protocol import MAX_TEXT, Code, JsonValue
from texts import Texts

SECRET_WORDS = frozenset({"register", "login", "auth"})  # what follows them holds a password


@dataclass(frozen=True, slots=True)
class Post:
    """Say this to the conversation."""

    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Begins like a command that holds a password: say it only if the user confirms."""

    text: str
    word: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Something to tell the user alone."""

    is_ok: bool
    command: str
    code: str  # "OK", a name of protocol.Code, or one of ours: UNKNOWN_COMMAND, USAGE
    message: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)


Outcome = Post | Ask | Exit | Answer


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table. ``run`` gets what follows the name. Its summary is ``command.NAME``."""

    name: str
    usage: str
    run: Callable[[str, ClientModel, Texts], Outcome]
    aliases: tuple[str, ...] = ()


def interpret(line: str, model: ClientModel, say: Texts) -> Outcome:
    """What a typed line means."""
    line = line.rstrip("\r\n")
    if line.strip() == "exit":
        return Exit()
    if line.startswith("//"):
        return check_text(line[1:], say)
    if line.startswith("/"):
        return _run(line, model, say)
    word = first_word(line)
    if word in SECRET_WORDS:
        checked = check_text(line, say)
        return Ask(line, word) if isinstance(checked, Post) else checked
    return check_text(line, say)


def first_word(line: str) -> str:
    """Folded, since LOGIN is typed as easily as login."""
    words = line.split(maxsplit=1)
    return words[0].casefold() if words else ""


def check_text(text: str, say: Texts) -> Post | Answer:
    """What can be known about a message before the server sees it."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # lone surrogates
        return _refuse(Code.TEXT_INVALID, say)
    if not is_postable_text(text):
        return _refuse(Code.TEXT_INVALID, say)
    if size > MAX_TEXT:
        return _refuse(Code.TEXT_TOO_LONG, say)
    return Post(text)


def refusal_sentence(code: Code, say: Texts) -> str:
    """Why a message was not taken."""
    key = _REFUSALS.get(code)
    return say("refused.other", code=code.name) if key is None else say(key)


_REFUSALS = {
    Code.TEXT_TOO_LONG: "refused.text_too_long",
    Code.TEXT_INVALID: "refused.text_invalid",
    Code.MUTED: "refused.muted",
    Code.DISK_FULL: "refused.disk_full",
}


def _refuse(code: Code, say: Texts) -> Answer:
    return Answer(False, "say", code.name, refusal_sentence(code, say))


def _run(line: str, model: ClientModel, say: Texts) -> Outcome:
    typed, _, rest = line[1:].partition(" ")
    command = find_command(typed)
    if command is None:
        shown = "/" + typed
        return Answer(False, typed, "UNKNOWN_COMMAND", say("command.unknown", command=shown))
    return command.run(rest.strip(), model, say)


def find_command(name: str) -> Command | None:
    """By name or alias, with or without its slash."""
    name = name.removeprefix("/").casefold()
    for command in COMMANDS:
        if name == command.name or name in command.aliases:
            return command
    return None


# --- what the commands do ---


def _help(rest: str, _: ClientModel, say: Texts) -> Outcome:
    if not rest:
        lines = [f"{usage} – {summary}" for usage, summary in command_lines(say)]  # noqa: RUF001
        message = "\n".join([say("command.help_head"), *lines])
        names: list[JsonValue] = [command.name for command in COMMANDS]
        return Answer(True, "help", "OK", message, {"commands": names})
    command = find_command(rest)
    if command is None:
        return Answer(False, "help", "UNKNOWN_COMMAND", say("command.unknown", command=rest))
    message = f"{command.usage} – {say(f'command.{command.name}')}"  # noqa: RUF001
    return Answer(True, "help", "OK", message, {"usage": command.usage})


def _info(rest: str, model: ClientModel, say: Texts) -> Outcome:
    if rest:
        return _usage("info", say)
    rows = model.people_rows()
    if not rows:
        return Answer(False, "info", Code.NO_SESSION.name, say("command.nobody"))
    names = [say("command.away", name=row.name) if row.is_away else row.name for row in rows]
    people: list[JsonValue] = [
        {"name": row.name, "presence": "away" if row.is_away else "here", "you": row.is_you}
        for row in rows
    ]
    message = say("command.active", count=len(rows), names=", ".join(names))
    return Answer(True, "info", "OK", message, {"room": model.room_name, "people": people})


def _say(rest: str, _: ClientModel, say: Texts) -> Outcome:
    try:
        text = json.loads(rest)
    except (ValueError, RecursionError):
        text = None
    return check_text(text, say) if isinstance(text, str) else _usage("say", say)


def _usage(name: str, say: Texts) -> Answer:
    command = find_command(name)
    assert command is not None
    return Answer(False, name, "USAGE", say("command.usage", usage=command.usage))


COMMANDS: tuple[Command, ...] = (
    Command("help", "/help [COMMAND]", _help),
    Command("info", "/info", _info),
    Command("say", '/say "JSON STRING"', _say),
)


def command_lines(say: Texts) -> list[tuple[str, str]]:
    """Usage and summary of all that can be typed, for /help and the documentation."""
    lines = [(command.usage, say(f"command.{command.name}")) for command in COMMANDS]
    return [*lines, ("//TEXT", say("command.slash")), ("exit", say("command.exit"))]
