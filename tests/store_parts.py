"""A real store for tests that are about what it keeps: opened in memory, opened again, asked."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from conversation import Entry, EntryKind
from records import AccountRecord, Credentials
from storage import Storage

NOW = 1_800_000_000_000
ALL = 1 << 40
HIGHEST = (1 << 64) - 1
INVENTED = (0, -1, 99, 1 << 63, HIGHEST, 10**30)  # numbers of conversations that a peer makes up
ANA, BUDI, CITRA = 7, (1 << 63) - 1, 9


def open_store(folder: Path, *, max_pages: int | None = None) -> Storage:
    """The store in this folder."""
    random_bytes = Random(str(folder)).randbytes
    return Storage.open(folder, random_bytes=random_bytes, now_utc_ms=NOW, max_pages=max_pages)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """As conftest's, for each example of hypothesis."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="ruang-", dir=memory if memory.is_dir() else None
    ) as name:
        yield Path(name)


def text(words: str, sent_at: int = NOW) -> Entry:
    """What Ana says."""
    return Entry(b"tag of 8", EntryKind.TEXT, sent_at, ANA, "Ana", words)


def account(person: int, name: str) -> AccountRecord:
    """Somebody with an account."""
    credentials = Credentials(b"salt of 16 bytes", 600_000, b"s" * 32, b"k" * 32)
    return AccountRecord(person, name, f"{name} Putri", "Indonesia", NOW, credentials)
