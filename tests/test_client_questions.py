"""What a user asks about conversations, groups and people, in the client's core."""

from typing import Any

import pytest
from client_parts import FIRST_UTC, Reply, Seat, always, group, nothing, private

from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    AskMembers,
    ConversationChanged,
    ConversationGone,
    FindPeople,
    Found,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    OpenPrivate,
    Request,
    Search,
)
from client_file_events import AskFiles, SharedHere
from client_questions import MAX_GROUPS
from client_realm_events import AddRealm, AskRealms, RealmInfo, RealmState
from conversation import NO_TAG, ROOM, Entry, EntryKind, FileNote
from protocol import Code, JsonValue, Verb
from protocol_requests import Fields

OPENINGS = [
    (OpenPrivate(1, " Budi "), Verb.PRIVATE),
    (AddGroup(1, " Budi "), Verb.ADD_GROUP),
    (JoinGroup(1, " Budi "), Verb.JOIN_GROUP),
]


@pytest.fixture
def inside() -> Seat:
    """In the room, with what happened on the way forgotten."""
    seat = Seat()
    seat.enter()
    seat.events.clear()
    seat.host.requests.clear()
    return seat


def come_back(seat: Seat) -> None:
    seat.receive(seat.host.reset())
    seat.pass_time(1)


# --- opening ---


@pytest.mark.parametrize(("request_", "verb"), OPENINGS)
def test_a_conversation_is_told_before_the_answer_that_names_it(
    inside: Seat, request_: Request, verb: Verb
) -> None:
    inside.host.replies[verb] = always(Code.OK, conversation=9)
    inside.host.others = [group(9, "Budi")]

    inside.do(request_)

    (asked,) = inside.host.asked(verb)
    assert asked["name"] == "Budi"
    assert inside.host.asked(Verb.LOGS) == [{"after": 8, "held": []}]
    kinds = [e for e in inside.events if isinstance(e, ConversationChanged | Answered)]
    assert [type(event) for event in kinds] == [ConversationChanged, Answered]
    assert inside.saw(Answered) == [Answered(1, Code.OK, 9)]


def test_what_is_known_already_need_not_be_looked_up(inside: Seat) -> None:
    inside.host.replies[Verb.PRIVATE] = always(Code.OK, conversation=9)
    inside.host.others = [private(9)]
    inside.do(OpenPrivate(1, "Budi"))

    inside.do(OpenPrivate(2, "Budi"))

    assert len(inside.host.asked(Verb.LOGS)) == 1
    assert inside.saw(Answered)[-1] == Answered(2, Code.OK, 9)


def test_whoever_is_a_member_already_is_told_where(inside: Seat) -> None:
    inside.host.replies[Verb.JOIN_GROUP] = always(Code.ALREADY_A_MEMBER, conversation=9)
    inside.host.others = [group(9, "Kimia")]

    inside.do(JoinGroup(1, "Kimia"))

    assert inside.saw(Answered) == [Answered(1, Code.ALREADY_A_MEMBER, 9)]
    assert inside.saw(ConversationChanged)[0].conversation == 9


def test_a_conversation_that_is_gone_at_once_is_answered_all_the_same(inside: Seat) -> None:
    inside.host.replies[Verb.JOIN_GROUP] = always(Code.OK, conversation=9)

    inside.do(JoinGroup(1, "Kimia"))

    assert inside.saw(Answered) == [Answered(1, Code.OK, 9)]
    assert inside.saw(ConversationChanged) == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (OpenPrivate(1, "@"), Answered(1, Code.NO_SUCH_USER)),
        (JoinGroup(1, "@"), Answered(1, Code.NO_SUCH_GROUP)),
        (AddGroup(1, "@"), Answered(1, Code.NAME_INVALID, reason="character")),
    ],
)
def test_a_name_that_cannot_be_is_nobody_s(inside: Seat, request_: Request, code: Answered) -> None:
    inside.do(request_)

    assert inside.saw(Answered) == [code]
    assert inside.host.requests == []


def test_a_refusal_is_told_as_it_is(inside: Seat) -> None:
    inside.host.replies[Verb.ADD_GROUP] = always(Code.GROUP_EXISTS)
    inside.host.replies[Verb.PRIVATE] = always(Code.NO_SUCH_USER)

    inside.do(AddGroup(1, "Kimia"))
    inside.do(OpenPrivate(2, "Orang"))

    assert inside.saw(Answered) == [Answered(1, Code.GROUP_EXISTS), Answered(2, Code.NO_SUCH_USER)]


def test_what_was_asked_in_a_lost_session_is_asked_again_as_the_same(inside: Seat) -> None:
    inside.host.replies[Verb.ADD_GROUP] = nothing
    inside.do(AddGroup(1, "Kimia"))

    inside.host.others = [group(9, "Kimia")]  # it happened
    inside.host.replies[Verb.ADD_GROUP] = always(Code.OK, conversation=9)
    come_back(inside)

    first, second = inside.host.asked(Verb.ADD_GROUP)
    assert first == second
    assert inside.saw(Answered) == [Answered(1, Code.OK, 9)]


def test_what_was_looked_up_in_a_lost_session_is_found_in_the_next(inside: Seat) -> None:
    inside.host.replies[Verb.PRIVATE] = always(Code.OK, conversation=9)
    inside.host.replies[Verb.LOGS] = nothing
    inside.do(OpenPrivate(1, "Budi"))
    before = inside.saw(Answered)

    inside.host.others = [private(9)]
    del inside.host.replies[Verb.LOGS]
    come_back(inside)

    assert before == []
    assert inside.saw(Answered) == [Answered(1, Code.OK, 9)]


# --- leaving ---


def test_a_group_that_was_left_is_gone_before_the_answer(inside: Seat) -> None:
    inside.host.replies[Verb.JOIN_GROUP] = always(Code.OK, conversation=9)
    inside.host.others = [private(5, "KIMIA"), group(9, "Kimia")]
    inside.do(JoinGroup(1, "Kimia"))
    inside.events.clear()

    inside.do(LeaveGroup(2, "kimia"))

    assert inside.events == [ConversationGone(9), Answered(2, Code.OK)]


def test_a_group_that_cannot_be_left_stays(inside: Seat) -> None:
    inside.host.replies[Verb.LEAVE_GROUP] = always(Code.NOT_A_MEMBER)

    inside.do(LeaveGroup(2, "Kimia"))

    assert inside.events == [Answered(2, Code.NOT_A_MEMBER)]


# --- lists ---


def test_groups_are_listed_page_by_page(inside: Seat) -> None:
    pages: dict[Any, Reply] = {
        "": (Code.OK, {"groups": [["Biologi", 3, True]], "next": "biologi"}),
        "biologi": (Code.OK, {"groups": [["Kimia", 1, False]]}),
    }
    inside.host.replies[Verb.GROUPS] = lambda fields: pages[fields["after"]]

    inside.do(AskGroups(1))

    groups = (GroupInfo("Biologi", 3, True), GroupInfo("Kimia", 1, False))
    assert inside.saw(Answered) == [Answered(1, Code.OK, groups)]


def test_groups_without_end_end(inside: Seat) -> None:
    def page(fields: Fields) -> Reply:
        place = len(inside.host.asked(Verb.GROUPS))
        groups: list[JsonValue] = [[f"{place} {number}", 1, False] for number in range(1000)]
        return Code.OK, {"groups": groups, "next": f"{place:09}"}

    inside.host.replies[Verb.GROUPS] = page

    inside.do(AskGroups(1))

    assert len(inside.saw(Answered)[0].result) == MAX_GROUPS


def test_members_and_people_are_told_by_name(inside: Seat) -> None:
    inside.host.replies[Verb.MEMBERS] = always(Code.OK, names=["Ana", "Budi"], count=2)
    inside.host.replies[Verb.FIND] = always(Code.OK, names=["Budi"])

    inside.do(AskMembers(1, "Kimia"))
    inside.do(FindPeople(2, "bu"))

    assert inside.saw(Answered) == [
        Answered(1, Code.OK, ("Ana", "Budi")),
        Answered(2, Code.OK, ("Budi",)),
    ]
    assert inside.host.requests == [
        (Verb.MEMBERS, {"name": "Kimia"}),
        (Verb.FIND, {"prefix": "bu"}),
    ]


def test_what_was_found_is_told_with_its_place(inside: Seat) -> None:
    hit = [ROOM, 12, 1, FIRST_UTC, f"{8:016x}", "Budi", "halo dunia"]
    inside.host.replies[Verb.SEARCH] = always(Code.OK, hits=[hit])

    inside.do(Search(1, "halo"))

    entry = Entry(NO_TAG, EntryKind.TEXT, FIRST_UTC, 8, "Budi", "halo dunia")
    assert inside.host.requests == [(Verb.SEARCH, {"words": "halo"})]
    assert inside.saw(Answered) == [Answered(1, Code.OK, (Found(ROOM, 12, entry),))]


def test_what_was_shared_is_told_page_by_page(inside: Seat) -> None:
    removed = [5, FIRST_UTC, f"{8:016x}", "Budi", "f2" * 32, 0, "kosong", True]
    inside.host.replies[Verb.FILES] = always(Code.OK, files=[SHARED, removed], next=5)

    inside.do(AskFiles(1, ROOM, 9))

    file, empty = bytes([0xF1] * 32), bytes([0xF2] * 32)
    assert inside.host.requests == [(Verb.FILES, {"conversation": ROOM, "before": 9})]
    (answered,) = inside.saw(Answered)
    assert answered.result == (
        SharedHere(ROOM, 7, "Budi", FIRST_UTC, FileNote(file, 5_000, "a b.pdf"), False),
        SharedHere(ROOM, 5, "Budi", FIRST_UTC, FileNote(empty, 0, "kosong"), True),
    )


def test_a_realm_is_added_with_its_password_or_with_ours(inside: Seat) -> None:
    inside.host.replies[Verb.ADD_REALM] = always(Code.OK, name="kampus-b", room="Kampus B")

    inside.do(AddRealm(1, "kampus-b", "10.0.0.2", 8083, "kopi"))
    inside.do(AddRealm(2, "", "10.0.0.2", 8083))

    named = ("kampus-b", "Kampus B")
    assert inside.saw(Answered) == [Answered(1, Code.OK, named), Answered(2, Code.OK, named)]
    first, second = (fields for verb, fields in inside.host.requests if verb is Verb.ADD_REALM)
    assert (first["name"], first["address"], first["port"]) == ("kampus-b", "10.0.0.2", 8083)
    assert (first["password"], "password" in second) == ("kopi", False)


@pytest.mark.parametrize("password", ["w" * 1500, "\ud800"])
def test_a_password_that_cannot_be_sent_is_told_so(inside: Seat, password: str) -> None:
    inside.do(AddRealm(1, "x" * 20, "10.0.0.2", 8083, password))

    (answered,) = inside.saw(Answered)
    assert (answered.code, answered.reason) == (Code.BAD_REQUEST, "password")


def test_the_realms_are_told(inside: Seat) -> None:
    row = ["kampus-b", "linked", 5, 0, 3, "10.0.0.2", 8083]
    inside.host.replies[Verb.REALMS] = always(Code.OK, realms=[row])

    inside.do(AskRealms(1))

    realm = RealmInfo("kampus-b", RealmState.LINKED, 5, 0, 0.003, ("10.0.0.2", 8083))
    assert inside.saw(Answered) == [Answered(1, Code.OK, (realm,))]


def test_a_realm_that_is_there_already_is_named(inside: Seat) -> None:
    inside.host.replies[Verb.ADD_REALM] = always(Code.REALM_EXISTS, name="kampus-b")

    inside.do(AddRealm(1, "", "10.0.0.2", 8083))

    assert inside.saw(Answered) == [Answered(1, Code.REALM_EXISTS, reason="kampus-b")]


@pytest.mark.parametrize(
    ("request_", "verb"),
    [
        (AskGroups(1), Verb.GROUPS),
        (AskMembers(1, "Kimia"), Verb.MEMBERS),
        (FindPeople(1, "bu"), Verb.FIND),
        (Search(1, "kata"), Verb.SEARCH),
        (AskFiles(1, ROOM), Verb.FILES),
        (AddRealm(1, "", "10.0.0.2", 8083), Verb.ADD_REALM),
        (AskRealms(1), Verb.REALMS),
    ],
)
def test_whatever_is_refused_is_answered(inside: Seat, request_: Request, verb: Verb) -> None:
    inside.host.replies[verb] = always(Code.NOT_A_MEMBER)

    inside.do(request_)

    assert inside.saw(Answered) == [Answered(1, Code.NOT_A_MEMBER)]


def test_words_that_do_not_fit_into_a_request_are_not_sent(inside: Seat) -> None:
    inside.do(Search(1, "kata " * 250))

    assert inside.saw(Answered) == [Answered(1, Code.BAD_REQUEST)]
    assert inside.host.requests == []


SHARED: list[Any] = [7, FIRST_UTC, f"{8:016x}", "Budi", "f1" * 32, 5_000, "a b.pdf", False]
HIT: list[Any] = [ROOM, 12, 1, FIRST_UTC, f"{8:016x}", "Budi", "halo"]
NONSENSE: list[tuple[Request, Verb, dict[str, Any]]] = [
    (OpenPrivate(1, "Budi"), Verb.PRIVATE, {}),
    (AskGroups(1), Verb.GROUPS, {"groups": [["Kimia", 1]]}),
    (AskGroups(1), Verb.GROUPS, {"groups": [["Kimia", -1, True]]}),
    (AskGroups(1), Verb.GROUPS, {"groups": [], "next": ""}),  # for ever
    (AskMembers(1, "Kimia"), Verb.MEMBERS, {"names": [5]}),
    (FindPeople(1, "bu"), Verb.FIND, {"names": ["é" * 128]}),
    (Search(1, "kata"), Verb.SEARCH, {"hits": [HIT[:-1]]}),
    (Search(1, "kata"), Verb.SEARCH, {"hits": [[*HIT[:2], 99, *HIT[3:]]]}),
    (Search(1, "kata"), Verb.SEARCH, {"hits": [[*HIT[:6], "x" * 64_001]]}),
    (AskFiles(1, ROOM), Verb.FILES, {"files": [SHARED[:-1]]}),
    (AskFiles(1, ROOM), Verb.FILES, {"files": [[*SHARED[:4], "F1" * 32, *SHARED[5:]]]}),
    (AskFiles(1, ROOM), Verb.FILES, {"files": [[*SHARED[:5], True, *SHARED[6:]]]}),
    (AskFiles(1, ROOM), Verb.FILES, {"files": [[*SHARED[:6], "a/b", False]]}),
]


@pytest.mark.parametrize(("request_", "verb", "fields"), NONSENSE)
def test_an_answer_that_cannot_be_is_a_refusal_and_the_session_goes_on(
    inside: Seat, request_: Request, verb: Verb, fields: dict[str, Any]
) -> None:
    inside.host.replies[verb] = always(Code.OK, **fields)

    inside.do(request_)
    inside.pass_time(5)

    assert inside.saw(Answered) == [Answered(1, Code.BAD_REQUEST)]
    assert inside.host.inits == 1
