"""Who a session is: registering, logging in and out, passwords, names; through the whole core."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from account_parts import (
    QUESTION,
    SECRET,
    another,
    ask,
    challenge,
    device,
    keys_of,
    log_in,
    log_with_texts,
    login_fields,
    once,
    owner,
    register,
    registration,
)
from server_parts import Guest, Room, changes, is_alive, keep_alive, limits, pushed

from conversation import FIRST_CHAIN, ROOM, Presence
from entering import EnterAnswer, HeldLog
from protocol import CloseCode, Code, Verb
from protocol_frames import Chunk, EntryPart, Have, Posted, Pull, Refused, Typing
from protocol_requests import Fields
from server_events import (
    BanPerson,
    Happened,
    HappeningKind,
    Kick,
    OperatorAnswered,
    ResetPassword,
)


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


def nobody(room: Room) -> Guest:
    """A session that logged out."""
    guest = owner(room)
    assert ask(guest, Verb.LOGOUT, {"once": once(guest)}).code is Code.OK
    return guest


# --- who may ask what ---

STATES: dict[str, Callable[[Room], Guest]] = {
    "guest": lambda room: room.comes("tamu"),
    "account": owner,
    "nobody": nobody,
}


def rename_fields(guest: Guest, name: str = "Citra") -> Fields:
    return {"once": once(guest), "name": name}


def password_fields(guest: Guest, proof: bytes = b"p" * 32, new: str = "baru") -> Fields:
    return {"once": once(guest), "proof": proof.hex(), **keys_of(new)}


_REFUSED = Code.BAD_REQUEST
_NOBODY = Code.NO_SESSION
TABLE: list[tuple[Verb, Callable[[Guest], Fields], tuple[Code, Code, Code]]] = [
    (Verb.CHALLENGE, lambda _: {"name": "Dewi", "nonce": "00" * 18}, (Code.OK,) * 3),
    # without CHALLENGE, or logged in already
    (Verb.LOGIN, lambda guest: login_fields(guest, b"p" * 32), (_REFUSED,) * 3),
    (Verb.REGISTER, lambda guest: registration(guest, "Dewi"), (Code.OK,) * 3),
    (Verb.LOGOUT, lambda guest: {"once": once(guest)}, (_NOBODY, Code.OK, _NOBODY)),
    (Verb.PASSWORD, password_fields, (_NOBODY, _REFUSED, _NOBODY)),
    (Verb.NAME, rename_fields, (Code.OK, _REFUSED, _NOBODY)),
    (Verb.PEOPLE, lambda _: QUESTION, (Code.SNAPSHOT,) * 3),
    (Verb.EXIT, lambda _: {}, (Code.OK,) * 3),
    (Verb.LACKING, lambda _: {"conversation": ROOM, "number": 1}, (Code.OK, Code.OK, _NOBODY)),
    (Verb.GROUPS, lambda _: {"after": ""}, (Code.OK, Code.OK, _NOBODY)),
    (Verb.FIND, lambda _: {"prefix": ""}, (Code.OK, Code.OK, _NOBODY)),
    (Verb.ENTER, lambda guest: guest.wish("Dewi"), (_REFUSED, _REFUSED, _NOBODY)),
]


@pytest.mark.parametrize("place", range(3), ids=list(STATES))
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].name)
def test_each_verb_of_a_guest_an_account_and_nobody(
    room: Room,
    row: tuple[Verb, Callable[[Guest], Fields], tuple[Code, Code, Code]],
    place: int,
) -> None:
    verb, fields, expected = row
    guest = list(STATES.values())[place](room)

    assert ask(guest, verb, fields(guest)).code is expected[place]
    assert guest.closed == []


@pytest.mark.parametrize(
    "change", [{"logs": [[1, 2]]}, {"logs": [[1, 0, "00" * 8]] * 17}, {"once": 1}, {"proof": ""}]
)
def test_a_login_without_sense_closes_the_session(room: Room, change: Fields) -> None:
    guest = room.comes("tamu")
    _, proof = challenge(guest, "Ana")

    assert guest.ask(Verb.LOGIN, {**login_fields(guest, proof), **change}) is None
    assert guest.closed[0].code is CloseCode.BROKEN


# --- registering ---


def test_registering_does_not_log_in_and_its_token_does(room: Room) -> None:
    guest = room.comes("tamu")
    token = register(guest, "Ana")
    assert log_with_texts(room) == ["tamu joined"]

    ana = device(room, token)

    assert ana.entered is not None
    assert (ana.entered.name, ana.entered.is_account, ana.entered.has_returned) == (
        "Ana",
        True,
        True,
    )
    assert log_with_texts(room) == ["tamu joined", "Ana joined"]
    assert HappeningKind.REGISTERED in room.happened()


@pytest.mark.parametrize("taken", ["Ana", "ana", "Budi", "Gone"])
def test_a_name_that_somebody_has_is_not_registered(room: Room, taken: str) -> None:
    owner(room)
    room.comes("Budi")
    gone = room.comes("Gone")
    keep_alive(room, 110, room.comes("Lia"))
    room.pass_time(15)
    assert not is_alive(gone)
    guest = room.comes("tamu")

    assert ask(guest, Verb.REGISTER, registration(guest, taken)).code is Code.NAME_TAKEN


def test_a_guest_may_register_its_own_name_and_goes_on_under_it(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")

    register(ana, "Ana")

    assert ana.comes_back("Ana").code is Code.OK
    assert log_in(ana, "Ana").code is Code.OK
    assert log_with_texts(room) == ["Ana joined", "Budi joined"]  # nobody has another name now
    room.pass_time(1)
    assert ("Ana", Presence.HERE) in changes(budi)


def test_what_was_registered_once_is_not_registered_again(room: Room) -> None:
    guest = room.comes("tamu")
    fields = registration(guest, "Ana")

    first, second = ask(guest, Verb.REGISTER, fields), ask(guest, Verb.REGISTER, fields)

    assert (first.code, second.code) == (Code.OK, Code.OK)
    assert first.fields != second.fields  # a token of its own: the first is kept nowhere


@pytest.mark.parametrize("method", ["add_account", "commit"])
def test_on_a_full_disk_nobody_is_registered(room: Room, method: str) -> None:
    guest = room.comes("tamu")
    room.store.full.add(method)

    assert ask(guest, Verb.REGISTER, registration(guest, "Ana")).code is Code.DISK_FULL
    room.store.full.clear()
    assert ask(guest, Verb.REGISTER, registration(guest, "Ana")).code is Code.OK


# --- logging in ---


def test_a_guest_who_logs_in_is_renamed_for_the_others_and_frees_the_name(room: Room) -> None:
    guest, budi = room.comes("tamu"), room.comes("Budi")
    was = guest.person
    register(guest, "Ana")
    room.pass_time(1)
    budi.frames.clear()

    answer = log_in(guest, "Ana")
    at_once = changes(guest)
    room.pass_time(1)

    entered = EnterAnswer.decode(answer.fields)
    assert entered.is_account
    assert {("Ana", Presence.HERE), ("tamu", Presence.GONE)} <= set(at_once)
    assert entered.person != was
    assert log_with_texts(room)[-1] == "tamu renamed Ana"
    assert sorted(changes(budi)) == [("Ana", Presence.HERE), ("tamu", Presence.GONE)]
    assert [e.text for e in room.saw(Happened) if e.kind is HappeningKind.RENAMED] == ["Ana"]
    room.comes("tamu")


def test_who_logs_in_goes_on_with_stream_and_log(room: Room) -> None:
    guest, budi = room.comes("tamu"), room.comes("Budi")
    guest.say("sebelum")
    register(guest, "Ana")
    log_in(guest, "Ana")
    guest.frames.clear()

    guest.say("sesudah")
    budi.say("hai")

    assert [frame.draft for frame in guest.take(Posted)] == [2]
    assert pushed(guest) == ["hai"]
    assert "Ana text sesudah" in log_with_texts(room)


def test_what_a_guest_said_before_logging_in_stands_before_the_renaming(room: Room) -> None:
    guest = room.comes("tamu")
    register(guest, "Ana")
    _, proof = challenge(guest, "Ana")

    guest.put(guest.post("sebelum"))
    guest.send(guest.request(Verb.LOGIN, login_fields(guest, proof)))

    assert log_with_texts(room) == ["tamu joined", "tamu text sebelum", "tamu renamed Ana"]


def test_what_a_session_says_after_logging_out_comes_too_late_and_is_no_fault(room: Room) -> None:
    guest = nobody(room)
    head = room.store.head(ROOM)
    guest.frames.clear()

    guest.send(guest.post("terlambat"), Chunk(b"f" * 32, 0, b"terlambat").encode())

    assert guest.frames == []
    assert room.store.head(ROOM) == head


def test_who_holds_the_log_is_told_whether_it_is_still_the_same(room: Room) -> None:
    guest = room.comes("tamu")
    register(guest, "Ana")
    chain = room.store.chain_at(ROOM, 1)
    _, proof = challenge(guest, "Ana")

    fields = login_fields(guest, proof, (HeldLog(ROOM, 1, chain), HeldLog(7, 1, chain)))
    answer = EnterAnswer.decode(ask(guest, Verb.LOGIN, fields).fields)
    assert answer.changed == ()
    assert [log.conversation for log in answer.logs] == [ROOM]
    ask(guest, Verb.LOGOUT, {"once": once(guest)})
    _, proof = challenge(guest, "Ana")
    fields = login_fields(guest, proof, (HeldLog(ROOM, 2, FIRST_CHAIN),))
    answer = EnterAnswer.decode(ask(guest, Verb.LOGIN, fields).fields)

    assert answer.changed == (ROOM,)


def test_a_guest_whose_account_is_here_already_just_leaves(room: Room) -> None:
    ana = owner(room)
    guest = room.comes("Budi")

    assert log_in(guest, "ana").code is Code.OK

    assert log_with_texts(room)[-1] == "Budi left"
    assert guest.person == ana.person
    assert is_alive(ana)
    ana.say("dari sini")
    assert pushed(guest) == ["dari sini"]


@pytest.mark.parametrize("name", ["Ana", "Dewi"], ids=["known", "unknown"])
def test_a_wrong_password_and_an_unknown_name_are_one_answer(room: Room, name: str) -> None:
    owner(room)
    guest = room.comes("Budi")

    answers = [log_in(guest, name, "salah") for _ in range(11)]

    assert [answer.code for answer in answers] == [Code.WRONG_LOGIN] * 10 + [Code.TOO_MANY_GUESSES]
    assert answers[0].fields == {}
    assert answers[10].fields["wait"]
    assert guest.person
    assert log_with_texts(room)[-1] == "Budi joined"


def test_guesses_at_an_account_count_after_a_restart(room: Room) -> None:
    owner(room)
    guest = room.comes("Budi")
    for _ in range(10):
        log_in(guest, "Ana", "salah")

    room.restart()
    assert guest.comes_back("Budi").code is Code.OK

    assert log_in(guest, "Ana").code is Code.TOO_MANY_GUESSES
    keep_alive(room, 60, guest)
    assert log_in(guest, "Ana").code is Code.OK


def test_wrong_passwords_of_the_room_and_of_accounts_are_kept_side_by_side(room: Room) -> None:
    owner(room)
    log_in(room.comes("Budi"), "Ana", "salah")
    stranger = room.guest("10.0.0.9")
    stranger.shake_hands()
    stranger.prove("salah")

    assert len(room.store.guesses()) == 2
    assert HappeningKind.WRONG_LOGIN in room.happened()
    assert HappeningKind.WRONG_PASSWORD in room.happened()


def test_who_is_banned_does_not_come_in_as_an_account(room: Room) -> None:
    owner(room)
    room.command(BanPerson("Ana", None))
    guest = room.comes("Budi")

    answer = log_in(guest, "Ana")

    assert answer.code is Code.BANNED
    assert answer.fields["until"] == 0
    assert is_alive(guest)


def test_a_full_room_takes_a_nameless_session_only_if_its_person_is_here(folder: Path) -> None:
    with Room(folder, limits=limits(entered=1)) as room:
        guest = nobody(room)
        other = room.comes("Budi")

        assert log_in(guest, "Ana").code is Code.SERVER_FULL
        ask(other, Verb.EXIT, {})
        assert log_in(guest, "Ana").code is Code.OK


def test_somebody_else_s_stream_cannot_be_taken_by_logging_in(room: Room) -> None:
    budi, guest = room.comes("Budi"), room.comes("tamu")
    register(guest, "Ana")
    _, proof = challenge(guest, "Ana")

    fields = {**login_fields(guest, proof), "stream": budi.stream.hex()}

    assert ask(guest, Verb.LOGIN, fields).code is Code.STREAM_IN_USE
    assert log_in(guest, "Ana").code is Code.OK


@pytest.mark.parametrize(
    ("method", "name"),
    [("save_token", "Ana"), ("append", "tamu"), ("commit", "Ana"), ("commit", "tamu")],
)
def test_on_a_full_disk_a_guest_stays_a_guest(room: Room, method: str, name: str) -> None:
    guest, budi = room.comes(name), room.comes("Budi")
    register(guest, "Ana")
    room.store.full.add(method)

    assert log_in(guest, "Ana").code is Code.DISK_FULL
    room.store.full.clear()

    guest.say("masih saya")
    assert pushed(budi) == ["masih saya"]
    assert log_with_texts(room) == [f"{name} joined", "Budi joined", f"{name} text masih saya"]
    other = room.guest()
    other.shake_hands()
    other.prove()
    assert other.enter(name).code is Code.NAME_TAKEN
    other.shake_hands()
    other.prove()
    assert other.enter("Ana").code is Code.NAME_TAKEN
    assert log_in(guest, "Ana").code is Code.OK


def test_who_is_kicked_in_the_very_turn_of_logging_in_is_out(room: Room) -> None:
    guest = room.comes("tamu")
    register(guest, "Ana")
    _, proof = challenge(guest, "Ana")

    guest.put(guest.request(Verb.LOGIN, login_fields(guest, proof)))
    room.command(Kick("tamu"))

    assert {close.code for close in guest.closed} == {CloseCode.KICKED}
    room.pass_time(130)
    assert room.store.present_people() == []


# --- logging out ---


def test_who_logs_out_leaves_and_the_token_dies(room: Room) -> None:
    ana, budi = owner(room), room.comes("Budi")
    token = ana.token
    ana.frames.clear()

    ask(ana, Verb.LOGOUT, {"once": once(ana)})
    room.pass_time(1)

    assert log_with_texts(room)[-1] == "Ana left"
    assert ("Ana", Presence.GONE) in changes(budi)
    back = room.guest()
    back.shake_hands()
    back.prove()
    assert back.enter(None, token).code is Code.TOKEN_UNKNOWN


def test_nobody_hears_nothing_and_is_not_heard(room: Room) -> None:
    guest, budi = nobody(room), room.comes("Budi")
    guest.frames.clear()

    guest.send(guest.post("halo"), Typing(ROOM, 0).encode(), Have(((ROOM, 1),)).encode())
    guest.send(Pull(ROOM, 1, 0, 2).encode())
    budi.say("apakah ada orang?")
    room.pass_time(2)

    assert guest.take(EntryPart) == []
    assert guest.take(Posted) + guest.take(Refused) == []
    assert budi.take(Typing) == []
    assert guest.closed == []


def test_nobody_stays_as_long_as_it_is_heard_and_may_log_in_again(room: Room) -> None:
    guest = nobody(room)

    keep_alive(room, 300, guest)
    assert is_alive(guest)
    assert log_in(guest, "Ana").code is Code.OK
    assert log_with_texts(room)[-2:] == ["Ana left", "Ana joined"]
    room.pass_time(60)
    assert is_alive(guest)


def test_nobody_who_logs_in_where_the_person_is_already_changes_nothing_for_others(
    room: Room,
) -> None:
    guest = nobody(room)
    log_in(room.comes("tamu"), "Ana")
    before = log_with_texts(room)

    assert log_in(guest, "Ana").code is Code.OK

    assert log_with_texts(room) == before


def test_nobody_who_falls_silent_is_forgotten(room: Room) -> None:
    guest = nobody(room)

    room.pass_time(121)

    assert not is_alive(guest)


def test_nobodies_are_bounded_like_those_who_have_not_entered(folder: Path) -> None:
    with Room(folder, limits=limits(not_entered=2)) as room:
        first = nobody(room)
        token = register(room.comes("tamu"), "Budi")
        others = [device(room, token) for _ in range(2)]
        for other in others:
            ask(other, Verb.LOGOUT, {"once": once(other)})
            token = register(room.comes(f"tamu {other.address[1]}"), f"Budi {other.address[1]}")

        assert not is_alive(first)


def test_on_a_full_disk_who_logs_out_is_out_and_it_is_written_later(room: Room) -> None:
    ana = owner(room)
    token = ana.token
    room.store.full |= {"append", "drop_token"}

    assert ask(ana, Verb.LOGOUT, {"once": once(ana)}).code is Code.OK
    room.store.full.clear()
    room.pass_time(2)

    assert log_with_texts(room)[-1] == "Ana left"
    back = room.guest()
    back.shake_hands()
    back.prove()
    assert back.enter(None, token).code is Code.TOKEN_UNKNOWN


# --- passwords ---


def change_password(guest: Guest, old: str = SECRET, new: str = "baru") -> Code:
    _, proof = challenge(guest, "Ana", old)
    return ask(guest, Verb.PASSWORD, password_fields(guest, proof, new)).code


def test_a_new_password_counts_and_the_old_one_does_not(room: Room) -> None:
    ana = owner(room)

    assert change_password(ana) is Code.OK

    assert log_in(room.comes("Budi"), "Ana").code is Code.WRONG_LOGIN
    assert log_in(room.comes("Citra"), "Ana", "baru").code is Code.OK


def test_who_changes_the_password_puts_out_all_other_devices(room: Room) -> None:
    laptop = owner(room)
    phone = another(room)
    token = phone.token

    change_password(laptop)
    room.pass_time(1)

    assert {close.code for close in phone.closed} == {CloseCode.COME_BACK}
    phone.shake_hands()
    phone.prove()
    assert phone.enter(None, token).code is Code.TOKEN_UNKNOWN
    assert laptop.comes_back(None).code is Code.OK


def test_a_wrong_old_password_changes_nothing_and_counts(room: Room) -> None:
    ana = owner(room)

    codes = [change_password(ana, "salah") for _ in range(11)]

    assert codes == [Code.WRONG_LOGIN] * 10 + [Code.TOO_MANY_GUESSES]
    assert len(room.store.guesses()) == 1


@pytest.mark.parametrize("method", ["save_credentials", "commit"])
def test_on_a_full_disk_the_password_stays_the_same(room: Room, method: str) -> None:
    ana = owner(room)
    phone = another(room)
    room.store.full.add(method)

    assert change_password(ana) is Code.DISK_FULL
    room.store.full.clear()

    assert phone.closed == []
    assert change_password(ana) is Code.OK


def test_the_operator_s_one_time_password_opens_the_account_for_a_day(room: Room) -> None:
    ana = owner(room)
    token = ana.token
    room.command(ResetPassword("ana"))
    (answered,) = room.saw(OperatorAnswered)
    assert answered.code is Code.OK
    assert answered.secret not in repr(answered)
    guest = room.comes("Budi")
    guest.shake_hands()
    guest.prove()
    assert guest.enter(None, token).code is Code.TOKEN_UNKNOWN

    guest = room.comes("Citra")
    assert log_in(guest, "Ana").code is Code.WRONG_LOGIN
    assert log_in(guest, "Ana", answered.secret).code is Code.OK
    assert change_password(guest, answered.secret, "baru") is Code.OK
    room.clock_offset += 25 * 3600 * 1000

    assert log_in(room.comes("Dewi"), "Ana", answered.secret).code is Code.WRONG_LOGIN
    assert log_in(room.comes("Eka"), "Ana", "baru").code is Code.OK
