"""What every benchmark needs: a server process on a core of its own, its costs, medians, tables.

Each benchmark is started as ``python bench/NAME.py`` and measures ratios against a yardstick in the
same run. Loopback only; everything stops by itself.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SERVER_CPU, GENERATOR_CPU = 0, min(1, (os.cpu_count() or 1) - 1)
PASSWORD = "bench bench bench bench"  # of a room that lives for seconds on loopback
_TICKS = os.sysconf("SC_CLK_TCK")


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
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _start(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CPU}),
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready"):
        raise RuntimeError("the server did not start")
    return line


@contextmanager
def ruang_server(
    *, folder: Path | None = None, port: int = 0, pure: bool = False, bind: str = "127.0.0.1"
) -> Iterator[Process]:
    """``python server.py --headless`` on SERVER_CPU; killed at the end."""
    with tempfile.TemporaryDirectory(prefix="ruang-bench-") as fallback:
        data = folder or Path(fallback)
        environment = {"RUANG_PASSWORD": PASSWORD, "RUANG_CRYPTO": "pure" if pure else ""}
        command = [str(ROOT / "server.py"), "--headless", "--bind", bind, "--port"]
        process = _start([*command, str(port or free_port()), "--data", str(data)], environment)
        try:
            address = _first_line(process).split()[1]
            yield Process(process, int(address.rpartition(":")[2]))
        finally:
            stop(process)


@contextmanager
def yardstick(name: str, *options: str) -> Iterator[Process]:
    """One of the bare servers beside this file, on SERVER_CPU."""
    process = _start([str(ROOT / "bench" / name), *options], {})
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
    if process.stdout is not None:
        process.stdout.close()


def use_generator_cpu() -> None:
    """Pins this process, so that it takes nothing from the server."""
    os.sched_setaffinity(0, {GENERATOR_CPU})


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
