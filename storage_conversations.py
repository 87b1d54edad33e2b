"""Conversations beside the room: groups, private pairs, their members, and who has read how far.

Band: adapters. Tables and records, nothing else: who may do what is the core's business.
Conversations are never deleted, so a number means one of them for good. Numbers may be a peer's
invention; people are known to whoever asks.
"""

from conversation import ConversationKind
from protocol import LocalError
from records import ConversationRecord, GroupRecord
from storage_schema import MAX_INTEGER, Tables


class Conversations(Tables):
    """The part of ``records.Store`` that knows conversations and members, not what is said there.

    Everybody is a member of the room, without a row.
    """

    def conversation(self, conversation: int) -> ConversationRecord | None:
        """What there is under this number."""
        if not 0 < conversation <= MAX_INTEGER:
            return None
        row = self._database.row(
            "SELECT kind, name, low, high FROM conversations"
            " LEFT JOIN private_pairs USING (conversation) WHERE conversation = ?",
            (conversation,),
        )
        if row is None:
            return None
        kind, name, low, high = row
        pair = (low, high) if low is not None else None
        return ConversationRecord(conversation, ConversationKind(kind), name, pair)

    def _add(self, kind: ConversationKind, name: str) -> int:
        return self._database.write(
            "INSERT INTO conversations (kind, name) VALUES (?, ?)", (kind, name)
        )

    # --- groups ---

    def add_group(self, name: str, folded: str, skeleton: str) -> int:
        """A new one, without members. Raises LocalError if its name is another's."""
        if self.is_group_name(folded, skeleton):
            raise LocalError("a group that is there already")
        conversation = self._add(ConversationKind.GROUP, name)
        self._database.write(
            "INSERT INTO group_names (conversation, folded, skeleton, members) VALUES (?, ?, ?, 0)",
            (conversation, folded, skeleton),
        )
        return conversation

    def group_named(self, folded: str) -> int | None:
        """The conversation of a group."""
        row = self._database.row("SELECT conversation FROM group_names WHERE folded = ?", (folded,))
        return int(row[0]) if row else None

    def is_group_name(self, folded: str, skeleton: str) -> bool:
        """Whether a group has this name, or one that looks like it."""
        row = self._database.row(
            "SELECT 1 FROM group_names WHERE folded = ? OR skeleton = ?", (folded, skeleton)
        )
        return row is not None

    def groups(self, after_folded: str, limit: int) -> list[GroupRecord]:
        """Those behind a name, by folded name."""
        return [
            GroupRecord(*row)
            for row in self._database.rows(
                "SELECT conversation, name, members"
                " FROM group_names JOIN conversations USING (conversation)"
                " WHERE folded > ? ORDER BY folded LIMIT ?",
                (after_folded, limit),
            )
        ]

    # --- private conversations ---

    def private_between(self, one: int, other: int) -> int | None:
        """That of two people, whoever began it."""
        row = self._database.row(
            "SELECT conversation FROM private_pairs WHERE low = ? AND high = ?",
            (min(one, other), max(one, other)),
        )
        return int(row[0]) if row else None

    def add_private(self, one: int, other: int) -> int:
        """A new one; both are members from now on, for good. Raises LocalError if there is one."""
        if one == other or self.private_between(one, other) is not None:
            raise LocalError("one private conversation for two people")
        conversation = self._add(ConversationKind.PRIVATE, "")
        self._database.write(
            "INSERT INTO private_pairs (conversation, low, high) VALUES (?, ?, ?)",
            (conversation, min(one, other), max(one, other)),
        )
        for person in (one, other):
            self.add_member(conversation, person)
        return conversation

    # --- members ---

    def members(self, conversation: int) -> list[int]:
        """People, in the order of joining; none of the room."""
        if not 0 < conversation <= MAX_INTEGER:
            return []
        rows = self._database.rows(
            "SELECT person FROM members WHERE conversation = ? ORDER BY place", (conversation,)
        )
        return [person for (person,) in rows]

    def member_names(self, conversation: int, limit: int) -> list[str]:
        """What the first of them by name are called now, or were last."""
        if not 0 < conversation <= MAX_INTEGER:
            return []
        rows = self._database.rows(
            "SELECT name FROM members JOIN people USING (person)"
            " WHERE conversation = ? ORDER BY name LIMIT ?",
            (conversation, limit),
        )
        return [name for (name,) in rows]

    def add_member(self, conversation: int, person: int) -> None:
        """Nothing, if they are one. Raises LocalError if there is no such conversation."""
        if self.conversation(conversation) is None:
            raise LocalError(f"there is no conversation {conversation}")
        if not self.is_member(conversation, person):
            self._database.write(
                "INSERT INTO members (conversation, person) VALUES (?, ?)", (conversation, person)
            )
            self._count(conversation, 1)

    def drop_member(self, conversation: int, person: int) -> None:
        """Nothing, if they are none."""
        if self.is_member(conversation, person):
            self._database.write(
                "DELETE FROM members WHERE person = ? AND conversation = ?", (person, conversation)
            )
            self._count(conversation, -1)

    def is_member(self, conversation: int, person: int) -> bool:
        """Whether somebody belongs there by a row: everybody does to the room, without one."""
        if not 0 < conversation <= MAX_INTEGER:
            return False
        row = self._database.row(
            "SELECT 1 FROM members WHERE person = ? AND conversation = ?", (person, conversation)
        )
        return row is not None

    def _count(self, conversation: int, more: int) -> None:
        self._database.write(
            "UPDATE group_names SET members = members + ? WHERE conversation = ?",
            (more, conversation),
        )

    def conversations_of(self, person: int) -> list[int]:
        """Ascending, without the room."""
        rows = self._database.rows(
            "SELECT conversation FROM members WHERE person = ? ORDER BY conversation", (person,)
        )
        return [conversation for (conversation,) in rows]

    # --- read markers ---

    def read_markers(self, person: int) -> dict[int, int]:
        """The highest number read, by conversation."""
        return dict(
            self._database.rows(
                "SELECT conversation, number FROM read_markers WHERE person = ?", (person,)
            )
        )

    def set_read(self, person: int, conversation: int, number: int) -> None:
        """Moves a marker forwards, at most to the end of the log."""
        if not 0 < conversation <= MAX_INTEGER:
            return
        row = self._database.row(
            "SELECT max(number) FROM entries WHERE conversation = ?", (conversation,)
        )
        number = min(number, row[0] or 0 if row else 0)
        if number > 0:
            self._database.write(
                "INSERT INTO read_markers (person, conversation, number) VALUES (?, ?, ?)"
                " ON CONFLICT (person, conversation)"
                " DO UPDATE SET number = excluded.number WHERE number < excluded.number",
                (person, conversation, number),
            )
