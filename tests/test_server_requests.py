from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from server_parts import PASSWORD, Chance, Guest, Room, limits

from conversation import FIRST_CHAIN, ROOM, Entry, EntryKind
from entering import EnterAnswer, HeldLog
from protocol import CloseCode, Code, Verb
from protocol_frames import Close, EntryPart, Have, Ping, Request, Response, Typing
from protocol_requests import Fields
from server_events import Happened, HappeningKind

PEOPLE_QUESTION: Fields = {"epoch": "0" * 16, "after": 0, "start": "0" * 16}


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def fresh(room: Room) -> Guest:
    guest = room.guest()
    assert guest.shake_hands()
    return guest


def shared(room: Room) -> Guest:
    guest = fresh(room)
    assert guest.ask(*guest.proof().first())
    return guest


def proved(room: Room) -> Guest:
    guest = fresh(room)
    assert guest.prove() is Code.OK
    return guest


def entered(room: Room) -> Guest:
    return room.comes("Ana")


def left(room: Room) -> Guest:
    guest = room.comes("Ana")
    answer = guest.ask(Verb.EXIT, {})
    assert answer is not None
    assert answer.code is Code.OK
    return guest


STEPS = {"fresh": fresh, "shared": shared, "proved": proved, "entered": entered, "left": left}
BROKEN = "the session is closed"


@dataclass(frozen=True)
class Row:
    """How a verb is answered at each step, in the order of STEPS."""

    verb: int
    fields: Callable[[Guest], Fields]
    answers: tuple[Code | str, ...]


_NOT_YET = (Code.NOT_ENTERED,) * 3
TABLE = [
    Row(Verb.PAKE1, lambda guest: guest.proof().first()[1], (Code.OK, Code.OK, *(BROKEN,) * 3)),
    Row(
        Verb.PAKE2,
        lambda guest: {"ta": "00" * 64},
        (BROKEN, Code.WRONG_PASSWORD, *(BROKEN,) * 3),
    ),
    Row(
        Verb.ENTER,
        lambda guest: guest.wish("Budi"),
        (Code.NOT_ENTERED, Code.NOT_ENTERED, Code.OK, Code.BAD_REQUEST, Code.NOT_ENTERED),
    ),
    Row(Verb.PEOPLE, lambda guest: PEOPLE_QUESTION, (*_NOT_YET, Code.SNAPSHOT, Code.NOT_ENTERED)),
    Row(Verb.EXIT, lambda guest: {}, (*_NOT_YET, Code.OK, Code.NOT_ENTERED)),
    Row(
        Verb.LACKING,
        lambda guest: {"conversation": ROOM, "number": 1},
        (*_NOT_YET, Code.OK, Code.NOT_ENTERED),
    ),
    Row(
        Verb.CHALLENGE,
        lambda guest: {"name": "Ana", "nonce": "00" * 18},
        (Code.NOT_ENTERED, Code.NOT_ENTERED, Code.OK, Code.OK, Code.NOT_ENTERED),
    ),
    Row(Verb.LOGOUT, lambda guest: {}, (*_NOT_YET, Code.NO_SESSION, Code.NOT_ENTERED)),
    Row(0, lambda guest: {}, (Code.UNKNOWN_REQUEST,) * 5),
    Row(99, lambda guest: {}, (Code.UNKNOWN_REQUEST,) * 5),
]


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.verb))
def test_each_verb_at_each_step(room: Room, row: Row, step: str) -> None:
    guest = STEPS[step](room)
    expected = row.answers[list(STEPS).index(step)]

    answer = guest.ask(row.verb, row.fields(guest))

    if expected is BROKEN:
        assert answer is None
        assert {close.code for close in guest.closed} == {CloseCode.BROKEN}
    else:
        assert answer is not None
        assert answer.code is expected
        assert guest.closed == []


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        (Verb.PAKE1, b"{}"),
        (Verb.PAKE1, b"[]"),
        (Verb.PAKE1, b'{"ya": 7}'),
        (Verb.PAKE1, b'{"ya": "' + b"00" * 32 + b'", "ya": ""}'),
        (Verb.PEOPLE, b'{"epoch":'),
        (99, b"\xff"),
        (99, b'{"a": NaN}'),
        (99, b'{"a": "\\ud800"}'),
        (99, b'{"a": [[[[[1]]]]]}'),
    ],
)
def test_json_without_sense_closes_its_own_session_alone(
    room: Room, verb: int, fields: bytes
) -> None:
    ana, rude = room.comes("Ana"), fresh(room)

    rude.send(Request(1, verb, fields).encode())
    room.pass_time(1)

    assert {close.code for close in rude.closed} == {CloseCode.BROKEN}
    assert ana.closed == []
    ana.say("masih di sini")
    assert room.store.head(ROOM).number == 2


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        (Verb.PEOPLE, {}),
        (Verb.PEOPLE, {**PEOPLE_QUESTION, "after": -1}),
        (Verb.PEOPLE, {**PEOPLE_QUESTION, "start": "zz" * 8}),
        (Verb.LACKING, {"conversation": ROOM}),
        (Verb.LACKING, {"conversation": True, "number": 1}),
    ],
)
def test_a_member_s_question_without_sense_closes_the_session(
    room: Room, verb: Verb, fields: Fields
) -> None:
    ana = room.comes("Ana")

    assert ana.ask(verb, fields) is None
    assert ana.closed[0].code is CloseCode.BROKEN


@pytest.mark.parametrize(
    "change",
    [
        {"logs": {}},
        {"logs": [[1, 2]]},
        {"logs": [[1, -1, "00" * 8]]},
        {"logs": [[1, 0, "00" * 8]] * 17},
        {"once": "00"},
        {"stream": 7},
        {"name": 7},
        {"token": "zz"},
        {"name": None},
    ],
)
def test_an_enter_without_sense_closes_the_session(room: Room, change: Fields) -> None:
    guest = proved(room)

    assert guest.ask(Verb.ENTER, {**guest.wish("Ana"), **change}) is None
    assert guest.closed[0].code is CloseCode.BROKEN
    assert len(room.store.present_people()) == 0


# --- once and in order ---


def test_requests_are_executed_in_order_and_at_most_once(room: Room) -> None:
    guest = proved(room)
    enter = guest.request(Verb.ENTER, guest.wish("Ana"))
    lacking = guest.request(Verb.LACKING, {"conversation": ROOM, "number": 1})
    question = guest.request(Verb.PEOPLE, PEOPLE_QUESTION)

    guest.put(question, lacking)
    guest.send(enter, enter)
    room.pass_time(0)
    guest.send(enter, question)

    assert [answer.code for answer in guest.answers[2:]] == [Code.OK, Code.OK, Code.SNAPSHOT]
    responses = [frame.request for frame in guest.frames if isinstance(frame, Response)]
    assert responses == [1, 2, 3, 4, 5, 3, 5]  # repeats are answered from memory
    assert [e.kind for e in room.saw(Happened)] == [HappeningKind.JOINED]


def test_a_request_behind_one_that_breaks_the_rules_dies_with_it(room: Room) -> None:
    guest = proved(room)
    enter = guest.request(Verb.ENTER, guest.wish("Ana"))
    rude = Request(4, Verb.LACKING, b"[]").encode()

    guest.send(rude, enter)
    room.pass_time(1)

    assert {close.code for close in guest.closed} == {CloseCode.BROKEN}


# --- ENTER ---


def test_enter_tells_who_one_is_and_how_far_the_logs_go(room: Room) -> None:
    talker = room.comes("Budi")
    for number in range(212):
        talker.put(talker.post(f"nomor {number}"))
    room.end_turn()
    ana = room.comes("Ana")

    assert ana.entered is not None
    (log,) = ana.entered.logs
    assert log.conversation == ROOM
    assert log.head == room.store.head(ROOM).number == 214
    assert log.floor == 14
    assert log.chain == room.store.chain_at(ROOM, 14)
    assert (ana.entered.name, ana.entered.has_returned, ana.entered.changed) == ("Ana", False, ())
    assert ana.take(Ping)


def test_who_comes_back_gets_what_was_missed_and_only_that(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    chain = room.store.chain_at(ROOM, 2)
    budi.say("satu")

    assert ana.comes_back("Ana", logs=(HeldLog(ROOM, 2, chain),)).code is Code.OK

    assert ana.entered is not None
    assert ana.entered.has_returned
    assert ana.entered.changed == ()
    assert ana.entered.logs[0].head == 3


@pytest.mark.parametrize(
    ("have", "chain"),
    [(3, FIRST_CHAIN), (1, b"anderes!"), (99, FIRST_CHAIN)],
    ids=["ahead of us", "another log", "far ahead"],
)
def test_who_holds_another_log_is_told_that_it_changed(room: Room, have: int, chain: bytes) -> None:
    ana = room.comes("Ana")
    room.comes("Budi")

    ana.comes_back("Ana", logs=(HeldLog(ROOM, have, chain), HeldLog(7, 0, FIRST_CHAIN)))

    assert ana.entered is not None
    assert ana.entered.changed == (ROOM,)
    ana.send(Have(((ROOM, 2),)).encode())
    assert ana.closed == []


def test_a_name_may_be_asked_for_again_in_the_same_session(room: Room) -> None:
    room.comes("Ana")
    guest = proved(room)

    codes = [guest.enter(name).code for name in ("ana", "", "admin", "Budi")]

    assert codes == [Code.NAME_TAKEN, Code.NAME_INVALID, Code.NAME_INVALID, Code.OK]


def test_another_session_of_the_same_person_ends_the_first(room: Room) -> None:
    ana = room.comes("Ana")
    again = room.guest()
    assert again.shake_hands()
    assert again.prove() is Code.OK

    again.stream = ana.stream
    assert again.enter("Ana", ana.token).code is Code.OK

    assert [close.code for close in ana.closed] == [CloseCode.RENEWED]
    ana.send(ana.post("hantu"))
    again.say("halo")
    texts = [Entry.decode(s.body).text for s in room.store.storage.read(ROOM, 1, 9, 1 << 20)]
    assert texts == ["", "halo"]
    assert again.closed == []


def test_a_full_room_takes_back_those_who_are_in_it(folder: Path) -> None:
    with Room(folder, limits=limits(entered=2)) as room:
        ana, _ = room.comes("Ana"), room.comes("Budi")
        citra = proved(room)

        assert citra.enter("Citra").code is Code.SERVER_FULL
        assert ana.comes_back("Ana").code is Code.OK
        room.restart()
        assert ana.comes_back("Ana").code is Code.OK


@pytest.mark.parametrize("method", ["save_person", "append", "remember_session", "commit"])
def test_on_a_full_disk_entering_is_refused_and_nothing_of_it_stays(
    room: Room, method: str
) -> None:
    guest, other = proved(room), room.comes("Budi")
    room.store.full = {method}

    assert guest.enter("Ana").code is Code.DISK_FULL
    room.pass_time(5)
    room.store.full = set()

    assert [record.name for record in room.store.present_people()] == ["Budi"]
    assert "Ana" not in str(other.ask(Verb.PEOPLE, PEOPLE_QUESTION))
    assert guest.enter("Ana").code is Code.OK
    kinds = [Entry.decode(s.body).kind for s in room.store.storage.read(ROOM, 1, 9, 1 << 20)]
    assert kinds == [EntryKind.JOINED] * 2


def test_who_breaks_off_in_the_turn_of_entering_is_gone_after_a_while(room: Room) -> None:
    guest, other = proved(room), room.comes("Budi")
    enter = guest.request(Verb.ENTER, guest.wish("Ana"))

    guest.send(enter, Close(CloseCode.EXIT).encode())

    assert not any(answer.verb is Verb.ENTER for answer in guest.answers)
    for _ in range(20):
        room.pass_time(10)
        other.send(Ping(1).encode())
    names = [record.name for record in room.store.present_people()]
    assert names == ["Budi"]
    assert other.closed == []


def test_a_lost_answer_to_enter_makes_no_second_person_after_a_restart_either(room: Room) -> None:
    once = Chance("once")(16)
    ana = proved(room)
    first = ana.enter("Ana", once=once)
    room.restart()

    assert ana.shake_hands()
    assert ana.prove(PASSWORD) is Code.OK
    second = ana.enter("Ana", once=once)

    assert second.code is Code.OK
    assert EnterAnswer.decode(second.fields).person == EnterAnswer.decode(first.fields).person
    assert room.store.head(ROOM).number == 1


# --- EXIT ---


def test_exit_ends_token_and_presence_and_is_answered(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    answer = ana.ask(Verb.EXIT, {})

    assert answer is not None
    assert answer.code is Code.OK
    kinds = [Entry.decode(p.body).kind for p in budi.take(EntryPart) if p.conversation == ROOM]
    assert kinds == [EntryKind.JOINED, EntryKind.LEFT]
    again = proved(room)
    assert again.enter(None, ana.token).code is Code.TOKEN_UNKNOWN
    assert again.enter("Ana").code is Code.OK


@pytest.mark.parametrize("method", ["append", "commit"])
def test_exit_is_answered_on_a_full_disk_too_and_the_token_ends_when_there_is_room(
    room: Room, method: str
) -> None:
    ana = room.comes("Ana")
    room.store.full = {method}

    answer = ana.ask(Verb.EXIT, {})
    room.pass_time(3)
    room.store.full = set()
    room.pass_time(2)

    assert answer is not None
    assert answer.code is Code.OK
    assert room.store.present_people() == []
    assert proved(room).enter(None, ana.token).code is Code.TOKEN_UNKNOWN


def test_what_was_posted_before_exit_in_one_turn_stands_before_left(room: Room) -> None:
    ana = room.comes("Ana")

    ana.send(ana.post("selamat tinggal"), ana.request(Verb.EXIT, {}))

    entries = [Entry.decode(s.body) for s in room.store.storage.read(ROOM, 1, 9, 1 << 20)]
    assert [entry.kind for entry in entries] == [
        EntryKind.JOINED,
        EntryKind.TEXT,
        EntryKind.LEFT,
    ]


# --- questions ---


def test_people_are_told_in_full_and_then_what_changed(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    room.pass_time(1)
    snapshot = ana.ask(Verb.PEOPLE, PEOPLE_QUESTION)
    assert snapshot is not None
    version = snapshot.fields["version"]
    budi.ask(Verb.EXIT, {})
    room.pass_time(1)

    changes = ana.ask(
        Verb.PEOPLE,
        {"epoch": snapshot.fields["epoch"], "after": version, "start": "0" * 16},
    )

    assert snapshot.code is Code.SNAPSHOT
    rows = snapshot.fields["people"]
    assert isinstance(rows, list)
    assert sorted(str(row[1]) for row in rows if isinstance(row, list)) == ["Ana", "Budi"]
    assert changes is not None
    assert changes.code is Code.OK
    assert changes.fields["people"] == [[f"{budi.person:016x}", "Budi", 3, False, 0]]


def test_who_lacks_an_entry_is_told_by_name_in_order(room: Room) -> None:
    ana, citra, budi = room.comes("Ana"), room.comes("Citra"), room.comes("Budi")
    ana.say("sudah sampai?")
    ana.send(Have(((ROOM, 4),)).encode())

    answer = ana.ask(Verb.LACKING, {"conversation": ROOM, "number": 4})
    assert answer is not None
    assert answer.fields == {"names": ["Budi", "Citra"], "count": 2}

    citra.send(Have(((ROOM, 4),)).encode())
    budi.send(Have(((ROOM, 4),)).encode())
    answer = ana.ask(Verb.LACKING, {"conversation": ROOM, "number": 4})
    assert answer is not None
    assert answer.fields == {"names": [], "count": 0}


def test_many_who_lack_an_entry_are_counted_and_only_some_named(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_requests.MOST_NAMES", 3)
    everyone = [room.comes(f"Murid {number}") for number in range(5)]
    everyone[0].say("sudah sampai?")

    answer = everyone[0].ask(Verb.LACKING, {"conversation": ROOM, "number": 6})

    assert answer is not None
    assert answer.fields == {"names": ["Murid 0", "Murid 1", "Murid 2"], "count": 5}


def test_a_conversation_one_is_not_in_is_none_of_one_s_business(room: Room) -> None:
    ana = room.comes("Ana")

    answer = ana.ask(Verb.LACKING, {"conversation": 2, "number": 1})

    assert answer is not None
    assert answer.code is Code.NOT_A_MEMBER


def test_typing_goes_to_the_others(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    ana.send(Typing(ROOM).encode())

    assert budi.take(Typing) == [Typing(ROOM, ana.person)]
    assert ana.take(Typing) == []
