"""H1 to H5, H12, H13, P6: floods, forgeries, false addresses, a second thread.

Floods go against real server processes on loopback; what must leave no trace inside is counted in a
core without a network. What is in test_hostile.py, the parts alone and replays are not here again.
"""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from attackers import Attacker, Flood, forged_data, memory_of, strange_inits, with_bad_cookies
from processes import World, a_world
from relay import Mischief, Relay
from server_parts import Chance, Guest, Room, limits
from simulated_network import Sent
from simulated_nodes import Stranger
from simulator import SERVER_ADDRESS, Simulator

from client_events import Connection, EndReason, Entered, EntryArrived
from protocol import (
    INIT_SIZE,
    PREFIX,
    RESET_SIZE,
    Address,
    DatagramType,
    Init,
    LocalError,
    Reset,
    Retry,
    encode_data_header,
)
from protocol_frames import Ping, Pong
from protocol_handshake import SessionKeys
from protocol_session import Session

pytestmark = pytest.mark.uncounted

FLOOD = 2.0  # s; make soak floods for a minute and states what it cost
GROWTH = 2 << 20  # bytes a flood may cost a server process


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def somebody_joins_and_speaks(world: World, text: str) -> None:
    """An honest person meanwhile, from an address of their own."""
    honest = world.entered("Honest", "--local", "127.0.0.5")
    honest.type(text)
    honest.event(status="OK")
    honest.event(event="entry", text=text)
    honest.close()


# --- H1 to H3: floods ---


@pytest.mark.socket
def test_h1_inits_without_good_cookies_get_little_cost_nothing_and_keep_nobody_out(
    world: World,
) -> None:
    server = world.server()
    ana = world.entered("Ana")
    datagrams = with_bad_cookies(Random(1), 2000)
    before = memory_of(server.process.pid)

    with (
        Attacker(("127.0.0.1", world.port)) as attacker,
        Flood(attacker, datagrams, FLOOD) as flood,
    ):
        somebody_joins_and_speaks(world, "banjir")
        ana.event(event="entry", text="banjir")

    assert flood.sent > 5000
    assert set(flood.kinds()) == {DatagramType.RETRY}
    assert flood.received_bytes() <= 0.05 * flood.sent_bytes
    assert memory_of(server.process.pid) - before <= GROWTH


def test_h1_inits_without_good_cookies_leave_nothing_behind(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        datagrams = with_bad_cookies(Random(1), 200)
        timer = room.core.next_timer()
        room.receive(datagrams[0], ("10.0.7.0", 7000))
        tracemalloc.start()

        for turn in range(10_000):
            address = (f"10.0.{turn % 250}.{turn // 250}", 7000 + turn)
            room.core.receive_datagram(datagrams[turn % 200], address, room.now)
            if turn % 100 == 0:
                list(room.core.bursts_to_send(room.now))
        list(room.core.bursts_to_send(room.now))
        growth, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert growth < 20_000
        assert room.core.next_timer() == timer


@pytest.mark.socket
def test_h2_one_address_gets_twenty_handshakes_a_second_and_others_get_in(world: World) -> None:
    server = world.server()
    before = memory_of(server.process.pid)

    with Attacker(("127.0.0.1", world.port)) as attacker:
        datagrams = attacker.cookies(strange_inits(Random(2), 1000))
        with Flood(attacker, datagrams, FLOOD) as flood:
            somebody_joins_and_speaks(world, "masih muat")

    assert len(datagrams) > 500
    assert flood.sent > 5000
    assert 0 < flood.handshakes() <= 40 + 20 * (flood.seconds + 1)
    assert flood.received_bytes() <= flood.sent_bytes / 3
    assert memory_of(server.process.pid) - before <= GROWTH


@pytest.mark.socket
def test_h3_forged_data_under_a_live_session_id_costs_the_session_nothing(world: World) -> None:
    server = world.server()
    before = memory_of(server.process.pid)

    with Relay(("127.0.0.1", world.port), Mischief()) as relay:
        real, world.port = world.port, relay.address[1]
        ana = world.entered("Ana")
        world.port = real
        sealed = [d for d in relay.recording if d[3] == DatagramType.DATA_TO_SERVER]
        session_id = int.from_bytes(sealed[-1][4:12], "big")
        datagrams = forged_data(Random(3), lambda _: session_id, 2000)
        with (
            Attacker(("127.0.0.1", real)) as attacker,
            Flood(attacker, datagrams, FLOOD) as flood,
        ):
            for turn in range(20):
                ana.type(f"kata {turn}")
                ana.event(event="entry", text=f"kata {turn}")
            somebody_joins_and_speaks(world, "dua")
        ana.type("tiga")
        ana.event(event="entry", text="tiga")

    assert flood.sent > 5000
    assert flood.received == []
    # The same session all the time: nobody came back, and nobody had to.
    assert [line for line in ana.lines if '"state": "lost"' in line] == []
    assert memory_of(server.process.pid) - before <= GROWTH


# --- H4, H5: what a crowd can make a server keep ---


def test_h4_a_hundred_thousand_unknown_session_ids_leave_nothing_and_get_few_resets(
    tmp_path: Path,
) -> None:
    with Room(tmp_path) as room:
        chance = Random(4)
        ids = [chance.getrandbits(64) for _ in range(1000)]
        datagrams = forged_data(chance, lambda turn: ids[turn], 1000)
        resets = 0
        for turn in range(100_000):
            now = room.now + turn / 10_000  # ten seconds
            address = (f"10.0.{turn % 250}.{turn % 241}", 7000)
            room.core.receive_datagram(datagrams[turn % 1000], address, now)
            if turn % 1000 == 999:
                sent = [d for burst in room.core.bursts_to_send(now) for d in burst.datagrams]
                assert all(len(datagram) == RESET_SIZE for datagram in sent)
                resets += len(sent)
            if turn == 80_000:  # as many addresses as are ever remembered are by now
                tracemalloc.start()
        growth, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert 0 < resets <= 500 + 500 * 10
        assert growth < 1 << 20  # they take each other's place


def shaken(room: Room, count: int, hosts: int, network: str) -> list[Guest]:
    """So many peers with a session, who say nothing in it yet."""
    guests = []
    for turn in range(count):
        guest = room.guest(f"{network}.{turn % hosts}", 20_000 + turn)
        room.core.receive_datagram(guest.init(), guest.address, room.now)
        room.end_turn()
        room.core.receive_datagram(guest.init_again(), guest.address, room.now)
        room.end_turn()
        assert guest.payload is not None
        guests.append(guest)
    return guests


def answered(guests: list[Guest]) -> int:
    """To how many of them their session still means something at the server."""
    for guest in guests:
        guest.frames.clear()
        guest.send(Ping(1).encode())
    return sum(any(isinstance(frame, Pong) for frame in guest.frames) for guest in guests)


def test_h5_half_open_and_silent_sessions_are_bounded_and_keep_nobody_out(tmp_path: Path) -> None:
    many = {
        "handshakes_per_address": 1e6,
        "handshake_burst": 1e6,
        "handshakes_in_all": 1e6,
        "resets_in_all": 1.0,
    }
    with Room(tmp_path, limits=limits(**many)) as room:
        silent = shaken(room, 1100, hosts=150, network="10.1.0")
        assert answered(silent) == 1100  # each as it came; the oldest of them had to go again
        half_open = shaken(room, 2100, hosts=200, network="10.2.0")
        begin = room.now

        honest = room.comes("Ana", "10.3.0.1")
        honest.say("masih muat")

        assert room.now - begin <= 3.0
        assert honest.entered is not None
        assert 999 <= answered(silent) <= 1000  # one more went for the honest one
        alive = answered(half_open)  # and thereby open, so that the same bound is theirs now
        assert 0 < alive <= 2000
        room.pass_time(30)
        assert answered([*silent, *half_open]) == 0  # nobody of them ever entered
        honest.frames.clear()
        honest.send(Ping(1).encode())
        assert any(isinstance(frame, Pong) for frame in honest.frames)


def test_h5_half_open_sessions_of_one_address_push_out_each_other_alone(tmp_path: Path) -> None:
    many = {"handshakes_per_address": 1e6, "handshake_burst": 1e6}
    with Room(tmp_path, limits=limits(**many)) as room:
        others = shaken(room, 10, hosts=10, network="10.1.0")

        greedy = shaken(room, 100, hosts=1, network="10.2.0")

        assert answered(others) == 10
        assert answered(greedy) == 16


def test_who_overhears_an_init_cannot_take_its_place(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        ana = room.guest("10.0.0.2")
        room.receive(ana.init(), ana.address)
        overheard = Init.decode(ana.init_again())
        mallory = ("10.0.9.9", 9)
        own = Init(overheard.client_id, b"\x09" + bytes(31), bytes(24))
        room.take_strays()
        room.receive(own.encode(), mallory)
        ((_, retry),) = room.take_strays()

        cookie = Retry.decode(retry).cookie
        room.receive(Init(own.client_id, own.ephemeral, cookie).encode(), mallory)
        room.receive(ana.init_again(), ana.address)

        assert ana.payload is not None


# --- H12: one thread seals ---


def session_pair() -> tuple[Session, Session]:
    """Both ends of one session."""
    ends = []
    for is_server in (False, True):
        keys = SessionKeys(
            receive_id=2 - is_server,
            send_id=1 + is_server,
            receive_key=bytes([is_server]) * 32,
            send_key=bytes([not is_server]) * 32,
            handshake_hash=bytes(32),
            server_key=bytes(32),
        )
        ends.append(
            Session(
                keys,
                is_server=is_server,
                address=("10.0.0.2", 1),
                random_bytes=Chance("session"),
                now=0.0,
            )
        )
    return ends[0], ends[1]


def test_h12_no_other_thread_can_seal_so_no_number_is_ever_drawn_twice() -> None:
    session, _ = session_pair()
    raised: list[BaseException] = []
    sealed: list[bytes] = []

    def seal(times: int) -> None:
        for _ in range(times):
            session.queue(Ping(1).encode())
            try:
                for burst in session.take_bursts(1.0):
                    sealed.extend(burst.datagrams)
            except LocalError as error:
                raised.append(error)

    threads = [threading.Thread(target=seal, args=(2000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    seal(2000)
    for thread in threads:
        thread.join()

    numbers = [int.from_bytes(datagram[12:20], "big") for datagram in sealed]
    assert numbers == list(range(len(numbers)))
    assert len(raised) == 8 * 2000
    assert len(numbers) >= 2000


# --- H13: reflection ---


def pass_between(one: Room, other: Room, first: bytes, turns: int) -> int:
    """Everything that either sends anywhere goes to the other as if from the first; how much."""
    passed = 0
    waiting = [(other, first)]
    for _ in range(turns):
        if not waiting:
            break
        room, datagram = waiting.pop(0)
        room.receive(datagram, ("10.0.0.1", 8083))
        answers = [sent for _, sent in room.take_strays()]
        passed += len(answers)
        waiting += [(one if room is other else other, sent) for sent in answers]
    return passed


def server_sent(room: Room) -> dict[DatagramType, bytes]:
    """One datagram of each type that a server sends."""
    guest = room.guest("10.0.0.2")
    room.receive(guest.init(), guest.address)
    room.receive(guest.init_again(), guest.address)
    guest.send(Ping(1).encode())
    room.receive(forged_data(Random(1), lambda _: 77, 1)[0], guest.address)
    (_, reset) = room.take_strays()[-1]
    found = {DatagramType(datagram[3]): datagram for datagram in [*guest.received, reset]}
    assert set(found) == {
        DatagramType.RETRY,
        DatagramType.RESP,
        DatagramType.DATA_TO_CLIENT,
        DatagramType.RESET,
    }
    return found


def test_h13_two_servers_pointed_at_each_other_fall_silent_at_once(tmp_path: Path) -> None:
    with Room(tmp_path / "one") as one, Room(tmp_path / "other") as other:
        for datagram in server_sent(one).values():
            assert pass_between(one, other, datagram, turns=100) == 0
            assert pass_between(one, one, datagram, turns=100) == 0


def test_h13_a_question_in_a_server_s_name_goes_back_and_forth_once(tmp_path: Path) -> None:
    init = strange_inits(Random(1), 1)[0].encode()
    unknown = forged_data(Random(1), lambda _: 77, 1)[0]
    with Room(tmp_path / "one") as one, Room(tmp_path / "other") as other:
        assert pass_between(one, other, init, turns=100) == 1
        assert pass_between(one, other, unknown, turns=100) == 1


@pytest.mark.parametrize("prefix", [b"Rg\x00", b"Rg\x02", b"\0\0\0", b"rg\x01"])
@pytest.mark.parametrize("kind", list(DatagramType))
def test_datagrams_of_other_programs_and_versions_are_never_answered(
    prefix: bytes, kind: DatagramType, tmp_path: Path
) -> None:
    with Room(tmp_path) as room:
        for size in (20, 28, 36, 60, 500, INIT_SIZE):
            for rest in (b"\0", b"\x01"):
                room.receive((prefix + bytes([kind])).ljust(size, rest), ("10.0.9.9", 9))
        room.receive(prefix + strange_inits(Random(1), 1)[0].encode()[3:], ("10.0.9.9", 9))

        assert room.take_strays() == []


# --- P6: never plaintext, never an older version ---


def on_the_way(network: Simulator, change: Callable[[Sent], list[bytes]]) -> None:
    network.network.filters.append(change)


@pytest.mark.parametrize(
    ("place", "value"),
    [(2, 0), (2, 2), (68, 1), (69, 0), (69, 2), (70, 0), (70, 2), (70, 255)],
    ids=lambda number: str(number),
)
def test_p6_whoever_changes_version_or_suite_on_the_way_prevents_and_wins_nothing(
    place: int, value: int
) -> None:
    with Simulator(1, record=True) as network:

        def change(sent: Sent) -> list[bytes]:
            datagram = bytearray(sent.datagram)
            if datagram[3] == DatagramType.INIT or place == 2:
                datagram[place] = value
            return [bytes(datagram)]

        on_the_way(network, change)
        ana = network.client("Ana")
        network.run(seconds=9)

        kinds = {sent.datagram[3] for sent in network.recording if sent.source == ana.address}
        assert kinds == {DatagramType.INIT}
        assert ana.saw(Entered) == []


def test_p6_a_server_that_answers_anything_else_hears_nothing_but_inits() -> None:
    with Simulator(1, record=True) as network:
        network.server.kill()
        network.network.remove(network.server)
        false = Stranger("false server", SERVER_ADDRESS, network.network)
        chance = network.random("answers")

        def answer(datagram: bytes, source: Address) -> None:
            client_id = datagram[4:12]
            for kind in (*range(16), DatagramType.DATA_TO_CLIENT, 0x20, 0xFF):
                for version in (0, 1, 2):
                    head = b"Rg" + bytes([version, kind]) + client_id
                    false.send(head + bytes(300), source)
                    false.send(head + chance.randbytes(200), source)
            false.send(b'{"room": "open", "password": false}', source)

        false.on_arrival = answer
        ana = network.client("Ana")
        network.run(seconds=15)

        assert {datagram[:4] for datagram, _ in false.received} == {PREFIX + b"\x01"}
        # INIT holds an id, a key and a cookie: nothing that anybody could take for a secret.
        assert all(datagram[71:] == bytes(INIT_SIZE - 71) for datagram, _ in false.received)
        assert len(false.received) < 500  # a false RETRY is no lever either
        assert ana.ended is not None
        assert ana.ended.reason is EndReason.UNREACHABLE


def test_p6_a_forged_reset_ends_nothing_and_the_right_one_only_brings_back() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=1)
        ids = {
            int.from_bytes(sent.datagram[4:12], "big")
            for sent in network.recording
            if sent.datagram[3] == DatagramType.DATA_TO_SERVER
        }
        mallory = network.stranger()
        ana.events.clear()
        budi.events.clear()
        chance = network.random("tokens")

        for session_id in ids:
            for token in (bytes(16), chance.randbytes(16)):
                for source in (mallory.address, SERVER_ADDRESS):
                    for one in (ana, budi):
                        mallory.send(Reset(session_id, token).encode(), one.address, source)
        network.run(seconds=2)
        ana.say("masih di sini")
        network.check_healed()

        for one in (ana, budi):
            assert one.connection is Connection.HERE
            assert one.saw(Entered) == []
        assert [event.entry.text for event in budi.saw(EntryArrived)] == ["masih di sini"]


def test_p6_resets_in_a_victim_s_name_get_it_nothing_but_few_small_answers() -> None:
    with Simulator(1, record=True) as network:
        mallory = network.stranger()
        victim = ("10.0.7.7", 7777)

        for number in range(500):
            header = encode_data_header(DatagramType.DATA_TO_SERVER, number, 0)
            mallory.send(header + bytes(16), SERVER_ADDRESS, source=victim)
        network.run(seconds=1)

        got = [sent.datagram for sent in network.recording if sent.destination == victim]
        assert len(got) <= 20
        assert sum(map(len, got)) < 500 * (20 + 16) / 30
