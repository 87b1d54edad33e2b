"""Files from script to script, through a server: real processes, real sockets, real disks."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import faults
import pytest
from killed_transfers import is_answer, kill_while_it_moves
from processes import PASSWORD, World, a_world

from protocol import BLOCK

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
    for size in (0, 1, 60 * BLOCK - 1, 60 * BLOCK, 60 * BLOCK + 1):  # the largest datagrams
        path = tmp_path / f"{size}.bin"
        path.write_bytes(os.urandom(size))
        asked = len(ana.lines), len(budi.lines)
        ana.type(f"/sendroomfile {path}")
        assert json.loads(ana.wait_for(is_answer, asked[0]))["code"] == "OK"
        budi.event(event="entry", kind="file", name=path.name)
        budi.type(f"/get {path.name}")
        answer = json.loads(budi.wait_for(is_answer, asked[1]))
        assert Path(answer["path"]).read_bytes() == path.read_bytes()
    for client in (ana, budi):
        client.end_input()
        assert client.exit_code() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when it was started")
def test_a_file_goes_on_where_the_server_was_killed(world: World) -> None:
    killed = kill_while_it_moves(world, "server", 20_000_000, 0.4)

    assert killed.arrived < killed.size


def test_a_client_that_is_told_to_end_tells_the_disk_what_came(world: World) -> None:
    killed = kill_while_it_moves(world, "receiver", 20_000_000, 0.4, is_asked=True)

    assert killed.again == 0


@pytest.mark.skipif(not faults.may_mount(), reason="nobody may mount here")
def test_a_full_disk_is_told_in_the_language_of_its_user_and_nothing_is_left_on_it(
    world: World, tmp_path: Path
) -> None:
    world.server()
    ana = world.entered("ana")
    (tmp_path / "besar.bin").write_bytes(os.urandom(1_000_000))
    (tmp_path / "unduhan").mkdir()
    budi = world.run(
        "tests/faults.py", "small-disk", "600", tmp_path / "unduhan",
        "client.py", "--json", f"127.0.0.1:{world.port}", "--name", "budi", "--lang", "id",
        RUANG_PASSWORD=PASSWORD,
        RUANG_CONFIG=str(tmp_path / "config"),
        RUANG_DOWNLOADS=str(tmp_path / "unduhan"),
    )  # fmt: skip
    ana.type(f"/sendroomfile {tmp_path / 'besar.bin'}")
    assert json.loads(ana.wait_for(is_answer))["code"] == "OK"

    budi.event(event="entry", kind="file")
    budi.type("/get besar.bin")
    answer = json.loads(budi.wait_for(is_answer))
    budi.type("masih di sini")
    ana.event(event="entry", text="masih di sini")

    assert (answer["code"], answer["message"]) == (
        "OWN_DISK_FULL",
        "Disk Anda penuh. File tidak disimpan.",
    )
    disk = Path(f"/proc/{budi.process.pid}/root{tmp_path}/unduhan")
    assert [path.name for path in disk.rglob("*") if path.is_file()] == ["0.lock"]


def test_a_source_that_changes_while_it_is_sent_is_told_and_the_chat_goes_on(
    world: World, tmp_path: Path
) -> None:
    world.server()
    ana, budi = world.entered("ana"), world.entered("budi")
    path = tmp_path / "besar.bin"
    path.touch()
    os.truncate(path, 100_000_000)

    ana.type(f"/sendroomfile {path}")
    ana.event(event="file", state="moving")
    os.truncate(path, 1000)
    answer = json.loads(ana.wait_for(is_answer))
    ana.type("masih di sini")
    budi.event(event="entry", text="masih di sini")

    assert (answer["code"], answer["message"]) == (
        "FILE_CHANGED",
        "The file changed while it was sent. Send it again.",
    )
    files = tmp_path / "room/files"
    assert [path.name for path in files.iterdir()] == ["partial"]


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
