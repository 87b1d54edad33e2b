import ipaddress
import itertools
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

import endpoint
from endpoint import Driver, bind, bound_address, is_in_use, local_addresses, resolve
from protocol import Address, Burst, Job

pytestmark = pytest.mark.socket

PATIENCE = 10.0  # seconds until a test that waits for nothing gives up


@dataclass
class Echo:
    """A core: sends back what it gets, does as it is told, reports all that happens to it."""

    outgoing: list[Burst] = field(default_factory=list)
    events: deque[object] = field(default_factory=deque)
    jobs: deque[Job] = field(default_factory=deque)
    timer: float | None = None
    is_done: bool = False

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        self.outgoing.append(Burst(address, [datagram, datagram[::-1]]))
        self.events.append((datagram, address))

    def handle_command(self, command: object, now: float) -> None:
        match command:
            case Burst():
                self.outgoing.append(command)
            case Job():
                self.jobs.append(command)
            case float():
                self.timer = now + command
            case "thread":
                self.events.append(threading.current_thread().name)
            case "break":
                raise RuntimeError("a defect")
            case "end":
                self.outgoing.append(Burst(("127.0.0.1", 9), [b"bye"]))
                self.is_done = True
            case _:
                pass
        self.events.append(command)

    def handle_result(self, key: int, result: object, now: float) -> None:
        self.events.append((key, result))

    def handle_timer(self, now: float) -> None:
        assert self.timer is not None
        assert now >= self.timer
        self.timer = None
        self.events.append("rang")

    def next_timer(self) -> float | None:
        return self.timer

    def bursts_to_send(self, now: float) -> list[Burst]:
        bursts, self.outgoing = self.outgoing, []
        return bursts

    def next_event(self) -> object | None:
        return self.events.popleft() if self.events else None

    def next_job(self) -> Job | None:
        return self.jobs.popleft() if self.jobs else None


@dataclass
class Running:
    """A driver with an Echo on a free port, and what comes out of it."""

    driver: Driver[object, object]
    address: Address
    events: "queue.SimpleQueue[object]"
    crashes: "queue.SimpleQueue[str]"

    def event(self) -> object:
        return self.events.get(timeout=PATIENCE)


@contextmanager
def run_echo() -> Iterator[Running]:
    sock = bind("127.0.0.1", 0)
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    crashes: queue.SimpleQueue[str] = queue.SimpleQueue()
    address = bound_address(sock)
    driver: Driver[object, object] = Driver(
        Echo,
        sock,
        clock=time.monotonic,
        on_event=events.put,
        on_crash=crashes.put,
        at_end=lambda: events.put(("end", threading.current_thread().name)),
        name="echo",
    )
    driver.start()
    try:
        yield Running(driver, address, events, crashes)
    finally:
        driver.stop()


@pytest.fixture
def running() -> Iterator[Running]:
    with run_echo() as echo:
        yield echo


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE)
        yield sock


def test_datagrams_go_to_the_core_and_its_bursts_come_back(
    running: Running, peer: socket.socket
) -> None:
    peer.sendto(b"abc", running.address)

    assert [peer.recv(100), peer.recv(100)] == [b"abc", b"cba"]
    assert running.event() == (b"abc", peer.getsockname())


def test_the_largest_datagram_passes(running: Running, peer: socket.socket) -> None:
    peer.sendto(bytes(32_000), running.address)

    assert len(peer.recv(65_535)) == 32_000


@pytest.mark.parametrize("system", ["as it is", "without UDP_SEGMENT and UDP_GRO"])
def test_many_datagrams_of_one_sender_arrive_one_by_one_and_in_order(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if system != "as it is":
        monkeypatch.setattr(endpoint, "_can_segment", lambda _: False)
        monkeypatch.setattr(endpoint, "_can_join", lambda _: False)
    sizes = [1_200] * 100 + [1_100, 16, 1_200, 40, 40, 30_000, 30_000, 1]
    datagrams = [bytes([number]) * size for number, size in enumerate(sizes)]

    with run_echo() as receiver, run_echo() as sender:
        sender.driver.submit(Burst(receiver.address, datagrams))
        arrived = [receiver.event() for _ in datagrams]

    assert arrived == [(datagram, sender.address) for datagram in datagrams]


def test_commands_reach_the_core_on_its_own_thread_in_order(running: Running) -> None:
    for number in range(2_000):  # more than one turn takes
        running.driver.submit(number)
    running.driver.submit("thread")

    assert [running.event() for _ in range(2_000)] == list(range(2_000))
    assert running.event() == "echo"


def test_a_timer_rings_without_anything_else_happening(running: Running) -> None:
    running.driver.submit(0.02)

    assert [running.event(), running.event()] == [0.02, "rang"]


def test_long_work_runs_elsewhere_and_its_result_comes_back(running: Running) -> None:
    running.driver.submit(Job(7, lambda: threading.current_thread().name))
    running.event()

    assert running.event() == (7, "echo-worker")


def test_work_that_fails_hands_over_its_error(running: Running) -> None:
    error = OSError("disk")

    def fail() -> object:
        raise error

    running.driver.submit(Job(8, fail))
    running.event()

    assert running.event() == (8, error)


def test_stopping_does_what_was_begun_and_what_is_quick(running: Running) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        go_on.wait(PATIENCE)
        done.append("begun")

    running.driver.submit(Job(1, slow))
    running.driver.submit(Job(2, lambda: done.append("waiting")))
    assert begun.wait(PATIENCE)
    running.event()
    running.event()
    go_on.set()
    running.driver.stop()

    assert done == ["begun", "waiting"]


def test_stopping_waits_for_no_pile_of_work(running: Running) -> None:
    never, done = threading.Event(), queue.SimpleQueue[int]()

    def work(number: int) -> None:
        never.wait(0.1)
        done.put(number)

    pile = [Job(number, partial(work, number)) for number in range(200)]
    for job in pile:
        running.driver.submit(job)
    while running.event() != pile[-1]:
        pass
    running.driver.stop()

    assert done.qsize() < len(pile) / 2


def test_a_send_that_fails_is_counted_and_harmless(running: Running, peer: socket.socket) -> None:
    running.driver.submit(Burst(("127.0.0.1", 9), [bytes(70_000)]))
    running.event()
    peer.sendto(b"on", running.address)

    assert peer.recv(100) == b"on"
    assert running.driver.counters.send_failures == 1


@pytest.mark.parametrize(
    "address",
    [
        ("127.0.0.1", 0),
        ("255.255.255.255", 9),
        ("224.0.0.1", 9),
        ("ff02::1", 9),
        ("0.0.0.0", 9),
        ("a name", 9),
    ],
)
def test_nothing_is_ever_sent_to_a_crowd_or_to_nobody(running: Running, address: Address) -> None:
    running.driver.submit(Burst(address, [b"x", b"y"]))
    running.event()
    running.driver.stop()

    assert running.driver.counters.send_failures == 2


def test_a_core_that_is_done_ends_the_threads_after_its_last_words(running: Running) -> None:
    running.driver.submit("end")

    assert running.driver.wait(PATIENCE)
    assert [running.event(), running.event()] == ["end", ("end", "echo")]
    running.driver.submit("into the void")
    running.driver.stop()


def test_a_defect_is_reported_and_everything_still_closed(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.driver.submit("break")

    assert running.crashes.get(timeout=PATIENCE) == "RuntimeError: a defect"
    assert running.event() == ("end", "echo")
    assert "a defect" in caplog.text


def make_driver(make_core: Callable[[], Echo], sock: socket.socket) -> Driver[object, object]:
    return Driver(make_core, sock, clock=time.monotonic, on_event=print, on_crash=print)


def test_a_core_that_cannot_be_made_raises_where_it_was_started() -> None:
    def fail() -> Echo:
        raise OSError("folder in use")

    sock = bind("127.0.0.1", 0)
    driver = make_driver(fail, sock)

    with pytest.raises(OSError, match="folder in use"):
        driver.start()
    assert sock.fileno() == -1


def test_stopping_twice_is_harmless() -> None:
    driver = make_driver(Echo, bind("127.0.0.1", 0))
    driver.start()

    driver.stop()
    driver.stop()


def test_ipv6_peers_are_known_by_plain_addresses() -> None:
    try:
        sock = bind("::1", 0)
    except OSError:
        pytest.skip("this computer has no IPv6")
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    address = bound_address(sock)
    driver: Driver[object, object] = Driver(
        Echo, sock, clock=time.monotonic, on_event=events.put, on_crash=print
    )
    driver.start()
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
            peer.bind(("::1", 0))
            peer.settimeout(PATIENCE)
            peer.sendto(b"six", address)
            assert peer.recv(100) == b"six"
            assert events.get(timeout=PATIENCE) == (b"six", peer.getsockname()[:2])
    finally:
        driver.stop()


def test_a_socket_on_every_network_speaks_both_languages(peer: socket.socket) -> None:
    try:
        sock = bind("::", 0)
    except OSError:
        pytest.skip("this computer has no IPv6")
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    _, port = bound_address(sock)
    driver: Driver[object, object] = Driver(
        Echo, sock, clock=time.monotonic, on_event=events.put, on_crash=print
    )
    driver.start()
    try:
        peer.sendto(b"four", ("127.0.0.1", port))
        assert peer.recv(100) == b"four"
        assert events.get(timeout=PATIENCE) == (b"four", peer.getsockname())
    finally:
        driver.stop()


# --- addresses ---


def test_a_port_belongs_to_one_program() -> None:
    with bind("127.0.0.1", 0) as sock, pytest.raises(OSError) as refused:  # noqa: PT011
        bind(*bound_address(sock))

    assert is_in_use(refused.value)


@pytest.mark.parametrize("host", ["999.1.1.1", "no such", "192.0.2.77", "127.0..1", "x" * 70])
def test_an_address_that_is_not_ours_cannot_be_bound(host: str) -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011
        bind(host, 0)

    assert not is_in_use(refused.value)


def test_a_number_is_resolved_without_asking_anybody() -> None:
    assert resolve("127.0.0.1", 9) == ("127.0.0.1", 9)
    assert resolve("::1", 9) == ("::1", 9)


@pytest.mark.parametrize(
    ("host", "port"), [("224.0.0.1", 9), ("255.255.255.255", 9), ("0.0.0.0", 9)]
)
def test_nobody_can_be_asked_to_join_a_crowd(host: str, port: int) -> None:
    with pytest.raises(OSError, match="no address"):
        resolve(host, port)


@pytest.mark.parametrize("host", ["127.0..1", "x" * 70, "\udcff", ""])
def test_what_can_be_no_name_has_no_address(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011
        resolve(host, 9)


def test_own_addresses_are_listed_once_and_loopback_last() -> None:
    addresses = local_addresses()

    parsed = [ipaddress.ip_address(address.partition("%")[0]) for address in addresses]
    loopback = [address.is_loopback for address in parsed]
    assert len(set(addresses)) == len(addresses)
    assert "127.0.0.1" in addresses
    assert loopback == sorted(loopback)


def test_own_addresses_can_be_bound() -> None:
    for address in local_addresses():
        if ":" not in address:
            bind(address, 0).close()


def test_a_flood_does_not_starve_commands(running: Running, peer: socket.socket) -> None:
    send = partial(peer.sendto, bytes(100), running.address)
    for _ in range(3_000):
        send()
    running.driver.submit("command")

    seen = 0
    while running.event() != "command":
        seen += 1
    assert seen <= 3_000


def test_each_datagram_has_the_time_at_which_it_was_taken(peer: socket.socket) -> None:
    times: queue.SimpleQueue[float] = queue.SimpleQueue()
    ticks = map(float, itertools.count())

    class Watch(Echo):
        def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
            times.put(now)

    sock = bind("127.0.0.1", 0)
    for size in (10, 30, 20):  # they wait when the first turn begins
        peer.sendto(bytes(size), bound_address(sock))
    driver: Driver[object, object] = Driver(
        Watch, sock, clock=lambda: next(ticks), on_event=print, on_crash=print
    )
    driver.start()
    try:
        taken = [times.get(timeout=PATIENCE) for _ in range(3)]
    finally:
        driver.stop()

    assert taken[0] < taken[1] < taken[2]
