"""Files as people read about them: a size in three digits, a file in one line.

Band: words. Pure; both programs write sizes with this alone.
"""

from conversation import Entry, EntryKind, FileNote
from protocol import PeerError
from realm_words import refusal_in, refusal_line
from texts import Texts

_UNITS = ("kB", "MB", "GB", "TB")  # powers of 1000, as disks and networks are sold


def size_text(size: int, say: Texts) -> str:
    """``850 B``, ``1.2 MB``, ``12 MB``; in Indonesian ``1,2 MB``."""
    if size < 1000:
        return f"{size} B"
    amount = size / 1000
    place = 0
    while amount >= 999.5 and place < len(_UNITS) - 1:  # what would be rounded to 1000
        amount /= 1000
        place += 1
    digits = f"{amount:.0f}" if amount >= 9.95 else f"{amount:.1f}".replace(".", say("file.point"))
    return f"{digits} {_UNITS[place]}"


def speed_text(speed: float, say: Texts) -> str:
    """``12 MB/s``."""
    return f"{size_text(round(speed), say)}/s"


def file_line(note: FileNote, say: Texts) -> str:
    """``foto.png · 1.2 MB``."""
    return f"{note.name} · {size_text(note.size, say)}"


def note_of(entry: Entry) -> FileNote | None:
    """The file an entry is about; None: it is about none, or says of it what cannot be."""
    return note_in(entry.text) if entry.kind is EntryKind.FILE else None


def note_in(text: str) -> FileNote | None:
    """None: it is no such text."""
    try:
        return FileNote.decode(text)
    except PeerError:
        return None


def entry_text(entry: Entry, say: Texts) -> str:
    """What somebody said; of a file, its line; of what another realm refused, why."""
    note, refusal = note_of(entry), refusal_in(entry)
    if refusal is not None:
        return refusal_line(refusal, entry.name, say)
    return entry.text if note is None else file_line(note, say)
