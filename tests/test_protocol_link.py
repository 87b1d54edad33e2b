"""The client's link: gets a session, keeps it alive, notices that it is lost, makes another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_world import ELSEWHERE, SERVER, STATIC, TOKEN, World, kind

from crypto import x25519_public
from protocol import (
    CloseCode,
    Code,
    DatagramType,
    Init,
    PeerError,
    Reset,
    Retry,
    Verb,
    encode_object,
)
from protocol_frames import (
    Close,
    Frame,
    Heads,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Request,
    Response,
    Typing,
)
from protocol_link import (
    ATTEMPT_TIMEOUT,
    DEAD_AFTER,
    LOST_AFTER,
    PAUSE,
    RENEW_BEFORE,
    LinkState,
)
from protocol_session import RENEW_NUMBER
from settings import Limits


@pytest.fixture
def world() -> World:
    """A link with an open session and nothing on its way."""
    world = World()
    world.connect()
    world.told.clear()
    world.heard.clear()
    return world


# --- beginning ---


def test_a_link_that_was_never_told_to_connect_does_nothing() -> None:
    world = World()

    assert world.link.next_timer() is None
    world.link.handle_timer(world.now)
    world.link.queue(Typing(1).encode())
    assert world.turn() == []
    assert world.link.state is LinkState.IDLE


def test_a_link_opens_its_session_and_tells_its_owner() -> None:
    world = World()

    world.connect()

    assert world.told == [("Kelas 7B", x25519_public(STATIC)), "ready"]
    assert world.link.state is LinkState.OPEN
    assert isinstance(world.heard[0], Ping)  # at once: it ends the server's half-open state


def test_init_is_sent_again_after_a_quarter_second_doubling_to_one() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    world.turn()

    times: list[float] = []
    while len(times) < 6:
        due = world.link.next_timer()
        assert due is not None
        world.now = due
        world.link.handle_timer(due)
        assert [kind(datagram) for datagram in world.turn()] == [DatagramType.INIT]
        times.append(round(due - 1_000.0, 3))

    assert times == [0.25, 0.75, 1.75, 2.75, 3.75, 4.75]


def test_an_attempt_without_an_answer_is_given_up_after_ten_seconds_and_another_follows() -> None:
    world = World()
    world.link.connect(SERVER, world.now)

    world.wait(ATTEMPT_TIMEOUT + 0.9)
    first = {Init.decode(datagram).client_id for datagram in world.sent}
    state, told = world.link.state, list(world.told)
    world.sent.clear()
    world.wait(PAUSE)
    second = {Init.decode(datagram).client_id for datagram in world.sent}

    assert (state, told) == (LinkState.PAUSED, ["unanswered"])
    assert world.link.state is LinkState.HANDSHAKE
    assert len(first) == len(second) == 1
    assert first != second


def test_a_cookie_is_brought_at_once() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    (init,) = world.turn()

    world.receive(Retry(Init.decode(init).client_id, b"c" * 24).encode())
    (again,) = world.turn()

    assert Init.decode(again).cookie == b"c" * 24


def test_a_server_that_answers_late_with_a_cookie_is_given_time_to_finish() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    world.wait(9.5)

    world.receive(Retry(Init.decode(world.sent[-1]).client_id, b"c" * 24).encode())
    world.wait(4.0)

    assert world.told == []
    assert world.link.state is LinkState.HANDSHAKE


def test_answers_from_elsewhere_are_not_heard_while_shaking_hands() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    (init,) = world.turn()

    world.receive(Retry(Init.decode(init).client_id, b"c" * 24).encode(), ELSEWHERE)
    world.receive(world.resp(), ELSEWHERE)

    assert world.turn() == []
    assert world.link.state is LinkState.HANDSHAKE
    assert world.told == []


def test_a_server_that_its_owner_refuses_hears_nothing_more() -> None:
    world = World(is_welcome=False)
    world.link.connect(SERVER, world.now)
    world.turn()

    world.shake_hands()

    assert world.told == [("Kelas 7B", x25519_public(STATIC))]
    assert world.link.session is None
    assert world.link.state is LinkState.IDLE
    assert world.wait(3_600.0) == []


def test_a_resp_and_a_retry_that_come_again_change_nothing() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    world.turn()
    retry = Retry(Init.decode(world.sent[0]).client_id, b"c" * 24).encode()
    resp = world.resp()
    world.receive(resp)
    session = world.link.session

    world.receive(resp)
    world.receive(retry)

    assert world.link.session is session is not None


def test_a_connection_begun_anew_forgets_the_session_and_its_requests(world: World) -> None:
    world.link.requester.ask(Verb.PEOPLE, {}, world.now)

    world.link.connect(SERVER, world.now)

    assert world.link.session is None
    assert not world.link.requester.is_waiting
    assert [kind(datagram) for datagram in world.turn()] == [DatagramType.INIT]


# --- being open ---


def test_frames_of_the_server_reach_the_owner_in_order(world: World) -> None:
    world.deliver(Heads(((1, 5),)).encode(), Typing(1, 7).encode())

    assert world.told == [Heads(((1, 5),)), Typing(1, 7)]


def test_frames_of_the_owner_reach_the_server(world: World) -> None:
    world.link.queue(Typing(1).encode())
    world.turn()

    assert world.serve() == [Typing(1)]


def test_pings_and_challenges_of_the_server_are_the_links_own_business(world: World) -> None:
    world.deliver(Ping(9).encode(), PathChallenge(b"12345678").encode())
    world.deliver(PathResponse(b"12345678").encode())
    world.turn()

    answers = world.serve()

    assert [type(frame) for frame in answers] == [PathResponse, Pong]
    assert world.told == []


def test_the_round_trip_is_measured(world: World) -> None:
    session = world.link.session
    assert session is not None

    world.wait(10.0)
    world.now += 0.05
    world.serve()

    assert session.round_trip.latest == pytest.approx(0.05, abs=1e-4)


def test_a_request_is_repeated_until_it_is_answered(world: World) -> None:
    world.link.requester.ask(Verb.PEOPLE, {}, world.now)

    world.turn()
    world.wait(1.0)
    requests = [frame for frame in world.serve() if isinstance(frame, Request)]
    world.on_frame = lambda frame: world.told.append(
        world.link.requester.receive(frame) if isinstance(frame, Response) else frame
    )
    world.deliver(Response(1, 0, 1, Code.OK, encode_object({})).encode())
    world.wait(5.0)

    assert len(requests) > 2
    assert len(set(requests)) == 1
    assert not any(isinstance(frame, Request) for frame in world.serve())


def test_the_servers_datagrams_count_wherever_they_come_from(world: World) -> None:
    world.deliver(Typing(1, 7).encode(), source=ELSEWHERE)
    world.link.queue(Typing(1).encode())

    assert world.told == [Typing(1, 7)]
    assert len(world.turn()) == 1  # to the server, as ever


def test_a_close_is_the_owners_business(world: World) -> None:
    world.deliver(Close(CloseCode.KICKED, "bye").encode())

    assert world.told == [Close(CloseCode.KICKED, "bye")]


def test_after_a_frame_that_ended_the_session_the_rest_of_its_datagram_is_not_heard(
    world: World,
) -> None:
    world.on_frame = lambda frame: world.link.disconnect(CloseCode.EXIT, world.now)

    world.deliver(Typing(1, 7).encode(), Close(CloseCode.KICKED).encode())

    assert world.told == []
    assert world.link.state is LinkState.IDLE


# --- keeping alive, noticing silence ---


def test_an_idle_session_says_a_word_each_ten_seconds(world: World) -> None:
    pings = 0

    for _ in range(6):
        world.wait(10.0)
        pings += len(world.sent)
        world.serve()

    assert pings == 6
    assert world.link.state is LinkState.OPEN
    assert not world.link.is_silent


def test_a_busy_one_still_pings_each_ten_seconds_since_much_is_repaired_then(
    world: World,
) -> None:
    for _ in range(300):
        world.link.queue(Typing(1).encode())
        world.link.handle_timer(world.now)
        world.turn()
        world.serve()
        world.now += 0.1

    assert len([frame for frame in world.heard if isinstance(frame, Ping)]) == 2


def test_where_datagrams_get_lost_what_goes_alone_goes_once_more_by_itself(world: World) -> None:
    assert world.server is not None
    world.server.queue(Typing(1, 3).encode())
    world.server.take_bursts(world.now)  # lost
    world.deliver(Typing(1, 3).encode())
    world.link.queue(Typing(1).encode())
    world.turn()

    echo = world.wait(0.1)

    assert len(echo) == 1
    assert world.serve() == [Typing(1), Typing(1)]


def test_an_unanswered_ping_is_repeated_and_then_silence_is_noticed(world: World) -> None:
    world.wait(10.0)
    before = world.link.is_silent

    world.wait(LOST_AFTER)

    assert not before
    assert world.link.is_silent
    assert world.link.state is LinkState.OPEN
    assert len(world.sent) > 5


def test_in_silence_pings_become_rare(world: World) -> None:
    world.wait(10.0 + LOST_AFTER + 10.0)

    assert len(world.wait(6.0)) <= 3


def test_any_word_of_the_server_ends_the_silence(world: World) -> None:
    world.wait(10.0 + LOST_AFTER)

    world.deliver(Typing(1, 7).encode())

    assert not world.link.is_silent
    assert world.wait(9.0) == []


def test_after_thirty_seconds_of_silence_a_new_session_is_made(world: World) -> None:
    world.wait(10.0 + DEAD_AFTER)
    state = world.link.state
    world.shake_hands()

    assert state is LinkState.HANDSHAKE
    assert world.link.state is LinkState.OPEN
    assert not world.link.is_silent


def test_who_expects_no_answer_is_not_lost(world: World) -> None:
    world.wait(9.0)

    assert not world.link.is_silent


def test_who_sent_something_that_must_be_answered_notices_silence_from_then_on(
    world: World,
) -> None:
    world.link.expect_answer(world.now)
    world.now += 1.0
    world.link.expect_answer(world.now)

    world.wait(LOST_AFTER - 1.0)

    assert world.link.is_silent


@given(st.floats(0, 1e7))
def test_a_timer_that_was_handled_is_not_due_again_whatever_the_clock_says(start: float) -> None:
    world = World()
    world.now = start
    world.connect()

    world.wait(120.0)  # asserts it at every step

    assert world.link.state is not LinkState.OPEN


def test_before_a_session_wears_out_a_new_one_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.link.session, "_number", RENEW_NUMBER)

    world.link.handle_timer(world.now)

    assert world.link.state is LinkState.HANDSHAKE


def test_before_a_sessions_lifetime_ends_a_new_one_is_made() -> None:
    world = World(limits=Limits(session_lifetime=RENEW_BEFORE + 60.0))
    world.connect()

    states = []
    for _ in range(7):
        states.append(world.link.state)
        world.wait(10.0)
        if world.link.state is LinkState.OPEN:
            world.serve()

    assert states == [LinkState.OPEN] * 6 + [LinkState.HANDSHAKE]


# --- ending ---


def test_leaving_is_said_three_times_each_in_a_datagram_of_its_own(world: World) -> None:
    world.link.disconnect(CloseCode.EXIT, world.now)
    sent = world.turn()
    frames = world.serve()

    assert len(sent) == 3
    assert frames == [Close(CloseCode.EXIT)] * 3
    assert (world.link.state, world.link.session) == (LinkState.IDLE, None)
    assert world.wait(3_600.0) == []


def test_leaving_in_the_moment_of_calling_takes_the_call_back() -> None:
    world = World()
    world.link.connect(SERVER, world.now)

    world.link.disconnect(CloseCode.EXIT, world.now)

    assert world.turn() == []


def test_leaving_before_there_is_a_session_says_nothing() -> None:
    world = World()
    world.link.connect(SERVER, world.now)
    world.turn()
    resp = world.resp()

    world.link.disconnect(CloseCode.EXIT, world.now)
    world.receive(resp)

    assert world.turn() == []
    assert world.told == []
    assert world.link.session is None


@pytest.mark.parametrize("after", [0.0, 0.5])
def test_trying_again_happens_at_once_or_after_a_pause(world: World, after: float) -> None:
    world.link.reconnect(world.now, after=after)
    session, at_once = world.link.session, world.turn()

    later = world.wait(after)

    assert session is None
    assert (len(at_once), len(later)) == ((1, 0) if not after else (0, 1))
    assert kind(world.sent[-1]) is DatagramType.INIT


# --- RESET ---


def test_a_server_that_proves_to_have_forgotten_us_gets_a_new_handshake_at_once(
    world: World,
) -> None:
    world.receive(Reset(world.session_id, TOKEN).encode(), ELSEWHERE)

    assert world.link.state is LinkState.HANDSHAKE
    assert [kind(datagram) for datagram in world.turn()] == [DatagramType.INIT]


@pytest.mark.parametrize(
    ("session_id", "token"),
    [(0, bytes(16)), (0, b"another token..."), (-1, TOKEN)],
)
def test_a_reset_with_another_token_or_for_another_session_is_ignored(
    world: World, session_id: int, token: bytes
) -> None:
    session = world.link.session

    world.receive(Reset(world.session_id + session_id, token).encode())

    assert world.link.session is session is not None
    assert world.turn() == []


def test_a_reset_without_a_session_is_ignored() -> None:
    world = World()

    world.receive(Reset(0, b"").encode().ljust(28, b"\0"))

    assert world.link.state is LinkState.IDLE


# --- forgeries ---


def test_h7_nothing_but_genuine_bytes_changes_anything(world: World) -> None:
    assert world.server is not None
    for place in range(14):
        world.server.queue(Typing(1, place + 1).encode())
    ((genuine,),) = [burst.datagrams for burst in world.server.take_bursts(world.now)]
    whole = int.from_bytes(genuine, "big")
    before = (world.link.session, world.link.next_timer())

    for bit in range(8 * len(genuine)):
        world.receive((whole ^ 1 << bit).to_bytes(len(genuine), "big"))
    for size in range(len(genuine)):
        world.receive(genuine[:size])
    world.receive(genuine + b"\0")
    forged = list(world.told)
    world.receive(genuine)
    world.receive(genuine)

    assert (world.link.session, world.link.next_timer()) == before
    assert forged == []
    assert len(world.told) == 14


@given(
    st.one_of(
        st.binary(max_size=1_300),
        st.tuples(st.sampled_from(DatagramType), st.binary(max_size=1_300)).map(
            lambda datagram: b"Rg\x01" + bytes([datagram[0]]) + datagram[1]
        ),
    ),
    st.booleans(),
)
def test_bytes_from_anyone_never_raise_and_never_change_the_session(
    datagram: bytes, is_open: bool
) -> None:
    world = World()
    if is_open:
        world.connect()
    else:
        world.link.connect(SERVER, world.now)
    session, state = world.link.session, world.link.state

    world.receive(datagram)

    assert (world.link.session, world.link.state) == (session, state)


def test_a_datagram_for_another_session_is_not_opened(world: World) -> None:
    other = World()
    other.connect()
    assert other.server is not None
    other.server.queue(Typing(1, 7).encode())
    ((datagram,),) = [burst.datagrams for burst in other.server.take_bursts(world.now)]

    world.receive(datagram)

    assert world.told == []
    assert world.link.session is not None
    assert world.link.session.forged == 0


# --- a server that breaks the rules ---


def test_genuine_frames_that_cannot_be_end_the_session_and_a_new_one_is_tried_after_a_pause(
    world: World,
) -> None:
    world.deliver(Typing(1, 7).encode(), b"\x7f\x00\x00")

    session, told = world.link.session, list(world.told)
    at_once, later = world.turn(), world.wait(PAUSE)

    assert (session, told, at_once) == (None, [], [])
    assert [kind(datagram) for datagram in later] == [DatagramType.INIT]


def test_so_do_frames_that_the_owner_finds_impossible(world: World) -> None:
    def refuse(frame: Frame) -> None:
        raise PeerError("a frame only clients send")

    world.on_frame = refuse
    world.deliver(Typing(1).encode())

    assert world.link.session is None
    assert world.link.state is LinkState.PAUSED


def test_an_owner_that_ended_the_session_before_it_complained_is_not_connected_again(
    world: World,
) -> None:
    def leave(frame: Frame) -> None:
        world.link.disconnect(CloseCode.EXIT, world.now)
        raise PeerError("and that was it")

    world.on_frame = leave
    world.deliver(Typing(1).encode())

    assert world.link.state is LinkState.IDLE
