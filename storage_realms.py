"""Other realms: which are linked, their people, which logs both sides read and how far.

Band: adapters. Tables and records, nothing else: who may do what is the core's business. Numbers
that another realm gave its logs may be its invention and are kept as 8 bytes.
"""

from dataclasses import replace
from typing import Any

from conversation import ConversationKind
from records import (
    AwaitedFile,
    Followed,
    ForeignPerson,
    Mirror,
    RealmRecord,
    Undelivered,
)
from storage_conversations import Conversations
from storage_schema import MAX_INTEGER, Database

_SELECT_REALMS = """
    SELECT realm, key, name, host, port, prs, room_id, added_by, added_at, seen_at, is_cut
    FROM realms
"""
_SELECT_PERSON = "SELECT person, realm, theirs, name FROM foreign_people"
_SELECT_FOLLOWED = "SELECT realm, theirs, ours, have, chain FROM followed_logs"
_SELECT_AWAITED = "SELECT file, size, name, realm, conversation, place FROM awaited_files"
_AWAITED_BY = """
    SELECT 1 FROM awaited_files AS place WHERE file = ? AND EXISTS (
        SELECT 1 FROM members WHERE person = ? AND conversation = place.conversation
    ) LIMIT 1
"""
_COUNT_PRIVATE = """
    SELECT count(*) FROM members AS ours
    JOIN private_pairs AS pair USING (conversation)
    JOIN foreign_people AS other ON other.person = iif(pair.low = ours.person, pair.high, pair.low)
    WHERE ours.person = ? AND other.realm = ?
"""
_COUNT_UNMET = """
    SELECT count(DISTINCT other.person),
        count(DISTINCT CASE WHEN declined.realm IS NULL THEN other.person END),
        count(DISTINCT CASE WHEN declined.realm IS NULL AND ours.person = ? THEN other.person END)
    FROM foreign_people AS other
    LEFT JOIN members AS theirs ON theirs.person = other.person
    LEFT JOIN members AS ours
        ON ours.conversation = theirs.conversation AND ours.person <> other.person
    LEFT JOIN declined_logs AS declined
        ON declined.realm = other.realm AND declined.conversation = theirs.conversation
    WHERE other.realm = ? AND other.theirs = x''
"""
_SELECT_ABROAD = """
    SELECT conversation FROM members JOIN foreign_people USING (person)
    UNION SELECT conversation FROM mirrors UNION SELECT outgoing FROM mirrors
"""
_SELECT_MIRROR = "SELECT conversation, realm, name, outgoing, returned FROM mirrors"
# What a realm may read: what its people belong to here (not its own groups, of which we have a
# copy), and what ours say to its groups.
_SHARED = """
    SELECT conversation FROM members JOIN foreign_people USING (person)
    WHERE realm = ? AND conversation NOT IN (SELECT conversation FROM mirrors)
    UNION SELECT outgoing FROM mirrors WHERE realm = ?
    EXCEPT SELECT conversation FROM declined_logs WHERE realm = ?
"""
_WHO_READS = """
    SELECT realm FROM foreign_people JOIN members USING (person)
    WHERE conversation = ?
        AND NOT EXISTS (SELECT 1 FROM mirrors WHERE conversation = ?)
    UNION SELECT realm FROM mirrors WHERE outgoing = ?
    EXCEPT SELECT realm FROM declined_logs WHERE conversation = ?
"""
_WAITING = f"""
    WITH shared AS ({_SHARED}), logs AS (
        SELECT conversation,
            ifnull((SELECT max(number) FROM entries
                WHERE entries.conversation = shared.conversation), 0) AS head,
            ifnull((SELECT number FROM realm_has
                WHERE realm = ? AND realm_has.conversation = shared.conversation), 0) AS has
        FROM shared
    )
    SELECT conversation, head, has FROM logs WHERE head > has
"""  # noqa: S608 - ours
# The same of one log, ``place.conversation``, of which there may be very many.
_IS_SHARED = """
    (
        EXISTS (
            SELECT 1 FROM members JOIN foreign_people USING (person)
            WHERE conversation = place.conversation AND realm = ?
        ) AND place.conversation NOT IN (SELECT conversation FROM mirrors)
        OR EXISTS (SELECT 1 FROM mirrors WHERE outgoing = place.conversation AND realm = ?)
    ) AND NOT EXISTS (
        SELECT 1 FROM declined_logs WHERE conversation = place.conversation AND realm = ?
    )
"""
_MAY_REALM_READ = f"SELECT 1 FROM file_places AS place WHERE file = ? AND {_IS_SHARED} LIMIT 1"  # noqa: S608 - ours
_AWAITED_BY_REALM = f"SELECT 1 FROM awaited_files AS place WHERE file = ? AND {_IS_SHARED} LIMIT 1"  # noqa: S608 - ours


class Realms(Conversations):
    """The part of ``records.Store`` that knows other realms, beside what there is here.

    Which conversations other realms have to do with is known in memory: what is said here alone is
    most of all, and must not pay for them. One too many among them (somebody left, a turn was
    undone) is harmless: it is looked up.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._abroad: set[int] = {number for (number,) in database.rows(_SELECT_ABROAD)}

    def is_abroad(self, conversation: int) -> bool:
        """Whether somebody of another realm is, or was, in a conversation."""
        return conversation in self._abroad

    # --- which there are ---

    def realms(self) -> list[RealmRecord]:
        """All that are linked, those that are cut too."""
        rows = self._database.rows(f"{_SELECT_REALMS} WHERE NOT is_dropped ORDER BY realm")
        return [_realm(*row) for row in rows]

    def realm_name(self, realm: int) -> str:
        """What it is called here, or was before it was dropped; "": there is no such realm."""
        row = self._database.row("SELECT name FROM realms WHERE realm = ?", (realm,))
        return row[0] if row else ""

    def is_dropped(self, realm: int) -> bool:
        """Whether its link is no more, though what was said stays."""
        row = self._database.row("SELECT is_dropped FROM realms WHERE realm = ?", (realm,))
        return row is not None and bool(row[0])

    def realm_names(self) -> list[tuple[bytes, str]]:
        """What each realm, by its key, is called here or was: its people's words bear that name."""
        return self._database.rows(
            "SELECT key, name FROM realms UNION"
            " SELECT key, former.name FROM former_realm_names AS former JOIN realms USING (realm)"
        )

    def save_realm(self, record: RealmRecord, folded: str) -> RealmRecord:
        """Adds one (realm 0) or replaces it. One that was dropped goes on where it was."""
        values = (
            record.name,
            folded,
            record.host,
            record.port,
            record.prs,
            record.room_id,
            record.added_by,
            record.added_at,
            record.seen_at,
            record.is_cut,
        )
        self._database.write(
            "INSERT OR IGNORE INTO former_realm_names (name, realm)"
            " SELECT name, realm FROM realms WHERE key = ? AND folded <> ? AND ("
            "EXISTS (SELECT 1 FROM foreign_people WHERE realm = realms.realm)"
            " OR EXISTS (SELECT 1 FROM mirrors WHERE realm = realms.realm))",
            (record.key, folded),
        )
        self._database.write(
            "INSERT INTO realms (key, name, folded, host, port, prs, room_id, added_by, added_at,"
            " seen_at, is_cut, is_dropped, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"
            " ON CONFLICT (key) DO UPDATE SET name = excluded.name, folded = excluded.folded,"
            " host = excluded.host, port = excluded.port, prs = excluded.prs,"
            " room_id = excluded.room_id, added_by = excluded.added_by,"
            " added_at = excluded.added_at, seen_at = excluded.seen_at,"
            " is_cut = excluded.is_cut, is_dropped = 0",
            (record.key, *values),
        )
        row = self._database.row(f"{_SELECT_REALMS} WHERE key = ?", (record.key,))
        assert row is not None
        return _realm(*row)

    def note_realm_seen(self, realm: int, at: int) -> None:
        """Its link came or went. Nothing else of it is touched, whatever is being changed."""
        self._database.write("UPDATE realms SET seen_at = ? WHERE realm = ?", (at, realm))

    def drop_realm(self, realm: int) -> None:
        """The link is no more. What was said stays, and how far we are, should it come again."""
        self._database.write(
            "UPDATE realms SET is_dropped = 1, host = '', port = 0, prs = x'' WHERE realm = ?",
            (realm,),
        )
        self._database.write("DELETE FROM awaited_files WHERE realm = ?", (realm,))

    def realm_bytes(self, realm: int) -> int:
        """What was taken from it: entries and files."""
        row = self._database.row("SELECT bytes FROM realms WHERE realm = ?", (realm,))
        return row[0] if row else 0

    def add_realm_bytes(self, realm: int, size: int) -> None:
        """So much more was taken from it; less, if something of it was removed."""
        self._database.write("UPDATE realms SET bytes = bytes + ? WHERE realm = ?", (size, realm))

    def free_realms_of(self, file: bytes) -> None:
        """It was removed: a realm that had left it here may leave as much anew, and would have to
        bring it again.
        """
        self._database.write(
            "UPDATE realms SET bytes = bytes - (SELECT size FROM files WHERE file = ?)"
            " WHERE realm IN (SELECT person FROM brought_files WHERE file = ?)"
            " AND realm NOT IN (SELECT realm FROM awaited_files WHERE file = ?)",  # not counted yet
            (file, file, file),
        )
        self._database.write(
            "DELETE FROM brought_files WHERE file = ? AND person IN (SELECT realm FROM realms)",
            (file,),
        )

    # --- their people ---

    def foreign_person(self, person: int) -> ForeignPerson | None:
        """Somebody who is known here; None: of this realm, or nobody."""
        row = self._database.row(f"{_SELECT_PERSON} WHERE person = ?", (person,))
        return ForeignPerson(*row) if row else None

    def foreign_people(self, realm: int, folded: str) -> list[ForeignPerson]:
        """Who is, or was, called so there: newest first."""
        rows = self._database.rows(
            f"{_SELECT_PERSON} WHERE realm = ? AND folded = ? ORDER BY place DESC", (realm, folded)
        )
        return [ForeignPerson(*row) for row in rows]

    def foreign_person_there(self, realm: int, theirs: bytes) -> ForeignPerson | None:
        """By how that realm knows them."""
        row = self._database.row(
            f"{_SELECT_PERSON} WHERE realm = ? AND theirs = ?", (realm, theirs)
        )
        return ForeignPerson(*row) if row else None

    def name_people_of(self, realm: int, ending: str) -> None:
        """All of them are shown with this behind their names; what they said keeps what it had."""
        self._database.write(
            "UPDATE people SET name ="
            " (SELECT name FROM foreign_people WHERE person = people.person) || ?"
            " WHERE person IN (SELECT person FROM foreign_people WHERE realm = ?)",
            (ending, realm),
        )

    def count_foreign_people(self, realm: int) -> int:
        """How many of them are known here."""
        row = self._database.row("SELECT count(*) FROM foreign_people WHERE realm = ?", (realm,))
        return row[0] if row else 0

    def count_private(self, person: int, realm: int) -> int:
        """In how many private conversations somebody is with people of that realm."""
        row = self._database.row(_COUNT_PRIVATE, (person, realm))
        return row[0] if row else 0

    def count_unmet_people(self, realm: int, asker: int) -> tuple[int, int, int]:
        """Of those who are known by name alone: all, those of whom the realm has not said that it
        knows nobody, and among them those whom ``asker`` wants to reach."""
        row = self._database.row(_COUNT_UNMET, (asker, realm))
        assert row is not None
        return row[0], row[1], row[2]

    def save_foreign_person(self, record: ForeignPerson, folded: str) -> None:
        """Adds or replaces. Their row among the people is saved beside it."""
        self._database.write(
            "INSERT INTO foreign_people (person, realm, theirs, name, folded)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET"
            " theirs = excluded.theirs, name = excluded.name, folded = excluded.folded",
            (record.person, record.realm, record.theirs, record.name, folded),
        )
        self._abroad.update(self.conversations_of(record.person))

    def add_member(self, conversation: int, person: int) -> None:
        super().add_member(conversation, person)
        if self.foreign_person(person) is not None:
            self._abroad.add(conversation)

    # --- their groups ---

    def add_mirror(self, realm: int, name: str, shown: str, folded: str, skeleton: str) -> Mirror:
        """A copy of a group of theirs, ``shown`` as group@realm, and what is said to it.

        Raises LocalError if a group here is shown so.
        """
        conversation = self.add_group(shown, folded, skeleton)
        outgoing = self._add(ConversationKind.OUTGOING, shown)
        self._database.write(
            "INSERT INTO mirrors (conversation, realm, name, outgoing, returned)"
            " VALUES (?, ?, ?, ?, 0)",
            (conversation, realm, name, outgoing),
        )
        self._abroad.update((conversation, outgoing))
        return Mirror(conversation, realm, name, outgoing)

    def mirror(self, conversation: int) -> Mirror | None:
        """By the copy, or by what is said to it."""
        if conversation not in self._abroad:
            return None
        row = self._database.row(
            f"{_SELECT_MIRROR} WHERE conversation = ? OR outgoing = ?",
            (conversation, conversation),
        )
        return Mirror(*row) if row else None

    def mirrors(self, realm: int) -> list[Mirror]:
        """Of its groups, those that somebody here has joined."""
        rows = self._database.rows(
            f"{_SELECT_MIRROR} WHERE realm = ? ORDER BY conversation", (realm,)
        )
        return [Mirror(*row) for row in rows]

    def name_mirror(self, mirror: Mirror, shown: str, folded: str, skeleton: str) -> None:
        """It is shown otherwise from now on, unless another group is shown so or looks so."""
        self._database.write(
            "UPDATE OR IGNORE group_names SET folded = ?, skeleton = ? WHERE conversation = ?",
            (folded, skeleton, mirror.conversation),
        )
        self._database.write(
            "UPDATE conversations SET name = ? WHERE conversation IN (?, ?)"
            " AND EXISTS (SELECT 1 FROM group_names WHERE conversation = ? AND folded = ?)",
            (shown, mirror.conversation, mirror.outgoing, mirror.conversation, folded),
        )

    def set_returned(self, conversation: int, returned: int) -> None:
        """Of a copy: what was said to its home is in it up to here, or was refused."""
        self._database.write(
            "UPDATE mirrors SET returned = ? WHERE conversation = ?", (returned, conversation)
        )

    # --- our logs, as they read them ---

    def shared_logs(self, realm: int, after: int = 0, limit: int = -1) -> list[int]:
        """Ascending, those behind ``after``. None that it declined."""
        if not 0 <= after <= MAX_INTEGER:
            return []
        rows = self._database.rows(
            f"WITH shared AS ({_SHARED}) SELECT conversation FROM shared"  # noqa: S608 - ours
            " WHERE conversation > ? ORDER BY conversation LIMIT ?",
            (realm, realm, realm, after, limit),
        )
        return [conversation for (conversation,) in rows]

    def has_shared(self, realm: int, conversation: int) -> bool:
        """Whether a realm may read a log."""
        return realm in self.realms_of(conversation)

    def realms_of(self, conversation: int) -> list[int]:
        """The realms that may read a log, ascending."""
        if conversation not in self._abroad:
            return []
        rows = self._database.rows(_WHO_READS + " ORDER BY realm", (conversation,) * 4)
        return [realm for (realm,) in rows]

    def realm_has(self, realm: int, conversation: int) -> int:
        """How far it has reported to have it."""
        row = self._database.row(
            "SELECT number FROM realm_has WHERE realm = ? AND conversation = ?",
            (realm, conversation),
        )
        return row[0] if row else 0

    def set_realm_has(self, realm: int, conversation: int, number: int) -> None:
        """As it reports."""
        self._database.write(
            "INSERT OR REPLACE INTO realm_has (realm, conversation, number) VALUES (?, ?, ?)",
            (realm, conversation, number),
        )

    def waiting_for(self, realm: int) -> int:
        """Entries that it may read and has not reported to have."""
        return sum(count for _, _, count in self.waiting_logs(realm))

    def waiting_logs(self, realm: int) -> list[tuple[int, int, int]]:
        """Logs of which it lacks something: number, newest entry, how many it lacks."""
        rows = self._database.rows(_WAITING, (realm,) * 4)
        return [(log, head, head - has) for log, head, has in rows]

    def decline(self, realm: int, conversation: int, code: int) -> None:
        """It wants no more of a log of ours, and says why."""
        self._database.write(
            "INSERT OR REPLACE INTO declined_logs (realm, conversation, code) VALUES (?, ?, ?)",
            (realm, conversation, code),
        )

    def declined(self, realm: int, conversation: int) -> int:
        """Why it wants no more of it; 0: it said no such thing."""
        row = self._database.row(
            "SELECT code FROM declined_logs WHERE realm = ? AND conversation = ?",
            (realm, conversation),
        )
        return row[0] if row else 0

    def undo_decline(self, realm: int, conversation: int) -> None:
        """Somebody asked, and it wants it now."""
        self._database.write(
            "DELETE FROM declined_logs WHERE realm = ? AND conversation = ?",
            (realm, conversation),
        )

    def refuse_to(self, realm: int, conversation: int, number: int) -> None:
        """What was said in a log of ours up to there was refused with all of it."""
        self._database.write(
            "INSERT OR REPLACE INTO refused_logs (realm, conversation, number) VALUES (?, ?, ?)",
            (realm, conversation, number),
        )

    def refused_to(self, realm: int, conversation: int) -> int:
        """Up to where, also of one that it has taken again since; 0: nothing was."""
        row = self._database.row(
            "SELECT number FROM refused_logs WHERE realm = ? AND conversation = ?",
            (realm, conversation),
        )
        return row[0] if row else 0

    # --- their logs, as we read them ---

    def followed(self, realm: int, theirs: int) -> Followed | None:
        """How far we have it; None: it is new to us."""
        row = self._database.row(
            f"{_SELECT_FOLLOWED} WHERE realm = ? AND theirs = ?", (realm, _number(theirs))
        )
        return _followed(*row) if row else None

    def followed_after(self, realm: int, theirs: int, limit: int) -> list[Followed]:
        """Those that are not refused, by their numbers, ascending; of numbers above ``theirs``."""
        rows = self._database.rows(
            f"{_SELECT_FOLLOWED} WHERE realm = ? AND theirs > ? AND ours > 0"
            " ORDER BY theirs LIMIT ?",
            (realm, _number(theirs), limit),
        )
        return [_followed(*row) for row in rows]

    def count_followed(self, realm: int) -> int:
        """How many there are, with those that were refused."""
        row = self._database.row("SELECT count(*) FROM followed_logs WHERE realm = ?", (realm,))
        return row[0] if row else 0

    def save_followed(self, followed: Followed) -> None:
        """Part of appending what came."""
        realm, theirs, ours, have, chain = followed
        self._database.write_later(
            "INSERT OR REPLACE INTO followed_logs (realm, theirs, ours, have, chain)"
            " VALUES (?, ?, ?, ?, ?)",
            (realm, _number(theirs), ours, _number(have), chain),
        )

    # --- refusals that they have to hear ---

    def undelivered(self, realm: int) -> list[Undelivered]:
        """Oldest first."""
        rows = self._database.rows(
            "SELECT realm, theirs, number, code FROM undelivered WHERE realm = ? ORDER BY place",
            (realm,),
        )
        return [
            Undelivered(realm, int.from_bytes(theirs), int.from_bytes(number), code)
            for realm, theirs, number, code in rows
        ]

    def add_undelivered(self, refusal: Undelivered) -> None:
        """To be told until they have heard it."""
        realm, theirs, number, code = refusal
        self._database.write(
            "INSERT OR IGNORE INTO undelivered (realm, theirs, number, code) VALUES (?, ?, ?, ?)",
            (realm, _number(theirs), _number(number), code),
        )

    def drop_undelivered(self, refusal: Undelivered) -> None:
        """They have heard it."""
        realm, theirs, number, _ = refusal
        self._database.write(
            "DELETE FROM undelivered WHERE realm = ? AND theirs = ? AND number = ?",
            (realm, _number(theirs), _number(number)),
        )

    def note_refused(self, realm: int, conversation: int, number: int) -> bool:
        """A realm does not take an entry of ours; whether it says so for the first time."""
        known = self._database.row(
            "SELECT 1 FROM refused_entries WHERE realm = ? AND conversation = ? AND number = ?",
            (realm, conversation, number),
        )
        if known is None:
            self._database.write(
                "INSERT INTO refused_entries (realm, conversation, number) VALUES (?, ?, ?)",
                (realm, conversation, number),
            )
        return known is None

    def count_refused(self, realm: int, conversation: int, after: int, head: int) -> int:
        """How many of ours behind a number, up to another, it does not take."""
        row = self._database.row(
            "SELECT count(*) FROM refused_entries WHERE realm = ? AND conversation = ?"
            " AND number > ? AND number <= ?",
            (realm, conversation, after, head),
        )
        return row[0] if row else 0

    # --- files that their entries speak of ---

    def awaited_files(self, realm: int, after: int = 0, limit: int = -1) -> list[AwaitedFile]:
        """In the order in which they came up, those whose place is beyond ``after``."""
        rows = self._database.rows(
            f"{_SELECT_AWAITED} WHERE realm = ? AND place > ? ORDER BY place LIMIT ?",
            (realm, after, limit),
        )
        return [AwaitedFile(*row) for row in rows]

    def is_awaited_in(self, file: bytes, conversation: int) -> bool:
        """Whether a file is to come for a conversation."""
        row = self._database.row(
            "SELECT 1 FROM awaited_files WHERE file = ? AND conversation = ? LIMIT 1",
            (file, conversation),
        )
        return row is not None

    def is_awaited_by(self, file: bytes, person: int) -> bool:
        """Whether it is to come for a conversation of theirs."""
        return self._database.row(_AWAITED_BY, (file, person)) is not None

    def is_awaited_by_realm(self, file: bytes, realm: int) -> bool:
        """Whether it is to come, for a log that the realm may read."""
        return self._database.row(_AWAITED_BY_REALM, (file, realm, realm, realm)) is not None

    def add_awaited_file(self, awaited: AwaitedFile) -> None:
        """Nothing, if that realm is to bring it there already."""
        self._database.write(
            "INSERT OR IGNORE INTO awaited_files (file, size, name, realm, conversation)"
            " VALUES (?, ?, ?, ?, ?)",
            (awaited.file, awaited.size, awaited.name, awaited.realm, awaited.conversation),
        )

    def give_awaited_file(self, file: bytes, realm: int) -> None:
        """It is here, and the realm has shown to have it: its entries share it from now on."""
        self._database.write(
            "INSERT OR IGNORE INTO file_places (file, conversation)"
            " SELECT file, conversation FROM awaited_files WHERE file = ? AND realm = ?",
            (file, realm),
        )
        self.drop_awaited_file(file, realm)

    def drop_awaited_file(self, file: bytes, realm: int) -> None:
        """It comes from there no more."""
        self._database.write(
            "DELETE FROM awaited_files WHERE file = ? AND realm = ?", (file, realm)
        )

    def may_realm_read_file(self, file: bytes, realm: int) -> bool:
        """Whether it was shared in a log that the realm may read."""
        return self._database.row(_MAY_REALM_READ, (file, realm, realm, realm)) is not None


def _number(number: int) -> bytes:
    return number.to_bytes(8)


def _realm(*row: Any) -> RealmRecord:
    return replace(RealmRecord(*row), is_cut=bool(row[-1]))


def _followed(realm: int, theirs: bytes, ours: int, have: bytes, chain: bytes) -> Followed:
    return Followed(realm, int.from_bytes(theirs), ours, int.from_bytes(have), chain)
