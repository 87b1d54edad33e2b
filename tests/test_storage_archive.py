"""D9: archive.csv follows the database, whatever people do to the file."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conversation import FIRST_CHAIN, ROOM, ConversationKind, Entry, EntryKind
from records import NoticeKind, StoreNotice
from storage_archive import ARCHIVE_NAME, INLINE_ENTRIES, Archive, Left
from storage_archive_rows import HEADER_LINE, ArchiveRow, render, row_fields
from storage_schema import DATABASE_NAME, Database

pytestmark = pytest.mark.uncounted

NOW = 1_795_241_743_123
ASIDE = "archive-20261121T061543Z.csv"
GROUP, PRIVATE = 2, 3
CUTS = [*range(0, 60, 7), 100, 157, 158, 159, 160, 171, 200, 222, 240, 264, 292]


class Room:
    """A database and its archive, without the store around them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ARCHIVE_NAME
        self.database = Database(folder / DATABASE_NAME)
        self.rows: list[ArchiveRow] = []
        for conversation, kind, name in (
            (ROOM, ConversationKind.ROOM, ""),
            (GROUP, ConversationKind.GROUP, "=sum"),
            (PRIVATE, ConversationKind.PRIVATE, ""),
        ):
            self.database.write(
                "INSERT OR IGNORE INTO conversations VALUES (?, ?, ?)", (conversation, kind, name)
            )
        self.database.commit()
        self.restart()

    def restart(self, left: Left | None = None) -> None:
        """Another run of the server on what is there."""
        last = self.rows[-1].place if self.rows else 0
        self.archive = Archive(self.path.parent, self.database.path, last, left)
        self.archive.check(NOW)

    def commit(self, *texts: str, conversation: int = ROOM) -> list[ArchiveRow]:
        """One turn of the store, without telling the archive."""
        rows: list[ArchiveRow] = []
        for text in texts:
            number = 1 + sum(row.conversation == self.label(conversation) for row in self.rows)
            number += len(rows)
            entry = Entry(bytes(8), EntryKind.TEXT, NOW + len(self.rows), 7, "Ana", text)
            place = self.database.write(
                "INSERT INTO entries (conversation, number, kind, text_at, chain, body)"
                " VALUES (?, ?, 1, 29, ?, ?)",
                (conversation, number, FIRST_CHAIN, entry.encode()),
            )
            rows.append(ArchiveRow(place, self.label(conversation), number, entry))
        self.database.commit()
        self.rows += rows
        return rows

    def post(self, *texts: str, conversation: int = ROOM) -> None:
        """One turn of the store."""
        self.archive.write_along(self.commit(*texts, conversation=conversation), NOW)

    def label(self, conversation: int) -> str:
        return {ROOM: "room", GROUP: "group:=sum", PRIVATE: ""}[conversation]

    def expected(self) -> bytes:
        return HEADER_LINE + render([row_fields(row) for row in self.rows])

    def notices(self) -> list[NoticeKind]:
        return [notice.kind for notice in self.archive.notices()]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    with closing(room.database):
        yield room


@pytest.fixture
def full_room(room: Room) -> Room:
    """More than is compared at once."""
    room.post(*(f"teks {number}" for number in range(INLINE_ENTRIES + 10)))
    run_chores(room)
    room.archive.notices()
    return room


def run_chores(room: Room) -> int:
    """As the worker would; how many there were."""
    count = 0
    while chore := room.archive.next_chore():
        chore()
        count += 1
    return count


def lock(path: Path) -> None:
    """No system lets anybody open a folder for writing, not even root; renaming keeps the time."""
    path.rename(path.with_name("locked"))
    path.mkdir()


def unlock(path: Path) -> None:
    path.rmdir()
    path.with_name("locked").rename(path)


# --- written along ---


def test_the_first_message_makes_the_archive(room: Room) -> None:
    assert not room.path.exists()

    room.post("halo")
    room.post("satu", "dua\ntiga")

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == []


@pytest.mark.parametrize("header", [HEADER_LINE, HEADER_LINE.replace(b"\r\n", b"\n"), b""])
def test_an_archive_of_its_header_alone_is_ours(room: Room, header: bytes) -> None:
    room.path.write_bytes(header)

    room.post("halo")

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == []
    assert list(room.path.parent.glob("archive-*")) == []


def test_groups_are_in_it_and_private_conversations_are_not(room: Room) -> None:
    room.post("a")
    room.post("b", conversation=GROUP)
    room.commit("secret", conversation=PRIVATE)
    room.rows.pop()
    room.post("c")

    assert room.path.read_bytes() == room.expected()
    room.path.unlink()
    room.archive.check(NOW)
    assert room.path.read_bytes() == room.expected()
    room.path.write_bytes(room.expected()[:-5])
    room.archive.check(NOW)
    assert room.path.read_bytes() == room.expected()
    assert not room.path.with_name(ASIDE).exists()


def test_nothing_keeps_the_file_open(room: Room) -> None:
    handles = Path("/proc/self/fd")
    if not handles.exists():
        pytest.skip("needs /proc")

    room.post("halo")

    opened = [link.resolve() for link in handles.iterdir()]
    assert room.path.resolve() not in opened


# --- missing, cut, edited ---


@pytest.mark.parametrize("is_running", [True, False])
def test_d9_a_deleted_archive_is_rebuilt_equal(room: Room, is_running: bool) -> None:
    room.post("satu", "dua")
    room.path.unlink()

    if is_running:
        room.post("tiga")
    else:
        room.restart()

    assert room.path.read_bytes() == room.expected()
    assert room.archive.notices() == [StoreNotice(NoticeKind.ARCHIVE_REBUILT, len(room.rows))]


@pytest.mark.parametrize("offset", CUTS)
@pytest.mark.parametrize("is_running", [True, False])
def test_d9_an_archive_cut_anywhere_is_rebuilt_equal(
    room: Room, offset: int, is_running: bool
) -> None:
    room.post("satu, é", 'd"u"a', "ti\nga", "empat", "=lima")
    whole = room.path.read_bytes()
    assert max(CUTS) < len(whole)
    room.path.write_bytes(whole[:offset])

    if is_running:
        room.post("enam")
    else:
        room.restart()

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_REBUILT]
    assert not room.path.with_name(ASIDE).exists()


@pytest.mark.parametrize("offset", [3, 45, 120])
def test_an_archive_that_ends_in_zeros_after_a_power_cut_was_cut(room: Room, offset: int) -> None:
    room.post("satu", "dua", "tiga")
    room.path.write_bytes(room.path.read_bytes()[:offset] + bytes(100_000))

    room.restart()

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_REBUILT]


def test_zeros_behind_a_whole_archive_go(room: Room) -> None:
    room.post("satu")
    room.path.write_bytes(room.expected() + bytes(10))

    room.restart()

    assert room.path.read_bytes() == room.expected()


@pytest.mark.parametrize(
    "content",
    [
        b"Room,User,Message\r\nkelas,ana,halo\r\n",
        HEADER_LINE + b"2020-01-01T00:00:00.000Z,room,1,text,Ana,halo\r\n",
        HEADER_LINE + b"2020-01-01T00:00:00.000Z,room,x,text,Ana,halo\r\n",
        bytes(5000) + b"my diary",
    ],
)
def test_an_archive_that_holds_more_than_the_database_is_kept_under_another_name(
    room: Room, content: bytes
) -> None:
    room.post("satu")
    room.path.write_bytes(content)

    room.post("dua")

    assert room.path.read_bytes() == room.expected()
    assert room.path.with_name(ASIDE).read_bytes() == content
    assert room.archive.notices() == [StoreNotice(NoticeKind.ARCHIVE_SET_ASIDE, text=ASIDE)]


def test_a_row_added_at_the_end_is_more_than_the_database_holds(room: Room) -> None:
    room.post("satu")
    with room.path.open("ab") as file:
        file.write(b"2020-01-01T00:00:00.000Z,room,2,text,Budi,from nowhere\r\n")

    room.archive.check(NOW)

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_SET_ASIDE]


def test_nothing_set_aside_is_ever_overwritten(room: Room) -> None:
    room.post("satu")

    for content in (b"first", b"second", b"third"):
        room.path.write_bytes(content)
        room.archive.check(NOW)

    kept = {path.name: path.read_bytes() for path in room.path.parent.glob("archive-*")}
    assert kept == {
        ASIDE: b"first",
        ASIDE.replace(".csv", "-2.csv"): b"second",
        ASIDE.replace(".csv", "-3.csv"): b"third",
    }


def test_an_archive_that_a_spreadsheet_saved_without_change_is_written_our_way(room: Room) -> None:
    room.post("satu", "du\r\na", "b, c", "=x")
    room.post("d", conversation=GROUP)
    saved = b"\xef\xbb\xbf" + room.expected().replace(b"\r\n", b"\n").replace(b"Ana", b'"Ana"')
    room.path.write_bytes(saved)

    room.archive.check(NOW)

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_REBUILT]


def test_an_archive_only_touched_is_left_alone(room: Room) -> None:
    room.post("satu")
    inode = room.path.stat().st_ino
    room.path.touch()

    room.archive.check(NOW)
    room.post("dua")

    assert room.path.read_bytes() == room.expected()
    assert room.path.stat().st_ino == inode
    assert room.notices() == []


def test_checking_an_archive_before_the_first_message_does_nothing(room: Room) -> None:
    room.path.write_bytes(b"Room,User,Message\r\nkelas,ana,halo\r\n")

    room.archive.check(NOW)

    assert room.notices() == []
    assert room.path.read_bytes().startswith(b"Room")


# --- locked ---


def test_d9_a_locked_archive_catches_up_when_it_is_free(room: Room) -> None:
    room.post("satu")
    lock(room.path)

    room.post("dua")
    room.post("tiga")
    room.archive.check(NOW)
    assert room.notices() == [NoticeKind.ARCHIVE_LOCKED]

    unlock(room.path)
    room.post("empat")
    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_WRITABLE]


def test_a_locked_archive_catches_up_while_nobody_says_anything(room: Room) -> None:
    room.post("satu")
    lock(room.path)
    room.post("dua")
    unlock(room.path)

    room.archive.check(NOW)

    assert room.path.read_bytes() == room.expected()
    assert room.notices() == [NoticeKind.ARCHIVE_LOCKED, NoticeKind.ARCHIVE_WRITABLE]


def test_an_archive_locked_from_the_start_is_made_later(room: Room) -> None:
    room.path.mkdir()
    room.post("satu")
    assert room.archive.close() is None
    room.restart()
    assert room.notices() == [NoticeKind.ARCHIVE_LOCKED]

    room.path.rmdir()
    room.post("dua")

    assert room.path.read_bytes() == room.expected()
    assert list(room.path.parent.glob("*rebuilding*")) == []


def test_a_locked_archive_does_not_keep_the_worker_busy(full_room: Room) -> None:
    lock(full_room.path)
    full_room.archive.check(NOW)

    assert run_chores(full_room) == 1
    assert run_chores(full_room) == 0
    full_room.archive.check(NOW)
    assert run_chores(full_room) == 1
    assert full_room.notices() == [NoticeKind.ARCHIVE_LOCKED]


# --- chores ---


def test_a_long_archive_is_rebuilt_by_a_chore(full_room: Room) -> None:
    full_room.path.unlink()

    full_room.post("while it is missing")
    assert not full_room.path.exists()
    assert run_chores(full_room) == 1

    assert full_room.path.read_bytes() == full_room.expected()
    assert full_room.notices() == [NoticeKind.ARCHIVE_REBUILT]


def test_what_is_committed_while_a_chore_is_out_follows_it(full_room: Room) -> None:
    full_room.path.unlink()
    full_room.archive.check(NOW)
    chore = full_room.archive.next_chore()
    assert chore is not None

    full_room.post("before it runs")
    assert full_room.archive.next_chore() is None
    chore()
    rebuilt = full_room.path.read_bytes()
    full_room.post("before it is heard of")

    assert full_room.path.read_bytes() == full_room.expected()
    assert len(rebuilt) < len(full_room.expected())
    assert full_room.notices() == [NoticeKind.ARCHIVE_REBUILT]
    assert full_room.archive.next_chore() is None


def test_a_chore_also_catches_up_after_a_long_lock(full_room: Room) -> None:
    lock(full_room.path)
    full_room.post(*(f"locked {number}" for number in range(INLINE_ENTRIES + 1)))
    run_chores(full_room)
    unlock(full_room.path)

    full_room.post("free")
    assert run_chores(full_room) == 1

    assert full_room.path.read_bytes() == full_room.expected()
    assert full_room.notices() == [NoticeKind.ARCHIVE_LOCKED, NoticeKind.ARCHIVE_WRITABLE]


def test_a_chore_that_never_ran_leaves_the_next_start_to_compare(full_room: Room) -> None:
    full_room.path.unlink()
    full_room.archive.check(NOW)
    assert full_room.archive.next_chore() is not None

    assert full_room.archive.close() is None
    full_room.restart()
    assert run_chores(full_room) == 1

    assert full_room.path.read_bytes() == full_room.expected()


# --- from one run to the next ---


def test_a_start_believes_what_the_last_run_left(full_room: Room) -> None:
    left = full_room.archive.close()
    assert left is not None
    assert Left.decode(left.encode()) == left

    full_room.restart(left)

    assert run_chores(full_room) == 0
    full_room.post("goes on")
    assert full_room.path.read_bytes() == full_room.expected()


def test_a_start_compares_what_was_touched_since(full_room: Room) -> None:
    left = full_room.archive.close()
    full_room.path.write_bytes(full_room.expected()[:-1])

    full_room.restart(left)

    assert run_chores(full_room) == 1
    assert full_room.path.read_bytes() == full_room.expected()


def test_a_start_after_a_kill_between_commit_and_writing_catches_up(room: Room) -> None:
    room.post("satu")
    room.commit("dua")

    room.restart()

    assert room.path.read_bytes() == room.expected()


def test_an_older_database_put_back_does_not_cost_the_newer_rows(
    room: Room, tmp_path: Path
) -> None:
    room.post("satu")
    older, rows = tmp_path / "older.db", list(room.rows)
    room.database.close()
    shutil.copy(room.database.path, older)
    room.database = Database(room.database.path)
    room.post("dua")
    newer = room.path.read_bytes()

    room.database.close()
    shutil.copy(older, room.database.path)
    room.database = Database(room.database.path)
    room.rows = rows
    room.restart()

    assert room.path.read_bytes() == room.expected()
    assert room.path.with_name(ASIDE).read_bytes() == newer
    room.database.close()
