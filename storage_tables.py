"""The tables of the database, and how older ones are brought up to date.

Band: adapters. Statements of SQLite and nothing else.
A table is born in a migration and changed by a later one; a migration that shipped never changes.
Unsigned 64-bit numbers that a peer may choose are kept as 8 big-endian bytes: SQLite's integers are
signed, and bytes sort the same way.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """One named step; ``PRAGMA user_version`` counts those taken."""

    name: str
    statements: tuple[str, ...]


MIGRATIONS = (
    Migration(
        "logs",
        (
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
            """CREATE TABLE conversations (
                conversation INTEGER PRIMARY KEY,
                kind INTEGER NOT NULL, -- ConversationKind
                name TEXT NOT NULL     -- of a group; the room's stands in the settings
            )""",
            # ``place`` orders the entries of all logs as they were committed. The body is what all
            # receivers get; its text begins at byte ``text_at``, so that an index of words can
            # point here instead of keeping every text twice.
            """CREATE TABLE entries (
                place INTEGER PRIMARY KEY,
                conversation INTEGER NOT NULL REFERENCES conversations,
                number INTEGER NOT NULL,
                kind INTEGER NOT NULL, -- EntryKind
                text_at INTEGER NOT NULL,
                chain BLOB NOT NULL,
                body BLOB NOT NULL
            )""",
            "CREATE UNIQUE INDEX entries_by_number ON entries (conversation, number)",
        ),
    ),
    Migration(
        "drafts",
        (
            """CREATE TABLE streams (
                stream BLOB PRIMARY KEY,
                person INTEGER NOT NULL,
                oldest BLOB NOT NULL, -- answers below are forgotten
                used_at INTEGER NOT NULL,
                answers BLOB NOT NULL DEFAULT x'' -- all in one row: one page a turn, not one each
            )""",
        ),
    ),
    Migration(
        "people",
        (
            """CREATE TABLE people (
                person INTEGER PRIMARY KEY,
                name TEXT NOT NULL,
                is_present INTEGER NOT NULL,
                is_account INTEGER NOT NULL
            )""",
            "CREATE INDEX people_present ON people (person) WHERE is_present",
            """CREATE TABLE tokens (
                token_hash BLOB PRIMARY KEY,
                person INTEGER NOT NULL,
                used_at INTEGER NOT NULL
            ) WITHOUT ROWID""",
            "CREATE INDEX tokens_by_person ON tokens (person)",
            """CREATE TABLE once (
                once BLOB PRIMARY KEY,
                code INTEGER NOT NULL,
                fields BLOB NOT NULL, -- JSON of the answer
                at INTEGER NOT NULL
            ) WITHOUT ROWID""",
            """CREATE TABLE bans (
                ban INTEGER PRIMARY KEY,
                kind INTEGER NOT NULL, -- BanKind
                person INTEGER NOT NULL,
                name TEXT NOT NULL,
                address TEXT NOT NULL,
                until INTEGER NOT NULL,
                reason TEXT NOT NULL
            )""",
            """CREATE TABLE guesses (
                address TEXT PRIMARY KEY,
                failures INTEGER NOT NULL,
                last_failure INTEGER NOT NULL
            ) WITHOUT ROWID""",
            """CREATE TABLE sessions (
                session BLOB PRIMARY KEY,
                host TEXT NOT NULL,
                port INTEGER NOT NULL,
                at INTEGER NOT NULL
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "accounts",
        (
            # What names fold to and look like is made by who asks: alike for all servers.
            """CREATE TABLE accounts (
                person INTEGER PRIMARY KEY,
                name TEXT NOT NULL,
                folded TEXT NOT NULL,
                skeleton TEXT NOT NULL,
                full_name TEXT NOT NULL,
                country TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                salt BLOB NOT NULL,
                iterations INTEGER NOT NULL,
                stored_key BLOB NOT NULL,
                server_key BLOB NOT NULL,
                expires_at INTEGER NOT NULL -- of a code that an operator gave; 0: never
            )""",
            "CREATE UNIQUE INDEX accounts_by_fold ON accounts (folded)",
            "CREATE UNIQUE INDEX accounts_by_skeleton ON accounts (skeleton)",
            "ALTER TABLE tokens ADD COLUMN is_account INTEGER NOT NULL DEFAULT 0",
            # What is past its time is looked for each minute, in rows of up to 30 days.
            "CREATE INDEX tokens_by_use ON tokens (is_account, used_at)",
            "CREATE INDEX once_by_time ON once (at)",
            "CREATE INDEX streams_by_use ON streams (used_at)",
        ),
    ),
    Migration(
        "conversations",
        (
            "CREATE INDEX conversations_by_name ON conversations (kind, name)",
            # Counting the members of a page of groups would read them all.
            """CREATE TABLE group_names (
                conversation INTEGER PRIMARY KEY REFERENCES conversations,
                folded TEXT NOT NULL,
                skeleton TEXT NOT NULL,
                members INTEGER NOT NULL
            )""",
            "CREATE UNIQUE INDEX groups_by_fold ON group_names (folded)",
            "CREATE UNIQUE INDEX groups_by_skeleton ON group_names (skeleton)",
            """CREATE TABLE private_pairs (
                conversation INTEGER PRIMARY KEY REFERENCES conversations,
                low INTEGER NOT NULL, -- the lower of the two people
                high INTEGER NOT NULL
            )""",
            "CREATE UNIQUE INDEX private_by_pair ON private_pairs (low, high)",
            """CREATE TABLE members (
                place INTEGER PRIMARY KEY, -- the order of joining
                conversation INTEGER NOT NULL REFERENCES conversations,
                person INTEGER NOT NULL
            )""",
            "CREATE INDEX members_by_conversation ON members (conversation)",
            "CREATE UNIQUE INDEX members_by_person ON members (person, conversation)",
            """CREATE TABLE read_markers (
                person INTEGER NOT NULL,
                conversation INTEGER NOT NULL REFERENCES conversations,
                number INTEGER NOT NULL,
                PRIMARY KEY (person, conversation)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "search",
        (
            # A row is an entry's place, its words and "c" with its conversation's number: so one
            # walk through the index passes over what was said elsewhere. Keeps no text. The
            # shortest beginnings of words are indexed too: they are those of very many words.
            """CREATE VIRTUAL TABLE words USING fts5 (
                text, conversation, content='', columnsize=0, prefix='1 2',
                tokenize='unicode61 remove_diacritics 2'
            )""",
            # Left to itself it merges rarely and then for 20 ms.
            "INSERT INTO words (words, rank) VALUES ('automerge', 0)",
        ),
    ),
    Migration(
        "files",
        (
            """CREATE TABLE files (
                file BLOB PRIMARY KEY, -- SHA-256
                size INTEGER NOT NULL,
                person INTEGER NOT NULL,
                at INTEGER NOT NULL,
                is_removed INTEGER NOT NULL,
                name TEXT NOT NULL
            ) WITHOUT ROWID""",
            # The operator's list asks for the newest ones each second.
            "CREATE INDEX newest_files ON files (at DESC, file) WHERE NOT is_removed",
            """CREATE TABLE brought_files (
                file BLOB NOT NULL,
                person INTEGER NOT NULL,
                PRIMARY KEY (file, person)
            ) WITHOUT ROWID""",
            # Where a file was shared, once for each conversation: whoever asks for it is looked for
            # in these, however often it was shared there.
            """CREATE TABLE file_places (
                file BLOB NOT NULL,
                conversation INTEGER NOT NULL,
                PRIMARY KEY (file, conversation)
            ) WITHOUT ROWID""",
            # The entries of kind FILE, for lists. What they say stands in the entry.
            """CREATE TABLE shared_files (
                conversation INTEGER NOT NULL,
                number INTEGER NOT NULL,
                PRIMARY KEY (conversation, number)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "realms",
        (
            # One that was dropped stays as a row: should it come again, nothing is doubled.
            """CREATE TABLE realms (
                realm INTEGER PRIMARY KEY,
                key BLOB NOT NULL UNIQUE,
                name TEXT NOT NULL,
                folded TEXT NOT NULL,
                host TEXT NOT NULL,
                port INTEGER NOT NULL,
                prs BLOB NOT NULL, -- of their password, for their room
                room_id BLOB NOT NULL,
                added_by TEXT NOT NULL,
                added_at INTEGER NOT NULL,
                seen_at INTEGER NOT NULL,
                is_cut INTEGER NOT NULL,
                is_dropped INTEGER NOT NULL,
                bytes INTEGER NOT NULL -- taken from it
            )""",
            # What it was called before, with people or groups that bore that name here.
            """CREATE TABLE former_realm_names (
                folded TEXT NOT NULL,
                realm INTEGER NOT NULL REFERENCES realms,
                PRIMARY KEY (folded, realm)
            ) WITHOUT ROWID""",
            """CREATE TABLE foreign_people (
                place INTEGER PRIMARY KEY,
                person INTEGER NOT NULL UNIQUE,
                realm INTEGER NOT NULL REFERENCES realms,
                theirs BLOB NOT NULL, -- x'': not known yet
                name TEXT NOT NULL,
                folded TEXT NOT NULL
            )""",
            "CREATE INDEX foreign_by_name ON foreign_people (realm, folded)",
            "CREATE INDEX foreign_by_theirs ON foreign_people (realm, theirs)",
            """CREATE TABLE mirrors (
                conversation INTEGER PRIMARY KEY REFERENCES conversations,
                realm INTEGER NOT NULL REFERENCES realms,
                name TEXT NOT NULL,
                outgoing INTEGER NOT NULL UNIQUE REFERENCES conversations,
                returned INTEGER NOT NULL
            )""",
            "CREATE INDEX mirrors_by_realm ON mirrors (realm)",
            """CREATE TABLE followed_logs (
                realm INTEGER NOT NULL REFERENCES realms,
                theirs BLOB NOT NULL,
                ours INTEGER NOT NULL, -- 0: it was refused
                have BLOB NOT NULL,
                chain BLOB NOT NULL,
                PRIMARY KEY (realm, theirs)
            ) WITHOUT ROWID""",
            """CREATE TABLE realm_has (
                realm INTEGER NOT NULL REFERENCES realms,
                conversation INTEGER NOT NULL REFERENCES conversations,
                number INTEGER NOT NULL,
                PRIMARY KEY (realm, conversation)
            ) WITHOUT ROWID""",
            """CREATE TABLE declined_logs (
                realm INTEGER NOT NULL REFERENCES realms,
                conversation INTEGER NOT NULL REFERENCES conversations,
                code INTEGER NOT NULL,
                PRIMARY KEY (realm, conversation)
            ) WITHOUT ROWID""",
            # What was said up to there it refused with the whole log, and never gets.
            """CREATE TABLE refused_logs (
                realm INTEGER NOT NULL REFERENCES realms,
                conversation INTEGER NOT NULL REFERENCES conversations,
                number INTEGER NOT NULL,
                PRIMARY KEY (realm, conversation)
            ) WITHOUT ROWID""",
            """CREATE TABLE undelivered (
                place INTEGER PRIMARY KEY,
                realm INTEGER NOT NULL REFERENCES realms,
                theirs BLOB NOT NULL,
                number BLOB NOT NULL, -- 0: the whole log
                code INTEGER NOT NULL,
                UNIQUE (realm, theirs, number)
            )""",
            """CREATE TABLE awaited_files (
                place INTEGER PRIMARY KEY,
                file BLOB NOT NULL,
                size INTEGER NOT NULL,
                name TEXT NOT NULL,
                realm INTEGER NOT NULL REFERENCES realms,
                conversation INTEGER NOT NULL REFERENCES conversations,
                UNIQUE (file, realm, conversation)
            )""",
            "CREATE INDEX awaited_by_realm ON awaited_files (realm, place)",
            # Of which entries of ours a realm has said that it does not take them.
            """CREATE TABLE refused_entries (
                realm INTEGER NOT NULL REFERENCES realms,
                conversation INTEGER NOT NULL REFERENCES conversations,
                number INTEGER NOT NULL,
                PRIMARY KEY (realm, conversation, number)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "former realm names",
        # As they were shown: what looks like one is nobody else's name either.
        ("ALTER TABLE former_realm_names RENAME COLUMN folded TO name",),
    ),
)
