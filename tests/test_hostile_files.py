"""T2 and T5: files of any name and of any size that somebody says, as far as no other file has it.

That names become safe is in test_file_names.py, that files get them in test_storage_saving.py; lies
about what is in a file are in test_server_uploads.py and test_client_downloads.py; kills in
test_file_transfers.py.
"""

import ntpath
import posixpath
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from client_file_parts import FileSeat, made, saved
from conftest import load_vectors
from server_parts import Room
from sharing_parts import Sharer
from sharing_parts import made as made_blocks
from simulated_network import Sent
from simulator import Simulator
from test_file_transfers import fetch, share

from client_events import Say
from client_file_events import FetchFile, FileEnded, FileMoved
from client_file_lines import kind_letters
from conversation import ROOM, Entry, EntryKind, FileNote, is_file_name
from file_names import safe_file_name
from file_words import entry_text
from protocol import BLOCK, Code, LocalError
from texts import Texts
from transfer_blocks import block_count

pytestmark = pytest.mark.uncounted

HOSTILE = [entry["name"] for entry in load_vectors("hostile_file_names")["names"]]
ON_THE_WAY = [name for name in HOSTILE if is_file_name(name)]
DECLARED = 2 << 30


@pytest.fixture
def room(folder: Path) -> Iterator[Room]:
    with Room(folder) as room:
        yield room


# --- T2: names ---


def test_t2_there_are_names_of_both_kinds() -> None:
    assert len(HOSTILE) == 77
    assert 30 < len(ON_THE_WAY) < 70


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_t2_a_name_leads_nowhere_on_any_system(name: str) -> None:
    safe = safe_file_name(name)

    assert posixpath.split(posixpath.normpath(safe)) == ("", safe)
    assert ntpath.split(ntpath.normpath(safe)) == ("", safe)
    assert ntpath.splitdrive(safe) == ("", safe)


def test_t2_a_server_takes_what_can_be_a_name_and_says_of_all_else_that_it_cannot(
    room: Room,
) -> None:
    ana = Sharer(room.comes("Ana"), made_blocks(1))
    ana.shares()

    for name in HOSTILE:
        try:
            code = ana.offers(name=name).code
        except (UnicodeEncodeError, LocalError):  # no request can hold it
            continue
        is_name = name in ON_THE_WAY
        assert code is (Code.OK if is_name else Code.FILE_NAME_INVALID)
        if is_name:
            assert ana.note(text=FileNote(ana.file, len(ana.data), name).encode()) is Code.OK
    assert not ana.guest.closed
    assert [path.name for path in (room.settings.data / "files").glob("*.*")] == []


def test_t2_whatever_a_server_calls_it_a_file_is_a_new_one_in_the_folder(seat: FileSeat) -> None:
    data = b"isi"
    outside = seat.put(b"mine", "outside")
    seat.downloads.mkdir()
    for name in HOSTILE:
        link = seat.downloads / safe_file_name(name)
        if not link.is_symlink():
            link.symlink_to(outside)
    links = set(seat.downloads.iterdir())

    seat.host.has[sha256(data).digest()] = data
    for ticket, name in enumerate(HOSTILE, 1):
        seat.do(FetchFile(ticket, FileNote(sha256(data).digest(), len(data), name)))
        seat.pass_time(0.3)

    ended = [event for event in seat.saw(FileEnded) if isinstance(event, FileEnded)]
    paths = {event.path for event in ended}
    assert [event.trouble for event in ended] == [None] * len(HOSTILE)
    assert len(paths) == len(HOSTILE)
    assert not paths & links
    assert {path for path in seat.downloads.iterdir() if path.is_file()} == paths | links
    assert all(path is not None and path.read_bytes() == data for path in paths)
    assert outside.read_bytes() == b"mine"
    assert {path.name for path in seat.home.iterdir()} == {"outside", "Downloads"}


@pytest.mark.parametrize("name", ON_THE_WAY, ids=ascii)
def test_t2_the_true_ending_is_shown(name: str) -> None:
    note = FileNote(bytes(32), 1, name)
    entry = Entry(bytes(16), EntryKind.FILE, 0, 1, "ana", note.encode())

    shown = entry_text(entry, Texts("en"))

    assert shown == f"{name} · 1 B"
    if name.endswith(".exe"):
        assert kind_letters(name) == "EXE"


# --- T5: sizes ---


def test_t5_files_of_about_a_datagram_arrive_as_they_were() -> None:
    """Of the largest ones of a local network; test_file_programs.py has those of a loopback."""
    with Simulator("chunks") as network:
        network.network.mtu = 65_507
        ana, budi = network.clients("ana", "budi")
        largest: list[int] = []

        def measure(sent: Sent) -> list[bytes]:
            largest.append(len(sent.datagram))
            return [sent.datagram]

        network.network.filters.append(measure)
        network.everybody_enters()
        network.run(seconds=20.0)  # it is found out how large they may be
        for blocks in (7, 8, 9, 16):
            for size in (blocks * BLOCK - 1, blocks * BLOCK, blocks * BLOCK + 1):
                (ana.computer / "foto.png").unlink(missing_ok=True)
                share(network, ana, made(size))
                fetch(network, budi, made(size))
        assert max(largest) > 8 * BLOCK
        network.check_healed()


def test_t5_two_gibibytes_that_were_declared_take_no_room_before_they_come(room: Room) -> None:
    liar = Sharer(room.comes("Ana"), b"x" * BLOCK, bytes(range(32)))

    assert liar.offers(size=DECLARED).fields == {"have": False}
    liar.sends([0])

    (part,) = (room.settings.data / "files/partial").glob("*.part")
    assert part.stat().st_blocks * 512 <= 16 * BLOCK
    assert sum(path.stat().st_size for path in part.parent.glob("*.live")) <= 300_000
    assert liar.offers(size=DECLARED + 1).code is Code.FILE_TOO_LARGE
    assert not room.shelf.whole()


def test_t5_two_gibibytes_that_a_server_declares_take_no_room_before_they_come(
    seat: FileSeat,
) -> None:
    seat.host.limit = 1
    seat.host.has[bytes(32)] = b"x" * BLOCK

    seat.do(FetchFile(1, FileNote(bytes(32), DECLARED, "besar.bin")))
    seat.pass_time(0.2)

    moved = [event for event in seat.saw(FileMoved) if isinstance(event, FileMoved)]
    assert moved[-1].done <= BLOCK
    (part,) = seat.downloads.rglob("*.part")
    assert part.stat().st_blocks * 512 <= 16 * BLOCK
    assert block_count(DECLARED) == 1 << 21
    seat.do(Say(9, ROOM, "masih di sini"))
    assert saved(seat) == {}
