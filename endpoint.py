"""One UDP socket, the network thread that runs a core on it, and one worker for its long jobs.

Band: adapters. The only module that knows sockets. Imports protocol alone: it does not know what
the bytes, commands and events mean, so the same driver runs server and client.
Source: style of a turn in docs/protocol.md; costs measured on Linux, CPython 3.11.
"""

import contextlib
import errno
import functools
import ipaddress
import itertools
import logging
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from protocol import Address, Burst, Job

TURN_LIMIT = 512  # datagrams or commands taken in one turn, so that answers do not wait for a flood
TURN_BYTES = 1024 * 1024  # taken in one turn: files come in large datagrams, and talk goes on
RECEIVE_BUFFER = 4 * 1024 * 1024  # bytes asked of the kernel: a burst from a full room
LARGEST_DATAGRAM = 65535  # Windows raises if a datagram does not fit
LAST_WORK = 0.5  # s at the end for jobs that wait: what came of files is written down in less

_log = logging.getLogger(__name__)

CommandT = TypeVar("CommandT")
EventT = TypeVar("EventT")
CommandT_contra = TypeVar("CommandT_contra", contravariant=True)
EventT_co = TypeVar("EventT_co", covariant=True)


class Core(Protocol[CommandT_contra, EventT_co]):
    """What a driver runs: behaviour of one role without I/O. ``now``: monotonic seconds."""

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None: ...
    def handle_command(self, command: CommandT_contra, now: float) -> None: ...
    def handle_result(self, key: int, result: object, now: float) -> None: ...
    def handle_timer(self, now: float) -> None: ...
    def next_timer(self) -> float | None: ...
    def bursts_to_send(self, now: float) -> Iterable[Burst]: ...
    def next_event(self) -> EventT_co | None: ...
    def next_job(self) -> Job | None: ...
    @property
    def is_done(self) -> bool: ...


@dataclass(slots=True)
class Counters:
    """What went wrong without harm. Written by the network thread, read by anyone."""

    send_failures: int = 0
    receive_failures: int = 0


class Driver(Generic[CommandT, EventT]):
    """The loop of the network thread that runs a core. Made, started and stopped by one thread.

    ``on_event`` and ``on_crash`` are called on the network thread. ``at_end`` runs there too, after
    the last turn, whatever ended it: the place to close what ``make_core`` opened.
    """

    def __init__(
        self,
        make_core: Callable[[], Core[CommandT, EventT]],
        sock: socket.socket,
        *,
        clock: Callable[[], float],
        on_event: Callable[[EventT], None],
        on_crash: Callable[[str], None],
        at_end: Callable[[], None] = lambda: None,
        name: str = "network",
    ) -> None:
        self.counters = Counters()
        self._make_core = make_core
        self._socket = sock
        self._is_ipv6 = sock.family == socket.AF_INET6
        self._can_segment = _can_segment(sock)
        self._can_join = _can_join(sock)
        self._clock = clock
        self._on_event = on_event
        self._on_crash = on_crash
        self._at_end = at_end
        self._commands: SimpleQueue[CommandT] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, object]] = SimpleQueue()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._started: SimpleQueue[Exception | None] = SimpleQueue()
        self._is_stopping = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._socket.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=name)
        self._worker = threading.Thread(target=self._work, name=f"{name}-worker")

    def start(self) -> None:
        """Runs ``make_core`` on the network thread; what that raises is raised here."""
        self._thread.start()
        error = self._started.get()
        if error is not None:
            self.stop()
            raise error

    def submit(self, command: CommandT) -> None:
        """From any thread. After the core is done a command goes nowhere."""
        self._commands.put(command)
        self._wake()

    def stop(self) -> None:
        """Ends both threads after the turn they are in and closes the socket. May be repeated.

        It says goodbye to nobody: that is a command to the core, which is done by itself then.
        """
        self._is_stopping = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        for sock in (self._socket, self._wake_reader, self._wake_writer):
            sock.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Until the core is done; False if it is not yet after ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- network thread ---

    def _run(self) -> None:
        try:
            core = self._make_core()
        except Exception as error:  # noqa: BLE001 - start() raises it where it belongs
            self._started.put(error)
            return
        self._worker.start()
        self._started.put(None)
        try:
            try:
                self._take_turns(core)
            finally:
                self._end_work()
                self._at_end()
        except Exception as error:  # noqa: BLE001 - the one place: a defect or a broken disk
            _log.exception("the network thread ended")
            self._on_crash(f"{type(error).__name__}: {error}")

    def _end_work(self) -> None:
        """What was begun is done to its end. What waits gets a moment: nobody takes its results any
        more, and whoever made it pile up must not keep us from stopping.
        """
        self._jobs.put(None)
        self._worker.join(LAST_WORK)
        with contextlib.suppress(Empty):
            while True:
                self._jobs.get_nowait()
        self._jobs.put(None)
        self._worker.join()

    def _take_turns(self, core: Core[CommandT, EventT]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._is_stopping and not core.is_done:
                self._turn(core, selector)

    def _turn(self, core: Core[CommandT, EventT], selector: selectors.BaseSelector) -> None:
        ready = selector.select(self._patience(core))
        now = self._clock()
        for key, _ in ready:
            if key.fileobj is self._socket:
                now = self._receive_waiting(core, now)
            else:
                self._drain_wake()
        self._take_commands(core, now)
        while not self._results.empty():
            job, result = self._results.get()
            core.handle_result(job, result, now)
        timer = core.next_timer()
        if timer is not None and timer <= now:
            core.handle_timer(now)
        bursts = core.bursts_to_send(now)  # a server has committed when this returns
        self._hand_out_events(core)  # before sending: a client keeps on disk first what it says
        for burst in bursts:
            self._send(burst)
        self._hand_out_events(core)
        while (job_to_do := core.next_job()) is not None:
            self._jobs.put(job_to_do)

    def _hand_out_events(self, core: Core[CommandT, EventT]) -> None:
        while (event := core.next_event()) is not None:
            self._on_event(event)

    def _patience(self, core: Core[CommandT, EventT]) -> float | None:
        """Seconds to wait for the socket. None: until something comes."""
        if not self._commands.empty() or not self._results.empty():
            return 0.0
        timer = core.next_timer()
        return None if timer is None else max(0.0, timer - self._clock())

    def _receive_waiting(self, core: Core[CommandT, EventT], now: float) -> float:
        """Gives when the last of it was taken: what comes meanwhile did not come before the turn.

        With one time for all, round trips seem shorter than any can be, by as long as a turn takes.
        """
        receive = self._receive_joined if self._can_join else self._receive_one
        taken = size = 0
        while taken < TURN_LIMIT and size < TURN_BYTES:
            try:
                datagrams, source = receive()
            except BlockingIOError:
                break
            except ConnectionResetError:
                # Windows reports here that an earlier send met a closed port (WSAECONNRESET);
                # nothing is wrong with our own socket.
                self.counters.receive_failures += 1
                taken += 1
                continue
            now = self._clock()
            address = _plain_address(source) if self._is_ipv6 else source
            for datagram in datagrams:
                core.receive_datagram(datagram, address, now)
            taken += len(datagrams)
            size += sum(map(len, datagrams))
        return now

    def _receive_one(self) -> tuple[list[bytes], Any]:
        datagram, source = self._socket.recvfrom(LARGEST_DATAGRAM)
        return [datagram], source

    def _receive_joined(self) -> tuple[list[bytes], Any]:
        """Datagrams of one sender that came together (0.1 us each instead of 1.5)."""
        joined, ancillary, _, source = self._socket.recvmsg(LARGEST_DATAGRAM, _SIZE_SPACE)
        if not ancillary:
            return [joined], source
        size = _SIZE_IN.unpack(ancillary[0][2])[0]
        return [joined[at : at + size] for at in range(0, len(joined), size)], source

    def _take_commands(self, core: Core[CommandT, EventT], now: float) -> None:
        for _ in range(TURN_LIMIT):
            if self._commands.empty():
                return
            core.handle_command(self._commands.get(), now)

    def _send(self, burst: Burst) -> None:
        """A failing send is loss like any other; the core resends what matters."""
        if not _may_send_to(burst.address):
            self.counters.send_failures += len(burst.datagrams)
            return
        address = _mapped_address(burst.address) if self._is_ipv6 else burst.address
        if self._can_segment and len(burst.datagrams) > 1:
            for run in _runs_of_one_size(burst.datagrams):
                self._send_run(run, address)
        else:
            self._send_each(burst.datagrams, address)

    def _send_each(self, datagrams: list[bytes], address: Address) -> None:
        send = self._socket.sendto
        for datagram in datagrams:
            try:
                send(datagram, address)
            except OSError as error:
                self.counters.send_failures += 1
                _log.debug("sendto %r failed: %s", address, error)

    def _send_run(self, run: list[bytes], address: Address) -> None:
        """Datagrams of one size in one system call (0.1-0.9 us each instead of 4)."""
        if len(run) == 1 or not self._can_segment:
            self._send_each(run, address)
            return
        size = _SIZE_OUT.pack(len(run[0]))
        try:
            self._socket.sendmsg(run, [(_SOL_UDP, _UDP_SEGMENT, size)], 0, address)
        except BlockingIOError:  # a full send buffer is loss
            self.counters.send_failures += len(run)
        except OSError as error:
            if error.errno in (errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP):
                self._can_segment = False  # the device cannot compute the checksums
            self._send_each(run, address)

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_reader.recv(4096)

    # --- worker thread ---

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            result: object
            try:
                result = job.run()
            except Exception as error:  # noqa: BLE001 - the core that asked decides what it means
                result = error
            self._results.put((job.key, result))
            self._wake()

    # --- any thread ---

    def _wake(self) -> None:
        # Full: it will wake anyway. Closed: there is nobody to wake.
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"\0")


# --- many datagrams in one system call ---

_IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE = 10, 3  # linux/in.h: never fragment, sizes are our business
_SOL_UDP, _UDP_SEGMENT, _UDP_GRO = 17, 103, 104  # linux/udp.h; Python names none of them
_SIZE_OUT, _SIZE_IN = struct.Struct("=H"), struct.Struct("=i")  # of each datagram in a joined run
_SIZE_SPACE = 64  # bytes; enough for _SIZE_IN and its header
_MAX_SEGMENTS, _MAX_SEGMENTED = 64, 65_000  # what Linux takes at once, in datagrams and bytes


def _can_segment(sock: socket.socket) -> bool:
    """Whether this system knows UDP_SEGMENT (Linux 4.18)."""
    try:
        sock.getsockopt(_SOL_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return sys.platform == "linux"


def _can_join(sock: socket.socket) -> bool:
    """Whether this system now hands over together what came together: UDP_GRO (Linux 5.0)."""
    if sys.platform != "linux":
        return False
    try:
        sock.setsockopt(_SOL_UDP, _UDP_GRO, 1)
    except OSError:
        return False
    return True


def _runs_of_one_size(datagrams: list[bytes]) -> list[list[bytes]]:
    """In order; the last datagram of a run may be shorter, as UDP_SEGMENT allows."""
    runs: list[list[bytes]] = []
    size = room = 0
    for datagram in datagrams:
        fits = len(datagram) <= min(size, room) and len(runs[-1]) < _MAX_SEGMENTS
        if fits and len(runs[-1][-1]) == size:
            runs[-1].append(datagram)
        else:
            runs.append([datagram])
            size, room = len(datagram), _MAX_SEGMENTED
        room -= len(datagram)
    return runs


# --- addresses ---


def _plain_address(source: tuple[str, int, int, int]) -> Address:
    """What an IPv6 socket calls an address, as the user would write it."""
    host, port, _, scope = source
    if host.startswith("::ffff:") and "." in host:
        return (host[7:], port)
    return (f"{host}%{scope}" if scope else host, port)


def _mapped_address(address: Address) -> Address:
    """How an IPv6 socket names an IPv4 address."""
    return address if ":" in address[0] else (f"::ffff:{address[0]}", address[1])


@functools.lru_cache(maxsize=8192)  # once per burst, and there are few addresses
def _may_send_to(address: Address) -> bool:
    """One computer's port, never a crowd: nobody can make us their amplifier."""
    try:
        ip = ipaddress.ip_address(address[0])
    except ValueError:
        return False
    is_crowd = ip.is_multicast or ip == ipaddress.IPv4Address("255.255.255.255")
    return 0 < address[1] < 65536 and not is_crowd and not ip.is_unspecified


def bind(host: str, port: int) -> socket.socket:
    """A UDP socket on our own address; port 0: any. Raises OSError, gaierror for a bad address."""
    found = _look_up(host, port, socket.AI_PASSIVE | socket.AI_NUMERICHOST)
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            _report_no_closed_ports(sock)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if sys.platform == "linux" and family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


if sys.platform == "win32":
    import ctypes

    _SIO_UDP_CONNRESET = 0x9800000C

    def _report_no_closed_ports(sock: socket.socket) -> None:
        """Else each send to a client that vanished makes a later recvfrom fail."""
        no, size = ctypes.c_ulong(0), ctypes.c_ulong()
        ctypes.windll.ws2_32.WSAIoctl(
            ctypes.c_size_t(sock.fileno()),
            ctypes.c_ulong(_SIO_UDP_CONNRESET),
            ctypes.byref(no),
            ctypes.sizeof(no),
            None,
            0,
            ctypes.byref(size),
            None,
            None,
        )


def bound_address(sock: socket.socket) -> Address:
    """Where it listens."""
    host, port = sock.getsockname()[:2]
    return (host, port)


def is_in_use(error: OSError) -> bool:
    """Whether another program has the port. 10048, 10013: what Windows says for it."""
    return error.errno in (errno.EADDRINUSE, 10048) or getattr(error, "winerror", 0) == 10013


def resolve(host: str, port: int) -> Address:
    """The address of a name or of an IP as text; IPv4 first. May wait for a name server.

    Raises OSError if there is none, or none that one computer alone answers at.
    """
    found = _look_up(host, port)
    found.sort(key=lambda item: item[0] != socket.AF_INET)
    for family, _, _, _, source in found:
        if family == socket.AF_INET6:
            address = _plain_address((str(source[0]), int(source[1]), 0, 0))
        else:
            address = (str(source[0]), int(source[1]))
        if _may_send_to(address):
            return address
    raise OSError(errno.EADDRNOTAVAIL, "no address to send to")


def _look_up(host: str, port: int, flags: int = 0) -> list[Any]:
    """Raises OSError whatever the host: what no name can be ("10.0..1") is a UnicodeError there."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no address can look like this") from None


def local_addresses() -> list[str]:
    """Addresses of this computer, the likely one first, loopback last. Sends nothing."""
    found = [address for address in (_default_route(family) for family in _PROBES) if address]
    for address in _listed_addresses():
        if address not in found:
            found.append(address)
    return sorted(found, key=_unlikeliness)


# Documentation addresses (RFC 5737, RFC 3849): connecting a UDP socket sends nothing, it only makes
# the kernel choose the address it would send from.
_PROBES = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def _default_route(family: socket.AddressFamily) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_PROBES[family], 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _listed_addresses() -> list[str]:
    if Path("/proc/net").is_dir():
        return _linux_ipv4() + _linux_ipv6()
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_DGRAM)
    except OSError:
        return []
    return [str(source[0]) for _, _, _, _, source in found]


def _linux_ipv4() -> list[str]:
    """The kernel's routing table lists every address of ours as a "/32 host LOCAL" leaf."""
    try:
        lines = Path("/proc/net/fib_trie").read_text().splitlines()
    except OSError:
        return []
    leaves = itertools.pairwise(lines)
    return [leaf.split()[-1] for leaf, below in leaves if below.strip() == "/32 host LOCAL"]


def _linux_ipv6() -> list[str]:
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return []
    return [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in lines]


def _unlikeliness(text: str) -> int:
    """IPv4 of a network, then IPv6 of one, then link-local ones, then our own computer alone."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    if ip.is_loopback:
        return 4
    if ip.is_link_local:
        return 3
    return 1 if ip.version == 4 else 2
