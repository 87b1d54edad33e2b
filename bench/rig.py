"""What every benchmark needs: a server process on a core of its own, its costs, medians, tables.

Each benchmark is started as ``python bench/NAME.py`` and measures ratios against a yardstick in the
same run. Loopback only; everything stops by itself.
"""

import argparse
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SERVER_CPU, GENERATOR_CPU = 0, min(1, (os.cpu_count() or 1) - 1)
SHARES_CORES = "RUANG_BENCH_SHARES_CORES"  # set in the environment: nobody gets a core alone
PASSWORD = "bench bench bench bench"  # of a room that lives for seconds on loopback
NOT_HERE = 77  # exit code: this machine lacks what the benchmark needs (as automake has it)
_TICKS = os.sysconf("SC_CLK_TCK")

T = TypeVar("T")


# --- how a benchmark is started and ended ---


class Size(Enum):
    """How much is measured."""

    FULL = auto()  # what a figure may be quoted from
    QUICK = auto()  # one short run of each, to see where things stand
    TINY = auto()  # seconds; only shows that the benchmark runs


@dataclass(frozen=True)
class Sized(Generic[T]):
    """A quantity for each size."""

    full: T
    quick: T
    tiny: T

    def of(self, size: Size) -> T:
        return {Size.FULL: self.full, Size.QUICK: self.quick, Size.TINY: self.tiny}[size]


class NotHereError(Exception):
    """This machine lacks what the benchmark needs; the text says what."""


def run(main: Callable[[Size], None], description: str) -> NoReturn:
    """The frame of every benchmark: the command line, signals, and what is missing here."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="one short run of each")
    size.add_argument("--tiny", action="store_true", help="only show that it runs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is taken down
    allow_many_sockets()
    if options.tiny:
        # Nothing is measured, and others work meanwhile: a place of its own, or one behind all
        # others, would only be a place to wait in.
        os.environ[SHARES_CORES] = "1"
    try:
        main(Size.TINY if options.tiny else Size.QUICK if options.quick else Size.FULL)
    except NotHereError as error:
        print(f"Cannot run here: {error}", file=sys.stderr)
        sys.exit(NOT_HERE)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def allow_many_sockets() -> None:
    """As many open files as this user may have: each person of a crowd has a socket."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# --- processes ---


@dataclass
class Process:
    """A measured process."""

    process: subprocess.Popen[str]
    port: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_bytes(self) -> int:
        """Resident set."""
        return resident_bytes(self.process.pid)


def resident_bytes(pid: int) -> int:
    """Resident set of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def in_namespace(namespace: str) -> list[str]:
    """What a command begins with to run in a network namespace; empty for our own."""
    return ["ip", "netns", "exec", namespace] if namespace else []


def _start(
    command: Sequence[str], environment: dict[str, str], namespace: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*in_namespace(namespace), sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=lambda: use_cpu(SERVER_CPU),
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready"):
        raise RuntimeError("the server did not start")
    return line


@contextmanager
def ruang_server(
    *,
    folder: Path | None = None,
    port: int = 0,
    pure: bool = False,
    bind: str = "127.0.0.1",
    namespace: str = "",
) -> Iterator[Process]:
    """``python server.py --headless`` on SERVER_CPU; killed at the end (SIGKILL, no goodbye)."""
    with tempfile.TemporaryDirectory(prefix="ruang-bench-") as fallback:
        data = folder or Path(fallback)
        environment = {"RUANG_PASSWORD": PASSWORD, "RUANG_CRYPTO": "pure" if pure else ""}
        command = [str(ROOT / "server.py"), "--headless", "--bind", bind, "--port"]
        command += [str(port or free_port()), "--data", str(data)]
        process = _start(command, environment, namespace)
        try:
            address = _first_line(process).split()[1]
            yield Process(process, int(address.rpartition(":")[2]))
        finally:
            stop(process)


@contextmanager
def yardstick(name: str, *options: str, namespace: str = "") -> Iterator[Process]:
    """One of the bare servers beside this file, on SERVER_CPU."""
    process = _start([str(ROOT / "bench" / name), *options], {}, namespace)
    try:
        yield Process(process, int(_first_line(process).split()[1]))
    finally:
        stop(process)


def free_port() -> int:
    """A UDP port of loopback that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a process that we started."""
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


@contextmanager
def display() -> Iterator[None]:
    """A screen: the one there is, else an Xvfb of our own for as long as this lasts."""
    if os.environ.get("DISPLAY"):
        yield
        return
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1600x1000x24"]
    try:
        process = subprocess.Popen(
            command,
            pass_fds=[theirs],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except FileNotFoundError:
        os.close(ours)
        raise NotHereError("there is no DISPLAY and no Xvfb to make one") from None
    finally:
        os.close(theirs)
    try:
        with open(ours, encoding="ascii") as numbers:
            number = numbers.readline().strip()
        if not number:
            raise NotHereError("Xvfb did not start")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        process.terminate()  # it takes its lock file along
        process.wait()


def use_cpu(number: int) -> None:
    """Pins this process."""
    if SHARES_CORES not in os.environ:
        os.sched_setaffinity(0, {number})


def use_generator_cpu() -> None:
    """Pins this process, so that it takes nothing from the server."""
    use_cpu(GENERATOR_CPU)


def step_back() -> None:
    """This process runs only when nobody else wants its core."""
    if SHARES_CORES not in os.environ:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


# --- figures ---


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of all values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
