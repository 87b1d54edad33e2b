"""A computer's files for tests of typed commands, and the files that are shared in them."""

import hashlib
from pathlib import Path

from client_file_events import SharedHere
from conversation import NO_TAG, Entry, EntryKind, FileNote

SENT_AT = 1_763_713_969_123


class Folder:
    """Paths that lead to files of these names, and to the folder ``unduhan``."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def file(self, typed: str) -> Path | None:
        return home(typed) if typed.rpartition("/")[2] in self._names else None

    def folder(self, typed: str) -> Path | None:
        return home(typed) if typed == "unduhan" else None


def home(name: str) -> Path:
    """Where it lies."""
    return Path("/home/ana") / name


def note(name: str = "foto.png", size: int = 1_234_567) -> FileNote:
    """A file that is told apart from others by its name."""
    return FileNote(hashlib.sha256(name.encode()).digest(), size, name)


def file_entry(name: str = "foto.png", *, person: int = 2, sender: str = "budi") -> Entry:
    """The entry of such a file."""
    return Entry(NO_TAG, EntryKind.FILE, SENT_AT, person, sender, note(name).encode())


def shared(
    number: int, name: str = "foto.png", *, conversation: int = 1, is_removed: bool = False
) -> SharedHere:
    """A row of a list of files."""
    return SharedHere(conversation, number, "budi", SENT_AT, note(name), is_removed)
