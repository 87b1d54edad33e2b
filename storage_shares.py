"""Files: which there are, who has shown to have them, and where they were shared.

Band: adapters. Tables and records, nothing else: their bytes are on the shelf, and who may do what
is the core's business. Files and numbers may be a peer's invention.
"""

from conversation import ROOM, Entry, FileNote
from protocol import LocalError, PeerError
from records import FileRecord, SharedFile
from storage_schema import MAX_INTEGER, Database, Tables

_SELECT_SHARED = """
    SELECT number, body FROM shared_files JOIN entries USING (conversation, number)
    WHERE conversation = ? AND number < ? ORDER BY number DESC LIMIT ?
"""
# The room comes first in the index: most files are found at once.
MAY_READ = """
    SELECT 1 FROM file_places AS place WHERE file = ? AND (conversation = ? OR EXISTS (
        SELECT 1 FROM members WHERE person = ? AND conversation = place.conversation
    )) LIMIT 1
"""
UNSHARED = """
    SELECT file FROM files WHERE NOT is_removed AND at BETWEEN ? AND ? AND NOT EXISTS (
        SELECT 1 FROM file_places WHERE file = files.file
    ) ORDER BY at DESC LIMIT ?
"""


_INSERT_PLACE = "INSERT OR IGNORE INTO file_places (file, conversation) VALUES (?, ?)"


class Shares(Tables):
    """The part of ``records.Store`` that knows files."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._total: tuple[int, int] | None = None  # files and bytes; None: to be summed up again

    def file(self, file: bytes) -> FileRecord | None:
        """One that was verified at some time."""
        row = self._database.row(
            "SELECT size, person, at, is_removed, name FROM files WHERE file = ?", (file,)
        )
        return _record(file, *row) if row else None

    def add_file(self, record: FileRecord) -> None:
        """A new one, or one that was removed and is here again; of one that is here: nothing."""
        known = self.file(record.file)
        if known is not None and not known.is_removed:
            return
        self._grow(1, record.size)
        self._database.write(
            "INSERT INTO files (file, size, person, at, is_removed, name)"
            " VALUES (?, ?, ?, ?, 0, ?)"
            " ON CONFLICT (file) DO UPDATE SET size = excluded.size, person = excluded.person,"
            " at = excluded.at, is_removed = 0, name = excluded.name",
            (record.file, record.size, record.person, record.at, record.name),
        )

    def remove_file(self, file: bytes) -> None:
        """Its bytes are gone; what speaks of it stays."""
        known = self.file(file)
        if known is not None and not known.is_removed:
            self._grow(-1, -known.size)
            self._database.write("UPDATE files SET is_removed = 1 WHERE file = ?", (file,))

    def forget_file(self, file: bytes) -> None:
        """As if it had never come; what speaks of it stays."""
        known = self.file(file)
        if known is not None and not known.is_removed:
            self._grow(-1, -known.size)
        self._database.write("DELETE FROM files WHERE file = ?", (file,))
        self._database.write("DELETE FROM brought_files WHERE file = ?", (file,))

    def unshared_files(self, since: int, until: int, limit: int) -> list[bytes]:
        """Not removed, brought in that time, and in no entry."""
        return [file for (file,) in self._database.rows(UNSHARED, (since, until, limit))]

    def newest_files(self, limit: int) -> list[FileRecord]:
        """Of all that are not removed, those that were brought last."""
        rows = self._database.rows(
            "SELECT file, size, person, at, is_removed, name FROM files WHERE NOT is_removed"
            " ORDER BY at DESC, file LIMIT ?",
            (limit,),
        )
        return [_record(*row) for row in rows]

    def files_size(self) -> int:
        """Bytes of all that are not removed. Asked with each offer."""
        return self._summed_up()[1]

    def files_count(self) -> int:
        """How many are not removed. Asked each second."""
        return self._summed_up()[0]

    def _summed_up(self) -> tuple[int, int]:
        if self._total is None:
            row = self._database.row(
                "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE NOT is_removed"
            )
            assert row is not None
            self._total = row[0], row[1]
        return self._total

    def _grow(self, files: int, size: int) -> None:
        if self._total is not None:
            self._total = self._total[0] + files, self._total[1] + size

    def forget_size(self) -> None:
        """Nothing of the turn was kept."""
        self._total = None

    # --- who may have them ---

    def bring_file(self, file: bytes, person: int) -> None:
        """Somebody has shown to have all of it."""
        self._database.write(
            "INSERT OR IGNORE INTO brought_files (file, person) VALUES (?, ?)", (file, person)
        )

    def has_brought(self, file: bytes, person: int) -> bool:
        """Whether they have, at some time."""
        row = self._database.row(
            "SELECT 1 FROM brought_files WHERE file = ? AND person = ?", (file, person)
        )
        return row is not None

    def may_read_file(self, file: bytes, person: int) -> bool:
        """Whether it was shared in the room, or in a conversation of theirs."""
        return self._database.row(MAY_READ, (file, ROOM, person)) is not None

    # --- where they were shared ---

    def note_share(
        self, conversation: int, number: int, text: str, *, is_given: bool = True
    ) -> None:
        """An entry of kind FILE. Part of appending it. Raises LocalError if it says no FileNote.

        ``is_given``: who belongs there may read the file. Else it only shows in lists.
        """
        try:
            note = FileNote.decode(text)
        except PeerError as error:
            raise LocalError("an entry of no file") from error
        if is_given:
            self._database.write_later(_INSERT_PLACE, (note.file, conversation))
        self._database.write_later(
            "INSERT INTO shared_files (conversation, number) VALUES (?, ?)", (conversation, number)
        )

    def file_places(self, file: bytes, limit: int) -> list[int]:
        """The conversations it was shared in, the oldest ones first."""
        rows = self._database.rows(
            "SELECT conversation FROM file_places WHERE file = ? ORDER BY conversation LIMIT ?",
            (file, limit),
        )
        return [conversation for (conversation,) in rows]

    def shared_files(self, conversation: int, before: int, limit: int) -> list[SharedFile]:
        """Newest first, of numbers below ``before``; 0: of all."""
        if not 0 < conversation <= MAX_INTEGER:
            return []
        below = before if 0 < before <= MAX_INTEGER else MAX_INTEGER
        rows = self._database.rows(_SELECT_SHARED, (conversation, below, limit))
        return [self._shared(conversation, number, body) for number, body in rows]

    def _shared(self, conversation: int, number: int, body: bytes) -> SharedFile:
        entry = Entry.decode(body)
        note = FileNote.decode(entry.text)
        record = self.file(note.file)
        is_given = self._database.row(
            "SELECT 1 FROM file_places WHERE file = ? AND conversation = ?",
            (note.file, conversation),
        )
        # One that was never given here may be here for others; that is nobody's business.
        is_removed = record is None or record.is_removed or is_given is None
        return SharedFile(
            conversation, number, entry.person, entry.name, entry.sent_at, note, is_removed
        )


def _record(file: bytes, size: int, person: int, at: int, is_removed: int, name: str) -> FileRecord:
    return FileRecord(file, size, person, at, bool(is_removed), name)
