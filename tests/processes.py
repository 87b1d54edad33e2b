"""The programs as processes: started through the command line, spoken to through pipes."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0  # seconds until something that never comes is a failure
PASSWORD = "kopi-hujan-tiga"


def wait_until(is_so: Callable[[], bool]) -> None:
    """Until another process has done something that shows nowhere but in the system."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.01)


class Program:
    """One process. ``lines`` holds what it wrote to standard output so far."""

    def __init__(self, *argv: str | Path, environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._rest = b""
        self.process = subprocess.Popen(
            [sys.executable, ROOT / argv[0], *argv[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment() | environment,
            cwd="/",
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._stdin, self._stdout, self._stderr = (
            self.process.stdin,
            self.process.stdout,
            self.process.stderr,
        )

    def type(self, *lines: str) -> None:
        self._stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._stdin.flush()

    def end_input(self) -> None:
        self._stdin.close()

    def wait_for(self, is_it: Callable[[str], bool], seen: int = 0) -> str:
        """The first line, of those written so far or later, that is it; the first ``seen`` are
        not looked at."""
        deadline = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while True:
                for line in self.lines[seen:]:
                    if is_it(line):
                        return line
                seen = len(self.lines)
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"it never came; there was: {self.lines}")
                if not self._read():
                    raise AssertionError(f"it ended; there was: {self.lines}, {self.errors()}")

    def _read(self) -> bool:
        chunk = os.read(self._stdout.fileno(), 65_536)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self.lines += [line.decode() for line in lines]
        return bool(chunk)

    def look(self) -> None:
        """Reads what is there by now: a pipe that nobody reads stops its writer."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while selector.select(0) and self._read():
                pass

    def event(self, **fields: object) -> dict[str, Any]:
        """The first JSON line that has these fields."""
        line = self.wait_for(lambda line: fields.items() <= json.loads(line).items())
        found: dict[str, Any] = json.loads(line)
        return found

    def texts(self) -> list[str]:
        """What everybody said, as far as it came."""
        events = [json.loads(line) for line in self.lines]
        return [event["text"] for event in events if event.get("event") == "entry"]

    def stop_reading(self) -> None:
        self._stdout.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def exit_code(self) -> int:
        """After reading all it still writes."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def errors(self) -> str:
        """All it wrote to standard error, once it has ended."""
        self.process.wait(PATIENCE)
        return "" if self._stderr.closed else self._stderr.read().decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        with suppress(OSError):  # what was not written is lost with it
            self._stdin.close()
        self._stdout.close()
        self._stderr.close()
        self.process.wait(PATIENCE)


def clean_environment() -> dict[str, str]:
    """Ours without what would change how the programs behave."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUANG_")}
    return kept | {"LANG": "en_US.UTF-8", "LC_ALL": "", "PYTHONUTF8": "1"}


class World:
    """A folder in which servers and clients run, and end with the test."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.host = host
        self.environment: dict[str, str] = {}
        self.port = 0
        self.key = ""
        self.at_end: list[Callable[[], None]] = []
        self._programs: list[Program] = []

    def run(self, *argv: str | Path, **environment: str) -> Program:
        program = Program(*argv, environment=self.environment | environment)
        self._programs.append(program)
        return program

    def server(self, *argv: str | Path, folder: str = "room", **environment: str) -> Program:
        """A headless server that is ready; after the first one always on the same port."""
        program = self.start_server(*argv, folder=folder, **environment)
        self.learn(program)
        return program

    def learn(self, program: Program) -> None:
        """Where a server is that was started; once it is ready."""
        words = program.wait_for(lambda line: line.startswith("ready ")).split()
        self.port, self.key = int(words[1].rpartition(":")[2]), words[3]

    def start_server(self, *argv: str | Path, folder: str = "room", **environment: str) -> Program:
        port = self.port or free_port()
        environment = {"RUANG_PASSWORD": PASSWORD} | environment
        return self.run(
            "server.py", "--headless", "--bind", self.host, "--port", str(port),
            "--data", self.folder / folder, *argv, **environment,
        )  # fmt: skip

    def client(
        self, name: str, *argv: str | Path, mode: str = "--json", **environment: str
    ) -> Program:
        environment = {
            "RUANG_PASSWORD": PASSWORD,
            "RUANG_CONFIG": str(self.folder / "config"),
            "RUANG_DOWNLOADS": str(self.folder / "Downloads"),
        } | environment
        place = f"{self.host}:{self.port}"
        return self.run("client.py", mode, place, "--name", name, *argv, **environment)

    def entered(self, name: str, *argv: str | Path, **environment: str) -> Program:
        """A client by script that is in the room."""
        program = self.client(name, *argv, **environment)
        program.event(event="connection", state="entered")
        return program

    def close(self) -> None:
        for end in self.at_end:
            end()
        for program in self._programs:
            program.close()


@contextmanager
def a_world(folder: Path, host: str = "127.0.0.1") -> Iterator[World]:
    world = World(folder, host)
    try:
        yield world
    finally:
        world.close()


def free_port() -> int:
    """One that was free a moment ago."""
    from endpoint import bind, bound_address

    with bind("127.0.0.1", 0) as sock:
        return bound_address(sock)[1]


def stop(program: Program) -> int:
    """As an operator's system would."""
    program.signal(signal.SIGTERM)
    return program.exit_code()
