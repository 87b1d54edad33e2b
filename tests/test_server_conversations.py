from collections.abc import Iterator
from pathlib import Path

import pytest
from conversation_parts import (
    account,
    asked,
    comes_again,
    gets,
    hears,
    logs,
    numbers,
    on_disk,
    says,
    wishes,
)
from server_parts import Room, changes, keep_alive

from conversation import FIRST_CHAIN, ROOM, ConversationKind, Presence
from entering import HeldLog
from protocol import CloseCode, Code, Verb
from protocol_frames import Have, Heads, Refused
from protocol_requests import Fields
from server_events import Kick


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- LOGS ---


def test_at_first_there_is_the_room_and_its_log(room: Room) -> None:
    ana = room.comes("Ana")

    answer = logs(ana)

    (offer,) = answer.logs
    assert (offer.kind, offer.name, offer.person, offer.read) == (ConversationKind.ROOM, "", 0, 0)
    assert (offer.log.conversation, offer.log.head, offer.log.floor) == (ROOM, 1, 0)
    assert offer.log.chain == FIRST_CHAIN
    assert (answer.changed, answer.next_after) == ((), None)


def test_groups_and_private_conversations_are_told_with_their_names(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    private = gets(ana, Verb.PRIVATE, "Budi")
    says(ana, private, "hai")

    offers = logs(ana).logs

    assert [(o.conversation, o.kind, o.name, o.person, o.log.head) for o in offers] == [
        (ROOM, ConversationKind.ROOM, "", 0, 2),
        (kimia, ConversationKind.GROUP, "Kimia", 0, 1),
        (private, ConversationKind.PRIVATE, "Budi", budi.person, 1),
    ]
    (_, theirs) = logs(budi).logs
    assert (theirs.conversation, theirs.name, theirs.person) == (private, "Ana", ana.person)


def test_the_other_one_of_a_private_conversation_has_a_name_when_gone_or_forgotten(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    private = gets(ana, Verb.PRIVATE, "Budi")
    says(ana, private, "hai")

    def name() -> str:
        (offer,) = logs(ana, after=private - 1).logs
        return offer.name

    asked(budi, Verb.EXIT, {})
    assert name() == "Budi"
    room.store.storage.person = lambda person: None  # type: ignore[method-assign]
    assert name() == ""


def test_a_long_log_is_offered_from_its_last_two_hundred_entries_on(room: Room) -> None:
    ana = room.comes("Ana")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    for number in range(220):
        ana.put(ana.post(f"nomor {number}", conversation=kimia))
    room.end_turn()

    (offer,) = logs(ana, after=ROOM).logs

    assert (offer.log.head, offer.log.floor) == (221, 21)
    assert offer.log.chain == room.store.chain_at(kimia, 21)


def test_a_session_follows_the_logs_it_was_told_of(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    comes_again(room, ana)

    says(budi, kimia, "satu")
    assert hears(ana, kimia) == []
    logs(ana)
    says(budi, kimia, "dua")

    assert hears(ana, kimia) == ["dua"]


def test_what_is_held_goes_on_from_there_and_what_is_held_of_another_past_begins_anew(
    room: Room,
) -> None:
    ana = room.comes("Ana")
    same, other = gets(ana, Verb.ADD_GROUP, "Kimia"), gets(ana, Verb.ADD_GROUP, "Fisika")
    says(ana, same, "satu", "dua")
    comes_again(room, ana)
    held = (
        HeldLog(same, 2, room.store.chain_at(same, 2)),
        HeldLog(other, 1, b"\xee" * 8),
        HeldLog(99, 1, b"\xee" * 8),  # a group that was left on another device
    )

    answer = logs(ana, held=held)

    assert numbers(answer) == [ROOM, same, other]
    assert answer.changed == (other,)
    says(ana, same, "tiga")
    room.pass_time(0.3)
    assert {pair for heads in ana.take(Heads) for pair in heads.numbers} >= {(same, 4), (other, 1)}


def test_asking_again_takes_nothing_back(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    logs(ana)
    ana.send(Have(((kimia, 2), (ROOM, 2))).encode())
    room.pass_time(10)
    ana.frames.clear()

    logs(ana)
    room.pass_time(10)

    assert ana.take(Heads) == []


def test_a_copy_of_the_room_that_is_not_ours_any_more_begins_anew(room: Room) -> None:
    ana = room.comes("Ana")
    ana.send(Have(((ROOM, 1),)).encode())

    assert logs(ana, held=(HeldLog(ROOM, 1, b"\xee" * 8),)).changed == (ROOM,)

    room.pass_time(1)
    assert Heads(((ROOM, 1),)) in ana.take(Heads)


def test_an_answer_brings_a_hundred_logs_and_says_where_to_go_on(room: Room) -> None:
    ana = room.comes("Ana")
    groups = [gets(ana, Verb.ADD_GROUP, f"Grup {number}") for number in range(120)]

    first = logs(ana)
    assert first.next_after is not None
    second = logs(ana, after=first.next_after)

    assert numbers(first) == [ROOM, *groups[:99]]
    assert numbers(second) == groups[99:]
    assert (first.next_after, second.next_after) == (groups[98], None)


def test_of_twelve_held_logs_nothing_beyond_the_last_is_told_yet(room: Room) -> None:
    ana = room.comes("Ana")
    groups = [gets(ana, Verb.ADD_GROUP, f"Grup {number}") for number in range(14)]
    held = tuple(HeldLog(group, 1, room.store.chain_at(group, 1)) for group in groups[:12])

    answer = logs(ana, held=held)

    assert numbers(answer) == [ROOM, *groups[:12]]
    assert answer.next_after == groups[11]
    rest = logs(ana, after=groups[11])
    assert (numbers(rest), rest.next_after) == (groups[12:], None)
    all_of_them = logs(ana, after=groups[1], held=held[2:])
    assert (numbers(all_of_them), all_of_them.next_after) == (groups[2:], None)


def test_logs_out_of_order_or_too_many_end_the_session(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    row = ["00" * 8]

    ana.ask(Verb.LOGS, {"after": 0, "held": [[5, 1, *row], [4, 1, *row]]})
    budi.ask(Verb.LOGS, {"after": 0, "held": [[n, 1, *row] for n in range(1, 14)]})

    for guest in (ana, budi):
        assert {close.code for close in guest.closed} == {CloseCode.BROKEN}


# --- PRIVATE ---


def test_a_private_conversation_is_one_for_two_whoever_begins_it(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    assert gets(ana, Verb.PRIVATE, "budi") == gets(budi, Verb.PRIVATE, "Ana")
    assert gets(ana, Verb.PRIVATE, "Budi") == gets(ana, Verb.PRIVATE, "Budi")


def test_it_shows_to_its_opener_at_once_and_to_the_other_one_with_the_first_entry(
    room: Room,
) -> None:
    ana, budi, citra = (room.comes(name) for name in ("Ana", "Budi", "Citra"))
    private = gets(ana, Verb.PRIVATE, "Budi")
    assert numbers(logs(ana)) == [ROOM, private]
    assert numbers(logs(budi)) == [ROOM]
    for guest in (budi, citra):
        guest.frames.clear()

    assert says(ana, private, "psst") == [Code.OK]

    assert hears(budi, private) == ["psst"]
    assert numbers(logs(budi)) == [ROOM, private]
    assert numbers(logs(citra)) == [ROOM]
    assert says(budi, private, "ya?") == [Code.OK]
    assert hears(ana, private) == ["ya?"]
    assert hears(citra, private) == []


def test_an_empty_one_is_told_to_who_holds_it_and_forgotten_by_who_does_not(room: Room) -> None:
    ana = room.comes("Ana")
    room.comes("Budi")
    private = gets(ana, Verb.PRIVATE, "Budi")
    comes_again(room, ana)

    assert numbers(logs(ana)) == [ROOM]
    assert numbers(logs(ana, held=(HeldLog(private, 0, FIRST_CHAIN),))) == [ROOM, private]


def test_who_is_away_and_whose_account_is_not_here_can_be_written_to(room: Room) -> None:
    ana = room.comes("Ana")
    account(room, "Citra", devices=0)
    room.comes("Budi")
    keep_alive(room, 60, ana)
    assert ("Budi", Presence.AWAY) in changes(ana)

    for name in ("Budi", "Citra"):
        private = gets(ana, Verb.PRIVATE, name)
        says(ana, private, f"kapan datang, {name}?")

        assert on_disk(room, private) == [f"kapan datang, {name}?"]


def test_nobody_writes_to_nobody_or_to_themselves(room: Room) -> None:
    ana = room.comes("Ana")

    assert wishes(ana, Verb.PRIVATE, "Zidan").code is Code.NO_SUCH_USER
    assert wishes(ana, Verb.PRIVATE, "").code is Code.NO_SUCH_USER
    assert wishes(ana, Verb.PRIVATE, "ANA").code is Code.BAD_REQUEST


# --- groups ---


def test_a_group_is_made_joined_and_left_and_its_log_tells_so(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, " Kimia ")
    assert gets(budi, Verb.JOIN_GROUP, "KIMIA") == kimia
    says(budi, kimia, "halo")
    gets(ana, Verb.LEAVE_GROUP, "kimia")

    assert on_disk(room, kimia) == ["Ana joined", "Budi joined", "halo", "Ana left"]
    assert hears(ana, kimia) == ["Ana joined", "Budi joined", "halo"]
    assert hears(budi, kimia) == ["Budi joined", "Ana left"]
    assert says(ana, kimia, "masih di sini?") == [Code.NOT_A_MEMBER]
    gets(ana, Verb.JOIN_GROUP, "Kimia")
    assert says(ana, kimia, "kembali") == [Code.OK]


def test_a_guest_who_goes_for_good_is_in_no_group_any_more_and_its_log_tells_so(room: Room) -> None:
    (ana, _), budi = account(room, "Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    gets(budi, Verb.JOIN_GROUP, "Kimia")
    private = gets(budi, Verb.PRIVATE, "Ana")
    says(budi, private, "sampai jumpa")

    asked(budi, Verb.EXIT, {})

    assert on_disk(room, kimia) == ["Ana joined", "Budi joined", "Budi left"]
    assert hears(ana, kimia)[-1] == "Budi left"
    assert asked(ana, Verb.MEMBERS, {"name": "Kimia"}).fields == {"names": ["Ana"], "count": 1}
    assert on_disk(room, private) == ["sampai jumpa"]


def test_who_can_come_back_stays_in_their_groups(room: Room) -> None:
    (ana, _), budi, citra = account(room, "Ana"), room.comes("Budi"), room.comes("Citra")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    for guest in (budi, citra):
        gets(guest, Verb.JOIN_GROUP, "Kimia")

    room.command(Kick("Ana"))  # an account
    keep_alive(room, 200, citra)

    assert "Budi left" in on_disk(room, ROOM)
    assert [line for line in on_disk(room, kimia) if "left" in line] == []
    assert asked(citra, Verb.MEMBERS, {"name": "Kimia"}).fields["count"] == 3


def test_a_group_s_name_is_its_own_and_none_may_look_like_it(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    gets(ana, Verb.ADD_GROUP, "Kimia")

    for name in ("Kimia", "kimia", "K\u0456mia"):
        assert wishes(budi, Verb.ADD_GROUP, name).code is Code.GROUP_EXISTS
    gets(budi, Verb.ADD_GROUP, "Ana")  # a group may be called as a person is


@pytest.mark.parametrize(("name", "reason"), [("", "empty"), ("a/b", "character"), ("-a", "start")])
def test_a_group_s_name_is_made_as_people_s_are(room: Room, name: str, reason: str) -> None:
    answer = wishes(room.comes("Ana"), Verb.ADD_GROUP, name)

    assert (answer.code, answer.fields) == (Code.NAME_INVALID, {"reason": reason})


def test_joining_and_leaving_are_refused_for_what_they_are(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")

    again = wishes(ana, Verb.JOIN_GROUP, "Kimia")
    assert (again.code, again.fields) == (Code.ALREADY_A_MEMBER, {"conversation": kimia})
    assert wishes(ana, Verb.JOIN_GROUP, "Fisika").code is Code.NO_SUCH_GROUP
    assert wishes(ana, Verb.LEAVE_GROUP, "Fisika").code is Code.NO_SUCH_GROUP
    assert wishes(budi, Verb.LEAVE_GROUP, "Kimia").code is Code.NOT_A_MEMBER


def test_what_was_said_before_leaving_is_taken_and_what_comes_after_is_not(room: Room) -> None:
    ana = room.comes("Ana")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    leave: Fields = {"once": "11" * 16, "name": "Kimia"}

    ana.send(
        ana.post("dah", conversation=kimia),
        ana.request(Verb.LEAVE_GROUP, leave),
        ana.post("eh", conversation=kimia),
    )

    assert on_disk(room, kimia) == ["Ana joined", "dah", "Ana left"]
    assert [refused.code for refused in ana.take(Refused)] == [Code.NOT_A_MEMBER]


def test_a_guest_who_fell_silent_leaves_groups_when_nothing_can_bring_them_back(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    kimia = gets(ana, Verb.ADD_GROUP, "Kimia")
    room.pass_time(3600)
    assert on_disk(room, kimia) == ["Ana joined"]

    room.now += 24 * 3600.0  # as if the computer had slept
    room.pass_time(120)

    assert on_disk(room, kimia) == ["Ana joined", "Ana left"]
    assert room.store.members(kimia) == []
    assert budi.comes_back(None).code is Code.TOKEN_UNKNOWN


def test_who_has_begun_very_many_conversations_begins_no_more(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_conversations.MAX_CONVERSATIONS", 2)
    ana, budi = room.comes("Ana"), room.comes("Budi")
    gets(budi, Verb.ADD_GROUP, "Fisika")
    gets(ana, Verb.ADD_GROUP, "Kimia")
    private = gets(ana, Verb.PRIVATE, "Budi")

    room.comes("Citra")

    wanted = [(Verb.ADD_GROUP, "Biologi"), (Verb.JOIN_GROUP, "Fisika"), (Verb.PRIVATE, "Citra")]
    assert [wishes(ana, *wish).code for wish in wanted] == [Code.SERVER_FULL] * 3
    assert gets(ana, Verb.PRIVATE, "Budi") == private
    gets(ana, Verb.LEAVE_GROUP, "Kimia")
    gets(ana, Verb.JOIN_GROUP, "Fisika")
