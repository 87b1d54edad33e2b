"""What the store keeps beside the logs: drafts, people, who is kept out, what outlives a restart.

Band: adapters. Tables and records, nothing else: what a record means is the core's business.
"""

import struct
from collections.abc import Collection
from dataclasses import replace

from protocol import LocalError
from records import (
    Ban,
    BanKind,
    DraftAnswer,
    GuessRecord,
    PersonRecord,
    RememberedSession,
    StreamRecord,
)
from storage_schema import Database, Tables

_MAX_CACHED = 10_000  # streams
_ANSWER = struct.Struct(">QHQQQ")  # draft, code, conversation, number, sent_at
_HOUR = 3600 * 1000  # milliseconds
ONCE_LIFE = 24 * _HOUR
GUEST_TOKEN_LIFE = 24 * _HOUR
ACCOUNT_TOKEN_LIFE = 30 * 24 * _HOUR
STREAM_LIFE = 30 * 24 * _HOUR
SESSION_LIFE = 12 * _HOUR
_LOST_GUESTS = """
    SELECT DISTINCT people.person, people.name FROM tokens AS old JOIN people USING (person)
    WHERE old.is_account = 0 AND old.used_at < ? AND NOT is_present
        AND NOT EXISTS (
            SELECT 1 FROM tokens WHERE tokens.person = old.person AND tokens.used_at >= ?
        )
"""


def _bytes(number: int) -> bytes:
    """An unsigned number as storage_schema.py says."""
    return number.to_bytes(8, "big")


def _number(kept: bytes) -> int:
    return int.from_bytes(kept, "big")


class Records(Tables):
    """The part of ``records.Store`` that is as old as the store."""

    def __init__(self, database: Database, now_utc_ms: int) -> None:
        super().__init__(database)
        self._latest = now_utc_ms  # of all times we were told
        self._streams_used: dict[bytes, int] = {}  # when that was written last
        # By stream and draft, with this turn's, as they are kept: each is packed once.
        self._answers: dict[bytes, dict[int, bytes]] = {}
        self._oldest: dict[bytes, int] = {}  # of streams, as this turn raised it
        self._changed: set[bytes] = set()  # streams whose answers this turn changed

    def _hear(self, at: int) -> None:
        if at > self._latest:
            self._latest = at

    # --- drafts ---

    def stream(self, stream: bytes) -> StreamRecord | None:
        """What is known of one run of a client."""
        row = self._database.row("SELECT person, oldest FROM streams WHERE stream = ?", (stream,))
        if row is None:
            return None
        oldest = max(_number(row[1]), self._oldest.get(stream, 1))
        kept = self._answers_of(stream)
        answers = tuple(DraftAnswer(*_ANSWER.unpack(kept[draft])) for draft in sorted(kept))
        # Drafts are taken in order, and none below ``oldest`` is waited for.
        taken = answers[-1].draft if answers else oldest - 1
        return StreamRecord(row[0], oldest, taken, answers)

    def _answers_of(self, stream: bytes) -> dict[int, bytes]:
        answers = self._answers.get(stream)
        if answers is None:
            row = self._database.row("SELECT answers FROM streams WHERE stream = ?", (stream,))
            if row is None:
                raise LocalError("an answer for a stream that nobody has")
            size, kept = _ANSWER.size, row[0]
            pieces = [kept[at : at + size] for at in range(0, len(kept), size)]
            answers = self._answers[stream] = {_number(piece[:8]): piece for piece in pieces}
        return answers

    def write_answers(self) -> None:
        """What the turn changed, one row for each stream. Part of ending a turn."""
        for stream in self._changed:
            packed = b"".join(self._answers[stream].values())
            self._database.write_later(
                "UPDATE streams SET answers = ?, oldest = max(oldest, ?) WHERE stream = ?",
                (packed, _bytes(self._oldest.get(stream, 1)), stream),
            )
        self._changed.clear()
        self._oldest.clear()
        if len(self._answers) > _MAX_CACHED:
            self._answers.clear()

    def forget_turn(self) -> None:
        """Nothing of the turn was kept."""
        self._changed.clear()
        self._oldest.clear()
        self._answers.clear()

    def bind_stream(self, stream: bytes, person: int, used_at: int) -> None:
        """Says whose it is."""
        self._hear(used_at)
        self._database.write(
            "INSERT INTO streams (stream, person, oldest, used_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (stream)"
            " DO UPDATE SET person = excluded.person, used_at = excluded.used_at",
            (stream, person, _bytes(1), used_at),
        )

    def save_answer(self, stream: bytes, answer: DraftAnswer, used_at: int) -> None:
        """The first answer stands."""
        self._hear(used_at)
        answers = self._answers.get(stream)
        if answers is None:
            answers = self._answers_of(stream)
        if answer.draft not in answers:
            answers[answer.draft] = _ANSWER.pack(*answer)
        self._changed.add(stream)
        # To the hour is exact enough for a life of 30 days, and mostly saves the writing.
        if self._streams_used.get(stream, 0) < used_at - _HOUR:
            if len(self._streams_used) >= _MAX_CACHED:
                self._streams_used.clear()
            self._streams_used[stream] = used_at
            self._database.write(
                "UPDATE streams SET used_at = ? WHERE stream = ? AND used_at < ?",
                (used_at, stream, used_at),
            )

    def forget_answers(self, stream: bytes, oldest: int) -> None:
        """The author has the answers to all drafts below ``oldest``."""
        answers = self._answers_of(stream)
        for draft in [draft for draft in answers if draft < oldest]:
            del answers[draft]
        self._oldest[stream] = max(oldest, self._oldest.get(stream, 1))
        self._changed.add(stream)

    # --- people ---

    def present_people(self) -> list[PersonRecord]:
        """Those who joined and have not left."""
        return [
            PersonRecord(person, name, True, bool(is_account))
            for person, name, is_account in self._database.rows(
                "SELECT person, name, is_account FROM people WHERE is_present"
            )
        ]

    def person(self, person: int) -> PersonRecord | None:
        """Somebody who entered at some time."""
        row = self._database.row(
            "SELECT name, is_present, is_account FROM people WHERE person = ?", (person,)
        )
        return PersonRecord(person, row[0], bool(row[1]), bool(row[2])) if row else None

    def save_person(self, record: PersonRecord) -> None:
        """Adds or replaces."""
        self._database.write(
            "INSERT OR REPLACE INTO people (person, name, is_present, is_account)"
            " VALUES (?, ?, ?, ?)",
            (record.person, record.name, record.is_present, record.is_account),
        )

    def save_token(self, token_hash: bytes, person: int, used_at: int) -> None:
        """What brings this person back."""
        self._hear(used_at)
        self._database.write(
            "INSERT OR REPLACE INTO tokens (token_hash, person, used_at, is_account)"
            " VALUES (?, ?, ?, EXISTS (SELECT 1 FROM people WHERE person = ? AND is_account))",
            (token_hash, person, used_at, person),
        )

    def use_token(self, token_hash: bytes, unused_since: int, used_at: int) -> int | None:
        """Whose it is, if it still counts; this is a use.

        A guest's counts if its last use was not before ``unused_since``; an account's if it was
        not before that or within ACCOUNT_TOKEN_LIFE.
        """
        self._hear(used_at)
        row = self._database.row(
            "SELECT person, used_at, is_account FROM tokens WHERE token_hash = ?", (token_hash,)
        )
        if row is None:
            return None
        person, last_use, is_account = row
        if is_account:
            unused_since = min(unused_since, used_at - ACCOUNT_TOKEN_LIFE)
        if last_use < unused_since:
            return None
        self._database.write(
            "UPDATE tokens SET used_at = ? WHERE token_hash = ?", (used_at, token_hash)
        )
        return int(person)

    def drop_token(self, token_hash: bytes) -> None:
        """One device of somebody is not brought back by it any more."""
        self._database.write("DELETE FROM tokens WHERE token_hash = ?", (token_hash,))

    def drop_tokens(self, person: int) -> None:
        """Nothing brings this person back but entering."""
        self._database.write("DELETE FROM tokens WHERE person = ?", (person,))

    def once(self, once: bytes) -> tuple[int, bytes] | None:
        """Code and JSON of the answer to a request that must not be carried out twice."""
        row = self._database.row("SELECT code, fields FROM once WHERE once = ?", (once,))
        return (row[0], row[1]) if row else None

    def save_once(self, once: bytes, code: int, fields: bytes, at: int) -> None:
        """Together with what the request changed."""
        self._hear(at)
        self._database.write(
            "INSERT OR REPLACE INTO once (once, code, fields, at) VALUES (?, ?, ?, ?)",
            (once, code, fields, at),
        )

    # --- keeping out ---

    def bans(self) -> list[Ban]:
        """All, oldest first; the core knows which have ended."""
        return [
            Ban(ban, BanKind(kind), person, name, address, until, reason)
            for ban, kind, person, name, address, until, reason in self._database.rows(
                "SELECT ban, kind, person, name, address, until, reason FROM bans ORDER BY ban"
            )
        ]

    def add_ban(self, ban: Ban) -> Ban:
        """The same with its number."""
        number = self._database.write(
            "INSERT INTO bans (kind, person, name, address, until, reason)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (ban.kind, ban.person, ban.name, ban.address, ban.until, ban.reason),
        )
        return replace(ban, ban=number)

    def drop_ban(self, ban: int) -> None:
        """Taken back, or ended."""
        self._database.write("DELETE FROM bans WHERE ban = ?", (ban,))

    def guesses(self) -> list[GuessRecord]:
        """Wrong passwords so far."""
        return [
            GuessRecord(*row)
            for row in self._database.rows("SELECT address, failures, last_failure FROM guesses")
        ]

    def save_guesses(self, guesses: list[GuessRecord]) -> None:
        """Replaces all."""
        self._database.write("DELETE FROM guesses")
        for guess in guesses:
            self._database.write(
                "INSERT INTO guesses (address, failures, last_failure) VALUES (?, ?, ?)",
                (guess.address, guess.failures, guess.last_failure),
            )

    # --- restarts ---

    def remembered_sessions(self, since: int) -> list[RememberedSession]:
        """Those written down at ``since`` or later."""
        return [
            RememberedSession(_number(session), host, port)
            for session, host, port in self._database.rows(
                "SELECT session, host, port FROM sessions WHERE at >= ?", (since,)
            )
        ]

    def remember_session(self, session: RememberedSession, at: int) -> None:
        """Entered, or moved to another address."""
        self._hear(at)
        self._database.write(
            "INSERT OR REPLACE INTO sessions (session, host, port, at) VALUES (?, ?, ?, ?)",
            (_bytes(session.session_id), session.host, session.port, at),
        )

    def forget_session(self, session_id: int) -> None:
        """It ended in good order."""
        self._database.write("DELETE FROM sessions WHERE session = ?", (_bytes(session_id),))

    # --- housekeeping ---

    def lost_guests(self, at: int) -> list[PersonRecord]:
        """Guests whom ``forget_old`` leaves without a token: nothing will bring them back."""
        since = at - GUEST_TOKEN_LIFE
        rows = self._database.rows(_LOST_GUESTS, (since, since))
        return [PersonRecord(person, name, is_present=False) for person, name in rows]

    def forget_old(self, at: int, streams_in_use: Collection[bytes] = ()) -> None:
        """What is past its time. What a session goes on with is not, though somebody sets the
        clock by months."""
        self._hear(at)
        write = self._database.write
        write("DELETE FROM once WHERE at < ?", (at - ONCE_LIFE,))
        for is_account, life in ((0, GUEST_TOKEN_LIFE), (1, ACCOUNT_TOKEN_LIFE)):
            write(
                "DELETE FROM tokens WHERE is_account = ? AND used_at < ?"
                " AND (is_account OR person NOT IN (SELECT person FROM people WHERE is_present))",
                (is_account, at - life),
            )
        self.write_answers()
        self._answers.clear()
        old = "SELECT stream FROM streams WHERE used_at < ?"
        for (stream,) in self._database.rows(old, (at - STREAM_LIFE,)):
            if stream not in streams_in_use:
                write("DELETE FROM streams WHERE stream = ?", (stream,))
        write("DELETE FROM sessions WHERE at < ?", (at - SESSION_LIFE,))
