"""The accounts: who keeps a name for good, and what a password is checked by.

Band: adapters. Tables and records, nothing else. What a name folds to and looks like is worked out
by who asks, how a password is checked as well.
"""

from dataclasses import astuple

from protocol import LocalError
from records import AccountRecord, Credentials
from storage_schema import Row, Tables

_LAST = "\U0010ffff"  # sorts behind whatever a name holds; no character, so in none
_SELECT_ACCOUNT = """
    SELECT person, name, full_name, country, created_at,
        salt, iterations, stored_key, server_key, expires_at FROM accounts
"""
_BY_PERSON = f"{_SELECT_ACCOUNT} WHERE person = ?"
_BY_FOLD = f"{_SELECT_ACCOUNT} WHERE folded = ?"


class Accounts(Tables):
    """The part of ``records.Store`` that knows accounts."""

    def is_account_name(self, folded: str, skeleton: str) -> bool:
        """Whether an account has this name, or one that looks like it."""
        row = self._database.row(
            "SELECT 1 FROM accounts WHERE folded = ? OR skeleton = ?", (folded, skeleton)
        )
        return row is not None

    def add_account(self, account: AccountRecord, folded: str, skeleton: str) -> None:
        """A new one. Its person is an account's from now on, present or not as before.

        Raises LocalError if the name or the person is an account's already.
        """
        person, name = account.person, account.name
        if self.is_account_name(folded, skeleton) or self.account(person) is not None:
            raise LocalError("an account that is there already")
        write = self._database.write
        write(
            "INSERT INTO accounts (person, name, folded, skeleton, full_name, country, created_at,"
            " salt, iterations, stored_key, server_key, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(person, name, folded, skeleton, account.full_name, account.country),
                *(account.created_at, *astuple(account.credentials)),
            ),
        )
        write(
            "INSERT INTO people (person, name, is_present, is_account) VALUES (?, ?, 0, 1)"
            " ON CONFLICT (person) DO UPDATE SET name = excluded.name, is_account = 1",
            (person, name),
        )
        write("UPDATE tokens SET is_account = 1 WHERE person = ?", (person,))

    def account(self, person: int) -> AccountRecord | None:
        """That of a person, if they have one."""
        return _record(self._database.row(_BY_PERSON, (person,)))

    def account_named(self, folded: str) -> AccountRecord | None:
        """That of a name."""
        return _record(self._database.row(_BY_FOLD, (folded,)))

    def account_names(self, folded_prefix: str, limit: int) -> list[str]:
        """Those that begin so, in order."""
        rows = self._database.rows(
            "SELECT name FROM accounts WHERE folded >= ? AND folded < ? ORDER BY folded LIMIT ?",
            (folded_prefix, folded_prefix + _LAST, limit),
        )
        return [name for (name,) in rows]

    def save_credentials(self, person: int, credentials: Credentials) -> None:
        """Another password. Raises LocalError if the person has no account."""
        if self.account(person) is None:
            raise LocalError("a password for nobody")
        self._database.write(
            "UPDATE accounts SET salt = ?, iterations = ?, stored_key = ?, server_key = ?,"
            " expires_at = ? WHERE person = ?",
            (*astuple(credentials), person),
        )


def _record(row: Row | None) -> AccountRecord | None:
    if row is None:
        return None
    person, name, full_name, country, created_at, *credentials = row
    return AccountRecord(person, name, full_name, country, created_at, Credentials(*credentials))
