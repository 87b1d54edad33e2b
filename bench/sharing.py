"""Two who share files, for benchmarks: real clients that are told what to do as by a script."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

import loss
import rig
from rig import ROOT

MB = 1_000_000
PATIENCE = 300.0  # s for one file

Line = dict[str, Any]


class Person:
    """``client.py --json``, not on the server's core; everything it needs is in its folder.

    ``is_patient``: runs only when nobody else wants its core.
    """

    def __init__(
        self,
        name: str,
        place: str,
        folder: Path,
        *,
        namespace: str = "",
        pure: bool = False,
        is_patient: bool = False,
    ) -> None:
        home = folder / name
        home.mkdir()

        def settle() -> None:
            rig.use_generator_cpu()
            if is_patient:
                rig.step_back()

        command = [sys.executable, str(ROOT / "client.py"), "--json", place, "--name", name]
        process = subprocess.Popen(
            [*rig.in_namespace(namespace), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **{key: value for key, value in os.environ.items() if key[:4] != "XDG_"},
                "HOME": str(home),
                "RUANG_PASSWORD": rig.PASSWORD,
                "RUANG_CRYPTO": "pure" if pure else "",
            },
            preexec_fn=settle,
        )
        self.process = rig.Process(process, 0)
        self._lines: SimpleQueue[tuple[float, Line]] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        try:
            self.wait_for(lambda line: line.get("state") == "here")
        except BaseException:
            self.close()
            raise

    def _listen(self) -> None:
        assert self.process.process.stdout is not None
        for line in self.process.process.stdout:
            self._lines.put((time.monotonic(), json.loads(line)))
        self._lines.put((time.monotonic(), {"event": "end"}))

    def type(self, line: str) -> None:
        """As into the box."""
        stdin = self.process.process.stdin
        assert stdin is not None
        stdin.write(line + "\n")
        stdin.flush()

    def news(self) -> Iterator[tuple[float, Line]]:
        """What came and was not looked at yet, and when."""
        try:
            while True:
                yield self._lines.get_nowait()
        except Empty:
            return

    def wait_for(self, is_it: Callable[[Line], bool]) -> Line:
        """Passes over everything before."""
        give_up = time.monotonic() + PATIENCE
        while True:
            _, line = self._lines.get(timeout=max(0.0, give_up - time.monotonic()))
            if is_it(line):
                return line
            if line.get("event") == "end":
                raise RuntimeError("a client ended")

    def answer(self, command: str) -> Line:
        """Waits for it; a refusal is an error."""
        return accepted(self.wait_for(lambda line: line.get("command") == command))

    def close(self) -> None:
        """Without a goodbye."""
        self.process.process.kill()
        self._listener.join()
        rig.stop(self.process.process)


def accepted(answer: Line) -> Line:
    if answer["status"] != "OK":
        raise RuntimeError(f"{answer['command']}: {answer['code']}: {answer['message']}")
    return answer


class Pair:
    """Ana sends, Budi gets, at a server of their own; all of it ends with ``stack``."""

    def __init__(
        self,
        stack: ExitStack,
        *,
        pure: bool = False,
        path: loss.BadPath | None = None,
        is_upload: bool = True,
        is_patient: bool = False,
    ) -> None:
        """``path``: lies between the server and Ana if ``is_upload``, else Budi."""
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="ruang-bench-")))
        near, far = ("", "") if path is None else (path.server_side, path.people_side)
        host = "127.0.0.1" if path is None else loss.SERVER
        data = self.folder / "room"
        self.server = stack.enter_context(
            rig.ruang_server(folder=data, pure=pure, bind=host, namespace=near)
        )

        def enter(name: str, namespace: str) -> Person:
            place = f"{host}:{self.server.port}"
            person = Person(
                name, place, self.folder, namespace=namespace, pure=pure, is_patient=is_patient
            )
            stack.callback(person.close)
            return person

        self.ana = enter("ana", far if is_upload else near)
        self.budi = enter("budi", near if is_upload else far)
        self.number = 0  # of the file in the room

    def make_file(self, size: int) -> Path:
        """What Ana will send."""
        return new_file(self.folder / "file.bin", size)

    def send(self, source: Path) -> None:
        """Ana begins to."""
        self.ana.type(f"/sendroomfile {source}")

    def hear_of_it(self) -> None:
        """Waits until Budi knows of the file, which the server then has."""
        self.number = self.budi.wait_for(lambda line: line.get("kind") == "file")["number"]

    def get(self) -> None:
        """Budi begins to."""
        saved = self.folder / "saved"
        saved.mkdir(exist_ok=True)
        self.budi.type(f"/get {self.number} {saved}")


def new_file(path: Path, size: int) -> Path:
    """Bytes at random, so nobody has seen this file before."""
    with open(path, "wb") as file:
        for start in range(0, size, MB):
            file.write(os.urandom(min(MB, size - start)))
    return path
