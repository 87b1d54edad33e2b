"""What is told of files on their way: lines of a terminal, objects for a script.

Band: cores. Pure: knows no clock. The core speaks of each file ten times a second at most.
"""

from client_file_answers import file_ended
from client_file_events import FileEnded, FileEvent, FileMoved, FileState
from file_words import file_line, speed_text
from protocol import JsonValue
from texts import Texts

REPORTS_TO_A_LINE = 50  # so there are five seconds between two lines, or more


class Progress:
    """Lines for whoever watches: one when a file begins to move, and a few while it does."""

    def __init__(self, say: Texts) -> None:
        self._say = say
        self._reports: dict[int, int] = {}  # since the last line, by ticket
        self._coming: set[int] = set()  # of which it was told that they are on their way

    def line(self, event: FileMoved) -> str | None:
        """None: it has been told often enough."""
        if event.realm and event.ticket not in self._coming:
            self._coming.add(event.ticket)
            file = file_line(event.note, self._say)
            return self._say("terminal.coming", file=file, realm=event.realm)
        reports = self._reports.get(event.ticket)
        if reports is None:
            self._reports[event.ticket] = 0
            key = "terminal.sending" if event.is_upload else "terminal.fetching"
            return self._say(key, file=file_line(event.note, self._say))
        self._reports[event.ticket] = (reports + 1) % REPORTS_TO_A_LINE
        if reports + 1 < REPORTS_TO_A_LINE or event.state is not FileState.MOVING:
            return None
        key = "terminal.progress_speed" if event.speed else "terminal.progress"
        percent = 100 * event.done // max(1, event.note.size)
        speed = speed_text(event.speed, self._say)
        return self._say(key, file=event.note.name, percent=percent, speed=speed)

    def end(self, event: FileEnded) -> str:
        """How one ended that nobody waits for, because it went on from an earlier visit."""
        self.forget(event.ticket)
        return file_ended(event, self._say).message

    def forget(self, ticket: int) -> None:
        """It has ended."""
        self._reports.pop(ticket, None)
        self._coming.discard(ticket)


def file_fields(event: FileEvent, conversation: str | None, say: Texts) -> dict[str, JsonValue]:
    """``conversation``: its label; None: it goes on from an earlier visit."""
    fields: dict[str, JsonValue] = {
        "event": "file",
        "direction": "upload" if event.is_upload else "download",
        "conversation": conversation,
        "name": event.note.name,
        "size": event.note.size,
    }
    if isinstance(event, FileMoved):
        state = event.state.name.lower()
        fields |= {"state": state, "done": event.done, "speed": round(event.speed)}
        return fields | {"realm": event.realm} if event.realm else fields
    ended = file_ended(event, say)
    fields |= {"state": "done" if ended.is_ok else "failed", "code": ended.code}
    return fields if event.path is None else fields | {"path": str(event.path)}
