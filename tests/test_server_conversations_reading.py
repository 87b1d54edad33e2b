from collections.abc import Iterator
from pathlib import Path

import pytest
from conversation_parts import (
    account,
    asked,
    comes_again,
    finish_jobs,
    gets,
    hears,
    logs,
    numbers,
    on_disk,
    says,
    wishes,
)
from server_parts import Guest, Room

from belonging import LogsRequest
from conversation import ROOM, EntryKind, FileNote
from protocol import MAX_FILE, MAX_FILE_NAME, MAX_RESPONSE, CloseCode, Code, Verb, encode_object
from protocol_frames import Close, Heads, ReadTo
from protocol_requests import Answer, Fields
from server_conversations import MAX_HIT_TEXT


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- several sessions of one person ---


def test_what_one_device_joins_and_leaves_the_others_follow_and_let_go_of(room: Room) -> None:
    phone, tablet = account(room, "Ana")
    budi = room.comes("Budi")
    tablet.frames.clear()

    kimia = gets(phone, Verb.ADD_GROUP, "Kimia")
    assert hears(tablet, kimia) == ["Ana joined"]
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    says(budi, kimia, "halo")
    assert hears(tablet, kimia) == ["Budi joined", "halo"]
    room.pass_time(1)
    tablet.frames.clear()

    gets(phone, Verb.LEAVE_GROUP, "Kimia")
    says(budi, kimia, "sendiri")

    assert tablet.take(Heads) == [Heads(((kimia, 0),))]
    assert hears(tablet, kimia) == []


def test_what_is_opened_on_one_device_shows_on_the_others_with_its_first_entry(
    room: Room,
) -> None:
    phone, tablet = account(room, "Ana")
    room.comes("Budi")
    private = gets(phone, Verb.PRIVATE, "Budi")
    assert numbers(logs(tablet)) == [ROOM]

    says(phone, private, "hai")

    assert hears(tablet, private) == ["hai"]
    assert numbers(logs(tablet)) == [ROOM, private]


def test_what_was_read_on_one_device_is_read_on_all(room: Room) -> None:
    phone, tablet = account(room, "Ana")
    budi = room.comes("Budi")
    budi.say("satu", "dua")

    assert asked(phone, Verb.READ, {"conversation": ROOM, "number": 3}).code is Code.OK

    assert tablet.take(ReadTo) == [ReadTo(ROOM, 3)]
    assert phone.take(ReadTo) == budi.take(ReadTo) == []
    assert [log.read for log in logs(tablet).logs] == [3]
    assert [log.read for log in logs(budi).logs] == [0]


def test_there_is_no_read_marker_where_one_does_not_belong(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(budi, Verb.ADD_GROUP, "Kimia")

    for elsewhere in (kimia, 99, 0, (1 << 63) - 1):
        answer = asked(ana, Verb.READ, {"conversation": elsewhere, "number": 1})
        assert answer.code is Code.NOT_A_MEMBER


def test_a_read_marker_goes_forwards_alone_and_never_beyond_the_head(room: Room) -> None:
    phone, tablet = account(room, "Ana")
    phone.say("satu")
    head = room.store.storage.head(ROOM).number

    moves: list[list[ReadTo]] = []
    for number in (2, 1, 2, 10_000, (1 << 63) - 1):
        assert asked(phone, Verb.READ, {"conversation": ROOM, "number": number}).code is Code.OK
        moves.append(tablet.take(ReadTo))

    assert moves == [[ReadTo(ROOM, 2)], [], [], [ReadTo(ROOM, head)], []]
    assert [log.read for log in logs(phone).logs] == [head]


# --- lists ---


def test_all_groups_are_listed_by_name_with_how_many_belong_and_whether_one_does(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    for guest, name in ((ana, "kimia"), (budi, "Biologi"), (budi, "Fisika")):
        gets(guest, Verb.ADD_GROUP, name)
    gets(ana, Verb.JOIN_GROUP, "Fisika")

    answer = asked(ana, Verb.GROUPS, {"after": ""})

    assert answer.fields == {
        "groups": [["Biologi", 1, False], ["Fisika", 2, True], ["kimia", 1, True]]
    }
    assert asked(ana, Verb.GROUPS, {"after": "fisika"}).fields == {"groups": [["kimia", 1, True]]}


def test_many_groups_come_in_pages(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_conversations.MOST_GROUPS", 2)
    ana = room.comes("Ana")
    names = ["Astronomi", "Biologi", "Citra", "Drama", "Ekonomi"]
    for name in names:
        gets(ana, Verb.ADD_GROUP, name)

    found: list[object] = []
    after: object = ""
    for _ in range(3):
        fields = asked(ana, Verb.GROUPS, {"after": str(after)}).fields
        groups = fields["groups"]
        assert isinstance(groups, list)
        found += [group[0] for group in groups if isinstance(group, list)]
        after = fields.get("next")

    assert (found, after) == (names, None)


def test_members_are_listed_to_members_by_the_names_they_have_now(room: Room) -> None:
    ana, budi, citra = (room.comes(name) for name in ("Ana", "Budi", "Citra"))
    for guest, verb in ((citra, Verb.ADD_GROUP), (ana, Verb.JOIN_GROUP), (budi, Verb.JOIN_GROUP)):
        gets(guest, verb, "Kimia")
    wishes(budi, Verb.NAME, "Bima")

    answer = asked(citra, Verb.MEMBERS, {"name": "kimia"})

    assert answer.fields == {"names": ["Ana", "Bima", "Citra"], "count": 3}
    assert asked(citra, Verb.MEMBERS, {"name": "Fisika"}).code is Code.NO_SUCH_GROUP
    other = room.comes("Dewi")
    assert asked(other, Verb.MEMBERS, {"name": "Kimia"}).code is Code.NOT_A_MEMBER


def test_of_very_many_members_an_answer_names_as_many_as_it_has_room_for(room: Room) -> None:
    ana = room.comes("Ana")
    gets(ana, Verb.ADD_GROUP, "Kimia")
    room.store.storage.member_names = (  # type: ignore[method-assign]
        lambda conversation, limit: ["\U0001f600" * 32] * limit
    )

    answer = asked(ana, Verb.MEMBERS, {"name": "Kimia"})

    names = answer.fields["names"]
    assert isinstance(names, list)
    assert 400 < len(names) < 1_000
    assert len(encode_object(answer.fields)) <= MAX_RESPONSE


def test_accounts_are_found_by_how_their_names_begin_and_guests_are_not(room: Room) -> None:
    for name in ("Budi", "budiman", "Citra"):
        account(room, name, devices=0)
    guest = room.comes("Bude")

    assert asked(guest, Verb.FIND, {"prefix": "BUD"}).fields == {"names": ["Budi", "budiman"]}
    assert asked(guest, Verb.FIND, {"prefix": "x"}).fields == {"names": []}


# --- search ---


def hits(answer: Answer) -> list[tuple[object, object]]:
    rows = answer.fields["hits"]
    assert isinstance(rows, list)
    return [(row[0], row[-1]) for row in rows if isinstance(row, list)]


def test_what_was_said_where_one_belongs_is_found_and_nothing_else(room: Room) -> None:
    ana, budi, citra = (room.comes(name) for name in ("Ana", "Budi", "Citra"))
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    private = gets(budi, Verb.PRIVATE, "Ana")
    others = gets(budi, Verb.PRIVATE, "Citra")
    says(citra, ROOM, "rapat besok")
    says(ana, kimia, "rapat kimia")
    says(budi, private, "rapat rahasia")
    says(budi, others, "rapat tanpa Ana")

    def found(guest: Guest) -> list[tuple[object, object]]:
        return hits(asked(guest, Verb.SEARCH, {"words": "rapat"}))

    assert found(ana) == [
        (private, "rapat rahasia"),
        (kimia, "rapat kimia"),
        (ROOM, "rapat besok"),
    ]
    assert found(citra) == [(others, "rapat tanpa Ana"), (ROOM, "rapat besok")]


def test_a_hit_says_where_when_and_by_whom_and_is_cut(room: Room) -> None:
    ana = room.comes("Ana")
    said_at = room.wall_clock()
    ana.say("kata " * 190)
    room.pass_time(60)

    answer = asked(ana, Verb.SEARCH, {"words": "kata"})

    text = ("kata " * 190)[:MAX_HIT_TEXT]
    assert answer.fields == {
        "hits": [[ROOM, 2, EntryKind.TEXT, said_at, f"{ana.person:016x}", "Ana", text]]
    }


@pytest.mark.parametrize("words", ["", "  ", "!?", "\U0001f600"])
def test_a_search_for_no_words_is_refused(room: Room, words: str) -> None:
    assert asked(room.comes("Ana"), Verb.SEARCH, {"words": words}).code is Code.BAD_REQUEST


def test_a_file_is_whole_in_a_hit() -> None:
    note = FileNote(bytes(32), MAX_FILE, "a" * MAX_FILE_NAME)

    assert len(note.encode()) <= MAX_HIT_TEXT


def test_hits_are_as_many_as_an_answer_has_room_for(room: Room) -> None:
    ana = room.comes("Ana")
    for _ in range(100):
        ana.put(ana.post("kata " + "\x01" * 290))  # six bytes each in JSON
    room.end_turn()

    answer = asked(ana, Verb.SEARCH, {"words": "kata"})

    assert 20 < len(hits(answer)) < 100
    assert len(encode_object(answer.fields)) <= MAX_RESPONSE


def test_searches_take_turns(room: Room) -> None:
    guests = [room.comes(name) for name in ("Ana", "Budi", "Citra")]
    room.held_jobs = []

    for guest in guests:
        guest.send(guest.request(Verb.SEARCH, {"words": "halo"}))

    for served in (1, 2, 3):
        (job,) = room.held_jobs
        room.held_jobs = []
        room.core.handle_result(job.key, job.run(), room.now)
        room.end_turn()
        answered = [guest.answers[-1].verb is Verb.SEARCH for guest in guests]
        assert answered == [place < served for place in range(3)]


def test_what_was_found_in_a_group_that_was_left_meanwhile_is_not_told(room: Room) -> None:
    phone, tablet = account(room, "Ana")
    kimia = gets(phone, Verb.ADD_GROUP, "Kimia")
    says(phone, kimia, "rapat")
    room.held_jobs = []
    phone.send(phone.request(Verb.SEARCH, {"words": "rapat"}))
    room.held_jobs, jobs = [], room.held_jobs
    gets(tablet, Verb.LEAVE_GROUP, "Kimia")

    room.held_jobs = jobs
    finish_jobs(room)

    assert hits(phone.answers[-1]) == []


def test_a_search_of_who_comes_back_meanwhile_is_answered_to_nobody(room: Room) -> None:
    ana = room.comes("Ana")
    room.held_jobs = []
    ana.send(ana.request(Verb.SEARCH, {"words": "rapat"}))
    comes_again(room, ana)
    before = len(ana.answers)

    finish_jobs(room)

    assert len(ana.answers) == before


# --- done once, told when it is on disk ---


CHANGES: list[tuple[Verb, str]] = [
    (Verb.PRIVATE, "Budi"),
    (Verb.ADD_GROUP, "Fisika"),
    (Verb.JOIN_GROUP, "Kimia"),
    (Verb.LEAVE_GROUP, "Biologi"),
]


def school(room: Room) -> Guest:
    """Ana, who is in Biologi and could join Kimia, with Budi in both."""
    ana, budi = room.comes("Ana"), room.comes("Budi")
    gets(budi, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.ADD_GROUP, "Biologi")
    gets(ana, Verb.JOIN_GROUP, "Biologi")
    return ana


@pytest.mark.parametrize(("verb", "name"), CHANGES)
def test_a_wish_that_is_repeated_in_another_session_is_granted_once(
    room: Room, verb: Verb, name: str
) -> None:
    ana = school(room)
    first = wishes(ana, verb, name, once=b"o" * 16)
    before = [on_disk(room, number) for number in range(1, 8)]
    room.restart()
    comes_again(room, ana)

    again = wishes(ana, verb, name, once=b"o" * 16)

    assert first.code is Code.OK
    assert (again.code, again.fields) == (first.code, first.fields)
    assert [on_disk(room, number) for number in range(1, 8)] == before


def test_a_leaving_that_is_repeated_after_joining_again_takes_nobody_out(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(budi, Verb.ADD_GROUP, "Kimia")
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    wishes(ana, Verb.LEAVE_GROUP, "Kimia", once=b"o" * 16)
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    ana.frames.clear()

    assert wishes(ana, Verb.LEAVE_GROUP, "Kimia", once=b"o" * 16).code is Code.OK
    says(budi, kimia, "masih?")

    assert (kimia, 0) not in [pair for heads in ana.take(Heads) for pair in heads.numbers]
    assert hears(ana, kimia) == ["masih?"]


def test_the_number_of_another_kind_of_wish_does_not_bring_out_its_answer(room: Room) -> None:
    ana = room.guest()
    ana.shake_hands()
    ana.prove()
    ana.enter("Ana", once=b"o" * 16)

    answer = wishes(ana, Verb.ADD_GROUP, "Kimia", b"o" * 16)

    assert (answer.code, answer.fields) == (Code.BAD_REQUEST, {})
    assert wishes(ana, Verb.JOIN_GROUP, "Kimia").code is Code.NO_SUCH_GROUP


@pytest.mark.parametrize("full", ["save_once", "commit"])
@pytest.mark.parametrize(("verb", "name"), CHANGES)
def test_on_a_full_disk_nothing_changes_and_it_is_said(
    room: Room, verb: Verb, name: str, full: str
) -> None:
    ana = school(room)
    before = numbers(logs(ana)), [on_disk(room, number) for number in range(1, 8)]

    room.store.full.add(full)
    answer = wishes(ana, verb, name)
    room.store.full.clear()

    assert answer.code is Code.DISK_FULL
    assert (numbers(logs(ana)), [on_disk(room, number) for number in range(1, 8)]) == before
    assert wishes(ana, verb, name).code is Code.OK


def test_on_a_full_disk_no_marker_moves(room: Room) -> None:
    phone, tablet = account(room, "Ana")
    room.store.full.add("commit")

    assert asked(phone, Verb.READ, {"conversation": ROOM, "number": 1}).code is Code.DISK_FULL

    room.store.full.clear()
    assert tablet.take(ReadTo) == []
    assert [log.read for log in logs(phone).logs] == [0]


def test_questions_of_a_turn_that_could_not_be_kept_are_answered_from_what_was_before(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    gets(budi, Verb.ADD_GROUP, "Kimia")
    join = ana.request(Verb.JOIN_GROUP, {"once": "11" * 16, "name": "Kimia"})
    question = budi.request(Verb.MEMBERS, {"name": "Kimia"})

    room.store.full.add("commit")
    ana.put(join)
    budi.send(question)
    room.store.full.clear()

    assert ana.answers[-1].code is Code.DISK_FULL
    assert budi.answers[-1].fields == {"names": ["Budi"], "count": 1}


def test_who_goes_in_the_turn_of_a_wish_is_followed_by_nothing(room: Room) -> None:
    ana, budi, citra = (room.comes(name) for name in ("Ana", "Budi", "Citra"))
    wish: Fields = {"once": "11" * 16, "name": "Kimia"}
    other: Fields = {"once": "22" * 16, "name": "Citra"}

    ana.put(ana.request(Verb.ADD_GROUP, wish), Close(CloseCode.EXIT).encode())
    budi.put(budi.request(Verb.PRIVATE, other), Close(CloseCode.EXIT).encode())
    citra.put(citra.request(Verb.LOGS, LogsRequest(0).encode()), Close(CloseCode.EXIT).encode())
    room.end_turn()

    assert on_disk(room, 2) == ["Ana joined", "Ana left"]
    assert [guest.answers[-1].verb for guest in (ana, budi, citra)] == [Verb.ENTER] * 3
    dewi = room.comes("Dewi")
    assert gets(dewi, Verb.JOIN_GROUP, "Kimia") == 2
    assert says(dewi, 2, "halo?") == [Code.OK]
