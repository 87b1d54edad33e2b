"""What all tests share: the published vectors, the profile of hypothesis, no thread left behind."""

import gc
import json
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_file_parts import FileSeat
from fuzz_realms import LinkedRealm
from hypothesis import HealthCheck, settings

VECTORS = Path(__file__).parent / "vectors"

settings.register_profile("quick", max_examples=60, deadline=None)
settings.register_profile(
    "ci",
    max_examples=60,
    deadline=None,  # a shared machine pauses at will; slowness is measured in bench/
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("night", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "quick"))


def pytest_configure() -> None:
    """A shell that runs us in the background ignores SIGINT; our children would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was made up to here stays to the end: looking through it again would free nothing.

    It is ten thousand tests with their cases. A test that collects garbage by itself, as each of
    a window must, would spend most of its time on them.
    """
    gc.collect()
    gc.freeze()


def load_vectors(name: str) -> Any:
    """The content of tests/vectors/NAME.json; where it comes from stands in its README."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert left == [], f"threads left behind: {left}"


@pytest.fixture(autouse=True)
def _windows_look_for_events_at_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of them are handed events a dozen times, and would wait 20 ms for each."""
    if request.node.get_closest_marker("tk") is not None:
        import widgets  # not every Python that runs the others has Tk

        monkeypatch.setattr(widgets, "PUMP_MS", 1)


@pytest.fixture
def seat(tmp_path: Path) -> Iterator[FileSeat]:
    """A client with a real disk, in the room; where no file matters, a module makes its own."""
    seat = FileSeat(tmp_path)
    seat.enter()
    yield seat
    seat.disk.close()


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[LinkedRealm]:
    """Another realm, played by hand, that we have called."""
    made = LinkedRealm(tmp_path, calls=True)
    with made.room:
        made.link()
        made.turn()
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory if the system has such: for stores opened by dozens."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="ruang-", dir=memory if memory.is_dir() else None
    ) as name:
        yield Path(name)
