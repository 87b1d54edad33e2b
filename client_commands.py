"""What a user types into the message box, in window, terminal and script alike.

Band: cores. Pure: a line and what is known of the room go in, what is to be done comes out; doing
it is the matter of client_errands.py. ``COMMANDS`` is the table that /help and docs/commands.md
are made from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from client_arguments import (
    parse_json_string,
    parse_name,
    parse_name_and_path,
    parse_name_and_rest,
    parse_name_and_text,
    parse_words,
)
from client_events import (
    AddGroup,
    AskGroups,
    AskMembers,
    ChangeName,
    ChangePassword,
    Found,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    Register,
    Request,
    Search,
)
from client_file_events import FileTrouble
from client_model import ClientModel
from client_realm_events import AddRealm, AskRealms
from conversation import ConversationKind, is_postable_text
from protocol import MAX_TEXT, Code, JsonValue
from realms import at_realm
from texts import Texts

SECRET_WORDS = frozenset({"register", "login", "auth"})  # what follows them holds a password
_WITH_PASSWORDS = SECRET_WORDS | {"passwd", "addrealm"}
MAX_PORT = 65535
_COMMAND_LINE = re.compile(r"/(\S*)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Post:
    """Say this to the conversation."""

    text: str


@dataclass(frozen=True, slots=True)
class Send:
    """Say this to somebody, or to a group, by name. ``joins``: the group, if one is no member."""

    command: str
    kind: ConversationKind
    name: str
    text: str
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """Share a file of this computer with the room, somebody or a group. ``path``: as typed;
    ``joins``: the group, if one is no member."""

    command: str
    kind: ConversationKind
    name: str
    path: str
    joins: bool = False


@dataclass(frozen=True, slots=True)
class ListFiles:
    """What was shared in a conversation: one that was named, or else the one looked at."""

    place: str = ""


@dataclass(frozen=True, slots=True)
class Get:
    """Save a file that was shared in such a conversation; ``folder`` empty: the usual one."""

    file: str  # the number of its entry, or its name
    place: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Ask this of the server; its ticket is given when that is done."""

    request: Request


@dataclass(frozen=True, slots=True)
class ReadInbox:
    """Show what is unread, and mark it read. ``realm``: of that realm alone; None: all."""

    realm: str | None = None


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
    """Something to tell the user alone. ``found``: entries to show below it, if it lists any."""

    is_ok: bool
    command: str
    code: str  # "OK", a name of protocol.Code, or one of OWN_CODES
    message: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)
    found: tuple[Found, ...] | None = None


Errand = Post | Send | Share | ListFiles | Get | Do | ReadInbox  # what client_errands.py does
Outcome = Errand | Ask | Exit | Answer

OWN_CODES = {  # of answers that need no server, and what they mean
    "UNKNOWN_COMMAND": "command.unknown",
    "USAGE": "command.usage",
    "NOT_THE_OPERATOR": "command.not_the_operator",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table. Its summary is ``command.NAME``.

    ``run`` gets what follows the name, and raises ValueError if that is not as ``usage`` says.
    ``failures``: what it may be answered with, besides the codes of every command.
    """

    name: str
    usage: str
    run: Callable[[str, ClientModel, Texts], Outcome]
    aliases: tuple[str, ...] = ()
    failures: tuple[Code | FileTrouble, ...] = ()


def interpret(line: str, model: ClientModel, say: Texts) -> Outcome:
    """What a typed line means."""
    line = line.rstrip("\r\n")
    if line.strip() == "exit":
        return Exit()
    if line.startswith("//"):
        return check_text(line[1:], say)
    if command_line := _COMMAND_LINE.match(line):
        return _run(command_line[1], command_line[2].rstrip(), model, say)
    if holds_password(line):
        checked = check_text(line, say)
        return Ask(line, first_word(line)) if isinstance(checked, Post) else checked
    return check_text(line, say)


def first_word(line: str) -> str:
    """Folded, since LOGIN is typed as easily as login."""
    words = line.split(maxsplit=1)
    return words[0].casefold() if words else ""


def holds_password(line: str) -> bool:
    """Whether it looks as if it did, also with a slash in the wrong place."""
    word = first_word(line)
    bare = word.lstrip("/\\")
    return word in SECRET_WORDS or (bare != word and bare in _WITH_PASSWORDS)


def check_text(text: str, say: Texts, command: str = "say") -> Post | Answer:
    """What can be known about a message before the server sees it."""
    if not is_unicode(text) or not is_postable_text(text):
        return _refuse(command, Code.TEXT_INVALID, say)
    if len(text.encode()) > MAX_TEXT:
        return _refuse(command, Code.TEXT_TOO_LONG, say)
    return Post(text)


def is_unicode(text: str) -> bool:
    """Lone surrogates have no bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def refusal_sentence(code: Code, say: Texts) -> str:
    """Why a message was not taken."""
    key = _REFUSALS.get(code)
    return say("refused.other", code=code.name) if key is None else say(key)


_REFUSALS = {
    Code.TEXT_TOO_LONG: "refused.text_too_long",
    Code.TEXT_INVALID: "refused.text_invalid",
    Code.MUTED: "refused.muted",
    Code.DISK_FULL: "refused.disk_full",
    Code.FILE_MISSING: "answer.file_missing",
    Code.NO_SUCH_USER: "answer.no_such_user",
    Code.NO_SUCH_GROUP: "answer.no_such_group",
    Code.NO_SUCH_REALM: "answer.no_such_realm",
    Code.NO_WAY_THERE: "answer.no_way_there",
    Code.BANNED: "answer.banned_there",  # by another realm: else nothing could be said
    Code.NOT_A_MEMBER: "answer.not_a_member",
    Code.NO_SESSION: "answer.no_session",
}


def _refuse(command: str, code: Code, say: Texts) -> Answer:
    return Answer(False, command, code.name, refusal_sentence(code, say))


def _run(typed: str, rest: str, model: ClientModel, say: Texts) -> Outcome:
    command = find_command(typed)
    if command is None:
        message = say("command.unknown", command=f"/{typed}")
        return Answer(False, typed, "UNKNOWN_COMMAND", message)
    if not is_unicode(rest):
        return _refuse(command.name, Code.TEXT_INVALID, say)
    try:
        return command.run(rest, model, say)
    except ValueError:
        return Answer(False, command.name, "USAGE", say("command.usage", usage=command.usage))


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
    parse_words(rest, 0, 0)
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
    text = parse_json_string(rest)
    if text is None:
        raise ValueError("no JSON string")
    return check_text(text, say)


def _register(rest: str, _: ClientModel, __: Texts) -> Outcome:
    name, password, *details = parse_words(rest, 2, 20)
    country, full_name = " ".join(details[:1]), " ".join(details[1:])
    return Do(Register(0, name, _password(password), country, full_name))


def _login(rest: str, _: ClientModel, __: Texts) -> Outcome:
    name, password = parse_words(rest, 2, 2)
    return Do(LogIn(0, name, password))


def _passwd(rest: str, _: ClientModel, __: Texts) -> Outcome:
    old, new = parse_words(rest, 2, 2)
    return Do(ChangePassword(0, old, _password(new)))


def _password(typed: str) -> str:
    if not typed.strip():
        raise ValueError("an empty password")
    return typed


def _inbox(rest: str, _: ClientModel, __: Texts) -> Outcome:
    parse_words(rest, 0, 0)
    return ReadInbox()


def _search(rest: str, _: ClientModel, __: Texts) -> Outcome:
    if not rest:
        raise ValueError("nothing to search for")
    return Do(Search(0, rest))


def _asks(request: Callable[[int], Request]) -> Callable[[str, ClientModel, Texts], Outcome]:
    """A command without arguments."""

    def run(rest: str, _: ClientModel, __: Texts) -> Outcome:
        parse_words(rest, 0, 0)
        return Do(request(0))

    return run


def _names(request: Callable[[int, str], Request]) -> Callable[[str, ClientModel, Texts], Outcome]:
    """A command with one name."""
    return lambda rest, _, __: Do(request(0, parse_name(rest)))


def _sends(name: str, kind: ConversationKind) -> Callable[[str, ClientModel, Texts], Outcome]:
    def run(rest: str, _: ClientModel, say: Texts) -> Outcome:
        receiver, text = parse_name_and_text(rest)
        checked = check_text(text, say, name)
        return Send(name, kind, receiver, text) if isinstance(checked, Post) else checked

    return run


def _shares(name: str, kind: ConversationKind) -> Callable[[str, ClientModel, Texts], Outcome]:
    def run(rest: str, _: ClientModel, __: Texts) -> Outcome:
        if kind is ConversationKind.ROOM:
            return Share(name, kind, "", parse_name(rest))
        receiver, path = parse_name_and_path(rest)
        return Share(name, kind, receiver, path)

    return run


def _addrealm(rest: str, _: ClientModel, __: Texts) -> Outcome:
    name, rest = parse_name_and_rest(rest)
    host, rest = parse_name_and_rest(rest)
    port, rest = parse_name_and_rest(rest)
    password = parse_name(rest) if rest.strip() else ""  # of words, as a room's usually is
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= MAX_PORT):
        raise ValueError("no port")
    return Do(AddRealm(0, name, host, int(port), password or None))


def _sends_abroad(
    name: str, kind: ConversationKind
) -> Callable[[str, ClientModel, Texts], Outcome]:
    """As _sends does, with the realm apart."""

    def run(rest: str, _: ClientModel, say: Texts) -> Outcome:
        realm, behind = parse_name_and_rest(rest)
        receiver, text = parse_name_and_text(behind)
        checked = check_text(text, say, name)
        if not isinstance(checked, Post):
            return checked
        joins = kind is ConversationKind.GROUP
        return Send(name, kind, at_realm(receiver, realm), text, joins)

    return run


def _shares_abroad(
    name: str, kind: ConversationKind
) -> Callable[[str, ClientModel, Texts], Outcome]:
    def run(rest: str, _: ClientModel, __: Texts) -> Outcome:
        realm, behind = parse_name_and_rest(rest)
        receiver, path = parse_name_and_path(behind)
        joins = kind is ConversationKind.GROUP
        return Share(name, kind, at_realm(receiver, realm), path, joins)

    return run


def _files(rest: str, _: ClientModel, __: Texts) -> Outcome:
    return ListFiles(parse_name(rest) if rest else "")


def _get(rest: str, _: ClientModel, __: Texts) -> Outcome:
    wanted, *folders = parse_words(rest, 1, 2)
    place, slash, file = wanted.rpartition("/")  # which is part of no name
    if not file or (slash and not place):
        raise ValueError("no file, or no conversation")
    return Get(file, place, "".join(folders))


def _operates(name: str) -> Callable[[str, ClientModel, Texts], Outcome]:
    """The operator sits at the server; there is none among the clients."""
    return lambda _, __, say: Answer(
        False, name, "NOT_THE_OPERATOR", say("command.not_the_operator")
    )


_SHARE_FAILURES = (
    *(FileTrouble.NOT_FOUND, Code.FILE_NAME_INVALID, Code.FILE_TOO_LARGE, Code.NO_SPACE),
    *(FileTrouble.CHANGED, Code.FILE_MISSING, Code.MUTED, Code.DISK_FULL),
    *(FileTrouble.DROPPED, FileTrouble.LEFT),
)
_ABROAD = (  # besides, of whatever may bear an @
    *(Code.NO_SUCH_REALM, Code.REALM_UNREACHABLE, Code.NO_WAY_THERE),
    *(Code.BANNED, Code.SERVER_FULL),
)
COMMANDS: tuple[Command, ...] = (
    Command("help", "/help [COMMAND]", _help),
    Command("info", "/info", _info),
    Command(
        "register",
        "/register USER PASSWORD [COUNTRY] [NAME…]",
        _register,
        failures=(Code.NAME_TAKEN, Code.NAME_INVALID, Code.BAD_REQUEST),
    ),
    Command(
        "login",
        "/login USER PASSWORD",
        _login,
        ("auth",),
        (Code.WRONG_LOGIN, Code.TOO_MANY_GUESSES, Code.BANNED),
    ),
    Command("logout", "/logout", _asks(LogOut), failures=(Code.NO_SESSION,)),
    Command(
        "passwd",
        "/passwd OLD NEW",
        _passwd,
        failures=(Code.WRONG_LOGIN, Code.TOO_MANY_GUESSES, Code.NO_SESSION),
    ),
    Command(
        "name",
        "/name NEW",
        _names(ChangeName),
        failures=(Code.NAME_TAKEN, Code.NAME_INVALID, Code.BAD_REQUEST, Code.NO_SESSION),
    ),
    Command(
        "send",
        "/send USER TEXT",
        _sends("send", ConversationKind.PRIVATE),
        failures=(Code.NO_SUCH_USER, *_ABROAD, Code.BAD_REQUEST, Code.NO_SESSION),
    ),
    Command(
        "sendgroup",
        "/sendgroup GROUP TEXT",
        _sends("sendgroup", ConversationKind.GROUP),
        failures=(Code.NO_SUCH_GROUP, Code.NOT_A_MEMBER, Code.NO_SUCH_REALM, Code.NO_SESSION),
    ),
    Command(
        "sendfile",
        "/sendfile USER FILE",
        _shares("sendfile", ConversationKind.PRIVATE),
        failures=(
            *(Code.NO_SUCH_USER, *_ABROAD, *_SHARE_FAILURES),
            *(Code.BAD_REQUEST, Code.NO_SESSION),
        ),
    ),
    Command(
        "sendgroupfile",
        "/sendgroupfile GROUP FILE",
        _shares("sendgroupfile", ConversationKind.GROUP),
        failures=(
            *(Code.NO_SUCH_GROUP, Code.NOT_A_MEMBER, Code.NO_SUCH_REALM),
            *(*_SHARE_FAILURES, Code.NO_SESSION),
        ),
    ),
    Command(
        "sendroomfile",
        "/sendroomfile FILE",
        _shares("sendroomfile", ConversationKind.ROOM),
        failures=(*_SHARE_FAILURES, Code.NO_SESSION),
    ),
    Command(
        "files",
        "/files [CONVERSATION]",
        _files,
        failures=(Code.NO_SUCH_CONVERSATION, Code.NO_SESSION),
    ),
    Command(
        "get",
        "/get FILE [FOLDER]",
        _get,
        failures=(
            *(Code.NO_SUCH_CONVERSATION, FileTrouble.NOT_FOUND, Code.FILE_MISSING),
            *(Code.FILE_REMOVED, Code.FILE_TOO_LARGE, Code.NO_SPACE),
            *(FileTrouble.DAMAGED, FileTrouble.DISK_FULL),
            *(FileTrouble.CANNOT_SAVE, FileTrouble.DROPPED, FileTrouble.LEFT, Code.NO_SESSION),
        ),
    ),
    Command("inbox", "/inbox", _inbox, failures=(Code.NO_SESSION,)),
    Command("search", "/search WORDS", _search, failures=(Code.BAD_REQUEST, Code.NO_SESSION)),
    Command("groups", "/groups", _asks(AskGroups), failures=(Code.NO_SESSION,)),
    Command(
        "addgroup",
        "/addgroup GROUP",
        _names(AddGroup),
        failures=(Code.GROUP_EXISTS, Code.NAME_INVALID, Code.SERVER_FULL, Code.NO_SESSION),
    ),
    Command(
        "joingroup",
        "/joingroup GROUP",
        _names(JoinGroup),
        failures=(
            *(Code.NO_SUCH_GROUP, Code.ALREADY_A_MEMBER),
            *(*_ABROAD, Code.NO_SESSION),
        ),
    ),
    Command(
        "leavegroup",
        "/leavegroup GROUP",
        _names(LeaveGroup),
        failures=(Code.NO_SUCH_GROUP, Code.NOT_A_MEMBER, Code.NO_SESSION),
    ),
    Command(
        "members",
        "/members GROUP",
        _names(AskMembers),
        failures=(Code.NO_SUCH_GROUP, Code.NOT_A_MEMBER, Code.NO_SESSION),
    ),
    Command(
        "addrealm",
        "/addrealm R ADDRESS PORT [PASSWORD]",
        _addrealm,
        failures=(
            *(Code.REALM_EXISTS, Code.REALM_UNREACHABLE, Code.WRONG_PASSWORD),
            *(Code.TOO_MANY_GUESSES, Code.NOT_ALLOWED, Code.SERVER_FULL),
            *(Code.DISK_FULL, Code.BAD_REQUEST, Code.NO_SESSION),
        ),
    ),
    Command("realms", "/realms", _asks(AskRealms), failures=(Code.NO_SESSION,)),
    Command("delrealm", "/delrealm R", _operates("delrealm")),
    Command(
        "sendprivaterealm",
        "/sendprivaterealm R USER TEXT",
        _sends_abroad("sendprivaterealm", ConversationKind.PRIVATE),
        failures=(*_ABROAD, Code.NO_SUCH_USER, Code.NO_SESSION),
    ),
    Command(
        "sendfilerealm",
        "/sendfilerealm R USER FILE",
        _shares_abroad("sendfilerealm", ConversationKind.PRIVATE),
        failures=(
            *(*_ABROAD, Code.NO_SUCH_USER),
            *(*_SHARE_FAILURES, Code.NO_SESSION),
        ),
    ),
    Command(
        "sendgrouprealm",
        "/sendgrouprealm R GROUP TEXT",
        _sends_abroad("sendgrouprealm", ConversationKind.GROUP),
        failures=(*_ABROAD, Code.NO_SUCH_GROUP, Code.NO_SESSION),
    ),
    Command(
        "sendgroupfilerealm",
        "/sendgroupfilerealm R GROUP FILE",
        _shares_abroad("sendgroupfilerealm", ConversationKind.GROUP),
        failures=(
            *(*_ABROAD, Code.NO_SUCH_GROUP),
            *(*_SHARE_FAILURES, Code.NO_SESSION),
        ),
    ),
    Command(
        "getrealminbox",
        "/getrealminbox R",
        lambda rest, _, __: ReadInbox(parse_name(rest)),
        failures=(Code.NO_SUCH_REALM, Code.NO_SESSION),
    ),
    Command("say", '/say "JSON STRING"', _say, failures=(Code.NO_SESSION,)),
    Command("kick", "/kick USER", _operates("kick")),
    Command("ban", "/ban USER [MINUTES]", _operates("ban")),
    Command("unban", "/unban USER", _operates("unban")),
    Command("mute", "/mute USER [MINUTES]", _operates("mute")),
)


def command_lines(say: Texts) -> list[tuple[str, str]]:
    """Usage and summary of all that can be typed, for /help and the documentation."""
    lines = [(command.usage, say(f"command.{command.name}")) for command in COMMANDS]
    return [*lines, ("//TEXT", say("command.slash")), ("exit", say("command.exit"))]
