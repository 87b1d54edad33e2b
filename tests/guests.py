"""Guests in a simulated room: peers made by hand that show every frame the server sends them."""

from typing import TypeVar

from raw_peers import RawClient
from simulator import PASSWORD, Client, Simulator

from conversation import ROOM, EntryKind
from entering import EnterAnswer, EnterRequest, HeldLog
from protocol import Code, Verb
from protocol_frames import EntryPart, Frame, Post

STREAM = b"s" * 16
Kind = TypeVar("Kind", bound=Frame)


def guest(network: Simulator, name: str, port: int = 41_000) -> RawClient:
    """Somebody in the room who says only what a test makes it say."""
    raw = network.raw_client(port=port)
    raw.enter(name, PASSWORD)
    network.run(seconds=1)
    raw.frames.clear()
    return raw


def enter(
    network: Simulator,
    raw: RawClient,
    token: bytes | None = None,
    logs: tuple[HeldLog, ...] = (),
) -> EnterAnswer | Code:
    """All the way in as Ana, with everything a returning client may state."""
    assert raw.shake_hands()
    assert raw.prove(PASSWORD) is Code.OK
    once = network.random(f"once {network.now}").randbytes(16)
    answer = raw.ask(Verb.ENTER, EnterRequest(once, STREAM, "Ana", token, logs).encode())
    assert answer is not None
    return EnterAnswer.decode(answer.fields) if answer.code is Code.OK else answer.code


def post(raw: RawClient, draft: int, text: str, oldest: int = 1) -> None:
    raw.send_frames(Post(draft, oldest, ROOM, EntryKind.TEXT, 0, 1, text.encode()).encode())


def seen(raw: RawClient, kind: type[Kind]) -> list[Kind]:
    """All frames of one kind that came, in order."""
    return [frame for frame in raw.frames if isinstance(frame, kind)]


def entries(raw: RawClient) -> list[int]:
    """The numbers of the room's entries that came, each as often as it came."""
    return [part.number for part in seen(raw, EntryPart) if part.conversation == ROOM]


def in_company(network: Simulator) -> tuple[Client, Client]:
    """Ana and Budi, who have been here for a while."""
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()
    network.run(seconds=2)
    return ana, budi
