"""Benchmarks are run by people; here each is only started, so that it still is there when wanted.

No figure is looked at: a busy machine would make a fool of whoever does.
"""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench"
NOT_HERE = 77  # exit code: the machine lacks what the benchmark needs
PATIENCE = 120.0  # s


def tables(output: str) -> list[list[str]]:
    """The rows below the header of each Markdown table."""
    found: list[list[str]] = []
    is_table = False
    for line in output.splitlines():
        if line.startswith("| ---"):
            found.append([])
            is_table = True
        elif is_table and line.startswith("|"):
            found[-1].append(line)
        else:
            is_table = False
    return found


def run_tiny(name: str) -> str:
    """What a benchmark prints in its smallest size."""
    done = subprocess.run(
        [sys.executable, BENCH / f"{name}.py", "--tiny"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode == NOT_HERE:
        assert done.stderr.startswith("Cannot run here: ")
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.socket
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("fanout", [3]),
        ("latency", [2, 1]),
        ("idle", [1, 1]),
        ("loss", [1]),
        ("history", [8, 2]),
        ("files", [4, 3, 1, 1]),
    ],
)
def test_a_benchmark_of_the_network_runs_and_prints_its_tables(name: str, rows: list[int]) -> None:
    output = run_tiny(name)

    assert [len(table) for table in tables(output)] == rows


@pytest.mark.tk
def test_the_benchmark_of_the_window_runs_and_prints_its_table() -> None:
    output = run_tiny("window")

    assert [len(table) for table in tables(output)] == [4]


@pytest.mark.parametrize(
    "name", ["bare_server.py", "bare_tcp_relay.py", "bare_tcp_stream.py", "scp.py", "netemu.c"]
)
def test_the_readme_of_the_benchmarks_names_every_yardstick(name: str) -> None:
    readme = (BENCH / "README.md").read_text(encoding="utf-8")

    assert (BENCH / name).exists()
    assert f"`{name}`" in readme
