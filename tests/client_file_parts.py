"""A client with a real disk and files on it, and a server made by hand that has or wants them."""

from hashlib import sha256
from pathlib import Path
from random import Random

from client_parts import Host, Reply, Seat

from client_disk import ClientDisk
from client_file_events import FetchFile, FileEnded, FileMoved, FileState, SendFile
from conversation import ROOM, FileNote
from protocol import BLOCK, Code, Verb
from protocol_frames import Chunk, Frame, Want
from protocol_requests import Fields


def made(size: int, label: int = 1) -> bytes:
    return Random(label).randbytes(size)


def note_of(data: bytes, name: str = "foto.png") -> FileNote:
    return FileNote(sha256(data).digest(), len(data), name)


class FileHost(Host):
    """A server that has some files, and takes others."""

    def __init__(self) -> None:
        super().__init__()
        self.has: dict[bytes, bytes] = {}
        self.taken: dict[bytes, dict[int, bytes]] = {}  # blocks by number
        self.limit = 1 << 32  # blocks that it supplies, and no more
        self.replies[Verb.OFFER] = self._offered
        self.supplied = 0  # blocks
        self._place: dict[bytes, int] = {}  # in the row of all that was asked for

    def _offered(self, fields: Fields) -> Reply:
        file, size = bytes.fromhex(str(fields["file"])), int(str(fields["size"]))
        blocks = self.taken.get(file, {})
        whole = b"".join(blocks[number] for number in sorted(blocks))
        return Code.OK, {"have": len(whole) == size and sha256(whole).digest() == file}

    def forget_requests(self) -> None:
        """Those that come again are answered again."""
        self._done.clear()

    def _answer(self, frame: Frame, now: float) -> None:
        assert self.session is not None
        match frame:
            case Want() if frame.file in self.has:
                for chunk in self._chunks(frame):
                    self.session.queue(chunk)
            case Chunk():
                taken = self.taken.setdefault(frame.file, {})
                for place in range(0, len(frame.data), BLOCK):
                    taken[frame.first + place // BLOCK] = frame.data[place : place + BLOCK]
            case _:
                super()._answer(frame, now)

    def _chunks(self, want: Want) -> list[bytes]:
        """What of it was not asked for before."""
        data, place = self.has[want.file], want.place
        frames: list[bytes] = []
        end = self._place.get(want.file, 0)
        for first, count in want.ranges:
            known = min(count, max(0, end - place))
            begin, blocks = first + known, min(count - known, self.limit - self.supplied)
            self.supplied += blocks
            piece = data[begin * BLOCK : (begin + blocks) * BLOCK]
            frames += chunks_of(want.file, begin, piece)
            place += count
        self._place[want.file] = max(end, place)
        return frames


def chunks_of(file: bytes, first: int, data: bytes) -> list[bytes]:
    """Frames of one block each."""
    return [
        Chunk(file, first + place // BLOCK, data[place : place + BLOCK]).encode()
        for place in range(0, len(data), BLOCK)
    ]


class FileSeat(Seat):
    """A client with a real disk. ``home`` is where its user's files are."""

    host: FileHost

    def __init__(self, home: Path, host: FileHost | None = None) -> None:
        self.home = home
        self.downloads = home / "Downloads"
        self.disk = ClientDisk(self.downloads, lambda: 0, boot="1")  # nothing is old
        super().__init__(host or FileHost(), disk=self.disk)

    def put(self, data: bytes, name: str = "foto.png") -> Path:
        path = self.home / name
        path.write_bytes(data)
        return path

    def send(self, data: bytes, name: str = "foto.png", ticket: int = 1) -> None:
        self.do(SendFile(ticket, ROOM, self.put(data, name)))

    def fetch(self, data: bytes, name: str = "foto.png", ticket: int = 1) -> None:
        """The server has it."""
        self.host.has[sha256(data).digest()] = data
        self.do(FetchFile(ticket, note_of(data, name)))

    def want(self, data: bytes, *ranges: tuple[int, int], place: int = 1) -> None:
        """The server asks for blocks; for none: it has all."""
        self.hear(Want(sha256(data).digest(), 1_000_000, ranges, place).encode())
        self.pass_time(0.1)

    @property
    def ended(self) -> FileEnded:
        (event,) = self.saw(FileEnded)
        assert isinstance(event, FileEnded)
        return event

    def states(self, ticket: int = 1) -> list[FileState]:
        """Each once, in order."""
        states = [moved.state for moved in self.saw(FileMoved) if moved.ticket == ticket]
        return [state for at, state in enumerate(states) if not at or states[at - 1] is not state]


def saved(seat: FileSeat) -> dict[str, bytes]:
    """What is in the downloads."""
    return {path.name: path.read_bytes() for path in seat.downloads.glob("*") if path.is_file()}


def run_held(seat: Seat, most: int = 1000) -> None:
    """The worker comes to what was kept from it, and to what that leads to."""
    assert seat.held_jobs is not None
    for _ in range(most):
        if not seat.held_jobs:
            return
        job = seat.held_jobs.pop(0)
        seat.core.handle_result(job.key, job.run(), seat.now)
        seat.end_turn()
