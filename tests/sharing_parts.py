"""People who share files in the room of server_parts, block by block."""

from hashlib import sha256
from random import Random
from typing import NamedTuple

from conversation_parts import asked
from server_parts import Guest, Room

from conversation import ROOM, EntryKind, FileNote
from protocol import BLOCK, Code, Verb
from protocol_frames import Chunk, Posted, Refused, Want
from protocol_requests import Answer

NAME = "foto.png"


def made(blocks: int, label: int = 1) -> bytes:
    """A file of so many blocks, the last one short."""
    return Random(label).randbytes(blocks * BLOCK - 100)


class Sharer:
    """Somebody with a file, who sends of it what the test lets them."""

    def __init__(self, guest: Guest, data: bytes, file: bytes | None = None) -> None:
        self.guest = guest
        self.data = data
        self.file = file or sha256(data).digest()
        self._place = 0  # in the row of all that was asked for
        self._rest: list[int] = []  # asked for, and not sent yet
        self._session = guest.session

    @property
    def part(self) -> bytes:
        """What the shelf calls what came from them."""
        return self.file + self.guest.person.to_bytes(8, "big")

    def offers(
        self, conversation: int = ROOM, *, size: int | None = None, name: str = NAME
    ) -> Answer:
        self.guest.room.pass_time(0.001)
        if self.guest.session is not self._session:  # what an earlier one was asked is forgotten
            self.wanted()
            self._session = self.guest.session
        return asked(
            self.guest,
            Verb.OFFER,
            {
                "conversation": conversation,
                "file": self.file.hex(),
                "size": len(self.data) if size is None else size,
                "name": name,
            },
        )

    def has(self, conversation: int = ROOM) -> bool:
        """What the server says when the offer is repeated."""
        answer = self.offers(conversation)
        assert answer.code is Code.OK
        return answer.fields["have"] is True

    def wanted(self) -> list[int]:
        """The blocks that were asked for since the last call."""
        blocks, self._rest = self._rest, []
        for want in self._wants(True):
            place = want.place
            for first, count in want.ranges:
                known = min(count, max(0, self._place - place))
                blocks += range(first + known, first + count)
                place += count
            self._place = max(self._place, place)
        return blocks

    def hints(self) -> list[Want]:
        """Words without blocks: no more is wanted, look again."""
        return self._wants(False)

    def _wants(self, with_blocks: bool) -> list[Want]:
        wants = self.guest.take(Want)
        mine = [w for w in wants if w.file == self.file and bool(w.ranges) is with_blocks]
        self.guest.frames += [want for want in wants if want not in mine]
        return mine

    def sends(self, blocks: list[int]) -> None:
        """Each in a datagram of its own."""
        self.guest.send(
            *(
                Chunk(self.file, block, self.data[block * BLOCK : (block + 1) * BLOCK]).encode()
                for block in blocks
            )
        )

    def supplies(self, most: int = 1 << 30) -> int:
        """Sends what is asked for until nothing is, or so many blocks; how many it were."""
        sent = 0
        while sent < most and (blocks := self.wanted()):
            self._rest = blocks[most - sent :]
            self.guest.room.pass_time(0.001)
            self.sends(blocks[: most - sent])
            sent += min(len(blocks), most - sent)
        return sent

    def stops(self) -> None:
        """Supplies no more of it for now."""
        self.guest.send(Want(self.file, 0, ()).encode())

    def note(self, conversation: int = ROOM, text: str = "") -> Code:
        """How the entry that shares it is taken."""
        self.guest.take(Posted)
        self.guest.take(Refused)
        said = text or FileNote(self.file, len(self.data), NAME).encode()
        self.guest.send(self.guest.post(said, conversation=conversation, kind=EntryKind.FILE))
        refused = self.guest.take(Refused)
        if refused:
            return Code(refused[0].code)
        assert self.guest.take(Posted)
        return Code.OK

    def shares(self, conversation: int = ROOM) -> None:
        """All of it, from the offer to the entry."""
        if not self.has(conversation):
            self.supplies()
            assert self.has(conversation)
        assert self.note(conversation) is Code.OK


class Fetched(NamedTuple):
    data: bytes
    denied: Code | None  # why

    @property
    def is_denied(self) -> bool:
        return self.denied is not None


def fetch(
    room: Room, guest: Guest, file: bytes, blocks: int, *, rate: int = 100_000, first: int = 0
) -> Fetched:
    """What comes within a second when somebody asks for it."""
    guest.take(Chunk)
    place = int(room.now * 1e6)
    guest.send(Want(file, rate, ((first, blocks),), place).encode())
    room.pass_time(1.0)
    denials = [Want(file, 0, (), why) for why in (Code.FILE_MISSING, Code.FILE_REMOVED)]
    told = [frame for frame in guest.frames if frame in denials]
    guest.frames = [frame for frame in guest.frames if frame not in denials]
    chunks = sorted((c for c in guest.take(Chunk) if c.file == file), key=lambda c: c.first)
    why = Code(told[0].place) if told else None
    return Fetched(b"".join(chunk.data for chunk in chunks), why)
