"""What the chat window says of a file: its size, how far it is, what can be done with it.

Band: cores. Pure. Where a file stands is the matter of client_file_model.py.
"""

from typing import Final

from client_file_answers import file_failure
from client_file_events import FileState
from client_file_model import FileAction, FileStage, FileView
from conversation import FileNote
from file_words import size_text, speed_text
from texts import Texts

_ACTIONS: Final[dict[FileAction, str]] = {
    FileAction.FETCH: "file.fetch",
    FileAction.PAUSE: "file.pause",
    FileAction.RESUME: "file.resume",
    FileAction.CANCEL: "file.cancel",
    FileAction.OPEN: "file.open",
    FileAction.SAVE_AS: "file.save_as",
    FileAction.SHOW: "file.show",
    FileAction.AGAIN: "file.again",
    FileAction.DISMISS: "file.dismiss",
}
_STATES: Final[dict[FileState, str]] = {
    FileState.HASHING: "file.hashing",
    FileState.WAITING: "file.waiting",
    FileState.PAUSED: "file.paused",
    FileState.CHECKING: "file.checking",
}
_MOST_KIND = 4  # letters of an ending that stand in the picture of a file


def action_words(action: FileAction, say: Texts) -> str:
    """On what can be pressed."""
    return say(_ACTIONS[action])


def kind_letters(name: str) -> str:
    """``PDF``; empty: its name says nothing about it."""
    stem, _, ending = name.rpartition(".")
    is_kind = stem and len(ending) <= _MOST_KIND and ending.isascii() and ending.isalnum()
    return ending.upper() if is_kind else ""


def file_status(view: FileView, note: FileNote, say: Texts) -> str:
    """Below the name: ``4.2 MB``, ``38 MB/s · 2 s left``, or what went wrong."""
    match view.stage:
        case FileStage.MOVING:
            return _moving(view, note, say)
        case FileStage.GONE:
            return say("file.gone")
        case FileStage.FAILED:
            assert view.trouble is not None
            return file_failure("get", view.trouble, say, view.limit, view.free).message
        case _:
            return size_text(note.size, say)


def percent_text(view: FileView, note: FileNote) -> str:
    """``68 %``; empty: it has none."""
    is_moving = view.stage is FileStage.MOVING and note.size
    return f"{int(100 * view.share(note.size))} %" if is_moving else ""


def _moving(view: FileView, note: FileNote, say: Texts) -> str:
    if view.state is not FileState.MOVING:
        return say(_STATES[view.state])
    if view.speed < 1:
        return size_text(note.size, say)
    speed, seconds = speed_text(view.speed, say), view.seconds_left(note.size)
    assert seconds is not None  # it moves, and its speed is known
    return say("file.speed", speed=speed, time=time_text(seconds, say))


def time_text(seconds: int, say: Texts) -> str:
    """``2 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 60:
        return say("file.seconds", count=max(1, seconds))
    minutes = (seconds + 30) // 60
    if minutes < 60:
        return say("file.minutes", count=minutes)
    return say("file.hours", hours=minutes // 60, minutes=minutes % 60)
