"""The client's core and other realms: asking, being told, files that are still on their way."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from client_file_parts import FileSeat, made, note_of, saved
from client_parts import Seat, always, nothing, private

from belonging import OfferedConversation
from client_deliveries import PATIENCE
from client_events import (
    Answered,
    Connection,
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    EntryArrived,
    JoinGroup,
    OpenPrivate,
    Say,
)
from client_file_events import (
    DropFile,
    FetchFile,
    FileMoved,
    FileState,
    FileTrouble,
    PauseFile,
    ResumeFile,
    SendFile,
)
from client_realm_events import (
    AddRealm,
    AskRealms,
    DeliveryTold,
    RealmInfo,
    RealmState,
    RealmsTold,
)
from conversation import FIRST_CHAIN, ConversationKind, Entry, EntryKind, draft_tag
from entering import OfferedLog
from protocol import BLOCK, Code, JsonValue, Verb
from protocol_frames import (
    Post,
    Posted,
    Reached,
    RealmsChanged,
    Want,
)
from records import Stored
from replication_server import entry_frames

KELAS, BOB = 8, 9
BOBS_NUMBER = 77
ROW: list[JsonValue] = ["campus-b", "linked", 1000, 0, 12, "10.0.0.2", 8083]
CAMPUS = RealmInfo("campus-b", RealmState.LINKED, 1000, 0, 0.012, ("10.0.0.2", 8083))
ADD = AddRealm(1, "campus-b", "10.0.0.2", 8083, "rahasia")


def offered(conversation: int, kind: ConversationKind, name: str) -> OfferedConversation:
    return OfferedConversation(kind, name, 0, OfferedLog(conversation, 0, 0, FIRST_CHAIN), 0)


@pytest.fixture
def seat(tmp_path: Path) -> Iterator[FileSeat]:
    """In a group of campus-b, and with Bob there."""
    seat = FileSeat(tmp_path)
    seat.host.others = [
        offered(KELAS, ConversationKind.GROUP, "kelas@campus-b"),
        offered(BOB, ConversationKind.PRIVATE, "bob@campus-b"),
    ]
    seat.host.replies[Verb.REALMS] = always(Code.OK, realms=[ROW])
    seat.enter()
    yield seat
    seat.disk.close()


def hear_entry(seat: Seat, conversation: int, number: int, entry: Entry) -> None:
    seat.hear(*entry_frames(Stored(conversation, number, entry.encode(), b"")))


def ours(seat: Seat, draft: int, kind: EntryKind = EntryKind.TEXT, text: str = "halo") -> Entry:
    (enter,) = seat.host.asked(Verb.ENTER)
    return Entry(draft_tag(bytes.fromhex(str(enter["stream"])), draft), kind, 0, 7, "Ana", text)


def share(seat: FileSeat, data: bytes) -> None:
    """Up to its draft, which the server has not answered yet."""
    seat.host.takes_posts = False
    seat.do(SendFile(7, KELAS, seat.put(data)))
    seat.want(data, (0, 2))
    seat.want(data)
    seat.pass_time(1.0)
    assert seat.host.got(Post)


# --- which there are ---


def test_who_enters_is_told_of_the_realms_and_again_when_they_change(seat: Seat) -> None:
    seat.pass_time(2.0)
    assert seat.saw(RealmsTold) == [RealmsTold((CAMPUS,))]

    for _ in range(5):
        seat.hear(RealmsChanged().encode())
    seat.pass_time(5.0)

    assert len(seat.host.asked(Verb.REALMS)) == 3
    assert len(seat.saw(RealmsTold)) == 3


def test_a_realm_is_added_and_all_are_listed(seat: Seat) -> None:
    seat.host.replies[Verb.ADD_REALM] = always(Code.OK, name="campus-b", room="Kampus")

    seat.do(ADD)
    seat.do(AddRealm(2, "", "10.0.0.3", 8083))
    seat.do(AskRealms(3))

    with_password, without = seat.host.asked(Verb.ADD_REALM)
    assert (with_password["address"], with_password["password"]) == ("10.0.0.2", "rahasia")
    assert "password" not in without
    assert seat.saw(Answered) == [
        Answered(1, Code.OK, ("campus-b", "Kampus")),
        Answered(2, Code.OK, ("campus-b", "Kampus")),
        Answered(3, Code.OK, (CAMPUS,)),
    ]


def test_one_that_cannot_be_added_says_why(seat: Seat) -> None:
    seat.host.replies[Verb.ADD_REALM] = always(Code.BAD_REQUEST, reason="self")
    seat.do(ADD)
    seat.host.replies[Verb.REALMS] = always(Code.NO_SESSION)
    seat.do(AskRealms(2))

    assert seat.saw(Answered) == [
        Answered(1, Code.BAD_REQUEST, reason="self"),
        Answered(2, Code.NO_SESSION),
    ]


def test_a_server_that_takes_long_to_add_one_is_not_lost(seat: Seat) -> None:
    seat.host.replies[Verb.ADD_REALM] = nothing
    seat.do(ADD)

    seat.pass_time(20.0)

    shown = [event.connection for event in seat.events if hasattr(event, "connection")]
    assert Connection.LOST not in shown
    assert seat.saw(Answered) == []


@pytest.mark.parametrize("asked", [OpenPrivate(1, "bob@campus-b"), JoinGroup(1, "kelas@campus-b")])
@pytest.mark.parametrize("state", ["linked", "waiting"])
def test_whoever_is_reached_there_is_told_whether_it_waits(
    seat: Seat, asked: OpenPrivate | JoinGroup, state: str
) -> None:
    verb, number = (Verb.PRIVATE, BOB) if isinstance(asked, OpenPrivate) else (Verb.JOIN_GROUP, 8)
    seat.host.replies[verb] = always(Code.OK, conversation=number, state=state)

    seat.do(asked)

    reason = "waiting" if state == "waiting" else ""
    assert seat.saw(Answered) == [Answered(1, Code.OK, number, reason=reason)]


# --- what became of what was said ---


def test_what_is_said_to_somebody_there_is_delivered_once_their_server_has_it(seat: Seat) -> None:
    seat.do(Say(7, BOB, "halo"))
    (arrived,) = seat.saw(EntryArrived)
    assert seat.saw(DeliveryTold) == []

    seat.hear(Reached(((BOB, arrived.number),)).encode())

    assert seat.saw(DeliveryTold) == [DeliveryTold(7, BOB, Code.OK)]


def test_what_a_group_there_gets_is_ours_when_it_comes_back(seat: Seat) -> None:
    seat.host.takes_posts = False
    seat.do(Say(7, KELAS, "halo"))
    seat.hear(Posted(1, KELAS, 0, 0).encode())
    hear_entry(seat, KELAS, 1, ours(seat, 1))

    assert [event.ticket for event in seat.saw(EntryArrived)] == [7]
    assert seat.saw(DeliveryTold) == [DeliveryTold(7, KELAS, Code.OK)]
    assert len(seat.host.got(Post)) == 1


def test_after_a_while_it_waits(seat: Seat) -> None:
    seat.host.takes_posts = False
    seat.do(Say(7, KELAS, "halo"))
    seat.hear(Posted(1, KELAS, 0, 0).encode())

    seat.pass_time(PATIENCE + 0.1)

    assert seat.saw(DeliveryTold) == [DeliveryTold(7, KELAS, None)]


def test_a_file_is_shared_once_our_server_has_it(seat: FileSeat) -> None:
    data = made(2 * BLOCK)
    share(seat, data)

    seat.hear(Posted(1, KELAS, 0, 0).encode())

    assert seat.ended.trouble is None


def test_a_file_that_is_refused_although_we_never_heard_that_it_was_taken(seat: FileSeat) -> None:
    data = made(2 * BLOCK)
    share(seat, data)

    hear_entry(seat, KELAS, 1, ours(seat, 1, EntryKind.NOTICE, "undelivered 16 foto.png"))

    assert seat.ended.trouble is Code.MUTED
    assert seat.saw(DeliveryTold) == [DeliveryTold(7, KELAS, Code.MUTED)]


# --- files that are still on their way to our server ---


def say_coming(seat: Seat, data: bytes) -> None:
    """The server does not have it yet."""
    seat.hear(Want(sha256(data).digest(), 0, (), Code.FILE_COMING).encode())


def await_file(seat: FileSeat, data: bytes, ticket: int = 1, name: str = "foto.png") -> None:
    seat.do(FetchFile(ticket, note_of(data, name), None, "b"))
    say_coming(seat, data)


def test_a_file_that_is_on_its_way_is_waited_for(seat: FileSeat) -> None:
    data = made(3 * BLOCK)
    await_file(seat, data)
    told = seat.saw(FileMoved)[-1]
    assert (told.state, told.realm) == (FileState.WAITING, "b")

    seat.pass_time(2.1)
    say_coming(seat, data)
    seat.host.has[sha256(data).digest()] = data
    seat.pass_time(4.0)

    assert saved(seat) == {"foto.png": data}
    assert seat.ended.trouble is None
    assert seat.saw(FileMoved)[-1].realm == ""


def test_a_file_that_soon_is_there_is_asked_for_soon_and_others_ever_less_often(
    seat: FileSeat,
) -> None:
    soon, later = made(3 * BLOCK, 1), made(3 * BLOCK, 2)
    await_file(seat, soon, 1, "soon")
    await_file(seat, later, 2, "later")
    for _ in range(4):
        say_coming(seat, later)

    for data in (soon, later):
        seat.host.has[sha256(data).digest()] = data
    seat.pass_time(0.5)
    assert list(saved(seat)) == ["soon"]
    seat.pass_time(1.0)
    assert list(saved(seat)) == ["soon"]
    seat.pass_time(1.0)
    assert sorted(saved(seat)) == ["later", "soon"]


def test_meanwhile_others_have_its_place(seat: FileSeat) -> None:
    for ticket in range(1, 5):
        await_file(seat, made(3 * BLOCK, ticket), ticket, f"{ticket}")

    seat.fetch(made(BLOCK, 9), ticket=9)
    seat.pass_time(1.0)

    assert list(saved(seat)) == ["foto.png"]


def test_it_may_be_paused_and_cancelled(seat: FileSeat) -> None:
    data = made(3 * BLOCK)
    await_file(seat, data)

    seat.do(PauseFile(1))
    seat.pass_time(5.0)
    assert seat.saw(FileMoved)[-1].state is FileState.PAUSED
    seat.do(ResumeFile(1))
    seat.do(DropFile(1))

    assert seat.ended.trouble is FileTrouble.DROPPED


def test_a_new_session_asks_anew(seat: FileSeat) -> None:
    data = made(3 * BLOCK)
    await_file(seat, data)

    seat.host.has[sha256(data).digest()] = data
    seat.receive(seat.host.reset())
    seat.pass_time(10.0)

    assert saved(seat) == {"foto.png": data}


# --- what their people and groups are called ---


def hear_bob(seat: Seat, number: int, name: str, conversation: int = BOB) -> None:
    said = Entry(bytes(8), EntryKind.TEXT, number, BOBS_NUMBER, name, f"nomor {number}")
    hear_entry(seat, conversation, number, said)


def told(seat: Seat, conversation: int) -> list[str]:
    """What a conversation was called, in order."""
    return [e.name for e in seat.saw(ConversationChanged) if e.conversation == conversation]


@pytest.fixture
def with_bob() -> Seat:
    """In a group of campus-b, and with Bob there, who has spoken once."""
    seat = Seat()
    seat.host.others = [
        offered(KELAS, ConversationKind.GROUP, "kelas@campus-b"),
        private(BOB, "bob@campus-b", person=BOBS_NUMBER, head=1),
    ]
    seat.host.replies[Verb.REALMS] = always(Code.OK, realms=[ROW])
    seat.enter()
    return seat


@pytest.mark.parametrize("place", [BOB, KELAS])
def test_somebody_of_another_realm_who_has_another_name_is_told_by_what_they_say(
    with_bob: Seat, place: int
) -> None:
    seat = with_bob
    hear_bob(seat, 1, "bob@campus-b")

    for number in (2, 3) if place == BOB else (1, 2):
        hear_bob(seat, number, "bobby@campus-b", place)

    assert told(seat, BOB) == ["bob@campus-b", "bobby@campus-b"]
    changed = next(e for e in seat.events if getattr(e, "name", "") == "bobby@campus-b")
    said = next(e for e in seat.saw(EntryArrived) if e.entry.name == "bobby@campus-b")
    assert seat.events.index(changed) < seat.events.index(said)


def test_what_was_said_before_tells_no_name_of_now(with_bob: Seat) -> None:
    hear_bob(with_bob, 1, "bobo@campus-b")

    assert with_bob.saw(EntryArrived)
    assert told(with_bob, BOB) == ["bob@campus-b"]


def test_a_realm_of_a_new_name_makes_all_conversations_be_listed_anew(seat: Seat) -> None:
    seat.pass_time(2.0)
    seat.events.clear()
    seat.host.requests.clear()
    seat.host.others = [
        offered(KELAS, ConversationKind.GROUP, "kelas@kampus"),
        offered(BOB, ConversationKind.PRIVATE, "bob@kampus"),
    ]
    for realms in ([], [["kampus", *ROW[1:]]]):
        seat.host.replies[Verb.REALMS] = always(Code.OK, realms=realms)
        seat.hear(RealmsChanged().encode())
        seat.pass_time(2.0)

    assert (told(seat, KELAS), told(seat, BOB)) == (["kelas@kampus"], ["bob@kampus"])
    assert len(seat.host.asked(Verb.LOGS)) == 1
    assert not seat.saw(ConversationGone)
    assert not seat.saw(ConversationsListed)


def test_a_new_realm_is_nothing_to_who_has_no_conversation_with_another() -> None:
    seat = Seat()
    seat.host.others = [offered(KELAS, ConversationKind.GROUP, "kelas")]
    seat.enter()
    seat.pass_time(2.0)
    seat.host.requests.clear()

    seat.host.replies[Verb.REALMS] = always(Code.OK, realms=[ROW])
    seat.hear(RealmsChanged().encode())
    seat.pass_time(2.0)

    assert seat.saw(RealmsTold)[-1] == RealmsTold((CAMPUS,))
    assert seat.host.asked(Verb.LOGS) == []
