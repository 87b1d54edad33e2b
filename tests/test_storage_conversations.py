"""Groups, private conversations, members and read markers, in the store that keeps their logs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_parts import ALL, ANA, BUDI, CITRA, HIGHEST, INVENTED, NOW, fresh_folder, open_store
from store_parts import text as said

from conversation import FIRST_CHAIN, ROOM, ConversationKind, Entry
from protocol import LocalError
from records import ConversationRecord, GroupRecord, LogHead
from storage import Storage
from storage_archive import ARCHIVE_NAME
from storage_archive_rows import HEADER, parse

pytestmark = pytest.mark.uncounted


@pytest.fixture
def store(folder: Path) -> Iterator[Storage]:
    with closing(open_store(folder)) as store:
        yield store


def end_turn(store: Storage) -> None:
    store.commit()
    store.write_along()


def texts(store: Storage, conversation: int) -> list[str]:
    return [Entry.decode(one.body).text for one in store.read(conversation, 1, ALL, ALL)]


def archived(folder: Path) -> list[tuple[str, str, str]]:
    """Conversation, number and text of each row of the archive."""
    rows = [tuple(row) for row in parse(folder / ARCHIVE_NAME)]
    assert rows[0] == HEADER
    return [(row[1], row[2], row[5]) for row in rows[1:]]


# --- what there is ---


def test_the_room_is_a_conversation_without_rows_for_its_members(store: Storage) -> None:
    assert store.conversation(ROOM) == ConversationRecord(ROOM, ConversationKind.ROOM)
    assert store.members(ROOM) == []
    assert store.conversations_of(ANA) == []


@pytest.mark.parametrize("invented", INVENTED)
def test_a_number_that_a_peer_made_up_is_no_conversation(store: Storage, invented: int) -> None:
    store.set_read(ANA, invented, 1)
    store.drop_member(invented, ANA)

    assert store.conversation(invented) is None
    assert store.members(invented) == []
    assert store.read_markers(ANA) == {}
    assert store.head(invented) == LogHead(0, FIRST_CHAIN, 0)
    for refused in (
        lambda: store.add_member(invented, ANA),
        lambda: store.append(invented, said("halo")),
    ):
        with pytest.raises(LocalError):
            refused()


# --- groups ---


def test_a_group_is_found_by_number_and_by_name(store: Storage) -> None:
    group = store.add_group("Kelas 7B", "kelas 7b", "looks")

    assert store.conversation(group) == ConversationRecord(
        group, ConversationKind.GROUP, "Kelas 7B"
    )
    assert store.group_named("kelas 7b") == group
    assert store.group_named("Kelas 7B") is None
    assert store.is_group_name("kelas 7b", "?")
    assert store.is_group_name("?", "looks")
    assert not store.is_group_name("looks", "kelas 7b")


@pytest.mark.parametrize("again", [("kelas", "other"), ("other", "looks")])
def test_a_group_s_name_is_not_given_twice(store: Storage, again: tuple[str, str]) -> None:
    store.add_group("Kelas", "kelas", "looks")

    with pytest.raises(LocalError):
        store.add_group("Kelas", *again)

    assert len(store.groups("", 10)) == 1


def test_groups_are_listed_by_folded_name_a_page_at_a_time(store: Storage) -> None:
    numbers = {name: store.add_group(name.title(), name, name) for name in ("zaf", "bola", "catur")}
    store.add_member(numbers["catur"], ANA)
    store.add_member(numbers["catur"], BUDI)
    store.add_member(numbers["zaf"], BUDI)

    first = store.groups("", 2)
    rest = store.groups("catur", 2)

    assert first == [
        GroupRecord(numbers["bola"], "Bola", 0),
        GroupRecord(numbers["catur"], "Catur", 2),
    ]
    assert rest == [GroupRecord(numbers["zaf"], "Zaf", 1)]


# --- members ---


def test_members_stand_in_the_order_of_joining_and_who_comes_back_is_last(store: Storage) -> None:
    group = store.add_group("Bola", "bola", "bola")
    for person in (BUDI, ANA, CITRA, ANA):
        store.add_member(group, person)
    assert store.members(group) == [BUDI, ANA, CITRA]

    store.drop_member(group, BUDI)
    store.drop_member(group, BUDI)
    store.add_member(group, BUDI)

    assert store.members(group) == [ANA, CITRA, BUDI]
    assert store.groups("", 1) == [GroupRecord(group, "Bola", 3)]


# --- private conversations ---


def test_two_people_have_one_private_conversation_whoever_asks(store: Storage) -> None:
    private = store.add_private(BUDI, ANA)

    assert store.private_between(ANA, BUDI) == store.private_between(BUDI, ANA) == private
    assert store.private_between(ANA, CITRA) is None
    assert store.conversation(private) == ConversationRecord(
        private, ConversationKind.PRIVATE, pair=(ANA, BUDI)
    )
    assert sorted(store.members(private)) == [ANA, BUDI]
    assert store.conversations_of(ANA) == store.conversations_of(BUDI) == [private]


@pytest.mark.parametrize("pair", [(ANA, BUDI), (BUDI, ANA), (CITRA, CITRA)])
def test_a_second_one_or_one_with_oneself_is_our_defect(
    store: Storage, pair: tuple[int, int]
) -> None:
    store.add_private(ANA, BUDI)

    with pytest.raises(LocalError):
        store.add_private(*pair)


# --- read markers ---


def test_a_marker_moves_forwards_and_never_beyond_the_end(store: Storage) -> None:
    private = store.add_private(ANA, BUDI)
    for words in ("satu", "dua", "tiga"):
        store.append(private, said(words))
        store.append(ROOM, said(words))

    store.set_read(ANA, private, 2)
    store.set_read(ANA, private, 1)
    store.set_read(ANA, ROOM, 10**30)
    store.set_read(BUDI, private, -1)

    assert store.read_markers(ANA) == {private: 2, ROOM: 3}
    assert store.read_markers(BUDI) == {}


# --- any turns ---

ids = st.integers(0, 3)
moves = st.one_of(
    st.tuples(st.sampled_from(["add_group", "commit", "rollback", "restart"]), ids, ids),
    st.tuples(st.sampled_from(["add_private", "join", "leave", "say", "read"]), ids, ids),
)


class Model:
    """What the store should hold, in plain lists."""

    def __init__(self) -> None:
        self.groups: dict[int, str] = {}
        self.pairs: dict[tuple[int, int], int] = {}
        self.members: dict[int, list[int]] = {}
        self.said: dict[int, list[str]] = {ROOM: []}
        self.read: dict[tuple[int, int], int] = {}

    def copy(self) -> "Model":
        other = Model()
        other.groups, other.pairs = dict(self.groups), dict(self.pairs)
        other.members = {number: list(people) for number, people in self.members.items()}
        other.said = {number: list(words) for number, words in self.said.items()}
        other.read = dict(self.read)
        return other

    def check(self, store: Storage) -> None:
        """That the store says the same."""
        assert [(group.conversation, group.name) for group in store.groups("", 99)] == [
            *sorted(self.groups.items(), key=lambda item: item[1])
        ]
        for group in store.groups("", 99):
            assert group.members == len(self.members[group.conversation])
            assert store.group_named(group.name) == group.conversation
        for number, people in self.members.items():
            assert store.members(number) == people
        for (one, other), number in self.pairs.items():
            assert store.private_between(other, one) == number
        for person in range(1, 5):
            assert store.conversations_of(person) == sorted(
                number for number, people in self.members.items() if person in people
            )
            assert store.read_markers(person) == {
                number: read for (reader, number), read in self.read.items() if reader == person
            }
        for number, words in self.said.items():
            assert store.head(number).number == len(words)


def move(store: Storage, model: Model, what: str, first: int, second: int) -> None:
    """One change, in the store and in the model."""
    conversations = [ROOM, *model.members]
    conversation = conversations[(first * 4 + second) % len(conversations)]
    groups = [*model.groups]
    match what:
        case "add_group":
            name = f"grup {len(groups):03}"
            number = store.add_group(name, name, name)
            model.groups[number], model.members[number], model.said[number] = name, [], []
        case "add_private" if first < second and (first + 1, second + 1) not in model.pairs:
            number = store.add_private(second + 1, first + 1)
            model.pairs[first + 1, second + 1] = number
            model.members[number], model.said[number] = [second + 1, first + 1], []
        case "join" if groups:
            number = groups[first % len(groups)]
            store.add_member(number, second + 1)
            if second + 1 not in model.members[number]:
                model.members[number].append(second + 1)
        case "leave" if groups:
            number = groups[first % len(groups)]
            store.drop_member(number, second + 1)
            if second + 1 in model.members[number]:
                model.members[number].remove(second + 1)
        case "say":
            words = f"{conversation} {len(model.said[conversation])}"
            assert store.append(conversation, said(words)).conversation == conversation
            model.said[conversation].append(words)
        case "read":
            store.set_read(first + 1, conversation, second)
            number = min(second, len(model.said[conversation]))
            if number > model.read.get((first + 1, conversation), 0):
                model.read[first + 1, conversation] = number
        case _:
            pass  # nobody there to do it with


@given(st.lists(moves, max_size=40))
def test_any_turns_leave_what_plain_lists_would(steps: list[tuple[str, int, int]]) -> None:
    with fresh_folder() as folder:
        store = open_store(folder)
        model, committed = Model(), Model()

        for what, first, second in steps:
            match what:
                case "commit":
                    end_turn(store)
                    committed = model.copy()
                case "rollback":
                    store.rollback()
                    model = committed.copy()
                case "restart":
                    store.close()
                    store = open_store(folder)
                    model = committed.copy()
                case _:
                    move(store, model, what, first, second)
            model.check(store)
        store.rollback()

        committed.check(store)
        for number, words in committed.said.items():
            assert texts(store, number) == words
        store.close()


def test_a_conversation_of_the_open_turn_takes_entries_that_nobody_reads_yet(
    store: Storage,
) -> None:
    group = store.add_group("Bola", "bola", "bola")
    stored = store.append(group, said("halo"))

    assert store.head(group).number == stored.number == 1
    assert store.chain_at(group, 1) == stored.chain
    assert store.read(group, 1, ALL, ALL) == store.read_later(group, 1, ALL, ALL)() == []
    assert store.commit() == (stored,)
    assert store.read(group, 1, HIGHEST, ALL) == [stored]


def test_a_number_that_a_rollback_freed_goes_to_another_kind_of_conversation(
    store: Storage, folder: Path
) -> None:
    group = store.add_group("Bola", "bola", "bola")
    store.append(group, said("lost"))
    store.rollback()

    private = store.add_private(ANA, BUDI)
    store.append(private, said("secret"))
    store.append(ROOM, said("open"))
    end_turn(store)

    assert private == group
    assert texts(store, private) == ["secret"]
    assert archived(folder) == [("room", "1", "open")]


# --- the archive ---


def test_groups_are_archived_and_private_conversations_never(store: Storage, folder: Path) -> None:
    group = store.add_group("=Bola, merah", "bola", "bola")
    private = store.add_private(ANA, BUDI)
    for conversation, words in (
        (ROOM, "satu"),
        (private, "secret"),
        (group, "dua"),
        (private, "secret 2"),
        (group, "tiga"),
    ):
        store.append(conversation, said(words))
    end_turn(store)
    store.append(private, said("secret 3"))
    end_turn(store)

    assert archived(folder) == [
        ("room", "1", "satu"),
        ("group:=Bola, merah", "1", "dua"),
        ("group:=Bola, merah", "2", "tiga"),
    ]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_restart_after_private_talk_is_no_news_of_the_archive(
    folder: Path, is_killed: bool
) -> None:
    store = open_store(folder)
    private = store.add_private(ANA, BUDI)
    for conversation, words in ((ROOM, "satu"), (private, "secret"), (private, "secret 2")):
        store.append(conversation, said(words))
        store.commit()
        if not is_killed:
            store.write_along()
    (store.rollback if is_killed else store.close)()
    before = (folder / ARCHIVE_NAME).read_bytes() if not is_killed else None
    if is_killed:
        store.close()

    with closing(open_store(folder)) as store:
        assert store.notices() == []
        store.append(ROOM, said("dua"))
        end_turn(store)
        assert store.notices() == []

    assert archived(folder) == [("room", "1", "satu"), ("room", "2", "dua")]
    assert before is None or (folder / ARCHIVE_NAME).read_bytes().startswith(before)


def test_an_archive_that_was_deleted_is_written_again_without_private_talk(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        group = store.add_group("Bola", "bola", "bola")
        private = store.add_private(ANA, BUDI)
        for words in ("satu", "dua"):
            for conversation in (private, group, ROOM):
                store.append(conversation, said(words))
            end_turn(store)
        before = (folder / ARCHIVE_NAME).read_bytes()
        (folder / ARCHIVE_NAME).unlink()

        store.forget_old(NOW)

        assert (folder / ARCHIVE_NAME).read_bytes() == before
        assert len(archived(folder)) == 4


# --- kill ---

_KILLED = """
import os, sys
from pathlib import Path
from conversation import ROOM, Entry, EntryKind
from storage import Storage

store = Storage.open(Path(sys.argv[1]), random_bytes=os.urandom, now_utc_ms=1)
for turn in range(1000):
    group = store.add_group(f"grup {turn}", f"grup {turn}", f"grup {turn}")
    private = store.add_private(7, 100 + turn)
    store.add_member(group, 7)
    for conversation in (group, private):
        store.append(conversation, Entry(bytes(8), EntryKind.TEXT, 1, 7, "Ana", f"teks {turn}"))
    store.set_read(7, private, 1)
    if turn < 30:
        store.commit()
        store.index_some(16)
        print(group, private, flush=True)
"""


def test_after_a_kill_conversations_are_there_with_all_that_belongs_to_them_or_not_at_all(
    folder: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    ) as process:
        assert process.stdout is not None
        made = [tuple(map(int, process.stdout.readline().split())) for _ in range(30)]
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)

    with closing(open_store(folder)) as store:
        assert store.conversations_of(7) == sorted(number for pair in made for number in pair)
        assert len(store.groups("", ALL)) == 30
        for turn, (group, private) in enumerate(made):
            assert store.private_between(100 + turn, 7) == private
            assert texts(store, group) == texts(store, private) == [f"teks {turn}"]
        assert store.read_markers(7) == {private: 1 for _, private in made}
        found = store.search_later("teks", store.conversations_of(7), ALL)()
        assert len(found) == 60
        assert [text for _, _, text in archived(folder)] == [f"teks {turn}" for turn in range(30)]
