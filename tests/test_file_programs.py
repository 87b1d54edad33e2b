"""Files from script to script, through a server: real processes, real sockets, real disks."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_transfers import is_answer, kill_while_it_moves
from processes import World, a_world

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


def test_a_file_is_sent_listed_and_fetched(world: World, tmp_path: Path) -> None:
    world.server()
    ana, budi = world.entered("ana"), world.entered("budi")
    data = os.urandom(3_000_000)
    path = tmp_path / "foto kelas.png"
    path.write_bytes(data)

    ana.type(f'/sendroomfile "{path}"')
    assert json.loads(ana.wait_for(is_answer))["code"] == "OK"
    budi.event(event="entry", kind="file", name=path.name)
    budi.type('/get "foto kelas.png"')
    answer = json.loads(budi.wait_for(is_answer))

    assert answer["code"] == "OK"
    assert answer["path"] == str(tmp_path / "Downloads" / "foto kelas.png")
    assert Path(answer["path"]).read_bytes() == data
    for client in (ana, budi):
        client.end_input()
        assert client.exit_code() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when it was started")
@pytest.mark.parametrize("who", ["server", "receiver"])
def test_a_file_goes_on_where_somebody_was_killed(world: World, who: str) -> None:
    killed = kill_while_it_moves(world, who, 20_000_000, 0.4)

    assert killed.arrived < killed.size


def test_a_client_that_is_told_to_end_tells_the_disk_what_came(world: World) -> None:
    killed = kill_while_it_moves(world, "receiver", 20_000_000, 0.4, is_asked=True)

    assert killed.again == 0


def test_a_fetch_goes_on_although_the_server_is_killed(world: World, tmp_path: Path) -> None:
    server = world.server()
    ana, budi = world.entered("ana"), world.entered("budi")
    data = os.urandom(40_000_000)
    path = tmp_path / "besar.bin"
    path.write_bytes(data)
    ana.type(f"/sendroomfile {path}")
    assert json.loads(ana.wait_for(is_answer))["code"] == "OK"

    budi.event(event="entry", kind="file", name=path.name)
    budi.type("/get besar.bin")
    budi.event(event="file", state="moving")
    server.kill()
    world.server()
    answer = json.loads(budi.wait_for(is_answer))

    assert answer["code"] == "OK"
    assert Path(answer["path"]).read_bytes() == data
