"""Files between real clients through a real server, over bad networks and through disasters."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from client_file_parts import made, note_of
from simulated_network import Sent
from simulated_nodes import Program
from simulator import Client, Simulator

from client_events import AddGroup, JoinGroup, OpenPrivate
from client_file_events import FileEnded
from conversation import ROOM
from protocol import BLOCK, MAX_DATAGRAM, Code
from transfer_blocks import block_count

pytestmark = pytest.mark.uncounted

SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 1_000_000]
SPEED, BURST = 4_000_000.0, 100_000.0  # of a Line: bytes a second, and bytes at once
STORM: dict[str, Any] = {"loss": 0.3, "duplication": 0.25, "reordering": 0.25}


def share(network: Simulator, sender: Client, data: bytes, conversation: int = ROOM) -> float:
    """How long it took."""
    ticket = sender.send_file(conversation, "foto.png", data)
    spent = network.run_until(lambda: ticket in sender.files, within=600)
    assert sender.files[ticket] == FileEnded(ticket, note_of(data), is_upload=True)
    return spent


def fetch(network: Simulator, receiver: Client, data: bytes, conversation: int = ROOM) -> float:
    network.run_until(lambda: note_of(data) in receiver.notes(conversation))
    ticket = receiver.fetch_file(note_of(data))
    spent = network.run_until(lambda: ticket in receiver.files, within=600)
    check_saved(receiver, ticket, data)
    return spent


def check_saved(receiver: Client, ticket: int, data: bytes) -> None:
    ended = receiver.files[ticket]
    assert ended.trouble is None
    assert ended.path is not None
    assert ended.path.read_bytes() == data


@pytest.mark.parametrize("weather", [{}, STORM], ids=["good", "storm"])
@pytest.mark.parametrize("size", SIZES)
def test_a_file_for_the_room_arrives_as_it_was_whatever_the_weather(
    size: int, weather: dict[str, Any]
) -> None:
    with Simulator(size, **weather) as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(size)

        share(network, ana, data)
        fetch(network, budi, data)

        network.check_healed()


class Line:
    """From one program to another, with an end to its speed: what is too much is lost.

    It carries no large datagrams, so that each that is full holds one block.
    """

    def __init__(self, network: Simulator, source: Program, destination: Program) -> None:
        self.blocks = 0  # that came to a running program
        self._network = network
        self._ends = source.address, destination.address
        self._destination = destination
        self._room = BURST
        self._at = network.now
        self._actions: dict[int, Callable[[], None]] = {}
        network.network.filters.append(self._carry)

    def when(self, blocks: int, action: Callable[[], None]) -> None:
        """Does something once so many have come."""
        self._actions[blocks] = action

    def _carry(self, sent: Sent) -> list[bytes]:
        if (sent.source, sent.destination) != self._ends:
            return [sent.datagram]
        now, size = self._network.now, len(sent.datagram)
        self._room = min(BURST, self._room + SPEED * (now - self._at))
        self._at = now
        if size > min(self._room, MAX_DATAGRAM):
            return []
        self._room -= size
        if size > BLOCK and self._destination.is_running:
            self.blocks += 1
            if self.blocks in self._actions:
                self._network.after(0.0, self._actions.pop(self.blocks))
        return [sent.datagram]


def restart(network: Simulator, client: Client) -> None:
    network.run(seconds=1.0)
    client.join()
    network.run_until(lambda: client.entered is not None)


class Killing:
    """Somebody dies when some share of a file has come, or in the middle of a turn a bit later."""

    def __init__(self, network: Simulator, line: Line, blocks: int, who: Program) -> None:
        chance = network.random("killing")
        self.arrived = int(chance.uniform(0.01, 0.99) * blocks)
        self._blocks = blocks
        self._line = line
        steps = chance.choice((None, chance.randrange(10)))
        line.when(self.arrived, who.kill if steps is None else lambda: who.kill_after(steps))
        network.run_until(lambda: not who.is_running)

    def check(self) -> None:
        """A twentieth of what had come was sent again, at most; what was cut off is a block."""
        assert self._line.blocks <= self._blocks + max(1, 0.05 * self.arrived)


def check_names(network: Simulator) -> None:
    """What has a name is whole and verified, on all computers."""
    whole = [path for path in (network.server.folder / "files").iterdir() if path.is_file()]
    for path in whole:
        assert path.name == sha256(path.read_bytes()).hexdigest()
    for client in network.all_clients:
        for path in (client.computer / "Downloads").glob("*.*"):
            assert path.is_dir() or sha256(path.read_bytes()).digest() in SHARED


SHARED = {sha256(made(size)).digest() for size in (1_000_000, 1_500_000)}


@pytest.mark.parametrize("seed", range(5))
def test_t5_a_sender_that_is_killed_sends_a_twentieth_again_at_most(seed: int) -> None:
    with Simulator(f"sender {seed}") as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(1_000_000)
        line = Line(network, ana, network.server)

        ana.send_file(ROOM, "foto.png", data)
        killing = Killing(network, line, block_count(len(data)), ana)
        check_names(network)
        restart(network, ana)
        share(network, ana, data)

        killing.check()
        fetch(network, budi, data)
        check_names(network)
        network.check_healed()


@pytest.mark.parametrize("seed", range(5))
def test_t5_a_receiver_that_is_killed_asks_for_a_twentieth_again_at_most(seed: int) -> None:
    with Simulator(f"receiver {seed}") as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(1_500_000)
        share(network, ana, data)
        line = Line(network, network.server, budi)

        network.run_until(lambda: note_of(data) in budi.notes())
        budi.fetch_file(note_of(data))
        killing = Killing(network, line, block_count(len(data)), budi)
        check_names(network)
        restart(network, budi)

        fetch(network, budi, data)
        killing.check()
        check_names(network)
        network.check_healed()


@pytest.mark.parametrize("seed", range(5))
def test_t5_a_server_that_is_killed_asks_for_a_twentieth_again_at_most(seed: int) -> None:
    with Simulator(f"server {seed}") as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(1_500_000)
        line = Line(network, ana, network.server)

        ticket = ana.send_file(ROOM, "foto.png", data)
        killing = Killing(network, line, block_count(len(data)), network.server)
        check_names(network)
        network.run(seconds=1.0)
        network.server.start()
        network.run_until(lambda: ticket in ana.files)

        assert ana.files[ticket].trouble is None
        killing.check()
        fetch(network, budi, data)
        check_names(network)
        network.check_healed()


def test_a_download_goes_on_when_the_server_was_killed() -> None:
    with Simulator("download") as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(1_000_000)
        share(network, ana, data)
        line = Line(network, network.server, budi)
        line.when(500, network.server.kill)

        network.run_until(lambda: note_of(data) in budi.notes())
        ticket = budi.fetch_file(note_of(data))
        network.run_until(lambda: not network.server.is_running)
        network.run(seconds=1.0)
        network.server.start()
        network.run_until(lambda: ticket in budi.files)

        check_saved(budi, ticket, data)
        assert line.blocks <= 1.05 * block_count(len(data))
        network.check_healed()


def test_a_file_for_a_group_is_for_its_members() -> None:
    with Simulator("group", **STORM) as network:
        ana, budi, cici = network.clients("ana", "budi", "cici")
        network.everybody_enters()
        ana.ask(AddGroup(ana.ticket(), "kelas"))
        network.run_until(lambda: ana.group("kelas") > 0)
        budi.ask(JoinGroup(budi.ticket(), "kelas"))
        network.run_until(lambda: budi.group("kelas") > 0)
        data, group = made(100_000), ana.group("kelas")

        share(network, ana, data, group)
        fetch(network, budi, data, group)
        ticket = cici.fetch_file(note_of(data))
        network.run_until(lambda: ticket in cici.files)

        assert cici.files[ticket].trouble is Code.FILE_MISSING
        network.check_healed()


def test_a_file_for_one_person_is_for_them_alone() -> None:
    with Simulator("private", **STORM) as network:
        ana, budi, cici = network.clients("ana", "budi", "cici")
        cici.keeps_trying = True  # 3 of her first 12 INITs get through, and no answer
        network.everybody_enters()
        ana.ask(OpenPrivate(ana.ticket(), "budi"))
        network.run_until(lambda: ana.private("budi") > 0)
        data = made(100_000)

        share(network, ana, data, ana.private("budi"))
        network.run_until(lambda: budi.private("ana") > 0)
        fetch(network, budi, data, budi.private("ana"))
        ticket = cici.fetch_file(note_of(data))
        network.run_until(lambda: ticket in cici.files)

        assert cici.files[ticket].trouble is Code.FILE_MISSING
        network.check_healed()


def test_what_is_said_meanwhile_arrives_meanwhile() -> None:
    with Simulator("chat") as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(2_000_000)
        Line(network, ana, network.server)
        ticket = ana.send_file(ROOM, "foto.png", data)

        ana.say_slowly(0.02, *(f"teks {number}" for number in range(20)))
        network.run_until(lambda: ticket in ana.files)

        assert ana.files[ticket].trouble is None
        assert len(budi.texts()) >= 15
        assert max(ana.latencies) < 0.2
        network.check_healed()


@pytest.mark.parametrize("seed", range(6))
def test_a_file_arrives_whatever_is_killed_however_often(seed: int) -> None:
    with Simulator(f"kills {seed}", **STORM) as network:
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data, chance = made(300_000), network.random("kills")
        programs = (network.server, ana, budi)

        def kill_one() -> None:
            chance.choice(programs).kill_after(chance.randrange(300))

        network.every(0.4, 12, kill_one)
        goal = network.now + 60.0
        sent = fetched = 0  # tickets, of this life
        while network.now < goal and not is_saved(budi, fetched):
            network.run(seconds=0.2)
            if not network.server.is_running:
                network.server.start()
            for one in (ana, budi):
                if not one.is_running:
                    one.join()
                    sent, fetched = (0, fetched) if one is ana else (sent, 0)
            if ana.entered and note_of(data) not in ana.notes() and sent in {0, *ana.files}:
                sent = ana.send_file(ROOM, "foto.png", data)
            is_told = budi.entered and note_of(data) in budi.notes()
            if is_told and fetched in {0, *budi.files} and not is_saved(budi, fetched):
                fetched = budi.fetch_file(note_of(data))

        check_saved(budi, fetched, data)
        network.check_healed()


def is_saved(client: Client, ticket: int) -> bool:
    return ticket in client.files and client.files[ticket].trouble is None
