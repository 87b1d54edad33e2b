"""Programs in copies of an interpreter that has read all their modules already.

Reading them takes longer than most of what tests do with a program. What is copied has run nothing
of a program yet: importing a module does nothing. Linux only; elsewhere, and where an environment
changes how an interpreter starts, programs are started as usual.

Three kinds of process: the template, which only copies; for each program a keeper, which waits for
its end and tells it; and the program, which runs as ``python program.py`` would.
"""

import ast
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAMS = ("client.py", "server.py")
READ_WHILE_IMPORTED = "RUANG_CRYPTO"
STREAMS = 3  # standard input, output, errors
MAX_REQUEST = 1 << 20  # bytes


def can_copy(program: str, usual: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """Whether a copy of an interpreter in the usual environment is the same as a new one."""
    changed = {name for name, value in environment.items() if usual.get(name) != value}
    return (
        sys.platform == "linux"
        and program in PROGRAMS
        and all(name.startswith("RUANG_") for name in changed)
        and READ_WHILE_IMPORTED not in changed
    )


class Copy:
    """What of subprocess.Popen a test needs."""

    def __init__(self, pid: int, status: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            told = self._status.recv(100)
            assert told, "its keeper was killed"
            self._status.close()
            self.returncode = os.waitstatus_to_exitcode(int(told))
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Template:
    """The process that is copied; ends with this one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.PIPE,  # as the programs' streams will be, which take their place
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def copy(
        self,
        command: Sequence[str],
        streams: tuple[int, int, int],
        environment: Mapping[str, str],
        folder: str,
    ) -> Copy:
        """Runs a command, whose first word is a program of ROOT."""
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            request = json.dumps([command, dict(environment), folder]).encode()
            assert len(request) < MAX_REQUEST
            socket.send_fds(self._socket, [request], [*streams, theirs.fileno()])
        return Copy(int(status.recv(100)), status)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


_templates: list[Template] = []


def copy(
    command: Sequence[str],
    streams: tuple[int, int, int],
    usual: Mapping[str, str],
    environment: Mapping[str, str],
    folder: str,
) -> Copy:
    """Of the one template, which is made when it is first wanted."""
    if not _templates:
        _templates.append(Template(usual))
    return _templates[0].copy(command, streams, environment, folder)


# --- in the template and its copies ---


def read_modules() -> None:
    """Whatever the programs import at their beginning."""
    sys.path.insert(0, str(ROOT))
    for program in PROGRAMS:
        for statement in ast.parse((ROOT / program).read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ImportFrom):
                importlib.import_module(statement.module or "")
            elif isinstance(statement, ast.Import):
                for name in statement.names:
                    importlib.import_module(name.name)
    gc.freeze()


def wait_for_program(requests: socket.socket) -> list[str] | None:
    """In a copy: the command to run, everything else being in place. In the template: None, once
    nobody wants another."""
    while True:
        request, received, _, _ = socket.recv_fds(requests, MAX_REQUEST, STREAMS + 1)
        if not request:
            return None
        *streams, status = received
        if os.fork() == 0:
            requests.close()
            command, environment, folder = json.loads(request)
            _keep(streams, status)
            _settle(streams, environment, folder)
            return [str(word) for word in command]
        for number in received:
            os.close(number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # keepers that are done
                pass


def _keep(streams: Sequence[int], status: int) -> None:
    """Returns in another copy, which is the program; here it tells how that ends, and ends too."""
    with socket.socket(fileno=status) as told:
        program = os.fork()
        if program == 0:
            return
        os.closerange(0, STREAMS)
        for number in streams:
            os.close(number)
        told.send(b"%d" % program)
        _, how = os.waitpid(program, 0)
        with contextlib.suppress(OSError):  # nobody wants to know
            told.send(b"%d" % how)
    os._exit(0)


def _settle(streams: Sequence[int], environment: Mapping[str, str], folder: str) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal in which tests run
    read_modules()
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        command = wait_for_program(requests)
    if command is not None:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
