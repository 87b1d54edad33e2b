"""Writes docs/commands.md from the table of commands: python tests/make_commands_page.py"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "commands.md"
sys.path.insert(0, str(ROOT))

from client_answers import BAD_REALMS, failure_sentence  # noqa: E402
from client_commands import (  # noqa: E402
    COMMANDS,
    OWN_CODES,
    Command,
    command_lines,
    refusal_sentence,
)
from client_events import Answered  # noqa: E402
from client_file_answers import file_failure  # noqa: E402
from client_file_events import FileTrouble  # noqa: E402
from protocol import Code  # noqa: E402
from texts import Texts  # noqa: E402

REFUSALS = (Code.DISK_FULL, Code.MUTED, Code.TEXT_INVALID, Code.TEXT_TOO_LONG)
ENGLISH, INDONESIAN = Texts("en"), Texts("id")

HEAD = """\
# What can be typed

Made from the table in `client_commands.py` by `python tests/make_commands_page.py`.

The same commands work in the box to write in, in `python client.py --terminal` and, a line each,
in `python client.py --json`. Whatever does not begin with a slash is a message to the conversation
one looks at; in the terminal and in scripts that is the room.

- A name with spaces stands in double quotes: `/send "Ibu Sari" selamat pagi`. In quotes, `\\"` and
  `\\\\` stand for `"` and `\\`. A command that takes nothing but a name needs no quotes.
- A FILE or FOLDER of this computer is a path: `~` is your home, and spaces need quotes unless the
  path comes last and alone: `/sendfile budi ~/Foto Kelas/satu.png`,
  `/get foto.png "~/Foto Kelas"`.
- A CONVERSATION is `room`, `#GROUP` or `@USER`, or as scripts write it, `group:GROUP` or
  `private:USER`; a bare name is first looked for among groups. Of the one you look at, nothing is
  named. `/get` takes a number or a name that `/files` lists; of two files with one name the newer.
- Somebody or a group of another realm is USER@R or GROUP@R wherever a name is asked for: R is what
  that realm is called here, as `/realms` lists it. `/addrealm` gives it its name; ADDRESS is an IP
  or a host's name, which your computer looks up. PASSWORD is all that follows, spaces included; in
  quotes, what is between them. Without it the server tries its own; in the terminal it is asked for.
  `/delrealm` and `/cutrealm` are typed at the server. A realm that was removed and calls by itself is
  back when it does; one that was cut stays away.
- A TEXT is all that follows, as it stands, apostrophes and quotes included. If it is a JSON string
  as a whole, it is what that means: `/send budi "first\\nsecond"` sends two lines.
- A line that begins with `register`, `login` or `auth` is never sent as a message without asking.
  In the terminal these three work without a slash until it is settled who one is. What a command
  with a password lacks is asked for there, and such a password is not shown; lines with passwords
  do not enter the history.
"""

SCRIPTS = """\
## For scripts

`python client.py --json HOST --name NAME --password-file F` reads lines and writes one JSON object
a line. With `--login USER --login-password-file F` instead of `--name` it enters under a passing
name, logs in at once, and ends with exit code 4 if that is refused.

Each line read gets one answer, in the order of the lines:
`{"status": "OK" or "ERROR", "command": …, "code": …, "message": …}`. Messages run side by side;
what asks or changes anything else waits for all lines before it, and all after it wait for that.

Files take long and hold up nothing. The answers to `sendfile`, `sendgroupfile`, `sendroomfile`,
`sendfilerealm`, `sendgroupfilerealm` and `get` come out of that order, when the file is shared or
saved or it is known why not; `line` in them is the number of the line they are for, counted from 1.
What was not finished goes on by itself two seconds after the same user enters that room again, for a
week (what was to be shared: for a day). Whoever types the same command again has it go on as theirs.

| answer to | has besides |
|---|---|
| a message, `send`, `sendgroup` | `conversation`, `number`, `time`: it is on the server's disk |
| the same to another realm | `conversation`, `state`; `number` and `time`, if they are known |
| `register`, `login` | `name`, `token` |
| `name` | `name` |
| `addgroup`, `joingroup`, `leavegroup` | `conversation` |
| `groups` | `groups`: a list of `name`, `members`, `member` (whether you are one) |
| `members` | `conversation`, `members`: a list of names |
| `sendfile`, `sendgroupfile`, `sendroomfile` | as a message, and `line`, and what a file has |
| a file to another realm | as a message there, and `line`, and what a file has |
| `joingroup` of another realm | `conversation`, `state` |
| `addrealm` | `name`: what it is called here, `room`: what its room is called |
| `realms` | `realms`: a list of `name`, `state`, `since`, `waiting`, `round_trip_ms`, `address`, `trouble` |
| `get` | `line`, `conversation`, `number`, `path` (it is saved there), and what a file has |
| `files` | `conversation`, `files`: a list, with `number`, `sender`, `time`, `removed`, `coming` |
| `inbox`, `search` | `messages`: a list with the fields of an entry |
| `inbox`, if it was too long | `skipped`: how many older entries are not among them |
| `info` | `room`, `people`: a list of `name`, `presence`, `you` |
| `getrealminbox` | as `inbox` |

A file, in a list too, has `name`, `size` in bytes and `hash`, its SHA-256. A list of files begins
with the newest and ends after 1,000.

What goes to another realm is answered within about 3 s after our server has it, with `state`:
`delivered` (it is on the disk of that realm's server) or `waiting` (our server keeps it, and hands
it on by itself once that realm is there: it need not be said again). What a group of another realm
gets has its `number` once it is there, so not while it waits. If that realm refuses something later
on, an `entry` of `kind` `notice` comes in that conversation, with `code` and, as its `text`, the
sentence. Of realms, `state` is `linked`, `away` or `cut` (by the operator), `since` when the link
last came or went (null: never), `waiting` how many messages that realm has not read yet, `address`
null if it calls us, `trouble` why our server is not let in there: `password` (of its room, that is
not the one we have), `key` (somebody with another one answers), `refused`; null: none is known.

Events come between them. `entry`, `joined`, `left` and `renamed` have `conversation`, `number`,
`sender`, `kind`, `text` (of `renamed`: the new name) and `time`; an `entry` whose `kind` is `file`
has what a file has, and the name as its text; `connection` has `state` and
`code`; `identity` comes when one is not who `entered` said, with `name`, `account` and `token`.
`file` tells at most ten times a second how a file moves: `direction` (`upload`, `download`),
`conversation` (null: it goes on from an earlier visit), `name`, `size`, `state` (`hashing`,
`waiting`, `moving`, `paused`, `checking`), `done` in bytes and `speed` in bytes a second (0: not
known), and `realm` while our server does not have it from there yet: a file that is `coming` is
waited for; at its end `state` is `done` or `failed`, with `code`, and with `path` if it was saved.
`conversation` is `room`, `group:NAME` or `private:NAME`, and behind NAME stands `@R` if it is of
another realm. Every entry comes once, one's own too, and before the answer it settles. `inbox` and
`getrealminbox` move the read markers; nothing else does in a script.

A line whose answer had not come when the visit ended is answered `NO_ANSWER`; a line that may hold
a password, and was therefore not sent, `NEEDS_SAY`.
"""


def page() -> str:
    """The whole of docs/commands.md."""
    parts = [HEAD, _commands(), _codes(), SCRIPTS]
    return "\n".join(parts)


def _commands() -> str:
    rows = ["| typed | what it does | in Indonesian | fails with |", "|---|---|---|---|"]
    commands: list[Command | None] = [*COMMANDS, None, None]
    lines = zip(commands, command_lines(ENGLISH), command_lines(INDONESIAN), strict=True)
    for command, (usage, english), (_, indonesian) in lines:
        failures = []
        if command:
            failures = [f"`{_failed(command, each, ENGLISH)[0]}`" for each in command.failures]
        names = f"`{usage}`"
        if command and command.aliases:
            names += "".join(f", `/{alias}`" for alias in command.aliases)
        rows.append(f"| {names} | {english} | {indonesian} | {' '.join(failures)} |")
    return "\n".join(rows) + "\n"


def _codes() -> str:
    rows = ["## Why something failed", "", "| code | after | in English | in Indonesian |"]
    rows.append("|---|---|---|---|")
    sentences: dict[tuple[str, str, str], list[str]] = {}
    for command in COMMANDS:
        for failure in command.failures:
            for reason in _reasons(command, failure):
                name, english = _failed(command, failure, ENGLISH, reason)
                row = (name, english, _failed(command, failure, INDONESIAN, reason)[1])
                sentences.setdefault(row, []).append(f"`{command.name}`")
    for (name, english, indonesian), after in sorted(sentences.items()):
        rows.append(f"| `{name}` | {' '.join(after)} | {english} | {indonesian} |")
    for code in REFUSALS:
        english, indonesian = refusal_sentence(code, ENGLISH), refusal_sentence(code, INDONESIAN)
        rows.append(f"| `{code.name}` | a message | {english} | {indonesian} |")
    for name, key in OWN_CODES.items():
        blanks = {"command": "…", "usage": "…"}
        rows.append(f"| `{name}` | any | {ENGLISH(key, **blanks)} | {INDONESIAN(key, **blanks)} |")
    return "\n".join(rows) + "\n"


def _reasons(command: Command, failure: Code | FileTrouble) -> list[str]:
    """Each has a sentence of its own, or stands in it."""
    if (command.name, failure) == ("addrealm", Code.BAD_REQUEST):
        return list(BAD_REALMS)
    return ["R" if failure is Code.REALM_EXISTS else "character"]


def _failed(
    command: Command, failure: Code | FileTrouble, say: Texts, reason: str = ""
) -> tuple[str, str]:
    """Its code and its sentence."""
    if isinstance(failure, FileTrouble):
        failed = file_failure(command.name, failure, say)
        return failed.code, failed.message
    answered = Answered(0, failure, wait=30.0, reason=reason)
    return failure.name, failure_sentence(command.name, answered, say)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
