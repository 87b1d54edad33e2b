"""What a hostile realm tries, one thing at a time, and what comes of it: nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conversation_parts import says
from fuzz_realms import (
    ALIAS,
    BOB_THERE,
    GROUP_LOG,
    MARK,
    OUTGOING_LOG,
    PRIVATE_LOG,
    SECRET,
    SECRET_DATA,
    LinkedRealm,
)
from realm_links import HandMade, add, answer, happenings
from realm_world import Realms
from server_parts import FIRST_UTC, PASSWORD, Chance, Guest, Room, limits

from conversation import ConversationKind, Entry, EntryKind, FileNote
from crypto import x25519, x25519_public
from protocol import CloseCode, Code, JsonValue, Verb
from protocol_frames import Chunk, Close, EntryPart, Have, Heads, Pull, RealmsChanged, Want
from protocol_requests import Answer
from realms import RealmRequest, SharedLog, Someone, prove_key
from records import RealmRecord
from replication_client import Arrived
from server_events import AddRealm, BanPerson, CutRealm, HappeningKind, RestoreRealm
from server_realm_links import MOST_ENTERED
from server_realm_peer import COMPARED_BURST, ENTRIES_DEBT, RealmBounds
from settings import Limits

BOB_ID = int.from_bytes(BOB_THERE)
FAR = (1 << 64) - 1


@pytest.fixture(params=[True, False], ids=["calling", "called"])
def realm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkedRealm]:
    """Linked, whichever end called; its person bob is in the group kelas with Ana and Tono."""
    made = LinkedRealm(tmp_path, calls=request.param)
    with made.room:
        while made.links % 8 != 1:
            made.link()
        made.turn()
        yield made


def said(text: str, kind: EntryKind = EntryKind.TEXT, at: int = FIRST_UTC) -> Entry:
    return Entry(b"theirtag", kind, at, BOB_ID, "bob", text)


def shows(note: FileNote) -> Entry:
    return said(note.encode(), EntryKind.FILE)


# --- files ---


def wants(guest: Guest, file: bytes) -> Code:
    """What somebody is told who wants a file."""
    guest.send(Want(file, 1_000_000, ((0, 1),)).encode())
    return Code(next(want.place for want in guest.take(Want) if want.file == file))


def test_a_hash_that_a_realm_knows_opens_no_file_for_it_or_for_a_friend(realm: LinkedRealm) -> None:
    store, tono = realm.room.store, realm.tono
    assert tono.entered is not None

    realm.says(OUTGOING_LOG, shows(SECRET))
    realm.send(Want(SECRET.file, 1_000_000, ((0, 1),)))
    realm.room.pass_time(3)

    assert not store.may_realm_read_file(SECRET.file, realm.realm)
    assert not store.may_read_file(SECRET.file, tono.entered.person)
    assert not [frame for frame in realm.heard if isinstance(frame, Chunk)]
    listed = tono.ask(Verb.FILES, {"conversation": realm.group, "before": 0})
    assert listed is not None
    assert row_of(listed)[-2:] == [False, True]  # as one that is not here


def row_of(listed: Answer) -> list[JsonValue]:
    rows = listed.fields["files"]
    assert isinstance(rows, list)
    (row,) = rows
    assert isinstance(row, list)
    return row


def test_a_file_that_is_here_is_asked_for_all_the_same_and_given_once_it_was_brought(
    realm: LinkedRealm,
) -> None:
    assert realm.tono.entered is not None
    realm.says(OUTGOING_LOG, shows(SECRET))
    realm.room.pass_time(1)
    realm.turn()
    asked = [f for f in realm.heard if isinstance(f, Want) and f.file == SECRET.file and f.ranges]
    assert asked, "whether it is here already shows"

    realm.send(Chunk(SECRET.file, 0, SECRET_DATA))
    realm.room.pass_time(3)

    assert realm.room.store.may_read_file(SECRET.file, realm.tono.entered.person)
    assert realm.room.store.may_realm_read_file(SECRET.file, realm.realm)


@pytest.mark.parametrize("lie", [b"RAHASIA", b""], ids=["bytes that are others", "nothing at all"])
def test_what_a_realm_does_not_bring_is_given_to_nobody(realm: LinkedRealm, lie: bytes) -> None:
    assert realm.tono.entered is not None
    realm.says(OUTGOING_LOG, shows(SECRET))
    realm.room.pass_time(1)

    realm.send(Chunk(SECRET.file, 0, lie) if lie else Want(SECRET.file, 0, ()))
    realm.room.pass_time(60)

    assert not realm.room.store.may_read_file(SECRET.file, realm.tono.entered.person)
    assert realm.room.shelf.has(SECRET.file)


def test_files_without_number_are_fetched_a_few_at_a_time(realm: LinkedRealm) -> None:
    notes = [FileNote(bytes([n]) * 32, 300_000, f"{n}.bin") for n in range(150)]

    realm.says(OUTGOING_LOG, *map(shows, notes))
    realm.room.pass_time(2)
    realm.turn()

    asked = {f.file for f in realm.heard if isinstance(f, Want) and f.ranges}
    assert 1 <= len(asked) <= 3  # more would not fit into what it may leave here
    assert len(realm.room.store.awaited_files(realm.realm)) == 150


# --- numbers and times ---


def test_a_number_beyond_all_that_is_looked_at_is_not_believed(realm: LinkedRealm) -> None:
    pairs = [(realm.private, 1)] * 64 + [(realm.group, FAR)] * 6

    realm.send(Have(tuple(pairs)))

    assert realm.stands
    assert realm.room.store.realm_has(realm.realm, realm.group) == 0


def test_an_entry_of_the_year_9999_makes_nothing_here_later_than_now(realm: LinkedRealm) -> None:
    realm.says(OUTGOING_LOG, said("dari masa depan", at=253_000_000_000_000))
    realm.says(PRIVATE_LOG, said("dari ujung waktu", at=FAR))
    realm.ana.say("sekarang")

    entries = [*realm.entries(1), *realm.entries(realm.group), *realm.entries(realm.private)]
    assert "dari masa depan" in [entry.text for entry in entries]
    assert max(entry.sent_at for entry in entries) <= realm.room.wall_clock()


def test_a_head_that_is_never_reached_costs_little(realm: LinkedRealm) -> None:
    realm.send(*(Heads(((log, FAR),)) for log in (PRIVATE_LOG, OUTGOING_LOG, GROUP_LOG)))
    before = len(realm.heard)

    turns = 0
    end = realm.room.now + 10
    while realm.room.now < end:
        timer = realm.room.core.next_timer()
        assert timer is not None
        realm.room.now = max(realm.room.now, timer)
        realm.room.end_turn()
        turns += 1
        assert turns < 2_000
    realm.turn()

    pulls = [frame for frame in realm.heard[before:] if isinstance(frame, Pull)]
    assert 0 < len(pulls) < 200


def test_logs_that_are_another_each_time_are_compared_within_bounds() -> None:
    bounds = RealmBounds(Limits())

    assert bounds.compared.take(1.0, COMPARED_BURST)
    assert not bounds.compared.take(1.0)
    assert bounds.compared.take(2.0, 5_000)


def test_entries_are_counted_whatever_links_come_and_go() -> None:
    bounds = RealmBounds(Limits(realm_rate=10.0))

    taken = sum(bounds.take_entry(5.0) for _ in range(1_000))

    assert taken == 10 * (2 + ENTRIES_DEBT)
    assert bounds.entries_from(5.0) == pytest.approx(5.0 + ENTRIES_DEBT + 0.1)
    assert not bounds.take_entry(5.0)
    assert bounds.entries(100.0) == 20.0


# --- floods ---


def notices(realm: LinkedRealm, log: int) -> list[str]:
    return [entry.text for entry in realm.entries(log) if entry.kind is EntryKind.NOTICE]


def test_a_refusal_is_shown_once_however_often_it_is_told(realm: LinkedRealm) -> None:
    (bobs,) = [realm.entries(realm.private)[-1]]
    assert bobs.text == "halo"
    realm.says(PRIVATE_LOG, said("dari bob"))

    for number in (1, 1, 1, 2, 4, 99, 1 << 52, 1):
        told: dict[str, JsonValue] = {"conversation": realm.private, "number": number, "code": 30}
        assert realm.ask(Verb.UNDELIVERED, told) == (Code.OK, {})

    assert notices(realm, realm.private) == ["undelivered 30 halo"] * 2


@pytest.mark.parametrize("code", [Code.BANNED, Code.SERVER_FULL])
def test_whoever_writes_where_all_was_refused_hears_why(realm: LinkedRealm, code: Code) -> None:
    for log, place, writer in (
        (realm.private, realm.private, realm.ana),
        (realm.mirror.outgoing, realm.mirror.conversation, realm.tono),
    ):
        told: dict[str, JsonValue] = {"conversation": log, "number": 0, "code": int(code)}
        assert realm.ask(Verb.UNDELIVERED, told) == (Code.OK, {})

        assert says(writer, place, "halo?") == [code]


@pytest.mark.parametrize("log", [0, 1, 999, 1 << 52])
def test_what_it_may_not_read_it_cannot_refuse(realm: LinkedRealm, log: int) -> None:
    before = len(realm.entries(1))

    for conversation in (log, realm.secret):
        told: dict[str, JsonValue] = {"conversation": conversation, "number": 1, "code": 30}
        assert realm.ask(Verb.UNDELIVERED, told) == (Code.OK, {})

    assert notices(realm, realm.secret) == []
    assert len(realm.entries(1)) == before


def test_who_is_here_is_told_so_often_a_minute_and_no_more(realm: LinkedRealm) -> None:
    answers: list[int] = []
    for guess in range(160):
        asks: dict[str, JsonValue] = {"kind": 3, "name": f"x{guess}", "person": ["", "bob"]}
        answers.append(realm.ask(Verb.CONTACT, asks)[0])
    realm.link()
    realm.turn()
    asks = {"kind": 3, "name": "Ana", "person": ["", "bob"]}
    late = [realm.ask(Verb.CONTACT, asks) for _ in range(5)]

    assert 120 <= answers.count(Code.NO_SUCH_USER) <= 140
    assert late.count((Code.TOO_MANY_GUESSES, {"wait": 1})) >= 4


def test_a_realm_that_asks_without_end_is_answered_at_a_rate(realm: LinkedRealm) -> None:
    asked: dict[str, JsonValue] = {"after": 0, "held": []}

    start = realm.room.now
    for _ in range(300):
        realm.ask_quickly(Verb.SHARED, asked)
        realm.room.end_turn()
    realm.turn()
    answered = realm.answered()
    realm.room.pass_time(5)
    realm.turn()

    assert realm.room.now - start > 5
    assert answered <= 210
    assert realm.answered() > answered
    assert realm.stands


def test_links_that_flap_are_told_to_people_once_a_second(realm: LinkedRealm) -> None:
    realm.room.pass_time(2)
    ana = realm.ana

    told = 0
    for _ in range(20):
        realm.link()
        told += len(realm.told)
    realm.room.pass_time(0.9)
    told += len(ana.take(RealmsChanged))

    assert 1 <= told <= 4


# --- names and tags ---


def test_a_tag_of_ours_in_a_home_is_not_taken_for_our_draft(realm: LinkedRealm) -> None:
    ours = realm.entries(realm.mirror.outgoing)[0]
    stolen = Entry(ours.tag, EntryKind.TEXT, FIRST_UTC, BOB_ID, "bob", "bukan itu")
    returned = Entry(ours.tag, EntryKind.TEXT, FIRST_UTC, 5, "Ana@sekolah", ours.text)

    realm.says(GROUP_LOG, stolen, returned)

    shown = realm.entries(realm.mirror.conversation)
    assert [(entry.name, entry.text) for entry in shown] == [
        (f"bob@{ALIAS}", "bukan itu"),
        ("Ana", ours.text),
    ]
    assert [entry.tag == ours.tag for entry in shown] == [False, True]


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "name",
    [
        "Ana@sekolah",
        "ana@",
        "@",
        "bob\u202e",
        "\uff41na",
        "b\u200bob",
        "x" * 60,
        "",
        "x@\u3164",
        "x@b\uffa0",
    ],
)
def test_nobody_speaks_under_a_name_that_is_none_or_not_of_that_realm(
    realm: LinkedRealm, name: str
) -> None:
    before = len(realm.entries(realm.group))

    realm.says(OUTGOING_LOG, Entry(b"theirtag", EntryKind.TEXT, FIRST_UTC, BOB_ID, name, "hai"))

    assert len(realm.entries(realm.group)) == before


def test_a_realm_of_many_people_leaves_others_room_for_conversations(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_copying.MAX_CONVERSATIONS", 8)
    assert realm.ana.entered is not None
    ana = realm.ana.entered.person
    copying = realm.room.core._abroad.logs._copying  # noqa: SLF001

    def place(number: int) -> int | Code | None:
        ours, yours = Someone(number.to_bytes(8), f"n{number}"), Someone(b"", "Ana")
        log = SharedLog(number, ConversationKind.PRIVATE, 1, ours=ours, yours=yours)
        return copying.place(realm.realm, ALIAS, log, [Arrived(1, said("hai"))])

    placed = [place(number) for number in range(100, 110)]

    assert placed.count(Code.SERVER_FULL) >= 8
    assert len(realm.room.store.conversations_of(ana)) <= 4


def test_a_realm_of_many_people_leaves_room_for_those_of_other_realms(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_copying.MAX_CONVERSATIONS", 40)
    other = realm.room.store.save_realm(RealmRecord(0, b"\x09" * 32, "baik"), "baik").realm
    copying = realm.room.core._abroad.logs._copying  # noqa: SLF001

    def begins(of: int, alias: str, number: int) -> bool:
        ours, yours = Someone(number.to_bytes(8), f"n{number}"), Someone(b"", "Ana")
        log = SharedLog(number, ConversationKind.PRIVATE, 1, ours=ours, yours=yours)
        return not isinstance(copying.place(of, alias, log, [Arrived(1, said("hai"))]), Code)

    many = sum(begins(realm.realm, ALIAS, number) for number in range(100, 140))

    assert 5 < many < 15
    assert all(begins(other, "baik", number) for number in range(3))


# --- a link that is cut ---


def test_nothing_goes_out_over_a_link_that_was_cut(realm: LinkedRealm) -> None:
    realm.ask(Verb.SHARED, {"after": 0, "held": []})
    realm.send(Pull(realm.group, 1, 0, 3))
    assert any(isinstance(frame, EntryPart) for frame in realm.heard)
    realm.heard.clear()

    realm.room.command(CutRealm(ALIAS))
    realm.send(Pull(realm.group, 1, 0, 3), Want(SECRET.file, 9, ((0, 1),)))
    realm.ana.say(MARK)
    realm.turn()
    realm.send(Pull(realm.group, 1, 0, 3))

    assert not realm.stands
    assert {type(frame) for frame in realm.heard} == {Close}
    assert {frame.code for frame in realm.heard if isinstance(frame, Close)} == {CloseCode.KICKED}


# --- entering ---


class Caller:
    """A server made by hand, that calls."""

    def __init__(self, room: Room, label: str = "caller", host: str = "10.0.7.7") -> None:
        self.room = room
        self.host = host
        self.private = Chance(label)(32)
        self.key = x25519_public(self.private)

    def guest(self) -> Guest:
        guest = self.room.guest(self.host)
        assert guest.shake_hands()
        assert guest.prove() is Code.OK
        return guest

    def proof(self, guest: Guest) -> bytes:
        shared = x25519(self.private, guest.session.server_key)
        return prove_key(shared, guest.session.handshake_hash)

    def enters(self, name: str = "kampus", *, key: bytes = b"", proof: bytes = b"") -> Code | None:
        guest = self.guest()
        wish = RealmRequest(key or self.key, proof or self.proof(guest), name)
        answer = guest.ask(Verb.ENTER_REALM, wish.encode())
        return answer.code if answer is not None else None


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path, limits=limits(realm_links=8, handshakes_per_address=1e6)) as made:
        yield made


def names(room: Room) -> list[str]:
    return [record.name for record in room.store.realms()]


def test_a_proof_of_another_session_or_for_another_key_lets_nobody_in(room: Room) -> None:
    caller, other = Caller(room), Caller(room, "other")
    recorded = caller.proof(caller.guest())

    assert caller.enters(proof=recorded) is None
    assert caller.enters(key=other.key) is None
    assert caller.enters(key=bytes(32)) is None
    assert names(room) == []
    assert caller.enters() is Code.OK


def test_a_banned_address_calls_in_vain(room: Room) -> None:
    room.comes("Usil", "10.0.7.7")
    room.command(BanPerson("Usil", with_address=True))

    assert Caller(room).enters() is Code.NOT_ALLOWED
    assert Caller(room, host="10.0.7.8").enters() is Code.OK


def test_a_realm_that_calls_without_end_has_to_wait(room: Room) -> None:
    caller = Caller(room)

    codes = [caller.enters() for _ in range(int(MOST_ENTERED) + 4)]

    assert codes[0] is Code.OK
    assert codes[-1] is Code.TOO_MANY_GUESSES
    room.pass_time(30)
    assert caller.enters() is Code.OK


def test_those_that_made_themselves_leave_room_for_those_that_are_wanted(room: Room) -> None:
    codes = [Caller(room, f"{n}").enters(f"realm {n}") for n in range(6)]

    assert codes == [Code.OK] * 4 + [Code.SERVER_FULL] * 2


@pytest.mark.parametrize(
    ("wish", "given"),
    [
        ("kampus", "kampus-2"),
        ("KAMPUS", "kampus-2"),
        ("k\u0430mpus", "k\u0430mpus-2"),
        ("Kelas 7B", "kelas-7b-2"),
        ("", "realm"),
        ("\u202e@@@", "realm"),
        ("kampus\u3164", "kampus-2"),
        ("\u1160kam\uffa0pus", "kam-pus"),
        ("x" * 60, "x" * 20),
    ],
)
def test_a_caller_takes_no_name_that_is_anothers_or_looks_so_or_is_ours(
    room: Room, wish: str, given: str
) -> None:
    Caller(room, "first").enters("kampus")

    assert Caller(room, "second").enters(wish) is Code.OK

    assert names(room)[-1] == given


def test_a_cut_holds_although_the_realm_calls_in_that_very_moment(room: Room) -> None:
    caller = Caller(room)
    caller.enters()
    guest = caller.guest()
    wish = RealmRequest(caller.key, caller.proof(guest), "kampus")

    room.core.handle_command(CutRealm("kampus"), room.now)
    guest.put(guest.request(Verb.ENTER_REALM, wish.encode()))
    room.end_turn()

    assert [answer.code for answer in guest.answers][-1] is Code.NOT_ALLOWED
    assert [record.is_cut for record in room.store.realms()] == [True]
    room.command(RestoreRealm("kampus"))
    room.pass_time(60)
    assert caller.enters() is Code.OK


def test_the_password_is_needed_before_a_key_is_looked_at(room: Room) -> None:
    caller = Caller(room)
    guest = room.guest("10.0.7.7")
    assert guest.shake_hands()
    wish = RealmRequest(caller.key, caller.proof(guest), "kampus")

    answer = guest.ask(Verb.ENTER_REALM, wish.encode())

    assert answer is not None
    assert answer.code is Code.NOT_ENTERED
    assert guest.prove(PASSWORD + "?") is not Code.OK


# --- whoever gives names here, and whoever takes them ---


def test_a_name_that_a_caller_took_makes_way_for_the_realm_it_was_meant_for() -> None:
    with Realms("squat", "a", "b", "c") as realms:
        a = realms["a"]
        squatter = realms["c"]
        squatter.server.kill()
        squatter.server.settings = replace(squatter.server.settings, room_name="b")
        squatter.server.start()
        assert add(realms, "c", "a") is Code.OK
        realms.run(1)
        assert [record.name for record in a.server.store.realms()] == ["b"]

        code = add(realms, "a", "b")

        assert code is Code.OK
        names = {record.name: bool(record.host) for record in a.server.store.realms()}
        assert names == {"b": True, "b-2": False}
        alice, carol = realms.client("a", "alice"), realms.client("c", "carol")
        realms.enters(alice, carol)
        carol.write("alice@a", "hai")
        realms.run(3)
        assert a.told(a.conversation(alice, "carol@b-2")) == [("carol@b-2", "hai")]


def test_a_name_whose_people_have_spoken_is_kept_by_them() -> None:
    with Realms("kept", "a", "b", "c") as realms:
        assert add(realms, "c", "a") is Code.OK
        alice, carol = realms.client("a", "alice"), realms.client("c", "carol")
        realms.enters(alice, carol)
        carol.write("alice@a", "hai")
        realms.run(3)

        assert add(realms, "a", "b", name="c") is Code.REALM_EXISTS
        assert add(realms, "a", "b", name="a") is Code.REALM_EXISTS
        assert add(realms, "a", "b", name="\u0441") is Code.REALM_EXISTS  # it only looks like c
        assert add(realms, "a", "b") is Code.OK


def test_a_realm_whose_room_is_another_one_gets_no_guess_at_our_password() -> None:
    with Realms("other room", "a") as realms:
        other = HandMade(realms)
        assert add_hand_made(realms, other) is Code.OK
        before = len(other.requests)
        other.room_id = b"another room...."

        other.say(Close(CloseCode.COME_BACK).encode())
        realms.run(60)

        assert HappeningKind.REALM_PASSWORD in happenings(realms["a"])
        assert len(other.called) > 1
        assert len(other.requests) == before


def add_hand_made(realms: Realms, other: HandMade) -> Code:
    host, port = other.address
    return answer(realms, realms["a"], AddRealm("dia", host, port, ""))
