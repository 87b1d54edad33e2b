"""What became of a file, as an answer to the user: its code, its sentence, its fields.

Band: cores. Pure. Window, terminal and scripts ask here, for typed commands and for what goes on
by itself.
"""

from pathlib import Path
from typing import Final

from client_answers import failure, iso_time
from client_commands import Answer
from client_events import Answered
from client_file_events import FileEnded, FileTrouble, SharedHere
from conversation import FileNote
from file_words import file_line, size_text
from protocol import Code, JsonValue
from texts import Texts

# What went wrong on this side: the code, for scripts, and the key of its sentence.
TROUBLES: Final[dict[FileTrouble, tuple[str, str]]] = {
    FileTrouble.NOT_FOUND: ("FILE_NOT_FOUND", "answer.no_such_file"),
    FileTrouble.CHANGED: (Code.FILE_CHANGED.name, "answer.file_changed"),
    FileTrouble.DAMAGED: ("FILE_DAMAGED", "answer.file_damaged"),
    FileTrouble.DISK_FULL: ("OWN_DISK_FULL", "answer.own_disk_full"),
    FileTrouble.CANNOT_SAVE: ("CANNOT_SAVE", "answer.cannot_save"),
    FileTrouble.DROPPED: ("FILE_DROPPED", "answer.file_dropped"),
    FileTrouble.LEFT: ("FILE_UNFINISHED", "answer.file_unfinished"),
}


# Where the server has said how much it takes.
_WITH_FIGURES: Final[dict[FileTrouble | Code, str]] = {
    Code.FILE_TOO_LARGE: "answer.file_over_limit",
    Code.NO_SPACE: "answer.no_space_of",
}


def file_failure(
    command: str, trouble: FileTrouble | Code, say: Texts, limit: int = 0, free: int = 0
) -> Answer:
    """Why a file did not arrive. ``limit``, ``free``: bytes, as in FileEnded."""
    if limit and isinstance(trouble, Code) and trouble in _WITH_FIGURES:
        figures = {"limit": size_text(limit, say), "free": size_text(free, say)}
        message = say(_WITH_FIGURES[trouble], **figures)
        return Answer(False, command, trouble.name, message)
    if isinstance(trouble, Code):
        return failure(command, Answered(0, trouble), say)
    code, key = TROUBLES[trouble]
    return Answer(False, command, code, say(key))


def file_sent(
    command: str, note: FileNote, say: Texts, fields: dict[str, JsonValue], realm: str = ""
) -> Answer:
    """It is shared. ``fields``: of its entry, as far as they are known; ``realm``: for which it
    waits."""
    key = "answer.file_sent_waiting" if realm else "answer.file_sent"
    message = say(key, file=file_line(note, say), realm=realm)
    return Answer(True, command, "OK", message, fields | note_fields(note))


def file_saved(note: FileNote, path: Path, say: Texts, fields: dict[str, JsonValue]) -> Answer:
    """It is here."""
    message = say("answer.file_saved", path=path)
    return Answer(True, "get", "OK", message, fields | note_fields(note) | {"path": str(path)})


def file_ended(event: FileEnded, say: Texts) -> Answer:
    """As if it were the answer to a command: of one that goes on from an earlier visit."""
    note = event.note
    command = "sendfile" if event.is_upload else "get"
    if event.trouble is not None:
        failed = file_failure(command, event.trouble, say, event.limit, event.free)
        message = say("answer.file_trouble", file=note.name, trouble=failed.message)
        return Answer(False, command, failed.code, message)
    return (
        file_sent(command, note, say, {})
        if event.path is None
        else file_saved(note, event.path, say, {})
    )


def files_of(answered: Answered) -> list[SharedHere]:
    """The result of AskFiles."""
    result = answered.result if isinstance(answered.result, tuple) else ()
    return [one for one in result if isinstance(one, SharedHere)]


def files_listed(label: str, files: list[SharedHere], say: Texts) -> Answer:
    """What was shared in a conversation, newest first. ``label``: of the conversation."""
    key = "answer.files" if files else "answer.files_none"
    lines = [say(key, count=len(files), place=label), *(_listed(one, say) for one in files)]
    rows: list[JsonValue] = [_row(one) for one in files]
    fields: dict[str, JsonValue] = {"conversation": label, "files": rows}
    return Answer(True, "files", "OK", "\n".join(lines), fields)


def _row(one: SharedHere) -> dict[str, JsonValue]:
    head: dict[str, JsonValue] = {
        "number": one.number,
        "sender": one.sender,
        "time": iso_time(one.sent_at),
        "removed": one.is_removed,
        "coming": one.is_coming,
    }
    return head | note_fields(one.note)


def _listed(one: SharedHere, say: Texts) -> str:
    key = "answer.file_gone" if one.is_removed else "answer.file"
    if one.is_too_large:
        key = "answer.file_over"
    if one.is_coming:
        key = "answer.file_coming"
    return say(key, number=one.number, file=file_line(one.note, say), sender=one.sender)


def note_fields(note: FileNote) -> dict[str, JsonValue]:
    """For scripts."""
    return {"name": note.name, "size": note.size, "hash": note.file.hex()}
