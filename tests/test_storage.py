"""The store: numbers and chains, turns, times, restarts, archives read back, one server alone."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from conversation import (
    FIRST_CHAIN,
    NO_TAG,
    ROOM,
    Entry,
    EntryKind,
    next_chain,
)
from protocol import Code, LocalError
from records import (
    DraftAnswer,
    LogHead,
    NoticeKind,
    PersonRecord,
    Store,
    StoreBrokenError,
    Stored,
    StoreError,
    StoreFullError,
    StoreNotice,
)
from storage import KEY_NAME, FolderInUseError, Storage
from storage_archive import ARCHIVE_NAME, INLINE_ENTRIES
from storage_archive_rows import HEADER_LINE, ReadBack, read_archive

pytestmark = pytest.mark.uncounted

NOW = 1_800_000_000_000
ALL = 1 << 40


def open_store(folder: Path, *, now: int = NOW, max_pages: int | None = None) -> Storage:
    random_bytes = Random(str(folder)).randbytes
    return Storage.open(folder, random_bytes=random_bytes, now_utc_ms=now, max_pages=max_pages)


def text(words: str, sent_at: int = NOW) -> Entry:
    return Entry(b"tag of 8", EntryKind.TEXT, sent_at, 7, "Ana", words)


def end_turn(store: Storage) -> tuple[Stored, ...]:
    """As a server does."""
    stored = store.commit()
    store.write_along()
    return stored


def post(store: Storage, *texts: str, sent_at: int = NOW) -> tuple[Stored, ...]:
    """One turn."""
    for words in texts:
        store.append(ROOM, text(words, sent_at))
    return end_turn(store)


def texts(store: Storage) -> list[str]:
    return [Entry.decode(one.body).text for one in store.read(ROOM, 1, ALL, ALL)]


def archived(folder: Path) -> list[ReadBack]:
    return list(read_archive(folder / ARCHIVE_NAME, NOW))


def assert_whole(store: Storage) -> None:
    """Numbers are dense, chains unbroken, and the head is the last of it."""
    log = store.read(ROOM, 1, ALL, ALL)
    chain = FIRST_CHAIN
    for number, one in enumerate(log, start=1):
        chain = next_chain(chain, one.body)
        assert (one.number, one.chain) == (number, chain)
        assert store.chain_at(ROOM, number) == chain
    assert (store.head(ROOM).number, store.head(ROOM).chain) == (len(log), chain)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "room"


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    store = open_store(folder)
    yield store
    store.close()


def test_it_is_the_store_that_cores_speak_to(store: Storage) -> None:
    spoken_to: Store = store

    assert len(spoken_to.room_id) == 16


# --- logs ---


def test_an_empty_log_has_an_empty_head(store: Storage) -> None:
    assert store.head(ROOM) == LogHead(0, FIRST_CHAIN, 0)
    assert store.chain_at(ROOM, 0) == FIRST_CHAIN
    assert store.chain_at(ROOM, 1) is None
    assert store.read(ROOM, 1, ALL, ALL) == []


def test_entries_get_numbers_and_chains_in_the_order_of_append(store: Storage) -> None:
    first = store.append(ROOM, text("satu"))
    second = store.append(ROOM, text("dua"))

    assert end_turn(store) == (first, second)
    body = text("satu").encode()
    assert first == Stored(ROOM, 1, body, next_chain(FIRST_CHAIN, body))
    assert second.number == 2
    assert store.read(ROOM, 1, 2, ALL) == [first, second]
    assert store.head(ROOM) == LogHead(2, second.chain, NOW)
    assert_whole(store)


def test_a_turn_without_entries_commits_nothing_to_push(store: Storage) -> None:
    store.save_person(PersonRecord(7, "Ana", is_present=True))

    assert end_turn(store) == ()
    assert end_turn(store) == ()


@pytest.mark.parametrize(
    ("first", "last", "limit", "numbers"),
    [
        (1, 9, ALL, [1, 2, 3, 4, 5]),
        (2, 4, ALL, [2, 3, 4]),
        (2, 4, 70, [2, 3]),
        (2, 4, 0, [2]),
        (4, 2, ALL, []),
        (6, 9, ALL, []),
        ((1 << 64) - 2, (1 << 64) - 1, ALL, []),
    ],
)
def test_a_stretch_is_read_up_to_a_limit_but_never_nothing(
    store: Storage, first: int, last: int, limit: int, numbers: list[int]
) -> None:
    post(store, *"abcde")

    now = store.read(ROOM, first, last, limit)
    later = store.read_later(ROOM, first, last, limit)()

    assert [one.number for one in now] == numbers
    assert later == now


@pytest.mark.parametrize("conversation", [0, 2, (1 << 64) - 1])
def test_a_conversation_that_is_not_there_is_empty_whatever_a_peer_asks(
    store: Storage, conversation: int
) -> None:
    assert store.head(conversation) == LogHead(0, FIRST_CHAIN, 0)
    assert store.read(conversation, 1, (1 << 64) - 1, ALL) == []
    assert store.read_later(conversation, 1, (1 << 64) - 1, ALL)() == []
    assert store.chain_at(conversation, (1 << 64) - 1) is None
    with pytest.raises(LocalError):
        store.append(conversation, text("halo"))


def test_what_is_not_committed_is_numbered_but_never_read(store: Storage) -> None:
    post(store, "satu")

    store.append(ROOM, text("dua"))

    assert store.head(ROOM).number == 2
    assert texts(store) == ["satu"]
    assert len(store.read_later(ROOM, 1, ALL, ALL)()) == 1


def test_the_worker_reads_on_a_thread_of_its_own(store: Storage) -> None:
    posted = post(store, "satu", "dua")
    read: list[Stored] = []
    job = store.read_later(ROOM, 1, ALL, ALL)

    worker = threading.Thread(target=lambda: read.extend(job()))
    worker.start()
    worker.join()

    assert tuple(read) == posted


def test_work_for_a_worker_that_comes_after_the_end_fails_in_order(
    store: Storage, folder: Path
) -> None:
    post(store, "satu")
    job = store.read_later(ROOM, 1, ALL, ALL)
    store.close()
    (folder / "ruang.db").unlink()

    with pytest.raises(StoreBrokenError):
        job()


# --- turns ---


def test_a_turn_rolled_back_leaves_nothing(store: Storage, folder: Path) -> None:
    post(store, "satu", sent_at=NOW)
    before = store.head(ROOM)

    store.append(ROOM, text("dua", NOW + 500))
    store.save_person(PersonRecord(7, "Ana", is_present=True))
    store.rollback()

    assert store.head(ROOM) == before
    assert store.person(7) is None
    assert end_turn(store) == ()
    again = store.append(ROOM, text("tiga", NOW + 1))
    assert (again.number, Entry.decode(again.body).sent_at) == (2, NOW + 1)
    end_turn(store)
    assert [one.text for one in archived(folder)] == ["satu", "tiga"]
    assert_whole(store)


steps = st.lists(st.one_of(st.just("commit"), st.just("rollback"), st.integers(1, 4)), max_size=20)


@given(steps)
def test_any_commits_and_rollbacks_leave_a_whole_log(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str | int]
) -> None:
    folder = tmp_path_factory.mktemp("room")
    store = open_store(folder)
    expected: list[str] = []
    turn: list[str] = []

    for place, step in enumerate(steps):
        match step:
            case "commit":
                assert [Entry.decode(one.body).text for one in end_turn(store)] == turn
                expected += turn
                turn = []
            case "rollback":
                store.rollback()
                turn = []
            case _:
                for count in range(int(step)):
                    turn.append(f"{place}.{count}")
                    assert store.append(ROOM, text(turn[-1])).number == len(expected) + len(turn)
        assert store.head(ROOM).number == len(expected) + len(turn)
    store.rollback()

    assert texts(store) == expected
    assert [one.text for one in archived(folder)] == expected
    assert_whole(store)
    store.close()


def test_a_full_disk_refuses_the_turn_and_goes_on_reading(folder: Path) -> None:
    store = open_store(folder, max_pages=80)
    post(store, "satu")

    for _ in range(20):
        store.append(ROOM, text("x" * 60_000))
    for _ in range(2):  # what failed once stays failed until it is rolled back
        with pytest.raises(StoreFullError):
            end_turn(store)
    store.rollback()

    assert texts(store) == ["satu"]
    post(store, "there is room for this")
    assert texts(store) == ["satu", "there is room for this"]
    assert_whole(store)
    store.close()


def test_a_damaged_database_is_broken_not_full(folder: Path) -> None:
    store = open_store(folder)
    post(store, *("x" * 3000 for _ in range(50)))
    store.close()
    database = folder / "ruang.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 4 :] = b"\xa5" * (len(content) - len(content) // 4)
    database.write_bytes(content)

    with pytest.raises(StoreBrokenError):
        texts(open_store(folder))


# --- times ---


def test_d7_times_in_the_archive_never_fall_whatever_the_clock_says(
    store: Storage, folder: Path
) -> None:
    hour, year = 3_600_000, 365 * 24 * 3_600_000
    for clock in (NOW, NOW - hour, NOW + hour, 0, NOW + 10 * year, NOW):
        post(store, f"at {clock}", sent_at=clock)

    times = [one.sent_at for one in archived(folder)]
    assert times == sorted(times)
    assert times == [NOW, NOW, NOW + hour, NOW + hour, NOW + 10 * year, NOW + 10 * year]
    assert times == [Entry.decode(one.body).sent_at for one in store.read(ROOM, 1, ALL, ALL)]


def test_what_the_archive_does_not_show_keeps_its_time_but_for_those_before_it_in_its_log(
    folder: Path,
) -> None:
    store = open_store(folder)
    private = store.add_private(7, 8)
    store.append(ROOM, text("di ruang", NOW))
    late = [store.append(private, text(f"{at}", NOW - at)) for at in (60, 90, 30)]
    end_turn(store)
    store.close()

    store = open_store(folder)
    late.append(store.append(private, text("50", NOW - 50)))
    room = store.append(ROOM, text("di ruang", NOW - 10))
    times = [Entry.decode(one.body).sent_at for one in late]
    assert times == [NOW - 60, NOW - 60, NOW - 30, NOW - 30]
    assert Entry.decode(room.body).sent_at == NOW


def test_times_do_not_fall_within_a_turn_or_after_a_restart(folder: Path) -> None:
    store = open_store(folder)
    store.append(ROOM, text("satu", NOW))
    stored = store.append(ROOM, text("dua", NOW - 5))
    assert Entry.decode(stored.body).sent_at == NOW
    end_turn(store)
    store.close()

    store = open_store(folder, now=0)
    stored = store.append(ROOM, text("tiga", 0))

    assert Entry.decode(stored.body).sent_at == NOW
    store.close()


# --- from one run to the next ---


def test_everything_is_there_after_a_restart(folder: Path) -> None:
    store = open_store(folder)
    room_id, identity = store.room_id, store.identity
    posted = post(store, "satu", "dua")
    store.bind_stream(b"s" * 16, 7, NOW)
    store.save_answer(b"s" * 16, DraftAnswer(1, Code.OK, ROOM, 1, NOW), NOW)
    end_turn(store)
    store.close()
    store.close()

    store = open_store(folder)

    assert (store.room_id, store.identity) == (room_id, identity)
    assert tuple(store.read(ROOM, 1, ALL, ALL)) == posted
    assert store.head(ROOM) == LogHead(2, posted[-1].chain, NOW)
    record = store.stream(b"s" * 16)
    assert record is not None
    assert record.taken == 1
    assert store.notices() == []
    assert_whole(store)
    store.close()


def test_t1_naughty_strings_survive_store_archive_and_restart(folder: Path) -> None:
    naughty = load_vectors("blns")
    store = open_store(folder)
    post(store, *naughty[:300])
    post(store, *naughty[300:])
    assert len(naughty) == 515
    assert texts(store) == naughty
    store.close()

    store = open_store(folder)

    assert texts(store) == naughty
    assert [one.text for one in archived(folder)] == naughty
    store.close()


_KILLED = """
import os, sys
from pathlib import Path
from conversation import ROOM, Entry, EntryKind
from storage import Storage

store = Storage.open(Path(sys.argv[1]), random_bytes=os.urandom, now_utc_ms=1)
for turn in range(1000):
    for text in ("a", "b"):
        store.append(ROOM, Entry(bytes(8), EntryKind.TEXT, 1, 7, "Ana", f"{turn}{text}"))
    if turn < 30:
        print(*(stored.number for stored in store.commit()), flush=True)
"""


def test_after_a_kill_all_that_was_committed_is_there_and_nothing_else(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    ) as process:
        assert process.stdout is not None
        committed = [process.stdout.readline().split() for _ in range(30)]
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)

    store = open_store(folder)

    assert committed[-1] == ["59", "60"]
    assert texts(store) == [f"{turn}{half}" for turn in range(30) for half in "ab"]
    assert [one.text for one in archived(folder)] == texts(store)
    assert_whole(store)
    store.close()


# --- the folder ---


def test_a_second_server_in_one_folder_is_turned_away(store: Storage, folder: Path) -> None:
    with pytest.raises(FolderInUseError):
        open_store(folder)

    post(store, "undisturbed")
    store.close()
    open_store(folder).close()


def test_a_start_that_failed_leaves_the_folder_free(folder: Path) -> None:
    folder.mkdir()
    (folder / "ruang.db").write_bytes(b"no database, but something that somebody keeps" * 99)
    with pytest.raises(StoreBrokenError):
        open_store(folder)

    (folder / "ruang.db").unlink()
    open_store(folder).close()


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError):
        open_store(tmp_path / "file" / "room")


def test_the_server_s_key_is_made_once_and_for_its_owner_alone(
    store: Storage, folder: Path
) -> None:
    key = folder / KEY_NAME
    identity = store.identity
    store.close()

    assert len(identity.static_private) == len(identity.reset_key) == 32
    assert identity.static_private != identity.reset_key
    assert identity.static_private.hex() not in repr(identity)
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        key.chmod(0o644)
    again = open_store(folder)
    assert again.identity == identity
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again.close()


@pytest.mark.parametrize("content", [b"", b"Ruang server key 1\nabc\n", b"x" * 147, b"\xff" * 9])
def test_a_damaged_key_is_never_replaced(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / KEY_NAME).write_bytes(content)

    with pytest.raises(StoreBrokenError, match=KEY_NAME):
        open_store(folder)

    assert (folder / KEY_NAME).read_bytes() == content


def test_what_a_start_cut_short_left_of_a_key_is_no_obstacle(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{KEY_NAME}.new").write_bytes(b"half a k")

    open_store(folder).close()

    assert sorted(path.name for path in folder.glob("server*")) == [KEY_NAME]


# --- archives ---


def test_without_a_database_the_archive_is_read_back(folder: Path) -> None:
    store = open_store(folder)
    store.append(ROOM, Entry(NO_TAG, EntryKind.JOINED, NOW, 7, "Ana"))
    store.append(ROOM, Entry(NO_TAG, EntryKind.TEXT, NOW + 1, 7, "Ana", "=1+1\nya"))
    store.append(ROOM, Entry(NO_TAG, EntryKind.TEXT, NOW + 2, 8, "Budi", "dua"))
    store.append(ROOM, Entry(NO_TAG, EntryKind.LEFT, NOW + 3, 7, "Ana"))
    before = [Entry.decode(one.body) for one in end_turn(store)]
    store.close()
    archive = (folder / ARCHIVE_NAME).read_bytes()
    for path in folder.glob("ruang.db*"):
        path.unlink()

    store = open_store(folder)

    after = [Entry.decode(one.body) for one in store.read(ROOM, 1, ALL, ALL)]
    assert [(e.kind, e.sent_at, e.name, e.text) for e in after] == [
        (e.kind, e.sent_at, e.name, e.text) for e in before
    ]
    ana, budi = after[0].person, after[2].person
    assert [entry.person for entry in after] == [ana, ana, budi, ana]
    assert store.person(ana) == PersonRecord(ana, "Ana", is_present=False)
    assert store.notices() == [StoreNotice(NoticeKind.ARCHIVE_READ_BACK, 4)]
    assert store.notices() == []
    assert (folder / ARCHIVE_NAME).read_bytes() == archive
    assert_whole(store)
    store.close()


@pytest.mark.parametrize("header", ["Room,User,Message", "Room,Username,Message"])
def test_old_history_of_three_columns_returns_and_its_file_is_kept(
    folder: Path, header: str
) -> None:
    folder.mkdir()
    old = f"{header}\nkelas,ana,halo\nkelas,budi,=1+1\n".encode()
    (folder / ARCHIVE_NAME).write_bytes(old)

    store = open_store(folder)

    assert texts(store) == ["halo", "=1+1"]
    assert [one.name for one in archived(folder)] == ["ana", "budi"]
    kinds = [notice.kind for notice in store.notices()]
    assert kinds == [NoticeKind.ARCHIVE_READ_BACK, NoticeKind.ARCHIVE_SET_ASIDE]
    (aside,) = folder.glob("archive-*.csv")
    assert aside.read_bytes() == old
    assert_whole(store)
    store.close()

    store = open_store(folder)
    assert texts(store) == ["halo", "=1+1"]
    assert store.notices() == []
    store.close()


def test_a_repository_s_archive_of_its_header_alone_is_no_news(folder: Path) -> None:
    folder.mkdir()
    (folder / ARCHIVE_NAME).write_bytes(HEADER_LINE.replace(b"\r\n", b"\n"))

    store = open_store(folder)
    post(store, "halo")

    assert store.notices() == []
    assert (
        (folder / ARCHIVE_NAME).read_bytes().startswith(HEADER_LINE + b"2027-01-15T08:00:00.000Z")
    )
    store.close()


def test_a_long_archive_is_rebuilt_by_a_worker_while_people_talk(folder: Path) -> None:
    store = open_store(folder)
    said = [f"teks {number}" for number in range(INLINE_ENTRIES + 1)]
    post(store, *said)
    run_on_a_worker(store.next_chore())
    (folder / ARCHIVE_NAME).unlink()
    store.forget_old(NOW)
    end_turn(store)

    chore = store.next_chore()
    assert store.next_chore() is None
    post(store, "while it works")
    run_on_a_worker(chore)
    post(store, "after it")

    assert [one.text for one in archived(folder)] == [*said, "while it works", "after it"]
    assert [notice.kind for notice in store.notices()] == [NoticeKind.ARCHIVE_REBUILT]
    assert store.next_chore() is None
    store.close()


def run_on_a_worker(chore: Callable[[], None] | None) -> None:
    assert chore is not None
    worker = threading.Thread(target=chore)
    worker.start()
    worker.join()


def test_a_chore_on_a_database_that_is_gone_fails_in_order(folder: Path) -> None:
    store = open_store(folder)
    post(store, *("teks" for _ in range(INLINE_ENTRIES + 1)))
    chore = store.next_chore()
    store.close()
    (folder / "ruang.db").unlink()

    assert chore is not None
    with pytest.raises(StoreBrokenError):
        chore()
