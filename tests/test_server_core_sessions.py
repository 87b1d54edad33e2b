"""The server's core, its sessions: handshakes, order of work, frames, RESET, roaming."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_parts import (
    START,
    Guest,
    Room,
    half_open,
    is_alive,
    limits,
    log,
    pushed,
)

from conversation import ROOM
from protocol import (
    INIT_SIZE,
    RESET_SIZE,
    RETRY_SIZE,
    CloseCode,
    Code,
    Reset,
    Verb,
)
from protocol_frames import (
    Close,
    EntryPart,
    Frame,
    Have,
    Heads,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Post,
    Posted,
    Pull,
    Reached,
    Refused,
    Request,
    Response,
    Typing,
)
from protocol_handshake import reset_token
from server_core import HOUSEKEEPING_INTERVAL
from server_events import (
    BanPerson,
    BansChanged,
    Started,
)
from server_frames import MAX_FRAMES
from server_sessions import CLOSE_INTERVALS


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- handshakes ---


def test_a_spoofed_init_costs_36_bytes_and_no_state(room: Room) -> None:
    guest = room.guest()

    for _ in range(100):
        init = guest.init()
        assert len(init) == INIT_SIZE
        room.receive(init, ("10.0.0.66", 666))

    sizes = {len(datagram) for _, datagram in room.take_strays()}
    assert sizes == {RETRY_SIZE}
    assert room.core.next_timer() == pytest.approx(START + HOUSEKEEPING_INTERVAL)


def test_the_same_init_within_five_seconds_gets_the_same_resp_and_no_second_session(
    folder: Path,
) -> None:
    with Room(folder, limits=limits(half_open_per_address=1)) as room:
        guest = room.guest()
        room.receive(guest.init(), guest.address)
        again = guest.init_again()
        room.receive(again, guest.address)
        first = guest.received[-1]

        room.pass_time(3)
        room.receive(again, guest.address)

        assert room.take_strays() == [(guest.address, first)]
        assert guest.prove() is Code.OK


def test_a_session_that_says_nothing_for_five_seconds_is_forgotten(room: Room) -> None:
    quick, slow = half_open(room, "10.0.0.2"), half_open(room, "10.0.0.3")

    room.pass_time(3)
    assert is_alive(quick)
    room.pass_time(1.1)

    assert not is_alive(slow)
    assert is_alive(quick)


def test_one_address_has_sixteen_half_open_sessions_and_the_oldest_goes(room: Room) -> None:
    guests = [half_open(room, "10.0.0.2") for _ in range(17)]
    other = half_open(room, "10.0.0.3")

    alive = [is_alive(guest) for guest in (guests[0], guests[1], guests[16], other)]

    assert alive == [False, True, True, True]


def test_when_all_half_open_places_are_taken_the_heaviest_address_loses_one(folder: Path) -> None:
    with Room(folder, limits=limits(half_open=3)) as room:
        honest = half_open(room, "10.0.0.2")
        flood = [half_open(room, "10.0.0.66") for _ in range(3)]

        assert is_alive(honest)
        assert not is_alive(flood[0])
        assert is_alive(flood[2])


def test_who_does_not_enter_in_twenty_seconds_is_sent_away(room: Room) -> None:
    guest = room.guest()
    guest.shake_hands()

    room.pass_time(19.9)
    assert guest.closed == []
    room.pass_time(1)

    assert {close.code for close in guest.closed} == {CloseCode.IDLE}
    assert not is_alive(guest)


def test_when_all_places_before_the_door_are_taken_the_heaviest_address_loses_one(
    folder: Path,
) -> None:
    with Room(folder, limits=limits(not_entered=3)) as room:
        inside = room.comes("Ana", "10.0.0.66")
        honest = room.guest("10.0.0.2")
        honest.shake_hands()
        flood = [room.guest("10.0.0.66") for _ in range(3)]
        for guest in flood:
            guest.shake_hands()

        assert [is_alive(guest) for guest in (*flood, honest, inside)] == [
            False,
            True,
            True,
            True,
            True,
        ]


def test_what_the_limits_do_not_allow_is_not_answered(folder: Path) -> None:
    with Room(folder, limits=limits(handshake_burst=2.0)) as room:
        answered = [room.guest().shake_hands() for _ in range(4)]

        assert answered == [True, True, False, False]


def test_before_the_password_is_worked_out_handshakes_and_pings_are_answered(
    folder: Path,
) -> None:
    with Room(folder) as room:
        room.held_jobs = []
        room.restart()
        guest = room.guest()
        assert guest.shake_hands()
        verb, fields = guest.proof().first()
        assert guest.ask(verb, fields, within=1) is None
        assert room.saw(Started)[1:] == []

        (job,) = room.held_jobs
        room.core.handle_result(job.key, job.run(), room.now)
        room.end_turn()
        room.pass_time(0.05)

        assert guest.answers[-1].code is Code.OK
        assert len(room.saw(Started)) == 2


def test_the_operator_hears_where_the_room_is_and_who_is_banned(room: Room) -> None:
    (started,) = room.saw(Started)

    assert started.address == ("0.0.0.0", 8083)
    assert started.room_name == "Kelas 7B"
    assert started.messages == 0
    assert room.guest().shake_hands()
    assert room.saw(BansChanged) == [BansChanged(())]


def test_a_job_that_failed_ends_the_core(room: Room) -> None:
    room.held_jobs = []
    room.restart()
    (job,) = room.held_jobs

    with pytest.raises(MemoryError):
        room.core.handle_result(job.key, MemoryError(), room.now)


# --- datagrams of sessions ---


@given(st.binary(max_size=80), st.sampled_from([b"", b"Rg\x01\x01", b"Rg\x01\x10", b"Rg\x02\x10"]))
def test_bytes_from_anyone_never_raise(noise: bytes, prefix: bytes) -> None:
    room = _SHARED[0]

    room.core.receive_datagram(prefix + noise, ("10.0.0.66", 666), room.now)


_SHARED: list[Room] = []


@pytest.fixture(autouse=True, scope="module")
def _shared_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with Room(tmp_path_factory.mktemp("shared")) as room:
        _SHARED.append(room)
        yield
        _SHARED.clear()


def test_a_datagram_that_comes_twice_counts_once(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    (datagram,) = ana.seal(ana.post("halo"))

    for _ in range(3):
        room.receive(datagram, ana.address)

    assert pushed(budi) == ["halo"]
    assert len(ana.take(Posted)) == 1


def test_a_forged_datagram_takes_no_number_away(room: Room) -> None:
    ana = room.comes("Ana")
    (genuine,) = ana.seal(ana.post("halo"))
    forged = genuine[:-1] + bytes([genuine[-1] ^ 1])

    room.receive(forged, ana.address)
    room.receive(genuine, ana.address)

    assert ana.take(Posted)


NOT_FROM_CLIENTS: dict[str, Frame] = {
    "POSTED": Posted(1, 1, 1, 1),
    "REFUSED": Refused(1, 1),
    "ENTRY": EntryPart(1, 1, 0, 1, b"x"),
    "HEADS": Heads(((1, 1),)),
    "REACHED": Reached(((1, 1),)),
    "RESPONSE": Response(1, 0, 1, 0, b"{}"),
}
FROM_MEMBERS: dict[str, Frame] = {
    "POST": Post(1, 1, 1, 1, 0, 1, b"halo"),
    "PULL": Pull(1, 1, 0, 1),
    "HAVE": Have(((1, 1),)),
    "TYPING": Typing(1),
}
FROM_ANYBODY: dict[str, Frame] = {
    "PING": Ping(1),
    "PONG": Pong(1, 1, 1),
    "PATH_CHALLENGE": PathChallenge(b"8" * 8),
    "PATH_RESPONSE": PathResponse(b"8" * 8),
}
FRAMES = {**NOT_FROM_CLIENTS, **FROM_MEMBERS, **FROM_ANYBODY}


@pytest.mark.parametrize("name", list(FRAMES))
@pytest.mark.parametrize("step", ["fresh", "proved", "entered", "left"])
def test_a_frame_not_allowed_where_somebody_stands_closes_that_session_alone(
    room: Room, name: str, step: str
) -> None:
    other, guest = room.comes("Budi"), room.guest("10.0.0.9")
    guest.shake_hands()
    if step != "fresh":
        guest.prove()
    if step in ("entered", "left"):
        guest.enter("Ana")
    if step == "left":
        guest.ask(Verb.EXIT, {})
    before = log(room)

    guest.send(FRAMES[name].encode())
    room.pass_time(1)

    is_broken = name in NOT_FROM_CLIENTS or (name in FROM_MEMBERS and step in ("fresh", "proved"))
    assert {close.code for close in guest.closed} == ({CloseCode.BROKEN} if is_broken else set())
    assert other.closed == []
    is_posted = name == "POST" and step == "entered"
    assert log(room) == [*before, *(["halo"] if is_posted else [])]


@pytest.mark.parametrize(
    "frames",
    [b"\xff\x00\x00", b"\x01\x00\x09", b"\x20\x00\x01x", b"\x00\x01", b"\x01"],
    ids=["unknown", "cut", "short", "padding", "header"],
)
def test_frames_that_are_none_close_the_session(room: Room, frames: bytes) -> None:
    ana = room.comes("Ana")

    ana.send(frames)

    assert ana.closed[0].code is CloseCode.BROKEN


def test_too_many_frames_in_one_datagram_close_the_session(room: Room) -> None:
    ana = room.comes("Ana")
    for stamp in (1, 2):
        ana.session.path_size.take_probe(stamp, room.now)
        ana.session.path_size.receive_pong(stamp)
    typing = Typing(9).encode()

    ana.send(*[typing] * MAX_FRAMES)
    assert ana.closed == []
    ana.send(*[typing] * (MAX_FRAMES + 1))

    assert ana.closed[0].code is CloseCode.BROKEN


def test_what_follows_a_close_is_nobody_s(room: Room) -> None:
    ana = room.comes("Ana")

    ana.send(Close(CloseCode.EXIT).encode(), Heads(((1, 1),)).encode())

    assert ana.closed == []
    assert log(room) == ["Ana joined", "Ana left"]


def test_requests_that_overtook_each_other_are_answered_in_order(room: Room) -> None:
    ana = room.comes("Ana")
    first = ana.request(Verb.LACKING, {"conversation": ROOM, "number": 1})
    second = ana.request(Verb.LACKING, {"conversation": 2, "number": 1})

    ana.send(second, first)
    room.pass_time(0)

    assert [answer.code for answer in ana.answers[-2:]] == [Code.OK, Code.NOT_A_MEMBER]


def test_a_request_that_overtook_and_makes_no_sense_ends_the_session_in_its_turn(
    room: Room,
) -> None:
    ana = room.comes("Ana")
    first = ana.request(Verb.LACKING, {"conversation": ROOM, "number": 1})

    ana.send(Request(5, Verb.LACKING, b"[]").encode(), first)
    room.pass_time(0)

    assert ana.answers[-1].code is Code.OK
    assert ana.closed[0].code is CloseCode.BROKEN


def test_close_is_said_three_times_and_then_the_session_is_unknown(room: Room) -> None:
    ana = room.comes("Ana")
    ana.received.clear()

    ana.send(b"\xff\x00\x00")
    assert len(ana.closed) == 1
    ana.send(b"\xff\x00\x00")  # the end of what does not matter any more
    for wait in CLOSE_INTERVALS:
        room.pass_time(wait)

    assert [close.code for close in ana.closed] == [CloseCode.BROKEN] * 3
    assert not is_alive(ana)


def test_who_breaks_the_rules_may_come_back_as_the_same_person(room: Room) -> None:
    ana = room.comes("Ana")
    ana.send(b"\xff\x00\x00")

    assert ana.comes_back("Ana").code is Code.OK

    assert log(room) == ["Ana joined"]


# --- RESET ---


def resets(room: Room) -> list[Reset]:
    return [Reset.decode(d) for _, d in room.take_strays() if len(d) == RESET_SIZE]


def test_data_of_an_unknown_session_gets_a_reset_ten_times_a_second(room: Room) -> None:
    for _ in range(50):
        room.receive(b"Rg\x01\x10" + bytes(range(8)) + bytes(40), ("10.0.0.66", 666))

    sent = resets(room)
    assert len(sent) == 10
    key = room.store.storage.identity.reset_key
    session = int.from_bytes(bytes(range(8)), "big")
    assert set(sent) == {Reset(session, reset_token(key, session))}


@pytest.mark.parametrize("prefix", [b"Rg\x02\x10", b"Xg\x01\x10", b"Rg\x01\x11", b"\0\0\0\x10"])
def test_what_is_not_ours_gets_nothing(room: Room, prefix: bytes) -> None:
    room.receive(prefix + bytes(48), ("10.0.0.66", 666))
    room.receive(b"Rg\x01\x10" + bytes(20), ("10.0.0.66", 666))

    assert room.take_strays() == []


def test_a_server_that_starts_sends_one_reset_to_each_who_was_in_the_room(room: Room) -> None:
    ana, budi, citra = (room.comes(name) for name in ("Ana", "Budi", "Citra"))
    outside = room.guest()
    outside.shake_hands()
    budi.ask(Verb.EXIT, {})
    budi.send(Close(CloseCode.EXIT).encode())

    room.restart()
    room.pass_time(5)

    sent = room.take_strays()
    assert Counter(address for address, _ in sent) == {ana.address: 1, citra.address: 1}
    for guest in (ana, citra):
        assert guest.payload is not None
        reset = Reset(guest.payload.server_session_id, guest.payload.reset_token)
        assert (guest.address, reset.encode()) in sent


def test_resets_at_the_start_are_paced(folder: Path) -> None:
    with Room(folder, limits=limits(start_resets=40.0)) as room:
        for number in range(7):
            room.comes(f"Murid {number}")
        room.restart()

        counts = [len(resets(room))]
        for _ in range(4):
            room.pass_time(0.05)
            counts.append(len(resets(room)))

        assert counts == [2, 2, 2, 1, 0]


def test_sessions_of_more_than_twelve_hours_ago_get_no_reset(room: Room) -> None:
    room.comes("Ana")
    room.clock_offset += 12 * 3600 * 1000 + 1

    room.restart()

    assert resets(room) == []


# --- roaming ---

HOME, NEW = ("10.0.0.2", 50_000), ("10.0.0.77", 7777)


def roam(room: Room, guest: Guest) -> list[tuple[tuple[str, int], PathChallenge]]:
    """Something comes from a new address; the challenges and where they went."""
    room.place(guest, NEW)
    before = len(guest.frames)
    guest.send(Ping(1).encode(), source=NEW)
    return [(NEW, f) for f in guest.frames[before:] if isinstance(f, PathChallenge)]


def test_a_new_address_is_challenged_and_believed_once_it_answers(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    challenges = roam(room, ana)
    assert len(challenges) == 2  # one to each address
    (_, challenge), _ = challenges

    ana.send(PathResponse(challenge.challenge).encode(), source=NEW)
    room.pass_time(10)
    ana.received.clear()
    room.take_strays()
    budi.say("masih di sana?")

    assert pushed(ana) == ["masih di sana?"]
    sessions = room.store.remembered_sessions(0)
    assert NEW in {(session.host, session.port) for session in sessions}
    assert ana.address not in {(session.host, session.port) for session in sessions}


def test_an_address_that_does_not_answer_in_three_seconds_loses_the_session_again(
    room: Room,
) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    ana.send(Ping(1).encode(), source=NEW)

    room.pass_time(3.1)
    room.take_strays()
    budi.say("masih di sana?")

    assert pushed(ana) == ["masih di sana?"]
    assert room.take_strays() == []


def test_a_wrong_answer_to_a_challenge_proves_nothing(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    roam(room, ana)

    ana.send(PathResponse(b"erfunden").encode(), source=NEW)
    room.pass_time(3.1)
    room.command(BanPerson("Ana", with_address=True))

    (ban,) = room.store.bans()
    assert ban.address == "10.0.0.2"
    assert budi.closed == []


def test_after_a_move_a_restarted_server_finds_the_session_where_it_is(room: Room) -> None:
    ana = room.comes("Ana")
    challenges = roam(room, ana)
    ana.send(PathResponse(challenges[0][1].challenge).encode(), source=NEW)
    room.take_strays()

    room.restart()

    assert [address for address, _ in room.take_strays()] == [NEW]


def test_an_unproven_address_gets_three_times_the_bytes_it_sent(room: Room) -> None:
    ana, budi = room.comes("Ana"), room.comes("Budi")
    for number in range(40):
        budi.say(f"{number} " + "x" * 900)
    room.take_strays()
    (pull,) = ana.seal(Pull(ROOM, 1, 0, 40).encode())

    room.receive(pull, NEW)

    got = sum(len(datagram) for address, datagram in room.take_strays() if address == NEW)
    assert 0 < got <= 3 * len(pull)


def test_challenges_are_answered_on_the_path_they_came_by(room: Room) -> None:
    ana = room.comes("Ana")

    ana.send(PathChallenge(b"jawablah").encode())

    assert ana.take(PathResponse) == [PathResponse(b"jawablah")]
