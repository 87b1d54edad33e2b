"""When the client asks how the realms stand, and what it is told of what was said to them."""

from dataclasses import dataclass, field

import pytest

from client_deliveries import PATIENCE, Deliveries
from client_events import (
    ConversationChanged,
    ConversationGone,
    DraftForwarded,
    DraftTaken,
    EntryArrived,
    LogReplaced,
    ReachedChanged,
)
from client_realm_events import DeliveryTold, RealmInfo, RealmState, RealmsTold, RealmTrouble
from client_realms import INTERVAL, Realms, realms_in
from conversation import ROOM, ConversationKind, Entry, EntryKind, RefusalNote
from protocol import Code, JsonValue, PeerError, Verb
from protocol_requests import Answer, Fields

KAMPUS: list[JsonValue] = ["kampus-b", "away", 1_000, 2, 3, "10.0.0.2", 8083]


@dataclass
class Desk:
    """Realms that ask nobody, at a time a test says."""

    now: float = 100.0
    asked: list[float] = field(default_factory=list)
    told: list[RealmsTold] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.realms = Realms(self._ask, self.told.append)

    def _ask(self, verb: Verb, fields: Fields, now: float) -> int:
        assert (verb, fields) == (Verb.REALMS, {})
        self.asked.append(now)
        return len(self.asked)

    def serve(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.realms.serve(self.now)

    def answer(self, *rows: list[JsonValue], code: Code = Code.OK, **more: bool) -> bool:
        fields: Fields = {"realms": [*rows], **more}
        return self.realms.receive_answer(Answer(len(self.asked), Verb.REALMS, code, fields))


def test_what_the_server_lists_is_told_with_whether_we_may_add_one() -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()

    assert desk.answer(KAMPUS, may_add=True)

    info = RealmInfo("kampus-b", RealmState.AWAY, 1_000, 2, 0.003, ("10.0.0.2", 8083))
    assert desk.told == [RealmsTold((info,), may_add=True)]
    assert not desk.answer(KAMPUS)  # it was answered


def test_a_server_that_says_nothing_of_it_lets_nobody_add_one() -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()

    desk.answer(["kampus-c", "linked", 0, 0, 0, "", 0])

    (told,) = desk.told
    assert not told.may_add
    assert told.realms == (RealmInfo("kampus-c", RealmState.LINKED, 0, 0, None, None),)


@pytest.mark.parametrize(
    ("told", "trouble"),
    [
        ("password", RealmTrouble.PASSWORD),
        ("key", RealmTrouble.KEY),
        ("refused", RealmTrouble.REFUSED),
        ("", None),
        ("something of later", None),
        (7, None),
    ],
)
def test_why_a_realm_is_away_is_read_if_it_is_known(
    told: JsonValue, trouble: RealmTrouble | None
) -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()

    desk.answer([*KAMPUS, told])

    assert desk.told[0].realms[0].trouble is trouble


def test_a_refused_question_tells_nothing() -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()

    assert desk.answer(code=Code.NOT_ALLOWED)
    assert desk.told == []


def test_however_often_realms_come_and_go_it_is_asked_once_a_second() -> None:
    desk = Desk()

    for _ in range(20):
        desk.realms.look(desk.now)
        desk.realms.look(desk.now)
        desk.serve(0.1)

    assert len(desk.asked) == 2
    assert desk.asked[1] - desk.asked[0] >= INTERVAL - 0.001


def test_what_does_not_get_there_is_a_reason_to_ask() -> None:
    desk = Desk()

    desk.realms.doubt(False)
    desk.realms.doubt(False)
    desk.serve()

    assert desk.asked == [desk.now]


@pytest.mark.parametrize("state", ["linked", "cut", "away"])
def test_what_gets_there_is_a_reason_to_ask_if_a_realm_was_away(state: str) -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()
    desk.answer([KAMPUS[0], state, *KAMPUS[2:]])

    desk.realms.doubt(True)
    desk.serve(INTERVAL)

    assert len(desk.asked) == (2 if state == "away" else 1)


def test_a_new_session_asks_at_once() -> None:
    desk = Desk()
    desk.realms.look(desk.now)
    desk.serve()

    desk.realms.interrupt()
    is_ours = desk.answer(KAMPUS)
    desk.realms.look(desk.now)
    desk.serve()

    assert not is_ours
    assert len(desk.asked) == 2


@pytest.mark.parametrize(
    "row",
    [
        KAMPUS[:-1],
        ["x" * 256, *KAMPUS[1:]],
        [KAMPUS[0], "asleep", *KAMPUS[2:]],
        [*KAMPUS[:2], -1, *KAMPUS[3:]],
        [5, *KAMPUS[1:]],
    ],
)
def test_a_row_that_cannot_be_is_refused(row: list[JsonValue]) -> None:
    with pytest.raises(PeerError):
        realms_in({"realms": [row]})


# --- deliveries ---

WITH_BUDI, GROUP, NEAR = 5, 6, 7


@dataclass
class Post:
    """Conversations with another realm, and one with none."""

    told: list[DeliveryTold] = field(default_factory=list)
    doubts: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.told.append, self.doubts.append)
        private, group = ConversationKind.PRIVATE, ConversationKind.GROUP
        self.take(ConversationChanged(WITH_BUDI, private, "budi@b", 9, 0, 0))
        self.take(ConversationChanged(GROUP, group, "kelas@b", 0, 0, 0))
        self.take(ConversationChanged(NEAR, private, "ana", 8, 0, 0))

    def take(self, *events: object) -> None:
        for event in events:
            self.deliveries.take(event)  # type: ignore[arg-type]

    def arrive(self, conversation: int, number: int, ticket: int | None, text: str = "") -> None:
        kind = EntryKind.NOTICE if text else EntryKind.TEXT
        one = Entry(bytes([number] * 8), kind, 1, 3, "saya", text or "halo")
        self.take(EntryArrived(conversation, number, one, ticket))


def test_what_arrives_there_is_told_and_so_is_what_waits() -> None:
    post = Post()
    post.arrive(WITH_BUDI, 1, 11)
    post.arrive(WITH_BUDI, 2, 12)
    post.deliveries.serve(100.0)

    post.take(ReachedChanged(WITH_BUDI, 1))
    assert post.deliveries.next_timer() == 100.0 + PATIENCE
    post.deliveries.serve(100.0 + PATIENCE)

    assert post.told == [DeliveryTold(11, WITH_BUDI, Code.OK), DeliveryTold(12, WITH_BUDI, None)]
    assert post.doubts == [True, False]
    assert post.deliveries.next_timer() is None


def test_what_a_group_has_not_taken_waits_and_is_told_once() -> None:
    post = Post()
    post.take(DraftForwarded(11, GROUP))
    post.deliveries.serve(100.0)
    post.deliveries.serve(100.0 + PATIENCE)

    post.arrive(GROUP, 1, 11)

    assert post.told == [DeliveryTold(11, GROUP, None)]
    assert post.doubts == [False]


def test_a_refusal_is_told_with_its_reason() -> None:
    post = Post()
    note = RefusalNote(Code.MUTED, "halo").encode()
    post.arrive(WITH_BUDI, 1, 11)

    post.arrive(WITH_BUDI, 1, None, note)
    post.arrive(WITH_BUDI, 3, None, note)  # of somebody else

    assert post.told == [DeliveryTold(11, WITH_BUDI, Code.MUTED)]


def test_of_what_stays_here_nothing_is_told() -> None:
    post = Post()

    post.arrive(NEAR, 1, 11)
    post.arrive(GROUP, 1, None)
    post.take(ReachedChanged(NEAR, 1), DraftTaken(12, NEAR, 2, 1), ReachedChanged(ROOM, 1))

    assert (post.told, post.doubts) == ([], [])


def test_what_waited_for_a_group_that_is_gone_is_forgotten() -> None:
    post = Post()
    post.take(DraftForwarded(11, GROUP), DraftForwarded(12, WITH_BUDI))
    for now in (0.0, PATIENCE):
        post.deliveries.serve(now)
    assert [told.code for told in post.told] == [None, None]

    post.take(ConversationGone(GROUP))

    assert post.deliveries._told == {12: WITH_BUDI}  # noqa: SLF001


@pytest.mark.parametrize("end", [ConversationGone(WITH_BUDI), LogReplaced(WITH_BUDI)])
def test_of_a_log_that_is_gone_nothing_more_is_known_than_that_it_waits(end: object) -> None:
    post = Post()
    post.arrive(WITH_BUDI, 1, 11)
    post.take(DraftForwarded(12, GROUP))

    post.take(end, DraftTaken(13, WITH_BUDI, 2, 1))

    expected = [DeliveryTold(11, WITH_BUDI, None)]
    if isinstance(end, LogReplaced):
        expected.append(DeliveryTold(13, WITH_BUDI, None))
    assert post.told == expected
