"""Who may do what: every request and every frame, from everybody who could send it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conversation_parts import account, asked, gets, hears, logs, says
from server_parts import Guest, Room
from sharing_parts import Sharer, made

from belonging import LogsRequest
from conversation import ROOM, EntryKind, FileNote
from protocol import CloseCode, Code, Verb
from protocol_frames import (
    Chunk,
    EntryPart,
    Frame,
    Have,
    Heads,
    Posted,
    Pull,
    ReadTo,
    RealmsChanged,
    Refused,
    Request,
    Typing,
    Want,
)
from protocol_requests import Fields
from server_events import BanPerson

pytestmark = pytest.mark.uncounted

CLOSED = "the session is closed"
NOTHING = "no answer"
ENTRIES = "the entries come"
LET_GO = "heads of zero: not a member"
COUNTED = "it is believed"
TOLD = "the others are told"
FOUND = "it is found"
NOT_FOUND = "it is not found"
BLOCKS = "blocks of it come"
DENIED = "nothing of it can be had"
Outcome = Code | str


class Scene:
    """Budi's group Kimia, and what he says to one other person. ``ana`` is whoever is tried."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.budi = room.comes("Budi")
        self.dewi = room.comes("Dewi")
        self.group = gets(self.budi, Verb.ADD_GROUP, "Kimia")
        self.private = gets(self.budi, Verb.PRIVATE, "Dewi")
        self.ana: Guest

    def talk(self) -> None:
        for conversation in (ROOM, self.group, self.private):
            assert says(self.budi, conversation, "rahasia")[0] is Code.OK
        for guest in (self.ana, self.budi):
            guest.frames.clear()

    def head(self, conversation: int) -> int:
        return self.room.store.storage.head(conversation).number


# --- who ---


def guest(scene: Scene) -> Guest:
    return scene.room.comes("Ana")


def with_account(scene: Scene) -> Guest:
    (ana,) = account(scene.room, "Ana", devices=1)
    return ana


def member(scene: Scene) -> Guest:
    ana = scene.room.comes("Ana")
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    scene.private = gets(scene.budi, Verb.PRIVATE, "Ana")
    return ana


def former_member(scene: Scene) -> Guest:
    ana = scene.room.comes("Ana")
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    gets(ana, Verb.LEAVE_GROUP, "Kimia")
    return ana


def logged_out(scene: Scene) -> Guest:
    ana = with_account(scene)
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    assert asked(ana, Verb.LOGOUT, {"once": "00" * 16}).code is Code.OK
    return ana


def outside(scene: Scene) -> Guest:
    ana = scene.room.guest()
    assert ana.shake_hands()
    assert ana.prove() is Code.OK
    return ana


PEOPLE: dict[str, Callable[[Scene], Guest]] = {
    "guest": guest,
    "account": with_account,
    "member": member,
    "former member": former_member,
    "logged out": logged_out,
    "outside": outside,
}


# --- what ---


def request(verb: int, fields: Callable[[Scene], Fields]) -> Callable[[Scene], Outcome]:
    """How a request is answered."""

    def ask(scene: Scene) -> Outcome:
        answer = scene.ana.ask(verb, fields(scene))
        if answer is not None:
            return answer.code
        return CLOSED if scene.ana.closed else NOTHING

    return ask


def frame(
    made: Callable[[Scene], Frame], outcome: Callable[[Scene], Outcome]
) -> Callable[[Scene], Outcome]:
    """What a frame brings about."""

    def send(scene: Scene) -> Outcome:
        scene.ana.send(made(scene).encode())
        return CLOSED if scene.ana.closed else outcome(scene)

    return send


def group(scene: Scene) -> int:
    return scene.group


def private(scene: Scene) -> int:
    return scene.private


def room(_: Scene) -> int:
    return ROOM


def nowhere(_: Scene) -> int:
    return 77


Where = Callable[[Scene], int]


def post(where: Where) -> Callable[[Scene], Outcome]:
    def send(scene: Scene) -> Outcome:
        ana, place = scene.ana, where(scene)
        before = scene.head(place)
        ana.send(ana.post("halo", conversation=place))
        if ana.closed:
            return CLOSED
        refused = ana.take(Refused)
        is_posted = bool(ana.take(Posted))
        assert (scene.head(place) > before) == is_posted
        assert ("halo" in hears(scene.budi, place)) == is_posted
        if refused:
            return Code(refused[0].code)
        return Code.OK if is_posted else NOTHING

    return send


def pull(where: Where) -> Callable[[Scene], Outcome]:
    def outcome(scene: Scene) -> Outcome:
        heads = scene.ana.take(Heads)
        if [part for part in scene.ana.take(EntryPart) if part.conversation == where(scene)]:
            return ENTRIES
        return LET_GO if Heads(((where(scene), 0),)) in heads else NOTHING

    return frame(lambda scene: Pull(where(scene), 1, 0, 9), outcome)


def have(where: Where) -> Callable[[Scene], Outcome]:
    """HAVE of all that is there; it shows in what Budi is told of who lacks it."""

    def ask(scene: Scene) -> Outcome:
        place = where(scene)
        question: Fields = {"conversation": place, "number": scene.head(place)}
        was_lacking = "Ana" in str(asked(scene.budi, Verb.LACKING, question).fields)
        scene.ana.send(Have(((place, scene.head(place)),)).encode())
        if scene.ana.closed:
            return CLOSED
        is_lacking = "Ana" in str(asked(scene.budi, Verb.LACKING, question).fields)
        return COUNTED if was_lacking and not is_lacking else NOTHING

    return ask


def typing(where: Where) -> Callable[[Scene], Outcome]:
    def outcome(scene: Scene) -> Outcome:
        return TOLD if scene.budi.take(Typing) else NOTHING

    return frame(lambda scene: Typing(where(scene)), outcome)


def share(where: Where) -> Callable[[Scene], Outcome]:
    """Whether an entry may speak of a file that Budi shared somewhere."""

    def send(scene: Scene) -> Outcome:
        shared = Sharer(scene.budi, made(1))
        shared.shares(where(scene))
        ana = scene.ana
        ana.frames.clear()
        note = FileNote(shared.file, len(shared.data), "foto.png")
        ana.send(ana.post(note.encode(), kind=EntryKind.FILE))
        if ana.closed:
            return CLOSED
        refused = ana.take(Refused)
        if refused:
            return Code(refused[0].code)
        return Code.OK if ana.take(Posted) else NOTHING

    return send


def fetch(where: Where) -> Callable[[Scene], Outcome]:
    """WANT of a file that Budi shared somewhere."""

    def ask(scene: Scene) -> Outcome:
        shared = Sharer(scene.budi, made(1))
        shared.shares(where(scene))
        scene.ana.frames.clear()
        scene.ana.send(Want(shared.file, 1000, ((0, 1),), 1).encode())
        if scene.ana.closed:
            return CLOSED
        scene.room.pass_time(1)
        if scene.ana.take(Chunk):
            return BLOCKS
        return (
            DENIED
            if Want(shared.file, 0, (), Code.FILE_MISSING) in scene.ana.take(Want)
            else NOTHING
        )

    return ask


def supply(scene: Scene) -> Outcome:
    """CHUNK of a file that Budi has offered."""
    offered = Sharer(scene.budi, made(1))
    offered.has()
    scene.ana.send(Chunk(offered.file, 0, offered.data).encode())
    if scene.ana.closed:
        return CLOSED
    return COUNTED if offered.has() else NOTHING


def search(where: Where) -> Callable[[Scene], Outcome]:
    """Whether what was said somewhere is found."""

    def ask(scene: Scene) -> Outcome:
        answer = scene.ana.ask(Verb.SEARCH, {"words": "rahasia"})
        if answer is None or answer.code is not Code.OK:
            return NOTHING if answer is None else answer.code
        hits = answer.fields["hits"]
        assert isinstance(hits, list)
        places = [hit[0] for hit in hits if isinstance(hit, list)]
        return FOUND if where(scene) in places else NOT_FOUND

    return ask


def told(where: Where) -> Callable[[Scene], Outcome]:
    """Whether LOGS tells of it."""

    def ask(scene: Scene) -> Outcome:
        answer = scene.ana.ask(Verb.LOGS, LogsRequest(0).encode())
        if answer is None or answer.code is not Code.OK:
            return NOTHING if answer is None else answer.code
        rows = answer.fields["logs"]
        assert isinstance(rows, list)
        return (
            FOUND
            if where(scene) in [row[0] for row in rows if isinstance(row, list)]
            else NOT_FOUND
        )

    return ask


def fields(**given: str | int) -> Callable[[Scene], Fields]:
    return lambda _: dict(given)


def wish(name: str) -> Callable[[Scene], Fields]:
    return fields(once="11" * 16, name=name)


def offer(where: Where) -> Callable[[Scene], Fields]:
    return lambda scene: {
        "conversation": where(scene),
        "file": "ee" * 32,
        "size": 5000,
        "name": "foto.png",
    }


def listed(where: Where) -> Callable[[Scene], Fields]:
    return lambda scene: {"conversation": where(scene), "before": 0}


def at(where: Where) -> Callable[[Scene], Fields]:
    return lambda scene: {"conversation": where(scene), "number": 1}


CREDENTIALS: Fields = {"salt": "aa" * 16, "iterations": 600_000, "stored_key": "bb" * 32}
CREDENTIALS |= {"server_key": "cc" * 32}


def register(_: Scene) -> Fields:
    return {"once": "22" * 16, "name": "Zahra", "full_name": "", "country": ""} | CREDENTIALS


def challenge(_: Scene) -> Fields:
    return {"name": "Ana", "nonce": "00" * 18}


def proof(scene: Scene) -> Fields:
    """A wrong one."""
    scene.ana.ask(Verb.CHALLENGE, challenge(scene))
    return {"once": "33" * 16, "proof": "00" * 32}


def log_in(scene: Scene) -> Fields:
    return proof(scene) | {"stream": scene.ana.stream.hex(), "logs": []}


def password(scene: Scene) -> Fields:
    return proof(scene) | CREDENTIALS


class Row(NamedTuple):
    """What is tried, and what comes of it for each of PEOPLE, in their order."""

    what: str
    tried: Callable[[Scene], Outcome]
    outcomes: tuple[Outcome, ...]


OK, NO_SESSION, NOT_ENTERED = Code.OK, Code.NO_SESSION, Code.NOT_ENTERED
REST = (NO_SESSION, NOT_ENTERED)  # logged out, outside
FRAME_REST = (NOTHING, CLOSED)
ANYBODY = (OK,) * 4
MEMBERS_ALONE = (Code.NOT_A_MEMBER, Code.NOT_A_MEMBER, OK, Code.NOT_A_MEMBER)
NAMELESS_TOO = (OK, NOT_ENTERED)
WHOEVER_KNOWS_THE_PASSWORD = (OK,) * 6
NO_REALM = fields(once="11" * 16, name="", address="no IP", port=8083)


def alone(is_so: Outcome, is_not: Outcome) -> tuple[Outcome, ...]:
    return (is_not, is_not, is_so, is_not)


TABLE = [
    # requests
    Row("PAKE1", request(Verb.PAKE1, fields(ya="09" * 32)), (CLOSED,) * 6),
    Row("PAKE2", request(Verb.PAKE2, fields(ta="00" * 64)), (CLOSED,) * 6),
    Row(
        "ENTER",
        request(Verb.ENTER, lambda scene: scene.ana.wish("Eka")),
        (*(Code.BAD_REQUEST,) * 4, NO_SESSION, OK),
    ),
    Row(
        "PEOPLE",
        request(Verb.PEOPLE, fields(epoch="00" * 8, after=0, start="00" * 8)),
        (*(Code.SNAPSHOT,) * 5, NOT_ENTERED),
    ),
    Row("EXIT", request(Verb.EXIT, fields()), ANYBODY + NAMELESS_TOO),
    Row("LACKING in the room", request(Verb.LACKING, at(room)), ANYBODY + REST),
    Row("LACKING in a group", request(Verb.LACKING, at(group)), MEMBERS_ALONE + REST),
    Row("LACKING in private", request(Verb.LACKING, at(private)), MEMBERS_ALONE + REST),
    Row("CHALLENGE", request(Verb.CHALLENGE, challenge), WHOEVER_KNOWS_THE_PASSWORD),
    Row(
        "LOGIN with a wrong password",
        request(Verb.LOGIN, log_in),
        (
            Code.WRONG_LOGIN,
            Code.BAD_REQUEST,
            Code.WRONG_LOGIN,
            Code.WRONG_LOGIN,
            Code.WRONG_LOGIN,
            Code.WRONG_LOGIN,
        ),
    ),
    Row("REGISTER", request(Verb.REGISTER, register), WHOEVER_KNOWS_THE_PASSWORD),
    Row(
        "LOGOUT",
        request(Verb.LOGOUT, fields(once="11" * 16)),
        (NO_SESSION, OK, NO_SESSION, NO_SESSION, *REST),
    ),
    Row(
        "PASSWORD with a wrong old one",
        request(Verb.PASSWORD, password),
        (NO_SESSION, Code.WRONG_LOGIN, NO_SESSION, NO_SESSION, *REST),
    ),
    Row("NAME", request(Verb.NAME, wish("Eka")), (OK, Code.BAD_REQUEST, OK, OK, *REST)),
    Row("LOGS: the room", told(room), (FOUND,) * 4 + REST),
    Row("LOGS: a group", told(group), alone(FOUND, NOT_FOUND) + REST),
    Row("LOGS: private", told(private), alone(FOUND, NOT_FOUND) + REST),
    Row("PRIVATE", request(Verb.PRIVATE, wish("Budi")), ANYBODY + REST),
    Row("ADD_GROUP", request(Verb.ADD_GROUP, wish("Fisika")), ANYBODY + REST),
    Row("ADD_GROUP again", request(Verb.ADD_GROUP, wish("Kimia")), (Code.GROUP_EXISTS,) * 4 + REST),
    Row(
        "JOIN_GROUP",
        request(Verb.JOIN_GROUP, wish("Kimia")),
        alone(Code.ALREADY_A_MEMBER, OK) + REST,
    ),
    Row("LEAVE_GROUP", request(Verb.LEAVE_GROUP, wish("Kimia")), MEMBERS_ALONE + REST),
    Row("GROUPS", request(Verb.GROUPS, fields(after="")), ANYBODY + REST),
    Row("MEMBERS", request(Verb.MEMBERS, fields(name="Kimia")), MEMBERS_ALONE + REST),
    Row("READ in the room", request(Verb.READ, at(room)), ANYBODY + REST),
    Row("READ in a group", request(Verb.READ, at(group)), MEMBERS_ALONE + REST),
    Row("READ in private", request(Verb.READ, at(private)), MEMBERS_ALONE + REST),
    Row("READ nowhere", request(Verb.READ, at(nowhere)), (Code.NOT_A_MEMBER,) * 4 + REST),
    Row("SEARCH: the room", search(room), (FOUND,) * 4 + REST),
    Row("SEARCH: a group", search(group), alone(FOUND, NOT_FOUND) + REST),
    Row("SEARCH: private", search(private), alone(FOUND, NOT_FOUND) + REST),
    Row("FIND", request(Verb.FIND, fields(prefix="b")), ANYBODY + REST),
    Row("OFFER into the room", request(Verb.OFFER, offer(room)), ANYBODY + REST),
    Row("OFFER into a group", request(Verb.OFFER, offer(group)), MEMBERS_ALONE + REST),
    Row("OFFER in private", request(Verb.OFFER, offer(private)), MEMBERS_ALONE + REST),
    Row(
        "OFFER nowhere",
        request(Verb.OFFER, offer(nowhere)),
        (Code.NO_SUCH_CONVERSATION,) * 4 + REST,
    ),
    Row("FILES of the room", request(Verb.FILES, listed(room)), ANYBODY + REST),
    Row("FILES of a group", request(Verb.FILES, listed(group)), MEMBERS_ALONE + REST),
    Row("FILES in private", request(Verb.FILES, listed(private)), MEMBERS_ALONE + REST),
    Row("FILES nowhere", request(Verb.FILES, listed(nowhere)), (Code.NOT_A_MEMBER,) * 4 + REST),
    Row("DROP", request(Verb.DROP, fields(file="ee" * 32)), ANYBODY + REST),
    Row(
        "ENTER_REALM",
        request(Verb.ENTER_REALM, fields()),
        (Code.BAD_REQUEST,) * 4 + (NO_SESSION, CLOSED),
    ),
    *(
        Row(f"{verb.name} by no realm", request(verb, fields()), (Code.BAD_REQUEST,) * 4 + REST)
        for verb in (Verb.SHARED, Verb.CONTACT, Verb.UNDELIVERED)
    ),
    Row("ADD_REALM", request(Verb.ADD_REALM, NO_REALM), (Code.BAD_REQUEST,) * 4 + REST),
    Row("REALMS", request(Verb.REALMS, fields()), ANYBODY + REST),
    Row(
        "unknown",
        request(99, fields()),
        (Code.UNKNOWN_REQUEST,) * 6,
    ),
    # frames
    Row("POST into the room", post(room), ANYBODY + FRAME_REST),
    Row("POST into a group", post(group), MEMBERS_ALONE + FRAME_REST),
    Row("POST in private", post(private), MEMBERS_ALONE + FRAME_REST),
    Row("POST nowhere", post(nowhere), (Code.NO_SUCH_CONVERSATION,) * 4 + FRAME_REST),
    Row("POST of a file of the room", share(room), ANYBODY + FRAME_REST),
    Row("POST of a file of a group", share(group), alone(OK, Code.FILE_MISSING) + FRAME_REST),
    Row("POST of a private file", share(private), alone(OK, Code.FILE_MISSING) + FRAME_REST),
    Row("WANT of a file of the room", fetch(room), (BLOCKS,) * 4 + FRAME_REST),
    Row("WANT of a file of a group", fetch(group), alone(BLOCKS, DENIED) + FRAME_REST),
    Row("WANT of a private file", fetch(private), alone(BLOCKS, DENIED) + FRAME_REST),
    Row("CHUNK of somebody else's", supply, (NOTHING,) * 5 + (CLOSED,)),
    Row("PULL from the room", pull(room), (ENTRIES,) * 4 + FRAME_REST),
    Row("PULL from a group", pull(group), alone(ENTRIES, LET_GO) + FRAME_REST),
    Row("PULL in private", pull(private), alone(ENTRIES, LET_GO) + FRAME_REST),
    Row("PULL from nowhere", pull(nowhere), (LET_GO,) * 4 + FRAME_REST),
    Row("HAVE of the room", have(room), (COUNTED,) * 4 + FRAME_REST),
    Row("HAVE of a group", have(group), alone(COUNTED, NOTHING) + FRAME_REST),
    Row("HAVE in private", have(private), alone(COUNTED, NOTHING) + FRAME_REST),
    Row("TYPING in the room", typing(room), (TOLD,) * 4 + FRAME_REST),
    Row("TYPING in a group", typing(group), alone(TOLD, NOTHING) + FRAME_REST),
    Row("TYPING in private", typing(private), alone(TOLD, NOTHING) + FRAME_REST),
    Row("REALMS_CHANGED", frame(lambda _: RealmsChanged(), lambda _: NOTHING), (CLOSED,) * 6),
    Row("READ_TO", frame(lambda _: ReadTo(ROOM, 1), lambda _: NOTHING), (CLOSED,) * 6),
]


@pytest.fixture
def scene(folder: Path) -> Iterator[Scene]:
    with Room(folder) as room:
        yield Scene(room)


def test_every_request_stands_in_the_table() -> None:
    named = {row.what.split(" ")[0].rstrip(":") for row in TABLE}

    assert {verb.name for verb in Verb} <= named


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_what_each_may_do(scene: Scene, row: Row, who: str) -> None:
    scene.ana = PEOPLE[who](scene)
    if scene.ana.entered is not None and who != "logged out":
        logs(scene.ana)
    scene.talk()

    assert row.tried(scene) == row.outcomes[list(PEOPLE).index(who)]


def test_whoever_is_banned_is_heard_by_nobody_and_does_not_come_in_again(scene: Scene) -> None:
    scene.ana = ana = member(scene)
    logs(ana)
    scene.room.command(BanPerson("Ana"))
    assert {close.code for close in ana.closed} == {CloseCode.BANNED}
    scene.room.pass_time(1)
    scene.talk()

    ana.send(*(Request(number, verb, b"{}").encode() for number, verb in enumerate(Verb, start=1)))
    for where in (room, group, private):
        assert [tried(where)(scene) for tried in (post, pull, have, typing)] == [NOTHING] * 4
    assert ana.frames == []
    assert ana.comes_back(None).code is Code.TOKEN_UNKNOWN
    assert ana.enter("Ana").code is Code.BANNED
